//! `config`: what a run is set to, for the loops that begin from now on. The same fields are the
//! attributes of `run://ALIAS`.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::models::model;
use super::{Context, Method, MethodError, parameters};
use crate::entries::{Attributes, RunAlias};
use crate::store::runs::Changes;

/// The method `config`.
pub struct Configure;

/// What is set of a run. What is missing stays, null clears.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Settings {
    /// A model's alias.
    pub model: Option<String>,
    /// From 0 to 2.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<f64>")]
    pub temperature: Option<Option<f64>>,
    /// The persona itself; `persona/set` takes one by its name.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<String>")]
    pub persona: Option<Option<String>>,
    /// In tokens, at least 1024.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<u64>")]
    pub context_limit: Option<Option<u64>>,
}

/// A field that is there: null is a value of it.
#[expect(
    clippy::option_option,
    reason = "missing, null and a value are three things here"
)]
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Deserialize::deserialize(deserializer).map(Some)
}

impl Settings {
    /// Reads them from the attributes of a run's entry, or the parameters of `config`.
    pub fn read(given: Attributes) -> Result<Self, MethodError> {
        parameters(Value::Object(given))
    }

    /// The changes, where every value is one that a run can have.
    pub fn checked(self) -> Result<Changes, MethodError> {
        if let Some(Some(temperature)) = self.temperature
            && !(0.0..=2.0).contains(&temperature)
        {
            let why = format!("{temperature} is not between 0 and 2");
            return Err(MethodError::parameter("temperature", why));
        }
        if let Some(Some(limit)) = self.context_limit
            && !(1024..=MOST_TOKENS).contains(&limit)
        {
            let why = format!("{limit} is not between 1024 and {MOST_TOKENS} tokens");
            return Err(MethodError::parameter("contextLimit", why));
        }
        Ok(Changes {
            model: self.model,
            temperature: self.temperature,
            persona: self.persona,
            context_limit: self.context_limit,
        })
    }
}

/// More tokens than any model's context has, and few enough for the store.
pub const MOST_TOKENS: u64 = 1 << 40;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConfigureParams {
    pub run: String,
    /// Read as [`Settings`], which a flattened field would not be: unknown keys would pass.
    #[serde(flatten)]
    #[schemars(with = "Settings")]
    pub settings: Attributes,
}

/// The run that was meant.
#[derive(Debug, Serialize)]
pub struct NamedRun {
    pub run: RunAlias,
}

impl Method for Configure {
    const NAME: &'static str = "config";
    const DESCRIPTION: &'static str = "Changes what a run is set to, for the loops that begin from now on; null clears. The same as attributes set on `run://ALIAS`.";
    type Params = ConfigureParams;
    type Output = NamedRun;

    async fn call(cx: Context, params: ConfigureParams) -> Result<NamedRun, MethodError> {
        let settings = Settings::read(params.settings)?;
        configure(&cx, &params.run, settings).await
    }
}

/// Changes the settings of a run.
pub async fn configure(
    cx: &Context,
    alias: &str,
    settings: Settings,
) -> Result<NamedRun, MethodError> {
    let run = cx.run(alias).await?;
    let project = run.project;
    let config = cx.ask(move |session| session.config_in(project)).await?;
    if let Some(named) = settings.model.clone() {
        model(cx, &config, Some(named)).await?;
    }
    let changes = settings.checked()?;
    if changes == Changes::default() {
        let why = "name what to change: model, temperature, persona or contextLimit";
        return Err(MethodError::InvalidParams(why.to_owned()));
    }
    cx.engine.supervisor.configure(run.id, changes).await?;
    Ok(NamedRun { run: run.alias })
}
