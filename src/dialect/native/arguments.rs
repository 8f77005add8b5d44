//! From a tool's name and arguments to commands: which argument fills which field, whatever the
//! model calls it. An argument can never change which tool runs.

use std::borrow::Cow;

use serde_json::{Map, Value};
use thiserror::Error;

use super::super::command::{Call, Set, Tool};
use super::super::envelope;
use super::super::fields::{self, Built};
use super::super::patch;
use super::super::tag::{Attributes, name_length, says_no};
use super::Arguments;
use super::edits::{self, List};
use super::value::{Notation, Reader};

/// The tool that takes a patch of several files. It is none of ours, and every coding model knows
/// it.
const PATCH_TOOL: &str = "apply_patch";

/// Why a call gives no command.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CallError {
    #[error("there is no tool `{name}`: {}", tools())]
    UnknownTool { name: String },
    #[error("the arguments of `{tool}` cannot be read from byte {at} on: write one JSON object")]
    Unreadable { tool: String, at: usize },
    #[error("the arguments of `{tool}` are no JSON object: write `{{\"path\": …}}`")]
    NoObject { tool: String },
}

/// What there is instead of an unknown tool.
fn tools() -> String {
    let names: Vec<String> = Tool::ALL
        .iter()
        .map(|tool| ["`<", tool.name(), ">`"].concat())
        .collect();
    format!("write one of {}", names.join(", "))
}

/// A field, and what models call it. The first name is the attribute of the tag.
type Names = &'static [&'static str];

const PATH: Names = &[
    "path",
    "file",
    "filename",
    "filepath",
    "targetfile",
    "absolutepath",
    "relativepath",
    "relativeworkspacepath",
    "paths",
    "files",
    "filepaths",
    "target",
    "uri",
    "key",
];
const FILTER: Names = &[
    "filter", "body", "keyword", "keywords", "contains", "content",
];
const VISIBILITY: Names = &["visibility"];
const PREVIEW: Names = &["preview", "dryrun"];
/// Not an attribute: what stands between the tags.
const BODY: Names = &[
    "body",
    "content",
    "contents",
    "text",
    "filetext",
    "filecontent",
    "newcontent",
    "newcontents",
    "code",
    "diff",
    "patch",
];

/// What models call a list of edits.
const EDITS: Names = &[
    "edits",
    "changes",
    "replacements",
    "modifications",
    "operations",
    "hunks",
    "diffs",
];

const GET: &[Names] = &[
    PATH,
    &["path", "pattern", "glob"],
    FILTER,
    VISIBILITY,
    PREVIEW,
    &["line", "offset", "startline", "linestart"],
    &["limit", "lines", "maxlines", "numlines", "count"],
];
const SET: &[Names] = &[
    PATH,
    BODY,
    &["search", "oldstring", "oldstr", "oldtext", "old", "find"],
    &[
        "replace",
        "newstring",
        "newstr",
        "newtext",
        "new",
        "replacement",
        "replacewith",
    ],
    &["all", "g", "replaceall", "global"],
    VISIBILITY,
    &["summary", "description"],
    &["filter"],
    PREVIEW,
];
const RM: &[Names] = &[PATH, FILTER, PREVIEW];
const TRANSFER: &[Names] = &[
    &[
        "path",
        "from",
        "source",
        "src",
        "file",
        "filename",
        "filepath",
        "oldpath",
        "sourcepath",
    ],
    &[
        "to",
        "destination",
        "dest",
        "dst",
        "target",
        "newpath",
        "targetpath",
        "destinationpath",
    ],
    FILTER,
    VISIBILITY,
    PREVIEW,
];
const SHELL: &[Names] = &[
    &[
        "command",
        "commands",
        "cmd",
        "script",
        "commandline",
        "code",
        "body",
    ],
    PREVIEW,
];
const SEARCH: &[Names] = &[
    &[
        "query",
        "q",
        "path",
        "search",
        "searchquery",
        "searchterm",
        "keywords",
        "text",
    ],
    &["results", "numresults", "maxresults", "count", "limit"],
    PREVIEW,
];
const QUESTION: &[Names] = &[
    &["question", "text", "message", "prompt", "query", "body"],
    &["options", "choices", "answers"],
    PREVIEW,
];
const UPDATE: &[Names] = &[
    &["body", "text", "message", "content", "summary"],
    &["status", "statuscode", "code"],
];
const THINK: &[Names] = &[&[
    "body",
    "thought",
    "thoughts",
    "text",
    "content",
    "reasoning",
]];

