//! A proposal as the editor has it: where its hunks lie in the text as it is now, what is shown of
//! it, and how an acceptance is carried out and found true.

pub mod accept;
pub mod rebase;
pub mod show;
pub mod view;
