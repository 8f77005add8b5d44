//! What holds for any edit: it is read or refused, it touches no line but those it changes, and
//! it does the same every time.

use proptest::prelude::*;

use super::super::{Call, Content, Edit, Set, apply, scan};

/// What a body of `set` becomes.
fn content(path: &str, body: &str) -> Content {
    let scan = scan(&format!("<set path=\"{path}\">\n{body}\n</set>"), 9);
    match scan.commands.into_iter().next().map(|command| command.call) {
        Some(Call::Set(Set { content, .. })) => content,
        other => panic!("not a set: {other:?}"),
    }
}

/// Lines of every form of edit, in any order.
fn body() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        Just("<<<<<<< SEARCH"),
        Just("======="),
        Just("====="),
        Just(">>>>>>> REPLACE"),
        Just(">>>>> REPLACE"),
        Just("------- SEARCH"),
        Just("@@ -1,2 +1,2 @@"),
        Just("@@ -2,0 +3 @@"),
        Just("@@"),
        Just("@@ a"),
        Just("--- a/f"),
        Just("+++ b/f"),
        Just("-a"),
        Just("+b é"),
        Just(" c"),
        Just("\\ No newline at end of file"),
        Just("<old_text>a"),
        Just("</old_text><new_text>"),
        Just("b</new_text>"),
        Just("{\"search\": \"a\", \"replace\": \"b\"}"),
        Just("s/a/b/g"),
        Just("s|(a|b)*c|&\\1|i"),
        Just("*** Begin Patch"),
        Just("*** Update File: f"),
        Just("*** Add File: f"),
        Just("*** End of File"),
        Just("*** End Patch"),
        Just("```"),
        Just("```diff"),
        Just("# Heading"),
        Just(""),
        Just(" "),
        Just("a"),
        Just("\tb"),
        Just("1 | a"),
        Just("“c”"),
        Just("&lt;a\\("),
        Just("// ..."),
        Just("é\r"),
    ];
    prop::collection::vec(line, 0..14).prop_map(|lines| lines.join("\n"))
}

fn file() -> impl Strategy<Value = String> {
    let line = "[ \t]{0,2}[abcé“<(]{0,3}[ ]?";
    let end = prop_oneof![Just("\n"), Just("\r\n")];
    let lines = prop::collection::vec((line, end), 0..8);
    (any::<bool>(), lines, "[ab]{0,2}").prop_map(|(mark, lines, last)| {
        let mut text = String::from(if mark { "\u{feff}" } else { "" });
        for (line, end) in lines {
            text += &line;
            text += end;
        }
        text + &last
    })
}

/// How a model may have copied a line wrongly.
#[derive(Debug, Clone, Copy)]
enum Slip {
    None,
    Trimmed,
    Shifted,
    Curly,
    Numbered,
}

fn slip() -> impl Strategy<Value = Slip> {
    prop_oneof![
        Just(Slip::None),
        Just(Slip::Trimmed),
        Just(Slip::Shifted),
        Just(Slip::Curly),
        Just(Slip::Numbered),
    ]
}

fn copied(line: &str, number: usize, slip: Slip) -> String {
    match slip {
        Slip::None => line.to_owned(),
        Slip::Trimmed => line.trim_end().to_owned(),
        Slip::Shifted => format!("  {line}"),
        Slip::Curly => line.replacen('"', "“", 1).replacen('"', "”", 1),
        Slip::Numbered => format!("{number:>4} | {line}"),
    }
}

/// Lines that differ from each other, with their blanks and ends.
fn lines() -> impl Strategy<Value = Vec<(String, &'static str)>> {
    let line = ("[ ]{0,3}", "[a-z]{1,4}", "[ ]{0,2}", any::<bool>());
    prop::collection::vec(line, 3..9).prop_map(|lines| {
        let line =
            |(index, (indent, word, blanks, long)): (usize, (String, String, String, bool))| {
                let end = if long { "\r\n" } else { "\n" };
                (format!("{indent}{word}_{index}(\"x\"){blanks}"), end)
            };
        lines.into_iter().enumerate().map(line).collect()
    })
}

