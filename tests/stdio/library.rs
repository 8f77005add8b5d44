//! What holds for all runs: constraints on files, and the skills and personas of the home.

use std::rc::Rc;

use serde_json::{Value, json};

use crate::lifecycle::packet;
use crate::lsp::script::{APP, fix_app, set, update};
use crate::lsp::{Sandbox, Session, list};
use crate::model_server::{ModelServer, Reply};

fn content() -> ModelServer {
    ModelServer::start(vec![Reply::text(update(200, "Done")).repeat()])
}

fn sandbox() -> Rc<Sandbox> {
    let sandbox = Sandbox::new(&[
        ("src/app.rs", APP),
        ("src/gen/a.rs", "generated\n"),
        ("notes.md", "my notes\n"),
    ]);
    let home = sandbox.home();
    for (file, text) in [
        ("skills/git.md", "# Committing\n\nCommit small.\n"),
        ("personas/pirate.md", "You talk like a pirate.\n"),
        ("config.md", "no skill"),
    ] {
        let file = home.join(file);
        std::fs::create_dir_all(file.parent().expect("it has a folder")).expect("it is made");
        std::fs::write(file, text).expect("it is written");
    }
    Rc::new(sandbox)
}

fn session(server: &ModelServer) -> Session {
    let sandbox = sandbox();
    let home = sandbox.home();
    Session::builder()
        .sandbox(&sandbox)
        .env("RUMMY_HOME", home.to_str().expect("it is text"))
        .model_at(&server.url())
        .start()
}

fn kind(error: &Value) -> &str {
    error["data"]["kind"].as_str().unwrap_or("")
}

#[test]
fn a_constraint_is_kept_relative_to_the_folder_and_listed_by_pattern() {
    let server = content();
    let mut session = session(&server);
    let root = session.sandbox.workspace();
    let absolute = root.join("src/gen/**");
    for (pattern, word, kept) in [
        (
            absolute.to_str().expect("it is text"),
            "ignore",
            "src/gen/**",
        ),
        ("./notes.md", "active", "notes.md"),
        ("x/../src/", "readonly", "src/"),
        ("notes.md", "readonly", "notes.md"),
    ] {
        let set = session.ask(
            "rummy/file/constraint",
            json!({"pattern": pattern, "visibility": word}),
        );
        assert_eq!(set, json!({"ok": true, "pattern": kept}));
    }
    assert_eq!(
        session.ask("rummy/getConstraints", json!({})),
        json!([
            {"pattern": "notes.md", "visibility": "readonly"},
            {"pattern": "src/", "visibility": "readonly"},
            {"pattern": "src/gen/**", "visibility": "ignore"},
        ])
    );
    for pattern in ["src/", "never/set"] {
        let dropped = session.ask("rummy/file/drop", json!({"pattern": pattern}));
        assert_eq!(dropped, json!({"ok": true, "pattern": pattern}));
    }
    assert_eq!(
        list(&session.ask("rummy/getConstraints", json!({}))).len(),
        2
    );
    for params in [
        json!({"pattern": "../x", "visibility": "active"}),
        json!({"pattern": "/etc/*", "visibility": "active"}),
        json!({"pattern": "", "visibility": "active"}),
        json!({"pattern": ".", "visibility": "ignore"}),
        json!({"pattern": "a[", "visibility": "ignore"}),
        json!({"pattern": "a", "visibility": "hidden"}),
        json!({"pattern": "a"}),
    ] {
        let error = session.refused("rummy/file/constraint", params.clone());
        assert_eq!(kind(&error), "invalid_params", "{params}: {error}");
    }
}

#[test]
fn constraints_hold_from_the_next_turn_on_also_for_a_run_that_works() {
    let server = ModelServer::start(vec![
        Reply::text(update(145, "Asked")).gate(),
        Reply::text(update(155, "Found")).gate(),
        Reply::text(update(200, "Done")),
    ]);
    let mut session = session(&server);
    session.act("look", "where is it?");
    server.wait_for_requests(1);
    assert!(packet(&server, 0).contains("src/gen/a.rs"));
    for (pattern, word) in [("src/gen", "ignore"), ("notes.md", "active")] {
        session.ask(
            "rummy/file/constraint",
            json!({"pattern": pattern, "visibility": word}),
        );
    }
    server.release();
    server.wait_for_requests(2);
    let second = packet(&server, 1);
    assert!(!second.contains("src/gen/a.rs"), "{second}");
    server.release();
    session.wait_for_status("look", 200);
}

