//! `reject`: the user does not want what is proposed. The model is told why.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::accept::pending;
use super::{Context, Method, MethodError};
use crate::entries::{Decision, EntryPath, Hunk, RunId};
use crate::store::StoreError;
use crate::store::proposals::{self, Verdict};

/// The method `reject`.
pub struct Reject;

#[derive(Debug, Deserialize, JsonSchema)]
pub struct RejectParams {
    /// Without a run, every pending proposal of the workspace is meant.
    pub run: Option<String>,
    /// A proposal's path, or the path of its file. Without one, all of the run's are meant.
    pub path: Option<String>,
    /// The ids of hunks; without them, all that are open.
    pub hunks: Option<Vec<String>>,
    /// Told to the model.
    pub reason: Option<String>,
}

/// The proposals that were rejected, by path.
#[derive(Debug, Serialize)]
pub struct Rejected {
    pub rejected: Vec<String>,
}

impl Method for Reject {
    const NAME: &'static str = "reject";
    const DESCRIPTION: &'static str =
        "Turns down what is proposed; nothing is changed, and the model is told the reason.";
    type Params = RejectParams;
    type Output = Rejected;

    async fn call(cx: Context, params: RejectParams) -> Result<Rejected, MethodError> {
        if params.hunks.is_some() && params.path.is_none() {
            return Err(MethodError::parameter(
                "path",
                "hunks belong to one proposal; name it",
            ));
        }
        let meant = pending(&cx, params.run.as_deref(), params.path.as_deref()).await?;
        let mut rejected = Vec::new();
        for (run, path) in meant {
            if reject(&cx, run, &path, params.hunks.clone(), params.reason.clone()).await? {
                rejected.push(path.to_string());
            }
        }
        Ok(Rejected { rejected })
    }
}

/// Rejects hunks of one proposal. False: somebody else decided it meanwhile.
pub async fn reject(
    cx: &Context,
    run: RunId,
    path: &EntryPath,
    hunks: Option<Vec<String>>,
    reason: Option<String>,
) -> Result<bool, MethodError> {
    let Some(_hold) = cx.editors().hold(run, path) else {
        return Ok(false);
    };
    let (path, plugins) = (path.clone(), cx.editors().plugins.clone());
    let decided = cx
        .store()
        .write(move |tx| {
            let Some(proposal) = proposals::find(tx, run, &path)? else {
                return Ok(Ok(false));
            };
            let meant = match proposal.meant(hunks.as_deref(), Hunk::is_open) {
                Ok(meant) => meant,
                Err(unknown) => return Ok(Err(unknown)),
            };
            let hunks: Vec<String> = meant.into_iter().map(str::to_owned).collect();
            let verdict = Verdict {
                decision: Decision::Rejected,
                hunks: &hunks,
                words: reason.as_deref(),
            };
            match plugins.decide(tx, run, &path, verdict) {
                Ok(()) => Ok(Ok(true)),
                Err(StoreError::NotProposed { .. }) => Ok(Ok(false)),
                Err(error) => Err(error),
            }
        })
        .await?;
    let done = decided.map_err(|unknown| {
        MethodError::parameter("hunks", format!("there is no hunk {unknown}"))
    })?;
    cx.editors().tell_decided(run).await?;
    Ok(done)
}
