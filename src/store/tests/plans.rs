//! What statements cost. Every one that the store runs is watched; none may go through a table, or
//! a whole index, row by row.

use std::cell::RefCell;
use std::collections::BTreeMap;

use rusqlite::StatementStatus;
use rusqlite::trace::{TraceEvent, TraceEventCodes};

use super::bench::{Bench, all, bench, enqueue, new_run, path};
use crate::entries::{
    Action, Decision, Effect, EntryPath, Mode, Outcome, RunId, RunStatus, Scheme, State,
    TurnNumber, Visibility, Writer,
};
use crate::store::entries::{self, Query, Write};
use crate::store::leases::{self, Holder};
use crate::store::loops::{LoopConfig, NewLoop};
use crate::store::proposals::{self, Verdict};
use crate::store::{StoreError, Tx, loops, projects, runs, turns};

thread_local! {
    /// Every statement that was run on the store's own thread, and whether it scanned.
    static SEEN: RefCell<BTreeMap<String, bool>> = const { RefCell::new(BTreeMap::new()) };
}

fn watch(event: TraceEvent<'_>) {
    if let TraceEvent::Profile(statement, _) = event {
        let scanned = statement.get_status(StatementStatus::FullscanStep) > 0;
        SEEN.with_borrow_mut(|seen| {
            *seen.entry(statement.sql().into_owned()).or_default() |= scanned;
        });
    }
}

/// A store in which three turns and a fork were watched, and the statements that they ran.
async fn watched() -> (Bench, BTreeMap<String, bool>) {
    let bench = bench().await;
    let run = bench.run;
    let watching = bench.store.call(|connection| {
        connection.trace_v2(TraceEventCodes::SQLITE_TRACE_PROFILE, Some(watch));
        Ok(())
    });
    watching.await.unwrap();
    let done = bench.store.write(move |tx| {
        for turn in 1..4 {
            a_turn(tx, run, turn)?;
        }
        let new = new_run(tx, "child");
        let child = runs::fork(tx, run, &new)?;
        a_turn(tx, child, 4)?;
        runs::rename(tx, child, &"other".parse().unwrap())?;
        leases::interrupt(tx, child)?;
        leases::recover(tx, |_| false).map(drop)
    });
    done.await.unwrap();
    let seen = bench.store.call(|_| Ok(SEEN.take())).await.unwrap();
    (bench, seen)
}

#[tokio::test]
async fn no_statement_of_a_turn_goes_through_a_whole_table() {
    let (_, seen) = watched().await;
    assert!(seen.len() > 40, "only {} statements were seen", seen.len());
    let scans = seen.into_iter().filter(|(_, scanned)| *scanned);
    assert_eq!(scans.map(|(sql, _)| sql).collect::<Vec<_>>(), [""; 0]);
}

#[tokio::test]
async fn what_is_open_is_found_without_a_look_at_what_is_settled() {
    let (bench, seen) = watched().await;
    let open = seen
        .into_keys()
        .filter(|sql| sql.contains("views.state = 'proposed'"));
    let open: Vec<String> = open.collect();
    assert!(open.len() >= 4, "{open:?}");
    for sql in open {
        let plan = format!("EXPLAIN QUERY PLAN {sql}");
        let plan = bench.store.read(move |connection| {
            let mut statement = connection.prepare(&plan)?;
            let steps = statement.raw_query().mapped(|row| row.get(3));
            Ok(steps.collect::<Result<Vec<String>, _>>()?.join("; "))
        });
        let plan = plan.await.unwrap();
        assert!(
            plan.contains("INDEX views_open (run_id=? AND state=?)"),
            "{sql}: {plan}"
        );
    }
}

