//! The points at which a plugin takes part in a turn.

use std::sync::{Arc, Mutex};

use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::json;

use super::bench::Bench;
use crate::dialect::{Command, Tool};
use crate::entries::{Outcome, RunStatus};
use crate::plugins::{Assembly, Message, Plugin, Plugins, Problem, Refusal, Section, TurnContext};
use crate::store::loops::Loop;

const DONE: &str = "<update status=\"200\">done</update>";

/// A plugin that keeps a diary of what it was asked, and forbids `<rm>`.
struct Diarist {
    name: &'static str,
    diary: Arc<Mutex<Vec<String>>>,
}

impl Diarist {
    fn write(&self, what: &str) {
        self.diary
            .lock()
            .unwrap()
            .push(format!("{} {what}", self.name));
    }
}

impl Plugin for Diarist {
    fn name(&self) -> &'static str {
        self.name
    }

    fn about(&self) -> Option<&'static str> {
        Some("- `diary`: what was asked.")
    }

    fn begin<'a>(&'a self, cx: &'a TurnContext<'a>) -> BoxFuture<'a, Result<(), Problem>> {
        self.write(&format!("begin {}", cx.turn));
        std::future::ready(Ok(())).boxed()
    }

    fn admit(&self, command: &Command, _in_loop: &Loop, _tools: &[Tool]) -> Result<(), Refusal> {
        self.write(&format!("admit {}", command.tool().name()));
        match command.tool() {
            Tool::Rm => Err(Refusal::new(Outcome::Permission, "nothing goes")),
            _ => Ok(()),
        }
    }

    fn thought<'c>(&self, command: &'c Command) -> Option<&'c str> {
        (command.tool() == Tool::Rm).then_some("to remove or not")
    }

    fn sections(&self, _assembly: &Assembly<'_>) -> Vec<Section> {
        vec![Section::new(
            Message::User,
            260,
            format!("<diary>{}</diary>", self.name),
        )]
    }
}

#[tokio::test]
async fn plugins_are_asked_in_their_order_and_the_first_refusal_stands() {
    let diary = Arc::new(Mutex::new(Vec::new()));
    let plugin = |name| Diarist {
        name,
        diary: Arc::clone(&diary),
    };
    let plugins = Plugins::core().with(plugin("b")).with(plugin("a"));
    let lines = [
        json!({"answer": format!("<rm path=\"known://x\"/>{DONE}")}),
        json!({"answer": DONE}),
    ];
    let mut bench = Bench::with_plugins(&[], &lines, plugins).await;
    assert_eq!(bench.act("go").await, (RunStatus::Done, None));
    assert_eq!(
        *diary.lock().unwrap(),
        [
            "b begin 1",
            "a begin 1",
            "b admit rm",
            "b admit update",
            "a admit update",
            "b begin 2",
            "a begin 2",
            "b admit update",
            "a admit update",
        ]
    );
    let log = bench.log().await;
    assert_eq!(
        log[1],
        "log://turn_1/rm/known:%2F%2Fx failed permission: nothing goes"
    );
    let sent = bench.user_message(1).await;
    let places = [
        "</instructions>",
        "<diary>b</diary>\n\n<diary>a</diary>",
        "<prompt ",
    ];
    let found: Vec<usize> = places.iter().map(|text| sent.find(text).unwrap()).collect();
    assert!(found.is_sorted(), "{sent}");
    assert!(
        bench
            .system_message(1)
            .await
            .contains("\n- `diary`: what was asked.\n")
    );
    let thought = bench.entry("reasoning://1").await.unwrap().body;
    assert_eq!(thought, "to remove or not\nto remove or not");
}

/// A plugin that cannot begin a turn.
struct Broken;

impl Plugin for Broken {
    fn name(&self) -> &'static str {
        "broken"
    }

    fn begin<'a>(&'a self, _cx: &'a TurnContext<'a>) -> BoxFuture<'a, Result<(), Problem>> {
        let refused = Refusal::new(Outcome::Error, "there is nothing to begin with");
        std::future::ready(Err(refused.into())).boxed()
    }
}

#[tokio::test]
async fn a_plugin_that_cannot_begin_ends_the_run_with_its_words() {
    let lines = [json!({"answer": DONE})];
    let mut bench = Bench::with_plugins(&[], &lines, Plugins::core().with(Broken)).await;
    assert_eq!(
        bench.act("go").await,
        (RunStatus::Failed, Some(Outcome::Error))
    );
    let log = bench.log().await;
    assert!(
        log.last()
            .unwrap()
            .ends_with("there is nothing to begin with"),
        "{log:?}"
    );
    assert_eq!(bench.calls().await, 0);
}
