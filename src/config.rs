//! One typed configuration, merged from layers: built-in defaults, `config.toml` in the home,
//! the environment (`RUMMY_*`), the editor's `initializationOptions`, its
//! `didChangeConfiguration`. Later wins, key by key.
//!
//! An unknown key or a wrong type never stops anything: it becomes a [`Complaint`] that names the
//! key and where it stood, and the key is ignored. The keys stand once, in [`KEYS`].

use std::collections::BTreeMap;
use std::fmt;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use directories::ProjectDirs;
use secrecy::SecretString;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::entries::{AutoAccept, Review};
use crate::llm::{Key, ModelSpec};

/// Everything that can be configured.
#[derive(Debug, Clone)]
pub struct Config {
    /// Holds config.toml, skills/ and personas/.
    pub home: PathBuf,
    pub database: PathBuf,
    pub model: Option<String>,
    pub models: BTreeMap<String, ModelSpec>,
    pub review: Review,
    pub auto_accept: AutoAccept,
    pub apply_to: ApplyTo,
    pub commands: Commands,
    pub limits: Limits,
    pub diagnostics: bool,
    pub code_lens: bool,
    pub ui: Ui,
    pub action_edits: bool,
}

/// Where an accepted edit of a file that is not open lands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ApplyTo {
    /// On the disk.
    Auto,
    /// In the editor, as an unsaved change.
    Editor,
}

/// Who asks the user about questions and commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Ui {
    Server,
    Client,
}

/// Who runs an accepted command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Executor {
    Server,
    Client,
}

/// Which commands run without asking and which never do. Deny beats allow.
#[derive(Debug, Clone)]
pub struct Commands {
    pub allow: Vec<String>,
    pub deny: Vec<String>,
    pub timeout_seconds: u64,
    pub executor: Executor,
}

/// The loop's limits.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    pub max_turns: u32,
    pub max_commands: usize,
    pub max_strikes: u32,
    pub min_cycles: usize,
    pub max_cycle_period: usize,
    pub max_entry_tokens: u64,
    /// The share of a model's context that a packet may fill.
    pub budget_ceiling: f64,
    /// Characters a token, where nothing was measured.
    pub token_divisor: f64,
    pub retention_days: u32,
    /// What the listing of the workspace's files may take of a packet.
    pub map_tokens: u64,
    /// A run's cap in tokens; none: no cap.
    pub max_tokens: Option<u64>,
    /// A run's cap in money; none: no cap.
    pub max_cost: Option<f64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_turns: 99,
            max_commands: 99,
            max_strikes: 3,
            min_cycles: 3,
            max_cycle_period: 4,
            max_entry_tokens: 512,
            budget_ceiling: 0.9,
            token_divisor: 2.0,
            retention_days: 31,
            map_tokens: 1500,
            max_tokens: None,
            max_cost: None,
        }
    }
}

/// Where a layer came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    File(PathBuf),
    Environment,
    InitializationOptions,
    DidChangeConfiguration,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Environment => f.write_str("the environment"),
            Self::InitializationOptions => f.write_str("initializationOptions"),
            Self::DidChangeConfiguration => f.write_str("didChangeConfiguration"),
        }
    }
}

/// A key that was ignored, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    pub key: String,
    pub source: Source,
    pub why: String,
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, source, why } = self;
        write!(f, "rummy: {key} in {source} is ignored: {why}")
    }
}

