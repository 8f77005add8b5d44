//! A minimal LSP client over the pipes of a server that it starts: for the demo and the benches. It
//! frames messages, numbers requests and matches answers to them; what a message means is the
//! caller's business.

use std::collections::HashMap;
use std::io;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::StreamExt as _;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tokio_util::codec::FramedRead;

use crate::lsp::frames::{Frame, Frames, encode};
use crate::lsp::types::wire;

/// How long a server may take to shut down and exit before it is killed. It may wait 5 s for its
/// runs to settle.
const PATIENCE: Duration = Duration::from_secs(8);

/// What JSON-RPC says to a method that is not there.
const METHOD_NOT_FOUND: i64 = -32601;

#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("the server cannot be started: {0}")]
    Start(io::Error),
    #[error("the server ended before it answered `{method}`")]
    Gone { method: String },
    #[error("the server refused `{method}`: {message}")]
    Refused {
        method: String,
        code: i64,
        message: String,
    },
    #[error("the server's answer to `{method}` is not of the expected shape: {source}")]
    Unexpected {
        method: String,
        source: serde_json::Error,
    },
    #[error("the server did not end within {} s and was killed", .0.as_secs())]
    Stuck(Duration),
    #[error("the server's end cannot be seen: {0}")]
    Wait(io::Error),
}

/// What the server sends of its own accord.
#[derive(Debug, PartialEq)]
pub enum Incoming {
    Notification {
        method: String,
        params: Value,
    },
    /// Waits for [`Client::answer`] or [`Client::refuse`].
    Request {
        id: Value,
        method: String,
        params: Value,
    },
    /// Bytes that are no message, and why.
    Malformed(String),
}

/// A server that runs as a child process. Dropping it kills the server; [`Client::stop`] ends it
/// in order.
///
/// **Invariant.** Sending never waits, so a caller that answers the server's requests cannot
/// deadlock with a server that waits for them.
#[derive(Debug)]
pub struct Client {
    server: Child,
    outgoing: mpsc::UnboundedSender<Value>,
    incoming: mpsc::UnboundedReceiver<Incoming>,
    calls: Arc<Calls>,
}

impl Client {
    /// Starts the server. Its standard error goes where `command` says.
    pub fn start(mut command: Command) -> Result<Self, ClientError> {
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        let mut server = command.spawn().map_err(ClientError::Start)?;
        let (Some(stdin), Some(stdout)) = (server.stdin.take(), server.stdout.take()) else {
            let reason = "it has no pipes";
            return Err(ClientError::Start(io::Error::other(reason)));
        };
        let (outgoing, to_write) = mpsc::unbounded_channel();
        let (to_caller, incoming) = mpsc::unbounded_channel();
        let calls = Arc::new(Calls::default());
        tokio::spawn(write(stdin, to_write));
        tokio::spawn(read(stdout, Arc::clone(&calls), to_caller));
        Ok(Self {
            server,
            outgoing,
            incoming,
            calls,
        })
    }

    /// The server's process id, while it runs.
    pub fn process(&self) -> Option<u32> {
        self.server.id()
    }

    /// Sends a request at once; the future is its answer. Several may be under way, and what the
    /// server sends meanwhile is still to be taken with [`Client::next`].
    pub fn call<T: DeserializeOwned>(
        &self,
        method: &str,
        params: Value,
    ) -> impl Future<Output = Result<T, ClientError>> + use<T> {
        let (id, answer) = self.calls.begin();
        let mut request = message(method, params);
        request["id"] = json!(id);
        self.send(request);
        let method = method.to_owned();
        async move {
            match answer.await {
                Ok(Ok(result)) => serde_json::from_value(result)
                    .map_err(|source| ClientError::Unexpected { method, source }),
                Ok(Err(ResponseError { code, message })) => Err(ClientError::Refused {
                    method,
                    code,
                    message,
                }),
                // The sender was dropped: nothing will be answered any more.
                Err(_) => Err(ClientError::Gone { method }),
            }
        }
    }

    pub fn notify(&self, method: &str, params: Value) {
        self.send(message(method, params));
    }

