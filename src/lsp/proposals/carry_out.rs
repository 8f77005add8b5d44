//! Changes of files where the user has them: in the editor, or on the disk where the file is not open.
//!
//! **Invariant.** Whatever returns `Ok` was seen: the open document's text, as the client reports it,
//! or the disk, holds the effect. A user's own change is never overwritten: what has moved on is
//! merged or refused.

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use super::NotDone;
use super::edits::{created, deleted, edited, renamed};
use crate::config::ApplyTo;
use crate::entries::proposal::rebase::{Conflict, holds, merged};
use crate::entries::{EntryPath, Hunk, RunAlias, TextChange, TurnNumber};
use crate::lsp::documents::{Document, Encoding};
use crate::lsp::hub::Editors;
use crate::lsp::session::{Abilities, SessionHandle};
use crate::lsp::types::request::{ApplyWorkspaceEdit, Save, SaveParams};
use crate::lsp::types::{ApplyWorkspaceEditParams, Uri, WorkspaceEdit};
use crate::workspace::{FilePath, ReadError, Root, create, read, remove, rename, write};

/// How long an acceptance waits for the editor.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long of that for the text, once the client has called the edit applied.
const SOON: Duration = Duration::from_secs(1);

/// How long the text may take after that, while nobody waits. eglot reports an edit only after the
/// command that led to it is answered and its user rests.
const LATE: Duration = Duration::from_secs(5);

/// How often the disk is looked at for what an editor does there.
const LOOK: Duration = Duration::from_millis(20);

/// Whose changes they are, and where they land.
pub struct Carrier<'e> {
    pub editors: &'e Editors,
    pub root: Root,
    pub alias: RunAlias,
    pub turn: Option<TurnNumber>,
    /// The session of the editor that asks: its documents are the ones to change.
    pub asked_by: Option<u64>,
}

/// A session with what its client can do.
struct Editor {
    session: SessionHandle,
    abilities: Abilities,
    encoding: Encoding,
}

