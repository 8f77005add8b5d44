//! What tests say to runs and proposals again and again.

use serde_json::{Value, json};

use super::{Answer, Range, Session};

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
            told["run"] == run && told["proposals"].as_array().map(Vec::len) == Some(count)
        });
        told["proposals"].as_array().cloned().unwrap_or_default()
    }

    pub fn accept(&mut self, run: &str, path: &Value) -> Answer {
        self.request("rummy/accept", json!({"run": run, "path": path}))
    }

    /// The status of a run, as the server has it now.
    pub fn status(&mut self, run: &str) -> Value {
        self.ask("rummy/getRun", json!({"run": run}))["status"].take()
    }

    /// The entries of a run, without what the server writes for its own records.
    pub fn entries(&mut self, run: &str) -> Vec<Value> {
        let entries = self.ask("rummy/getEntries", json!({"run": run}));
        let entries = entries.as_array().cloned();
        entries.unwrap_or_else(|| panic!("`getEntries` answers no list"))
    }

    /// The diagnostics of a document, once they are so many.
    pub fn wait_for_diagnostics(&mut self, path: &str, count: usize) -> Vec<Value> {
        let uri = self.uri(path);
        let told = self.wait_for("textDocument/publishDiagnostics", |told| {
            told["uri"] == uri.as_str()
                && told["diagnostics"].as_array().map(Vec::len) == Some(count)
        });
        told["diagnostics"].as_array().cloned().unwrap_or_default()
    }

    pub fn code_lenses(&mut self, path: &str) -> Vec<Value> {
        let document = json!({"textDocument": {"uri": self.uri(path)}});
        let lenses = self.ask("textDocument/codeLens", document);
        lenses.as_array().cloned().unwrap_or_default()
    }

    pub fn code_actions(&mut self, path: &str, range: Range) -> Vec<Value> {
        let params = json!({
            "textDocument": {"uri": self.uri(path)},
            "range": range,
            "context": {"diagnostics": []},
        });
        let actions = self.ask("textDocument/codeAction", params);
        actions.as_array().cloned().unwrap_or_default()
    }
}
