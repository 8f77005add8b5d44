//! Changes to the files of the workspace, each of them whole or not at all.
//!
//! A text goes to a temporary file beside its target, to the disk, and then takes the target's
//! name in one rename. A reader sees the old text or the new one, and so does a machine that lost
//! its power. Hard links to a file that is replaced keep the old text, as with most editors.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{AtFlags, Gid, Mode, OFlags, RenameFlags, Stat, Uid};
use rustix::io::Errno;

use super::place::{Last, Parents, Place, PlaceError, is_link, is_regular};
use super::root::{FilePath, Outside};

const TEMPORARY_PREFIX: &str = ".rummy-";
const TEMPORARY_SUFFIX: &str = ".tmp";

/// Why a file was not changed.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    #[error("{path} does not exist; create it first")]
    NotFound { path: String },
    #[error("{path} exists already; choose another name or change the file that is there")]
    AlreadyExists { path: String },
    #[error("{path} is a folder or a special file; name a regular file")]
    NotAFile { path: String },
    #[error("{path} lies below something that is not a folder; choose another path")]
    NotAFolder { path: String },
    #[error(transparent)]
    Outside(#[from] Outside),
    #[error("{path} cannot be changed: {source}")]
    Io { path: String, source: io::Error },
}

/// Puts `text` into the file, new or not. Missing folders are made; the permissions of a file that
/// is replaced are kept; a link inside the root stays a link and its target is written.
pub fn write(file: &FilePath, text: &str) -> Result<(), WriteError> {
    let place = open(file, Last::Follow, Parents::Create)?;
    let replaced = match place.stat() {
        Ok(stat) if is_regular(&stat) => Some(stat),
        Ok(_) => return Err(WriteError::NotAFile { path: name(file) }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(WriteError::at(file, error)),
    };
    let put = || -> io::Result<()> {
        let temporary = Temporary::with_text(&place, text, replaced.as_ref())?;
        temporary.replace()?;
        place.sync_folder()
    };
    put().map_err(|error| WriteError::at(file, error))
}

/// Makes a file that is not there yet. Missing folders are made.
pub fn create(file: &FilePath, text: &str) -> Result<(), WriteError> {
    let place = open(file, Last::Keep, Parents::Create)?;
    // Asked first only to spare the disk the text; the rename is what decides.
    if place.stat().is_ok() {
        return Err(WriteError::AlreadyExists { path: name(file) });
    }
    let put = || -> io::Result<()> {
        let temporary = Temporary::with_text(&place, text, None)?;
        temporary.take_free_name()?;
        place.sync_folder()
    };
    put().map_err(|error| WriteError::at(file, error))
}

/// Removes the file; of a link, the link. Its folder stays, even if it is empty then.
pub fn remove(file: &FilePath) -> Result<(), WriteError> {
    let place = open(file, Last::Keep, Parents::Expect)?;
    expect_file_or_link(file, &place)?;
    let take_away = || -> io::Result<()> {
        rustix::fs::unlinkat(&place.folder, &place.name, AtFlags::empty())?;
        place.sync_folder()
    };
    take_away().map_err(|error| WriteError::at(file, error))
}

/// Gives the file another name, which must be free. Missing folders are made.
pub fn rename(from: &FilePath, to: &FilePath) -> Result<(), WriteError> {
    let old = open(from, Last::Keep, Parents::Expect)?;
    expect_file_or_link(from, &old)?;
    let new = open(to, Last::Keep, Parents::Create)?;
    let carry = || -> io::Result<()> {
        rename_to_free_name((&old.folder, &old.name), (&new.folder, &new.name))?;
        new.sync_folder()?;
        old.sync_folder()
    };
    carry().map_err(|error| WriteError::at(to, error))
}

/// Who may read a file while it is written.
#[derive(Debug, Clone, Copy)]
enum Readers {
    OwnerOnly,
    AsUsual,
}

/// A temporary file in the folder of `place`, gone when it is dropped before it got its name.
struct Temporary<'a> {
    place: &'a Place,
    name: OsString,
    renamed: bool,
}

