//! SEARCH/REPLACE blocks, and replace-only.
//!
//! The markers are read with tolerance (3 to 12 signs, blanks around them, CRLF, the words and the
//! signs that other tools use), because a marker that is missed would be written into a file.
//! Around the blocks, prose that introduces them, the name of the file and fences are passed over.
//!
//! ```text
//! <<<<<<< SEARCH
//! old lines
//! =======
//! new lines
//! >>>>>>> REPLACE
//! ```

use super::super::lines::number;
use super::{Edit, EditError, EditKind, Target, fenced};

/// What a line is to the grammar. The number is the length of the marker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Marker {
    Opener(usize),
    Divider(usize),
    Closer(usize),
    /// Begins like a marker and goes on otherwise.
    Broken,
}

/// From this many signs on, a marker is one in any case, with words other than the usual, and
/// with something behind it.
const CLEAR: usize = 5;

/// Reads the blocks of a body; `None` if it carries no marker of one.
pub(super) fn parse(
    target: Target<'_>,
    lines: &[&str],
    all: bool,
) -> Result<Option<Vec<Edit>>, EditError> {
    let markers: Vec<Option<Marker>> = lines.iter().map(|line| marker(line)).collect();
    let is_marked = |marker: &Option<Marker>| !matches!(marker, None | Some(Marker::Divider(_)));
    if !markers.iter().any(is_marked) {
        return conflict(lines).map_or(Ok(None), Err);
    }
    let is_shown = || fenced::shows(lines, |index| is_marked(&markers[index]));
    if target.is_markdown() && is_shown() {
        return Ok(None);
    }
    let blocks = Blocks {
        target,
        lines,
        markers: &markers,
        all,
    };
    blocks.read().map(Some)
}

/// A marker line: one sign 3 to 12 times, then its word; `=` has none.
fn marker(line: &str) -> Option<Marker> {
    let line = line.trim();
    let sign = *line.as_bytes().first()?;
    if !matches!(sign, b'<' | b'=' | b'>' | b'-' | b'+') {
        return None;
    }
    let length = line.bytes().take_while(|byte| *byte == sign).count();
    if !(3..=12).contains(&length) {
        return None;
    }
    let says = line[length..].trim_start();
    let (word, rest) = says
        .split_once(|sign: char| !sign.is_ascii_alphabetic())
        .unwrap_or((says, ""));
    let clear = length >= CLEAR;
    let found = match sign {
        b'=' => return says.is_empty().then_some(Marker::Divider(length)),
        b'<' if is_one_of(word, "SEARCH", &["FIND", "ORIGINAL", "OLD"], clear) => {
            Marker::Opener(length)
        }
        b'>' if is_one_of(word, "REPLACE", &["REPLACED", "UPDATED", "NEW"], clear) => {
            Marker::Closer(length)
        }
        b'-' if clear && word == "SEARCH" => Marker::Opener(length),
        b'+' if clear && word == "REPLACE" => Marker::Closer(length),
        _ => return None,
    };
    if rest
        .trim_matches([' ', '\t', ':', '<', '>', '-', '+'])
        .is_empty()
    {
        return Some(found);
    }
    (clear && matches!(word, "SEARCH" | "REPLACE")).then_some(Marker::Broken)
}

/// The usual word in any case; short markers take it in capitals only, and no other word.
fn is_one_of(word: &str, usual: &str, others: &[&str], clear: bool) -> bool {
    word == usual
        || (clear && word.eq_ignore_ascii_case(usual))
        || (clear && others.contains(&word))
}

/// A merge conflict: nobody means to write one into a file.
fn conflict(lines: &[&str]) -> Option<EditError> {
    let signs = |line: &str, sign: &str| {
        line.strip_prefix(sign.repeat(7).as_str())
            .is_some_and(|rest| rest.starts_with(' ') || (rest.is_empty() && sign == "="))
    };
    let opener = lines.iter().position(|line| signs(line, "<"))?;
    let behind = |from: usize, sign: &str| {
        let rest = lines[from..].iter().position(|line| signs(line, sign));
        rest.map(|index| from + index)
    };
    behind(behind(opener, "=")?, ">")?;
    Some(EditError::StrayMarker {
        line: opener + 1,
        marker: lines[opener].trim().to_owned(),
    })
}

