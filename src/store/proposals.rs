//! Proposals: what an entry that is `proposed` would do, the texts behind it, and what of it is
//! decided.
//!
//! **Invariant.** A proposal is pending while its entry's state is `proposed` and has an open hunk;
//! [`decide`] keeps the two together in one transaction and refuses what is decided already.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::json;

use super::contents::{self, ContentId};
use super::entries::{self, Write};
use super::{StoreError, Tx, json as json_column, mapped, parsed};
use crate::entries::{
    Action, Attributes, Decision, Effect, EntryPath, Hunk, Outcome, ProjectId, Proposal, RunId,
    State, TurnNumber, Writer,
};

/// Keeps what a proposed entry would do, or replaces it while nobody was offered it.
pub fn put(
    tx: &Tx<'_>,
    run: RunId,
    path: &EntryPath,
    action: Action,
    effect: &Effect,
) -> Result<(), StoreError> {
    let before = held_texts(tx, run, path)?;
    let (base, after) = texts_of(effect);
    let base = base.map(|text| contents::intern(tx, text)).transpose()?;
    let after = after.map(|text| contents::intern(tx, text)).transpose()?;
    tx.prepare_cached(
        "INSERT INTO proposals (run_id, path, action, effect, base_id, after_id, hunks)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (run_id, path) DO UPDATE SET effect = excluded.effect,
             base_id = excluded.base_id, after_id = excluded.after_id, hunks = excluded.hunks",
    )?
    .execute(params![
        run.0,
        path.as_str(),
        action.as_str(),
        json!(effect).to_string(),
        base.map(|id| id.0),
        after.map(|id| id.0),
        json!(effect.hunks()).to_string(),
    ])?;
    contents::release(tx, before.into_iter().flatten())
}

/// The texts of an effect: the one it was made against, and the one that results.
fn texts_of(effect: &Effect) -> (Option<&str>, Option<&str>) {
    match effect {
        Effect::Edit { base, after, .. } => (base.as_deref(), Some(after)),
        Effect::Delete { text, .. } => (Some(text), None),
        Effect::Copy { text, .. } => (None, Some(text)),
        Effect::Rename { .. } | Effect::Command { .. } | Effect::Question { .. } => (None, None),
    }
}

fn held_texts(
    connection: &Connection,
    run: RunId,
    path: &EntryPath,
) -> Result<[Option<i64>; 2], StoreError> {
    let held = connection
        .prepare_cached("SELECT base_id, after_id FROM proposals WHERE run_id = ?1 AND path = ?2")?
        .query_row(params![run.0, path.as_str()], |row| {
            Ok([row.get(0)?, row.get(1)?])
        })
        .optional()?;
    Ok(held.unwrap_or([None, None]))
}

const SELECT: &str = "SELECT proposals.*, views.turn, loops.model FROM proposals
     JOIN views ON views.run_id = proposals.run_id AND views.path = proposals.path
     LEFT JOIN loops ON loops.id = views.loop_id";

/// A proposal, whatever became of it.
pub fn find(
    connection: &Connection,
    run: RunId,
    path: &EntryPath,
) -> Result<Option<Proposal>, StoreError> {
    connection
        .prepare_cached(&format!(
            "{SELECT} WHERE proposals.run_id = ?1 AND proposals.path = ?2"
        ))?
        .query_row(params![run.0, path.as_str()], read_proposal)
        .optional()?
        .map(|row| row.filled(connection))
        .transpose()
}

/// The pending proposals of a run that the user was offered, in the order in which they were made.
pub fn pending(connection: &Connection, run: RunId) -> Result<Vec<Proposal>, StoreError> {
    open_ones(connection, run, true)
}

/// The proposals of a run that the user is still to be offered, in the order in which they were made.
pub fn unoffered(connection: &Connection, run: RunId) -> Result<Vec<Proposal>, StoreError> {
    open_ones(connection, run, false)
}

