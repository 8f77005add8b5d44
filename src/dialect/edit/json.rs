//! JSON: an object of `search` and `replace`, or an array of them. A document that has other keys
//! or other values is a text, whatever its keys are called.

use serde_json::{Map, Value};

use super::{Edit, EditError, EditKind, fenced};

/// How the two halves may be called.
const NAMES: [(&str, &str); 4] = [
    ("search", "replace"),
    ("old_string", "new_string"),
    ("old_text", "new_text"),
    ("old_str", "new_str"),
];

const ALL: [&str; 2] = ["all", "replace_all"];

/// Reads a body that is nothing but edits in JSON, with or without a fence around it.
pub(super) fn parse(lines: &[&str], all: bool) -> Result<Option<Vec<Edit>>, EditError> {
    let text = match fenced::all_in_one(lines) {
        Some(fence) if matches!(fence.label, "" | "json") => lines[fence.inner].join("\n"),
        Some(_) => return Ok(None),
        None => lines.join("\n"),
    };
    let text = text.trim();
    if !text.starts_with(['{', '[']) {
        return Ok(None);
    }
    Ok(match serde_json::from_str(text) {
        Ok(Value::Object(object)) => edit(&object, all).map(|edit| vec![edit]),
        Ok(Value::Array(items)) if !items.is_empty() => items
            .iter()
            .map(|item| edit(item.as_object()?, all))
            .collect(),
        Err(error) if begins_as_edit(text) => {
            return Err(EditError::Json {
                reason: error.to_string(),
            });
        }
        Ok(_) | Err(_) => None,
    })
}

fn edit(object: &Map<String, Value>, all: bool) -> Option<Edit> {
    let (old, new) = NAMES
        .into_iter()
        .find(|(old, _)| object.contains_key(*old))?;
    let is_known = |key: &String| key == old || key == new || ALL.contains(&key.as_str());
    if !object.keys().all(is_known) {
        return None;
    }
    let search = object[old].as_str()?;
    let replace = object.get(new).map_or(Some(""), Value::as_str)?;
    let mut every = all;
    for value in ALL.iter().filter_map(|key| object.get(*key)) {
        every |= value.as_bool()?;
    }
    let lines = |text: &str| text.replace("\r\n", "\n");
    let search = Some(lines(search));
    Some(Edit::new(EditKind::Json, search, lines(replace), every))
}

/// Whether what is no JSON was meant as an edit: both keys are there, the first in first place.
fn begins_as_edit(text: &str) -> bool {
    let text = text.trim_start_matches(['[', '{', ' ', '\n', '\t']);
    NAMES.iter().any(|(old, new)| {
        let key = |name: &str| ["\"", name, "\""].concat();
        text.strip_prefix(key(old).as_str())
            .is_some_and(|rest| rest.trim_start().starts_with(':') && rest.contains(&key(new)))
    })
}
