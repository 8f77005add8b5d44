//! The tags that a model can write and the sections of the packet that it reads: a folder each.
//!
//! A plugin may handle a tag, say how its entries look in the packet, and contribute a section; and it
//! may take part in a turn at the points that [`Plugin`] has, each a typed method. The loop knows
//! plugins only through [`Plugins`]; adding a tag is a folder, a line in [`Plugins::core`], and the
//! tag's grammar in the dialect ([`Tool`]). What a tag does to files becomes a proposal in the store;
//! nothing here talks to an editor.
//!
//! | point | when | who uses it |
//! |---|---|---|
//! | [`Plugin::begin`] | a turn has its number and its prompt | `file` brings the files up to date |
//! | [`Plugin::sections`] | the packet is assembled | all that the model reads |
//! | [`Plugin::thought`] | an answer is kept | `think` adds to the model's reasoning |
//! | [`Plugin::admit`] | before a command is carried out | `policy` refuses by mode and flags |
//! | [`Plugin::handle`] | a command is carried out or proposed | the tags |
//! | [`Plugin::veto`] | before a proposal is accepted | `file` refuses what is read-only |
//! | [`Plugin::decided`] | a proposal was decided | `set` keeps what of it was accepted, `sh` and `env` make the channels of the output |
//!
//! Plugins are asked in the order of the list; the first refusal stands, and the rest are not asked.
//! There is no point at which a packet or an answer is rewritten: what is measured is what is sent, and
//! what is kept is what was said.
//!
//! **Invariant.** Model output is data. A handler turns it into an effect, a proposal or a
//! [`Refusal`]; it never panics, and only a broken store ends the loop.

pub mod ask_user;
mod assembly;
pub mod budget;
mod context;
pub mod cp;
pub mod env;
pub mod error;
pub mod file;
pub mod frame;
pub mod get;
pub mod instructions;
pub mod known;
pub mod library;
pub mod log;
pub mod mv;
pub mod persona;
pub mod policy;
pub mod prompt;
pub mod rm;
pub mod set;
pub mod sh;
pub mod skill;
pub mod stream;
pub mod telemetry;
pub mod think;
mod transfer;
pub mod unknown;
pub mod update;

use std::borrow::Cow;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;

use crate::dialect::{Command, Tool};
use crate::entries::{Entry, EntryPath, Proposal, RunId, Visibility};
use crate::store::loops::Loop;
use crate::store::proposals::{self, Verdict};
use crate::store::{StoreError, Tx};
use crate::workspace::Rules;

pub use assembly::{Assembly, Message, Row, Section, whole_or_excerpt};
pub use context::{
    Handled, Problem, Refusal, TurnContext, about, advise, is_file, listing, named, visibility,
};

/// One tag, one kind of entry, or one rule of the turn.
pub trait Plugin: Send + Sync {
    /// The scheme or the action whose entries it projects; else what it is.
    fn name(&self) -> &'static str;

    /// The tag it handles, and what the model reads about it.
    fn tool(&self) -> Option<(Tool, &'static str)> {
        None
    }

    /// What the model reads about its entries or its section, a line of a list.
    fn about(&self) -> Option<&'static str> {
        None
    }

    /// A turn begins: its number is taken and its prompt written, nothing is assembled yet. A refusal
    /// ends the loop with its words.
    fn begin<'a>(&'a self, _cx: &'a TurnContext<'a>) -> BoxFuture<'a, Result<(), Problem>> {
        std::future::ready(Ok(())).boxed()
    }

    /// Refuses a command before anything of it is done. `tools` are those of the loop.
    fn admit(&self, _command: &Command, _in_loop: &Loop, _tools: &[Tool]) -> Result<(), Refusal> {
        Ok(())
    }

    /// Carries a command out, or proposes it.
    fn handle<'a>(
        &'a self,
        _cx: &'a TurnContext<'a>,
        command: &'a Command,
    ) -> BoxFuture<'a, Result<Handled, Problem>> {
        let name = command.tool().name();
        let refused = Refusal::invalid(format!("<{name}> does nothing"));
        std::future::ready(Err(refused.into())).boxed()
    }

    /// What of a command belongs to the model's reasoning.
    fn thought<'c>(&self, _command: &'c Command) -> Option<&'c str> {
        None
    }

    /// What the model reads of one of its entries that is as visible as `shown`.
    fn project<'e>(&self, entry: &'e Entry, shown: Visibility) -> Cow<'e, str> {
        match shown {
            Visibility::Visible => Cow::Borrowed(&entry.body),
            Visibility::Summarized | Visibility::Archived => Cow::Borrowed(""),
        }
    }

    /// Its parts of the packet, as far as there is something to say now.
    fn sections(&self, _assembly: &Assembly<'_>) -> Vec<Section> {
        Vec::new()
    }

    /// Refuses that the user accepts a proposal, by the constraints of its workspace.
    fn veto(&self, _proposal: &Proposal, _rules: &Rules) -> Result<(), Refusal> {
        Ok(())
    }

    /// All of one of its proposals is decided, or something of it was put back: what follows from that
    /// in the store, in the same transaction.
    fn decided(&self, _tx: &mut Tx<'_>, _proposal: &Proposal) -> Result<(), StoreError> {
        Ok(())
    }
}

