//! How a run stands, in a number and a word.

use std::fmt;

use rusqlite::Connection;

use crate::agent::lives;
use crate::entries::{Outcome, RunStatus};
use crate::store::runs::Run;
use crate::store::{StoreError, leases};

/// How a run or a loop stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    pub status: RunStatus,
    pub outcome: Option<Outcome>,
    /// It is to go on, but the process that drove it is gone; the next server will call it
    /// interrupted.
    pub abandoned: bool,
}

impl Standing {
    /// How a run stands, by its lease.
    pub fn of(connection: &Connection, run: &Run) -> Result<Self, StoreError> {
        let driven = leases::is_driven(connection, run.id, lives)?;
        Ok(Self {
            status: run.status,
            outcome: run.outcome.clone(),
            abandoned: run.status.is_active() && !driven,
        })
    }

    /// Whether something is still to come.
    pub const fn goes_on(&self) -> bool {
        self.status.is_active() && !self.abandoned
    }

    const fn word(&self) -> &'static str {
        match self.outcome {
            _ if self.abandoned => "abandoned",
            Some(Outcome::Interrupted) => "interrupted",
            _ => self.status.name(),
        }
    }

    /// The status and the reason for it, where the word does not say it already.
    pub fn with_reason(&self) -> String {
        let why = match &self.outcome {
            _ if self.abandoned => Some("the process that drove it is gone".to_owned()),
            outcome => outcome.as_ref().map(ToString::to_string),
        };
        match why {
            Some(why) if why != self.word() => format!("{self} ({why})"),
            _ => self.to_string(),
        }
    }
}

/// Number and word: `200 done`, `499 interrupted`.
impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status.code(), self.word())
    }
}
