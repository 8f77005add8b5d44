//! Where in a text the search half of an edit is: a ladder of ever more forgiving comparisons.
//! The first rung on which something matches decides, and several matches on it are several: a
//! more forgiving rung never settles what a stricter one left open.

use std::ops::Range;

use super::apply::MatchKind;
use super::similarity::{Closest, closest};

/// Matches that are listed in a refusal, at most.
pub(super) const MAX_LISTED: usize = 20;

/// Places that an edit replaces, in order.
#[derive(Debug, PartialEq)]
pub(super) struct Found {
    pub kind: MatchKind,
    pub places: Vec<Spot>,
}

/// Lines, 0-based, or bytes within one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spot {
    pub lines: Range<usize>,
    pub within: Option<Range<usize>>,
}

impl Spot {
    const fn whole(lines: Range<usize>) -> Self {
        Self {
            lines,
            within: None,
        }
    }
}

/// Why there is no place to edit. Lines are 0-based.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unlocated {
    Several(Vec<usize>),
    Nowhere { nearest: Range<usize> },
}

/// Finds `search` in `file`. Several matches are an answer only where `all` asks for all.
/// `search` holds a line that is not blank.
pub(super) fn locate(file: &[&str], search: &[&str], all: bool) -> Result<Found, Unlocated> {
    let rungs: [fn(&Query<'_>) -> Option<Found>; 4] =
        [exact, within_line, blank_insensitive, reindented];
    let query = Query { file, search, all };
    for rung in rungs {
        if let Some(found) = rung(&query) {
            return query.unique_or_all(found);
        }
    }
    similar(file, search)
}

struct Query<'t> {
    file: &'t [&'t str],
    search: &'t [&'t str],
    all: bool,
}

impl Query<'_> {
    fn unique_or_all(&self, found: Found) -> Result<Found, Unlocated> {
        if self.all || found.places.len() == 1 {
            return Ok(found);
        }
        let lines = found.places.iter().map(|spot| spot.lines.start);
        Err(Unlocated::Several(lines.collect()))
    }

    /// The runs of lines whose keys are the keys of the search half. Lines without a key are
    /// passed over in both.
    fn runs<'t>(&'t self, kind: MatchKind, key: fn(&'t str) -> Option<&'t str>) -> Option<Found> {
        let wanted: Vec<&str> = self.search.iter().copied().filter_map(key).collect();
        let keyed: Vec<(usize, &str)> = self
            .file
            .iter()
            .enumerate()
            .filter_map(|(index, line)| Some((index, key(line)?)))
            .collect();
        let places: Vec<Spot> = find_runs(&keyed, &wanted, self.all)
            .into_iter()
            .map(|run| Spot::whole(keyed[run.start].0..keyed[run.end - 1].0 + 1))
            .collect();
        (!places.is_empty()).then_some(Found { kind, places })
    }
}

/// Whole lines, byte for byte. A one-line search for all takes those inside of lines along.
fn exact(query: &Query<'_>) -> Option<Found> {
    let found = query.runs(MatchKind::Exact, Some)?;
    if query.all && query.search.len() == 1 {
        let inside = occurrences(query);
        if inside.iter().any(|spot| spot.within.is_some()) {
            return Some(Found {
                kind: MatchKind::WithinLine,
                places: inside,
            });
        }
    }
    Some(found)
}

/// The text of a one-line search inside of lines.
fn within_line(query: &Query<'_>) -> Option<Found> {
    if without_blank_ends(query.search).len() != 1 {
        return None;
    }
    let mut places = occurrences(query);
    if !query.all {
        places.truncate(MAX_LISTED);
    }
    (!places.is_empty()).then_some(Found {
        kind: MatchKind::WithinLine,
        places,
    })
}

fn occurrences(query: &Query<'_>) -> Vec<Spot> {
    let wanted = without_blank_ends(query.search)[0];
    let mut places = Vec::new();
    for (index, line) in query.file.iter().enumerate() {
        for (at, found) in line.match_indices(wanted) {
            let whole = found.len() == line.len();
            places.push(Spot {
                lines: index..index + 1,
                within: (!whole).then_some(at..at + found.len()),
            });
        }
    }
    places
}

/// Lines byte for byte, blank ones passed over.
fn blank_insensitive(query: &Query<'_>) -> Option<Found> {
    query.runs(MatchKind::BlankInsensitive, |line| {
        (!line.trim().is_empty()).then_some(line)
    })
}

/// Lines without the blanks around them, blank ones passed over.
fn reindented(query: &Query<'_>) -> Option<Found> {
    query.runs(MatchKind::Reindented, |line| {
        Some(line.trim()).filter(|line| !line.is_empty())
    })
}

