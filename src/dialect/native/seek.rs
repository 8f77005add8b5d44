//! Searches over the rest of a text that are asked again and again, each answered from the last
//! answer as long as that holds.
//!
//! **Invariant**: questions whose places do not go back cost one pass over the text a needle.

use std::collections::HashMap;

use memchr::memmem;

pub(in super::super) struct Seeker<'t> {
    text: &'t str,
    /// By needle: from where it was looked for last, and where it was.
    answers: HashMap<String, (usize, Option<usize>)>,
}

impl<'t> Seeker<'t> {
    pub(in super::super) fn new(text: &'t str) -> Self {
        Self {
            text,
            answers: HashMap::new(),
        }
    }

    /// Where `needle` is found first at `from` or later.
    pub(in super::super) fn next(&mut self, needle: &str, from: usize) -> Option<usize> {
        if let Some((asked, answer)) = self.answers.get(needle)
            && *asked <= from
            && answer.is_none_or(|answer| from <= answer)
        {
            return *answer;
        }
        let rest = &self.text.as_bytes()[from..];
        let answer = memmem::find(rest, needle.as_bytes()).map(|found| from + found);
        self.answers.insert(needle.to_owned(), (from, answer));
        answer
    }

    /// [`Self::next`], or the end of the text.
    pub(in super::super) fn next_or_end(&mut self, needle: &str, from: usize) -> usize {
        self.next(needle, from).unwrap_or(self.text.len())
    }
}
