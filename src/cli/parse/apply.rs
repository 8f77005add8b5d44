//! The commands of an answer carried out on the files of a folder, without a run, a store or a
//! user who is asked.
//!
//! **Invariant**: a command changes its file whole or not at all, and no file outside the folder:
//! everything goes through [`crate::workspace`].

use crate::dialect::{
    BodyFilter, Call, Command, Content, MatchKind, NotWritten, PatternError, Refused, Rm, Set,
    Transfer,
};
use crate::entries::{EntryPath, Scheme};
use crate::workspace::{self, FilePath, Outside, ReadError, Root, WriteError};

/// What was done with a file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Done {
    /// Edits were applied; this is how the worst of them was found.
    Edited(MatchKind),
    Created,
    Replaced,
    Removed,
    Moved,
    Copied,
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    #[error("the tag names no `path`")]
    NoPath,
    #[error(transparent)]
    Outside(#[from] Outside),
    #[error(transparent)]
    Unreadable(#[from] ReadError),
    #[error(transparent)]
    Unwritable(#[from] WriteError),
    #[error(transparent)]
    NotWritten(#[from] NotWritten),
    #[error(transparent)]
    Filter(#[from] PatternError),
    #[error("the file does not hold what `filter` asks for")]
    FilteredOut,
}

/// Carries out a command on a file, and says on which path. `None` where there is nothing to do:
/// the command is about no file, changes none, or asks for a preview.
pub(super) fn carry_out<'c>(
    root: &Root,
    command: &'c Command,
) -> Option<(&'c str, Result<Done, Refusal>)> {
    let path = file_path(command.target())?;
    let outcome = match &command.call {
        Call::Set(set) if !set.preview && !matches!(set.content, Content::Absent) => {
            change(root, path, set)
        }
        Call::Rm(rm) if !rm.preview => remove(root, path, rm),
        Call::Mv(transfer) if !transfer.preview => {
            let to = file_path(transfer.to.as_deref()?)?;
            rename(root, path, to, transfer)
        }
        Call::Cp(transfer) if !transfer.preview => {
            let to = file_path(transfer.to.as_deref()?)?;
            copy(root, path, to, transfer)
        }
        _ => return None,
    };
    Some((path, outcome))
}

/// The path of a file, where it is one: `src/app.rs`, `file://src/app.rs`. What is no path at all is
/// taken for one, to be refused by name.
fn file_path(given: &str) -> Option<&str> {
    let given = given.trim();
    match EntryPath::parse(given) {
        Ok(path) if path.scheme() != Scheme::File => None,
        Err(_) if given.contains("://") => None,
        _ => Some(given.strip_prefix("file://").unwrap_or(given)),
    }
}

fn file(root: &Root, path: &str) -> Result<FilePath, Refusal> {
    if path.is_empty() {
        return Err(Refusal::NoPath);
    }
    Ok(root.file(path)?)
}

/// The text of a file that the filter lets through.
fn text_of(file: &FilePath, filter: Option<&str>) -> Result<String, Refusal> {
    let text = workspace::read(file)?;
    match filter.map(BodyFilter::parse).transpose()? {
        Some(filter) if !filter.matches(&text) => Err(Refusal::FilteredOut),
        _ => Ok(text),
    }
}

fn change(root: &Root, path: &str, set: &Set) -> Result<Done, Refusal> {
    let file = file(root, path)?;
    let current = match text_of(&file, set.filter.as_deref()) {
        Ok(text) => Some(text),
        Err(Refusal::Unreadable(ReadError::NotFound { .. })) if set.filter.is_none() => None,
        Err(refusal) => return Err(refusal),
    };
    let written = set.content.written(path, current.as_deref())?;
    match &current {
        None => workspace::create(&file, &written.text)?,
        Some(current) if *current == written.text => {}
        Some(_) => workspace::write(&file, &written.text)?,
    }
    Ok(match (current, written.how.worst()) {
        (None, _) => Done::Created,
        (Some(_), Some(kind)) => Done::Edited(kind),
        (Some(_), None) => Done::Replaced,
    })
}

fn remove(root: &Root, path: &str, rm: &Rm) -> Result<Done, Refusal> {
    let file = file(root, path)?;
    text_of(&file, rm.filter.as_deref())?;
    workspace::remove(&file)?;
    Ok(Done::Removed)
}

fn rename(root: &Root, path: &str, to: &str, transfer: &Transfer) -> Result<Done, Refusal> {
    let (from, to) = (file(root, path)?, file(root, to)?);
    text_of(&from, transfer.filter.as_deref())?;
    workspace::rename(&from, &to)?;
    Ok(Done::Moved)
}

fn copy(root: &Root, path: &str, to: &str, transfer: &Transfer) -> Result<Done, Refusal> {
    let (from, to) = (file(root, path)?, file(root, to)?);
    let text = text_of(&from, transfer.filter.as_deref())?;
    workspace::create(&to, &text)?;
    Ok(Done::Copied)
}

impl Done {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Edited(kind) => kind.name(),
            Self::Replaced => "whole",
            Self::Created => "created",
            Self::Removed => "removed",
            Self::Moved => "moved",
            Self::Copied => "copied",
        }
    }

    /// How alike the search half and what was found are, where they are not the same; to a
    /// thousandth.
    pub(super) fn score(self) -> Option<f64> {
        match self {
            Self::Edited(MatchKind::Similar { score }) => Some((score * 1e3).round() / 1e3),
            _ => None,
        }
    }
}

impl Refusal {
    /// The lines of the file that are the most like what was looked for, with their numbers.
    pub(super) fn nearest(&self) -> &[(usize, String)] {
        match self {
            Self::NotWritten(NotWritten::Refused(Refused::NotFound { nearest, .. })) => nearest,
            _ => &[],
        }
    }
}
