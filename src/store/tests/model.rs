//! The store against a plain model of it: whatever is done, in whatever order, by whomever, both
//! answer the same, tell the same changes and hold the same entries, in every run.

mod naive;
mod real;
mod steps;

use std::collections::HashMap;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tokio::sync::broadcast::Receiver;

use self::naive::{No, Row, Run, Settings, Told};
use self::real::{Done, Followed, Whole, delete_all, kind_name, no, perform};
use self::steps::{ALIASES, Page, Patch, Step};
use super::bench::{Bench, bench, enqueue, new_run};
use crate::entries::{EntryPath, LoopId, Mode, RunId, TurnNumber, Writer};
use crate::store::Change;
use crate::store::entries::{self, Query};
use crate::store::runs::{self, Changes};

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
            Step::Delete(_) if [100, 102, 202].contains(&run.status.code()) => Err(No::Active),
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
                in_loop: true,
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
        Step::Status(_, status) => run.set_status(*status).map(silent),
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
