//! What `initialize` offers and refuses, and how settings are taken.

use std::collections::BTreeSet;
use std::time::Instant;

use serde_json::{Value, json};

use crate::lsp::script::update;
use crate::lsp::{PATIENCE, Sandbox, Session, list};
use crate::model_server::{ModelServer, Reply};

const CONFIGURATION: &str = "workspace/configuration";
const FOLDERS: &str = "workspace/didChangeWorkspaceFolders";

/// Methods that a client may count on.
const METHODS: [&str; 35] = [
    "abort",
    "accept",
    "act",
    "addModel",
    "ask",
    "config",
    "cp",
    "deleteRun",
    "diff",
    "discover",
    "file/constraint",
    "file/drop",
    "get",
    "getConstraints",
    "getEntries",
    "getModels",
    "getRun",
    "getRuns",
    "getSkills",
    "inject",
    "listPersonas",
    "listSkills",
    "mv",
    "persona/set",
    "ping",
    "reject",
    "removeModel",
    "rename",
    "rm",
    "set",
    "skill/add",
    "skill/remove",
    "textDocumentContent",
    "update",
    "trust",
];

#[test]
fn the_server_says_what_it_can_do() {
    let mut session = Session::builder().spawn();
    let answer = session.initialize().expect("it is not refused");
    let offered = &answer["capabilities"];
    let said = json!({
        "serverInfo": answer["serverInfo"],
        "positionEncoding": offered["positionEncoding"],
        "openClose": offered["textDocumentSync"]["openClose"],
        "change": offered["textDocumentSync"]["change"],
        "save": !offered["textDocumentSync"]["save"].is_null(),
        "codeAction": !matches!(offered["codeActionProvider"], Value::Null | Value::Bool(false)),
        "codeLens": offered["codeLensProvider"].is_object(),
        "folders": offered["workspace"]["workspaceFolders"]["supported"],
        "protocol": offered["experimental"]["rummy"]["protocolVersion"],
    });
    assert_eq!(
        said,
        json!({
            "serverInfo": {"name": "rummy-lsp", "version": env!("CARGO_PKG_VERSION")},
            "positionEncoding": "utf-16",
            "openClose": true,
            "change": 2,
            "save": true,
            "codeAction": true,
            "codeLens": true,
            "folders": true,
            "protocol": "2.0.0",
        })
    );
    let kinds: BTreeSet<&str> = words(&offered["codeActionProvider"]["codeActionKinds"]);
    for kind in [
        "quickfix.rummy.accept",
        "quickfix.rummy.reject",
        "source.rummy.acceptAll",
        "source.rummy.rejectAll",
        "refactor.rewrite.rummy",
        "quickfix.rummy.fix",
    ] {
        assert!(kinds.contains(kind), "{kind} is not among {kinds:?}");
    }
    session.notify("initialized", json!({}));
}

#[test]
fn every_method_is_a_command_and_has_a_schema() {
    let mut session = Session::builder().spawn();
    let answer = session.initialize().expect("it is not refused");
    session.notify("initialized", json!({}));
    let commands = words(&answer["capabilities"]["executeCommandProvider"]["commands"]);

    let table = session.ask("rummy/discover", json!({}));
    assert_eq!(table["protocolVersion"], "2.0.0");
    let methods = list(&table["methods"]);
    for method in methods {
        assert_eq!(method["params"]["type"], "object", "{method}");
        assert!(
            method["description"]
                .as_str()
                .is_some_and(|text| !text.is_empty()),
            "{method}"
        );
        assert!(method["longRunning"].is_boolean(), "{method}");
    }
    let names: BTreeSet<String> = methods
        .iter()
        .map(|method| method["name"].as_str().expect("a name").to_owned())
        .collect();
    let as_commands: BTreeSet<String> = names
        .iter()
        .map(|name| format!("rummy.{}", name.replace('/', ".")))
        .collect();
    assert_eq!(
        as_commands,
        commands.iter().map(|&name| name.to_owned()).collect()
    );
    for name in METHODS {
        assert!(names.contains(name), "`{name}` is not among {names:?}");
    }
    let told: BTreeSet<&str> = list(&table["notifications"])
        .iter()
        .filter_map(|notification| notification["name"].as_str())
        .collect();
    for name in ["run/state", "run/text", "run/progress", "run/proposal"] {
        assert!(told.contains(name), "`{name}` is not among {told:?}");
    }
}