#[test]
fn a_file_that_is_read_only_is_not_changed_and_the_model_is_told() {
    let server = ModelServer::start(vec![
        Reply::text(fix_app()),
        Reply::text(update(204, "Cannot")),
    ]);
    let mut session = session(&server);
    session.ask(
        "rummy/file/constraint",
        json!({"pattern": "src", "visibility": "readonly"}),
    );
    session.act("fix", "raise the retries");
    session.wait_for_status("fix", 204);
    let failed = session.ask("rummy/getEntries", json!({"run": "fix", "state": "failed"}));
    assert_eq!(failed[0]["outcome"], "readonly", "{failed}");
}

#[test]
fn a_skill_is_given_to_a_run_and_taken_away() {
    let server = content();
    let mut session = session(&server);
    session.act("look", "x");
    session.wait_for_status("look", 200);
    assert_eq!(
        session.ask("rummy/listSkills", json!({})),
        json!([{"name": "git", "description": "Committing"}])
    );
    assert_eq!(
        session.ask("rummy/skill/add", json!({"run": "look", "name": "git"})),
        json!({"ok": true})
    );
    assert_eq!(
        session.ask("rummy/getSkills", json!({"run": "look"})),
        json!(["git"])
    );
    session.act("look", "y");
    session.wait_for_status("look", 200);
    assert!(packet(&server, 1).contains("Commit small."));
    session.ask("rummy/skill/remove", json!({"run": "look", "name": "git"}));
    assert_eq!(
        session.ask("rummy/getSkills", json!({"run": "look"})),
        json!([])
    );
    for (method, params, expected) in [
        (
            "rummy/skill/add",
            json!({"run": "look", "name": "none"}),
            "not_found",
        ),
        (
            "rummy/skill/add",
            json!({"run": "look", "name": "../config"}),
            "invalid_params",
        ),
        (
            "rummy/skill/add",
            json!({"run": "nobody", "name": "git"}),
            "not_found",
        ),
        (
            "rummy/skill/remove",
            json!({"run": "look", "name": "git"}),
            "not_found",
        ),
        (
            "rummy/persona/set",
            json!({"run": "look", "name": "none"}),
            "not_found",
        ),
        (
            "rummy/persona/set",
            json!({"run": "look", "name": "../config"}),
            "invalid_params",
        ),
    ] {
        let error = session.refused(method, params.clone());
        assert_eq!(kind(&error), expected, "{params}: {error}");
    }
}

#[test]
fn a_persona_is_set_by_name_or_text_and_cleared() {
    let server = content();
    let mut session = session(&server);
    assert_eq!(
        session.ask("rummy/listPersonas", json!({})),
        json!(["pirate"])
    );
    session.ask("rummy/ask", json!({"run": "look", "prompt": "x"}));
    session.wait_for_status("look", 200);
    session.ask(
        "rummy/persona/set",
        json!({"run": "look", "name": "pirate"}),
    );
    session.act("look", "y");
    session.wait_for_status("look", 200);
    assert!(packet(&server, 1).contains("You talk like a pirate."));
    let mut persona = |params: Value| {
        session.ask("rummy/persona/set", params);
        session.ask("rummy/getRun", json!({"run": "look"}))["persona"].take()
    };
    assert_eq!(
        persona(json!({"run": "look", "text": "Terse.", "name": "pirate"})),
        "Terse."
    );
    assert_eq!(
        persona(json!({"run": "look", "name": "pirate"})),
        "You talk like a pirate.\n"
    );
    assert_eq!(persona(json!({"run": "look"})), Value::Null);
}

#[test]
fn an_active_constraint_shows_a_file_that_the_run_knows_already_once() {
    let server = content();
    let mut session = session(&server);
    let visibility = |session: &mut Session| {
        let params = json!({"run": "look", "pattern": "notes.md"});
        session.ask("rummy/getEntries", params)[0]["visibility"].take()
    };
    session.act("look", "x");
    session.wait_for_status("look", 200);
    assert_eq!(visibility(&mut session), "summarized");
    session.ask(
        "rummy/file/constraint",
        json!({"pattern": "notes.md", "visibility": "active"}),
    );
    session.act("look", "y");
    session.wait_for_status("look", 200);
    assert_eq!(visibility(&mut session), "visible");
    assert!(packet(&server, 1).contains("my notes"));
    session.ask(
        "rummy/get",
        json!({"run": "look", "path": "notes.md", "visibility": "summarized"}),
    );
    session.act("look", "z");
    session.wait_for_status("look", 200);
    assert_eq!(visibility(&mut session), "summarized", "put away again");
}

