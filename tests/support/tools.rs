//! What `tests/run` installs for the tests.

use std::path::{Path, PathBuf};

/// A file of a tool, by its path in the folder of the tools.
pub fn tool(path: &str) -> PathBuf {
    let installed = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools");
    let tool = std::env::var_os("RUMMY_TEST_TOOLS").map_or(installed, PathBuf::from);
    let tool = tool.join(path);
    assert!(
        tool.exists(),
        "{} is missing: `tests/run` installs it; RUMMY_TEST_TOOLS names another folder",
        tool.display()
    );
    tool
}
