//! What the subcommands print for people: colours where they are wanted, and pages of text.
//!
//! **Invariant.** What goes through a [`Page`] can not steer the terminal: control characters in a
//! text, whoever wrote it, are printed as escapes.

use std::borrow::Cow;
use std::io::{self, IsTerminal as _, Write};

pub use crate::lsp::transcript::words::{money, printable, thousands};

/// The width of lines that no terminal sets.
const WIDTH: usize = 80;

/// How far a text stands in under its heading.
const INDENT: &str = "    ";

/// The colours, by what they are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    Title,
    Aside,
    Added,
    Removed,
    Place,
    Wrong,
}

impl Ink {
    /// The number of "select graphic rendition" (ECMA-48, 8.3.117).
    const fn code(self) -> u8 {
        match self {
            Self::Title => 1,
            Self::Aside => 2,
            Self::Added => 32,
            Self::Removed => 31,
            Self::Place => 36,
            Self::Wrong => 33,
        }
    }
}

/// Whether there are colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colours {
    On,
    Off,
}

impl Colours {
    /// Whether standard output is to be coloured.
    pub fn wanted() -> Self {
        let terminal = io::stdout().is_terminal();
        Self::of(terminal, std::env::var_os("NO_COLOR").as_deref())
    }

    fn of(terminal: bool, no_color: Option<&std::ffi::OsStr>) -> Self {
        // An empty variable counts as none (no-color.org).
        let refused = no_color.is_some_and(|value| !value.is_empty());
        if terminal && !refused {
            Self::On
        } else {
            Self::Off
        }
    }

    pub fn paint(self, ink: Ink, text: &str) -> String {
        match self {
            Self::On => format!("\x1b[{}m{text}\x1b[0m", ink.code()),
            Self::Off => text.to_owned(),
        }
    }

    /// A unified diff, line by line. A line is coloured by its first character; only in front of
    /// the first hunk are `---` and `+++` names of files.
    pub fn diff(self, patch: &str) -> Vec<String> {
        let mut in_hunks = false;
        patch
            .lines()
            .map(|line| {
                in_hunks |= line.starts_with("@@");
                let names = line.starts_with("--- ") || line.starts_with("+++ ");
                match line.chars().next() {
                    _ if names && !in_hunks => self.paint(Ink::Title, line),
                    Some('@') => self.paint(Ink::Place, line),
                    Some('-') => self.paint(Ink::Removed, line),
                    Some('+') => self.paint(Ink::Added, line),
                    Some('\\') => self.paint(Ink::Aside, line),
                    _ => line.to_owned(),
                }
            })
            .collect()
    }
}

/// Lines and blocks of text, one below the other.
pub struct Page<'o> {
    out: &'o mut dyn Write,
    colours: Colours,
}

impl<'o> Page<'o> {
    pub fn new(out: &'o mut dyn Write, colours: Colours) -> Self {
        Self { out, colours }
    }

    pub fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{}", printable(text.trim_end()))
    }

    pub fn painted(&mut self, ink: Ink, text: &str) -> io::Result<()> {
        let text = printable(text.trim_end());
        writeln!(self.out, "{}", self.colours.paint(ink, &text))
    }

    /// `word       text`: one fact.
    pub fn fact(&mut self, word: &str, text: &str) -> io::Result<()> {
        self.line(&format!("{word:<10} {text}"))
    }

    /// A text of several lines, so many steps in from the margin.
    pub fn block(&mut self, depth: usize, text: &str) -> io::Result<()> {
        let indent = INDENT.repeat(depth);
        for line in text.lines() {
            self.line(&format!("{indent}{line}"))?;
        }
        Ok(())
    }

    /// A unified diff, so many steps in from the margin.
    pub fn diff(&mut self, depth: usize, patch: &str) -> io::Result<()> {
        let indent = INDENT.repeat(depth);
        let lines: Vec<Cow<'_, str>> = patch.lines().map(printable).collect();
        for line in self.colours.diff(&lines.join("\n")) {
            writeln!(self.out, "{indent}{line}")?;
        }
        Ok(())
    }
}

/// How many characters a line of standard output takes.
pub fn width() -> usize {
    match rustix::termios::tcgetwinsize(io::stdout()) {
        Ok(size) if size.ws_col > 0 => usize::from(size.ws_col),
        // It is no terminal, or one that does not know.
        _ => WIDTH,
    }
}

/// A text that is not longer than so many characters.
pub fn shortened(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some(_) => text.chars().take(limit - 1).chain(['…']).collect(),
        None => text.to_owned(),
    }
}

/// `1 turn`, `2 turns`.
pub fn counted(number: usize, one: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {one}{ending}")
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;

    #[test]
    fn a_diff_is_coloured_by_the_first_character_and_names_only_in_front_of_the_hunks() {
        let patch =
            "--- a\n+++ a\n@@ -1,3 +1,3 @@\n same\n--- it was a comment\n+++x\n\\ No newline\n";
        let expected = [
            "\x1b[1m--- a\x1b[0m",
            "\x1b[1m+++ a\x1b[0m",
            "\x1b[36m@@ -1,3 +1,3 @@\x1b[0m",
            " same",
            "\x1b[31m--- it was a comment\x1b[0m",
            "\x1b[32m+++x\x1b[0m",
            "\x1b[2m\\ No newline\x1b[0m",
        ];
        assert_eq!(Colours::On.diff(patch), expected);
        assert_eq!(Colours::Off.diff(patch), patch.lines().collect::<Vec<_>>());
    }

    #[test]
    fn there_are_colours_only_on_a_terminal_and_unless_they_are_refused() {
        let table = [
            (true, None, Colours::On),
            (true, Some(""), Colours::On),
            (true, Some("1"), Colours::Off),
            (false, None, Colours::Off),
        ];
        for (terminal, no_color, expected) in table {
            assert_eq!(Colours::of(terminal, no_color.map(OsStr::new)), expected);
        }
    }

    #[test]
    fn numbers_are_grouped_by_three_and_counted_in_words() {
        let seen = [0, 999, 1000, 1_234_567].map(thousands);
        assert_eq!(seen, ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(
            [0, 1, 2].map(|n| counted(n, "turn")),
            ["0 turns", "1 turn", "2 turns"]
        );
    }

    #[test]
    fn no_text_can_steer_the_terminal_and_what_it_held_can_be_seen() {
        let mut out = Vec::new();
        let mut page = Page::new(&mut out, Colours::Off);
        page.block(1, "a\tb\r\n\x1b[2Jgone\rover\u{202e}\u{9b}31m é")
            .unwrap();
        page.diff(1, "+\x1b]0;title\x07\n-é").unwrap();
        page.painted(Ink::Title, "one\ntwo").unwrap();
        expect_test::expect![[r"
                a	b
                \u{1b}[2Jgone\rover\u{202e}\u{9b}31m é
                +\u{1b}]0;title\u{7}
                -é
            one\ntwo
        "]]
        .assert_eq(&String::from_utf8(out).unwrap());
    }
}
