//! A proposal that waits in the editor: where most tests of accepting begin.

use serde_json::{Value, json};

use crate::lsp::script::{APP, fix_app};
use crate::lsp::{Session, list};
use crate::model_server::{ModelServer, Reply};

pub const FILE: &str = "src/app.rs";

/// A model that proposes to fix [`FILE`].
pub fn fixing() -> ModelServer {
    ModelServer::start(vec![Reply::text(fix_app())])
}

/// A session with [`FILE`] open and what the run `fix` proposes for it, and the proposal's path.
pub fn proposed(server: &ModelServer) -> (Session, Value) {
    let mut session = Session::builder()
        .file(FILE, APP)
        .model_at(&server.url())
        .start();
    session.open(FILE);
    session.act("fix", "raise the retries");
    let path = session.wait_for_proposals("fix", 1)[0]["path"].clone();
    session.ignore(&["run/proposal", "textDocument/publishDiagnostics"]);
    (session, path)
}

/// What `accept` answers where it accepted this.
pub fn accepted(path: &Value) -> Value {
    json!({"accepted": [path], "failed": []})
}

/// Checks that `accept` accepted nothing, and returns the reason.
pub fn failed(answer: &Value, path: &Value) -> String {
    let [failure] = list(&answer["failed"]) else {
        panic!("not one failure: {answer}");
    };
    assert_eq!((&answer["accepted"], &failure["path"]), (&json!([]), path));
    let reason = failure["reason"].as_str();
    reason.expect("a failure has a reason").to_owned()
}
