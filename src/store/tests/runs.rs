//! Runs, loops, leases, proposals and forks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use super::bench::{Bench, all, bench, enqueue, new_run, path};
use crate::entries::{
    Action, Decision, Effect, EntryPath, LoopId, Mode, Outcome, RunId, RunStatus, Scheme, State,
    TurnNumber, Writer,
};
use crate::store::entries::{self, Write};
use crate::store::leases::{self, Holder};
use crate::store::proposals::{self, Verdict};
use crate::store::{StoreError, Tx, loops, runs};

#[tokio::test]
async fn a_fork_and_its_parent_never_see_each_others_writes() {
    let bench = bench().await;
    let parent = bench.run;
    bench.known("known://a", "parent's").await;
    bench.known("known://b", "parent's").await;
    let proposed = Write::body(path("log://turn_1/set/x"), "").state(State::Proposed);
    bench.set(Writer::Plugin, proposed).await.unwrap();
    let child = bench
        .store
        .write(move |tx| {
            runs::take_turn(tx, parent)?;
            let new = new_run(tx, "child");
            runs::fork(tx, parent, &new)
        })
        .await
        .unwrap();
    bench
        .store
        .write(move |tx| {
            entries::set(
                tx,
                child,
                Writer::Model,
                Write::body(path("known://a"), "child's"),
            )?;
            let mut more = Write::body(path("known://b"), " and more");
            more.append = true;
            entries::set(tx, parent, Writer::Model, more)
        })
        .await
        .unwrap();
    let bodies = |run: RunId| {
        let bench = &bench;
        async move {
            let a = bench.body(run, "known://a").await.unwrap();
            (a, bench.body(run, "known://b").await.unwrap())
        }
    };
    let own = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(bodies(parent).await, own("parent's", "parent's and more"));
    assert_eq!(bodies(child).await, own("child's", "parent's"));
    assert_eq!(bench.body(child, "log://turn_1/set/x").await, None);
    let (alias, turn) = bench
        .store
        .write(move |tx| Ok((runs::by_id(tx, child)?.parent, runs::take_turn(tx, child)?)))
        .await
        .unwrap();
    assert_eq!(
        (alias, turn),
        (Some("first".parse().unwrap()), TurnNumber(2))
    );
}

#[tokio::test]
async fn the_history_after_a_change_is_what_settled_since() {
    let bench = bench().await;
    let run = bench.run;
    let log = |target: &str, state| {
        let base = EntryPath::log(TurnNumber(1), "set", target);
        Write::body(base, target).state(state)
    };
    bench
        .set(Writer::Plugin, log("a", State::Proposed))
        .await
        .unwrap();
    bench
        .set(Writer::Plugin, log("b", State::Resolved))
        .await
        .unwrap();
    let history = |since: i64| {
        let store = bench.store.clone();
        async move {
            let (rows, changes) = store
                .read(move |connection| {
                    let rows = entries::history_since(connection, run, since)?;
                    Ok((rows, runs::by_id(connection, run)?.changes))
                })
                .await
                .unwrap();
            (
                rows.into_iter().map(|row| row.body).collect::<Vec<_>>(),
                changes,
            )
        }
    };
    let (rows, changes) = history(0).await;
    assert_eq!(rows, ["b"]);
    let accepted = Write::to(path("log://turn_1/set/a")).state(State::Resolved);
    bench.set(Writer::Plugin, accepted).await.unwrap();
    assert_eq!(history(changes).await.0, ["a"]);
    assert_eq!(
        history(0).await.0,
        ["b", "a"],
        "a row keeps the place at which it settled"
    );
}

