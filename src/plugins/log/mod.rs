//! `log://`: what happened, command by command, and the prompts of earlier loops. The section only
//! grows at its end.

use crate::entries::{Category, Entry, Scheme};
use crate::plugins::frame::{Attributes, element};
use crate::plugins::{Assembly, Message, Plugin, Section, prompt};

/// The plugin; see the module.
pub struct Log;

const PLACE: u16 = 100;

impl Plugin for Log {
    fn name(&self) -> &'static str {
        Scheme::Log.as_str()
    }

    fn about(&self) -> Option<&'static str> {
        Some(include_str!("doc.md"))
    }

    fn sections(&self, assembly: &Assembly<'_>) -> Vec<Section> {
        let latest = prompt::latest(assembly.rows).map(|row| &row.path);
        let happened = assembly.rows.iter().filter(|row| match row.scheme() {
            Scheme::Log => true,
            scheme => scheme.category() == Category::Prompt && Some(&row.path) != latest,
        });
        let at = (Message::User, PLACE);
        let section = Section::of_rows(at, self.name(), Category::Logging, happened, &[]);
        section.into_iter().collect()
    }
}

/// What happened, in `<log>`.
pub fn line(entry: &Entry, text: &str, tokens: u64) -> String {
    let attributes = Attributes::new()
        .with("path", &entry.path)
        .with_some("target", entry.text("path"))
        .with("status", entry.shown_status())
        .with_some("outcome", entry.outcome.as_ref())
        .with_some("question", entry.text("question"))
        .with_some("reason", entry.text("reason"))
        .with_some("lines", entry.text("lines"))
        .with("tokens", tokens);
    let name = entry.path.action().unwrap_or(entry.scheme().as_str());
    element(name, &attributes, text)
}
