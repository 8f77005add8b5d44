//! What a workspace folder brings itself, in `.rummy/`: settings, skills, personas. They can name models and
//! commands that run without asking, so nothing of it is used before the user has said so. That is asked
//! once, and kept in the store.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::methods::{Context, MethodError};
use super::session::Folder;
use super::types::{MessageActionItem, MessageType};
use crate::config::FileLayer;
use crate::entries::ProjectId;
use crate::store::{Store, StoreError, projects};

/// Where it lies, below a workspace folder.
const FOLDER: &str = ".rummy";

const SETTINGS: &str = "config.toml";

/// What of it there may be.
const PARTS: [&str; 3] = [SETTINGS, "skills", "personas"];

const USE: &str = "Use It";
const IGNORE: &str = "Ignore It";

/// What a trusted folder brings. Its settings are as they were when it was opened or trusted.
#[derive(Debug, PartialEq, Eq)]
pub struct Brought {
    /// Holds skills/ and personas/, as the home does.
    pub home: PathBuf,
    pub settings: Option<FileLayer>,
}

impl Brought {
    /// Reads it. Off the async workers, as files are read.
    async fn read(root: &Path) -> Result<Arc<Self>, MethodError> {
        let home = root.join(FOLDER);
        let read = move || Self {
            settings: FileLayer::read(&home.join(SETTINGS)),
            home,
        };
        tokio::task::spawn_blocking(read)
            .await
            .map(Arc::new)
            .map_err(|error| MethodError::Internal(error.to_string()))
    }

    /// What may be used of a folder.
    pub async fn of(
        store: &Store,
        project: ProjectId,
        root: &Path,
    ) -> Result<Option<Arc<Self>>, MethodError> {
        match decision(store, project).await? {
            Some(true) => Self::read(root).await.map(Some),
            Some(false) | None => Ok(None),
        }
    }
}

/// What the user has said of a folder.
async fn decision(store: &Store, project: ProjectId) -> Result<Option<bool>, StoreError> {
    let found = store
        .read(move |connection| projects::find(connection, project))
        .await?;
    Ok(found.and_then(|project| project.trusted))
}

/// Keeps what the user says of a folder. It holds at once, in every session that has the folder open.
pub async fn decide(cx: &Context, folder: &Folder, trusted: bool) -> Result<(), MethodError> {
    let project = folder.project;
    cx.store()
        .write(move |tx| projects::trust(tx, project, trusted))
        .await?;
    let brought = Brought::of(cx.store(), project, &folder.root).await?;
    for session in cx.editors().sessions() {
        let brought = brought.clone();
        session.post(move |session| session.bring(project, brought));
    }
    Ok(())
}

/// Asks about the folders that bring something and of which nobody has said anything yet.
pub fn ask(cx: Context, folders: Vec<Folder>) {
    tokio::spawn(async move {
        for folder in folders {
            if let Err(error) = ask_about(&cx, &folder).await {
                tracing::warn!(%error, "it could not be asked whether a folder is trusted");
            }
        }
    });
}

async fn ask_about(cx: &Context, folder: &Folder) -> Result<(), MethodError> {
    let is_there = |part: &&str| folder.root.join(FOLDER).join(part).exists();
    let parts: Vec<&str> = PARTS.into_iter().filter(is_there).collect();
    if parts.is_empty() || decision(cx.store(), folder.project).await?.is_some() {
        return Ok(());
    }
    let message = format!(
        "{} brings its own {} in {FOLDER}/. That can choose models and servers, and allow commands. Use it?",
        folder.root.display(),
        parts.join(", ")
    );
    let titles = [USE, IGNORE].map(|title| MessageActionItem {
        title: title.to_owned(),
        properties: HashMap::new(),
    });
    let client = &cx.session.client;
    let answer = client
        .show_message_request(MessageType::WARNING, message, Some(titles.to_vec()))
        .await;
    match answer {
        Ok(Some(chosen)) if chosen.title == USE => decide(cx, folder, true).await,
        Ok(Some(_)) => decide(cx, folder, false).await,
        // Dismissed, or a client that cannot ask: the folder stays unused, and it is asked again when
        // it is opened anew.
        Ok(None) | Err(_) => Ok(()),
    }
}
