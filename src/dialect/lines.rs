//! A text as lines that know their own ends, so that writing some of them leaves the rest alone.

use std::ops::Range;

const BYTE_ORDER_MARK: char = '\u{feff}';

/// A line without its end, and the end: LF, CRLF, or nothing on a last line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Line<'t> {
    pub text: &'t str,
    pub end: &'t str,
}

impl Line<'_> {
    const fn len(&self) -> usize {
        self.text.len() + self.end.len()
    }
}

/// The lines of a text, its byte-order mark set apart.
#[derive(Debug)]
pub(super) struct Lines<'t> {
    mark: &'t str,
    /// The text behind the mark.
    body: &'t str,
    pub all: Vec<Line<'t>>,
}

impl<'t> Lines<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        let body = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
        let (mark, _) = text.split_at(text.len() - body.len());
        let all = body.split_inclusive('\n').map(split_end).collect();
        Self { mark, body, all }
    }

    /// The line end that most lines have; LF for a text of one unfinished line.
    pub(super) fn usual_end(&self) -> &'static str {
        let total = self.all.iter().filter(|line| !line.end.is_empty()).count();
        let long = self.all.iter().filter(|line| line.end == "\r\n").count();
        if long * 2 > total { "\r\n" } else { "\n" }
    }

    /// Whether there is a last line and it lacks its end.
    fn is_unfinished(&self) -> bool {
        self.all.last().is_some_and(|line| line.end.is_empty())
    }

    /// The text with some of its lines replaced. The changes are in order and do not overlap.
    pub(super) fn splice(&self, changes: &[Change]) -> String {
        let mut writer = Writer::new(self);
        let mut next = 0;
        for change in changes {
            writer.keep(self, next..change.lines.start);
            let old = &self.all[change.lines.clone()];
            let last = change.with.len().saturating_sub(1);
            for (index, line) in change.with.iter().enumerate() {
                let partner = if index == last {
                    old.last()
                } else {
                    old.get(index)
                };
                writer.push(line, partner.map_or("", |line| line.end));
            }
            writer.skip(old);
            next = change.lines.end;
        }
        writer.keep(self, next..self.all.len());
        writer.finish(self.is_unfinished())
    }
}

/// Puts lines together again. A new line gets the end of the old line in its place, the last one
/// that of the last; else that of the line before it.
struct Writer {
    text: String,
    /// The end to use where no line tells.
    end: &'static str,
    /// Where the end of the last line begins; `None` before the first line.
    end_at: Option<usize>,
    /// How many bytes of the old lines are behind.
    read: usize,
}

impl Writer {
    fn new(lines: &Lines<'_>) -> Self {
        let end = match lines.all.first() {
            Some(line) if line.end == "\r\n" => "\r\n",
            Some(line) if line.end == "\n" => "\n",
            _ => lines.usual_end(),
        };
        Self {
            text: lines.mark.to_owned(),
            end,
            end_at: None,
            read: 0,
        }
    }

    /// Copies lines as they are, all at once.
    fn keep(&mut self, lines: &Lines<'_>, range: Range<usize>) {
        let Some((last, others)) = lines.all[range].split_last() else {
            return;
        };
        let length: usize = others.iter().map(Line::len).sum();
        self.finish_last();
        self.text
            .push_str(&lines.body[self.read..self.read + length]);
        self.read += length + last.len();
        self.push(last.text, last.end);
    }

    /// Passes lines over.
    fn skip(&mut self, lines: &[Line<'_>]) {
        self.read += lines.iter().map(Line::len).sum::<usize>();
    }

    fn push(&mut self, line: &str, end: &str) {
        self.finish_last();
        self.text.push_str(line);
        self.end_at = Some(self.text.len());
        match end {
            "" => {}
            "\n" => self.end = "\n",
            _ => self.end = "\r\n",
        }
        self.text.push_str(end);
    }

    /// Gives the last line its end if it has none yet.
    fn finish_last(&mut self) {
        if self.end_at == Some(self.text.len()) {
            self.text.push_str(self.end);
        }
    }

    fn finish(mut self, is_unfinished: bool) -> String {
        self.finish_last();
        if let (Some(end), true) = (self.end_at, is_unfinished) {
            self.text.truncate(end);
        }
        self.text
    }
}

/// Lines to replace and what with.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub lines: Range<usize>,
    pub with: Vec<String>,
}

