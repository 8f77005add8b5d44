//! From the entries to a packet that fits: rendered, measured, and put away in tiers until it does.
//! Measured before each call and, with the same measure and the same tiers, after each dispatch.
//!
//! **Invariant.** What is put away for a packet is told in one log entry, which is part of what is
//! measured. Where all of it would not be enough, nothing is put away.

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

/// What may grow from one packet to the next beside its rows, in characters: the budget, the phase,
/// counted folders.
const SLACK: usize = 4_000;

/// What came of making a packet.
pub enum Fit {
    Fits(Packet),
    /// It takes so many tokens, and not all that may be put away would make it fit; the log says so.
    TooLarge {
        tokens: u64,
    },
}

/// What a loop remembers of its packets.
#[derive(Debug, Default)]
pub struct Fitting {
    board: Board,
    /// The loop's first turn.
    began: Option<TurnNumber>,
    /// The length of the newest packet that was answered, in characters.
    newest: Option<usize>,
    /// How many entries were put away since then, to be told in the next.
    reverted: usize,
}

impl Fitting {
    /// Draws from a board that an earlier loop of the run may have left.
    pub fn from_board(board: Board) -> Self {
        Self {
            board,
            ..Self::default()
        }
    }

    /// What the run's next loop may draw from.
    pub fn into_board(self) -> Board {
        self.board
    }

    /// The packet of a turn that begins.
    pub async fn before(&mut self, job: &Job, cx: &TurnContext<'_>) -> Result<Fit, StoreError> {
        let (fit, overflow) = self.fit(job, cx, cx.turn).await?;
        self.reverted += overflow.map_or(0, |overflow| overflow.demoted.len());
        Ok(fit)
    }

    /// The model has answered a packet.
    pub const fn answered(&mut self, packet: &Packet) {
        self.newest = Some(packet.chars);
        self.reverted = 0;
    }

    /// Makes room for the next turn after a dispatch. Tells the tokens that the packet would take, if
    /// that was too much because of what this turn wrote or made visible.
    pub async fn after(
        &mut self,
        job: &Job,
        cx: &TurnContext<'_>,
    ) -> Result<Option<u64>, StoreError> {
        let Some(newest) = self.newest else {
            return Ok(None);
        };
        let ceiling = job.ceiling();
        self.board.refresh(job, cx).await?;
        let takes = |chars: usize| tokens::estimate(chars, job.divisor());
        // Then there is no need to assemble a packet only to measure it.
        if takes(newest + self.board.drawn() + SLACK) <= ceiling {
            return Ok(None);
        }
        let (_, overflow) = self.fit(job, cx, TurnNumber(cx.turn.0 + 1)).await?;
        let Some(overflow) = overflow else {
            return Ok(None);
        };
        self.reverted += overflow.demoted.len();
        // Else the packet that was answered is too large by a better measure of the same text.
        let fitted = takes(newest) <= ceiling;
        let by_this_turn = |one: &Demotion| !one.is_tidying() && one.turn == Some(cx.turn);
        let is_caused = fitted && overflow.demoted.iter().any(by_this_turn);
        Ok(is_caused.then_some(overflow.size))
    }

    /// The packet of a turn, and what did not fit at first.
    async fn fit(
        &mut self,
        job: &Job,
        cx: &TurnContext<'_>,
        turn: TurnNumber,
    ) -> Result<(Fit, Option<Overflow>), StoreError> {
        let began = *self.began.get_or_insert(cx.turn);
        let mut overflow: Option<Overflow> = None;
        loop {
            self.board.refresh(job, cx).await?;
            let demoted = overflow
                .as_ref()
                .map_or(0, |overflow| overflow.demoted.len());
            let packet = self.assemble(job, self.reverted + demoted);
            let figures = packet.figures;
            if figures.over() == 0 {
                return Ok((Fit::Fits(packet), overflow));
            }
            let occasion = Occasion {
                turn,
                began,
                told: overflow.as_ref().map(|overflow| &overflow.told),
            };
            let rows = self.board.rows();
            let must = chars_of(figures.over(), job.divisor());
            // Nothing is put away in vain.
            let tier = if budget::freeable(rows, occasion) < must {
                Vec::new()
            } else {
                let room = chars_of(figures.ceiling / ROOM, job.divisor());
                budget::demotions(rows, occasion, must + room)
            };
            let is_last = tier.is_empty();
            if !is_last || overflow.is_none() {
                overflow = Some(Overflow::put_away(cx, overflow, figures, tier).await?);
            }
            if is_last {
                let tokens = figures.usage;
                return Ok((Fit::TooLarge { tokens }, overflow));
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
        // Of two steps of one entry the later one counts.
        demoted.retain(|before: &Demotion| tier.iter().all(|now| now.path != before.path));
        demoted.extend(tier);
        let message = budget::report(size, figures.ceiling, &demoted);
        let (run, turn, in_loop, count) = (cx.run, cx.turn, cx.in_loop.id, demoted.len());
        let told = cx
            .store
            .write(move |tx| {
                for write in writes {
                    // What the user has taken away meanwhile is put away already.
                    if entries::exists(tx, run, &write.path)? {
                        entries::set(tx, run, visibility_writer(&write), write)?;
                    }
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
