//! What the program costs, measured on the built binary over stdio: `tests/bench` runs it and prints
//! the table; with `--check` it fails where a figure is over its limit. Ratios within one run have
//! strict limits; times have generous ones, which only something that went wrong exceeds.

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

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let table = runtime.block_on(async {
        let mut table = Table::default();
        start::cold(&mut table).await;
        prefix::shared(&mut table).await;
        turns::long_runs(&mut table).await;
        turns::knowing_runs(&mut table).await;
        turns::many_runs(&mut table).await;
        served::rows(&mut table).await;
        proposals::rows(&mut table).await;
        table
    });
    print!("{}", table.text);
    let checks = std::env::args().any(|argument| argument == "--check");
    for failure in &table.failures {
        println!("over its limit: {failure}");
    }
    ExitCode::from(u8::from(checks && !table.failures.is_empty()))
}
