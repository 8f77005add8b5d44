//! Scripted answers: what a model says, how it is cut into frames, and what goes wrong with it.

use std::collections::VecDeque;
use std::time::Duration;

use serde_json::Value;

use super::wire::{Kind, Wire};

/// Characters in one streamed piece of a text.
pub const PIECE: usize = 4;

/// One scripted answer: what is said, and what goes wrong with it.
#[derive(Clone, Debug, Default)]
pub struct Reply {
    pub(super) when: Option<String>,
    pub(super) repeat: bool,
    pub(super) status: u16,
    pub(super) code: Option<&'static str>,
    pub(super) retry_after: Option<String>,
    pub(super) text: String,
    reasoning: String,
    finish: Option<&'static str>,
    usage: Option<Value>,
    pub(super) gate_after: Option<usize>,
    cut_after: Option<usize>,
    pub(super) raw: Option<(&'static str, Vec<Vec<u8>>)>,
    piece: usize,
    pub(super) pause: Option<Duration>,
}

impl Reply {
    /// Streams `text` in pieces of [`PIECE`] characters, with usage at the end. Where a piece
    /// has a character of several bytes, the network sees it cut inside that character.
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            status: 200,
            text: text.into(),
            finish: Some("stop"),
            piece: PIECE,
            ..Self::default()
        }
    }

    /// Sends these bytes, cut as given, under this media type.
    pub fn raw<B: Into<Vec<u8>>>(
        media_type: &'static str,
        pieces: impl IntoIterator<Item = B>,
    ) -> Self {
        Self {
            raw: Some((media_type, pieces.into_iter().map(Into::into).collect())),
            ..Self::text("")
        }
    }

    /// Sends `body` as plain JSON.
    pub fn json(body: &Value) -> Self {
        Self::raw("application/json", [body.to_string()])
    }

    /// Answers only a request whose user message contains `part`; it goes before the replies
    /// that answer in order.
    pub fn when(mut self, part: impl Into<String>) -> Self {
        self.when = Some(part.into());
        self
    }

    /// Answers as often as it is its turn, not once.
    pub fn repeat(mut self) -> Self {
        self.repeat = true;
        self
    }

    /// Answers with this status, and with the text as the error's message.
    pub fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// The `code` of the error that goes with [`Reply::status`].
    pub fn code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    /// The `Retry-After` header: seconds or a date.
    pub fn retry_after(mut self, value: impl Into<String>) -> Self {
        self.retry_after = Some(value.into());
        self
    }

    /// Streams this reasoning before the text.
    pub fn reasoning(mut self, reasoning: impl Into<String>) -> Self {
        self.reasoning = reasoning.into();
        self
    }

    /// The `finish_reason`; with `None` the stream ends without one, and without `[DONE]`.
    pub fn finish(mut self, reason: Option<&'static str>) -> Self {
        self.finish = reason;
        self
    }

    /// The usage as the wire format has it; `null` sends none. Messages have two, `start` and `end`.
    pub fn usage(mut self, usage: Value) -> Self {
        self.usage = Some(usage);
        self
    }

    /// Sends nothing, not even a status, until [`ModelServer::release`].
    pub fn gate(self) -> Self {
        self.gate_after(0)
    }

    /// Sends `pieces` pieces and holds the rest until [`ModelServer::release`].
    pub fn gate_after(mut self, pieces: usize) -> Self {
        self.gate_after = Some(pieces);
        self
    }

    /// Breaks the connection after `pieces` pieces.
    pub fn cut_after(mut self, pieces: usize) -> Self {
        self.cut_after = Some(pieces);
        self
    }

    /// Streams in pieces of so many characters.
    pub fn in_pieces_of(mut self, characters: usize) -> Self {
        self.piece = characters;
        self
    }

    /// Takes its time: so long before each piece.
    pub fn slow(mut self, pause: Duration) -> Self {
        self.pause = Some(pause);
        self
    }

    /// What goes over the wire, in order.
    pub(super) fn frames(&self, wire: Wire) -> VecDeque<Frame> {
        if let Some((_, pieces)) = &self.raw {
            return pieces.iter().cloned().map(Frame::Bytes).collect();
        }
        let usage = self.usage.clone().unwrap_or_else(|| wire.usual_usage());
        let cut = |text| cut(text, self.piece);
        let reasoning = cut(&self.reasoning).map(|piece| (Kind::Reasoning, piece));
        let pieces = reasoning.chain(cut(&self.text).map(|piece| (Kind::Text, piece)));
        let mut frames = VecDeque::from([Frame::Bytes(wire.opening(&usage))]);
        let mut last = None;
        for (sent, piece) in pieces.map(Some).chain([None]).enumerate() {
            if self.cut_after == Some(sent) {
                frames.push_back(Frame::Cut);
                return frames;
            }
            if sent > 0 && self.gate_after == Some(sent) {
                frames.push_back(Frame::Gate);
            }
            let Some((kind, text)) = piece else { break };
            let bytes = wire.piece(kind, &text, last.replace(kind) != Some(kind));
            frames.extend(cut_character(bytes).into_iter().map(Frame::Bytes));
        }
        if let Some(finish) = self.finish {
            frames.push_back(Frame::Bytes(wire.ending(finish, &usage)));
        }
        frames
    }
}

pub(super) enum Frame {
    Bytes(Vec<u8>),
    /// Waits for the test.
    Gate,
    /// Breaks the connection.
    Cut,
}

fn cut(text: &str, piece: usize) -> impl Iterator<Item = String> + use<> {
    let characters: Vec<char> = text.chars().collect();
    let pieces: Vec<String> = characters.chunks(piece).map(String::from_iter).collect();
    pieces.into_iter()
}

/// Cuts inside the first character that has several bytes, if there is one.
fn cut_character(mut bytes: Vec<u8>) -> Vec<Vec<u8>> {
    let first = bytes.iter().position(|byte| !byte.is_ascii());
    let after = first.map(|first| bytes.split_off(first + 1));
    [Some(bytes), after].into_iter().flatten().collect()
}
