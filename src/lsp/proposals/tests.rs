//! A user and a model in one document, in any order: what a person must be able to rely on.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use proptest::prelude::*;
use ropey::Rope;

use super::edits::edited;
use crate::entries::proposal::rebase::{Conflict, merged};
use crate::entries::proposal::text::TextChange;
use crate::entries::{Decision, Hunk};
use crate::lsp::documents::{Documents, Encoding};
use crate::lsp::session::Abilities;
use crate::lsp::types::{
    Position, Range, TextDocumentContentChangeEvent, TextDocumentItem, TextEdit, Uri,
};

/// What one of the two does next. Numbers are taken modulo what there is.
#[derive(Debug, Clone)]
enum Step {
    /// The user replaces some characters.
    Type {
        at: usize,
        over: usize,
        text: String,
    },
    /// The model proposes to replace lines, here and there.
    Propose {
        lines: Vec<(usize, usize, usize)>,
    },
    Accept {
        proposal: usize,
        hunks: u8,
    },
    Reject {
        proposal: usize,
        hunks: u8,
    },
    Undo {
        proposal: usize,
        hunks: u8,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let typed = prop_oneof![
        Just(String::new()),
        Just("\n".to_owned()),
        Just("\r\n".to_owned()),
        "[u-w😀é\n]{1,4}",
    ];
    let lines = prop::collection::vec((any::<usize>(), 0..3_usize, 0..3_usize), 1..4);
    prop_oneof![
        4 => (any::<usize>(), 0..4_usize, typed)
            .prop_map(|(at, over, text)| Step::Type { at, over, text }),
        2 => lines.prop_map(|lines| Step::Propose { lines }),
        4 => (any::<usize>(), any::<u8>()).prop_map(|(proposal, hunks)| Step::Accept { proposal, hunks }),
        1 => (any::<usize>(), any::<u8>()).prop_map(|(proposal, hunks)| Step::Reject { proposal, hunks }),
        2 => (any::<usize>(), any::<u8>()).prop_map(|(proposal, hunks)| Step::Undo { proposal, hunks }),
    ]
}

/// The document as the client has it, and what was proposed for it.
struct Desk {
    documents: Documents,
    uri: Uri,
    encoding: Encoding,
    version: i32,
    proposals: Vec<TextChange>,
    /// Every proposed line is another one, and none becomes another when a sign of it goes.
    lines: usize,
}

impl Desk {
    fn new(text: &str, encoding: Encoding) -> Self {
        let uri: Uri = "file:///desk/a.txt".parse().unwrap();
        let mut documents = Documents::default();
        documents.open(TextDocumentItem {
            uri: uri.clone(),
            language_id: "plaintext".to_owned(),
            version: 0,
            text: text.to_owned(),
        });
        Self {
            documents,
            uri,
            encoding,
            version: 0,
            proposals: Vec::new(),
            lines: 0,
        }
    }

    fn rope(&self) -> Rope {
        self.documents.get(&self.uri).unwrap().text.clone()
    }

    fn text(&self) -> String {
        self.rope().to_string()
    }

    /// A change as the client reports it.
    fn change(&mut self, range: Range, text: &str) {
        self.version += 1;
        let change = TextDocumentContentChangeEvent {
            range: Some(range),
            range_length: None,
            text: text.to_owned(),
        };
        self.documents
            .change(&self.uri, self.version, vec![change], self.encoding);
    }

    fn type_text(&mut self, at: usize, over: usize, text: &str) {
        let rope = self.rope();
        let from = at % (rope.len_chars() + 1);
        let to = (from + over).min(rope.len_chars());
        let position = |char: usize| self.encoding.position(&rope, rope.char_to_byte(char));
        let range = Range::new(position(from), position(to));
        self.change(range, text);
    }

    fn propose(&mut self, wanted: &[(usize, usize, usize)]) {
        let base = self.text();
        let mut after: Vec<String> = base.split_inclusive('\n').map(str::to_owned).collect();
        for (at, over, new) in wanted {
            let at = at % (after.len() + 1);
            let to = (at + over).min(after.len());
            let lines: Vec<String> = (0..*new)
                .map(|_| {
                    self.lines += 1;
                    format!("P{:03}ß\n", self.lines)
                })
                .collect();
            after.splice(at..to, lines);
        }
        let change = TextChange::between(Some(&base), &after.concat());
        if !change.hunks.is_empty() {
            self.proposals.push(change);
        }
    }