impl Carrier<'_> {
    /// Puts the hunks of a change that `wanted` picks into a file.
    pub async fn edit(
        &self,
        target: &EntryPath,
        change: &TextChange,
        wanted: &[String],
    ) -> Result<(), NotDone> {
        let file = self.root.file(target.as_str())?;
        let edit = FileEdit {
            carrier: self,
            file,
            target,
            change,
            wanted,
        };
        edit.carry_out().await
    }

    /// Deletes a file that still holds this text.
    pub async fn delete(&self, target: &EntryPath, text: &str) -> Result<(), NotDone> {
        let file = self.root.file(target.as_str())?;
        let open = self.documents(&file).await;
        let conflict = || NotDone::Conflict {
            target: target.clone(),
        };
        if open.iter().any(|(_, document)| document.text != *text) {
            return Err(conflict());
        }
        let is_gone = || !file.absolute().exists();
        if is_gone() && open.is_empty() {
            return Ok(());
        }
        if let Some((editor, document)) = self.of_asker(open).await? {
            if editor.abilities.delete_files {
                let edit = deleted(&document.uri, self.annotation(target), editor.abilities);
                let params = self.labelled(target, edit);
                return editor.apply_until(params, is_gone).await;
            }
            if document.dirty {
                return Err(NotDone::Unsaved(target.clone()));
            }
        }
        let (expected, file, target) = (text.to_owned(), file.clone(), target.clone());
        blocking(move || {
            if read(&file)? != expected {
                return Err(NotDone::Conflict { target });
            }
            Ok(remove(&file)?)
        })
        .await?
    }

    /// Gives a file another path, which must be free.
    pub async fn rename(&self, target: &EntryPath, to: &EntryPath) -> Result<(), NotDone> {
        let from_file = self.root.file(target.as_str())?;
        let to_file = self.root.file(to.as_str())?;
        let is_there = |file: &FilePath| file.absolute().symlink_metadata().is_ok();
        if is_there(&to_file) || !self.documents(&to_file).await.is_empty() {
            return Err(NotDone::Taken { to: to.clone() });
        }
        if !is_there(&from_file) {
            return Err(NotDone::Conflict {
                target: target.clone(),
            });
        }
        let is_done = || !is_there(&from_file) && is_there(&to_file);
        let open = self.documents(&from_file).await;
        if let Some((editor, document)) = self.of_asker(open).await? {
            let new_uri = Uri::from_file_path(to_file.absolute());
            if let (true, Some(new_uri)) = (editor.abilities.rename_files, new_uri) {
                let annotation = self.annotation(target);
                let edit = renamed(&document.uri, new_uri.clone(), annotation, editor.abilities);
                let params = self.labelled(target, edit);
                editor.apply_until(params, is_done).await?;
                editor.session.post(move |session| {
                    // Neovim takes the marks along with the buffer.
                    session.shown.forget_marks(new_uri);
                    session.refresh();
                });
                return Ok(());
            }
            if document.dirty {
                return Err(NotDone::Unsaved(target.clone()));
            }
        }
        let (from, to) = (from_file.clone(), to_file.clone());
        blocking(move || rename(&from, &to)).await??;
        Ok(())
    }

    /// The documents that are open on a file, with their sessions.
    async fn documents(&self, file: &FilePath) -> Vec<(SessionHandle, Document)> {
        let mut open = Vec::new();
        for session in self.editors.sessions() {
            if let Some(document) = session.document(file.real()).await {
                open.push((session, document));
            }
        }
        open
    }

    /// Of several editors that have a file open, the one that asks; else any.
    async fn of_asker(
        &self,
        mut open: Vec<(SessionHandle, Document)>,
    ) -> Result<Option<(Editor, Document)>, NotDone> {
        if open.is_empty() {
            return Ok(None);
        }
        let asks = |(session, _): &(SessionHandle, Document)| Some(session.id()) == self.asked_by;
        let (session, document) = open.swap_remove(open.iter().position(asks).unwrap_or(0));
        Ok(Some((Editor::of(session).await?, document)))
    }

    /// The editor that a file which is not open is to be changed in, where the user wants that.
    async fn editor_for_closed(&self) -> Result<Option<Editor>, NotDone> {
        let sessions = self.editors.sessions();
        let asker = sessions.into_iter().find(|s| Some(s.id()) == self.asked_by);
        let Some(session) = asker else {
            return Ok(None);
        };
        let applies_to = session.ask(|session| session.config.apply_to).await;
        if applies_to != Some(ApplyTo::Editor) {
            return Ok(None);
        }
        Ok(Some(Editor::of(session).await?))
    }

    fn annotation(&self, target: &EntryPath) -> (String, Option<String>) {
        (
            self.label(target),
            self.turn.map(|turn| format!("turn {turn}")),
        )
    }

    fn label(&self, target: &EntryPath) -> String {
        format!("Rummy: {target} ({})", self.alias)
    }

    fn labelled(&self, target: &EntryPath, edit: WorkspaceEdit) -> ApplyWorkspaceEditParams {
        ApplyWorkspaceEditParams {
            label: Some(self.label(target)),
            edit,
        }
    }
}

impl Editor {
    async fn of(session: SessionHandle) -> Result<Self, NotDone> {
        let asked = session
            .ask(|session| (session.abilities, session.encoding))
            .await;
        match asked {
            Some((abilities, encoding)) if abilities.apply_edit => Ok(Self {
                session,
                abilities,
                encoding,
            }),
            _ => Err(NotDone::Unable),
        }
    }

    /// Sends an edit. The answer is a hint where it says that the edit was applied, and may never come.
    fn apply(&self, params: ApplyWorkspaceEditParams) -> Answer {
        let client = self.session.client.clone();
        tokio::spawn(async move {
            match client.send_request::<ApplyWorkspaceEdit>(params).await {
                Ok(answer) if answer.applied => Ok(()),
                Ok(answer) => Err(answer.failure_reason),
                Err(error) => Err(Some(error.message.into_owned())),
            }
        })
    }

