//! A proposal as the editor has it: where its hunks lie in the text as it is now, what is shown of
//! it, and how a decision is carried out and found true.
//!
//! [`view`] places a proposal on the text as it is now, [`show`] keeps what the client was told of all
//! of them, [`actions`] are the code actions and lenses. [`accept`], [`undo`] and [`confirm`] decide;
//! [`carry_out`] changes files for them, with the [`edits`] that clients understand.

pub mod accept;
pub mod actions;
pub mod carry_out;
pub mod confirm;
mod edits;
pub mod show;
pub mod undo;
pub mod view;

use self::carry_out::Sent;
use crate::entries::EntryPath;
use crate::plugins::Refusal;
use crate::store::StoreError;
use crate::workspace::{Outside, ReadError, RootError, RulesError, WriteError};

/// Why a decision was not carried out. What was pending is still pending, what was accepted is still so.
#[derive(Debug, thiserror::Error)]
pub enum NotDone {
    #[error(
        "conflict: {target} was changed where the proposal changes it; reject it or undo your change"
    )]
    Conflict { target: EntryPath },
    #[error("conflict: {to} exists already")]
    Taken { to: EntryPath },
    #[error(
        "{0} has unsaved changes, and the editor cannot do this to an open file; save it first"
    )]
    Unsaved(EntryPath),
    #[error("there is no hunk {0}")]
    NoHunk(String),
    #[error("none of these hunks is open any more")]
    NothingOpen,
    #[error("nothing of {0} is accepted")]
    NothingAccepted(EntryPath),
    #[error("the question waits for an answer: give it as the body")]
    NoAnswer,
    #[error("{0} cannot be put back: what a command did is not known")]
    NotUndoable(EntryPath),
    #[error("the text does not hold the change")]
    NotThere,
    #[error("it is being decided already")]
    Busy,
    #[error("{0} is not a pending proposal")]
    NotPending(EntryPath),
    #[error(transparent)]
    Vetoed(#[from] Refusal),
    #[error("the editor did not apply the change{}", .0.as_ref().map_or_else(String::new, |why| format!(": {why}")))]
    NotApplied(Option<String>),
    #[error("the editor does not show the change yet")]
    NotYet(Sent),
    #[error("the editor cannot apply changes (workspace.applyEdit)")]
    Unable,
    #[error("the text was changed while the change was being applied")]
    Moved,
    #[error(transparent)]
    Outside(#[from] Outside),
    #[error(transparent)]
    Root(#[from] RootError),
    #[error(transparent)]
    Rules(#[from] RulesError),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Write(#[from] WriteError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[cfg(test)]
mod tests;
