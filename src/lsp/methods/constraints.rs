//! `file/constraint`, `file/drop`, `getConstraints`: which files of a workspace folder are always
//! shown, never changed, or not there at all for its runs. They hold from a run's next turn on.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Context, Method, MethodError};
use crate::lsp::session::Folder;
use crate::store::constraints;
use crate::workspace::{Constraint, Root, Rules};

/// The method `file/constraint`.
pub struct Constrain;
/// The method `file/drop`.
pub struct Drop;
/// The method `getConstraints`.
pub struct GetConstraints;

#[derive(Debug, Deserialize, JsonSchema)]
pub struct ConstrainParams {
    /// A path or a glob, relative to the folder or absolute inside it. A folder means all below it.
    pub pattern: String,
    pub visibility: Constraint,
    pub workspace: Option<String>,
}

/// The pattern as it is kept.
#[derive(Debug, Serialize)]
pub struct Constrained {
    pub ok: bool,
    pub pattern: String,
}

impl Method for Constrain {
    const NAME: &'static str = "file/constraint";
    const DESCRIPTION: &'static str = "Sets what holds for files: active (shown from the start), readonly (never changed) or ignore (neither shown nor changed).";
    type Params = ConstrainParams;
    type Output = Constrained;

    async fn call(cx: Context, params: ConstrainParams) -> Result<Constrained, MethodError> {
        let folder = cx.folder(params.workspace).await?;
        let pattern = pattern(&folder, &params.pattern)?;
        Rules::new([(pattern.clone(), params.visibility)])
            .map_err(|error| MethodError::parameter("pattern", error))?;
        let kept = pattern.clone();
        cx.store()
            .write(move |tx| {
                constraints::put(tx, folder.project, &kept, params.visibility.as_str())
            })
            .await?;
        Ok(Constrained { ok: true, pattern })
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
pub struct DropParams {
    /// The pattern of a constraint; one that has none stays without.
    pub pattern: String,
    pub workspace: Option<String>,
}

impl Method for Drop {
    const NAME: &'static str = "file/drop";
    const DESCRIPTION: &'static str = "Removes the constraint of a pattern.";
    type Params = DropParams;
    type Output = Constrained;

    async fn call(cx: Context, params: DropParams) -> Result<Constrained, MethodError> {
        let folder = cx.folder(params.workspace).await?;
        let pattern = pattern(&folder, &params.pattern)?;
        let dropped = pattern.clone();
        cx.store()
            .write(move |tx| constraints::remove(tx, folder.project, &dropped))
            .await?;
        Ok(Constrained { ok: true, pattern })
    }
}

/// A pattern in the form that is kept: relative to the folder.
fn pattern(folder: &Folder, given: &str) -> Result<String, MethodError> {
    if given.is_empty() {
        return Err(MethodError::parameter("pattern", "it is empty"));
    }
    let root =
        Root::open(&folder.root).map_err(|error| MethodError::NotFound(error.to_string()))?;
    root.pattern(given)
        .map_err(|error| MethodError::parameter("pattern", error))
}

#[derive(Debug, Deserialize, JsonSchema)]
pub struct GetConstraintsParams {
    pub workspace: Option<String>,
}

/// A constraint.
#[derive(Debug, Serialize)]
pub struct ConstraintItem {
    pub pattern: String,
    pub visibility: String,
}

impl Method for GetConstraints {
    const NAME: &'static str = "getConstraints";
    const DESCRIPTION: &'static str = "The constraints of a workspace folder, by pattern.";
    type Params = GetConstraintsParams;
    type Output = Vec<ConstraintItem>;

    async fn call(
        cx: Context,
        params: GetConstraintsParams,
    ) -> Result<Vec<ConstraintItem>, MethodError> {
        let project = cx.folder(params.workspace).await?.project;
        let kept = cx
            .store()
            .read(move |connection| constraints::list(connection, project))
            .await?;
        Ok(kept
            .into_iter()
            .map(|(pattern, visibility)| ConstraintItem {
                pattern,
                visibility,
            })
            .collect())
    }
}
