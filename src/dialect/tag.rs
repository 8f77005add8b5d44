//! One tag: its name, its attributes, and what can be made of it when a quote or a `>` is
//! missing. Knows the tool tags and nothing else; bodies are the business of the scanner.

use std::collections::BTreeMap;

use super::command::Tool;
use super::entity;
use super::quote::quoted;

/// Attributes that never hold a line break: a quote still open at the end of the line is missing.
const ONE_LINE: [&str; 7] = [
    "path",
    "to",
    "visibility",
    "status",
    "line",
    "limit",
    "results",
];

/// Attributes that are written without a value.
pub(super) const FLAGS: [&str; 3] = ["preview", "all", "g"];

/// What models call the element that they think in. The first is the tool.
pub(super) const THOUGHTS: [&str; 4] = ["think", "thinking", "thought", "reasoning"];

pub(super) fn is_thought(name: &str) -> bool {
    THOUGHTS
        .iter()
        .any(|known| known.eq_ignore_ascii_case(name))
}

/// What was wrong with a tag that was taken all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    /// A quote was never closed.
    OpenQuote,
    /// A value holds the quote that delimits it.
    InnerQuote,
    /// The tag has no `>`.
    NoEnd,
}

/// An opening tag of a tool.
#[derive(Debug)]
pub(super) struct Opening {
    pub tool: Tool,
    pub attributes: Attributes,
    pub self_closing: bool,
    /// Where the body begins, or what follows a tag without one.
    pub end: usize,
    pub flaw: Option<Flaw>,
}

/// Attributes by lower-case name. The first of a name wins.
#[derive(Debug, Default)]
pub(super) struct Attributes(BTreeMap<String, String>);

impl Attributes {
    /// Takes an attribute that has a value.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        self.take_any(name).filter(|value| !value.is_empty())
    }

    /// Takes an attribute, empty or not.
    pub(super) fn take_any(&mut self, name: &str) -> Option<String> {
        self.0.remove(name)
    }

    /// Takes a flag, which is on when it is there at all, unless it says no.
    pub(super) fn take_flag(&mut self, name: &str) -> bool {
        self.0.remove(name).is_some_and(|value| !says_no(&value))
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// All that are there, by name.
    pub(super) fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Those that have a value.
    pub(super) fn filled(&self) -> impl Iterator<Item = (&str, &str)> {
        self.all().filter(|(_, value)| !value.is_empty())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether no other attribute than this one is there.
    pub(super) fn is_only(&self, name: &str) -> bool {
        self.0.keys().all(|key| key == name)
    }

    /// What nobody took.
    pub(super) fn rest(self) -> BTreeMap<String, String> {
        self.0
    }

    /// Adds an attribute as a tag has it.
    fn add(&mut self, name: &str, value: &str) {
        self.insert(name, &entity::decode(value));
    }

    /// Adds an attribute whose value is taken as it is.
    pub(super) fn insert(&mut self, name: &str, value: &str) {
        self.0
            .entry(name.to_ascii_lowercase())
            .or_insert_with(|| value.to_owned());
    }
}

/// Whether the value of a flag turns it off.
pub(super) fn says_no(value: &str) -> bool {
    ["false", "no", "0", "off"]
        .iter()
        .any(|no| no.eq_ignore_ascii_case(value.trim()))
}

/// The tool whose opening tag seems to begin at `at`, and where its name ends.
pub(super) fn tool_at(text: &str, at: usize) -> Option<(Tool, usize)> {
    let rest = text[at..].strip_prefix('<')?;
    let length = name_length(rest);
    let tool = Tool::from_name(&rest[..length])?;
    let behind = &rest[length..];
    let bounded = behind.starts_with(|next: char| next == '>' || next.is_whitespace())
        || behind.starts_with("/>");
    bounded.then_some((tool, at + 1 + length))
}

/// The name in a closing tag that begins at `at`, whatever it closes, and where the tag ends.
pub(super) fn closer_at(text: &str, at: usize) -> Option<(&str, usize)> {
    let rest = text[at..].strip_prefix("</")?;
    let length = name_length(rest);
    let (name, behind) = rest.split_at(length);
    let blanks = behind.len() - behind.trim_start_matches([' ', '\t']).len();
    let closed = length > 0 && behind[blanks..].starts_with('>');
    closed.then_some((name, at + 2 + length + blanks + 1))
}

/// The length of the tag name that `text` begins with; 0 where it begins with none.
pub(super) fn name_length(text: &str) -> usize {
    if !text.starts_with(|first: char| first.is_ascii_alphabetic()) {
        return 0;
    }
    text.bytes()
        .take_while(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b':' | b'.')
        })
        .count()
}

