//! The `parse` subcommand: what it prints about an answer, and what it does to files.

#![allow(clippy::unwrap_used, reason = "a helper that fails, fails the test")]

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use expect_test::expect_file;
use serde_json::{Value, json};
use tempfile::TempDir;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/parse");

/// Runs `rummy-lsp parse` with `input` on its standard input.
fn parse(arguments: &[&str], input: &[u8]) -> Output {
    let mut running = Command::new(env!("CARGO_BIN_EXE_rummy-lsp"))
        .arg("parse")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may end without having read anything.
    let _ = running.stdin.take().unwrap().write_all(input);
    running.wait_with_output().unwrap()
}

fn printed(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// What is printed for a fixture that ends well.
fn of_fixture(name: &str) -> String {
    let file = format!("{FIXTURES}/{name}");
    let output = parse(&[&file], b"");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    printed(&output)
}

#[test]
fn every_command_is_printed_with_what_was_written() {
    expect_file!["parse/commands.jsonl"].assert_eq(&of_fixture("commands.txt"));
}

#[test]
fn what_was_forgiven_is_printed_with_its_place() {
    expect_file!["parse/forgiven.jsonl"].assert_eq(&of_fixture("forgiven.txt"));
}

#[test]
fn an_answer_without_commands_is_text() {
    assert_eq!(
        of_fixture("prose.txt"),
        "{\"unparsed\":\"No command <here>.\"}\n"
    );
    assert_eq!(printed(&parse(&[], b" \n")), "");
}

#[test]
fn standard_input_is_read_where_no_file_is_named() {
    let answer = fs::read(format!("{FIXTURES}/commands.txt")).unwrap();
    let from_file = of_fixture("commands.txt");
    for arguments in [&[] as &[&str], &["-"]] {
        assert_eq!(printed(&parse(arguments, &answer)), from_file);
    }
}

#[test]
fn no_more_commands_are_read_than_asked_for() {
    let output = parse(
        &["--max-commands", "1"],
        b"<get path=\"a\"/><get path=\"b\"/>",
    );
    assert!(printed(&output).starts_with("{\"command\":{\"name\":\"get\",\"path\":\"a\"}}\n"));
    assert_eq!(printed(&output).matches("\"command\"").count(), 1);
}

#[test]
fn what_cannot_be_read_ends_with_two_and_says_why() {
    let none = tempfile::tempdir().unwrap();
    let missing = none.path().join("missing");
    let missing = missing.to_str().unwrap();
    for (arguments, input, why) in [
        (
            &[missing] as &[&str],
            b"" as &[u8],
            "missing cannot be read: ",
        ),
        (&["--apply", missing], b"", "--apply: the workspace folder "),
        (&[], b"\xff", "standard input is not UTF-8 text"),
        (&["--max-commands", "x"], b"", "invalid value 'x'"),
        (&["a", "b"], b"", "unexpected argument 'b'"),
    ] {
        let output = parse(arguments, input);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {told}");
        assert!(told.contains(why), "{arguments:?}: {told}");
        assert_eq!(printed(&output), "");
    }
}

#[test]
fn the_help_describes_the_output() {
    let help = printed(&parse(&["--help"], b""));
    for word in [
        "--apply",
        "--max-commands",
        "command",
        "advisory",
        "unparsed",
        "refused",
        "nearest",
        "reindented",
    ] {
        assert!(help.contains(word), "{word}");
    }
}

const GREET: &str = "\
fn main() {
    let name = \"world\";
    println!(\"hello {name}\");
}
";

/// A folder in which answers are carried out, with a folder beside it.
struct Place {
    both: TempDir,
}

impl Place {
    fn new() -> Self {
        let both = tempfile::tempdir().unwrap();
        fs::create_dir_all(both.path().join("in/.git")).unwrap();
        fs::create_dir(both.path().join("out")).unwrap();
        let place = Self { both };
        place.write("in/greet.rs", GREET);
        place.write("in/.git/config", "[core]\n");
        place.write("out/secret.txt", "secret\n");
        place
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.both.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Carries out an answer: the exit code and what was printed about the changes.
    fn apply(&self, answer: &str) -> (Option<i32>, Vec<Value>) {
        let folder = self.path("in");
        let output = parse(&["--apply", folder.to_str().unwrap()], answer.as_bytes());
        let lines = printed(&output);
        let values = lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        let outcomes =
            values.filter(|value: &Value| value.get("applied").or(value.get("refused")).is_some());
        (output.status.code(), outcomes.collect())
    }
}

fn block(path: &str, search: &str, replace: &str) -> String {
    format!(
        "<set path=\"{path}\">\n<<<<<<< SEARCH\n{search}\n=======\n{replace}\n>>>>>>> REPLACE\n</set>\n"
    )
}

fn applied(path: &str, found: &str) -> Value {
    json!({ "applied": { "path": path, "match": found } })
}

#[test]
fn changes_are_applied_one_after_the_other() {
    let place = Place::new();
    let answer = [
        &block("greet.rs", "let name = \"world\";", "let name = \"you\";"),
        &block(
            "./greet.rs",
            "    println!(\"hello {name}\");",
            "    println!(\"hi {name}\");",
        ),
        &block(
            "greet.rs",
            "  fn main() {\n      let name = \"you\";",
            "  fn main() {\n      let name = \"we\";",
        ),
        "<set path=\"new/a.txt\">\nfirst\n</set>\n",
        "<set path=\"new/a.txt\">\nsecond\n</set>\n",
        "<cp path=\"new/a.txt\" to=\"b.txt\"/><mv path=\"new/a.txt\">c/d.txt</mv>",
        "<rm path=\"b.txt\" filter=\"second\"/>",
        // None of these is about what a file holds.
        "<get path=\"greet.rs\"/><set path=\"known://a\">x</set><rm path=\"greet.rs\" preview/>",
        "<set path=\"greet.rs\" visibility=\"archived\"/><update status=\"200\">done</update>",
    ]
    .concat();
    let (code, outcomes) = place.apply(&answer);
    assert_eq!(
        outcomes,
        [
            applied("greet.rs", "within_line"),
            applied("./greet.rs", "exact"),
            applied("greet.rs", "reindented"),
            applied("new/a.txt", "created"),
            applied("new/a.txt", "whole"),
            applied("new/a.txt", "copied"),
            applied("new/a.txt", "moved"),
            applied("b.txt", "removed"),
        ]
    );
    assert_eq!(code, Some(0));
    let expected = GREET.replace("world", "we").replace("hello", "hi");
    assert_eq!(place.read("in/greet.rs"), expected);
    assert_eq!(place.read("in/c/d.txt"), "second\n");
    assert!(!place.path("in/b.txt").exists() && !place.path("in/new/a.txt").exists());
}

#[test]
fn a_similar_match_says_how_alike_it_is_and_the_permissions_stay() {
    let place = Place::new();
    let mode = fs::Permissions::from_mode(0o750);
    fs::set_permissions(place.path("in/greet.rs"), mode).unwrap();
    let search = GREET.replace(';', "").trim_end().to_owned();
    let replace = search.replace("world", "you");
    let (code, outcomes) = place.apply(&block("greet.rs", &search, &replace));
    assert_eq!(
        outcomes,
        [json!({ "applied": { "path": "greet.rs", "match": "similar", "score": 0.982 } })]
    );
    assert_eq!(code, Some(0));
    assert_eq!(place.read("in/greet.rs"), GREET.replace("world", "you"));
    let mode = fs::metadata(place.path("in/greet.rs"))
        .unwrap()
        .permissions();
    assert_eq!(mode.mode() & 0o777, 0o750);
}

#[test]
fn a_refused_change_names_the_nearest_lines_and_leaves_the_file() {
    let place = Place::new();
    let answer = block("greet.rs", "    let nom = \"monde\";\n    print(nom);", "x")
        + "<set path=\"late.txt\">\nlate\n</set>";
    let (code, outcomes) = place.apply(&answer);
    assert_eq!(code, Some(1));
    let refused = &outcomes[0]["refused"];
    assert_eq!(refused["path"], "greet.rs");
    let reason = refused["reason"].as_str().unwrap();
    assert!(
        reason.starts_with("edit 1: the search text is not in the file"),
        "{reason}"
    );
    let nearest = refused["nearest"].as_array().unwrap();
    let line = json!({ "line": 2, "text": "    let name = \"world\";" });
    assert!(nearest.contains(&line), "{nearest:?}");
    assert_eq!(place.read("in/greet.rs"), GREET);
    assert_eq!(outcomes[1], applied("late.txt", "created"));
}

#[test]
fn no_change_leaves_the_folder() {
    let place = Place::new();
    symlink(place.path("out"), place.path("in/link")).unwrap();
    symlink(place.path("out/secret.txt"), place.path("in/link.txt")).unwrap();
    let absolute = place.path("out/secret.txt");
    for path in [
        "../out/secret.txt",
        "x/../../out/secret.txt",
        "link/secret.txt",
        "link/new.txt",
        "link.txt",
        absolute.to_str().unwrap(),
        ".git/config",
        ".GIT/hooks/x",
    ] {
        for answer in [
            format!("<set path=\"{path}\">\ngone\n</set>"),
            format!("<rm path=\"{path}\"/>"),
            format!("<mv path=\"{path}\" to=\"mine.txt\"/>"),
            format!("<cp path=\"{path}\" to=\"mine.txt\"/>"),
            format!("<mv path=\"greet.rs\" to=\"{path}\"/>"),
            format!("<cp path=\"greet.rs\" to=\"{path}\"/>"),
        ] {
            let (code, outcomes) = place.apply(&answer);
            assert_eq!(code, Some(1), "{answer}");
            assert!(outcomes[0]["refused"]["reason"].is_string(), "{outcomes:?}");
        }
    }
    let names = |folder: &Path| {
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        names.sort();
        names
    };
    assert_eq!(names(&place.path("out")), ["secret.txt"]);
    assert_eq!(
        names(&place.path("in")),
        [".git", "greet.rs", "link", "link.txt"]
    );
    assert_eq!(place.read("out/secret.txt"), "secret\n");
    assert_eq!(place.read("in/.git/config"), "[core]\n");
    assert_eq!(place.read("in/greet.rs"), GREET);
}

#[test]
fn what_is_no_text_or_not_there_is_refused_with_a_reason() {
    let place = Place::new();
    fs::write(place.path("in/binary"), b"a\0b").unwrap();
    fs::write(place.path("in/latin1.txt"), b"caf\xe9\n").unwrap();
    fs::write(place.path("in/large.txt"), "x".repeat((1 << 20) + 1)).unwrap();
    fs::create_dir(place.path("in/folder")).unwrap();
    let missing = block("missing.rs", "a", "b");
    let elided = "<set path=\"greet.rs\">\nfn main() {\n    // ... existing code ...\n}\n</set>";
    for (answer, why) in [
        ("<set path=\"binary\">x</set>", "binary is a binary file"),
        ("<rm path=\"latin1.txt\"/>", "latin1.txt is not UTF-8 text"),
        (
            "<mv path=\"large.txt\" to=\"b\"/>",
            "large.txt has 1048577 bytes",
        ),
        ("<set path=\"folder\">x</set>", "folder is a folder"),
        ("<rm path=\"missing\"/>", "missing does not exist"),
        ("<rm path=\"*.rs\"/>", "*.rs does not exist"),
        (
            "<cp path=\"greet.rs\" to=\"binary\"/>",
            "binary exists already",
        ),
        (
            "<rm path=\"greet.rs\" filter=\"nobody\"/>",
            "the file does not hold",
        ),
        (
            "<rm path=\"greet.rs\" filter=\"/(/\"/>",
            "the pattern `/(/` does not compile",
        ),
        ("<set>x</set>", "the tag names no `path`"),
        (
            "<set path=\"greet.rs\">\n<<<<<<< SEARCH\na\n</set>",
            "the SEARCH block of line 1",
        ),
        (&missing, "there is nothing to edit: write the whole text"),
        (
            elided,
            "the text leaves something out (`// ... existing code ...`)",
        ),
    ] {
        let (code, outcomes) = place.apply(answer);
        let reason = outcomes[0]["refused"]["reason"].as_str().unwrap_or("");
        assert!(reason.starts_with(why), "{answer}: {outcomes:?}");
        assert_eq!((code, outcomes.len()), (Some(1), 1), "{answer}");
    }
    assert_eq!(place.read("in/greet.rs"), GREET);
}
