//! From an answer to its commands: walks the text between commands, where fences, code spans and
//! stray closers are told apart from tags. What is inside a command is read by [`super::body`]; the
//! files beside this one deal with what stands between tags and is none.

mod advice;
mod aside;
mod calls;
mod fences;
mod lost;
mod thought;

use std::ops::Range;

use memchr::memchr_iter;
use serde::Serialize;

use super::body::{Bodies, Body};
use super::command::{Call, Command, Tool};
use super::fence::Fences;
use super::fields::{self, Built};
use super::native::{self, Natives, Seeker};
use super::span::CodeSpans;
use super::tag::{Opening, closer_at, is_thought, opening_at, tool_at};
use fences::Wrapper;
use thought::Sought;

/// Whether a byte can begin something other than prose.
const MARKS: [bool; 256] = {
    let mut marks = [false; 256];
    let mut index = 0;
    while index < native::MARKS.len() {
        marks[native::MARKS[index] as usize] = true;
        index += 1;
    }
    marks[b'`' as usize] = true;
    marks
};

/// More advisories than this teach a model nothing.
const MAX_ADVISORIES: usize = 50;

/// What an answer holds.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Scan {
    /// In the order in which they were written.
    pub commands: Vec<Command>,
    /// What was forgiven, in the order in which it was found.
    pub advisories: Vec<Advisory>,
    /// The text outside of commands, trimmed.
    pub unparsed: String,
    /// The bytes of the answer that are outside of commands, in their order; none that are all blank.
    #[serde(skip)]
    pub prose: Vec<Range<usize>>,
}

/// Something that was not written as it should have been and was taken all the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Advisory {
    /// What was wrong and what would be right, for the model.
    pub message: String,
    pub place: Place,
}

/// A place in the answer. Both numbers start at 1; columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    pub line: u32,
    pub column: u32,
}

/// Finds the commands of an answer, at most `max_commands` of them.
pub fn scan(text: &str, max_commands: usize) -> Scan {
    scan_with_calls(text, [], max_commands)
}

/// Finds the commands of an answer that came with tool calls beside its text, as pairs of a name
/// and arguments in JSON. Their commands follow those of the text.
pub fn scan_with_calls<'c>(
    text: &str,
    calls: impl IntoIterator<Item = (&'c str, &'c str)>,
    max_commands: usize,
) -> Scan {
    let fences = Fences::of(text);
    let bodies = Bodies::new(text, &fences);
    let thought = thought::unopened(text, &fences, &bodies);
    let mut walk = Walk::new(text, &fences, bodies, max_commands);
    let start = thought.map_or(0, |thought| walk.take_thought(&thought));
    walk.run(start, text.len());
    for (name, arguments) in calls {
        walk.call_beside(name, arguments);
    }
    walk.report_lost_edits();
    let mut result = walk.result;
    for Prose { span, .. } in walk.prose {
        match result.prose.last_mut() {
            Some(last) if last.end == span.start => last.end = span.end,
            _ => result.prose.push(span),
        }
    }
    result
        .prose
        .retain(|span| !text[span.clone()].trim().is_empty());
    result.unparsed = result.unparsed.trim().to_owned();
    result
}

struct Walk<'t> {
    text: &'t str,
    max_commands: usize,
    fences: &'t Fences,
    bodies: Bodies<'t>,
    natives: Natives<'t>,
    seeker: Seeker<'t>,
    /// The fence around commands that is open here.
    wrapper: Option<Wrapper<'t>>,
    /// Before this offset, a fence that closes behind it is none.
    plain_until: usize,
    /// The fence line from which on the next one is looked for.
    fence_cursor: usize,
    spans: CodeSpans<'t>,
    /// The last place that was asked for.
    placed: (usize, Place),
    /// The end of a thought that nothing opened, as far as it is looked for.
    thought: Sought,
    /// The last body that its own closer ended.
    closed: Option<Closed>,
    /// Closers of which none is left that ends what stands between commands.
    endless: Vec<String>,
    /// From where the next tag that begins a line was looked for last, and where it was.
    line_tag: Option<(usize, Option<usize>)>,
    /// The text between commands.
    prose: Vec<Prose>,
    result: Scan,
}

/// A body that its own closer ended.
struct Closed {
    tool: Tool,
    closer: usize,
    /// How many commands there were before it.
    before: usize,
}

/// Where text stands that is part of no command.
struct Prose {
    span: Range<usize>,
    /// Whether it is a Markdown fence.
    fenced: bool,
}

