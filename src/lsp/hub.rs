//! What the sessions of a process share: one store and one supervisor a database, and the editors
//! that are connected to them.

use std::collections::HashMap;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::FutureExt;
use futures::future::BoxFuture;

use super::asking::Asking;
use super::proposals::accept::{Wish, accept};
use super::session::SessionHandle;
use super::transcript::kept::Transcripts;
use crate::agent::{Commands, EventKind, Events, Host, Subject, Supervisor};
use crate::config::Limits;
use crate::entries::{EntryPath, ProjectId, RunId};
use crate::llm::Models;
use crate::plugins::Plugins;
use crate::store::{Store, StoreError, now_ms, runs};
use crate::workspace::{OpenText, Overlay, ProcessError, ProcessIdentity};

/// The databases that are open in this process.
pub struct Hub {
    engines: tokio::sync::Mutex<HashMap<PathBuf, Engine>>,
    models: Arc<Models>,
    /// What a client that connects over TCP must send; none: nothing.
    pub token: Option<String>,
}

/// A database with the runs that are driven on it.
#[derive(Clone)]
pub struct Engine {
    pub supervisor: Supervisor,
    pub editors: Arc<Editors>,
}

/// Why a database cannot be worked with.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Process(#[from] ProcessError),
}

impl Hub {
    pub fn new(token: Option<String>, models: Models) -> Arc<Self> {
        Arc::new(Self {
            engines: tokio::sync::Mutex::default(),
            models: Arc::new(models),
            token,
        })
    }

    /// The engine of a database, opened at its first use. What is older than the limits keep it goes
    /// then.
    pub async fn engine(&self, database: &Path, limits: &Limits) -> Result<Engine, EngineError> {
        let mut engines = self.engines.lock().await;
        if let Some(engine) = engines.get(database) {
            return Ok(engine.clone());
        }
        let store = Store::open(database).await?;
        let kept = i64::from(limits.retention_days) * 24 * 60 * 60 * 1000;
        let forgotten = store
            .write(move |tx| runs::forget(tx, now_ms() - kept))
            .await?;
        if forgotten > 0 {
            tracing::info!(runs = forgotten, "runs that ended long ago were removed");
        }
        let events = Events::new();
        let plugins = Plugins::core();
        let process = ProcessIdentity::current()?;
        let commands = Commands::new(store.clone(), events.clone(), &process);
        let editors = Arc::new(Editors {
            store: store.clone(),
            plugins: plugins.clone(),
            events: events.clone(),
            commands: commands.clone(),
            asking: Asking::default(),
            transcripts: Transcripts::default(),
            sessions: Mutex::default(),
            busy: Mutex::default(),
        });
        let host = Arc::clone(&editors) as Arc<dyn Host>;
        let models = Arc::clone(&self.models);
        let supervisor = Supervisor::new(store, plugins, models, host, commands, events).await?;
        let engine = Engine {
            supervisor,
            editors,
        };
        engines.insert(database.to_owned(), engine.clone());
        Ok(engine)
    }

    /// The process ends: every run is interrupted.
    pub async fn close(&self) {
        for engine in self.engines.lock().await.values() {
            engine.supervisor.interrupt(|_| true).await;
        }
    }

    /// A session leaves: nobody is asked about its documents any more, and the runs in folders that
    /// no other session has open are interrupted.
    pub async fn withdraw(&self, session: &SessionHandle) {
        let engines: Vec<Engine> = self.engines.lock().await.values().cloned().collect();
        let mine = session.ask(|session| session.projects()).await;
        for engine in engines {
            if !engine.editors.leave(session) {
                continue;
            }
            let others = engine.editors.projects().await;
            let left = mine.iter().flatten().copied();
            engine
                .supervisor
                .close(left.filter(|project| !others.contains(project)));
            engine
                .supervisor
                .interrupt(|project| !others.contains(&project))
                .await;
        }
    }
}

