//! Elements between commands that set aside what stands in them: comments, thoughts in another tag
//! than `<think>`, the results of calls; and the end of the model's turn, behind which all is made
//! up.

use std::ops::Range;

use memchr::memchr_iter;

use super::super::command::{Call, Think};
use super::super::native::token;
use super::super::tag::{THOUGHTS, name_length, tool_at};
use super::thought::says_more;
use super::{Walk, advice};

/// Elements in which a system would answer. What a model writes there it has made up.
const RESULTS: [&str; 5] = [
    "tool_response",
    "tool_result",
    "tool_output",
    "function_response",
    "function_results",
];

impl Walk<'_> {
    /// Deals with an element that is set aside, if one stands at `at`, and says where to go on.
    pub(super) fn aside(&mut self, at: usize) -> Option<usize> {
        let inner = self.text[at..].strip_prefix('<')?;
        match inner.as_bytes().first()? {
            b'!' if inner.starts_with("!--") => return self.comment(at),
            b'a'..=b'z' => {}
            _ => return None,
        }
        let name = &inner[..name_length(inner)];
        if !inner[name.len()..].starts_with('>') {
            return None;
        }
        if THOUGHTS[1..].contains(&name) {
            return self.other_thought(at, name);
        }
        if !RESULTS.contains(&name) {
            return None;
        }
        let end = self.element_end(at, name)?.end;
        self.advise(at, advice::results(name));
        self.prose(at, end);
        Some(end)
    }

    fn comment(&mut self, at: usize) -> Option<usize> {
        let end = self.seeker.next("-->", at + "<!--".len())? + "-->".len();
        if let Some((tag, name)) = self.first_tag(at..end) {
            self.advise(tag, advice::commented(name));
        }
        self.prose(at, end);
        Some(end)
    }

    /// A thought in another tag than `<think>`.
    fn other_thought(&mut self, at: usize, name: &str) -> Option<usize> {
        let closer = self.element_end(at, name)?;
        if self.gives_thought_up() || !self.has_room(at) {
            return Some(self.text.len());
        }
        self.advise(at, advice::other_thought(name));
        let start = at + name.len() + "<>".len();
        let body = self.text[start..closer.start].trim().to_owned();
        Some(self.push(at, vec![Call::Think(Think { body })], closer.end))
    }

    /// The closer of the element `name` that begins at `at`.
    fn element_end(&mut self, at: usize, name: &str) -> Option<Range<usize>> {
        let closer = ["</", name, ">"].concat();
        let start = self.seeker.next(&closer, at)?;
        Some(start..start + closer.len())
    }

    fn first_tag(&self, span: Range<usize>) -> Option<(usize, &'static str)> {
        memchr_iter(b'<', &self.text.as_bytes()[span.clone()]).find_map(|found| {
            let at = span.start + found;
            tool_at(self.text, at).map(|(tool, _)| (at, tool.name()))
        })
    }

    /// Steps over a token that says nothing, or to the end where it ends the turn.
    pub(super) fn token(&mut self, span: Range<usize>) -> usize {
        let token = &self.text[span.clone()];
        let ends =
            token::ENDS.contains(&token) && (token != token::PLAIN_END || self.is_alone(&span));
        if !ends {
            return span.end;
        }
        if says_more(&self.text[span.end..]) {
            self.advise(span.start, advice::end_of_turn(token));
        }
        self.text.len()
    }

    /// Whether nothing else stands on the line.
    fn is_alone(&self, span: &Range<usize>) -> bool {
        let line = self.fences.line_of(span.start);
        let (start, end) = (
            self.fences.line_start(line),
            self.fences.line_start(line + 1),
        );
        self.text[start..span.start].trim().is_empty() && self.text[span.end..end].trim().is_empty()
    }
}
