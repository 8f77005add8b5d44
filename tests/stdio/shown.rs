//! Where a pending proposal shows: `run/proposal`, diagnostics, lenses, actions.

use serde_json::{Value, json};

use crate::fixture::{FILE, fixing};
use crate::lsp::script::{APP, fix_app};
use crate::lsp::{Range, Session};
use crate::model_server::{ModelServer, Reply};

const PATH: &str = "log://turn_1/set/src%2Fapp.rs";

fn session(server: &ModelServer) -> Session {
    let mut session = Session::builder()
        .file(FILE, APP)
        .model_at(&server.url())
        .start();
    session.open(FILE);
    session.act("fix", "raise the retries");
    session
}

#[test]
fn a_proposal_is_told_whole() {
    let server = fixing();
    let mut session = session(&server);
    let mut proposal = session.wait_for_proposals("fix", 1).remove(0);
    let patch = proposal["patch"].take();
    let patch = patch.as_str().expect("a patch is a text");
    let changed = "@@ -1,4 +1,4 @@\n fn main() {\n-    let retries = 2;\n+    let retries = 5;\n";
    assert!(
        patch.starts_with("--- ") && patch.contains(changed),
        "{patch}"
    );
    assert_eq!(
        proposal,
        json!({
            "path": PATH,
            "run": "fix",
            "turn": 1,
            "model": "test",
            "action": "set",
            "title": "Edit src/app.rs (+1 −1)",
            "target": FILE,
            "uri": session.uri(FILE),
            "kind": "edit",
            "hunks": [{
                "id": "h1",
                "range": Range::lines(1, 2),
                "removed": "    let retries = 2;\n",
                "added": "    let retries = 5;\n",
            }],
            "patch": null,
            "stale": false,
            "conflict": false,
            "overlaps": [],
            "command": null,
            "question": null,
            "options": null,
        })
    );
    session.ignore(&["textDocument/publishDiagnostics"]);
}

#[test]
fn a_pending_hunk_is_a_diagnostic_three_lenses_and_actions() {
    let server = fixing();
    let mut session = session(&server);
    session.wait_for_proposals("fix", 1);
    let mut diagnostic = session.wait_for_diagnostics(FILE, 1).remove(0);
    let message = diagnostic["message"].take();
    assert!(
        message.as_str().is_some_and(|text| text.contains("fix")),
        "{message}"
    );
    assert_eq!(
        diagnostic,
        json!({
            "range": Range::lines(1, 2),
            "severity": 3,
            "code": "proposal",
            "source": "rummy",
            "message": null,
            "data": {"run": "fix", "path": PATH, "hunk": "h1"},
        })
    );

    let lenses = session.code_lenses(FILE);
    let lenses: Vec<Value> = lenses
        .iter()
        .map(|lens| {
            json!([
                lens["range"],
                lens["command"]["title"],
                lens["command"]["command"]
            ])
        })
        .collect();
    let range = Range::lines(1, 2);
    assert_eq!(
        lenses,
        [
            json!([range, "Accept", "rummy.accept"]),
            json!([range, "Reject", "rummy.reject"]),
            json!([range, "Diff", "rummy.diff"]),
        ]
    );

    let for_file = [
        "source.rummy.acceptAll rummy.accept",
        "source.rummy.rejectAll rummy.reject",
    ];
    let for_hunk = [
        "quickfix.rummy.accept rummy.accept",
        "quickfix.rummy.accept rummy.accept preferred",
        "quickfix.rummy.reject rummy.reject",
        "quickfix.rummy.reject rummy.reject",
    ];
    assert_eq!(
        actions_at(&mut session, 1),
        [&for_hunk[..], &for_file[..]].concat()
    );
    assert_eq!(actions_at(&mut session, 3), for_file);
}

#[test]
fn nothing_of_a_proposal_is_left_when_it_is_decided() {
    for method in ["rummy/accept", "rummy/reject"] {
        let server =
            ModelServer::start(vec![Reply::text(fix_app()), Reply::text(fix_app()).gate()]);
        let mut session = session(&server);
        session.wait_for_proposals("fix", 1);
        session.wait_for_diagnostics(FILE, 1);
        session.ask(method, json!({"run": "fix", "path": PATH}));
        session.wait_for_proposals("fix", 0);
        session.wait_for_diagnostics(FILE, 0);
        assert_eq!(session.code_lenses(FILE), [] as [Value; 0]);
        assert_eq!(actions_at(&mut session, 1), [] as [&str; 0]);
        session.ignore(&["workspace/applyEdit"]);
    }
}

