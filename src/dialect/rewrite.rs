//! From a place that was found to the lines that change there.
//!
//! **Invariant**: a line that the search half and the replacement have in common is a line of the
//! file that stays, byte for byte, however it was found. Only what differs between the halves is
//! written.

use std::ops::Range;

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::apply::MatchKind;
use super::fold::folded;
use super::indent::{Shift, indent_of, level_of};
use super::lines::Change;
use super::locate::{Found, Spot, without_blank_ends};
use super::tokens::{self, Merged};

/// Halves whose differing parts have more lines than this, one times the other, are not compared
/// line by line.
const MAX_COMPARED: usize = 1 << 20;

/// Why a place that was found cannot be written.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unclear {
    /// How deep this new line belongs.
    Indent(String),
    /// The file has another word where both halves agree.
    OtherWord(Range<usize>),
}

/// An edit, and the file it was found in.
pub(super) struct Rewrite<'t> {
    pub file: &'t [&'t str],
    pub search: &'t [&'t str],
    pub replacement: &'t [&'t str],
    /// Whether the halves come from the hunk of a diff.
    pub is_hunk: bool,
}

impl Rewrite<'_> {
    pub(super) fn changes(&self, found: &Found) -> Result<Vec<Change>, Unclear> {
        let (search, replacement) = match found.kind {
            MatchKind::Exact => (self.search, self.replacement),
            _ => without_common_ends(self.search, self.replacement),
        };
        let halves = Halves {
            file: self.file,
            search,
            replacement,
            operations: operations(search, replacement),
            kind: found.kind,
            is_hunk: self.is_hunk,
        };
        let mut changes = Vec::with_capacity(found.places.len());
        for spots in found
            .places
            .chunk_by(|one, other| one.within.is_some() && one.lines == other.lines)
        {
            match (spots, &spots[0].within) {
                (_, None) => changes.extend(halves.whole(&spots[0].lines)?),
                ([spot], Some(within)) if search.len() > 1 || halves.fills(spot, within) => {
                    changes.extend(halves.partial(&spot.lines, &halves.extended(spot, within))?);
                }
                _ => changes.push(halves.inside(spots)),
            }
        }
        Ok(changes)
    }
}

/// Both halves without the blank lines at the ends of the search half. Of the replacement's, as
/// many go.
fn without_common_ends<'s, 't>(
    search: &'s [&'t str],
    replacement: &'s [&'t str],
) -> (&'s [&'t str], &'s [&'t str]) {
    let is_blank = |line: &&&str| line.trim().is_empty();
    let inner = without_blank_ends(search);
    let before = search.iter().take_while(is_blank).count();
    let behind = search.len() - before - inner.len();
    let start = replacement.iter().take(before).take_while(is_blank).count();
    let rest = &replacement[start..];
    let end = rest.iter().rev().take(behind).take_while(is_blank).count();
    (inner, &rest[..rest.len() - end])
}

/// Lines of the search half, and the lines of the replacement that stand in for them.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Operation {
    old: Range<usize>,
    new: Range<usize>,
}

/// What differs between two halves.
fn operations(old: &[&str], new: &[&str]) -> Vec<Operation> {
    let before = old
        .iter()
        .zip(new)
        .take_while(|(old, new)| old == new)
        .count();
    let (old, new) = (&old[before..], &new[before..]);
    let pairs = old.iter().rev().zip(new.iter().rev());
    let behind = pairs.take_while(|(old, new)| old == new).count();
    let (old, new) = (&old[..old.len() - behind], &new[..new.len() - behind]);
    if old.is_empty() && new.is_empty() {
        return Vec::new();
    }
    if old.len().saturating_mul(new.len()) > MAX_COMPARED {
        return vec![Operation {
            old: before..before + old.len(),
            new: before..before + new.len(),
        }];
    }
    let moved = |range: Range<usize>| range.start + before..range.end + before;
    capture_diff_slices(Algorithm::Myers, old, new)
        .iter()
        .filter(|operation| !matches!(operation, DiffOp::Equal { .. }))
        .map(|operation| Operation {
            old: moved(operation.old_range()),
            new: moved(operation.new_range()),
        })
        .collect()
}

