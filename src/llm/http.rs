//! The one HTTP client that providers share, and how its errors read. The client is built at the
//! first call: a server that never asks a model does not pay for TLS at its start.

use std::error::Error as _;
use std::io;
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use futures::{Stream, StreamExt as _};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder, Response, Url};
use rustls::RootCertStore;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use tokio::time::timeout;

use super::fault::{Complaint, presentable};
use super::key::{environment, scrub};
use super::{Failure, LlmError, Transient, retry};

const CONNECT_LIMIT: Duration = Duration::from_secs(30);

/// Variables that name certificates to trust beside the built-in ones: a file, and a folder.
const CERTIFICATES: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];

/// Where connections come from.
pub(super) struct Http {
    client: OnceLock<Client>,
    /// For servers on this machine, which no proxy can reach.
    local: OnceLock<Client>,
    /// How long a server may send nothing at all, before its first byte and between any two.
    silence: Duration,
    /// How many bytes an answer may have.
    size: usize,
}

/// How a connection ended that should have gone on.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Loss {
    /// Nothing came for so long.
    Silent { limit: Duration },
    /// It broke, for this reason.
    Broken(String),
    /// The server could not show that it is the one.
    Untrusted(String),
    /// It goes on in bytes that are no text.
    NotText,
    /// It has sent more bytes than any answer has.
    Endless { limit: usize },
}

impl Http {
    pub(super) fn new(silence: Duration, size: usize) -> Self {
        Self {
            client: OnceLock::new(),
            local: OnceLock::new(),
            silence,
            size,
        }
    }

    /// Sends `body` and waits for the head of the answer. A status that is an error is one here.
    pub(super) async fn post(&self, call: &Call<'_>, body: &Value) -> Result<Response, Failure> {
        self.send(call, self.request(Method::POST, call)?.json(body))
            .await
    }

    /// What a server says of itself within `limit`: to `body`, or to no body at all.
    pub(super) async fn look_up(
        &self,
        call: &Call<'_>,
        body: Option<&Value>,
        limit: Duration,
    ) -> Result<Value, Failure> {
        let request = match body {
            None => self.request(Method::GET, call)?,
            Some(body) => self.request(Method::POST, call)?.json(body),
        };
        let text = async {
            let response = self.send(call, request).await?;
            let text = self.text(response).await;
            text.map_err(|loss| call.lost(loss, 0))
        };
        let text = timeout(limit, text).await;
        let text = text.unwrap_or_else(|_elapsed| {
            let late = format!("no answer within {} s", limit.as_secs_f64());
            Err(call.lost(Loss::Broken(late), 0))
        })?;
        serde_json::from_str(&text).map_err(|error| call.malformed(&error.to_string()))
    }

    async fn send(&self, call: &Call<'_>, request: RequestBuilder) -> Result<Response, Failure> {
        let response = request
            .send()
            .await
            .map_err(|error| call.lost(self.loss(error), 0))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status();
        let wait = header(&response, RETRY_AFTER)
            .and_then(|value| retry::retry_after(&value, SystemTime::now()));
        let elsewhere = header(&response, LOCATION).filter(|_| status.is_redirection());
        // The status is told even where the server does not get to the end of its reason.
        let mut reason = self.text(response).await.unwrap_or_else(|_| String::new());
        if let Some(elsewhere) = elsewhere {
            reason =
                format!("it sends the call on to {elsewhere}; set the base URL to where it ends");
        }
        Err(call.refused(Complaint::of_body(status.as_u16(), &reason), wait))
    }

    /// The whole body as text.
    pub(super) async fn text(&self, response: Response) -> Result<String, Loss> {
        let mut whole = Vec::new();
        let mut pieces = pin!(self.bytes(response));
        while let Some(piece) = pieces.next().await {
            whole.extend_from_slice(piece?.as_ref());
        }
        String::from_utf8(whole).map_err(|_bytes| Loss::NotText)
    }

    /// The body as it comes in.
    pub(super) fn bytes(
        &self,
        response: Response,
    ) -> impl Stream<Item = Result<impl AsRef<[u8]> + Send, Loss>> + Send {
        let mut left = self.size;
        response.bytes_stream().map(move |piece| {
            let piece = piece.map_err(|error| self.loss(error))?;
            match left.checked_sub(piece.len()) {
                Some(less) => left = less,
                None => return Err(Loss::Endless { limit: self.size }),
            }
            Ok(piece)
        })
    }

