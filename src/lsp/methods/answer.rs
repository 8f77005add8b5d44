//! `answer`: the user answers a question of the model's.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Context, Done, Method, MethodError, entry_path};
use crate::entries::{Effect, Proposal};
use crate::lsp::proposals::NotDone;
use crate::lsp::proposals::accept::{Wish, accept};
use crate::store::proposals;

/// The method `answer`.
pub struct Answer;

#[derive(Debug, Deserialize, JsonSchema)]
pub struct AnswerParams {
    pub run: String,
    /// The proposal that asks.
    pub path: String,
    pub answer: String,
}

impl Method for Answer {
    const NAME: &'static str = "answer";
    const DESCRIPTION: &'static str = "Answers a question of the model's.";
    type Params = AnswerParams;
    type Output = Done;

    async fn call(cx: Context, params: AnswerParams) -> Result<Done, MethodError> {
        let path = entry_path("path", &params.path)?;
        if params.answer.trim().is_empty() {
            let why = "an answer says something; to say nothing, reject the question";
            return Err(MethodError::parameter("answer", why));
        }
        let run = cx.run(&params.run).await?;
        let (id, asked) = (run.id, path.clone());
        let found = cx
            .store()
            .read(move |connection| proposals::find(connection, id, &asked))
            .await?;
        let asks = |proposal: &Proposal| matches!(proposal.effect, Effect::Question { .. });
        if !found.as_ref().is_some_and(asks) {
            return Err(MethodError::NotFound(format!("{path} is no question")));
        }
        let wish = Wish {
            body: Some(params.answer),
            asked_by: Some(cx.session.id()),
            ..Wish::default()
        };
        match accept(cx.editors(), run.id, &path, &wish).await {
            Ok(()) => Ok(Done::OK),
            Err(why @ NotDone::NotPending(_)) => Err(MethodError::NotFound(why.to_string())),
            Err(why) => Err(MethodError::Conflict(why.to_string())),
        }
    }
}
