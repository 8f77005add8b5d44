//! One turn: assemble, check the budget, call the model, record, dispatch in order, make room, judge.

use std::ops::ControlFlow;

use crate::dialect::{Scan, Tool, scan_with_calls};
use crate::entries::{Outcome, TurnNumber};
use crate::llm::{Answer, LlmError};
use crate::plugins::{Problem, TurnContext, policy, prompt};
use crate::store::{StoreError, loops, turns};

use super::ask::ask;
use super::board::Board;
use super::dispatch::dispatch;
use super::events::Activity;
use super::fit::{Fit, Fitting};
use super::job::{Job, Sent};
use super::judge::judge;
use super::packet::Packet;
use super::stop::Stopped;
use super::verdict::{Mistake, Record, Verdict};

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
    #[error("the turn cannot begin: {0}")]
    Unready(String),
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
            Problem::Refused(refusal) => Self::Unready(refusal.message),
        }
    }
}

/// What a loop remembers from turn to turn beside the store.
#[derive(Debug)]
pub struct Memory {
    record: Record,
    fitting: Fitting,
    sent: Sent,
}

impl Memory {
    /// That of a loop that begins, with the board that the run's last loop left.
    pub fn new(board: Board) -> Self {
        Self {
            record: Record::default(),
            fitting: Fitting::from_board(board),
            sent: Sent::default(),
        }
    }

    /// What is left of it for the run's next loop.
    pub fn into_board(self) -> Board {
        self.fitting.into_board()
    }
}

/// Takes one turn of a loop. `first` tells whether it is the loop's first.
pub async fn take(job: &Job, memory: &mut Memory, first: bool) -> Result<Verdict, TurnError> {
    let turn = begin(job, first).await?;
    let files = job.files().await?;
    let cx = job.context(turn, first, files.as_ref());
    job.plugins.begin(&cx).await?;
    if let Some(reason) = job.spent() {
        return Ok(Verdict::capped(reason));
    }
    let (packet, answer) = match converse(job, &cx, &mut memory.fitting).await? {
        ControlFlow::Continue(answered) => answered,
        ControlFlow::Break(verdict) => return Ok(verdict),
    };
    job.progress(turn, Activity::Processing, None, None);
    let heard = hear(&answer, job.settings.limits.max_commands);
    let telemetry = job
        .keep_answer(turn, &packet, (&answer, &heard), &mut memory.sent)
        .await?;
    let mut report = dispatch(job, &cx, &answer, heard).await?;
    // A loop that ends here needs no room for another turn.
    if !report.ends_cleanly()
        && let Some(tokens) = memory.fitting.after(job, &cx).await?
    {
        report
            .mistakes
            .push(Mistake::told(Outcome::Overflow { tokens }));
    }
    job.stop.check()?;
    let verdict = judge(job, turn, &mut memory.record, report).await?;
    job.state(Some(telemetry));
    Ok(verdict)
}

/// Assembles and asks. A packet that the model's server refuses as too large is made smaller and sent
/// again, until nothing more can be put away: how large a context is, is not the model's to know.
async fn converse(
    job: &Job,
    cx: &TurnContext<'_>,
    fitting: &mut Fitting,
) -> Result<ControlFlow<Verdict, (Packet, Answer)>, TurnError> {
    loop {
        let packet = match fitting.before(job, cx).await? {
            Fit::Fits(packet) => packet,
            Fit::TooLarge { tokens } => return Ok(ControlFlow::Break(Verdict::too_large(tokens))),
        };
        job.progress(
            cx.turn,
            Activity::Thinking,
            None,
            Some(packet.figures.free()),
        );
        match ask(job, cx.turn, &packet).await {
            Ok(answer) => {
                fitting.answered(&packet);
                return Ok(ControlFlow::Continue((packet, answer)));
            }
            Err(TurnError::Model(LlmError::ContextExceeded { message })) => {
                tracing::info!(
                    message,
                    tokens = packet.figures.usage,
                    "a packet was refused as too large"
                );
                job.set_refused(packet.figures.usage);
            }
            Err(error) => return Err(error),
        }
    }
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

/// The commands of an answer: those of its text, then those that came as calls.
fn hear(answer: &Answer, max_commands: usize) -> Scan {
    let calls = answer.calls.iter();
    let calls = calls.map(|call| (call.name.as_str(), call.arguments.as_str()));
    scan_with_calls(&answer.text, calls, max_commands)
}

/// The tools of a loop, as the packet and the dispatch use them.
pub fn tools(job: &Job) -> Vec<Tool> {
    policy::tools(&job.plugins, &job.in_loop)
}
