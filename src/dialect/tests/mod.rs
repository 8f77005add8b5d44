//! Tests that take the dialect as a whole: answers as models write them, edits on files, and what
//! holds for any text.

mod answers;
mod arguments;
mod asides;
mod contents;
mod edit_properties;
mod edits;
mod healing;
mod native;
mod patches;
mod properties;
mod tags;

use super::{Advisory, Call, Command, Content, Place, Scan, Set, scan};

/// Scans without a limit that matters.
fn read(text: &str) -> Scan {
    scan(text, 99)
}

/// The calls of an answer that needed no healing.
fn calls(text: &str) -> Vec<Call> {
    let scan = read(text);
    assert_eq!(scan.advisories, [], "{text}");
    scan.commands
        .into_iter()
        .map(|command| command.call)
        .collect()
}

/// The one call of an answer that needed no healing.
fn call(text: &str) -> Call {
    let mut calls = calls(text);
    assert_eq!(calls.len(), 1, "{text}");
    calls.remove(0)
}

/// The whole text that an answer of one `set` writes.
fn body(text: &str) -> String {
    match call(text) {
        Call::Set(Set {
            content: Content::Text(text),
            ..
        }) => text,
        other => panic!("not a set with a text: {other:?}"),
    }
}

/// Each command as its tool and target, in one line.
fn outline(scan: &Scan) -> Vec<String> {
    let line = |command: &Command| format!("{} {}", command.tool().name(), command.target());
    scan.commands.iter().map(line).collect()
}

/// The advisories, each with its place.
fn told(scan: &Scan) -> Vec<String> {
    let line = |one: &Advisory| {
        let Place { line, column } = one.place;
        format!("{line}:{column} {}", one.message)
    };
    scan.advisories.iter().map(line).collect()
}

const fn place(line: u32, column: u32) -> Place {
    Place { line, column }
}

/// The value of a field that is there.
#[expect(clippy::unnecessary_wraps, reason = "fields are optional")]
fn text(value: &str) -> Option<String> {
    Some(value.to_owned())
}
