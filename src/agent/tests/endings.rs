//! How loops end, and what ends them.

use serde_json::json;

use super::bench::Bench;
use crate::agent::StartError;
use crate::entries::{Mode, Outcome, RunStatus};
use crate::plugins::Problem;
use crate::store::StoreError;

const DONE: &str = "<update status=\"200\">done</update>";

#[tokio::test]
async fn a_run_goes_through_its_phases_and_ends_as_it_says() {
    let mut bench = Bench::new(
        &[("a.txt", "one\n")],
        &[
            "<set path=\"unknown://what\">What is in a.txt?</set><update status=\"145\">asked</update>",
            "<get path=\"a.txt\"/><update status=\"155\">reading</update>",
            "<set path=\"known://a\">a.txt says one</set><rm path=\"unknown://what\"/><update status=\"158\">known</update>",
            "<update status=\"204\">nothing to do</update>",
        ],
    )
    .await;
    assert_eq!(bench.act("look").await, (RunStatus::Nothing, None));
    assert_eq!(
        bench.log().await,
        [
            "prompt://1: look",
            "log://turn_1/set/unknown:%2F%2Fwhat: written, 9 tokens",
            "log://turn_1/update/asked: asked",
            "log://turn_2/get/a.txt: visible:",
            "log://turn_2/update/reading: reading",
            "log://turn_3/set/known:%2F%2Fa: written, 7 tokens",
            "log://turn_3/rm/unknown:%2F%2Fwhat: removed:",
            "log://turn_3/update/known: known",
            "log://turn_4/update/nothing%20to%20do: nothing to do",
        ]
    );
    for (turn, phase) in [
        (1, "define"),
        (2, "discover"),
        (3, "discover"),
        (4, "deploy"),
    ] {
        let sent = bench.user_message(turn).await;
        assert!(sent.contains(&format!("Phase: {phase}.")), "turn {turn}");
    }
    assert!(
        bench.packet(3).await.contains("one\n"),
        "the file is visible"
    );
    assert!(!bench.user_message(4).await.contains("<unknowns>"));
}

#[tokio::test]
async fn an_answer_without_a_command_is_a_strike_and_three_end_the_run() {
    let mut bench = Bench::new(&[], &["Let me think.", "", "I am thinking."]).await;
    let reason = Outcome::Reason("3 failed turns in a row".to_owned());
    assert_eq!(bench.act("go").await, (RunStatus::Aborted, Some(reason)));
    let log = bench.log().await;
    assert!(log[1].contains("has no command"), "{log:?}");
    assert!(log[2].contains("was empty"), "{log:?}");
}

#[tokio::test]
async fn a_final_status_beside_a_failed_command_is_not_taken() {
    let broken = "<set path=\"none.txt\">\n<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE\n</set>\
                  <set path=\"known://later\">x</set><update status=\"200\">done</update>";
    let mut bench = Bench::new(&[], &[broken, DONE]).await;
    assert_eq!(bench.act("go").await, (RunStatus::Done, None));
    let log = bench.log().await;
    assert_eq!(
        log[1..5],
        [
            "log://turn_1/set/none.txt failed not_found: none.txt: there is nothing to edit: write the whole text to create it",
            "log://turn_1/set/known:%2F%2Flater failed aborted: not carried out: <set none.txt> failed before",
            "log://turn_1/update/done: done",
            "log://turn_1/advisory: the final status was not taken: something in this turn failed",
        ]
    );
}

#[tokio::test]
async fn a_model_that_repeats_itself_is_told_so_once_and_then_again() {
    let same = "<get path=\"a.txt\"/><update status=\"155\">again</update>";
    let mut bench = Bench::new(&[("a.txt", "x")], &[same, same, same, DONE]).await;
    assert_eq!(bench.act("go").await, (RunStatus::Done, None));
    let log = bench.log().await;
    assert!(
        log.contains(&"log://turn_3/error/cycle failed cycle: Loop detected".to_owned()),
        "{log:?}"
    );
}

#[tokio::test]
async fn a_healed_answer_is_an_answer_and_the_healing_is_told() {
    let mut bench = Bench::new(&[], &["<update status=\"200\">done</set>"]).await;
    assert_eq!(bench.act("go").await, (RunStatus::Done, None));
    let log = bench.log().await;
    assert!(
        log.last()
            .unwrap()
            .starts_with("log://turn_1/advisory: line 1"),
        "{log:?}"
    );
}

#[tokio::test]
async fn a_loop_that_never_ends_is_ended_at_its_turn_limit() {
    let lines = [json!({"answer": "<set path=\"known://n\">x</set>", "repeat": true})];
    let mut bench = Bench::scripted(&[], &lines).await;
    bench.limits.max_turns = 2;
    let reason = Outcome::Reason("no end after 2 turns".to_owned());
    assert_eq!(bench.act("go").await, (RunStatus::Aborted, Some(reason)));
}

