//! Context lengths: how servers word them in their lists of models, and those of well-known models
//! whose servers say nothing.

use serde_json::Value;

/// Where servers and the entries of their lists of models say how long a context may be, the most exact
/// first: what the server was started with goes before what the model could do.
const PLACES: &[&str] = &[
    "/default_generation_settings/n_ctx",
    "/loaded_context_length",
    "/meta/n_ctx",
    "/max_model_len",
    "/context_length",
    "/context_window",
    "/max_context_length",
    "/max_input_tokens",
    "/max_prompt_length",
    "/meta/n_ctx_train",
];

/// What the list (`{"data": […]}`, `{"models": […]}`) or the single entry says of a model.
pub(super) fn context_length(answer: &Value, name: &str) -> Option<u64> {
    let entries = ["data", "models"]
        .iter()
        .find_map(|key| answer.get(key)?.as_array());
    let entry = match entries {
        None => answer,
        Some(entries) => entries
            .iter()
            .find(|entry| is_called(entry, name))
            .or_else(|| {
                // A variant (`:online`) of a model that is listed without it.
                let (plain, _variant) = name.rsplit_once(':')?;
                entries.iter().find(|entry| is_called(entry, plain))
            })?,
    };
    PLACES
        .iter()
        .find_map(|place| entry.pointer(place)?.as_u64())
        .filter(|length| *length > 0)
}

fn is_called(entry: &Value, name: &str) -> bool {
    let word = |key| entry.get(key).and_then(Value::as_str);
    let aliases = entry.get("aliases").and_then(Value::as_array);
    let mut aliases = aliases.into_iter().flatten().filter_map(Value::as_str);
    let id = word("id").or_else(|| word("name"));
    id == Some(name)
        || id.is_some_and(|id| name.strip_suffix("-latest") == Some(id))
        || aliases.any(|alias| alias == name)
}

/// By what the full name of a model begins with. Longer beginnings stand first.
const KNOWN: &[(&str, u64)] = &[
    ("openai/gpt-5-chat", 128_000),
    ("openai/gpt-5", 400_000),
    ("openai/gpt-4.1", 1_047_576),
    ("openai/gpt-4o", 128_000),
    ("openai/gpt-4-turbo", 128_000),
    ("openai/gpt-4", 8_192),
    ("openai/gpt-3.5", 16_385),
    ("openai/o1", 200_000),
    ("openai/o3", 200_000),
    ("openai/o4", 200_000),
    ("anthropic/claude", 200_000),
    ("xai/grok-4-fast", 2_000_000),
    ("xai/grok-4", 256_000),
    ("xai/grok-code-fast", 256_000),
    ("xai/grok-3", 131_072),
];

/// The context of a model whose server did not say.
pub(super) fn known(actual: &str) -> Option<u64> {
    let (_, length) = KNOWN
        .iter()
        .find(|(begins, _)| actual.starts_with(begins))?;
    Some(*length)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_length_is_found_by_the_models_name_wherever_a_server_puts_it() {
        let listed = |entry: Value| {
            let other = json!({"id": "other", "context_length": 1});
            context_length(&json!({"data": [other, entry]}), "m:online")
        };
        for entry in [
            json!({"id": "m", "context_length": 7}),
            json!({"id": "m:online", "max_model_len": 7, "context_length": 9}),
            json!({"id": "m", "meta": {"n_ctx": 7, "n_ctx_train": 9}}),
            json!({"name": "m", "loaded_context_length": 7, "max_context_length": 9}),
            json!({"id": "x", "aliases": ["m"], "max_prompt_length": 7}),
        ] {
            assert_eq!(listed(entry.clone()), Some(7), "{entry}");
        }
        assert_eq!(listed(json!({"id": "n", "context_length": 7})), None);
        assert_eq!(listed(json!({"id": "m", "context_length": 0})), None);
        let single = json!({"id": "whatever", "max_input_tokens": 7});
        assert_eq!(context_length(&single, "m"), Some(7));
        let models = json!({"models": [{"id": "grok", "context_length": 7}]});
        assert_eq!(context_length(&models, "grok-latest"), Some(7));
    }

    #[test]
    fn of_two_beginnings_the_longer_one_counts() {
        for (at, (begins, _)) in KNOWN.iter().enumerate() {
            let hidden = KNOWN[..at]
                .iter()
                .find(|(other, _)| begins.starts_with(other));
            assert_eq!(hidden, None, "{begins}");
        }
        assert_eq!(known("openai/gpt-5-mini"), Some(400_000));
        assert_eq!(known("openai/llama"), None);
    }
}
