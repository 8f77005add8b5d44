//! From the attributes and the body of a `set` to what it writes.
//!
//! **Invariant**: the whole text is replaced only where nothing says that a part of it was meant, and
//! no marker of an edit becomes text, wherever in the tag it stands.

use super::command::Content;
use super::edit::{self, Edit, EditError};
use super::tag::{Attributes, says_no};

/// What a `set` writes. `text` is its body; the attributes that say nothing else are taken.
pub(super) fn of(fields: &mut Attributes, path: Option<&str>, text: Option<&str>) -> Content {
    // A blank body beside what describes an entry is what a model leaves that writes none.
    let text = text.filter(|text| !text.trim().is_empty() || !describes(fields, path));
    let written = written(fields, path, text);
    let refused = match &written {
        Content::Absent => unknown(fields, true),
        // Whatever describes a note may be called so.
        _ if is_note(path) => placed(fields, path),
        _ => placed(fields, path).or_else(|| unknown(fields, false)),
    };
    refused.map_or(written, Content::Unparsable)
}

/// Attributes that say what is written, and how.
const WRITING: [&str; 7] = ["body", "search", "replace", "all", "g", "filter", "preview"];

/// Whether attributes say something about the entry, and none says what to write.
fn describes(fields: &Attributes, path: Option<&str>) -> bool {
    let mut others = fields.filled().filter(|(name, _)| !WRITING.contains(name));
    ["search", "replace"]
        .iter()
        .all(|name| fields.get(name).is_none_or(str::is_empty))
        && others.any(|(name, _)| !is_place(&plain(name), path))
}

/// A name as it is compared.
fn plain(name: &str) -> String {
    name.replace(['_', '-'], "")
}

/// Attributes by which models mean some lines of a text; a `set` writes all of it.
const PLACES: [&str; 24] = [
    "line",
    "lines",
    "linenumber",
    "linenumbers",
    "limit",
    "startline",
    "endline",
    "linestart",
    "lineend",
    "fromline",
    "toline",
    "atline",
    "insert",
    "insertat",
    "insertline",
    "insertafter",
    "insertbefore",
    "append",
    "prepend",
    "range",
    "linerange",
    "viewrange",
    "offset",
    "mode",
];

/// The same in a file; a note may be described by such a word.
const PLACES_IN_FILES: [&str; 11] = [
    "start",
    "end",
    "from",
    "to",
    "at",
    "after",
    "before",
    "afterline",
    "beforeline",
    "position",
    "pos",
];

/// Values of `mode` that mean a part of the text.
const MODES: [&str; 6] = ["append", "prepend", "insert", "patch", "edit", "a"];

/// What would be written over the whole text although some lines are meant is not written.
fn placed(fields: &Attributes, path: Option<&str>) -> Option<EditError> {
    let means_a_part = |(name, value): &(&str, &str)| match plain(name).as_str() {
        "mode" => MODES.iter().any(|mode| mode.eq_ignore_ascii_case(value)),
        "append" | "prepend" | "insert" => !says_no(value),
        _ if value.is_empty() => false,
        name if is_note(path) && NUMBERS.contains(&name) => is_range(value),
        name => is_place(name, path),
    };
    let (name, _) = fields.all().find(means_a_part)?;
    let name = name.to_owned();
    Some(EditError::Placed { name })
}

fn is_place(name: &str, path: Option<&str>) -> bool {
    PLACES.contains(&name) || (!is_note(path) && PLACES_IN_FILES.contains(&name))
}

/// Of these, the ones that may describe a note too, unless they hold a number.
const NUMBERS: [&str; 5] = ["line", "lines", "limit", "range", "offset"];

/// Whether a value is a number, or goes from one to another.
fn is_range(value: &str) -> bool {
    let is_part = |sign: char| sign.is_ascii_digit() || " -–:,.[]".contains(sign);
    value.contains(|sign: char| sign.is_ascii_digit()) && value.chars().all(is_part)
}

fn is_note(path: Option<&str>) -> bool {
    path.is_some_and(|path| path.contains("://"))
}

/// What models call the text or a half of an edit where they do not call it `body`, `search` or
/// `replace`.
const TEXTS: [&str; 28] = [
    "content",
    "contents",
    "text",
    "code",
    "codeedit",
    "newcode",
    "filetext",
    "filecontent",
    "newcontent",
    "newcontents",
    "find",
    "old",
    "oldtext",
    "oldstring",
    "oldstr",
    "oldcode",
    "new",
    "newtext",
    "newstring",
    "newstr",
    "replacement",
    "edit",
    "edits",
    "change",
    "changes",
    "diff",
    "patch",
    "hunks",
];

