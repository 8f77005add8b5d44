//! A run as its user knows it: what was asked of it, and what the server has said of it.

use serde_json::Value;

use crate::lsp::{RequestId, list};

/// Statuses of runs that are at work.
const ACTIVE: [u16; 3] = [100, 102, 202];

/// A run as its user knows it.
#[derive(Default)]
pub struct Run {
    /// All names that it has had, the newest last; none before the server has named it.
    pub names: Vec<String>,
    pub deleted: bool,
    /// Markers of its prompts; those that were taken on, and those that were refused.
    pub taken: Vec<String>,
    pub refused: Vec<String>,
    pub prompts: usize,
    /// Requests about it that are not answered, and whether one of them changes its name or removes it.
    pub asked: usize,
    pub in_motion: bool,
    /// An acceptance has failed: it is to be rejected.
    pub unacceptable: bool,
}

/// What the server has said of a name last.
#[derive(Default)]
pub struct Said {
    pub status: Option<u16>,
    /// Paths of pending proposals.
    pub pending: Option<Vec<String>>,
}

/// What was asked of a run.
pub struct Asked {
    pub id: RequestId,
    pub run: usize,
    pub what: What,
}

#[derive(PartialEq, Eq)]
pub enum What {
    /// With this marker.
    Prompt(String),
    /// To this name.
    Rename(String),
    Delete,
    Accept,
    Other,
}

impl Run {
    /// Takes in what a request was answered.
    pub fn take(&mut self, what: What, result: &Value) {
        match what {
            What::Prompt(marker) => {
                let name = result["run"].as_str().expect("a run has a name");
                if self.names.is_empty() {
                    self.names.push(name.to_owned());
                }
                self.taken.push(marker);
            }
            What::Rename(name) => self.names.push(name),
            What::Delete => self.deleted = true,
            What::Accept => self.unacceptable |= !list(&result["failed"]).is_empty(),
            What::Other => {}
        }
    }
}

impl What {
    /// Whether it changes the run's name or removes it.
    pub const fn moves_it(&self) -> bool {
        matches!(self, Self::Rename(_) | Self::Delete)
    }
}

/// Whether a status is one of a run that is at work.
pub fn is_active(status: u16) -> bool {
    ACTIVE.contains(&status)
}
