//! From an answer to its commands: walks the text between commands, where fences, code spans and
//! stray closers are told apart from tags. What is inside a command is read by [`super::body`].

use memchr::memmem;
use serde::Serialize;

use super::body::{Bodies, Repair};
use super::command::{Call, Command, Tool};
use super::fence::{Fence, Fences};
use super::fields::{self, Built};
use super::native::{self, Calls, Found, Natives};
use super::patch;
use super::span::CodeSpans;
use super::tag::{Flaw, Opening, closer_at, opening_at};

/// Labels of fences that models put around commands they mean. In any other fence a tag is an
/// example.
const COMMAND_FENCES: [&str; 4] = ["xml", "tool_code", "tool_command", "tool_call"];

/// The label of a fence around Python calls.
const CODE_FENCE: &str = "tool_code";

/// The label of a fence that holds tool calls, if it holds nothing else.
const JSON_FENCE: &str = "json";

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
    if let Some(opened) = with_thought_opened(text, max_commands) {
        let mut scan = scan_with_calls(&opened, calls, max_commands);
        scan.shift_first_line(THINK.len());
        return scan;
    }
    let fences = Fences::of(text);
    let mut walk = Walk {
        text,
        max_commands,
        fences: &fences,
        bodies: Bodies::new(text, &fences),
        natives: Natives::new(text),
        wrapper: None,
        plain_until: 0,
        fence_cursor: 0,
        spans: CodeSpans::new(text),
        placed: (0, Place { line: 1, column: 1 }),
        result: Scan::default(),
    };
    walk.run();
    for (name, arguments) in calls {
        walk.call_beside(name, arguments);
    }
    let mut result = walk.result;
    result.unparsed = result.unparsed.trim().to_owned();
    result
}

const THINK: &str = "<think>";
const THOUGHT: &str = "</think>";

/// The answer with its thought opened, where it only closes one: the templates of some models put
/// the opening tag into the prompt. What stands before the closer must hold no body that is still
/// open there: the closer is part of that.
fn with_thought_opened(text: &str, max_commands: usize) -> Option<String> {
    let end = memmem::find(text.as_bytes(), THOUGHT.as_bytes())?;
    let before = &text[..end];
    let is_open = |heard: &Scan| {
        let mut advisories = heard.advisories.iter();
        advisories.any(|advisory| advisory.message.starts_with(UNCLOSED))
    };
    if before.contains("<think") || is_open(&scan(before, max_commands)) {
        return None;
    }
    Some(format!("{THINK}{text}"))
}

/// What the advisories about a body without its closer begin with.
const UNCLOSED: &str = "Unclosed";

impl Scan {
    /// Places as they are without the signs that were put before the first line.
    fn shift_first_line(&mut self, signs: usize) {
        let signs = u32::try_from(signs).unwrap_or(0);
        let places = self.commands.iter_mut().map(|command| &mut command.place);
        let advised = self
            .advisories
            .iter_mut()
            .map(|advisory| &mut advisory.place);
        for place in places.chain(advised).filter(|place| place.line == 1) {
            place.column = place.column.saturating_sub(signs).max(1);
        }
    }
}

struct Walk<'t> {
    text: &'t str,
    max_commands: usize,
    fences: &'t Fences,
    bodies: Bodies<'t>,
    natives: Natives<'t>,
    /// The fence around commands that is open here.
    wrapper: Option<Wrapper<'t>>,
    /// Before this offset, a fence that closes behind it is none.
    plain_until: usize,
    /// The fence line from which on the next one is looked for.
    fence_cursor: usize,
    spans: CodeSpans<'t>,
    /// The last place that was asked for.
    placed: (usize, Place),
    result: Scan,
}

struct Wrapper<'t> {
    fence: &'t Fence,
    reported: bool,
}

