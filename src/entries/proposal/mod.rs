//! Proposals: what a proposed entry wants to do, and what of it is decided.
//!
//! [`Effect`] says what would happen; [`text`] is a change of a file's text, and [`rebase`] finds
//! where its hunks lie in a text that has moved on since. Nothing here carries anything out.
//!
//! **Invariant.** A hunk's id and its line ranges never change; only its decision does.

pub mod rebase;
mod stretches;
pub mod text;

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{AutoAccept, EntryPath, RunId, TurnNumber, words};
pub use text::TextChange;

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
    /// What became of a hunk.
    pub enum Decision ("decision") {
        Accepted = "accepted",
        Rejected = "rejected",
        /// Accepted, and put back since.
        Undone = "undone",
    }
}

/// What is decided at once: of a text the changed whole lines of one place, without context; of
/// anything else the whole. Line numbers count from 0.
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

    pub fn is_accepted(&self) -> bool {
        self.decision == Some(Decision::Accepted)
    }

    /// The one hunk of what is decided as a whole.
    fn whole(before: usize, after: usize) -> Self {
        Self {
            id: "h1".to_owned(),
            before: 0..before,
            after: 0..after,
            decision: None,
        }
    }
}

/// What waits for the user, or what the user has decided.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    pub run: RunId,
    /// The log entry that is proposed: the proposal's identity.
    pub path: EntryPath,
    pub turn: Option<TurnNumber>,
    /// The alias of the model that made it, where its loop still exists.
    pub model: Option<String>,
    pub action: Action,
    /// Whether the user was asked. Until then later commands may still be joined to it.
    pub offered: bool,
    pub effect: Effect,
    pub hunks: Vec<Hunk>,
}

/// The texts of a file before an accepted change and after it; none where there was or is no file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedChange {
    pub before: Option<Arc<str>>,
    pub after: Option<Arc<str>>,
}

/// What a proposal would do. Paths are files'.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Effect {
    /// A file's text becomes another one.
    Edit {
        target: EntryPath,
        /// The text it was made against; none where there was no file.
        #[serde(skip)]
        base: Option<Arc<str>>,
        #[serde(skip)]
        after: Arc<str>,
    },
    /// A file goes.
    Delete {
        target: EntryPath,
        /// What it held when that was proposed.
        #[serde(skip)]
        text: Arc<str>,
    },
    /// A file gets another path, whatever it holds by then.
    Rename { target: EntryPath, to: EntryPath },
    /// A file comes into being with the text that another one had.
    Copy {
        target: EntryPath,
        to: EntryPath,
        #[serde(skip)]
        text: Arc<str>,
    },
    /// A shell command runs.
    Command { line: String },
    /// The user is asked.
    Question {
        question: String,
        options: Vec<String>,
    },
}

impl AutoAccept {
    /// Whether such a proposal is accepted without asking. What a folder tells rummy itself is always
    /// for the user to accept: it can allow commands.
    pub fn takes(self, effect: &Effect) -> bool {
        match (self, effect) {
            (Self::None, _)
            | (_, Effect::Question { .. })
            | (Self::Edits, Effect::Command { .. }) => false,
            (Self::Edits | Self::All, effect) => !effect.changed_files().any(is_for_rummy),
        }
    }
}

/// Whether a file is one of those that a folder brings for rummy, be it the workspace's or one below it,
/// which may be opened too.
fn is_for_rummy(file: &EntryPath) -> bool {
    file.as_str().split('/').any(|part| {
        // There are file systems that ignore case.
        part.eq_ignore_ascii_case(".rummy") || part.eq_ignore_ascii_case(".mcp.json")
    })
}

impl Effect {
    /// A file's text becomes another one.
    pub fn edit(target: EntryPath, base: Option<&str>, after: &str) -> Self {
        Self::Edit {
            target,
            base: base.map(Arc::from),
            after: Arc::from(after),
        }
    }

