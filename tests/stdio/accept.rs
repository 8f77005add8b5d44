//! From a prompt to a change in the user's text, and the ways in which it must not go wrong.

use serde_json::{Value, json};

use crate::fixture::{FILE, accepted, failed, fixing, proposed};
use crate::lsp::script::{APP, APP_FIXED};
use crate::lsp::{OnEdit, Range, Session, list};

#[test]
fn a_change_goes_from_the_prompt_into_the_text_by_a_code_action() {
    let server = fixing();
    let mut session = Session::builder()
        .file(FILE, APP)
        .model_at(&server.url())
        .start();
    session.open(FILE);
    session.act("fix", "raise the retries");
    let path = session.wait_for_proposals("fix", 1)[0]["path"].clone();
    assert_eq!(session.status("fix"), 202);

    let actions = session.code_actions(FILE, Range::lines(1, 2));
    let preferred: Vec<&Value> = actions
        .iter()
        .filter(|a| a["isPreferred"] == true)
        .collect();
    let [action] = preferred[..] else {
        panic!("not one preferred action: {actions:?}");
    };
    assert_eq!(action["kind"], "quickfix.rummy.accept");
    assert_eq!(
        action["edit"],
        Value::Null,
        "an edit is applied without a version check"
    );
    let command = action["command"].clone();
    assert_eq!(command["command"], "rummy.accept");
    let answer = session.command("rummy.accept", command["arguments"][0].clone());
    assert_eq!(answer, Ok(accepted(&path)));

    let asked = session.wait_for("workspace/applyEdit", |_| true);
    let documents: Vec<&Value> = list(&asked["edit"]["documentChanges"])
        .iter()
        .map(|change| &change["textDocument"])
        .collect();
    assert_eq!(
        documents,
        [&json!({"uri": session.uri(FILE), "version": 1})]
    );
    let annotations = asked["edit"]["changeAnnotations"].to_string();
    assert!(
        annotations.contains("fix") && annotations.contains("turn 1"),
        "{annotations}"
    );

    assert_eq!(session.text(FILE), APP_FIXED);
    assert_eq!(
        session.sandbox.read(FILE).as_deref(),
        Some(APP),
        "the document is the editor's"
    );
    let states = session.read_until("run/state", |state| state["status"] == 200);
    let mut statuses: Vec<u64> = states.iter().filter_map(|s| s["status"].as_u64()).collect();
    statuses.dedup();
    assert!(
        matches!(
            statuses[..],
            [100, 102, 202, 102, 200] | [102, 202, 102, 200]
        ),
        "{statuses:?}"
    );
    session.ignore(&["run/proposal", "textDocument/publishDiagnostics"]);
}

#[test]
fn a_client_without_document_changes_gets_plain_changes() {
    let server = fixing();
    let without = json!({"workspace": {"workspaceEdit": {"documentChanges": false}}});
    let mut session = Session::builder()
        .capabilities(&without)
        .file(FILE, APP)
        .model_at(&server.url())
        .start();
    session.open(FILE);
    session.act("fix", "raise the retries");
    let path = session.wait_for_proposals("fix", 1)[0]["path"].clone();
    assert_eq!(session.accept("fix", &path), Ok(accepted(&path)));
    let asked = session.wait_for("workspace/applyEdit", |_| true);
    assert_eq!(asked["edit"].get("documentChanges"), None);
    assert_eq!(session.text(FILE), APP_FIXED);
    session.wait_for_status("fix", 200);
    session.ignore(&["run/proposal", "textDocument/publishDiagnostics"]);
}

#[test]
fn what_the_user_changed_elsewhere_stays() {
    let server = fixing();
    let (mut session, path) = proposed(&server);
    session.replace(FILE, "fn main", "// mine 😀\nfn main");
    session.replace(FILE, "run(retries)", "walk(retries)");
    assert_eq!(session.accept("fix", &path), Ok(accepted(&path)));
    let expected = "// mine 😀\nfn main() {\n    let retries = 5;\n    walk(retries);\n}\n";
    assert_eq!(session.text(FILE), expected);
    let asked = session.wait_for("workspace/applyEdit", |_| true);
    assert_eq!(
        asked["edit"]["documentChanges"][0]["textDocument"]["version"],
        3
    );
    session.wait_for_status("fix", 200);
}

#[test]
fn a_change_where_the_user_changed_the_text_is_a_conflict_and_changes_nothing() {
    let server = fixing();
    let (mut session, path) = proposed(&server);
    session.replace(FILE, "retries = 2", "retries = 3");
    let mine = session.text(FILE).to_owned();
    let answer = session.accept("fix", &path).expect("it is no error");
    let reason = failed(&answer, &path);
    assert!(reason.starts_with("conflict"), "{reason}");
    assert_eq!(session.text(FILE), mine);
    let told = session.wait_for("run/proposal", |told| {
        told["proposals"][0]["conflict"] == true
    });
    assert_eq!(told["proposals"][0]["path"], path);
    assert_eq!(session.status("fix"), 202);

    // The user thinks better of it.
    session.replace(FILE, "retries = 3", "retries = 2");
    assert_eq!(session.accept("fix", &path), Ok(accepted(&path)));
    assert_eq!(session.text(FILE), APP_FIXED);
    session.wait_for_status("fix", 200);
    session.ignore(&["window/showMessage", "workspace/applyEdit"]);
}

