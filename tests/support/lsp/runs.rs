//! What tests say to runs and proposals again and again.

use serde_json::{Value, json};

use super::{Answer, Range, Session, list};

impl Session {
    /// Starts a run, or goes on with it, and returns once it is queued.
    pub fn act(&mut self, run: &str, prompt: &str) {
        let started = self.ask("rummy/act", json!({"run": run, "prompt": prompt}));
        assert_eq!(started, json!({"run": run, "status": 100}));
    }

    /// Waits until a run has this status.
    pub fn wait_for_status(&mut self, run: &str, status: u16) -> Value {
        self.wait_for("run/state", |state| {
            state["run"] == run && state["status"] == status
        })
    }

    /// Waits until a run has so many pending proposals.
    pub fn wait_for_proposals(&mut self, run: &str, count: usize) -> Vec<Value> {
        let told = self.wait_for("run/proposal", |told| {
            told["run"] == run && list(&told["proposals"]).len() == count
        });
        list(&told["proposals"]).to_vec()
    }

    pub fn accept(&mut self, run: &str, path: &Value) -> Answer {
        self.request("rummy/accept", json!({"run": run, "path": path}))
    }

    /// The status of a run, as the server has it now.
    pub fn status(&mut self, run: &str) -> Value {
        self.ask("rummy/getRun", json!({"run": run}))["status"].take()
    }

    /// All entries of a run.
    pub fn entries(&mut self, run: &str) -> Vec<Value> {
        list(&self.ask("rummy/getEntries", json!({"run": run}))).to_vec()
    }

    /// The diagnostics of a document, once they are so many.
    pub fn wait_for_diagnostics(&mut self, path: &str, count: usize) -> Vec<Value> {
        let uri = self.uri(path);
        let told = self.wait_for("textDocument/publishDiagnostics", |told| {
            told["uri"] == uri.as_str() && list(&told["diagnostics"]).len() == count
        });
        list(&told["diagnostics"]).to_vec()
    }

    pub fn code_lenses(&mut self, path: &str) -> Vec<Value> {
        let document = json!({"textDocument": {"uri": self.uri(path)}});
        list(&self.ask("textDocument/codeLens", document)).to_vec()
    }

    pub fn code_actions(&mut self, path: &str, range: Range) -> Vec<Value> {
        let params = json!({
            "textDocument": {"uri": self.uri(path)},
            "range": range,
            "context": {"diagnostics": []},
        });
        list(&self.ask("textDocument/codeAction", params)).to_vec()
    }
}
