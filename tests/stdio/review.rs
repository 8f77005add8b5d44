//! When the loop waits for the user, and how a client carries acceptances out by itself.

use serde_json::{Value, json};

use crate::fixture::{FILE, accepted, failed, fixing};
use crate::lsp::script::{APP, APP_FIXED, edit, set, update};
use crate::lsp::{Range, Session, list};
use crate::model_server::{ModelServer, Reply};

/// Starts `fix` with a review mode.
fn act(session: &mut Session, review: &str) {
    let started = json!({"run": "fix", "prompt": "fix it", "review": review});
    session.ask("rummy/act", started);
}

#[test]
fn at_the_end_of_a_loop_everything_is_offered_as_one_set() {
    let server = ModelServer::start(vec![
        Reply::text(
            edit(FILE, "    let retries = 2;\n", "    let retries = 5;\n") + &update(145, "On"),
        ),
        Reply::text(
            edit(FILE, "    let retries = 5;\n", "    let retries = 7;\n")
                + &set("docs/new.md", "new\n")
                + "<mv path=\"src/a.rs\">src/b.rs</mv>"
                + &update(145, "On"),
        ),
        Reply::text(edit("src/b.rs", "a\n", "b\n") + &update(200, "Done")),
    ]);
    let mut session = Session::builder()
        .file(FILE, APP)
        .file("src/a.rs", "a\n")
        .model_at(&server.url())
        .start();
    session.open(FILE);
    act(&mut session, "end");
    let proposals = session.wait_for_proposals("fix", 4);
    session.wait_for_status("fix", 202);
    assert_eq!(
        server.requests().len(),
        3,
        "the run worked on without a word of the user"
    );
    let titles: Vec<&Value> = proposals
        .iter()
        .map(|proposal| &proposal["title"])
        .collect();
    let expected = [
        "Edit src/app.rs (+1 −1)",
        "Create docs/new.md (+1 −0)",
        "Rename src/a.rs to src/b.rs",
        "Edit src/b.rs (+1 −1)",
    ];
    assert_eq!(titles, expected);
    assert_eq!(proposals[0]["hunks"][0]["added"], "    let retries = 7;\n");
    let paths: Vec<&Value> = proposals.iter().map(|proposal| &proposal["path"]).collect();
    let all = session.ask("rummy/accept", json!({"run": "fix"}));
    assert_eq!(all, json!({"accepted": paths, "failed": []}));
    session.wait_for_status("fix", 200);
    assert_eq!(session.text(FILE), APP.replace("= 2", "= 7"));
    let read = |path| session.sandbox.read(path);
    assert_eq!(
        [read("docs/new.md"), read("src/a.rs"), read("src/b.rs")],
        [Some("new\n".to_owned()), None, Some("b\n".to_owned())]
    );
    session.ignore(&[
        "run/proposal",
        "textDocument/publishDiagnostics",
        "workspace/applyEdit",
    ]);
}

#[test]
fn a_rejection_at_the_end_starts_another_turn() {
    let server = ModelServer::start(vec![
        Reply::text(
            edit(FILE, "    let retries = 2;\n", "    let retries = 5;\n") + &update(200, "Done"),
        ),
        Reply::text(update(200, "Left it")),
    ]);
    let mut session = Session::builder()
        .file(FILE, APP)
        .model_at(&server.url())
        .start();
    act(&mut session, "end");
    let path = session.wait_for_proposals("fix", 1)[0]["path"].clone();
    session.ask(
        "rummy/reject",
        json!({"run": "fix", "path": path, "reason": "too many"}),
    );
    session.wait_for_status("fix", 200);
    assert!(server.requests()[1].to_string().contains("too many"));
    assert_eq!(session.sandbox.read(FILE).as_deref(), Some(APP));
    session.ignore(&["run/proposal"]);
}

#[test]
fn the_run_sees_its_own_proposed_text_and_what_the_user_types_meanwhile() {
    let server = ModelServer::start(vec![
        Reply::text(
            format!("<get path=\"{FILE}\"/>")
                + &edit(FILE, "    let retries = 2;\n", "    let retries = 5;\n")
                + &update(145, "On"),
        ),
        Reply::text(update(145, "Still on")).gate(),
        Reply::text(update(200, "Done")),
    ]);
    let mut session = Session::builder()
        .file(FILE, APP)
        .model_at(&server.url())
        .start();
    session.open(FILE);
    act(&mut session, "end");
    server.wait_for_requests(2);
    let seen = server.requests()[1].to_string();
    assert!(seen.contains("let retries = 5;"), "its own text: {seen}");
    session.replace(FILE, "fn main", "// mine\nfn main");
    server.release();
    let proposal = session.wait_for_proposals("fix", 1).remove(0);
    let seen = server.requests()[2].to_string();
    assert!(seen.contains("// mine"), "the user's: {seen}");
    let path = proposal["path"].clone();
    assert_eq!(session.accept("fix", &path), Ok(accepted(&path)));
    assert_eq!(session.text(FILE), format!("// mine\n{APP_FIXED}"));
    session.wait_for_status("fix", 200);
    session.ignore(&[
        "run/proposal",
        "textDocument/publishDiagnostics",
        "workspace/applyEdit",
    ]);
}

#[test]
fn what_was_kept_for_the_end_is_offered_when_the_loop_breaks_off() {
    let server = ModelServer::start(vec![
        Reply::text(
            edit(FILE, "    let retries = 2;\n", "    let retries = 5;\n") + &update(145, "On"),
        ),
        Reply::text("no").status(401),
    ]);
    let mut session = Session::builder()
        .file(FILE, APP)
        .model_at(&server.url())
        .start();
    act(&mut session, "end");
    session.wait_for_status("fix", 500);
    let path = session.wait_for_proposals("fix", 1)[0]["path"].clone();
    assert_eq!(session.accept("fix", &path), Ok(accepted(&path)));
    assert_eq!(session.sandbox.read(FILE).as_deref(), Some(APP_FIXED));
    session.ignore(&["run/proposal", "window/showMessage"]);
}

