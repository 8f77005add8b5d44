//! The commands of an answer, in the order in which the model wrote them, and the waits for the
//! user between them.

use std::time::Duration;

use crate::dialect::{Call, Command, Scan, Tool};
use crate::entries::{Effect, Entry, EntryPath, Outcome, Proposal, Review, RunStatus, State};
use crate::llm::{Answer, Finish};
use crate::plugins::sh::lines::{Ruling, ruling};
use crate::plugins::{Handled, Problem, Refusal, TurnContext, about, policy, update};
use crate::store::{entries, proposals};

use super::events::EventKind;
use super::job::Job;
use super::turn::{TurnError, tools};
use super::verdict::{Mistake, Setback, TurnReport};

/// How often the store is looked at for what another process decided.
const FOREIGN_TICK: Duration = Duration::from_millis(200);

/// Carries out an answer.
pub async fn dispatch(
    job: &Job,
    cx: &TurnContext<'_>,
    answer: &Answer,
    heard: Scan,
) -> Result<TurnReport, TurnError> {
    let mut work = Dispatch {
        job,
        cx,
        tools: tools(job),
        report: TurnReport {
            advice: advice(answer, &heard),
            ..TurnReport::default()
        },
        has_drafts: job.in_loop.config.review == Review::End,
        stopped_by: None,
    };
    let has_update = heard.commands.iter().any(|c| c.tool() == Tool::Update);
    let is_empty = heard.commands.is_empty();
    for command in &heard.commands {
        job.stop.check()?;
        work.carry_out(command).await?;
        job.state(None);
    }
    let ends = has_update && work.report.ends_cleanly();
    if work.review() != Review::End || ends {
        work.settle().await?;
    }
    let mut report = work.report;
    if is_empty {
        report.mistakes.push(no_command(answer));
    } else if !has_update {
        let message = "the answer has no <update>: end each one with <update status=\"…\">what you did</update>";
        report
            .mistakes
            .push(Mistake::untold(Outcome::Validation, message));
    }
    Ok(report)
}

struct Dispatch<'a> {
    job: &'a Job,
    cx: &'a TurnContext<'a>,
    tools: Vec<Tool>,
    report: TurnReport,
    /// Whether something may be proposed that the user was not asked about: of this turn or, where all
    /// is kept for the end, of an earlier one.
    has_drafts: bool,
    /// What stopped the rest of the answer.
    stopped_by: Option<String>,
}

