//! Sequences of events that once ended wrongly.

use serde_json::{Value, json};

use crate::fixture::{FILE, accepted, failed, proposed};
use crate::lsp::script::{APP, APP_FIXED, fix_app, set, update};
use crate::lsp::{OnEdit, Session, list};
use crate::model_server::{ModelServer, Reply};

/// A session with a file open and a proposal that a model makes of this answer.
fn proposing(server: &ModelServer, path: &str, text: &str) -> (Session, Value) {
    let mut session = Session::builder()
        .file(path, text)
        .model_at(&server.url())
        .start();
    session.open(path);
    session.act("fix", "do it");
    let proposal = session.wait_for_proposals("fix", 1)[0]["path"].clone();
    session.ignore(&[
        "run/proposal",
        "textDocument/publishDiagnostics",
        "workspace/applyEdit",
        "window/showMessage",
    ]);
    (session, proposal)
}

#[test]
fn repeated_lines_do_not_make_a_refused_edit_look_accepted() {
    let answer = set("a.txt", "a\nb\na\nb\n") + &update(200, "swapped");
    let server = ModelServer::start(vec![Reply::text(answer)]);
    let (mut session, path) = proposing(&server, "a.txt", "a\na\nb\nb\n");
    session.editor.on_edit = OnEdit::Refuse;
    for hunk in ["h1", "h2"] {
        let params = json!({"run": "fix", "path": path, "hunks": [hunk]});
        failed(&session.ask("rummy/accept", params), &path);
    }
    assert_eq!(session.text("a.txt"), "a\na\nb\nb\n");
    session.ask("rummy/abort", json!({"run": "fix"}));
}

#[test]
fn accepting_no_hunk_at_all_does_nothing() {
    let answer = set("new/a.txt", "x\n") + &update(200, "made");
    let server = ModelServer::start(vec![Reply::text(answer)]);
    let (mut session, path) = proposing(&server, "other.txt", "");
    let params = json!({"run": "fix", "path": path, "hunks": []});
    failed(&session.ask("rummy/accept", params), &path);
    assert_eq!(session.sandbox.read("new/a.txt"), None);
    assert_eq!(session.status("fix"), 202);
    session.ask("rummy/abort", json!({"run": "fix"}));
}

#[test]
fn a_text_of_the_users_own_that_was_not_applied_leaves_the_proposal_as_it_was() {
    let answer = set("a.txt", "a\nB\nc\nd\n") + &update(200, "done");
    let server = ModelServer::start(vec![
        Reply::text(answer),
        Reply::text(update(200, "then not")),
    ]);
    let (mut session, path) = proposing(&server, "a.txt", "a\nb\nc\nd\n");
    session.editor.on_edit = OnEdit::Refuse;
    let params = json!({"run": "fix", "path": path, "body": "a\nMINE\nc\nD\n"});
    failed(&session.ask("rummy/accept", params), &path);
    let params = json!({"run": "fix", "path": path, "hunks": ["h1"]});
    session.ask("rummy/reject", params);
    session.wait_for_status("fix", 200);
}

#[test]
fn a_line_that_the_user_adds_behind_a_text_without_a_last_break_stays_a_line() {
    let answer = set("a.txt", "a\nc\n") + &update(200, "done");
    let server = ModelServer::start(vec![Reply::text(answer)]);
    let (mut session, path) = proposing(&server, "a.txt", "a\nb\n");
    session.edit("a.txt", &(4..4), "mine\n");
    let params = json!({"run": "fix", "path": path, "body": "a\nc"});
    assert_eq!(session.ask("rummy/accept", params), accepted(&path));
    assert_eq!(session.text("a.txt"), "a\nc\nmine\n");
    session.wait_for_status("fix", 200);
}

#[cfg(unix)]
#[test]
fn a_document_that_is_open_under_a_links_name_is_changed_in_the_editor() {
    let server = ModelServer::start(vec![Reply::text(fix_app().replace(FILE, "link.rs"))]);
    let mut session = Session::builder()
        .file(FILE, APP)
        .model_at(&server.url())
        .start();
    std::os::unix::fs::symlink(session.sandbox.path(FILE), session.sandbox.path("link.rs"))
        .expect("a link can be made");
    session.open("link.rs");
    session.edit("link.rs", &(0..0), "// unsaved\n");
    session.act("fix", "raise the retries");
    let path = session.wait_for_proposals("fix", 1)[0]["path"].clone();
    assert_eq!(session.accept("fix", &path), Ok(accepted(&path)));
    assert_eq!(session.text("link.rs"), format!("// unsaved\n{APP_FIXED}"));
    assert_eq!(
        session.sandbox.read(FILE).as_deref(),
        Some(APP),
        "the disk was written"
    );
    session.wait_for_status("fix", 200);
    session.ignore(&[
        "run/proposal",
        "textDocument/publishDiagnostics",
        "workspace/applyEdit",
        "window/showMessage",
    ]);
}

