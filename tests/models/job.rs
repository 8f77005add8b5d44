//! The same job of ten turns over every wire format, and again from its recording.

use std::fs;
use std::rc::Rc;

use serde_json::{Value, json};

use crate::lsp::script::update;
use crate::lsp::{Sandbox, Session};
use crate::model_server::{ModelServer, Reply};
use crate::{output, program, text};

const TURNS: usize = 10;

/// What the model writes in a turn, counted from 1.
fn answer(turn: usize) -> String {
    let note =
        format!("<set path=\"known://note/{turn}\">found out in turn {turn}: größe 🚀</set>\n");
    let status = if turn == TURNS { 200 } else { 144 };
    note + &update(status, &format!("turn {turn}"))
}

fn script(usage: &Value) -> Vec<Reply> {
    let reply = |turn| {
        Reply::text(answer(turn))
            .reasoning("hm")
            .usage(usage.clone())
    };
    (1..=TURNS).map(reply).collect()
}

/// The run as `show` tells it: the run itself, then its turns.
fn shown(sandbox: &Sandbox) -> Vec<Value> {
    let shown = output(program(sandbox, &["show", "job", "--json"]));
    let lines = text(&shown.stdout);
    let lines = lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("each line is JSON"));
    lines.collect()
}

/// Runs the job with the model `actual` at a server; gives back the run as it was kept.
fn job(actual: &str, server: &ModelServer, arguments: &[&str]) -> (Vec<Value>, Rc<Sandbox>) {
    let model = json!({"actual": actual, "baseUrl": server.url(), "contextLength": 100_000});
    let builder = Session::builder().options(&json!({"models": {"m": model}}));
    let builder = arguments
        .iter()
        .fold(builder, |builder, argument| builder.arg(argument));
    let mut session = builder.start();
    session.act("job", "take notes");
    session.wait_for_status("job", 200);
    let sandbox = Rc::clone(&session.sandbox);
    drop(session);
    (shown(&sandbox), sandbox)
}

/// The figures of a turn where the server sends nothing but those of the two messages.
fn few(cached: Option<u64>) -> Value {
    json!({
        "contextTokens": 900, "promptTokens": 900, "cachedTokens": cached, "completionTokens": 30,
        "reasoningTokens": null, "totalTokens": null, "cost": null,
    })
}

/// The figures of a turn where the server sends them all.
fn all() -> Value {
    json!({
        "contextTokens": 900, "promptTokens": 900, "cachedTokens": 800, "completionTokens": 30,
        "reasoningTokens": 5, "totalTokens": 930, "cost": 0.25,
    })
}

#[test]
fn ten_turns_end_well_over_every_wire_format_and_their_figures_are_as_sent() {
    let chat = json!({"prompt_tokens": 900, "completion_tokens": 30, "total_tokens": 930, "cost": 0.25,
        "prompt_tokens_details": {"cached_tokens": 800},
        "completion_tokens_details": {"reasoning_tokens": 5}});
    let messages = json!({"start": {"input_tokens": 80, "cache_read_input_tokens": 800,
        "cache_creation_input_tokens": 20}, "end": {"output_tokens": 30}});
    let responses = json!({"input_tokens": 900, "output_tokens": 30, "total_tokens": 930,
        "input_tokens_details": {"cached_tokens": 800},
        "output_tokens_details": {"reasoning_tokens": 5}, "cost_in_usd_ticks": 2_500_000_000_u64});
    let lines = json!({"prompt_eval_count": 900, "eval_count": 30});
    for (actual, sent, told) in [
        ("openai/m", &chat, all()),
        ("openrouter/v/m", &chat, all()),
        ("anthropic/m", &messages, few(Some(800))),
        ("xai/m", &responses, all()),
        ("ollama/m", &lines, few(None)),
    ] {
        let server = ModelServer::start(script(sent));
        let (run, _sandbox) = job(actual, &server, &[]);
        let turns = &run[1..];
        assert_eq!(turns.len(), TURNS, "{actual}");
        for (at, turn) in turns.iter().enumerate() {
            assert_eq!(turn["usage"], told, "{actual}");
            assert_eq!(turn["reasoning"], "hm", "{actual}");
            assert_eq!(turn["answer"], answer(at + 1), "{actual}");
        }
    }
}

#[test]
fn a_line_that_breaks_again_and_again_costs_the_run_an_advisory() {
    let half = || Reply::text(answer(1)).cut_after(12);
    let server = ModelServer::start(vec![
        Reply::text("busy").status(503).retry_after("0"),
        half(),
        half(),
        Reply::text(answer(TURNS)),
    ]);
    let (run, _sandbox) = job("openai/m", &server, &[]);
    assert_eq!(run.len(), 3, "{run:?}");
    let next = server.requests().pop().expect("it was asked");
    let told = next["messages"][1]["content"].as_str().unwrap_or("");
    assert!(
        told.contains("the answer broke off before its end"),
        "{told}"
    );
}

#[test]
fn a_recorded_run_can_be_played_again() {
    let usage = json!({"prompt_tokens": 900, "completion_tokens": 30});
    let server = ModelServer::start(script(&usage));
    let folder = tempfile::tempdir().expect("a folder can be made");
    let file = folder.path().join("recorded.jsonl").display().to_string();
    let (recorded, _sandbox) = job("openai/m", &server, &["--record", &file]);
    let lines = fs::read_to_string(&file).expect("it was recorded");
    assert_eq!(lines.lines().count(), TURNS);

    let nobody = ModelServer::start(Vec::new());
    let (played, _sandbox) = job(&format!("replay/{file}"), &nobody, &[]);
    for (recorded, played) in recorded[1..].iter().zip(&played[1..]) {
        for key in ["answer", "reasoning", "usage", "commands"] {
            assert_eq!(recorded[key], played[key], "{key}");
        }
    }
}

#[test]
fn a_file_that_cannot_be_recorded_in_ends_the_server_with_a_word() {
    let sandbox = Sandbox::new(&[]);
    let ended = output(program(&sandbox, &["--record", "no/such/folder/file"]));
    assert_eq!(ended.status.code(), Some(1));
    let told = text(&ended.stderr);
    assert!(
        told.contains("nothing can be recorded in no/such/folder/file: "),
        "{told}"
    );
}
