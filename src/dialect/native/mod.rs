//! Tool calls in the forms that models were trained on. None of them is asked for; each is
//! understood where it stands outside of commands, since the model meant it.
//!
//! Here is told where a call stands, which tool it names and what its arguments are
//! ([`Natives::at`]); [`arguments`] makes commands of them. What is inside the body of a command
//! never comes here: it is body.
//!
//! **Invariant**: what is read is consumed, and what cannot be read is not tried again, so that
//! the walk over a text of nothing but broken calls stays linear.

mod arguments;
mod edits;
mod header;
mod json;
mod mark;
mod python;
mod seek;
pub(super) mod token;
mod value;
mod xml;

use std::ops::Range;

use memchr::memmem;
use serde_json::{Map, Value};

pub use arguments::{CallError, from_call};
pub(super) use arguments::{calls, is_known};

use super::envelope;
use super::tag::is_tool_tag;
pub(super) use mark::{MARKS, may_begin};
pub(super) use seek::Seeker;
use value::{Broken, Notation, Reader};

/// The form of a call, which the model is told not to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    ToolCall,
    Json,
    Function,
    Invoke,
    ToolUse,
    Mistral,
    Gemma,
    Python,
    Llama,
    DeepSeek,
    Kimi,
    Harmony,
}

impl Form {
    /// What the form looks like.
    pub(super) const fn shape(self) -> &'static str {
        match self {
            Self::ToolCall => "`<tool_call>{…}</tool_call>`",
            Self::Json => "`{\"name\": …, \"arguments\": …}`",
            Self::Function => "`<function=…>`",
            Self::Invoke => "`<invoke name=\"…\">`",
            Self::ToolUse => "`<tool_use>`",
            Self::Mistral => "`[TOOL_CALLS]`",
            Self::Gemma => "`<|tool_call>call:…`",
            Self::Python => "a Python call",
            Self::Llama => "`<|python_tag|>`",
            Self::DeepSeek => "`<｜tool▁call▁begin｜>`",
            Self::Kimi => "`<|tool_call_begin|>`",
            Self::Harmony => "`<|channel|>commentary to=…`",
        }
    }
}

/// What begins a call in each form; the call follows.
const OPENERS: [(&str, Form); 9] = [
    ("<tool_call>", Form::ToolCall),
    ("<tool_calls>", Form::ToolCall),
    ("<function_call>", Form::ToolCall),
    ("<|tool_call>", Form::Gemma),
    ("<|tool_call|>", Form::ToolCall),
    ("<|python_tag|>", Form::Llama),
    ("<｜tool▁call▁begin｜>", Form::DeepSeek),
    ("<|tool_call_begin|>", Form::Kimi),
    ("[TOOL_CALLS]", Form::Mistral),
];

/// What a call says.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ToolCall {
    pub name: String,
    pub arguments: Arguments,
    /// Where it begins.
    pub at: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Arguments {
    Named(Map<String, Value>),
    /// One text without a name.
    Bare(String),
}

impl Arguments {
    /// Arguments that come as a text, which holds an object of JSON as a rule.
    fn of_text(text: &str) -> Self {
        let start = text.trim_start();
        if start.is_empty() {
            return Self::Named(Map::new());
        }
        if let Ok(Value::Object(members)) = Reader::new(start, 0, Notation::Json).value() {
            return Self::Named(members);
        }
        Self::Bare(text.to_owned())
    }
}

/// What stands at a place of the text.
#[derive(Debug, PartialEq)]
pub(super) enum Found {
    Calls(Calls),
    /// A call that cannot be read; the text goes on at `end`.
    Broken {
        form: Form,
        tool: Option<String>,
        end: usize,
    },
    /// A token that says nothing.
    Token {
        end: usize,
    },
    /// Data: text like any other, up to `end`.
    Data {
        end: usize,
    },
    /// A patch of several files, up to `end`.
    Patch {
        end: usize,
    },
}

/// Calls that were written together.
#[derive(Debug, PartialEq)]
pub(super) struct Calls {
    pub form: Form,
    pub list: Vec<ToolCall>,
    pub end: usize,
    /// Whether something was left open.
    pub cut: bool,
}

/// The items of a call, and what the attempt to read one says.
enum Item {
    Calls(Vec<ToolCall>, usize, bool),
    Broken(usize, Option<String>),
    Nothing,
}

impl Item {
    fn one(call: ToolCall, end: usize, cut: bool) -> Self {
        Self::Calls(vec![call], end, cut)
    }

    fn read(read: Result<(ToolCall, usize), Broken>, tool: &str) -> Self {
        match read {
            Ok((call, end)) => Self::one(call, end, false),
            Err(Broken { at }) => Self::Broken(at, Some(tool.to_owned())),
        }
    }
}

