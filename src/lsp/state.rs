//! `run/state`: a run's state as clients have it, and what of it is new to one of them.

use serde::Serialize;
use serde_json::{Value, json};

use crate::agent::Standing;
use crate::entries::{Attributes, Entry, Phase, RunAlias, RunId, Scheme, State, ViewId};
use crate::plugins::telemetry::Telemetry;
use crate::store::entries::{self, Query};
use crate::store::runs::Run;
use crate::store::{Store, StoreError, loops, proposals, runs};

/// What a client has been sent of a run's history.
#[derive(Debug, Clone, Default)]
pub struct Cursor {
    since: i64,
    retractions: i64,
    rows: Vec<ViewId>,
}

/// One row of the history.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HistoryItem {
    pub tool: String,
    /// What the command was about; the entry's own path where there is no such thing.
    pub path: String,
    pub status: u64,
    pub body: String,
    pub turn: Option<u32>,
    pub attributes: Attributes,
    /// The log entry itself.
    pub entry: String,
    /// Its place, where it is not simply the next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<usize>,
}

/// An open question.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Unknown {
    pub path: String,
    pub body: String,
}

/// The body of a `run/state`, and of `getRun`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RunState {
    pub run: RunAlias,
    pub turn: u32,
    pub status: u16,
    pub state: State,
    pub summary: String,
    pub history: Vec<HistoryItem>,
    pub history_from: usize,
    pub history_total: usize,
    pub unknowns: Vec<Unknown>,
    pub pending: u32,
    pub phase: &'static str,
    pub telemetry: Option<Value>,
}

/// Reads a run's state, as far as it is new behind `cursor`.
pub async fn read(
    store: &Store,
    run: RunId,
    mut cursor: Cursor,
) -> Result<(Run, RunState, Cursor), StoreError> {
    store
        .read(move |connection| {
            let found = runs::by_id(connection, run)?;
            if found.retractions != cursor.retractions {
                // Rows have gone: places have moved, and the client gets the history anew.
                cursor = Cursor {
                    retractions: found.retractions,
                    ..Cursor::default()
                };
            }
            let rows = entries::history_since(connection, run, cursor.since)?;
            let unknowns = entries::list(connection, run, &Query::of_scheme(Scheme::Unknown))?;
            let phase = loops::current(connection, run)?.map_or(Phase::Define, |l| l.phase);
            let pending = proposals::count_pending(connection, run)?;
            let (history, history_from) = cursor.take(rows);
            cursor.since = found.changes;
            let state = RunState {
                run: found.alias.clone(),
                turn: found.turn.map_or(0, |turn| turn.0),
                status: found.status.code(),
                state: found.status.state(),
                summary: found.summary.clone(),
                history,
                history_from,
                history_total: cursor.rows.len(),
                unknowns: unknowns.into_iter().map(Unknown::of).collect(),
                pending,
                phase: phase.name(),
                telemetry: None,
            };
            Ok((found, state, cursor))
        })
        .await
}

impl Cursor {
    /// The rows that are new, and those that changed with their places; and the place of the first
    /// new one.
    fn take(&mut self, rows: Vec<Entry>) -> (Vec<HistoryItem>, usize) {
        let from = self.rows.len();
        let mut items = Vec::with_capacity(rows.len());
        for row in rows {
            let known = self.rows[..from].iter().position(|view| *view == row.view);
            if known.is_none() {
                self.rows.push(row.view);
            }
            items.push(HistoryItem::of(row, known));
        }
        (items, from)
    }
}

impl HistoryItem {
    fn of(entry: Entry, index: Option<usize>) -> Self {
        let status = entry.shown_status();
        let tool = entry
            .path
            .action()
            .unwrap_or_else(|| entry.scheme().as_str());
        let path = entry.about().unwrap_or_else(|| entry.path.as_str());
        Self {
            tool: tool.to_owned(),
            path: path.to_owned(),
            status,
            turn: entry.turn.map(|turn| turn.0),
            entry: entry.path.as_str().to_owned(),
            index,
            body: entry.body,
            attributes: entry.attributes,
        }
    }
}

impl Unknown {
    fn of(entry: Entry) -> Self {
        Self {
            path: entry.path.as_str().to_owned(),
            body: entry.body,
        }
    }
}

impl RunState {
    /// Whether a client that has `before` learns nothing from this.
    pub fn says_nothing_beyond(&self, before: &Self) -> bool {
        let bare = |state: &Self| Self {
            history: Vec::new(),
            history_from: 0,
            telemetry: None,
            ..state.clone()
        };
        self.history.is_empty() && self.telemetry.is_none() && bare(self) == bare(before)
    }

    /// The state as a loop says that it stands.
    pub fn standing(mut self, standing: Option<Standing>) -> Self {
        if let Some(standing) = standing {
            self.status = standing.status.code();
            self.state = standing.status.state();
            self.phase = standing.phase.name();
            self.turn = standing.turn.map_or(self.turn, |turn| turn.0);
        }
        self
    }

    pub fn with_telemetry(mut self, telemetry: Option<&Telemetry>) -> Self {
        self.telemetry = telemetry.map(|telemetry| json!(telemetry));
        self
    }
}
