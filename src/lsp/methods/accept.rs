//! `accept`: the user takes what is proposed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Context, Method, MethodError, entry_path};
use crate::entries::{EntryPath, RunId};
use crate::lsp::proposals::NotDone;
use crate::lsp::proposals::accept::{Wish, accept, accept_late};
use crate::lsp::proposals::carry_out::Sent;
use crate::lsp::proposals::confirm::confirm;
use crate::lsp::types::MessageType;
use crate::store::proposals;

/// The method `accept`.
pub struct Accept;

#[derive(Debug, Deserialize, JsonSchema)]
pub struct AcceptParams {
    /// Without a run, every pending proposal of the workspace is meant.
    pub run: Option<String>,
    /// A proposal's path, or the path of its file. Without one, all of the run's are meant.
    pub path: Option<String>,
    /// The ids of hunks; without them, all that are open.
    pub hunks: Option<Vec<String>>,
    /// The text or the command as the user edited it before accepting.
    pub body: Option<String>,
}

/// The proposals that were accepted, by path, and those that were not.
#[derive(Debug, Default, Serialize)]
pub struct AcceptResult {
    pub accepted: Vec<String>,
    pub failed: Vec<Failure>,
}

/// A proposal that stays pending, and why.
#[derive(Debug, Serialize)]
pub struct Failure {
    pub path: String,
    pub reason: String,
}

impl Method for Accept {
    const NAME: &'static str = "accept";
    const DESCRIPTION: &'static str =
        "Carries out what is proposed, and answers when the text or the disk shows it.";
    const LONG_RUNNING: bool = true;
    type Params = AcceptParams;
    type Output = AcceptResult;

    async fn call(cx: Context, params: AcceptParams) -> Result<AcceptResult, MethodError> {
        decide(cx, params, Deciding::Accept).await
    }
}

/// Who carries an acceptance out: the server, or the client before it says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deciding {
    Accept,
    Confirm,
}

/// Accepts what is meant, one proposal after the other.
pub async fn decide(
    cx: Context,
    params: AcceptParams,
    deciding: Deciding,
) -> Result<AcceptResult, MethodError> {
    let (hunks, body) = (params.hunks, params.body);
    if (hunks.is_some() || body.is_some()) && params.path.is_none() {
        return Err(MethodError::parameter(
            "path",
            "hunks and body belong to one proposal; name it",
        ));
    }
    let meant = pending(&cx, params.run.as_deref(), params.path.as_deref()).await?;
    let mut result = AcceptResult::default();
    if meant.is_empty()
        && let Some(path) = params.path
    {
        let reason = format!("{path} is not a pending proposal");
        result.failed.push(Failure { path, reason });
    }
    let wish = Wish {
        hunks,
        body,
        asked_by: Some(cx.session.id()),
    };
    // What was begun is finished even if the request is cancelled.
    let work = tokio::spawn(async move {
        for (run, path) in meant {
            let done = match deciding {
                Deciding::Accept => accept(cx.editors(), run, &path, &wish).await,
                Deciding::Confirm => confirm(cx.editors(), run, &path, &wish).await,
            };
            match done {
                Ok(()) => result.accepted.push(path.to_string()),
                Err(why) => {
                    let reason = why.to_string();
                    let failed = path.to_string();
                    result.failed.push(Failure {
                        path: failed,
                        reason,
                    });
                    match why {
                        NotDone::NotYet(sent) => follow(&cx, run, path, &wish, sent),
                        why => tell(&cx, &why),
                    }
                }
            }
        }
        result
    });
    work.await
        .map_err(|error| MethodError::Internal(error.to_string()))
}

/// Waits, while nobody else does, for an editor that shows a change late.
fn follow(cx: &Context, run: RunId, path: EntryPath, wish: &Wish, sent: Sent) {
    let (cx, wish) = (cx.clone(), wish.clone());
    tokio::spawn(async move {
        match accept_late(cx.editors(), run, &path, &wish, sent).await {
            // It was decided otherwise meanwhile.
            Ok(()) | Err(NotDone::NotPending(_) | NotDone::NothingOpen | NotDone::Busy) => {}
            Err(why) => tell(&cx, &why),
        }
    });
}

/// Shows the person why a proposal is still pending.
fn tell(cx: &Context, why: &NotDone) {
    let text = format!("Rummy could not apply the change: {why}");
    cx.session.outbox.show(MessageType::WARNING, text);
}

/// The pending proposals that a client means: one, a run's, or the workspace's.
pub async fn pending(
    cx: &Context,
    run: Option<&str>,
    path: Option<&str>,
) -> Result<Vec<(RunId, EntryPath)>, MethodError> {
    let runs = if let Some(alias) = run {
        vec![cx.run(alias).await?.id]
    } else {
        let projects = cx.ask(|session| session.projects()).await?;
        cx.store()
            .read(move |connection| {
                let mut runs = Vec::new();
                for project in projects {
                    runs.extend(proposals::runs_with_pending(connection, project)?);
                }
                Ok(runs)
            })
            .await?
    };
    let path = path.map(|path| entry_path("path", path)).transpose()?;
    let found = cx
        .store()
        .read(move |connection| {
            let mut found = Vec::new();
            for run in runs {
                found.extend(proposals::pending(connection, run)?);
            }
            Ok(found)
        })
        .await?;
    Ok(found
        .into_iter()
        .filter(|proposal| path.as_ref().is_none_or(|path| proposal.goes_by(path)))
        .map(|proposal| (proposal.run, proposal.path))
        .collect())
}
