//! Commands of the model: asked about, run, streamed, cut off; by the server and by the client.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::lsp::script::{set, update};
use crate::lsp::{OnMessage, PATIENCE, Sandbox, Session, list};
use crate::model_server::{ModelServer, Reply};

/// How long a cut off command may take to be gone.
const GONE_WITHIN: Duration = Duration::from_secs(2);

/// A shell, its child and its grandchild, each of which writes its number into the workspace, ignores
/// a gentle end, and stays.
const THREE_GENERATIONS: &str = "trap '' TERM\n\
    echo $$ > one\n\
    sh -c 'echo $$ > two; sh -c \"echo \\$\\$ > three; sleep 600; true\"; true'\n\
    true";

fn sh(line: &str) -> String {
    format!("<sh>{line}</sh>\n")
}

/// A model that runs a line, and then is done whatever came of it.
fn runs(line: &str) -> ModelServer {
    let answer = sh(line) + &update(144, "Running it");
    ModelServer::start(vec![
        Reply::text(answer),
        Reply::text(update(200, "That was it")),
    ])
}

fn session(server: &ModelServer, options: &Value) -> Session {
    let mut session = Session::builder()
        .model_at(&server.url())
        .options(options)
        .start();
    session.ignore(&["run/proposal", "stream/chunk", "window/showMessageRequest"]);
    session
}

/// A session that asks nobody.
fn hasty(server: &ModelServer) -> Session {
    session(server, &json!({"autoAccept": "all"}))
}

/// The path of the run's first command.
fn proposed(session: &mut Session) -> Value {
    session.wait_for_proposals("run", 1)[0]["path"].clone()
}

fn entry(session: &mut Session, path: &str) -> Value {
    let entries = session.entries("run");
    let found = entries.into_iter().find(|entry| entry["path"] == path);
    found.unwrap_or_else(|| panic!("there is no {path}"))
}

/// State and outcome of an entry.
fn became(session: &mut Session, path: &str) -> (Value, Value) {
    let entry = entry(session, path);
    (entry["state"].clone(), entry["outcome"].clone())
}

/// The body of an entry, as the database has it.
fn body(sandbox: &Sandbox, path: &str) -> String {
    let database = Connection::open(sandbox.home().join("rummy.db")).expect("it opens");
    let read = database.query_row("SELECT body FROM entries WHERE path = ?1", [path], |row| {
        row.get(0)
    });
    read.unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Waits until something outside of the server has happened.
fn until<T>(what: &str, patience: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(Instant::now() < deadline, "{what} within {patience:?}");
        std::thread::yield_now();
    }
}

/// The process whose number a command has written into a file.
fn number(sandbox: &Sandbox, file: &str) -> i32 {
    until(file, PATIENCE, || {
        let text = sandbox.read(file)?;
        let digits = text.strip_suffix('\n')?;
        Some(digits.parse().expect("it is a number"))
    })
}

/// Whether a process runs. One that only waits to be collected does not.
fn is_running(pid: i32) -> bool {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else {
        return false;
    };
    let state = stat.rsplit_once(") ").map(|(_, rest)| &rest[..1]);
    state.is_some_and(|state| state != "Z" && state != "X")
}

fn gone(pids: &[i32]) {
    until("all are gone", GONE_WITHIN, || {
        pids.iter().all(|pid| !is_running(*pid)).then_some(())
    });
}

/// Starts a command of three generations, and gives their numbers.
fn three(session: &mut Session) -> Vec<i32> {
    session.act("run", "go");
    let sandbox = std::rc::Rc::clone(&session.sandbox);
    ["one", "two", "three"]
        .map(|file| number(&sandbox, file))
        .to_vec()
}

/// The path of the command that runs.
fn under_way(session: &mut Session) -> Value {
    let entries = session.entries("run");
    let runs = |entry: &&Value| entry["scheme"] == "log" && entry["state"] == "streaming";
    let log = entries.iter().find(runs);
    log.expect("a command is under way")["path"].clone()
}

