//! What `<mv>` and `<cp>` share: both take entries to other paths.

use super::{
    Handled, Problem, Refusal, TurnContext, about, is_file, known, listing, named, visibility,
};
use crate::dialect::{Tool, Transfer as Args};
use crate::entries::{EntryPath, Outcome, Scheme, Visibility, Writer};
use crate::store::entries::{self, Access};

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
    let to = EntryPath::parse(to)?;
    let from = cx.query(given, args.filter.as_deref()).await?;
    let access = match tool {
        Tool::Mv => Access::Content,
        _ => Access::Visibility,
    };
    let meant = cx.meant(&from, access).await?;
    if is_file(&to) || meant.iter().any(|entry| is_file(&entry.path)) {
        let name = tool.name();
        let message = format!("<{name}> works on entries such as known://…, not on files");
        return Err(Refusal::new(Outcome::Permission, message).into());
    }
    if to.scheme() == Scheme::Known {
        for entry in &meant {
            known::check_size(&entry.body, cx.limits.max_entry_tokens, cx.divisor)?;
        }
    }
    let mut attributes = about(given);
    attributes.insert("to".to_owned(), to.as_str().into());
    if args.preview {
        let body = listing(&format!("would go to {to}:"), &meant, cx.divisor);
        return cx.done(tool, given, body, attributes).await;
    }
    let mut record = cx.record(tool, given, "").attributes(attributes);
    let (run, head) = (cx.run, format!("{given} →"));
    let logged = cx
        .store
        .write(move |tx| {
            let arrived = verb(tx, run, Writer::Model, &from, &to, shown)?;
            let lines = arrived.iter().map(EntryPath::as_str);
            let lines: Vec<&str> = std::iter::once(head.as_str()).chain(lines).collect();
            record.body = Some(lines.join(if arrived.len() == 1 { " " } else { "\n" }));
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
    if args.preview {
        let meant = cx.meant(&query, Access::Visibility).await?;
        let body = listing(&format!("would be {shown}:"), &meant, cx.divisor);
        return cx.done(tool, given, body, about(given)).await;
    }
    super::set::show(cx, tool, given, query, shown).await
}
