//! The commands that this process looks after: each from the moment at which its acceptance was recorded
//! to its end. Those of `commands.executor: server` it runs below the workspace's folder; those that a
//! client runs it only follows, and keeps their time.
//!
//! **Invariants.** The store says whether a command is to run: when its log entry is no longer
//! `streaming`, whoever wrote that, the command is ended. What is kept of an output, here and in the
//! store, has a limit, and what is told of it each moment has one too.

mod output;

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::broadcast;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::entries::{Effect, EntryPath, Executor, Outcome, ProjectId, RunId, State};
use crate::llm::{Key, ModelSpec};
use crate::plugins::stream::{self, CHANNELS, End, StreamError, Terms};
use crate::store::leases::Holder;
use crate::store::{Change, Store, StoreError, Tx, entries, projects, proposals, runners};
use crate::workspace::ProcessIdentity;
use crate::workspace::shell::{self, Pipes, Running};

use super::events::{EventKind, Events, Subject};
use output::Output;

/// How often new output is told, and the store looked at for what another process wrote.
const TELL: Duration = Duration::from_millis(200);

/// How often, at most, new output is kept in the store.
const KEEP: Duration = Duration::from_millis(500);

/// How long the rest of an output is waited for once its command is gone.
const DRAIN: Duration = Duration::from_millis(500);

/// How much of an output is read at once.
const PIECE: usize = 64 << 10;

/// The handle. Clones share everything.
#[derive(Clone)]
pub struct Commands(Arc<Shared>);

struct Shared {
    store: Store,
    events: Events,
    holder: Holder,
    running: Mutex<HashMap<(RunId, EntryPath), Arc<Care>>>,
    /// The environment variables that hold keys of models.
    secret: Mutex<BTreeSet<String>>,
}

/// A command that is looked after.
struct Care {
    project: ProjectId,
    outputs: [Mutex<Output>; CHANNELS.len()],
    /// The process ends, or nobody has the folder open any more.
    interrupt: CancellationToken,
    /// The client that runs it ends it by itself: it need not be told.
    client_ends: AtomicBool,
    ended: CancellationToken,
}

/// A command that is to be run.
struct Job {
    subject: Subject,
    path: EntryPath,
    line: String,
    terms: Terms,
    folder: String,
}

impl Commands {
    pub fn new(store: Store, events: Events, process: &ProcessIdentity) -> Self {
        Self(Arc::new(Shared {
            store,
            events,
            holder: Holder {
                pid: process.pid,
                started: process.started.clone(),
            },
            running: Mutex::default(),
            secret: Mutex::default(),
        }))
    }

    /// Who is to be recorded as the process that looks after a command.
    pub fn holder(&self) -> &Holder {
        &self.0.holder
    }

    /// No command sees the keys of these models from now on.
    pub fn hide_keys<'m>(&self, models: impl IntoIterator<Item = &'m ModelSpec>) {
        let named = models.into_iter().filter_map(|model| match &model.api_key {
            Key::Env(variable) => Some(variable.clone()),
            Key::Default | Key::Command(_) | Key::Given(_) => None,
        });
        lock(&self.0.secret).extend(named);
    }

    /// Takes on a command whose acceptance was recorded.
    pub fn start(&self, subject: Subject, path: EntryPath) {
        let care = Arc::new(Care {
            project: subject.project,
            outputs: Default::default(),
            interrupt: CancellationToken::new(),
            client_ends: AtomicBool::new(false),
            ended: CancellationToken::new(),
        });
        let key = (subject.run, path);
        self.running().insert(key.clone(), Arc::clone(&care));
        let shared = Arc::clone(&self.0);
        tokio::spawn(async move {
            let (run, path) = key.clone();
            let looked_after = shared.look_after(&subject, &path, &care);
            let done = std::panic::AssertUnwindSafe(looked_after)
                .catch_unwind()
                .await;
            let why = match done {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(error.to_string()),
                Err(_panic) => Some("its task panicked".to_owned()),
            };
            if let Some(why) = why {
                tracing::error!(%path, why, "a command was left alone");
                shared.end(run, &path, End::Broken(why), None).await;
            }
            lock(&shared.running).remove(&key);
            care.ended.cancel();
            shared.events.tell_changed(&subject);
        });
    }

    /// A client that runs a command says what it printed. It is kept when this returns.
    pub async fn feed(
        &self,
        run: RunId,
        path: &EntryPath,
        channel: u32,
        chunk: &str,
    ) -> Result<(), StreamError> {
        let (store, log) = (&self.0.store, path.clone());
        let check = store.write(move |tx| Ok(stream::run_by_client(tx, run, &log)));
        check.await??;
        let no_channel = || StreamError::NoChannel {
            path: path.clone(),
            channel,
        };
        let index = CHANNELS.iter().position(|known| *known == channel);
        let index = index.ok_or_else(no_channel)?;
        let care = self.care(run, path)?;
        let now = {
            let mut output = lock(&care.outputs[index]);
            output.push(chunk.as_bytes());
            output.kept()
        };
        if let Some(now) = now {
            let path = path.clone();
            store
                .write(move |tx| stream::keep(tx, run, &path, channel, &now))
                .await?;
        }
        Ok(())
    }

    /// A client that runs a command says how it ended. Returns the number of its channels.
    pub async fn finish(
        &self,
        run: RunId,
        path: &EntryPath,
        end: End,
        took: Option<String>,
    ) -> Result<usize, StreamError> {
        let care = self.care(run, path);
        if let Ok(care) = &care {
            care.client_ends.store(true, Ordering::Relaxed);
        }
        let log = path.clone();
        let closed = move |tx: &mut Tx<'_>| {
            if let Err(refused) = stream::run_by_client(tx, run, &log) {
                return Ok(Err(refused));
            }
            Ok(stream::close(tx, run, &log, &end, took.as_deref()))
        };
        let closed = self.0.store.write(closed).await?;
        if let (Ok(care), Err(_)) = (&care, &closed) {
            care.client_ends.store(false, Ordering::Relaxed);
        }
        closed
    }

    /// Interrupts the commands of the projects that `wanted` picks, and waits until they are gone.
    pub async fn interrupt(&self, wanted: impl Fn(ProjectId) -> bool) {
        let interrupted: Vec<Arc<Care>> = self
            .running()
            .values()
            .filter(|care| wanted(care.project))
            .cloned()
            .collect();
        for care in &interrupted {
            care.interrupt.cancel();
        }
        for care in interrupted {
            care.ended.cancelled().await;
        }
    }

    /// A command that this process looks after.
    fn care(&self, run: RunId, path: &EntryPath) -> Result<Arc<Care>, StreamError> {
        let found = self.running().get(&(run, path.clone())).cloned();
        found.ok_or_else(|| StreamError::Elsewhere(path.clone()))
    }

    fn running(&self) -> MutexGuard<'_, HashMap<(RunId, EntryPath), Arc<Care>>> {
        lock(&self.0.running)
    }
}

