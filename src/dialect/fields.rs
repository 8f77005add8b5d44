//! From a tag's attributes and body to the fields of a command: which attribute means what, and
//! which field the body fills. The tool comes from the tag alone; no attribute can change it.

#![expect(
    clippy::disallowed_methods,
    reason = "a model that leaves a text out means the empty one"
)]

use super::command::{
    Call, Content, Get, Number, Question, Rm, Search, Set, Shell, Status, Think, Tool, Transfer,
    Update,
};
use super::edit::{self, Edit, EditError, EditKind};
use super::envelope;
use super::patch;
use super::tag::Attributes;

/// What a tag gives.
#[derive(Debug)]
pub(super) enum Built {
    One(Call),
    /// The body of the `set` is a patch of other files too: a command a file.
    Patch(Vec<Call>),
}

/// Builds the call of a tag. `body` is `None` for a tag that closes itself.
pub(super) fn of_tag(tool: Tool, attributes: Attributes, body: Option<&str>) -> Built {
    let body = match (tool, body) {
        (Tool::Set, Some(body)) => block(body),
        _ => body,
    };
    built(tool, attributes, body)
}

/// Builds the call whose body is exactly `body`.
pub(super) fn built(tool: Tool, attributes: Attributes, body: Option<&str>) -> Built {
    match (call(tool, attributes, body), body) {
        (Call::Set(set), Some(text)) if envelope::begins(text) && is_patch(&set) => {
            patched(&set, text)
        }
        (call, _) => Built::One(call),
    }
}

/// Whether the body of a `set` is a patch that the `set` alone does not say the files of.
fn is_patch(set: &Set) -> bool {
    match &set.content {
        Content::Unparsable(EditError::Envelope | EditError::OtherFile { .. }) => true,
        Content::Edits(edits) => {
            set.path.is_none() && edits.iter().any(|edit| edit.kind == EditKind::Patch)
        }
        _ => false,
    }
}

/// A patch of other files than the `set`'s. Where it has no path, a patch of one file is its edits.
fn patched(set: &Set, text: &str) -> Built {
    let mut calls = patch::calls_within(set, text);
    match calls.pop() {
        Some(call @ Call::Set(_)) if calls.is_empty() && set.path.is_none() => Built::One(call),
        last => {
            calls.extend(last);
            Built::Patch(calls)
        }
    }
}

fn call(tool: Tool, mut attributes: Attributes, body: Option<&str>) -> Call {
    let text = body.map(str::trim).filter(|text| !text.is_empty());
    let fields = &mut attributes;
    match tool {
        Tool::Get => Call::Get(get(attributes, text)),
        Tool::Set => Call::Set(set(attributes, body)),
        Tool::Rm => Call::Rm(rm(fields, text)),
        Tool::Mv => Call::Mv(transfer(fields, text)),
        Tool::Cp => Call::Cp(transfer(fields, text)),
        Tool::Search => Call::Search(search(fields, text)),
        Tool::Sh => Call::Sh(shell(attributes, text)),
        Tool::Env => Call::Env(shell(attributes, text)),
        Tool::AskUser => Call::AskUser(question(fields, text)),
        Tool::Update => Call::Update(update(fields, text)),
        Tool::Think => Call::Think(Think {
            body: said(fields, text),
        }),
    }
}

fn get(mut attributes: Attributes, text: Option<&str>) -> Get {
    let fields = &mut attributes;
    let (path, filter) = path_and_filter(fields, text);
    Get {
        path,
        filter,
        visibility: fields.take("visibility"),
        line: number(fields, "line"),
        limit: number(fields, "limit"),
        preview: fields.take_flag("preview"),
        other: attributes.rest(),
    }
}

fn rm(fields: &mut Attributes, text: Option<&str>) -> Rm {
    let (path, filter) = path_and_filter(fields, text);
    Rm {
        path,
        filter,
        preview: fields.take_flag("preview"),
    }
}

/// The body is the path; where an attribute says the path, the body says what entries must hold.
fn path_and_filter(
    fields: &mut Attributes,
    text: Option<&str>,
) -> (Option<String>, Option<String>) {
    let filter = fields.take("filter");
    let keyword = fields.take("body");
    let text = text.map(str::to_owned);
    match fields.take("path") {
        Some(path) => (Some(path), filter.or(keyword).or(text)),
        None => (text, filter.or(keyword)),
    }
}

fn transfer(fields: &mut Attributes, text: Option<&str>) -> Transfer {
    Transfer {
        path: fields.take("path"),
        to: fields.take("to").or_else(|| text.map(str::to_owned)),
        filter: fields.take("filter").or_else(|| fields.take("body")),
        visibility: fields.take("visibility"),
        preview: fields.take_flag("preview"),
    }
}

fn search(fields: &mut Attributes, text: Option<&str>) -> Search {
    let attribute = fields.take("query").or_else(|| fields.take("path"));
    Search {
        query: attribute.or_else(|| text.map(str::to_owned)),
        results: number(fields, "results"),
        preview: fields.take_flag("preview"),
    }
}

