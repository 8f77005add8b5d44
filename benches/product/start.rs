//! What a start costs.

use std::time::Instant;

use serde_json::Value;

use crate::place::Place;
use crate::table::{Limit, Table, median, to_f64};

/// Starts that are timed; one before them makes the database.
const STARTS: usize = 20;

/// Milliseconds that a start may take however busy the machine is.
const LIMIT: f64 = 500.0;

pub async fn cold(table: &mut Table) {
    let place = Place::new("");
    let mut times = Vec::new();
    let mut memory = Vec::new();
    for at in 0..=STARTS {
        let begun = Instant::now();
        let client = place.start();
        let _: Value = client.call("initialize", place.initialize()).await.unwrap();
        let took = begun.elapsed();
        if at > 0 {
            times.push(took);
            memory.extend(client.process().and_then(resident));
        }
        client.stop().await.unwrap();
    }
    table.time(
        &format!("cold start to `initialize`, median of {STARTS}"),
        median(&times),
        Limit::AtMost(LIMIT),
    );
    if !memory.is_empty() {
        let megabytes = to_f64(median(&memory)) / 1024.0;
        table.row("resident memory after it", megabytes, "MB", Limit::None);
    }
}

/// Resident kilobytes of a process, where the system tells.
fn resident(process: u32) -> Option<u64> {
    let Ok(status) = std::fs::read_to_string(format!("/proc/{process}/status")) else {
        return None;
    };
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().trim_end_matches(" kB").parse().unwrap())
}
