//! Whole answers as models write them, well-formed and not: for each the commands, the advisories
//! and the text that is left, in one readable form.

use std::fmt::Write as _;

use super::super::{Call, Content, Number, Scan, Set, Status, scan};
use super::read;

/// A scan as text: a line a command, with the fields that are there; then the advisories, cut
/// behind their first words; then the text outside.
fn sketch(scan: &Scan) -> String {
    let mut lines: Vec<String> = scan.commands.iter().map(|one| fields(&one.call)).collect();
    let advisories = scan.advisories.iter().map(|one| {
        let words: Vec<&str> = one.message.split(' ').take(3).collect();
        format!("! {}", words.join(" "))
    });
    lines.extend(advisories);
    if !scan.unparsed.is_empty() {
        lines.push(format!("~ {:?}", scan.unparsed));
    }
    lines.join("\n")
}

fn fields(call: &Call) -> String {
    let mut line = call.tool().name().to_owned();
    let mut add = |name: &str, value: Option<&str>| {
        if let Some(value) = value {
            let _ = write!(line, " {name}={value:?}");
        }
    };
    match call {
        Call::Get(get) => {
            add("path", get.path.as_deref());
            add("filter", get.filter.as_deref());
            add("line", number(get.line.as_ref()).as_deref());
            add("limit", number(get.limit.as_ref()).as_deref());
            add("preview", get.preview.then_some("on"));
            for (name, value) in &get.other {
                add(name, Some(value));
            }
        }
        Call::Set(set) => {
            add("path", set.path.as_deref());
            add("summary", set.summary.as_deref());
            add("visibility", set.visibility.as_deref());
            match &set.content {
                Content::Absent => {}
                Content::Text(text) => add("text", Some(text)),
                Content::Unparsable(_) => add("refused", Some("")),
                Content::Edits(edits) => {
                    for edit in edits {
                        add("search", edit.search.as_deref());
                        add("replace", Some(&edit.replace));
                        add("all", edit.all.then_some("on"));
                    }
                }
            }
        }
        Call::Rm(rm) => {
            add("path", rm.path.as_deref());
            add("filter", rm.filter.as_deref());
        }
        Call::Mv(transfer) | Call::Cp(transfer) => {
            add("path", transfer.path.as_deref());
            add("to", transfer.to.as_deref());
            add("visibility", transfer.visibility.as_deref());
        }
        Call::Search(search) => {
            add("query", search.query.as_deref());
            add("results", number(search.results.as_ref()).as_deref());
        }
        Call::Sh(shell) | Call::Env(shell) => add("command", shell.command.as_deref()),
        Call::AskUser(question) => {
            add("question", question.question.as_deref());
            for option in &question.options {
                add("option", Some(option));
            }
        }
        Call::Update(update) => {
            let status = match &update.status {
                Status::Missing => None,
                Status::Code(code) => Some(code.to_string()),
                Status::Invalid(written) => Some(format!("{written}?")),
            };
            add("status", status.as_deref());
            add("body", Some(&update.body));
        }
        Call::Think(think) => add("body", Some(&think.body)),
    }
    line
}

fn number(number: Option<&Number>) -> Option<String> {
    number.map(|number| match number {
        Number::Value(value) => value.to_string(),
        Number::Invalid(written) => format!("{written}?"),
    })
}

/// Checks answers against their sketches.
fn check(answers: &[(&str, &str)]) {
    for (answer, expected) in answers {
        assert_eq!(sketch(&read(answer)), *expected, "{answer}");
    }
}

