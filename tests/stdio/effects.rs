//! What else than an edit waits for the user: files that go, get another path, or are copied.

use serde_json::{Value, json};

use crate::fixture::{FILE, accepted, failed};
use crate::lsp::script::{APP, update};
use crate::lsp::{Range, Session};
use crate::model_server::{ModelServer, Reply};

/// The model's server, a session in which the run `tidy` has proposed what the model wrote, and the
/// proposals.
fn proposing(answer: &str, count: usize, open: bool) -> (ModelServer, Session, Vec<Value>) {
    let answer = answer.to_owned() + &update(200, "Tidied up");
    let again = Reply::text(update(200, "Left it"));
    let server = ModelServer::start(vec![Reply::text(answer), again]);
    let mut session = Session::builder()
        .file(FILE, APP)
        .file("src/old.rs", "old\n")
        .model_at(&server.url())
        .start();
    if open {
        session.open(FILE);
    }
    session.act("tidy", "tidy up");
    let proposals = session.wait_for_proposals("tidy", count);
    session.ignore(&["run/proposal", "textDocument/publishDiagnostics"]);
    (server, session, proposals)
}

fn path(proposal: &Value) -> Value {
    proposal["path"].clone()
}

#[test]
fn a_deletion_is_shown_whole_and_takes_the_file_once_it_is_accepted() {
    let (_server, mut session, proposals) = proposing("<rm path=\"src/old.rs\"/>", 1, false);
    let proposal = &proposals[0];
    let shown = json!({
        "action": proposal["action"], "kind": proposal["kind"], "title": proposal["title"],
        "target": proposal["target"], "uri": proposal["uri"], "patch": proposal["patch"],
        "hunks": proposal["hunks"], "conflict": proposal["conflict"],
    });
    let expected = json!({
        "action": "rm", "kind": "delete", "title": "Delete src/old.rs (−1)",
        "target": "src/old.rs", "uri": session.uri("src/old.rs"),
        "patch": "--- src/old.rs\n+++ src/old.rs\n@@ -1 +0,0 @@\n-old\n",
        "hunks": [{"id": "h1", "range": Range::lines(0, 1), "removed": "old\n", "added": ""}],
        "conflict": false,
    });
    assert_eq!(shown, expected);
    assert!(session.sandbox.read("src/old.rs").is_some());
    let path = path(proposal);
    assert_eq!(session.accept("tidy", &path), Ok(accepted(&path)));
    assert_eq!(session.sandbox.read("src/old.rs"), None);
    session.wait_for_status("tidy", 200);
}

#[test]
fn a_file_that_was_changed_since_is_not_deleted() {
    let (_server, mut session, proposals) = proposing(&format!("<rm path=\"{FILE}\"/>"), 1, true);
    session.replace(FILE, "fn main", "// mine\nfn main");
    let path = path(&proposals[0]);
    let answer = session.accept("tidy", &path).expect("it is no error");
    let reason = failed(&answer, &path);
    assert!(reason.starts_with("conflict"), "{reason}");
    assert_eq!(session.sandbox.read(FILE).as_deref(), Some(APP));
    session.replace(FILE, "// mine\n", "");
    assert_eq!(session.accept("tidy", &path), Ok(accepted(&path)));
    assert_eq!(session.sandbox.read(FILE), None);
    session.wait_for_status("tidy", 200);
    session.ignore(&["window/showMessage", "workspace/applyEdit"]);
}

#[test]
fn an_open_file_that_is_deleted_goes_through_the_editor() {
    let (_server, mut session, proposals) = proposing(&format!("<rm path=\"{FILE}\"/>"), 1, true);
    let path = path(&proposals[0]);
    assert_eq!(session.accept("tidy", &path), Ok(accepted(&path)));
    let asked = session.wait_for("workspace/applyEdit", |_| true);
    let change = &asked["edit"]["documentChanges"][0];
    assert_eq!(
        (&change["kind"], &change["uri"]),
        (&json!("delete"), &json!(session.uri(FILE)))
    );
    assert_eq!(session.sandbox.read(FILE), None);
    session.wait_for_status("tidy", 200);
}

