//! An answer as it comes in, whatever its wire format: the events of a stream or one whole body
//! are handed to a [`Format`], which adds what they bring to a [`Gathered`] answer. Not here: what
//! an event looks like.
//!
//! **Invariant:** a stream that breaks off after some text is an answer that is
//! [`Finish::Truncated`]; one that falls silent is none. What comes after the model has finished
//! spoils nothing any more.

use std::pin::{Pin, pin};
use std::time::Duration;

use futures::{Stream, StreamExt as _, stream};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::timeout;

use super::fault::Complaint;
use super::http::{Call, Http, Loss, media_type};
use super::text::{Joiner, Piece};
use super::{Answer, Failure, Finish, Progress, Sink, ToolCall, Usage, framing};

/// How long to wait, once the model has finished, for the usage that most servers send last.
const USAGE_GRACE: Duration = Duration::from_secs(5);

/// How the events of a stream are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// Server-sent events.
    Events,
    /// A JSON object a line.
    Lines,
}

/// A wire format: it knows what one event says, and what a whole answer says.
pub(super) trait Format: Default + Send {
    const FRAMING: Framing;

    /// Adds what `data` brings: one event, or the whole body of an answer that did not stream.
    fn take(
        &mut self,
        data: &str,
        answer: &mut Gathered,
        progress: &mut Sink<'_>,
    ) -> Result<Step, Unread>;
}

/// How far an answer is after an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    More,
    /// Nothing comes after this.
    Done,
    /// It held nothing of an answer: an event may be so, a whole body may not.
    Nothing,
}

/// Why there is no answer to be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// The connection ended before there was anything worth keeping, or fell silent.
    Lost {
        loss: Loss,
        received: usize,
    },
    /// An error object instead of an answer.
    Said(Complaint),
    Malformed(String),
}

/// Sends a request and reads the answer in whichever of its two forms it comes.
pub(super) async fn ask<F: Format>(
    http: &Http,
    call: &Call<'_>,
    body: &Value,
    progress: &mut Sink<'_>,
) -> Result<Answer, Failure> {
    let response = http.post(call, body).await?;
    let answer = match media_type(&response).as_str() {
        // Nobody serves a model as a web page: it is a proxy's, or another site's.
        page @ ("text/html" | "application/xhtml+xml") => Err(Unread::Malformed(format!(
            "a page ({page}); is the base URL right?"
        ))),
        "application/json" if F::FRAMING == Framing::Events => match http.text(response).await {
            Ok(body) => whole::<F>(&body, progress).await,
            Err(loss) => Err(Unread::Lost { loss, received: 0 }),
        },
        _ => streamed::<F, _>(http.bytes(response), progress).await,
    };
    answer.map_err(|unread| match unread {
        Unread::Lost { loss, received } => call.lost(loss, received),
        Unread::Said(complaint) => call.refused(complaint, None),
        Unread::Malformed(problem) => call.malformed(&problem),
    })
}

/// Reads an answer from a stream.
pub(super) async fn streamed<F: Format, B: AsRef<[u8]> + Send>(
    bytes: impl Stream<Item = Result<B, Loss>> + Send,
    progress: &mut Sink<'_>,
) -> Result<Answer, Unread> {
    let bytes = pin!(bytes);
    let mut events: Pin<Box<dyn Stream<Item = Result<String, Loss>> + Send + '_>> = match F::FRAMING
    {
        Framing::Events => Box::pin(framing::events(bytes)),
        Framing::Lines => Box::pin(framing::lines(bytes)),
    };
    let mut format = F::default();
    let mut gathered = Gathered::default();
    let mut has_begun = false;
    loop {
        let next = events.next();
        let next = if gathered.finish.is_some() {
            timeout(USAGE_GRACE, next).await.unwrap_or(None)
        } else {
            next.await
        };
        match next {
            Some(Ok(data)) if data.trim() == "[DONE]" => return Ok(gathered.done()),
            Some(Ok(data)) => match format.take(&data, &mut gathered, progress) {
                Ok(Step::Done) => return Ok(gathered.done()),
                Ok(Step::More) => has_begun = true,
                Ok(Step::Nothing) => {}
                Err(_) if gathered.finish.is_some() => return Ok(gathered.done()),
                // It began as an answer: something on the way has spoiled it.
                Err(Unread::Malformed(problem)) if has_begun => {
                    return gathered.broken_off(Loss::Broken(problem));
                }
                Err(unread) => return Err(unread),
            },
            Some(Err(loss)) => return gathered.broken_off(loss),
            None => {
                let early = "the stream ended before the answer did".to_owned();
                return gathered.broken_off(Loss::Broken(early));
            }
        }
    }
}

