//! Reading entries: one by its path, those that a query means, those of a packet or a history.

use std::collections::HashSet;

use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OptionalExtension, Row, RowIndex, params, params_from_iter};

use crate::dialect::{BodyFilter, PathPattern};
use crate::entries::{
    Attributes, Entry, EntryId, EntryPath, LoopId, Outcome, RunId, Scheme, State, TurnNumber,
    ViewId, Visibility,
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

    /// The entries of a scheme.
    pub fn of_scheme(scheme: Scheme) -> Self {
        Self {
            scheme: Some(scheme),
            ..Self::default()
        }
    }

    /// One entry by its path.
    pub fn exactly(path: &EntryPath) -> Self {
        Self::matching(PathPattern::literal(path.as_str()), None)
    }

    /// The entries that a pattern and a filter mean.
    pub fn matching(pattern: PathPattern, filter: Option<BodyFilter>) -> Self {
        Self {
            pattern: Some(pattern),
            filter,
            ..Self::default()
        }
    }

    /// The entries that a path or pattern means, as somebody wrote it: a path that exists in the run
    /// is itself, whatever is in it (`app/[slug]/page.tsx`); paths and patterns are compared in the
    /// form in which paths are stored. A scheme that does not exist is refused by name.
    pub fn named(
        connection: &Connection,
        run: RunId,
        given: &str,
        filter: Option<BodyFilter>,
    ) -> Result<Self, StoreError> {
        let literal = EntryPath::parse(given);
        if let Ok(path) = &literal
            && exists(connection, run, path)?
        {
            return Ok(Self::matching(PathPattern::literal(path.as_str()), filter));
        }
        let pattern = PathPattern::parse(&EntryPath::normal_pattern(given)?)?;
        if pattern.is_literal() {
            return Ok(Self::matching(
                PathPattern::literal(literal?.as_str()),
                filter,
            ));
        }
        Ok(Self::matching(pattern, filter))
    }

    /// The one path that is meant, where the query is about one.
    pub fn literal(&self) -> Option<&str> {
        self.pattern
            .as_ref()
            .filter(|pattern| pattern.is_literal())
            .map(PathPattern::as_str)
    }

    /// The scheme that the pattern names: all that it can match is of it. None for a pattern over
    /// several, such as `**`.
    pub fn named_scheme(&self) -> Option<Scheme> {
        let pattern = self.pattern.as_ref()?;
        if let Some((scheme, _)) = pattern.literal_prefix().split_once("://") {
            let named = |known: &&Scheme| known.as_str() == scheme;
            return Scheme::ALL.iter().find(named).copied();
        }
        // A slash that no `://` can precede: what matches is a file.
        let is_file = pattern.is_literal() || pattern.literal_prefix().contains('/');
        is_file.then_some(Scheme::File)
    }

    fn admits(&self, body: &str) -> bool {
        self.filter
            .as_ref()
            .is_none_or(|filter| filter.matches(body))
    }
}

/// An entry without its body.
#[derive(Debug, Clone, PartialEq)]
pub struct Head {
    pub path: EntryPath,
    pub attributes: Attributes,
    pub state: State,
    pub outcome: Option<Outcome>,
    pub visibility: Visibility,
    pub turn: Option<TurnNumber>,
    /// How many characters the body has.
    pub chars: usize,
}

/// The columns that [`read_entry`] reads, in its order.
pub(super) const SELECT: &str =
    "SELECT views.id, views.entry_id, views.path, entries.body, entries.content_id,
         entries.attributes, views.state, views.outcome, views.visibility, views.turn,
         views.loop_id, views.changed
     FROM views JOIN entries ON entries.id = views.entry_id";

/// Whether the run sees an entry at this path.
pub fn exists(connection: &Connection, run: RunId, path: &EntryPath) -> Result<bool, StoreError> {
    Ok(connection
        .prepare_cached("SELECT 1 FROM views WHERE run_id = ?1 AND path = ?2")?
        .exists(params![run.0, path.as_str()])?)
}

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
    let mut statement = connection.prepare_cached(&format!("{SELECT} WHERE views.id = ?1"))?;
    let mut entries = Vec::new();
    visit(connection, run, query, |view| {
        let entry = statement
            .query_row([view.0], read_entry)?
            .filled(connection)?;
        if !query.admits(&entry.body) {
            return Ok(false);
        }
        entries.push(entry);
        Ok(true)
    })?;
    Ok(entries)
}

