//! The turns of a transcript and the commands in each, by the headings of [`crate::lsp::transcript`].
//! Whatever somebody wrote stands in quotations and fences there, so no heading is anybody else's.

use std::ops::Range;

/// A turn, or a command in one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Symbol {
    pub name: String,
    /// A turn's mode and model; what became of a command.
    pub detail: String,
    /// Its lines.
    pub lines: Range<usize>,
    pub inner: Vec<Self>,
}

/// Headings of a turn's parts that are no commands.
const PARTS: [&str; 3] = ["prompt", "reasoning", "answer"];

/// The turns of a transcript.
pub fn symbols(text: &str) -> Vec<Symbol> {
    let mut turns: Vec<Symbol> = Vec::new();
    let mut fence: Option<usize> = None;
    let mut is_command = false;
    let mut end = 0;
    for (at, line) in text.lines().enumerate() {
        end = at + 1;
        let ticks = line.len() - line.trim_start_matches('`').len();
        match fence {
            Some(opened) if ticks == opened && line.len() == ticks => fence = None,
            Some(_) => {}
            None if ticks > 2 => fence = Some(ticks),
            None => {
                if let Some(name) = line.strip_prefix("## ") {
                    close(&mut turns, at);
                    turns.push(Symbol::new(name, at));
                    is_command = false;
                } else if let Some(name) = line.strip_prefix("### ") {
                    is_command = !PARTS.contains(&name);
                    if let Some(turn) = turns.last_mut() {
                        close(&mut turn.inner, at);
                        if is_command {
                            turn.inner.push(Symbol::new(name, at));
                        }
                    }
                } else if let Some(turn) = turns.last_mut() {
                    turn.describe(line, is_command);
                }
            }
        }
    }
    close(&mut turns, end);
    turns
}

/// The last of them ends here, and what it holds.
fn close(symbols: &mut [Symbol], at: usize) {
    if let Some(last) = symbols.last_mut() {
        // What stands behind a closed one is no part of it.
        if last.lines.is_empty() {
            last.lines.end = at;
        }
        close(&mut last.inner, at);
    }
}

impl Symbol {
    fn new(heading: &str, line: usize) -> Self {
        Self {
            name: plain(heading),
            detail: String::new(),
            lines: line..line,
            inner: Vec::new(),
        }
    }

    /// Takes a line of a turn for what it says of the turn or of its last command.
    fn describe(&mut self, line: &str, is_command: bool) {
        if is_command {
            // The last bold line is the status: output stands in fences.
            let status = line
                .strip_prefix("**")
                .and_then(|rest| rest.split_once("**"));
            if let (Some((status, rest)), Some(command)) = (status, self.inner.last_mut()) {
                command.detail = format!("{status}{rest}").replace('\\', "");
            }
        } else if self.detail.is_empty() && self.inner.is_empty() && line.starts_with('`') {
            self.detail = plain(line);
        }
    }
}

/// The text of a heading without the marks of its code spans.
fn plain(heading: &str) -> String {
    heading
        .replace('`', "")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}
