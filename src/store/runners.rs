//! Which process looks after which running command, so that one whose process is gone is not waited
//! for.

use rusqlite::{Connection, params};

use super::leases::Holder;
use super::{StoreError, Tx};
use crate::entries::{EntryPath, RunId};

/// A process takes on a command, by the log entry that proposed it.
pub fn take(tx: &Tx<'_>, run: RunId, path: &EntryPath, holder: &Holder) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO runners (run_id, path, pid, started) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (run_id, path) DO UPDATE SET pid = excluded.pid, started = excluded.started",
    )?
    .execute(params![run.0, path.as_str(), holder.pid, holder.started])?;
    Ok(())
}

/// A command has ended.
pub fn release(tx: &Tx<'_>, run: RunId, path: &EntryPath) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM runners WHERE run_id = ?1 AND path = ?2")?
        .execute(params![run.0, path.as_str()])?;
    Ok(())
}

/// The commands whose process is gone.
pub fn orphans(
    connection: &Connection,
    is_alive: impl Fn(&Holder) -> bool,
) -> Result<Vec<(RunId, EntryPath)>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT run_id, path, pid, started FROM runners")?;
    let rows = statement.query_map([], |row| {
        let path: String = row.get("path")?;
        let path =
            EntryPath::parse(&path).map_err(|error| super::unreadable(row, "path", error))?;
        let holder = Holder {
            pid: row.get("pid")?,
            started: row.get("started")?,
        };
        Ok((RunId(row.get("run_id")?), path, holder))
    })?;
    let mut orphans = Vec::new();
    for row in rows {
        let (run, path, holder) = row?;
        if !is_alive(&holder) {
            orphans.push((run, path));
        }
    }
    Ok(orphans)
}