/// The entries that a query means without their bodies, by path: for lists.
pub fn heads(connection: &Connection, run: RunId, query: &Query) -> Result<Vec<Head>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT views.path, entries.attributes, views.state, views.outcome, views.visibility,
             views.turn, entries.chars
         FROM views JOIN entries ON entries.id = views.entry_id WHERE views.id = ?1",
    )?;
    let mut heads = Vec::new();
    visit(connection, run, query, |view| {
        if query.filter.is_some() && !query.admits(&body(connection, view)?) {
            return Ok(false);
        }
        heads.push(statement.query_row([view.0], read_head)?);
        Ok(true)
    })?;
    Ok(heads)
}

/// Goes through the views that a query's conditions on paths and views admit, by path, and shows
/// them to `take`, which tells whether the body is admitted too. Only what it takes counts for the
/// offset and the limit; bodies of other entries are not read.
fn visit(
    connection: &Connection,
    run: RunId,
    query: &Query,
    mut take: impl FnMut(ViewId) -> Result<bool, StoreError>,
) -> Result<(), StoreError> {
    let (sql, values) = candidates(run, query);
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    let (mut skip, mut left) = (query.offset, query.limit.map_or(u32::MAX, |limit| limit));
    while left > 0
        && let Some(row) = rows.next()?
    {
        let path = row
            .get_ref("path")?
            .as_str()
            .map_err(rusqlite::Error::from)?;
        let is_meant = query
            .pattern
            .as_ref()
            .is_none_or(|it| it.is_literal() || it.matches_everything() || it.matches(path));
        if !is_meant {
            continue;
        }
        let view = mapped(row, "id", ViewId)?;
        if skip > 0 {
            let counts = match &query.filter {
                Some(filter) => filter.matches(&body(connection, view)?),
                None => true,
            };
            skip -= u32::from(counts);
        } else if take(view)? {
            left -= 1;
        }
    }
    Ok(())
}

/// The statement that finds the views a query may mean. Without conditions on states and bodies it
/// runs over the index of paths alone; a pattern's literal beginning narrows it to a range of that.
fn candidates(run: RunId, query: &Query) -> (String, Vec<Sql>) {
    let mut sql = String::from("SELECT views.id, views.path FROM views");
    let literal_filter = query.filter.as_ref().and_then(BodyFilter::as_literal);
    if literal_filter.is_some() {
        sql.push_str(" JOIN entries ON entries.id = views.entry_id");
    }
    sql.push_str(" WHERE views.run_id = ?");
    let mut values: Vec<Sql> = vec![run.0.into()];
    let mut also = |condition: &str, bound: &[&str]| {
        sql.push_str(" AND ");
        sql.push_str(condition);
        values.extend(bound.iter().map(|value| Sql::from((*value).to_owned())));
    };
    match query.scheme {
        Some(Scheme::File) => also("instr(views.path, '://') = 0", &[]),
        Some(scheme) => {
            let prefix = format!("{scheme}://");
            also(
                "views.path >= ? AND views.path < ?",
                &[&prefix, &successor(&prefix)],
            );
        }
        None => {}
    }
    // Written out, not bound: only so can the index over the few open entries be used.
    if let Some(state) = query.state {
        also(&format!("views.state = '{state}'"), &[]);
    }
    if let Some(visibility) = query.visibility {
        also(&format!("views.visibility = '{visibility}'"), &[]);
    }
    match query.pattern.as_ref() {
        Some(pattern) if pattern.is_literal() => also("views.path = ?", &[pattern.as_str()]),
        Some(pattern) if !pattern.literal_prefix().is_empty() => {
            let prefix = pattern.literal_prefix();
            also(
                "views.path >= ? AND views.path < ?",
                &[prefix, &successor(prefix)],
            );
        }
        _ => {}
    }
    if let Some(text) = literal_filter {
        // A compressed body is looked at when it is read.
        also(
            "(entries.content_id IS NOT NULL OR instr(entries.body, ?) > 0)",
            &[text],
        );
    }
    sql.push_str(" ORDER BY views.path");
    (sql, values)
}

