//! `<set>`: writes an entry, edits it, or changes how much of it is shown. What it does to a file
//! becomes a proposal; see [`file_change`].

mod file_change;

use std::borrow::Cow;

use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::json;

use super::{
    Handled, Plugin, Problem, Refusal, TurnContext, about, file, is_file, known, listing, named,
    visibility,
};
use crate::dialect::{
    Call, Command, Content, How, Match, MatchKind, NotWritten, Set as Args, Tool,
};
use crate::entries::proposal::text::unified_diff;
use crate::entries::{
    Attributes, Entry, EntryPath, Hunk, Outcome, Proposal, Scheme, Visibility, Writer,
};
use crate::store::entries::{self, Access, Query, Write};
use crate::store::{StoreError, Tx};

/// The plugin; see the module.
pub struct Set;

impl Plugin for Set {
    fn name(&self) -> &'static str {
        Tool::Set.name()
    }

    fn tool(&self) -> Option<(Tool, &'static str)> {
        Some((Tool::Set, include_str!("doc.md")))
    }

    fn handle<'a>(
        &'a self,
        cx: &'a TurnContext<'a>,
        command: &'a Command,
    ) -> BoxFuture<'a, Result<Handled, Problem>> {
        async move {
            let Call::Set(args) = &command.call else {
                return Ok(Handled::Quiet);
            };
            let path = named(Tool::Set, args.path.as_deref())?;
            if let Content::Unparsable(error) = &args.content {
                return Err(Refusal::invalid(error.to_string()).into());
            }
            if args.content == Content::Absent {
                return metadata(cx, path, args).await;
            }
            let query = cx.query(path, args.filter.as_deref()).await?;
            let is_pattern = query.pattern.as_ref().is_some_and(|p| !p.is_literal());
            if is_pattern || args.filter.is_some() {
                return write_matches(cx, path, query, args).await;
            }
            let target = EntryPath::parse(path)?;
            if is_file(&target) {
                return file_change::propose(cx, target.as_str(), args).await;
            }
            write_one(cx, target, args).await
        }
        .boxed()
    }

    /// The log keeps what was changed; the content itself stands in the entry.
    fn project<'e>(&self, entry: &'e Entry, shown: Visibility) -> Cow<'e, str> {
        match shown {
            Visibility::Visible => Cow::Borrowed(&entry.body),
            Visibility::Summarized | Visibility::Archived => {
                let flat: Vec<&str> = entry.body.split_whitespace().take(80).collect();
                flat.join(" ").chars().take(80).collect()
            }
        }
    }

    /// What the user has made of a change: the model reads what is in the file now, and what is not.
    fn decided(&self, tx: &mut Tx<'_>, proposal: &Proposal) -> Result<(), StoreError> {
        let Some(patches) = patches(proposal) else {
            return Ok(());
        };
        let mut write = Write::to(proposal.path.clone());
        write.body = Some(patches);
        entries::set(tx, proposal.run, Writer::Plugin, write)
    }
}

/// The patch of what was accepted, and of what was not; none where nothing was accepted.
fn patches(proposal: &Proposal) -> Option<String> {
    let (change, target) = (proposal.change()?, proposal.effect.target()?.as_str());
    if !change.hunks.iter().any(Hunk::is_accepted) {
        return None;
    }
    let text = change.text_with(Hunk::is_accepted);
    let patch = unified_diff(target, change.base.as_deref(), &text);
    if change.hunks.iter().all(Hunk::is_accepted) {
        return Some(patch);
    }
    let rest = unified_diff(target, Some(&text), &change.after);
    Some(format!("Accepted:\n{patch}\nRejected:\n{rest}"))
}

/// A `set` without a body: visibility, summary, tags.
async fn metadata(cx: &TurnContext<'_>, path: &str, args: &Args) -> Result<Handled, Problem> {
    let shown = visibility(args.visibility.as_deref())?;
    let attributes = described(args);
    if shown.is_none() && attributes.is_empty() {
        let message = format!("<set path=\"{path}\"> was given nothing to set");
        return Err(Refusal::invalid(message).into());
    }
    let query = cx.query(path, args.filter.as_deref()).await?;
    if let (Some(shown), true) = (shown, attributes.is_empty() && !args.preview) {
        return show(cx, Tool::Set, path, query, shown).await;
    }
    let run = cx.run;
    let access = if attributes.is_empty() {
        Access::Visibility
    } else {
        Access::Content
    };
    let meant = cx.meant(&query, access).await?;
    if meant.is_empty() {
        return Err(Refusal::not_found(path).into());
    }
    if args.preview {
        let body = listing("would be changed:", &meant, cx.divisor);
        return cx.done(Tool::Set, path, body, about(path)).await;
    }
    let record = cx
        .record(Tool::Set, path, &listing("changed:", &meant, cx.divisor))
        .attributes(about(path));
    let logged = cx
        .store
        .write(move |tx| {
            entries::set_all(tx, run, Writer::Model, &query, access, |entry| {
                let mut write = Write::to(entry.path.clone()).attributes(attributes.clone());
                write.visibility = shown;
                Ok(write)
            })?;
            entries::log(tx, run, record)
        })
        .await?;
    Ok(Handled::Done(logged))
}

