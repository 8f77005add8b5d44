//! The part of the machine that a server under test sees: a home, a database and a workspace of
//! its own. It outlives a session, so a second one finds what the first left.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

pub struct Sandbox {
    /// Spelled without links, as servers spell it.
    root: PathBuf,
    /// Is removed with the sandbox.
    _dir: TempDir,
}

impl Sandbox {
    /// Makes the folders, and the workspace with these files.
    pub fn new(files: &[(&str, &str)]) -> Self {
        let dir = TempDir::with_prefix("rummy-").expect("a folder can be made");
        let root = dir.path().canonicalize().expect("it exists");
        let sandbox = Self { root, _dir: dir };
        for folder in [sandbox.home(), sandbox.workspace()] {
            fs::create_dir(folder).expect("a folder can be made");
        }
        for (path, text) in files {
            sandbox.write(path, text);
        }
        sandbox
    }

    pub fn home(&self) -> PathBuf {
        self.root.join("home")
    }

    pub fn workspace(&self) -> PathBuf {
        self.root.join("workspace")
    }

    pub fn stderr(&self) -> PathBuf {
        self.root.join("stderr")
    }

    /// A file of the workspace.
    pub fn path(&self, path: &str) -> PathBuf {
        self.workspace().join(path)
    }

    pub fn uri(&self, path: &str) -> String {
        uri_of(&self.path(path))
    }

    /// What the disk holds; none where there is no file.
    pub fn read(&self, path: &str) -> Option<String> {
        let path = self.path(path);
        path.exists()
            .then(|| fs::read_to_string(path).expect("a file can be read"))
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        let folder = path.parent().expect("it lies in the workspace");
        fs::create_dir_all(folder).expect("a folder can be made");
        fs::write(path, text).expect("a file can be written");
    }

    /// All variables of a process in here.
    pub fn environment(&self) -> Vec<(String, String)> {
        let home = self.home();
        let folder = |path: &str| home.join(path).display().to_string();
        let path = std::env::var("PATH").expect("the tests have a PATH");
        [
            ("PATH", path),
            ("HOME", folder("")),
            ("XDG_CONFIG_HOME", folder("config")),
            ("XDG_DATA_HOME", folder("data")),
            ("XDG_STATE_HOME", folder("state")),
            ("XDG_CACHE_HOME", folder("cache")),
            ("RUMMY_HOME", folder("rummy")),
            ("RUMMY_DB_PATH", folder("rummy.db")),
            // No server can listen on port 0: what runs on this machine is not looked for.
            ("OLLAMA_HOST", "127.0.0.1:0".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }
}

/// The URI of a file whose path needs no escapes.
pub fn uri_of(path: &Path) -> String {
    format!("file://{}", path.display())
}
