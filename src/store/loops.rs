//! Loops: a run's queue of prompts, first in first out, one active at a time.

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};

use super::{StoreError, Tx, json, mapped, now_ms, parsed, parsed_optional};
use crate::entries::{AutoAccept, LoopId, Mode, Outcome, Phase, Review, RunId, RunStatus};

/// What a loop was started with, kept so that it survives a restart and goes on to the follow-up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are the protocol's flags, each of its own meaning"
)]
pub struct LoopConfig {
    pub no_repo: bool,
    pub no_interaction: bool,
    pub no_web: bool,
    pub no_proposals: bool,
    pub review: Review,
    pub auto_accept: AutoAccept,
    /// Workspace files that are shown from the start.
    pub files: Vec<String>,
    pub selection: Option<Selection>,
}

impl Default for LoopConfig {
    fn default() -> Self {
        Self {
            no_repo: false,
            no_interaction: false,
            no_web: false,
            no_proposals: false,
            review: Review::Batch,
            auto_accept: AutoAccept::None,
            files: Vec::new(),
            selection: None,
        }
    }
}

/// What the user had selected when the loop was started.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Selection {
    pub path: String,
    /// Lines, from 1, the last included.
    pub first: u32,
    pub last: u32,
    pub text: String,
}

/// A loop as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Loop {
    pub id: LoopId,
    pub run: RunId,
    pub mode: Mode,
    pub model: String,
    pub prompt: String,
    pub config: LoopConfig,
    pub phase: Phase,
    pub status: RunStatus,
    pub outcome: Option<Outcome>,
}

/// A prompt that is to be queued.
#[derive(Debug, Clone)]
pub struct NewLoop<'a> {
    pub mode: Mode,
    pub model: &'a str,
    pub prompt: &'a str,
    pub config: &'a LoopConfig,
    /// It joins the loop that is active when its next turn begins, and is a loop of its own only
    /// where there is none of its mode.
    pub joins: bool,
}

/// Puts a prompt at the end of the run's queue.
pub fn enqueue(tx: &Tx<'_>, run: RunId, new: &NewLoop<'_>) -> Result<LoopId, StoreError> {
    let sequence: i64 = tx
        .prepare_cached(
            "UPDATE runs SET next_loop = next_loop + 1 WHERE id = ?1 RETURNING next_loop - 1",
        )?
        .query_row([run.0], |row| row.get(0))?;
    let config = serde_json::to_string(new.config).map_err(|error| StoreError::Corrupt {
        what: "loop configuration",
        why: error.to_string(),
    })?;
    tx.prepare_cached(
        "INSERT INTO loops (run_id, sequence, mode, model, prompt, config, joins, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![
        run.0,
        sequence,
        new.mode.as_str(),
        new.model,
        new.prompt,
        config,
        new.joins,
        now_ms()
    ])?;
    Ok(LoopId(tx.last_insert_rowid()))
}

/// Takes the oldest queued loop of a run and makes it the active one.
pub fn claim(tx: &Tx<'_>, run: RunId) -> Result<Option<Loop>, StoreError> {
    Ok(tx
        .prepare_cached(
            "UPDATE loops SET status = 102 WHERE id = (
                 SELECT id FROM loops WHERE run_id = ?1 AND status = 100 ORDER BY sequence LIMIT 1)
             RETURNING *",
        )?
        .query_row([run.0], read_loop)
        .optional()?)
}

/// Takes the prompts off the run's queue that join a loop of this mode, in the order in which they
/// came.
pub fn take_joining(tx: &Tx<'_>, run: RunId, mode: Mode) -> Result<Vec<String>, StoreError> {
    let mut statement = tx.prepare_cached(
        "DELETE FROM loops WHERE run_id = ?1 AND status = 100 AND joins = 1 AND mode = ?2
         RETURNING sequence, prompt",
    )?;
    let rows = statement.query_map(params![run.0, mode.as_str()], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
    })?;
    let mut prompts = rows.collect::<Result<Vec<_>, _>>()?;
    prompts.sort_by_key(|(sequence, _)| *sequence);
    Ok(prompts.into_iter().map(|(_, prompt)| prompt).collect())
}

/// Ends the prompts that were to join a loop that is no more.
pub fn end_joining(tx: &Tx<'_>, run: RunId, outcome: &Outcome) -> Result<(), StoreError> {
    tx.prepare_cached(
        "UPDATE loops SET status = 499, outcome = ?2
         WHERE run_id = ?1 AND status = 100 AND joins = 1",
    )?
    .execute(params![run.0, outcome.to_string()])?;
    Ok(())
}

