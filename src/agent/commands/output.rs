//! The output of one channel while its command runs: what is kept of it, and what is still to be told.

use crate::plugins::stream::{Kept, whole};

/// How much is told at once, in bytes; what comes faster is counted.
const TOLD: usize = 16 << 10;

/// A channel's output so far.
#[derive(Debug, Default)]
pub struct Output {
    kept: Kept,
    /// Came since the last time that something was told, as far as it is to be told.
    fresh: Vec<u8>,
    left_out: u64,
    /// Something came since it was kept.
    is_new: bool,
}

impl Output {
    pub fn push(&mut self, bytes: &[u8]) {
        self.is_new |= !bytes.is_empty();
        self.kept.push(bytes);
        let room = if self.left_out > 0 {
            0
        } else {
            TOLD.saturating_sub(self.fresh.len())
        };
        let (told, rest) = bytes.split_at(bytes.len().min(room));
        self.fresh.extend_from_slice(told);
        self.left_out += rest.len() as u64;
    }

    /// What is to be told now, with a word on what is left out of it; none where nothing is. A
    /// character that is still coming waits for its rest, unless this is the last time.
    pub fn told(&mut self, last: bool) -> Option<String> {
        let end = if last {
            self.fresh.len()
        } else {
            whole(&self.fresh)
        };
        let cut = std::mem::take(&mut self.left_out);
        if cut == 0 {
            let rest = self.fresh.split_off(end);
            let told = std::mem::replace(&mut self.fresh, rest);
            return (!told.is_empty()).then(|| String::from_utf8_lossy(&told).into_owned());
        }
        // What follows a gap begins anew.
        let told = std::mem::take(&mut self.fresh);
        let left_out = cut + (told.len() - end) as u64;
        let told = String::from_utf8_lossy(&told[..end]).into_owned();
        Some(format!("{told}\n[… {left_out} bytes left out …]\n"))
    }

    /// What is to be kept now; none where nothing came since the last time.
    pub fn kept(&mut self) -> Option<Kept> {
        std::mem::take(&mut self.is_new).then(|| self.kept.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_piece_by_piece_is_what_was_put_in() {
        let text = "ä€😀x".repeat(50);
        for piece in [1, 2, 3, 5, 64] {
            let mut output = Output::default();
            let mut told = String::new();
            for bytes in text.as_bytes().chunks(piece) {
                output.push(bytes);
                told.extend(output.told(false));
            }
            assert_eq!(output.told(false), None);
            assert_eq!(told, text, "in pieces of {piece}");
        }
    }

    #[test]
    fn a_character_that_never_came_whole_is_told_at_the_end() {
        let mut output = Output::default();
        output.push(b"a\xe2\x82");
        assert_eq!(output.told(false).as_deref(), Some("a"));
        assert_eq!(output.told(false), None);
        assert_eq!(output.told(true).as_deref(), Some("\u{fffd}"));
    }

    #[test]
    fn what_comes_too_fast_to_be_told_is_counted() {
        let mut output = Output::default();
        output.push(&vec![b'x'; TOLD - 1]);
        output.push("€€".as_bytes());
        output.push(b"late");
        let told = output.told(false).unwrap();
        let expected = "x".repeat(TOLD - 1) + "\n[… 10 bytes left out …]\n";
        assert_eq!(told, expected);
        output.push(b"on");
        assert_eq!(output.told(false).as_deref(), Some("on"));
        assert_eq!(output.kept().unwrap().bytes(), TOLD as u64 + 11);
        assert_eq!(output.kept(), None);
    }
}
