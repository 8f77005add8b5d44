//! What can be asked of runs, entries and models, and the verbs that change entries.

use serde_json::{Value, json};

use crate::lsp::script::{APP, fix_app, set, update};
use crate::lsp::{Session, list};
use crate::model_server::{ModelServer, Reply};

/// A session with a finished run `look` that knows two things and asks one.
fn looked(server: &ModelServer) -> Session {
    let mut session = Session::builder().model_at(&server.url()).start();
    session.act("look", "where is it?");
    session.wait_for_status("look", 200);
    session
}

fn knowing() -> ModelServer {
    let answer = set("known://a/one", "the first\n")
        + &set("known://a/two", "the second\n")
        + &set("unknown://b", "And then?\n")
        + &update(200, "Looked");
    ModelServer::start(vec![Reply::text(answer)])
}

fn paths(entries: &[Value]) -> Vec<&str> {
    entries
        .iter()
        .filter_map(|entry| entry["path"].as_str())
        .collect()
}

#[test]
fn runs_are_listed_newest_first() {
    let server = ModelServer::start(vec![
        Reply::text(update(200, "Looked")).when("look around"),
        Reply::text(fix_app()).when("raise the retries"),
    ]);
    let mut session = Session::builder()
        .file("src/app.rs", APP)
        .model_at(&server.url())
        .start();
    session.ask("rummy/ask", json!({"run": "look", "prompt": "look around"}));
    session.wait_for_status("look", 200);
    session.act("fix", "raise the retries");
    session.wait_for_proposals("fix", 1);

    let mut runs = session.ask("rummy/getRuns", json!({}));
    for run in runs.as_array_mut().expect("a list of runs") {
        assert!(!run["created"].take().is_null());
    }
    let look = json!({
        "run": "look", "status": 200, "turn": 1, "summary": "Looked", "created": null,
        "model": "test", "mode": "ask", "pending": 0,
    });
    let fix = json!({
        "run": "fix", "status": 202, "turn": 1, "summary": "", "created": null,
        "model": "test", "mode": "act", "pending": 1,
    });
    assert_eq!(runs, json!([fix, look]));
    for (params, expected) in [
        (json!({"limit": 1}), vec!["fix"]),
        (json!({"offset": 1}), vec!["look"]),
        (json!({"limit": 5, "offset": 2}), vec![]),
    ] {
        let runs = session.ask("rummy/getRuns", params.clone());
        let names: Vec<&str> = list(&runs)
            .iter()
            .filter_map(|run| run["run"].as_str())
            .collect();
        assert_eq!(names, expected, "{params}");
    }
}

#[test]
fn entries_are_found_by_pattern_scheme_state_visibility_and_text() {
    let server = knowing();
    let mut session = looked(&server);
    for (filter, expected) in [
        (
            json!({"pattern": "known://**"}),
            vec!["known://a/one", "known://a/two"],
        ),
        (json!({"pattern": "known://a/o*"}), vec!["known://a/one"]),
        (json!({"scheme": "unknown"}), vec!["unknown://b"]),
        (
            json!({"scheme": "known", "bodyFilter": "second"}),
            vec!["known://a/two"],
        ),
        (json!({"scheme": "known", "visibility": "archived"}), vec![]),
        (json!({"scheme": "known", "state": "failed"}), vec![]),
        (
            json!({"scheme": "known", "limit": 1}),
            vec!["known://a/one"],
        ),
        (
            json!({"scheme": "known", "limit": 1, "offset": 1}),
            vec!["known://a/two"],
        ),
        (json!({"pattern": "known://nothing"}), vec![]),
    ] {
        let mut params = filter.clone();
        params["run"] = json!("look");
        let found = session.ask("rummy/getEntries", params);
        assert_eq!(paths(list(&found)), expected, "{filter}");
    }
    let one = session.ask(
        "rummy/getEntries",
        json!({"run": "look", "pattern": "known://a/one"}),
    );
    let mut one = one[0].clone();
    assert!(one["attributes"].take().is_object());
    assert_eq!(
        one,
        json!({
            "path": "known://a/one", "scheme": "known", "state": "resolved", "outcome": null,
            "visibility": "visible", "turn": 1, "tokens": 5, "attributes": null,
        })
    );
}

