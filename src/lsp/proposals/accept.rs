//! Carrying an acceptance out, and finding it true.
//!
//! **Invariant.** A hunk is recorded as accepted only after the open document's text, as the client
//! reports it, or the file on the disk holds it. Whatever else happens leaves it pending.

use std::path::Path;
use std::time::Duration;

use tokio::time::timeout;

use super::rebase::{Place, applied, holds, place};
use super::view::bytes_of;
use crate::entries::proposal::hunks_between;
use crate::entries::{Decision, EntryPath, Hunk, ProjectId, Proposal, RunAlias, RunId};
use crate::lsp::documents::{Document, Encoding};
use crate::lsp::hub::Editors;
use crate::lsp::session::{Abilities, SessionHandle};
use crate::lsp::types::request::{ApplyWorkspaceEdit, Save, SaveParams};
use crate::lsp::types::{
    AnnotatedTextEdit, ApplyWorkspaceEditParams, ChangeAnnotation, DocumentChanges, OneOf,
    OptionalVersionedTextDocumentIdentifier, TextDocumentEdit, TextEdit, Uri, WorkspaceEdit,
};
use crate::plugins::Refusal;
use crate::store::proposals::{self, Change, Verdict};
use crate::store::{StoreError, constraints, projects, runs};
use crate::workspace::{
    Constraint, FilePath, Outside, ReadError, Root, RootError, Rules, RulesError, WriteError,
    create, read, write,
};

/// How long the text may take to show what was accepted.
const PATIENCE: Duration = Duration::from_secs(2);

/// What the user accepts of a proposal.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// These hunks; none: all that are open.
    pub hunks: Option<Vec<String>>,
    /// The file's text as the user edited it before accepting.
    pub body: Option<String>,
    /// The session of the editor that asks: its document is the one to change.
    pub asked_by: Option<u64>,
}

