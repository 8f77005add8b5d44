//! What is proposed, and what becomes of it.

use expect_test::expect;

use super::bench::Bench;
use crate::agent::Subject;
use crate::entries::{AutoAccept, Decision, Mode, Outcome, Review, RunStatus, State};
use crate::store::proposals;

const DONE: &str = "<update status=\"200\">done</update>";

fn edit(path: &str, search: &str, replace: &str) -> String {
    format!(
        "<set path=\"{path}\">\n<<<<<<< SEARCH\n{search}\n=======\n{replace}\n>>>>>>> REPLACE\n</set>"
    )
}

#[tokio::test]
async fn neighbouring_changes_are_offered_together_and_the_loop_waits_before_the_next_command() {
    let answer = format!(
        "{}{}<set path=\"known://after\">x</set>{DONE}",
        edit("a.txt", "one", "uno"),
        edit("b.txt", "two", "due"),
    );
    let mut bench = Bench::new(&[("a.txt", "one\n"), ("b.txt", "two\n")], &[&answer]).await;
    bench.start(bench.prompt(Mode::Act, "go")).await.unwrap();
    let proposed = bench.proposed().await;
    let targets: Vec<&str> = proposed
        .iter()
        .map(|p| p.effect.target().unwrap().as_str())
        .collect();
    assert_eq!(targets, ["a.txt", "b.txt"]);
    assert!(
        bench.entry("known://after").await.is_none(),
        "the loop did not wait"
    );
    for proposal in &proposed {
        bench.accept(proposal).await;
    }
    assert_eq!(bench.end().await, (RunStatus::Done, None));
    assert_eq!(
        (bench.file("a.txt"), bench.file("b.txt")),
        ("uno\n".into(), "due\n".into())
    );
    assert!(bench.entry("known://after").await.is_some());
}

#[tokio::test]
async fn two_changes_of_one_file_in_a_turn_are_one_proposal() {
    let answer = format!(
        "{}{}{DONE}",
        edit("a.txt", "one", "uno"),
        edit("a.txt", "uno\nmid", "uno!\nmid"),
    );
    let mut bench = Bench::new(&[("a.txt", "one\nmid\n")], &[&answer]).await;
    bench.start(bench.prompt(Mode::Act, "go")).await.unwrap();
    let proposed = bench.proposed().await;
    assert_eq!(proposed.len(), 1);
    assert_eq!(Bench::after(&proposed[0]), "uno!\nmid\n");
    bench.accept(&proposed[0]).await;
    assert_eq!(bench.end().await, (RunStatus::Done, None));
}

#[tokio::test]
async fn with_review_each_every_change_is_offered_by_itself() {
    let answer = format!(
        "{}{}{DONE}",
        edit("a.txt", "one", "uno"),
        edit("a.txt", "uno", "eins"),
    );
    let mut bench = Bench::new(&[("a.txt", "one\n")], &[&answer]).await;
    let mut start = bench.prompt(Mode::Act, "go");
    start.config.review = Review::Each;
    bench.start(start).await.unwrap();
    let first = bench.proposed().await;
    assert_eq!((first.len(), Bench::after(&first[0])), (1, "uno\n"));
    bench.accept(&first[0]).await;
    bench.next_state().await;
    let second = bench.proposed().await;
    assert_eq!((second.len(), Bench::after(&second[0])), (1, "eins\n"));
    bench.accept(&second[0]).await;
    assert_eq!(bench.end().await, (RunStatus::Done, None));
}

#[tokio::test]
async fn a_rejection_stops_the_answer_is_told_with_its_reason_and_is_no_strike() {
    let answer = format!(
        "{}<set path=\"known://after\">x</set>{DONE}",
        edit("a.txt", "one", "uno")
    );
    let mut bench = Bench::new(&[("a.txt", "one\n")], &[&answer, DONE]).await;
    bench.limits.max_strikes = 1;
    bench.start(bench.prompt(Mode::Act, "go")).await.unwrap();
    let proposed = bench.proposed().await;
    bench.reject(&proposed[0], "speak English").await;
    assert_eq!(bench.end().await, (RunStatus::Done, None));
    let told = bench.user_message(2).await;
    assert!(
        told.contains("outcome=\"permission\" reason=\"speak English\""),
        "{told}"
    );
    assert!(
        told.contains("the user rejected something in this turn"),
        "{told}"
    );
    let after = bench
        .entry("log://turn_1/set/known:%2F%2Fafter")
        .await
        .unwrap();
    assert_eq!(
        (after.state, after.outcome),
        (State::Failed, Some(Outcome::Aborted))
    );
    assert_eq!(bench.file("a.txt"), "one\n");
}

