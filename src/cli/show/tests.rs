//! What is printed of a run.

use expect_test::expect;
use serde_json::json;
use tempfile::TempDir;

use super::{ShowError, chosen, json, nearest, packet, text, transcript};
use crate::cli::out::{Colours, Page};
use crate::dialect::PathPattern;
use crate::entries::{
    Action, Attributes, Decision, Effect, EntryPath, LoopId, Mode, Outcome, Proposal, RunId,
    RunStatus, Scheme, State, TurnNumber, Writer,
};
use crate::lsp::transcript::record::{Answer, Head, Record};
use crate::plugins::prompt;
use crate::store::entries::{self, Query, Write};
use crate::store::leases::{self, Holder};
use crate::store::loops::{self, LoopConfig, NewLoop};
use crate::store::proposals::{self, Verdict};
use crate::store::runs::{self, NewRun, Settings};
use crate::store::turns::Figures;
use crate::store::{Reader, Store, StoreError, Tx, projects, turns};
use crate::workspace::ProcessIdentity;

/// A database that a test fills and reads.
struct Shelf {
    store: Store,
    _folder: TempDir,
}

impl Shelf {
    async fn filled(
        fill: impl FnOnce(&mut Tx<'_>) -> Result<(), StoreError> + Send + 'static,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("rummy.db")).await.unwrap();
        store.write(fill).await.unwrap();
        Self {
            store,
            _folder: folder,
        }
    }

    /// A run and its turns, read as the subcommand reads them, all at one time of the day.
    async fn read(&self, run: &str) -> (Head, Vec<Record>) {
        let reader = Reader::open(self.store.file()).await.unwrap();
        let mut head = super::head(&reader, run.to_owned()).await.unwrap();
        head.created = "2026-01-31 14:03:12".to_owned();
        let mut records = Vec::new();
        for turn in head.turns.clone() {
            let mut record = super::record(&reader, &head, &turn).await.unwrap();
            record.at.clone_from(&head.created);
            records.push(record);
        }
        (head, records)
    }

    async fn text(&self, run: &str) -> String {
        let (head, records) = self.read(run).await;
        let mut out = Vec::new();
        let mut page = Page::new(&mut out, Colours::Off);
        text::head(&head, &mut page).unwrap();
        for record in &records {
            transcript::turn(&head, record, &mut page).unwrap();
        }
        transcript::without_turns(&head, &mut page).unwrap();
        String::from_utf8(out).unwrap()
    }
}

fn new_run(tx: &mut Tx<'_>, alias: &str, settings: Settings) -> NewRun {
    NewRun {
        project: projects::ensure(tx, "file:///p", "/p").unwrap(),
        alias: alias.parse().unwrap(),
        model: "opus".to_owned(),
        prompt: "do it".to_owned(),
        settings,
    }
}

/// Queues a prompt.
fn ask(tx: &mut Tx<'_>, run: RunId, mode: Mode, prompt: &str) -> Result<LoopId, StoreError> {
    let new = NewLoop {
        mode,
        model: "opus",
        prompt,
        config: &LoopConfig::default(),
        joins: false,
    };
    loops::enqueue(tx, run, &new)
}

/// A turn that has begun; the first of its loop with the prompt.
struct Begun {
    run: RunId,
    in_loop: LoopId,
    turn: TurnNumber,
}

impl Begun {
    fn first(tx: &mut Tx<'_>, run: RunId) -> Result<Self, StoreError> {
        let claimed = loops::claim(tx, run)?.unwrap();
        let turn = turns::begin(tx, run, claimed.id)?;
        prompt::begin(tx, &claimed, turn)?;
        Ok(Self {
            run,
            in_loop: claimed.id,
            turn,
        })
    }

    fn next(&self, tx: &mut Tx<'_>) -> Result<Self, StoreError> {
        let turn = turns::begin(tx, self.run, self.in_loop)?;
        Ok(Self { turn, ..*self })
    }

