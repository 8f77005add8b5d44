//! What the program costs, measured on the built binary over stdio: `tests/bench` runs it and prints
//! the table; with `--check` it fails where a figure is over its limit. Ratios within one run have
//! strict limits; times have generous ones, which only something that went wrong exceeds. What is over
//! is measured anew: only what stays over each time is no moment of a busy machine. Groups pick what
//! is measured: `cargo bench --bench product -- typing asking`.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark that cannot run has nothing to say, and prints what it measured"
)]

#[path = "product/place.rs"]
mod place;
#[path = "product/prefix.rs"]
mod prefix;
#[path = "product/proposals.rs"]
mod proposals;
#[path = "product/served.rs"]
mod served;
#[path = "product/start.rs"]
mod start;
#[path = "product/table.rs"]
mod table;
#[path = "product/turns.rs"]
mod turns;

use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use table::Table;

/// How often all of it is measured, as long as one row is over its limit each time.
const TRIES: usize = 3;

#[derive(Parser)]
struct Options {
    /// Fail where a figure is over its limit.
    #[arg(long)]
    check: bool,
    /// What `cargo bench` passes to every benchmark.
    #[arg(long)]
    bench: bool,
    /// What is measured; all of it where nothing is named.
    groups: Vec<Group>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Group {
    Start,
    Prefix,
    Long,
    Knowing,
    Many,
    Served,
    Asking,
    Typing,
    Rebasing,
}

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut options = Options::parse();
    if options.groups.is_empty() {
        options.groups = Group::value_variants().to_vec();
    }
    let mut over: Option<Vec<String>> = None;
    for _ in 0..if options.check { TRIES } else { 1 } {
        let table = runtime.block_on(measured(&options.groups));
        print!("{}", table.text);
        for (row, figure) in &table.failures {
            println!("over its limit: {row}: {figure}");
        }
        let rows = table.failures.into_iter().map(|(row, _)| row);
        let still = rows.filter(|row| over.as_ref().is_none_or(|over| over.contains(row)));
        let still: Vec<String> = still.collect();
        let holds = still.is_empty();
        over = Some(still);
        if holds {
            return ExitCode::SUCCESS;
        }
    }
    ExitCode::from(u8::from(options.check))
}

async fn measured(groups: &[Group]) -> Table {
    let mut table = Table::default();
    for group in groups {
        match group {
            Group::Start => start::cold(&mut table).await,
            Group::Prefix => prefix::shared(&mut table).await,
            Group::Long => turns::long_runs(&mut table).await,
            Group::Knowing => turns::knowing_runs(&mut table).await,
            Group::Many => turns::many_runs(&mut table).await,
            Group::Served => served::rows(&mut table).await,
            Group::Asking => proposals::asking(&mut table).await,
            Group::Typing => proposals::typing(&mut table).await,
            Group::Rebasing => proposals::rebasing(&mut table),
        }
    }
    table
}
