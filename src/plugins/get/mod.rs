//! `<get>`: makes entries visible from the next turn on, lists what a pattern matches, or reads a
//! slice of one entry into the log.

use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::json;

use super::{Handled, Plugin, Problem, Refusal, TurnContext, about, file, is_file, listing, named};
use crate::dialect::{Call, Command, Get as Args, Number, Tool};
use crate::entries::{Entry, Visibility, Writer};
use crate::plugins::visibility;
use crate::store::entries::{self, Access, Query, Write};

/// The plugin; see the module.
pub struct Get;

impl Plugin for Get {
    fn name(&self) -> &'static str {
        Tool::Get.name()
    }

    fn tool(&self) -> Option<(Tool, &'static str)> {
        Some((Tool::Get, include_str!("doc.md")))
    }

    fn handle<'a>(
        &'a self,
        cx: &'a TurnContext<'a>,
        command: &'a Command,
    ) -> BoxFuture<'a, Result<Handled, Problem>> {
        async move {
            let Call::Get(args) = &command.call else {
                return Ok(Handled::Quiet);
            };
            let path = named(Tool::Get, args.path.as_deref())?;
            if args.line.is_some() || args.limit.is_some() {
                return slice(cx, path, args).await;
            }
            let wanted = visibility(args.visibility.as_deref())?.unwrap_or(Visibility::Visible);
            let query = cx.query(path, args.filter.as_deref()).await?;
            if args.preview {
                let found = matches(cx, &query).await?;
                let head = format!("{} match", found.len());
                let body = listing(&head, found.iter().map(|hit| &hit.entry), cx.divisor);
                return cx.done(Tool::Get, path, body, about(path)).await;
            }
            show_matches(cx, path, &query, wanted).await
        }
        .boxed()
    }
}

/// Makes what matches as visible as is wanted. Files are read where they become visible.
pub async fn show_matches(
    cx: &TurnContext<'_>,
    path: &str,
    query: &Query,
    wanted: Visibility,
) -> Result<Handled, Problem> {
    let mut found = matches(cx, query).await?;
    if found.is_empty() {
        let body = if is_there(cx, query).await? {
            format!("nothing in it matches: {path}")
        } else {
            format!("not found: {path}")
        };
        return cx.done(Tool::Get, path, body, about(path)).await;
    }
    if wanted == Visibility::Visible {
        for hit in &mut found {
            hit.read(cx).await?;
        }
    }
    show(cx, path, found, wanted).await
}

/// An entry that a `get` means; a file's text is read only when it is needed.
struct Found {
    entry: Entry,
    text: Option<String>,
}

impl Found {
    /// Reads a file's text. One that cannot be read as text refuses the command by name.
    async fn read(&mut self, cx: &TurnContext<'_>) -> Result<(), Problem> {
        if let (true, None, Some(files)) = (is_file(&self.entry.path), &self.text, cx.files) {
            let drafts = file::Drafts::of(cx).await?;
            self.text = drafts.text(files, &self.entry.path).await?;
        }
        Ok(())
    }

    fn body(&self) -> &str {
        self.text.as_deref().unwrap_or(&self.entry.body)
    }
}

/// Whether there is anything for the filter of a query to look at.
async fn is_there(cx: &TurnContext<'_>, query: &Query) -> Result<bool, Problem> {
    let entries = cx.meant(&unfiltered(query), Access::Visibility).await?;
    Ok(!entries.is_empty())
}

fn unfiltered(query: &Query) -> Query {
    Query {
        filter: None,
        ..query.clone()
    }
}

/// The entries that a query means. Its filter looks at the files' texts, which the store may not
/// have.
async fn matches(cx: &TurnContext<'_>, query: &Query) -> Result<Vec<Found>, Problem> {
    let entries = cx.meant(&unfiltered(query), Access::Visibility).await?;
    let mut found: Vec<Found> = entries
        .into_iter()
        .map(|entry| Found { entry, text: None })
        .collect();
    let Some(filter) = &query.filter else {
        return Ok(found);
    };
    for hit in &mut found {
        // A binary file has no text to search.
        let _ = hit.read(cx).await;
    }
    found.retain(|hit| filter.matches(hit.body()));
    Ok(found)
}

