//! Texts and positions as an editor has them: strict where a server could go wrong.

use std::ops::Range as Bytes;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The unit of a position's `character`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    Utf8,
    Utf16,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Position {
    pub line: usize,
    pub character: usize,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Range {
    pub start: Position,
    pub end: Position,
}

impl Range {
    /// The whole lines from `start` up to `end`, which is not among them.
    pub fn lines(start: usize, end: usize) -> Self {
        let at = |line| Position { line, character: 0 };
        Self {
            start: at(start),
            end: at(end),
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TextEdit {
    pub range: Range,
    pub new_text: String,
    pub annotation_id: Option<String>,
}

impl Encoding {
    /// The byte that a position means: behind a line's end its end, behind the text's end its end.
    /// One inside a character has no meaning that editors agree on.
    pub fn byte(self, text: &str, position: Position) -> usize {
        let Some((start, line)) = lines(text).nth(position.line) else {
            return text.len();
        };
        let mut units = 0;
        for (byte, character) in line.char_indices() {
            if units == position.character {
                return start + byte;
            }
            units += self.units(character);
            assert!(
                units <= position.character,
                "{position:?} lies inside {character:?} of {line:?}"
            );
        }
        start + line.len()
    }

    pub fn position(self, text: &str, byte: usize) -> Position {
        let before = &text[..byte];
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        Position {
            line: before.matches('\n').count(),
            character: before[start..].chars().map(|c| self.units(c)).sum(),
        }
    }

    pub fn range(self, text: &str, bytes: &Bytes<usize>) -> Range {
        Range {
            start: self.position(text, bytes.start),
            end: self.position(text, bytes.end),
        }
    }

    fn units(self, character: char) -> usize {
        match self {
            Self::Utf8 => character.len_utf8(),
            Self::Utf16 => character.len_utf16(),
        }
    }

    /// Applies edits that all speak of the text as it is. Returns the changes that tell of them,
    /// last place first, so that none moves another.
    pub fn apply(self, text: &mut String, edits: &[TextEdit]) -> Vec<Value> {
        let mut edits: Vec<&TextEdit> = edits.iter().collect();
        edits.sort_by_key(|edit| edit.range.start);
        for pair in edits.windows(2) {
            assert!(
                pair[0].range.end <= pair[1].range.start,
                "edits overlap: {pair:?}"
            );
        }
        let mut changes = Vec::new();
        for edit in edits.into_iter().rev() {
            let start = self.byte(text, edit.range.start);
            let end = self.byte(text, edit.range.end);
            text.replace_range(start..end, &edit.new_text);
            changes.push(json!({"range": edit.range, "text": edit.new_text}));
        }
        changes
    }
}

/// Each line without its line break, and the byte it begins at.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut start = 0;
    text.split('\n').map(move |line| {
        let at = start;
        start += line.len() + 1;
        (at, line.strip_suffix('\r').unwrap_or(line))
    })
}
