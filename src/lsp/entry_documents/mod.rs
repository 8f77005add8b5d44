//! Entries as documents: what a `rummy:` URI names, its text, and what is answered inside it.
//!
//! [`uri`] reads and writes the names, [`text`] finds the texts, [`links`] finds entry paths in one,
//! [`symbols`] its turns; [`answers`] answers an editor that has such a document before it.
//!
//! **Invariant.** Such a document is no file of the workspace: nothing is proposed, diagnosed or offered
//! on it, and no run reads it.

pub mod answers;
mod links;
mod symbols;
pub mod text;
pub mod uri;
