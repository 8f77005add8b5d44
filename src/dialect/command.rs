//! The commands a model can give, as types: one struct a tool, and what they share.
//!
//! Fields hold what was written, not what it means: whether a path may be read or a status
//! exists is for the handler to say.

use std::collections::BTreeMap;

use serde::Serialize;

use super::edit::{Edit, EditError};
use super::scan::Place;

/// A tag the dialect knows. Nothing else in a model's text is a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tool {
    Think,
    Get,
    Set,
    Env,
    Sh,
    Rm,
    Cp,
    Mv,
    AskUser,
    Search,
    Update,
}

impl Tool {
    /// Every tool, in the order in which they are shown to the model.
    pub const ALL: [Self; 11] = [
        Self::Think,
        Self::Get,
        Self::Set,
        Self::Env,
        Self::Sh,
        Self::Rm,
        Self::Cp,
        Self::Mv,
        Self::AskUser,
        Self::Search,
        Self::Update,
    ];

    /// The name of the tag.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Think => "think",
            Self::Get => "get",
            Self::Set => "set",
            Self::Env => "env",
            Self::Sh => "sh",
            Self::Rm => "rm",
            Self::Cp => "cp",
            Self::Mv => "mv",
            Self::AskUser => "ask_user",
            Self::Search => "search",
            Self::Update => "update",
        }
    }

    /// The tool of that name, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|tool| tool.name().eq_ignore_ascii_case(name))
    }

    /// Whether the body is a path, a query or a list, never a text with tags in it.
    pub(super) const fn has_short_body(self) -> bool {
        matches!(
            self,
            Self::Get | Self::Rm | Self::Cp | Self::Mv | Self::AskUser | Self::Search
        )
    }
}

/// One command and where its tag begins.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Command {
    pub call: Call,
    pub place: Place,
}

impl Command {
    pub const fn tool(&self) -> Tool {
        self.call.tool()
    }

    /// What the command is about: its path, its command line, its question or its query.
    /// Empty when it names none.
    pub fn target(&self) -> &str {
        self.call.target()
    }
}

/// A command's tool and arguments.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "tool", rename_all = "snake_case")]
pub enum Call {
    Get(Get),
    Set(Set),
    Rm(Rm),
    Mv(Transfer),
    Cp(Transfer),
    Search(Search),
    Sh(Shell),
    Env(Shell),
    AskUser(Question),
    Update(Update),
    Think(Think),
}

impl Call {
    pub const fn tool(&self) -> Tool {
        match self {
            Self::Get(_) => Tool::Get,
            Self::Set(_) => Tool::Set,
            Self::Rm(_) => Tool::Rm,
            Self::Mv(_) => Tool::Mv,
            Self::Cp(_) => Tool::Cp,
            Self::Search(_) => Tool::Search,
            Self::Sh(_) => Tool::Sh,
            Self::Env(_) => Tool::Env,
            Self::AskUser(_) => Tool::AskUser,
            Self::Update(_) => Tool::Update,
            Self::Think(_) => Tool::Think,
        }
    }

    /// See [`Command::target`].
    pub fn target(&self) -> &str {
        let target = match self {
            Self::Get(get) => &get.path,
            Self::Set(set) => &set.path,
            Self::Rm(rm) => &rm.path,
            Self::Mv(transfer) | Self::Cp(transfer) => &transfer.path,
            Self::Search(search) => &search.query,
            Self::Sh(shell) | Self::Env(shell) => &shell.command,
            Self::AskUser(question) => &question.question,
            Self::Update(_) | Self::Think(_) => &None,
        };
        target.as_deref().unwrap_or("")
    }
}

/// A whole number as the model wrote it: a wrong one is kept, so that the refusal can quote it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Number {
    Value(i64),
    Invalid(String),
}

/// Show entries, or promote them with `visibility`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Get {
    /// A path or a pattern.
    pub path: Option<String>,
    /// What the body of a matching entry must hold.
    pub filter: Option<String>,
    pub visibility: Option<String>,
    /// First line to show, 1-based; negative counts from the end.
    pub line: Option<Number>,
    /// Number of lines to show.
    pub limit: Option<Number>,
    /// List what would match and change nothing.
    pub preview: bool,
    /// Attributes of no fixed meaning, by name.
    pub other: BTreeMap<String, String>,
}

/// Write an entry, edit it, or change what is known about it.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Set {
    pub path: Option<String>,
    pub content: Content,
    pub visibility: Option<String>,
    pub summary: Option<String>,
    pub filter: Option<String>,
    pub preview: bool,
    /// Attributes of no fixed meaning (`tags`, …), by name.
    pub other: BTreeMap<String, String>,
}

/// What a `set` does to the text of its entry.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// Nothing: the command changes metadata only.
    #[default]
    Absent,
    /// Becomes the whole text.
    Text(String),
    /// Is changed in places, in order.
    Edits(Vec<Edit>),
    /// Nothing: edit markers that do not parse must not end up in a file.
    Unparsable(EditError),
}

/// Remove entries.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Rm {
    pub path: Option<String>,
    pub filter: Option<String>,
    pub preview: bool,
}

/// Copy or move entries.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Transfer {
    pub path: Option<String>,
    /// The destination, always literal. Without one, only `visibility` changes.
    pub to: Option<String>,
    pub filter: Option<String>,
    pub visibility: Option<String>,
    pub preview: bool,
}

/// Search the web.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Search {
    pub query: Option<String>,
    /// How many results are wanted.
    pub results: Option<Number>,
    pub preview: bool,
}

/// Run a shell command.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Shell {
    pub command: Option<String>,
    pub preview: bool,
    /// Attributes of no fixed meaning, by name.
    pub other: BTreeMap<String, String>,
}

/// Ask the user something.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Question {
    pub question: Option<String>,
    /// Answers to choose from; empty for a free answer.
    pub options: Vec<String>,
    pub preview: bool,
}

/// Report on the work, with a status that steers the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Update {
    pub body: String,
    pub status: Status,
}

/// The status of an `update` as written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Missing,
    Code(u16),
    Invalid(String),
}

/// Think aloud; changes nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Think {
    pub body: String,
}
