//! Carries edits out on a text. Replacements are literal, an edit touches the lines it changes and
//! no other byte, and one that does not clearly belong somewhere is refused with what the model
//! needs to write a better one.

use std::fmt::Write as _;
use std::ops::Range;

use thiserror::Error;

use super::edit::{Edit, EditKind};
use super::elision::elided_line;
use super::expression::{self, NotDone};
pub use super::lines::whole_text;
use super::lines::{Change, Lines};
use super::locate::{Found, MAX_LISTED, Query, Unlocated};
use super::narrow::Narrow;
use super::rewrite::{Rewrite, Unclear};
use super::similarity::Budget;
use super::variants::{Variant, variants};

/// Lines of the file that a refusal shows, at most.
const MAX_NEAREST: usize = 12;

/// What the edits of one body may cost, all together: a second at most.
const MAX_WORK: usize = 1 << 27;

/// What a line costs beside its bytes, and one that is looked at with forgiveness.
const LINE: usize = 24;
const FORGIVEN_LINE: usize = 160;

/// A text after its edits.
#[derive(Debug, Clone, PartialEq)]
pub struct Applied {
    pub text: String,
    /// One for each edit, in order.
    pub matches: Vec<Match>,
}

/// Where an edit was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Match {
    pub kind: MatchKind,
    /// The lines it replaced, from the first to behind the last, counted from 1 in the text as it
    /// was before this edit.
    pub lines: Range<usize>,
    /// How many places it replaced; more than one only where all were meant.
    pub count: usize,
}

/// How an edit was found, from strict to forgiving.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub enum MatchKind {
    /// No search: the whole text was replaced.
    Whole,
    /// No old lines: the new ones went where a line number says, or to the end.
    Inserted,
    /// Whole lines, byte for byte.
    Exact,
    /// The text of the search half, with its ends inside of lines.
    WithinLine,
    /// As a regular expression, which a sed command is.
    Expression,
    /// Whole lines, blank ones passed over.
    BlankInsensitive,
    /// Lines that differ in the blanks around them; new lines were indented anew.
    Reindented,
    /// Lines that differ in quotes, dashes and other signs that look alike.
    Typographic,
    /// Without the line numbers that the search half was copied with.
    Unnumbered,
    /// Without the backslashes or the HTML entities of the search half.
    Unescaped,
    /// Lines that differ a little. The score is between 0.9 and 1.
    Similar { score: f64 },
}

impl MatchKind {
    /// The word for it, as people read it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Inserted => "inserted",
            Self::Exact => "exact",
            Self::WithinLine => "within_line",
            Self::Expression => "expression",
            Self::BlankInsensitive => "blank_insensitive",
            Self::Reindented => "reindented",
            Self::Typographic => "typographic",
            Self::Unnumbered => "unnumbered",
            Self::Unescaped => "unescaped",
            Self::Similar { .. } => "similar",
        }
    }

    /// Whether it had to forgive more than another one.
    pub(super) fn forgives_more(self, other: Self) -> bool {
        match (self, other) {
            (Self::Similar { score: own }, Self::Similar { score: others }) => own < others,
            _ => self > other,
        }
    }
}

/// Why an edit was not carried out, and with it none. Edits and lines count from 1.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
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
         into it, or write the whole text alone"
    )]
    EmptySearch { edit: usize },
    #[error(
        "edit {edit}: the hunk has no old lines, so nothing says where its new lines go: add the \
         lines around them as context"
    )]
    NoContext { edit: usize },
    #[error(
        "edit {edit}: the line `{line}` stands for text that was left out: write that text, or \
         make the edit small enough to need none of it"
    )]
    Elided { edit: usize, line: String },
    #[error(
        "edit {edit}: nothing tells how deep the new line `{line}` belongs: copy the old lines \
         with the indentation that they have in the file"
    )]
    Indentation { edit: usize, line: String },
    #[error(
        "edit {edit}: the search half is copied with line numbers or escapes that the file does \
         not have, and the new half only in part: write both as the file has them"
    )]
    Copied { edit: usize },
    #[error(
        "edit {edit}: `{escape}` in the new half could be text or mean something in sed: write a \
         SEARCH/REPLACE block"
    )]
    Escape { edit: usize, escape: String },
    #[error(
        "edit {edit}: the old half is not in the file as text, nor is it a valid expression \
         ({reason}): write a SEARCH/REPLACE block"
    )]
    Expression { edit: usize, reason: String },
    #[error(
        "edit {edit}: there are too many edits for a text of this size: write fewer at once, or \
         the whole text"
    )]
    TooMuch { edit: usize },
}

/// Applies `edits` one after the other, each to what the one before left. All or none.
pub fn apply(text: &str, edits: &[Edit]) -> Result<Applied, Refused> {
    apply_to(text, false, edits)
}

