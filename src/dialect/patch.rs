//! The patch envelope, `*** Begin Patch … *** End Patch`, as commands: one a file, in the order of
//! the patch. Its text is read by [`super::envelope`]; here is decided whose edits they are.

use super::command::{Call, Content, Rm, Set, Transfer};
use super::edit::{EditError, can_be};
use super::envelope::{self, FileAction};

/// The commands of an envelope that stands alone.
pub(super) fn calls(text: &str) -> Vec<Call> {
    calls_within(&Set::default(), text)
}

/// The commands of an envelope that is the body of a `set`. What it does to the `set`'s own path is
/// that very `set`, and each other file has a command of its own. An envelope that does nothing to
/// the path that the tag names contradicts it and is refused.
pub(super) fn calls_within(set: &Set, text: &str) -> Vec<Call> {
    let read = envelope::parse(text).and_then(|actions| match &set.path {
        Some(own) => about(own, actions),
        None => Ok(actions),
    });
    match read {
        Ok(actions) => expand(set, actions),
        Err(error) => vec![refused(set, text, error)],
    }
}

/// The actions, where one of them is about the file that the tag names.
fn about(own: &str, actions: Vec<FileAction>) -> Result<Vec<FileAction>, EditError> {
    match actions.first() {
        Some(first) if !actions.iter().any(|action| can_be(own, action.path())) => {
            let named = first.path().to_owned();
            Err(EditError::OtherFile { named })
        }
        _ => Ok(actions),
    }
}

fn expand(set: &Set, actions: Vec<FileAction>) -> Vec<Call> {
    let mut calls = Vec::new();
    for action in actions {
        match action {
            FileAction::Add { path, text } => {
                calls.push(write(set, path, Content::Text(text)));
            }
            FileAction::Update { path, to, edits } => {
                if !edits.is_empty() || to.is_none() {
                    calls.push(write(set, path.clone(), Content::Edits(edits)));
                }
                if let Some(to) = to {
                    calls.push(Call::Mv(Transfer {
                        path: Some(path),
                        to: Some(to),
                        preview: set.preview,
                        ..Transfer::default()
                    }));
                }
            }
            FileAction::Delete { path } => calls.push(Call::Rm(Rm {
                path: Some(path),
                filter: None,
                preview: set.preview,
            })),
        }
    }
    calls
}

/// The `set` on a file of the patch. Its own path stays as it was written.
fn write(set: &Set, path: String, content: Content) -> Call {
    let own = set.path.as_ref().filter(|own| can_be(own, &path));
    Call::Set(Set {
        path: Some(own.cloned().unwrap_or(path)),
        content,
        ..set.clone()
    })
}

/// A patch that cannot be read is refused as the body of a `set` on the first file that it names.
fn refused(set: &Set, text: &str, error: EditError) -> Call {
    let first = || {
        text.lines()
            .filter_map(|line| line.trim().strip_prefix("*** "))
            .find_map(|line| line.split_once(" File:"))
            .map(|(_, path)| path.trim().to_owned())
    };
    Call::Set(Set {
        path: set.path.clone().or_else(first),
        content: Content::Unparsable(error),
        ..set.clone()
    })
}
