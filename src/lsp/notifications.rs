//! The notifications that go to the client, each named once. `rummy/discover` and
//! `editors/PROTOCOL.md` list them from here.

/// A notification of this server's own.
#[derive(Debug, Clone, Copy)]
pub struct Notification {
    pub method: &'static str,
    pub description: &'static str,
}

pub const RUN_STATE: Notification = Notification {
    method: "run/state",
    description: "The run's state: after every command, at the end of every turn, at every change of status. `history` holds what is new or changed since the last one.",
};

pub const RUN_TEXT: Notification = Notification {
    method: "run/text",
    description: "A piece of the answer that streams in: `{run, turn, kind, offset, text}`; `offset` counts bytes of UTF-8 from the beginning of the answer.",
};

pub const RUN_PROGRESS: Notification = Notification {
    method: "run/progress",
    description: "Where a turn stands: `{run, turn, status, detail?, tokens?}` with status thinking, streaming, processing or retrying.",
};

pub const RUN_PROPOSAL: Notification = Notification {
    method: "run/proposal",
    description: "The run's whole set of pending proposals, whenever it changes or moves with the text: `{run, turn, proposals}`; empty when none is left.",
};

pub const ALL: [Notification; 4] = [RUN_STATE, RUN_TEXT, RUN_PROGRESS, RUN_PROPOSAL];
