//! What was accepted is put back: by hunk, by proposal, all of a run.

use serde_json::{Value, json};

use crate::fixture::{FILE, accepted, fixing, proposed};
use crate::lsp::Session;
use crate::lsp::script::{APP, APP_FIXED, edit, set, update};
use crate::model_server::{ModelServer, Reply};

fn undone(path: &Value) -> Value {
    json!({"undone": [path], "failed": []})
}

#[test]
fn an_accepted_edit_is_put_back_among_what_the_user_wrote_since() {
    let server = fixing();
    let (mut session, path) = proposed(&server);
    assert_eq!(session.accept("fix", &path), Ok(accepted(&path)));
    session.wait_for_status("fix", 200);
    session.replace(FILE, "fn main", "// mine\nfn main");
    assert_eq!(
        session.ask("rummy/undo", json!({"run": "fix"})),
        undone(&path)
    );
    assert_eq!(session.text(FILE), format!("// mine\n{APP}"));
    let entry = session.ask("rummy/getEntries", json!({"run": "fix", "pattern": path}));
    let (state, outcome) = (&entry[0]["state"], &entry[0]["outcome"]);
    assert_eq!(
        (state, outcome),
        (&json!("cancelled"), &json!("undone by the user"))
    );
    let again = session.ask("rummy/undo", json!({"run": "fix"}));
    assert_eq!(again, json!({"undone": [], "failed": []}));
    session.ignore(&["workspace/applyEdit"]);
}

#[test]
fn where_the_user_has_changed_what_was_accepted_it_stays() {
    let server = fixing();
    let (mut session, path) = proposed(&server);
    assert_eq!(session.accept("fix", &path), Ok(accepted(&path)));
    session.wait_for_status("fix", 200);
    session.replace(FILE, "retries = 5", "retries = 6");
    let mine = session.text(FILE).to_owned();
    let answer = session.ask("rummy/undo", json!({"run": "fix"}));
    assert_eq!(
        (&answer["undone"], &answer["failed"][0]["path"]),
        (&json!([]), &path)
    );
    let reason = answer["failed"][0]["reason"].as_str().expect("a reason");
    assert!(reason.starts_with("conflict"), "{reason}");
    assert_eq!(session.text(FILE), mine);
    session.replace(FILE, "retries = 6", "retries = 5");
    assert_eq!(
        session.ask("rummy/undo", json!({"run": "fix", "path": FILE})),
        undone(&path)
    );
    assert_eq!(session.text(FILE), APP);
    session.ignore(&["workspace/applyEdit"]);
}

#[test]
fn one_hunk_is_put_back_and_the_other_stays() {
    let answer = edit(FILE, "fn main() {\n", "pub fn main() {\n")
        + &edit(FILE, "    run(retries);\n", "    walk(retries);\n")
        + &update(200, "Changed both");
    let server = ModelServer::start(vec![Reply::text(answer)]);
    let (mut session, path) = proposed(&server);
    assert_eq!(session.accept("fix", &path), Ok(accepted(&path)));
    session.wait_for_status("fix", 200);
    let first = json!({"run": "fix", "path": path, "hunks": ["h1"]});
    assert_eq!(session.ask("rummy/undo", first), undone(&path));
    assert_eq!(session.text(FILE), APP.replace("run(", "walk("));
    assert_eq!(
        session.ask("rummy/undo", json!({"run": "fix", "path": path})),
        undone(&path)
    );
    assert_eq!(session.text(FILE), APP);
    session.ignore(&["workspace/applyEdit"]);
}

#[test]
fn all_of_a_run_is_put_back_the_newest_first_on_the_disk_too() {
    let answer = edit(FILE, "    let retries = 2;\n", "    let retries = 5;\n")
        + &set("docs/new.md", "new\n")
        + "<rm path=\"src/old.rs\"/><mv path=\"src/a.rs\">src/b.rs</mv><cp path=\"src/a2.rs\">src/c.rs</cp>"
        + &update(200, "Done");
    let server = ModelServer::start(vec![Reply::text(answer)]);
    let files = [
        (FILE, APP),
        ("src/old.rs", "old\n"),
        ("src/a.rs", "a\n"),
        ("src/a2.rs", "a2\n"),
    ];
    let builder = files
        .iter()
        .fold(Session::builder(), |builder, (path, text)| {
            builder.file(path, text)
        });
    let mut session = builder.model_at(&server.url()).start();
    session.act("fix", "tidy up");
    let mut paths: Vec<Value> = session
        .wait_for_proposals("fix", 5)
        .iter()
        .map(|proposal| proposal["path"].clone())
        .collect();
    let all = session.ask("rummy/accept", json!({"run": "fix"}));
    assert_eq!(all, json!({"accepted": paths, "failed": []}));
    session.wait_for_status("fix", 200);
    let read = |session: &Session| {
        [
            "src/app.rs",
            "docs/new.md",
            "src/old.rs",
            "src/a.rs",
            "src/b.rs",
            "src/c.rs",
        ]
        .map(|path| session.sandbox.read(path))
    };
    let text = |text: &str| Some(text.to_owned());
    let done = [
        text(APP_FIXED),
        text("new\n"),
        None,
        None,
        text("a\n"),
        text("a2\n"),
    ];
    assert_eq!(read(&session), done);

    paths.reverse();
    let undone = session.ask("rummy/undo", json!({"run": "fix", "all": true}));
    assert_eq!(undone, json!({"undone": paths, "failed": []}));
    let before = [text(APP), None, text("old\n"), text("a\n"), None, None];
    assert_eq!(read(&session), before);
    session.ignore(&["run/proposal"]);
}

#[test]
fn a_file_that_was_made_and_edited_since_stays() {
    let answer = set("docs/new.md", "new\n") + &update(200, "Done");
    let server = ModelServer::start(vec![Reply::text(answer)]);
    let mut session = Session::builder().model_at(&server.url()).start();
    session.act("fix", "write");
    let path = session.wait_for_proposals("fix", 1)[0]["path"].clone();
    assert_eq!(session.accept("fix", &path), Ok(accepted(&path)));
    session.wait_for_status("fix", 200);
    session.sandbox.write("docs/new.md", "new\nmine\n");
    let answer = session.ask("rummy/undo", json!({"run": "fix"}));
    let reason = answer["failed"][0]["reason"].as_str().expect("a reason");
    assert!(reason.starts_with("conflict"), "{reason}");
    assert_eq!(
        session.sandbox.read("docs/new.md").as_deref(),
        Some("new\nmine\n")
    );
    session.ignore(&["run/proposal"]);
}

#[test]
fn undo_is_refused_by_the_field_that_is_wrong() {
    let server = fixing();
    let (mut session, path) = proposed(&server);
    let refused = session.refused("rummy/undo", json!({"run": "none"}));
    assert_eq!(refused["data"]["kind"], "not_found");
    let refused = session.refused("rummy/undo", json!({"run": "fix", "hunks": ["h1"]}));
    assert_eq!(refused["data"]["kind"], "invalid_params");
    let nothing = session.ask("rummy/undo", json!({"run": "fix", "path": path}));
    let reason = nothing["failed"][0]["reason"].as_str().expect("a reason");
    assert!(reason.starts_with("nothing of"), "{reason}");
    assert_eq!(session.accept("fix", &path), Ok(accepted(&path)));
    let unknown = json!({"run": "fix", "path": path, "hunks": ["h9"]});
    let answer = session.ask("rummy/undo", unknown);
    assert_eq!(answer["failed"][0]["reason"], "there is no hunk h9");
    session.wait_for_status("fix", 200);
    session.ignore(&["workspace/applyEdit"]);
}
