//! What ends a loop from outside or before its time, at every point of a turn.

use std::sync::atomic::Ordering;

use serde_json::json;

use super::bench::Bench;
use crate::agent::EventKind;
use crate::entries::{AutoAccept, Mode, Outcome, RunStatus, State};

const DONE: &str = "<update status=\"200\">done</update>";
const ON: &str = "<update status=\"144\">on</update>";

#[tokio::test]
async fn an_abort_in_a_back_off_ends_the_run_at_once() {
    let lines = [
        json!({"error": {"status": 503, "message": "busy"}}),
        json!({"error": {"status": 503, "message": "busy"}}),
        json!({"answer": DONE}),
    ];
    let mut bench = Bench::scripted(&[], &lines).await;
    bench.start(bench.prompt(Mode::Act, "go")).await.unwrap();
    loop {
        let event = bench.events.recv().await.unwrap();
        let retrying = matches!(
            event.kind,
            EventKind::Progress {
                activity: crate::agent::Activity::Retrying,
                ..
            }
        );
        if retrying {
            break;
        }
    }
    bench
        .supervisor
        .abort(&bench.subject().await)
        .await
        .unwrap();
    let aborted = (RunStatus::Aborted, Some(Outcome::Aborted));
    assert_eq!(bench.end().await, aborted);
    assert_eq!(bench.calls().await, 0);
}

#[tokio::test]
async fn an_abort_between_two_commands_carries_out_none_of_those_that_follow() {
    let answer = format!("<set path=\"a.txt\">x</set><set path=\"known://after\">x</set>{DONE}");
    let mut bench = Bench::new(&[], &[&answer]).await;
    let mut start = bench.prompt(Mode::Act, "go");
    start.config.auto_accept = AutoAccept::Edits;
    let started = bench.start(start).await.unwrap();
    assert_eq!(started.alias.as_str(), "run");
    let aborts = (bench.supervisor.clone(), bench.subject().await);
    *bench.host.aborts.lock().unwrap() = Some(aborts);
    assert_eq!(
        bench.end().await,
        (RunStatus::Aborted, Some(Outcome::Aborted))
    );
    assert!(bench.entry("known://after").await.is_none());
    let edit = bench.entry("log://turn_1/set/a.txt").await.unwrap();
    assert_eq!(
        edit.state,
        State::Resolved,
        "what is in the text is recorded"
    );
}

#[tokio::test]
async fn an_abort_of_a_run_that_is_over_changes_nothing() {
    let mut bench = Bench::new(&[], &[DONE]).await;
    assert_eq!(bench.act("go").await, (RunStatus::Done, None));
    let before = bench.run().await;
    bench
        .supervisor
        .abort(&bench.subject().await)
        .await
        .unwrap();
    assert_eq!(bench.run().await, before);
    let mirror = bench.entry("run://run").await.unwrap();
    assert_eq!(mirror.state, State::Resolved);
}

#[tokio::test]
async fn a_loop_that_fails_does_not_keep_the_next_one_from_running() {
    let lines = [
        json!({"match": "first</prompt>", "error": {"status": 400, "message": "no"}}),
        json!({"match": "second</prompt>", "answer": DONE}),
    ];
    let mut bench = Bench::scripted(&[], &lines).await;
    bench.start(bench.prompt(Mode::Act, "first")).await.unwrap();
    bench
        .start(bench.prompt(Mode::Act, "second"))
        .await
        .unwrap();
    while bench.run().await.status != RunStatus::Done {
        bench.next_state().await;
    }
    let log = bench.log().await;
    assert!(log.iter().any(|line| line.ends_with(": no")), "{log:?}");
}

#[tokio::test]
async fn a_loop_that_cannot_even_begin_says_why() {
    let mut bench = Bench::new(&[], &[DONE]).await;
    std::fs::remove_dir_all(&bench.root).unwrap();
    assert_eq!(
        bench.act("go").await,
        (RunStatus::Failed, Some(Outcome::Error))
    );
    let log = bench.log().await;
    assert!(
        log[0].starts_with("log://turn_1/error/error failed error: "),
        "{log:?}"
    );
    std::fs::create_dir_all(&bench.root).unwrap();
    assert_eq!(bench.act("again").await, (RunStatus::Done, None));
}