    /// Sends an edit, and waits until the disk shows its effect.
    async fn apply_until(
        &self,
        params: ApplyWorkspaceEditParams,
        is_done: impl Fn() -> bool,
    ) -> Result<(), NotDone> {
        let answer = self.apply(params);
        let refused = async {
            match refusal(answer).await {
                Some(why) => why,
                None => std::future::pending().await,
            }
        };
        let end = Instant::now() + PATIENCE;
        let done = async {
            while !is_done() && Instant::now() < end {
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::select! {
            biased;
            () = done => {}
            why = refused => return Err(why),
        }
        if is_done() {
            Ok(())
        } else {
            Err(NotDone::NotApplied(None))
        }
    }
}

/// What a client will answer to an edit: it was applied, or why not.
type Answer = JoinHandle<Result<(), Option<String>>>;

async fn refusal(answer: impl Future<Output = <Answer as Future>::Output>) -> Option<NotDone> {
    match answer.await {
        Ok(Ok(())) => None,
        Ok(Err(why)) => Some(NotDone::NotApplied(why)),
        Err(_) => Some(NotDone::NotApplied(None)),
    }
}

/// An edit that the client was sent, and whose effect the text does not show yet.
#[derive(Debug)]
pub struct Sent {
    shown: oneshot::Receiver<()>,
    /// None: the client has called it applied.
    answer: Option<Answer>,
}

impl Sent {
    /// Waits until the text shows the edit or the client refuses it. None: it did neither within this
    /// time after it has called the edit applied.
    async fn outcome(&mut self, patience: Duration) -> Option<Result<(), NotDone>> {
        if let Some(answer) = &mut self.answer {
            tokio::select! {
                biased;
                seen = &mut self.shown => return Some(was_seen(seen)),
                refusal = refusal(answer) => if let Some(why) = refusal {
                    return Some(Err(why));
                },
            }
            self.answer = None;
        }
        let seen = timeout(patience, &mut self.shown).await;
        #[expect(
            clippy::disallowed_methods,
            reason = "the error says that the time is over"
        )]
        seen.ok().map(was_seen)
    }

    /// What came of it after all.
    pub async fn late_outcome(mut self) -> Result<(), NotDone> {
        let outcome = self.outcome(LATE).await;
        outcome.unwrap_or(Err(NotDone::NotApplied(None)))
    }
}

/// An error says that the session is gone.
fn was_seen(seen: Result<(), oneshot::error::RecvError>) -> Result<(), NotDone> {
    seen.map_err(|_| NotDone::NotApplied(None))
}

/// An edit of one file's text.
struct FileEdit<'a> {
    carrier: &'a Carrier<'a>,
    file: FilePath,
    target: &'a EntryPath,
    change: &'a TextChange,
    wanted: &'a [String],
}

