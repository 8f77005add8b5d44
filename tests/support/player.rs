//! A program that plays a user: an editor with a scenario, or a script.

use std::io::{self, Read as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// How long a scenario may take. It gives up by itself long before.
const PATIENCE: Duration = Duration::from_mins(5);

/// A running program. It is killed when this is dropped; its servers end with it.
pub struct Player {
    child: Child,
    /// Everything it said, once it has ended.
    said: mpsc::Receiver<String>,
}

impl Player {
    pub fn start(mut command: Command) -> Self {
        let (mut output, input) = io::pipe().expect("a pipe can be made");
        let both = input.try_clone().expect("a pipe's end can be shared");
        let child = command
            .stdin(Stdio::null())
            .stdout(both)
            .stderr(input)
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}; `tests/run` installs it"));
        let (say, said) = mpsc::channel();
        thread::spawn(move || {
            let mut bytes = Vec::new();
            output.read_to_end(&mut bytes).expect("a pipe can be read");
            // Nobody waits: the time was up.
            let _ = say.send(String::from_utf8_lossy(&bytes).into_owned());
        });
        Self { child, said }
    }

    /// What it said, and how it ended. It is killed when its time is up.
    pub fn wait(&mut self) -> (String, Option<ExitStatus>) {
        if let Ok(said) = self.said.recv_timeout(PATIENCE) {
            let status = self.child.wait().expect("a child can be waited for");
            return (said, Some(status));
        }
        self.kill();
        (format!("it did not end within {PATIENCE:?}"), None)
    }

    fn kill(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        self.kill();
    }
}
