//! What is forgiven outside of bodies, and that each forgiveness is reported with its place.

use super::super::{Call, Content, Set};
use super::{outline, place, read, told};

/// Answers, the outline of their commands, and what the one advisory of each begins with.
#[test]
fn a_missing_or_wrong_closer_is_found() {
    for (written, commands, advisory) in [
        (
            "<update status=\"200\">all done",
            &["update "][..],
            "Unclosed `<update>` captured",
        ),
        ("<get path=\"x\">", &["get x"], "Unclosed `<get>` captured"),
        (
            "<set path=\"x\">\nbody\n",
            &["set x"],
            "Unclosed `<set>` captured",
        ),
        (
            "<set path=\"x\">\nbody\n</se",
            &["set x"],
            "Unclosed `<set>` captured",
        ),
        (
            "<get path=\"a\">\n<get path=\"b\"/>\n<update status=\"102\">x</update>",
            &["get a", "get b", "update "],
            "Unclosed `<get>` recovered",
        ),
        (
            "<get path=\"a\">\n<get>b</get>",
            &["get a", "get b"],
            "Unclosed `<get>` recovered",
        ),
        (
            "<set path=\"a\">\ntext\n<update status=\"102\">x</update>",
            &["set a", "update "],
            "Unclosed `<set>` recovered",
        ),
        (
            "<rm path=\"a\"></remove>\n<update status=\"102\">x</update>\n<search>q</search>",
            &["rm a", "update ", "search q"],
            "Mismatched `</remove>` corrected",
        ),
        (
            "<rm path=\"a\"></remove><update status=\"102\">x</update><search>q</search>",
            &["rm a", "update ", "search q"],
            "Mismatched `</remove>` corrected",
        ),
        (
            "<set path=\"a\">\ntext\n</update>\n<set path=\"b\">t</set>\n<rm path=\"c\"/>\n<update>x</update>",
            &["set a", "set b", "rm c", "update "],
            "Mismatched `</update>` corrected",
        ),
        (
            "<set path=\"a\">text</update><set path=\"b\">t</set><rm path=\"c\"/><update>x</update>",
            &["set a", "set b", "rm c", "update "],
            "Mismatched `</update>` corrected",
        ),
        (
            "<set path=\"a\">\ntext\n</file>\n\n<set path=\"b\">t</set>",
            &["set a", "set b"],
            "Mismatched `</file>` corrected",
        ),
        (
            "<sh>ls</env>\nand so on",
            &["sh ls"],
            "Mismatched `</env>` corrected",
        ),
        (
            "<sh>ls</shell>",
            &["sh ls"],
            "Mismatched `</shell>` corrected",
        ),
        (
            "<get path=\"x\"/></get>",
            &["get x"],
            "Stray `</get>` ignored",
        ),
    ] {
        let scan = read(written);
        assert_eq!(outline(&scan), commands, "{written}");
        let messages: Vec<&str> = scan
            .advisories
            .iter()
            .map(|one| one.message.as_str())
            .collect();
        assert_eq!(messages.len(), 1, "{written}: {messages:?}");
        assert!(messages[0].starts_with(advisory), "{written}: {messages:?}");
    }
}

#[test]
fn a_repaired_body_is_what_stood_before_its_end() {
    for (written, body) in [
        (
            "<set path=\"a\">\ntext\n</update>\n<set path=\"b\">t</set>",
            "text",
        ),
        ("<set path=\"a\">\ntext\n", "text"),
        ("<set path=\"a\">\ntext\n</se", "text"),
        ("<set path=\"a\">\ntext\n<update>x</update>", "text"),
        ("<set path=\"a.rs>\nfn f() {}\n</set>", "fn f() {}"),
    ] {
        let scan = read(written);
        let Call::Set(set) = &scan.commands[0].call else {
            panic!("{written}");
        };
        assert_eq!(set.content, Content::Text(body.to_owned()), "{written}");
    }
}

#[test]
fn a_closer_that_the_body_opened_does_not_end_it() {
    let content = "<div>\n</div>\n<get path=\"x\"/>\n<update>a</update>\n<rm path=\"y\"/>";
    let scan = read(&format!("<set path=\"a\">\n{content}\n</set>"));
    assert_eq!(outline(&scan), ["set a"]);
    assert_eq!(scan.advisories, []);
}

