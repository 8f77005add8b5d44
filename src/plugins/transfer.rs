//! What `<mv>` and `<cp>` share: both take entries to other paths at once, and propose what they do to
//! files.

use serde_json::json;

use super::{
    Handled, Problem, Refusal, TurnContext, about, file, is_file, known, listing, named, visibility,
};
use crate::dialect::{Tool, Transfer as Args};
use crate::entries::proposal::text::unified_diff;
use crate::entries::{
    Action, Attributes, Effect, Entry, EntryPath, Outcome, Scheme, Visibility, Writer,
};
use crate::store::entries::{self, Access, Query, Write};

/// The attribute of a proposal that says which entry is to become the file.
pub const FROM: &str = "from";

/// Which of the two it is.
#[derive(Debug, Clone, Copy)]
pub struct Transfer {
    pub tool: Tool,
    pub action: Action,
    /// What is done to entries.
    pub verb: entries::Transfer,
}

impl Transfer {
    /// Carries the command out.
    pub async fn handle(self, cx: &TurnContext<'_>, args: &Args) -> Result<Handled, Problem> {
        let tool = self.tool;
        let given = named(tool, args.path.as_deref())?;
        let shown = visibility(args.visibility.as_deref())?;
        let Some(written) = args
            .to
            .as_deref()
            .map(str::trim)
            .filter(|to| !to.is_empty())
        else {
            return change_visibility(cx, tool, given, args, shown).await;
        };
        let to = EntryPath::parse(written)?;
        let from = cx.query(given, args.filter.as_deref()).await?;
        let access = match self.action {
            Action::Mv => Access::Content,
            _ => Access::Visibility,
        };
        let meant = cx.meant(&from, access).await?;
        if args.preview {
            let body = listing(&format!("would go to {written}:"), &meant, cx.divisor);
            return cx.done(tool, given, body, going(given, &to)).await;
        }
        if is_file(&to) {
            let into_folder = written.ends_with('/') || is_folder(cx, &to);
            let routes = entries::routes(meant, &from, &to, into_folder)?;
            return self.to_files(cx, routes).await;
        }
        if to.scheme() == Scheme::Known {
            for entry in meant.iter().filter(|entry| !is_file(&entry.path)) {
                known::check_size(&entry.body, cx.limits.max_entry_tokens, cx.divisor)?;
            }
        }
        if meant.iter().any(|entry| is_file(&entry.path)) {
            let routes = entries::routes(meant, &from, &to, written.ends_with('/'))?;
            return self.out_of_files(cx, given, routes).await;
        }
        self.entries(cx, given, from, to, shown).await
    }

    /// From entry to entry.
    async fn entries(
        self,
        cx: &TurnContext<'_>,
        given: &str,
        from: Query,
        to: EntryPath,
        shown: Option<Visibility>,
    ) -> Result<Handled, Problem> {
        let mut record = cx
            .record(self.tool, given, "")
            .attributes(going(given, &to));
        let (run, head) = (cx.run, format!("{given} →"));
        let logged = cx
            .store
            .write(move |tx| {
                let arrived = (self.verb)(tx, run, Writer::Model, &from, &to, shown)?;
                let lines = arrived.iter().map(EntryPath::as_str);
                let lines: Vec<&str> = std::iter::once(head.as_str()).chain(lines).collect();
                record.body = Some(lines.join(if arrived.len() == 1 { " " } else { "\n" }));
                entries::log(tx, run, record)
            })
            .await?;
        Ok(Handled::Done(logged))
    }

    /// What comes to lie among the files waits for the user.
    async fn to_files(
        self,
        cx: &TurnContext<'_>,
        routes: Vec<(Entry, EntryPath)>,
    ) -> Result<Handled, Problem> {
        let mut made = Vec::with_capacity(routes.len());
        for (source, to) in routes.iter().filter(|(source, to)| source.path != *to) {
            made.push(self.arrival(cx, source, to).await?);
        }
        let source = match routes.as_slice() {
            [(source, _)] if !is_file(&source.path) => Some(source.path.clone()),
            _ => None,
        };
        let mut attributes = Attributes::new();
        if let Some(source) = source {
            attributes.insert(FROM.to_owned(), json!(source));
        }
        let proposing = file::Proposing {
            tool: self.tool,
            action: self.action,
            attributes,
        };
        proposing.propose(cx, made).await
    }

    async fn arrival(
        self,
        cx: &TurnContext<'_>,
        source: &Entry,
        to: &EntryPath,
    ) -> Result<(Effect, String), Problem> {
        let files = file::files_of(cx, to.as_str())?;
        let drafts = file::Drafts::of(cx).await?;
        file::can_be_created(files, &drafts, to).await?;
        let from = source.path.clone();
        if !is_file(&from) {
            let body = source.body.as_str();
            let effect = Effect::edit(to.clone(), None, body);
            return Ok((effect, unified_diff(to.as_str(), None, body)));
        }
        let (target, to) = (from, to.clone());
        if self.action == Action::Mv {
            files.writable(target.as_str())?;
            let said = format!("rename {target} to {to}");
            return Ok((Effect::Rename { target, to }, said));
        }
        let text = drafts.text(files, &target).await?;
        let text = text.ok_or_else(|| Refusal::not_found(target.as_str()))?;
        let said = format!("copy {target} to {to}");
        let text = text.into();
        Ok((Effect::Copy { target, to, text }, said))
    }

    /// Copies files' texts into entries. A file that went with its text would be gone unasked.
    async fn out_of_files(
        self,
        cx: &TurnContext<'_>,
        given: &str,
        routes: Vec<(Entry, EntryPath)>,
    ) -> Result<Handled, Problem> {
        if self.action == Action::Mv {
            let message =
                format!("{given} is a file and stays one: <cp> it to an entry, then <rm> the file");
            return Err(Refusal::new(Outcome::Permission, message).into());
        }
        let files = file::files_of(cx, given)?;
        let drafts = file::Drafts::of(cx).await?;
        let (mut writes, mut lines) = (Vec::new(), vec![format!("{given} →")]);
        for (source, to) in routes {
            let body = if is_file(&source.path) {
                let text = drafts.text(files, &source.path).await?;
                text.ok_or_else(|| Refusal::not_found(source.path.as_str()))?
            } else {
                source.body
            };
            if to.scheme() == Scheme::Known {
                known::check_size(&body, cx.limits.max_entry_tokens, cx.divisor)?;
            }
            lines.push(to.to_string());
            writes.push(Write::body(to, &body).at(cx.turn, cx.in_loop.id));
        }
        let record = cx
            .record(self.tool, given, &lines.join("\n"))
            .attributes(about(given));
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
}

fn going(given: &str, to: &EntryPath) -> Attributes {
    let mut attributes = about(given);
    attributes.insert("to".to_owned(), json!(to));
    attributes
}

/// Whether a folder of the workspace is named.
fn is_folder(cx: &TurnContext<'_>, to: &EntryPath) -> bool {
    let root = cx.files.map(|files| files.root.path().join(to.as_str()));
    root.is_some_and(|path| path.is_dir())
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
