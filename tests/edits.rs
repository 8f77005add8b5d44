//! Runs the corpus of edits in `tests/fixtures/edits`, whose README states the format: every case
//! comes out as it says, and of what can be meant in one way only, nearly all is applied.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper that cannot do its work fails the test"
)]

use std::fs;
use std::path::Path;

use rummy_lsp::dialect::{Call, Set, scan};

#[derive(Debug, Default)]
struct Case {
    name: String,
    why: String,
    path: String,
    tag: String,
    one_reading: Option<bool>,
    before: Option<String>,
    body: String,
    expected: Option<Expected>,
}

#[derive(Debug)]
enum Expected {
    After(String),
    Refused(String),
}

fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/edits");
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    files.sort();
    files
        .iter()
        .flat_map(|file| {
            let theme = file.file_stem().unwrap().to_string_lossy().into_owned();
            parse(&theme, &fs::read_to_string(file).unwrap())
        })
        .collect()
}

fn parse(theme: &str, text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for part in format!("\n{text}").split("\n%%% ").skip(1) {
        let (head, content) = part.split_once('\n').unwrap_or((part, ""));
        let (key, value) = head.split_once(' ').unwrap_or((head, ""));
        if key == "case" {
            cases.push(Case {
                name: format!("{theme}: {value}"),
                path: "f.txt".to_owned(),
                ..Case::default()
            });
            continue;
        }
        let case = cases.last_mut().unwrap();
        match key {
            "why" => value.clone_into(&mut case.why),
            "one-reading" => case.one_reading = Some(value == "yes"),
            "path" => value.clone_into(&mut case.path),
            "tag" => case.tag = format!(" {value}"),
            "absent" => case.before = None,
            "before" => case.before = Some(shown(content)),
            "body" => case.body = shown(content),
            "after" => case.expected = Some(Expected::After(shown(content))),
            "refused" => case.expected = Some(Expected::Refused(value.to_owned())),
            other => panic!("{}: no part is called {other}", case.name),
        }
    }
    cases
}

/// The text of a part, with the signs for what cannot be seen replaced. The line break before the
/// next part is not in `part`.
fn shown(part: &str) -> String {
    let part = part.trim_end_matches('\n');
    let mut text = match part.strip_suffix('␄') {
        Some(text) => text.to_owned(),
        None if part.is_empty() => String::new(),
        None => format!("{part}\n"),
    };
    for (sign, meant) in [("␉", "\t"), ("␠", " "), ("␍", "\r")] {
        text = text.replace(sign, meant);
    }
    while let Some((before, rest)) = text.split_once('⟪') {
        let (number, behind) = rest.split_once('⟫').unwrap();
        let sign = char::from_u32(u32::from_str_radix(number, 16).unwrap()).unwrap();
        text = format!("{before}{sign}{behind}");
    }
    text
}

/// What becomes of the file, or why nothing does.
fn outcome(case: &Case) -> Result<String, String> {
    let answer = format!(
        "<set path=\"{}\"{}>\n{}</set>",
        case.path, case.tag, case.body
    );
    let scan = scan(&answer, 9);
    let [command] = scan.commands.as_slice() else {
        panic!("{}: not one command: {scan:?}", case.name);
    };
    let Call::Set(Set { content, .. }) = &command.call else {
        panic!("{}: not a set", case.name);
    };
    content
        .written(&case.path, case.before.as_deref())
        .map(|written| written.text)
        .map_err(|why| why.to_string())
}

#[test]
fn every_case_comes_out_as_it_says() {
    let mut wrong = Vec::new();
    for case in cases() {
        let outcome = outcome(&case);
        let is_right = match (case.expected.as_ref(), &outcome) {
            (Some(Expected::After(after)), Ok(text)) => after == text,
            (Some(Expected::Refused(words)), Err(reason)) => {
                !words.is_empty() && reason.contains(words)
            }
            _ => false,
        };
        if !is_right {
            wrong.push(format!(
                "--- {} ({})\nexpected {:?}\n     got {outcome:?}",
                case.name, case.why, case.expected
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn nearly_all_that_has_one_reading_is_applied() {
    let cases = cases();
    assert!(cases.len() >= 180, "only {} cases", cases.len());
    let clear: Vec<&Case> = cases
        .iter()
        .filter(|case| case.one_reading == Some(true))
        .collect();
    let refused: Vec<&str> = clear
        .iter()
        .filter(|case| outcome(case).is_err())
        .map(|case| case.name.as_str())
        .collect();
    assert!(
        refused.len() * 20 <= clear.len(),
        "{} of {} are refused: {refused:?}",
        refused.len(),
        clear.len()
    );
}

#[test]
fn every_case_is_told_in_full() {
    let cases = cases();
    for case in &cases {
        assert!(!case.why.is_empty(), "{}: no why", case.name);
        assert!(case.expected.is_some(), "{}: no end", case.name);
        // What has no reading, or several, is refused.
        let is_refused = matches!(case.expected, Some(Expected::Refused(_)));
        assert!(
            case.one_reading == Some(true) || is_refused,
            "{}",
            case.name
        );
        assert!(case.one_reading.is_some(), "{}: one reading?", case.name);
    }
    let mut names: Vec<&str> = cases.iter().map(|case| case.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), cases.len(), "a name stands twice");
}

#[test]
fn the_fixtures_hold_nothing_that_cannot_be_seen() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/edits");
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        for (index, line) in fs::read_to_string(&path).unwrap().split('\n').enumerate() {
            let hides = line.ends_with(' ')
                || line.contains(['\t', '\r', '\u{feff}', '\u{a0}', '\u{200b}']);
            assert!(!hides, "{} line {}", path.display(), index + 1);
        }
    }
}

/// A line that an edit does not change keeps its bytes, its end among them: the new text is the old
/// one with some runs of lines replaced, and the ends of the file stay in place.
#[test]
fn a_second_run_changes_nothing_else() {
    for case in cases() {
        assert_eq!(outcome(&case), outcome(&case), "{}", case.name);
        if let (Some(before), Ok(after)) = (&case.before, outcome(&case))
            && !after.is_empty()
            && !before.is_empty()
        {
            let name = &case.name;
            assert_eq!(
                before.starts_with('\u{feff}'),
                after.starts_with('\u{feff}'),
                "{name}"
            );
            assert_eq!(before.ends_with('\n'), after.ends_with('\n'), "{name}");
            if !before.contains("\r\n") {
                assert!(!after.contains('\r'), "{name}");
            }
        }
    }
}