#[test]
fn a_quote_that_is_missing_costs_no_other_command() {
    let scan = read("<get path=\"a.rs/>\n<get path=\"b.rs\"/>\n<update status=\"102\">x</update>");
    assert_eq!(outline(&scan), ["get a.rs", "get b.rs", "update "]);
    assert_eq!(scan.advisories.len(), 1);
    assert_eq!(scan.advisories[0].place, place(1, 1));
    assert!(scan.advisories[0].message.starts_with("Unbalanced quote"));
}

#[test]
fn a_fence_around_commands_is_taken_away_and_reported_once() {
    for label in ["xml", "tool_code", "tool_command", "XML"] {
        let scan = read(&format!(
            "Look:\n```{label}\n<get path=\"a\"/>\n<set path=\"b.md\">\n```\nx\n```\n</set>\n```\nBye.\n"
        ));
        assert_eq!(outline(&scan), ["get a", "set b.md"], "{label}");
        assert_eq!(scan.unparsed, "Look:\n\n\nBye.");
        assert_eq!(scan.advisories.len(), 1);
        assert_eq!(scan.advisories[0].place, place(2, 1));
    }
}

#[test]
fn a_tag_in_another_fence_is_an_example_and_the_model_is_told() {
    let scan = read("So:\n```\n<rm path=\"a\"/>\n```\n<get path=\"b\"/>");
    assert_eq!(outline(&scan), ["get b"]);
    assert_eq!(scan.unparsed, "So:\n```\n<rm path=\"a\"/>\n```");
    assert_eq!(scan.advisories.len(), 1);
    assert_eq!(scan.advisories[0].place, place(3, 1));
}

#[test]
fn a_tag_in_a_code_span_or_a_sentence_is_talked_about() {
    let prose = "Use `<rm path=\"a\"/>` or ``<sh>`x`</sh>``, then <get> for files.";
    let scan = read(&format!("{prose}\n<update status=\"102\">x</update>"));
    assert_eq!(outline(&scan), ["update "]);
    assert_eq!(scan.unparsed, prose);
    assert_eq!(scan.advisories, []);
}

#[test]
fn a_lone_backtick_or_fence_hides_no_command() {
    for written in [
        "a ` b\n<get path=\"x\"/>\nc ` d",
        "```\n<get path=\"x\"/>",
        "```\n<set path=\"x\">\n```rust\ny\n```\n</set>",
    ] {
        assert_eq!(read(written).commands.len(), 1, "{written}");
    }
}

#[test]
fn a_fence_left_open_in_one_body_does_not_reach_into_the_next() {
    for between in ["\n", "\n\nNow the other one:\n"] {
        let scan = read(&format!(
            "<set path=\"a.md\">\n```rust\nx\n</set>{between}<set path=\"b.md\">\n```\ny\n```\n</set>"
        ));
        assert_eq!(outline(&scan), ["set a.md", "set b.md"], "{between:?}");
    }
}

#[test]
fn a_fence_right_behind_the_tag_is_a_fence() {
    let scan = read(
        "<set path=\"a.md\">```xml\n</set>\n```\n</set>\n<set path=\"b.md\">\n```\ny\n```\n</set>",
    );
    assert_eq!(outline(&scan), ["set a.md", "set b.md"]);
    let Call::Set(Set { content, .. }) = &scan.commands[0].call else {
        panic!("not a set");
    };
    assert_eq!(*content, Content::Text("```xml\n</set>\n```".to_owned()));
}

#[test]
fn a_closer_in_a_fence_closes_when_no_other_does() {
    let scan = read("<set path=\"a.md\">\n```\nx\n</set>\n```\n<update status=\"200\">x</update>");
    assert_eq!(outline(&scan), ["set a.md", "update "]);
}

