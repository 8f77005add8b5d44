//! The editor's part of the demo: one open document that answers `workspace/applyEdit` as an
//! editor does.

use std::path::PathBuf;
use std::{fs, io};

use ropey::Rope;
use serde_json::{Value, json};

use super::messages::{DocumentEdit, WorkspaceEdit};
use crate::lsp::documents::Encoding;
use crate::lsp::types::{Position, Range, TextDocumentContentChangeEvent, TextEdit, Uri};

/// A document with its text, which is not the disk's from the first change to [`save`](Self::save).
#[derive(Debug)]
pub struct OpenDocument {
    pub uri: Uri,
    pub version: i32,
    file: PathBuf,
    text: Rope,
    encoding: Encoding,
}

/// Why an edit was not applied, for the server.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotApplied {
    #[error("{0} is not open")]
    NotOpen(String),
    #[error("the edit is for version {wanted}, the document is at {version}")]
    Stale { wanted: i32, version: i32 },
    #[error("two edits overlap at line {line}")]
    Overlap { line: u32 },
}

impl OpenDocument {
    /// Opens a file as it is on the disk.
    pub fn open(file: PathBuf, uri: Uri, encoding: Encoding) -> io::Result<Self> {
        let text = Rope::from_str(&fs::read_to_string(&file)?);
        Ok(Self {
            uri,
            version: 1,
            file,
            text,
            encoding,
        })
    }

    /// The params of `textDocument/didOpen`.
    pub fn opened(&self, language: &str) -> Value {
        json!({"textDocument": {
            "uri": self.uri, "languageId": language,
            "version": self.version, "text": self.text.to_string(),
        }})
    }

    /// Types a line below another. Returns the params of `textDocument/didChange`; none where there
    /// is no such line.
    pub fn type_below(&mut self, above: &str, line: &str) -> Option<Value> {
        let at = self.text.lines().position(|found| found == above)? + 1;
        let byte = self.text.line_to_byte(at);
        let typed = TextEdit {
            range: self.encoding.range(&self.text, byte..byte),
            new_text: line.to_owned(),
        };
        Some(self.change(vec![typed]))
    }

    /// Applies an edit that the server asks for. Returns the params of `textDocument/didChange`.
    pub fn apply(&mut self, edit: &WorkspaceEdit) -> Result<Value, NotApplied> {
        let mut edits = Vec::new();
        for DocumentEdit {
            text_document,
            edits: of_document,
        } in &edit.document_changes
        {
            if text_document.uri != self.uri {
                let uri = text_document.uri.as_str().to_owned();
                return Err(NotApplied::NotOpen(uri));
            }
            if let Some(wanted) = text_document
                .version
                .filter(|wanted| *wanted != self.version)
            {
                let version = self.version;
                return Err(NotApplied::Stale { wanted, version });
            }
            edits.extend(of_document.iter().cloned());
        }
        Ok(self.change(from_the_end(edits)?))
    }

    /// Writes the text to the disk. Returns the params of `textDocument/didSave`.
    pub fn save(&self) -> io::Result<Value> {
        fs::write(&self.file, self.text.to_string())?;
        Ok(json!({"textDocument": {"uri": self.uri}}))
    }

    /// Carries out edits that follow each other from the end of the text to its beginning, so that
    /// none moves the place of the next.
    fn change(&mut self, edits: Vec<TextEdit>) -> Value {
        let mut changes = Vec::with_capacity(edits.len());
        for TextEdit { range, new_text } in edits {
            let start = self.char(range.start);
            let end = self.char(range.end);
            self.text.remove(start..end);
            self.text.insert(start, &new_text);
            changes.push(TextDocumentContentChangeEvent {
                range: Some(range),
                range_length: None,
                text: new_text,
            });
        }
        self.version += 1;
        json!({
            "textDocument": {"uri": self.uri, "version": self.version},
            "contentChanges": changes,
        })
    }

    fn char(&self, position: Position) -> usize {
        self.text
            .byte_to_char(self.encoding.byte(&self.text, position))
    }
}

