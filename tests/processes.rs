//! Several servers on one database, as windows of several editors have them: they write side by
//! side, and a run is driven by one of them.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a helper that fails, fails the test"
)]

#[path = "support/lsp.rs"]
mod lsp;
#[path = "support/model_server.rs"]
mod model_server;

use std::rc::Rc;

use lsp::script::{set, update};
use lsp::{Answer, RequestId, Sandbox, Session, list};
use model_server::{ModelServer, Reply};
use rusqlite::Connection;
use serde_json::{Value, json};

/// Servers that write side by side, what each writes, and how much of it is under way at a time.
const WRITERS: usize = 4;
const WRITES: usize = 2000;
const UNDER_WAY: usize = 50;

/// Runs that two servers start at the same moment.
const RACES: usize = 20;

fn session(sandbox: &Rc<Sandbox>, server: &ModelServer) -> Session {
    Session::builder()
        .sandbox(sandbox)
        .model_at(&server.url())
        .start()
}

fn two(server: &ModelServer) -> (Session, Session) {
    let sandbox = Rc::new(Sandbox::new(&[]));
    (session(&sandbox, server), session(&sandbox, server))
}

/// The database, read beside the servers.
fn database(sandbox: &Sandbox) -> Connection {
    Connection::open(sandbox.home().join("rummy.db")).expect("the database opens")
}

/// What an answer is refused as.
fn kind(answer: &Answer) -> Option<&Value> {
    let error = answer.as_ref().err()?;
    Some(&error["data"]["kind"])
}

#[test]
fn servers_that_write_at_once_lose_nothing_and_refuse_nothing() {
    let done = Reply::text(update(200, "Ready")).repeat();
    let server = ModelServer::start(vec![done]);
    let sandbox = Rc::new(Sandbox::new(&[]));
    let mut writers: Vec<Session> = (0..WRITERS).map(|_| session(&sandbox, &server)).collect();
    let mut reader = session(&sandbox, &server);
    for (at, writer) in writers.iter_mut().enumerate() {
        writer.act(&format!("run{at}"), "be there");
        writer.wait_for_status(&format!("run{at}"), 200);
    }
    for batch in 0..WRITES / UNDER_WAY {
        let mut asked: Vec<(usize, RequestId)> = Vec::new();
        for n in 0..UNDER_WAY {
            for (at, writer) in writers.iter_mut().enumerate() {
                let path = format!("known://note/{:04}", batch * UNDER_WAY + n);
                let body = format!("{path} of {at}\n").repeat(10);
                let write = json!({"run": format!("run{at}"), "path": path, "body": body});
                asked.push((at, writer.send("rummy/set", write)));
            }
        }
        let params =
            json!({"run": format!("run{}", batch % WRITERS), "pattern": "known://note/**"});
        let seen = list(&reader.ask("rummy/getEntries", params)).len();
        assert!(seen >= batch * UNDER_WAY, "{seen} entries in batch {batch}");
        for (at, id) in asked {
            assert_eq!(writers[at].answer(id), Ok(json!({"ok": true})));
        }
    }
    for at in 0..WRITERS {
        let run = format!("run{at}");
        let params = json!({"run": run, "pattern": "known://note/**"});
        let entries = reader.ask("rummy/getEntries", params);
        assert_eq!(list(&entries).len(), WRITES, "entries of {run}");
    }
    reader.ignore(&["run/proposal"]);
}

#[test]
fn whatever_changes_a_run_is_busy_while_another_server_drives_it() {
    let server = ModelServer::start(vec![Reply::text(update(200, "Done")).gate()]);
    let (mut driver, mut other) = two(&server);
    driver.act("wait", "wait for me");
    server.wait_for_requests(1);
    let run = "run://wait";
    for (method, params) in [
        ("act", json!({"run": "wait", "prompt": "me too"})),
        ("ask", json!({"run": "wait", "prompt": "me too"})),
        (
            "inject",
            json!({"run": "wait", "prompt": "a word", "mode": "act"}),
        ),
        ("rename", json!({"run": "wait", "name": "hurry"})),
        ("config", json!({"run": "wait", "temperature": 0.5})),
        ("abort", json!({"run": "wait"})),
        ("deleteRun", json!({"run": "wait"})),
        (
            "set",
            json!({"path": run, "body": "me too", "attributes": {"mode": "act"}}),
        ),
        ("set", json!({"path": run, "state": "cancelled"})),
        (
            "set",
            json!({"path": run, "attributes": {"temperature": 0.5}}),
        ),
        (
            "mv",
            json!({"run": "wait", "from": run, "to": "run://hurry"}),
        ),
    ] {
        let error = other.refused(&format!("rummy/{method}"), params.clone());
        assert_eq!(
            (&error["code"], &error["data"]["kind"]),
            (&json!(423), &json!("busy")),
            "{method} {params}"
        );
    }
    assert_eq!(other.status("wait"), 102);
    server.release();
    driver.wait_for_status("wait", 200);
    assert_eq!(other.status("wait"), 200);
}

