//! What the client was told of the pending proposals: `run/proposal` and diagnostics. Everything is
//! computed from the text as it is now, and only where that or the proposal has changed.
//!
//! **Invariant.** Nothing is sent twice, and nothing is left behind where a proposal is gone.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::json;

use super::actions;
use super::view::{Overlap, Pending, View};
use crate::entries::{EntryPath, ProjectId, RunAlias, RunId, TurnNumber};
use crate::lsp::documents::{Documents, Encoding};
use crate::lsp::notifications::RUN_PROPOSAL;
use crate::lsp::outbox::Outbox;
use crate::lsp::types::{Uri, wire};

/// A run that has something pending.
#[derive(Debug, Clone)]
pub struct ShownRun {
    pub project: ProjectId,
    pub alias: RunAlias,
    /// The alias of the model that it works with.
    pub model: String,
    pub turn: Option<TurnNumber>,
    pub items: Vec<Item>,
    /// Whether something but its files' texts has changed since the client was told.
    dirty: bool,
}

/// A pending proposal, as it was seen last.
#[derive(Debug, Clone)]
pub struct Item {
    pub pending: Pending,
    pub view: View,
    /// The revision of the document that was seen; none: the disk.
    revision: Option<u64>,
    told: Told,
}

/// What is told of an item, as far as it is known. It changes with the item, with its run, and with
/// what else is pending on its file.
#[derive(Debug, Clone, Default)]
struct Told {
    /// Its part of `run/proposal`, as JSON.
    json: Option<Arc<str>>,
    /// Its diagnostics as JSON, with commas between them.
    diagnostics: Option<Arc<str>>,
}

/// A `run/proposal` that was sent.
#[derive(Debug, PartialEq)]
struct Sent {
    run: RunAlias,
    turn: Option<TurnNumber>,
    items: Vec<Arc<str>>,
}

/// What is shown to a client.
#[derive(Debug, Default)]
pub struct Shown {
    runs: BTreeMap<RunId, ShownRun>,
    /// What was sent last, so that nothing is sent twice.
    sent: BTreeMap<RunId, Sent>,
    /// The diagnostics of each document's items; none: what the client shows there is not known.
    diagnosed: BTreeMap<Uri, Option<Vec<Arc<str>>>>,
    /// Files whose proposals have come or gone since the client was told.
    touched: BTreeSet<PathBuf>,
}

impl ShownRun {
    pub fn new(
        project: ProjectId,
        alias: RunAlias,
        model: String,
        turn: Option<TurnNumber>,
    ) -> Self {
        Self {
            project,
            alias,
            model,
            turn,
            items: Vec::new(),
            dirty: true,
        }
    }
}

impl Item {
    fn of(pending: Pending, documents: &Documents, encoding: Encoding) -> Self {
        let document = pending
            .target
            .as_ref()
            .and_then(|target| documents.on_file(&target.file));
        Self {
            view: View::of(&pending, document, encoding),
            revision: document.map(|document| document.revision),
            told: Told::default(),
            pending,
        }
    }

    /// The file that it is about.
    pub fn file(&self) -> Option<&Path> {
        self.pending
            .target
            .as_ref()
            .map(|target| target.file.as_path())
    }

    fn is_on(&self, file: &Path) -> bool {
        self.file() == Some(file)
    }

    /// Sees the document that is open on its file, if that is another text than before.
    fn freshen(&mut self, documents: &Documents, encoding: Encoding) -> bool {
        let Some(target) = &self.pending.target else {
            return false;
        };
        let document = documents.on_file(&target.file);
        let revision = document.map(|document| document.revision);
        if revision == self.revision {
            return false;
        }
        self.view = self.view.moved(&self.pending, document, encoding);
        self.revision = revision;
        true
    }
}

impl Shown {
    /// Whether something is pending on a file.
    pub fn is_on(&self, file: &Path) -> bool {
        self.items().any(|(_, item)| item.is_on(file))
    }

    /// Takes a run's whole pending set.
    pub fn set(
        &mut self,
        run: RunId,
        mut shown: ShownRun,
        pending: Vec<Pending>,
        documents: &Documents,
        encoding: Encoding,
    ) {
        self.touch(run);
        shown.items = pending
            .into_iter()
            .map(|pending| Item::of(pending, documents, encoding))
            .collect();
        self.runs.insert(run, shown);
        self.touch(run);
    }

    /// Takes a run away that is no more.
    pub fn clear(&mut self, run: RunId) {
        self.touch(run);
        if let Some(shown) = self.runs.get_mut(&run) {
            shown.items.clear();
            shown.dirty = true;
        }
    }

