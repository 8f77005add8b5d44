//! What a client asks for when it starts a run, and the run that it means: one that exists, a fork of
//! one, or a new one.

use crate::entries::{Mode, ProjectId, RunAlias, RunId, RunStatus};
use crate::llm::LlmError;
use crate::store::loops::LoopConfig;
use crate::store::runs::{self, Changes, NewRun};
use crate::store::{StoreError, Tx, now_ms};

use super::job::Settings;

/// What a client asks for.
#[derive(Debug, Clone)]
pub struct Start {
    pub project: ProjectId,
    /// An existing run goes on; a new one gets this name; none: one is made.
    pub alias: Option<RunAlias>,
    /// Goes on with a fork of the named run instead, under a name that is made.
    pub fork: bool,
    pub mode: Mode,
    pub prompt: String,
    /// Joins the active loop's next turn, where one of its mode is active.
    pub joins: bool,
    pub settings: Settings,
    pub config: LoopConfig,
    /// What is set of the run from now on.
    pub changes: Changes,
}

/// A run that was started or goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Started {
    pub run: RunId,
    pub alias: RunAlias,
    pub status: RunStatus,
    /// Whether the prompt joins the next turn of the loop that is active.
    pub joins: bool,
}

/// Why a run cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("the prompt is empty")]
    NoPrompt,
    #[error(transparent)]
    Model(#[from] LlmError),
    #[error("the run \"{0}\" belongs to another workspace folder")]
    ForeignRun(RunAlias),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Start {
    /// The run that is meant, made where there is none yet. The inner error refuses the start.
    pub(super) fn run(&self, tx: &mut Tx<'_>) -> Result<Result<RunId, StartError>, StoreError> {
        let named = match &self.alias {
            Some(alias) => runs::by_alias(tx, alias)?,
            None => None,
        };
        let run = match named {
            Some(run) if run.project != self.project => {
                return Ok(Err(StartError::ForeignRun(run.alias)));
            }
            Some(run) if self.fork => {
                let child = self.new_run(tx, run.settings)?;
                runs::fork(tx, run.id, &child)?
            }
            Some(run) => {
                runs::configure(tx, run.id, &self.changes)?;
                run.id
            }
            None if self.fork => {
                let named = self.alias.as_ref().map_or("", RunAlias::as_str);
                return Err(StoreError::NoRun(named.to_owned()));
            }
            None => {
                let new = self.new_run(tx, runs::Settings::default())?;
                runs::create(tx, &new)?
            }
        };
        Ok(Ok(run))
    }

    fn new_run(&self, tx: &Tx<'_>, inherited: runs::Settings) -> Result<NewRun, StoreError> {
        let model = self.settings.model.alias.clone();
        let alias = match &self.alias {
            Some(alias) if !self.fork => alias.clone(),
            _ => free_alias(tx, &model)?,
        };
        Ok(NewRun {
            project: self.project,
            alias,
            model,
            prompt: self.prompt.clone(),
            settings: inherited.changed(&self.changes),
        })
    }
}

/// `MODEL_MILLISECONDS`; a later millisecond where another run began in this one.
fn free_alias(tx: &Tx<'_>, model: &str) -> Result<RunAlias, StoreError> {
    let mut time = now_ms().unsigned_abs();
    loop {
        let alias = RunAlias::generated(model, time);
        if runs::by_alias(tx, &alias)?.is_none() {
            return Ok(alias);
        }
        time += 1;
    }
}
