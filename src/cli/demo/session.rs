//! The conversation with the server: it is started, told of the project and the open document, and
//! given the job; what it proposes is accepted, what it asks for is done.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt as _, StreamExt as _};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::process::Command;
use tokio::time::timeout;

use super::editor::OpenDocument;
use super::messages::{
    ApplyEdit, Begun, Decided, Initialized, Pending, Proposal, RunState, ServerInfo,
};
use super::narrator::{Narrator, Tally};
use super::sample;
use crate::cli::client::{Client, ClientError, Incoming};
use crate::cli::out::counted;
use crate::entries::RunStatus;
use crate::lsp::documents::Encoding;
use crate::lsp::methods::accept::Accept;
use crate::lsp::methods::reject::Reject;
use crate::lsp::methods::start::Act;
use crate::lsp::methods::{Method as _, request};
use crate::lsp::notifications::{RUN_PROGRESS, RUN_PROPOSAL, RUN_STATE, RUN_TEXT};
use crate::lsp::types::request::ApplyWorkspaceEdit;
use crate::lsp::types::{ClientRequest as _, Uri, wire};

/// What went wrong in the conversation.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error("the server ended in the middle of the run")]
    Gone,
    #[error("the server has said nothing for {} s", .0.as_secs())]
    Silent(Duration),
    #[error("the server sent what is no message: {0}")]
    Malformed(String),
    #[error("`{method}` is not of the expected shape: {source}")]
    Unexpected {
        method: String,
        source: serde_json::Error,
    },
    #[error("the server chose the position encoding {0}, which was not offered")]
    Encoding(String),
    #[error("the run has the status {0}, which is none")]
    Status(u16),
    #[error("the server ended with {0}, after `shutdown` and `exit`")]
    Exit(ExitStatus),
    #[error("the open document: {0}")]
    Document(io::Error),
    #[error("{}: the line that the demo types below is not there", sample::OPEN)]
    NoPlaceToType,
    #[error("{} cannot be written as a URI", .0.display())]
    NoUri(PathBuf),
    #[error("the output cannot be written: {0}")]
    Output(#[from] io::Error),
}

/// What a session is made of.
pub struct Setup {
    pub server: Command,
    pub project: PathBuf,
    /// `initializationOptions`.
    pub options: Value,
    /// How long the server may say nothing.
    pub patience: Duration,
}

/// How the run ended.
#[derive(Debug)]
pub struct End {
    pub status: RunStatus,
    pub summary: String,
    pub tally: Tally,
}

pub struct Session<'s, 'o> {
    client: Client,
    document: OpenDocument,
    narrator: Narrator<'s, 'o>,
    patience: Duration,
    run: String,
    status: RunStatus,
    summary: String,
    /// The newest pending set.
    pending: Vec<Proposal>,
    /// What of it was offered and is still to be decided, and the last that was decided.
    undecided: VecDeque<Proposal>,
    decided: Option<String>,
    /// Answers to `accept` and `reject` that are not there yet.
    deciding: FuturesUnordered<BoxFuture<'static, (Proposal, Result<Decided, ClientError>)>>,
}

impl<'s, 'o> Session<'s, 'o> {
    /// Starts the server, and opens the project and a document of it with an unsaved change.
    pub async fn start(setup: Setup, narrator: Narrator<'s, 'o>) -> Result<Self, SessionError> {
        let client = Client::start(setup.server)?;
        let params = initialize(&uri_of(&setup.project)?, &setup.options);
        let greeting: Initialized =
            within(setup.patience, client.call(wire::INITIALIZE, params)).await?;
        client.notify("initialized", json!({}));
        let encoding = encoding_of(greeting.capabilities.position_encoding)?;
        let document = open(&client, &setup.project, encoding)?;

        let ServerInfo { name, version } = greeting.server_info;
        let kind = encoding.kind();
        let server = format!(
            "{name} {version} over stdio, positions in {}",
            kind.as_str()
        );
        let editor = format!("{} is open, with a line typed but not saved:", sample::OPEN);
        narrator.screen.note("server", &server)?;
        narrator.screen.note("editor", &editor)?;
        let typed = format!(" {}+{}", sample::TYPED_BELOW, sample::TYPED);
        narrator.screen.diff(&typed)?;
        Ok(Self {
            client,
            document,
            narrator,
            patience: setup.patience,
            run: String::new(),
            status: RunStatus::Queued,
            summary: String::new(),
            pending: Vec::new(),
            undecided: VecDeque::new(),
            decided: None,
            deciding: FuturesUnordered::new(),
        })
    }

