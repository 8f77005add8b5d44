//! `rummy-lsp doctor`, and with it how the program reaches servers: certificates and proxies.

use std::fs;
use std::rc::Rc;

use serde_json::json;

use crate::fault_server::{Certificate, FaultServer, Step, head, http};
use crate::lsp::{Sandbox, Session};
use crate::model_server::{ModelServer, Reply};
use crate::{output, program, text};

/// The exit code of the doctor, and what it prints.
fn doctor(sandbox: &Sandbox, arguments: &[&str], environment: &[(&str, &str)]) -> (i32, String) {
    let mut command = program(sandbox, &[&["doctor"], arguments].concat());
    command.envs(environment.iter().copied());
    let ended = output(command);
    (ended.status.code().unwrap_or(-1), text(&ended.stdout))
}

/// The lines about models, without the time to the first word.
fn of_models(printed: &str) -> Vec<String> {
    let lines = printed
        .lines()
        .filter(|line| line[7..].starts_with("model"));
    lines
        .map(|line| line.split(" after ").next().unwrap_or(line).to_owned())
        .collect()
}

#[test]
fn all_is_well() {
    let sandbox = Sandbox::new(&[]);
    let server = ModelServer::start(vec![Reply::text("ready"), Reply::text("ready")]);
    server.page(
        "/v1/models",
        json!({"data": [{"id": "m", "max_model_len": 32_768}]}),
    );
    let environment = [
        ("RUMMY_MODEL_one", "openai/m"),
        ("RUMMY_MODEL_two", "openai/other"),
        ("RUMMY_CONTEXT_two", "8000"),
        ("OPENAI_BASE_URL", &server.url()),
    ];
    let (code, printed) = doctor(&sandbox, &[], &environment);
    assert_eq!(code, 0, "{printed}");
    let begins: Vec<&str> = printed.lines().filter_map(|line| line.get(..15)).collect();
    let expected = [
        "ok     home    ",
        "ok     config  ",
        "ok     database",
        "ok     git     ",
        "ok     neovim  ",
        "ok     plugin  ",
        "ok     plugin  ",
        "ok     model   ",
        "ok     model   ",
    ];
    assert_eq!(begins, expected, "{printed}");
    assert_eq!(
        of_models(&printed),
        [
            "ok     model      one (openai/m): a context of 32,768 tokens, the first word",
            "ok     model      two (openai/other): a context of 8,000 tokens, the first word",
        ]
    );
}

#[test]
fn a_folders_own_settings_are_looked_at_where_the_user_has_said_that_they_are_used() {
    let brings = "[models.theirs]\nactual = \"openai/m\"\ncontextLength = 8000\n";
    let sandbox = Rc::new(Sandbox::new(&[(".rummy/config.toml", brings)]));
    let server = ModelServer::start(vec![Reply::text("ready")]);
    let environment = [("OPENAI_BASE_URL", server.url())];
    let environment = environment
        .each_ref()
        .map(|(name, url)| (*name, url.as_str()));
    let told = |sandbox: &Sandbox| {
        let (_, printed) = doctor(sandbox, &[], &environment);
        let is_meant = |line: &&str| ["folder", "model "].contains(&&line[7..13]);
        let lines = printed.lines().filter(is_meant).map(str::to_owned);
        let root = sandbox.workspace().display().to_string();
        let lines: Vec<String> = lines.map(|line| line.replace(&root, "HERE")).collect();
        lines
    };
    let of_folder =
        |used: &str| format!("ok     folder     HERE brings config.toml in .rummy/: {used}");
    let unsaid = of_folder("not used before you say so, which your editor asks you");
    assert_eq!(told(&sandbox), [unsaid]);

    let mut session = Session::builder().sandbox(&sandbox).start();
    for trusted in [false, true] {
        session.ask("rummy/trust", json!({"trusted": trusted}));
        let lines = told(&sandbox);
        if trusted {
            assert_eq!(lines[0], of_folder("used"));
            assert!(
                lines[1].starts_with("ok     model      theirs (openai/m): "),
                "{lines:?}"
            );
        } else {
            assert_eq!(lines, [of_folder("ignored, as you said (rummy.trust)")]);
        }
    }
    session.ignore(&["window/showMessageRequest"]);
}

