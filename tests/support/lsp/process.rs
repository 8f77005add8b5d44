//! The server as a process: its frames, its stderr, its end. Nothing here knows what a frame says.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

pub use rustix::process::Signal;
use rustix::process::{Pid, kill_process};
use serde_json::Value;

/// What comes out of the server.
pub enum Output {
    Message(Value),
    /// Something that is no frame. Nothing else may follow it.
    Stray(String),
    Closed,
}

pub struct Process {
    pid: Pid,
    input: Option<ChildStdin>,
    output: Receiver<Output>,
    exited: Receiver<ExitStatus>,
    stderr: PathBuf,
}

impl Process {
    /// Starts the command. What it says on stderr is appended to a file.
    pub fn spawn(mut command: Command, stderr: &Path) -> Self {
        let errors = File::options().create(true).append(true).open(stderr);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors.expect("a file for stderr can be opened"))
            .spawn()
            .expect("the server starts");
        let stdout = child.stdout.take().expect("it is piped");
        let (say, output) = mpsc::channel();
        thread::spawn(move || read_all(BufReader::new(stdout), &say));
        let pid = Pid::from_child(&child);
        let input = child.stdin.take();
        let (end, exited) = mpsc::channel();
        thread::spawn(move || {
            let status = child.wait().expect("a child can be waited for");
            // Nobody has to wait for it.
            let _ = end.send(status);
        });
        Self {
            pid,
            input,
            output,
            exited,
            stderr: stderr.to_owned(),
        }
    }

    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let input = self.input.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        input.write_all(bytes)?;
        input.flush()
    }

    pub fn close_input(&mut self) {
        self.input = None;
    }

    /// The next output; none when the time is up.
    pub fn read(&self, deadline: Instant) -> Option<Output> {
        let patience = deadline.saturating_duration_since(Instant::now());
        match self.output.recv_timeout(patience) {
            Ok(output) => Some(output),
            Err(mpsc::RecvTimeoutError::Timeout) => None,
            Err(mpsc::RecvTimeoutError::Disconnected) => Some(Output::Closed),
        }
    }

    /// How the process ended, once; none when the time is up first.
    pub fn wait(&self, patience: Duration) -> Option<ExitStatus> {
        #[expect(
            clippy::disallowed_methods,
            reason = "the error says that the time is up, and nothing else"
        )]
        self.exited.recv_timeout(patience).ok()
    }

    /// Sends a signal, such as an impatient editor's to end.
    pub fn signal(&self, signal: Signal) {
        // It has ended already: nothing is left to be told.
        let _ = kill_process(self.pid, signal);
    }

    pub fn id(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    pub fn stderr(&self) -> String {
        fs::read_to_string(&self.stderr).unwrap_or_else(|error| error.to_string())
    }
}

/// A message as it goes over the wire.
pub fn frame(message: &Value) -> Vec<u8> {
    let body = message.to_string();
    format!("Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn read_all(mut stdout: impl BufRead, say: &Sender<Output>) {
    loop {
        let output = match read_frame(&mut stdout) {
            Ok(Some(message)) => Output::Message(message),
            Ok(None) => Output::Closed,
            Err(stray) => Output::Stray(stray),
        };
        let goes_on = matches!(output, Output::Message(_));
        if say.send(output).is_err() || !goes_on {
            return;
        }
    }
}

/// A message, or none at the end of the stream. The error is what stood where a frame should.
fn read_frame(stdout: &mut impl BufRead) -> Result<Option<Value>, String> {
    let mut length = None;
    loop {
        let mut line = String::new();
        let read = stdout
            .read_line(&mut line)
            .map_err(|error| error.to_string())?;
        match line.trim_end_matches("\r\n").split_once(": ") {
            _ if read == 0 && length.is_none() => return Ok(None),
            _ if line == "\r\n" && length.is_some() => break,
            Some(("Content-Length", digits)) if line.ends_with("\r\n") => {
                length = Some(digits.parse().map_err(|_| line.clone())?);
            }
            Some(("Content-Type", _)) => {}
            _ => return Err(line),
        }
    }
    let mut body = vec![0; length.unwrap_or(0)];
    stdout
        .read_exact(&mut body)
        .map_err(|error| format!("a frame broke off: {error}"))?;
    serde_json::from_slice(&body)
        .map(Some)
        .map_err(|error| format!("{error}: {}", String::from_utf8_lossy(&body)))
}
