//! A scripted LSP client over the built server's standard input and output.
//!
//! A [`Session`] is one server process and the editor at its other end. It blocks, and it handles
//! what the server sends only within a call, so documents change only where a test can see it:
//! requests of the server are answered by the [`editor`], notifications wait to be read.
//!
//! When a session is dropped it shuts the server down, and the test fails where that does not go
//! cleanly or where the server sent something of a kind that the test neither read nor ignored.

#![allow(dead_code, reason = "each test crate uses its own part of this")]
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test helper that cannot do its work fails the test"
)]
#![allow(
    clippy::needless_pass_by_value,
    reason = "parameters are mostly literals; a `&` before each would only be noise"
)]

#[path = "lsp/builder.rs"]
mod builder;
#[path = "lsp/editor.rs"]
mod editor;
#[path = "lsp/process.rs"]
mod process;
#[path = "lsp/runs.rs"]
mod runs;
#[path = "lsp/sandbox.rs"]
mod sandbox;
#[path = "lsp/script.rs"]
pub mod script;
#[path = "lsp/text.rs"]
mod text;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::ops::Range as Bytes;
use std::process::ExitStatus;
use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

#[allow(unused_imports, reason = "each test crate uses its own part of this")]
pub use self::{
    builder::Builder,
    editor::{OnEdit, OnMessage},
    process::frame,
    sandbox::{Sandbox, uri_of},
    text::{Encoding, Range},
};

use editor::Editor;
use process::{Output, Process, Signal};

/// How long anything may take before the test fails.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// How long a server may take to end once it has to.
const ENDS_WITHIN: Duration = Duration::from_secs(6);

/// Messages of the transcript that a failure shows, and characters of each.
const SHOWN: (usize, usize) = (40, 600);

/// The kind under which errors that answer no request wait to be read.
pub const ORPHAN: &str = "an error that answers no request";

/// The elements of a list; `null` has none.
pub fn list(value: &Value) -> &[Value] {
    match value {
        Value::Null => &[],
        Value::Array(elements) => elements,
        other => panic!("{other} is no list"),
    }
}

/// A request that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RequestId(i64);

/// What a request was answered.
pub type Answer = Result<Value, Value>;

/// A server and the editor at its other end.
pub struct Session {
    process: Process,
    pub editor: Editor,
    pub sandbox: Rc<Sandbox>,
    /// The parameters of `initialize`.
    initialize: Value,
    last_id: i64,
    /// Requests that were not answered yet.
    unanswered: BTreeSet<i64>,
    /// Answers that the test has not taken yet.
    answers: HashMap<i64, Answer>,
    /// Method and parameters of what the server sent by itself and nobody has read.
    inbox: VecDeque<(String, Value)>,
    /// Kinds of messages that the test reads or ignores.
    expected: BTreeSet<String>,
    transcript: Vec<String>,
    /// Messages of the server so far.
    heard: usize,
    /// The test has ended the server in its own way.
    ended: bool,
}

impl Session {
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Sends `initialize`.
    pub fn initialize(&mut self) -> Answer {
        let answer = self.request("initialize", self.initialize.clone());
        if let Ok(answer) = &answer {
            self.editor.encoding = match answer["capabilities"]["positionEncoding"].as_str() {
                Some("utf-8") => Encoding::Utf8,
                _ => Encoding::Utf16,
            };
        }
        answer
    }

    /// All messages so far: `→` to the server, `←` from it.
    pub fn transcript(&self) -> &[String] {
        &self.transcript
    }

    /// Sends a request and waits for the answer.
    pub fn request(&mut self, method: &str, params: Value) -> Answer {
        let id = self.send(method, params);
        self.answer(id)
    }

    /// A request that succeeds.
    pub fn ask(&mut self, method: &str, params: Value) -> Value {
        let answer = self.request(method, params);
        answer.unwrap_or_else(|error| self.fail(&format!("`{method}` was refused: {error}")))
    }

    /// A request that is refused.
    pub fn refused(&mut self, method: &str, params: Value) -> Value {
        match self.request(method, params) {
            Ok(result) => self.fail(&format!("`{method}` was not refused: {result}")),
            Err(error) => error,
        }
    }

    /// `workspace/executeCommand`.
    pub fn command(&mut self, name: &str, argument: Value) -> Answer {
        let params = json!({"command": name, "arguments": [argument]});
        self.request("workspace/executeCommand", params)
    }

    /// Sends a request without waiting.
    pub fn send(&mut self, method: &str, params: Value) -> RequestId {
        self.send_framed(method, params, |body| {
            format!("Content-Length: {}\r\n\r\n{body}", body.len())
        })
    }

