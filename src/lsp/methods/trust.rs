//! `trust`: whether what a workspace folder brings itself may be used.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Context, Done, Method, MethodError};
use crate::lsp::trust::decide;

/// The method `trust`.
pub struct Trust;

#[derive(Debug, Deserialize, JsonSchema)]
pub struct TrustParams {
    /// The folder's URI; needed where several are open.
    pub workspace: Option<String>,
    pub trusted: bool,
}

impl Method for Trust {
    const NAME: &'static str = "trust";
    const DESCRIPTION: &'static str = "Says whether what a workspace folder brings itself (`.rummy/`) may be used; kept until it is said otherwise.";
    type Params = TrustParams;
    type Output = Done;

    async fn call(cx: Context, params: TrustParams) -> Result<Done, MethodError> {
        let folder = cx.folder(params.workspace).await?;
        decide(&cx, &folder, params.trusted).await?;
        Ok(Done::OK)
    }
}
