//! The Neovim plugin in a real Neovim, with the built server and a scripted model.
//!
//! A test prepares a workspace and the model's answers, and lets a scenario of `tests/nvim` run in
//! a headless Neovim. The scenario is the user: it types, runs commands, and looks at buffers and
//! files. What the model was sent is looked at here.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a helper that fails, fails the test"
)]

#[path = "nvim/answers.rs"]
mod answers;
#[path = "nvim/deciding.rs"]
mod deciding;
#[path = "nvim/desk.rs"]
mod desk;
#[path = "support/model_server.rs"]
mod model_server;
#[path = "support/player.rs"]
mod player;
#[path = "nvim/runs.rs"]
mod runs;
#[allow(dead_code, reason = "each test crate uses its own part of this")]
#[path = "support/lsp/sandbox.rs"]
mod sandbox;
#[allow(dead_code, reason = "each test crate uses its own part of this")]
#[path = "support/lsp/script.rs"]
mod script;
#[path = "nvim/servers.rs"]
mod servers;
#[path = "nvim/shown.rs"]
mod shown;
