//! `<env>`: a command line that looks at the system. It is proposed and runs as one of `<sh>`, under a
//! name of its own.

use futures::FutureExt;
use futures::future::BoxFuture;

use super::{Handled, Plugin, Problem, TurnContext, sh, stream};
use crate::dialect::{Call, Command, Tool};
use crate::entries::{Action, Proposal};
use crate::store::{StoreError, Tx};

/// The plugin; see the module.
pub struct Env;

impl Plugin for Env {
    fn name(&self) -> &'static str {
        Tool::Env.name()
    }

    fn tool(&self) -> Option<(Tool, &'static str)> {
        Some((Tool::Env, include_str!("doc.md")))
    }

    fn handle<'a>(
        &'a self,
        cx: &'a TurnContext<'a>,
        command: &'a Command,
    ) -> BoxFuture<'a, Result<Handled, Problem>> {
        async move {
            match &command.call {
                Call::Env(args) => sh::propose(cx, (Tool::Env, Action::Env), args).await,
                _ => Ok(Handled::Quiet),
            }
        }
        .boxed()
    }

    fn decided(&self, tx: &mut Tx<'_>, proposal: &Proposal) -> Result<(), StoreError> {
        stream::open(tx, proposal)
    }
}
