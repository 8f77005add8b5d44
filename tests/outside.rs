//! Against model servers that others have written: `aimock` (npm) for whole runs in four wire formats,
//! `llmock` (PyPI) for faults and for its verdict on this client, and in the slow tier a real llama.cpp.
//! `tests/run` installs them.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a helper that fails, fails the test"
)]

#[path = "support/lsp.rs"]
mod lsp;
#[path = "support/tools.rs"]
mod tools;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use futures::FutureExt as _;
use lsp::script::update;
use lsp::{Session, list};
use rummy_lsp::llm::{
    Answer, Finish, Key, Limits, LlmError, ModelSpec, Models, Progress, Request, Retries,
};
use serde_json::{Value, json};
use tools::tool;

/// A server of somebody else's. It ends when this is dropped.
struct Outside {
    process: Child,
    url: String,
}

impl Outside {
    /// Starts a server, which says where it listens in a line that ends so after `word`.
    fn start(mut command: Command, word: &str) -> Self {
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}; `tests/run` installs it"));
        let mut lines = BufReader::new(process.stdout.take().expect("it is piped")).lines();
        let url = lines.find_map(|line| {
            let line = line.expect("it is text");
            let (_, rest) = line.split_once(word)?;
            rest.split_whitespace().next().map(str::to_owned)
        });
        // What it says later must not fill the pipe.
        thread::spawn(move || lines.for_each(drop));
        let url = url.unwrap_or_else(|| panic!("{command:?} ended and never said `{word}`"));
        Self { process, url }
    }

    fn aimock(fixtures: &Path) -> Self {
        let mut command = Command::new("node");
        command
            .arg(tool("aimock/node_modules/.bin/llmock"))
            .args(["--strict", "-p", "0", "-f"])
            .arg(fixtures);
        Self::start(command, "listening on ")
    }

    fn llmock() -> Self {
        // It says where it listens on its stderr.
        let mut command = Command::new("sh");
        command
            .args(["-c", "exec \"$0\" serve --port 0 2>&1"])
            .arg(tool("llmock/bin/llmock"));
        Self::start(command, "running on ")
    }

    fn llama() -> Self {
        let mut command = Command::new(tool("xllamacpp/bin/python"));
        command
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/outside/llama.py"))
            .stderr(Stdio::null());
        Self::start(command, "running on ")
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

const TURNS: usize = 10;

/// What the model writes in a turn, counted from 1.
fn written(turn: usize) -> String {
    let note = format!("<set path=\"known://note/{turn}\">größe 🚀 {turn}</set>\n");
    note + &update(if turn == TURNS { 200 } else { 144 }, "noted")
}

/// Answers to ten calls, in order.
fn fixtures() -> Value {
    let fixture = |turn: usize| {
        json!({
            "match": {"userMessage": "take notes", "sequenceIndex": turn - 1},
            "response": {"content": written(turn), "reasoning": "hm"},
        })
    };
    json!({"fixtures": (1..=TURNS).map(fixture).collect::<Vec<_>>()})
}

#[test]
fn ten_turns_end_well_over_four_wire_formats_of_aimock() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let file = folder.path().join("fixtures.json");
    fs::write(&file, fixtures().to_string()).expect("a file can be written");
    for actual in ["openai/m", "anthropic/m", "xai/m", "ollama/m"] {
        let server = Outside::aimock(&file);
        let model = json!({"actual": actual, "baseUrl": server.url, "contextLength": 100_000});
        let options = json!({"models": {"m": model}});
        let mut session = Session::builder().options(&options).start();
        session.act("job", "take notes");
        session.wait_for_status("job", 200);
        let entries = json!({"run": "job", "pattern": "known://note/*"});
        let notes = session.ask("rummy/getEntries", entries);
        assert_eq!(list(&notes).len(), TURNS, "{actual}");
        let sandbox = std::rc::Rc::clone(&session.sandbox);
        drop(session);
        let shown = Command::new(env!("CARGO_BIN_EXE_rummy-lsp"))
            .args(["show", "job", "--json"])
            .env_clear()
            .envs(sandbox.environment())
            .output()
            .expect("the program can be started");
        let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
        for (at, turn) in shown.lines().skip(1).enumerate() {
            let turn: Value = serde_json::from_str(turn).expect("each line is JSON");
            assert_eq!(turn["answer"], written(at + 1), "{actual}");
            assert_eq!(turn["reasoning"], "hm", "{actual}");
            assert!(turn["usage"]["promptTokens"].is_u64(), "{actual}: {turn}");
        }
    }
}

/// A gateway that backs off in earnest, if not for long, and soon takes a server for silent.
fn models() -> Models {
    Models::with(Limits {
        silence: Duration::from_millis(500),
        retries: Retries {
            first: Duration::from_millis(100),
            pause: |wait| tokio::time::sleep(wait).boxed(),
            ..Retries::default()
        },
        ..Limits::default()
    })
}

