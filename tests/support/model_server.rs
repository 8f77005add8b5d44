//! A model server for tests: real HTTP on 127.0.0.1, four wire formats (`wire`), answers from a
//! script. It runs on a thread and a runtime of its own, so blocking tests and child processes
//! can talk to it.
//!
//! Every request is checked to be one that any server of this kind would take. A request that is
//! not, or one for which the script has no reply, is refused with 400 and fails the test when
//! the server is dropped.
//!
//! Nothing here sleeps but a model that is meant to be slow ([`Reply::slow`]). A test that needs the
//! server to hold still uses [`Reply::gate`] and [`ModelServer::release`]; one that needs to know how
//! far it got, the `wait_for_…` methods.

#![allow(dead_code, reason = "each test crate uses its own part of this")]
#![expect(
    clippy::expect_used,
    reason = "a test helper that cannot do its work fails the test"
)]

#[path = "model_server/reply.rs"]
mod reply;
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

#[allow(unused_imports, reason = "each test crate uses its own part of this")]
pub use self::reply::{PIECE, Reply};

use reply::Frame;
use wire::Wire;

/// How long a `wait_for_…` waits before it fails the test.
const PATIENCE: Duration = Duration::from_secs(30);

/// Makes a reply to a request's user message.
type Inventor = Box<dyn FnMut(&str) -> Reply + Send>;

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
    /// Makes the replies, in place of a script.
    inventor: Option<Inventor>,
    /// What is answered to questions about the server itself, by path.
    pages: Vec<(String, Value)>,
    /// The paths of those questions, and their bodies.
    questions: Vec<(String, Value)>,
    requests: Vec<Value>,
    headers: Vec<HeaderMap>,
    /// Answers that are under way.
    open: usize,
    /// Answers that the client did not take to their end.
    hang_ups: usize,
    problems: Vec<String>,
}

impl ModelServer {
    pub fn start(script: Vec<Reply>) -> Self {
        Self::serve(Seen {
            script: script.into(),
            ..Seen::default()
        })
    }

    /// A server without a script: each reply is made when its request comes, from the user message.
    pub fn inventing(reply: impl FnMut(&str) -> Reply + Send + 'static) -> Self {
        Self::serve(Seen {
            inventor: Some(Box::new(reply)),
            ..Seen::default()
        })
    }

    fn serve(seen: Seen) -> Self {
        let shared = Arc::new(Shared {
            seen: Mutex::new(seen),
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

    /// Blocks until no answer is under way.
    pub fn wait_until_idle(&self) {
        let (seen, _) = self
            .shared
            .changed
            .wait_timeout_while(self.shared.seen(), PATIENCE, |seen| seen.open > 0)
            .expect("the server did not panic");
        let open = seen.open;
        drop(seen);
        assert!(open == 0, "{open} answers are still under way");
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
            seen.open += 1;
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
        if let Some(invent) = &mut self.inventor {
            return Ok(invent(user));
        }
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
        pause: reply.pause,
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
    pause: Option<Duration>,
    shared: Arc<Shared>,
}

impl Rest {
    async fn next(mut self) -> Option<(io::Result<Vec<u8>>, Self)> {
        // A pause lets the connection send each frame by itself, as a slow model would.
        match self.pause {
            None => tokio::task::yield_now().await,
            Some(pause) => tokio::time::sleep(pause).await,
        }
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
        let is_whole = self.frames.is_empty();
        self.shared.change(|seen| {
            seen.open -= 1;
            seen.hang_ups += usize::from(!is_whole);
        });
    }
}
