//! Unified diffs.
//!
//! The counts of a hunk's header are used where they are right and only to tell a removed `-- x`
//! from a header; its line number is a hint (see [`super::Hint`]). A blank line is an empty context
//! line whose sign was lost; a hunk in which some line has no sign at all is one whose author left
//! the sign of all context lines out.

use super::super::lines::number;
use super::{Edit, EditError, EditKind, Hint, Target, fenced};

const NO_HUNK: EditError = EditError::CutOff {
    form: "the diff",
    expected: "write its hunks, each with a `@@` line and lines that begin with a blank, `-` or `+`",
};

/// Reads a body that is a diff; `None` if there is none in it.
pub(super) fn parse(target: Target<'_>, lines: &[&str]) -> Result<Option<Vec<Edit>>, EditError> {
    let fence = fenced::all_in_one(lines);
    let range = fence.as_ref().map_or(0..lines.len(), |it| it.inner.clone());
    let labelled = fence.is_some_and(|it| matches!(it.label, "diff" | "patch" | "udiff"));
    let Some(first) = range.clone().find(|index| !lines[*index].trim().is_empty()) else {
        return Ok(None);
    };
    let reader = Reader {
        lines: &lines[..range.end],
        next: first,
        edits: Vec::new(),
        file: target,
        target: None,
        creates: false,
    };
    if !reader.begins(labelled) {
        return inside(target, lines).map_or(Ok(None), Err);
    }
    let edits = reader.read()?;
    Ok(Some(edits))
}

/// A diff somewhere in a body that is no diff as a whole: only a Markdown document shows one.
fn inside(target: Target<'_>, lines: &[&str]) -> Option<EditError> {
    let is_mark = |index: usize| {
        let header = Header::of(lines[index]);
        header.is_some_and(|header| header.numbers.is_some())
    };
    let index = (0..lines.len()).find(|index| is_mark(*index))?;
    if target.is_markdown() && fenced::shows(lines, is_mark) {
        return None;
    }
    Some(EditError::Unexpected {
        line: index + 1,
        text: lines[index].to_owned(),
        expected: "write nothing but the diff, or, where it is text, the whole text between a \
                   line `=======` and a line `>>>>>>> REPLACE`",
    })
}

/// Whether the line at `index` and those behind it can only be the beginning of a diff.
fn begins_at(lines: &[&str], index: usize) -> bool {
    let next = lines.get(index + 1).copied().unwrap_or("");
    let first = lines[index];
    let signed = next.is_empty() || next.starts_with(['-', '+', ' ', '@', '\t', '\\']);
    first.starts_with("diff --git ")
        || is_file_header(lines, index)
        || Header::of(first).is_some_and(|header| header.numbers.is_some() || signed)
}

fn is_file_header(lines: &[&str], index: usize) -> bool {
    let next = lines.get(index + 1).copied().unwrap_or("");
    lines[index].starts_with("--- ") && next.starts_with("+++ ")
}

/// A line `@@ … @@`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::dialect) struct Header {
    numbers: Option<Numbers>,
    /// What it says instead of numbers.
    pub under: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Numbers {
    start: usize,
    old: usize,
    new: usize,
}

impl Header {
    pub(in crate::dialect) fn of(line: &str) -> Option<Self> {
        let inner = line.strip_prefix("@@")?;
        if !(inner.is_empty() || inner.starts_with([' ', '\t', '-'])) {
            return None; // a Ruby class variable
        }
        let inner = inner.split("@@").next().unwrap_or(inner).trim();
        let numbers = Numbers::of(inner);
        let says = inner.trim_matches(['.', '…', ' ', '-', '+', ',']);
        let under = (numbers.is_none() && !says.is_empty()).then(|| inner.to_owned());
        Some(Self { numbers, under })
    }
}

impl Numbers {
    fn of(text: &str) -> Option<Self> {
        let (old, new) = text.strip_prefix('-')?.split_once('+')?;
        let (start, old) = counted(old.trim())?;
        let (_, new) = counted(new.trim())?;
        Some(Self { start, old, new })
    }
}

