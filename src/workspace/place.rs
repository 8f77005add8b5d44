//! A checked path held open: the descriptor of its folder, and its name in it.
//!
//! Everything that reads or writes goes through a [`Place`], and names files relative to that
//! descriptor. [`Place::open`] resolves the path anew and then walks it from the root one folder at
//! a time, refusing links: by then there are none, so one that is met was put there meanwhile.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

use super::root::{FilePath, Outside};

/// What is meant by a path whose last segment is a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Last {
    /// The file that the link leads to: for a file's text.
    Follow,
    /// The link itself: for names, which are made, moved and removed.
    Keep,
}

/// What to do about folders that are not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parents {
    Expect,
    Create,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum PlaceError {
    #[error(transparent)]
    Outside(#[from] Outside),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// A name in an open folder inside the root.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) folder: OwnedFd,
    pub(super) name: OsString,
}

impl Place {
    pub(super) fn open(file: &FilePath, last: Last, parents: Parents) -> Result<Self, PlaceError> {
        let mut inside = file.root().resolve(file.as_str())?;
        if last == Last::Keep {
            inside = keep_last(file)?;
        }
        Ok(Self::descend(file.root().path(), &inside, parents)?)
    }

    /// Walks `inside`, which is relative and free of links, down from `root`.
    fn descend(root: &Path, inside: &Path, parents: Parents) -> io::Result<Self> {
        let name = inside.file_name().ok_or(Errno::ISDIR)?.to_owned();
        let mut folder = rustix::fs::openat(CWD, root, folder_flags(), Mode::empty())?;
        for segment in inside.parent().into_iter().flat_map(Path::iter) {
            folder = enter(&folder, segment, parents)?;
        }
        Ok(Self { folder, name })
    }

    /// What is there under the name, links not followed.
    pub(super) fn stat(&self) -> io::Result<Stat> {
        let stat = rustix::fs::statat(&self.folder, &self.name, AtFlags::SYMLINK_NOFOLLOW)?;
        Ok(stat)
    }

    /// Opens the file for reading. The caller has seen in [`Place::stat`] that it is a regular one;
    /// should it have become a FIFO since, `NONBLOCK` keeps the call from waiting for a writer.
    pub(super) fn open_file(&self) -> io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&self.folder, &self.name, flags, Mode::empty())?;
        Ok(file.into())
    }

    /// Makes what was done to the folder's names survive a power cut.
    pub(super) fn sync_folder(&self) -> io::Result<()> {
        sync(&self.folder)
    }
}

/// Some network file systems cannot sync a folder. They keep names in order by themselves, and the
/// change is made by then: to call it failed would be wrong.
fn sync(folder: &OwnedFd) -> io::Result<()> {
    match rustix::fs::fsync(folder) {
        Err(Errno::INVAL | Errno::OPNOTSUPP) => Ok(()),
        synced => Ok(synced?),
    }
}

pub(super) fn is_regular(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile
}

pub(super) fn is_link(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::Symlink
}

/// The resolved folder of `file` with its own name, whatever that name is a link to.
fn keep_last(file: &FilePath) -> Result<PathBuf, Outside> {
    match file.as_str().rsplit_once('/') {
        Some((folder, name)) => Ok(file.root().resolve(folder)?.join(name)),
        None => Ok(PathBuf::from(file.as_str())),
    }
}

fn enter(folder: &OwnedFd, segment: &OsStr, parents: Parents) -> io::Result<OwnedFd> {
    let open = || rustix::fs::openat(folder, segment, folder_flags(), Mode::empty());
    match open() {
        Err(Errno::NOENT) if parents == Parents::Create => {
            match rustix::fs::mkdirat(folder, segment, Mode::from_raw_mode(0o777)) {
                Ok(()) => sync(folder)?,
                // Somebody else made it meanwhile; opening it says whether it will do.
                Err(Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
            Ok(open()?)
        }
        opened => Ok(opened?),
    }
}

fn folder_flags() -> OFlags {
    OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The moment between check and use, held still: the walk meets a link that was not there.
    #[test]
    fn the_walk_follows_no_link_in_the_middle_or_at_the_root() {
        let outside = tempfile::tempdir().unwrap();
        let inside = tempfile::tempdir().unwrap();
        std::fs::create_dir(outside.path().join("below")).unwrap();
        std::os::unix::fs::symlink(outside.path(), inside.path().join("link")).unwrap();
        for parents in [Parents::Expect, Parents::Create] {
            for path in ["link/a.txt", "link/below/a.txt", "link/new/a.txt"] {
                let walked = Place::descend(inside.path(), Path::new(path), parents);
                let kind = walked.unwrap_err().kind();
                assert_eq!(kind, io::ErrorKind::NotADirectory, "{path}");
            }
            let walked = Place::descend(&inside.path().join("link"), Path::new("a"), parents);
            assert!(walked.is_err());
        }
        assert!(!outside.path().join("new").exists());
    }

    #[test]
    fn a_link_in_place_of_the_file_is_not_opened() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("real"), "text").unwrap();
        std::os::unix::fs::symlink("real", folder.path().join("link")).unwrap();
        let place = Place::descend(folder.path(), Path::new("link"), Parents::Expect).unwrap();
        assert!(place.open_file().is_err());
        assert!(is_link(&place.stat().unwrap()));
    }
}
