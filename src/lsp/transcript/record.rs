//! What the database knows of a run and of each of its turns.

use rusqlite::Connection;

use super::standing::Standing;
use crate::dialect::PathPattern;
use crate::entries::{Entry, EntryPath, LoopId, Proposal, RunId, Scheme, TurnNumber};
use crate::lsp::methods::runs::RunItem;
use crate::plugins::stream::CHANNELS;
use crate::store::entries::{self, Query};
use crate::store::loops::Loop;
use crate::store::runs::Run;
use crate::store::turns::{Figures, Turn};
use crate::store::{StoreError, local_time, loops, projects, proposals, turns};

/// A run as a whole.
pub struct Head {
    pub run: Run,
    pub standing: Standing,
    pub item: RunItem,
    /// The workspace folder: its URI and its path.
    pub workspace: String,
    pub root: String,
    pub created: String,
    pub totals: Figures,
    /// The turns that it took itself.
    pub turns: Vec<Turn>,
    pub loops: Vec<Loop>,
}

impl Head {
    pub fn read(connection: &Connection, run: Run) -> Result<Self, StoreError> {
        // A run's project is there as long as the run.
        let project = projects::find(connection, run.project)?;
        let (workspace, root) = project.map_or_else(
            || (String::new(), String::new()),
            |project| (project.name, project.root),
        );
        Ok(Self {
            item: RunItem::of(connection, &run)?,
            standing: Standing::of(connection, &run)?,
            workspace,
            root,
            created: local_time(connection, run.created_at)?,
            totals: turns::totals(connection, run.id)?,
            turns: turns::list(connection, run.id)?,
            loops: loops::list(connection, run.id)?,
            run,
        })
    }

    /// How many turns were taken before the run was forked: those are its parent's.
    pub fn inherited(&self) -> u32 {
        match self.turns.first() {
            Some(first) => first.number.0 - 1,
            None => self.run.turn.map_or(0, |turn| turn.0),
        }
    }

    pub fn loop_of(&self, turn: &Turn) -> Option<&Loop> {
        self.loops.iter().find(|asked| asked.id == turn.in_loop)
    }

    /// How a loop stands: it goes on only where the run does.
    pub fn standing_of(&self, asked: &Loop) -> Standing {
        Standing {
            status: asked.status,
            outcome: asked.outcome.clone(),
            abandoned: asked.status.is_active() && self.standing.abandoned,
        }
    }

    /// Whether a turn is the last one of its loop so far.
    pub fn ends_loop(&self, turn: &Turn) -> bool {
        let last = |id: LoopId| self.turns.iter().rev().find(|turn| turn.in_loop == id);
        last(turn.in_loop).is_some_and(|last| last.number == turn.number)
    }

    /// The prompts that no turn has begun to answer.
    pub fn without_turns(&self) -> impl Iterator<Item = &Loop> {
        let taken = |id: LoopId| self.turns.iter().any(|turn| turn.in_loop == id);
        self.loops.iter().filter(move |asked| !taken(asked.id))
    }
}

/// A turn with all that was kept of it.
pub struct Record {
    pub turn: Turn,
    pub at: String,
    /// What the user asked, where a turn begins to answer it.
    pub prompt: Option<String>,
    pub packet: Option<Packet>,
    pub reasoning: Option<String>,
    pub answer: Answer,
    pub deeds: Vec<Deed>,
}

/// The two messages of a model call, as they were sent.
pub struct Packet {
    pub system: String,
    pub user: String,
}

/// What the model wrote.
pub enum Answer {
    Text(String),
    /// It answered, and not with text.
    Empty,
    /// It answered, and what it said is no longer there.
    Removed,
    /// No answer has come.
    None,
}

/// A log entry of a turn, the proposal behind it, and what its command has printed.
pub struct Deed {
    pub entry: Entry,
    pub proposal: Option<Proposal>,
    pub channels: Vec<Entry>,
}

impl Record {
    pub fn read(connection: &Connection, run: RunId, turn: Turn) -> Result<Self, StoreError> {
        let number = turn.number;
        let text = |scheme: Scheme| {
            let path = EntryPath::of_turn(scheme, number);
            Ok::<_, StoreError>(entries::find(connection, run, &path)?.map(|entry| entry.body))
        };
        // Empty texts are not kept.
        let sent = (text(Scheme::System)?, text(Scheme::User)?);
        let packet = match sent {
            (None, None) => None,
            (system, user) => Some(Packet {
                system: system.unwrap_or_else(String::new),
                user: user.unwrap_or_else(String::new),
            }),
        };
        let answer = match text(Scheme::Assistant)? {
            Some(text) => Answer::Text(text),
            None if !turn.answered => Answer::None,
            None if packet.is_some() => Answer::Empty,
            None => Answer::Removed,
        };
        Ok(Self {
            at: local_time(connection, turn.created_at)?,
            prompt: text(Scheme::Prompt)?,
            reasoning: text(Scheme::Reasoning)?,
            deeds: deeds(connection, run, number)?,
            packet,
            answer,
            turn,
        })
    }
}

/// The log of a turn, in the order in which it was written.
fn deeds(connection: &Connection, run: RunId, turn: TurnNumber) -> Result<Vec<Deed>, StoreError> {
    let pattern = PathPattern::parse(EntryPath::log(turn, "**", "").as_str())?;
    let mut logged = entries::list(connection, run, &Query::matching(pattern, None))?;
    logged.sort_by_key(|entry| entry.view);
    logged
        .into_iter()
        .map(|entry| {
            let proposal = proposals::find(connection, run, &entry.path)?;
            let mut channels = Vec::new();
            for path in CHANNELS.iter().filter_map(|n| entry.path.channel(*n)) {
                channels.extend(entries::find(connection, run, &path)?);
            }
            Ok(Deed {
                entry,
                proposal,
                channels,
            })
        })
        .collect()
}
