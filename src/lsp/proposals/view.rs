//! One proposal on the text as it is now: what `run/proposal`, diagnostics, lenses and hovers say of it.

use std::path::PathBuf;
use std::sync::Arc;

use memchr::memchr_iter;
use ropey::Rope;
use serde::Serialize;

use super::show::ShownRun;
use crate::entries::proposal::rebase::{Place, Placed, Prepared};
use crate::entries::proposal::text::{Lines, unified_diff};
use crate::entries::{Action, Effect, EntryPath, Proposal, RunAlias, TurnNumber};
use crate::lsp::documents::{Document, Encoding, number};
use crate::lsp::types::{Position, Range, Uri};

/// A pending proposal and its files.
#[derive(Debug, Clone)]
pub struct Pending {
    pub proposal: Proposal,
    /// The file that it is about.
    pub target: Option<OnDisk>,
    /// Where a file goes.
    pub to: Option<OnDisk>,
    /// The folder that a command runs in.
    pub folder: PathBuf,
}

/// A file as the disk had it when it was last looked at.
#[derive(Debug, Clone)]
pub struct OnDisk {
    pub uri: Uri,
    /// Its path without links.
    pub file: PathBuf,
    pub exists: bool,
    /// None where there is no file, or none that is a text.
    pub text: Option<Arc<str>>,
}

/// Where a hunk stands in the text as it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    Waits,
    There,
    Conflict,
}

impl Standing {
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde passes a reference"
    )]
    fn waits(&self) -> bool {
        *self == Self::Waits
    }
}

/// A hunk as the client has it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HunkView {
    pub id: String,
    /// The lines that it replaces. One in conflict keeps the lines that it was made for.
    pub range: Range,
    pub removed: String,
    pub added: String,
    #[serde(skip_serializing_if = "Standing::waits")]
    pub standing: Standing,
    /// The lines that `range` spans.
    #[serde(skip)]
    pub lines: std::ops::Range<usize>,
    /// Where lenses and diagnostics show it.
    #[serde(skip)]
    pub mark: Range,
    /// How many lines it adds and removes.
    #[serde(skip)]
    pub size: (usize, usize),
}

/// A proposal on the text as it is now.
#[derive(Debug, Clone)]
pub struct View {
    /// The text of its file, in the document that is open on it, else on the disk.
    pub current: Option<Arc<str>>,
    /// Where its lines begin, as far as that was needed.
    starts: Vec<usize>,
    /// The change that an edit is.
    change: Option<Arc<Prepared>>,
    placed: Vec<Placed>,
    pub hunks: Vec<HunkView>,
    pub stale: bool,
    pub conflict: bool,
}

impl View {
    /// Places a proposal on the document that is open on its file, else on the disk's text.
    pub fn of(pending: &Pending, document: Option<&Document>, encoding: Encoding) -> Self {
        let change = pending.proposal.change().map(Prepared::new).map(Arc::new);
        Self::with_change(change, pending, document, encoding)
    }

    /// Places the same proposal on another text.
    #[must_use]
    pub fn moved(
        &self,
        pending: &Pending,
        document: Option<&Document>,
        encoding: Encoding,
    ) -> Self {
        Self::with_change(self.change.clone(), pending, document, encoding)
    }

    fn with_change(
        change: Option<Arc<Prepared>>,
        pending: &Pending,
        document: Option<&Document>,
        encoding: Encoding,
    ) -> Self {
        let on_disk = || {
            pending
                .target
                .as_ref()
                .and_then(|target| target.text.clone())
        };
        let mut view = Self {
            current: document.map_or_else(on_disk, |document| Some(document.string())),
            starts: Vec::new(),
            change,
            placed: Vec::new(),
            hunks: Vec::new(),
            stale: false,
            conflict: false,
        };
        match &pending.proposal.effect {
            Effect::Edit { base, .. } => {
                view.stale = view.current.as_deref() != base.as_deref();
                view.place_hunks(document, encoding);
            }
            Effect::Delete { text, .. } => {
                view.stale = view.current.as_deref() != Some(text);
                view.conflict = view.stale;
                view.hunks.push(whole(text, encoding, view.conflict));
            }
            Effect::Rename { .. } | Effect::Copy { .. } => {
                let exists = |file: &Option<OnDisk>| file.as_ref().is_some_and(|file| file.exists);
                let is_rename = matches!(pending.proposal.effect, Effect::Rename { .. });
                let is_gone = is_rename && !exists(&pending.target);
                view.conflict = exists(&pending.to) || is_gone;
                view.hunks.push(whole("", encoding, view.conflict));
            }
            Effect::Command { .. } | Effect::Question { .. } => {}
        }
        view
    }

