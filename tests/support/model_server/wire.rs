//! The wire formats that the model server speaks: what a request must look like, and how a scripted
//! answer is written.

use serde_json::{Value, json};

/// A wire format, told by the path of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    Chat,
    Messages,
    Responses,
    Ollama,
}

/// What a streamed piece is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Reasoning,
    Text,
}

impl Wire {
    pub fn of_path(path: &str) -> Option<Self> {
        match path {
            "/v1/chat/completions" => Some(Self::Chat),
            "/v1/messages" => Some(Self::Messages),
            "/v1/responses" => Some(Self::Responses),
            "/api/chat" => Some(Self::Ollama),
            _ => None,
        }
    }

    pub fn media_type(self) -> &'static str {
        match self {
            Self::Ollama => "application/x-ndjson",
            Self::Chat | Self::Messages | Self::Responses => "text/event-stream",
        }
    }

    /// The user message of a request, or what is wrong with the request.
    pub fn user(self, body: &Value) -> Result<&str, String> {
        let text = |place: &str| body.pointer(place).and_then(Value::as_str);
        if text("/model").is_none_or(str::is_empty) {
            return Err("no `model`".to_owned());
        }
        if body["stream"] != json!(true) {
            return Err("`stream` is not true".to_owned());
        }
        let list = if self == Self::Responses {
            "input"
        } else {
            "messages"
        };
        let messages = body[list].as_array().map_or(&[][..], Vec::as_slice);
        let roles: Vec<&str> = messages.iter().filter_map(|m| m["role"].as_str()).collect();
        let expected: &[&str] = match self {
            Self::Messages => &["user"],
            Self::Chat | Self::Responses | Self::Ollama => &["system", "user"],
        };
        if roles != expected {
            return Err(format!("roles {roles:?}"));
        }
        match self {
            Self::Messages if !body["max_tokens"].is_u64() => return Err("no `max_tokens`".into()),
            Self::Ollama if !body["options"]["num_ctx"].is_u64() => {
                return Err("no `num_ctx`".into());
            }
            _ => {}
        }
        let mut contents = messages.iter().map(|message| message["content"].as_str());
        if contents.clone().any(|content| content.is_none()) {
            return Err("a message is not a text".to_owned());
        }
        Ok(contents.next_back().flatten().unwrap_or(""))
    }

    /// What is sent before the first piece.
    pub fn opening(self, usage: &Value) -> Vec<u8> {
        match self {
            Self::Chat => chunk(&json!({"delta": {"role": "assistant"}})),
            Self::Messages => event(&json!({"type": "message_start", "message": {
                "type": "message", "role": "assistant", "model": "served", "content": [],
                "stop_reason": null, "usage": usage["start"],
            }})),
            Self::Responses => event(&json!({"type": "response.created", "response": {
                "object": "response", "status": "in_progress", "model": "served", "output": [],
            }})),
            Self::Ollama => Vec::new(),
        }
    }

    /// A piece of the answer; `first` where the piece before was of another kind.
    pub fn piece(self, kind: Kind, text: &str, first: bool) -> Vec<u8> {
        match (self, kind) {
            (Self::Chat, Kind::Reasoning) => chunk(&json!({"delta": {"reasoning_content": text}})),
            (Self::Chat, Kind::Text) => chunk(&json!({"delta": {"content": text}})),
            (Self::Messages, _) => message_piece(kind, text, first),
            (Self::Responses, Kind::Reasoning) => event(&json!({
                "type": "response.reasoning_summary_text.delta", "delta": text,
            })),
            (Self::Responses, Kind::Text) => event(&json!({
                "type": "response.output_text.delta", "delta": text,
            })),
            (Self::Ollama, Kind::Reasoning) => line(&json!({
                "model": "served", "message": {"role": "assistant", "content": "", "thinking": text},
                "done": false,
            })),
            (Self::Ollama, Kind::Text) => line(&json!({
                "model": "served", "message": {"role": "assistant", "content": text}, "done": false,
            })),
        }
    }

    /// What is sent after the last piece: why it ended, the usage, the end.
    pub fn ending(self, finish: &str, usage: &Value) -> Vec<u8> {
        match self {
            Self::Chat => {
                let mut end = chunk(&json!({"delta": {}, "finish_reason": finish}));
                if !usage.is_null() {
                    end.extend(data(&json!({"choices": [], "usage": usage})));
                }
                end.extend(b"data: [DONE]\n\n");
                end
            }
            Self::Messages => {
                let reason = match finish {
                    "stop" => "end_turn",
                    "length" => "max_tokens",
                    other => other,
                };
                let mut end = event(&json!({"type": "message_delta",
                    "delta": {"stop_reason": reason}, "usage": usage["end"]}));
                end.extend(event(&json!({"type": "message_stop"})));
                end
            }
            Self::Responses => {
                let details = match finish {
                    "stop" => Value::Null,
                    "length" => json!({"reason": "max_output_tokens"}),
                    other => json!({"reason": other}),
                };
                let word = if details.is_null() {
                    "completed"
                } else {
                    "incomplete"
                };
                event(&json!({"type": format!("response.{word}"), "response": {
                    "object": "response", "status": word, "model": "served", "error": null,
                    "incomplete_details": details, "output": [], "usage": usage,
                }}))
            }
            Self::Ollama => {
                let mut end = json!({"model": "served",
                    "message": {"role": "assistant", "content": ""},
                    "done": true, "done_reason": finish});
                for (key, figure) in usage.as_object().into_iter().flatten() {
                    end[key] = figure.clone();
                }
                line(&end)
            }
        }
    }

    /// The usage that a reply has which sets none.
    pub fn usual_usage(self) -> Value {
        match self {
            Self::Chat => json!({"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}),
            Self::Messages => {
                json!({"start": {"input_tokens": 11, "output_tokens": 1}, "end": {"output_tokens": 7}})
            }
            Self::Responses => json!({"input_tokens": 11, "output_tokens": 7, "total_tokens": 18}),
            Self::Ollama => json!({"prompt_eval_count": 11, "eval_count": 7}),
        }
    }

    /// The body of a refusal.
    pub fn error(self, message: &str, code: Option<&str>) -> Value {
        match self {
            Self::Chat | Self::Responses => json!({"error": {"message": message, "code": code}}),
            Self::Messages => json!({"type": "error", "error": {"type": code, "message": message}}),
            Self::Ollama => json!({"error": message}),
        }
    }
}

fn message_piece(kind: Kind, text: &str, first: bool) -> Vec<u8> {
    let (block, delta) = match kind {
        Kind::Reasoning => (
            json!({"type": "thinking", "thinking": "", "signature": ""}),
            json!({"type": "thinking_delta", "thinking": text}),
        ),
        Kind::Text => (
            json!({"type": "text", "text": ""}),
            json!({"type": "text_delta", "text": text}),
        ),
    };
    let mut bytes = Vec::new();
    if first {
        bytes.extend(event(
            &json!({"type": "content_block_start", "content_block": block}),
        ));
    }
    bytes.extend(event(
        &json!({"type": "content_block_delta", "delta": delta}),
    ));
    bytes
}

fn chunk(choice: &Value) -> Vec<u8> {
    data(&json!({"object": "chat.completion.chunk", "model": "served", "choices": [choice]}))
}

/// An event that is named as its data is.
fn event(json: &Value) -> Vec<u8> {
    let kind = json["type"].as_str().unwrap_or("");
    format!("event: {kind}\ndata: {json}\n\n").into_bytes()
}

fn data(json: &Value) -> Vec<u8> {
    format!("data: {json}\n\n").into_bytes()
}

fn line(json: &Value) -> Vec<u8> {
    format!("{json}\n").into_bytes()
}
