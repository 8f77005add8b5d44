//! Where settings come from, and how they lie on top of each other.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::keys::{KEYS, expanded};
use super::{Config, default_home};

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

/// Keys that no workspace has a say in.
const OF_THE_PROCESS: [&str; 2] = ["home", "database"];

/// The settings of a file, or why they cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileLayer {
    file: PathBuf,
    read: Result<Map<String, Value>, String>,
}

impl FileLayer {
    /// Reads a file; none where there is none.
    pub fn read(file: &Path) -> Option<Self> {
        let read = match std::fs::read_to_string(file) {
            Ok(text) => toml::from_str(&text).map_err(|error| error.message().to_owned()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
            Err(error) => Err(error.to_string()),
        };
        let file = file.to_owned();
        Some(Self { file, read })
    }

    pub fn source(&self) -> Source {
        Source::File(self.file.clone())
    }
}

/// Layers of settings on top of each other, lowest first.
#[derive(Debug, Clone)]
pub struct Layers {
    layers: Vec<(Source, Map<String, Value>)>,
    complaints: Vec<Complaint>,
}

/// The process's variables. One that is not UTF-8 cannot be a setting of ours.
pub fn variables() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(name, value)| {
        let (Ok(name), Ok(value)) = (name.into_string(), value.into_string()) else {
            return None;
        };
        Some((name, value))
    })
}

impl Layers {
    /// No layers: the defaults.
    pub const fn none() -> Self {
        Self {
            layers: Vec::new(),
            complaints: Vec::new(),
        }
    }

    /// The layers that do not depend on an editor: the home's `config.toml` and the environment.
    /// `options` are looked at for another home.
    pub fn of_process(
        variables: impl IntoIterator<Item = (String, String)>,
        options: &Map<String, Value>,
    ) -> Self {
        let environment = environment_layer(variables);
        let mut layers = Self::none();
        let home = [options, &environment]
            .iter()
            .find_map(|layer| layer.get("home").and_then(Value::as_str))
            .map_or_else(default_home, |home| expanded(PathBuf::from(home)));
        layers.add_file(&home.join("config.toml"));
        layers.add(Source::Environment, environment);
        layers
    }

    pub fn add(&mut self, source: Source, layer: Map<String, Value>) {
        self.layers.retain(|(other, _)| *other != source);
        self.layers.push((source, layer));
    }

    fn add_file(&mut self, file: &Path) {
        let Some(found) = FileLayer::read(file) else {
            return;
        };
        let source = found.source();
        match found.read {
            Ok(layer) => self.add(source, layer),
            Err(why) => self.complain("the file", source, why),
        }
    }

