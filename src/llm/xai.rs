//! `xai/MODEL`: xAI's models by its Responses API. The format is in `responses`.

use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::http::{Http, KeyHeader};
use super::key::Keys;
use super::responses::{self, Responses};
use super::service::{Service, Usual, unconfigured};
use super::{Answer, Failure, LlmError, ModelSpec, Provider, Request, Sink, listing};

const USUAL: Usual = Usual {
    prefix: "xai",
    base_url: "https://api.x.ai",
    base_variables: &["XAI_BASE_URL"],
    key_variable: "XAI_API_KEY",
    key_header: KeyHeader::Bearer,
    headers: &[],
    tails: &["/responses", "/v1"],
};

const RESPONSES: &str = "/v1/responses";

pub(super) struct Xai {
    service: Service,
}

impl Xai {
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
        let body = responses::body(request);
        self.service
            .ask::<Responses>(request, RESPONSES, &body, progress)
            .await
    }

    async fn ask_for_context(&self, model: &ModelSpec) -> Option<u64> {
        let one = format!("/v1/language-models/{}", model.name());
        for path in ["/v1/models", &one] {
            let said = self.service.look_up(model, path, None).await;
            let length = said.and_then(|said| listing::context_length(&said, model.name()));
            if length.is_some() {
                return length;
            }
        }
        None
    }
}

impl Provider for Xai {
    fn prefix(&self) -> &'static str {
        USUAL.prefix
    }

    fn check(&self, model: &ModelSpec) -> Result<(), LlmError> {
        self.service.url(model, RESPONSES).map(drop)
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
        let offered = || unconfigured("grok", USUAL.prefix, "grok-4");
        self.service.has_key().then(offered)
    }
}
