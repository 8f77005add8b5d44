//! What a command does to the entries, and what the model is told of it.

use super::bench::Bench;
use crate::entries::{Mode, RunStatus, Visibility};

const DONE: &str = "<update status=\"200\">done</update>";
const ON: &str = "<update status=\"144\">on</update>";

/// A run that gives these answers, each but the last with an update that goes on, and ends.
async fn ran(files: &[(&str, &str)], answers: &[&str]) -> Bench {
    let answers: Vec<String> = answers
        .iter()
        .map(|answer| format!("{answer}{ON}"))
        .collect();
    let mut answers: Vec<&str> = answers.iter().map(String::as_str).collect();
    answers.push(DONE);
    let mut bench = Bench::new(files, &answers).await;
    assert_eq!(
        bench.act("go").await,
        (RunStatus::Done, None),
        "{answers:?}"
    );
    bench
}

/// What was recorded of the commands of a turn, without its update.
async fn told(bench: &Bench, turn: u32) -> Vec<String> {
    let log = bench.log().await.into_iter();
    let start = format!("log://turn_{turn}/");
    log.filter_map(|line| Some(line.strip_prefix(&start)?.to_owned()))
        .filter(|line| !line.starts_with("update/"))
        .collect()
}

async fn body(bench: &Bench, path: &str) -> String {
    bench.entry(path).await.unwrap().body
}

#[tokio::test]
async fn a_filter_that_is_none_fails_its_command_and_the_loop_goes_on() {
    for (command, logged) in [
        ("<get path=\"**\">/(/</get>", "get/**"),
        ("<rm path=\"known://**\">/(/</rm>", "rm/known:%2F%2F**"),
        (
            "<set path=\"known://**\" filter=\"$[\" summary=\"s\"/>",
            "set/known:%2F%2F**",
        ),
        (
            "<mv path=\"known://**\" filter=\"/(/\" visibility=\"archived\"/>",
            "mv/known:%2F%2F**",
        ),
    ] {
        let bench = ran(&[("a.txt", "x\n")], &[command]).await;
        let told = told(&bench, 1).await;
        let begins = format!("{logged} failed validation: ");
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].starts_with(&begins), "{told:?}");
    }
}

#[tokio::test]
async fn an_edit_of_a_note_is_made_at_once_and_keeps_what_describes_it() {
    let bench = ran(
        &[],
        &[
            "<set path=\"known://a\" summary=\"s\" tags=\"t\">one\ntwo</set>\
             <set path=\"known://a\" visibility=\"summarized\"/>",
            "<set path=\"known://a\">\n<<<<<<< SEARCH\ntwo\n=======\nthree\n>>>>>>> REPLACE\n</set>",
        ],
    )
    .await;
    let entry = bench.entry("known://a").await.unwrap();
    assert_eq!(
        (
            entry.body.as_str(),
            entry.visibility,
            entry.text("summary"),
            entry.text("tags"),
        ),
        ("one\nthree", Visibility::Summarized, Some("s"), Some("t"))
    );
    assert_eq!(told(&bench, 2).await, ["set/known:%2F%2Fa: edited"]);
}

#[tokio::test]
async fn an_edit_may_leave_nothing() {
    let empty = "\n<<<<<<< SEARCH\none\n=======\n>>>>>>> REPLACE\n</set>";
    let bench = ran(
        &[],
        &[
            "<set path=\"known://a\">one</set>",
            &format!("<set path=\"known://a\">{empty}"),
        ],
    )
    .await;
    assert_eq!(body(&bench, "known://a").await, "");

    let answer = format!("<set path=\"a.txt\">{empty}{DONE}");
    let mut bench = Bench::new(&[("a.txt", "one\n")], &[&answer]).await;
    bench.start(bench.prompt(Mode::Act, "go")).await.unwrap();
    let proposed = bench.proposed().await;
    assert_eq!(Bench::after(&proposed[0]), "");
    bench.accept(&proposed[0]).await;
    assert_eq!(bench.end().await, (RunStatus::Done, None));
    assert_eq!(bench.file("a.txt"), "");
}

