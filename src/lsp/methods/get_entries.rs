//! `getEntries`: what a run knows, without changing any of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::entries::body_filter;
use super::{Context, Method, MethodError};
use crate::entries::{Attributes, Outcome, Scheme, State, TurnNumber, Visibility};
use crate::llm::tokens;
use crate::plugins::file;
use crate::store::entries::{self, Query};

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
        let filter = body_filter(params.body_filter.as_deref())?;
        let divisor = cx
            .ask(|session| session.config.limits.token_divisor)
            .await?;
        let found = cx
            .store()
            .read(move |connection| {
                let pattern = params.pattern.as_deref().unwrap_or("**");
                let query = Query {
                    scheme: params.scheme,
                    state: params.state,
                    visibility: params.visibility,
                    limit: params.limit,
                    offset: params.offset.unwrap_or(0),
                    ..Query::named(connection, run, pattern, filter)?
                };
                entries::heads(connection, run, &query)
            })
            .await?;
        Ok(found
            .into_iter()
            .map(|head| EntryItem {
                scheme: head.path.scheme(),
                state: head.state,
                outcome: head.outcome.as_ref().map(Outcome::to_string),
                visibility: head.visibility,
                turn: head.turn,
                tokens: tokens::estimate(
                    file::chars_of(&head.path, head.chars, &head.attributes),
                    divisor,
                ),
                path: head.path.to_string(),
                attributes: head.attributes,
            })
            .collect())
    }
}
