//! Edits from the tag to the text: how they may be written, and what they do to a file.

use super::super::{
    Applied, Call, Content, Edit, EditError, Match, MatchKind, Refused, Set, apply,
};
use super::{call, text};

fn content(written: &str) -> Content {
    match call(written) {
        Call::Set(set) => set.content,
        other => panic!("not a set: {other:?}"),
    }
}

fn edit(search: &str, replace: &str) -> Edit {
    Edit::block(search, replace)
}

fn whole(replace: &str) -> Edit {
    Edit::whole(replace)
}

#[test]
fn markers_are_read_with_tolerance() {
    for (body, expected) in [
        (
            "<<<<<<< SEARCH\na\n  b\n=======\nc\n>>>>>>> REPLACE",
            vec![edit("a\n  b", "c")],
        ),
        (
            "<<<<< SEARCH\na\n=====\nb\n>>>>> REPLACE",
            vec![edit("a", "b")],
        ),
        (
            "<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE\n\n<<<<<<< SEARCH\nc\n=======\nd\n>>>>>>> REPLACE",
            vec![edit("a", "b"), edit("c", "d")],
        ),
        (
            "<<<<<<< SEARCH  \na\n======= \nb\n>>>>>>> REPLACE\t",
            vec![edit("a", "b")],
        ),
        (
            "<<<<<<< SEARCH\r\na\r\n=======\r\nb\r\n>>>>>>> REPLACE\r\n",
            vec![edit("a", "b")],
        ),
        (
            "<<<<<<<SEARCH\na\n====\nb\n>>> REPLACE",
            vec![edit("a", "b")],
        ),
        (
            "<<<<<<< SEARCH\na\n=======\n>>>>>>> REPLACE",
            vec![edit("a", "")],
        ),
        (
            "<<<<<<< SEARCH\na\n=======\n\n>>>>>>> REPLACE",
            vec![edit("a", "")],
        ),
        (
            "<<<<<<< SEARCH\n=======\na\n>>>>>>> REPLACE",
            vec![edit("", "a")],
        ),
        (
            "<<<<<<< SEARCH\nTitle\n=====\nold\n=======\nTitle\n=====\nnew\n>>>>>>> REPLACE",
            vec![edit("Title\n=====\nold", "Title\n=====\nnew")],
        ),
        (
            "<<<<<<< SEARCH\n<<<<< SEARCH\n=====\n>>>>> REPLACE\n=======\n<<<<< SEARCH\n>>>>> REPLACE\n>>>>>>> REPLACE",
            vec![edit(
                "<<<<< SEARCH\n=====\n>>>>> REPLACE",
                "<<<<< SEARCH\n>>>>> REPLACE",
            )],
        ),
        (
            "```\n<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE\n```",
            vec![edit("a", "b")],
        ),
        (
            "=======\nall of\nit\n>>>>>>> REPLACE",
            vec![whole("all of\nit")],
        ),
    ] {
        let written = format!("<set path=\"f\">\n{body}\n</set>");
        assert_eq!(content(&written), Content::Edits(expected), "{body}");
    }
}

#[test]
fn markers_that_do_not_parse_are_never_a_text() {
    let stray = |line, marker: &str| EditError::StrayMarker {
        line,
        marker: marker.to_owned(),
    };
    for (body, expected) in [
        (
            "<<<<<<< SEARCH\na\n>>>>>>> REPLACE",
            EditError::NoDivider { line: 1 },
        ),
        (
            "<<<<<<< SEARCH\na\n=======\nb",
            EditError::NoEnd { line: 1 },
        ),
        (
            "=======\nb\n>>>>>>> REPLACE\n<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE",
            stray(4, "<<<<<<< SEARCH"),
        ),
        (">>>>>>> REPLACE", stray(1, ">>>>>>> REPLACE")),
        (
            "<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE\n<<<<<<< SERACH\nc",
            EditError::TextOutside {
                line: 6,
                text: "<<<<<<< SERACH".to_owned(),
            },
        ),
    ] {
        let written = format!("<set path=\"f\">\n{body}\n</set>");
        assert_eq!(content(&written), Content::Unparsable(expected), "{body}");
    }
}

#[test]
fn what_only_resembles_an_edit_is_a_text() {
    for body in [
        "Title\n=======\n",
        "a << SEARCH\nb",
        "<<<<<<<<<<<<< SEARCH",
        "{\"search\": true, \"other\": 1}",
        "quoted:\n> REPLACE\n",
        "--- yaml\na: 1",
    ] {
        let written = format!("<set path=\"f\">\n{body}\n</set>");
        assert_eq!(content(&written), Content::Text(body.to_owned()), "{body}");
    }
}

#[test]
fn search_and_replace_may_be_attributes() {
    for (written, expected) in [
        (
            r#"<set path="f" search="a" replace="b"/>"#,
            Edit::attributes("a", "b", false),
        ),
        (
            r#"<set path="f" search="a" replace=""/>"#,
            Edit::attributes("a", "", false),
        ),
        (
            r#"<set path="f" search="a">b</set>"#,
            Edit::attributes("a", "b", false),
        ),
        (
            r#"<set path="f" search="a" replace="b">c</set>"#,
            Edit::attributes("a", "b", false),
        ),
        (
            r#"<set path="f" body="a">b</set>"#,
            Edit::attributes("a", "b", false),
        ),
    ] {
        assert_eq!(
            content(written),
            Content::Edits(vec![expected]),
            "{written}"
        );
    }
}

