//! The packet in the making: the rows that it is drawn from, and the sections that it is made of.
//!
//! **Invariant.** A row is drawn once a version of its entry; its sizes are those of its final text.

use std::borrow::Cow;

use super::{Plugins, budget, file, known, log, unknown};
use crate::dialect::Tool;
use crate::entries::{
    Category, Entry, EntryPath, Mode, Phase, Scheme, TurnNumber, ViewId, Visibility,
};
use crate::llm::tokens;

/// What the sections of a packet are drawn from.
pub struct Assembly<'a> {
    /// Everything that the model may be shown: data in the order in which it changed last, then all
    /// else, oldest first.
    pub rows: &'a [Row],
    pub plugins: &'a Plugins,
    pub mode: Mode,
    pub phase: Phase,
    pub tools: &'a [Tool],
    pub persona: Option<&'a str>,
    /// Characters a token, and what the listing of files may take in tokens.
    pub divisor: f64,
    pub map_tokens: u64,
    /// The figures of the packet itself and of its rows; none as long as all else is being measured.
    pub budget: Option<(budget::Figures, &'a budget::Sheet)>,
    /// How many entries were put away to fit since the packet before.
    pub reverted: Option<usize>,
}

/// An entry as the packet shows it.
#[derive(Debug, Clone)]
pub struct Row {
    pub view: ViewId,
    pub path: EntryPath,
    pub visibility: Visibility,
    pub turn: Option<TurnNumber>,
    /// The number of the run's change that touched it last.
    pub changed: i64,
    /// Its element in the section that it belongs to.
    pub line: String,
    /// What that takes, in characters.
    pub chars: usize,
    /// What of that a summary would free, in characters.
    pub saves: usize,
    /// What its whole body takes, in tokens.
    pub tokens: u64,
    /// The projection of a prompt: the newest one is no line but ends the packet.
    pub prompt: Option<String>,
}

impl Row {
    /// Draws an entry; sizes are at so many characters a token.
    pub fn of(plugins: &Plugins, entry: Entry, divisor: f64) -> Self {
        let text = plugins.project(&entry, entry.visibility);
        let saves = if entry.visibility == Visibility::Visible {
            let summary = plugins.project(&entry, Visibility::Summarized);
            text.chars().count().saturating_sub(summary.chars().count())
        } else {
            0
        };
        let tokens = tokens::estimate(file::chars(&entry), divisor);
        let scheme = entry.scheme();
        let line = match scheme.category() {
            Category::Data => known::line(&entry, &text, tokens),
            Category::Unknown => unknown::line(&entry, &text, tokens),
            Category::Logging | Category::Prompt => log::line(&entry, &text, tokens),
            // Never shown.
            Category::Audit => String::new(),
        };
        let prompt = (scheme == Scheme::Prompt).then(|| text.into_owned());
        Self {
            view: entry.view,
            path: entry.path,
            visibility: entry.visibility,
            turn: entry.turn,
            changed: entry.changed,
            chars: line.chars().count(),
            line,
            saves,
            tokens,
            prompt,
        }
    }

    pub const fn scheme(&self) -> Scheme {
        self.path.scheme()
    }
}

/// Which of the two messages a section belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message {
    System,
    User,
}

/// A part of the packet. Sections of a message follow each other by place.
#[derive(Debug, Clone)]
pub struct Section {
    pub message: Message,
    pub place: u16,
    pub text: String,
    /// What the text takes, in characters.
    pub chars: usize,
    /// What kind of entries it shows, and how many; none where it shows no entries.
    pub shows: Option<(Category, usize)>,
}

impl Section {
    /// A text of its own.
    pub fn new(message: Message, place: u16, text: String) -> Self {
        Self {
            message,
            place,
            chars: text.chars().count(),
            text,
            shows: None,
        }
    }

    /// The same, of so many entries.
    #[must_use]
    pub fn showing(self, category: Category, entries: usize) -> Self {
        Self {
            shows: Some((category, entries)),
            ..self
        }
    }

    /// The lines of rows, and `more` lines behind them, between the tags of a section; none where there
    /// are no lines. What a row takes it knows already.
    pub fn of_rows<'r>(
        (message, place): (Message, u16),
        name: &str,
        category: Category,
        rows: impl Iterator<Item = &'r Row>,
        more: &[String],
    ) -> Option<Self> {
        let rows: Vec<&Row> = rows.collect();
        if rows.is_empty() && more.is_empty() {
            return None;
        }
        let lines = || {
            let drawn = rows.iter().map(|row| row.line.as_str());
            drawn.chain(more.iter().map(String::as_str))
        };
        let bytes: usize = lines().map(|line| line.len() + 1).sum();
        let tags = format!("<{name}>\n</{name}>").len();
        let mut text = String::with_capacity(bytes + tags);
        text.extend(["<", name, ">\n"]);
        for line in lines() {
            text.extend([line, "\n"]);
        }
        text.extend(["</", name, ">"]);
        let of_rows: usize = rows.iter().map(|row| row.chars + 1).sum();
        let of_more: usize = more.iter().map(|line| line.chars().count() + 1).sum();
        Some(Self {
            message,
            place,
            text,
            chars: of_rows + of_more + tags,
            shows: Some((category, rows.len())),
        })
    }
}

/// What short texts look like: whole where they are visible, else their beginning.
pub fn whole_or_excerpt(entry: &Entry, shown: Visibility) -> Cow<'_, str> {
    match shown {
        Visibility::Visible => Cow::Borrowed(&entry.body),
        Visibility::Summarized | Visibility::Archived => excerpt(&entry.body),
    }
}

/// The beginning of a text that is too long for a summary.
fn excerpt(text: &str) -> Cow<'_, str> {
    const LIMIT: usize = 500;
    match text.char_indices().nth(LIMIT) {
        Some((end, _)) => Cow::Owned(format!("{}\n[truncated]", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugins::tests::entry;

    #[test]
    fn a_section_of_rows_is_as_long_as_it_says() {
        let plugins = Plugins::core();
        let rows = [("a", "é\n🦀"), ("b", "")].map(|(path, body)| {
            let entry = entry(&format!("known://{path}"), body);
            Row::of(&plugins, entry, 2.0)
        });
        let more = ["<files path=\"ü/**\" count=\"2\"/>".to_owned()];
        let place = (Message::User, 1);
        let section =
            Section::of_rows(place, "sources", Category::Data, rows.iter(), &more).unwrap();
        assert_eq!(section.chars, section.text.chars().count());
        assert_eq!(section.text.capacity(), section.text.len());
        let none = Section::of_rows(place, "sources", Category::Data, [].iter(), &[]);
        assert!(none.is_none());
    }

    #[test]
    fn a_summary_is_the_first_500_characters_and_says_so_where_there_are_more() {
        for (length, ends) in [(0, ""), (499, "é"), (500, "é"), (501, "é\n[truncated]")] {
            let text = "é".repeat(length);
            let shown = excerpt(&text);
            assert!(shown.ends_with(ends), "{length}");
            let kept = shown.trim_end_matches("\n[truncated]").chars().count();
            assert_eq!(kept, length.min(500));
        }
    }
}
