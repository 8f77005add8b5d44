//! The `*** Begin Patch` envelope: one text that adds, changes, moves and deletes several files.
//! What it says about one file is a [`FileAction`]; where its changes belong is found by
//! [`super::apply()`].
//!
//! ```text
//! *** Begin Patch
//! *** Update File: src/app.py
//! *** Move to: src/main.py
//! @@ class App
//!  kept line
//! -old line
//! +new line
//! *** Add File: notes.txt
//! +a line
//! *** Delete File: old.txt
//! *** End Patch
//! ```
//!
//! **Invariant**: an envelope is read whole or refused. One without its last line may have been
//! cut off anywhere, also in the middle of a hunk, and is refused.

use serde::Serialize;

use super::edit::diff::{self, Header};
use super::edit::{Edit, EditError, EditKind};

const BEGIN: &str = "*** Begin Patch";
const END: &str = "*** End Patch";
const ADD: &str = "*** Add File:";
const UPDATE: &str = "*** Update File:";
const DELETE: &str = "*** Delete File:";
const MOVE: &str = "*** Move to:";
const END_OF_FILE: &str = "*** End of File";

/// What a section of an envelope does to one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FileAction {
    /// Create the file.
    Add { path: String, text: String },
    /// Change the file, and move it where `to` says so. No edits: it is moved as it is.
    Update {
        path: String,
        to: Option<String>,
        edits: Vec<Edit>,
    },
    /// Delete the file.
    Delete { path: String },
}

impl FileAction {
    /// The file that it is about.
    pub fn path(&self) -> &str {
        match self {
            Self::Add { path, .. } | Self::Update { path, .. } | Self::Delete { path } => path,
        }
    }
}

/// Whether a text begins as an envelope does.
pub(super) fn begins(text: &str) -> bool {
    text.trim_start().starts_with(BEGIN)
}

/// Reads an envelope, with or without a Markdown fence around it.
pub(super) fn parse(text: &str) -> Result<Vec<FileAction>, EditError> {
    let lines: Vec<&str> = text.lines().collect();
    let reader = Reader {
        lines: &lines,
        next: 0,
    };
    reader.read()
}

struct Reader<'l> {
    lines: &'l [&'l str],
    next: usize,
}

impl<'l> Reader<'l> {
    fn read(mut self) -> Result<Vec<FileAction>, EditError> {
        self.pass_over_frame();
        if self.take(BEGIN).is_none() {
            return Err(self.unexpected("an envelope begins with `*** Begin Patch`"));
        }
        let mut actions = Vec::new();
        while self.take(END).is_none() {
            actions.push(self.section()?);
        }
        self.pass_over_frame();
        if self.next < self.lines.len() {
            return Err(self.unexpected("nothing stands behind `*** End Patch`"));
        }
        if actions.is_empty() {
            return Err(EditError::CutOff {
                form: "the patch",
                expected: "write what it does, such as `*** Update File: PATH`",
            });
        }
        Ok(actions)
    }

    fn section(&mut self) -> Result<FileAction, EditError> {
        if let Some(path) = self.take_path(ADD)? {
            return Ok(FileAction::Add {
                path,
                text: self.added_lines()?,
            });
        }
        if let Some(path) = self.take_path(DELETE)? {
            self.pass_over_blanks();
            return Ok(FileAction::Delete { path });
        }
        if let Some(path) = self.take_path(UPDATE)? {
            return self.update(path);
        }
        Err(self.unexpected(
            "write `*** Add File: PATH`, `*** Update File: PATH`, `*** Delete File: PATH` or \
             `*** End Patch`",
        ))
    }

    /// The lines of a new file. One that lost its `+` could as well be a lost heading, unless it
    /// is empty.
    fn added_lines(&mut self) -> Result<String, EditError> {
        let mut text = Vec::new();
        while let Some(line) = self.line_of_section() {
            match line.strip_prefix('+') {
                Some(line) => text.push(line),
                None if line.is_empty() => text.push(""),
                None => return Err(self.unexpected("each line of an added file begins with `+`")),
            }
            self.next += 1;
        }
        // Empty lines without a sign set the section apart from the next.
        let surplus = self.lines[..self.next]
            .iter()
            .rev()
            .take_while(|line| line.is_empty())
            .count();
        text.truncate(text.len().saturating_sub(surplus));
        Ok(text.join("\n"))
    }

    fn update(&mut self, path: String) -> Result<FileAction, EditError> {
        self.pass_over_blanks();
        let to = self.take_path(MOVE)?;
        self.pass_over_blanks();
        let mut edits = Vec::new();
        while self.line_of_section().is_some() {
            edits.push(self.hunk()?);
            self.pass_over_blanks();
        }
        if edits.is_empty() && to.is_none() {
            return Err(EditError::CutOff {
                form: "the section of an updated file",
                expected: "write its hunks, lines that begin with a blank, `-` or `+` below a `@@`",
            });
        }
        Ok(FileAction::Update { path, to, edits })
    }

