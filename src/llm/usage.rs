//! What a call cost in tokens and money, as the provider reported it. No estimate enters here.
//!
//! What a provider wrote into its cache is counted with `prompt`, like all else that it read, and has no
//! figure of its own. That it is charged at another rate is the provider's to say, in `cost`: nothing
//! here knows prices.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Reported figures; `None` is what a provider did not say.
///
/// Read from a replay script it takes these names or the providers' own (`prompt_tokens`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Usage {
    /// Tokens of the request, those read from the cache and written to it included.
    #[serde(alias = "prompt_tokens")]
    pub prompt: Option<u64>,
    /// Tokens of the request that came from the provider's cache.
    #[serde(alias = "cached_tokens")]
    pub cached: Option<u64>,
    /// Tokens of the answer, reasoning included where the provider counts it so.
    #[serde(alias = "completion_tokens")]
    pub completion: Option<u64>,
    #[serde(alias = "reasoning_tokens")]
    pub reasoning: Option<u64>,
    #[serde(alias = "total_tokens")]
    pub total: Option<u64>,
    /// In US dollars.
    pub cost: Option<f64>,
}

impl Usage {
    /// Reads a `usage` object of a chat completion. The servers that speak this format agree on
    /// the sums and disagree on where the details stand.
    pub(super) fn reported(usage: &Value) -> Self {
        let count = |places: &[&str]| {
            places
                .iter()
                .find_map(|place| usage.pointer(place).and_then(Value::as_u64))
        };
        Self {
            prompt: count(&["/prompt_tokens", "/input_tokens"]),
            cached: count(&[
                "/cached_tokens",
                "/prompt_tokens_details/cached_tokens",
                "/input_tokens_details/cached_tokens",
                "/cache_read_input_tokens",
            ]),
            completion: count(&["/completion_tokens", "/output_tokens"]),
            reasoning: count(&[
                "/reasoning_tokens",
                "/completion_tokens_details/reasoning_tokens",
                "/output_tokens_details/reasoning_tokens",
            ]),
            total: count(&["/total_tokens"]),
            cost: cost(usage),
        }
    }

    /// Reads the `usage` of a response, whose total some servers leave to the reader.
    pub(super) fn of_response(usage: &Value) -> Self {
        let reported = Self::reported(usage);
        let sum = || reported.prompt?.checked_add(reported.completion?);
        Self {
            total: reported.total.or_else(sum),
            ..reported
        }
    }

    /// Reads the `usage` of a message, whose parts of the prompt are counted apart.
    pub(super) fn of_message(usage: &Map<String, Value>) -> Self {
        let count = |key| usage.get(key).and_then(Value::as_u64);
        let cached = count("cache_read_input_tokens");
        let written = count("cache_creation_input_tokens");
        let beside = cached.unwrap_or(0).saturating_add(written.unwrap_or(0));
        Self {
            prompt: count("input_tokens").map(|tokens| tokens.saturating_add(beside)),
            cached,
            completion: count("output_tokens"),
            ..Self::default()
        }
    }
}

/// xAI counts money in these.
const TICKS_A_DOLLAR: f64 = 1e10;

/// What the call cost, in dollars. Who brings a key of an upstream provider pays there too.
fn cost(usage: &Value) -> Option<f64> {
    let figure = |place| usage.pointer(place).and_then(Value::as_f64);
    let upstream = match usage.get("is_byok") {
        Some(Value::Bool(true)) => figure("/cost_details/upstream_inference_cost").unwrap_or(0.0),
        _ => 0.0,
    };
    let ticks = || Some(figure("/cost_in_usd_ticks")? / TICKS_A_DOLLAR);
    figure("/cost").map(|cost| cost + upstream).or_else(ticks)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Usage;

    #[test]
    fn details_are_found_wherever_a_server_puts_them() {
        let cached = [
            json!({"cached_tokens": 7}),
            json!({"prompt_tokens_details": {"cached_tokens": 7}}),
            json!({"input_tokens_details": {"cached_tokens": 7}}),
            json!({"cache_read_input_tokens": 7}),
            json!({"cached_tokens": null, "prompt_tokens_details": {"cached_tokens": 7}}),
        ]
        .map(|usage| Usage::reported(&usage).cached);
        assert_eq!(cached, [Some(7); 5]);

        let reasoning = [
            json!({"reasoning_tokens": 9}),
            json!({"completion_tokens_details": {"reasoning_tokens": 9}}),
            json!({"output_tokens_details": {"reasoning_tokens": 9}}),
        ]
        .map(|usage| Usage::reported(&usage).reasoning);
        assert_eq!(reasoning, [Some(9); 3]);
    }

    #[test]
    fn a_message_counts_what_came_from_the_cache_and_what_went_there_apart() {
        let usage = json!({"input_tokens": 3, "cache_read_input_tokens": 100,
            "cache_creation_input_tokens": 20, "output_tokens": 5});
        let expected = Usage {
            prompt: Some(123),
            cached: Some(100),
            completion: Some(5),
            ..Usage::default()
        };
        assert_eq!(Usage::of_message(usage.as_object().unwrap()), expected);
        let nothing = Usage::of_message(&serde_json::Map::new());
        assert_eq!(nothing, Usage::default());
    }

    #[test]
    fn a_cost_is_in_dollars_or_in_ticks_and_counts_what_is_paid_upstream() {
        let cost = |usage| Usage::reported(&usage).cost;
        assert_eq!(cost(json!({"cost": 0.25})), Some(0.25));
        assert_eq!(
            cost(json!({"cost_in_usd_ticks": 25_000_000_000_u64})),
            Some(2.5)
        );
        let byok = json!({"cost": 0.5, "is_byok": true,
            "cost_details": {"upstream_inference_cost": 1.0}});
        assert_eq!(cost(byok), Some(1.5));
        assert_eq!(
            cost(json!({"cost_details": {"upstream_inference_cost": 1.0}})),
            None
        );
    }

    #[test]
    fn the_total_of_a_response_is_the_reported_one_else_the_sum_of_two_reported_figures() {
        let total = |usage| Usage::of_response(&usage).total;
        assert_eq!(
            total(json!({"input_tokens": 3, "output_tokens": 4})),
            Some(7)
        );
        assert_eq!(
            total(json!({"input_tokens": 3, "output_tokens": 4, "total_tokens": 9})),
            Some(9)
        );
        assert_eq!(total(json!({"input_tokens": 3})), None);
    }

    #[test]
    fn a_reported_zero_stays_and_a_missing_figure_is_none() {
        let usage = json!({"prompt_tokens": 12, "prompt_tokens_details": {"cached_tokens": 0}});
        assert_eq!(
            Usage::reported(&usage),
            Usage {
                prompt: Some(12),
                cached: Some(0),
                ..Usage::default()
            }
        );
    }
}
