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

pub const STREAM_CHUNK: Notification = Notification {
    method: "stream/chunk",
    description: "Output of a command that runs: `{run, path, channel, chunk}` with the path of its log entry, channel 1 (stdout) or 2 (stderr). At most five a second and channel, each of at most 16 KiB; a longer one says how much it leaves out.",
};

pub const STREAM_CANCELLED: Notification = Notification {
    method: "stream/cancelled",
    description: "A command was cut off: by stream/cancel, its time limit, an abort, the end of the server. `{run, path, reason}`; a client that runs it ends it.",
};

pub const ALL: [Notification; 6] = [
    RUN_STATE,
    RUN_TEXT,
    RUN_PROGRESS,
    RUN_PROPOSAL,
    STREAM_CHUNK,
    STREAM_CANCELLED,
];
