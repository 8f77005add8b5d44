//! The gateway: which provider a model belongs to, which models there are where none is configured,
//! how long their contexts are, and how often a call that fails is repeated. It knows no wire format
//! and no status code; providers tell it whether a failure may pass.

use std::collections::HashMap;
use std::fmt::Display;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::hosted::{Hosted, ROWS};
use super::http::Http;
use super::key::{Keys, environment};
use super::ollama::Ollama;
use super::replay::Replay;
use super::{
    Answer, Failure, Finish, LlmError, ModelSpec, Progress, Provider, Recording, Request, Retries,
    Sink, Transient, listing,
};

/// How long a context length that a server has told is believed. Servers are started anew with
/// another, so it is kept in memory and for some minutes, and never in the store.
const BELIEVED: Duration = Duration::from_mins(5);

/// What a gateway puts up with.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long a server may send nothing at all. There is no limit on a whole answer: a model
    /// that writes is at work.
    pub silence: Duration,
    /// How many bytes an answer may take on the wire. A longer one is cut off there: some models
    /// never come to an end.
    pub size: usize,
    /// How long a server that nobody has configured may take to list its models.
    pub discovery: Duration,
    pub retries: Retries,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            silence: Duration::from_mins(5),
            size: 64 << 20,
            discovery: Duration::from_millis(300),
            retries: Retries::default(),
        }
    }
}

/// A model's server, where one is configured, and the model's full name.
type Place = (Option<String>, String);

type Told = HashMap<Place, (u64, Instant)>;

/// All the models that can be called. One a process is enough: connections are shared.
pub struct Models {
    providers: Vec<Box<dyn Provider>>,
    retries: Retries,
    /// Context lengths that servers have told, and when, by server and model.
    told: Mutex<Told>,
    recording: Option<Recording>,
}

impl Default for Models {
    fn default() -> Self {
        Self::new()
    }
}

impl Models {
    pub fn new() -> Self {
        Self::with(Limits::default())
    }

    pub fn with(limits: Limits) -> Self {
        let http = Arc::new(Http::new(limits.silence, limits.size));
        let keys = Arc::new(Keys::new(environment));
        let (h, k) = (|| Arc::clone(&http), || Arc::clone(&keys));
        // The order in which models are offered to somebody who has configured none.
        let mut providers: Vec<Box<dyn Provider>> =
            vec![Box::new(Ollama::new(h(), k(), limits.discovery))];
        for row in &ROWS {
            providers.push(Box::new(Hosted::new(row, h(), k())));
        }
        providers.push(Box::new(Replay::default()));
        Self::of(providers, limits.retries)
    }

    /// A gateway to other providers than the built-in ones. Their prefixes must differ.
    pub fn of(providers: Vec<Box<dyn Provider>>, retries: Retries) -> Self {
        Self {
            providers,
            retries,
            told: Mutex::default(),
            recording: None,
        }
    }

    /// Writes each answer down.
    #[must_use]
    pub fn recorded(self, recording: Option<Recording>) -> Self {
        Self { recording, ..self }
    }

    /// Whether `model` could be called: its provider exists, its script can be read. It does not
    /// ask a server and does not run a key command.
    pub fn check(&self, model: &ModelSpec) -> Result<(), LlmError> {
        self.provider(model)?.check(model)
    }

    /// The models that can be called where none is configured, best first: those of a local
    /// server, else what is offered to somebody who has set a provider's key.
    pub async fn found(&self) -> Vec<ModelSpec> {
        for provider in &self.providers {
            let served = provider.served().await;
            if !served.is_empty() {
                return served;
            }
        }
        let offers = self.providers.iter().map(|provider| provider.offered());
        offers.flatten().collect()
    }

