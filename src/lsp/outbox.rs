//! What goes to the client. Putting something in never waits, so whoever holds the session's state
//! can; a task of the transport writes it out in order.

use serde::Serialize;
use tokio::sync::mpsc;

use super::types::{MessageType, ShowMessageParams, wire};

/// The sending end. Clones send to the same client.
#[derive(Debug, Clone)]
pub struct Outbox(mpsc::UnboundedSender<String>);

impl Outbox {
    pub fn new() -> (Self, mpsc::UnboundedReceiver<String>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self(sender), receiver)
    }

    /// Sends a whole message: a response, or a request that the protocol crate made.
    pub fn send(&self, message: impl Serialize) {
        match serde_json::to_string(&message) {
            // The client is gone: nothing is left to be told.
            Ok(message) => drop(self.0.send(message)),
            Err(error) => tracing::error!(%error, "a message could not be written as JSON"),
        }
    }

    /// Sends a notification.
    pub fn notify(&self, method: &str, params: impl Serialize) {
        self.send(Notification {
            jsonrpc: "2.0",
            method,
            params,
        });
    }

    /// Sends a notification whose parameters are JSON already.
    pub fn notify_written(&self, method: &str, params: &str) {
        // Methods are names of ours: nothing in them needs an escape.
        let message = [
            r#"{"jsonrpc":"2.0","method":""#,
            method,
            r#"","params":"#,
            params,
            "}",
        ];
        drop(self.0.send(message.concat()));
    }

    /// Shows a message that a person must see.
    pub fn show(&self, typ: MessageType, message: impl Into<String>) {
        let message = message.into();
        self.notify(wire::SHOW_MESSAGE, ShowMessageParams { typ, message });
    }
}

#[derive(Serialize)]
struct Notification<'m, P> {
    jsonrpc: &'static str,
    method: &'m str,
    params: P,
}
