//! The workspace's files as entries. They are listed with size and language; a file's text is read
//! when it is made visible, from the open document before the disk, and kept current from turn to
//! turn while it is. Their section is `<sources>`, with all else that was fetched: behind the log, since
//! what is shown of sources changes in almost every turn and the log only grows.

mod drafts;
mod propose;

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::json;

use crate::entries::{
    Attributes as Json, Category, Entry, EntryPath, Outcome, Proposal, Scheme, Visibility, Writer,
};
use crate::plugins::frame::{Attributes, element};
use crate::plugins::{
    Assembly, Message, Plugin, Problem, Refusal, Row, Section, TurnContext, is_file, known,
};
use crate::store::entries::{self, Query, Write};
use crate::workspace::{
    Constraint, FileInfo, FileKind, FilePath, Overlay, ReadError, Root, Rules, current_text, scan,
};

pub use drafts::Drafts;
pub use propose::{Proposing, can_be_created, files_of};

/// The plugin; see the module.
pub struct File;

/// The place of `<sources>` in the user message.
const PLACE: u16 = 150;

impl Plugin for File {
    fn name(&self) -> &'static str {
        Scheme::File.as_str()
    }

    fn about(&self) -> Option<&'static str> {
        Some(include_str!("doc.md"))
    }

    fn sections(&self, assembly: &Assembly<'_>) -> Vec<Section> {
        let map = map(assembly);
        let sources = assembly.rows.iter().filter(|row| {
            row.scheme().category() == Category::Data && !known::is_kept(row) && map.shows(row)
        });
        let at = (Message::User, PLACE);
        let section = Section::of_rows(at, "sources", Category::Data, sources, &map.folders());
        section.into_iter().collect()
    }

    fn begin<'a>(&'a self, cx: &'a TurnContext<'a>) -> BoxFuture<'a, Result<(), Problem>> {
        async move {
            sync(cx).await?;
            if cx.first && !cx.in_loop.config.files.is_empty() {
                show_named(cx).await?;
                // Now that they are visible their texts are read.
                sync(cx).await?;
            }
            Ok(())
        }
        .boxed()
    }

    /// What is read-only stays as it is, and what is ignored too.
    fn veto(&self, proposal: &Proposal, rules: &Rules) -> Result<(), Refusal> {
        let mut files = proposal.effect.changed_files();
        files.try_for_each(|file| match rules.constraint_of(file.as_str()) {
            Some(Constraint::Readonly) => Err(readonly(file.as_str())),
            Some(Constraint::Ignore) => Err(Refusal::new(
                Outcome::Permission,
                format!("{file} is ignored in this workspace"),
            )),
            Some(Constraint::Active) | None => Ok(()),
        })
    }
}

fn readonly(path: &str) -> Refusal {
    let message = format!("{path} is read-only in this workspace");
    Refusal::new(Outcome::Readonly, message)
}

/// The files of a workspace: where they are, what may be done with them, and their open texts.
#[derive(Clone)]
pub struct Files {
    pub root: Root,
    pub rules: Arc<Rules>,
    pub overlay: Arc<dyn Overlay>,
}

impl Files {
    /// A file that may be shown. Refused: what lies outside the workspace, and what is ignored.
    pub fn locate(&self, path: &str) -> Result<FilePath, Refusal> {
        let file = self
            .root
            .file(path)
            .map_err(|error| Refusal::new(Outcome::Permission, error.to_string()))?;
        match self.rules.constraint_of(file.as_str()) {
            Some(Constraint::Ignore) => Err(Refusal::new(
                Outcome::Permission,
                format!("{path} is not shared with you"),
            )),
            _ => Ok(file),
        }
    }

    /// A file that may be changed.
    pub fn writable(&self, path: &str) -> Result<FilePath, Refusal> {
        let file = self.locate(path)?;
        match self.rules.constraint_of(file.as_str()) {
            Some(Constraint::Readonly) => Err(readonly(path)),
            _ => Ok(file),
        }
    }

    /// Whether there is a file, be it a text or not, or a document that is to become one.
    pub async fn exists(&self, file: &FilePath) -> bool {
        file.absolute().symlink_metadata().is_ok()
            || self.overlay.open_text(file.real()).await.is_some()
    }

    /// The text as the user sees it now; none where there is no file.
    pub async fn text(&self, file: &FilePath) -> Result<Option<String>, Refusal> {
        match current_text(self.overlay.as_ref(), file).await {
            Ok(text) => Ok(Some(text)),
            Err(ReadError::NotFound { .. }) => Ok(None),
            Err(error) => Err(Refusal::invalid(error.to_string())),
        }
    }
}

