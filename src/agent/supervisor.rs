//! Which runs are active in this process: starting, queueing, aborting, interrupting, leases.
//!
//! **Invariants.** At most one task drives a run. A prompt that was enqueued is found by that task or
//! starts one: the queue is looked at for the last time under the lock that a start takes. What a
//! start can be refused for is refused before it returns; by then the run and its prompt are stored.

use std::collections::{HashMap, HashSet};
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::entries::{LoopId, Outcome, ProjectId, RunAlias, RunId, RunStatus};
use crate::llm::{LlmError, Models};
use crate::plugins::{Plugins, stream};
use crate::store::leases::{self, Holder};
use crate::store::loops::{self, Loop, NewLoop};
use crate::store::runs::{self, Changes, Run};
use crate::store::{Store, StoreError, Tx, proposals};
use crate::workspace::ProcessIdentity;

use super::board::Boards;
use super::commands::Commands;
use super::events::{EventKind, Events, Subject};
use super::heartbeat;
use super::host::Host;
use super::job::Settings;
use super::run::run_loop;
use super::start::{Start, StartError, Started};
use super::stop::Stop;

/// How long an interruption waits for loops to settle before it cuts them off.
const SETTLE: Duration = Duration::from_secs(5);

/// What all loops of a process share.
pub struct Shared {
    pub store: Store,
    pub plugins: Plugins,
    pub models: Arc<Models>,
    pub host: Arc<dyn Host>,
    pub events: Events,
    pub commands: Commands,
    pub(super) boards: Boards,
    /// Files that no run may touch, wherever they lie: the database.
    pub protected: Vec<PathBuf>,
    pub(super) holder: Holder,
    active: Mutex<HashMap<RunId, Active>>,
    /// Held from before a loop is stored until its settings lie in `active`, and while one is claimed.
    starting: tokio::sync::Mutex<()>,
    /// Projects that nobody has open any more: what is started there is interrupted at once. Looked
    /// at and changed under the lock of `active`.
    closed: Mutex<HashSet<ProjectId>>,
}

/// A run that a task of this process drives.
struct Active {
    project: ProjectId,
    /// Ends the drive: the loop that runs, and those that wait.
    interrupt: CancellationToken,
    /// Ends the loop that runs now or is about to, not those that wait behind it.
    abort: CancellationToken,
    /// The loop that runs now.
    in_loop: Option<LoopId>,
    /// What was enqueued since the task looked at the queue.
    more: bool,
    /// What each waiting loop was started with.
    settings: HashMap<LoopId, Arc<Settings>>,
    /// Counts the loops that have ended; closed when the task has.
    ends: watch::Receiver<u64>,
}

/// The handle. Clones share everything.
#[derive(Clone)]
pub struct Supervisor {
    shared: Arc<Shared>,
}

impl Supervisor {
    /// Takes over a store: the runs that no live process drives are interrupted.
    pub async fn new(
        store: Store,
        plugins: Plugins,
        models: Arc<Models>,
        host: Arc<dyn Host>,
        commands: Commands,
        events: Events,
    ) -> Result<Self, StoreError> {
        store
            .write(|tx| {
                stream::bury(tx, lives)?;
                leases::recover(tx, lives)
            })
            .await?;
        let file = store.file().to_owned();
        let beside = |suffix: &str| {
            let mut name = file.clone().into_os_string();
            name.push(suffix);
            PathBuf::from(name)
        };
        let shared = Arc::new(Shared {
            protected: vec![file.clone(), beside("-wal"), beside("-shm")],
            store,
            plugins,
            models,
            host,
            events,
            holder: commands.holder().clone(),
            commands,
            boards: Boards::default(),
            active: Mutex::default(),
            starting: tokio::sync::Mutex::default(),
            closed: Mutex::default(),
        });
        tokio::spawn(heartbeat::beat(Arc::downgrade(&shared)));
        Ok(Self { shared })
    }

    pub fn events(&self) -> &Events {
        &self.shared.events
    }

    pub fn store(&self) -> &Store {
        &self.shared.store
    }

    pub fn protected(&self) -> &[PathBuf] {
        &self.shared.protected
    }

    /// Whether a model can be called at all, as far as that can be told without calling it.
    pub fn check_model(&self, model: &crate::llm::ModelSpec) -> Result<(), LlmError> {
        self.shared.models.check(model)
    }

