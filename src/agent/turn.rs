//! One turn: assemble, check the budget, call the model, record, dispatch in order, judge.

use crate::dialect::{Scan, scan_with_calls};
use crate::entries::{EntryPath, Outcome, RunStatus, TurnNumber};
use crate::llm::{Answer, LlmError};
use crate::plugins::{Problem, TurnContext, advise, file, policy, prompt};
use crate::store::entries::Query;
use crate::store::{StoreError, entries, loops, turns};

use super::ask::ask;
use super::board::Board;
use super::dispatch::dispatch;
use super::events::Activity;
use super::fit::{Fit, fit};
use super::job::{Job, Sent};
use super::phase::{Step, step};
use super::stop::Stopped;
use super::verdict::{CYCLE, Mistake, Record, TurnReport, Verdict};

/// What ends a loop from within a turn, other than its verdict.
#[derive(Debug, thiserror::Error)]
pub enum TurnError {
    #[error("the loop was stopped")]
    Stopped(Stopped),
    #[error(transparent)]
    Model(#[from] LlmError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the workspace cannot be read: {0}")]
    Workspace(String),
}

impl From<Stopped> for TurnError {
    fn from(stopped: Stopped) -> Self {
        Self::Stopped(stopped)
    }
}

impl From<Problem> for TurnError {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::Store(error) => Self::Store(error),
            Problem::Refused(refusal) => Self::Workspace(refusal.message),
        }
    }
}

/// What a loop remembers from turn to turn beside the store.
#[derive(Debug, Default)]
pub struct Memory {
    record: Record,
    board: Board,
    sent: Sent,
}

/// Takes one turn of a loop. `first` tells whether it is the loop's first.
pub async fn take(job: &Job, memory: &mut Memory, first: bool) -> Result<Verdict, TurnError> {
    let turn = begin(job, first).await?;
    let files = job.files().await?;
    let cx = job.context(turn, files.as_ref());
    file::sync(&cx).await?;
    if first {
        show_named_files(&cx).await?;
    }
    if let Some(spent) = spent(job) {
        return Ok(spent);
    }
    let fitted = match fit(job, &cx, &mut memory.board).await? {
        Fit::Fits(fitted) => fitted,
        Fit::TooLarge { tokens } => {
            return Ok(Verdict::Stop {
                status: RunStatus::Overflow,
                outcome: Some(Outcome::Overflow { tokens }),
            });
        }
    };
    job.progress(turn, Activity::Thinking, None, fitted.packet.free());
    let (report, telemetry) = match ask(job, turn, &fitted).await {
        Ok(answer) => {
            job.progress(turn, Activity::Processing, None, None);
            let heard = hear(&answer, job.settings.limits.max_commands);
            let telemetry = job
                .keep_answer(turn, &fitted, (&answer, &heard), &mut memory.sent)
                .await?;
            (dispatch(job, &cx, &answer, heard).await?, Some(telemetry))
        }
        Err(TurnError::Model(LlmError::ContextExceeded { message })) => {
            let tokens = fitted.packet.tokens;
            (TurnReport::of(overflow(tokens, &message)), None)
        }
        Err(error) => return Err(error),
    };
    let verdict = conclude(job, turn, &mut memory.record, report).await?;
    job.state(telemetry);
    Ok(verdict)
}

/// The commands of an answer: those of its text, then those that came as calls.
fn hear(answer: &Answer, max_commands: usize) -> Scan {
    let calls = answer.calls.iter();
    let calls = calls.map(|call| (call.name.as_str(), call.arguments.as_str()));
    scan_with_calls(&answer.text, calls, max_commands)
}