impl Shared {
    /// Sees a command to its end.
    async fn look_after(
        &self,
        subject: &Subject,
        path: &EntryPath,
        care: &Arc<Care>,
    ) -> Result<(), StoreError> {
        let Some(job) = self.job(subject, path).await? else {
            return Ok(());
        };
        let begun = Instant::now();
        let started = match job.terms.executor {
            Executor::Client => Ok(None),
            Executor::Server => {
                let secret: Vec<String> = lock(&self.secret).iter().cloned().collect();
                shell::start(Path::new(&job.folder), &job.line, &secret).map(Some)
            }
        };
        let end = match started {
            Err(error) => Some(End::Broken(error.to_string())),
            Ok(None) => self.follow(&job, care, None).await?,
            Ok(Some((mut running, pipes))) => {
                let readers = read_all(pipes, care);
                let end = self.follow(&job, care, Some(&mut running)).await;
                running.end().await;
                // A reader that does not come to its end is dropped with its pipe.
                let _ = timeout(DRAIN, readers.join_all()).await;
                end?
            }
        };
        self.tell(&job, care, true);
        self.keep(&job, care).await?;
        let took = format!("{:.1} s", begun.elapsed().as_secs_f32());
        if let Some(end) = end {
            self.end(subject.run, path, end.clone(), Some(took)).await;
            if let End::CutOff(outcome) = end {
                self.tell_cancelled(&job, &outcome);
            }
            return Ok(());
        }
        // Somebody else has ended it.
        let outcome = self.ended_with(&job).await?;
        if !care.client_ends.load(Ordering::Relaxed) {
            self.tell_cancelled(&job, &outcome);
        }
        Ok(())
    }

