//! The answer as it comes in, for progress display.
//!
//! What [`Scanner::open`] and [`Scanner::complete`] tell is a guess by the plainest rules: a tag
//! begins a command, the first closer of its name ends it. The commands themselves are found by
//! [`scan`] when the text is whole, because a fence or a closer that is still to come can
//! change what the text before it means.
//!
//! **Invariant**: a byte is looked at a bounded number of times, whatever the chunks are.

use memchr::memchr;

use super::command::Tool;
use super::scan::{Scan, scan};
use super::tag::{Attributes, closer_at, name_length, opening_at, tool_at};

/// The longest description, in characters.
const MAX_DESCRIPTION: usize = 80;

/// An unfinished opening tag longer than this, in bytes, is not waited for.
const MAX_TAG: usize = 4096;

/// The same for a mark that is a few words at most.
const MAX_MARK: usize = 64;

/// What begins a tool call in a form that is none of ours, and what ends it.
const NATIVE: [(&str, &str); 9] = [
    ("<tool_call>", "</tool_call>"),
    ("<tool_use>", "</tool_use>"),
    ("<function=", "</function>"),
    ("<invoke ", "</invoke>"),
    ("<|tool_call>", "<tool_call|>"),
    ("<|tool_call_begin|>", "<|tool_call_end|>"),
    ("<|python_tag|>", "<|eom_id|>"),
    ("<|channel|>commentary to=", "<|call|>"),
    ("<｜tool▁call▁begin｜>", "<｜tool▁call▁end｜>"),
];

/// How such a call is described.
const NATIVE_DESCRIPTION: &str = "tool call";

/// Collects an answer chunk by chunk.
#[derive(Debug)]
pub struct Scanner {
    text: String,
    max_commands: usize,
    /// Up to where the text was looked at.
    position: usize,
    /// The opening tag at `position`, as far as it was read.
    tag: Option<Tag>,
    open: Option<Open>,
    complete: usize,
}

/// An opening tag that is not at its end yet.
#[derive(Debug)]
struct Tag {
    start: usize,
    /// Up to where it was read.
    read: usize,
    /// The quote that is open.
    quote: Option<u8>,
    /// Whether a value comes next.
    after_equals: bool,
}

#[derive(Debug)]
struct Open {
    description: String,
    closer: Closer,
}

#[derive(Debug, Clone, Copy)]
enum Closer {
    Tag(Tool),
    Mark(&'static str),
}

impl Scanner {
    pub const fn new(max_commands: usize) -> Self {
        Self {
            text: String::new(),
            max_commands,
            position: 0,
            tag: None,
            open: None,
            complete: 0,
        }
    }

