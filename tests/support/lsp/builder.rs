//! How a session begins.

use std::process::Command;
use std::rc::Rc;

use serde_json::{Value, json};

use super::process::Process;
use super::{Sandbox, Session, editor::Editor, uri_of};

/// What any server may send at any time, and what every run sends.
const IGNORED: [&str; 8] = [
    "$/progress",
    "$/logTrace",
    "client/registerCapability",
    "run/progress",
    "run/state",
    "run/text",
    "window/logMessage",
    "window/workDoneProgress/create",
];

/// A session that is not started yet: an editor with the capabilities of a good one, a workspace
/// folder, no models.
pub struct Builder {
    sandbox: Option<Rc<Sandbox>>,
    files: Vec<(String, String)>,
    initialize: Value,
    options: Value,
    folder: bool,
    environment: Vec<(String, String)>,
    arguments: Vec<String>,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            sandbox: None,
            files: Vec::new(),
            initialize: json!({
                "processId": null,
                "clientInfo": {"name": "scripted editor"},
                "rootUri": null,
                "capabilities": capabilities(),
            }),
            options: json!({}),
            folder: true,
            environment: Vec::new(),
            arguments: Vec::new(),
        }
    }
}

impl Builder {
    /// Runs in the sandbox of an earlier session instead of a new one.
    pub fn sandbox(mut self, sandbox: &Rc<Sandbox>) -> Self {
        self.sandbox = Some(Rc::clone(sandbox));
        self
    }

    /// Puts a file into the workspace.
    pub fn file(mut self, path: &str, text: &str) -> Self {
        self.files.push((path.to_owned(), text.to_owned()));
        self
    }

    /// Changes the client's capabilities: objects are merged, `null` takes one away.
    pub fn capabilities(mut self, patch: &Value) -> Self {
        merge(&mut self.initialize["capabilities"], patch);
        self
    }

    pub fn utf_8(self) -> Self {
        self.capabilities(&json!({"general": {"positionEncodings": ["utf-8", "utf-16"]}}))
    }

    /// Merged into `initializationOptions`.
    pub fn options(mut self, patch: &Value) -> Self {
        merge(&mut self.options, patch);
        self
    }

    pub fn process_id(mut self, id: u32) -> Self {
        self.initialize["processId"] = json!(id);
        self
    }

    pub fn no_folder(mut self) -> Self {
        self.folder = false;
        self
    }

    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// An argument of the server's command line.
    pub fn arg(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }

    /// The model `test`, answered by a server at this URL.
    pub fn model_at(self, url: &str) -> Self {
        self.env("RUMMY_MODEL_test", "openai/scripted")
            .env("RUMMY_CONTEXT_test", "200000")
            .env("OPENAI_BASE_URL", url)
    }

    /// Starts the server and says nothing to it.
    pub fn spawn(self) -> Session {
        let sandbox = self.sandbox.unwrap_or_else(|| Rc::new(Sandbox::new(&[])));
        for (path, text) in &self.files {
            sandbox.write(path, text);
        }
        let mut initialize = self.initialize;
        let folder = json!({"uri": uri_of(&sandbox.workspace()), "name": "workspace"});
        initialize["workspaceFolders"] = if self.folder {
            json!([folder])
        } else {
            Value::Null
        };
        initialize["initializationOptions"] = self.options;
        let mut command = Command::new(env!("CARGO_BIN_EXE_rummy-lsp"));
        command
            .args(&self.arguments)
            .current_dir(sandbox.home())
            .env_clear()
            .envs(sandbox.environment())
            .envs(self.environment);
        Session {
            process: Process::spawn(command, &sandbox.stderr()),
            editor: Editor::new(),
            sandbox,
            initialize,
            last_id: 0,
            unanswered: std::collections::BTreeSet::new(),
            answers: std::collections::HashMap::new(),
            inbox: std::collections::VecDeque::new(),
            expected: IGNORED.map(str::to_owned).into(),
            transcript: Vec::new(),
            heard: 0,
            ended: false,
        }
    }

    /// Starts the server and initializes it.
    pub fn start(self) -> Session {
        let mut session = self.spawn();
        if let Err(error) = session.initialize() {
            session.fail(&format!("`initialize` was refused: {error}"));
        }
        session.notify("initialized", json!({}));
        session
    }
}

fn capabilities() -> Value {
    json!({
        "window": {"workDoneProgress": true},
        "workspace": {
            "applyEdit": true,
            "workspaceFolders": true,
            "workspaceEdit": {
                "documentChanges": true,
                "resourceOperations": ["create", "rename", "delete"],
                "changeAnnotationSupport": {"groupsOnLabel": true},
            },
        },
        "textDocument": {
            "synchronization": {"didSave": true},
            "publishDiagnostics": {"dataSupport": true, "versionSupport": true},
            "codeLens": {},
            "codeAction": {
                "codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["quickfix", "source"]}},
                "isPreferredSupport": true,
                "dataSupport": true,
                "resolveSupport": {"properties": ["edit"]},
            },
        },
    })
}

/// JSON merge patch (RFC 7396).
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    for (key, value) in patch {
        match target.get_mut(key) {
            _ if value.is_null() => {
                target.as_object_mut().map(|object| object.remove(key));
            }
            Some(inner) if inner.is_object() => merge(inner, value),
            _ => target[key] = value.clone(),
        }
    }
}
