//! What the loop needs from the place that it runs in: an editor, a test.

use futures::future::BoxFuture;

use crate::entries::{EntryPath, RunId};
use crate::workspace::Overlay;

/// The place that a loop runs in. Open texts come from it through [`Overlay`]; proposals do not go
/// to it: they are in the store, and whoever shows them finds them there.
pub trait Host: Overlay {
    /// Carries a pending proposal out as if the user had accepted all of it, for loops that are
    /// started with `autoAccept`. What fails stays pending, with the reason given.
    fn accept<'a>(&'a self, run: RunId, path: &'a EntryPath) -> BoxFuture<'a, Result<(), String>>;
}
