//! The gateway to language models against a real HTTP server, and against replay scripts.
//! What a single file of `src/llm` decides by itself is tested beside it.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper that fails, fails the test"
)]

#[path = "providers/contexts.rs"]
mod contexts;
#[path = "support/fault_server.rs"]
mod fault_server;
#[path = "providers/faults.rs"]
mod faults;
#[path = "providers/formats.rs"]
mod formats;
#[path = "support/model_server.rs"]
mod model_server;

use std::sync::Mutex;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::{pending, ready};
use model_server::{ModelServer, PIECE, Reply};
use rummy_lsp::llm::{
    Answer, Finish, Key, Limits, LlmError, ModelSpec, Models, Progress, Request, Retries, Usage,
};
use serde_json::json;

/// A gateway that repeats calls without waiting in between.
fn models() -> Models {
    Models::with(Limits {
        retries: Retries {
            pause: |_wait| ready(()).boxed(),
            ..Retries::default()
        },
        ..Limits::default()
    })
}

fn served_by(server: &ModelServer) -> ModelSpec {
    spec("openai/org/model-x", Some(server.url()))
}

fn spec(actual: &str, base_url: Option<String>) -> ModelSpec {
    ModelSpec {
        alias: "opus".to_owned(),
        actual: actual.to_owned(),
        context_length: None,
        base_url,
        api_key: Key::Given("sk-secret".into()),
        temperature: None,
    }
}

fn request(model: &ModelSpec) -> Request<'_> {
    Request {
        model,
        system: "be brief",
        user: "héllo?",
        stable: 0,
        context_size: 100_000,
        temperature: None,
        call: 0,
    }
}

/// What a caller got to see of a call: the pieces, a line a retry, and how it ended.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    answer: Vec<String>,
    reasoning: Vec<String>,
    waits: Vec<Duration>,
    end: Option<Result<Answer, LlmError>>,
}

impl Seen {
    fn note(&mut self, progress: Progress<'_>) {
        match progress {
            Progress::Answer(piece) => self.answer.push(piece.to_owned()),
            Progress::Reasoning(piece) => self.reasoning.push(piece.to_owned()),
            Progress::Retrying { wait, .. } => {
                self.waits.push(wait);
                self.answer.clear();
                self.reasoning.clear();
            }
        }
    }

    /// The end in a word or two.
    fn ending(&self) -> String {
        match self.end.as_ref() {
            Some(Ok(answer)) => format!("{:?} {:?}", answer.finish, answer.text),
            Some(Err(LlmError::Auth { status, .. })) => format!("Auth {status}"),
            Some(Err(LlmError::ContextExceeded { .. })) => "ContextExceeded".to_owned(),
            Some(Err(LlmError::Refused { status, .. })) => format!("Refused {status}"),
            Some(Err(LlmError::Unavailable {
                status, attempts, ..
            })) => format!("Unavailable {status:?} after {attempts}"),
            Some(Err(LlmError::Malformed { .. })) => "Malformed".to_owned(),
            Some(Err(LlmError::Silent { .. })) => "Silent".to_owned(),
            other => format!("{other:?}"),
        }
    }
}

async fn call(models: &Models, request: &Request<'_>) -> Seen {
    let mut seen = Seen::default();
    let end = models
        .complete(request, &mut |progress| seen.note(progress))
        .await;
    seen.end = Some(end);
    seen
}

#[tokio::test]
async fn an_answer_streams_in_whole_with_its_reasoning_and_usage() {
    let text = "Zwölf Boxkämpfer 🚀🚀 jagen Viktor";
    let server = ModelServer::start(vec![Reply::text(text).reasoning("Hm — 🤔").usage(json!({
        "prompt_tokens": 900,
        "prompt_tokens_details": {"cached_tokens": 800},
        "completion_tokens": 30,
        "completion_tokens_details": {"reasoning_tokens": 5},
        "total_tokens": 930,
        "cost": 0.25,
    }))]);
    let model = served_by(&server);

    let seen = call(&models(), &request(&model)).await;

    assert_eq!(
        seen.end,
        Some(Ok(Answer {
            calls: Vec::new(),
            text: text.to_owned(),
            reasoning: "Hm — 🤔".to_owned(),
            model: Some("served".to_owned()),
            usage: Usage {
                prompt: Some(900),
                cached: Some(800),
                completion: Some(30),
                reasoning: Some(5),
                total: Some(930),
                cost: Some(0.25),
            },
            finish: Finish::Stop,
        }))
    );
    assert_eq!(seen.answer.concat(), text);
    assert_eq!(seen.answer.len(), text.chars().count().div_ceil(PIECE));
    assert_eq!(seen.reasoning, ["Hm —", " 🤔"]);
}

