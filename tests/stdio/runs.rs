//! A run from its start to its end, as its editor is told of it.

use serde_json::{Value, json};

use crate::lsp::script::{APP, edit, fix_app, set, update};
use crate::lsp::{Session, list};
use crate::model_server::{ModelServer, Reply};

fn session(server: &ModelServer) -> Session {
    Session::builder()
        .file("src/app.rs", APP)
        .model_at(&server.url())
        .start()
}

/// Three turns that write things down, one of them over what the first wrote.
fn three_turns() -> ModelServer {
    ModelServer::start(vec![
        Reply::text(set("unknown://where", "Where is it?\n") + &update(145, "Asked")),
        Reply::text(set("known://here", "Here – 😀.\n") + &update(155, "Found")),
        Reply::text(update(200, "Told")),
    ])
}

#[test]
fn each_state_tells_only_what_is_new_and_all_of_them_make_the_whole() {
    let server = three_turns();
    let mut session = session(&server);
    session.act("look", "where is it?");
    let states = session.read_until("run/state", |state| state["status"] == 200);
    let mut history = Vec::new();
    for state in &states {
        let mut next = index(&state["historyFrom"]);
        for item in list(&state["history"]) {
            let mut item = item.clone();
            let own_place = item
                .as_object_mut()
                .and_then(|item| item.shift_remove("index"));
            let place = own_place.as_ref().map_or(next, index);
            if own_place.is_none() {
                next += 1;
            }
            assert_ne!(history.get(place), Some(&item), "told twice");
            if place == history.len() {
                history.push(item);
            } else {
                history[place] = item;
            }
        }
        assert_eq!(history.len(), index(&state["historyTotal"]), "{state}");
    }
    let whole = session.ask("rummy/getRun", json!({"run": "look"}));
    assert_eq!(history, list(&whole["history"]));
    let deeds: Vec<Value> = history
        .iter()
        .map(|item| json!([item["tool"], item["path"], item["status"], item["turn"]]))
        .collect();
    for deed in [
        json!(["set", "unknown://where", 200, 1]),
        json!(["set", "known://here", 200, 2]),
    ] {
        assert!(deeds.contains(&deed), "{deed} is not among {deeds:?}");
    }
}

#[test]
fn a_finished_run_says_what_it_was_and_did() {
    let server = three_turns();
    let mut session = session(&server);
    session.act("look", "where is it?");
    let last = session.wait_for_status("look", 200);
    let mut whole = session.ask("rummy/getRun", json!({"run": "look"}));
    for key in [
        "run", "turn", "status", "state", "summary", "unknowns", "pending", "phase",
    ] {
        assert_eq!(last[key], whole[key], "{key}");
    }
    let content: Vec<(Value, Value)> = list(&whole["content"])
        .iter()
        .map(|text| (text["turn"].clone(), text["body"].clone()))
        .collect();
    let expected = set("known://here", "Here – 😀.\n") + &update(155, "Found");
    assert_eq!(content[1], (json!(2), json!(expected)));
    for key in [
        "content",
        "history",
        "historyFrom",
        "historyTotal",
        "telemetry",
        "reasoning",
    ] {
        whole[key].take();
    }
    assert_eq!(
        whole,
        json!({
            "run": "look",
            "turn": 3,
            "status": 200,
            "state": "resolved",
            "summary": "Told",
            "history": null,
            "historyFrom": null,
            "historyTotal": null,
            "unknowns": [{"path": "unknown://where", "body": "Where is it?"}],
            "pending": 0,
            "phase": "discover",
            "telemetry": null,
            "model": "test",
            "temperature": null,
            "persona": null,
            "contextLimit": null,
            "reasoning": null,
            "content": null,
            "lastUserPrompt": "where is it?",
        })
    );
}

