//! Where a change's hunks lie in a text that has moved on since.
//!
//! The text that the change was made against, with what of it was accepted already, is compared
//! with the text as it is now. A hunk whose lines are all still there, next to each other, moves
//! with them; a hunk whose lines were touched is in conflict. Nothing is ever placed by guessing.
//!
//! **Invariant.** Applying placed hunks changes no line but theirs.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memmem;

use super::Hunk;
use super::stretches::{Stretch, stretches};
use super::text::{
    Lines, Replacement, Shift, TextChange, line_starts, line_starts_near, text_with, unified,
};

/// Where a hunk is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// It replaces these lines of the current text, counted from 0.
    At(Range<usize>),
    /// The current text holds it already.
    There,
    Conflict,
}

/// A hunk that is not decided, and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    pub hunk: Hunk,
    pub place: Place,
}

/// A change whose lines are counted, to be placed in one text after the other.
#[derive(Debug)]
pub struct Prepared {
    pub change: TextChange,
    base: Vec<usize>,
    after: Vec<usize>,
    /// The base with what was accepted of it; none where that is nothing.
    expected: Option<(String, Vec<usize>)>,
}

impl Prepared {
    pub fn new(change: TextChange) -> Self {
        let starts = |text: Option<&str>| line_starts(text.unwrap_or(""));
        let expected = change.hunks.iter().any(Hunk::is_accepted).then(|| {
            let text = change.text_with(Hunk::is_accepted);
            let starts = line_starts(&text);
            (text, starts)
        });
        Self {
            base: starts(change.base.as_deref()),
            after: starts(Some(&change.after)),
            expected,
            change,
        }
    }

    pub fn base(&self) -> Lines<'_> {
        Lines::known(self.change.base.as_deref().unwrap_or(""), &self.base)
    }

    pub fn after(&self) -> Lines<'_> {
        Lines::known(&self.change.after, &self.after)
    }

    /// The text in which the open hunks lie where they were made for.
    fn expected(&self) -> Lines<'_> {
        match &self.expected {
            Some((text, starts)) => Lines::known(text, starts),
            None => self.base(),
        }
    }

    /// Where the lines of the current text begin.
    pub fn line_starts(&self, current: &str) -> Vec<usize> {
        line_starts_near(current, &self.expected())
    }

    /// Places the open hunks. `current` is none where there is no file.
    pub fn place(&self, current: Option<&Lines<'_>>) -> Vec<Placed> {
        let hunks = &self.change.hunks;
        let open = || hunks.iter().filter(|hunk| hunk.is_open());
        let nothing = Lines::of("");
        let Some(now) = current.or_else(|| self.change.base.is_none().then_some(&nothing)) else {
            let lost = |hunk: &Hunk| Placed {
                hunk: hunk.clone(),
                place: Place::Conflict,
            };
            return open().map(lost).collect();
        };
        let moves = Moves::between(&self.expected(), now);
        let mut shift = Shift::default();
        let mut placed = Vec::new();
        for hunk in hunks {
            if hunk.is_accepted() {
                shift.grow(hunk);
            }
            if !hunk.is_open() {
                continue;
            }
            let start = shift.of(hunk.before.start);
            let place = match moves.follow(&(start..start + hunk.before.len())) {
                Some(range) => Place::At(range),
                None if self.may_be_there(hunk, now) && self.is_there(hunk, now) => Place::There,
                None => Place::Conflict,
            };
            placed.push(Placed {
                hunk: hunk.clone(),
                place,
            });
        }
        placed
    }

    /// False: the text has not even the lines that the hunk adds.
    fn may_be_there(&self, hunk: &Hunk, now: &Lines<'_>) -> bool {
        let added = self.after().span(hunk.after.clone());
        memmem::find(now.text().as_bytes(), added.as_bytes()).is_some()
    }

    fn is_there(&self, hunk: &Hunk, now: &Lines<'_>) -> bool {
        self.holds(|other| other.id == hunk.id, now)
    }

    /// See [`holds`].
    fn holds(&self, wanted: impl Fn(&Hunk) -> bool, now: &Lines<'_>) -> bool {
        let there = |hunk: &Hunk| hunk.is_accepted() || (hunk.is_open() && wanted(hunk));
        let hunks = &self.change.hunks;
        let mut expected = text_with(hunks, there, &self.base(), &self.after());
        if shows(hunks, there, &Lines::of(&expected), now) {
            return true;
        }
        // A proposed text that ends without a break gets one where the user's goes on behind it.
        if expected.is_empty() || expected.ends_with('\n') {
            return false;
        }
        expected.push('\n');
        shows(hunks, there, &Lines::of(&expected), now)
    }

    /// The current text with the placed hunks applied. Hunks that are there or in conflict are left out.
    pub fn applied(&self, placed: &[Placed], now: &Lines<'_>) -> String {
        let mut text = String::with_capacity(now.text().len());
        let mut at = 0;
        for Replacement { lines, with } in self.replacements(placed, now.count()) {
            text.push_str(now.span(at..lines.start));
            if !with.is_empty() && !text.is_empty() && !text.ends_with('\n') {
                // The user's text ends here without a break; the proposed one goes on.
                text.push('\n');
            }
            text.extend(with);
            at = lines.end;
        }
        text.push_str(now.span(at..now.count()));
        text
    }

    /// The unified diff that leads from the current text to the one with the placed hunks applied.
    pub fn patch(&self, path: &str, placed: &[Placed], current: Option<&Lines<'_>>) -> String {
        let nothing = Lines::of("");
        let now = current.unwrap_or(&nothing);
        let replacements = self.replacements(placed, now.count());
        unified(path, current.is_some(), now, &replacements)
    }

    /// What the placed hunks replace in a text of so many lines.
    fn replacements(&self, placed: &[Placed], lines: usize) -> Vec<Replacement<'_>> {
        let after = self.after();
        let mut replacements = Vec::new();
        for Placed { hunk, place } in placed {
            let Place::At(range) = place else {
                continue;
            };
            let mut with: Vec<Cow<'_, str>> =
                after.each(hunk.after.clone()).map(Cow::Borrowed).collect();
            if let Some(last) = with.last_mut()
                && range.end < lines
                && !last.ends_with('\n')
            {
                // The proposed text ended here without a break; the user's goes on.
                last.to_mut().push('\n');
            }
            replacements.push(Replacement {
                lines: range.clone(),
                with,
            });
        }
        replacements
    }
}

