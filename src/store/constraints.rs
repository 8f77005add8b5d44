//! File constraints: which files of a project are read-only, hidden or always shown.

use rusqlite::Connection;

use super::StoreError;
use crate::entries::ProjectId;

/// A project's constraints, by pattern: the pattern, whether it is a path as it stands and no glob,
/// and the constraint's word.
pub fn list(
    connection: &Connection,
    project: ProjectId,
) -> Result<Vec<(String, bool, String)>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT pattern, is_path, visibility FROM constraints WHERE project_id = ?1
         ORDER BY pattern",
    )?;
    let rows = statement.query_map([project.0], |row| row.try_into())?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Sets the constraint of a pattern or a path, whatever it was.
pub fn put(
    tx: &super::Tx<'_>,
    project: ProjectId,
    (pattern, is_path): (&str, bool),
    word: &str,
) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO constraints (project_id, pattern, is_path, visibility) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (project_id, pattern) DO UPDATE SET is_path = excluded.is_path,
             visibility = excluded.visibility",
    )?
    .execute(rusqlite::params![project.0, pattern, is_path, word])?;
    Ok(())
}

/// Drops the constraint of a pattern; none is none.
pub fn remove(tx: &super::Tx<'_>, project: ProjectId, pattern: &str) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM constraints WHERE project_id = ?1 AND pattern = ?2")?
        .execute(rusqlite::params![project.0, pattern])?;
    Ok(())
}
