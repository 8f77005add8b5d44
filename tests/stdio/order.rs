//! Messages take effect in the order in which they were sent, whoever waits for what.

use serde_json::{Value, json};

use crate::lsp::script::{edit, update};
use crate::lsp::{Builder, Encoding, Range, RequestId, Session, list};
use crate::model_server::{ModelServer, Reply};

const FILE: &str = "src/notes.txt";
const TEXT: &str = "Grüße 😀\nno line like the others\nkeep this line\nfrom here on\n";
const TARGET: &str = "keep this line\n";
const REPLACEMENT: &str = "KEEP THIS LINE\n";

/// Changes of the document, each with a request behind it.
const CHANGES: usize = 500;

/// A request in the stream, and the text of the document at its place.
struct Asked {
    id: RequestId,
    about: About,
    text: String,
}

#[derive(Clone, Copy)]
enum About {
    Lenses,
    Actions,
    Diff,
}

#[test]
fn in_utf_16_every_answer_is_about_the_text_at_its_place_in_the_stream() {
    answers_follow_the_text(Session::builder(), Encoding::Utf16);
}

#[test]
fn in_utf_8_every_answer_is_about_the_text_at_its_place_in_the_stream() {
    answers_follow_the_text(Session::builder().utf_8(), Encoding::Utf8);
}

fn answers_follow_the_text(builder: Builder, encoding: Encoding) {
    let answer = edit(FILE, TARGET, REPLACEMENT) + &update(200, "done");
    let server = ModelServer::start(vec![Reply::text(answer)]);
    let mut session = builder.file(FILE, TEXT).model_at(&server.url()).start();
    assert_eq!(session.editor.encoding, encoding);
    session.open(FILE);
    session.act("order", "keep it");
    let path = session.wait_for_proposals("order", 1)[0]["path"].clone();

    let mut numbers = Numbers(17);
    let mut asked = Vec::new();
    for step in 0..CHANGES {
        change_somewhere(&mut session, &mut numbers, step);
        let text = session.text(FILE).to_owned();
        let document = json!({"uri": session.uri(FILE)});
        let (about, method, params) = match step % 3 {
            0 => {
                let lenses = json!({"textDocument": document});
                (About::Lenses, "textDocument/codeLens", lenses)
            }
            1 => {
                let line = line_of(&text);
                let actions = json!({
                    "textDocument": document,
                    "range": Range::lines(line, line),
                    "context": {"diagnostics": [], "only": ["quickfix.rummy.accept"]},
                });
                (About::Actions, "textDocument/codeAction", actions)
            }
            _ => {
                let proposal = json!({"run": "order", "path": path});
                (About::Diff, "rummy/diff", proposal)
            }
        };
        let id = session.send(method, params);
        asked.push(Asked { id, about, text });
    }
    for (step, Asked { id, about, text }) in asked.into_iter().enumerate() {
        let answer = session.answer(id).expect("it is not refused");
        match about {
            About::Lenses => assert_eq!(lens_lines(&answer), [line_of(&text)], "change {step}"),
            // For the hunk and for the file.
            About::Actions => assert_eq!(list(&answer).len(), 2, "change {step}"),
            About::Diff => {
                let expected = json!([text, text.replace(TARGET, REPLACEMENT)]);
                assert_eq!(
                    json!([answer["before"], answer["after"]]),
                    expected,
                    "change {step}"
                );
            }
        }
    }
    session.ignore(&["run/proposal", "textDocument/publishDiagnostics"]);
}

/// Types, deletes or pastes somewhere, but never touches the line of the proposal.
fn change_somewhere(session: &mut Session, numbers: &mut Numbers, step: usize) {
    let text = session.text(FILE).to_owned();
    let target = text.find(TARGET).expect("nothing touches it");
    let behind = target + TARGET.len();
    let boundaries: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    // A place in front of the line, in the first line behind it, or at the end.
    let free = |at: &&usize| **at < target || **at > behind;
    let places: Vec<usize> = boundaries.iter().filter(free).copied().collect();
    let at = places[numbers.below(places.len())];
    let length = text[at..].chars().next().map_or(0, char::len_utf8);
    let (bytes, new) = match numbers.below(4) {
        0 => (at..at, format!("{step} é\n")),
        1 => (at..at, format!("ö😀{step}")),
        // A character that is not part of the line break in front of the line.
        2 if at + length < target || at > behind => (at..at + length, String::new()),
        _ => (0..0, format!("→ {step} 𝄞\n")),
    };
    session.edit(FILE, &bytes, &new);
}

/// The lines at which there are lenses.
fn lens_lines(lenses: &Value) -> Vec<&Value> {
    let lines = list(lenses)
        .iter()
        .map(|lens| &lens["range"]["start"]["line"]);
    let mut lines: Vec<&Value> = lines.collect();
    lines.dedup();
    lines
}

fn line_of(text: &str) -> usize {
    let target = text.find(TARGET).expect("nothing touches it");
    text[..target].matches('\n').count()
}

/// A row of numbers that is the same each time (Numerical Recipes' linear congruence).
struct Numbers(u32);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) as usize % limit
    }
}
