//! `rummy-lsp doctor`: whether everything is there that a run needs, a line each: home, configuration,
//! database, git, the editors' plugins ([`plugins`]), and each model with a word that it really streams.

mod plugins;

use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::{Map, Value};
use tokio::process::Command;
use tokio::sync::Notify;
use tokio::time::timeout;

use super::out::{Colours, Ink, Page, thousands};
use crate::config::{Brought, Config, FOLDER, Layers, Source, variables};
use crate::llm::{Key, Limits, LlmError, ModelSpec, Models, Progress, Request, Retries};
use crate::store::projects::{self, Project};
use crate::store::{Reader, StoreError, models};
use plugins::{Places, Plugin};

/// How long a program may take to tell its version.
const VERSION_LIMIT: Duration = Duration::from_secs(5);

/// How long a model may take to its first word: a local one may have to be loaded.
const WORD_LIMIT: Duration = Duration::from_mins(2);

/// The oldest Neovim that the plugin works in.
const NEOVIM: (u32, u32) = (0, 10);

/// Checks what a run needs, and asks each model for a word. The exit code is 1 where something is wrong.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Of the models, check only this one
    #[arg(long, value_name = "ALIAS")]
    model: Option<String>,
    /// Settings as an editor sends them in `initializationOptions`, in JSON: what only they name is
    /// checked too. -: from the standard input
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
}

/// How a check went, in a sentence.
type Finding = Result<String, String>;

pub async fn run(options: Options, out: &mut dyn Write) -> io::Result<ExitCode> {
    let mut report = Report {
        page: Page::new(out, Colours::wanted()),
        wrong: 0,
    };
    let layers = layers(&mut report, options.settings.as_deref())?;
    let found = found(&layers.resolve().0).await;
    let config = configured(&mut report, layers, &found.projects)?;
    report.add("database", found.finding)?;
    report.add("git", Ok(git().await))?;
    report.add("neovim", neovim().await)?;
    if let Some(places) = Places::usual() {
        report.add_plugins("Neovim", &places.neovim())?;
        report.add_plugins("VS Code", &places.vscode())?;
    }
    check_models(&mut report, &config, found.models, options.model.as_deref()).await?;
    Ok(match report.wrong {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}

/// What was found so far.
struct Report<'o> {
    page: Page<'o>,
    wrong: usize,
}

impl Report<'_> {
    fn add(&mut self, what: &str, finding: Finding) -> io::Result<()> {
        match finding {
            Ok(said) => self.page.line(&format!("ok     {what:<10} {said}")),
            Err(said) => {
                self.wrong += 1;
                self.page
                    .painted(Ink::Wrong, &format!("WRONG  {what:<10} {said}"))
            }
        }
    }

    fn add_plugins(&mut self, editor: &str, found: &[Plugin]) -> io::Result<()> {
        if found.is_empty() {
            let none = format!("{editor}'s is not where plugins usually are");
            return self.add("plugin", Ok(none));
        }
        for plugin in found {
            let told = format!("{editor}'s: {plugin}");
            let fits = plugin.goes_with_this_server();
            self.add("plugin", if fits { Ok(told) } else { Err(told) })?;
        }
        Ok(())
    }
}

/// Where the configuration of a server comes from, with these settings of an editor if any are given.
fn layers(report: &mut Report<'_>, file: Option<&Path>) -> io::Result<Layers> {
    let settings = match file.map(settings) {
        None => Map::new(),
        Some(Ok(settings)) => settings,
        Some(Err(why)) => {
            report.add("settings", Err(why))?;
            Map::new()
        }
    };
    let mut layers = Layers::of_process(variables(), &settings);
    layers.add(Source::InitializationOptions, settings);
    Ok(layers)
}

