//! The six verbs of the entry grammar as a client has them (writer `client`). On `run://ALIAS` they
//! are a run's life cycle; see [`super::lifecycle`].

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::lifecycle::{rename, run_alias, set_run};
use super::reject::reject;
use super::{Context, Done, Method, MethodError, entry_path};
use crate::dialect::BodyFilter;
use crate::entries::{
    Attributes, Entry, EntryPath, Outcome, RunAlias, RunId, State, TurnNumber, Visibility, Writer,
};
use crate::lsp::proposals::NotDone;
use crate::lsp::proposals::accept::{Wish, accept};
use crate::store::entries::{self, Access, Query, Write};
use crate::store::{StoreError, proposals};

/// The method `set`.
pub struct Set;
/// The method `get`.
pub struct Get;
/// The method `rm`.
pub struct Rm;
/// The method `cp`.
pub struct Cp;
/// The method `mv`.
pub struct Mv;
/// The method `update`.
pub struct Update;

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SetParams {
    /// Needed for all paths but `run://…`.
    pub run: Option<String>,
    pub path: String,
    pub body: Option<String>,
    pub state: Option<State>,
    pub visibility: Option<Visibility>,
    pub outcome: Option<String>,
    pub attributes: Option<Attributes>,
    /// Puts the body behind the one that is there.
    pub append: Option<bool>,
    /// The path is a pattern.
    pub pattern: Option<bool>,
    pub body_filter: Option<String>,
    pub workspace: Option<String>,
}

/// The alias stands where a run was meant.
#[derive(Debug, Serialize)]
pub struct SetResult {
    pub ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias: Option<RunAlias>,
}

impl SetResult {
    const OK: Self = Self {
        ok: true,
        alias: None,
    };

    /// A run was meant.
    pub const fn of(alias: RunAlias) -> Self {
        Self {
            ok: true,
            alias: Some(alias),
        }
    }
}

impl Method for Set {
    const NAME: &'static str = "set";
    const DESCRIPTION: &'static str = "Writes an entry, or what is named of it. On `run://ALIAS`: starts, goes on with, forks, cancels or configures a run. On a proposed entry: accepts (state resolved), rejects (cancelled) or fails it.";
    const LONG_RUNNING: bool = true;
    type Params = SetParams;
    type Output = SetResult;

    async fn call(cx: Context, params: SetParams) -> Result<SetResult, MethodError> {
        if params.outcome.is_some() && params.state.is_none() {
            let why = "it is the reason of a state; name the state too";
            return Err(MethodError::parameter("outcome", why));
        }
        if let Some(alias) = run_alias(&params.path) {
            let alias = alias.to_owned();
            return set_run(&cx, &alias, params).await;
        }
        let run = named_run(&cx, params.run.as_deref()).await?;
        if params.pattern == Some(true) || params.body_filter.is_some() {
            return set_matches(&cx, run, params).await;
        }
        let path = entry_path("path", &params.path)?;
        if let Some(state) = params.state
            && is_proposal(&cx, run, &path).await?
        {
            return decide(&cx, run, path, state, params.body).await;
        }
        let write = write(path, &params);
        cx.store()
            .write(move |tx| entries::set(tx, run, Writer::Client, write))
            .await?;
        Ok(SetResult::OK)
    }
}

async fn named_run(cx: &Context, run: Option<&str>) -> Result<RunId, MethodError> {
    match run {
        Some(alias) => Ok(cx.run(alias).await?.id),
        None => Err(MethodError::parameter("run", "it is missing")),
    }
}

fn write(path: EntryPath, params: &SetParams) -> Write {
    let mut write = Write::to(path);
    write.body.clone_from(&params.body);
    write.append = params.append == Some(true);
    write.attributes.clone_from(&params.attributes);
    write.visibility = params.visibility;
    let outcome = params
        .outcome
        .as_deref()
        .map(|text| match text.parse::<Outcome>() {
            Ok(outcome) => outcome,
            Err(never) => match never {},
        });
    write.ended = params.state.map(|state| (state, outcome));
    write
}

