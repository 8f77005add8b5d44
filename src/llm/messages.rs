//! The Messages format: the body of a request, the typed events of a streamed answer, and a whole
//! message.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::fault::Complaint;
use super::reading::{Format, Framing, Gathered, Step, Unread, parsed};
use super::text::Piece;
use super::{Finish, Request, Sink, ToolCall, Usage};

/// Bytes that a token of a prompt stands for, at most: what is left of the context for the answer
/// is reckoned with it.
const BYTES_A_TOKEN: u64 = 3;

/// Tokens that an answer may always have.
const LEAST_ANSWER: u64 = 4096;

/// The body of a request. The system message is cached up to the end of what stays the same in a
/// run, and up to its own end, for the turns in which no entry changes.
pub(super) fn body(request: &Request<'_>) -> Value {
    let (stable, rest) = request.system_parts();
    let cached =
        |text: &str| json!({"type": "text", "text": text, "cache_control": {"type": "ephemeral"}});
    let system: Vec<Value> = [stable, rest]
        .into_iter()
        // An empty text is refused.
        .filter(|text| !text.trim().is_empty())
        .map(cached)
        .collect();
    let mut body = json!({
        "model": request.model.name(),
        "max_tokens": most_tokens(request),
        "system": system,
        "messages": [{"role": "user", "content": request.user}],
        "stream": true,
    });
    if let Some(temperature) = request.temperature() {
        body["temperature"] = json!(temperature);
    }
    body
}

/// How long the answer may be, which this format wants to be told: what the model can write, or
/// what its context has left.
fn most_tokens(request: &Request<'_>) -> u64 {
    let used = request.bytes() / BYTES_A_TOKEN;
    let left = request.context_size.saturating_sub(used);
    left.max(LEAST_ANSWER)
        .min(output_limit(request.model.name()))
}

/// A request for more than this is refused.
fn output_limit(name: &str) -> u64 {
    const OLDER: &[(&str, u64)] = &[
        ("claude-3-5", 8192),
        ("claude-3-7", 32_000),
        ("claude-3", 4096),
    ];
    let older = OLDER.iter().find(|(begins, _)| name.starts_with(begins));
    older.map_or(32_000, |(_, limit)| *limit)
}

/// The format.
#[derive(Default)]
pub(super) struct Messages {
    /// Figures come at the start and at the end, and later ones count.
    usage: Map<String, Value>,
}

impl Format for Messages {
    const FRAMING: Framing = Framing::Events;

    fn take(
        &mut self,
        data: &str,
        answer: &mut Gathered,
        progress: &mut Sink<'_>,
    ) -> Result<Step, Unread> {
        let event: Event = parsed(data)?;
        match event.kind.as_deref() {
            Some("error") => return Err(Unread::Said(Complaint::of_object(&parsed(data)?))),
            Some("message_stop") => return Ok(Step::Done),
            Some("message") => {
                self.take_message(parsed(data)?, answer, progress);
                return Ok(Step::Done);
            }
            Some("message_start") => {
                if let Some(message) = event.message {
                    self.take_message(message, answer, progress);
                }
            }
            Some("content_block_start") => {
                if let Some(block) = event.content_block {
                    take_block(block, answer, progress);
                }
            }
            Some("content_block_delta") => {
                if let Some(delta) = event.delta {
                    take_delta(delta, answer, progress);
                }
            }
            Some("message_delta") => {
                let reason = event.delta.and_then(|delta| delta.stop_reason);
                self.take_end(reason.as_deref(), event.usage, answer);
            }
            None if event.error.is_some() => {
                return Err(Unread::Said(Complaint::of_object(&parsed(data)?)));
            }
            Some(_) => {}
            None => return Ok(Step::Nothing),
        }
        Ok(Step::More)
    }
}

impl Messages {
    fn take_message(&mut self, message: Message, answer: &mut Gathered, progress: &mut Sink<'_>) {
        answer.name_model(message.model);
        for block in message.content {
            take_block(block, answer, progress);
        }
        self.take_end(message.stop_reason.as_deref(), message.usage, answer);
    }

    fn take_end(
        &mut self,
        reason: Option<&str>,
        usage: Option<Map<String, Value>>,
        answer: &mut Gathered,
    ) {
        let said = usage.into_iter().flatten();
        self.usage
            .extend(said.filter(|(_, figure)| !figure.is_null()));
        answer.usage = Usage::of_message(&self.usage);
        answer.finish = match reason {
            None => answer.finish.take(),
            Some("end_turn" | "tool_use" | "stop_sequence") => Some(Finish::Stop),
            Some("max_tokens" | "model_context_window_exceeded") => Some(Finish::Length),
            Some(other) => Some(Finish::Other(other.to_owned())),
        };
    }
}

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "type")]
    kind: Option<String>,
    message: Option<Message>,
    content_block: Option<Block>,
    delta: Option<Delta>,
    usage: Option<Map<String, Value>>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Message {
    model: Option<String>,
    #[serde(default)]
    content: Vec<Block>,
    stop_reason: Option<String>,
    usage: Option<Map<String, Value>>,
}

/// A part of the answer: a text, thinking or a call; in a stream, its beginning.
#[derive(Deserialize)]
struct Block {
    #[serde(rename = "type")]
    kind: Option<String>,
    text: Option<Piece>,
    thinking: Option<Piece>,
    #[serde(default)]
    name: String,
    input: Option<Value>,
}

/// What a block, or the message as a whole, is added.
#[derive(Deserialize)]
struct Delta {
    text: Option<Piece>,
    thinking: Option<Piece>,
    partial_json: Option<String>,
    stop_reason: Option<String>,
}

fn take_block(block: Block, answer: &mut Gathered, progress: &mut Sink<'_>) {
    match block.kind.as_deref() {
        Some("tool_use") => {
            // In a stream the input is an empty object here, and comes in pieces.
            let input = block.input.filter(|input| input != &json!({}));
            answer.calls.push(ToolCall {
                name: block.name,
                arguments: input.map_or_else(String::new, |input| input.to_string()),
            });
        }
        Some("thinking") => {
            answer.part_reasoning(progress);
            answer.add_reasoning(block.thinking, progress);
        }
        _ => answer.add_text(block.text, progress),
    }
}

fn take_delta(delta: Delta, answer: &mut Gathered, progress: &mut Sink<'_>) {
    answer.add_text(delta.text, progress);
    answer.add_reasoning(delta.thinking, progress);
    if let (Some(piece), Some(call)) = (delta.partial_json, answer.calls.last_mut()) {
        call.arguments.push_str(&piece);
    }
}
