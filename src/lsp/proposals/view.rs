//! One proposal on the text as it is now: what `run/proposal`, diagnostics, code lenses and code
//! actions say of it.

use ropey::Rope;
use serde::Serialize;
use serde_json::{Value, json};

use super::rebase::{Place, Placed, applied, place};
use super::show::{ACCEPT, Pending, REJECT, ShownRun};
use crate::entries::EntryPath;
use crate::entries::proposal::unified_diff;
use crate::lsp::documents::{Documents, Encoding, last_line};
use crate::lsp::methods::{Method, accept::Accept, diff::Diff, reject::Reject};
use crate::lsp::types::{
    CodeAction, CodeActionKind, CodeLens, Command, Diagnostic, DiagnosticSeverity, NumberOrString,
    Range, Uri,
};

/// Where diagnostics say they come from.
pub const SOURCE: &str = "rummy";
const CODE: &str = "proposal";

/// A hunk as the client has it.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct HunkView {
    id: String,
    range: Range,
    removed: String,
    added: String,
}

/// A proposal on the text as it is now.
pub struct View<'a> {
    pub run: &'a ShownRun,
    pub pending: &'a Pending,
    text: Rope,
    pub current: Option<String>,
    placed: Vec<Placed<'a>>,
}

impl<'a> View<'a> {
    /// Places a proposal on the document that is open on its file, else on the disk's text.
    pub fn of(run: &'a ShownRun, pending: &'a Pending, documents: &Documents) -> Self {
        let document = documents.on_file(&pending.file);
        let current = document.map_or_else(
            || pending.disk.clone(),
            |document| Some(document.text.to_string()),
        );
        let text = match document {
            Some(document) => document.text.clone(),
            None => Rope::from_str(current.as_deref().unwrap_or("")),
        };
        let placed = place(&pending.proposal, current.as_deref());
        Self {
            run,
            pending,
            text,
            current,
            placed,
        }
    }

    /// Whether a document is open on its file.
    pub fn is_open(&self, documents: &Documents) -> bool {
        documents.on_file(&self.pending.file).is_some()
    }

    /// The URI as the client spells it, where the document is open.
    pub fn document_uri(&self, documents: &Documents) -> Uri {
        documents
            .on_file(&self.pending.file)
            .map_or_else(|| self.pending.uri.clone(), |document| document.uri.clone())
    }

    fn target(&self) -> &EntryPath {
        &self.pending.proposal.target
    }

    fn creates(&self) -> bool {
        self.pending.proposal.base.is_none()
    }

    /// What it does, in a line.
    pub fn title(&self) -> String {
        let (added, removed) = self.pending.proposal.size();
        let verb = if self.creates() { "Create" } else { "Edit" };
        format!("{verb} {} (+{added} −{removed})", self.target())
    }

    /// The text with the hunks that can be placed in it.
    pub fn after(&self) -> String {
        applied(
            &self.pending.proposal,
            &self.placed,
            self.current.as_deref().unwrap_or(""),
        )
    }

    /// The unified diff from the text as it is now.
    pub fn patch(&self) -> String {
        unified_diff(
            self.target().as_str(),
            self.current.as_deref(),
            &self.after(),
        )
    }

    fn conflicts(&self) -> bool {
        self.placed
            .iter()
            .any(|placed| placed.place == Place::Conflict)
    }

    /// The lines that its hunks replace, counted from 0.
    pub fn ranges(&self) -> Vec<std::ops::Range<usize>> {
        self.placed
            .iter()
            .filter_map(|placed| match &placed.place {
                Place::At(range) => Some(range.clone()),
                Place::There | Place::Conflict => None,
            })
            .collect()
    }

    /// The lines of a hunk as the client counts them. One in conflict keeps the lines that it was
    /// made for.
    fn range(&self, placed: &Placed<'_>, encoding: Encoding) -> Range {
        let lines = match &placed.place {
            Place::At(range) => range.clone(),
            Place::There | Place::Conflict => placed.hunk.before.clone(),
        };
        line_range(
            &self.text,
            self.current.as_deref().unwrap_or(""),
            lines,
            encoding,
        )
    }

    fn hunks(&self, encoding: Encoding) -> Vec<HunkView> {
        let (base, after) = (
            self.pending.proposal.base_lines(),
            self.pending.proposal.after_lines(),
        );
        self.placed
            .iter()
            .map(|placed| HunkView {
                id: placed.hunk.id.clone(),
                range: self.range(placed, encoding),
                removed: base[placed.hunk.before.clone()].concat(),
                added: after[placed.hunk.after.clone()].concat(),
            })
            .collect()
    }

    /// Its item in `run/proposal`.
    pub fn json(&self, encoding: Encoding, overlaps: &[Value]) -> Value {
        let proposal = &self.pending.proposal;
        json!({
            "path": proposal.path.as_str(),
            "run": self.run.alias,
            "turn": proposal.turn,
            "model": self.run.model,
            "action": proposal.action,
            "title": self.title(),
            "target": proposal.target.as_str(),
            "uri": self.pending.uri,
            "kind": if self.creates() { "create" } else { "edit" },
            "hunks": self.hunks(encoding),
            "patch": self.patch(),
            "stale": self.current != proposal.base,
            "conflict": self.conflicts(),
            "overlaps": overlaps,
            "command": null,
            "question": null,
            "options": null,
        })
    }

