//! `$/cancelRequest`, and work that goes on while something waits.

use serde_json::json;

use crate::lsp::script::{APP, APP_FIXED, fix_app};
use crate::lsp::{OnEdit, Session};
use crate::model_server::{ModelServer, Reply};

/// The request was cancelled by the client.
const CANCELLED: i64 = -32800;

#[test]
fn a_cancelled_accept_is_answered_and_nothing_is_accepted() {
    let server = ModelServer::start(vec![Reply::text(fix_app())]);
    let mut session = Session::builder()
        .file("src/app.rs", APP)
        .model_at(&server.url())
        .start();
    session.open("src/app.rs");
    session.act("fix", "raise the retries");
    let path = session.wait_for_proposals("fix", 1)[0]["path"].clone();

    session.editor.on_edit = OnEdit::Ignore;
    let accept = session.send("rummy/accept", json!({"run": "fix", "path": path}));
    session.wait_for("workspace/applyEdit", |_| true);
    // The waiting accept holds up nothing.
    assert_eq!(session.ask("rummy/ping", json!({})), json!({}));
    session.cancel(accept);
    match session.answer(accept) {
        Ok(result) => assert_eq!(result["accepted"], json!([])),
        Err(error) => assert_eq!(error["code"], CANCELLED, "{error}"),
    }
    assert_eq!(session.text("src/app.rs"), APP);
    assert_eq!(session.status("fix"), 202);

    // The next one is answered, whether or not the first has given up by then.
    session.editor.on_edit = OnEdit::Apply;
    let answer = session.accept("fix", &path).expect("it is no error");
    let text = if answer["failed"] == json!([]) {
        APP_FIXED
    } else {
        APP
    };
    assert_eq!(session.text("src/app.rs"), text, "{answer}");
    session.ignore(&[
        "run/proposal",
        "textDocument/publishDiagnostics",
        "window/showMessage",
        "workspace/applyEdit",
    ]);
}

#[test]
fn of_two_accepts_at_once_one_carries_the_change_out_and_both_are_answered() {
    let server = ModelServer::start(vec![Reply::text(fix_app())]);
    let mut session = Session::builder()
        .file("src/app.rs", APP)
        .model_at(&server.url())
        .start();
    session.open("src/app.rs");
    session.act("fix", "raise the retries");
    let path = session.wait_for_proposals("fix", 1)[0]["path"].clone();
    let params = json!({"run": "fix", "path": path});
    let both = [(); 2].map(|()| session.send("rummy/accept", params.clone()));
    let accepted = both
        .map(|id| session.answer(id).expect("it is no error"))
        .iter()
        .filter(|answer| answer["accepted"] == json!([path]))
        .count();
    assert_eq!(accepted, 1);
    assert_eq!(session.take("workspace/applyEdit").len(), 1);
    assert_eq!(session.text("src/app.rs"), APP_FIXED);
    session.wait_for_status("fix", 200);
    session.ignore(&[
        "run/proposal",
        "textDocument/publishDiagnostics",
        "window/showMessage",
    ]);
}

#[test]
fn a_cancel_of_what_was_answered_or_never_asked_is_ignored() {
    let mut session = Session::builder().start();
    let ping = session.send("rummy/ping", json!({}));
    assert_eq!(session.answer(ping), Ok(json!({})));
    session.cancel(ping);
    session.notify("$/cancelRequest", json!({"id": "nobody"}));
    session.notify("$/cancelRequest", json!({}));
    assert_eq!(session.ask("rummy/ping", json!({})), json!({}));
}
