//! Tool calls as JSON objects: what each vendor calls the name and the arguments.

use serde_json::{Map, Value};

use super::value::{Broken, Notation, Reader};
use super::{Arguments, ToolCall};

/// Keys whose value names the tool.
const NAMES: [&str; 6] = [
    "name",
    "tool",
    "tool_name",
    "function",
    "function_name",
    "recipient_name",
];

/// Keys whose value holds the arguments.
const ARGUMENTS: [&str; 6] = [
    "arguments",
    "parameters",
    "args",
    "input",
    "params",
    "tool_input",
];

/// Keys whose value lists calls.
const LISTS: [&str; 2] = ["tool_calls", "tool_uses"];

/// Other keys that a call may begin with.
const OTHERS: [&str; 3] = ["type", "id", "index"];

/// The keys of a whole message around calls: who speaks, and its parts.
const ROLE: &str = "role";
const PARTS: &str = "content";

/// Parts of a message that are no calls.
const SAID: [&str; 3] = ["text", "thinking", "reasoning"];

/// What stands where a bracket opens.
#[derive(Debug, PartialEq)]
pub(super) enum Found {
    Calls(Vec<ToolCall>),
    /// A value that is no call.
    Data,
    /// Nothing whole. The tool is the one that the text announces.
    Broken {
        at: usize,
        tool: Option<String>,
    },
}

/// Reads the value whose bracket stands at `at`; says where it ends, and whether brackets were
/// left open. `announced` tells that a call is expected there, whose arguments may then be missing
/// or stand beside the name.
pub(super) fn read(text: &str, at: usize, announced: bool) -> (Found, usize, bool) {
    let mut reader = Reader::new(text, at, Notation::Json);
    let found = match reader.value() {
        Ok(value) => calls(value, at, announced).map_or(Found::Data, Found::Calls),
        Err(Broken { at: broken }) => Found::Broken {
            at: broken,
            tool: announced_tool(&text[at..broken]),
        },
    };
    (found, reader.position, reader.cut)
}

/// Whether `text` begins as a call does: a bracket and a key that calls have.
pub(super) fn looks_like_call(text: &str) -> bool {
    let object = text.strip_prefix('[').map_or(text, str::trim_start);
    let Some(inner) = object.strip_prefix('{') else {
        return false;
    };
    first_key(inner).is_some_and(|(key, _)| {
        let known = [&NAMES[..], &ARGUMENTS, &LISTS, &OTHERS, &[ROLE, PARTS]];
        known.iter().any(|keys| keys.contains(&key))
    })
}

/// The first key behind a brace, and what follows it.
fn first_key(text: &str) -> Option<(&str, &str)> {
    let key = text.trim_start().strip_prefix('"')?;
    let length = key
        .bytes()
        .take_while(|byte| byte.is_ascii_lowercase() || *byte == b'_')
        .count();
    let rest = key[length..].strip_prefix('"')?;
    Some((&key[..length], rest))
}

/// The tool that a call which cannot be read to its end begins with.
fn announced_tool(text: &str) -> Option<String> {
    let inner = text
        .trim_start_matches('[')
        .trim_start()
        .strip_prefix('{')?;
    let (_, rest) = first_key(inner).filter(|(key, _)| NAMES.contains(key))?;
    let value = rest.trim_start().strip_prefix(':')?.trim_start();
    let name = value.strip_prefix('"')?.split('"').next()?;
    Some(name.to_owned())
}

/// The calls that a value holds; `None` if it is something else, or holds something else too.
fn calls(value: Value, at: usize, announced: bool) -> Option<Vec<ToolCall>> {
    match value {
        Value::Array(values) if !values.is_empty() => {
            let calls = values
                .into_iter()
                .filter(|value| !is_said(value))
                .map(|value| calls(value, at, announced))
                .collect::<Option<Vec<_>>>()?;
            Some(calls.concat()).filter(|calls| !calls.is_empty())
        }
        Value::Object(mut object) => {
            // Only the model's own messages say what it wants.
            if object.get(ROLE).is_some_and(|role| role != "assistant") {
                return None;
            }
            if object.contains_key(ROLE)
                && let Some(parts @ Value::Array(_)) = object.get(PARTS)
            {
                return calls(parts.clone(), at, announced);
            }
            let list = LISTS.iter().find_map(|key| object.remove(*key));
            if let Some(list @ Value::Array(_)) = list {
                return calls(list, at, announced);
            }
            let nested = object.get("function").is_some_and(Value::is_object);
            if nested {
                return calls(object.remove("function")?, at, announced);
            }
            one(object, at, announced).map(|call| vec![call])
        }
        _ => None,
    }
}

/// Whether a part of a message is talk.
fn is_said(part: &Value) -> bool {
    let kind = part.get("type").and_then(Value::as_str);
    kind.is_some_and(|kind| SAID.contains(&kind))
}

fn one(mut object: Map<String, Value>, at: usize, announced: bool) -> Option<ToolCall> {
    let key = NAMES
        .into_iter()
        .find(|key| object.get(*key).is_some_and(Value::is_string))?;
    let Some(Value::String(name)) = object.remove(key) else {
        return None;
    };
    let arguments = ARGUMENTS.iter().find_map(|key| object.remove(*key));
    let beside = announced || key.starts_with("tool");
    let arguments = match arguments {
        Some(Value::Object(arguments)) => Arguments::Named(arguments),
        Some(Value::String(text)) => Arguments::of_text(&text),
        Some(Value::Null) => Arguments::Named(Map::new()),
        None if beside => {
            for key in OTHERS {
                object.remove(key);
            }
            Arguments::Named(object)
        }
        _ => return None,
    };
    Some(ToolCall {
        name,
        arguments,
        at,
    })
}
