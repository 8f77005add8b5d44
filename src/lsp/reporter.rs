//! What a session's client is told of the runs in its folders: states, texts, progress, proposals.
//!
//! A task a session, beside the actor: it reads the store, which the actor must not wait for. Runs
//! that another process drives are followed too, by the store's own change counter.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::sync::{broadcast, mpsc};

use super::asking;
use super::hub::Engine;
use super::notifications::{RUN_PROGRESS, RUN_STATE, RUN_TEXT, STREAM_CANCELLED, STREAM_CHUNK};
use super::progress::Progress;
use super::proposals::show::ShownRun;
use super::proposals::view::{OnDisk, Pending};
use super::session::SessionHandle;
use super::state::{self, Cursor, RunState};
use super::types::Uri;
use crate::agent::{Activity, Event, EventKind, Standing, Subject};
use crate::entries::{Effect, EntryPath, ProjectId, Proposal, RunAlias, RunId, TurnNumber};
use crate::plugins::telemetry::Telemetry;
use crate::store::{StoreError, loops, projects, proposals, runs};
use crate::workspace::{Root, read};

/// How often the store is asked whether another process has changed it.
const FOREIGN_TICK: Duration = Duration::from_millis(400);

/// Runs that are looked at when another process has changed something, the newest first.
const FOREIGN_RUNS: u32 = 50;

/// A word from the session to its reporter.
pub enum Signal {
    /// These are the session's projects now. For what is pending in new ones the client is told.
    Projects(Vec<ProjectId>),
    /// A document with proposals was closed: the disk is what counts for these runs from now on.
    Closed(Vec<RunId>),
}

/// Starts a session's reporter. It ends when the sender is gone.
pub fn start(session: SessionHandle, engine: Engine) -> mpsc::UnboundedSender<Signal> {
    let (sender, signals) = mpsc::unbounded_channel();
    let events = engine.supervisor.events().listen();
    let reporter = Reporter {
        session,
        engine,
        projects: Vec::new(),
        runs: HashMap::new(),
        changed: BTreeSet::new(),
        version: None,
    };
    tokio::spawn(reporter.work(events, signals));
    sender
}

struct Reporter {
    session: SessionHandle,
    engine: Engine,
    projects: Vec<ProjectId>,
    runs: HashMap<RunId, Mirror>,
    /// Runs of which something has changed that no loop says more about. The store is asked about them
    /// when no event waits: it may be whole loops ahead of what is still to be told.
    changed: BTreeSet<RunId>,
    /// SQLite's counter of other connections' commits.
    version: Option<i64>,
}

/// What the client knows of a run.
#[derive(Default)]
struct Mirror {
    cursor: Cursor,
    last: Option<RunState>,
    changes: i64,
    progress: Option<Progress>,
    /// What a loop of this process said last of where it stands.
    standing: Option<Standing>,
}

impl Mirror {
    fn loop_standing(&self) -> Option<Standing> {
        self.standing.filter(|standing| standing.status.is_active())
    }
}

impl Reporter {
    async fn work(
        mut self,
        mut events: broadcast::Receiver<Event>,
        mut signals: mpsc::UnboundedReceiver<Signal>,
    ) {
        let mut tick = tokio::time::interval(FOREIGN_TICK);
        loop {
            let done = tokio::select! {
                biased;
                signal = signals.recv() => match signal {
                    Some(Signal::Projects(projects)) => self.adopt(projects).await,
                    Some(Signal::Closed(runs)) => self.look_again(runs).await,
                    None => return,
                },
                event = events.recv() => match event {
                    Ok(event) => self.tell(event).await,
                    Err(broadcast::error::RecvError::Lagged(_)) => self.catch_up().await,
                    Err(broadcast::error::RecvError::Closed) => return,
                },
                _ = tick.tick() => self.look_abroad().await,
            };
            let told = match done {
                Ok(()) if events.is_empty() => self.tell_changed().await,
                done => done,
            };
            if let Err(error) = told {
                tracing::warn!(%error, "the client could not be told of a run");
            }
        }
    }

    async fn tell(&mut self, event: Event) -> Result<(), StoreError> {
        let Event { subject, kind } = event;
        if !self.projects.contains(&subject.project) {
            return Ok(());
        }
        match kind {
            EventKind::State { standing: None, .. } => {
                self.changed.insert(subject.run);
                Ok(())
            }
            EventKind::State {
                standing,
                telemetry,
            } => {
                self.changed.remove(&subject.run);
                self.state(subject.run, standing, telemetry).await
            }
            EventKind::Proposals => self.proposals(subject.run).await,
            EventKind::Deleted => {
                self.deleted(subject.run);
                Ok(())
            }
            EventKind::Progress {
                turn,
                activity,
                detail,
                tokens,
            } => {
                self.progress(&subject, turn, activity, detail.as_deref(), tokens);
                Ok(())
            }
            EventKind::Chunk {
                path,
                channel,
                chunk,
            } => {
                let alias = self.name(&subject);
                let params =
                    json!({"run": alias, "path": path, "channel": channel, "chunk": chunk});
                self.session.outbox.notify(STREAM_CHUNK.method, params);
                Ok(())
            }
            EventKind::Cancelled { path, reason } => {
                let alias = self.name(&subject);
                let params = json!({"run": alias, "path": path, "reason": reason});
                self.session.outbox.notify(STREAM_CANCELLED.method, params);
                Ok(())
            }
            EventKind::Text {
                turn,
                kind,
                offset,
                text,
            } => {
                let alias = self.name(&subject);
                let params = json!({"run": alias, "turn": turn, "kind": kind,
                                    "offset": offset, "text": text});
                self.session.outbox.notify(RUN_TEXT.method, params);
                Ok(())
            }
        }
    }

