//! The VS Code extension in a real VS Code (code-server and a headless Chromium), with the built server
//! and a scripted model.
//!
//! The extension is packaged and installed as a user would install it. A test prepares a workspace and the
//! model's answers, and lets a scenario of `tests/vscode/scenarios` run in a window of its own. The
//! scenario is the user: it types, clicks, and looks at the window and at files. What the model was sent
//! is looked at here.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a helper that fails, fails the test"
)]

#[path = "support/model_server.rs"]
mod model_server;
#[path = "support/player.rs"]
mod player;
#[allow(dead_code, reason = "each test crate uses its own part of this")]
#[path = "support/lsp/sandbox.rs"]
mod sandbox;
#[allow(dead_code, reason = "each test crate uses its own part of this")]
#[path = "support/lsp/script.rs"]
mod script;

#[path = "vscode/install.rs"]
mod install;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use install::Install;
use model_server::{ModelServer, Reply};
use player::Player;
use sandbox::Sandbox;
use script::{edit, update};

const GREET: &str =
    "local function greet(name)\n  print(\"hi \" .. name)\nend\n\nreturn greet\n";

#[test]
fn one_hunk_is_accepted_and_another_rejected_with_a_reason_that_the_model_is_told() {
    let both = edit(
        "greet.lua",
        "  print(\"hi \" .. name)\n",
        "  print(\"good day \" .. name)\n",
    ) + &edit("greet.lua", "return greet\n", "return { greet = greet }\n");
    let Some(desk) = Desk::new(vec![
        both + &update(200, "Made it polite"),
        update(200, "Left the rest alone"),
    ]) else {
        return;
    };
    desk.play("review");
    desk.model_saw(1, "it returns nothing else");
}

/// A workspace and a model.
struct Desk {
    install: &'static Install,
    sandbox: Sandbox,
    model: ModelServer,
}

impl Desk {
    /// None where VS Code is not to be tested.
    fn new(answers: Vec<String>) -> Option<Self> {
        Self::with_replies(answers.into_iter().map(Reply::text).collect())
    }

    fn with_replies(replies: Vec<Reply>) -> Option<Self> {
        let install = Install::get()?;
        let files = [("greet.lua", GREET), (".git/HEAD", "ref: refs/heads/main\n")];
        let desk = Self {
            install,
            sandbox: Sandbox::new(&files),
            model: ModelServer::start(replies),
        };
        desk.set(&json!({}));
        Some(desk)
    }

    /// Writes the user's settings.
    fn set(&self, more: &Value) {
        let mut settings = json!({
            "rummy.server.path": env!("CARGO_BIN_EXE_rummy-lsp"),
            "files.autoSave": "off",
            "security.workspace.trust.enabled": false,
            "window.dialogStyle": "custom",
            "workbench.startupEditor": "none",
            "workbench.secondarySideBar.defaultVisibility": "hidden",
            "workbench.tips.enabled": false,
            "chat.disableAIFeatures": true,
            "editor.minimap.enabled": false,
            "extensions.ignoreRecommendations": true,
            "git.enabled": false,
        });
        let all = settings.as_object_mut().expect("it is an object");
        all.extend(more.as_object().expect("it is an object").clone());
        let folder = self.sandbox.home().join("code/User");
        fs::create_dir_all(&folder).expect("a folder can be made");
        fs::write(folder.join("settings.json"), settings.to_string())
            .expect("a file can be written");
    }

    /// Plays a scenario to its end.
    fn play(&self, scenario: &str) {
        let mut node = Command::new(self.install.node());
        node.arg(scenarios().join("play.mjs"))
            .arg(scenario)
            .current_dir(self.sandbox.workspace())
            .env_clear()
            .envs(self.sandbox.environment())
            .envs(self.install.environment())
            .env("RUMMY_MODEL_test", "openai/scripted")
            .env("RUMMY_CONTEXT_test", "200000")
            .env("OPENAI_BASE_URL", self.model.url());
        let (said, status) = Player::start(node).wait();
        let passed = status.is_some_and(|status| status.success());
        assert!(passed, "{status:?}\n{said}");
    }

    /// Whether the model's nth request said this.
    fn model_saw(&self, nth: usize, text: &str) {
        let requests = self.model.requests();
        let messages = requests[nth]["messages"].to_string();
        let text = Value::from(text).to_string();
        assert!(messages.contains(text.trim_matches('"')), "{messages}");
    }
}

fn scenarios() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vscode")
}
