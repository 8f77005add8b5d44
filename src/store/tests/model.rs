//! The store against a plain model of it: whatever is done, in whatever order, by whomever, both
//! answer the same, tell the same changes and hold the same entries, in every run.

mod naive;
mod steps;

use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use rusqlite::Connection;
use tokio::sync::broadcast::Receiver;

use self::naive::{No, Row, Run, Settings, Told};
use self::steps::{ALIASES, FILTERS, Given, Page, Patch, Shown, Step};
use super::bench::{Bench, bench, enqueue, new_run, path};
use crate::dialect::BodyFilter;
use crate::entries::{
    Entry, EntryPath, LoopId, Mode, RunId, RunStatus, TurnNumber, ViewId, Visibility, Writer,
};
use crate::store::entries::{self, Access, Head, Query, Seen, Write};
use crate::store::runs::{self, Changes};
use crate::store::{Change, StoreError, Tx};

#[test]
fn the_store_does_what_a_plain_map_of_each_run_would_do() {
    let cases = if std::env::var_os("RUMMY_SLOW").is_some() {
        2500
    } else {
        100
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let bench = runtime.block_on(async {
        let bench = bench().await;
        let run = bench.run;
        let deleted = bench.store.write(move |tx| delete_all(tx, &[run])).await;
        deleted.unwrap();
        bench
    });
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let steps = prop::collection::vec(steps::step(), 1..40);
    let tested = TestRunner::new(config).run(&steps, |steps| {
        runtime.block_on(async { Pair::new(&bench).await.follow(steps).await })
    });
    if let Err(found) = tested {
        panic!("{found}");
    }
}

/// The store and its model, side by side.
struct Pair<'b> {
    bench: &'b Bench,
    changes: Receiver<Change>,
    runs: Vec<(RunId, LoopId, Run)>,
    followed: HashMap<RunId, Followed>,
}

/// A packet that is followed from step to step by what has changed.
#[derive(Debug, Default, PartialEq)]
struct Followed {
    seen: Option<Seen>,
    rows: BTreeMap<ViewId, Entry>,
}

