//! Carries edits out on a text. Replacements are literal, an edit touches the lines it names and
//! no other byte, and one that does not clearly belong somewhere is refused with what the model
//! needs to write a better one.

use std::fmt::Write as _;
use std::ops::Range;

use serde::Serialize;
use thiserror::Error;

use super::edit::Edit;
use super::elision::elided_line;
use super::indent::{level_of, reindent};
pub use super::lines::whole_text;
use super::lines::{Change, Lines};
use super::locate::{Found, MAX_LISTED, Spot, Unlocated, locate, without_blank_ends};

/// Lines of the file that a refusal shows, at most.
const MAX_NEAREST: usize = 12;

/// A text after its edits.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Applied {
    pub text: String,
    /// One for each edit, in order.
    pub matches: Vec<Match>,
}

/// Where an edit was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Match {
    pub kind: MatchKind,
    /// The lines it replaced, from the first to behind the last, counted from 1 in the text as it
    /// was before this edit.
    pub lines: Range<usize>,
    /// How many places it replaced; more than one only where all were meant.
    pub count: usize,
}

/// How an edit was found, from strict to forgiving.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MatchKind {
    /// No search: the whole text was replaced.
    Whole,
    /// Whole lines, byte for byte.
    Exact,
    /// The text of a one-line search, inside a line.
    WithinLine,
    /// Whole lines, blank ones passed over.
    BlankInsensitive,
    /// Lines that differ in the blanks around them; the replacement was indented anew.
    Reindented,
    /// Lines that differ a little. The score is between 0.9 and 1.
    Similar { score: f64 },
}

/// Why an edit was not carried out, and with it none. Edits and lines count from 1.
#[derive(Debug, Clone, PartialEq, Eq, Error, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Refused {
    #[error(
        "edit {edit}: the search text stands in several places (lines {}): add lines around it \
         until it is unique, or write `all` in the tag to replace every one",
        listed(lines)
    )]
    Ambiguous {
        edit: usize,
        /// The first twenty places; two may be on one line.
        lines: Vec<usize>,
    },
    #[error("edit {edit}: the search text is not in the file{}", shown(nearest))]
    NotFound {
        edit: usize,
        nearest: Vec<(usize, String)>,
    },
    #[error(
        "edit {edit}: the search half is empty and the text is not: copy the lines to replace \
         into it, or leave the search half out to replace the whole text"
    )]
    EmptySearch { edit: usize },
    #[error(
        "edit {edit}: the line `{line}` stands for text that was left out: write that text, or \
         make the edit small enough to need none of it"
    )]
    Elided { edit: usize, line: String },
}

/// Applies `edits` one after the other, each to what the one before left. All or none.
pub fn apply(text: &str, edits: &[Edit]) -> Result<Applied, Refused> {
    let mut applied = Applied {
        text: text.to_owned(),
        matches: Vec::with_capacity(edits.len()),
    };
    for (index, edit) in edits.iter().enumerate() {
        let (text, found) = apply_one(&applied.text, edit, index + 1)?;
        applied.text = text;
        applied.matches.push(found);
    }
    Ok(applied)
}

fn apply_one(text: &str, edit: &Edit, number: usize) -> Result<(String, Match), Refused> {
    let halves = [edit.search.as_deref().unwrap_or(""), &edit.replace];
    if let Some(line) = halves.iter().find_map(|half| elided_line(half, text)) {
        return Err(Refused::Elided {
            edit: number,
            line: line.to_owned(),
        });
    }
    let search = edit.search.as_deref().unwrap_or("");
    if search.trim().is_empty() {
        if edit.search.is_some() && !text.trim().is_empty() {
            return Err(Refused::EmptySearch { edit: number });
        }
        return Ok(replace_whole(text, &edit.replace));
    }
    let lines = Lines::of(text);
    let file: Vec<&str> = lines.lines.iter().map(|line| line.text).collect();
    let search = half(search);
    let found = locate(&file, &search, edit.all).map_err(|why| refusal(why, &file, number))?;
    let replacement = half(&edit.replace);
    let job = Job {
        file: &file,
        search: &search,
        replacement: &replacement,
    };
    let first = found.places.first().map_or(0, |spot| spot.lines.start);
    let last = found.places.last().map_or(first, |spot| spot.lines.end);
    let matched = Match {
        kind: found.kind,
        lines: first + 1..last + 1,
        count: found.places.len(),
    };
    Ok((lines.splice(&job.changes(&found)), matched))
}

