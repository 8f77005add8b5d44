//! The subcommands `runs` and `show`, as a person runs them beside a server and after it: the built
//! binary on a database that a real run has filled.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a helper that fails, fails the test"
)]

#[path = "support/lsp.rs"]
mod lsp;
#[path = "support/model_server.rs"]
mod model_server;

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use lsp::script::{APP, fix_app, set, update};
use lsp::{Sandbox, Session};
use model_server::{ModelServer, Reply};
use serde_json::{Value, json};

fn command(sandbox: &Sandbox, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rummy-lsp"));
    command
        .args(arguments)
        .current_dir(sandbox.workspace())
        .env_clear()
        .envs(sandbox.environment())
        .env("TZ", "UTC");
    command
}

fn output(sandbox: &Sandbox, arguments: &[&str]) -> Output {
    let output = command(sandbox, arguments).output();
    output.expect("the subcommand can be started")
}

/// What a subcommand prints that succeeds and complains of nothing.
fn printed(sandbox: &Sandbox, arguments: &[&str]) -> String {
    let output = output(sandbox, arguments);
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {complaints}");
    assert_eq!(complaints, "", "{arguments:?}");
    String::from_utf8(output.stdout).expect("it is UTF-8")
}

/// What a subcommand says that fails.
fn refusal(sandbox: &Sandbox, arguments: &[&str]) -> String {
    let output = output(sandbox, arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "", "{arguments:?}");
    String::from_utf8(output.stderr).expect("it is UTF-8")
}

fn json_lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).expect("each line is JSON"))
        .collect()
}

/// A run of two turns that proposes a change in the second, and waits for the word on it.
fn waiting() -> (ModelServer, Session) {
    let asked = set("unknown://why", "Why two?\n") + &update(145, "Asked");
    let server = ModelServer::start(vec![
        Reply::text(asked).reasoning("Two is few."),
        Reply::text(fix_app()),
    ]);
    let mut session = Session::builder()
        .file("src/app.rs", APP)
        .model_at(&server.url())
        .start();
    session.act("fix", "raise the retries – 😀");
    session.wait_for_proposals("fix", 1);
    session.wait_for_status("fix", 202);
    (server, session)
}

#[test]
fn a_run_is_listed_and_shown_while_its_server_works_and_after_it() {
    let (_server, mut session) = waiting();
    let sandbox = session.sandbox.clone();

    let mut listed = json_lines(&printed(&sandbox, &["runs", "--json"]));
    let workspace = listed[0]
        .as_object_mut()
        .and_then(|line| line.shift_remove("workspace"));
    let uri = lsp::uri_of(&sandbox.workspace());
    assert_eq!(workspace, Some(json!(uri)));
    assert_eq!(json!(listed), session.ask("rummy/getRuns", json!({})));
    let table = printed(&sandbox, &["runs"]);
    assert!(table.contains("202 waiting"), "{table}");
    let shown = printed(&sandbox, &["show", "fix"]);
    for part in [
        "status     202 waiting\n",
        "prompt\n    raise the retries – 😀\n",
        "reasoning\n    Two is few.\n",
        "answer\n    <set path=\"unknown://why\">\n    Why two?\n    </set>\n",
        "proposal: waits for a decision (h1 open)\n",
        "        -    let retries = 2;\n        +    let retries = 5;\n",
        "prompt 11 · cached – · completion 7 · reasoning – · total 18 · cost –\n",
        "loop       202 waiting\n",
    ] {
        assert!(shown.contains(part), "{part:?} is not in\n{shown}");
    }
    // A pipe is no terminal.
    assert!(!shown.contains('\x1b'), "{shown}");

    let proposals = session.ask("rummy/accept", json!({"run": "fix"}));
    assert_eq!(proposals["failed"], json!([]));
    session.wait_for_status("fix", 200);
    session.ignore(&["run/proposal", "workspace/applyEdit"]);
    drop(session);
    let table = printed(&sandbox, &["runs"]);
    assert!(table.contains("200 done"), "{table}");
    assert!(table.contains("Raised the retries"), "{table}");
    let shown = printed(&sandbox, &["show", "fix"]);
    assert!(
        shown.contains("proposal: accepted (h1 accepted)\n"),
        "{shown}"
    );
}

