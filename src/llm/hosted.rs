//! The services that differ only in what a table can say: where they stand, which key and headers they
//! want, which wire format they speak, where they tell of a model's context. One more of them is a row
//! of [`ROWS`]. The formats themselves are in `chat`, `messages` and `responses`.

use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::{Value, json};

use super::chat::{self, Chat};
use super::http::{Http, KeyHeader};
use super::key::Keys;
use super::messages::{self, Messages};
use super::responses::{self, Responses};
use super::service::{Service, Usual, unconfigured};
use super::{Answer, Failure, LlmError, ModelSpec, Provider, Request, Sink, listing};

/// The services, in the order in which their models are offered to somebody who has configured none.
pub(super) static ROWS: [Row; 4] = [
    // And every server that speaks its chat completions: llama.cpp, vLLM, LM Studio, gateways.
    Row {
        usual: Usual {
            prefix: "openai",
            base_url: "https://api.openai.com",
            base_variables: &["OPENAI_BASE_URL"],
            key_variable: "OPENAI_API_KEY",
            key_header: KeyHeader::Bearer,
            headers: &[],
            tails: &["/chat/completions", "/v1"],
        },
        wire: Wire::Chat,
        body: chat::body,
        // The window that a server was started with, else what it says of the model.
        contexts: &["/props", "/v1/models"],
        // OpenAI itself says neither.
        tells_contexts_itself: false,
        offer: ("gpt", "gpt-5"),
    },
    Row {
        usual: Usual {
            prefix: "anthropic",
            base_url: "https://api.anthropic.com",
            base_variables: &["ANTHROPIC_BASE_URL"],
            key_variable: "ANTHROPIC_API_KEY",
            key_header: KeyHeader::Named("x-api-key"),
            headers: &[("anthropic-version", "2023-06-01")],
            tails: &["/messages", "/v1"],
        },
        wire: Wire::Messages,
        body: messages::body,
        contexts: &["/v1/models/NAME"],
        tells_contexts_itself: true,
        offer: ("claude", "claude-sonnet-4-5"),
    },
    Row {
        usual: Usual {
            prefix: "openrouter",
            base_url: "https://openrouter.ai/api",
            base_variables: &["OPENROUTER_BASE_URL"],
            key_variable: "OPENROUTER_API_KEY",
            key_header: KeyHeader::Bearer,
            // It wants to know which program calls.
            headers: &[
                ("http-referer", env!("CARGO_PKG_NAME")),
                ("x-title", env!("CARGO_PKG_NAME")),
            ],
            tails: &["/chat/completions", "/v1"],
        },
        wire: Wire::Chat,
        // It tells what a call has cost where it is asked to.
        body: |request| {
            let mut body = chat::body(request);
            body["usage"] = json!({"include": true});
            body
        },
        contexts: &["/v1/models"],
        tells_contexts_itself: true,
        offer: ("openrouter", "openrouter/auto"),
    },
    Row {
        usual: Usual {
            prefix: "xai",
            base_url: "https://api.x.ai",
            base_variables: &["XAI_BASE_URL"],
            key_variable: "XAI_API_KEY",
            key_header: KeyHeader::Bearer,
            headers: &[],
            tails: &["/responses", "/v1"],
        },
        wire: Wire::Responses,
        body: responses::body,
        contexts: &["/v1/models", "/v1/language-models/NAME"],
        tells_contexts_itself: true,
        offer: ("grok", "grok-4"),
    },
];

/// What there is to say of a service.
pub(super) struct Row {
    usual: Usual,
    wire: Wire,
    body: fn(&Request<'_>) -> Value,
    /// The pages that may say how long a model's context is, in the order in which they are asked. NAME
    /// stands for the model.
    contexts: &'static [&'static str],
    /// Whether its own servers have these pages, not only others that speak as it does.
    tells_contexts_itself: bool,
    /// The alias and the name of the model that is offered to somebody who has its key.
    offer: (&'static str, &'static str),
}

