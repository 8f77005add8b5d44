//! `log://`: what happened, command by command, and the prompts of earlier loops. The section only
//! grows at its end.

use crate::entries::{Category, Scheme};
use crate::plugins::frame::{Attributes, block, element};
use crate::plugins::{Assembly, Plugin, Row, Section, prompt};

/// The plugin; see the module.
pub struct Log;

const PLACE: u16 = 100;

impl Plugin for Log {
    fn name(&self) -> &'static str {
        Scheme::Log.as_str()
    }

    fn sections(&self, assembly: &Assembly<'_>) -> Vec<Section> {
        let latest = prompt::latest(assembly.rows).map(|row| &row.entry.path);
        let rows: Vec<String> = assembly
            .rows
            .iter()
            .filter(|row| match row.entry.scheme() {
                Scheme::Log => true,
                scheme => scheme.category() == Category::Prompt && Some(&row.entry.path) != latest,
            })
            .map(line)
            .collect();
        if rows.is_empty() {
            return Vec::new();
        }
        vec![Section::user(PLACE, block(Scheme::Log.as_str(), &rows))]
    }
}

fn line(row: &Row) -> String {
    let entry = &row.entry;
    let attributes = Attributes::new()
        .with("path", &entry.path)
        .with_some("target", entry.text("path"))
        .with("status", entry.shown_status())
        .with_some("outcome", entry.outcome.as_ref())
        .with_some("reason", entry.text("reason"))
        .with_some("lines", entry.text("lines"))
        .with("tokens", row.tokens);
    let name = entry.path.action().unwrap_or(entry.scheme().as_str());
    element(name, &attributes, &row.text)
}
