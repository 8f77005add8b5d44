//! `openai/MODEL`: OpenAI, and every server that speaks its chat completions (llama.cpp, vLLM,
//! LM Studio, gateways). Here is where the server stands and which key it gets; the format
//! itself is in `chat`.

use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::Value;

use super::chat::{self, Chat};
use super::http::{Http, KeyHeader};
use super::key::Keys;
use super::service::{Service, Usual, unconfigured};
use super::{Answer, Failure, LlmError, ModelSpec, Provider, Request, Sink, listing};

const USUAL: Usual = Usual {
    prefix: "openai",
    base_url: "https://api.openai.com",
    base_variables: &["OPENAI_BASE_URL"],
    key_variable: "OPENAI_API_KEY",
    key_header: KeyHeader::Bearer,
    headers: &[],
    tails: &["/chat/completions", "/v1"],
};

const CHAT: &str = "/v1/chat/completions";

pub(super) struct OpenAi {
    service: Service,
}

impl OpenAi {
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
        let body = chat::body(request);
        self.service
            .ask::<Chat>(request, CHAT, &body, progress)
            .await
    }

    /// The window that the server was started with, else what it says of the model. OpenAI itself
    /// says neither.
    async fn ask_for_context(&self, model: &ModelSpec) -> Option<u64> {
        if self.service.is_usual(model) {
            return None;
        }
        let props = self.service.look_up(model, "/props", None).await;
        let started_with = props.and_then(|props| {
            let length = props.pointer("/default_generation_settings/n_ctx");
            length.and_then(Value::as_u64).filter(|length| *length > 0)
        });
        if started_with.is_some() {
            return started_with;
        }
        let models = self.service.look_up(model, "/v1/models", None).await?;
        listing::context_length(&models, model.name())
    }
}

impl Provider for OpenAi {
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
        let offered = || unconfigured("gpt", USUAL.prefix, "gpt-5");
        self.service.has_key().then(offered)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;
    use std::thread;

    use super::*;
    use crate::llm::Key;

    /// A provider for which one environment variable is set, and a model that leaves all open.
    fn provider(variables: fn(&str) -> Option<String>) -> (OpenAi, ModelSpec) {
        let http = Arc::new(Http::new(std::time::Duration::from_secs(30), 1 << 20));
        let model = ModelSpec {
            alias: "opus".to_owned(),
            actual: "openai/m".to_owned(),
            context_length: None,
            base_url: None,
            api_key: Key::Default,
            temperature: None,
        };
        (OpenAi::new(http, Arc::new(Keys::new(variables))), model)
    }

    #[test]
    fn the_server_is_the_models_else_the_environments_else_the_usual_one() {
        let (bare, mut model) = provider(|_| None);
        let (set, _) = provider(|name| (name == "OPENAI_BASE_URL").then(|| "http://env".into()));
        let host = |provider: &OpenAi, model: &ModelSpec| {
            let url = provider.service.url(model, CHAT).unwrap();
            url.host_str().unwrap().to_owned()
        };
        assert_eq!(host(&bare, &model), "api.openai.com");
        assert_eq!(host(&set, &model), "env");
        model.base_url = Some("http://configured".to_owned());
        assert_eq!(host(&set, &model), "configured");
    }

    #[tokio::test]
    async fn a_server_that_wants_a_key_where_none_is_set_is_told_so() {
        let (provider, mut model) = provider(|_| None);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        model.base_url = Some(format!("http://{}", listener.local_addr().unwrap()));
        let server = thread::spawn(move || {
            let (mut client, _) = listener.accept().unwrap();
            let mut received = Vec::new();
            while !received.ends_with(b"}}") {
                let mut part = [0; 1024];
                let length = client.read(&mut part).unwrap();
                received.extend_from_slice(&part[..length]);
            }
            let head = "HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n";
            client.write_all(head.as_bytes()).unwrap();
            String::from_utf8(received).unwrap()
        });
        let request = Request {
            model: &model,
            system: "",
            user: "",
            stable: 0,
            context_size: None,
            temperature: None,
            call: 0,
        };
        let failure = provider.complete(&request, &mut |_| {}).await.unwrap_err();
        assert!(!server.join().unwrap().contains("authorization"));
        let Failure::Final(error) = failure else {
            panic!("{failure:?}");
        };
        assert_eq!(
            error.to_string(),
            "the key of model `opus` cannot be had: the server wants one; set the environment \
             variable `OPENAI_API_KEY`"
        );
    }
}
