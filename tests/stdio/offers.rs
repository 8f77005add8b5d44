//! Runs that are started where the cursor is: code actions, as any client carries them out.

use serde_json::{Value, json};

use crate::lsp::script::update;
use crate::lsp::{Builder, Range, Session, list, uri_of};
use crate::model_server::{ModelServer, Reply};

const FILE: &str = "src/app.py";
const TEXT: &str = "x = 1\n\n# AI: größer\n# und schneller\ndef f():\n    return x\n\ny = 2\n";

fn answering() -> ModelServer {
    ModelServer::start(vec![Reply::text(update(200, "seen"))])
}

fn session(builder: Builder, server: &ModelServer) -> Session {
    let mut session = builder.file(FILE, TEXT).model_at(&server.url()).start();
    session.open(FILE);
    session
}

/// The code actions at a place of [`FILE`], with these diagnostics of other servers.
fn actions(session: &mut Session, range: Range, diagnostics: &Value) -> Vec<Value> {
    let uri = session.uri(FILE);
    actions_in(session, &uri, range, &json!({"diagnostics": diagnostics}))
}

fn actions_in(session: &mut Session, uri: &str, range: Range, context: &Value) -> Vec<Value> {
    let params = json!({"textDocument": {"uri": uri}, "range": range, "context": context});
    list(&session.ask("textDocument/codeAction", params)).to_vec()
}

/// Opens a document by its text.
fn open(session: &mut Session, uri: &str, language: &str, text: &str) {
    let item = json!({"uri": uri, "languageId": language, "version": 1, "text": text});
    session.notify("textDocument/didOpen", json!({"textDocument": item}));
}

/// Kind, command and title of each.
fn described(actions: &[Value]) -> Vec<String> {
    let describe = |action: &Value| {
        let words = [
            &action["kind"],
            &action["command"]["command"],
            &action["title"],
        ];
        words
            .map(|word| word.as_str().expect("it is a text"))
            .join(" ")
    };
    actions.iter().map(describe).collect()
}

/// Carries an action out as a client does that knows nothing of it, and returns the mode and the
/// prompt that the model got.
fn carried_out(session: &mut Session, server: &ModelServer, action: &Value) -> (String, String) {
    let action = session.ask("codeAction/resolve", action.clone());
    let command = json!({
        "command": action["command"]["command"],
        "arguments": action["command"]["arguments"],
    });
    let started = session.ask("workspace/executeCommand", command);
    done(session, &started);
    prompted(server)
}

/// Waits for a run's end.
fn done(session: &mut Session, started: &Value) {
    let run = started["run"].as_str().expect("it names the run");
    session.wait_for_status(run, 200);
}

/// The mode and the prompt of the newest packet.
fn prompted(server: &ModelServer) -> (String, String) {
    let request = server.requests().pop().expect("the model was called");
    let packet = list(&request["messages"])
        .last()
        .expect("there are messages");
    let packet = packet["content"].as_str().expect("it is a text");
    let (_, prompt) = packet
        .rsplit_once("<prompt mode=\"")
        .expect("it has a prompt");
    let (mode, rest) = prompt.split_once('"').expect("the attribute ends");
    let (_, body) = rest.split_once(">\n").expect("the tag ends");
    let (body, _) = body.split_once("\n</prompt>").expect("the prompt ends");
    (mode.to_owned(), body.to_owned())
}

fn told(mode: &str, prompt: &str, selected: &str) -> (String, String) {
    (
        mode.to_owned(),
        format!("{prompt}\n\nSelected in {FILE}, {selected}"),
    )
}

#[test]
fn a_comment_starts_the_run_that_it_asks_for() {
    let server = answering();
    let mut session = session(Session::builder(), &server);
    // What the model is shown is the text as it is now, not the disk's.
    session.replace(FILE, "return x", "return x + 1");
    for line in [0, 1, 4] {
        let none = actions(&mut session, Range::lines(line, line), &json!([]));
        assert_eq!(described(&none), [] as [&str; 0], "line {line}");
    }
    let actions = actions(&mut session, Range::lines(3, 3), &json!([]));
    assert_eq!(
        described(&actions),
        ["refactor.rewrite.rummy rummy.act Let Rummy: größer und schneller"]
    );
    let selected = "lines 3 to 6:\n# AI: größer\n# und schneller\ndef f():\n    return x + 1";
    assert_eq!(
        carried_out(&mut session, &server, &actions[0]),
        told("act", "größer\nund schneller", selected)
    );
}