fn replace_whole(text: &str, replacement: &str) -> (String, Match) {
    let matched = Match {
        kind: MatchKind::Whole,
        lines: 1..text.lines().count() + 1,
        count: 1,
    };
    (whole_text(Some(text), replacement), matched)
}

/// The lines of one half. An empty half has none.
fn half(text: &str) -> Vec<&str> {
    if text.is_empty() {
        return Vec::new();
    }
    text.split('\n')
        .map(|line| line.strip_suffix('\r').unwrap_or(line))
        .collect()
}

struct Job<'t> {
    file: &'t [&'t str],
    search: &'t [&'t str],
    replacement: &'t [&'t str],
}

impl Job<'_> {
    fn changes(&self, found: &Found) -> Vec<Change> {
        let mut changes = Vec::with_capacity(found.places.len());
        let mut spots = found.places.as_slice();
        while let Some(first) = spots.first() {
            let same_line = spots
                .iter()
                .take_while(|spot| spot.within.is_some() && spot.lines == first.lines)
                .count();
            let (now, rest) = spots.split_at(same_line.max(1));
            spots = rest;
            changes.push(Change {
                lines: first.lines.clone(),
                with: if first.within.is_some() {
                    self.inside(first.lines.start, now)
                } else {
                    self.instead(first, found.kind)
                },
            });
        }
        changes
    }

    /// A line with the replacement at places inside of it.
    fn inside(&self, line: usize, spots: &[Spot]) -> Vec<String> {
        let line = self.file[line];
        let replacement = if self.search.len() == 1 {
            self.replacement.join("\n")
        } else {
            without_blank_ends(self.replacement).join("\n")
        };
        let mut text = String::new();
        let mut next = 0;
        for within in spots.iter().filter_map(|spot| spot.within.as_ref()) {
            text.push_str(&line[next..within.start]);
            text.push_str(&replacement);
            next = within.end;
        }
        text.push_str(&line[next..]);
        text.split('\n').map(str::to_owned).collect()
    }

    /// The lines that stand in for whole lines.
    fn instead(&self, spot: &Spot, kind: MatchKind) -> Vec<String> {
        let inner = without_blank_ends(self.replacement);
        match kind {
            MatchKind::Whole | MatchKind::Exact | MatchKind::WithinLine => owned(self.replacement),
            MatchKind::BlankInsensitive => owned(inner),
            MatchKind::Reindented | MatchKind::Similar { .. } => {
                let is_text = |line: &&&str| !line.trim().is_empty();
                let matched = self.file[spot.lines.clone()].iter().filter(is_text);
                let searched = self.search.iter().filter(is_text);
                let pairs: Vec<(&str, &str)> = searched
                    .zip(matched)
                    .map(|(searched, found)| (*searched, *found))
                    .collect();
                reindent(inner, &pairs, level_of(self.file.iter().copied()))
            }
        }
    }
}

fn owned(lines: &[&str]) -> Vec<String> {
    lines.iter().map(|line| (*line).to_owned()).collect()
}

fn refusal(why: Unlocated, file: &[&str], edit: usize) -> Refused {
    match why {
        Unlocated::Several(lines) => Refused::Ambiguous {
            edit,
            lines: lines.into_iter().map(|line| line + 1).collect(),
        },
        Unlocated::Nowhere { nearest } => Refused::NotFound {
            edit,
            nearest: nearest
                .take(MAX_NEAREST)
                .map(|line| (line + 1, file[line].to_owned()))
                .collect(),
        },
    }
}

fn listed(lines: &[usize]) -> String {
    let numbers: Vec<String> = lines.iter().map(usize::to_string).collect();
    let more = if lines.len() < MAX_LISTED {
        ""
    } else {
        ", …"
    };
    numbers.join(", ") + more
}

fn shown(nearest: &[(usize, String)]) -> String {
    if nearest.is_empty() {
        return ", nor is anything like it: read the file and copy the lines to replace".to_owned();
    }
    let mut text = String::from("; the nearest lines are\n");
    for (number, line) in nearest {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{number:>5} | {line}");
    }
    text + "copy the lines to replace from there, byte for byte"
}
