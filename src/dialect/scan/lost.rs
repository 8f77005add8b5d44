//! Edits that stand outside of any tag, where none are made.

use memchr::memmem;

use super::super::command::{Call, Tool};
use super::super::tag::name_length;
use super::{Walk, advice};

/// What begins an escaped tag.
const ESCAPED: &str = "&lt;";

impl Walk<'_> {
    /// Tells of the first edit and the first escaped tag in the prose. In a fence, beside a `set`, an
    /// edit shows what was done.
    pub(super) fn report_lost_edits(&mut self) {
        let is_set = |call: &Call| call.tool() == Tool::Set;
        let sets = self.result.commands.iter().any(|one| is_set(&one.call));
        let text = self.text;
        let spans = self.prose.iter().filter(|prose| !(prose.fenced && sets));
        let parts = spans.map(|prose| (prose.span.start, &text[prose.span.clone()]));
        let mut edit = None;
        let mut tag = None;
        for (start, part) in parts {
            edit = edit.or_else(|| Some(start + block(part).or_else(|| diff(part))?));
            tag = tag.or_else(|| escaped(part).map(|(at, name)| (start + at, name)));
        }
        if let Some(at) = edit {
            self.advise(at, advice::LOST_EDIT.to_owned());
        }
        if let Some((at, name)) = tag {
            self.advise(at, advice::escaped(name));
        }
    }
}

/// Where a SEARCH/REPLACE block begins.
fn block(part: &str) -> Option<usize> {
    let at = memmem::find(part.as_bytes(), b"<<< SEARCH")?;
    memmem::find(&part.as_bytes()[at..], b">>> REPLACE")?;
    let start = part[..at].trim_end_matches('<').len();
    begins_line(part, start).then_some(start)
}

/// Where a unified diff begins.
fn diff(part: &str) -> Option<usize> {
    memmem::find_iter(part.as_bytes(), b"\n+++ ").find_map(|at| {
        let start = part[..at].rfind('\n').map_or(0, |end| end + 1);
        let (_, behind) = part[at + 1..].split_once('\n')?;
        (part[start..].starts_with("--- ") && behind.starts_with("@@ -")).then_some(start)
    })
}

/// Where a tag of a tool begins whose `<` was escaped.
fn escaped(part: &str) -> Option<(usize, &'static str)> {
    memmem::find_iter(part.as_bytes(), ESCAPED).find_map(|at| {
        let rest = &part[at + ESCAPED.len()..];
        let tool = Tool::from_name(&rest[..name_length(rest)])?;
        begins_line(part, at).then_some((at, tool.name()))
    })
}

fn begins_line(part: &str, at: usize) -> bool {
    let before = part[..at].trim_end_matches([' ', '\t']);
    before.is_empty() || before.ends_with('\n')
}
