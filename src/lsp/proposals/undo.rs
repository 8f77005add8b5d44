//! Putting back what an accepted proposal replaced, by merge where the text has moved on.
//!
//! **Invariant.** A hunk is recorded as undone only after the text or the disk shows it; a user's own
//! change is never overwritten.

use super::NotDone;
use super::carry_out::Carrier;
use crate::entries::{Effect, Hunk, Proposal, TextChange};

/// Puts back the accepted hunks of a proposal that are named, or all. Returns which.
pub async fn put_back(
    carrier: &Carrier<'_>,
    proposal: &Proposal,
    hunks: Option<&[String]>,
) -> Result<Vec<String>, NotDone> {
    let meant: Vec<String> = proposal
        .meant(hunks, Hunk::is_accepted)
        .map_err(NotDone::NoHunk)?
        .into_iter()
        .map(str::to_owned)
        .collect();
    if meant.is_empty() {
        return Err(NotDone::NothingAccepted(proposal.path.clone()));
    }
    match &proposal.effect {
        // A file that came into being goes, if it is as it was made.
        Effect::Edit {
            target,
            base: None,
            after,
        } => carrier.delete(target, after).await?,
        Effect::Edit { target, .. } => {
            if let Some(change) = proposal.change() {
                let back = change.reversed(|hunk| meant.contains(&hunk.id));
                carrier.edit(target, &back, &meant).await?;
            }
        }
        Effect::Delete { target, text } => {
            let change = TextChange::between(None, text);
            carrier.edit(target, &change, &meant).await?;
        }
        Effect::Rename { target, to } => carrier.rename(to, target).await?,
        Effect::Copy { to, text, .. } => carrier.delete(to, text).await?,
        Effect::Command { .. } | Effect::Question { .. } => {
            return Err(NotDone::NotUndoable(proposal.path.clone()));
        }
    }
    Ok(meant)
}
