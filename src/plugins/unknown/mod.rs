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
        let mut questions = assembly
            .rows
            .iter()
            .filter(|row| row.scheme().category() == Category::Unknown)
            .map(|row| row.line.as_str())
            .peekable();
        if questions.peek().is_none() {
            return Vec::new();
        }
        vec![Section::user(PLACE, block("unknowns", questions))]
    }
}

/// An open question in `<unknowns>`.
pub fn line(entry: &Entry, text: &str, tokens: u64) -> String {
    let attributes = Attributes::new()
        .with("path", &entry.path)
        .with_some("turn", entry.turn)
        .with_some("summary", summary(entry))
        .with("visibility", entry.visibility)
        .with("tokens", tokens);
    element(Scheme::Unknown.as_str(), &attributes, text)
}
