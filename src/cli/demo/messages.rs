//! What the demo reads of the protocol, as far as it needs it. The shapes are a client's own, so
//! that it reads what was sent and not what the server meant.

use serde::Deserialize;

use crate::lsp::types::{TextEdit, Uri};

/// The answer to `initialize`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Initialized {
    pub capabilities: Capabilities,
    pub server_info: ServerInfo,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Capabilities {
    /// None: UTF-16, the protocol's default.
    pub position_encoding: Option<String>,
}

#[derive(Debug, Deserialize)]
pub struct ServerInfo {
    pub name: String,
    pub version: String,
}

/// The answer to `rummy/act`.
#[derive(Debug, Deserialize)]
pub struct Begun {
    pub run: String,
}

/// `run/state`.
#[derive(Debug, Deserialize)]
pub struct RunState {
    pub status: u16,
    pub phase: String,
    pub summary: String,
    pub history: Vec<Row>,
    /// Once a turn.
    pub telemetry: Option<Telemetry>,
}

/// A row of the history.
#[derive(Debug, Deserialize)]
pub struct Row {
    pub tool: String,
    /// What the command was about.
    pub path: String,
    pub status: u64,
    pub body: String,
    pub turn: Option<u32>,
    /// The row's own path.
    pub entry: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Telemetry {
    /// Of this turn's packet, by the estimate where nobody reported it.
    pub context_tokens: u64,
    /// Of the run so far; none where the provider counts nothing.
    pub total_tokens: Option<u64>,
}

/// `run/progress`.
#[derive(Debug, Deserialize)]
pub struct Progress {
    pub turn: u32,
    pub status: Activity,
    pub detail: Option<String>,
    pub tokens: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Activity {
    Thinking,
    Streaming,
    Processing,
    Retrying,
}

impl Activity {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Thinking => "waiting for the model",
            Self::Streaming => "answering",
            Self::Processing => "working",
            Self::Retrying => "trying again",
        }
    }
}

/// `run/text`: a piece of what streams in.
#[derive(Debug, Deserialize)]
pub struct Piece {
    pub kind: PieceKind,
    /// Where it begins in its answer, in bytes.
    pub offset: usize,
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PieceKind {
    Answer,
    Reasoning,
}

/// `run/proposal`.
#[derive(Debug, Deserialize)]
pub struct Pending {
    pub proposals: Vec<Proposal>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Proposal {
    pub path: String,
    pub title: String,
    pub kind: String,
    pub patch: String,
}

impl Proposal {
    /// Whether it changes a file. What else there is, a command or a question, does not stay in
    /// the project's folder.
    pub fn changes_file(&self) -> bool {
        matches!(
            self.kind.as_str(),
            "edit" | "create" | "delete" | "rename" | "copy"
        )
    }
}

/// The answer to `rummy.accept` and `rummy.reject`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Decided {
    pub accepted: Vec<String>,
    pub failed: Vec<Failed>,
}

#[derive(Debug, Deserialize)]
pub struct Failed {
    pub reason: String,
}

/// The params of `workspace/applyEdit`.
#[derive(Debug, Deserialize)]
pub struct ApplyEdit {
    pub edit: WorkspaceEdit,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkspaceEdit {
    pub document_changes: Vec<DocumentEdit>,
}

/// The edits of one document. Creating, renaming and deleting files are not among the demo's
/// capabilities, so that no other kind of change can come.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DocumentEdit {
    pub text_document: DocumentVersion,
    pub edits: Vec<TextEdit>,
}

#[derive(Debug, Deserialize)]
pub struct DocumentVersion {
    pub uri: Uri,
    /// None: whatever the version is.
    pub version: Option<i32>,
}
