//! Well-formed tags: which attribute and which body fill which field, and that bodies come
//! through byte for byte.

use std::collections::BTreeMap;

use super::super::{
    Advisory, Call, Command, Content, Get, Number, Question, Rm, Scan, Search, Set, Shell, Status,
    Think, Tool, Transfer, Update, scan,
};
use super::{body, call, calls, outline, place, read, text};

#[test]
fn an_empty_answer_holds_nothing() {
    assert_eq!(read(""), Scan::default());
    assert_eq!(read(" \n"), Scan::default());
}

#[test]
fn text_without_tags_is_unparsed() {
    let prose = "Fine: 3 > 2 && a <b, `<get>` is a tag, <div> is none.";
    let scan = read(prose);
    assert_eq!(scan.unparsed, prose);
    assert_eq!(scan.commands, []);
}

#[test]
fn every_field_has_its_attribute() {
    for (written, expected) in [
        (
            r#"<get path="x"/>"#,
            Call::Get(Get {
                path: text("x"),
                ..Get::default()
            }),
        ),
        (
            r#"<get path="known://*" body="auth" line="-40" limit="20" visibility="visible" preview/>"#,
            Call::Get(Get {
                path: text("known://*"),
                filter: text("auth"),
                visibility: text("visible"),
                line: Some(Number::Value(-40)),
                limit: Some(Number::Value(20)),
                preview: true,
                other: BTreeMap::new(),
            }),
        ),
        (
            r#"<get path="x" keys limit="many"/>"#,
            Call::Get(Get {
                path: text("x"),
                limit: Some(Number::Invalid("many".to_owned())),
                other: BTreeMap::from([("keys".to_owned(), String::new())]),
                ..Get::default()
            }),
        ),
        (
            r#"<rm path="x" filter="y" preview/>"#,
            Call::Rm(Rm {
                path: text("x"),
                filter: text("y"),
                preview: true,
            }),
        ),
        (
            r#"<mv path="a" visibility="archived"/>"#,
            Call::Mv(Transfer {
                path: text("a"),
                visibility: text("archived"),
                ..Transfer::default()
            }),
        ),
        (
            r#"<cp path="a" to="b"/>"#,
            Call::Cp(Transfer {
                path: text("a"),
                to: text("b"),
                ..Transfer::default()
            }),
        ),
        (
            r#"<search path="rust glob" results="3"/>"#,
            Call::Search(Search {
                query: text("rust glob"),
                results: Some(Number::Value(3)),
                preview: false,
            }),
        ),
        (
            r#"<sh command="ls -l"/>"#,
            Call::Sh(Shell {
                command: text("ls -l"),
                ..Shell::default()
            }),
        ),
        (
            r#"<env command="pwd"/>"#,
            Call::Env(Shell {
                command: text("pwd"),
                ..Shell::default()
            }),
        ),
        (
            r#"<ask_user question="Which?" options="a, b;c; "/>"#,
            Call::AskUser(Question {
                question: text("Which?"),
                options: vec!["a, b".to_owned(), "c".to_owned()],
                preview: false,
            }),
        ),
        (
            r#"<update status="200" body="done"/>"#,
            Call::Update(Update {
                body: "done".to_owned(),
                status: Status::Code(200),
            }),
        ),
    ] {
        assert_eq!(call(written), expected, "{written}");
    }
}

