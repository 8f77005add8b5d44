//! Commands in a turn: what the loop waits for, and what their ends mean to it. Nothing is run here.

use super::bench::Bench;
use crate::entries::{Effect, Mode, Outcome, RunStatus, State};
use crate::plugins::stream::End;

const DONE: &str = "<update status=\"200\">done</update>";
const AFTER: &str = "<set path=\"known://after\">x</set>";

/// A run that has proposed `make`, with a note and its end behind it.
async fn proposed() -> (Bench, crate::entries::Proposal) {
    let answer = format!("<sh>make</sh>{AFTER}{DONE}");
    let mut bench = Bench::new(&[], &[&answer, DONE]).await;
    bench.limits.max_strikes = 1;
    bench.start(bench.prompt(Mode::Act, "go")).await.unwrap();
    let proposed = bench.proposed().await;
    assert_eq!(proposed.len(), 1);
    let line = "make".to_owned();
    assert_eq!(proposed[0].effect, Effect::Command { line });
    (bench, proposed[0].clone())
}

#[tokio::test]
async fn the_loop_waits_until_an_accepted_command_has_ended() {
    let (mut bench, make) = proposed().await;
    bench.accept(&make).await;
    while bench.run().await.status != RunStatus::Running {
        bench.next_state().await;
    }
    let log = bench.entry(make.path.as_str()).await.unwrap();
    assert_eq!(log.state, State::Streaming);
    assert!(bench.entry("known://after").await.is_none());
    bench.finish(&make, End::Exited(0)).await;
    assert_eq!(bench.end().await, (RunStatus::Done, None));
    assert_eq!(bench.calls().await, 1);
    assert!(bench.entry("known://after").await.is_some());
}

#[tokio::test]
async fn a_command_that_did_not_end_well_stops_the_answer_and_is_no_strike() {
    let reason = Outcome::Reason("too slow".to_owned());
    for (end, told) in [
        (End::Exited(2), "a command of this turn failed"),
        (
            End::Broken("no shell".to_owned()),
            "a command of this turn failed",
        ),
        (End::CutOff(reason), "a command of this turn was cut off"),
    ] {
        let (mut bench, make) = proposed().await;
        bench.accept(&make).await;
        bench.finish(&make, end.clone()).await;
        assert_eq!(bench.end().await, (RunStatus::Done, None), "{end:?}");
        assert!(bench.entry("known://after").await.is_none(), "{end:?}");
        let message = bench.user_message(2).await;
        assert!(message.contains(told), "{end:?}: {message}");
    }
}

#[tokio::test]
async fn a_rejected_command_runs_nothing_and_has_no_channels() {
    let (mut bench, make) = proposed().await;
    bench.reject(&make, "not on my machine").await;
    assert_eq!(bench.end().await, (RunStatus::Done, None));
    assert!(bench.entries("sh://**").await.is_empty());
    let message = bench.user_message(2).await;
    assert!(message.contains("not on my machine"), "{message}");
}

#[tokio::test]
async fn an_abort_ends_what_runs_for_the_loop() {
    let (mut bench, make) = proposed().await;
    bench.accept(&make).await;
    let subject = bench.subject().await;
    bench.supervisor.abort(&subject).await.unwrap();
    let aborted = (RunStatus::Aborted, Some(Outcome::Aborted));
    assert_eq!(bench.end().await, aborted);
    for path in [
        make.path.as_str(),
        "sh://turn_1/make_1",
        "sh://turn_1/make_2",
    ] {
        let entry = bench.entry(path).await.unwrap();
        let ended = (entry.state, entry.outcome);
        assert_eq!(ended, (State::Cancelled, Some(Outcome::Aborted)), "{path}");
    }
}

#[tokio::test]
async fn a_denied_command_is_a_failure_that_names_the_pattern() {
    let answer = format!("<sh>git push --force</sh>{DONE}");
    let mut bench = Bench::new(&[], &[&answer, DONE]).await;
    bench.commands.deny = vec!["git push*".to_owned()];
    assert_eq!(bench.act("go").await, (RunStatus::Done, None));
    let log = bench.log().await;
    assert_eq!(
        log[1],
        "log://turn_1/sh/git%20push%20--force failed permission: \
         `git push --force` is never run here: the user denies \"git push*\""
    );
}
