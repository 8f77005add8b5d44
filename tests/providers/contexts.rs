//! How long a model's context is: what is configured, what its server says, what is known.

use rummy_lsp::llm::{LlmError, ModelSpec};
use serde_json::{Value, json};

use crate::fault_server::{FaultServer, Step, http};
use crate::model_server::ModelServer;
use crate::{models, spec};

/// Asks for the context of a model at a server with these pages.
async fn context(actual: &str, pages: &[(&str, Value)]) -> (Result<u64, LlmError>, Vec<String>) {
    let server = ModelServer::start(Vec::new());
    for (path, answer) in pages {
        server.page(path, answer.clone());
    }
    let model = spec(actual, Some(server.url()));
    let models = models();
    let length = models.context_length(&model).await;
    let asked = server
        .questions()
        .into_iter()
        .map(|(path, _)| path)
        .collect();
    // A second time the server is not asked, if it has answered.
    let again = models.context_length(&model).await;
    assert_eq!(again, length);
    if !pages.is_empty() {
        assert_eq!(server.questions().len(), <Vec<String>>::len(&asked));
    }
    (length, asked)
}

#[tokio::test]
async fn the_context_is_asked_of_the_server_in_its_own_way() {
    let listed =
        json!({"data": [{"id": "other", "context_length": 1}, {"id": "m", "context_length": 77}]});
    for (actual, pages, asked) in [
        (
            "openai/m",
            vec![(
                "/props",
                json!({"default_generation_settings": {"n_ctx": 77}}),
            )],
            vec!["/props"],
        ),
        (
            "openai/m",
            vec![("/v1/models", listed.clone())],
            vec!["/props", "/v1/models"],
        ),
        (
            "openrouter/m",
            vec![("/v1/models", listed.clone())],
            vec!["/v1/models"],
        ),
        (
            "anthropic/m",
            vec![("/v1/models/m", json!({"id": "m", "max_input_tokens": 77}))],
            vec!["/v1/models/m"],
        ),
        ("xai/m", vec![("/v1/models", listed)], vec!["/v1/models"]),
        (
            "xai/m",
            vec![(
                "/v1/language-models/m",
                json!({"id": "m", "context_length": 77}),
            )],
            vec!["/v1/models", "/v1/language-models/m"],
        ),
        (
            "ollama/m",
            vec![(
                "/api/show",
                json!({"model_info": {"general.architecture": "qwen3", "qwen3.context_length": 77}}),
            )],
            vec!["/api/show"],
        ),
    ] {
        let seen = context(actual, &pages).await;
        let asked: Vec<String> = asked.into_iter().map(str::to_owned).collect();
        assert_eq!(seen, (Ok(77), asked), "{actual}");
    }
}

#[tokio::test]
async fn where_the_server_does_not_say_it_the_context_is_known_or_how_to_set_it_is_told() {
    let unknown = |why: &str| LlmError::NoContext {
        alias: "opus".to_owned(),
        why: why.to_owned(),
    };
    let not_said = || unknown("its server does not say it");
    let no_such = "the server refuses the request (status 404): the server gave no reason";
    for (actual, length) in [
        ("openai/gpt-5-mini", Ok(400_000)),
        ("anthropic/claude-x", Ok(200_000)),
        ("xai/grok-4", Ok(256_000)),
        ("openai/llama", Err(not_said())),
        ("openrouter/vendor/model", Err(not_said())),
        ("ollama/llama", Err(unknown(no_such))),
    ] {
        assert_eq!(context(actual, &[]).await.0, length, "{actual}");
    }
    assert_eq!(
        not_said().to_string(),
        "the context length of model `opus` is not known: its server does not say it; set it in tokens, \
         as `models.opus.contextLength` or in the environment variable `RUMMY_CONTEXT_opus`"
    );
}

#[tokio::test]
async fn openai_itself_is_not_asked_for_what_it_never_says() {
    let model = spec("openai/gpt-99", None);
    let told = models().context_length(&model).await;
    assert!(matches!(told, Err(LlmError::NoContext { .. })), "{told:?}");
}

/// What is known of a model's context at a server with these replies, and how often it was asked.
async fn asked_of(actual: &str, replies: Vec<Vec<Step>>) -> (String, usize) {
    let server = FaultServer::start(replies);
    let model = spec(actual, Some(server.url()));
    let told = match models().context_length(&model).await {
        Ok(length) => length.to_string(),
        Err(error) => error.to_string().replace(&server.url(), "SERVER"),
    };
    (told, server.requests().len())
}

#[tokio::test]
async fn a_server_that_cannot_be_asked_is_asked_again_and_named() {
    let props = || {
        let body = json!({"default_generation_settings": {"n_ctx": 77}}).to_string();
        http(200, "content-type: application/json\r\n", body)
    };
    let loading = || http(503, "", "loading");
    let nothing = || http(404, "", "");
    #[rustfmt::skip]
    let table = [
        ("still loading its model", "openai/m", vec![loading(), loading(), props()], "77", 3),
        ("loading for good", "openai/m", vec![loading()], "no answer after 4 attempts (status 503): loading", 8),
        ("hanging up", "openai/m", vec![vec![], vec![], props()], "77", 3),
        ("the second page is not there", "openai/m", vec![loading(), nothing(), props()], "77", 3),
        ("no server, but the model is known", "openai/gpt-5", vec![vec![]], "400000", 2),
        (
            "a key that it refuses", "openai/m", vec![http(401, "", "no sk-secret here")],
            "the context length of model `opus` is not known: the server refuses the key of model `opus`, \
             which comes from the editor's settings (status 401): no [key] here; set it in tokens, as \
             `models.opus.contextLength` or in the environment variable `RUMMY_CONTEXT_opus`",
            2,
        ),
    ];
    for (what, actual, replies, told, requests) in table {
        let seen = asked_of(actual, replies).await;
        assert_eq!(seen, (told.to_owned(), requests), "{what}");
    }
}

#[tokio::test]
async fn a_script_says_how_long_its_context_is_on_its_first_line_or_it_is_200_000() {
    let folder = tempfile::tempdir().unwrap();
    for (script, length) in [
        (r#"{"answer": "a", "contextLength": 8000}"#, 8_000),
        (r#"{"answer": "a"}"#, 200_000),
        ("", 200_000),
    ] {
        let file = folder.path().join("script.jsonl");
        std::fs::write(&file, script).unwrap();
        let model = spec(&format!("replay/{}", file.display()), None);
        assert_eq!(
            models().context_length(&model).await,
            Ok(length),
            "{script}"
        );
        std::fs::remove_file(&file).unwrap();
    }
}

#[tokio::test]
async fn a_configured_context_is_believed_and_no_server_asked() {
    let server = ModelServer::start(Vec::new());
    let model = ModelSpec {
        context_length: Some(8192),
        ..spec("openai/m", Some(server.url()))
    };
    assert_eq!(models().context_length(&model).await, Ok(8192));
    assert_eq!(server.questions(), []);
}