    /// A diagnostic a hunk.
    pub fn diagnostics(&self, encoding: Encoding) -> Vec<Diagnostic> {
        self.placed
            .iter()
            .map(|placed| self.diagnostic(placed, encoding))
            .collect()
    }

    fn diagnostic(&self, placed: &Placed<'_>, encoding: Encoding) -> Diagnostic {
        let hunk = placed.hunk;
        let what = match placed.place {
            Place::Conflict => "conflicts with a change of yours",
            Place::There => "is in the text already",
            Place::At(_) => "waits for you",
        };
        let (added, removed) = (hunk.after.len(), hunk.before.len());
        Diagnostic {
            range: self.range(placed, encoding),
            severity: Some(DiagnosticSeverity::INFORMATION),
            code: Some(NumberOrString::String(CODE.to_owned())),
            source: Some(SOURCE.to_owned()),
            message: format!("{}: a change (+{added} −{removed}) {what}", self.run.alias),
            data: Some(self.address(Some(&hunk.id))),
            ..Diagnostic::default()
        }
    }

    /// `{run, path, hunk}`: what `data` holds.
    fn address(&self, hunk: Option<&str>) -> Value {
        json!({
            "run": self.run.alias,
            "path": self.pending.proposal.path.as_str(),
            "hunk": hunk,
        })
    }

    fn arguments(&self, hunk: Option<&str>) -> Value {
        let mut arguments = json!({
            "run": self.run.alias,
            "path": self.pending.proposal.path.as_str(),
        });
        if let (Some(hunk), Some(object)) = (hunk, arguments.as_object_mut()) {
            object.insert("hunks".to_owned(), json!([hunk]));
        }
        arguments
    }

    /// Accept, Reject and Diff above each hunk.
    pub fn lenses(&self, encoding: Encoding) -> Vec<CodeLens> {
        let mut lenses = Vec::new();
        for placed in &self.placed {
            let range = self.range(placed, encoding);
            let commands = [
                (
                    "Accept",
                    Accept::command_name(),
                    self.arguments(Some(&placed.hunk.id)),
                ),
                (
                    "Reject",
                    Reject::command_name(),
                    self.arguments(Some(&placed.hunk.id)),
                ),
                ("Diff", Diff::command_name(), self.arguments(None)),
            ];
            lenses.extend(commands.map(|(title, name, arguments)| CodeLens {
                range,
                command: Some(Command::new(title.to_owned(), name, Some(vec![arguments]))),
                data: None,
            }));
        }
        lenses
    }

    /// The code actions of the hunks that `asked` touches, and of the whole file.
    pub fn actions(&self, asked: Range, encoding: Encoding) -> Vec<CodeAction> {
        let mut actions = Vec::new();
        for placed in &self.placed {
            let range = self.range(placed, encoding);
            if !touches(range, asked) {
                continue;
            }
            let hunk = placed.hunk.id.as_str();
            let diagnostic = self.diagnostic(placed, encoding);
            let (added, removed) = (placed.hunk.after.len(), placed.hunk.before.len());
            let title = format!(
                "Accept this change (+{added} −{removed}) of {}",
                self.run.alias
            );
            let accept = Accept::command_name();
            let mut action =
                self.action(title, ACCEPT, accept, Some(hunk), Some(diagnostic.clone()));
            action.is_preferred = Some(true);
            actions.push(action);
            let title = format!("Reject this change of {}", self.run.alias);
            let reject = Reject::command_name();
            actions.push(self.action(title, REJECT, reject, Some(hunk), Some(diagnostic)));
        }
        if !actions.is_empty() {
            let accept = format!("Accept all changes of {} in this file", self.run.alias);
            let reject = format!("Reject all changes of {} in this file", self.run.alias);
            actions.push(self.action(accept, ACCEPT, Accept::command_name(), None, None));
            actions.push(self.action(reject, REJECT, Reject::command_name(), None, None));
        }
        actions
    }

    /// A code action that carries out a method on the proposal or one of its hunks.
    pub fn action(
        &self,
        title: String,
        kind: CodeActionKind,
        name: String,
        hunk: Option<&str>,
        diagnostic: Option<Diagnostic>,
    ) -> CodeAction {
        CodeAction {
            command: Some(Command::new(
                title.clone(),
                name,
                Some(vec![self.arguments(hunk)]),
            )),
            title,
            kind: Some(kind),
            diagnostics: diagnostic.map(|diagnostic| vec![diagnostic]),
            ..CodeAction::default()
        }
    }
}

/// Whole lines as a range. Behind a last line without a break there is no next line to point to.
pub fn line_range(
    rope: &Rope,
    text: &str,
    lines: std::ops::Range<usize>,
    encoding: Encoding,
) -> Range {
    encoding.range(rope, bytes_of(text, lines))
}

/// The bytes of whole lines.
pub fn bytes_of(text: &str, lines: std::ops::Range<usize>) -> std::ops::Range<usize> {
    let start_of = |line: usize| {
        text.split_inclusive('\n')
            .take(line)
            .map(str::len)
            .sum::<usize>()
    };
    start_of(lines.start)..start_of(lines.end)
}

/// Whether two ranges share a place; their ends count, so that a cursor on the edge does.
fn touches(a: Range, b: Range) -> bool {
    a.start.line <= b.end.line && b.start.line <= last_line(a)
}
