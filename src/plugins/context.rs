//! What a handler works with and what it gives back: the turn that it stands in, the outcome of a
//! command, and the small things that the handlers of tags share.
//!
//! **Invariant.** Whatever a model wrote ends in a [`Handled`] or a [`Refusal`]; only a broken store is
//! a [`Problem`] that ends the loop.

use serde_json::json;

use super::{Plugins, file};
use crate::config::{Commands, Limits};
use crate::dialect::{BodyFilter, Tool};
use crate::entries::{
    Attributes, Entry, EntryPath, LoopId, Outcome, PathError, RunId, Scheme, TurnNumber,
    Visibility, Writer,
};
use crate::llm::tokens;
use crate::store::entries::{self, Access, Query, Write};
use crate::store::loops::Loop;
use crate::store::{Store, StoreError, Tx};

/// What a handler works with: the store and where in the run it stands.
pub struct TurnContext<'a> {
    pub plugins: &'a Plugins,
    pub store: &'a Store,
    pub run: RunId,
    pub in_loop: &'a Loop,
    pub turn: TurnNumber,
    pub limits: &'a Limits,
    pub commands: &'a Commands,
    /// Characters a token.
    pub divisor: f64,
    /// Whether the loop begins with this turn.
    pub first: bool,
    /// None where the loop was started without the workspace.
    pub files: Option<&'a file::Files>,
}

/// What became of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Handled {
    /// Nothing is recorded of it.
    Quiet,
    /// Done, and recorded there.
    Done(EntryPath),
    /// Waits for the user.
    Proposed,
}

/// Why a command was not carried out; the model reads it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    pub outcome: Outcome,
    pub message: String,
}

impl Refusal {
    /// A refusal with its outcome.
    pub fn new(outcome: Outcome, message: impl Into<String>) -> Self {
        Self {
            outcome,
            message: message.into(),
        }
    }

    /// Nothing is there under this path.
    pub fn not_found(path: &str) -> Self {
        Self::new(Outcome::NotFound, format!("not found: {path}"))
    }

    /// The command, or what it names, makes no sense.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(Outcome::Validation, message)
    }
}

/// A refusal, or a store that failed.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for Problem {
    /// What the store refuses is told to the model; what breaks it is not the model's doing.
    fn from(error: StoreError) -> Self {
        let outcome = match &error {
            StoreError::NotFound { .. } => Outcome::NotFound,
            StoreError::Forbidden { .. }
            | StoreError::Mirror { .. }
            | StoreError::Path(PathError::Outside(_)) => Outcome::Permission,
            StoreError::Path(_)
            | StoreError::Pattern(_)
            | StoreError::NoFolder { .. }
            | StoreError::NothingToSet { .. }
            | StoreError::NothingToAppend(_) => Outcome::Validation,
            _ => return Self::Store(error),
        };
        Self::Refused(Refusal::new(outcome, error.to_string()))
    }
}

impl From<PathError> for Problem {
    fn from(error: PathError) -> Self {
        StoreError::from(error).into()
    }
}

impl TurnContext<'_> {
    /// What the log keeps of a command: `log://turn_N/TOOL/TARGET` with this body.
    pub fn record(&self, tool: Tool, target: &str, body: &str) -> Write {
        let path = EntryPath::log(self.turn, tool.name(), target);
        Write::body(path, body).at(self.turn, self.in_loop.id)
    }

    /// Records a command that is done, in a transaction of its own.
    pub async fn done(
        &self,
        tool: Tool,
        target: &str,
        body: String,
        attributes: Attributes,
    ) -> Result<Handled, Problem> {
        let write = self.record(tool, target, &body).attributes(attributes);
        let run = self.run;
        let path = self
            .store
            .write(move |tx| entries::log(tx, run, write))
            .await?;
        Ok(Handled::Done(path))
    }

    /// The entries that a command's path and filter mean.
    pub async fn query(&self, given: &str, filter: Option<&str>) -> Result<Query, Problem> {
        let filter = filter
            .filter(|text| !text.is_empty())
            .map(BodyFilter::parse)
            .transpose()
            .map_err(StoreError::from)?;
        let (run, given) = (self.run, given.to_owned());
        Ok(self
            .store
            .read(move |connection| Query::named(connection, run, &given, filter))
            .await?)
    }

    /// The entries that a query means and the model may touch. A scheme that is closed to it is
    /// refused where the query names it.
    pub async fn meant(&self, query: &Query, access: Access) -> Result<Vec<Entry>, Problem> {
        let (run, query) = (self.run, query.clone());
        Ok(self
            .store
            .read(move |connection| {
                entries::open_to(connection, run, Writer::Model, &query, access)
            })
            .await?)
    }
}

/// The path that a command must name.
pub fn named(tool: Tool, path: Option<&str>) -> Result<&str, Refusal> {
    path.map(str::trim)
        .filter(|path| !path.is_empty())
        .ok_or_else(|| {
            let name = tool.name();
            Refusal::invalid(format!("<{name}> needs a path: <{name} path=\"…\">"))
        })
}

/// A visibility that a command names.
pub fn visibility(word: Option<&str>) -> Result<Option<Visibility>, Refusal> {
    word.map(str::parse)
        .transpose()
        .map_err(|error: crate::entries::UnknownWord| Refusal::invalid(error.to_string()))
}

/// `{"path": …}`: what every log entry of a command carries.
pub fn about(target: &str) -> Attributes {
    let mut attributes = Attributes::new();
    attributes.insert("path".to_owned(), json!(target));
    attributes
}

/// A list of entries with their sizes, as previews and results show it. A file that was not read is as
/// large as it is on the disk.
pub fn listing<'e>(head: &str, found: impl IntoIterator<Item = &'e Entry>, divisor: f64) -> String {
    let mut lines = vec![head.to_owned()];
    lines.extend(found.into_iter().map(|entry| {
        let tokens = tokens::estimate(file::chars(entry), divisor);
        format!("{} ({tokens} tokens)", entry.path)
    }));
    lines.join("\n")
}

/// Whether a path is a file's. A write to a file is a proposal; one to any other entry is not.
pub fn is_file(path: &EntryPath) -> bool {
    path.scheme() == Scheme::File
}

/// Tells the model in one log entry what was forgiven or ignored in its answer.
pub fn advise(
    tx: &mut Tx<'_>,
    run: RunId,
    turn: TurnNumber,
    in_loop: LoopId,
    advice: &str,
) -> Result<(), StoreError> {
    let path = EntryPath::log(turn, "advisory", "");
    entries::log(tx, run, Write::body(path, advice).at(turn, in_loop))?;
    Ok(())
}