#[tokio::test]
async fn a_keyword_shows_what_holds_it_and_nothing_else() {
    let bench = ran(
        &[("a.md", "All about cookies.\n"), ("b.md", "Nothing.\n")],
        &[
            "<set path=\"known://c\">cookies expire</set><set path=\"known://d\">else</set>\
             <set path=\"known://*\" visibility=\"archived\"/>",
            "<get path=\"**\">cookies</get>",
            "<get path=\"a.md\">biscuits</get><get path=\"none.md\">cookies</get>",
        ],
    )
    .await;
    let mut shown = Vec::new();
    for path in ["a.md", "b.md", "known://c", "known://d"] {
        shown.push((path, bench.entry(path).await.unwrap().visibility));
    }
    assert_eq!(
        shown,
        [
            ("a.md", Visibility::Visible),
            ("b.md", Visibility::Summarized),
            ("known://c", Visibility::Visible),
            ("known://d", Visibility::Archived),
        ]
    );
    assert_eq!(
        body(&bench, "log://turn_2/get/**").await,
        "visible:\na.md (10 tokens)\nknown://c (7 tokens)"
    );
    assert_eq!(
        told(&bench, 3).await,
        [
            "get/a.md: nothing in it matches: a.md",
            "get/none.md: not found: none.md"
        ]
    );
}

#[tokio::test]
async fn a_slice_stands_in_the_log_and_shows_no_more_of_the_entry() {
    for (attributes, expected) in [
        (
            "line=\"2\" limit=\"1\"",
            "a.txt\n[lines 2–2 / 3 total]\ntwo",
        ),
        ("line=\"-1\"", "a.txt\n[lines 3–3 / 3 total]\nthree"),
        ("limit=\"2\"", "a.txt\n[lines 1–2 / 3 total]\none\ntwo"),
        ("limit=\"many\"", "limit=\"many\" is not a whole number"),
        ("line=\"9\"", "the entry has 3 lines"),
    ] {
        let answer = format!("<get path=\"a.txt\" {attributes}/>");
        let bench = ran(&[("a.txt", "one\ntwo\nthree\n")], &[&answer]).await;
        let logged = bench.entry("log://turn_1/get/a.txt").await.unwrap();
        assert_eq!(logged.body, expected);
        let status = if expected.starts_with("a.txt") {
            200
        } else {
            422
        };
        assert_eq!(logged.status(), status, "{attributes}");
        let file = bench.entry("a.txt").await.unwrap();
        assert_eq!(file.visibility, Visibility::Summarized, "{attributes}");
    }
}

#[tokio::test]
async fn a_move_to_nowhere_changes_what_is_shown_or_fails() {
    for tool in ["mv", "cp"] {
        let bench = ran(
            &[],
            &[
                "<set path=\"known://a\">x</set>",
                &format!("<{tool} path=\"known://a\" visibility=\"archived\"/>"),
                &format!("<{tool} path=\"known://a\"/>"),
            ],
        )
        .await;
        let entry = bench.entry("known://a").await.unwrap();
        assert_eq!(
            (entry.body.as_str(), entry.visibility),
            ("x", Visibility::Archived)
        );
        assert_eq!(
            told(&bench, 3).await,
            [format!(
                "{tool}/known:%2F%2Fa failed validation: <{tool} path=\"known://a\"> needs a \
                 destination: <{tool} path=\"…\">new path</{tool}>"
            )]
        );
    }
}

#[tokio::test]
async fn an_update_without_a_status_goes_on_and_one_with_a_wrong_status_fails() {
    let wrong = |status: &str| {
        format!(
            "update failed validation: status=\"{status}\" is none of the statuses that <instructions> \
             names, nor 200, 204, 422 or 500"
        )
    };
    for (update, logged) in [
        ("<update>x</update>", "update/x: x".to_owned()),
        ("<update status=\"soon\">x</update>", wrong("soon")),
        ("<update status=\"999\">x</update>", wrong("999")),
    ] {
        let mut bench = Bench::new(&[], &[update, DONE]).await;
        assert_eq!(bench.act("go").await, (RunStatus::Done, None), "{update}");
        let log = bench.log().await;
        assert_eq!(log[1], format!("log://turn_1/{logged}"));
    }
    let mut bench = Bench::new(&[], &["<update>x</update>", DONE]).await;
    bench.act("go").await;
    let entry = bench.entry("log://turn_1/update/x").await.unwrap();
    assert_eq!(entry.attributes["status"], 102);
}