    /// Takes away what belongs to folders that are not open any more.
    pub fn keep(&mut self, projects: &[ProjectId]) {
        let is_gone = |run: &ShownRun| !projects.contains(&run.project);
        let gone = self.runs.iter().filter(|(_, run)| is_gone(run));
        for run in gone.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.clear(run);
        }
    }

    /// A pending proposal, by its path or its file's.
    pub fn find(&self, run: &RunAlias, path: &EntryPath) -> Option<(&ShownRun, &Item)> {
        let shown = self.runs.values().find(|shown| shown.alias == *run)?;
        let item = shown
            .items
            .iter()
            .find(|item| item.pending.proposal.goes_by(path))?;
        Some((shown, item))
    }

    /// The runs that have something pending on a file.
    pub fn runs_on(&self, file: &Path) -> Vec<RunId> {
        let on_file = |run: &ShownRun| run.items.iter().any(|item| item.is_on(file));
        self.runs
            .iter()
            .filter(|(_, run)| on_file(run))
            .map(|(id, _)| *id)
            .collect()
    }

    /// The runs that have something pending.
    pub fn runs(&self) -> impl Iterator<Item = &ShownRun> {
        self.runs.values().filter(|run| !run.items.is_empty())
    }

    /// Everything that is pending.
    pub fn items(&self) -> impl Iterator<Item = (&ShownRun, &Item)> {
        self.runs
            .values()
            .flat_map(|run| run.items.iter().map(move |item| (run, item)))
    }

    /// What is pending on a document, placed on its text as it is now.
    pub fn on_document(
        &mut self,
        uri: &Uri,
        documents: &Documents,
        encoding: Encoding,
    ) -> Vec<(&ShownRun, &Item)> {
        let Some(file) = documents
            .get(uri)
            .and_then(|document| document.path.as_deref())
        else {
            return Vec::new();
        };
        self.freshen(documents, encoding, |item| item.is_on(file));
        self.items().filter(|(_, item)| item.is_on(file)).collect()
    }

    /// Places everything on the texts as they are now.
    pub fn see_all(&mut self, documents: &Documents, encoding: Encoding) {
        self.freshen(documents, encoding, |_| true);
    }

    /// What the client shows on a document is not known: it is told once more, even if that is nothing.
    pub fn forget_marks(&mut self, uri: Uri) {
        self.diagnosed.insert(uri, None);
    }

    /// Sends what has changed of proposals and diagnostics.
    pub fn publish(
        &mut self,
        documents: &Documents,
        encoding: Encoding,
        outbox: &Outbox,
        diagnostics: bool,
    ) {
        self.freshen(documents, encoding, |_| true);
        let touched = std::mem::take(&mut self.touched);
        let is_touched = |item: &Item| item.file().is_some_and(|file| touched.contains(file));
        let mut changed = Vec::new();
        for (id, run) in &mut self.runs {
            let mut is_changed = run.dirty;
            for item in run.items.iter_mut().filter(|item| is_touched(item)) {
                item.told = Told::default();
                is_changed = true;
            }
            if is_changed {
                changed.push(*id);
            }
        }
        for run in changed {
            self.publish_run(run, outbox);
        }
        self.runs.retain(|_, run| !run.items.is_empty());
        self.publish_diagnostics(documents, outbox, diagnostics);
    }

    fn publish_run(&mut self, id: RunId, outbox: &Outbox) {
        let items = match self.written(id) {
            Ok(Some(items)) => items,
            Ok(None) => return,
            Err(error) => return tracing::error!(%error, "a proposal could not be written as JSON"),
        };
        let Some(run) = self.runs.get_mut(&id) else {
            return;
        };
        run.dirty = false;
        for (item, json) in std::iter::zip(&mut run.items, &items) {
            item.told.json = Some(Arc::clone(json));
        }
        let now = Sent {
            run: run.alias.clone(),
            turn: run.turn,
            items,
        };
        let before = self.sent.remove(&id);
        // A set that was empty and is so is no change.
        let is_news = before
            .as_ref()
            .map_or(!now.items.is_empty(), |before| *before != now);
        if let Some(old) = before.filter(|before| before.run != now.run) {
            // The run was renamed: under its old name nothing is pending any more.
            let none = json!({"run": old.run, "turn": now.turn, "proposals": []});
            outbox.notify(RUN_PROPOSAL.method, none);
        }
        if is_news {
            outbox.notify_written(RUN_PROPOSAL.method, &now.params());
        }
        if !now.items.is_empty() {
            self.sent.insert(id, now);
        }
    }

    /// A run's items as JSON; none where there is no such run.
    fn written(&self, id: RunId) -> serde_json::Result<Option<Vec<Arc<str>>>> {
        let Some(run) = self.runs.get(&id) else {
            return Ok(None);
        };
        let written = |item: &Item| {
            if let Some(known) = &item.told.json {
                return Ok(Arc::clone(known));
            }
            let overlaps = self.overlaps(run, item);
            item.view.json(run, &item.pending, &overlaps).map(Arc::from)
        };
        run.items
            .iter()
            .map(written)
            .collect::<Result<_, _>>()
            .map(Some)
    }

    fn publish_diagnostics(&mut self, documents: &Documents, outbox: &Outbox, wanted: bool) {
        let mut found = match self.diagnostics(documents, wanted) {
            Ok(found) => found,
            Err(error) => {
                return tracing::error!(%error, "diagnostics could not be written as JSON");
            }
        };
        for uri in self.diagnosed.keys() {
            found.entry(uri.clone()).or_default();
        }
        let mut diagnosed = BTreeMap::new();
        for (uri, diagnostics) in found {
            let before = self.diagnosed.get(&uri).and_then(Option::as_ref);
            if before != Some(&diagnostics) {
                let version = documents.get(&uri).map(|document| document.version);
                let params = params_of(&uri, version, &diagnostics);
                outbox.notify_written(wire::PUBLISH_DIAGNOSTICS, &params);
            }
            if !diagnostics.is_empty() {
                diagnosed.insert(uri, Some(diagnostics));
            }
        }
        self.diagnosed = diagnosed;
    }

    /// The diagnostics of each open document, item by item; an item without one is left out.
    fn diagnostics(
        &mut self,
        documents: &Documents,
        wanted: bool,
    ) -> serde_json::Result<BTreeMap<Uri, Vec<Arc<str>>>> {
        let mut found: BTreeMap<Uri, Vec<Arc<str>>> = BTreeMap::new();
        for run in self.runs.values_mut().filter(|_| wanted) {
            for at in 0..run.items.len() {
                let file = run.items[at].file();
                let Some(document) = file.and_then(|file| documents.on_file(file)) else {
                    continue;
                };
                let diagnostics = match &run.items[at].told.diagnostics {
                    Some(known) => Arc::clone(known),
                    None => Arc::from(actions::diagnostics(run, &run.items[at])?),
                };
                if !diagnostics.is_empty() {
                    let of_document = found.entry(document.uri.clone()).or_default();
                    of_document.push(Arc::clone(&diagnostics));
                }
                run.items[at].told.diagnostics = Some(diagnostics);
            }
        }
        Ok(found)
    }

    /// Looks at the documents of the proposals that `wanted` picks.
    fn freshen(
        &mut self,
        documents: &Documents,
        encoding: Encoding,
        wanted: impl Fn(&Item) -> bool,
    ) {
        let items = self.runs.values_mut().flat_map(|run| &mut run.items);
        for item in items.filter(|item| wanted(item)) {
            if item.freshen(documents, encoding) {
                self.touched.extend(item.file().map(Path::to_owned));
            }
        }
    }

    /// What is pending on the files of a run has changed.
    fn touch(&mut self, run: RunId) {
        let items = self.runs.get(&run).into_iter().flat_map(|run| &run.items);
        let files = items.filter_map(|item| item.file().map(Path::to_owned));
        self.touched.extend(files);
    }

    /// Other pending proposals that change the same lines.
    fn overlaps<'s>(&'s self, run: &ShownRun, item: &Item) -> Vec<Overlap<'s>> {
        let path = &item.pending.proposal.path;
        let Some(file) = item.file() else {
            return Vec::new();
        };
        self.items()
            .filter(|(_, other)| other.is_on(file))
            .filter(|(of, other)| of.alias != run.alias || other.pending.proposal.path != *path)
            .filter(|(_, other)| share_a_line(&item.view, &other.view))
            .map(|(of, other)| Overlap {
                run: &of.alias,
                path: &other.pending.proposal.path,
            })
            .collect()
    }
}