fn spec(actual: &str, base_url: String) -> ModelSpec {
    ModelSpec {
        alias: "m".to_owned(),
        actual: actual.to_owned(),
        context_length: None,
        base_url: Some(base_url),
        api_key: Key::Given("sk-any".into()),
        temperature: None,
    }
}

/// The answer to a question, and whether it came in pieces.
async fn ask(models: &Models, spec: &ModelSpec, user: &str) -> (Result<Answer, LlmError>, usize) {
    let request = Request {
        model: spec,
        system: "Be brief.",
        user,
        stable: 0,
        context_size: 100_000,
        temperature: None,
        call: 0,
    };
    let mut pieces = 0;
    let mut count = |progress: Progress<'_>| {
        pieces += usize::from(matches!(progress, Progress::Answer(_)));
    };
    let answer = models.complete(&request, &mut count).await;
    (answer, pieces)
}

/// Every fault of llmock once, and how a call ends that meets it.
fn faults() -> Vec<(&'static str, Value, &'static str)> {
    let fail = |status: u16, times: u32| json!({"type": "fail", "status": status, "times": times});
    let stream = |kind: &str| json!({"type": "stream_fault", "kind": kind, "after_chunks": 2});
    let limited = json!({"type": "fail", "status": 429, "retry_after": 1});
    vec![
        ("a rate limit", limited, "answered"),
        ("an error", fail(500, 1), "answered"),
        ("overload", fail(503, 3), "answered"),
        ("a bad request", fail(400, 1), "refused"),
        ("a bad key", fail(401, 1), "key"),
        (
            "a slow first token",
            json!({"type": "slow_first_token", "seconds": 0.2}),
            "answered",
        ),
        ("a cut connection", stream("disconnect"), "answered"),
        ("a stream without its end", stream("truncate"), "answered"),
        ("a broken event", stream("malformed"), "answered"),
        (
            "a stream that stands still",
            json!({"type": "stream_fault", "kind": "stall", "after_chunks": 2, "stall_seconds": 30}),
            "silent",
        ),
    ]
}

#[tokio::test]
async fn llmock_finds_no_fault_with_this_client() {
    let server = Outside::llmock();
    // Fails where another test has done it, which is as good.
    drop(rustls::crypto::ring::default_provider().install_default());
    let http = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client can be built");
    let models = models();
    for actual in [
        "openai/gpt-4o",
        "anthropic/claude-3-5-haiku-latest",
        "xai/m",
    ] {
        let base = match actual.split_once('/') {
            Some(("anthropic", _)) => format!("{}/anthropic", server.url),
            _ => server.url.clone(),
        };
        let model = spec(actual, base);
        for (fault, behavior, expected) in faults() {
            let scenario = json!({"behaviors": [behavior]});
            let scenario = http
                .post(format!("{}/_llmock/scenario", server.url))
                .json(&scenario)
                .send()
                .await
                .expect("llmock answers");
            assert!(scenario.status().is_success(), "{fault}: {scenario:?}");
            let (answer, _pieces) = ask(&models, &model, fault).await;
            let ending = match &answer {
                Ok(answer) if answer.finish == Finish::Stop => "answered",
                Err(LlmError::Refused { .. }) => "refused",
                Err(LlmError::Auth { .. }) => "key",
                Err(LlmError::Silent { .. }) => "silent",
                _ => "other",
            };
            assert_eq!(ending, expected, "{actual}, {fault}: {answer:?}");
        }
    }
    let verdict = http
        .get(format!("{}/_llmock/verdict", server.url))
        .send()
        .await;
    let verdict = verdict
        .expect("llmock answers")
        .text()
        .await
        .expect("a verdict");
    let verdict: Value = serde_json::from_str(&verdict).expect("a verdict is JSON");
    assert_eq!(verdict["passed"], true, "{verdict}");
    assert_eq!(
        (&verdict["errors"], &verdict["warnings"]),
        (&json!(0), &json!(0)),
        "{verdict}"
    );
}

#[tokio::test]
async fn a_real_llama_cpp_streams_in_three_wire_formats_and_says_its_context() {
    if std::env::var_os("RUMMY_SLOW").is_none() {
        return;
    }
    let server = Outside::llama();
    let models = Models::new();
    for actual in ["openai/m", "anthropic/m", "xai/m"] {
        let model = spec(actual, server.url.clone());
        let (answer, pieces) = ask(&models, &model, "Say hello.").await;
        let answer = answer.unwrap_or_else(|error| panic!("{actual}: {error}"));
        assert!(
            pieces > 1 && !answer.text.is_empty(),
            "{actual}: {answer:?}"
        );
        assert!(
            answer.usage.prompt > Some(0) && answer.usage.completion > Some(0),
            "{actual}: {answer:?}"
        );
        assert!(answer.model.is_some(), "{actual}: {answer:?}");
    }
    let model = spec("openai/m", server.url.clone());
    assert_eq!(models.context_length(&model).await, Ok(2048));
    let long = "a word and another one ".repeat(2000);
    let (answer, _) = ask(&models, &model, &long).await;
    assert!(
        matches!(answer, Err(LlmError::ContextExceeded { .. })),
        "{answer:?}"
    );
}
