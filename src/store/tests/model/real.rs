//! The store's side of a step, and all that can be read of a run.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rusqlite::Connection;

use super::naive::{No, Row, Run, Settings};
use super::steps::{FILTERS, Given, Patch, Shown, Step};
use crate::dialect::BodyFilter;
use crate::entries::{
    Entry, EntryPath, LoopId, Mode, RunAlias, RunId, TurnNumber, ViewId, Visibility,
};
use crate::store::entries::{self, Access, Head, Query, Seen, Write};
use crate::store::tests::bench::{enqueue, new_run, path};
use crate::store::{Change, StoreError, Tx, runs};

/// What the store made of a step.
pub struct Done {
    pub answer: Vec<String>,
    pub child: Option<(RunId, LoopId)>,
}

/// A step in the store.
pub fn perform(
    tx: &mut Tx<'_>,
    run: RunId,
    in_loop: LoopId,
    step: Step,
) -> Result<Done, StoreError> {
    let paths = |entries: Vec<Entry>| entries.iter().map(|e| e.path.to_string()).collect();
    let answer = match step {
        Step::Set(_, writer, at, patch) => {
            entries::set(tx, run, writer, patch.at(&path(at), in_loop))?;
            Vec::new()
        }
        Step::SetAll(_, writer, from, patch) => {
            let query = query(tx, run, from)?;
            let writes =
                patch.body.is_some() || patch.attributes.is_some() || patch.ended.is_some();
            let access = if writes {
                Access::Content
            } else {
                Access::Visibility
            };
            let write = |entry: &Entry| Ok(patch.at(&entry.path, in_loop));
            paths(entries::set_all(tx, run, writer, &query, access, write)?)
        }
        Step::Show(_, writer, from, Shown { visibility, turn }) => {
            let query = query(tx, run, from)?;
            let turn = turn.map(TurnNumber);
            paths(entries::show(tx, run, writer, &query, visibility, turn)?)
        }
        Step::Rm(_, writer, from) => {
            let query = query(tx, run, from)?;
            paths(entries::rm(tx, run, writer, &query)?)
        }
        Step::Transfer {
            moves,
            writer,
            from,
            to,
            visibility,
            ..
        } => {
            let query = query(tx, run, from)?;
            let verb = if moves { entries::mv } else { entries::cp };
            verb(tx, run, writer, &query, &path(to), visibility)?;
            Vec::new()
        }
        Step::Log(_, target, body) => {
            let base = EntryPath::log(TurnNumber(1), "set", target);
            vec![entries::log(tx, run, Write::body(base, &body))?.to_string()]
        }
        Step::Audit(_, scheme, turn, text) => {
            let at = (TurnNumber(turn), in_loop);
            entries::audit(tx, run, scheme, at, text, None)?;
            Vec::new()
        }
        Step::List(_, from, page) => {
            let query = Query {
                scheme: page.scheme,
                state: page.state,
                visibility: page.visibility,
                limit: page.limit,
                offset: page.offset,
                ..query(tx, run, from)?
            };
            let listed: Vec<String> = paths(entries::list(tx, run, &query)?);
            let heads = entries::heads(tx, run, &query)?;
            let heads: Vec<String> = heads.iter().map(|head| head.path.to_string()).collect();
            if listed == heads {
                listed
            } else {
                vec![format!("{listed:?} but {heads:?}")]
            }
        }
        step => return on_runs(tx, run, step),
    };
    Ok(Done {
        answer,
        child: None,
    })
}

/// A step that is about a run and not about its entries.
fn on_runs(tx: &mut Tx<'_>, run: RunId, step: Step) -> Result<Done, StoreError> {
    let mut done = Done {
        answer: Vec::new(),
        child: None,
    };
    match step {
        Step::TakeTurn(_) => done.answer.push(runs::take_turn(tx, run)?.to_string()),
        Step::Fork(_, alias) => {
            let mut new = new_run(tx, alias);
            new.settings = runs::by_id(tx, run)?.settings;
            let child = runs::fork(tx, run, &new)?;
            done.child = Some((child, enqueue(tx, child, Mode::Act, "do it")?));
        }
        Step::Rename(_, alias) => runs::rename(tx, run, &alias.parse().unwrap())?,
        Step::Configure(_, changes) => runs::configure(tx, run, &changes)?,
        Step::Status(_, status) => runs::set_status(tx, run, status, None)?,
        Step::Delete(_) => runs::delete(tx, run)?,
        _ => {}
    }
    Ok(done)
}

fn query(
    tx: &Tx<'_>,
    run: RunId,
    (given, filter): (&Given, Option<usize>),
) -> Result<Query, StoreError> {
    let filter = filter.map(|at| BodyFilter::parse(FILTERS[at].text).unwrap());
    Query::named(tx, run, given.text, filter)
}

impl Patch {
    fn at(&self, path: &EntryPath, in_loop: LoopId) -> Write {
        Write {
            path: path.clone(),
            body: self.body.clone(),
            append: self.append,
            attributes: self.attributes.clone(),
            ended: self.ended.clone(),
            visibility: self.visibility,
            turn: self.turn.map(TurnNumber),
            in_loop: self.in_loop.then_some(in_loop),
        }
    }
}

/// A packet that is followed from step to step by what has changed.
#[derive(Debug, Default, PartialEq)]
pub struct Followed {
    seen: Option<Seen>,
    rows: BTreeMap<ViewId, Entry>,
}

