//! Accepting: the effect is carried out, found true, and only then recorded.
//!
//! **Invariant.** A hunk is recorded as accepted only after the open document's text, as the client
//! reports it, or the disk holds it. Whatever else happens leaves it pending.

use std::path::Path;

use super::NotDone;
use super::carry_out::{Carrier, Sent};
use crate::agent::Subject;
use crate::entries::{
    Decision, Effect, EntryPath, Hunk, ProjectId, Proposal, RunAlias, RunId, TextChange,
};
use crate::lsp::hub::Editors;
use crate::store::proposals::{self, Verdict};
use crate::store::{constraints, projects, runners, runs};
use crate::workspace::{Constraint, Root, Rules};

/// What the user accepts of a proposal.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// These hunks; none: all that are open.
    pub hunks: Option<Vec<String>>,
    /// The file's text or the command as the user edited it before accepting; the answer to a question.
    pub body: Option<String>,
    /// The session of the editor that asks: its document is the one to change.
    pub asked_by: Option<u64>,
}

/// Accepts what is wished of one proposal.
pub async fn accept(
    editors: &Editors,
    run: RunId,
    path: &EntryPath,
    wish: &Wish,
) -> Result<(), NotDone> {
    let _hold = editors.hold(run, path).ok_or(NotDone::Busy)?;
    let case = Case::open(editors, run, path, wish).await?;
    case.carry_out(editors).await?;
    case.record(editors).await
}

/// Records what an editor shows only after nobody waited for it any more.
pub async fn accept_late(
    editors: &Editors,
    run: RunId,
    path: &EntryPath,
    wish: &Wish,
    sent: Sent,
) -> Result<(), NotDone> {
    sent.late_outcome().await?;
    let _hold = editors.hold(run, path).ok_or(NotDone::Busy)?;
    let case = Case::open(editors, run, path, wish).await?;
    case.record(editors).await
}

/// A proposal that is about to be accepted.
pub struct Case {
    pub proposal: Proposal,
    pub alias: RunAlias,
    pub project: ProjectId,
    pub root: Root,
    rules: Rules,
    /// The ids of the hunks that are meant.
    pub wanted: Vec<String>,
    wish: Wish,
}

impl Case {
    pub async fn open(
        editors: &Editors,
        run: RunId,
        path: &EntryPath,
        wish: &Wish,
    ) -> Result<Self, NotDone> {
        let found = path.clone();
        let loaded = editors
            .store
            .read(move |tx| {
                let pending = proposals::pending(tx, run)?;
                let Some(proposal) = pending.into_iter().find(|p| p.path == found) else {
                    return Ok(None);
                };
                let run = runs::by_id(tx, run)?;
                let project = projects::find(tx, run.project)?;
                let rules = constraints::list(tx, run.project)?;
                Ok(project.map(|project| (proposal, run.alias, project, rules)))
            })
            .await?;
        let Some((mut proposal, alias, project, rules)) = loaded else {
            return Err(NotDone::NotPending(path.clone()));
        };
        if let Some(body) = &wish.body {
            // Stored only once it is accepted.
            rewrite(&mut proposal, body);
        }
        let wanted: Vec<String> = proposal
            .meant(wish.hunks.as_deref(), Hunk::is_open)
            .map_err(NotDone::NoHunk)?
            .into_iter()
            .map(str::to_owned)
            .collect();
        if wanted.is_empty() && wish.hunks.is_some() {
            return Err(NotDone::NothingOpen);
        }
        let rules = Rules::parse(rules)?;
        editors.plugins.veto(&proposal, &rules)?;
        Ok(Self {
            proposal,
            alias,
            project: project.id,
            root: Root::open(Path::new(&project.root))?,
            rules,
            wanted,
            wish: wish.clone(),
        })
    }

    pub fn carrier<'e>(&self, editors: &'e Editors) -> Carrier<'e> {
        Carrier {
            editors,
            root: self.root.clone(),
            alias: self.alias.clone(),
            turn: self.proposal.turn,
            asked_by: self.wish.asked_by,
        }
    }

    async fn carry_out(&self, editors: &Editors) -> Result<(), NotDone> {
        let carrier = self.carrier(editors);
        match &self.proposal.effect {
            Effect::Edit { target, .. } => match self.proposal.change() {
                Some(change) => carrier.edit(target, &change, &self.wanted).await,
                None => Ok(()),
            },
            Effect::Delete { target, text } => carrier.delete(target, text).await,
            Effect::Rename { target, to } => carrier.rename(target, to).await,
            Effect::Copy { to, text, .. } => {
                let change = TextChange::between(None, text);
                carrier.edit(to, &change, &self.wanted).await
            }
            Effect::Question { .. } if self.wish.body.is_none() => Err(NotDone::NoAnswer),
            // A command runs once it is recorded.
            Effect::Question { .. } | Effect::Command { .. } => Ok(()),
        }
    }

    /// The file that came into being and that no constraint shows yet.
    fn new_file(&self) -> Option<EntryPath> {
        let new = match &self.proposal.effect {
            Effect::Edit {
                target, base: None, ..
            } => target,
            Effect::Copy { to, .. } => to,
            _ => return None,
        };
        let is_active = self.rules.constraint_of(new.as_str()) == Some(Constraint::Active);
        (!is_active).then(|| new.clone())
    }

    pub async fn record(self, editors: &Editors) -> Result<(), NotDone> {
        let new_file = self.new_file();
        let (plugins, run) = (editors.plugins.clone(), self.proposal.run);
        let is_command = matches!(self.proposal.effect, Effect::Command { .. });
        let path = self.proposal.path.clone();
        let subject = Subject {
            run,
            project: self.project,
            alias: self.alias.clone(),
        };
        let holder = editors.commands.holder().clone();
        editors
            .store
            .write(move |tx| {
                let (proposal, answer) = (&self.proposal, self.wish.body.as_deref());
                let path = &proposal.path;
                if answer.is_some() {
                    proposals::put(tx, run, path, proposal.action, &proposal.effect)?;
                }
                let verdict = Verdict {
                    decision: Decision::Accepted,
                    hunks: &self.wanted,
                    words: answer,
                };
                plugins.decide(tx, run, path, verdict)?;
                if is_command {
                    runners::take(tx, run, path, &holder)?;
                }
                if let Some(new) = new_file {
                    let word = Constraint::Active.as_str();
                    constraints::put(tx, self.project, (new.as_str(), true), word)?;
                }
                Ok(())
            })
            .await?;
        if is_command {
            editors.commands.start(subject, path);
        }
        editors.tell_decided(run).await?;
        Ok(())
    }
}

/// What the proposal is with the user's own text in it.
fn rewrite(proposal: &mut Proposal, body: &str) {
    match &mut proposal.effect {
        Effect::Edit { after: text, .. } | Effect::Copy { text, .. } => *text = body.into(),
        Effect::Command { line } => body.clone_into(line),
        Effect::Delete { .. } | Effect::Rename { .. } | Effect::Question { .. } => return,
    }
    proposal.hunks = proposal.effect.hunks();
}
