//! The server over TCP: one session a connection, on this machine only unless a token is set.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

/// A server that listens; it is stopped at the end.
struct Listening {
    server: Child,
    address: String,
    home: tempfile::TempDir,
}

impl Listening {
    fn start(options: &[&str]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut server = Command::new(env!("CARGO_BIN_EXE_rummy-lsp"))
            .args(["--listen", "127.0.0.1:0"])
            .args(options)
            .env_clear()
            .env("HOME", home.path())
            .env("OLLAMA_HOST", "127.0.0.1:0")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let stderr = server.stderr.take().unwrap();
        BufReader::new(stderr).read_line(&mut line).unwrap();
        let address = line
            .trim()
            .strip_prefix("listening on ")
            .unwrap()
            .to_owned();
        Self {
            server,
            address,
            home,
        }
    }

    fn connect(&self) -> Connection {
        let stream = TcpStream::connect(&self.address).unwrap();
        Connection {
            reader: BufReader::new(stream.try_clone().unwrap()),
            stream,
        }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

struct Connection {
    stream: TcpStream,
    reader: BufReader<TcpStream>,
}

impl Connection {
    fn send(&mut self, message: &Value) {
        let body = message.to_string();
        write!(self.stream, "Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    }

    fn notify(&mut self, method: &str, params: &Value) {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    /// The answer to a request; what comes before it is passed over.
    fn ask(&mut self, method: &str, params: &Value) -> Value {
        self.send(&json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}));
        loop {
            let message = self.receive();
            if message["id"] == 1 {
                return message;
            }
        }
    }

    fn receive(&mut self) -> Value {
        let mut length = 0;
        loop {
            let mut line = String::new();
            self.reader.read_line(&mut line).unwrap();
            match line.trim().split_once(": ") {
                Some(("Content-Length", digits)) => length = digits.parse().unwrap(),
                _ if line.trim().is_empty() => break,
                _ => {}
            }
        }
        let mut body = vec![0; length];
        self.reader.read_exact(&mut body).unwrap();
        serde_json::from_slice(&body).unwrap()
    }

    fn initialize(&mut self, options: &Value) -> Value {
        let params =
            json!({"processId": null, "capabilities": {}, "initializationOptions": options});
        self.ask("initialize", &params)
    }

    /// Whether the server has hung up.
    fn is_closed(&mut self) -> bool {
        let mut rest = Vec::new();
        self.reader.read_to_end(&mut rest).is_ok()
    }
}

#[test]
fn each_connection_is_a_session_and_the_server_outlives_them() {
    let server = Listening::start(&[]);
    let mut first = server.connect();
    let mut second = server.connect();
    assert!(first.initialize(&json!({}))["error"].is_null());
    assert!(second.initialize(&json!({}))["error"].is_null());
    assert_eq!(first.ask("rummy/ping", &json!({}))["result"], json!({}));
    first.send(&json!({"jsonrpc": "2.0", "method": "exit"}));
    assert!(first.is_closed());
    assert_eq!(second.ask("rummy/ping", &json!({}))["result"], json!({}));
    assert!(server.connect().initialize(&json!({}))["error"].is_null());
}

#[test]
fn a_shutdown_interrupts_the_runs_that_nobody_else_has_open_and_no_others() {
    let server = Listening::start(&[]);
    let folder = |name: &str| {
        let path = server.home.path().join(name);
        std::fs::create_dir_all(&path).unwrap();
        json!([{"uri": format!("file://{}", path.display()), "name": name}])
    };
    let slow = server.home.path().join("slow.jsonl");
    std::fs::write(&slow, "{\"answer\": \"never\", \"delayMs\": 600000}").unwrap();
    let model = format!("replay/{}", slow.display());
    let mut first = server.connect();
    let mut second = server.connect();
    for (connection, name) in [(&mut first, "one"), (&mut second, "two")] {
        let options = json!({"models": {"slow": {"actual": model}}});
        let params = json!({"processId": null, "capabilities": {}, "workspaceFolders": folder(name),
                            "initializationOptions": options});
        assert!(connection.ask("initialize", &params)["error"].is_null());
        let started = connection.ask("rummy/act", &json!({"prompt": "go", "run": name}));
        assert!(started["error"].is_null(), "{started}");
    }
    assert!(first.ask("shutdown", &Value::Null)["error"].is_null());
    let mut status = |run: &str| {
        let found = second.ask("rummy/getRun", &json!({"run": run}));
        found["result"]["status"].as_u64().unwrap()
    };
    assert_eq!(status("one"), 499);
    assert!([100, 102].contains(&status("two")));
}

#[test]
fn whoever_has_the_folder_open_can_abort_a_run_that_another_editor_started() {
    let server = Listening::start(&[]);
    let project = server.home.path().join("project");
    std::fs::create_dir_all(&project).unwrap();
    let slow = server.home.path().join("slow.jsonl");
    std::fs::write(&slow, "{\"answer\": \"never\", \"delayMs\": 600000}").unwrap();
    let params = json!({
        "processId": null,
        "capabilities": {},
        "workspaceFolders": [{"uri": format!("file://{}", project.display()), "name": "project"}],
        "initializationOptions": {"models": {"slow": {"actual": format!("replay/{}", slow.display())}}},
    });
    let (mut first, mut second) = (server.connect(), server.connect());
    for connection in [&mut first, &mut second] {
        assert!(connection.ask("initialize", &params)["error"].is_null());
    }
    let started = first.ask("rummy/act", &json!({"prompt": "go", "run": "shared"}));
    assert!(started["error"].is_null(), "{started}");
    let aborted = second.ask("rummy/abort", &json!({"run": "shared"}));
    assert_eq!(aborted["result"], json!({"run": "shared", "status": 499}));
    let found = first.ask("rummy/getRun", &json!({"run": "shared"}));
    assert_eq!(found["result"]["status"], 499);
}

#[test]
fn what_another_editor_holds_unsaved_on_the_same_line_is_a_conflict() {
    let server = Listening::start(&[]);
    let folder = server.home.path().join("one");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("a.txt"), "a\nb\n").unwrap();
    let uri = format!("file://{}", folder.display());
    let script = server.home.path().join("script.jsonl");
    let answer = "<set path=\"a.txt\">\na\nB\n</set><update status=\"200\">done</update>";
    std::fs::write(&script, json!({"answer": answer}).to_string()).unwrap();
    let params = json!({
        "processId": null,
        "capabilities": {"workspace": {"applyEdit": true}},
        "workspaceFolders": [{"uri": uri, "name": "one"}],
        "initializationOptions": {
            "models": {"script": {"actual": format!("replay/{}", script.display())}},
        },
    });
    let document = |version: i32| json!({"uri": format!("{uri}/a.txt"), "version": version});
    let open = || {
        let mut editor = server.connect();
        assert!(editor.ask("initialize", &params)["error"].is_null());
        editor.notify("initialized", &json!({}));
        let mut item = document(1);
        item["languageId"] = json!("text");
        item["text"] = json!("a\nb\n");
        editor.notify("textDocument/didOpen", &json!({"textDocument": item}));
        editor
    };
    let (mut asking, mut other) = (open(), open());
    asking.ask("rummy/act", &json!({"prompt": "go", "run": "fix"}));
    while asking.receive()["params"]["proposals"][0].is_null() {}
    let change = json!({"textDocument": document(2), "contentChanges": [{"text": "a\nmine\n"}]});
    other.notify("textDocument/didChange", &change);
    // Answered after the change has taken effect.
    other.ask("rummy/ping", &json!({}));
    let answer = asking.ask("rummy/accept", &json!({"run": "fix"}));
    let reason = answer["result"]["failed"][0]["reason"].as_str().unwrap();
    assert!(reason.starts_with("conflict"), "{answer}");
    assert_eq!(
        std::fs::read_to_string(folder.join("a.txt")).unwrap(),
        "a\nb\n"
    );
}

#[test]
fn a_client_without_the_token_is_refused() {
    let server = Listening::start(&["--token", "secret"]);
    let refused = server.connect().initialize(&json!({"token": "guess"}));
    assert_eq!(refused["error"]["data"]["kind"], "forbidden");
    assert!(!refused.to_string().contains("secret"));
    assert!(server.connect().initialize(&json!({"token": "secret"}))["error"].is_null());
}

#[test]
fn an_address_that_others_can_reach_needs_a_token() {
    let refused = Command::new(env!("CARGO_BIN_EXE_rummy-lsp"))
        .args(["--listen", "0.0.0.0:0"])
        .env_clear()
        .output()
        .unwrap();
    let said = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(said.contains("set a token"), "{said}");
}
