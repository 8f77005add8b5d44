//! What a workspace folder brings itself, in `.rummy/`: nothing of it is used before the user has said so.

use std::rc::Rc;
use std::time::Instant;

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::lsp::script::{set, update};
use crate::lsp::{OnMessage, PATIENCE, Sandbox, Session, list};
use crate::model_server::{ModelServer, Reply};

const ASKED: &str = "window/showMessageRequest";
const SETTINGS: &str = "[models.theirs]\nactual = \"openai/theirs\"\ncontextLength = 9000\n";

fn sandbox(settings: &str) -> Rc<Sandbox> {
    Rc::new(Sandbox::new(&[
        (".rummy/config.toml", settings),
        (".rummy/skills/tidy.md", "Tidy up.\n"),
        (".rummy/personas/butler.md", "You are a butler.\n"),
    ]))
}

/// A session whose user does this when asked.
fn session(sandbox: &Rc<Sandbox>, on_message: OnMessage) -> Session {
    let mut session = Session::builder().sandbox(sandbox).spawn();
    session.editor.on_message = on_message;
    session.initialize().expect("it is taken on");
    session.notify("initialized", json!({}));
    session
}

/// What of it can be used: models, skills, personas.
fn used(session: &mut Session) -> [Vec<String>; 3] {
    let named = |items: &Value, field: &str| -> Vec<String> {
        let name = |item: &Value| item.get(field).unwrap_or(item).as_str().map(str::to_owned);
        list(items).iter().filter_map(name).collect()
    };
    [
        named(&session.ask("rummy/getModels", json!({})), "alias"),
        named(&session.ask("rummy/listSkills", json!({})), "name"),
        named(&session.ask("rummy/listPersonas", json!({})), "name"),
    ]
}

/// Looks again and again until something holds: what follows on an answer of the user's is not told.
fn until(mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "it does not come to hold");
        std::thread::yield_now();
    }
}

/// What is kept of the user's word.
fn decision(sandbox: &Sandbox) -> Option<bool> {
    let database = Connection::open(sandbox.home().join("rummy.db")).expect("it opens");
    let read = database.query_row("SELECT trusted FROM projects", [], |row| row.get(0));
    read.expect("the folder is known")
}

fn nothing() -> [Vec<String>; 3] {
    [vec![], vec![], vec![]]
}

fn all() -> [Vec<String>; 3] {
    ["theirs", "tidy", "butler"].map(|name| vec![name.to_owned()])
}

#[test]
fn what_a_folder_brings_is_used_once_the_user_says_so_and_not_asked_about_again() {
    let sandbox = sandbox(SETTINGS);
    let mut first = session(&sandbox, OnMessage::Leave);
    first.wait_for(ASKED, |_| true);
    assert_eq!(used(&mut first), nothing());
    drop(first);

    let mut second = session(&sandbox, OnMessage::Pick("Use It"));
    second.wait_for(ASKED, |_| true);
    until(|| used(&mut second) == all());
    drop(second);

    let mut third = session(&sandbox, OnMessage::Leave);
    assert_eq!(used(&mut third), all());
    assert_eq!(third.take(ASKED), [] as [Value; 0]);
}

#[test]
fn what_is_to_be_ignored_is_not_asked_about_again_and_the_user_may_think_again() {
    let sandbox = sandbox(SETTINGS);
    let mut first = session(&sandbox, OnMessage::Pick("Ignore It"));
    first.wait_for(ASKED, |_| true);
    until(|| decision(&sandbox) == Some(false));
    assert_eq!(used(&mut first), nothing());
    drop(first);

    let mut second = session(&sandbox, OnMessage::Leave);
    assert_eq!(used(&mut second), nothing());
    let trust = |trusted: bool| json!({"trusted": trusted});
    assert_eq!(second.ask("rummy/trust", trust(true)), json!({"ok": true}));
    assert_eq!(used(&mut second), all());
    let run = second.command("rummy.trust", trust(false));
    assert_eq!(run.expect("it is carried out"), json!({"ok": true}));
    assert_eq!(used(&mut second), nothing());
    assert_eq!(second.take(ASKED), [] as [Value; 0]);

    let elsewhere = json!({"workspace": "file:///nowhere", "trusted": true});
    let refused = second.refused("rummy/trust", elsewhere);
    assert_eq!(refused["data"]["kind"], "not_found");
    let refused = second.refused("rummy/trust", json!({"trusted": "yes"}));
    let message = refused["message"].as_str().expect("it is a text");
    assert!(message.starts_with("trusted: "), "{message}");
}

#[test]
fn a_question_that_is_dismissed_is_asked_again_in_the_next_session() {
    let sandbox = sandbox(SETTINGS);
    for _ in 0..2 {
        let mut session = session(&sandbox, OnMessage::Dismiss);
        session.wait_for(ASKED, |_| true);
        assert_eq!(used(&mut session), nothing());
    }
}

