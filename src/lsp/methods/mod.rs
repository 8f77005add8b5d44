//! The one table of methods. Each exists twice with the same parameters and result: as the request
//! `rummy/NAME` and as the workspace command `rummy.NAME`. A file a method or group.

pub mod abort;
pub mod accept;
pub mod answer;
pub mod confirm;
pub mod constraints;
pub mod diff;
pub mod discover;
pub mod document;
pub mod entries;
pub mod get_entries;
pub mod library;
pub mod lifecycle;
pub mod models;
pub mod ping;
pub mod reject;
pub mod runs;
pub mod settings;
pub mod start;
pub mod stream;
pub mod text_document_content;
pub mod trust;
pub mod undo;

use std::future::Future;

use futures::FutureExt;
use futures::future::BoxFuture;
use schemars::{JsonSchema, Schema, schema_for};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::hub::{Editors, Engine};
use super::session::{Folder, SessionHandle};
use super::types::jsonrpc::{Error, ErrorCode};
use crate::agent::StartError;
use crate::entries::{AliasError, EntryPath, PathError, RunAlias, UnknownWord};
use crate::llm::LlmError;
use crate::plugins::stream::StreamError;
use crate::store::runs::Run;
use crate::store::{Store, StoreError};

/// What every request's name begins with; a command's begins with the same word and a dot.
const REQUESTS: &str = "rummy/";
const COMMANDS: &str = "rummy.";

/// A method of the table.
pub trait Method {
    /// The name behind `rummy/`.
    const NAME: &'static str;
    const DESCRIPTION: &'static str;
    /// Whether an answer may take longer than a moment.
    const LONG_RUNNING: bool = false;

    type Params: DeserializeOwned + JsonSchema + Send + 'static;
    type Output: Serialize + Send;

    fn call(
        cx: Context,
        params: Self::Params,
    ) -> impl Future<Output = Result<Self::Output, MethodError>> + Send;

    /// The name of the workspace command.
    fn command_name() -> String {
        command(Self::NAME)
    }
}

/// A row of the table.
pub struct Row {
    pub name: &'static str,
    pub description: &'static str,
    pub long_running: bool,
    pub schema: fn() -> Schema,
    call: fn(Context, Value) -> BoxFuture<'static, Result<Value, MethodError>>,
}

/// Every method.
pub const TABLE: &[Row] = &[
    row::<ping::Ping>(),
    row::<discover::Discover>(),
    row::<entries::Set>(),
    row::<entries::Get>(),
    row::<entries::Rm>(),
    row::<entries::Cp>(),
    row::<entries::Mv>(),
    row::<entries::Update>(),
    row::<start::Ask>(),
    row::<start::Act>(),
    row::<lifecycle::Inject>(),
    row::<abort::Abort>(),
    row::<lifecycle::Rename>(),
    row::<settings::Configure>(),
    row::<accept::Accept>(),
    row::<confirm::Confirm>(),
    row::<reject::Reject>(),
    row::<answer::Answer>(),
    row::<undo::Undo>(),
    row::<lifecycle::DeleteRun>(),
    row::<diff::Diff>(),
    row::<runs::GetRuns>(),
    row::<runs::GetRun>(),
    row::<get_entries::GetEntries>(),
    row::<models::GetModels>(),
    row::<models::AddModel>(),
    row::<models::RemoveModel>(),
    row::<constraints::Constrain>(),
    row::<constraints::Drop>(),
    row::<constraints::GetConstraints>(),
    row::<library::AddSkill>(),
    row::<library::RemoveSkill>(),
    row::<library::GetSkills>(),
    row::<library::ListSkills>(),
    row::<library::SetPersona>(),
    row::<library::ListPersonas>(),
    row::<trust::Trust>(),
    row::<stream::Stream>(),
    row::<stream::Completed>(),
    row::<stream::Aborted>(),
    row::<stream::Cancel>(),
    row::<text_document_content::TextDocumentContent>(),
];

const fn row<M: Method>() -> Row {
    Row {
        name: M::NAME,
        description: M::DESCRIPTION,
        long_running: M::LONG_RUNNING,
        schema: || schema_for!(M::Params),
        call: |cx, params| {
            async move {
                let params = parameters(without_tokens(params))?;
                let output = M::call(cx, params).await?;
                serde_json::to_value(output)
                    .map_err(|error| MethodError::Internal(error.to_string()))
            }
            .boxed()
        },
    }
}