/// `12,3`, or `12` for one line.
fn counted(text: &str) -> Option<(usize, usize)> {
    match text.split_once(',') {
        Some((start, count)) => Some((number(start.trim())?, number(count.trim())?)),
        None => Some((number(text)?, 1)),
    }
}

struct Reader<'l> {
    lines: &'l [&'l str],
    next: usize,
    edits: Vec<Edit>,
    /// The file that the diff stands in a `<set>` of.
    file: Target<'l>,
    /// The file that the headers name, in the words of the last of them.
    target: Option<&'l str>,
    /// Whether the headers say that the file is new.
    creates: bool,
}

impl Reader<'_> {
    /// Whether this is a diff at all. In a fence that says so, hunks need no header.
    fn begins(&self, labelled: bool) -> bool {
        if begins_at(self.lines, self.next) {
            return true;
        }
        let rest = &self.lines[self.next..];
        let is_signed = |line: &&str| line.is_empty() || line.starts_with([' ', '-', '+', '@']);
        labelled
            && rest.iter().all(is_signed)
            && rest.iter().any(|line| line.starts_with(['-', '+']))
    }

    fn read(mut self) -> Result<Vec<Edit>, EditError> {
        while let Some(line) = self.lines.get(self.next) {
            if is_file_header(self.lines, self.next) {
                self.file_header()?;
            } else if let Some(header) = Header::of(line) {
                self.next += 1;
                self.hunk(&header);
            } else if line.starts_with([' ', '-', '+']) {
                self.hunk(&Header::default());
            } else if line.starts_with("rename to ") {
                return Err(EditError::Unexpected {
                    line: self.next + 1,
                    text: (*line).to_owned(),
                    expected: "a file is moved with `<mv>`, not by a diff",
                });
            } else if line.trim().is_empty() || is_preamble(line) {
                self.next += 1;
            } else {
                return Err(EditError::Unexpected {
                    line: self.next + 1,
                    text: (*line).to_owned(),
                    expected: "a body that is a diff holds nothing else",
                });
            }
        }
        if self.edits.is_empty() {
            return Err(NO_HUNK);
        }
        Ok(self.edits)
    }

    fn file_header(&mut self) -> Result<(), EditError> {
        let old = self.lines[self.next].trim_start_matches("--- ").trim();
        let new = self.lines[self.next + 1].trim_start_matches("+++ ").trim();
        if new == "/dev/null" {
            return Err(EditError::Deletion);
        }
        if self.target.is_some_and(|target| target != new) {
            return Err(EditError::Unexpected {
                line: self.next + 2,
                text: self.lines[self.next + 1].to_owned(),
                expected: "one `<set>` changes one file; write another for this one",
            });
        }
        let named = [old, new].map(named);
        let may_be = |name: &str| self.file.can_be(name);
        if let Some(other) = named.iter().flatten().next_back()
            && !named.iter().flatten().any(|name| may_be(name))
        {
            let named = (*other).to_owned();
            return Err(EditError::OtherFile { named });
        }
        self.creates = old == "/dev/null";
        self.target = Some(new);
        self.next += 2;
        Ok(())
    }

    fn hunk(&mut self, header: &Header) {
        let start = self.next;
        let mut left = header.numbers.map(|it| (it.old, it.new));
        while let Some(line) = self.lines.get(self.next) {
            if Header::of(line).is_some() || self.ends_hunk(left) {
                break;
            }
            if let Some((old, new)) = &mut left {
                *old = old.saturating_sub(usize::from(!line.starts_with(['+', '\\'])));
                *new = new.saturating_sub(usize::from(!line.starts_with(['-', '\\'])));
            }
            self.next += 1;
        }
        let mut edit = edit(EditKind::Diff, header, &self.lines[start..self.next]);
        if self.creates {
            edit.hint = Hint::default();
        }
        self.edits.push(edit);
    }

    /// Whether the next line belongs to another file's header. Where the counts still miss a
    /// removed and an added line, `--- x` and `+++ x` are these.
    fn ends_hunk(&self, left: Option<(usize, usize)>) -> bool {
        let line = self.lines[self.next];
        if line.starts_with("diff --git ") {
            return true;
        }
        let behind = self.lines.get(self.next + 2);
        let is_header = is_file_header(self.lines, self.next)
            && behind.is_some_and(|line| Header::of(line).is_some());
        is_header && left.is_none_or(|(old, new)| old == 0 || new == 0)
    }
}

