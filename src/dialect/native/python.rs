//! Tool calls as Python expressions: `set(path="x", body="""…""")`, in a namespace, within `print`
//! or as `set.call(…)`.

use serde_json::Value;

use super::super::tag::name_length;
use super::value::{Broken, Notation, Reader};
use super::{Arguments, Form, Found, Natives, ToolCall, is_known, xml};

impl Natives<'_> {
    /// `[get(path="a"), get(path="b")]`, alone on its lines.
    pub(super) fn python_list(&mut self, at: usize) -> Option<Found> {
        let inner = self.text[at..].strip_prefix('[')?.trim_start();
        let start = self.text.len() - inner.len();
        let length = inner
            .bytes()
            .take_while(|byte| byte.is_ascii_alphanumeric() || b"_.".contains(byte))
            .count();
        let begins_line = self.text[..at].trim_end_matches([' ', '\t']);
        let begins_line = begins_line.is_empty() || begins_line.ends_with('\n');
        if start < self.python_from
            || !begins_line
            || !inner[length..].starts_with('(')
            || !is_known(&inner[..length])
        {
            return None;
        }
        match self.sequence(start, Form::Python)? {
            Found::Calls(mut calls) => {
                let end = xml::skip_blanks(self.text, calls.end);
                self.python_from = end;
                // With words behind it, it is the text of a link or an index.
                let behind = self.text[end..].strip_prefix(']')?;
                let line = behind.trim_start_matches([' ', '\t', '\r']);
                (line.is_empty() || line.starts_with('\n')).then(|| {
                    calls.end = end + 1;
                    Found::Calls(calls)
                })
            }
            Found::Broken { form, end, .. } => {
                self.python_from = end;
                let argument = &inner[length + 1..];
                let behind = &argument[name_length(argument)..];
                let is_named = behind.len() < argument.len() && behind.starts_with('=');
                let tool = Some(inner[..length].to_owned());
                is_named.then_some(Found::Broken { form, tool, end })
            }
            _ => None,
        }
    }
}

/// Reads the call at `at` and says where it ends. `None` where no call of a name begins.
pub(super) fn read(text: &str, at: usize) -> Option<Result<(ToolCall, usize), Broken>> {
    let printed = text[at..].strip_prefix("print(");
    let start = if printed.is_some() { at + 6 } else { at };
    let mut reader = Reader::new(text, start, Notation::Python);
    let length = reader.word_length();
    let name = &reader.rest()[..length];
    reader.position += length;
    if length == 0 || !reader.eat("(") {
        return None;
    }
    let name = name.strip_suffix(".call").unwrap_or(name).to_owned();
    let arguments = match arguments(&mut reader) {
        Ok(arguments) => arguments,
        Err(broken) => return Some(Err(broken)),
    };
    if printed.is_some() {
        reader.skip_blanks();
        reader.eat(")");
    }
    let call = ToolCall {
        name,
        arguments,
        at,
    };
    Some(Ok((call, reader.position)))
}

/// Named arguments, or one without a name.
fn arguments(reader: &mut Reader<'_>) -> Result<Arguments, Broken> {
    reader.skip_blanks();
    if !reader.rest().starts_with(['"', '\'', '{']) {
        return reader.members(")").map(Arguments::Named);
    }
    let arguments = match reader.value()? {
        Value::Object(members) => Arguments::Named(members),
        Value::String(text) => Arguments::Bare(text),
        _ => return reader.broken(),
    };
    reader.skip_blanks();
    reader.eat(",");
    reader.skip_blanks();
    if reader.eat(")") {
        return Ok(arguments);
    }
    reader.broken()
}
