//! The store by its public surface, on a real file.

mod bench;
mod model;
mod runs;
mod verbs;
