//! The tables of `editors/PROTOCOL.md`, drawn from the registry. The page's prose is written by
//! hand; what stands between its markers is this, and a test fails when it lags behind.

use std::fmt::Write as _;

use schemars::Schema;
use serde_json::Value;

use super::{TABLE, command, request};
use crate::lsp::notifications;

/// What stands around the tables in the page.
pub const BEGIN: &str = "<!-- generated from the registry: begin -->";
pub const END: &str = "<!-- generated from the registry: end -->";

/// The tables of methods and notifications, as Markdown.
pub fn tables() -> String {
    let mut text =
        String::from("\n| request | command | params | what it does |\n|---|---|---|---|\n");
    for row in TABLE {
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "| `{}` | `{}` | {} | {} |",
            request(row.name),
            command(row.name),
            parameters(&(row.schema)()),
            row.description
        );
    }
    text.push_str("\n| notification | what it says |\n|---|---|\n");
    for notification in notifications::ALL {
        let _ = writeln!(
            text,
            "| `{}` | {} |",
            notification.method, notification.description
        );
    }
    text.push('\n');
    text
}

/// The names of a method's parameters; a question mark behind those that may be missing.
fn parameters(schema: &Schema) -> String {
    let names = |key: &str| schema.get(key).cloned().unwrap_or(Value::Null);
    let required = names("required");
    let is_required = |name: &str| {
        required
            .as_array()
            .is_some_and(|names| names.iter().any(|required| required == name))
    };
    let listed: Vec<String> = names("properties")
        .as_object()
        .map_or_else(Vec::new, |properties| properties.keys().cloned().collect())
        .into_iter()
        .map(|name| {
            if is_required(&name) {
                name
            } else {
                format!("{name}?")
            }
        })
        .collect();
    format!("`{{{}}}`", listed.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_protocol_page_has_the_tables_of_the_registry() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/editors/PROTOCOL.md");
        let text = std::fs::read_to_string(page).unwrap();
        let (before, rest) = text
            .split_once(BEGIN)
            .expect("the page has the first marker");
        let (found, after) = rest
            .split_once(END)
            .expect("the page has the second marker");
        let expected = tables();
        if found != expected && std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::write(page, format!("{before}{BEGIN}{expected}{END}{after}")).unwrap();
            return;
        }
        assert_eq!(
            found, expected,
            "editors/PROTOCOL.md lags behind: UPDATE_EXPECT=1 cargo test writes it anew"
        );
    }
}
