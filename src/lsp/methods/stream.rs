//! `stream` and what follows it: the output and the end of a command that a client runs
//! (`commands.executor: client`), and the cancel of any. The checks stand in `plugins::stream`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Context, Done, Method, MethodError, entry_path};
use crate::entries::{EntryPath, Outcome, RunId, Scheme};
use crate::plugins::stream::{self, End, StreamError};

/// The method `stream`.
pub struct Stream;
/// The method `stream/completed`.
pub struct Completed;
/// The method `stream/aborted`.
pub struct Aborted;
/// The method `stream/cancel`.
pub struct Cancel;

#[derive(Debug, Deserialize, JsonSchema)]
pub struct StreamParams {
    pub run: String,
    /// The command's log entry.
    pub path: String,
    /// 1 for what the command prints, 2 for what it complains of.
    pub channel: u32,
    /// What comes behind all that was sent before.
    pub chunk: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CompletedParams {
    pub run: String,
    /// The command's log entry.
    pub path: String,
    /// 0 where it is left out.
    pub exit_code: Option<i32>,
    /// How long it took, in words: `1.5 s`.
    pub duration: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
pub struct AbortedParams {
    pub run: String,
    /// The command's log entry.
    pub path: String,
    /// Told to the model.
    pub reason: Option<String>,
    /// How long it took, in words: `1.5 s`.
    pub duration: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
pub struct CancelParams {
    pub run: String,
    /// The command's log entry.
    pub path: String,
    /// Told to the model.
    pub reason: Option<String>,
}

/// `{ok: true}`, and how many channels were closed.
#[derive(Debug, Serialize)]
pub struct Closed {
    pub ok: bool,
    pub channels: usize,
}

impl Method for Stream {
    const NAME: &'static str = "stream";
    const DESCRIPTION: &'static str =
        "Adds to the output of a command that the client runs. It is kept when this is answered.";
    type Params = StreamParams;
    type Output = Done;

    async fn call(cx: Context, params: StreamParams) -> Result<Done, MethodError> {
        let (run, path) = command(&cx, &params.run, &params.path).await?;
        let commands = cx.engine.supervisor.commands();
        commands
            .feed(run, &path, params.channel, &params.chunk)
            .await?;
        Ok(Done::OK)
    }
}

impl Method for Completed {
    const NAME: &'static str = "stream/completed";
    const DESCRIPTION: &'static str = "Says that a command that the client ran has exited.";
    type Params = CompletedParams;
    type Output = Closed;

    async fn call(cx: Context, params: CompletedParams) -> Result<Closed, MethodError> {
        let code = params.exit_code.unwrap_or(0);
        let end = End::Exited(code);
        finish(&cx, (&params.run, &params.path), end, params.duration).await
    }
}

impl Method for Aborted {
    const NAME: &'static str = "stream/aborted";
    const DESCRIPTION: &'static str =
        "Says that a command that the client ran was ended before its time.";
    type Params = AbortedParams;
    type Output = Closed;

    async fn call(cx: Context, params: AbortedParams) -> Result<Closed, MethodError> {
        let end = End::CutOff(reason(params.reason));
        finish(&cx, (&params.run, &params.path), end, params.duration).await
    }
}

impl Method for Cancel {
    const NAME: &'static str = "stream/cancel";
    const DESCRIPTION: &'static str =
        "Cuts a command off, whoever runs it; the server ends what it runs with all its processes.";
    type Params = CancelParams;
    type Output = Closed;

    async fn call(cx: Context, params: CancelParams) -> Result<Closed, MethodError> {
        let (run, path) = command(&cx, &params.run, &params.path).await?;
        let end = End::CutOff(reason(params.reason));
        let closed = cx
            .store()
            .write(move |tx| Ok(stream::close(tx, run, &path, &end, None)))
            .await?;
        let channels = closed?;
        cx.editors().tell_decided(run).await?;
        Ok(Closed { ok: true, channels })
    }
}

/// The run and the command that a client names.
async fn command(cx: &Context, run: &str, path: &str) -> Result<(RunId, EntryPath), MethodError> {
    let run = cx.run(run).await?;
    let path = entry_path("path", path)?;
    if path.scheme() != Scheme::Log {
        return Err(StreamError::NoCommand(path).into());
    }
    Ok((run.id, path))
}

async fn finish(
    cx: &Context,
    (run, path): (&str, &str),
    end: End,
    took: Option<String>,
) -> Result<Closed, MethodError> {
    let (run, path) = command(cx, run, path).await?;
    let commands = cx.engine.supervisor.commands();
    let channels = commands.finish(run, &path, end, took).await?;
    Ok(Closed { ok: true, channels })
}

fn reason(given: Option<String>) -> Outcome {
    given
        .filter(|reason| !reason.trim().is_empty())
        .map_or(Outcome::Aborted, Outcome::Reason)
}