#[test]
fn a_question_in_a_comment_is_asked() {
    let server = answering();
    let mut session = session(Session::builder().utf_8(), &server);
    session.replace(FILE, "x = 1", "x = 'é' # AI? why é");
    let actions = actions(&mut session, Range::lines(0, 0), &json!([]));
    assert_eq!(
        described(&actions),
        ["refactor.rewrite.rummy rummy.ask Ask Rummy: why é"]
    );
    let selected = "lines 1 to 1:\nx = 'é' # AI? why é";
    assert_eq!(
        carried_out(&mut session, &server, &actions[0]),
        told("ask", "why é", selected)
    );
}

#[test]
fn the_run_is_about_the_text_as_it_was_when_the_action_was_carried_out() {
    let server = answering();
    let mut session = session(Session::builder(), &server);
    session.replace(FILE, "x = 1", "x = 1  # AI? why");
    let action = actions(&mut session, Range::lines(0, 0), &json!([])).remove(0);
    session.replace(FILE, "x = 1", "x = 2");
    let sent = session.send("workspace/executeCommand", action["command"].clone());
    session.replace(FILE, "x = 2", "x = 3");
    let started = session.answer(sent).expect("the run starts");
    done(&mut session, &started);
    let selected = "lines 1 to 1:\nx = 2  # AI? why";
    assert_eq!(prompted(&server), told("ask", "why", selected));
}

#[test]
fn the_clients_word_for_a_language_counts_for_more_than_the_files_name() {
    let server = ModelServer::start(Vec::new());
    let mut session = session(Session::builder(), &server);
    let uri = session.uri("src/odd.py");
    let text = "{- AI: go -}\n# AI: go\n";
    open(&mut session, &uri, "haskell", text);
    let table = [
        (0, vec!["refactor.rewrite.rummy rummy.act Let Rummy: go"]),
        (1, vec![]),
    ];
    for (line, expected) in table {
        let context = json!({"diagnostics": []});
        let offered = actions_in(&mut session, &uri, Range::lines(line, line), &context);
        assert_eq!(described(&offered), expected, "line {line}");
    }
}

#[test]
fn a_selection_is_asked_about_with_the_nearest_comment_or_a_standing_prompt() {
    let server = ModelServer::start(vec![Reply::text(update(200, "seen")).repeat()]);
    let mut session = session(Session::builder(), &server);
    let range = Range::lines(7, 8);
    let offered = actions(&mut session, range, &json!([]));
    assert_eq!(
        described(&offered),
        [
            "refactor.rewrite.rummy rummy.ask \
             Ask Rummy about the selection: größer und schneller",
            "refactor.rewrite.rummy rummy.act \
             Let Rummy act on the selection: größer und schneller",
        ]
    );
    session.replace(FILE, "AI: ", "");
    let offered = actions(&mut session, range, &json!([]));
    assert_eq!(
        described(&offered),
        [
            "refactor.rewrite.rummy rummy.ask Ask Rummy about the selection: explain",
            "refactor.rewrite.rummy rummy.act Let Rummy act on the selection: improve",
        ]
    );
    let selected = "lines 8 to 8:\ny = 2";
    let prompts = offered
        .iter()
        .map(|action| carried_out(&mut session, &server, action));
    assert_eq!(
        prompts.collect::<Vec<_>>(),
        [
            told("ask", "explain", selected),
            told("act", "improve", selected),
        ]
    );
}

#[test]
fn a_client_that_asks_for_the_prompt_gets_actions_without_one() {
    let server = answering();
    let capable = json!({"experimental": {"rummy": {"prompt": true}}});
    let mut session = session(Session::builder().capabilities(&capable), &server);
    let range = Range::lines(7, 8);
    let mut offered = actions(&mut session, range, &json!([]));
    assert_eq!(
        described(&offered),
        [
            "refactor.rewrite.rummy rummy.ask Ask Rummy about the selection",
            "refactor.rewrite.rummy rummy.act Let Rummy act on the selection",
        ]
    );
    let arguments = &mut offered[0]["command"]["arguments"];
    let folder = uri_of(&session.sandbox.workspace());
    let selection = json!({"uri": session.uri(FILE), "range": range});
    let whole = json!([{"selection": selection, "workspace": folder}]);
    assert_eq!(*arguments, whole);
    arguments[0]["prompt"] = json!("what is y?");
    let selected = "lines 8 to 8:\ny = 2";
    assert_eq!(
        carried_out(&mut session, &server, &offered[0]),
        told("ask", "what is y?", selected)
    );
}