struct Halves<'t> {
    file: &'t [&'t str],
    search: &'t [&'t str],
    replacement: &'t [&'t str],
    operations: Vec<Operation>,
    kind: MatchKind,
    is_hunk: bool,
}

impl Halves<'_> {
    /// The changes to a run of whole lines.
    fn whole(&self, lines: &Range<usize>) -> Result<Vec<Change>, Unclear> {
        let places = self.places(lines);
        if matches!(self.kind, MatchKind::Similar { .. }) {
            self.check_words(lines, &places)?;
        }
        let indents = self.indents(&places);
        let mut changes = Vec::with_capacity(self.operations.len());
        for operation in &self.operations {
            let at = match (operation.old.is_empty(), operation.old.start) {
                (true, 0) => lines.start..lines.start,
                (true, next) => places[next - 1].end..places[next - 1].end,
                (false, first) => places[first].start..places[operation.old.end - 1].end,
            };
            changes.push(Change {
                lines: at,
                with: self.new_lines(operation, &places, indents.as_ref())?,
            });
        }
        Ok(changes)
    }

    /// The lines of the file that each line of the search half was found as. Blank lines, which
    /// are not compared, take the blank lines between their neighbours one by one.
    fn places(&self, lines: &Range<usize>) -> Vec<Range<usize>> {
        let is_blank = |line: &str| line.trim().is_empty();
        let by_line = matches!(self.kind, MatchKind::Exact | MatchKind::Similar { .. });
        let mut next = lines.start;
        let mut places = Vec::with_capacity(self.search.len());
        for line in self.search {
            if by_line || (is_blank(line) && is_blank(self.file[next.min(lines.end - 1)])) {
                places.push(next..next + 1);
                next += 1;
            } else if is_blank(line) {
                places.push(next..next);
            } else {
                while is_blank(self.file[next]) {
                    next += 1;
                }
                places.push(next..next + 1);
                next += 1;
            }
        }
        places
    }

    /// A similar place is another one where the file has another word that both halves agree on,
    /// or has more in lines that are replaced as a whole.
    fn check_words(&self, lines: &Range<usize>, places: &[Range<usize>]) -> Result<(), Unclear> {
        let mut merged = vec![false; self.search.len()];
        for operation in &self.operations {
            if operation.old.len() == operation.new.len() {
                merged[operation.old.clone()].fill(true);
            }
        }
        let mut taken_away = vec![false; self.search.len()];
        for operation in &self.operations {
            if operation.old.len() != operation.new.len() {
                taken_away[operation.old.clone()].fill(true);
            }
        }
        for (index, line) in self.search.iter().enumerate() {
            let found = self.file[places[index].start].trim();
            let line = line.trim();
            let is_other = (taken_away[index] && folded(line) != folded(found))
                || (!merged[index] && tokens::has_other_word(line, found));
            if is_other {
                return Err(Unclear::OtherWord(lines.clone()));
            }
        }
        Ok(())
    }

    /// How the indentation of the search half and of the file belong together; `None` where they
    /// are the same.
    fn indents(&self, places: &[Range<usize>]) -> Option<Shift<'_>> {
        if matches!(self.kind, MatchKind::Exact | MatchKind::BlankInsensitive) {
            return None;
        }
        let pairs: Vec<(&str, &str)> = self
            .search
            .iter()
            .zip(places)
            .filter(|(line, place)| !line.trim().is_empty() && !place.is_empty())
            .map(|(line, place)| (indent_of(line), indent_of(self.file[place.start])))
            .collect();
        let is_same = pairs.iter().all(|(searched, found)| searched == found);
        if is_same || (self.is_hunk && self.lost_signs(places)) {
            return None;
        }
        let level = level_of(self.file.iter().copied());
        Some(Shift::of(self.replacement, &pairs, level))
    }

    /// Whether the context lines of a hunk lack one blank and the lines that it removes none: the
    /// signs of the context lines were left out, and its indentation is right.
    fn lost_signs(&self, places: &[Range<usize>]) -> bool {
        (0..self.search.len()).all(|index| {
            let (line, place) = (self.search[index], &places[index]);
            let Some(found) = self.file.get(place.start).filter(|_| !place.is_empty()) else {
                return true;
            };
            let is_removed = self
                .operations
                .iter()
                .any(|operation| operation.old.contains(&index));
            let found = found.trim_end();
            let line = line.trim_end();
            line.is_empty()
                || line == found
                || (!is_removed && found.strip_prefix(' ') == Some(line))
        })
    }

    /// The lines that an operation writes.
    fn new_lines(
        &self,
        operation: &Operation,
        places: &[Range<usize>],
        indents: Option<&Shift<'_>>,
    ) -> Result<Vec<String>, Unclear> {
        let one_by_one = operation.old.len() == operation.new.len();
        let new = self.replacement[operation.new.clone()].iter().copied();
        let line = |(offset, line): (usize, &str)| {
            let index = operation.old.start + offset;
            let place = one_by_one.then(|| places[index].clone());
            let partner = place
                .filter(|place| !place.is_empty())
                .map(|place| (self.search[index], place));
            self.new_line(line, partner, indents)
        };
        new.enumerate().map(line).collect()
    }

    /// A line that an operation writes. `partner` is the one line in whose place it comes, in the
    /// search half and in the file.
    fn new_line(
        &self,
        line: &str,
        partner: Option<(&str, Range<usize>)>,
        indents: Option<&Shift<'_>>,
    ) -> Result<String, Unclear> {
        let merges = matches!(
            self.kind,
            MatchKind::Similar { .. } | MatchKind::Typographic
        );
        let mut text = line.to_owned();
        let mut known = None;
        if let Some((searched, place)) = partner {
            let found = self.file[place.start];
            if indent_of(searched) == indent_of(line) {
                known = Some(indent_of(found).to_owned());
            }
            if merges {
                text = match tokens::merge(searched.trim(), found.trim(), line.trim()) {
                    Merged::Line(merged) => [indent_of(line), &merged].concat(),
                    Merged::Conflict => return Err(Unclear::OtherWord(place)),
                };
            }
        }
        let inner = &text[indent_of(&text).len()..];
        let Some(indents) = indents.filter(|_| !inner.is_empty()) else {
            return Ok(text);
        };
        match known.or_else(|| indents.indent(indent_of(line))) {
            Some(indent) => Ok(indent + inner),
            None => Err(Unclear::Indent(line.to_owned())),
        }
    }

    /// Whether a match is all of its line but for blanks, so that the line as a whole is meant.
    fn fills(&self, spot: &Spot, within: &Range<usize>) -> bool {
        let line = self.file[spot.lines.start];
        let is_blank = |text: &str| text.trim().is_empty();
        is_blank(&line[..within.start]) && is_blank(&line[within.end..])
    }

    /// A match together with the `;` or `,` behind it, where the search half left it out and the
    /// replacement did not: nobody wants two.
    fn extended(&self, spot: &Spot, within: &Range<usize>) -> Range<usize> {
        let behind = &self.file[spot.lines.end - 1][within.end..];
        let ends_with =
            |lines: &[&str], sign| lines.last().is_some_and(|line| line.ends_with(sign));
        let doubled = [';', ','].into_iter().any(|sign| {
            behind.starts_with(sign)
                && ends_with(self.replacement, sign)
                && !ends_with(self.search, sign)
        });
        within.start..within.end + usize::from(doubled)
    }

    /// The changes where the first and the last line of a match are parts of lines.
    fn partial(&self, lines: &Range<usize>, within: &Range<usize>) -> Result<Vec<Change>, Unclear> {
        let old = &self.file[lines.clone()];
        let (Some(first), Some(last)) = (old.first(), old.last()) else {
            return Ok(Vec::new());
        };
        let (before, behind) = (&first[..within.start], &last[within.end..]);
        let is_blank = before.trim().is_empty() && behind.trim().is_empty();
        let mut new: Vec<String> = match old {
            [_] if is_blank => self.one_line_as_several(before)?,
            _ => self
                .replacement
                .iter()
                .map(|line| (*line).to_owned())
                .collect(),
        };
        if let Some(line) = new.first_mut() {
            line.insert_str(0, before);
        } else if !is_blank {
            new.push(before.to_owned());
        }
        if let Some(line) = new.last_mut() {
            line.push_str(behind);
        }
        let new: Vec<&str> = new.iter().map(String::as_str).collect();
        let change = |operation: Operation| Change {
            lines: lines.start + operation.old.start..lines.start + operation.old.end,
            with: new[operation.new]
                .iter()
                .map(|line| (*line).to_owned())
                .collect(),
        };
        Ok(operations(old, &new).into_iter().map(change).collect())
    }

    /// The replacement of one line that was found without `before`, the blanks that the file has
    /// before it. Its further lines may be indented like the search half or like the file: what
    /// tells is that they are less deep than the file's line, or that only one of the readings
    /// puts the next line as deep as the first one asks for.
    fn one_line_as_several(&self, before: &str) -> Result<Vec<String>, Unclear> {
        let as_written = || {
            self.replacement
                .iter()
                .map(|line| (*line).to_owned())
                .collect()
        };
        let is_text = |line: &&&str| !line.trim().is_empty();
        let (Some(searched), Some((first, rest))) =
            (self.search.first(), self.replacement.split_first())
        else {
            return Ok(Vec::new());
        };
        let Some(next) = rest.iter().find(is_text).filter(|_| !before.is_empty()) else {
            return Ok(as_written());
        };
        let own = indent_of(searched);
        let full = [before, own].concat();
        let mut texts = rest.iter().filter(is_text);
        if indent_of(first) != own || !texts.all(|line| line.starts_with(&full)) {
            return self.indented_from(own, &full);
        }
        let level = level_of(self.file.iter().copied());
        let opens = first.trim_end().ends_with(['{', '(', '[', ':']);
        let asked = if opens { level } else { "" };
        let fits = |base: &str| indent_of(next).strip_prefix(base) == Some(asked);
        match (fits(&full), fits(own)) {
            (true, false) => Ok(as_written()),
            (false, true) => self.indented_from(own, &full),
            _ => Err(Unclear::Indent((*next).to_owned())),
        }
    }

    /// The replacement with `full` for `own` before all lines but the first.
    fn indented_from(&self, own: &str, full: &str) -> Result<Vec<String>, Unclear> {
        let level = level_of(self.file.iter().copied());
        let shift = Shift::of(self.replacement, &[(own, full)], level);
        let line = |(index, line): (usize, &&str)| match shift.indent(indent_of(line)) {
            _ if index == 0 || line.trim().is_empty() => Ok((*line).to_owned()),
            Some(indent) => Ok(indent + &line[indent_of(line).len()..]),
            None => Err(Unclear::Indent((*line).to_owned())),
        };
        self.replacement.iter().enumerate().map(line).collect()
    }

    /// A line with the replacement at places inside of it.
    fn inside(&self, spots: &[Spot]) -> Change {
        let index = spots[0].lines.start;
        let line = self.file[index];
        let replacement = self.replacement.join("\n");
        let mut text = String::new();
        let mut next = 0;
        for spot in spots {
            let Some(within) = &spot.within else { continue };
            text.push_str(&line[next..within.start]);
            text.push_str(&replacement);
            next = self.extended(spot, within).end;
        }
        text.push_str(&line[next..]);
        Change {
            lines: index..index + 1,
            with: text.split('\n').map(str::to_owned).collect(),
        }
    }
}