/// Places the open hunks of a change. `current` is none where there is no file.
pub fn place(change: &TextChange, current: Option<&str>) -> Vec<Placed> {
    Prepared::new(change.clone()).place(current.map(Lines::of).as_ref())
}

/// Whether the text holds the open hunks that `wanted` picks, on top of those that were accepted.
pub fn holds(change: &TextChange, wanted: impl Fn(&Hunk) -> bool, current: &str) -> bool {
    Prepared::new(change.clone()).holds(wanted, &Lines::of(current))
}

/// Whether a text has the lines of the open hunks that are `there` together, where it has what is
/// `expected`.
fn shows(
    hunks: &[Hunk],
    there: impl Fn(&Hunk) -> bool,
    expected: &Lines<'_>,
    now: &Lines<'_>,
) -> bool {
    if expected.text() == now.text() {
        return true;
    }
    let moves = Moves::between(expected, now);
    let mut shift = Shift::default();
    hunks.iter().filter(|hunk| there(hunk)).all(|hunk| {
        let start = shift.of(hunk.before.start);
        shift.grow(hunk);
        hunk.is_accepted() || moves.follow(&(start..start + hunk.after.len())).is_some()
    })
}

/// A text has changed where a hunk would change it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conflict;

/// The current text with the open hunks that `wanted` picks in it; none where it holds them already.
/// One of them that has no place any more stops all of them.
pub fn merged(
    change: &TextChange,
    wanted: impl Fn(&Hunk) -> bool,
    current: Option<&str>,
) -> Result<Option<String>, Conflict> {
    let prepared = Prepared::new(change.clone());
    let now = current.map(Lines::of);
    let mut placed = prepared.place(now.as_ref());
    placed.retain(|placed| wanted(&placed.hunk));
    if placed.iter().any(|placed| placed.place == Place::Conflict) {
        return Err(Conflict);
    }
    // A file that is to come into being is made even where it has no line.
    let creates = current.is_none();
    let moved = placed.iter().any(|p| matches!(p.place, Place::At(_)));
    let now = now.unwrap_or_else(|| Lines::of(""));
    Ok((moved || creates).then(|| prepared.applied(&placed, &now)))
}

