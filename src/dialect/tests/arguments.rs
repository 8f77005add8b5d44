//! The arguments of tool calls: what models call them, and calls that come beside the text.

use std::collections::BTreeMap;

use super::super::{Call, CallError, Content, Edit, Set, from_call, scan_with_calls};
use super::native::{edits, get, set};
use super::{outline, place, read, text};

#[test]
fn the_text_and_the_edits_of_a_set_have_many_names() {
    let attributes = |search, replace, all| vec![Edit::attributes(search, replace, all)];
    for (arguments, expected) in [
        (r#"{"file_path": "a", "content": "x"}"#, set("a", "x")),
        (r#"{"filename": "a", "contents": "x"}"#, set("a", "x")),
        (r#"{"target_file": "a", "file_text": "x"}"#, set("a", "x")),
        (
            r#"{"filePath": "a", "new_content": [1]}"#,
            set("a", "[\n  1\n]"),
        ),
        (
            r#"{"path": "a", "old_string": "x", "new_string": "y"}"#,
            edits("a", attributes("x", "y", false)),
        ),
        (
            r#"{"path": "a", "old_str": "x", "new_str": "", "replace_all": true}"#,
            edits("a", attributes("x", "", true)),
        ),
        (
            r#"{"path": "a", "search": "x", "replace": "y", "all": false}"#,
            edits("a", attributes("x", "y", false)),
        ),
        (
            r#"{"path": "a", "old_string": "", "new_string": "x"}"#,
            edits("a", attributes("", "x", false)),
        ),
        (
            r#"{"path": "a", "edits": [{"old_text": "x", "new_text": "y"}, {"oldText": "v", "newText": "w"}]}"#,
            edits(
                "a",
                [attributes("x", "y", false), attributes("v", "w", false)].concat(),
            ),
        ),
        (
            r#"{"path": "a", "body": "<<<<<<< SEARCH\nx\n=======\ny\n>>>>>>> REPLACE"}"#,
            edits("a", vec![Edit::block("x", "y")]),
        ),
        (
            r#"{"path": "a", "summary": "s", "visibility": "archived", "tags": "x", "preview": true}"#,
            Call::Set(Set {
                path: text("a"),
                summary: text("s"),
                visibility: text("archived"),
                preview: true,
                other: BTreeMap::from([("tags".to_owned(), "x".to_owned())]),
                ..Set::default()
            }),
        ),
        (
            r#"{"file": "b", "path": "a", "body": "x"}"#,
            Call::Set(Set {
                path: text("a"),
                content: Content::Text("x".to_owned()),
                other: BTreeMap::from([("file".to_owned(), "b".to_owned())]),
                ..Set::default()
            }),
        ),
    ] {
        assert_eq!(
            from_call("set", arguments),
            Ok(vec![expected]),
            "{arguments}"
        );
    }
}

#[test]
fn arguments_of_the_other_tools_have_many_names() {
    for (name, arguments, tag) in [
        (
            "get",
            r#"{"file": "a", "offset": 3, "limit": 20, "body": "k", "x": null, "depth": 2}"#,
            r#"<get path="a" line="3" limit="20" filter="k" depth="2"/>"#,
        ),
        (
            "GET",
            r#"{"path": "a", "name": "rm", "tool": "rm"}"#,
            r#"<get path="a" name="rm" tool="rm"/>"#,
        ),
        (
            "rm",
            r#"{"path": "a", "filter": "x"}"#,
            r#"<rm path="a" filter="x"/>"#,
        ),
        (
            "mv",
            r#"{"source": "a", "destination": "b"}"#,
            r#"<mv path="a" to="b"/>"#,
        ),
        (
            "cp",
            r#"{"path": "a", "to": "b"}"#,
            r#"<cp path="a" to="b"/>"#,
        ),
        ("sh", r#"{"cmd": "ls -l"}"#, "<sh>ls -l</sh>"),
        (
            "sh",
            r#"{"command": ["bash", "-lc", "ls | wc"]}"#,
            "<sh>ls | wc</sh>",
        ),
        (
            "env",
            r#"{"command": ["grep", "-n", "it's", "a b"]}"#,
            r"<env>grep -n 'it'\''s' 'a b'</env>",
        ),
        (
            "sh",
            r#"{"commands": ["cd src", "ls"]}"#,
            "<sh>cd src\nls</sh>",
        ),
        (
            "search",
            r#"{"q": "rust", "max_results": 3}"#,
            r#"<search query="rust" results="3"/>"#,
        ),
        (
            "ask_user",
            r#"{"question": "Which?", "choices": ["a, b", "c; d"]}"#,
            "<ask_user question=\"Which?\">\na, b\nc; d\n</ask_user>",
        ),
        (
            "ask_user",
            r#"{"question": "Which?", "options": "a; b"}"#,
            "<ask_user question=\"Which?\">a; b</ask_user>",
        ),
        (
            "update",
            r#"{"status": 200, "message": "done"}"#,
            "<update status=\"200\">done</update>",
        ),
        ("think", r#"{"thought": "well"}"#, "<think>well</think>"),
    ] {
        let expected: Vec<Call> = read(tag).commands.into_iter().map(|one| one.call).collect();
        assert_eq!(
            from_call(name, arguments),
            Ok(expected),
            "{name} {arguments}"
        );
    }
    assert_eq!(
        from_call("get", r#"{"paths": ["a", "b"]}"#),
        Ok(vec![get("a"), get("b")])
    );
}

#[test]
fn a_call_that_gives_no_command_says_why() {
    let tool = || "set".to_owned();
    for (name, arguments, error) in [
        (
            "write_file",
            "{}",
            CallError::UnknownTool {
                name: "write_file".to_owned(),
            },
        ),
        ("set", "[1]", CallError::NoObject { tool: tool() }),
        ("set", "\"x\"", CallError::NoObject { tool: tool() }),
        (
            "set",
            " {\"path\": x}",
            CallError::Unreadable {
                tool: tool(),
                at: 10,
            },
        ),
    ] {
        assert_eq!(from_call(name, arguments), Err(error), "{name} {arguments}");
    }
    let error = from_call("write_file", "{}").unwrap_err().to_string();
    assert!(error.starts_with("there is no tool `write_file`: write one of `<think>`, `<get>`"));
    assert_eq!(from_call("set", ""), Ok(vec![Call::Set(Set::default())]));
}

#[test]
fn calls_beside_the_text_follow_those_in_it() {
    let calls = [
        ("set", r#"{"path": "b", "body": "x"}"#),
        ("nothing", "{}"),
        ("get", r#"{"path": "c"}"#),
    ];
    let text = "Now:\n<get path=\"a\"/>";
    let scan = scan_with_calls(text, calls, 99);
    assert_eq!(outline(&scan), ["get a", "set b", "get c"]);
    assert_eq!(scan.commands[2].place, place(2, 16));
    assert_eq!(scan.advisories.len(), 3);
    assert_eq!(scan.unparsed, "Now:");

    let cut = scan_with_calls(text, calls, 2);
    assert_eq!(outline(&cut), ["get a", "set b"]);
    assert!(cut.advisories[1].message.contains("limit"));
}