#[test]
fn nothing_is_changed_after_shutdown_was_answered() {
    let server = ModelServer::start(vec![Reply::text(fix_app()).repeat()]);
    for _ in 0..5 {
        let mut session = Session::builder()
            .file(FILE, APP)
            .model_at(&server.url())
            .start();
        let act = session.send("rummy/act", json!({"prompt": "go", "autoAccept": "edits"}));
        let shutdown = session.send("shutdown", Value::Null);
        session.answer(shutdown).expect("shutdown is answered");
        let then = session.sandbox.read(FILE);
        let sandbox = std::rc::Rc::clone(&session.sandbox);
        // The start itself may be answered or cut off.
        let _ = act;
        session.ignore(&["run/proposal", "workspace/applyEdit"]);
        session.exit();
        assert_eq!(session.exit_status().code(), Some(0));
        assert_eq!(sandbox.read(FILE), then);
    }
}

#[test]
fn the_proposals_of_a_folder_that_is_closed_are_shown_no_more() {
    let server = ModelServer::start(vec![Reply::text(fix_app())]);
    let (mut session, _) = proposed(&server);
    let folder = json!({"uri": session.sandbox.uri("").trim_end_matches('/'), "name": "w"});
    session.take("textDocument/publishDiagnostics");
    let event = json!({"event": {"added": [], "removed": [folder]}});
    session.notify("workspace/didChangeWorkspaceFolders", event);
    let gone = session.wait_for("textDocument/publishDiagnostics", |params| {
        list(&params["diagnostics"]).is_empty()
    });
    assert_eq!(gone["uri"], session.sandbox.uri(FILE));
    session.wait_for("run/proposal", |params| {
        list(&params["proposals"]).is_empty()
    });
}

#[test]
fn a_value_that_may_be_a_key_is_never_quoted() {
    let options =
        json!({"models": {"a": "sk-secret-1", "b": {"actual": "x", "apiKey": 12_345_678}}});
    let mut session = Session::builder().options(&options).start();
    let mut told = String::new();
    for _ in 0..2 {
        told += &session.wait_for("window/showMessage", |_| true).to_string();
    }
    assert!(
        told.contains("models.a") && told.contains("models.b"),
        "{told}"
    );
    assert!(
        !told.contains("sk-secret") && !told.contains("12345678"),
        "{told}"
    );
}

#[test]
fn a_header_that_claims_too_much_costs_one_message() {
    let mut session = Session::builder().start();
    session.send_raw(b"Content-Length: 999999999999\r\n\r\n{}");
    assert_eq!(session.ask("rummy/ping", json!({})), json!({}));
    session.orphan_error();
}

#[test]
fn a_selection_is_of_the_text_as_it_was_when_it_was_sent() {
    let server = ModelServer::start(vec![Reply::text(update(200, "seen"))]);
    let mut session = Session::builder()
        .file("a.txt", "L0\nL1\nL2\n")
        .model_at(&server.url())
        .start();
    session.open("a.txt");
    let line = |line: u32| json!({"line": line, "character": 0});
    let selection = json!({
        "uri": session.sandbox.uri("a.txt"),
        "range": {"start": line(2), "end": line(3)},
    });
    let ask = json!({"prompt": "explain", "run": "fix", "selection": selection});
    let ask = session.send("rummy/ask", ask);
    session.edit("a.txt", &(0..0), "new\n");
    session.answer(ask).expect("the run starts");
    session.wait_for_status("fix", 200);
    let asked = server.requests()[0].to_string();
    assert!(asked.contains("a.txt, lines 3 to 3:\\nL2"), "{asked}");
}

