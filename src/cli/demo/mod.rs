//! `rummy-lsp demo`: a whole run, from the prompt to the changed files, without a network, a key or
//! an editor.
//!
//! It writes a small project into a temporary folder, starts this very program as the server and
//! plays the editor: it opens a file, types a line that it does not save, gives the agent a job,
//! shows what the agent does and accepts what it proposes. The model is a script, so in the end it
//! is known what every file must hold, and that is checked. With `--model` the same job goes to a
//! real model, and nobody can know.

mod editor;
mod messages;
mod narrator;
mod sample;
mod screen;
mod script;
mod session;
mod stage;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use super::client::ClientError;
use super::out::counted;
use crate::entries::RunStatus;

use narrator::Narrator;
use screen::Screen;
use session::{End, Session, SessionError, Setup};
use stage::Stage;

/// How long the server may say nothing before the demo is given up: with the script, and with a
/// model that may be asked while it is being loaded.
const PATIENCE: Duration = Duration::from_secs(30);
const PATIENCE_WITH_A_MODEL: Duration = Duration::from_mins(10);

#[derive(Debug, clap::Args)]
pub struct Options {
    /// Leave the project in DIR, which must be empty or not exist yet
    #[arg(long, value_name = "DIR")]
    pub keep: Option<PathBuf>,
    /// Give the job to the model ALIAS of your own configuration instead of the script
    #[arg(long, value_name = "ALIAS")]
    pub model: Option<String>,
}

/// Whether the demo showed what it should. What is not so was printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Passed,
    Failed,
}

#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    #[error("--keep {}: {why}; name a folder that is empty or does not exist yet", folder.display())]
    Keep { folder: PathBuf, why: &'static str },
    #[error("{what} {}: {source}", path.display())]
    Files {
        what: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    #[error("this program's own file cannot be found: {0}")]
    NoProgram(io::Error),
    #[error("{source}{log}")]
    Session { source: SessionError, log: String },
    #[error("the output cannot be written: {0}")]
    Output(#[from] io::Error),
    #[error("interrupts cannot be heard: {0}")]
    Signals(io::Error),
    #[error("interrupted")]
    Interrupted,
}

/// Runs the demo and prints it on `out`, which is taken for the process's standard output. It
/// succeeds where everything is as it should be in the end.
pub async fn run(options: Options, out: &mut dyn Write) -> Result<ExitCode, DemoError> {
    let mut screen = Screen::new(out);
    tokio::select! {
        outcome = perform(options, &mut screen) => match outcome {
            Ok(Outcome::Passed) => Ok(ExitCode::SUCCESS),
            Ok(Outcome::Failed) => Ok(ExitCode::FAILURE),
            // Whoever reads has read enough.
            Err(DemoError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
                Ok(ExitCode::FAILURE)
            }
            Err(error) => Err(error),
        },
        // Everything is dropped on the way out: the server is killed, the folders are removed.
        interrupt = tokio::signal::ctrl_c() => {
            interrupt.map_err(DemoError::Signals)?;
            Err(DemoError::Interrupted)
        }
    }
}

async fn perform(options: Options, screen: &mut Screen<'_>) -> Result<Outcome, DemoError> {
    let begun = Instant::now();
    let keeps = options.keep.is_some();
    let stage = Stage::set(options)?;
    announce(&stage, screen)?;
    let setup = Setup {
        server: stage.server()?,
        project: stage.project.clone(),
        options: stage.settings(),
        patience: if stage.scripted {
            PATIENCE
        } else {
            PATIENCE_WITH_A_MODEL
        },
    };
    let end = play(setup, &stage.model, screen)
        .await
        .map_err(|source| broken_off(source, &stage))?;
    let cannot_read = |source| DemoError::Files {
        what: "the project cannot be read in",
        path: stage.project.clone(),
        source,
    };
    let found = sample::read(&stage.project).map_err(cannot_read)?;
    let outcome = judge(&stage, &end, &found, screen)?;
    let next = if keeps {
        let folder = stage.project.display();
        format!("cd {folder} && python3 -m textstat gettysburg.txt")
    } else {
        "rummy-lsp demo --keep DIR leaves the project in DIR, to look at".to_owned()
    };
    screen.note("next", &next)?;
    screen.line("")?;
    screen.line(&figures(&end, &found, begun.elapsed()))?;
    Ok(outcome)
}

/// Says what is going to happen.
fn announce(stage: &Stage, screen: &mut Screen<'_>) -> io::Result<()> {
    let model = if stage.scripted {
        "a script: no network and no key are needed"
    } else {
        "from your configuration"
    };
    screen.title("Rummy works on a small Python project")?;
    screen.line("")?;
    screen.note("project", &stage.project.display().to_string())?;
    screen.note("model", &format!("{}, {model}", stage.model))?;
    screen.note("prompt", sample::PROMPT)
}

async fn play(setup: Setup, model: &str, screen: &mut Screen<'_>) -> Result<End, SessionError> {
    let mut session = Session::start(setup, Narrator::new(screen)).await?;
    session.act(sample::PROMPT, model).await?;
    session.stop().await
}

/// A demo that broke off, with the end of the server's log where that can say why.
fn broken_off(source: SessionError, stage: &Stage) -> DemoError {
    match source {
        SessionError::Output(error) => DemoError::Output(error),
        // The server has said what is wrong.
        SessionError::Client(ClientError::Refused { .. }) => DemoError::Session {
            source,
            log: String::new(),
        },
        source => DemoError::Session {
            source,
            log: stage.end_of_log(),
        },
    }
}

/// Looks at how the run ended and at what is on the disk, and says what is not as it should be.
fn judge(
    stage: &Stage,
    end: &End,
    found: &sample::Texts,
    screen: &mut Screen<'_>,
) -> io::Result<Outcome> {
    let mut outcome = Outcome::Passed;
    screen.title("Result")?;
    screen.line("")?;
    let ended = format!("ended with {}: {}", end.status.code(), end.summary);
    if end.status == RunStatus::Done {
        screen.note("run", &ended)?;
    } else {
        screen.wrong("run", &ended, "")?;
        outcome = Outcome::Failed;
    }
    if !stage.scripted {
        if end.tally.accepted == 0 {
            screen.wrong("project", "nothing was proposed that could be accepted", "")?;
            outcome = Outcome::Failed;
        }
        return Ok(outcome);
    }
    let wrong = sample::differences(&sample::expected(), found);
    if wrong.is_empty() {
        let files = counted(found.len(), "file");
        screen.note("project", &format!("{files}, each as it should be"))?;
        return Ok(outcome);
    }
    for (path, diff) in wrong {
        screen.wrong(
            "project",
            &path,
            "is not as it should be; from that to what is there:",
        )?;
        screen.diff(&diff)?;
    }
    Ok(Outcome::Failed)
}

/// The last line: what the run took and what it brought about.
fn figures(end: &End, found: &sample::Texts, took: Duration) -> String {
    let changed = sample::differences(&sample::before(), found).len();
    format!(
        "{}, {} accepted, {} changed, {}, {:.1} s",
        counted(end.tally.turns as usize, "turn"),
        counted(end.tally.accepted, "proposal"),
        counted(changed, "file"),
        end.tally.tokens(),
        took.as_secs_f64(),
    )
}