    /// The same layers with a workspace's own below the editor's.
    #[must_use]
    pub fn with_workspace(&self, workspace: &FileLayer) -> Self {
        let mut layers = self.clone();
        let source = workspace.source();
        let mut layer = match &workspace.read {
            Ok(layer) => layer.clone(),
            Err(why) => {
                layers.complain("the file", source, why.clone());
                return layers;
            }
        };
        for key in OF_THE_PROCESS {
            if layer.shift_remove(key).is_some() {
                let why = "it holds for all workspaces; set it in the home's config.toml";
                layers.complain(key, source.clone(), why.to_owned());
            }
        }
        let is_editors = |(source, _): &(Source, _)| match source {
            Source::File(_) | Source::Environment => false,
            Source::InitializationOptions | Source::DidChangeConfiguration => true,
        };
        let place = layers.layers.iter().position(is_editors);
        let place = place.unwrap_or(layers.layers.len());
        layers.layers.insert(place, (source, layer));
        layers
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::{Limits, example};
    use crate::entries::{AutoAccept, Review};
    use crate::llm::Key;

    fn object(value: &Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        let own = |(k, v): &(&str, &str)| ((*k).to_owned(), (*v).to_owned());
        pairs.iter().map(own).collect()
    }

    #[test]
    fn later_layers_win_key_by_key() {
        let home = tempfile::tempdir().unwrap();
        let file = "review = \"each\"\n[limits]\nmaxTurns = 7\nmaxStrikes = 5\n";
        std::fs::write(home.path().join("config.toml"), file).unwrap();
        let environment = pairs(&[
            ("RUMMY_HOME", home.path().to_str().unwrap()),
            ("RUMMY_MAX_TURNS", "8"),
            ("RUMMY_DB_PATH", "/tmp/x.db"),
        ]);
        let mut layers = Layers::of_process(environment, &Map::new());
        layers.add(
            Source::InitializationOptions,
            object(&json!({"autoAccept": "edits", "token": "t"})),
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
    fn a_workspace_wins_over_the_home_and_the_environment_and_the_editor_over_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        assert_eq!(FileLayer::read(&file), None);
        let text = "review = \"each\"\ndatabase = \"/tmp/theirs.db\"\n\
                    [limits]\nmaxTurns = 7\nmaxStrikes = 5\n";
        std::fs::write(&file, text).unwrap();
        let mut layers = Layers::of_process(pairs(&[("RUMMY_MAX_STRIKES", "4")]), &Map::new());
        let options = object(&json!({"limits": {"maxTurns": 9}}));
        layers.add(Source::InitializationOptions, options);
        let before = layers.resolve();

        let workspace = FileLayer::read(&file).unwrap();
        let (config, complaints) = layers.with_workspace(&workspace).resolve();
        assert_eq!(config.review, Review::Each);
        assert_eq!((config.limits.max_turns, config.limits.max_strikes), (9, 5));
        assert_eq!(config.database, before.0.database);
        let told: Vec<String> = complaints.iter().map(ToString::to_string).collect();
        let expected = format!(
            "rummy: database in {} is ignored: it holds for all workspaces; set it in the home's config.toml",
            file.display()
        );
        assert_eq!(told, [expected]);

        std::fs::write(&file, "review = each\n").unwrap();
        let workspace = FileLayer::read(&file).unwrap();
        let (config, complaints) = layers.with_workspace(&workspace).resolve();
        assert_eq!(config.review, before.0.review);
        assert_eq!(complaints.len(), 1, "{complaints:?}");
    }

    #[test]
    fn what_cannot_be_used_is_named_and_the_rest_holds() {
        let mut layers = Layers::of_process(pairs(&[("RUMMY_MAX_TURNS", "many")]), &Map::new());
        layers.add(
            Source::InitializationOptions,
            object(
                &json!({"reveiw": "each", "limits": {"maxStrikes": 4, "maxStirkes": 4},
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
        let environment = pairs(&[
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
    fn a_layer_that_names_the_same_model_adds_to_it_and_another_model_replaces_it() {
        let home = tempfile::tempdir().unwrap();
        let model =
            "actual = \"openai/x\"\nbaseUrl = \"http://127.0.0.1:1\"\ncontextLength = 9000\n";
        let file = format!("[models.same]\n{model}[models.other]\n{model}");
        std::fs::write(home.path().join("config.toml"), file).unwrap();
        let options = object(&json!({"home": home.path(), "models": {
            "same": {"actual": "openai/x", "apiKey": "sk-secret", "contextLength": 8000},
            "other": {"actual": "openai/y", "apiKey": "sk-secret"},
        }}));
        let mut layers = Layers::of_process([], &options);
        layers.add(Source::InitializationOptions, options);
        let (config, complaints) = layers.resolve();
        assert_eq!(complaints, []);
        let same = &config.models["same"];
        assert_eq!(same.base_url.as_deref(), Some("http://127.0.0.1:1"));
        assert_eq!(same.context_length, Some(8000));
        assert!(matches!(same.api_key, Key::Given(_)));
        let other = &config.models["other"];
        assert_eq!(other.base_url, None);
        assert_eq!(other.context_length, None);
    }

    #[test]
    fn a_key_in_a_file_is_refused_and_never_printed() {
        let home = tempfile::tempdir().unwrap();
        let file = "[models.a]\nactual = \"openai/x\"\napiKey = \"sk-secret\"\n";
        std::fs::write(home.path().join("config.toml"), file).unwrap();
        let options = object(&json!({"home": home.path()}));
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
