//! What a client is told while a run works: how often, and by whom it may be ended.

use serde_json::{Value, json};

use crate::lsp::script::{set, update};
use crate::lsp::{Session, list};
use crate::model_server::{ModelServer, Reply};

fn session(server: &ModelServer) -> Session {
    Session::builder().model_at(&server.url()).start()
}

#[test]
fn a_call_that_is_repeated_is_told_with_its_reason_before_the_run_goes_on() {
    let server = ModelServer::start(vec![
        Reply::text("slow down").status(429).retry_after("0"),
        Reply::text(update(200, "Done")),
    ]);
    let mut session = session(&server);
    session.act("again", "go");
    session.wait_for_status("again", 200);
    let told = session.take("run/progress");
    let words: Vec<&str> = told
        .iter()
        .map(|progress| progress["status"].as_str().unwrap())
        .filter(|word| *word != "streaming")
        .collect();
    assert_eq!(words, ["thinking", "retrying", "processing"]);
    let retrying = told
        .iter()
        .find(|told| told["status"] == "retrying")
        .unwrap();
    let detail = retrying["detail"].as_str().unwrap();
    assert!(
        detail.contains("429") || detail.contains("slow down"),
        "{detail}"
    );
    session.ignore(&["run/text"]);
}

#[test]
fn every_turn_is_told_from_thinking_to_processing_and_ends_in_one_state_with_figures() {
    let server = ModelServer::start(vec![
        Reply::text(set("known://a", "x") + &update(144, "On")),
        Reply::text(update(200, "Done")),
    ]);
    let mut session = session(&server);
    session.act("two", "go");
    let mut states = session.read_until("run/state", |state| state["status"] == 200);
    let turns: Vec<(Value, Value)> = session
        .take("run/progress")
        .into_iter()
        .filter(|progress| progress["status"] != "streaming")
        .map(|progress| (progress["turn"].clone(), progress["status"].clone()))
        .collect();
    let word = |turn: u32, word: &str| (json!(turn), json!(word));
    let expected = [
        word(1, "thinking"),
        word(1, "processing"),
        word(2, "thinking"),
        word(2, "processing"),
    ];
    assert_eq!(turns, expected);
    states.retain(|state| !state["telemetry"].is_null());
    let figures: Vec<&Value> = states.iter().map(|state| &state["turn"]).collect();
    assert_eq!(figures, [&json!(1), &json!(2)]);
    for state in &states {
        let buckets = list(&state["telemetry"]["contextDistribution"]);
        assert_eq!(buckets.len(), 5, "{state}");
    }
    session.ignore(&["run/text"]);
}