#[tokio::test]
async fn a_proposal_is_decided_hunk_by_hunk_and_only_once() {
    let bench = bench().await;
    let run = bench.run;
    let at = path("log://turn_1/set/a.rs");
    let (proposed, kept) = (at.clone(), at.clone());
    bench
        .store
        .write(move |tx| {
            let write = Write::body(proposed.clone(), "patch").state(State::Proposed);
            entries::set(tx, run, Writer::Plugin, write)?;
            let change = Effect::edit(path("a.rs"), Some("a\nb\nc\n"), "A\nb\nC\n");
            proposals::put(tx, run, &proposed, Action::Set, &change)
        })
        .await
        .unwrap();
    let decide = |decision, hunks: &[&str]| {
        let (store, at) = (bench.store.clone(), at.clone());
        let hunks: Vec<String> = hunks.iter().map(|hunk| (*hunk).to_owned()).collect();
        async move {
            store
                .write(move |tx| {
                    let verdict = Verdict {
                        decision,
                        hunks: &hunks,
                        words: Some("because"),
                    };
                    proposals::decide(tx, run, &at, verdict)
                })
                .await
        }
    };
    let left = decide(Decision::Accepted, &["h1"]).await.unwrap();
    assert_eq!(left.open_hunks().count(), 1, "h2 is open");
    let left = decide(Decision::Rejected, &["h2"]).await.unwrap();
    assert_eq!(left.open_hunks().count(), 0);
    let again = decide(Decision::Accepted, &["h2"]).await;
    assert!(matches!(again, Err(StoreError::NotProposed { .. })));
    let entry = bench
        .store
        .read(move |connection| entries::find(connection, run, &kept))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (entry.state, entry.outcome.clone()),
        (State::Resolved, Some(Outcome::Partial))
    );
    assert_eq!(
        json!(entry.attributes),
        json!({"reason": "because", "hunks": {"h1": "accepted", "h2": "rejected"}})
    );
}

#[tokio::test]
async fn a_run_without_a_live_driver_is_interrupted_and_its_proposals_stay() {
    let bench = bench().await;
    let run = bench.run;
    let dead = Holder {
        pid: 1,
        started: "then".to_owned(),
    };
    let alive = Arc::new(AtomicBool::new(true));
    let lives = |alive: &Arc<AtomicBool>| {
        let alive = Arc::clone(alive);
        move |_: &Holder| alive.load(Ordering::Relaxed)
    };
    let (holder, check) = (dead.clone(), lives(&alive));
    bench
        .store
        .write(move |tx| {
            enqueue(tx, run, Mode::Act, "p")?;
            loops::claim(tx, run)?;
            runs::set_status(tx, run, RunStatus::Running, None)?;
            let proposed = Write::body(path("log://turn_1/set/a"), "").state(State::Proposed);
            entries::set(tx, run, Writer::Plugin, proposed)?;
            let channel = Write::body(path("sh://turn_1/x_1"), "out").state(State::Streaming);
            entries::set(tx, run, Writer::Plugin, channel)?;
            leases::acquire(tx, run, &holder, check)
        })
        .await
        .unwrap();
    let recover = |check| bench.store.write(move |tx| leases::recover(tx, check));
    assert_eq!(recover(lives(&alive)).await.unwrap(), []);
    let other = Holder {
        pid: 2,
        started: "now".to_owned(),
    };
    let check = lives(&alive);
    let busy = bench
        .store
        .write(move |tx| leases::acquire(tx, run, &other, check))
        .await;
    assert!(
        matches!(busy, Err(StoreError::Leased { pid: 1, .. })),
        "{busy:?}"
    );

    alive.store(false, Ordering::Relaxed);
    assert_eq!(recover(lives(&alive)).await.unwrap(), [run]);
    let (found, in_loop, mirror, channel, proposed) = bench
        .store
        .read(move |connection| {
            let state = |at: &str| {
                entries::find(connection, run, &path(at))
                    .map(|found| found.map(|e| (e.state, e.outcome)))
            };
            Ok((
                runs::by_id(connection, run)?,
                loops::newest(connection, run)?,
                state("run://first")?,
                state("sh://turn_1/x_1")?,
                state("log://turn_1/set/a")?,
            ))
        })
        .await
        .unwrap();
    let interrupted = Some((State::Cancelled, Some(Outcome::Interrupted)));
    assert_eq!(
        (found.status, found.outcome),
        (RunStatus::Aborted, Some(Outcome::Interrupted))
    );
    assert_eq!(in_loop.unwrap().status, RunStatus::Aborted);
    assert_eq!((mirror, channel), (interrupted.clone(), interrupted));
    assert_eq!(proposed, Some((State::Proposed, None)));
}

