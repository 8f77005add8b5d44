//! `kill -9` at the worst moment: what was acknowledged is there afterwards, and work goes on.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a helper that fails, fails the test"
)]

#[path = "crash/files.rs"]
mod files;
#[path = "support/lsp.rs"]
mod lsp;
#[path = "support/model_server.rs"]
mod model_server;
#[path = "support/numbers.rs"]
mod numbers;
#[path = "crash/storm.rs"]
mod storm;

use std::rc::Rc;

use lsp::script::{APP, APP_FIXED, fix_app, set, update};
use lsp::{Sandbox, Session};
use model_server::{ModelServer, Reply};
use serde_json::{Value, json};

/// Kills a server and starts another one on what it left.
fn killed(mut session: Session, server: &ModelServer) -> Session {
    let sandbox: Rc<Sandbox> = Rc::clone(&session.sandbox);
    session.kill();
    drop(session);
    Session::builder()
        .sandbox(&sandbox)
        .model_at(&server.url())
        .start()
}

/// A session whose run `plan` is killed while the model answers its second turn, and the entries
/// that the run had by then.
fn killed_in_a_turn(server: &ModelServer, pieces: usize) -> (Session, Vec<Value>) {
    let mut session = Session::builder().model_at(&server.url()).start();
    session.act("plan", "make a plan");
    server.wait_for_requests(2);
    if pieces > 0 {
        session.wait_for("run/text", |text| text["turn"] == 2);
    }
    let mine = json!({"run": "plan", "path": "known://mine", "body": "a word of the user's\n"});
    assert_eq!(session.ask("rummy/set", mine), json!({"ok": true}));
    let before = session.entries("plan");
    (killed(session, server), before)
}

fn planning(pieces: usize) -> ModelServer {
    let plan = set("known://plan", "First this, then that.\n") + &update(145, "Wrote a plan");
    let second = set("known://never", "never\n") + &update(200, "Never");
    ModelServer::start(vec![
        Reply::text(plan),
        Reply::text(second).gate_after(pieces),
        Reply::text(update(200, "Done after all")),
    ])
}

#[test]
fn a_run_that_is_killed_in_a_turn_is_interrupted_and_keeps_what_was_acknowledged() {
    for pieces in [0, 3] {
        let server = planning(pieces);
        let (mut session, before) = killed_in_a_turn(&server, pieces);
        let runs = session.ask("rummy/getRuns", json!({}));
        assert_eq!(
            (&runs[0]["run"], &runs[0]["status"]),
            (&json!("plan"), &json!(499))
        );
        assert_eq!(session.status("plan"), 499);

        let after = session.entries("plan");
        let mirror = after.iter().find(|entry| entry["path"] == "run://plan");
        let mirror = mirror.expect("the run's own entry is there");
        let ended = (&mirror["state"], &mirror["outcome"]);
        assert_eq!(ended, (&json!("cancelled"), &json!("interrupted")));
        let paths: Vec<&Value> = before.iter().map(|entry| &entry["path"]).collect();
        for path in ["known://plan", "known://mine", "prompt://1"] {
            assert!(
                paths.contains(&&json!(path)),
                "{path} is not among {paths:?}"
            );
        }
        for entry in before.iter().filter(|entry| entry["path"] != "run://plan") {
            assert!(after.contains(entry), "{entry} is not among {after:?}");
        }
        assert_eq!(server.requests().len(), 2, "nothing is run again by itself");
    }
}

#[test]
fn a_run_that_was_killed_goes_on_with_a_new_prompt() {
    let server = planning(0);
    let (mut session, _) = killed_in_a_turn(&server, 0);
    session.act("plan", "go on, please");
    assert_eq!(
        session.wait_for_status("plan", 200)["summary"],
        "Done after all"
    );
    let told = server.requests()[2].to_string();
    for part in [
        "go on, please",
        "First this, then that.",
        "a word of the user's",
    ] {
        assert!(
            told.contains(part),
            "the model was not told `{part}`: {told}"
        );
    }
}

#[test]
fn a_prompt_that_was_acknowledged_is_there_however_soon_the_server_is_killed() {
    let server = ModelServer::start(vec![Reply::text("never").gate().repeat()]);
    let mut session = Session::builder().model_at(&server.url()).start();
    session.act("quick", "quick, a word");
    let mut session = killed(session, &server);
    let run = session.ask("rummy/getRun", json!({"run": "quick"}));
    let kept = (&run["status"], &run["lastUserPrompt"]);
    assert_eq!(kept, (&json!(499), &json!("quick, a word")));
}

#[test]
fn a_pending_proposal_outlives_a_kill_and_can_be_accepted_in_the_editor() {
    let server = ModelServer::start(vec![Reply::text(fix_app())]);
    let (mut session, proposal) = proposed_and_killed(&server);
    assert_eq!(session.wait_for_proposals("fix", 1)[0], proposal);
    session.open("src/app.rs");
    session.wait_for_diagnostics("src/app.rs", 1);
    session.replace("src/app.rs", "fn main", "// mine\nfn main");
    let path = &proposal["path"];
    let accepted = session.accept("fix", path);
    assert_eq!(accepted, Ok(json!({"accepted": [path], "failed": []})));
    assert_eq!(session.text("src/app.rs"), format!("// mine\n{APP_FIXED}"));
    session.wait_for_proposals("fix", 0);
    session.wait_for_diagnostics("src/app.rs", 0);
    assert_eq!(session.status("fix"), 499, "an acceptance restarts nothing");
    session.ignore(&["workspace/applyEdit"]);
}

#[test]
fn a_new_prompt_takes_what_was_left_pending_off_the_screen_before_the_model_answers() {
    let again = Reply::text(update(200, "Done without it")).gate();
    let server = ModelServer::start(vec![Reply::text(fix_app()), again]);
    let (mut session, _) = proposed_and_killed(&server);
    session.wait_for_proposals("fix", 1);
    session.act("fix", "something else");
    server.wait_for_requests(2);
    session.wait_for_proposals("fix", 0);
    server.release();
    session.wait_for_status("fix", 200);
}

#[test]
fn a_pending_proposal_outlives_a_kill_and_can_be_accepted_on_the_disk() {
    let server = ModelServer::start(vec![Reply::text(fix_app())]);
    let (mut session, proposal) = proposed_and_killed(&server);
    let path = &proposal["path"];
    let accepted = session.accept("fix", path);
    assert_eq!(accepted, Ok(json!({"accepted": [path], "failed": []})));
    assert_eq!(
        session.sandbox.read("src/app.rs").as_deref(),
        Some(APP_FIXED)
    );
    session.wait_for_proposals("fix", 0);
}

fn proposed_and_killed(server: &ModelServer) -> (Session, Value) {
    let mut session = Session::builder()
        .file("src/app.rs", APP)
        .model_at(&server.url())
        .start();
    session.act("fix", "raise the retries");
    let proposal = session.wait_for_proposals("fix", 1).remove(0);
    (killed(session, server), proposal)
}