    /// Gives the server the job and sees it through to the run's end.
    pub async fn act(&mut self, prompt: &str, model: &str) -> Result<(), SessionError> {
        let params =
            json!({"prompt": prompt, "model": model, "noInteraction": true, "noWeb": true});
        let begun: Begun =
            within(self.patience, self.client.call(&request(Act::NAME), params)).await?;
        self.run = begun.run;
        while self.status.is_active() || !self.deciding.is_empty() {
            self.step().await?;
            self.decide()?;
        }
        Ok(())
    }

    /// Saves the document and ends the server.
    pub async fn stop(self) -> Result<End, SessionError> {
        let saved = self.document.save().map_err(SessionError::Document)?;
        self.client.notify(wire::DID_SAVE, saved);
        self.narrator.screen.step("editor", sample::OPEN, "saved")?;
        let exit = self.client.stop().await?;
        if !exit.success() {
            return Err(SessionError::Exit(exit));
        }
        Ok(End {
            status: self.status,
            summary: self.summary,
            tally: self.narrator.tally,
        })
    }

    /// Takes what comes next: a message, or the answer to a decision.
    async fn step(&mut self) -> Result<(), SessionError> {
        let next = async {
            tokio::select! {
                message = self.client.next() => Next::Message(message),
                Some(decided) = self.deciding.next() => Next::Decided(decided),
            }
        };
        match timeout(self.patience, next).await {
            Err(_) => Err(SessionError::Silent(self.patience)),
            Ok(Next::Decided((proposal, decided))) => {
                self.settle(proposal, &decided?);
                Ok(())
            }
            Ok(Next::Message(None)) => Err(SessionError::Gone),
            Ok(Next::Message(Some(Incoming::Notification { method, params }))) => {
                self.told(&method, params)
            }
            Ok(Next::Message(Some(Incoming::Request { id, method, params }))) => {
                self.asked(&id, &method, params)
            }
            Ok(Next::Message(Some(Incoming::Malformed(why)))) => Err(SessionError::Malformed(why)),
        }
    }

    fn told(&mut self, method: &str, params: Value) -> Result<(), SessionError> {
        if method == RUN_STATE.method {
            let state: RunState = shaped(method, params)?;
            self.status =
                RunStatus::from_code(state.status).ok_or(SessionError::Status(state.status))?;
            self.narrator.state(&state)?;
            self.summary = state.summary;
        } else if method == RUN_PROGRESS.method {
            self.narrator.progress(&shaped(method, params)?)?;
        } else if method == RUN_TEXT.method {
            self.narrator.text(&shaped(method, params)?);
        } else if method == RUN_PROPOSAL.method {
            let pending: Pending = shaped(method, params)?;
            self.pending = pending.proposals;
        } else if method == wire::SHOW_MESSAGE {
            let message = params["message"].as_str().unwrap_or("");
            self.narrator.screen.wrong("server", "says", message)?;
        }
        // The rest, diagnostics and log messages, is for the eyes of an editor's user.
        Ok(())
    }

    fn asked(&mut self, id: &Value, method: &str, params: Value) -> Result<(), SessionError> {
        if method != ApplyWorkspaceEdit::METHOD {
            self.client.refuse(id, method);
            return Ok(());
        }
        let asked: ApplyEdit = shaped(method, params)?;
        let answer = match self.document.apply(&asked.edit) {
            Ok(changed) => {
                let edits = changed["contentChanges"].as_array().map_or(0, Vec::len);
                self.client.notify(wire::DID_CHANGE, changed);
                let done = format!("{} applied, not saved yet", counted(edits, "text edit"));
                self.narrator.screen.step("editor", sample::OPEN, &done)?;
                json!({"applied": true})
            }
            Err(why) => {
                let why = why.to_string();
                self.narrator.screen.wrong("editor", sample::OPEN, &why)?;
                json!({"applied": false, "failureReason": why})
            }
        };
        self.client.answer(id, &answer);
        Ok(())
    }

