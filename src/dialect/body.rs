//! Where a body ends. A body is the exact bytes up to its closer, so this is the one decision
//! that can lose or invent text.
//!
//! The closer is the first `</tag>` of the tag's own name outside of the Markdown fences that open
//! and close in the body. Everything else is body: generics, JSX, heredocs, other tools' tags. Only
//! when that closer is missing, or when a closer of nothing stands right before a tag that begins
//! a line, is another end looked for.
//!
//! **Invariant**: a byte is looked at a bounded number of times. The index of closers says before
//! a walk whether there is anything to find; a walk that fences led astray is repeated once a
//! tool, and from then on fences protect nothing in that tool's bodies.

use std::collections::HashMap;

use memchr::{memchr, memchr_iter, memmem};

use super::command::Tool;
use super::fence::Fences;
use super::native::token;
use super::tag::{Opening, closer_at, is_thought, name_length, tool_at};

/// How the end of a body was found when its own closer did not say.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Repair {
    /// A closer of another name was meant.
    WrongCloser(String),
    /// The next tag began.
    NextTag,
    /// There was nothing more.
    EndOfText,
    /// Every closer stood in a fence.
    FencedCloser,
}

/// The extent of a body.
#[derive(Debug)]
pub(super) struct Body {
    pub end: usize,
    /// Where the text goes on behind the closer.
    pub next: usize,
    pub repair: Option<Repair>,
    /// Where in it a line begins with a tag of the same tool: the first may lack its closer.
    pub own_opener: Option<usize>,
}

impl Body {
    fn repaired(end: usize, next: usize, repair: Repair) -> Self {
        Self {
            end,
            next,
            repair: Some(repair),
            own_opener: None,
        }
    }

    /// A body that its own closer ends, which goes from `end` to `next`.
    const fn closed(end: usize, next: usize) -> Self {
        Self {
            end,
            next,
            repair: None,
            own_opener: None,
        }
    }
}

/// Reads the bodies of one text.
#[derive(Clone)]
pub(super) struct Bodies<'t> {
    text: &'t str,
    fences: &'t Fences,
    /// Where the closers of each tool begin.
    closers: HashMap<Tool, Vec<usize>>,
    /// Where the last closer of a thought begins, whatever it is called.
    pub last_thought: Option<usize>,
    /// Tools in whose bodies fences have been seen not to hold together.
    unfenced: Vec<Tool>,
}

impl<'t> Bodies<'t> {
    pub(super) fn new(text: &'t str, fences: &'t Fences) -> Self {
        let mut closers: HashMap<Tool, Vec<usize>> = HashMap::new();
        let mut last_thought = None;
        for at in memmem::find_iter(text.as_bytes(), "</") {
            let Some((name, _)) = closer_at(text, at) else {
                continue;
            };
            let tool = Tool::from_name(name);
            if let Some(tool) = tool {
                closers.entry(tool).or_default().push(at);
            }
            if matches!(tool, None | Some(Tool::Think)) && is_thought(name) {
                last_thought = Some(at);
            }
        }
        Self {
            text,
            fences,
            closers,
            last_thought,
            unfenced: Vec::new(),
        }
    }

    pub(super) fn has_closer_from(&self, tool: Tool, offset: usize) -> bool {
        self.last_closer(tool).is_some_and(|at| at >= offset)
    }

    /// Where the last closer of `tool` begins.
    fn last_closer(&self, tool: Tool) -> Option<usize> {
        self.closers.get(&tool)?.last().copied()
    }

    /// Where the first closer of `tool` from `offset` on begins.
    pub(super) fn first_closer(&self, tool: Tool, offset: usize) -> Option<usize> {
        let closers = self.closers.get(&tool)?;
        let index = closers.partition_point(|at| *at < offset);
        closers.get(index).copied()
    }

    /// Whether the first closer of `opening` stands behind `limit`.
    pub(super) fn is_closed_behind(&self, opening: &Opening, limit: usize) -> bool {
        let first = self.first_closer(opening.tool, opening.end);
        first.is_some_and(|at| at >= limit)
    }

