//! `getModels`, `addModel`, `removeModel`: the aliases that runs can be started with.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::settings::MOST_TOKENS;
use super::{Context, Done, Method, MethodError};
use crate::config::Config;
use crate::llm::{Key, ModelSpec};
use crate::store::models;

/// The method `getModels`.
pub struct GetModels;
/// The method `addModel`.
pub struct AddModel;
/// The method `removeModel`.
pub struct RemoveModel;

#[derive(Debug, Deserialize, JsonSchema)]
pub struct GetModelsParams {
    pub limit: Option<usize>,
    pub offset: Option<usize>,
}

/// A model alias.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelItem {
    pub alias: String,
    pub actual: String,
    pub context_length: Option<u64>,
}

impl Method for GetModels {
    const NAME: &'static str = "getModels";
    const DESCRIPTION: &'static str =
        "The model aliases, configured and added, or else found, by alias.";
    type Params = GetModelsParams;
    type Output = Vec<ModelItem>;

    async fn call(cx: Context, params: GetModelsParams) -> Result<Vec<ModelItem>, MethodError> {
        let config = cx.ask(|session| session.config.clone()).await?;
        let all = available(&cx, &config).await?;
        Ok(all
            .into_iter()
            .skip(params.offset.unwrap_or(0))
            .take(params.limit.unwrap_or(usize::MAX))
            .map(|spec| ModelItem {
                alias: spec.alias,
                actual: spec.actual,
                context_length: spec.context_length,
            })
            .collect())
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AddModelParams {
    pub alias: String,
    /// `PROVIDER/NAME`.
    pub actual: String,
    /// In tokens.
    pub context_length: Option<u64>,
}

/// The alias that was added.
#[derive(Debug, Serialize)]
pub struct AddedModel {
    pub alias: String,
}

impl Method for AddModel {
    const NAME: &'static str = "addModel";
    const DESCRIPTION: &'static str =
        "Adds a model alias to the store, or replaces what it stands for.";
    type Params = AddModelParams;
    type Output = AddedModel;

    async fn call(cx: Context, params: AddModelParams) -> Result<AddedModel, MethodError> {
        let AddModelParams {
            alias,
            actual,
            context_length,
        } = params;
        if alias.trim().is_empty() {
            return Err(MethodError::parameter("alias", "it is empty"));
        }
        if context_length.is_some_and(|length| !(1..=MOST_TOKENS).contains(&length)) {
            let why = format!("it is not between 1 and {MOST_TOKENS} tokens");
            return Err(MethodError::parameter("contextLength", why));
        }
        let configured = cx
            .ask({
                let alias = alias.clone();
                move |session| session.config.models.contains_key(&alias)
            })
            .await?;
        if configured {
            let message =
                format!("the configuration already says what \"{alias}\" is; change it there");
            return Err(MethodError::Conflict(message));
        }
        let spec = ModelSpec {
            alias: alias.clone(),
            actual: actual.clone(),
            context_length,
            base_url: None,
            api_key: Key::Default,
            temperature: None,
        };
        cx.engine
            .supervisor
            .check_model(&spec)
            .map_err(|error| MethodError::parameter("actual", error))?;
        let added = alias.clone();
        cx.store()
            .write(move |tx| models::put(tx, &alias, &actual, context_length))
            .await?;
        Ok(AddedModel { alias: added })
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
pub struct RemoveModelParams {
    pub alias: String,
}

impl Method for RemoveModel {
    const NAME: &'static str = "removeModel";
    const DESCRIPTION: &'static str = "Removes an alias that was added with addModel.";
    type Params = RemoveModelParams;
    type Output = Done;

    async fn call(cx: Context, params: RemoveModelParams) -> Result<Done, MethodError> {
        cx.store()
            .write(move |tx| models::remove(tx, &params.alias))
            .await?;
        Ok(Done::OK)
    }
}

/// The model that is meant: the named one, else the configured default, else the only one, else the
/// best of those that were found without being configured.
pub async fn model(
    cx: &Context,
    config: &Config,
    named: Option<String>,
) -> Result<ModelSpec, MethodError> {
    let configured = configured(cx, config).await?;
    let found = match configured.as_slice() {
        [] => cx.engine.supervisor.models().found().await,
        _ => Vec::new(),
    };
    let all = [&configured[..], &found[..]].concat();
    let aliases: Vec<&str> = all.iter().map(|spec| spec.alias.as_str()).collect();
    let names = aliases.join(", ");
    match (named.or_else(|| config.model.clone()), all.as_slice()) {
        (_, []) => Err(MethodError::NoModel(NO_MODEL.to_owned())),
        (Some(alias), all) => match all.iter().find(|spec| spec.alias == alias) {
            Some(spec) => Ok(spec.clone()),
            None => Err(MethodError::NotFound(format!(
                "no model is called \"{alias}\"; there are {names}"
            ))),
        },
        (None, [only]) => Ok(only.clone()),
        (None, [best, ..]) if configured.is_empty() => Ok(best.clone()),
        (None, _) => Err(MethodError::NoModel(format!(
            "several models are configured and none is the default: name one of {names}, or set `model`"
        ))),
    }
}

const NO_MODEL: &str = "no model is configured, no local Ollama answers, and no key of a provider is set.
Start Ollama with a model (`ollama pull qwen3`), or set OPENAI_API_KEY, ANTHROPIC_API_KEY, OPENROUTER_API_KEY or XAI_API_KEY;
or name a model: in config.toml ([models.NAME] actual = \"openai/…\"), by RUMMY_MODEL_NAME=openai/…, or with rummy.addModel {alias, actual}.";

/// All models that a run can be started with, by alias: the configured ones and those that a client
/// has added; where there are none, those that are found.
async fn available(cx: &Context, config: &Config) -> Result<Vec<ModelSpec>, MethodError> {
    let mut all = configured(cx, config).await?;
    if all.is_empty() {
        all = cx.engine.supervisor.models().found().await;
    }
    all.sort_by(|a, b| a.alias.cmp(&b.alias));
    Ok(all)
}

async fn configured(cx: &Context, config: &Config) -> Result<Vec<ModelSpec>, MethodError> {
    let added = cx.store().read(models::list).await?;
    let mut all: Vec<ModelSpec> = config.models.values().cloned().collect();
    for model in added {
        if !config.models.contains_key(&model.alias) {
            all.push(ModelSpec {
                alias: model.alias,
                actual: model.actual,
                context_length: model.context_length,
                base_url: None,
                api_key: Key::Default,
                temperature: None,
            });
        }
    }
    all.sort_by(|a, b| a.alias.cmp(&b.alias));
    Ok(all)
}