/// All that a turn does, and what is read beside it.
fn a_turn(tx: &mut Tx<'_>, run: RunId, turn: u32) -> Result<(), StoreError> {
    let turn = TurnNumber(turn);
    let holder = Holder {
        pid: 1,
        started: "now".to_owned(),
    };
    enqueue(tx, run, Mode::Act, "first")?;
    enqueue(tx, run, Mode::Act, "second")?;
    let new = loops::NewLoop {
        mode: Mode::Act,
        model: "test",
        prompt: "more",
        config: &loops::LoopConfig::default(),
        joins: true,
    };
    loops::enqueue(tx, run, &new)?;
    leases::acquire(tx, run, &holder, |_| true)?;
    leases::heartbeat(tx, &holder)?;
    let claimed = loops::claim(tx, run)?.unwrap();
    loops::take_joining(tx, run, Mode::Act)?;
    runs::set_status(tx, run, RunStatus::Running, None)?;
    turns::begin(tx, run, claimed.id)?;

    for at in [
        "known://a/b",
        "known://c",
        "src/a.rs",
        "prompt://1",
        "sh://turn_1/x_1",
    ] {
        let write = Write::body(path(at), "body").at(turn, claimed.id);
        entries::set(tx, run, Writer::Plugin, write)?;
    }
    let streaming = Write::to(path("sh://turn_1/x_1")).state(State::Streaming);
    entries::set(tx, run, Writer::Plugin, streaming)?;
    entries::audit(
        tx,
        run,
        Scheme::System,
        (turn, claimed.id),
        "packet".to_owned(),
        None,
    )?;
    let base = EntryPath::log(turn, "set", "src/a.rs");
    for state in [State::Resolved, State::Proposed] {
        let write = Write::body(base.clone(), "").state(state);
        let logged = entries::log(tx, run, write.at(turn, claimed.id))?;
        if state == State::Proposed {
            propose(tx, run, &logged)?;
        }
    }

    for query in [
        all("**", None),
        all("known://**", Some("body")),
        all("src/*.rs", Some("/b/")),
        Query::in_state(State::Proposed),
        Query::in_state(State::Failed),
        Query::of_scheme(Scheme::Unknown),
        Query::of_scheme(Scheme::File),
        Query {
            visibility: Some(Visibility::Visible),
            limit: Some(2),
            offset: 1,
            ..Query::default()
        },
    ] {
        entries::list(tx, run, &query)?;
        entries::heads(tx, run, &query)?;
    }
    let seen = entries::in_packet(tx, run, None)?.seen;
    entries::history_since(tx, run, 2)?;
    let model = Writer::Model;
    entries::show(
        tx,
        run,
        model,
        &all("known://*", None),
        Visibility::Visible,
        Some(turn),
    )?;
    entries::cp(
        tx,
        run,
        model,
        &all("known://*", None),
        &path("known://x/"),
        None,
    )?;
    entries::mv(
        tx,
        run,
        model,
        &all("known://x/*", None),
        &path("known://y/"),
        None,
    )?;
    entries::rm(tx, run, model, &all("known://y/**", None))?;
    entries::in_packet(tx, run, Some(seen))?;
    turns::list(tx, run)?;
    loops::list(tx, run)?;

    loops::newest(tx, run)?;
    loops::current(tx, run)?;
    let config = LoopConfig::default();
    let new = NewLoop {
        mode: Mode::Ask,
        model: "test",
        prompt: "p",
        config: &config,
        joins: false,
    };
    loops::can_join(tx, run, &new)?;
    loops::has_queued(tx, run)?;
    turns::answered(tx, run, turn, &turns::Figures::default())?;
    turns::totals(tx, run)?;
    turns::count_answered(tx, run)?;
    runs::list(tx, projects::ensure(tx, "file:///p", "/p")?, Some(5), 0)?;
    loops::end_all(tx, run, RunStatus::Done, &Outcome::Aborted)?;
    runs::set_status(tx, run, RunStatus::Done, None)?;
    leases::release(tx, run, &holder)
}

fn propose(tx: &mut Tx<'_>, run: RunId, at: &EntryPath) -> Result<(), StoreError> {
    let change = Effect::edit(path("src/a.rs"), Some("a\n"), "b\n");
    proposals::put(tx, run, at, Action::Set, &change)?;
    proposals::find(tx, run, at)?;
    proposals::unoffered(tx, run)?;
    proposals::offer(tx, run)?;
    proposals::pending(tx, run)?;
    proposals::count_pending(tx, run)?;
    proposals::runs_with_pending(tx, projects::ensure(tx, "file:///p", "/p")?)?;
    let verdict = Verdict {
        decision: Decision::Accepted,
        hunks: &["h1".to_owned()],
        words: None,
    };
    proposals::decide(tx, run, at, verdict)?;
    proposals::accepted(tx, run)?;
    proposals::undo(tx, run, at, &["h1".to_owned()])?;
    proposals::cancel_pending(tx, run, &Outcome::Aborted).map(drop)
}
