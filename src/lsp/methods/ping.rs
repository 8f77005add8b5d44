//! `ping`: is anybody there?

use serde::Serialize;

use super::{Context, Method, MethodError, NoParams};

/// The method `ping`.
pub struct Ping;

#[derive(Debug, Serialize)]
pub struct Pong {}

impl Method for Ping {
    const NAME: &'static str = "ping";
    const DESCRIPTION: &'static str = "Answers `{}`.";
    type Params = NoParams;
    type Output = Pong;

    async fn call(_cx: Context, _params: NoParams) -> Result<Pong, MethodError> {
        Ok(Pong {})
    }
}