#[test]
fn a_formatter_that_runs_between_two_hunks_neither_loses_nor_misplaces_the_second() {
    let answer = "<set path=\"a.rs\">\n\
        <<<<<<< SEARCH\nfn one() {\n=======\npub fn one() {\n>>>>>>> REPLACE\n\
        <<<<<<< SEARCH\nfn two() {\n=======\npub fn two() {\n>>>>>>> REPLACE\n</set>";
    let server = ModelServer::start(vec![Reply::text(
        answer.to_owned() + &update(200, "made both public"),
    )]);
    let before = "fn one() {\nwork( 1 );\n}\n\nfn two() {\nwork( 2 );\n}\n";
    let (mut session, path) = proposing(&server, "a.rs", before);
    let hunk = |id: &str| json!({"run": "fix", "path": path, "hunks": [id]});
    assert_eq!(session.ask("rummy/accept", hunk("h1")), accepted(&path));
    // On saving, the formatter takes a blank line away and spreads the bodies.
    session.replace("a.rs", "work( 1 );", "    work(1);");
    session.replace("a.rs", "}\n\nfn", "}\nfn");
    session.replace("a.rs", "work( 2 );", "    work(2);");
    assert_eq!(session.ask("rummy/accept", hunk("h2")), accepted(&path));
    let expected = "pub fn one() {\n    work(1);\n}\npub fn two() {\n    work(2);\n}\n";
    assert_eq!(session.text("a.rs"), expected);
    session.wait_for_status("fix", 200);
}

#[test]
fn a_created_file_that_the_user_has_since_made_and_edited_stays_when_it_is_rejected() {
    let answer = set("docs/new.md", "theirs\n") + &update(200, "wrote it");
    let server = ModelServer::start(vec![
        Reply::text(answer),
        Reply::text(update(200, "left it")),
    ]);
    let (mut session, path) = proposing(&server, "other.txt", "");
    session.sandbox.write("docs/new.md", "theirs\nand mine\n");
    session.ask("rummy/reject", json!({"run": "fix", "path": path}));
    session.wait_for_status("fix", 200);
    let text = session.sandbox.read("docs/new.md");
    assert_eq!(text.as_deref(), Some("theirs\nand mine\n"));
}

#[test]
fn of_several_files_the_one_that_is_stale_stays_pending_and_the_others_are_accepted() {
    let change = |path: &str| {
        let edit = "<<<<<<< SEARCH\nold\n=======\nnew\n>>>>>>> REPLACE\n";
        set(path, edit)
    };
    let answer = change("a.txt") + &change("b.txt") + &change("c.txt") + &update(200, "done");
    let server = ModelServer::start(vec![Reply::text(answer)]);
    let files = ["a.txt", "b.txt", "c.txt"];
    let builder = files.iter().fold(Session::builder(), |builder, path| {
        builder.file(path, "old\n")
    });
    let mut session = builder.model_at(&server.url()).start();
    for path in files {
        session.open(path);
    }
    session.act("fix", "all of them");
    let paths: Vec<Value> = session
        .wait_for_proposals("fix", 3)
        .iter()
        .map(|proposal| proposal["path"].clone())
        .collect();
    session.replace("b.txt", "old", "mine");
    let answer = session.ask("rummy/accept", json!({"run": "fix"}));
    assert_eq!(answer["accepted"], json!([paths[0], paths[2]]));
    assert_eq!(answer["failed"][0]["path"], paths[1]);
    let texts = files.map(|path| session.text(path).to_owned());
    assert_eq!(texts, ["new\n", "mine\n", "new\n"]);
    assert_eq!(session.status("fix"), 202);
    session.replace("b.txt", "mine", "old");
    assert_eq!(session.accept("fix", &paths[1]), Ok(accepted(&paths[1])));
    session.wait_for_status("fix", 200);
    session.ignore(&[
        "run/proposal",
        "textDocument/publishDiagnostics",
        "workspace/applyEdit",
        "window/showMessage",
    ]);
}

#[test]
fn what_was_accepted_still_says_where_it_comes_from() {
    let server = ModelServer::start(vec![Reply::text(fix_app())]);
    let (mut session, path) = proposing(&server, FILE, APP);
    assert_eq!(session.accept("fix", &path), Ok(accepted(&path)));
    session.wait_for_status("fix", 200);
    let diff = session.ask("rummy/diff", json!({"run": "fix", "path": FILE}));
    let said = ["run", "turn", "model", "before", "after"].map(|key| diff[key].clone());
    let expected = [
        json!("fix"),
        json!(1),
        json!("test"),
        json!(APP),
        json!(APP_FIXED),
    ];
    assert_eq!(said, expected);
    let entry = session.ask("rummy/getEntries", json!({"run": "fix", "pattern": path}));
    let said = (&entry[0]["turn"], &entry[0]["attributes"]["model"]);
    assert_eq!(said, (&json!(1), &json!("test")));
    let unknown = session.refused("rummy/diff", json!({"run": "fix", "path": "other.rs"}));
    assert_eq!(unknown["data"]["kind"], "not_found");
}