    fn place_hunks(&mut self, document: Option<&Document>, encoding: Encoding) {
        let Some(change) = self.change.clone() else {
            return;
        };
        let text = self.current.clone().unwrap_or_else(|| Arc::from(""));
        self.starts = change.line_starts(&text);
        let now = Lines::known(&text, &self.starts);
        self.placed = change.place(self.current.as_ref().map(|_| &now));
        let ruler = Ruler::of(&now, document, encoding);
        let (before, after) = (change.base(), change.after());
        for Placed { hunk, place } in &self.placed {
            let (standing, lines) = match place {
                Place::At(range) => (Standing::Waits, range.clone()),
                Place::There => (Standing::There, hunk.before.clone()),
                Place::Conflict => (Standing::Conflict, hunk.before.clone()),
            };
            self.conflict |= standing == Standing::Conflict;
            // A place behind the last line is none that every editor can go to.
            let last = now.count().saturating_sub(1);
            let mark = lines.start.min(last)..lines.end;
            self.hunks.push(HunkView {
                id: hunk.id.clone(),
                range: ruler.range(&lines),
                mark: ruler.range(&mark),
                removed: before.span(hunk.before.clone()).to_owned(),
                added: after.span(hunk.after.clone()).to_owned(),
                standing,
                lines,
                size: (hunk.after.len(), hunk.before.len()),
            });
        }
    }

    /// The lines of the text as it is now.
    fn now(&self) -> Option<Lines<'_>> {
        let text = self.current.as_deref()?;
        Some(Lines::known(text, &self.starts))
    }

    /// The lines that it would change, counted from 0.
    pub fn changed_lines(&self) -> impl Iterator<Item = &std::ops::Range<usize>> {
        let waits = |hunk: &&HunkView| hunk.standing == Standing::Waits;
        self.hunks.iter().filter(waits).map(|hunk| &hunk.lines)
    }

    /// The text with some hunks, as far as they are not in it and have a place; none where nothing of
    /// that is left to do.
    pub fn with(&self, hunks: Option<&[String]>) -> Option<String> {
        let change = self.change.as_ref()?;
        let is_wanted = |placed: &&Placed| {
            let named = hunks.is_none_or(|hunks| hunks.contains(&placed.hunk.id));
            named && matches!(placed.place, Place::At(_))
        };
        let placed: Vec<Placed> = self.placed.iter().filter(is_wanted).cloned().collect();
        let now = self.now().unwrap_or_else(|| Lines::of(""));
        (!placed.is_empty()).then(|| change.applied(&placed, &now))
    }

    /// The text that would result; none where there would be none.
    pub fn after(&self, proposal: &Proposal) -> Option<String> {
        match &proposal.effect {
            Effect::Edit { .. } => {
                let now = self.now().unwrap_or_else(|| Lines::of(""));
                Some(self.change.as_ref()?.applied(&self.placed, &now))
            }
            Effect::Copy { text, .. } => Some(text.as_ref().to_owned()),
            Effect::Rename { .. } => Some(self.current.as_deref().unwrap_or("").to_owned()),
            Effect::Delete { .. } | Effect::Command { .. } | Effect::Question { .. } => None,
        }
    }

    /// The unified diff from the text as it is now.
    pub fn patch(&self, proposal: &Proposal) -> String {
        let current = self.current.as_deref();
        match &proposal.effect {
            Effect::Edit { target, .. } => {
                self.change.as_ref().map_or_else(String::new, |change| {
                    change.patch(target.as_str(), &self.placed, self.now().as_ref())
                })
            }
            Effect::Delete { target, .. } => unified_diff(target.as_str(), current, ""),
            Effect::Rename { target, to } => format!("rename from {target}\nrename to {to}\n"),
            Effect::Copy { target, to, text } => {
                let new = unified_diff(to.as_str(), None, text);
                format!("copy from {target}\ncopy to {to}\n{new}")
            }
            Effect::Command { .. } | Effect::Question { .. } => String::new(),
        }
    }

    /// Its item in `run/proposal`, as JSON.
    pub fn json(
        &self,
        run: &ShownRun,
        pending: &Pending,
        overlaps: &[Overlap<'_>],
    ) -> serde_json::Result<String> {
        let proposal = &pending.proposal;
        let effect = &proposal.effect;
        let (question, options) = match effect {
            Effect::Question { question, options } => (Some(question), Some(options)),
            _ => (None, None),
        };
        let command = match effect {
            Effect::Command { line } => Some(line),
            _ => None,
        };
        serde_json::to_string(&Told {
            path: &proposal.path,
            run: &run.alias,
            turn: proposal.turn,
            model: proposal.model.as_ref().unwrap_or(&run.model),
            action: proposal.action,
            title: title(pending),
            target: effect.target(),
            uri: pending.target.as_ref().map(|file| &file.uri),
            kind: kind(effect),
            hunks: &self.hunks,
            patch: self.patch(proposal),
            stale: self.stale,
            conflict: self.conflict,
            overlaps,
            command,
            question,
            options,
            goes: effect.to().map(|to| Goes {
                to,
                to_uri: pending.to.as_ref().map(|file| &file.uri),
            }),
        })
    }
}

/// An item of `run/proposal`; `editors/PROTOCOL.md` says what is in it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Told<'v> {
    path: &'v EntryPath,
    run: &'v RunAlias,
    turn: Option<TurnNumber>,
    model: &'v str,
    action: Action,
    title: String,
    target: Option<&'v EntryPath>,
    uri: Option<&'v Uri>,
    kind: &'static str,
    hunks: &'v [HunkView],
    patch: String,
    stale: bool,
    conflict: bool,
    overlaps: &'v [Overlap<'v>],
    command: Option<&'v String>,
    question: Option<&'v String>,
    options: Option<&'v Vec<String>>,
    #[serde(flatten)]
    goes: Option<Goes<'v>>,
}

