//! `<think>`: room to reason. Its text joins the model's reasoning and is kept for people only.

use futures::FutureExt;
use futures::future::BoxFuture;

use crate::dialect::{Call, Command, Tool};
use crate::plugins::{Handled, Plugin, Problem, TurnContext};

/// The plugin; see the module.
pub struct Think;

impl Plugin for Think {
    fn name(&self) -> &'static str {
        Tool::Think.name()
    }

    fn tool(&self) -> Option<(Tool, &'static str)> {
        Some((Tool::Think, include_str!("doc.md")))
    }

    fn handle<'a>(
        &'a self,
        _cx: &'a TurnContext<'a>,
        _command: &'a Command,
    ) -> BoxFuture<'a, Result<Handled, Problem>> {
        async { Ok(Handled::Quiet) }.boxed()
    }

    fn thought<'c>(&self, command: &'c Command) -> Option<&'c str> {
        match &command.call {
            Call::Think(think) => Some(&think.body),
            _ => None,
        }
    }
}
