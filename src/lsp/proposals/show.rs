//! The pending proposals as the editor sees them: `run/proposal`, diagnostics, code lenses and code
//! actions. Everything is computed from the text as it is now.

use std::collections::BTreeMap;
use std::path::PathBuf;

use ropey::Rope;
use serde::Serialize;
use serde_json::{Value, json};

use super::rebase::{Place, Placed, applied, place};
use crate::entries::{EntryPath, Proposal, RunAlias, RunId, TurnNumber};
use crate::lsp::documents::{Document, Documents, Encoding};
use crate::lsp::methods::{Method, accept::Accept, diff::Diff, reject::Reject};
use crate::lsp::notifications::RUN_PROPOSAL;
use crate::lsp::outbox::Outbox;
use crate::lsp::types::{
    CodeAction, CodeActionKind, CodeActionOrCommand, CodeLens, Command, Diagnostic,
    DiagnosticSeverity, NumberOrString, PublishDiagnosticsParams, Range, Uri, wire,
};

/// Where diagnostics say they come from.
const SOURCE: &str = "rummy";
const CODE: &str = "proposal";

const ACCEPT: CodeActionKind = CodeActionKind::new("quickfix.rummy.accept");
const REJECT: CodeActionKind = CodeActionKind::new("quickfix.rummy.reject");
const ACCEPT_ALL: CodeActionKind = CodeActionKind::new("source.rummy.acceptAll");
const REJECT_ALL: CodeActionKind = CodeActionKind::new("source.rummy.rejectAll");

/// The kinds of the code actions, as `initialize` announces them.
pub const ACTION_KINDS: [CodeActionKind; 4] = [ACCEPT, REJECT, ACCEPT_ALL, REJECT_ALL];

/// A pending proposal and its file.
#[derive(Debug, Clone)]
pub struct Pending {
    pub proposal: Proposal,
    pub uri: Uri,
    pub file: PathBuf,
    /// The file's text on the disk, as it was last looked at.
    pub disk: Option<String>,
}

/// A run that has something pending.
#[derive(Debug, Clone)]
pub struct ShownRun {
    pub alias: RunAlias,
    pub model: String,
    pub turn: Option<TurnNumber>,
    pub pending: Vec<Pending>,
}

/// What is shown to a client.
#[derive(Debug, Default)]
pub struct Shown {
    runs: BTreeMap<RunId, ShownRun>,
    /// What was sent last, so that nothing is sent twice.
    sent: BTreeMap<RunId, Value>,
    diagnosed: BTreeMap<Uri, Value>,
}

/// A hunk as the client has it.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct HunkView {
    id: String,
    range: Range,
    removed: String,
    added: String,
}

/// A proposal on the text as it is now.
struct View<'a> {
    run: &'a ShownRun,
    pending: &'a Pending,
    text: Rope,
    current: Option<String>,
    placed: Vec<Placed<'a>>,
}

impl Shown {
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Takes a run's whole pending set; an empty one takes the run away.
    pub fn set(&mut self, run: RunId, shown: ShownRun) {
        self.runs.insert(run, shown);
    }

    /// A pending proposal, by its path or its file's.
    pub fn find(&self, run: &RunAlias, path: &EntryPath) -> Option<(&ShownRun, &Pending)> {
        let shown = self.runs.values().find(|shown| shown.alias == *run)?;
        let pending = shown
            .pending
            .iter()
            .find(|pending| pending.proposal.path == *path || pending.proposal.target == *path)?;
        Some((shown, pending))
    }

    /// A document was closed: the disk is what counts from now on.
    pub fn closed(&mut self, document: &Document) {
        let Some(file) = &document.path else {
            return;
        };
        for pending in self.runs.values_mut().flat_map(|run| &mut run.pending) {
            if pending.file == *file {
                // Gone, or no text: there is nothing to place hunks in.
                pending.disk = None;
                if let Ok(text) = std::fs::read_to_string(file) {
                    pending.disk = Some(text);
                }
            }
        }
    }

