//! What a `set` writes, where attributes take part, where its body is blank, and where a part of the
//! text is meant.

use serde_json::json;

use super::super::{Call, Content, Edit, EditError, EditKind, from_call};
use super::read;

/// The content of the one `set` of an answer.
fn content(answer: &str) -> Content {
    let calls: Vec<Call> = read(answer)
        .commands
        .into_iter()
        .map(|one| one.call)
        .collect();
    match calls.as_slice() {
        [Call::Set(set)] => set.content.clone(),
        other => panic!("{answer}: {other:?}"),
    }
}

fn content_of(arguments: &str) -> Content {
    match from_call("set", arguments).as_deref() {
        Ok([Call::Set(set)]) => set.content.clone(),
        other => panic!("{arguments}: {other:?}"),
    }
}

fn refused(error: EditError) -> Content {
    Content::Unparsable(error)
}

const BLOCK: &str = "<<<<<<< SEARCH\n    y = 2\n=======\n    y = 3\n>>>>>>> REPLACE";
const HUNK: &str = "@@ -1 +1 @@\n-a\n+b";

#[test]
fn no_marker_of_an_edit_becomes_text_wherever_in_the_tag_it_stands() {
    let edits = Content::Edits(vec![Edit::block("    y = 2", "    y = 3")]);
    let marked = || refused(EditError::MarkedHalf);
    for (answer, expected) in [
        (format!("<set path=\"a.py\" body=\"{BLOCK}\"/>"), edits),
        (
            format!("<set path=\"a.py\" search=\"import os\">\n{BLOCK}\n</set>"),
            marked(),
        ),
        (
            format!("<set path=\"a.py\" search=\"import os\">\n{HUNK}\n</set>"),
            marked(),
        ),
        (
            format!("<set path=\"a.py\" search=\"a\" replace=\"{BLOCK}\"/>"),
            marked(),
        ),
        (
            format!("<set path=\"a.py\" replace=\"{BLOCK}\"/>"),
            marked(),
        ),
        (
            format!("<set path=\"a.py\" replace=\"b\">\n{BLOCK}\n</set>"),
            marked(),
        ),
        (
            format!("<set path=\"a.py\" body=\"a\">\n{HUNK}\n</set>"),
            marked(),
        ),
    ] {
        assert_eq!(content(&answer), expected, "{answer}");
    }
    for arguments in [
        json!({"path": "a.py", "search": "import os", "body": BLOCK}),
        json!({"path": "a.py", "old_string": "import os", "new_string": BLOCK}),
        json!({"path": "a.py", "search": "import os", "content": HUNK}),
    ] {
        let arguments = arguments.to_string();
        assert_eq!(content_of(&arguments), marked(), "{arguments}");
    }
}

#[test]
fn an_edit_without_an_old_text_creates_and_never_overwrites() {
    let new = "import os\n";
    let native = |arguments: serde_json::Value| content_of(&arguments.to_string());
    let invoked = "<invoke name=\"set\">\n<parameter name=\"path\">a.py</parameter>\n<parameter \
                   name=\"edits\">[{\"old_text\": \"\", \"new_text\": \"import os\\n\"}]</parameter>\n\
                   </invoke>";
    for content in [
        native(json!({"path": "a.py", "edits": [{"old_text": "", "new_text": new}]})),
        native(json!({"path": "a.py", "edits": [{"new_text": new}]})),
        native(json!({"path": "a.py", "old_string": "", "new_string": new})),
        native(json!({"path": "a.py", "new_string": new})),
        content("<set path=\"a.py\" search=\"\" replace=\"import os\n\"/>"),
        content(invoked),
    ] {
        let edits = vec![Edit::attributes("", new, false)];
        assert_eq!(content, Content::Edits(edits));
        assert_eq!(content.written("a.py", None).unwrap().text, new);
        let refused = content.written("a.py", Some("x = 1\n"));
        assert!(refused.is_err(), "{refused:?}");
    }
}

