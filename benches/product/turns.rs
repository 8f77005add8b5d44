//! What turns cost, with a model that answers at once: in long runs, in runs that know much, and in
//! many runs at a time.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use futures::future::join_all;
use rummy_lsp::cli::client::Client;
use serde_json::{Value, json};

use crate::place::{Place, notification};
use crate::table::{Limit, Table, median, to_f64};

/// Turns of the runs that are compared.
const SHORT: usize = 50;
const LONG: usize = 200;

/// Turns at either end of the long one whose times are compared.
const ENDS: usize = 20;

/// Entries of the runs that are compared, and their turns.
const KNOWN: [usize; 2] = [50, 5_000];
const KNOWING: usize = 40;

/// Runs at once, and the turns of each.
const RUNS: usize = 50;
const TURNS: usize = 20;

/// Milliseconds of a turn: what is aimed at is 4. A busy machine takes a few times that.
const TURN: Limit = Limit::AtMost(20.0);

/// What is aimed at is 300 turns a second.
const RATE: Limit = Limit::AtLeast(75.0);

/// How the last turns of a long run compare with the first.
const GROWTH: Limit = Limit::AtMost(1.3);

/// Bytes to the client: four times the turns, and what is told of them is no more than that.
const BYTES: Limit = Limit::AtMost(5.0);

/// A turn of a run that knows a hundred times as much.
const KNOWLEDGE: Limit = Limit::AtMost(2.0);

pub async fn long_runs(table: &mut Table) {
    let short = long_run(SHORT).await;
    let long = long_run(LONG).await;
    for run in [&short, &long] {
        let count = run.turns.len();
        let median = median(&run.turns);
        table.time(&format!("a turn, median of a run of {count}"), median, TURN);
        table.bytes(&format!("sent to the client in {count} turns"), run.bytes);
        table.bytes(&format!("database after {count} turns"), run.database);
    }
    // Medians: what comes and goes on a busy machine is left out.
    let (first, last) = (&long.turns[..ENDS], &long.turns[LONG - ENDS..]);
    table.ratio(
        &format!("the last {ENDS} of {LONG} turns, of the first {ENDS}"),
        median(last).as_secs_f64() / median(first).as_secs_f64(),
        GROWTH,
    );
    table.ratio(
        &format!("bytes sent in {LONG} turns, of those in {SHORT}"),
        to_f64(long.bytes) / to_f64(short.bytes),
        BYTES,
    );
}

/// What a run took.
struct Run {
    turns: Vec<Duration>,
    bytes: u64,
    database: u64,
}

async fn long_run(count: usize) -> Run {
    let place = Place::new(&script(count));
    let mut client = place.open().await;
    act(&client, "bench").await;
    let (turns, bytes) = followed(&mut client).await;
    client.stop().await.unwrap();
    let database = std::fs::metadata(place.database()).unwrap().len();
    Run {
        turns,
        bytes,
        database,
    }
}

/// So many answers, each of which writes one entry; the last one ends the run.
fn script(count: usize) -> String {
    let mut script = String::new();
    for turn in 1..=count {
        let status = if turn == count { 200 } else { 144 };
        let answer = format!(
            "<set path=\"known://note/{turn}\">what was found out in turn {turn}</set>\n<update status=\"{status}\">turn {turn}</update>"
        );
        writeln!(script, "{}", json!({"answer": answer})).unwrap();
    }
    script
}

async fn act(client: &Client, run: &str) {
    let params = json!({"prompt": "take notes", "run": run});
    let _: Value = client.call("rummy/act", params).await.unwrap();
}

/// Follows the only run that is at work to its end: what each turn took, and the bytes that came in.
async fn followed(client: &mut Client) -> (Vec<Duration>, u64) {
    let (mut turns, mut bytes) = (Vec::new(), 0);
    let mut last = Instant::now();
    loop {
        let (method, params) = notification(client).await;
        bytes += (method.len() + params.to_string().len()) as u64;
        if method != "run/state" {
            continue;
        }
        if !params["telemetry"].is_null() {
            turns.push(last.elapsed());
            last = Instant::now();
        }
        match params["status"].as_u64() {
            Some(100 | 102) => {}
            // Of the loop before, as long as this one has not begun.
            Some(200) if turns.is_empty() => {}
            Some(200) => return (turns, bytes),
            other => panic!("the run ended with {other:?}: {params}"),
        }
    }
}

/// Runs that know little and much.
pub async fn knowing_runs(table: &mut Table) {
    let mut times = KNOWN.map(|_| Duration::MAX);
    // In turn and twice, the better one counts: what else runs on the machine comes and goes.
    for _ in 0..2 {
        for (time, count) in times.iter_mut().zip(KNOWN) {
            *time = (*time).min(median(&knowing_run(count).await));
        }
    }
    for (time, count) in times.iter().zip(KNOWN) {
        let what = format!("a turn with {count} known entries");
        table.time(&what, *time, Limit::None);
    }
    table.ratio(
        &format!("{} known entries, of {}", KNOWN[1], KNOWN[0]),
        times[1].as_secs_f64() / times[0].as_secs_f64(),
        KNOWLEDGE,
    );
}

async fn knowing_run(known: usize) -> Vec<Duration> {
    let mut script = json!({"answer": "<update status=\"200\">ready</update>"}).to_string() + "\n";
    script += &self::script(KNOWING);
    let place = Place::new(&script);
    let mut client = place.open().await;
    act(&client, "bench").await;
    followed(&mut client).await;
    let writes = (0..known).map(|n| {
        let path = format!("known://topic{}/{n}", n % 97);
        let params = json!({"run": "bench", "path": path, "body": finding(n)});
        client.call::<Value>("rummy/set", params)
    });
    for written in join_all(writes).await {
        written.unwrap();
    }
    act(&client, "bench").await;
    let (turns, _) = followed(&mut client).await;
    client.stop().await.unwrap();
    assert_eq!(turns.len(), KNOWING);
    // The first one reads all that is known.
    turns[1..].to_vec()
}

/// A piece of knowledge, of 100 to 300 characters.
fn finding(n: usize) -> String {
    let words = 14 + n * 31 % 29;
    let words = (0..words).map(|word| format!("word{}", (n + word * 7) % 83));
    words.collect::<Vec<_>>().join(" ")
}

/// Many runs at once.
pub async fn many_runs(table: &mut Table) {
    let place = Place::new(&script(TURNS));
    let mut client = place.open().await;
    let begun = Instant::now();
    for run in 0..RUNS {
        act(&client, &format!("bench{run}")).await;
    }
    let mut ended = HashSet::new();
    while ended.len() < RUNS {
        let (method, params) = notification(&mut client).await;
        if method == "run/state" && params["status"] == 200 {
            ended.insert(params["run"].to_string());
        }
    }
    let rate = to_f64((RUNS * TURNS) as u64) / begun.elapsed().as_secs_f64();
    client.stop().await.unwrap();
    let what = format!("{RUNS} runs of {TURNS} turns at once");
    table.row(&what, rate, "turns/s", RATE);
}
