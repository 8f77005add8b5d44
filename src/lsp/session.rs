//! One editor's session: an actor that owns the open documents and what is shown on them.
//!
//! **Invariants.** One inbox, strictly in order: a document notification is put in when it comes off
//! the wire, so what is asked later sees it. Nothing is awaited in here, least of all the client;
//! requests get a snapshot, or a closure's answer.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::documents::{Document, Documents, Encoding};
use super::outbox::Outbox;
use super::proposals::show::{Shown, ShownRun};
use super::proposals::view::Pending;
use super::reporter::Signal;
use super::types::{
    Client, ClientCapabilities, DidChangeTextDocumentParams, DidCloseTextDocumentParams,
    DidOpenTextDocumentParams, DidSaveTextDocumentParams, ResourceOperationKind, Uri,
};
use crate::config::{Brought, Config, FileLayer, Layers};
use crate::entries::{ProjectId, RunId};
use crate::workspace::OpenText;

/// How often, at most, what is shown follows the user's typing.
const FOLLOW: Duration = Duration::from_millis(100);

type Work = Box<dyn FnOnce(&mut Session) + Send>;

/// A workspace folder of the session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    pub uri: Uri,
    /// Spelled without links.
    pub root: PathBuf,
    pub project: ProjectId,
    /// What it brings itself, where it is trusted.
    pub brought: Option<Arc<Brought>>,
    /// What the client says of this folder, where several are open.
    pub configured: Option<Map<String, Value>>,
}

impl Folder {
    /// The settings that it brings.
    pub fn settings(&self) -> Option<&FileLayer> {
        self.brought.as_ref()?.settings.as_ref()
    }
}

/// What the client can do, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are the protocol's, each a capability of its own"
)]
pub struct Abilities {
    pub document_changes: bool,
    pub create_files: bool,
    pub rename_files: bool,
    pub delete_files: bool,
    pub change_annotations: bool,
    pub work_done_progress: bool,
    pub apply_edit: bool,
    pub configuration: bool,
    /// Symbols inside others.
    pub nested_symbols: bool,
    /// `rummy/save`.
    pub save: bool,
    /// To ask the user for the prompt of a command that has none.
    pub prompt: bool,
}

impl Abilities {
    /// Reads them from what the client declares.
    pub fn of(capabilities: &ClientCapabilities) -> Self {
        let workspace = capabilities.workspace.as_ref();
        let edit = workspace.and_then(|workspace| workspace.workspace_edit.as_ref());
        let operations = edit.and_then(|edit| edit.resource_operations.as_deref());
        let can = |kind: &ResourceOperationKind| operations.is_some_and(|can| can.contains(kind));
        let window = capabilities.window.as_ref();
        let experimental = capabilities.experimental.as_ref();
        let ours = |name: &str| {
            let ours = experimental?.get("rummy")?.get(name)?;
            Some(ours.as_bool().unwrap_or(true))
        };
        Self {
            document_changes: edit.and_then(|edit| edit.document_changes) == Some(true),
            create_files: can(&ResourceOperationKind::Create),
            rename_files: can(&ResourceOperationKind::Rename),
            delete_files: can(&ResourceOperationKind::Delete),
            change_annotations: edit.is_some_and(|edit| edit.change_annotation_support.is_some()),
            work_done_progress: window.and_then(|window| window.work_done_progress) == Some(true),
            apply_edit: workspace.and_then(|workspace| workspace.apply_edit) == Some(true),
            configuration: workspace.and_then(|workspace| workspace.configuration) == Some(true),
            nested_symbols: capabilities
                .text_document
                .as_ref()
                .and_then(|document| document.document_symbol.as_ref())
                .and_then(|symbols| symbols.hierarchical_document_symbol_support)
                == Some(true),
            save: ours("save") == Some(true),
            prompt: ours("prompt") == Some(true),
        }
    }
}

/// The actor's state.
pub struct Session {
    pub outbox: Outbox,
    pub abilities: Abilities,
    pub encoding: Encoding,
    pub layers: Layers,
    /// What holds for no folder in particular; where one is open alone, what holds there.
    pub config: Arc<Config>,
    /// What holds for the runs of each folder.
    pub in_folders: HashMap<ProjectId, Arc<Config>>,
    pub folders: Vec<Folder>,
    pub documents: Documents,
    pub shown: Shown,
    /// Who tells the client of its runs; none before `initialize`.
    pub reporter: Option<mpsc::UnboundedSender<Signal>>,
    watchers: Vec<Watcher>,
    /// When what is shown is to be brought up to date.
    refresh_at: Option<Instant>,
}

