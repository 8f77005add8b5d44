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
use super::edit::{self, Edit};
use super::tag::Attributes;

/// Builds the call. `body` is `None` for a tag that closes itself.
pub(super) fn call(tool: Tool, mut attributes: Attributes, body: Option<&str>) -> Call {
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

/// Options stand between semicolons, or between commas where there is no semicolon.
fn split_options(options: &str) -> Vec<String> {
    let separator = if options.contains(';') { ';' } else { ',' };
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
    let block = body.map(block).filter(|text| !text.is_empty());
    Set {
        content: content(fields, path.as_deref(), block),
        path,
        visibility: fields.take("visibility"),
        summary: fields.take("summary"),
        filter: fields.take("filter"),
        preview: fields.take_flag("preview"),
        other: attributes.rest(),
    }
}

/// What a `set` writes. An edit in attributes goes before one in the body, as its `replace` half
/// may be the body; a `body` attribute beside a body is a search half too.
fn content(fields: &mut Attributes, path: Option<&str>, block: Option<Block<'_>>) -> Content {
    let all = [fields.take_flag("all"), fields.take_flag("g")].contains(&true);
    let attribute = fields.take_any("body");
    let replace = fields.take_any("replace");
    let text = block.map(|block| block.text);
    if let Some(search) = fields.take("search") {
        let replace = replace.or_else(|| text.map(str::to_owned));
        let edit = Edit::attributes(search, replace.unwrap_or_default(), all);
        return Content::Edits(vec![edit]);
    }
    match (attribute, text) {
        (Some(search), Some(text)) if !search.is_empty() => {
            Content::Edits(vec![Edit::attributes(search, text, all)])
        }
        (_, Some(text)) => match edit::parse(path, text, all) {
            Ok(Some(edits)) => Content::Edits(edits),
            Ok(None) => Content::Text(text.to_owned()),
            Err(error) => Content::Unparsable(error),
        },
        (Some(text), None) => Content::Text(text),
        (None, None) => Content::Absent,
    }
}

/// The text of a body, without the line breaks that set it apart from its tags.
struct Block<'t> {
    text: &'t str,
    /// Whether there is nothing between the tags, or nothing but one line break.
    empty: bool,
}

impl Block<'_> {
    const fn is_empty(&self) -> bool {
        self.empty
    }
}

/// Drops one line break at each end. An empty line between the tags is a text, the empty one.
fn block(body: &str) -> Block<'_> {
    let inner = strip_break_before(body);
    let text = inner
        .strip_suffix("\r\n")
        .or_else(|| inner.strip_suffix('\n'))
        .unwrap_or(inner);
    Block {
        text,
        empty: inner.is_empty(),
    }
}

fn strip_break_before(body: &str) -> &str {
    body.strip_prefix("\r\n")
        .or_else(|| body.strip_prefix('\n'))
        .unwrap_or(body)
}