#[tokio::test]
async fn a_request_has_standard_fields_only_and_the_key_in_its_header() {
    let server = ModelServer::start(vec![Reply::text("ok").repeat()]);
    let mut model = served_by(&server);
    model.temperature = Some(0.5);
    let models = models();
    let plain = request(&model);
    call(&models, &plain).await;
    let overridden = Request {
        temperature: Some(0.0),
        ..plain
    };
    call(&models, &overridden).await;

    let expected = |temperature: f64| {
        json!({
            "model": "org/model-x",
            "messages": [
                {"role": "system", "content": "be brief"},
                {"role": "user", "content": "héllo?"},
            ],
            "stream": true,
            "stream_options": {"include_usage": true},
            "temperature": temperature,
        })
    };
    assert_eq!(server.requests(), [expected(0.5), expected(0.0)]);
    let bearer = Some("Bearer sk-secret".to_owned());
    assert_eq!(server.authorizations(), [bearer.clone(), bearer]);
}

/// The reply of a server that is well.
fn good() -> Reply {
    Reply::text("all of it")
}

/// How that reads in [`Seen::ending`].
const WHOLE: &str = r#"Stop "all of it""#;

/// Plays each script to one call; compares its ending and the number of requests it took.
async fn check(table: Vec<(&str, Vec<Reply>, &str, usize)>) {
    for (fault, script, ending, requests) in table {
        let server = ModelServer::start(script);
        let model = served_by(&server);
        let seen = call(&models(), &request(&model)).await;
        assert_eq!(
            (seen.ending().as_str(), server.requests().len()),
            (ending, requests),
            "{fault}"
        );
    }
}

#[tokio::test]
async fn a_status_decides_whether_the_call_is_repeated() {
    let says = |status| good().status(status);
    let coded = |code| says(400).code(code);
    let worded = |status| Reply::text("context length, tokens per minute").status(status);
    #[rustfmt::skip]
    let table = vec![
        ("nothing", vec![good()], WHOLE, 1),
        ("a timeout", vec![says(408), good()], WHOLE, 2),
        ("busy thrice", vec![says(503), says(500), says(529), good()], WHOLE, 4),
        ("busy for good", vec![says(503).repeat()], "Unavailable Some(503) after 4", 4),
        ("a rate limit", vec![worded(429), good()], WHOLE, 2),
        ("too long, by its code", vec![coded("context_length_exceeded")], "ContextExceeded", 1),
        ("too long, by its message", vec![worded(413)], "ContextExceeded", 1),
        ("a bad request", vec![says(400)], "Refused 400", 1),
        ("no such model", vec![says(404)], "Refused 404", 1),
        ("a redirect", vec![says(307)], "Refused 307", 1),
        ("a bad key", vec![says(401)], "Auth 401", 1),
    ];
    check(table).await;
}

