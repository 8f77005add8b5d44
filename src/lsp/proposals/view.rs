//! One proposal on the text as it is now: what `run/proposal`, diagnostics, lenses and hovers say of it.

use std::path::PathBuf;
use std::sync::Arc;

use ropey::Rope;
use serde::Serialize;
use serde_json::{Value, json};

use super::show::ShownRun;
use crate::entries::proposal::rebase::{Place, Placed, applied, patch, place};
use crate::entries::proposal::text::{lines, unified_diff};
use crate::entries::{Effect, Proposal};
use crate::lsp::documents::{Document, Encoding};
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Waits,
    There,
    Conflict,
}

/// A hunk as the client has it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HunkView {
    pub id: String,
    /// The lines that it replaces. One in conflict keeps the lines that it was made for.
    pub range: Range,
    pub removed: String,
    pub added: String,
    #[serde(skip)]
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
    placed: Vec<Placed>,
    pub hunks: Vec<HunkView>,
    pub stale: bool,
    pub conflict: bool,
}

impl View {
    /// Places a proposal on the document that is open on its file, else on the disk's text.
    pub fn of(pending: &Pending, document: Option<&Document>, encoding: Encoding) -> Self {
        let on_disk = || {
            pending
                .target
                .as_ref()
                .and_then(|target| target.text.clone())
        };
        let current = document.map_or_else(on_disk, |document| Some(document.string()));
        let mut view = Self {
            current,
            placed: Vec::new(),
            hunks: Vec::new(),
            stale: false,
            conflict: false,
        };
        match &pending.proposal.effect {
            Effect::Edit { base, .. } => {
                view.stale = view.current.as_deref() != base.as_deref();
                view.place_hunks(&pending.proposal, document, encoding);
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

    fn place_hunks(
        &mut self,
        proposal: &Proposal,
        document: Option<&Document>,
        encoding: Encoding,
    ) {
        let Some(change) = proposal.change() else {
            return;
        };
        let current = self.current.clone();
        let text = current.as_deref().unwrap_or("");
        self.placed = place(&change, current.as_deref());
        let rope = document.map_or_else(|| Rope::from_str(text), |document| document.text.clone());
        let starts = starts(text);
        let (before, after) = (change.base_lines(), change.after_lines());
        for Placed { hunk, place } in &self.placed {
            let (standing, lines) = match place {
                Place::At(range) => (Standing::Waits, range.clone()),
                Place::There => (Standing::There, hunk.before.clone()),
                Place::Conflict => (Standing::Conflict, hunk.before.clone()),
            };
            self.conflict |= standing == Standing::Conflict;
            let byte = |line: usize| starts[line.min(starts.len() - 1)];
            let range_of = |lines: &std::ops::Range<usize>| {
                encoding.range(&rope, byte(lines.start)..byte(lines.end))
            };
            // A place behind the last line is none that every editor can go to.
            let last = (starts.len() - 1).saturating_sub(1);
            let mark = lines.start.min(last)..lines.end;
            self.hunks.push(HunkView {
                id: hunk.id.clone(),
                range: range_of(&lines),
                mark: range_of(&mark),
                removed: before[hunk.before.clone()].concat(),
                added: after[hunk.after.clone()].concat(),
                standing,
                lines,
                size: (hunk.after.len(), hunk.before.len()),
            });
        }
    }

    /// The lines that it would change, counted from 0.
    pub fn changed_lines(&self) -> impl Iterator<Item = &std::ops::Range<usize>> {
        let waits = |hunk: &&HunkView| hunk.standing == Standing::Waits;
        self.hunks.iter().filter(waits).map(|hunk| &hunk.lines)
    }

    /// The text with some hunks, as far as they are not in it and have a place; none where nothing of
    /// that is left to do.
    pub fn with(&self, proposal: &Proposal, hunks: Option<&[String]>) -> Option<String> {
        let change = proposal.change()?;
        let is_wanted = |placed: &&Placed| {
            let named = hunks.is_none_or(|hunks| hunks.contains(&placed.hunk.id));
            named && matches!(placed.place, Place::At(_))
        };
        let placed: Vec<Placed> = self.placed.iter().filter(is_wanted).cloned().collect();
        let text = || applied(&change, &placed, self.current.as_deref().unwrap_or(""));
        (!placed.is_empty()).then(text)
    }

    /// The text that would result; none where there would be none.
    pub fn after(&self, proposal: &Proposal) -> Option<String> {
        let current = self.current.as_deref().unwrap_or("");
        match &proposal.effect {
            Effect::Edit { .. } => {
                let change = proposal.change()?;
                Some(applied(&change, &self.placed, current))
            }
            Effect::Copy { text, .. } => Some(text.as_ref().to_owned()),
            Effect::Rename { .. } => Some(current.to_owned()),
            Effect::Delete { .. } | Effect::Command { .. } | Effect::Question { .. } => None,
        }
    }

    /// The unified diff from the text as it is now.
    pub fn patch(&self, proposal: &Proposal) -> String {
        let current = self.current.as_deref();
        match &proposal.effect {
            Effect::Edit { target, .. } => proposal.change().map_or_else(String::new, |change| {
                patch(target.as_str(), &change, &self.placed, current)
            }),
            Effect::Delete { target, .. } => unified_diff(target.as_str(), current, ""),
            Effect::Rename { target, to } => format!("rename from {target}\nrename to {to}\n"),
            Effect::Copy { target, to, text } => {
                let new = unified_diff(to.as_str(), None, text);
                format!("copy from {target}\ncopy to {to}\n{new}")
            }
            Effect::Command { .. } | Effect::Question { .. } => String::new(),
        }
    }

    /// Its item in `run/proposal`.
    pub fn json(&self, run: &ShownRun, pending: &Pending, overlaps: &[Value]) -> Value {
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
        let mut item = json!({
            "path": proposal.path.as_str(),
            "run": run.alias,
            "turn": proposal.turn,
            "model": proposal.model.as_ref().unwrap_or(&run.model),
            "action": proposal.action,
            "title": title(pending),
            "target": effect.target(),
            "uri": pending.target.as_ref().map(|file| &file.uri),
            "kind": kind(effect),
            "hunks": self.hunks,
            "patch": self.patch(proposal),
            "stale": self.stale,
            "conflict": self.conflict,
            "overlaps": overlaps,
            "command": command,
            "question": question,
            "options": options,
        });
        if let (Some(to), Some(object)) = (effect.to(), item.as_object_mut()) {
            object.insert("to".to_owned(), json!(to));
            let uri = pending.to.as_ref().map(|file| &file.uri);
            object.insert("toUri".to_owned(), json!(uri));
        }
        item
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
    let rope = Rope::from_str(removed);
    let start = Position::new(0, 0);
    let first = starts(removed).get(1).copied().unwrap_or(0);
    let count = lines(removed).len();
    let standing = if conflict {
        Standing::Conflict
    } else {
        Standing::Waits
    };
    HunkView {
        id: "h1".to_owned(),
        range: encoding.range(&rope, 0..removed.len()),
        removed: removed.to_owned(),
        added: String::new(),
        standing,
        lines: 0..count,
        mark: Range::new(start, encoding.position(&rope, first)),
        size: (0, count),
    }
}

/// The bytes at which a text's lines begin, and its length.
fn starts(text: &str) -> Vec<usize> {
    let mut starts = vec![0];
    let mut at = 0;
    for line in lines(text) {
        at += line.len();
        starts.push(at);
    }
    starts
}