#[tokio::test]
async fn a_panic_in_a_loop_ends_its_run_and_no_other() {
    let mut bench = Bench::new(
        &[("a.txt", "x")],
        &[&format!("<get path=\"a.txt\"/>{ON}"), DONE],
    )
    .await;
    bench.host.panics.store(true, Ordering::Relaxed);
    let interrupted = (RunStatus::Aborted, Some(Outcome::Interrupted));
    assert_eq!(bench.act("go").await, interrupted);
    bench.host.panics.store(false, Ordering::Relaxed);
    assert_eq!(bench.act("again").await, (RunStatus::Done, None));
}

#[tokio::test]
async fn every_loop_tells_its_end_once_and_nothing_of_a_turn_after_it() {
    let endings = [
        (
            json!({"answer": "<update status=\"200\">x</update>"}),
            RunStatus::Done,
        ),
        (
            json!({"answer": "<update status=\"204\">x</update>"}),
            RunStatus::Nothing,
        ),
        (
            json!({"answer": "<update status=\"422\">x</update>"}),
            RunStatus::Unprocessable,
        ),
        (
            json!({"error": {"status": 400, "message": "no"}}),
            RunStatus::Failed,
        ),
        (json!({"answer": "", "repeat": true}), RunStatus::Aborted),
    ];
    for (line, expected) in endings {
        let mut bench = Bench::scripted(&[], &[line]).await;
        let mut events = bench.supervisor.events().listen();
        assert_eq!(bench.act("go").await.0, expected);
        let mut told = Vec::new();
        while told
            .last()
            .is_none_or(|status: &RunStatus| status.is_active())
        {
            let event = events.recv().await.unwrap();
            if let EventKind::State {
                standing: Some(standing),
                ..
            } = event.kind
            {
                told.push(standing.status);
            }
        }
        let ended = told.iter().filter(|status| !status.is_active()).count();
        assert_eq!((told.last(), ended), (Some(&expected), 1), "{told:?}");
        while let Ok(event) = events.try_recv() {
            assert!(!matches!(
                event.kind,
                EventKind::State {
                    standing: Some(_),
                    ..
                }
            ));
        }
    }
}

#[tokio::test]
async fn caps_in_tokens_hold_where_nothing_is_reported() {
    let lines = [json!({"answer": format!("<set path=\"known://n\">x</set>{ON}"), "repeat": true})];
    let mut bench = Bench::scripted(&[], &lines).await;
    bench.limits.max_tokens = Some(5_000);
    bench.limits.min_cycles = 99;
    let reason = Outcome::Reason("its cap of 5000 tokens is reached".to_owned());
    assert_eq!(bench.act("go").await, (RunStatus::Aborted, Some(reason)));
    let calls = bench.calls().await;
    assert!((2..4).contains(&calls), "{calls} calls");
}

#[tokio::test]
async fn a_cap_in_money_ends_the_run_before_its_next_call_and_keeps_it_ended() {
    let usage = json!({"prompt": 10, "completion": 10, "cost": 0.02});
    let lines = [json!({"answer": ON, "usage": usage, "repeat": true})];
    let mut bench = Bench::scripted(&[], &lines).await;
    bench.limits.max_cost = Some(0.05);
    bench.limits.min_cycles = 99;
    let reason = || {
        Some(Outcome::Reason(
            "its cap of 0.05 in money is reached".to_owned(),
        ))
    };
    assert_eq!(bench.act("go").await, (RunStatus::Aborted, reason()));
    assert_eq!(bench.calls().await, 3);
    assert_eq!(bench.act("go on").await, (RunStatus::Aborted, reason()));
    assert_eq!(bench.calls().await, 3);
    let log = bench.log().await;
    let told = "the run was ended: its cap of 0.05 in money is reached";
    assert!(log.last().unwrap().ends_with(told), "{log:?}");
}

#[tokio::test]
async fn an_interruption_may_come_twice_and_a_listener_that_hears_nothing_holds_nobody_up() {
    let lines = [json!({"answer": "never", "delayMs": 600_000})];
    let mut bench = Bench::scripted(&[], &lines).await;
    let _deaf = bench.supervisor.events().listen();
    bench.start(bench.prompt(Mode::Act, "go")).await.unwrap();
    bench.supervisor.interrupt(|_| true).await;
    let interrupted = (RunStatus::Aborted, Some(Outcome::Interrupted));
    assert_eq!(bench.end().await, interrupted);
    let before = bench.run().await;
    bench.supervisor.interrupt(|_| true).await;
    assert_eq!(bench.run().await, before);
}
