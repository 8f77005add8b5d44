//! The change of a file's text: the text it was made against, the one it proposes, and the hunks
//! between them.

use std::borrow::Cow;
use std::iter::zip;
use std::ops::Range;
use std::sync::Arc;

use memchr::{memchr_iter, memrchr};
use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::Hunk;

/// A change of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextChange {
    /// The text it was made against; none where there was no file.
    pub base: Option<Arc<str>>,
    pub after: Arc<str>,
    pub hunks: Vec<Hunk>,
}

impl TextChange {
    /// The change that leads from one text to another, nothing of it decided.
    pub fn between(base: Option<&str>, after: &str) -> Self {
        Self {
            base: base.map(Arc::from),
            after: Arc::from(after),
            hunks: hunks_between(base, after),
        }
    }

    /// The lines of the text it was made against.
    pub fn base_lines(&self) -> Lines<'_> {
        Lines::of(self.base.as_deref().unwrap_or(""))
    }

    /// The lines of the text that it proposes.
    pub fn after_lines(&self) -> Lines<'_> {
        Lines::of(&self.after)
    }

    /// The base with the hunks that `wanted` picks applied.
    pub fn text_with(&self, wanted: impl Fn(&Hunk) -> bool) -> String {
        let (base, after) = (self.base_lines(), self.after_lines());
        text_with(&self.hunks, wanted, &base, &after)
    }

    /// The change that puts back the accepted hunks that `wanted` picks. Its hunks have the same ids.
    #[must_use]
    pub fn reversed(&self, wanted: impl Fn(&Hunk) -> bool) -> Self {
        let goes = |hunk: &Hunk| hunk.is_accepted() && wanted(hunk);
        let (mut before_shift, mut after_shift) = (Shift::default(), Shift::default());
        let mut hunks = Vec::new();
        for hunk in self.hunks.iter().filter(|hunk| hunk.is_accepted()) {
            let old = before_shift.of(hunk.before.start);
            let new = after_shift.of(hunk.before.start);
            before_shift.grow(hunk);
            if !goes(hunk) {
                after_shift.grow(hunk);
                continue;
            }
            hunks.push(Hunk {
                id: hunk.id.clone(),
                before: old..old + hunk.after.len(),
                after: new..new + hunk.before.len(),
                decision: None,
            });
        }
        let is_left = |hunk: &Hunk| hunk.is_accepted() && !goes(hunk);
        Self {
            base: Some(self.text_with(Hunk::is_accepted).into()),
            after: self.text_with(is_left).into(),
            hunks,
        }
    }
}

/// How far lines have moved behind the hunks that were applied before them.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Shift {
    added: usize,
    removed: usize,
}

impl Shift {
    pub(super) const fn of(self, line: usize) -> usize {
        line + self.added - self.removed
    }

    pub(super) fn grow(&mut self, applied: &Hunk) {
        self.added += applied.after.len();
        self.removed += applied.before.len();
    }
}

/// A text with the hunks that `wanted` picks applied.
pub(super) fn text_with(
    hunks: &[Hunk],
    wanted: impl Fn(&Hunk) -> bool,
    base: &Lines<'_>,
    after: &Lines<'_>,
) -> String {
    let mut text = String::with_capacity(base.text().len().max(after.text().len()));
    let mut at = 0;
    for hunk in hunks.iter().filter(|hunk| wanted(hunk)) {
        text.push_str(base.span(at..hunk.before.start));
        text.push_str(after.span(hunk.after.clone()));
        at = hunk.before.end;
    }
    text.push_str(base.span(at..base.count()));
    text
}

/// A text's lines, each with its line break.
pub fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

/// A text and where its lines begin.
#[derive(Debug, Clone)]
pub struct Lines<'t> {
    text: &'t str,
    starts: Cow<'t, [usize]>,
}

/// The bytes at which a text's lines begin, and its length.
pub fn line_starts(text: &str) -> Vec<usize> {
    line_starts_near(text, &Lines::known("", &[0]))
}

/// The same of a text that has much in common with one whose lines are known: only what lies between
/// the ends that both share is read for line breaks.
pub fn line_starts_near(text: &str, known: &Lines<'_>) -> Vec<usize> {
    let ends = Ends::of(known.text, text);
    let (old, new) = (known.text.len(), text.len());
    let before = known.starts.partition_point(|start| *start <= ends.head);
    let behind = known
        .starts
        .partition_point(|start| *start <= old - ends.tail);
    let mut starts = Vec::with_capacity(known.starts.len() + 16);
    starts.extend_from_slice(&known.starts[..before]);
    let middle = &text.as_bytes()[ends.head..new - ends.tail];
    starts.extend(memchr_iter(b'\n', middle).map(|at| ends.head + at + 1));
    starts.extend(known.starts[behind..].iter().map(|start| start + new - old));
    if starts.last() != Some(&new) {
        starts.push(new);
    }
    starts
}