impl FileEdit<'_> {
    async fn carry_out(&self) -> Result<(), NotDone> {
        let open = self.carrier.documents(&self.file).await;
        for (session, document) in open.iter().filter(|(_, document)| document.dirty) {
            if Some(session.id()) != self.carrier.asked_by {
                // What another editor holds unsaved must not be lost when it is saved.
                self.result(Some(&document.text.to_string()))?;
            }
        }
        if let Some((editor, document)) = self.carrier.of_asker(open).await? {
            return self.in_document(&editor, &document).await;
        }
        match self.carrier.editor_for_closed().await? {
            Some(editor) => self.in_closed(&editor).await,
            None => self.on_disk().await,
        }
    }

    /// The text with the wanted hunks in it; none where it holds them already.
    fn result(&self, current: Option<&str>) -> Result<Option<String>, NotDone> {
        let wanted = |hunk: &Hunk| self.wanted.contains(&hunk.id);
        merged(self.change, wanted, current).map_err(|Conflict| NotDone::Conflict {
            target: self.target.clone(),
        })
    }

    /// Whether a text that was `before` holds the change.
    fn shows(&self, before: &str, expected: &str) -> impl Fn(&str) -> bool + Send + use<> {
        let (change, wanted) = (self.change.clone(), self.wanted.to_vec());
        let (before, expected) = (before.to_owned(), expected.to_owned());
        move |now| {
            let wanted = |hunk: &Hunk| wanted.contains(&hunk.id);
            // Where lines repeat, a text that nobody has edited can look as if it held the change.
            now == expected || (now != before && holds(&change, wanted, now))
        }
    }

    /// One edit of the open document, believed when the document's text shows it.
    async fn in_document(&self, editor: &Editor, document: &Document) -> Result<(), NotDone> {
        let current = document.text.to_string();
        let Some(text) = self.result(Some(&current))? else {
            return Ok(());
        };
        let was_clean = !document.dirty && self.is_on_disk(&current).await;
        let annotation = self.carrier.annotation(self.target);
        let edit = edited(
            (&document.uri, Some(document.version)),
            &document.text,
            &text,
            annotation,
            (editor.abilities, editor.encoding),
        );
        self.send(editor, edit, &current, &text).await?;
        if was_clean && editor.abilities.save {
            save(&editor.session, document.uri.clone());
        }
        Ok(())
    }

    /// The same for a file that the editor is to open for it.
    async fn in_closed(&self, editor: &Editor) -> Result<(), NotDone> {
        let current = self.disk_text().await?;
        let Some(text) = self.result(current.as_deref())? else {
            return Ok(());
        };
        let uri = Uri::from_file_path(self.file.absolute()).ok_or(NotDone::Unable)?;
        let before = current.as_deref().unwrap_or("");
        let annotation = self.carrier.annotation(self.target);
        let able = (editor.abilities, editor.encoding);
        let edit = match &current {
            Some(_) => edited((&uri, None), &before.into(), &text, annotation, able),
            None if editor.abilities.create_files => created(&uri, &text, annotation, able),
            None => return self.on_disk().await,
        };
        self.send(editor, edit, before, &text).await
    }

    async fn send(
        &self,
        editor: &Editor,
        edit: WorkspaceEdit,
        before: &str,
        text: &str,
    ) -> Result<(), NotDone> {
        let shown = editor
            .session
            .watch(self.file.real().to_owned(), self.shows(before, text));
        let params = self.carrier.labelled(self.target, edit);
        let answer = Some(editor.apply(params));
        let mut sent = Sent { shown, answer };
        match timeout(PATIENCE, sent.outcome(SOON)).await {
            Ok(Some(outcome)) => outcome,
            Ok(None) | Err(_) => Err(NotDone::NotYet(sent)),
        }
    }

    async fn is_on_disk(&self, text: &str) -> bool {
        matches!(self.disk_text().await, Ok(Some(disk)) if disk == text)
    }

    async fn disk_text(&self) -> Result<Option<String>, NotDone> {
        let file = self.file.clone();
        match blocking(move || read(&file)).await? {
            Ok(found) => Ok(Some(found)),
            Err(ReadError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// A file that is not open is written atomically, and read back.
    async fn on_disk(&self) -> Result<(), NotDone> {
        let current = self.disk_text().await?;
        let Some(text) = self.result(current.as_deref())? else {
            return Ok(());
        };
        let file = self.file.clone();
        blocking(move || put_on_disk(&file, current.as_deref(), &text)).await?
    }
}

/// Writes a file that still is as it was looked at.
fn put_on_disk(file: &FilePath, before: Option<&str>, text: &str) -> Result<(), NotDone> {
    match before {
        None => create(file, text)?,
        Some(before) => {
            if read(file)? != before {
                return Err(NotDone::Moved);
            }
            write(file, text)?;
        }
    }
    if read(file)? == text {
        Ok(())
    } else {
        Err(NotDone::Moved)
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, NotDone> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|stopped| NotDone::NotApplied(Some(stopped.to_string())))
}

/// Asks the client to save a document that was clean before, so that the disk holds what was
/// accepted. Its answer changes nothing.
fn save(session: &SessionHandle, uri: Uri) {
    let client = session.client.clone();
    tokio::spawn(async move {
        let params = SaveParams { uris: vec![uri] };
        if let Err(error) = client.send_request::<Save>(params).await {
            tracing::info!(%error, "the client did not save a document");
        }
    });
}