#[test]
fn a_command_ends_as_its_shell_does_and_its_output_is_kept_by_channel() {
    for (line, state, outcome, out, err) in [
        ("echo hi", "resolved", json!(null), "hi\n", ""),
        ("true", "resolved", json!(null), "", ""),
        ("echo no >&2; exit 3", "failed", json!("exit:3"), "", "no\n"),
        (
            "printf 'a\\nb'\nprintf c >&2",
            "resolved",
            json!(null),
            "a\nb",
            "c",
        ),
        (
            "pwd | sed 's,.*/,,'",
            "resolved",
            json!(null),
            "workspace\n",
            "",
        ),
        ("cat", "resolved", json!(null), "", ""),
        (
            "printf 'a\\377b'",
            "resolved",
            json!(null),
            "a\u{fffd}b",
            "",
        ),
        ("kill -9 $$", "failed", json!("exit:137"), "", ""),
        (
            "env | grep -c '^RUMMY_\\|_API_KEY='",
            "failed",
            json!("exit:1"),
            "0\n",
            "",
        ),
        ("-x", "failed", json!("exit:127"), "", "*"),
    ] {
        let server = runs(line);
        let mut session = Session::builder()
            .model_at(&server.url())
            .env("OPENAI_API_KEY", "sk-secret")
            .options(&json!({"autoAccept": "all"}))
            .start();
        session.ignore(&["run/proposal", "stream/chunk"]);
        session.act("run", "go");
        session.wait_for_status("run", 200);
        let entries = session.entries("run");
        let of = |scheme: &str| -> Vec<Value> {
            let of_scheme = entries.iter().filter(|entry| entry["scheme"] == scheme);
            of_scheme.cloned().collect()
        };
        let log = of("log")
            .into_iter()
            .find(|log| log["attributes"]["command"] == line);
        let log = log.expect("the command is in the log");
        assert_eq!(
            (&log["state"], &log["outcome"]),
            (&json!(state), &outcome),
            "{line}"
        );
        let channels = of("sh");
        for (channel, expected) in channels.iter().zip([out, err]) {
            assert_eq!(channel["state"], state, "{line}");
            let path = channel["path"].as_str().expect("a path is text");
            let held = body(&session.sandbox, path);
            if expected == "*" {
                assert!(!held.is_empty(), "{line}");
                continue;
            }
            assert_eq!(held, expected, "{line}");
            let shown = if held.is_empty() {
                "summarized"
            } else {
                "visible"
            };
            assert_eq!(channel["visibility"], shown, "{line}");
            assert_eq!(channel["attributes"]["command"], line);
        }
        assert_eq!(channels.len(), 2, "{line}");
    }
}

#[test]
fn a_command_does_not_see_the_key_that_a_model_is_called_with() {
    let server = runs("env > seen.txt");
    let model = json!({
        "actual": "openai/scripted", "contextLength": 100_000, "apiKeyEnv": "MY_SECRET",
    });
    let mut session = Session::builder()
        .model_at(&server.url())
        .env("MY_SECRET", "sk-secret")
        .env("MY_OTHER", "seen")
        .options(&json!({"autoAccept": "all", "models": {"test": model}}))
        .start();
    session.ignore(&["run/proposal", "stream/chunk"]);
    session.act("run", "go");
    session.wait_for_status("run", 200);
    let seen = session.sandbox.read("seen.txt").expect("it has run");
    assert!(seen.contains("MY_OTHER=seen"), "{seen}");
    assert!(!seen.contains("sk-secret"), "{seen}");
}