#[test]
fn a_tag_in_a_fence_of_a_body_is_text_whatever_closes_the_body() {
    let text = "# Doc\n\n```xml\n<rm path=\"q.sql\"/>\n```";
    let update = "\n\n<update status=\"200\">wrote docs</update>";
    for (closer, advisory) in [
        ("</set>", None),
        ("</file>", Some("Mismatched `</file>` corrected")),
        ("</update>", Some("Mismatched `</update>` corrected")),
        ("", Some("Unclosed `<set>` recovered")),
    ] {
        let scan = read(&format!("<set path=\"docs.md\">\n{text}\n{closer}{update}"));
        assert_eq!(outline(&scan), ["set docs.md", "update "], "{closer}");
        let Call::Set(set) = &scan.commands[0].call else {
            panic!("{closer}");
        };
        let written = match &set.content {
            Content::Text(text) => text.trim_end(),
            other => panic!("{closer}: {other:?}"),
        };
        assert_eq!(written, text, "{closer}");
        let told = told(&scan);
        assert_eq!(told.len(), advisory.iter().len(), "{closer}: {told:?}");
        for (told, begins) in told.iter().zip(advisory) {
            assert!(
                told.starts_with(&format!("1:1 {begins}")),
                "{closer}: {told}"
            );
        }
    }
}

#[test]
fn closers_that_a_fence_opens_too_close_no_body_around_it() {
    let shown = "# Doc\n\n```xml\n<set path=\"x\">\ny\n</set>\n```\n\nEnd\n";
    let update = "<update status=\"102\">done</update>";
    for (answer, expected) in [
        (format!("{shown}</file>\n{update}"), format!("\n{shown}")),
        (format!("{shown}{update}"), format!("\n{shown}")),
        (shown.to_owned(), format!("\n{shown}")),
        (
            format!("{shown}{shown}</file>\n{update}"),
            format!("\n{shown}{shown}"),
        ),
        (
            format!("a\n</file>\n<get path=\"b\"/>\n{shown}{update}"),
            "\na\n".to_owned(),
        ),
    ] {
        let answer = format!("<set path=\"doc.md\">\n{answer}");
        let scan = read(&answer);
        let Call::Set(set) = &scan.commands[0].call else {
            panic!("{answer}");
        };
        let expected = super::super::content::block(&expected)
            .unwrap_or("")
            .to_owned();
        assert_eq!(set.content, Content::Text(expected), "{answer}");
    }
}

#[test]
fn an_end_of_turn_behind_an_open_body_is_no_text() {
    for (answer, expected) in [
        ("<set path=\"a.txt\">\nx\n<|im_end|>", "x"),
        ("<set path=\"a.txt\">\nx<|eot_id|>\n", "x"),
        (
            "<set path=\"a.txt\">\nx\n<|im_end|>\n</set>",
            "x\n<|im_end|>",
        ),
    ] {
        let Call::Set(set) = &read(answer).commands[0].call else {
            panic!("{answer}");
        };
        let expected = Content::Text(expected.to_owned());
        assert_eq!(set.content, expected, "{answer}");
    }
}

#[test]
fn a_fence_left_open_in_a_body_without_its_closer_does_not_reach_into_the_next() {
    let scan = read(
        "<set path=\"a.md\">\n```rust\nx\n</file>\n<update status=\"102\">\n```\ny\n```\n</update>",
    );
    assert_eq!(outline(&scan), ["set a.md", "update "]);
}

#[test]
fn a_body_that_holds_the_tag_of_its_own_tool_is_told_about() {
    let scan = read("<set path=\"a\">\nx\n<set path=\"b\">\ny\n</set>\n<get path=\"c\"/>");
    assert_eq!(outline(&scan), ["set a", "get c"]);
    assert_eq!(
        told(&scan),
        [
            "3:1 `<set>` in the body of another `<set>` was taken for text of it: write `</set>` \
          before the next one begins."
        ]
    );
    for (answer, count) in [
        ("<sh>\ncat\n<sh>\n</sh>\nDone.", 0),
        ("<sh>\ncat\n<sh>\n</sh>\n<sh>ls</sh>", 0),
        ("<set path=\"a\">\n<set path=\"b\"/>\n</set>", 0),
        ("<set path=\"a\">\n<set>\n</set>", 0),
        ("<set path=\"a\">\n<set>\n</set>\nx\n</set>", 2),
    ] {
        assert_eq!(told(&read(answer)).len(), count, "{answer}");
    }
}

#[test]
fn a_closer_that_is_left_over_says_where_the_body_ended() {
    let scan = read("<set path=\"a.md\">\nUse `</set>` to end.\nMore.\n</set>");
    assert_eq!(outline(&scan), ["set a.md"]);
    assert_eq!(
        told(&scan),
        [
            "4:1 Stray `</set>` ignored: nothing was open there. The `<set>` before it ended at the \
          `</set>` of line 2; where that one was text, what follows it is missing from the body."
        ]
    );
}
