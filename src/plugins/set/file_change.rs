//! A `set` on a file: computes the text that it would become and proposes it. Several changes of one
//! file are one proposal, as long as nobody was offered it.

use serde_json::json;

use super::{Handled, Problem, TurnContext, about, described, file, how_it_matched, not_written};
use crate::dialect::{How, Set as Args, Tool};
use crate::entries::proposal::text::unified_diff;
use crate::entries::{Action, EntryPath};

/// Proposes what a `set` makes of a file.
pub async fn propose(cx: &TurnContext<'_>, path: &str, args: &Args) -> Result<Handled, Problem> {
    let files = file::files_of(cx, path)?;
    let target = EntryPath::file(files.writable(path)?.as_str())?;
    let drafts = file::Drafts::of(cx).await?;
    let current = drafts.text(files, &target).await?;
    let (joined, base) = match drafts.joinable(&target) {
        Some((earlier, below)) => {
            let base = below.text(files, &target).await?;
            (Some(earlier.path.clone()), base)
        }
        None => (None, current.clone()),
    };
    if current.is_none() {
        file::can_be_created(files, &drafts, &target).await?;
    }
    let (after, note) = changed(path, current.as_deref(), args)?;
    if Some(&after) == current.as_ref() {
        let body = format!("{path} is so already; nothing to change");
        return cx.done(Tool::Set, path, body, about(path)).await;
    }
    if args.preview {
        let patch = unified_diff(path, base.as_deref(), &after);
        return cx.done(Tool::Set, path, patch, about(path)).await;
    }
    let mut attributes = described(args);
    attributes.insert("note".to_owned(), json!(note));
    let proposing = file::Proposing {
        tool: Tool::Set,
        action: Action::Set,
        attributes,
    };
    proposing.edit(cx, target, joined, base, &after).await
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