/// [`apply()`] on a text that may be Markdown.
pub(super) fn apply_to(text: &str, is_markdown: bool, edits: &[Edit]) -> Result<Applied, Refused> {
    let mut editing = Editing {
        text: text.to_owned(),
        is_markdown,
        shifts: Vec::new(),
        drift: 0,
        work: MAX_WORK,
        budget: Budget::default(),
    };
    let mut matches = Vec::with_capacity(edits.len());
    for (index, edit) in edits.iter().enumerate() {
        matches.push(editing.apply(edit, index + 1)?);
    }
    Ok(Applied {
        text: editing.text,
        matches,
    })
}

/// A text between its edits.
struct Editing {
    text: String,
    is_markdown: bool,
    /// By how many lines the text has grown, and before which line, an entry a change. Lines are
    /// 0-based and those of the text before that edit.
    shifts: Vec<(usize, isize)>,
    /// How far from its number the last hunk was.
    drift: isize,
    work: usize,
    budget: Budget,
}

/// What an edit does to the text.
struct Step {
    changes: Vec<Change>,
    matched: Match,
}

impl Editing {
    fn apply(&mut self, edit: &Edit, number: usize) -> Result<Match, Refused> {
        self.spend(
            self.text.len() + edit.replace.len() + LINE * self.shifts.len(),
            number,
        )?;
        check_elisions(edit, &self.text, self.is_markdown, number)?;
        let search = edit.search.as_deref().unwrap_or("");
        let is_empty = self.text.trim().is_empty();
        if edit.search.is_none() || (search.trim().is_empty() && is_empty) {
            let matched = Match {
                kind: MatchKind::Whole,
                lines: 1..self.text.lines().count() + 1,
                count: 1,
            };
            self.text = whole_text(Some(&self.text), &edit.replace);
            return Ok(matched);
        }
        let text = std::mem::take(&mut self.text);
        let lines = Lines::of(&text);
        let file: Vec<&str> = lines.all.iter().map(|line| line.text).collect();
        self.spend(LINE * file.len(), number)?;
        let step = if search.trim().is_empty() {
            self.insertion(edit, &file, number)?
        } else if edit.kind == EditKind::Sed {
            sed(edit, &file, number)?
        } else {
            self.replacement(edit, &file, number)?
        };
        self.remember(edit, &step);
        self.text = lines.splice(&step.changes);
        Ok(step.matched)
    }

    /// Bounds the work of a body.
    fn spend(&mut self, cost: usize, number: usize) -> Result<(), Refused> {
        let left = self.work.checked_sub(cost);
        self.work = left.ok_or(Refused::TooMuch { edit: number })?;
        Ok(())
    }

    /// Where a line of the text before all edits is now, 0-based.
    fn now(&self, line: usize) -> usize {
        self.shifts.iter().fold(line, |line, (before, grown)| {
            if *before <= line {
                line.saturating_add_signed(*grown)
            } else {
                line
            }
        })
    }

    /// Keeps where the text grew, for the numbers of later hunks.
    fn remember(&mut self, edit: &Edit, step: &Step) {
        if edit.all
            || !matches!(
                edit.kind,
                EditKind::Diff | EditKind::Patch | EditKind::SearchReplace
            )
        {
            return;
        }
        if let Some(line) = edit
            .hint
            .line
            .filter(|_| step.matched.kind != MatchKind::Inserted)
        {
            let expected = self.now(line.saturating_sub(1));
            let found = step.matched.lines.start - 1;
            self.drift = found.cast_signed() - expected.cast_signed();
        }
        // From the last to the first, as each number is that of the text before this edit.
        for change in step.changes.iter().rev() {
            let grown = change.with.len().cast_signed() - change.lines.len().cast_signed();
            if grown != 0 {
                self.shifts.push((change.lines.end, grown));
            }
        }
    }

    /// New lines without old ones: a hunk that says behind which line, or that the end is meant.
    fn insertion(&self, edit: &Edit, file: &[&str], number: usize) -> Result<Step, Refused> {
        let at = match (edit.kind, edit.hint.line) {
            (EditKind::Diff | EditKind::Patch, _) if edit.search.as_deref() != Some("") => None,
            (EditKind::Patch, _) if edit.hint.at_end => Some(file.len()),
            (EditKind::Diff, Some(line)) if line > 0 => Some(self.now(line)),
            (EditKind::Diff | EditKind::Patch, _) => None,
            _ => return Err(Refused::EmptySearch { edit: number }),
        };
        let at = at
            .filter(|at| *at <= file.len())
            .ok_or(Refused::NoContext { edit: number })?;
        let change = Change {
            lines: at..at,
            with: half(&edit.replace)
                .iter()
                .map(|line| (*line).to_owned())
                .collect(),
        };
        Ok(Step {
            changes: vec![change],
            matched: Match {
                kind: MatchKind::Inserted,
                lines: at + 1..at + 1,
                count: 1,
            },
        })
    }

