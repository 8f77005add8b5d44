//! The Responses format: the body of a request, the typed events of a streamed answer, and the
//! whole response, which is also what the last event carries.

use serde::Deserialize;
use serde_json::{Value, json};

use super::fault::Complaint;
use super::reading::{Format, Framing, Gathered, Step, Unread, parsed};
use super::text::Piece;
use super::{Finish, Request, Sink, ToolCall, Usage};

/// The body of a request. The provider is to keep no copy: a run's memory is its entries.
pub(super) fn body(request: &Request<'_>) -> Value {
    let mut body = json!({
        "model": request.model.name(),
        "input": [
            {"role": "system", "content": request.system},
            {"role": "user", "content": request.user},
        ],
        "stream": true,
        "store": false,
    });
    if let Some(temperature) = request.temperature() {
        body["temperature"] = json!(temperature);
    }
    body
}

/// The format.
#[derive(Default)]
pub(super) struct Responses;

impl Format for Responses {
    const FRAMING: Framing = Framing::Events;

    fn take(
        &mut self,
        data: &str,
        answer: &mut Gathered,
        progress: &mut Sink<'_>,
    ) -> Result<Step, Unread> {
        let head: Head = parsed(data)?;
        match head.kind.as_deref() {
            Some("response.output_text.delta" | "response.refusal.delta") => {
                answer.add_text(parsed::<Delta>(data)?.delta, progress);
            }
            Some("response.reasoning_summary_text.delta" | "response.reasoning_text.delta") => {
                answer.add_reasoning(parsed::<Delta>(data)?.delta, progress);
            }
            Some("response.reasoning_summary_part.added") => answer.part_reasoning(progress),
            Some("response.output_item.done") => take_call(parsed::<Done>(data)?.item, answer),
            Some("response.completed" | "response.incomplete" | "response.failed") => {
                return take_response(parsed::<End>(data)?.response, answer, progress);
            }
            None if head.object.as_deref() == Some("response") => {
                return take_response(parsed(data)?, answer, progress);
            }
            Some("error") => return Err(Unread::Said(Complaint::of_object(&parsed(data)?))),
            None if head.error.is_some() => {
                return Err(Unread::Said(Complaint::of_object(&parsed(data)?)));
            }
            Some(_) => {}
            None => return Ok(Step::Nothing),
        }
        Ok(Step::More)
    }
}

/// What tells the events apart.
#[derive(Deserialize)]
struct Head {
    #[serde(rename = "type")]
    kind: Option<String>,
    object: Option<String>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Delta {
    delta: Option<Piece>,
}

#[derive(Deserialize)]
struct Done {
    item: Item,
}

#[derive(Deserialize)]
struct End {
    response: Response,
}

/// The whole response.
#[derive(Deserialize)]
struct Response {
    status: Option<String>,
    model: Option<String>,
    error: Option<Value>,
    incomplete_details: Option<Incomplete>,
    #[serde(default)]
    output: Vec<Item>,
    usage: Option<Value>,
}

#[derive(Deserialize)]
struct Incomplete {
    reason: Option<String>,
}

/// A part of the output: a message, reasoning or a call.
#[derive(Deserialize)]
struct Item {
    #[serde(rename = "type")]
    kind: Option<String>,
    /// Of a message or of reasoning: a text or a list of texts.
    content: Option<Piece>,
    summary: Option<Piece>,
    name: Option<String>,
    arguments: Option<String>,
}

fn take_call(item: Item, answer: &mut Gathered) {
    if let (Some("function_call"), Some(name)) = (item.kind.as_deref(), item.name) {
        let arguments = item.arguments.as_deref().unwrap_or("").to_owned();
        answer.calls.push(ToolCall { name, arguments });
    }
}

/// Takes how the answer ended; and the answer itself where nothing of it has streamed.
fn take_response(
    response: Response,
    answer: &mut Gathered,
    progress: &mut Sink<'_>,
) -> Result<Step, Unread> {
    if let Some(error) = response.error.filter(|error| !error.is_null()) {
        return Err(Unread::Said(Complaint::of_object(&json!({"error": error}))));
    }
    if response.status.as_deref() == Some("failed") {
        let unnamed = json!({"error": {"type": "server_error", "message": ""}});
        return Err(Unread::Said(Complaint::of_object(&unnamed)));
    }
    if answer.is_empty() {
        for item in response.output {
            match item.kind.as_deref() {
                Some("message") => answer.add_text(item.content, progress),
                Some("reasoning") => {
                    answer.part_reasoning(progress);
                    let summary = item.summary.filter(|summary| !summary.is_empty());
                    answer.add_reasoning(summary.or(item.content), progress);
                }
                _ => take_call(item, answer),
            }
        }
    }
    answer.name_model(response.model);
    if let Some(usage) = response.usage.filter(|usage| !usage.is_null()) {
        answer.usage = Usage::of_response(&usage);
    }
    let reason = response
        .incomplete_details
        .and_then(|details| details.reason);
    answer.finish = Some(match reason.as_deref() {
        None => Finish::Stop,
        Some("max_output_tokens") => Finish::Length,
        Some(other) => Finish::Other(other.to_owned()),
    });
    Ok(Step::Done)
}
