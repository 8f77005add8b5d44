//! File constraints: which files of a project are read-only, hidden or always shown.

use rusqlite::Connection;

use super::StoreError;
use crate::entries::ProjectId;

/// A project's constraints as `(pattern, constraint word)`, by pattern.
pub fn list(
    connection: &Connection,
    project: ProjectId,
) -> Result<Vec<(String, String)>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT pattern, visibility FROM constraints WHERE project_id = ?1 ORDER BY pattern",
    )?;
    let rows = statement.query_map([project.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Sets the constraint of a pattern, whatever it was.
pub fn put(
    tx: &super::Tx<'_>,
    project: ProjectId,
    pattern: &str,
    word: &str,
) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO constraints (project_id, pattern, visibility) VALUES (?1, ?2, ?3)
         ON CONFLICT (project_id, pattern) DO UPDATE SET visibility = excluded.visibility",
    )?
    .execute(rusqlite::params![project.0, pattern, word])?;
    Ok(())
}

/// Drops the constraint of a pattern; none is none.
pub fn remove(tx: &super::Tx<'_>, project: ProjectId, pattern: &str) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM constraints WHERE project_id = ?1 AND pattern = ?2")?
        .execute(rusqlite::params![project.0, pattern])?;
    Ok(())
}
