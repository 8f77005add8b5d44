//! Runs under everything at once: a model that answers well, badly, slowly or not at all, and users who
//! abort, inject, fork, rename, delete and decide whenever they like, in two windows on one database.
//! Whatever happens, every run comes to its end, and the store holds together.
//!
//! The choices follow from a seed. A failure prints it; `RUMMY_CHAOS_SEED` repeats it, as far as the
//! order of things in several processes can be repeated. `RUMMY_SLOW` tries more seeds.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a helper that fails, fails the test, and what it was about is printed"
)]

#[path = "chaos/checks.rs"]
mod checks;
#[path = "chaos/files.rs"]
mod files;
#[path = "support/lsp.rs"]
mod lsp;
#[path = "chaos/model.rs"]
mod model;
#[path = "support/model_server.rs"]
mod model_server;
#[path = "support/numbers.rs"]
mod numbers;
#[path = "chaos/run.rs"]
mod run;
#[path = "chaos/user.rs"]
mod user;

use std::path::Path;
use std::rc::Rc;
use std::thread;

use lsp::{Sandbox, Session};
use model::Notes;
use model_server::ModelServer;
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use user::User;

/// Windows, and runs of each.
const WINDOWS: usize = 2;
const RUNS: usize = 100;

/// Turns of a loop at most.
const TURNS: usize = 8;

/// Seeds of the normal test, and of the slow ones.
const SEEDS: (std::ops::Range<u64>, std::ops::Range<u64>) = (1..2, 1..21);

#[test]
fn whatever_happens_every_run_ends_and_the_store_holds_together() {
    let slow = std::env::var_os("RUMMY_SLOW").is_some();
    let seeds = match std::env::var("RUMMY_CHAOS_SEED") {
        Ok(seed) => vec![seed.parse().expect("RUMMY_CHAOS_SEED is a number")],
        Err(_) => if slow { SEEDS.1 } else { SEEDS.0 }.collect(),
    };
    for seed in seeds {
        // Shown where the test fails.
        println!("RUMMY_CHAOS_SEED={seed}");
        chaos(seed);
    }
}

fn chaos(seed: u64) {
    let notes = Notes::default();
    let server = {
        let notes = notes.clone();
        ModelServer::inventing(move |user| model::reply(seed, &notes, user))
    };
    let home = Sandbox::new(&[]);
    let database = home.home().join("rummy.db");
    thread::scope(|scope| {
        for window in 0..WINDOWS {
            let (server, database) = (&server, &database);
            let work = move || use_a_window(window, seed, server, database);
            scope.spawn(work);
        }
    });
    server.wait_until_idle();
    let store = open(&database);
    checks::database(&store);
    let noted = notes.lock();
    checks::claims(&noted);
    let kinds = noted.kinds.keys().copied().collect();
    assert_eq!(
        model::all_kinds(),
        kinds,
        "some kinds of answers were not tried"
    );
    #[cfg(target_os = "linux")]
    assert_eq!(
        checks::processes_on(&database),
        Vec::<String>::new(),
        "processes are left"
    );
    println!("{:?}, {:?}", checks::endings(&store), noted.kinds);
}

/// One editor on the database that all share, with a workspace of its own, from its start to its end.
fn use_a_window(window: usize, seed: u64, server: &ModelServer, database: &Path) {
    let sandbox = Rc::new(Sandbox::new(&[]));
    let builder = Session::builder()
        .sandbox(&sandbox)
        .env("RUMMY_DB_PATH", &database.display().to_string())
        .options(&serde_json::json!({"limits": {"maxTurns": TURNS}}))
        .model_at(&server.url());
    let session = files::with_files(builder).start();
    let mut user = User::new(session, window, seed, RUNS);
    let store = open(database);
    user.go_wild(&store);
    checks::states(&store, &user);
    user.leave_some_at_work();
    user.session.ask("shutdown", Value::Null);
    checks::prompts(&store, &user);
    user.session.exit();
    assert_eq!(user.session.exit_status().code(), Some(0));
}

/// The database, read beside the servers.
fn open(database: &Path) -> Connection {
    let store = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY);
    store.expect("the database opens")
}
