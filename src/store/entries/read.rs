//! Reading entries: one by its path, those that a query means, those of a packet or a history.

use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};

use crate::dialect::{BodyFilter, PathPattern};
use crate::entries::{
    Entry, EntryId, EntryPath, LoopId, RunId, Scheme, State, TurnNumber, ViewId, Visibility,
};
use crate::store::contents::{self, ContentId};
use crate::store::{StoreError, json, mapped, parsed, parsed_optional, unreadable};

/// Which entries of a run are meant. All conditions hold together; the default is all entries.
#[derive(Debug, Clone, Default)]
pub struct Query {
    pub pattern: Option<PathPattern>,
    pub filter: Option<BodyFilter>,
    pub scheme: Option<Scheme>,
    pub state: Option<State>,
    pub visibility: Option<Visibility>,
    pub limit: Option<u32>,
    pub offset: u32,
}

impl Query {
    /// The entries in a state.
    pub fn in_state(state: State) -> Self {
        Self {
            state: Some(state),
            ..Self::default()
        }
    }

    /// The entries that a pattern and a filter mean.
    pub fn matching(pattern: PathPattern, filter: Option<BodyFilter>) -> Self {
        Self {
            pattern: Some(pattern),
            filter,
            ..Self::default()
        }
    }

    fn admits(&self, entry: &Entry) -> bool {
        self.pattern
            .as_ref()
            .is_none_or(|pattern| pattern.matches(entry.path.as_str()))
            && self
                .filter
                .as_ref()
                .is_none_or(|filter| filter.matches(&entry.body))
    }
}

const SELECT: &str = "SELECT views.id AS view_id, views.entry_id, views.path, entries.body,
         entries.content_id, entries.attributes, views.state, views.outcome, views.visibility,
         views.turn, views.loop_id
     FROM views JOIN entries ON entries.id = views.entry_id";

/// One entry by its path.
pub fn find(
    connection: &Connection,
    run: RunId,
    path: &EntryPath,
) -> Result<Option<Entry>, StoreError> {
    let found = connection
        .prepare_cached(&format!(
            "{SELECT} WHERE views.run_id = ?1 AND views.path = ?2"
        ))?
        .query_row(params![run.0, path.as_str()], read_entry)
        .optional()?;
    found.map(|row| row.filled(connection)).transpose()
}

/// The entries that a query means, by path.
pub fn list(connection: &Connection, run: RunId, query: &Query) -> Result<Vec<Entry>, StoreError> {
    let mut sql = format!("{SELECT} WHERE views.run_id = ?");
    let mut values: Vec<Sql> = vec![run.0.into()];
    let mut also = |condition: &str, value: &str| {
        sql.push_str(condition);
        values.push(value.to_owned().into());
    };
    if let Some(scheme) = query.scheme {
        also(" AND entries.scheme = ?", scheme.as_str());
    }
    if let Some(state) = query.state {
        also(" AND views.state = ?", state.as_str());
    }
    if let Some(visibility) = query.visibility {
        also(" AND views.visibility = ?", visibility.as_str());
    }
    if let Some(prefix) = query.pattern.as_ref().map(PathPattern::literal_prefix)
        && !prefix.is_empty()
    {
        also(" AND views.path >= ?", prefix);
        also(" AND views.path < ?", &format!("{prefix}\u{10FFFF}"));
    }
    sql.push_str(" ORDER BY views.path");
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(params_from_iter(values), read_entry)?;
    let mut entries = Vec::new();
    let mut skip = query.offset;
    for row in rows {
        let entry = row?.filled(connection)?;
        if !query.admits(&entry) {
            continue;
        }
        if skip > 0 {
            skip -= 1;
            continue;
        }
        if query
            .limit
            .is_some_and(|limit| entries.len() >= limit as usize)
        {
            break;
        }
        entries.push(entry);
    }
    Ok(entries)
}

/// What the model may be shown: everything that is not archived, oldest first.
pub fn in_packet(connection: &Connection, run: RunId) -> Result<Vec<Entry>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "{SELECT} JOIN schemes ON schemes.name = entries.scheme
         WHERE views.run_id = ?1 AND views.visibility <> 'archived' AND schemes.shown = 1
         ORDER BY views.id"
    ))?;
    let rows = statement.query_map([run.0], read_entry)?;
    rows.map(|row| row?.filled(connection)).collect()
}

/// The rows of a run's history (logs and prompts; no pending proposals) that changed after
/// the change numbered `since`, in the order in which they settled: a row keeps its place for good.
pub fn history_since(
    connection: &Connection,
    run: RunId,
    since: i64,
) -> Result<Vec<Entry>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "{SELECT} WHERE views.run_id = ?1 AND views.changed > ?2
             AND entries.scheme IN ('log', 'prompt') AND views.settled IS NOT NULL
         ORDER BY views.settled, views.id"
    ))?;
    let rows = statement.query_map(params![run.0, since], read_entry)?;
    rows.map(|row| row?.filled(connection)).collect()
}

/// A row whose body may still lie in `contents`.
struct EntryRow {
    entry: Entry,
    content: Option<ContentId>,
}

impl EntryRow {
    fn filled(self, connection: &Connection) -> Result<Entry, StoreError> {
        let mut entry = self.entry;
        if let Some(content) = self.content {
            entry.body = contents::read(connection, content)?;
        }
        Ok(entry)
    }
}

fn read_entry(row: &Row<'_>) -> rusqlite::Result<EntryRow> {
    let path: String = row.get("path")?;
    let path = EntryPath::parse(&path).map_err(|error| unreadable(row, "path", error))?;
    let entry = Entry {
        view: mapped(row, "view_id", ViewId)?,
        id: mapped(row, "entry_id", EntryId)?,
        path,
        body: row.get("body")?,
        attributes: json(row, "attributes")?,
        state: parsed(row, "state")?,
        outcome: parsed_optional(row, "outcome")?,
        visibility: parsed(row, "visibility")?,
        turn: row.get::<_, Option<u32>>("turn")?.map(TurnNumber),
        in_loop: row.get::<_, Option<i64>>("loop_id")?.map(LoopId),
    };
    let content = row.get::<_, Option<i64>>("content_id")?.map(ContentId);
    Ok(EntryRow { entry, content })
}
