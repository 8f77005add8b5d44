//! `abort`: ends what a run is doing.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Context, Method, MethodError};
use crate::agent::Subject;
use crate::entries::{RunAlias, RunId, RunStatus};
use crate::store::runs::{self, Run};

/// The method `abort`.
pub struct Abort;

#[derive(Debug, Deserialize, JsonSchema)]
pub struct AbortParams {
    pub run: String,
}

/// The run and its status.
#[derive(Debug, Serialize)]
pub struct Aborted {
    pub run: RunAlias,
    pub status: u16,
}

impl Method for Abort {
    const NAME: &'static str = "abort";
    const DESCRIPTION: &'static str = "Ends the run's active loop and cancels what it has proposed; prompts that wait behind it stay.";
    const LONG_RUNNING: bool = true;
    type Params = AbortParams;
    type Output = Aborted;

    async fn call(cx: Context, params: AbortParams) -> Result<Aborted, MethodError> {
        abort(&cx, &params.run).await
    }
}

/// Aborts a run by its alias.
pub async fn abort(cx: &Context, alias: &str) -> Result<Aborted, MethodError> {
    let run = cx.run(alias).await?;
    abort_run(cx, run).await
}

/// Aborts a run, whatever it is called.
pub async fn abort_by_id(cx: &Context, id: RunId) -> Result<Aborted, MethodError> {
    let run = cx
        .store()
        .read(move |connection| runs::by_id(connection, id))
        .await?;
    abort_run(cx, run).await
}

async fn abort_run(cx: &Context, run: Run) -> Result<Aborted, MethodError> {
    let subject = Subject {
        run: run.id,
        project: run.project,
        alias: run.alias.clone(),
    };
    cx.engine.supervisor.abort(&subject).await?;
    Ok(Aborted {
        run: run.alias,
        status: RunStatus::Aborted.code(),
    })
}