/// One configurable key.
struct KeySpec {
    /// `limits.maxTurns`: a dot leads into a table.
    name: &'static str,
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

const KEYS: &[KeySpec] = &[
    key!(
        "home",
        "\"~/.config/rummy\"",
        "the folder with config.toml, skills/ and personas/",
        home
    ),
    key!(
        "database",
        "\"~/.local/share/rummy/rummy.db\"",
        "the SQLite file",
        database
    ),
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
        "[]",
        "command lines (globs) that run without asking",
        commands.allow
    ),
    key!(
        "commands.deny",
        "[]",
        "command lines (globs) that never run; deny beats allow",
        commands.deny
    ),
    key!(
        "commands.timeoutSeconds",
        "600",
        "how long a command may take",
        commands.timeout_seconds
    ),
    key!(
        "commands.executor",
        "\"server\"",
        "who runs commands: server or client",
        commands.executor
    ),
    key!("limits.maxTurns", "99", "turns a loop", limits.max_turns),
    key!(
        "limits.maxCommands",
        "99",
        "commands an answer",
        limits.max_commands
    ),
    key!(
        "limits.maxStrikes",
        "3",
        "failed turns in a row that end a loop",
        limits.max_strikes
    ),
    key!(
        "limits.minCycles",
        "3",
        "repetitions that count as going in a circle",
        limits.min_cycles
    ),
    key!(
        "limits.maxCyclePeriod",
        "4",
        "the longest circle looked for, in turns",
        limits.max_cycle_period
    ),
    key!(
        "limits.maxEntryTokens",
        "512",
        "the size of a known:// entry",
        limits.max_entry_tokens
    ),
    key!(
        "limits.budgetCeiling",
        "0.9",
        "the share of a model's context that a packet may fill",
        limits.budget_ceiling
    ),
    key!(
        "limits.tokenDivisor",
        "2",
        "characters a token, until a provider reported its count",
        limits.token_divisor
    ),
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

/// Layers of settings on top of each other, lowest first.
#[derive(Debug, Clone)]
pub struct Layers {
    layers: Vec<(Source, Map<String, Value>)>,
    complaints: Vec<Complaint>,
}

impl Layers {
    /// The layers that do not depend on an editor: the home's `config.toml` and the environment.
    /// `options` are looked at for another home.
    pub fn of_process(
        variables: impl IntoIterator<Item = (String, String)>,
        options: &Map<String, Value>,
    ) -> Self {
        let environment = environment_layer(variables);
        let mut layers = Self {
            layers: Vec::new(),
            complaints: Vec::new(),
        };
        let home = [options, &environment]
            .iter()
            .find_map(|layer| layer.get("home").and_then(Value::as_str))
            .map_or_else(default_home, PathBuf::from);
        layers.add_file(&home.join("config.toml"));
        layers.add(Source::Environment, environment);
        layers
    }

    pub fn add(&mut self, source: Source, layer: Map<String, Value>) {
        self.layers.retain(|(other, _)| *other != source);
        self.layers.push((source, layer));
    }

    fn add_file(&mut self, file: &Path) {
        let source = Source::File(file.to_owned());
        let text = match std::fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return,
            Err(error) => return self.complain("the file", source, error.to_string()),
        };
        match toml::from_str::<Map<String, Value>>(&text) {
            Ok(layer) => self.add(source, layer),
            Err(error) => self.complain("the file", source, error.message().to_owned()),
        }
    }

    fn complain(&mut self, key: &str, source: Source, why: String) {
        self.complaints.push(Complaint {
            key: key.to_owned(),
            source,
            why,
        });
    }

    /// The configuration that the layers make, and what had to be ignored.
    pub fn resolve(&self) -> (Config, Vec<Complaint>) {
        let mut config = Config::default();
        let mut complaints = self.complaints.clone();
        for (source, layer) in &self.layers {
            for (key, value) in layer {
                config.apply(key, value, source, &mut complaints);
            }
        }
        (config, complaints)
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            home: default_home(),
            database: default_database(),
            model: None,
            models: BTreeMap::new(),
            review: Review::Batch,
            auto_accept: AutoAccept::None,
            apply_to: ApplyTo::Auto,
            commands: Commands {
                allow: Vec::new(),
                deny: Vec::new(),
                timeout_seconds: 600,
                executor: Executor::Server,
            },
            limits: Limits::default(),
            diagnostics: true,
            code_lens: true,
            ui: Ui::Server,
            action_edits: false,
        }
    }
}

