//! The protocol's trait, a line or a few a method: what there is to do is done elsewhere.

use std::sync::{Arc, OnceLock};

use futures::future::BoxFuture;
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::documents::{Encoding, file_of};
use super::entry_documents::answers;
use super::entry_documents::uri::is_ours;
use super::hub::{Engine, Hub};
use super::methods::{self, Context, MethodError, TABLE};
use super::offers;
use super::progress::run_of;
use super::proposals::actions;
use super::reporter::{self, Signal};
use super::session::{Abilities, Folder, SessionHandle};
use super::trust;
use super::types::jsonrpc::{Error, ErrorCode, Result};
use super::types::{
    CodeAction, CodeActionOptions, CodeActionParams, CodeActionProviderCapability,
    CodeActionResponse, CodeLens, CodeLensOptions, CodeLensParams, ConfigurationItem,
    DidChangeConfigurationParams, DidChangeWorkspaceFoldersParams, DocumentLink,
    DocumentLinkOptions, DocumentLinkParams, DocumentSymbolParams, DocumentSymbolResponse,
    ExecuteCommandOptions, ExecuteCommandParams, Hover, HoverParams, HoverProviderCapability,
    InitializeParams, InitializeResult, InitializedParams, LSPAny, LanguageServer, OneOf,
    SaveOptions, ServerCapabilities, ServerInfo, TextDocumentSyncCapability, TextDocumentSyncKind,
    TextDocumentSyncOptions, TextDocumentSyncSaveOptions, Uri, WorkDoneProgressCancelParams,
    WorkDoneProgressOptions, WorkspaceFolder, WorkspaceFoldersServerCapabilities,
    WorkspaceServerCapabilities,
};
use super::{PROTOCOL_VERSION, speaks_our_protocol};
use crate::config::{Layers, Source, variables};
use crate::store::projects;

/// The name of our settings among an editor's.
const SECTION: &str = "rummy";

/// A session's side of the protocol.
pub struct Server {
    hub: Arc<Hub>,
    session: SessionHandle,
    /// What `initialize` made.
    started: OnceLock<Started>,
    /// Cancelled when the session leaves.
    left: CancellationToken,
}

struct Started {
    engine: Engine,
    reporter: mpsc::UnboundedSender<Signal>,
    /// The client's process, to end with it.
    process: Option<u32>,
}

impl Server {
    pub fn new(hub: Arc<Hub>, session: SessionHandle) -> Self {
        Self {
            hub,
            session,
            started: OnceLock::new(),
            left: CancellationToken::new(),
        }
    }

    /// Waits for the client's word in a task of its own, no longer than the session lasts.
    fn beside(&self, work: impl Future<Output = ()> + Send + 'static) {
        let left = self.left.clone();
        tokio::spawn(async move {
            left.run_until_cancelled(work).await;
        });
    }

    /// The client's process, where it has said.
    pub fn client_process(&self) -> Option<u32> {
        self.started.get()?.process
    }

    /// The session leaves, as `shutdown` has it. A second time changes nothing.
    pub async fn leave(&self) {
        super::log::leave(self.session.id());
        self.left.cancel();
        // The reporter holds the session; the session lets go of it first.
        self.session.post(|session| session.reporter = None);
        self.hub.withdraw(&self.session).await;
    }

    fn started(&self) -> Result<&Started> {
        self.started.get().ok_or_else(|| {
            MethodError::Internal("the session was not initialized".to_owned()).into()
        })
    }

    fn context(&self) -> Result<Context> {
        Ok(Context {
            session: self.session.clone(),
            engine: self.started()?.engine.clone(),
        })
    }

