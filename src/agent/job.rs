//! What a loop works with while it runs, and what it tells of its work.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::json;

use crate::config::{Commands, Limits};
use crate::dialect::Scan;
use crate::entries::{Phase, RunStatus, Scheme, TurnNumber};
use crate::llm::{Answer, ModelSpec, Models, tokens};
use crate::plugins::file::Files;
use crate::plugins::telemetry::Telemetry;
use crate::plugins::{Plugins, TurnContext};
use crate::store::contents::Kept;
use crate::store::entries::audit;
use crate::store::loops::Loop;
use crate::store::turns::Figures;
use crate::store::{Store, StoreError, constraints, loops, models, runs, turns};
use crate::workspace::{Overlay, Root, Rules};

use super::events::{Activity, EventKind, Events, Standing, Subject};
use super::host::Host;
use super::packet::Packet;
use super::stop::Stop;
use super::turn::TurnError;

/// What a loop takes from the configuration of the session that started it.
#[derive(Debug, Clone)]
pub struct Settings {
    pub limits: Limits,
    pub commands: Commands,
    pub model: ModelSpec,
}

/// A loop that runs.
pub struct Job {
    pub store: Store,
    pub plugins: Plugins,
    pub models: Arc<Models>,
    pub host: Arc<dyn Host>,
    pub events: Events,
    pub subject: Subject,
    pub in_loop: Loop,
    pub settings: Arc<Settings>,
    pub persona: Option<String>,
    pub temperature: Option<f64>,
    /// In tokens: the model's context, or the run's limit where that is smaller.
    pub context_size: u64,
    /// The workspace; none where the loop does without it.
    pub root: Option<Root>,
    pub stop: Stop,
    /// What moves from turn to turn.
    pub(super) moving: Mutex<Moving>,
}

/// Where the loop stands, what its run has used, and the model's measured characters a token.
#[derive(Debug, Clone, Copy)]
pub struct Moving {
    pub standing: Standing,
    pub divisor: f64,
    /// What the run has used so far, and how many answers it got for that.
    pub used: Figures,
    pub answers: u64,
    /// The smallest packet that the model's server has refused as too large, in tokens.
    pub refused: Option<u64>,
}

/// The messages of the newest packet as they are kept: the next ones are much like them.
#[derive(Debug, Default)]
pub struct Sent {
    system: Option<Kept>,
    user: Option<Kept>,
}

/// How much a new measurement of the characters a token moves the kept one.
const NEW_SHARE: f64 = 0.5;

/// What the next packet may take of one that was refused as too large.
const AFTER_REFUSAL: f64 = 0.6;

/// No tokenizer is outside of this; a report that says otherwise counts something else.
const PLAUSIBLE: std::ops::RangeInclusive<f64> = 1.0..=8.0;

impl Job {
    /// The workspace's files, under the constraints that hold now.
    pub async fn files(&self) -> Result<Option<Files>, TurnError> {
        let Some(root) = self.root.clone() else {
            return Ok(None);
        };
        let project = self.subject.project;
        let stored = self
            .store
            .read(move |connection| constraints::list(connection, project))
            .await?;
        let rules =
            Rules::parse(stored).map_err(|error| TurnError::Workspace(error.to_string()))?;
        Ok(Some(Files {
            root,
            rules: Arc::new(rules),
            overlay: Arc::clone(&self.host) as Arc<dyn Overlay>,
        }))
    }