async fn set_matches(
    cx: &Context,
    run: RunId,
    params: SetParams,
) -> Result<SetResult, MethodError> {
    let filter = body_filter(params.body_filter.as_deref())?;
    let access = match (&params.body, &params.attributes, params.state) {
        (None, None, None) => Access::Visibility,
        _ => Access::Content,
    };
    let path = params.path.clone();
    let written = cx
        .store()
        .write(move |tx| {
            let query = Query::named(tx, run, &params.path, filter)?;
            entries::set_all(tx, run, Writer::Client, &query, access, |entry| {
                Ok(write(entry.path.clone(), &params))
            })
        })
        .await?;
    if written.is_empty() {
        return Err(StoreError::NotFound { path }.into());
    }
    Ok(SetResult::OK)
}

/// The filter that a client names.
pub fn body_filter(filter: Option<&str>) -> Result<Option<BodyFilter>, MethodError> {
    filter
        .map(BodyFilter::parse)
        .transpose()
        .map_err(|error| MethodError::parameter("bodyFilter", error))
}

/// Whether something is or was proposed at the path.
async fn is_proposal(cx: &Context, run: RunId, path: &EntryPath) -> Result<bool, MethodError> {
    let path = path.clone();
    Ok(cx
        .store()
        .read(move |connection| Ok(proposals::find(connection, run, &path)?.is_some()))
        .await?)
}

