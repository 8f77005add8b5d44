//! From the entries to a packet that fits: rendered, measured, and put away in tiers until it does.
//! Measured before each call and, with the same measure and the same tiers, after each dispatch.
//!
//! **Invariant.** What is put away is told in one log entry, which is part of what is measured.

use crate::entries::{Attributes, EntryPath, Outcome, TurnNumber, Writer};
use crate::llm::tokens;
use crate::plugins::budget::Figures;
use crate::plugins::{Assembly, TurnContext, error};
use crate::store::StoreError;
use crate::store::entries::{self, Write};

use super::board::Board;
use super::budget::{self, Demotion, Occasion};
use super::job::Job;
use super::packet::{self, Packet};
use super::turn::tools;

/// Where something has to go, more goes than must by this part of the ceiling, so that the next line of
/// the log is not too much again.
const ROOM: u64 = 10;

/// What came of making a packet.
pub enum Fit {
    /// It fits; did it not at first, this was put away for it.
    Fits(Packet, Option<Overflow>),
    /// It takes so many tokens with all put away that may be; the log says so.
    TooLarge { tokens: u64 },
}

/// What a loop remembers of its packets.
#[derive(Debug, Default)]
pub struct Fitting {
    board: Board,
    /// The loop's first turn.
    began: Option<TurnNumber>,
    /// The length of the newest packet, in characters.
    newest: Option<usize>,
    /// What was put away after the newest packet, to be told in the next.
    reverted: usize,
}

impl Fitting {
    /// The packet of a turn that begins.
    pub async fn before(&mut self, job: &Job, cx: &TurnContext<'_>) -> Result<Fit, StoreError> {
        let fit = self.fit(job, cx, cx.turn).await?;
        if let Fit::Fits(packet, _) = &fit {
            self.newest = Some(packet.chars);
            self.reverted = 0;
        }
        Ok(fit)
    }

    /// Makes room for the next turn after a dispatch. Tells the tokens that the packet would take, if
    /// that was too much and more than old log rows had to go.
    pub async fn after(
        &mut self,
        job: &Job,
        cx: &TurnContext<'_>,
    ) -> Result<Option<u64>, StoreError> {
        let Some(ceiling) = job.ceiling() else {
            return Ok(None);
        };
        self.board.refresh(job, cx).await?;
        if self.cannot_overflow(job, ceiling) {
            return Ok(None);
        }
        let next = TurnNumber(cx.turn.0 + 1);
        Ok(match self.fit(job, cx, next).await? {
            Fit::Fits(_, None) => None,
            Fit::Fits(_, Some(overflow)) => {
                self.reverted = overflow.demoted.len();
                let is_tidy = overflow.demoted.iter().all(Demotion::is_tidying);
                (!is_tidy).then_some(overflow.size)
            }
            Fit::TooLarge { tokens } => Some(tokens),
        })
    }

    /// Whether the newest packet and all that was drawn since fit together: then there is no need to
    /// assemble a packet only to measure it.
    fn cannot_overflow(&self, job: &Job, ceiling: u64) -> bool {
        /// What else may grow from one packet to the next: the budget, the phase, counted folders.
        const SLACK: usize = 4_000;
        let most = self.newest.map(|chars| chars + self.board.drawn() + SLACK);
        most.is_some_and(|chars| tokens::estimate(chars, job.divisor()) <= ceiling)
    }

    async fn fit(
        &mut self,
        job: &Job,
        cx: &TurnContext<'_>,
        turn: TurnNumber,
    ) -> Result<Fit, StoreError> {
        let began = *self.began.get_or_insert(cx.turn);
        let mut overflow: Option<Overflow> = None;
        loop {
            self.board.refresh(job, cx).await?;
            let demoted = overflow
                .as_ref()
                .map_or(0, |overflow| overflow.demoted.len());
            let packet = self.assemble(job, self.reverted + demoted);
            let figures = packet.figures.filter(|figures| figures.over() > 0);
            let Some(figures) = figures else {
                return Ok(Fit::Fits(packet, overflow));
            };
            let occasion = Occasion {
                turn,
                began,
                told: overflow.as_ref().map(|overflow| &overflow.told),
            };
            let over = chars_of(figures.over() + figures.ceiling / ROOM, job.divisor());
            let tier = budget::demotions(self.board.rows(), occasion, over);
            let is_last = tier.is_empty();
            if !is_last || overflow.is_none() {
                overflow = Some(Overflow::put_away(cx, overflow, figures, tier).await?);
            }
            if is_last {
                return Ok(Fit::TooLarge {
                    tokens: figures.usage,
                });
            }
        }
    }

    fn assemble(&mut self, job: &Job, reverted: usize) -> Packet {
        self.board.assembled();
        let tools = tools(job);
        let assembly = Assembly {
            rows: self.board.rows(),
            plugins: &job.plugins,
            mode: job.in_loop.mode,
            phase: job.phase(),
            tools: &tools,
            persona: job.persona.as_deref(),
            divisor: job.divisor(),
            map_tokens: job.settings.limits.map_tokens,
            budget: None,
            reverted: Some(reverted).filter(|count| *count > 0),
        };
        packet::render(assembly, job.ceiling())
    }
}

/// At least as many characters as these tokens.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "tokens and characters are far below 2^52, and the divisor is positive"
)]
fn chars_of(tokens: u64, divisor: f64) -> usize {
    (tokens as f64 * divisor).ceil() as usize
}

/// A packet that did not fit, and what was put away for it.
pub struct Overflow {
    /// The packet's size before anything was, in tokens.
    size: u64,
    demoted: Vec<Demotion>,
    /// The log entry that tells of it.
    told: EntryPath,
}

impl Overflow {
    /// Puts a tier away and tells of it, in the entry that tells of earlier tiers if there were any.
    async fn put_away(
        cx: &TurnContext<'_>,
        before: Option<Self>,
        figures: Figures,
        tier: Vec<Demotion>,
    ) -> Result<Self, StoreError> {
        let size = before.as_ref().map_or(figures.usage, |before| before.size);
        let (told, mut demoted) = match before {
            Some(before) => (Some(before.told), before.demoted),
            None => (None, Vec::new()),
        };
        let writes: Vec<Write> = tier.iter().map(put_away).collect();
        demoted.extend(tier);
        let message = budget::report(size, figures.ceiling, &demoted);
        let (run, turn, in_loop, count) = (cx.run, cx.turn, cx.in_loop.id, demoted.len());
        let told = cx
            .store
            .write(move |tx| {
                for write in writes {
                    entries::set(tx, run, visibility_writer(&write), write)?;
                }
                let told = if let Some(told) = told {
                    told
                } else {
                    let outcome = Outcome::Overflow { tokens: size };
                    error::record(tx, run, turn, in_loop, outcome, &message)?
                };
                let mut attributes = Attributes::new();
                attributes.insert("demotedCount".to_owned(), count.into());
                let write = Write::body(told.clone(), &message).attributes(attributes);
                entries::set(tx, run, Writer::Plugin, write)?;
                Ok(told)
            })
            .await?;
        Ok(Self {
            size,
            demoted,
            told,
        })
    }
}

fn put_away(demotion: &Demotion) -> Write {
    Write::to(demotion.path.clone()).visibility(demotion.to)
}

/// Each scheme's own writer may change what is shown of it.
fn visibility_writer(write: &Write) -> Writer {
    if write.path.scheme().permits_visibility(Writer::Plugin) {
        Writer::Plugin
    } else {
        Writer::System
    }
}
