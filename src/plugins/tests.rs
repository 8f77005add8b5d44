//! What holds for all plugins together.

use std::collections::BTreeSet;

use super::*;
use crate::dialect::{Call, Content, Status, scan};

#[test]
fn no_two_plugins_have_one_name_or_handle_one_tag() {
    let names: BTreeSet<&str> = ALL.iter().map(|plugin| plugin.name()).collect();
    assert_eq!(names.len(), ALL.len());
    let tools: Vec<Tool> = ALL
        .iter()
        .filter_map(|p| p.tool().map(|(tool, _)| tool))
        .collect();
    let distinct: BTreeSet<Tool> = tools.iter().copied().collect();
    assert_eq!(distinct.len(), tools.len());
}

/// The examples of a tool's text are the lines that begin with its tag; a block that is opened there
/// goes on to its closer.
fn examples(doc: &str) -> String {
    let body = doc.lines().skip(2);
    body.collect::<Vec<_>>().join("\n")
}

#[test]
fn every_example_that_the_model_reads_is_understood_as_it_is_meant() {
    for plugin in ALL {
        let Some((tool, doc)) = plugin.tool() else {
            continue;
        };
        let heard = scan(&examples(doc), 99);
        assert_eq!(heard.advisories, [], "<{}>", tool.name());
        for command in &heard.commands {
            assert_eq!(command.tool(), tool, "in the text of <{}>", tool.name());
            match &command.call {
                Call::Set(set) => assert!(!matches!(set.content, Content::Unparsable(_))),
                Call::Update(update) => assert!(matches!(update.status, Status::Code(_))),
                _ => {}
            }
        }
        let wanted = usize::from(tool != Tool::Think);
        assert!(
            heard.commands.len() >= wanted,
            "<{}> has no example",
            tool.name()
        );
    }
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

#[test]
fn the_system_prompt_leaves_most_of_a_small_context_free() {
    let docs: usize = ALL
        .iter()
        .filter_map(|plugin| plugin.tool())
        .map(|(_, doc)| doc.len())
        .sum();
    let base = include_str!("instructions/base.md").len();
    let longest_phase = include_str!("instructions/discover.md").len();
    // Four characters a token is what English prose takes in the usual tokenizers, or fewer.
    let tokens = (docs + base + longest_phase).div_ceil(4);
    assert!(tokens < 2_600, "{tokens} tokens");
}
