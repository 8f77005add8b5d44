//! What a turn means for its loop: on, or the end, and with which status.
//!
//! A strike is a turn in which something went wrong that the model did; so many in a row end the
//! loop. What was only forgiven, and what the user rejected, is no strike.

use std::collections::VecDeque;

use crate::config::Limits;
use crate::entries::{Outcome, RunStatus};

/// What happened in a turn, as far as the verdict is concerned.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TurnReport {
    /// The mistakes of the turn.
    pub mistakes: Vec<Mistake>,
    /// What of the turn did not come true without the model's doing.
    pub setback: Option<Setback>,
    /// The status of the last valid `<update>`, and the end that it claims, if it claims one.
    pub status: Option<u16>,
    pub claim: Option<RunStatus>,
    /// What was forgiven or ignored: told to the model, no strike.
    pub advice: Vec<String>,
    /// What the turn's commands did, the update left out; equal turns have equal deeds.
    pub deeds: Vec<String>,
}

impl TurnReport {
    /// Whether the turn claims the loop's end and nothing speaks against it so far.
    pub fn ends_cleanly(&self) -> bool {
        self.claim.is_some() && self.setback.is_none() && self.mistakes.is_empty()
    }
}

/// What keeps a turn from being the last one, and is no strike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setback {
    /// The user rejected something.
    Rejected,
    /// The editor could not carry something out; the model may try again.
    NotCarriedOut,
    /// A shell command ran and did not succeed: news, and no mistake of the model's.
    Failed,
    /// A shell command was ended before its time.
    CutOff,
}

impl Setback {
    const fn reason(self) -> &'static str {
        match self {
            Self::Rejected => "the user rejected something in this turn",
            Self::NotCarriedOut => "something of this turn could not be carried out",
            Self::Failed => "a command of this turn failed",
            Self::CutOff => "a command of this turn was cut off",
        }
    }
}

/// A mistake that counts as a strike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    pub outcome: Outcome,
    /// What an entry of its own tells the model, where no other one does.
    pub untold: Option<String>,
}

impl Mistake {
    /// One that the model reads of where it happened.
    pub const fn told(outcome: Outcome) -> Self {
        Self {
            outcome,
            untold: None,
        }
    }

    /// One that has to be told.
    pub fn untold(outcome: Outcome, message: impl Into<String>) -> Self {
        Self {
            outcome,
            untold: Some(message.into()),
        }
    }
}

/// The judgement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Continue,
    /// The claim of a final update was not taken; the model is told why.
    Refused(&'static str),
    Stop {
        status: RunStatus,
        outcome: Option<Outcome>,
    },
}

impl Verdict {
    /// The run has used up what it may use.
    pub const fn capped(reason: String) -> Self {
        Self::Stop {
            status: RunStatus::Aborted,
            outcome: Some(Outcome::Reason(reason)),
        }
    }

    /// The packet cannot be made to fit.
    pub const fn too_large(tokens: u64) -> Self {
        Self::Stop {
            status: RunStatus::Overflow,
            outcome: Some(Outcome::Overflow { tokens }),
        }
    }
}

/// What a loop remembers from turn to turn.
#[derive(Debug, Clone, Default)]
pub struct Record {
    streak: u32,
    /// The deeds of the last turns, newest last.
    history: VecDeque<Vec<String>>,
}

/// What the model is told of a cycle.
pub const CYCLE: &str = "Loop detected";

impl Record {
    /// Adds the turn's deeds to the history. True when the last turns repeat themselves; the
    /// history is forgotten then, so that the loop gets a fresh chance.
    pub fn is_cycle(&mut self, deeds: &[String], limits: &Limits) -> bool {
        if deeds.is_empty() {
            return false;
        }
        let kept = limits.min_cycles.saturating_mul(limits.max_cycle_period);
        self.history.push_back(deeds.to_vec());
        while self.history.len() > kept {
            self.history.pop_front();
        }
        let found = (1..=limits.max_cycle_period).any(|period| self.repeats(period, limits));
        if found {
            self.history.clear();
        }
        found
    }

