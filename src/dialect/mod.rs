//! What a model writes, turned into typed commands and edits.
//!
//! The dialect is a handful of XML-like tags in free text. [`scan()`] finds them and hands their
//! bodies over byte for byte; [`apply()`] carries edits out on a text; [`PathPattern`] and
//! [`BodyFilter`] say which entries a command means; [`render()`] writes a command back as a tag.
//! Nothing here touches a store, a disk or an editor.
//!
//! This is the one place that forgives. A model that forgets a closer or a quote, or writes a tool
//! call or a patch in the form it was trained on, gets its command run and an [`Advisory`] about it.
//! Forgiveness ends where it could destroy: a body that carries edit markers and does not parse, or
//! an edit that fits in two places, is refused with a message that says what would be right.
//!
//! **Invariant**: no input panics, and every pass is linear in the length of the input, or close
//! to it.

mod apply;
mod body;
mod command;
mod content;
mod edit;
mod elision;
mod entity;
mod envelope;
mod expression;
mod fence;
mod fields;
mod fold;
mod indent;
mod lines;
mod locate;
mod narrow;
mod native;
mod patch;
mod pattern;
mod quote;
mod render;
mod rewrite;
mod scan;
mod similarity;
mod span;
mod stream;
mod tag;
mod tokens;
mod variants;
mod written;

#[cfg(test)]
mod tests;

pub use apply::{Applied, Match, MatchKind, Refused, apply, whole_text};
pub use command::{
    Call, Command, Content, Get, Number, Question, Rm, Search, Set, Shell, Status, Think, Tool,
    Transfer, Update,
};
pub use edit::{Edit, EditError, EditKind, Hint};
pub use envelope::FileAction;
pub use native::{CallError, from_call};
pub use pattern::{BodyFilter, PathPattern, PatternError};
pub use render::{render, without_forms};
pub use scan::{Advisory, Place, Scan, scan, scan_with_calls};
pub use stream::Scanner;
pub use written::{How, NotWritten, Written};