fn shell(mut attributes: Attributes, text: Option<&str>) -> Shell {
    let fields = &mut attributes;
    Shell {
        command: fields.take("command").or_else(|| text.map(str::to_owned)),
        preview: fields.take_flag("preview"),
        other: attributes.rest(),
    }
}

/// The body lists the options; where no attribute asks, the body is the question.
fn question(fields: &mut Attributes, text: Option<&str>) -> Question {
    let options = fields.take("options");
    let (question, listed) = match fields.take("question") {
        Some(question) => (Some(question), options.as_deref().or(text)),
        None => (text.map(str::to_owned), options.as_deref()),
    };
    Question {
        question,
        options: listed.map(split_options).unwrap_or_default(),
        preview: fields.take_flag("preview"),
    }
}

/// Options stand on lines of their own, or on one line between semicolons, or between commas.
fn split_options(options: &str) -> Vec<String> {
    let separator = ['\n', ';'].into_iter().find(|sign| options.contains(*sign));
    let separator = separator.unwrap_or(',');
    options
        .split(separator)
        .map(str::trim)
        .filter(|option| !option.is_empty())
        .map(str::to_owned)
        .collect()
}

fn update(fields: &mut Attributes, text: Option<&str>) -> Update {
    Update {
        body: said(fields, text),
        status: match fields.take("status").as_deref().map(str::trim) {
            None | Some("") => Status::Missing,
            Some(written) => match written.parse() {
                Ok(code) => Status::Code(code),
                Err(_) => Status::Invalid(written.to_owned()),
            },
        },
    }
}

fn said(fields: &mut Attributes, text: Option<&str>) -> String {
    let body = fields.take("body");
    text.map(str::to_owned).or(body).unwrap_or_default()
}

fn number(fields: &mut Attributes, name: &str) -> Option<Number> {
    let written = fields.take(name)?;
    Some(match written.trim().parse() {
        Ok(value) => Number::Value(value),
        Err(_) => Number::Invalid(written),
    })
}

fn set(mut attributes: Attributes, body: Option<&str>) -> Set {
    let fields = &mut attributes;
    let path = fields.take("path");
    let written = content(fields, path.as_deref(), body);
    Set {
        content: match placed(fields) {
            Some(name) => refuse_place(written, name),
            None => written,
        },
        path,
        visibility: fields.take("visibility"),
        summary: fields.take("summary"),
        filter: fields.take("filter"),
        preview: fields.take_flag("preview"),
        other: attributes.rest(),
    }
}

/// Attributes by which models mean some lines of a text; a `set` writes all of it.
const PLACES: [&str; 10] = [
    "line",
    "lines",
    "limit",
    "start_line",
    "end_line",
    "insert",
    "insert_line",
    "append",
    "range",
    "offset",
];

/// The attribute that names a place, if one does.
fn placed(fields: &Attributes) -> Option<&'static str> {
    PLACES.into_iter().find(|name| fields.get(name).is_some())
}

/// What would be written over the whole text although some lines are meant is not written.
fn refuse_place(written: Content, name: &'static str) -> Content {
    match written {
        Content::Absent => written,
        _ => Content::Unparsable(EditError::Placed { name }),
    }
}

/// What a `set` writes. Halves of an edit in attributes go before what the body holds, as the body
/// may be the other half; a `body` attribute beside a body is a search half too.
fn content(fields: &mut Attributes, path: Option<&str>, text: Option<&str>) -> Content {
    let all = [fields.take_flag("all"), fields.take_flag("g")].contains(&true);
    let search_is_named = fields.get("search").is_some();
    let search = fields.take("search");
    let (replace, body) = (fields.take_any("replace"), fields.take_any("body"));
    // Empty values beside others are what a form leaves that was not filled in.
    let is_form = search.is_none() && (search_is_named || !fields.is_empty());
    let filled = |value: &String| !(is_form && value.is_empty());
    let (replace, body) = (replace.filter(filled), body.filter(filled));
    let attributes = |search: String, replace: String| {
        Content::Edits(vec![Edit::attributes(search, replace, all)])
    };
    match (search, replace, text.map(str::to_owned), body) {
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
        (None, None, Some(text), Some(body)) if !body.is_empty() => attributes(body, text),
        (None, None, Some(text), _) => match edit::parse(path, &text, all) {
            Ok(Some(edits)) => Content::Edits(edits),
            Ok(None) => Content::Text(text),
            Err(error) => Content::Unparsable(error),
        },
        (None, None, None, Some(body)) => Content::Text(body),
        (None, None, None, None) => Content::Absent,
    }
}

/// The text of a body without one line break at each end, which set it apart from its tags.
/// `None` where nothing stands between the tags, or nothing but one line break; an empty line
/// between them is a text, the empty one.
fn block(body: &str) -> Option<&str> {
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
