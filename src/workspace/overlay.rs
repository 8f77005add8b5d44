//! Where a file's text comes from: the open document first, unsaved changes included, else the
//! disk. The documents themselves belong to whoever implements [`Overlay`].

use std::io;
use std::path::Path;
use std::sync::Arc;

use futures::future::BoxFuture;

use super::read::{ReadError, read};
use super::root::FilePath;

/// The text of a document that an editor has open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenText {
    pub text: Arc<str>,
    /// Whether it holds changes that are not on the disk.
    pub dirty: bool,
}

/// The open documents, as far as a reader of files is concerned.
pub trait Overlay: Send + Sync {
    /// The open text of `file`, an absolute path as [`FilePath::real`] gives it; `None` if no
    /// document is open on it.
    fn open_text<'a>(&'a self, file: &'a Path) -> BoxFuture<'a, Option<OpenText>>;
}

/// The text of `file` as the user sees it now.
pub async fn current_text(overlay: &dyn Overlay, file: &FilePath) -> Result<String, ReadError> {
    if let Some(open) = overlay.open_text(file.real()).await {
        return Ok(open.text.as_ref().to_owned());
    }
    let closed = file.clone();
    let read = tokio::task::spawn_blocking(move || read(&closed)).await;
    match read {
        Ok(read) => Ok(read?),
        Err(stopped) => Err(ReadError::Io {
            path: file.as_str().to_owned(),
            source: io::Error::other(stopped),
        }),
    }
}
