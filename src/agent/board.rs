//! What the packets of a run are drawn from: its rows, kept from turn to turn and from loop to loop, so
//! that a turn reads and renders only what has changed since the turn before.
//!
//! **Invariant.** After a refresh the rows are those of the store, whoever has changed them: a change
//! or a removal by another process is counted in the run's row, and found by that count.

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::entries::{Category, RunId, ViewId, Visibility};
use crate::plugins::{Row, TurnContext};
use crate::store::entries::Seen;
use crate::store::{StoreError, entries};

use super::job::Job;

/// How far the measured characters a token may be from those that the rows were drawn with. Every
/// change of that figure changes every row, and with them all that a provider has cached.
const DRIFT: f64 = 0.1;

/// The rows of a run, in the order of the packet: data in the order in which it changed last, then
/// all else, oldest first.
#[derive(Debug, Default)]
pub struct Board {
    rows: Vec<Row>,
    /// How far the rows have followed the run; none before the first look.
    seen: Option<Seen>,
    /// Characters a token that the rows' sizes are told with.
    divisor: f64,
    /// Characters of the rows that were drawn since the last packet was assembled.
    drawn: usize,
}

impl Board {
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Characters of the rows that were drawn since the last packet was assembled.
    pub const fn drawn(&self) -> usize {
        self.drawn
    }

    /// A packet is assembled from these rows.
    pub const fn assembled(&mut self) {
        self.drawn = 0;
    }

    /// Takes on what has changed.
    pub async fn refresh(&mut self, job: &Job, cx: &TurnContext<'_>) -> Result<(), StoreError> {
        let (run, divisor) = (cx.run, job.divisor());
        if (self.divisor - divisor).abs() > divisor * DRIFT {
            self.seen = None;
            self.divisor = divisor;
        }
        let seen = self.seen;
        let found = cx
            .store
            .read(move |connection| entries::in_packet(connection, run, seen))
            .await?;
        match (seen, found.left) {
            (None, _) => self.rows.clear(),
            (Some(_), Some(left)) => self.rows.retain(|row| left.contains(&row.view)),
            (Some(_), None) => {}
        }
        if !found.changed.is_empty() {
            if !self.rows.is_empty() {
                let changed: HashSet<ViewId> =
                    found.changed.iter().map(|entry| entry.view).collect();
                self.rows.retain(|row| !changed.contains(&row.view));
            }
            let shown = found
                .changed
                .into_iter()
                .filter(|entry| entry.visibility != Visibility::Archived);
            let drawn = shown.map(|entry| Row::of(cx.plugins, entry, self.divisor));
            let before = self.rows.len();
            self.rows.extend(drawn);
            self.drawn += self.rows[before..]
                .iter()
                .map(|row| row.chars + 1)
                .sum::<usize>();
            self.rows.sort_by_key(place);
        }
        self.seen = Some(found.seen);
        Ok(())
    }
}

/// How many boards are kept for runs that no loop drives: those that a user goes back and forth between.
const KEPT: usize = 4;

/// The boards of the runs that were driven last, between their loops.
#[derive(Debug, Default)]
pub struct Boards(Mutex<VecDeque<(RunId, Board)>>);

impl Boards {
    /// The board that a run's last loop left, or an empty one.
    pub fn take(&self, run: RunId) -> Board {
        let mut kept = self.kept();
        let at = kept.iter().position(|(of, _)| *of == run);
        let found = at.and_then(|at| kept.remove(at));
        found.map_or_else(Board::default, |(_, board)| board)
    }

    /// Keeps a run's board for its next loop.
    pub fn keep(&self, run: RunId, board: Board) {
        let mut kept = self.kept();
        kept.push_front((run, board));
        kept.truncate(KEPT);
    }

    fn kept(&self) -> MutexGuard<'_, VecDeque<(RunId, Board)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn place(row: &Row) -> (bool, i64) {
    match row.scheme().category() {
        Category::Data => (false, row.changed),
        _ => (true, row.view.0),
    }
}