/// Whether a tag of a tool, opening or closing, begins at `at`.
pub(super) fn is_tool_tag(text: &str, at: usize) -> bool {
    tool_at(text, at).is_some()
        || closer_at(text, at).is_some_and(|(name, _)| Tool::from_name(name).is_some())
}

/// Reads the opening tag at `at`. `None` for what only looks like one: "a <set of two".
pub(super) fn opening_at(text: &str, at: usize) -> Option<Opening> {
    let (tool, name_end) = tool_at(text, at)?;
    let mut reader = Reader {
        text,
        position: name_end,
        attributes: Attributes::default(),
        flags: Vec::new(),
        behind_value: None,
        flaw: None,
    };
    let self_closing = reader.read()?;
    Some(Opening {
        tool,
        attributes: reader.attributes,
        self_closing,
        end: reader.position,
        flaw: reader.flaw,
    })
}

struct Reader<'t> {
    text: &'t str,
    position: usize,
    attributes: Attributes,
    /// Names without a value since the last that had one: words of the body, should the tag turn
    /// out to have ended there.
    flags: Vec<&'t str>,
    /// Where the last attribute with a value ended.
    behind_value: Option<usize>,
    flaw: Option<Flaw>,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.position..]
    }

    fn skip_blanks(&mut self) {
        self.position += self.rest().len() - self.rest().trim_start().len();
    }

    /// Reads to the end of the tag and says whether it closes itself.
    fn read(&mut self) -> Option<bool> {
        loop {
            self.skip_blanks();
            let rest = self.rest();
            let self_closing = rest.starts_with("/>");
            if self_closing || rest.starts_with('>') {
                self.keep_flags();
                self.position += 1 + usize::from(self_closing);
                return Some(self_closing);
            }
            if rest == "/" && self.behind_value.is_some() {
                self.position = self.text.len();
                self.flaw = Some(Flaw::NoEnd);
                return Some(true);
            }
            let length = name_length(rest);
            let name = &rest[..length];
            if length == 0 || !rest[length..].starts_with(ends_name) {
                return self.end_without_bracket();
            }
            self.position += length;
            if let Some(self_closing) = self.value(name)? {
                return Some(self_closing);
            }
        }
    }

    fn keep_flags(&mut self) {
        for flag in self.flags.drain(..) {
            self.attributes.add(flag, "");
        }
    }

    /// The tag is not one, or lacks its `>`: it ended behind the last value that was read.
    fn end_without_bracket(&mut self) -> Option<bool> {
        self.position = self.behind_value?;
        self.flaw = Some(Flaw::NoEnd);
        Some(false)
    }

    /// Reads `= value` if it is there. The inner value says that the tag ended with it, and how.
    #[expect(
        clippy::option_option,
        reason = "no tag, a tag that goes on, a tag that ended"
    )]
    fn value(&mut self, name: &'t str) -> Option<Option<bool>> {
        let Some(value) = self.rest().trim_start().strip_prefix('=') else {
            self.flags.push(name);
            return Some(None);
        };
        self.keep_flags();
        let value = value.trim_start();
        self.position = self.text.len() - value.len();
        if value.is_empty() {
            return self.end_without_bracket().map(Some);
        }
        let ended = if value.starts_with(['"', '\'']) {
            let quoted = quoted(self.text, self.position, is_one_line(name));
            self.attributes.add(name, quoted.value);
            self.position = quoted.end;
            self.flaw = self.flaw.or(quoted.flaw);
            quoted.tag_ended
        } else {
            let length = unquoted_length(value);
            self.attributes.add(name, &value[..length]);
            self.position += length;
            None
        };
        self.behind_value = Some(self.position);
        Some(ended)
    }
}

fn ends_name(next: char) -> bool {
    next.is_whitespace() || matches!(next, '=' | '>' | '/')
}