#[test]
fn the_model_reads_how_a_command_ended_and_a_failure_stops_the_rest_of_its_answer() {
    let answer = sh("echo begun; exit 7") + &set("after.txt", "x\n") + &update(200, "All done");
    let server = ModelServer::start(vec![
        Reply::text(answer),
        Reply::text(update(200, "It failed, then")),
    ]);
    let mut session = hasty(&server);
    session.act("run", "go");
    session.wait_for_status("run", 200);
    assert_eq!(session.sandbox.read("after.txt"), None);
    let told = server.requests()[1].to_string();
    for part in [
        "exit=7",
        "sh://turn_1/",
        "6 bytes",
        "begun",
        "a command of this turn failed",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn what_comes_after_a_command_meets_what_it_has_done() {
    let answer = sh("echo two > a.txt")
        + &crate::lsp::script::edit("a.txt", "two\n", "three\n")
        + &update(200, "Both");
    let server = ModelServer::start(vec![Reply::text(answer)]);
    let mut session = hasty(&server);
    session.act("run", "go");
    session.wait_for_status("run", 200);
    assert_eq!(session.sandbox.read("a.txt").as_deref(), Some("three\n"));
}

#[test]
fn the_user_is_asked_and_what_was_picked_is_done() {
    for (pick, state, there) in [("Run", "resolved", Some("x\n")), ("Reject", "failed", None)] {
        let server = runs("echo x > made.txt");
        let mut session = session(&server, &json!({}));
        session.editor.on_message = OnMessage::Pick(pick);
        session.act("run", "go");
        let asked = session.wait_for("window/showMessageRequest", |_| true);
        let message = asked["message"].as_str().expect("a message is text");
        let folder = session.sandbox.workspace().display().to_string();
        assert!(
            message.contains("echo x > made.txt") && message.contains(&folder),
            "{message}"
        );
        let titles: Vec<&Value> = list(&asked["actions"])
            .iter()
            .map(|a| &a["title"])
            .collect();
        assert_eq!(titles, ["Run", "Reject"]);
        session.wait_for_status("run", 200);
        assert_eq!(session.sandbox.read("made.txt").as_deref(), there, "{pick}");
        let log = session.entries("run");
        let log = log
            .iter()
            .find(|entry| entry["attributes"]["command"] == "echo x > made.txt");
        assert_eq!(log.expect("it is there")["state"], state);
    }
}

#[test]
fn a_dismissed_message_leaves_the_command_pending_and_it_can_be_accepted_in_another_form() {
    let server = runs("echo model > made.txt");
    let mut session = session(&server, &json!({}));
    session.act("run", "go");
    let path = proposed(&mut session);
    session.wait_for("window/showMessageRequest", |_| true);
    assert_eq!(session.status("run"), 202);
    let params = json!({"run": "run", "path": path, "body": "echo user > made.txt"});
    let accepted = session.ask("rummy/accept", params);
    assert_eq!(accepted, json!({"accepted": [path], "failed": []}));
    session.wait_for_status("run", 200);
    assert_eq!(session.sandbox.read("made.txt").as_deref(), Some("user\n"));
    let log = entry(&mut session, path.as_str().expect("it is text"));
    assert_eq!(log["attributes"]["command"], "echo user > made.txt");
}

#[test]
fn a_client_that_asks_by_itself_is_sent_no_message() {
    let server = runs("echo x");
    let mut session = Session::builder()
        .model_at(&server.url())
        .options(&json!({"ui": "client"}))
        .start();
    session.ignore(&["run/proposal", "stream/chunk"]);
    session.act("run", "go");
    let path = proposed(&mut session);
    session.accept("run", &path).expect("it is no error");
    session.wait_for_status("run", 200);
}

#[test]
fn what_is_allowed_runs_unasked_and_what_is_denied_never_runs() {
    let commands = json!({"commands": {"allow": ["echo *"], "deny": ["*made*"]}});
    let server = runs("echo x");
    let mut one = session(&server, &commands);
    one.editor.on_message = OnMessage::Leave;
    one.act("run", "go");
    one.wait_for_status("run", 200);
    assert!(one.take("window/showMessageRequest").is_empty());

    let server = runs("echo x; touch made.txt");
    let mut other = session(&server, &commands);
    other.editor.on_message = OnMessage::Pick("Run");
    other.act("run", "go");
    other.wait_for_status("run", 200);
    assert!(other.take("window/showMessageRequest").is_empty());
    assert_eq!(other.sandbox.read("made.txt"), None);
    let told = server.requests()[1].to_string();
    assert!(
        told.contains("denies \\\\\\\"*made*\\\\\\\"") || told.contains("*made*"),
        "{told}"
    );
}

#[test]
fn a_question_is_answered_by_the_picked_option_or_in_the_users_own_words() {
    let ask = "<ask_user question=\"Which one?\">red; blue</ask_user>\n".to_owned();
    for own in [None, Some("neither, green")] {
        let server = ModelServer::start(vec![
            Reply::text(ask.clone() + &update(144, "Asking")),
            Reply::text(update(200, "I see")),
        ]);
        let mut session = session(&server, &json!({"autoAccept": "all"}));
        session.editor.on_message = match own {
            None => OnMessage::Pick("blue"),
            Some(_) => OnMessage::Leave,
        };
        session.act("run", "go");
        let path = proposed(&mut session);
        if let Some(words) = own {
            let params = json!({"run": "run", "path": path, "answer": words});
            assert_eq!(session.ask("rummy/answer", params), json!({"ok": true}));
        }
        session.wait_for_status("run", 200);
        let answer = own.unwrap_or("blue");
        let path = path.as_str().expect("it is text");
        assert_eq!(body(&session.sandbox, path), answer);
        assert_eq!(entry(&mut session, path)["attributes"]["answer"], answer);
        assert!(server.requests()[1].to_string().contains(answer));
    }
}

#[test]
fn a_question_rejected_with_words_stays_failed_and_the_model_reads_them() {
    let ask = "<ask_user question=\"Which one?\">red; blue</ask_user>\n".to_owned();
    for failed in [false, true] {
        let server = ModelServer::start(vec![
            Reply::text(ask.clone() + &update(144, "Asking")),
            Reply::text(update(200, "I see")),
        ]);
        let mut session = session(&server, &json!({}));
        session.act("run", "go");
        let path = proposed(&mut session);
        if failed {
            let params = json!({"run": "run", "path": path, "state": "failed", "body": "no idea"});
            session.ask("rummy/set", params);
        } else {
            let params = json!({"run": "run", "path": path, "reason": "no idea"});
            session.ask("rummy/reject", params);
        }
        session.wait_for_status("run", 200);
        let path = path.as_str().expect("it is text");
        assert_eq!(entry(&mut session, path)["state"], "failed");
        assert!(server.requests()[1].to_string().contains("no idea"));
    }
}

#[test]
fn without_interaction_or_proposals_nothing_is_asked_and_nothing_runs() {
    let ask = "<ask_user question=\"Which one?\">red; blue</ask_user>\n".to_owned();
    for (flag, answer) in [
        ("noInteraction", ask.clone()),
        ("noProposals", ask),
        ("noProposals", sh("touch made.txt")),
        ("noProposals", "<env>touch made.txt</env>\n".to_owned()),
    ] {
        let server = ModelServer::start(vec![
            Reply::text(answer.clone() + &update(144, "Trying")),
            Reply::text(update(200, "I see")),
        ]);
        let mut session = session(&server, &json!({"autoAccept": "all"}));
        session.ask(
            "rummy/act",
            json!({"run": "run", "prompt": "go", (flag): true}),
        );
        session.wait_for_status("run", 200);
        assert!(
            session.take("window/showMessageRequest").is_empty(),
            "{answer}"
        );
        assert_eq!(session.sandbox.read("made.txt"), None);
        let told = server.requests()[1].to_string();
        assert!(
            told.contains("is not available here"),
            "{flag} {answer}: {told}"
        );
    }
}

#[test]
fn output_is_told_while_the_command_runs() {
    let server =
        runs("echo begun; echo wrong >&2; until test -e go; do sleep 0.02; done; echo end");
    let mut session = hasty(&server);
    session.act("run", "go");
    let first = session.wait_for("stream/chunk", |told| told["chunk"] == "begun\n");
    assert_eq!(
        (&first["run"], &first["channel"]),
        (&json!("run"), &json!(1))
    );
    session.wait_for("stream/chunk", |told| {
        told["channel"] == 2 && told["chunk"] == "wrong\n"
    });
    let path = first["path"].as_str().expect("it is text").to_owned();
    assert_eq!(became(&mut session, &path).0, "streaming");
    session.sandbox.write("go", "");
    session.wait_for("stream/chunk", |told| told["chunk"] == "end\n");
    session.wait_for_status("run", 200);
    assert_eq!(became(&mut session, &path).0, "resolved");
}

#[test]
fn a_cancel_ends_all_generations_of_a_command() {
    let server = runs(THREE_GENERATIONS);
    let mut session = hasty(&server);
    let pids = three(&mut session);
    let path = under_way(&mut session);
    let params = json!({"run": "run", "path": path, "reason": "too slow for me"});
    let cancelled = session.ask("rummy/stream/cancel", params.clone());
    assert_eq!(cancelled, json!({"ok": true, "channels": 2}));
    gone(&pids);
    let told = session.wait_for("stream/cancelled", |_| true);
    assert_eq!(
        told,
        json!({"run": "run", "path": path, "reason": "too slow for me"})
    );
    session.wait_for_status("run", 200);
    let path = path.as_str().expect("it is text");
    let expected = (json!("cancelled"), json!("too slow for me"));
    assert_eq!(became(&mut session, path), expected);
    assert!(server.requests()[1].to_string().contains("too slow for me"));
    let again = session.refused("rummy/stream/cancel", params);
    assert_eq!(again["data"]["kind"], "conflict");
}

#[test]
fn a_process_with_a_session_of_its_own_ends_with_its_command() {
    let server =
        runs("setsid sh -c 'echo $$ > away; exec sleep 600' & until test -s away; do :; done");
    let mut session = hasty(&server);
    session.act("run", "go");
    let away = number(&std::rc::Rc::clone(&session.sandbox), "away");
    session.wait_for_status("run", 200);
    gone(&[away]);
}

#[test]
fn a_time_limit_and_an_abort_end_a_command() {
    let server = runs(THREE_GENERATIONS);
    let limited = json!({"autoAccept": "all", "commands": {"timeoutSeconds": 1}});
    let mut one = session(&server, &limited);
    let pids = three(&mut one);
    one.wait_for("stream/cancelled", |told| {
        told["reason"] == "it took longer than 1 s"
    });
    gone(&pids);
    one.wait_for_status("run", 200);
    assert!(
        server.requests()[1]
            .to_string()
            .contains("it took longer than 1 s")
    );

    let server = runs(THREE_GENERATIONS);
    let mut other = hasty(&server);
    let pids = three(&mut other);
    other.ask("rummy/abort", json!({"run": "run"}));
    gone(&pids);
    other.wait_for("stream/cancelled", |told| told["reason"] == "aborted");
    assert_eq!(other.status("run"), 499);
}

#[test]
fn nothing_of_a_command_outlives_the_server() {
    for end in ["shutdown", "kill", "stdin"] {
        let server = runs(THREE_GENERATIONS);
        let mut first = hasty(&server);
        first.ignore(&["stream/cancelled"]);
        let pids = three(&mut first);
        let sandbox = std::rc::Rc::clone(&first.sandbox);
        match end {
            "shutdown" => drop(first.ask("shutdown", Value::Null)),
            "kill" => first.kill(),
            _ => first.close_stdin(),
        }
        gone(&pids);
        if end == "shutdown" {
            first.exit();
        }
        if end != "kill" {
            first.exit_status();
        }
        drop(first);
        let mut second = Session::builder()
            .sandbox(&sandbox)
            .model_at(&server.url())
            .start();
        assert_eq!(second.status("run"), 499, "{end}");
        let entries = second.entries("run");
        let commands = entries
            .iter()
            .filter(|entry| !entry["attributes"]["command"].is_null());
        for command in commands {
            let ended = (&command["state"], &command["outcome"]);
            assert_eq!(
                ended,
                (&json!("cancelled"), &json!("interrupted")),
                "{end} {command}"
            );
        }
    }
}

#[test]
fn a_command_that_was_pending_at_a_restart_is_asked_about_again_and_restarts_nothing() {
    let server = runs("echo x > made.txt");
    let mut first = session(&server, &json!({}));
    first.act("run", "go");
    let path = proposed(&mut first);
    let sandbox = std::rc::Rc::clone(&first.sandbox);
    first.kill();
    drop(first);
    let mut second = Session::builder()
        .sandbox(&sandbox)
        .model_at(&server.url())
        .spawn();
    second.ignore(&["run/proposal", "stream/chunk"]);
    second.editor.on_message = OnMessage::Pick("Run");
    second.initialize().expect("it is initialized");
    second.notify("initialized", json!({}));
    second.wait_for("window/showMessageRequest", |_| true);
    let text = path.as_str().expect("it is text");
    until("it ran", PATIENCE, || {
        (became(&mut second, text).0 == "resolved").then_some(())
    });
    assert_eq!(sandbox.read("made.txt").as_deref(), Some("x\n"));
    assert_eq!(second.status("run"), 499);
    assert_eq!(server.requests().len(), 1);
}

/// What a process keeps in memory, in KiB.
fn resident(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let digits = line.and_then(|line| line.split_whitespace().nth(1));
    let digits = digits.expect("it is told");
    digits.parse().expect("it is a number")
}

#[test]
fn fifty_megabytes_stream_through_and_leave_their_beginning_their_end_and_their_size() {
    let line = "echo first; head -c 50000000 /dev/zero | tr '\\0' x; echo; echo last";
    let server = runs(line);
    let mut session = session(&server, &json!({}));
    session.act("run", "go");
    let path = proposed(&mut session);
    let before = resident(session.pid());
    session.accept("run", &path).expect("it is no error");
    let mut most = before;
    until("it has run", PATIENCE, || {
        most = most.max(resident(session.pid()));
        let state = became(&mut session, path.as_str().expect("it is text")).0;
        (state == "resolved").then_some(())
    });
    assert!(most < before + 20_000, "from {before} to {most} KiB");
    session.wait_for_status("run", 200);
    let channels = session.entries("run");
    let channel = channels
        .iter()
        .find(|entry| entry["attributes"]["channel"] == 1);
    let channel = channel.expect("it has a channel");
    assert_eq!(channel["attributes"]["bytes"], 50_000_012);
    assert_eq!(channel["visibility"], "summarized");
    let held = body(
        &session.sandbox,
        channel["path"].as_str().expect("it is text"),
    );
    assert!(held.starts_with("first\nxxx") && held.ends_with("xxx\nlast\n"));
    let left_out = 50_000_012 - 2 * 32 * 1024;
    assert!(held.contains(&format!("\n[… {left_out} bytes left out …]\n")));
    assert!(held.len() < 70_000, "{}", held.len());
    let told: usize = session
        .take("stream/chunk")
        .iter()
        .map(|told| told["chunk"].as_str().map_or(0, str::len))
        .sum();
    assert!(told < 5_000_000, "{told} bytes were told");
}

/// A session that runs commands itself, and the path of one that it has accepted.
fn by_client(server: &ModelServer) -> (Session, Value) {
    let commands = json!({"commands": {"executor": "client"}});
    let mut session = session(server, &commands);
    session.act("run", "go");
    let path = proposed(&mut session);
    session.accept("run", &path).expect("it is no error");
    (session, path)
}

#[test]
fn a_client_runs_a_command_by_itself_and_says_what_comes_of_it() {
    let server = runs("touch made.txt");
    let (mut session, path) = by_client(&server);
    let text = path.as_str().expect("it is text").to_owned();
    assert_eq!(became(&mut session, &text).0, "streaming");
    for (channel, chunk) in [(1, "one\n"), (2, "two\n"), (1, "three\n")] {
        let params = json!({"run": "run", "path": path, "channel": channel, "chunk": chunk});
        assert_eq!(session.ask("rummy/stream", params), json!({"ok": true}));
    }
    let out = "sh://turn_1/touch%20made.txt_1";
    assert_eq!(body(&session.sandbox, out), "one\nthree\n");
    // A channel that the model has put away, or that the user shows, stays so.
    let shown =
        json!({"run": "run", "path": "sh://turn_1/touch%20made.txt_2", "visibility": "archived"});
    session.ask("rummy/get", shown);
    let params = json!({"run": "run", "path": path, "exitCode": 0, "duration": "1.5 s"});
    let completed = session.ask("rummy/stream/completed", params.clone());
    assert_eq!(completed, json!({"ok": true, "channels": 2}));
    session.wait_for_status("run", 200);
    assert_eq!(session.sandbox.read("made.txt"), None, "the server ran it");
    assert_eq!(became(&mut session, out).0, "resolved");
    let put_away = entry(&mut session, "sh://turn_1/touch%20made.txt_2");
    assert_eq!(put_away["visibility"], "archived");
    let told = server.requests()[1].to_string();
    for part in ["exit=0 after 1.5 s", "10 bytes", "4 bytes", "one", "three"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    // Once ended it stays ended.
    for method in ["stream/completed", "stream/aborted", "stream/cancel"] {
        let refused = session.refused(&format!("rummy/{method}"), params.clone());
        assert_eq!(refused["data"]["kind"], "conflict", "{method}");
    }
    let more = json!({"run": "run", "path": path, "channel": 1, "chunk": "late"});
    assert_eq!(
        session.refused("rummy/stream", more)["data"]["kind"],
        "conflict"
    );
}

#[test]
fn what_a_client_says_of_the_end_is_recorded() {
    for (method, params, ended, told) in [
        (
            "stream/completed",
            json!({}),
            ("resolved", json!(null)),
            "exit=0",
        ),
        (
            "stream/completed",
            json!({"exitCode": 4}),
            ("failed", json!("exit:4")),
            "exit=4",
        ),
        (
            "stream/aborted",
            json!({}),
            ("cancelled", json!("aborted")),
            "cut off",
        ),
        (
            "stream/aborted",
            json!({"reason": "no shell", "duration": "2 s"}),
            ("cancelled", json!("no shell")),
            "after 2 s: no shell",
        ),
        (
            "stream/cancel",
            json!({"reason": "not now"}),
            ("cancelled", json!("not now")),
            "not now",
        ),
    ] {
        let server = runs("make");
        let (mut session, path) = by_client(&server);
        let mut params = params;
        params["run"] = json!("run");
        params["path"] = path.clone();
        session.ask(&format!("rummy/{method}"), params);
        session.wait_for_status("run", 200);
        for path in [
            "log://turn_1/sh/make",
            "sh://turn_1/make_1",
            "sh://turn_1/make_2",
        ] {
            let expected = (json!(ended.0), ended.1.clone());
            assert_eq!(became(&mut session, path), expected, "{method} {path}");
        }
        assert!(server.requests()[1].to_string().contains(told), "{method}");
        let cancelled = session.take("stream/cancelled");
        if method == "stream/cancel" {
            let expected = json!({"run": "run", "path": path, "reason": "not now"});
            assert_eq!(cancelled, [expected]);
        } else {
            assert!(cancelled.is_empty(), "{method}: {cancelled:?}");
        }
    }
}

#[test]
fn a_client_that_never_says_how_a_command_ended_meets_the_time_limit() {
    let server = runs("make");
    let commands =
        json!({"autoAccept": "all", "commands": {"executor": "client", "timeoutSeconds": 1}});
    let mut session = session(&server, &commands);
    session.act("run", "go");
    session.wait_for("stream/cancelled", |told| {
        told["reason"] == "it took longer than 1 s"
    });
    session.wait_for_status("run", 200);
    assert_eq!(became(&mut session, "log://turn_1/sh/make").0, "cancelled");
}

#[test]
fn streams_are_checked_in_the_order_of_their_parameters() {
    let server = runs("make");
    let (mut session, path) = by_client(&server);
    let whole = json!({"run": "run", "path": path, "channel": 1, "chunk": "x"});
    for (change, kind, names) in [
        (
            json!({"run": null, "path": null, "channel": null, "chunk": null}),
            "invalid_params",
            "run",
        ),
        (
            json!({"path": null, "channel": null, "chunk": null}),
            "invalid_params",
            "path",
        ),
        (
            json!({"channel": null, "chunk": null}),
            "invalid_params",
            "channel",
        ),
        (json!({"chunk": null}), "invalid_params", "chunk"),
        (json!({"channel": "one"}), "invalid_params", "channel"),
        (json!({"channel": -1}), "invalid_params", "channel"),
        (json!({"run": "nobody", "path": "x"}), "not_found", "nobody"),
        (json!({"path": "known://x"}), "invalid_params", "known://x"),
        (
            json!({"path": "sh://turn_1/make_1"}),
            "invalid_params",
            "sh://turn_1/make_1",
        ),
        (
            json!({"path": "log://turn_1/update/x"}),
            "invalid_params",
            "log://turn_1/update/x",
        ),
        (
            json!({"path": "log://turn_1/sh/other"}),
            "not_found",
            "log://turn_1/sh/other",
        ),
        (json!({"channel": 3}), "invalid_params", "channel"),
    ] {
        let mut params = whole.clone();
        for (name, value) in change.as_object().expect("it is an object") {
            if value.is_null() {
                params.as_object_mut().expect("it is one").remove(name);
            } else {
                params[name] = value.clone();
            }
        }
        let refused = session.refused("rummy/stream", params.clone());
        assert_eq!(refused["data"]["kind"], kind, "{params}: {refused}");
        let message = refused["message"].as_str().expect("it is text");
        assert!(message.contains(names), "{params}: {message}");
    }
    assert_eq!(body(&session.sandbox, "sh://turn_1/make_1"), "");
    session.ask(
        "rummy/stream/completed",
        json!({"run": "run", "path": path}),
    );
    session.wait_for_status("run", 200);
}

#[test]
fn of_what_the_server_runs_a_client_can_only_cancel() {
    let server = runs("sleep 600");
    let mut session = session(&server, &json!({}));
    session.act("run", "go");
    let path = proposed(&mut session);
    let params = json!({"run": "run", "path": path, "channel": 1, "chunk": "x"});
    let refused = session.refused("rummy/stream", params.clone());
    assert_eq!(
        refused["data"]["kind"], "conflict",
        "it was not accepted yet"
    );
    session.accept("run", &path).expect("it is no error");
    for method in ["stream", "stream/completed", "stream/aborted"] {
        let refused = session.refused(&format!("rummy/{method}"), params.clone());
        assert_eq!(refused["data"]["kind"], "forbidden", "{method}");
    }
    session.ask("rummy/stream/cancel", params);
    session.wait_for("stream/cancelled", |told| told["reason"] == "aborted");
    session.wait_for_status("run", 200);
}

#[test]
fn another_window_may_cancel_what_this_one_runs() {
    let server = runs(THREE_GENERATIONS);
    let mut first = hasty(&server);
    let pids = three(&mut first);
    let mut second = Session::builder()
        .sandbox(&first.sandbox)
        .model_at(&server.url())
        .start();
    second.ignore(&["run/proposal"]);
    let path = under_way(&mut second);
    second.ask("rummy/stream/cancel", json!({"run": "run", "path": path}));
    gone(&pids);
    first.wait_for("stream/cancelled", |told| told["path"] == path);
    first.wait_for_status("run", 200);
}

#[test]
fn a_preview_says_what_would_run_and_runs_nothing() {
    let server = ModelServer::start(vec![
        Reply::text(
            "<sh command=\"touch made.txt\" preview/>\n".to_owned() + &update(144, "Looking"),
        ),
        Reply::text(update(200, "I see")),
    ]);
    let mut session = hasty(&server);
    session.act("run", "go");
    session.wait_for_status("run", 200);
    let told = body(&session.sandbox, "log://turn_1/sh/touch%20made.txt");
    let folder = session.sandbox.workspace();
    assert_eq!(
        told,
        format!("would run in {}:\ntouch made.txt", Path::display(&folder))
    );
    assert_eq!(session.sandbox.read("made.txt"), None);
}