    /// Sends what has changed of proposals and diagnostics.
    pub fn publish(
        &mut self,
        documents: &Documents,
        encoding: Encoding,
        outbox: &Outbox,
        diagnostics: bool,
    ) {
        let mut found: BTreeMap<Uri, Vec<Diagnostic>> = BTreeMap::new();
        let mut sent = BTreeMap::new();
        for (id, run) in &self.runs {
            let views: Vec<View<'_>> = run.views(documents);
            let proposals: Vec<Value> = views
                .iter()
                .map(|view| view.json(encoding, &self.overlaps(view, documents)))
                .collect();
            let params = json!({"run": run.alias, "turn": run.turn, "proposals": proposals});
            let before = self.sent.get(id);
            // A set that was empty and is so is no change.
            let is_news = before.map_or(!run.pending.is_empty(), |before| *before != params);
            if is_news {
                outbox.notify(RUN_PROPOSAL.method, &params);
            }
            if !run.pending.is_empty() {
                sent.insert(*id, params);
            }
            for view in views
                .iter()
                .filter(|view| diagnostics && view.is_open(documents))
            {
                let uri = view.document_uri(documents);
                found
                    .entry(uri)
                    .or_default()
                    .extend(view.diagnostics(encoding));
            }
        }
        self.runs.retain(|_, run| !run.pending.is_empty());
        self.sent = sent;
        self.publish_diagnostics(found, documents, outbox);
    }

    fn publish_diagnostics(
        &mut self,
        mut found: BTreeMap<Uri, Vec<Diagnostic>>,
        documents: &Documents,
        outbox: &Outbox,
    ) {
        for uri in self.diagnosed.keys() {
            found.entry(uri.clone()).or_default();
        }
        let mut diagnosed = BTreeMap::new();
        for (uri, diagnostics) in found {
            let value = json!(diagnostics);
            let version = documents.get(&uri).map(|document| document.version);
            if self.diagnosed.get(&uri) != Some(&value) {
                let params = PublishDiagnosticsParams {
                    uri: uri.clone(),
                    version,
                    diagnostics: diagnostics.clone(),
                };
                outbox.notify(wire::PUBLISH_DIAGNOSTICS, params);
            }
            if !diagnostics.is_empty() {
                diagnosed.insert(uri, value);
            }
        }
        self.diagnosed = diagnosed;
    }

    pub fn lenses(&self, uri: &Uri, documents: &Documents, encoding: Encoding) -> Vec<CodeLens> {
        self.views_on(uri, documents)
            .flat_map(|view| view.lenses(encoding))
            .collect()
    }

    /// The code actions that the client asks for on a range of a document.
    pub fn actions(
        &self,
        uri: &Uri,
        range: Range,
        only: Option<&[CodeActionKind]>,
        documents: &Documents,
        encoding: Encoding,
    ) -> Vec<CodeActionOrCommand> {
        let mut actions: Vec<CodeAction> = Vec::new();
        for view in self.views_on(uri, documents) {
            actions.extend(view.actions(range, encoding));
        }
        for run in self.runs.values() {
            actions.extend(run.all_actions());
            for view in run
                .views(documents)
                .iter()
                .filter(|view| !view.is_open(documents))
            {
                let title = format!("Accept “{}” ({})", view.title(), run.alias);
                actions.push(view.action(title, ACCEPT, Accept::command_name(), None, None));
            }
        }
        actions
            .into_iter()
            .filter(|action| asked_for(action.kind.as_ref(), only))
            .map(CodeActionOrCommand::CodeAction)
            .collect()
    }

