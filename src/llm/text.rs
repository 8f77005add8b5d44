//! Text fields of streamed JSON as servers really send them: a string, or a list of parts, and
//! at times an emoji cut in two between one event and the next (`"\ud83d"`, `"\ude80"`), which
//! no Rust string can hold by itself.

use std::fmt;

use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};

/// A piece of text, kept as bytes: UTF-8, with lone surrogates encoded the same way.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Piece(Vec<u8>);

impl Piece {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<&str> for Piece {
    fn from(text: &str) -> Self {
        Self(text.as_bytes().to_vec())
    }
}

impl<'de> Deserialize<'de> for Piece {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Asked for bytes, serde_json passes on lone surrogates that it refuses in a string.
        deserializer.deserialize_bytes(PieceVisitor)
    }
}

/// One of `"content": [{"type": "text", "text": "…"}, …]`.
#[derive(serde::Deserialize)]
struct Part {
    text: Option<Piece>,
}

struct PieceVisitor;

impl<'de> Visitor<'de> for PieceVisitor {
    type Value = Piece;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or a list of text parts")
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Piece, E> {
        Ok(Piece(bytes.to_vec()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Piece, A::Error> {
        let mut bytes = Vec::new();
        while let Some(part) = parts.next_element::<Part>()? {
            bytes.extend(part.text.map_or_else(Vec::new, |text| text.0));
        }
        Ok(Piece(bytes))
    }
}

/// Puts pieces together again: the first half of a surrogate pair waits for the second.
#[derive(Debug, Default)]
pub(super) struct Joiner {
    high: Option<u16>,
}

impl Joiner {
    /// The text that `piece` completes. A half that meets another character than its partner
    /// becomes U+FFFD; one at the very end of an answer is dropped.
    pub(super) fn push(&mut self, piece: Piece) -> String {
        let bytes = match String::from_utf8(piece.0) {
            Ok(text) if self.high.is_none() => return text,
            Ok(text) => text.into_bytes(),
            Err(surrogates) => surrogates.into_bytes(),
        };
        let mut units: Vec<u16> = self.high.take().into_iter().collect();
        let mut lone = Vec::with_capacity(3);
        for chunk in bytes.utf8_chunks() {
            units.extend(chunk.valid().encode_utf16());
            lone.extend(chunk.invalid().iter().copied().map(u16::from));
            if let [a, b, c] = lone[..] {
                units.push((a & 0x0f) << 12 | (b & 0x3f) << 6 | (c & 0x3f));
                lone.clear();
            }
        }
        self.high = units.pop_if(|unit| (0xd800..0xdc00).contains(unit));
        String::from_utf16_lossy(&units)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads JSON texts one after the other, as deltas of one stream.
    fn joined(pieces: &[&str]) -> String {
        let mut joiner = Joiner::default();
        let mut text = String::new();
        for piece in pieces {
            text += &joiner.push(serde_json::from_str(piece).unwrap());
        }
        text
    }

    #[test]
    fn an_emoji_cut_into_surrogates_is_whole_again() {
        assert_eq!(joined(&[r#""a\ud83d""#, r#""\ude80b""#]), "a🚀b");
        assert_eq!(joined(&[r#""a\ud83d""#, r#""""#, r#""\ude80b""#]), "a🚀b");
        assert_eq!(joined(&[r#""\ud83d\ude80""#, r#""🚀é""#]), "🚀🚀é");
    }

    #[test]
    fn a_half_without_its_partner_is_replaced_or_at_the_end_dropped() {
        assert_eq!(joined(&[r#""a\ud83d""#, r#""b""#]), "a\u{fffd}b");
        assert_eq!(joined(&[r#""a\ude80b""#]), "a\u{fffd}b");
        assert_eq!(joined(&[r#""a\ud83d""#]), "a");
    }

    #[test]
    fn a_list_of_parts_is_read_as_its_texts() {
        let parts = r#"[{"type": "text", "text": "one "}, {"type": "image"}, {"text": "two"}]"#;
        assert_eq!(joined(&[parts]), "one two");
    }
}
