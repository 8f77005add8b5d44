//! `<cp>`: copies an entry to another path; what it does to a file is proposed.

use futures::FutureExt;
use futures::future::BoxFuture;

use super::{Handled, Plugin, Problem, TurnContext, transfer};
use crate::dialect::{Call, Command, Tool};
use crate::entries::Action;
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
            let cp = transfer::Transfer {
                tool: Tool::Cp,
                action: Action::Cp,
                verb: entries::cp,
            };
            cp.handle(cx, args).await
        }
        .boxed()
    }
}
