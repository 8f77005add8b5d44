//! `ask` and `act`: starting a run, or putting a prompt behind those of one that exists.

use std::path::Path;

use ropey::Rope;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::models::model;
use super::settings::Settings;
use super::{Context, Method, MethodError};
use crate::agent::{self, Start, Started};
use crate::config::Config;
use crate::entries::{AutoAccept, Mode, Review, RunAlias, RunStatus};
use crate::lsp::documents::{file_of, last_line};
use crate::lsp::session::Folder;
use crate::lsp::types::{Position, Range, Uri};
use crate::store::loops::{self, LoopConfig, Selection};
use crate::store::runs::{Changes, Run};
use crate::workspace::Root;

/// What `ask` and `act` take.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Prompt {
    /// What is to be done.
    pub prompt: String,
    /// A model's alias; the run's, the configured or the only one where it is missing.
    pub model: Option<String>,
    /// The run to go on with, or the name of a new one.
    pub run: Option<String>,
    /// Goes on with a fork of `run`, which stays as it is.
    pub fork: Option<bool>,
    /// From 0 to 2. This and the next two hold for the run's later loops too.
    pub temperature: Option<f64>,
    /// The persona itself; `persona/set` takes one by its name.
    pub persona: Option<String>,
    /// In tokens, at least 1024.
    pub context_limit: Option<u64>,
    /// Works without the workspace's files.
    pub no_repo: Option<bool>,
    /// Asks the user nothing.
    pub no_interaction: Option<bool>,
    pub no_web: Option<bool>,
    /// Proposes nothing.
    pub no_proposals: Option<bool>,
    pub review: Option<Review>,
    pub auto_accept: Option<AutoAccept>,
    /// What is selected in the editor.
    pub selection: Option<SelectionParams>,
    /// URIs of files that are shown from the start.
    pub files: Option<Vec<String>>,
    /// The folder's URI; it may be left out where there is one folder or `run` names it.
    pub workspace: Option<String>,
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct SelectionParams {
    pub uri: String,
    pub range: RangeParams,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
pub struct RangeParams {
    pub start: PositionParams,
    pub end: PositionParams,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
pub struct PositionParams {
    pub line: u32,
    pub character: u32,
}

/// The run and its status.
#[derive(Debug, Serialize)]
pub struct StartedRun {
    pub run: RunAlias,
    pub status: u16,
}

/// The method `ask`.
pub struct Ask;
/// The method `act`.
pub struct Act;

impl Method for Ask {
    const NAME: &'static str = "ask";
    const DESCRIPTION: &'static str =
        "Starts a run, or goes on with one, in ask mode: no file is changed, no command run.";
    type Params = Prompt;
    type Output = StartedRun;

    async fn call(cx: Context, params: Prompt) -> Result<StartedRun, MethodError> {
        Ok(start(&cx, Mode::Ask, params, Place::Behind).await?.into())
    }
}

impl Method for Act {
    const NAME: &'static str = "act";
    const DESCRIPTION: &'static str =
        "Starts a run, or goes on with one, in act mode: what it wants to change is proposed.";
    type Params = Prompt;
    type Output = StartedRun;

    async fn call(cx: Context, params: Prompt) -> Result<StartedRun, MethodError> {
        Ok(start(&cx, Mode::Act, params, Place::Behind).await?.into())
    }
}

impl From<Started> for StartedRun {
    fn from(started: Started) -> Self {
        Self {
            run: started.alias,
            status: RunStatus::Queued.code(),
        }
    }
}

/// Where a prompt goes on a run that is active.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Into the queue, as a loop of its own.
    Behind,
    /// Into the next turn of the active loop.
    NextTurn,
}

/// Starts a loop, or queues its prompt. By the time this returns the run exists.
pub async fn start(
    cx: &Context,
    mode: Mode,
    params: Prompt,
    place: Place,
) -> Result<Started, MethodError> {
    // Before anything else is waited for: the selection is of the text as it is now.
    let open = match params.selection.clone() {
        Some(selection) => open_text(cx, selection).await?,
        None => None,
    };
    let alias: Option<RunAlias> = params.run.as_deref().map(str::parse).transpose()?;
    let existing = match &params.run {
        Some(run) => match cx.run(run).await {
            Ok(run) => Some(run),
            Err(MethodError::NotFound(_)) => None,
            Err(error) => return Err(error),
        },
        None => None,
    };
    let folder = folder(cx, &params, existing.as_ref()).await?;
    let project = folder.project;
    let config = cx.ask(move |session| session.config_in(project)).await?;
    let changes = changes(&params)?;
    let named = [
        &params.model,
        &existing.as_ref().map(|run| run.model.clone()),
    ]
    .into_iter()
    .find_map(Clone::clone);
    let model = model(cx, &config, named).await?;
    let before = previous(cx, existing.as_ref()).await?;
    let loop_config = loop_config(cx, &config, &params, &folder, open, before).await?;
    let started = cx
        .engine
        .supervisor
        .start(Start {
            project: folder.project,
            alias,
            fork: params.fork == Some(true),
            mode,
            prompt: params.prompt,
            joins: place == Place::NextTurn,
            settings: agent::Settings {
                limits: config.limits.clone(),
                commands: config.commands.clone(),
                model,
            },
            config: loop_config,
            changes,
        })
        .await?;
    cx.editors().asking.started(started.run, cx.session.id());
    Ok(started)
}

/// What the parameters set of the run itself.
fn changes(params: &Prompt) -> Result<Changes, MethodError> {
    let settings = Settings {
        model: params.model.clone(),
        temperature: params.temperature.map(Some),
        persona: params.persona.clone().map(Some),
        context_limit: params.context_limit.map(Some),
    };
    settings.checked()
}

/// What the run's newest loop was started with: a follow-up keeps what it does not name.
async fn previous(cx: &Context, existing: Option<&Run>) -> Result<Option<LoopConfig>, MethodError> {
    let Some(run) = existing.map(|run| run.id) else {
        return Ok(None);
    };
    let newest = cx
        .store()
        .read(move |connection| loops::newest(connection, run))
        .await?;
    Ok(newest.map(|newest| newest.config))
}

/// The folder that is meant: of the run that goes on, else the named or the only one.
async fn folder(
    cx: &Context,
    params: &Prompt,
    existing: Option<&Run>,
) -> Result<Folder, MethodError> {
    if let (None, Some(run)) = (&params.workspace, existing) {
        let project = run.project;
        let open = cx
            .ask(move |session| {
                let of_run = |folder: &&Folder| folder.project == project;
                session.folders.iter().find(of_run).cloned()
            })
            .await?;
        return open.ok_or_else(|| {
            MethodError::NotFound(format!(
                "the workspace folder of the run {} is not open in this session",
                run.alias
            ))
        });
    }
    cx.folder(params.workspace.clone()).await
}

async fn loop_config(
    cx: &Context,
    config: &Config,
    params: &Prompt,
    folder: &Folder,
    open: Option<Rope>,
    before: Option<LoopConfig>,
) -> Result<LoopConfig, MethodError> {
    let root =
        Root::open(&folder.root).map_err(|error| MethodError::NotFound(error.to_string()))?;
    let mut files = Vec::new();
    for uri in params.files.iter().flatten() {
        files.push(relative(&root, "files", uri)?);
    }
    let selection = match &params.selection {
        Some(selection) => Some(selected(cx, &root, selection, open).await?),
        None => None,
    };
    let LoopConfig {
        no_repo,
        no_interaction,
        no_web,
        no_proposals,
        review,
        auto_accept,
        ..
    } = before.unwrap_or(LoopConfig {
        review: config.review,
        auto_accept: config.auto_accept,
        ..LoopConfig::default()
    });
    Ok(LoopConfig {
        no_repo: params.no_repo.unwrap_or(no_repo),
        no_interaction: params.no_interaction.unwrap_or(no_interaction),
        no_web: params.no_web.unwrap_or(no_web),
        no_proposals: params.no_proposals.unwrap_or(no_proposals),
        review: params.review.unwrap_or(review),
        auto_accept: params.auto_accept.unwrap_or(auto_accept),
        files,
        selection,
    })
}

/// The path of a file in the folder, by its URI.
fn relative(root: &Root, field: &str, uri: &str) -> Result<String, MethodError> {
    let file = uri
        .parse::<Uri>()
        .map_or(None, |uri| file_of(&uri))
        .ok_or_else(|| MethodError::parameter(field, format!("{uri} is not the URI of a file")))?;
    inside(root, &file).ok_or_else(|| {
        MethodError::Forbidden(format!(
            "{field}: {uri} lies outside of the workspace folder"
        ))
    })
}

fn inside(root: &Root, file: &Path) -> Option<String> {
    root.relative(file).filter(|path| root.file(path).is_ok())
}

/// The text of the document that a selection lies in, where this client has it open.
async fn open_text(cx: &Context, selection: SelectionParams) -> Result<Option<Rope>, MethodError> {
    let uri: Uri = selection
        .uri
        .parse()
        .map_err(|error| MethodError::parameter("selection.uri", error))?;
    cx.ask(move |session| {
        let document = session.documents.get(&uri);
        document.map(|document| document.text.clone())
    })
    .await
}

/// The selected text, whole lines, from the open document or the disk.
async fn selected(
    cx: &Context,
    root: &Root,
    selection: &SelectionParams,
    open: Option<Rope>,
) -> Result<Selection, MethodError> {
    let path = relative(root, "selection.uri", &selection.uri)?;
    let file = root
        .file(&path)
        .map_err(|error| MethodError::Forbidden(error.to_string()))?;
    let text = match open {
        Some(text) => text,
        None => crate::workspace::current_text(cx.editors(), &file)
            .await
            .map(|text| Rope::from_str(&text))
            .map_err(|error| MethodError::parameter("selection.uri", error))?,
    };
    let position = |at: PositionParams| Position::new(at.line, at.character);
    let range = Range::new(
        position(selection.range.start),
        position(selection.range.end),
    );
    // A place behind the text means its end (LSP 3.17, "Position").
    let end = u32::try_from(text.len_lines() - 1).unwrap_or(u32::MAX);
    let first = range.start.line.min(end);
    let last = last_line(range).clamp(first, end);
    let lines: Vec<String> = (first..=last)
        .map(|line| text.line(line as usize).to_string())
        .map(|line| line.trim_end_matches(['\n', '\r']).to_owned())
        .collect();
    Ok(Selection {
        path,
        first: first.saturating_add(1),
        last: last.saturating_add(1),
        text: lines.join("\n"),
    })
}
