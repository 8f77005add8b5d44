//! A model server for tests: real HTTP on 127.0.0.1, four wire formats (`wire`), answers from a
//! script. It runs on a thread and a runtime of its own, so blocking tests and child processes
//! can talk to it.
//!
//! Every request is checked to be one that any server of this kind would take. A request that is
//! not, or one for which the script has no reply, is refused with 400 and fails the test when
//! the server is dropped.
//!
//! Nothing here sleeps. A test that needs the server to hold still uses [`Reply::gate`] and
//! [`ModelServer::release`]; one that needs to know how far it got, the `wait_for_…` methods.

#![allow(dead_code, reason = "each test crate uses its own part of this")]
#![expect(
    clippy::expect_used,
    reason = "a test helper that cannot do its work fails the test"
)]

#[path = "model_server/wire.rs"]
mod wire;

use std::collections::VecDeque;
use std::future::IntoFuture as _;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Response, Uri, header};
use futures::stream;
use serde_json::Value;
use tokio::sync::{Semaphore, oneshot};

use wire::{Kind, Wire};

/// Characters in one streamed piece of a text.
pub const PIECE: usize = 4;

/// How long a `wait_for_…` waits before it fails the test.
const PATIENCE: Duration = Duration::from_secs(30);

/// One scripted answer: what is said, and what goes wrong with it.
#[derive(Clone, Debug, Default)]
pub struct Reply {
    when: Option<String>,
    repeat: bool,
    status: u16,
    code: Option<&'static str>,
    retry_after: Option<String>,
    text: String,
    reasoning: String,
    finish: Option<&'static str>,
    usage: Option<Value>,
    gate_after: Option<usize>,
    cut_after: Option<usize>,
    raw: Option<(&'static str, Vec<Vec<u8>>)>,
}

impl Reply {
    /// Streams `text` in pieces of [`PIECE`] characters, with usage at the end. Where a piece
    /// has a character of several bytes, the network sees it cut inside that character.
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            status: 200,
            text: text.into(),
            finish: Some("stop"),
            ..Self::default()
        }
    }

    /// Sends these bytes, cut as given, under this media type.
    pub fn raw<B: Into<Vec<u8>>>(
        media_type: &'static str,
        pieces: impl IntoIterator<Item = B>,
    ) -> Self {
        Self {
            raw: Some((media_type, pieces.into_iter().map(Into::into).collect())),
            ..Self::text("")
        }
    }

    /// Sends `body` as plain JSON.
    pub fn json(body: &Value) -> Self {
        Self::raw("application/json", [body.to_string()])
    }

    /// Answers only a request whose user message contains `part`; it goes before the replies
    /// that answer in order.
    pub fn when(mut self, part: impl Into<String>) -> Self {
        self.when = Some(part.into());
        self
    }

    /// Answers as often as it is its turn, not once.
    pub fn repeat(mut self) -> Self {
        self.repeat = true;
        self
    }

    /// Answers with this status, and with the text as the error's message.
    pub fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// The `code` of the error that goes with [`Reply::status`].
    pub fn code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    /// The `Retry-After` header: seconds or a date.
    pub fn retry_after(mut self, value: impl Into<String>) -> Self {
        self.retry_after = Some(value.into());
        self
    }

    /// Streams this reasoning before the text.
    pub fn reasoning(mut self, reasoning: impl Into<String>) -> Self {
        self.reasoning = reasoning.into();
        self
    }

    /// The `finish_reason`; with `None` the stream ends without one, and without `[DONE]`.
    pub fn finish(mut self, reason: Option<&'static str>) -> Self {
        self.finish = reason;
        self
    }

    /// The usage as the wire format has it; `null` sends none. Messages have two, `start` and `end`.
    pub fn usage(mut self, usage: Value) -> Self {
        self.usage = Some(usage);
        self
    }

    /// Sends nothing, not even a status, until [`ModelServer::release`].
    pub fn gate(self) -> Self {
        self.gate_after(0)
    }

    /// Sends `pieces` pieces and holds the rest until [`ModelServer::release`].
    pub fn gate_after(mut self, pieces: usize) -> Self {
        self.gate_after = Some(pieces);
        self
    }

    /// Breaks the connection after `pieces` pieces.
    pub fn cut_after(mut self, pieces: usize) -> Self {
        self.cut_after = Some(pieces);
        self
    }

    /// What goes over the wire, in order.
    fn frames(&self, wire: Wire) -> VecDeque<Frame> {
        if let Some((_, pieces)) = &self.raw {
            return pieces.iter().cloned().map(Frame::Bytes).collect();
        }
        let usage = self.usage.clone().unwrap_or_else(|| wire.usual_usage());
        let reasoning = cut(&self.reasoning).map(|piece| (Kind::Reasoning, piece));
        let pieces = reasoning.chain(cut(&self.text).map(|piece| (Kind::Text, piece)));
        let mut frames = VecDeque::from([Frame::Bytes(wire.opening(&usage))]);
        let mut last = None;
        for (sent, piece) in pieces.map(Some).chain([None]).enumerate() {
            if self.cut_after == Some(sent) {
                frames.push_back(Frame::Cut);
                return frames;
            }
            if sent > 0 && self.gate_after == Some(sent) {
                frames.push_back(Frame::Gate);
            }
            let Some((kind, text)) = piece else { break };
            let bytes = wire.piece(kind, &text, last.replace(kind) != Some(kind));
            frames.extend(cut_character(bytes).into_iter().map(Frame::Bytes));
        }
        if let Some(finish) = self.finish {
            frames.push_back(Frame::Bytes(wire.ending(finish, &usage)));
        }
        frames
    }
}