    /// Calls a method of the table, for a request `rummy/NAME`.
    pub fn call(
        &self,
        row: &'static methods::Row,
        params: Value,
    ) -> BoxFuture<'static, Result<Value>> {
        let context = self.context();
        Box::pin(async move { Ok(row.call(context?, params).await?) })
    }

    /// The client's cancel of a progress ends the loop behind it.
    pub async fn progress_cancelled(&self, params: WorkDoneProgressCancelParams) {
        if let (Some(run), Ok(context)) = (run_of(&params.token), self.context())
            && let Err(error) = methods::abort::abort_by_id(&context, run).await
        {
            tracing::info!(%error, "a cancelled progress belongs to no run");
        }
    }

    /// The databases' projects of these folders.
    async fn adopt(&self, engine: &Engine, folders: Vec<WorkspaceFolder>) -> Result<Vec<Folder>> {
        let mut adopted = Vec::new();
        for folder in folders {
            let Some(root) = file_of(&folder.uri) else {
                continue;
            };
            let name = folder.uri.as_str().trim_end_matches('/').to_owned();
            let path = root.to_string_lossy().into_owned();
            let project = engine
                .supervisor
                .store()
                .write(move |tx| projects::ensure(tx, &name, &path))
                .await
                .map_err(MethodError::from)?;
            engine.supervisor.open(project);
            let brought = trust::trusted(engine.supervisor.store(), project, &root).await?;
            adopted.push(Folder {
                uri: folder.uri,
                root,
                project,
                brought,
                configured: None,
            });
        }
        Ok(adopted)
    }

    /// Asks a client that offers it for its settings (LSP 3.17, `workspace/configuration`), folder by folder.
    async fn pull_configuration(&self) {
        let asked = self
            .session
            .ask(|session| (session.abilities.configuration, session.scopes()))
            .await;
        let Some((true, scopes)) = asked else {
            return;
        };
        let session = self.session.clone();
        self.beside(async move {
            let item = |scope_uri: &Option<Uri>| ConfigurationItem {
                scope_uri: scope_uri.clone(),
                section: Some(SECTION.to_owned()),
            };
            let items = scopes.iter().map(item).collect();
            if let Ok(settings) = session.client.configuration(items).await {
                let settings = std::iter::zip(scopes, settings).collect();
                session.post(|session| session.configure(settings));
            }
        });
    }

    async fn tell_reporter(&self) {
        let projects = self.session.ask(|session| session.projects()).await;
        if let (Some(projects), Some(started)) = (projects, self.started.get()) {
            // The reporter lives as long as the session.
            let _ = started.reporter.send(Signal::Projects(projects));
        }
    }

    async fn begin(&self, params: InitializeParams) -> Result<InitializeResult> {
        let options = options(params.initialization_options.as_ref());
        check_version(&options)?;
        check_token(&options, self.hub.token.as_deref())?;
        let mut layers = Layers::of_process(variables(), &options);
        layers.add(Source::InitializationOptions, options);
        let config = layers.resolve().0;
        let engine = self
            .hub
            .engine(&config.database, &config.limits)
            .await
            .map_err(|error| Error::from(MethodError::Internal(error.to_string())))?;
        engine.editors.commands.hide_keys(config.models.values());
        let folders = self.adopt(&engine, folders(&params)).await?;
        let abilities = Abilities::of(&params.capabilities);
        let general = params.capabilities.general.as_ref();
        let encoding =
            Encoding::chosen(general.and_then(|general| general.position_encodings.as_deref()));
        self.session
            .ask(move |session| {
                session.abilities = abilities;
                session.encoding = encoding;
                session.folders = folders;
                session.layers = layers;
                session.reconfigure();
            })
            .await;
        engine.editors.join(self.session.clone());
        let reporter = reporter::start(self.session.clone(), engine.clone());
        let for_session = reporter.clone();
        self.session
            .post(move |session| session.reporter = Some(for_session));
        let started = Started {
            engine,
            reporter,
            process: params.process_id,
        };
        // The service lets `initialize` through once.
        let _ = self.started.set(started);
        Ok(InitializeResult {
            capabilities: capabilities(encoding),
            server_info: Some(ServerInfo {
                name: env!("CARGO_PKG_NAME").to_owned(),
                version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            }),
            ..InitializeResult::default()
        })
    }
}