/// Somebody who waits for a file's document to hold something.
struct Watcher {
    file: PathBuf,
    check: Box<dyn Fn(&str) -> bool + Send>,
    seen: oneshot::Sender<()>,
}

/// The way to a session. Clones lead to the same one.
#[derive(Clone)]
pub struct SessionHandle {
    id: u64,
    inbox: mpsc::UnboundedSender<Work>,
    pub client: Client,
    pub outbox: Outbox,
}

/// Starts a session's actor. It ends when its last handle is gone.
pub fn start(client: Client, outbox: Outbox) -> SessionHandle {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let (inbox, work) = mpsc::unbounded_channel();
    let session = Session {
        outbox: outbox.clone(),
        abilities: Abilities::default(),
        encoding: Encoding::Utf16,
        config: Arc::new(Config::default()),
        in_folders: HashMap::new(),
        layers: Layers::none(),
        folders: Vec::new(),
        documents: Documents::default(),
        shown: Shown::default(),
        reporter: None,
        watchers: Vec::new(),
        refresh_at: None,
    };
    tokio::spawn(session.live(work));
    SessionHandle {
        id: NEXT.fetch_add(1, Ordering::Relaxed),
        inbox,
        client,
        outbox,
    }
}

impl SessionHandle {
    /// Unique in the process.
    pub const fn id(&self) -> u64 {
        self.id
    }

    /// Puts work into the inbox, without waiting for it.
    pub fn post(&self, work: impl FnOnce(&mut Session) + Send + 'static) {
        // The actor ends after its last handle; this is one.
        let _ = self.inbox.send(Box::new(work));
    }

    /// Asks the session something. None: the session is gone.
    pub async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Session) -> T + Send + 'static,
    ) -> Option<T> {
        let (sender, answer) = oneshot::channel();
        self.post(move |session| {
            // Nobody waits any more: the request was cancelled.
            let _ = sender.send(question(session));
        });
        #[expect(
            clippy::disallowed_methods,
            reason = "the error says that the session is gone, and nothing else"
        )]
        answer.await.ok()
    }

    /// The document that is open on a file.
    pub async fn document(&self, file: &Path) -> Option<Document> {
        let file = file.to_owned();
        self.ask(move |session| session.documents.on_file(&file).cloned())
            .await?
    }

    /// The text of the document that is open on a file.
    pub async fn open_text(&self, file: &Path) -> Option<OpenText> {
        let document = self.document(file).await?;
        Some(OpenText {
            text: document.string(),
            dirty: document.dirty,
        })
    }

    /// Waits until the text of the document on a file passes the check, now or after some later change.
    pub fn watch(
        &self,
        file: PathBuf,
        check: impl Fn(&str) -> bool + Send + 'static,
    ) -> oneshot::Receiver<()> {
        let (seen, waiting) = oneshot::channel();
        self.post(move |session| {
            session.watchers.push(Watcher {
                file: file.clone(),
                check: Box::new(check),
                seen,
            });
            session.look(&file);
        });
        waiting
    }
}

