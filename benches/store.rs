//! What the store costs, as the rest of the program has it: whole transactions through [`Store`], for
//! runs of three sizes. `tests/bench` runs it and prints the table; with `--check` it fails where
//! what concerns few entries costs more the more entries there are, or where the database of a long
//! run grows too large. Sizes are measured in turn, so that a busy machine weighs on all alike.

#![expect(
    clippy::cast_precision_loss,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark that cannot run has nothing to say, and prints what it measured"
)]

use std::fmt::Write as _;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use futures::future::join_all;
use rummy_lsp::dialect::{BodyFilter, PathPattern};
use rummy_lsp::entries::{
    EntryPath, LoopId, Mode, RunId, RunStatus, Scheme, State, TurnNumber, Visibility, Writer,
};
use rummy_lsp::store::contents::Kept;
use rummy_lsp::store::entries::{self, Query, Write};
use rummy_lsp::store::loops::{self, LoopConfig, NewLoop};
use rummy_lsp::store::runs::{self, NewRun, Settings};
use rummy_lsp::store::turns::{self, Figures};
use rummy_lsp::store::{Store, StoreError, Tx, projects};
use tempfile::TempDir;

/// Entries of a run.
const SIZES: [usize; 3] = [1_000, 10_000, 100_000];

/// Entries of it under `known://auth/`, and those that the model sees. The rest is archived.
const UNDER_AUTH: usize = 50;
const SEEN: usize = 1_000;

/// Entries that are written at once to fill a run.
const BATCH: usize = 5_000;

/// Repetitions of what concerns one entry. Few beside the entries of the smallest run.
const POINTS: usize = 301;

/// Writes that are asked for before the first is done.
const AT_ONCE: usize = 10;

/// What concerns few entries may cost this much more in the largest run than in the smallest.
const LIMIT: f64 = 2.0;

/// What it may cost more in any case: as much as a busy machine adds when work goes from one thread to
/// another. What goes through a whole run costs a hundred times as much.
const HANDOVER: Duration = Duration::from_micros(20);

/// And a packet this much more: its entries lie each on a page of its own there, which is far from
/// going through them all.
const SCATTERED: f64 = 10.0;

/// A long run: its turns, the characters of its packets and answers, and the bytes that its
/// database may have.
const TURNS: u32 = 200;
const PACKET: usize = 20_000;
const ANSWER: usize = 2_000;
const DATABASE: u64 = 6_000_000;

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let failures = runtime.block_on(async {
        let mut table = Table::default();
        operations(&mut table).await;
        long_run(&mut table).await;
        print!("{}", table.text);
        table.failures
    });
    let checks = std::env::args().any(|argument| argument == "--check");
    for failure in &failures {
        println!("over its limit: {failure}");
    }
    ExitCode::from(u8::from(checks && !failures.is_empty()))
}

#[derive(Default)]
struct Table {
    text: String,
    failures: Vec<String>,
}

impl Table {
    fn row(&mut self, what: &str, figures: &[String]) {
        write!(self.text, "{what:<40}").unwrap();
        for figure in figures {
            write!(self.text, " {figure:>11}").unwrap();
        }
        self.text.push('\n');
    }

    /// The medians for the sizes, and how much more the largest took than the smallest.
    fn measured(&mut self, what: &str, times: &[Times], limit: Option<f64>) {
        let (least, most) = (times[0].quiet, times[SIZES.len() - 1].quiet);
        let ratio = most.as_secs_f64() / least.as_secs_f64();
        let mut figures: Vec<String> = times.iter().map(|times| shown(times.median)).collect();
        figures.push(format!("{ratio:.2} ×"));
        self.row(what, &figures);
        if limit.is_some_and(|limit| most > least.mul_f64(limit) + HANDOVER) {
            self.failures.push(format!("{what}: {ratio:.2} ×"));
        }
    }
}

/// What an operation took: the median, and what a quarter of its repetitions did not exceed, which
/// a busy machine moves less.
struct Times {
    median: Duration,
    quiet: Duration,
}

impl Times {
    fn of(mut times: Vec<Duration>) -> Self {
        times.sort();
        Self {
            median: times[times.len() / 2],
            quiet: times[times.len() / 4],
        }
    }

    /// What one of so many operations took, where all were measured together.
    fn each(self, operations: usize) -> Self {
        let share = |time: Duration| time.div_f64(operations as f64);
        Self {
            median: share(self.median),
            quiet: share(self.quiet),
        }
    }
}

fn shown(time: Duration) -> String {
    let micros = time.as_secs_f64() * 1e6;
    if micros < 1000.0 {
        format!("{micros:.0} µs")
    } else {
        format!("{:.1} ms", micros / 1000.0)
    }
}

