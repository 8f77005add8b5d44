//! What the content of a `set` makes of a file's text: the one place where a body, in whatever form it
//! was written, becomes the new text.

use thiserror::Error;

use super::apply::{Match, MatchKind, Refused, apply_to};
use super::command::Content;
use super::edit::{Edit, EditError, Unfenced, is_markdown, unfenced};
use super::elision::elided_line;
use super::lines::whole_text;

/// A file's new text.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    pub text: String,
    pub how: How,
}

/// How a body became the text.
#[derive(Debug, Clone, PartialEq)]
pub enum How {
    /// It is the text.
    Whole,
    /// It is the text in a Markdown fence that is not part of it.
    Unfenced,
    /// It edits the text that was there; one match an edit.
    Edited(Vec<Match>),
}

/// Why there is no new text.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum NotWritten {
    #[error("there is nothing to edit: write the whole text to create it")]
    NothingToEdit,
    #[error("the text leaves something out (`{line}`): write the whole text, or edit in places")]
    Elided { line: String },
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error(transparent)]
    Unparsable(EditError),
    #[error(
        "the body holds Markdown fences, which would be written into the file: write the text of the \
         file and nothing else"
    )]
    Fences,
    #[error("there is no text to write")]
    NoText,
}

impl Content {
    /// The text that it makes of the file at `path`; `before` is none where there is no file.
    pub fn written(&self, path: &str, before: Option<&str>) -> Result<Written, NotWritten> {
        let old = before.unwrap_or("");
        match self {
            Self::Text(body) => {
                let (text, how) = match unfenced(path, body) {
                    Unfenced::Plain => (body.as_str(), How::Whole),
                    Unfenced::Text(inner) => (inner, How::Unfenced),
                    Unfenced::Unclear => return Err(NotWritten::Fences),
                };
                if let Some(line) = elided_line(text, old, is_markdown(path)) {
                    let line = line.to_owned();
                    return Err(NotWritten::Elided { line });
                }
                Ok(Written {
                    text: whole_text(before, text),
                    how,
                })
            }
            Self::Edits(edits) => {
                if before.is_none() && edits.iter().any(Edit::needs_text) {
                    return Err(NotWritten::NothingToEdit);
                }
                let applied = apply_to(old, is_markdown(path), edits)?;
                Ok(Written {
                    text: applied.text,
                    how: How::Edited(applied.matches),
                })
            }
            Self::Unparsable(error) => Err(NotWritten::Unparsable(error.clone())),
            Self::Absent => Err(NotWritten::NoText),
        }
    }
}

impl How {
    /// The match that had to forgive the most; none where nothing was looked for.
    pub fn worst(&self) -> Option<MatchKind> {
        let Self::Edited(matches) = self else {
            return None;
        };
        let kinds = matches.iter().map(|found| found.kind);
        kinds.reduce(|worst, kind| {
            if kind.forgives_more(worst) {
                kind
            } else {
                worst
            }
        })
    }
}
