//! The module by its public surface, on real folders. Tests of what is private stand beside it.

mod confinement;
mod reading;
mod scanning;
mod writing;

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::*;

/// A workspace with a neighbour that nothing may reach: `outside/secret.txt`, and an empty
/// `outside/folder/`.
struct Workspace {
    root: Root,
    outside: PathBuf,
    _folder: TempDir,
}

impl Workspace {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (inside, outside) = (folder.path().join("inside"), folder.path().join("outside"));
        fs::create_dir(&inside).unwrap();
        fs::create_dir_all(outside.join("folder")).unwrap();
        fs::write(outside.join("secret.txt"), "secret").unwrap();
        Self {
            root: Root::open(&inside).unwrap(),
            outside: fs::canonicalize(outside).unwrap(),
            _folder: folder,
        }
    }

    /// A workspace of these files.
    fn with<const N: usize>(files: [(&str, &str); N]) -> Self {
        let workspace = Self::new();
        for (path, text) in files {
            workspace.put(path, text);
        }
        workspace
    }

    fn at(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    /// Writes to the disk without the code under test.
    fn put(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let at = self.at(path);
        fs::create_dir_all(at.parent().unwrap()).unwrap();
        fs::write(at, bytes).unwrap();
    }

    fn link(&self, path: &str, target: impl AsRef<Path>) {
        symlink(target, self.at(path)).unwrap();
    }

    fn fifo(&self, path: &str) {
        let made = Command::new("mkfifo").arg(self.at(path)).status();
        assert!(made.unwrap().success());
    }

    fn file(&self, path: &str) -> FilePath {
        self.root.file(path).unwrap()
    }

    fn text(&self, path: &str) -> String {
        fs::read_to_string(self.at(path)).unwrap()
    }

    fn mode(&self, path: &str) -> u32 {
        fs::metadata(self.at(path)).unwrap().permissions().mode() & 0o7777
    }

    /// Every name below the workspace folder, so that a test sees what was left behind.
    fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        let mut folders = vec![self.root.path().to_path_buf()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let entry = entry.unwrap();
                names.push(self.root.relative(&entry.path()).unwrap());
                if entry.file_type().unwrap().is_dir() {
                    folders.push(entry.path());
                }
            }
        }
        names.sort();
        names
    }

    /// Asserts that the neighbour is as it was made.
    fn assert_outside_untouched(&self) {
        assert_eq!(
            fs::read_to_string(self.outside.join("secret.txt")).unwrap(),
            "secret"
        );
        assert_eq!(fs::read_dir(&self.outside).unwrap().count(), 2);
        assert_eq!(
            fs::read_dir(self.outside.join("folder")).unwrap().count(),
            0
        );
    }
}

/// The error of `result` as its variant's name.
fn variant<T: std::fmt::Debug, E: std::fmt::Debug>(result: Result<T, E>) -> String {
    let error = format!("{:?}", result.unwrap_err());
    let end = error.find(|c: char| !c.is_alphanumeric());
    end.map_or_else(|| error.clone(), |end| error[..end].to_owned())
}
