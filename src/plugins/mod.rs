//! The tags that a model can write and the sections of the packet that it reads: a folder each.
//!
//! A plugin may handle a tag, say how its entries look in the packet, and contribute a section.
//! The loop knows handlers and sections only through [`Plugin`] and [`ALL`]; adding a tag is a
//! folder, a line in that list, and the tag's grammar in the dialect ([`Tool`]). What a tag does to
//! files becomes a proposal in the store; nothing here talks to an editor.
//!
//! **Invariant.** Model output is data. A handler turns it into an effect, a proposal or a
//! [`Refusal`]; it never panics, and only a broken store ends the loop.

pub mod budget;
pub mod cp;
pub mod error;
pub mod file;
pub mod frame;
pub mod get;
pub mod instructions;
pub mod known;
pub mod library;
pub mod log;
pub mod mv;
pub mod policy;
pub mod prompt;
pub mod rm;
pub mod set;
pub mod skill;
pub mod telemetry;
pub mod think;
mod transfer;
pub mod unknown;
pub mod update;

use futures::future::BoxFuture;
use serde_json::json;

use crate::config::Limits;
use crate::dialect::{BodyFilter, Command, Tool};
use crate::entries::{
    Attributes, Category, Entry, EntryPath, Mode, Outcome, PathError, Phase, RunId, Scheme,
    TurnNumber, ViewId, Visibility, Writer,
};
use crate::store::entries::{self, Access, Query, Write};
use crate::store::loops::Loop;
use crate::store::{Store, StoreError, Tx};

/// Every plugin, in no order that matters: sections carry their place, tools have theirs.
pub const ALL: &[&dyn Plugin] = &[
    &budget::Budget,
    &cp::Cp,
    &error::Error,
    &file::File,
    &get::Get,
    &instructions::Instructions,
    &known::Known,
    &log::Log,
    &mv::Mv,
    &prompt::Prompt,
    &rm::Rm,
    &set::Set,
    &skill::Skill,
    &think::Think,
    &unknown::Unknown,
    &update::Update,
];

/// One tag or one kind of entry.
pub trait Plugin: Send + Sync {
    /// The scheme or the action whose entries it projects.
    fn name(&self) -> &'static str;

    /// The tag it handles, and what the model reads about it.
    fn tool(&self) -> Option<(Tool, &'static str)> {
        None
    }

    /// Carries a command out, or proposes it.
    fn handle<'a>(
        &'a self,
        _cx: &'a TurnContext<'a>,
        command: &'a Command,
    ) -> BoxFuture<'a, Result<Handled, Problem>> {
        let name = command.tool().name();
        Box::pin(async move { Err(Refusal::invalid(format!("<{name}> does nothing")).into()) })
    }

    /// What the model reads of one of its entries.
    fn project(&self, entry: &Entry) -> String {
        match entry.visibility {
            Visibility::Visible => entry.body.clone(),
            Visibility::Summarized | Visibility::Archived => String::new(),
        }
    }

    /// Its parts of the packet, as far as there is something to say now.
    fn sections(&self, _assembly: &Assembly<'_>) -> Vec<Section> {
        Vec::new()
    }
}

/// What a handler works with: the store and where in the run it stands.
pub struct TurnContext<'a> {
    pub store: &'a Store,
    pub run: RunId,
    pub in_loop: &'a Loop,
    pub turn: TurnNumber,
    pub limits: &'a Limits,
    /// Characters a token.
    pub divisor: f64,
    /// None where the loop was started without the workspace.
    pub files: Option<&'a file::Files>,
}

/// What became of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Handled {
    /// Nothing is recorded of it.
    Quiet,
    /// Done, and recorded there.
    Done(EntryPath),
    /// Waits for the user, there.
    Proposed(EntryPath),
}

/// Why a command was not carried out; the model reads it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    pub outcome: Outcome,
    pub message: String,
}

impl Refusal {
    /// A refusal with its outcome.
    pub fn new(outcome: Outcome, message: impl Into<String>) -> Self {
        Self {
            outcome,
            message: message.into(),
        }
    }

    /// Nothing is there under this path.
    pub fn not_found(path: &str) -> Self {
        Self::new(Outcome::NotFound, format!("not found: {path}"))
    }

    /// The command, or what it names, makes no sense.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(Outcome::Validation, message)
    }
}

