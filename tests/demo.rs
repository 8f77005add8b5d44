//! The `demo` subcommand, as a new user meets it: the built binary, its output and what it leaves.

#![allow(clippy::unwrap_used, reason = "a helper that fails, fails the test")]

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// The files that `--keep` leaves, as they are kept beside the demo's source.
const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/cli/demo/sample");
const EXPECTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/cli/demo/expected");

/// The demo, with settings of a user's that would spoil it, were they read.
fn demo(arguments: &[&str], temporary: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rummy-lsp"));
    command
        .arg("demo")
        .args(arguments)
        .env("HOME", concat!(env!("CARGO_TARGET_TMPDIR"), "/home"))
        .env("TMPDIR", temporary)
        // Nothing is found that nobody has configured.
        .env("OLLAMA_HOST", "127.0.0.1:0")
        .env("OPENAI_API_KEY", "")
        .env("ANTHROPIC_API_KEY", "")
        .env("OPENROUTER_API_KEY", "")
        .env("XAI_API_KEY", "")
        .env("RUMMY_MAX_TURNS", "1")
        .env("RUMMY_REVIEW", "end");
    command
}

fn run(arguments: &[&str], temporary: &Path) -> Output {
    demo(arguments, temporary).output().unwrap()
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
    let output = run(&[], temporary.path());
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

    let output = run(&arguments, temporary.path());
    assert!(output.status.success(), "{output:?}");
    let mut expected = texts(Path::new(SAMPLE));
    expected.extend(texts(Path::new(EXPECTED)));
    assert_eq!(texts(&kept), expected);

    fs::write(kept.join("README.md"), "mine").unwrap();
    let output = run(&arguments, temporary.path());
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("the folder is not empty"), "{told}");
    expected.insert("README.md".to_owned(), "mine".to_owned());
    assert_eq!(texts(&kept), expected);
}

#[test]
fn the_steps_are_told_as_they_happen_and_a_project_that_went_wrong_fails() {
    let temporary = tempfile::tempdir().unwrap();
    let kept = temporary.path().join("project");
    let mut running = demo(&["--keep", kept.to_str().unwrap()], temporary.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(running.stdout.take().unwrap()).lines();
    let mut printed = String::new();
    for line in lines.map(Result::unwrap) {
        if line.starts_with("Turn 2") {
            fs::write(kept.join("stray.txt"), "nobody asked for this\n").unwrap();
        }
        printed.push_str(&line);
        printed.push('\n');
    }
    assert_eq!(running.wait().unwrap().code(), Some(1), "{printed}");
    assert!(
        printed.contains("stray.txt                is not as it should be"),
        "{printed}"
    );
    assert!(
        printed.contains("    +nobody asked for this\n"),
        "{printed}"
    );
}

#[test]
fn a_model_that_is_not_configured_is_named() {
    let temporary = tempfile::tempdir().unwrap();
    let output = run(&["--model", "nobody"], temporary.path());
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("no model"), "{told}");
    assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 0);
}