#[test]
fn a_packet_is_byte_for_byte_what_the_model_was_sent() {
    const TURNS: usize = 4;
    let note = |turn: usize| {
        let text = "é 😀 und so weiter\n".repeat(turn * 20);
        Reply::text(set(&format!("unknown://n{turn}"), &text) + &update(145, "Noted"))
    };
    let mut script: Vec<Reply> = (1..TURNS).map(note).collect();
    script.push(Reply::text(update(204, "Nothing")));
    let server = ModelServer::start(script);
    let mut session = Session::builder().model_at(&server.url()).start();
    session.act("note", "note it – 😀");
    session.wait_for_status("note", 204);
    let sandbox = &session.sandbox;
    let requests = server.requests();
    assert_eq!(requests.len(), TURNS);
    let mut expected = String::new();
    let mut sent = Vec::new();
    for (request, turn) in requests.iter().zip(1..) {
        let [system, user] = [0, 1].map(|at| {
            let text = request["messages"][at]["content"].as_str();
            text.expect("a message is a text")
        });
        for (role, text) in [("system", system), ("user", user)] {
            let bytes = text.len();
            let head = format!("===== run note, turn {turn}, {role}: {bytes} bytes =====\n");
            let end = if text.ends_with('\n') { "" } else { "\n" };
            expected += &[head.as_str(), text, end].concat();
        }
        sent.push(json!([turn, system, user]));
    }
    assert_eq!(printed(sandbox, &["show", "note", "--packet"]), expected);

    let lines = json_lines(&printed(sandbox, &["show", "note", "--json", "--packet"]));
    let kept: Vec<Value> = lines[1..]
        .iter()
        .map(|line| json!([line["turn"], line["system"], line["user"]]))
        .collect();
    assert_eq!(kept, sent);
}

#[test]
fn one_turn_can_be_asked_for_and_one_that_is_not_there_names_the_last() {
    let (_server, session) = waiting();
    let sandbox = &session.sandbox;
    let lines = json_lines(&printed(sandbox, &["show", "fix", "--turn", "2", "--json"]));
    let keys = |line: &Value| {
        let object = line.as_object().expect("a line is an object");
        object.keys().cloned().collect::<Vec<String>>()
    };
    assert_eq!(lines.len(), 2);
    assert_eq!(
        (&lines[0]["run"], &lines[1]["turn"]),
        (&json!("fix"), &json!(2))
    );
    assert_eq!(
        keys(&lines[1]),
        [
            "turn",
            "mode",
            "answered",
            "reasoning",
            "answer",
            "entries",
            "usage"
        ]
    );
    assert_eq!(lines[1]["answer"], json!(fix_app()));
    let shown = printed(sandbox, &["show", "fix", "--turn", "2"]);
    assert!(
        shown.contains("== turn 2 ==") && !shown.contains("== turn 1 =="),
        "{shown}"
    );
    let told = refusal(sandbox, &["show", "fix", "--turn", "3"]);
    assert_eq!(
        told,
        "rummy-lsp: the run \"fix\" has no turn 3: its last one is 2\n"
    );
    let told = refusal(sandbox, &["show", "fxi"]);
    assert!(
        told.contains("no run is called \"fxi\"; the nearest is fix"),
        "{told}"
    );
}

#[test]
fn a_run_that_was_killed_is_shown_as_it_was_left_and_left_as_it_was() {
    let server = ModelServer::start(vec![
        Reply::text(update(145, "Asked")),
        Reply::text("never").gate(),
    ]);
    let mut session = Session::builder().model_at(&server.url()).start();
    session.act("cut", "do it");
    server.wait_for_requests(2);
    session.kill();
    let sandbox = session.sandbox.clone();
    drop(session);
    let database = sandbox.home().join("rummy.db");
    let before = fs::read(&database).expect("there is a database");
    let shown = printed(&sandbox, &["show", "cut"]);
    for part in [
        "turns      2, 1 answered\n",
        "status     102 abandoned (the process that drove it is gone)\n",
        "no answer: the turn ended without one\n",
    ] {
        assert!(shown.contains(part), "{part:?} is not in\n{shown}");
    }
    let told = refusal(&sandbox, &["show", "cut", "--turn", "2", "--packet"]);
    assert!(told.contains("is not kept"), "{told}");
    assert!(
        printed(&sandbox, &["runs"]).contains("102 abandoned"),
        "nothing was recovered"
    );
    assert!(
        fs::read(&database).expect("it is there") == before,
        "the database was changed"
    );

    // The next server recovers it.
    let session = Session::builder()
        .sandbox(&sandbox)
        .model_at(&server.url())
        .start();
    drop(session);
    let shown = printed(&sandbox, &["show", "cut"]);
    for part in [
        "no answer: the turn ended without one\n",
        "loop       499 interrupted\n",
    ] {
        assert!(shown.contains(part), "{part:?} is not in\n{shown}");
    }
}

