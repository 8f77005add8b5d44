//! What the loop's tests stand on.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::broadcast;

use crate::agent::{
    self, Event, EventKind, Events, Host, Settings, Start, StartError, Started, Subject, Supervisor,
};
use crate::config::{Commands, Limits};
use crate::entries::{
    Decision, Effect, EntryPath, Mode, Outcome, ProjectId, Proposal, RunAlias, RunId, RunStatus,
    State,
};
use crate::llm::{Key, ModelSpec, Models};
use crate::plugins::Plugins;
use crate::plugins::stream::{self, End};
use crate::store::loops::LoopConfig;
use crate::store::proposals::{self, Verdict};
use crate::store::runs::Changes;
use crate::store::{Store, entries, projects, runs, turns};
use crate::workspace::{OpenText, Overlay, ProcessIdentity};

/// A workspace, a store, a scripted model, and a user who does nothing by himself.
pub struct Bench {
    pub supervisor: Supervisor,
    pub host: Arc<Paper>,
    pub project: ProjectId,
    pub root: PathBuf,
    pub model: ModelSpec,
    pub limits: Limits,
    pub commands: Commands,
    pub events: broadcast::Receiver<Event>,
    _folder: TempDir,
}

/// An editor made of paper: texts that are open in it, and an acceptance that writes the file.
#[derive(Default)]
pub struct Paper {
    pub open: Mutex<HashMap<PathBuf, String>>,
    /// A run that its user aborts while something of it is being accepted.
    pub aborts: Mutex<Option<(Supervisor, Subject)>>,
    /// Asked for a text, it panics.
    pub panics: AtomicBool,
    store: Mutex<Option<Store>>,
    root: Mutex<PathBuf>,
}

impl Overlay for Paper {
    fn open_text<'a>(&'a self, file: &'a Path) -> BoxFuture<'a, Option<OpenText>> {
        assert!(!self.panics.load(Ordering::Relaxed), "a host that fails");
        let open = self.open.lock().unwrap().get(file).map(|text| OpenText {
            text: text.as_str().into(),
            dirty: true,
        });
        std::future::ready(open).boxed()
    }
}

impl Paper {
    fn carry_out(&self, effect: &Effect) {
        let at = |path: &EntryPath| {
            let file = self.root.lock().unwrap().join(path.as_str());
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            file
        };
        match effect {
            Effect::Edit { target, after, .. } => std::fs::write(at(target), after.as_ref()),
            Effect::Delete { target, .. } => std::fs::remove_file(at(target)),
            Effect::Rename { target, to } => std::fs::rename(at(target), at(to)),
            Effect::Copy { to, text, .. } => std::fs::write(at(to), text.as_ref()),
            Effect::Command { .. } | Effect::Question { .. } => Ok(()),
        }
        .unwrap();
    }
}

impl Host for Paper {
    fn accept<'a>(&'a self, run: RunId, path: &'a EntryPath) -> BoxFuture<'a, Result<(), String>> {
        async move {
            let aborts = self.aborts.lock().unwrap().take();
            if let Some((supervisor, subject)) = aborts {
                let mut abort = Box::pin(async move { supervisor.abort(&subject).await.unwrap() });
                // As far as its first wait: the loop is told by then, and does not wait for this.
                assert!(futures::poll!(&mut abort).is_pending());
                tokio::spawn(abort);
            }
            let store = self.store.lock().unwrap().clone().unwrap();
            let path = path.clone();
            let effect = store
                .write(move |tx| {
                    let proposal = proposals::find(tx, run, &path)?.unwrap();
                    let hunks: Vec<String> = proposal.hunks.iter().map(|h| h.id.clone()).collect();
                    let verdict = Verdict {
                        decision: Decision::Accepted,
                        hunks: &hunks,
                        words: None,
                    };
                    Plugins::core().decide(tx, run, &path, verdict)?;
                    Ok(proposal.effect)
                })
                .await
                .map_err(|error| error.to_string())?;
            self.carry_out(&effect);
            Ok(())
        }
        .boxed()
    }
}

