//! Code spans of Markdown: what stands between two runs of backticks of the same length on one line
//! is talked about.
//!
//! **Invariant**: the runs of a line are paired once, however many of them are asked for.

use std::ops::Range;

use memchr::memchr;

pub(super) struct CodeSpans<'t> {
    text: &'t str,
    /// The part of a line whose runs are known.
    known: Range<usize>,
    /// Where each run begins, in order, and where the span ends that it begins.
    runs: Vec<(usize, Option<usize>)>,
}

impl<'t> CodeSpans<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self {
            text,
            known: 0..0,
            runs: Vec::new(),
        }
    }

    /// Where the span ends that begins with the backtick at `at`; the end of the backticks when
    /// the line holds no others to close it.
    pub(super) fn end(&mut self, at: usize) -> usize {
        let run = run_length(&self.text[at..]);
        if !self.known.contains(&at) {
            self.pair_from(at);
        }
        let known = self.runs.binary_search_by_key(&at, |(start, _)| *start);
        let end = known.map_or(None, |index| self.runs[index].1);
        end.unwrap_or(at + run)
    }

    /// Pairs the runs between `at` and the end of its line.
    fn pair_from(&mut self, at: usize) {
        let rest = &self.text[at..];
        let line = &rest[..memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len())];
        // The last run of each length, as an index.
        let mut last: Vec<Option<usize>> = Vec::new();
        self.runs.clear();
        let mut position = 0;
        while let Some(found) = memchr(b'`', &line.as_bytes()[position..]) {
            let start = position + found;
            let length = run_length(&line[start..]);
            position = start + length;
            if last.len() <= length {
                last.resize(length + 1, None);
            }
            if let Some(opener) = last[length].replace(self.runs.len()) {
                self.runs[opener].1 = Some(at + position);
            }
            self.runs.push((at + start, None));
        }
        self.known = at..at + line.len();
    }
}

fn run_length(text: &str) -> usize {
    text.bytes().take_while(|byte| *byte == b'`').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_ends_with_the_next_run_as_long_on_its_line() {
        for (text, at, span) in [
            ("`a` b", 0, "`a`"),
            ("``a`b`` c", 0, "``a`b``"),
            ("``a`b`` c", 3, "`"),
            ("` `` `", 0, "` `` `"),
            ("` ``` `` `", 2, "```"),
            ("`a\n`", 0, "`"),
            ("```", 0, "```"),
        ] {
            let end = CodeSpans::new(text).end(at);
            assert_eq!(&text[at..end], span, "{text}");
        }
    }
}
