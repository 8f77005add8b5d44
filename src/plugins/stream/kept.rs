//! What is kept of an output that may be of any length: its beginning and its end.

use std::collections::VecDeque;

/// How much is kept of the beginning, and as much of the end. In bytes.
const PART: usize = 32 << 10;

/// An output as far as it is kept.
///
/// **Invariant.** It takes at most twice [`PART`], however much is put in. Bytes become text only when
/// they are read, so a character that comes in pieces is one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kept {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    bytes: u64,
}

impl Kept {
    /// Puts more behind what is there.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes = self.bytes.saturating_add(bytes.len() as u64);
        let room = PART - self.head.len();
        let (head, rest) = bytes.split_at(bytes.len().min(room));
        self.head.extend_from_slice(head);
        // Of a piece longer than the tail only its end can stay.
        let rest = &rest[rest.len().saturating_sub(PART)..];
        let surplus = (self.tail.len() + rest.len()).saturating_sub(PART);
        self.tail.drain(..surplus);
        self.tail.extend(rest);
    }

    /// All bytes that were put in, kept or not.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What is kept, with a word on what was left out between its beginning and its end. What is no
    /// UTF-8 is replaced (U+FFFD).
    pub fn text(&self) -> String {
        let tail: Vec<u8> = self.tail.iter().copied().collect();
        let held = (self.head.len() + tail.len()) as u64;
        if held == self.bytes {
            return String::from_utf8_lossy(&[self.head.as_slice(), &tail].concat()).into_owned();
        }
        let head = &self.head[..whole(&self.head)];
        let tail = &tail[first_whole(&tail)..];
        let left_out = self.bytes - (head.len() + tail.len()) as u64;
        format!(
            "{}\n[… {left_out} bytes left out …]\n{}",
            String::from_utf8_lossy(head),
            String::from_utf8_lossy(tail),
        )
    }
}

/// The bytes before a character at the end that is not whole yet.
pub fn whole(bytes: &[u8]) -> usize {
    let begins = |byte: &u8| byte & 0b1100_0000 != 0b1000_0000;
    let Some(back) = bytes.iter().rev().take(4).position(begins) else {
        return bytes.len();
    };
    let start = bytes.len() - 1 - back;
    let length = match bytes[start] {
        0xC2..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF4 => 4,
        _ => 1,
    };
    if start + length > bytes.len() {
        start
    } else {
        bytes.len()
    }
}

/// Where the first character begins that is whole.
fn first_whole(bytes: &[u8]) -> usize {
    let goes_on = |byte: &&u8| **byte & 0b1100_0000 == 0b1000_0000;
    bytes.iter().take(3).take_while(goes_on).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(pieces: &[&[u8]]) -> Kept {
        let mut kept = Kept::default();
        for piece in pieces {
            kept.push(piece);
        }
        kept
    }

    #[test]
    fn up_to_twice_a_part_is_kept_as_it_is() {
        let text = "ä€😀x".repeat(2 * PART / 10);
        for piece in [1, 3, 7, 4096, text.len()] {
            let pieces: Vec<&[u8]> = text.as_bytes().chunks(piece).collect();
            let kept = kept(&pieces);
            assert_eq!(kept.text(), text, "in pieces of {piece}");
            assert_eq!(kept.bytes(), text.len() as u64);
        }
    }

    #[test]
    fn of_more_the_beginning_and_the_end_are_kept_and_the_rest_is_counted() {
        let text = "ä€😀x".repeat(PART);
        for piece in [1, 3, 4096, 3 * PART, text.len()] {
            let pieces: Vec<&[u8]> = text.as_bytes().chunks(piece).collect();
            let shown = kept(&pieces).text();
            let (head, rest) = shown.split_once("\n[… ").unwrap();
            let (count, tail) = rest.split_once(" bytes left out …]\n").unwrap();
            assert!(text.starts_with(head) && text.ends_with(tail), "{piece}");
            let left_out: usize = count.parse().unwrap();
            assert_eq!(head.len() + left_out + tail.len(), text.len(), "{piece}");
            assert!(head.len() > PART - 4 && tail.len() > PART - 4, "{piece}");
        }
    }

    #[test]
    fn what_is_no_text_is_replaced_and_counted_as_it_came() {
        let kept = kept(&[b"a\xff", b"b\xe2\x82"]);
        assert_eq!(
            (kept.text().as_str(), kept.bytes()),
            ("a\u{fffd}b\u{fffd}", 5)
        );
    }

    #[test]
    fn only_a_character_that_is_still_coming_is_no_part_of_what_is_whole() {
        for (bytes, expected) in [
            (&b""[..], 0),
            (b"ab", 2),
            (b"a\xc3", 1),
            (b"a\xc3\xa4", 3),
            (b"a\xe2\x82", 1),
            (b"\xf0\x9f\x98", 0),
            (b"a\xff", 2),
            (b"\x80\x80\x80\x80", 4),
        ] {
            assert_eq!(whole(bytes), expected, "{bytes:?}");
        }
    }
}
