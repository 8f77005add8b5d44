//! Calls and patches that stand in a text as no tags do, or came beside it.

use super::super::native::{self, Calls, Found};
use super::super::patch;
use super::Walk;
use super::advice;

impl Walk<'_> {
    /// Deals with what stands at `at` in another form than a tag and says where to go on.
    pub(super) fn native(&mut self, at: usize, found: Found) -> usize {
        match found {
            Found::Calls(calls) => self.native_calls(at, calls),
            Found::Broken { form, tool, end } => {
                let tool = tool.map_or_else(String::new, |tool| format!(" of `{tool}`"));
                let shape = form.shape();
                self.advise(
                    at,
                    format!(
                        "Tool call{tool} in the form {shape} cannot be read and was not run: \
                         write commands as tags."
                    ),
                );
                self.prose(at, end);
                end
            }
            Found::Token { end } => self.token(at..end),
            Found::Data { end } => {
                self.prose(at, end);
                end
            }
            Found::Patch { end } => {
                if !self.has_room(at) {
                    return self.text.len();
                }
                self.report_wrapper();
                let calls = patch::calls(&self.text[at..end]);
                self.advise(at, advice::patch(&calls));
                self.push(at, calls, end)
            }
        }
    }

    pub(super) fn native_calls(&mut self, at: usize, calls: Calls) -> usize {
        self.report_wrapper();
        let shape = calls.form.shape();
        let start = calls.list.first().map_or(at, |call| call.at);
        let mut unknown = false;
        for call in calls.list {
            if !self.has_room(call.at) {
                return self.text.len();
            }
            match native::calls(&call.name, call.arguments) {
                Ok(commands) => {
                    let mut message = format!(
                        "Tool call in the form {shape} run as {}: write commands as tags.",
                        advice::tags(&commands)
                    );
                    if calls.cut {
                        message.push_str(" It was not closed.");
                    }
                    self.advise(call.at, message);
                    if self.push(call.at, commands, calls.end) != calls.end {
                        return self.text.len();
                    }
                }
                Err(error) => {
                    unknown = true;
                    self.advise(
                        call.at,
                        format!("Tool call in the form {shape} not run: {error}."),
                    );
                }
            }
        }
        if unknown {
            self.prose(start, calls.end);
        }
        calls.end
    }

    /// Takes a tool call that came beside the text; its place is the end of it.
    pub(super) fn call_beside(&mut self, name: &str, arguments: &str) {
        let at = self.text.len();
        if !self.has_room(at) {
            return;
        }
        match native::from_call(name, arguments) {
            Ok(commands) => {
                self.advise(
                    at,
                    format!(
                        "Tool call beside the text run as {}: write commands as tags in the text.",
                        advice::tags(&commands)
                    ),
                );
                self.push(at, commands, at);
            }
            Err(error) => self.advise(at, format!("Tool call beside the text not run: {error}.")),
        }
    }
}
