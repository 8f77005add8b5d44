//! The Markdown fence around a body, and the one that shows edits instead of making them.

use std::ops::Range;

use super::target::is_markdown;

/// A fence that holds all of a body.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Around<'l> {
    /// What stands behind the opening marks.
    pub label: &'l str,
    /// The lines between the marks, 0-based.
    pub inner: Range<usize>,
}

/// The fence around everything in `lines` that is not blank.
pub(super) fn all_in_one<'l>(lines: &[&'l str]) -> Option<Around<'l>> {
    let is_text = |line: &&str| !line.trim().is_empty();
    let first = lines.iter().position(is_text)?;
    let last = lines.iter().rposition(is_text)?;
    let opener = Mark::of(lines[first])?;
    let closer = Mark::of(lines[last])?;
    (first < last && opener.is_closed_by(&closer)).then_some(Around {
        label: opener.label,
        inner: first + 1..last,
    })
}

/// The text of a file that was written as one Markdown fence, such as a program in a fence with its
/// language. `None` where the body is something else, or the fence may belong to the text: in
/// Markdown and in notes it may, and where another fence stands in the body nothing tells.
pub fn unfenced<'b>(path: &str, body: &'b str) -> Option<&'b str> {
    if is_markdown(path) {
        return None;
    }
    let lines: Vec<&str> = body.split_inclusive('\n').collect();
    let around = all_in_one(&lines)?;
    let is_fence = |line: &&str| line.starts_with(['`', '~']) && Mark::of(line).is_some();
    if lines[around.inner.clone()].iter().any(is_fence) {
        return None;
    }
    let length = |lines: &[&str]| lines.iter().map(|line| line.len()).sum::<usize>();
    let start = length(&lines[..around.inner.start]);
    Some(&body[start..start + length(&lines[around.inner])])
}

/// Three or more backticks or tildes at the beginning of a line.
pub(super) struct Mark<'l> {
    sign: u8,
    length: usize,
    pub label: &'l str,
}

impl<'l> Mark<'l> {
    pub(super) fn of(line: &'l str) -> Option<Self> {
        let line = line.trim();
        let sign = *line.as_bytes().first()?;
        let length = line.bytes().take_while(|byte| *byte == sign).count();
        if !matches!(sign, b'`' | b'~') || length < 3 {
            return None;
        }
        let label = line[length..].trim();
        (sign == b'~' || !label.contains('`')).then_some(Self {
            sign,
            length,
            label,
        })
    }

    pub(super) fn is_closed_by(&self, other: &Self) -> bool {
        other.label.is_empty() && other.sign == self.sign && other.length >= self.length
    }
}

/// Whether this is a Markdown document, a heading or front matter first, that only shows what
/// `is_mark` finds in it: every mark stands in a closed fence, and text stands around them.
pub(super) fn shows(lines: &[&str], is_mark: impl Fn(usize) -> bool) -> bool {
    let first = lines.iter().map(|line| line.trim_end());
    let Some(first) = first.clone().find(|line| !line.is_empty()) else {
        return false;
    };
    let hashes = first.bytes().take_while(|sign| *sign == b'#').count();
    let is_heading = (1..=6).contains(&hashes) && first[hashes..].starts_with(' ');
    if !is_heading && first != "---" {
        return false;
    }
    let mut open: Option<Mark<'_>> = None;
    for (index, line) in lines.iter().enumerate() {
        match (&open, Mark::of(line)) {
            (None, Some(mark)) => open = Some(mark),
            (Some(opener), Some(mark)) if opener.is_closed_by(&mark) => open = None,
            (None, None) if is_mark(index) => return false,
            _ => {}
        }
    }
    open.is_none()
}