/// How many bytes two texts share at their beginning, in whole lines, and at their end. What lies
/// between is all that can be different.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ends {
    pub(super) head: usize,
    pub(super) tail: usize,
}

impl Ends {
    pub(super) fn of(one: &str, other: &str) -> Self {
        /// So many bytes are compared at a time.
        const BLOCK: usize = 128;
        let (one, other) = (one.as_bytes(), other.as_bytes());
        let blocks = zip(one.chunks_exact(BLOCK), other.chunks_exact(BLOCK));
        let same = BLOCK * blocks.take_while(|(a, b)| a == b).count();
        let rest = zip(&one[same..], &other[same..]);
        let same = same + rest.take_while(|(a, b)| a == b).count();
        let head = memrchr(b'\n', &one[..same]).map_or(0, |at| at + 1);
        let (one, other) = (&one[head..], &other[head..]);
        let blocks = zip(one.rchunks_exact(BLOCK), other.rchunks_exact(BLOCK));
        let same = BLOCK * blocks.take_while(|(a, b)| a == b).count();
        let rest = zip(
            one[..one.len() - same].iter().rev(),
            other[..other.len() - same].iter().rev(),
        );
        let tail = same + rest.take_while(|(a, b)| a == b).count();
        Self { head, tail }
    }
}

impl<'t> Lines<'t> {
    pub fn of(text: &'t str) -> Self {
        Self {
            text,
            starts: Cow::Owned(line_starts(text)),
        }
    }

    /// The lines of a text whose [`line_starts`] are known.
    pub const fn known(text: &'t str, starts: &'t [usize]) -> Self {
        Self {
            text,
            starts: Cow::Borrowed(starts),
        }
    }

    pub const fn text(&self) -> &'t str {
        self.text
    }

    pub fn count(&self) -> usize {
        self.starts.len() - 1
    }

    /// The byte at which a line begins; the text's end behind the last one.
    pub fn start(&self, line: usize) -> usize {
        self.starts.get(line).copied().unwrap_or(self.text.len())
    }

    /// A line, with its line break.
    pub fn line(&self, line: usize) -> &'t str {
        self.span(line..line + 1)
    }

    /// The text of these lines.
    pub fn span(&self, lines: Range<usize>) -> &'t str {
        &self.text[self.starts[lines.start]..self.starts[lines.end]]
    }

    /// The same lines one by one.
    pub fn each(&self, lines: Range<usize>) -> impl Iterator<Item = &'t str> {
        lines.map(|line| self.line(line))
    }

    /// How many lines two texts share at their beginning and at their end.
    pub(super) fn shared_with(&self, other: &Self) -> (usize, usize) {
        let ends = Ends::of(self.text, other.text);
        let is_before = |start: &usize| *start < ends.head;
        let head = self.starts.partition_point(is_before);
        let from = self.text.len() - ends.tail;
        let first = self.starts.partition_point(|start| *start < from);
        let tail = self.count() - first;
        // What the tails share may begin within a line of the other text.
        let begins = other.starts[other.count() - tail];
        let is_whole = self.starts[first] > from || begins + ends.tail == other.text.len();
        (head, tail - usize::from(!is_whole))
    }
}

/// Lines of a text, and what stands there instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Replacement<'t> {
    pub(super) lines: Range<usize>,
    pub(super) with: Vec<Cow<'t, str>>,
}

/// How many unchanged lines a unified diff shows around a change.
const CONTEXT: usize = 3;

/// A unified diff; empty where the texts are equal.
pub fn unified_diff(path: &str, before: Option<&str>, after: &str) -> String {
    let (old, new) = (Lines::of(before.unwrap_or("")), Lines::of(after));
    let replacements: Vec<Replacement<'_>> = hunks_between(before, after)
        .into_iter()
        .map(|hunk| Replacement {
            lines: hunk.before,
            with: new.each(hunk.after).map(Cow::Borrowed).collect(),
        })
        .collect();
    unified(path, before.is_some(), &old, &replacements)
}

