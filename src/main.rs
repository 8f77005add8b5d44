//! Reads the command line and hands over.

use std::process::ExitCode;

use clap::Parser;
use rummy_lsp::cli::{Cli, run};

fn main() -> ExitCode {
    run(Cli::parse(), &mut std::io::stdout())
}
