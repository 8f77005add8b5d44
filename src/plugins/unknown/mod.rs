//! `unknown://`: the questions that are open. They have a section of their own.

use crate::entries::{Category, Entry, Scheme};
use crate::plugins::frame::{Attributes, block, element};
use crate::plugins::known::summary;
use crate::plugins::{Assembly, Plugin, Section, whole_or_excerpt};

/// The plugin; see the module.
pub struct Unknown;

const PLACE: u16 = 200;

impl Plugin for Unknown {
    fn name(&self) -> &'static str {
        Scheme::Unknown.as_str()
    }

    fn project(&self, entry: &Entry) -> String {
        whole_or_excerpt(entry)
    }

    fn sections(&self, assembly: &Assembly<'_>) -> Vec<Section> {
        let questions: Vec<String> = assembly
            .rows
            .iter()
            .filter(|row| row.entry.scheme().category() == Category::Unknown)
            .map(|row| {
                let attributes = Attributes::new()
                    .with("path", &row.entry.path)
                    .with_some("turn", row.entry.turn)
                    .with_some("summary", summary(&row.entry))
                    .with("visibility", row.entry.visibility)
                    .with("tokens", row.tokens);
                element(Scheme::Unknown.as_str(), &attributes, &row.text)
            })
            .collect();
        if questions.is_empty() {
            return Vec::new();
        }
        vec![Section::user(PLACE, block("unknowns", &questions))]
    }
}