#[tokio::test]
async fn a_model_that_fails_ends_the_run_with_its_words() {
    let lines = [json!({"error": {"status": 400, "message": "no such model"}, "repeat": true})];
    let mut bench = Bench::scripted(&[], &lines).await;
    assert_eq!(
        bench.act("go").await,
        (RunStatus::Failed, Some(Outcome::Error))
    );
    let log = bench.log().await;
    assert!(log.last().unwrap().contains("no such model"), "{log:?}");
}

#[tokio::test]
async fn what_cannot_start_is_refused_before_anything_is_stored() {
    let bench = Bench::new(&[], &[]).await;
    let empty = bench.start(bench.prompt(Mode::Act, "  ")).await;
    assert!(matches!(empty, Err(StartError::NoPrompt)));
    let mut unknown = bench.prompt(Mode::Act, "go");
    unknown.settings.model.actual = "nobody/x".to_owned();
    assert!(matches!(
        bench.start(unknown).await,
        Err(StartError::Model(_))
    ));
    let mut fork = bench.prompt(Mode::Act, "go");
    fork.fork = true;
    let refused = bench.start(fork).await;
    assert!(matches!(refused, Err(StartError::Store(StoreError::NoRun(name))) if name == "run"));
}

#[tokio::test]
async fn an_abort_ends_a_model_call_at_once_and_leaves_the_queue() {
    let lines = [
        json!({"match": "first</prompt>", "answer": "never", "delayMs": 600_000}),
        json!({"answer": DONE}),
    ];
    let mut bench = Bench::scripted(&[], &lines).await;
    let started = bench.start(bench.prompt(Mode::Act, "first")).await.unwrap();
    bench
        .start(bench.prompt(Mode::Act, "second"))
        .await
        .unwrap();
    assert_eq!(started.run, bench.run().await.id);
    bench
        .supervisor
        .abort(&bench.subject().await)
        .await
        .unwrap();
    let mut statuses = Vec::new();
    loop {
        let run = bench.run().await;
        statuses.push(run.status);
        if run.status == RunStatus::Done || statuses.len() > 50 {
            break;
        }
        bench.next_state().await;
    }
    assert_eq!(statuses.last(), Some(&RunStatus::Done), "{statuses:?}");
    let log = bench.log().await;
    assert!(log.iter().any(|line| line.ends_with(": second")), "{log:?}");
}

#[tokio::test]
async fn an_interruption_ends_what_runs_and_keeps_what_is_proposed() {
    let mut bench = Bench::new(
        &[],
        &["<set path=\"new.txt\">x</set><update status=\"200\">done</update>"],
    )
    .await;
    bench.start(bench.prompt(Mode::Act, "go")).await.unwrap();
    let proposed = bench.proposed().await;
    bench.supervisor.interrupt(|_| true).await;
    let run = bench.run().await;
    assert_eq!(
        (run.status, run.outcome),
        (RunStatus::Aborted, Some(Outcome::Interrupted))
    );
    let entry = bench.entry(proposed[0].path.as_str()).await.unwrap();
    assert_eq!(entry.state, crate::entries::State::Proposed);
}

#[test]
fn only_a_broken_store_is_a_problem_that_ends_a_loop() {
    let refused = StoreError::NotFound {
        path: "x".to_owned(),
    };
    assert!(matches!(Problem::from(refused), Problem::Refused(_)));
    assert!(matches!(
        Problem::from(StoreError::Closed),
        Problem::Store(_)
    ));
}

#[tokio::test]
async fn a_run_that_has_reached_its_cap_calls_the_model_no_more() {
    let usage = json!({"prompt": 900, "completion": 100});
    let lines = [
        json!({"answer": "<set path=\"known://n\">x</set><update status=\"144\">on</update>", "usage": usage, "repeat": true}),
    ];
    let mut bench = Bench::scripted(&[], &lines).await;
    bench.limits.max_tokens = Some(2_000);
    bench.limits.min_cycles = 99;
    let reason = Outcome::Reason("its cap of 2000 tokens is reached".to_owned());
    assert_eq!(bench.act("go").await, (RunStatus::Aborted, Some(reason)));
    assert!(bench.entry("assistant://2").await.is_some());
    assert!(bench.entry("assistant://3").await.is_none());
}

#[tokio::test]
async fn a_final_update_that_says_nothing_is_refused() {
    let mut bench = Bench::new(&[], &["<update status=\"200\"></update>", DONE]).await;
    assert_eq!(bench.act("go").await, (RunStatus::Done, None));
    let log = bench.log().await;
    assert!(
        log[1].contains("failed validation: a final <update> says"),
        "{log:?}"
    );
    assert_eq!(bench.run().await.summary, "done");
}
