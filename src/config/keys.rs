//! The keys of the configuration: each once, with its type, an example and its meaning.

use std::fmt::{Display, Write as _};
use std::ops::RangeInclusive;
use std::path::PathBuf;

use directories::BaseDirs;
use secrecy::SecretString;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Config;
use super::layers::{Complaint, Source};
use crate::llm::{Key, ModelSpec};

/// One configurable key.
pub(super) struct KeySpec {
    /// `limits.maxTurns`: a dot leads into a table.
    pub(super) name: &'static str,
    /// An example or the default, as TOML.
    example: &'static str,
    meaning: &'static str,
    apply: fn(&mut Config, Value) -> Result<(), String>,
}

macro_rules! key {
    ($name:literal, $example:literal, $meaning:literal, $($field:ident).+) => {
        KeySpec {
            name: $name,
            example: $example,
            meaning: $meaning,
            apply: |config, value| {
                config.$($field).+ = typed(value)?;
                Ok(())
            },
        }
    };
}

pub(super) const KEYS: &[KeySpec] = &[
    KeySpec {
        name: "home",
        example: "\"~/.config/rummy\"",
        meaning: "the folder with config.toml, skills/ and personas/",
        apply: |config, value| {
            config.home = expanded(typed(value)?);
            Ok(())
        },
    },
    KeySpec {
        name: "database",
        example: "\"~/.local/share/rummy/rummy.db\"",
        meaning: "the SQLite file",
        apply: |config, value| {
            config.database = expanded(typed(value)?);
            Ok(())
        },
    },
    KeySpec {
        name: "model",
        example: "\"opus\"",
        meaning: "the alias that a run uses where it names none",
        apply: |config, value| {
            config.model = Some(typed(value)?);
            Ok(())
        },
    },
    key!(
        "review",
        "\"batch\"",
        "when a loop waits for you: each, batch or end",
        review
    ),
    key!(
        "autoAccept",
        "\"none\"",
        "what is accepted without asking: none, edits or all",
        auto_accept
    ),
    key!(
        "applyTo",
        "\"auto\"",
        "where an accepted edit of a file that is not open lands: auto (the disk) or editor",
        apply_to
    ),
    key!(
        "commands.allow",
        "[\"cargo test*\"]",
        "command lines that run without asking. * and ? are wild, but match no ; & | < > $ ( ` # and no line break",
        commands.allow
    ),
    key!(
        "commands.deny",
        "[\"git push*\"]",
        "command lines that never run, also as a part of another; deny beats allow",
        commands.deny
    ),
    KeySpec {
        name: "commands.timeoutSeconds",
        example: "600",
        meaning: "how long a command may take",
        apply: |config, value| {
            config.commands.timeout_seconds = at_least(1, typed(value)?)?;
            Ok(())
        },
    },
    key!(
        "commands.executor",
        "\"server\"",
        "who runs commands: server or client",
        commands.executor
    ),
    KeySpec {
        name: "limits.maxTurns",
        example: "99",
        meaning: "turns a loop",
        apply: |config, value| {
            config.limits.max_turns = at_least(1, typed(value)?)?;
            Ok(())
        },
    },
    KeySpec {
        name: "limits.maxCommands",
        example: "99",
        meaning: "commands an answer",
        apply: |config, value| {
            config.limits.max_commands = at_least(1, typed(value)?)?;
            Ok(())
        },
    },
    KeySpec {
        name: "limits.maxStrikes",
        example: "3",
        meaning: "failed turns in a row that end a loop",
        apply: |config, value| {
            config.limits.max_strikes = at_least(1, typed(value)?)?;
            Ok(())
        },
    },
    KeySpec {
        name: "limits.minCycles",
        example: "3",
        meaning: "repetitions that count as going in a circle",
        apply: |config, value| {
            config.limits.min_cycles = at_least(2, typed(value)?)?;
            Ok(())
        },
    },
    KeySpec {
        name: "limits.maxCyclePeriod",
        example: "4",
        meaning: "the longest circle looked for, in turns",
        apply: |config, value| {
            config.limits.max_cycle_period = at_least(1, typed(value)?)?;
            Ok(())
        },
    },
    key!(
        "limits.maxEntryTokens",
        "512",
        "the size of a known:// entry",
        limits.max_entry_tokens
    ),
    KeySpec {
        name: "limits.budgetCeiling",
        example: "0.9",
        meaning: "the share of a model's context that a packet may fill",
        apply: |config, value| {
            config.limits.budget_ceiling = within(0.05..=1.0, typed(value)?)?;
            Ok(())
        },
    },
    KeySpec {
        name: "limits.tokenDivisor",
        example: "2",
        meaning: "characters a token, until a provider reported its count",
        apply: |config, value| {
            config.limits.token_divisor = within(0.5..=16.0, typed(value)?)?;
            Ok(())
        },
    },
    key!(
        "limits.retentionDays",
        "31",
        "days that a finished run is kept",
        limits.retention_days
    ),
    key!(
        "limits.mapTokens",
        "1500",
        "tokens that the listing of files may take",
        limits.map_tokens
    ),
    key!(
        "limits.maxTokens",
        "1000000",
        "tokens a run may use in all; unset: no cap",
        limits.max_tokens
    ),
    key!(
        "limits.maxCost",
        "5.0",
        "money a run may cost; unset: no cap",
        limits.max_cost
    ),
    key!(
        "diagnostics",
        "true",
        "whether pending proposals are diagnostics",
        diagnostics
    ),
    key!(
        "codeLens",
        "true",
        "whether pending proposals have code lenses",
        code_lens
    ),
    key!(
        "ui",
        "\"server\"",
        "who asks about questions and commands: server or client",
        ui
    ),
    key!(
        "actionEdits",
        "false",
        "whether code actions carry edits for clients that preview",
        action_edits
    ),
];

