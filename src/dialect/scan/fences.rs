//! Markdown fences between commands: around commands, around calls, around an example.

use super::super::fence::Fence;
use super::super::tag::opening_at;
use super::Walk;

/// Labels of fences that models put around commands they mean. In any other fence a tag is an
/// example.
const COMMAND_FENCES: [&str; 4] = ["xml", "tool_code", "tool_command", "tool_call"];

/// The label of a fence around Python calls.
const CODE_FENCE: &str = "tool_code";

/// The label of a fence that holds tool calls, if it holds nothing else.
const JSON_FENCE: &str = "json";

/// A fence around commands.
pub(super) struct Wrapper<'t> {
    fence: &'t Fence,
    reported: bool,
}

impl<'t> Walk<'t> {
    /// Deals with a fence line outside of commands and says where to go on.
    pub(super) fn fence(&mut self, index: usize, fence: &'t Fence) -> usize {
        if let Some(wrapper) = &self.wrapper
            && fence.closes(wrapper.fence)
        {
            self.wrapper = None;
            return fence.span.end;
        }
        let label = fence.label(self.text);
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
        let end = self.example_end(index, fence);
        let span = fence.span.start..end.unwrap_or(fence.span.end);
        self.keep(span.clone(), end.is_some());
        span.end
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

    pub(super) fn report_wrapper(&mut self) {
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
}