    fn answered(
        &self,
        tx: &mut Tx<'_>,
        texts: &[(Scheme, &str)],
        figures: &Figures,
    ) -> Result<(), StoreError> {
        turns::answered(tx, self.run, self.turn, figures)?;
        for (scheme, text) in texts {
            let at = (self.turn, self.in_loop);
            entries::audit(tx, self.run, *scheme, at, (*text).to_owned(), None)?;
        }
        Ok(())
    }

    fn log(
        &self,
        tx: &mut Tx<'_>,
        action: &str,
        target: &str,
        write: impl FnOnce(Write) -> Write,
    ) -> Result<EntryPath, StoreError> {
        let path = EntryPath::log(self.turn, action, target);
        let mut told = Attributes::new();
        told.insert("path".to_owned(), json!(target));
        let bare = Write::body(path, "")
            .at(self.turn, self.in_loop)
            .attributes(told);
        entries::log(tx, self.run, write(bare))
    }

    /// A proposal on `a.txt` with two hunks.
    fn propose(&self, tx: &mut Tx<'_>) -> Result<EntryPath, StoreError> {
        let (base, after) = ("one\ntwo\nthree\n", "ONE\ntwo\nTHREE\n");
        let patch = crate::entries::proposal::text::unified_diff("a.txt", Some(base), after);
        let path = self.log(tx, "set", "a.txt", |mut write| {
            write.body = Some(patch);
            write.state(State::Proposed)
        })?;
        let change = Effect::edit(EntryPath::file("a.txt").unwrap(), Some(base), after);
        proposals::put(tx, self.run, &path, Action::Set, &change)?;
        Ok(path)
    }
}

fn decide(
    tx: &mut Tx<'_>,
    run: RunId,
    path: &EntryPath,
    decision: Decision,
    hunk: &str,
    reason: Option<&str>,
) -> Result<Proposal, StoreError> {
    let verdict = Verdict {
        decision,
        hunks: &[hunk.to_owned()],
        words: reason,
    };
    proposals::decide(tx, run, path, verdict)
}

const PACKET: [(Scheme, &str); 2] = [(Scheme::System, "You are.\n"), (Scheme::User, "Do: é")];

/// A run with an answered turn, one whose answer was empty, one that was cut off, and a prompt that
/// waits.
fn story(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let settings = Settings {
        temperature: Some(0.5),
        persona: None,
        context_limit: Some(32_000),
    };
    let new = new_run(tx, "fix", settings);
    let run = runs::create(tx, &new)?;
    ask(tx, run, Mode::Act, "raise the retries\nand say so")?;
    let first = Begun::first(tx, run)?;
    let texts = [
        PACKET[0],
        PACKET[1],
        (
            Scheme::Assistant,
            "<set path=\"a.txt\">\x1b[2J</set>\r\nbye",
        ),
        (Scheme::Reasoning, "Hm."),
    ];
    let figures = Figures {
        context: Some(1204),
        prompt: Some(1204),
        completion: Some(7),
        total: Some(1211),
        cost: Some(0.0123),
        ..Figures::default()
    };
    first.answered(tx, &texts, &figures)?;
    let changed = first.propose(tx)?;
    decide(tx, run, &changed, Decision::Accepted, "h1", None)?;
    decide(
        tx,
        run,
        &changed,
        Decision::Rejected,
        "h2",
        Some("too loud"),
    )?;
    first.log(tx, "rm", "known://x", |mut write| {
        write.body = Some("not found: known://x".to_owned());
        write.ended(State::Failed, Some(Outcome::NotFound))
    })?;

    let second = first.next(tx)?;
    let figures = Figures {
        context: Some(1300),
        ..Figures::default()
    };
    second.answered(tx, &PACKET, &figures)?;
    second.propose(tx)?;
    let third = second.next(tx)?;
    loops::set_status(
        tx,
        third.in_loop,
        RunStatus::Aborted,
        Some(&Outcome::Interrupted),
    )?;
    runs::set_summary(tx, run, "Raised the retries")?;
    runs::set_status(tx, run, RunStatus::Aborted, Some(Outcome::Interrupted))?;
    ask(tx, run, Mode::Ask, "why?")?;
    Ok(())
}

