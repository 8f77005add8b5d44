//! Runs, loops and turns: their names, numbers and statuses.
//!
//! project ⊃ run ⊃ loop ⊃ turn. A run is a long-lived conversation with a unique alias; a loop is
//! one `ask` or `act` and its continuation turns; a turn is one model call.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{State, words};

/// The row id of a project: a workspace folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProjectId(pub i64);

/// The row id of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RunId(pub i64);

/// The row id of a loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LoopId(pub i64);

/// The number of a turn within its run: from 1, growing across loops.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct TurnNumber(pub u32);

impl fmt::Display for TurnNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

words! {
    /// What a loop may do: `ask` changes no file and runs no command.
    pub enum Mode ("mode") {
        Ask = "ask",
        Act = "act",
    }
}

words! {
    /// When a loop waits for the user.
    pub enum Review ("review") {
        /// At every proposal.
        Each = "each",
        /// At the end of each row of file proposals within a turn.
        Batch = "batch",
        /// When the loop ends.
        End = "end",
    }
}

words! {
    /// What is accepted without asking.
    pub enum AutoAccept ("autoAccept") {
        None = "none",
        /// File changes that have no conflict.
        Edits = "edits",
        /// Commands too; questions never.
        All = "all",
    }
}

words! {
    /// Who runs an accepted command.
    pub enum Executor ("executor") {
        Server = "server",
        /// The client that is told of the acceptance; it says what comes of it by the `stream` methods.
        Client = "client",
    }
}

/// Where a loop stands: naming what is unknown, finding out, doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    Define,
    Discover,
    Deploy,
}

impl Phase {
    /// Every phase, in the order of a loop.
    pub const ALL: [Self; 3] = [Self::Define, Self::Discover, Self::Deploy];

    /// The digit that stands for the phase in a status `1XY` and in the store.
    pub const fn digit(self) -> u8 {
        match self {
            Self::Define => 4,
            Self::Discover => 5,
            Self::Deploy => 8,
        }
    }

    /// The phase that a digit stands for.
    pub fn from_digit(digit: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| phase.digit() == digit)
    }

    /// The word that the model and clients read.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Define => "define",
            Self::Discover => "discover",
            Self::Deploy => "deploy",
        }
    }
}

/// A run's name: unique in the database, `[A-Za-z0-9][A-Za-z0-9._-]{0,63}`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RunAlias(String);

/// Why a text cannot be a run's alias.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a run's alias is 1 to 64 letters, digits, dots, dashes or underscores and begins with a letter or digit; got \"{0}\""
)]
pub struct AliasError(pub String);

impl RunAlias {
    const LIMIT: usize = 64;

    /// The alias of a run that the user did not name, made to fit the grammar.
    pub fn generated(model: &str, unix_ms: u64) -> Self {
        let tail = format!("_{unix_ms}");
        let kept: String = model
            .chars()
            .map(|c| if Self::allowed(c) { c } else { '-' })
            .skip_while(|c| !c.is_ascii_alphanumeric())
            .take(Self::LIMIT - tail.len())
            .collect();
        let head = if kept.is_empty() { "run" } else { &kept };
        Self(format!("{head}{tail}"))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    const fn allowed(c: char) -> bool {
        c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')
    }
}

impl FromStr for RunAlias {
    type Err = AliasError;

    fn from_str(text: &str) -> Result<Self, AliasError> {
        let valid = text.len() <= Self::LIMIT
            && text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && text.chars().all(Self::allowed);
        if valid {
            Ok(Self(text.to_owned()))
        } else {
            Err(AliasError(text.chars().take(80).collect()))
        }
    }
}

impl TryFrom<String> for RunAlias {
    type Error = AliasError;

    fn try_from(text: String) -> Result<Self, AliasError> {
        text.parse()
    }
}

impl From<RunAlias> for String {
    fn from(alias: RunAlias) -> Self {
        alias.0
    }
}

impl fmt::Display for RunAlias {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The status of a run or a loop. The same numbers are stored, sent and shown to the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RunStatus {
    Queued,
    Running,
    /// Waits for the user.
    Waiting,
    Done,
    /// Done, with nothing to show for it.
    Nothing,
    Overflow,
    Unprocessable,
    Aborted,
    Failed,
}

impl RunStatus {
    /// Every status.
    pub const ALL: [Self; 9] = [
        Self::Queued,
        Self::Running,
        Self::Waiting,
        Self::Done,
        Self::Nothing,
        Self::Overflow,
        Self::Unprocessable,
        Self::Aborted,
        Self::Failed,
    ];

    /// The number that is stored, sent and shown.
    pub const fn code(self) -> u16 {
        match self {
            Self::Queued => 100,
            Self::Running => 102,
            Self::Waiting => 202,
            Self::Done => 200,
            Self::Nothing => 204,
            Self::Overflow => 413,
            Self::Unprocessable => 422,
            Self::Aborted => 499,
            Self::Failed => 500,
        }
    }