#[tokio::test]
async fn a_stream_that_breaks_is_asked_for_again_and_half_an_answer_only_once() {
    let cut = |pieces| good().cut_after(pieces);
    let ends = |reason| good().finish(reason);
    #[rustfmt::skip]
    let table = vec![
        ("before a piece", vec![cut(0), cut(0), good()], WHOLE, 3),
        ("never a piece", vec![cut(0).repeat()], "Unavailable None after 4", 4),
        ("in the middle", vec![cut(1), good()], WHOLE, 2),
        ("in the middle twice", vec![cut(2), cut(1)], r#"Truncated "all ""#, 2),
        ("at all places", vec![cut(0), cut(1), cut(2)], r#"Truncated "all of i""#, 3),
        ("without a reason", vec![ends(None), ends(None)], r#"Truncated "all of it""#, 2),
        ("at the limit", vec![ends(Some("length"))], r#"Length "all of it""#, 1),
        ("at a filter", vec![ends(Some("filter"))], r#"Other("filter") "all of it""#, 1),
    ];
    check(table).await;
}

#[tokio::test]
async fn a_success_is_believed_only_if_it_carries_an_answer() {
    let error = |error| Reply::json(&json!({"error": error}));
    let event = |data| Reply::raw("text/event-stream", [format!("data: {data}\n\n")]);
    let sent_as = |media_type| Reply::raw(media_type, ["{"]);
    let message = json!({"message": {"content": "all of it"}, "finish_reason": "stop"});
    let plain = Reply::json(&json!({"choices": [message]}));
    #[rustfmt::skip]
    let table = vec![
        ("plain JSON", vec![plain], WHOLE, 1),
        ("an error", vec![error(json!({"message": "no"}))], "Refused 200", 1),
        ("a passing error", vec![error(json!({"code": 502})), good()], WHOLE, 2),
        ("an error event", vec![event(r#"{"error": {"code": 503}}"#), good()], WHOLE, 2),
        ("a strange event", vec![event("[")], "Malformed", 1),
        ("a page", vec![sent_as("text/html")], "Malformed", 1),
        ("half of it", vec![sent_as("application/json")], "Malformed", 1),
        ("another JSON", vec![Reply::json(&json!({"ok": true}))], "Malformed", 1),
    ];
    check(table).await;
}

#[tokio::test]
async fn the_wait_is_what_the_server_asks_for_and_else_backs_off() {
    let busy = || Reply::text("later").status(429);
    let server = ModelServer::start(vec![
        busy().retry_after("7"),
        busy().retry_after("Sun, 06 Nov 1994 08:49:37 GMT"),
        busy(),
        Reply::text("ok"),
    ]);
    let model = served_by(&server);

    let waits = call(&models(), &request(&model)).await.waits;

    assert_eq!(waits[..2], [Duration::from_secs(7), Duration::ZERO]);
    let third = Duration::from_secs(4)..=Duration::from_secs(6);
    assert!(third.contains(&waits[2]), "{waits:?}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable_and_named() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let model = spec(
        "openai/m",
        Some(format!("http://user:sk-secret@{address}/v1")),
    );

    let seen = call(&models(), &request(&model)).await;

    let Some(Err(error @ LlmError::Unavailable { status: None, .. })) = &seen.end else {
        panic!("{seen:?}");
    };
    let message = error.to_string();
    assert!(
        message.contains(&format!("http://{address}: ")),
        "{message}"
    );
    assert!(message.contains("refused"), "{message}");
    assert!(!message.contains("sk-secret"), "{message}");
}

#[tokio::test]
async fn a_server_without_tls_where_tls_is_expected_is_unavailable() {
    let server = ModelServer::start(Vec::new());
    let model = spec("openai/m", Some(server.url().replace("http", "https")));
    let seen = call(&models(), &request(&model)).await;
    assert_eq!(seen.ending(), "Unavailable None after 4");
}

#[tokio::test]
async fn a_key_that_the_server_quotes_is_not_in_the_error() {
    for status in [400, 401, 503] {
        // Long enough to be cut, and cut inside the second quote.
        let quote = format!("what is sk-secret?{}sk-secret", ".".repeat(978));
        let quoting = Reply::text(quote).status(status).repeat();
        let server = ModelServer::start(vec![quoting]);
        let model = served_by(&server);
        let seen = call(&models(), &request(&model)).await;
        let error = seen.end.unwrap().unwrap_err();
        for text in [
            error.to_string(),
            format!("{error:?}"),
            format!("{model:?}"),
        ] {
            assert!(!text.contains("sk-s"), "{text}");
        }
        assert!(error.to_string().contains("what is [key]?"), "{error}");
    }
}

#[tokio::test]
async fn a_server_that_falls_silent_is_given_up_without_another_attempt() {
    let silence = Duration::from_millis(50);
    let models = Models::with(Limits {
        silence,
        ..Limits::default()
    });
    for gate_after in [0, 1] {
        let server = ModelServer::start(vec![good().gate_after(gate_after)]);
        let model = served_by(&server);
        let seen = call(&models, &request(&model)).await;
        // How much had arrived by then is up to the machine.
        let Some(Err(LlmError::Silent { limit, .. })) = seen.end else {
            panic!("{seen:?}");
        };
        assert_eq!((limit, seen.waits), (silence, Vec::new()));
    }
}

// The test itself blocks; the call runs on the worker.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn dropping_a_call_hangs_up_at_once() {
    let server = ModelServer::start(vec![good().gate(), good().gate_after(1)]);
    for asked in 1..=2 {
        let model = served_by(&server);
        let calling = tokio::spawn(async move { call(&models(), &request(&model)).await });
        server.wait_for_requests(asked);
        calling.abort();
        assert!(calling.await.unwrap_err().is_cancelled());
        server.wait_for_hang_ups(asked);
    }
}

#[tokio::test]
async fn a_gated_answer_goes_on_when_it_is_released() {
    let server = ModelServer::start(vec![good().gate_after(1)]);
    let model = served_by(&server);
    let pieces = Mutex::new(Vec::new());
    let mut release_at_the_first = |progress: Progress<'_>| {
        if let Progress::Answer(piece) = progress {
            pieces.lock().unwrap().push(piece.to_owned());
            server.release();
        }
    };
    let answer = models()
        .complete(&request(&model), &mut release_at_the_first)
        .await
        .unwrap();
    assert_eq!(answer.text, "all of it");
    assert_eq!(*pieces.lock().unwrap(), ["all ", "of i", "t"]);
}

#[tokio::test]
async fn a_back_off_ends_when_the_call_is_dropped() {
    let server = ModelServer::start(vec![Reply::text("later").status(503)]);
    let model = served_by(&server);
    let models = Models::with(Limits {
        retries: Retries {
            pause: |_wait| pending().boxed(),
            ..Retries::default()
        },
        ..Limits::default()
    });
    let (retrying, mut is_retrying) = tokio::sync::mpsc::unbounded_channel();
    let request = request(&model);
    let mut progress = |_: Progress<'_>| retrying.send(()).expect("the test listens");
    tokio::select! {
        answer = models.complete(&request, &mut progress) => panic!("{answer:?}"),
        _ = is_retrying.recv() => {}
    }
    assert_eq!(server.requests().len(), 1);
}
