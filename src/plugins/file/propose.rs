//! Changes of files on their way to the user: each is a log entry that is `proposed`.

use serde_json::json;

use super::{Drafts, Files};
use crate::dialect::Tool;
use crate::entries::proposal::text::unified_diff;
use crate::entries::{Action, Attributes, Effect, EntryPath, Outcome, State, Writer};
use crate::plugins::{Handled, Problem, Refusal, TurnContext, about};
use crate::store::entries::{self, Write};
use crate::store::{StoreError, Tx, proposals};

/// A command that would change files.
#[derive(Debug, Clone)]
pub struct Proposing {
    pub tool: Tool,
    pub action: Action,
    /// What the log entries carry beside the file's path.
    pub attributes: Attributes,
}

/// The files that a command works on. A run may do without them.
pub fn files_of<'a>(cx: &'a TurnContext<'a>, path: &str) -> Result<&'a Files, Refusal> {
    cx.files.ok_or_else(|| {
        let message =
            format!("{path} cannot be changed: this run works without the workspace's files");
        Refusal::new(Outcome::Permission, message)
    })
}

/// Refuses a new file where there is one, or below what is no folder.
pub async fn can_be_created(
    files: &Files,
    drafts: &Drafts,
    path: &EntryPath,
) -> Result<(), Refusal> {
    let file = files.writable(path.as_str())?;
    let conflict = |why: &str| Refusal::new(Outcome::Conflict, format!("{path} {why}"));
    if drafts.exists(files, path).await? {
        return Err(conflict(
            "exists already; change it with <set>, or <rm> it first",
        ));
    }
    let above = file
        .absolute()
        .ancestors()
        .skip(1)
        .find(|path| path.exists());
    match above {
        Some(above) if !above.is_dir() => Err(conflict(
            "cannot be created: what lies above it is a file, not a folder",
        )),
        _ => Ok(()),
    }
}

impl Proposing {
    /// Proposes effects, each in an entry of its own with what the log says of it.
    pub async fn propose(
        self,
        cx: &TurnContext<'_>,
        effects: Vec<(Effect, String)>,
    ) -> Result<Handled, Problem> {
        let writes: Vec<(Write, Effect)> = effects
            .into_iter()
            .map(|(effect, body)| (self.entry(cx, &effect, &body), effect))
            .collect();
        let (run, action) = (cx.run, self.action);
        cx.store
            .write(move |tx| {
                for (write, effect) in &writes {
                    let path = entries::log(tx, run, write.clone())?;
                    proposals::put(tx, run, &path, action, effect)?;
                }
                Ok(())
            })
            .await?;
        Ok(Handled::Proposed)
    }

    /// Proposes another text of a file, or joins it to the edit that was proposed before.
    pub async fn edit(
        self,
        cx: &TurnContext<'_>,
        target: EntryPath,
        joined: Option<EntryPath>,
        base: Option<String>,
        after: &str,
    ) -> Result<Handled, Problem> {
        let patch = unified_diff(target.as_str(), base.as_deref(), after);
        let is_nothing = base.as_deref() == Some(after);
        let effect = Effect::edit(target.clone(), base.as_deref(), after);
        let Some(joined) = joined else {
            return self.propose(cx, vec![(effect, patch)]).await;
        };
        let first = self.entry(cx, &effect, &patch);
        let note = format!("joined to the change proposed in {joined}");
        let note = cx
            .record(self.tool, target.as_str(), &note)
            .attributes(about(target.as_str()));
        let (run, action) = (cx.run, self.action);
        cx.store
            .write(move |tx: &mut Tx<'_>| {
                let mut write = Write::to(joined.clone());
                write.body = first.body;
                write.attributes = first.attributes;
                if is_nothing {
                    let outcome = Outcome::Reason("taken back by a later change".to_owned());
                    write = write.ended(State::Cancelled, Some(outcome));
                }
                entries::set(tx, run, Writer::Plugin, write)?;
                proposals::put(tx, run, &joined, action, &effect)?;
                entries::log(tx, run, note)?;
                Ok::<_, StoreError>(())
            })
            .await?;
        Ok(Handled::Proposed)
    }

    fn entry(&self, cx: &TurnContext<'_>, effect: &Effect, body: &str) -> Write {
        let target = effect.target().map_or("", EntryPath::as_str);
        let mut attributes = about(target);
        attributes.insert("model".to_owned(), json!(cx.in_loop.model));
        if let Some(to) = effect.to() {
            attributes.insert("to".to_owned(), json!(to));
        }
        attributes.extend(self.attributes.clone());
        cx.record(self.tool, target, body)
            .attributes(attributes)
            .state(State::Proposed)
    }
}
