//! What cannot be done is refused with a kind, a code and a sentence, and nothing is begun.

use serde_json::{Value, json};

use crate::lsp::Session;
use crate::lsp::script::update;
use crate::model_server::{ModelServer, Reply};

/// Code and kind of an error; its sentence must hold `part`.
fn sorted(error: &Value, part: &str) -> (i64, String) {
    let message = error["message"].as_str().unwrap_or("");
    assert!(message.contains(part), "{error} does not say `{part}`");
    let kind = error["data"]["kind"].as_str().unwrap_or("");
    (error["code"].as_i64().unwrap_or(0), kind.to_owned())
}

fn kind(code: i64, word: &str) -> (i64, String) {
    (code, word.to_owned())
}

#[test]
fn without_a_model_no_run_begins() {
    let mut session = Session::builder().start();
    let error = session.refused("rummy/act", json!({"prompt": "x"}));
    assert_eq!(sorted(&error, "model"), kind(424, "no_model"));
    assert_eq!(session.ask("rummy/getRuns", json!({})), json!([]));
}

#[test]
fn a_model_that_nobody_knows_is_named() {
    let mut session = Session::builder()
        .env("RUMMY_MODEL_test", "openai/x")
        .start();
    let error = session.refused("rummy/act", json!({"prompt": "x", "model": "nobody"}));
    assert_eq!(sorted(&error, "nobody"), kind(404, "not_found"));
    let error = session.refused("rummy/ask", json!({"prompt": "x", "model": "nobody"}));
    assert_eq!(sorted(&error, "nobody"), kind(404, "not_found"));
    assert_eq!(session.ask("rummy/getRuns", json!({})), json!([]));
}

#[test]
fn of_several_models_one_must_be_named_or_the_default() {
    let builder = || {
        Session::builder()
            .env("RUMMY_MODEL_one", "replay//nowhere")
            .env("RUMMY_MODEL_two", "openai/x")
    };
    let mut session = builder().start();
    let error = session.refused("rummy/act", json!({"prompt": "x"}));
    assert_eq!(sorted(&error, "two"), kind(424, "no_model"));
}

#[test]
fn what_belongs_to_a_run_is_not_found_without_it() {
    let mut session = Session::builder().start();
    for (method, params) in [
        ("getRun", json!({"run": "nobody"})),
        ("getEntries", json!({"run": "nobody"})),
        ("abort", json!({"run": "nobody"})),
        ("accept", json!({"run": "nobody"})),
        ("reject", json!({"run": "nobody"})),
        ("diff", json!({"run": "nobody", "path": "src/app.rs"})),
        (
            "set",
            json!({"run": "nobody", "path": "known://a", "body": "x"}),
        ),
        ("rm", json!({"run": "nobody", "path": "known://a"})),
        ("set", json!({"path": "run://nobody", "state": "cancelled"})),
    ] {
        let error = session.refused(&format!("rummy/{method}"), params.clone());
        assert_eq!(
            sorted(&error, "nobody"),
            kind(404, "not_found"),
            "{method} {params}"
        );
    }
}

#[test]
fn a_name_that_could_leave_its_place_is_refused() {
    let mut session = Session::builder()
        .env("RUMMY_MODEL_test", "openai/x")
        .start();
    for bad in ["../x", "a/b", "-x", "a b", "é", "", &"x".repeat(65)] {
        let error = session.refused("rummy/act", json!({"prompt": "x", "run": bad}));
        assert_eq!(
            sorted(&error, "run"),
            kind(-32602, "invalid_params"),
            "{bad:?}"
        );
    }
    for bad in ["../x", "a/b", "é"] {
        let params =
            json!({"path": format!("run://{bad}"), "body": "x", "attributes": {"mode": "act"}});
        let error = session.refused("rummy/set", params);
        assert_eq!(
            sorted(&error, ""),
            kind(-32602, "invalid_params"),
            "{bad:?}"
        );
    }
    assert_eq!(session.ask("rummy/getRuns", json!({})), json!([]));
}

#[test]
fn an_empty_prompt_is_refused() {
    let mut session = Session::builder()
        .env("RUMMY_MODEL_test", "openai/x")
        .start();
    for prompt in ["", "  \n"] {
        let error = session.refused("rummy/act", json!({"prompt": prompt}));
        assert_eq!(sorted(&error, "prompt"), kind(-32602, "invalid_params"));
    }
}

#[test]
fn without_a_folder_runs_are_refused_and_everything_else_works() {
    let server = ModelServer::start(Vec::new());
    let mut session = Session::builder()
        .no_folder()
        .model_at(&server.url())
        .start();
    for method in ["rummy/act", "rummy/ask"] {
        let error = session.refused(method, json!({"prompt": "x"}));
        assert_eq!(sorted(&error, "workspace folder").1, "not_found");
    }
    assert_eq!(session.ask("rummy/ping", json!({})), json!({}));
    let models = json!([{"alias": "test", "actual": "openai/scripted", "contextLength": 200_000}]);
    assert_eq!(session.ask("rummy/getModels", json!({})), models);
}

#[test]
fn a_folder_may_come_later_and_go_again() {
    let server = ModelServer::start(vec![Reply::text(update(200, "Done"))]);
    let mut session = Session::builder()
        .no_folder()
        .model_at(&server.url())
        .start();
    let folder = json!({"uri": crate::lsp::uri_of(&session.sandbox.workspace()), "name": "w"});
    let event =
        |added: &Value, removed: &Value| json!({"event": {"added": added, "removed": removed}});
    session.notify(
        "workspace/didChangeWorkspaceFolders",
        event(&json!([folder]), &json!([])),
    );
    session.act("now", "go");
    session.wait_for_status("now", 200);
    session.notify(
        "workspace/didChangeWorkspaceFolders",
        event(&json!([]), &json!([folder])),
    );
    let error = session.refused("rummy/act", json!({"prompt": "x"}));
    assert_eq!(sorted(&error, "workspace folder").1, "not_found");
}

#[test]
fn a_folder_that_is_not_open_is_refused_by_name() {
    let mut session = Session::builder()
        .env("RUMMY_MODEL_test", "openai/x")
        .start();
    let params = json!({"prompt": "x", "workspace": "file:///somewhere/else"});
    let error = session.refused("rummy/act", params);
    assert_eq!(
        sorted(&error, "file:///somewhere/else"),
        kind(404, "not_found")
    );
}

#[test]
fn hunks_without_their_proposal_are_refused() {
    let mut session = Session::builder().start();
    for method in ["rummy/accept", "rummy/reject"] {
        let error = session.refused(method, json!({"hunks": ["h1"]}));
        assert_eq!(sorted(&error, "path"), kind(-32602, "invalid_params"));
    }
}

#[test]
fn with_nothing_pending_accept_and_reject_do_nothing() {
    let mut session = Session::builder().start();
    let nothing = json!({"accepted": [], "failed": []});
    assert_eq!(session.ask("rummy/accept", json!({})), nothing);
    assert_eq!(
        session.ask("rummy/reject", json!({})),
        json!({"rejected": []})
    );
}
