//! `<rm>`: removes entries from the run at once, and proposes to delete files.

use futures::FutureExt;
use futures::future::BoxFuture;

use super::{Handled, Plugin, Problem, Refusal, TurnContext, about, file, is_file, listing, named};
use crate::dialect::{Call, Command, Rm as Args, Tool};
use crate::entries::proposal::text::unified_diff;
use crate::entries::{Action, Attributes, Effect, Entry, EntryPath, Outcome, Writer};
use crate::store::entries::{self, Access, Query};

/// The plugin; see the module.
pub struct Rm;

impl Plugin for Rm {
    fn name(&self) -> &'static str {
        Tool::Rm.name()
    }

    fn tool(&self) -> Option<(Tool, &'static str)> {
        Some((Tool::Rm, include_str!("doc.md")))
    }

    fn handle<'a>(
        &'a self,
        cx: &'a TurnContext<'a>,
        command: &'a Command,
    ) -> BoxFuture<'a, Result<Handled, Problem>> {
        async move {
            match &command.call {
                Call::Rm(args) => remove(cx, args).await,
                _ => Ok(Handled::Quiet),
            }
        }
        .boxed()
    }
}

async fn remove(cx: &TurnContext<'_>, args: &Args) -> Result<Handled, Problem> {
    let path = named(Tool::Rm, args.path.as_deref())?;
    let query = cx.query(path, args.filter.as_deref()).await?;
    let meant = cx.meant(&query, Access::Content).await?;
    if meant.is_empty() {
        return Err(Refusal::not_found(path).into());
    }
    if args.preview {
        let body = listing("would be removed:", &meant, cx.divisor);
        return cx.done(Tool::Rm, path, body, about(path)).await;
    }
    let (files, others): (Vec<Entry>, Vec<Entry>) =
        meant.into_iter().partition(|entry| is_file(&entry.path));
    // What is refused is refused before anything is done.
    let mut deletions = Vec::with_capacity(files.len());
    for entry in &files {
        deletions.push(deletion(cx, &entry.path).await?);
    }
    let mut handled = Handled::Quiet;
    if !others.is_empty() {
        handled = remove_entries(cx, path, &others).await?;
    }
    if deletions.is_empty() {
        return Ok(handled);
    }
    let proposing = file::Proposing {
        tool: Tool::Rm,
        action: Action::Rm,
        attributes: Attributes::new(),
    };
    proposing.propose(cx, deletions).await
}

async fn remove_entries(
    cx: &TurnContext<'_>,
    path: &str,
    meant: &[Entry],
) -> Result<Handled, Problem> {
    let record = cx
        .record(Tool::Rm, path, &listing("removed:", meant, cx.divisor))
        .attributes(about(path));
    let queries: Vec<Query> = meant.iter().map(|e| Query::exactly(&e.path)).collect();
    let run = cx.run;
    let logged = cx
        .store
        .write(move |tx| {
            for query in &queries {
                entries::rm(tx, run, Writer::Model, query)?;
            }
            entries::log(tx, run, record)
        })
        .await?;
    Ok(Handled::Done(logged))
}

/// The deletion of a file whose text can be put back.
async fn deletion(cx: &TurnContext<'_>, path: &EntryPath) -> Result<(Effect, String), Problem> {
    let files = file::files_of(cx, path.as_str())?;
    let located = files.writable(path.as_str())?;
    if located.absolute().is_symlink() {
        let message = format!("{path} is a symbolic link; name the file that it leads to");
        return Err(Refusal::new(Outcome::Permission, message).into());
    }
    let text = file::Drafts::of(cx).await?.text(files, path).await?;
    let text = text.ok_or_else(|| Refusal::not_found(path.as_str()))?;
    let patch = unified_diff(path.as_str(), Some(&text), "");
    let effect = Effect::Delete {
        target: path.clone(),
        text: text.into(),
    };
    Ok((effect, patch))
}
