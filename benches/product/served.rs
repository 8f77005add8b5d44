//! What stands between a prompt and the request to the model's server, and between the last byte of its
//! answer and the first command: measured at a server of our own on this machine.

use std::time::{Duration, Instant};

use rummy_lsp::cli::client::{Client, Incoming};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use crate::place::Place;
use crate::table::{Limit, Table, median};

/// Entries in the run that is measured.
const ENTRIES: usize = 1000;

/// Prompts that are measured; one before them makes the entries.
const PROMPTS: usize = 20;

/// Milliseconds: what is aimed at is 10 and 2. A busy machine takes a few times that.
const BEFORE: Limit = Limit::AtMost(50.0);
const BEHIND: Limit = Limit::AtMost(20.0);

/// When a request had come, and when the last byte of its answer had gone.
struct Seen {
    came: Instant,
    answered: Instant,
}

pub async fn rows(table: &mut Table) {
    let (before, _) = measured(ENTRIES).await;
    let (_, behind) = measured(1).await;
    let what = format!("`act` to the request, median, {ENTRIES} entries");
    table.time(&what, median(&before), BEFORE);
    let what = "last byte to the first command told, median";
    table.time(what, median(&behind), BEHIND);
}

/// The times before the requests and behind the answers of a run with so many entries.
async fn measured(entries: usize) -> (Vec<Duration>, Vec<Duration>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (told, mut seen) = mpsc::unbounded_channel();
    let server = tokio::spawn(serve(listener, entries, told));
    let place = Place::new("");
    let mut command = place.command();
    command
        .env("RUMMY_MODEL_served", "openai/m")
        .env("RUMMY_CONTEXT_served", "10000000")
        .env("OPENAI_BASE_URL", url)
        .env("RUMMY_MAX_COMMANDS", "2000");
    let mut client = Client::start(command).unwrap();
    let _: Value = client.call("initialize", place.initialize()).await.unwrap();
    client.notify("initialized", json!({}));
    let (mut before, mut behind) = (Vec::new(), Vec::new());
    for prompt in 0..=PROMPTS {
        let acted = Instant::now();
        let params = json!({"prompt": "take notes", "run": "bench", "model": "served"});
        let _: Value = client.call("rummy/act", params).await.unwrap();
        let told = states(&mut client).await;
        let seen = seen.recv().await.unwrap();
        let first = told.into_iter().find(|told| *told > seen.answered);
        if prompt > 0 {
            before.push(seen.came - acted);
            behind.push(first.unwrap() - seen.answered);
        }
    }
    client.stop().await.unwrap();
    server.abort();
    (before, behind)
}

/// Waits for the end of the loop; when its state was told. Between the answer and the first command
/// that is carried out nothing is told of it.
async fn states(client: &mut Client) -> Vec<Instant> {
    let mut told = Vec::new();
    loop {
        let Some(incoming) = client.next().await else {
            panic!("the server ended within a run");
        };
        let now = Instant::now();
        let Incoming::Notification { method, params } = incoming else {
            continue;
        };
        if method != "run/state" {
            continue;
        }
        told.push(now);
        match params["status"].as_u64() {
            Some(100 | 102) => {}
            Some(200) => return told,
            other => panic!("the run ended with {other:?}: {params}"),
        }
    }
}

async fn serve(listener: TcpListener, entries: usize, told: mpsc::UnboundedSender<Seen>) {
    for prompt in 0.. {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        read(&mut stream).await;
        let came = Instant::now();
        let head =
            "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
        let event = json!({"choices": [{"delta": {"content": answer(prompt, entries)}}]});
        stream
            .write_all(format!("{head}data: {event}\n\n").as_bytes())
            .await
            .unwrap();
        stream.flush().await.unwrap();
        let end = json!({"choices": [{"delta": {}, "finish_reason": "stop"}]});
        stream
            .write_all(format!("data: {end}\n\ndata: [DONE]\n\n").as_bytes())
            .await
            .unwrap();
        let answered = Instant::now();
        if told.send(Seen { came, answered }).is_err() {
            return;
        }
    }
}

/// The first answer makes the entries, the others a note each.
fn answer(prompt: usize, entries: usize) -> String {
    let numbers = match prompt {
        0 => 0..entries,
        _ => entries + prompt..entries + prompt + 1,
    };
    let note = |n| format!("<set path=\"known://note/{n}\">what was found out: {n}</set>\n");
    let mut text = numbers.map(note).collect::<Vec<_>>().concat();
    text.push_str("<update status=\"200\">noted</update>");
    text
}

/// Reads a request to its end.
async fn read(stream: &mut TcpStream) {
    let mut received = Vec::new();
    let mut part = vec![0; 1 << 16];
    loop {
        let length = stream.read(&mut part).await.unwrap();
        received.extend_from_slice(&part[..length]);
        let text = String::from_utf8_lossy(&received[..received.len().min(4096)]).into_owned();
        let Some((head, _)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let body = head
            .to_ascii_lowercase()
            .lines()
            .find_map(|line| line.strip_prefix("content-length: ").map(str::to_owned))
            .map_or(0, |length| length.parse().unwrap());
        if received.len() >= head.len() + 4 + body {
            return;
        }
    }
}