/// The configuration as a server would have it for the folder that this runs in.
fn configured(
    report: &mut Report<'_>,
    mut layers: Layers,
    projects: &[Project],
) -> io::Result<Config> {
    if let Some(folder) = Here::find(projects) {
        if folder.trusted == Some(true)
            && let Some(settings) = Brought::read(&folder.root).settings
        {
            layers = layers.with_workspace(&settings);
        }
        report.add("folder", Ok(folder.to_string()))?;
    }
    let (config, complaints) = layers.resolve();
    report.add("home", home(&config))?;
    for complaint in &complaints {
        report.add("config", Err(complaint.to_string()))?;
    }
    if complaints.is_empty() {
        let count = config.models.len();
        let read = format!("read without complaint, models in it: {count}");
        report.add("config", Ok(read))?;
    }
    Ok(config)
}

/// What an editor would send.
fn settings(file: &Path) -> Result<Map<String, Value>, String> {
    let unusable = |why: String| format!("{} cannot be used: {why}", file.display());
    // They may hold keys, which a pipe keeps off the disk.
    let text = if file == Path::new("-") {
        io::read_to_string(io::stdin())
    } else {
        std::fs::read_to_string(file)
    };
    let text = text.map_err(|error| unusable(error.to_string()))?;
    serde_json::from_str(&text)
        .map_err(|error| unusable(format!("{error}; it wants an object in JSON")))
}

fn home(config: &Config) -> Finding {
    let home = config.home.display();
    match std::fs::read_dir(&config.home) {
        Ok(_) => Ok(home.to_string()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Ok(format!("{home}: not there, so all is as built in"))
        }
        Err(error) => Err(format!("{home} cannot be read: {error}")),
    }
}

/// The folder that this runs in, or the nearest one above it, that brings something itself.
struct Here {
    root: PathBuf,
    parts: Vec<&'static str>,
    /// What the user has said of it.
    trusted: Option<bool>,
}

impl Here {
    fn find(projects: &[Project]) -> Option<Self> {
        let Ok(here) = std::env::current_dir() else {
            return None; // it is gone: nothing is brought by it
        };
        let brings = |root: &Path| (root.to_owned(), Brought::parts(root));
        let mut folders = here.ancestors().map(brings);
        let (root, parts) = folders.find(|(_, parts)| !parts.is_empty())?;
        let is_here = |project: &&Project| Path::new(&project.root) == root;
        // One folder is several projects where editors spell its URI differently.
        let trusted = projects
            .iter()
            .filter(is_here)
            .find_map(|project| project.trusted);
        Some(Self {
            root,
            parts,
            trusted,
        })
    }
}

impl fmt::Display for Here {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (root, parts) = (self.root.display(), self.parts.join(", "));
        let used = match self.trusted {
            Some(true) => "used",
            Some(false) => "ignored, as you said (rummy.trust)",
            None => "not used before you say so, which your editor asks you",
        };
        write!(f, "{root} brings {parts} in {FOLDER}/: {used}")
    }
}

/// What the database says.
struct Found {
    models: Vec<ModelSpec>,
    projects: Vec<Project>,
    finding: Finding,
}

async fn found(config: &Config) -> Found {
    let file = config.database.display();
    let listed = match Reader::open(&config.database).await {
        Ok(reader) => {
            let read = |connection: &Connection| {
                Ok((models::list(connection)?, projects::list(connection)?))
            };
            reader.read(read).await
        }
        Err(error) => Err(error),
    };
    match listed {
        Ok((added, projects)) => Found {
            models: added.into_iter().map(spec).collect(),
            projects,
            finding: Ok(file.to_string()),
        },
        Err(StoreError::Missing(_)) => {
            let said = format!("{file}: not there; the server makes it");
            Found::nothing(Ok(said))
        }
        Err(error) => Found::nothing(Err(error.to_string())),
    }
}

impl Found {
    const fn nothing(finding: Finding) -> Self {
        Self {
            models: Vec::new(),
            projects: Vec::new(),
            finding,
        }
    }
}

fn spec(added: models::Model) -> ModelSpec {
    ModelSpec {
        alias: added.alias,
        actual: added.actual,
        context_length: added.context_length,
        base_url: None,
        api_key: Key::Default,
        temperature: None,
    }
}

async fn git() -> String {
    match version("git").await {
        Some(line) => line,
        None => "not on the path; nothing here needs it".to_owned(),
    }
}

