//! The loop under a fake host: a scripted model, a real store, a real folder, and nobody's editor.

mod bench;
mod commands;
mod endings;
mod packets;
mod proposing;
