//! Which model is meant, where it is served and with which key: what the configuration knows of
//! it. What a model can do beyond that is the provider's to say.

use super::Key;

/// A model as a user configured it.
#[derive(Clone, Debug)]
pub struct ModelSpec {
    /// The name that people and runs use.
    pub alias: String,
    /// Provider and model: `openai/gpt-x`, `replay//abs/file.jsonl`. What stands before the
    /// first `/` picks the provider, the rest is the provider's.
    pub actual: String,
    /// The context window in tokens, where it is configured.
    pub context_length: Option<u64>,
    /// The server, where it is not the provider's usual one.
    pub base_url: Option<String>,
    pub api_key: Key,
    /// Used where a request names none.
    pub temperature: Option<f64>,
}

impl ModelSpec {
    /// This, with what only `below`, an earlier word on the same model, says.
    #[must_use]
    pub(crate) fn on_top_of(self, below: &Self) -> Self {
        Self {
            context_length: self.context_length.or(below.context_length),
            base_url: self.base_url.or_else(|| below.base_url.clone()),
            api_key: match self.api_key {
                Key::Default => below.api_key.clone(),
                named => named,
            },
            temperature: self.temperature.or(below.temperature),
            ..self
        }
    }

    /// The first segment of `actual`; all of it where there is no `/`.
    pub(super) fn prefix(&self) -> &str {
        self.actual
            .split_once('/')
            .map_or(self.actual.as_str(), |(prefix, _)| prefix)
    }

    /// What follows the provider's prefix: the model's name on the server, or the script's path.
    pub(super) fn name(&self) -> &str {
        self.actual.split_once('/').map_or("", |(_, name)| name)
    }
}