#[test]
fn a_body_fills_the_field_that_no_attribute_filled() {
    for (written, expected) in [
        (
            "<get>src/a.rs</get>",
            Call::Get(Get {
                path: text("src/a.rs"),
                ..Get::default()
            }),
        ),
        (
            r#"<get path="known://*">auth</get>"#,
            Call::Get(Get {
                path: text("known://*"),
                filter: text("auth"),
                ..Get::default()
            }),
        ),
        (
            "<rm>\nold.rs\n</rm>",
            Call::Rm(Rm {
                path: text("old.rs"),
                ..Rm::default()
            }),
        ),
        (
            r#"<mv path="a">b</mv>"#,
            Call::Mv(Transfer {
                path: text("a"),
                to: text("b"),
                ..Transfer::default()
            }),
        ),
        (
            r#"<cp path="a" to="b">c</cp>"#,
            Call::Cp(Transfer {
                path: text("a"),
                to: text("b"),
                ..Transfer::default()
            }),
        ),
        (
            "<search>x y</search>",
            Call::Search(Search {
                query: text("x y"),
                ..Search::default()
            }),
        ),
        (
            "<sh>a &amp;&amp; b</sh>",
            Call::Sh(Shell {
                command: text("a &amp;&amp; b"),
                ..Shell::default()
            }),
        ),
        (
            r#"<ask_user question="Which?">a, b</ask_user>"#,
            Call::AskUser(Question {
                question: text("Which?"),
                options: vec!["a".to_owned(), "b".to_owned()],
                preview: false,
            }),
        ),
        (
            "<ask_user>Which?</ask_user>",
            Call::AskUser(Question {
                question: text("Which?"),
                ..Question::default()
            }),
        ),
        (
            r#"<update status="soon">half</update>"#,
            Call::Update(Update {
                body: "half".to_owned(),
                status: Status::Invalid("soon".to_owned()),
            }),
        ),
        (
            "<update>half</update>",
            Call::Update(Update {
                body: "half".to_owned(),
                status: Status::Missing,
            }),
        ),
        (
            "<think>\nwell\n</think>",
            Call::Think(Think {
                body: "well".to_owned(),
            }),
        ),
    ] {
        assert_eq!(call(written), expected, "{written}");
    }
}

#[test]
fn a_set_without_a_body_changes_metadata_only() {
    for written in [
        r#"<set path="known://a" summary="s" tags="x"/>"#,
        r#"<set path="known://a" summary="s" tags="x"></set>"#,
        "<set path=\"known://a\" summary=\"s\" tags=\"x\">\n</set>",
    ] {
        let expected = Set {
            path: text("known://a"),
            content: Content::Absent,
            summary: text("s"),
            other: BTreeMap::from([("tags".to_owned(), "x".to_owned())]),
            ..Set::default()
        };
        assert_eq!(call(written), Call::Set(expected), "{written}");
    }
}

