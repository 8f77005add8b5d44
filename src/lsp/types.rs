//! Every type of the protocol that is used, from one place: the crate behind them can be exchanged
//! here.

pub use tower_lsp::jsonrpc;
pub use tower_lsp::ls_types::request::Request as ClientRequest;
pub use tower_lsp::ls_types::{
    AnnotatedTextEdit, ApplyWorkspaceEditParams, ApplyWorkspaceEditResponse, ChangeAnnotation,
    ClientCapabilities, CodeAction, CodeActionKind, CodeActionOptions, CodeActionOrCommand,
    CodeActionParams, CodeActionProviderCapability, CodeActionResponse, CodeLens, CodeLensOptions,
    CodeLensParams, Command, ConfigurationItem, CreateFile, CreateFileOptions, DeleteFile,
    DeleteFileOptions, Diagnostic, DiagnosticSeverity, DidChangeConfigurationParams,
    DidChangeTextDocumentParams, DidChangeWorkspaceFoldersParams, DidCloseTextDocumentParams,
    DidOpenTextDocumentParams, DidSaveTextDocumentParams, DocumentChangeOperation, DocumentChanges,
    DocumentLink, DocumentLinkOptions, DocumentLinkParams, DocumentSymbol, DocumentSymbolParams,
    DocumentSymbolResponse, ExecuteCommandOptions, ExecuteCommandParams, Hover, HoverContents,
    HoverParams, HoverProviderCapability, InitializeParams, InitializeResult, InitializedParams,
    LSPAny, Location, MarkupContent, MarkupKind, MessageActionItem, MessageType, NumberOrString,
    OneOf, OptionalVersionedTextDocumentIdentifier, Position, PositionEncodingKind, ProgressToken,
    Range, RenameFile, RenameFileOptions, ResourceOp, ResourceOperationKind, SaveOptions,
    ServerCapabilities, ServerInfo, ShowMessageParams, SymbolInformation, SymbolKind,
    TextDocumentContentChangeEvent, TextDocumentEdit, TextDocumentItem, TextDocumentSyncCapability,
    TextDocumentSyncKind, TextDocumentSyncOptions, TextDocumentSyncSaveOptions, TextEdit, Uri,
    WorkDoneProgressCancelParams, WorkDoneProgressCreateParams, WorkDoneProgressOptions,
    WorkspaceEdit, WorkspaceFolder, WorkspaceFoldersServerCapabilities,
    WorkspaceServerCapabilities,
};
pub use tower_lsp::{Client, ClientSocket, LanguageServer, LspService};

/// Where the client's answers to our requests go.
pub type ResponseSink = <ClientSocket as tower_lsp::Loopback>::ResponseSink;

/// Requests that go to the client.
pub mod request {
    pub use tower_lsp::ls_types::request::{ApplyWorkspaceEdit, WorkDoneProgressCreate};

    use serde::{Deserialize, Serialize};

    use super::Uri;

    /// Asks the client to save documents, so that the disk holds what was accepted.
    pub enum Save {}

    #[derive(Debug, Clone, Serialize, Deserialize)]
    pub struct SaveParams {
        pub uris: Vec<Uri>,
    }

    impl super::ClientRequest for Save {
        type Params = SaveParams;
        type Result = Option<serde_json::Value>;
        const METHOD: &'static str = "rummy/save";
    }
}

/// Methods of the protocol that are not requests of the server trait.
pub mod wire {
    pub const INITIALIZE: &str = "initialize";
    pub const SHUTDOWN: &str = "shutdown";
    pub const EXIT: &str = "exit";
    pub const DID_OPEN: &str = "textDocument/didOpen";
    pub const DID_CHANGE: &str = "textDocument/didChange";
    pub const DID_CLOSE: &str = "textDocument/didClose";
    pub const DID_SAVE: &str = "textDocument/didSave";
    pub const DID_CHANGE_FOLDERS: &str = "workspace/didChangeWorkspaceFolders";
    pub const PUBLISH_DIAGNOSTICS: &str = "textDocument/publishDiagnostics";
    /// LSP 3.18's name of our `textDocumentContent`.
    pub const TEXT_DOCUMENT_CONTENT: &str = "workspace/textDocumentContent";
    pub const PROGRESS: &str = "$/progress";
    pub const LOG_MESSAGE: &str = "window/logMessage";
    pub const SHOW_MESSAGE: &str = "window/showMessage";
    pub const CANCEL_PROGRESS: &str = "window/workDoneProgress/cancel";
}