    pub fn push(&mut self, chunk: &str) {
        self.text.push_str(chunk);
        while let Some(found) = memchr(b'<', &self.text.as_bytes()[self.position..]) {
            self.position += found;
            let Some(next) = self.step() else {
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

    /// How many commands are written to their end.
    pub const fn complete(&self) -> usize {
        self.complete
    }

    /// The same as [`scan()`] on the whole text.
    pub fn finish(self) -> Scan {
        scan(&self.text, self.max_commands)
    }

    /// Looks at the `<` at the position and says where to go on; `None` while it cannot be told
    /// what it is.
    fn step(&mut self) -> Option<usize> {
        let at = self.position;
        let rest = &self.text[at..];
        if let Some(open) = &self.open {
            if let Some(end) = open.closer.end(&self.text, at) {
                self.open = None;
                self.complete += 1;
                return Some(end);
            }
            return (!open.closer.may_begin(rest)).then_some(at + 1);
        }
        if tool_at(&self.text, at).is_some() {
            return self.opening();
        }
        let native = NATIVE.iter().find(|(opener, _)| rest.starts_with(opener));
        if let Some((opener, closer)) = native {
            self.open = Some(Open {
                description: NATIVE_DESCRIPTION.to_owned(),
                closer: Closer::Mark(closer),
            });
            return Some(at + opener.len());
        }
        let may_be_tag = name_length(&rest[1..]) + 1 == rest.len() && rest.len() < MAX_MARK;
        let may_be_native = NATIVE.iter().any(|(opener, _)| opener.starts_with(rest));
        (!may_be_tag && !may_be_native).then_some(at + 1)
    }

    /// Reads on in an opening tag of a tool.
    fn opening(&mut self) -> Option<usize> {
        let at = self.position;
        let tag = self.tag.get_or_insert(Tag {
            start: at,
            read: at,
            quote: None,
            after_equals: false,
        });
        if !tag.read_to_end(&self.text) && self.text.len() - at < MAX_TAG {
            return None;
        }
        self.tag = None;
        let Some(opening) = opening_at(&self.text, at) else {
            return Some(at + 1);
        };
        if opening.self_closing {
            self.complete += 1;
        } else {
            self.open = Some(Open {
                description: describe(opening.tool.name(), &opening.attributes),
                closer: Closer::Tag(opening.tool),
            });
        }
        Some(opening.end)
    }
}

impl Tag {
    /// Reads on up to the `>` that ends the tag, or the `<` of the next where one was forgotten, and
    /// says whether it is there.
    fn read_to_end(&mut self, text: &str) -> bool {
        for byte in &text.as_bytes()[self.read..] {
            self.read += 1;
            match (self.quote, *byte) {
                (Some(quote), byte) if byte == quote => self.quote = None,
                (None, b'>') => return true,
                (None, b'<') if self.read > self.start + 1 => return true,
                (None, quote @ (b'"' | b'\'')) if self.after_equals => self.quote = Some(quote),
                _ => {}
            }
            self.after_equals = *byte == b'=' || (self.after_equals && byte.is_ascii_whitespace());
        }
        false
    }
}

impl Closer {
    /// Where the closer ends, if it stands at `at`.
    fn end(self, text: &str, at: usize) -> Option<usize> {
        match self {
            Self::Tag(tool) => {
                let (name, end) = closer_at(text, at)?;
                tool.name().eq_ignore_ascii_case(name).then_some(end)
            }
            Self::Mark(mark) => text[at..].starts_with(mark).then_some(at + mark.len()),
        }
    }

    /// Whether `rest`, to which more comes, may turn out to be the closer.
    fn may_begin(self, rest: &str) -> bool {
        match self {
            Self::Tag(tool) => {
                let closer = ["</", tool.name()].concat();
                let length = rest.len().min(closer.len());
                let begins =
                    rest.as_bytes()[..length].eq_ignore_ascii_case(&closer.as_bytes()[..length]);
                begins
                    && rest.len() < MAX_MARK
                    && rest[length..].trim_matches([' ', '\t']).is_empty()
            }
            Self::Mark(mark) => mark.starts_with(rest),
        }
    }
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
        assert_eq!(scanner.complete(), 3);
        assert_eq!(scanner.finish().commands.len(), 4);
    }

    #[test]
    fn what_is_open_does_not_depend_on_the_chunks() {
        let text = "<sh command=\"a > b\" >x</SH >\n<set path='<'>a <b </set\t>\n<tool_call>\n{}</tool_call>\
                    <get path=\"\"/><settle> <｜tool▁call▁begin｜>x<update>done";
        let mut single = Scanner::new(9);
        let mut opened = Vec::new();
        for character in text.chars() {
            single.push(character.encode_utf8(&mut [0; 4]));
            let open = single.open().map(str::to_owned);
            if opened.last() != Some(&open) {
                opened.push(open);
            }
        }
        let mut whole = Scanner::new(9);
        whole.push(text);
        assert_eq!(
            (single.open(), single.complete()),
            (whole.open(), whole.complete())
        );
        let opened: Vec<String> = opened.into_iter().flatten().collect();
        assert_eq!(opened, ["sh a > b", "set <", "tool call", "tool call"]);
        assert_eq!(whole.complete(), 4);
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