impl<'t> Walk<'t> {
    fn new(text: &'t str, fences: &'t Fences, bodies: Bodies<'t>, max_commands: usize) -> Self {
        Self {
            text,
            max_commands,
            fences,
            bodies,
            natives: Natives::new(text),
            seeker: Seeker::new(text),
            wrapper: None,
            plain_until: 0,
            fence_cursor: 0,
            spans: CodeSpans::new(text),
            placed: (0, Place { line: 1, column: 1 }),
            thought: Sought::No,
            closed: None,
            endless: Vec::new(),
            line_tag: None,
            prose: Vec::new(),
            result: Scan::default(),
        }
    }

    /// Walks from `start` on, up to what begins at `limit` or behind.
    fn run(&mut self, start: usize, limit: usize) {
        let mut position = start;
        while position < limit {
            let at = self.next_mark(position);
            let index = self.next_fence(position);
            position = match self.fences.get(index) {
                Some(fence) if fence.span.start <= at => {
                    self.prose(position, fence.span.start);
                    self.fence(index, fence)
                }
                _ => {
                    self.prose(position, at);
                    self.mark(at)
                }
            };
        }
    }

    /// Where the next thing may begin that is no prose.
    fn next_mark(&self, position: usize) -> usize {
        let bytes = self.text.as_bytes();
        (position..bytes.len())
            .find(|at| {
                let byte = bytes[*at];
                MARKS[usize::from(byte)] && (byte == b'`' || native::may_begin(&bytes[*at..]))
            })
            .unwrap_or(bytes.len())
    }

    /// The first fence line that starts at `position` or later.
    fn next_fence(&mut self, position: usize) -> usize {
        while let Some(fence) = self.fences.get(self.fence_cursor)
            && fence.span.start < position
        {
            self.fence_cursor += 1;
        }
        self.fence_cursor
    }

    fn prose(&mut self, from: usize, to: usize) {
        self.keep(from..to, false);
    }

    /// Keeps a span of prose. Spans that follow each other are one.
    fn keep(&mut self, span: Range<usize>, fenced: bool) {
        if span.is_empty() {
            return;
        }
        self.result.unparsed.push_str(&self.text[span.clone()]);
        match self.prose.last_mut() {
            Some(last) if last.span.end == span.start && last.fenced == fenced => {
                last.span.end = span.end;
            }
            _ => self.prose.push(Prose { span, fenced }),
        }
    }

    /// Deals with the mark at `at` and says where to go on.
    fn mark(&mut self, at: usize) -> usize {
        let rest = &self.text[at..];
        let next = if rest.starts_with('`') {
            self.spans.end(at)
        } else if let Some(next) = self.closer(at) {
            return next;
        } else if let Some(opening) = opening_at(self.text, at)
            && !self.is_mention(at, &opening)
        {
            return self.command(at, opening);
        } else if let Some(next) = self.aside(at) {
            return next;
        } else if let Some(found) = self.natives.at(at) {
            return self.native(at, found);
        } else {
            at + rest.chars().next().map_or(0, char::len_utf8)
        };
        self.prose(at, next);
        next
    }

    /// A closer of a tool where no tool is open is dropped.
    fn closer(&mut self, at: usize) -> Option<usize> {
        let (name, end) = closer_at(self.text, at)?;
        let tool = Tool::from_name(name);
        if matches!(tool, None | Some(Tool::Think)) {
            if !is_thought(name) {
                return None;
            }
            if self.ends_thought(at..end) {
                return Some(self.text.len());
            }
        }
        if self.has_more_to_say() {
            // What stands behind other commands is no part of a thought.
            let commands = self.result.commands.len();
            let earlier = self.closed.as_ref().filter(|closed| {
                Some(closed.tool) == tool
                    && (closed.tool != Tool::Think || commands <= closed.before + 1)
            });
            let earlier = earlier.map(|closed| self.fences.line_of(closed.closer) + 1);
            self.advise(at, advice::stray(name, earlier));
        }
        Some(end)
    }

    /// "Use `<get>` for that": a bare tag within a line is talked about where nothing closes it, or
    /// a command begins before its closer.
    fn is_mention(&mut self, at: usize, opening: &Opening) -> bool {
        if !opening.attributes.is_empty() || opening.self_closing || !self.is_within_line(at) {
            return false;
        }
        let Some(closer) = self.bodies.first_closer(opening.tool, opening.end) else {
            return true;
        };
        opening.tool != Tool::Think
            && self
                .line_tag_from(opening.end)
                .is_some_and(|tag| tag < closer)
    }

