//! Which models there are where nobody has configured any.

use std::net::TcpListener;

use serde_json::{Value, json};

use crate::lsp::script::update;
use crate::lsp::{Builder, Session};
use crate::model_server::{ModelServer, Reply};

fn done() -> Reply {
    Reply::text(update(200, "Done"))
}

/// Every usual key, and every provider at this server.
fn keys(builder: Builder, server: &ModelServer) -> Builder {
    let providers = ["OPENAI", "ANTHROPIC", "OPENROUTER", "XAI"];
    providers.iter().fold(builder, |builder, provider| {
        builder
            .env(&format!("{provider}_API_KEY"), "sk-secret")
            .env(&format!("{provider}_BASE_URL"), &server.url())
    })
}

fn model(alias: &str, actual: &str) -> Value {
    json!({"alias": alias, "actual": actual, "contextLength": null})
}

#[test]
fn the_models_of_a_local_ollama_are_there_and_its_newest_is_the_default() {
    let server = ModelServer::start(vec![done()]);
    server.page(
        "/api/tags",
        json!({"models": [
            {"name": "nomic-embed-text:latest", "details": {"family": "nomic-bert"}},
            {"name": "qwen3:8b", "details": {"family": "qwen3"}},
            {"name": "llama3:8b"},
        ]}),
    );
    server.page(
        "/api/show",
        json!({"model_info": {"qwen3.context_length": 40_960}}),
    );
    let builder = keys(Session::builder(), &server).env("OLLAMA_HOST", &server.url());
    let mut session = builder.start();
    assert_eq!(
        session.ask("rummy/getModels", json!({})),
        json!([
            model("llama3:8b", "ollama/llama3:8b"),
            model("qwen3:8b", "ollama/qwen3:8b")
        ])
    );
    session.act("r", "hello");
    session.wait_for_status("r", 200);
    let sent = server.requests().remove(0);
    assert_eq!(sent["model"], "qwen3:8b");
    let window = sent["options"]["num_ctx"].as_u64();
    assert!(window.is_some_and(|window| window <= 40_960), "{sent}");
}

#[test]
fn without_an_ollama_the_first_key_that_is_set_offers_a_model() {
    let server = ModelServer::start(vec![done()]);
    let mut session = keys(Session::builder(), &server)
        .env("OPENAI_API_KEY", "")
        .start();
    let models = session.ask("rummy/getModels", json!({}));
    let actual = |at: usize| models[at]["actual"].as_str().unwrap_or("").to_owned();
    let prefixes: Vec<String> = (0..3)
        .map(|at| actual(at).split('/').next().unwrap_or("").to_owned())
        .collect();
    assert_eq!(prefixes, ["anthropic", "xai", "openrouter"]);
    session.act("r", "hello");
    session.wait_for_status("r", 200);
    assert_eq!(server.header("x-api-key"), [Some("sk-secret".to_owned())]);
}

#[test]
fn an_ollama_that_does_not_answer_holds_nobody_up() {
    // The system takes connections for it; nobody ever answers them.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = silent.local_addr().expect("it is bound").to_string();
    let server = ModelServer::start(vec![done()]);
    let mut session = keys(Session::builder(), &server)
        .env("OLLAMA_HOST", &address)
        .start();
    session.act("r", "hello");
    session.wait_for_status("r", 200);
    assert_eq!(
        server.authorizations(),
        [Some("Bearer sk-secret".to_owned())]
    );
}

#[test]
fn a_configured_model_ends_the_search() {
    let server = ModelServer::start(Vec::new());
    server.page("/api/tags", json!({"models": [{"name": "qwen3:8b"}]}));
    let mut session = keys(Session::builder(), &server)
        .env("OLLAMA_HOST", &server.url())
        .env("RUMMY_MODEL_mine", "replay/nowhere")
        .start();
    let models = session.ask("rummy/getModels", json!({}));
    assert_eq!(models, json!([model("mine", "replay/nowhere")]));
    assert_eq!(server.questions(), []);
}

#[test]
fn where_there_is_none_three_lines_say_what_to_do() {
    let mut session = Session::builder().start();
    let error = session.refused("rummy/act", json!({"prompt": "x"}));
    let told = error["message"].as_str().unwrap_or("");
    assert_eq!(told.lines().count(), 3, "{told}");
    for word in [
        "ollama",
        "OPENAI_API_KEY",
        "config.toml",
        "RUMMY_MODEL_NAME",
        "rummy.addModel",
    ] {
        assert!(told.contains(word), "{told}");
    }
}
