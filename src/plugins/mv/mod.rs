//! `<mv>`: moves an entry to another path.

use futures::FutureExt;
use futures::future::BoxFuture;

use super::{Handled, Plugin, Problem, TurnContext, transfer};
use crate::dialect::{Call, Command, Tool};
use crate::store::entries;

/// The plugin; see the module.
pub struct Mv;

impl Plugin for Mv {
    fn name(&self) -> &'static str {
        Tool::Mv.name()
    }

    fn tool(&self) -> Option<(Tool, &'static str)> {
        Some((Tool::Mv, include_str!("doc.md")))
    }

    fn handle<'a>(
        &'a self,
        cx: &'a TurnContext<'a>,
        command: &'a Command,
    ) -> BoxFuture<'a, Result<Handled, Problem>> {
        async move {
            let Call::Mv(args) = &command.call else {
                return Ok(Handled::Quiet);
            };
            transfer::handle(cx, Tool::Mv, entries::mv, args).await
        }
        .boxed()
    }
}
