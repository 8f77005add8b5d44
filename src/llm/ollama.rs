//! `ollama/MODEL`: an Ollama server by its own API, which takes the size of the context with each
//! call and cuts a longer prompt without a word.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde::Deserialize;
use serde_json::{Value, json};

use super::fault::Complaint;
use super::http::{Http, KeyHeader};
use super::key::Keys;
use super::reading::{Format, Framing, Gathered, Step, Unread, parsed};
use super::service::{Service, Usual, unconfigured};
use super::text::Piece;
use super::{
    Answer, Failure, Finish, LlmError, ModelSpec, Provider, Request, Sink, ToolCall, Usage,
};

const USUAL: Usual = Usual {
    prefix: "ollama",
    base_url: "http://127.0.0.1:11434",
    base_variables: &["OLLAMA_BASE_URL"],
    key_variable: "OLLAMA_API_KEY",
    key_header: KeyHeader::Bearer,
    headers: &[],
    tails: &["/v1", "/api"],
};

/// Ollama's own variable: an address, with or without a scheme and a port.
const HOST: &str = "OLLAMA_HOST";

const CHAT: &str = "/api/chat";

/// Bytes that a token stands for, at least.
const BYTES_A_TOKEN: u64 = 2;

/// Tokens that are kept for the answer.
const ANSWER: u64 = 4096;

/// No context is smaller: a server loads a model anew for each other size.
const LEAST_CONTEXT: u64 = 8192;

pub(super) struct Ollama {
    service: Service,
    keys: Arc<Keys>,
    /// How long the server may take to list its models where nobody has configured it.
    discovery: Duration,
}

impl Ollama {
    pub(super) fn new(http: Arc<Http>, keys: Arc<Keys>, discovery: Duration) -> Self {
        Self {
            service: Service::new(&USUAL, http, Arc::clone(&keys)),
            keys,
            discovery,
        }
    }

    /// The model with the server that Ollama's own variable names, where no other is named.
    fn placed(&self, model: &ModelSpec) -> ModelSpec {
        let mut model = model.clone();
        let other = self.keys.variable(USUAL.base_variables[0]);
        if model.base_url.is_none() && other.is_none() {
            model.base_url = self.keys.variable(HOST).map(|host| address(&host));
        }
        model
    }

    async fn attempt(
        &self,
        request: &Request<'_>,
        progress: &mut Sink<'_>,
    ) -> Result<Answer, Failure> {
        let model = self.placed(request.model);
        let request = Request {
            model: &model,
            ..*request
        };
        let body = body(&request);
        self.service
            .ask::<Lines>(&request, CHAT, &body, progress)
            .await
    }

    /// What the model was made for. The window that it gets is set with each call.
    async fn ask_for_context(&self, model: &ModelSpec) -> Result<Option<u64>, Failure> {
        let body = json!({"model": model.name()});
        let placed = self.placed(model);
        let shown = self.service.look_up(&placed, "/api/show", Some(&body));
        let shown = shown.await?;
        let info = shown.get("model_info").and_then(Value::as_object);
        let mut info = info.into_iter().flatten();
        let length = info.find(|(key, _)| key.ends_with(".context_length"));
        Ok(length.and_then(|(_, length)| length.as_u64()))
    }

    async fn list(&self) -> Vec<ModelSpec> {
        let placed = self.placed(&unconfigured("", USUAL.prefix, "any"));
        let base = placed.base_url.as_deref();
        let tags = self
            .service
            .look_around(base, "/api/tags", self.discovery)
            .await;
        let models = tags.and_then(|tags| tags.get("models")?.as_array().cloned());
        let writers = models.into_iter().flatten().filter(writes);
        writers
            .filter_map(|model| {
                let name = model.get("name")?.as_str()?;
                Some(unconfigured(name, USUAL.prefix, name))
            })
            .collect()
    }
}

impl Provider for Ollama {
    fn prefix(&self) -> &'static str {
        USUAL.prefix
    }

    fn check(&self, model: &ModelSpec) -> Result<(), LlmError> {
        self.service.url(&self.placed(model), CHAT).map(drop)
    }

    fn complete<'a>(
        &'a self,
        request: &'a Request<'a>,
        progress: &'a mut Sink<'_>,
    ) -> BoxFuture<'a, Result<Answer, Failure>> {
        self.attempt(request, progress).boxed()
    }

    fn context_length<'a>(
        &'a self,
        model: &'a ModelSpec,
    ) -> BoxFuture<'a, Result<Option<u64>, Failure>> {
        self.ask_for_context(model).boxed()
    }

    fn served(&self) -> BoxFuture<'_, Vec<ModelSpec>> {
        self.list().boxed()
    }
}

