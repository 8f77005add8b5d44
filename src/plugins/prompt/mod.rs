//! `prompt://N`: what the user asked, written in the turn N that began to answer it. The newest one
//! ends the packet.

use std::borrow::Cow;

use serde_json::json;

use crate::entries::{
    Attributes as Json, Category, Entry, EntryPath, Mode, Scheme, TurnNumber, Visibility, Writer,
};
use crate::plugins::frame::{Attributes, element};
use crate::plugins::{Assembly, Message, Plugin, Row, Section, whole_or_excerpt};
use crate::store::entries::{self, Write};
use crate::store::loops::{Loop, Selection};
use crate::store::{StoreError, Tx};

/// The plugin; see the module.
pub struct Prompt;

const PLACE: u16 = 300;

impl Plugin for Prompt {
    fn name(&self) -> &'static str {
        Scheme::Prompt.as_str()
    }

    fn about(&self) -> Option<&'static str> {
        Some(include_str!("doc.md"))
    }

    fn project<'e>(&self, entry: &'e Entry, shown: Visibility) -> Cow<'e, str> {
        whole_or_excerpt(entry, shown)
    }

    fn sections(&self, assembly: &Assembly<'_>) -> Vec<Section> {
        let row = latest(assembly.rows);
        let commands: Vec<&str> = assembly.tools.iter().map(|tool| tool.name()).collect();
        let warning = (assembly.mode == Mode::Ask)
            .then_some("read only: no file can be changed and no command run in this mode");
        let attributes = Attributes::new()
            .with("mode", assembly.mode)
            .with_some("path", row.map(|row| &row.path))
            .with("commands", commands.join(","))
            .with_some("warn", warning)
            .with_some("reverted", assembly.reverted)
            .with_some("tokens", row.map(|row| row.tokens));
        let body = row.and_then(|row| row.prompt.as_deref()).unwrap_or("");
        let text = element(self.name(), &attributes, body);
        let section = Section::new(Message::User, PLACE, text);
        vec![section.showing(Category::Prompt, usize::from(row.is_some()))]
    }
}

/// The newest prompt.
pub fn latest(rows: &[Row]) -> Option<&Row> {
    rows.iter().rev().find(|row| row.scheme() == Scheme::Prompt)
}

/// Writes the prompt of a loop that begins.
pub fn begin(tx: &mut Tx<'_>, started: &Loop, turn: TurnNumber) -> Result<(), StoreError> {
    let mut attributes = Json::new();
    attributes.insert("mode".to_owned(), json!(started.mode));
    let body = match &started.config.selection {
        Some(selection) => format!("{}\n\n{}", started.prompt, quoted(selection)),
        None => started.prompt.clone(),
    };
    let write = Write::body(EntryPath::of_turn(Scheme::Prompt, turn), &body)
        .attributes(attributes)
        .at(turn, started.id);
    entries::set(tx, started.run, Writer::Plugin, write)
}

/// Writes a prompt that joins a loop in this turn, behind what the turn has to answer already.
pub fn join(
    tx: &mut Tx<'_>,
    joined: &Loop,
    turn: TurnNumber,
    prompt: &str,
) -> Result<(), StoreError> {
    let path = EntryPath::of_turn(Scheme::Prompt, turn);
    let write = if entries::exists(tx, joined.run, &path)? {
        let mut write = Write::body(path, &format!("\n\n{prompt}"));
        write.append = true;
        write
    } else {
        let mut attributes = Json::new();
        attributes.insert("mode".to_owned(), json!(joined.mode));
        Write::body(path, prompt)
            .attributes(attributes)
            .at(turn, joined.id)
    };
    entries::set(tx, joined.run, Writer::Plugin, write)
}

fn quoted(selection: &Selection) -> String {
    let Selection {
        path,
        first,
        last,
        text,
    } = selection;
    format!("Selected in {path}, lines {first} to {last}:\n{text}")
}
