//! Runs as entries: begun, gone on with, joined, renamed, configured, removed.

use serde_json::{Value, json};

use crate::lsp::script::{APP, fix_app, set, update};
use crate::lsp::{Session, list};
use crate::model_server::{ModelServer, Reply};

pub fn session(server: &ModelServer) -> Session {
    Session::builder()
        .file("src/app.rs", APP)
        .model_at(&server.url())
        .start()
}

/// A model that ends every loop at once.
pub fn content() -> ModelServer {
    ModelServer::start(vec![Reply::text(update(200, "Done")).repeat()])
}

/// A session with a finished run `look` that knows `known://plan`.
pub fn looked() -> (ModelServer, Session) {
    let server = ModelServer::start(vec![
        Reply::text(set("known://plan", "the plan\n") + &update(200, "Looked")),
        Reply::text(update(200, "Done")).repeat(),
    ]);
    let mut session = session(&server);
    session.act("look", "where is it?");
    session.wait_for_status("look", 200);
    (server, session)
}

/// The text of a message that the model was sent in its nth request.
pub fn sent(server: &ModelServer, nth: usize, role: &str) -> String {
    let requests = server.requests();
    let message = list(&requests[nth]["messages"])
        .iter()
        .find(|message| message["role"] == role)
        .expect("there is a message of each role");
    message["content"].as_str().expect("it is text").to_owned()
}

pub fn refused(session: &mut Session, method: &str, params: Value) -> (String, String) {
    let error = session.refused(method, params);
    let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
    (text(&error["data"]["kind"]), text(&error["message"]))
}

/// All that the model was sent in its nth request.
pub fn packet(server: &ModelServer, nth: usize) -> String {
    ["system", "user"]
        .map(|role| sent(server, nth, role))
        .join("\n")
}

#[test]
fn a_prompt_that_is_injected_joins_the_next_turn_of_the_active_loop() {
    let server = ModelServer::start(vec![
        Reply::text(update(145, "Asked")).gate(),
        Reply::text(update(200, "Both done")),
    ]);
    let mut session = session(&server);
    session.act("look", "where is it?");
    server.wait_for_requests(1);
    let injected = session.ask(
        "rummy/inject",
        json!({"run": "look", "prompt": "and look in the attic", "mode": "act"}),
    );
    assert_eq!(
        injected,
        json!({"run": "look", "status": 102, "injected": "next_turn"})
    );
    server.release();
    session.wait_for_status("look", 200);
    assert!(sent(&server, 1, "user").contains("and look in the attic"));
    let prompts: Vec<Value> = session
        .entries("look")
        .into_iter()
        .filter(|entry| entry["scheme"] == "prompt")
        .map(|entry| entry["path"].clone())
        .collect();
    assert_eq!(prompts, ["prompt://1", "prompt://2"]);
    assert_eq!(server.requests().len(), 2, "it began no loop of its own");
}

#[test]
fn a_prompt_that_is_injected_in_the_last_turn_is_answered_all_the_same() {
    let server = ModelServer::start(vec![
        Reply::text(update(200, "Done")).gate(),
        Reply::text(update(204, "Nothing in the attic")),
    ]);
    let mut session = session(&server);
    session.act("look", "where is it?");
    server.wait_for_requests(1);
    session.ask(
        "rummy/inject",
        json!({"run": "look", "prompt": "and the attic?", "mode": "act"}),
    );
    server.release();
    session.wait_for_status("look", 204);
    assert!(sent(&server, 1, "user").contains("and the attic?"));
}

#[test]
fn a_prompt_of_the_other_mode_waits_for_a_loop_of_its_own() {
    let server = ModelServer::start(vec![
        Reply::text(update(200, "Done")).gate(),
        Reply::text(update(204, "Answered")),
    ]);
    let mut session = session(&server);
    session.act("look", "where is it?");
    server.wait_for_requests(1);
    let injected = session.ask(
        "rummy/inject",
        json!({"run": "look", "prompt": "why?", "mode": "ask"}),
    );
    assert_eq!(injected, json!({"run": "look", "status": 102}));
    server.release();
    session.wait_for_status("look", 204);
    assert!(sent(&server, 1, "user").contains("mode=\"ask\""));
}

