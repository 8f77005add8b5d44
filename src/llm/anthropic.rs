//! `anthropic/MODEL`: Anthropic's models by its Messages API. The format is in `messages`.

use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::http::{Http, KeyHeader};
use super::key::Keys;
use super::messages::{self, Messages};
use super::service::{Service, Usual, unconfigured};
use super::{Answer, Failure, LlmError, ModelSpec, Provider, Request, Sink, listing};

const USUAL: Usual = Usual {
    prefix: "anthropic",
    base_url: "https://api.anthropic.com",
    base_variables: &["ANTHROPIC_BASE_URL"],
    key_variable: "ANTHROPIC_API_KEY",
    key_header: KeyHeader::Named("x-api-key"),
    headers: &[("anthropic-version", "2023-06-01")],
    tails: &["/messages", "/v1"],
};

const MESSAGES: &str = "/v1/messages";

pub(super) struct Anthropic {
    service: Service,
}

impl Anthropic {
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
        let body = messages::body(request);
        self.service
            .ask::<Messages>(request, MESSAGES, &body, progress)
            .await
    }

    async fn ask_for_context(&self, model: &ModelSpec) -> Option<u64> {
        let one = format!("/v1/models/{}", model.name());
        let said = self.service.look_up(model, &one, None).await?;
        listing::context_length(&said, model.name())
    }
}

impl Provider for Anthropic {
    fn prefix(&self) -> &'static str {
        USUAL.prefix
    }

    fn check(&self, model: &ModelSpec) -> Result<(), LlmError> {
        self.service.url(model, MESSAGES).map(drop)
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
        let offered = || unconfigured("claude", USUAL.prefix, "claude-sonnet-4-5");
        self.service.has_key().then(offered)
    }
}
