//! Thoughts that are closed and were never opened: the templates of some models put the opening tag
//! into the prompt.

use std::ops::Range;

use super::super::body::{Bodies, Body, Repair};
use super::super::command::{Call, Think, Tool};
use super::super::fence::Fences;
use super::super::native::token;
use super::super::tag::{Opening, is_thought};
use super::{Walk, advice};

/// How far the end of an unopened thought has been looked for.
pub(super) enum Sought {
    /// Not at all: a closer of a thought is a stray one.
    No,
    Yes,
    /// Here is its closer.
    Found(Range<usize>),
}

/// The thought before a lone closer.
pub(super) struct Unopened {
    closer: Range<usize>,
    /// The calls that stand in it.
    calls: Vec<Call>,
}

/// The thought that a text closes without having opened it. Its closer is where a walk meets it:
/// in a fence, a body, a call or a code span it is text. Something follows it, and a command where
/// commands stand before it; at the end of an answer such a closer is a stray one.
pub(super) fn unopened(text: &str, fences: &Fences, bodies: &Bodies<'_>) -> Option<Unopened> {
    let last = bodies.last_thought?;
    let mut walk = Walk::new(text, fences, bodies.clone(), usize::MAX);
    walk.thought = Sought::Yes;
    walk.run(0, last + 1);
    let Sought::Found(closer) = walk.thought else {
        return None;
    };
    let commands = walk.result.commands.into_iter();
    let calls: Vec<Call> = commands.map(|command| command.call).collect();
    let is_thought = calls.is_empty() || {
        let mut walk = Walk::new(text, fences, bodies.clone(), 1);
        walk.run(closer.end, text.len());
        !walk.result.commands.is_empty()
    };
    is_thought.then_some(Unopened { closer, calls })
}

impl Walk<'_> {
    /// Whether this closer is the one that is looked for.
    pub(super) fn ends_thought(&mut self, closer: Range<usize>) -> bool {
        let ends = matches!(self.thought, Sought::Yes)
            && says_more(&self.text[closer.end..])
            && !self.is_amid_words(&closer);
        if ends {
            self.thought = Sought::Found(closer);
        }
        ends
    }

    /// Whether a closer has words on both sides of it on its line: then it is talked about.
    fn is_amid_words(&self, closer: &Range<usize>) -> bool {
        let line_end = self.fences.line_start(self.fences.line_of(closer.end) + 1);
        let behind = self.text[closer.end..line_end.max(closer.end)].trim_start();
        self.is_within_line(closer.start) && !behind.is_empty() && !behind.starts_with('<')
    }

    /// A thought that is opened before a closer comes is no unopened one. Says whether one was
    /// looked for.
    pub(super) fn gives_thought_up(&mut self) -> bool {
        let sought = matches!(self.thought, Sought::Yes);
        self.thought = Sought::No;
        sought
    }

    /// Whether a tag that the closer of a thought ends is talked about in the thought: it stands in
    /// a sentence, or its body could not go on to another line.
    pub(super) fn is_in_thought(&self, at: usize, opening: &Opening, body: &Body) -> bool {
        let Some(Repair::WrongCloser(name)) = &body.repair else {
            return false;
        };
        let line = self.fences.line_of(at);
        let in_sentence = self.is_within_line(at);
        let goes_on = self.fences.line_of(body.end) > line;
        opening.tool != Tool::Think
            && is_thought(name)
            && (in_sentence || (goes_on && opening.tool.has_short_body()))
    }

    /// Takes the thought and says where the text goes on.
    pub(super) fn take_thought(&mut self, thought: &Unopened) -> usize {
        let Range { start, end } = thought.closer;
        if !self.has_room(0) {
            return self.text.len();
        }
        if !thought.calls.is_empty() {
            self.advise(
                start,
                advice::unopened(&self.text[start..end], &thought.calls),
            );
        }
        let body = self.text[..start].trim().to_owned();
        self.push(0, vec![Call::Think(Think { body })], end)
    }
}

/// Whether anything but blanks and tokens stands in `rest`.
pub(super) fn says_more(rest: &str) -> bool {
    let mut rest = rest.trim_start();
    while let Some(length) = token::length(rest) {
        rest = rest[length..].trim_start();
    }
    !rest.is_empty()
}