#[test]
fn a_search_may_be_a_marker_that_was_left_in_a_file() {
    assert_eq!(
        content("<set path=\"a.py\" search=\">>>>>>> REPLACE\" replace=\"\"/>"),
        Content::Edits(vec![Edit::attributes(">>>>>>> REPLACE", "", false)])
    );
}

#[test]
fn a_blank_body_beside_what_describes_the_entry_is_none() {
    for (answer, expected) in [
        (
            "<set path=\"a.py\" visibility=\"summarized\">\n\n</set>",
            Content::Absent,
        ),
        (
            "<set path=\"a.py\" summary=\"s\">   </set>",
            Content::Absent,
        ),
        (
            "<set path=\"known://a\" tags=\"t\">\n  \n</set>",
            Content::Absent,
        ),
        (
            "<set path=\"a.py\" summary=\"s\" body=\" \"/>",
            Content::Absent,
        ),
        (
            "<set path=\"a.py\">\n\n</set>",
            Content::Text(String::new()),
        ),
        (
            "<set path=\"a.py\" summary=\"s\">x</set>",
            Content::Text("x".to_owned()),
        ),
        (
            "<set path=\"a.py\" line=\"3\">\n\n</set>",
            refused(EditError::Placed {
                name: "line".to_owned(),
            }),
        ),
        (
            "<set path=\"a.py\" at=\"3\">\n\n</set>",
            refused(EditError::Placed {
                name: "at".to_owned(),
            }),
        ),
    ] {
        assert_eq!(content(answer), expected, "{answer}");
    }
}

#[test]
fn an_attribute_that_means_some_lines_refuses_the_whole_text() {
    for attribute in [
        "startLine=\"3\" endLine=\"4\"",
        "start_line=\"3\"",
        "start-line=\"3\"",
        "start=\"3\" end=\"4\"",
        "from=\"3\" to=\"4\"",
        "at=\"3\"",
        "after=\"def f\"",
        "before=\"def f\"",
        "insert_after=\"3\"",
        "insert-line=\"3\"",
        "insertLine=\"3\"",
        "mode=\"append\"",
        "mode=\"a\"",
        "append",
        "append=\"true\"",
        "prepend",
        "lines=\"3-4\"",
        "LineRange=\"3-4\"",
        "position=\"end\"",
        "line=\"last\"",
        "path=\"known://a\" line=\"3\"",
        "path=\"known://a\" range=\"3-4\"",
    ] {
        let path = if attribute.starts_with("path") {
            ""
        } else {
            "path=\"a.py\" "
        };
        let answer = format!("<set {path}{attribute}>x</set>");
        assert!(
            matches!(
                content(&answer),
                Content::Unparsable(EditError::Placed { .. })
            ),
            "{answer}"
        );
    }
    for answer in [
        "<set path=\"a.py\" mode=\"overwrite\">x</set>",
        "<set path=\"a.py\" append=\"false\">x</set>",
        "<set path=\"known://a\" from=\"docs\">x</set>",
        "<set path=\"known://a\" limit=\"ten a minute\" range=\"wide\">x</set>",
        "<set path=\"known://a\" code=\"E1\" change=\"yes\">x</set>",
        "<set path=\"a.py\" line=\"\" start_line=\"\">x</set>",
    ] {
        assert_eq!(content(answer), Content::Text("x".to_owned()), "{answer}");
    }
}

