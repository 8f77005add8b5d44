//! What is said of a run, a turn, a result: the same words wherever it is laid out.
//!
//! **Invariant.** No text can steer what shows it: see [`printable`].

use std::borrow::Cow;

use super::record::{Answer, Head, Record};
use crate::entries::{Decision, Entry, Outcome, Proposal, RunAlias, State};
use crate::store::loops::Loop;
use crate::store::turns::Figures;

/// Where a fork comes from: its parent, while that exists, and what it was forked behind.
pub struct Origin<'h> {
    pub parent: Option<&'h RunAlias>,
    before: Option<String>,
}

impl<'h> Origin<'h> {
    /// None: it is no fork.
    pub fn of(head: &'h Head) -> Option<Self> {
        let before = match head.inherited() {
            0 => None,
            1 => Some("which took turn 1".to_owned()),
            last => Some(format!("which took turns 1 to {last}")),
        };
        let parent = head.run.parent.as_ref();
        (parent.is_some() || before.is_some()).then_some(Self { parent, before })
    }

    /// The words, with the parent's name as it is to be shown.
    pub fn with(&self, parent: &str) -> String {
        match (self.parent, &self.before) {
            (None, Some(before)) => format!("from a run that is no more, {before}"),
            (_, None) => format!("from {parent}, before its first turn"),
            (Some(_), Some(before)) => format!("from {parent}, {before}"),
        }
    }
}

/// Which turn it is: its number, the mode and the model where its loop is known, the time.
pub fn title(record: &Record, asked: Option<&Loop>) -> Vec<String> {
    let mut words = vec![format!("turn {}", record.turn.number)];
    if let Some(asked) = asked {
        words.extend([asked.mode.to_string(), asked.model.clone()]);
    }
    words.push(record.at.clone());
    words
}

/// Why there is no text of an answer. `goes_on`: one may still come.
pub const fn no_answer(answer: &Answer, goes_on: bool) -> &'static str {
    match answer {
        Answer::Empty => "no answer: the model wrote nothing",
        Answer::Removed => "no answer: the model wrote one that is no longer kept",
        Answer::None if goes_on => "no answer yet",
        Answer::Text(_) | Answer::None => "no answer: the turn ended without one",
    }
}

/// Why an entry is not simply done.
pub fn why(entry: &Entry) -> Option<String> {
    let outcome = entry.outcome.as_ref().map(ToString::to_string);
    let parts: Vec<&str> = [outcome.as_deref(), entry.text("reason")]
        .into_iter()
        .flatten()
        .collect();
    (!parts.is_empty()).then(|| parts.join(": "))
}

/// What became of a proposal.
pub fn fate(entry: &Entry, proposal: &Proposal) -> String {
    let word = match (entry.state, &entry.outcome) {
        (State::Proposed, _) => "waits for a decision",
        (State::Resolved, Some(Outcome::Partial)) => "accepted in part",
        (State::Resolved, _) => "accepted",
        (State::Failed, Some(Outcome::Permission)) => "rejected",
        (State::Failed, _) => "failed",
        (State::Cancelled, _) => "cancelled",
        (State::Streaming, _) => "being carried out",
    };
    let hunks: Vec<String> = proposal
        .hunks
        .iter()
        .map(|hunk| {
            let decided = hunk.decision.map_or("open", Decision::as_str);
            format!("{} {decided}", hunk.id)
        })
        .collect();
    let why = match (entry.state, &entry.outcome) {
        (State::Cancelled | State::Failed, Some(outcome)) if *outcome != Outcome::Permission => {
            Some(outcome.to_string())
        }
        _ => None,
    };
    let mut text = format!("{word} ({})", hunks.join(", "));
    for part in why.as_deref().into_iter().chain(entry.text("reason")) {
        text.push_str(": ");
        text.push_str(part);
    }
    text
}

/// A turn's figures: what its packet took of the context, and what the call used.
pub fn figures(figures: &Figures) -> String {
    format!("context {} · {}", tokens(figures.context), used(figures))
}

/// `prompt 1,204 · … · cost $0.0100`; a dash for what nobody has told.
pub fn used(figures: &Figures) -> String {
    let parts = [
        ("prompt", tokens(figures.prompt)),
        ("cached", tokens(figures.cached)),
        ("completion", tokens(figures.completion)),
        ("reasoning", tokens(figures.reasoning)),
        ("total", tokens(figures.total)),
        ("cost", figures.cost.map_or_else(unknown, money)),
    ];
    parts
        .map(|(name, figure)| format!("{name} {figure}"))
        .join(" · ")
}

fn tokens(count: Option<u64>) -> String {
    count.map_or_else(unknown, thousands)
}

fn unknown() -> String {
    "–".to_owned()
}

/// One line of a text as a terminal can be given it: control characters, and those that turn the
/// direction of what follows, as escapes. Tabs stay.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(steers) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if steers(c) {
            escaped.extend(c.escape_default());
        } else {
            escaped.push(c);
        }
    }
    Cow::Owned(escaped)
}

fn steers(c: char) -> bool {
    let turns =
        matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns || (c.is_control() && c != '\t')
}

/// A sum of money as providers report it.
pub fn money(cost: f64) -> String {
    format!("${cost:.4}")
}

/// `6,204`.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
