//! Markdown fences in a whole answer: which lines may open or close one, and what closes what.
//!
//! Every question about a fence is answered from one pass over the text, so that a text of
//! nothing but unclosed fences costs no more than another.

use std::ops::Range;

use memchr::memchr_iter;

/// A line of three or more backticks or tildes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fence {
    /// From the start of the line to the start of the next, or to the closing tag behind the marks.
    pub span: Range<usize>,
    mark: u8,
    /// Whether something stands after the marks: such a line can open a fence and not close one.
    is_labelled: bool,
    length: u32,
    /// The index of the line that would close this one.
    pub closed_by: Option<usize>,
}

impl Fence {
    /// Whether this line ends what `opener` began.
    pub(super) fn closes(&self, opener: &Self) -> bool {
        !self.is_labelled && self.mark == opener.mark && self.length >= opener.length
    }

    /// What stands after the marks in `text`, of which this is a line.
    pub(super) fn label<'t>(&self, text: &'t str) -> &'t str {
        let line = text[self.span.clone()].trim_start_matches([' ', '\t']);
        line.trim_start_matches(char::from(self.mark)).trim()
    }
}

/// All lines of a text that could be fences, in order; and where its lines begin.
#[derive(Debug)]
pub(super) struct Fences {
    lines: Vec<Fence>,
    /// Where each line of the text begins.
    starts: Vec<usize>,
    length: usize,
}

impl Fences {
    pub(super) fn of(text: &str) -> Self {
        let mut lines = Vec::new();
        let breaks = memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1);
        let starts: Vec<usize> = std::iter::once(0).chain(breaks).collect();
        for (index, start) in starts.iter().enumerate() {
            let end = starts.get(index + 1).copied().unwrap_or(text.len());
            if may_be_fence(&text.as_bytes()[*start..end])
                && let Some(fence) = fence_line(&text[*start..end], *start)
            {
                lines.push(fence);
            }
        }
        pair(&mut lines);
        Self {
            lines,
            starts,
            length: text.len(),
        }
    }

    /// The index of the line that byte `at` is on.
    pub(super) fn line_of(&self, at: usize) -> usize {
        self.starts.partition_point(|start| *start <= at) - 1
    }

    /// Where line `index` begins; the end of the text behind the last.
    pub(super) fn line_start(&self, index: usize) -> usize {
        self.starts.get(index).copied().unwrap_or(self.length)
    }

    /// The index of the first fence line that starts at `offset` or later.
    pub(super) fn first_from(&self, offset: usize) -> usize {
        self.lines
            .partition_point(|fence| fence.span.start < offset)
    }

    pub(super) fn get(&self, index: usize) -> Option<&Fence> {
        self.lines.get(index)
    }

    /// Where fence line `index` ends; the end of the text behind the last.
    pub(super) fn end_of(&self, index: usize) -> usize {
        self.get(index).map_or(self.length, |fence| fence.span.end)
    }

    /// The line that closes fence `index`.
    pub(super) fn closing(&self, index: usize) -> Option<&Fence> {
        self.get(self.get(index)?.closed_by?)
    }

    /// The index of the line that closes the fence which begins in the rest of a line, right behind
    /// an opening tag.
    pub(super) fn behind_tag(&self, text: &str, offset: usize) -> Option<usize> {
        let bytes = text.as_bytes();
        if !may_be_fence(&bytes[offset..]) {
            return None;
        }
        let end = self.line_start(self.line_of(offset) + 1);
        let opener = fence_line(&text[offset..end], offset)?;
        let first = self.first_from(offset);
        let closer = self.lines[first..]
            .iter()
            .position(|line| line.closes(&opener))?;
        Some(first + closer)
    }
}

/// Whether a line begins with the marks of a fence.
fn may_be_fence(line: &[u8]) -> bool {
    let inner = line.trim_ascii_start();
    inner.starts_with(b"```") || inner.starts_with(b"~~~")
}

/// Reads one line, which starts at byte `start` of the text, as a fence. A closing tag behind the
/// marks is not part of it.
fn fence_line(line: &str, start: usize) -> Option<Fence> {
    let inner = line.trim_start_matches([' ', '\t']);
    let mark = *inner.as_bytes().first()?;
    if !matches!(mark, b'`' | b'~') {
        return None;
    }
    let length = inner.bytes().take_while(|byte| *byte == mark).count();
    let rest = &inner[length..];
    // Backticks behind backticks are a code span.
    if length < 3 || (mark == b'`' && rest.contains('`')) {
        return None;
    }
    let behind = rest.trim_start();
    let is_closer = behind.starts_with("</");
    let length_before = if is_closer {
        line.len() - behind.len()
    } else {
        line.len()
    };
    Some(Fence {
        span: start..start + length_before,
        mark,
        is_labelled: !is_closer && !behind.is_empty(),
        length: u32::try_from(length).unwrap_or(u32::MAX),
        closed_by: None,
    })
}

/// Finds for every line the nearest later one that closes it. Going backwards, only lines longer
/// than all nearer ones can still matter; they form a stack whose lengths grow with distance.
fn pair(lines: &mut [Fence]) {
    let mut backticks: Vec<(u32, usize)> = Vec::new();
    let mut tildes = Vec::new();
    for index in (0..lines.len()).rev() {
        let line = &mut lines[index];
        let stack = if line.mark == b'`' {
            &mut backticks
        } else {
            &mut tildes
        };
        // Nearest last, hence lengths fall towards the end.
        let near = stack.partition_point(|(length, _)| *length >= line.length);
        line.closed_by = near.checked_sub(1).map(|place| stack[place].1);
        if !line.is_labelled {
            while stack
                .last()
                .is_some_and(|(length, _)| *length <= line.length)
            {
                stack.pop();
            }
            stack.push((line.length, index));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closings(text: &str) -> Vec<Option<usize>> {
        let fences = Fences::of(text);
        fences.lines.iter().map(|line| line.closed_by).collect()
    }

    #[test]
    fn a_fence_is_closed_by_the_nearest_bare_line_as_long() {
        for (text, expected) in [
            ("```rust\nx\n```\n", vec![Some(1), None]),
            (
                "````md\n```\n```\n````\n",
                vec![Some(3), Some(2), Some(3), None],
            ),
            ("~~~\n```\n~~~\n", vec![Some(2), None, None]),
            ("```a\n```b\n", vec![None, None]),
            ("  ```\r\n  ````\r\n", vec![Some(1), None]),
            ("```\nx\n```</set>\n", vec![Some(1), None]),
            ("``` not `a` fence\nx ```\n", vec![]),
        ] {
            assert_eq!(closings(text), expected, "{text}");
        }
    }
}