enum Frame {
    Bytes(Vec<u8>),
    /// Waits for the test.
    Gate,
    /// Breaks the connection.
    Cut,
}

fn cut(text: &str) -> impl Iterator<Item = String> {
    let characters: Vec<char> = text.chars().collect();
    let pieces: Vec<String> = characters.chunks(PIECE).map(String::from_iter).collect();
    pieces.into_iter()
}

/// Cuts inside the first character that has several bytes, if there is one.
fn cut_character(mut bytes: Vec<u8>) -> Vec<Vec<u8>> {
    let first = bytes.iter().position(|byte| !byte.is_ascii());
    let after = first.map(|first| bytes.split_off(first + 1));
    [Some(bytes), after].into_iter().flatten().collect()
}

/// The server. It ends when this is dropped.
pub struct ModelServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    seen: Mutex<Seen>,
    changed: Condvar,
    gate: Semaphore,
}

#[derive(Default)]
struct Seen {
    script: VecDeque<Reply>,
    /// What is answered to questions about the server itself, by path.
    pages: Vec<(String, Value)>,
    /// The paths of those questions, and their bodies.
    questions: Vec<(String, Value)>,
    requests: Vec<Value>,
    headers: Vec<HeaderMap>,
    /// Answers that the client did not take to their end.
    hang_ups: usize,
    problems: Vec<String>,
}

