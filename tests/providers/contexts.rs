//! How long a model's context is: what is configured, what its server says, what is known.

use rummy_lsp::llm::ModelSpec;
use serde_json::{Value, json};

use crate::model_server::ModelServer;
use crate::{models, spec};

/// Asks for the context of a model at a server with these pages.
async fn context(actual: &str, pages: &[(&str, Value)]) -> (Option<u64>, Vec<String>) {
    let server = ModelServer::start(Vec::new());
    for (path, answer) in pages {
        server.page(path, answer.clone());
    }
    let model = spec(actual, Some(server.url()));
    let models = models();
    let length = models.context_length(&model).await.unwrap();
    let asked = server
        .questions()
        .into_iter()
        .map(|(path, _)| path)
        .collect();
    // A second time the server is not asked, if it has answered.
    let again = models.context_length(&model).await.unwrap();
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
        assert_eq!(seen, (Some(77), asked), "{actual}");
    }
}

#[tokio::test]
async fn where_the_server_does_not_say_it_the_context_is_known_or_not() {
    for (actual, length) in [
        ("openai/gpt-5-mini", Some(400_000)),
        ("anthropic/claude-x", Some(200_000)),
        ("xai/grok-4", Some(256_000)),
        ("openai/llama", None),
        ("ollama/llama", None),
    ] {
        assert_eq!(context(actual, &[]).await.0, length, "{actual}");
    }
}

#[tokio::test]
async fn a_configured_context_is_believed_and_no_server_asked() {
    let server = ModelServer::start(Vec::new());
    let model = ModelSpec {
        context_length: Some(8192),
        ..spec("openai/m", Some(server.url()))
    };
    assert_eq!(models().context_length(&model).await, Ok(Some(8192)));
    assert_eq!(server.questions(), []);
}
