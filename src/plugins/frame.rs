//! The frame of the packet: its tags, written so that no text inside can close one or open one.
//!
//! A body that contains a tag of the packet, or that begins like a fence, stands in a fence longer
//! than any run of back-ticks in it; every other body stands as it is. Either way its bytes are
//! unchanged, so what the model quotes from it can be found again. Attribute values are escaped.
//!
//! - no line break in the body: `<known path="…">fact</known>`
//! - else: a line break, the body, a line break, `</known>`
//! - fenced: a line of back-ticks before and after the body
//! - no body: `<known path="…"/>`

use std::fmt::{Display, Write as _};

use crate::dialect::Tool;
use crate::entries::Scheme;

/// Tags of the packet that are neither a scheme nor a tool.
const SECTIONS: [&str; 8] = [
    "context",
    "sources",
    "unknowns",
    "instructions",
    "budget",
    "error",
    "advisory",
    "files",
];

/// A tag's attributes, in the order in which they are written.
#[derive(Debug)]
pub struct Attributes(String);

impl Default for Attributes {
    /// No attributes, and room for the usual ones.
    fn default() -> Self {
        Self(String::with_capacity(160))
    }
}

impl Attributes {
    /// No attributes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Display) -> Self {
        let Self(text) = &mut self;
        text.extend([" ", name, "=\""]);
        let begin = text.len();
        // Writing to a String cannot fail.
        let _ = write!(text, "{value}");
        if let Some(escaped) = escaped(&text[begin..]) {
            text.truncate(begin);
            text.push_str(&escaped);
        }
        text.push('"');
        self
    }

    /// Adds one where there is a value.
    #[must_use]
    pub fn with_some(self, name: &str, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }
}

/// A tag with its body.
pub fn element(name: &str, Attributes(attributes): &Attributes, body: &str) -> String {
    // As long as it becomes where it needs no fence.
    let length = 2 * name.len() + attributes.len() + body.len() + "<>\n\n</>".len();
    let mut text = String::with_capacity(length);
    text.extend(["<", name, attributes]);
    if body.is_empty() {
        text.push_str("/>");
    } else if needs_fence(body) {
        let fence = "`".repeat(longest_run(body).max(2) + 1);
        text.extend([">\n", &fence, "\n", body, "\n", &fence, "\n</", name, ">"]);
    } else if body.contains('\n') {
        text.extend([">\n", body, "\n</", name, ">"]);
    } else {
        text.extend([">", body, "</", name, ">"]);
    }
    text
}

/// A value as it must stand between quotes; none where it may stand as it is.
fn escaped(value: &str) -> Option<String> {
    if !value.contains(['&', '<', '>', '"', '\n', '\r', '\t']) {
        return None;
    }
    let mut text = String::with_capacity(value.len() + 8);
    for c in value.chars() {
        match c {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '"' => text.push_str("&quot;"),
            '\n' => text.push_str("&#10;"),
            '\r' => text.push_str("&#13;"),
            '\t' => text.push_str("&#9;"),
            other => text.push(other),
        }
    }
    Some(text)
}

fn needs_fence(body: &str) -> bool {
    if body.trim_start_matches(['\n', '\r']).starts_with("```") {
        return true;
    }
    body.match_indices('<').any(|(at, _)| {
        let rest = body[at + 1..].trim_start_matches('/');
        let name: String = rest
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
            .map(|c| c.to_ascii_lowercase())
            .collect();
        is_of_packet(&name)
    })
}

fn is_of_packet(name: &str) -> bool {
    SECTIONS.contains(&name) || name.parse::<Scheme>().is_ok() || Tool::from_name(name).is_some()
}

fn longest_run(body: &str) -> usize {
    let mut longest = 0;
    let mut run = 0;
    for byte in body.bytes() {
        run = if byte == b'`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reads one element back; the test's own reading of the rules in the module docs.
    fn read(text: &str) -> Option<(String, String)> {
        let inner = text.strip_prefix('<')?;
        let name: String = inner.chars().take_while(char::is_ascii_lowercase).collect();
        let mut quoted = false;
        let end = inner.find(|c| {
            quoted ^= c == '"';
            c == '>' && !quoted
        })?;
        let head = &inner[..end];
        if head.ends_with('/') {
            return (inner.len() == end + 1).then(|| (name, String::new()));
        }
        let rest = &inner[end + 1..];
        let closer = format!("</{name}>");
        let body = if let Some(block) = rest.strip_prefix('\n') {
            let ticks: String = block.chars().take_while(|c| *c == '`').collect();
            if ticks.len() >= 3 && block[ticks.len()..].starts_with('\n') {
                let inside = &block[ticks.len() + 1..];
                let end = inside.find(&format!("\n{ticks}\n{closer}"))?;
                &inside[..end]
            } else {
                &block[..block.find(&format!("\n{closer}"))?]
            }
        } else {
            &rest[..rest.find(&closer)?]
        };
        Some((name, body.to_owned()))
    }

    #[test]
    fn a_body_that_would_close_its_tag_is_fenced() {
        let text = element(
            "file",
            &Attributes::new().with("path", "a\"<b"),
            "x</file>\n```\n<log>",
        );
        let expected = "<file path=\"a&quot;&lt;b\">\n````\nx</file>\n```\n<log>\n````\n</file>";
        assert_eq!(text, expected);
    }

    #[test]
    fn ordinary_code_stands_as_it_is() {
        let text = element("file", &Attributes::new(), "let v: Vec<String>;\n");
        assert_eq!(text, "<file>\nlet v: Vec<String>;\n\n</file>");
    }

    proptest! {
        #[test]
        fn no_body_can_break_out_of_its_tag(
            body in "(</?(file|log|prompt|known|b)( |>|/>)|`{1,5}|\n|[ab<>&\"/]){0,24}",
            path in "[ab\"<>&\n]{0,6}",
        ) {
            let text = element("file", &Attributes::new().with("path", path), &body);
            prop_assert_eq!(read(&text), Some(("file".to_owned(), body)));
        }
    }
}
