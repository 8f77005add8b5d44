//! The server over its standard input and output, as an editor meets it: a module a topic.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a helper that fails, fails the test"
)]

#[path = "support/lsp.rs"]
mod lsp;
#[path = "support/model_server.rs"]
mod model_server;

#[path = "stdio/accept.rs"]
mod accept;
#[path = "stdio/cancel.rs"]
mod cancel;
#[path = "stdio/commands.rs"]
mod commands;
#[path = "stdio/confined.rs"]
mod confined;
#[path = "stdio/decide.rs"]
mod decide;
#[path = "stdio/disk.rs"]
mod disk;
#[path = "stdio/effects.rs"]
mod effects;
#[path = "stdio/ending.rs"]
mod ending;
#[path = "stdio/entry_documents.rs"]
mod entry_documents;
#[path = "stdio/fixture.rs"]
mod fixture;
#[path = "stdio/forks.rs"]
mod forks;
#[path = "stdio/frames.rs"]
mod frames;
#[path = "stdio/harness.rs"]
mod harness;
#[path = "stdio/initialize.rs"]
mod initialize;
#[path = "stdio/inside_documents.rs"]
mod inside_documents;
#[path = "stdio/library.rs"]
mod library;
#[path = "stdio/lifecycle.rs"]
mod lifecycle;
#[path = "stdio/models.rs"]
mod models;
#[path = "stdio/offers.rs"]
mod offers;
#[path = "stdio/order.rs"]
mod order;
#[path = "stdio/queries.rs"]
mod queries;
#[path = "stdio/refusals.rs"]
mod refusals;
#[path = "stdio/review.rs"]
mod review;
#[path = "stdio/runs.rs"]
mod runs;
#[path = "stdio/shown.rs"]
mod shown;
#[path = "stdio/telling.rs"]
mod telling;
#[path = "stdio/together.rs"]
mod together;
#[path = "stdio/traps.rs"]
mod traps;
#[path = "stdio/trust.rs"]
mod trust;
#[path = "stdio/undo.rs"]
mod undo;