#[test]
fn a_rename_takes_unsaved_changes_along_and_names_both_paths() {
    let answer = format!("<mv path=\"{FILE}\">src/main/cli.rs</mv>");
    let (_server, mut session, proposals) = proposing(&answer, 1, true);
    let proposal = &proposals[0];
    let shown = json!({
        "kind": proposal["kind"], "title": proposal["title"], "target": proposal["target"],
        "to": proposal["to"], "toUri": proposal["toUri"], "patch": proposal["patch"],
    });
    let expected = json!({
        "kind": "rename", "title": format!("Rename {FILE} to src/main/cli.rs"), "target": FILE,
        "to": "src/main/cli.rs", "toUri": session.uri("src/main/cli.rs"),
        "patch": format!("rename from {FILE}\nrename to src/main/cli.rs\n"),
    });
    assert_eq!(shown, expected);
    session.replace(FILE, "retries = 2", "retries = 3");
    let mine = session.text(FILE).to_owned();
    let path = path(proposal);
    assert_eq!(session.accept("tidy", &path), Ok(accepted(&path)));
    assert_eq!(session.sandbox.read(FILE), None);
    assert_eq!(
        session.sandbox.read("src/main/cli.rs").as_deref(),
        Some(APP)
    );
    assert_eq!(session.text("src/main/cli.rs"), mine);
    session.wait_for_status("tidy", 200);
    session.ignore(&["workspace/applyEdit"]);
}

#[test]
fn an_editor_that_can_rename_nothing_keeps_its_unsaved_changes() {
    let answer = format!("<mv path=\"{FILE}\">src/cli.rs</mv>") + &update(200, "Tidied up");
    let server = ModelServer::start(vec![Reply::text(answer)]);
    let without = json!({"workspace": {"workspaceEdit": {"resourceOperations": null}}});
    let mut session = Session::builder()
        .capabilities(&without)
        .file(FILE, APP)
        .model_at(&server.url())
        .start();
    session.open(FILE);
    session.replace(FILE, "retries = 2", "retries = 3");
    session.act("tidy", "tidy up");
    let path = path(&session.wait_for_proposals("tidy", 1)[0]);
    let answer = session.accept("tidy", &path).expect("it is no error");
    let reason = failed(&answer, &path);
    assert!(reason.contains("unsaved changes"), "{reason}");
    assert_eq!(session.sandbox.read("src/cli.rs"), None);
    session.close(FILE);
    assert_eq!(session.accept("tidy", &path), Ok(accepted(&path)));
    assert_eq!(session.sandbox.read("src/cli.rs").as_deref(), Some(APP));
    session.wait_for_status("tidy", 200);
    session.ignore(&[
        "run/proposal",
        "textDocument/publishDiagnostics",
        "window/showMessage",
    ]);
}

#[test]
fn a_destination_that_came_into_being_meanwhile_is_not_overwritten() {
    for verb in ["mv", "cp"] {
        let answer = format!("<{verb} path=\"src/old.rs\">src/new.rs</{verb}>");
        let (_server, mut session, proposals) = proposing(&answer, 1, false);
        session.sandbox.write("src/new.rs", "mine\n");
        let path = path(&proposals[0]);
        let answer = session.accept("tidy", &path).expect("it is no error");
        let reason = failed(&answer, &path);
        assert!(reason.starts_with("conflict"), "{reason}");
        assert_eq!(
            session.sandbox.read("src/new.rs").as_deref(),
            Some("mine\n")
        );
        assert_eq!(session.sandbox.read("src/old.rs").as_deref(), Some("old\n"));
        session.ask("rummy/reject", json!({"run": "tidy", "path": path}));
        session.wait_for_status("tidy", 200);
        session.ignore(&["window/showMessage"]);
    }
}

#[test]
fn a_copy_is_made_with_the_unsaved_text_that_was_shown() {
    let answer = ModelServer::start(vec![Reply::text(
        format!("<cp path=\"{FILE}\">src/cli.rs</cp>") + &update(200, "Copied"),
    )]);
    let mut session = Session::builder()
        .file(FILE, APP)
        .model_at(&answer.url())
        .start();
    session.open(FILE);
    session.replace(FILE, "retries = 2", "retries = 3");
    session.act("tidy", "copy it");
    let proposal = session.wait_for_proposals("tidy", 1).remove(0);
    assert_eq!(
        (&proposal["kind"], &proposal["action"]),
        (&json!("copy"), &json!("cp"))
    );
    let path = path(&proposal);
    assert_eq!(session.accept("tidy", &path), Ok(accepted(&path)));
    assert_eq!(
        session.sandbox.read("src/cli.rs").as_deref(),
        Some(session.text(FILE))
    );
    session.wait_for_status("tidy", 200);
    session.ignore(&["run/proposal", "textDocument/publishDiagnostics"]);
}