    /// The run's name now; a loop knows the one that its run had when the loop began.
    fn name(&self, subject: &Subject) -> RunAlias {
        let last = self
            .runs
            .get(&subject.run)
            .and_then(|mirror| mirror.last.as_ref());
        last.map_or_else(|| subject.alias.clone(), |last| last.run.clone())
    }

    fn deleted(&mut self, run: RunId) {
        self.changed.remove(&run);
        self.runs.remove(&run);
        self.session.post(move |session| {
            session.shown.clear(run);
            session.refresh();
        });
    }

    async fn tell_changed(&mut self) -> Result<(), StoreError> {
        while let Some(run) = self.changed.pop_first() {
            self.state(run, None, None).await?;
        }
        Ok(())
    }

    async fn state(
        &mut self,
        run: RunId,
        standing: Option<Standing>,
        telemetry: Option<Arc<Telemetry>>,
    ) -> Result<(), StoreError> {
        let mirror = self.runs.entry(run).or_default();
        let cursor = mirror.cursor.clone();
        let (found, state, cursor) =
            state::read(self.engine.supervisor.store(), run, cursor).await?;
        let was_renamed = mirror
            .last
            .as_ref()
            .is_some_and(|last| last.run != state.run);
        // A loop that is under way says itself where it stands; the store may be ahead of what it
        // has told.
        let standing = standing.or_else(|| mirror.loop_standing());
        let active = standing
            .map_or(found.status, |standing| standing.status)
            .is_active();
        let state = state
            .standing(standing)
            .with_telemetry(telemetry.as_deref());
        mirror.standing = standing;
        mirror.cursor = cursor;
        mirror.changes = found.changes;
        if mirror
            .last
            .as_ref()
            .is_some_and(|last| state.says_nothing_beyond(last))
        {
            return Ok(());
        }
        self.session.outbox.notify(RUN_STATE.method, &state);
        if active {
            if mirror.progress.is_none() {
                let max_turns = self
                    .session
                    .ask(|session| session.config.limits.max_turns)
                    .await;
                let (session, alias) = (self.session.clone(), found.alias.clone());
                mirror.progress = max_turns.map(|max| Progress::begin(session, run, alias, max));
            }
        } else if let Some(progress) = mirror.progress.take() {
            progress.end(&state.summary);
        }
        mirror.last = Some(state);
        if was_renamed {
            return self.proposals(run).await;
        }
        Ok(())
    }

    fn progress(
        &mut self,
        subject: &Subject,
        turn: TurnNumber,
        activity: Activity,
        detail: Option<&str>,
        tokens: Option<u64>,
    ) {
        let mut params = json!({"run": self.name(subject), "turn": turn, "status": activity});
        if let (Some(object), Some(detail)) = (params.as_object_mut(), detail) {
            object.insert("detail".to_owned(), json!(detail));
        }
        if let (Some(object), Some(tokens)) = (params.as_object_mut(), tokens) {
            object.insert("tokens".to_owned(), json!(tokens));
        }
        self.session.outbox.notify(RUN_PROGRESS.method, params);
        let mirror = self.runs.get(&subject.run);
        if let Some(progress) = mirror.and_then(|mirror| mirror.progress.as_ref()) {
            progress.report(turn, activity, detail, tokens);
        }
    }

    /// Hands the run's pending set to the session, which shows it.
    async fn proposals(&self, run: RunId) -> Result<(), StoreError> {
        let loaded = self
            .engine
            .supervisor
            .store()
            .read(move |connection| {
                let found = runs::by_id(connection, run)?;
                let project = projects::find(connection, found.project)?;
                let current = loops::current(connection, run)?;
                let model = current.map_or_else(|| found.model.clone(), |l| l.model);
                let pending = proposals::pending(connection, run)?;
                Ok((found, project, model, pending))
            })
            .await?;
        let (found, project, model, pending) = loaded;
        let asks =
            |p: &Proposal| matches!(p.effect, Effect::Command { .. } | Effect::Question { .. });
        if pending.iter().any(asks) {
            asking::look(&self.session, &self.engine, run);
        }
        let root = match project.map(|project| Root::open(project.root.as_ref())) {
            Some(Ok(root)) => root,
            Some(Err(error)) => {
                tracing::warn!(%error, run = %found.alias, "its proposals cannot be shown");
                return Ok(());
            }
            None => return Ok(()),
        };
        let root_uri = Uri::from_file_path(root.path());
        let placed = tokio::task::spawn_blocking(move || {
            let on_files = pending
                .into_iter()
                .map(|proposal| on_files(&root, proposal));
            on_files.flatten().collect::<Vec<_>>()
        });
        let pending = match placed.await {
            Ok(pending) => pending,
            Err(error) => {
                tracing::error!(%error, run = %found.alias, "its proposals cannot be shown");
                return Ok(());
            }
        };
        let shown = ShownRun::new(found.project, found.alias, model, found.turn);
        self.session
            .post(move |session| session.show(run, shown, pending, root_uri.as_ref()));
        Ok(())
    }

