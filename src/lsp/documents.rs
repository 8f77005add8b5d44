//! The open documents: their texts, their versions, and positions in the client's encoding.

use std::collections::HashMap;
use std::ops::Range as ByteRange;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use ropey::Rope;

use super::types::{
    Position, PositionEncodingKind, Range, TextDocumentContentChangeEvent, TextDocumentItem, Uri,
};

/// The unit of `Position.character`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    Utf8,
    Utf16,
}

impl Encoding {
    /// UTF-8 where the client lists it, else the protocol's default.
    pub fn chosen(offered: Option<&[PositionEncodingKind]>) -> Self {
        match offered {
            Some(kinds) if kinds.contains(&PositionEncodingKind::UTF8) => Self::Utf8,
            _ => Self::Utf16,
        }
    }

    /// The name that the protocol has for it.
    pub const fn kind(self) -> PositionEncodingKind {
        match self {
            Self::Utf8 => PositionEncodingKind::UTF8,
            Self::Utf16 => PositionEncodingKind::UTF16,
        }
    }

    /// The byte that a position means. Positions behind a line's or the text's end mean that end
    /// (LSP 3.17, "Position"); one inside a character means its beginning.
    pub fn byte(self, text: &Rope, position: Position) -> usize {
        let line = position.line as usize;
        if line >= text.len_lines() {
            return text.len_bytes();
        }
        let start = text.line_to_char(line);
        let slice = text.line(line);
        let end = content_chars(slice);
        let column = position.character as usize;
        let chars = match self {
            Self::Utf8 => slice.byte_to_char(column.min(slice.len_bytes())),
            Self::Utf16 => slice.utf16_cu_to_char(column.min(slice.len_utf16_cu())),
        };
        text.char_to_byte(start + chars.min(end))
    }

    /// The position of a byte. A byte inside a character means its beginning.
    pub fn position(self, text: &Rope, byte: usize) -> Position {
        let at = text.byte_to_char(byte.min(text.len_bytes()));
        let line = text.char_to_line(at);
        let column = at - text.line_to_char(line);
        let slice = text.line(line);
        let character = match self {
            Self::Utf8 => slice.char_to_byte(column),
            Self::Utf16 => slice.char_to_utf16_cu(column),
        };
        Position::new(number(line), number(character))
    }

    /// The range of these bytes.
    pub fn range(self, text: &Rope, bytes: ByteRange<usize>) -> Range {
        Range::new(
            self.position(text, bytes.start),
            self.position(text, bytes.end),
        )
    }
}

/// The last line that a range covers: one that ends where a line begins does not cover that.
pub fn last_line(range: Range) -> u32 {
    if range.end.character == 0 && range.end.line > range.start.line {
        range.end.line - 1
    } else {
        range.end.line
    }
}

/// The characters of a line before its line break.
fn content_chars(line: ropey::RopeSlice<'_>) -> usize {
    let mut length = line.len_chars();
    while length > 0 && matches!(line.char(length - 1), '\n' | '\r') {
        length -= 1;
    }
    length
}

/// A count of lines or columns as the protocol has it.
pub fn number(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// An open document.
#[derive(Debug, Clone)]
pub struct Document {
    pub uri: Uri,
    /// The file, spelled as the system does; none for documents that are not files.
    pub path: Option<PathBuf>,
    /// As the client names it.
    pub language: String,
    pub version: i32,
    pub text: Rope,
    /// Another one for every text that any document of the process has had.
    pub revision: u64,
    /// Whether it was changed since it was opened or saved.
    pub dirty: bool,
    /// The whole text, once somebody has asked for it.
    whole: OnceLock<Arc<str>>,
}

impl Document {
    /// The whole text.
    pub fn string(&self) -> Arc<str> {
        let whole = || Arc::from(String::from(&self.text));
        Arc::clone(self.whole.get_or_init(whole))
    }
}

fn next_revision() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// All open documents of a session.
#[derive(Debug, Default)]
pub struct Documents {
    by_uri: HashMap<Uri, Document>,
    /// Of several documents on one file, the one that was opened last.
    on_file: HashMap<PathBuf, Uri>,
}

impl Documents {
    /// Takes a document on.
    pub fn open(&mut self, item: TextDocumentItem) {
        let document = Document {
            path: file_of(&item.uri),
            uri: item.uri.clone(),
            language: item.language_id,
            version: item.version,
            text: Rope::from_str(&item.text),
            revision: next_revision(),
            dirty: false,
            whole: OnceLock::new(),
        };
        if let Some(path) = &document.path {
            self.on_file.insert(path.clone(), item.uri.clone());
        }
        self.by_uri.insert(item.uri, document);
    }

    /// Applies changes in their order. A change of a document that was never opened is dropped, as
    /// the protocol has it that there is none.
    pub fn change(
        &mut self,
        uri: &Uri,
        version: i32,
        changes: Vec<TextDocumentContentChangeEvent>,
        encoding: Encoding,
    ) -> bool {
        let Some(document) = self.by_uri.get_mut(uri) else {
            tracing::warn!(
                uri = uri.as_str(),
                "a change of a document that is not open"
            );
            return false;
        };
        for change in changes {
            match change.range {
                None => document.text = Rope::from_str(&change.text),
                Some(range) => {
                    let start = encoding.byte(&document.text, range.start);
                    let end = encoding.byte(&document.text, range.end).max(start);
                    let start = document.text.byte_to_char(start);
                    let end = document.text.byte_to_char(end);
                    document.text.remove(start..end);
                    document.text.insert(start, &change.text);
                }
            }
        }
        document.whole = OnceLock::new();
        document.version = version;
        document.revision = next_revision();
        document.dirty = true;
        true
    }

    /// Notes that the disk holds the text now.
    pub fn saved(&mut self, uri: &Uri) {
        if let Some(document) = self.by_uri.get_mut(uri) {
            document.dirty = false;
        }
    }

    /// Lets a document go, and gives it back.
    pub fn close(&mut self, uri: &Uri) -> Option<Document> {
        let closed = self.by_uri.remove(uri)?;
        if let Some(path) = &closed.path {
            self.on_file.remove(path);
            let other = self
                .by_uri
                .values()
                .find(|document| document.path == closed.path);
            if let Some(other) = other {
                self.on_file.insert(path.clone(), other.uri.clone());
            }
        }
        Some(closed)
    }

    /// The document of this URI, as the client spells it.
    pub fn get(&self, uri: &Uri) -> Option<&Document> {
        self.by_uri.get(uri)
    }

    /// The document that is open on a file, whatever its URI.
    pub fn on_file(&self, path: &Path) -> Option<&Document> {
        self.by_uri.get(self.on_file.get(path)?)
    }

    /// All open documents, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Document> {
        self.by_uri.values()
    }
}