/// The same of replacements that are known, in their order.
pub(super) fn unified(
    path: &str,
    exists: bool,
    old: &Lines<'_>,
    replacements: &[Replacement<'_>],
) -> String {
    let changing = |one: &&Replacement<'_>| !(one.lines.is_empty() && one.with.is_empty());
    let changes: Vec<&Replacement<'_>> = replacements.iter().filter(changing).collect();
    if changes.is_empty() {
        return String::new();
    }
    let from = if exists { path } else { "/dev/null" };
    let mut diff = format!("--- {from}\n+++ {path}\n");
    let mut shift = Shift::default();
    let near =
        |a: &&Replacement<'_>, b: &&Replacement<'_>| b.lines.start - a.lines.end <= 2 * CONTEXT;
    for group in changes.chunk_by(near) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else {
            continue;
        };
        let start = first.lines.start.saturating_sub(CONTEXT);
        let end = (last.lines.end + CONTEXT).min(old.count());
        let new_start = shift.of(start);
        let mut at = start;
        let mut body = String::new();
        for change in group {
            let kept = old.each(at..change.lines.start);
            let gone = old.each(change.lines.clone());
            kept.for_each(|line| push_line(&mut body, ' ', line));
            gone.for_each(|line| push_line(&mut body, '-', line));
            change
                .with
                .iter()
                .for_each(|line| push_line(&mut body, '+', line));
            at = change.lines.end;
            shift.added += change.with.len();
            shift.removed += change.lines.len();
        }
        old.each(at..end)
            .for_each(|line| push_line(&mut body, ' ', line));
        let new_end = shift.of(end);
        let (old_lines, new_lines) = (shown(start..end), shown(new_start..new_end));
        let header = ["@@ -", &old_lines, " +", &new_lines, " @@\n"].concat();
        diff.push_str(&header);
        diff.push_str(&body);
    }
    diff
}

/// Lines as a diff's header has them, counted from 1.
fn shown(lines: Range<usize>) -> String {
    match lines.len() {
        0 => format!("{},0", lines.start),
        1 => (lines.start + 1).to_string(),
        count => format!("{},{count}", lines.start + 1),
    }
}

fn push_line(diff: &mut String, sign: char, line: &str) {
    diff.push(sign);
    diff.push_str(line);
    if !line.ends_with('\n') {
        diff.push_str("\n\\ No newline at end of file\n");
    }
}