    fn request(&self, method: Method, call: &Call<'_>) -> Result<RequestBuilder, LlmError> {
        let request = self.client(&call.url)?.request(method, call.url.clone());
        Ok(request.headers(call.headers()))
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
            if let Some(untrusted) = untrusted(error) {
                return Loss::Untrusted(untrusted);
            }
            reason = format!("{reason}: {error}");
            cause = error.source();
        }
        Loss::Broken(reason)
    }

    fn client(&self, url: &Url) -> Result<&Client, LlmError> {
        let local = is_local(url);
        let place = if local { &self.local } else { &self.client };
        if let Some(client) = place.get() {
            return Ok(client);
        }
        let built = build(self.silence, local)?;
        Ok(place.get_or_init(|| built))
    }
}

/// What is wrong with a certificate, where that is the error.
fn untrusted(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    if let Some(rustls::Error::InvalidCertificate(why)) = error.downcast_ref() {
        return Some(why.to_string());
    }
    // An I/O error holds its reason within, where a chain of sources does not lead.
    untrusted(error.downcast_ref::<io::Error>()?.get_ref()?)
}

/// Whether a server stands on this machine.
fn is_local(url: &Url) -> bool {
    let host = url.host_str().unwrap_or("");
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

fn build(silence: Duration, local: bool) -> Result<Client, LlmError> {
    let failed = |reason: String| LlmError::Client { reason };
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let mut tls = rustls::ClientConfig::builder_with_provider(ring)
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(error.to_string()))?
        .with_root_certificates(roots().map_err(failed)?)
        .with_no_client_auth();
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let mut client = Client::builder()
        .tls_backend_preconfigured(tls)
        .user_agent(concat!(
            env!("CARGO_PKG_NAME"),
            "/",
            env!("CARGO_PKG_VERSION")
        ))
        .connect_timeout(CONNECT_LIMIT)
        .read_timeout(silence)
        // A prompt goes to the server that was configured and to no other.
        .redirect(Policy::none());
    if local {
        client = client.no_proxy();
    }
    client.build().map_err(|error| failed(error.to_string()))
}

/// The certificates to trust: the built-in ones and those that the environment names.
fn roots() -> Result<RootCertStore, String> {
    let mut roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    let named = CERTIFICATES.map(|name| environment(name).map(|value| format!("{name}={value}")));
    let named: Vec<String> = named.into_iter().flatten().collect();
    if named.is_empty() {
        return Ok(roots);
    }
    let found = rustls_native_certs::load_native_certs();
    let (added, _unusable) = roots.add_parsable_certificates(found.certs);
    if added == 0 {
        let named = named.join(", ");
        return Err(format!(
            "there is no certificate in {named}; it wants PEM files"
        ));
    }
    Ok(roots)
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

/// How a server wants to be given the key.
#[derive(Clone, Copy, Debug)]
pub(super) enum KeyHeader {
    /// `Authorization: Bearer KEY`.
    Bearer,
    /// A header of this name.
    Named(&'static str),
}

/// Headers that a provider wants with every call.
pub(super) type Headers = &'static [(&'static str, &'static str)];

/// One call: where it goes, and what its errors need to say.
pub(super) struct Call<'a> {
    pub(super) alias: &'a str,
    pub(super) url: Url,
    pub(super) key: Option<&'a SecretString>,
    pub(super) key_header: KeyHeader,
    /// Where the key comes from, in words.
    pub(super) origin: &'a str,
    pub(super) extra: Headers,
}

impl Call<'_> {
    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in self.extra {
            headers.insert(*name, HeaderValue::from_static(value));
        }
        let Some(key) = self.key.map(SecretString::expose_secret) else {
            return headers;
        };
        let (name, value) = match self.key_header {
            KeyHeader::Bearer => (
                "authorization",
                HeaderValue::try_from(format!("Bearer {key}")),
            ),
            KeyHeader::Named(name) => (name, HeaderValue::from_str(key)),
        };
        // A key that no header can carry was refused where it was found.
        if let Ok(mut value) = value {
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        headers
    }

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
            Loss::Untrusted(reason) => Failure::Final(LlmError::Untrusted { server, reason }),
            Loss::NotText => self.malformed("bytes that are not UTF-8"),
            Loss::Endless { limit } => {
                self.malformed(&format!("more than {limit} bytes, and no end of them"))
            }
        }
    }

    /// The server said no.
    pub(super) fn refused(&self, complaint: Complaint, wait: Option<Duration>) -> Failure {
        let complaint = Complaint {
            message: scrub(&complaint.message, self.key),
            ..complaint
        };
        complaint.failure(self.alias, self.origin, wait)
    }

    /// The server said something that is no answer.
    pub(super) fn malformed(&self, problem: &str) -> Failure {
        Failure::Final(LlmError::Malformed {
            server: self.server(),
            problem: presentable(&scrub(problem, self.key)),
        })
    }
}
