//! What is printed: a JSON object for each thing that was found in an answer or done with it.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::apply::{Done, Refusal};
use crate::dialect::{Advisory, Call, Command, Content, Edit, Number, Scan, Set, Status};

/// What an answer holds: commands, advisories, the text outside of them.
pub(super) fn lines(scan: &Scan) -> impl Iterator<Item = Value> {
    let commands = scan.commands.iter().map(command);
    let advisories = scan.advisories.iter().map(advisory);
    let unparsed = Some(&scan.unparsed).filter(|text| !text.is_empty());
    commands
        .chain(advisories)
        .chain(unparsed.map(|text| json!({ "unparsed": text })))
}

/// What was done about a path, or why not.
pub(super) fn outcome(path: &str, outcome: &Result<Done, Refusal>) -> Value {
    let mut fields = Fields::default();
    fields.text("path", Some(path));
    match outcome {
        Ok(done) => {
            fields.value("match", json!(done.name()));
            if let Some(score) = done.score() {
                fields.value("score", json!(score));
            }
            json!({ "applied": fields.0 })
        }
        Err(refusal) => {
            fields.value("reason", json!(refusal.to_string()));
            let nearest = refusal.nearest().iter();
            let nearest: Vec<Value> = nearest
                .map(|(line, text)| json!({ "line": line, "text": text }))
                .collect();
            if !nearest.is_empty() {
                fields.value("nearest", json!(nearest));
            }
            json!({ "refused": fields.0 })
        }
    }
}

fn advisory(advisory: &Advisory) -> Value {
    let Advisory { message, place } = advisory;
    json!({ "advisory": { "message": message, "line": place.line, "column": place.column } })
}

fn command(command: &Command) -> Value {
    let mut fields = Fields::default();
    fields.text("name", Some(command.tool().name()));
    match &command.call {
        Call::Get(get) => {
            fields.text("path", get.path.as_deref());
            fields.text("filter", get.filter.as_deref());
            fields.text("visibility", get.visibility.as_deref());
            fields.number("line", get.line.as_ref());
            fields.number("limit", get.limit.as_ref());
            fields.flag("preview", get.preview);
            fields.others(&get.other);
        }
        Call::Set(set) => fields.set(set),
        Call::Rm(rm) => {
            fields.text("path", rm.path.as_deref());
            fields.text("filter", rm.filter.as_deref());
            fields.flag("preview", rm.preview);
        }
        Call::Mv(transfer) | Call::Cp(transfer) => {
            fields.text("path", transfer.path.as_deref());
            fields.text("to", transfer.to.as_deref());
            fields.text("filter", transfer.filter.as_deref());
            fields.text("visibility", transfer.visibility.as_deref());
            fields.flag("preview", transfer.preview);
        }
        Call::Search(search) => {
            fields.text("query", search.query.as_deref());
            fields.number("results", search.results.as_ref());
            fields.flag("preview", search.preview);
        }
        Call::Sh(shell) | Call::Env(shell) => {
            fields.text("command", shell.command.as_deref());
            fields.flag("preview", shell.preview);
            fields.others(&shell.other);
        }
        Call::AskUser(question) => {
            fields.text("question", question.question.as_deref());
            if !question.options.is_empty() {
                fields.value("options", json!(question.options));
            }
            fields.flag("preview", question.preview);
        }
        Call::Update(update) => {
            match &update.status {
                Status::Missing => {}
                Status::Code(code) => fields.value("status", json!(code)),
                Status::Invalid(written) => fields.text("status", Some(written)),
            }
            fields.body(&update.body);
        }
        Call::Think(think) => fields.body(&think.body),
    }
    json!({ "command": fields.0 })
}

fn edit(edit: &Edit) -> Value {
    let mut fields = Fields::default();
    fields.value("search", json!(edit.search));
    fields.text("replace", Some(&edit.replace));
    fields.value("kind", json!(edit.kind));
    fields.flag("all", edit.all);
    json!(fields.0)
}

/// The fields of an object, in the order in which they come. What is absent is left out.
#[derive(Default)]
struct Fields(Map<String, Value>);

impl Fields {
    fn value(&mut self, name: &str, value: Value) {
        self.0.insert(name.to_owned(), value);
    }

    fn text(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.value(name, json!(text));
        }
    }

    fn body(&mut self, body: &str) {
        self.text("body", Some(body).filter(|body| !body.is_empty()));
    }

    fn flag(&mut self, name: &str, on: bool) {
        if on {
            self.value(name, json!(true));
        }
    }

    fn number(&mut self, name: &str, number: Option<&Number>) {
        match number {
            None => {}
            Some(Number::Value(value)) => self.value(name, json!(value)),
            Some(Number::Invalid(written)) => self.text(name, Some(written)),
        }
    }

    /// Attributes of no fixed meaning; none of them hides a field.
    fn others(&mut self, others: &BTreeMap<String, String>) {
        for (name, value) in others {
            self.0.entry(name.as_str()).or_insert_with(|| json!(value));
        }
    }

    fn set(&mut self, set: &Set) {
        self.text("path", set.path.as_deref());
        self.text("visibility", set.visibility.as_deref());
        self.text("summary", set.summary.as_deref());
        self.text("filter", set.filter.as_deref());
        self.flag("preview", set.preview);
        match &set.content {
            Content::Absent => {}
            Content::Text(text) => self.text("body", Some(text)),
            Content::Edits(edits) => {
                let edits: Vec<Value> = edits.iter().map(edit).collect();
                self.value("edits", json!(edits));
            }
            Content::Unparsable(error) => self.text("error", Some(&error.to_string())),
        }
        self.others(&set.other);
    }
}
