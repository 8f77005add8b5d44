//! Forks: what a run takes along from another, and what it leaves.

use serde_json::json;

use crate::lifecycle::{content, looked, packet, refused, sent, session};
use crate::lsp::script::{fix_app, update};
use crate::lsp::{Session, list};
use crate::model_server::{ModelServer, Reply};

#[test]
fn a_fork_knows_what_its_parent_knows_and_changes_nothing_of_it() {
    let (server, mut session) = looked();
    session.ask(
        "rummy/persona/set",
        json!({"run": "look", "text": "You are the parent."}),
    );
    let forked = session.ask(
        "rummy/act",
        json!({"run": "look", "fork": true, "prompt": "what if?", "persona": "You are the child."}),
    );
    let child = forked["run"].as_str().expect("an alias").to_owned();
    assert!(child.starts_with("test_"), "{child}");
    let state = session.wait_for_status(&child, 200);
    assert_eq!(
        state["turn"], 2,
        "the child begins at the parent's next turn"
    );
    let system = sent(&server, 1, "system");
    assert!(
        system.contains("the plan") && system.contains("You are the child."),
        "{system}"
    );

    session.ask(
        "rummy/set",
        json!({"run": child, "path": "known://plan", "body": "another"}),
    );
    session.ask(
        "rummy/set",
        json!({"run": child, "path": "known://plan", "attributes": {"tags": "x"}}),
    );
    let mirror = json!({"run": child, "pattern": "run://*", "bodyFilter": "what if?"});
    let mirror = session.ask("rummy/getEntries", mirror);
    assert_eq!(mirror[0]["path"], json!(format!("run://{child}")));
    assert_eq!(
        mirror[0]["attributes"]["model"], "test",
        "the parent's model"
    );
    let plan = |session: &mut Session, run: &str, text: &str| {
        let params = json!({"run": run, "pattern": "known://**", "bodyFilter": text});
        list(&session.ask("rummy/getEntries", params)).to_vec()
    };
    assert_eq!(plan(&mut session, "look", "the plan").len(), 1);
    assert_eq!(plan(&mut session, &child, "the plan").len(), 0);
    let own = plan(&mut session, &child, "another");
    assert_eq!(own.len(), 1, "one path, one entry");
    assert_eq!(own[0]["attributes"]["tags"], "x");
    assert_eq!(
        plan(&mut session, "look", "the plan")[0]["attributes"].get("tags"),
        None
    );
    let runs = session.ask("rummy/getRuns", json!({}));
    assert_eq!(runs[0]["parent"], "look");
    assert_eq!(
        session.ask("rummy/getRun", json!({"run": "look"}))["persona"],
        "You are the parent."
    );
}

/// A session whose default model is `other`, with a finished run `look` of the model `test` that was
/// set to something in every way.
pub fn parent(server: &ModelServer) -> Session {
    let mut session = Session::builder()
        .file("attic.txt", "dust\n")
        .model_at(&server.url())
        .env("RUMMY_MODEL_other", "openai/other")
        .env("RUMMY_CONTEXT_other", "200000")
        .options(&json!({"model": "other"}))
        .start();
    session.ask(
        "rummy/ask",
        json!({"run": "look", "prompt": "one", "model": "test", "temperature": 0.1,
               "persona": "You are terse.", "contextLimit": 50000, "noRepo": true}),
    );
    session.wait_for_status("look", 200);
    session
}

#[test]
fn a_fork_keeps_what_it_does_not_name_of_its_parents_settings_and_flags() {
    let server = content();
    let mut session = parent(&server);
    let named = json!({"model": "other", "temperature": 0.5, "persona": "You are the child.",
                       "contextLimit": 60000, "noRepo": false});
    let kept = json!(["test", 0.1, "You are terse.", 50000]);
    let changed = json!(["other", 0.5, "You are the child.", 60000]);
    for (nth, attributes, expected, model, sees_files) in [
        (1, json!({}), kept, "scripted", false),
        (2, named, changed, "other", true),
    ] {
        let mut attributes = attributes;
        attributes["fork"] = json!(true);
        attributes["mode"] = json!("ask");
        let params = json!({"path": "run://look", "body": "what if?", "attributes": attributes});
        let child = session.ask("rummy/set", params)["alias"].take();
        let child = child.as_str().expect("an alias");
        session.wait_for_status(child, 200);
        let run = session.ask("rummy/getRun", json!({"run": child}));
        let set = ["model", "temperature", "persona", "contextLimit"].map(|key| run[key].clone());
        assert_eq!(json!(set), expected);
        assert_eq!(server.requests()[nth]["model"], model);
        let packet = packet(&server, nth);
        assert_eq!(packet.contains("attic.txt"), sees_files, "{packet}");
    }
    let unsaid = json!({"path": "run://look", "body": "x", "attributes": {"fork": true}});
    let (kind, message) = refused(&mut session, "rummy/set", unsaid);
    assert_eq!(kind, "invalid_params");
    assert!(message.starts_with("attributes.mode"), "{message}");
}

#[test]
fn a_fork_takes_no_proposal_of_its_parent_along() {
    let server = ModelServer::start(vec![
        Reply::text(fix_app()).when("raise the retries"),
        Reply::text(update(200, "Done")).repeat(),
    ]);
    let mut session = session(&server);
    session.act("fix", "raise the retries");
    session.wait_for_proposals("fix", 1);
    let forked = session.ask(
        "rummy/ask",
        json!({"run": "fix", "fork": true, "prompt": "what is proposed?"}),
    );
    let child = forked["run"].as_str().expect("an alias").to_owned();
    session.wait_for_status(&child, 200);
    let proposed = json!({"run": child, "state": "proposed"});
    assert_eq!(session.ask("rummy/getEntries", proposed), json!([]));
    assert_eq!(
        session.ask("rummy/getRun", json!({"run": "fix"}))["pending"],
        1
    );
}
