//! The pending proposals as the editor sees them: `run/proposal`, diagnostics, code lenses and code
//! actions. Everything is computed from the text as it is now.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::view::View;
use crate::entries::{EntryPath, ProjectId, Proposal, RunAlias, RunId, TurnNumber};
use crate::lsp::actions::asked_for;
use crate::lsp::documents::{Documents, Encoding};
use crate::lsp::methods::{Method, accept::Accept, reject::Reject};
use crate::lsp::notifications::RUN_PROPOSAL;
use crate::lsp::outbox::Outbox;
use crate::lsp::types::{
    CodeAction, CodeActionKind, CodeActionOrCommand, CodeLens, Command, Diagnostic,
    PublishDiagnosticsParams, Range, Uri, wire,
};

pub const ACCEPT: CodeActionKind = CodeActionKind::new("quickfix.rummy.accept");
pub const REJECT: CodeActionKind = CodeActionKind::new("quickfix.rummy.reject");
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
    pub project: ProjectId,
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

    /// Takes a run away that is no more.
    pub fn clear(&mut self, run: RunId) {
        if let Some(shown) = self.runs.get_mut(&run) {
            shown.pending.clear();
        }
    }

    /// Takes away what belongs to folders that are not open any more.
    pub fn keep(&mut self, projects: &[ProjectId]) {
        for run in self.runs.values_mut() {
            if !projects.contains(&run.project) {
                run.pending.clear();
            }
        }
    }

    /// The runs that have something pending on a file.
    pub fn runs_on(&self, file: &Path) -> Vec<RunId> {
        let on_file = |run: &ShownRun| run.pending.iter().any(|pending| pending.file == file);
        self.runs
            .iter()
            .filter(|(_, run)| on_file(run))
            .map(|(id, _)| *id)
            .collect()
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
            if let Some(old) = before.filter(|before| before["run"] != params["run"]) {
                // The run was renamed: under its old name nothing is pending any more.
                let none = json!({"run": old["run"], "turn": run.turn, "proposals": []});
                outbox.notify(RUN_PROPOSAL.method, &none);
            }
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
        let on_file = self.runs.values().flat_map(|run| {
            let pending = run.pending.iter().map(move |pending| (run, pending));
            pending.filter(|(run, pending)| {
                let same = run.alias == view.run.alias
                    && pending.proposal.path == view.pending.proposal.path;
                pending.file == view.pending.file && !same
            })
        });
        on_file
            .map(|(run, pending)| View::of(run, pending, documents))
            .filter(|other| share_a_line(&touched, &other.ranges()))
            .map(|other| {
                json!({"run": other.run.alias, "path": other.pending.proposal.path.as_str()})
            })
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

/// What a proposal makes of the file as it is now, for requests that name one.
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

/// Whether two lists of lines touch; an empty range stands for the line that it lies before.
fn share_a_line(ours: &[std::ops::Range<usize>], theirs: &[std::ops::Range<usize>]) -> bool {
    let end = |range: &std::ops::Range<usize>| range.end.max(range.start + 1);
    ours.iter().any(|our| {
        theirs
            .iter()
            .any(|their| their.start < end(our) && our.start < end(their))
    })
}