impl Bench {
    /// A folder with these files, and a model that gives these answers.
    pub async fn new(files: &[(&str, &str)], answers: &[&str]) -> Self {
        let lines: Vec<Value> = answers.iter().map(|text| json!({"answer": text})).collect();
        Self::scripted(files, &lines).await
    }

    /// The same, with the script's lines as they stand in its file.
    pub async fn scripted(files: &[(&str, &str)], lines: &[Value]) -> Self {
        Self::with_plugins(files, lines, Plugins::core()).await
    }

    /// The same with other plugins.
    pub async fn with_plugins(files: &[(&str, &str)], lines: &[Value], plugins: Plugins) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap().join("project");
        for (path, text) in files {
            let file = root.join(path);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        }
        std::fs::create_dir_all(&root).unwrap();
        let script = folder.path().join("script.jsonl");
        let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
        std::fs::write(&script, lines.join("\n")).unwrap();
        let store = Store::open(&folder.path().join("rummy.db")).await.unwrap();
        let name = root.to_string_lossy().into_owned();
        let project = store
            .write(move |tx| projects::ensure(tx, &name, &name))
            .await
            .unwrap();
        let host = Arc::new(Paper::default());
        *host.store.lock().unwrap() = Some(store.clone());
        host.root.lock().unwrap().clone_from(&root);
        let events = Events::new();
        let process = ProcessIdentity::current().unwrap();
        let commands = agent::Commands::new(store.clone(), events.clone(), &process);
        let supervisor = Supervisor::new(
            store,
            plugins,
            Arc::new(Models::new()),
            Arc::clone(&host) as Arc<dyn Host>,
            commands,
            events,
        )
        .await
        .unwrap();
        let model = ModelSpec {
            alias: "test".to_owned(),
            actual: format!("replay/{}", script.display()),
            context_length: None,
            base_url: None,
            api_key: Key::Default,
            temperature: None,
        };
        Self {
            events: supervisor.events().listen(),
            supervisor,
            host,
            project,
            root,
            model,
            limits: Limits::default(),
            commands: Commands::default(),
            _folder: folder,
        }
    }

    pub fn store(&self) -> &Store {
        self.supervisor.store()
    }

    pub fn prompt(&self, mode: Mode, prompt: &str) -> Start {
        Start {
            project: self.project,
            alias: Some("run".parse().unwrap()),
            fork: false,
            mode,
            prompt: prompt.to_owned(),
            settings: Settings {
                limits: self.limits.clone(),
                commands: self.commands.clone(),
                model: self.model.clone(),
            },
            config: LoopConfig::default(),
            joins: false,
            changes: Changes::default(),
        }
    }

    pub async fn start(&self, start: Start) -> Result<Started, StartError> {
        self.supervisor.start(start).await
    }

    /// Starts an `act` and waits for its end.
    pub async fn act(&mut self, prompt: &str) -> (RunStatus, Option<Outcome>) {
        self.start(self.prompt(Mode::Act, prompt)).await.unwrap();
        self.end().await
    }

    /// Waits until the run's loops are over.
    pub async fn end(&mut self) -> (RunStatus, Option<Outcome>) {
        loop {
            let run = self.run().await;
            if !run.status.is_active() {
                return (run.status, run.outcome);
            }
            self.next_state().await;
        }
    }

    /// The run as events name it.
    pub async fn subject(&self) -> Subject {
        Subject::of(self.run().await)
    }

    /// How many packets the model was sent.
    pub async fn calls(&self) -> usize {
        let id = self.run().await.id;
        let turns = self
            .store()
            .read(move |connection| turns::list(connection, id))
            .await
            .unwrap();
        turns.iter().filter(|turn| turn.answered).count()
    }

    /// Waits for the next word on the run's state.
    pub async fn next_state(&mut self) {
        loop {
            let event = self.events.recv().await.unwrap();
            if matches!(event.kind, EventKind::State { .. }) {
                return;
            }
        }
    }

    /// Waits until the run waits for the user, and gives what it has proposed.
    pub async fn proposed(&mut self) -> Vec<Proposal> {
        loop {
            let run = self.run().await;
            assert!(run.status.is_active(), "the run ended: {:?}", run.outcome);
            if run.status == RunStatus::Waiting {
                let id = run.id;
                return self
                    .store()
                    .read(move |connection| proposals::pending(connection, id))
                    .await
                    .unwrap();
            }
            self.next_state().await;
        }
    }

    /// The text that a file is proposed to become.
    pub fn after(proposal: &Proposal) -> &str {
        match &proposal.effect {
            Effect::Edit { after, .. } => after,
            other => panic!("not an edit: {other:?}"),
        }
    }

    pub async fn reject(&self, proposal: &Proposal, reason: &str) {
        let all: Vec<&str> = proposal.hunks.iter().map(|hunk| hunk.id.as_str()).collect();
        self.say(proposal, Decision::Rejected, &all, Some(reason))
            .await;
    }

    /// Decides some hunks, without a reason.
    pub async fn decide(&self, proposal: &Proposal, decision: Decision, hunks: &[&str]) {
        self.say(proposal, decision, hunks, None).await;
    }

    async fn say(
        &self,
        proposal: &Proposal,
        decision: Decision,
        hunks: &[&str],
        reason: Option<&str>,
    ) {
        let (run, path, reason) = (
            proposal.run,
            proposal.path.clone(),
            reason.map(str::to_owned),
        );
        let hunks: Vec<String> = hunks.iter().map(|id| (*id).to_owned()).collect();
        self.store()
            .write(move |tx| {
                let verdict = Verdict {
                    decision,
                    hunks: &hunks,
                    words: reason.as_deref(),
                };
                Plugins::core().decide(tx, run, &path, verdict)
            })
            .await
            .unwrap();
    }

    /// A command that was accepted ends, whatever it was.
    pub async fn finish(&self, proposal: &Proposal, end: End) {
        let (run, path) = (proposal.run, proposal.path.clone());
        self.store()
            .write(move |tx| Ok(stream::close(tx, run, &path, &end, None)))
            .await
            .unwrap()
            .unwrap();
    }

    pub async fn accept(&self, proposal: &Proposal) {
        self.host
            .accept(proposal.run, &proposal.path)
            .await
            .unwrap();
    }

    pub async fn run(&self) -> runs::Run {
        let alias: RunAlias = "run".parse().unwrap();
        self.store()
            .read(move |connection| runs::by_alias(connection, &alias))
            .await
            .unwrap()
            .expect("the run exists")
    }

    pub async fn entry(&self, path: &str) -> Option<crate::entries::Entry> {
        let (id, path) = (self.run().await.id, EntryPath::parse(path).unwrap());
        self.store()
            .read(move |connection| entries::find(connection, id, &path))
            .await
            .unwrap()
    }

    /// The entries that a pattern means.
    pub async fn entries(&self, pattern: &'static str) -> Vec<crate::entries::Entry> {
        let id = self.run().await.id;
        let meant = move |connection: &rusqlite::Connection| {
            let query = entries::Query::named(connection, id, pattern, None)?;
            entries::list(connection, id, &query)
        };
        self.store().read(meant).await.unwrap()
    }

    /// What the model was sent in a turn.
    pub async fn user_message(&self, turn: u32) -> String {
        self.entry(&format!("user://{turn}")).await.unwrap().body
    }

    /// Both messages.
    pub async fn packet(&self, turn: u32) -> String {
        self.system_message(turn).await + "\n\n" + &self.user_message(turn).await
    }

    pub async fn system_message(&self, turn: u32) -> String {
        self.entry(&format!("system://{turn}")).await.unwrap().body
    }

    /// The run's log, a line an entry: path, state, outcome, and the first line of the body.
    pub async fn log(&self) -> Vec<String> {
        let id = self.run().await.id;
        let rows = self
            .store()
            .read(move |connection| entries::history_since(connection, id, 0))
            .await
            .unwrap();
        rows.into_iter()
            .map(|row| {
                let outcome = row.outcome.map_or_else(String::new, |o| format!(" {o}"));
                let state = match row.state {
                    State::Resolved => String::new(),
                    state => format!(" {state}{outcome}"),
                };
                let first = row.body.lines().next().unwrap_or("");
                format!("{}{state}: {first}", row.path)
            })
            .collect()
    }

    pub fn file(&self, path: &str) -> String {
        std::fs::read_to_string(self.root.join(path)).unwrap()
    }
}