/// Changes how much of the matching entries is shown. A file that becomes visible is read by
/// `<get>`; here it is only put away.
pub fn show<'a>(
    cx: &'a TurnContext<'a>,
    tool: Tool,
    path: &'a str,
    query: Query,
    shown: Visibility,
) -> BoxFuture<'a, Result<Handled, Problem>> {
    async move {
        if shown == Visibility::Visible {
            return super::get::show_matches(cx, path, &query, shown).await;
        }
        let meant = cx.meant(&query, Access::Visibility).await?;
        if meant.is_empty() {
            return Err(Refusal::not_found(path).into());
        }
        let record = cx
            .record(
                tool,
                path,
                &listing(&format!("{shown}:"), &meant, cx.divisor),
            )
            .attributes(about(path))
            .visibility(Visibility::Summarized);
        let run = cx.run;
        let logged = cx
            .store
            .write(move |tx| {
                entries::show(tx, run, Writer::Model, &query, shown, None)?;
                entries::log(tx, run, record)
            })
            .await?;
        Ok(Handled::Done(logged))
    }
    .boxed()
}

/// Writes every entry that a pattern means.
async fn write_matches(
    cx: &TurnContext<'_>,
    path: &str,
    query: Query,
    args: &Args,
) -> Result<Handled, Problem> {
    let meant = cx.meant(&query, Access::Content).await?;
    if meant.is_empty() {
        return match new_file(path) {
            Some(target) if args.filter.is_none() => {
                file_change::propose(cx, target.as_str(), args).await
            }
            _ => Err(Refusal::not_found(path).into()),
        };
    }
    if meant.iter().any(|entry| is_file(&entry.path)) {
        let message = format!("{path} matches files; write one file at a time, by its path");
        return Err(Refusal::invalid(message).into());
    }
    if args.preview {
        let body = listing("would be written:", &meant, cx.divisor);
        return cx.done(Tool::Set, path, body, about(path)).await;
    }
    let mut writes = Vec::with_capacity(meant.len());
    for entry in &meant {
        writes.push(content(cx, entry.path.clone(), Some(entry), args)?.0);
    }
    let record = cx
        .record(Tool::Set, path, &listing("written:", &meant, cx.divisor))
        .attributes(about(path));
    let run = cx.run;
    let logged = cx
        .store
        .write(move |tx| {
            for write in writes {
                entries::set(tx, run, Writer::Model, write)?;
            }
            entries::log(tx, run, record)
        })
        .await?;
    Ok(Handled::Done(logged))
}

/// The file that a pattern without matches names all the same: `app/[slug]/page.tsx` is a name that
/// frameworks ask for, `src/*.rs` is nobody's.
fn new_file(path: &str) -> Option<EntryPath> {
    match EntryPath::parse(path) {
        Ok(target) if is_file(&target) && !path.contains(['*', '?']) => Some(target),
        _ => None,
    }
}

/// Writes one entry of a scheme.
async fn write_one(
    cx: &TurnContext<'_>,
    target: EntryPath,
    args: &Args,
) -> Result<Handled, Problem> {
    let run = cx.run;
    let path = target.clone();
    let before = cx
        .store
        .read(move |connection| entries::find(connection, run, &path))
        .await?;
    let (write, note) = content(cx, target.clone(), before.as_ref(), args)?;
    if args.preview {
        let body = write.body.unwrap_or_else(String::new);
        return cx
            .done(Tool::Set, target.as_str(), body, about(target.as_str()))
            .await;
    }
    if before.is_none()
        && let Some(asked) = asked_already(cx, &target, write.body.as_deref()).await?
    {
        let body = format!("that question is open already: {asked}");
        return cx
            .done(Tool::Set, target.as_str(), body, about(target.as_str()))
            .await;
    }
    let mut told = about(target.as_str());
    told.extend(described(args));
    let record = cx
        .record(Tool::Set, target.as_str(), &note)
        .attributes(told);
    let logged = cx
        .store
        .write(move |tx| {
            entries::set(tx, run, Writer::Model, write)?;
            entries::log(tx, run, record)
        })
        .await?;
    Ok(Handled::Done(logged))
}

