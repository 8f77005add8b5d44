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

/// Without underscores and in small letters, as they are compared.
const NAMES: [Names; 7] = [
    names("oldtext", "newtext", true),
    names("oldstring", "newstring", true),
    names("oldstr", "newstr", true),
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
    (names.clear || is_loud(text)) && behind_tag(text, "<", names.old).is_some()
}

/// Whether the name of a tag is in capitals, as only marks of edits are.
fn is_loud(text: &str) -> bool {
    let mut signs = text.bytes().skip(1);
    signs.by_ref().take(2).all(|sign| sign.is_ascii_uppercase())
}

/// An XML document may begin with a tag of such a name; then no tag of the other name follows.
fn refuse(
    names: &Names,
    edits: &[Edit],
    rest: &str,
    body: &str,
) -> Result<Option<Vec<Edit>>, EditError> {
    let is_edit = names.clear
        || is_loud(body.trim())
        || !edits.is_empty()
        || behind_tag(rest, "<", names.new).is_some();
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
    let inner = text.strip_prefix(open)?;
    let mut written = inner.bytes().filter(|sign| *sign != b'_');
    let is_named = name.bytes().all(|sign| {
        written
            .next()
            .is_some_and(|it| it.eq_ignore_ascii_case(&sign))
    });
    if !is_named || written.next() != Some(b'>') {
        return None;
    }
    inner.split_once('>').map(|(_, behind)| behind)
}

/// A half without the line breaks that set it apart from its tags, lines joined by LF.
fn lines_of(half: &str) -> String {
    let half = half.replace("\r\n", "\n");
    let inner = half.strip_prefix('\n').unwrap_or(&half);
    inner.strip_suffix('\n').unwrap_or(inner).to_owned()
}