#[tokio::test]
async fn the_model_edits_what_the_user_has_not_saved() {
    let answer = format!("{}{DONE}", edit("a.txt", "unsaved", "seen"));
    let mut bench = Bench::new(&[("a.txt", "saved\n")], &[&answer]).await;
    let file = bench.root.join("a.txt");
    bench
        .host
        .open
        .lock()
        .unwrap()
        .insert(file, "unsaved\n".to_owned());
    bench.start(bench.prompt(Mode::Act, "go")).await.unwrap();
    let proposed = bench.proposed().await;
    assert_eq!(
        proposed[0].change().unwrap().base.as_deref(),
        Some("unsaved\n")
    );
    assert_eq!(Bench::after(&proposed[0]), "seen\n");
    bench.reject(&proposed[0], "").await;
}

#[tokio::test]
async fn auto_accept_takes_edits_without_asking() {
    let answer = format!("<set path=\"deep/new.txt\">\nhello\n</set>{DONE}");
    let mut bench = Bench::new(&[], &[&answer]).await;
    let mut start = bench.prompt(Mode::Act, "go");
    start.config.auto_accept = AutoAccept::Edits;
    bench.start(start).await.unwrap();
    assert_eq!(bench.end().await, (RunStatus::Done, None));
    assert_eq!(bench.file("deep/new.txt"), "hello\n");
}

#[tokio::test]
async fn no_form_of_a_change_passes_where_files_may_not_be_changed() {
    let forms = [
        "<set path=\"a.txt\">x</set>".to_owned(),
        "<set path=\"a.txt\" body=\"\"/>".to_owned(),
        edit("a.txt", "one", "uno"),
        "<set path=\"./a.txt\">x</set>".to_owned(),
        "<set path=\"file://a.txt\">x</set>".to_owned(),
        "<set path=\" FILE://a.txt \">x</set>".to_owned(),
        "<set path=\"\ta.txt\">x</set>".to_owned(),
        "<set path=\"a.txt\">s/one/uno/</set>".to_owned(),
        "<set path=\"a.txt\">{\"search\": \"one\", \"replace\": \"uno\"}</set>".to_owned(),
        "<set path=\"a.txt\">\n--- a.txt\n+++ a.txt\n@@ -1 +1 @@\n-one\n+uno\n</set>".to_owned(),
        "<set path=\"a.txt\" search=\"one\" replace=\"uno\"/>".to_owned(),
        "*** Begin Patch\n*** Update File: a.txt\n-one\n+uno\n*** End Patch".to_owned(),
        "<rm path=\"a.txt\"/>".to_owned(),
        "<rm path=\"*\"/>".to_owned(),
        "<mv path=\"known://a\">a.txt</mv>".to_owned(),
        "<cp path=\"known://a\" to=\"a.txt\"/>".to_owned(),
        "<sh>rm a.txt</sh>".to_owned(),
        "<env>rm a.txt</env>".to_owned(),
    ];
    for form in forms {
        let mut bench = Bench::new(&[("a.txt", "one\n")], &[&form, DONE]).await;
        for (mode, no_proposals) in [(Mode::Ask, false), (Mode::Act, true)] {
            let mut start = bench.prompt(mode, "go");
            start.alias = Some("run".parse().unwrap());
            start.config.no_proposals = no_proposals;
            bench.start(start).await.unwrap();
            bench.end().await;
            assert_eq!(bench.file("a.txt"), "one\n", "{form} changed the file");
            let log = bench.log().await;
            assert!(
                log.iter().any(|line| line.contains("failed permission")),
                "{form}: {log:?}"
            );
        }
    }
}

#[tokio::test]
async fn what_lies_outside_or_is_secret_is_neither_shown_nor_changed() {
    let answers = [
        "<set path=\"../out.txt\">x</set>",
        "<set path=\"/tmp/out.txt\">x</set>",
        "<set path=\".git/config\">x</set>",
        "<set path=\".env\">KEY=1</set>",
    ];
    for answer in answers {
        let mut bench = Bench::new(&[(".env", "KEY=0"), ("a", "")], &[answer, DONE]).await;
        bench.act("go").await;
        let log = bench.log().await;
        assert!(log[1].contains("failed permission"), "{answer}: {log:?}");
        assert!(!bench.packet(1).await.contains(".env"));
    }
}

