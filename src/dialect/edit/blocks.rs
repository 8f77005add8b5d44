//! SEARCH/REPLACE blocks, and replace-only.
//!
//! The markers are read with tolerance (3 to 12 signs, blanks around them, CRLF), because a marker
//! that is missed would be written into a file.
//!
//! ```text
//! <<<<<<< SEARCH
//! old lines
//! =======
//! new lines
//! >>>>>>> REPLACE
//! ```

use super::{Edit, EditError, EditKind};

/// What a line is to the grammar. The number is the length of the marker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Marker {
    Opener(usize),
    Divider(usize),
    Closer(usize),
}

/// Reads the blocks of a body; `None` if it carries no marker of one.
pub(super) fn parse(lines: &[&str], all: bool) -> Result<Option<Vec<Edit>>, EditError> {
    let markers: Vec<Option<Marker>> = lines.iter().map(|line| marker(line)).collect();
    let has_block = markers
        .iter()
        .any(|marker| matches!(marker, Some(Marker::Opener(_) | Marker::Closer(_))));
    if !has_block {
        return Ok(None);
    }
    let blocks = Blocks {
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
    let length = line.bytes().take_while(|byte| *byte == sign).count();
    if !(3..=12).contains(&length) {
        return None;
    }
    let word = line[length..].trim_start();
    match sign {
        b'<' if word.eq_ignore_ascii_case("SEARCH") => Some(Marker::Opener(length)),
        b'=' if word.is_empty() => Some(Marker::Divider(length)),
        b'>' if word.eq_ignore_ascii_case("REPLACE") => Some(Marker::Closer(length)),
        _ => None,
    }
}

struct Blocks<'l> {
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
                    let (edit, next) = self.replace_only(index, length)?;
                    edits.push(edit);
                    self.nothing_from(next)?;
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
        let divider = self
            .divider(opener, length)
            .ok_or(EditError::NoDivider { line: opener + 1 })?;
        let closer = self
            .closer(divider, length)
            .ok_or(EditError::NoEnd { line: opener + 1 })?;
        let search = self.lines[opener + 1..divider].join("\n");
        let replace = self.lines[divider + 1..closer].join("\n");
        let edit = Edit::new(EditKind::SearchReplace, Some(search), replace, self.all);
        Ok((edit, closer + 1))
    }

    /// The divider behind `opener`: the first as long as it, so that a heading underlined with `=`
    /// stays text; only without one the first of any length.
    fn divider(&self, opener: usize, length: usize) -> Option<usize> {
        let mut any = None;
        for (index, marker) in self.markers.iter().enumerate().skip(opener + 1) {
            match marker {
                Some(Marker::Divider(found)) if *found == length => return Some(index),
                Some(Marker::Divider(_)) => any = any.or(Some(index)),
                Some(Marker::Opener(found) | Marker::Closer(found)) if *found == length => break,
                _ => {}
            }
        }
        any
    }

    /// The closer behind `divider`: the first as long as the block's other markers; without one
    /// before the next block, the first of any length.
    fn closer(&self, divider: usize, length: usize) -> Option<usize> {
        let mut any = None;
        for (index, marker) in self.markers.iter().enumerate().skip(divider + 1) {
            match marker {
                Some(Marker::Closer(found)) if *found == length => return Some(index),
                Some(Marker::Closer(_)) => any = any.or(Some(index)),
                Some(Marker::Opener(found)) if *found == length || any.is_some() => break,
                _ => {}
            }
        }
        any
    }

    fn replace_only(&self, divider: usize, length: usize) -> Result<(Edit, usize), EditError> {
        let closer = self
            .closer(divider, length)
            .ok_or(EditError::NoEnd { line: divider + 1 })?;
        let replace = self.lines[divider + 1..closer].join("\n");
        let edit = Edit::new(EditKind::ReplaceOnly, None, replace, self.all);
        Ok((edit, closer + 1))
    }

    fn nothing_from(&self, start: usize) -> Result<(), EditError> {
        for index in start..self.lines.len() {
            if self.markers[index].is_some() {
                return Err(self.stray(index));
            }
            self.check_outside(index)?;
        }
        Ok(())
    }

    /// Between blocks, only blank lines and the fences around them are passed over.
    fn check_outside(&self, index: usize) -> Result<(), EditError> {
        let text = self.lines[index].trim();
        if text.is_empty() || text.starts_with("```") || text.starts_with("~~~") {
            return Ok(());
        }
        Err(EditError::TextOutside {
            line: index + 1,
            text: text.to_owned(),
        })
    }

    fn stray(&self, index: usize) -> EditError {
        EditError::StrayMarker {
            line: index + 1,
            marker: self.lines[index].trim().to_owned(),
        }
    }
}
