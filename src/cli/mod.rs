//! The command line: a file a subcommand. What they print for people goes through a writer that is
//! handed to them; stdout is the protocol's while the server runs.

pub mod client;
mod database;
pub mod demo;
mod doctor;
mod logging;
mod out;
mod parse;
mod runs;
mod serve;
mod show;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config;
use crate::lsp::transport::Ending;
use crate::workspace::shell;

/// A language server that brings an agent into the editor.
#[derive(Debug, Parser)]
#[command(version, about, args_conflicts_with_subcommands = true)]
pub struct Cli {
    #[command(flatten)]
    serve: serve::Options,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Shows a whole run on a small sample project: no network, no key, no editor.
    Demo(demo::Options),
    /// Lists the runs, newest first.
    Runs(runs::Options),
    /// Shows what the model saw and answered in a run, turn by turn.
    Show(show::Options),
    Parse(parse::Options),
    Doctor(doctor::Options),
    /// Prints the configuration's keys.
    Config(ConfigOptions),
    /// What the server starts for each command of a model; see [`shell`].
    #[command(name = shell::KEEPER, hide = true)]
    Keep {
        line: OsString,
    },
}

#[derive(Debug, clap::Args)]
struct ConfigOptions {
    /// Prints every key with its meaning, as a config.toml.
    #[arg(long, required = true)]
    example: bool,
}

/// Carries out the command line. `out` is where people read.
pub fn run(cli: Cli, out: &mut dyn Write) -> ExitCode {
    logging::init(cli.command.is_none());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let result = match runtime {
        Ok(runtime) => {
            let result = runtime.block_on(carry_out(cli, out));
            // A read of stdin may never end; it is not waited for.
            runtime.shutdown_background();
            result
        }
        Err(error) => Err(error.to_string()),
    };
    result.unwrap_or_else(|error| {
        complain(&error);
        ExitCode::FAILURE
    })
}

/// Says why the command line could not be carried out.
#[expect(clippy::print_stderr, reason = "a person at a terminal reads it there")]
fn complain(error: &str) {
    eprintln!("rummy-lsp: {error}");
}

async fn carry_out(cli: Cli, out: &mut dyn Write) -> Result<ExitCode, String> {
    match cli.command {
        None => match serve::serve(cli.serve).await? {
            Ending::Orderly => Ok(ExitCode::SUCCESS),
            Ending::Abrupt => Ok(ExitCode::from(1)),
        },
        Some(Command::Demo(options)) => demo::run(options, out)
            .await
            .map_err(|error| error.to_string()),
        Some(Command::Runs(options)) => runs::run(options, out)
            .await
            .map_err(|error| error.to_string()),
        Some(Command::Show(options)) => show::run(options, out)
            .await
            .map_err(|error| error.to_string()),
        Some(Command::Parse(options)) => Ok(parse::run(&options, out).unwrap_or_else(|error| {
            complain(&error.to_string());
            ExitCode::from(parse::UNUSABLE)
        })),
        Some(Command::Doctor(options)) => doctor::run(options, out)
            .await
            .map_err(|error| error.to_string()),
        Some(Command::Keep { line }) => Ok(shell::keep(&line)),
        Some(Command::Config(_)) => {
            write!(out, "{}", config::example()).map_err(|error| error.to_string())?;
            Ok(ExitCode::SUCCESS)
        }
    }
}
