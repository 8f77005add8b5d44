//! What was sent to the model, byte for byte.

use std::io::{self, Write};

use crate::cli::out::printable;
use crate::lsp::transcript::record::{Head, Record};

/// Prints the two messages of a turn, each below a line that tells what it is and how many bytes it
/// has: a message can forge the line, but not its own length. A terminal is given escapes for what
/// would steer it.
pub fn print(out: &mut impl Write, head: &Head, record: &Record, terminal: bool) -> io::Result<()> {
    let (run, turn) = (&head.run.alias, record.turn.number);
    let Some(packet) = &record.packet else {
        return writeln!(
            out,
            "===== run {run}, turn {turn}: not kept; a packet is kept with its answer ====="
        );
    };
    for (role, message) in [("system", &packet.system), ("user", &packet.user)] {
        let bytes = message.len();
        writeln!(
            out,
            "===== run {run}, turn {turn}, {role}: {bytes} bytes ====="
        )?;
        if terminal {
            for line in message.lines() {
                writeln!(out, "{}", printable(line))?;
            }
            continue;
        }
        out.write_all(message.as_bytes())?;
        if !message.ends_with('\n') {
            writeln!(out)?;
        }
    }
    Ok(())
}

/// Says that there is nothing to print.
pub fn none(out: &mut impl Write, head: &Head) -> io::Result<()> {
    let run = &head.run.alias;
    writeln!(out, "===== run {run}: no turn of its own yet =====")
}
