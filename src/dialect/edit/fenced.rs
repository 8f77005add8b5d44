//! The Markdown fence around a body, and the one that shows edits instead of making them.

use std::ops::Range;

use super::blocks::is_prose;
use super::target::{Target, is_markdown};

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

/// The text in a Markdown fence that is not part of it.
#[derive(Debug, PartialEq, Eq)]
pub enum Unfenced<'b> {
    /// There is no such fence.
    Plain,
    /// It is this: a program in a fence with its language.
    Text(&'b str),
    /// A fence would be written into the file, and nothing tells what was meant.
    Unclear,
}

/// The text of a file that was written in a Markdown fence, closed or not, with sentences around it or
/// without. In Markdown and in notes a fence belongs to the text; in a file of an unknown kind it may,
/// unless it holds all and no other fence.
pub fn unfenced<'b>(path: &str, body: &'b str) -> Unfenced<'b> {
    if is_markdown(path) || !body.contains(['`', '~']) {
        return Unfenced::Plain;
    }
    let lines: Vec<&str> = body.split_inclusive('\n').collect();
    let is_fence = |line: &&str| line.starts_with(['`', '~']) && Mark::of(line).is_some();
    let inner = match all_in_one(&lines) {
        Some(around) if !lines[around.inner.clone()].iter().any(is_fence) => around.inner,
        _ if Target::of(Some(path)).may_begin_with_fence() => return Unfenced::Plain,
        _ => match framed(&lines) {
            Framed::No => return Unfenced::Plain,
            Framed::One(inner) => inner,
            Framed::Several => return Unfenced::Unclear,
        },
    };
    let length = |lines: &[&str]| lines.iter().map(|line| line.len()).sum::<usize>();
    let start = length(&lines[..inner.start]);
    Unfenced::Text(&body[start..start + length(&lines[inner])])
}

/// The fences of a text that begins with one, or with sentences before one.
enum Framed {
    No,
    /// These lines are what the one fence holds.
    One(Range<usize>),
    Several,
}

fn framed(lines: &[&str]) -> Framed {
    let is_talk = |line: &&str| line.trim().is_empty() || is_prose(line);
    let mut marks = lines.iter().enumerate().filter_map(|(index, line)| {
        let mark = Mark::of(line).filter(|_| line.starts_with(['`', '~']));
        Some((index, mark?))
    });
    let Some((open, opener)) = marks.next() else {
        return Framed::No;
    };
    if !lines[..open].iter().all(is_talk) {
        return Framed::No;
    }
    match (marks.next(), marks.next()) {
        (None, _) => Framed::One(open + 1..lines.len()),
        (Some((close, closer)), None)
            if opener.is_closed_by(&closer) && lines[close + 1..].iter().all(is_talk) =>
        {
            Framed::One(open + 1..close)
        }
        _ => Framed::Several,
    }
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
