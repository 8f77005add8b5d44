//! rummy-lsp: a language server that brings an agent into the editor.
//!
//! A run is started by a workspace command. A language model works in turns on a store of *entries*
//! (files, knowledge, open questions, logs); what it wants to change is a *proposal* that the user
//! accepts or rejects, hunk by hunk, in any editor that speaks LSP. `README.md` is for users,
//! `editors/PROTOCOL.md` for authors of clients; this page is for the next developer.
//!
//! # The map
//!
//! | module | what lives there |
//! |---|---|
//! | [`cli`] | the command line: the server itself, `demo`, `runs`, `show`, `parse`, `doctor`, `config`; and the client that demo and benches drive it with |
//! | [`lsp`] | the editor surface, and the only place that knows LSP: transport, session actor, the table of methods, proposals as the editor sees them, entries and runs as documents |
//! | [`agent`] | the shared loop: which runs are active, one turn from top to bottom, the verdict. No LSP, no SQL |
//! | [`plugins`] | the tags that the model writes and the sections of the packet that it reads, a folder each, with the text that the model is given about them; the points at which they take part in a turn |
//! | [`dialect`] | what models write, turned into typed commands and edits; edits applied to a text |
//! | [`entries`] | the contract as types: paths, schemes, states, outcomes, runs, proposals |
//! | [`store`] | SQLite under that contract: a file a table group, the SQL beside the function that uses it |
//! | [`llm`] | calling models: a table of services, a file a wire format, streaming, retries |
//! | [`workspace`] | the files of a folder: confined, listed, read, written atomically |
//! | [`config`] | one typed configuration from several layers |
//!
//! # The arrows
//!
//! ```text
//! cli, lsp  →  agent  →  plugins  →  dialect, entries, store, llm, workspace, config
//! ```
//!
//! They point down only; `tests/arrows.rs` fails when one points up. `entries`, `dialect`, `llm`
//! and `workspace` depend on nothing of ours, `store` on `entries` and `dialect`, `config` on
//! `entries` and `llm`. The loop reaches an editor only through `agent::Host` and tells what it does
//! only through `agent::Events`, so the same loop runs under an editor and in tests.
//!
//! # A turn
//!
//! `agent::supervisor` starts a task for a run that has a prompt. `agent::run` claims its loops one
//! after the other and takes turns (`agent::turn`) until a verdict: the workspace's files are synced
//! into entries, the entries are assembled into a packet that fits the model's context, the model is
//! called, its answer is scanned into commands, these are dispatched in order, and what no longer fits
//! after them is put away. What would change a
//! file, run a command or ask the user becomes a proposal in the store; the loop waits on the store until
//! that is decided, and an accepted command, which `agent::commands` looks after, has ended. `lsp::reporter`
//! reads the store and tells each client what is new; `lsp::proposals` places the hunks in the text as
//! the user has it, puts them there when they are accepted, and records what it then finds there.
//!
//! # Invariants
//!
//! Each is written where it holds; these span modules.
//!
//! - Every verb on entries is one transaction, checked for its writer at the boundary of the store.
//!   What was acknowledged survives `kill -9`.
//! - The session actor is the only owner of documents, and document notifications reach it in the
//!   order of the wire. Nothing awaits the client while it holds the actor.
//! - A proposal is called accepted only after the text, as the editor reports it, or the file shows
//!   it. A user's own change is never overwritten.
//! - What a model writes is data: it can be refused, forgiven or counted as a strike; it can not
//!   panic the server or end the loop with an error.
//! - What stands in a file or an answer cannot forge the frame of the packet.
//! - A run is driven by one process, which holds a lease on it; a run whose driver is gone is
//!   `interrupted`, and nothing is run again by itself. A driver that was taken for gone and comes
//!   back finds its loop ended and its writes refused.
//! - The name of a tag, a scheme, a method, a notification stands once in the code.

pub mod agent;
pub mod cli;
pub mod config;
pub mod dialect;
pub mod entries;
pub mod llm;
pub mod lsp;
pub mod plugins;
pub mod store;
pub mod workspace;