/// Which lines of one text are lines of another.
struct Moves {
    /// Equal stretches: the start in the old text, in the new one, and how many lines.
    equal: Vec<Stretch>,
    old: usize,
    new: usize,
}

impl Moves {
    /// The heads and tails that two texts share are set aside first: what is left of a text in which
    /// somebody types is a few lines.
    fn between(old: &Lines<'_>, new: &Lines<'_>) -> Self {
        let (olds, news) = (old.count(), new.count());
        let (head, tail) = old.shared_with(new);
        let mut equal = vec![(0, 0, head)];
        let middle = stretches(old.each(head..olds - tail), new.each(head..news - tail));
        equal.extend(
            middle
                .into_iter()
                .map(|(old, new, len)| (head + old, head + new, len)),
        );
        equal.push((olds - tail, news - tail, tail));
        Self {
            equal: joined(equal),
            old: olds,
            new: news,
        }
    }

    /// Where a stretch of old lines lies now: all of them, together and unchanged. An empty stretch
    /// is the gap between two lines that are still neighbours.
    fn follow(&self, range: &Range<usize>) -> Option<Range<usize>> {
        if range.is_empty() {
            return self.gap(range.start).map(|at| at..at);
        }
        self.equal.iter().find_map(|&(old, new, len)| {
            (old <= range.start && range.end <= old + len)
                .then(|| range.start - old + new..range.end - old + new)
        })
    }

    fn gap(&self, at: usize) -> Option<usize> {
        let before = match at {
            0 => Some(0),
            at => self.line(at - 1).map(|line| line + 1),
        };
        let after = if at == self.old {
            Some(self.new)
        } else {
            self.line(at)
        };
        match (before, after) {
            (Some(before), Some(after)) if before == after => Some(before),
            _ => None,
        }
    }

    fn line(&self, at: usize) -> Option<usize> {
        self.equal
            .iter()
            .find(|(old, _, len)| (*old..old + len).contains(&at))
            .map(|(old, new, _)| at - old + new)
    }
}

