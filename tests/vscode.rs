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
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use install::Install;
use model_server::{ModelServer, Reply};
use player::Player;
use sandbox::Sandbox;
use script::{edit, set, update};

const GREET: &str = "local function greet(name)\n  print(\"hi \" .. name)\nend\n\nreturn greet\n";

#[test]
fn one_hunk_is_accepted_and_another_rejected_with_a_reason_that_the_model_is_told() {
    let Some(desk) = Desk::new(vec![two_hunks(), update(200, "Left the rest alone")]) else {
        return;
    };
    desk.play("review");
    desk.model_saw(1, "it returns nothing else");
}

#[test]
fn a_comment_at_a_hunk_is_the_reason_of_its_rejection() {
    let Some(desk) = Desk::new(vec![two_hunks(), update(200, "Left the rest alone")]) else {
        return;
    };
    desk.play("comment");
    desk.model_saw(1, "it returns nothing else");
}

#[test]
fn with_the_keyboard_alone_one_hunk_is_accepted_and_another_rejected() {
    let Some(desk) = Desk::new(vec![two_hunks(), update(200, "Left the rest alone")]) else {
        return;
    };
    desk.play("keys");
}

#[test]
fn files_that_come_go_and_move_are_reviewed_together_and_accepted_at_once() {
    let moves = "<mv path=\"greet.lua\">hello.lua</mv>\n<rm path=\"old.lua\"/>\n";
    let tidies = set("new/bye.lua", "print(\"bye\")\n") + moves + &update(200, "Tidied up");
    let Some(desk) = Desk::new(vec![tidies]) else {
        return;
    };
    desk.play("files");
    assert_eq!(desk.sandbox.read("hello.lua").as_deref(), Some(GREET));
}

#[test]
fn abort_ends_the_run_and_the_call_of_the_model() {
    let answer = "A long answer, of which only the beginning comes.";
    let Some(desk) = Desk::with_replies(vec![Reply::text(answer).gate_after(3)]) else {
        return;
    };
    desk.play("abort");
    desk.model.wait_for_hang_ups(1);
}

#[test]
fn an_answer_that_is_picked_reaches_the_model() {
    let asks = "<ask_user question=\"For whom?\">friends; strangers</ask_user>\n";
    let Some(desk) = Desk::new(vec![
        asks.to_owned() + &update(145, "Asked"),
        update(200, "Good day is"),
    ]) else {
        return;
    };
    desk.play("question");
    desk.model_saw(1, "strangers");
}

#[test]
fn a_command_runs_after_it_was_read_and_one_that_is_always_allowed_is_kept() {
    let runs = |line: &str| format!("<sh>{line}</sh>\n") + &update(144, "Running it");
    let Some(desk) = Desk::new(vec![
        runs("echo one > made.txt"),
        runs("touch twice"),
        update(200, "Built"),
    ]) else {
        return;
    };
    desk.play("command");
}

#[test]
fn a_command_that_is_interrupted_in_its_terminal_ends_and_the_model_is_told() {
    let runs = "<sh>echo watching; sleep 600</sh>\n".to_owned() + &update(144, "Watching it");
    let Some(desk) = Desk::new(vec![runs, update(200, "Saw enough")]) else {
        return;
    };
    desk.play("terminal");
    desk.model_saw(1, "watching");
    desk.model_saw(1, "status=\"499\"");
}

#[test]
fn in_a_window_on_two_folders_a_run_works_in_the_one_of_the_file_in_front_by_its_settings() {
    let polite = edit("greet.lua", "return 'hi'\n", "return 'good day'\n");
    let polite = polite + &update(200, "Made it polite");
    let Some(desk) = Desk::new(vec![polite.clone(), polite]) else {
        return;
    };
    let settings = json!({"rummy.autoAccept": "edits"});
    desk.sandbox
        .write("first/.vscode/settings.json", &settings.to_string());
    for folder in ["first", "second"] {
        let file = format!("{folder}/greet.lua");
        desk.sandbox.write(&file, "return 'hi'\n");
        let git = format!("{folder}/.git/HEAD");
        desk.sandbox.write(&git, "ref: refs/heads/main\n");
    }
    let folders = json!({"folders": [{"path": "first"}, {"path": "second"}]});
    desk.sandbox
        .write("both.code-workspace", &folders.to_string());
    desk.play("folders");
}

