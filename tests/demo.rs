//! The `demo` subcommand, as a new user meets it: the built binary, its output and what it leaves.

#![allow(clippy::unwrap_used, reason = "a helper that fails, fails the test")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// The files that `--keep` leaves, as they are kept beside the demo's source.
const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/cli/demo/sample");
const EXPECTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/cli/demo/expected");

/// Runs the demo with settings of a user's that would spoil it, were they read.
fn demo(arguments: &[&str], temporary: &Path) -> Output {
    let home = tempfile::tempdir().unwrap();
    Command::new(env!("CARGO_BIN_EXE_rummy-lsp"))
        .arg("demo")
        .args(arguments)
        .env("HOME", home.path())
        .env("TMPDIR", temporary)
        .env("RUMMY_MAX_TURNS", "1")
        .env("RUMMY_REVIEW", "end")
        .output()
        .unwrap()
}

fn texts(folder: &Path) -> BTreeMap<String, String> {
    let mut texts = BTreeMap::new();
    for entry in ignore::WalkBuilder::new(folder)
        .standard_filters(false)
        .build()
    {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_file() {
            let path = entry.path().strip_prefix(folder).unwrap();
            let text = fs::read_to_string(entry.path()).unwrap();
            texts.insert(path.to_str().unwrap().to_owned(), text);
        }
    }
    texts
}

#[test]
fn the_demo_passes_leaves_nothing_behind_and_counts_in_its_last_line() {
    let temporary = tempfile::tempdir().unwrap();
    let output = demo(&[], temporary.path());
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{printed}");
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    let last = printed.lines().last().unwrap();
    let shape = r"^5 turns, 4 proposals accepted, 4 files changed, about [\d,]+ tokens, \d+\.\d s$";
    assert!(regex::Regex::new(shape).unwrap().is_match(last), "{last}");
    // A pipe is no terminal.
    assert!(!printed.contains('\x1b'), "{printed}");
    assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 0);
}

#[test]
fn a_kept_project_is_as_expected_and_is_never_written_over() {
    let temporary = tempfile::tempdir().unwrap();
    let kept = temporary.path().join("new/project");
    let arguments = ["--keep", kept.to_str().unwrap()];

    let output = demo(&arguments, temporary.path());
    assert!(output.status.success(), "{output:?}");
    let mut expected = texts(Path::new(SAMPLE));
    expected.extend(texts(Path::new(EXPECTED)));
    assert_eq!(texts(&kept), expected);

    fs::write(kept.join("README.md"), "mine").unwrap();
    let output = demo(&arguments, temporary.path());
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("the folder is not empty"), "{told}");
    expected.insert("README.md".to_owned(), "mine".to_owned());
    assert_eq!(texts(&kept), expected);
}

#[test]
fn a_model_that_is_not_configured_is_named() {
    let temporary = tempfile::tempdir().unwrap();
    let output = demo(&["--model", "nobody"], temporary.path());
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("no model"), "{told}");
    assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 0);
}