#[test]
fn each_turn_tells_its_figures_once_as_the_provider_gave_them() {
    let server = three_turns();
    let mut session = session(&server);
    session.act("look", "where is it?");
    let states = session.read_until("run/state", |state| state["status"] == 200);
    let figures: Vec<&Value> = states
        .iter()
        .map(|state| &state["telemetry"])
        .filter(|telemetry| !telemetry.is_null())
        .collect();
    let told: Vec<Value> = figures
        .iter()
        .map(|figures| {
            json!([
                figures["promptTokens"],
                figures["completionTokens"],
                figures["totalTokens"]
            ])
        })
        .collect();
    // The figures of a run add up.
    assert_eq!(
        told,
        [json!([11, 7, 18]), json!([22, 14, 36]), json!([33, 21, 54])]
    );
    for figures in figures {
        assert_eq!(figures["modelAlias"], "test");
        assert_eq!(
            [&figures["cachedTokens"], &figures["cost"]],
            [&Value::Null; 2]
        );
        assert!(
            figures["contextTokens"]
                .as_u64()
                .is_some_and(|tokens| tokens > 0)
        );
    }
}

#[test]
fn what_streams_in_is_the_answer_piece_by_piece() {
    let answer = set("known://zwölf", "Boxkämpfer 🚀🚀 jagen Viktor\n") + &update(200, "gejagt");
    let reply = Reply::text(&answer).reasoning("Hm — 🤔 wer?").gate_after(3);
    let server = ModelServer::start(vec![reply]);
    let mut session = session(&server);
    session.act("hunt", "wer jagt?");
    server.wait_for_requests(1);
    let first = session.wait_for("run/text", |_| true);
    assert_eq!(first["offset"], 0);
    server.release();
    let mut pieces = session.read_until("run/text", |text| {
        text["text"]
            .as_str()
            .is_some_and(|text| text.ends_with("</update>\n"))
    });
    pieces.insert(0, first);
    let joined = |kind: &str| -> String {
        let of_kind = pieces.iter().filter(|piece| piece["kind"] == kind);
        of_kind.filter_map(|piece| piece["text"].as_str()).collect()
    };
    assert_eq!(joined("reasoning"), "Hm — 🤔 wer?");
    assert_eq!(joined("answer"), answer);
    for piece in &pieces {
        assert_eq!((&piece["run"], &piece["turn"]), (&json!("hunt"), &json!(1)));
    }
    session.wait_for_status("hunt", 200);
    let phases = session.take("run/progress");
    let first_words: Vec<&Value> = phases.iter().map(|progress| &progress["status"]).collect();
    assert_eq!(first_words.first(), Some(&&json!("thinking")));
    assert_eq!(first_words.last(), Some(&&json!("processing")));
}

#[test]
fn a_model_that_refuses_ends_the_run_and_its_reason_is_told() {
    let refusal = Reply::text("this account has no credit").status(402);
    let server = ModelServer::start(vec![refusal]);
    let mut session = session(&server);
    session.act("poor", "spend something");
    let state = session.wait_for_status("poor", 500);
    assert_eq!(state["state"], "failed");
    let whole = session.ask("rummy/getRun", json!({"run": "poor"}));
    let told = list(&whole["history"]).iter().any(|item| {
        item["body"]
            .as_str()
            .is_some_and(|body| body.contains("this account has no credit"))
    });
    assert!(told, "{whole}");
    session.ignore(&["window/showMessage"]);
}

#[test]
fn an_active_run_shows_as_the_client_s_own_progress_which_can_abort_it() {
    let server = ModelServer::start(vec![Reply::text("never").gate()]);
    let mut session = session(&server);
    session.act("wait", "wait for me");
    let created = session.wait_for("window/workDoneProgress/create", |_| true);
    let begun = session.wait_for("$/progress", |told| told["value"]["kind"] == "begin");
    assert_eq!(begun["token"], created["token"]);
    assert_eq!(begun["value"]["title"], "Rummy: wait");
    session.notify(
        "window/workDoneProgress/cancel",
        json!({"token": created["token"]}),
    );
    session.wait_for_status("wait", 499);
    session.wait_for("$/progress", |told| told["value"]["kind"] == "end");
}

#[test]
fn a_set_on_run_starts_goes_on_with_and_cancels() {
    let server = ModelServer::start(vec![
        Reply::text(update(200, "One")),
        Reply::text(update(200, "Two")),
        Reply::text("never").gate(),
    ]);
    let mut session = session(&server);
    let act =
        |body: &str| json!({"path": "run://fix", "body": body, "attributes": {"mode": "act"}});
    for (prompt, summary) in [("first", "One"), ("second", "Two")] {
        assert_eq!(
            session.ask("rummy/set", act(prompt)),
            json!({"ok": true, "alias": "fix"})
        );
        assert_eq!(session.wait_for_status("fix", 200)["summary"], summary);
    }
    session.ask("rummy/set", act("third"));
    server.wait_for_requests(3);
    let cancel = json!({"path": "run://fix", "state": "cancelled"});
    assert_eq!(session.ask("rummy/set", cancel)["ok"], true);
    let state = session.wait_for_status("fix", 499);
    assert_eq!(state["state"], "cancelled");
}