#[test]
fn runs_are_those_of_the_folder_that_one_is_in_or_else_all() {
    let (_server, session) = waiting();
    let sandbox = &session.sandbox;
    let names = |folder: &Path, arguments: &[&str]| {
        let mut command = command(sandbox, arguments);
        let output = command.current_dir(folder).output().expect("it starts");
        assert!(output.status.success(), "{output:?}");
        let text = String::from_utf8(output.stdout).expect("it is UTF-8");
        let lines = json_lines(&text);
        lines
            .iter()
            .map(|line| line["run"].clone())
            .collect::<Vec<Value>>()
    };
    let inside = sandbox.path("src");
    assert_eq!(names(&inside, &["runs", "--json"]), ["fix"]);
    assert_eq!(names(&sandbox.home(), &["runs", "--json"]), ["fix"]);
    assert_eq!(
        names(&inside, &["runs", "--json", "--all", "--limit", "0"]),
        [json!(null); 0]
    );
    let workspace = sandbox.workspace();
    let named = workspace.to_str().expect("it is UTF-8");
    assert_eq!(
        names(&sandbox.home(), &["runs", "--json", "--workspace", named]),
        ["fix"]
    );
    let home = sandbox.home();
    let home = home.to_str().expect("it is UTF-8");
    let told = refusal(sandbox, &["runs", "--workspace", home]);
    assert!(
        told.contains(&format!("no run was started in {home}")),
        "{told}"
    );
}

#[test]
fn a_database_that_is_not_there_is_not_made_and_one_of_another_version_is_refused() {
    let sandbox = Sandbox::new(&[]);
    let database = sandbox.home().join("rummy.db");
    for arguments in [&["runs"][..], &["show", "fix"]] {
        let told = refusal(&sandbox, arguments);
        assert!(
            told.contains(database.to_str().expect("it is UTF-8")),
            "{told}"
        );
        let left = fs::read_dir(sandbox.home()).expect("it is there").count();
        assert_eq!(left, 0, "something was created");
    }
    let newer = sandbox.path("newer.db");
    let file = newer.to_str().expect("it is UTF-8");
    let connection = rusqlite::Connection::open(&newer).expect("it can be made");
    for (name, number) in [("application_id", 0x7275_6d32), ("user_version", 9999)] {
        connection
            .pragma_update(None, name, number)
            .expect("it can be written");
    }
    let told = refusal(&sandbox, &["runs", "--database", file]);
    assert!(
        told.contains(&format!("{file} was written by a newer rummy-lsp")),
        "{told}"
    );
}

#[test]
fn a_reader_that_has_read_enough_ends_it_quietly() {
    // More than a pipe takes.
    let long = set("unknown://long", &"a line of an answer\n".repeat(20_000));
    let server = ModelServer::start(vec![Reply::text(long + &update(200, "Done"))]);
    let mut session = Session::builder().model_at(&server.url()).start();
    session.act("long", "do it");
    session.wait_for_status("long", 200);
    let mut child = command(&session.sandbox, &["show", "long"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut pipe = child.stdout.take().expect("it is piped");
    pipe.read_exact(&mut [0; 10]).expect("something is printed");
    drop(pipe);
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()));
}

#[test]
fn the_help_says_what_each_is_for_with_an_example() {
    let sandbox = Sandbox::new(&[]);
    for (subcommand, example) in [
        ("runs", "rummy-lsp runs --limit 5"),
        ("show", "rummy-lsp show fix-login --turn 3 --packet"),
    ] {
        let help = printed(&sandbox, &[subcommand, "--help"]);
        assert!(help.contains(example), "{help}");
    }
}
