//! Writing entries: set, show (the verb `get`), rm, cp, mv, and the log and the audit that a turn keeps.
//! Reading them is in `read`, following a packet in `follow`.
//!
//! **Invariants.** The writer is checked against the path's scheme in every verb and every branch,
//! here and nowhere else. A write changes what it names and nothing beside it. An entry that several
//! runs see (after a fork) is cloned for the one that writes to it.

mod follow;
mod read;
mod transfer;

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params};
use serde_json::Value;

use super::contents::{self, Kept};
use super::{ChangeKind, StoreError, Tx, now_ms};
use crate::dialect::PathPattern;
use crate::entries::{
    Attributes, Entry, EntryId, EntryPath, LoopId, Outcome, RunId, Scheme, State, TurnNumber,
    Visibility, Writer,
};

pub use follow::{InPacket, Seen, in_packet};
pub use read::{Head, Query, changed_since, exists, find, heads, history_since, list, paths};
pub use transfer::{Transfer, cp, mv, routes};

/// What a verb does to an entry, as far as its permission goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Writes its body, its attributes or its state, or removes it.
    Content,
    /// Shows more or less of it.
    Visibility,
}

impl Access {
    /// Whether a writer may do this to entries of a scheme. The mirrors of runs are written by the
    /// runs themselves: what a client does to `run://ALIAS` it does to the run.
    fn permits(self, scheme: Scheme, writer: Writer) -> bool {
        match (self, scheme) {
            (Self::Content, Scheme::Run) => writer == Writer::System,
            (Self::Content, scheme) => scheme.permits(writer),
            (Self::Visibility, scheme) => scheme.permits_visibility(writer),
        }
    }
}

/// A write. What it does not name stays as it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Write {
    pub path: EntryPath,
    pub body: Option<String>,
    /// The body is put behind the one that is there.
    pub append: bool,
    /// With a whole body they replace the stored ones; without one, or with one to append, they are
    /// merged into them (RFC 7396). An attribute that is null is none.
    pub attributes: Option<Attributes>,
    /// The state and why; a state without a reason clears the reason.
    pub ended: Option<(State, Option<Outcome>)>,
    pub visibility: Option<Visibility>,
    pub turn: Option<TurnNumber>,
    pub in_loop: Option<LoopId>,
}

impl Write {
    /// A write that names nothing yet.
    pub fn to(path: EntryPath) -> Self {
        Self {
            path,
            body: None,
            append: false,
            attributes: None,
            ended: None,
            visibility: None,
            turn: None,
            in_loop: None,
        }
    }

    /// A write of a body.
    pub fn body(path: EntryPath, body: &str) -> Self {
        Self {
            body: Some(body.to_owned()),
            ..Self::to(path)
        }
    }

    #[must_use]
    pub fn attributes(mut self, attributes: Attributes) -> Self {
        self.attributes = Some(attributes);
        self
    }

    #[must_use]
    pub fn state(self, state: State) -> Self {
        self.ended(state, None)
    }

    #[must_use]
    pub fn ended(mut self, state: State, outcome: Option<Outcome>) -> Self {
        self.ended = Some((state, outcome));
        self
    }

    #[must_use]
    pub fn visibility(mut self, visibility: Visibility) -> Self {
        self.visibility = Some(visibility);
        self
    }

    #[must_use]
    pub fn at(mut self, turn: TurnNumber, in_loop: LoopId) -> Self {
        self.turn = Some(turn);
        self.in_loop = Some(in_loop);
        self
    }

    const fn changes_content(&self) -> bool {
        self.body.is_some() || self.attributes.is_some() || self.ended.is_some()
    }

    const fn access(&self) -> Access {
        if self.changes_content() {
            Access::Content
        } else {
            Access::Visibility
        }
    }

    const fn kind(&self) -> ChangeKind {
        match self {
            Self { append: true, .. } => ChangeKind::Append,
            Self { body: Some(_), .. } => ChangeKind::Upsert,
            Self { ended: Some(_), .. } => ChangeKind::Resolve,
            Self {
                visibility: Some(_),
                ..
            } => ChangeKind::Visibility,
            _ => ChangeKind::Attributes,
        }
    }
}

