//! The text of a `rummy:` document, from the store; nothing of it is kept here.

use std::path::Path;

use super::uri::{Name, NameError, Spelled, What};
use crate::entries::{Effect, Entry, EntryPath, Proposal, RunAlias, Scheme};
use crate::lsp::methods::diff::pending;
use crate::lsp::methods::{Context, MethodError};
use crate::lsp::transcript::kept::TranscriptError;
use crate::store::runs::Run;
use crate::store::{entries, projects, proposals};
use crate::workspace::{Root, current_text};

/// The text of what a URI names.
pub async fn text_of(cx: &Context, uri: &str) -> Result<String, MethodError> {
    let name = Name::parse(uri)?;
    match name.what {
        What::Transcript => transcript(cx, name.run).await,
        What::Entry(path) => {
            let run = cx.run(name.run.as_str()).await?;
            let entry = entry(cx, &run, &path).await?;
            body(cx, &run, entry).await
        }
        What::Proposed(path) => proposed(cx, name.run, &path).await,
    }
}

async fn transcript(cx: &Context, run: RunAlias) -> Result<String, MethodError> {
    let text = cx.editors().transcripts.text(cx.store(), run).await?;
    Ok(text.as_ref().to_owned())
}

/// The entry that a path means, in the first of its readings that the run knows.
async fn entry(cx: &Context, run: &Run, path: &Spelled) -> Result<Entry, MethodError> {
    let (paths, id) = (paths(path)?, run.id);
    let found = cx
        .store()
        .read(move |connection| {
            for path in paths {
                if let Some(entry) = entries::find(connection, id, &path)? {
                    return Ok(Some(entry));
                }
            }
            Ok(None)
        })
        .await?;
    found.ok_or_else(|| {
        let alias = &run.alias;
        MethodError::NotFound(format!("the run {alias} has no entry {}", path.shown()))
    })
}

fn paths(path: &Spelled) -> Result<Vec<EntryPath>, MethodError> {
    path.paths().map_err(|error| match error {
        crate::entries::PathError::Outside(_) => MethodError::Forbidden(format!("uri: {error}")),
        error => MethodError::parameter("uri", error),
    })
}

/// What an entry holds. Of a file that no turn has read yet, what the file holds.
pub async fn body(cx: &Context, run: &Run, entry: Entry) -> Result<String, MethodError> {
    if entry.scheme() != Scheme::File || !entry.body.is_empty() {
        return Ok(entry.body);
    }
    let project = run.project;
    let found = cx
        .store()
        .read(move |connection| projects::find(connection, project))
        .await?;
    let Some(project) = found else {
        let why = format!("the workspace folder of the run {} is unknown", run.alias);
        return Err(MethodError::NotFound(why));
    };
    let root = Root::open(Path::new(&project.root))
        .map_err(|error| MethodError::NotFound(error.to_string()))?;
    let file = root
        .file(entry.path.as_str())
        .map_err(|error| MethodError::Forbidden(error.to_string()))?;
    current_text(cx.editors(), &file)
        .await
        .map_err(|error| MethodError::NotFound(error.to_string()))
}

/// The text that a proposal would make of the text as it is now; of a decided one the text that it made,
/// or would have made.
async fn proposed(cx: &Context, run: RunAlias, path: &Spelled) -> Result<String, MethodError> {
    let paths = paths(path)?;
    for path in &paths {
        if let Some((proposal, view)) = pending(cx, &run, path).await? {
            let after = view.after(&proposal);
            return after.map_or_else(|| without_text(&proposal), Ok);
        }
    }
    let run = cx.run(run.as_str()).await?;
    let id = run.id;
    let found = cx
        .store()
        .read(move |connection| {
            for path in paths {
                if let Some(proposal) = proposals::find(connection, id, &path)? {
                    return Ok(Some(proposal));
                }
            }
            Ok(None::<Proposal>)
        })
        .await?;
    let Some(proposal) = found else {
        let (alias, path) = (&run.alias, path.shown());
        return Err(MethodError::NotFound(format!(
            "the run {alias} has proposed no {path}"
        )));
    };
    let accepted = proposal.accepted_change().and_then(|change| change.after);
    let text = accepted.as_ref().or(match &proposal.effect {
        Effect::Edit { after: text, .. } | Effect::Copy { text, .. } => Some(text),
        _ => None,
    });
    text.map_or_else(
        || without_text(&proposal),
        |text| Ok(text.as_ref().to_owned()),
    )
}

/// A file that goes leaves an empty text; what is about no text has none.
fn without_text(proposal: &Proposal) -> Result<String, MethodError> {
    match proposal.effect {
        Effect::Delete { .. } => Ok(String::new()),
        _ => Err(MethodError::NotFound(format!(
            "{} makes no text: it is a {}",
            proposal.path,
            crate::lsp::proposals::view::kind(&proposal.effect)
        ))),
    }
}

impl From<NameError> for MethodError {
    fn from(error: NameError) -> Self {
        Self::parameter("uri", error)
    }
}

impl From<TranscriptError> for MethodError {
    fn from(error: TranscriptError) -> Self {
        match error {
            TranscriptError::Store(error) => error.into(),
            TranscriptError::Layout(error) => Self::Internal(error.to_string()),
        }
    }
}