/// The path that a line of a file's header names; none where it is a word such as `original`.
fn named(header: &str) -> Option<&str> {
    let name = header.split(['\t']).next().unwrap_or(header);
    let name = name
        .split(" (")
        .next()
        .unwrap_or(name)
        .trim()
        .trim_matches('"');
    let name = ["a/", "b/"]
        .iter()
        .find_map(|side| name.strip_prefix(side))
        .unwrap_or(name);
    (name != "/dev/null" && name.contains(['.', '/'])).then_some(name)
}

/// The lines that `git diff` writes before a file's header.
fn is_preamble(line: &str) -> bool {
    [
        "diff ",
        "index ",
        "Index: ",
        "====",
        "new file mode ",
        "old mode ",
        "new mode ",
        "similarity index ",
        "rename from ",
        "rename to ",
        "\\ ",
    ]
    .iter()
    .any(|start| line.starts_with(start))
}

/// The edit that a hunk is, from its lines with their signs.
pub(in crate::dialect) fn edit(kind: EditKind, header: &Header, lines: &[&str]) -> Edit {
    let lines = without_surplus_blanks(lines, header.numbers);
    let has_sign = |line: &&str| line.is_empty() || line.starts_with([' ', '-', '+', '\\']);
    let all_signed = lines.iter().all(has_sign);
    let (mut old, mut new) = (Vec::new(), Vec::new());
    for line in lines {
        if let Some(line) = line.strip_prefix('-') {
            old.push(line);
        } else if let Some(line) = line.strip_prefix('+') {
            new.push(line);
        } else if !line.starts_with("\\ ") {
            let line = line
                .strip_prefix(' ')
                .filter(|_| all_signed)
                .unwrap_or(line);
            old.push(line);
            new.push(line);
        }
    }
    // Without old lines only `-N,0` says where the new ones go.
    let numbers = header.numbers.filter(|it| !old.is_empty() || it.old == 0);
    let is_blank = !old.is_empty() && old.iter().all(|line| line.trim().is_empty());
    let search = if is_blank {
        "\n".repeat(old.len()) // told from no lines at all
    } else {
        old.join("\n")
    };
    let mut edit = Edit::new(kind, Some(search), new.join("\n"), false);
    edit.hint.line = numbers.map(|numbers| numbers.start);
    edit.hint.under = header.under.iter().cloned().collect();
    edit
}

/// The lines of a hunk without the blank ones that set it apart from what follows: as few as make
/// the counts right, and where nothing does, all.
fn without_surplus_blanks<'s, 'l>(lines: &'s [&'l str], numbers: Option<Numbers>) -> &'s [&'l str] {
    let kept = lines
        .iter()
        .rposition(|line| !line.is_empty())
        .map_or(0, |last| last + 1);
    let count = |other: &[char]| {
        let counts = |line: &&&str| !line.starts_with(other);
        lines[..kept].iter().filter(counts).count()
    };
    let (old, new) = (count(&['+', '\\']), count(&['-', '\\']));
    let blanks = numbers.and_then(|it| {
        let blanks = it.old.checked_sub(old)?;
        (it.new.checked_sub(new)? == blanks).then_some(blanks)
    });
    &lines[..kept
        + blanks
            .filter(|blanks| kept + blanks <= lines.len())
            .unwrap_or(0)]
}
