//! Models as the built program uses them: whole runs over every wire format, recordings, the doctor,
//! and where a key must not show.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a helper that fails, fails the test"
)]

#[path = "support/fault_server.rs"]
mod fault_server;
#[path = "support/lsp.rs"]
mod lsp;
#[path = "support/model_server.rs"]
mod model_server;

#[path = "models/doctor.rs"]
mod doctor;
#[path = "models/job.rs"]
mod job;
#[path = "models/secrets.rs"]
mod secrets;

use std::process::{Command, Output};

use lsp::Sandbox;

/// The program with these arguments, in a sandbox.
fn program(sandbox: &Sandbox, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rummy-lsp"));
    command
        .args(arguments)
        .current_dir(sandbox.workspace())
        .env_clear()
        .envs(sandbox.environment());
    command
}

fn output(mut command: Command) -> Output {
    command.output().expect("the program can be started")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
