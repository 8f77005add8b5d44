//! The store by its public surface, on a real file.

mod bench;
mod runs;
mod verbs;