/// `set` with a state on a proposed entry.
async fn decide(
    cx: &Context,
    run: RunId,
    path: EntryPath,
    state: State,
    body: Option<String>,
) -> Result<SetResult, MethodError> {
    match state {
        State::Resolved => {
            let wish = Wish {
                hunks: None,
                body,
                asked_by: Some(cx.session.id()),
            };
            accept(cx.editors(), run, &path, &wish)
                .await
                .map_err(|why| MethodError::Conflict(why.to_string()))?;
        }
        State::Cancelled => {
            if !reject(cx, run, &path, None, body).await? {
                let why = format!("{path} is decided, or being decided, already");
                return Err(MethodError::Conflict(why));
            }
        }
        State::Failed => {
            let _hold = cx
                .editors()
                .hold(run, &path)
                .ok_or_else(|| MethodError::Conflict(NotDone::Busy.to_string()))?;
            let failed = path.clone();
            cx.store()
                .write(move |tx| proposals::fail(tx, run, &failed, body.as_deref()))
                .await?;
            cx.editors().tell_decided(run).await?;
        }
        State::Proposed | State::Streaming => {
            let why = "a proposed entry becomes resolved, cancelled or failed";
            return Err(MethodError::parameter("state", why));
        }
    }
    Ok(SetResult::OK)
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetParams {
    pub run: String,
    /// A path or a pattern.
    pub path: String,
    pub body_filter: Option<String>,
    /// `visible` where it is missing.
    pub visibility: Option<Visibility>,
}

/// How many entries were meant.
#[derive(Debug, Serialize)]
pub struct Matched {
    pub ok: bool,
    pub matched: usize,
}

impl Method for Get {
    const NAME: &'static str = "get";
    const DESCRIPTION: &'static str = "Shows entries to the model, or puts them away.";
    type Params = GetParams;
    type Output = Matched;

    async fn call(cx: Context, params: GetParams) -> Result<Matched, MethodError> {
        let run = cx.run(&params.run).await?;
        let filter = body_filter(params.body_filter.as_deref())?;
        let shown = params.visibility.unwrap_or(Visibility::Visible);
        let matched = cx
            .store()
            .write(move |tx| {
                let query = Query::named(tx, run.id, &params.path, filter)?;
                entries::show(tx, run.id, Writer::Client, &query, shown, run.turn)
            })
            .await?;
        Ok(Matched::of(&matched))
    }
}

impl Matched {
    fn of(entries: &[Entry]) -> Self {
        Self {
            ok: true,
            matched: entries.len(),
        }
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RmParams {
    pub run: String,
    /// A path or a pattern.
    pub path: String,
    pub body_filter: Option<String>,
}

impl Method for Rm {
    const NAME: &'static str = "rm";
    const DESCRIPTION: &'static str = "Removes entries from a run.";
    type Params = RmParams;
    type Output = Matched;

    async fn call(cx: Context, params: RmParams) -> Result<Matched, MethodError> {
        let run = cx.run(&params.run).await?.id;
        let filter = body_filter(params.body_filter.as_deref())?;
        let removed = cx
            .store()
            .write(move |tx| {
                let query = Query::named(tx, run, &params.path, filter)?;
                entries::rm(tx, run, Writer::Client, &query)
            })
            .await?;
        Ok(Matched::of(&removed))
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
pub struct TransferParams {
    pub run: String,
    /// A path or a pattern.
    pub from: String,
    /// A path; one that ends in a slash is a folder for all that is meant.
    pub to: String,
    pub visibility: Option<Visibility>,
}

async fn transfer(
    cx: &Context,
    verb: entries::Transfer,
    params: TransferParams,
) -> Result<Done, MethodError> {
    let run = cx.run(&params.run).await?.id;
    let to = entry_path("to", &params.to)?;
    cx.store()
        .write(move |tx| {
            let from = Query::named(tx, run, &params.from, None)?;
            verb(tx, run, Writer::Client, &from, &to, params.visibility)
        })
        .await?;
    Ok(Done::OK)
}

impl Method for Cp {
    const NAME: &'static str = "cp";
    const DESCRIPTION: &'static str = "Copies entries to another path.";
    type Params = TransferParams;
    type Output = Done;

    async fn call(cx: Context, params: TransferParams) -> Result<Done, MethodError> {
        transfer(&cx, entries::cp, params).await
    }
}

impl Method for Mv {
    const NAME: &'static str = "mv";
    const DESCRIPTION: &'static str =
        "Moves entries to another path. From `run://A` to `run://B`: renames the run A.";
    type Params = TransferParams;
    type Output = Done;

    async fn call(cx: Context, params: TransferParams) -> Result<Done, MethodError> {
        match (run_alias(&params.from), run_alias(&params.to)) {
            (Some(from), Some(to)) => {
                rename(&cx, from, ("to", to)).await?;
                Ok(Done::OK)
            }
            _ => transfer(&cx, entries::mv, params).await,
        }
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
pub struct UpdateParams {
    pub run: String,
    pub body: String,
    /// 102 where it is missing.
    pub status: Option<u16>,
    pub attributes: Option<Attributes>,
}

/// Where the line stands.
#[derive(Debug, Serialize)]
pub struct Updated {
    pub ok: bool,
    pub path: String,
}

impl Method for Update {
    const NAME: &'static str = "update";
    const DESCRIPTION: &'static str = "Adds a line to a run's log; the model reads it.";
    type Params = UpdateParams;
    type Output = Updated;

    async fn call(cx: Context, params: UpdateParams) -> Result<Updated, MethodError> {
        let run = cx.run(&params.run).await?;
        let turn = run.turn.unwrap_or(TurnNumber(1));
        let path = EntryPath::log(turn, "update", &params.body);
        let mut attributes = match params.attributes {
            Some(attributes) => attributes,
            None => Attributes::new(),
        };
        let status = params.status.unwrap_or(crate::plugins::update::CONTINUES);
        attributes.insert("status".to_owned(), status.into());
        let mut write = Write::body(path, &params.body).attributes(attributes);
        write.turn = Some(turn);
        let path = cx
            .store()
            .write(move |tx| entries::log(tx, run.id, write))
            .await?;
        Ok(Updated {
            ok: true,
            path: path.to_string(),
        })
    }
}
