//! The desk that a scenario is played at: a workspace, a scripted model and a Neovim with the plugin. And
//! the README, as somebody reads it who has none of these.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::model_server::{ModelServer, Reply};
use super::player::Player;
use super::sandbox::Sandbox;

pub const SERVER: &str = env!("CARGO_BIN_EXE_rummy-lsp");

/// The file that every workspace has.
pub const GREET: &str = "local function greet(name)\n  print(\"hi \" .. name)\nend\n";

/// A workspace, a model and a Neovim with the plugin.
pub struct Desk {
    pub sandbox: Sandbox,
    pub model: ModelServer,
    plugin: PathBuf,
    /// Where the server is found.
    pub path: PathBuf,
    /// More of the environment.
    pub variables: Vec<(&'static str, String)>,
}

impl Desk {
    pub fn new(answers: Vec<String>) -> Self {
        Self::with_replies(answers.into_iter().map(Reply::text).collect())
    }

    pub fn with_replies(replies: Vec<Reply>) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let server = Path::new(SERVER).parent().expect("it lies in a folder");
        Self {
            sandbox: Sandbox::new(&[
                ("greet.lua", GREET),
                (".git/HEAD", "ref: refs/heads/main\n"),
            ]),
            model: ModelServer::start(replies),
            plugin: root.join("editors/nvim"),
            path: server.to_owned(),
            variables: Vec::new(),
        }
    }

    /// Takes the plugin from a copy with no server beside it, and the server out of the PATH.
    pub fn in_another_checkout(&mut self) -> PathBuf {
        let checkout = self.sandbox.home().join("checkout");
        let plugin = checkout.join("editors/nvim");
        copy(&self.plugin, &plugin);
        self.plugin = plugin;
        self.path = self.sandbox.home().join("nowhere");
        checkout
    }

    /// What the model was sent has this in it. Calls are counted from 0.
    pub fn model_saw(&self, call: usize, text: &str) {
        let requests = self.model.requests();
        let messages = ["system", "user"].map(|role| {
            let messages = requests[call]["messages"].as_array();
            let message = messages.and_then(|all| all.iter().find(|one| one["role"] == role));
            let content = message.and_then(|message| message["content"].as_str());
            content.expect("there is a message").to_owned()
        });
        let sent = messages.join("\n\n");
        assert!(sent.contains(text), "{text:?} is not in\n{sent}");
    }

    /// Runs a scenario of `tests/nvim` to its end.
    pub fn play(&self, scenario: &str) {
        let ended = Player::start(self.command(scenario)).wait();
        self.check(scenario, &ended);
    }

    /// The same; whenever the scenario calls `t.go_on()`, something is done here.
    pub fn play_with(&self, scenario: &str, act: impl Fn(&Self) + Sync) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port can be had");
        let address = listener.local_addr().expect("it has an address");
        let over = AtomicBool::new(false);
        let mut command = self.command(scenario);
        command.env("RUMMY_TEST_GO_ON", address.to_string());
        let ended = thread::scope(|scope| {
            scope.spawn(|| {
                for call in listener.incoming() {
                    call.expect("a call can be taken");
                    if over.load(Ordering::SeqCst) {
                        return;
                    }
                    act(self);
                }
            });
            let ended = Player::start(command).wait();
            over.store(true, Ordering::SeqCst);
            TcpStream::connect(address).expect("the listener is there");
            ended
        });
        self.check(scenario, &ended);
    }

    pub fn check(&self, scenario: &str, (said, status): &(String, Option<ExitStatus>)) {
        let passed = status.is_some_and(|status| status.success());
        assert!(
            passed,
            "{scenario}: {status:?}\n{said}\n\nlsp.log:\n{}",
            self.lsp_log()
        );
    }

    fn command(&self, scenario: &str) -> Command {
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/nvim");
        let mut command = Command::new(neovim());
        command
            .args(["--headless", "--clean", "--cmd"])
            .arg(format!("set runtimepath^={}", self.plugin.display()))
            .arg("-S")
            .arg(scripts.join("harness.lua"))
            .current_dir(self.sandbox.workspace())
            .env_clear()
            .envs(self.sandbox.environment())
            .env("LC_ALL", "C.UTF-8")
            .env("PATH", format!("{}:/usr/bin:/bin", self.path.display()))
            .envs(std::env::var_os("RUMMY_UPDATE_SCREENS").map(|set| ("RUMMY_UPDATE_SCREENS", set)))
            .env("RUMMY_MODEL_test", "openai/scripted")
            .env("RUMMY_CONTEXT_test", "200000")
            .env("OPENAI_BASE_URL", self.model.url())
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .env(
                "RUMMY_TEST_SCENARIO",
                scripts.join(scenario).with_extension("lua"),
            );
        command
    }

    /// What Neovim has noted of its servers, their stderr among it.
    fn lsp_log(&self) -> String {
        let log = self.sandbox.home().join("state/nvim/lsp.log");
        fs::read_to_string(log).unwrap_or_else(|error| error.to_string())
    }
}

/// The part of the README about Neovim.
pub struct Readme(String);

impl Readme {
    pub fn of_neovim() -> Self {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
        let text = fs::read_to_string(file).expect("there is a README");
        let (_, rest) = text
            .split_once("\n## Install it in Neovim")
            .expect("it has a section on Neovim");
        let section = rest.split("\n## ").next().expect("it begins with it");
        Self(section.to_owned())
    }

    /// The first block in this language with this text in it.
    pub fn block(&self, language: &str, text: &str) -> String {
        let begin = format!("```{language}\n");
        let mut blocks = self
            .0
            .split(&begin)
            .skip(1)
            .map(|rest| rest.split_once("\n```").expect("a block ends").0);
        let block = blocks.find(|block| block.contains(text));
        block.expect("the README has such a block").to_owned()
    }
}

/// The Neovim to test with.
pub fn neovim() -> PathBuf {
    let installed = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/nvim-0.11/bin/nvim");
    let neovim = std::env::var_os("RUMMY_TEST_NVIM").map_or(installed, PathBuf::from);
    assert!(
        neovim.exists(),
        "{} is missing: `tests/run` installs it; RUMMY_TEST_NVIM names another",
        neovim.display()
    );
    neovim
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder can be made");
    for entry in fs::read_dir(from).expect("a folder can be read") {
        let entry = entry.expect("an entry can be read").path();
        let name = entry.file_name().expect("it has a name");
        if entry.is_dir() {
            copy(&entry, &to.join(name));
        } else {
            fs::copy(&entry, to.join(name)).expect("a file can be copied");
        }
    }
}

/// Writes a file, and makes the folders that it lies in.
pub fn write(file: &Path, text: &str) {
    let folder = file.parent().expect("it lies in a folder");
    fs::create_dir_all(folder).expect("a folder can be made");
    fs::write(file, text).expect("a file can be written");
}