#[test]
fn injecting_into_an_idle_run_starts_a_loop_and_into_none_is_refused() {
    let (_server, mut session) = looked();
    let injected = session.ask(
        "rummy/inject",
        json!({"run": "look", "prompt": "again", "mode": "ask"}),
    );
    assert_eq!(injected, json!({"run": "look", "status": 100}));
    session.wait_for_status("look", 200);
    let (kind, _) = refused(
        &mut session,
        "rummy/inject",
        json!({"run": "nobody", "prompt": "x", "mode": "ask"}),
    );
    assert_eq!(kind, "not_found");
}

#[test]
fn a_follow_up_keeps_the_model_the_flags_and_the_settings_of_its_run() {
    let server = content();
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
               "persona": "You are terse.", "noRepo": true}),
    );
    session.wait_for_status("look", 200);
    session.ask("rummy/ask", json!({"run": "look", "prompt": "two"}));
    session.wait_for_status("look", 200);
    assert_eq!(server.requests()[1]["temperature"], json!(0.1));
    let packet = packet(&server, 1);
    assert!(packet.contains("You are terse."), "{packet}");
    assert!(!packet.contains("attic.txt"), "{packet}");
}

#[test]
fn two_that_start_one_name_at_once_have_both_their_prompts_answered() {
    let server = content();
    let mut session = session(&server);
    let first = session.send("rummy/act", json!({"run": "look", "prompt": "first"}));
    let second = session.send("rummy/act", json!({"run": "look", "prompt": "second"}));
    for sent in [first, second] {
        session.answer(sent).expect("neither is refused");
    }
    server.wait_for_requests(2);
    session.wait_for("run/state", |state| {
        state["status"] == 200 && state["turn"] == 2
    });
    // Which of two that are asked at once comes first is nobody's promise.
    let told = [0, 1].map(|call| sent(&server, call, "user"));
    for prompt in ["first", "second"] {
        assert!(told.iter().any(|user| user.contains(prompt)), "{told:?}");
    }
}

#[test]
fn a_start_that_cannot_be_is_refused_before_there_is_a_run() {
    let server = content();
    let mut session = session(&server);
    let table = [
        (json!({"mode": "watch"}), "invalid_params", "watch"),
        (json!({}), "invalid_params", "attributes.mode"),
        (
            json!({"mode": "ask", "model": "nobody"}),
            "not_found",
            "nobody",
        ),
        (
            json!({"mode": "ask", "contextLimit": 1023}),
            "invalid_params",
            "contextLimit",
        ),
        (
            json!({"mode": "ask", "temperature": 2.1}),
            "invalid_params",
            "temperature",
        ),
        (json!({"mode": "ask", "fork": true}), "not_found", "look"),
        (json!({"fork": true}), "invalid_params", "attributes.mode"),
        (
            json!({"mode": "ask", "temprature": 1}),
            "invalid_params",
            "temprature",
        ),
        (
            json!({"mode": "ask", "run": "other"}),
            "invalid_params",
            "attributes.run",
        ),
        (
            json!({"mode": "ask", "prompt": "y"}),
            "invalid_params",
            "attributes.prompt",
        ),
        (
            json!({"mode": "ask", "noRepo": "true"}),
            "invalid_params",
            "noRepo",
        ),
        (
            json!({"mode": "ask", "noWeb": 1}),
            "invalid_params",
            "noWeb",
        ),
        (
            json!({"mode": "act", "noProposals": "yes"}),
            "invalid_params",
            "noProposals",
        ),
    ];
    for (attributes, expected, part) in table {
        let params = json!({"path": "run://look", "body": "x", "attributes": attributes});
        let (kind, message) = refused(&mut session, "rummy/set", params.clone());
        assert_eq!(kind, expected, "{params}");
        assert!(message.contains(part), "{message} does not say `{part}`");
    }
    assert_eq!(session.ask("rummy/getRuns", json!({})), json!([]));
}