#[test]
fn what_is_wrong_is_named_and_the_exit_code_says_so() {
    let sandbox = Sandbox::new(&[]);
    let home = sandbox.home().join("rummy");
    fs::create_dir_all(&home).expect("a folder can be made");
    fs::write(home.join("config.toml"), "reveiw = \"each\"\n").expect("a file can be written");
    fs::write(
        sandbox.home().join("rummy.db"),
        "not a database at all, but long enough",
    )
    .expect("a file can be written");
    let server = ModelServer::start(vec![Reply::text("no sk-secret here").status(401)]);
    let environment = [
        ("RUMMY_MODEL_one", "openai/m"),
        ("RUMMY_CONTEXT_one", "8000"),
        ("RUMMY_MODEL_two", "opneai/m"),
        ("RUMMY_MODEL_vast", "openai/vast"),
        ("OPENAI_BASE_URL", &server.url()),
        ("OPENAI_API_KEY", "sk-secret"),
    ];
    let (code, printed) = doctor(&sandbox, &[], &environment);
    assert_eq!(code, 1, "{printed}");
    assert!(!printed.contains("sk-secret"), "{printed}");
    for part in [
        "WRONG  config     rummy: reveiw in ",
        "WRONG  database ",
        "WRONG  model      one (openai/m): the server refuses the key of model `one`, which comes \
         from the environment variable `OPENAI_API_KEY` (status 401): no [key] here",
        "WRONG  model      two (opneai/m): no provider serves `opneai/m`",
        "WRONG  model      vast (openai/vast): the context length of model `vast` is not known: its \
         server does not say it; set it in tokens, as `models.vast.contextLength`",
    ] {
        assert!(printed.contains(part), "{part}\n{printed}");
    }
}

#[test]
fn one_model_can_be_meant_and_must_be_there() {
    let sandbox = Sandbox::new(&[]);
    let server = ModelServer::start(vec![Reply::text("ready")]);
    let environment = [
        ("RUMMY_MODEL_one", "openai/m"),
        ("RUMMY_CONTEXT_one", "8000"),
        ("RUMMY_MODEL_two", "opneai/m"),
        ("OPENAI_BASE_URL", &server.url()),
    ];
    let (code, printed) = doctor(&sandbox, &["--model", "one"], &environment);
    assert_eq!((code, of_models(&printed).len()), (0, 1), "{printed}");
    let (code, printed) = doctor(&sandbox, &["--model", "three"], &environment);
    assert_eq!(code, 1);
    assert!(
        printed.contains("none is called \"three\"; there are one, two"),
        "{printed}"
    );
    let (code, printed) = doctor(&sandbox, &[], &[]);
    assert_eq!(code, 1);
    assert!(
        printed.contains("WRONG  models     none is configured"),
        "{printed}"
    );
}

#[test]
fn a_plugin_that_does_not_go_with_the_server_is_wrong_and_one_that_is_not_there_is_not() {
    let sandbox = Sandbox::new(&[]);
    let environment = [("RUMMY_MODEL_one", "opneai/m")];
    let plugins = |printed: &str| -> Vec<String> {
        let lines = printed
            .lines()
            .filter(|line| line[7..].starts_with("plugin"));
        let told = lines.map(|line| line.replace(&sandbox.home().display().to_string(), "HOME"));
        told.filter(|line| !line.contains("/editors/nvim"))
            .collect()
    };
    let (_, printed) = doctor(&sandbox, &[], &environment);
    let none = "ok     plugin     VS Code's is not where plugins usually are";
    assert_eq!(plugins(&printed), [none], "{printed}");

    let old = sandbox.home().join(".vscode/extensions/x.rummy-1.4.0");
    fs::create_dir_all(&old).expect("a folder can be made");
    fs::write(old.join("package.json"), "{\"version\": \"1.4.0\"}").expect("a file can be written");
    let (code, printed) = doctor(&sandbox, &[], &environment);
    assert_eq!(code, 1, "{printed}");
    let wrong = "WRONG  plugin     VS Code's: 1.4.0 in HOME/.vscode/extensions/x.rummy-1.4.0; this server \
                 speaks protocol 2.0.0. Install versions that go together";
    assert_eq!(plugins(&printed), [wrong], "{printed}");
}

