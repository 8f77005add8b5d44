//! The store by its public surface, on a real file.

mod bench;
mod forks;
mod model;
mod permissions;
mod plans;
mod runs;
mod schema;
mod verbs;
mod writes;
