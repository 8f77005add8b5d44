//! The figures of a turn, for people: they go out with the run's state once a turn. Every figure is
//! measured or reported; none is invented.

use serde::Serialize;

use crate::entries::Category;
use crate::llm::tokens;
use crate::plugins::Section;

/// The `telemetry` of a `run/state`. Token sums and the cost are the run's so far; null is what
/// nobody reported.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Telemetry {
    pub model_alias: String,
    /// As the provider names it, else as it is configured.
    pub model: String,
    pub temperature: Option<f64>,
    pub context_size: u64,
    /// Of this turn's packet.
    pub context_tokens: u64,
    pub ceiling: u64,
    pub token_usage: u64,
    pub tokens_free: u64,
    pub prompt_tokens: Option<u64>,
    pub cached_tokens: Option<u64>,
    pub completion_tokens: Option<u64>,
    pub reasoning_tokens: Option<u64>,
    pub total_tokens: Option<u64>,
    pub cost: Option<f64>,
    pub context_distribution: Vec<Bucket>,
}

/// What a part of the packet takes: the sections that show one category of entries, or all the others
/// together as `system`. The parts add up to the packet, but for what is rounded up in each and the
/// blank lines between sections.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Bucket {
    pub bucket: &'static str,
    pub tokens: u64,
    pub entries: u64,
}

/// The tokens of a packet of these sections, by category.
pub fn distribution(sections: &[&Section], divisor: f64) -> Vec<Bucket> {
    let shown = Category::ALL
        .iter()
        .filter(|category| **category != Category::Audit);
    let buckets = shown.map(|category| (category.as_str(), Some(*category)));
    buckets
        .chain([("system", None)])
        .map(|(bucket, category)| {
            let of_category = sections
                .iter()
                .filter(|section| section.shows.map(|(shows, _)| shows) == category);
            let (mut chars, mut entries) = (0, 0);
            for section in of_category {
                chars += section.chars;
                entries += section.shows.map_or(0, |(_, count)| count as u64);
            }
            Bucket {
                bucket,
                tokens: tokens::estimate(chars, divisor),
                entries,
            }
        })
        .collect()
}