    /// Sends a request in a frame of the test's own making.
    pub fn send_framed(
        &mut self,
        method: &str,
        params: Value,
        frame: impl Fn(&str) -> String,
    ) -> RequestId {
        self.last_id += 1;
        let id = self.last_id;
        self.unanswered.insert(id);
        let request = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        let body = request.to_string();
        self.put(&body, frame(&body).as_bytes());
        RequestId(id)
    }

    pub fn notify(&mut self, method: &str, params: Value) {
        self.write(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    /// Sends bytes as they are, framed or not.
    pub fn send_raw(&mut self, bytes: &[u8]) {
        self.put(&String::from_utf8_lossy(bytes), bytes);
    }

    pub fn cancel(&mut self, RequestId(id): RequestId) {
        self.notify("$/cancelRequest", json!({"id": id}));
    }

    /// Waits for the answer to a request, once.
    pub fn answer(&mut self, RequestId(id): RequestId) -> Answer {
        self.wait(&format!("the answer to request {id}"), |session| {
            session.answers.remove(&id)
        })
    }

    /// Waits for a message that the server sends by itself and that `fits`. Earlier ones of its
    /// kind count as read.
    pub fn wait_for(&mut self, method: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let read = self.read_until(method, fits).pop();
        read.expect("the last one fits")
    }

    /// As [`Session::wait_for`], with the earlier ones of the kind.
    pub fn read_until(&mut self, method: &str, fits: impl Fn(&Value) -> bool) -> Vec<Value> {
        self.expected.insert(method.to_owned());
        let mut read = Vec::new();
        self.wait(&format!("a fitting `{method}`"), |session| {
            session.read(method).find_map(|params| {
                let found = fits(&params);
                read.push(params);
                found.then_some(())
            })
        });
        read
    }

    /// Waits for the next message, whatever it is; `for_what` is what the test hopes for.
    pub fn hear(&mut self, for_what: &str) {
        let heard = self.heard;
        self.wait(for_what, |session| (session.heard > heard).then_some(()));
    }

    /// The messages of a kind that have come in since the last look.
    pub fn take(&mut self, method: &str) -> Vec<Value> {
        self.expected.insert(method.to_owned());
        self.read(method).collect()
    }

    /// Waits for an error that answers no request, such as a malformed frame gets.
    pub fn orphan_error(&mut self) -> Value {
        self.wait_for(ORPHAN, |_| true)
    }

    /// Messages of these kinds may come in unread.
    pub fn ignore(&mut self, methods: &[&str]) {
        self.expected.extend(methods.iter().map(|&m| m.to_owned()));
    }

    /// Sends `exit` and nothing before it.
    pub fn exit(&mut self) {
        self.notify("exit", Value::Null);
    }

    pub fn close_stdin(&mut self) {
        self.process.close_input();
    }

    /// Asks the server to end, as an impatient editor does.
    pub fn terminate(&mut self) {
        self.process.signal(Signal::TERM);
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.process.signal(Signal::KILL);
        self.exit_status();
    }

    /// Takes in what the server said before it was killed; its last frame may have broken off.
    pub fn take_last_words(&mut self) {
        while let Some(Output::Message(message)) = self.process.read(Instant::now() + PATIENCE) {
            self.take_in(message);
        }
    }

    /// The answer to a request, once, if it has been taken in.
    pub fn taken_answer(&mut self, RequestId(id): RequestId) -> Option<Answer> {
        self.answers.remove(&id)
    }

    /// Stops the server where it stands, until it is resumed.
    pub fn pause(&mut self) {
        self.process.signal(Signal::STOP);
    }

    pub fn resume(&mut self) {
        self.process.signal(Signal::CONT);
    }

    /// Waits until the server has ended, which the test has seen to.
    pub fn exit_status(&mut self) -> ExitStatus {
        self.ended = true;
        let status = self.process.wait(ENDS_WITHIN);
        status.unwrap_or_else(|| self.fail(&format!("the server runs on after {ENDS_WITHIN:?}")))
    }

    /// The server's process.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    pub fn uri(&self, path: &str) -> String {
        self.sandbox.uri(path)
    }

    /// The text of an open document.
    pub fn text(&self, path: &str) -> &str {
        self.editor.text(&self.uri(path))
    }

    /// Opens a file of the workspace.
    pub fn open(&mut self, path: &str) {
        let text = self.sandbox.read(path);
        let text = text.unwrap_or_else(|| panic!("{path} does not exist"));
        let params = self.editor.open(&self.uri(path), &text);
        self.notify("textDocument/didOpen", params);
    }

    pub fn close(&mut self, path: &str) {
        let params = self.editor.close(&self.uri(path));
        self.notify("textDocument/didClose", params);
    }

    /// Replaces bytes of an open document, as typing does.
    pub fn edit(&mut self, path: &str, bytes: &Bytes<usize>, new: &str) {
        let params = self.editor.replace(&self.uri(path), bytes, new);
        self.notify("textDocument/didChange", params);
    }

    /// Replaces the one occurrence of a text in an open document.
    pub fn replace(&mut self, path: &str, old: &str, new: &str) {
        let text = self.text(path);
        let found: Vec<usize> = text.match_indices(old).map(|(at, _)| at).collect();
        let [start] = found[..] else {
            panic!("{old:?} occurs {} times in {text:?}", found.len());
        };
        self.edit(path, &(start..start + old.len()), new);
    }

    fn write(&mut self, message: &Value) {
        self.put(&message.to_string(), &frame(message));
    }

    fn put(&mut self, shown: &str, bytes: &[u8]) {
        self.transcript.push(format!("→ {shown}"));
        if let Err(error) = self.process.write(bytes) {
            self.fail(&format!("the server does not read: {error}"));
        }
    }

    /// Takes the messages of a kind out of the inbox, as far as the iterator is driven.
    fn read(&mut self, method: &str) -> impl Iterator<Item = Value> {
        std::iter::from_fn(move || {
            let index = self.inbox.iter().position(|(kind, _)| kind == method)?;
            self.inbox.remove(index).map(|(_, params)| params)
        })
    }

    /// Handles what the server sends until there is what is wanted.
    fn wait<T>(&mut self, what: &str, mut wanted: impl FnMut(&mut Self) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = wanted(self) {
                return found;
            }
            match self.process.read(deadline) {
                Some(Output::Message(message)) => self.take_in(message),
                Some(Output::Stray(text)) => self.fail(&format!("stdout holds no frame: {text:?}")),
                Some(Output::Closed) => self.fail(&format!("the server ended before {what}")),
                None => self.fail(&format!("{what} did not come within {PATIENCE:?}")),
            }
        }
    }

