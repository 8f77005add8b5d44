//! Projects: the workspace folders that runs belong to.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{StoreError, Tx, now_ms};
use crate::entries::ProjectId;

/// A workspace folder. Its name is the folder's URI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    pub id: ProjectId,
    pub name: String,
    pub root: String,
    /// Whether what it brings itself may be used; none: nobody has said.
    pub trusted: Option<bool>,
}

/// Finds the project of a folder, or makes it.
pub fn ensure(tx: &Tx<'_>, name: &str, root: &str) -> Result<ProjectId, StoreError> {
    let id = tx
        .prepare_cached(
            "INSERT INTO projects (name, root, created_at) VALUES (?1, ?2, ?3)
             ON CONFLICT (name) DO UPDATE SET root = excluded.root
             RETURNING id",
        )?
        .query_row(params![name, root, now_ms()], |row| row.get(0))?;
    Ok(ProjectId(id))
}

/// Says whether what a folder brings itself may be used.
pub fn trust(tx: &Tx<'_>, id: ProjectId, trusted: bool) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE projects SET trusted = ?2 WHERE id = ?1")?
        .execute(params![id.0, trusted])?;
    Ok(())
}

/// A project by its row id.
pub fn find(connection: &Connection, id: ProjectId) -> Result<Option<Project>, StoreError> {
    Ok(connection
        .prepare_cached("SELECT id, name, root, trusted FROM projects WHERE id = ?1")?
        .query_row([id.0], read_project)
        .optional()?)
}

/// All projects, by name.
pub fn list(connection: &Connection) -> Result<Vec<Project>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT id, name, root, trusted FROM projects ORDER BY name")?;
    let rows = statement.query_map([], read_project)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn read_project(row: &Row<'_>) -> rusqlite::Result<Project> {
    Ok(Project {
        id: ProjectId(row.get("id")?),
        name: row.get("name")?,
        root: row.get("root")?,
        trusted: row.get("trusted")?,
    })
}