    /// The context window of `model` in tokens: what is configured, else what its provider says,
    /// else what is known of models of that name. That nobody knows it is an error: a packet can then
    /// not be made to fit.
    pub async fn context_length(&self, model: &ModelSpec) -> Result<u64, LlmError> {
        let provider = self.provider(model)?;
        let place = (model.base_url.clone(), model.actual.clone());
        if let Some(length) = model.context_length.or_else(|| self.believed(&place)) {
            return Ok(length);
        }
        let mut attempt = 0;
        loop {
            let said = provider.context_length(model).await;
            if let Ok(Some(length)) = said {
                self.told().insert(place, (length, Instant::now()));
                return Ok(length);
            }
            if let Some(length) = listing::known(&model.actual) {
                return Ok(length);
            }
            match said {
                Ok(_) => return Err(no_context(model, &"its server does not say it")),
                // It may yet answer calls.
                Err(Failure::Final(error @ (LlmError::Refused { .. } | LlmError::Auth { .. }))) => {
                    return Err(no_context(model, &error));
                }
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Transient(failed)) if attempt == self.retries.more => {
                    return Err(unavailable(failed, attempt));
                }
                Err(Failure::Transient(failed)) => {
                    attempt += 1;
                    self.pause(attempt, &failed, &mut |_| {}).await;
                }
            }
        }
    }

    /// What the model's server has told of its context, if that is not too long ago.
    fn believed(&self, place: &Place) -> Option<u64> {
        let told = self.told();
        let (length, at) = told.get(place)?;
        (at.elapsed() < BELIEVED).then_some(*length)
    }

    /// Asks a model. What streams in goes to `progress`; the answer comes back whole.
    ///
    /// Dropping the future ends the request at once, and a wait between two attempts too.
    pub async fn complete(
        &self,
        request: &Request<'_>,
        progress: &mut Sink<'_>,
    ) -> Result<Answer, LlmError> {
        let provider = self.provider(request.model)?;
        let mut attempt = 0;
        let mut half = None;
        let answer = loop {
            let last = attempt == self.retries.more;
            let failed = match provider.complete(request, progress).await {
                // A connection that broke once may hold the second time.
                Ok(answer) if answer.finish == Finish::Truncated && half.is_none() && !last => {
                    half = Some(answer);
                    broke_off()
                }
                Ok(answer) => break answer,
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Transient(failed)) => failed,
            };
            if last {
                // Half an answer is worth more than none.
                let half = half.ok_or_else(|| unavailable(failed, attempt))?;
                progress(Progress::Reasoning(&half.reasoning));
                progress(Progress::Answer(&half.text));
                break half;
            }
            attempt += 1;
            self.pause(attempt, &failed, progress).await;
        };
        if let Some(recording) = &self.recording {
            recording.note(&answer);
        }
        Ok(answer)
    }

    async fn pause(&self, attempt: u32, failed: &Transient, progress: &mut Sink<'_>) {
        let wait = self.retries.wait(attempt, failed.retry_after);
        tracing::debug!(attempt, ?wait, reason = failed.message, "calling again");
        progress(Progress::Retrying {
            attempt,
            wait,
            reason: &failed.message,
        });
        (self.retries.pause)(wait).await;
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        // A map is whole between two calls of its methods, whoever panicked meanwhile.
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn provider(&self, model: &ModelSpec) -> Result<&dyn Provider, LlmError> {
        self.providers
            .iter()
            .find(|provider| provider.prefix() == model.prefix())
            .map(Box::as_ref)
            .ok_or_else(|| LlmError::UnknownProvider {
                actual: model.actual.clone(),
                known: self
                    .providers
                    .iter()
                    .map(|provider| format!("`{}/`", provider.prefix()))
                    .collect::<Vec<_>>()
                    .join(", "),
            })
    }
}

/// The end of a call whose attempt number `attempt`, 0 for the first, was its last.
fn unavailable(failed: Transient, attempt: u32) -> LlmError {
    LlmError::Unavailable {
        status: failed.status,
        attempts: attempt + 1,
        message: failed.message,
    }
}

fn no_context(model: &ModelSpec, why: &dyn Display) -> LlmError {
    LlmError::NoContext {
        alias: model.alias.clone(),
        why: why.to_string(),
    }
}

fn broke_off() -> Transient {
    Transient {
        status: None,
        message: "the answer broke off in the middle".to_owned(),
        retry_after: None,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::llm::Key;

    /// What the check of a model says, in a directory that stands as DIR.
    fn checked(dir: &Path, actual: &str, base_url: Option<&str>) -> String {
        let dir = dir.display().to_string();
        let model = ModelSpec {
            alias: "opus".to_owned(),
            actual: actual.replace("DIR", &dir),
            context_length: None,
            base_url: base_url.map(str::to_owned),
            api_key: Key::Default,
            temperature: None,
        };
        match Models::new().check(&model) {
            Ok(()) => "fine".to_owned(),
            Err(error) => error.to_string().replace(&dir, "DIR"),
        }
    }

    #[test]
    fn what_cannot_be_called_is_told_with_what_would_be_right() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("good"), r#"{"answer": "hi"}"#).unwrap();
        std::fs::write(dir.path().join("bad"), "hi").unwrap();
        let usual = Some("http://127.0.0.1:1");
        let table = [
            ("openai/m", usual, "fine"),
            ("replay/DIR/good", None, "fine"),
            (
                "gpt-x",
                None,
                "no provider serves `gpt-x`; the name of a model begins with one of `ollama/`, \
                 `openai/`, `anthropic/`, `openrouter/`, `xai/`, `replay/`, as in `openai/MODEL`",
            ),
            (
                "openai/",
                usual,
                "`openai/` names a provider but no model; write `openai/MODEL`",
            ),
            (
                "replay",
                None,
                "`replay` names a provider but no model; write `replay/FILE`",
            ),
            (
                "openai/m",
                Some("localhost:80"),
                "the base URL `localhost:80` cannot be used: it is neither http nor https; write \
                 one like `https://HOST:PORT`",
            ),
            (
                "replay/DIR/bad",
                None,
                "the replay script `DIR/bad`, line 1: expected value (column 1)",
            ),
        ];
        for (actual, base_url, expected) in table {
            assert_eq!(checked(dir.path(), actual, base_url), expected, "{actual}");
        }
        let missing = checked(dir.path(), "replay/DIR/missing", None);
        let expected = "the replay script `DIR/missing` cannot be read: ";
        assert!(missing.starts_with(expected), "{missing}");
    }
}
