//! Edits from the tag to the text: how they may be written, and what they do to a file.

use super::super::{
    Applied, Call, Content, Edit, EditError, EditKind, Match, MatchKind, Refused, Set, apply,
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

fn of_kind(kind: EditKind, search: &str, replace: &str) -> Edit {
    Edit {
        kind,
        ..edit(search, replace)
    }
}

fn hunk(line: Option<usize>, search: &str, replace: &str) -> Edit {
    let mut hunk = of_kind(EditKind::Diff, search, replace);
    hunk.hint.line = line;
    hunk
}

fn sed(search: &str, replace: &str, flags: &str) -> Edit {
    let mut edit = of_kind(EditKind::Sed, search, replace);
    edit.all = flags.contains('g');
    edit.hint.flags = flags.replace('g', "");
    edit
}

#[test]
fn every_form_of_edit_is_read() {
    let old_new = |search, replace| of_kind(EditKind::OldNew, search, replace);
    let json = |search, replace| of_kind(EditKind::Json, search, replace);
    for (body, expected) in [
        (
            "--- a/f\n+++ b/f\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n@@ -9 +9 @@ fn x()\n-d\n+e",
            vec![hunk(Some(1), "a\nb", "a\nc"), hunk(Some(9), "d", "e")],
        ),
        ("@@ -4,0 +5,2 @@\n+a\n+b", vec![hunk(Some(4), "", "a\nb")]),
        ("@@ -4 +5 @@\n+a", vec![hunk(None, "", "a")]),
        (
            "@@\n a\n\n-b\n\\ No newline at end of file\n\n@@ ... @@\n-c",
            vec![hunk(None, "a\n\nb", "a\n"), hunk(None, "c", "")],
        ),
        (
            "<old_text>a</old_text><new_text>b</new_text>",
            vec![old_new("a", "b")],
        ),
        (
            "<old_str>\n a \n</old_str>\n<new_str></new_str>\n<old_str>b</old_str><new_str>c</new_str>",
            vec![old_new(" a ", ""), old_new("b", "c")],
        ),
        (r#"{"search": "a", "replace": "b"}"#, vec![json("a", "b")]),
        (r#"{"search": "a"}"#, vec![json("a", "")]),
        (
            r#"[{"old_string": "a", "new_string": "b"}, {"search": "c", "replace": "d"}]"#,
            vec![json("a", "b"), json("c", "d")],
        ),
        ("s/a/b/", vec![sed("a", "b", "")]),
        ("s/a/b/g", vec![sed("a", "b", "g")]),
        ("s/a/b", vec![sed("a", "b", "")]),
        ("s/a b/c d/", vec![sed("a b", "c d", "")]),
        ("s/a//", vec![sed("a", "", "")]),
        ("s/a/b/;s/c/d/", vec![sed("a", "b", ""), sed("c", "d", "")]),
        (
            "s/a/b/ s/c/d/gi",
            vec![sed("a", "b", ""), sed("c", "d", "gi")],
        ),
        ("s/a/b\ns|c|d|", vec![sed("a", "b", ""), sed("c", "d", "")]),
        (r"s/a\/b/c\/d/", vec![sed("a/b", "c/d", "")]),
        (
            r"s/a\/b/c/;s#d#e\#f#",
            vec![sed("a/b", "c", ""), sed("d", "e#f", "")],
        ),
        ("s/a$/b/", vec![sed("a$", "b", "")]),
        (r"s/a\.b/c/", vec![sed(r"a\.b", "c", "")]),
    ] {
        let written = format!("<set path=\"f\">\n{body}\n</set>");
        assert_eq!(content(&written), Content::Edits(expected), "{body}");
    }
}

#[test]
fn a_form_that_is_not_whole_is_never_a_text() {
    for (body, expected) in [
        (
            "--- a/f\n+++ b/f",
            "the diff is cut off: write its hunks, each with a `@@` line and lines that begin with a \
             blank, `-` or `+`",
        ),
        (
            "--- a/f\n+++ /dev/null\n@@ -1 +0,0 @@\n-a",
            "the diff deletes the file: write `<rm>` with its path instead",
        ),
        (
            "Done:\n@@ -1 +1 @@\n-a\n+b",
            "line 2 (`@@ -1 +1 @@`) cannot stand here: write nothing but the diff, or, where it is \
             text, the whole text between a line `=======` and a line `>>>>>>> REPLACE`",
        ),
        (
            "<old_text>a</old_text>\n<new_text>b",
            "line 2 (`<new_text>b`) cannot stand here: write pairs of \
             `<old_text>…</old_text><new_text>…</new_text>` and nothing else",
        ),
        (
            "{\"search\": \"a\", \"replace\": \"b",
            "the edit is no valid JSON (EOF while parsing a string at line 1 column 29): escape \
             quotes and line breaks in its strings",
        ),
        (
            "s/a/b/2",
            "the sed flags `2` hold a number: make the old text unique instead",
        ),
    ] {
        match content(&format!("<set path=\"f\">\n{body}\n</set>")) {
            Content::Unparsable(error) => assert_eq!(error.to_string(), expected, "{body}"),
            other => panic!("{body}: {other:?}"),
        }
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
        "{\"search\": \"a\", \"limit\": \"b\"}",
        "[]",
        "s/a/b\nand more",
        "s=\"a\"; b=\"c\"",
        "<old>\n<x/>\n</old>",
        "@@count = 0",
        "<<< HEAD",
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
fn a_match_says_how_it_was_found() {
    use MatchKind::{
        BlankInsensitive, Exact, Expression, Inserted, Reindented, Similar, Typographic, Unescaped,
        Unnumbered, WithinLine,
    };
    let file = "fn f(a: u32) {\n    g(a < 1);\n\n    h(\"x\");\n}\n";
    for (edit, kind, lines) in [
        (edit("    g(a < 1);", "x"), Exact, 2..3),
        (edit("a: u32", "b: u8"), WithinLine, 1..2),
        (
            edit("    g(a < 1);\n    h(\"x\");", "x"),
            BlankInsensitive,
            2..5,
        ),
        (edit("g(a < 1);\n\nh(\"x\");", "x"), Reindented, 2..5),
        (edit("    h(“x”);", "x"), Typographic, 4..5),
        (edit("2 |     g(a < 1);", "x"), Unnumbered, 2..3),
        (edit("    g(a &lt; 1);", "x"), Unescaped, 2..3),
        (edit(r"    g\(a < 1\);", "x"), Unescaped, 2..3),
        (
            edit("fn f(a:: u32) {", "x"),
            Similar { score: 28.0 / 29.0 },
            1..2,
        ),
        (sed("a: u32", "b: u8", ""), WithinLine, 1..2),
        (sed("u[0-9]+", "u8", ""), Expression, 1..2),
        (hunk(Some(2), "", "x"), Inserted, 3..3),
    ] {
        let applied = apply(file, std::slice::from_ref(&edit)).unwrap();
        let expected = Match {
            kind,
            lines,
            count: 1,
        };
        assert_eq!(applied.matches, [expected], "{edit:?}");
    }
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
             it, or write the whole text alone",
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