/// Brings the run's file entries up to date with the workspace: new files appear, vanished ones go,
/// the texts of visible ones are read again where they changed.
async fn sync(cx: &TurnContext<'_>) -> Result<(), Problem> {
    let Some(files) = cx.files else {
        return Ok(());
    };
    let (root, rules) = (files.root.clone(), Arc::clone(&files.rules));
    let listed = tokio::task::spawn_blocking(move || scan(&root, &rules)).await;
    let found = match listed {
        Ok(Ok(found)) => found,
        Ok(Err(error)) => return Err(Refusal::invalid(error.to_string()).into()),
        Err(error) => return Err(Refusal::invalid(error.to_string()).into()),
    };
    let drafts = Drafts::of(cx).await?;
    let found = drafts.listed(found);
    let run = cx.run;
    let query = Query::of_scheme(Scheme::File);
    let known = cx
        .store
        .read(move |connection| entries::list(connection, run, &query))
        .await?;
    let writes = differences((files, &drafts), found, known).await;
    if writes.is_empty() {
        return Ok(());
    }
    cx.store
        .write(move |tx| {
            for write in writes {
                match write {
                    Difference::Write(write) => entries::set(tx, run, Writer::Plugin, write)?,
                    Difference::Gone(pattern) => {
                        entries::rm(tx, run, Writer::Plugin, &pattern)?;
                    }
                }
            }
            Ok(())
        })
        .await?;
    Ok(())
}

/// Makes the files visible that the user named with the prompt.
async fn show_named(cx: &TurnContext<'_>) -> Result<(), Problem> {
    let (run, turn) = (cx.run, cx.turn);
    let named = cx.in_loop.config.files.iter();
    let named: Vec<Query> = named
        .map(|name| EntryPath::parse(name).map(|path| Query::exactly(&path)))
        .collect::<Result<_, _>>()?;
    let shown = Visibility::Visible;
    cx.store
        .write(move |tx| {
            named.iter().try_for_each(|query| {
                entries::show(tx, run, Writer::Plugin, query, shown, Some(turn)).map(drop)
            })
        })
        .await?;
    Ok(())
}

/// The attribute of a file that an `active` constraint has promoted.
const ACTIVE: &str = "active";

enum Difference {
    Write(Write),
    Gone(Query),
}

async fn differences(
    (files, drafts): (&Files, &Drafts),
    found: Vec<FileInfo>,
    known: Vec<Entry>,
) -> Vec<Difference> {
    let mut known: BTreeMap<String, Entry> = known
        .into_iter()
        .map(|entry| (entry.path.as_str().to_owned(), entry))
        .collect();
    let mut differences = Vec::new();
    for file in found {
        let Ok(path) = EntryPath::file(&file.path) else {
            // A name that no entry can have: it cannot be named by the model either.
            continue;
        };
        let before = known.remove(&file.path);
        let active = files.rules.constraint_of(&file.path) == Some(Constraint::Active);
        let attributes = described(&file, active);
        // Once, when the constraint is new: the model may put the file away again.
        let promoted = active && before.as_ref().is_none_or(|entry| !is_active(entry));
        let visible = promoted
            || before
                .as_ref()
                .is_some_and(|entry| entry.visibility == Visibility::Visible);
        let body = match (visible, file.kind) {
            (true, FileKind::Text) => Some(current(files, drafts, &path).await),
            // What it held before it ceased to be a text is not shown any more.
            (true, _) => Some(String::new()),
            (false, _) => None,
        };
        match before {
            None => {
                let write = Write::body(path, body.as_deref().unwrap_or(""))
                    .attributes(attributes)
                    .visibility(if active {
                        Visibility::Visible
                    } else {
                        Visibility::Summarized
                    });
                differences.push(Difference::Write(write));
            }
            Some(entry) => {
                let change = refreshed(path, entry, attributes, body).map(|mut write| {
                    write.visibility = promoted.then_some(Visibility::Visible);
                    Difference::Write(write)
                });
                differences.extend(change);
            }
        }
    }
    let gone = known
        .into_values()
        .map(|entry| Difference::Gone(Query::exactly(&entry.path)));
    differences.extend(gone);
    differences
}

/// What of a known file has changed; `body` is its text where it is visible.
fn refreshed(
    path: EntryPath,
    entry: Entry,
    attributes: Json,
    body: Option<String>,
) -> Option<Write> {
    let same = attributes
        .iter()
        .all(|(key, value)| entry.attributes.get(key) == Some(value))
        && attributes.contains_key(ACTIVE) == is_active(&entry);
    match body {
        Some(body) if body != entry.body => {
            let mut all = entry.attributes;
            all.shift_remove(ACTIVE);
            all.extend(attributes);
            Some(Write::body(path, &body).attributes(all))
        }
        _ if !same => {
            let mut changed = attributes;
            // Null takes it away where it holds no more.
            changed.entry(ACTIVE).or_insert(serde_json::Value::Null);
            Some(Write::to(path).attributes(changed))
        }
        _ => None,
    }
}