/// A refusal, or a store that failed.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for Problem {
    /// What the store refuses is told to the model; what breaks it is not the model's doing.
    fn from(error: StoreError) -> Self {
        let outcome = match &error {
            StoreError::NotFound { .. } => Outcome::NotFound,
            StoreError::Forbidden { .. }
            | StoreError::Mirror { .. }
            | StoreError::Path(PathError::Outside(_)) => Outcome::Permission,
            StoreError::Path(_)
            | StoreError::Pattern(_)
            | StoreError::NoFolder { .. }
            | StoreError::NothingToSet { .. }
            | StoreError::NothingToAppend(_) => Outcome::Validation,
            _ => return Self::Store(error),
        };
        Self::Refused(Refusal::new(outcome, error.to_string()))
    }
}

impl From<PathError> for Problem {
    fn from(error: PathError) -> Self {
        StoreError::from(error).into()
    }
}

/// The packet in the making: what its sections are drawn from.
pub struct Assembly<'a> {
    /// Everything that the model may be shown: data in the order in which it changed last, then all
    /// else, oldest first.
    pub rows: &'a [Row],
    pub mode: Mode,
    pub phase: Phase,
    pub tools: &'a [Tool],
    pub persona: Option<&'a str>,
    /// Characters a token, and what the listing of files may take in tokens.
    pub divisor: f64,
    pub map_tokens: u64,
    /// The figures of the packet itself; none where the model's context is not known.
    pub budget: Option<budget::Figures>,
    /// How many sources the last turn had put away to fit.
    pub reverted: Option<u64>,
}

/// An entry as the packet shows it.
#[derive(Debug, Clone)]
pub struct Row {
    pub view: ViewId,
    pub path: EntryPath,
    pub visibility: Visibility,
    pub turn: Option<TurnNumber>,
    /// The number of the run's change that touched it last.
    pub changed: i64,
    /// Its element in the section that it belongs to.
    pub line: String,
    /// What its projection takes, in characters.
    pub shown: usize,
    /// What its whole body takes, in tokens.
    pub tokens: u64,
    /// How many entries were put away to fit, where it tells of that.
    pub demoted: Option<u64>,
    /// The projection of a prompt: the newest one is no line but ends the packet.
    pub prompt: Option<String>,
}

impl Row {
    /// Draws an entry; sizes are at so many characters a token.
    pub fn of(entry: &Entry, divisor: f64) -> Self {
        let text = project(entry);
        let chars = file::chars(&entry.path, entry.body.chars().count(), &entry.attributes);
        let tokens = crate::llm::tokens::estimate(chars, divisor);
        let scheme = entry.scheme();
        let line = match scheme.category() {
            Category::Data => known::line(entry, &text, tokens),
            Category::Unknown => unknown::line(entry, &text, tokens),
            Category::Logging | Category::Prompt => log::line(entry, &text, tokens),
            // Never shown.
            Category::Audit => String::new(),
        };
        Self {
            view: entry.view,
            path: entry.path.clone(),
            visibility: entry.visibility,
            turn: entry.turn,
            changed: entry.changed,
            line,
            shown: text.chars().count(),
            tokens,
            demoted: entry
                .attributes
                .get("demotedCount")
                .and_then(serde_json::Value::as_u64),
            prompt: (scheme == Scheme::Prompt).then_some(text),
        }
    }

    pub const fn scheme(&self) -> Scheme {
        self.path.scheme()
    }
}

/// Which of the two messages a section belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message {
    System,
    User,
}

/// A part of the packet. Sections of a message follow each other by place.
#[derive(Debug, Clone)]
pub struct Section {
    pub message: Message,
    pub place: u16,
    pub text: String,
}

impl Section {
    /// A part of the system message.
    pub fn system(place: u16, text: String) -> Self {
        Self {
            message: Message::System,
            place,
            text,
        }
    }

    /// A part of the user message.
    pub fn user(place: u16, text: String) -> Self {
        Self {
            message: Message::User,
            place,
            text,
        }
    }
}

/// The plugin that handles a tag.
pub fn handler(tool: Tool) -> Option<&'static dyn Plugin> {
    ALL.iter()
        .copied()
        .find(|plugin| plugin.tool().is_some_and(|(handled, _)| handled == tool))
}

/// What the model reads of an entry. An entry that no plugin knows shows its body.
pub fn project(entry: &Entry) -> String {
    let name = entry
        .path
        .action()
        .unwrap_or_else(|| entry.scheme().as_str());
    match ALL.iter().find(|plugin| plugin.name() == name) {
        Some(plugin) => plugin.project(entry),
        None if entry.visibility == Visibility::Visible => entry.body.clone(),
        None => String::new(),
    }
}