/// A store with one run.
struct Place {
    store: Store,
    run: RunId,
    size: usize,
    _folder: TempDir,
}

impl Place {
    async fn new(size: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("rummy.db")).await.unwrap();
        let run = store
            .write(|tx| {
                let run = new_run(tx, "bench")?;
                runs::create(tx, &run)
            })
            .await
            .unwrap();
        let place = Self {
            store,
            run,
            size,
            _folder: folder,
        };
        place.fill().await;
        place
    }

    async fn fill(&self) {
        let (run, size) = (self.run, self.size);
        for begin in (0..size).step_by(BATCH) {
            self.store
                .write(move |tx| {
                    for n in begin..size.min(begin + BATCH) {
                        let visibility = if n % (size / SEEN) == 0 {
                            Visibility::Visible
                        } else {
                            Visibility::Archived
                        };
                        let write = Write::body(path(n), &text(n, 200)).visibility(visibility);
                        entries::set(tx, run, Writer::Model, write)?;
                    }
                    Ok(())
                })
                .await
                .unwrap();
        }
        self.store.flush().await.unwrap();
    }
}

fn new_run(tx: &Tx<'_>, alias: &str) -> Result<NewRun, StoreError> {
    Ok(NewRun {
        project: projects::ensure(tx, "file:///bench", "/bench")?,
        alias: alias.parse().unwrap(),
        model: "bench".to_owned(),
        prompt: "measure".to_owned(),
        settings: Settings::default(),
    })
}

fn path(n: usize) -> EntryPath {
    let text = match n {
        n if n < UNDER_AUTH => format!("known://auth/{n}"),
        n => format!("known://topic{}/{n}", n % 97),
    };
    EntryPath::parse(&text).unwrap()
}

/// A text of words, so many characters and another for each seed. Words are as frequent as in prose:
/// the few common ones most of all.
fn text(seed: usize, chars: usize) -> String {
    let mut number = seed as u64 + 1;
    let mut text = String::with_capacity(chars + 20);
    while text.len() < chars {
        number = number
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let range = 1 << (number >> 60 & 7);
        let word = (number >> 33) % (range * 40);
        let letters = ["ka", "ro", "ti", "sel", "mun", "da", "we", "pli"];
        let mut rest = word + 1;
        while rest > 0 {
            text.push_str(letters[usize::try_from(rest % 8).unwrap()]);
            rest /= 8;
        }
        text.push(' ');
    }
    text.truncate(chars);
    text
}

/// What an operation takes in each place. It is given the number of its repetition.
async fn timed<F: Future<Output = ()>>(
    places: &[Place],
    repetitions: usize,
    operation: impl Fn(Store, RunId, usize) -> F,
) -> Vec<Times> {
    let mut times = vec![Vec::with_capacity(repetitions); places.len()];
    for repetition in 0..repetitions {
        for (place, times) in places.iter().zip(&mut times) {
            let store = place.store.clone();
            // The entries that are touched lie all over the run.
            let n = repetition * 7919 % place.size;
            let begun = Instant::now();
            operation(store, place.run, n).await;
            times.push(begun.elapsed());
        }
    }
    times.into_iter().map(Times::of).collect()
}

async fn operations(table: &mut Table) {
    let mut places = Vec::new();
    let mut filled = Vec::new();
    for size in SIZES {
        let begun = Instant::now();
        places.push(Place::new(size).await);
        filled.push(Times::of(vec![begun.elapsed()]));
    }
    let head: Vec<String> = SIZES.iter().map(ToString::to_string).collect();
    table.row("entries of a run, medians", &head);
    table.measured("filling the run", &filled, None);
    points(table, &places).await;
    lists(table, &places).await;
    whole_runs(table, &places).await;
}