    /// Lets the client apply the edits that lead to `text`, the last place first.
    fn apply(&mut self, text: &str) {
        let abilities = Abilities::default();
        let edit = edited(
            (&self.uri, Some(self.version)),
            &self.rope(),
            text,
            (String::new(), None),
            (abilities, self.encoding),
        );
        let changes = edit.changes.expect("a client without document changes");
        let mut edits: Vec<TextEdit> = changes[&self.uri].clone();
        let place = |position: Position| (position.line, position.character);
        edits.sort_by_key(|edit| std::cmp::Reverse(place(edit.range.start)));
        for edit in edits {
            self.change(edit.range, &edit.new_text);
        }
    }
}

fn picked(hunks: &[Hunk], mask: u8, test: impl Fn(&Hunk) -> bool) -> Vec<String> {
    hunks
        .iter()
        .enumerate()
        .filter(|(at, hunk)| mask >> (at % 8) & 1 == 1 && test(hunk))
        .map(|(_, hunk)| hunk.id.clone())
        .collect()
}

fn decide(change: &mut TextChange, ids: &[String], decision: Decision) {
    for hunk in change
        .hunks
        .iter_mut()
        .filter(|hunk| ids.contains(&hunk.id))
    {
        hunk.decision = Some(decision);
    }
}

/// How often each character stands in a text; line breaks are left out, as a proposed last line may
/// need one.
fn count(text: &str, counts: &mut BTreeMap<char, i64>, by: i64) {
    for sign in text.chars().filter(|sign| !matches!(sign, '\n' | '\r')) {
        *counts.entry(sign).or_default() += by;
    }
    counts.retain(|_, count| *count != 0);
}

/// Carries a change out and checks that nothing but its hunks' own lines came or went. Returns
/// whether it was carried out.
fn carry_out(desk: &mut Desk, change: &TextChange, ids: &[String]) -> Result<bool, TestCaseError> {
    let before = desk.text();
    let wanted = |hunk: &Hunk| ids.contains(&hunk.id);
    let text = match merged(change, wanted, Some(&before)) {
        Err(Conflict) => return Ok(false),
        // It is there already.
        Ok(None) => return Ok(true),
        Ok(Some(text)) => text,
    };
    desk.apply(&text);
    let now = desk.text();
    prop_assert_eq!(&now, &text, "the edits lead elsewhere");
    let mut counts = BTreeMap::new();
    count(&now, &mut counts, 1);
    count(&before, &mut counts, -1);
    let (old, new) = (change.base_lines(), change.after_lines());
    for hunk in change.hunks.iter().filter(|hunk| wanted(hunk)) {
        if merged(change, |other| other.id == hunk.id, Some(&before)) == Ok(None) {
            continue;
        }
        count(new.span(hunk.after.clone()), &mut counts, -1);
        count(old.span(hunk.before.clone()), &mut counts, 1);
    }
    prop_assert_eq!(
        counts,
        BTreeMap::new(),
        "{:?} → {:?} by {:?}",
        before,
        now,
        change
    );
    Ok(true)
}

fn play(desk: &mut Desk, step: &Step) -> Result<(), TestCaseError> {
    let of = |desk: &Desk, number: usize| {
        (!desk.proposals.is_empty()).then(|| number % desk.proposals.len())
    };
    match step {
        Step::Type { at, over, text } => desk.type_text(*at, *over, text),
        Step::Propose { lines } => desk.propose(lines),
        Step::Accept { proposal, hunks } => {
            let Some(at) = of(desk, *proposal) else {
                return Ok(());
            };
            let change = desk.proposals[at].clone();
            let ids = picked(&change.hunks, *hunks, Hunk::is_open);
            if carry_out(desk, &change, &ids)? {
                decide(&mut desk.proposals[at], &ids, Decision::Accepted);
            }
        }
        Step::Reject { proposal, hunks } => {
            let Some(at) = of(desk, *proposal) else {
                return Ok(());
            };
            let ids = picked(&desk.proposals[at].hunks, *hunks, Hunk::is_open);
            let before = desk.text();
            decide(&mut desk.proposals[at], &ids, Decision::Rejected);
            prop_assert_eq!(desk.text(), before);
        }
        Step::Undo { proposal, hunks } => {
            let Some(at) = of(desk, *proposal) else {
                return Ok(());
            };
            let change = &desk.proposals[at];
            let ids = picked(&change.hunks, *hunks, Hunk::is_accepted);
            let back = change.reversed(|hunk| ids.contains(&hunk.id));
            if carry_out(desk, &back, &ids)? {
                decide(&mut desk.proposals[at], &ids, Decision::Undone);
            }
        }
    }
    Ok(())
}

/// No line that was only ever rejected, or that is still open, stands in the text.
fn nothing_unasked(desk: &Desk) -> Result<(), TestCaseError> {
    let text = desk.text();
    for change in &desk.proposals {
        let new = change.after_lines();
        let never = |hunk: &&Hunk| matches!(hunk.decision, None | Some(Decision::Rejected));
        for hunk in change.hunks.iter().filter(never) {
            let fresh = new.each(hunk.after.clone()).filter(|line| {
                line.starts_with('P') && !change.base.as_deref().unwrap().contains(line)
            });
            for line in fresh {
                // The user may have taken it over into another proposal's base and back.
                let elsewhere = desk
                    .proposals
                    .iter()
                    .any(|other| other != change && other.base.as_deref().unwrap().contains(line));
                prop_assert!(elsewhere || !text.contains(line), "{line:?} in {text:?}");
            }
        }
    }
    Ok(())
}

/// How often the property is tried; in the usual run the 5,000 that a release needs would take too
/// long.
fn cases() -> ProptestConfig {
    let slow = std::env::var_os("RUMMY_SLOW").is_some();
    ProptestConfig::with_cases(if slow { 20_000 } else { 5_000 })
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn no_text_of_the_users_is_lost_and_no_hunk_is_applied_twice(
        lines in prop::collection::vec("[a-f]{0,3}(é|😀)?", 0..10),
        ends in any::<bool>(),
        wide in any::<bool>(),
        steps in prop::collection::vec(step(), 1..16),
    ) {
        let mut text = String::new();
        for line in &lines {
            let _ = writeln!(text, "{line}");
        }
        if !ends {
            text.truncate(text.trim_end_matches('\n').len());
        }
        let encoding = if wide { Encoding::Utf16 } else { Encoding::Utf8 };
        let mut desk = Desk::new(&text, encoding);
        for step in &steps {
            play(&mut desk, step)?;
            nothing_unasked(&desk)?;
        }
    }
}
