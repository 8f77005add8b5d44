//! `config`: what a run is set to, for the loops that begin from now on. The same fields are the
//! attributes of `run://ALIAS`.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::models::model;
use super::{Context, Method, MethodError};
use crate::config::Config;
use crate::entries::{Attributes, RunAlias};
use crate::plugins::persona;
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
    /// The name of a persona, or its text.
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
    /// The attributes of a run's entry.
    pub fn of_attributes(attributes: Attributes) -> Result<Self, MethodError> {
        serde_json::from_value(Value::Object(attributes))
            .map_err(|error| MethodError::parameter("attributes", error))
    }

    /// The changes, where every value is one that a run can have. A persona that is the name of a
    /// file in the home is that file's text.
    pub fn checked(self, config: &Config) -> Result<Changes, MethodError> {
        if let Some(Some(temperature)) = self.temperature
            && !(0.0..=2.0).contains(&temperature)
        {
            let why = format!("{temperature} is not between 0 and 2");
            return Err(MethodError::parameter("temperature", why));
        }
        if let Some(Some(limit)) = self.context_limit
            && limit < 1024
        {
            let why = format!("{limit} is less than 1024 tokens");
            return Err(MethodError::parameter("contextLimit", why));
        }
        let persona = match self.persona {
            Some(Some(given)) => Some(Some(persona::text_of(&config.home, &given)?)),
            other => other,
        };
        Ok(Changes {
            model: self.model,
            temperature: self.temperature,
            persona,
            context_limit: self.context_limit,
        })
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConfigureParams {
    pub run: String,
    #[serde(flatten)]
    pub settings: Settings,
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
        configure(&cx, &params.run, params.settings).await
    }
}

/// Changes the settings of a run.
pub async fn configure(
    cx: &Context,
    alias: &str,
    settings: Settings,
) -> Result<NamedRun, MethodError> {
    let run = cx.run(alias).await?;
    let config = cx.ask(|session| session.config.clone()).await?;
    if let Some(named) = settings.model.clone() {
        model(cx, &config, Some(named)).await?;
    }
    let changes = settings.checked(&config)?;
    if changes == Changes::default() {
        let why = "name what to change: model, temperature, persona or contextLimit";
        return Err(MethodError::InvalidParams(why.to_owned()));
    }
    cx.engine.supervisor.configure(run.id, changes).await?;
    Ok(NamedRun { run: run.alias })
}
