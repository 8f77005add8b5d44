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
use super::content;
use super::edit::{EditError, EditKind};
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
        (Tool::Set, Some(body)) => content::block(body),
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
    Set {
        content: content::of(fields, path.as_deref(), body),
        path,
        visibility: fields.take("visibility"),
        summary: fields.take("summary"),
        filter: fields.take("filter"),
        preview: fields.take_flag("preview"),
        other: attributes.rest(),
    }
}
