//! The one HTTP client that providers share, and how its errors read. The client is built at the
//! first call: a server that never asks a model does not pay for TLS at its start.

use std::error::Error as _;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use futures::{Stream, StreamExt as _};
use reqwest::header::{CONTENT_TYPE, HeaderName, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, Url};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use super::fault::{Complaint, presentable};
use super::key::scrub;
use super::{Failure, LlmError, Transient, retry};

const CONNECT_LIMIT: Duration = Duration::from_secs(30);

/// Where connections come from.
pub(super) struct Http {
    client: OnceLock<Client>,
    /// How long a server may send nothing at all, before its first byte and between any two.
    silence: Duration,
}

/// How a connection ended that should have gone on.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Loss {
    /// Nothing came for so long.
    Silent { limit: Duration },
    /// It broke, for this reason.
    Broken(String),
    /// It goes on in bytes that are no text.
    NotText,
}

impl Http {
    pub(super) fn new(silence: Duration) -> Self {
        Self {
            client: OnceLock::new(),
            silence,
        }
    }

    /// Sends `body` and waits for the head of the answer. A status that is an error is one here.
    pub(super) async fn post(&self, call: &Call<'_>, body: &Value) -> Result<Response, Failure> {
        let mut request = self.client()?.post(call.url.clone()).json(body);
        if let Some(key) = call.key {
            request = request.bearer_auth(key.expose_secret());
        }
        let response = request
            .send()
            .await
            .map_err(|error| call.lost(self.loss(error), 0))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status().as_u16();
        let wait = header(&response, RETRY_AFTER)
            .and_then(|value| retry::retry_after(&value, SystemTime::now()));
        // The status is told even where the server does not get to the end of its reason.
        let reason = self.text(response).await.unwrap_or_else(|_| String::new());
        Err(call.refused(Complaint::of_body(status, &reason), wait))
    }

    /// The whole body as text.
    pub(super) async fn text(&self, response: Response) -> Result<String, Loss> {
        response.text().await.map_err(|error| self.loss(error))
    }

    /// The body as it comes in.
    pub(super) fn bytes(
        &self,
        response: Response,
    ) -> impl Stream<Item = Result<impl AsRef<[u8]>, Loss>> {
        response
            .bytes_stream()
            .map(|piece| piece.map_err(|error| self.loss(error)))
    }

    fn loss(&self, error: reqwest::Error) -> Loss {
        // A timeout while connecting is a server that is not there, not one that thinks.
        if error.is_timeout() && !error.is_connect() {
            return Loss::Silent {
                limit: self.silence,
            };
        }
        // The URL may carry a password, and the caller names the server anyway.
        let error = error.without_url();
        let mut reason = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            reason = format!("{reason}: {error}");
            cause = error.source();
        }
        Loss::Broken(reason)
    }

    fn client(&self) -> Result<&Client, LlmError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let built = build(self.silence)?;
        Ok(self.client.get_or_init(|| built))
    }
}

fn build(silence: Duration) -> Result<Client, LlmError> {
    let failed = |reason: String| LlmError::Client { reason };
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let mut tls = rustls::ClientConfig::builder_with_provider(ring)
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(error.to_string()))?
        .with_root_certificates(rustls::RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        })
        .with_no_client_auth();
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Client::builder()
        .tls_backend_preconfigured(tls)
        .user_agent(concat!(
            env!("CARGO_PKG_NAME"),
            "/",
            env!("CARGO_PKG_VERSION")
        ))
        .connect_timeout(CONNECT_LIMIT)
        .read_timeout(silence)
        // A prompt goes to the server that was configured and to no other.
        .redirect(Policy::none())
        .build()
        .map_err(|error| failed(error.to_string()))
}

/// The media type of an answer, without parameters and in lower case; empty where none is given.
pub(super) fn media_type(response: &Response) -> String {
    let value = header(response, CONTENT_TYPE);
    let kind = value.as_deref().and_then(|value| value.split(';').next());
    kind.map_or_else(String::new, |kind| kind.trim().to_ascii_lowercase())
}

fn header(response: &Response, name: HeaderName) -> Option<String> {
    let value = response.headers().get(name)?;
    Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// One call: where it goes, and what its errors need to say.
pub(super) struct Call<'a> {
    pub(super) alias: &'a str,
    pub(super) url: Url,
    pub(super) key: Option<&'a SecretString>,
}

impl Call<'_> {
    /// The server as errors name it: no path, no user, no password.
    fn server(&self) -> String {
        self.url.origin().ascii_serialization()
    }

    /// The connection ended, after `received` characters of the answer.
    pub(super) fn lost(&self, loss: Loss, received: usize) -> Failure {
        let server = self.server();
        match loss {
            Loss::Silent { limit } => Failure::Final(LlmError::Silent {
                server,
                limit,
                received,
            }),
            Loss::Broken(reason) => Failure::Transient(Transient {
                status: None,
                message: format!("{server}: {reason}"),
                retry_after: None,
            }),
            Loss::NotText => self.malformed("bytes that are not UTF-8"),
        }
    }

    /// The server said no.
    pub(super) fn refused(&self, complaint: Complaint, wait: Option<Duration>) -> Failure {
        let complaint = Complaint {
            message: scrub(&complaint.message, self.key),
            ..complaint
        };
        complaint.failure(self.alias, wait)
    }

    /// The server said something that is no answer.
    pub(super) fn malformed(&self, problem: &str) -> Failure {
        Failure::Final(LlmError::Malformed {
            server: self.server(),
            problem: presentable(&scrub(problem, self.key)),
        })
    }
}