/// Takes the turn's number and writes the prompts that it answers: in a loop's first turn the loop's
/// own, and those that join it here.
async fn begin(job: &Job, first: bool) -> Result<TurnNumber, StoreError> {
    let (run, in_loop) = (job.subject.run, job.in_loop.clone());
    let turn = job
        .store
        .write(move |tx| {
            let turn = turns::begin(tx, run, in_loop.id)?;
            if first {
                prompt::begin(tx, &in_loop, turn)?;
            }
            for joining in loops::take_joining(tx, run, in_loop.mode)? {
                prompt::join(tx, &in_loop, turn, &joining)?;
            }
            Ok(turn)
        })
        .await?;
    job.set_turn(turn);
    Ok(turn)
}

/// The end of a run that has used up its cap in tokens or money, before it uses more.
fn spent(job: &Job) -> Option<Verdict> {
    let limits = &job.settings.limits;
    let used = job.used();
    let reached = match (limits.max_tokens, limits.max_cost) {
        (Some(cap), _) if used.tokens() >= cap => format!("its cap of {cap} tokens is reached"),
        (_, Some(cap)) if used.cost.is_some_and(|cost| cost >= cap) => {
            format!("its cap of {cap} in money is reached")
        }
        _ => return None,
    };
    Some(Verdict::Stop {
        status: RunStatus::Aborted,
        outcome: Some(Outcome::Reason(reached)),
    })
}

/// Makes the files visible that the user named with the prompt.
async fn show_named_files(cx: &TurnContext<'_>) -> Result<(), TurnError> {
    let run = cx.run;
    for name in &cx.in_loop.config.files {
        let path = EntryPath::parse(name).map_err(StoreError::from)?;
        let query = Query::exactly(&path);
        let turn = cx.turn;
        cx.store
            .write(move |tx| {
                let writer = crate::entries::Writer::Plugin;
                let shown = crate::entries::Visibility::Visible;
                entries::show(tx, run, writer, &query, shown, Some(turn))
            })
            .await?;
    }
    if !cx.in_loop.config.files.is_empty() {
        // Now that they are visible their texts are read.
        file::sync(cx).await?;
    }
    Ok(())
}

/// Judges the turn, moves the phase, and tells the model what no command's entry tells.
async fn conclude(
    job: &Job,
    turn: TurnNumber,
    record: &mut Record,
    mut report: TurnReport,
) -> Result<Verdict, TurnError> {
    let limits = &job.settings.limits;
    if record.is_cycle(&report.deeds, limits) {
        report.mistakes.push(Mistake {
            outcome: Outcome::Cycle,
            message: CYCLE.to_owned(),
            untold: true,
        });
    }
    let verdict = record.judge(&report, limits);
    let mut advice = report.advice;
    if let Verdict::Refused(why) = &verdict {
        advice.push(format!("the final status was not taken: {why}"));
    }
    let moved = report.status.map(|status| step(job.phase(), status));
    let phase = match moved {
        Some(Step::To(phase)) => Some(phase),
        Some(Step::Refused(why)) => {
            advice.push(why);
            None
        }
        Some(Step::Stay) | None => None,
    };
    if let Some(phase) = phase {
        job.set_phase(phase);
    }
    let (run, in_loop, mistakes) = (job.subject.run, job.in_loop.id, report.mistakes);
    job.store
        .write(move |tx| {
            for mistake in mistakes.into_iter().filter(|mistake| mistake.untold) {
                let Mistake {
                    outcome, message, ..
                } = mistake;
                crate::plugins::error::record(tx, run, turn, in_loop, outcome, &message)?;
            }
            if !advice.is_empty() {
                advise(tx, run, turn, in_loop, &advice.join("\n"))?;
            }
            match phase {
                Some(phase) => loops::set_phase(tx, in_loop, phase),
                None => Ok(()),
            }
        })
        .await?;
    Ok(verdict)
}

fn overflow(tokens: u64, message: &str) -> Mistake {
    Mistake {
        outcome: Outcome::Overflow { tokens },
        message: format!("the model's server refused the packet as too large: {message}"),
        untold: true,
    }
}

/// The tools of a loop, as the packet and the dispatch use them.
pub fn tools(job: &Job) -> Vec<crate::dialect::Tool> {
    policy::tools(&job.in_loop)
}