fn similar(file: &[&str], search: &[&str]) -> Result<Found, Unlocated> {
    let trimmed: Vec<&str> = file.iter().map(|line| line.trim()).collect();
    let wanted: Vec<&str> = without_blank_ends(search)
        .iter()
        .map(|line| line.trim())
        .collect();
    match closest(&trimmed, &wanted) {
        Closest::Match(alike) => Ok(Found {
            kind: MatchKind::Similar { score: alike.score },
            places: vec![Spot::whole(alike.lines)],
        }),
        Closest::Near(nearest) => Err(Unlocated::Nowhere { nearest }),
        Closest::Nothing => Err(Unlocated::Nowhere { nearest: 0..0 }),
    }
}

/// `lines` without the blank ones at both ends.
pub(super) fn without_blank_ends<'s, 't>(lines: &'s [&'t str]) -> &'s [&'t str] {
    let is_text = |line: &&str| !line.trim().is_empty();
    let start = lines.iter().position(is_text).unwrap_or(lines.len());
    let end = lines
        .iter()
        .rposition(is_text)
        .map_or(start, |last| last + 1);
    &lines[start..end]
}

/// Where the keys `wanted` stand one after the other in `keyed`. Left to the search of one string
/// in another, which is linear, with line breaks around every key.
///
/// For a replacement of all, matches do not overlap; otherwise they may, because two that do are
/// as ambiguous as two that do not.
fn find_runs(keyed: &[(usize, &str)], wanted: &[&str], all: bool) -> Vec<Range<usize>> {
    let mut text = String::from("\n");
    let mut starts = Vec::with_capacity(keyed.len());
    for (_, key) in keyed {
        starts.push(text.len() - 1);
        text.push_str(key);
        text.push('\n');
    }
    let needle = ["\n", &wanted.join("\n"), "\n"].concat();
    let mut runs = Vec::new();
    let mut position = 0;
    while let Some(found) = text[position..].find(&needle) {
        let at = position + found;
        let first = starts.partition_point(|start| *start < at);
        runs.push(first..first + wanted.len());
        if !all && runs.len() == MAX_LISTED {
            break;
        }
        position = at + if all { needle.len() - 1 } else { 1 };
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_found(
        file: &str,
        search: &str,
        all: bool,
    ) -> Result<(MatchKind, Vec<usize>), Unlocated> {
        let file: Vec<&str> = file.lines().collect();
        let search: Vec<&str> = search.split('\n').collect();
        let found = locate(&file, &search, all)?;
        let lines = found.places.iter().map(|spot| spot.lines.start).collect();
        Ok((found.kind, lines))
    }

    #[test]
    fn the_strictest_rung_that_matches_decides() {
        use MatchKind::{BlankInsensitive, Exact, Reindented, WithinLine};
        for (file, search, kind, line) in [
            ("a\nab\n", "a", Exact, 0),
            ("xay\nb\n", "a", WithinLine, 0),
            ("xay\nb\n", "\na\n", WithinLine, 0),
            ("a\n\nb\n", "a\nb", BlankInsensitive, 0),
            ("x\na\nb\n", "\na\nb\n\n", BlankInsensitive, 1),
            ("x\n\ta\n\tb \n", "a\nb", Reindented, 1),
        ] {
            assert_eq!(
                lines_found(file, search, false),
                Ok((kind, vec![line])),
                "{file:?} {search:?}"
            );
        }
    }

    #[test]
    fn several_matches_are_named_unless_all_are_meant() {
        for (file, search, lines) in [
            ("a\nb\na\n", "a", vec![0, 2]),
            ("xa ya\nb\nza\n", "a", vec![0, 0, 2]),
            ("a\na\na\n", "a\na", vec![0, 1]),
            (" a\n\ta b\n", "a\n", vec![0, 1]),
            ("\ta\n\tb\n a\n b\n", "a\nb", vec![0, 2]),
        ] {
            let found = lines_found(file, search, false);
            assert_eq!(found, Err(Unlocated::Several(lines)), "{file:?} {search:?}");
        }
        assert_eq!(
            lines_found("a\nxa\nb\na\n", "a", true),
            Ok((MatchKind::WithinLine, vec![0, 1, 3]))
        );
        assert_eq!(
            lines_found("a\na\na\n", "a\na", true),
            Ok((MatchKind::Exact, vec![0]))
        );
    }

    #[test]
    fn nothing_alike_is_found_nowhere() {
        assert_eq!(
            lines_found("abc\ndef\n", "0123456789", false),
            Err(Unlocated::Nowhere { nearest: 0..0 })
        );
    }
}