/// The workspace command of a method; a slash in the name becomes a dot.
pub fn command(name: &str) -> String {
    format!("{COMMANDS}{}", name.replace('/', "."))
}

/// The request of a method.
pub fn request(name: &str) -> String {
    format!("{REQUESTS}{name}")
}

/// The method behind a request's name.
pub fn by_request(method: &str) -> Option<&'static Row> {
    let name = method.strip_prefix(REQUESTS)?;
    TABLE.iter().find(|row| row.name == name)
}

/// The method behind a workspace command.
pub fn by_command(name: &str) -> Option<&'static Row> {
    TABLE.iter().find(|row| command(row.name) == name)
}

impl Row {
    pub fn call(
        &self,
        cx: Context,
        params: Value,
    ) -> BoxFuture<'static, Result<Value, MethodError>> {
        (self.call)(cx, params)
    }
}

/// Parameters without what any request of the protocol may carry beside them.
fn without_tokens(mut params: Value) -> Value {
    if let Value::Object(fields) = &mut params {
        for token in ["workDoneToken", "partialResultToken"] {
            fields.shift_remove(token);
        }
    }
    params
}

/// Reads parameters; an error names the field.
fn parameters<P: DeserializeOwned>(params: Value) -> Result<P, MethodError> {
    let params = match params {
        Value::Null => json!({}),
        params => params,
    };
    serde_path_to_error::deserialize(params).map_err(|error| {
        let place = error.path().to_string();
        let why = error.into_inner();
        MethodError::InvalidParams(match place.as_str() {
            "." => why.to_string(),
            field => format!("{field}: {why}"),
        })
    })
}

/// What a method works with.
#[derive(Clone)]
pub struct Context {
    pub session: SessionHandle,
    pub engine: Engine,
}

/// Why a method was not carried out. Each kind has one code.
#[derive(Debug, thiserror::Error)]
pub enum MethodError {
    #[error("{0}")]
    InvalidParams(String),
    #[error("there is no method {0}")]
    UnknownMethod(String),
    #[error("{0}")]
    NotFound(String),
    #[error("{0}")]
    Forbidden(String),
    #[error("{0}")]
    Conflict(String),
    #[error("{0}")]
    Busy(String),
    #[error("{0}")]
    NoModel(String),
    #[error("{0}")]
    Internal(String),
}

impl MethodError {
    /// The word in `data.kind`, and the code.
    pub const fn kind(&self) -> (&'static str, ErrorCode) {
        match self {
            Self::InvalidParams(_) => ("invalid_params", ErrorCode::InvalidParams),
            Self::UnknownMethod(_) => ("unknown_method", ErrorCode::MethodNotFound),
            Self::NotFound(_) => ("not_found", ErrorCode::ServerError(404)),
            Self::Forbidden(_) => ("forbidden", ErrorCode::ServerError(403)),
            Self::Conflict(_) => ("conflict", ErrorCode::ServerError(409)),
            Self::Busy(_) => ("busy", ErrorCode::ServerError(423)),
            Self::NoModel(_) => ("no_model", ErrorCode::ServerError(424)),
            Self::Internal(_) => ("internal", ErrorCode::InternalError),
        }
    }

    /// A parameter that cannot be used, by its name.
    pub fn parameter(name: &str, why: impl std::fmt::Display) -> Self {
        Self::InvalidParams(format!("{name}: {why}"))
    }
}

impl From<MethodError> for Error {
    fn from(error: MethodError) -> Self {
        let (kind, code) = error.kind();
        Self {
            code,
            message: error.to_string().into(),
            data: Some(json!({"kind": kind})),
        }
    }
}

impl From<StoreError> for MethodError {
    fn from(error: StoreError) -> Self {
        let message = error.to_string();
        match error {
            StoreError::NotFound { .. } | StoreError::NoRun(_) | StoreError::NoModel(_) => {
                Self::NotFound(message)
            }
            StoreError::Forbidden { .. }
            | StoreError::Mirror { .. }
            | StoreError::Path(PathError::Outside(_)) => Self::Forbidden(message),
            StoreError::Path(_) | StoreError::Pattern(_) => Self::parameter("path", message),
            StoreError::NoFolder { .. } => Self::parameter("to", message),
            StoreError::NothingToSet { .. } | StoreError::NothingToAppend(_) => {
                Self::InvalidParams(message)
            }
            StoreError::AliasTaken(_) | StoreError::NotProposed { .. } => Self::Conflict(message),
            StoreError::Leased { .. } | StoreError::Active(_) => Self::Busy(message),
            _ => Self::Internal(message),
        }
    }
}

