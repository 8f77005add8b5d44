//! `rummy-lsp show RUN`: what the model saw and answered, and what came of it, turn by turn.
//!
//! What is known of a run and its turns is read in [`transcript`]; [`text`] lays it out for people, [`json`]
//! for programs, [`packet`] prints what was sent. A turn is read when it is printed, so a long run
//! takes no more memory than its largest turn.

mod json;
mod packet;
mod text;

use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::process::ExitCode;

use super::database::Database;
use super::out::{Colours, Page};
use crate::entries::{RunAlias, TurnNumber};
use crate::lsp::transcript::{
    self,
    record::{Head, Record},
};
use crate::store::turns::Turn;
use crate::store::{Reader, StoreError, runs};

/// How many names are suggested for one that no run has.
const SUGGESTED: usize = 3;

/// How alike a name must be to be suggested; 1 is the same.
const ALIKE: f32 = 0.5;

const EXAMPLES: &str = "\
Examples:
  rummy-lsp show fix-login | less
      the whole run: prompts, answers, results, proposals, figures
  rummy-lsp show fix-login --turn 3 --packet
      exactly what the model was sent in turn 3
  rummy-lsp show fix-login --json | jq -r '.answer // empty'
      every answer as the model wrote it

A dash in the figures is what the provider did not report. A server may be at work meanwhile:
nothing is changed. `rummy-lsp runs` lists the runs.";

/// Shows what the model saw and answered in a run, turn by turn.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Options {
    /// The run's name
    run: String,
    /// Only the turn N
    #[arg(long, value_name = "N")]
    turn: Option<u32>,
    /// The system and the user message as they were sent, each below a line that tells its size in
    /// bytes: byte for byte where the output goes to a file or a pipe, with control characters
    /// escaped on a terminal
    #[arg(long)]
    packet: bool,
    /// One JSON object a line: the run, then each turn; with --packet the messages are in it
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    database: Database,
}

#[derive(Debug, thiserror::Error)]
pub enum ShowError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(
        "no run is called \"{given}\"{}; rummy-lsp runs --all lists them",
        suggestion(nearest)
    )]
    NoRun {
        given: String,
        nearest: Vec<RunAlias>,
    },
    #[error("the run \"{run}\" has no turn {turn}: {}", last_turn(*last))]
    NoTurn {
        run: RunAlias,
        turn: u32,
        last: Option<TurnNumber>,
    },
    #[error("turn {turn} is older than the run \"{run}\", a fork: {}", in_parent(parent.as_ref(), *turn))]
    BeforeFork {
        run: RunAlias,
        turn: u32,
        parent: Option<RunAlias>,
    },
    #[error(
        "what was sent in turn {turn} of \"{run}\" is not kept: a packet is kept with its answer"
    )]
    NoPacket { run: RunAlias, turn: TurnNumber },
    #[error("the output cannot be written: {0}")]
    Output(#[from] io::Error),
}

fn suggestion(nearest: &[RunAlias]) -> String {
    let names: Vec<&str> = nearest.iter().map(RunAlias::as_str).collect();
    match names.as_slice() {
        [] => String::new(),
        [one] => format!("; the nearest is {one}"),
        several => format!("; the nearest are {}", several.join(", ")),
    }
}

fn last_turn(last: Option<TurnNumber>) -> String {
    match last {
        Some(last) => format!("its last one is {last}"),
        None => "it has taken none yet".to_owned(),
    }
}

fn in_parent(parent: Option<&RunAlias>, turn: u32) -> String {
    match parent {
        Some(parent) => format!("rummy-lsp show {parent} --turn {turn}"),
        None => "the run that it was forked from is no more".to_owned(),
    }
}

/// Prints the run on `out`, which is taken for the process's standard output.
pub async fn run(options: Options, out: &mut dyn Write) -> Result<ExitCode, ShowError> {
    match print(options, &mut BufWriter::new(out)).await {
        // Whoever reads has read enough.
        Err(ShowError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {}
        result => result?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn print(options: Options, out: &mut impl Write) -> Result<(), ShowError> {
    let reader = options.database.open().await?;
    let head = head(&reader, options.run).await?;
    let turns = chosen(&head, options.turn)?;
    if options.json {
        json::line(out, &json::head(&head))?;
    } else if !options.packet && options.turn.is_none() {
        text::head(&head, &mut Page::new(out, Colours::wanted()))?;
    }
    if options.packet && !options.json && turns.is_empty() {
        packet::none(out, &head)?;
    }
    for turn in &turns {
        let record = record(&reader, &head, turn).await?;
        if options.json {
            json::line(out, &json::turn(&head, &record, options.packet))?;
        } else if options.packet {
            if record.packet.is_none() && options.turn.is_some() {
                let (run, turn) = (head.run.alias.clone(), turn.number);
                return Err(ShowError::NoPacket { run, turn });
            }
            packet::print(out, &head, &record, io::stdout().is_terminal())?;
        } else {
            transcript::turn(&head, &record, &mut Page::new(out, Colours::wanted()))?;
        }
    }
    let whole = options.turn.is_none() && !options.json && !options.packet;
    if whole {
        transcript::without_turns(&head, &mut Page::new(out, Colours::wanted()))?;
    }
    Ok(out.flush()?)
}

async fn head(reader: &Reader, given: String) -> Result<Head, ShowError> {
    let found = reader
        .read(move |connection| {
            let alias = given.parse::<RunAlias>();
            let run = match &alias {
                Ok(alias) => runs::by_alias(connection, alias)?,
                // No run can have such a name.
                Err(_) => None,
            };
            Ok(match run {
                Some(run) => Ok(Head::read(connection, run)?),
                None => Err((nearest(&given, runs::aliases(connection)?), given)),
            })
        })
        .await?;
    found.map_err(|(nearest, given)| ShowError::NoRun { given, nearest })
}

async fn record(reader: &Reader, head: &Head, turn: &Turn) -> Result<Record, StoreError> {
    let (run, turn) = (head.run.id, turn.clone());
    reader
        .read(move |connection| Record::read(connection, run, turn))
        .await
}

/// The turns that are asked for: all, or the one.
fn chosen(head: &Head, asked: Option<u32>) -> Result<Vec<Turn>, ShowError> {
    let Some(turn) = asked else {
        return Ok(head.turns.clone());
    };
    let found = head.turns.iter().find(|own| own.number.0 == turn);
    let run = head.run.alias.clone();
    match found {
        Some(found) => Ok(vec![found.clone()]),
        None if (1..=head.inherited()).contains(&turn) => Err(ShowError::BeforeFork {
            run,
            turn,
            parent: head.run.parent.clone(),
        }),
        None => Err(ShowError::NoTurn {
            run,
            turn,
            last: head.run.turn,
        }),
    }
}

/// The names that are most like a given one, the likest first.
fn nearest(given: &str, names: Vec<RunAlias>) -> Vec<RunAlias> {
    let given = given.to_lowercase();
    let mut scored: Vec<(f32, RunAlias)> = names
        .into_iter()
        .map(|name| {
            let lower = name.as_str().to_lowercase();
            let ratio = similar::TextDiff::from_chars(given.as_str(), lower.as_str()).ratio();
            // A name that was not written to its end is likelier than one with a slip in it.
            let begun = !given.is_empty() && lower.starts_with(&given);
            (if begun { 1.0 + ratio } else { ratio }, name)
        })
        .filter(|(score, _)| *score >= ALIKE)
        .collect();
    scored.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    scored.truncate(SUGGESTED);
    scored.into_iter().map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests;
