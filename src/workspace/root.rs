//! The workspace folder and the paths that may be named in it.
//!
//! [`Root::file`] is the only door: it turns a path in any spelling into the one key of that file,
//! or says why the path is refused. Opening files is not done here.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// As many links in a row as Linux itself follows before it reports a loop.
const MAX_LINKS: usize = 40;

/// Why a folder cannot be a workspace.
#[derive(Debug, thiserror::Error)]
pub enum RootError {
    #[error("the workspace folder {} does not exist; open a folder that does", .path.display())]
    NotFound { path: PathBuf },
    #[error("the workspace {} is not a folder; open the folder that holds it", .path.display())]
    NotAFolder { path: PathBuf },
    #[error("the workspace folder {} cannot be opened: {source}", .path.display())]
    Io { path: PathBuf, source: io::Error },
}

/// Why a path is refused. To whoever named it, all of these mean "forbidden".
#[derive(Debug, thiserror::Error)]
pub enum Outside {
    #[error("{path:?} leaves the workspace by `..`; name a file inside the workspace")]
    Parent { path: String },
    #[error("{path:?} is an absolute path outside the workspace {}; name a file inside it", .root.display())]
    Absolute { path: String, root: PathBuf },
    #[error("{path:?} names the workspace folder itself; name a file in it")]
    Folder { path: String },
    #[error("{path:?} holds a NUL character; a file name cannot")]
    Nul { path: String },
    #[error("{path:?} belongs to Git's own data; change it with git instead")]
    Git { path: String },
    #[error("{path:?} is one of the server's own files; name another file")]
    Protected { path: String },
    #[error(
        "{path:?} leads outside the workspace by a symbolic link; name a file that lies inside it"
    )]
    Link { path: String },
    #[error("{path:?} cannot be followed to a file: {source}")]
    Unreadable { path: String, source: io::Error },
}

/// An open workspace folder. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Root {
    /// Absolute and free of links.
    folder: Arc<Path>,
    /// The folder as the editor spells it, which may go through links (`/tmp` on macOS). Editors
    /// name documents in either spelling.
    spelled: Arc<Path>,
    protected: Arc<[PathBuf]>,
}

/// A file of the workspace, existing or not: the proof that its path was checked.
///
/// Two spellings of one path make equal values. The check holds for the moment it was made; the
/// functions that open files repeat it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FilePath {
    root: Root,
    key: Arc<str>,
    absolute: PathBuf,
    real: PathBuf,
}

impl Root {
    /// Opens the folder at `path`, which may be relative to the current folder.
    pub fn open(path: &Path) -> Result<Self, RootError> {
        let io_error = |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound => RootError::NotFound { path: path.into() },
            io::ErrorKind::NotADirectory => RootError::NotAFolder { path: path.into() },
            _ => RootError::Io {
                path: path.into(),
                source,
            },
        };
        let folder = fs::canonicalize(path).map_err(io_error)?;
        if !fs::metadata(&folder).map_err(io_error)?.is_dir() {
            return Err(RootError::NotAFolder { path: path.into() });
        }
        let spelled = std::path::absolute(path).map_err(io_error)?;
        Ok(Self {
            folder: folder.into(),
            spelled: spelled.into(),
            protected: Arc::from([]),
        })
    }

    /// Refuses `files` from now on, by name and by identity, whether they exist yet or not.
    /// A path that is not absolute is taken from the workspace folder.
    #[must_use]
    pub fn protect(self, files: impl IntoIterator<Item = PathBuf>) -> Self {
        let resolve_or_keep = |file: PathBuf| {
            let absolute = self.folder.join(file);
            // A path that cannot be looked at now is compared as it is spelled.
            follow_links(Path::new("/"), &absolute).unwrap_or(absolute)
        };
        let added = files.into_iter().map(resolve_or_keep);
        let protected = self.protected.iter().cloned().chain(added).collect();
        Self { protected, ..self }
    }

    /// The folder, absolute and free of links.
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// The file that `path` names: relative to the folder, or absolute and inside it.
    ///
    /// `.`, empty segments and `..` are worked out on the text, before any link is looked at, so
    /// that a key means the same whatever the links on the way are.
    pub fn file(&self, path: &str) -> Result<FilePath, Outside> {
        let key = self.normalise(path)?;
        let resolved = self.resolve(&key)?;
        Ok(FilePath {
            root: self.clone(),
            real: self.folder.join(resolved),
            absolute: self.folder.join(&key),
            key: key.into(),
        })
    }

    /// The key of an absolute path, whether or not it is one that [`Root::file`] accepts. `None`
    /// for the folder itself, for what is outside it, and for names that are not UTF-8.
    pub fn relative(&self, absolute: &Path) -> Option<String> {
        let segments = fold(self.strip(absolute)?)?;
        (!segments.is_empty()).then(|| segments.join("/"))
    }

    /// A pattern of paths as rules have it: relative to the folder, `.` and `..` worked out, a slash
    /// at its end kept. It may be written relative or absolute.
    pub fn pattern(&self, pattern: &str) -> Result<String, Outside> {
        let end = if pattern.ends_with('/') { "/" } else { "" };
        Ok(self.normalise(pattern)? + end)
    }

    /// Where `key` really is, relative to the folder: links followed, and refused if that is
    /// outside, in Git's data or a protected file. Parts that do not exist stay as they are, and a
    /// link to the folder itself gives an empty path.
    pub(super) fn resolve(&self, key: &str) -> Result<PathBuf, Outside> {
        let path = || key.to_owned();
        let resolved = follow_links(&self.folder, Path::new(key)).map_err(|source| {
            let path = path();
            Outside::Unreadable { path, source }
        })?;
        if self.protects(&resolved) || self.protects_inode_of(&resolved) {
            return Err(Outside::Protected { path: path() });
        }
        match resolved.strip_prefix(&self.folder) {
            Ok(inside) if inside.iter().any(is_git) => Err(Outside::Git { path: path() }),
            Ok(inside) => Ok(inside.to_path_buf()),
            Err(_) => Err(Outside::Link { path: path() }),
        }
    }

    /// Whether this absolute path, free of links, is one of the protected ones.
    pub(super) fn protects(&self, resolved: &Path) -> bool {
        self.protected.iter().any(|file| file == resolved)
    }

    /// A hard link to a protected file, or its name in another case on a file system that does not
    /// tell cases apart, is that file under another name.
    fn protects_inode_of(&self, resolved: &Path) -> bool {
        let inode = |path: &Path| fs::symlink_metadata(path).map(|meta| (meta.dev(), meta.ino()));
        let Ok(found) = inode(resolved) else {
            return false; // nothing is there, so it is no other name of anything
        };
        let is_found = |file: &PathBuf| inode(file).is_ok_and(|protected| protected == found);
        self.protected.iter().any(is_found)
    }

    fn normalise(&self, path: &str) -> Result<String, Outside> {
        if path.contains('\0') {
            return Err(Outside::Nul { path: path.into() });
        }
        let absolute = self.folder.join(path);
        let inside = self.strip(&absolute).ok_or_else(|| Outside::Absolute {
            path: path.into(),
            root: self.path().to_path_buf(),
        })?;
        // What came in as a string is UTF-8, so `..` is the only reason left.
        let segments = fold(inside).ok_or_else(|| Outside::Parent { path: path.into() })?;
        if segments.is_empty() {
            return Err(Outside::Folder { path: path.into() });
        }
        if segments.iter().any(|name| is_git(OsStr::new(name))) {
            return Err(Outside::Git { path: path.into() });
        }
        Ok(segments.join("/"))
    }

    /// The rest of a path below the folder, in either spelling of the folder.
    fn strip<'a>(&self, absolute: &'a Path) -> Option<&'a Path> {
        [&self.folder, &self.spelled]
            .into_iter()
            .flat_map(|folder| absolute.strip_prefix(folder))
            .next()
    }
}