/// The fields of a tool. The first is the one that a lone argument without a name fills.
const fn fields_of(tool: Tool) -> &'static [Names] {
    match tool {
        Tool::Get => GET,
        Tool::Set => SET,
        Tool::Rm => RM,
        Tool::Mv | Tool::Cp => TRANSFER,
        Tool::Sh | Tool::Env => SHELL,
        Tool::Search => SEARCH,
        Tool::AskUser => QUESTION,
        Tool::Update => UPDATE,
        Tool::Think => THINK,
    }
}

/// The tool of that name. In `functions.set` or `tools/set` it is the last word.
fn tool(name: &str) -> Option<Tool> {
    Tool::from_name(last_word(name))
}

fn last_word(name: &str) -> &str {
    name.rsplit(['/', ':', '.']).next().unwrap_or(name).trim()
}

fn is_patch_tool(name: &str) -> bool {
    last_word(name).eq_ignore_ascii_case(PATCH_TOOL)
}

/// Whether a call of that name gives a command.
pub(in super::super) fn is_known(name: &str) -> bool {
    tool(name).is_some() || is_patch_tool(name)
}

/// The commands of a call that came beside the text, as in the `tool_calls` of an API's answer:
/// its name, and its arguments as a text of JSON. One call can give several: a patch of several
/// files, a list of paths.
pub fn from_call(name: &str, arguments: &str) -> Result<Vec<Call>, CallError> {
    let start = arguments.trim_start();
    let mut reader = Reader::new(start, 0, Notation::Json);
    let arguments = match reader.value() {
        Ok(Value::Object(members)) => Arguments::Named(members),
        _ if start.is_empty() => Arguments::Named(Map::new()),
        _ if is_patch_tool(name) => Arguments::Bare(arguments.to_owned()),
        Ok(_) => {
            let tool = name.to_owned();
            return Err(CallError::NoObject { tool });
        }
        Err(broken) => {
            return Err(CallError::Unreadable {
                tool: name.to_owned(),
                at: arguments.len() - start.len() + broken.at,
            });
        }
    };
    calls(name, arguments)
}

/// The commands of a call.
pub(in super::super) fn calls(name: &str, arguments: Arguments) -> Result<Vec<Call>, CallError> {
    if is_patch_tool(name) {
        return Ok(patch::calls(&patch_text(arguments)));
    }
    let tool = tool(name).ok_or_else(|| CallError::UnknownTool {
        name: last_word(name).to_owned(),
    })?;
    let mut fields = Fields::default();
    match arguments {
        Arguments::Named(members) => fields.fill(tool, members),
        Arguments::Bare(text) => fields.add(tool, fields_of(tool)[0][0], Value::String(text)),
    }
    Ok(fields.calls(tool))
}

fn patch_text(arguments: Arguments) -> String {
    match arguments {
        Arguments::Bare(text) => text,
        Arguments::Named(members) => members
            .into_iter()
            .map(|(_, value)| value)
            .find_map(|value| match value {
                Value::String(text) if envelope::begins(&text) => Some(text),
                _ => None,
            })
            .unwrap_or_else(String::new),
    }
}

/// The arguments of a call by the fields that they fill.
#[derive(Debug, Default)]
struct Fields {
    /// What a tag would have as attributes.
    attributes: Attributes,
    /// What would stand between its tags.
    body: Option<String>,
    /// Paths beside the first.
    more_paths: Vec<String>,
    options: Vec<String>,
    /// What a list of edits holds, if there is one.
    edits: Option<List>,
}

impl Fields {
    /// Names as the tag has them go first; then the others, in their order.
    fn fill(&mut self, tool: Tool, members: Map<String, Value>) {
        let mut others = Vec::new();
        let mut list = None;
        for (name, value) in members {
            let own = fields_of(tool).iter().find(|names| names[0] == name);
            match own {
                _ if value.is_null() => {}
                Some(names) => self.add(tool, names[0], value),
                None => others.push((name, value)),
            }
        }
        for (name, value) in others {
            let plain = name.replace(['_', '-', ' '], "").to_ascii_lowercase();
            let field = fields_of(tool)
                .iter()
                .find(|names| names.contains(&plain.as_str()))
                .map(|names| names[0])
                .filter(|field| !self.has(field));
            match (field, value) {
                (_, value) if tool == Tool::Set && EDITS.contains(&plain.as_str()) => {
                    list = Some(value);
                }
                (Some("command"), Value::Array(lines)) if plain == "commands" => {
                    let lines: Vec<String> = lines.into_iter().map(text).collect();
                    self.attributes.insert("command", &lines.join("\n"));
                }
                (Some(field), value) => self.add(tool, field, value),
                // What no attribute can be called would be more than one when it is written.
                (None, _) if name.is_empty() || name_length(&name) < name.len() => {}
                (None, value) => self.attributes.insert(&name, &text(value)),
            }
        }
        let path = self.attributes.get("path");
        let all = ["all", "g"].iter().any(|name| {
            let flag = self.attributes.get(name);
            flag.is_some_and(|flag| !says_no(flag))
        });
        self.edits = list.map(|list| List::of(path, list, all));
    }

