//! The figures of a turn, for people: they go out with the run's state once a turn. Every figure is
//! measured or reported; none is invented.

use serde::Serialize;

use crate::entries::Category;
use crate::llm::tokens;
use crate::plugins::Row;

/// The `telemetry` of a `run/state`. Token sums and the cost are the run's so far; null is what
/// nobody reported.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Telemetry {
    pub model_alias: String,
    /// As the provider names it, else as it is configured.
    pub model: String,
    pub temperature: Option<f64>,
    pub context_size: Option<u64>,
    /// Of this turn's packet.
    pub context_tokens: u64,
    pub ceiling: Option<u64>,
    pub token_usage: u64,
    pub tokens_free: Option<u64>,
    pub prompt_tokens: Option<u64>,
    pub cached_tokens: Option<u64>,
    pub completion_tokens: Option<u64>,
    pub reasoning_tokens: Option<u64>,
    pub total_tokens: Option<u64>,
    pub cost: Option<f64>,
    pub context_distribution: Vec<Bucket>,
}

/// What the entries of one category take in the packet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Bucket {
    pub bucket: &'static str,
    pub tokens: u64,
    pub entries: u64,
}

/// The packet's tokens by category, and those of the instructions.
pub fn distribution(rows: &[Row], system: u64, divisor: f64) -> Vec<Bucket> {
    let shown = Category::ALL
        .iter()
        .filter(|category| **category != Category::Audit);
    let mut buckets: Vec<Bucket> = shown
        .map(|category| {
            let of_category = || {
                rows.iter()
                    .filter(|row| row.scheme().category() == *category)
            };
            let chars: usize = of_category().map(|row| row.shown).sum();
            Bucket {
                bucket: category.as_str(),
                tokens: tokens::estimate(chars, divisor),
                entries: of_category().count() as u64,
            }
        })
        .collect();
    buckets.push(Bucket {
        bucket: "system",
        tokens: system,
        entries: 0,
    });
    buckets
}
