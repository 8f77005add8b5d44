//! Two servers on one database, as two windows of an editor have them.

use std::rc::Rc;

use serde_json::json;

use crate::fixture::{FILE, accepted, fixing};
use crate::lsp::Session;
use crate::lsp::script::{APP, APP_FIXED, update};
use crate::model_server::{ModelServer, Reply};

/// Two sessions, each with a server of its own, on the same workspace.
fn two(server: &ModelServer) -> (Session, Session) {
    let first = Session::builder()
        .file(FILE, APP)
        .model_at(&server.url())
        .start();
    let second = Session::builder()
        .sandbox(&Rc::clone(&first.sandbox))
        .model_at(&server.url())
        .start();
    (first, second)
}

#[test]
fn what_one_proposes_the_other_shows_and_can_accept() {
    let server = fixing();
    let (mut first, mut second) = two(&server);
    first.act("fix", "raise the retries");
    let proposals = first.wait_for_proposals("fix", 1);
    assert_eq!(second.wait_for_proposals("fix", 1), proposals);
    second.wait_for_status("fix", 202);

    let path = &proposals[0]["path"];
    assert_eq!(second.accept("fix", path), Ok(accepted(path)));
    assert_eq!(second.sandbox.read(FILE).as_deref(), Some(APP_FIXED));
    for session in [&mut first, &mut second] {
        session.wait_for_proposals("fix", 0);
        session.wait_for_status("fix", 200);
    }
}

#[test]
fn a_run_that_one_drives_is_busy_for_the_other_and_goes_on() {
    let reply = Reply::text(update(200, "Done")).gate();
    let server = ModelServer::start(vec![reply]);
    let (mut first, mut second) = two(&server);
    first.act("wait", "wait for me");
    server.wait_for_requests(1);
    let error = second.refused("rummy/act", json!({"run": "wait", "prompt": "me too"}));
    assert_eq!(
        (&error["code"], &error["data"]["kind"]),
        (&json!(423), &json!("busy"))
    );
    let error = second.refused("rummy/abort", json!({"run": "wait"}));
    assert_eq!(error["data"]["kind"], "busy");
    drop(second);
    assert_eq!(first.status("wait"), 102);
    server.release();
    first.wait_for_status("wait", 200);
}
