//! The user's word on a proposal, whole or hunk by hunk, in each of its forms.

use serde_json::{Value, json};

use crate::fixture::{FILE, accepted, failed, fixing, proposed};
use crate::lsp::script::{APP, APP_FIXED, edit, fix_app, set, update};
use crate::lsp::{OnEdit, Session};
use crate::model_server::{ModelServer, Reply};

#[test]
fn a_rejection_changes_nothing_and_its_reason_reaches_the_model() {
    let gives_up = update(200, "Left it as it is");
    let server = ModelServer::start(vec![Reply::text(fix_app()), Reply::text(gives_up)]);
    let (mut session, path) = proposed(&server);
    let reason = "five is far too many, my friend";
    let params = json!({"run": "fix", "path": path, "reason": reason});
    assert_eq!(
        session.ask("rummy/reject", params),
        json!({"rejected": [path]})
    );
    session.wait_for_status("fix", 200);
    assert_eq!(session.text(FILE), APP);
    let told = server.requests()[1].to_string();
    assert!(told.contains(reason), "the model was not told: {told}");
    assert!(!server.requests()[0].to_string().contains(reason));
}

#[test]
fn with_some_hunks_rejected_the_others_are_in_the_text_and_the_model_is_told_which() {
    let answer = edit(FILE, "fn main() {\n", "pub fn main() {\n")
        + &edit(FILE, "    run(retries);\n", "    walk(retries);\n")
        + &update(200, "Changed both");
    let server = ModelServer::start(vec![
        Reply::text(answer),
        Reply::text(update(200, "Half of it then")),
    ]);
    let (mut session, path) = proposed(&server);
    let hunk = |id: &str| json!({"run": "fix", "path": path, "hunks": [id]});
    assert_eq!(session.ask("rummy/accept", hunk("h1")), accepted(&path));
    assert_eq!(session.status("fix"), 202, "one hunk is still open");
    assert_eq!(
        session.ask("rummy/reject", hunk("h2")),
        json!({"rejected": [path]})
    );
    session.wait_for_status("fix", 200);
    assert_eq!(session.text(FILE), APP.replace("fn main", "pub fn main"));
    let entries = session.entries("fix");
    let decided = entries.iter().find(|entry| entry["path"] == path);
    let decided = decided.expect("the proposal's entry is there");
    assert_eq!(
        (&decided["state"], &decided["outcome"]),
        (&json!("resolved"), &json!("partial"))
    );
    assert!(server.requests()[1].to_string().contains("partial"));
    session.ignore(&["workspace/applyEdit"]);
}

#[test]
fn neighbouring_changes_of_a_turn_are_offered_and_accepted_together() {
    let answer = edit(FILE, "    let retries = 2;\n", "    let retries = 5;\n")
        + &set("notes/a.md", "a\n")
        + &update(200, "Both");
    let server = ModelServer::start(vec![Reply::text(answer)]);
    let mut session = Session::builder()
        .file(FILE, APP)
        .model_at(&server.url())
        .start();
    session.open(FILE);
    session.act("fix", "raise the retries and note it");
    let proposals = session.wait_for_proposals("fix", 2);
    let paths: Vec<&Value> = proposals.iter().map(|proposal| &proposal["path"]).collect();
    let answer = session.ask("rummy/accept", json!({"run": "fix"}));
    assert_eq!(answer, json!({"accepted": paths, "failed": []}));
    assert_eq!(session.text(FILE), APP_FIXED);
    assert_eq!(session.sandbox.read("notes/a.md").as_deref(), Some("a\n"));
    session.wait_for_status("fix", 200);
    session.ignore(&["textDocument/publishDiagnostics", "workspace/applyEdit"]);
}

#[test]
fn with_auto_accept_edits_need_no_word_of_the_user() {
    let server = fixing();
    let mut session = Session::builder()
        .file(FILE, APP)
        .model_at(&server.url())
        .start();
    session.open(FILE);
    let params = json!({"run": "fix", "prompt": "raise the retries", "autoAccept": "edits"});
    session.ask("rummy/act", params);
    session.wait_for_status("fix", 200);
    assert_eq!(session.text(FILE), APP_FIXED);
    session.ignore(&[
        "run/proposal",
        "textDocument/publishDiagnostics",
        "workspace/applyEdit",
    ]);
}

#[test]
fn a_set_to_resolved_accepts() {
    let server = fixing();
    let (mut session, path) = proposed(&server);
    let params = json!({"run": "fix", "path": path, "state": "resolved"});
    assert_eq!(session.ask("rummy/set", params), json!({"ok": true}));
    assert_eq!(session.text(FILE), APP_FIXED);
    session.wait_for_status("fix", 200);
    session.ignore(&["workspace/applyEdit"]);
}

#[test]
fn a_set_to_cancelled_rejects_and_one_to_failed_reports_both_with_the_body_as_the_reason() {
    for state in ["cancelled", "failed"] {
        let left = update(200, "Left it as it is");
        let server = ModelServer::start(vec![Reply::text(fix_app()), Reply::text(left)]);
        let (mut session, path) = proposed(&server);
        let reason = "the editor is on fire";
        let params = json!({"run": "fix", "path": path, "state": state, "body": reason});
        assert_eq!(session.ask("rummy/set", params), json!({"ok": true}));
        session.wait_for_status("fix", 200);
        assert_eq!(session.text(FILE), APP);
        let told = server.requests()[1].to_string();
        assert!(
            told.contains(reason),
            "{state}: the model was not told: {told}"
        );
    }
}

#[test]
fn a_proposal_that_is_being_accepted_or_is_decided_is_decided_by_no_set() {
    let server = fixing();
    let (mut session, path) = proposed(&server);
    let refused = |session: &mut Session, state: &str| {
        let params = json!({"run": "fix", "path": path, "state": state, "body": "no"});
        session.refused("rummy/set", params)["data"]["kind"].take()
    };
    session.editor.on_edit = OnEdit::Ignore;
    let asked = session.send("rummy/accept", json!({"run": "fix", "path": path}));
    session.wait_for("workspace/applyEdit", |_| true);
    for state in ["cancelled", "failed", "resolved"] {
        assert_eq!(refused(&mut session, state), "conflict", "{state}");
    }
    session.editor.on_edit = OnEdit::Apply;
    failed(&session.answer(asked).expect("it is no error"), &path);
    assert_eq!(session.accept("fix", &path), Ok(accepted(&path)));
    session.wait_for_status("fix", 200);
    for state in ["cancelled", "failed", "resolved"] {
        assert_eq!(refused(&mut session, state), "conflict", "{state}");
    }
    assert_eq!(session.text(FILE), APP_FIXED);
    session.ignore(&["window/showMessage", "workspace/applyEdit"]);
}