/// What is spoken, and where.
#[derive(Clone, Copy)]
enum Wire {
    Chat,
    Messages,
    Responses,
}

impl Wire {
    const fn path(self) -> &'static str {
        match self {
            Self::Chat => "/v1/chat/completions",
            Self::Messages => "/v1/messages",
            Self::Responses => "/v1/responses",
        }
    }
}

/// A service, ready to be called.
pub(super) struct Hosted {
    row: &'static Row,
    service: Service,
}

impl Hosted {
    pub(super) fn new(row: &'static Row, http: Arc<Http>, keys: Arc<Keys>) -> Self {
        Self {
            row,
            service: Service::new(&row.usual, http, keys),
        }
    }

    async fn attempt(
        &self,
        request: &Request<'_>,
        progress: &mut Sink<'_>,
    ) -> Result<Answer, Failure> {
        let (wire, body) = (self.row.wire, (self.row.body)(request));
        let (service, path) = (&self.service, wire.path());
        match wire {
            Wire::Chat => service.ask::<Chat>(request, path, &body, progress).await,
            Wire::Messages => {
                service
                    .ask::<Messages>(request, path, &body, progress)
                    .await
            }
            Wire::Responses => {
                service
                    .ask::<Responses>(request, path, &body, progress)
                    .await
            }
        }
    }

    /// What the first page says that says anything. A page that a server lacks says nothing; that a
    /// server could not be asked is a failure.
    async fn ask_for_context(&self, model: &ModelSpec) -> Result<Option<u64>, Failure> {
        if !self.row.tells_contexts_itself && self.service.is_usual(model) {
            return Ok(None);
        }
        let mut failed = None;
        for page in self.row.contexts {
            let page = page.replace("NAME", model.name());
            match self.service.look_up(model, &page, None).await {
                Ok(said) => {
                    let length = listing::context_length(&said, model.name());
                    if length.is_some() {
                        return Ok(length);
                    }
                }
                Err(Failure::Final(LlmError::Refused { .. } | LlmError::Malformed { .. })) => {}
                Err(failure) => failed = Some(failure),
            }
        }
        failed.map_or(Ok(None), Err)
    }
}

impl Provider for Hosted {
    fn prefix(&self) -> &'static str {
        self.row.usual.prefix
    }

    fn check(&self, model: &ModelSpec) -> Result<(), LlmError> {
        self.service.url(model, self.row.wire.path()).map(drop)
    }

    fn complete<'a>(
        &'a self,
        request: &'a Request<'a>,
        progress: &'a mut Sink<'_>,
    ) -> BoxFuture<'a, Result<Answer, Failure>> {
        self.attempt(request, progress).boxed()
    }

    fn context_length<'a>(
        &'a self,
        model: &'a ModelSpec,
    ) -> BoxFuture<'a, Result<Option<u64>, Failure>> {
        self.ask_for_context(model).boxed()
    }

    fn offered(&self) -> Option<ModelSpec> {
        let (alias, name) = self.row.offer;
        let offered = || unconfigured(alias, self.prefix(), name);
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
    fn provider(variables: fn(&str) -> Option<String>) -> (Hosted, ModelSpec) {
        let http = Arc::new(Http::new(std::time::Duration::from_secs(30), 1 << 20));
        let model = ModelSpec {
            alias: "opus".to_owned(),
            actual: "openai/m".to_owned(),
            context_length: None,
            base_url: None,
            api_key: Key::Default,
            temperature: None,
        };
        let keys = Arc::new(Keys::new(variables));
        (Hosted::new(&ROWS[0], http, keys), model)
    }

    #[test]
    fn the_server_is_the_models_else_the_environments_else_the_usual_one() {
        let (bare, mut model) = provider(|_| None);
        let (set, _) = provider(|name| (name == "OPENAI_BASE_URL").then(|| "http://env".into()));
        let host = |provider: &Hosted, model: &ModelSpec| {
            let url = provider.service.url(model, Wire::Chat.path()).unwrap();
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
            context_size: 100_000,
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
