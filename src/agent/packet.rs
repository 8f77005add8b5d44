//! The packet: the two messages of a model call, assembled from the entries.
//!
//! Sections follow each other by their place; what changes most stands last, so that the beginning
//! of the packet is the same bytes as in the turn before. Tokens are counted on the final text.

use crate::entries::Entry;
use crate::llm::tokens;
use crate::plugins::budget::Figures;
use crate::plugins::{ALL, Assembly, Message, Row, file, project};

/// What goes to the model.
#[derive(Debug, Clone)]
pub struct Packet {
    pub system: String,
    pub user: String,
    /// Tokens of both messages, by the estimate.
    pub tokens: u64,
    /// Tokens of the instructions alone.
    pub head_tokens: u64,
    pub figures: Option<Figures>,
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
    let mut packet = draw(&assembly);
    let Some(ceiling) = ceiling else {
        return packet;
    };
    for _ in 0..4 {
        let figures = Figures {
            ceiling,
            usage: packet.tokens,
            system: packet.head_tokens,
        };
        if assembly.budget == Some(figures) {
            break;
        }
        assembly.budget = Some(figures);
        packet = draw(&assembly);
        packet.figures = Some(Figures {
            usage: packet.tokens,
            ..figures
        });
    }
    packet
}

/// The entries as rows: what of each is shown, and what it takes whole.
pub fn rows(entries: Vec<Entry>, divisor: f64) -> Vec<Row> {
    entries
        .into_iter()
        .map(|entry| {
            let chars = file::chars(&entry.path, entry.body.chars().count(), &entry.attributes);
            Row {
                text: project(&entry),
                tokens: tokens::estimate(chars, divisor),
                entry,
            }
        })
        .collect()
}

fn draw(assembly: &Assembly<'_>) -> Packet {
    let mut sections: Vec<_> = ALL
        .iter()
        .flat_map(|plugin| plugin.sections(assembly))
        .collect();
    sections.sort_by_key(|section| section.place);
    let join = |message: Message| {
        let parts: Vec<&str> = sections
            .iter()
            .filter(|section| section.message == message)
            .map(|section| section.text.as_str())
            .collect();
        parts.join("\n\n")
    };
    let (system, user) = (join(Message::System), join(Message::User));
    let head = sections
        .iter()
        .find(|section| section.message == Message::System)
        .map_or(0, |section| section.text.chars().count());
    let chars = system.chars().count() + user.chars().count();
    Packet {
        tokens: tokens::estimate(chars, assembly.divisor),
        head_tokens: tokens::estimate(head, assembly.divisor),
        system,
        user,
        figures: None,
    }
}