    /// Where the loop waits for the user: shows what it offers together, and decides one after the
    /// other. The next has its turn when the history tells of the last.
    fn decide(&mut self) -> Result<(), SessionError> {
        let told = |path| self.narrator.has_told(path);
        let is_due = self.deciding.is_empty() && self.decided.as_deref().is_none_or(told);
        if self.status != RunStatus::Waiting || !is_due {
            return Ok(());
        }
        if self.undecided.is_empty() {
            self.undecided.extend(self.narrator.offer(&self.pending)?);
        }
        let Some(next) = self.undecided.pop_front() else {
            return Ok(());
        };
        self.decided = Some(next.path.clone());
        if next.changes_file() {
            let arguments = json!({"run": self.run, "path": next.path});
            self.send(&Accept::command_name(), &arguments, next);
        } else {
            self.reject(next, "the demo accepts changes of files only");
        }
        Ok(())
    }

    fn reject(&self, proposal: Proposal, reason: &str) {
        let arguments = json!({"run": self.run, "path": proposal.path, "reason": reason});
        self.send(&Reject::command_name(), &arguments, proposal);
    }

    fn send(&self, command: &str, arguments: &Value, proposal: Proposal) {
        let params = json!({"command": command, "arguments": [arguments]});
        let answer = self.client.call("workspace/executeCommand", params);
        self.deciding
            .push(answer.map(|decided| (proposal, decided)).boxed());
    }

    /// What cannot be accepted is rejected with the reason, so that the model is told and the run
    /// goes on.
    fn settle(&mut self, proposal: Proposal, decided: &Decided) {
        self.narrator.tally.accepted += decided.accepted.len();
        if let Some(failed) = decided.failed.first() {
            // The server has shown the reason, as it does to an editor's user.
            self.reject(proposal, &failed.reason);
        }
    }
}

/// What a session waits for.
enum Next {
    Message(Option<Incoming>),
    Decided((Proposal, Result<Decided, ClientError>)),
}

fn initialize(folder: &Uri, options: &Value) -> Value {
    json!({
        "processId": std::process::id(),
        "clientInfo": {"name": "rummy-lsp demo", "version": env!("CARGO_PKG_VERSION")},
        "rootUri": null,
        "workspaceFolders": [{"uri": folder, "name": "textstat"}],
        "capabilities": {
            "general": {"positionEncodings": [
                Encoding::Utf8.kind(), Encoding::Utf16.kind(),
            ]},
            "workspace": {
                "applyEdit": true,
                "workspaceEdit": {"documentChanges": true},
                "workspaceFolders": true,
            },
            "textDocument": {"synchronization": {"didSave": true}},
        },
        "initializationOptions": options,
    })
}

/// Opens the document as it is on the disk, then types in it, as a user does.
fn open(client: &Client, project: &Path, encoding: Encoding) -> Result<OpenDocument, SessionError> {
    let file = project.join(sample::OPEN);
    let uri = uri_of(&file)?;
    let mut document = OpenDocument::open(file, uri, encoding).map_err(SessionError::Document)?;
    client.notify(wire::DID_OPEN, document.opened("python"));
    let typed = document
        .type_below(sample::TYPED_BELOW, sample::TYPED)
        .ok_or(SessionError::NoPlaceToType)?;
    client.notify(wire::DID_CHANGE, typed);
    Ok(document)
}

fn encoding_of(named: Option<String>) -> Result<Encoding, SessionError> {
    match named {
        None => Ok(Encoding::Utf16),
        Some(name) => [Encoding::Utf8, Encoding::Utf16]
            .into_iter()
            .find(|encoding| encoding.kind().as_str() == name)
            .ok_or(SessionError::Encoding(name)),
    }
}

fn uri_of(path: &Path) -> Result<Uri, SessionError> {
    Uri::from_file_path(path).ok_or_else(|| SessionError::NoUri(path.to_owned()))
}

async fn within<T>(
    patience: Duration,
    answer: impl Future<Output = Result<T, ClientError>>,
) -> Result<T, SessionError> {
    match timeout(patience, answer).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(SessionError::Silent(patience)),
    }
}

fn shaped<T: DeserializeOwned>(method: &str, params: Value) -> Result<T, SessionError> {
    serde_json::from_value(params).map_err(|source| SessionError::Unexpected {
        method: method.to_owned(),
        source,
    })
}
