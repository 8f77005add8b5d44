//! `getEntries`: what a run knows, without changing any of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::entries::query;
use super::{Context, Method, MethodError};
use crate::entries::{Attributes, Outcome, Scheme, State, TurnNumber, Visibility};
use crate::llm::tokens;
use crate::plugins::file;
use crate::store::entries;

/// The method `getEntries`.
pub struct GetEntries;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetEntriesParams {
    pub run: String,
    /// All entries where it is missing.
    pub pattern: Option<String>,
    pub scheme: Option<Scheme>,
    pub state: Option<State>,
    pub visibility: Option<Visibility>,
    pub body_filter: Option<String>,
    pub limit: Option<u32>,
    pub offset: Option<u32>,
}

/// An entry without its body.
#[derive(Debug, Serialize)]
pub struct EntryItem {
    pub path: String,
    pub scheme: Scheme,
    pub state: State,
    pub outcome: Option<String>,
    pub visibility: Visibility,
    pub turn: Option<TurnNumber>,
    pub tokens: u64,
    pub attributes: Attributes,
}

impl Method for GetEntries {
    const NAME: &'static str = "getEntries";
    const DESCRIPTION: &'static str = "Lists a run's entries by path; changes nothing.";
    type Params = GetEntriesParams;
    type Output = Vec<EntryItem>;

    async fn call(cx: Context, params: GetEntriesParams) -> Result<Vec<EntryItem>, MethodError> {
        let run = cx.run(&params.run).await?.id;
        let mut query = query(
            params.pattern.as_deref().unwrap_or("**"),
            params.body_filter.as_deref(),
        )?;
        query.scheme = params.scheme;
        query.state = params.state;
        query.visibility = params.visibility;
        query.limit = params.limit;
        query.offset = params.offset.unwrap_or(0);
        let divisor = cx
            .ask(|session| session.config.limits.token_divisor)
            .await?;
        let found = cx
            .store()
            .read(move |connection| entries::list(connection, run, &query))
            .await?;
        Ok(found
            .into_iter()
            .map(|entry| EntryItem {
                scheme: entry.scheme(),
                state: entry.state,
                outcome: entry.outcome.as_ref().map(Outcome::to_string),
                visibility: entry.visibility,
                turn: entry.turn,
                tokens: tokens::estimate(file::chars(&entry), divisor),
                path: entry.path.to_string(),
                attributes: entry.attributes,
            })
            .collect())
    }
}