/// The hunks that lead from one text to another.
pub fn hunks_between(base: Option<&str>, after: &str) -> Vec<Hunk> {
    let (old, new) = (base.map_or_else(Vec::new, lines), lines(after));
    let changed = capture_diff_slices(Algorithm::Patience, &old, &new)
        .into_iter()
        .filter(|op| !matches!(op, DiffOp::Equal { .. }));
    let mut hunks: Vec<Hunk> = Vec::new();
    for op in changed {
        let (before, after) = (op.old_range(), op.new_range());
        match hunks.last_mut() {
            // A deletion and an insertion in the same place are one change.
            Some(last) if last.before.end == before.start && last.after.end == after.start => {
                last.before.end = before.end;
                last.after.end = after.end;
            }
            _ => hunks.push(Hunk {
                id: format!("h{}", hunks.len() + 1),
                before,
                after,
                decision: None,
            }),
        }
    }
    // A new file that is empty has no changed line; what is decided is the file.
    if hunks.is_empty() && base.is_none() {
        hunks.push(Hunk::whole(0, 0));
    }
    hunks
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::entries::Decision;

    #[test]
    fn each_changed_place_is_a_hunk_of_its_own() {
        let change = TextChange::between(Some("a\nb\nc\nd\n"), "A\nb\nc\nc2\nd\n");
        let ranges: Vec<_> = change
            .hunks
            .iter()
            .map(|hunk| (hunk.id.as_str(), hunk.before.clone(), hunk.after.clone()))
            .collect();
        assert_eq!(ranges, [("h1", 0..1, 0..1), ("h2", 3..3, 3..4)]);
        assert_eq!(change.text_with(|h| h.id == "h2"), "a\nb\nc\nc2\nd\n");
    }

    #[test]
    fn a_new_file_is_one_hunk_even_when_it_is_empty() {
        assert_eq!(hunks_between(None, "x\ny\n").len(), 1);
        assert_eq!(hunks_between(None, "").len(), 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn what_the_ends_of_two_texts_share_is_what_their_lines_share(
            head in "(a{0,3}\n){0,80}",
            old in "[ab\u{e9}\n]{0,6}",
            new in "[ab\u{e9}\n]{0,6}",
            tail in "([ab]{0,3}\n){0,80}b?",
        ) {
            let text = |middle: &str| [head.as_str(), middle, &tail].concat();
            let (old, new) = (text(&old), text(&new));
            let (old_lines, new_lines) = (lines(&old), lines(&new));
            let shared = zip(&old_lines, &new_lines).take_while(|(a, b)| a == b).count();
            let rest = zip(old_lines[shared..].iter().rev(), new_lines[shared..].iter().rev());
            let back = rest.take_while(|(a, b)| a == b).count();
            // The last line of texts that are equal may be one of the head's or of the tail's.
            let (head, tail) = Lines::of(&old).shared_with(&Lines::of(&new));
            prop_assert_eq!(head + tail, shared + back);
            prop_assert!(head == shared || old == new);
        }

        #[test]
        fn the_lines_of_a_text_begin_where_its_breaks_end(
            known in "([ab]{0,3}\n){0,80}b?",
            text in prop::option::of("[ab\u{e9}\n]{0,12}"),
            cut in any::<(prop::sample::Index, prop::sample::Index)>(),
            typed in "[ab\u{e9}\n]{0,6}",
        ) {
            // Another text altogether, or the known one with something typed into it.
            let text = text.unwrap_or_else(|| {
                let (from, to) = (cut.0.index(known.len() + 1), cut.1.index(known.len() + 1));
                [&known[..from.min(to)], &typed, &known[from.max(to)..]].concat()
            });
            let mut starts: Vec<usize> = vec![0];
            starts.extend(lines(&text).iter().scan(0, |at, line| {
                *at += line.len();
                Some(*at)
            }));
            prop_assert_eq!(line_starts_near(&text, &Lines::of(&known)), starts.clone());
            prop_assert_eq!(line_starts(&text), starts);
        }

        #[test]
        fn all_hunks_make_the_proposed_text_and_none_the_base(
            base in "([ab]?\n?){0,12}",
            after in "([abc]?\n?){0,12}",
        ) {
            let change = TextChange::between(Some(&base), &after);
            prop_assert_eq!(change.text_with(|_| true), after);
            prop_assert_eq!(change.text_with(|_| false), base);
        }

        #[test]
        fn a_diff_is_as_the_library_writes_it(
            base in prop::option::of("([ab]?\n){0,30}[ab]?"),
            after in "([abc]?\n){0,30}[ab]?",
        ) {
            let old = if base.is_some() { "f" } else { "/dev/null" };
            let before = base.as_deref().unwrap_or("");
            let theirs = similar::TextDiff::configure()
                .algorithm(Algorithm::Patience)
                .diff_lines(before, &after)
                .unified_diff()
                .context_radius(3)
                .header(old, "f")
                .to_string();
            let ours = unified_diff("f", base.as_deref(), &after);
            let signs = |diff: &str| {
                let mut lines: Vec<String> = diff.lines().map(str::to_owned).collect();
                lines.sort();
                lines
            };
            prop_assert_eq!(signs(&ours), signs(&theirs));
            prop_assert_eq!(diffy::Patch::from_str(&ours).map(|patch| patch.hunks().len()),
                diffy::Patch::from_str(&theirs).map(|patch| patch.hunks().len()));
        }

        #[test]
        fn a_reversed_change_leads_back_to_what_is_left_accepted(
            base in "([ab]\n){0,8}",
            after in "([abc]\n){0,8}",
            accepted in any::<u8>(),
            undone in any::<u8>(),
        ) {
            let mut change = TextChange::between(Some(&base), &after);
            let is_in = |mask: u8, at: usize| mask >> (at % 8) & 1 == 1;
            for (at, hunk) in change.hunks.iter_mut().enumerate() {
                let decision = if is_in(accepted, at) { Decision::Accepted } else { Decision::Rejected };
                hunk.decision = Some(decision);
            }
            let goes: Vec<String> = change
                .hunks
                .iter()
                .enumerate()
                .filter(|(at, _)| is_in(undone, *at))
                .map(|(_, hunk)| hunk.id.clone())
                .collect();
            let back = change.reversed(|hunk| goes.contains(&hunk.id));
            prop_assert_eq!(back.text_with(|_| true), back.after.as_ref());
            for hunk in change.hunks.iter_mut().filter(|hunk| goes.contains(&hunk.id)) {
                hunk.decision = Some(Decision::Undone);
            }
            prop_assert_eq!(back.after.as_ref(), change.text_with(Hunk::is_accepted));
        }
    }
}