#[tokio::test]
async fn loops_are_claimed_in_order_and_one_at_a_time() {
    let bench = bench().await;
    let run = bench.run;
    let prompts = bench
        .store
        .write(move |tx| {
            for prompt in ["one", "two"] {
                enqueue(tx, run, Mode::Ask, prompt)?;
            }
            let first = loops::claim(tx, run)?.unwrap();
            assert!(
                loops::claim(tx, run).is_err(),
                "two loops of a run were active"
            );
            loops::set_status(tx, first.id, RunStatus::Done, None)?;
            let second = loops::claim(tx, run)?.unwrap();
            loops::set_status(tx, second.id, RunStatus::Nothing, None)?;
            assert!(loops::claim(tx, run)?.is_none());
            Ok([first.prompt, second.prompt])
        })
        .await
        .unwrap();
    assert_eq!(prompts, ["one", "two"]);
}

/// Puts the run at a status, past the table of what may follow what.
fn put_at(tx: &Tx<'_>, run: RunId, status: RunStatus) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE runs SET status = ?2, outcome = 'conflict', finished_at = 7 WHERE id = ?1",
        (run.0, status.code()),
    )?;
    tx.execute(
        "UPDATE views SET state = ?2, settled = iif(?2 = 'proposed', NULL, 1)
         WHERE run_id = ?1 AND path = 'run://first'",
        (run.0, status.state().as_str()),
    )?;
    Ok(())
}