/// Stretches that follow each other in both texts are one.
fn joined(stretches: Vec<Stretch>) -> Vec<Stretch> {
    let mut joined: Vec<Stretch> = Vec::new();
    for (old, new, len) in stretches {
        match joined.last_mut() {
            Some(last) if last.0 + last.2 == old && last.1 + last.2 == new => last.2 += len,
            _ => joined.push((old, new, len)),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::entries::Decision;

    fn applied(change: &TextChange, placed: &[Placed], current: &str) -> String {
        Prepared::new(change.clone()).applied(placed, &Lines::of(current))
    }

    fn rebased(change: &TextChange, current: Option<&str>) -> String {
        let placed = place(change, current);
        if placed.iter().any(|placed| placed.place == Place::Conflict) {
            return "conflict".to_owned();
        }
        applied(change, &placed, current.unwrap_or(""))
    }

    #[test]
    fn a_proposal_follows_the_text() {
        let table = [
            // base, after, current, expected
            ("a\nb\nc\n", "a\nB\nc\n", "a\nb\nc\n", "a\nB\nc\n"),
            ("a\nb\nc\n", "a\nB\nc\n", "x\na\nb\nc\n", "x\na\nB\nc\n"),
            ("a\nb\nc\n", "a\nB\nc\n", "a\nb!\nc\n", "conflict"),
            ("a\nb\nc\n", "a\nB\nc\n", "a\nB\nc\n", "a\nB\nc\n"),
            ("a\nb\n", "a\nnew\nb\n", "a\nb\nc\n", "a\nnew\nb\nc\n"),
            ("a\nb\n", "a\nnew\nb\n", "a\nmine\nb\n", "conflict"),
            ("a\nb\n", "a\n", "a\nb\nc\n", "a\nc\n"),
            ("a", "a\nb", "a", "a\nb"),
            ("a\n", "", "a\n", ""),
        ];
        for (base, after, current, expected) in table {
            let change = TextChange::between(Some(base), after);
            assert_eq!(
                rebased(&change, Some(current)),
                expected,
                "{base:?} {current:?}"
            );
        }
    }

    #[test]
    fn a_new_file_conflicts_with_one_that_came_into_being_meanwhile() {
        let new = TextChange::between(None, "x\n");
        assert_eq!(rebased(&new, None), "x\n");
        assert_eq!(rebased(&new, Some("")), "x\n");
        assert_eq!(rebased(&new, Some("mine\n")), "conflict");
        assert_eq!(rebased(&new, Some("x\n")), "x\n");
        assert_eq!(
            rebased(&TextChange::between(Some("a\n"), "b\n"), None),
            "conflict"
        );
    }

    #[test]
    fn the_rest_of_a_half_accepted_proposal_goes_on() {
        let mut change = TextChange::between(Some("a\nb\nc\nd\n"), "a1\na2\nb\nc\nD\n");
        change.hunks[0].decision = Some(Decision::Accepted);
        assert_eq!(
            rebased(&change, Some("a1\na2\nb\nc\nd\n")),
            "a1\na2\nb\nc\nD\n"
        );
        assert!(!holds(&change, |h| h.id == "h2", "a1\na2\nb\nc\nd\n"));
        assert!(holds(&change, |h| h.id == "h2", "mine\na1\na2\nb\nc\nD\n"));
    }

    #[test]
    fn what_ends_without_a_break_is_found_where_the_user_goes_on_behind_it() {
        let change = TextChange::between(Some("a\nb\n"), "A");
        let placed = place(&change, Some("a\nb\n\n"));
        let text = applied(&change, &placed, "a\nb\n\n");
        assert_eq!(text, "A\n\n");
        assert!(holds(&change, |_| true, &text));
        assert!(!holds(&change, |_| true, "a\nb\n\n"));
    }

    proptest! {
        #[test]
        fn where_both_find_a_clean_result_it_is_the_three_way_merge(
            base in "([abc]\n){0,8}",
            after in "([abcx]\n){0,8}",
            current in "([abcy]\n){0,8}",
        ) {
            let change = TextChange::between(Some(&base), &after);
            let ours = rebased(&change, Some(&current));
            let mut theirs = diffy::MergeOptions::new();
            theirs.set_conflict_style(diffy::ConflictStyle::Merge);
            if let (true, Ok(merged)) = (ours != "conflict", theirs.merge(&base, &after, &current)) {
                // The two may align repeated lines differently; then both must hold every line of
                // the user's that is not the proposal's to remove.
                let count = |text: &str, c: char| text.chars().filter(|x| *x == c).count();
                prop_assert_eq!(count(&ours, 'y'), count(&current, 'y'));
                prop_assert_eq!(count(&merged, 'y'), count(&current, 'y'));
            }
        }

        #[test]
        fn an_applied_proposal_is_found_there(
            base in "([abc]\n){0,8}",
            after in "([abcx]\n){0,8}",
            current in "([abcy]\n){0,8}",
        ) {
            let change = TextChange::between(Some(&base), &after);
            let placed = place(&change, Some(&current));
            let at: Vec<&str> = placed
                .iter()
                .filter(|p| matches!(p.place, Place::At(_)))
                .map(|p| p.hunk.id.as_str())
                .collect();
            let text = applied(&change, &placed, &current);
            let y = |text: &str| text.matches('y').count();
            prop_assert_eq!(y(&text), y(&current), "a line of the user's was lost");
            if at.len() == change.hunks.len() && base == current {
                prop_assert!(holds(&change, |h| at.contains(&h.id.as_str()), &text));
            }
        }

        #[test]
        fn a_hunk_that_has_no_place_is_there_where_the_text_holds_it_and_else_in_conflict(
            base in "([abc]\n){0,8}[ab]?",
            after in "([abcx]\n){0,8}[ax]?",
            current in "([abcxy]\n){0,8}[ay]?",
        ) {
            let change = TextChange::between(Some(&base), &after);
            for Placed { hunk, place } in place(&change, Some(&current)) {
                let is_held = || holds(&change, |other| other.id == hunk.id, &current);
                match place {
                    Place::At(_) => {}
                    Place::There => prop_assert!(is_held()),
                    Place::Conflict => prop_assert!(!is_held()),
                }
            }
        }
    }
}