impl FilePath {
    /// The key: relative to the folder, separated by `/`, the same for every spelling.
    pub fn as_str(&self) -> &str {
        &self.key
    }

    /// The folder joined with the key. Links in it are not resolved.
    pub fn absolute(&self) -> &Path {
        &self.absolute
    }

    /// Where the file really was when its path was checked: links followed. This is how an editor's
    /// documents are compared with it.
    pub fn real(&self) -> &Path {
        &self.real
    }

    pub(super) fn root(&self) -> &Root {
        &self.root
    }
}

impl std::fmt::Display for FilePath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.key)
    }
}

/// The segments of a path with `..` worked out; `None` if it climbs above where it began, or is
/// not UTF-8.
fn fold(path: &Path) -> Option<Vec<&str>> {
    let mut segments = Vec::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => segments.push(name.to_str()?),
            Component::ParentDir => {
                segments.pop()?;
            }
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    Some(segments)
}

/// Git's folder, or the file of that name in a worktree or submodule, in every case: file systems
/// that ignore case open `.GIT` as `.git`, and Apple's ignore some invisible characters too.
pub(super) fn is_git(name: &OsStr) -> bool {
    let invisible = |c: &char| matches!(c, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}');
    name.to_str().is_some_and(|name| {
        let seen: String = name.chars().filter(|c| !invisible(c)).collect();
        seen.eq_ignore_ascii_case(".git")
    })
}

/// `base`/`path` with every link followed, the last one too. `base` must be free of links.
///
/// Unlike `fs::canonicalize` this goes on where nothing exists: a new file has a place, and a link
/// to nothing outside the folder is still a way out of it.
pub(super) fn follow_links(base: &Path, path: &Path) -> io::Result<PathBuf> {
    let mut resolved = base.to_path_buf();
    let mut pending: Vec<OsString> = Vec::new();
    push_components(path, &mut pending, &mut resolved);
    let mut links = 0;
    while let Some(name) = pending.pop() {
        if name == ".." {
            resolved.pop();
            continue;
        }
        resolved.push(name);
        let target = match fs::read_link(&resolved) {
            Ok(target) => target,
            Err(error) if means_no_link(&error) => continue,
            Err(error) => return Err(error),
        };
        links += 1;
        if links > MAX_LINKS {
            return Err(rustix::io::Errno::LOOP.into());
        }
        resolved.pop();
        push_components(&target, &mut pending, &mut resolved);
    }
    Ok(resolved)
}

/// Puts the components of `path` on the stack, first on top; an absolute one starts at `/` again.
fn push_components(path: &Path, pending: &mut Vec<OsString>, resolved: &mut PathBuf) {
    for component in path.components().rev() {
        match component {
            Component::Normal(name) => pending.push(name.into()),
            Component::ParentDir => pending.push("..".into()),
            Component::RootDir => *resolved = PathBuf::from("/"),
            Component::CurDir | Component::Prefix(_) => {}
        }
    }
}

/// `InvalidInput` is what readlink says of a file that is there and no link.
fn means_no_link(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::InvalidInput | io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}
