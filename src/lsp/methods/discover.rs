//! `discover`: the table itself, for clients that want to know what there is.

use schemars::Schema;
use serde::Serialize;

use super::{Context, Method, MethodError, NoParams, TABLE};
use crate::lsp::PROTOCOL_VERSION;
use crate::lsp::notifications;

/// The method `discover`.
pub struct Discover;

/// What there is.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Catalogue {
    pub protocol_version: &'static str,
    pub methods: Vec<MethodItem>,
    pub notifications: Vec<NotificationItem>,
}

/// A method of the table.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MethodItem {
    pub name: &'static str,
    pub description: &'static str,
    pub params: Schema,
    pub long_running: bool,
}

/// A notification.
#[derive(Debug, Serialize)]
pub struct NotificationItem {
    pub name: &'static str,
    pub description: &'static str,
}

impl Method for Discover {
    const NAME: &'static str = "discover";
    const DESCRIPTION: &'static str =
        "Lists every method with the JSON Schema of its parameters, and every notification.";
    type Params = NoParams;
    type Output = Catalogue;

    async fn call(_cx: Context, _params: NoParams) -> Result<Catalogue, MethodError> {
        Ok(catalogue())
    }
}

/// The catalogue, drawn from the table.
pub fn catalogue() -> Catalogue {
    let methods = TABLE.iter().map(|row| MethodItem {
        name: row.name,
        description: row.description,
        params: (row.schema)(),
        long_running: row.long_running,
    });
    let notifications = notifications::ALL
        .iter()
        .map(|notification| NotificationItem {
            name: notification.method,
            description: notification.description,
        });
    Catalogue {
        protocol_version: PROTOCOL_VERSION,
        methods: methods.collect(),
        notifications: notifications.collect(),
    }
}