impl Config {
    fn apply(
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
        let entry: ModelEntry = typed(entry.clone())?;
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
        let spec = ModelSpec {
            alias: alias.to_owned(),
            actual: entry.actual,
            context_length: entry.context_length,
            base_url: entry.base_url,
            api_key,
            temperature: entry.temperature,
        };
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
         # actual = \"openai/gpt-x\"  # PROVIDER/NAME; also RUMMY_MODEL_opus\n\
         # contextLength = 200000  # tokens; also RUMMY_CONTEXT_opus\n\
         # baseUrl = \"http://127.0.0.1:8080\"\n\
         # apiKeyEnv = \"OPENAI_API_KEY\"\n\
         # apiKeyCommand = \"pass show openai\"\n\
         # temperature = 0.5\n",
    );
    text
}

fn typed<T: DeserializeOwned>(value: Value) -> Result<T, String> {
    serde_json::from_value(value).map_err(|error| error.to_string())
}

/// `RUMMY_*` variables as a layer: `RUMMY_MAX_TURNS` is `limits.maxTurns`, `RUMMY_MODEL_x` and
/// `RUMMY_CONTEXT_x` make the model `x`.
fn environment_layer(variables: impl IntoIterator<Item = (String, String)>) -> Map<String, Value> {
    let mut layer = Map::new();
    let mut models: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    for (name, text) in variables {
        let Some(name) = name.strip_prefix("RUMMY_") else {
            continue;
        };
        if let Some(alias) = name.strip_prefix("MODEL_") {
            let model = models.entry(alias.to_owned()).or_default();
            model.insert("actual".to_owned(), Value::String(text));
        } else if let Some(alias) = name.strip_prefix("CONTEXT_") {
            let model = models.entry(alias.to_owned()).or_default();
            model.insert("contextLength".to_owned(), scalar(text));
        } else if let Some(spec) = KEYS.iter().find(|spec| variable(spec.name) == name) {
            match spec.name.split_once('.') {
                None => {
                    layer.insert(spec.name.to_owned(), scalar(text));
                }
                Some((table, key)) => {
                    let table = layer
                        .entry(table)
                        .or_insert_with(|| Value::Object(Map::new()));
                    if let Some(table) = table.as_object_mut() {
                        table.insert(key.to_owned(), scalar(text));
                    }
                }
            }
        }
    }
    models.retain(|_, model| model.contains_key("actual"));
    if !models.is_empty() {
        let models = models.into_iter().map(|(k, v)| (k, Value::Object(v)));
        layer.insert("models".to_owned(), Value::Object(models.collect()));
    }
    layer
}

/// The variable of a key, without `RUMMY_`: the last segment in capitals.
fn variable(key: &str) -> String {
    if key == "database" {
        return "DB_PATH".to_owned();
    }
    let name = key.rsplit('.').next().unwrap_or(key);
    let mut variable = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            variable.push('_');
        }
        variable.push(c.to_ascii_uppercase());
    }
    variable
}

fn scalar(text: String) -> Value {
    match serde_json::from_str::<Value>(&text) {
        Ok(value) if !value.is_string() => value,
        _ => Value::String(text),
    }
}

fn default_home() -> PathBuf {
    folders().map_or_else(
        || PathBuf::from(".rummy"),
        |dirs| dirs.config_dir().to_owned(),
    )
}

fn default_database() -> PathBuf {
    folders()
        .map_or_else(
            || PathBuf::from(".rummy"),
            |dirs| dirs.data_dir().to_owned(),
        )
        .join("rummy.db")
}

