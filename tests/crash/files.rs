//! Files that are not open, and a server that is killed while it writes them.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::rc::Rc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::lsp::script::{edit, update};
use crate::lsp::{Sandbox, Session};
use crate::model_server::{ModelServer, Reply};
use crate::numbers::Numbers;

/// Kills in the normal tests and in the slow ones.
const KILLS: (usize, usize) = (40, 1000);

/// The file, by a folder that is a link to another one in the workspace.
const FILE: &str = "link/large.txt";
const REAL: &str = "real/large.txt";

/// Microseconds after which a kill comes at most, at first. How long an acceptance takes depends on the
/// machine: the span grows where kills come before the write, and shrinks where they come behind it.
const SPAN: usize = 10_000;

/// The file's text in its nth state: a hundred kilobytes, of which a line tells the state.
fn text(state: usize) -> String {
    let lines = (0..4_000).map(|line| format!("line {line} of the large file\n"));
    format!("state {state}\n") + &lines.collect::<String>()
}

/// A model that proposes the state behind the one that the prompt names.
fn stepping() -> ModelServer {
    ModelServer::inventing(|asked| {
        let (_, told) = asked
            .rsplit_once("step from ")
            .expect("the prompt names a state");
        let digits: String = told.chars().take_while(char::is_ascii_digit).collect();
        let state: usize = digits.parse().expect("a state is a number");
        let (old, new) = (format!("state {state}\n"), format!("state {}\n", state + 1));
        Reply::text(edit(FILE, &old, &new) + &update(200, "One step on"))
    })
}

#[test]
fn a_file_whose_writer_is_killed_holds_the_old_text_or_the_new_one() {
    let kills = match std::env::var_os("RUMMY_SLOW") {
        None => KILLS.0,
        Some(_) => KILLS.1,
    };
    let server = stepping();
    let sandbox = Rc::new(Sandbox::new(&[(REAL, &text(0))]));
    symlink("real", sandbox.path("link")).expect("a link to a folder");
    let mode = std::fs::Permissions::from_mode(0o640);
    std::fs::set_permissions(sandbox.path(REAL), mode).expect("permissions can be set");
    let mut numbers = Numbers::new(7);
    let (mut written, mut span) = (0, SPAN);
    for kill in 0..kills {
        let (old, new) = (text(kill), text(kill + 1));
        let run = format!("step{kill}");
        let path = accept_and_kill(&sandbox, &server, &run, kill, numbers.below(span));
        let found = sandbox.read(REAL).expect("the file is there");
        let whole = found == old || found == new;
        assert!(whole, "neither text at kill {kill}: {} bytes", found.len());
        written += usize::from(found == new);
        span = if found == new {
            span * 4 / 5
        } else {
            span * 5 / 4
        };
        settle(&sandbox, &run, &path, found == new);
        assert!(
            sandbox.read(REAL).as_ref() == Some(&new),
            "kill {kill} cost the change"
        );
        let mode = std::fs::metadata(sandbox.path(REAL)).expect("the file is there");
        assert_eq!(mode.permissions().mode() & 0o777, 0o640);
        assert!(
            sandbox.path("link").is_symlink(),
            "the folder is a link still"
        );
    }
    assert!(
        0 < written && written < kills,
        "the kills came all before or all behind the write: {written} of {kills}"
    );
}

/// Lets a run propose the next state, accepts it, and kills the server some microseconds later.
fn accept_and_kill(
    sandbox: &Rc<Sandbox>,
    server: &ModelServer,
    run: &str,
    state: usize,
    moment: usize,
) -> Value {
    let mut session = Session::builder()
        .sandbox(sandbox)
        .model_at(&server.url())
        .start();
    session.act(run, &format!("step from {state}"));
    let path = session.wait_for_proposals(run, 1)[0]["path"].clone();
    session.send("rummy/accept", json!({"run": run, "path": path}));
    let moment = Duration::from_micros(moment as u64);
    let begun = Instant::now();
    while begun.elapsed() < moment {
        std::hint::spin_loop();
    }
    session.kill();
    path
}

/// What is recorded is true, and what is still pending can be accepted.
fn settle(sandbox: &Rc<Sandbox>, run: &str, path: &Value, is_written: bool) {
    let mut session = Session::builder().sandbox(sandbox).start();
    let entry = session.ask("rummy/getEntries", json!({"run": run, "pattern": path}));
    if entry[0]["state"] == "resolved" {
        assert!(is_written, "recorded as accepted, and not in the file");
        return;
    }
    assert_eq!(entry[0]["state"], "proposed");
    let accepted = json!({"accepted": [path], "failed": []});
    assert_eq!(session.accept(run, path), Ok(accepted));
    session.ignore(&["run/proposal", "run/state"]);
}
