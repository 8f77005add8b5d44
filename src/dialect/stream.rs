//! The answer as it comes in, for progress display.
//!
//! What `open` shows is a guess by the plainest rules: a tag begins a command, the first closer of
//! its name ends it. The commands themselves are found by [`scan`] when the text is whole, because
//! a fence or a closer that is still to come can change what the text before it means.

use super::scan::{Scan, scan};
use super::tag::{Attributes, closer_at, opening_at, tool_at};

/// The longest description, in characters.
const MAX_DESCRIPTION: usize = 80;

/// An unfinished tag longer than this, in bytes, is not waited for.
const MAX_TAG: usize = 4096;

/// Collects an answer chunk by chunk.
#[derive(Debug)]
pub struct Scanner {
    text: String,
    max_commands: usize,
    /// Up to where the text was looked at.
    position: usize,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    name: &'static str,
    description: String,
}

impl Scanner {
    pub const fn new(max_commands: usize) -> Self {
        Self {
            text: String::new(),
            max_commands,
            position: 0,
            open: None,
        }
    }

    pub fn push(&mut self, chunk: &str) {
        self.text.push_str(chunk);
        while let Some(found) = self.text[self.position..].find('<') {
            let at = self.position + found;
            let Some(next) = self.step(at) else {
                self.position = at;
                return;
            };
            self.position = next;
        }
        self.position = self.text.len();
    }

    /// The command that is being written, in one line: `set src/app.rs`.
    pub fn open(&self) -> Option<&str> {
        self.open.as_ref().map(|open| open.description.as_str())
    }

    /// The same as [`scan`] on the whole text.
    pub fn finish(self) -> Scan {
        scan(&self.text, self.max_commands)
    }

    /// Looks at the `<` at `at`; `None` while it cannot be told what it is.
    fn step(&mut self, at: usize) -> Option<usize> {
        let rest = &self.text[at..];
        if rest.len() < MAX_TAG && !rest.contains('>') && could_be_tag(rest) {
            return None;
        }
        if let Some(open) = &self.open {
            let closer = closer_at(&self.text, at);
            if let Some((name, end)) = closer
                && name.eq_ignore_ascii_case(open.name)
            {
                self.open = None;
                return Some(end);
            }
        } else if let Some(opening) = opening_at(&self.text, at) {
            if opening.flaw.is_some() && rest.len() < MAX_TAG {
                return None; // a quote may still close
            }
            if !opening.self_closing {
                let name = opening.tool.name();
                self.open = Some(Open {
                    name,
                    description: describe(name, &opening.attributes),
                });
            }
            return Some(opening.end);
        }
        Some(at + 1)
    }
}

/// Whether text that ends before its first `>` may become a tag of a tool.
fn could_be_tag(text: &str) -> bool {
    let name = text.trim_start_matches(['<', '/']);
    let length = super::tag::name_length(name);
    length == name.len() || text.starts_with("</") || tool_at(text, 0).is_some()
}

fn describe(name: &str, attributes: &Attributes) -> String {
    let target = ["path", "command", "question"]
        .into_iter()
        .find_map(|field| attributes.get(field));
    let line = target
        .and_then(|target| target.lines().next())
        .unwrap_or("");
    let full = format!("{name} {line}");
    match full.char_indices().nth(MAX_DESCRIPTION) {
        Some((end, _)) => format!("{}…", &full[..end]),
        None => full.trim_end().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_open_command_is_described_while_it_is_written() {
        let mut scanner = Scanner::new(9);
        for (chunk, open) in [
            ("I will ", None),
            ("<se", None),
            ("t path=\"src/", None),
            ("app.rs\">\nfn a() -> ", Some("set src/app.rs")),
            ("Vec<String> {}\n</s", Some("set src/app.rs")),
            ("et>\n<get path=\"x\"/>", None),
            ("<sh command=\"a > b", None),
            ("\n  | c\">", Some("sh a > b")),
            ("</sh>\n<think>", Some("think")),
        ] {
            scanner.push(chunk);
            assert_eq!(scanner.open(), open, "{chunk}");
        }
        assert_eq!(scanner.finish().commands.len(), 4);
    }

    #[test]
    fn a_long_description_is_cut() {
        let mut scanner = Scanner::new(9);
        scanner.push(&format!("<set path=\"{}\">", "é".repeat(200)));
        let open = scanner.open().unwrap();
        assert_eq!(open.chars().count(), MAX_DESCRIPTION + 1);
        assert!(open.starts_with("set é") && open.ends_with('…'));
    }
}