impl Dispatch<'_> {
    async fn carry_out(&mut self, command: &Command) -> Result<(), TurnError> {
        let tool = command.tool();
        if self.settles_before(command) {
            self.settle().await?;
        }
        if !matches!(tool, Tool::Update | Tool::Think) {
            if let Some(by) = self.stopped_by.clone() {
                let message = format!("not carried out: {by}");
                return self
                    .record(command, Refusal::new(Outcome::Aborted, message))
                    .await;
            }
            self.report.deeds.push(fingerprint(command));
        }
        match self.handle(command).await {
            Ok(Handled::Proposed) => {
                self.has_drafts = true;
                if self.review() == Review::Each || !changes_file(command) {
                    self.settle().await?;
                }
                Ok(())
            }
            Ok(Handled::Done(_) | Handled::Quiet) => {
                if let Call::Update(args) = &command.call {
                    self.note_update(args);
                }
                Ok(())
            }
            Err(Problem::Refused(refusal)) => self.fail(command, refusal).await,
            Err(Problem::Store(error)) => Err(error.into()),
        }
    }

    async fn handle(&self, command: &Command) -> Result<Handled, Problem> {
        let plugins = self.cx.plugins;
        plugins.admit(command, &self.job.in_loop, &self.tools)?;
        plugins.handle(self.cx, command).await
    }

    fn note_update(&mut self, args: &crate::dialect::Update) {
        // `handle` has refused what cannot be read.
        let Ok(status) = update::read(args) else {
            return;
        };
        self.report.status = Some(status);
        self.report.claim = RunStatus::claimed(status);
    }

    /// A command that failed is a strike and stops the rest of the answer.
    async fn fail(&mut self, command: &Command, refusal: Refusal) -> Result<(), TurnError> {
        let mistake = Mistake::told(refusal.outcome.clone());
        self.report.mistakes.push(mistake);
        if command.tool() != Tool::Update {
            let name = command.tool().name();
            self.stopped_by = Some(format!("<{name} {}> failed before", command.target()));
        }
        self.record(command, refusal).await
    }

    async fn record(&self, command: &Command, refusal: Refusal) -> Result<(), TurnError> {
        let target = command.target();
        let write = self
            .cx
            .record(command.tool(), target, &refusal.message)
            .attributes(about(target))
            .ended(State::Failed, Some(refusal.outcome));
        let run = self.cx.run;
        self.cx
            .store
            .write(move |tx| entries::log(tx, run, write))
            .await?;
        Ok(())
    }

    fn review(&self) -> Review {
        self.job.in_loop.config.review
    }

    /// Whether the user decides what was proposed so far before this command is carried out.
    fn settles_before(&self, command: &Command) -> bool {
        match self.review() {
            Review::Each => false,
            Review::Batch => !changes_file(command) && command.tool() != Tool::Think,
            // What runs in the workspace, or asks about it, meets what was accepted of it.
            Review::End => matches!(command.tool(), Tool::Sh | Tool::Env | Tool::AskUser),
        }
    }

    /// Offers the user what was proposed, and waits until it is decided.
    async fn settle(&mut self) -> Result<(), TurnError> {
        if !std::mem::take(&mut self.has_drafts) {
            return Ok(());
        }
        let run = self.cx.run;
        let offered = self
            .cx
            .store
            .write(move |tx| proposals::offer(tx, run))
            .await?;
        if offered.is_empty() {
            return Ok(());
        }
        self.job.set_status(RunStatus::Waiting).await?;
        self.job.state(None);
        self.job
            .events
            .tell(&self.job.subject, EventKind::Proposals);
        // Not to be dropped half-way: what is in the text must be recorded.
        self.accept_unasked(&offered).await;
        let paths = offered.into_iter().map(|proposal| proposal.path).collect();
        let undone = self.job.stop.unless(self.decided(paths)).await??;
        self.job.set_status(RunStatus::Running).await?;
        self.job.state(None);
        if let Some((path, setback)) = undone {
            self.report.setback = Some(setback);
            self.stopped_by = Some(match setback {
                Setback::Rejected => format!("the user rejected {path}"),
                Setback::NotCarriedOut => format!("the editor could not carry {path} out"),
                Setback::Failed => format!("{path} failed"),
                Setback::CutOff => format!("{path} was cut off"),
            });
        }
        Ok(())
    }

    /// Whether a proposal is accepted for the user.
    fn is_unasked(&self, proposal: &Proposal) -> bool {
        if self.job.in_loop.config.auto_accept.takes(&proposal.effect) {
            return true;
        }
        match &proposal.effect {
            Effect::Command { line } => {
                ruling(&self.job.settings.commands, line) == Ruling::Allowed
            }
            _ => false,
        }
    }

    /// Accepts for the user what need not be asked about. What cannot be accepted stays pending, for
    /// the user to look at.
    async fn accept_unasked(&self, offered: &[Proposal]) {
        for proposal in offered.iter().filter(|p| self.is_unasked(p)) {
            if self.job.stop.check().is_err() {
                return;
            }
            let path = &proposal.path;
            if let Err(reason) = self.job.host.accept(self.cx.run, path).await {
                tracing::info!(%path, reason, "not accepted without asking");
            }
        }
    }

    /// Waits until none of the entries is proposed any more, and no command of them runs. Returns one
    /// that was not accepted whole or did not end well, and what became of it.
    async fn decided(
        &self,
        offered: Vec<EntryPath>,
    ) -> Result<Option<(EntryPath, Setback)>, TurnError> {
        let mut changes = self.cx.store.changes();
        let mut tick = tokio::time::interval(FOREIGN_TICK);
        let mut is_running = false;
        loop {
            let (run, paths) = (self.cx.run, offered.clone());
            let found = self
                .cx
                .store
                .read(move |connection| {
                    paths
                        .iter()
                        .map(|path| entries::find(connection, run, path))
                        .collect::<Result<Vec<_>, _>>()
                })
                .await?;
            let any = |state| found.iter().flatten().any(|entry| entry.state == state);
            if !any(State::Proposed) && !any(State::Streaming) {
                let mut decided = offered.iter().zip(&found);
                let not_whole = |(path, entry): (&EntryPath, &Option<Entry>)| {
                    setback(entry.as_ref()).map(|setback| (path.clone(), setback))
                };
                return Ok(decided.find_map(not_whole));
            }
            if !any(State::Proposed) && !std::mem::replace(&mut is_running, true) {
                // A command is under way: nothing waits for the user.
                self.job.set_status(RunStatus::Running).await?;
                self.job.state(None);
            }
            // A change of this process wakes at once; one that was missed, or that another
            // process made, is seen at the next tick.
            tokio::select! {
                _ = changes.recv() => {}
                _ = tick.tick() => {}
            }
        }
    }
}

/// What a decided proposal means for the turn, if it was not accepted whole or did not end well. One
/// that is gone was taken away by the user.
fn setback(entry: Option<&Entry>) -> Option<Setback> {
    match entry.map(|entry| (entry.state, &entry.outcome)) {
        Some((State::Resolved, None)) => None,
        Some((State::Failed, Some(Outcome::Error))) => Some(Setback::NotCarriedOut),
        Some((State::Failed, Some(Outcome::Exit(_) | Outcome::Reason(_)))) => Some(Setback::Failed),
        Some((State::Cancelled, _)) => Some(Setback::CutOff),
        _ => Some(Setback::Rejected),
    }
}

/// Whether a command would be offered together with its neighbours.
fn changes_file(command: &Command) -> bool {
    policy::changed_file(command).is_some()
}

/// Equal commands have equal fingerprints; a command's place in the answer is not part of it.
fn fingerprint(command: &Command) -> String {
    serde_json::to_string(&command.call).unwrap_or_else(|_| format!("{:?}", command.call))
}

fn no_command(answer: &Answer) -> Mistake {
    let message = if answer.written().trim().is_empty() {
        "the answer was empty. If nothing can be done, say so: <update status=\"500\">why</update>"
    } else {
        "the answer has no command. Write commands as tags, and end with <update status=\"…\">"
    };
    Mistake::untold(Outcome::Validation, message)
}

/// What was healed, and what of the answer was cut off.
fn advice(answer: &Answer, heard: &Scan) -> Vec<String> {
    let mut advice: Vec<String> = heard
        .advisories
        .iter()
        .map(|advisory| {
            let place = &advisory.place;
            format!(
                "line {}, column {}: {}",
                place.line, place.column, advisory.message
            )
        })
        .collect();
    match answer.finish {
        Finish::Length => advice.push("the answer was cut off at its length limit".to_owned()),
        Finish::Truncated => advice.push("the answer broke off before its end".to_owned()),
        Finish::Stop | Finish::Other(_) => {}
    }
    advice
}
