//! What the code actions of this server have in common: which kinds a client asks for.

use super::types::CodeActionKind;

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