#[test]
fn the_question_says_what_there_is_and_what_it_can_do() {
    let table = [
        (
            ".rummy/config.toml",
            "config.toml in .rummy/. That can choose models and servers, and allow commands. Use it?",
        ),
        (".rummy/skills/tidy.md", "skills in .rummy/. Use it?"),
    ];
    for (file, says) in table {
        let sandbox = Rc::new(Sandbox::new(&[(file, "")]));
        let mut session = session(&sandbox, OnMessage::Leave);
        let asked = session.wait_for(ASKED, |_| true);
        let root = sandbox.workspace();
        assert_eq!(
            asked["message"],
            format!("{} brings its own {says}", root.display())
        );
        let titles = json!([{"title": "Use It"}, {"title": "Ignore It"}]);
        assert_eq!(asked["actions"], titles);
    }
}

#[test]
fn a_folder_that_brings_nothing_is_not_asked_about() {
    let sandbox = Rc::new(Sandbox::new(&[
        ("bare/.rummy/notes.md", "mine\n"),
        ("full/.rummy/skills/tidy.md", "Tidy up.\n"),
    ]));
    let mut session = Session::builder().sandbox(&sandbox).no_folder().start();
    let folder = |name: &str| json!({"uri": sandbox.uri(name), "name": name});
    let opened = json!({"event": {"added": [folder("bare"), folder("full")], "removed": []}});
    session.notify("workspace/didChangeWorkspaceFolders", opened);
    // One after the other is asked about, in their order.
    let asked = session.wait_for(ASKED, |_| true);
    let message = asked["message"].as_str().expect("it is a text");
    let full = sandbox.path("full").display().to_string();
    assert!(message.starts_with(&full), "{message}");
}

#[test]
fn what_cannot_be_used_of_a_folders_settings_is_told_by_name() {
    let sandbox = sandbox("database = \"/tmp/theirs.db\"\nreveiw = \"each\"\n");
    let mut session = session(&sandbox, OnMessage::Dismiss);
    session.ask("rummy/trust", json!({"trusted": true}));
    let file = sandbox.path(".rummy/config.toml").display().to_string();
    for key in ["database", "reveiw"] {
        let told = format!("rummy: {key} in {file} is ignored: ");
        session.wait_for("window/showMessage", |params| {
            params["message"]
                .as_str()
                .is_some_and(|text| text.starts_with(&told))
        });
    }
    session.ignore(&[ASKED, "window/showMessage"]);
}

#[test]
fn of_two_folders_each_has_its_own() {
    let sandbox = Rc::new(Sandbox::new(&[
        ("one/.rummy/config.toml", SETTINGS),
        ("one/.rummy/skills/tidy.md", "Tidy up.\n"),
        ("two/a.txt", "a\n"),
    ]));
    let server = ModelServer::start(vec![Reply::text(update(200, "Done")).repeat()]);
    let mut session = Session::builder()
        .sandbox(&sandbox)
        .env("OPENAI_BASE_URL", &server.url())
        .no_folder()
        .start();
    let folder = |name: &str| json!({"uri": sandbox.uri(name), "name": name});
    let opened = json!({"event": {"added": [folder("one"), folder("two")], "removed": []}});
    session.notify("workspace/didChangeWorkspaceFolders", opened);
    session.wait_for(ASKED, |_| true);
    let one = sandbox.uri("one");
    session.ask("rummy/trust", json!({"workspace": one, "trusted": true}));
    for (name, is_known) in [("one", true), ("two", false)] {
        let act = json!({"prompt": "go", "run": name, "model": "theirs",
                         "workspace": sandbox.uri(name)});
        if is_known {
            session.ask("rummy/act", act);
            session.wait_for_status(name, 200);
            let skill = json!({"run": name, "name": "tidy"});
            session.ask("rummy/skill/add", skill);
        } else {
            assert_eq!(
                session.refused("rummy/act", act)["data"]["kind"],
                "no_model"
            );
        }
    }
    // What is alone in a window is what holds there.
    let gone = json!({"event": {"added": [], "removed": [folder("two")]}});
    session.notify("workspace/didChangeWorkspaceFolders", gone);
    let models = session.ask("rummy/getModels", json!({}));
    assert_eq!(list(&models)[0]["alias"], "theirs");
}

#[test]
fn no_model_gives_itself_leave_by_what_is_accepted_unasked() {
    let allows = set(".rummy/config.toml", "[commands]\nallow = [\"*\"]\n");
    let below = set("below/.Rummy/skills/sly.md", "Allow all.\n") + &set("below/.mcp.json", "{}\n");
    let answer = allows + &below + &set("a.rummy.txt", "a\n") + &update(200, "Done");
    let server = ModelServer::start(vec![Reply::text(answer)]);
    let mut session = Session::builder()
        .model_at(&server.url())
        .options(&json!({"autoAccept": "all"}))
        .start();
    session.act("sly", "help yourself");
    let pending = session.wait_for_proposals("sly", 3);
    let files = [
        ".rummy/config.toml",
        "below/.Rummy/skills/sly.md",
        "below/.mcp.json",
    ];
    for (proposal, file) in pending.iter().zip(files) {
        assert_eq!(proposal["target"], file);
        assert_eq!(session.sandbox.read(file), None);
    }
    session.ask("rummy/reject", json!({"run": "sly"}));
    session.ignore(&["workspace/applyEdit", "run/proposal"]);
}
