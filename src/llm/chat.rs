//! The chat completions format: the body of a request, an answer in streamed pieces
//! (server-sent events) and an answer in one JSON object. Which server is asked and with which
//! key is the provider's; several of them speak this format.

use std::pin::pin;
use std::time::Duration;

use futures::{Stream, StreamExt as _};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::fault::Complaint;
use super::http::{Call, Http, Loss, media_type};
use super::text::{Joiner, Piece};
use super::{Answer, Failure, Finish, Progress, Request, Sink, ToolCall, Usage, sse};

/// How long to wait, once the model has finished, for the usage that most servers send last.
const USAGE_GRACE: Duration = Duration::from_secs(5);

/// The body of a request. Only standard fields: strict servers refuse what they do not know.
fn body(request: &Request<'_>) -> Value {
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

/// Sends a request and reads the answer in whichever of its two forms it comes.
pub(super) async fn ask(
    http: &Http,
    call: &Call<'_>,
    request: &Request<'_>,
    progress: &mut Sink<'_>,
) -> Result<Answer, Failure> {
    let response = http.post(call, &body(request)).await?;
    let answer = match media_type(&response).as_str() {
        // Nobody serves a model as a web page: it is a proxy's, or another site's.
        page @ ("text/html" | "application/xhtml+xml") => Err(Unread::Malformed(format!(
            "a page ({page}); is the base URL right?"
        ))),
        "application/json" => match http.text(response).await {
            Ok(body) => whole(&body, progress),
            Err(loss) => Err(Unread::Lost { loss, received: 0 }),
        },
        _ => streamed(http.bytes(response), progress).await,
    };
    answer.map_err(|unread| match unread {
        Unread::Lost { loss, received } => call.lost(loss, received),
        Unread::Said(complaint) => call.refused(complaint, None),
        Unread::Malformed(problem) => call.malformed(&problem),
    })
}

/// Why there is no answer to be read.
#[derive(Debug, PartialEq, Eq)]
enum Unread {
    /// The connection ended before there was anything worth keeping, or fell silent.
    Lost {
        loss: Loss,
        received: usize,
    },
    /// An error object instead of an answer.
    Said(Complaint),
    Malformed(String),
}

/// Reads an answer from a stream of server-sent events.
///
/// A stream that breaks off after some text is an answer that is [`Finish::Truncated`]; one that
/// falls silent is none. What comes after the model has finished spoils nothing any more.
async fn streamed<B: AsRef<[u8]>>(
    bytes: impl Stream<Item = Result<B, Loss>>,
    progress: &mut Sink<'_>,
) -> Result<Answer, Unread> {
    let mut events = pin!(sse::events(bytes));
    let mut gathered = Gathered::default();
    loop {
        let next = events.next();
        let next = if gathered.finish.is_some() {
            timeout(USAGE_GRACE, next).await.unwrap_or(None)
        } else {
            next.await
        };
        match next {
            Some(Ok(data)) if data.trim() == "[DONE]" => return Ok(gathered.done()),
            Some(Ok(data)) => gathered.take(&data, progress)?,
            Some(Err(loss)) => return gathered.broken_off(loss),
            None => {
                let early = "the stream ended before the answer did".to_owned();
                return gathered.broken_off(Loss::Broken(early));
            }
        };
    }
}

/// Reads an answer that came in one piece.
fn whole(body: &str, progress: &mut Sink<'_>) -> Result<Answer, Unread> {
    let mut gathered = Gathered::default();
    if !gathered.take(body, progress)? {
        return Err(Unread::Malformed("it has no `choices`".to_owned()));
    }
    Ok(gathered.done())
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

/// The answer so far.
#[derive(Default)]
struct Gathered {
    text: Joined,
    reasoning: Joined,
    calls: Vec<ToolCall>,
    model: Option<String>,
    usage: Usage,
    finish: Option<Finish>,
}

impl Gathered {
    /// Adds what `data` brings. False where it has no `choices`: an event may lack them, a whole
    /// answer may not.
    fn take(&mut self, data: &str, progress: &mut Sink<'_>) -> Result<bool, Unread> {
        let envelope: Envelope = serde_json::from_str(data).map_err(|error| unread(&error))?;
        if envelope.is_error() {
            let body: Value = serde_json::from_str(data).map_err(|error| unread(&error))?;
            return Err(Unread::Said(Complaint::of_object(&body)));
        }
        if envelope.model.is_some() {
            self.model = envelope.model;
        }
        if let Some(usage) = envelope.usage {
            self.usage = Usage::reported(&usage);
        }
        let has_choices = envelope.choices.is_some();
        // One answer is asked for, so there is one choice.
        if let Some(choice) = envelope.choices.into_iter().flatten().next() {
            self.take_choice(choice, progress);
        }
        Ok(has_choices)
    }

    fn take_choice(&mut self, choice: Choice, progress: &mut Sink<'_>) {
        if let Some(message) = choice.delta.or(choice.message) {
            let reasoning = [
                message.reasoning_content,
                message.reasoning,
                message.thinking,
            ]
            .into_iter()
            .flatten()
            .find(|piece| !piece.is_empty());
            if let Some(piece) = self.reasoning.add(reasoning) {
                progress(Progress::Reasoning(piece));
            }
            if let Some(piece) = self.text.add(message.content) {
                progress(Progress::Answer(piece));
            }
            for (at, piece) in message.tool_calls.into_iter().flatten().enumerate() {
                self.take_call(piece.index.unwrap_or(at), piece.function);
            }
            if message.function_call.is_some() {
                self.take_call(0, message.function_call);
            }
        }
        self.finish = match choice.finish_reason.as_deref() {
            // Some servers send an empty reason with every event but the last.
            None | Some("") => self.finish.take(),
            Some("stop" | "tool_calls" | "function_call") => Some(Finish::Stop),
            Some("length") => Some(Finish::Length),
            Some(other) => Some(Finish::Other(other.to_owned())),
        };
    }

    /// Adds a piece to the call at a place; a place that is too far ahead is the next one.
    fn take_call(&mut self, at: usize, piece: Option<FunctionPiece>) {
        let Some(FunctionPiece { name, arguments }) = piece else {
            return;
        };
        if at >= self.calls.len() {
            self.calls.push(ToolCall::default());
        }
        let at = at.min(self.calls.len() - 1);
        let call = &mut self.calls[at];
        call.name.push_str(name.as_deref().unwrap_or(""));
        match arguments {
            None | Some(Value::Null) => {}
            Some(Value::String(text)) => call.arguments.push_str(&text),
            Some(object) => call.arguments.push_str(&object.to_string()),
        }
    }

    /// The server says that this was all.
    fn done(self) -> Answer {
        self.answer(Finish::Stop)
    }

    /// The connection ended, and the server had not said that this was all.
    fn broken_off(self, loss: Loss) -> Result<Answer, Unread> {
        let called = self.calls.iter().map(|call| call.arguments.len());
        let received = self.text.whole.chars().count()
            + self.reasoning.whole.chars().count()
            + called.sum::<usize>();
        if self.finish.is_some() || (received > 0 && matches!(loss, Loss::Broken(_))) {
            Ok(self.answer(Finish::Truncated))
        } else {
            Err(Unread::Lost { loss, received })
        }
    }

    fn answer(self, unless_said: Finish) -> Answer {
        Answer {
            text: self.text.whole,
            reasoning: self.reasoning.whole,
            calls: self.calls,
            model: self.model,
            usage: self.usage,
            finish: self.finish.unwrap_or(unless_said),
        }
    }
}

/// A text and the end of it that is still incomplete.
#[derive(Default)]
struct Joined {
    whole: String,
    pieces: Joiner,
}

impl Joined {
    /// Adds a piece; gives back what it added, if anything.
    fn add(&mut self, piece: Option<Piece>) -> Option<&str> {
        let start = self.whole.len();
        self.whole.push_str(&self.pieces.push(piece?));
        Some(&self.whole[start..]).filter(|added| !added.is_empty())
    }
}

fn unread(error: &serde_json::Error) -> Unread {
    Unread::Malformed(error.to_string())
}

#[cfg(test)]
mod tests {
    use futures::stream;
    use proptest::prelude::*;

    use super::*;

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
            .block_on(streamed(stream::iter(network), &mut progress));
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
            json!({"tool_calls": [{"index": 1, "function": {"name": "rm", "arguments": "{}"}}]}),
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
            let answer = whole(&body, &mut |_| {}).unwrap();
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
    fn an_event_that_is_no_json_is_malformed_and_an_error_is_a_complaint() {
        let malformed = read_whole(&(piece("a") + "data: {\"choices\": 7}\n\n"));
        assert!(
            matches!(malformed, Err(Unread::Malformed(_))),
            "{malformed:?}"
        );
        let said = read_whole(&(piece("a") + "data: {\"error\": {\"code\": 503}}\n\n"));
        assert!(matches!(said, Err(Unread::Said(_))), "{said:?}");
    }
}
