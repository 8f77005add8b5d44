//! `unknown://`: the questions that are open. They have a section of their own.

use std::borrow::Cow;

use crate::entries::{Category, Entry, Scheme, Visibility};
use crate::plugins::frame::{Attributes, element};
use crate::plugins::known::summary;
use crate::plugins::{Assembly, Message, Plugin, Section, whole_or_excerpt};

/// The plugin; see the module.
pub struct Unknown;

const PLACE: u16 = 200;

impl Plugin for Unknown {
    fn name(&self) -> &'static str {
        Scheme::Unknown.as_str()
    }

    fn about(&self) -> Option<&'static str> {
        Some(include_str!("doc.md"))
    }

    fn project<'e>(&self, entry: &'e Entry, shown: Visibility) -> Cow<'e, str> {
        whole_or_excerpt(entry, shown)
    }

    fn sections(&self, assembly: &Assembly<'_>) -> Vec<Section> {
        let rows = assembly.rows.iter();
        let questions = rows.filter(|row| row.scheme().category() == Category::Unknown);
        let at = (Message::User, PLACE);
        let section = Section::of_rows(at, "unknowns", Category::Unknown, questions, &[]);
        section.into_iter().collect()
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
