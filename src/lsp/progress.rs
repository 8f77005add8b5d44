//! A run's progress in the client's own progress display, for clients without our plugin
//! (LSP 3.17, "Work Done Progress").

use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::session::SessionHandle;
use super::types::request::WorkDoneProgressCreate;
use super::types::{NumberOrString, WorkDoneProgressCreateParams, wire};
use crate::agent::Activity;
use crate::entries::{RunAlias, RunId, TurnNumber};

/// What the token of a run's progress begins with; the run's row id follows, so that a cancel finds
/// the run whatever it is called by then.
const TOKEN: &str = "rummy/";

/// A progress that was begun. It waits for nothing: what is reported goes through a queue.
pub struct Progress {
    queue: mpsc::UnboundedSender<Value>,
    max_turns: u32,
}

impl Progress {
    /// Begins the progress of a run, for a client that shows one.
    pub fn begin(session: SessionHandle, run: RunId, alias: RunAlias, max_turns: u32) -> Self {
        let (queue, values) = mpsc::unbounded_channel();
        tokio::spawn(relay(session, run, alias, values));
        Self { queue, max_turns }
    }

    /// Says what a turn is doing.
    pub fn report(
        &self,
        turn: TurnNumber,
        activity: Activity,
        detail: Option<&str>,
        tokens: Option<u64>,
    ) {
        let mut parts = vec![
            format!("turn {turn}/{}", self.max_turns),
            json!(activity).as_str().unwrap_or("").to_owned(),
        ];
        parts.extend(detail.map(str::to_owned));
        parts.extend(tokens.map(|tokens| match activity {
            Activity::Thinking => format!("{} tokens free", thousands(tokens)),
            _ => format!("{} tokens", thousands(tokens)),
        }));
        let message = parts.join(" · ");
        // The relay ends when the client does not want progress.
        let _ = self
            .queue
            .send(json!({"kind": "report", "message": message}));
    }

    /// Ends it, with the run's summary where there is one.
    pub fn end(self, summary: &str) {
        let value = match summary {
            "" => json!({"kind": "end"}),
            summary => json!({"kind": "end", "message": summary}),
        };
        let _ = self.queue.send(value);
    }
}

/// The run that a token belongs to.
pub fn run_of(token: &NumberOrString) -> Option<RunId> {
    match token {
        NumberOrString::String(text) => {
            let id = text.strip_prefix(TOKEN)?.parse();
            id.map_or(None, |id| Some(RunId(id)))
        }
        NumberOrString::Number(_) => None,
    }
}

async fn relay(
    session: SessionHandle,
    run: RunId,
    alias: RunAlias,
    mut values: mpsc::UnboundedReceiver<Value>,
) {
    let wanted = session
        .ask(|session| session.abilities.work_done_progress)
        .await;
    if wanted != Some(true) {
        return;
    }
    let token = NumberOrString::String(format!("{TOKEN}{}", run.0));
    let params = WorkDoneProgressCreateParams {
        token: token.clone(),
    };
    if session
        .client
        .send_request::<WorkDoneProgressCreate>(params)
        .await
        .is_err()
    {
        return;
    }
    let send = |value: Value| {
        session
            .outbox
            .notify(wire::PROGRESS, json!({"token": token, "value": value}));
    };
    send(json!({"kind": "begin", "title": format!("Rummy: {alias}"), "cancellable": true}));
    let mut ended = false;
    while let Some(value) = values.recv().await {
        ended |= value["kind"] == "end";
        send(value);
    }
    if !ended {
        send(json!({"kind": "end"}));
    }
}

/// `12.4k`: large numbers in three digits or so.
#[expect(
    clippy::cast_precision_loss,
    reason = "shown with one decimal of thousands"
)]
fn thousands(tokens: u64) -> String {
    if tokens < 1000 {
        tokens.to_string()
    } else {
        format!("{:.1}k", tokens as f64 / 1000.0)
    }
}
