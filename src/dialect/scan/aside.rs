//! Elements between commands that set aside what stands in them: comments, thoughts in another tag
//! than `<think>`, the results of calls; and the end of the model's turn, behind which all is made
//! up.

use std::ops::Range;

use memchr::{memchr_iter, memmem};

use super::super::command::{Call, Think, Tool};
use super::super::native::token;
use super::super::tag::{THOUGHTS, name_length, opening_at, tool_at};
use super::thought::says_more;
use super::{Walk, advice, scan};

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
        let end = self.end_of(at, "-->")?.end;
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
        let start = at + name.len() + "<>".len();
        let body = self.text[start..closer.start].trim().to_owned();
        let commands = scan(&body, usize::MAX).commands.into_iter();
        let calls: Vec<Call> = commands
            .map(|command| command.call)
            .filter(|call| call.tool() != Tool::Think)
            .collect();
        self.advise(at, advice::other_thought(name, &calls));
        Some(self.push(at, vec![Call::Think(Think { body })], closer.end))
    }

    /// The closer of the element `name` that begins at `at`.
    fn element_end(&mut self, at: usize, name: &str) -> Option<Range<usize>> {
        self.end_of(at, &["</", name, ">"].concat())
    }

    /// Where `closer` ends what begins at `at`. What begins within a line is mentioned unless it ends
    /// there too; a closer in the body of a command that begins a line in between is text.
    fn end_of(&mut self, at: usize, closer: &str) -> Option<Range<usize>> {
        let mut end = self.seeker.next(closer, at + 1)?;
        let line_end = self.fences.line_start(self.fences.line_of(at) + 1);
        let found = |end: usize| Some(end..end + closer.len());
        if end < line_end {
            return found(end);
        }
        if self.is_within_line(at) || self.endless.iter().any(|known| known == closer) {
            return None;
        }
        let mut position = at + 1;
        while let Some(tag) = self.bodies.next_line_tag(position, end) {
            position = tag + 1;
            let Some(opening) = opening_at(self.text, tag) else {
                continue;
            };
            position = opening.end;
            if !opening.self_closing {
                let body = self.bodies.read(&opening);
                let is_closed =
                    body.repair.is_none() && body.own_opener.is_none_or(|inner| inner < end);
                if body.next > end && !(is_closed && end < body.end) {
                    return found(end);
                }
                position = body.next;
            }
            if position > end {
                let rest = &self.text.as_bytes()[position..];
                let Some(next) = memmem::find(rest, closer.as_bytes()) else {
                    self.endless.push(closer.to_owned());
                    return None;
                };
                end = position + next;
            }
        }
        found(end)
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
        let line_end = self.fences.line_start(self.fences.line_of(span.start) + 1);
        let ends = token::ENDS.contains(&token)
            && ends_turn(&self.text[span.end..line_end])
            && (token != token::PLAIN_END || self.is_alone(&span));
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

/// Whether the turn can have ended before the rest of a line: nothing is said in it, or the next
/// turn begins.
fn ends_turn(rest: &str) -> bool {
    const STARTS: [&str; 5] = [
        "<|im_start|>",
        "<|start_header_id|>",
        "<|user|>",
        "<start_of_turn>",
        "<｜User｜>",
    ];
    /// Nobody mentions more tokens in a row than this.
    const LONGEST_RUN: usize = 8;
    let mut rest = rest.trim_start();
    for _ in 0..LONGEST_RUN {
        if STARTS.iter().any(|start| rest.starts_with(start)) {
            break;
        }
        let Some(length) = token::length(rest) else {
            return rest.is_empty();
        };
        rest = rest[length..].trim_start();
    }
    true
}