#[test]
fn an_edit_that_the_client_only_pretends_to_apply_is_not_accepted() {
    let server = fixing();
    for answer in [OnEdit::Pretend, OnEdit::Refuse] {
        let server = if matches!(answer, OnEdit::Refuse) {
            &fixing()
        } else {
            &server
        };
        let (mut session, path) = proposed(server);
        session.editor.on_edit = answer;
        let answer = session.accept("fix", &path).expect("it is no error");
        failed(&answer, &path);
        assert_eq!(session.text(FILE), APP);
        assert_eq!(session.status("fix"), 202);

        session.editor.on_edit = OnEdit::Apply;
        assert_eq!(session.accept("fix", &path), Ok(accepted(&path)));
        assert_eq!(session.text(FILE), APP_FIXED);
        session.wait_for_status("fix", 200);
        session.ignore(&["window/showMessage", "workspace/applyEdit"]);
    }
}

#[test]
fn an_edit_that_the_client_shows_only_after_its_command_was_answered_is_accepted_then() {
    for said in [OnEdit::Pretend, OnEdit::Ignore] {
        let server = fixing();
        let (mut session, path) = proposed(&server);
        session.editor.on_edit = said;
        let answer = session.accept("fix", &path).expect("it is no error");
        let reason = failed(&answer, &path);
        assert_eq!(reason, "the editor does not show the change yet");
        session.replace(FILE, "retries = 2", "retries = 5");
        session.wait_for_status("fix", 200);
        session.ignore(&["workspace/applyEdit"]);
    }
}

#[test]
fn an_edit_that_typing_overtakes_never_overwrites_what_was_typed() {
    let server = fixing();
    let (mut session, path) = proposed(&server);
    session.editor.on_edit = OnEdit::TypeFirst {
        uri: session.uri(FILE),
        text: "// typed\n".to_owned(),
    };
    let first = session.accept("fix", &path).expect("it is no error");
    if first != accepted(&path) {
        failed(&first, &path);
        assert_eq!(session.text(FILE), format!("// typed\n{APP}"));
        assert_eq!(session.accept("fix", &path), Ok(accepted(&path)));
    }
    assert_eq!(session.text(FILE), format!("// typed\n{APP_FIXED}"));
    session.wait_for_status("fix", 200);
    session.ignore(&["window/showMessage", "workspace/applyEdit"]);
}

#[test]
fn what_the_user_typed_by_hand_counts_as_accepted_without_an_edit() {
    let server = fixing();
    let (mut session, path) = proposed(&server);
    session.replace(FILE, "retries = 2", "retries = 5");
    assert_eq!(session.accept("fix", &path), Ok(accepted(&path)));
    assert_eq!(session.text(FILE), APP_FIXED);
    session.wait_for_status("fix", 200);
}

#[test]
fn a_proposal_is_accepted_once() {
    let server = fixing();
    let (mut session, path) = proposed(&server);
    assert_eq!(session.accept("fix", &path), Ok(accepted(&path)));
    session.wait_for_status("fix", 200);
    let again = session.accept("fix", &path).expect("it is no error");
    failed(&again, &path);
    assert_eq!(session.text(FILE), APP_FIXED);
    assert_eq!(session.take("workspace/applyEdit").len(), 1);
}

#[test]
fn a_text_that_the_user_edited_before_accepting_is_what_is_accepted() {
    let server = fixing();
    let (mut session, path) = proposed(&server);
    let body = APP.replace("retries = 2", "retries = 4");
    let params = json!({"run": "fix", "path": path, "body": body});
    assert_eq!(session.request("rummy/accept", params), Ok(accepted(&path)));
    assert_eq!(session.text(FILE), body);
    session.wait_for_status("fix", 200);
    session.ignore(&["workspace/applyEdit"]);
}

#[test]
fn a_document_that_was_clean_is_saved_and_a_dirty_one_is_not() {
    for (mine, on_disk) in [(None, APP_FIXED), (Some("// mine\n"), APP)] {
        let server = fixing();
        let can_save = json!({"experimental": {"rummy": {"save": true}}});
        let mut session = Session::builder()
            .capabilities(&can_save)
            .file(FILE, APP)
            .model_at(&server.url())
            .start();
        session.open(FILE);
        session.act("fix", "raise the retries");
        let path = session.wait_for_proposals("fix", 1)[0]["path"].clone();
        if let Some(mine) = mine {
            session.edit(FILE, &(0..0), mine);
        }
        assert_eq!(session.accept("fix", &path), Ok(accepted(&path)));
        session.wait_for_status("fix", 200);
        if mine.is_none() {
            let asked = session.wait_for("rummy/save", |_| true);
            assert_eq!(asked, json!({"uris": [session.uri(FILE)]}));
        }
        assert_eq!(session.sandbox.read(FILE).as_deref(), Some(on_disk));
        session.ignore(&[
            "run/proposal",
            "textDocument/publishDiagnostics",
            "workspace/applyEdit",
        ]);
    }
}
