//! What the demo plays on: its folders, and a server that is set up for them.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use super::{DemoError, Options, sample, script};

/// The alias of the scripted model.
const SCRIPTED: &str = "demo";

/// What the names of the variables begin with that lead to a user's settings and folders. The
/// scripted demo is the same for everybody, and touches nobody's: its server gets none of them.
const VARIABLES: [&str; 2] = ["RUMMY_", "XDG_"];

/// Lines of the server's log that are shown when the demo broke off.
const LOG_LINES: usize = 10;

pub struct Stage {
    /// The folder with the project, spelled without links.
    pub project: PathBuf,
    /// The alias of the model that gets the job.
    pub model: String,
    pub scripted: bool,
    /// The folder for everything else, and for the project too where it is not kept. Removed on
    /// drop.
    temporary: TempDir,
}

impl Stage {
    pub fn set(options: Options) -> Result<Self, DemoError> {
        let temporary = tempfile::Builder::new()
            .prefix("rummy-demo-")
            .tempdir()
            .map_err(failed(
                "no temporary folder can be made in",
                &std::env::temp_dir(),
            ))?;
        let project = match options.keep {
            Some(folder) => kept(folder)?,
            None => temporary.path().join("textstat"),
        };
        let cannot = |error| failed("the project cannot be written to", &project)(error);
        fs::create_dir_all(&project).map_err(cannot)?;
        let project = project.canonicalize().map_err(cannot)?;
        sample::write(&project).map_err(cannot)?;
        let stage = Self {
            project,
            scripted: options.model.is_none(),
            model: options.model.unwrap_or_else(|| SCRIPTED.to_owned()),
            temporary,
        };
        if stage.scripted {
            let file = stage.script();
            script::write(&file).map_err(failed("the script cannot be written to", &file))?;
        }
        Ok(stage)
    }

    /// The server: this program. Its log goes to a file.
    pub fn server(&self) -> Result<Command, DemoError> {
        let program = std::env::current_exe().map_err(DemoError::NoProgram)?;
        let log = self.log();
        let log =
            File::create(&log).map_err(failed("the server's log cannot be written to", &log))?;
        let mut server = Command::new(program);
        server.arg("--stdio").stderr(log);
        if self.scripted {
            for (name, _) in std::env::vars_os() {
                let text = name.to_string_lossy();
                if VARIABLES.iter().any(|prefix| text.starts_with(prefix)) {
                    server.env_remove(name);
                }
            }
            server.env("HOME", self.temporary.path());
        }
        Ok(server)
    }

    /// `initializationOptions`: what the demo relies on. The scripted model is in no configuration
    /// but this.
    pub fn settings(&self) -> Value {
        let mut settings = json!({
            "database": self.temporary.path().join("rummy.db"),
            "review": "batch",
            "autoAccept": "none",
            "applyTo": "auto",
            "ui": "client",
        });
        if self.scripted {
            let actual = format!("replay/{}", self.script().display());
            settings["home"] = json!(self.temporary.path().join("home"));
            settings["models"] = json!({SCRIPTED: {"actual": actual}});
        }
        settings
    }

    /// The end of the server's log, as an ending to a message.
    pub fn end_of_log(&self) -> String {
        let log = match fs::read_to_string(self.log()) {
            Ok(log) => log,
            Err(error) => return format!("\nThe server's log cannot be read: {error}"),
        };
        let lines: Vec<&str> = log.lines().collect();
        let last = &lines[lines.len().saturating_sub(LOG_LINES)..];
        match last {
            [] => String::new(),
            last => format!("\nThe server's log ends so:\n{}", last.join("\n")),
        }
    }

    fn script(&self) -> PathBuf {
        self.temporary.path().join("script.jsonl")
    }

    fn log(&self) -> PathBuf {
        self.temporary.path().join("server.log")
    }
}

/// The folder of `--keep`, if nothing is in it.
fn kept(folder: PathBuf) -> Result<PathBuf, DemoError> {
    let why = match fs::read_dir(&folder) {
        Ok(mut inside) => match inside.next() {
            None => return Ok(folder),
            Some(_) => "the folder is not empty",
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(folder),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => "that is not a folder",
        Err(error) => return Err(failed("--keep cannot look into", &folder)(error)),
    };
    Err(DemoError::Keep { folder, why })
}

fn failed<'a>(what: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> DemoError + 'a {
    move |source| DemoError::Files {
        what,
        path: path.to_owned(),
        source,
    }
}
