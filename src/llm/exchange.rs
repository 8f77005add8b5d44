//! One question and one answer, in the terms that all providers share, and the trait they
//! implement. No wire format: that is each provider's own.

use std::time::Duration;

use futures::FutureExt as _;
use futures::future::{self, BoxFuture};
use serde::Serialize;
use serde_json::json;

use super::{Failure, LlmError, ModelSpec, Usage};

/// What a model is asked.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    pub model: &'a ModelSpec,
    pub system: &'a str,
    pub user: &'a str,
    /// How many bytes at the beginning of `system` are the same in every call of the run: what a
    /// provider may keep for the next one.
    pub stable: usize,
    /// The context that the run works in, in tokens.
    pub context_size: u64,
    /// Overrides the model's own.
    pub temperature: Option<f64>,
    /// How many calls of this run were answered before: 0, 1, 2… A replay finds its place by
    /// it, so a run that is continued in another process goes on where it was.
    pub call: u64,
}

impl<'a> Request<'a> {
    pub(super) fn temperature(&self) -> Option<f64> {
        self.temperature.or(self.model.temperature)
    }

    /// The system message in two: what stays the same, and the rest.
    pub(super) fn system_parts(&self) -> (&'a str, &'a str) {
        self.system
            .split_at_checked(self.stable)
            .unwrap_or((self.system, ""))
    }

    /// Both messages, in bytes.
    pub(super) fn bytes(&self) -> u64 {
        (self.system.len() + self.user.len()) as u64
    }
}

/// What happens while an answer is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress<'a> {
    /// The next piece of the answer's text.
    Answer(&'a str),
    /// The next piece of the model's reasoning.
    Reasoning(&'a str),
    /// The attempt failed and another follows after `wait`: what had streamed so far is void.
    Retrying {
        /// 1 for the first repetition.
        attempt: u32,
        wait: Duration,
        reason: &'a str,
    },
}

/// Takes progress as it comes. It runs between two reads of the stream, so it should be quick.
pub type Sink<'a> = dyn FnMut(Progress<'_>) + Send + 'a;

/// What a model answered, whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub text: String,
    /// What the model called beside the text, where its server speaks of calls.
    pub calls: Vec<ToolCall>,
    /// Empty where the model showed none.
    pub reasoning: String,
    /// The model's name as the server gave it, which may be more exact than what was asked for.
    pub model: Option<String>,
    pub usage: Usage,
    pub finish: Finish,
}

/// A call in a field of its own, as servers give it that parse their model's output.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ToolCall {
    pub name: String,
    /// A JSON object, as the model wrote it.
    pub arguments: String,
}

impl Answer {
    /// All that the model wrote: the text, and its calls in a line of JSON behind it.
    pub fn written(&self) -> String {
        if self.calls.is_empty() {
            return self.text.clone();
        }
        let calls = json!({"tool_calls": self.calls});
        let joint = if self.text.is_empty() { "" } else { "\n" };
        format!("{}{joint}{calls}", self.text)
    }
}

/// Why an answer ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finish {
    Stop,
    /// The model reached the limit on its output: the text is cut.
    Length,
    /// The stream ended without saying why: the text may be cut anywhere.
    Truncated,
    /// The provider's own word, such as `content_filter`.
    Other(String),
}

/// A place where models are served.
pub trait Provider: Send + Sync {
    /// The first segment of the `actual` names it answers to.
    fn prefix(&self) -> &'static str;

    /// Whether a model could be called as it is configured. No network, no key command.
    fn check(&self, model: &ModelSpec) -> Result<(), LlmError>;

    /// One attempt at an answer. Whether another follows is the gateway's to decide.
    fn complete<'a>(
        &'a self,
        request: &'a Request<'a>,
        progress: &'a mut Sink<'_>,
    ) -> BoxFuture<'a, Result<Answer, Failure>>;

    /// The model's context window in tokens; none where the provider does not say it.
    fn context_length<'a>(
        &'a self,
        model: &'a ModelSpec,
    ) -> BoxFuture<'a, Result<Option<u64>, Failure>>;

    /// The models that are there without a key and without being configured, best first.
    fn served(&self) -> BoxFuture<'_, Vec<ModelSpec>> {
        future::ready(Vec::new()).boxed()
    }

    /// The model that the provider offers to somebody who has set its key's usual variable.
    fn offered(&self) -> Option<ModelSpec> {
        None
    }
}