#[test]
fn an_entry_that_is_moved_among_the_files_is_an_entry_until_that_is_accepted() {
    let answer =
        "<set path=\"known://plan\">The plan</set><mv path=\"known://plan\">docs/plan.md</mv>";
    let (_server, mut session, proposals) = proposing(answer, 1, false);
    let entry = |session: &mut Session| {
        let found = session.ask(
            "rummy/getEntries",
            json!({"run": "tidy", "pattern": "known://plan"}),
        );
        found.as_array().map_or(0, Vec::len)
    };
    assert_eq!(
        (&proposals[0]["kind"], entry(&mut session)),
        (&json!("create"), 1)
    );
    let path = path(&proposals[0]);
    assert_eq!(session.accept("tidy", &path), Ok(accepted(&path)));
    assert_eq!(
        session.sandbox.read("docs/plan.md").as_deref(),
        Some("The plan")
    );
    session.wait_for_status("tidy", 200);
    assert_eq!(entry(&mut session), 0);
}

#[test]
fn each_file_that_a_pattern_means_is_a_proposal_of_its_own() {
    let (_server, mut session, proposals) = proposing("<rm path=\"src/*.rs\"/>", 2, false);
    let titles: Vec<&Value> = proposals
        .iter()
        .map(|proposal| &proposal["title"])
        .collect();
    assert_eq!(titles, ["Delete src/app.rs (−4)", "Delete src/old.rs (−1)"]);
    let first = path(&proposals[0]);
    session.ask("rummy/reject", json!({"run": "tidy", "path": first}));
    let second = path(&proposals[1]);
    assert_eq!(session.accept("tidy", &second), Ok(accepted(&second)));
    assert_eq!(session.sandbox.read(FILE).as_deref(), Some(APP));
    assert_eq!(session.sandbox.read("src/old.rs"), None);
    session.wait_for_status("tidy", 200);
}

#[test]
fn what_cannot_be_put_back_or_lies_elsewhere_is_refused_by_name() {
    let table = [
        ("<rm path=\"logo.png\"/>", "logo.png"),
        ("<rm path=\"link.rs\"/>", "link.rs"),
        (
            "<mv path=\"src/app.rs\">../app.rs</mv>",
            "leaves the workspace",
        ),
        ("<mv path=\"src/app.rs\">.git/hooks/pre-commit</mv>", "Git"),
        ("<cp path=\"src/app.rs\">/etc/app.rs</cp>", "workspace"),
        ("<mv path=\"src/app.rs\">src/old.rs</mv>", "exists already"),
        ("<mv path=\"src/app.rs\">known://app</mv>", "is a file"),
        ("<rm path=\"src/none.rs\"/>", "not found"),
    ];
    for (command, expected) in table {
        let answer = command.to_owned() + &update(200, "done");
        let server = ModelServer::start(vec![
            Reply::text(answer),
            Reply::text(update(200, "Left it")),
        ]);
        let mut session = Session::builder()
            .file("src/app.rs", APP)
            .file("src/old.rs", "old\n")
            .file("logo.png", "\u{1}\0\u{2}")
            .model_at(&server.url())
            .start();
        std::os::unix::fs::symlink("src/app.rs", session.sandbox.path("link.rs")).expect("a link");
        session.act("tidy", "tidy up");
        session.wait_for_status("tidy", 200);
        let told = server.requests()[1].to_string();
        assert!(told.contains(expected), "{command}: {told}");
        assert_eq!(session.sandbox.read("src/app.rs").as_deref(), Some(APP));
    }
}

#[test]
fn a_rename_and_a_deletion_show_on_the_first_line_of_the_open_file() {
    let answer = format!("<mv path=\"{FILE}\">src/cli.rs</mv>");
    let (_server, mut session, proposals) = proposing(&answer, 1, true);
    let titles: Vec<Value> = session
        .code_lenses(FILE)
        .iter()
        .map(|lens| json!([lens["command"]["title"], lens["range"]["start"]["line"]]))
        .collect();
    assert_eq!(
        titles,
        [
            json!(["Accept", 0]),
            json!(["Reject", 0]),
            json!(["Diff", 0])
        ]
    );
    let actions = session.code_actions(FILE, Range::lines(0, 0));
    let accept = actions.iter().find(|action| action["isPreferred"] == true);
    let accept = accept.expect("a preferred action");
    assert_eq!(
        accept["title"],
        format!("Accept “Rename {FILE} to src/cli.rs” (tidy)")
    );
    let command = accept["command"]["arguments"][0].clone();
    let path = path(&proposals[0]);
    assert_eq!(
        session.command("rummy.accept", command),
        Ok(accepted(&path))
    );
    session.wait_for_status("tidy", 200);
    session.ignore(&["workspace/applyEdit"]);
}

