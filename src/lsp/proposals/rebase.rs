//! Where a proposal's hunks lie in a text that has moved on since.
//!
//! The text that the proposal was made against, with what of it was accepted already, is compared
//! with the text as it is now. A hunk whose lines are all still there, next to each other, moves
//! with them; a hunk whose lines were touched is in conflict. Nothing is ever placed by guessing.
//!
//! **Invariant.** Applying placed hunks changes no line but theirs.

use std::ops::Range;

use similar::{Algorithm, DiffOp, capture_diff_slices};

use crate::entries::proposal::lines;
use crate::entries::{Decision, Hunk, Proposal};

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
pub struct Placed<'p> {
    pub hunk: &'p Hunk,
    pub place: Place,
}

/// Places the open hunks of a proposal. `current` is none where there is no file.
pub fn place<'p>(proposal: &'p Proposal, current: Option<&str>) -> Vec<Placed<'p>> {
    let Some(current) = current.or_else(|| proposal.base.is_none().then_some("")) else {
        return proposal
            .open_hunks()
            .map(|hunk| Placed {
                hunk,
                place: Place::Conflict,
            })
            .collect();
    };
    let now = lines(current);
    let accepted = |hunk: &Hunk| hunk.decision == Some(Decision::Accepted);
    let base = proposal.text_with(accepted);
    let from_base = Moves::between(&lines(&base), &now);
    proposal
        .open_hunks()
        .map(|hunk| {
            let before = shifted(proposal, hunk, accepted);
            let place = match from_base.follow(&before) {
                Some(range) => Place::At(range),
                None if holds(proposal, |h| h.id == hunk.id, current) => Place::There,
                None => Place::Conflict,
            };
            Placed { hunk, place }
        })
        .collect()
}

/// Whether the text holds the hunks that `wanted` picks, on top of those that were accepted.
pub fn holds(proposal: &Proposal, wanted: impl Fn(&Hunk) -> bool, current: &str) -> bool {
    let there = |hunk: &Hunk| hunk.decision == Some(Decision::Accepted) || wanted(hunk);
    let expected = proposal.text_with(there);
    if expected == current {
        return true;
    }
    let moves = Moves::between(&lines(&expected), &lines(current));
    proposal
        .hunks
        .iter()
        .filter(|hunk| hunk.is_open() && wanted(hunk))
        .all(|hunk| {
            let after = shifted_after(proposal, hunk, there);
            moves.follow(&after).is_some()
        })
}