async fn neovim() -> Finding {
    let Some(line) = version("nvim").await else {
        return Ok("not on the path".to_owned());
    };
    let number = line.split_once('v').map_or("", |(_, number)| number);
    let mut parts = number.split('.').map(|part| part.parse().unwrap_or(0));
    let found = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    if found < NEOVIM {
        let (major, minor) = NEOVIM;
        return Err(format!("{line}; the plugin wants {major}.{minor} or newer"));
    }
    Ok(line)
}

/// The first line of what `program --version` prints; none where there is no such program.
async fn version(program: &str) -> Option<String> {
    let asked = Command::new(program)
        .arg("--version")
        .kill_on_drop(true)
        .output();
    match timeout(VERSION_LIMIT, asked).await {
        Ok(Ok(output)) => {
            let text = String::from_utf8_lossy(&output.stdout);
            text.lines().next().map(str::to_owned)
        }
        Ok(Err(_)) | Err(_) => None,
    }
}

async fn check_models(
    report: &mut Report<'_>,
    config: &Config,
    added: Vec<ModelSpec>,
    only: Option<&str>,
) -> io::Result<()> {
    let models = Models::with(Limits {
        silence: WORD_LIMIT,
        retries: Retries {
            more: 0,
            ..Retries::default()
        },
        ..Limits::default()
    });
    let mut all: Vec<ModelSpec> = config.models.values().cloned().collect();
    all.extend(
        added
            .into_iter()
            .filter(|spec| !config.models.contains_key(&spec.alias)),
    );
    if all.is_empty() {
        all = models.found().await;
    }
    if all.is_empty() {
        let none = "none is configured, no local Ollama answers, and no key of a provider is set; those \
                    that only an editor's settings name are seen with --settings FILE";
        return report.add("models", Err(none.to_owned()));
    }
    let meant: Vec<&ModelSpec> = all
        .iter()
        .filter(|spec| only.is_none_or(|only| spec.alias == only))
        .collect();
    if let (Some(only), []) = (only, meant.as_slice()) {
        let aliases: Vec<&str> = all.iter().map(|spec| spec.alias.as_str()).collect();
        let unknown = format!(
            "none is called \"{only}\"; there are {}",
            aliases.join(", ")
        );
        return report.add("models", Err(unknown));
    }
    for spec in meant {
        let finding = check_model(&models, spec).await;
        let finding = finding.map_err(|error| error.to_string());
        let told = |said: String| format!("{} ({}): {said}", spec.alias, spec.actual);
        report.add("model", finding.map(told).map_err(told))?;
    }
    Ok(())
}

async fn check_model(models: &Models, spec: &ModelSpec) -> Result<String, LlmError> {
    models.check(spec)?;
    let length = models.context_length(spec).await?;
    let context = format!("a context of {} tokens", thousands(length));
    let word = first_word(models, spec, length).await?;
    Ok(match word {
        Some(wait) => format!(
            "{context}, the first word after {:.2} s",
            wait.as_secs_f64()
        ),
        None => format!("{context}, and an empty answer"),
    })
}

/// How long a model takes to its first word; the rest of the answer is not waited for.
async fn first_word(
    models: &Models,
    spec: &ModelSpec,
    context_size: u64,
) -> Result<Option<Duration>, LlmError> {
    let request = Request {
        model: spec,
        system: "Answer with one word.",
        user: "Say: ready",
        stable: 0,
        context_size,
        temperature: None,
        call: 0,
    };
    let begun = Instant::now();
    let came = Arc::new(Notify::new());
    let mut hear = |progress: Progress<'_>| {
        if !matches!(progress, Progress::Retrying { .. }) {
            came.notify_one();
        }
    };
    tokio::select! {
        biased;
        () = came.notified() => Ok(Some(begun.elapsed())),
        answer = models.complete(&request, &mut hear) => {
            let answer = answer?;
            let empty = answer.text.is_empty() && answer.reasoning.is_empty();
            Ok((!empty).then(|| begun.elapsed()))
        }
    }
}