    /// The next tag of a tool that begins a line in `from..to`.
    pub(super) fn next_line_tag(&self, from: usize, to: usize) -> Option<usize> {
        memchr_iter(b'<', &self.text.as_bytes()[from..to])
            .map(|found| from + found)
            .find(|at| tool_at(self.text, *at).is_some() && self.begins_line(*at))
    }

    /// Reads the body behind an opening tag.
    pub(super) fn read(&mut self, opening: &Opening) -> Body {
        let tool = opening.tool;
        let fenced = !self.unfenced.contains(&tool);
        let mut walk = Walk::new(self, opening, fenced);
        let mut found = walk.find();
        let is_all_shown = walk.is_all_shown && !walk.skipped_closer;
        if found.is_none() && walk.skipped_closer && self.has_closer_from(tool, opening.end) {
            self.unfenced.push(tool);
            walk = Walk::new(self, opening, false);
            found = walk.find().map(|body| Body {
                repair: body.repair.or(Some(Repair::FencedCloser)),
                ..body
            });
        }
        let own_opener = walk.own_opener;
        let body = found.unwrap_or_else(|| walk.fall_back());
        if is_all_shown && let Some(closers) = self.closers.get_mut(&tool) {
            // What was looked at ahead of the walk leaves the closers before it.
            closers.retain(|at| *at < opening.end);
        }
        Body {
            own_opener: own_opener.filter(|at| *at < body.end),
            ..body
        }
    }

    /// Where the closer of `tool` that begins at `at` ends.
    fn closes(&self, tool: Tool, at: usize) -> Option<usize> {
        let (name, end) = closer_at(self.text, at)?;
        tool.name().eq_ignore_ascii_case(name).then_some(end)
    }

    fn begins_line(&self, at: usize) -> bool {
        let before = self.text[..at].trim_end_matches([' ', '\t']);
        before.is_empty() || before.ends_with('\n')
    }
}

/// A closer of something that was not opened in the body.
#[derive(Debug, Clone, Copy)]
struct Stray<'t> {
    name: &'t str,
    start: usize,
    end: usize,
}

impl Stray<'_> {
    fn is_tool(&self) -> bool {
        Tool::from_name(self.name).is_some()
    }

    fn as_end(&self) -> Body {
        Body::repaired(
            self.start,
            self.end,
            Repair::WrongCloser(self.name.to_owned()),
        )
    }
}

/// One walk over a body.
struct Walk<'b, 't> {
    bodies: &'b Bodies<'t>,
    tool: Tool,
    start: usize,
    position: usize,
    /// Where the last closer of the tool begins: asked for at every fence.
    last_closer: Option<usize>,
    /// Whether fences protect what is in them.
    fenced: bool,
    /// Whether a closer was skipped in a fence that nothing in the fence opened.
    skipped_closer: bool,
    /// Whether every closer that is left stands in fences that open it too: then there is none.
    is_all_shown: bool,
    /// The first fence line that was not looked at.
    fence: usize,
    /// Open elements of the body by name, so that a closer of nothing can be told.
    open: HashMap<&'t str, usize>,
    stray: Option<Stray<'t>>,
    /// The first end that would do if the closer is missing.
    makeshift: Option<Body>,
    own_opener: Option<usize>,
}

impl<'b, 't> Walk<'b, 't> {
    fn new(bodies: &'b Bodies<'t>, opening: &Opening, fenced: bool) -> Self {
        Self {
            bodies,
            tool: opening.tool,
            start: opening.end,
            position: opening.end,
            last_closer: bodies.last_closer(opening.tool),
            fenced,
            skipped_closer: false,
            is_all_shown: false,
            fence: bodies.fences.first_from(opening.end),
            open: HashMap::new(),
            stray: None,
            makeshift: None,
            own_opener: None,
        }
    }

