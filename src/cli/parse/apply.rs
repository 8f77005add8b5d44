//! The commands of an answer carried out on the files of a folder, without a run, a store or a
//! user who is asked.
//!
//! **Invariant**: a command changes its file whole or not at all, and no file outside the folder:
//! everything goes through [`crate::workspace`].

use crate::dialect::{
    Applied, BodyFilter, Call, Command, Content, EditError, MatchKind, PatternError, Refused, Rm,
    Set, Transfer, apply, elided_line, whole_text,
};
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
    #[error("{path} does not exist: there is nothing to edit; write the whole text to create it")]
    NothingToEdit { path: String },
    #[error(transparent)]
    Unparsable(EditError),
    #[error(transparent)]
    Edits(Refused),
    #[error("the text leaves something out (`{line}`): write the whole text, or edit in places")]
    Elided { line: String },
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
    let path = command.target().trim();
    let is_file = |path: &str| !path.contains("://");
    if !is_file(path) {
        return None;
    }
    let outcome = match &command.call {
        Call::Set(set) if !set.preview && !matches!(set.content, Content::Absent) => {
            change(root, path, set)
        }
        Call::Rm(rm) if !rm.preview => remove(root, path, rm),
        Call::Mv(transfer) if !transfer.preview => {
            let to = transfer.to.as_deref().filter(|to| is_file(to))?;
            rename(root, path, to, transfer)
        }
        Call::Cp(transfer) if !transfer.preview => {
            let to = transfer.to.as_deref().filter(|to| is_file(to))?;
            copy(root, path, to, transfer)
        }
        _ => return None,
    };
    Some((path, outcome))
}

fn file(root: &Root, path: &str) -> Result<FilePath, Refusal> {
    if path.is_empty() {
        return Err(Refusal::NoPath);
    }
    Ok(root.file(path)?)
}

/// The text of a file that the filter lets through.
fn text_of(file: &FilePath, filter: Option<&str>) -> Result<String, Refusal> {
    let text = workspace::read(file)?.text;
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
    let (text, done) = changed(path, current.as_deref(), &set.content)?;
    match current {
        None => workspace::create(&file, &text)?,
        Some(current) if current == text => {}
        Some(_) => workspace::write(&file, &text)?,
    }
    Ok(done)
}

/// The text that a file becomes, and how.
fn changed(
    path: &str,
    current: Option<&str>,
    content: &Content,
) -> Result<(String, Done), Refusal> {
    let before = current.unwrap_or("");
    let (text, done) = match content {
        Content::Absent => (before.to_owned(), Done::Replaced),
        Content::Text(body) => {
            if let Some(line) = elided_line(body, before) {
                let line = line.to_owned();
                return Err(Refusal::Elided { line });
            }
            (whole_text(current, body), Done::Replaced)
        }
        Content::Edits(edits) => {
            if current.is_none() && edits.iter().any(|edit| edit.search.is_some()) {
                let path = path.to_owned();
                return Err(Refusal::NothingToEdit { path });
            }
            let applied = apply(before, edits).map_err(Refusal::Edits)?;
            let kind = worst(&applied);
            (applied.text, kind.map_or(Done::Replaced, Done::Edited))
        }
        Content::Unparsable(error) => return Err(Refusal::Unparsable(error.clone())),
    };
    Ok((
        text,
        if current.is_none() {
            Done::Created
        } else {
            done
        },
    ))
}

/// The match that had to forgive the most.
fn worst(applied: &Applied) -> Option<MatchKind> {
    let kinds = applied.matches.iter().map(|found| found.kind);
    kinds.max_by(|left, right| {
        let by_kind = rank(*left).cmp(&rank(*right));
        by_kind.then_with(|| score(*right).total_cmp(&score(*left)))
    })
}

/// How much a match forgave, against the others, and its name.
const fn rank(kind: MatchKind) -> (u8, &'static str) {
    match kind {
        MatchKind::Whole => (0, "whole"),
        MatchKind::Inserted => (1, "inserted"),
        MatchKind::Exact => (2, "exact"),
        MatchKind::WithinLine => (3, "within_line"),
        MatchKind::Expression => (4, "expression"),
        MatchKind::BlankInsensitive => (5, "blank_insensitive"),
        MatchKind::Reindented => (6, "reindented"),
        MatchKind::Typographic => (7, "typographic"),
        MatchKind::Unnumbered => (8, "unnumbered"),
        MatchKind::Unescaped => (9, "unescaped"),
        MatchKind::Similar { .. } => (10, "similar"),
    }
}

const fn score(kind: MatchKind) -> f64 {
    match kind {
        MatchKind::Similar { score } => score,
        _ => 1.0,
    }
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
            Self::Edited(kind) => rank(kind).1,
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
            Self::Edits(Refused::NotFound { nearest, .. }) => nearest,
            _ => &[],
        }
    }
}
