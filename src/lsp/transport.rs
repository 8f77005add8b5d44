//! Between a stream and the service: frames in, calls in wire order, answers out.
//!
//! The protocol crate's own loop ends with one bad frame, lets handlers overtake each other, and
//! stops reading when a few of them are slow. This one takes its service, not its loop.
//!
//! **Invariants.** Messages are looked at in the order in which they came, and each handler runs as
//! far as its first wait before the next message is looked at; document notifications take full
//! effect there. A panic in a handler is an answer. Nothing that a client sends ends the loop but
//! `exit` and the end of the stream.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::{FutureExt, SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::codec::FramedRead;
use tower::Service;

use super::entry_documents::uri;
use super::frames::{Frame, Frames, encode};
use super::hub::Hub;
use super::methods::text_document_content::TextDocumentContent;
use super::methods::{self, Method, MethodError, TABLE};
use super::outbox::Outbox;
use super::server::Server;
use super::session::{self, SessionHandle};
use super::types::jsonrpc::{Error, ErrorCode, Id, Request, Response};
use super::types::{ClientSocket, LspService, wire};
use crate::workspace::pid_is_alive;

/// How often the client's process is looked for.
const CLIENT_TICK: Duration = Duration::from_secs(1);

/// Who is at the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// The process that started this one, or says so: when it is gone, so is the session.
    Parent,
    /// Somebody on a socket, maybe on another machine: its process number means nothing here.
    Remote,
}

/// How a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// `shutdown`, then `exit`; or the client went and the server did the same by itself.
    Orderly,
    /// `exit` without `shutdown`.
    Abrupt,
}

/// Serves one client until it leaves.
pub async fn serve<R, W>(hub: Arc<Hub>, reader: R, writer: W, peer: Peer) -> Ending
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin + Send + 'static,
{
    let (outbox, outgoing) = Outbox::new();
    let mut writing = tokio::spawn(write_out(writer, outgoing));
    let mut line = Line::new(hub, outbox);
    let ending = line.read(reader, peer).await;
    line.close().await;
    // The last answers go out; a client that does not read them is not waited for.
    drop(line);
    if tokio::time::timeout(Duration::from_secs(1), &mut writing)
        .await
        .is_err()
    {
        writing.abort();
    }
    ending
}

/// Writes messages until the last sender is gone. A client that has stopped reading is no error.
async fn write_out<W: AsyncWrite + Unpin>(
    mut writer: W,
    mut outgoing: mpsc::UnboundedReceiver<String>,
) {
    while let Some(message) = outgoing.recv().await {
        if let Err(error) = writer.write_all(&encode(&message)).await {
            tracing::info!(%error, "the client does not read any more");
            return;
        }
        if outgoing.is_empty() && writer.flush().await.is_err() {
            return;
        }
    }
}

/// A client's line to the service.
struct Line {
    service: LspService<Server>,
    session: SessionHandle,
    outbox: Outbox,
    /// Where the client's answers go.
    answers: Option<super::types::ResponseSink>,
    /// Handlers that wait for something. Dropping the line drops them.
    waiting: JoinSet<()>,
    is_initialized: bool,
    is_shut_down: bool,
}

impl Line {
    fn new(hub: Arc<Hub>, outbox: Outbox) -> Self {
        let mut session = None;
        let for_client = outbox.clone();
        let mut service = LspService::build(|client| {
            let handle = session::start(client, for_client);
            session = Some(handle.clone());
            Server::new(hub, handle)
        });
        for row in TABLE {
            let call = move |server: &Server, params: Value| server.call(row, params);
            service = service.custom_method(leaked(methods::request(row.name)), call);
            if row.name == TextDocumentContent::NAME {
                service = service.custom_method(wire::TEXT_DOCUMENT_CONTENT, call);
            }
        }
        service = service.custom_method(wire::CANCEL_PROGRESS, Server::progress_cancelled);
        if cfg!(debug_assertions) {
            service = service.custom_method("rummy/testPanic", panics);
        }
        let (service, socket) = service.finish();
        let answers = forward_requests(socket, outbox.clone());
        // `build` has called the closure.
        let session = session.unwrap_or_else(|| unreachable!("the service was built"));
        Self {
            service,
            session,
            outbox,
            answers: Some(answers),
            waiting: JoinSet::new(),
            is_initialized: false,
            is_shut_down: false,
        }
    }

