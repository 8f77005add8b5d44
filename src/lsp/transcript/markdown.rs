//! A run as Markdown.
//!
//! **Invariants.** What somebody wrote stands in quotations and fences that it cannot end, so the
//! headings are ours alone. A thing that may still change stands behind all that will not: what was
//! read once keeps its bytes, and news come at the end.

use std::fmt::Write as _;
use std::io;

use super::record::{Head, Record};
use super::words::{Origin, printable};
use super::{Sheet, Text, Told};
use crate::dialect::scan;
use crate::entries::{EntryPath, RunAlias};

/// The first heading, and what of the run never changes.
pub fn head(head: &Head) -> String {
    let mut text = format!("# {}\n\n", head.run.alias);
    line(&mut text, &format!("- workspace: {}", code(&head.root)));
    line(&mut text, &format!("- begun: {}", head.created));
    if let Some(origin) = Origin::of(head) {
        let parent = |alias: &RunAlias| code(EntryPath::run(alias).as_str());
        let parent = origin.parent.map_or_else(String::new, parent);
        line(&mut text, &format!("- forked {}", origin.with(&parent)));
    }
    text
}

/// A turn, with an empty line in front.
pub fn turn(head: &Head, record: &Record) -> io::Result<String> {
    laid_out(|sheet| super::turn(head, record, sheet))
}

/// The prompts that no turn has begun to answer.
pub fn without_turns(head: &Head) -> io::Result<String> {
    laid_out(|sheet| super::without_turns(head, sheet))
}

fn laid_out(lay_out: impl FnOnce(&mut dyn Sheet) -> io::Result<()>) -> io::Result<String> {
    let mut markdown = Markdown(String::new());
    lay_out(&mut markdown)?;
    Ok(markdown.0)
}

struct Markdown(String);

impl Markdown {
    /// A block, with an empty line in front.
    fn block(&mut self, block: &str) {
        self.0.push('\n');
        line(&mut self.0, block);
    }

    fn heading(&mut self, words: &str) {
        self.block(&format!("### {words}"));
    }

    fn quote(&mut self, text: &str) {
        self.0.push('\n');
        for part in text.lines() {
            let part = printable(part);
            line(&mut self.0, format!("> {part}").trim_end());
        }
    }

    fn fence(&mut self, language: &str, text: &str) {
        self.0.push('\n');
        self.0.push_str(&fenced(language, text));
    }

    fn commands(&mut self, text: &str) {
        if !text.trim().is_empty() {
            self.fence("xml", text.trim_matches(['\n', '\r']));
        }
    }
}

impl Sheet for Markdown {
    fn title(&mut self, words: &[String]) -> io::Result<()> {
        let (first, rest) = words
            .split_first()
            .map_or(("", &[][..]), |(first, rest)| (first, rest));
        let mut letters = first.chars();
        let initial = letters.next().map(|letter| letter.to_ascii_uppercase());
        self.block(&format!(
            "## {}{}",
            String::from_iter(initial),
            letters.as_str()
        ));
        let rest: Vec<String> = rest.iter().map(|word| code(word)).collect();
        self.block(&rest.join(" · "));
        Ok(())
    }

    fn section(&mut self, name: &str, text: &str) -> io::Result<()> {
        self.heading(name);
        self.quote(text);
        Ok(())
    }

    /// What it says in quotations, what it commands in fences.
    fn answer(&mut self, text: &str) -> io::Result<()> {
        self.heading("answer");
        let mut at = 0;
        for prose in scan(text, usize::MAX).prose {
            self.commands(&text[at..prose.start]);
            at = prose.end;
            self.quote(text[prose].trim_matches(['\n', '\r']).trim_end());
        }
        self.commands(&text[at..]);
        Ok(())
    }

    fn no_answer(&mut self, why: &str) -> io::Result<()> {
        self.block(&format!("*{why}*"));
        Ok(())
    }

    fn results(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Its status comes last: it is what changes.
    fn result(&mut self, told: &Told<'_>) -> io::Result<()> {
        let target = told
            .target
            .map_or_else(String::new, |target| format!(" {}", code(target)));
        self.heading(&format!("{}{target}", told.action));
        self.block(&code(told.path.as_str()));
        match told.body {
            Text::Patch(patch) if !patch.is_empty() => self.fence("diff", patch),
            Text::Plain(text) if !text.is_empty() => self.fence("", text),
            _ => {}
        }
        for channel in &told.channels {
            self.block(&code(channel.path.as_str()));
            self.fence("", &channel.body);
        }
        let mut status = format!("**{}**", told.status);
        for word in told.fate.iter().chain(&told.why) {
            let _ = write!(status, " {}", in_a_line(word));
        }
        self.block(&status);
        Ok(())
    }

    fn fact(&mut self, word: &str, text: &str) -> io::Result<()> {
        self.block(&format!("*{word}: {}*", in_a_line(text)));
        Ok(())
    }
}

fn line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

/// A text in one line that nothing in it can end or mark up.
fn in_a_line(text: &str) -> String {
    let mut plain = String::new();
    for c in printable(&text.split_whitespace().collect::<Vec<_>>().join(" ")).chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#') {
            plain.push('\\');
        }
        plain.push(c);
    }
    plain
}

/// A fence that holds this very text.
pub fn fenced(language: &str, text: &str) -> String {
    let fence = "`".repeat(longest_run(text, '`').max(2) + 1);
    let mut fenced = format!("{fence}{language}\n");
    for part in text.lines() {
        line(&mut fenced, &printable(part));
    }
    line(&mut fenced, &fence);
    fenced
}

/// A code span that holds this very text, in one line.
pub fn code(text: &str) -> String {
    let text = printable(text);
    let ticks = "`".repeat(longest_run(&text, '`') + 1);
    // A back-tick at an edge would be taken for the span's own.
    let pad = if text.starts_with('`') || text.ends_with('`') {
        " "
    } else {
        ""
    };
    format!("{ticks}{pad}{text}{pad}{ticks}")
}

fn longest_run(text: &str, of: char) -> usize {
    let (mut longest, mut run) = (0, 0);
    for c in text.chars() {
        run = if c == of { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}
