//! The list of edits that a call of `set` may have as an argument: read whole or refused whole.

use serde_json::Value;

use super::super::command::Content;
use super::super::edit::{self, Edit, EditError};
use super::arguments::set_of;
use super::value::{Notation, Reader};

/// The argument, read.
#[derive(Debug)]
pub(super) struct List {
    edits: Result<Vec<Edit>, EditError>,
    is_description: bool,
}

impl List {
    /// Where `all` stands beside the list it is meant for every item.
    pub(super) fn of(path: Option<&str>, value: Value, all: bool) -> Self {
        let is_description = is_description(path, &value);
        let mut edits = read(path, value);
        for edit in edits.iter_mut().flatten() {
            edit.all |= all;
        }
        Self {
            edits,
            is_description,
        }
    }
}

/// Reads a list, one edit, or either as a text of JSON.
fn read(path: Option<&str>, value: Value) -> Result<Vec<Edit>, EditError> {
    match value {
        Value::Array(items) if items.is_empty() => Err(EditError::NoEdits),
        Value::Array(items) => {
            let several = items.len() > 1;
            let mut edits = Vec::new();
            for (index, item) in items.into_iter().enumerate() {
                let read = item_of(path, item, several, index + 1)?;
                edits.extend(read);
            }
            Ok(edits)
        }
        Value::String(text) => {
            let json = Reader::new(&text, 0, Notation::Json).value();
            match json {
                Ok(value @ (Value::Array(_) | Value::Object(_))) => read(path, value),
                _ => item_of(path, Value::String(text), false, 1),
            }
        }
        other => item_of(path, other, false, 1),
    }
}

/// The edits of one item. Beside others it needs old lines: a whole text would undo them.
fn item_of(
    path: Option<&str>,
    item: Value,
    several: bool,
    number: usize,
) -> Result<Vec<Edit>, EditError> {
    let unreadable = EditError::EditItem { number };
    let content = match item {
        Value::String(text) => return edit::parse(path, &text, false)?.ok_or(unreadable),
        Value::Object(members) => {
            let set = set_of(members).ok_or_else(|| unreadable.clone())?;
            let named = set
                .path
                .filter(|named| path.is_some_and(|path| !edit::can_be(path, named)));
            if let Some(named) = named {
                return Err(EditError::OtherFile { named });
            }
            set.content
        }
        _ => return Err(unreadable),
    };
    match content {
        Content::Edits(edits) if !several || edits.iter().all(Edit::needs_text) => Ok(edits),
        Content::Unparsable(error @ EditError::Placed { .. }) => Err(error),
        _ => Err(unreadable),
    }
}

/// Whether the argument holds no edit and tries to hold none: it is empty, or says in words what was
/// done.
fn is_description(path: Option<&str>, value: &Value) -> bool {
    match value {
        Value::Array(items) => items
            .iter()
            .all(|item| item.is_string() && is_description(path, item)),
        Value::String(text) => {
            let json = Reader::new(text, 0, Notation::Json).value();
            match json {
                Ok(value @ Value::Array(_)) => is_description(path, &value),
                Ok(Value::Object(_)) => false,
                _ => matches!(edit::parse(path, text, false), Ok(None)),
            }
        }
        _ => false,
    }
}

/// What the list makes of a `set` that says `other` beside it.
pub(super) fn beside(other: &Content, list: List) -> Content {
    match (other, list.edits) {
        (Content::Unparsable(_), _) => other.clone(),
        (Content::Text(_) | Content::Edits(_), _) if list.is_description => other.clone(),
        (_, Err(error)) => Content::Unparsable(error),
        (Content::Absent, Ok(edits)) => Content::Edits(edits),
        (Content::Text(_) | Content::Edits(_), Ok(_)) => Content::Unparsable(EditError::MarkedHalf),
    }
}