/// Sets a loop's status and the reason for it.
pub fn set_status(
    tx: &Tx<'_>,
    id: LoopId,
    status: RunStatus,
    outcome: Option<&Outcome>,
) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE loops SET status = ?2, outcome = ?3 WHERE id = ?1")?
        .execute(params![
            id.0,
            status.code(),
            outcome.map(Outcome::to_string)
        ])?;
    Ok(())
}

/// Sets where a loop stands.
pub fn set_phase(tx: &Tx<'_>, id: LoopId, phase: Phase) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE loops SET phase = ?2 WHERE id = ?1")?
        .execute(params![id.0, phase.digit()])?;
    Ok(())
}

/// All loops of a run, in the order of its queue.
pub fn list(connection: &Connection, run: RunId) -> Result<Vec<Loop>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT * FROM loops WHERE run_id = ?1 ORDER BY sequence")?;
    let rows = statement.query_map([run.0], read_loop)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The run's newest loop, whatever became of it.
pub fn newest(connection: &Connection, run: RunId) -> Result<Option<Loop>, StoreError> {
    Ok(connection
        .prepare_cached("SELECT * FROM loops WHERE run_id = ?1 ORDER BY sequence DESC LIMIT 1")?
        .query_row([run.0], read_loop)
        .optional()?)
}

/// The loop that is active, else the one that was active last.
pub fn current(connection: &Connection, run: RunId) -> Result<Option<Loop>, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT * FROM loops WHERE run_id = ?1 AND status <> 100
             ORDER BY sequence DESC LIMIT 1",
        )?
        .query_row([run.0], read_loop)
        .optional()?)
}

/// Whether a prompt can join the loop that is active or about to be: one of the same mode and model,
/// under the same terms. What it brings beside its text needs a loop of its own.
pub fn can_join(
    connection: &Connection,
    run: RunId,
    new: &NewLoop<'_>,
) -> Result<bool, StoreError> {
    if !new.config.files.is_empty() || new.config.selection.is_some() {
        return Ok(false);
    }
    let mut statement = connection.prepare_cached(
        "SELECT * FROM loops WHERE run_id = ?1 AND status IN (100, 102, 202) AND joins = 0
         ORDER BY sequence LIMIT 1",
    )?;
    let host = statement.query_row([run.0], read_loop).optional()?;
    Ok(host.is_some_and(|host| {
        let terms = LoopConfig {
            files: Vec::new(),
            selection: None,
            ..host.config
        };
        host.mode == new.mode && host.model == new.model && terms == *new.config
    }))
}

/// Whether a loop is active: claimed, and not ended by anybody.
pub fn is_active(connection: &Connection, id: LoopId) -> Result<bool, StoreError> {
    Ok(connection
        .prepare_cached("SELECT 1 FROM loops WHERE id = ?1 AND status IN (102, 202)")?
        .exists([id.0])?)
}

/// Whether a prompt waits in the run's queue.
pub fn has_queued(connection: &Connection, run: RunId) -> Result<bool, StoreError> {
    Ok(connection
        .prepare_cached("SELECT 1 FROM loops WHERE run_id = ?1 AND status = 100 LIMIT 1")?
        .exists([run.0])?)
}

/// Ends every loop of a run that is active or waits in its queue.
pub fn end_all(
    tx: &Tx<'_>,
    run: RunId,
    status: RunStatus,
    outcome: &Outcome,
) -> Result<(), StoreError> {
    tx.prepare_cached(
        "UPDATE loops SET status = ?2, outcome = ?3
         WHERE run_id = ?1 AND status IN (100, 102, 202)",
    )?
    .execute(params![run.0, status.code(), outcome.to_string()])?;
    Ok(())
}

fn read_loop(row: &Row<'_>) -> rusqlite::Result<Loop> {
    let code: u16 = row.get("status")?;
    let digit: u8 = row.get("phase")?;
    Ok(Loop {
        id: mapped(row, "id", LoopId)?,
        run: mapped(row, "run_id", RunId)?,
        mode: parsed(row, "mode")?,
        model: row.get("model")?,
        prompt: row.get("prompt")?,
        config: json(row, "config")?,
        phase: Phase::from_digit(digit).ok_or_else(|| out_of_range(row, "phase", digit.into()))?,
        status: read_status(row, code)?,
        outcome: parsed_optional(row, "outcome")?,
    })
}

/// A status column; the schema's CHECK admits only codes that [`RunStatus`] knows.
pub(super) fn read_status(row: &Row<'_>, code: u16) -> rusqlite::Result<RunStatus> {
    RunStatus::from_code(code).ok_or_else(|| out_of_range(row, "status", code.into()))
}

fn out_of_range(row: &Row<'_>, column: &str, value: i64) -> rusqlite::Error {
    // The column exists: it was just read.
    let index = row.as_ref().column_index(column).unwrap_or(0);
    rusqlite::Error::IntegralValueOutOfRange(index, value)
}