/// Writes an entry: a new one, a new body, or what the write names of an existing one.
pub fn set(tx: &mut Tx<'_>, run: RunId, writer: Writer, write: Write) -> Result<(), StoreError> {
    authorise(&write.path, writer, write.access())?;
    if write.append && write.body.is_none() {
        return Err(StoreError::NothingToAppend(write.path.to_string()));
    }
    if !write.changes_content() && write.visibility.is_none() {
        return Err(StoreError::NothingToSet {
            path: write.path.to_string(),
        });
    }
    let kind = write.kind();
    let path = write.path.clone();
    match find(tx, run, &path)? {
        Some(entry) => patch(tx, run, entry, write)?,
        None if write.body.is_some() && !write.append => insert(tx, run, write)?,
        None => {
            return Err(StoreError::NotFound {
                path: path.to_string(),
            });
        }
    }
    tx.changed(run, &path, kind);
    Ok(())
}

/// Writes a log entry at its path `log://turn_N/ACTION/TARGET`, with an ordinal behind it where that
/// is taken. Returns the path that it got.
pub fn log(tx: &mut Tx<'_>, run: RunId, mut write: Write) -> Result<EntryPath, StoreError> {
    write.path = free_path(tx, run, &write.path)?;
    let path = write.path.clone();
    set(tx, run, Writer::Plugin, write)?;
    Ok(path)
}

/// Keeps an audit text of a turn: `system://N`, `assistant://N` and the like. `before` is the same text
/// of the turn before, where the two are much alike; what is returned is that for the next turn.
pub fn audit(
    tx: &mut Tx<'_>,
    run: RunId,
    scheme: Scheme,
    (turn, in_loop): (TurnNumber, LoopId),
    text: impl Into<Arc<String>>,
    before: Option<&Kept>,
) -> Result<Kept, StoreError> {
    let path = EntryPath::of_turn(scheme, turn);
    let text = text.into();
    let chars = chars(&text);
    let write = Write::body(path.clone(), "").at(turn, in_loop);
    set(tx, run, Writer::System, write)?;
    // Only now: what stood here is released with the write, be it the same text.
    let kept = contents::keep(tx, text, before)?;
    tx.prepare_cached(
        "UPDATE entries SET content_id = ?3, chars = ?4 WHERE id =
             (SELECT entry_id FROM views WHERE run_id = ?1 AND path = ?2)",
    )?
    .execute(params![run.0, path.as_str(), kept.id().0, chars])?;
    Ok(kept)
}

/// The entries that a query means and a writer may touch. A pattern that names a closed scheme is
/// refused; one over several schemes passes the closed ones by.
pub fn open_to(
    connection: &Connection,
    run: RunId,
    writer: Writer,
    query: &Query,
    access: Access,
) -> Result<Vec<Entry>, StoreError> {
    if let Some(scheme) = query.named_scheme()
        && !access.permits(scheme, writer)
    {
        let path = query.pattern.as_ref().map_or("", PathPattern::as_str);
        return Err(forbidden(path, scheme, writer));
    }
    let mut meant = list(connection, run, query)?;
    meant.retain(|entry| access.permits(entry.scheme(), writer));
    Ok(meant)
}

/// Shows entries (the verb `get`), or shows less of them: changes visibility and turn, nothing
/// else. Returns what was matched.
pub fn show(
    tx: &mut Tx<'_>,
    run: RunId,
    writer: Writer,
    query: &Query,
    visibility: Visibility,
    turn: Option<TurnNumber>,
) -> Result<Vec<Entry>, StoreError> {
    let matched = open_to(tx, run, writer, query, Access::Visibility)?;
    for entry in &matched {
        let mut write = Write::to(entry.path.clone()).visibility(visibility);
        write.turn = turn;
        set(tx, run, writer, write)?;
    }
    Ok(matched)
}

/// Writes every entry that a query means: `write` says what to each. Returns what was matched, as it
/// was before.
pub fn set_all(
    tx: &mut Tx<'_>,
    run: RunId,
    writer: Writer,
    query: &Query,
    access: Access,
    mut write: impl FnMut(&Entry) -> Result<Write, StoreError>,
) -> Result<Vec<Entry>, StoreError> {
    let matched = open_to(tx, run, writer, query, access)?;
    for entry in &matched {
        set(tx, run, writer, write(entry)?)?;
    }
    Ok(matched)
}

/// Removes entries from the run. Returns what was removed.
pub fn rm(
    tx: &mut Tx<'_>,
    run: RunId,
    writer: Writer,
    query: &Query,
) -> Result<Vec<Entry>, StoreError> {
    let matched = open_to(tx, run, writer, query, Access::Content)?;
    for entry in &matched {
        remove(tx, run, entry)?;
    }
    Ok(matched)
}

fn authorise(path: &EntryPath, writer: Writer, access: Access) -> Result<(), StoreError> {
    if access.permits(path.scheme(), writer) {
        Ok(())
    } else {
        Err(forbidden(path.as_str(), path.scheme(), writer))
    }
}