/// Only editors send these, and only in `initializationOptions`; the session reads them itself.
const SESSION_KEYS: [&str; 2] = ["token", "clientVersion"];

/// A model as it is written in a configuration.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ModelEntry {
    actual: String,
    context_length: Option<u64>,
    base_url: Option<String>,
    api_key_env: Option<String>,
    api_key_command: Option<String>,
    api_key: Option<SecretString>,
    temperature: Option<f64>,
}

impl Config {
    /// Takes one key of a layer. What cannot be taken becomes a complaint.
    pub(super) fn apply(
        &mut self,
        key: &str,
        value: &Value,
        source: &Source,
        complaints: &mut Vec<Complaint>,
    ) {
        let mut complain = |key: &str, why: String| {
            complaints.push(Complaint {
                key: key.to_owned(),
                source: source.clone(),
                why,
            });
        };
        if key == "models" {
            let Some(models) = value.as_object() else {
                return complain(key, "expected a table of models by alias".to_owned());
            };
            for (alias, entry) in models {
                if let Err(why) = self.apply_model(alias, entry, source) {
                    complain(&format!("models.{alias}"), why);
                }
            }
            return;
        }
        if SESSION_KEYS.contains(&key) && *source == Source::InitializationOptions {
            return;
        }
        if let Some(spec) = KEYS.iter().find(|spec| spec.name == key) {
            if let Err(why) = (spec.apply)(self, value.clone()) {
                complain(key, why);
            }
            return;
        }
        let is_table = KEYS.iter().any(|spec| {
            spec.name
                .split_once('.')
                .is_some_and(|(table, _)| table == key)
        });
        match value.as_object() {
            Some(table) if is_table => {
                for (name, value) in table {
                    self.apply(&format!("{key}.{name}"), value, source, complaints);
                }
            }
            None if is_table => complain(key, "expected a table".to_owned()),
            _ => complain(key, "there is no such key".to_owned()),
        }
    }