impl Followed {
    fn on(mut self, connection: &Connection, run: RunId) -> Result<Self, StoreError> {
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

/// What both answer to a step.
#[derive(Debug, PartialEq)]
struct Answer {
    result: Result<Vec<String>, No>,
    told: Vec<(RunId, Told)>,
}

impl<'b> Pair<'b> {
    async fn new(bench: &'b Bench) -> Self {
        let created = bench.store.write(|tx| {
            let run = runs::create(tx, &new_run(tx, ALIASES[0]))?;
            Ok((run, enqueue(tx, run, Mode::Act, "do it")?))
        });
        let (run, in_loop) = created.await.unwrap();
        Self {
            bench,
            changes: bench.store.changes(),
            runs: vec![(run, in_loop, Run::new(ALIASES[0], Settings::default()))],
            followed: HashMap::new(),
        }
    }

    async fn follow(mut self, steps: Vec<Step>) -> Result<(), TestCaseError> {
        let mut wrong = Ok(());
        for step in steps {
            wrong = self.take(step).await;
            if wrong.is_err() || self.runs.is_empty() {
                break;
            }
        }
        // However it went: the next sequence begins with an empty store.
        let left: Vec<RunId> = self.runs.iter().map(|(id, ..)| *id).collect();
        let emptied = self.bench.store.write(move |tx| delete_all(tx, &left));
        let left_behind = emptied.await.unwrap();
        wrong?;
        prop_assert_eq!(left_behind, [0, 0, 0], "entries, views, contents");
        Ok(())
    }

    /// One step in both, and then all that can be read of every run.
    async fn take(&mut self, step: Step) -> Result<(), TestCaseError> {
        let shown = format!("{step:?}");
        let (expected, found) = self.answers(step).await;
        prop_assert_eq!(found, expected, "what {} answers", shown);
        for (id, _, model) in &self.runs {
            let id = *id;
            let followed = std::mem::take(self.followed.entry(id).or_default());
            let read = self.bench.store.read(move |connection| {
                Ok(Whole {
                    run: runs::by_id(connection, id)?,
                    rows: entries::list(connection, id, &Query::default())?,
                    heads: entries::heads(connection, id, &Query::default())?,
                    packet: entries::in_packet(connection, id, None)?.changed,
                    followed: followed.on(connection, id)?,
                    history: entries::history_since(connection, id, 0)?,
                })
            });
            let whole = read.await.unwrap();
            whole
                .is(model)
                .map_err(|why| TestCaseError::fail(format!("after {shown}: {why}")))?;
            self.followed.insert(id, whole.followed);
        }
        Ok(())
    }

    async fn answers(&mut self, step: Step) -> (Answer, Answer) {
        let at = step.run() % self.runs.len();
        let (id, in_loop, _) = self.runs[at];
        let asked = step.clone();
        let made = self
            .bench
            .store
            .write(move |tx| perform(tx, id, in_loop, asked))
            .await;
        let mut told = Vec::new();
        while let Ok(change) = self.changes.try_recv() {
            let kind: &'static str = kind_name(&change);
            told.push((change.run, (change.path.to_string(), kind)));
        }
        let child = match &made {
            Ok(Done { child, .. }) => *child,
            Err(_) => None,
        };
        let found = Answer {
            result: made.map(|done| done.answer).map_err(|error| no(&error)),
            told,
        };
        (self.expect(at, &step, &found, child), found)
    }

    /// What the model answers. A refused step leaves it as it was.
    fn expect(
        &mut self,
        at: usize,
        step: &Step,
        found: &Answer,
        child: Option<(RunId, LoopId)>,
    ) -> Answer {
        let is_taken = |alias: &str| self.runs.iter().any(|(.., run)| run.alias == alias);
        let (id, _, before) = &self.runs[at];
        let (id, mut run) = (*id, before.clone());
        let result = match step {
            Step::Fork(_, alias) if is_taken(alias) => Err(No::AliasTaken),
            Step::Rename(_, alias) if is_taken(alias) && run.alias != *alias => Err(No::AliasTaken),
            Step::Delete(_) if run.is_active => Err(No::Active),
            Step::Fork(_, alias) => {
                let forked = run.fork(alias);
                let told = vec![(format!("run://{alias}"), "Upsert")];
                let (child, in_loop) = child.expect("the store has made no fork");
                self.runs.push((child, in_loop, forked));
                return Answer {
                    result: Ok(Vec::new()),
                    told: told.into_iter().map(|told| (child, told)).collect(),
                };
            }
            Step::Delete(_) => {
                self.runs.remove(at);
                for (.., other) in &mut self.runs {
                    if other.parent.as_ref() == Some(&run.alias) {
                        other.parent = None;
                    }
                }
                return Answer {
                    result: Ok(Vec::new()),
                    told: Vec::new(),
                };
            }
            step => done(&mut run, step, found),
        };
        let (result, told) = match result {
            Ok((answer, told)) => (Ok(answer), told),
            Err(no) => (Err(no), Vec::new()),
        };
        if result.is_ok() {
            let old = std::mem::replace(&mut self.runs[at].2, run);
            let new = self.runs[at].2.alias.clone();
            for (.., child) in &mut self.runs {
                if child.parent.as_ref() == Some(&old.alias) {
                    child.parent = Some(new.clone());
                }
            }
        }
        Answer {
            result,
            told: told.into_iter().map(|told| (id, told)).collect(),
        }
    }
}

/// A step within one run, in the model: what it returns, and what is told.
fn done(run: &mut Run, step: &Step, found: &Answer) -> Result<(Vec<String>, Vec<Told>), No> {
    let each = |told: Vec<Told>| {
        let paths = told.iter().map(|(path, _)| path.clone()).collect();
        (paths, told)
    };
    let silent = |told: Vec<Told>| (Vec::new(), told);
    match step {
        Step::Set(_, writer, path, patch) => run.set(*writer, path, patch).map(silent),
        Step::SetAll(_, writer, (given, filter), patch) => {
            run.set_all(*writer, given, *filter, patch).map(each)
        }
        Step::Show(_, writer, (given, filter), shown) => {
            run.show(*writer, given, *filter, *shown).map(each)
        }
        Step::Rm(_, writer, (given, filter)) => run.rm(*writer, given, *filter).map(each),
        Step::Transfer {
            moves,
            writer,
            from: (given, filter),
            to,
            visibility,
            ..
        } => run
            .transfer(*moves, *writer, (*given, *filter), to, *visibility)
            .map(silent),
        Step::Log(_, target, body) => {
            let base = EntryPath::log(TurnNumber(1), "set", target).to_string();
            let path = logged(run, &base, found);
            let patch = Patch {
                body: Some(body.clone()),
                ..Patch::default()
            };
            let told = run.set(Writer::Plugin, &path, &patch)?;
            Ok((vec![path], told))
        }
        Step::Audit(_, scheme, turn, text) => {
            let patch = Patch {
                body: Some(text.clone()),
                turn: Some(*turn),
                ..Patch::default()
            };
            run.set(Writer::System, &format!("{scheme}://{turn}"), &patch)
                .map(silent)
        }
        Step::List(_, (given, filter), page) => {
            let (mut paths, _) = run.meant(given, *filter)?;
            paths.retain(|path| page.admits(path, &run.rows[path]));
            let limit = page.limit.map_or(usize::MAX, |limit| limit as usize);
            let paged = paths.into_iter().skip(page.offset as usize).take(limit);
            Ok((paged.collect(), Vec::new()))
        }
        Step::TakeTurn(_) => {
            run.next_turn += 1;
            Ok((vec![(run.next_turn - 1).to_string()], Vec::new()))
        }
        Step::Rename(_, alias) => run.rename(alias).map(silent),
        Step::Configure(_, changes) if *changes == Changes::default() => Ok(silent(Vec::new())),
        Step::Configure(_, changes) => {
            let old = run.settings.clone();
            run.configure(Settings {
                temperature: changes.temperature.unwrap_or(old.temperature),
                persona: changes.persona.clone().unwrap_or(old.persona),
            })
            .map(silent)
        }
        Step::Finish(_) => run.finish().map(silent),
        Step::Fork(..) | Step::Delete(_) => unreachable!("they are about several runs"),
    }
}

/// The path that a log entry gets: its own where that is free, else any ordinal that is free behind
/// one that is taken.
fn logged(run: &Run, base: &str, found: &Answer) -> String {
    let is_taken = |ordinal: u32| match ordinal {
        1 => run.rows.contains_key(base),
        ordinal => run.rows.contains_key(&format!("{base}_{ordinal}")),
    };
    let free =
        (1..99).filter(|ordinal| !is_taken(*ordinal) && (*ordinal == 1 || is_taken(ordinal - 1)));
    let mut paths = free.map(|ordinal| match ordinal {
        1 => base.to_owned(),
        ordinal => format!("{base}_{ordinal}"),
    });
    let first = paths.next().unwrap();
    match &found.result {
        Ok(answer) if first != base && paths.any(|path| *answer == [path]) => answer[0].clone(),
        _ => first,
    }
}

impl Page {
    fn admits(&self, path: &str, row: &Row) -> bool {
        self.scheme
            .is_none_or(|scheme| scheme.as_str() == naive::scheme_of(path))
            && self.state.is_none_or(|state| state == row.state)
            && self.visibility.is_none_or(|shown| shown == row.visibility)
    }
}

/// What the store made of a step.
struct Done {
    answer: Vec<String>,
    child: Option<(RunId, LoopId)>,
}

/// A step in the store.
fn perform(tx: &mut Tx<'_>, run: RunId, in_loop: LoopId, step: Step) -> Result<Done, StoreError> {
    let mut child = None;
    let paths = |entries: Vec<Entry>| entries.iter().map(|e| e.path.to_string()).collect();
    let answer = match step {
        Step::Set(_, writer, at, patch) => {
            entries::set(tx, run, writer, patch.at(&path(at)))?;
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
            let write = |entry: &Entry| Ok(patch.at(&entry.path));
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
            entries::audit(tx, run, scheme, at, text.into(), None)?;
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
        Step::TakeTurn(_) => vec![runs::take_turn(tx, run)?.to_string()],
        Step::Fork(_, alias) => {
            let mut new = new_run(tx, alias);
            new.settings = runs::by_id(tx, run)?.settings;
            let made = runs::fork(tx, run, &new)?;
            child = Some((made, enqueue(tx, made, Mode::Act, "do it")?));
            Vec::new()
        }
        Step::Rename(_, alias) => {
            runs::rename(tx, run, &alias.parse().unwrap())?;
            Vec::new()
        }
        Step::Configure(_, changes) => {
            runs::configure(tx, run, &changes)?;
            Vec::new()
        }
        Step::Finish(_) => {
            runs::set_status(tx, run, RunStatus::Done, None)?;
            Vec::new()
        }
        Step::Delete(_) => {
            runs::delete(tx, run)?;
            Vec::new()
        }
    };
    Ok(Done { answer, child })
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
    fn at(&self, path: &EntryPath) -> Write {
        Write {
            path: path.clone(),
            body: self.body.clone(),
            append: self.append,
            attributes: self.attributes.clone(),
            ended: self.ended.clone(),
            visibility: self.visibility,
            turn: self.turn.map(TurnNumber),
            in_loop: None,
        }
    }
}

impl Step {
    const fn run(&self) -> usize {
        match self {
            Self::Transfer { run, .. }
            | Self::Set(run, ..)
            | Self::SetAll(run, ..)
            | Self::Show(run, ..)
            | Self::Rm(run, ..)
            | Self::Log(run, ..)
            | Self::Audit(run, ..)
            | Self::List(run, ..)
            | Self::TakeTurn(run)
            | Self::Fork(run, ..)
            | Self::Rename(run, ..)
            | Self::Configure(run, ..)
            | Self::Finish(run)
            | Self::Delete(run) => *run,
        }
    }
}

/// All that can be read of a run.
struct Whole {
    run: runs::Run,
    rows: Vec<Entry>,
    heads: Vec<Head>,
    packet: Vec<Entry>,
    followed: Followed,
    history: Vec<Entry>,
}

impl Whole {
    fn is(&self, model: &Run) -> Result<(), TestCaseError> {
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
        let name = |alias: &crate::entries::RunAlias| alias.to_string();
        prop_assert_eq!(name(&run.alias), model.alias.clone());
        prop_assert_eq!(run.parent.as_ref().map(name), model.parent.clone());
        prop_assert_eq!(run.turn.map_or(0, |turn| turn.0) + 1, model.next_turn);
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

fn kind_name(change: &Change) -> &'static str {
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

fn no(error: &StoreError) -> No {
    match error {
        StoreError::NotFound { .. } => No::NotFound,
        StoreError::Forbidden { .. } => No::Forbidden,
        StoreError::Mirror { .. } => No::Mirror,
        StoreError::NothingToSet { .. } => No::NothingToSet,
        StoreError::NothingToAppend(_) => No::NothingToAppend,
        StoreError::NoFolder { .. } => No::SeveralToOne,
        StoreError::AliasTaken(_) => No::AliasTaken,
        StoreError::Active(_) => No::Active,
        StoreError::Path(_) => No::BadPath,
        other => No::Otherwise(other.to_string()),
    }
}

/// Ends and deletes runs. Returns how many rows are left behind.
fn delete_all(tx: &mut Tx<'_>, all: &[RunId]) -> Result<[i64; 3], StoreError> {
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
