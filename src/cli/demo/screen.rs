//! Where the demo prints: lines that stay, and on a terminal one line that does not. What is said
//! stands with its callers.

use std::io::{self, IsTerminal as _, Write};

use crate::cli::out::{Colours, Ink, shortened};

/// The widest that a step is printed, in characters.
const WIDTH: usize = 100;

/// Back to the beginning of the line, and the line is empty.
const CLEAR_LINE: &str = "\r\x1b[K";

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
        Self {
            out,
            colours: Colours::wanted(),
            terminal: io::stdout().is_terminal(),
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

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_step_is_one_line_that_fits() {
        let long = "x ".repeat(100);
        assert_eq!(
            step("get", "README.md", "a\n b").trim_end(),
            "  get       README.md                a b"
        );
        assert_eq!(step("get", "README.md", &long).chars().count(), WIDTH);
    }
}