#[test]
fn what_only_an_editors_settings_name_is_checked_where_they_are_given() {
    let sandbox = Sandbox::new(&[]);
    let server = ModelServer::start(vec![Reply::text("ready"), Reply::text("ready")]);
    let file = sandbox.home().join("settings.json");
    let settings = json!({"models": {"mine": {
        "actual": "openai/m", "contextLength": 8000, "baseUrl": server.url(), "apiKey": "sk-secret"}}});
    fs::write(&file, settings.to_string()).expect("a file can be written");
    let named = file.display().to_string();
    let (code, printed) = doctor(&sandbox, &["--settings", &named], &[]);
    assert_eq!(code, 0, "{printed}");
    let told = "ok     model      mine (openai/m): a context of 8,000 tokens, the first word";
    assert_eq!(of_models(&printed), [told]);

    let mut command = program(&sandbox, &["doctor", "--settings", "-"]);
    command.stdin(fs::File::open(&file).expect("the file can be opened"));
    let printed = text(&output(command).stdout);
    assert_eq!(of_models(&printed), [told], "{printed}");
    let key = Some("Bearer sk-secret".to_owned());
    assert_eq!(server.authorizations(), [key.clone(), key]);

    let (code, printed) = doctor(&sandbox, &["--settings", "nowhere"], &[]);
    assert_eq!(code, 1, "{printed}");
    assert!(
        printed.contains("WRONG  settings   nowhere cannot be used: "),
        "{printed}"
    );
}

/// A server's word, and its end.
fn ready() -> Vec<Step> {
    let event = json!({"choices": [{"delta": {"content": "ready"}, "finish_reason": "stop"}]});
    let body = format!("data: {event}\n\ndata: [DONE]\n\n");
    vec![Step::Send(
        [head("text/event-stream"), body.into()].concat(),
    )]
}

const MODEL: [(&str, &str); 2] = [
    ("RUMMY_MODEL_one", "openai/m"),
    ("RUMMY_CONTEXT_one", "8000"),
];

#[test]
fn certificates_of_ones_own_are_trusted_where_they_are_named() {
    let sandbox = Sandbox::new(&[]);
    let certificate = Certificate::new();
    let authority = sandbox.home().join("authority.pem");
    fs::write(&authority, &certificate.authority).expect("a file can be written");
    let server = FaultServer::secure(vec![ready()], &certificate);
    let url = server.url();
    let asked = |file: Option<&str>| {
        let file = file.map(|file| ("SSL_CERT_FILE", file));
        let environment: Vec<(&str, &str)> = [("OPENAI_BASE_URL", url.as_str())]
            .into_iter()
            .chain(MODEL)
            .chain(file)
            .collect();
        doctor(&sandbox, &[], &environment)
    };
    let (code, printed) = asked(None);
    assert_eq!(code, 1, "{printed}");
    assert!(printed.contains("SSL_CERT_FILE"), "{printed}");
    let (code, printed) = asked(authority.to_str());
    assert_eq!(code, 0, "{printed}");
    let (code, printed) = asked(Some("/dev/null"));
    assert_eq!(code, 1, "{printed}");
    assert!(
        printed.contains("no certificate in SSL_CERT_FILE=/dev/null"),
        "{printed}"
    );
}

#[test]
fn a_proxy_is_asked_for_what_is_elsewhere_and_never_for_what_is_here() {
    let sandbox = Sandbox::new(&[]);
    let proxy = FaultServer::start(vec![ready()]);
    let url = proxy.url();
    let through = |base: &str, variable: &str| {
        let environment: Vec<(&str, &str)> = [("OPENAI_BASE_URL", base), (variable, &url)]
            .into_iter()
            .chain(MODEL)
            .collect();
        doctor(&sandbox, &[], &environment)
    };
    let (code, printed) = through("http://models.invalid", "HTTP_PROXY");
    assert_eq!(code, 0, "{printed}");
    let first = proxy.requests().remove(0);
    assert!(
        first.starts_with("POST http://models.invalid/v1/chat/completions HTTP/1.1"),
        "{first}"
    );

    let here = FaultServer::start(vec![ready()]);
    let (code, printed) = through(&here.url(), "HTTP_PROXY");
    assert_eq!((code, here.requests().len()), (0, 1), "{printed}");
    assert_eq!(proxy.requests().len(), 1);

    let refusing = FaultServer::start(vec![http(403, "", "")]);
    let environment = [
        ("OPENAI_BASE_URL", "https://models.invalid"),
        ("HTTPS_PROXY", &refusing.url()),
    ];
    let environment: Vec<(&str, &str)> = environment.into_iter().chain(MODEL).collect();
    let (code, _printed) = doctor(&sandbox, &[], &environment);
    assert_eq!(code, 1);
    let asked = refusing.requests().remove(0);
    assert!(asked.starts_with("CONNECT models.invalid:443 "), "{asked}");
}