#[test]
fn a_request_and_its_command_answer_the_same() {
    let mut session = Session::builder().start();
    for (name, params) in [
        ("ping", json!({})),
        ("discover", json!({})),
        ("getRuns", json!({"limit": 3})),
        ("getRun", json!({"run": "nobody"})),
        ("getRun", json!({})),
    ] {
        let request = session.request(&format!("rummy/{name}"), params.clone());
        let command = session.command(&format!("rummy.{name}"), params.clone());
        assert_eq!(request, command, "{name} {params}");
    }
    let bare = json!({"command": "rummy.ping"});
    assert_eq!(session.ask("workspace/executeCommand", bare), json!({}));
}

#[test]
fn utf_8_is_chosen_only_where_the_client_lists_it() {
    for (listed, chosen) in [
        (json!(["utf-8", "utf-16"]), "utf-8"),
        (json!(["utf-16", "utf-8"]), "utf-8"),
        (json!(["utf-16", "utf-32"]), "utf-16"),
        (json!(null), "utf-16"),
    ] {
        let capabilities = json!({"general": {"positionEncodings": listed}});
        let mut session = Session::builder().capabilities(&capabilities).spawn();
        let answer = session.initialize().expect("it is not refused");
        assert_eq!(
            answer["capabilities"]["positionEncoding"], chosen,
            "{listed}"
        );
    }
}

#[test]
fn a_client_of_another_major_version_is_refused_by_both_versions() {
    for version in ["1.9.0", "3.0.0"] {
        let options = json!({"clientVersion": version});
        let mut session = Session::builder().options(&options).spawn();
        let error = session.initialize().expect_err("it is refused");
        let message = error["message"].as_str().expect("a message");
        assert!(
            message.contains(version) && message.contains("2.0.0"),
            "{message}"
        );
        session.exit();
        assert_eq!(session.exit_status().code(), Some(1));
    }
    let options = json!({"clientVersion": "2.7.1"});
    let mut session = Session::builder().options(&options).start();
    assert_eq!(session.ask("rummy/ping", json!({})), json!({}));
}

#[test]
fn a_setting_that_cannot_be_used_is_told_by_name_and_the_others_hold() {
    let options = json!({"reveiw": "each", "limits": {"maxTurns": "many"}, "model": "mine"});
    let models =
        json!({"models": {"mine": {"actual": "openai/a"}, "other": {"actual": "openai/b"}}});
    let mut session = Session::builder()
        .options(&options)
        .options(&models)
        .start();
    for key in ["reveiw", "maxTurns"] {
        session.wait_for("window/showMessage", |shown| {
            shown["message"]
                .as_str()
                .is_some_and(|text| text.contains(key))
        });
    }
    let changed = json!({"settings": {"rummy": {"codeLense": false}}});
    session.notify("workspace/didChangeConfiguration", changed);
    session.wait_for("window/showMessage", |shown| {
        shown["message"]
            .as_str()
            .is_some_and(|text| text.contains("codeLense"))
    });
    let models = session.ask("rummy/getModels", json!({}));
    let aliases: BTreeSet<&str> = list(&models)
        .iter()
        .filter_map(|model| model["alias"].as_str())
        .collect();
    assert_eq!(aliases, BTreeSet::from(["mine", "other"]));
}

