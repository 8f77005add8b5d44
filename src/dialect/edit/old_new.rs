//! Pairs of tags, the old text and the new: `<old_text>…</old_text><new_text>…</new_text>`. What
//! stands between the tags is taken as it is, but for one line break at each end.

use super::{Edit, EditError, EditKind};

struct Names {
    old: &'static str,
    new: &'static str,
    /// Whether the name alone tells an edit from an XML document.
    clear: bool,
}

const fn names(old: &'static str, new: &'static str, clear: bool) -> Names {
    Names { old, new, clear }
}

const NAMES: [Names; 7] = [
    names("old_text", "new_text", true),
    names("old_string", "new_string", true),
    names("old_str", "new_str", true),
    names("search", "replace", false),
    names("find", "replace", false),
    names("old", "new", false),
    names("original", "updated", false),
];

/// Reads a body of pairs; `None` if it is none.
pub(super) fn parse(body: &str, all: bool) -> Result<Option<Vec<Edit>>, EditError> {
    let text = body.trim();
    let Some(names) = NAMES
        .iter()
        .find(|names| inner_of(text, names.old).is_some() || is_open(text, names))
    else {
        return Ok(None);
    };
    let mut edits = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let Some((search, behind)) = inner_of(rest, names.old) else {
            return refuse(names, &edits, rest, body);
        };
        let Some((replace, behind)) = inner_of(behind.trim_start(), names.new) else {
            return refuse(names, &edits, behind.trim_start(), body);
        };
        let (search, replace) = (lines_of(search), lines_of(replace));
        edits.push(Edit::new(EditKind::OldNew, Some(search), replace, all));
        rest = behind.trim_start();
    }
    Ok(Some(edits))
}

/// Whether an edit begins here for sure, finished or not.
fn is_open(text: &str, names: &Names) -> bool {
    names.clear && behind_tag(text, "<", names.old).is_some()
}

/// An XML document may begin with a tag of such a name; then no tag of the other name follows.
fn refuse(
    names: &Names,
    edits: &[Edit],
    rest: &str,
    body: &str,
) -> Result<Option<Vec<Edit>>, EditError> {
    let is_edit = names.clear || !edits.is_empty() || behind_tag(rest, "<", names.new).is_some();
    if !is_edit {
        return Ok(None);
    }
    let expected = "write pairs of `<old_text>…</old_text><new_text>…</new_text>` and nothing else";
    if rest.is_empty() {
        return Err(EditError::CutOff {
            form: "the pair of tags",
            expected,
        });
    }
    let before = &body[..body.trim_end().len() - rest.len()];
    Err(EditError::Unexpected {
        line: before.matches('\n').count() + 1,
        text: rest.lines().next().unwrap_or("").to_owned(),
        expected,
    })
}

/// What the tag `name`, with which `text` begins, holds, and what follows it.
fn inner_of<'t>(text: &'t str, name: &str) -> Option<(&'t str, &'t str)> {
    let inner = behind_tag(text, "<", name)?;
    let mut at = 0;
    loop {
        let end = at + inner[at..].find("</")?;
        if let Some(behind) = behind_tag(&inner[end..], "</", name) {
            return Some((&inner[..end], behind));
        }
        at = end + 2;
    }
}

fn behind_tag<'t>(text: &'t str, open: &str, name: &str) -> Option<&'t str> {
    text.strip_prefix(open)?
        .strip_prefix(name)?
        .strip_prefix('>')
}

/// A half without the line breaks that set it apart from its tags, lines joined by LF.
fn lines_of(half: &str) -> String {
    let half = half.replace("\r\n", "\n");
    let inner = half.strip_prefix('\n').unwrap_or(&half);
    inner.strip_suffix('\n').unwrap_or(inner).to_owned()
}
