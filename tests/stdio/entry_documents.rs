//! `rummy:` documents: the texts that their names stand for.

use expect_test::{expect, expect_file};
use regex::Regex;
use serde_json::{Value, json};

use crate::lsp::script::{APP, fix_app, set, update};
use crate::lsp::{Session, list};
use crate::model_server::{ModelServer, Reply};

pub const FILE: &str = "src/app.rs";

/// What the documents of these tests are told beside the answers.
pub const ASIDE: [&str; 3] = [
    "run/proposal",
    "textDocument/publishDiagnostics",
    "workspace/applyEdit",
];

pub fn text(session: &mut Session, uri: &str) -> String {
    let mut answer = session.ask("rummy/textDocumentContent", json!({"uri": uri}));
    assert_eq!(answer.as_object().map(serde_json::Map::len), Some(1));
    let Value::String(text) = answer["text"].take() else {
        panic!("{uri} has no text: {answer}");
    };
    text
}

pub fn asked(session: &mut Session, method: &str, uri: &str) -> Value {
    session.ask(
        &format!("textDocument/{method}"),
        json!({"textDocument": {"uri": uri}}),
    )
}

fn refusal(session: &mut Session, uri: &str) -> Value {
    let error = session.refused("rummy/textDocumentContent", json!({"uri": uri}));
    json!([error["code"], error["data"]["kind"], error["message"]])
}