/// What `set_status` makes of a run: refused, left alone, or the run and its mirror as they are then.
fn moved(tx: &mut Tx<'_>, run: RunId, from: RunStatus, to: RunStatus) -> Result<(), StoreError> {
    put_at(tx, run, from)?;
    let whole = |tx: &Tx<'_>| -> Result<_, StoreError> {
        let mirror = entries::find(tx, run, &path("run://first"))?.unwrap();
        let finished: Option<i64> =
            tx.query_row("SELECT finished_at FROM runs", [], |row| row.get(0))?;
        Ok((runs::by_id(tx, run)?, mirror, finished.is_some()))
    };
    let before = whole(tx)?;
    let set = runs::set_status(tx, run, to, Some(Outcome::Cycle));
    let after = whole(tx)?;
    if from == to {
        set?;
        assert_eq!(after, before, "{from:?} again");
    } else if from.may_become(to) {
        set?;
        let (run, mirror, finished) = after;
        assert_eq!(
            (run.status, run.outcome, mirror.state, mirror.outcome),
            (to, Some(Outcome::Cycle), to.state(), Some(Outcome::Cycle)),
            "{from:?} to {to:?}"
        );
        assert_eq!(finished, !to.is_active(), "{from:?} to {to:?}");
    } else {
        let refused = set.unwrap_err();
        assert!(
            matches!(&refused, StoreError::Transition { from: a, to: b, .. } if (*a, *b) == (from, to)),
            "{refused}"
        );
        assert_eq!(after, before, "{from:?} to {to:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_run_gets_the_statuses_that_may_follow_its_own_and_its_mirror_with_it() {
    let bench = bench().await;
    let run = bench.run;
    for from in RunStatus::ALL {
        for to in RunStatus::ALL {
            let job = move |tx: &mut Tx<'_>| moved(tx, run, from, to);
            bench.store.write(job).await.unwrap();
        }
    }
    let refused = bench.store.write(move |tx| {
        put_at(tx, run, RunStatus::Waiting)?;
        runs::set_status(tx, run, RunStatus::Nothing, None)
    });
    assert_eq!(
        refused.await.unwrap_err().to_string(),
        "the run \"first\" is at 202 and cannot go to 204: from there it goes to 102, 200, 499, 500"
    );
}

#[tokio::test]
async fn the_status_that_a_run_has_already_is_not_told_again() {
    let bench = bench().await;
    let run = bench.run;
    let mut changes = bench.store.changes();
    for outcome in [Outcome::Aborted, Outcome::Interrupted] {
        let job =
            move |tx: &mut Tx<'_>| runs::set_status(tx, run, RunStatus::Aborted, Some(outcome));
        bench.store.write(job).await.unwrap();
    }
    let told = changes.try_recv().map(|change| change.path);
    assert_eq!(told, Ok(path("run://first")));
    assert!(changes.try_recv().is_err(), "it was told twice");
    let outcome = bench
        .store
        .read(move |connection| Ok(runs::by_id(connection, run)?.outcome));
    assert_eq!(outcome.await.unwrap(), Some(Outcome::Aborted));
}

#[tokio::test]
async fn a_claim_takes_the_oldest_prompt_of_its_run_alone() {
    let bench = bench().await;
    let first = bench.run;
    let claimed = bench.store.write(move |tx| {
        let second = runs::create(tx, &new_run(tx, "second"))?;
        for (run, prompt) in [(first, "a"), (second, "b"), (second, "c"), (first, "d")] {
            enqueue(tx, run, Mode::Ask, prompt)?;
        }
        let mut claimed = Vec::new();
        for run in [second, first] {
            let one = loops::claim(tx, run)?.unwrap();
            claimed.push((one.run, one.prompt));
        }
        let left = |run| -> Result<Vec<String>, StoreError> {
            let mut queue = loops::list(tx, run)?;
            queue.retain(|one| one.status == RunStatus::Queued);
            Ok(queue.into_iter().map(|one| one.prompt).collect())
        };
        assert_eq!(
            (left(first)?, left(second)?),
            (vec!["d".to_owned()], vec!["c".to_owned()])
        );
        Ok(claimed == [(second, "b".to_owned()), (first, "a".to_owned())])
    });
    assert!(claimed.await.unwrap());
}

#[tokio::test]
async fn an_alias_is_taken_once() {
    let bench = bench().await;
    let taken = bench
        .store
        .write(|tx| {
            let new = new_run(tx, "first");
            runs::create(tx, &new)
        })
        .await;
    assert!(matches!(taken, Err(StoreError::AliasTaken(alias)) if alias == "first"));
}

#[tokio::test]
async fn runs_that_ended_long_ago_go_with_all_that_only_they_showed() {
    let bench = bench().await;
    let run = bench.run;
    let left = bench
        .store
        .write(move |tx| {
            let in_loop = enqueue(tx, run, Mode::Act, "p")?;
            let at = (TurnNumber(1), in_loop);
            entries::audit(tx, run, Scheme::System, at, "packet".to_owned(), None)?;
            runs::set_status(tx, run, RunStatus::Aborted, None)?;
            let younger = runs::forget(tx, crate::store::now_ms() - 1000)?;
            let older = runs::forget(tx, crate::store::now_ms() + 1000)?;
            let count = |table: &str| -> Result<i64, StoreError> {
                let sql = format!("SELECT count(*) FROM {table}");
                Ok(tx.query_row(&sql, [], |row| row.get(0))?)
            };
            Ok((
                younger,
                older,
                [
                    count("runs")?,
                    count("views")?,
                    count("entries")?,
                    count("contents")?,
                ],
            ))
        })
        .await
        .unwrap();
    assert_eq!(left, (0, 1, [0, 0, 0, 0]));
}

#[tokio::test]
async fn what_the_text_shows_is_accepted_even_if_it_was_cancelled_meanwhile() {
    let bench = bench().await;
    let run = bench.run;
    let at = path("log://turn_1/set/a.rs");
    let state = bench
        .store
        .write(move |tx| {
            let write = Write::body(at.clone(), "patch").state(State::Proposed);
            entries::set(tx, run, Writer::Plugin, write)?;
            let change = Effect::edit(path("a.rs"), Some("a\n"), "b\n");
            proposals::put(tx, run, &at, Action::Set, &change)?;
            proposals::cancel_pending(tx, run, &Outcome::Aborted)?;
            let hunks = ["h1".to_owned()];
            let word = |decision| Verdict {
                decision,
                hunks: &hunks,
                words: None,
            };
            assert!(proposals::decide(tx, run, &at, word(Decision::Rejected)).is_err());
            proposals::decide(tx, run, &at, word(Decision::Accepted))?;
            Ok(entries::find(tx, run, &at)?.unwrap().state)
        })
        .await
        .unwrap();
    assert_eq!(state, State::Resolved);
}

#[tokio::test]
async fn a_proposal_that_is_written_over_or_decided_in_parts_leaves_no_text_behind() {
    let bench = bench().await;
    let run = bench.run;
    let at = path("log://turn_1/set/a.rs");
    let kept = bench
        .store
        .write(move |tx| {
            let write = Write::body(at.clone(), "patch").state(State::Proposed);
            entries::set(tx, run, Writer::Plugin, write)?;
            let target = path("a.rs");
            for (base, after) in [("a\nb\nc\n", "x\nb\nc\n"), ("b\nc\n", "x\nb\ny\n")] {
                let change = Effect::edit(target.clone(), Some(base), after);
                proposals::put(tx, run, &at, Action::Set, &change)?;
            }
            let hunks = proposals::find(tx, run, &at)?.unwrap().hunks;
            for hunk in hunks {
                let word = Verdict {
                    decision: Decision::Accepted,
                    hunks: &[hunk.id],
                    words: None,
                };
                proposals::decide(tx, run, &at, word)?;
            }
            let kept = proposals::texts(tx, run)?.len();
            let all: i64 = tx.query_row("SELECT count(*) FROM contents", [], |row| row.get(0))?;
            Ok((kept, usize::try_from(all).unwrap()))
        })
        .await
        .unwrap();
    assert_eq!(kept, (2, 2), "the base, and what it becomes");
}

#[tokio::test]
async fn the_id_of_a_run_a_loop_or_a_text_that_is_gone_is_not_given_again() {
    let bench = bench().await;
    let made = |alias: &'static str| {
        bench.store.write(move |tx| {
            let new = new_run(tx, alias);
            let run = runs::create(tx, &new)?;
            let in_loop = enqueue(tx, run, Mode::Ask, "p")?;
            let text = crate::store::contents::intern(tx, alias)?;
            runs::set_status(tx, run, RunStatus::Aborted, None)?;
            runs::delete(tx, run)?;
            Ok((run.0, in_loop.0, text.0))
        })
    };
    let (first, second) = (made("a").await.unwrap(), made("b").await.unwrap());
    assert!(
        first.0 < second.0 && first.1 < second.1 && first.2 < second.2,
        "{first:?} {second:?}"
    );
}

