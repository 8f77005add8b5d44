//! What a loop tells while it works. Events are signals: what they are about is in the store, and
//! a listener that missed some loses nothing but the moment. Only the text that streams in is not
//! kept anywhere else until the answer is whole.

use std::sync::Arc;

use serde::Serialize;
use tokio::sync::broadcast;

use crate::entries::{EntryPath, Phase, ProjectId, RunAlias, RunId, RunStatus, TurnNumber};
use crate::plugins::telemetry::Telemetry;
use crate::store::runs::Run;

/// Events that a slow listener may fall behind.
const BACKLOG: usize = 4096;

/// Which run an event is about. A run that was renamed meanwhile may be told of under the name that
/// it had when its loop began: listeners know it by its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    pub run: RunId,
    pub project: ProjectId,
    pub alias: RunAlias,
}

impl Subject {
    /// The run as it is stored.
    pub fn of(run: Run) -> Self {
        Self {
            run: run.id,
            project: run.project,
            alias: run.alias,
        }
    }
}

/// Something that happened in a run.
#[derive(Debug, Clone)]
pub struct Event {
    pub subject: Subject,
    pub kind: EventKind,
}

/// What happened.
#[derive(Debug, Clone)]
pub enum EventKind {
    /// The run's state has changed: its status, its history or, once a turn, its figures.
    State {
        /// Where the loop stands, said by the loop; none where something else has changed.
        standing: Option<Standing>,
        telemetry: Option<Arc<Telemetry>>,
    },
    /// Where a turn stands.
    Progress {
        turn: TurnNumber,
        activity: Activity,
        detail: Option<String>,
        /// Tokens that are free, or of the answer so far while it streams.
        tokens: Option<u64>,
    },
    /// A piece of the answer.
    Text {
        turn: TurnNumber,
        kind: TextKind,
        /// Where the piece begins in the answer, in bytes of UTF-8.
        offset: usize,
        text: String,
    },
    /// Output of a command that runs.
    Chunk {
        /// The command's log entry.
        path: EntryPath,
        channel: u32,
        chunk: String,
    },
    /// A command was cut off.
    Cancelled { path: EntryPath, reason: String },
    /// The run's set of pending proposals has changed.
    Proposals,
    /// The run is no more.
    Deleted,
}

/// Where a loop stood when it told an event. By the time a listener reads the store the loop may be
/// further on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub status: RunStatus,
    pub turn: Option<TurnNumber>,
    pub phase: Phase,
}

/// What a turn is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Activity {
    Thinking,
    Streaming,
    Processing,
    Retrying,
}

/// What a streamed text is a piece of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TextKind {
    Answer,
    Reasoning,
}

/// Where events are told.
#[derive(Debug, Clone)]
pub struct Events(broadcast::Sender<Event>);

impl Events {
    pub fn new() -> Self {
        Self(broadcast::Sender::new(BACKLOG))
    }

    /// Tells everybody who listens.
    pub fn tell(&self, subject: &Subject, kind: EventKind) {
        // Nobody listens: nobody has to be told.
        let _ = self.0.send(Event {
            subject: subject.clone(),
            kind,
        });
    }

    /// Tells that something in a run's state has changed that no loop says more about.
    pub fn tell_changed(&self, subject: &Subject) {
        let kind = EventKind::State {
            standing: None,
            telemetry: None,
        };
        self.tell(subject, kind);
    }

    /// Follows what is told from now on.
    pub fn listen(&self) -> broadcast::Receiver<Event> {
        self.0.subscribe()
    }
}

impl Default for Events {
    fn default() -> Self {
        Self::new()
    }
}