/// The current text with the placed hunks applied. Hunks that are there or in conflict are left out.
pub fn applied(proposal: &Proposal, placed: &[Placed<'_>], current: &str) -> String {
    let (now, after) = (lines(current), proposal.after_lines());
    let mut text = String::new();
    let mut at = 0;
    for Placed { hunk, place } in placed {
        if let Place::At(range) = place {
            text.extend(now[at..range.start].iter().copied());
            text.extend(after[hunk.after.clone()].iter().copied());
            if range.end < now.len() && !text.is_empty() && !text.ends_with('\n') {
                // The proposed text ended here without a break; the user's goes on.
                text.push('\n');
            }
            at = range.end;
        }
    }
    text.extend(now[at..].iter().copied());
    text
}

/// The lines of a hunk in the base with the accepted hunks applied.
fn shifted(proposal: &Proposal, hunk: &Hunk, applied: impl Fn(&Hunk) -> bool) -> Range<usize> {
    let (added, removed) = grown_before(proposal, hunk, applied);
    hunk.before.start + added - removed..hunk.before.end + added - removed
}

/// The lines that a hunk puts into the base, counted in the base with `applied` hunks applied.
fn shifted_after(
    proposal: &Proposal,
    hunk: &Hunk,
    applied: impl Fn(&Hunk) -> bool,
) -> Range<usize> {
    let (added, removed) = grown_before(proposal, hunk, applied);
    let start = hunk.before.start + added - removed;
    start..start + hunk.after.len()
}

/// How many lines the applied hunks before this one add and remove.
fn grown_before(
    proposal: &Proposal,
    hunk: &Hunk,
    applied: impl Fn(&Hunk) -> bool,
) -> (usize, usize) {
    proposal
        .hunks
        .iter()
        .take_while(|other| other.id != hunk.id)
        .filter(|other| applied(other))
        .fold((0, 0), |(added, removed), other| {
            (added + other.after.len(), removed + other.before.len())
        })
}

/// Which lines of one text are lines of another.
struct Moves {
    /// Equal stretches: the start in the old text, in the new one, and how many lines.
    equal: Vec<(usize, usize, usize)>,
    old: usize,
    new: usize,
}

impl Moves {
    fn between(old: &[&str], new: &[&str]) -> Self {
        let equal = capture_diff_slices(Algorithm::Patience, old, new)
            .into_iter()
            .filter_map(|op| match op {
                DiffOp::Equal {
                    old_index,
                    new_index,
                    len,
                } => Some((old_index, new_index, len)),
                _ => None,
            })
            .collect();
        Self {
            equal,
            old: old.len(),
            new: new.len(),
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::entries::proposal::hunks_between;
    use crate::entries::{Action, EntryPath, RunId, TurnNumber};

    fn proposal(base: Option<&str>, after: &str) -> Proposal {
        Proposal {
            run: RunId(1),
            path: EntryPath::log(TurnNumber(1), "set", "a"),
            turn: None,
            action: Action::Set,
            target: EntryPath::file("a").unwrap(),
            base: base.map(str::to_owned),
            after: after.to_owned(),
            hunks: hunks_between(base, after),
        }
    }

    fn rebased(proposal: &Proposal, current: Option<&str>) -> String {
        let placed = place(proposal, current);
        if placed.iter().any(|placed| placed.place == Place::Conflict) {
            return "conflict".to_owned();
        }
        applied(proposal, &placed, current.unwrap_or(""))
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
            let proposal = proposal(Some(base), after);
            assert_eq!(
                rebased(&proposal, Some(current)),
                expected,
                "{base:?} {current:?}"
            );
        }
    }

    #[test]
    fn a_new_file_conflicts_with_one_that_came_into_being_meanwhile() {
        let new = proposal(None, "x\n");
        assert_eq!(rebased(&new, None), "x\n");
        assert_eq!(rebased(&new, Some("")), "x\n");
        assert_eq!(rebased(&new, Some("mine\n")), "conflict");
        assert_eq!(rebased(&new, Some("x\n")), "x\n");
        assert_eq!(rebased(&proposal(Some("a\n"), "b\n"), None), "conflict");
    }

    #[test]
    fn the_rest_of_a_half_accepted_proposal_goes_on() {
        let mut proposal = proposal(Some("a\nb\nc\nd\n"), "a1\na2\nb\nc\nD\n");
        proposal.hunks[0].decision = Some(Decision::Accepted);
        assert_eq!(
            rebased(&proposal, Some("a1\na2\nb\nc\nd\n")),
            "a1\na2\nb\nc\nD\n"
        );
        assert!(!holds(&proposal, |h| h.id == "h2", "a1\na2\nb\nc\nd\n"));
        assert!(holds(
            &proposal,
            |h| h.id == "h2",
            "mine\na1\na2\nb\nc\nD\n"
        ));
    }

    proptest! {
        #[test]
        fn where_both_find_a_clean_result_it_is_the_three_way_merge(
            base in "([abc]\n){0,8}",
            after in "([abcx]\n){0,8}",
            current in "([abcy]\n){0,8}",
        ) {
            let proposal = proposal(Some(&base), &after);
            let ours = rebased(&proposal, Some(&current));
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
            let proposal = proposal(Some(&base), &after);
            let placed = place(&proposal, Some(&current));
            let at: Vec<&str> = placed
                .iter()
                .filter(|p| matches!(p.place, Place::At(_)))
                .map(|p| p.hunk.id.as_str())
                .collect();
            let text = applied(&proposal, &placed, &current);
            let y = |text: &str| text.matches('y').count();
            prop_assert_eq!(y(&text), y(&current), "a line of the user's was lost");
            if at.len() == proposal.hunks.len() && base == current {
                prop_assert!(holds(&proposal, |h| at.contains(&h.id.as_str()), &text));
            }
        }
    }
}
