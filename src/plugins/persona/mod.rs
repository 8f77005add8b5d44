//! The persona of a run: a text at the head of its instructions, from the user's library or as given.

use std::path::Path;

use super::library::{LibraryError, Shelf};

/// The text that a client means: that of the persona of this name where the library has one, else
/// the text itself.
pub fn text_of(home: &Path, given: &str) -> Result<String, LibraryError> {
    match Shelf::Personas.read(home, given) {
        Ok(volume) => Ok(volume.text),
        Err(LibraryError::Name(_) | LibraryError::NotFound { .. }) => Ok(given.to_owned()),
        Err(error) => Err(error),
    }
}
