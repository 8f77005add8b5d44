//! Where in a text the search half of an edit is: a ladder of ever more forgiving comparisons.
//! The first rung on which something matches decides, and several matches on it are several: a
//! more forgiving rung never settles what a stricter one left open. Only what the edit says of its
//! place does, see [`super::narrow`].

use std::borrow::Cow;
use std::ops::Range;

use super::apply::MatchKind;
use super::fold::folded;
use super::narrow::Narrow;
use super::similarity::{Budget, Closest, closest};
use super::tokens::is_word_sign;

/// Matches that are listed in a refusal, at most.
pub(super) const MAX_LISTED: usize = 20;

/// Matches that are looked at where the edit says more about its place.
const MAX_NARROWED: usize = 200;

/// Places that an edit replaces, in order.
#[derive(Debug, PartialEq)]
pub(super) struct Found {
    pub kind: MatchKind,
    pub places: Vec<Spot>,
}

/// Lines, 0-based, and where in the first and the last of them the match begins and ends, if it is
/// not all of them.
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

/// What is looked for, and where.
pub(super) struct Query<'t> {
    pub file: &'t [&'t str],
    /// Holds a line that is not blank.
    pub search: &'t [&'t str],
    /// Several matches are an answer only where all are asked for.
    pub all: bool,
    /// Whether the search half is lines as a whole, as a hunk of a diff is.
    pub whole_lines: bool,
    pub narrow: Narrow<'t>,
}