    /// The file that it is about.
    pub const fn target(&self) -> Option<&EntryPath> {
        match self {
            Self::Edit { target, .. }
            | Self::Delete { target, .. }
            | Self::Rename { target, .. }
            | Self::Copy { target, .. } => Some(target),
            Self::Command { .. } | Self::Question { .. } => None,
        }
    }

    /// Where a file goes.
    pub const fn to(&self) -> Option<&EntryPath> {
        match self {
            Self::Rename { to, .. } | Self::Copy { to, .. } => Some(to),
            _ => None,
        }
    }

    /// The files that would be changed: what a constraint on them forbids.
    pub fn changed_files(&self) -> impl Iterator<Item = &EntryPath> {
        let (target, to) = match self {
            Self::Copy { to, .. } => (None, Some(to)),
            effect => (effect.target(), effect.to()),
        };
        target.into_iter().chain(to)
    }

    /// The hunks that are to be decided.
    pub fn hunks(&self) -> Vec<Hunk> {
        match self {
            Self::Edit { base, after, .. } => text::hunks_between(base.as_deref(), after),
            Self::Delete { text, .. } => vec![Hunk::whole(text::lines(text).len(), 0)],
            Self::Copy { text, .. } => vec![Hunk::whole(0, text::lines(text).len())],
            Self::Rename { .. } | Self::Command { .. } | Self::Question { .. } => {
                vec![Hunk::whole(0, 0)]
            }
        }
    }
}

impl Proposal {
    /// The change of a text that it is; none where it is anything else.
    pub fn change(&self) -> Option<TextChange> {
        match &self.effect {
            Effect::Edit { base, after, .. } => Some(TextChange {
                base: base.clone(),
                after: Arc::clone(after),
                hunks: self.hunks.clone(),
            }),
            _ => None,
        }
    }

    /// What it replaced and with what, as far as something of it was accepted and is so still. None
    /// where nothing was, and where there is no text.
    pub fn accepted_change(&self) -> Option<AcceptedChange> {
        if !self.hunks.iter().any(Hunk::is_accepted) {
            return None;
        }
        let (before, after) = match &self.effect {
            Effect::Edit { base, .. } => {
                let text = self.change()?.text_with(Hunk::is_accepted);
                (base.clone(), Some(text.into()))
            }
            Effect::Delete { text, .. } => (Some(Arc::clone(text)), None),
            Effect::Copy { text, .. } => (None, Some(Arc::clone(text))),
            Effect::Rename { .. } | Effect::Command { .. } | Effect::Question { .. } => {
                return None;
            }
        };
        Some(AcceptedChange { before, after })
    }

    /// Whether it goes by this path: its own, or that of the file that it is about.
    pub fn goes_by(&self, path: &EntryPath) -> bool {
        self.path == *path || self.effect.target() == Some(path)
    }

    /// The hunks that the user has still to decide.
    pub fn open_hunks(&self) -> impl Iterator<Item = &Hunk> {
        self.hunks.iter().filter(|hunk| hunk.is_open())
    }

    /// How many lines the open hunks add and remove.
    pub fn size(&self) -> (usize, usize) {
        self.open_hunks().fold((0, 0), |(added, removed), hunk| {
            (added + hunk.after.len(), removed + hunk.before.len())
        })
    }

    /// The ids that are meant and pass the test: the named ones, or all where none are named. An id
    /// that does not exist is returned as the error.
    pub fn meant<'a>(
        &'a self,
        named: Option<&'a [String]>,
        test: impl Fn(&Hunk) -> bool,
    ) -> Result<BTreeSet<&'a str>, String> {
        let ids = |hunks: &mut dyn Iterator<Item = &'a Hunk>| {
            hunks
                .filter(|hunk| test(hunk))
                .map(|hunk| hunk.id.as_str())
                .collect()
        };
        let Some(named) = named else {
            return Ok(ids(&mut self.hunks.iter()));
        };
        if let Some(unknown) = named
            .iter()
            .find(|id| !self.hunks.iter().any(|hunk| hunk.id == **id))
        {
            return Err(unknown.clone());
        }
        Ok(ids(&mut self
            .hunks
            .iter()
            .filter(|hunk| named.contains(&hunk.id))))
    }
}
