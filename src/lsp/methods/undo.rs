//! `undo`: puts back what an accepted edit replaced.

use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::accept::Failure;
use super::{Context, Method, MethodError, entry_path};
use crate::entries::{EntryPath, Hunk, Proposal};
use crate::lsp::proposals::NotDone;
use crate::lsp::proposals::carry_out::Carrier;
use crate::lsp::proposals::undo::put_back;
use crate::store::runs::Run;
use crate::store::{projects, proposals};
use crate::workspace::Root;

/// The method `undo`.
pub struct Undo;

#[derive(Debug, Deserialize, JsonSchema)]
pub struct UndoParams {
    pub run: String,
    /// A proposal's path, or the path of its file: its newest accepted edit. Without one, the run's
    /// newest accepted edit is meant.
    pub path: Option<String>,
    /// The ids of hunks; without them, all that were accepted.
    pub hunks: Option<Vec<String>>,
    /// Everything that was accepted of the run, or of the path.
    #[serde(default)]
    pub all: bool,
}

/// The proposals that were put back, by path, and those that were not.
#[derive(Debug, Default, Serialize)]
pub struct Undone {
    pub undone: Vec<String>,
    pub failed: Vec<Failure>,
}

impl Method for Undo {
    const NAME: &'static str = "undo";
    const DESCRIPTION: &'static str =
        "Puts back what accepted edits replaced, by merge where the text has moved on.";
    const LONG_RUNNING: bool = true;
    type Params = UndoParams;
    type Output = Undone;

    async fn call(cx: Context, params: UndoParams) -> Result<Undone, MethodError> {
        if params.hunks.is_some() && params.path.is_none() {
            let why = "hunks belong to one proposal; name it";
            return Err(MethodError::parameter("path", why));
        }
        let run = cx.run(&params.run).await?;
        let path = params.path.as_deref();
        let path = path.map(|path| entry_path("path", path)).transpose()?;
        let meant = meant(&cx, &run, path.as_ref(), params.all).await?;
        let mut result = Undone::default();
        if let (true, Some(path)) = (meant.is_empty(), path) {
            let reason = NotDone::NothingAccepted(path.clone()).to_string();
            let path = path.to_string();
            result.failed.push(Failure { path, reason });
        }
        let hunks = params.hunks;
        // What was begun is finished even if the request is cancelled.
        let work = tokio::spawn(async move {
            for proposal in meant {
                let path = proposal.path.clone();
                match undo(&cx, &run, proposal, hunks.as_deref()).await {
                    Ok(()) => result.undone.push(path.to_string()),
                    Err(why) => result.failed.push(Failure {
                        path: path.to_string(),
                        reason: why.to_string(),
                    }),
                }
            }
            result
        });
        work.await
            .map_err(|error| MethodError::Internal(error.to_string()))
    }
}

/// The accepted proposals that are meant, the newest acceptance first.
async fn meant(
    cx: &Context,
    run: &Run,
    path: Option<&EntryPath>,
    all: bool,
) -> Result<Vec<Proposal>, MethodError> {
    let id = run.id;
    let mut accepted = cx
        .store()
        .read(move |connection| proposals::accepted(connection, id))
        .await?;
    accepted.retain(|proposal| {
        let is_meant =
            path.is_none_or(|path| proposal.goes_by(path) || proposal.effect.to() == Some(path));
        // What a command did is not undone with the rest; named, it says so.
        is_meant && (path.is_some() || proposal.effect.target().is_some())
    });
    if !all {
        accepted.truncate(1);
    }
    Ok(accepted)
}

async fn undo(
    cx: &Context,
    run: &Run,
    proposal: Proposal,
    hunks: Option<&[String]>,
) -> Result<(), NotDone> {
    let editors = cx.editors();
    let _hold = editors.hold(run.id, &proposal.path).ok_or(NotDone::Busy)?;
    let (id, project, path) = (run.id, run.project, proposal.path.clone());
    // As it is now that nobody else decides it.
    let (project, proposal) = editors
        .store
        .read(move |connection| {
            let proposal = proposals::find(connection, id, &path)?;
            Ok((projects::find(connection, project)?, proposal))
        })
        .await?;
    let (Some(project), Some(proposal)) = (project, proposal) else {
        return Err(NotDone::NothingAccepted(run_path(run)));
    };
    if !proposal.hunks.iter().any(Hunk::is_accepted) {
        return Err(NotDone::NothingAccepted(proposal.path));
    }
    let carrier = Carrier {
        editors,
        root: Root::open(Path::new(&project.root))?,
        alias: run.alias.clone(),
        turn: proposal.turn,
        asked_by: Some(cx.session.id()),
    };
    let undone = put_back(&carrier, &proposal, hunks).await?;
    let plugins = editors.plugins.clone();
    editors
        .store
        .write(move |tx| plugins.undo(tx, id, &proposal.path, &undone))
        .await?;
    editors.tell_decided(id).await?;
    Ok(())
}

fn run_path(run: &Run) -> EntryPath {
    EntryPath::run(&run.alias)
}