#[test]
fn each_proposal_is_waited_for_where_the_user_wants_that() {
    let server = ModelServer::start(vec![Reply::text(
        set("a.md", "a\n") + &set("b.md", "b\n") + &update(200, "Done"),
    )]);
    let mut session = Session::builder().model_at(&server.url()).start();
    act(&mut session, "each");
    for file in ["a.md", "b.md"] {
        let told = session.wait_for("run/proposal", |told| {
            told["proposals"][0]["target"] == file
        });
        assert_eq!(list(&told["proposals"]).len(), 1);
        let path = told["proposals"][0]["path"].clone();
        assert_eq!(session.accept("fix", &path), Ok(accepted(&path)));
    }
    session.wait_for_status("fix", 200);
    session.ignore(&["run/proposal"]);
}

#[test]
fn a_client_that_previews_gets_the_edit_in_the_action_and_confirms_it() {
    let server = fixing();
    let mut session = Session::builder()
        .options(&json!({"actionEdits": true}))
        .file(FILE, APP)
        .model_at(&server.url())
        .start();
    session.open(FILE);
    session.act("fix", "raise the retries");
    let path = session.wait_for_proposals("fix", 1)[0]["path"].clone();
    let actions = session.code_actions(FILE, Range::lines(1, 2));
    let action = actions.iter().find(|action| action["isPreferred"] == true);
    let action = action.expect("a preferred action").clone();
    assert_eq!(
        action["edit"],
        Value::Null,
        "it is filled in when it is resolved"
    );
    assert_eq!(action["command"]["command"], "rummy.confirm");
    let resolved = session.ask("codeAction/resolve", action);
    let change = &resolved["edit"]["documentChanges"][0];
    assert_eq!(
        change["textDocument"],
        json!({"uri": session.uri(FILE), "version": 1})
    );
    assert_eq!(change["edits"][0]["newText"], "    let retries = 5;\n");

    // Confirmed before the text is there, it is not taken.
    let arguments = resolved["command"]["arguments"][0].clone();
    let early = session
        .command("rummy.confirm", arguments.clone())
        .expect("it is no error");
    failed(&early, &path);
    assert_eq!(session.status("fix"), 202);
    session.replace(FILE, "retries = 2", "retries = 5");
    assert_eq!(
        session.command("rummy.confirm", arguments),
        Ok(accepted(&path))
    );
    session.wait_for_status("fix", 200);
    session.ignore(&[
        "run/proposal",
        "textDocument/publishDiagnostics",
        "window/showMessage",
    ]);
}

#[test]
fn edits_of_closed_files_land_in_the_editor_where_the_user_wants_that() {
    let answer = edit(FILE, "    let retries = 2;\n", "    let retries = 5;\n")
        + &set("docs/new.md", "new\n")
        + &update(200, "Done");
    let server = ModelServer::start(vec![Reply::text(answer)]);
    let mut session = Session::builder()
        .options(&json!({"applyTo": "editor"}))
        .file(FILE, APP)
        .model_at(&server.url())
        .start();
    session.act("fix", "raise the retries");
    let proposals = session.wait_for_proposals("fix", 2);
    let paths: Vec<&Value> = proposals.iter().map(|proposal| &proposal["path"]).collect();
    let all = session.ask("rummy/accept", json!({"run": "fix"}));
    assert_eq!(all, json!({"accepted": paths, "failed": []}));
    assert_eq!(session.text(FILE), APP_FIXED);
    assert_eq!(session.text("docs/new.md"), "new\n");
    assert_eq!(
        session.sandbox.read(FILE).as_deref(),
        Some(APP),
        "it is the editor's to save"
    );
    let asked: Vec<Value> = session.take("workspace/applyEdit");
    let versions: Vec<&Value> = asked
        .iter()
        .map(|edit| {
            let changes = list(&edit["edit"]["documentChanges"]);
            let edits = changes
                .iter()
                .find(|change| change.get("textDocument").is_some());
            &edits.expect("an edit of a document")["textDocument"]["version"]
        })
        .collect();
    assert_eq!(versions, [&Value::Null, &Value::Null]);
    session.wait_for_status("fix", 200);
    session.ignore(&["run/proposal", "textDocument/publishDiagnostics"]);
}

#[test]
fn a_hover_shows_the_hunk_as_a_diff() {
    let server = fixing();
    let mut session = Session::builder()
        .file(FILE, APP)
        .model_at(&server.url())
        .start();
    session.open(FILE);
    session.act("fix", "raise the retries");
    session.wait_for_proposals("fix", 1);
    let at = |line: u32| json!({"textDocument": {"uri": session.uri(FILE)}, "position": {"line": line, "character": 4}});
    let (on, off) = (at(1), at(3));
    let hover = session.ask("textDocument/hover", on);
    let expected = "**fix**, turn 1: Edit src/app.rs (+1 −1)\n\n```diff\n-    let retries = 2;\n+    let retries = 5;\n```";
    assert_eq!(
        hover["contents"],
        json!({"kind": "markdown", "value": expected})
    );
    assert_eq!(hover["range"], json!(Range::lines(1, 2)));
    assert_eq!(session.ask("textDocument/hover", off), Value::Null);
    session.ask("rummy/abort", json!({"run": "fix"}));
    session.ignore(&[
        "run/proposal",
        "run/state",
        "textDocument/publishDiagnostics",
    ]);
}