impl ModelServer {
    pub fn start(script: Vec<Reply>) -> Self {
        let shared = Arc::new(Shared {
            seen: Mutex::new(Seen {
                script: script.into(),
                ..Seen::default()
            }),
            changed: Condvar::new(),
            gate: Semaphore::new(0),
        });
        let (stop, stopped) = oneshot::channel();
        let (bound, address) = mpsc::channel();
        let state = Arc::clone(&shared);
        let thread = thread::spawn(move || serve(state, &bound, stopped));
        Self {
            address: address.recv().expect("the server binds a port"),
            shared,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// The base URL, without `/v1`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The bodies received so far.
    pub fn requests(&self) -> Vec<Value> {
        self.shared.seen().requests.clone()
    }

    /// The `Authorization` headers received so far.
    pub fn authorizations(&self) -> Vec<Option<String>> {
        self.header("authorization")
    }

    /// The headers of this name received so far.
    pub fn header(&self, name: &str) -> Vec<Option<String>> {
        let seen = self.shared.seen();
        let value = |headers: &HeaderMap| {
            let value = headers.get(name)?;
            Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        seen.headers.iter().map(value).collect()
    }

    /// Answers questions for `path`, which have no answer without it.
    pub fn page(&self, path: &str, answer: Value) {
        self.shared
            .change(|seen| seen.pages.push((path.to_owned(), answer)));
    }

    /// The questions that were asked about the server itself: their paths and bodies.
    pub fn questions(&self) -> Vec<(String, Value)> {
        self.shared.seen().questions.clone()
    }

    /// Lets one gated answer go on: the one that waits, or the next to come to its gate.
    pub fn release(&self) {
        self.shared.gate.add_permits(1);
    }

    /// Blocks until `count` requests have come in, all in all.
    pub fn wait_for_requests(&self, count: usize) {
        self.wait("requests", count, |seen| seen.requests.len());
    }

    /// Blocks until clients have hung up on `count` answers, all in all.
    pub fn wait_for_hang_ups(&self, count: usize) {
        self.wait("hang-ups", count, |seen| seen.hang_ups);
    }

    fn wait(&self, what: &str, wanted: usize, counted: impl Fn(&Seen) -> usize) {
        let (seen, _) = self
            .shared
            .changed
            .wait_timeout_while(self.shared.seen(), PATIENCE, |seen| counted(seen) < wanted)
            .expect("the server did not panic");
        let count = counted(&seen);
        drop(seen);
        assert!(count >= wanted, "{count} {what} came, not {wanted}");
    }
}

impl Drop for ModelServer {
    fn drop(&mut self) {
        drop(self.stop.take());
        let ended = self.thread.take().map(JoinHandle::join);
        // A second panic would hide the first.
        if !thread::panicking() {
            assert!(matches!(ended, Some(Ok(()))), "the model server panicked");
            let problems = self.shared.seen().problems.join("\n");
            assert!(problems.is_empty(), "the model server objects:\n{problems}");
        }
    }
}

impl Shared {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().expect("the server did not panic")
    }

    fn change(&self, how: impl FnOnce(&mut Seen)) {
        how(&mut self.seen());
        self.changed.notify_all();
    }

    fn page(&self, path: &str, body: Value) -> Response<Body> {
        let mut page = None;
        self.change(|seen| {
            page = seen.pages.iter().find(|(at, _)| at == path).cloned();
            seen.questions.push((path.to_owned(), body));
        });
        let status = if page.is_some() { 200 } else { 404 };
        let text = page.map_or_else(String::new, |(_, answer)| answer.to_string());
        Response::builder()
            .status(status)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(text))
            .expect("the head is well-formed")
    }

    async fn pass_gate(&self) {
        let permit = self.gate.acquire().await;
        permit.expect("the gate is never closed").forget();
    }

    /// Takes note of a request and finds its reply.
    fn take(&self, wire: Wire, headers: HeaderMap, body: &Value) -> Reply {
        let mut reply = Err(String::new());
        self.change(|seen| {
            seen.requests.push(body.clone());
            seen.headers.push(headers);
            reply = wire.user(body).and_then(|user| seen.reply_to(user));
            if let Err(problem) = &reply {
                seen.problems.push(format!("{problem}: {body}"));
            }
        });
        reply.unwrap_or_else(|problem| Reply::text(problem).status(400))
    }
}

impl Seen {
    fn reply_to(&mut self, user: &str) -> Result<Reply, String> {
        let fits = |part: &String| user.contains(part.as_str());
        let asked_for = |reply: &Reply| reply.when.as_ref().is_some_and(fits);
        let index = self
            .script
            .iter()
            .position(asked_for)
            .or_else(|| self.script.iter().position(|reply| reply.when.is_none()))
            .ok_or("the script has no reply to this request")?;
        if self.script[index].repeat {
            return Ok(self.script[index].clone());
        }
        Ok(self.script.remove(index).expect("it was found there"))
    }
}

fn serve(shared: Arc<Shared>, bound: &mpsc::Sender<SocketAddr>, stopped: oneshot::Receiver<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be built");
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await;
        let listener = listener.expect("a port of 127.0.0.1 is free");
        bound
            .send(listener.local_addr().expect("it is bound"))
            .expect("the test waits for the address");
        let app = Router::new().fallback(answer).with_state(shared);
        tokio::select! {
            served = axum::serve(listener, app).into_future() => served.expect("it serves"),
            _ = stopped => {}
        }
    });
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    match Wire::of_path(uri.path()) {
        Some(wire) => play(shared, wire, headers, &body).await,
        None => shared.page(uri.path(), body),
    }
}

async fn play(shared: Arc<Shared>, wire: Wire, headers: HeaderMap, body: &Value) -> Response<Body> {
    let reply = shared.take(wire, headers, body);
    let mut rest = Rest {
        frames: reply.frames(wire),
        shared,
    };
    if reply.gate_after == Some(0) {
        rest.shared.pass_gate().await;
    }
    let media_type = match &reply.raw {
        Some((media_type, _)) => media_type,
        None if reply.status != 200 => "application/json",
        None => wire.media_type(),
    };
    let mut response = Response::builder()
        .status(reply.status)
        .header(header::CONTENT_TYPE, media_type);
    if let Some(wait) = &reply.retry_after {
        response = response.header(header::RETRY_AFTER, wait);
    }
    let body = if reply.status == 200 || reply.raw.is_some() {
        Body::from_stream(stream::unfold(rest, Rest::next))
    } else {
        rest.frames.clear();
        Body::from(wire.error(&reply.text, reply.code).to_string())
    };
    response.body(body).expect("the head is well-formed")
}

/// What is still to be sent. Dropped before it is empty, it counts as a hang-up.
struct Rest {
    frames: VecDeque<Frame>,
    shared: Arc<Shared>,
}

impl Rest {
    async fn next(mut self) -> Option<(io::Result<Vec<u8>>, Self)> {
        // A pause lets the connection send each frame by itself, as a slow model would.
        tokio::task::yield_now().await;
        if let Some(Frame::Gate) = self.frames.front() {
            self.shared.pass_gate().await;
            self.frames.pop_front();
        }
        let bytes = match self.frames.pop_front()? {
            Frame::Bytes(bytes) => Ok(bytes),
            Frame::Gate => Ok(Vec::new()),
            Frame::Cut => Err(io::Error::other("the script cuts the connection")),
        };
        Some((bytes, self))
    }
}

impl Drop for Rest {
    fn drop(&mut self) {
        if !self.frames.is_empty() {
            self.shared.change(|seen| seen.hang_ups += 1);
        }
    }
}
