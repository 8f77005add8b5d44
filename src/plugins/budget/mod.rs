//! What the packet takes of the model's context, shown to the model so that it can manage it. The
//! figures are measured on the packet's final text, this block included.

use std::collections::BTreeMap;

use crate::entries::{Scheme, Visibility};
use crate::llm::tokens;
use crate::plugins::frame::{Attributes, element};
use crate::plugins::{Assembly, Message, Plugin, Row, Section};

/// The plugin; see the module.
pub struct Budget;

const NAME: &str = "budget";

/// The place of the block in the user message.
const PLACE: u16 = 275;

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
        let Some((figures, sheet)) = assembly.budget else {
            return Vec::new();
        };
        let attributes = Attributes::new()
            .with("tokenUsage", figures.usage)
            .with("tokensFree", figures.free());
        let body = sheet.table(&figures);
        let text = element(NAME, &attributes, &body);
        vec![Section::new(Message::User, PLACE, text)]
    }
}

#[derive(Debug, Default)]
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

/// What a packet's rows take, by scheme. Counted once, however often the block is drawn.
#[derive(Debug, Default)]
pub struct Sheet {
    visible: BTreeMap<Scheme, Sum>,
    summarized: Sum,
}

impl Sheet {
    /// Counts the rows at so many characters a token.
    pub fn of(rows: &[Row], divisor: f64) -> Self {
        let mut sheet = Self::default();
        for row in rows {
            let tokens = tokens::estimate(row.chars, divisor);
            if row.visibility == Visibility::Visible {
                sheet.visible.entry(row.scheme()).or_default().add(tokens);
            } else {
                sheet.summarized.add(tokens);
            }
        }
        sheet
    }

    fn table(&self, figures: &Figures) -> String {
        let percent = |tokens: u64| tokens * 100 / figures.ceiling.max(1);
        let mut by_size: Vec<_> = self.visible.iter().collect();
        by_size.sort_by_key(|(_, sum)| std::cmp::Reverse(sum.tokens));
        let mut lines = vec![
            "| scheme | visible | tokens | % |".to_owned(),
            "|---|---|---|---|".to_owned(),
        ];
        lines.extend(by_size.iter().map(|(scheme, sum)| {
            let Sum { entries, tokens } = sum;
            format!("| {scheme} | {entries} | {tokens} | {} |", percent(*tokens))
        }));
        let Sum { entries, tokens } = &self.summarized;
        lines.push(format!(
            "Summarized: {entries} entries, {tokens} tokens. System: {} tokens.",
            figures.system
        ));
        let shown: u64 = self.visible.values().map(|sum| sum.entries).sum();
        lines.push(format!(
            "Total: {shown} visible + {entries} summarized entries; tokenUsage {} / ceiling {}, {} tokens free.",
            figures.usage,
            figures.ceiling,
            figures.free()
        ));
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::plugins::Plugins;
    use crate::plugins::tests::entry;

    #[test]
    fn the_block_has_schemes_by_size_and_sums_that_say_what_is_free() {
        let plugins = Plugins::core();
        let mut rows: Vec<Row> = [
            ("known://a", 30),
            ("b.rs", 300),
            ("c.rs", 10),
            ("known://d", 5),
        ]
        .map(|(path, length)| Row::of(&plugins, entry(path, &"x".repeat(length)), 2.0))
        .into();
        rows[3].visibility = Visibility::Summarized;
        let figures = Figures {
            ceiling: 1_000,
            usage: 400,
            system: 123,
        };
        expect![[r"
            | scheme | visible | tokens | % |
            |---|---|---|---|
            | file | 2 | 214 | 21 |
            | known | 1 | 48 | 4 |
            Summarized: 1 entries, 35 tokens. System: 123 tokens.
            Total: 3 visible + 1 summarized entries; tokenUsage 400 / ceiling 1000, 600 tokens free."]]
        .assert_eq(&Sheet::of(&rows, 2.0).table(&figures));
    }

    #[test]
    fn a_packet_of_exactly_the_ceiling_fits_and_one_token_more_does_not() {
        let over = |usage| {
            let figures = Figures {
                ceiling: 9_000,
                usage,
                system: 0,
            };
            (figures.over(), figures.free())
        };
        assert_eq!(
            [over(8_999), over(9_000), over(9_001)],
            [(0, 1), (0, 0), (1, 0)]
        );
    }
}