#[tokio::test]
async fn a_preview_lists_what_would_happen_and_changes_nothing() {
    for (command, logged, expected) in [
        (
            "<rm path=\"known://*\" preview/>",
            "rm/known:%2F%2F%2A",
            "would be removed:\nknown://a (1 tokens)",
        ),
        (
            "<set path=\"known://a\" preview>y</set>",
            "set/known:%2F%2Fa",
            "y",
        ),
        (
            "<set path=\"known://a\" summary=\"s\" preview/>",
            "set/known:%2F%2Fa",
            "would be changed:\nknown://a (1 tokens)",
        ),
        (
            "<set path=\"a.txt\" preview>two</set>",
            "set/a.txt",
            "--- a.txt\n+++ a.txt\n@@ -1 +1 @@\n-one\n+two\n",
        ),
        (
            "<mv path=\"known://a\" to=\"known://b\" preview/>",
            "mv/known:%2F%2Fa",
            "would go to known://b:\nknown://a (1 tokens)",
        ),
        (
            "<mv path=\"known://a\" visibility=\"archived\" preview/>",
            "mv/known:%2F%2Fa",
            "would be archived:\nknown://a (1 tokens)",
        ),
        (
            "<cp path=\"known://a\" to=\"known://b\" preview/>",
            "cp/known:%2F%2Fa",
            "would go to known://b:\nknown://a (1 tokens)",
        ),
        (
            "<get path=\"a.txt\" preview/>",
            "get/a.txt",
            "1 match\na.txt (2 tokens)",
        ),
    ] {
        let bench = ran(
            &[("a.txt", "one\n")],
            &["<set path=\"known://a\">x</set>", command],
        )
        .await;
        assert_eq!(
            body(&bench, &format!("log://turn_2/{logged}")).await,
            expected,
            "{command}"
        );
        let note = bench.entry("known://a").await.unwrap();
        assert_eq!(
            (note.body.as_str(), note.visibility, note.text("summary")),
            ("x", Visibility::Visible, None),
            "{command}"
        );
        assert!(bench.entry("known://b").await.is_none(), "{command}");
        let file = bench.entry("a.txt").await.unwrap();
        assert_eq!(file.visibility, Visibility::Summarized, "{command}");
        assert_eq!(bench.file("a.txt"), "one\n", "{command}");
    }
}

#[tokio::test]
async fn what_describes_a_note_is_changed_without_its_text() {
    for (attribute, name) in [("summary=\"new\"", "summary"), ("tags=\"new\"", "tags")] {
        for form in ["/>", "></set>", ">\n\n</set>"] {
            let bench = ran(
                &[],
                &[
                    "<set path=\"known://a\" summary=\"s\" tags=\"t\">text</set>",
                    &format!("<set path=\"known://a\" {attribute}{form}"),
                ],
            )
            .await;
            let entry = bench.entry("known://a").await.unwrap();
            assert_eq!(
                (entry.body.as_str(), entry.text(name)),
                ("text", Some("new")),
                "{attribute}{form}"
            );
        }
    }
}

#[tokio::test]
async fn knowledge_that_is_too_large_is_refused_wherever_it_comes_from() {
    let long = "word ".repeat(100);
    let answers = [
        format!("<set path=\"known://a\">{long}</set>{ON}"),
        format!("<set path=\"unknown://a\">{long}</set>{ON}"),
        format!("<mv path=\"unknown://a\" to=\"known://b\"/>{ON}"),
        DONE.to_owned(),
    ];
    let answers: Vec<&str> = answers.iter().map(String::as_str).collect();
    let mut bench = Bench::new(&[], &answers).await;
    bench.limits.max_entry_tokens = 20;
    assert_eq!(bench.act("go").await, (RunStatus::Done, None));
    for logged in [
        "log://turn_1/set/known:%2F%2Fa",
        "log://turn_3/mv/unknown:%2F%2Fa",
    ] {
        let entry = bench.entry(logged).await.unwrap();
        assert_eq!(entry.status(), 413, "{logged}");
        assert!(entry.body.contains("Split it"), "{}", entry.body);
    }
    assert!(bench.entry("known://a").await.is_none());
    assert!(bench.entry("known://b").await.is_none());
    assert!(bench.entry("unknown://a").await.is_some());
}

#[tokio::test]
async fn a_question_that_is_asked_again_is_answered_with_the_one_that_is_open() {
    let bench = ran(
        &[],
        &[
            "<set path=\"unknown://a\">Why so?</set>",
            "<set path=\"unknown://b\">\nWhy so?\n</set>",
        ],
    )
    .await;
    assert_eq!(
        told(&bench, 2).await,
        ["set/unknown:%2F%2Fb: that question is open already: unknown://a"]
    );
    assert!(bench.entry("unknown://b").await.is_none());
}