fn open_ones(
    connection: &Connection,
    run: RunId,
    offered: bool,
) -> Result<Vec<Proposal>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "{SELECT} WHERE views.run_id = ?1 AND views.state = 'proposed' AND proposals.offered = ?2
         ORDER BY views.id"
    ))?;
    let rows = statement.query_map(params![run.0, offered], read_proposal)?;
    rows.map(|row| row?.filled(connection)).collect()
}

/// The proposals of a run of which something was accepted and is so still, the newest acceptance
/// first.
pub fn accepted(connection: &Connection, run: RunId) -> Result<Vec<Proposal>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "{SELECT} WHERE proposals.run_id = ?1 AND proposals.accepted IS NOT NULL
         ORDER BY proposals.accepted DESC"
    ))?;
    let rows = statement.query_map([run.0], read_proposal)?;
    rows.map(|row| row?.filled(connection)).collect()
}

/// From now on the user is asked about what the run has proposed. Returns what is new to the user.
pub fn offer(tx: &Tx<'_>, run: RunId) -> Result<Vec<Proposal>, StoreError> {
    let new = unoffered(tx, run)?;
    tx.prepare_cached("UPDATE proposals SET offered = 1 WHERE run_id = ?1 AND offered = 0")?
        .execute([run.0])?;
    Ok(new)
}

/// How many proposals of a run wait for the user.
pub fn count_pending(connection: &Connection, run: RunId) -> Result<u32, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT count(*) FROM views
             JOIN proposals ON proposals.run_id = views.run_id AND proposals.path = views.path
             WHERE views.run_id = ?1 AND views.state = 'proposed' AND proposals.offered = 1",
        )?
        .query_row([run.0], |row| row.get(0))?)
}

/// The runs of a project that have something pending, oldest first.
pub fn runs_with_pending(
    connection: &Connection,
    project: ProjectId,
) -> Result<Vec<RunId>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT DISTINCT runs.id FROM runs
         JOIN views ON views.run_id = runs.id AND views.state = 'proposed'
         JOIN proposals ON proposals.run_id = views.run_id AND proposals.path = views.path
             AND proposals.offered = 1
         WHERE runs.project_id = ?1 ORDER BY runs.id",
    )?;
    let rows = statement.query_map([project.0], |row| row.get(0).map(RunId))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A word on some hunks of a proposal.
#[derive(Debug, Clone, Copy)]
pub struct Verdict<'a> {
    pub decision: Decision,
    pub hunks: &'a [String],
    /// What the user says with it: why it is rejected, or the answer to a question.
    pub words: Option<&'a str>,
}

/// Records a decision. The entry stays proposed while a hunk is open; with the last one it becomes
/// `resolved` (`partial` if some were rejected), `streaming` where a command runs now or, all
/// rejected, `failed` with `permission`. Returns the proposal as it is then.
pub fn decide(
    tx: &mut Tx<'_>,
    run: RunId,
    path: &EntryPath,
    verdict: Verdict<'_>,
) -> Result<Proposal, StoreError> {
    let mut proposal = open(tx, run, path, verdict.decision)?;
    for hunk in &mut proposal.hunks {
        if hunk.is_open() && verdict.hunks.contains(&hunk.id) {
            hunk.decision = Some(verdict.decision);
        }
    }
    keep_hunks(tx, &proposal)?;
    let mut write = Write::to(path.clone());
    let mut told = Attributes::new();
    match (verdict.decision, verdict.words, &proposal.effect) {
        (Decision::Accepted, Some(answer), Effect::Question { .. }) => {
            write.body = Some(answer.to_owned());
            write.append = false;
            told = entries::find(tx, run, path)?.map_or(told, |entry| entry.attributes);
            told.insert("answer".to_owned(), json!(answer));
        }
        (Decision::Rejected, Some(reason), _) => {
            told.insert("reason".to_owned(), json!(reason));
        }
        _ => {}
    }
    if let Some((state, outcome)) = ended(&proposal) {
        write = write.ended(state, outcome);
        if proposal.change().is_some() {
            told.insert("hunks".to_owned(), summary(&proposal.hunks));
        }
    }
    entries::set(tx, run, Writer::Plugin, write.attributes(told))?;
    Ok(proposal)
}