struct Blocks<'l> {
    target: Target<'l>,
    lines: &'l [&'l str],
    markers: &'l [Option<Marker>],
    all: bool,
}

impl Blocks<'_> {
    fn read(&self) -> Result<Vec<Edit>, EditError> {
        let mut edits = Vec::new();
        let mut index = 0;
        while index < self.lines.len() {
            index = match self.markers[index] {
                Some(Marker::Opener(length)) => {
                    let (edit, next) = self.block(index, length)?;
                    edits.push(edit);
                    next
                }
                Some(Marker::Divider(length)) if edits.is_empty() => {
                    self.nothing_in(0..index)?;
                    let (edit, next) = self.replace_only(index, length)?;
                    edits.push(edit);
                    self.nothing_in(next..self.lines.len())?;
                    break;
                }
                Some(_) => return Err(self.stray(index)),
                None => {
                    self.check_outside(index)?;
                    index + 1
                }
            };
        }
        Ok(edits)
    }

    /// The block that `opener` begins, and the line behind it.
    fn block(&self, opener: usize, length: usize) -> Result<(Edit, usize), EditError> {
        let (line, start) = self.told_line(opener + 1);
        let divider = self
            .divider(start, length)
            .ok_or(EditError::NoDivider { line: opener + 1 })?;
        let closer = self
            .closer(divider, length)
            .ok_or(EditError::NoEnd { line: opener + 1 })?;
        self.no_other_divider(divider, closer, length)?;
        let search = self.lines[start..divider].join("\n");
        let replace = self.lines[divider + 1..closer].join("\n");
        let mut edit = Edit::new(EditKind::SearchReplace, Some(search), replace, self.all);
        edit.hint.line = line;
        Ok((edit, closer + 1))
    }

    /// A line number that some tools put at the head of a block, and where the old lines begin.
    fn told_line(&self, start: usize) -> (Option<usize>, usize) {
        let told = |index: usize, name: &str| {
            let line = self.lines.get(index)?.trim().strip_prefix(name)?;
            number(line)
        };
        let Some(line) = told(start, ":start_line:") else {
            return (None, start);
        };
        let mut next = start + 1 + usize::from(told(start + 1, ":end_line:").is_some());
        let is_rule = |line: &&str| line.len() >= 3 && line.bytes().all(|sign| sign == b'-');
        next += usize::from(self.lines.get(next).is_some_and(is_rule));
        (Some(line), next)
    }

    /// The divider at `start` or behind: the first as long as the opener, so that a heading
    /// underlined with `=` stays text; only without one the first of any length.
    fn divider(&self, start: usize, length: usize) -> Option<usize> {
        let mut any = None;
        for (index, marker) in self.markers.iter().enumerate().skip(start) {
            match marker {
                Some(Marker::Divider(found)) if *found == length => return Some(index),
                Some(Marker::Divider(_)) => any = any.or(Some(index)),
                Some(Marker::Opener(found) | Marker::Closer(found)) if *found == length => break,
                _ => {}
            }
        }
        any
    }

    /// The closer behind `divider`: the first as long as the block's other markers, which may stand
    /// behind whole blocks of another length that the new lines hold; without one before the next
    /// block, the first of any length.
    fn closer(&self, divider: usize, length: usize) -> Option<usize> {
        let mut any = None;
        let mut inner = None;
        let mut holds_whole_blocks = true;
        for (index, marker) in self.markers.iter().enumerate().skip(divider + 1) {
            match *marker {
                Some(Marker::Closer(found)) if found == length => return Some(index),
                Some(Marker::Closer(found)) => {
                    holds_whole_blocks &= inner.take() == Some(found);
                    any = any.or(Some(index));
                }
                Some(Marker::Opener(found)) if found == length => break,
                Some(Marker::Opener(_)) if any.is_some() && !holds_whole_blocks => break,
                Some(Marker::Opener(found)) => {
                    holds_whole_blocks &= inner.replace(found).is_none();
                }
                _ => {}
            }
        }
        any
    }

    /// A second divider could be a line of the text as well as the true end of the old half.
    fn no_other_divider(
        &self,
        divider: usize,
        closer: usize,
        length: usize,
    ) -> Result<(), EditError> {
        if self.markers[divider] != Some(Marker::Divider(length)) {
            return Ok(());
        }
        let other = (divider + 1..closer)
            .find(|index| self.markers[*index] == Some(Marker::Divider(length)));
        other.map_or(Ok(()), |index| {
            Err(EditError::Unexpected {
                line: index + 1,
                text: self.lines[index].trim().to_owned(),
                expected: "a block has one divider; where such a line is text, write the markers \
                           of the block with more signs",
            })
        })
    }

    fn replace_only(&self, divider: usize, length: usize) -> Result<(Edit, usize), EditError> {
        let is_end = |index: &usize| self.markers[*index] == Some(Marker::Closer(length));
        let closer = (divider + 1..self.lines.len())
            .find(is_end)
            .or_else(|| self.closer(divider, length))
            .ok_or(EditError::NoEnd { line: divider + 1 })?;
        let replace = self.lines[divider + 1..closer].join("\n");
        let edit = Edit::new(EditKind::ReplaceOnly, None, replace, self.all);
        Ok((edit, closer + 1))
    }

    /// Around a replacement of the whole text stands nothing but blank lines and fences.
    fn nothing_in(&self, range: std::ops::Range<usize>) -> Result<(), EditError> {
        for index in range {
            if self.markers[index].is_some() {
                return Err(self.stray(index));
            }
            if !self.is_frame(index) {
                return Err(self.outside(index));
            }
        }
        Ok(())
    }

    /// Between blocks only what frames them is passed over.
    fn check_outside(&self, index: usize) -> Result<(), EditError> {
        let passes = self.is_frame(index)
            || self.is_name(index)
            || (!self.target.is_markdown() && is_prose(self.lines[index]));
        if passes {
            return Ok(());
        }
        Err(self.outside(index))
    }

    /// Blank lines and fences.
    fn is_frame(&self, index: usize) -> bool {
        let text = self.lines[index].trim();
        text.is_empty() || text.starts_with("```") || text.starts_with("~~~")
    }

    /// Whether the line names the file that is edited, directly before a fence or a block.
    fn is_name(&self, index: usize) -> bool {
        let before_block = self.markers.get(index + 1).is_some_and(|marker| {
            matches!(marker, Some(Marker::Opener(_))) || self.is_frame(index + 1)
        });
        let is_quote = |sign: char| matches!(sign, '`' | '*' | '#' | ':' | ' ' | '"' | '\'');
        before_block && self.target.is(self.lines[index].trim_matches(is_quote))
    }

    fn outside(&self, index: usize) -> EditError {
        EditError::TextOutside {
            line: index + 1,
            text: self.lines[index].trim().to_owned(),
        }
    }

    fn stray(&self, index: usize) -> EditError {
        EditError::StrayMarker {
            line: index + 1,
            marker: self.lines[index].trim().to_owned(),
        }
    }
}

/// A sentence of three words or more, and no code: what a model says about its edits.
pub(super) fn is_prose(line: &str) -> bool {
    let line = line.trim();
    line.starts_with(|sign: char| sign.is_uppercase())
        && line.ends_with(['.', ':', '!'])
        && line.split(' ').count() >= 3
        && !line.contains(['{', '}', ';', '=', '<', '>'])
}
