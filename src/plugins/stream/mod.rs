//! The channels of a shell command: entries `sh://turn_N/…_1` (what it prints) and `…_2` (what it
//! complains of), made when it is accepted, written while it runs, closed when it ends. Who runs it is
//! not known here.
//!
//! **Invariants.** The log entry of a command is `streaming` while it runs, and its channels with it;
//! they end together, once. Whoever wants to end a command closes it here, and whoever runs it follows
//! what is stored. How much of a channel is shown is the model's to say, and stays as it is.

mod kept;

use std::time::Duration;

use serde_json::{Value, json};

use crate::entries::{
    Attributes, Effect, Entry, EntryPath, Executor, Outcome, Proposal, RunId, State, Visibility,
    Writer,
};
use crate::store::entries::{self, Query, Write};
use crate::store::leases::Holder;
use crate::store::{StoreError, Tx, runners};

pub use kept::{Kept, whole};

/// The channels that every command has: its standard output and its standard error.
pub const CHANNELS: [u32; 2] = [1, 2];

/// What a command printed is shown at once where it has at most so many characters.
const SHORT: usize = 1000;

/// How long an attribute may quote a command line, in characters.
const SUMMARY: usize = 80;

const COMMAND: &str = "command";
const EXECUTOR: &str = "executor";
const TIMEOUT: &str = "timeoutSeconds";
const UNASKED: &str = "unasked";

/// How a command is run, as its entry has it from the session that its loop was started by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    pub executor: Executor,
    pub timeout: Duration,
    /// Runs without asking the user.
    pub unasked: bool,
}

impl Terms {
    /// The attributes of the entry that proposes a command.
    pub fn attributes(self, line: &str) -> Attributes {
        let mut attributes = described(line);
        attributes.insert(EXECUTOR.to_owned(), json!(self.executor));
        attributes.insert(TIMEOUT.to_owned(), json!(self.timeout.as_secs()));
        if self.unasked {
            attributes.insert(UNASKED.to_owned(), json!(true));
        }
        attributes
    }

    /// The terms of the command that an entry proposes; none where it proposes no command.
    pub fn of(entry: &Entry) -> Option<Self> {
        let named = entry.text(EXECUTOR)?;
        let mut executors = Executor::ALL.iter().copied();
        let executor = executors.find(|executor| executor.as_str() == named)?;
        let seconds = entry.attributes.get(TIMEOUT)?.as_u64()?;
        Some(Self {
            executor,
            timeout: Duration::from_secs(seconds),
            unasked: entry.attributes.get(UNASKED) == Some(&Value::Bool(true)),
        })
    }
}

/// How a command came to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    Exited(i32),
    /// It could not be started, or nobody could wait for it.
    Broken(String),
    /// Ended before its time: by the client that ran it, the user, a limit, the end of the process.
    CutOff(Outcome),
}

impl End {
    fn state(&self) -> (State, Option<Outcome>) {
        match self {
            Self::Exited(0) => (State::Resolved, None),
            Self::Exited(code) => (State::Failed, Some(Outcome::Exit(*code))),
            Self::Broken(why) => (State::Failed, Some(Outcome::Reason(why.clone()))),
            Self::CutOff(outcome) => (State::Cancelled, Some(outcome.clone())),
        }
    }

    /// What the log says of it: of which command, and after how long.
    fn told(&self, line: &str, took: Option<&str>) -> String {
        let took = took.map_or_else(String::new, |took| format!(" after {took}"));
        match self {
            Self::Exited(code @ 129..=192) => {
                let signal = code - 128;
                format!("ran `{line}`, exit={code} (ended by signal {signal}){took}.")
            }
            Self::Exited(code) => format!("ran `{line}`, exit={code}{took}."),
            Self::Broken(why) => format!("could not run `{line}`: {why}."),
            Self::CutOff(outcome) => format!("cut off `{line}`{took}: {outcome}."),
        }
    }
}

/// Why a stream is not there to be written or ended.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    #[error("{0} is no command's log entry: name log://turn_N/sh/… or log://turn_N/env/…")]
    NoCommand(EntryPath),
    #[error("{0} does not exist in this run")]
    NotFound(EntryPath),
    #[error("{0} was not accepted yet")]
    Pending(EntryPath),
    #[error("{path} has ended: it is {state}")]
    Ended { path: EntryPath, state: State },
    #[error(
        "{0} is run by the server, which writes and ends its stream; stream/cancel cuts it off"
    )]
    ByServer(EntryPath),
    #[error("{0} is looked after by another process: write to the server that accepted it")]
    Elsewhere(EntryPath),
    #[error("{path} has no channel {channel}: there are 1 and 2")]
    NoChannel { path: EntryPath, channel: u32 },
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes the channels of a command that was accepted.
pub fn open(tx: &mut Tx<'_>, proposal: &Proposal) -> Result<(), StoreError> {
    let Effect::Command { line } = &proposal.effect else {
        return Ok(());
    };
    let (run, path) = (proposal.run, &proposal.path);
    let Some(log) = entries::find(tx, run, path)?.filter(|log| log.state == State::Streaming)
    else {
        return Ok(());
    };
    for channel in CHANNELS {
        let Some(path) = path.channel(channel) else {
            continue;
        };
        let write = Write {
            turn: log.turn,
            in_loop: log.in_loop,
            ..Write::body(path, "")
                .attributes(channel_attributes(line, channel))
                .state(State::Streaming)
                .visibility(Visibility::Summarized)
        };
        entries::set(tx, run, Writer::Plugin, write)?;
    }
    let names: Vec<String> = channels(path).map(|path| path.to_string()).collect();
    let body = format!("runs `{line}`. Output: {}", names.join(", "));
    let mut attributes = log.attributes;
    attributes.extend(described(line));
    let write = Write::body(path.clone(), &body).attributes(attributes);
    entries::set(tx, run, Writer::Plugin, write)
}