#[test]
fn an_edit_keeps_the_other_attributes_of_its_tag() {
    let written = "<set path=\"f\" visibility=\"summarized\" summary=\"s\" all>\n<<< SEARCH\na\n===\nb\n>>> REPLACE\n</set>";
    let expected = Set {
        path: text("f"),
        content: Content::Edits(vec![Edit {
            all: true,
            ..edit("a", "b")
        }]),
        visibility: text("summarized"),
        summary: text("s"),
        ..Set::default()
    };
    assert_eq!(call(written), Call::Set(expected));
}

/// A file, a search half, a replacement, the file after.
#[test]
fn an_edit_changes_the_lines_it_names() {
    for (file, search, replace, expected) in [
        ("a\nb\nc\n", "b", "B", "a\nB\nc\n"),
        ("a\nb\nc\n", "a\nb", "x\ny\nz", "x\ny\nz\nc\n"),
        ("let a = 1;\n", "1", "2", "let a = 2;\n"),
        (
            "let x = y;\n",
            "let",
            "const $& $1 \\1",
            "const $& $1 \\1 x = y;\n",
        ),
        ("a\nb\nc\n", "b", "", "a\nc\n"),
        ("a\nb", "b", "", "a"),
        ("a\nb", "b", "c\nd", "a\nc\nd"),
        ("a\n", "a", "", ""),
        ("a b\n", " b", "", "a\n"),
        ("a\r\nb\r\nc\r\n", "b\nc", "x\ny\nz", "a\r\nx\r\ny\r\nz\r\n"),
        ("\u{feff}a\nb\n", "a", "x", "\u{feff}x\nb\n"),
        ("a\n\nb\n", "\na\n\nb\n\n", "\nx\n", "x\n"),
        (
            "if x {\n\ty();\n}\n",
            "if x {\n    y();\n}",
            "if x {\n    y();\n    z();\n}",
            "if x {\n\ty();\n\tz();\n}\n",
        ),
        (
            "  def f():\n    return 1\n",
            "def f():\n  return 1",
            "def f():\n  return 2",
            "  def f():\n    return 2\n",
        ),
        (
            "fn alpha(first: u32) -> u32 {\n    first + 1\n}\n",
            "fn alpha(frist: u32) -> u32 {",
            "fn alpha(first: u64) -> u64 {",
            "fn alpha(first: u64) -> u64 {\n    first + 1\n}\n",
        ),
        ("", "", "new\nfile", "new\nfile\n"),
        ("trailing  \nb\n", "trailing\nb", "x", "x\n"),
    ] {
        let applied = apply(file, &[edit(search, replace)]).unwrap();
        assert_eq!(applied.text, expected, "{file:?} {search:?}");
    }
}

#[test]
fn all_replaces_every_exact_match() {
    let applied = apply(
        "a\nxa a\nb\na\n",
        &[Edit {
            all: true,
            ..edit("a", "c")
        }],
    )
    .unwrap();
    let expected = Applied {
        text: "c\nxc c\nb\nc\n".to_owned(),
        matches: vec![Match {
            kind: MatchKind::WithinLine,
            lines: 1..5,
            count: 4,
        }],
    };
    assert_eq!(applied, expected);
}

#[test]
fn an_edit_without_a_search_half_replaces_the_whole_text() {
    let applied = apply("a\r\nb", &[whole("x\ny")]).unwrap();
    let expected = Applied {
        text: "x\r\ny".to_owned(),
        matches: vec![Match {
            kind: MatchKind::Whole,
            lines: 1..3,
            count: 1,
        }],
    };
    assert_eq!(applied, expected);
}

#[test]
fn edits_apply_in_order_and_all_or_none() {
    let edits = [edit("a", "b"), edit("b\nb", "c")];
    let applied = apply("a\nb\n", &edits).unwrap();
    assert_eq!(applied.text, "c\n");
    let lines: Vec<_> = applied
        .matches
        .iter()
        .map(|found| found.lines.clone())
        .collect();
    assert_eq!(lines, [1..2, 1..3]);
    let refused = apply("a\nb\n", &[edit("a", "b"), edit("zzz", "c")]).unwrap_err();
    assert_eq!(
        refused,
        Refused::NotFound {
            edit: 2,
            nearest: vec![]
        }
    );
}

#[test]
fn a_refusal_says_what_would_be_right() {
    for (file, search, replace, expected) in [
        (
            "a\nb\na\n",
            "a",
            "c",
            "edit 1: the search text stands in several places (lines 1, 3): add lines around it \
             until it is unique, or write `all` in the tag to replace every one",
        ),
        (
            "fn one() {}\nfn two() {}\n",
            "fn one_and_more() {}",
            "c",
            "edit 1: the search text is not in the file; the nearest lines are\n    1 | fn one() \
             {}\ncopy the lines to replace from there, byte for byte",
        ),
        (
            "abc\n",
            "0123456789",
            "c",
            "edit 1: the search text is not in the file, nor is anything like it: read the file and \
             copy the lines to replace",
        ),
        (
            "abc\n",
            "",
            "c",
            "edit 1: the search half is empty and the text is not: copy the lines to replace into \
             it, or leave the search half out to replace the whole text",
        ),
        (
            "abc\n",
            "abc",
            "abd\n// ... existing code ...",
            "edit 1: the line `// ... existing code ...` stands for text that was left out: write \
             that text, or make the edit small enough to need none of it",
        ),
    ] {
        let refused = apply(file, &[edit(search, replace)]).unwrap_err();
        assert_eq!(refused.to_string(), expected);
    }
}
