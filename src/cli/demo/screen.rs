//! Where the demo prints: lines that stay, on a terminal one line that does not, and colours where
//! they are wanted. What is said stands with its callers.

use std::io::{self, IsTerminal as _, Write};

/// The widest that a step is printed, in characters.
const WIDTH: usize = 100;

/// Back to the beginning of the line, and the line is empty.
const CLEAR_LINE: &str = "\r\x1b[K";

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

/// What is printed on. Every line is flushed, so that a reader at the other end of a pipe sees each
/// step as it happens.
pub struct Screen<'o> {
    out: &'o mut dyn Write,
    pub colours: Colours,
    /// Whether a line can be taken back: only a terminal can.
    terminal: bool,
    /// Whether there is a line to take back.
    passing: bool,
}

impl<'o> Screen<'o> {
    /// `out` is taken for the process's standard output.
    pub fn new(out: &'o mut dyn Write) -> Self {
        let terminal = io::stdout().is_terminal();
        Self {
            out,
            colours: Colours::of(terminal, std::env::var_os("NO_COLOR").as_deref()),
            terminal,
            passing: false,
        }
    }

    pub fn line(&mut self, text: &str) -> io::Result<()> {
        self.take_back()?;
        writeln!(self.out, "{}", text.trim_end())?;
        self.out.flush()
    }

    pub fn title(&mut self, text: &str) -> io::Result<()> {
        let painted = self.colours.paint(Ink::Title, text);
        self.line("")?;
        self.line(&painted)
    }

    /// Something that is good to know: a word for what it is, and the rest of the line.
    pub fn note(&mut self, word: &str, text: &str) -> io::Result<()> {
        self.line(&format!("  {word:<9} {text}"))
    }

    /// One step: a word for what was done, what it was about and what there is to say of it.
    pub fn step(&mut self, word: &str, about: &str, text: &str) -> io::Result<()> {
        self.line(&step(word, about, text))
    }

    /// What is said beside the work, in one line.
    pub fn aside(&mut self, word: &str, text: &str) -> io::Result<()> {
        let painted = self
            .colours
            .paint(Ink::Aside, &one_line(&format!("  {word:<9}"), text));
        self.line(&painted)
    }

    /// A step that went wrong, and all that is said of it.
    pub fn wrong(&mut self, word: &str, about: &str, text: &str) -> io::Result<()> {
        let line = format!("{} {}", head(word, about), flat(text));
        let painted = self.colours.paint(Ink::Wrong, line.trim_end());
        self.line(&painted)
    }

    pub fn diff(&mut self, patch: &str) -> io::Result<()> {
        for line in self.colours.diff(patch) {
            self.line(&format!("    {line}"))?;
        }
        Ok(())
    }

    /// Shows a line until the next one, where that can be done.
    pub fn passing(&mut self, text: &str) -> io::Result<()> {
        if !self.terminal {
            return Ok(());
        }
        self.take_back()?;
        let painted = self.colours.paint(Ink::Aside, &shortened(text, 70));
        write!(self.out, "  {painted}")?;
        self.passing = true;
        self.out.flush()
    }

    fn take_back(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.passing) {
            self.out.write_all(CLEAR_LINE.as_bytes())?;
        }
        Ok(())
    }
}

fn step(word: &str, about: &str, text: &str) -> String {
    one_line(&head(word, about), text)
}

fn head(word: &str, about: &str) -> String {
    format!("  {word:<9} {about:<24}")
}

/// A text behind its head, on one line, shortened where it is too long.
fn one_line(head: &str, text: &str) -> String {
    shortened(&format!("{head} {}", flat(text)), WIDTH)
}

/// A text without line breaks and indentation.
fn flat(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ")
}

fn shortened(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some(_) => text.chars().take(limit - 1).chain(['…']).collect(),
        None => text.to_owned(),
    }
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
    fn a_passing_line_is_gone_before_the_next_and_never_reaches_a_pipe() {
        let printed = |terminal| {
            let mut out = Vec::new();
            let mut screen = Screen {
                out: &mut out,
                colours: Colours::Off,
                terminal,
                passing: false,
            };
            screen.passing("thinking").unwrap();
            screen.line("done").unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(printed(true), "  thinking\r\x1b[Kdone\n");
        assert_eq!(printed(false), "done\n");
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
    fn a_step_is_one_line_that_fits() {
        let long = "x ".repeat(100);
        assert_eq!(
            step("get", "README.md", "a\n b").trim_end(),
            "  get       README.md                a b"
        );
        assert_eq!(step("get", "README.md", &long).chars().count(), WIDTH);
    }
}