#[test]
fn the_six_verbs_change_what_a_run_knows() {
    let server = knowing();
    let mut session = looked(&server);
    let run = |params: Value| {
        let mut params = params;
        params["run"] = json!("look");
        params
    };
    let ok = json!({"ok": true});
    let steps = [
        (
            "set",
            json!({"path": "known://c", "body": "mine\n"}),
            ok.clone(),
        ),
        (
            "set",
            json!({"path": "known://c", "body": "more\n", "append": true}),
            ok.clone(),
        ),
        (
            "cp",
            json!({"from": "known://c", "to": "known://d"}),
            ok.clone(),
        ),
        (
            "mv",
            json!({"from": "known://c", "to": "known://e"}),
            ok.clone(),
        ),
        (
            "rm",
            json!({"path": "known://a/*"}),
            json!({"ok": true, "matched": 2}),
        ),
        (
            "get",
            json!({"path": "known://d", "visibility": "visible"}),
            json!({"ok": true, "matched": 1}),
        ),
    ];
    for (verb, params, answer) in steps {
        assert_eq!(
            session.ask(&format!("rummy/{verb}"), run(params.clone())),
            answer,
            "{verb} {params}"
        );
    }
    let known = session.ask("rummy/getEntries", run(json!({"scheme": "known"})));
    let seen: Vec<(&str, &str)> = list(&known)
        .iter()
        .filter_map(|entry| Some((entry["path"].as_str()?, entry["visibility"].as_str()?)))
        .collect();
    assert_eq!(
        seen,
        [("known://d", "visible"), ("known://e", "summarized")]
    );
    let appended = session.ask("rummy/getEntries", run(json!({"bodyFilter": "mine\nmore"})));
    assert_eq!(paths(list(&appended)), ["known://d", "known://e"]);

    let update = session.ask("rummy/update", run(json!({"body": "a word from me"})));
    let path = update["path"].as_str().expect("a path");
    assert!(
        update["ok"] == true && path.starts_with("log://turn_1/update/"),
        "{update}"
    );
}

#[test]
fn a_client_writes_only_where_the_scheme_lets_it() {
    let server = knowing();
    let mut session = looked(&server);
    for path in [
        "log://turn_1/set/x",
        "prompt://1",
        "src/app.rs",
        "system://1",
    ] {
        let params = json!({"run": "look", "path": path, "body": "x"});
        let error = session.refused("rummy/set", params);
        assert_eq!(
            (&error["code"], &error["data"]["kind"]),
            (&json!(403), &json!("forbidden")),
            "{path}"
        );
    }
    for path in ["nonsense://x", "known://a\nb"] {
        let unknown = json!({"run": "look", "path": path, "body": "x"});
        let error = session.refused("rummy/set", unknown);
        assert_eq!(error["data"]["kind"], "invalid_params", "{path:?}");
    }
}

