//! Proposals of file changes: the texts behind an entry that is `proposed`.
//!
//! **Invariant.** A proposal is pending while its entry's state is `proposed` and has an open hunk;
//! [`decide`] keeps the two together in one transaction and refuses what is decided already.

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::json;

use super::contents::{self, ContentId};
use super::entries::{self, Write};
use super::{StoreError, Tx, json as json_column, mapped, parsed};
use crate::entries::proposal::hunks_between;
use crate::entries::{
    Action, Attributes, Decision, EntryPath, Hunk, Outcome, ProjectId, Proposal, RunId, State,
    TurnNumber, Writer,
};

/// What a file is proposed to become.
#[derive(Debug, Clone)]
pub struct Change<'a> {
    pub action: Action,
    pub target: &'a EntryPath,
    pub base: Option<&'a str>,
    pub after: &'a str,
}

/// Keeps the texts of a proposed entry, or replaces the proposed one while nobody was offered it.
pub fn put(
    tx: &Tx<'_>,
    run: RunId,
    path: &EntryPath,
    change: &Change<'_>,
) -> Result<(), StoreError> {
    let base = change
        .base
        .map(|text| contents::intern(tx, text))
        .transpose()?;
    let after = contents::intern(tx, change.after)?;
    let before: Option<i64> = tx
        .prepare_cached("SELECT after_id FROM proposals WHERE run_id = ?1 AND path = ?2")?
        .query_row(params![run.0, path.as_str()], |row| row.get(0))
        .optional()?;
    tx.prepare_cached(
        "INSERT INTO proposals (run_id, path, action, target, base_id, after_id, hunks)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (run_id, path) DO UPDATE SET after_id = excluded.after_id,
             hunks = excluded.hunks",
    )?
    .execute(params![
        run.0,
        path.as_str(),
        change.action.as_str(),
        change.target.as_str(),
        base.map(|id| id.0),
        after.0,
        hunks_text(&hunks_between(change.base, change.after)),
    ])?;
    if let Some(before) = before {
        // What it was to become, and the base that this one would have had by itself.
        contents::release(
            tx,
            [Some(before), base.map(|id| id.0)].into_iter().flatten(),
        )?;
    }
    Ok(())
}

const SELECT: &str = "SELECT proposals.*, views.turn FROM proposals
     JOIN views ON views.run_id = proposals.run_id AND views.path = proposals.path";

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

/// The pending proposals of a run, in the order in which they were made.
pub fn pending(connection: &Connection, run: RunId) -> Result<Vec<Proposal>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "{SELECT} WHERE views.run_id = ?1 AND views.state = 'proposed' ORDER BY views.id"
    ))?;
    let rows = statement.query_map([run.0], read_proposal)?;
    rows.map(|row| row?.filled(connection)).collect()
}

/// How many proposals of a run are pending.
pub fn count_pending(connection: &Connection, run: RunId) -> Result<u32, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT count(*) FROM views
             JOIN proposals ON proposals.run_id = views.run_id AND proposals.path = views.path
             WHERE views.run_id = ?1 AND views.state = 'proposed'",
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
    /// Why, for the model.
    pub reason: Option<&'a str>,
    /// The text that an acceptance replaced.
    pub replaced: Option<&'a str>,
}

/// Records a decision. The entry stays proposed while a hunk is open; with the last one it becomes
/// `resolved` (`partial` if some were rejected) or, all rejected, `failed` with `permission`.
/// Returns the proposal as it is then.
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
    let replaced = verdict
        .replaced
        .map(|text| contents::intern(tx, text))
        .transpose()?;
    tx.prepare_cached(
        "UPDATE proposals SET hunks = ?3, replaced_id = coalesce(replaced_id, ?4)
         WHERE run_id = ?1 AND path = ?2",
    )?
    .execute(params![
        run.0,
        path.as_str(),
        hunks_text(&proposal.hunks),
        replaced.map(|id| id.0)
    ])?;
    // The text that the first hunk replaced is the one that stays.
    contents::release(tx, replaced.map(|id| id.0))?;
    let mut write = Write::to(path.clone());
    let mut told = Attributes::new();
    if let Some(reason) = verdict.reason {
        told.insert("reason".to_owned(), json!(reason));
    }
    if let Some((state, outcome)) = ended(&proposal.hunks) {
        write = write.ended(state, outcome);
        told.insert("hunks".to_owned(), summary(&proposal.hunks));
    }
    write = write.attributes(told);
    entries::set(tx, run, Writer::Plugin, write)?;
    Ok(proposal)
}