    fn take_in(&mut self, mut message: Value) {
        self.heard += 1;
        self.transcript.push(format!("← {message}"));
        let id = message.get("id").cloned();
        let params = message["params"].take();
        match (id, message["method"].as_str()) {
            (None, Some(method)) => self.inbox.push_back((method.to_owned(), params)),
            (Some(id), Some(method)) => self.react(&id, method, params),
            (Some(id), None) => {
                let answer = match message.get("error") {
                    None => Ok(message["result"].take()),
                    Some(_) => Err(message["error"].take()),
                };
                self.take_answer(&id, answer);
            }
            (None, None) => self.fail("a message that is none"),
        }
    }

    fn take_answer(&mut self, id: &Value, answer: Answer) {
        match (id, answer) {
            (Value::Number(number), answer) => {
                let number = number.as_i64().unwrap_or(0);
                if !self.unanswered.remove(&number) {
                    self.fail("an answer to what was not asked, or answered before");
                }
                self.answers.insert(number, answer);
            }
            // Tests that write their frames themselves choose their own ids.
            (Value::String(_), Ok(result)) => {
                self.inbox
                    .push_back((format!("the answer to {id}"), result));
            }
            (Value::Null, Err(error)) => self.inbox.push_back((ORPHAN.to_owned(), error)),
            _ => self.fail("an answer that fits nothing"),
        }
    }

    /// Lets the editor answer what the server asks, and keeps the question to be read.
    fn react(&mut self, id: &Value, method: &str, params: Value) {
        let Some(reaction) = self.editor.asked(method, &params) else {
            self.fail(&format!(
                "the server asks `{method}`, which was not offered to it"
            ));
        };
        self.inbox.push_back((method.to_owned(), params));
        for (method, params) in reaction.notifications {
            self.notify(method, params);
        }
        if let Some(answer) = reaction.answer {
            self.write(&json!({"jsonrpc": "2.0", "id": id, "result": answer}));
        }
    }

    /// Fails the test and says what was seen.
    fn fail(&self, what: &str) -> ! {
        let (messages, characters) = SHOWN;
        let cut = |line: &String| line.chars().take(characters).collect::<String>();
        let skipped = self.transcript.len().saturating_sub(messages);
        let lines: Vec<String> = self.transcript[skipped..].iter().map(cut).collect();
        panic!(
            "{what}\n--- the last messages (→ to the server, {skipped} before them)\n{}\n\
             --- stderr\n{}",
            lines.join("\n"),
            self.process.stderr(),
        );
    }

    fn shut_down(&mut self) {
        self.ask("shutdown", Value::Null);
        self.exit();
        let status = self.exit_status();
        if status.code() != Some(0) {
            self.fail(&format!(
                "the server ended with {status} after `shutdown` and `exit`"
            ));
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // A second panic would hide the first.
        if thread::panicking() {
            return self.process.signal(Signal::KILL);
        }
        if !self.ended {
            self.shut_down();
        }
        let unread = |(kind, _): &&(String, Value)| !self.expected.contains(kind);
        if let Some((kind, params)) = self.inbox.iter().find(unread) {
            self.fail(&format!("nobody read `{kind}`: {params}"));
        }
    }
}