/// Where a file goes.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Goes<'v> {
    to: &'v EntryPath,
    to_uri: Option<&'v Uri>,
}

/// Another pending proposal that changes the same lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Overlap<'s> {
    pub run: &'s RunAlias,
    pub path: &'s EntryPath,
}

/// Finds the positions of whole lines.
enum Ruler<'t> {
    /// Where lines end with line feeds alone, with or without a return before them, a line's number is
    /// its position.
    Counting {
        lines: usize,
        /// Where the text ends.
        end: Position,
    },
    /// A return by itself ends a line too (LSP 3.17, "Position").
    Looking {
        now: &'t Lines<'t>,
        rope: Rope,
        encoding: Encoding,
    },
}

impl<'t> Ruler<'t> {
    fn of(now: &'t Lines<'t>, document: Option<&Document>, encoding: Encoding) -> Self {
        let text = now.text().as_bytes();
        let is_alone = |at: usize| text.get(at + 1) != Some(&b'\n');
        if memchr_iter(b'\r', text).any(is_alone) {
            let open = document.map(|document| document.text.clone());
            let rope = open.unwrap_or_else(|| Rope::from_str(now.text()));
            return Self::Looking {
                now,
                rope,
                encoding,
            };
        }
        let lines = now.count();
        let end = match lines.checked_sub(1).map(|last| (last, now.line(last))) {
            Some((last, line)) if !line.ends_with('\n') => {
                let column = encoding
                    .position(&Rope::from_str(line), line.len())
                    .character;
                Position::new(number(last), column)
            }
            _ => Position::new(number(lines), 0),
        };
        Self::Counting { lines, end }
    }

    fn range(&self, lines: &std::ops::Range<usize>) -> Range {
        Range::new(self.position(lines.start), self.position(lines.end))
    }

    fn position(&self, line: usize) -> Position {
        match self {
            Self::Counting { lines, .. } if line < *lines => Position::new(number(line), 0),
            Self::Counting { end, .. } => *end,
            Self::Looking {
                now,
                rope,
                encoding,
            } => encoding.position(rope, now.start(line)),
        }
    }
}

/// What a proposal does, in a word.
pub const fn kind(effect: &Effect) -> &'static str {
    match effect {
        Effect::Edit { base: None, .. } => "create",
        Effect::Edit { .. } => "edit",
        Effect::Delete { .. } => "delete",
        Effect::Rename { .. } => "rename",
        Effect::Copy { .. } => "copy",
        Effect::Command { .. } => "command",
        Effect::Question { .. } => "question",
    }
}

/// What a proposal does, in a line.
pub fn title(pending: &Pending) -> String {
    let (added, removed) = pending.proposal.size();
    match &pending.proposal.effect {
        Effect::Edit { target, base, .. } => {
            let verb = if base.is_none() { "Create" } else { "Edit" };
            format!("{verb} {target} (+{added} −{removed})")
        }
        Effect::Delete { target, .. } => format!("Delete {target} (−{removed})"),
        Effect::Rename { target, to } => format!("Rename {target} to {to}"),
        Effect::Copy { target, to, .. } => format!("Copy {target} to {to}"),
        Effect::Command { line } => {
            format!("Run {} in {}", in_a_line(line), pending.folder.display())
        }
        Effect::Question { question, .. } => in_a_line(question),
    }
}

/// A text's first words.
pub fn in_a_line(text: &str) -> String {
    const MOST: usize = 120;
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match flat.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &flat[..end]),
        None => flat,
    }
}

/// The one hunk of a proposal that takes a whole file; it shows on the file's first line.
fn whole(removed: &str, encoding: Encoding, conflict: bool) -> HunkView {
    let now = Lines::of(removed);
    let ruler = Ruler::of(&now, None, encoding);
    let count = now.count();
    let standing = if conflict {
        Standing::Conflict
    } else {
        Standing::Waits
    };
    HunkView {
        id: "h1".to_owned(),
        range: ruler.range(&(0..count)),
        removed: removed.to_owned(),
        added: String::new(),
        standing,
        lines: 0..count,
        mark: ruler.range(&(0..count.min(1))),
        size: (0, count),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn whole_lines_have_the_positions_that_their_bytes_have(
            text in "[a\u{e9}\u{1F600}\n\r]{0,20}",
            from in 0..12_usize,
            count in 0..4_usize,
        ) {
            let now = Lines::of(&text);
            let rope = Rope::from_str(&text);
            let lines = from..from + count;
            for encoding in [Encoding::Utf8, Encoding::Utf16] {
                let bytes = now.start(lines.start)..now.start(lines.end);
                prop_assert_eq!(
                    Ruler::of(&now, None, encoding).range(&lines),
                    encoding.range(&rope, bytes)
                );
            }
        }
    }
}