/// The first text behind all that begin with `prefix`, in the order of the index.
fn successor(prefix: &str) -> String {
    let mut text = prefix.to_owned();
    while let Some(last) = text.pop() {
        if let Some(next) = (last..=char::MAX).nth(1) {
            text.push(next);
            return text;
        }
    }
    // Nothing lies behind; no path is that long.
    char::MAX.to_string().repeat(EntryPath::LIMIT)
}

/// The whole body of an entry.
fn body(connection: &Connection, view: ViewId) -> Result<String, StoreError> {
    let (body, content): (String, Option<i64>) = connection
        .prepare_cached(
            "SELECT entries.body, entries.content_id
             FROM views JOIN entries ON entries.id = views.entry_id WHERE views.id = ?1",
        )?
        .query_row([view.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
    match content {
        Some(content) => contents::read(connection, ContentId(content)),
        None => Ok(body),
    }
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

/// The paths of a run's views that changed after the change numbered `since`, in no order.
pub fn changed_since(
    connection: &Connection,
    run: RunId,
    since: i64,
) -> Result<Vec<EntryPath>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT path FROM views WHERE run_id = ?1 AND changed > ?2")?;
    let rows = statement.query_map(params![run.0, since], |row| stored_path(row, 0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The paths of all that a run knows.
pub fn paths(connection: &Connection, run: RunId) -> Result<HashSet<String>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT path FROM views WHERE run_id = ?1")?;
    let rows = statement.query_map([run.0], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A row whose body may still lie in `contents`.
pub(super) struct EntryRow {
    entry: Entry,
    content: Option<ContentId>,
}

impl EntryRow {
    /// Whether the model may be shown it at all.
    pub(super) fn is_for_model(&self) -> bool {
        self.entry.scheme().shown_to_model()
    }

    pub(super) fn filled(self, connection: &Connection) -> Result<Entry, StoreError> {
        let mut entry = self.entry;
        if let Some(content) = self.content {
            entry.body = contents::read(connection, content)?;
        }
        Ok(entry)
    }
}

/// Reads a row of [`SELECT`]. Columns are numbered: to look one up by its name takes longer than to
/// read it, and a packet has thousands of rows.
pub(super) fn read_entry(row: &Row<'_>) -> rusqlite::Result<EntryRow> {
    let entry = Entry {
        view: mapped(row, 0, ViewId)?,
        id: mapped(row, 1, EntryId)?,
        path: stored_path(row, 2)?,
        body: row.get(3)?,
        attributes: json(row, 5)?,
        state: parsed(row, 6)?,
        outcome: parsed_optional(row, 7)?,
        visibility: parsed(row, 8)?,
        turn: row.get::<_, Option<u32>>(9)?.map(TurnNumber),
        in_loop: row.get::<_, Option<i64>>(10)?.map(LoopId),
        changed: row.get(11)?,
    };
    let content = row.get::<_, Option<i64>>(4)?.map(ContentId);
    Ok(EntryRow { entry, content })
}

fn read_head(row: &Row<'_>) -> rusqlite::Result<Head> {
    Ok(Head {
        path: stored_path(row, "path")?,
        attributes: json(row, "attributes")?,
        state: parsed(row, "state")?,
        outcome: parsed_optional(row, "outcome")?,
        visibility: parsed(row, "visibility")?,
        turn: row.get::<_, Option<u32>>("turn")?.map(TurnNumber),
        chars: row.get::<_, u32>("chars")? as usize,
    })
}

fn stored_path(row: &Row<'_>, column: impl RowIndex + Copy) -> rusqlite::Result<EntryPath> {
    EntryPath::stored(row.get(column)?).map_err(|error| unreadable(row, column, error))
}
