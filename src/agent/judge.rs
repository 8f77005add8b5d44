//! The end of a turn: its verdict, the phase that the loop is in from now on, and what the model is
//! told that no command's entry tells.

use crate::entries::{Outcome, TurnNumber};
use crate::plugins::{advise, error};
use crate::store::{StoreError, loops};

use super::job::Job;
use super::phase::{Step, step};
use super::verdict::{CYCLE, Mistake, Record, TurnReport, Verdict};

/// Judges the turn, moves the phase, and records what is still untold.
pub async fn judge(
    job: &Job,
    turn: TurnNumber,
    record: &mut Record,
    mut report: TurnReport,
) -> Result<Verdict, StoreError> {
    let limits = &job.settings.limits;
    if record.is_cycle(&report.deeds, limits) {
        report.mistakes.push(Mistake::untold(Outcome::Cycle, CYCLE));
    }
    let verdict = record.judge(&report, limits);
    let mut advice = report.advice;
    if let Verdict::Refused(why) = &verdict {
        advice.push(format!("the final status was not taken: {why}"));
    }
    let phase = match report.status.map(|status| step(job.phase(), status)) {
        Some(Step::To(phase)) => Some(phase),
        Some(Step::Refused(why)) => {
            advice.push(why);
            None
        }
        Some(Step::Stay) | None => None,
    };
    let (run, in_loop, mistakes) = (job.subject.run, job.in_loop.id, report.mistakes);
    job.store
        .write(move |tx| {
            for Mistake { outcome, untold } in mistakes {
                if let Some(message) = untold {
                    error::record(tx, run, turn, in_loop, outcome, &message)?;
                }
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
    if let Some(phase) = phase {
        job.set_phase(phase);
    }
    Ok(verdict)
}
