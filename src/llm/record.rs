//! A recording: each answer as it came, as a line of a replay script. What was asked is not in it, and
//! no key.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use serde_json::json;

use super::{Answer, Usage};

/// A file that answers are added to, in the order in which they come. A replay of it fits a run only
/// where no other run was recorded in between.
#[derive(Debug)]
pub struct Recording {
    file: File,
}

impl Recording {
    /// Opens a file, or makes one that only its owner can read: answers quote what they are about.
    pub fn open(file: &Path) -> io::Result<Self> {
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(file)?;
        Ok(Self { file })
    }

    pub(super) fn note(&self, answer: &Answer) {
        let mut line = json!({"answer": answer.written()});
        if !answer.reasoning.is_empty() {
            line["reasoning"] = json!(answer.reasoning);
        }
        if answer.usage != Usage::default() {
            line["usage"] = json!(answer.usage);
        }
        // One write a line, so that lines of several calls do not mix.
        if let Err(error) = (&self.file).write_all(format!("{line}\n").as_bytes()) {
            tracing::warn!(%error, "an answer could not be recorded");
        }
    }
}
