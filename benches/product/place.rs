//! A folder with a project, a home and a database of their own, and the server on it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use rummy_lsp::cli::client::{Client, Incoming};
use serde_json::{Value, json};
use tokio::process::Command;

/// Files of the project.
pub const FILES: usize = 24;

/// A context that a model may have and that no packet here fills.
const WIDE: u64 = 100_000_000;

pub struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    /// A place where the models answer with these lines, see `src/llm/replay.rs`.
    pub fn new(script: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("project/src")).unwrap();
        for n in 0..FILES {
            let file = folder.path().join(format!("project/src/part{n}.rs"));
            std::fs::write(file, source(n)).unwrap();
        }
        std::fs::write(folder.path().join("script.jsonl"), script).unwrap();
        Self { folder }
    }

    pub fn database(&self) -> PathBuf {
        self.path().join("rummy.db")
    }

    /// Puts a file into the project.
    pub fn write(&self, file: &str, text: &str) {
        std::fs::write(self.path().join("project").join(file), text).unwrap();
    }

    /// The URI of a file of the project.
    pub fn uri(&self, file: &str) -> String {
        let path = self.path().join("project").join(file);
        format!("file://{}", path.display())
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The server on this place.
    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rummy-lsp"));
        command
            .env_clear()
            .env("HOME", self.path())
            .env("RUMMY_DB_PATH", self.database());
        command
    }

    /// Starts the server and says nothing to it.
    pub fn start(&self) -> Client {
        Client::start(self.command()).unwrap()
    }

    /// Starts the server and initializes it. There is the model `wide`.
    pub async fn open(&self) -> Client {
        let client = self.start();
        let _: Value = client.call("initialize", self.initialize()).await.unwrap();
        client.notify("initialized", json!({}));
        client
    }

    pub fn initialize(&self) -> Value {
        let folder = self.path().join("project");
        let actual = format!("replay/{}", self.path().join("script.jsonl").display());
        json!({
            "processId": std::process::id(),
            "capabilities": {},
            "workspaceFolders": [{"uri": format!("file://{}", folder.display()), "name": "project"}],
            "initializationOptions": {
                "limits": {"maxTurns": 1000},
                "models": {"wide": {"actual": actual, "contextLength": WIDE}},
            },
        })
    }
}

/// A source that the edits of a script find their places in.
fn source(n: usize) -> String {
    let mut text = format!("//! Part {n} of the sample.\n");
    for step in 0..12 + n * 7 % 30 {
        let factor = 2 * step + 1;
        write!(
            text,
            "\n/// Step {step} of part {n}.\npub fn part{n}_step{step}(input: u64) -> u64 {{\n    \
             input.wrapping_mul({factor}).rotate_left({n})\n}}\n"
        )
        .unwrap();
    }
    text
}

/// The next notification of a server; one that ends instead ends the bench.
pub async fn notification(client: &mut Client) -> (String, Value) {
    loop {
        match client.next().await {
            Some(Incoming::Notification { method, params }) => return (method, params),
            Some(_) => {}
            None => panic!("the server ended within a run"),
        }
    }
}
