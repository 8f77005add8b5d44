//! What a workspace folder brings itself, in `.rummy/`: settings, skills, personas. Whether they are used is
//! the user's to say, and not looked at here.

use std::path::{Path, PathBuf};

use super::FileLayer;

/// Where it lies, below a workspace folder.
pub const FOLDER: &str = ".rummy";

/// The settings in it.
pub const SETTINGS: &str = "config.toml";

/// What of it there may be.
const PARTS: [&str; 3] = [SETTINGS, "skills", "personas"];

/// What a folder brings. Its settings are as they were when it was read.
#[derive(Debug, PartialEq, Eq)]
pub struct Brought {
    /// Holds skills/ and personas/, as the home does.
    pub home: PathBuf,
    pub settings: Option<FileLayer>,
}

impl Brought {
    pub fn read(root: &Path) -> Self {
        let home = root.join(FOLDER);
        Self {
            settings: FileLayer::read(&home.join(SETTINGS)),
            home,
        }
    }

    /// The names of what there is.
    pub fn parts(root: &Path) -> Vec<&'static str> {
        let home = root.join(FOLDER);
        let is_there = |part: &&str| home.join(part).exists();
        PARTS.into_iter().filter(is_there).collect()
    }
}
