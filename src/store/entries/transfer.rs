//! The verbs that take entries to other paths: cp and mv, one entry or all that a pattern means.

use std::collections::HashSet;

use super::{Access, Query, Write, authorise, open_to, remove, set};
use crate::dialect::PathPattern;
use crate::entries::{Entry, EntryPath, RunId, State, Visibility, Writer};
use crate::store::{StoreError, Tx};

/// `cp` or `mv`. Returns where the entries are now.
pub type Transfer = fn(
    &mut Tx<'_>,
    RunId,
    Writer,
    &Query,
    &EntryPath,
    Option<Visibility>,
) -> Result<Vec<EntryPath>, StoreError>;

/// Copies entries with their attributes, states and turns, of those that the writer may show: a copy
/// shows as much. A destination that ends in a slash is a folder: what the pattern's wildcards stand
/// for, or the last segment of a path, is put below it.
pub fn cp(
    tx: &mut Tx<'_>,
    run: RunId,
    writer: Writer,
    from: &Query,
    to: &EntryPath,
    visibility: Option<Visibility>,
) -> Result<Vec<EntryPath>, StoreError> {
    authorise(to, writer, Access::Content)?;
    let mut meant = open_to(tx, run, writer, from, Access::Visibility)?;
    if from.literal().is_none() {
        // What the model is not shown is copied by its very path only.
        meant.retain(|entry| entry.scheme().shown_to_model());
    }
    let routes = routes(meant, from, to, is_folder(to))?;
    for (source, target) in &routes {
        copy(tx, run, writer, source, target, visibility)?;
    }
    Ok(routes.into_iter().map(|(_, target)| target).collect())
}

/// Moves entries; see [`cp`]. Moving an entry onto itself does nothing. One that is moved to where
/// another one is moved from takes its place.
pub fn mv(
    tx: &mut Tx<'_>,
    run: RunId,
    writer: Writer,
    from: &Query,
    to: &EntryPath,
    visibility: Option<Visibility>,
) -> Result<Vec<EntryPath>, StoreError> {
    authorise(to, writer, Access::Content)?;
    let meant = open_to(tx, run, writer, from, Access::Content)?;
    let routes = routes(meant, from, to, is_folder(to))?;
    let taken: HashSet<&EntryPath> = routes.iter().map(|(_, target)| target).collect();
    for (source, target) in routes.iter().filter(|(source, to)| source.path != *to) {
        copy(tx, run, writer, source, target, visibility)?;
    }
    for (source, _) in routes
        .iter()
        .filter(|(from, _)| !taken.contains(&from.path))
    {
        remove(tx, run, source)?;
    }
    Ok(routes.into_iter().map(|(_, target)| target).collect())
}

fn copy(
    tx: &mut Tx<'_>,
    run: RunId,
    writer: Writer,
    source: &Entry,
    target: &EntryPath,
    visibility: Option<Visibility>,
) -> Result<(), StoreError> {
    let (state, outcome) = match source.state {
        // Nobody decides or ends the copy.
        State::Proposed | State::Streaming => (State::Resolved, None),
        ended => (ended, source.outcome.clone()),
    };
    let mut write = Write::body(target.clone(), &source.body)
        .attributes(source.attributes.clone())
        .ended(state, outcome)
        .visibility(visibility.unwrap_or(source.visibility));
    write.turn = source.turn;
    write.in_loop = source.in_loop;
    set(tx, run, writer, write)
}

fn is_folder(to: &EntryPath) -> bool {
    to.as_str().ends_with('/')
}

/// Each entry that is meant, and where it goes: into a folder, or the only one to a path of its own.
pub fn routes(
    meant: Vec<Entry>,
    from: &Query,
    to: &EntryPath,
    into_folder: bool,
) -> Result<Vec<(Entry, EntryPath)>, StoreError> {
    let pattern = from.pattern.as_ref().map_or("", PathPattern::as_str);
    if meant.is_empty() {
        return Err(StoreError::NotFound {
            path: pattern.to_owned(),
        });
    }
    if !into_folder {
        return match <[Entry; 1]>::try_from(meant) {
            Ok([one]) => Ok(vec![(one, to.clone())]),
            Err(several) => Err(StoreError::NoFolder {
                count: several.len(),
                to: to.to_string(),
            }),
        };
    }
    let folder = to.as_str().trim_end_matches('/');
    let kept = from
        .pattern
        .as_ref()
        .map_or("", PathPattern::literal_prefix);
    let kept = kept.rfind('/').map_or(0, |slash| slash + 1);
    meant
        .into_iter()
        .map(|entry| {
            let below = &entry.path.as_str()[kept..];
            let target = EntryPath::parse(&format!("{folder}/{below}"))?;
            Ok((entry, target))
        })
        .collect()
}