/// A run whose loop this process has claimed and whose driver has fallen silent since.
async fn silent_driver(bench: &Bench) -> (Holder, LoopId) {
    let run = bench.run;
    let silent = Holder {
        pid: 1,
        started: "then".to_owned(),
    };
    let holder = silent.clone();
    let in_loop = bench
        .store
        .write(move |tx: &mut Tx<'_>| {
            let in_loop = enqueue(tx, run, Mode::Act, "p")?;
            leases::acquire(tx, run, &holder, |_| true)?;
            loops::claim(tx, run)?;
            runs::set_status(tx, run, RunStatus::Running, None)?;
            tx.execute("UPDATE leases SET heartbeat_at = 0", [])?;
            Ok(in_loop)
        })
        .await
        .unwrap();
    (silent, in_loop)
}

#[tokio::test]
async fn a_driver_whose_run_was_taken_over_is_refused_every_write_and_the_new_one_none() {
    let bench = bench().await;
    let run = bench.run;
    let (silent, old) = silent_driver(&bench).await;
    let note = |at: &str| Write::body(path(at), "a note");
    let write_in = async |in_loop, write| {
        let store = bench.store.within(in_loop);
        store
            .write(move |tx| entries::set(tx, run, Writer::Model, write))
            .await
    };
    // Silence alone takes nothing from it.
    write_in(old, note("known://before")).await.unwrap();
    let orphans = |connection: &rusqlite::Connection| leases::orphans(connection, |_| true);
    assert_eq!(bench.store.read(orphans).await.unwrap(), []);

    let new = Holder {
        pid: 2,
        started: "now".to_owned(),
    };
    let taken_over = bench
        .store
        .write(move |tx| {
            leases::acquire(tx, run, &new, |_| true)?;
            assert!(!leases::is_held_by(tx, run, &silent)?);
            let in_loop = enqueue(tx, run, Mode::Act, "q")?;
            assert_eq!(
                loops::claim(tx, run)?.map(|claimed| claimed.id),
                Some(in_loop)
            );
            // Its own giving up is not the new driver's.
            leases::give_up(tx, run, &silent)?;
            Ok(in_loop)
        })
        .await
        .unwrap();
    let refused = write_in(old, note("known://after")).await;
    assert!(matches!(refused, Err(StoreError::Displaced)), "{refused:?}");
    write_in(taken_over, note("known://new")).await.unwrap();
    assert_eq!(
        bench.list(all("known://**", None)).await,
        [
            "known://before summarized a note",
            "known://new summarized a note"
        ]
    );
}
