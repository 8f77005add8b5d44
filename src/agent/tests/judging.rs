//! What a turn's answer means: statuses, phases, strikes and circles.

use serde_json::json;

use super::bench::Bench;
use crate::entries::{Mode, Outcome, RunStatus};

const DONE: &str = "<update status=\"200\">done</update>";
const ON: &str = "<update status=\"144\">on</update>";

fn update(status: &str) -> String {
    format!("<update status=\"{status}\">said</update>")
}

/// The phase whose text the model was given in a turn.
async fn phase(bench: &Bench, turn: u32) -> String {
    let sent = bench.user_message(turn).await;
    let (_, behind) = sent.split_once("Phase: ").unwrap();
    behind.split_once('.').unwrap().0.to_owned()
}

#[tokio::test]
async fn a_final_status_ends_the_run_as_it_says() {
    for (status, expected) in [
        ("200", RunStatus::Done),
        ("204", RunStatus::Nothing),
        ("422", RunStatus::Unprocessable),
        ("500", RunStatus::Failed),
    ] {
        let mut bench = Bench::new(&[], &[&update(status)]).await;
        assert_eq!(bench.act("go").await, (expected, None), "{status}");
        assert_eq!(bench.run().await.summary, "said", "{status}");
    }
}

#[tokio::test]
async fn a_status_that_is_none_fails_by_name_and_is_a_strike() {
    for status in ["99", "208", "300", "413", "abc", "70000", "-1", "200 OK"] {
        let mut bench = Bench::new(&[], &[&update(status), DONE]).await;
        bench.limits.max_strikes = 2;
        assert_eq!(bench.act("go").await, (RunStatus::Done, None), "{status}");
        let log = bench.log().await;
        let told = format!("log://turn_1/update failed validation: status=\"{status}\" is none");
        assert!(log[1].starts_with(&told), "{status}: {log:?}");
        let mut bench = Bench::new(&[], &[&update(status)]).await;
        bench.limits.max_strikes = 1;
        assert_eq!(bench.act("go").await.0, RunStatus::Aborted, "{status}");
    }
}

#[tokio::test]
async fn of_several_updates_all_are_kept_and_the_last_counts() {
    let ends_last = format!("{}{}", update("145"), update("200"));
    let goes_on_last = format!("{}{}", update("200"), update("145"));
    let mut bench = Bench::new(&[], &[&goes_on_last, &ends_last]).await;
    assert_eq!(bench.act("go").await, (RunStatus::Done, None));
    assert_eq!(phase(&bench, 2).await, "discover");
    let log = bench.log().await;
    let updates = log.iter().filter(|line| line.contains("/update/"));
    assert_eq!(updates.count(), 4, "{log:?}");
}

#[tokio::test]
async fn an_update_without_a_status_goes_on_in_the_same_phase_without_a_word() {
    let mut bench = Bench::new(&[], &["<update>thinking</update>", DONE]).await;
    bench.limits.max_strikes = 1;
    assert_eq!(bench.act("go").await, (RunStatus::Done, None));
    assert_eq!(phase(&bench, 2).await, "define");
    let log = bench.log().await;
    assert_eq!(
        log[1..],
        [
            "log://turn_1/update/thinking: thinking",
            "log://turn_2/update/done: done"
        ]
    );
}

#[tokio::test]
async fn a_status_that_does_not_lead_on_leaves_the_phase_and_says_what_there_is() {
    let mut bench = Bench::new(&[], &[&update("158"), &update("110"), DONE]).await;
    bench.limits.max_strikes = 1;
    assert_eq!(bench.act("go").await, (RunStatus::Done, None));
    assert_eq!(phase(&bench, 3).await, "define");
    let log = bench.log().await;
    assert_eq!(
        log[2],
        "log://turn_1/advisory: status 158 does not lead on from phase define; the phase stays. There are 144, 145"
    );
    assert!(log[4].contains("status 110 does not lead on"), "{log:?}");
}

#[tokio::test]
async fn each_loop_begins_in_define_and_no_tidying_moves_a_phase() {
    let put_away = format!(
        "<set path=\"log://**\" visibility=\"archived\"/>{}",
        update("188")
    );
    let answers = [&update("145"), &update("158"), &put_away, DONE, DONE];
    let answers = answers.map(|text: &str| text);
    let mut bench = Bench::new(&[], &answers).await;
    assert_eq!(bench.act("go").await, (RunStatus::Done, None));
    assert_eq!(phase(&bench, 3).await, "deploy");
    assert_eq!(phase(&bench, 4).await, "deploy");
    assert_eq!(bench.act("again").await, (RunStatus::Done, None));
    assert_eq!(phase(&bench, 5).await, "define");
    assert_eq!(bench.run().await.turn.unwrap().0, 5);
}