    fn replacement(&mut self, edit: &Edit, file: &[&str], number: usize) -> Result<Step, Refused> {
        let (search, replacement) = (
            half(edit.search.as_deref().unwrap_or("")),
            half(&edit.replace),
        );
        let hunk = Rewrite {
            file,
            search: &search,
            replacement: &replacement,
            is_hunk: matches!(edit.kind, EditKind::Diff | EditKind::Patch),
        };
        let query = Query {
            file,
            search: &search,
            all: edit.all,
            whole_lines: hunk.is_hunk,
            narrow: Narrow {
                line: edit
                    .hint
                    .line
                    .map(|line| (self.now(line.saturating_sub(1)), self.drift)),
                under: &edit.hint.under,
                at_end: edit.hint.at_end,
            },
        };
        let refused = |why| refusal(why, file, number);
        if let Some(found) = query.strict() {
            return step(&hunk, &found.map_err(refused)?, number);
        }
        self.spend(FORGIVEN_LINE * file.len(), number)?;
        if let Some(found) = query.forgiving() {
            return step(&hunk, &found.map_err(refused)?, number);
        }
        for (kind, variant) in variants(&search, &replacement) {
            if let Some(step) = rewritten(&query, kind, &variant, number)? {
                return Ok(step);
            }
        }
        let found = query.similar(&mut self.budget).map_err(refused)?;
        step(&hunk, &found, number)
    }
}

/// The step of an edit that was copied in some way and is unique without it.
fn rewritten(
    query: &Query<'_>,
    kind: MatchKind,
    variant: &Variant,
    number: usize,
) -> Result<Option<Step>, Refused> {
    let search: Vec<&str> = variant.search.iter().map(String::as_str).collect();
    let query = Query {
        file: query.file,
        search: &search,
        all: false,
        whole_lines: query.whole_lines,
        narrow: query.narrow.clone(),
    };
    let found = match (query.strict(), kind) {
        (None, MatchKind::Unnumbered) => query.forgiving(),
        (found, _) => found,
    };
    let Some(Ok(found)) = found else {
        return Ok(None);
    };
    let replacement = variant.replacement.as_ref();
    let replacement = replacement.ok_or(Refused::Copied { edit: number })?;
    let replacement: Vec<&str> = replacement.iter().map(String::as_str).collect();
    let hunk = Rewrite {
        file: query.file,
        search: &search,
        replacement: &replacement,
        is_hunk: query.whole_lines,
    };
    let mut step = step(&hunk, &found, number)?;
    step.matched.kind = kind;
    Ok(Some(step))
}

fn step(rewrite: &Rewrite<'_>, found: &Found, edit: usize) -> Result<Step, Refused> {
    let changes = rewrite.changes(found).map_err(|unclear| match unclear {
        Unclear::Indent(line) => Refused::Indentation { edit, line },
        Unclear::OtherWord(nearest) => refusal(Unlocated::Nowhere { nearest }, rewrite.file, edit),
    })?;
    let first = found.places.first().map_or(0, |spot| spot.lines.start);
    let last = found.places.last().map_or(first, |spot| spot.lines.end);
    Ok(Step {
        changes,
        matched: Match {
            kind: found.kind,
            lines: first + 1..last + 1,
            count: found.places.len(),
        },
    })
}

fn sed(edit: &Edit, file: &[&str], number: usize) -> Result<Step, Refused> {
    let command = expression::Command {
        old: edit.search.as_deref().unwrap_or(""),
        new: &edit.replace,
        flags: &edit.hint.flags,
        all: edit.all,
    };
    let done = command.run(file).map_err(|why| match why {
        NotDone::Nowhere => refusal(Unlocated::Nowhere { nearest: 0..0 }, file, number),
        NotDone::Several(lines) => refusal(Unlocated::Several(lines), file, number),
        NotDone::Invalid(reason) => Refused::Expression {
            edit: number,
            reason,
        },
        NotDone::Escape(escape) => Refused::Escape {
            edit: number,
            escape,
        },
    })?;
    let first = done.changes.first().map_or(0, |change| change.lines.start);
    let last = done.changes.last().map_or(first, |change| change.lines.end);
    Ok(Step {
        matched: Match {
            kind: if done.literal {
                MatchKind::WithinLine
            } else {
                MatchKind::Expression
            },
            lines: first + 1..last + 1,
            count: done.count,
        },
        changes: done.changes,
    })
}

fn check_elisions(
    edit: &Edit,
    text: &str,
    is_markdown: bool,
    number: usize,
) -> Result<(), Refused> {
    if edit.kind == EditKind::Sed {
        return Ok(());
    }
    let halves = [edit.search.as_deref().unwrap_or(""), &edit.replace];
    let elided = |half| elided_line(half, text, is_markdown);
    match halves.iter().find_map(|half| elided(half)) {
        Some(line) => Err(Refused::Elided {
            edit: number,
            line: line.to_owned(),
        }),
        None => Ok(()),
    }
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