/// A whole text written over another keeps what the other had: line ends, a byte-order mark, a
/// last line without an end. Where there was none, the text ends in a line break.
pub fn whole_text(previous: Option<&str>, body: &str) -> String {
    let body = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
    let previous = Lines::of(previous.unwrap_or(""));
    if body.is_empty() {
        return String::new();
    }
    let keeps_ends = previous.all.iter().all(|line| line.end.is_empty());
    let mut text = previous.mark.to_owned();
    let lines = Lines::of(body);
    let usual = previous.usual_end();
    for line in &lines.all {
        text.push_str(line.text);
        if !line.end.is_empty() {
            text.push_str(if keeps_ends { line.end } else { usual });
        }
    }
    if previous.is_unfinished() {
        cut_end(&mut text);
    } else if lines.is_unfinished() {
        let model = if keeps_ends { &lines } else { &previous };
        text.push_str(model.usual_end());
    }
    text
}

/// A number that a line holds.
#[expect(clippy::disallowed_methods, reason = "what is no number is text")]
pub(super) fn number(text: &str) -> Option<usize> {
    text.parse().ok()
}

/// Takes the last line break away.
fn cut_end(text: &mut String) {
    let kept = split_end(text).text.len();
    text.truncate(kept);
}

fn split_end(line: &str) -> Line<'_> {
    let kept = line
        .strip_suffix("\r\n")
        .or_else(|| line.strip_suffix('\n'))
        .unwrap_or(line);
    let (text, end) = line.split_at(kept.len());
    Line { text, end }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_text_keeps_the_shape_of_the_one_before() {
        for (previous, body, expected) in [
            (None, "a\nb", "a\nb\n"),
            (None, "a\r\nb", "a\r\nb\r\n"),
            (None, "", ""),
            (None, "\n", "\n"),
            (Some(""), "a", "a\n"),
            (Some("x\n"), "a\r\nb", "a\nb\n"),
            (Some("x\r\ny\r\n"), "a\nb", "a\r\nb\r\n"),
            (Some("x\ny"), "a\nb\n", "a\nb"),
            (Some("x"), "a\nb", "a\nb"),
            (Some("\u{feff}x\n"), "a", "\u{feff}a\n"),
            (Some("\u{feff}x\n"), "\u{feff}a\n", "\u{feff}a\n"),
            (Some("x\n"), "", ""),
        ] {
            assert_eq!(
                whole_text(previous, body),
                expected,
                "{previous:?} {body:?}"
            );
        }
    }

    #[test]
    fn lines_that_are_not_named_keep_every_byte() {
        let text = "\u{feff}a\r\nb\nc\r\nd";
        let change = |lines, with: &[&str]| Change {
            lines,
            with: with.iter().map(|line| (*line).to_owned()).collect(),
        };
        for (changes, expected) in [
            (vec![], text),
            (vec![change(1..2, &["B"])], "\u{feff}a\r\nB\nc\r\nd"),
            (
                vec![change(0..1, &["x", "y"])],
                "\u{feff}x\r\ny\r\nb\nc\r\nd",
            ),
            (
                vec![change(3..4, &["x", "y"])],
                "\u{feff}a\r\nb\nc\r\nx\r\ny",
            ),
            (vec![change(2..4, &[])], "\u{feff}a\r\nb"),
            (
                vec![change(0..1, &[]), change(2..3, &["x"])],
                "\u{feff}b\nx\r\nd",
            ),
        ] {
            assert_eq!(Lines::of(text).splice(&changes), expected);
        }
    }
}
