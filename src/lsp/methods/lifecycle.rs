//! Runs as entries: what `set` and `mv` on `run://ALIAS` do, and the commands that are sugar for it:
//! `inject`, `rename`, `deleteRun`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::abort::abort;
use super::entries::{SetParams, SetResult};
use super::settings::{NamedRun, Settings, configure};
use super::start::{Place, Prompt, start};
use super::{Context, Done, Method, MethodError, parameters};
use crate::entries::{Attributes, Mode, RunAlias, Scheme, State};

/// The method `inject`.
pub struct Inject;
/// The method `rename`.
pub struct Rename;
/// The method `deleteRun`.
pub struct DeleteRun;

/// The alias in `run://ALIAS`, in any case of the scheme; empty where one is to be made.
pub fn run_alias(path: &str) -> Option<&str> {
    let (scheme, alias) = path.split_once("://")?;
    scheme
        .eq_ignore_ascii_case(Scheme::Run.as_str())
        .then_some(alias)
}

/// `set` on `run://ALIAS`. A state comes before a fork, a fork before a body.
pub async fn set_run(
    cx: &Context,
    alias: &str,
    params: SetParams,
) -> Result<SetResult, MethodError> {
    if let Some(state) = params.state {
        if state != State::Cancelled {
            let why = format!("a run becomes cancelled, not {state}, by its client");
            return Err(MethodError::parameter("state", why));
        }
        let aborted = abort(cx, alias).await?;
        return Ok(SetResult::of(aborted.run));
    }
    let attributes = match params.attributes {
        Some(attributes) => attributes,
        None => Attributes::new(),
    };
    match params.body {
        Some(body) => {
            let (prompt, mode) = prompt(attributes, body, alias, params.workspace)?;
            let started = start(cx, mode, prompt, Place::NextTurn).await?;
            Ok(SetResult::of(started.alias))
        }
        None if alias.is_empty() || attributes.is_empty() => Err(MethodError::parameter(
            "body",
            "a run is started or goes on with a body: the prompt",
        )),
        None => {
            let settings = Settings::read(attributes)?;
            let configured = configure(cx, alias, settings).await?;
            Ok(SetResult::of(configured.run))
        }
    }
}

/// A run's attributes are the parameters of `ask` and `act`, and the mode.
fn prompt(
    mut attributes: Attributes,
    body: String,
    alias: &str,
    workspace: Option<String>,
) -> Result<(Prompt, Mode), MethodError> {
    let mode = match attributes.shift_remove("mode") {
        Some(mode) => serde_json::from_value(mode)
            .map_err(|error| MethodError::parameter("attributes.mode", error))?,
        None => return Err(MethodError::parameter("attributes.mode", "say ask or act")),
    };
    for field in ["prompt", "run"] {
        if attributes.contains_key(field) {
            let why = "the body is the prompt, and the path names the run";
            return Err(MethodError::parameter(&format!("attributes.{field}"), why));
        }
    }
    attributes.insert("prompt".to_owned(), body.into());
    let mut prompt: Prompt = parameters(attributes.into())?;
    prompt.run = (!alias.is_empty()).then(|| alias.to_owned());
    prompt.workspace = workspace.or(prompt.workspace);
    Ok((prompt, mode))
}

#[derive(Debug, Deserialize, JsonSchema)]
pub struct InjectParams {
    pub run: String,
    /// What is to be done.
    pub prompt: String,
    pub mode: Mode,
}

/// The run, its status, and where the prompt went.
#[derive(Debug, Serialize)]
pub struct Injected {
    pub run: RunAlias,
    pub status: u16,
    /// `next_turn` where the prompt joins a loop that is active.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub injected: Option<&'static str>,
}

impl Method for Inject {
    const NAME: &'static str = "inject";
    const DESCRIPTION: &'static str = "Puts a prompt into the next turn of the run's active loop, or starts a loop. The same as a body set on `run://ALIAS`.";
    type Params = InjectParams;
    type Output = Injected;

    async fn call(cx: Context, params: InjectParams) -> Result<Injected, MethodError> {
        // A run that does not exist is not started.
        cx.run(&params.run).await?;
        let prompt = Prompt {
            prompt: params.prompt,
            run: Some(params.run),
            ..Prompt::default()
        };
        let started = start(&cx, params.mode, prompt, Place::NextTurn).await?;
        Ok(Injected {
            run: started.alias,
            status: started.status.code(),
            injected: started.joins.then_some("next_turn"),
        })
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
pub struct RenameParams {
    pub run: String,
    /// The run's new alias.
    pub name: String,
}

impl Method for Rename {
    const NAME: &'static str = "rename";
    const DESCRIPTION: &'static str =
        "Gives a run another alias. The same as `mv` from `run://ALIAS` to `run://NAME`.";
    type Params = RenameParams;
    type Output = NamedRun;

    async fn call(cx: Context, params: RenameParams) -> Result<NamedRun, MethodError> {
        rename(&cx, &params.run, ("name", &params.name)).await
    }
}

/// Renames a run; the new name is a field of the request.
pub async fn rename(
    cx: &Context,
    alias: &str,
    (field, name): (&str, &str),
) -> Result<NamedRun, MethodError> {
    let name: RunAlias = name
        .parse()
        .map_err(|error| MethodError::parameter(field, error))?;
    let run = cx.run(alias).await?;
    cx.engine.supervisor.rename(run.id, name.clone()).await?;
    Ok(NamedRun { run: name })
}

#[derive(Debug, Deserialize, JsonSchema)]
pub struct DeleteRunParams {
    pub run: String,
}

impl Method for DeleteRun {
    const NAME: &'static str = "deleteRun";
    const DESCRIPTION: &'static str =
        "Removes a run and what only it shows. One that is active is busy: abort it first.";
    type Params = DeleteRunParams;
    type Output = Done;

    async fn call(cx: Context, params: DeleteRunParams) -> Result<Done, MethodError> {
        let run = cx.run(&params.run).await?;
        cx.engine.supervisor.delete(run).await?;
        Ok(Done::OK)
    }
}
