//! The packet: the two messages of a model call, assembled from the entries.
//!
//! Sections follow each other by their place; what changes most stands last, so that the beginning
//! of the packet is the same bytes as in the turn before. Tokens are counted on the final text.

use std::sync::Arc;

use crate::llm::tokens;
use crate::plugins::budget::{self, Figures, Sheet};
use crate::plugins::telemetry::{Bucket, distribution};
use crate::plugins::{Assembly, Message, Plugin, Section, known};

/// What goes to the model.
#[derive(Debug, Clone)]
pub struct Packet {
    pub system: Arc<String>,
    pub user: Arc<String>,
    /// How many bytes of `system` stand before its entries.
    pub head: usize,
    /// Both messages, in characters.
    pub chars: usize,
    /// What they take in tokens, by the estimate, and may take.
    pub figures: Figures,
    /// What its parts take.
    pub distribution: Vec<Bucket>,
}

/// Renders the packet. The budget block holds the figures of the packet that it is part of, so it is
/// rendered until its own length changes nothing any more, four times at most.
pub fn render(assembly: Assembly<'_>, ceiling: u64) -> Packet {
    let divisor = assembly.divisor;
    let sheet = Sheet::of(assembly.rows, divisor);
    let mut assembly = assembly;
    let mut sections = Sections::of(&assembly);
    let mut figures = Figures {
        ceiling,
        usage: tokens::estimate(sections.chars(), divisor),
        system: tokens::estimate(sections.head_chars(), divisor),
    };
    for _ in 0..4 {
        assembly.budget = Some((figures, &sheet));
        sections.put_budget(&assembly);
        let usage = tokens::estimate(sections.chars(), divisor);
        if usage == figures.usage {
            break;
        }
        figures.usage = usage;
    }
    Packet {
        system: sections.join(Message::System),
        user: sections.join(Message::User),
        head: sections.head_bytes(),
        chars: sections.chars(),
        figures,
        distribution: sections.distribution(divisor),
    }
}

/// The parts of a packet. The budget block is apart: it is drawn anew when all else is measured.
struct Sections {
    drawn: Vec<Section>,
    budget: Vec<Section>,
}

/// Between two parts of a message.
const JOINT: &str = "\n\n";

impl Sections {
    fn of(assembly: &Assembly<'_>) -> Self {
        let all = assembly.plugins.iter();
        Self {
            drawn: all.flat_map(|plugin| plugin.sections(assembly)).collect(),
            budget: Vec::new(),
        }
    }

    fn put_budget(&mut self, assembly: &Assembly<'_>) {
        self.budget = budget::Budget.sections(assembly);
    }

    /// What both messages take as they will be joined.
    fn chars(&self) -> usize {
        let chars = [Message::System, Message::User].map(|message| {
            let sections = self.of_message(message);
            let lengths = sections.map(|section| section.chars + JOINT.len());
            lengths.sum::<usize>().saturating_sub(JOINT.len())
        });
        chars.iter().sum()
    }

    /// What the system message takes without its entries.
    fn head_chars(&self) -> usize {
        self.of_message(Message::System)
            .filter(|section| section.place < known::PLACE)
            .map(|section| section.chars)
            .sum()
    }

    /// As [`Self::head_chars`], in bytes and with what joins the parts.
    fn head_bytes(&self) -> usize {
        self.of_message(Message::System)
            .filter(|section| section.place < known::PLACE)
            .map(|section| section.text.len() + JOINT.len())
            .sum()
    }

    fn distribution(&self, divisor: f64) -> Vec<Bucket> {
        let all: Vec<&Section> = self.drawn.iter().chain(&self.budget).collect();
        distribution(&all, divisor)
    }

    fn of_message(&self, message: Message) -> impl Iterator<Item = &Section> {
        self.drawn
            .iter()
            .chain(&self.budget)
            .filter(move |section| section.message == message)
    }

    fn join(&self, message: Message) -> Arc<String> {
        let mut parts: Vec<&Section> = self.of_message(message).collect();
        parts.sort_by_key(|section| section.place);
        let texts: Vec<&str> = parts.iter().map(|section| section.text.as_str()).collect();
        Arc::new(texts.join(JOINT))
    }
}
