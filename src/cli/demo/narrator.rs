//! The run as a story: what the server sends about it, as lines on the screen, and the figures of
//! the last line.

use std::collections::{HashMap, HashSet};
use std::io;

use super::messages::{Activity, Piece, PieceKind, Progress, Proposal, Row, RunState};
use super::screen::Screen;
use crate::cli::out::{counted, thousands};
use crate::config::Limits;
use crate::dialect::{Call, Content, Set, Tool, scan};
use crate::llm::tokens;

/// What the paths of log entries begin with.
const LOG: &str = "log://";

/// From here on a status is a failure.
const FAILURES: u64 = 400;

/// What the run has used and brought about so far.
#[derive(Debug, Default)]
pub struct Tally {
    pub turns: u32,
    pub accepted: usize,
    /// Of all packets, in tokens.
    sent: u64,
    /// Of all answers, in characters.
    streamed: usize,
    /// Tokens, where the provider counts them.
    reported: Option<u64>,
}

impl Tally {
    /// The tokens of the run in words: as they were reported, else as they are estimated.
    pub fn tokens(&self) -> String {
        if let Some(reported) = self.reported {
            return format!("{} tokens", thousands(reported));
        }
        let answers = tokens::estimate(self.streamed, Limits::default().token_divisor);
        format!("about {} tokens", thousands(self.sent + answers))
    }
}

pub struct Narrator<'s, 'o> {
    pub screen: &'s mut Screen<'o>,
    pub tally: Tally,
    /// Where the run stands; the turn that begins next begins there.
    phase: String,
    /// Rows of the history that were shown. The history comes anew when rows were removed.
    told: HashSet<String>,
    /// Rows of the history that are proposals, which were shown when they were offered.
    offered: HashSet<String>,
    /// The answer that streams in.
    answer: String,
    /// What the last answer wrote, by path: the history says only that it was written.
    written: HashMap<String, String>,
}

impl<'s, 'o> Narrator<'s, 'o> {
    pub fn new(screen: &'s mut Screen<'o>) -> Self {
        Self {
            screen,
            tally: Tally::default(),
            phase: String::new(),
            told: HashSet::new(),
            offered: HashSet::new(),
            answer: String::new(),
            written: HashMap::new(),
        }
    }

    /// `run/progress`: where a turn stands.
    pub fn progress(&mut self, progress: &Progress) -> io::Result<()> {
        self.turn(progress.turn)?;
        match progress.status {
            Activity::Processing => self.answered(),
            activity => {
                let mut words = vec![activity.word().to_owned()];
                words.extend(progress.detail.clone());
                // While the model is waited for, the figure is what is free.
                if let (Activity::Streaming, Some(tokens)) = (activity, progress.tokens) {
                    words.push(format!("{} tokens", thousands(tokens)));
                }
                self.screen.passing(&words.join(" · "))
            }
        }
    }

    /// `run/text`: a piece of the answer. One that begins anew belongs to another attempt.
    pub fn text(&mut self, piece: &Piece) {
        self.tally.streamed += piece.text.chars().count();
        if piece.kind == PieceKind::Answer {
            if piece.offset == 0 {
                self.answer.clear();
            }
            self.answer.push_str(&piece.text);
        }
    }

    /// The answer is whole. Shows what the model thought, which is in no history, and keeps what it
    /// writes to entries. What it writes to files is shown when it is offered.
    fn answered(&mut self) -> io::Result<()> {
        let answer = std::mem::take(&mut self.answer);
        self.written.clear();
        for command in scan(&answer, Limits::default().max_commands).commands {
            match command.call {
                Call::Think(think) => self.screen.aside("think", &think.body)?,
                Call::Set(Set {
                    path: Some(path),
                    content: Content::Text(text),
                    ..
                }) if path.contains("://") => {
                    self.written.insert(path, text);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// `run/state`: what was done since the last one.
    pub fn state(&mut self, state: &RunState) -> io::Result<()> {
        if self.phase.is_empty() {
            self.phase.clone_from(&state.phase);
        }
        for row in &state.history {
            if self.told.insert(row.entry.clone()) {
                self.row(row)?;
            }
        }
        self.phase.clone_from(&state.phase);
        if let Some(telemetry) = &state.telemetry {
            self.tally.sent += telemetry.context_tokens;
            self.tally.reported = telemetry.total_tokens;
        }
        Ok(())
    }

    /// Whether a row of the history was shown.
    pub fn has_told(&self, entry: &str) -> bool {
        self.told.contains(entry)
    }

    /// `run/proposal`: what is offered to the user. Shows and returns what was not offered before.
    pub fn offer(&mut self, pending: &[Proposal]) -> io::Result<Vec<Proposal>> {
        let mut new = pending.to_vec();
        new.retain(|proposal| self.offered.insert(proposal.path.clone()));
        if new.is_empty() {
            return Ok(new);
        }
        let count = counted(new.len(), "proposal");
        let offer = format!("{count}; the demo accepts in the user's place");
        self.screen.note("offers", &offer)?;
        for proposal in &new {
            self.screen.line("")?;
            self.screen.note("proposal", &proposal.title)?;
            self.screen.diff(&proposal.patch)?;
        }
        self.screen.line("")?;
        Ok(new)
    }

    fn turn(&mut self, turn: u32) -> io::Result<()> {
        if turn <= self.tally.turns {
            return Ok(());
        }
        self.tally.turns = turn;
        self.screen.title(&format!("Turn {turn} · {}", self.phase))
    }

    /// One row of the history. Only the log tells what was done; questions and prompts have rows of
    /// their own beside it.
    fn row(&mut self, row: &Row) -> io::Result<()> {
        if !row.entry.starts_with(LOG) {
            return Ok(());
        }
        if let Some(turn) = row.turn {
            self.turn(turn)?;
        }
        if row.tool == Tool::Update.name() {
            return self
                .screen
                .step(&row.tool, &row.status.to_string(), &row.body);
        }
        let failed = row.status >= FAILURES;
        // An error or an advisory that is about nothing but itself names itself.
        let about = Some(&*row.path).filter(|path| *path != row.entry);
        let about = about.unwrap_or("");
        let written = self
            .written
            .get(&row.path)
            .filter(|_| row.tool == Tool::Set.name());
        match (self.offered.contains(&row.entry), failed) {
            (true, true) => self.screen.wrong("rejected", about, ""),
            (true, false) => self.screen.step("accepted", about, ""),
            (false, true) => self.screen.wrong(&row.tool, about, &row.body),
            (false, false) => {
                let text = written.unwrap_or(&row.body);
                self.screen.step(&row.tool, about, text)
            }
        }
    }
}