/// The write that a `set` means for one entry, and what the log says of it.
fn content(
    cx: &TurnContext<'_>,
    target: EntryPath,
    before: Option<&Entry>,
    args: &Args,
) -> Result<(Write, String), Problem> {
    let (body, note) = match &args.content {
        Content::Text(text) => (text.clone(), written(text, cx.divisor)),
        edits => {
            let old = before.map(|entry| entry.body.as_str());
            let written = edits.written(target.as_str(), old);
            let written = written.map_err(|why| not_written(target.as_str(), &why))?;
            let note = match &written.how {
                How::Edited(matches) => how_it_matched(matches),
                How::Whole | How::Unfenced => "written".to_owned(),
            };
            (written.text, note)
        }
    };
    if target.scheme() == Scheme::Known {
        known::check_size(&body, cx.limits.max_entry_tokens, cx.divisor)?;
    }
    let mut attributes = before.map_or_else(Attributes::new, |entry| entry.attributes.clone());
    attributes.extend(described(args));
    let mut write = Write::body(target, &body)
        .attributes(attributes)
        .at(cx.turn, cx.in_loop.id);
    write.visibility = visibility(args.visibility.as_deref())?;
    if before.is_none() && write.visibility.is_none() {
        // What the model has just written down it still needs in front of it.
        write.visibility = Some(Visibility::Visible);
    }
    Ok((write, note))
}

/// Why a text is not written, as the model reads it.
pub fn not_written(path: &str, why: &NotWritten) -> Refusal {
    let outcome = match why {
        NotWritten::NothingToEdit => Outcome::NotFound,
        NotWritten::Refused(_) => Outcome::Conflict,
        NotWritten::Elided { .. }
        | NotWritten::Fences
        | NotWritten::Unparsable(_)
        | NotWritten::NoText => Outcome::Validation,
    };
    Refusal::new(outcome, format!("{path}: {why}"))
}

fn written(text: &str, divisor: f64) -> String {
    let tokens = crate::llm::tokens::estimate(text.chars().count(), divisor);
    format!("written, {tokens} tokens")
}

/// How each edit found its place, where it was not exactly as written.
pub fn how_it_matched(matches: &[Match]) -> String {
    let loose: Vec<String> = matches
        .iter()
        .enumerate()
        .filter(|(_, found)| {
            !matches!(
                found.kind,
                MatchKind::Whole | MatchKind::Exact | MatchKind::WithinLine
            )
        })
        .map(|(at, found)| {
            let (first, last) = (found.lines.start, found.lines.end.saturating_sub(1));
            if found.lines.is_empty() {
                return format!("edit {}: its lines went before line {first}", at + 1);
            }
            format!(
                "edit {}: lines {first}–{last} matched {}",
                at + 1,
                kind(found.kind)
            )
        })
        .collect();
    if loose.is_empty() {
        "edited".to_owned()
    } else {
        format!("edited; {}", loose.join("; "))
    }
}

fn kind(kind: MatchKind) -> String {
    match kind {
        MatchKind::Whole | MatchKind::Exact | MatchKind::WithinLine => "exactly".to_owned(),
        MatchKind::Inserted => "by number".to_owned(),
        MatchKind::Expression => "as a regular expression".to_owned(),
        MatchKind::Typographic => "but for quotes, dashes and the like".to_owned(),
        MatchKind::Unnumbered => "without the line numbers of the search half".to_owned(),
        MatchKind::Unescaped => "without the escapes of the search half".to_owned(),
        MatchKind::BlankInsensitive => "but for blanks".to_owned(),
        MatchKind::Reindented => "with another indentation".to_owned(),
        MatchKind::Similar { score } => format!("by similarity ({score:.2})"),
    }
}

/// The unknown that asks the same already.
async fn asked_already(
    cx: &TurnContext<'_>,
    target: &EntryPath,
    body: Option<&str>,
) -> Result<Option<EntryPath>, Problem> {
    let (Scheme::Unknown, Some(body)) = (target.scheme(), body) else {
        return Ok(None);
    };
    let same = cx
        .meant(&Query::of_scheme(Scheme::Unknown), Access::Content)
        .await?
        .into_iter()
        .find(|entry| entry.body.trim() == body.trim());
    Ok(same.map(|entry| entry.path))
}

/// The attributes that a `set` names beside the content.
fn described(args: &Args) -> Attributes {
    let mut attributes = Attributes::new();
    if let Some(summary) = &args.summary {
        let short: String = summary.chars().take(80).collect();
        attributes.insert("summary".to_owned(), json!(short));
    }
    for (name, value) in &args.other {
        attributes.insert(name.clone(), json!(value));
    }
    attributes
}
