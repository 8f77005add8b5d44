//! `openrouter/VENDOR/MODEL`: OpenRouter, which speaks chat completions with some words of its own:
//! it is asked for what a call cost, and told which program calls.

use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::json;

use super::chat::{self, Chat};
use super::http::{Http, KeyHeader};
use super::key::Keys;
use super::service::{Service, Usual, unconfigured};
use super::{Answer, Failure, LlmError, ModelSpec, Provider, Request, Sink, listing};

const USUAL: Usual = Usual {
    prefix: "openrouter",
    base_url: "https://openrouter.ai/api",
    base_variables: &["OPENROUTER_BASE_URL"],
    key_variable: "OPENROUTER_API_KEY",
    key_header: KeyHeader::Bearer,
    headers: &[
        ("http-referer", env!("CARGO_PKG_NAME")),
        ("x-title", env!("CARGO_PKG_NAME")),
    ],
    tails: &["/chat/completions", "/v1"],
};

const CHAT: &str = "/v1/chat/completions";

pub(super) struct OpenRouter {
    service: Service,
}

impl OpenRouter {
    pub(super) fn new(http: Arc<Http>, keys: Arc<Keys>) -> Self {
        Self {
            service: Service::new(USUAL, http, keys),
        }
    }

    async fn attempt(
        &self,
        request: &Request<'_>,
        progress: &mut Sink<'_>,
    ) -> Result<Answer, Failure> {
        let mut body = chat::body(request);
        body["usage"] = json!({"include": true});
        self.service
            .ask::<Chat>(request, CHAT, &body, progress)
            .await
    }

    async fn ask_for_context(&self, model: &ModelSpec) -> Option<u64> {
        let models = self.service.look_up(model, "/v1/models", None).await?;
        listing::context_length(&models, model.name())
    }
}

impl Provider for OpenRouter {
    fn prefix(&self) -> &'static str {
        USUAL.prefix
    }

    fn check(&self, model: &ModelSpec) -> Result<(), LlmError> {
        self.service.url(model, CHAT).map(drop)
    }

    fn complete<'a>(
        &'a self,
        request: &'a Request<'a>,
        progress: &'a mut Sink<'_>,
    ) -> BoxFuture<'a, Result<Answer, Failure>> {
        self.attempt(request, progress).boxed()
    }

    fn context_length<'a>(&'a self, model: &'a ModelSpec) -> BoxFuture<'a, Option<u64>> {
        self.ask_for_context(model).boxed()
    }

    fn offered(&self) -> Option<ModelSpec> {
        let offered = || unconfigured("openrouter", USUAL.prefix, "openrouter/auto");
        self.service.has_key().then(offered)
    }
}