/// The command of a log entry that runs, by whom it may be.
pub fn running(tx: &Tx<'_>, run: RunId, path: &EntryPath) -> Result<(Entry, Terms), StreamError> {
    if path.command_scheme().is_none() {
        return Err(StreamError::NoCommand(path.clone()));
    }
    let log = entries::find(tx, run, path)?;
    let log = log.ok_or_else(|| StreamError::NotFound(path.clone()))?;
    let path = path.clone();
    let terms = Terms::of(&log).ok_or(StreamError::NoCommand(path.clone()))?;
    match log.state {
        State::Streaming => Ok((log, terms)),
        State::Proposed => Err(StreamError::Pending(path)),
        state => Err(StreamError::Ended { path, state }),
    }
}

/// The same where it is a client that runs it.
pub fn run_by_client(tx: &Tx<'_>, run: RunId, path: &EntryPath) -> Result<(), StreamError> {
    match running(tx, run, path)?.1.executor {
        Executor::Client => Ok(()),
        Executor::Server => Err(StreamError::ByServer(path.clone())),
    }
}

/// Keeps what a channel holds so far, whatever has become of it. One that is gone stays gone.
pub fn keep(
    tx: &mut Tx<'_>,
    run: RunId,
    path: &EntryPath,
    channel: u32,
    kept: &Kept,
) -> Result<(), StoreError> {
    let Some(path) = path.channel(channel) else {
        return Ok(());
    };
    let Some(entry) = entries::find(tx, run, &path)? else {
        return Ok(());
    };
    let mut attributes = entry.attributes;
    attributes.insert("bytes".to_owned(), json!(kept.bytes()));
    let write = Write::body(path, &kept.text()).attributes(attributes);
    entries::set(tx, run, Writer::Plugin, write)
}

/// Ends a command that runs, and its channels. Returns how many of those there are.
pub fn close(
    tx: &mut Tx<'_>,
    run: RunId,
    path: &EntryPath,
    end: &End,
    took: Option<&str>,
) -> Result<usize, StreamError> {
    let (log, _) = running(tx, run, path)?;
    let mut sizes = Vec::new();
    for channel in channels(path) {
        let Some(entry) = entries::find(tx, run, &channel)? else {
            continue;
        };
        sizes.push(format!("{channel} ({})", size(&entry)));
        let (state, outcome) = end.state();
        let mut write = Write::to(channel).ended(state, outcome);
        let is_short = !entry.body.is_empty() && entry.body.chars().count() <= SHORT;
        if is_short && entry.visibility == Visibility::Summarized {
            write = write.visibility(Visibility::Visible);
        }
        entries::set(tx, run, Writer::Plugin, write)?;
    }
    let line = log.text(COMMAND).unwrap_or("");
    let told = format!("{} Output: {}", end.told(line, took), sizes.join(", "));
    let (state, outcome) = end.state();
    let write = Write::body(path.clone(), &told)
        .attributes(log.attributes.clone())
        .ended(state, outcome);
    entries::set(tx, run, Writer::Plugin, write)?;
    runners::release(tx, run, path)?;
    Ok(sizes.len())
}

/// Cuts off every command of a run that is under way.
pub fn close_all(tx: &mut Tx<'_>, run: RunId, outcome: &Outcome) -> Result<(), StoreError> {
    let streaming = entries::list(tx, run, &Query::in_state(State::Streaming))?;
    let end = End::CutOff(outcome.clone());
    for log in streaming {
        // Else it is a channel, which ends with its command, or the mirror of the run.
        if let Err(StreamError::Store(error)) = close(tx, run, &log.path, &end, None) {
            return Err(error);
        }
    }
    Ok(())
}

/// Interrupts the commands whose process is gone. Returns their runs.
pub fn bury(tx: &mut Tx<'_>, is_alive: impl Fn(&Holder) -> bool) -> Result<Vec<RunId>, StoreError> {
    let mut runs = Vec::new();
    for (run, path) in runners::orphans(tx, is_alive)? {
        match close(tx, run, &path, &End::CutOff(Outcome::Interrupted), None) {
            Err(StreamError::Store(error)) => return Err(error),
            Ok(_) => runs.push(run),
            // It ended before its process could say so.
            Err(_) => runners::release(tx, run, &path)?,
        }
    }
    Ok(runs)
}

fn channels(log: &EntryPath) -> impl Iterator<Item = EntryPath> {
    CHANNELS
        .into_iter()
        .filter_map(|channel| log.channel(channel))
}

fn channel_attributes(line: &str, channel: u32) -> Attributes {
    let mut attributes = described(line);
    attributes.insert("channel".to_owned(), json!(channel));
    attributes.insert("bytes".to_owned(), json!(0));
    attributes
}

/// A command line, whole and short.
fn described(line: &str) -> Attributes {
    let flat = line.split_whitespace().collect::<Vec<_>>().join(" ");
    let summary: String = flat.chars().take(SUMMARY).collect();
    let mut attributes = Attributes::new();
    attributes.insert(COMMAND.to_owned(), json!(line));
    attributes.insert("summary".to_owned(), json!(summary));
    attributes
}

/// How much a channel holds, in words.
fn size(channel: &Entry) -> String {
    let bytes = channel.attributes.get("bytes").and_then(Value::as_u64);
    match bytes {
        Some(1) => "1 byte".to_owned(),
        Some(bytes) if bytes > 0 => format!("{bytes} bytes"),
        _ => "empty".to_owned(),
    }
}
