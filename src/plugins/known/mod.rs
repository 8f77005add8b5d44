//! `known://`: what the model has worked out. Its section is `<context>`, with the skills: what a run
//! keeps, in the order in which it changed last, so that what is unchanged keeps its place from turn to
//! turn. Sources come and go; they have a section of their own, see [`super::file`].

use std::borrow::Cow;

use crate::entries::{Category, Entry, Outcome, Scheme, State, Visibility};
use crate::llm::tokens;
use crate::plugins::frame::{Attributes, element};
use crate::plugins::{Assembly, Message, Plugin, Refusal, Row, Section, whole_or_excerpt};

/// The plugin; see the module.
pub struct Known;

/// The place of `<context>` in the system message: last, because it is what grows.
pub const PLACE: u16 = 100;

impl Plugin for Known {
    fn name(&self) -> &'static str {
        Scheme::Known.as_str()
    }

    fn about(&self) -> Option<&'static str> {
        Some(include_str!("doc.md"))
    }

    fn project<'e>(&self, entry: &'e Entry, shown: Visibility) -> Cow<'e, str> {
        whole_or_excerpt(entry, shown)
    }

    fn sections(&self, assembly: &Assembly<'_>) -> Vec<Section> {
        let kept = assembly.rows.iter().filter(|row| is_kept(row));
        let at = (Message::System, PLACE);
        let section = Section::of_rows(at, "context", Category::Data, kept, &[]);
        section.into_iter().collect()
    }
}

/// Whether a row is in `<context>`.
pub fn is_kept(row: &Row) -> bool {
    matches!(row.scheme(), Scheme::Known | Scheme::Skill)
}

/// Refuses knowledge that is too large to be one piece.
pub fn check_size(body: &str, limit: u64, divisor: f64) -> Result<(), Refusal> {
    let tokens = tokens::estimate(body.chars().count(), divisor);
    if tokens <= limit {
        return Ok(());
    }
    Err(Refusal::new(
        Outcome::Overflow { tokens },
        format!(
            "this entry takes {tokens} tokens; one piece of knowledge takes at most {limit}. Split it into several entries, one fact or topic each."
        ),
    ))
}

/// A piece of knowledge in `<context>` or a source in `<sources>`.
pub fn line(entry: &Entry, text: &str, tokens: u64) -> String {
    let status = Some(entry.status()).filter(|status| *status != 200);
    let attributes = Attributes::new()
        .with("path", &entry.path)
        .with_some("turn", entry.turn)
        .with_some("status", status)
        .with_some("state", Some(entry.state).filter(|s| *s != State::Resolved))
        .with_some("outcome", entry.outcome.as_ref())
        .with_some("language", entry.text("language"))
        .with_some("tags", entry.text("tags"))
        .with_some("summary", summary(entry))
        .with("visibility", entry.visibility)
        .with("tokens", tokens);
    element(entry.scheme().as_str(), &attributes, text)
}

/// The summary that was given, at most 80 characters.
pub fn summary(entry: &Entry) -> Option<String> {
    entry
        .text("summary")
        .filter(|text| !text.is_empty())
        .map(|text| text.chars().take(80).collect())
}