/// Reads an answer that came in one piece; or a stream that only calls itself one.
async fn whole<F: Format>(body: &str, progress: &mut Sink<'_>) -> Result<Answer, Unread> {
    let begins = body.trim_start();
    if begins.starts_with("data:") || begins.starts_with("event:") {
        return streamed::<F, _>(stream::iter([Ok(body.as_bytes())]), progress).await;
    }
    let mut gathered = Gathered::default();
    match F::default().take(body, &mut gathered, progress)? {
        Step::More | Step::Done => Ok(gathered.done()),
        Step::Nothing => Err(Unread::Malformed("it holds no answer".to_owned())),
    }
}

/// The answer so far.
#[derive(Default)]
pub(super) struct Gathered {
    text: Joined,
    reasoning: Joined,
    pub(super) calls: Vec<ToolCall>,
    pub(super) model: Option<String>,
    pub(super) usage: Usage,
    pub(super) finish: Option<Finish>,
}

impl Gathered {
    pub(super) fn add_text(&mut self, piece: Option<Piece>, progress: &mut Sink<'_>) {
        if let Some(piece) = self.text.add(piece) {
            progress(Progress::Answer(piece));
        }
    }

    pub(super) fn add_reasoning(&mut self, piece: Option<Piece>, progress: &mut Sink<'_>) {
        if let Some(piece) = self.reasoning.add(piece) {
            progress(Progress::Reasoning(piece));
        }
    }

    /// Begins another piece of reasoning on a line of its own.
    pub(super) fn part_reasoning(&mut self, progress: &mut Sink<'_>) {
        if !self.reasoning.whole.is_empty() && !self.reasoning.whole.ends_with('\n') {
            self.add_reasoning(Some(Piece::from("\n")), progress);
        }
    }

    /// Takes the server's name for the model, where it gives one.
    pub(super) fn name_model(&mut self, model: Option<String>) {
        if model.is_some() {
            self.model = model;
        }
    }

    /// Whether anything of the answer itself has come.
    pub(super) fn is_empty(&self) -> bool {
        self.received() == 0 && self.calls.is_empty()
    }

    /// Characters that have come.
    fn received(&self) -> usize {
        let called = self.calls.iter().map(|call| call.arguments.len());
        self.text.whole.chars().count()
            + self.reasoning.whole.chars().count()
            + called.sum::<usize>()
    }

    /// The server says that this was all.
    fn done(self) -> Answer {
        self.answer(Finish::Stop)
    }

    /// The connection ended, and the server had not said that this was all.
    fn broken_off(self, loss: Loss) -> Result<Answer, Unread> {
        let received = self.received();
        let kept = match loss {
            Loss::Broken(_) | Loss::NotText => Some(Finish::Truncated),
            Loss::Endless { .. } => Some(Finish::Length),
            Loss::Silent { .. } | Loss::Untrusted(_) => None,
        };
        match kept {
            Some(finish) if received > 0 => Ok(self.answer(finish)),
            // Said already: `answer` goes by that.
            _ if self.finish.is_some() => Ok(self.answer(Finish::Truncated)),
            _ => Err(Unread::Lost { loss, received }),
        }
    }

    fn answer(self, unless_said: Finish) -> Answer {
        Answer {
            text: self.text.whole,
            reasoning: self.reasoning.whole,
            calls: self.calls,
            model: self.model,
            usage: self.usage,
            finish: self.finish.unwrap_or(unless_said),
        }
    }
}

/// A text and the end of it that is still incomplete.
#[derive(Default)]
struct Joined {
    whole: String,
    pieces: Joiner,
}

impl Joined {
    /// Adds a piece; gives back what it added, if anything.
    fn add(&mut self, piece: Option<Piece>) -> Option<&str> {
        let start = self.whole.len();
        self.whole.push_str(&self.pieces.push(piece?));
        Some(&self.whole[start..]).filter(|added| !added.is_empty())
    }
}

/// An event, or a whole answer, as the format words it.
pub(super) fn parsed<T: DeserializeOwned>(data: &str) -> Result<T, Unread> {
    serde_json::from_str(data).map_err(|error| Unread::Malformed(error.to_string()))
}
