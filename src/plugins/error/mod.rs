//! What went wrong in a turn, in a log entry of its own where no command stands for it: what counts as
//! a strike, what did not fit and was put away, and why a run was ended. What was merely forgiven is an
//! advisory.

use std::borrow::Cow;

use crate::entries::{Entry, EntryPath, LoopId, Outcome, RunId, State, TurnNumber, Visibility};
use crate::plugins::Plugin;
use crate::store::entries::{self, Write};
use crate::store::{StoreError, Tx};

/// The plugin; see the module.
pub struct Error;

const ACTION: &str = "error";

impl Plugin for Error {
    fn name(&self) -> &'static str {
        ACTION
    }

    /// What went wrong is short, and read however much is put away.
    fn project<'e>(&self, entry: &'e Entry, _shown: Visibility) -> Cow<'e, str> {
        Cow::Borrowed(&entry.body)
    }
}

/// Records an error. The message is the body, however long; the path names only its kind.
pub fn record(
    tx: &mut Tx<'_>,
    run: RunId,
    turn: TurnNumber,
    in_loop: LoopId,
    outcome: Outcome,
    message: &str,
) -> Result<EntryPath, StoreError> {
    let kind = match &outcome {
        Outcome::Reason(_) => String::new(),
        outcome => outcome.to_string(),
    };
    let path = EntryPath::log(turn, ACTION, &kind);
    let write = Write::body(path, message)
        .ended(State::Failed, Some(outcome))
        .at(turn, in_loop);
    entries::log(tx, run, write)
}