#[test]
fn a_run_whose_driver_was_killed_is_interrupted_without_anybodys_asking() {
    let server = ModelServer::start(vec![Reply::text("never").gate()]);
    let (mut driver, mut other) = two(&server);
    driver.act("wait", "wait for me");
    server.wait_for_requests(1);
    other.wait_for_status("wait", 102);
    driver.kill();
    other.wait_for_status("wait", 499);
    assert_eq!(
        other.ask("rummy/getRun", json!({"run": "wait"}))["lastUserPrompt"],
        "wait for me"
    );
}

#[test]
fn a_run_whose_driver_was_killed_takes_a_new_prompt_at_once() {
    let server = ModelServer::start(vec![
        Reply::text("never").gate(),
        Reply::text(update(200, "Done after all")),
    ]);
    let (mut driver, mut other) = two(&server);
    driver.act("wait", "wait for me");
    server.wait_for_requests(1);
    driver.kill();
    other.act("wait", "go on, please");
    let ended = other.wait_for_status("wait", 200);
    assert_eq!(ended["summary"], "Done after all");
    let loops: Vec<(u16, Option<String>)> = database(&other.sandbox)
        .prepare("SELECT status, outcome FROM loops ORDER BY sequence")
        .expect("there are loops")
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .expect("they can be read")
        .map(|row| row.expect("they can be read"))
        .collect();
    assert_eq!(loops, [(499, Some("interrupted".to_owned())), (200, None)]);
}

/// A run that was taken over from a server that stood still: the model has its answer to the new
/// driver's prompt ready, and the old driver goes on again.
fn taken_over(server: &ModelServer, answered_meanwhile: bool) -> (Session, Session) {
    let (mut old, mut new) = two(server);
    old.act("wait", "wait for me");
    server.wait_for_requests(1);
    old.pause();
    if answered_meanwhile {
        server.release();
    }
    let busy = new.request("rummy/act", json!({"run": "wait", "prompt": "go on"}));
    assert_eq!(kind(&busy), Some(&json!("busy")));
    // What 15 s of silence do.
    database(&new.sandbox)
        .execute("UPDATE leases SET heartbeat_at = 0", [])
        .expect("there is a lease");
    new.act("wait", "go on");
    server.wait_for_requests(2);
    old.resume();
    (old, new)
}

#[test]
fn a_driver_that_stood_still_too_long_does_not_write_to_the_run_any_more() {
    for answered_meanwhile in [false, true] {
        let stale = set("known://stale", "Of the old driver.\n") + &update(200, "Stale");
        let fresh = set("known://fresh", "Of the new driver.\n") + &update(200, "Fresh");
        let server = ModelServer::start(vec![
            Reply::text(stale).gate(),
            Reply::text(fresh).gate(),
            Reply::text(update(200, "Again")),
        ]);
        let (mut old, mut new) = taken_over(&server, answered_meanwhile);
        if !answered_meanwhile {
            server.wait_for_hang_ups(1);
        }
        // The loop that the old driver had is over, and the run is the other's.
        old.wait_for_status("wait", 499);
        assert_eq!(old.status("wait"), 102);
        let busy = old.request("rummy/act", json!({"run": "wait", "prompt": "mine"}));
        assert_eq!(kind(&busy), Some(&json!("busy")));

        server.release();
        for session in [&mut new, &mut old] {
            let ended = session.wait_for_status("wait", 200);
            assert_eq!(ended["summary"], "Fresh");
        }
        let paths = known(&mut new);
        assert_eq!(paths, ["known://fresh"], "answered: {answered_meanwhile}");

        old.act("wait", "once more");
        assert_eq!(old.wait_for_status("wait", 200)["summary"], "Again");
        let told = server.requests()[2].to_string();
        assert!(!told.contains("Stale"), "the model was told {told}");
    }
}

/// The paths of the run's knowledge.
fn known(session: &mut Session) -> Vec<Value> {
    let params = json!({"run": "wait", "pattern": "known://**"});
    let entries = session.ask("rummy/getEntries", params);
    let paths = list(&entries).iter().map(|entry| entry["path"].clone());
    paths.collect()
}

#[test]
fn of_two_servers_that_start_a_run_of_one_name_at_once_one_does() {
    let server = ModelServer::start(vec![Reply::text("never").gate().repeat()]);
    let (mut first, mut second) = two(&server);
    for race in 0..RACES {
        let run = format!("race{race}");
        let start = json!({"run": run, "prompt": "first come, first served"});
        let asked = [&mut first, &mut second].map(|s| s.send("rummy/act", start.clone()));
        let answers = [first.answer(asked[0]), second.answer(asked[1])];
        let started: Vec<&Value> = answers.iter().flatten().collect();
        assert_eq!(
            started,
            [&json!({"run": run, "status": 100})],
            "{answers:?}"
        );
        let refused: Vec<&Value> = answers.iter().filter_map(kind).collect();
        assert_eq!(refused, [&json!("busy")], "{answers:?}");
        server.wait_for_requests(race + 1);
    }
    assert_eq!(server.requests().len(), RACES);
}