    async fn read<R: AsyncRead + Unpin>(&mut self, reader: R, peer: Peer) -> Ending {
        let mut frames = FramedRead::new(reader, Frames::default());
        let mut tick = tokio::time::interval(CLIENT_TICK);
        let mut told_to_end = std::pin::pin!(told_to_end());
        loop {
            let frame = tokio::select! {
                frame = frames.next() => frame,
                _ = tick.tick() => {
                    if peer == Peer::Parent && self.client_is_gone() {
                        tracing::info!("the client's process is gone");
                        return Ending::Orderly;
                    }
                    continue;
                }
                Some(_) = self.waiting.join_next() => continue,
                () = &mut told_to_end, if peer == Peer::Parent => return Ending::Orderly,
            };
            match frame {
                Some(Ok(Frame::Json(message))) => {
                    if let Some(ending) = self.take(message).await {
                        return ending;
                    }
                }
                Some(Ok(Frame::Malformed(why))) => self.refuse(ErrorCode::ParseError, &why),
                Some(Err(error)) => {
                    tracing::info!(%error, "the client's stream broke");
                    return Ending::Orderly;
                }
                None => return Ending::Orderly,
            }
        }
    }

    /// Looks at one message.
    async fn take(&mut self, mut message: Value) -> Option<Ending> {
        make_legal(&mut message);
        if message.get("method").is_none() {
            self.answered(message).await;
            return None;
        }
        match serde_json::from_value::<Request>(message) {
            Ok(request) if request.method() == wire::EXIT => {
                return Some(if self.is_shut_down {
                    Ending::Orderly
                } else {
                    Ending::Abrupt
                });
            }
            Ok(request) => self.dispatch(request).await,
            Err(error) => self.refuse(ErrorCode::InvalidRequest, &error.to_string()),
        }
        None
    }

    /// An answer of the client's to a request of ours.
    async fn answered(&mut self, message: Value) {
        match (
            serde_json::from_value::<Response>(message),
            &mut self.answers,
        ) {
            (Ok(response), Some(answers)) => {
                // The one who asked may have stopped waiting.
                let _ = answers.send(response).await;
            }
            (Ok(_), None) => {}
            (Err(error), _) => self.refuse(ErrorCode::InvalidRequest, &error.to_string()),
        }
    }

    async fn dispatch(&mut self, request: Request) {
        if self.take_document(&request) {
            return;
        }
        let method = request.method().to_owned();
        let id = request.id().cloned();
        let request = adapted(request);
        let call = std::panic::catch_unwind(AssertUnwindSafe(|| self.service.call(request)));
        let answer: BoxFuture<'static, Option<Response>> = match call {
            Ok(future) => async move {
                match AssertUnwindSafe(future).catch_unwind().await {
                    Ok(Ok(response)) => response.map(explained),
                    Ok(Err(_exited)) => None,
                    Err(_panic) => crashed(id),
                }
            }
            .boxed(),
            Err(_panic) => std::future::ready(crashed(id)).boxed(),
        };
        self.run(&method, answer).await;
    }

    /// Runs a handler as far as it goes at once, and the rest beside the reading.
    async fn run(&mut self, method: &str, mut answer: BoxFuture<'static, Option<Response>>) {
        if method == wire::INITIALIZE || method == wire::DID_CHANGE_FOLDERS {
            // Nothing else is looked at before this has taken effect.
            let response = answer.await;
            self.is_initialized |= response.as_ref().is_some_and(Response::is_ok);
            self.send(response.map(announced));
            return;
        }
        self.is_shut_down |= method == wire::SHUTDOWN && self.is_initialized;
        if let Some(response) = (&mut answer).now_or_never() {
            self.send(response);
            return;
        }
        let outbox = self.outbox.clone();
        self.waiting.spawn(async move {
            if let Some(response) = answer.await {
                outbox.send(response);
            }
        });
    }

    fn send(&self, response: Option<Response>) {
        if let Some(response) = response {
            self.outbox.send(response);
        }
    }

    /// Document notifications take effect here, in wire order.
    fn take_document(&self, request: &Request) -> bool {
        let method = request.method();
        let known = [
            wire::DID_OPEN,
            wire::DID_CHANGE,
            wire::DID_CLOSE,
            wire::DID_SAVE,
        ];
        if !known.contains(&method) {
            return false;
        }
        if !self.is_initialized {
            // The protocol has the server drop notifications before `initialize`.
            return true;
        }
        let params = request.params().cloned().unwrap_or(Value::Null);
        let posted = match method {
            wire::DID_OPEN => self.post(params, super::session::Session::opened),
            wire::DID_CHANGE => self.post(params, super::session::Session::changed),
            wire::DID_SAVE => self.post(params, |session, params| session.saved(&params)),
            _ => self.post(params, |session, params| session.closed(&params)),
        };
        if let Err(error) = posted {
            tracing::warn!(%error, method, "a notification that cannot be read");
        }
        true
    }

    fn post<P: serde::de::DeserializeOwned + Send + 'static>(
        &self,
        params: Value,
        work: fn(&mut super::session::Session, P),
    ) -> serde_json::Result<()> {
        let params: P = serde_json::from_value(params)?;
        self.session.post(move |session| work(session, params));
        Ok(())
    }

    fn client_is_gone(&self) -> bool {
        let process = self.service.inner().client_process();
        process.is_some_and(|process| !pid_is_alive(process))
    }

    fn refuse(&self, code: ErrorCode, why: &str) {
        let mut error = Error::new(code);
        error.message = why.to_owned().into();
        self.outbox.send(Response::from_error(Id::Null, error));
    }

    /// Ends the session: what was asked last is answered, what runs is interrupted.
    async fn close(&mut self) {
        if self.is_shut_down {
            // `exit` may overtake the answer to `shutdown`.
            while self.waiting.join_next().await.is_some() {}
        }
        self.service.inner().leave().await;
        self.waiting.abort_all();
    }
}

