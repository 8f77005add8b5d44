//! A `set` on a file: computes the text that it would become and keeps it as a proposal. Several
//! changes of one file in one turn are one proposal, as long as nobody was offered it.

use serde_json::json;

use super::{
    Handled, Problem, Refusal, TurnContext, about, described, how_it_matched, not_written,
};
use crate::dialect::{How, Set as Args, Tool};
use crate::entries::proposal::unified_diff;
use crate::entries::{Action, Attributes, EntryPath, Outcome, Proposal, State, Writer};
use crate::store::StoreError;
use crate::store::entries::{self, Write};
use crate::store::proposals::{self, Change};
use crate::workspace::FilePath;

/// Proposes what a `set` makes of a file.
pub async fn propose(cx: &TurnContext<'_>, path: &str, args: &Args) -> Result<Handled, Problem> {
    let Some(files) = cx.files else {
        let message =
            format!("{path} cannot be changed: this run works without the workspace's files");
        return Err(Refusal::new(Outcome::Permission, message).into());
    };
    let file = files.writable(path)?;
    let target = EntryPath::file(file.as_str())?;
    let earlier = of_this_turn(cx, &target).await?;
    let (base, current) = if let Some(proposal) = &earlier {
        (proposal.base.clone(), Some(proposal.after.clone()))
    } else {
        let text = files.text(&file).await?;
        if text.is_none() {
            can_be_created(&file)?;
        }
        (text.clone(), text)
    };
    let (after, note) = changed(path, current.as_deref(), args)?;
    if Some(&after) == current.as_ref() {
        let body = format!("{path} is so already; nothing to change");
        return cx.done(Tool::Set, path, body, about(path)).await;
    }
    let patch = unified_diff(path, base.as_deref(), &after);
    if args.preview {
        return cx.done(Tool::Set, path, patch, about(path)).await;
    }
    let mut attributes = about(path);
    attributes.extend(described(args));
    attributes.insert("note".to_owned(), json!(note));
    record(cx, target, earlier, base, after, &patch, attributes).await
}

/// Refuses a new file below what is no folder.
fn can_be_created(file: &FilePath) -> Result<(), Refusal> {
    let above = file
        .absolute()
        .ancestors()
        .skip(1)
        .find(|path| path.exists());
    match above {
        Some(path) if !path.is_dir() => Err(Refusal::new(
            Outcome::Conflict,
            format!("{file} cannot be created: what lies above it is a file, not a folder"),
        )),
        _ => Ok(()),
    }
}

/// The text that the file would become, and how that was found.
fn changed(path: &str, current: Option<&str>, args: &Args) -> Result<(String, String), Problem> {
    let written = args.content.written(path, current);
    let written = written.map_err(|why| not_written(path, &why))?;
    let note = match &written.how {
        How::Whole => "whole text".to_owned(),
        How::Unfenced => "whole text, taken out of its Markdown fence".to_owned(),
        How::Edited(matches) => how_it_matched(matches),
    };
    Ok((written.text, note))
}

async fn record(
    cx: &TurnContext<'_>,
    target: EntryPath,
    earlier: Option<Proposal>,
    base: Option<String>,
    after: String,
    patch: &str,
    attributes: Attributes,
) -> Result<Handled, Problem> {
    let run = cx.run;
    let merged = earlier.map(|proposal| proposal.path);
    let first = cx
        .record(Tool::Set, target.as_str(), patch)
        .attributes(attributes.clone())
        .state(State::Proposed);
    let note = merged.as_ref().map(|path| {
        cx.record(
            Tool::Set,
            target.as_str(),
            &format!("joined to the change proposed in {path}"),
        )
        .attributes(about(target.as_str()))
    });
    let patch = patch.to_owned();
    let path = cx
        .store
        .write(move |tx| {
            let path = match (merged, note) {
                (Some(path), Some(note)) => {
                    let write = Write::body(path.clone(), &patch).attributes(attributes);
                    entries::set(tx, run, Writer::Plugin, write)?;
                    entries::log(tx, run, note)?;
                    path
                }
                _ => entries::log(tx, run, first)?,
            };
            let change = Change {
                action: Action::Set,
                target: &target,
                base: base.as_deref(),
                after: &after,
            };
            proposals::put(tx, run, &path, &change)?;
            Ok::<_, StoreError>(path)
        })
        .await?;
    Ok(Handled::Proposed(path))
}

/// The change of the same file that this turn has proposed already and that is still whole.
async fn of_this_turn(
    cx: &TurnContext<'_>,
    target: &EntryPath,
) -> Result<Option<Proposal>, Problem> {
    let (run, turn, target) = (cx.run, cx.turn, target.clone());
    let pending = cx
        .store
        .read(move |connection| proposals::pending(connection, run))
        .await?;
    Ok(pending.into_iter().find(|proposal| {
        proposal.turn == Some(turn)
            && proposal.target == target
            && proposal.hunks.iter().all(crate::entries::Hunk::is_open)
    }))
}
