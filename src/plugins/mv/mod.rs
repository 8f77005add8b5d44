//! `<mv>`: moves an entry to another path; what it does to a file is proposed.

use futures::FutureExt;
use futures::future::BoxFuture;

use super::{Handled, Plugin, Problem, TurnContext, transfer};
use crate::dialect::{Call, Command, Tool};
use crate::entries::{Action, Decision, Effect, EntryPath, Proposal, Writer};
use crate::store::entries::{self, Query, Write};
use crate::store::{StoreError, Tx};

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
            let mv = transfer::Transfer {
                tool: Tool::Mv,
                action: Action::Mv,
                verb: entries::mv,
            };
            mv.handle(cx, args).await
        }
        .boxed()
    }

    /// An entry that became a file is an entry no more, and is one again when that is put back.
    fn decided(&self, tx: &mut Tx<'_>, proposal: &Proposal) -> Result<(), StoreError> {
        let entry = entries::find(tx, proposal.run, &proposal.path)?;
        let from = entry.and_then(|entry| entry.attributes.get(transfer::FROM).cloned());
        let Some(from) = from.as_ref().and_then(serde_json::Value::as_str) else {
            return Ok(());
        };
        let (from, run) = (EntryPath::parse(from)?, proposal.run);
        match (&proposal.effect, proposal.hunks.first()) {
            (_, Some(hunk)) if hunk.is_accepted() => {
                entries::rm(tx, run, Writer::Model, &Query::exactly(&from)).map(drop)
            }
            (Effect::Edit { after, .. }, Some(hunk)) if hunk.decision == Some(Decision::Undone) => {
                entries::set(tx, run, Writer::Model, Write::body(from, after))
            }
            _ => Ok(()),
        }
    }
}