impl Followed {
    pub fn on(mut self, connection: &Connection, run: RunId) -> Result<Self, StoreError> {
        let found = entries::in_packet(connection, run, self.seen)?;
        if let Some(left) = found.left {
            self.rows.retain(|view, _| left.contains(view));
        }
        for entry in found.changed {
            self.rows.remove(&entry.view);
            if entry.visibility != Visibility::Archived {
                self.rows.insert(entry.view, entry);
            }
        }
        self.seen = Some(found.seen);
        Ok(self)
    }
}

/// All that can be read of a run.
pub struct Whole {
    pub run: runs::Run,
    pub rows: Vec<Entry>,
    pub heads: Vec<Head>,
    pub packet: Vec<Entry>,
    pub followed: Followed,
    pub history: Vec<Entry>,
}

impl Whole {
    pub fn is(&self, model: &Run) -> Result<(), TestCaseError> {
        let rows: BTreeMap<String, Row> = self
            .rows
            .iter()
            .map(|entry| {
                let path = entry.path.to_string();
                // The order of the packet and of history tell of these two.
                let (arrived, settled) = model
                    .rows
                    .get(&path)
                    .map_or((0, None), |row| (row.arrived, row.settled));
                let row = Row {
                    body: entry.body.clone(),
                    attributes: entry.attributes.clone(),
                    state: entry.state,
                    outcome: entry.outcome.clone(),
                    visibility: entry.visibility,
                    turn: entry.turn.map(|turn| turn.0),
                    in_loop: entry.in_loop.is_some(),
                    arrived,
                    changed: entry.changed,
                    settled,
                };
                (path, row)
            })
            .collect();
        prop_assert_eq!(&rows, &model.rows, "the entries of {}", model.alias);
        let listed: Vec<Head> = self.rows.iter().map(head).collect();
        prop_assert_eq!(&self.heads, &listed, "the heads of {}", model.alias);
        let paths = |rows: &[Entry]| rows.iter().map(|e| e.path.to_string()).collect::<Vec<_>>();
        let packet: BTreeMap<ViewId, Entry> = self
            .packet
            .iter()
            .map(|entry| (entry.view, entry.clone()))
            .collect();
        prop_assert_eq!(
            &self.followed.rows,
            &packet,
            "what was followed of {}",
            model.alias
        );
        let packet: Vec<Entry> = packet.into_values().collect();
        prop_assert_eq!(
            paths(&packet),
            model.packet(),
            "the packet of {}",
            model.alias
        );
        prop_assert_eq!(
            paths(&self.history),
            model.history(),
            "the history of {}",
            model.alias
        );
        let run = &self.run;
        let name = |alias: &RunAlias| alias.to_string();
        prop_assert_eq!(name(&run.alias), model.alias.clone());
        prop_assert_eq!(run.parent.as_ref().map(name), model.parent.clone());
        prop_assert_eq!(run.turn.map_or(0, |turn| turn.0) + 1, model.next_turn);
        prop_assert_eq!(run.status, model.status);
        let settings = Settings {
            temperature: run.settings.temperature,
            persona: run.settings.persona.clone(),
        };
        prop_assert_eq!(&settings, &model.settings);
        prop_assert_eq!(
            (run.changes, run.removals, run.retractions),
            (model.changes, model.removals, model.retractions)
        );
        Ok(())
    }
}

fn head(entry: &Entry) -> Head {
    Head {
        path: entry.path.clone(),
        attributes: entry.attributes.clone(),
        state: entry.state,
        outcome: entry.outcome.clone(),
        visibility: entry.visibility,
        turn: entry.turn,
        chars: entry.body.chars().count(),
    }
}

pub fn kind_name(change: &Change) -> &'static str {
    use crate::store::ChangeKind as Kind;
    match change.kind {
        Kind::Upsert => "Upsert",
        Kind::Append => "Append",
        Kind::Resolve => "Resolve",
        Kind::Visibility => "Visibility",
        Kind::Attributes => "Attributes",
        Kind::Remove => "Remove",
    }
}

pub fn no(error: &StoreError) -> No {
    match error {
        StoreError::NotFound { .. } => No::NotFound,
        StoreError::Forbidden { .. } => No::Forbidden,
        StoreError::Mirror { .. } => No::Mirror,
        StoreError::NothingToSet { .. } => No::NothingToSet,
        StoreError::NothingToAppend(_) => No::NothingToAppend,
        StoreError::NoFolder { .. } => No::SeveralToOne,
        StoreError::AliasTaken(_) => No::AliasTaken,
        StoreError::Active(_) => No::Active,
        StoreError::Transition { .. } => No::Transition,
        StoreError::Path(_) => No::BadPath,
        other => No::Otherwise(other.to_string()),
    }
}

/// Ends and deletes runs. Returns how many rows are left behind.
pub fn delete_all(tx: &mut Tx<'_>, all: &[RunId]) -> Result<[i64; 3], StoreError> {
    for run in all {
        tx.execute("UPDATE runs SET status = 200 WHERE id = ?1", [run.0])?;
        runs::delete(tx, *run)?;
    }
    let count = |table: &str| -> Result<i64, StoreError> {
        Ok(
            tx.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| {
                row.get(0)
            })?,
        )
    };
    Ok([count("entries")?, count("views")?, count("contents")?])
}