/// What short texts look like: whole where they are visible, else their beginning.
pub fn whole_or_excerpt(entry: &Entry) -> String {
    match entry.visibility {
        Visibility::Visible => entry.body.clone(),
        Visibility::Summarized | Visibility::Archived => excerpt(&entry.body),
    }
}

/// The beginning of a text that is too long for a summary.
fn excerpt(text: &str) -> String {
    const LIMIT: usize = 500;
    match text.char_indices().nth(LIMIT) {
        Some((end, _)) => format!("{}\n[truncated]", &text[..end]),
        None => text.to_owned(),
    }
}

impl TurnContext<'_> {
    /// What the log keeps of a command: `log://turn_N/TOOL/TARGET` with this body.
    pub fn record(&self, tool: Tool, target: &str, body: &str) -> Write {
        let path = EntryPath::log(self.turn, tool.name(), target);
        Write::body(path, body).at(self.turn, self.in_loop.id)
    }

    /// Records a command that is done, in a transaction of its own.
    pub async fn done(
        &self,
        tool: Tool,
        target: &str,
        body: String,
        attributes: Attributes,
    ) -> Result<Handled, Problem> {
        let write = self.record(tool, target, &body).attributes(attributes);
        let run = self.run;
        let path = self
            .store
            .write(move |tx| entries::log(tx, run, write))
            .await?;
        Ok(Handled::Done(path))
    }

    /// The entries that a command's path and filter mean.
    pub async fn query(&self, given: &str, filter: Option<&str>) -> Result<Query, Problem> {
        let filter = filter
            .filter(|text| !text.is_empty())
            .map(BodyFilter::parse)
            .transpose()
            .map_err(StoreError::from)?;
        let (run, given) = (self.run, given.to_owned());
        Ok(self
            .store
            .read(move |connection| Query::named(connection, run, &given, filter))
            .await?)
    }

    /// The entries that a query means and the model may touch. A scheme that is closed to it is
    /// refused where the query names it.
    pub async fn meant(&self, query: &Query, access: Access) -> Result<Vec<Entry>, Problem> {
        let (run, query) = (self.run, query.clone());
        Ok(self
            .store
            .read(move |connection| {
                entries::open_to(connection, run, Writer::Model, &query, access)
            })
            .await?)
    }
}

/// The path that a command must name.
pub fn named(tool: Tool, path: Option<&str>) -> Result<&str, Refusal> {
    path.map(str::trim)
        .filter(|path| !path.is_empty())
        .ok_or_else(|| {
            let name = tool.name();
            Refusal::invalid(format!("<{name}> needs a path: <{name} path=\"…\">"))
        })
}

/// A visibility that a command names.
pub fn visibility(word: Option<&str>) -> Result<Option<Visibility>, Refusal> {
    word.map(str::parse)
        .transpose()
        .map_err(|error: crate::entries::UnknownWord| Refusal::invalid(error.to_string()))
}

/// `{"path": …}`: what every log entry of a command carries.
pub fn about(target: &str) -> Attributes {
    let mut attributes = Attributes::new();
    attributes.insert("path".to_owned(), json!(target));
    attributes
}

/// A list of entries with their sizes, as previews and results show it.
pub fn listing<'e>(head: &str, found: impl IntoIterator<Item = &'e Entry>, divisor: f64) -> String {
    let mut lines = vec![head.to_owned()];
    lines.extend(found.into_iter().map(|entry| {
        let tokens = crate::llm::tokens::estimate(entry.body.chars().count(), divisor);
        format!("{} ({tokens} tokens)", entry.path)
    }));
    lines.join("\n")
}

/// Whether a path is a file's. A write to a file is a proposal; one to any other entry is not.
pub fn is_file(path: &EntryPath) -> bool {
    path.scheme() == Scheme::File
}

/// Tells the model in one log entry what was forgiven or ignored in its answer.
pub fn advise(
    tx: &mut Tx<'_>,
    run: RunId,
    turn: TurnNumber,
    in_loop: crate::entries::LoopId,
    advice: &str,
) -> Result<(), StoreError> {
    let path = EntryPath::log(turn, "advisory", "");
    entries::log(tx, run, Write::body(path, advice).at(turn, in_loop))?;
    Ok(())
}

#[cfg(test)]
mod tests;
