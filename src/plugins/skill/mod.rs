//! `skill://NAME`: a text from the user's library that a run is given, whole, until it is taken away.

use serde_json::json;

use super::Plugin;
use super::library::Volume;
use crate::entries::{Attributes, EntryPath, PathError, RunId, Scheme, Writer};
use crate::store::entries::{self, Query, Write};
use crate::store::{StoreError, Tx};

/// The plugin; see the module.
pub struct Skill;

impl Plugin for Skill {
    fn name(&self) -> &'static str {
        Scheme::Skill.as_str()
    }

    // Summarized, a skill is its description, which stands in the row already.
    fn about(&self) -> Option<&'static str> {
        Some(include_str!("doc.md"))
    }
}

/// The entry of the skill of that name.
pub fn path(name: &str) -> Result<EntryPath, PathError> {
    EntryPath::parse(&format!("{}://{name}", Scheme::Skill))
}

/// Gives a run a skill, or the skill's newer text.
pub fn attach(tx: &mut Tx<'_>, run: RunId, skill: &Volume) -> Result<(), StoreError> {
    let mut attributes = Attributes::new();
    attributes.insert("name".to_owned(), json!(skill.name));
    attributes.insert("source".to_owned(), json!(skill.file));
    attributes.insert("summary".to_owned(), json!(skill.description()));
    let write = Write::body(path(&skill.name)?, &skill.text).attributes(attributes);
    entries::set(tx, run, Writer::Plugin, write)
}

/// The names of a run's skills.
pub fn attached(connection: &rusqlite::Connection, run: RunId) -> Result<Vec<String>, StoreError> {
    let heads = entries::heads(connection, run, &Query::of_scheme(Scheme::Skill))?;
    Ok(heads
        .into_iter()
        .map(|head| head.path.rest().to_owned())
        .collect())
}
