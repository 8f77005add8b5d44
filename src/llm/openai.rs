//! `openai/MODEL`: OpenAI, and every server that speaks its chat completions (llama.cpp, vLLM,
//! LM Studio, gateways). Here is where the server stands and which key it gets; the format
//! itself is in `chat`.

use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use reqwest::Url;

use super::chat;
use super::http::{Call, Http};
use super::key::Keys;
use super::{Answer, Failure, KeyError, LlmError, ModelSpec, Provider, Request, Sink};

const BASE_URL: &str = "https://api.openai.com";
const BASE_URL_VARIABLE: &str = "OPENAI_BASE_URL";
const KEY_VARIABLE: &str = "OPENAI_API_KEY";

pub(super) struct OpenAi {
    http: Arc<Http>,
    keys: Arc<Keys>,
}

impl OpenAi {
    pub(super) fn new(http: Arc<Http>, keys: Arc<Keys>) -> Self {
        Self { http, keys }
    }

    fn endpoint(&self, model: &ModelSpec) -> Result<Url, LlmError> {
        if model.name().is_empty() {
            return Err(LlmError::NoModel {
                actual: model.actual.clone(),
                expected: "openai/MODEL",
            });
        }
        match &model.base_url {
            Some(base) => endpoint(base),
            None => match self.keys.variable(BASE_URL_VARIABLE) {
                Some(base) => endpoint(&base),
                None => endpoint(BASE_URL),
            },
        }
    }

    async fn attempt(
        &self,
        request: &Request<'_>,
        progress: &mut Sink<'_>,
    ) -> Result<Answer, Failure> {
        let model = request.model;
        let url = self.endpoint(model)?;
        let key = self.keys.find(&model.api_key, KEY_VARIABLE).await;
        let key = key.map_err(|reason| LlmError::NoKey {
            alias: model.alias.clone(),
            reason,
        })?;
        let call = Call {
            alias: &model.alias,
            url,
            key: key.as_ref(),
        };
        let result = chat::ask(&self.http, &call, request, progress).await;
        let Err(Failure::Final(LlmError::Auth { .. })) = &result else {
            return result;
        };
        self.keys.forget(&model.api_key);
        if key.is_some() {
            return result;
        }
        Err(Failure::Final(LlmError::NoKey {
            alias: model.alias.clone(),
            reason: KeyError::Wanted {
                variable: KEY_VARIABLE,
            },
        }))
    }
}

impl Provider for OpenAi {
    fn prefix(&self) -> &'static str {
        "openai"
    }

    fn check(&self, model: &ModelSpec) -> Result<(), LlmError> {
        self.endpoint(model).map(drop)
    }

    fn complete<'a>(
        &'a self,
        request: &'a Request<'a>,
        progress: &'a mut Sink<'_>,
    ) -> BoxFuture<'a, Result<Answer, Failure>> {
        self.attempt(request, progress).boxed()
    }
}

/// Where chat completions are under `base`, which people write with and without `/v1`.
fn endpoint(base: &str) -> Result<Url, LlmError> {
    let unusable = |reason: &str| LlmError::BadUrl {
        // What stands before an `@` may be a password.
        url: base.rsplit('@').next().unwrap_or(base).to_owned(),
        reason: reason.to_owned(),
    };
    let root = base.trim().trim_end_matches('/');
    let root = root.strip_suffix("/v1").unwrap_or(root);
    let url = Url::parse(&format!("{root}/v1/chat/completions"))
        .map_err(|error| unusable(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(unusable("it is neither http nor https"));
    }
    Ok(url)
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
        let http = Arc::new(Http::new(std::time::Duration::from_secs(30)));
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
            let url = provider.endpoint(model).unwrap();
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

    #[test]
    fn a_base_url_may_end_in_a_slash_or_a_version() {
        for base in ["", "/", "/v1", "/v1/"] {
            let url = endpoint(&format!("http://127.0.0.1:8080/api{base}")).unwrap();
            let expected = "http://127.0.0.1:8080/api/v1/chat/completions";
            assert_eq!(url.as_str(), expected, "{base}");
        }
    }

    #[test]
    fn a_base_url_that_is_none_is_refused_and_a_password_in_it_not_shown() {
        let refused = |base| endpoint(base).unwrap_err().to_string();
        assert_eq!(
            refused("ftp://me:secret@host"),
            "the base URL `host` cannot be used: it is neither http nor https; write one like \
             `https://HOST:PORT`"
        );
        assert!(refused("127.0.0.1:8080").contains("`127.0.0.1:8080`"));
        assert!(refused("").contains("relative URL without a base"));
    }
}