#[test]
fn runs_without_a_name_are_named_after_their_model_each_by_itself() {
    let server = ModelServer::start(vec![Reply::text(update(200, "Done")).repeat()]);
    let mut session = session(&server);
    let by_set = json!({"path": "run://", "body": "x", "attributes": {"mode": "ask"}});
    let mut names = vec![session.ask("rummy/set", by_set)["alias"].take()];
    let asked: Vec<_> = (0..20)
        .map(|_| session.send("rummy/ask", json!({"prompt": "x"})))
        .collect();
    for id in asked {
        names.push(session.answer(id).expect("it is not refused")["run"].take());
    }
    let made = |name: &Value| {
        let digits = name.as_str().and_then(|name| name.strip_prefix("test_"));
        digits.is_some_and(|digits| digits.starts_with(|c: char| c.is_ascii_digit()))
    };
    assert!(names.iter().all(made), "{names:?}");
    let all = names.len();
    names.sort_by_key(Value::to_string);
    names.dedup();
    assert_eq!(names.len(), all, "{names:?}");
}

#[test]
fn abort_ends_a_run_and_cancels_what_it_proposed() {
    let server = ModelServer::start(vec![Reply::text(fix_app())]);
    let mut session = session(&server);
    session.act("fix", "raise the retries");
    let path = session.wait_for_proposals("fix", 1)[0]["path"].clone();
    let aborted = session.ask("rummy/abort", json!({"run": "fix"}));
    assert_eq!(aborted, json!({"run": "fix", "status": 499}));
    session.wait_for_proposals("fix", 0);
    assert_eq!(session.status("fix"), 499);
    let entries = session.entries("fix");
    let proposal = entries.iter().find(|entry| entry["path"] == path);
    assert_eq!(
        proposal.map(|entry| &entry["state"]),
        Some(&json!("cancelled"))
    );
    let answer = session.accept("fix", &path).expect("it is no error");
    assert_eq!(answer["accepted"], json!([]));
    assert_eq!(session.sandbox.read("src/app.rs").as_deref(), Some(APP));
    session.ignore(&["window/showMessage"]);
}

#[test]
fn abort_hangs_up_on_the_model_at_once() {
    let server = ModelServer::start(vec![Reply::text("a long answer").gate_after(1)]);
    let mut session = session(&server);
    session.act("wait", "wait for me");
    session.wait_for("run/text", |_| true);
    session.ask("rummy/abort", json!({"run": "wait"}));
    server.wait_for_hang_ups(1);
    assert_eq!(session.status("wait"), 499);
}

#[test]
fn prompts_on_an_active_run_wait_for_their_turn_in_order() {
    let server = ModelServer::start(vec![
        Reply::text(update(200, "One")).gate(),
        Reply::text(update(200, "Two")),
        Reply::text(update(200, "Three")),
    ]);
    let mut session = session(&server);
    for prompt in ["the first", "the second", "the third"] {
        session.act("row", prompt);
    }
    server.wait_for_requests(1);
    server.release();
    let states = session.read_until("run/state", |state| state["summary"] == "Three");
    let mut summaries: Vec<&str> = states
        .iter()
        .filter_map(|s| s["summary"].as_str())
        .collect();
    summaries.dedup();
    assert_eq!(summaries, ["", "One", "Two", "Three"]);
    let prompts = session.ask("rummy/getRun", json!({"run": "row"}));
    let prompts: Vec<&Value> = list(&prompts["history"])
        .iter()
        .filter(|item| item["tool"] == "prompt")
        .map(|item| &item["body"])
        .collect();
    assert_eq!(prompts, ["the first", "the second", "the third"]);
    session.wait_for_status("row", 200);
}

