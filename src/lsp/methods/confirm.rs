//! `confirm`: the client has carried an acceptance out by itself, with the edit of a code action.

use super::accept::{AcceptParams, AcceptResult, Deciding, decide};
use super::{Context, Method, MethodError};

/// The method `confirm`.
pub struct Confirm;

impl Method for Confirm {
    const NAME: &'static str = "confirm";
    const DESCRIPTION: &'static str =
        "Records as accepted what of a proposal the text holds; changes no text.";
    const LONG_RUNNING: bool = true;
    type Params = AcceptParams;
    type Output = AcceptResult;

    async fn call(cx: Context, params: AcceptParams) -> Result<AcceptResult, MethodError> {
        decide(cx, params, Deciding::Confirm).await
    }
}
