//! Where models are called: one question to a language model, and its answer as it streams in.
//!
//! [`Models`] is the gateway. It picks the [`Provider`] by the first segment of a model's
//! `actual` name (`openai/…`, `replay/…`), repeats a call that failed for a passing reason, and
//! gives back an [`Answer`] or an [`LlmError`]. Not here: what is asked and what an answer
//! means (the agent's loop), which models there are (the configuration and the store).
//!
//! | file | holds |
//! |---|---|
//! | `gateway` | [`Models`]: the registry of providers and the retries |
//! | `model` | [`ModelSpec`]: which model, where, with which key |
//! | `key` | how a [`Key`] becomes a secret, and how it is kept out of messages |
//! | `exchange` | [`Request`], [`Progress`], [`Answer`] and the [`Provider`] trait |
//! | `error`, `fault` | what can go wrong, and how a server's complaint is told apart |
//! | `retry` | how long to wait before the next attempt |
//! | `http` | the HTTP client, built at its first use |
//! | `service` | a provider's way to its servers: base URLs, keys, headers |
//! | `reading`, `framing`, `text` | an answer as it comes in, whatever its wire format |
//! | `chat`, `messages`, `responses` | a wire format each, which several servers speak |
//! | `hosted` | the services that a table tells apart: OpenAI and what speaks like it, Anthropic, OpenRouter, xAI |
//! | `ollama`, `replay` | a provider each; `script` is the file that a replay plays |
//! | `record` | answers written down as a script for `replay` |
//! | `usage`, `listing`, `tokens` | figures: what was reported, how long a context is, the estimate where nobody has counted |
//!
//! A new service that speaks a known format is a row of `hosted`; any other provider is a file with an
//! `impl Provider`, and a line in `gateway::Models::with`; a new wire format is an `impl
//! reading::Format`.
//!
//! Reasoning that a model writes into its text (`<think>` at the beginning) stays there: the dialect
//! reads it.
//!
//! **Invariant:** dropping the future of a call ends it, whether it waits for the server, reads
//! the stream or sits out a back-off. Nothing here spawns a task that outlives its call.
//!
//! **Invariant:** a figure that a provider did not report is `None`. Nothing here invents one.

mod chat;
mod error;
mod exchange;
mod fault;
mod framing;
mod gateway;
mod hosted;
mod http;
mod key;
mod listing;
mod messages;
mod model;
mod ollama;
mod reading;
mod record;
mod replay;
mod responses;
mod retry;
mod script;
mod service;
mod text;
pub mod tokens;
mod usage;

pub use error::{Failure, LlmError, Transient};
pub use exchange::{Answer, Finish, Progress, Provider, Request, Sink, ToolCall};
pub use gateway::{Limits, Models};
pub use key::{Key, KeyError};
pub use model::ModelSpec;
pub use record::Recording;
pub use retry::{Pause, Retries};
pub use script::ScriptError;
pub use usage::Usage;
