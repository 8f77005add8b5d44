//! What a turn leaves behind for people: its audit, its figures, and what they teach of a model.

use std::sync::Arc;

use serde_json::{Value, json};

use super::bench::Bench;
use crate::agent::EventKind;
use crate::entries::Visibility;
use crate::plugins::telemetry::Telemetry;
use crate::store::models;

const DONE: &str = "<update status=\"200\">done</update>";
const ON: &str = "<update status=\"144\">on</update>";

/// Runs to the end and gives the figures of each turn.
async fn figures(bench: &mut Bench) -> Vec<Arc<Telemetry>> {
    let mut events = bench.supervisor.events().listen();
    bench.act("go").await;
    let mut told = Vec::new();
    while let Ok(event) = events.try_recv() {
        if let EventKind::State {
            telemetry: Some(telemetry),
            ..
        } = event.kind
        {
            told.push(telemetry);
        }
    }
    told
}

#[tokio::test]
async fn an_answered_turn_leaves_its_audit_and_none_of_it_is_shown() {
    let answer = format!("<think>first</think><think>second</think>{DONE}");
    let lines = [json!({"answer": answer, "reasoning": "the provider's"})];
    let mut bench = Bench::scripted(&[], &lines).await;
    bench.act("go").await;
    for (path, body) in [
        ("assistant://1", answer.as_str()),
        ("reasoning://1", "the provider's\nfirst\nsecond"),
    ] {
        let entry = bench.entry(path).await.unwrap();
        assert_eq!(
            (entry.body.as_str(), entry.visibility),
            (body, Visibility::Archived)
        );
    }
    let model: Value = serde_json::from_str(&bench.entry("model://1").await.unwrap().body).unwrap();
    assert_eq!(model["usage"]["prompt"], Value::Null);
    for path in ["system://1", "user://1"] {
        assert_eq!(
            bench.entry(path).await.unwrap().visibility,
            Visibility::Archived
        );
    }
    let log = bench.log().await;
    assert!(!log.iter().any(|line| line.contains("think")), "{log:?}");
}

#[tokio::test]
async fn figures_are_this_turns_where_they_are_of_the_packet_and_sums_where_they_are_of_use() {
    let usage = |prompt, cached, completion, reasoning, cost| {
        json!({"prompt": prompt, "cached": cached, "completion": completion,
               "reasoning": reasoning, "total": prompt + completion, "cost": cost})
    };
    let lines = [
        json!({"answer": ON, "usage": usage(1_000, 0, 50, 5, 0.5)}),
        json!({"answer": DONE, "usage": usage(1_500, 900, 60, 6, 0.25)}),
    ];
    let mut bench = Bench::scripted(&[], &lines).await;
    bench.model.context_length = Some(10_000);
    let told = figures(&mut bench).await;
    let seen: Vec<Value> = told
        .iter()
        .map(|t| {
            json!([
                t.context_tokens,
                t.prompt_tokens,
                t.cached_tokens,
                t.completion_tokens,
                t.reasoning_tokens,
                t.total_tokens,
                t.cost,
                t.ceiling,
                t.context_size
            ])
        })
        .collect();
    assert_eq!(
        seen,
        [
            json!([1_000, 1_000, 0, 50, 5, 1_050, 0.5, 9_000, 10_000]),
            json!([1_500, 2_500, 900, 110, 11, 2_610, 0.75, 9_000, 10_000]),
        ]
    );
    for figures in &told {
        assert_eq!(figures.tokens_free, 9_000 - figures.token_usage);
    }
}

#[tokio::test]
async fn what_nobody_reports_is_null_and_the_packet_is_estimated() {
    let mut bench = Bench::new(&[], &[DONE]).await;
    let told = figures(&mut bench).await;
    let figures = &told[0];
    assert_eq!((figures.prompt_tokens, figures.cost), (None, None));
    assert_eq!(figures.context_tokens, figures.token_usage);
}

#[tokio::test]
async fn the_parts_of_a_packet_add_up_to_it() {
    let files = [("a.txt", "some text\n"), ("b.txt", "other text\n")];
    let answers = [
        &format!("<get path=\"a.txt\"/><set path=\"unknown://q\">Why?</set>{ON}"),
        DONE,
    ];
    let mut bench = Bench::new(&files, &answers).await;
    bench.model.context_length = Some(50_000);
    let told = figures(&mut bench).await;
    for figures in &told {
        let parts = &figures.context_distribution;
        let names: Vec<&str> = parts.iter().map(|part| part.bucket).collect();
        assert_eq!(names, ["data", "logging", "unknown", "prompt", "system"]);
        let sum: u64 = parts.iter().map(|part| part.tokens).sum();
        let usage = figures.token_usage;
        assert!(sum.abs_diff(usage) < 15, "{sum} of {usage}: {parts:?}");
    }
    let entries: Vec<u64> = told[1]
        .context_distribution
        .iter()
        .map(|part| part.entries)
        .collect();
    assert_eq!(entries, [2, 3, 1, 1, 0]);
}

#[tokio::test]
async fn a_models_reports_move_its_characters_a_token_and_implausible_ones_do_not() {
    let report = |tokens: u64| json!({"answer": ON, "usage": {"prompt": tokens}});
    let mut lines = vec![report(1), report(100_000_000)];
    lines.push(json!({"answer": DONE}));
    let mut bench = Bench::scripted(&[], &lines).await;
    bench.limits.min_cycles = 99;
    bench.act("go").await;
    let actual = bench.model.actual.clone();
    let kept = |bench: &Bench, actual: String| {
        let store = bench.store().clone();
        async move {
            store
                .read(move |c| models::divisor(c, &actual))
                .await
                .unwrap()
        }
    };
    assert_eq!(kept(&bench, actual).await, None);

    let mut probe = Bench::scripted(&[], &[json!({"answer": DONE})]).await;
    probe.act("go").await;
    let chars =
        probe.system_message(1).await.chars().count() + probe.user_message(1).await.chars().count();
    let tokens = u64::try_from(chars).unwrap() / 4;
    let line = json!({"answer": DONE, "usage": {"prompt": tokens}});
    let mut bench = Bench::scripted(&[], &[line]).await;
    bench.act("go").await;
    let actual = bench.model.actual.clone();
    let divisor = kept(&bench, actual).await.unwrap();
    assert!(
        (divisor - 3.0).abs() < 0.01,
        "half-way from 2 to 4: {divisor}"
    );
}
