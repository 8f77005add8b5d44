//! The dialect and what must hold for it, for the fuzz targets. The dialect is taken in by its
//! path: the rest of the crate would only make the build slow.

pub mod checks;
#[path = "../../src/dialect/mod.rs"]
pub mod dialect;