    fn hunk(&mut self) -> Result<Edit, EditError> {
        let mut header = Header::default();
        let mut under = Vec::new();
        while let Some(next) = self.line_of_section().and_then(Header::of) {
            header = next;
            under.extend(header.under.take());
            self.next += 1;
        }
        let start = self.next;
        while self
            .line_of_section()
            .is_some_and(|line| Header::of(line).is_none())
        {
            self.next += 1;
        }
        let lines = &self.lines[start..self.next];
        if !lines.iter().any(|line| line.starts_with(['+', '-'])) {
            return Err(self.unexpected("a hunk has lines that begin with `-` or `+`"));
        }
        let mut edit = diff::edit(EditKind::Patch, &header, lines);
        edit.hint.under = under;
        edit.hint.at_end = self.take(END_OF_FILE).is_some();
        Ok(edit)
    }

    /// The next line, if it is one of the section that is being read.
    fn line_of_section(&self) -> Option<&'l str> {
        let line = self.lines.get(self.next)?;
        (!line.starts_with("*** ")).then_some(line)
    }

    fn take(&mut self, marker: &str) -> Option<()> {
        let line = self.lines.get(self.next)?;
        (line.trim() == marker).then(|| self.next += 1)
    }

    fn take_path(&mut self, marker: &str) -> Result<Option<String>, EditError> {
        let Some(path) = self
            .lines
            .get(self.next)
            .and_then(|line| line.trim().strip_prefix(marker))
        else {
            return Ok(None);
        };
        let path = path.trim();
        if path.is_empty() {
            return Err(self.unexpected("a path follows the colon"));
        }
        self.next += 1;
        Ok(Some(path.to_owned()))
    }

    fn pass_over_blanks(&mut self) {
        while self
            .lines
            .get(self.next)
            .is_some_and(|line| line.trim().is_empty())
        {
            self.next += 1;
        }
    }

    /// Blank lines and the marks of a Markdown fence.
    fn pass_over_frame(&mut self) {
        while self.lines.get(self.next).is_some_and(|line| {
            let line = line.trim();
            line.is_empty() || line.starts_with("```") || line.starts_with("~~~")
        }) {
            self.next += 1;
        }
    }

    fn unexpected(&self, expected: &'static str) -> EditError {
        match self.lines.get(self.next) {
            Some(line) => EditError::Unexpected {
                line: self.next + 1,
                text: (*line).to_owned(),
                expected,
            },
            None => EditError::CutOff {
                form: "the patch",
                expected: "end it with `*** End Patch`",
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Hint;

    fn edit(search: &str, replace: &str, hint: Hint) -> Edit {
        Edit {
            kind: EditKind::Patch,
            hint,
            ..Edit::block(search, replace)
        }
    }

    #[test]
    fn an_envelope_says_what_becomes_of_each_file() {
        let text = "```\n*** Begin Patch\n*** Add File: a.txt\n+one\n+\n+two\n\n\
            *** Update File: b.py\n*** Move to: c.py\n@@ class A\n@@ def f\n x\n-y\n+z\n\
            @@\n-last\n*** End of File\n*** Delete File: d.txt\n\
            *** Update File: e.txt\n*** Move to: f.txt\n*** End Patch\n```\n";
        let expected = vec![
            FileAction::Add {
                path: "a.txt".to_owned(),
                text: "one\n\ntwo".to_owned(),
            },
            FileAction::Update {
                path: "b.py".to_owned(),
                to: Some("c.py".to_owned()),
                edits: vec![
                    edit(
                        "x\ny",
                        "x\nz",
                        Hint {
                            under: vec!["class A".to_owned(), "def f".to_owned()],
                            ..Hint::default()
                        },
                    ),
                    edit(
                        "last",
                        "",
                        Hint {
                            at_end: true,
                            ..Hint::default()
                        },
                    ),
                ],
            },
            FileAction::Delete {
                path: "d.txt".to_owned(),
            },
            FileAction::Update {
                path: "e.txt".to_owned(),
                to: Some("f.txt".to_owned()),
                edits: vec![],
            },
        ];
        assert_eq!(parse(text), Ok(expected));
    }

    #[test]
    fn an_envelope_that_is_not_whole_is_refused() {
        for (text, expected) in [
            (
                "*** Begin Patch\n*** Update File: a\n@@\n-x\n+y\n",
                "the patch is cut off: end it with `*** End Patch`",
            ),
            (
                "*** Begin Patch\n*** End Patch\n",
                "the patch is cut off: write what it does, such as `*** Update File: PATH`",
            ),
            (
                "*** Begin Patch\n*** Update File: a\n*** End Patch\n",
                "the section of an updated file is cut off: write its hunks, lines that begin with \
                 a blank, `-` or `+` below a `@@`",
            ),
            (
                "*** Begin Patch\n*** Add File: a\n+x\ny\n*** End Patch\n",
                "line 4 (`y`) cannot stand here: each line of an added file begins with `+`",
            ),
            (
                "*** Begin Patch\n*** Delete File:\n*** End Patch\n",
                "line 2 (`*** Delete File:`) cannot stand here: a path follows the colon",
            ),
            (
                "*** Begin Patch\n*** Delete File: a\n*** End Patch\nmore\n",
                "line 4 (`more`) cannot stand here: nothing stands behind `*** End Patch`",
            ),
            (
                "*** Begin Patch\n*** Update File: a\n@@ f\n x\n*** End Patch\n",
                "line 5 (`*** End Patch`) cannot stand here: a hunk has lines that begin with `-` \
                 or `+`",
            ),
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!(error.to_string(), expected, "{text}");
        }
    }
}