fn forbidden(path: &str, scheme: Scheme, writer: Writer) -> StoreError {
    match scheme {
        Scheme::Run => StoreError::Mirror {
            path: path.to_owned(),
        },
        scheme => StoreError::Forbidden {
            path: path.to_owned(),
            scheme,
            writer,
        },
    }
}

fn insert(tx: &Tx<'_>, run: RunId, write: Write) -> Result<(), StoreError> {
    let scheme = write.path.scheme();
    let attributes = match write.attributes {
        Some(attributes) => merged(Attributes::new(), attributes),
        None => Attributes::new(),
    };
    // `set` inserts only where there is a body.
    let body = write.body.as_deref().unwrap_or("");
    let entry = insert_content(tx, &write.path, body, &attributes)?;
    let (state, outcome) = write.ended.unwrap_or((State::Resolved, None));
    tx.prepare_cached(
        "INSERT INTO views (run_id, path, entry_id, loop_id, turn, state, outcome, visibility,
             changed, settled)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, iif(?6 = 'proposed', NULL, ?9))",
    )?
    .execute(params![
        run.0,
        write.path.as_str(),
        entry.0,
        write.in_loop.map(|id| id.0),
        write.turn.map(|turn| turn.0),
        state.as_str(),
        outcome.map(|outcome| outcome.to_string()),
        write
            .visibility
            .unwrap_or_else(|| scheme.default_visibility())
            .as_str(),
        next_change(tx, run)?,
    ])?;
    Ok(())
}

fn patch(tx: &Tx<'_>, run: RunId, mut entry: Entry, mut write: Write) -> Result<(), StoreError> {
    let indexed = |entry: &Entry| (entry.id, entry.in_loop, entry.state, entry.visibility);
    let before = indexed(&entry);
    if write.body.is_some() || write.attributes.is_some() {
        patch_content(tx, run, &mut entry, &mut write)?;
    }
    if let Some((state, outcome)) = write.ended {
        (entry.state, entry.outcome) = (state, outcome);
    }
    entry.in_loop = write.in_loop.or(entry.in_loop);
    entry.turn = write.turn.or(entry.turn);
    entry.visibility = write.visibility.unwrap_or(entry.visibility);
    entry.changed = next_change(tx, run)?;
    if indexed(&entry) == before {
        touch_view(tx, &entry)
    } else {
        update_view(tx, &entry)
    }
}

/// Puts the body and the attributes of a write into those of the entry, and stores them.
fn patch_content(
    tx: &Tx<'_>,
    run: RunId,
    entry: &mut Entry,
    write: &mut Write,
) -> Result<(), StoreError> {
    let (body, attributes) = (write.body.take(), write.attributes.take());
    let is_whole = body.is_some() && !write.append;
    match (attributes, is_whole) {
        (Some(new), true) => entry.attributes = merged(Attributes::new(), new),
        (Some(changes), false) => {
            entry.attributes = merged(std::mem::take(&mut entry.attributes), changes);
        }
        (None, _) => {}
    }
    match body {
        Some(chunk) if write.append => entry.body.push_str(&chunk),
        Some(body) => entry.body = body,
        None => {}
    }
    entry.id = rewrite_content(tx, run, entry)?;
    Ok(())
}

/// Writes what no index over the views holds, beside the number of the change. SQLite writes a column
/// that is named into its indexes even where it stays the same, and the pages that a commit writes
/// are most of what it costs.
fn touch_view(tx: &Tx<'_>, entry: &Entry) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE views SET turn = ?2, outcome = ?3, changed = ?4 WHERE id = ?1")?
        .execute(params![
            entry.view.0,
            entry.turn.map(|turn| turn.0),
            entry.outcome.as_ref().map(ToString::to_string),
            entry.changed,
        ])?;
    Ok(())
}

fn update_view(tx: &Tx<'_>, entry: &Entry) -> Result<(), StoreError> {
    tx.prepare_cached(
        "UPDATE views SET entry_id = ?2, loop_id = ?3, turn = ?4, state = ?5, outcome = ?6,
             visibility = ?7, changed = ?8,
             settled = iif(?5 = 'proposed', NULL, coalesce(settled, ?8))
         WHERE id = ?1",
    )?
    .execute(params![
        entry.view.0,
        entry.id.0,
        entry.in_loop.map(|id| id.0),
        entry.turn.map(|turn| turn.0),
        entry.state.as_str(),
        entry.outcome.as_ref().map(ToString::to_string),
        entry.visibility.as_str(),
        entry.changed,
    ])?;
    Ok(())
}

