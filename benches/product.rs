//! What the program costs, measured on the built binary over stdio: `tests/bench` runs it and prints
//! the table; with `--check` it fails where a figure is over its limit. Ratios within one run have
//! strict limits; times have generous ones, which only something that went wrong exceeds. What is over
//! is measured anew: only what stays over each time is no moment of a busy machine.

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

use table::Table;

/// How often all of it is measured, as long as one row is over its limit each time.
const TRIES: usize = 3;

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let checks = std::env::args().any(|argument| argument == "--check");
    let mut over: Option<Vec<String>> = None;
    for _ in 0..if checks { TRIES } else { 1 } {
        let table = runtime.block_on(measured());
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
    ExitCode::from(u8::from(checks))
}

async fn measured() -> Table {
    let mut table = Table::default();
    start::cold(&mut table).await;
    prefix::shared(&mut table).await;
    turns::long_runs(&mut table).await;
    turns::knowing_runs(&mut table).await;
    turns::many_runs(&mut table).await;
    served::rows(&mut table).await;
    proposals::rows(&mut table).await;
    table
}
