//! Runs: one row each, mirrored by the entry `run://ALIAS` that every change of status keeps true.

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::json;

use super::entries::{self, Query, Write};
use super::{StoreError, Tx, contents, mapped, now_ms, parsed, parsed_optional};
use crate::entries::{
    Attributes, EntryPath, Outcome, ProjectId, RunAlias, RunId, RunStatus, TurnNumber, Writer,
};

/// A run as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    pub id: RunId,
    pub project: ProjectId,
    pub parent: Option<RunAlias>,
    pub alias: RunAlias,
    /// The model alias that the run's next loop uses where it names none.
    pub model: String,
    pub status: RunStatus,
    pub outcome: Option<Outcome>,
    /// The newest `<update>` with a final status; empty before there is one.
    pub summary: String,
    pub settings: Settings,
    /// The last turn taken; none before the first.
    pub turn: Option<TurnNumber>,
    pub created_at: i64,
    /// How many changes there were to views so far; see [`entries::history_since`].
    pub changes: i64,
    /// How many views went, and how many of those were rows of the history.
    pub removals: i64,
    pub retractions: i64,
}

/// What a new run begins with.
#[derive(Debug, Clone)]
pub struct NewRun {
    pub project: ProjectId,
    pub alias: RunAlias,
    pub model: String,
    pub prompt: String,
    pub settings: Settings,
}

/// What holds for all loops of a run that begin from now on.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settings {
    pub temperature: Option<f64>,
    pub persona: Option<String>,
    /// In tokens.
    pub context_limit: Option<u64>,
}

/// A change of a run's settings: what is none stays, an inner none clears.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Changes {
    /// A model's alias; a run always has one.
    pub model: Option<String>,
    pub temperature: Option<Option<f64>>,
    pub persona: Option<Option<String>>,
    pub context_limit: Option<Option<u64>>,
}

impl Settings {
    /// The settings with a change made to them.
    #[must_use]
    pub fn changed(self, changes: &Changes) -> Self {
        Self {
            temperature: changes.temperature.unwrap_or(self.temperature),
            persona: changes.persona.clone().unwrap_or(self.persona),
            context_limit: changes.context_limit.unwrap_or(self.context_limit),
        }
    }
}

const SELECT: &str = "SELECT runs.*, parents.alias AS parent_alias FROM runs
     LEFT JOIN runs AS parents ON parents.id = runs.parent_id";

/// Makes the run and its mirror.
pub fn create(tx: &mut Tx<'_>, new: &NewRun) -> Result<RunId, StoreError> {
    if by_alias(tx, &new.alias)?.is_some() {
        return Err(StoreError::AliasTaken(new.alias.to_string()));
    }
    let settings = &new.settings;
    tx.prepare_cached(
        "INSERT INTO runs (project_id, alias, model, temperature, persona, context_limit, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        new.project.0,
        new.alias.as_str(),
        new.model,
        settings.temperature,
        settings.persona,
        settings.context_limit.map(u64::cast_signed),
        now_ms(),
    ])?;
    let id = RunId(tx.last_insert_rowid());
    let mirror = Write::body(EntryPath::run(&new.alias), &new.prompt)
        .attributes(mirrored(&new.model, settings))
        .state(RunStatus::Queued.state());
    entries::set(tx, id, Writer::System, mirror)?;
    Ok(id)
}

/// Changes a run's settings and what its mirror says of them.
pub fn configure(tx: &mut Tx<'_>, id: RunId, changes: &Changes) -> Result<(), StoreError> {
    if *changes == Changes::default() {
        return Ok(());
    }
    let run = by_id(tx, id)?;
    let model = changes.model.clone().unwrap_or(run.model);
    let settings = run.settings.changed(changes);
    tx.prepare_cached(
        "UPDATE runs SET model = ?2, temperature = ?3, persona = ?4, context_limit = ?5
         WHERE id = ?1",
    )?
    .execute(params![
        id.0,
        model,
        settings.temperature,
        settings.persona,
        settings.context_limit.map(u64::cast_signed),
    ])?;
    let mirror = Write::to(EntryPath::run(&run.alias)).attributes(mirrored(&model, &settings));
    entries::set(tx, id, Writer::System, mirror)
}

/// Gives a run another name; the old one is free then. Its entries keep their paths but for the
/// mirror.
pub fn rename(tx: &mut Tx<'_>, id: RunId, name: &RunAlias) -> Result<(), StoreError> {
    let run = by_id(tx, id)?;
    if run.alias == *name {
        return Ok(());
    }
    if by_alias(tx, name)?.is_some() {
        return Err(StoreError::AliasTaken(name.to_string()));
    }
    tx.prepare_cached("UPDATE runs SET alias = ?2 WHERE id = ?1")?
        .execute(params![id.0, name.as_str()])?;
    let from = Query::exactly(&EntryPath::run(&run.alias));
    entries::mv(tx, id, Writer::System, &from, &EntryPath::run(name), None)?;
    Ok(())
}

