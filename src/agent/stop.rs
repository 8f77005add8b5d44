//! How work is ended from outside: one loop by the user, or a run when nobody is there to
//! see it any more.

use std::future::Future;

use tokio_util::sync::CancellationToken;

use crate::entries::Outcome;

/// Why a loop was cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// By the user: what the loop proposed is cancelled.
    Aborted,
    /// Because its editor or the process goes: what the loop proposed stays.
    Interrupted,
}

impl Stopped {
    /// The outcome that is recorded of the loop.
    pub const fn outcome(self) -> Outcome {
        match self {
            Self::Aborted => Outcome::Aborted,
            Self::Interrupted => Outcome::Interrupted,
        }
    }
}

/// The two tokens that a loop listens to.
#[derive(Debug, Clone)]
pub struct Stop {
    pub abort: CancellationToken,
    pub interrupt: CancellationToken,
}

impl Stop {
    /// Awaits `work`, or drops it when the loop is to end.
    pub async fn unless<T>(&self, work: impl Future<Output = T>) -> Result<T, Stopped> {
        tokio::select! {
            biased;
            () = self.abort.cancelled() => Err(Stopped::Aborted),
            () = self.interrupt.cancelled() => Err(Stopped::Interrupted),
            done = work => Ok(done),
        }
    }

    /// An error where the loop is to end.
    pub fn check(&self) -> Result<(), Stopped> {
        if self.abort.is_cancelled() {
            Err(Stopped::Aborted)
        } else if self.interrupt.is_cancelled() {
            Err(Stopped::Interrupted)
        } else {
            Ok(())
        }
    }
}
