//! The editor surface: everything that knows LSP, and nothing that does not have to.
//!
//! [`transport`] reads and writes frames and calls the service in wire order; [`server`] is the
//! protocol's trait, a line a method; [`session`] is the actor that owns the documents, [`settings`]
//! what holds in it; [`methods`] is the one table of this server's own methods; [`asked`] is what is
//! answered about a document at once; [`reporter`] tells the client what its runs do; [`proposals`]
//! shows and applies what they propose; [`asking`] asks the user about commands and questions,
//! [`trust`] whether what a folder brings may be used; [`offers`] starts runs where the cursor is;
//! [`entry_documents`] gives entries to be read as documents, [`transcript`] lays a run out for people;
//! [`hub`] is what sessions share.
//!
//! **Invariants.** The session actor is the only owner of documents; requests get a snapshot.
//! Document notifications go into its inbox as they come off the wire, before anything is awaited.
//! Nothing awaits the client while it holds the actor. What starts work answers at once.

mod asked;
mod asking;
pub mod documents;
mod entry_documents;
pub mod frames;
pub mod hub;
pub mod log;
pub mod methods;
pub mod notifications;
mod offers;
pub mod outbox;
mod progress;
pub mod proposals;
mod reporter;
mod server;
pub mod session;
mod settings;
mod state;
pub mod transcript;
pub mod transport;
mod trust;
pub mod types;

/// The version of the protocol that is spoken; a client with another major one is refused.
pub const PROTOCOL_VERSION: &str = "2.0.0";

/// Whether a client of this version understands what it is sent.
pub fn speaks_our_protocol(version: &str) -> bool {
    let major = |version: &str| version.split('.').next().map(str::to_owned);
    major(version) == major(PROTOCOL_VERSION)
}