/// Waits for the signal that asks a process to end. Editors send it when they are impatient.
async fn told_to_end() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            terminate.recv().await;
            return;
        }
    }
    std::future::pending::<()>().await;
}

/// Sends the requests that the protocol crate makes, and gives back where their answers go.
fn forward_requests(socket: ClientSocket, outbox: Outbox) -> super::types::ResponseSink {
    let (mut requests, answers) = socket.split();
    tokio::spawn(async move {
        while let Some(request) = requests.next().await {
            outbox.send(request);
        }
    });
    answers
}

/// A handler that fails, for the tests of what happens then; it exists in debug builds only.
async fn panics(_: &Server, _: Value) -> Result<Value, Error> {
    #[expect(clippy::panic, reason = "that is what this handler is for")]
    {
        panic!("provoked by a test")
    }
}

/// Requests as the protocol crate wants them: `shutdown` without parameters, our own with some.
fn adapted(request: Request) -> Request {
    let (method, id, params) = request.into_parts();
    let params = match params {
        _ if method == wire::SHUTDOWN => None,
        None | Some(Value::Null) if methods::by_request(&method).is_some() => Some(json!({})),
        params => params,
    };
    let mut adapted = Request::build(method);
    if let Some(id) = id {
        adapted = adapted.id(id);
    }
    if let Some(params) = params {
        adapted = adapted.params(params);
    }
    adapted.finish()
}

/// A `rummy:` document's name may come as an editor shows it; no URI of the protocol's types can be read
/// from that.
fn make_legal(message: &mut Value) {
    let uri = message.pointer_mut("/params/textDocument/uri");
    if let Some(Value::String(uri)) = uri
        && uri::is_ours(uri)
    {
        *uri = uri::legal(uri);
    }
}

/// The answer to `initialize` with what the protocol crate's types have no place for (LSP 3.18).
fn announced(response: Response) -> Response {
    let (id, mut result) = response.into_parts();
    if let Ok(result) = &mut result
        && let Some(workspace) = result.pointer_mut("/capabilities/workspace")
    {
        workspace["textDocumentContent"] = json!({"schemes": [uri::SCHEME]});
    }
    Response::from_parts(id, result)
}

/// Errors that the protocol crate makes itself get the kind that all errors have.
fn explained(response: Response) -> Response {
    let (id, result) = response.into_parts();
    let result = result.map_err(|mut error| {
        let kind = match error.code {
            ErrorCode::MethodNotFound => "unknown_method",
            ErrorCode::InvalidParams => "invalid_params",
            ErrorCode::InternalError => "internal",
            _ => return error,
        };
        let has_kind = error
            .data
            .as_ref()
            .is_some_and(|data| data.get("kind").is_some());
        if !has_kind {
            if error.code == ErrorCode::MethodNotFound
                && let Some(Value::String(method)) = &error.data
            {
                error.message = MethodError::UnknownMethod(method.clone())
                    .to_string()
                    .into();
            }
            error.data = Some(json!({"kind": kind}));
        }
        error
    });
    Response::from_parts(id, result)
}

fn crashed(id: Option<Id>) -> Option<Response> {
    tracing::error!("a handler panicked; the session goes on");
    let message = "the handler of this request failed; nothing else is affected".to_owned();
    id.map(|id| Response::from_error(id, MethodError::Internal(message).into()))
}

/// Method names must live as long as the service. They are few and made once a session; sessions
/// over TCP make them again, so they are remembered.
fn leaked(name: String) -> &'static str {
    use std::collections::BTreeSet;
    use std::sync::{Mutex, PoisonError};
    static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = names.get(name.as_str()) {
        return known;
    }
    let name: &'static str = Box::leak(name.into_boxed_str());
    names.insert(name);
    name
}