/// Finds the calls of one text, from front to back.
pub(super) struct Natives<'t> {
    text: &'t str,
    seeker: Seeker<'t>,
    /// Before this offset no value of JSON can be read.
    json_from: usize,
    /// The same of a list of Python calls.
    python_from: usize,
    /// Where the last call ended.
    last_end: usize,
}

impl<'t> Natives<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self {
            text,
            seeker: Seeker::new(text),
            json_from: 0,
            python_from: 0,
            last_end: 0,
        }
    }

    /// Looks at one of [`MARKS`] at `at`.
    pub(super) fn at(&mut self, at: usize) -> Option<Found> {
        let rest = &self.text[at..];
        if rest.starts_with('*') {
            return self.patch(at);
        }
        let opener = OPENERS.iter().find(|(mark, _)| rest.starts_with(mark));
        let found = if let Some((mark, form)) = opener {
            self.announced(at + mark.len(), *form)
        } else if rest.starts_with(['{', '[']) {
            self.python_list(at).or_else(|| self.bare(at))
        } else if xml::is_element(rest) {
            self.element(at)
        } else if rest.starts_with("<|channel|>") || rest.starts_with("<|start|>") {
            self.harmony(at)
        } else {
            None
        };
        let found = found.or_else(|| {
            let length = token::length(rest)?;
            Some(Found::Token { end: at + length })
        });
        if let Some(Found::Calls(calls)) = &found {
            self.last_end = calls.end;
        }
        found
    }

    /// The calls that make up a whole range, if they do: the inside of a fence.
    pub(super) fn fill(&mut self, range: Range<usize>) -> Option<Calls> {
        let mut calls = Vec::new();
        let mut position = range.start;
        let mut end = range.start;
        loop {
            position = self.skip_separators(position);
            if position >= range.end {
                break;
            }
            match self.json(position, false) {
                Item::Calls(more, next, false)
                    if next <= range.end && more.iter().all(|call| is_known(&call.name)) =>
                {
                    calls.extend(more);
                    end = next;
                    position = next;
                }
                _ => return None,
            }
        }
        let form = Form::Json;
        let found = Calls {
            form,
            list: calls,
            end,
            cut: false,
        };
        (!found.list.is_empty()).then_some(found)
    }

    /// What an example that fills `range` shows, and where, if it would have been a command
    /// elsewhere.
    pub(super) fn shown(&mut self, range: Range<usize>) -> Option<(usize, &'static str)> {
        let at = xml::skip_blanks(self.text, range.start).min(range.end);
        let inner = &self.text[at..range.end];
        if envelope::begins(inner) {
            return Some((at, "A patch"));
        }
        let is_call = json::looks_like_call(inner) && self.fill(range).is_some();
        is_call.then_some((at, "A tool call"))
    }

    /// The Python calls at the start of a range.
    pub(super) fn expressions(&mut self, start: usize) -> Option<Calls> {
        let at = xml::skip_blanks(self.text, start);
        match self.sequence(at, Form::Python)? {
            Found::Calls(calls) if calls.list.iter().all(|call| is_known(&call.name)) => {
                Some(calls)
            }
            _ => None,
        }
    }

    /// The call behind its opener.
    fn announced(&mut self, at: usize, form: Form) -> Option<Found> {
        let at = xml::skip_blanks(self.text, at);
        self.sequence(at, form)
    }

    /// Calls of one form, one behind the other.
    fn sequence(&mut self, at: usize, form: Form) -> Option<Found> {
        let mut found = Calls {
            form,
            list: Vec::new(),
            end: at,
            cut: false,
        };
        let mut position = at;
        loop {
            match self.item(position, form) {
                Item::Calls(calls, end, cut) => {
                    found.list.extend(calls);
                    found.end = end;
                    found.cut |= cut;
                }
                Item::Broken(at, tool) if found.list.is_empty() => {
                    let end = self.region_end(at, form);
                    return Some(Found::Broken { form, tool, end });
                }
                _ => break,
            }
            position = self.skip_separators(found.end);
        }
        (!found.list.is_empty()).then_some(Found::Calls(found))
    }

    fn skip_separators(&self, at: usize) -> usize {
        let rest = &self.text[at..];
        let inner =
            rest.trim_start_matches(|next: char| next.is_whitespace() || ",;".contains(next));
        at + rest.len() - inner.len()
    }

    fn item(&mut self, at: usize, form: Form) -> Item {
        let rest = &self.text[at..];
        if form != Form::Python && rest.starts_with(['{', '[']) {
            return self.json(at, true);
        }
        match form {
            Form::Gemma => self.gemma(at),
            Form::Mistral => self.mistral(at),
            Form::DeepSeek => self.deep_seek(at),
            Form::Kimi => self.kimi(at),
            Form::ToolCall => match xml::pairs(self.text, at, &mut self.seeker) {
                Some(read) => Item::one(read.call, read.end, read.cut),
                None => Item::Nothing,
            },
            Form::Llama | Form::Python => match python::read(self.text, at) {
                Some(read) => Item::read(read, ""),
                None => Item::Nothing,
            },
            _ => Item::Nothing,
        }
    }

    fn json(&mut self, at: usize, announced: bool) -> Item {
        if at < self.json_from {
            return Item::Nothing;
        }
        match json::read(self.text, at, announced) {
            (json::Found::Calls(calls), end, cut) => Item::Calls(calls, end, cut),
            (json::Found::Data, ..) => Item::Nothing,
            (json::Found::Broken { at: broken, tool }, ..) => {
                self.json_from = broken;
                Item::Broken(broken, tool)
            }
        }
    }

    /// A value of JSON that nothing announces.
    fn bare(&mut self, at: usize) -> Option<Found> {
        let rest = &self.text[at..];
        if at < self.json_from || !json::looks_like_call(rest) || self.is_nested(at) {
            return None;
        }
        match json::read(self.text, at, false) {
            (json::Found::Calls(calls), end, cut) => {
                let known = calls.iter().any(|call| is_known(&call.name));
                let meant = ["\"arguments\"", "\"parameters\""]
                    .iter()
                    .any(|key| self.text[at..end].contains(key));
                if !known && !meant {
                    return Some(Found::Data { end });
                }
                Some(Found::Calls(Calls {
                    form: Form::Json,
                    list: calls,
                    end,
                    cut,
                }))
            }
            (json::Found::Data, end, _) => Some(Found::Data { end }),
            (json::Found::Broken { at: broken, tool }, ..) => {
                self.json_from = broken;
                let tool = tool.filter(|tool| is_known(tool))?;
                Some(Found::Broken {
                    form: Form::Json,
                    tool: Some(tool),
                    end: self.region_end(broken, Form::Json),
                })
            }
        }
    }

    /// Whether a bracket stands within another value of JSON: an example that was not fenced.
    fn is_nested(&self, at: usize) -> bool {
        let before = self.text[..at].trim_end();
        if before.len() <= self.last_end {
            return false;
        }
        match before.strip_suffix(',') {
            Some(before) => {
                before.len() > self.last_end && before.trim_end().ends_with(['}', ']', '"'])
            }
            None => before.ends_with(['[', '{', '(', '=']) || before.ends_with("\":"),
        }
    }

    /// A patch goes on to its last line. One without a last line ends where the next tag begins.
    fn patch(&mut self, at: usize) -> Option<Found> {
        let begins_line = self.text[..at].ends_with('\n') || at == 0;
        if !begins_line || !envelope::begins(&self.text[at..]) {
            return None;
        }
        let last = self.seeker.next("\n*** End Patch", at);
        let limit = last.unwrap_or(self.text.len());
        let tag = memmem::find_iter(&self.text.as_bytes()[at..limit], b"\n<")
            .map(|found| at + found + 1)
            .find(|tag| is_tool_tag(self.text, *tag));
        let end = match (tag, last) {
            (Some(tag), _) => tag,
            (None, Some(last)) => self.seeker.next_or_end("\n", last + 1),
            (None, None) => limit,
        };
        Some(Found::Patch { end })
    }

    fn element(&mut self, at: usize) -> Option<Found> {
        let rest = &self.text[at..];
        let form = if rest.starts_with("<tool_use>") {
            Form::ToolUse
        } else if rest.starts_with("<function") {
            Form::Function
        } else {
            Form::Invoke
        };
        match xml::read(self.text, at, &mut self.seeker)? {
            Ok(read) => {
                // What would end a call of nothing that was not closed is anyone's guess.
                let is_guess = read.cut && !is_known(&read.call.name);
                Some(Found::Calls(Calls {
                    form,
                    list: vec![read.call],
                    end: if is_guess { read.inner } else { read.end },
                    cut: read.cut,
                }))
            }
            Err(Broken { at }) => Some(Found::Broken {
                form,
                tool: None,
                end: self.region_end(at, form),
            }),
        }
    }

    /// Where the text goes on behind a call that cannot be read from `at` on: behind the line,
    /// since the rest of it is a piece of some argument.
    fn region_end(&mut self, at: usize, form: Form) -> usize {
        let line_end = self.seeker.next_or_end("\n", at);
        let closer = match form {
            Form::ToolCall => "</tool_call>",
            Form::Function => "</function>",
            Form::ToolUse => "</tool_use>",
            Form::Gemma => "<tool_call|>",
            Form::DeepSeek => "<｜tool▁call▁end｜>",
            _ => return line_end,
        };
        let opener = closer.replace('/', "");
        match self.seeker.next(closer, at) {
            Some(end) if end < self.seeker.next_or_end(&opener, at) || opener == closer => {
                end + closer.len()
            }
            _ => line_end,
        }
    }
}