#[test]
fn a_set_keeps_all_but_one_line_break_at_each_end() {
    for (written, expected) in [
        ("<set path=\"a\">\n  x\n\n</set>", "  x\n"),
        ("<set path=\"a\">\n\n\tx</set>", "\n\tx"),
        ("<set path=\"a\"> x </set>", " x "),
        ("<set path=\"a\">\r\nx\r\ny\r\n</set>", "x\r\ny"),
        ("<set path=\"a\">\n\n</set>", ""),
        (r#"<set path="a" body="x &lt; y"/>"#, "x < y"),
        (r#"<set path="a" body=""/>"#, ""),
    ] {
        assert_eq!(body(written), expected, "{written:?}");
    }
}

#[test]
fn a_body_is_the_exact_bytes_between_its_tags() {
    for content in [
        "fn f() -> Vec<String> { if a <b { x } }",
        "<MyComp onClick={() => x > 1} alt=\"\"/>\n<p>one<p>two<br>",
        "<!DOCTYPE html>\n<!-- c -->\n<![CDATA[ x ]]>\n<script>if (a</b/.test(c)) {}",
        "<?php echo \"&amp; &lt; &copy;\"; ?>",
        "cat <<EOF > x\n<div class=\"a\">\nEOF",
        "if a <b then",
        "<|tool_call> |> <|\"|>",
        "{\"name\": \"rm\", \"arguments\": {\"path\": \"x\"}}",
        "a\r\nb\tc\u{feff}\u{0}é😀",
        "```xml\n<set path=\"b\">x</set>\n```\nthen\n~~~\n</set>\n~~~",
        "<get path=\"x\"/>\n<rm path=\"y\"/>\ntext",
        "prose <get path=\"x\"/> and <rm path=\"y\"> open",
        "<svg viewBox=\"0 0 1 1\"><linearGradient/></svg>",
        "`code` and an open ``` fence",
        "</div></p></update> closers of nothing",
    ] {
        let written = format!("<set path=\"a\">\n{content}\n</set>");
        assert_eq!(body(&written), content);
        let written = format!("<set path=\"a\">{content}</set>\n<update status=\"200\">x</update>");
        let expected = Call::Set(Set {
            path: text("a"),
            content: Content::Text(content.to_owned()),
            ..Set::default()
        });
        assert_eq!(calls(&written)[0], expected);
    }
}

#[test]
fn names_of_tags_and_attributes_have_no_case() {
    assert_eq!(call("<GET PATH='x'></Get>"), call("<get path=\"x\"/>"));
}

#[test]
fn an_attribute_cannot_change_the_tool() {
    for name in ["name", "tool", "command", "type"] {
        let written = format!(r#"<get {name}="rm" path="x"/>"#);
        assert_eq!(call(&written).tool(), Tool::Get);
    }
}

#[test]
fn a_path_is_taken_verbatim() {
    for path in [
        "/:a:b",
        "unknown://what is it?",
        "app/[slug]/page.tsx",
        "é/ü.md",
    ] {
        assert_eq!(call(&format!("<get path=\"{path}\"/>")).target(), path);
    }
}

#[test]
fn commands_keep_their_order_and_prose_stays_outside() {
    let scan = read(
        "First I look.\n<get path=\"a\"/>\nThen é <set path=\"b\">x</set><set path=\"c\">\ny\n</set>\n\
         Done.\n<update status=\"102\">ok</update>",
    );
    assert_eq!(outline(&scan), ["get a", "set b", "set c", "update "]);
    let places: Vec<_> = scan.commands.iter().map(|command| command.place).collect();
    assert_eq!(
        places,
        [place(2, 1), place(3, 8), place(3, 29), place(7, 1)]
    );
    assert_eq!(scan.unparsed, "First I look.\n\nThen é \nDone.");
    assert_eq!(scan.advisories, []);
}

#[test]
fn the_cap_counts_commands_and_says_when_it_cuts() {
    let answer = r#"<get path="x"/>"#.repeat(20);
    let scan = scan(&answer, 5);
    assert_eq!(scan.commands.len(), 5);
    assert_eq!(
        scan.advisories,
        [Advisory {
            message: "Over the limit of 5 commands in one answer: everything from here on was \
                      ignored."
                .to_owned(),
            place: place(1, 76),
        }]
    );
    assert_eq!(super::super::scan(&answer, 20).advisories, []);
}

#[test]
fn the_target_is_what_a_command_is_about() {
    let targets: Vec<String> =
        read(r#"<sh>ls</sh><ask_user question="q"/><search>s</search><rm/><think>t</think>"#)
            .commands
            .iter()
            .map(|command: &Command| command.target().to_owned())
            .collect();
    assert_eq!(targets, ["ls", "q", "s", "", ""]);
}

#[test]
fn a_set_that_means_some_lines_or_half_an_edit_writes_nothing() {
    for written in [
        r#"<set path="a.py" line="2" limit="1">x</set>"#,
        r#"<set path="a.py" append>x</set>"#,
        r#"<set path="a.py" start_line="2" end_line="3" body="x"/>"#,
        r#"<set path="a.py" search="x"/>"#,
        r#"{"name": "set", "arguments": {"path": "a.py", "body": "x", "line": 2}}"#,
    ] {
        let Call::Set(set) = &read(written).commands[0].call else {
            panic!("{written}: not a set");
        };
        assert!(
            matches!(set.content, Content::Unparsable(_)),
            "{written}: {:?}",
            set.content
        );
    }
}

#[test]
fn empty_fields_of_a_form_say_nothing() {
    for (written, expected) in [
        (
            r#"<set path="a" search="" replace="" visibility="archived"/>"#,
            Content::Absent,
        ),
        (
            r#"<set path="a" body="" visibility="archived"/>"#,
            Content::Absent,
        ),
        (
            r#"{"name": "set", "arguments": {"path": "a", "body": "", "visibility": "archived"}}"#,
            Content::Absent,
        ),
        (
            r#"{"name": "set", "arguments": {"path": "a", "body": "x", "search": "", "replace": ""}}"#,
            Content::Text("x".to_owned()),
        ),
        (r#"<set path="a" body=""/>"#, Content::Text(String::new())),
    ] {
        let Call::Set(set) = &read(written).commands[0].call else {
            panic!("{written}: not a set");
        };
        assert_eq!(set.content, expected, "{written}");
    }
}
