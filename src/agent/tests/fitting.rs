//! Packets that have to be made to fit, and what the model is told of it.

use expect_test::expect;
use serde_json::json;

use super::bench::Bench;
use crate::entries::{Mode, Outcome, RunStatus, State, Visibility};

const DONE: &str = "<update status=\"200\">done</update>";
const ON: &str = "<update status=\"144\">on</update>";

/// The size of the packet that an overflow tells of.
fn digits(line: &str) -> &str {
    let (_, behind) = line.split_once("overflow:").unwrap();
    behind.split_once(' ').unwrap().0
}

/// A file that does not fit into a context of 8,000 tokens.
fn big() -> String {
    "line of text\n".repeat(2_000)
}

async fn small(files: &[(&str, &str)], answers: &[&str]) -> Bench {
    let mut bench = Bench::new(files, answers).await;
    bench.model.context_length = Some(8_000);
    bench.limits.min_cycles = 99;
    bench
}

#[tokio::test]
async fn a_turn_that_shows_too_much_is_a_strike_and_is_told_once() {
    let big = big();
    let answers = [&format!("<get path=\"big.txt\"/>{ON}"), ON, DONE];
    let mut bench = small(&[("big.txt", &big)], &answers).await;
    bench.limits.max_strikes = 2;
    assert_eq!(bench.act("go").await, (RunStatus::Done, None));
    let log = bench.log().await;
    let (size, log) = (digits(&log[3]), log[1..4].join("\n"));
    expect![[r"
        log://turn_1/get/big.txt: visible:
        log://turn_1/update/on: on
        log://turn_1/error/overflow:N failed overflow:N: Token Budget overflow: the packet took N tokens, the ceiling is 7200. 1 promotion (13000 tokens) demoted to fit."]]
    .assert_eq(&log.replace(size, "N"));
    let told = [bench.user_message(2).await, bench.user_message(3).await];
    let reverted = told.map(|sent| sent.contains(" reverted=\"1\""));
    assert_eq!(reverted, [true, false]);
}

#[tokio::test]
async fn three_turns_in_a_row_that_show_too_much_end_the_run() {
    let big = big();
    let lines = [json!({"answer": format!("<get path=\"big.txt\"/>{ON}"), "repeat": true})];
    let mut bench = Bench::scripted(&[("big.txt", &big)], &lines).await;
    bench.model.context_length = Some(8_000);
    bench.limits.min_cycles = 99;
    let reason = Outcome::Reason("3 failed turns in a row".to_owned());
    assert_eq!(bench.act("go").await, (RunStatus::Aborted, Some(reason)));
    assert_eq!(bench.calls().await, 3);
}

#[tokio::test]
async fn a_slice_that_does_not_fit_into_the_log_does_not_end_the_run() {
    let big = big();
    let answers = [
        &format!("<get path=\"big.txt\" line=\"1\" limit=\"1900\"/>{ON}"),
        DONE,
    ];
    let mut bench = small(&[("big.txt", &big)], &answers).await;
    assert_eq!(bench.act("go").await, (RunStatus::Done, None));
    let slice = bench.entry("log://turn_1/get/big.txt").await.unwrap();
    assert_eq!(slice.visibility, Visibility::Summarized);
}

#[tokio::test]
async fn a_prompt_that_does_not_fit_is_shortened_and_the_run_goes_on() {
    let mut bench = small(&[], &[DONE]).await;
    let prompt = format!("begin {}end", "x ".repeat(20_000));
    assert_eq!(bench.act(&prompt).await, (RunStatus::Done, None));
    let sent = bench.user_message(1).await;
    assert!(
        sent.contains(">\nbegin x x") && sent.ends_with("[truncated]\n</prompt>"),
        "{sent}"
    );
    let whole = bench.entry("prompt://1").await.unwrap();
    assert_eq!(
        (whole.body, whole.visibility),
        (prompt, Visibility::Summarized)
    );
}

#[tokio::test]
async fn what_can_never_fit_is_told_is_not_sent_and_leaves_the_run_usable() {
    let mut bench = Bench::new(&[], &[DONE]).await;
    bench.model.context_length = Some(1_024);
    let (status, outcome) = bench.act("go").await;
    assert_eq!(status, RunStatus::Overflow);
    assert!(
        matches!(outcome, Some(Outcome::Overflow { .. })),
        "{outcome:?}"
    );
    assert_eq!(bench.calls().await, 0);
    let log = bench.log().await;
    assert!(log[1].contains("Token Budget overflow"), "{log:?}");
    bench.model.context_length = Some(50_000);
    assert_eq!(bench.act("go on").await, (RunStatus::Done, None));
}

#[tokio::test]
async fn thousands_of_facts_never_keep_a_run_from_going_on() {
    let fact = |n: u32| {
        format!(
            "<set path=\"known://fact/{n}\">{}</set>",
            "fact ".repeat(120)
        )
    };
    let facts = (0..300).map(fact).collect::<Vec<_>>().concat();
    let mut bench = small(&[], &[&format!("{facts}{ON}"), DONE, DONE]).await;
    bench.limits.max_commands = 999;
    let ended = bench.act("go").await;
    assert_eq!(ended, (RunStatus::Done, None), "{:?}", bench.log().await);
    let ended = bench.act("again").await;
    assert_eq!(ended, (RunStatus::Done, None), "{:?}", bench.log().await);
    let fact = bench.entry("known://fact/0").await.unwrap();
    assert_eq!(
        (fact.visibility, fact.state),
        (Visibility::Archived, State::Resolved)
    );
    let told = bench.user_message(2).await;
    assert!(
        told.contains(" promotions (") && told.contains("\n- and "),
        "{told}"
    );
}

#[tokio::test]
async fn putting_away_changes_nothing_but_what_is_shown() {
    let big = "a word ".repeat(4_000);
    let answers = [&format!("<get path=\"big.txt\"/>{ON}"), DONE];
    let mut bench = small(&[("big.txt", &big)], &answers).await;
    bench.act("go").await;
    let entry = bench.entry("big.txt").await.unwrap();
    assert_eq!(
        (entry.state, entry.outcome, entry.visibility),
        (State::Resolved, None, Visibility::Summarized)
    );
    assert_eq!(entry.body, big);
}

#[tokio::test]
async fn a_packet_that_the_server_refuses_is_made_smaller_and_sent_again_and_is_no_strike() {
    let text = "a word ".repeat(4_000);
    let lines = [
        json!({"answer": format!("<get path=\"big.txt\"/>{ON}")}),
        json!({"error": {"status": 400, "message": "this model's maximum context length is 4096 tokens"}}),
        json!({"answer": DONE}),
    ];
    let mut bench = Bench::scripted(&[("big.txt", &text)], &lines).await;
    bench.limits.max_strikes = 1;
    assert_eq!(bench.act("go").await, (RunStatus::Done, None));
    assert_eq!(bench.calls().await, 2);
    let big = bench.entry("big.txt").await.unwrap();
    assert_eq!(big.visibility, Visibility::Summarized);
    let told = bench.user_message(2).await;
    assert!(told.contains("- big.txt (turn 1, 14000 tokens)"), "{told}");
    assert!(told.contains(" reverted=\"1\""), "{told}");
}

#[tokio::test]
async fn a_runs_own_limit_counts_where_it_is_smaller_than_the_models_context() {
    let mut bench = Bench::new(&[], &[DONE, DONE]).await;
    bench.act("go").await;
    assert!(bench.user_message(1).await.contains("/ ceiling 180000, "));
    let mut start = bench.prompt(Mode::Act, "again");
    start.changes.context_limit = Some(Some(40_000));
    bench.start(start).await.unwrap();
    bench.end().await;
    assert!(bench.user_message(2).await.contains("/ ceiling 36000, "));
}

#[tokio::test]
async fn a_prompt_that_joins_keeps_the_one_that_the_loop_began_with() {
    let lines = [
        json!({"answer": ON, "delayMs": 300}),
        json!({"answer": ON}),
        json!({"answer": DONE}),
    ];
    let mut bench = Bench::scripted(&[], &lines).await;
    bench.limits.min_cycles = 99;
    bench.model.context_length = Some(8_000);
    let long = format!("the task {}", "x ".repeat(3_000));
    bench.start(bench.prompt(Mode::Act, &long)).await.unwrap();
    let mut joins = bench.prompt(Mode::Act, &format!("more {}", "y ".repeat(3_500)));
    joins.joins = true;
    bench.start(joins).await.unwrap();
    assert_eq!(bench.end().await, (RunStatus::Done, None));
    let sent = bench.user_message(2).await;
    assert!(sent.contains("the task x x"), "{sent}");
    let began = bench.entry("prompt://1").await.unwrap();
    assert_ne!(began.visibility, Visibility::Archived);
}

#[tokio::test]
async fn a_log_that_grows_past_the_ceiling_is_tidied_now_and_then_and_is_no_strike() {
    let text = "some words of a line\n".repeat(200);
    let slice = |n: u32| format!("<get path=\"a.txt\" line=\"{n}\" limit=\"10\"/>{ON}");
    let mut answers: Vec<String> = (1..=40).map(slice).collect();
    answers.push(DONE.to_owned());
    let answers: Vec<&str> = answers.iter().map(String::as_str).collect();
    let mut bench = small(&[("a.txt", &text)], &answers).await;
    bench.limits.max_strikes = 1;
    assert_eq!(bench.act("go").await, (RunStatus::Done, None));
    let log = bench.log().await;
    let tidied = log
        .iter()
        .filter(|line| line.contains("Token Budget overflow"));
    let tidied = tidied.count();
    assert!(
        (2..20).contains(&tidied),
        "tidied {tidied} times in 40 turns"
    );
}

#[tokio::test]
async fn a_turn_that_ends_the_work_needs_no_room_for_another() {
    let big = big();
    let mut bench = small(
        &[("big.txt", &big)],
        &[&format!("<get path=\"big.txt\"/>{DONE}")],
    )
    .await;
    assert_eq!(bench.act("go").await, (RunStatus::Done, None));
    assert_eq!(bench.calls().await, 1);
}

#[tokio::test]
async fn nothing_is_put_away_for_a_packet_that_would_not_fit_all_the_same() {
    let answer =
        format!("<set path=\"known://a\">x</set><set path=\"unknown://q\">Why?</set>{DONE}");
    let mut bench = Bench::new(&[], &[&answer, DONE, DONE]).await;
    bench.act("go").await;
    let mut start = bench.prompt(Mode::Act, "again");
    start.changes.context_limit = Some(Some(1_024));
    bench.start(start).await.unwrap();
    assert_eq!(bench.end().await.0, RunStatus::Overflow);
    for path in [
        "known://a",
        "unknown://q",
        "prompt://1",
        "log://turn_1/update/done",
    ] {
        let entry = bench.entry(path).await.unwrap();
        assert_eq!(entry.visibility, Visibility::Visible, "{path}");
    }
}

#[tokio::test]
async fn one_large_source_costs_the_log_nothing_and_is_named() {
    let big = big();
    let slice = format!("<get path=\"big.txt\" line=\"1\" limit=\"20\"/>{ON}");
    let answers = [&slice, ON, &format!("<get path=\"big.txt\"/>{ON}"), DONE];
    let mut bench = small(&[("big.txt", &big)], &answers).await;
    assert_eq!(bench.act("go").await, (RunStatus::Done, None));
    let log = bench.entry("log://turn_1/get/big.txt").await.unwrap();
    assert_eq!(log.visibility, Visibility::Visible);
    let told = bench.user_message(4).await;
    assert!(
        told.contains("\n- big.txt (turn 3, 13000 tokens)\n"),
        "{told}"
    );
}

#[tokio::test]
async fn a_packet_that_only_a_better_measure_makes_too_large_is_no_strike() {
    let prompt = "a word ".repeat(1_000);
    let mut probe = Bench::new(&[], &[DONE]).await;
    probe.act(&prompt).await;
    let chars = u64::try_from(probe.packet(1).await.chars().count()).unwrap();
    // The model counts three tokens in four characters. Half of that is learnt: 0.6 tokens each.
    let report = json!({"prompt": chars * 3 / 4});
    let lines = [
        json!({"answer": ON, "usage": report}),
        json!({"answer": DONE}),
    ];
    let mut bench = Bench::scripted(&[], &lines).await;
    bench.limits.max_strikes = 1;
    bench.limits.budget_ceiling = 1.0;
    bench.model.context_length = Some(chars * 11 / 20);
    let ended = bench.act(&prompt).await;
    assert_eq!(ended, (RunStatus::Done, None), "{:?}", bench.log().await);
    let whole = bench.entry("prompt://1").await.unwrap();
    assert_eq!(whole.visibility, Visibility::Summarized);
}
