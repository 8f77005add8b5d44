//! Transcripts that were laid out already. Of a run that goes on only the turns are read again of which
//! something has changed since.

use std::collections::{HashSet, VecDeque};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;

use super::markdown;
use super::record::{Head, Record};
use super::standing::Standing;
use crate::entries::{EntryPath, RunAlias, RunId, Scheme, TurnNumber};
use crate::store::turns::Turn;
use crate::store::{Store, StoreError, entries, runs};

/// How many runs' transcripts are remembered.
const MOST: usize = 8;

/// The transcripts that were read last.
#[derive(Debug, Default)]
pub struct Transcripts(Mutex<VecDeque<Arc<Kept>>>);

/// A transcript as it was at one moment.
#[derive(Debug)]
struct Kept {
    run: RunId,
    /// The run's counts of changes and of removed views at that moment.
    changes: i64,
    removals: i64,
    head: String,
    turns: Vec<KeptTurn>,
    rest: String,
    text: Arc<str>,
}

#[derive(Debug, Clone)]
struct KeptTurn {
    turn: Turn,
    /// How its loop stands, where that is told with the turn.
    standing: Option<Standing>,
    text: Arc<str>,
}

/// Why there is no transcript.
#[derive(Debug, thiserror::Error)]
pub enum TranscriptError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the transcript cannot be laid out: {0}")]
    Layout(#[from] io::Error),
}

impl Transcripts {
    /// The transcript of a run as it is now.
    pub async fn text(&self, store: &Store, alias: RunAlias) -> Result<Arc<str>, TranscriptError> {
        let known = self.known();
        let kept = store
            .read(move |connection| {
                let run = runs::by_alias(connection, &alias)?
                    .ok_or_else(|| StoreError::NoRun(alias.to_string()))?;
                let before = known.into_iter().find(|kept| kept.run == run.id);
                let head = Head::read(connection, run)?;
                Ok(Kept::read(connection, &head, before))
            })
            .await??;
        let text = Arc::clone(&kept.text);
        self.keep(kept);
        Ok(text)
    }

    fn known(&self) -> VecDeque<Arc<Kept>> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn keep(&self, kept: Arc<Kept>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|other| other.run != kept.run);
        all.push_back(kept);
        if all.len() > MOST {
            all.pop_front();
        }
    }
}

impl Kept {
    fn read(
        connection: &Connection,
        head: &Head,
        before: Option<Arc<Self>>,
    ) -> Result<Arc<Self>, TranscriptError> {
        let run = &head.run;
        // Views that went leave no trace of which they were.
        let before = before.filter(|before| before.removals == run.removals);
        let touched = match &before {
            Some(before) => touched(connection, run.id, before.changes)?,
            None => HashSet::new(),
        };
        let mut turns = Vec::with_capacity(head.turns.len());
        for (at, turn) in head.turns.iter().enumerate() {
            let standing = standing(head, turn);
            let same = before.as_ref().and_then(|before| before.turns.get(at));
            let same = same.filter(|kept| {
                !touched.contains(&turn.number) && kept.turn == *turn && kept.standing == standing
            });
            turns.push(match same {
                Some(kept) => kept.clone(),
                None => KeptTurn {
                    text: laid_out(connection, head, turn)?,
                    turn: turn.clone(),
                    standing,
                },
            });
        }
        let (top, rest) = (markdown::head(head), markdown::without_turns(head)?);
        let text = before
            .filter(|before| before.says(&top, &turns, &rest))
            .map(|before| Arc::clone(&before.text));
        Ok(Arc::new(Self {
            run: run.id,
            changes: run.changes,
            removals: run.removals,
            text: text.unwrap_or_else(|| joined(&top, &turns, &rest)),
            head: top,
            turns,
            rest,
        }))
    }

    /// Whether its text consists of these very parts.
    fn says(&self, head: &str, turns: &[KeptTurn], rest: &str) -> bool {
        let is_same = |(kept, turn): (&KeptTurn, &KeptTurn)| Arc::ptr_eq(&kept.text, &turn.text);
        self.head == head
            && self.rest == rest
            && self.turns.len() == turns.len()
            && self.turns.iter().zip(turns).all(is_same)
    }
}

fn laid_out(
    connection: &Connection,
    head: &Head,
    turn: &Turn,
) -> Result<Arc<str>, TranscriptError> {
    let record = Record::read(connection, head.run.id, turn.clone())?;
    Ok(Arc::from(markdown::turn(head, &record)?))
}

fn joined(head: &str, turns: &[KeptTurn], rest: &str) -> Arc<str> {
    let mut text = head.to_owned();
    for turn in turns {
        text.push_str(&turn.text);
    }
    text.push_str(rest);
    Arc::from(text)
}

/// How a turn's loop stands, as far as the turn's text depends on it.
fn standing(head: &Head, turn: &Turn) -> Option<Standing> {
    let asked = head.loop_of(turn)?;
    (head.ends_loop(turn) || !turn.answered).then(|| head.standing_of(asked))
}

/// The turns of which some entry has changed.
fn touched(
    connection: &Connection,
    run: RunId,
    since: i64,
) -> Result<HashSet<TurnNumber>, StoreError> {
    let changed = entries::changed_since(connection, run, since)?;
    Ok(changed.iter().filter_map(turn_of).collect())
}

/// The turn whose record an entry belongs to, by its path.
fn turn_of(path: &EntryPath) -> Option<TurnNumber> {
    let first = path.rest().split('/').next()?;
    let number = match path.scheme() {
        Scheme::Log | Scheme::Sh | Scheme::Env => first.strip_prefix("turn_")?,
        Scheme::Prompt | Scheme::System | Scheme::User | Scheme::Assistant | Scheme::Reasoning => {
            first
        }
        _ => return None,
    };
    match number.parse() {
        Ok(number) => Some(TurnNumber(number)),
        // A channel of another name: no record shows it.
        Err(_) => None,
    }
}
