//! Each provider speaks its own wire format: what it sends, and what it makes of the answer.

use rummy_lsp::llm::{Answer, Finish, ToolCall, Usage};
use serde_json::{Value, json};

use crate::model_server::{ModelServer, Reply};
use crate::{Request, Seen, call, models, request, spec};

const TEXT: &str = "Zwölf Boxkämpfer 🚀 jagen Viktor";
const THOUGHT: &str = "Hm — 🤔";

/// Asks a model at a server that answers TEXT after THOUGHT, with this usage.
async fn asked(actual: &str, usage: Value) -> (Seen, ModelServer) {
    let reply = Reply::text(TEXT).reasoning(THOUGHT).usage(usage);
    let server = ModelServer::start(vec![reply]);
    let model = spec(actual, Some(server.url()));
    let asked = Request {
        stable: "be ".len(),
        temperature: Some(0.5),
        ..request(&model)
    };
    (call(&models(), &asked).await, server)
}

fn answered(usage: Usage) -> Answer {
    Answer {
        text: TEXT.to_owned(),
        calls: Vec::new(),
        reasoning: THOUGHT.to_owned(),
        model: Some("served".to_owned()),
        usage,
        finish: Finish::Stop,
    }
}

fn check(seen: &Seen, usage: Usage) {
    assert_eq!(seen.end, Some(Ok(answered(usage))));
    assert_eq!(seen.answer.concat(), TEXT);
    assert_eq!(seen.reasoning.concat(), THOUGHT);
    assert!(seen.answer.len() > 1, "it did not stream");
}

#[tokio::test]
async fn openrouter_is_asked_for_the_cost_and_told_who_calls() {
    let usage = json!({
        "prompt_tokens": 900,
        "completion_tokens": 30,
        "total_tokens": 930,
        "cost": 0.25,
        "prompt_tokens_details": {"cached_tokens": 800},
        "completion_tokens_details": {"reasoning_tokens": 5},
    });
    let (seen, server) = asked("openrouter/vendor/model:free", usage).await;
    check(
        &seen,
        Usage {
            prompt: Some(900),
            cached: Some(800),
            completion: Some(30),
            reasoning: Some(5),
            total: Some(930),
            cost: Some(0.25),
        },
    );
    let expected = json!({
        "model": "vendor/model:free",
        "messages": [
            {"role": "system", "content": "be brief"},
            {"role": "user", "content": "héllo?"},
        ],
        "stream": true,
        "stream_options": {"include_usage": true},
        "temperature": 0.5,
        "usage": {"include": true},
    });
    assert_eq!(server.requests(), [expected]);
    assert_eq!(
        server.authorizations(),
        [Some("Bearer sk-secret".to_owned())]
    );
    for header in ["http-referer", "x-title"] {
        assert_eq!(
            server.header(header),
            [Some("rummy-lsp".to_owned())],
            "{header}"
        );
    }
}

#[tokio::test]
async fn anthropic_is_shown_what_to_cache_and_counts_what_came_from_there() {
    let usage = json!({
        "start": {"input_tokens": 3, "cache_creation_input_tokens": 20,
                  "cache_read_input_tokens": 100, "output_tokens": 1},
        "end": {"output_tokens": 30},
    });
    let (seen, server) = asked("anthropic/claude-x", usage).await;
    check(
        &seen,
        Usage {
            prompt: Some(123),
            cached: Some(100),
            completion: Some(30),
            ..Usage::default()
        },
    );
    let cached = json!({"type": "ephemeral"});
    let expected = json!({
        "model": "claude-x",
        "max_tokens": 32_000,
        "system": [
            {"type": "text", "text": "be ", "cache_control": cached},
            {"type": "text", "text": "brief", "cache_control": cached},
        ],
        "messages": [{"role": "user", "content": "héllo?"}],
        "stream": true,
        "temperature": 0.5,
    });
    assert_eq!(server.requests(), [expected]);
    assert_eq!(server.authorizations(), [None]);
    assert_eq!(server.header("x-api-key"), [Some("sk-secret".to_owned())]);
    assert_eq!(
        server.header("anthropic-version"),
        [Some("2023-06-01".to_owned())]
    );
}

#[tokio::test]
async fn an_answer_by_anthropic_is_allowed_what_the_context_has_left() {
    let server = ModelServer::start(vec![Reply::text("ok").repeat()]);
    let model = spec("anthropic/claude-x", Some(server.url()));
    let user = "x".repeat(30_000);
    for context_size in [100_000, 20_000, 8_000] {
        let asked = Request {
            user: &user,
            context_size,
            ..request(&model)
        };
        call(&models(), &asked).await;
    }
    let allowed: Vec<Value> = server
        .requests()
        .iter()
        .map(|sent| sent["max_tokens"].clone())
        .collect();
    assert_eq!(allowed, [json!(32_000), json!(9_998), json!(4_096)]);
}

