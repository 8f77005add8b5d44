//! `<ask_user>`: a question to the user is a proposal; its acceptance is the answer, which becomes the
//! entry's body. See [`proposals::decide`].

use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::json;

use super::{Handled, Plugin, Problem, Refusal, TurnContext};
use crate::dialect::{Call, Command, Question, Tool};
use crate::entries::{Action, Attributes, Effect, State};
use crate::store::{entries, proposals};

/// The plugin; see the module.
pub struct AskUser;

impl Plugin for AskUser {
    fn name(&self) -> &'static str {
        Tool::AskUser.name()
    }

    fn tool(&self) -> Option<(Tool, &'static str)> {
        Some((Tool::AskUser, include_str!("doc.md")))
    }

    fn handle<'a>(
        &'a self,
        cx: &'a TurnContext<'a>,
        command: &'a Command,
    ) -> BoxFuture<'a, Result<Handled, Problem>> {
        async move {
            match &command.call {
                Call::AskUser(args) => ask(cx, args).await,
                _ => Ok(Handled::Quiet),
            }
        }
        .boxed()
    }
}

async fn ask(cx: &TurnContext<'_>, args: &Question) -> Result<Handled, Problem> {
    let question = args.question.as_deref().map_or("", str::trim).to_owned();
    if question.is_empty() {
        let message =
            "<ask_user> needs a question: <ask_user question=\"…\">option; option</ask_user>";
        return Err(Refusal::invalid(message).into());
    }
    let options = args.options.clone();
    let mut attributes = Attributes::new();
    attributes.insert("question".to_owned(), json!(question));
    attributes.insert("options".to_owned(), json!(options));
    if args.preview {
        let body = format!("would ask: {question}\n{}", options.join("\n"));
        return cx.done(Tool::AskUser, &question, body, attributes).await;
    }
    let write = cx
        .record(Tool::AskUser, &question, &question)
        .attributes(attributes)
        .state(State::Proposed);
    let run = cx.run;
    cx.store
        .write(move |tx| {
            let path = entries::log(tx, run, write)?;
            let effect = Effect::Question { question, options };
            proposals::put(tx, run, &path, Action::AskUser, &effect)
        })
        .await?;
    Ok(Handled::Proposed)
}