#[test]
fn hunks_move_with_the_text_and_say_where_they_no_longer_fit() {
    let server = fixing();
    let mut session = session(&server);
    session.wait_for_diagnostics(FILE, 1);
    session.edit(FILE, &(0..0), "// one\n// two\n");
    let moved = session.wait_for("run/proposal", |told| told["proposals"][0]["stale"] == true);
    let moved = &moved["proposals"][0];
    assert_eq!(moved["hunks"][0]["range"], json!(Range::lines(3, 4)));
    assert_eq!(
        (&moved["path"], &moved["conflict"]),
        (&json!(PATH), &json!(false))
    );
    assert_eq!(
        session.wait_for_diagnostics(FILE, 1)[0]["range"],
        json!(Range::lines(3, 4))
    );

    assert_eq!(moved["hunks"][0].get("standing"), None);

    session.replace(FILE, "retries = 2", "retries = 3");
    let told = session.wait_for("run/proposal", |told| {
        told["proposals"][0]["conflict"] == true
    });
    assert_eq!(told["proposals"][0]["hunks"][0]["standing"], "conflict");
    session.replace(FILE, "retries = 3", "retries = 5");
    session.wait_for("run/proposal", |told| {
        told["proposals"][0]["hunks"][0]["standing"] == "there"
    });
    session.replace(FILE, "retries = 5", "retries = 2");
    session.wait_for("run/proposal", |told| {
        told["proposals"][0]["conflict"] == false
    });
    session.replace(FILE, "// one\n// two\n", "");
    session.wait_for("run/proposal", |told| {
        told["proposals"][0]["stale"] == false
    });
}

#[test]
fn a_file_that_is_not_open_shows_as_an_action_only() {
    let server = fixing();
    let mut session = Session::builder()
        .file(FILE, APP)
        .file("src/other.rs", "\n")
        .model_at(&server.url())
        .start();
    session.open("src/other.rs");
    session.act("fix", "raise the retries");
    session.wait_for_proposals("fix", 1);
    let actions = session.code_actions("src/other.rs", Range::lines(0, 0));
    let on_file: Vec<&Value> = actions
        .iter()
        .filter(|action| action["kind"] == "quickfix.rummy.accept")
        .collect();
    let [action] = on_file[..] else {
        panic!("not one action for the closed file: {actions:?}");
    };
    assert!(
        action["title"]
            .as_str()
            .is_some_and(|title| title.contains(FILE)),
        "{action}"
    );

    // Once it is open it shows there, and no longer when it is closed again.
    session.open(FILE);
    session.wait_for_diagnostics(FILE, 1);
    session.close(FILE);
    session.wait_for_diagnostics(FILE, 0);
}

#[test]
fn diagnostics_and_lenses_can_be_switched_off() {
    let server = fixing();
    let mut session = Session::builder()
        .options(&json!({"diagnostics": false, "codeLens": false}))
        .file(FILE, APP)
        .model_at(&server.url())
        .start();
    session.open(FILE);
    session.act("fix", "raise the retries");
    session.wait_for_proposals("fix", 1);
    assert_eq!(session.code_lenses(FILE), [] as [Value; 0]);
    assert_eq!(
        session.take("textDocument/publishDiagnostics"),
        [] as [Value; 0]
    );
}

#[test]
fn a_diff_is_against_the_text_as_it_is_now() {
    let server = fixing();
    let mut session = session(&server);
    session.wait_for_proposals("fix", 1);
    session.edit(FILE, &(0..0), "// mine\n");
    let diff = session.ask("rummy/diff", json!({"run": "fix", "path": PATH}));
    let now = session.text(FILE).to_owned();
    assert_eq!(diff["before"], now);
    assert_eq!(diff["after"], now.replace("retries = 2", "retries = 5"));
    let patch = diff["patch"].as_str().expect("a patch is a text");
    assert!(
        patch.contains("-    let retries = 2;\n+    let retries = 5;\n"),
        "{patch}"
    );
    session.ignore(&["run/proposal", "textDocument/publishDiagnostics"]);
}

#[test]
fn proposals_of_two_runs_for_the_same_lines_name_each_other() {
    let server = ModelServer::start(vec![
        Reply::text(fix_app()).when("first"),
        Reply::text(fix_app()).when("second"),
    ]);
    let mut session = Session::builder()
        .file(FILE, APP)
        .model_at(&server.url())
        .start();
    session.act("a", "the first");
    assert_eq!(session.wait_for_proposals("a", 1)[0]["overlaps"], json!([]));
    session.act("b", "the second");
    let told = session.wait_for("run/proposal", |told| {
        told["run"] == "b" && told["proposals"][0]["overlaps"] != json!([])
    });
    assert_eq!(
        told["proposals"][0]["overlaps"],
        json!([{"run": "a", "path": PATH}])
    );
    session.open(FILE);
    session.wait_for_diagnostics(FILE, 2);
    let lenses = session.code_lenses(FILE);
    let titles: Vec<&Value> = lenses.iter().map(|l| &l["command"]["title"]).collect();
    assert_eq!(
        titles,
        [
            "Accept (a)",
            "Reject (a)",
            "Diff (a)",
            "Accept (b)",
            "Reject (b)",
            "Diff (b)"
        ]
    );
}

/// Kind, command and preference of the actions on a line that decide proposals, in order.
fn actions_at(session: &mut Session, line: usize) -> Vec<String> {
    let actions = session.code_actions(FILE, Range::lines(line, line));
    let mut described: Vec<String> = actions
        .iter()
        .filter_map(|action| {
            let kind = action["kind"].as_str()?;
            let command = action["command"]["command"].as_str()?;
            let preferred = if action["isPreferred"] == true {
                " preferred"
            } else {
                ""
            };
            Some(format!("{kind} {command}{preferred}"))
        })
        .filter(|action| action.contains(" rummy.accept") || action.contains(" rummy.reject"))
        .collect();
    described.sort();
    described
}
