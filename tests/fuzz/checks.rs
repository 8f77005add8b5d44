//! What holds for every input. Each check is a fuzz target; `tests/fuzz_smoke.rs` runs all of them
//! on the stable toolchain. An input of two parts has a line `%%` between them, so that the seeds
//! can be read.

use crate::dialect::{
    Applied, BodyFilter, Call, Content, Edit, EditKind, Match, PathPattern, Place, Scan, Scanner,
    apply, render, scan, without_forms,
};

/// How many commands an answer may hold here: few, so that the limit is met too.
const MAX_COMMANDS: usize = 8;

/// An answer is scanned the same in pieces and whole; what is found lies in the text and in
/// order; a command that was written out is read back.
pub fn scanner(text: &str) {
    let whole = scan(text, MAX_COMMANDS);
    for size in [1, 7, 64] {
        assert_eq!(in_chunks(text, size), whole, "in chunks of {size}");
    }
    assert!(whole.commands.len() <= MAX_COMMANDS);
    assert!(whole.unparsed.len() <= text.len());
    assert_eq!(whole.unparsed, whole.unparsed.trim());
    let places = whole.commands.iter().map(|command| command.place);
    assert!(places.clone().is_sorted(), "commands out of order");
    let advised = whole.advisories.iter().map(|advisory| advisory.place);
    for place in places.chain(advised) {
        assert!(is_in(text, place), "{place:?} is not in the text");
    }
    for command in &whole.commands {
        if has_written_form(&command.call) {
            let rendered = render(command);
            let calls: Vec<Call> = calls(&rendered).into_iter().map(without_forms).collect();
            assert_eq!(calls, [without_forms(command.call.clone())], "{rendered}");
        }
    }
}

fn in_chunks(text: &str, size: usize) -> Scan {
    let mut scanner = Scanner::new(MAX_COMMANDS);
    let mut characters = text.chars();
    loop {
        let chunk: String = characters.by_ref().take(size).collect();
        if chunk.is_empty() {
            return scanner.finish();
        }
        scanner.push(&chunk);
        let _ = scanner.open();
    }
}

fn is_in(text: &str, place: Place) -> bool {
    let index = (place.line as usize).checked_sub(1);
    let line = index.and_then(|index| text.split('\n').nth(index));
    let length = line.map(|line| line.chars().count());
    place.column > 0 && length.is_some_and(|length| place.column as usize <= length + 1)
}

fn calls(text: &str) -> Vec<Call> {
    let commands = scan(text, usize::MAX).commands;
    commands.into_iter().map(|command| command.call).collect()
}

/// Some edits have none, see `render`.
fn has_written_form(call: &Call) -> bool {
    use EditKind::{Attributes, Json, OldNew, SearchReplace};
    let Call::Set(set) = call else { return true };
    match &set.content {
        Content::Absent | Content::Text(_) => true,
        Content::Edits(edits) => edits.iter().all(|edit| {
            let is_halves = matches!(edit.kind, Attributes | Json | OldNew | SearchReplace);
            is_halves && edit.hint.is_empty()
        }),
        Content::Unparsable(_) => false,
    }
}

/// A body is edits, a text or refused, and no edit marker gets into a text.
pub fn edits(body: &str) {
    let text = format!("<set path=\"src/a.rs\">\n{body}\n</set>");
    for call in calls(&text) {
        let Call::Set(set) = call else { continue };
        match set.content {
            Content::Text(text) => {
                let marker = text
                    .lines()
                    .find(|line| matches!(line.trim_end(), "<<<<<<< SEARCH" | ">>>>>>> REPLACE"));
                assert_eq!(marker, None, "a marker would be written into the file");
            }
            Content::Edits(edits) => assert!(!edits.is_empty(), "edits of nothing"),
            Content::Absent | Content::Unparsable(_) => {}
        }
    }
}

/// Edits on a file: it can be done twice with the same end, and lines that no edit names stay.
pub fn apply_edits(input: &str) {
    let (file, body) = parts(input);
    for edits in edits_of(body) {
        let done = apply(file, &edits);
        assert_eq!(done, apply(file, &edits));
        let Ok(Applied { text, matches }) = done else {
            continue;
        };
        assert_eq!(matches.len(), edits.len(), "a match for each edit");
        if let [found] = matches.as_slice() {
            keeps_other_lines(file, found, &text);
        }
    }
}

fn edits_of(body: &str) -> Vec<Vec<Edit>> {
    let text = format!("<set path=\"src/a.rs\">\n{body}\n</set>");
    let edits = calls(&text).into_iter().filter_map(|call| match call {
        Call::Set(set) => match set.content {
            Content::Edits(edits) => Some(edits),
            _ => None,
        },
        _ => None,
    });
    edits.collect()
}

fn keeps_other_lines(before: &str, found: &Match, after: &str) {
    let lines: Vec<&str> = before.split_inclusive('\n').collect();
    let from = (found.lines.start - 1).min(lines.len());
    let to = (found.lines.end - 1).clamp(from, lines.len());
    let (mut head, tail) = (lines[..from].concat(), lines[to..].concat());
    if tail.is_empty() {
        // The end of the file may take over the last line break, or the lack of one.
        head = head.trim_end_matches(['\r', '\n']).to_owned();
    }
    assert!(
        after.starts_with(&head),
        "lines before {:?} changed",
        found.lines
    );
    assert!(
        after.ends_with(&tail),
        "lines behind {:?} changed",
        found.lines
    );
}

/// A pattern and a filter are refused or answer, and the answer agrees with what they say about
/// themselves.
pub fn patterns(input: &str) {
    let (pattern, subject) = parts(input);
    if let Ok(parsed) = PathPattern::parse(pattern) {
        let matches = parsed.matches(subject);
        assert_eq!(parsed.clone().matches(subject), matches);
        assert!(!matches || subject.starts_with(parsed.literal_prefix()));
        assert!(matches || !parsed.matches_everything());
        assert!(!parsed.is_literal() || matches == (subject == pattern));
    }
    if let Ok(filter) = BodyFilter::parse(pattern) {
        let matches = filter.matches(subject);
        assert_eq!(filter.clone().matches(subject), matches);
        if let Some(literal) = filter.as_literal() {
            assert_eq!(literal, pattern);
            assert_eq!(matches, subject.contains(literal));
        }
    }
}

fn parts(input: &str) -> (&str, &str) {
    input.split_once("\n%%\n").unwrap_or((input, ""))
}