#[tokio::test]
async fn an_answer_without_an_update_is_a_strike_that_says_what_to_write() {
    for (answer, told) in [
        (
            "<set path=\"known://a\">x</set>",
            "the answer has no <update>: end each one with",
        ),
        (
            "<think>hm</think>",
            "the answer has no <update>: end each one with",
        ),
        (
            "Let me see.",
            "the answer has no command. Write commands as tags",
        ),
        (
            "",
            "the answer was empty. If nothing can be done, say so: <update status=\"500\">",
        ),
    ] {
        let mut bench = Bench::new(&[], &[answer]).await;
        bench.limits.max_strikes = 1;
        let reason = Outcome::Reason("1 failed turns in a row".to_owned());
        assert_eq!(
            bench.act("go").await,
            (RunStatus::Aborted, Some(reason)),
            "{answer}"
        );
        let log = bench.log().await;
        let errors: Vec<&String> = log.iter().filter(|line| line.contains("/error")).collect();
        assert!(errors[0].contains(told), "{answer}: {log:?}");
        assert!(
            errors[1].contains("the run was ended: 1 failed turns in a row"),
            "{log:?}"
        );
        assert_eq!(errors.len(), 2, "{log:?}");
    }
}

#[tokio::test]
async fn what_the_policy_refuses_is_a_strike() {
    let lines = [json!({"answer": format!("<set path=\"a.txt\">x</set>{ON}"), "repeat": true})];
    let mut bench = Bench::scripted(&[], &lines).await;
    bench.limits.min_cycles = 99;
    bench.start(bench.prompt(Mode::Ask, "go")).await.unwrap();
    let reason = Outcome::Reason("3 failed turns in a row".to_owned());
    assert_eq!(bench.end().await, (RunStatus::Aborted, Some(reason)));
    assert_eq!(bench.calls().await, 3);
}

#[tokio::test]
async fn ask_mode_lets_the_model_do_all_that_changes_no_file() {
    let answer = format!(
        "<set path=\"known://a\">x</set><cp path=\"known://a\">known://b</cp>\
         <mv path=\"known://b\">known://c</mv><rm path=\"known://c\"/>\
         <mv path=\"known://a\" visibility=\"summarized\"/><get path=\"a.txt\"/>{DONE}"
    );
    let mut bench = Bench::new(&[("a.txt", "x")], &[&answer]).await;
    bench.start(bench.prompt(Mode::Ask, "go")).await.unwrap();
    let ended = bench.end().await;
    assert_eq!(ended, (RunStatus::Done, None), "{:?}", bench.log().await);
}

#[tokio::test]
async fn prose_beside_a_command_and_a_thought_behind_a_failure_are_no_mistakes() {
    let failing = format!("I remove it.\n<rm path=\"known://none\"/>\n<think>Hm.</think>\n{ON}");
    let mut bench = Bench::new(
        &[],
        &[&failing, &format!("All is well.\n{DONE}\nGood bye.")],
    )
    .await;
    assert_eq!(bench.act("go").await, (RunStatus::Done, None));
    let log = bench.log().await;
    assert_eq!(
        log[1..],
        [
            "log://turn_1/rm/known:%2F%2Fnone failed not_found: not found: known://none",
            "log://turn_1/update/on: on",
            "log://turn_2/update/done: done",
        ]
    );
}

#[tokio::test]
async fn a_circle_is_told_at_its_third_round_and_at_its_sixth() {
    let lines = [json!({"answer": format!("<get path=\"a.txt\"/>{ON}"), "repeat": true})];
    let mut bench = Bench::scripted(&[("a.txt", "x")], &lines).await;
    bench.limits.max_turns = 7;
    bench.act("go").await;
    let log = bench.log().await;
    let told: Vec<&str> = log
        .iter()
        .filter(|line| line.contains("Loop detected"))
        .map(|line| line.split_once("/error").unwrap().0)
        .collect();
    assert_eq!(told, ["log://turn_3", "log://turn_6"]);
}

#[tokio::test]
async fn turns_that_do_different_things_are_no_circle() {
    let edit = |n: u32| {
        format!(
            "<set path=\"a.txt\">\n<<<<<<< SEARCH\n{n}\n=======\n{}\n>>>>>>> REPLACE\n</set>{ON}",
            n + 1
        )
    };
    let answers: Vec<String> = (0..6).map(edit).collect();
    let mut answers: Vec<&str> = answers.iter().map(String::as_str).collect();
    answers.push(DONE);
    let mut bench = Bench::new(&[("a.txt", "0\n")], &answers).await;
    let mut start = bench.prompt(Mode::Act, "go");
    start.config.auto_accept = crate::entries::AutoAccept::Edits;
    bench.start(start).await.unwrap();
    assert_eq!(bench.end().await, (RunStatus::Done, None));
    let log = bench.log().await;
    assert!(
        !log.iter().any(|line| line.contains("Loop detected")),
        "{log:?}"
    );
    assert_eq!(bench.file("a.txt"), "6\n");
}

#[tokio::test]
async fn strikes_are_counted_a_loop() {
    let answers = ["", "", DONE, "", "", DONE];
    let mut bench = Bench::new(&[], &answers).await;
    assert_eq!(bench.act("go").await, (RunStatus::Done, None));
    assert_eq!(bench.act("again").await, (RunStatus::Done, None));
}

#[tokio::test]
async fn messages_of_any_length_are_recorded_and_end_no_run() {
    let long = "更新".repeat(3_000);
    let said = format!("<update status=\"144\">{long}</update>");
    let unknown = format!("<rm path=\"known://{}\"/>{ON}", "n".repeat(1_900));
    let mut bench = Bench::new(&[], &[&said, &said, &unknown, DONE]).await;
    bench.limits.min_cycles = 99;
    assert_eq!(bench.act("go").await, (RunStatus::Done, None));
    let log = bench.log().await;
    assert_eq!(log.iter().filter(|line| line.ends_with(&long)).count(), 2);
}