/// Records that accepted hunks were put back. Where nothing of the proposal is accepted any more its
/// entry says so. Returns the proposal as it is then.
pub fn undo(
    tx: &mut Tx<'_>,
    run: RunId,
    path: &EntryPath,
    hunks: &[String],
) -> Result<Proposal, StoreError> {
    let mut proposal = find(tx, run, path)?.ok_or_else(|| StoreError::NotFound {
        path: path.to_string(),
    })?;
    for hunk in &mut proposal.hunks {
        if hunk.is_accepted() && hunks.contains(&hunk.id) {
            hunk.decision = Some(Decision::Undone);
        }
    }
    keep_hunks(tx, &proposal)?;
    let mut told = Attributes::new();
    told.insert("hunks".to_owned(), summary(&proposal.hunks));
    let mut write = Write::to(path.clone()).attributes(told);
    let is_over = !proposal.hunks.iter().any(Hunk::is_open);
    if is_over && !proposal.hunks.iter().any(Hunk::is_accepted) {
        let outcome = Outcome::Reason("undone by the user".to_owned());
        write = write.ended(State::Cancelled, Some(outcome));
    }
    entries::set(tx, run, Writer::Plugin, write)?;
    Ok(proposal)
}

/// Keeps what is decided of the hunks, and that this is the run's newest acceptance if it is one.
fn keep_hunks(tx: &Tx<'_>, proposal: &Proposal) -> Result<(), StoreError> {
    let is_accepted = proposal.hunks.iter().any(Hunk::is_accepted);
    tx.prepare_cached(
        "UPDATE proposals SET hunks = ?3, accepted = iif(?4,
             (SELECT coalesce(max(accepted), 0) + 1 FROM proposals WHERE run_id = ?1), NULL)
         WHERE run_id = ?1 AND path = ?2",
    )?
    .execute(params![
        proposal.run.0,
        proposal.path.as_str(),
        json!(proposal.hunks).to_string(),
        is_accepted,
    ])?;
    Ok(())
}

/// Cancels what is pending: a new prompt leaves nothing of the last one open, an abort neither.
pub fn cancel_pending(
    tx: &mut Tx<'_>,
    run: RunId,
    outcome: &Outcome,
) -> Result<Vec<EntryPath>, StoreError> {
    let mut open = unoffered(tx, run)?;
    open.extend(pending(tx, run)?);
    let mut cancelled = Vec::with_capacity(open.len());
    for proposal in open {
        let write = Write::to(proposal.path.clone()).ended(State::Cancelled, Some(outcome.clone()));
        entries::set(tx, run, Writer::Plugin, write)?;
        cancelled.push(proposal.path);
    }
    Ok(cancelled)
}

/// Marks a pending proposal as one that the client could not carry out.
pub fn fail(
    tx: &mut Tx<'_>,
    run: RunId,
    path: &EntryPath,
    reason: Option<&str>,
) -> Result<(), StoreError> {
    open(tx, run, path, Decision::Rejected)?;
    let mut told = Attributes::new();
    told.insert("reason".to_owned(), json!(reason));
    let write = Write::to(path.clone())
        .ended(State::Failed, Some(Outcome::Error))
        .attributes(told);
    entries::set(tx, run, Writer::Plugin, write)
}

/// A proposal that can be decided so: a pending one; and for an acceptance of a change of a file, which
/// is recorded after the text shows it, also one that was cancelled while the text was being changed.
fn open(
    tx: &Tx<'_>,
    run: RunId,
    path: &EntryPath,
    decision: Decision,
) -> Result<Proposal, StoreError> {
    let entry = entries::find(tx, run, path)?.ok_or_else(|| StoreError::NotFound {
        path: path.to_string(),
    })?;
    let proposal = find(tx, run, path)?.ok_or_else(|| StoreError::NotFound {
        path: path.to_string(),
    })?;
    let late = decision == Decision::Accepted
        && entry.state == State::Cancelled
        && proposal.effect.target().is_some();
    if entry.state != State::Proposed && !late {
        return Err(StoreError::NotProposed {
            path: path.to_string(),
            state: entry.state.to_string(),
        });
    }
    Ok(proposal)
}