#[tokio::test]
async fn a_new_prompt_cancels_what_the_last_one_left_proposed() {
    let answer = format!("{}{DONE}", edit("a.txt", "one", "uno"));
    let mut bench = Bench::new(&[("a.txt", "one\n")], &[&answer, DONE]).await;
    bench.start(bench.prompt(Mode::Act, "go")).await.unwrap();
    let left = bench.proposed().await;
    let run = bench.run().await;
    bench.supervisor.abort(&Subject::of(run)).await.unwrap();
    let entry = bench.entry(left[0].path.as_str()).await.unwrap();
    assert_eq!(
        (entry.state, entry.outcome),
        (State::Cancelled, Some(Outcome::Aborted))
    );
    assert_eq!(bench.run().await.status, RunStatus::Aborted);
    assert_eq!(bench.act("again").await, (RunStatus::Done, None));
}

#[tokio::test]
async fn of_a_change_that_is_accepted_in_part_the_log_keeps_which_part() {
    let base = "a\nb\nc\nd\ne\nf\ng\nh\n";
    let answer = format!("<set path=\"a.txt\">\nA\nb\nc\nd\ne\nf\ng\nH\n</set>{DONE}");
    let mut bench = Bench::new(&[("a.txt", base)], &[&answer, DONE]).await;
    bench.start(bench.prompt(Mode::Act, "go")).await.unwrap();
    let proposed = bench.proposed().await;
    bench
        .decide(&proposed[0], Decision::Accepted, &["h1"])
        .await;
    bench
        .decide(&proposed[0], Decision::Rejected, &["h2"])
        .await;
    assert_eq!(bench.end().await, (RunStatus::Done, None));
    let entry = bench.entry(proposed[0].path.as_str()).await.unwrap();
    expect![[r"
        Accepted:
        --- a.txt
        +++ a.txt
        @@ -1,4 +1,4 @@
        -a
        +A
         b
         c
         d

        Rejected:
        --- a.txt
        +++ a.txt
        @@ -5,4 +5,4 @@
         e
         f
         g
        -h
        +H
    "]]
    .assert_eq(&entry.body);
    assert_eq!(entry.outcome, Some(Outcome::Partial));
    assert!(bench.user_message(2).await.contains("outcome=\"partial\""));
}

#[tokio::test]
async fn what_the_editor_could_not_carry_out_is_no_rejection_and_no_strike() {
    let answer = format!("{}{DONE}", edit("a.txt", "one", "uno"));
    let mut bench = Bench::new(&[("a.txt", "one\n")], &[&answer, DONE]).await;
    bench.limits.max_strikes = 1;
    bench.start(bench.prompt(Mode::Act, "go")).await.unwrap();
    let (run, path) = (bench.run().await.id, bench.proposed().await[0].path.clone());
    bench
        .store()
        .write(move |tx| proposals::fail(tx, run, &path, Some("no such window")))
        .await
        .unwrap();
    assert_eq!(bench.end().await, (RunStatus::Done, None));
    let told = bench.user_message(2).await;
    assert!(
        told.contains("outcome=\"error\" reason=\"no such window\""),
        "{told}"
    );
    assert!(
        told.contains("something of this turn could not be carried out"),
        "{told}"
    );
}

#[tokio::test]
async fn a_new_file_may_have_brackets_in_its_name_and_no_stars() {
    let write = |path: &str| format!("<set path=\"{path}\">x</set>");
    let answer = format!(
        "{}{}{DONE}",
        write("app/[slug]/page.tsx"),
        write("src/*.rs")
    );
    let mut bench = Bench::new(&[], &[&answer, DONE]).await;
    let mut start = bench.prompt(Mode::Act, "go");
    start.config.auto_accept = AutoAccept::Edits;
    bench.start(start).await.unwrap();
    assert_eq!(bench.end().await, (RunStatus::Done, None));
    assert_eq!(bench.file("app/[slug]/page.tsx"), "x\n");
    let log = bench.log().await;
    let refused = "log://turn_1/set/src%2F*.rs failed not_found: not found: src/*.rs";
    assert!(log.contains(&refused.to_owned()), "{log:?}");
}