    /// Walks to the end of the body. `None` when there is no closer for it.
    fn find(&mut self) -> Option<Body> {
        let text = self.bodies.text;
        let hopeless = !self.has_closer_from(self.start);
        self.skip_fence_behind_tag();
        let mut next = None;
        loop {
            // A fence that was skipped need not have come so far as the `<` that is known.
            let at = match next.filter(|at| self.position <= *at) {
                Some(at) => at,
                None => match memchr(b'<', &text.as_bytes()[self.position..]) {
                    Some(found) => self.position + found,
                    None => break,
                },
            };
            next = Some(at);
            match self.fence_before(at) {
                FenceSays::Nothing => {}
                FenceSays::GoOn => continue,
                FenceSays::End(body) => return Some(body),
            }
            let end = if text[at..].starts_with("</") {
                self.closer(at)
            } else {
                self.opening(at)
            };
            if end.is_some() {
                return end;
            }
            if (hopeless || self.is_all_shown) && self.makeshift.is_some() {
                break;
            }
        }
        None
    }

    fn has_closer_from(&self, offset: usize) -> bool {
        self.last_closer.is_some_and(|at| at >= offset)
    }

    /// The end of a body that nothing closes.
    fn fall_back(self) -> Body {
        let text = self.bodies.text;
        let last = self
            .stray
            .filter(|stray| text[stray.end..].trim().is_empty());
        self.makeshift
            .or_else(|| last.map(|stray| stray.as_end()))
            .unwrap_or_else(|| {
                let length = cut_closer(&text[self.start..], self.tool);
                let end = self.start + without_end_token(&text[self.start..][..length]).len();
                Body::repaired(end, text.len(), Repair::EndOfText)
            })
    }

    /// A closing tag at `at`: the end, something of the body, or a closer of nothing.
    fn closer(&mut self, at: usize) -> Option<Body> {
        let Some((name, end)) = closer_at(self.bodies.text, at) else {
            self.position = at + 2;
            return None;
        };
        self.position = end;
        if self.tool.name().eq_ignore_ascii_case(name) {
            return Some(Body::closed(at, end));
        }
        match self.open.get_mut(name) {
            Some(open) if *open > 0 => *open -= 1,
            _ => {
                let stray = Stray {
                    name,
                    start: at,
                    end,
                };
                self.stray = Some(stray);
                if stray.is_tool() {
                    self.makeshift.get_or_insert_with(|| stray.as_end());
                }
            }
        }
        None
    }

    /// An opening tag, or just a `<`, at `at`.
    fn opening(&mut self, at: usize) -> Option<Body> {
        let text = self.bodies.text;
        let length = name_length(&text[at + 1..]);
        self.position = at + 1 + length;
        if length > 0 {
            *self.open.entry(&text[at + 1..self.position]).or_insert(0) += 1;
        }
        let (tool, _) = tool_at(text, at)?;
        let begins_line = self.begins_line(at);
        if let Some(stray) = self.stray
            && text[stray.end..at].trim().is_empty()
        {
            if begins_line || stray.is_tool() {
                return Some(stray.as_end());
            }
            self.makeshift.get_or_insert_with(|| stray.as_end());
        }
        if begins_line {
            if tool == self.tool {
                self.own_opener.get_or_insert(at);
            }
            let next_tag = || Body::repaired(at, at, Repair::NextTag);
            if self.tool.has_short_body() {
                return Some(next_tag());
            }
            self.makeshift.get_or_insert_with(next_tag);
        }
        None
    }

    /// Whether `at` is the first of its line, and the line one of the body.
    fn begins_line(&self, at: usize) -> bool {
        self.bodies.text[self.start..at]
            .trim_end_matches([' ', '\t'])
            .ends_with('\n')
    }
}

/// What the fences before a `<` mean for it.
enum FenceSays {
    Nothing,
    /// It is inside a fence, which was skipped.
    GoOn,
    End(Body),
}

