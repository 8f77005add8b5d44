//! How a session ends: in order, without a word, or with its client gone.

use std::process::{Command, Stdio};
use std::rc::Rc;

use serde_json::{Value, json};

use crate::lsp::script::{APP, fix_app, set, update};
use crate::lsp::{Sandbox, Session};
use crate::model_server::{ModelServer, Reply};

#[test]
fn exit_after_shutdown_ends_with_0() {
    // Dropping a session does just that, and looks at the code.
    drop(Session::builder().start());
}

#[test]
fn exit_without_shutdown_ends_with_1() {
    let mut session = Session::builder().start();
    session.exit();
    assert_eq!(session.exit_status().code(), Some(1));

    let mut session = Session::builder().spawn();
    session.exit();
    assert_eq!(session.exit_status().code(), Some(1));
}

#[test]
fn shutdown_takes_any_parameters_or_none() {
    for params in [",\"params\":null", ",\"params\":{}", ""] {
        let mut session = Session::builder().start();
        let body =
            format!("{{\"jsonrpc\":\"2.0\",\"id\":\"end\",\"method\":\"shutdown\"{params}}}");
        session.send_raw(format!("Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
        assert_eq!(
            session.wait_for("the answer to \"end\"", |_| true),
            Value::Null
        );
        session.exit();
        assert_eq!(session.exit_status().code(), Some(0), "{params}");
    }
}

#[test]
fn after_shutdown_requests_are_refused_and_exit_still_works() {
    let mut session = Session::builder().start();
    assert_eq!(session.ask("shutdown", Value::Null), Value::Null);
    for method in [
        "rummy/ping",
        "rummy/getRuns",
        "textDocument/codeLens",
        "shutdown",
    ] {
        assert_eq!(
            session.refused(method, json!({}))["code"],
            -32600,
            "{method}"
        );
    }
    session.exit();
    assert_eq!(session.exit_status().code(), Some(0));
}

#[test]
fn a_closed_stdin_ends_a_server_that_rests() {
    let mut session = Session::builder().start();
    session.close_stdin();
    assert!(session.exit_status().code().is_some(), "it was killed");

    let mut session = Session::builder().spawn();
    session.close_stdin();
    assert!(session.exit_status().code().is_some(), "it was killed");
}

#[test]
fn the_server_ends_with_the_client_whose_process_it_was_given() {
    let mut client = Command::new("cat")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("a process can be started");
    let mut session = Session::builder().process_id(client.id()).start();
    assert_eq!(session.ask("rummy/ping", json!({})), json!({}));
    client.kill().expect("it runs");
    client.wait().expect("it ran");
    assert!(session.exit_status().code().is_some(), "it was killed");
}

#[test]
fn a_closed_stdin_interrupts_an_active_run_and_loses_nothing_of_it() {
    ends_an_active_run(|session| {
        session.close_stdin();
        assert!(session.exit_status().code().is_some(), "it was killed");
    });
}

#[test]
fn a_signal_to_end_interrupts_an_active_run_and_loses_nothing_of_it() {
    ends_an_active_run(|session| {
        session.terminate();
        assert!(session.exit_status().code().is_some(), "it was killed");
    });
}

#[test]
fn shutdown_interrupts_an_active_run_and_loses_nothing_of_it() {
    // Dropping a session shuts it down.
    ends_an_active_run(|_| {});
}

fn ends_an_active_run(end: impl Fn(&mut Session)) {
    let note = set("known://plan", "First this, then that.\n") + &update(145, "Wrote a plan");
    let server = ModelServer::start(vec![Reply::text(note), Reply::text("too late").gate()]);
    let mut session = Session::builder().model_at(&server.url()).start();
    session.act("plan", "make a plan");
    server.wait_for_requests(2);
    let before = session.entries("plan");
    assert!(
        before.iter().any(|entry| entry["path"] == "known://plan"),
        "{before:?}"
    );
    let sandbox = Rc::clone(&session.sandbox);
    end(&mut session);
    drop(session);

    let mut session = again(&sandbox, &server);
    assert_eq!(session.status("plan"), 499);
    assert_eq!(
        run_mirror(&session.entries("plan")),
        [("cancelled", "interrupted")]
    );
    let after = session.entries("plan");
    for entry in before.iter().filter(|entry| entry["scheme"] != "run") {
        assert!(after.contains(entry), "{entry} is not among {after:?}");
    }
}

#[test]
fn shutdown_leaves_pending_proposals_pending() {
    let server = ModelServer::start(vec![Reply::text(fix_app())]);
    let mut session = Session::builder()
        .file("src/app.rs", APP)
        .model_at(&server.url())
        .start();
    session.act("fix", "raise the retries");
    let before = session.wait_for_proposals("fix", 1);
    let sandbox = Rc::clone(&session.sandbox);
    drop(session);

    let mut session = again(&sandbox, &server);
    assert_eq!(session.wait_for_proposals("fix", 1), before);
    assert_eq!(session.status("fix"), 499);
}

fn again(sandbox: &Rc<Sandbox>, server: &ModelServer) -> Session {
    Session::builder()
        .sandbox(sandbox)
        .model_at(&server.url())
        .start()
}

/// State and outcome of the entries that mirror a run: there is one.
fn run_mirror(entries: &[Value]) -> Vec<(&str, &str)> {
    entries
        .iter()
        .filter(|entry| entry["scheme"] == "run")
        .map(|entry| {
            let word = |name: &str| entry[name].as_str().unwrap_or("");
            (word("state"), word("outcome"))
        })
        .collect()
}
