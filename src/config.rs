//! One typed configuration, merged from layers: built-in defaults, `config.toml` in the home,
//! the environment (`RUMMY_*`), a trusted workspace's `.rummy/config.toml`, the editor's
//! `initializationOptions`, its `didChangeConfiguration`. Later wins, key by key.
//!
//! An unknown key or a wrong type never stops anything: it becomes a [`Complaint`] that names the
//! key and where it stood, and the key is ignored. The keys stand once, in [`keys`].

mod brought;
mod keys;
mod layers;

use std::collections::BTreeMap;
use std::path::PathBuf;

use directories::ProjectDirs;
use serde::Deserialize;

use crate::entries::{AutoAccept, Executor, Review};
use crate::llm::ModelSpec;

pub use brought::{Brought, FOLDER, SETTINGS};
pub use keys::example;
pub use layers::{Complaint, FileLayer, Layers, Source, variables};

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

/// Which commands run without asking and which never do. Deny beats allow.
#[derive(Debug, Clone, PartialEq, Eq)]
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

impl Default for Commands {
    fn default() -> Self {
        Self {
            allow: Vec::new(),
            deny: Vec::new(),
            timeout_seconds: 600,
            executor: Executor::Server,
        }
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
            commands: Commands::default(),
            limits: Limits::default(),
            diagnostics: true,
            code_lens: true,
            ui: Ui::Server,
            action_edits: false,
        }
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