    pub fn commands(&self) -> &Commands {
        &self.shared.commands
    }

    pub fn models(&self) -> &Models {
        &self.shared.models
    }

    /// Starts a run, or puts a prompt behind those of a run that exists.
    pub async fn start(&self, start: Start) -> Result<Started, StartError> {
        if start.prompt.trim().is_empty() {
            return Err(StartError::NoPrompt);
        }
        self.shared.models.check(&start.settings.model)?;
        self.shared.commands.hide_keys([&start.settings.model]);
        let settings = Arc::new(start.settings.clone());
        let holder = self.shared.holder.clone();
        // Until the settings lie beside the loop, nobody may claim it.
        let _starting = self.shared.starting.lock().await;
        let (run, in_loop, joins) = self
            .shared
            .store
            .write(move |tx| {
                let run = match start.run(tx)? {
                    Ok(run) => run,
                    Err(refused) => return Ok(Err(refused)),
                };
                leases::acquire(tx, run, &holder, lives)?;
                let mut new = NewLoop {
                    mode: start.mode,
                    model: &start.settings.model.alias,
                    prompt: &start.prompt,
                    config: &start.config,
                    joins: false,
                };
                new.joins = start.joins && loops::can_join(tx, run, &new)?;
                let joins = new.joins;
                let in_loop = loops::enqueue(tx, run, &new)?;
                if !runs::by_id(tx, run)?.status.is_active() {
                    runs::set_status(tx, run, RunStatus::Queued, None)?;
                }
                Ok(Ok((runs::by_id(tx, run)?, in_loop, joins)))
            })
            .await??;
        let started = Started {
            run: run.id,
            alias: run.alias.clone(),
            status: run.status,
            joins,
        };
        let subject = Subject::of(run);
        self.shared.events.tell_changed(&subject);
        self.drive(subject, in_loop, settings);
        Ok(started)
    }

    /// Changes a run's settings, for its loops that begin from now on. Refused where another process
    /// drives the run.
    pub async fn configure(&self, run: RunId, changes: Changes) -> Result<(), StoreError> {
        self.change(run, move |tx| runs::configure(tx, run, &changes))
            .await?;
        Ok(())
    }

    /// Gives a run another name, be it active or not. Refused where another process drives it.
    pub async fn rename(&self, run: RunId, name: RunAlias) -> Result<(), StoreError> {
        let renamed = self
            .change(run, move |tx| runs::rename(tx, run, &name))
            .await?;
        // They name their run.
        self.shared
            .events
            .tell(&Subject::of(renamed), EventKind::Proposals);
        Ok(())
    }

    /// Removes a run that is not active.
    pub async fn delete(&self, run: Run) -> Result<(), StoreError> {
        let id = run.id;
        self.shared
            .store
            .write(move |tx| runs::delete(tx, id))
            .await?;
        drop(self.shared.boards.take(id));
        self.shared
            .events
            .tell(&Subject::of(run), EventKind::Deleted);
        Ok(())
    }

