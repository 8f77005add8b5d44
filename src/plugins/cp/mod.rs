//! `<cp>`: copies an entry to another path.

use futures::FutureExt;
use futures::future::BoxFuture;

use super::{Handled, Plugin, Problem, TurnContext, transfer};
use crate::dialect::{Call, Command, Tool};
use crate::store::entries;

/// The plugin; see the module.
pub struct Cp;

impl Plugin for Cp {
    fn name(&self) -> &'static str {
        Tool::Cp.name()
    }

    fn tool(&self) -> Option<(Tool, &'static str)> {
        Some((Tool::Cp, include_str!("doc.md")))
    }

    fn handle<'a>(
        &'a self,
        cx: &'a TurnContext<'a>,
        command: &'a Command,
    ) -> BoxFuture<'a, Result<Handled, Problem>> {
        async move {
            let Call::Cp(args) = &command.call else {
                return Ok(Handled::Quiet);
            };
            transfer::handle(cx, Tool::Cp, entries::cp, args).await
        }
        .boxed()
    }
}
