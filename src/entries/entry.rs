//! An entry as one run sees it: the content and the run's view of it in one flat value.

use serde_json::{Map, Value};

use super::{EntryPath, LoopId, Outcome, RunStatus, Scheme, TurnNumber, words};

/// An entry's attributes: a JSON object, keys in the order in which they were written.
pub type Attributes = Map<String, Value>;

/// The row id of an entry's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntryId(pub i64);

/// The row id of a run's view of an entry. Grows with every entry that a run comes to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ViewId(pub i64);

words! {
    /// What has become of an entry.
    pub enum State ("state") {
        /// Waits for the user's word.
        Proposed = "proposed",
        /// Still being written.
        Streaming = "streaming",
        Resolved = "resolved",
        Failed = "failed",
        Cancelled = "cancelled",
    }
}

words! {
    /// How much of an entry the model is shown.
    pub enum Visibility ("visibility") {
        /// The whole body.
        Visible = "visible",
        /// A line or a few: what the entry is, not what it says.
        Summarized = "summarized",
        /// Nothing; patterns and `get` still find it.
        Archived = "archived",
    }
}

/// An entry of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub view: ViewId,
    pub id: EntryId,
    pub path: EntryPath,
    pub body: String,
    pub attributes: Attributes,
    pub state: State,
    pub outcome: Option<Outcome>,
    pub visibility: Visibility,
    /// The turn that wrote or promoted it last; none before the first turn.
    pub turn: Option<TurnNumber>,
    pub in_loop: Option<LoopId>,
    /// The number of the run's change that touched it last.
    pub changed: i64,
}

impl Entry {
    /// The scheme of its path.
    pub fn scheme(&self) -> Scheme {
        self.path.scheme()
    }

    /// The numeric status that stands for the entry's state in packets and notifications: the
    /// outcome's code where there is one, else the state's.
    pub fn status(&self) -> u16 {
        match (self.state, &self.outcome) {
            (State::Failed | State::Cancelled, Some(outcome)) => outcome.code(),
            (State::Resolved, _) => 200,
            (State::Proposed, _) => RunStatus::Waiting.code(),
            (State::Streaming, _) => RunStatus::Running.code(),
            (State::Cancelled, None) => RunStatus::Aborted.code(),
            (State::Failed, None) => RunStatus::Failed.code(),
        }
    }

    /// The status that is shown of it: the one that an `<update>` gave, else its own.
    pub fn shown_status(&self) -> u64 {
        let given = self.attributes.get("status").and_then(Value::as_u64);
        match (self.state, given) {
            (State::Resolved, Some(status)) => status,
            _ => self.status().into(),
        }
    }

    /// An attribute that is text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).and_then(Value::as_str)
    }
}
