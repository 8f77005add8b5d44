//! Recording an acceptance that the client has carried out by itself, with the edit of a code action.
//! Nothing is changed here.
//!
//! **Invariant.** Only what the text holds is recorded.

use super::NotDone;
use super::accept::{Case, Wish};
use super::edits::{created, edited};
use super::show::{Item, ShownRun};
use crate::entries::proposal::rebase::{Place, place};
use crate::entries::{EntryPath, RunId};
use crate::lsp::documents::{Document, Encoding};
use crate::lsp::hub::Editors;
use crate::lsp::session::Abilities;
use crate::lsp::types::WorkspaceEdit;
use crate::workspace::current_text;

/// The edit with which a client carries out hunks of a proposal, or all, by itself. None where that is
/// nothing that an edit of one file can do.
pub fn edit_of(
    run: &ShownRun,
    item: &Item,
    hunks: Option<&[String]>,
    document: Option<&Document>,
    able: (Abilities, Encoding),
) -> Option<WorkspaceEdit> {
    let proposal = &item.pending.proposal;
    let text = item.view.with(hunks)?;
    let target = item.pending.target.as_ref()?;
    let label = format!("Rummy: {} ({})", proposal.effect.target()?, run.alias);
    let annotation = (label, proposal.turn.map(|turn| format!("turn {turn}")));
    let edit = match (document, item.view.current.as_deref()) {
        (Some(document), _) => {
            let at = (&document.uri, Some(document.version));
            edited(at, &document.text, &text, annotation, able)
        }
        (None, Some(disk)) => edited((&target.uri, None), &disk.into(), &text, annotation, able),
        (None, None) => created(&target.uri, &text, annotation, able),
    };
    Some(edit)
}

/// Records as accepted what of the wish the text holds.
pub async fn confirm(
    editors: &Editors,
    run: RunId,
    path: &EntryPath,
    wish: &Wish,
) -> Result<(), NotDone> {
    let _hold = editors.hold(run, path).ok_or(NotDone::Busy)?;
    let mut case = Case::open(editors, run, path, wish).await?;
    let (Some(change), Some(target)) = (case.proposal.change(), case.proposal.effect.target())
    else {
        return Err(NotDone::NotThere);
    };
    let file = case.root.file(target.as_str())?;
    let text = current_text(editors, &file).await?;
    let there: Vec<String> = place(&change, Some(&text))
        .into_iter()
        .filter(|placed| placed.place == Place::There)
        .map(|placed| placed.hunk.id)
        .collect();
    case.wanted.retain(|id| there.contains(id));
    if case.wanted.is_empty() {
        return Err(NotDone::NotThere);
    }
    case.record(editors).await
}
