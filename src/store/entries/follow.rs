//! Following what a run's packet is made of: everything that the model may be shown, or only what has
//! changed of that since the last look.

use std::collections::HashSet;

use rusqlite::{Connection, params_from_iter};

use super::read::{EntryRow, SELECT, read_entry};
use crate::entries::{Entry, RunId, ViewId};
use crate::store::{StoreError, runs};

/// How far a follower is: the run's counts of changes and removals at its last look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    changes: i64,
    removals: i64,
}

/// What a look has found.
#[derive(Debug)]
pub struct InPacket {
    pub seen: Seen,
    /// What is new or changed; on later looks also what is archived by now.
    pub changed: Vec<Entry>,
    /// The views that the run still has, where some have gone since.
    pub left: Option<HashSet<ViewId>>,
}

/// What the model may be shown. The first look finds all that is not archived, the next ones what has
/// changed since.
pub fn in_packet(
    connection: &Connection,
    run: RunId,
    seen: Option<Seen>,
) -> Result<InPacket, StoreError> {
    let found = runs::by_id(connection, run)?;
    let changed = match seen {
        // By name, not as "not archived": only so are the archived ones passed by unread.
        None => shown(
            connection,
            run,
            "views.visibility IN ('visible', 'summarized')",
            None,
        )?,
        Some(seen) if seen.changes == found.changes => Vec::new(),
        Some(seen) => shown(connection, run, "views.changed > ?", Some(seen.changes))?,
    };
    let left = match seen {
        Some(seen) if seen.removals != found.removals => Some(views(connection, run)?),
        _ => None,
    };
    Ok(InPacket {
        seen: Seen {
            changes: found.changes,
            removals: found.removals,
        },
        changed,
        left,
    })
}

/// What of a run may be shown at all, as far as a condition on the views admits it.
fn shown(
    connection: &Connection,
    run: RunId,
    condition: &str,
    since: Option<i64>,
) -> Result<Vec<Entry>, StoreError> {
    let mut statement =
        connection.prepare_cached(&format!("{SELECT} WHERE views.run_id = ? AND {condition}"))?;
    let bound = std::iter::once(run.0).chain(since);
    let rows = statement.query_map(params_from_iter(bound), read_entry)?;
    rows.filter(|row| row.as_ref().map_or(true, EntryRow::is_for_model))
        .map(|row| row?.filled(connection))
        .collect()
}

fn views(connection: &Connection, run: RunId) -> Result<HashSet<ViewId>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT id FROM views WHERE run_id = ?1")?;
    let rows = statement.query_map([run.0], |row| row.get(0).map(ViewId))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