#[tokio::test]
async fn ollama_is_told_how_much_context_the_run_needs() {
    let usage = json!({"prompt_eval_count": 900, "eval_count": 30});
    let (seen, server) = asked("ollama/qwen3:8b", usage).await;
    check(
        &seen,
        Usage {
            prompt: Some(900),
            completion: Some(30),
            ..Usage::default()
        },
    );
    let expected = json!({
        "model": "qwen3:8b",
        "messages": [
            {"role": "system", "content": "be brief"},
            {"role": "user", "content": "héllo?"},
        ],
        "stream": true,
        "options": {"num_ctx": 8192, "temperature": 0.5},
    });
    assert_eq!(server.requests(), [expected]);
}

#[tokio::test]
async fn xai_counts_its_cost_in_ticks_and_is_to_keep_no_copy() {
    let usage = json!({
        "input_tokens": 900,
        "input_tokens_details": {"cached_tokens": 800},
        "output_tokens": 30,
        "output_tokens_details": {"reasoning_tokens": 5},
        "cost_in_usd_ticks": 2_500_000_000_u64,
    });
    let (seen, server) = asked("xai/grok-x", usage).await;
    check(
        &seen,
        Usage {
            prompt: Some(900),
            cached: Some(800),
            completion: Some(30),
            reasoning: Some(5),
            total: Some(930),
            cost: Some(0.25),
        },
    );
    let expected = json!({
        "model": "grok-x",
        "input": [
            {"role": "system", "content": "be brief"},
            {"role": "user", "content": "héllo?"},
        ],
        "stream": true,
        "store": false,
        "temperature": 0.5,
    });
    assert_eq!(server.requests(), [expected]);
}

/// Every provider with a server of its own, by the name of a model.
const ALL: [&str; 5] = [
    "openai/m",
    "openrouter/v/m",
    "anthropic/m",
    "ollama/m",
    "xai/m",
];

#[tokio::test]
async fn where_nothing_is_reported_nothing_is_counted() {
    for actual in ALL {
        let (seen, _server) = asked(actual, Value::Null).await;
        check(&seen, Usage::default());
    }
}

#[tokio::test]
async fn in_every_format_an_answer_can_end_at_its_limit_or_break_off() {
    for actual in ALL {
        for (script, ending, requests) in [
            (
                vec![Reply::text("all of it").finish(Some("length"))],
                r#"Length "all of it""#,
                1,
            ),
            (
                vec![Reply::text("all of it").finish(Some("filter"))],
                r#"Other("filter") "all of it""#,
                1,
            ),
            (
                vec![Reply::text("all of it").cut_after(1), Reply::text("whole")],
                r#"Stop "whole""#,
                2,
            ),
            (
                vec![Reply::text("all of it").cut_after(1).repeat()],
                r#"Truncated "all ""#,
                2,
            ),
            (
                vec![Reply::text("all of it").finish(None).repeat()],
                r#"Truncated "all of it""#,
                2,
            ),
            (vec![Reply::text("bad").status(401)], "Auth 401", 1),
            (vec![Reply::text("no").status(400)], "Refused 400", 1),
            (
                vec![Reply::text("over the context window").status(400)],
                "ContextExceeded",
                1,
            ),
            (
                vec![Reply::text("busy").status(503), Reply::text("whole")],
                r#"Stop "whole""#,
                2,
            ),
        ] {
            let server = ModelServer::start(script);
            let model = spec(actual, Some(server.url()));
            let seen = call(&models(), &request(&model)).await;
            assert_eq!(
                (seen.ending().as_str(), server.requests().len()),
                (ending, requests),
                "{actual}"
            );
        }
    }
}

/// The answer of a server that sends this body.
async fn body(actual: &str, media_type: &'static str, body: String) -> Answer {
    let server = ModelServer::start(vec![Reply::raw(media_type, [body])]);
    let model = spec(actual, Some(server.url()));
    let seen = call(&models(), &request(&model)).await;
    seen.end.unwrap().unwrap()
}

