//! The list of the workspace's files. Nothing is opened for it: what can be told from names and
//! from the file system's own records is told, the rest is left to [`read`](super::read()).

use std::fs::{self, Metadata};
use std::io;
use std::path::Path;

use ignore::gitignore::Gitignore;
use ignore::{DirEntry, WalkBuilder};

use super::language::language;
use super::read::{MAX_TEXT, modified};
use super::root::{Root, is_git};
use super::rules::{Constraint, Rules};
use super::write::is_temporary;

/// Extensions of files that are not text, so that they need not be opened to be left alone.
const BINARY: &[&str] = &[
    "7z", "a", "avif", "bin", "bmp", "bz2", "class", "db", "dll", "dylib", "eot", "exe", "flac",
    "gif", "gz", "ico", "jar", "jpeg", "jpg", "mov", "mp3", "mp4", "o", "ogg", "otf", "pdf", "png",
    "pyc", "rlib", "so", "sqlite", "tar", "tgz", "tif", "tiff", "ttf", "wasm", "wav", "webm",
    "webp", "woff", "woff2", "xz", "zip", "zst",
];

/// Folders in which version control keeps its own data. They are hidden files to the walker, and
/// hidden files are shown.
const VERSION_CONTROL: &[&str] = &[".hg", ".jj", ".svn"];

/// Why there is no list.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    #[error("the workspace folder cannot be listed: {source}")]
    Folder { source: ignore::Error },
}

/// What a file is, as far as that can be told without opening it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FileKind {
    /// Text, unless reading it shows otherwise.
    Text,
    /// Not text, by its extension.
    Binary,
    /// Over [`MAX_TEXT`] bytes.
    TooLarge,
    /// A symbolic link. It is not followed, so its target is listed only under its own name.
    Symlink,
    /// A FIFO, a socket or a device.
    Special,
    /// A file or a whole folder that the system does not let us look at.
    Unreadable,
}

/// One file of the list.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FileInfo {
    /// The file's key: relative to the folder, separated by `/`.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// Nanoseconds since 1970.
    pub modified: i64,
    /// The LSP language identifier.
    pub language: Option<&'static str>,
    pub kind: FileKind,
}

impl FileInfo {
    /// A text file that is not there yet, as it would be listed.
    pub fn of_text(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            size: text.len() as u64,
            modified: 0,
            language: language(path),
            kind: FileKind::Text,
        }
    }
}

/// The files of the folder, sorted by path. Left out are Git's data, what `.gitignore` and
/// `.ignore` name (in a Git repository or not), what `rules` ignore, protected files, and names
/// that are not UTF-8. A file that a rule wants by its path is listed even if `.gitignore` names it.
pub fn scan(root: &Root, rules: &Rules) -> Result<Vec<FileInfo>, ScanError> {
    let mut files = Vec::new();
    for entry in walker(root, rules).build() {
        match entry {
            Ok(entry) => files.extend(describe(root, &entry)),
            Err(source) if source.depth() == Some(0) => return Err(ScanError::Folder { source }),
            Err(error) => files.extend(unreadable(root, &error)),
        }
    }
    files.extend(rules.wanted().filter_map(|path| wanted(root, path)));
    files.retain(|file| rules.constraint_of(&file.path) != Some(Constraint::Ignore));
    files.sort_unstable_by(|one, other| one.path.cmp(&other.path));
    files.dedup_by(|one, other| one.path == other.path);
    Ok(files)
}

fn walker(root: &Root, rules: &Rules) -> WalkBuilder {
    let mut walker = WalkBuilder::new(root.path());
    walker
        .hidden(false)
        .require_git(false)
        .parents(obeys_parents(root.path()))
        .follow_links(false);
    let (root, rules) = (root.clone(), rules.clone());
    walker.filter_entry(move |entry| {
        let name = entry.file_name();
        let is_ignored = || {
            let path = root.relative(entry.path());
            path.is_some_and(|path| rules.ignores_below(&path))
        };
        // The folder itself is listed whatever it is called.
        entry.depth() == 0
            || !(is_git(name)
                || is_temporary(name)
                || VERSION_CONTROL.iter().any(|other| name == *other)
                || is_ignored())
    });
    walker
}

/// Whether the ignore files above the folder count. They do within a Git repository, as for Git;
/// elsewhere a stray `~/.gitignore` would empty the list. They do not where they ignore the folder
/// itself, which was opened nevertheless: so it is with repositories of dot files, whose
/// `~/.gitignore` is a `*`.
fn obeys_parents(folder: &Path) -> bool {
    let is_repository = |folder: &&Path| folder.join(".git").exists();
    match folder.ancestors().find(is_repository) {
        None => false,
        Some(repository) if repository == folder => false,
        Some(repository) => {
            let (rules, _invalid_lines) = Gitignore::new(repository.join(".gitignore"));
            !rules.matched_path_or_any_parents(folder, true).is_ignore()
        }
    }
}

/// `None` for folders and for what cannot be an entry.
fn describe(root: &Root, entry: &DirEntry) -> Option<FileInfo> {
    let kind = entry.file_type()?;
    if kind.is_dir() || root.protects(entry.path()) {
        return None;
    }
    let path = root.relative(entry.path())?;
    match entry.metadata() {
        Ok(metadata) => Some(info(path, &metadata)),
        Err(error) => unreadable(root, &error),
    }
}

/// A file that `.gitignore` may hide and a rule names. Only a plain file: a folder's name wants
/// nothing that the walk would not find.
fn wanted(root: &Root, path: &str) -> Option<FileInfo> {
    let Ok(file) = root.file(path) else {
        return None; // a rule on what cannot be reached holds for nothing
    };
    match fs::symlink_metadata(file.absolute()) {
        Ok(metadata) if metadata.is_file() => Some(info(file.as_str().to_owned(), &metadata)),
        Ok(_) | Err(_) => None,
    }
}

fn info(path: String, metadata: &Metadata) -> FileInfo {
    let extension = Path::new(&path).extension();
    let is_binary = extension.is_some_and(|extension| {
        BINARY
            .iter()
            .any(|known| extension.eq_ignore_ascii_case(known))
    });
    let kind = match metadata.file_type() {
        kind if kind.is_symlink() => FileKind::Symlink,
        kind if !kind.is_file() => FileKind::Special,
        _ if is_binary => FileKind::Binary,
        _ if metadata.len() > MAX_TEXT => FileKind::TooLarge,
        _ => FileKind::Text,
    };
    FileInfo {
        size: metadata.len(),
        modified: modified(metadata),
        language: language(&path),
        kind,
        path,
    }
}

/// Says that a file or folder is there and closed. What went away during the walk is not there.
fn unreadable(root: &Root, error: &ignore::Error) -> Option<FileInfo> {
    let missing = error.io_error().map(io::Error::kind) == Some(io::ErrorKind::NotFound);
    let path = root.relative(path_of(error)?)?;
    (!missing).then(|| FileInfo {
        size: 0,
        modified: 0,
        language: language(&path),
        kind: FileKind::Unreadable,
        path,
    })
}

fn path_of(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => {
            path_of(err)
        }
        _ => None,
    }
}
