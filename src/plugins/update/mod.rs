//! `<update>`: what the model says of its turn, and the status that steers the run.

use std::borrow::Cow;

use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::json;

use crate::dialect::{Call, Command, Status, Tool, Update as Args};
use crate::entries::{Attributes, Entry, RunStatus, Visibility};
use crate::plugins::{Handled, Plugin, Problem, Refusal, TurnContext};
use crate::store::{entries, runs};

/// The plugin; see the module.
pub struct Update;

/// The status of an update that names none: the work goes on.
pub const CONTINUES: u16 = 102;

impl Plugin for Update {
    fn name(&self) -> &'static str {
        Tool::Update.name()
    }

    fn tool(&self) -> Option<(Tool, &'static str)> {
        Some((Tool::Update, include_str!("doc.md")))
    }

    fn handle<'a>(
        &'a self,
        cx: &'a TurnContext<'a>,
        command: &'a Command,
    ) -> BoxFuture<'a, Result<Handled, Problem>> {
        async move {
            let Call::Update(args) = &command.call else {
                return Ok(Handled::Quiet);
            };
            let status = read(args)?;
            let mut attributes = Attributes::new();
            attributes.insert("status".to_owned(), json!(status));
            let record = cx
                .record(Tool::Update, &args.body, &args.body)
                .attributes(attributes);
            let run = cx.run;
            let summary = RunStatus::claimed(status).map(|_| args.body.clone());
            let logged = cx
                .store
                .write(move |tx| {
                    if let Some(summary) = summary {
                        runs::set_summary(tx, run, &summary)?;
                    }
                    entries::log(tx, run, record)
                })
                .await?;
            Ok(Handled::Done(logged))
        }
        .boxed()
    }

    fn project<'e>(&self, entry: &'e Entry, _shown: Visibility) -> Cow<'e, str> {
        Cow::Borrowed(&entry.body)
    }
}

/// The status of an update, if it is one: 100 to 199 go on, the final ones end the loop and say in
/// a line what was done.
pub fn read(args: &Args) -> Result<u16, Refusal> {
    let wrong = |given: &str| {
        Refusal::invalid(format!(
            "status=\"{given}\" is none of the statuses that <instructions> names, nor 200, 204, 422 or 500"
        ))
    };
    match &args.status {
        Status::Missing => Ok(CONTINUES),
        Status::Code(code) if (100..200).contains(code) => Ok(*code),
        Status::Code(code) if RunStatus::claimed(*code).is_some() => {
            if args.body.trim().is_empty() {
                let message = "a final <update> says in one line what was done; this one is empty";
                return Err(Refusal::invalid(message));
            }
            Ok(*code)
        }
        Status::Code(code) => Err(wrong(&code.to_string())),
        Status::Invalid(text) => Err(wrong(text)),
    }
}