/// Brings edits of one text into the order in which they can be carried out one by one. Edits that
/// insert in the same place keep their order in the text (LSP 3.17, "TextEdit[]").
fn from_the_end(mut edits: Vec<TextEdit>) -> Result<Vec<TextEdit>, NotApplied> {
    edits.sort_by_key(|edit| (edit.range.start, edit.range.end));
    for pair in edits.windows(2) {
        let (Range { end, .. }, Range { start, .. }) = (pair[0].range, pair[1].range);
        if start < end {
            return Err(NotApplied::Overlap { line: start.line });
        }
    }
    edits.reverse();
    Ok(edits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lsp::documents::Documents;
    use crate::lsp::types::TextDocumentItem;

    const URI: &str = "file:///project/a.py";

    fn document(text: &str, encoding: Encoding) -> OpenDocument {
        OpenDocument {
            uri: URI.parse().unwrap(),
            version: 4,
            file: PathBuf::new(),
            text: Rope::from_str(text),
            encoding,
        }
    }

    /// Lines and columns of a range, and the text that takes its place.
    type Edit = ([u32; 4], &'static str);

    fn edit(uri: &str, version: Option<i32>, edits: &[Edit]) -> WorkspaceEdit {
        let edits: Vec<Value> = edits
            .iter()
            .map(|([l1, c1, l2, c2], text)| {
                let range = Range::new(Position::new(*l1, *c1), Position::new(*l2, *c2));
                json!({"range": range, "newText": text, "annotationId": "x"})
            })
            .collect();
        let document = json!({"uri": uri, "version": version});
        let changes = json!({"documentChanges": [{"textDocument": document, "edits": edits}]});
        serde_json::from_value(changes).unwrap()
    }

    /// The text after the edits; the changes that are reported must lead another copy of the
    /// document to the same.
    fn edited(before: &str, encoding: Encoding, edits: &[Edit]) -> String {
        let mut here = document(before, encoding);
        let mut there = Documents::default();
        let (uri, text) = (here.uri.clone(), before.to_owned());
        there.open(TextDocumentItem::new(
            uri,
            String::new(),
            here.version,
            text,
        ));
        let changed = here.apply(&edit(URI, Some(4), edits)).unwrap();
        let changes = serde_json::from_value(changed["contentChanges"].clone()).unwrap();
        there.change(&here.uri, here.version, changes, encoding);
        assert_eq!(there.get(&here.uri).unwrap().text, here.text);
        assert_eq!(changed["textDocument"]["version"], 5);
        here.text.to_string()
    }

    #[test]
    fn edits_land_where_they_were_meant_whatever_their_order_and_the_encoding() {
        use Encoding::{Utf8, Utf16};
        let table: [(&str, Encoding, &[Edit], &str); 6] = [
            (
                "a\nb\nc\n",
                Utf8,
                &[([0, 0, 1, 0], "A\nA\n"), ([2, 0, 3, 0], "")],
                "A\nA\nb\n",
            ),
            (
                "a\nb\nc\n",
                Utf8,
                &[([2, 0, 3, 0], ""), ([0, 0, 1, 0], "A\nA\n")],
                "A\nA\nb\n",
            ),
            ("é😀x\n", Utf8, &[([0, 6, 0, 7], "y")], "é😀y\n"),
            ("é😀x\n", Utf16, &[([0, 3, 0, 4], "y")], "é😀y\n"),
            ("a\n", Utf16, &[([1, 0, 1, 0], "b\n")], "a\nb\n"),
            ("ab", Utf16, &[([0, 0, 0, 1], ""), ([0, 1, 0, 2], "B")], "B"),
        ];
        for (before, encoding, edits, after) in table {
            assert_eq!(
                edited(before, encoding, edits),
                after,
                "{before:?} {edits:?}"
            );
        }
    }

    #[test]
    fn an_edit_for_another_version_another_file_or_the_same_place_twice_changes_nothing() {
        let stale = NotApplied::Stale {
            wanted: 3,
            version: 4,
        };
        let twice: [Edit; 2] = [([0, 0, 1, 0], "x"), ([0, 1, 0, 1], "y")];
        let table = [
            (edit(URI, Some(3), &[]), stale),
            (
                edit("file:///b", None, &[]),
                NotApplied::NotOpen("file:///b".to_owned()),
            ),
            (edit(URI, None, &twice), NotApplied::Overlap { line: 0 }),
        ];
        for (edit, why) in table {
            let mut document = document("a\nb\n", Encoding::Utf8);
            assert_eq!(document.apply(&edit), Err(why));
            assert_eq!(
                (document.text.to_string().as_str(), document.version),
                ("a\nb\n", 4)
            );
        }
    }

    #[test]
    fn a_line_is_typed_below_another() {
        let mut document = document("a\nb\nc\n", Encoding::Utf16);
        assert!(document.type_below("z\n", "x\n").is_none());
        assert!(document.type_below("b\n", "x\n").is_some());
        assert_eq!(
            (document.text.to_string().as_str(), document.version),
            ("a\nb\nx\nc\n", 5)
        );
    }
}
