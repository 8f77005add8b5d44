//! `getRuns` and `getRun`: what runs there are, and all of one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Context, Method, MethodError};
use crate::entries::{Mode, RunAlias, Scheme, TurnNumber};
use crate::lsp::state::{self, Cursor, RunState};
use crate::store::entries::{self, Query};
use crate::store::{StoreError, loops, proposals, runs};

/// The method `getRuns`.
pub struct GetRuns;
/// The method `getRun`.
pub struct GetRun;

#[derive(Debug, Deserialize, JsonSchema)]
pub struct GetRunsParams {
    pub limit: Option<u32>,
    pub offset: Option<u32>,
    pub workspace: Option<String>,
}

/// A run in a list.
#[derive(Debug, Serialize)]
pub struct RunItem {
    pub run: RunAlias,
    pub status: u16,
    pub turn: u32,
    pub summary: String,
    /// Milliseconds since 1970.
    pub created: i64,
    pub model: String,
    pub mode: Option<Mode>,
    pub pending: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<RunAlias>,
}

impl Method for GetRuns {
    const NAME: &'static str = "getRuns";
    const DESCRIPTION: &'static str = "The runs of a workspace folder, newest first.";
    type Params = GetRunsParams;
    type Output = Vec<RunItem>;

    async fn call(cx: Context, params: GetRunsParams) -> Result<Vec<RunItem>, MethodError> {
        let project = cx.folder(params.workspace).await?.project;
        let offset = params.offset.unwrap_or(0);
        let found = cx
            .store()
            .read(move |connection| {
                runs::list(connection, project, params.limit, offset)?
                    .into_iter()
                    .map(|run| RunItem::of(connection, &run))
                    .collect::<Result<Vec<_>, StoreError>>()
            })
            .await?;
        Ok(found)
    }
}

impl RunItem {
    /// What a list says of a run.
    pub fn of(connection: &rusqlite::Connection, run: &runs::Run) -> Result<Self, StoreError> {
        Ok(Self {
            mode: loops::newest(connection, run.id)?.map(|newest| newest.mode),
            pending: proposals::count_pending(connection, run.id)?,
            status: run.status.code(),
            turn: run.turn.map_or(0, |turn| turn.0),
            run: run.alias.clone(),
            summary: run.summary.clone(),
            created: run.created_at,
            model: run.model.clone(),
            parent: run.parent.clone(),
        })
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
pub struct GetRunParams {
    pub run: String,
}

/// A run's state with all that belongs to it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WholeRun {
    #[serde(flatten)]
    pub state: RunState,
    pub model: String,
    pub temperature: Option<f64>,
    pub persona: Option<String>,
    pub context_limit: Option<u64>,
    /// What the model thought, turn by turn.
    pub reasoning: Vec<TurnText>,
    /// What it answered.
    pub content: Vec<TurnText>,
    pub last_user_prompt: Option<String>,
}

/// A text of one turn.
#[derive(Debug, Serialize)]
pub struct TurnText {
    pub path: String,
    pub body: String,
    pub turn: Option<TurnNumber>,
}

impl Method for GetRun {
    const NAME: &'static str = "getRun";
    const DESCRIPTION: &'static str = "A run's state with its whole history, its settings, and what the model thought and answered.";
    type Params = GetRunParams;
    type Output = WholeRun;

    async fn call(cx: Context, params: GetRunParams) -> Result<WholeRun, MethodError> {
        let id = cx.run(&params.run).await?.id;
        let (run, state, _) = state::read(cx.store(), id, Cursor::default()).await?;
        let (reasoning, content, prompt) = cx
            .store()
            .read(move |connection| {
                let newest = loops::newest(connection, id)?;
                Ok((
                    texts(connection, id, Scheme::Reasoning)?,
                    texts(connection, id, Scheme::Assistant)?,
                    newest.map(|newest| newest.prompt),
                ))
            })
            .await?;
        Ok(WholeRun {
            state,
            model: run.model,
            temperature: run.settings.temperature,
            persona: run.settings.persona,
            context_limit: run.settings.context_limit,
            reasoning,
            content,
            last_user_prompt: prompt,
        })
    }
}

/// The audit texts of one kind, by turn.
fn texts(
    connection: &rusqlite::Connection,
    run: crate::entries::RunId,
    scheme: Scheme,
) -> Result<Vec<TurnText>, StoreError> {
    let query = Query {
        scheme: Some(scheme),
        ..Query::default()
    };
    let mut found: Vec<TurnText> = entries::list(connection, run, &query)?
        .into_iter()
        .map(|entry| TurnText {
            path: entry.path.as_str().to_owned(),
            body: entry.body,
            turn: entry.turn,
        })
        .collect();
    found.sort_by_key(|text| text.turn);
    Ok(found)
}
