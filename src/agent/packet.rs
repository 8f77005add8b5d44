//! The packet: the two messages of a model call, assembled from the entries.
//!
//! Sections follow each other by their place; what changes most stands last, so that the beginning
//! of the packet is the same bytes as in the turn before. Tokens are counted on the final text.

use std::sync::Arc;

use crate::llm::tokens;
use crate::plugins::budget::{self, Figures};
use crate::plugins::telemetry::{Bucket, distribution};
use crate::plugins::{Assembly, Message, Plugin, Section, known};

/// What goes to the model.
#[derive(Debug, Clone)]
pub struct Packet {
    pub system: Arc<str>,
    pub user: Arc<str>,
    /// How many bytes of `system` stand before its entries.
    pub head: usize,
    /// Both messages, in characters, and in tokens by the estimate.
    pub chars: usize,
    pub tokens: u64,
    pub figures: Option<Figures>,
    /// What its parts take.
    pub distribution: Vec<Bucket>,
}

impl Packet {
    /// Tokens that are free below the ceiling; none where there is no ceiling.
    pub fn free(&self) -> Option<u64> {
        self.figures.map(|figures| figures.free())
    }
}

/// Renders the packet. The budget block holds the figures of the packet that it is part of, so it is
/// rendered until its own length changes nothing any more, four times at most.
pub fn render(mut assembly: Assembly<'_>, ceiling: Option<u64>) -> Packet {
    let divisor = assembly.divisor;
    let mut sections = Sections::of(&assembly);
    let mut usage = tokens::estimate(sections.chars(), divisor);
    let system = tokens::estimate(sections.head_chars(), divisor);
    let mut figures = None;
    if let Some(ceiling) = ceiling {
        for _ in 0..4 {
            let now = Figures {
                ceiling,
                usage,
                system,
            };
            if figures == Some(now) {
                break;
            }
            figures = Some(now);
            assembly.budget = figures;
            sections.put_budget(&assembly);
            usage = tokens::estimate(sections.chars(), divisor);
        }
    }
    Packet {
        system: sections.join(Message::System),
        user: sections.join(Message::User),
        head: sections.head_bytes(),
        chars: sections.chars(),
        tokens: usage,
        figures: figures.map(|figures| Figures { usage, ..figures }),
        distribution: distribution(&sections.0, divisor),
    }
}

/// The parts of a packet in their order, each with its length in characters.
struct Sections(Vec<(Section, usize)>);

/// Between two parts of a message.
const JOINT: &str = "\n\n";

impl Sections {
    fn of(assembly: &Assembly<'_>) -> Self {
        let all = assembly.plugins.iter();
        let all = all.flat_map(|plugin| plugin.sections(assembly));
        let mut sections = Self(all.map(measured).collect());
        sections.0.sort_by_key(|(section, _)| section.place);
        sections
    }

    /// Draws the budget block anew and leaves all else.
    fn put_budget(&mut self, assembly: &Assembly<'_>) {
        let is_budget =
            |section: &Section| section.message == Message::User && section.place == budget::PLACE;
        self.0.retain(|(section, _)| !is_budget(section));
        let drawn = budget::Budget.sections(assembly).into_iter().map(measured);
        self.0.extend(drawn);
        self.0.sort_by_key(|(section, _)| section.place);
    }

    /// What both messages take as they will be joined.
    fn chars(&self) -> usize {
        let chars = [Message::System, Message::User].map(|message| {
            let lengths = self
                .of_message(message)
                .map(|(_, chars)| chars + JOINT.len());
            lengths.sum::<usize>().saturating_sub(JOINT.len())
        });
        chars.iter().sum()
    }

    /// What the system message takes without its entries.
    fn head_chars(&self) -> usize {
        self.of_message(Message::System)
            .take_while(|(section, _)| section.place < known::PLACE)
            .map(|(_, chars)| chars)
            .sum()
    }

    /// As [`Self::head_chars`], in bytes and with what joins the parts.
    fn head_bytes(&self) -> usize {
        self.of_message(Message::System)
            .take_while(|(section, _)| section.place < known::PLACE)
            .map(|(section, _)| section.text.len() + JOINT.len())
            .sum()
    }

    fn of_message(&self, message: Message) -> impl Iterator<Item = &(Section, usize)> {
        self.0
            .iter()
            .filter(move |(section, _)| section.message == message)
    }

    fn join(&self, message: Message) -> Arc<str> {
        let parts: Vec<&str> = self
            .of_message(message)
            .map(|(section, _)| section.text.as_str())
            .collect();
        parts.join(JOINT).into()
    }
}

fn measured(section: Section) -> (Section, usize) {
    let chars = section.text.chars().count();
    (section, chars)
}