    /// Changes something of a run that no loop does, under its lease.
    async fn change(
        &self,
        run: RunId,
        change: impl FnOnce(&mut Tx<'_>) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<Run, StoreError> {
        let holder = self.shared.holder.clone();
        let changed = self
            .shared
            .store
            .write(move |tx| {
                leases::acquire(tx, run, &holder, lives)?;
                change(tx)?;
                leases::release(tx, run, &holder)?;
                runs::by_id(tx, run)
            })
            .await?;
        self.shared
            .events
            .tell_changed(&Subject::of(changed.clone()));
        Ok(changed)
    }

    /// Ends the active loop of a run, and the commands that run for it; the prompts that wait behind it
    /// stay. On a run that is not active, what is left proposed is cancelled.
    pub async fn abort(&self, subject: &Subject) -> Result<(), StoreError> {
        let ends = self.active().get(&subject.run).map(|active| {
            active.abort.cancel();
            let mut ends = active.ends.clone();
            ends.mark_unchanged();
            ends
        });
        let run = subject.run;
        if let Some(mut ends) = ends {
            // An error: the task has ended, and its loop with it.
            let _ = ends.changed().await;
            return Ok(());
        }
        let holder = self.shared.holder.clone();
        self.shared
            .store
            .write(move |tx| {
                // Refused where another process drives the run.
                leases::acquire(tx, run, &holder, lives)?;
                proposals::cancel_pending(tx, run, &Outcome::Aborted)?;
                stream::close_all(tx, run, &Outcome::Aborted)?;
                if runs::by_id(tx, run)?.status.is_active() {
                    return leases::interrupt(tx, run);
                }
                leases::release(tx, run, &holder)
            })
            .await?;
        self.shared.events.tell(subject, EventKind::Proposals);
        self.shared.events.tell_changed(subject);
        Ok(())
    }

    /// Nobody has these projects open any more: a start that is under way there ends at once.
    pub fn close(&self, projects: impl IntoIterator<Item = ProjectId>) {
        let _active = self.active();
        self.shared.closed().extend(projects);
    }

    /// Somebody has opened this project.
    pub fn open(&self, project: ProjectId) {
        let _active = self.active();
        self.shared.closed().remove(&project);
    }

    /// Interrupts the runs of the projects that `wanted` picks and their commands, waits for them to
    /// settle, and leaves the store tidy. What is proposed stays.
    pub async fn interrupt(&self, wanted: impl Fn(ProjectId) -> bool) {
        let waiting: Vec<(RunId, watch::Receiver<u64>)> = self
            .active()
            .iter()
            .filter(|(_, active)| wanted(active.project))
            .map(|(run, active)| {
                active.interrupt.cancel();
                (*run, active.ends.clone())
            })
            .collect();
        let runs: Vec<RunId> = waiting.iter().map(|(run, _)| *run).collect();
        let all = futures::future::join_all(
            waiting
                .into_iter()
                .map(|(_, mut ends)| async move { while ends.changed().await.is_ok() {} }),
        );
        let all = futures::future::join(all, self.shared.commands.interrupt(&wanted));
        let mut cut_off = Vec::new();
        if tokio::time::timeout(SETTLE, all).await.is_err() {
            tracing::warn!("some runs did not settle in time and are cut off");
            cut_off.extend(
                runs.into_iter()
                    .filter(|run| self.active().contains_key(run)),
            );
        }
        let holder = self.shared.holder.clone();
        let interrupted = self
            .shared
            .store
            .write(move |tx| {
                cut_off
                    .into_iter()
                    .try_for_each(|run| leases::give_up(tx, run, &holder))
            })
            .await;
        for result in [interrupted, self.shared.store.flush().await] {
            if let Err(error) = result {
                tracing::warn!(%error, "the store could not be left tidy");
            }
        }
    }

    /// Hands a stored loop to the task of its run, starting one where there is none.
    fn drive(&self, subject: Subject, in_loop: LoopId, settings: Arc<Settings>) {
        let mut active = self.active();
        if let Some(active) = active.get_mut(&subject.run) {
            active.more = true;
            active.settings.insert(in_loop, settings);
            return;
        }
        let (ended, ends) = watch::channel(0);
        let interrupt = CancellationToken::new();
        if self.shared.closed().contains(&subject.project) {
            interrupt.cancel();
        }
        let entry = Active {
            project: subject.project,
            interrupt: interrupt.clone(),
            abort: CancellationToken::new(),
            in_loop: None,
            more: false,
            settings: HashMap::from([(in_loop, settings)]),
            ends,
        };
        active.insert(subject.run, entry);
        drop(active);
        let shared = Arc::clone(&self.shared);
        tokio::spawn(async move {
            let run = subject.run;
            let drained = AssertUnwindSafe(drain(&shared, &subject, &interrupt, &ended));
            let why = match drained.catch_unwind().await {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(error.to_string()),
                Err(_panic) => Some("its task panicked".to_owned()),
            };
            if let Some(why) = why {
                tracing::error!(why, "a run was left by its driver");
                // First, so that a prompt that comes now starts a task of its own.
                shared.active().remove(&run);
                if let Err(error) = shared.give_up(run).await {
                    tracing::error!(%error, "and could not be marked as interrupted");
                }
                shared.events.tell_changed(&subject);
            }
        });
    }

    fn active(&self) -> MutexGuard<'_, HashMap<RunId, Active>> {
        self.shared.active()
    }
}

impl Shared {
    fn active(&self) -> MutexGuard<'_, HashMap<RunId, Active>> {
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn closed(&self) -> MutexGuard<'_, HashSet<ProjectId>> {
        self.closed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the drive of a run, unless something was enqueued meanwhile.
    fn leave(&self, run: RunId) -> bool {
        let mut active = self.active();
        match active.get_mut(&run) {
            // Looked at once more even when interrupted: then the queue is, too.
            Some(entry) if entry.more => {
                entry.more = false;
                false
            }
            _ => {
                active.remove(&run);
                true
            }
        }
    }

