//! `diff`: a proposal's text before and after, on the file as it is now, or as it was accepted.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Context, Method, MethodError, entry_path};
use crate::entries::proposal::text::unified_diff;
use crate::entries::{EntryPath, Proposal, RunAlias, TurnNumber};
use crate::lsp::entry_documents::uri;
use crate::lsp::proposals::view::View;
use crate::store::proposals;

/// The method `diff`.
pub struct Diff;

#[derive(Debug, Deserialize, JsonSchema)]
pub struct DiffParams {
    pub run: String,
    /// A proposal's path, or the path of its file.
    pub path: String,
}

/// The texts of a proposal.
#[derive(Debug, Serialize)]
pub struct DiffResult {
    /// Names the proposal's after-text as a document.
    pub uri: String,
    /// The file's text now; null where there is no file.
    pub before: Option<String>,
    /// Null where there would be none.
    pub after: Option<String>,
    pub patch: String,
    pub run: RunAlias,
    pub turn: Option<TurnNumber>,
    /// The alias of the model that made it.
    pub model: Option<String>,
}

impl Method for Diff {
    const NAME: &'static str = "diff";
    const DESCRIPTION: &'static str = "A pending proposal on the text as it is now: before, after, and the patch between them. Of one that was accepted, what it replaced and with what.";
    type Params = DiffParams;
    type Output = DiffResult;

    async fn call(cx: Context, params: DiffParams) -> Result<DiffResult, MethodError> {
        let path = entry_path("path", &params.path)?;
        let run: RunAlias = params.run.parse()?;
        let found = pending(&cx, &run, &path).await?;
        let run = cx.run(&params.run).await?;
        if let Some((proposal, view)) = found {
            let texts = [
                view.current.as_deref().map(str::to_owned),
                view.after(&proposal),
            ];
            let patch = view.patch(&proposal);
            return Ok(DiffResult::of(run.alias, &proposal, texts, patch));
        }
        let (id, named) = (run.id, path.clone());
        let accepted = cx
            .store()
            .read(move |connection| proposals::accepted(connection, id))
            .await?;
        let of_path = accepted
            .into_iter()
            .find(|proposal| proposal.goes_by(&named));
        let change = of_path.and_then(|proposal| Some((proposal.accepted_change()?, proposal)));
        let Some((change, proposal)) = change else {
            let why = format!("{path} is neither pending nor accepted");
            return Err(MethodError::NotFound(why));
        };
        let target = proposal.effect.target().unwrap_or(&path);
        let (before, after) = (change.before.as_deref(), change.after.as_deref());
        let patch = unified_diff(target.as_str(), before, after.unwrap_or(""));
        let texts = [before, after].map(|text| text.map(str::to_owned));
        Ok(DiffResult::of(run.alias, &proposal, texts, patch))
    }
}

/// A pending proposal, by its path or its file's, on the text as it is at this place in the stream of
/// messages: nothing may be awaited before this.
pub async fn pending(
    cx: &Context,
    run: &RunAlias,
    path: &EntryPath,
) -> Result<Option<(Proposal, View)>, MethodError> {
    let (run, path) = (run.clone(), path.clone());
    cx.ask(move |session| {
        session.see_all();
        let (_, item) = session.shown.find(&run, &path)?;
        Some((item.pending.proposal.clone(), item.view.clone()))
    })
    .await
}

impl DiffResult {
    fn of(
        run: RunAlias,
        proposal: &Proposal,
        [before, after]: [Option<String>; 2],
        patch: String,
    ) -> Self {
        Self {
            uri: uri::of_proposed(&run, &proposal.path),
            before,
            after,
            patch,
            run,
            turn: proposal.turn,
            model: proposal.model.clone(),
        }
    }
}
