//! A run as people read it: turn by turn what was asked, answered and done, and what was decided.
//!
//! [`record`] reads what the store knows, [`words`] says it, and [`turn`] tells it in order to a
//! [`Sheet`], which lays it out: [`markdown`] as the document `rummy:/RUN`, `rummy-lsp show` as a page
//! for a terminal. [`kept`] remembers what was laid out, so that a run which goes on is not read anew
//! from its beginning.

pub mod kept;
pub mod markdown;
pub mod record;
pub mod standing;
pub mod words;

use std::io;

use crate::entries::{Effect, Entry, EntryPath};
use record::{Answer, Deed, Head, Record};

/// From here on a status is a failure.
const FAILURES: u64 = 400;

/// Where a turn is laid out.
pub trait Sheet {
    /// A turn begins; the words say which.
    fn title(&mut self, words: &[String]) -> io::Result<()>;
    /// A text that somebody wrote: the prompt, the reasoning.
    fn section(&mut self, name: &str, text: &str) -> io::Result<()>;
    fn answer(&mut self, text: &str) -> io::Result<()>;
    /// There is no answer; why.
    fn no_answer(&mut self, why: &str) -> io::Result<()>;
    /// What came of the answer begins.
    fn results(&mut self) -> io::Result<()>;
    fn result(&mut self, told: &Told<'_>) -> io::Result<()>;
    fn fact(&mut self, word: &str, text: &str) -> io::Result<()>;
}

/// What is told of a log entry.
pub struct Told<'r> {
    pub status: u64,
    pub action: &'r str,
    /// What the command was about, in a line.
    pub target: Option<&'r str>,
    pub path: &'r EntryPath,
    /// What was decided of a proposal.
    pub fate: Option<String>,
    /// Why an entry that is no proposal is not simply done.
    pub why: Option<String>,
    pub body: Text<'r>,
    /// What a command has printed.
    pub channels: Vec<&'r Entry>,
}

/// A text and what it is.
#[derive(Clone, Copy)]
pub enum Text<'r> {
    Plain(&'r str),
    Patch(&'r str),
}

impl Told<'_> {
    pub const fn failed(&self) -> bool {
        self.status >= FAILURES
    }
}

/// Lays out a turn.
pub fn turn(head: &Head, record: &Record, sheet: &mut dyn Sheet) -> io::Result<()> {
    let asked = head.loop_of(&record.turn);
    sheet.title(&words::title(record, asked))?;
    if let Some(prompt) = &record.prompt {
        sheet.section("prompt", prompt)?;
    }
    if let Some(reasoning) = &record.reasoning {
        sheet.section("reasoning", reasoning)?;
    }
    let goes_on = asked.is_some_and(|asked| head.standing_of(asked).goes_on());
    match &record.answer {
        Answer::Text(text) => sheet.answer(text)?,
        none => sheet.no_answer(words::no_answer(none, goes_on))?,
    }
    // What the call took is known before its commands are carried out, so it stands before them: what
    // has been read once stays where it is.
    if record.turn.answered {
        sheet.fact("figures", &words::figures(&record.turn.figures))?;
    }
    if !record.deeds.is_empty() {
        sheet.results()?;
        for deed in &record.deeds {
            sheet.result(&told(deed))?;
        }
    }
    match asked {
        Some(asked) if head.ends_loop(&record.turn) => {
            sheet.fact("loop", &head.standing_of(asked).with_reason())
        }
        _ => Ok(()),
    }
}

/// Lays out the prompts that no turn has begun to answer, and why.
pub fn without_turns(head: &Head, sheet: &mut dyn Sheet) -> io::Result<()> {
    for asked in head.without_turns() {
        let (mode, model) = (asked.mode.to_string(), asked.model.clone());
        sheet.title(&["no turn".to_owned(), mode, model])?;
        sheet.section("prompt", &asked.prompt)?;
        sheet.fact("loop", &head.standing_of(asked).with_reason())?;
    }
    Ok(())
}

fn told(deed: &Deed) -> Told<'_> {
    let entry = &deed.entry;
    let is_change =
        |effect: &Effect| !matches!(effect, Effect::Command { .. } | Effect::Question { .. });
    let body = match &deed.proposal {
        Some(proposal) if is_change(&proposal.effect) => Text::Patch(&entry.body),
        _ => Text::Plain(&entry.body),
    };
    let has_printed = |channel: &&Entry| !channel.body.is_empty();
    Told {
        status: entry.shown_status(),
        action: entry.path.action().unwrap_or("log"),
        target: entry.about().and_then(|about| about.lines().next()),
        path: &entry.path,
        fate: deed
            .proposal
            .as_ref()
            .map(|proposal| words::fate(entry, proposal)),
        why: match deed.proposal {
            Some(_) => None,
            None => words::why(entry),
        },
        body,
        channels: deed.channels.iter().filter(has_printed).collect(),
    }
}