/// Transactions that concern one entry.
async fn points(table: &mut Table, places: &[Place]) {
    let set = |store: Store, run, write| async move {
        store
            .write(move |tx| entries::set(tx, run, Writer::Model, write))
            .await
            .unwrap();
    };
    // Part of every row below: what the work itself takes is the rest.
    let times = timed(places, POINTS, |store, _, _| async move {
        store.read(|_| Ok(())).await.unwrap();
    })
    .await;
    table.measured("handing work to the store's thread and back", &times, None);
    let times = timed(places, POINTS, |store, run, n| {
        set(store, run, Write::body(path(n), &text(n + 1, 200)))
    })
    .await;
    table.measured("a write of a body", &times, Some(LIMIT));
    // Each in a transaction of its own, but the thread is woken once: what the store's work costs.
    let times = timed(places, POINTS, |store, run, n| async move {
        let writes = (0..AT_ONCE).map(|other| {
            let n = n - n % AT_ONCE + other;
            set(store.clone(), run, Write::body(path(n), &text(n + 2, 200)))
        });
        join_all(writes).await;
    })
    .await;
    let times: Vec<Times> = times.into_iter().map(|times| times.each(AT_ONCE)).collect();
    table.measured(
        "the same, of ten that are asked for at once",
        &times,
        Some(LIMIT),
    );

    let times = timed(places, POINTS, |store, run, n| {
        let new = EntryPath::parse(&format!("known://new{}/{n}", n % 7)).unwrap();
        let write = Write::body(new, &text(n, 200)).visibility(Visibility::Archived);
        set(store, run, write)
    })
    .await;
    table.measured("a write of a new entry", &times, Some(LIMIT));

    let times = timed(places, POINTS, |store, run, n| async move {
        let found = store
            .read(move |connection| entries::find(connection, run, &path(n)))
            .await
            .unwrap();
        assert!(found.is_some());
    })
    .await;
    table.measured("a read", &times, Some(LIMIT));

    let times = timed(places, POINTS, |store, run, n| {
        // Few entries, so that packets stay of one size.
        let shown = Write::to(path(n % UNDER_AUTH)).visibility(Visibility::Visible);
        set(store, run, shown)
    })
    .await;
    table.measured("a change of visibility", &times, Some(LIMIT));

    let turn = AtomicU32::new(1);
    let times = timed(places, POINTS, |store, run, n| {
        let turn = TurnNumber(turn.fetch_add(1, Ordering::Relaxed));
        let line = Write::body(EntryPath::log(turn, "set", "known://a"), &text(n, 200))
            .visibility(Visibility::Archived);
        async move {
            store
                .write(move |tx| entries::log(tx, run, line))
                .await
                .unwrap();
        }
    })
    .await;
    table.measured("a line of the log", &times, Some(LIMIT));
}

/// What reads some entries of a run, and what reads all.
async fn lists(table: &mut Table, places: &[Place]) {
    let listed = |query: &Query, expected: usize| {
        let query = query.clone();
        move |store: Store, run, _| {
            let query = query.clone();
            async move {
                let found = store
                    .read(move |connection| entries::list(connection, run, &query))
                    .await
                    .unwrap();
                assert_eq!(found.len(), expected);
            }
        }
    };
    let query = |pattern, filter: Option<&str>| {
        let filter = filter.map(|filter| BodyFilter::parse(filter).unwrap());
        Query::matching(PathPattern::parse(pattern).unwrap(), filter)
    };
    let auth = query("known://auth/**", None);
    let times = timed(places, 51, listed(&auth, UNDER_AUTH)).await;
    table.measured("`known://auth/**`: 50 entries", &times, Some(LIMIT));

    let times = timed(places, 51, |store, run, _| async move {
        let query = Query {
            limit: Some(100),
            ..Query::default()
        };
        let found = store
            .read(move |connection| entries::heads(connection, run, &query))
            .await
            .unwrap();
        assert_eq!(found.len(), 100);
    })
    .await;
    table.measured("the first 100 heads", &times, Some(LIMIT));

    let times = timed(places, 51, |store, run, _| async move {
        let found = store
            .read(move |connection| {
                entries::heads(connection, run, &Query::in_state(State::Streaming))
            })
            .await
            .unwrap();
        assert_eq!(found, []);
    })
    .await;
    table.measured("the open entries: none", &times, Some(LIMIT));

    packets(table, places).await;
    for (what, filter) in [
        ("a text", "no such words"),
        ("a regex", "/no such [wm]ords/"),
    ] {
        let everywhere = query("known://**", Some(filter));
        let times = timed(places, 5, listed(&everywhere, 0)).await;
        table.measured(&format!("all bodies searched for {what}"), &times, None);
    }
}

/// What a packet is made of.
async fn packets(table: &mut Table, places: &[Place]) {
    let times = timed(places, 51, |store, run, _| async move {
        let found = store
            .read(move |connection| entries::in_packet(connection, run, None))
            .await
            .unwrap();
        assert!(found.changed.len() >= SEEN);
    })
    .await;
    table.measured("a packet of 1,000 entries", &times, Some(SCATTERED));
}

/// What concerns a whole run.
async fn whole_runs(table: &mut Table, places: &[Place]) {
    let forks = AtomicU32::new(0);
    let times = timed(places, 3, |store, run, _| {
        let fork = forks.fetch_add(1, Ordering::Relaxed);
        async move {
            store
                .write(move |tx| {
                    let child = new_run(tx, &format!("fork{fork}"))?;
                    runs::fork(tx, run, &child)
                })
                .await
                .unwrap();
        }
    })
    .await;
    table.measured("a fork of the run", &times, None);
}

