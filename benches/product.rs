//! What the program costs, measured on the built binary over stdio: `tests/bench` runs it and
//! prints the table. Figures are of this machine; ratios within one run are what to compare.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark that cannot run has nothing to say, and prints what it measured"
)]

#[path = "product/served.rs"]
mod served;

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use rummy_lsp::cli::client::{Client, Incoming};
use serde_json::{Value, json};
use tokio::process::Command;

/// Starts that are timed; one before them makes the database.
const STARTS: usize = 20;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut table = Table::default();
        cold_start(&mut table).await;
        let short = turns(50).await;
        let long = turns(200).await;
        report(&mut table, &short, &long);
        served::rows(&mut table).await;
        print!("{}", table.0);
    });
}

#[derive(Default)]
struct Table(String);

impl Table {
    fn row(&mut self, what: &str, figure: &str) {
        writeln!(self.0, "{what:<52} {figure:>14}").unwrap();
    }
}

/// A folder with a project, a home and a database of their own.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("project/src")).unwrap();
        for n in 0..20 {
            let file = folder.path().join(format!("project/src/part{n}.rs"));
            std::fs::write(file, format!("pub fn part{n}() {{}}\n").repeat(30)).unwrap();
        }
        Self { folder }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The server, which knows no model.
    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rummy-lsp"));
        command
            .env_clear()
            .env("HOME", self.path())
            .env("RUMMY_DB_PATH", self.path().join("rummy.db"));
        command
    }

    fn start(&self) -> Client {
        let mut command = self.command();
        let script = self.script();
        command.env(
            "RUMMY_MODEL_instant",
            format!("replay/{}", script.display()),
        );
        Client::start(command).unwrap()
    }

    fn script(&self) -> std::path::PathBuf {
        self.path().join("script.jsonl")
    }

    fn initialize(&self) -> Value {
        let folder = self.path().join("project");
        json!({
            "processId": std::process::id(),
            "capabilities": {},
            "workspaceFolders": [{"uri": format!("file://{}", folder.display()), "name": "project"}],
            "initializationOptions": {"limits": {"maxTurns": 1000}},
        })
    }
}

async fn cold_start(table: &mut Table) {
    let place = Place::new();
    let mut times = Vec::new();
    let mut memory = Vec::new();
    for at in 0..=STARTS {
        let begun = Instant::now();
        let client = place.start();
        let _: Value = client.call("initialize", place.initialize()).await.unwrap();
        let took = begun.elapsed();
        if at > 0 {
            times.push(took);
            memory.extend(client.process().and_then(resident));
        }
        client.stop().await.unwrap();
    }
    times.sort();
    table.row(
        &format!("cold start to `initialize`, median of {STARTS}"),
        &milliseconds(times[STARTS / 2]),
    );
    memory.sort_unstable();
    if let Some(kilobytes) = memory.get(memory.len() / 2) {
        table.row(
            "resident memory after it",
            &format!("{:.1} MB", to_f64(*kilobytes) / 1024.0),
        );
    }
}

/// What a run took.
struct Run {
    turns: Vec<Duration>,
    bytes: usize,
    database: u64,
}

/// A run of so many turns with a model that answers at once; each turn writes one entry.
async fn turns(count: usize) -> Run {
    let place = Place::new();
    let mut script = String::new();
    for turn in 1..=count {
        let status = if turn == count { 200 } else { 144 };
        let answer = format!(
            "<set path=\"known://note/{turn}\">what was found out in turn {turn}</set>\n<update status=\"{status}\">turn {turn}</update>"
        );
        writeln!(script, "{}", json!({"answer": answer})).unwrap();
    }
    std::fs::write(place.script(), script).unwrap();
    let mut client = place.start();
    let _: Value = client.call("initialize", place.initialize()).await.unwrap();
    client.notify("initialized", json!({}));
    let mut last = Instant::now();
    let _: Value = client
        .call("rummy/act", json!({"prompt": "take notes", "run": "bench"}))
        .await
        .unwrap();
    let mut run = Run {
        turns: Vec::new(),
        bytes: 0,
        database: 0,
    };
    loop {
        let (method, params) = match client.next().await {
            Some(Incoming::Notification { method, params }) => (method, params),
            Some(_) => continue,
            None => panic!("the server ended within a run"),
        };
        run.bytes += method.len() + params.to_string().len();
        if method != "run/state" {
            continue;
        }
        if !params["telemetry"].is_null() {
            run.turns.push(last.elapsed());
            last = Instant::now();
        }
        match params["status"].as_u64() {
            Some(100 | 102) => {}
            Some(200) => break,
            other => panic!("the run ended with {other:?}: {params}"),
        }
    }
    client.stop().await.unwrap();
    run.database = std::fs::metadata(place.path().join("rummy.db"))
        .unwrap()
        .len();
    run
}

fn report(table: &mut Table, short: &Run, long: &Run) {
    for run in [short, long] {
        let count = run.turns.len();
        let mut sorted = run.turns.clone();
        sorted.sort();
        table.row(
            &format!("a turn, median of a run of {count}"),
            &milliseconds(sorted[count / 2]),
        );
        table.row(
            &format!("sent to the client in {count} turns"),
            &format!("{:.2} MB", to_f64(run.bytes as u64) / 1e6),
        );
        table.row(
            &format!("database after {count} turns"),
            &format!("{:.2} MB", to_f64(run.database) / 1e6),
        );
    }
    let sum = |turns: &[Duration]| turns.iter().sum::<Duration>().as_secs_f64();
    let ends = sum(&long.turns[long.turns.len() - 20..]) / sum(&long.turns[..20]);
    table.row(
        "the last 20 of 200 turns, of the first 20",
        &format!("{ends:.2} ×"),
    );
    let bytes = to_f64(long.bytes as u64) / to_f64(short.bytes as u64);
    table.row(
        "bytes sent in 200 turns, of those in 50",
        &format!("{bytes:.2} ×"),
    );
}

/// Resident kilobytes of a process, where the system tells.
fn resident(process: u32) -> Option<u64> {
    let Ok(status) = std::fs::read_to_string(format!("/proc/{process}/status")) else {
        return None;
    };
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().trim_end_matches(" kB").parse().unwrap())
}

fn milliseconds(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1000.0)
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn to_f64(number: u64) -> f64 {
    number as f64
}