type Rung = fn(&Query<'_>) -> Option<Found>;

/// Byte for byte.
pub(super) const STRICT: [Rung; 2] = [exact, inside];

/// But for blanks and for signs that look alike.
const FORGIVING: [Rung; 3] = [blank_insensitive, reindented, typographic];

impl Query<'_> {
    /// Finds the search half byte for byte; `None` if it is nowhere.
    pub(super) fn strict(&self) -> Option<Result<Found, Unlocated>> {
        self.climb(&STRICT)
    }

    /// Finds the search half but for blanks and for signs that look alike.
    pub(super) fn forgiving(&self) -> Option<Result<Found, Unlocated>> {
        self.climb(&FORGIVING)
    }

    /// Finds what is most like the search half.
    pub(super) fn similar(&self, budget: &mut Budget) -> Result<Found, Unlocated> {
        let trimmed: Vec<&str> = self.file.iter().map(|line| line.trim()).collect();
        let wanted: Vec<&str> = without_blank_ends(self.search)
            .iter()
            .map(|line| line.trim())
            .collect();
        match closest(&trimmed, &wanted, budget) {
            Closest::Match(alike) => Ok(Found {
                kind: MatchKind::Similar { score: alike.score },
                places: vec![Spot::whole(alike.lines)],
            }),
            Closest::Near(nearest) => Err(Unlocated::Nowhere { nearest }),
            Closest::Nothing => Err(Unlocated::Nowhere { nearest: 0..0 }),
        }
    }

    fn climb(&self, rungs: &[Rung]) -> Option<Result<Found, Unlocated>> {
        let found = rungs.iter().find_map(|rung| rung(self))?;
        Some(self.unique_or_all(found))
    }

    fn unique_or_all(&self, mut found: Found) -> Result<Found, Unlocated> {
        if self.all || found.places.len() == 1 {
            return Ok(found);
        }
        let is_complete = found.places.len() < self.most();
        if is_complete && let Some(index) = self.narrow.choose(&found.places, self.file) {
            found.places = vec![found.places.swap_remove(index)];
            return Ok(found);
        }
        let lines = found.places.iter().map(|spot| spot.lines.start);
        Err(Unlocated::Several(lines.take(MAX_LISTED).collect()))
    }

    /// How many matches are looked for.
    const fn most(&self) -> usize {
        match (self.all, self.narrow.says_nothing()) {
            (true, _) => usize::MAX,
            (false, true) => MAX_LISTED,
            (false, false) => MAX_NARROWED,
        }
    }

    /// The exact run, where the longest line of the search half stands in one place only.
    fn few(&self) -> Option<Found> {
        let longest = (0..self.search.len()).max_by_key(|index| self.search[*index].len())?;
        let is_it = |index: &usize| self.file[*index] == self.search[longest];
        let mut lines = (0..self.file.len()).filter(is_it);
        let start = lines.next()?.checked_sub(longest)?;
        let end = start + self.search.len();
        let is_run = lines.next().is_none() && self.file.get(start..end)? == self.search;
        is_run.then(|| Found {
            kind: MatchKind::Exact,
            places: vec![Spot::whole(start..end)],
        })
    }

    /// The runs of lines whose keys are the keys of the search half. Lines without a key are
    /// passed over in both.
    fn runs(&self, kind: MatchKind, key: fn(&str) -> Option<Cow<'_, str>>) -> Option<Found> {
        let wanted: Vec<Cow<'_, str>> = self.search.iter().filter_map(|line| key(line)).collect();
        // Most searches end here: the longest line is nowhere.
        let longest = wanted.iter().max_by_key(|key| key.len())?;
        if !self
            .file
            .iter()
            .any(|line| key(line).as_ref() == Some(longest))
        {
            return None;
        }
        let keyed: Vec<(usize, Cow<'_, str>)> = self
            .file
            .iter()
            .enumerate()
            .filter_map(|(index, line)| Some((index, key(line)?)))
            .collect();
        let places: Vec<Spot> = find_runs(&keyed, &wanted, self.all, self.most())
            .into_iter()
            .map(|run| Spot::whole(keyed[run.start].0..keyed[run.end - 1].0 + 1))
            .collect();
        (!places.is_empty()).then_some(Found { kind, places })
    }
}

/// Whole lines, byte for byte. A one-line search for all takes those inside of lines along.
fn exact(query: &Query<'_>) -> Option<Found> {
    let found = match query.few() {
        Some(found) => found,
        None => query.runs(MatchKind::Exact, |line| Some(line.into()))?,
    };
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

/// The text of a one-line search inside of lines; of a longer one, where only its first and its
/// last line are parts of lines.
fn inside(query: &Query<'_>) -> Option<Found> {
    if query.whole_lines {
        return None;
    }
    let mut places = if without_blank_ends(query.search).len() == 1 {
        occurrences(query)
    } else {
        partial_runs(query)
    };
    places.truncate(query.most());
    (!places.is_empty()).then_some(Found {
        kind: MatchKind::WithinLine,
        places,
    })
}

fn occurrences(query: &Query<'_>) -> Vec<Spot> {
    let wanted = without_blank_ends(query.search)[0];
    let has_words = wanted.trim().contains(char::is_whitespace);
    let mut places = Vec::new();
    for (index, line) in query.file.iter().enumerate() {
        // Setting up a search costs as much as what is searched for is long.
        if line.len() < wanted.len() {
            continue;
        }
        for (at, found) in line.match_indices(wanted) {
            // Several words are a piece of code, and code does not begin or end inside of a word. A
            // single one may be what a name begins with, but no number, and not its end.
            let end = at + found.len();
            let is_cut = cuts_word(line, at) || cuts_number(line, end);
            if is_cut && !query.all || has_words && cuts_word(line, end) {
                continue;
            }
            let whole = found.len() == line.len();
            places.push(Spot {
                lines: index..index + 1,
                within: (!whole).then_some(at..at + found.len()),
            });
        }
    }
    places
}

/// Whether a word stands across byte `at`.
fn cuts_word(text: &str, at: usize) -> bool {
    text[..at].ends_with(is_word_sign) && text[at..].starts_with(is_word_sign)
}

/// Whether a number stands across byte `at`.
fn cuts_number(text: &str, at: usize) -> bool {
    let (before, behind) = (&text[..at], &text[at..]);
    let is_digit = |sign: char| sign.is_ascii_digit();
    let point = |text: &str| {
        text.strip_prefix('.')
            .is_some_and(|rest| rest.starts_with(is_digit))
    };
    let pointed = |text: &str| {
        text.strip_suffix('.')
            .is_some_and(|rest| rest.ends_with(is_digit))
    };
    (before.ends_with(is_digit) && (behind.starts_with(is_digit) || point(behind)))
        || (pointed(before) && behind.starts_with(is_digit))
}

/// Matches that begin or end inside of a line, and inside of no word.
fn partial_runs(query: &Query<'_>) -> Vec<Spot> {
    let search = without_blank_ends(query.search);
    let needle = search.join("\n");
    let text = query.file.join("\n");
    let mut starts = Vec::with_capacity(query.file.len());
    let mut next = 0;
    for line in query.file {
        starts.push(next);
        next += line.len() + 1;
    }
    text.match_indices(&needle)
        .filter(|(at, found)| !cuts_word(&text, *at) && !cuts_word(&text, at + found.len()))
        .map(|(at, found)| {
            let first = starts
                .partition_point(|start| *start <= at)
                .saturating_sub(1);
            let last = first + search.len() - 1;
            let within = at - starts[first]..at + found.len() - starts[last];
            let is_whole = within.start == 0 && within.end == query.file[last].len();
            Spot {
                lines: first..last + 1,
                within: (!is_whole).then_some(within),
            }
        })
        .filter(|spot| spot.within.is_some())
        .take(query.most())
        .collect()
}

/// Lines byte for byte, blank ones passed over.
fn blank_insensitive(query: &Query<'_>) -> Option<Found> {
    query.runs(MatchKind::BlankInsensitive, |line| {
        (!line.trim().is_empty()).then_some(line.into())
    })
}

/// Lines without the blanks around them, blank ones passed over.
fn reindented(query: &Query<'_>) -> Option<Found> {
    query.runs(MatchKind::Reindented, |line| {
        Some(line.trim().into()).filter(|line: &Cow<'_, str>| !line.is_empty())
    })
}

/// The same, with the plain form of quotes, dashes and the like.
fn typographic(query: &Query<'_>) -> Option<Found> {
    let is_plain = |lines: &[&str]| lines.iter().all(|line| line.is_ascii());
    if is_plain(query.search) && is_plain(query.file) {
        return None;
    }
    query.runs(MatchKind::Typographic, |line| {
        match folded(line) {
            Cow::Borrowed(line) => Some(line.trim().into()),
            Cow::Owned(line) => Some(line.trim().to_owned().into()),
        }
        .filter(|line: &Cow<'_, str>| !line.is_empty())
    })
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

/// Where the keys `wanted` stand one after the other in `keyed`, `most` times at most. Left to the
/// search of one string in another, which is linear, with line breaks around every key.
///
/// For a replacement of all, matches do not overlap; otherwise they may, because two that do are
/// as ambiguous as two that do not.
fn find_runs(
    keyed: &[(usize, Cow<'_, str>)],
    wanted: &[Cow<'_, str>],
    all: bool,
    most: usize,
) -> Vec<Range<usize>> {
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
    while runs.len() < most
        && let Some(found) = text[position..].find(&needle)
    {
        let at = position + found;
        let first = starts.partition_point(|start| *start < at);
        runs.push(first..first + wanted.len());
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
        let query = Query {
            file: &file,
            search: &search,
            all,
            whole_lines: false,
            narrow: Narrow::default(),
        };
        let found = match query.strict().or_else(|| query.forgiving()) {
            Some(found) => found?,
            None => query.similar(&mut Budget::default())?,
        };
        let lines = found.places.iter().map(|spot| spot.lines.start).collect();
        Ok((found.kind, lines))
    }

    #[test]
    fn the_strictest_rung_that_matches_decides() {
        use MatchKind::{BlankInsensitive, Exact, Reindented, Typographic, WithinLine};
        for (file, search, kind, line) in [
            ("a\nab\n", "a", Exact, 0),
            ("x(a)y\nb\n", "a", WithinLine, 0),
            ("x(a)y\nb\n", "\na\n", WithinLine, 0),
            ("a\n\nb\n", "a\nb", BlankInsensitive, 0),
            ("x\na\nb\n", "\na\nb\n\n", BlankInsensitive, 1),
            ("x\n\ta\n\tb \n", "a\nb", Reindented, 1),
            ("  f(a,\n  b)\n", "f(a,\n  b)", WithinLine, 0),
            ("x = f(a,\n  b);\n", "f(a,\n  b)", WithinLine, 0),
            ("say(\"hi\")\n", " say(“hi”)", Typographic, 0),
            ("a – b\u{a0}c\n", "a - b c", Typographic, 0),
            ("cafe\u{301}\n", "caf\u{e9}", Typographic, 0),
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
            ("x.a y.a\nb\nz.a\n", "a", vec![0, 0, 2]),
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