impl<'t> Walk<'_, 't> {
    fn fence_before(&mut self, at: usize) -> FenceSays {
        while self.fenced
            && let Some(fence) = self.bodies.fences.get(self.fence)
            && fence.span.start < at
        {
            self.fence += 1;
            let Some(closer) = fence.closed_by else {
                continue;
            };
            match self.fence_to(fence.span.end, closer) {
                FenceSays::Nothing => {}
                said => return said,
            }
        }
        FenceSays::Nothing
    }

    /// `<set path="x">```rust` opens a fence that is not a line of its own.
    fn skip_fence_behind_tag(&mut self) {
        let closer = self.bodies.fences.behind_tag(self.bodies.text, self.start);
        if self.fenced
            && let Some(closer) = closer
        {
            self.fence_to(self.start, closer);
        }
    }

    /// Decides on a fence that goes from `start` to the fence line `closer`: it protects what is in
    /// it if a closer is left behind it, or if there is none but those that are opened in fences too.
    ///
    /// A fence that was never closed pairs up with one in a later command. That shows: a closer of
    /// this tag stands in it that nothing in the fence opened, and a tag begins a line behind it.
    /// Then the closer is the closer. So is a closer of another name where this tag has none.
    fn fence_to(&mut self, start: usize, closer: usize) -> FenceSays {
        let bodies = self.bodies;
        let end = bodies.fences.end_of(closer);
        let is_closed = self.has_closer_from(self.start);
        let unopened = if is_closed {
            self.unopened_closer(start, end)
        } else {
            None
        };
        if !self.has_closer_from(end) {
            if unopened.is_some() {
                return FenceSays::Nothing;
            }
            if let Some(stray) = self.wrong_closer(start, end) {
                return FenceSays::End(stray.as_end());
            }
            self.is_all_shown = is_closed;
            if is_closed
                && !self.skipped_closer
                && let Some(body) = self.makeshift.take()
            {
                return FenceSays::End(body);
            }
        } else if let Some((at, closer_end)) = unopened
            && bodies.next_line_tag(closer_end, end).is_some()
        {
            return FenceSays::End(Body::closed(at, closer_end));
        }
        self.skipped_closer |= unopened.is_some();
        self.position = end;
        self.fence = closer + 1;
        FenceSays::GoOn
    }

    /// The closer of nothing in `start..end` right behind which a tag begins a line.
    fn wrong_closer(&self, start: usize, end: usize) -> Option<Stray<'t>> {
        let text = self.bodies.text;
        let mut open: HashMap<&str, usize> = HashMap::new();
        let mut stray: Option<Stray<'t>> = None;
        for found in memchr_iter(b'<', &text.as_bytes()[start..end]) {
            let at = start + found;
            if let Some((name, closer_end)) = closer_at(text, at) {
                match open.get_mut(name) {
                    Some(open) if *open > 0 => *open -= 1,
                    _ if self.open.get(name).is_some_and(|open| *open > 0) => {}
                    _ => {
                        stray = Some(Stray {
                            name,
                            start: at,
                            end: closer_end,
                        });
                    }
                }
                continue;
            }
            let length = name_length(&text[at + 1..]);
            *open.entry(&text[at + 1..at + 1 + length]).or_insert(0) += 1;
            if let Some(stray) = stray
                && tool_at(text, at).is_some()
                && self.begins_line(at)
                && text[stray.end..at].trim().is_empty()
            {
                return Some(stray);
            }
        }
        None
    }

    fn unopened_closer(&self, start: usize, end: usize) -> Option<(usize, usize)> {
        let text = self.bodies.text;
        let mut open = 0_usize;
        for found in memchr_iter(b'<', &text.as_bytes()[start..end]) {
            let at = start + found;
            if let Some(closer_end) = self.bodies.closes(self.tool, at) {
                if open == 0 {
                    return Some((at, closer_end));
                }
                open -= 1;
            } else if tool_at(text, at).is_some_and(|(tool, _)| tool == self.tool) {
                open += 1;
            }
        }
        None
    }
}

/// The body without the token that ended the answer.
fn without_end_token(body: &str) -> &str {
    let text = body.trim_end();
    let inner = token::ENDS.iter().find_map(|end| text.strip_suffix(end));
    inner.unwrap_or(body)
}

/// The length of `body` without the beginning of a closer that an answer broke off in.
fn cut_closer(body: &str, tool: Tool) -> usize {
    let tail = body.rfind('<').map_or("", |at| &body[at..]);
    let closer = ["</", tool.name()].concat();
    let is_cut = tail.len() > 1
        && closer
            .get(..tail.len())
            .is_some_and(|part| part.eq_ignore_ascii_case(tail));
    if is_cut {
        body.len() - tail.len()
    } else {
        body.len()
    }
}