    fn repeats(&self, period: usize, limits: &Limits) -> bool {
        let span = period.saturating_mul(limits.min_cycles);
        let Some(start) = self.history.len().checked_sub(span) else {
            return false;
        };
        (start + period..self.history.len()).all(|at| self.history[at] == self.history[at - period])
    }

    /// Judges a turn.
    pub fn judge(&mut self, report: &TurnReport, limits: &Limits) -> Verdict {
        if report.mistakes.is_empty() {
            self.streak = 0;
            return match (report.claim, report.setback) {
                (Some(_), Some(setback)) => Verdict::Refused(setback.reason()),
                (Some(status), None) => Verdict::Stop {
                    status,
                    outcome: None,
                },
                (None, _) => Verdict::Continue,
            };
        }
        self.streak += 1;
        if self.streak >= limits.max_strikes {
            return Verdict::Stop {
                status: RunStatus::Aborted,
                outcome: Some(self.last_straw(report)),
            };
        }
        match report.claim {
            Some(_) => Verdict::Refused("something in this turn failed"),
            None => Verdict::Continue,
        }
    }

    fn last_straw(&self, report: &TurnReport) -> Outcome {
        let cycle = report
            .mistakes
            .iter()
            .any(|mistake| mistake.outcome == Outcome::Cycle);
        if cycle {
            Outcome::Cycle
        } else {
            Outcome::Reason(format!("{} failed turns in a row", self.streak))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed() -> TurnReport {
        TurnReport {
            mistakes: vec![Mistake::told(Outcome::NotFound)],
            ..TurnReport::default()
        }
    }

    fn claims(mut report: TurnReport) -> TurnReport {
        report.claim = Some(RunStatus::Done);
        report
    }

    fn done() -> Verdict {
        Verdict::Stop {
            status: RunStatus::Done,
            outcome: None,
        }
    }

    #[test]
    fn a_clean_claim_ends_the_loop_and_a_failed_one_does_not() {
        let limits = Limits::default();
        let mut record = Record::default();
        assert!(matches!(
            record.judge(&claims(failed()), &limits),
            Verdict::Refused(_)
        ));
        for setback in [Setback::Rejected, Setback::NotCarriedOut] {
            let set_back = TurnReport {
                setback: Some(setback),
                ..claims(TurnReport::default())
            };
            let refused = Verdict::Refused(setback.reason());
            assert_eq!(record.judge(&set_back, &limits), refused);
        }
        assert_eq!(
            record.judge(&claims(TurnReport::default()), &limits),
            done()
        );
    }

    #[test]
    fn three_failed_turns_in_a_row_end_the_loop_whatever_is_claimed() {
        let limits = Limits::default();
        let mut record = Record::default();
        record.judge(&failed(), &limits);
        record.judge(&failed(), &limits);
        record.judge(&TurnReport::default(), &limits);
        record.judge(&failed(), &limits);
        record.judge(&failed(), &limits);
        assert_eq!(
            record.judge(&claims(failed()), &limits),
            Verdict::Stop {
                status: RunStatus::Aborted,
                outcome: Some(Outcome::Reason("3 failed turns in a row".to_owned())),
            }
        );
    }

    #[test]
    fn a_repetition_of_up_to_four_turns_is_found_at_its_third_time() {
        let limits = Limits::default();
        for period in 1..=4 {
            let mut record = Record::default();
            let turns: Vec<Vec<String>> = (0..period).map(|n| vec![format!("get {n}")]).collect();
            let found: Vec<bool> = (0..period * 3)
                .map(|at| record.is_cycle(&turns[at % period], &limits))
                .collect();
            let expected: Vec<bool> = (1..=period * 3).map(|at| at == period * 3).collect();
            assert_eq!(found, expected, "period {period}");
        }
    }

    #[test]
    fn turns_that_do_nothing_are_no_cycle() {
        let mut record = Record::default();
        assert!((0..9).all(|_| !record.is_cycle(&[], &Limits::default())));
    }
}