/// Removes a run, its loops, turns and proposals, and what only it shows. A run that is active is
/// refused.
pub fn delete(tx: &Tx<'_>, id: RunId) -> Result<(), StoreError> {
    let run = by_id(tx, id)?;
    if run.status.is_active() {
        return Err(StoreError::Active(run.alias.to_string()));
    }
    let only_here: Vec<(i64, Option<i64>)> = {
        let mut statement = tx.prepare_cached(
            "SELECT entries.id, entries.content_id
             FROM views JOIN entries ON entries.id = views.entry_id
             WHERE views.run_id = ?1 AND NOT EXISTS (
                 SELECT 1 FROM views AS others
                 WHERE others.entry_id = entries.id AND others.run_id <> ?1)",
        )?;
        let rows = statement.query_map([id.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect::<Result<_, _>>()?
    };
    let of_proposals = super::proposals::texts(tx, id)?;
    tx.execute("DELETE FROM runs WHERE id = ?1", [id.0])?;
    let mut remove = tx.prepare_cached("DELETE FROM entries WHERE id = ?1")?;
    for (entry, _) in &only_here {
        remove.execute([entry])?;
    }
    let texts = only_here.into_iter().filter_map(|(_, content)| content);
    contents::release(tx, texts.chain(of_proposals))
}

/// A run's settings as its mirror has them. Null deletes an attribute.
fn mirrored(model: &str, settings: &Settings) -> Attributes {
    let mut attributes = Attributes::new();
    attributes.insert("model".to_owned(), json!(model));
    attributes.insert("temperature".to_owned(), json!(settings.temperature));
    attributes.insert("persona".to_owned(), json!(settings.persona));
    attributes.insert("contextLimit".to_owned(), json!(settings.context_limit));
    attributes
}

/// Makes a run that knows what another one knows, from that one's next turn on. The child has views
/// of its own on the parent's entries; whichever of the two writes to one first gets a copy. What is
/// the parent's alone stays behind: what is proposed or still streams, because the child would never
/// see its end, the mirror, the audit.
pub fn fork(tx: &mut Tx<'_>, parent: RunId, new: &NewRun) -> Result<RunId, StoreError> {
    let child = create(tx, new)?;
    tx.prepare_cached(
        "INSERT INTO views (run_id, path, entry_id, turn, state, outcome, visibility, changed, settled)
         SELECT ?2, views.path, views.entry_id, views.turn, views.state, views.outcome,
             views.visibility, views.changed, views.settled
         FROM views
         JOIN entries ON entries.id = views.entry_id
         JOIN schemes ON schemes.name = entries.scheme
         WHERE views.run_id = ?1 AND views.state NOT IN ('proposed', 'streaming')
             AND schemes.category <> 'audit' AND schemes.name <> 'run'
         ORDER BY views.id",
    )?
    .execute(params![parent.0, child.0])?;
    tx.prepare_cached(
        "UPDATE runs SET parent_id = ?1,
             next_turn = (SELECT next_turn FROM runs WHERE id = ?1),
             changes = changes + (SELECT changes FROM runs WHERE id = ?1)
         WHERE id = ?2",
    )?
    .execute(params![parent.0, child.0])?;
    Ok(child)
}

/// A run by its name, if there is one.
pub fn by_alias(connection: &Connection, alias: &RunAlias) -> Result<Option<Run>, StoreError> {
    Ok(connection
        .prepare_cached(&format!("{SELECT} WHERE runs.alias = ?1"))?
        .query_row([alias.as_str()], read_run)
        .optional()?)
}

/// A run by its row id; one that is no more is an error.
pub fn by_id(connection: &Connection, id: RunId) -> Result<Run, StoreError> {
    connection
        .prepare_cached(&format!("{SELECT} WHERE runs.id = ?1"))?
        .query_row([id.0], read_run)
        .optional()?
        .ok_or_else(|| StoreError::NoRun(format!("#{}", id.0)))
}

/// Those of some runs that are no more.
pub fn missing(connection: &Connection, runs: Vec<RunId>) -> Result<Vec<RunId>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT 1 FROM runs WHERE id = ?1")?;
    let mut missing = Vec::new();
    for run in runs {
        if !statement.exists([run.0])? {
            missing.push(run);
        }
    }
    Ok(missing)
}

/// The runs of a project, newest first. No limit: all.
pub fn list(
    connection: &Connection,
    project: ProjectId,
    limit: Option<u32>,
    offset: u32,
) -> Result<Vec<Run>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "{SELECT} WHERE runs.project_id = ?1 ORDER BY runs.id DESC LIMIT ?2 OFFSET ?3"
    ))?;
    let limit = limit.map_or(-1, i64::from);
    let rows = statement.query_map(params![project.0, limit, offset], read_run)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The runs of some projects, or of all, newest first. No limit: all.
