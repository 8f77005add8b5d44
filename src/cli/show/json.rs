//! A run for programs: one JSON object a line, the run first. What is not known is null.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use crate::entries::Entry;
use crate::lsp::transcript::record::{Answer, Deed, Head, Record};
use crate::store::loops::Loop;
use crate::store::turns::Figures;

pub fn line(out: &mut impl Write, value: &Value) -> io::Result<()> {
    writeln!(out, "{value}")
}

/// The run: what the method getRuns answers, and the rest that is known of it.
pub fn head(head: &Head) -> Value {
    let run = &head.run;
    let waiting: Vec<Value> = head.without_turns().map(without_turns).collect();
    let mut line = json!(head.item);
    let more = json!({
        "workspace": head.workspace,
        "outcome": run.outcome.as_ref().map(ToString::to_string),
        "temperature": run.settings.temperature,
        "persona": run.settings.persona,
        "contextLimit": run.settings.context_limit,
        "turnsBeforeFork": head.inherited(),
        "withoutTurns": waiting,
        "usage": usage(&head.totals),
    });
    if let (Value::Object(line), Value::Object(more)) = (&mut line, more) {
        line.extend(more);
    }
    line
}

/// A prompt that no turn has begun to answer.
fn without_turns(asked: &Loop) -> Value {
    json!({
        "mode": asked.mode,
        "model": asked.model,
        "prompt": asked.prompt,
        "status": asked.status.code(),
        "outcome": asked.outcome.as_ref().map(ToString::to_string),
    })
}

/// A turn; `packet` tells whether the messages are wanted.
pub fn turn(head: &Head, record: &Record, packet: bool) -> Value {
    let mut line = Map::new();
    let mut put = |key: &str, value: Value| line.insert(key.to_owned(), value);
    put("turn", json!(record.turn.number));
    put(
        "mode",
        json!(head.loop_of(&record.turn).map(|asked| asked.mode)),
    );
    put("answered", json!(record.turn.answered));
    if let Some(prompt) = &record.prompt {
        put("prompt", json!(prompt));
    }
    if packet {
        let sent = record.packet.as_ref();
        put("system", json!(sent.map(|packet| &packet.system)));
        put("user", json!(sent.map(|packet| &packet.user)));
    }
    put("reasoning", json!(record.reasoning));
    put("answer", answer(&record.answer));
    put("entries", record.deeds.iter().map(entry).collect());
    put("usage", usage(&record.turn.figures));
    Value::Object(line)
}

fn answer(answer: &Answer) -> Value {
    match answer {
        Answer::Text(text) => json!(text),
        Answer::Empty => json!(""),
        Answer::Removed | Answer::None => Value::Null,
    }
}

fn entry(deed: &Deed) -> Value {
    let mut line = stored(&deed.entry);
    if let (Some(fields), false) = (line.as_object_mut(), deed.channels.is_empty()) {
        let channels = deed.channels.iter().map(stored).collect();
        fields.insert("channels".to_owned(), channels);
    }
    line
}

fn stored(entry: &Entry) -> Value {
    json!({
        "path": entry.path.as_str(),
        "state": entry.state,
        "status": entry.shown_status(),
        "outcome": entry.outcome.as_ref().map(ToString::to_string),
        "body": entry.body,
        "attributes": entry.attributes,
    })
}

fn usage(figures: &Figures) -> Value {
    json!({
        "contextTokens": figures.context,
        "promptTokens": figures.prompt,
        "cachedTokens": figures.cached,
        "completionTokens": figures.completion,
        "reasoningTokens": figures.reasoning,
        "totalTokens": figures.total,
        "cost": figures.cost,
    })
}
