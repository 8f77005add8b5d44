//! Asking the user about commands and questions by `window/showMessageRequest`, for clients that do not
//! ask by themselves (`ui: server`): once a proposal and process, one at a time a run. What is dismissed
//! stays pending; after a restart it is asked again.
//!
//! **Invariants.** One session asks about a run: the one that started it where it is still there, else
//! whichever looks first. Nothing waits for the answer but a task of its own, and a proposal that is
//! decided elsewhere meanwhile is not waited for any more.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::hub::Engine;
use super::methods::Context;
use super::methods::reject::reject;
use super::proposals::NotDone;
use super::proposals::accept::{Wish, accept};
use super::proposals::view::in_a_line;
use super::session::SessionHandle;
use super::types::{MessageActionItem, MessageType};
use crate::config::Ui;
use crate::entries::{Effect, EntryPath, Proposal, RunAlias, RunId, State};
use crate::plugins::stream::Terms;
use crate::store::{Store, StoreError, entries, projects, proposals, runs};

const RUN: &str = "Run";
const REJECT: &str = "Reject";

/// How often it is looked at whether another process has decided.
const FOREIGN_TICK: Duration = Duration::from_secs(1);

/// The longest command that a message spells out, in characters.
const SPELLED_OUT: usize = 2000;

/// Who asks about which run, and what was asked.
#[derive(Default)]
pub struct Asking(Mutex<HashMap<RunId, AskedRun>>);

#[derive(Default)]
struct AskedRun {
    starter: Option<u64>,
    /// The session that asks right now.
    by: Option<u64>,
    asked: HashSet<EntryPath>,
}

impl Asking {
    /// A session has started a run, or went on with it.
    pub fn started(&self, run: RunId, session: u64) {
        self.lock().entry(run).or_default().starter = Some(session);
    }

    /// A session has left: what it was asking is for another one to ask.
    pub fn left(&self, session: u64) {
        for asked in self.lock().values_mut() {
            if asked.starter == Some(session) {
                asked.starter = None;
            }
            if asked.by == Some(session) {
                asked.by = None;
                asked.asked.clear();
            }
        }
    }

    /// Whether this session is the one to ask, and nobody does right now.
    fn claim(&self, run: RunId, session: u64) -> bool {
        let mut runs = self.lock();
        let asked = runs.entry(run).or_default();
        let is_free = asked.by.is_none() && asked.starter.is_none_or(|starter| starter == session);
        if is_free {
            asked.by = Some(session);
        }
        is_free
    }

    fn release(&self, run: RunId, session: u64) {
        if let Some(asked) = self.lock().get_mut(&run)
            && asked.by == Some(session)
        {
            asked.by = None;
        }
    }

    /// The first of these that was not asked about. It counts as asked from now on.
    fn next(&self, run: RunId, waiting: Vec<Proposal>) -> Option<Proposal> {
        let mut runs = self.lock();
        let asked = &mut runs.entry(run).or_default().asked;
        let mut waiting = waiting.into_iter();
        waiting.find(|proposal| asked.insert(proposal.path.clone()))
    }

