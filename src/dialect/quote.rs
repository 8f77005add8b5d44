//! Quoted attribute values, and where they end when a quote is missing or one too many.

use super::tag::{FLAGS, Flaw, is_tool_tag, name_length};

/// A value and what its end says.
pub(super) struct Quoted<'t> {
    pub value: &'t str,
    /// Where the tag goes on.
    pub end: usize,
    pub flaw: Option<Flaw>,
    /// Set when the tag ended with the value: whether it closed itself.
    pub tag_ended: Option<bool>,
}

/// Reads the value whose opening quote stands at `at`.
///
/// The closing quote is the first that something an attribute list can go on with follows. Where
/// there is none on the line, the quote was forgotten, and the value ends with the tag.
pub(super) fn quoted(text: &str, at: usize, one_line: bool) -> Quoted<'_> {
    let quote = text.as_bytes()[at];
    let start = at + 1;
    let line_end = text[start..]
        .find('\n')
        .map_or(text.len(), |length| start + length);
    let first = first_quote(
        text,
        start,
        quote,
        if one_line { line_end } else { text.len() },
    );
    if let Some(end) = first
        && goes_on(&text[end + 1..])
    {
        return Quoted {
            value: &text[start..end],
            end: end + 1,
            flaw: None,
            tag_ended: None,
        };
    }
    if let Some(end) = outer_quote(text, start, quote, line_end) {
        return Quoted {
            value: &text[start..end],
            end: end + 1,
            flaw: Some(Flaw::InnerQuote),
            tag_ended: None,
        };
    }
    forgotten_quote(text, start, line_end)
}

/// The first quote from `start` on that stands before `limit` and before any line that begins
/// with a tag of a tool.
fn first_quote(text: &str, start: usize, quote: u8, limit: usize) -> Option<usize> {
    let mut position = start;
    for line in text[start..limit].split_inclusive('\n') {
        let indent = line.len() - line.trim_start().len();
        if position > start && is_tool_tag(text, position + indent) {
            return None;
        }
        if let Some(found) = line.bytes().position(|byte| byte == quote) {
            return Some(position + found);
        }
        position += line.len();
    }
    None
}

/// The quote that ends a value with quotes of the same kind in it, `"grep "x" src"`: the first on
/// the line that the rest of a tag follows, unless another tag comes before it.
fn outer_quote(text: &str, start: usize, quote: u8, line_end: usize) -> Option<usize> {
    for (offset, byte) in text[start..line_end].bytes().enumerate() {
        let at = start + offset;
        if byte == b'<' && is_tool_tag(text, at) {
            return None;
        }
        if byte == quote && goes_on(&text[at + 1..]) {
            return Some(at);
        }
    }
    None
}

fn forgotten_quote(text: &str, start: usize, line_end: usize) -> Quoted<'_> {
    let line = &text[start..line_end];
    let (value, end, self_closing) = match line.find('>') {
        Some(bracket) => {
            let value = &line[..bracket];
            let inner = value.strip_suffix('/');
            (inner.unwrap_or(value), start + bracket + 1, inner.is_some())
        }
        None => (line.trim_end(), line_end, false),
    };
    Quoted {
        value,
        end,
        flaw: Some(Flaw::OpenQuote),
        tag_ended: Some(self_closing),
    }
}

/// Whether `rest` can follow a closing quote: the end of the tag, another attribute, a line
/// break, nothing.
fn goes_on(rest: &str) -> bool {
    let ends_line = rest.trim_start_matches([' ', '\t', '\r']).starts_with('\n');
    let trimmed = rest.trim_start();
    let ends_tag =
        matches!(trimmed, "" | "/") || trimmed.starts_with('>') || trimmed.starts_with("/>");
    if ends_line || ends_tag {
        return true;
    }
    let spaced = trimmed.len() < rest.len();
    if spaced && trimmed.starts_with('<') {
        return true; // the tag lacks its `>`, which is not the fault of the quote
    }
    let (name, behind) = trimmed.split_at(name_length(trimmed));
    let behind = behind.trim_start();
    if name.is_empty() {
        false
    } else if let Some(value) = behind.strip_prefix('=') {
        spaced || value.trim_start().starts_with(['"', '\''])
    } else {
        let flag = FLAGS.iter().any(|flag| flag.eq_ignore_ascii_case(name));
        let next = behind[name_length(behind)..].trim_start();
        let ends = behind.starts_with('>') || behind.starts_with("/>");
        spaced && (flag || ends || next.starts_with('='))
    }
}
