//! The harness sees what it promises to see.

use serde_json::json;

use crate::lsp::Session;

#[test]
#[should_panic(expected = "nobody read `window/showMessage`")]
fn a_message_that_nobody_read_fails_the_test() {
    let mut session = Session::builder()
        .options(&json!({"reveiw": "each"}))
        .start();
    session.ask("rummy/ping", json!({}));
}

#[test]
#[should_panic(expected = "the server ended before a fitting `run/proposal`")]
fn a_server_that_is_gone_fails_the_test_that_waits_for_it() {
    let mut session = Session::builder().start();
    session.exit();
    session.exit_status();
    session.wait_for("run/proposal", |_| true);
}

#[test]
#[should_panic(expected = "`shutdown` was refused")]
fn a_session_that_cannot_shut_down_fails_the_test() {
    drop(Session::builder().spawn());
}
