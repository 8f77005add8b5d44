//! What the session answers about a document at once: code actions, lenses, hovers. Each is placed on
//! the text as it is at that moment in the stream of messages.

use serde::Deserialize;
use serde_json::Value;

use super::offers;
use super::proposals::actions::{self, Carrying};
use super::proposals::confirm;
use super::session::Session;
use super::types::{
    CodeAction, CodeActionKind, CodeActionOrCommand, CodeActionParams, CodeLens, Hover, Position,
    Uri, WorkspaceEdit,
};
use crate::entries::{EntryPath, RunAlias};

/// What the data of a code action names.
#[derive(Deserialize)]
struct Named {
    run: RunAlias,
    path: EntryPath,
    hunks: Option<Vec<String>>,
}

impl Session {
    /// The code actions that the client asks for.
    pub fn actions(&mut self, params: &CodeActionParams) -> Vec<CodeActionOrCommand> {
        let carrying = self.carrying();
        let uri = &params.text_document.uri;
        let on_document = self.shown.on_document(uri, &self.documents, self.encoding);
        let mut found: Vec<CodeAction> = actions::on_range(&on_document, params.range, carrying);
        found.extend(actions::anywhere(&self.shown, &self.documents, carrying));
        let only = params.context.only.as_deref();
        let mut actions: Vec<CodeActionOrCommand> = found
            .into_iter()
            .filter(|action| asked_for(action.kind.as_ref(), only))
            .map(CodeActionOrCommand::CodeAction)
            .collect();
        actions.extend(offers::actions(self, params));
        actions
    }

    /// The code lenses of a document.
    pub fn lenses(&mut self, uri: &Uri) -> Vec<CodeLens> {
        if !self.config.code_lens {
            return Vec::new();
        }
        let on_document = self.shown.on_document(uri, &self.documents, self.encoding);
        actions::lenses(&on_document)
    }

    /// What is proposed at a position.
    pub fn hover(&mut self, uri: &Uri, at: Position) -> Option<Hover> {
        let on_document = self.shown.on_document(uri, &self.documents, self.encoding);
        actions::hover(&on_document, at)
    }

    /// The edit of a code action that the client carries out by itself.
    pub fn edit_of(&mut self, data: &Value) -> Option<WorkspaceEdit> {
        #[expect(
            clippy::disallowed_methods,
            reason = "data of another shape is not of an action that has an edit"
        )]
        let named = Named::deserialize(data).ok()?;
        self.see_all();
        let (run, item) = self.shown.find(&named.run, &named.path)?;
        let document = item.file().and_then(|file| self.documents.on_file(file));
        let able = (self.abilities, self.encoding);
        confirm::edit_of(run, item, named.hunks.as_deref(), document, able)
    }

    fn carrying(&self) -> Carrying {
        if self.config.action_edits {
            Carrying::Client
        } else {
            Carrying::Server
        }
    }
}

/// A client that asks for a kind gets that kind and those below it (LSP 3.17, "CodeActionKind").
pub fn asked_for(kind: Option<&CodeActionKind>, only: Option<&[CodeActionKind]>) -> bool {
    let (Some(kind), Some(only)) = (kind, only) else {
        return true;
    };
    only.iter().any(|asked| {
        let (kind, asked) = (kind.as_str(), asked.as_str());
        asked.is_empty() || kind == asked || kind.starts_with(&format!("{asked}."))
    })
}