/// An attribute that holds a text which nothing would be done with. Where nothing else is written,
/// any of several lines does.
fn unknown(fields: &Attributes, is_absent: bool) -> Option<EditError> {
    let known = ["visibility", "summary", "tags", "filter"];
    let holds_text = |(name, value): &(&str, &str)| {
        TEXTS.contains(&plain(name).as_str())
            || (is_absent && value.contains('\n') && !known.contains(name))
    };
    let (name, _) = fields.filled().find(holds_text)?;
    let name = name.to_owned();
    Some(EditError::UnknownField { name })
}

/// Halves of an edit in attributes go before what the body holds, as the body may be the other half;
/// a `body` attribute beside a body is a search half too.
fn written(fields: &mut Attributes, path: Option<&str>, text: Option<&str>) -> Content {
    let all = [fields.take_flag("all"), fields.take_flag("g")].contains(&true);
    let search_is_named = fields.get("search").is_some();
    let describes = describes(fields, path);
    let search = fields.take("search");
    let (replace, body) = (fields.take_any("replace"), fields.take_any("body"));
    // Empty values beside others are what a form leaves that was not filled in.
    let is_form = search.is_none() && (search_is_named || !fields.is_empty());
    let filled = |value: &String| !(is_form && value.is_empty());
    let replace = replace.filter(filled);
    let says_something = |text: &String| !describes || !text.trim().is_empty();
    let body = body.filter(filled).filter(says_something);
    let text = text.map(str::to_owned).filter(says_something);
    // What replaces nothing creates a text, and is no reason to replace the one that is there.
    let is_creation = search_is_named && replace.is_some() && text.is_none() && body.is_none();
    let search = search.or_else(|| is_creation.then(String::new));
    let is_whole = search.is_none() && replace.is_none();
    if let (true, Some(whole)) = (is_whole, alone(text.as_deref(), body.as_deref())) {
        return match edit::parse(path, whole, all) {
            Ok(Some(edits)) => Content::Edits(edits),
            Ok(None) => Content::Text(whole.to_owned()),
            Err(error) => Content::Unparsable(error),
        };
    }
    let halves = [replace.as_deref(), text.as_deref().or(body.as_deref())];
    if halves
        .into_iter()
        .flatten()
        .any(|half| edit::is_marked(path, half))
    {
        return Content::Unparsable(EditError::MarkedHalf);
    }
    let attributes = |search: String, replace: String| {
        Content::Edits(vec![Edit::attributes(search, replace, all)])
    };
    match (search, replace, text, body) {
        (Some(search), Some(replace), ..) => attributes(search, replace),
        (Some(search), None, Some(text), _) | (Some(search), None, None, Some(text)) => {
            attributes(search, text)
        }
        (Some(_), None, None, None) => Content::Unparsable(EditError::NoReplacement),
        // Only so do both halves mean something.
        (None, Some(replace), Some(text), _) => attributes(text, replace),
        (None, Some(replace), None, Some(body)) if !body.is_empty() => attributes(body, replace),
        (None, Some(replace), None, _) => Content::Edits(vec![Edit {
            all,
            ..Edit::whole(replace)
        }]),
        (None, None, Some(text), Some(body)) => attributes(body, text),
        (None, None, ..) => Content::Absent,
    }
}

/// The text that stands alone, in the body or in the attribute of that name.
fn alone<'t>(text: Option<&'t str>, body: Option<&'t str>) -> Option<&'t str> {
    match (text, body) {
        (Some(text), None | Some("")) => Some(text),
        (None, body) => body,
        _ => None,
    }
}

/// The text of a body without one line break at each end, which set it apart from its tags.
/// `None` where nothing stands between the tags, or nothing but one line break; an empty line
/// between them is a text, the empty one.
pub(super) fn block(body: &str) -> Option<&str> {
    let inner = body
        .strip_prefix("\r\n")
        .or_else(|| body.strip_prefix('\n'))
        .unwrap_or(body);
    let text = inner
        .strip_suffix("\r\n")
        .or_else(|| inner.strip_suffix('\n'))
        .unwrap_or(inner);
    (!inner.is_empty()).then_some(text)
}