fn is_one_line(name: &str) -> bool {
    ONE_LINE.iter().any(|one| one.eq_ignore_ascii_case(name))
}

/// A value without quotes goes to the next blank or to the end of the tag; `x/>` is `x`.
fn unquoted_length(value: &str) -> usize {
    let length = value
        .find(|next: char| next.is_whitespace() || matches!(next, '<' | '>'))
        .unwrap_or(value.len());
    let closes_itself = value[length..].starts_with('>') && value[..length].ends_with('/');
    length - usize::from(closes_itself)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Pairs = Vec<(String, String)>;

    /// The attributes, what follows the tag, and its flaw.
    fn read(text: &str) -> Option<(Pairs, &str, Option<Flaw>)> {
        let opening = opening_at(text, 0)?;
        let attributes = opening.attributes.rest().into_iter().collect();
        Some((attributes, &text[opening.end..], opening.flaw))
    }

    fn pairs(pairs: &[(&str, &str)]) -> Pairs {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn well_formed_attributes_are_read_without_complaint() {
        for (text, attributes, rest) in [
            (r#"<get path="a b"/>x"#, &[("path", "a b")][..], "x"),
            (
                r"<GET PATH='a' Preview>x",
                &[("path", "a"), ("preview", "")],
                "x",
            ),
            ("<get path=src/ >x", &[("path", "src/")], "x"),
            ("<get path=src/>x", &[("path", "src")], "x"),
            (r#"<get path = "a" path="b">"#, &[("path", "a")], ""),
            (
                "<sh command=\"if a > b; then\n  <in.txt; fi\"/>",
                &[("command", "if a > b; then\n  <in.txt; fi")],
                "",
            ),
            (
                r#"<set name="rm" path="x">"#,
                &[("name", "rm"), ("path", "x")],
                "",
            ),
            (
                "<get\n  path=\"a\"\n  limit=\"3\"\n/>",
                &[("limit", "3"), ("path", "a")],
                "",
            ),
            (
                r#"<sh command="a &amp;&amp; b &lt; c"/>"#,
                &[("command", "a && b < c")],
                "",
            ),
        ] {
            assert_eq!(read(text), Some((pairs(attributes), rest, None)), "{text}");
        }
    }

    #[test]
    fn a_missing_quote_or_bracket_ends_where_it_must_have_stood() {
        use Flaw::{InnerQuote, NoEnd, OpenQuote};
        for (text, attributes, rest, flaw) in [
            (
                "<get path=\"a.rs/>\n<get path=\"b.rs\"/>",
                &[("path", "a.rs")][..],
                "\n<get path=\"b.rs\"/>",
                OpenQuote,
            ),
            (
                "<set path=\"a.rs>\nlet s = \" >\";\n</set>",
                &[("path", "a.rs")],
                "\nlet s = \" >\";\n</set>",
                OpenQuote,
            ),
            (
                "<sh command=\"ls>\n<update status=\"200\">",
                &[("command", "ls")],
                "\n<update status=\"200\">",
                OpenQuote,
            ),
            (
                "<get path=\"a\n<get path=\"b\"/>",
                &[("path", "a")],
                "\n<get path=\"b\"/>",
                OpenQuote,
            ),
            (
                "<sh command=\"grep \"a b\" src\"/>",
                &[("command", "grep \"a b\" src")],
                "",
                InnerQuote,
            ),
            (
                "<get path=\"a\"\n<get path=\"b\"/>",
                &[("path", "a")],
                "\n<get path=\"b\"/>",
                NoEnd,
            ),
            (
                "<set path=\"a\"\nfn a() -> b {}\n</set>",
                &[("path", "a")],
                "\nfn a() -> b {}\n</set>",
                NoEnd,
            ),
            ("<get path=\"a\"", &[("path", "a")], "", NoEnd),
            ("<get path=\"a\" /", &[("path", "a")], "", NoEnd),
        ] {
            assert_eq!(
                read(text),
                Some((pairs(attributes), rest, Some(flaw))),
                "{text}"
            );
        }
    }

    #[test]
    fn prose_is_not_a_tag() {
        for text in [
            "<set of values",
            "<get",
            "<get-all>",
            "<setter>",
            "< get>",
            "<get, then>",
            "<sh:x/>",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