#[test]
fn a_run_exists_by_the_time_its_start_is_answered() {
    let server = ModelServer::start(vec![Reply::text(update(200, "Done")).gate()]);
    let mut session = session(&server);
    let started = session.ask(
        "rummy/set",
        json!({"path": "run://look", "body": "where?", "attributes": {"mode": "ask", "temperature": 0.5}}),
    );
    assert_eq!(started, json!({"ok": true, "alias": "look"}));
    assert_eq!(
        session.ask("rummy/getRun", json!({"run": "look"}))["temperature"],
        json!(0.5)
    );
    let mirror = session.ask(
        "rummy/getEntries",
        json!({"run": "look", "pattern": "run://*"}),
    );
    assert_eq!(mirror[0]["path"], "run://look");
    assert_eq!(mirror[0]["attributes"]["model"], "test");
    server.release();
    session.wait_for_status("look", 200);
}

#[test]
fn a_flag_that_a_run_has_is_switched_off_by_false() {
    let server = content();
    let mut session = crate::forks::parent(&server);
    session.ask(
        "rummy/ask",
        json!({"run": "look", "prompt": "two", "noRepo": false}),
    );
    session.wait_for_status("look", 200);
    let packet = packet(&server, 1);
    assert!(packet.contains("attic.txt"), "{packet}");
}

#[test]
fn a_token_for_progress_is_no_parameter_of_a_method() {
    let (_server, mut session) = looked();
    for (method, params) in [
        ("rummy/config", json!({"run": "look", "temperature": 0.5})),
        ("rummy/ask", json!({"run": "look", "prompt": "again"})),
        ("rummy/getRuns", json!({})),
    ] {
        let mut params = params;
        params["workDoneToken"] = json!("t");
        params["partialResultToken"] = json!(5);
        session.ask(method, params);
    }
    session.wait_for_status("look", 200);
}

#[test]
fn a_run_gets_another_name_and_the_old_one_is_free() {
    let (_server, mut session) = looked();
    session.act("other", "x");
    session.wait_for_status("other", 200);
    let renamed = session.ask("rummy/rename", json!({"run": "look", "name": "attic"}));
    assert_eq!(renamed, json!({"run": "attic"}));
    session.wait_for_status("attic", 200);
    let table = [
        ("rummy/getRun", json!({"run": "look"}), "not_found"),
        (
            "rummy/rename",
            json!({"run": "attic", "name": "other"}),
            "conflict",
        ),
        (
            "rummy/rename",
            json!({"run": "attic", "name": "../x"}),
            "invalid_params",
        ),
        (
            "rummy/rename",
            json!({"run": "look", "name": "x"}),
            "not_found",
        ),
    ];
    for (method, params, expected) in table {
        let (kind, message) = refused(&mut session, method, params.clone());
        assert_eq!(kind, expected, "{params}: {message}");
    }
    let moved = json!({"run": "attic", "from": "run://attic", "to": "run://look"});
    assert_eq!(session.ask("rummy/mv", moved), json!({"ok": true}));
    let mirror = session.ask(
        "rummy/getEntries",
        json!({"run": "look", "pattern": "run://*"}),
    );
    assert_eq!(list(&mirror).len(), 1);
    assert_eq!(mirror[0]["path"], "run://look");
    session.act("attic", "the name is free");
    session.wait_for_status("attic", 200);
}