proptest! {
    #[test]
    fn any_body_on_any_file_is_applied_or_refused(
        body in body(),
        file in file(),
        path in prop_oneof![Just("f"), Just("a.md"), Just("a.patch")],
    ) {
        if let Content::Edits(edits) = content(path, &body) {
            let first = apply(&file, &edits);
            prop_assert_eq!(&first, &apply(&file, &edits));
            if let Ok(applied) = first {
                prop_assert_eq!(applied.matches.len(), edits.len());
                let keeps_mark = !applied.text.is_empty() && file.starts_with('\u{feff}');
                prop_assert_eq!(applied.text.starts_with('\u{feff}'), keeps_mark);
            }
        }
    }

    /// However the lines were copied, only the one that differs between the halves changes.
    #[test]
    fn a_line_that_both_halves_have_keeps_every_byte(
        lines in lines(),
        slip in slip(),
        from in 0_usize..3,
        count in 1_usize..4,
        changed in 0_usize..4,
    ) {
        let text = |lines: &[(String, &str)]| -> String {
            lines.iter().flat_map(|(line, end)| [line.as_str(), end]).collect()
        };
        let run = &lines[from..(from + count).min(lines.len())];
        let changed = changed % run.len();
        let half = |new: bool| -> String {
            let line = |(index, (line, _)): (usize, &(String, &str))| {
                let line = if new && index == changed { line.replace('_', "_new") } else { line.clone() };
                copied(&line, from + index + 1, slip)
            };
            run.iter().enumerate().map(line).collect::<Vec<_>>().join("\n")
        };
        let mut expected = lines.clone();
        expected[from + changed].0 = expected[from + changed].0.replace('_', "_new");
        let applied = apply(&text(&lines), &[Edit::block(half(false), half(true))]);
        // Blanks at the end of the line that changes are the model's.
        let trimmed = |text: &str| -> Vec<String> {
            let line = |(index, line): (usize, &str)| {
                if index == from + changed { line.trim_end().to_owned() } else { line.to_owned() }
            };
            text.split('\n').enumerate().map(line).collect()
        };
        let applied = applied.map(|applied| trimmed(&applied.text));
        prop_assert_eq!(applied, Ok(trimmed(&text(&expected))));
    }

    /// A diff of two texts turns the one into the other, also where its numbers are wrong.
    #[test]
    fn a_diff_makes_of_the_old_text_the_new_one(
        lines in lines(),
        changed in 0_usize..9,
        off in 0_usize..5,
    ) {
        let changed = changed % lines.len();
        let mut texts: Vec<&str> = lines.iter().map(|(line, _)| line.as_str()).collect();
        let old = texts.join("\n") + "\n";
        texts[changed] = "new";
        let new = texts.join("\n") + "\n";
        let diff = similar::TextDiff::from_lines(&old, &new);
        let diff = diff.unified_diff().context_radius(2).header("a/f", "b/f").to_string();
        let diff = diff.replace("@@ -", &format!("@@ -{}", "1".repeat(off)));
        let Content::Edits(edits) = content("f", diff.trim_end_matches('\n')) else {
            panic!("no edits: {diff}");
        };
        prop_assert_eq!(apply(&old, &edits).map(|applied| applied.text), Ok(new));
    }
}

/// 128 KiB each, which a quadratic pass would need minutes for.
#[test]
fn hostile_bodies_and_files_are_applied_or_refused() {
    let most = 1 << 17;
    for (file, body) in [
        ("a\n", "<<<<<<< SEARCH\na\n=======\na\n>>>>>>> REPLACE\n"),
        ("a\n", "<<<<<<< SEARCH\n"),
        ("a\n", "@@ -1,1 +1,1 @@\n-a\n+a\n"),
        ("a\n", "@@ -1,0 +1,1 @@\n+a\n"),
        ("a\n", "s/a/a/;"),
        ("a\n", "--- a\n+++ b\n"),
        ("a\n", "<old_text>a</old_text><new_text>a</new_text>"),
        ("a\n", "<old_text>a</old_tex"),
        ("é“\n", "1 | e\u{301}\"\n"),
        ("a", "&lt;"),
    ] {
        let file = file.repeat(most / file.len());
        let body = body.repeat(most / body.len());
        for body in [
            body.clone(),
            format!("<<<<<<< SEARCH\n{body}\n=======\nx\n>>>>>>> REPLACE"),
        ] {
            if let Content::Edits(edits) = content("f", &body) {
                let _ = apply(&file, &edits);
            }
        }
    }
}
