//! What a user keeps for runs: `skill/add`, `skill/remove`, `getSkills`, `listSkills`, `persona/set`,
//! `listPersonas`.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Context, Done, Method, MethodError, NoParams};
use crate::entries::{ProjectId, Writer};
use crate::plugins::library::{LibraryError, Shelf, Volume};
use crate::plugins::skill;
use crate::store::entries::{self, Query};
use crate::store::runs::Changes;

/// The method `skill/add`.
pub struct AddSkill;
/// The method `skill/remove`.
pub struct RemoveSkill;
/// The method `getSkills`.
pub struct GetSkills;
/// The method `listSkills`.
pub struct ListSkills;
/// The method `persona/set`.
pub struct SetPersona;
/// The method `listPersonas`.
pub struct ListPersonas;

impl From<LibraryError> for MethodError {
    fn from(error: LibraryError) -> Self {
        match error {
            LibraryError::NotFound { .. } => Self::NotFound(error.to_string()),
            LibraryError::Name(_)
            | LibraryError::Unreadable { .. }
            | LibraryError::TooLarge { .. } => Self::parameter("name", error),
        }
    }
}

/// Works in the library of a project, or of all folders that are open, off the async workers.
async fn browse<T: Send + 'static>(
    cx: &Context,
    project: Option<ProjectId>,
    look: impl FnOnce(Vec<PathBuf>) -> Result<T, LibraryError> + Send + 'static,
) -> Result<T, MethodError> {
    let homes = cx.ask(move |session| session.homes(project)).await?;
    tokio::task::spawn_blocking(move || look(homes))
        .await
        .map_err(|error| MethodError::Internal(error.to_string()))?
        .map_err(MethodError::from)
}

#[derive(Debug, Deserialize, JsonSchema)]
pub struct SkillParams {
    pub run: String,
    /// The skill's name: that of its file in the `skills` folder, without `.md`.
    pub name: String,
}

impl Method for AddSkill {
    const NAME: &'static str = "skill/add";
    const DESCRIPTION: &'static str =
        "Gives a run a skill of its trusted folder or of the home: `skill://NAME`.";
    type Params = SkillParams;
    type Output = Done;

    async fn call(cx: Context, params: SkillParams) -> Result<Done, MethodError> {
        let run = cx.run(&params.run).await?;
        let read = move |homes: Vec<PathBuf>| Shelf::Skills.read(&homes, &params.name);
        let skill = browse(&cx, Some(run.project), read).await?;
        cx.store()
            .write(move |tx| skill::attach(tx, run.id, &skill))
            .await?;
        Ok(Done::OK)
    }
}

impl Method for RemoveSkill {
    const NAME: &'static str = "skill/remove";
    const DESCRIPTION: &'static str = "Takes a skill away from a run.";
    type Params = SkillParams;
    type Output = Done;

    async fn call(cx: Context, params: SkillParams) -> Result<Done, MethodError> {
        let run = cx.run(&params.run).await?;
        let path = skill::path(&params.name).map_err(|e| MethodError::parameter("name", e))?;
        let query = Query::exactly(&path);
        let removed = cx
            .store()
            .write(move |tx| entries::rm(tx, run.id, Writer::Client, &query))
            .await?;
        if removed.is_empty() {
            let message = format!("the run {} has no skill \"{}\"", run.alias, params.name);
            return Err(MethodError::NotFound(message));
        }
        Ok(Done::OK)
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
pub struct GetSkillsParams {
    pub run: String,
}

impl Method for GetSkills {
    const NAME: &'static str = "getSkills";
    const DESCRIPTION: &'static str = "The names of the skills that a run has.";
    type Params = GetSkillsParams;
    type Output = Vec<String>;

    async fn call(cx: Context, params: GetSkillsParams) -> Result<Vec<String>, MethodError> {
        let run = cx.run(&params.run).await?.id;
        Ok(cx
            .store()
            .read(move |connection| skill::attached(connection, run))
            .await?)
    }
}

/// A skill that runs can be given.
#[derive(Debug, Serialize)]
pub struct SkillItem {
    pub name: String,
    pub description: String,
}

impl Method for ListSkills {
    const NAME: &'static str = "listSkills";
    const DESCRIPTION: &'static str = "The skills of trusted folders and of the home, by name.";
    type Params = NoParams;
    type Output = Vec<SkillItem>;

    async fn call(cx: Context, _params: NoParams) -> Result<Vec<SkillItem>, MethodError> {
        browse(&cx, None, |homes| {
            let names = Shelf::Skills.names(&homes)?.into_iter();
            let readable = names.filter_map(|name| match Shelf::Skills.read(&homes, &name) {
                Ok(skill) => Some(SkillItem::of(skill)),
                Err(error) => {
                    tracing::warn!(%error, "a skill is left out of the list");
                    None
                }
            });
            Ok(readable.collect())
        })
        .await
    }
}

impl SkillItem {
    fn of(skill: Volume) -> Self {
        Self {
            description: skill.description(),
            name: skill.name,
        }
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
pub struct SetPersonaParams {
    pub run: String,
    /// A persona of the `personas` folder.
    pub name: Option<String>,
    /// The persona itself; it wins over a name.
    pub text: Option<String>,
}

impl Method for SetPersona {
    const NAME: &'static str = "persona/set";
    const DESCRIPTION: &'static str = "Gives a run a persona, for its loops that begin from now on; without a name and a text it has none.";
    type Params = SetPersonaParams;
    type Output = Done;

    async fn call(cx: Context, params: SetPersonaParams) -> Result<Done, MethodError> {
        let run = cx.run(&params.run).await?;
        let persona = match (params.text, params.name) {
            (Some(text), _) => Some(text),
            (None, Some(name)) => {
                let read = move |homes: Vec<PathBuf>| Shelf::Personas.read(&homes, &name);
                Some(browse(&cx, Some(run.project), read).await?.text)
            }
            (None, None) => None,
        };
        let changes = Changes {
            persona: Some(persona),
            ..Changes::default()
        };
        cx.engine.supervisor.configure(run.id, changes).await?;
        Ok(Done::OK)
    }
}

impl Method for ListPersonas {
    const NAME: &'static str = "listPersonas";
    const DESCRIPTION: &'static str =
        "The names of the personas of trusted folders and of the home.";
    type Params = NoParams;
    type Output = Vec<String>;

    async fn call(cx: Context, _params: NoParams) -> Result<Vec<String>, MethodError> {
        browse(&cx, None, |homes| Shelf::Personas.names(&homes)).await
    }
}
