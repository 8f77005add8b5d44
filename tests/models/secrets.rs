//! A key goes into one header of a request, and nowhere else.

use std::fs;
use std::path::Path;
use std::rc::Rc;

use serde_json::{Value, json};

use crate::lsp::script::fix_app;
use crate::lsp::{Sandbox, Session, script};
use crate::model_server::{ModelServer, Reply};
use crate::{output, program, text};

const KEY: &str = "sk-a-secret-that-must-not-show";

/// All files below a folder, but those that the test itself put the key into.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = ignore::WalkBuilder::new(folder)
        .standard_filters(false)
        .build();
    entries
        .map(|entry| entry.expect("a folder can be read"))
        .filter(|entry| entry.path().is_file() && !entry.path().ends_with("key"))
        .map(|entry| {
            let bytes = fs::read(entry.path()).expect("a file can be read");
            (entry.path().display().to_string(), bytes)
        })
        .collect()
}

fn holds_key(bytes: &[u8]) -> bool {
    bytes.windows(KEY.len()).any(|part| part == KEY.as_bytes())
}

/// A run that is refused once by a server that quotes the key, then succeeds; and one that is refused
/// for good. The log says all that it can say.
fn run(model: &Value, environment: &[(&str, &str)], sandbox: &Rc<Sandbox>) {
    let quote = format!("what is {KEY}?");
    let server = ModelServer::start(vec![
        Reply::text(quote.clone()).status(503).retry_after("0"),
        Reply::text(fix_app()),
        Reply::text(quote).status(401),
    ]);
    let mut model = model.clone();
    model["actual"] = json!("openai/m");
    model["contextLength"] = json!(100_000);
    model["baseUrl"] = json!(server.url());
    let record = sandbox.home().join("recorded").display().to_string();
    let builder = Session::builder()
        .sandbox(sandbox)
        .file("src/app.rs", script::APP)
        .options(&json!({"models": {"m": model}, "autoAccept": "all"}))
        .env("RUMMY_LOG", "trace")
        .arg("--record")
        .arg(&record);
    let builder = environment
        .iter()
        .fold(builder, |builder, (name, value)| builder.env(name, value));
    let mut session = builder.start();
    session.ignore(&[
        "run/proposal",
        "textDocument/publishDiagnostics",
        "window/showMessage",
    ]);
    session.act("first", "fix it");
    session.wait_for_status("first", 200);
    session.act("second", "fix it again");
    session.wait_for_status("second", 500);
    let told = session.ask("rummy/getRun", json!({"run": "second"}));
    session.ask("rummy/getEntries", json!({"run": "second"}));
    session.ask("rummy/getModels", json!({}));
    for line in session.transcript() {
        let is_ours = line.starts_with('→');
        assert!(is_ours || !line.contains(KEY), "{line}");
    }
    assert!(!told.to_string().contains(KEY), "{told}");
    drop(session);

    let bearer = Some(format!("Bearer {KEY}"));
    assert!(server.authorizations().iter().all(|sent| *sent == bearer));
    for packet in server.requests() {
        assert!(!packet.to_string().contains(KEY), "{packet}");
    }
}

#[test]
fn a_key_shows_nowhere_wherever_it_comes_from() {
    for (model, environment) in [
        (json!({"apiKey": KEY}), vec![]),
        (json!({"apiKeyEnv": "MY_KEY"}), vec![("MY_KEY", KEY)]),
        (json!({}), vec![("OPENAI_API_KEY", KEY)]),
        (json!({"apiKeyCommand": "cat key"}), vec![]),
    ] {
        let sandbox = Rc::new(Sandbox::new(&[]));
        fs::write(sandbox.home().join("key"), KEY).expect("a file can be written");
        run(&model, &environment, &sandbox);
        let kept = files(&sandbox.home().join(".."));
        for name in ["rummy.db", "stderr", "recorded", "rummy.log"] {
            let found = kept
                .iter()
                .any(|(path, bytes)| path.ends_with(name) && !bytes.is_empty());
            assert!(found, "there is no {name}");
        }
        for (path, bytes) in kept {
            assert!(!holds_key(&bytes), "{path} holds the key ({model})");
        }
        // What the database has packed.
        for run in ["first", "second"] {
            for arguments in [
                vec!["show", run, "--json"],
                vec!["show", run, "--turn", "1", "--packet"],
            ] {
                let shown = output(program(&sandbox, &arguments));
                let shown = text(&shown.stdout) + &text(&shown.stderr);
                assert!(!shown.contains(KEY), "{arguments:?}: {shown}");
            }
        }
    }
}