impl LanguageServer for Server {
    async fn initialize(&self, params: InitializeParams) -> Result<InitializeResult> {
        self.begin(params).await
    }

    async fn initialized(&self, _: InitializedParams) {
        super::log::join(self.session.id(), self.session.outbox.clone());
        self.pull_configuration().await;
        self.tell_reporter().await;
        if let (Ok(context), Some(folders)) = (
            self.context(),
            self.session.ask(|session| session.folders.clone()).await,
        ) {
            self.beside(trust::ask(context, folders));
        }
    }

    async fn shutdown(&self) -> Result<()> {
        self.leave().await;
        Ok(())
    }

    async fn did_change_configuration(&self, params: DidChangeConfigurationParams) {
        if params.settings.is_null() {
            return self.pull_configuration().await;
        }
        let settings = params.settings;
        // What is not under our name is not ours.
        if let Some(layer) = settings.get(SECTION).cloned() {
            self.session
                .post(|session| session.configure(vec![(None, layer)]));
        }
    }

    async fn did_change_workspace_folders(&self, params: DidChangeWorkspaceFoldersParams) {
        let Ok(started) = self.started() else {
            return;
        };
        match self.adopt(&started.engine, params.event.added).await {
            Ok(added) => {
                let spelled = |uri: &Uri| uri.as_str().trim_end_matches('/').to_owned();
                let removed: Vec<String> = params
                    .event
                    .removed
                    .iter()
                    .map(|f| spelled(&f.uri))
                    .collect();
                let to_ask = added.clone();
                self.session
                    .post(move |session| session.change_folders(added, &removed));
                self.tell_reporter().await;
                self.pull_configuration().await;
                if let Ok(context) = self.context() {
                    self.beside(trust::ask(context, to_ask));
                }
            }
            Err(error) => tracing::error!(%error, "a workspace folder could not be added"),
        }
    }

    async fn code_action(&self, params: CodeActionParams) -> Result<Option<CodeActionResponse>> {
        let actions = self
            .session
            .ask(move |session| session.actions(&params))
            .await;
        Ok(actions)
    }

    async fn code_action_resolve(&self, mut action: CodeAction) -> Result<CodeAction> {
        // Some clients ask for actions that have all they need, too: those are answered as they came.
        if let Some(data) = action.data.clone() {
            let edit = self
                .session
                .ask(move |session| session.edit_of(&data))
                .await;
            action.edit = edit.flatten();
        }
        Ok(action)
    }

    async fn code_lens(&self, params: CodeLensParams) -> Result<Option<Vec<CodeLens>>> {
        Ok(self
            .session
            .ask(move |session| {
                let uri = &params.text_document.uri;
                session.lenses(uri)
            })
            .await)
    }

    async fn hover(&self, params: HoverParams) -> Result<Option<Hover>> {
        let at = params.text_document_position_params;
        let uri = &at.text_document.uri;
        if is_ours(uri.as_str()) {
            return Ok(answers::hover(&self.context()?, uri, at.position).await?);
        }
        Ok(self
            .session
            .ask(move |session| session.hover(&at.text_document.uri, at.position))
            .await
            .flatten())
    }

    async fn document_symbol(
        &self,
        params: DocumentSymbolParams,
    ) -> Result<Option<DocumentSymbolResponse>> {
        let uri = params.text_document.uri;
        if !is_ours(uri.as_str()) {
            return Ok(None);
        }
        Ok(answers::document_symbols(&self.context()?, &uri).await?)
    }

    async fn document_link(&self, params: DocumentLinkParams) -> Result<Option<Vec<DocumentLink>>> {
        let uri = params.text_document.uri;
        if !is_ours(uri.as_str()) {
            return Ok(None);
        }
        Ok(Some(answers::document_links(&self.context()?, &uri).await?))
    }

