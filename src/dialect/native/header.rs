//! Tool calls whose name stands in a header of its own before the arguments: the forms of Gemma,
//! Mistral, DeepSeek and of OpenAI's channels.

use serde_json::{Map, Value};

use super::value::{Broken, Notation, Reader};
use super::{Arguments, Calls, Form, Found, Item, Natives, ToolCall, xml};

/// A longer header, in bytes, is none.
const MAX_HEADER: usize = 300;

impl Natives<'_> {
    /// `call:NAME{path:<|"|>v<|"|>}`
    pub(super) fn gemma(&self, at: usize) -> Item {
        let Some(rest) = self.text[at..].strip_prefix("call:") else {
            return Item::Nothing;
        };
        let length = header_length(rest, b'{');
        let name = &rest[..length];
        if !rest[length..].starts_with('{') || !is_name(name) {
            return Item::Nothing;
        }
        let start = self.text.len() - rest.len() + length + 1;
        let mut reader = Reader::new(self.text, start, Notation::Gemma);
        match reader.members("}") {
            Ok(members) => Item::one(named(name, members, at), reader.position, reader.cut),
            Err(Broken { at }) => Item::Broken(at, Some(name.to_owned())),
        }
    }

    /// `NAME[ARGS]{…}`, where an id may stand behind the name.
    pub(super) fn mistral(&self, at: usize) -> Item {
        let rest = &self.text[at..];
        let length = header_length(rest, b'{');
        let header = &rest[..length];
        if !rest[length..].starts_with('{') || header.contains('\n') {
            return Item::Nothing;
        }
        let name = header.split('[').next().unwrap_or(header).trim();
        self.with_arguments(name, at, at + length)
    }

    /// `functions.NAME:0<|tool_call_argument_begin|>{…}`, where the number counts the calls.
    pub(super) fn kimi(&self, at: usize) -> Item {
        let rest = &self.text[at..];
        let length = header_length(rest, b'{');
        let Some((name, _)) = rest[..length].split_once("<|tool_call_argument_begin|>") else {
            return Item::Nothing;
        };
        if !rest[length..].starts_with('{') {
            return Item::Nothing;
        }
        let name = name.trim();
        let counted = name.trim_end_matches(|sign: char| sign.is_ascii_digit());
        let name = counted.strip_suffix(':').unwrap_or(name);
        self.with_arguments(name, at, at + length)
    }

    /// `function<｜tool▁sep｜>NAME`, a fence and the arguments; or `NAME<｜tool▁sep｜>{…}`.
    pub(super) fn deep_seek(&self, at: usize) -> Item {
        const SEPARATOR: &str = "<｜tool▁sep｜>";
        let rest = &self.text[at..];
        let length = header_length(rest, b'{');
        let header = &rest[..length];
        let Some((kind, inner)) = header.split_once(SEPARATOR) else {
            return Item::Nothing;
        };
        if !rest[length..].starts_with('{') {
            return Item::Nothing;
        }
        let label = inner.trim_end().trim_end_matches("json").trim_end();
        let fenced = label.strip_suffix("```").unwrap_or(label).trim();
        let name = if fenced.is_empty() { kind } else { fenced };
        match self.with_arguments(name.trim(), at, at + length) {
            Item::Calls(calls, end, cut) => {
                let end = match self.text[end..].trim_start().strip_prefix("```") {
                    Some(behind) => self.text.len() - behind.len(),
                    None => end,
                };
                Item::Calls(calls, end, cut)
            }
            other => other,
        }
    }

    /// `<|channel|>commentary to=functions.NAME <|constrain|>json<|message|>{…}`; a header that
    /// names no recipient is dropped.
    pub(super) fn harmony(&mut self, at: usize) -> Option<Found> {
        const MESSAGE: &str = "<|message|>";
        let rest = &self.text[at..];
        let header = &rest[..header_length(rest, b'\n')];
        let (header, _) = header.split_once(MESSAGE)?;
        let start = at + header.len() + MESSAGE.len();
        let Some((_, recipient)) = header.split_once("to=") else {
            return Some(Found::Token { end: start });
        };
        let ends = |next: char| next.is_whitespace() || next == '<';
        let name = recipient.split(ends).next().unwrap_or(recipient);
        let brace = xml::skip_blanks(self.text, start);
        if !self.text[brace..].starts_with('{') {
            return Some(Found::Token { end: start });
        }
        let form = Form::Harmony;
        match self.with_arguments(name, at, brace) {
            Item::Calls(calls, end, cut) => Some(Found::Calls(Calls {
                form,
                list: calls,
                end,
                cut,
            })),
            Item::Broken(at, tool) => Some(Found::Broken {
                form,
                tool,
                end: self.region_end(at, form),
            }),
            Item::Nothing => None,
        }
    }

    fn with_arguments(&self, name: &str, at: usize, brace: usize) -> Item {
        if !is_name(name) {
            return Item::Nothing;
        }
        match xml::object(self.text, brace) {
            Ok((members, end, cut)) => Item::one(named(name, members, at), end, cut),
            Err(Broken { at }) => Item::Broken(at, Some(name.to_owned())),
        }
    }
}

/// Whether a text can be the name of a tool, with its namespaces.
fn is_name(text: &str) -> bool {
    let inner = |next: char| next.is_ascii_alphanumeric() || "_-./:".contains(next);
    !text.is_empty() && text.chars().all(inner)
}

fn named(name: &str, members: Map<String, Value>, at: usize) -> ToolCall {
    ToolCall {
        name: name.to_owned(),
        arguments: Arguments::Named(members),
        at,
    }
}

/// The bytes up to `end`, as far as a header goes; cut where a character ends.
fn header_length(rest: &str, end: u8) -> usize {
    let bytes = rest.as_bytes();
    let head = &bytes[..bytes.len().min(MAX_HEADER)];
    let length = memchr::memchr(end, head).unwrap_or(head.len());
    rest.floor_char_boundary(length)
}