/// What becomes of the entry when all is decided.
fn ended(proposal: &Proposal) -> Option<(State, Option<Outcome>)> {
    let hunks = &proposal.hunks;
    if hunks.iter().any(Hunk::is_open) {
        return None;
    }
    // What was put back since had been accepted.
    let rejected = |hunk: &Hunk| hunk.decision == Some(Decision::Rejected);
    Some(if hunks.iter().all(rejected) {
        (State::Failed, Some(Outcome::Permission))
    } else if hunks.iter().any(rejected) {
        (State::Resolved, Some(Outcome::Partial))
    } else if let Effect::Command { .. } = proposal.effect {
        (State::Streaming, None)
    } else {
        (State::Resolved, None)
    })
}

/// `{"h1": "accepted", "h2": "rejected"}`: what the model is told.
fn summary(hunks: &[Hunk]) -> serde_json::Value {
    hunks
        .iter()
        .map(|hunk| (hunk.id.clone(), json!(hunk.decision)))
        .collect()
}

struct ProposalRow {
    proposal: Proposal,
    base: Option<ContentId>,
    after: Option<ContentId>,
}

impl ProposalRow {
    fn filled(self, connection: &Connection) -> Result<Proposal, StoreError> {
        let read = |id: Option<ContentId>| -> Result<Option<Arc<str>>, StoreError> {
            let text = id.map(|id| contents::read(connection, id)).transpose()?;
            Ok(text.map(Arc::from))
        };
        let (old, new) = (read(self.base)?, read(self.after)?);
        let mut proposal = self.proposal;
        match &mut proposal.effect {
            Effect::Edit { base, after, .. } => {
                *base = old;
                *after = kept(new, &proposal.path)?;
            }
            Effect::Delete { text, .. } => *text = kept(old, &proposal.path)?,
            Effect::Copy { text, .. } => *text = kept(new, &proposal.path)?,
            Effect::Rename { .. } | Effect::Command { .. } | Effect::Question { .. } => {}
        }
        Ok(proposal)
    }
}

/// A text that a proposal of its kind has.
fn kept(text: Option<Arc<str>>, path: &EntryPath) -> Result<Arc<str>, StoreError> {
    text.ok_or_else(|| StoreError::NotFound {
        path: format!("the text of {path}"),
    })
}

fn read_proposal(row: &Row<'_>) -> rusqlite::Result<ProposalRow> {
    let path: String = row.get("path")?;
    Ok(ProposalRow {
        proposal: Proposal {
            run: mapped(row, "run_id", RunId)?,
            path: EntryPath::parse(&path).map_err(|error| super::unreadable(row, "path", error))?,
            turn: row.get::<_, Option<u32>>("turn")?.map(TurnNumber),
            model: row.get("model")?,
            action: parsed(row, "action")?,
            offered: row.get("offered")?,
            effect: json_column(row, "effect")?,
            hunks: json_column(row, "hunks")?,
        },
        base: row.get::<_, Option<i64>>("base_id")?.map(ContentId),
        after: row.get::<_, Option<i64>>("after_id")?.map(ContentId),
    })
}

/// Removes what is proposed at a path, if anything is, and the texts that only it held.
pub(super) fn drop_one(tx: &Tx<'_>, run: RunId, path: &EntryPath) -> Result<(), StoreError> {
    let held = held_texts(tx, run, path)?;
    tx.prepare_cached("DELETE FROM proposals WHERE run_id = ?1 AND path = ?2")?
        .execute(params![run.0, path.as_str()])?;
    contents::release(tx, held.into_iter().flatten())
}

/// The texts that a run's proposals hold.
pub(super) fn texts(connection: &Connection, run: RunId) -> Result<Vec<i64>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT base_id FROM proposals WHERE run_id = ?1 AND base_id IS NOT NULL
         UNION SELECT after_id FROM proposals WHERE run_id = ?1 AND after_id IS NOT NULL",
    )?;
    let rows = statement.query_map([run.0], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