/// None only for a user without a home folder.
fn folders() -> Option<ProjectDirs> {
    ProjectDirs::from("", "", "rummy")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    fn variables(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        let own = |(k, v): &(&str, &str)| ((*k).to_owned(), (*v).to_owned());
        pairs.iter().map(own).collect()
    }

    #[test]
    fn later_layers_win_key_by_key() {
        let home = tempfile::tempdir().unwrap();
        let file = "review = \"each\"\n[limits]\nmaxTurns = 7\nmaxStrikes = 5\n";
        std::fs::write(home.path().join("config.toml"), file).unwrap();
        let environment = variables(&[
            ("RUMMY_HOME", home.path().to_str().unwrap()),
            ("RUMMY_MAX_TURNS", "8"),
            ("RUMMY_DB_PATH", "/tmp/x.db"),
        ]);
        let mut layers = Layers::of_process(environment, &Map::new());
        layers.add(
            Source::InitializationOptions,
            object(json!({"autoAccept": "edits", "token": "t"})),
        );
        let (config, complaints) = layers.resolve();
        assert_eq!(complaints, []);
        assert_eq!(config.review, Review::Each);
        assert_eq!(config.auto_accept, AutoAccept::Edits);
        assert_eq!(config.database, PathBuf::from("/tmp/x.db"));
        assert_eq!(
            config.limits,
            Limits {
                max_turns: 8,
                max_strikes: 5,
                ..Limits::default()
            }
        );
    }

    #[test]
    fn what_cannot_be_used_is_named_and_the_rest_holds() {
        let mut layers = Layers::of_process(variables(&[("RUMMY_MAX_TURNS", "many")]), &Map::new());
        layers.add(
            Source::InitializationOptions,
            object(
                json!({"reveiw": "each", "limits": {"maxStrikes": 4, "maxStirkes": 4},
                          "models": {"a": {"actaul": "x"}}, "commands": 3}),
            ),
        );
        let (config, complaints) = layers.resolve();
        assert_eq!(config.limits.max_strikes, 4);
        assert_eq!(config.limits.max_turns, 99);
        let named: Vec<_> = complaints.iter().map(|c| c.key.as_str()).collect();
        assert_eq!(
            named,
            [
                "limits.maxTurns",
                "reveiw",
                "limits.maxStirkes",
                "models.a",
                "commands"
            ]
        );
    }

    #[test]
    fn models_come_from_variables_too() {
        let environment = variables(&[
            ("RUMMY_MODEL_fast", "openai/small"),
            ("RUMMY_CONTEXT_fast", "32000"),
            ("RUMMY_CONTEXT_none", "1"),
        ]);
        let (config, complaints) = Layers::of_process(environment, &Map::new()).resolve();
        assert_eq!(complaints, []);
        assert_eq!(config.models.len(), 1);
        assert_eq!(config.models["fast"].actual, "openai/small");
        assert_eq!(config.models["fast"].context_length, Some(32000));
    }

    #[test]
    fn a_key_in_a_file_is_refused_and_never_printed() {
        let home = tempfile::tempdir().unwrap();
        let file = "[models.a]\nactual = \"openai/x\"\napiKey = \"sk-secret\"\n";
        std::fs::write(home.path().join("config.toml"), file).unwrap();
        let options = object(json!({"home": home.path()}));
        let (config, complaints) = Layers::of_process([], &options).resolve();
        assert!(config.models.is_empty());
        let told = complaints[0].to_string();
        assert!(
            told.contains("models.a") && !told.contains("sk-secret"),
            "{told}"
        );
    }

    #[test]
    fn every_key_of_the_example_is_a_key() {
        for line in example()
            .lines()
            .filter(|line| line.contains(" = ") && !line.contains("models"))
        {
            let name = line.trim_start_matches("# ").split(" = ").next().unwrap();
            let known = KEYS
                .iter()
                .any(|spec| spec.name.rsplit('.').next() == Some(name));
            let of_model = [
                "actual",
                "contextLength",
                "baseUrl",
                "apiKeyEnv",
                "apiKeyCommand",
                "temperature",
            ];
            assert!(known || of_model.contains(&name), "{line}");
        }
    }
}