#[test]
fn a_text_in_an_attribute_of_no_meaning_is_refused() {
    let unknown = |name: &str| {
        refused(EditError::UnknownField {
            name: name.to_owned(),
        })
    };
    for (answer, name) in [
        ("<set path=\"a.py\" content=\"x\"/>", "content"),
        ("<set path=\"a.py\" stuff=\"x\ny\"/>", "stuff"),
        ("<set path=\"a.py\" old_text=\"x\">y</set>", "old_text"),
    ] {
        assert_eq!(content(answer), unknown(name), "{answer}");
    }
    assert_eq!(
        content_of(r#"{"path": "a.py", "updates": [{"x": 1}]}"#),
        unknown("updates")
    );
    assert_eq!(
        content("<set path=\"known://a\" summary=\"s\" tags=\"x\ny\"/>"),
        Content::Absent
    );
}

#[test]
fn a_flag_that_says_no_is_off() {
    for (value, all) in [
        ("false", false),
        ("no", false),
        ("0", false),
        ("off", false),
        ("OFF", false),
        ("", true),
        ("yes", true),
        ("1", true),
    ] {
        for name in ["all", "g"] {
            let answer = format!("<set path=\"a\" search=\"x\" replace=\"y\" {name}=\"{value}\"/>");
            let edits = vec![Edit::attributes("x", "y", all)];
            assert_eq!(content(&answer), Content::Edits(edits), "{answer}");
        }
        let scan = read(&format!("<rm path=\"a\" preview=\"{value}\"/>"));
        let Call::Rm(rm) = &scan.commands[0].call else {
            panic!("{value}");
        };
        assert_eq!(rm.preview, all, "{value}");
    }
}

#[test]
fn a_list_of_edits_is_read_whole_or_refused() {
    let item = |number| refused(EditError::EditItem { number });
    let edits = |halves: &[(&str, &str)]| {
        let edits = halves.iter();
        Content::Edits(
            edits
                .map(|(old, new)| Edit::attributes(*old, *new, false))
                .collect(),
        )
    };
    for (arguments, expected) in [
        (
            json!({"path": "a", "edits": [{"oldText": "x", "newText": "y"}]}),
            edits(&[("x", "y")]),
        ),
        (
            json!({"edits": {"old": "x", "new": "y"}, "file_path": "a"}),
            edits(&[("x", "y")]),
        ),
        (
            json!({"path": "a", "edits": "[{\"search\": \"x\", \"replace\": \"y\"}, {\"search\": \"v\", \"replace\": \"w\"}]"}),
            edits(&[("x", "y"), ("v", "w")]),
        ),
        (
            json!({"path": "a", "changes": "{\"find\": \"x\", \"replace\": \"y\"}"}),
            edits(&[("x", "y")]),
        ),
        (
            json!({"path": "a", "edits": BLOCK}),
            Content::Edits(vec![Edit::block("    y = 2", "    y = 3")]),
        ),
        (
            json!({"path": "a", "edits": [{"old_text": "x", "new_text": "y"}, {"old_text": "v"}]}),
            item(2),
        ),
        (
            json!({"path": "a", "edits": [{"old_text": "x", "new_text": "y"}, "z"]}),
            item(2),
        ),
        (
            json!({"path": "a", "edits": [{"old_text": "x", "new_text": "y"}, {"new_text": "z"}]}),
            item(2),
        ),
        (json!({"path": "a", "edits": [{"content": "x"}]}), item(1)),
        (json!({"path": "a", "edits": 3}), item(1)),
        (json!({"path": "a", "edits": "soon"}), item(1)),
        (
            json!({"path": "a", "edits": []}),
            refused(EditError::NoEdits),
        ),
        (
            json!({"path": "a", "edits": [{"old": "x", "new": "y", "line": 3}]}),
            refused(EditError::Placed {
                name: "line".to_owned(),
            }),
        ),
        (
            json!({"edits": [{"path": "b", "old": "x", "new": "y"}], "file_path": "a"}),
            refused(EditError::OtherFile {
                named: "b".to_owned(),
            }),
        ),
        (
            json!({"path": "a", "content": "all", "edits": [{"old": "x", "new": "y"}]}),
            refused(EditError::MarkedHalf),
        ),
        (
            json!({"path": "a", "content": "all", "edits": [{"old": "x"}]}),
            item(1),
        ),
        (
            json!({"path": "a", "content": "all", "edits": []}),
            Content::Text("all".to_owned()),
        ),
        (
            json!({"path": "a", "content": "all", "changes": "added x"}),
            Content::Text("all".to_owned()),
        ),
        (
            json!({"path": "a", "content": "all", "changes": ["added x", "removed y"]}),
            Content::Text("all".to_owned()),
        ),
        (
            json!({"path": "a", "search": "x", "replace": "y", "edits": []}),
            edits(&[("x", "y")]),
        ),
        (
            json!({"path": "a", "replace_all": true, "edits": [{"old": "x", "new": "y"}]}),
            Content::Edits(vec![Edit::attributes("x", "y", true)]),
        ),
    ] {
        let arguments = arguments.to_string();
        assert_eq!(content_of(&arguments), expected, "{arguments}");
    }
}

#[test]
fn an_edit_in_a_text_of_json_is_one_where_the_file_is_a_program() {
    let edit = |search: &str, replace: &str| {
        Content::Edits(vec![Edit {
            kind: EditKind::Json,
            ..Edit::block(search, replace)
        }])
    };
    let text = |text: &str| Content::Text(text.to_owned());
    for (path, body, expected) in [
        (
            "a.py",
            r#"{"path": "a.py", "search": "x", "replace": "y"}"#,
            edit("x", "y"),
        ),
        (
            "a.py",
            r#"{"edits": [{"search": "x", "replace": "y"}]}"#,
            edit("x", "y"),
        ),
        ("a.py", r#"{"find": "x", "replace": "y"}"#, edit("x", "y")),
        (
            "a.py",
            r#"{"oldText": "x", "newText": "y"}"#,
            edit("x", "y"),
        ),
        (
            "a.py",
            r#"{"path": "b.py", "search": "x", "replace": "y"}"#,
            refused(EditError::OtherFile {
                named: "b.py".to_owned(),
            }),
        ),
        ("a.py", r#"{"edits": []}"#, refused(EditError::NoEdits)),
        (
            "a.py",
            r#"{"edits": [{"search": "x", "replace": "y"}, {"search": 1}]}"#,
            refused(EditError::EditItem { number: 2 }),
        ),
        (
            "a.json",
            r#"{"find": "x", "replace": "y"}"#,
            text(r#"{"find": "x", "replace": "y"}"#),
        ),
        ("a.json", r#"{"edits": []}"#, text(r#"{"edits": []}"#)),
    ] {
        let answer = format!("<set path=\"{path}\">\n{body}\n</set>");
        assert_eq!(content(&answer), expected, "{answer}");
    }
}

#[test]
fn a_command_of_sed_is_no_text_of_a_program() {
    let sed = |search: &str, replace: &str| {
        Content::Edits(vec![Edit {
            kind: EditKind::Sed,
            ..Edit::block(search, replace)
        }])
    };
    let not_run = |line: &str| {
        refused(EditError::SedCommand {
            line: line.to_owned(),
        })
    };
    let text = |text: &str| Content::Text(text.to_owned());
    for (path, body, expected) in [
        ("app.py", "4s/x/y/", not_run("4s/x/y/")),
        ("app.py", "/x/d", not_run("/x/d")),
        ("app.py", "2,5d\n7s|a|b|", not_run("2,5d")),
        ("app.py", "sed -i \"s/x/y/\" app.py", sed("x", "y")),
        (
            "app.py",
            "sed -i '' -e 's/x/y/' src/../app.py",
            sed("x", "y"),
        ),
        (
            "app.py",
            "sed -i 's/x/y/' other.py",
            refused(EditError::OtherFile {
                named: "other.py".to_owned(),
            }),
        ),
        (
            "app.py",
            "sed -n 's/x/y/p' app.py",
            not_run("sed -n 's/x/y/p' app.py"),
        ),
        (
            "run.sh",
            "sed -i 's/x/y/' app.py",
            text("sed -i 's/x/y/' app.py"),
        ),
        ("notes.md", "/x/d", text("/x/d")),
        ("a.sed", "/x/d", text("/x/d")),
    ] {
        let answer = format!("<set path=\"{path}\">\n{body}\n</set>");
        assert_eq!(content(&answer), expected, "{answer}");
    }
}
