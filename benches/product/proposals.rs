//! What many pending proposals cost an editor: asking for code actions and lenses, and typing.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use rummy_lsp::cli::client::Client;
use rummy_lsp::entries::TextChange;
use rummy_lsp::entries::proposal::rebase::place;
use serde_json::{Value, json};

use crate::place::{Place, notification};
use crate::table::{Limit, Table, median};

/// Files with proposals, and the hunks of each.
const FILES: usize = 100;
const HUNKS: usize = 10;

/// Requests that are measured, and keystrokes.
const ASKED: usize = 500;
const KEYS: usize = 60;

/// The file that is typed in.
const LINES: usize = 10_000;
const LARGE_HUNKS: usize = 50;

/// Milliseconds: what is aimed at is 5, 2 and 10. A busy machine takes a few times that.
const ANSWER: Limit = Limit::AtMost(25.0);
const KEY: Limit = Limit::AtMost(10.0);
const REBASE: Limit = Limit::AtMost(30.0);

/// A text of so many lines, each another one.
fn text(lines: usize) -> String {
    let mut text = String::new();
    for line in 0..lines {
        writeln!(
            text,
            "let line_{line} = compute({line}, \"of the sample\");"
        )
        .unwrap();
    }
    text
}

/// What a model writes to change so many lines of a file, here and there.
fn edit(path: &str, lines: usize, hunks: usize) -> String {
    let mut edit = format!("<set path=\"{path}\">\n");
    for hunk in 0..hunks {
        let line = hunk * (lines / hunks);
        let old = format!("let line_{line} = compute({line}, \"of the sample\");");
        writeln!(
            edit,
            "<<<<<<< SEARCH\n{old}\n=======\n{old} // seen\n>>>>>>> REPLACE"
        )
        .unwrap();
    }
    edit + "</set>\n"
}

/// A server that has this proposed for the files, which are open.
async fn proposing(files: &[(String, usize, usize)]) -> (Place, Client) {
    let edits: String = files
        .iter()
        .map(|(path, lines, hunks)| edit(path, *lines, *hunks))
        .collect();
    let answer = edits + "<update status=\"200\">done</update>";
    let place = Place::new(&json!({"answer": answer}).to_string());
    for (path, lines, _) in files {
        place.write(path, &text(*lines));
    }
    let mut command = place.command();
    command.env("RUMMY_MAX_COMMANDS", "2000");
    let mut client = Client::start(command).unwrap();
    let _: Value = client.call("initialize", place.initialize()).await.unwrap();
    client.notify("initialized", json!({}));
    for (path, lines, _) in files {
        let document = json!({"uri": place.uri(path), "languageId": "rust", "version": 1,
                              "text": text(*lines)});
        client.notify("textDocument/didOpen", json!({"textDocument": document}));
    }
    let act = json!({"prompt": "mark the lines", "run": "bench"});
    let _: Value = client.call("rummy/act", act).await.unwrap();
    proposals(&mut client, files.len()).await;
    (place, client)
}

/// Waits until so many proposals are told.
async fn proposals(client: &mut Client, count: usize) {
    loop {
        let (method, params) = notification(client).await;
        let told = params["proposals"].as_array().map_or(0, Vec::len);
        if method == "run/proposal" && told == count {
            return;
        }
    }
}

pub async fn asking(table: &mut Table) {
    let files: Vec<(String, usize, usize)> = (0..FILES)
        .map(|n| (format!("src/many{n}.rs"), 200, HUNKS))
        .collect();
    let (place, client) = proposing(&files).await;
    let mut taken = [Vec::new(), Vec::new()];
    for at in 0..ASKED {
        let document = json!({"uri": place.uri(&files[at % FILES].0)});
        let line = (at % HUNKS) * (200 / HUNKS);
        let range =
            json!({"start": {"line": line, "character": 0}, "end": {"line": line, "character": 0}});
        let context = json!({"diagnostics": []});
        let asked = [
            (
                "textDocument/codeAction",
                json!({"textDocument": document, "range": range, "context": context}),
            ),
            ("textDocument/codeLens", json!({"textDocument": document})),
        ];
        for ((method, params), taken) in asked.into_iter().zip(&mut taken) {
            let begun = Instant::now();
            let answer: Value = client.call(method, params).await.unwrap();
            taken.push(begun.elapsed());
            assert!(
                !answer.as_array().unwrap().is_empty(),
                "{method} found nothing"
            );
        }
    }
    for (what, mut taken) in ["codeAction", "codeLens"].into_iter().zip(taken) {
        taken.sort();
        let what = format!("{what} on one of {FILES} files with {HUNKS} hunks each, p99");
        table.time(&what, taken[ASKED * 99 / 100], ANSWER);
    }
    client.stop().await.unwrap();
}

pub async fn typing(table: &mut Table) {
    let file = ("src/large.rs".to_owned(), LINES, LARGE_HUNKS);
    let (place, mut client) = proposing(std::slice::from_ref(&file)).await;
    let process = client.process().unwrap();
    let before = on_cpu(process);
    for key in 0..KEYS {
        // A line break at the top moves all hunks: each is told anew.
        let start = json!({"line": 0, "character": 0});
        let change = json!({
            "textDocument": {"uri": place.uri(&file.0), "version": key + 2},
            "contentChanges": [{"range": {"start": start, "end": start}, "text": "\n"}],
        });
        client.notify("textDocument/didChange", change);
        proposals(&mut client, 1).await;
    }
    let each = on_cpu(process).saturating_sub(before) / u32::try_from(KEYS).unwrap();
    let what = format!("a keystroke in {LINES} lines with {LARGE_HUNKS} hunks, time of the server");
    table.time(&what, each, KEY);
    client.stop().await.unwrap();
}

/// How long a process has run on a processor; zero where the system has no such record.
fn on_cpu(process: u32) -> Duration {
    let Ok(tasks) = std::fs::read_dir(format!("/proc/{process}/task")) else {
        return Duration::ZERO;
    };
    let of_task = |task: std::fs::DirEntry| -> Option<u64> {
        let Ok(record) = std::fs::read_to_string(task.path().join("schedstat")) else {
            return None; // it has ended since
        };
        Some(record.split(' ').next()?.parse().unwrap())
    };
    Duration::from_nanos(tasks.flatten().filter_map(of_task).sum())
}

pub fn rebasing(table: &mut Table) {
    let base = text(LINES);
    let every = |base: &str, step: usize, mark: &str| -> String {
        let marked = |(at, line): (usize, &str)| match at % step {
            0 => format!("{line}{mark}\n"),
            _ => format!("{line}\n"),
        };
        base.lines().enumerate().map(marked).collect()
    };
    let change = TextChange::between(Some(&base), &every(&base, LINES / LARGE_HUNKS, " // seen"));
    // The user has edited every 999th line, and put one at the top.
    let current = format!("// mine\n{}", every(&base, 999, " // mine"));
    let times: Vec<Duration> = (0..50)
        .map(|_| {
            let begun = Instant::now();
            let placed = place(&change, Some(&current));
            assert_eq!(placed.len(), LARGE_HUNKS);
            begun.elapsed()
        })
        .collect();
    let what = format!("placing {LARGE_HUNKS} hunks in {LINES} lines with ten edits, median");
    table.time(&what, median(&times), REBASE);
}
