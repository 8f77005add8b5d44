//! Proposals: what a proposed entry wants to change, and what of it is decided.
//!
//! A change of a file is kept as two texts, the one it was made against and the one it proposes,
//! and as the hunks between them. Where the hunks lie in a text that has moved on since is not
//! decided here; the editor surface does that.
//!
//! **Invariant.** A hunk's id and its line ranges never change; only its decision does.

use std::collections::BTreeSet;
use std::ops::Range;

use serde::{Deserialize, Serialize};
use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::{EntryPath, RunId, TurnNumber, words};

words! {
    /// The command that proposes.
    pub enum Action ("action") {
        Set = "set",
        Rm = "rm",
        Mv = "mv",
        Cp = "cp",
        Sh = "sh",
        Env = "env",
        AskUser = "ask_user",
        Call = "call",
    }
}

words! {
    /// What the user decided of a hunk.
    pub enum Decision ("decision") {
        Accepted = "accepted",
        Rejected = "rejected",
    }
}

/// The changed whole lines of one place, without context. Line numbers count from 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hunk {
    /// `h1`, `h2`, …: unique within the proposal.
    pub id: String,
    /// Lines of the text that the proposal was made against.
    pub before: Range<usize>,
    /// Lines of the text that it proposes.
    pub after: Range<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
}

impl Hunk {
    /// Whether the user has still to decide.
    pub const fn is_open(&self) -> bool {
        self.decision.is_none()
    }
}

/// A change of a file that waits for the user, or that the user has decided.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    pub run: RunId,
    /// The log entry that is proposed: the proposal's identity.
    pub path: EntryPath,
    pub turn: Option<TurnNumber>,
    pub action: Action,
    pub target: EntryPath,
    /// The text it was made against; none where there was no file.
    pub base: Option<String>,
    pub after: String,
    pub hunks: Vec<Hunk>,
}

impl Proposal {
    /// The lines of the text it was made against.
    pub fn base_lines(&self) -> Vec<&str> {
        self.base.as_deref().map_or_else(Vec::new, lines)
    }

    /// The lines of the text that it proposes.
    pub fn after_lines(&self) -> Vec<&str> {
        lines(&self.after)
    }

    /// The hunks that the user has still to decide.
    pub fn open_hunks(&self) -> impl Iterator<Item = &Hunk> {
        self.hunks.iter().filter(|hunk| hunk.is_open())
    }

    /// The base with the hunks that `wanted` picks applied.
    pub fn text_with(&self, wanted: impl Fn(&Hunk) -> bool) -> String {
        let (base, after) = (self.base_lines(), self.after_lines());
        let mut text = String::new();
        let mut at = 0;
        for hunk in self.hunks.iter().filter(|hunk| wanted(hunk)) {
            text.extend(base[at..hunk.before.start].iter().copied());
            text.extend(after[hunk.after.clone()].iter().copied());
            at = hunk.before.end;
        }
        text.extend(base[at..].iter().copied());
        text
    }

    /// How many lines the open hunks add and remove.
    pub fn size(&self) -> (usize, usize) {
        self.open_hunks().fold((0, 0), |(added, removed), hunk| {
            (added + hunk.after.len(), removed + hunk.before.len())
        })
    }

    /// The ids that are meant and open: the named ones, or all where none are named. An id that
    /// does not exist is returned as the error.
    pub fn meant<'a>(&'a self, named: Option<&'a [String]>) -> Result<BTreeSet<&'a str>, String> {
        let Some(named) = named else {
            return Ok(self.open_hunks().map(|hunk| hunk.id.as_str()).collect());
        };
        let mut meant = BTreeSet::new();
        for id in named {
            match self.hunks.iter().find(|hunk| hunk.id == *id) {
                None => return Err(id.clone()),
                Some(hunk) if hunk.is_open() => {
                    meant.insert(hunk.id.as_str());
                }
                Some(_) => {}
            }
        }
        Ok(meant)
    }
}

/// A text's lines, each with its line break.
pub fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

/// A unified diff with three lines of context.
pub fn unified_diff(path: &str, before: Option<&str>, after: &str) -> String {
    let old = if before.is_some() { path } else { "/dev/null" };
    similar::TextDiff::from_lines(before.unwrap_or(""), after)
        .unified_diff()
        .context_radius(3)
        .header(old, path)
        .to_string()
}

/// The hunks that lead from one text to another.
pub fn hunks_between(base: Option<&str>, after: &str) -> Vec<Hunk> {
    let (old, new) = (base.map_or_else(Vec::new, lines), lines(after));
    let changed = capture_diff_slices(Algorithm::Patience, &old, &new)
        .into_iter()
        .filter(|op| !matches!(op, DiffOp::Equal { .. }));
    let mut hunks: Vec<Hunk> = Vec::new();
    for op in changed {
        let (before, after) = (op.old_range(), op.new_range());
        match hunks.last_mut() {
            // A deletion and an insertion in the same place are one change.
            Some(last) if last.before.end == before.start && last.after.end == after.start => {
                last.before.end = before.end;
                last.after.end = after.end;
            }
            _ => hunks.push(Hunk {
                id: format!("h{}", hunks.len() + 1),
                before,
                after,
                decision: None,
            }),
        }
    }
    // A new file that is empty has no changed line; what is decided is the file.
    if hunks.is_empty() && base.is_none() {
        hunks.push(Hunk {
            id: "h1".to_owned(),
            before: 0..0,
            after: 0..0,
            decision: None,
        });
    }
    hunks
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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

    #[test]
    fn each_changed_place_is_a_hunk_of_its_own() {
        let proposal = proposal(Some("a\nb\nc\nd\n"), "A\nb\nc\nc2\nd\n");
        let ranges: Vec<_> = proposal
            .hunks
            .iter()
            .map(|hunk| (hunk.id.as_str(), hunk.before.clone(), hunk.after.clone()))
            .collect();
        assert_eq!(ranges, [("h1", 0..1, 0..1), ("h2", 3..3, 3..4)]);
        assert_eq!(proposal.text_with(|h| h.id == "h2"), "a\nb\nc\nc2\nd\n");
    }

    #[test]
    fn a_new_file_is_one_hunk_even_when_it_is_empty() {
        assert_eq!(proposal(None, "x\ny\n").hunks.len(), 1);
        assert_eq!(proposal(None, "").hunks.len(), 1);
    }

    proptest! {
        #[test]
        fn all_hunks_make_the_proposed_text_and_none_the_base(
            base in "([ab]?\n?){0,12}",
            after in "([abc]?\n?){0,12}",
        ) {
            let proposal = proposal(Some(&base), &after);
            prop_assert_eq!(proposal.text_with(|_| true), after);
            prop_assert_eq!(proposal.text_with(|_| false), base);
        }
    }
}