#[test]
fn another_servers_diagnostic_is_fixed() {
    let server = answering();
    let mut session = session(Session::builder(), &server);
    let of = |source: Value, message: &str| {
        json!({
            "range": Range::lines(5, 5), "severity": 2, "source": source,
            "message": message, "data": {"id": 7},
        })
    };
    let (theirs, ours) = (
        of(json!("pyright"), "x is no y"),
        of(json!("rummy"), "a change"),
    );
    let nameless = of(Value::Null, "unused\nname");
    let place = Range::lines(5, 5);
    let several = json!([theirs, ours, nameless]);
    let offered = actions(&mut session, place, &several);
    assert_eq!(
        described(&offered),
        [
            "quickfix.rummy.fix rummy.act Fix with Rummy: x is no y",
            "quickfix.rummy.fix rummy.act Fix with Rummy: unused name",
        ]
    );
    let offered = actions(&mut session, place, &json!([ours, theirs]));
    assert_eq!(
        described(&offered),
        ["quickfix.rummy.fix rummy.act Fix with Rummy"]
    );
    assert_eq!(offered[0]["diagnostics"], json!([theirs]));
    let selected = "lines 6 to 6:\n    return x";
    assert_eq!(
        carried_out(&mut session, &server, &offered[0]),
        told("act", "x is no y", selected)
    );
}

#[test]
fn only_the_kinds_that_are_asked_for_are_answered() {
    let server = ModelServer::start(Vec::new());
    let mut session = session(Session::builder(), &server);
    let diagnostic = json!({"range": Range::lines(2, 2), "message": "wrong"});
    let (fix, rewrite) = ("quickfix.rummy.fix", "refactor.rewrite.rummy");
    let uri = session.uri(FILE);
    let table = [
        (json!(["quickfix"]), vec![fix]),
        (json!(["refactor"]), vec![rewrite; 3]),
        (json!(["refactor.rewrite.rummy"]), vec![rewrite; 3]),
        (json!(["refactor.extract", "source"]), vec![]),
        (json!(["quickfix.rummy.accept"]), vec![]),
        (json!([""]), vec![fix, rewrite, rewrite, rewrite]),
    ];
    for (only, kinds) in table {
        let context = json!({"diagnostics": [diagnostic], "only": only});
        let offered = actions_in(&mut session, &uri, Range::lines(2, 3), &context);
        let found: Vec<&Value> = offered.iter().map(|action| &action["kind"]).collect();
        assert_eq!(found, kinds, "{only}");
    }
}

#[test]
fn nothing_is_offered_outside_of_the_workspace() {
    let server = ModelServer::start(Vec::new());
    let mut session = session(Session::builder(), &server);
    let diagnostic = json!({"range": Range::lines(0, 0), "message": "wrong"});
    let context = json!({"diagnostics": [diagnostic]});
    for uri in ["untitled:Untitled-1", "file:///elsewhere/a.py"] {
        open(&mut session, uri, "python", "# AI: go\n");
        let offered = actions_in(&mut session, uri, Range::lines(0, 1), &context);
        assert_eq!(offered, [] as [Value; 0], "{uri}");
    }
}

#[test]
fn in_several_folders_the_run_is_of_the_files_own() {
    let server = answering();
    let mut session = session(Session::builder(), &server);
    let other = uri_of(&session.sandbox.home());
    let added = json!([{"uri": other, "name": "other"}]);
    let event = json!({"added": added, "removed": []});
    session.notify(
        "workspace/didChangeWorkspaceFolders",
        json!({"event": event}),
    );
    let offered = actions(&mut session, Range::lines(2, 2), &json!([]));
    carried_out(&mut session, &server, &offered[0]);
    let folder = uri_of(&session.sandbox.workspace());
    let runs = session.ask("rummy/getRuns", json!({"workspace": folder}));
    assert_eq!(list(&runs).len(), 1, "{runs}");
}

#[test]
fn a_selection_behind_the_text_is_its_last_line() {
    let server = ModelServer::start(vec![Reply::text(update(200, "seen")).repeat()]);
    let mut session = session(Session::builder(), &server);
    let table = [
        (8, 9, "lines 9 to 9:\n"),
        (90, 99, "lines 9 to 9:\n"),
        (7, 99, "lines 8 to 9:\ny = 2\n"),
    ];
    for (first, end, quoted) in table {
        let selection = json!({"uri": session.uri(FILE), "range": Range::lines(first, end)});
        let started = session.ask(
            "rummy/ask",
            json!({"prompt": "why", "selection": selection}),
        );
        done(&mut session, &started);
        assert_eq!(prompted(&server), told("ask", "why", quoted));
    }
}
