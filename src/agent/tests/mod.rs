//! The loop under a fake host: a scripted model, a real store, a real folder, and nobody's editor.

mod bench;
mod commands;
mod docs;
mod endings;
mod figures;
mod fitting;
mod judging;
mod matches;
mod packets;
mod points;
mod proposing;
mod round_trip;
mod rows;
mod running;
mod stopping;