/// The plugins of a process, in the order in which they are asked.
#[derive(Clone)]
pub struct Plugins(Arc<[Arc<dyn Plugin>]>);

impl Plugins {
    /// Those that rummy is made of.
    pub fn core() -> Self {
        Self(Arc::new([
            Arc::new(policy::Policy),
            Arc::new(file::File),
            Arc::new(known::Known),
            Arc::new(unknown::Unknown),
            Arc::new(log::Log),
            Arc::new(error::Error),
            Arc::new(skill::Skill),
            Arc::new(prompt::Prompt),
            Arc::new(budget::Budget),
            Arc::new(instructions::Instructions),
            Arc::new(persona::Persona),
            Arc::new(think::Think),
            Arc::new(get::Get),
            Arc::new(set::Set),
            Arc::new(rm::Rm),
            Arc::new(cp::Cp),
            Arc::new(mv::Mv),
            Arc::new(sh::Sh),
            Arc::new(env::Env),
            Arc::new(ask_user::AskUser),
            Arc::new(update::Update),
        ]))
    }

    /// The same with one more, which is asked last.
    #[must_use]
    pub fn with(&self, plugin: impl Plugin + 'static) -> Self {
        let more: Arc<dyn Plugin> = Arc::new(plugin);
        Self(self.0.iter().cloned().chain([more]).collect())
    }

    /// All of them, in their order.
    pub fn iter(&self) -> impl Iterator<Item = &dyn Plugin> {
        self.0.iter().map(AsRef::as_ref)
    }

    /// The plugin that handles a tag, and what the model reads about it.
    pub fn handler(&self, tool: Tool) -> Option<(&dyn Plugin, &'static str)> {
        self.iter().find_map(|plugin| {
            let (handled, doc) = plugin.tool()?;
            (handled == tool).then_some((plugin, doc))
        })
    }

    /// Lets each begin a turn.
    pub async fn begin(&self, cx: &TurnContext<'_>) -> Result<(), Problem> {
        for plugin in self.iter() {
            plugin.begin(cx).await?;
        }
        Ok(())
    }

    /// Whether a command may be carried out in this loop.
    pub fn admit(&self, command: &Command, in_loop: &Loop, tools: &[Tool]) -> Result<(), Refusal> {
        self.iter()
            .try_for_each(|plugin| plugin.admit(command, in_loop, tools))
    }

    /// Carries a command out by the plugin that handles its tag.
    pub async fn handle(
        &self,
        cx: &TurnContext<'_>,
        command: &Command,
    ) -> Result<Handled, Problem> {
        match self.handler(command.tool()) {
            Some((plugin, _)) => plugin.handle(cx, command).await,
            None => Ok(Handled::Quiet),
        }
    }

    /// What the commands of an answer add to the model's reasoning.
    pub fn thoughts<'c>(&self, commands: &'c [Command]) -> Vec<&'c str> {
        commands
            .iter()
            .flat_map(|command| {
                self.iter()
                    .filter_map(move |plugin| plugin.thought(command))
            })
            .collect()
    }

    /// What the model reads of an entry. One that no plugin knows shows its body.
    pub fn project<'e>(&self, entry: &'e Entry, shown: Visibility) -> Cow<'e, str> {
        let name = entry.path.action();
        let name = name.unwrap_or_else(|| entry.scheme().as_str());
        match self.iter().find(|plugin| plugin.name() == name) {
            Some(plugin) => plugin.project(entry, shown),
            None if shown == Visibility::Visible => Cow::Borrowed(&entry.body),
            None => Cow::Borrowed(""),
        }
    }

    /// Whether a proposal may be accepted.
    pub fn veto(&self, proposal: &Proposal, rules: &Rules) -> Result<(), Refusal> {
        self.iter()
            .try_for_each(|plugin| plugin.veto(proposal, rules))
    }

    /// Records what the user decided of a proposal; see [`proposals::decide`]. With the last decision
    /// the plugin of its action does what follows.
    pub fn decide(
        &self,
        tx: &mut Tx<'_>,
        run: RunId,
        path: &EntryPath,
        verdict: Verdict<'_>,
    ) -> Result<(), StoreError> {
        let proposal = proposals::decide(tx, run, path, verdict)?;
        self.follow(tx, &proposal)
    }

    /// Records that accepted hunks were put back; see [`proposals::undo`].
    pub fn undo(
        &self,
        tx: &mut Tx<'_>,
        run: RunId,
        path: &EntryPath,
        hunks: &[String],
    ) -> Result<(), StoreError> {
        let proposal = proposals::undo(tx, run, path, hunks)?;
        self.follow(tx, &proposal)
    }

    fn follow(&self, tx: &mut Tx<'_>, proposal: &Proposal) -> Result<(), StoreError> {
        let name = proposal.action.as_str();
        match self.iter().find(|plugin| plugin.name() == name) {
            Some(plugin) if proposal.open_hunks().next().is_none() => plugin.decided(tx, proposal),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
