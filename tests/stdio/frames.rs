//! Bad frames and bad requests: each is answered or skipped, and the session goes on.

use serde_json::{Value, json};

use crate::lsp::{ORPHAN, Session, frame};

/// Fails unless the session answers as ever.
fn goes_on(session: &mut Session) {
    assert_eq!(session.ask("rummy/ping", json!({})), json!({}));
}

fn ping(id: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": "rummy/ping", "params": {}})
}

#[test]
fn a_body_that_is_not_json_is_answered_as_a_parse_error() {
    let mut session = Session::builder().start();
    for body in [
        "{\"jsonrpc\": \"2.0\", \"id\": 7, \"method\"",
        "",
        "hello",
        "\u{0}\u{1}",
    ] {
        session.send_raw(format!("Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
        assert_eq!(session.orphan_error()["code"], -32700, "{body:?}");
        goes_on(&mut session);
    }
}

#[test]
fn json_that_is_no_message_is_answered_as_an_invalid_request() {
    let mut session = Session::builder().start();
    for body in [
        json!(17),
        json!([]),
        json!({"jsonrpc": "2.0"}),
        json!("ping"),
    ] {
        session.send_raw(&frame(&body));
        assert_eq!(session.orphan_error()["code"], -32600, "{body}");
        goes_on(&mut session);
    }
}

#[test]
fn headers_are_read_in_any_case_and_order() {
    let mut session = Session::builder().start();
    for head in [
        "content-length: #\r\n\r\n",
        "CONTENT-LENGTH:#\r\n\r\n",
        "Content-Type: application/vscode-jsonrpc; charset=utf-8\r\nContent-Length: #\r\n\r\n",
        "content-length: #\r\ncontent-type: x\r\n\r\n",
    ] {
        let id = session.send_framed("rummy/ping", json!({}), |body| {
            head.replace('#', &body.len().to_string()) + body
        });
        assert_eq!(session.answer(id), Ok(json!({})), "{head:?}");
    }
}

#[test]
fn garbage_between_frames_is_skipped() {
    let mut session = Session::builder().start();
    for garbage in [
        "garbage\r\n",
        "\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        "\u{0}\u{7f}\n",
    ] {
        session.send_raw(garbage.as_bytes());
        goes_on(&mut session);
    }
}

#[test]
fn a_wrong_length_costs_no_message_but_its_own() {
    let mut session = Session::builder().start();
    let whole = ping("x").to_string();
    for length in [whole.len() - 9, 1, whole.len() + 20] {
        session.send_raw(format!("Content-Length: {length}\r\n\r\n{whole}").as_bytes());
        // A length that is too great is only found out when the next message comes.
        goes_on(&mut session);
        assert_eq!(session.orphan_error()["code"], -32700, "{length}");
    }
    for length in ["many", "-1", "99999999999999999999999999"] {
        session.send_raw(format!("Content-Length: {length}\r\n\r\n").as_bytes());
        goes_on(&mut session);
    }
    session.ignore(&[ORPHAN]);
}

#[test]
fn an_id_may_be_a_text() {
    let mut session = Session::builder().start();
    session.send_raw(&frame(&ping("a")));
    assert_eq!(session.wait_for("the answer to \"a\"", |_| true), json!({}));
}

#[test]
fn an_unknown_method_is_named_in_its_refusal() {
    let mut session = Session::builder().start();
    let refusals = [
        session.refused("rummy/nope", json!({})),
        session.refused("textDocument/nope", json!({})),
        session
            .command("rummy.nope", json!({}))
            .expect_err("it is refused"),
    ];
    for error in refusals {
        assert_eq!(error["code"], -32601, "{error}");
        assert_eq!(error["data"]["kind"], "unknown_method", "{error}");
        assert!(
            error["message"]
                .as_str()
                .is_some_and(|text| text.contains("nope")),
            "{error}"
        );
    }
    session.notify("rummy/nope", json!({}));
    session.notify("$/nope", json!({}));
    goes_on(&mut session);
}

#[test]
fn before_initialize_everything_is_refused() {
    let mut session = Session::builder().spawn();
    for method in ["rummy/ping", "textDocument/codeAction", "shutdown"] {
        assert_eq!(
            session.refused(method, json!({}))["code"],
            -32002,
            "{method}"
        );
    }
    session.notify(
        "textDocument/didSave",
        json!({"textDocument": {"uri": "file:///a"}}),
    );
    session.initialize().expect("it is not refused");
    session.notify("initialized", json!({}));
    goes_on(&mut session);
}

#[test]
fn a_second_initialize_is_refused() {
    let mut session = Session::builder().start();
    let error = session.initialize().expect_err("it is refused");
    assert_eq!(error["code"], -32600);
    goes_on(&mut session);
}

#[test]
fn wrong_parameters_are_refused_with_the_field_that_is_wrong() {
    let mut session = Session::builder().start();
    for (method, params, field) in [
        ("rummy/getRun", json!({}), "run"),
        ("rummy/getRun", json!({"run": 5}), "run"),
        ("rummy/getRun", json!({"run": "../x"}), "run"),
        ("rummy/act", json!({"run": "a"}), "prompt"),
        ("rummy/act", json!({"prompt": ["x"]}), "prompt"),
        (
            "rummy/act",
            json!({"prompt": "x", "review": "sometimes"}),
            "review",
        ),
        (
            "rummy/act",
            json!({"prompt": "x", "noproposals": true}),
            "noproposals",
        ),
        (
            "rummy/ask",
            json!({"prompt": "x", "noRepo": "true"}),
            "noRepo",
        ),
        ("rummy/ask", json!({"prompt": "x", "noWeb": 1}), "noWeb"),
        (
            "rummy/act",
            json!({"prompt": "x", "noProposals": "yes"}),
            "noProposals",
        ),
        (
            "rummy/set",
            json!({"path": "known://a", "body": "x"}),
            "run",
        ),
        ("rummy/set", json!({"run": "a", "body": "x"}), "path"),
        (
            "rummy/set",
            json!({"run": "a", "path": "known://a", "body": "x", "outcome": "conflict"}),
            "outcome",
        ),
        ("rummy/getRuns", json!({"limit": "ten"}), "limit"),
        ("rummy/diff", json!({"run": "a"}), "path"),
        ("textDocument/codeLens", json!({}), "textDocument"),
    ] {
        let error = session.refused(method, params.clone());
        assert_eq!(error["code"], -32602, "{method} {params}: {error}");
        assert_eq!(
            error["data"]["kind"], "invalid_params",
            "{method} {params}: {error}"
        );
        let named = error["message"]
            .as_str()
            .is_some_and(|text| text.contains(field));
        assert!(named, "{method} {params}: {error} does not name `{field}`");
    }
    for (method, params) in [("rummy/getRun", json!([1, 2])), ("rummy/act", json!("x"))] {
        assert_eq!(
            session.refused(method, params.clone())["code"],
            -32602,
            "{method} {params}"
        );
    }
    let no_text = json!({"textDocument": {"uri": "file:///a", "version": 2}});
    session.notify("textDocument/didChange", no_text);
    goes_on(&mut session);
}

/// The method that panics is part of debug builds only.
#[cfg(debug_assertions)]
#[test]
fn a_panic_in_a_handler_is_an_internal_error_and_no_more() {
    let mut session = Session::builder().start();
    for _ in 0..3 {
        let error = session.refused("rummy/testPanic", json!({}));
        assert_eq!(error["code"], -32603, "{error}");
        assert_eq!(error["data"]["kind"], "internal", "{error}");
        goes_on(&mut session);
    }
}