    /// What is to be run, and where; none where it has been ended already.
    async fn job(&self, subject: &Subject, path: &EntryPath) -> Result<Option<Job>, StoreError> {
        let (subject, path) = (subject.clone(), path.clone());
        let found = move |tx: &mut Tx<'_>| {
            let terms = match stream::running(tx, subject.run, &path) {
                Ok((_, terms)) => terms,
                Err(StreamError::Store(error)) => return Err(error),
                Err(_) => return Ok(None),
            };
            let proposal = proposals::find(tx, subject.run, &path)?;
            let project = projects::find(tx, subject.project)?;
            let (Some(proposal), Some(project)) = (proposal, project) else {
                return Ok(None);
            };
            let Effect::Command { line } = proposal.effect else {
                return Ok(None);
            };
            Ok(Some(Job {
                subject,
                path,
                line,
                terms,
                folder: project.root,
            }))
        };
        self.store.write(found).await
    }

    /// Follows a command until it ends, by itself or by what is to end it now; none where it was ended
    /// in the store.
    async fn follow(
        &self,
        job: &Job,
        care: &Care,
        mut running: Option<&mut Running>,
    ) -> Result<Option<End>, StoreError> {
        let mut changes = self.store.changes();
        let mut tick = tokio::time::interval(TELL);
        let limit = sleep(job.terms.timeout);
        tokio::pin!(limit);
        let mut keep_at = Instant::now() + KEEP;
        loop {
            let exited = async {
                match running.as_deref_mut() {
                    Some(running) => running.exit_code().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                code = exited => return Ok(Some(match code {
                    Ok(code) => End::Exited(code),
                    Err(error) => End::Broken(error.to_string()),
                })),
                () = care.interrupt.cancelled() => {
                    return Ok(Some(End::CutOff(Outcome::Interrupted)));
                }
                () = &mut limit => {
                    let seconds = job.terms.timeout.as_secs();
                    let outcome = format!("it took longer than {seconds} s");
                    return Ok(Some(End::CutOff(Outcome::Reason(outcome))));
                }
                change = changes.recv() => {
                    if is_about(&change, job) && !self.is_streaming(job).await? {
                        return Ok(None);
                    }
                }
                _ = tick.tick() => {
                    if !self.is_streaming(job).await? {
                        return Ok(None);
                    }
                    self.tell(job, care, false);
                    if Instant::now() >= keep_at {
                        self.keep(job, care).await?;
                        keep_at = Instant::now() + KEEP;
                    }
                }
            }
        }
    }

    async fn is_streaming(&self, job: &Job) -> Result<bool, StoreError> {
        let (run, path) = (job.subject.run, job.path.clone());
        self.store
            .read(move |connection| {
                let entry = entries::find(connection, run, &path)?;
                Ok(entry.is_some_and(|entry| entry.state == State::Streaming))
            })
            .await
    }

    /// What somebody else has ended a command with.
    async fn ended_with(&self, job: &Job) -> Result<Outcome, StoreError> {
        let (run, path) = (job.subject.run, job.path.clone());
        let entry = self
            .store
            .write(move |tx| {
                runners::release(tx, run, &path)?;
                entries::find(tx, run, &path)
            })
            .await?;
        let outcome = entry.and_then(|entry| entry.outcome);
        Ok(outcome.unwrap_or(Outcome::Aborted))
    }

    /// Tells what came since the last time.
    fn tell(&self, job: &Job, care: &Care, last: bool) {
        for (channel, output) in CHANNELS.into_iter().zip(&care.outputs) {
            if let Some(chunk) = lock(output).told(last) {
                let kind = EventKind::Chunk {
                    path: job.path.clone(),
                    channel,
                    chunk,
                };
                self.events.tell(&job.subject, kind);
            }
        }
    }

    fn tell_cancelled(&self, job: &Job, outcome: &Outcome) {
        let kind = EventKind::Cancelled {
            path: job.path.clone(),
            reason: outcome.to_string(),
        };
        self.events.tell(&job.subject, kind);
    }

    /// Keeps what came since the last time.
    async fn keep(&self, job: &Job, care: &Care) -> Result<(), StoreError> {
        let outputs = CHANNELS.into_iter().zip(&care.outputs);
        let new: Vec<_> = outputs
            .filter_map(|(channel, output)| Some((channel, lock(output).kept()?)))
            .collect();
        if new.is_empty() {
            return Ok(());
        }
        let (run, path) = (job.subject.run, job.path.clone());
        self.store
            .write(move |tx| {
                new.iter()
                    .try_for_each(|(channel, kept)| stream::keep(tx, run, &path, *channel, kept))
            })
            .await
    }

    /// Records an end, unless somebody else has recorded one.
    async fn end(&self, run: RunId, path: &EntryPath, end: End, took: Option<String>) {
        let log = path.clone();
        let closed =
            move |tx: &mut Tx<'_>| match stream::close(tx, run, &log, &end, took.as_deref()) {
                Err(StreamError::Store(error)) => Err(error),
                Ok(_) | Err(_) => Ok(()),
            };
        if let Err(error) = self.store.write(closed).await {
            tracing::error!(%error, %path, "the end of a command could not be recorded");
        }
    }
}

/// Whether a change may have ended a command. What was missed may have.
fn is_about(change: &Result<Change, broadcast::error::RecvError>, job: &Job) -> bool {
    match change {
        Ok(change) => change.run == job.subject.run && change.path == job.path,
        Err(_) => true,
    }
}

fn read_all(pipes: Pipes, care: &Arc<Care>) -> JoinSet<()> {
    let mut readers = JoinSet::new();
    readers.spawn(read(pipes.stdout, Arc::clone(care), 0));
    readers.spawn(read(pipes.stderr, Arc::clone(care), 1));
    readers
}

async fn read(mut pipe: impl AsyncRead + Unpin, care: Arc<Care>, index: usize) {
    let mut piece = vec![0; PIECE];
    // A pipe that cannot be read any more has come to its end.
    while let Ok(length @ 1..) = pipe.read(&mut piece).await {
        lock(&care.outputs[index]).push(&piece[..length]);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Each critical section leaves what it changes whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
