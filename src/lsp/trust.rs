//! Whether what a workspace folder brings itself (`.rummy/`) may be used. Its settings can name models and
//! commands that run without asking, so nothing of it is used before the user has said so. That is asked once,
//! and kept in the store.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use super::methods::{Context, MethodError};
use super::session::Folder;
use super::types::{MessageActionItem, MessageType};
use crate::config::{Brought, FOLDER, SETTINGS};
use crate::entries::ProjectId;
use crate::store::{Store, StoreError, projects};

const USE: &str = "Use It";
const IGNORE: &str = "Ignore It";

/// What may be used of a folder.
pub async fn trusted(
    store: &Store,
    project: ProjectId,
    root: &Path,
) -> Result<Option<Arc<Brought>>, MethodError> {
    match decision(store, project).await? {
        Some(true) => {
            let root = root.to_owned();
            let brought = off_the_workers(move || Brought::read(&root)).await?;
            Ok(Some(Arc::new(brought)))
        }
        Some(false) | None => Ok(None),
    }
}

/// Files are read where nothing else waits for it.
async fn off_the_workers<T: Send + 'static>(
    read: impl FnOnce() -> T + Send + 'static,
) -> Result<T, MethodError> {
    tokio::task::spawn_blocking(read)
        .await
        .map_err(|error| MethodError::Internal(error.to_string()))
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
    let brought = self::trusted(cx.store(), project, &folder.root).await?;
    for session in cx.editors().sessions() {
        let brought = brought.clone();
        session.post(move |session| session.bring(project, brought));
    }
    Ok(())
}

/// Asks about the folders that bring something and of which nobody has said anything yet.
pub async fn ask(cx: Context, folders: Vec<Folder>) {
    for folder in folders {
        if let Err(error) = ask_about(&cx, &folder).await {
            tracing::warn!(%error, "it could not be asked whether a folder is trusted");
        }
    }
}

async fn ask_about(cx: &Context, folder: &Folder) -> Result<(), MethodError> {
    let root = folder.root.clone();
    let parts = off_the_workers(move || Brought::parts(&root)).await?;
    if parts.is_empty() || decision(cx.store(), folder.project).await?.is_some() {
        return Ok(());
    }
    let (root, named) = (folder.root.display(), parts.join(", "));
    let risk = if parts.contains(&SETTINGS) {
        " That can choose models and servers, and allow commands."
    } else {
        ""
    };
    let message = format!("{root} brings its own {named} in {FOLDER}/.{risk} Use it?");
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
