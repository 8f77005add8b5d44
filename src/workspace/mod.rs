//! The files of a workspace folder: which there are, what they hold, and how they are changed.
//!
//! A path from outside (the model's, the editor's, a rule's) becomes a [`FilePath`] in one place,
//! [`Root::file`], and every function that touches the disk takes a [`FilePath`]. What lives here
//! knows neither entries nor editors; the text of open documents comes in through [`Overlay`].
//!
//! **Invariant: nothing outside the folder is read or written.** A [`FilePath`] is checked when it
//! is made and again when it is used: links are resolved, the result is compared with the root, and
//! the resolved path is walked folder by folder without following links (`place.rs`), so a link that
//! is swapped in between the check and the use makes the operation fail rather than escape.
//!
//! | file | holds |
//! |---|---|
//! | `root` | the folder, what may be named in it, and why not |
//! | `place` | a checked path held open: the parent folder's descriptor and a name |
//! | `scan`, `rules`, `language` | the list of files, what is left out of it, what a file is written in |
//! | `read`, `write` | one file's text, with the stamp it had; atomic changes |
//! | `overlay` | the open document first, the disk otherwise |
//! | `process` | whether the process that once said it was at work still is |
//! | `shell` | command lines of a shell, of which nothing is left when they are ended |

mod language;
mod overlay;
mod place;
mod process;
mod read;
mod root;
mod rules;
mod scan;
pub mod shell;
#[cfg(test)]
mod tests;
mod write;

pub use language::language;
pub use overlay::{OpenText, Overlay, current_text};
pub use process::{ProcessError, ProcessIdentity, pid_is_alive};
pub use read::{MAX_TEXT, ReadError, read};
pub use root::{FilePath, Outside, Root, RootError};
pub use rules::{Constraint, Rules, RulesError, Target};
pub use scan::{FileInfo, FileKind, ScanError, scan};
pub use write::{WriteError, create, remove, rename, write};
