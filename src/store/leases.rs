//! Leases: which process drives which run, and what becomes of the runs of a process that is gone.
//!
//! **Invariants.** A run at 100, 102 or 202 is leased by a live process, or it is set to 499
//! `interrupted`: when a store is opened ([`recover`]), when somebody finds its process gone
//! ([`orphans`]), when another process takes the lease over ([`acquire`]). Its loops end with it, so
//! a driver that comes back finds that it may not write any more ([`super::Store::within`]). Pending
//! proposals stay pending; nothing is run again by itself.

use rusqlite::{Connection, OptionalExtension, params};

use super::entries::{self, Query, Write};
use super::runs::{self, Run};
use super::{StoreError, Tx, loops, now_ms};
use crate::entries::{Entry, Outcome, RunId, RunStatus, Scheme, State, Writer};

/// How long a lease holds after its last heartbeat, in milliseconds.
pub const EXPIRES_MS: i64 = 15_000;

/// A process as leases know it: its id and when it started, because ids are used again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    pub pid: u32,
    pub started: String,
}

/// Takes or renews the lease of a run. `is_alive` tells whether the process of a lease still runs.
/// What the holder of a lease that has run out left active is interrupted.
pub fn acquire(
    tx: &mut Tx<'_>,
    run: RunId,
    holder: &Holder,
    is_alive: impl Fn(&Holder) -> bool,
) -> Result<(), StoreError> {
    if let Some((other, heartbeat)) = holder_of(tx, run)?
        && other != *holder
    {
        let Run { alias, status, .. } = runs::by_id(tx, run)?;
        if holds(&other, heartbeat, is_alive) {
            return Err(StoreError::Leased {
                alias: alias.to_string(),
                pid: other.pid,
            });
        }
        if status.is_active() {
            interrupt(tx, run)?;
        }
    }
    tx.prepare_cached(
        "INSERT INTO leases (run_id, pid, started, heartbeat_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (run_id) DO UPDATE SET pid = excluded.pid, started = excluded.started,
             heartbeat_at = excluded.heartbeat_at",
    )?
    .execute(params![run.0, holder.pid, holder.started, now_ms()])?;
    Ok(())
}

/// Says that the process still drives all the runs that it has leased.
pub fn heartbeat(tx: &Tx<'_>, holder: &Holder) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE leases SET heartbeat_at = ?3 WHERE pid = ?1 AND started = ?2")?
        .execute(params![holder.pid, holder.started, now_ms()])?;
    Ok(())
}

/// Whether a process has the lease of a run.
pub fn is_held_by(
    connection: &Connection,
    run: RunId,
    holder: &Holder,
) -> Result<bool, StoreError> {
    Ok(holder_of(connection, run)?.is_some_and(|(now, _)| now == *holder))
}

/// Gives a lease back, unless a prompt has come meanwhile that somebody is about to drive.
pub fn release(tx: &Tx<'_>, run: RunId, holder: &Holder) -> Result<(), StoreError> {
    tx.prepare_cached(
        "DELETE FROM leases WHERE run_id = ?1 AND pid = ?2 AND started = ?3 AND NOT EXISTS (
             SELECT 1 FROM loops WHERE loops.run_id = ?1 AND loops.status IN (100, 102, 202))",
    )?
    .execute(params![run.0, holder.pid, holder.started])?;
    Ok(())
}

/// Interrupts every run that is active and that no live process drives. Returns those runs.
pub fn recover(
    tx: &mut Tx<'_>,
    is_alive: impl Fn(&Holder) -> bool,
) -> Result<Vec<RunId>, StoreError> {
    let mut interrupted = Vec::new();
    for run in active_runs(tx)? {
        if !is_driven(tx, run, &is_alive)? {
            interrupt(tx, run)?;
            interrupted.push(run);
        }
    }
    Ok(interrupted)
}

/// Whether a live process drives a run.
pub fn is_driven(
    connection: &Connection,
    run: RunId,
    is_alive: impl Fn(&Holder) -> bool,
) -> Result<bool, StoreError> {
    let held = holder_of(connection, run)?;
    Ok(held.is_some_and(|(holder, heartbeat)| holds(&holder, heartbeat, is_alive)))
}

/// The active runs whose process is gone. A process that has only fallen silent is not: it may be
/// that the whole machine slept.
pub fn orphans(
    connection: &Connection,
    is_alive: impl Fn(&Holder) -> bool,
) -> Result<Vec<RunId>, StoreError> {
    let mut orphans = Vec::new();
    for run in active_runs(connection)? {
        if holder_of(connection, run)?.is_some_and(|(holder, _)| !is_alive(&holder)) {
            orphans.push(run);
        }
    }
    Ok(orphans)
}

/// Interrupts a run, unless another process drives it by now.
pub fn give_up(tx: &mut Tx<'_>, run: RunId, holder: &Holder) -> Result<(), StoreError> {
    if is_held_by(tx, run, holder)? {
        interrupt(tx, run)?;
    }
    Ok(())
}

/// Sets a run, its active and queued loops and its open streams to 499 `interrupted`.
pub fn interrupt(tx: &mut Tx<'_>, run: RunId) -> Result<(), StoreError> {
    loops::end_all(tx, run, RunStatus::Aborted, &Outcome::Interrupted)?;
    runs::set_status(tx, run, RunStatus::Aborted, Some(Outcome::Interrupted))?;
    for stream in open_streams(tx, run)? {
        let ended = Write::to(stream.path).ended(State::Cancelled, Some(Outcome::Interrupted));
        entries::set(tx, run, Writer::Plugin, ended)?;
    }
    tx.prepare_cached("DELETE FROM leases WHERE run_id = ?1")?
        .execute([run.0])?;
    Ok(())
}

/// The channels of commands that were running. The mirror of the run streams too, but has its
/// status already.
fn open_streams(connection: &Connection, run: RunId) -> Result<Vec<Entry>, StoreError> {
    let mut streams = entries::list(connection, run, &Query::in_state(State::Streaming))?;
    streams.retain(|entry| entry.scheme() != Scheme::Run);
    Ok(streams)
}

fn active_runs(connection: &Connection) -> Result<Vec<RunId>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT id FROM runs WHERE status IN (100, 102, 202)")?;
    let rows = statement.query_map([], |row| row.get(0).map(RunId))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn holder_of(connection: &Connection, run: RunId) -> Result<Option<(Holder, i64)>, StoreError> {
    Ok(connection
        .prepare_cached("SELECT pid, started, heartbeat_at FROM leases WHERE run_id = ?1")?
        .query_row([run.0], |row| {
            let holder = Holder {
                pid: row.get(0)?,
                started: row.get(1)?,
            };
            Ok((holder, row.get(2)?))
        })
        .optional()?)
}

fn holds(holder: &Holder, heartbeat: i64, is_alive: impl Fn(&Holder) -> bool) -> bool {
    now_ms() - heartbeat <= EXPIRES_MS && is_alive(holder)
}