    /// Takes on the session's folders, and shows what is pending in the new ones.
    async fn adopt(&mut self, projects: Vec<ProjectId>) -> Result<(), StoreError> {
        let new: Vec<ProjectId> = projects
            .iter()
            .copied()
            .filter(|project| !self.projects.contains(project))
            .collect();
        self.projects.clone_from(&projects);
        self.session.post(move |session| {
            session.shown.keep(&projects);
            session.refresh();
        });
        for project in new {
            let (waiting, known) = self
                .engine
                .supervisor
                .store()
                .read(move |connection| {
                    let waiting = proposals::runs_with_pending(connection, project)?;
                    let known = runs::list(connection, project, Some(FOREIGN_RUNS), 0)?;
                    Ok((waiting, known))
                })
                .await?;
            for run in known {
                self.runs.entry(run.id).or_default().changes = run.changes;
            }
            for run in waiting {
                self.proposals(run).await?;
            }
        }
        Ok(())
    }

    async fn look_again(&self, runs: Vec<RunId>) -> Result<(), StoreError> {
        for run in runs {
            self.proposals(run).await?;
        }
        Ok(())
    }

    /// Events were missed: the store knows what they said.
    async fn catch_up(&mut self) -> Result<(), StoreError> {
        self.drop_missing().await?;
        let runs: Vec<RunId> = self.runs.keys().copied().collect();
        for run in runs {
            if let Some(mirror) = self.runs.get_mut(&run) {
                // The last word may be among those that were missed.
                mirror.standing = None;
            }
            self.look_at(run).await;
        }
        Ok(())
    }

    /// Tells what is new of a run. One that cannot be read keeps nobody from hearing of the others.
    async fn look_at(&mut self, run: RunId) {
        let told = match self.state(run, None, None).await {
            Ok(()) => self.proposals(run).await,
            Err(error) => Err(error),
        };
        if let Err(error) = told {
            tracing::warn!(%error, "the client could not be told of a run");
        }
    }

    /// Forgets the runs that are no more.
    async fn drop_missing(&mut self) -> Result<(), StoreError> {
        let followed: Vec<RunId> = self.runs.keys().copied().collect();
        let store = self.engine.supervisor.store();
        let gone = store
            .read(move |connection| runs::missing(connection, followed))
            .await?;
        for run in gone {
            self.deleted(run);
        }
        Ok(())
    }

    /// Follows what other processes do on the same store.
    async fn look_abroad(&mut self) -> Result<(), StoreError> {
        let store = self.engine.supervisor.store();
        let version = store.data_version().await?;
        if self
            .version
            .replace(version)
            .is_none_or(|before| before == version)
        {
            return Ok(());
        }
        self.drop_missing().await?;
        for project in self.projects.clone() {
            let store = self.engine.supervisor.store();
            let newest = store
                .read(move |connection| runs::list(connection, project, Some(FOREIGN_RUNS), 0))
                .await?;
            for run in newest {
                let known = self.runs.get(&run.id).map(|mirror| mirror.changes);
                if known != Some(run.changes) {
                    self.look_at(run.id).await;
                }
            }
        }
        Ok(())
    }
}

/// A proposal with its files, and what the disk says of those now. None where it names what is no
/// file of the folder any more.
fn on_files(root: &Root, proposal: Proposal) -> Option<Pending> {
    let (target, to) = (proposal.effect.target(), proposal.effect.to());
    let pending = Pending {
        target: target.map_or(Some(None), |path| on_disk(root, path).map(Some))?,
        to: to.map_or(Some(None), |path| on_disk(root, path).map(Some))?,
        folder: root.path().to_owned(),
        proposal,
    };
    Some(pending)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a file that is gone or no text is none to place hunks in"
)]
fn on_disk(root: &Root, path: &EntryPath) -> Option<OnDisk> {
    let Ok(file) = root.file(path.as_str()) else {
        return None;
    };
    Some(OnDisk {
        uri: Uri::from_file_path(file.absolute())?,
        exists: file.absolute().symlink_metadata().is_ok(),
        text: read(&file).ok().map(Arc::from),
        file: file.real().to_owned(),
    })
}
