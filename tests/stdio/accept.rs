//! From a prompt to a change in the user's text, and the ways in which it must not go wrong.

use serde_json::{Value, json};

use crate::lsp::script::{APP, APP_FIXED, edit, fix_app, set, update};
use crate::lsp::{OnEdit, Range, Session};
use crate::model_server::{ModelServer, Reply};

const FILE: &str = "src/app.rs";

/// A session with `APP` open and its fix proposed by the run `fix`, and the proposal's path.
fn proposed(server: &ModelServer) -> (Session, Value) {
    let mut session = Session::builder()
        .file(FILE, APP)
        .model_at(&server.url())
        .start();
    session.open(FILE);
    session.act("fix", "raise the retries");
    let path = session.wait_for_proposals("fix", 1)[0]["path"].clone();
    session.ignore(&["run/proposal", "textDocument/publishDiagnostics"]);
    (session, path)
}

fn fixing() -> ModelServer {
    ModelServer::start(vec![Reply::text(fix_app())])
}

fn accepted(path: &Value) -> Value {
    json!({"accepted": [path], "failed": []})
}

/// Checks that nothing was accepted, and returns the reason.
fn failed(answer: &Value, path: &Value) -> String {
    assert_eq!(answer["accepted"], json!([]));
    assert_eq!(answer["failed"][0]["path"], *path, "{answer}");
    assert_eq!(
        answer["failed"].as_array().map(Vec::len),
        Some(1),
        "{answer}"
    );
    let reason = answer["failed"][0]["reason"].as_str();
    reason.expect("a failure has a reason").to_owned()
}

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
    let changes = asked["edit"]["documentChanges"]
        .as_array()
        .expect("versioned changes");
    let documents: Vec<&Value> = changes
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

#[test]
fn a_file_that_is_not_open_is_written_by_the_server() {
    let server = fixing();
    let mut session = Session::builder()
        .file(FILE, APP)
        .model_at(&server.url())
        .start();
    session.act("fix", "raise the retries");
    let path = session.wait_for_proposals("fix", 1)[0]["path"].clone();
    assert_eq!(session.accept("fix", &path), Ok(accepted(&path)));
    assert_eq!(session.sandbox.read(FILE).as_deref(), Some(APP_FIXED));
    session.wait_for_status("fix", 200);
}

#[test]
fn a_file_that_changed_on_the_disk_meanwhile_keeps_what_changed() {
    let server = ModelServer::start(vec![
        Reply::text(fix_app()).when("first"),
        Reply::text(fix_app()).when("second"),
    ]);
    let mut session = Session::builder()
        .file(FILE, APP)
        .model_at(&server.url())
        .start();
    session.act("first", "the first");
    let path = session.wait_for_proposals("first", 1)[0]["path"].clone();
    session.sandbox.write(FILE, &format!("// mine\n{APP}"));
    assert_eq!(session.accept("first", &path), Ok(accepted(&path)));
    assert_eq!(
        session.sandbox.read(FILE),
        Some(format!("// mine\n{APP_FIXED}"))
    );
    session.wait_for_status("first", 200);

    session.sandbox.write(FILE, APP);
    session.act("second", "the second");
    let path = session.wait_for_proposals("second", 1)[0]["path"].clone();
    let mine = APP.replace("retries = 2", "retries = 3");
    session.sandbox.write(FILE, &mine);
    let answer = session.accept("second", &path).expect("it is no error");
    let reason = failed(&answer, &path);
    assert!(reason.starts_with("conflict"), "{reason}");
    assert_eq!(session.sandbox.read(FILE), Some(mine));
    session.ignore(&["window/showMessage"]);
}

#[test]
fn a_new_file_is_on_the_disk_with_its_folders_once_it_is_accepted() {
    let guide = "# Guide\n\nStart here.\n";
    let answer = set("docs/new/guide.md", guide) + &update(200, "Wrote a guide");
    let server = ModelServer::start(vec![Reply::text(answer)]);
    let mut session = Session::builder().model_at(&server.url()).start();
    session.act("write", "write a guide");
    let proposal = session.wait_for_proposals("write", 1).remove(0);
    assert_eq!(
        (&proposal["kind"], &proposal["target"]),
        (&json!("create"), &json!("docs/new/guide.md"))
    );
    assert_eq!(session.sandbox.read("docs/new/guide.md"), None);
    let path = proposal["path"].clone();
    assert_eq!(session.accept("write", &path), Ok(accepted(&path)));
    assert_eq!(
        session.sandbox.read("docs/new/guide.md").as_deref(),
        Some(guide)
    );
    session.wait_for_status("write", 200);
}

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