#[tokio::test]
async fn a_run_is_shown_with_all_that_was_kept_of_it_and_what_was_not() {
    let shelf = Shelf::filled(story).await;
    expect![[r#"
        run        fix
        workspace  /p
        model      opus
        status     499 interrupted
        created    2026-01-31 14:03:12
        settings   temperature 0.5, context limit 32,000 tokens
        turns      3, 2 answered
        pending    1 proposal to be decided
        totals     prompt 1,204 · cached – · completion 7 · reasoning – · total 1,211 · cost $0.0123
        summary
            Raised the retries

        == turn 1 == act == opus == 2026-01-31 14:03:12 ==
        prompt
            raise the retries
            and say so
        reasoning
            Hm.
        answer
            <set path="a.txt">\u{1b}[2J</set>
            bye
        figures    context 1,204 · prompt 1,204 · cached – · completion 7 · reasoning – · total 1,211 · cost $0.0123
        results
            200 set a.txt
                log://turn_1/set/a.txt
                proposal: accepted in part (h1 accepted, h2 rejected): too loud
                --- a.txt
                +++ a.txt
                @@ -1,3 +1,3 @@
                -one
                +ONE
                 two
                -three
                +THREE
            404 rm known://x
                log://turn_1/rm/known:%2F%2Fx
                not_found
                not found: known://x

        == turn 2 == act == opus == 2026-01-31 14:03:12 ==
        no answer: the model wrote nothing
        figures    context 1,300 · prompt – · cached – · completion – · reasoning – · total – · cost –
        results
            202 set a.txt
                log://turn_2/set/a.txt
                proposal: waits for a decision (h1 open, h2 open)
                --- a.txt
                +++ a.txt
                @@ -1,3 +1,3 @@
                -one
                +ONE
                 two
                -three
                +THREE

        == turn 3 == act == opus == 2026-01-31 14:03:12 ==
        no answer: the turn ended without one
        loop       499 interrupted

        == no turn == ask == opus ==
        prompt
            why?
        loop       100 queued
    "#]].assert_eq(&shelf.text("fix").await);
}

#[tokio::test]
async fn for_programs_every_turn_is_a_line_and_what_is_not_known_is_null() {
    let shelf = Shelf::filled(story).await;
    let (mut head, records) = shelf.read("fix").await;
    head.item.created = 0;
    let mut lines = vec![json::head(&head)];
    lines.extend(
        records
            .iter()
            .map(|record| json::turn(&head, record, false)),
    );
    let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
    expect![[r#"
        {"run":"fix","status":499,"turn":3,"summary":"Raised the retries","created":0,"model":"opus","mode":"ask","pending":1,"workspace":"file:///p","outcome":"interrupted","temperature":0.5,"persona":null,"contextLimit":32000,"turnsBeforeFork":0,"withoutTurns":[{"mode":"ask","model":"opus","prompt":"why?","status":100,"outcome":null}],"usage":{"contextTokens":1300,"promptTokens":1204,"cachedTokens":null,"completionTokens":7,"reasoningTokens":null,"totalTokens":1211,"cost":0.0123}}
        {"turn":1,"mode":"act","answered":true,"prompt":"raise the retries\nand say so","reasoning":"Hm.","answer":"<set path=\"a.txt\">\u001b[2J</set>\r\nbye","entries":[{"path":"log://turn_1/set/a.txt","state":"resolved","status":200,"outcome":"partial","body":"--- a.txt\n+++ a.txt\n@@ -1,3 +1,3 @@\n-one\n+ONE\n two\n-three\n+THREE\n","attributes":{"path":"a.txt","reason":"too loud","hunks":{"h1":"accepted","h2":"rejected"}}},{"path":"log://turn_1/rm/known:%2F%2Fx","state":"failed","status":404,"outcome":"not_found","body":"not found: known://x","attributes":{"path":"known://x"}}],"usage":{"contextTokens":1204,"promptTokens":1204,"cachedTokens":null,"completionTokens":7,"reasoningTokens":null,"totalTokens":1211,"cost":0.0123}}
        {"turn":2,"mode":"act","answered":true,"reasoning":null,"answer":"","entries":[{"path":"log://turn_2/set/a.txt","state":"proposed","status":202,"outcome":null,"body":"--- a.txt\n+++ a.txt\n@@ -1,3 +1,3 @@\n-one\n+ONE\n two\n-three\n+THREE\n","attributes":{"path":"a.txt"}}],"usage":{"contextTokens":1300,"promptTokens":null,"cachedTokens":null,"completionTokens":null,"reasoningTokens":null,"totalTokens":null,"cost":null}}
        {"turn":3,"mode":"act","answered":false,"reasoning":null,"answer":null,"entries":[],"usage":{"contextTokens":null,"promptTokens":null,"cachedTokens":null,"completionTokens":null,"reasoningTokens":null,"totalTokens":null,"cost":null}}
    "#]].assert_eq(&(lines.join("\n") + "\n"));
}

#[tokio::test]
async fn a_packet_is_printed_byte_for_byte_and_escaped_on_a_terminal() {
    let shelf = Shelf::filled(|tx| {
        let new = new_run(tx, "fix", Settings::default());
        let run = runs::create(tx, &new)?;
        ask(tx, run, Mode::Act, "do it")?;
        let first = Begun::first(tx, run)?;
        let texts = [(Scheme::System, "a\x1b[2J\r\n"), (Scheme::User, "é")];
        first.answered(tx, &texts, &Figures::default())?;
        first.next(tx)?;
        Ok(())
    })
    .await;
    let (head, records) = shelf.read("fix").await;
    let printed = |terminal| {
        let mut out = Vec::new();
        for record in &records {
            packet::print(&mut out, &head, record, terminal).unwrap();
        }
        String::from_utf8(out).unwrap()
    };
    let rest = "===== run fix, turn 1, user: 2 bytes =====\né\n\
                ===== run fix, turn 2: not kept; a packet is kept with its answer =====\n";
    let system = "===== run fix, turn 1, system: 7 bytes =====\n";
    assert_eq!(printed(false), format!("{system}a\x1b[2J\r\n{rest}"));
    assert_eq!(printed(true), format!("{system}a\\u{{1b}}[2J\n{rest}"));
    let sent = json::turn(&head, &records[0], true);
    assert_eq!(
        (&sent["system"], &sent["user"]),
        (&json!("a\x1b[2J\r\n"), &json!("é"))
    );
    let unsent = json::turn(&head, &records[1], true);
    assert_eq!(unsent["system"], json!(null));
}

/// A run of two turns, a fork of it with one of its own and one without any.
fn forks(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let new = new_run(tx, "first", Settings::default());
    let parent = runs::create(tx, &new)?;
    ask(tx, parent, Mode::Act, "do it")?;
    let begun = Begun::first(tx, parent)?;
    begun.log(tx, "get", "known://of-the-parent", |write| write)?;
    begun.next(tx)?;
    loops::set_status(tx, begun.in_loop, RunStatus::Done, None)?;
    for status in [RunStatus::Running, RunStatus::Done] {
        runs::set_status(tx, parent, status, None)?;
    }
    for alias in ["child", "idle"] {
        let new = new_run(tx, alias, Settings::default());
        let child = runs::fork(tx, parent, &new)?;
        if alias == "child" {
            ask(tx, child, Mode::Ask, "and now?")?;
            Begun::first(tx, child)?;
            let this = ProcessIdentity::current().unwrap();
            let holder = Holder {
                pid: this.pid,
                started: this.started,
            };
            leases::acquire(tx, child, &holder, |_| true)?;
            runs::set_status(tx, child, RunStatus::Running, None)?;
        } else {
            for status in [RunStatus::Running, RunStatus::Done] {
                runs::set_status(tx, child, status, None)?;
            }
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_fork_shows_its_own_turns_and_says_whose_the_earlier_ones_are() {
    let shelf = Shelf::filled(forks).await;
    expect![[r"
        run        child
        workspace  /p
        model      opus
        status     102 running
        created    2026-01-31 14:03:12
        forked     from first, which took turns 1 to 2: rummy-lsp show first
        turns      1, 0 answered
        totals     prompt – · cached – · completion – · reasoning – · total – · cost –

        == turn 3 == ask == opus == 2026-01-31 14:03:12 ==
        prompt
            and now?
        no answer yet
        loop       102 running

        run        idle
        workspace  /p
        model      opus
        status     200 done
        created    2026-01-31 14:03:12
        forked     from first, which took turns 1 to 2: rummy-lsp show first
        turns      none of its own yet
        totals     prompt – · cached – · completion – · reasoning – · total – · cost –
    "]]
    .assert_eq(&(shelf.text("child").await + "\n" + &shelf.text("idle").await));
    shelf
        .store
        .write(|tx| {
            let parent = runs::by_alias(tx, &"first".parse().unwrap())?.unwrap();
            runs::delete(tx, parent.id)
        })
        .await
        .unwrap();
    let orphan = shelf.text("idle").await;
    let origin = "forked     from a run that is no more, which took turns 1 to 2\n";
    assert!(orphan.contains(origin), "{orphan}");
}

#[tokio::test]
async fn a_turn_that_cannot_be_shown_is_refused_with_where_to_look() {
    let shelf = Shelf::filled(forks).await;
    let table = [
        (
            "child",
            9,
            "the run \"child\" has no turn 9: its last one is 3",
        ),
        (
            "first",
            0,
            "the run \"first\" has no turn 0: its last one is 2",
        ),
        (
            "child",
            2,
            "turn 2 is older than the run \"child\", a fork: rummy-lsp show first --turn 2",
        ),
    ];
    for (run, turn, expected) in table {
        let (head, _) = shelf.read(run).await;
        let refused = chosen(&head, Some(turn)).unwrap_err();
        assert_eq!(refused.to_string(), expected);
    }
    let (head, _) = shelf.read("child").await;
    assert_eq!(chosen(&head, Some(3)).unwrap().len(), 1);
}

#[tokio::test]
async fn an_answer_that_is_gone_is_not_called_empty() {
    let shelf = Shelf::filled(|tx| {
        story(tx)?;
        let run = runs::by_alias(tx, &"fix".parse().unwrap())?.unwrap().id;
        for scheme in ["system", "user", "assistant", "reasoning"] {
            let pattern = PathPattern::literal(&format!("{scheme}://1"));
            entries::rm(tx, run, Writer::System, &Query::matching(pattern, None))?;
        }
        Ok(())
    })
    .await;
    let (head, records) = shelf.read("fix").await;
    let kinds = records.iter().map(|record| match &record.answer {
        Answer::Text(text) => text,
        Answer::Empty => "empty",
        Answer::Removed => "removed",
        Answer::None => "none",
    });
    assert_eq!(kinds.collect::<Vec<_>>(), ["removed", "empty", "none"]);
    let line = json::turn(&head, &records[0], true);
    assert_eq!(
        (&line["answered"], &line["answer"], &line["system"]),
        (&json!(true), &json!(null), &json!(null))
    );
}

#[test]
fn the_names_most_like_a_wrong_one_are_suggested() {
    let names = [
        "fix-login",
        "fix",
        "opus_1763851234567",
        "Deploy",
        "explain",
    ];
    let like = |given: &str| {
        let names = names.iter().map(|name| name.parse().unwrap()).collect();
        let error = ShowError::NoRun {
            given: given.to_owned(),
            nearest: nearest(given, names),
        };
        error.to_string()
    };
    let table = [
        (
            "fxi",
            "no run is called \"fxi\"; the nearest are fix, fix-login; rummy-lsp runs --all lists them",
        ),
        (
            "depoly",
            "no run is called \"depoly\"; the nearest is Deploy; rummy-lsp runs --all lists them",
        ),
        (
            "opus",
            "no run is called \"opus\"; the nearest is opus_1763851234567; rummy-lsp runs --all lists them",
        ),
        (
            "fi",
            "no run is called \"fi\"; the nearest are fix, fix-login; rummy-lsp runs --all lists them",
        ),
        (
            "q/q",
            "no run is called \"q/q\"; rummy-lsp runs --all lists them",
        ),
        ("", "no run is called \"\"; rummy-lsp runs --all lists them"),
    ];
    for (given, expected) in table {
        assert_eq!(like(given), expected);
    }
}