    /// Answers a request of the server's.
    pub fn answer(&self, id: &Value, result: &Value) {
        self.send(json!({"jsonrpc": "2.0", "id": id, "result": result}));
    }

    /// Refuses a request of the server's, as a client does that does not know the method.
    pub fn refuse(&self, id: &Value, method: &str) {
        let message = format!("this client has no `{method}`");
        let error = json!({"code": METHOD_NOT_FOUND, "message": message});
        self.send(json!({"jsonrpc": "2.0", "id": id, "error": error}));
    }

    /// What the server sends next of its own accord; none once its output has ended.
    pub async fn next(&mut self) -> Option<Incoming> {
        self.incoming.recv().await
    }

    /// Ends the server with `shutdown` and `exit`. One that does not end in time is killed.
    pub async fn stop(self) -> Result<ExitStatus, ClientError> {
        let shutdown = self.call::<Value>(wire::SHUTDOWN, Value::Null);
        let Self {
            mut server,
            outgoing,
            // Kept, so that the reader goes on to the answer.
            incoming: _incoming,
            ..
        } = self;
        let end = async {
            shutdown.await?;
            let _ = outgoing.send(message(wire::EXIT, Value::Null));
            // The writer closes the server's input after the last message.
            drop(outgoing);
            server.wait().await.map_err(ClientError::Wait)
        };
        if let Ok(ended) = timeout(PATIENCE, end).await {
            return ended;
        }
        server.kill().await.map_err(ClientError::Wait)?;
        Err(ClientError::Stuck(PATIENCE))
    }

    fn send(&self, message: Value) {
        // A server that is gone needs no message; whoever waits for its answer is told.
        let _ = self.outgoing.send(message);
    }
}

/// A notification; a request, once it has an id.
fn message(method: &str, params: Value) -> Value {
    let mut message = json!({"jsonrpc": "2.0", "method": method});
    if !params.is_null() {
        message["params"] = params;
    }
    message
}

type Answer = Result<Value, ResponseError>;

#[derive(Debug, PartialEq, Deserialize)]
struct ResponseError {
    code: i64,
    message: String,
}

/// The requests that wait for their answers.
#[derive(Debug, Default)]
struct Calls(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    /// The id of the newest request.
    newest: u64,
    answers: HashMap<u64, oneshot::Sender<Answer>>,
    /// The server's output has ended: nothing will be answered any more.
    ended: bool,
}

impl Calls {
    fn begin(&self) -> (u64, oneshot::Receiver<Answer>) {
        let mut waiting = self.lock();
        let (sender, answer) = oneshot::channel();
        waiting.newest += 1;
        let id = waiting.newest;
        if !waiting.ended {
            waiting.answers.insert(id, sender);
        }
        (id, answer)
    }

    fn settle(&self, id: u64, answer: Answer) {
        if let Some(caller) = self.lock().answers.remove(&id) {
            // A caller that went away wants no answer.
            let _ = caller.send(answer);
        }
    }