#[test]
fn what_is_proposed_for_a_file_that_is_closed_by_now_is_not_written() {
    for (visibility, why) in [
        ("ignore", "src/app.rs is ignored in this workspace"),
        ("readonly", "src/app.rs is read-only in this workspace"),
    ] {
        let server = ModelServer::start(vec![Reply::text(fix_app())]);
        let mut session = session(&server);
        session.act("fix", "raise the retries");
        let pending = session.wait_for_proposals("fix", 1);
        session.ask(
            "rummy/file/constraint",
            json!({"pattern": "src", "visibility": visibility}),
        );
        let path = &pending[0]["path"];
        let answer = session.accept("fix", path).expect("it is answered");
        let expected = json!({"accepted": [], "failed": [{"path": path, "reason": why}]});
        assert_eq!(answer, expected);
        let told = session.take("window/showMessage");
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(session.sandbox.read("src/app.rs").as_deref(), Some(APP));
    }
}

#[test]
fn a_new_file_is_shown_by_its_very_name_whatever_is_in_it() {
    for (name, also) in [("notes[draft.md", "notesd.md"), ("{ab}.md", "ab.md")] {
        let server = ModelServer::start(vec![
            Reply::text(set(name, "the new text\n") + &update(200, "Written")),
            Reply::text(update(204, "Seen")),
        ]);
        let mut session = session(&server);
        session.act("write", "write it");
        let path = session.wait_for_proposals("write", 1)[0]["path"].clone();
        session.accept("write", &path).expect("it is accepted");
        session.wait_for_proposals("write", 0);
        session.wait_for_status("write", 200);
        let item = json!({"pattern": name, "visibility": "active"});
        assert_eq!(
            session.ask("rummy/getConstraints", json!({})),
            json!([item])
        );
        session.sandbox.write(also, "another text\n");
        session.act("look", "look at it");
        session.wait_for_status("look", 204);
        let seen = packet(&server, 1);
        assert!(seen.contains("the new text"), "{name}: {seen}");
        assert!(!seen.contains("another text"), "{name}: {seen}");
    }
}

#[test]
fn a_constraint_on_a_file_that_exists_holds_for_that_one_alone() {
    let server = content();
    let mut session = session(&server);
    for at in ["app/[slug]/page.tsx", "app/s/page.tsx"] {
        session.sandbox.write(at, &format!("the text of {at}\n"));
    }
    session.ask(
        "rummy/file/constraint",
        json!({"pattern": "app/[slug]/page.tsx", "visibility": "active"}),
    );
    session.act("look", "what is there?");
    session.wait_for_status("look", 200);
    let seen = packet(&server, 0);
    let shown = ["app/[slug]/page.tsx", "app/s/page.tsx"]
        .map(|at| seen.contains(&format!("the text of {at}")));
    assert_eq!(shown, [true, false], "{seen}");
}

#[test]
fn what_exists_under_a_name_that_is_no_glob_can_be_constrained_and_dropped() {
    let server = content();
    let mut session = session(&server);
    let name = "notes[draft.md";
    let constraint = json!({"pattern": name, "visibility": "ignore"});
    let error = session.refused("rummy/file/constraint", constraint.clone());
    assert_eq!(kind(&error), "invalid_params", "{error}");
    session.sandbox.write(name, "draft\n");
    session.ask("rummy/file/constraint", constraint.clone());
    assert_eq!(
        session.ask("rummy/getConstraints", json!({})),
        json!([constraint])
    );
    session.act("look", "what is there?");
    session.wait_for_status("look", 200);
    assert!(!packet(&server, 0).contains(name));
    session.ask("rummy/file/drop", json!({"pattern": name}));
    session.act("look", "and now?");
    session.wait_for_status("look", 200);
    assert!(packet(&server, 1).contains(name));
}