    /// The word that people read behind the number.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Done => "done",
            Self::Nothing => "nothing",
            Self::Overflow => "overflow",
            Self::Unprocessable => "unprocessable",
            Self::Aborted => "aborted",
            Self::Failed => "failed",
        }
    }

    /// The status that a number stands for.
    pub fn from_code(code: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.code() == code)
    }

    /// The status that a final `<update>` claims; none where the code ends nothing.
    pub const fn claimed(code: u16) -> Option<Self> {
        match code {
            200 => Some(Self::Done),
            204 => Some(Self::Nothing),
            422 => Some(Self::Unprocessable),
            500 => Some(Self::Failed),
            _ => None,
        }
    }

    /// Whether something may still happen without a new prompt.
    pub const fn is_active(self) -> bool {
        matches!(self, Self::Queued | Self::Running | Self::Waiting)
    }

    /// What may come after it. A run waits for the user only while it runs, and fails before that only
    /// where its loop could not be prepared. An end is followed by a new prompt, by the next one in
    /// the queue, or by the end of those that were left there.
    pub const fn followers(self) -> &'static [Self] {
        match self {
            Self::Queued => &[Self::Running, Self::Aborted, Self::Failed],
            Self::Running => &[
                Self::Waiting,
                Self::Done,
                Self::Nothing,
                Self::Overflow,
                Self::Unprocessable,
                Self::Aborted,
                Self::Failed,
            ],
            Self::Waiting => &[Self::Running, Self::Done, Self::Aborted, Self::Failed],
            Self::Aborted => &[Self::Queued, Self::Running],
            Self::Done | Self::Nothing | Self::Overflow | Self::Unprocessable | Self::Failed => {
                &[Self::Queued, Self::Running, Self::Aborted]
            }
        }
    }

    /// Whether a run at this status may get another one.
    pub fn may_become(self, next: Self) -> bool {
        self.followers().contains(&next)
    }

    /// The state of the entry `run://ALIAS` that mirrors the run.
    pub const fn state(self) -> State {
        match self {
            Self::Queued => State::Proposed,
            Self::Running | Self::Waiting => State::Streaming,
            Self::Done | Self::Nothing => State::Resolved,
            Self::Overflow | Self::Unprocessable | Self::Failed => State::Failed,
            Self::Aborted => State::Cancelled,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alias_that_could_leave_its_folder_is_refused() {
        for bad in ["", ".", "../x", "a/b", "-x", "a b", "é", &"x".repeat(65)] {
            assert!(bad.parse::<RunAlias>().is_err(), "{bad:?} was taken");
        }
        for good in ["a", "fix-login", "A.b_c-9", &"x".repeat(64)] {
            assert_eq!(good.parse::<RunAlias>().unwrap().as_str(), good);
        }
    }

    #[test]
    fn a_generated_alias_always_fits_the_grammar() {
        for model in ["opus", "", "---", "a/b c", &"m".repeat(200), "éé"] {
            let alias = RunAlias::generated(model, u64::MAX);
            assert!(alias.as_str().parse::<RunAlias>().is_ok(), "{alias}");
        }
        assert_eq!(RunAlias::generated("opus", 17).as_str(), "opus_17");
    }

    #[test]
    fn a_status_is_followed_by_those_of_its_row_alone() {
        let row = |from: RunStatus| {
            let cell = |to: RunStatus| if from.may_become(to) { "yes" } else { " - " };
            let cells = RunStatus::ALL.map(cell);
            format!("{}: {}", from.code(), cells.join(" "))
        };
        let head = RunStatus::ALL.map(|status| status.code().to_string());
        let table: Vec<String> = std::iter::once(format!("     {}", head.join(" ")))
            .chain(RunStatus::ALL.map(row))
            .collect();
        expect_test::expect![[r"
                 100 102 202 200 204 413 422 499 500
            100:  -  yes  -   -   -   -   -  yes yes
            102:  -   -  yes yes yes yes yes yes yes
            202:  -  yes  -  yes  -   -   -  yes yes
            200: yes yes  -   -   -   -   -  yes  - 
            204: yes yes  -   -   -   -   -  yes  - 
            413: yes yes  -   -   -   -   -  yes  - 
            422: yes yes  -   -   -   -   -  yes  - 
            499: yes yes  -   -   -   -   -   -   - 
            500: yes yes  -   -   -   -   -  yes  - "]]
        .assert_eq(&table.join("\n"));
    }

    #[test]
    fn every_status_reads_back_from_its_code() {
        for status in RunStatus::ALL {
            assert_eq!(RunStatus::from_code(status.code()), Some(status));
        }
        assert_eq!(RunStatus::from_code(404), None);
    }
}