impl<'a> Temporary<'a> {
    /// Writes `text` to a new file that has the owner and permissions of `like`, and waits until
    /// the disk has it.
    fn with_text(place: &'a Place, text: &str, like: Option<&Stat>) -> io::Result<Self> {
        // A replaced file's text must not be readable by more people for a moment than before.
        let readers = if like.is_some() {
            Readers::OwnerOnly
        } else {
            Readers::AsUsual
        };
        let (temporary, mut file) = Self::make(place, readers)?;
        if let Some(like) = like {
            keep_permissions(&file, like)?;
        }
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        Ok(temporary)
    }

    fn make(place: &'a Place, readers: Readers) -> io::Result<(Self, File)> {
        let mode = Mode::from_raw_mode(match readers {
            Readers::OwnerOnly => 0o600,
            Readers::AsUsual => 0o666, // less what the user's mask takes away
        });
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        loop {
            let name = temporary_name();
            match rustix::fs::openat(&place.folder, &name, flags, mode) {
                Ok(file) => {
                    let temporary = Self {
                        place,
                        name,
                        renamed: false,
                    };
                    return Ok((temporary, file.into()));
                }
                // Left by a process that had our number and was killed.
                Err(Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Takes the target's name. A link that came to stand there is replaced, not followed.
    fn replace(mut self) -> io::Result<()> {
        let folder = &self.place.folder;
        rustix::fs::renameat(folder, &self.name, folder, &self.place.name)?;
        self.renamed = true;
        Ok(())
    }

    /// Takes the target's name if nothing has it.
    fn take_free_name(mut self) -> io::Result<()> {
        let folder = &self.place.folder;
        rename_to_free_name((folder, &self.name), (folder, &self.place.name))?;
        self.renamed = true;
        Ok(())
    }
}

impl Drop for Temporary<'_> {
    fn drop(&mut self) {
        if !self.renamed {
            // The error that led here is the one to report; a file left over is not listed.
            let _ = rustix::fs::unlinkat(&self.place.folder, &self.name, AtFlags::empty());
        }
    }
}

/// Whether a file of this name is one of ours, left over from a write that was cut off.
pub(super) fn is_temporary(name: &OsStr) -> bool {
    name.to_str()
        .and_then(|name| name.strip_prefix(TEMPORARY_PREFIX))
        .is_some_and(|rest| rest.ends_with(TEMPORARY_SUFFIX))
}

/// A name that no live process uses: the number of this one, and a count.
fn temporary_name() -> OsString {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let pid = std::process::id();
    format!("{TEMPORARY_PREFIX}{pid}-{count}{TEMPORARY_SUFFIX}").into()
}

/// Renames unless the new name is taken, in one step.
fn rename_to_free_name(
    (old_folder, old): (&OwnedFd, &OsStr),
    (new_folder, new): (&OwnedFd, &OsStr),
) -> io::Result<()> {
    let exclusive = RenameFlags::NOREPLACE;
    match rustix::fs::renameat_with(old_folder, old, new_folder, new, exclusive) {
        // Some file systems cannot. All that matter there can link, which is as exclusive; for a
        // moment the file has both names.
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
            rustix::fs::linkat(old_folder, old, new_folder, new, AtFlags::empty())?;
            Ok(rustix::fs::unlinkat(old_folder, old, AtFlags::empty())?)
        }
        renamed => Ok(renamed?),
    }
}

/// The owner first: changing it takes special permission bits away.
fn keep_permissions(file: &File, like: &Stat) -> io::Result<()> {
    let now = rustix::fs::fstat(file)?;
    if (now.st_uid, now.st_gid) != (like.st_uid, like.st_gid) {
        let (owner, group) = (Uid::from_raw(like.st_uid), Gid::from_raw(like.st_gid));
        match rustix::fs::fchown(file, Some(owner), Some(group)) {
            // Only root may give files away. The file becomes ours then, as in other editors.
            Ok(()) | Err(Errno::PERM) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(rustix::fs::fchmod(file, Mode::from_raw_mode(like.st_mode))?)
}

fn open(file: &FilePath, last: Last, parents: Parents) -> Result<Place, WriteError> {
    Place::open(file, last, parents).map_err(|error| match error {
        PlaceError::Outside(outside) => WriteError::Outside(outside),
        PlaceError::Io(source) => WriteError::at(file, source),
    })
}

/// Folders are not moved or removed whole: what is in them was not asked about.
fn expect_file_or_link(file: &FilePath, place: &Place) -> Result<(), WriteError> {
    let stat = place.stat().map_err(|error| WriteError::at(file, error))?;
    if is_regular(&stat) || is_link(&stat) {
        return Ok(());
    }
    Err(WriteError::NotAFile { path: name(file) })
}

impl WriteError {
    fn at(file: &FilePath, source: io::Error) -> Self {
        let path = name(file);
        match source.kind() {
            io::ErrorKind::NotFound => Self::NotFound { path },
            io::ErrorKind::AlreadyExists => Self::AlreadyExists { path },
            io::ErrorKind::IsADirectory => Self::NotAFile { path },
            io::ErrorKind::NotADirectory => Self::NotAFolder { path },
            _ => Self::Io { path, source },
        }
    }
}

fn name(file: &FilePath) -> String {
    file.as_str().to_owned()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use tempfile::TempDir;

    use super::super::Root;
    use super::*;

    fn place(folder: &Path) -> Place {
        let file = Root::open(folder).unwrap().file("a.txt").unwrap();
        open(&file, Last::Keep, Parents::Expect).unwrap()
    }

    fn names(folder: &TempDir) -> Vec<OsString> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name()).collect()
    }

    #[test]
    fn a_write_that_is_given_up_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let place = place(folder.path());
        let temporary = Temporary::with_text(&place, "text", None).unwrap();
        assert!(names(&folder).iter().all(|name| is_temporary(name)));
        assert_eq!(names(&folder).len(), 1);
        drop(temporary);
        assert!(names(&folder).is_empty());
    }

    #[test]
    fn a_file_that_appears_before_the_rename_is_not_replaced_by_create() {
        let folder = tempfile::tempdir().unwrap();
        let place = place(folder.path());
        let temporary = Temporary::with_text(&place, "ours", None).unwrap();
        fs::write(folder.path().join("a.txt"), "theirs").unwrap();
        let error = temporary.take_free_name().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(names(&folder), ["a.txt"]);
        assert_eq!(
            fs::read_to_string(folder.path().join("a.txt")).unwrap(),
            "theirs"
        );
    }

    #[test]
    fn a_link_that_appears_before_the_rename_is_replaced_and_not_followed() {
        let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let target = outside.path().join("target");
        fs::write(&target, "theirs").unwrap();
        let place = place(folder.path());
        let temporary = Temporary::with_text(&place, "ours", None).unwrap();
        symlink(&target, folder.path().join("a.txt")).unwrap();
        temporary.replace().unwrap();
        assert_eq!(fs::read_to_string(&target).unwrap(), "theirs");
        assert!(!folder.path().join("a.txt").is_symlink());
    }

    #[test]
    fn a_text_that_replaces_a_private_one_is_private_from_the_start() {
        use std::os::unix::fs::MetadataExt as _;
        let folder = tempfile::tempdir().unwrap();
        let place = place(folder.path());
        let (_temporary, file) = Temporary::make(&place, Readers::OwnerOnly).unwrap();
        assert_eq!(file.metadata().unwrap().mode() & 0o777, 0o600);
    }

    #[test]
    fn only_names_of_our_own_making_are_temporary() {
        assert!(is_temporary(&temporary_name()));
        for name in [".rummy-notes", "a.tmp", ".rummy.tmp", "x.rummy-1.tmp"] {
            assert!(!is_temporary(OsStr::new(name)), "{name}");
        }
    }
}