#[test]
fn what_is_proposed_and_the_run_panel_outlive_the_window() {
    let Some(desk) = Desk::new(vec![one_hunk()]) else {
        return;
    };
    desk.play("reload");
}

#[test]
fn what_is_proposed_outlives_a_server_that_is_killed() {
    let Some(desk) = Desk::new(vec![one_hunk()]) else {
        return;
    };
    desk.play("crash");
}

#[test]
fn the_settings_that_a_folder_brings_hold_when_the_user_says_so() {
    let runs = |line: &str| format!("<sh>{line}</sh>\n") + &update(144, "Running it");
    let Some(desk) = Desk::new(vec![
        runs("touch once"),
        update(200, "Built"),
        runs("touch twice"),
        update(200, "Built again"),
    ]) else {
        return;
    };
    let allows = "[commands]\nallow = [\"touch *\"]\n";
    desk.sandbox.write(".rummy/config.toml", allows);
    desk.play("trust");
}

#[test]
fn in_a_folder_that_is_not_trusted_no_model_is_asked() {
    let Some(desk) = Desk::new(vec![one_hunk()]) else {
        return;
    };
    desk.set(&json!({
        "security.workspace.trust.enabled": true,
        "security.workspace.trust.startupPrompt": "never",
    }));
    desk.play("untrusted");
    assert_eq!(desk.model.requests().len(), 1, "it was asked once trusted");
}

#[test]
fn in_the_run_panel_the_user_goes_on_and_what_a_model_writes_is_no_html() {
    let trap = "# Plan\nI am **polite**. <img src=x onerror=document.title=1> \
                [a trap](javascript:alert(1)) [the manual](https://example.org/)\n\n";
    let Some(desk) = Desk::new(vec![
        trap.to_owned() + &one_hunk(),
        update(200, "Short"),
        update(200, "I am a model"),
    ]) else {
        return;
    };
    desk.play("panel");
    desk.model_saw(1, "and short");
    desk.model_saw(2, "who are you?");
}

const POLITE: &str = "  print(\"good day \" .. name)\n";

fn one_hunk() -> String {
    edit("greet.lua", "  print(\"hi \" .. name)\n", POLITE) + &update(200, "Made it polite")
}

fn two_hunks() -> String {
    edit("greet.lua", "return greet\n", "return { greet = greet }\n") + &one_hunk()
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
        let files = [
            ("greet.lua", GREET),
            ("old.lua", "print(\"old\")\n"),
            (".git/HEAD", "ref: refs/heads/main\n"),
        ];
        let desk = Self {
            install,
            sandbox: Sandbox::new(&files),
            model: ModelServer::start(replies),
        };
        // Where a program is belongs to the machine, in a window on a remote one.
        desk.write(
            "Machine",
            &json!({"rummy.server.path": env!("CARGO_BIN_EXE_rummy-lsp")}),
        );
        desk.set(&json!({}));
        Some(desk)
    }

    /// Writes the user's settings.
    fn set(&self, more: &Value) {
        let mut settings = json!({
            "chat.disableAIFeatures": true,
            "editor.minimap.enabled": false,
            "extensions.ignoreRecommendations": true,
            "files.autoSave": "off",
            "git.enabled": false,
            "remote.autoForwardPorts": false,
            "security.workspace.trust.enabled": false,
            // With it, what a terminal shows is a picture.
            "terminal.integrated.gpuAcceleration": "off",
            "window.dialogStyle": "custom",
            "workbench.secondarySideBar.defaultVisibility": "hidden",
            "workbench.startupEditor": "none",
            "workbench.tips.enabled": false,
        });
        let all = settings.as_object_mut().expect("it is an object");
        all.extend(more.as_object().expect("it is an object").clone());
        self.write("User", &settings);
    }

    fn write(&self, scope: &str, settings: &Value) {
        let folder = self.sandbox.home().join("code").join(scope);
        fs::create_dir_all(&folder).expect("a folder can be made");
        fs::write(folder.join("settings.json"), settings.to_string())
            .expect("a file can be written");
    }

    /// Plays a scenario to its end.
    fn play(&self, scenario: &str) {
        let mut node = Command::new(self.install.node());
        node.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vscode/play.mjs"))
            .arg(format!("scenarios/{scenario}"))
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