/// A transcript without the times of the day and the workspace's place.
pub fn timeless(session: &Session, text: &str) -> String {
    let time = Regex::new(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d").expect("it is an expression");
    let workspace = session.sandbox.workspace();
    let text = text.replace(&workspace.to_string_lossy().into_owned(), "WORKSPACE");
    time.replace_all(&text, "TIME").into_owned()
}

fn transcript(session: &mut Session, run: &str) -> String {
    let text = text(session, &format!("rummy:/{run}"));
    timeless(session, &text)
}

/// A model that looks, then changes two places of a file, and then has the last word.
pub fn working() -> ModelServer {
    let look = "I look *first*.\n\n".to_owned()
        + &set("known://plan", "# Plan\n1. `src/app.rs`\n")
        + &update(145, "Looked");
    let blocks = [
        ("    let retries = 2;\n", "    let retries = 5;\n"),
        ("    run(retries);\n", "    run(retries + 1);\n"),
    ];
    let blocks =
        blocks.map(|(old, new)| format!("<<<<<<< SEARCH\n{old}=======\n{new}>>>>>>> REPLACE\n"));
    let change = set(FILE, &blocks.concat())
        + "<get path=\"known://none\"/>\n"
        + &update(200, "Raised the retries");
    ModelServer::start(vec![
        Reply::text(look).reasoning("Two is few.\n> quoted"),
        Reply::text(change),
        Reply::text(update(200, "It was few").replace("few", "few `enough`")),
    ])
}

pub fn working_session(server: &ModelServer) -> Session {
    let mut session = Session::builder()
        .file(
            FILE,
            &APP.replace("    run", "    // wait\n    // wait\n    run"),
        )
        .model_at(&server.url())
        .start();
    session.ignore(&ASIDE);
    session
}

#[test]
fn a_transcript_tells_what_was_asked_answered_done_and_decided() {
    let server = working();
    let mut session = working_session(&server);
    session.act("fix", "raise the retries\n\n# and say so");
    let proposals = session.wait_for_proposals("fix", 1);
    let path = proposals[0]["path"].clone();
    session.wait_for_status("fix", 202);
    let reject = json!({"run": "fix", "path": path, "hunks": ["h2"], "reason": "too *loud*"});
    session.ask("rummy/reject", reject);
    session.ask("rummy/accept", json!({"run": "fix", "path": path}));
    session.wait_for_status("fix", 200);
    expect_file!["transcripts/fix.md"].assert_eq(&transcript(&mut session, "fix"));
}

/// Checks that a text begins with an earlier one of itself, but for what was still open in that.
fn assert_goes_on(before: &str, after: &str, open: &str) {
    let (settled, rest) = before
        .rsplit_once(open)
        .unwrap_or_else(|| panic!("{open:?} is not in\n{before}"));
    assert!(rest.lines().count() < 5, "not near the end:\n{before}");
    assert!(after.starts_with(settled), "{before}\nbecame\n{after}");
}

#[test]
fn what_was_read_of_a_transcript_stays_and_what_is_new_comes_behind_it() {
    let server = working();
    let mut session = working_session(&server);
    session.act("fix", "raise the retries");
    session.wait_for_proposals("fix", 1);
    session.wait_for_status("fix", 202);
    let waiting = text(&mut session, "rummy:/fix");
    assert_eq!(
        text(&mut session, "rummy:/fix"),
        waiting,
        "nothing has happened"
    );
    session.ask("rummy/accept", json!({"run": "fix"}));
    session.wait_for_status("fix", 200);
    let done = text(&mut session, "rummy:/fix");
    assert_goes_on(&waiting, &done, "**202** waits");

    session.act("fix", "was it few?");
    session.read_until("run/state", |state| {
        state["status"] == 200 && state["turn"] == 3
    });
    let more = text(&mut session, "rummy:/fix");
    assert!(more.starts_with(&done), "{done}\nbecame\n{more}");
    assert!(more.len() > done.len());

    // What is read again in pieces is what is read at once.
    let sandbox = std::rc::Rc::clone(&session.sandbox);
    drop(session);
    let mut session = Session::builder().sandbox(&sandbox).start();
    assert_eq!(text(&mut session, "rummy:/fix"), more);

    session.ask("rummy/undo", json!({"run": "fix"}));
    let undone = text(&mut session, "rummy:/fix");
    assert!(undone.contains("h1 undone"), "{undone}");
    session.ask("rummy/rename", json!({"run": "fix", "name": "fixed"}));
    let renamed = text(&mut session, "rummy:/fixed");
    assert_eq!(renamed, undone.replacen("# fix\n", "# fixed\n", 1));
}

#[test]
fn an_entry_is_read_by_its_name_however_that_is_spelled() {
    let big = "0123456789 é\n".repeat(80_000);
    let odd = "src/my file é%20?#.rs";
    let server = ModelServer::start(vec![Reply::text(
        set("known://a b", "spaced\r\nlines\r\n") + &fix_app(),
    )]);
    let mut session = Session::builder()
        .file(FILE, APP)
        .file(odd, "odd\r\n")
        .model_at(&server.url())
        .start();
    session.ignore(&ASIDE);
    session.act("a.b_c-1", "raise the retries");
    session.wait_for_proposals("a.b_c-1", 1);
    for (path, body) in [
        ("known://big", big.as_str()),
        ("known://ü?x=1#y", "marked\n"),
    ] {
        let set = json!({"run": "a.b_c-1", "path": path, "body": body});
        session.ask("rummy/set", set);
    }
    let patch = "--- src/app.rs\n+++ src/app.rs\n@@ -1,4 +1,4 @@\n fn main() {\n-    let retries = 2;\n+    let retries = 5;\n     run(retries);\n }\n";
    for (name, expected) in [
        ("known://a%20b", "spaced\r\nlines"),
        ("known://a b", "spaced\r\nlines"),
        ("known%3A%2F%2Fa%2520b", "spaced\r\nlines"),
        ("known://%C3%BC%3Fx=1%23y", "marked\n"),
        ("known://ü?x=1#y", "marked\n"),
        ("known://big", &big),
        ("src/my%20file%20%C3%A9%2520%3F%23.rs", "odd\r\n"),
        ("src/my file é%20?#.rs", "odd\r\n"),
        ("src%2fapp.rs", APP),
        ("log://turn_1/set/src%252Fapp.rs", patch),
        ("log%3A%2F%2Fturn_1%2Fset%2Fsrc%252Fapp.rs", patch),
        ("log://turn_1/set/src%2Fapp.rs", patch),
        ("log://turn_1/set/src/app.rs", patch),
    ] {
        assert_eq!(
            text(&mut session, &format!("rummy:/a.b_c-1/{name}")),
            expected,
            "{name}"
        );
        assert_eq!(
            text(&mut session, &format!("rummy:///a.b_c-1/{name}")),
            expected,
            "{name}"
        );
    }
    // A file that the user is changing, as it is now.
    session.open(FILE);
    session.replace(FILE, "let retries = 2", "let retries = 3");
    let changed = APP.replace("retries = 2", "retries = 3");
    assert_eq!(text(&mut session, "rummy:/a.b_c-1/src/app.rs"), changed);
}

#[test]
fn what_names_nothing_is_refused_with_what_is_missing() {
    let server = working();
    let mut session = working_session(&server);
    session.act("fix", "raise the retries");
    session.wait_for_proposals("fix", 1);
    let seen: Vec<String> = [
        "rummy:/none",
        "rummy:/none/known://plan",
        "rummy:/none?diff=log://turn_2/set/src%252Fapp.rs",
        "rummy:/fix/known://none",
        "rummy:/fix/my%20file.rs",
        "rummy:/fix?diff=log://turn_9/set/x",
        "rummy:/fix/../../etc/passwd",
        "rummy:/fix/nonsense://x",
        "rummy:/a%20b",
        "rummy:/",
        "rummy:/fix?other",
        "file:///etc/passwd",
        "",
    ]
    .iter()
    .map(|uri| refusal(&mut session, uri).to_string())
    .collect();
    expect![[r#"
        [404,"not_found","no run is called \"none\""]
        [404,"not_found","no run is called \"none\""]
        [404,"not_found","no run is called \"none\""]
        [404,"not_found","the run fix has no entry known://none"]
        [404,"not_found","the run fix has no entry my file.rs"]
        [404,"not_found","the run fix has proposed no log://turn_9/set/x"]
        [403,"forbidden","uri: \"../../etc/passwd\" leaves the workspace"]
        [-32602,"invalid_params","uri: unknown scheme \"nonsense\": expected one of file, known, unknown, skill, prompt, log, run, sh, env, http, https, mcp, system, user, assistant, reasoning, model"]
        [-32602,"invalid_params","uri: \"rummy:/a%20b\": a run's alias is 1 to 64 letters, digits, dots, dashes or underscores and begins with a letter or digit; got \"a b\""]
        [-32602,"invalid_params","uri: \"rummy:/\" names no run; a run's transcript is rummy:/RUN"]
        [-32602,"invalid_params","uri: \"rummy:/fix?other\" has a question behind the run's name that is not ?diff=PROPOSAL-PATH"]
        [-32602,"invalid_params","uri: \"file:///etc/passwd\" is none of this server's documents; those are rummy:/RUN, rummy:/RUN/ENTRY-PATH and rummy:/RUN?diff=PROPOSAL-PATH"]
        [-32602,"invalid_params","uri: \"\" is none of this server's documents; those are rummy:/RUN, rummy:/RUN/ENTRY-PATH and rummy:/RUN?diff=PROPOSAL-PATH"]"#]].assert_eq(&seen.join("\n"));
}

#[test]
fn a_fork_reads_what_it_shares_until_it_writes_and_its_transcript_names_its_parent() {
    let server = ModelServer::start(vec![
        Reply::text(set("known://plan", "the plan\n") + &update(200, "Looked")).when("look"),
        Reply::text(update(200, "Thought")).when("what if").repeat(),
    ]);
    let mut session = Session::builder().model_at(&server.url()).start();
    session.act("look", "look");
    session.wait_for_status("look", 200);
    let fork = json!({"run": "look", "fork": true, "prompt": "what if?"});
    let child = session.ask("rummy/act", fork)["run"].clone();
    let child = child.as_str().expect("an alias").to_owned();
    session.wait_for_status(&child, 200);
    let of = |run: &str| format!("rummy:/{run}/known://plan");
    assert_eq!(text(&mut session, &of(&child)), "the plan");
    // What a client does that saves the document.
    let save = json!({"run": child, "path": "known://plan", "body": "another\n"});
    session.ask("rummy/set", save);
    assert_eq!(text(&mut session, &of(&child)), "another\n");
    assert_eq!(text(&mut session, &of("look")), "the plan");

    let told = transcript(&mut session, &child);
    let head = format!(
        "# {child}\n\n- workspace: `WORKSPACE`\n- begun: TIME\n- forked from `run://look`, which took turn 1\n\n## Turn 2\n"
    );
    assert!(told.starts_with(&head), "{told}");
    let links = session.ask(
        "textDocument/documentLink",
        json!({"textDocument": {"uri": format!("rummy:/{child}")}}),
    );
    assert_eq!(links[0]["target"], "rummy:/look");
}

#[test]
fn a_proposals_text_is_read_before_and_after_it_is_decided() {
    let server = ModelServer::start(vec![
        Reply::text(fix_app()),
        Reply::text(set("new.txt", "new\n") + "<rm path=\"src/app.rs\"/>\n" + &update(200, "Done")),
        Reply::text("<sh>true</sh>".to_owned() + &update(200, "Done")),
    ]);
    let mut session = Session::builder()
        .file(FILE, APP)
        .model_at(&server.url())
        .start();
    session.ignore(&ASIDE);
    session.open(FILE);
    session.act("fix", "raise the retries");
    session.wait_for_proposals("fix", 1);
    let diff = "rummy:/fix?diff=log://turn_1/set/src%252Fapp.rs";
    let fixed = APP.replace("= 2", "= 5");
    let named = session.ask("rummy/diff", json!({"run": "fix", "path": "src/app.rs"}));
    assert_eq!(named["uri"], diff);
    assert_eq!(text(&mut session, diff), fixed);
    // The text that it would make of the text as it is now.
    session.replace(FILE, "run(retries);", "run(retries); // now");
    let now = fixed.replace("run(retries);", "run(retries); // now");
    assert_eq!(text(&mut session, diff), now);
    let encoded = "rummy:/fix?diff%3Dlog%3A%2F%2Fturn_1%2Fset%2Fsrc%252Fapp.rs";
    assert_eq!(text(&mut session, encoded), now);
    session.ask("rummy/accept", json!({"run": "fix"}));
    session.wait_for_status("fix", 200);
    assert_eq!(
        text(&mut session, diff),
        fixed,
        "the text that was accepted"
    );

    session.act("fix", "and now?");
    session.wait_for_proposals("fix", 2);
    session.ask("rummy/reject", json!({"run": "fix", "reason": "no"}));
    session.read_until("run/state", |state| state["turn"] == 3);
    let new = "rummy:/fix?diff=log://turn_2/set/new.txt";
    assert_eq!(
        text(&mut session, new),
        "new\n",
        "the text that was rejected"
    );
    let gone = "rummy:/fix?diff=log://turn_2/rm/src%252Fapp.rs";
    assert_eq!(text(&mut session, gone), "", "a file that would be gone");
    session.wait_for_proposals("fix", 1);
    let command = refusal(&mut session, "rummy:/fix?diff=log://turn_3/sh/true");
    assert_eq!(
        command,
        json!([
            404,
            "not_found",
            "log://turn_3/sh/true makes no text: it is a command"
        ])
    );
    session.ignore(&["window/showMessageRequest"]);
}

#[test]
fn a_rummy_document_is_no_file_of_the_workspace() {
    let server = ModelServer::start(vec![Reply::text(fix_app())]);
    let mut session = Session::builder()
        .file(FILE, APP)
        .model_at(&server.url())
        .start();
    let uri = "rummy:/fix/src/app.rs";
    let item = json!({"uri": uri, "languageId": "rust", "version": 1, "text": APP});
    session.notify("textDocument/didOpen", json!({"textDocument": item}));
    session.act("fix", "raise the retries");
    session.wait_for_proposals("fix", 1);
    session.wait_for_status("fix", 202);
    let change = json!({
        "textDocument": {"uri": uri, "version": 2},
        "contentChanges": [{"text": "// AI! change this\n".to_owned() + APP}],
    });
    session.notify("textDocument/didChange", change);
    assert_eq!(asked(&mut session, "codeLens", uri), json!([]));
    let params = json!({
        "textDocument": {"uri": uri},
        "range": {"start": {"line": 0, "character": 0}, "end": {"line": 2, "character": 0}},
        "context": {"diagnostics": [], "only": ["refactor", "quickfix"]},
    });
    let actions = session.ask("textDocument/codeAction", params);
    // What is pending on a file that is not open can be decided anywhere.
    let titles: Vec<&Value> = list(&actions)
        .iter()
        .map(|action| &action["title"])
        .collect();
    assert_eq!(titles, ["Accept “Edit src/app.rs (+1 −1)” (fix)"]);
    session.notify(
        "textDocument/didSave",
        json!({"textDocument": {"uri": uri}}),
    );
    session.notify(
        "textDocument/didClose",
        json!({"textDocument": {"uri": uri}}),
    );
    // The disk's text was changed, not this document's; and no diagnostic was ever sent.
    let accepted = session.ask("rummy/accept", json!({"run": "fix"}));
    assert_eq!(accepted["failed"], json!([]));
    assert_eq!(session.sandbox.read(FILE), Some(APP.replace("= 2", "= 5")));
    session.wait_for_status("fix", 200);
    let entries = session.entries("fix");
    let ours = |entry: &&Value| {
        entry["path"]
            .as_str()
            .is_some_and(|path| path.contains("rummy"))
    };
    assert_eq!(entries.iter().filter(ours).count(), 0);
}

#[test]
fn a_client_of_lsp_3_18_reads_the_documents_by_its_own_request() {
    let mut session = Session::builder().spawn();
    let answer = session.initialize().expect("it is not refused");
    let offered = &answer["capabilities"];
    assert_eq!(
        json!([
            offered["workspace"]["textDocumentContent"],
            offered["documentLinkProvider"]["resolveProvider"],
            offered["documentSymbolProvider"],
            offered["hoverProvider"],
        ]),
        json!([{"schemes": ["rummy"]}, false, true, true])
    );
    session.notify("initialized", json!({}));
    let params = json!({"uri": "rummy:/none"});
    let theirs = session.refused("workspace/textDocumentContent", params.clone());
    assert_eq!(
        theirs,
        session.refused("rummy/textDocumentContent", params.clone())
    );
    let command = session.command("rummy.textDocumentContent", params);
    assert_eq!(command, Err(theirs));
}