#[test]
fn each_folder_is_asked_for_its_settings_and_they_hold_for_its_runs() {
    let server = ModelServer::start(vec![Reply::text(update(200, "Done")).repeat()]);
    let model =
        |alias: &str| json!({"models": {alias: {"actual": "openai/m", "contextLength": 9000}}});
    let mut session = Session::builder()
        .file("one/a.txt", "a\n")
        .file("two/b.txt", "b\n")
        .capabilities(&json!({"workspace": {"configuration": true}}))
        .env("OPENAI_BASE_URL", &server.url())
        .no_folder()
        .start();
    let asked = session.wait_for(CONFIGURATION, |_| true);
    assert_eq!(asked["items"], json!([{"section": "rummy"}]));

    let [one, two] = ["one", "two"].map(|name| session.uri(name));
    session
        .editor
        .settings
        .insert(String::new(), model("of_all"));
    session.editor.settings.insert(one.clone(), model("of_one"));
    session.editor.settings.insert(two.clone(), model("of_two"));
    let folder = |uri: &str| json!({"uri": uri, "name": uri});
    let change = |added: &[&str], removed: &[&str]| {
        let folders = |uris: &[&str]| uris.iter().map(|uri| folder(uri)).collect::<Vec<_>>();
        json!({"event": {"added": folders(added), "removed": folders(removed)}})
    };
    session.notify(FOLDERS, change(&[&one, &two], &[]));
    let asked = session.wait_for(CONFIGURATION, |_| true);
    let item = |uri: &str| json!({"scopeUri": uri, "section": "rummy"});
    assert_eq!(
        asked["items"],
        json!([{"section": "rummy"}, item(&one), item(&two)])
    );
    wait_for_model(&mut session, "of_all");
    for (uri, alias, others) in [(&one, "of_one", "of_two"), (&two, "of_two", "of_one")] {
        let act =
            |model: &str| json!({"prompt": "go", "run": alias, "model": model, "workspace": uri});
        let refused = session.refused("rummy/act", act(others));
        let expected = format!("no model is called \"{others}\"; there are {alias}");
        assert_eq!(refused["message"], expected);
        session.ask("rummy/act", act(alias));
        session.wait_for_status(alias, 200);
    }

    session.notify(FOLDERS, change(&[], &[&one]));
    let asked = session.wait_for(CONFIGURATION, |_| true);
    assert_eq!(asked["items"], json!([item(&two)]));
    wait_for_model(&mut session, "of_two");
}

#[test]
fn what_is_said_of_a_folder_that_was_closed_meanwhile_is_nobodys() {
    let mut session = Session::builder()
        .file("one/a.txt", "a\n")
        .file("two/b.txt", "b\n")
        .capabilities(&json!({"workspace": {"configuration": true}}))
        .no_folder()
        .start();
    session.wait_for(CONFIGURATION, |_| true);
    let [one, two] = ["one", "two"].map(|name| session.uri(name));
    let ours = json!({"models": {"of_one": {"actual": "openai/m"}}});
    session.editor.settings.insert(one.clone(), ours);
    let misspelled = json!({"reveiw": "each"});
    session.editor.settings.insert(String::new(), misspelled);
    let folder = |uri: &str| json!({"uri": uri, "name": uri});
    let opened = json!({"event": {"added": [folder(&one), folder(&two)], "removed": []}});
    session.notify(FOLDERS, opened);
    let closed = json!({"event": {"added": [], "removed": [folder(&one)]}});
    session.notify(FOLDERS, closed);
    // Both are answered after the folder was closed.
    for count in [3, 1] {
        let asked = session.wait_for(CONFIGURATION, |_| true);
        assert_eq!(list(&asked["items"]).len(), count);
    }
    // What cannot be used is told once the first answer was taken up.
    session.wait_for("window/showMessage", |_| true);
    assert_eq!(session.ask("rummy/getModels", json!({})), json!([]));
    session.ignore(&["window/showMessage"]);
}

/// Waits until the model is the only one: answers to the server are taken up when they are there.
fn wait_for_model(session: &mut Session, alias: &str) {
    let end = Instant::now() + PATIENCE;
    loop {
        let models = session.ask("rummy/getModels", json!({}));
        let aliases: Vec<&str> = list(&models)
            .iter()
            .filter_map(|m| m["alias"].as_str())
            .collect();
        if aliases == [alias] {
            return;
        }
        assert!(Instant::now() < end, "there are {aliases:?}, not {alias}");
    }
}

#[test]
fn the_home_s_configuration_holds_where_nothing_above_it_says_otherwise() {
    let mut builder = Session::builder().env("RUMMY_MODEL_fast", "openai/from-environment");
    let sandbox = std::rc::Rc::new(Sandbox::new(&[]));
    let home = sandbox.home().join("rummy");
    std::fs::create_dir_all(&home).expect("a folder can be made");
    let text = "[models.fast]\nactual = \"openai/from-home\"\n\
                [models.slow]\nactual = \"openai/slow\"\ncontextLength = 1000\n";
    std::fs::write(home.join("config.toml"), text).expect("a file can be written");
    builder = builder.sandbox(&sandbox);
    let mut session = builder.start();
    assert_eq!(
        session.ask("rummy/getModels", json!({})),
        json!([
            {"alias": "fast", "actual": "openai/from-environment", "contextLength": null},
            {"alias": "slow", "actual": "openai/slow", "contextLength": 1000},
        ])
    );
}

fn words(words: &Value) -> BTreeSet<&str> {
    list(words).iter().filter_map(Value::as_str).collect()
}
