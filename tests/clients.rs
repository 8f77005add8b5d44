//! Clients that know nothing of rummy, with the built server and a scripted model: Emacs with eglot,
//! pytest-lsp, which parses everything that the server sends, and one made of the library that VS Code
//! speaks LSP with.
//!
//! The users sit in `tests/clients`. Neovim without the plugin is in `tests/nvim.rs`.

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
#[path = "support/tools.rs"]
mod tools;

use std::path::{Path, PathBuf};
use std::process::Command;

use model_server::{ModelServer, Reply};
use player::Player;
use sandbox::Sandbox;
use script::{edit, set, update};
use tools::tool;

const HI: &str = "    print(\"hi \" + name)\n";

#[test]
fn in_emacs_a_comment_starts_a_run_and_its_change_is_accepted() {
    Desk::new(vec![polite(), update(200, "Unneeded")]).emacs("accept");
}

#[test]
fn in_emacs_a_change_is_rejected() {
    Desk::new(vec![polite(), update(204, "Left it alone")]).emacs("reject");
}

#[test]
fn in_emacs_an_edit_that_typing_overtakes_is_an_error_and_stays_pending() {
    Desk::new(vec![polite()]).emacs("overtaken");
}

#[test]
fn in_emacs_an_accepted_file_that_is_not_open_is_on_the_disk() {
    let creates = set("bye.py", "print(\"bye\")\n");
    Desk::new(vec![creates + &update(200, "Wrote it")]).emacs("new-file");
}

#[test]
fn in_emacs_a_question_of_the_models_is_answered() {
    Desk::new(vec![asks(), update(200, "Good day is")]).emacs("answer");
}

#[test]
fn a_session_fits_what_visual_studio_code_announces() {
    Desk::for_a_session().pytest("visual-studio-code");
}

#[test]
fn a_session_fits_what_neovim_announces() {
    Desk::for_a_session().pytest("neovim");
}

#[test]
fn a_session_fits_what_emacs_announces() {
    Desk::for_a_session().pytest("emacs");
}

#[test]
fn sessions_fit_the_library_that_visual_studio_code_speaks_with() {
    let mut node = Command::new("node");
    node.args(["--test", "--test-reporter=spec"])
        .arg(clients().join("node/session.test.mjs"))
        .env("RUMMY_TEST_SERVER", SERVER)
        .env("RUMMY_TEST_NODE_MODULES", tool("lsp-client/node_modules"));
    play(node);
}

const SERVER: &str = env!("CARGO_BIN_EXE_rummy-lsp");

fn polite() -> String {
    edit("greet.py", HI, "    print(\"Good day, \" + name)\n") + &update(200, "Made it polite")
}

fn asks() -> String {
    "<ask_user question=\"For whom?\">friends; strangers</ask_user>\n".to_owned()
        + &update(145, "Asked")
}

/// A workspace and a model.
struct Desk {
    sandbox: Sandbox,
    model: ModelServer,
}

impl Desk {
    fn new(answers: Vec<String>) -> Self {
        Self {
            sandbox: Sandbox::new(&[
                ("greet.py", &format!("def greet(name):\n{HI}")),
                ("old.py", "print(\"old\")\n"),
                ("others.py", "# AI? which greeting is better\n"),
                (".git/HEAD", "ref: refs/heads/main\n"),
            ]),
            model: ModelServer::start(answers.into_iter().map(Reply::text).collect()),
        }
    }

    /// With the answers that `test_session.py` is about.
    fn for_a_session() -> Self {
        let rocket = "    print(\"Good day 🚀 \" + name)\n";
        let changes = edit("greet.py", HI, rocket) + &update(200, "Made it polite");
        let unwanted = edit("greet.py", "def greet(name):\n", "def greet(whom):\n")
            + &update(200, "Renamed a name");
        let files = set("new/bye.py", "print(\"bye\")\n")
            + "<mv path=\"greet.py\">hello.py</mv>\n<rm path=\"old.py\"/>\n"
            + &update(200, "Tidied up");
        Self::new(vec![
            changes,
            unwanted,
            update(204, "Left it alone"),
            files,
            asks(),
            update(200, "Good day is"),
        ])
    }

    /// Plays a scenario of `eglot.el`.
    fn emacs(&self, scenario: &str) {
        let mut emacs = self.command("emacs".as_ref());
        emacs
            .args(["-q", "--batch", "-l"])
            .arg(clients().join("eglot.el"))
            .args(["-f", scenario]);
        play(emacs);
    }

    /// Plays `test_session.py` as the editor that pytest-lsp knows by this name.
    fn pytest(&self, editor: &str) {
        let mut python = self.command(&tool("pytest-lsp/bin/python"));
        python
            .args(["-m", "pytest", "-q", "-c"])
            .arg(clients().join("pytest.ini"))
            .arg(clients().join("test_session.py"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("RUMMY_TEST_CLIENT", editor);
        play(python);
    }

    /// A client in the workspace.
    fn command(&self, client: &Path) -> Command {
        let mut command = Command::new(client);
        command
            .current_dir(self.sandbox.workspace())
            .env_clear()
            .envs(self.sandbox.environment())
            .env("LC_ALL", "C.UTF-8")
            .env("RUMMY_TEST_SERVER", SERVER)
            .env("RUMMY_MODEL_test", "openai/scripted")
            .env("RUMMY_CONTEXT_test", "200000")
            .env("OPENAI_BASE_URL", self.model.url());
        command
    }
}

/// Runs a client to its end.
fn play(client: Command) {
    let (said, status) = Player::start(client).wait();
    let passed = status.is_some_and(|status| status.success());
    assert!(passed, "{status:?}\n{said}");
}

fn clients() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients")
}