#[tokio::test]
async fn an_answer_may_come_in_one_piece_with_its_calls() {
    let message = json!({
        "type": "message", "model": "served", "stop_reason": "tool_use",
        "content": [
            {"type": "thinking", "thinking": "one"},
            {"type": "thinking", "thinking": "two"},
            {"type": "text", "text": "I look."},
            {"type": "tool_use", "name": "get", "input": {"path": "a"}},
        ],
        "usage": {"input_tokens": 3, "output_tokens": 4},
    });
    let response = json!({
        "object": "response", "model": "served", "status": "completed",
        "output": [
            {"type": "reasoning", "summary": [{"type": "summary_text", "text": "one\ntwo"}]},
            {"type": "message", "content": [{"type": "output_text", "text": "I look."}]},
            {"type": "function_call", "name": "get", "arguments": "{\"path\":\"a\"}"},
        ],
        "usage": {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7},
    });
    let line = json!({
        "model": "served", "done": true, "done_reason": "stop",
        "message": {"content": "I look.", "thinking": "one\ntwo",
                    "tool_calls": [{"function": {"name": "get", "arguments": {"path": "a"}}}]},
        "prompt_eval_count": 3, "eval_count": 4,
    });
    for (actual, whole, total) in [
        ("anthropic/m", message, None),
        ("xai/m", response, Some(7)),
        ("ollama/m", line, None),
    ] {
        let answer = body(actual, "application/json", whole.to_string()).await;
        let expected = Answer {
            text: "I look.".to_owned(),
            calls: vec![ToolCall {
                name: "get".to_owned(),
                arguments: r#"{"path":"a"}"#.to_owned(),
            }],
            reasoning: "one\ntwo".to_owned(),
            usage: Usage {
                prompt: Some(3),
                completion: Some(4),
                total,
                ..Usage::default()
            },
            ..answered(Usage::default())
        };
        assert_eq!(answer, expected, "{actual}");
    }
}

#[tokio::test]
async fn calls_are_put_together_from_streamed_pieces() {
    let events = |events: &[Value]| -> String {
        let data = |event: &Value| format!("data: {event}\n\n");
        events.iter().map(data).collect()
    };
    let messages = events(&[
        json!({"type": "message_start", "message": {"content": [], "model": "served"}}),
        json!({"type": "ping"}),
        json!({"type": "content_block_start",
               "content_block": {"type": "tool_use", "name": "get", "input": {}}}),
        json!({"type": "content_block_delta", "delta": {"type": "input_json_delta", "partial_json": "{\"path\":"}}),
        json!({"type": "content_block_delta", "delta": {"type": "input_json_delta", "partial_json": "\"a\"}"}}),
        json!({"type": "message_delta", "delta": {"stop_reason": "tool_use"}}),
        json!({"type": "message_stop"}),
    ]);
    let responses = events(&[
        json!({"type": "response.output_item.added", "item": {"type": "function_call", "name": "get"}}),
        json!({"type": "response.function_call_arguments.delta", "delta": "{\"path\":"}),
        json!({"type": "response.output_item.done",
               "item": {"type": "function_call", "name": "get", "arguments": "{\"path\":\"a\"}"}}),
        json!({"type": "response.completed", "response": {"model": "served", "output": [
            {"type": "function_call", "name": "get", "arguments": "{\"path\":\"a\"}"}]}}),
    ]);
    for (actual, stream) in [("anthropic/m", messages), ("xai/m", responses)] {
        let answer = body(actual, "text/event-stream", stream).await;
        let call = ToolCall {
            name: "get".to_owned(),
            arguments: r#"{"path":"a"}"#.to_owned(),
        };
        assert_eq!(
            (answer.calls, answer.finish),
            (vec![call], Finish::Stop),
            "{actual}"
        );
    }
}

#[tokio::test]
async fn an_error_within_a_stream_is_sorted_in_every_format() {
    for (actual, sent, expected) in [
        (
            "anthropic/m",
            json!({"type": "error", "error": {"type": "overloaded_error", "message": "m"}}),
            "Unavailable Some(503) after 4",
        ),
        (
            "anthropic/m",
            json!({"error": {"code": 400, "message": "prompt is too long: 9 > 8"}}),
            "ContextExceeded",
        ),
        (
            "xai/m",
            json!({"type": "response.failed", "response": {"status": "failed",
            "error": {"code": "rate_limit_exceeded", "message": "tokens per minute; context limit"}}}),
            "Unavailable Some(429) after 4",
        ),
        (
            "xai/m",
            json!({"type": "response.failed", "response": {"status": "failed"}}),
            "Unavailable Some(500) after 4",
        ),
        (
            "xai/m",
            json!({"type": "error", "code": "invalid_api_key", "message": "m"}),
            "Auth 401",
        ),
        (
            "openrouter/m",
            json!({"error": {"code": 502, "message": "m"}}),
            "Unavailable Some(502) after 4",
        ),
        (
            "ollama/m",
            json!({"error": "model runner has unexpectedly stopped"}),
            "Refused 200",
        ),
        ("ollama/m", json!({"status": "success"}), "Malformed"),
    ] {
        let (media_type, text) = match actual {
            "ollama/m" => ("application/x-ndjson", format!("{sent}\n")),
            _ => ("text/event-stream", format!("data: {sent}\n\n")),
        };
        let server = ModelServer::start(vec![Reply::raw(media_type, [text]).repeat()]);
        let model = spec(actual, Some(server.url()));
        let seen = call(&models(), &request(&model)).await;
        assert_eq!(seen.ending(), expected, "{actual} {sent}");
    }
}
