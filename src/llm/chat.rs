//! The chat completions format: the body of a request, and what the events of an answer and a
//! whole answer say. Which server is asked and with which key is the provider's; several of them
//! speak this format.

use serde::Deserialize;
use serde_json::{Value, json};

use super::fault::Complaint;
use super::reading::{Format, Framing, Gathered, Step, Unread, parsed};
use super::text::Piece;
use super::{Finish, Request, Sink, ToolCall, Usage};

/// The body of a request. Only standard fields: strict servers refuse what they do not know.
pub(super) fn body(request: &Request<'_>) -> Value {
    let mut body = json!({
        "model": request.model.name(),
        "messages": [
            {"role": "system", "content": request.system},
            {"role": "user", "content": request.user},
        ],
        "stream": true,
        "stream_options": {"include_usage": true},
    });
    if let Some(temperature) = request.temperature() {
        body["temperature"] = json!(temperature);
    }
    body
}

/// The format.
#[derive(Default)]
pub(super) struct Chat;

impl Format for Chat {
    const FRAMING: Framing = Framing::Events;

    fn take(
        &mut self,
        data: &str,
        answer: &mut Gathered,
        progress: &mut Sink<'_>,
    ) -> Result<Step, Unread> {
        let envelope: Envelope = parsed(data)?;
        if envelope.is_error() {
            return Err(Unread::Said(Complaint::of_object(&parsed(data)?)));
        }
        answer.name_model(envelope.model);
        if let Some(usage) = envelope.usage.filter(|usage| !usage.is_null()) {
            answer.usage = Usage::reported(&usage);
        }
        let Some(choices) = envelope.choices else {
            return Ok(Step::Nothing);
        };
        // One answer is asked for, so there is one choice.
        if let Some(choice) = choices.into_iter().next() {
            take_choice(choice, answer, progress);
        }
        Ok(Step::More)
    }
}

/// One event of a stream, or a whole answer: they differ in `delta` and `message`.
#[derive(Deserialize)]
struct Envelope {
    object: Option<String>,
    error: Option<Value>,
    model: Option<String>,
    choices: Option<Vec<Choice>>,
    usage: Option<Value>,
}

impl Envelope {
    fn is_error(&self) -> bool {
        self.error.is_some() || self.object.as_deref() == Some("error")
    }
}

#[derive(Deserialize)]
struct Choice {
    delta: Option<Message>,
    message: Option<Message>,
    finish_reason: Option<String>,
}

/// Servers name the reasoning in one of three ways, some in two at once with the same text.
#[derive(Deserialize)]
struct Message {
    content: Option<Piece>,
    reasoning_content: Option<Piece>,
    reasoning: Option<Piece>,
    thinking: Option<Piece>,
    tool_calls: Option<Vec<CallPiece>>,
    /// The form before `tool_calls`; one call at most.
    function_call: Option<FunctionPiece>,
}

/// A call, or a piece of one: pieces of one call have its place in common.
#[derive(Deserialize)]
struct CallPiece {
    index: Option<usize>,
    function: Option<FunctionPiece>,
}

#[derive(Deserialize)]
struct FunctionPiece {
    name: Option<String>,
    /// Text, in pieces; some servers send the object itself.
    arguments: Option<Value>,
}

fn take_choice(choice: Choice, answer: &mut Gathered, progress: &mut Sink<'_>) {
    if let Some(message) = choice.delta.or(choice.message) {
        let reasoning = [
            message.reasoning_content,
            message.reasoning,
            message.thinking,
        ]
        .into_iter()
        .flatten()
        .find(|piece| !piece.is_empty());
        answer.add_reasoning(reasoning, progress);
        answer.add_text(message.content, progress);
        for (at, piece) in message.tool_calls.into_iter().flatten().enumerate() {
            take_call(&mut answer.calls, piece.index.unwrap_or(at), piece.function);
        }
        if message.function_call.is_some() {
            take_call(&mut answer.calls, 0, message.function_call);
        }
    }
    answer.finish = match choice.finish_reason.as_deref() {
        // Some servers send an empty reason with every event but the last.
        None | Some("") => answer.finish.take(),
        Some("stop" | "tool_calls" | "function_call") => Some(Finish::Stop),
        Some("length") => Some(Finish::Length),
        Some(other) => Some(Finish::Other(other.to_owned())),
    };
}

