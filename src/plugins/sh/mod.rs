//! `<sh>`: proposes a command line. What is denied is refused at once; what is allowed is proposed too
//! and accepted without asking. `<env>` is the same under another name. Running is not done here: with
//! the acceptance the command has channels ([`stream`]), and whoever recorded it runs it.

pub mod lines;

use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;

use super::stream::{self, Terms};
use super::{Handled, Plugin, Problem, Refusal, TurnContext};
use crate::dialect::{Call, Command, Shell, Tool};
use crate::entries::{Action, AutoAccept, Effect, Outcome, Proposal, State};
use crate::store::{StoreError, Tx, entries, proposals};
use lines::Ruling;

/// The plugin; see the module.
pub struct Sh;

/// The longest command line, in bytes: systems pass at most 128 KiB on in one piece.
const LONGEST: usize = 100_000;

impl Plugin for Sh {
    fn name(&self) -> &'static str {
        Tool::Sh.name()
    }

    fn tool(&self) -> Option<(Tool, &'static str)> {
        Some((Tool::Sh, include_str!("doc.md")))
    }

    fn handle<'a>(
        &'a self,
        cx: &'a TurnContext<'a>,
        command: &'a Command,
    ) -> BoxFuture<'a, Result<Handled, Problem>> {
        async move {
            match &command.call {
                Call::Sh(args) => propose(cx, (Tool::Sh, Action::Sh), args).await,
                _ => Ok(Handled::Quiet),
            }
        }
        .boxed()
    }

    fn decided(&self, tx: &mut Tx<'_>, proposal: &Proposal) -> Result<(), StoreError> {
        stream::open(tx, proposal)
    }
}

/// Proposes a command line, or refuses it.
pub async fn propose(
    cx: &TurnContext<'_>,
    (tool, action): (Tool, Action),
    args: &Shell,
) -> Result<Handled, Problem> {
    let line = line_of(tool, args)?.to_owned();
    let Some(files) = cx.files else {
        let message = format!("`{line}` cannot be run: this run works without the workspace");
        return Err(Refusal::new(Outcome::Permission, message).into());
    };
    let ruling = lines::ruling(cx.commands, &line);
    if let Ruling::Denied(pattern) = ruling {
        let message = format!("`{line}` is never run here: the user denies \"{pattern}\"");
        return Err(Refusal::new(Outcome::Permission, message).into());
    }
    let terms = Terms {
        executor: cx.commands.executor,
        timeout: Duration::from_secs(cx.commands.timeout_seconds),
        unasked: ruling == Ruling::Allowed || cx.in_loop.config.auto_accept == AutoAccept::All,
    };
    let attributes = terms.attributes(&line);
    if args.preview {
        let folder = files.root.path().display();
        let body = format!("would run in {folder}:\n{line}");
        return cx.done(tool, &line, body, attributes).await;
    }
    let write = cx
        .record(tool, &line, &line)
        .attributes(attributes)
        .state(State::Proposed);
    let run = cx.run;
    cx.store
        .write(move |tx| {
            let path = entries::log(tx, run, write)?;
            proposals::put(tx, run, &path, action, &Effect::Command { line })
        })
        .await?;
    Ok(Handled::Proposed)
}

fn line_of(tool: Tool, args: &Shell) -> Result<&str, Refusal> {
    let name = tool.name();
    let line = args.command.as_deref().map_or("", str::trim);
    if line.is_empty() {
        let message = format!("<{name}> needs a command: <{name}>ls</{name}>");
        return Err(Refusal::invalid(message));
    }
    if line.contains('\0') {
        return Err(Refusal::invalid("a command line has no NUL character"));
    }
    if line.len() > LONGEST {
        let message = format!(
            "the command has {} bytes, and at most {LONGEST} can be run: put a script into a file",
            line.len()
        );
        return Err(Refusal::invalid(message));
    }
    Ok(line)
}
