//! `textDocumentContent`: the text of a `rummy:` document. LSP 3.18 has the same request under the name
//! `workspace/textDocumentContent`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Context, Method, MethodError};
use crate::lsp::entry_documents::text::text_of;

/// The method `textDocumentContent`.
pub struct TextDocumentContent;

#[derive(Debug, Deserialize, JsonSchema)]
pub struct ContentParams {
    /// `rummy:/RUN`, `rummy:/RUN/ENTRY-PATH` or `rummy:/RUN?diff=PROPOSAL-PATH`.
    pub uri: String,
}

/// The text of a document.
#[derive(Debug, Serialize)]
pub struct ContentResult {
    pub text: String,
}

impl Method for TextDocumentContent {
    const NAME: &'static str = "textDocumentContent";
    const DESCRIPTION: &'static str = "The text of a `rummy:` document: `rummy:/RUN` is the run's transcript in Markdown, `rummy:/RUN/ENTRY-PATH` an entry, `rummy:/RUN?diff=PROPOSAL-PATH` the text that a proposal would make.";
    type Params = ContentParams;
    type Output = ContentResult;

    async fn call(cx: Context, params: ContentParams) -> Result<ContentResult, MethodError> {
        let text = text_of(&cx, &params.uri).await?;
        Ok(ContentResult { text })
    }
}