impl Sent {
    /// The parameters of the notification.
    fn params(&self) -> String {
        // An alias has no sign that JSON would escape.
        let turn = self
            .turn
            .map_or_else(|| "null".to_owned(), |turn| turn.to_string());
        let head = format!(r#"{{"run":"{}","turn":{turn},"proposals":["#, self.run);
        let items: Vec<&str> = self.items.iter().map(AsRef::as_ref).collect();
        [&head, &*items.join(","), "]}"].concat()
    }
}

/// The parameters of `textDocument/publishDiagnostics`.
fn params_of(uri: &Uri, version: Option<i32>, diagnostics: &[Arc<str>]) -> String {
    // A URI has no sign that JSON would escape.
    let uri = uri.as_str();
    let version = version.map_or_else(String::new, |version| format!(r#""version":{version},"#));
    let diagnostics = diagnostics.join(",");
    format!(r#"{{"uri":"{uri}",{version}"diagnostics":[{diagnostics}]}}"#)
}

/// Whether two proposals would change a line both; an empty range stands for the line that it lies
/// before.
fn share_a_line(ours: &View, theirs: &View) -> bool {
    let end = |range: &std::ops::Range<usize>| range.end.max(range.start + 1);
    ours.changed_lines().any(|our| {
        theirs
            .changed_lines()
            .any(|their| their.start < end(our) && our.start < end(their))
    })
}