    /// The next tag of a tool that begins a line.
    fn line_tag_from(&mut self, from: usize) -> Option<usize> {
        if let Some((asked, answer)) = self.line_tag
            && asked <= from
            && answer.is_none_or(|answer| from <= answer)
        {
            return answer;
        }
        let answer = self.bodies.next_line_tag(from, self.text.len());
        self.line_tag = Some((from, answer));
        answer
    }

    /// Whether something else stands before `at` on its line.
    fn is_within_line(&self, at: usize) -> bool {
        let start = self.fences.line_start(self.fences.line_of(at));
        !self.text[start..at].trim_start().is_empty()
    }

    fn command(&mut self, at: usize, opening: Opening) -> usize {
        if opening.tool == Tool::Think && self.gives_thought_up() {
            return self.text.len();
        }
        if !self.has_room(at) {
            return self.text.len();
        }
        self.report_wrapper();
        if let Some(flaw) = opening.flaw {
            self.advise(at, advice::flaw(flaw, opening.tool));
        }
        let (body, next) = if opening.self_closing {
            (None, opening.end)
        } else {
            let body = self.bodies.read(&opening);
            if self.is_in_thought(at, &opening, &body) && self.ends_thought(body.end..body.next) {
                return self.text.len();
            }
            self.report_body(at, opening.tool, &body);
            (Some(&self.text[opening.end..body.end]), body.next)
        };
        match fields::of_tag(opening.tool, opening.attributes, body) {
            Built::One(call) => self.push(at, vec![call], next),
            Built::Patch(calls) => {
                self.advise(at, advice::patch(&calls));
                self.push(at, calls, next)
            }
        }
    }

    fn report_body(&mut self, at: usize, tool: Tool, body: &Body) {
        let closed = Closed {
            tool,
            closer: body.end,
            before: self.result.commands.len(),
        };
        match &body.repair {
            Some(repair) => self.advise(at, advice::repair(repair, tool)),
            None => self.closed = Some(closed),
        }
        if let Some(inner) = body.own_opener
            && (self.names_path(inner) || self.is_stray_behind(tool, body.next))
        {
            self.advise(inner, advice::own_opener(tool));
        }
    }

    /// Whether the tag at `at` says what it is about and has a body.
    fn names_path(&self, at: usize) -> bool {
        opening_at(self.text, at).is_some_and(|opening| {
            !opening.self_closing && opening.attributes.get("path").is_some()
        })
    }

    /// Whether a closer of `tool` follows that nothing behind `from` opens.
    fn is_stray_behind(&self, tool: Tool, from: usize) -> bool {
        let Some(closer) = self.bodies.first_closer(tool, from) else {
            return false;
        };
        let is_opener =
            |found: usize| tool_at(self.text, from + found).is_some_and(|(other, _)| other == tool);
        !memchr_iter(b'<', &self.text.as_bytes()[from..closer]).any(is_opener)
    }

    /// Takes the commands that stand at `at` and says where to go on.
    fn push(&mut self, at: usize, calls: Vec<Call>, next: usize) -> usize {
        for call in calls {
            if !self.has_room(at) {
                return self.text.len();
            }
            let place = self.place(at);
            self.result.commands.push(Command { call, place });
        }
        next
    }

    /// Whether there may be another command, which is to stand at `at`.
    fn has_room(&mut self, at: usize) -> bool {
        let limit = self.max_commands;
        let has_room = self.result.commands.len() < limit;
        if !has_room {
            self.advise(
                at,
                format!(
                    "Over the limit of {limit} commands in one answer: everything from here on \
                     was ignored."
                ),
            );
        }
        has_room
    }

    /// Whether another advisory is told.
    fn has_more_to_say(&self) -> bool {
        self.result.advisories.len() < MAX_ADVISORIES
    }

    fn advise(&mut self, at: usize, message: String) {
        if self.has_more_to_say() {
            let place = self.place(at);
            self.result.advisories.push(Advisory { message, place });
        }
    }

    /// Counts on from the last place where that stands on the same line and before.
    fn place(&mut self, at: usize) -> Place {
        let line = self.fences.line_of(at);
        let start = self.fences.line_start(line);
        let (from, column) = match self.placed {
            (from, place) if from <= at && from >= start => (from, place.column),
            _ => (start, 1),
        };
        let between = self.text[from..at].chars().count();
        let place = Place {
            line: number(line + 1),
            column: column.saturating_add(number(between)),
        };
        self.placed = (at, place);
        place
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