/// Adds a piece to the call at a place; a place that is too far ahead is the next one.
fn take_call(calls: &mut Vec<ToolCall>, at: usize, piece: Option<FunctionPiece>) {
    let Some(FunctionPiece { name, arguments }) = piece else {
        return;
    };
    if at >= calls.len() {
        calls.push(ToolCall::default());
    }
    let at = at.min(calls.len() - 1);
    let call = &mut calls[at];
    // It comes whole: some servers send it with every piece.
    if let Some(name) = name.filter(|name| !name.is_empty()) {
        call.name = name;
    }
    match arguments {
        None | Some(Value::Null) => {}
        Some(Value::String(text)) => call.arguments.push_str(&text),
        Some(object) => call.arguments.push_str(&object.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures::stream;
    use proptest::prelude::*;

    use super::*;
    use crate::llm::http::Loss;
    use crate::llm::reading::streamed;
    use crate::llm::{Answer, Progress};

    /// Reads an answer from `network`, piece by piece, with nothing to wait for.
    fn read(network: Vec<Result<&[u8], Loss>>) -> (Result<Answer, Unread>, String) {
        let mut shown = String::new();
        let mut progress = |progress: Progress<'_>| match progress {
            Progress::Answer(piece) => shown.push_str(piece),
            Progress::Reasoning(piece) => shown.push_str(&piece.to_uppercase()),
            Progress::Retrying { .. } => unreachable!("one attempt only"),
        };
        let answer = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap()
            .block_on(streamed::<Chat, _>(stream::iter(network), &mut progress));
        (answer, shown)
    }

    fn read_whole(stream: &str) -> Result<Answer, Unread> {
        read(vec![Ok(stream.as_bytes())]).0
    }

    fn piece(text: &str) -> String {
        format!(
            "data: {}\n\n",
            json!({"choices": [{"delta": {"content": text}}]})
        )
    }

    const FINISH: &str = "data: {\"choices\": [{\"finish_reason\": \"stop\"}]}\n\n";

    fn answer(text: &str, finish: Finish) -> Answer {
        Answer {
            text: text.to_owned(),
            reasoning: String::new(),
            calls: Vec::new(),
            model: None,
            usage: Usage::default(),
            finish,
        }
    }

    /// All that servers do within the format, and the reading it must have.
    const LIVELY: &str = concat!(
        "\u{feff}: waiting\n\n",
        "event: ping\ndata: {}\n\n",
        "data:\n\n\n",
        "data: {\"model\": \"m-1\", \"choices\": [{\"delta\": {\"role\": \"assistant\", \"content\": null}}]}\n\n",
        "data:{\"choices\": [{\"delta\": {\"reasoning\": \"hm\", \"reasoning_content\": \"hm\"}}]}\n\n",
        "data: {\"choices\": [{\"delta\": {\"thinking\": \" so\"}, \"finish_reason\": \"\"}]}\n\n",
        "id: 7\ndata: {\"choices\": [{\"delta\":\ndata: {\"content\": \"größe \"}}]}\n\n",
        "data: {\"choices\": [{\"delta\": {\"content\": \"🚀\\ud83d\"}}]}\n\n",
        "data: {\"choices\": [{\"delta\": {\"content\": \"\\ude80\"}, \"finish_reason\": \"length\"}]}\n\n",
        "data: {\"choices\": [], \"usage\": {\"prompt_tokens\": 5}}\n\n",
        "data: [DONE]\n\n",
    );

    fn lively_answer() -> Answer {
        Answer {
            text: "größe 🚀🚀".to_owned(),
            reasoning: "hm so".to_owned(),
            calls: Vec::new(),
            model: Some("m-1".to_owned()),
            usage: Usage {
                prompt: Some(5),
                ..Usage::default()
            },
            finish: Finish::Length,
        }
    }

    #[test]
    fn calls_come_in_pieces_whole_or_in_the_older_form() {
        let call = |name: &str, arguments: &str| ToolCall {
            name: name.to_owned(),
            arguments: arguments.to_owned(),
        };
        let deltas = [
            json!({"tool_calls": [{"index": 0, "id": "a", "type": "function",
                                   "function": {"name": "get", "arguments": ""}}]}),
            json!({"tool_calls": [{"index": 0, "function": {"arguments": "{\"path\":"}}]}),
            json!({"tool_calls": [{"index": 0, "function": {"arguments": "\"a\"}"}}]}),
            json!({"tool_calls": [{"index": 1, "function": {"name": "rm", "arguments": "{"}}]}),
            json!({"tool_calls": [{"index": 1, "function": {"name": "rm", "arguments": "}"}}]}),
        ];
        let events: Vec<String> = deltas
            .iter()
            .map(|delta| format!("data: {}\n\n", json!({"choices": [{"delta": delta}]})))
            .collect();
        let end = "data: {\"choices\": [{\"finish_reason\": \"tool_calls\"}]}\n\n";
        let answer = read_whole(&(events.concat() + end)).unwrap();
        assert_eq!(
            answer.calls,
            [call("get", "{\"path\":\"a\"}"), call("rm", "{}")]
        );
        assert_eq!(answer.finish, Finish::Stop);
        assert_eq!(
            answer.written(),
            r#"{"tool_calls":[{"name":"get","arguments":"{\"path\":\"a\"}"},{"name":"rm","arguments":"{}"}]}"#
        );
        let bodies = [
            json!({"tool_calls": [{"function": {"name": "get", "arguments": {"path": "a"}}}]}),
            json!({"function_call": {"name": "get", "arguments": "{\"path\":\"a\"}"}}),
        ];
        for message in bodies {
            let body = json!({"choices": [{"message": message}]}).to_string();
            let mut answer = Gathered::default();
            Chat.take(&body, &mut answer, &mut |_| {}).unwrap();
            assert_eq!(answer.calls, [call("get", "{\"path\":\"a\"}")], "{body}");
        }
    }

    proptest! {
        #[test]
        fn where_the_network_cuts_a_stream_changes_nothing(
            mut cuts in prop::collection::vec(0..LIVELY.len() * 2, 0..40),
            crlf: bool,
        ) {
            let stream = if crlf { LIVELY.replace('\n', "\r\n") } else { LIVELY.to_owned() };
            let bytes = stream.as_bytes();
            cuts.retain(|cut| *cut < bytes.len());
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let network = cuts.windows(2).map(|cut| Ok(&bytes[cut[0]..cut[1]])).collect();
            prop_assert_eq!(read(network), (Ok(lively_answer()), "HM SOgröße 🚀🚀".to_owned()));
        }
    }

    #[test]
    fn a_finish_or_a_done_alone_is_an_end() {
        let stop = Ok(answer("ab", Finish::Stop));
        let text = piece("a") + &piece("b");
        assert_eq!(read_whole(&format!("{text}{FINISH}")), stop);
        assert_eq!(read_whole(&format!("{text}data: [DONE]\n\n")), stop);
    }

    #[test]
    fn what_breaks_after_the_finish_does_no_harm() {
        let stream = piece("ab") + FINISH;
        for loss in [
            Loss::Broken("reset".to_owned()),
            Loss::Silent {
                limit: Duration::ZERO,
            },
        ] {
            let network = vec![Ok(stream.as_bytes()), Err(loss)];
            assert_eq!(read(network).0, Ok(answer("ab", Finish::Stop)));
        }
    }

    #[test]
    fn a_break_before_the_finish_keeps_the_text_and_a_silence_does_not() {
        let (text, role) = (piece("größe"), piece(""));
        let broken = || Loss::Broken("reset".to_owned());
        let silent = || Loss::Silent {
            limit: Duration::ZERO,
        };
        let lost = |loss, received| Err(Unread::Lost { loss, received });
        let seen = [
            (&text, broken()),
            (&text, silent()),
            (&role, broken()),
            (&role, silent()),
        ]
        .map(|(sent, loss)| read(vec![Ok(sent.as_bytes()), Err(loss)]).0);
        assert_eq!(
            seen,
            [
                Ok(answer("größe", Finish::Truncated)),
                lost(silent(), 5),
                lost(broken(), 0),
                lost(silent(), 0),
            ]
        );
        let (cut_event, _) = text.split_at(text.len() - 2);
        assert!(matches!(read_whole(cut_event), Err(Unread::Lost { .. })));
    }

    #[test]
    fn an_event_that_is_no_json_is_malformed_or_spoils_what_has_begun() {
        let strange = "data: {\"choices\": 7}\n\n";
        let malformed = read_whole(strange);
        assert!(
            matches!(malformed, Err(Unread::Malformed(_))),
            "{malformed:?}"
        );
        let spoiled = read_whole(&(piece("a") + strange));
        assert_eq!(spoiled, Ok(answer("a", Finish::Truncated)));
    }

    #[test]
    fn an_error_within_a_stream_is_a_complaint() {
        let said = read_whole(&(piece("a") + "data: {\"error\": {\"code\": 503}}\n\n"));
        assert!(matches!(said, Err(Unread::Said(_))), "{said:?}");
    }
}
