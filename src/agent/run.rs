//! The loops of a run, one after the other, and the turns of each until its verdict.

use std::sync::{Arc, Mutex};

use crate::entries::{Outcome, RunStatus, TurnNumber};
use crate::plugins::{error, stream};
use crate::store::loops::Loop;
use crate::store::{StoreError, loops, models, projects, proposals, runs, turns};
use crate::workspace::Root;

use super::events::{EventKind, Standing, Subject};
use super::job::{Job, Moving, Settings};
use super::stop::Stop;
use super::supervisor::Shared;
use super::turn::{Memory, TurnError, take};
use super::verdict::Verdict;

/// How a loop ended.
struct End {
    status: RunStatus,
    outcome: Option<Outcome>,
    /// Told to the model and the user in an entry of its own.
    message: Option<String>,
}

/// Runs one claimed loop to its end, and records the end. Where somebody else has ended it, that is
/// what stays recorded.
pub async fn run_loop(
    shared: &Shared,
    subject: &Subject,
    in_loop: Loop,
    settings: Arc<Settings>,
    stop: Stop,
) -> Result<(), StoreError> {
    let id = in_loop.id;
    let began = Standing {
        status: RunStatus::Running,
        turn: None,
        phase: in_loop.phase,
    };
    let (end, standing) = match prepare(shared, subject, in_loop, settings, stop).await {
        Ok(job) => {
            let mut memory = Memory::new(shared.boards.take(subject.run));
            let end = take_turns(&job, &mut memory).await;
            shared.boards.keep(subject.run, memory.into_board());
            (end, job.standing())
        }
        Err(error) => (ended_by(error), began),
    };
    let (run, aborted) = (subject.run, end.outcome == Some(Outcome::Aborted));
    let status = end.status;
    let recorded = shared
        .store
        .within(id)
        .write(move |tx| {
            if aborted {
                proposals::cancel_pending(tx, run, &Outcome::Aborted)?;
                stream::close_all(tx, run, &Outcome::Aborted)?;
                loops::end_joining(tx, run, &Outcome::Aborted)?;
            }
            if let Some(message) = end.message {
                // A loop that ends before the run's first turn tells it where that would have been.
                let turn = runs::by_id(tx, run)?.turn.unwrap_or(TurnNumber(1));
                let outcome = end.outcome.clone().unwrap_or(Outcome::Error);
                error::record(tx, run, turn, id, outcome, &message)?;
            }
            loops::set_status(tx, id, end.status, end.outcome.as_ref())?;
            runs::set_status(tx, run, end.status, end.outcome)
        })
        .await;
    let displaced = matches!(recorded, Err(StoreError::Displaced));
    if !displaced {
        recorded?;
    }
    let standing = Standing {
        status: if displaced {
            RunStatus::Aborted
        } else {
            status
        },
        ..standing
    };
    let events = &shared.events;
    events.tell(subject, EventKind::Proposals);
    let told = EventKind::State {
        standing: Some(standing),
        telemetry: None,
    };
    events.tell(subject, told);
    if displaced {
        tracing::warn!(run = %subject.alias, "the run was interrupted or taken over by somebody else");
        events.tell_changed(subject);
    }
    Ok(())
}

/// Gathers what the loop works with. What an earlier loop left proposed is cancelled.
async fn prepare(
    shared: &Shared,
    subject: &Subject,
    in_loop: Loop,
    settings: Arc<Settings>,
    stop: Stop,
) -> Result<Job, TurnError> {
    let (id, project, actual) = (subject.run, subject.project, settings.model.actual.clone());
    let store = shared.store.within(in_loop.id);
    let (run, project, divisor, used, answers) = store
        .write(move |tx| {
            runs::set_status(tx, id, RunStatus::Running, None)?;
            let superseded = Outcome::Reason("superseded by a new prompt".to_owned());
            proposals::cancel_pending(tx, id, &superseded)?;
            Ok((
                runs::by_id(tx, id)?,
                projects::find(tx, project)?,
                models::divisor(tx, &actual)?,
                turns::totals(tx, id)?,
                turns::count_answered(tx, id)?,
            ))
        })
        .await?;
    shared.events.tell(subject, EventKind::Proposals);
    let root = match project {
        Some(project) if !in_loop.config.no_repo => {
            let root = Root::open(project.root.as_ref())
                .map_err(|error| TurnError::Workspace(error.to_string()))?;
            Some(root.protect(shared.protected.iter().cloned()))
        }
        _ => None,
    };
    let asked = shared.models.context_length(&settings.model);
    let model_context = stop.unless(asked).await??;
    let moving = Moving {
        standing: Standing {
            status: RunStatus::Running,
            turn: run.turn,
            phase: in_loop.phase,
        },
        divisor: divisor.unwrap_or(settings.limits.token_divisor),
        used,
        answers,
        refused: None,
    };
    Ok(Job {
        store,
        plugins: shared.plugins.clone(),
        models: Arc::clone(&shared.models),
        host: Arc::clone(&shared.host),
        events: shared.events.clone(),
        subject: subject.clone(),
        persona: run.settings.persona,
        temperature: run.settings.temperature,
        context_size: match run.settings.context_limit {
            Some(limit) => model_context.min(limit),
            None => model_context,
        },
        root,
        stop,
        moving: Mutex::new(moving),
        settings,
        in_loop,
    })
}

/// Takes turns until one of them ends the loop.
async fn take_turns(job: &Job, memory: &mut Memory) -> End {
    job.state(None);
    for at in 0..job.settings.limits.max_turns {
        let verdict = match job.stop.check() {
            Ok(()) => take(job, memory, at == 0).await,
            Err(stopped) => Err(stopped.into()),
        };
        match verdict {
            Ok(Verdict::Continue | Verdict::Refused(_)) => {}
            Ok(Verdict::Stop { status, outcome }) => {
                let message = match &outcome {
                    Some(Outcome::Reason(reason)) => Some(format!("the run was ended: {reason}")),
                    Some(Outcome::Cycle) => {
                        Some("the run was ended: it went in a circle".to_owned())
                    }
                    _ => None,
                };
                return End {
                    status,
                    outcome,
                    message,
                };
            }
            Err(error) => return ended_by(error),
        }
    }
    let reason = format!("no end after {} turns", job.settings.limits.max_turns);
    End {
        status: RunStatus::Aborted,
        message: Some(format!("the run was ended: {reason}")),
        outcome: Some(Outcome::Reason(reason)),
    }
}

fn ended_by(error: TurnError) -> End {
    match error {
        TurnError::Stopped(stopped) => End {
            status: RunStatus::Aborted,
            outcome: Some(stopped.outcome()),
            message: None,
        },
        error => {
            tracing::warn!(%error, "a loop ended with an error");
            End {
                status: RunStatus::Failed,
                message: Some(error.to_string()),
                outcome: Some(Outcome::Error),
            }
        }
    }
}
