//! Where a provider's server stands and how it is called: its base URL, its key, its headers. Each
//! provider says once what is usual for it; the wire format is not known here.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use super::http::{Call, Headers, Http, KeyHeader};
use super::key::Keys;
use super::reading::{self, Format};
use super::{Answer, Failure, Key, KeyError, LlmError, ModelSpec, Request, Sink};

/// How long a server may take to say something about itself. A run waits for that.
const LOOK_UP_LIMIT: Duration = Duration::from_secs(3);

/// What is usual for a provider.
pub(super) struct Usual {
    pub(super) prefix: &'static str,
    pub(super) base_url: &'static str,
    /// Variables that name another base URL; the first that is set counts.
    pub(super) base_variables: &'static [&'static str],
    pub(super) key_variable: &'static str,
    pub(super) key_header: KeyHeader,
    pub(super) headers: Headers,
    /// What people write at the end of a base URL and the paths below begin with.
    pub(super) tails: &'static [&'static str],
}

/// A provider's way to its servers.
pub(super) struct Service {
    usual: &'static Usual,
    http: Arc<Http>,
    keys: Arc<Keys>,
}

impl Service {
    pub(super) fn new(usual: &'static Usual, http: Arc<Http>, keys: Arc<Keys>) -> Self {
        Self { usual, http, keys }
    }

    /// Where `path` is for a model.
    pub(super) fn url(&self, model: &ModelSpec, path: &str) -> Result<Url, LlmError> {
        if model.name().is_empty() {
            return Err(LlmError::NoModel {
                actual: model.actual.clone(),
                expected: format!("{}/MODEL", self.usual.prefix),
            });
        }
        self.place(model.base_url.as_deref(), path)
    }

    /// Where `path` is on the server that is configured, else named by the environment, else usual.
    pub(super) fn place(&self, configured: Option<&str>, path: &str) -> Result<Url, LlmError> {
        let named = || {
            let mut variables = self.usual.base_variables.iter();
            variables.find_map(|variable| self.keys.variable(variable))
        };
        let base = configured.map(str::to_owned).or_else(named);
        let base = base.as_deref().unwrap_or(self.usual.base_url);
        endpoint(base, self.usual.tails, path)
    }

    /// Whether the model is served where most of its provider's models are.
    pub(super) fn is_usual(&self, model: &ModelSpec) -> bool {
        let usual = endpoint(self.usual.base_url, self.usual.tails, "");
        usual.is_ok_and(|usual| self.url(model, "") == Ok(usual))
    }

    /// Whether the key's usual variable is set.
    pub(super) fn has_key(&self) -> bool {
        self.keys.variable(self.usual.key_variable).is_some()
    }

    /// One attempt at an answer in the format `F`.
    pub(super) async fn ask<F: Format>(
        &self,
        request: &Request<'_>,
        path: &str,
        body: &Value,
        progress: &mut Sink<'_>,
    ) -> Result<Answer, Failure> {
        let model = request.model;
        let url = self.url(model, path)?;
        let origin = self.origin(model);
        let key = self.key(model).await?;
        let call = self.call(model, url.clone(), key.as_ref(), &origin);
        let result = reading::ask::<F>(&self.http, &call, body, progress).await;
        let Err(Failure::Final(LlmError::Auth { .. })) = &result else {
            return result;
        };
        let Some(refused) = key else {
            let variable = self.usual.key_variable;
            return Err(no_key(model, KeyError::Wanted { variable }).into());
        };
        // What a command prints may run out, and a run may outlast it.
        self.keys.forget(&model.api_key, &refused);
        match self.key(model).await? {
            Some(fresh) if fresh.expose_secret() != refused.expose_secret() => {
                let call = self.call(model, url, Some(&fresh), &origin);
                reading::ask::<F>(&self.http, &call, body, progress).await
            }
            _ => result,
        }
    }