/// Cancels what is pending: a new prompt leaves nothing of the last one open, an abort neither.
pub fn cancel_pending(
    tx: &mut Tx<'_>,
    run: RunId,
    outcome: &Outcome,
) -> Result<Vec<EntryPath>, StoreError> {
    let pending = pending(tx, run)?;
    let mut cancelled = Vec::with_capacity(pending.len());
    for proposal in pending {
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

/// A proposal that can be decided so: a pending one; and for an acceptance, which is recorded after
/// the text shows it, also one that was cancelled while the text was being changed.
fn open(
    tx: &Tx<'_>,
    run: RunId,
    path: &EntryPath,
    decision: Decision,
) -> Result<Proposal, StoreError> {
    let entry = entries::find(tx, run, path)?.ok_or_else(|| StoreError::NotFound {
        path: path.to_string(),
    })?;
    let late = decision == Decision::Accepted && entry.state == State::Cancelled;
    if entry.state != State::Proposed && !late {
        return Err(StoreError::NotProposed {
            path: path.to_string(),
            state: entry.state.to_string(),
        });
    }
    find(tx, run, path)?.ok_or_else(|| StoreError::NotFound {
        path: path.to_string(),
    })
}

fn ended(hunks: &[Hunk]) -> Option<(State, Option<Outcome>)> {
    if hunks.iter().any(Hunk::is_open) {
        return None;
    }
    let accepted = |hunk: &Hunk| hunk.decision == Some(Decision::Accepted);
    Some(if hunks.iter().all(accepted) {
        (State::Resolved, None)
    } else if hunks.iter().any(accepted) {
        (State::Resolved, Some(Outcome::Partial))
    } else {
        (State::Failed, Some(Outcome::Permission))
    })
}

/// `{"h1": "accepted", "h2": "rejected"}`: what the model is told.
fn summary(hunks: &[Hunk]) -> serde_json::Value {
    hunks
        .iter()
        .map(|hunk| (hunk.id.clone(), json!(hunk.decision)))
        .collect()
}

fn hunks_text(hunks: &[Hunk]) -> String {
    json!(hunks).to_string()
}

struct ProposalRow {
    proposal: Proposal,
    base: Option<ContentId>,
    after: ContentId,
}

impl ProposalRow {
    fn filled(self, connection: &Connection) -> Result<Proposal, StoreError> {
        let mut proposal = self.proposal;
        proposal.base = self
            .base
            .map(|id| contents::read(connection, id))
            .transpose()?;
        proposal.after = contents::read(connection, self.after)?;
        Ok(proposal)
    }
}

fn read_proposal(row: &Row<'_>) -> rusqlite::Result<ProposalRow> {
    let path = |column: &str| -> rusqlite::Result<EntryPath> {
        let text: String = row.get(column)?;
        EntryPath::parse(&text).map_err(|error| super::unreadable(row, column, error))
    };
    Ok(ProposalRow {
        proposal: Proposal {
            run: mapped(row, "run_id", RunId)?,
            path: path("path")?,
            turn: row.get::<_, Option<u32>>("turn")?.map(TurnNumber),
            action: parsed(row, "action")?,
            target: path("target")?,
            base: None,
            after: String::new(),
            hunks: json_column(row, "hunks")?,
        },
        base: row.get::<_, Option<i64>>("base_id")?.map(ContentId),
        after: mapped(row, "after_id", ContentId)?,
    })
}

/// Removes what is proposed at a path, if anything is, and the texts that only it held.
pub(super) fn drop_one(tx: &Tx<'_>, run: RunId, path: &EntryPath) -> Result<(), StoreError> {
    let held: Option<[Option<i64>; 3]> = tx
        .prepare_cached(
            "DELETE FROM proposals WHERE run_id = ?1 AND path = ?2
             RETURNING base_id, after_id, replaced_id",
        )?
        .query_row(params![run.0, path.as_str()], |row| {
            Ok([row.get(0)?, row.get(1)?, row.get(2)?])
        })
        .optional()?;
    contents::release(tx, held.into_iter().flatten().flatten())
}

/// The texts that a run's proposals hold.
pub(super) fn texts(connection: &Connection, run: RunId) -> Result<Vec<i64>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT base_id FROM proposals WHERE run_id = ?1 AND base_id IS NOT NULL
         UNION SELECT after_id FROM proposals WHERE run_id = ?1 AND after_id IS NOT NULL
         UNION SELECT replaced_id FROM proposals WHERE run_id = ?1 AND replaced_id IS NOT NULL",
    )?;
    let rows = statement.query_map([run.0], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