async fn show(
    cx: &TurnContext<'_>,
    path: &str,
    found: Vec<Found>,
    wanted: Visibility,
) -> Result<Handled, Problem> {
    let mut lines = vec![format!("{wanted}:")];
    let mut writes = Vec::with_capacity(found.len());
    for Found { entry, text } in found {
        let mut write = Write::to(entry.path.clone())
            .visibility(wanted)
            .at(cx.turn, cx.in_loop.id);
        let chars = match text {
            Some(text) => {
                let chars = text.chars().count();
                write.body = Some(text);
                write.attributes = Some(entry.attributes);
                chars
            }
            None => file::chars(&entry),
        };
        let tokens = crate::llm::tokens::estimate(chars, cx.divisor);
        lines.push(format!("{} ({tokens} tokens)", entry.path));
        writes.push(write);
    }
    let record = cx
        .record(Tool::Get, path, &lines.join("\n"))
        .attributes(about(path));
    let run = cx.run;
    let logged = cx
        .store
        .write(move |tx| {
            for write in writes {
                // The text of a file is the workspace's, not the model's.
                let writer = if write.body.is_some() {
                    Writer::Plugin
                } else {
                    Writer::Model
                };
                entries::set(tx, run, writer, write)?;
            }
            entries::log(tx, run, record)
        })
        .await?;
    Ok(Handled::Done(logged))
}

/// Lines of one entry, in the log; the entry stays as visible as it was.
async fn slice(cx: &TurnContext<'_>, path: &str, args: &Args) -> Result<Handled, Problem> {
    let query = cx.query(path, None).await?;
    if args.filter.is_some() || query.literal().is_none() {
        let message = "line and limit read one entry: give its path, without a pattern or a filter";
        return Err(Refusal::invalid(message).into());
    }
    let mut found = matches(cx, &query).await?;
    let Some(hit) = found.first_mut() else {
        let body = format!("not found: {path}");
        return cx.done(Tool::Get, path, body, about(path)).await;
    };
    hit.read(cx).await?;
    let lines: Vec<&str> = hit.body().lines().collect();
    let (first, last) = window(
        lines.len(),
        number("line", args.line.as_ref())?,
        number("limit", args.limit.as_ref())?,
    )?;
    let total = lines.len();
    let text = lines[first - 1..last].join("\n");
    let body = format!("{path}\n[lines {first}–{last} / {total} total]\n{text}");
    let mut attributes = about(path);
    attributes.insert("lines".to_owned(), json!(format!("{first}-{last}/{total}")));
    cx.done(Tool::Get, path, body, attributes).await
}

fn number(name: &str, given: Option<&Number>) -> Result<Option<i64>, Refusal> {
    match given {
        None => Ok(None),
        Some(Number::Value(value)) => Ok(Some(*value)),
        Some(Number::Invalid(text)) => Err(Refusal::invalid(format!(
            "{name}=\"{text}\" is not a whole number"
        ))),
    }
}

/// The first and the last line (from 1) of a slice. A negative `line` counts from the end.
fn window(total: usize, line: Option<i64>, limit: Option<i64>) -> Result<(usize, usize), Refusal> {
    if total == 0 {
        return Err(Refusal::invalid("the entry is empty"));
    }
    let count = i64::try_from(total).unwrap_or(i64::MAX);
    let first = match line.unwrap_or(1) {
        back if back < 0 => (count + back + 1).max(1),
        line => line.max(1),
    };
    if first > count {
        return Err(Refusal::invalid(format!("the entry has {count} lines")));
    }
    let limit = limit.unwrap_or(count);
    if limit < 1 {
        return Err(Refusal::invalid("limit is at least 1"));
    }
    let last = first.saturating_add(limit - 1).min(count);
    let index = |number: i64| usize::try_from(number).unwrap_or(total);
    Ok((index(first), index(last)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_never_leaves_the_entry() {
        let table = [
            (10, None, Some(3), Ok((1, 3))),
            (10, Some(4), Some(2), Ok((4, 5))),
            (10, Some(8), Some(100), Ok((8, 10))),
            (10, Some(-3), None, Ok((8, 10))),
            (10, Some(-99), Some(1), Ok((1, 1))),
            (10, Some(0), Some(1), Ok((1, 1))),
            (10, Some(11), None, Err("the entry has 10 lines")),
            (10, None, Some(0), Err("limit is at least 1")),
            (0, None, None, Err("the entry is empty")),
        ];
        for (total, line, limit, expected) in table {
            let got = window(total, line, limit).map_err(|refusal| refusal.message);
            assert_eq!(
                got,
                expected.map_err(str::to_owned),
                "{total} {line:?} {limit:?}"
            );
        }
    }
}
