//! What the server logs, at `info` and above, as `window/logMessage` to the clients that are
//! connected. Only our own words: what libraries log goes to stderr and the log file.

use std::fmt::{self, Write as _};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::json;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use super::outbox::Outbox;
use super::types::{MessageType, wire};

/// The clients that listen, by their session's id.
static LISTENERS: Mutex<Vec<(u64, Outbox)>> = Mutex::new(Vec::new());

/// Sends the log to a session's client from now on.
pub fn join(session: u64, outbox: Outbox) {
    listeners().push((session, outbox));
}

/// Stops sending it to that client.
pub fn leave(session: u64) {
    listeners().retain(|(id, _)| *id != session);
}

fn listeners() -> MutexGuard<'static, Vec<(u64, Outbox)>> {
    LISTENERS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The layer that sends events to the clients.
pub struct ClientLog;

impl<S: Subscriber> Layer<S> for ClientLog {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        let ours = metadata.target().starts_with(env!("CARGO_CRATE_NAME"));
        if !ours || *metadata.level() > Level::INFO {
            return;
        }
        let typ = match *metadata.level() {
            Level::ERROR => MessageType::ERROR,
            Level::WARN => MessageType::WARNING,
            _ => MessageType::INFO,
        };
        let mut line = Line::default();
        event.record(&mut line);
        let params = json!({"type": typ, "message": line.0});
        for (_, outbox) in listeners().iter() {
            outbox.notify(wire::LOG_MESSAGE, &params);
        }
    }
}

/// An event as one line: the message, then its fields.
#[derive(Default)]
struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a String cannot fail.
        let _ = match field.name() {
            "message" => write!(self.0, "{value:?}"),
            name => write!(self.0, " {name}={value:?}"),
        };
    }
}