    fn apply_model(&mut self, alias: &str, entry: &Value, source: &Source) -> Result<(), String> {
        let entry: ModelEntry = typed(entry.clone()).map_err(|why| {
            // Other errors quote the value, which may be a key.
            let quotes_no_value =
                why.starts_with("unknown field") || why.starts_with("missing field");
            if quotes_no_value {
                why
            } else {
                "a value has the wrong type".to_owned()
            }
        })?;
        let from_editor = matches!(
            source,
            Source::InitializationOptions | Source::DidChangeConfiguration
        );
        let api_key = match (entry.api_key, entry.api_key_command, entry.api_key_env) {
            (Some(_), ..) if !from_editor => {
                return Err("apiKey is taken only from an editor's secret storage; use apiKeyEnv or apiKeyCommand here".to_owned());
            }
            (Some(key), ..) => Key::Given(key),
            (None, Some(command), _) => Key::Command(command),
            (None, None, Some(variable)) => Key::Env(variable),
            (None, None, None) => Key::Default,
        };
        let mut spec = ModelSpec {
            alias: alias.to_owned(),
            actual: entry.actual,
            context_length: entry.context_length,
            base_url: entry.base_url,
            api_key,
            temperature: entry.temperature,
        };
        if let Some(below) = self.models.get(alias)
            && below.actual == spec.actual
        {
            spec = spec.on_top_of(below);
        }
        self.models.insert(alias.to_owned(), spec);
        Ok(())
    }
}

/// Every key with its meaning, as a `config.toml` in which all is commented out.
pub fn example() -> String {
    let mut text = String::from(
        "# rummy-lsp: every key, with its default or an example.\n\
         # Each can also be set by the editor (initializationOptions); most by the environment.\n",
    );
    let mut table = "";
    for spec in KEYS {
        let (in_table, name) = spec.name.split_once('.').unwrap_or(("", spec.name));
        if in_table != table {
            table = in_table;
            // Writing to a String cannot fail.
            let _ = match table {
                "" => writeln!(
                    text,
                    "\n# (top level again: put these keys above the tables)"
                ),
                _ => writeln!(text, "\n# [{table}]"),
            };
        }
        let _ = writeln!(text, "# {name} = {}  # {}", spec.example, spec.meaning);
    }
    text.push_str(
        "\n# [models.opus]\n\
         # actual = \"openai/gpt-x\"  # PROVIDER/NAME; also RUMMY_MODEL_opus. Providers: openai, anthropic, openrouter, xai, ollama, replay\n\
         # contextLength = 200000  # tokens; also RUMMY_CONTEXT_opus. Needed where the server does not say it\n\
         # baseUrl = \"http://127.0.0.1:8080\"\n\
         # apiKeyEnv = \"OPENAI_API_KEY\"\n\
         # apiKeyCommand = \"pass show openai\"\n\
         # temperature = 0.5\n",
    );
    text
}

/// A path with the user's folder for a leading `~`, as people write it in files.
pub(super) fn expanded(path: PathBuf) -> PathBuf {
    match (path.strip_prefix("~"), BaseDirs::new()) {
        (Ok(rest), Some(folders)) => folders.home_dir().join(rest),
        _ => path,
    }
}

fn at_least<T: Copy + PartialOrd + Display>(least: T, number: T) -> Result<T, String> {
    if number >= least {
        Ok(number)
    } else {
        Err(format!("{number} is less than {least}"))
    }
}

/// A number that makes sense only between two others.
fn within(range: RangeInclusive<f64>, number: f64) -> Result<f64, String> {
    if range.contains(&number) {
        return Ok(number);
    }
    let (least, most) = (range.start(), range.end());
    Err(format!("{number} is not between {least} and {most}"))
}

fn typed<T: DeserializeOwned>(value: Value) -> Result<T, String> {
    serde_json::from_value(value).map_err(|error| error.to_string())
}