/// The editors that are connected to a database: the loop's host.
pub struct Editors {
    pub store: Store,
    pub plugins: Plugins,
    pub events: Events,
    pub commands: Commands,
    pub asking: Asking,
    pub transcripts: Transcripts,
    sessions: Mutex<Vec<SessionHandle>>,
    /// Proposals that are being accepted or rejected right now.
    busy: Mutex<HashSet<(RunId, EntryPath)>>,
}

/// Holds a proposal while it is being decided.
pub struct Hold<'e> {
    editors: &'e Editors,
    key: (RunId, EntryPath),
}

impl Editors {
    pub fn join(&self, session: SessionHandle) {
        lock(&self.sessions).push(session);
    }

    /// False: the session has left already.
    pub fn leave(&self, session: &SessionHandle) -> bool {
        let mut sessions = lock(&self.sessions);
        let before = sessions.len();
        sessions.retain(|other| other.id() != session.id());
        self.asking.left(session.id());
        sessions.len() < before
    }

    /// The projects that some session has open.
    async fn projects(&self) -> HashSet<ProjectId> {
        let mut projects = HashSet::new();
        for session in self.sessions() {
            projects.extend(
                session
                    .ask(|session| session.projects())
                    .await
                    .into_iter()
                    .flatten(),
            );
        }
        projects
    }

    pub fn sessions(&self) -> Vec<SessionHandle> {
        lock(&self.sessions).clone()
    }

    /// Takes a proposal for deciding; none while somebody else does.
    pub fn hold(&self, run: RunId, path: &EntryPath) -> Option<Hold<'_>> {
        let key = (run, path.clone());
        let taken = lock(&self.busy).insert(key.clone());
        // Only then: a hold that is dropped gives the proposal back.
        taken.then(|| Hold { editors: self, key })
    }

    /// Tells everybody that a run's proposals have changed.
    pub async fn tell_decided(&self, run: RunId) -> Result<(), StoreError> {
        let found = self
            .store
            .read(move |connection| runs::by_id(connection, run))
            .await?;
        let subject = Subject {
            run,
            project: found.project,
            alias: found.alias,
        };
        self.events.tell(&subject, EventKind::Proposals);
        self.events.tell_changed(&subject);
        Ok(())
    }
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        lock(&self.editors.busy).remove(&self.key);
    }
}

impl Overlay for Editors {
    fn open_text<'a>(&'a self, file: &'a Path) -> BoxFuture<'a, Option<OpenText>> {
        async move {
            for session in self.sessions() {
                if let Some(open) = session.open_text(file).await {
                    return Some(open);
                }
            }
            None
        }
        .boxed()
    }
}

impl Host for Editors {
    fn accept<'a>(&'a self, run: RunId, path: &'a EntryPath) -> BoxFuture<'a, Result<(), String>> {
        async move {
            accept(self, run, path, &Wish::default())
                .await
                .map_err(|why| why.to_string())
        }
        .boxed()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Each critical section is one operation on a collection.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entries::TurnNumber;

    #[tokio::test]
    async fn a_proposal_that_is_held_is_refused_to_others_and_free_again_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("rummy.db")).await.unwrap();
        let process = ProcessIdentity::current().unwrap();
        let editors = Editors {
            plugins: Plugins::core(),
            commands: Commands::new(store.clone(), Events::new(), &process),
            store,
            events: Events::new(),
            asking: Asking::default(),
            transcripts: Transcripts::default(),
            sessions: Mutex::default(),
            busy: Mutex::default(),
        };
        let path = EntryPath::log(TurnNumber(1), "set", "a");
        let first = editors.hold(RunId(1), &path);
        assert!(first.is_some());
        assert!(editors.hold(RunId(1), &path).is_none());
        assert!(
            editors.hold(RunId(1), &path).is_none(),
            "a refusal freed it"
        );
        assert!(
            editors.hold(RunId(2), &path).is_some(),
            "another run's is another"
        );
        drop(first);
        assert!(editors.hold(RunId(1), &path).is_some());
    }
}
