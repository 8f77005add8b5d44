//! `<rm>`: removes entries from the run.

use futures::FutureExt;
use futures::future::BoxFuture;

use super::{Handled, Plugin, Problem, Refusal, TurnContext, about, is_file, listing, named};
use crate::dialect::{Call, Command, Tool};
use crate::entries::{Outcome, Writer};
use crate::store::entries::{self, Access};

/// The plugin; see the module.
pub struct Rm;

impl Plugin for Rm {
    fn name(&self) -> &'static str {
        Tool::Rm.name()
    }

    fn tool(&self) -> Option<(Tool, &'static str)> {
        Some((Tool::Rm, include_str!("doc.md")))
    }

    fn handle<'a>(
        &'a self,
        cx: &'a TurnContext<'a>,
        command: &'a Command,
    ) -> BoxFuture<'a, Result<Handled, Problem>> {
        async move {
            let Call::Rm(args) = &command.call else {
                return Ok(Handled::Quiet);
            };
            let path = named(Tool::Rm, args.path.as_deref())?;
            let query = cx.query(path, args.filter.as_deref()).await?;
            let meant = cx.meant(&query, Access::Content).await?;
            let run = cx.run;
            if meant.iter().any(|entry| is_file(&entry.path)) {
                let message =
                    format!("{path} names files; <rm> removes entries such as unknown://…");
                return Err(Refusal::new(Outcome::Permission, message).into());
            }
            if meant.is_empty() {
                return Err(Refusal::not_found(path).into());
            }
            if args.preview {
                let body = listing("would be removed:", &meant, cx.divisor);
                return cx.done(Tool::Rm, path, body, about(path)).await;
            }
            let record = cx
                .record(Tool::Rm, path, &listing("removed:", &meant, cx.divisor))
                .attributes(about(path));
            let logged = cx
                .store
                .write(move |tx| {
                    entries::rm(tx, run, Writer::Model, &query)?;
                    entries::log(tx, run, record)
                })
                .await?;
            Ok(Handled::Done(logged))
        }
        .boxed()
    }
}