#[test]
fn nothing_of_a_read_only_file_is_deleted_renamed_or_replaced() {
    let commands = [
        "<rm path=\"src/old.rs\"/>",
        "<mv path=\"src/old.rs\">src/new.rs</mv>",
        "<mv path=\"src/app.rs\">locked/new.rs</mv>",
        "<cp path=\"src/app.rs\">locked/new.rs</cp>",
        "<set path=\"src/old.rs\">new</set>",
    ];
    for command in commands {
        let answer = command.to_owned() + &update(200, "done");
        let left = Reply::text(update(200, "Left it"));
        let server = ModelServer::start(vec![Reply::text(answer), left]);
        let mut session = Session::builder()
            .file(FILE, APP)
            .file("src/old.rs", "old\n")
            .model_at(&server.url())
            .start();
        for pattern in ["src/old.rs", "locked/**"] {
            let constraint = json!({"pattern": pattern, "visibility": "readonly"});
            session.ask("rummy/file/constraint", constraint);
        }
        session.act("tidy", "tidy up");
        session.wait_for_status("tidy", 200);
        let told = server.requests()[1].to_string();
        assert!(told.contains("is read-only"), "{command}: {told}");
        assert_eq!(session.sandbox.read("src/old.rs").as_deref(), Some("old\n"));
    }
}

#[test]
fn a_file_that_became_read_only_since_stays_and_the_proposal_too() {
    let (_server, mut session, proposals) = proposing("<rm path=\"src/old.rs\"/>", 1, false);
    let constraint = json!({"pattern": "src/**", "visibility": "readonly"});
    session.ask("rummy/file/constraint", constraint);
    let path = path(&proposals[0]);
    let answer = session.accept("tidy", &path).expect("it is no error");
    let reason = failed(&answer, &path);
    assert!(reason.contains("read-only"), "{reason}");
    assert_eq!(session.sandbox.read("src/old.rs").as_deref(), Some("old\n"));
    session.ask("rummy/file/drop", json!({"pattern": "src/**"}));
    assert_eq!(session.accept("tidy", &path), Ok(accepted(&path)));
    session.wait_for_status("tidy", 200);
    session.ignore(&["window/showMessage"]);
}

#[test]
fn a_file_that_is_gone_already_is_deleted() {
    let (_server, mut session, proposals) = proposing("<rm path=\"src/old.rs\"/>", 1, false);
    std::fs::remove_file(session.sandbox.path("src/old.rs")).expect("a file");
    let path = path(&proposals[0]);
    assert_eq!(session.accept("tidy", &path), Ok(accepted(&path)));
    session.wait_for_status("tidy", 200);
}

#[test]
fn what_cannot_be_written_stays_pending_and_says_why() {
    let answer = "<set path=\"docs/new.md\">new</set>";
    let (_server, mut session, proposals) = proposing(answer, 1, false);
    session.sandbox.write("docs", "a file in the way\n");
    let path = path(&proposals[0]);
    let answer = session.accept("tidy", &path).expect("it is no error");
    let reason = failed(&answer, &path);
    assert!(reason.contains("not a folder"), "{reason}");
    assert_eq!(session.status("tidy"), 202);
    std::fs::remove_file(session.sandbox.path("docs")).expect("a file");
    assert_eq!(session.accept("tidy", &path), Ok(accepted(&path)));
    session.wait_for_status("tidy", 200);
    session.ignore(&["window/showMessage"]);
}

#[test]
fn to_show_a_proposal_to_the_model_decides_nothing() {
    let (_server, mut session, proposals) = proposing("<rm path=\"src/old.rs\"/>", 1, false);
    let path = path(&proposals[0]);
    session.ask("rummy/get", json!({"run": "tidy", "path": path}));
    assert_eq!(session.status("tidy"), 202);
    assert_eq!(session.accept("tidy", &path), Ok(accepted(&path)));
    session.wait_for_status("tidy", 200);
}
