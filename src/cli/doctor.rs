//! `rummy-lsp doctor`: whether everything is there that a run needs, a line each: home, configuration,
//! database, git, the editors' plugins ([`plugins`]), and each model with a word that it really streams.

mod plugins;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Map, Value};
use tokio::process::Command;
use tokio::sync::Notify;
use tokio::time::timeout;

use super::out::{Colours, Ink, Page, thousands};
use crate::config::{Config, Layers, Source, variables};
use crate::llm::{Key, Limits, LlmError, ModelSpec, Models, Progress, Request, Retries};
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
    let config = configured(&mut report, options.settings.as_deref())?;
    let (database, added) = database(&config).await;
    report.add("database", database)?;
    report.add("git", Ok(git().await))?;
    report.add("neovim", neovim().await)?;
    if let Some(places) = Places::usual() {
        report.add_plugins("Neovim", &places.neovim())?;
        report.add_plugins("VS Code", &places.vscode())?;
    }
    check_models(&mut report, &config, added, options.model.as_deref()).await?;
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

/// The configuration as a server would have it, with these settings of an editor if any are given.
fn configured(report: &mut Report<'_>, file: Option<&Path>) -> io::Result<Config> {
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

/// How the database is, and the models that were added to it.
async fn database(config: &Config) -> (Finding, Vec<ModelSpec>) {
    let file = config.database.display();
    let listed = match Reader::open(&config.database).await {
        Ok(reader) => reader.read(models::list).await,
        Err(error) => Err(error),
    };
    match listed {
        Ok(added) => (Ok(file.to_string()), added.into_iter().map(spec).collect()),
        Err(StoreError::Missing(_)) => {
            let said = format!("{file}: not there; the server makes it");
            (Ok(said), Vec::new())
        }
        Err(error) => (Err(error.to_string()), Vec::new()),
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