/// `HOST` as a URL. A server that listens everywhere is asked here.
fn address(host: &str) -> String {
    let host = host.trim().trim_end_matches('/');
    let (scheme, rest) = host.split_once("://").unwrap_or(("http", host));
    let rest = rest.replacen("0.0.0.0", "127.0.0.1", 1);
    let (authority, _path) = rest.split_once('/').unwrap_or((&rest, ""));
    let after_brackets = authority.rsplit(']').next().unwrap_or(authority);
    let has_port = after_brackets.contains(':') || host.contains("://");
    let port = if has_port { "" } else { ":11434" };
    format!("{scheme}://{rest}{port}")
}

/// Whether a model of the list writes. The others turn a text into numbers.
fn writes(model: &Value) -> bool {
    let word = |place| model.pointer(place).and_then(Value::as_str).unwrap_or("");
    !word("/details/family").contains("bert") && !word("/name").contains("embed")
}

fn body(request: &Request<'_>) -> Value {
    let mut options = json!({"num_ctx": window(request)});
    if let Some(temperature) = request.temperature() {
        options["temperature"] = json!(temperature);
    }
    json!({
        "model": request.model.name(),
        "messages": [
            {"role": "system", "content": request.system},
            {"role": "user", "content": request.user},
        ],
        "stream": true,
        "options": options,
    })
}

/// The context that a call needs, in steps so wide that a run rarely takes one, and never more than
/// the model has: memory is set aside for all of it.
fn window(request: &Request<'_>) -> u64 {
    let needed = request.bytes() / BYTES_A_TOKEN + ANSWER;
    let window = needed.next_power_of_two().max(LEAST_CONTEXT);
    window.min(request.context_size)
}

/// The format of the answer.
#[derive(Default)]
struct Lines;

#[derive(Deserialize)]
struct Line {
    error: Option<Value>,
    model: Option<String>,
    message: Option<Message>,
    #[serde(default)]
    done: bool,
    done_reason: Option<String>,
    prompt_eval_count: Option<u64>,
    eval_count: Option<u64>,
}

#[derive(Deserialize)]
struct Message {
    content: Option<Piece>,
    thinking: Option<Piece>,
    /// What servers that only speak like Ollama call it.
    reasoning_content: Option<Piece>,
    #[serde(default)]
    tool_calls: Vec<CallLine>,
}

#[derive(Deserialize)]
struct CallLine {
    function: Function,
}

#[derive(Deserialize)]
struct Function {
    name: String,
    #[serde(default)]
    arguments: Value,
}

impl Format for Lines {
    const FRAMING: Framing = Framing::Lines;

    fn take(
        &mut self,
        data: &str,
        answer: &mut Gathered,
        progress: &mut Sink<'_>,
    ) -> Result<Step, Unread> {
        let line: Line = parsed(data)?;
        if line.error.is_some() {
            return Err(Unread::Said(Complaint::of_object(&parsed(data)?)));
        }
        if line.message.is_none() && !line.done {
            return Err(Unread::Malformed("a line has no `message`".to_owned()));
        }
        answer.name_model(line.model);
        if let Some(message) = line.message {
            let reasoning = message.thinking.or(message.reasoning_content);
            answer.add_reasoning(reasoning, progress);
            answer.add_text(message.content, progress);
            let calls = message.tool_calls.into_iter().map(|call| ToolCall {
                name: call.function.name,
                arguments: call.function.arguments.to_string(),
            });
            answer.calls.extend(calls);
        }
        if !line.done {
            return Ok(Step::More);
        }
        answer.usage = Usage {
            prompt: line.prompt_eval_count,
            completion: line.eval_count,
            ..Usage::default()
        };
        answer.finish = Some(match line.done_reason.as_deref() {
            None | Some("stop") => Finish::Stop,
            Some("length") => Finish::Length,
            Some(other) => Finish::Other(other.to_owned()),
        });
        Ok(Step::Done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_variable_may_lack_a_scheme_and_a_port() {
        for (host, url) in [
            ("127.0.0.1:8000", "http://127.0.0.1:8000"),
            ("box", "http://box:11434"),
            ("[::1]", "http://[::1]:11434"),
            ("0.0.0.0", "http://127.0.0.1:11434"),
            ("https://box/", "https://box"),
            ("http://box:1/ollama", "http://box:1/ollama"),
        ] {
            assert_eq!(address(host), url, "{host}");
        }
    }

    #[test]
    fn the_window_fits_the_prompt_and_an_answer_in_wide_steps_and_never_the_models_own() {
        let model = unconfigured("a", "ollama", "m");
        let window = |bytes: usize, context_size| {
            let user = "x".repeat(bytes);
            window(&Request {
                model: &model,
                system: "",
                user: &user,
                stable: 0,
                context_size,
                temperature: None,
                call: 0,
            })
        };
        for (bytes, context_size, expected) in [
            (0, 100_000, 8192),
            (8_000, 100_000, 8192),
            (9_000, 100_000, 16_384),
            (60_000, 100_000, 65_536),
            (60_000, 40_000, 40_000),
            (0, 2048, 2048),
        ] {
            assert_eq!(window(bytes, context_size), expected);
        }
    }
}