impl Session {
    async fn live(mut self, mut inbox: mpsc::UnboundedReceiver<Work>) {
        loop {
            let due = self.refresh_at;
            let sleep = async {
                match due {
                    Some(at) => tokio::time::sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                work = inbox.recv() => match work {
                    Some(work) => self.carry_out(work),
                    None => return,
                },
                () = sleep => {
                    self.refresh_at = None;
                    self.carry_out(Box::new(Self::refresh));
                }
            }
        }
    }

    /// A panic in one piece of work must not take the session with it.
    fn carry_out(&mut self, work: Work) {
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(self)));
        if result.is_err() {
            tracing::error!("a piece of the session's work panicked; the session goes on");
        }
    }

    /// `textDocument/didOpen`.
    pub fn opened(&mut self, params: DidOpenTextDocumentParams) {
        let uri = params.text_document.uri.clone();
        self.documents.open(params.text_document);
        self.moved(file_of_document(&self.documents, &uri));
    }

    /// `textDocument/didChange`.
    pub fn changed(&mut self, params: DidChangeTextDocumentParams) {
        let document = params.text_document;
        let changes = params.content_changes;
        if self
            .documents
            .change(&document.uri, document.version, changes, self.encoding)
        {
            self.moved(file_of_document(&self.documents, &document.uri));
        }
    }

    /// `textDocument/didSave`.
    pub fn saved(&mut self, params: &DidSaveTextDocumentParams) {
        self.documents.saved(&params.text_document.uri);
    }

    /// `textDocument/didClose`.
    pub fn closed(&mut self, params: &DidCloseTextDocumentParams) {
        let uri = &params.text_document.uri;
        let Some(document) = self.documents.close(uri) else {
            return;
        };
        if let (Some(file), Some(reporter)) = (&document.path, &self.reporter) {
            let runs = self.shown.runs_on(file);
            // The reporter lives as long as the session.
            let _ = reporter.send(Signal::Closed(runs));
        }
        self.moved(document.path);
    }

    /// Brings what is shown up to date, soon.
    pub fn follow(&mut self) {
        let soon = Instant::now() + FOLLOW;
        self.refresh_at.get_or_insert(soon);
    }

    /// Brings what is shown up to date, now.
    pub fn refresh(&mut self) {
        self.refresh_at = None;
        self.shown.publish(
            &self.documents,
            self.encoding,
            &self.outbox,
            self.config.diagnostics,
        );
    }

    /// Takes a run's whole pending set, and brings what is shown up to date. `root` is the folder as
    /// the files' URIs have it.
    pub fn show(
        &mut self,
        run: RunId,
        shown: ShownRun,
        mut pending: Vec<Pending>,
        root: Option<&Uri>,
    ) {
        self.spell(&mut pending, shown.project, root);
        self.shown
            .set(run, shown, pending, &self.documents, self.encoding);
        self.refresh();
    }

    /// Sees all documents as they are now.
    pub fn see_all(&mut self) {
        self.shown.see_all(&self.documents, self.encoding);
    }

    /// Puts the files' URIs below the folder's as the client spells it: the folder may be a link.
    fn spell(&self, pending: &mut [Pending], project: ProjectId, root: Option<&Uri>) {
        let folder = self.folders.iter().find(|folder| folder.project == project);
        let (Some(folder), Some(root)) = (folder, root) else {
            return;
        };
        let spelled = folder.uri.as_str().trim_end_matches('/');
        let files = pending
            .iter_mut()
            .flat_map(|pending| pending.target.iter_mut().chain(&mut pending.to));
        for file in files {
            let below = file.uri.as_str().strip_prefix(root.as_str());
            if let Some(Ok(uri)) = below.map(|below| format!("{spelled}{below}").parse()) {
                file.uri = uri;
            }
        }
    }

    /// The projects of the session's folders.
    pub fn projects(&self) -> Vec<ProjectId> {
        self.folders.iter().map(|folder| folder.project).collect()
    }

    /// The folder that is meant: the named one, or the only one.
    pub fn folder(&self, named: Option<&str>) -> Option<&Folder> {
        match named {
            Some(uri) => {
                let trimmed = uri.trim_end_matches('/');
                self.folders
                    .iter()
                    .find(|folder| folder.uri.as_str().trim_end_matches('/') == trimmed)
            }
            None if self.folders.len() == 1 => self.folders.first(),
            None => None,
        }
    }

    /// The innermost folder that a file lies in.
    pub fn folder_around(&self, file: &Path) -> Option<&Folder> {
        self.folders
            .iter()
            .filter(|folder| file.starts_with(&folder.root))
            .max_by_key(|folder| folder.root.components().count())
    }

    fn moved(&mut self, file: Option<PathBuf>) {
        let Some(file) = file else {
            return;
        };
        self.look(&file);
        if self.shown.is_on(&file) {
            self.follow();
        }
    }

    /// Lets the watchers of a file look at its document.
    fn look(&mut self, file: &Path) {
        if !self.watchers.iter().any(|watcher| watcher.file == *file) {
            return;
        }
        let text = self.documents.on_file(file).map(Document::string);
        let watchers = std::mem::take(&mut self.watchers);
        for watcher in watchers {
            let holds =
                watcher.file == *file && text.as_deref().is_some_and(|text| (watcher.check)(text));
            if holds {
                // Nobody waits any more: the time was up.
                let _ = watcher.seen.send(());
            } else if !watcher.seen.is_closed() {
                self.watchers.push(watcher);
            }
        }
    }
}

fn file_of_document(documents: &Documents, uri: &Uri) -> Option<PathBuf> {
    documents.get(uri)?.path.clone()
}