impl From<StreamError> for MethodError {
    fn from(error: StreamError) -> Self {
        let message = error.to_string();
        match error {
            StreamError::NoCommand(_) => Self::parameter("path", message),
            StreamError::NoChannel { .. } => Self::parameter("channel", message),
            StreamError::NotFound(_) => Self::NotFound(message),
            StreamError::ByServer(_) => Self::Forbidden(message),
            StreamError::Pending(_) | StreamError::Ended { .. } => Self::Conflict(message),
            StreamError::Elsewhere(_) => Self::Busy(message),
            StreamError::Store(error) => error.into(),
        }
    }
}

impl From<StartError> for MethodError {
    fn from(error: StartError) -> Self {
        let message = error.to_string();
        match error {
            StartError::NoPrompt => Self::parameter("prompt", message),
            StartError::Model(error) => error.into(),
            StartError::ForeignRun(_) => Self::Forbidden(message),
            StartError::Store(error) => error.into(),
        }
    }
}

impl From<LlmError> for MethodError {
    fn from(error: LlmError) -> Self {
        Self::NoModel(error.to_string())
    }
}

impl From<AliasError> for MethodError {
    fn from(error: AliasError) -> Self {
        Self::parameter("run", error)
    }
}

impl From<UnknownWord> for MethodError {
    fn from(error: UnknownWord) -> Self {
        Self::InvalidParams(error.to_string())
    }
}

impl Context {
    pub fn store(&self) -> &Store {
        self.engine.supervisor.store()
    }

    pub fn editors(&self) -> &Editors {
        &self.engine.editors
    }

    /// Asks the session's actor. An error only when the session ends meanwhile.
    pub async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut super::session::Session) -> T + Send + 'static,
    ) -> Result<T, MethodError> {
        self.session
            .ask(question)
            .await
            .ok_or_else(|| MethodError::Internal("the session has ended".to_owned()))
    }

    /// The run that a client names.
    pub async fn run(&self, alias: &str) -> Result<Run, MethodError> {
        let alias: RunAlias = alias.parse()?;
        self.store()
            .read(move |connection| {
                crate::store::runs::by_alias(connection, &alias)?
                    .ok_or_else(|| StoreError::NoRun(alias.to_string()))
            })
            .await
            .map_err(MethodError::from)
    }

    /// The workspace folder that a client means.
    pub async fn folder(&self, named: Option<String>) -> Result<Folder, MethodError> {
        self.ask(move |session| {
            if let Some(folder) = session.folder(named.as_deref()) {
                return Ok(folder.clone());
            }
            let open: Vec<&str> = session.folders.iter().map(|f| f.uri.as_str()).collect();
            Err(match (named, open.len()) {
                (_, 0) => MethodError::NotFound(
                    "no workspace folder is open; open one to work with runs".to_owned(),
                ),
                (Some(uri), _) => MethodError::NotFound(format!(
                    "{uri} is no workspace folder of this session; there are {}",
                    open.join(", ")
                )),
                (None, _) => MethodError::parameter(
                    "workspace",
                    format!("several folders are open; name one of {}", open.join(", ")),
                ),
            })
        })
        .await?
    }
}

/// An entry path that a client names in a field.
pub fn entry_path(field: &str, text: &str) -> Result<EntryPath, MethodError> {
    EntryPath::parse(text).map_err(|error| match error {
        PathError::Outside(_) => MethodError::Forbidden(format!("{field}: {error}")),
        error => MethodError::parameter(field, error),
    })
}

/// `{}`: the parameters of methods that take none.
#[derive(Debug, serde::Deserialize, JsonSchema)]
pub struct NoParams {}

/// `{ok: true}`.
#[derive(Debug, Serialize)]
pub struct Done {
    pub ok: bool,
}

impl Done {
    pub const OK: Self = Self { ok: true };
}