#[test]
fn a_run_may_be_renamed_while_it_works_and_waits_for_the_user() {
    let server = ModelServer::start(vec![
        Reply::text(fix_app()),
        Reply::text(update(200, "Done")).repeat(),
    ]);
    let mut session = session(&server);
    session.act("fix", "raise the retries");
    let pending = session.wait_for_proposals("fix", 1);
    session.ask("rummy/rename", json!({"run": "fix", "name": "retries"}));
    session.wait_for_proposals("fix", 0);
    session.wait_for_proposals("retries", 1);
    let path = &pending[0]["path"];
    session.accept("retries", path).expect("it is accepted");
    session.wait_for_status("retries", 200);
    session.wait_for_proposals("retries", 0);
}

#[test]
fn settings_are_changed_and_cleared_by_name() {
    let (server, mut session) = looked();
    let settings = |session: &mut Session| {
        let run = session.ask("rummy/getRun", json!({"run": "look"}));
        json!([
            run["model"],
            run["temperature"],
            run["persona"],
            run["contextLimit"]
        ])
    };
    let set =
        json!({"run": "look", "temperature": 0.2, "persona": "Terse.", "contextLimit": 50000});
    assert_eq!(session.ask("rummy/config", set), json!({"run": "look"}));
    assert_eq!(
        settings(&mut session),
        json!(["test", 0.2, "Terse.", 50000])
    );
    let cleared =
        json!({"path": "run://look", "attributes": {"temperature": null, "persona": null}});
    assert_eq!(
        session.ask("rummy/set", cleared),
        json!({"ok": true, "alias": "look"})
    );
    assert_eq!(settings(&mut session), json!(["test", null, null, 50000]));
    let table = [
        (json!({"temperature": -1}), "temperature"),
        (json!({"contextLimit": 5}), "contextLimit"),
        (json!({"model": "nobody"}), "nobody"),
        (json!({"temperature": "hot"}), "hot"),
        (json!({}), "model, temperature, persona or contextLimit"),
    ];
    for (mut params, part) in table {
        params["run"] = json!("look");
        let (_, message) = refused(&mut session, "rummy/config", params.clone());
        assert!(message.contains(part), "{params}: {message}");
    }
    let unknown = json!({"path": "run://look", "attributes": {"temprature": 1}});
    let (_, message) = refused(&mut session, "rummy/set", unknown);
    assert!(message.contains("temprature"), "{message}");
    session.act("look", "and now");
    session.wait_for_status("look", 200);
    assert_eq!(server.requests()[1].get("temperature"), None);
}

#[test]
fn a_run_that_is_removed_is_gone_and_an_active_one_is_busy() {
    let server = ModelServer::start(vec![
        Reply::text(update(200, "Done")),
        Reply::text(fix_app()),
        Reply::text(update(200, "Done")).repeat(),
    ]);
    let mut session = session(&server);
    session.act("look", "x");
    session.wait_for_status("look", 200);
    session.act("fix", "raise the retries");
    session.wait_for_proposals("fix", 1);
    let (kind, message) = refused(&mut session, "rummy/deleteRun", json!({"run": "fix"}));
    assert_eq!(kind, "busy", "{message}");
    assert_eq!(
        session.ask("rummy/deleteRun", json!({"run": "look"})),
        json!({"ok": true})
    );
    let (kind, _) = refused(&mut session, "rummy/getRun", json!({"run": "look"}));
    assert_eq!(kind, "not_found");
    session.ask("rummy/abort", json!({"run": "fix"}));
    session.wait_for_proposals("fix", 0);
    session.ask("rummy/deleteRun", json!({"run": "fix"}));
    assert_eq!(session.ask("rummy/getRuns", json!({})), json!([]));
}

#[test]
fn the_entry_of_a_run_is_changed_through_the_run_alone() {
    let (_server, mut session) = looked();
    session.ask("rummy/rm", json!({"run": "look", "path": "**"}));
    session.ask(
        "rummy/set",
        json!({"run": "look", "path": "known://a", "body": "x"}),
    );
    let table = [
        ("rummy/rm", json!({"run": "look", "path": "run://look"})),
        ("rummy/rm", json!({"run": "look", "path": "run://*"})),
        (
            "rummy/cp",
            json!({"run": "look", "from": "known://a", "to": "run://b"}),
        ),
        (
            "rummy/mv",
            json!({"run": "look", "from": "run://look", "to": "known://b"}),
        ),
    ];
    for (method, params) in table {
        let (kind, message) = refused(&mut session, method, params.clone());
        assert_eq!(kind, "forbidden", "{params}: {message}");
    }
    session.act("look", "it goes on");
    session.wait_for_status("look", 200);
}