/// Why nothing was accepted. The proposal is still pending.
#[derive(Debug, thiserror::Error)]
pub enum NotAccepted {
    #[error(
        "conflict: {target} was changed where the proposal changes it; reject it or undo your change"
    )]
    Conflict { target: EntryPath },
    #[error("there is no hunk {0}")]
    NoHunk(String),
    #[error("none of these hunks is open any more")]
    NothingOpen,
    #[error("it is being decided already")]
    Busy,
    #[error("{0} is not a pending proposal")]
    NotPending(EntryPath),
    #[error(transparent)]
    Vetoed(#[from] Refusal),
    #[error("the editor did not apply the change{}", .0.as_ref().map_or_else(String::new, |why| format!(": {why}")))]
    NotApplied(Option<String>),
    #[error("the editor cannot apply changes (workspace.applyEdit)")]
    Unable,
    #[error("the text was changed while the change was being applied")]
    Moved,
    #[error(transparent)]
    Outside(#[from] Outside),
    #[error(transparent)]
    Root(#[from] RootError),
    #[error(transparent)]
    Rules(#[from] RulesError),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Write(#[from] WriteError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Accepts what is wished of one proposal.
pub async fn accept(
    editors: &Editors,
    run: RunId,
    path: &EntryPath,
    wish: &Wish,
) -> Result<(), NotAccepted> {
    let _hold = editors.hold(run, path).ok_or(NotAccepted::Busy)?;
    let case = Case::open(editors, run, path, wish).await?;
    let replaced = case.carry_out(editors).await?;
    let (path, wanted, project) = (path.clone(), case.wanted.clone(), case.project);
    let shows = case.proposal.base.is_none() && !case.is_active;
    let proposal = case.proposal;
    let rewritten = wish.body.is_some();
    let plugins = editors.plugins.clone();
    editors
        .store
        .write(move |tx| {
            if rewritten {
                let change = Change {
                    action: proposal.action,
                    target: &proposal.target,
                    base: proposal.base.as_deref(),
                    after: &proposal.after,
                };
                proposals::put(tx, run, &path, &change)?;
            }
            let verdict = Verdict {
                decision: Decision::Accepted,
                hunks: &wanted,
                reason: None,
                replaced: replaced.as_deref(),
            };
            plugins.decide(tx, run, &path, verdict)?;
            if shows {
                let word = Constraint::Active.as_str();
                constraints::put(tx, project, (proposal.target.as_str(), true), word)?;
            }
            Ok(())
        })
        .await?;
    editors.tell_decided(run).await?;
    Ok(())
}

/// A proposal that is about to be accepted.
struct Case {
    proposal: Proposal,
    alias: RunAlias,
    project: ProjectId,
    file: FilePath,
    /// Whether a constraint shows the file already.
    is_active: bool,
    /// The ids of the hunks that are meant.
    wanted: Vec<String>,
    asked_by: Option<u64>,
}

impl Case {
    async fn open(
        editors: &Editors,
        run: RunId,
        path: &EntryPath,
        wish: &Wish,
    ) -> Result<Self, NotAccepted> {
        let (found, body) = (path.clone(), wish.body.clone());
        let loaded = editors
            .store
            .read(move |tx| {
                let pending = proposals::pending(tx, run)?;
                let Some(mut proposal) = pending.into_iter().find(|p| p.path == found) else {
                    return Ok(None);
                };
                if let Some(body) = body {
                    // Stored only once it is accepted.
                    proposal.hunks = hunks_between(proposal.base.as_deref(), &body);
                    proposal.after = body;
                }
                let run = runs::by_id(tx, run)?;
                let project = projects::find(tx, run.project)?;
                let rules = constraints::list(tx, run.project)?;
                Ok(project.map(|project| (proposal, run.alias, project, rules)))
            })
            .await?;
        let Some((proposal, alias, project, rules)) = loaded else {
            return Err(NotAccepted::NotPending(path.clone()));
        };
        let wanted: Vec<String> = proposal
            .meant(wish.hunks.as_deref())
            .map_err(NotAccepted::NoHunk)?
            .into_iter()
            .map(str::to_owned)
            .collect();
        if wanted.is_empty() && wish.hunks.is_some() {
            return Err(NotAccepted::NothingOpen);
        }
        let file = Root::open(Path::new(&project.root))?.file(proposal.target.as_str())?;
        let rules = Rules::parse(rules)?;
        editors.plugins.veto(&proposal, &rules)?;
        let constraint = rules.constraint_of(proposal.target.as_str());
        Ok(Self {
            proposal,
            alias,
            project: project.id,
            file,
            is_active: constraint == Some(Constraint::Active),
            wanted,
            asked_by: wish.asked_by,
        })
    }

    fn wants(&self, hunk: &Hunk) -> bool {
        self.wanted.contains(&hunk.id)
    }

    /// Puts the wanted hunks into the text. Returns the text that they replaced.
    async fn carry_out(&self, editors: &Editors) -> Result<Option<String>, NotAccepted> {
        let mut open = Vec::new();
        for session in editors.sessions() {
            if let Some(document) = session.document(self.file.real()).await {
                open.push((session, document));
            }
        }
        let is_asked =
            |(session, _): &(SessionHandle, Document)| Some(session.id()) == self.asked_by;
        let chosen = open.iter().position(is_asked).unwrap_or(0);
        if open.is_empty() {
            return self.on_disk().await;
        }
        let (session, document) = open.swap_remove(chosen);
        for (_, other) in open.iter().filter(|(_, other)| other.dirty) {
            // What another editor holds unsaved must not be lost when it is saved.
            self.result(Some(&other.text.to_string()))?;
        }
        self.in_editor(&session, &document).await
    }

    /// The text with the wanted hunks in it; none where it holds them already.
    fn result(&self, current: Option<&str>) -> Result<Option<String>, NotAccepted> {
        let placed: Vec<_> = place(&self.proposal, current)
            .into_iter()
            .filter(|placed| self.wants(placed.hunk))
            .collect();
        if placed.iter().any(|placed| placed.place == Place::Conflict) {
            return Err(NotAccepted::Conflict {
                target: self.proposal.target.clone(),
            });
        }
        let creates = current.is_none();
        let moved = placed.iter().any(|p| matches!(p.place, Place::At(_)));
        Ok((moved || creates).then(|| applied(&self.proposal, &placed, current.unwrap_or(""))))
    }

    /// One edit of the open document, believed when the document's text shows it.
    async fn in_editor(
        &self,
        session: &SessionHandle,
        document: &Document,
    ) -> Result<Option<String>, NotAccepted> {
        let current = document.text.to_string();
        let Some(text) = self.result(Some(&current))? else {
            return Ok(Some(current));
        };
        let asked = session
            .ask(|session| (session.abilities, session.encoding))
            .await;
        let Some((abilities, encoding)) = asked else {
            return Err(NotAccepted::Unable);
        };
        if !abilities.apply_edit {
            return Err(NotAccepted::Unable);
        }
        let was_clean = !document.dirty && self.is_on_disk(&current).await;
        let (proposal, wanted) = (self.proposal.clone(), self.wanted.clone());
        let (before, expected) = (current.clone(), text.clone());
        let shown = session.watch(document.uri.clone(), move |now| {
            let wanted = |hunk: &Hunk| wanted.contains(&hunk.id);
            // Where lines repeat, a text that nobody has edited can look as if it held the change.
            now == expected || (now != before && holds(&proposal, wanted, now))
        });
        let params = self.workspace_edit(document, &current, &text, abilities, encoding);
        let client = session.client.clone();
        // The answer is only a hint, and a client may never give one: the text decides.
        let answer =
            tokio::spawn(async move { client.send_request::<ApplyWorkspaceEdit>(params).await });
        let refused = async {
            match answer.await {
                Ok(Ok(answer)) if answer.applied => std::future::pending().await,
                Ok(Ok(answer)) => answer.failure_reason,
                Ok(Err(error)) => Some(error.message.into_owned()),
                Err(_) => None,
            }
        };
        tokio::select! {
            biased;
            seen = timeout(PATIENCE, shown) => match seen {
                Ok(Ok(())) => {}
                Ok(Err(_)) | Err(_) => return Err(NotAccepted::NotApplied(None)),
            },
            why = refused => return Err(NotAccepted::NotApplied(why)),
        }
        if was_clean && abilities.save {
            save(session, document.uri.clone());
        }
        Ok(Some(current))
    }

    async fn is_on_disk(&self, text: &str) -> bool {
        let file = self.file.clone();
        let disk = tokio::task::spawn_blocking(move || read(&file)).await;
        matches!(disk, Ok(Ok(disk)) if disk == text)
    }

    fn workspace_edit(
        &self,
        document: &Document,
        current: &str,
        text: &str,
        abilities: Abilities,
        encoding: Encoding,
    ) -> ApplyWorkspaceEditParams {
        let edits = text_edits(document, current, text, encoding);
        let label = format!("Rummy: {} ({})", self.proposal.target, self.alias);
        let mut edit = WorkspaceEdit::default();
        if abilities.document_changes {
            let id = abilities.change_annotations.then(|| "rummy".to_owned());
            if let Some(id) = &id {
                let annotation = ChangeAnnotation {
                    label: label.clone(),
                    needs_confirmation: Some(false),
                    description: self.proposal.turn.map(|turn| format!("turn {turn}")),
                };
                edit.change_annotations = Some([(id.clone(), annotation)].into_iter().collect());
            }
            edit.document_changes = Some(DocumentChanges::Edits(vec![TextDocumentEdit {
                text_document: OptionalVersionedTextDocumentIdentifier {
                    uri: document.uri.clone(),
                    version: Some(document.version),
                },
                edits: edits
                    .into_iter()
                    .map(|edit| annotated(edit, id.as_ref()))
                    .collect(),
            }]));
        } else {
            edit.changes = Some([(document.uri.clone(), edits)].into_iter().collect());
        }
        ApplyWorkspaceEditParams {
            label: Some(label),
            edit,
        }
    }

    /// A file that is not open is written atomically, and read back.
    async fn on_disk(&self) -> Result<Option<String>, NotAccepted> {
        let file = self.file.clone();
        let current = match blocking(move || read(&file)).await? {
            Ok(found) => Some(found),
            Err(ReadError::NotFound { .. }) => None,
            Err(error) => return Err(error.into()),
        };
        let Some(text) = self.result(current.as_deref())? else {
            return Ok(current);
        };
        let (file, before) = (self.file.clone(), current.clone());
        blocking(move || put_on_disk(&file, before.as_deref(), &text)).await??;
        Ok(current)
    }
}

/// Writes a file that still is as it was looked at.
fn put_on_disk(file: &FilePath, before: Option<&str>, text: &str) -> Result<(), NotAccepted> {
    match before {
        None => create(file, text)?,
        Some(before) => {
            if read(file)? != before {
                return Err(NotAccepted::Moved);
            }
            write(file, text)?;
        }
    }
    if read(file)? == text {
        Ok(())
    } else {
        Err(NotAccepted::Moved)
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, NotAccepted> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|stopped| NotAccepted::NotApplied(Some(stopped.to_string())))
}

/// The edits that lead from the document's text to the new one: whole lines, only those that change.
fn text_edits(document: &Document, current: &str, text: &str, encoding: Encoding) -> Vec<TextEdit> {
    let after: Vec<&str> = crate::entries::proposal::lines(text);
    hunks_between(Some(current), text)
        .into_iter()
        .map(|hunk| TextEdit {
            range: encoding.range(&document.text, bytes_of(current, hunk.before)),
            new_text: after[hunk.after].concat(),
        })
        .collect()
}

fn annotated(edit: TextEdit, annotation: Option<&String>) -> OneOf<TextEdit, AnnotatedTextEdit> {
    match annotation {
        Some(id) => OneOf::Right(AnnotatedTextEdit {
            text_edit: edit,
            annotation_id: id.clone(),
        }),
        None => OneOf::Left(edit),
    }
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