#[test]
fn a_path_is_a_pattern_to_set_where_a_filter_or_the_word_pattern_says_so_alone() {
    let server = knowing();
    let mut session = looked(&server);
    let (ok, matched) = (json!({"ok": true}), |n| json!({"ok": true, "matched": n}));
    let not_found = json!("not_found");
    let steps = [
        (
            "set",
            json!({"path": "known://a/*", "bodyFilter": "second", "body": "changed"}),
            &ok,
        ),
        (
            "set",
            json!({"path": "known://a*", "body": "of its own"}),
            &ok,
        ),
        (
            "set",
            json!({"path": "known://none*", "pattern": true, "body": "x"}),
            &not_found,
        ),
        (
            "set",
            json!({"path": "known://a/*", "bodyFilter": "nowhere", "body": "x"}),
            &not_found,
        ),
        (
            "set",
            json!({"path": "known://a/one", "bodyFilter": "nowhere", "body": "x"}),
            &not_found,
        ),
        (
            "get",
            json!({"path": "known://a/*", "bodyFilter": "first", "visibility": "archived"}),
            &matched(1),
        ),
        (
            "get",
            json!({"path": "known://a/*", "bodyFilter": "nowhere"}),
            &matched(0),
        ),
        (
            "rm",
            json!({"path": "known://a/*", "bodyFilter": "nowhere"}),
            &matched(0),
        ),
        (
            "rm",
            json!({"path": "known://a/*", "bodyFilter": "changed"}),
            &matched(1),
        ),
    ];
    for (verb, params, expected) in steps {
        let mut asked = params.clone();
        asked["run"] = json!("look");
        let answer = session
            .request(&format!("rummy/{verb}"), asked)
            .unwrap_or_else(|error| error["data"]["kind"].clone());
        assert_eq!(answer, *expected, "{verb} {params}");
    }
    let known = session.ask(
        "rummy/getEntries",
        json!({"run": "look", "scheme": "known"}),
    );
    let seen: Vec<Value> = list(&known)
        .iter()
        .map(|entry| json!([entry["path"], entry["visibility"]]))
        .collect();
    assert_eq!(
        seen,
        [
            json!(["known://a*", "summarized"]),
            json!(["known://a/one", "archived"])
        ]
    );
}

#[test]
fn a_line_in_the_log_keeps_the_status_and_the_attributes_that_it_was_given() {
    let server = knowing();
    let mut session = looked(&server);
    let mut paths = Vec::new();
    for given in [
        json!({"status": 155, "attributes": {"by": "me"}}),
        json!({}),
    ] {
        let mut params = given;
        params["run"] = json!("look");
        params["body"] = json!("a word");
        paths.push(session.ask("rummy/update", params)["path"].take());
    }
    let path = "log://turn_1/update/a%20word";
    assert_eq!(paths, [json!(path), json!(format!("{path}_2"))]);
    let lines = json!({"run": "look", "pattern": "log://turn_1/update/a word*"});
    let lines = session.ask("rummy/getEntries", lines);
    let attributes: Vec<&Value> = list(&lines).iter().map(|l| &l["attributes"]).collect();
    assert_eq!(
        attributes,
        [&json!({"by": "me", "status": 155}), &json!({"status": 102})]
    );
}

#[test]
fn models_are_added_listed_and_removed() {
    let mut session = Session::builder().start();
    assert_eq!(session.ask("rummy/getModels", json!({})), json!([]));
    let added = json!({"alias": "big", "actual": "openai/big", "contextLength": 64000});
    assert_eq!(
        session.ask("rummy/addModel", added),
        json!({"alias": "big"})
    );
    let small = json!({"alias": "small", "actual": "openai/small"});
    assert_eq!(
        session.ask("rummy/addModel", small),
        json!({"alias": "small"})
    );
    let big = json!({"alias": "big", "actual": "openai/big", "contextLength": 64000});
    let small = json!({"alias": "small", "actual": "openai/small", "contextLength": null});
    assert_eq!(
        session.ask("rummy/getModels", json!({})),
        json!([big, small])
    );
    assert_eq!(
        session.ask("rummy/getModels", json!({"limit": 1})),
        json!([big])
    );
    assert_eq!(
        session.ask("rummy/getModels", json!({"offset": 1})),
        json!([small])
    );
    assert_eq!(
        session.ask("rummy/removeModel", json!({"alias": "big"})),
        json!({"ok": true})
    );
    assert_eq!(session.ask("rummy/getModels", json!({})), json!([small]));
    let sandbox = std::rc::Rc::clone(&session.sandbox);
    drop(session);

    let mut session = Session::builder().sandbox(&sandbox).start();
    assert_eq!(session.ask("rummy/getModels", json!({})), json!([small]));
    let error = session.refused("rummy/removeModel", json!({"alias": "big"}));
    assert_eq!(
        (&error["code"], &error["data"]["kind"]),
        (&json!(404), &json!("not_found"))
    );
}