pub fn newest(
    connection: &Connection,
    projects: Option<&[ProjectId]>,
    limit: Option<u32>,
) -> Result<Vec<Run>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "{SELECT} WHERE ?1 IS NULL OR runs.project_id IN (SELECT value FROM json_each(?1))
         ORDER BY runs.id DESC LIMIT ?2"
    ))?;
    let projects = projects.map(|ids| json!(ids.iter().map(|id| id.0).collect::<Vec<_>>()));
    let projects = projects.map(|ids| ids.to_string());
    let rows = statement.query_map(params![projects, limit.map_or(-1, i64::from)], read_run)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The names of all runs, newest first.
pub fn aliases(connection: &Connection) -> Result<Vec<RunAlias>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT alias FROM runs ORDER BY id DESC")?;
    let rows = statement.query_map([], |row| parsed(row, "alias"))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Sets a run's status, the reason for it, and its mirror. A run that has the status already keeps
/// its reason; one that may not get it ([`RunStatus::may_become`]) is refused.
pub fn set_status(
    tx: &mut Tx<'_>,
    id: RunId,
    status: RunStatus,
    outcome: Option<Outcome>,
) -> Result<(), StoreError> {
    let run = by_id(tx, id)?;
    if run.status == status {
        return Ok(());
    }
    if !run.status.may_become(status) {
        return Err(StoreError::Transition {
            alias: run.alias.to_string(),
            from: run.status,
            to: status,
        });
    }
    let finished = (!status.is_active()).then(now_ms);
    tx.prepare_cached("UPDATE runs SET status = ?2, outcome = ?3, finished_at = ?4 WHERE id = ?1")?
        .execute(params![
            id.0,
            status.code(),
            outcome.as_ref().map(Outcome::to_string),
            finished
        ])?;
    let mirror = Write::to(EntryPath::run(&run.alias)).ended(status.state(), outcome);
    entries::set(tx, id, Writer::System, mirror)?;
    if !status.is_active() {
        // However it ended: nothing that it made is kept from the user.
        super::proposals::offer(tx, id)?;
    }
    Ok(())
}

/// Removes the runs that ended before a time, and the entries and texts that only they showed.
/// Returns how many runs.
pub fn forget(tx: &Tx<'_>, ended_before: i64) -> Result<usize, StoreError> {
    let runs = tx.execute("DELETE FROM runs WHERE finished_at < ?1", [ended_before])?;
    if runs > 0 {
        sweep(tx)?;
    }
    Ok(runs)
}

/// Removes the entries that no view shows and the texts that nothing holds.
fn sweep(tx: &Tx<'_>) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM entries WHERE NOT EXISTS (SELECT 1 FROM views WHERE entry_id = entries.id)",
        [],
    )?;
    contents::sweep(tx)
}

/// Sets the run's summary.
pub fn set_summary(tx: &Tx<'_>, id: RunId, summary: &str) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE runs SET summary = ?2 WHERE id = ?1")?
        .execute(params![id.0, summary])?;
    Ok(())
}

/// Takes the run's next turn number.
pub fn take_turn(tx: &Tx<'_>, id: RunId) -> Result<TurnNumber, StoreError> {
    Ok(tx
        .prepare_cached(
            "UPDATE runs SET next_turn = next_turn + 1 WHERE id = ?1 RETURNING next_turn - 1",
        )?
        .query_row([id.0], |row| row.get(0).map(TurnNumber))?)
}

fn read_run(row: &Row<'_>) -> rusqlite::Result<Run> {
    let code: u16 = row.get("status")?;
    let next_turn: u32 = row.get("next_turn")?;
    Ok(Run {
        id: mapped(row, "id", RunId)?,
        project: mapped(row, "project_id", ProjectId)?,
        parent: parsed_optional(row, "parent_alias")?,
        alias: parsed(row, "alias")?,
        model: row.get("model")?,
        status: super::loops::read_status(row, code)?,
        outcome: parsed_optional(row, "outcome")?,
        summary: row.get("summary")?,
        settings: Settings {
            temperature: row.get("temperature")?,
            persona: row.get("persona")?,
            context_limit: row
                .get::<_, Option<i64>>("context_limit")?
                .map(i64::cast_unsigned),
        },
        turn: (next_turn > 1).then(|| TurnNumber(next_turn - 1)),
        created_at: row.get("created_at")?,
        changes: row.get("changes")?,
        removals: row.get("removals")?,
        retractions: row.get("retractions")?,
    })
}
