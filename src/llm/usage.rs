//! What a call cost in tokens and money, as the provider reported it. No estimate enters here.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Reported figures; `None` is what a provider did not say.
///
/// Read from a replay script it takes these names or the providers' own (`prompt_tokens`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Usage {
    /// Tokens of the request, cached ones included.
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
            cost: usage.get("cost").and_then(Value::as_f64),
        }
    }
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