    async fn execute_command(&self, params: ExecuteCommandParams) -> Result<Option<LSPAny>> {
        let row = methods::by_command(&params.command)
            .ok_or(MethodError::UnknownMethod(params.command))?;
        let arguments = params
            .arguments
            .into_iter()
            .next()
            .unwrap_or_else(|| json!({}));
        Ok(Some(row.call(self.context()?, arguments).await?))
    }
}

fn capabilities(encoding: Encoding) -> ServerCapabilities {
    ServerCapabilities {
        position_encoding: Some(encoding.kind()),
        text_document_sync: Some(TextDocumentSyncCapability::Options(
            TextDocumentSyncOptions {
                open_close: Some(true),
                change: Some(TextDocumentSyncKind::INCREMENTAL),
                save: Some(TextDocumentSyncSaveOptions::SaveOptions(SaveOptions {
                    include_text: Some(false),
                })),
                ..TextDocumentSyncOptions::default()
            },
        )),
        code_action_provider: Some(CodeActionProviderCapability::Options(CodeActionOptions {
            code_action_kinds: Some([&actions::KINDS[..], &offers::ACTION_KINDS[..]].concat()),
            resolve_provider: Some(true),
            ..CodeActionOptions::default()
        })),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        // Of `rummy:` documents; other servers know the symbols of files.
        document_symbol_provider: Some(OneOf::Left(true)),
        document_link_provider: Some(DocumentLinkOptions {
            resolve_provider: Some(false),
            work_done_progress_options: WorkDoneProgressOptions::default(),
        }),
        code_lens_provider: Some(CodeLensOptions {
            resolve_provider: Some(false),
        }),
        execute_command_provider: Some(ExecuteCommandOptions {
            commands: TABLE.iter().map(|row| methods::command(row.name)).collect(),
            ..ExecuteCommandOptions::default()
        }),
        workspace: Some(WorkspaceServerCapabilities {
            workspace_folders: Some(WorkspaceFoldersServerCapabilities {
                supported: Some(true),
                change_notifications: Some(OneOf::Left(true)),
            }),
            ..WorkspaceServerCapabilities::default()
        }),
        experimental: Some(json!({"rummy": {"protocolVersion": PROTOCOL_VERSION}})),
        ..ServerCapabilities::default()
    }
}

fn options(given: Option<&Value>) -> Map<String, Value> {
    given
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_else(Map::new)
}

/// A client of another major version would misread what it is sent.
fn check_version(options: &Map<String, Value>) -> Result<()> {
    let Some(theirs) = options.get("clientVersion").and_then(Value::as_str) else {
        return Ok(());
    };
    if speaks_our_protocol(theirs) {
        return Ok(());
    }
    let message = format!(
        "this server speaks protocol {PROTOCOL_VERSION}; the client's version is {theirs}. Install versions that go together"
    );
    Err(MethodError::InvalidParams(message).into())
}

fn check_token(options: &Map<String, Value>, wanted: Option<&str>) -> Result<()> {
    let given = options.get("token").and_then(Value::as_str);
    match wanted {
        Some(wanted) if given != Some(wanted) => Err(Error {
            code: ErrorCode::ServerError(403),
            message: "initializationOptions.token is missing or wrong".into(),
            data: Some(json!({"kind": "forbidden"})),
        }),
        _ => Ok(()),
    }
}

/// The workspace folders, or the single root of clients that know none.
fn folders(params: &InitializeParams) -> Vec<WorkspaceFolder> {
    if let Some(folders) = &params.workspace_folders {
        return folders.clone();
    }
    #[expect(
        deprecated,
        reason = "clients without workspace folders name their root this way"
    )]
    let root = params.root_uri.clone().or_else(|| {
        let path = params.root_path.as_ref()?;
        Uri::from_file_path(path)
    });
    root.map(|uri| WorkspaceFolder {
        uri,
        name: String::new(),
    })
    .into_iter()
    .collect()
}