impl<'t> Walk<'t> {
    fn run(&mut self) {
        let mut position = 0;
        while position < self.text.len() {
            let at = self.text.as_bytes()[position..]
                .iter()
                .position(|byte| MARKS[usize::from(*byte)])
                .map_or(self.text.len(), |found| position + found);
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
        self.result.unparsed.push_str(&self.text[from..to]);
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
        Tool::from_name(name)?;
        self.advise(
            at,
            format!("Stray `</{name}>` ignored: nothing was open there."),
        );
        Some(end)
    }

    /// "Use `<get>` for that": a bare tag within a line that nothing closes is talked about.
    fn is_mention(&self, at: usize, opening: &Opening) -> bool {
        let line = &self.text[self.fences.line_start(self.fences.line_of(at))..at];
        opening.attributes.is_empty()
            && !opening.self_closing
            && !line.trim().is_empty()
            && !self.bodies.has_closer_from(opening.tool, opening.end)
    }

    fn command(&mut self, at: usize, opening: Opening) -> usize {
        if !self.has_room(at) {
            return self.text.len();
        }
        self.report_wrapper();
        if let Some(flaw) = opening.flaw {
            self.advise(at, describe(flaw, opening.tool));
        }
        let (body, next) = if opening.self_closing {
            (None, opening.end)
        } else {
            let body = self.bodies.read(&opening);
            if let Some(repair) = &body.repair {
                self.advise(at, repair_message(repair, opening.tool));
            }
            (Some(&self.text[opening.end..body.end]), body.next)
        };
        match fields::of_tag(opening.tool, opening.attributes, body) {
            Built::One(call) => self.push(at, vec![call], next),
            Built::Patch(calls) => {
                self.advise(at, patch_message(&calls));
                self.push(at, calls, next)
            }
        }
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

    /// Deals with what stands at `at` in another form than a tag and says where to go on.
    fn native(&mut self, at: usize, found: Found) -> usize {
        match found {
            Found::Calls(calls) => self.native_calls(at, calls),
            Found::Broken { form, tool, end } => {
                let tool = tool.map_or_else(String::new, |tool| format!(" of `{tool}`"));
                let shape = form.shape();
                self.advise(
                    at,
                    format!(
                        "Tool call{tool} in the form {shape} cannot be read and was not run: \
                         write commands as tags."
                    ),
                );
                self.prose(at, end);
                end
            }
            Found::Token { end } => end,
            Found::Data { end } => {
                self.prose(at, end);
                end
            }
            Found::Patch { end } => {
                if !self.has_room(at) {
                    return self.text.len();
                }
                self.report_wrapper();
                let calls = patch::calls(&self.text[at..end]);
                self.advise(at, patch_message(&calls));
                self.push(at, calls, end)
            }
        }
    }

    fn native_calls(&mut self, at: usize, calls: Calls) -> usize {
        self.report_wrapper();
        let shape = calls.form.shape();
        let start = calls.list.first().map_or(at, |call| call.at);
        let mut unknown = false;
        for call in calls.list {
            if !self.has_room(call.at) {
                return self.text.len();
            }
            match native::calls(&call.name, call.arguments) {
                Ok(commands) => {
                    let mut message = format!(
                        "Tool call in the form {shape} run as {}: write commands as tags.",
                        tags(&commands)
                    );
                    if calls.cut {
                        message.push_str(" It was not closed.");
                    }
                    self.advise(call.at, message);
                    if self.push(call.at, commands, calls.end) != calls.end {
                        return self.text.len();
                    }
                }
                Err(error) => {
                    unknown = true;
                    self.advise(
                        call.at,
                        format!("Tool call in the form {shape} not run: {error}."),
                    );
                }
            }
        }
        if unknown {
            self.prose(start, calls.end);
        }
        calls.end
    }

    /// Takes a tool call that came beside the text; its place is the end of it.
    fn call_beside(&mut self, name: &str, arguments: &str) {
        let at = self.text.len();
        if !self.has_room(at) {
            return;
        }
        match native::from_call(name, arguments) {
            Ok(commands) => {
                self.advise(
                    at,
                    format!(
                        "Tool call beside the text run as {}: write commands as tags in the text.",
                        tags(&commands)
                    ),
                );
                self.push(at, commands, at);
            }
            Err(error) => self.advise(at, format!("Tool call beside the text not run: {error}.")),
        }
    }

    /// Deals with a fence line outside of commands and says where to go on.
    fn fence(&mut self, index: usize, fence: &'t Fence) -> usize {
        if let Some(wrapper) = &self.wrapper
            && fence.closes(wrapper.fence)
        {
            self.wrapper = None;
            return fence.span.end;
        }
        let label = &self.text[fence.label.clone()];
        if COMMAND_FENCES
            .iter()
            .any(|known| known.eq_ignore_ascii_case(label))
        {
            self.wrapper = Some(Wrapper {
                fence,
                reported: false,
            });
            return self.expressions(fence, label);
        }
        if let Some(end) = self.json_fence(index, fence, label) {
            return end;
        }
        let end = self.example_end(index, fence).unwrap_or(fence.span.end);
        self.prose(fence.span.start, end);
        end
    }

    /// The Python calls that begin a fence of code.
    fn expressions(&mut self, fence: &Fence, label: &str) -> usize {
        let start = fence.span.end;
        if !label.eq_ignore_ascii_case(CODE_FENCE) {
            return start;
        }
        match self.natives.expressions(start) {
            Some(calls) => self.native_calls(start, calls),
            None => start,
        }
    }

    /// Where a fence of JSON ends that holds tool calls and nothing else.
    fn json_fence(&mut self, index: usize, fence: &Fence, label: &str) -> Option<usize> {
        let closing = self.fences.closing(index)?;
        if !label.eq_ignore_ascii_case(JSON_FENCE) {
            return None;
        }
        let calls = self.natives.fill(fence.span.end..closing.span.start)?;
        let next = self.native_calls(fence.span.start, calls);
        Some(next.max(closing.span.end))
    }

    /// Where the example that begins with fence `index` ends; `None` when there is no example,
    /// because the fence is never closed or only by a line that belongs to a command.
    fn example_end(&mut self, index: usize, fence: &Fence) -> Option<usize> {
        let closing = self.fences.closing(index)?;
        let limit = closing.span.start;
        if (fence.span.start + 1..limit).contains(&self.plain_until) {
            return None;
        }
        let mut first = None;
        let mut position = fence.span.end;
        while let Some(at) = self.bodies.next_line_tag(position, limit) {
            position = at + 1;
            let Some(opening) = opening_at(self.text, at) else {
                continue;
            };
            if !opening.self_closing && self.bodies.is_closed_behind(&opening, limit) {
                self.plain_until = at;
                return None;
            }
            first.get_or_insert((at, opening.tool.name()));
        }
        let inner = fence.span.end..limit;
        let shown = match first {
            Some((at, name)) => Some((at, format!("`<{name}>`"))),
            None => self
                .natives
                .shown(inner)
                .map(|(at, what)| (at, what.to_owned())),
        };
        if let Some((at, what)) = shown {
            self.advise(
                at,
                format!(
                    "{what} in a Markdown fence was read as an example and not run: write a \
                     command that is meant outside of fences."
                ),
            );
        }
        Some(closing.span.end)
    }

    fn report_wrapper(&mut self) {
        let Some(wrapper) = &mut self.wrapper else {
            return;
        };
        if !wrapper.reported {
            wrapper.reported = true;
            let at = wrapper.fence.span.start;
            self.advise(
                at,
                "Markdown fence around commands ignored: write tags without a fence.".to_owned(),
            );
        }
    }

    fn advise(&mut self, at: usize, message: String) {
        if self.result.advisories.len() < MAX_ADVISORIES {
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

/// The tags that do what calls do: "`<set>` and `<mv>`".
fn tags(calls: &[Call]) -> String {
    let names: Vec<String> = calls
        .iter()
        .map(|call| ["`<", call.tool().name(), ">`"].concat())
        .collect();
    names.join(" and ")
}

fn patch_message(calls: &[Call]) -> String {
    format!(
        "Patch of whole files run as {}: write a command for each file.",
        tags(calls)
    )
}

fn describe(flaw: Flaw, tool: Tool) -> String {
    let name = tool.name();
    match flaw {
        Flaw::OpenQuote => format!(
            "Unbalanced quote in `<{name}>` repaired: close every attribute value with the quote \
             that opened it."
        ),
        Flaw::InnerQuote => format!(
            "Quote inside a quoted value of `<{name}>` repaired: put such a value between single \
             quotes, write `&quot;`, or use the body of the tag."
        ),
        Flaw::NoEnd => format!("Missing `>` of `<{name}>` repaired: end every tag with `>`."),
    }
}

fn repair_message(repair: &Repair, tool: Tool) -> String {
    let name = tool.name();
    match repair {
        Repair::WrongCloser(wrong) => {
            format!("Mismatched `</{wrong}>` corrected: `<{name}>` is closed by `</{name}>`.")
        }
        Repair::NextTag => format!(
            "{UNCLOSED} `<{name}>` recovered: it was ended where the next tag began; write \
             `</{name}>`, or `/>` where there is no body."
        ),
        Repair::EndOfText => format!(
            "{UNCLOSED} `<{name}>` captured: its body went on to the end of the answer; write \
             `</{name}>`, or `/>` where there is no body."
        ),
        Repair::FencedCloser => format!(
            "Unbalanced Markdown fence in `<{name}>`: the `</{name}>` inside the fence was taken \
             for its closer."
        ),
    }
}