    /// The token and the settings of a loop that begins.
    fn enter(&self, run: RunId, in_loop: LoopId) -> Option<(CancellationToken, Arc<Settings>)> {
        let mut active = self.active();
        let entry = active.get_mut(&run)?;
        let settings = entry.settings.remove(&in_loop)?;
        entry.in_loop = Some(in_loop);
        Some((entry.abort.clone(), settings))
    }

    /// Claims the next loop, with its token and its settings; without those where another process
    /// has left it in the queue.
    async fn next_loop(
        &self,
        run: RunId,
    ) -> Result<Option<(Loop, Option<(CancellationToken, Arc<Settings>)>)>, StoreError> {
        let _starting = self.starting.lock().await;
        let claimed = self.claim(run).await?;
        Ok(claimed.map(|in_loop| {
            let entered = self.enter(run, in_loop.id);
            (in_loop, entered)
        }))
    }

    /// Makes the oldest prompt in a run's queue the active loop, if this process still drives the
    /// run.
    async fn claim(&self, run: RunId) -> Result<Option<Loop>, StoreError> {
        let holder = self.holder.clone();
        let claimed = move |tx: &mut Tx<'_>| {
            if leases::is_held_by(tx, run, &holder)? {
                loops::claim(tx, run)
            } else {
                Ok(None)
            }
        };
        self.store.write(claimed).await
    }

    /// Interrupts a run, if this process still drives it.
    async fn give_up(&self, run: RunId) -> Result<(), StoreError> {
        let holder = self.holder.clone();
        self.store
            .write(move |tx| leases::give_up(tx, run, &holder))
            .await
    }

    /// Whether any run is active in this process.
    pub(super) fn drives_any(&self) -> bool {
        !self.active().is_empty()
    }

    /// The loops that run in this process now, and what ends each of them.
    pub(super) fn running(&self) -> Vec<(LoopId, CancellationToken)> {
        self.active()
            .values()
            .filter_map(|entry| Some((entry.in_loop?, entry.abort.clone())))
            .collect()
    }
}

/// Gives the next loop a token of its own and tells those who wait that one has ended.
fn loop_ended(shared: &Shared, run: RunId, ended: &watch::Sender<u64>) {
    if let Some(entry) = shared.active().get_mut(&run) {
        entry.abort = CancellationToken::new();
        entry.in_loop = None;
    }
    ended.send_modify(|count| *count += 1);
}

/// Runs the loops of a run until its queue is empty, then gives the lease back.
async fn drain(
    shared: &Shared,
    subject: &Subject,
    interrupt: &CancellationToken,
    ended: &watch::Sender<u64>,
) -> Result<(), StoreError> {
    let run = subject.run;
    loop {
        while !interrupt.is_cancelled()
            && let Some((in_loop, entered)) = shared.next_loop(run).await?
        {
            let Some((abort, settings)) = entered else {
                // A loop that another process left in the queue: nothing is run again by itself.
                let outcome = Outcome::Interrupted;
                let ended = move |tx: &mut Tx<'_>| {
                    loops::set_status(tx, in_loop.id, RunStatus::Aborted, Some(&outcome))
                };
                shared.store.write(ended).await?;
                continue;
            };
            let stop = Stop {
                abort,
                interrupt: interrupt.clone(),
            };
            run_loop(shared, subject, in_loop, settings, stop).await?;
            loop_ended(shared, run, ended);
        }
        if interrupt.is_cancelled() {
            let holder = shared.holder.clone();
            let left = move |tx: &mut Tx<'_>| {
                if loops::has_queued(tx, run)? {
                    return leases::give_up(tx, run, &holder);
                }
                Ok(())
            };
            shared.store.write(left).await?;
        }
        if shared.leave(run) {
            break;
        }
    }
    let holder = shared.holder.clone();
    shared
        .store
        .write(move |tx| leases::release(tx, run, &holder))
        .await
}

/// Whether the process that holds a lease still runs.
pub fn lives(holder: &Holder) -> bool {
    let identity = ProcessIdentity {
        pid: holder.pid,
        started: holder.started.clone(),
    };
    identity.is_alive()
}