/// A run of many turns with a large packet each, stored as the loop stores it.
async fn long_run(table: &mut Table) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rummy.db");
    let store = Store::open(&file).await.unwrap();
    let (run, in_loop) = store.write(started).await.unwrap();
    let mut log = Vec::new();
    let mut times = Vec::new();
    let mut sent = None;
    for turn in 1..=TURNS {
        let answer = text(turn as usize, ANSWER);
        let packet = packet(turn, &log);
        log.push(format!(
            "* log://turn_{turn}/set/known:%2F%2F{turn} {}",
            &answer[..120]
        ));
        let begun = Instant::now();
        sent = store
            .write(move |tx| take_turn(tx, run, in_loop, &packet, &answer, sent.as_ref()).map(Some))
            .await
            .unwrap();
        times.push(begun.elapsed());
    }
    store.flush().await.unwrap();
    let median = shown(Times::of(times).median);
    table.row("storing a turn of a packet of 20 kB", &[median]);
    let bytes = std::fs::metadata(&file).unwrap().len();
    let size = format!("{:.2} MB", bytes as f64 / 1e6);
    if bytes > DATABASE {
        table
            .failures
            .push(format!("the database of {TURNS} turns: {size}"));
    }
    table.row(&format!("the database after {TURNS} such turns"), &[size]);
}

/// What a turn sends: instructions, the context, of which a part changes with each turn, and the
/// newest of the log.
struct Packet {
    system: String,
    user: String,
}

/// A packet that is kept: the next one is compared with it.
struct Sent {
    system: Kept,
    user: Kept,
}

fn packet(turn: u32, log: &[String]) -> Packet {
    let instructions = text(1, PACKET / 4);
    let context: Vec<String> = (0..10)
        .map(|file| {
            // One of ten files was changed since the last turn, in a line of it.
            let version = (turn as usize + 9 - file) / 10;
            let line = text(10_000 + file * 1000 + version, 100);
            format!("<file>\n{}\n{line}\n</file>", text(100 + file, PACKET / 30))
        })
        .collect();
    let system = format!("{instructions}\n{}", context.join("\n"));
    let mut user = String::new();
    for line in log.iter().rev() {
        if system.len() + user.len() + line.len() >= PACKET {
            break;
        }
        user = format!("{line}\n{user}");
    }
    Packet { system, user }
}

fn started(tx: &mut Tx<'_>) -> Result<(RunId, LoopId), StoreError> {
    let new = new_run(tx, "long")?;
    let run = runs::create(tx, &new)?;
    let prompt = NewLoop {
        mode: Mode::Act,
        model: "bench",
        prompt: "measure",
        config: &LoopConfig::default(),
        joins: false,
    };
    let in_loop = loops::enqueue(tx, run, &prompt)?;
    loops::claim(tx, run)?;
    runs::set_status(tx, run, RunStatus::Running, None)?;
    Ok((run, in_loop))
}

fn take_turn(
    tx: &mut Tx<'_>,
    run: RunId,
    in_loop: LoopId,
    packet: &Packet,
    answer: &str,
    before: Option<&Sent>,
) -> Result<Sent, StoreError> {
    let turn = turns::begin(tx, run, in_loop)?;
    turns::answered(tx, run, turn, &Figures::default())?;
    let at = (turn, in_loop);
    let system = packet.system.as_str().to_owned();
    let user = packet.user.as_str().to_owned();
    let kept = Sent {
        system: entries::audit(
            tx,
            run,
            Scheme::System,
            at,
            system,
            before.map(|b| &b.system),
        )?,
        user: entries::audit(tx, run, Scheme::User, at, user, before.map(|b| &b.user))?,
    };
    entries::audit(tx, run, Scheme::Assistant, at, answer.to_owned(), None)?;
    let known = EntryPath::parse(&format!("known://finding/{turn}")).map_err(StoreError::from)?;
    let (finding, summary) = (&answer[..800], &answer[..120]);
    entries::set(
        tx,
        run,
        Writer::Model,
        Write::body(known, finding).at(turn, in_loop),
    )?;
    for (action, target) in [
        ("set", "known://finding"),
        ("get", "src/app.rs"),
        ("update", summary),
    ] {
        let line = Write::body(EntryPath::log(turn, action, target), summary).at(turn, in_loop);
        entries::log(tx, run, line)?;
    }
    Ok(kept)
}
