//! JSON: an object of `search` and `replace`, or an array of them. A document that has other keys
//! or other values is a text, whatever its keys are called.

use serde_json::{Map, Value};

use super::{Edit, EditError, EditKind, Target, fenced};

/// How the two halves may be called.
const NAMES: [(&str, &str); 4] = [
    ("search", "replace"),
    ("old_string", "new_string"),
    ("old_text", "new_text"),
    ("old_str", "new_str"),
];

/// The same where the file is a program, which no object of JSON is.
const NAMES_IN_CODE: [(&str, &str); 6] = [
    ("find", "replace"),
    ("old", "new"),
    ("oldText", "newText"),
    ("oldString", "newString"),
    ("oldStr", "newStr"),
    ("original", "updated"),
];

/// What names the file, in a program.
const PATHS: [&str; 5] = ["path", "file", "file_path", "filePath", "filename"];

/// What lists edits, in a program.
const LIST: &str = "edits";

const ALL: [&str; 2] = ["all", "replace_all"];

/// Reads a body that is nothing but edits in JSON, with or without a fence around it.
pub(super) fn parse(
    target: Target<'_>,
    lines: &[&str],
    all: bool,
) -> Result<Option<Vec<Edit>>, EditError> {
    let text = match fenced::all_in_one(lines) {
        Some(fence) if matches!(fence.label, "" | "json") => lines[fence.inner].join("\n"),
        Some(_) => return Ok(None),
        None => lines.join("\n"),
    };
    let text = text.trim();
    if !text.starts_with(['{', '[']) {
        return Ok(None);
    }
    let reader = Reader { target, all };
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) => reader.document(&object),
        Ok(Value::Array(items)) if !items.is_empty() => {
            let edits = items.iter().map(|item| reader.edit(item.as_object()?));
            edits.collect::<Option<Result<_, _>>>().transpose()
        }
        Err(error) if reader.begins_as_edit(text) => Err(EditError::Json {
            reason: error.to_string(),
        }),
        Ok(_) | Err(_) => Ok(None),
    }
}

struct Reader<'p> {
    target: Target<'p>,
    all: bool,
}

impl Reader<'_> {
    fn names(&self) -> impl Iterator<Item = (&'static str, &'static str)> + use<> {
        let in_code: &[_] = if self.target.is_code() {
            &NAMES_IN_CODE
        } else {
            &[]
        };
        NAMES.into_iter().chain(in_code.iter().copied())
    }

    /// One edit, or in a program a list of them.
    fn document(&self, object: &Map<String, Value>) -> Result<Option<Vec<Edit>>, EditError> {
        let is_known = |key: &String| key == LIST || PATHS.contains(&key.as_str());
        let (true, true, Some(list)) = (
            self.target.is_code(),
            object.keys().all(is_known),
            object.get(LIST),
        ) else {
            let edit = self.edit(object).transpose()?;
            return Ok(edit.map(|edit| vec![edit]));
        };
        self.check_path(object)?;
        let items = list.as_array().filter(|items| !items.is_empty());
        let items = items.ok_or(EditError::NoEdits)?.iter().enumerate();
        let edits = items.map(|(index, item)| {
            let edit = item.as_object().and_then(|item| self.edit(item));
            edit.ok_or(EditError::EditItem { number: index + 1 })?
        });
        edits.collect::<Result<_, _>>().map(Some)
    }

    fn check_path(&self, object: &Map<String, Value>) -> Result<(), EditError> {
        let mut named = PATHS.iter().filter_map(|key| object.get(*key)?.as_str());
        match named.find(|named| !self.target.can_be(named)) {
            Some(named) => Err(EditError::OtherFile {
                named: named.to_owned(),
            }),
            None => Ok(()),
        }
    }

    fn edit(&self, object: &Map<String, Value>) -> Option<Result<Edit, EditError>> {
        let (old, new) = self.names().find(|(old, _)| object.contains_key(*old))?;
        let is_path = |key: &str| self.target.is_code() && PATHS.contains(&key);
        let is_known =
            |key: &String| key == old || key == new || ALL.contains(&key.as_str()) || is_path(key);
        if !object.keys().all(is_known) {
            return None;
        }
        let search = object[old].as_str()?;
        let replace = object.get(new).map_or(Some(""), Value::as_str)?;
        let mut every = self.all;
        for value in ALL.iter().filter_map(|key| object.get(*key)) {
            every |= value.as_bool()?;
        }
        let (search, replace) = (search.to_owned(), replace.to_owned());
        let edit = Edit::new(EditKind::Json, Some(search), replace, every);
        Some(self.check_path(object).map(|()| edit))
    }

    /// Whether what is no JSON was meant as an edit: both keys are there, the first in first place.
    fn begins_as_edit(&self, text: &str) -> bool {
        let text = text.trim_start_matches(['[', '{', ' ', '\n', '\t']);
        self.names().any(|(old, new)| {
            let key = |name: &str| ["\"", name, "\""].concat();
            text.strip_prefix(key(old).as_str())
                .is_some_and(|rest| rest.trim_start().starts_with(':') && rest.contains(&key(new)))
        })
    }
}
