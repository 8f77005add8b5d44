//! `file/constraint`, `file/drop`, `getConstraints`: which files of a workspace folder are always
//! shown, never changed, or not there at all for its runs. They hold from a run's next turn on.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Context, Method, MethodError};
use crate::lsp::session::Folder;
use crate::store::constraints;
use crate::workspace::{Constraint, Root, Rules, Target};

/// The method `file/constraint`.
pub struct Constrain;
/// The method `file/drop`.
pub struct Drop;
/// The method `getConstraints`.
pub struct GetConstraints;

#[derive(Debug, Deserialize, JsonSchema)]
pub struct ConstrainParams {
    /// A path or a glob, relative to the folder or absolute inside it. What exists under this very name
    /// is meant alone; a folder means all below it.
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
        let root = root(&folder)?;
        let target = meant(&root, pattern(&root, &params.pattern)?);
        Rules::new([(target.clone(), params.visibility)])
            .map_err(|error| MethodError::parameter("pattern", error))?;
        let (pattern, is_path) = target.stored();
        let kept = pattern.clone();
        cx.store()
            .write(move |tx| {
                let word = params.visibility.as_str();
                constraints::put(tx, folder.project, (&kept, is_path), word)
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
        let pattern = pattern(&root(&folder)?, &params.pattern)?;
        let dropped = pattern.clone();
        cx.store()
            .write(move |tx| constraints::remove(tx, folder.project, &dropped))
            .await?;
        Ok(Constrained { ok: true, pattern })
    }
}

fn root(folder: &Folder) -> Result<Root, MethodError> {
    Root::open(&folder.root).map_err(|error| MethodError::NotFound(error.to_string()))
}

/// What a pattern means: a file or folder that exists is itself, whatever is in its name.
fn meant(root: &Root, pattern: String) -> Target {
    let place = root.file(pattern.trim_end_matches('/'));
    if place.is_ok_and(|file| file.absolute().symlink_metadata().is_ok()) {
        Target::Path(pattern)
    } else {
        Target::Glob(pattern)
    }
}

/// A pattern in the form that is kept: relative to the folder.
fn pattern(root: &Root, given: &str) -> Result<String, MethodError> {
    if given.is_empty() {
        return Err(MethodError::parameter("pattern", "it is empty"));
    }
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
            .map(|(pattern, _, visibility)| ConstraintItem {
                pattern,
                visibility,
            })
            .collect())
    }
}
