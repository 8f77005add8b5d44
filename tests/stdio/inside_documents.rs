//! What is answered inside `rummy:` documents: links, symbols, hovers.

use expect_test::{Expect, expect};
use serde_json::{Value, json};

use crate::entry_documents::{ASIDE, FILE, asked, text, timeless, working, working_session};
use crate::lsp::script::APP;
use crate::lsp::{Session, list};

/// The text that a range of a document spans.
fn spanned(text: &str, range: &Value) -> String {
    let at = |position: &Value| {
        let number = |key: &str| {
            let number = position[key].as_u64().expect("a position has numbers");
            usize::try_from(number).expect("it is small")
        };
        let line: usize = text
            .split_inclusive('\n')
            .take(number("line"))
            .map(str::len)
            .sum();
        let units = number("character");
        let mut seen = 0;
        let rest = text[line..].chars().take_while(|c| {
            seen += c.len_utf16();
            seen <= units
        });
        line + rest.map(char::len_utf8).sum::<usize>()
    };
    text[at(&range["start"])..at(&range["end"])].to_owned()
}

#[test]
fn every_entry_path_of_a_transcript_is_a_link_that_leads_to_its_entry() {
    let server = working();
    let mut session = working_session(&server);
    session.act(
        "fix",
        "raise the retries in src/app.rs – 😀 see run://other",
    );
    session.wait_for_proposals("fix", 1);
    session.wait_for_status("fix", 202);
    let uri = "rummy:/fix";
    let shown = text(&mut session, uri);
    let links = asked(&mut session, "documentLink", uri);
    let seen: Vec<String> = list(&links)
        .iter()
        .map(|link| format!("{} → {}", spanned(&shown, &link["range"]), link["target"]))
        .collect();
    expect![[r#"
        src/app.rs → "rummy:/fix/src/app.rs"
        run://other → "rummy:/other"
        known://plan → "rummy:/fix/known://plan"
        src/app.rs → "rummy:/fix/src/app.rs"
        known://plan → "rummy:/fix/known://plan"
        log://turn_1/set/known:%2F%2Fplan → "rummy:/fix/log://turn_1/set/known:%252F%252Fplan"
        log://turn_1/update/Looked → "rummy:/fix/log://turn_1/update/Looked"
        src/app.rs → "rummy:/fix/src/app.rs"
        src/app.rs → "rummy:/fix/src/app.rs"
        log://turn_2/set/src%2Fapp.rs → "rummy:/fix/log://turn_2/set/src%252Fapp.rs"
        src/app.rs → "rummy:/fix/src/app.rs"
        src/app.rs → "rummy:/fix/src/app.rs""#]]
    .assert_eq(&seen.join("\n"));
    for link in list(&links) {
        let target = link["target"].as_str().expect("a target");
        if target != "rummy:/other" {
            text(&mut session, target);
        }
    }
    // The editor has an older text before it.
    let line = "\n> 😀 src/app.rs";
    let item = json!({"uri": uri, "languageId": "markdown", "version": 1, "text": line});
    session.notify("textDocument/didOpen", json!({"textDocument": item}));
    let links = asked(&mut session, "documentLink", uri);
    assert_eq!(
        links,
        json!([{
            "range": {
                "start": {"line": 1, "character": 5},
                "end": {"line": 1, "character": 15},
            },
            "target": "rummy:/fix/src/app.rs",
        }])
    );
}

/// The symbols as lines: how deep, kind, name, detail, first line, lines.
fn outline(symbols: &Value, shown: &str, depth: usize, lines: &mut Vec<String>) {
    for symbol in list(symbols) {
        let span = spanned(shown, &symbol["range"]);
        let selected = spanned(shown, &symbol["selectionRange"]);
        assert!(span.starts_with(&selected), "{symbol}");
        lines.push(format!(
            "{}{} {} ({}) {}: {} lines",
            "  ".repeat(depth),
            symbol["kind"],
            symbol["name"],
            symbol["detail"],
            selected.trim_end(),
            span.lines().count(),
        ));
        outline(&symbol["children"], shown, depth + 1, lines);
    }
}

#[test]
fn a_transcripts_symbols_are_its_turns_and_their_commands() {
    let server = working();
    let nested =
        json!({"textDocument": {"documentSymbol": {"hierarchicalDocumentSymbolSupport": true}}});
    let mut session = Session::builder()
        .file(FILE, APP)
        .capabilities(&nested)
        .model_at(&server.url())
        .start();
    session.ignore(&ASIDE);
    session.act("fix", "raise the retries\n## Turn 9\n```");
    session.wait_for_proposals("fix", 1);
    session.wait_for_status("fix", 202);
    let shown = text(&mut session, "rummy:/fix");
    let symbols = asked(&mut session, "documentSymbol", "rummy:/fix");
    let mut lines = Vec::new();
    outline(&symbols, &timeless(&session, &shown), 0, &mut lines);
    let seen = timeless(&session, &lines.join("\n"));
    expect![[r#"
        3 "Turn 1" ("act · test · TIME") ## Turn 1: 49 lines
          12 "set known://plan" ("200") ### set `known://plan`: 10 lines
          12 "update" ("145") ### update: 10 lines
        3 "Turn 2" ("act · test · TIME") ## Turn 2: 44 lines
          12 "set src/app.rs" ("202 waits for a decision (h1 open)") ### set `src/app.rs`: 19 lines"#]]
    .assert_eq(&seen);

    let session_of_old = Session::builder().sandbox(&session.sandbox);
    session.ask("rummy/abort", json!({"run": "fix"}));
    drop(session);
    let mut session = session_of_old.start();
    let flat = asked(&mut session, "documentSymbol", "rummy:/fix");
    let seen: Vec<Value> = list(&flat)
        .iter()
        .map(|symbol| {
            assert_eq!(symbol["location"]["uri"], "rummy:/fix");
            json!([symbol["kind"], symbol["name"], symbol["containerName"]])
        })
        .collect();
    assert_eq!(
        seen,
        [
            json!([3, "Turn 1", null]),
            json!([12, "set known://plan", "Turn 1"]),
            json!([12, "update", "Turn 1"]),
            json!([3, "Turn 2", null]),
            json!([12, "set src/app.rs", "Turn 2"]),
        ]
    );
    let file = session.uri(FILE);
    for other in ["rummy:/fix/known://plan", &file] {
        assert_eq!(asked(&mut session, "documentSymbol", other), Value::Null);
    }
    assert_eq!(asked(&mut session, "documentLink", &file), Value::Null);
}

/// What a hover says at the first place of a text in a document.
fn hover(session: &mut Session, uri: &str, shown: &str, part: &str) -> Value {
    let byte = shown
        .find(part)
        .unwrap_or_else(|| panic!("{part} is not in {shown}"));
    let line = shown[..byte].matches('\n').count();
    let start = shown[..byte].rfind('\n').map_or(0, |at| at + 1);
    let character = shown[start..byte].encode_utf16().count() + 1;
    session.ask(
        "textDocument/hover",
        json!({
            "textDocument": {"uri": uri},
            "position": {"line": line, "character": character},
        }),
    )
}

#[test]
fn a_hover_on_an_entry_path_says_how_the_entry_stands_and_how_it_begins() {
    let server = working();
    let mut session = working_session(&server);
    session.act("fix", "raise the retries in src/app.rs");
    session.wait_for_proposals("fix", 1);
    session.wait_for_status("fix", 202);
    let long = "a line of the plan\n".repeat(30);
    let set = json!({"run": "fix", "path": "known://plan", "body": long});
    session.ask("rummy/set", set);
    let shown = text(&mut session, "rummy:/fix");
    let mut check = |part: &str, expected: Expect| {
        let hover = hover(&mut session, "rummy:/fix", &shown, part);
        assert_eq!(hover["contents"]["kind"], "markdown");
        let value = hover["contents"]["value"].as_str().expect("a text");
        let over = spanned(&shown, &hover["range"]);
        expected.assert_eq(&format!("{over}\n\n{value}\n"));
    };
    check(
        "src/app.rs",
        expect![[r"
            src/app.rs

            `src/app.rs`

            resolved · summarized · 39 tokens

            ```
            fn main() {
                let retries = 2;
                // wait
                // wait
                run(retries);
            }
            ```
        "]],
    );
    check(
        "known://plan",
        expect![[r"
        known://plan

        `known://plan`

        resolved · visible · 285 tokens · turn 1

        ```
        a line of the plan
        a line of the plan
        a line of the plan
        a line of the plan
        a line of the plan
        a line of the plan
        a line of the plan
        a line of the plan
        a line of the plan
        a line of the plan
        a line of the plan
        a line of the plan
        …
        ```
    "]],
    );
    check(
        "log://turn_2/set/src%2Fapp.rs",
        expect![[r"
            log://turn_2/set/src%2Fapp.rs

            `log://turn_2/set/src%2Fapp.rs`

            proposed · visible · 87 tokens · turn 2

            ```
            --- src/app.rs
            +++ src/app.rs
            @@ -1,6 +1,6 @@
             fn main() {
            -    let retries = 2;
            +    let retries = 5;
                 // wait
                 // wait
            -    run(retries);
            +    run(retries + 1);
             }
            ```
        "]],
    );
    let nothing = hover(&mut session, "rummy:/fix", &shown, "raise");
    assert_eq!(nothing, Value::Null);
    // A document whose name no URI can spell, as Neovim hands it over.
    let spaced = json!({"run": "fix", "path": "known://a b", "body": "see known://plan\n"});
    session.ask("rummy/set", spaced);
    let uri = "rummy:/fix/known://a b";
    let item = json!({"uri": uri, "languageId": "markdown", "version": 1, "text": "known://plan"});
    session.notify("textDocument/didOpen", json!({"textDocument": item}));
    let seen = hover(&mut session, uri, "known://plan", "known://plan");
    assert_eq!(seen["range"]["end"], json!({"line": 0, "character": 12}));
}