    fn end(&self) {
        let mut waiting = self.lock();
        waiting.ended = true;
        waiting.answers.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Each critical section is a few operations that cannot fail.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn write(mut stdin: ChildStdin, mut messages: mpsc::UnboundedReceiver<Value>) {
    while let Some(message) = messages.recv().await {
        if let Err(error) = stdin.write_all(&encode(&message.to_string())).await {
            // The reader meets the server's end, and tells those who wait.
            return tracing::debug!(%error, "the server takes no more messages");
        }
    }
}

async fn read(stdout: ChildStdout, calls: Arc<Calls>, to_caller: mpsc::UnboundedSender<Incoming>) {
    let mut frames = FramedRead::new(stdout, Frames::default());
    while let Some(frame) = frames.next().await {
        let sorted = match frame {
            Ok(Frame::Json(message)) => sort(&message),
            Ok(Frame::Malformed(why)) => Sorted::Incoming(Incoming::Malformed(why)),
            Err(error) => {
                tracing::debug!(%error, "the server's output broke off");
                break;
            }
        };
        match sorted {
            Sorted::Answer(id, answer) => calls.settle(id, answer),
            // A caller that takes no messages may still wait for answers.
            Sorted::Incoming(incoming) => drop(to_caller.send(incoming)),
        }
    }
    calls.end();
}

#[derive(Debug, PartialEq)]
enum Sorted {
    Answer(u64, Answer),
    Incoming(Incoming),
}

/// Any message, as the parts it may have.
#[derive(Deserialize)]
struct Message {
    id: Option<Value>,
    method: Option<String>,
    #[serde(default)]
    params: Value,
    #[serde(default)]
    result: Value,
    error: Option<ResponseError>,
}

fn sort(message: &Value) -> Sorted {
    let parts = match Message::deserialize(message) {
        Ok(parts) => parts,
        Err(error) => return malformed(&format!("{error} in {message}")),
    };
    let Message {
        id,
        method,
        params,
        result,
        error,
    } = parts;
    match (method, id) {
        (Some(method), Some(id)) => Sorted::Incoming(Incoming::Request { id, method, params }),
        (Some(method), None) => Sorted::Incoming(Incoming::Notification { method, params }),
        (None, id) => match id.as_ref().and_then(Value::as_u64) {
            Some(id) => Sorted::Answer(id, error.map_or(Ok(result), Err)),
            None => malformed(&format!("an answer to nothing: {message}")),
        },
    }
}

fn malformed(why: &str) -> Sorted {
    Sorted::Incoming(Incoming::Malformed(why.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notification(method: &str, params: Value) -> Sorted {
        let method = method.to_owned();
        Sorted::Incoming(Incoming::Notification { method, params })
    }

    #[test]
    fn a_message_is_what_its_parts_say() {
        let refusal = ResponseError {
            code: 404,
            message: "no run".to_owned(),
        };
        let request = Incoming::Request {
            id: json!("a"),
            method: "m".to_owned(),
            params: json!([1]),
        };
        let table = [
            (
                json!({"method": "m", "params": {}}),
                notification("m", json!({})),
            ),
            (json!({"method": "m"}), notification("m", Value::Null)),
            (
                json!({"id": "a", "method": "m", "params": [1]}),
                Sorted::Incoming(request),
            ),
            (
                json!({"id": 7, "result": 1}),
                Sorted::Answer(7, Ok(json!(1))),
            ),
            (
                json!({"id": 7, "result": null}),
                Sorted::Answer(7, Ok(Value::Null)),
            ),
            (
                json!({"id": 7, "error": {"code": 404, "message": "no run", "data": {}}}),
                Sorted::Answer(7, Err(refusal)),
            ),
        ];
        for (message, expected) in table {
            assert_eq!(sort(&message), expected, "{message}");
        }
    }

    #[test]
    fn what_is_no_message_is_told_and_not_dropped() {
        for message in [
            json!([]),
            json!({"id": null, "error": {"code": 1, "message": "x"}}),
        ] {
            let sorted = sort(&message);
            assert!(
                matches!(sorted, Sorted::Incoming(Incoming::Malformed(_))),
                "{message} became {sorted:?}"
            );
        }
    }

    #[tokio::test]
    async fn a_call_to_a_server_that_ends_is_answered_with_its_end() {
        let client = Client::start(Command::new("true")).unwrap();
        let answer = client.call::<Value>("initialize", json!({})).await;
        assert!(
            matches!(answer, Err(ClientError::Gone { .. })),
            "{answer:?}"
        );
    }

    #[tokio::test]
    async fn calls_are_matched_with_their_answers_whatever_comes_between() {
        // `cat` sends every message back: a request of ours comes in as one of the server's, and
        // the answer to it as the answer that we wait for.
        let mut client = Client::start(Command::new("cat")).unwrap();
        let first = client.call::<u8>("first", json!([1]));
        let second = client.call::<u8>("second", json!([2]));
        for _ in 0..2 {
            let Some(Incoming::Request { id, params, .. }) = client.next().await else {
                panic!("not a request");
            };
            client.notify("between", Value::Null);
            client.answer(&id, &params[0]);
        }
        assert_eq!((second.await.unwrap(), first.await.unwrap()), (2, 1));
    }
}