/// The file that a URI names, its folder spelled without links, whether or not the file exists.
pub fn file_of(uri: &Uri) -> Option<PathBuf> {
    if !uri.as_str().starts_with("file:") {
        return None;
    }
    let path = uri.to_file_path()?.into_owned();
    if let Ok(resolved) = path.canonicalize() {
        return Some(resolved);
    }
    match (path.parent().map(Path::canonicalize), path.file_name()) {
        (Some(Ok(folder)), Some(name)) => Some(folder.join(name)),
        _ => Some(path),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn uri() -> Uri {
        "file:///nowhere/a.rs".parse().unwrap()
    }

    fn changed(before: &str, range: [u32; 4], text: &str, encoding: Encoding) -> String {
        let mut documents = Documents::default();
        let item = TextDocumentItem::new(uri(), "rust".to_owned(), 1, before.to_owned());
        documents.open(item);
        let [l1, c1, l2, c2] = range;
        let change = TextDocumentContentChangeEvent {
            range: Some(Range::new(Position::new(l1, c1), Position::new(l2, c2))),
            range_length: None,
            text: text.to_owned(),
        };
        documents.change(&uri(), 2, vec![change], encoding);
        documents.get(&uri()).unwrap().text.to_string()
    }

    #[test]
    fn a_change_lands_where_the_encoding_says() {
        use Encoding::{Utf8, Utf16};
        let table = [
            ("aéb\n", [0, 2, 0, 3], "X", Utf16, "aéX\n"),
            ("aéb\n", [0, 3, 0, 4], "X", Utf8, "aéX\n"),
            ("a😀b", [0, 3, 0, 4], "X", Utf16, "a😀X"),
            ("a😀b", [0, 5, 0, 6], "X", Utf8, "a😀X"),
            // Behind the end of a line, of the text.
            ("ab\r\ncd", [0, 99, 0, 99], "X", Utf16, "abX\r\ncd"),
            ("ab\n", [9, 9, 9, 9], "X", Utf16, "ab\nX"),
            ("ab\ncd", [0, 1, 1, 1], "", Utf16, "ad"),
            // A form feed is no line break.
            ("a\u{c}b\nc", [1, 0, 1, 1], "X", Utf16, "a\u{c}b\nX"),
        ];
        for (before, range, text, encoding, after) in table {
            assert_eq!(changed(before, range, text, encoding), after, "{before:?}");
        }
    }

    proptest! {
        #[test]
        fn every_byte_is_found_again_by_its_position(text in "[a\u{e9}\u{1F600}\n\r\t]{0,20}") {
            let rope = Rope::from_str(&text);
            for encoding in [Encoding::Utf8, Encoding::Utf16] {
                for (byte, _) in text.char_indices() {
                    let position = encoding.position(&rope, byte);
                    let back = encoding.byte(&rope, position);
                    // A position inside \r\n means the end of the line before it.
                    let inside_break = text[..byte].ends_with('\r') && text[byte..].starts_with('\n');
                    prop_assert_eq!(back, if inside_break { byte - 1 } else { byte });
                }
            }
        }
    }
}
