//! Edits as a body writes them, a file a form. What they do to a text is said in [`mod@super::apply`].
//!
//! **Invariant**: a body that carries the marks of an edit is parsed whole or not at all, and it
//! is never taken for a text: marks that were missed would be written into a file.

mod blocks;
pub(super) mod diff;
mod fenced;
mod json;
mod near_miss;
mod old_new;
mod sed;
mod target;

use memchr::memmem;
use serde::Serialize;
use thiserror::Error;

use super::envelope::{self, FileAction};
pub use fenced::{Unfenced, unfenced};
use target::Target;
pub(super) use target::is_markdown;

/// One change to a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Edit {
    /// What to look for; its lines end with LF or CRLF, whatever those of the text do. `None`: the
    /// replacement becomes the whole text.
    pub search: Option<String>,
    /// What to put there, literally. Empty takes the lines away.
    pub replace: String,
    /// Replace every exact match, not just a unique one.
    pub all: bool,
    /// The form it was written in.
    pub kind: EditKind,
    /// What the form says beyond the two halves.
    #[serde(skip_serializing_if = "Hint::is_empty")]
    pub hint: Hint,
}

/// The form of an edit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EditKind {
    /// A SEARCH/REPLACE block.
    SearchReplace,
    /// A block without a search half: the whole text.
    ReplaceOnly,
    /// A hunk of a unified diff.
    Diff,
    /// A pair of tags, old and new.
    OldNew,
    /// A JSON object of the two halves.
    Json,
    /// An `s/…/…/` command.
    Sed,
    /// The attributes of a tag.
    Attributes,
    /// A section of a `*** Begin Patch` envelope.
    Patch,
}

/// Where an edit says it belongs and how its search half is to be read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Hint {
    /// The line of the text before all edits, from 1, on which the old lines begin; for old lines
    /// there are none of, the line behind which the new ones go (0: before the first).
    pub line: Option<usize>,
    /// Lines that stand, in this order, somewhere before the place.
    pub under: Vec<String>,
    /// The place is the end of the text.
    pub at_end: bool,
    /// The letters of a sed command, but for `g`.
    pub flags: String,
}

impl Hint {
    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Edit {
    pub(super) fn new(kind: EditKind, search: Option<String>, replace: String, all: bool) -> Self {
        Self {
            search,
            replace,
            all,
            kind,
            hint: Hint::default(),
        }
    }

    /// A SEARCH/REPLACE block of one place.
    pub fn block(search: impl Into<String>, replace: impl Into<String>) -> Self {
        let search = Some(search.into());
        Self::new(EditKind::SearchReplace, search, replace.into(), false)
    }

    /// A replacement of the whole text.
    pub fn whole(replace: impl Into<String>) -> Self {
        Self::new(EditKind::ReplaceOnly, None, replace.into(), false)
    }

    /// Whether there must be a text for it: without old lines it creates one.
    pub fn needs_text(&self) -> bool {
        self.search
            .as_deref()
            .is_some_and(|search| !search.trim().is_empty())
    }

    /// An edit that stands in the attributes of a tag.
    pub fn attributes(search: impl Into<String>, replace: impl Into<String>, all: bool) -> Self {
        let search = Some(search.into());
        Self::new(EditKind::Attributes, search, replace.into(), all)
    }
}

/// Whether an edit that names a file may be for the one of this path: of two paths, one ends the
/// other.
pub(super) fn can_be(path: &str, named: &str) -> bool {
    Target::of(Some(path)).can_be(named)
}

/// Why a body with the marks of an edit is none. Lines are counted in the body, from 1.
#[derive(Debug, Clone, PartialEq, Eq, Error, Serialize)]
pub enum EditError {
    #[error(
        "the SEARCH block of line {line} has no divider: write a line of `=======` between what \
         to find and what to put there"
    )]
    NoDivider { line: usize },
    #[error("the edit block of line {line} has no end: close it with a line `>>>>>>> REPLACE`")]
    NoEnd { line: usize },
    #[error(
        "the marker `{marker}` of line {line} belongs to no edit block: a block is \
         `<<<<<<< SEARCH`, the old lines, `=======`, the new lines, `>>>>>>> REPLACE`"
    )]
    StrayMarker { line: usize, marker: String },
    #[error(
        "line {line} (`{text}`) stands outside of the edit blocks: write blocks only, or, where \
         markers are text, the whole text between a line `=========` and a line \
         `>>>>>>>>> REPLACE`"
    )]
    TextOutside { line: usize, text: String },
    #[error("line {line} (`{text}`) cannot stand here: {expected}")]
    Unexpected {
        line: usize,
        text: String,
        expected: &'static str,
    },
    #[error("{form} is cut off: {expected}")]
    CutOff {
        form: &'static str,
        expected: &'static str,
    },
    #[error("the diff deletes the file: write `<rm>` with its path instead")]
    Deletion,
    #[error("the edit is no valid JSON ({reason}): escape quotes and line breaks in its strings")]
    Json { reason: String },
    #[error("the sed flags `{flags}` hold a number: make the old text unique instead")]
    SedNumber { flags: String },
    #[error(
        "this edit is for `{named}` and stands in a `<set>` of another file: write it into one \
         with that path"
    )]
    OtherFile { named: String },
    #[error(
        "a `search` without a `replace` changes nothing: add `replace=\"…\"` (an empty one takes the \
         text away), or write a SEARCH/REPLACE block"
    )]
    NoReplacement,
    #[error(
        "`{name}` names some lines, and a `<set>` writes the whole text: change lines with a \
         SEARCH/REPLACE block"
    )]
    Placed { name: String },
    #[error(
        "`{name}` is no attribute of `<set>`: write the text, or SEARCH/REPLACE blocks, between its \
         tags"
    )]
    UnknownField { name: String },
    #[error(
        "the tag holds the markers of an edit and attributes that make another: write the blocks \
         alone, between the tags, without `search`, `replace` and `body`"
    )]
    MarkedHalf,
    #[error("the list of edits is empty: write a SEARCH/REPLACE block for each change")]
    NoEdits,
    #[error(
        "item {number} of the list of edits has no old and new text that can be read: none was \
         made; write a SEARCH/REPLACE block for each change"
    )]
    EditItem { number: usize },
    #[error(
        "`{line}` is a command of sed that is not carried out: write a SEARCH/REPLACE block with \
         the lines that change"
    )]
    SedCommand { line: String },
    #[error(
        "a patch that does more than change this one file cannot stand in a `<set>`: write it \
         outside of any tag, from `*** Begin Patch` to `*** End Patch`"
    )]
    Envelope,
}