/// Changes an entry's content: in place where only this run sees it, else in a copy of its own.
fn rewrite_content(tx: &Tx<'_>, run: RunId, entry: &Entry) -> Result<EntryId, StoreError> {
    let (content, is_shared): (Option<i64>, bool) = tx
        .prepare_cached(
            "SELECT content_id, EXISTS (SELECT 1 FROM views WHERE entry_id = ?1 AND run_id <> ?2)
             FROM entries WHERE id = ?1",
        )?
        .query_row(params![entry.id.0, run.0], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    let (body, attributes) = (&entry.body, &entry.attributes);
    if is_shared {
        return insert_content(tx, &entry.path, body, attributes);
    }
    tx.prepare_cached(
        "UPDATE entries SET body = ?2, content_id = NULL, chars = ?3, attributes = ?4 WHERE id = ?1",
    )?
    .execute(params![entry.id.0, body, chars(body), json_text(attributes)])?;
    contents::release(tx, content)?;
    Ok(entry.id)
}

fn insert_content(
    tx: &Tx<'_>,
    path: &EntryPath,
    body: &str,
    attributes: &Attributes,
) -> Result<EntryId, StoreError> {
    tx.prepare_cached(
        "INSERT INTO entries (path, scheme, body, chars, attributes, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        path.as_str(),
        path.scheme().as_str(),
        body,
        chars(body),
        json_text(attributes),
        now_ms(),
    ])?;
    Ok(EntryId(tx.last_insert_rowid()))
}

fn remove(tx: &mut Tx<'_>, run: RunId, entry: &Entry) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM views WHERE id = ?1")?
        .execute([entry.view.0])?;
    super::proposals::drop_one(tx, run, &entry.path)?;
    let content: Option<Option<i64>> = tx
        .prepare_cached(
            "DELETE FROM entries WHERE id = ?1
                 AND NOT EXISTS (SELECT 1 FROM views WHERE entry_id = ?1)
             RETURNING content_id",
        )?
        .query_row([entry.id.0], |row| row.get(0))
        .optional()?;
    contents::release(tx, content.flatten())?;
    let is_history = matches!(entry.scheme(), Scheme::Log | Scheme::Prompt);
    tx.prepare_cached(
        "UPDATE runs SET removals = removals + 1, retractions = retractions + ?2 WHERE id = ?1",
    )?
    .execute(params![run.0, is_history])?;
    tx.changed(run, &entry.path, ChangeKind::Remove);
    Ok(())
}

fn next_change(tx: &Tx<'_>, run: RunId) -> Result<i64, StoreError> {
    Ok(tx
        .prepare_cached("UPDATE runs SET changes = changes + 1 WHERE id = ?1 RETURNING changes")?
        .query_row([run.0], |row| row.get(0))?)
}

/// The path itself where it is free, else one with an ordinal that is, behind one that is taken. It
/// is found in steps that double and then halve, so that many rows of one name cost little.
fn free_path(tx: &Tx<'_>, run: RunId, base: &EntryPath) -> Result<EntryPath, StoreError> {
    if !exists(tx, run, base)? {
        return Ok(base.clone());
    }
    let is_taken = |ordinal: u32| exists(tx, run, &base.numbered(ordinal));
    let (mut taken, mut free) = (1, 2);
    while is_taken(free)? {
        (taken, free) = (free, free.saturating_mul(2));
    }
    while free - taken > 1 {
        let middle = u32::midpoint(taken, free);
        if is_taken(middle)? {
            taken = middle;
        } else {
            free = middle;
        }
    }
    Ok(base.numbered(free))
}

/// JSON merge patch (RFC 7396): null deletes a key, an object is merged into what is there.
fn merged(mut attributes: Attributes, changes: Attributes) -> Attributes {
    for (key, change) in changes {
        match change {
            Value::Null => {
                attributes.shift_remove(&key);
            }
            Value::Object(inner) => {
                let stored = match attributes.get_mut(&key).map(Value::take) {
                    Some(Value::Object(stored)) => stored,
                    _ => Attributes::new(),
                };
                attributes.insert(key, Value::Object(merged(stored, inner)));
            }
            other => {
                attributes.insert(key, other);
            }
        }
    }
    attributes
}

fn json_text(attributes: &Attributes) -> String {
    Value::Object(attributes.clone()).to_string()
}

fn chars(text: &str) -> i64 {
    i64::try_from(text.chars().count()).unwrap_or(i64::MAX)
}