#[test]
fn of_two_runs_that_wait_the_one_whose_proposal_is_accepted_goes_on_alone() {
    let proposes =
        |file: &str| Reply::text(set(file, "new\n") + &update(155, "Proposed")).when(file);
    let server = ModelServer::start(vec![
        proposes("one.txt"),
        proposes("two.txt"),
        Reply::text(update(200, "Done")).repeat(),
    ]);
    let mut session = session(&server);
    for file in ["one", "two"] {
        session.act(file, &format!("write {file}.txt"));
        session.wait_for_proposals(file, 1);
        session.wait_for_status(file, 202);
    }
    let path = json!("log://turn_1/set/two.txt");
    session.accept("two", &path).expect("it is accepted");
    session.wait_for_proposals("two", 0);
    session.wait_for_status("two", 200);
    let one = session.ask("rummy/getRun", json!({"run": "one"}));
    assert_eq!(
        json!([one["status"], one["pending"], one["turn"]]),
        json!([202, 1, 1])
    );
    let path = json!("log://turn_1/set/one.txt");
    session.accept("one", &path).expect("it is accepted");
    session.wait_for_proposals("one", 0);
    session.wait_for_status("one", 200);
    // Had it gone on before, it would have told the model of a change that is proposed.
    let requests = server.requests();
    let told = requests[3].to_string();
    let accepted = "target=\\\"one.txt\\\" status=\\\"200\\\"";
    assert!(requests.len() == 4 && told.contains(accepted), "{told}");
}

#[test]
fn a_new_prompt_cancels_what_an_ended_loop_left_proposed() {
    let server = ModelServer::start(vec![
        Reply::text(fix_app()),
        Reply::text(update(200, "Something else")),
    ]);
    let mut session = session(&server);
    session.act("fix", "raise the retries");
    session.wait_for_proposals("fix", 1);
    let sandbox = std::rc::Rc::clone(&session.sandbox);
    drop(session);
    let mut session = Session::builder()
        .sandbox(&sandbox)
        .model_at(&server.url())
        .start();
    session.wait_for_proposals("fix", 1);
    session.act("fix", "do something else");
    session.wait_for_proposals("fix", 0);
    assert_eq!(
        session.wait_for_status("fix", 200)["summary"],
        "Something else"
    );
}

#[test]
fn ask_refuses_a_change_of_a_file_and_tells_the_model() {
    let server = ModelServer::start(vec![
        Reply::text(fix_app()),
        Reply::text(update(200, "Only looked")),
    ]);
    let mut session = session(&server);
    session.ask(
        "rummy/ask",
        json!({"run": "look", "prompt": "how many retries?"}),
    );
    let state = session.wait_for_status("look", 200);
    assert_eq!(
        (&state["summary"], &state["pending"]),
        (&json!("Only looked"), &json!(0))
    );
    assert_eq!(session.sandbox.read("src/app.rs").as_deref(), Some(APP));
    let whole = session.ask("rummy/getRun", json!({"run": "look"}));
    let refused = list(&whole["history"])
        .iter()
        .find(|item| item["tool"] == "set");
    assert_eq!(
        refused.map(|item| &item["status"]),
        Some(&json!(403)),
        "{whole}"
    );
    assert_eq!(
        session.take("run/proposal"),
        [] as [Value; 0],
        "nothing was ever pending"
    );
}

#[test]
fn an_edit_that_fits_nowhere_is_told_to_the_model_and_not_proposed() {
    let wrong = edit("src/app.rs", "no such line\n", "x\n") + &update(200, "Done");
    let server = ModelServer::start(vec![
        Reply::text(wrong),
        Reply::text(update(200, "Gave up")),
    ]);
    let mut session = session(&server);
    session.act("fix", "raise the retries");
    assert_eq!(session.wait_for_status("fix", 200)["summary"], "Gave up");
    assert_eq!(
        session.take("run/proposal"),
        [] as [Value; 0],
        "nothing was ever pending"
    );
    let whole = session.ask("rummy/getRun", json!({"run": "fix"}));
    let failed = list(&whole["history"])
        .iter()
        .find(|item| item["tool"] == "set");
    assert_eq!(
        failed.map(|item| &item["status"]),
        Some(&json!(409)),
        "{whole}"
    );
}

fn index(value: &Value) -> usize {
    let index = value.as_u64().expect("a number");
    usize::try_from(index).expect("it is small")
}
