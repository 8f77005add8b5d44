//! The files as they would be if everything that the run has proposed, and that the user was not
//! asked about yet, were accepted: what its next command works on.

use std::sync::Arc;

use super::Files;
use crate::entries::proposal::rebase::{Conflict, merged};
use crate::entries::{Action, Effect, EntryPath, Proposal, TextChange};
use crate::plugins::{Problem, Refusal, TurnContext};
use crate::store::proposals;
use crate::workspace::FileInfo;

/// A run's unoffered proposals, in their order.
#[derive(Debug, Clone, Default)]
pub struct Drafts(Vec<Proposal>);

/// Where a file comes from, below the drafts.
struct Origin<'d> {
    from: From<'d>,
    /// The edits of it, the first one first.
    edits: Vec<&'d Proposal>,
}

enum From<'d> {
    Workspace(EntryPath),
    Draft(&'d Arc<str>),
    Nowhere,
}

impl Drafts {
    /// Those of the run as it is now.
    pub async fn of(cx: &TurnContext<'_>) -> Result<Self, Problem> {
        let run = cx.run;
        let unoffered = cx
            .store
            .read(move |connection| proposals::unoffered(connection, run))
            .await?;
        Ok(Self(unoffered))
    }

    /// The text of a file; none where there would be no file.
    pub async fn text(&self, files: &Files, path: &EntryPath) -> Result<Option<String>, Refusal> {
        let origin = self.origin(path);
        let mut text = match origin.from {
            From::Workspace(path) => files.text(&files.locate(path.as_str())?).await?,
            From::Draft(text) => Some(text.as_ref().to_owned()),
            From::Nowhere => None,
        };
        for change in origin.edits.into_iter().filter_map(Proposal::change) {
            text = Some(carried_over(&change, text.as_deref()));
        }
        Ok(text)
    }

    /// Whether there would be a file.
    pub async fn exists(&self, files: &Files, path: &EntryPath) -> Result<bool, Refusal> {
        let origin = self.origin(path);
        let is_edited = !origin.edits.is_empty();
        Ok(is_edited
            || match origin.from {
                From::Workspace(path) => files.exists(&files.locate(path.as_str())?).await,
                From::Draft(_) => true,
                From::Nowhere => false,
            })
    }

    /// The edit that another edit of the same file can be joined to, and the drafts below it.
    pub fn joinable(&self, path: &EntryPath) -> Option<(&Proposal, Self)> {
        let touches = |proposal: &Proposal| {
            proposal.effect.target() == Some(path) || proposal.effect.to() == Some(path)
        };
        let at = self.0.iter().rposition(touches)?;
        let last = &self.0[at];
        let is_edit = matches!(last.effect, Effect::Edit { .. }) && last.action == Action::Set;
        is_edit.then(|| (last, Self(self.0[..at].to_vec())))
    }

    /// The list of files with what the drafts make of it.
    pub fn listed(&self, mut found: Vec<FileInfo>) -> Vec<FileInfo> {
        let arrive = |found: &mut Vec<FileInfo>, path: &EntryPath, text: &str| {
            // The user may have made one there meanwhile.
            if !found.iter().any(|file| file.path == path.as_str()) {
                found.push(FileInfo::of_text(path.as_str(), text));
            }
        };
        for proposal in &self.0 {
            match &proposal.effect {
                Effect::Edit {
                    target,
                    base: None,
                    after,
                } => arrive(&mut found, target, after),
                Effect::Copy { to, text, .. } => arrive(&mut found, to, text),
                Effect::Delete { target, .. } => found.retain(|file| file.path != target.as_str()),
                Effect::Rename { target, to } => {
                    let moved = found.iter_mut().find(|file| file.path == target.as_str());
                    if let Some(file) = moved {
                        to.as_str().clone_into(&mut file.path);
                    }
                }
                Effect::Edit { .. } | Effect::Command { .. } | Effect::Question { .. } => {}
            }
        }
        found
    }

    fn origin(&self, path: &EntryPath) -> Origin<'_> {
        let mut name = path.clone();
        let mut edits = Vec::new();
        let mut from = None;
        for proposal in self.0.iter().rev() {
            match &proposal.effect {
                Effect::Edit { target, .. } if *target == name => edits.push(proposal),
                Effect::Rename { target, to } if *to == name => name = target.clone(),
                Effect::Copy { to, text, .. } if *to == name => from = Some(From::Draft(text)),
                Effect::Delete { target, .. } | Effect::Rename { target, .. }
                    if *target == name =>
                {
                    from = Some(From::Nowhere);
                }
                _ => {}
            }
            if from.is_some() {
                break;
            }
        }
        edits.reverse();
        Origin {
            from: from.unwrap_or(From::Workspace(name)),
            edits,
        }
    }
}

/// A change on the text as it is now. Where that was changed in the same lines, the user will have to
/// decide between the two; until then the run works on its own.
fn carried_over(change: &TextChange, current: Option<&str>) -> String {
    match (merged(change, |_| true, current), current) {
        (Ok(Some(text)), _) => text,
        (Ok(None), Some(current)) => current.to_owned(),
        (Ok(None), None) | (Err(Conflict), _) => change.after.as_ref().to_owned(),
    }
}
