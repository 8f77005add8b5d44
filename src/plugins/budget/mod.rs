//! What the packet takes of the model's context, shown to the model so that it can manage it. The
//! figures are measured on the packet's final text, this block included.

use std::collections::BTreeMap;

use crate::entries::Visibility;
use crate::llm::tokens;
use crate::plugins::frame::{Attributes, element};
use crate::plugins::{Assembly, Plugin, Section};

/// The plugin; see the module.
pub struct Budget;

const NAME: &str = "budget";

/// The place of the block in the user message.
pub const PLACE: u16 = 275;

/// Tokens of a packet and of the context that it must fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figures {
    /// What the packet may take.
    pub ceiling: u64,
    /// What it takes.
    pub usage: u64,
    /// What of that is the system message without its entries.
    pub system: u64,
}

impl Figures {
    /// What the packet leaves free.
    pub const fn free(&self) -> u64 {
        self.ceiling.saturating_sub(self.usage)
    }

    /// What the packet takes too much.
    pub const fn over(&self) -> u64 {
        self.usage.saturating_sub(self.ceiling)
    }
}

impl Plugin for Budget {
    fn name(&self) -> &'static str {
        NAME
    }

    fn about(&self) -> Option<&'static str> {
        Some(include_str!("doc.md"))
    }

    fn sections(&self, assembly: &Assembly<'_>) -> Vec<Section> {
        let Some(figures) = assembly.budget else {
            return Vec::new();
        };
        let attributes = Attributes::new()
            .with("tokenUsage", figures.usage)
            .with("tokensFree", figures.free());
        let body = table(assembly, &figures);
        vec![Section::user(PLACE, element(NAME, &attributes, &body))]
    }
}

#[derive(Default)]
struct Sum {
    entries: u64,
    tokens: u64,
}

impl Sum {
    fn add(&mut self, tokens: u64) {
        self.entries += 1;
        self.tokens += tokens;
    }
}

fn table(assembly: &Assembly<'_>, figures: &Figures) -> String {
    let mut visible: BTreeMap<&str, Sum> = BTreeMap::new();
    let mut summarized = Sum::default();
    let mut shown = 0;
    for row in assembly.rows {
        let tokens = tokens::estimate(row.chars, assembly.divisor);
        if row.visibility == Visibility::Visible {
            shown += 1;
            visible
                .entry(row.scheme().as_str())
                .or_default()
                .add(tokens);
        } else {
            summarized.add(tokens);
        }
    }
    let percent = |tokens: u64| tokens * 100 / figures.ceiling.max(1);
    let mut by_size: Vec<_> = visible.into_iter().collect();
    by_size.sort_by_key(|(_, sum)| std::cmp::Reverse(sum.tokens));
    let mut lines = vec![
        "| scheme | visible | tokens | % |".to_owned(),
        "|---|---|---|---|".to_owned(),
    ];
    lines.extend(by_size.into_iter().map(|(scheme, sum)| {
        let Sum { entries, tokens } = sum;
        format!("| {scheme} | {entries} | {tokens} | {} |", percent(tokens))
    }));
    lines.push(format!(
        "Summarized: {} entries, {} tokens. System: {} tokens.",
        summarized.entries, summarized.tokens, figures.system
    ));
    lines.push(format!(
        "Total: {shown} visible + {} summarized entries; tokenUsage {} / ceiling {}, {} tokens free.",
        summarized.entries,
        figures.usage,
        figures.ceiling,
        figures.free()
    ));
    lines.join("\n")
}