    /// What the model's server answers at `path`, to `body` or to no body at all.
    pub(super) async fn look_up(
        &self,
        model: &ModelSpec,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, Failure> {
        // A key command may wait for a person: the limit is on the server.
        let key = self.key(model).await?;
        let origin = self.origin(model);
        let call = self.call(model, self.url(model, path)?, key.as_ref(), &origin);
        self.http.look_up(&call, body, LOOK_UP_LIMIT).await
    }

    /// As [`Service::look_up`], of a server whose models nobody has configured, within `limit`. That
    /// there is none, or that it says nothing of use, is no fault.
    pub(super) async fn look_around(
        &self,
        base: Option<&str>,
        path: &str,
        limit: Duration,
    ) -> Option<Value> {
        let work = async {
            let call = Call {
                alias: "",
                url: self.place(base, path)?,
                key: None,
                key_header: self.usual.key_header,
                origin: "",
                extra: self.usual.headers,
            };
            self.http.look_up(&call, None, limit).await
        };
        match work.await {
            Ok(answer) => Some(answer),
            Err(failure) => {
                tracing::debug!(path, ?failure, "nothing is served there");
                None
            }
        }
    }

    /// Where the model's key comes from, in words.
    fn origin(&self, model: &ModelSpec) -> String {
        model.api_key.origin(self.usual.key_variable)
    }

    async fn key(&self, model: &ModelSpec) -> Result<Option<SecretString>, LlmError> {
        let key = self.keys.find(&model.api_key, self.usual.key_variable);
        key.await.map_err(|reason| no_key(model, reason))
    }

    fn call<'a>(
        &self,
        model: &'a ModelSpec,
        url: Url,
        key: Option<&'a SecretString>,
        origin: &'a str,
    ) -> Call<'a> {
        Call {
            alias: &model.alias,
            url,
            key,
            key_header: self.usual.key_header,
            origin,
            extra: self.usual.headers,
        }
    }
}

/// A model that nobody has configured.
pub(super) fn unconfigured(alias: &str, prefix: &str, name: &str) -> ModelSpec {
    ModelSpec {
        alias: alias.to_owned(),
        actual: format!("{prefix}/{name}"),
        context_length: None,
        base_url: None,
        api_key: Key::Default,
        temperature: None,
    }
}

fn no_key(model: &ModelSpec, reason: KeyError) -> LlmError {
    LlmError::NoKey {
        alias: model.alias.clone(),
        reason,
    }
}

/// Where `path` is under `base`, which people write with and without a slash and with and without
/// one of `tails`.
fn endpoint(base: &str, tails: &[&str], path: &str) -> Result<Url, LlmError> {
    let unusable = |reason: &str| LlmError::BadUrl {
        // What stands before an `@` may be a password.
        url: base.rsplit('@').next().unwrap_or(base).to_owned(),
        reason: reason.to_owned(),
    };
    let mut root = base.trim().trim_end_matches('/');
    for tail in tails {
        root = root.strip_suffix(tail).unwrap_or(root);
    }
    let url = Url::parse(&format!("{root}{path}")).map_err(|error| unusable(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(unusable("it is neither http nor https"));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAILS: &[&str] = &["/responses", "/v1"];

    #[test]
    fn a_base_url_may_end_in_a_slash_a_version_or_an_endpoint() {
        for base in ["", "/", "/v1", "/v1/", "/v1/responses"] {
            let base = format!("http://127.0.0.1:8080/api{base}");
            let url = endpoint(&base, TAILS, "/v1/responses").unwrap();
            let expected = "http://127.0.0.1:8080/api/v1/responses";
            assert_eq!(url.as_str(), expected, "{base}");
        }
    }

    #[test]
    fn a_base_url_that_is_none_is_refused_and_a_password_in_it_not_shown() {
        let refused = |base| endpoint(base, TAILS, "/x").unwrap_err().to_string();
        assert_eq!(
            refused("ftp://me:secret@host"),
            "the base URL `host` cannot be used: it is neither http nor https; write one like \
             `https://HOST:PORT`"
        );
        assert!(refused("127.0.0.1:8080").contains("`127.0.0.1:8080`"));
        assert!(refused("").contains("relative URL without a base"));
    }
}
