//! The shared loop: prompts in, turns, proposals and a verdict out. It knows no editor and no SQL.
//!
//! project ⊃ run ⊃ loop ⊃ turn. The [`Supervisor`] knows which runs are active; [`run`] drives the
//! loops of one, [`turn`] takes one turn from top to bottom, and the other files are its steps in
//! order: [`fit`] (assemble, check the budget), [`ask`] (call the model), [`dispatch`] (carry out),
//! [`fit`] again (make room), [`judge`] (by [`verdict`] and [`phase`]).
//!
//! **Invariants.** The loop never waits for the user at an editor: it waits on the store, together
//! with its cancellation. Of its [`Host`] it asks open texts and, with `autoAccept`, acceptances,
//! whose time is bounded there. What a model writes can be refused and can be a strike; it is never
//! an error that ends the loop. Whoever starts a run gets its errors at once, before anything runs.

mod ask;
mod board;
mod budget;
mod commands;
mod dispatch;
mod events;
mod fit;
mod heartbeat;
mod host;
mod job;
mod judge;
mod packet;
mod phase;
mod run;
mod start;
mod stop;
mod supervisor;
mod turn;
mod verdict;

#[cfg(test)]
mod tests;

pub use commands::Commands;
pub use events::{Activity, Event, EventKind, Events, Standing, Subject, TextKind};
pub use host::Host;
pub use job::Settings;
pub use start::{Start, StartError, Started};
pub use supervisor::{Supervisor, lives};
