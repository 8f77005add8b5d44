//! What `<mv>` and `<cp>` share: both take an entry's content to another path.

use super::{Handled, Problem, Refusal, TurnContext, about, is_file, named, visibility};
use crate::dialect::{Tool, Transfer as Args};
use crate::entries::{EntryPath, Outcome, Visibility, Writer};
use crate::store::entries;

/// Carries `<mv>` or `<cp>` out.
pub async fn handle(
    cx: &TurnContext<'_>,
    tool: Tool,
    verb: entries::Transfer,
    args: &Args,
) -> Result<Handled, Problem> {
    let given = named(tool, args.path.as_deref())?;
    let shown = visibility(args.visibility.as_deref())?;
    let Some(to) = args
        .to
        .as_deref()
        .map(str::trim)
        .filter(|to| !to.is_empty())
    else {
        return change_visibility(cx, tool, given, args, shown).await;
    };
    let (from, to) = (EntryPath::parse(given)?, EntryPath::parse(to)?);
    if is_file(&from) || is_file(&to) {
        let name = tool.name();
        let message = format!("<{name}> works on entries such as known://…, not on files");
        return Err(Refusal::new(Outcome::Permission, message).into());
    }
    let body = format!("{from} → {to}");
    let mut attributes = about(from.as_str());
    attributes.insert("to".to_owned(), to.as_str().into());
    if args.preview {
        return cx.done(tool, given, body, attributes).await;
    }
    let record = cx.record(tool, given, &body).attributes(attributes);
    let run = cx.run;
    let logged = cx
        .store
        .write(move |tx| {
            verb(tx, run, Writer::Model, &from, &to, shown)?;
            entries::log(tx, run, record)
        })
        .await?;
    Ok(Handled::Done(logged))
}

/// Without a destination only the visibility changes, in place.
async fn change_visibility(
    cx: &TurnContext<'_>,
    tool: Tool,
    given: &str,
    args: &Args,
    shown: Option<Visibility>,
) -> Result<Handled, Problem> {
    let Some(shown) = shown else {
        let name = tool.name();
        let message = format!(
            "<{name} path=\"{given}\"> needs a destination: <{name} path=\"…\">new path</{name}>"
        );
        return Err(Refusal::invalid(message).into());
    };
    let query = cx.query(given, args.filter.as_deref()).await?;
    super::set::show(cx, tool, given, query, shown).await
}
