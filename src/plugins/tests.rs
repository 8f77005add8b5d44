//! What holds for all plugins together.

use std::collections::BTreeSet;

use super::*;
use crate::dialect::Status;
use crate::entries::{Attributes, EntryId, EntryPath, Mode, Phase, State, ViewId};

/// An entry that is visible and nothing else.
pub fn entry(path: &str, body: &str) -> Entry {
    Entry {
        view: ViewId(1),
        id: EntryId(1),
        path: EntryPath::parse(path).unwrap(),
        body: body.to_owned(),
        attributes: Attributes::new(),
        state: State::Resolved,
        outcome: None,
        visibility: Visibility::Visible,
        turn: None,
        in_loop: None,
        changed: 1,
    }
}

#[test]
fn what_no_plugin_knows_is_shown_whole_and_fails_nothing() {
    let plugins = Plugins::core();
    for path in ["log://turn_9/zzz/x", "log://x", "https://x.com/y"] {
        let entry = entry(path, "the body");
        let shown = [Visibility::Visible, Visibility::Summarized]
            .map(|visibility| plugins.project(&entry, visibility).into_owned());
        assert_eq!(shown, ["the body", ""], "{path}");
    }
}

#[test]
fn no_two_plugins_have_one_name_or_handle_one_tag() {
    let plugins = Plugins::core();
    let names: Vec<&str> = plugins.iter().map(Plugin::name).collect();
    let distinct: BTreeSet<&str> = names.iter().copied().collect();
    assert_eq!(distinct.len(), names.len());
    let tools: Vec<Tool> = plugins
        .iter()
        .filter_map(|plugin| plugin.tool().map(|(tool, _)| tool))
        .collect();
    let distinct: BTreeSet<Tool> = tools.iter().copied().collect();
    assert_eq!(distinct.len(), tools.len());
}

#[test]
fn the_texts_for_the_model_name_only_statuses_that_are_taken() {
    let texts = [
        include_str!("instructions/define.md"),
        include_str!("instructions/discover.md"),
        include_str!("instructions/deploy.md"),
        include_str!("update/doc.md"),
    ];
    let numbers = texts
        .iter()
        .flat_map(|text| text.split(|c: char| !c.is_ascii_digit()))
        .filter(|digits| digits.len() == 3);
    for digits in numbers {
        let args = crate::dialect::Update {
            body: "x".to_owned(),
            status: Status::Code(digits.parse().unwrap()),
        };
        assert!(update::read(&args).is_ok(), "{digits}");
    }
}

/// What the model reads in every turn, whatever it works on.
fn standing_text(phase: Phase) -> String {
    let plugins = Plugins::core();
    let tools: Vec<Tool> = Tool::ALL
        .into_iter()
        .filter(|tool| plugins.handler(*tool).is_some())
        .collect();
    let assembly = Assembly {
        rows: &[],
        plugins: &plugins,
        mode: Mode::Act,
        phase,
        tools: &tools,
        persona: None,
        divisor: 2.0,
        map_tokens: 1_500,
        budget: None,
        reverted: None,
    };
    let sections = instructions::Instructions.sections(&assembly);
    let texts: Vec<String> = sections.into_iter().map(|section| section.text).collect();
    texts.join("\n")
}

#[test]
fn instructions_docs_and_a_phase_take_at_most_2600_tokens() {
    let tokenizer = tiktoken_rs::cl100k_base().unwrap();
    for phase in Phase::ALL {
        let tokens = tokenizer.encode_ordinary(&standing_text(phase)).len();
        assert!(tokens <= 2_600, "{}: {tokens} tokens", phase.name());
    }
}

#[test]
fn every_section_of_entries_is_explained() {
    let text = standing_text(Phase::Define);
    for named in [
        "known://",
        "unknown://",
        "log://",
        "prompt://",
        "skill://",
        "<budget>",
    ] {
        assert!(text.contains(&format!("- `{named}")), "{named}:\n{text}");
    }
}
