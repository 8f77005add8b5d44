//! The model call of a turn: what streams in is told on, at most twenty times a second.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::MissedTickBehavior;

use crate::dialect::Scanner;
use crate::entries::TurnNumber;
use crate::llm::{Answer, Progress, Request, tokens};

use super::events::{Activity, EventKind, TextKind};
use super::job::Job;
use super::packet::Packet;
use super::turn::TurnError;

/// How often what has streamed in is told on: with the last piece of an answer still at most twenty
/// times a second.
const TICK: Duration = Duration::from_millis(60);

/// Of how many of those ticks one is also told as progress.
const PROGRESS_EVERY: u32 = 2;

/// Calls the model with a packet. Stopping the loop drops the call, and with it the request.
pub async fn ask(job: &Job, turn: TurnNumber, packet: &Packet) -> Result<Answer, TurnError> {
    let request = Request {
        model: &job.settings.model,
        system: &packet.system,
        user: &packet.user,
        stable: packet.head,
        context_size: job.context_size,
        temperature: job.temperature,
        call: job.answers(),
    };
    let relay = Relay::new(job, turn);
    let mut hear = |progress: Progress<'_>| relay.hear(&progress);
    let work = async {
        let mut answer = std::pin::pin!(job.models.complete(&request, &mut hear));
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                answer = &mut answer => break answer,
                _ = tick.tick() => {
                    relay.tell();
                }
            }
        }
    };
    let answer = job.stop.unless(work).await?;
    while relay.tell() {}
    Ok(answer?)
}

/// Between a stream of small pieces and listeners that want few larger ones.
struct Relay<'a> {
    job: &'a Job,
    turn: TurnNumber,
    heard: Mutex<Heard>,
}

struct Heard {
    answer: Piece,
    reasoning: Piece,
    scanner: Scanner,
    chars: usize,
    ticks: u32,
}

/// A text of which a part is told already.
#[derive(Default)]
struct Piece {
    told: usize,
    waiting: String,
}

impl<'a> Relay<'a> {
    fn new(job: &'a Job, turn: TurnNumber) -> Self {
        let heard = Mutex::new(Heard::new(job.settings.limits.max_commands));
        Self { job, turn, heard }
    }

    fn hear(&self, progress: &Progress<'_>) {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        match progress {
            Progress::Answer(text) => {
                heard.chars += text.chars().count();
                heard.scanner.push(text);
                heard.answer.waiting.push_str(text);
            }
            Progress::Reasoning(text) => heard.reasoning.waiting.push_str(text),
            Progress::Retrying { reason, .. } => {
                *heard = Heard::new(self.job.settings.limits.max_commands);
                let detail = Some((*reason).to_owned());
                self.job
                    .progress(self.turn, Activity::Retrying, detail, None);
            }
        }
    }

    /// Tells one piece, if one waits: reasoning before the answer that it leads to.
    fn tell(&self) -> bool {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let told = self.tell_piece(TextKind::Reasoning, &mut heard.reasoning)
            || self.tell_piece(TextKind::Answer, &mut heard.answer);
        if told {
            heard.ticks += 1;
            if heard.ticks % PROGRESS_EVERY == 1 {
                let detail = heard.scanner.open().map(str::to_owned);
                let tokens = tokens::estimate(heard.chars, self.job.divisor());
                self.job
                    .progress(self.turn, Activity::Streaming, detail, Some(tokens));
            }
        }
        told
    }

    fn tell_piece(&self, kind: TextKind, piece: &mut Piece) -> bool {
        if piece.waiting.is_empty() {
            return false;
        }
        let text = std::mem::take(&mut piece.waiting);
        let offset = piece.told;
        piece.told += text.len();
        let told = EventKind::Text {
            turn: self.turn,
            kind,
            offset,
            text,
        };
        self.job.events.tell(&self.job.subject, told);
        true
    }
}

impl Heard {
    fn new(max_commands: usize) -> Self {
        Self {
            answer: Piece::default(),
            reasoning: Piece::default(),
            scanner: Scanner::new(max_commands),
            chars: 0,
            ticks: 0,
        }
    }
}
