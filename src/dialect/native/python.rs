//! Tool calls as Python expressions: `set(path="x", body="""…""")`, in a namespace, within `print`
//! or as `set.call(…)`.

use serde_json::Value;

use super::value::{Broken, Notation, Reader};
use super::{Arguments, ToolCall};

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