#[test]
fn each_tool_is_read_with_its_fields() {
    check(&[
        (
            r#"<update status="200">all done</update>"#,
            r#"update status="200" body="all done""#,
        ),
        (
            r#"<set path="unknown://how">why so</set>"#,
            r#"set path="unknown://how" text="why so""#,
        ),
        (
            r#"<set path="/:a:b">x</set>"#,
            r#"set path="/:a:b" text="x""#,
        ),
        (r#"<get path="x"/>"#, r#"get path="x""#),
        (r#"<rm path="x"/>"#, r#"rm path="x""#),
        (r#"<sh command="c"/>"#, r#"sh command="c""#),
        (r#"<env command="c"/>"#, r#"env command="c""#),
        (
            r#"<ask_user question="q?" options="a;b"/>"#,
            r#"ask_user question="q?" option="a" option="b""#,
        ),
        (
            r#"<get path="known://*" body="auth"/>"#,
            r#"get path="known://*" filter="auth""#,
        ),
        (r#"<get path="x" preview/>"#, r#"get path="x" preview="on""#),
        (r#"<get path="x" keys/>"#, r#"get path="x" keys="""#),
        (
            r#"<get path="x" line="5" limit="10"/>"#,
            r#"get path="x" line="5" limit="10""#,
        ),
        (r#"<get path="x" line="-5"/>"#, r#"get path="x" line="-5""#),
        (r#"<get path="x" limit="7"/>"#, r#"get path="x" limit="7""#),
        (r#"<rm path="x" body="b"/>"#, r#"rm path="x" filter="b""#),
        (
            r#"<mv path="x" visibility="archived"/>"#,
            r#"mv path="x" visibility="archived""#,
        ),
        (r#"<mv path="a" to="b"/>"#, r#"mv path="a" to="b""#),
        (r#"<cp path="a" to="b"/>"#, r#"cp path="a" to="b""#),
        (r#"<search path="q"/>"#, r#"search query="q""#),
        (r#"<set path="a" body="x"/>"#, r#"set path="a" text="x""#),
        (
            r#"<set path="unknown://a" body="x"/>"#,
            r#"set path="unknown://a" text="x""#,
        ),
        (
            r#"<update status="102" body="x"/>"#,
            r#"update status="102" body="x""#,
        ),
        (
            r#"<update status="soon">x</update>"#,
            r#"update status="soon?" body="x""#,
        ),
        (r"<update>x</update>", r#"update body="x""#),
    ]);
}

#[test]
fn a_body_stands_for_the_field_without_an_attribute() {
    check(&[
        (r#"<cp path="a">b</cp>"#, r#"cp path="a" to="b""#),
        (r#"<mv path="a">b</mv>"#, r#"mv path="a" to="b""#),
        ("<search>q</search>", r#"search query="q""#),
        ("<get>x</get>", r#"get path="x""#),
        ("<rm>x</rm>", r#"rm path="x""#),
        ("<sh>ls -l</sh>", r#"sh command="ls -l""#),
        ("<env>pwd</env>", r#"env command="pwd""#),
        (
            "<ask_user question=\"q?\">\na\nb; c\n</ask_user>",
            r#"ask_user question="q?" option="a" option="b; c""#,
        ),
        (r#"<get path="a">b</get>"#, r#"get path="a" filter="b""#),
        (r#"<rm path="a">b</rm>"#, r#"rm path="a" filter="b""#),
        (r#"<sh command="a">b</sh>"#, r#"sh command="a""#),
    ]);
}

#[test]
fn each_form_of_an_edit_stands_in_a_set() {
    check(&[
        (
            "<set path=\"f\">\n<<<<<<< SEARCH\n  a\n=======\n  b\n>>>>>>> REPLACE\n</set>",
            r#"set path="f" search="  a" replace="  b""#,
        ),
        (
            "<set path=\"f\">\n<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE\n<<<<<<< SEARCH\nc\n=======\nd\n>>>>>>> REPLACE\n</set>",
            r#"set path="f" search="a" replace="b" search="c" replace="d""#,
        ),
        (
            "<set path=\"f\">\n<<<<< SEARCH\na\n=====\nb\n>>>>> REPLACE\n</set>",
            r#"set path="f" search="a" replace="b""#,
        ),
        (
            "<set path=\"f\">\n=======\nb\n>>>>>>> REPLACE\n</set>",
            r#"set path="f" replace="b""#,
        ),
        (
            r#"<set path="f" search="a" replace="b"/>"#,
            r#"set path="f" search="a" replace="b""#,
        ),
        (
            r#"<set path="f" search="a">b</set>"#,
            r#"set path="f" search="a" replace="b""#,
        ),
        (
            r#"<set path="f" search="a" replace="b">c</set>"#,
            r#"set path="f" search="a" replace="b""#,
        ),
        (
            r#"<set path="f" search="a" replace="">c</set>"#,
            r#"set path="f" search="a" replace="""#,
        ),
        (
            r#"<set path="f" search="a" replace="b" all/>"#,
            r#"set path="f" search="a" replace="b" all="on""#,
        ),
        (
            r#"<set path="f" search="a" replace="b" g/>"#,
            r#"set path="f" search="a" replace="b" all="on""#,
        ),
        (
            r#"<set path="f" body="a">b</set>"#,
            r#"set path="f" search="a" replace="b""#,
        ),
        (
            r#"<set path="f" replace="b">a</set>"#,
            r#"set path="f" search="a" replace="b""#,
        ),
        (
            r#"<set path="f" search="" replace="b"/>"#,
            r#"set path="f" search="" replace="b""#,
        ),
        (
            r#"<set path="f" replace="b"/>"#,
            r#"set path="f" replace="b""#,
        ),
        (
            "<set path=\"f\">s/a/b/</set>",
            r#"set path="f" search="a" replace="b""#,
        ),
        (
            "<set path=\"f\">s/a b/c d/</set>",
            r#"set path="f" search="a b" replace="c d""#,
        ),
        (
            "<set path=\"f\">s/a//</set>",
            r#"set path="f" search="a" replace="""#,
        ),
        (
            "<set path=\"f\">s/a/b/; s/c/d/</set>",
            r#"set path="f" search="a" replace="b" search="c" replace="d""#,
        ),
        (
            "<set path=\"f\">s/a/b/\ns/c/d/</set>",
            r#"set path="f" search="a" replace="b" search="c" replace="d""#,
        ),
    ]);
}

#[test]
fn visibility_and_summary_hold_together_with_every_form_of_an_edit() {
    for form in [
        "<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE",
        "=======\nb\n>>>>>>> REPLACE",
        "--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n+b",
        "<old_text>a</old_text>\n<new_text>b</new_text>",
        "{\"search\": \"a\", \"replace\": \"b\"}",
        "s/a/b/",
        "*** Begin Patch\n*** Update File: f\n@@\n-a\n+b\n*** End Patch",
        "the whole text",
    ] {
        let answer = format!(
            "<set path=\"f\" visibility=\"archived\" summary=\"s\" tags=\"t\">\n{form}\n</set>"
        );
        let scan = read(&answer);
        assert_eq!(scan.advisories, [], "{answer}");
        let [Call::Set(set)] = &scan
            .commands
            .iter()
            .map(|one| one.call.clone())
            .collect::<Vec<_>>()[..]
        else {
            panic!("{answer}");
        };
        assert_eq!(set.path.as_deref(), Some("f"));
        assert_eq!(set.visibility.as_deref(), Some("archived"), "{answer}");
        assert_eq!(set.summary.as_deref(), Some("s"), "{answer}");
        assert_eq!(
            set.other.get("tags").map(String::as_str),
            Some("t"),
            "{answer}"
        );
        let is_text = matches!(set.content, Content::Text(_));
        assert_eq!(
            is_text,
            form == "the whole text",
            "{answer}: {:?}",
            set.content
        );
    }
}

#[test]
fn several_commands_and_the_prose_between_them_keep_their_order() {
    check(&[
        (
            "<get path=\"a\"/><set path=\"b\">x</set>\n<set path=\"c\">y</set><update status=\"102\">z</update>",
            "get path=\"a\"\nset path=\"b\" text=\"x\"\nset path=\"c\" text=\"y\"\nupdate status=\"102\" body=\"z\"",
        ),
        (
            "Before.\n<get path=\"a\"/>\nBetween.\n<update>x</update>",
            "get path=\"a\"\nupdate body=\"x\"\n~ \"Before.\\n\\nBetween.\"",
        ),
        ("", ""),
        ("Just text.", "~ \"Just text.\""),
        ("If a > 5 && b < 3 then x", "~ \"If a > 5 && b < 3 then x\""),
        (
            "<banana>x</banana><update>x</update>",
            "update body=\"x\"\n~ \"<banana>x</banana>\"",
        ),
        (
            "Use `<get path=\"x\"/>`.\n<update>x</update>",
            "update body=\"x\"\n~ \"Use `<get path=\\\"x\\\"/>`.\"",
        ),
    ]);
}

#[test]
fn what_was_left_open_is_closed_and_told() {
    check(&[
        (
            "<update status=\"200\">done",
            "update status=\"200\" body=\"done\"\n! Unclosed `<update>` captured:",
        ),
        (
            "<set path=\"a\">x",
            "set path=\"a\" text=\"x\"\n! Unclosed `<set>` captured:",
        ),
        (
            "<get path=\"x\">",
            "get path=\"x\"\n! Unclosed `<get>` captured:",
        ),
        (
            "<get path=\"x\"",
            "get path=\"x\"\n! Missing `>` of\n! Unclosed `<get>` captured:",
        ),
        (
            "<rm path=\"a\"></remove><update>x</update><search>q</search>",
            "rm path=\"a\"\nupdate body=\"x\"\nsearch query=\"q\"\n! Mismatched `</remove>` corrected:",
        ),
        (
            "<set path=\"a\">x</update>\n<set path=\"b\">y</set>\n<rm path=\"c\"/>\n<update>z</update>",
            "set path=\"a\" text=\"x\"\nset path=\"b\" text=\"y\"\nrm path=\"c\"\nupdate body=\"z\"\n! Mismatched `</update>` corrected:",
        ),
        (
            "<set path=\"a\">x</content>\n<get path=\"b\"/>",
            "set path=\"a\" text=\"x\"\nget path=\"b\"\n! Mismatched `</content>` corrected:",
        ),
        (
            "<get path=\"a\">\n<update>x</update>",
            "get path=\"a\"\nupdate body=\"x\"\n! Unclosed `<get>` recovered:",
        ),
        (
            "<get path=\"a/>\n<get path='b/>\n<update>x</update>",
            "get path=\"a\"\nget path=\"b\"\nupdate body=\"x\"\n! Unbalanced quote in\n! Unbalanced quote in",
        ),
        (
            "<get path=\"a\"/></get></set>",
            "get path=\"a\"\n! Stray `</get>` ignored:\n! Stray `</set>` ignored:",
        ),
        (
            "text</p></br></update>",
            "! Stray `</update>` ignored:\n~ \"text</p></br>\"",
        ),
    ]);
}

#[test]
fn a_body_with_tags_in_it_is_one_body() {
    for body in [
        "prose <get path=\"x\"/> and <rm path=\"y\"> open",
        "<get path=\"x\"/>",
        "<get path=\"x\"/> first",
        "<rm>x</rm>\n<update>z",
        "<div class=\"a\" id=\"b\">x</div>",
        "<div v-if=\"a\" :class=\"{b: c}\">x</div>",
        "<img src=\"a.png\" alt=\"\"/>",
        "<a href=\"#\" data-x=\"1\" target=\"_blank\"><b>x</b></a>",
        "<style type=\"text/css\">a { b: c }</style>",
        "<input disabled checked>",
        "<div class=\"a\"><slot name=\"b\"/></div>",
        "<div id=\"a\"><div id=\"b\"><div id=\"c\">x</div></div></div>",
        "Vec<String>, HashMap<K, Vec<V>>",
        "<MyComp onClick={() => x > 1}/>",
        "<br>, <img x>, <hr/>",
        "<!-- a --><!DOCTYPE html><![CDATA[ b ]]><?xml version=\"1.0\"?>",
        "<p>one<p>two<table><tr><td>x",
        "<svg viewBox=\"0 0 1 1\" preserveAspectRatio=\"none\"/>",
        "cat <<EOF\nx\nEOF",
        "if a <b then",
        "<script>if (a < b) { document.write(`<div>${x}</div>`) }",
        "<textarea><title>",
        "&amp; &lt; &copy; &#65;",
        "a\r\nb\r\n",
        "nul \0, byte-order mark \u{feff}, emoji 😀, combining e\u{301}",
        "\"unbalanced 'quotes` and (brackets[{",
        "  indented\n\ttabbed\n\n\ntrailing   ",
        "```xml\n<rm path=\"y\"/></set>\n```\nafter",
        "````md\n```\n</set>\n```\n````\nafter",
    ] {
        let answer = format!("<set path=\"a\">\n{body}\n</set>\n<get>z</get>");
        let scan = read(&answer);
        assert_eq!(scan.advisories, [], "{answer}");
        assert_eq!(scan.commands.len(), 2, "{answer}");
        let Call::Set(Set {
            content: Content::Text(text),
            ..
        }) = &scan.commands[0].call
        else {
            panic!("{answer}: {:?}", scan.commands);
        };
        assert_eq!(text, body);
    }
}

#[test]
fn a_command_line_keeps_its_heredoc() {
    check(&[(
        "<sh>\ncat > x.html <<'EOF'\n<div class=\"a\">&amp;</div>\nEOF\n</sh>\n<get path=\"x.html\"/>",
        "sh command=\"cat > x.html <<'EOF'\\n<div class=\\\"a\\\">&amp;</div>\\nEOF\"\nget path=\"x.html\"",
    )]);
}

#[test]
fn an_answer_with_windows_line_ends_is_read_as_any_other() {
    check(&[(
        "Text.\r\n<set path=\"a\"\r\n  summary=\"s\">\r\nx\r\ny\r\n</set>\r\n```xml\r\n<get path=\"b\"/>\r\n```\r\n<update status=\"200\">\r\nz\r\n</update>\r\n",
        "set path=\"a\" summary=\"s\" text=\"x\\r\\ny\"\nget path=\"b\"\nupdate status=\"200\" body=\"z\"\n! Markdown fence around\n~ \"Text.\"",
    )]);
}

#[test]
fn attributes_may_be_odd() {
    let long = "x".repeat(100_000);
    let scan = read(&format!(
        "<get path=\"{long}\" b='{long}'/><get path=\"y\"/>"
    ));
    assert_eq!(scan.commands.len(), 2);
    assert_eq!(scan.commands[0].target(), long);
    check(&[
        ("<get\n\tpath\n=\n\"a\"\n/>", "get path=\"a\""),
        ("<get path='a \"b\" c'/>", "get path=\"a \\\"b\\\" c\""),
        (
            "<sh command='echo \"a b\" > c'/>",
            "sh command=\"echo \\\"a b\\\" > c\"",
        ),
        ("<get path=\"a > b\"/>", "get path=\"a > b\""),
        ("<sh command=\"a\nb\"/>", "sh command=\"a\\nb\""),
        ("<get path=a/b limit=3/>", "get path=\"a/b\" limit=\"3\""),
        ("<get PATH=\"a\" path=\"b\"/>", "get path=\"a\""),
        ("<get path=\"\0\"/>", "get path=\"\\0\""),
        ("<get path=\"\">x</get>", "get path=\"x\""),
        ("<get path=\"a\"/", "get path=\"a\"\n! Missing `>` of"),
        (
            "<set name=\"rm\" tool=\"rm\" path=\"a\">x</set>",
            "set path=\"a\" text=\"x\"",
        ),
    ]);
}

#[test]
fn the_limit_cuts_tags_and_calls_alike() {
    let tag = "<get path=\"a\"/>\n";
    let call = "{\"name\":\"get\",\"arguments\":{\"path\":\"a\"}}\n";
    for answer in [
        tag.repeat(20),
        call.repeat(20),
        [tag, call].concat().repeat(10),
    ] {
        let cut = scan(&answer, 5);
        assert_eq!(cut.commands.len(), 5);
        assert!(
            cut.advisories
                .iter()
                .any(|one| one.message.contains("limit"))
        );
        let whole = scan(&answer, 20);
        assert_eq!(whole.commands.len(), 20);
        assert!(
            !whole
                .advisories
                .iter()
                .any(|one| one.message.contains("limit"))
        );
    }
}