    fn views_on<'a>(
        &'a self,
        uri: &Uri,
        documents: &'a Documents,
    ) -> impl Iterator<Item = View<'a>> {
        let file = documents
            .get(uri)
            .and_then(|document| document.path.clone());
        self.runs
            .values()
            .flat_map(move |run| run.views(documents))
            .filter(move |view| Some(&view.pending.file) == file.as_ref())
    }

    /// Other pending proposals that change the same lines.
    fn overlaps(&self, view: &View<'_>, documents: &Documents) -> Vec<Value> {
        let touched = view.ranges();
        self.runs
            .values()
            .flat_map(|run| run.views(documents))
            .filter(|other| {
                let same = other.run.alias == view.run.alias
                    && other.pending.proposal.path == view.pending.proposal.path;
                other.pending.file == view.pending.file && !same
            })
            .filter(|other| {
                other.ranges().iter().any(|theirs| {
                    touched
                        .iter()
                        .any(|ours| theirs.start < ours.end.max(ours.start + 1)
                            && ours.start < theirs.end.max(theirs.start + 1))
                })
            })
            .map(|other| json!({"run": other.run.alias, "path": other.pending.proposal.path.as_str()}))
            .collect()
    }
}

impl ShownRun {
    fn views<'a>(&'a self, documents: &Documents) -> Vec<View<'a>> {
        self.pending
            .iter()
            .map(|pending| View::of(self, pending, documents))
            .collect()
    }

    fn all_actions(&self) -> Vec<CodeAction> {
        if self.pending.is_empty() {
            return Vec::new();
        }
        let action = |title: String, kind: CodeActionKind, name: String| CodeAction {
            command: Some(Command::new(
                title.clone(),
                name,
                Some(vec![json!({"run": self.alias})]),
            )),
            title,
            kind: Some(kind),
            ..CodeAction::default()
        };
        let count = self.pending.len();
        let accept = format!("Accept all of {} ({count})", self.alias);
        let reject = format!("Reject all of {} ({count})", self.alias);
        vec![
            action(accept, ACCEPT_ALL, Accept::command_name()),
            action(reject, REJECT_ALL, Reject::command_name()),
        ]
    }
}

/// A proposal as `run/proposal` has it, for requests that name one.
pub fn describe(run: &ShownRun, pending: &Pending, documents: &Documents) -> Described {
    let view = View::of(run, pending, documents);
    let before = view.current.clone();
    Described {
        after: view.after(),
        patch: view.patch(),
        before,
    }
}

/// The texts of a proposal on the file as it is now.
pub struct Described {
    pub before: Option<String>,
    pub after: String,
    pub patch: String,
}

impl<'a> View<'a> {
    fn of(run: &'a ShownRun, pending: &'a Pending, documents: &Documents) -> Self {
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

    fn is_open(&self, documents: &Documents) -> bool {
        documents.on_file(&self.pending.file).is_some()
    }

    /// The URI as the client spells it, where the document is open.
    fn document_uri(&self, documents: &Documents) -> Uri {
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

    fn title(&self) -> String {
        let (added, removed) = self.pending.proposal.size();
        let verb = if self.creates() { "Create" } else { "Edit" };
        format!("{verb} {} (+{added} −{removed})", self.target())
    }

    fn after(&self) -> String {
        applied(
            &self.pending.proposal,
            &self.placed,
            self.current.as_deref().unwrap_or(""),
        )
    }

    fn patch(&self) -> String {
        crate::plugins::set::patch(
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

    fn ranges(&self) -> Vec<std::ops::Range<usize>> {
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

    fn json(&self, encoding: Encoding, overlaps: &[Value]) -> Value {
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

    fn diagnostics(&self, encoding: Encoding) -> Vec<Diagnostic> {
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

    fn lenses(&self, encoding: Encoding) -> Vec<CodeLens> {
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

    fn actions(&self, asked: Range, encoding: Encoding) -> Vec<CodeAction> {
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

    fn action(
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

/// The last line that a range of whole lines covers.
fn last_line(range: Range) -> u32 {
    if range.end.character == 0 && range.end.line > range.start.line {
        range.end.line - 1
    } else {
        range.end.line
    }
}

/// A client that asks for a kind gets that kind and those below it (LSP 3.17, "CodeActionKind").
fn asked_for(kind: Option<&CodeActionKind>, only: Option<&[CodeActionKind]>) -> bool {
    let (Some(kind), Some(only)) = (kind, only) else {
        return true;
    };
    only.iter().any(|asked| {
        let (kind, asked) = (kind.as_str(), asked.as_str());
        asked.is_empty() || kind == asked || kind.starts_with(&format!("{asked}."))
    })
}