    fn has(&self, field: &str) -> bool {
        (field == "body" && self.body.is_some()) || self.attributes.get(field).is_some()
    }

    fn add(&mut self, tool: Tool, field: &str, value: Value) {
        match (tool, field, value) {
            (Tool::Get | Tool::Rm, "path", Value::Array(paths)) => {
                let mut paths = paths.into_iter().map(text);
                if let Some(first) = paths.next() {
                    self.attributes.insert("path", &first);
                }
                self.more_paths = paths.collect();
            }
            (Tool::Sh | Tool::Env, "command", Value::Array(words)) => {
                let words: Vec<String> = words.into_iter().map(text).collect();
                self.attributes.insert("command", &command_line(&words));
            }
            (Tool::AskUser, "options", Value::Array(options)) => {
                self.options = options.into_iter().map(text).collect();
            }
            (Tool::Set | Tool::Update | Tool::Think, "body", value) => {
                self.body = Some(text(value));
            }
            (_, field, value) => self.attributes.insert(field, &text(value)),
        }
    }

    fn calls(mut self, tool: Tool) -> Vec<Call> {
        // A new half alone is an edit whose old one is missing, not a text.
        if tool == Tool::Set && self.has("replace") && !self.has("search") && !self.has("body") {
            self.attributes.insert("search", "");
        }
        // An empty body beside more than a path is a field of a form that was not filled in.
        let may_be_empty = self.attributes.is_only("path");
        let is_filled = |body: &&str| !body.is_empty() || may_be_empty;
        let body = self.body.as_deref().filter(is_filled);
        let mut calls = match fields::built(tool, self.attributes, body) {
            Built::One(call) => vec![call],
            Built::Patch(calls) => calls,
        };
        match calls.as_mut_slice() {
            [Call::AskUser(question)] if !self.options.is_empty() => {
                question.options = self.options;
            }
            [Call::Set(set)] => {
                if let Some(edits) = self.edits {
                    set.content = edits::beside(&set.content, edits);
                }
            }
            _ => {}
        }
        for path in self.more_paths {
            let mut call = calls[0].clone();
            match &mut call {
                Call::Get(get) => get.path = Some(path),
                Call::Rm(rm) => rm.path = Some(path),
                _ => {}
            }
            calls.push(call);
        }
        calls
    }
}

/// The one `set` that arguments make, as an item of a list of edits is one.
pub(super) fn set_of(members: Map<String, Value>) -> Option<Set> {
    let mut fields = Fields::default();
    fields.fill(Tool::Set, members);
    match fields.calls(Tool::Set).pop()? {
        Call::Set(set) => Some(set),
        _ => None,
    }
}

/// A value as the text that a field holds.
fn text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        Value::Array(_) | Value::Object(_) => format!("{value:#}"),
        plain => plain.to_string(),
    }
}

/// The words of a command as one line, as a shell would take them. What a shell is told to run is
/// the command itself; words that are command lines are lines.
fn command_line(words: &[String]) -> String {
    match words {
        [shell, flag, script]
            if is_shell(shell) && flag.starts_with('-') && flag.ends_with('c') =>
        {
            script.clone()
        }
        [first, ..] if first.contains(char::is_whitespace) => words.join("\n"),
        _ => {
            let words: Vec<_> = words.iter().map(|word| shell_word(word)).collect();
            words.join(" ")
        }
    }
}

fn is_shell(word: &str) -> bool {
    let name = word.rsplit('/').next().unwrap_or(word);
    matches!(name, "sh" | "bash" | "zsh" | "dash")
}

fn shell_word(word: &str) -> Cow<'_, str> {
    let plain = |next: char| next.is_ascii_alphanumeric() || "_-+=.,:/@%*?~".contains(next);
    if !word.is_empty() && word.chars().all(plain) {
        return Cow::Borrowed(word);
    }
    Cow::Owned(format!("'{}'", word.replace('\'', r"'\''")))
}