#[test]
fn a_prompt_under_other_terms_or_with_a_selection_gets_a_loop_of_its_own() {
    let server = ModelServer::start(vec![
        Reply::text(update(145, "Asked")).gate(),
        Reply::text(update(200, "Done")),
        Reply::text(fix_app() + &update(200, "Done")),
        Reply::text(update(204, "Not allowed")),
    ]);
    let mut session = session(&server);
    session.act("fix", "look around");
    server.wait_for_requests(1);
    let range = json!({"start": {"line": 1, "character": 0}, "end": {"line": 2, "character": 0}});
    let attributes = json!({
        "mode": "act", "noProposals": true,
        "selection": {"uri": session.uri("src/app.rs"), "range": range},
    });
    session.ask(
        "rummy/set",
        json!({"path": "run://fix", "body": "raise the retries", "attributes": attributes}),
    );
    server.release();
    session.wait_for_status("fix", 204);
    let asked = sent(&server, 2, "user");
    assert!(asked.contains("let retries = 2;"), "{asked}");
    assert_eq!(
        session.ask("rummy/getRun", json!({"run": "fix"}))["pending"],
        0
    );
}

#[test]
fn an_abort_ends_the_prompts_that_were_to_join_the_loop_too() {
    let server = ModelServer::start(vec![Reply::text(update(145, "Asked")).gate()]);
    let mut session = session(&server);
    session.act("look", "where is it?");
    server.wait_for_requests(1);
    session.ask(
        "rummy/inject",
        json!({"run": "look", "prompt": "use less", "mode": "act"}),
    );
    session.ask("rummy/abort", json!({"run": "look"}));
    session.wait_for_status("look", 499);
    assert_eq!(session.status("look"), 499);
    server.wait_for_hang_ups(1);
    assert_eq!(server.requests().len(), 1, "nothing went on by itself");
}

#[test]
fn proposals_follow_a_rename_also_after_a_restart_and_a_cancel_finds_the_run() {
    let server = ModelServer::start(vec![
        Reply::text(fix_app()),
        Reply::text(update(200, "Done")).gate(),
    ]);
    let mut first = session(&server);
    first.act("fix", "raise the retries");
    first.wait_for_proposals("fix", 1);
    let sandbox = std::rc::Rc::clone(&first.sandbox);
    drop(first);
    let mut session = Session::builder()
        .sandbox(&sandbox)
        .model_at(&server.url())
        .start();
    session.wait_for_proposals("fix", 1);
    session.ask("rummy/rename", json!({"run": "fix", "name": "retries"}));
    session.wait_for_proposals("fix", 0);
    let pending = session.wait_for_proposals("retries", 1);
    assert_eq!(pending[0]["run"], "retries");
}

#[test]
fn what_a_run_cannot_be_set_to_is_refused_by_its_name() {
    let (_server, mut session) = looked();
    let big = json!({"run": "look", "contextLimit": u64::MAX});
    let (kind, message) = refused(&mut session, "rummy/config", big);
    assert_eq!(kind, "invalid_params", "{message}");
    let unknown = json!({"run": "look", "temprature": 1, "persona": "x"});
    let (kind, message) = refused(&mut session, "rummy/config", unknown);
    assert_eq!(kind, "invalid_params", "{message}");
    assert!(message.contains("temprature"), "{message}");
    let model = json!({"alias": "x", "actual": "openai/x", "contextLength": u64::MAX});
    let (kind, _) = refused(&mut session, "rummy/addModel", model);
    assert_eq!(kind, "invalid_params");
}
