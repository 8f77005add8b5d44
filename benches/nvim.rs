//! What the Neovim plugin costs a user, measured in a real Neovim: a key in a large buffer beside a run that
//! makes more noise than any real one, and the start. `tests/bench` runs it and prints the table; with
//! `--check` it fails where a figure is over its limit. Of the server nothing is measured: a script makes
//! the noise.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark that cannot run has nothing to say, and prints what it measured"
)]

#[expect(dead_code, reason = "each bench uses its own part of this")]
#[path = "product/table.rs"]
mod table;

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output};

use table::{Limit, Table, median};

/// Starts that are timed, with the plugin and without.
const STARTS: usize = 15;

/// Milliseconds that a key may take however busy the machine is.
const KEY_LIMIT: f64 = 200.0;

/// How many times longer a key may take beside the noise, by the median.
const NOISE_LIMIT: f64 = 30.0;

/// Milliseconds that the plugin may add to the start however busy the machine is.
const START_LIMIT: f64 = 30.0;

fn main() -> ExitCode {
    let mut table = Table::default();
    let desk = Desk::new();
    typing(&desk, &mut table);
    starting(&desk, &mut table);
    print!("{}", table.text);
    let checks = std::env::args().any(|argument| argument == "--check");
    for (row, figure) in &table.failures {
        println!("over its limit: {row}: {figure}");
    }
    ExitCode::from(u8::from(checks && !table.failures.is_empty()))
}

fn typing(desk: &Desk, table: &mut Table) {
    let script = source("benches/nvim/typing.lua");
    let output = desk.run(&[OsStr::new("-S"), script.as_os_str()]);
    let said = String::from_utf8(output.stdout).unwrap();
    let figures: Vec<f64> = said
        .split_whitespace()
        .map(|word| word.parse().unwrap())
        .collect();
    let [quiet, quiet_99, noisy, noisy_99, heard] = figures[..] else {
        unreachable!("five figures are printed, not {said:?}");
    };
    table.row(
        "a key in 10,000 lines, no run: median",
        quiet,
        "ms",
        Limit::None,
    );
    table.row("  99th percentile", quiet_99, "ms", Limit::None);
    let limit = Limit::AtMost(KEY_LIMIT);
    table.row(
        "beside 100 notifications a second: median",
        noisy,
        "ms",
        limit,
    );
    table.row("  99th percentile", noisy_99, "ms", limit);
    let noise = Limit::AtMost(NOISE_LIMIT);
    table.ratio("  of the median without a run", noisy / quiet, noise);
    table.row(
        "  RummyState events meanwhile",
        heard,
        "",
        Limit::AtLeast(1.0),
    );
}

fn starting(desk: &Desk, table: &mut Table) {
    let plugin: Vec<f64> = (0..STARTS).map(|_| desk.start("plugin")).collect();
    let set_up: Vec<f64> = (0..STARTS).map(|_| desk.start("set up")).collect();
    let limit = Limit::AtMost(START_LIMIT);
    table.row(
        "added to Neovim's start: the plugin",
        median(&plugin),
        "ms",
        limit,
    );
    table.row("  with setup{keys = true}", median(&set_up), "ms", limit);
}

/// A file of the repository.
fn source(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A Neovim with the plugin, in a home and a workspace of its own.
struct Desk {
    neovim: PathBuf,
    folder: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        let installed = Path::new("target/tools/nvim-0.11/bin/nvim").to_owned();
        let neovim = std::env::var_os("RUMMY_TEST_NVIM").map_or(installed, PathBuf::from);
        let neovim = neovim.canonicalize().unwrap_or_else(|_| {
            unreachable!("{} is missing; `tests/run` installs it", neovim.display())
        });
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(".git")).unwrap();
        Self { neovim, folder }
    }

    fn run(&self, arguments: &[&OsStr]) -> Output {
        let plugin = source("editors/nvim");
        let output = Command::new(&self.neovim)
            .args(["--headless", "--clean", "--cmd"])
            .arg(format!("set runtimepath^={}", plugin.display()))
            .args(arguments)
            .current_dir(self.folder.path())
            .env("HOME", self.folder.path())
            .env("XDG_STATE_HOME", self.folder.path().join("state"))
            .env("XDG_DATA_HOME", self.folder.path().join("data"))
            .env("RUMMY_BENCH_SERVER", source("benches/nvim/server.lua"))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "Neovim failed: {said}");
        output
    }

    /// Milliseconds that sourcing our files took in one start, by Neovim's own account.
    fn start(&self, what: &str) -> f64 {
        let log = self.folder.path().join("startup");
        let init = self.folder.path().join("init.lua");
        let setup = r#"require("rummy").setup({ keys = true })"#;
        fs::write(&init, if what == "set up" { setup } else { "" }).unwrap();
        let flag = OsStr::new("--startuptime");
        let quit = OsStr::new("+qall!");
        let user = OsStr::new("-u");
        self.run(&[user, init.as_os_str(), flag, log.as_os_str(), quit]);
        let account = fs::read_to_string(&log).unwrap();
        fs::remove_file(&log).unwrap();
        let ours = |line: &&str| line.contains("rummy") && line.contains("sourcing");
        let of_init = |line: &&str| line.contains("init.lua") && line.contains("sourcing");
        let took = |line: &str| -> f64 {
            // The clock, what it took with what it sourced itself, what it took alone.
            line.split_whitespace().nth(1).unwrap().parse().unwrap()
        };
        account
            .lines()
            .filter(|line| ours(line) || of_init(line))
            .map(took)
            .sum()
    }
}