    /// What the handlers of a turn work with.
    pub fn context<'a>(
        &'a self,
        turn: TurnNumber,
        first: bool,
        files: Option<&'a Files>,
    ) -> TurnContext<'a> {
        TurnContext {
            plugins: &self.plugins,
            store: &self.store,
            run: self.subject.run,
            in_loop: &self.in_loop,
            turn,
            limits: &self.settings.limits,
            commands: &self.settings.commands,
            divisor: self.divisor(),
            first,
            files,
        }
    }

    pub fn phase(&self) -> Phase {
        self.moving().standing.phase
    }

    /// Where the loop stands now.
    pub fn standing(&self) -> Standing {
        self.moving().standing
    }

    pub fn set_phase(&self, phase: Phase) {
        self.change(|moving| moving.standing.phase = phase);
    }

    pub fn set_turn(&self, turn: TurnNumber) {
        self.change(|moving| moving.standing.turn = Some(turn));
    }

    /// What the run has used so far.
    pub fn used(&self) -> Figures {
        self.moving().used
    }

    /// How many answers the run has got so far.
    pub fn answers(&self) -> u64 {
        self.moving().answers
    }

    /// Characters a token, as far as they were measured.
    pub fn divisor(&self) -> f64 {
        self.moving().divisor
    }

    /// What a packet may take. Where the model's server has refused one, clearly less than that one
    /// took, whatever the context is said to be.
    pub fn ceiling(&self) -> u64 {
        let ceiling = share_of(self.context_size, self.settings.limits.budget_ceiling);
        match self.moving().refused {
            Some(size) => ceiling.min(share_of(size, AFTER_REFUSAL)),
            None => ceiling,
        }
    }

    /// The model's server has refused a packet of so many tokens as too large.
    pub fn set_refused(&self, tokens: u64) {
        self.change(|moving| {
            moving.refused = Some(moving.refused.map_or(tokens, |before| before.min(tokens)));
        });
    }

    /// Why the run may not use any more, where it has used up its cap in tokens or money.
    pub fn spent(&self) -> Option<String> {
        let limits = &self.settings.limits;
        let used = self.used();
        match (limits.max_tokens, limits.max_cost) {
            (Some(cap), _) if used.counted >= cap => {
                Some(format!("its cap of {cap} tokens is reached"))
            }
            (_, Some(cap)) if used.cost.is_some_and(|cost| cost >= cap) => {
                Some(format!("its cap of {cap} in money is reached"))
            }
            _ => None,
        }
    }

    /// Tells that the run's state has changed.
    pub fn state(&self, telemetry: Option<Telemetry>) {
        let kind = EventKind::State {
            standing: Some(self.standing()),
            telemetry: telemetry.map(Arc::new),
        };
        self.events.tell(&self.subject, kind);
    }

    /// Tells what a turn is doing.
    pub fn progress(
        &self,
        turn: TurnNumber,
        activity: Activity,
        detail: Option<String>,
        tokens: Option<u64>,
    ) {
        let kind = EventKind::Progress {
            turn,
            activity,
            detail,
            tokens,
        };
        self.events.tell(&self.subject, kind);
    }

    /// Sets the status of the run and of its loop while the loop goes on.
    pub async fn set_status(&self, status: RunStatus) -> Result<(), StoreError> {
        let (run, in_loop) = (self.subject.run, self.in_loop.id);
        self.store
            .write(move |tx| {
                loops::set_status(tx, in_loop, status, None)?;
                runs::set_status(tx, run, status, None)
            })
            .await?;
        self.change(|moving| moving.standing.status = status);
        Ok(())
    }

    /// Keeps what was sent and answered, and what it took. Returns the turn's figures.
    pub async fn keep_answer(
        &self,
        turn: TurnNumber,
        packet: &Packet,
        (answer, heard): (&Answer, &Scan),
        sent: &mut Sent,
    ) -> Result<Telemetry, StoreError> {
        let figures = self.figures(packet, answer);
        let texts = [
            (Scheme::Assistant, answer.written()),
            (Scheme::Reasoning, self.reasoning(answer, heard)),
            (Scheme::Model, provenance(answer)),
        ];
        let messages = [&packet.system, &packet.user].map(Arc::clone);
        let (run, at) = (self.subject.run, (turn, self.in_loop.id));
        let measured = self.measured(packet, answer);
        let actual = self.settings.model.actual.clone();
        let before = std::mem::take(sent);
        *sent = self
            .store
            .write(move |tx| {
                turns::answered(tx, run, turn, &figures)?;
                let [system, user] = messages;
                let sent = Sent {
                    system: Some(audit(
                        tx,
                        run,
                        Scheme::System,
                        at,
                        system,
                        before.system.as_ref(),
                    )?),
                    user: Some(audit(
                        tx,
                        run,
                        Scheme::User,
                        at,
                        user,
                        before.user.as_ref(),
                    )?),
                };
                for (scheme, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
                    audit(tx, run, scheme, at, text, None)?;
                }
                if let Some(divisor) = measured {
                    models::calibrate(tx, &actual, divisor)?;
                }
                Ok(sent)
            })
            .await?;
        self.change(|moving| {
            moving.divisor = measured.unwrap_or(moving.divisor);
            moving.used = moving.used.with(&figures);
            moving.answers += 1;
        });
        Ok(self.telemetry(packet, answer, &self.used()))
    }

    /// The answer's figures. What is not reported is estimated only where it counts against a cap.
    fn figures(&self, packet: &Packet, answer: &Answer) -> Figures {
        let usage = answer.usage;
        let parts = || {
            let written = answer.written().chars().count() + answer.reasoning.chars().count();
            let completion = || tokens::estimate(written, self.divisor());
            let prompt = usage.prompt.unwrap_or(packet.figures.usage);
            prompt.saturating_add(usage.completion.unwrap_or_else(completion))
        };
        Figures {
            counted: usage.total.unwrap_or_else(parts),
            context: usage.prompt.or(Some(packet.figures.usage)),
            prompt: usage.prompt,
            cached: usage.cached,
            completion: usage.completion,
            reasoning: usage.reasoning,
            total: usage.total,
            cost: usage.cost,
        }
    }

    /// The characters a token that this answer's report shows, blended with what was known.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a packet has far fewer than 2^52 characters"
    )]
    fn measured(&self, packet: &Packet, answer: &Answer) -> Option<f64> {
        let tokens = answer.usage.prompt.filter(|tokens| *tokens > 0)?;
        let seen = packet.chars as f64 / tokens as f64;
        let known = self.divisor();
        let blended = known + (seen - known) * NEW_SHARE;
        PLAUSIBLE.contains(&seen).then_some(blended)
    }

    fn telemetry(&self, packet: &Packet, answer: &Answer, totals: &Figures) -> Telemetry {
        let spec = &self.settings.model;
        Telemetry {
            model_alias: spec.alias.clone(),
            model: answer.model.clone().unwrap_or_else(|| spec.actual.clone()),
            temperature: self.temperature.or(spec.temperature),
            context_size: self.context_size,
            context_tokens: answer.usage.prompt.unwrap_or(packet.figures.usage),
            ceiling: self.ceiling(),
            token_usage: packet.figures.usage,
            tokens_free: packet.figures.free(),
            prompt_tokens: totals.prompt,
            cached_tokens: totals.cached,
            completion_tokens: totals.completion,
            reasoning_tokens: totals.reasoning,
            total_tokens: totals.total,
            cost: totals.cost,
            context_distribution: packet.distribution.clone(),
        }
    }

    /// What the provider called reasoning, then what the commands add to it.
    fn reasoning(&self, answer: &Answer, heard: &Scan) -> String {
        let parts: Vec<&str> = std::iter::once(answer.reasoning.as_str())
            .chain(self.plugins.thoughts(&heard.commands))
            .filter(|text| !text.trim().is_empty())
            .collect();
        parts.join("\n")
    }

    fn moving(&self) -> Moving {
        *self.moving.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Moving)) {
        change(&mut self.moving.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "context sizes are far below 2^52, and the share is positive"
)]
fn share_of(size: u64, share: f64) -> u64 {
    (size as f64 * share).floor() as u64
}

fn provenance(answer: &Answer) -> String {
    json!({
        "model": answer.model,
        "usage": answer.usage,
        "finish": format!("{:?}", answer.finish),
    })
    .to_string()
}
