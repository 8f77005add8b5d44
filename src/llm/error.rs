//! What a call can end with instead of an answer. [`LlmError`] is what the caller sees,
//! [`Failure`] is what a provider tells the gateway about one attempt.

use std::time::Duration;

use super::{KeyError, ScriptError};

/// Why there is no answer. No variant carries a key: messages of servers are scrubbed of it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum LlmError {
    #[error(
        "no provider serves `{actual}`; the name of a model begins with one of {known}, as in \
         `openai/MODEL`"
    )]
    UnknownProvider {
        actual: String,
        /// The prefixes that exist, ready to print.
        known: String,
    },
    #[error("`{actual}` names a provider but no model; write `{expected}`")]
    NoModel {
        actual: String,
        /// What would name one, as in `openai/MODEL`.
        expected: String,
    },
    #[error("the base URL `{url}` cannot be used: {reason}; write one like `https://HOST:PORT`")]
    BadUrl { url: String, reason: String },
    #[error("the key of model `{alias}` cannot be had: {reason}")]
    NoKey { alias: String, reason: KeyError },
    #[error(
        "the server refuses the key of model `{alias}`, which comes from {origin} (status \
         {status}): {message}"
    )]
    Auth {
        alias: String,
        /// Where the key was found, in words.
        origin: String,
        status: u16,
        message: String,
    },
    #[error(
        "the context length of model `{alias}` is not known: {why}; set it in tokens, as \
         `models.{alias}.contextLength` or in the environment variable `RUMMY_CONTEXT_{alias}`"
    )]
    NoContext {
        alias: String,
        /// Why nobody has said it, in words.
        why: String,
    },
    #[error("the request is longer than the model's context: {message}")]
    ContextExceeded { message: String },
    #[error("the server refuses the request (status {status}): {message}")]
    Refused { status: u16, message: String },
    #[error("no answer after {attempts} attempts{}: {message}", in_brackets(*status))]
    Unavailable {
        /// `None` where the connection failed before there was a status.
        status: Option<u16>,
        attempts: u32,
        message: String,
    },
    #[error(
        "{server} sent nothing for {} s, after {received} characters of the answer; a slow model \
         needs a longer limit",
        limit.as_secs_f64()
    )]
    Silent {
        server: String,
        limit: Duration,
        /// Characters of text and reasoning that had arrived.
        received: usize,
    },
    #[error(
        "{server} shows a certificate that is not trusted: {reason}; the variable SSL_CERT_FILE \
         names a file with certificates that are"
    )]
    Untrusted { server: String, reason: String },
    #[error("{server} answered with something other than an answer: {problem}")]
    Malformed { server: String, problem: String },
    #[error(transparent)]
    Script(#[from] ScriptError),
    #[error("the HTTP client cannot be set up: {reason}")]
    Client { reason: String },
}

fn in_brackets(status: Option<u16>) -> String {
    status.map_or_else(String::new, |status| format!(" (status {status})"))
}

/// How one attempt failed.
#[derive(Debug, PartialEq, Eq)]
pub enum Failure {
    /// Another attempt may succeed.
    Transient(Transient),
    /// Another attempt would end the same way.
    Final(LlmError),
}

/// A failure that may pass: a busy server, a broken connection.
#[derive(Debug, PartialEq, Eq)]
pub struct Transient {
    pub status: Option<u16>,
    pub message: String,
    /// How long the server asked to be left alone.
    pub retry_after: Option<Duration>,
}

impl From<LlmError> for Failure {
    fn from(error: LlmError) -> Self {
        Self::Final(error)
    }
}

impl From<Transient> for Failure {
    fn from(transient: Transient) -> Self {
        Self::Transient(transient)
    }
}