/// The text of a visible file; an empty one where it cannot be read, which `get` will tell.
async fn current(files: &Files, drafts: &Drafts, path: &EntryPath) -> String {
    let text = drafts.text(files, path).await.unwrap_or(None);
    text.unwrap_or_else(String::new)
}

/// Whether an entry was promoted by an `active` constraint that still holds.
fn is_active(entry: &Entry) -> bool {
    entry.attributes.contains_key(ACTIVE)
}

fn described(file: &FileInfo, active: bool) -> Json {
    let mut attributes = Json::new();
    if let Some(language) = file.language {
        attributes.insert("language".to_owned(), json!(language));
    }
    attributes.insert("size".to_owned(), json!(file.size));
    attributes.insert("modified".to_owned(), json!(file.modified));
    if active {
        attributes.insert(ACTIVE.to_owned(), json!(true));
    }
    if file.kind != FileKind::Text {
        attributes.insert("kind".to_owned(), json!(file.kind));
    }
    attributes
}

/// What an entry's whole body takes, in characters; a file that was not read, by its size.
pub fn chars(entry: &Entry) -> usize {
    chars_of(&entry.path, entry.body.chars().count(), &entry.attributes)
}

/// The same of an entry whose body has so many characters, as far as it is there.
pub fn chars_of(path: &EntryPath, body: usize, attributes: &Json) -> usize {
    let size = attributes.get("size").and_then(serde_json::Value::as_u64);
    match size {
        Some(size) if body == 0 && is_file(path) => usize::try_from(size).unwrap_or(usize::MAX),
        _ => body,
    }
}

/// Which files the packet lists one by one, and which it only counts by folder.
struct Map {
    /// Files below a folder of this depth are counted; none: all are listed.
    depth: Option<usize>,
    folders: BTreeMap<String, u64>,
}

/// What a row of the listing takes beside its path, in characters.
const ROW_CHARS: usize = 70;

/// Draws the map: every file, or else the deepest folders that still fit `map_tokens`. Files at the
/// root are listed in any case.
fn map(assembly: &Assembly<'_>) -> Map {
    let listed: Vec<&str> = assembly
        .rows
        .iter()
        .filter(|row| is_listed(row))
        .map(|row| row.path.as_str())
        .collect();
    let fits = |rows: &[&str]| {
        let chars: usize = rows.iter().map(|row| row.len() + ROW_CHARS).sum();
        crate::llm::tokens::estimate(chars, assembly.divisor) <= assembly.map_tokens
    };
    if fits(&listed) {
        return Map {
            depth: None,
            folders: BTreeMap::new(),
        };
    }
    let at_depth = |depth: usize| {
        let mut folders: BTreeMap<String, u64> = BTreeMap::new();
        let mut rows = Vec::new();
        for path in &listed {
            match folder_at(path, depth) {
                Some(folder) => *folders.entry(folder).or_insert(0) += 1,
                None => rows.push(*path),
            }
        }
        (folders, rows)
    };
    let fits_at = |depth: &usize| {
        let (folders, mut rows) = at_depth(*depth);
        rows.extend(folders.keys().map(String::as_str));
        fits(&rows)
    };
    let depth = (2..6).rev().find(fits_at).unwrap_or(1);
    Map {
        depth: Some(depth),
        folders: at_depth(depth).0,
    }
}

impl Map {
    /// Whether a row has a line of its own.
    fn shows(&self, row: &Row) -> bool {
        !is_listed(row)
            || self
                .depth
                .is_none_or(|depth| folder_at(row.path.as_str(), depth).is_none())
    }

    /// The lines of the folders that are only counted.
    fn folders(&self) -> Vec<String> {
        let line = |(folder, count): (&String, &u64)| {
            let attributes = Attributes::new().with("path", folder).with("count", count);
            element("files", &attributes, "")
        };
        self.folders.iter().map(line).collect()
    }
}

fn is_listed(row: &Row) -> bool {
    row.scheme() == Scheme::File && row.visibility == Visibility::Summarized
}

/// The folder that holds a path below `depth` folders; none for a path that lies higher.
fn folder_at(path: &str, depth: usize) -> Option<String> {
    let (end, _) = path.match_indices('/').nth(depth - 1)?;
    Some(format!("{}/**", &path[..end]))
}