    fn has_new(&self, run: RunId, waiting: &[Proposal]) -> bool {
        let runs = self.lock();
        let asked = runs.get(&run).map(|asked| &asked.asked);
        let is_new =
            |proposal: &Proposal| asked.is_none_or(|asked| !asked.contains(&proposal.path));
        waiting.iter().any(is_new)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RunId, AskedRun>> {
        // Each critical section leaves what it changes whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks whether there is something of a run to ask its user, and asks it.
pub fn look(session: &SessionHandle, engine: &Engine, run: RunId) {
    let asker = Asker {
        cx: Context {
            session: session.clone(),
            engine: engine.clone(),
        },
        run,
    };
    tokio::spawn(async move {
        let ui = asker.cx.session.ask(|session| session.config.ui).await;
        let asking = &asker.cx.editors().asking;
        let id = asker.cx.session.id();
        if ui != Some(Ui::Server) || !asking.claim(run, id) {
            return;
        }
        loop {
            if let Err(error) = asker.ask_all().await {
                tracing::warn!(%error, "the user could not be asked");
            }
            asking.release(run, id);
            // What came between the last look and the release was left to this task.
            match asker.waiting().await {
                Ok(waiting) if asking.has_new(run, &waiting) && asking.claim(run, id) => {}
                _ => return,
            }
        }
    });
}

/// What the user chose.
enum Choice {
    Run,
    Reject,
    Answer(String),
}

struct Asker {
    cx: Context,
    run: RunId,
}

impl Asker {
    async fn ask_all(&self) -> Result<(), StoreError> {
        while let Some(proposal) = self
            .cx
            .editors()
            .asking
            .next(self.run, self.waiting().await?)
        {
            let (alias, folder) = self.whose().await?;
            let path = proposal.path.clone();
            if let Some(choice) = self.ask(&proposal, &alias, &folder).await {
                self.carry_out(&path, choice).await;
            }
        }
        Ok(())
    }

    /// What is pending and to be asked about.
    async fn waiting(&self) -> Result<Vec<Proposal>, StoreError> {
        let run = self.run;
        self.cx
            .store()
            .read(move |connection| {
                let mut waiting = Vec::new();
                for proposal in proposals::pending(connection, run)? {
                    let asks = match &proposal.effect {
                        Effect::Question { .. } => true,
                        Effect::Command { .. } => {
                            let entry = entries::find(connection, run, &proposal.path)?;
                            let terms = entry.as_ref().and_then(Terms::of);
                            terms.is_none_or(|terms| !terms.unasked)
                        }
                        _ => false,
                    };
                    if asks {
                        waiting.push(proposal);
                    }
                }
                Ok(waiting)
            })
            .await
    }

    /// The run's name and its folder.
    async fn whose(&self) -> Result<(RunAlias, String), StoreError> {
        let run = self.run;
        self.cx
            .store()
            .read(move |connection| {
                let run = runs::by_id(connection, run)?;
                let project = projects::find(connection, run.project)?;
                let folder = project.map_or_else(String::new, |project| project.root);
                Ok((run.alias, folder))
            })
            .await
    }

    /// Asks, and waits for the choice; none where the message was dismissed or the proposal decided
    /// elsewhere.
    async fn ask(&self, proposal: &Proposal, alias: &RunAlias, folder: &str) -> Option<Choice> {
        let (message, titles) = match &proposal.effect {
            Effect::Command { line } => {
                let line: String = line.chars().take(SPELLED_OUT).collect();
                let message = format!("Rummy ({alias}) wants to run in {folder}:\n{line}");
                (message, vec![RUN.to_owned(), REJECT.to_owned()])
            }
            Effect::Question { question, options } if options.is_empty() => {
                let message = format!(
                    "Rummy ({alias}) asks: {}\nAnswer with the command rummy.answer {{run: \"{alias}\", path: \"{}\", answer: \"…\"}}",
                    in_a_line(question),
                    proposal.path
                );
                self.cx.session.outbox.show(MessageType::INFO, message);
                return None;
            }
            Effect::Question { question, options } => {
                (format!("Rummy ({alias}) asks: {question}"), options.clone())
            }
            _ => return None,
        };
        let items = titles.into_iter().map(|title| MessageActionItem {
            title,
            properties: HashMap::new(),
        });
        let (client, items) = (self.cx.session.client.clone(), items.collect());
        // In a task of its own: a request is never dropped.
        let answer = tokio::spawn(async move {
            client
                .show_message_request(MessageType::INFO, message, Some(items))
                .await
        });
        let chosen = tokio::select! {
            answer = answer => answer,
            () = decided(self.cx.store(), self.run, &proposal.path) => return None,
        };
        // A client that refuses the request or goes has dismissed it.
        let Ok(Ok(Some(item))) = chosen else {
            return None;
        };
        Some(match (&proposal.effect, item.title.as_str()) {
            (Effect::Command { .. }, RUN) => Choice::Run,
            (Effect::Command { .. }, _) => Choice::Reject,
            _ => Choice::Answer(item.title),
        })
    }

    async fn carry_out(&self, path: &EntryPath, choice: Choice) {
        let body = match choice {
            Choice::Run => None,
            Choice::Answer(answer) => Some(answer),
            Choice::Reject => {
                if let Err(error) = reject(&self.cx, self.run, path, None, None).await {
                    tracing::warn!(%error, "a rejection could not be recorded");
                }
                return;
            }
        };
        let wish = Wish {
            body,
            asked_by: Some(self.cx.session.id()),
            ..Wish::default()
        };
        match accept(self.cx.editors(), self.run, path, &wish).await {
            // Decided elsewhere meanwhile.
            Ok(()) | Err(NotDone::NotPending(_) | NotDone::Busy) => {}
            Err(why) => {
                let message = format!("Rummy could not do that: {why}");
                self.cx.session.outbox.show(MessageType::WARNING, message);
            }
        }
    }
}

/// Waits until a proposal is no longer pending. A store that cannot be read says nothing of it.
async fn decided(store: &Store, run: RunId, path: &EntryPath) {
    let mut changes = store.changes();
    loop {
        let wanted = path.clone();
        let found = store
            .read(move |connection| entries::find(connection, run, &wanted))
            .await;
        if let Ok(found) = found
            && found.is_none_or(|entry| entry.state != State::Proposed)
        {
            return;
        }
        tokio::select! {
            _ = changes.recv() => {}
            () = tokio::time::sleep(FOREIGN_TICK) => {}
        }
    }
}