/// Reads the edits of a body that is written to `path`; `None` if it carries no mark of one and is
/// a text.
///
/// What is a text of its own in a file of that name is none: a diff in `fix.patch`, commands in
/// `x.sed`, and a Markdown document that shows edits in its fences.
pub(super) fn parse(
    path: Option<&str>,
    body: &str,
    all: bool,
) -> Result<Option<Vec<Edit>>, EditError> {
    let target = Target::of(path);
    if let Some(edits) = marked_or_pairs(target, body, all)? {
        return Ok(Some(edits));
    }
    if body.trim_start().starts_with(['{', '[', '`', '~'])
        && let Some(edits) = json::parse(target, &lines(body), all)?
    {
        return Ok(Some(edits));
    }
    if target.is_sed_script() {
        return Ok(None);
    }
    sed::parse(target, body, all)
}

/// The edits of a form that has marks of its own.
fn marked_or_pairs(
    target: Target<'_>,
    body: &str,
    all: bool,
) -> Result<Option<Vec<Edit>>, EditError> {
    if MARKS
        .iter()
        .any(|mark| memmem::find(body.as_bytes(), mark).is_some())
        && let Some(edits) = marked(target, body, all)?
    {
        return Ok(Some(edits));
    }
    if let Some(edits) = old_new::parse(body, all)? {
        return Ok(Some(edits));
    }
    near_miss::of_pairs(target, body).map_or(Ok(None), Err)
}

/// Whether a half of an edit carries the marks of another, which would become text.
pub(super) fn is_marked(path: Option<&str>, half: &str) -> bool {
    let found = marked_or_pairs(Target::of(path), half, false);
    !matches!(found, Ok(None))
}

/// One of these stands in every line that marks a block, a diff (in a fence with that label, its
/// hunks need no header) or an envelope. Most bodies hold none, and need not be taken apart line by
/// line.
const MARKS: [&[u8]; 12] = [
    b"<<<",
    b">>>",
    b"---",
    b"+++",
    b"@@",
    b"***",
    b"```",
    b"~~~",
    b"diff --git",
    b"&lt;&lt;",
    "＜".as_bytes(),
    b"SEARCH",
];

/// The edits of a form whose marks are lines anywhere in the body.
fn marked(target: Target<'_>, body: &str, all: bool) -> Result<Option<Vec<Edit>>, EditError> {
    let lines = lines(body);
    if let Some(edits) = blocks::parse(target, &lines, all)? {
        return Ok(Some(edits));
    }
    if target.is_diff() {
        return Ok(None);
    }
    if envelope::begins(body) {
        return patch(target, envelope::parse(body)?).map(Some);
    }
    if let Some(edits) = diff::parse(target, &lines)? {
        return Ok(Some(edits));
    }
    near_miss::of_envelope(target, &lines)
        .or_else(|| near_miss::find(target, &lines))
        .map_or(Ok(None), Err)
}

fn lines(body: &str) -> Vec<&str> {
    body.lines().collect()
}

/// The edits of an envelope that does nothing but change or create the one file it stands in.
fn patch(target: Target<'_>, mut actions: Vec<FileAction>) -> Result<Vec<Edit>, EditError> {
    let (Some(action), true) = (actions.pop(), actions.is_empty()) else {
        return Err(EditError::Envelope);
    };
    let (path, edits) = match action {
        FileAction::Update {
            path,
            to: None,
            edits,
        } => (path, edits),
        FileAction::Add { path, text } => {
            let edit = Edit::new(EditKind::Patch, Some(String::new()), text, false);
            (path, vec![edit])
        }
        FileAction::Update { .. } | FileAction::Delete { .. } => return Err(EditError::Envelope),
    };
    if target.can_be(&path) {
        Ok(edits)
    } else {
        Err(EditError::OtherFile { named: path })
    }
}
