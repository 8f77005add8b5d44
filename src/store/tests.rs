//! The store by its public surface, on a real file.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use tempfile::TempDir;

use super::entries::{Query, Write};
use super::leases::Holder;
use super::loops::LoopConfig;
use super::proposals::{Change, Verdict};
use super::runs::NewRun;
use super::*;
use crate::dialect::{BodyFilter, PathPattern};
use crate::entries::{
    Action, Attributes, AutoAccept, Decision, Mode, Outcome, Review, RunAlias, RunStatus, State,
    TurnNumber, Visibility,
};

struct Bench {
    store: Store,
    run: RunId,
    folder: TempDir,
}

async fn bench() -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("a/rummy.db"))
        .await
        .unwrap();
    let run = store
        .write(|tx| runs::create(tx, &new_run(tx, "first")))
        .await
        .unwrap();
    Bench { store, run, folder }
}

fn new_run(tx: &Tx<'_>, alias: &str) -> NewRun {
    NewRun {
        project: projects::ensure(tx, "file:///p", "/p").unwrap(),
        alias: alias.parse().unwrap(),
        model: "test".to_owned(),
        prompt: "do it".to_owned(),
        temperature: None,
        persona: None,
        context_limit: None,
    }
}

fn config() -> LoopConfig {
    LoopConfig {
        temperature: None,
        no_repo: false,
        no_interaction: false,
        no_web: false,
        no_proposals: false,
        review: Review::Batch,
        auto_accept: AutoAccept::None,
        files: Vec::new(),
        selection: None,
    }
}

fn path(text: &str) -> EntryPath {
    EntryPath::parse(text).unwrap()
}

fn all(pattern: &str, filter: Option<&str>) -> Query {
    let filter = filter.map(|text| BodyFilter::parse(text).unwrap());
    Query::matching(PathPattern::parse(pattern).unwrap(), filter)
}

impl Bench {
    async fn set(&self, writer: Writer, write: Write) -> Result<(), StoreError> {
        let run = self.run;
        self.store
            .write(move |tx| entries::set(tx, run, writer, write))
            .await
    }

    async fn known(&self, at: &str, body: &str) {
        self.set(Writer::Model, Write::body(path(at), body))
            .await
            .unwrap();
    }

    async fn body(&self, run: RunId, at: &str) -> Option<String> {
        let at = path(at);
        self.store
            .read(move |connection| entries::find(connection, run, &at))
            .await
            .unwrap()
            .map(|entry| entry.body)
    }

    async fn list(&self, query: Query) -> Vec<String> {
        let run = self.run;
        self.store
            .read(move |connection| entries::list(connection, run, &query))
            .await
            .unwrap()
            .into_iter()
            .filter(|entry| entry.scheme() != Scheme::Run)
            .map(|entry| format!("{} {} {}", entry.path, entry.visibility, entry.body))
            .collect()
    }
}

#[tokio::test]
async fn a_write_changes_what_it_names_and_nothing_beside_it() {
    let bench = bench().await;
    let mut attributes = Attributes::new();
    attributes.insert("summary".to_owned(), json!("s"));
    attributes.insert("tags".to_owned(), json!("t"));
    let mut first = Write::body(path("known://a"), "one")
        .attributes(attributes.clone())
        .visibility(Visibility::Visible);
    first.turn = Some(TurnNumber(7));
    bench.set(Writer::Model, first).await.unwrap();

    bench.known("known://a", "two").await;
    let mut patch = Attributes::new();
    patch.insert("tags".to_owned(), json!(null));
    patch.insert("more".to_owned(), json!(1));
    let patch = Write::to(path("known://a")).attributes(patch);
    bench.set(Writer::Model, patch).await.unwrap();
    let state = Write::to(path("known://a")).ended(State::Failed, Some(Outcome::Conflict));
    bench.set(Writer::Plugin, state).await.unwrap();

    let (run, at) = (bench.run, path("known://a"));
    let entry = bench
        .store
        .read(move |connection| entries::find(connection, run, &at))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(entry.body, "two");
    assert_eq!(json!(entry.attributes), json!({"summary": "s", "more": 1}));
    assert_eq!(
        (entry.state, entry.outcome),
        (State::Failed, Some(Outcome::Conflict))
    );
    assert_eq!(
        (entry.visibility, entry.turn),
        (Visibility::Visible, Some(TurnNumber(7)))
    );
}

#[tokio::test]
async fn a_write_to_what_is_not_there_is_refused_unless_it_brings_a_body() {
    let bench = bench().await;
    let there = || path("known://none");
    let mut append = Write::body(there(), "x");
    append.append = true;
    let writes = [
        Write::to(there()).state(State::Failed),
        Write::to(there()).visibility(Visibility::Visible),
        Write::to(there()).attributes(Attributes::new()),
        append,
    ];
    for write in writes {
        let refused = bench.set(Writer::Plugin, write.clone()).await;
        assert!(
            matches!(refused, Err(StoreError::NotFound { .. })),
            "{write:?}: {refused:?}"
        );
    }
    let nothing = bench.set(Writer::Plugin, Write::to(there())).await;
    assert!(matches!(nothing, Err(StoreError::NothingToSet { .. })));
    assert_eq!(bench.body(bench.run, "known://none").await, None);
}

#[tokio::test]
async fn a_writer_that_a_scheme_does_not_name_is_refused_in_every_verb() {
    let bench = bench().await;
    bench
        .set(Writer::Plugin, Write::body(path("prompt://1"), "p"))
        .await
        .unwrap();
    bench.known("known://a", "k").await;
    let run = bench.run;
    let branches = [
        Write::body(path("prompt://1"), "mine"),
        Write::to(path("prompt://1")).state(State::Failed),
        Write::to(path("prompt://1")).attributes(Attributes::new()),
        Write::to(path("prompt://1")).visibility(Visibility::Archived),
    ];
    for write in branches {
        let refused = bench.set(Writer::Model, write).await;
        assert!(
            matches!(refused, Err(StoreError::Forbidden { .. })),
            "{refused:?}"
        );
    }
    let (from, to) = (path("known://a"), path("prompt://2"));
    let copied = bench
        .store
        .write(move |tx| entries::cp(tx, run, Writer::Model, &from, &to, None))
        .await;
    assert!(matches!(copied, Err(StoreError::Forbidden { .. })));
    let (from, to) = (path("prompt://1"), path("known://b"));
    let moved = bench
        .store
        .write(move |tx| entries::mv(tx, run, Writer::Model, &from, &to, None))
        .await;
    assert!(matches!(moved, Err(StoreError::Forbidden { .. })));
    // A pattern over all passes closed schemes by.
    let removed = bench
        .store
        .write(move |tx| entries::rm(tx, run, Writer::Model, &all("**", None)))
        .await
        .unwrap();
    assert_eq!(removed.len(), 1);
    assert_eq!(bench.list(Query::default()).await, ["prompt://1 visible p"]);
}

#[tokio::test]
async fn a_refused_transaction_leaves_nothing_behind() {
    let bench = bench().await;
    let run = bench.run;
    let (from, to) = (path("known://a"), path("known://b"));
    bench.known("known://a", "k").await;
    let failed = bench
        .store
        .write(move |tx| {
            entries::mv(tx, run, Writer::Model, &from, &to, None)?;
            entries::set(
                tx,
                run,
                Writer::Model,
                Write::body(path("log://turn_1/x"), ""),
            )
        })
        .await;
    assert!(failed.is_err());
    assert_eq!(
        bench.list(Query::default()).await,
        ["known://a summarized k"]
    );
}

#[tokio::test]
async fn patterns_and_filters_mean_what_they_say() {
    let bench = bench().await;
    for (at, body) in [
        ("known://auth/login", "cookies"),
        ("known://auth/deep/x", "tokens"),
        ("known://other", "cookies too"),
        ("src/a.rs", "fn a"),
    ] {
        bench
            .set(Writer::Plugin, Write::body(path(at), body))
            .await
            .unwrap();
    }
    let found = |pattern: &'static str, filter: Option<&'static str>| {
        let query = all(pattern, filter);
        async { bench.list(query).await.len() }
    };
    assert_eq!(found("known://*", None).await, 3);
    assert_eq!(found("known://auth/**", None).await, 2);
    assert_eq!(found("known://auth/*", None).await, 1);
    assert_eq!(found("known://**", Some("cookies")).await, 2);
    assert_eq!(found("known://**", Some("/^cookies$/")).await, 1);
    assert_eq!(found("**/*.rs", None).await, 1);
    assert_eq!(found("known://auth", None).await, 0);
    let limited = Query {
        limit: Some(1),
        offset: 1,
        ..all("known://**", None)
    };
    assert_eq!(
        bench.list(limited).await,
        ["known://auth/login summarized cookies"]
    );
}

#[tokio::test]
async fn showing_an_entry_never_changes_its_state() {
    let bench = bench().await;
    let run = bench.run;
    let failed = Write::body(path("known://a"), "x").ended(State::Failed, Some(Outcome::Conflict));
    bench.set(Writer::Plugin, failed).await.unwrap();
    let shown = bench
        .store
        .write(move |tx| {
            let turn = Some(TurnNumber(3));
            entries::show(
                tx,
                run,
                Writer::Model,
                &all("known://**", None),
                Visibility::Visible,
                turn,
            )?;
            entries::find(tx, run, &path("known://a"))
        })
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (shown.state, shown.outcome),
        (State::Failed, Some(Outcome::Conflict))
    );
    assert_eq!(
        (shown.visibility, shown.turn),
        (Visibility::Visible, Some(TurnNumber(3)))
    );
}

#[tokio::test]
async fn two_logs_of_one_command_in_a_turn_have_two_paths() {
    let bench = bench().await;
    let run = bench.run;
    let paths = bench
        .store
        .write(move |tx| {
            let base = EntryPath::log(TurnNumber(1), "set", "src/a.rs");
            (0..3)
                .map(|n| entries::log(tx, run, &base, Write::body(base.clone(), &n.to_string())))
                .collect::<Result<Vec<_>, _>>()
        })
        .await
        .unwrap();
    let texts: Vec<&str> = paths.iter().map(EntryPath::as_str).collect();
    assert_eq!(
        texts,
        [
            "log://turn_1/set/src%2Fa.rs",
            "log://turn_1/set/src%2Fa.rs_2",
            "log://turn_1/set/src%2Fa.rs_3"
        ]
    );
}

#[tokio::test]
async fn an_audit_text_is_kept_once_and_read_back_exactly() {
    let bench = bench().await;
    let run = bench.run;
    let text = "the same packet\r\n\u{0}😀 ".repeat(500);
    let kept = text.clone();
    let (stored, found) = bench
        .store
        .write(move |tx| {
            let in_loop = loops::enqueue(tx, run, Mode::Act, "test", "p", &config())?;
            for turn in [1, 2] {
                entries::audit(tx, run, Scheme::System, TurnNumber(turn), in_loop, &kept)?;
            }
            let stored: i64 =
                tx.query_row("SELECT count(*) FROM contents", [], |row| row.get(0))?;
            Ok((stored, entries::find(tx, run, &path("system://2"))?))
        })
        .await
        .unwrap();
    assert_eq!(stored, 1);
    assert_eq!(found.unwrap().body, text);
}

#[tokio::test]
async fn a_fork_and_its_parent_never_see_each_others_writes() {
    let bench = bench().await;
    let parent = bench.run;
    bench.known("known://a", "parent's").await;
    bench.known("known://b", "parent's").await;
    let proposed = Write::body(path("log://turn_1/set/x"), "").state(State::Proposed);
    bench.set(Writer::Plugin, proposed).await.unwrap();
    let child = bench
        .store
        .write(move |tx| {
            runs::take_turn(tx, parent)?;
            let new = new_run(tx, "child");
            runs::fork(tx, parent, &new)
        })
        .await
        .unwrap();
    bench
        .store
        .write(move |tx| {
            entries::set(
                tx,
                child,
                Writer::Model,
                Write::body(path("known://a"), "child's"),
            )?;
            let mut more = Write::body(path("known://b"), " and more");
            more.append = true;
            entries::set(tx, parent, Writer::Model, more)
        })
        .await
        .unwrap();
    let bodies = |run: RunId| {
        let bench = &bench;
        async move {
            let a = bench.body(run, "known://a").await.unwrap();
            (a, bench.body(run, "known://b").await.unwrap())
        }
    };
    let own = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(bodies(parent).await, own("parent's", "parent's and more"));
    assert_eq!(bodies(child).await, own("child's", "parent's"));
    assert_eq!(bench.body(child, "log://turn_1/set/x").await, None);
    let (alias, turn) = bench
        .store
        .write(move |tx| Ok((runs::by_id(tx, child)?.parent, runs::take_turn(tx, child)?)))
        .await
        .unwrap();
    assert_eq!(
        (alias, turn),
        (Some("first".parse().unwrap()), TurnNumber(2))
    );
}

#[tokio::test]
async fn the_history_after_a_change_is_what_settled_since() {
    let bench = bench().await;
    let run = bench.run;
    let log = |target: &str, state| {
        let base = EntryPath::log(TurnNumber(1), "set", target);
        Write::body(base, target).state(state)
    };
    bench
        .set(Writer::Plugin, log("a", State::Proposed))
        .await
        .unwrap();
    bench
        .set(Writer::Plugin, log("b", State::Resolved))
        .await
        .unwrap();
    let history = |since: i64| {
        let store = bench.store.clone();
        async move {
            let (rows, changes) = store
                .read(move |connection| {
                    let rows = entries::history_since(connection, run, since)?;
                    Ok((rows, runs::by_id(connection, run)?.changes))
                })
                .await
                .unwrap();
            (
                rows.into_iter().map(|row| row.body).collect::<Vec<_>>(),
                changes,
            )
        }
    };
    let (rows, changes) = history(0).await;
    assert_eq!(rows, ["b"]);
    let accepted = Write::to(path("log://turn_1/set/a")).state(State::Resolved);
    bench.set(Writer::Plugin, accepted).await.unwrap();
    assert_eq!(history(changes).await.0, ["a"]);
    assert_eq!(
        history(0).await.0,
        ["b", "a"],
        "a row keeps the place at which it settled"
    );
}

#[tokio::test]
async fn a_proposal_is_decided_hunk_by_hunk_and_only_once() {
    let bench = bench().await;
    let run = bench.run;
    let at = path("log://turn_1/set/a.rs");
    let (proposed, kept) = (at.clone(), at.clone());
    bench
        .store
        .write(move |tx| {
            let write = Write::body(proposed.clone(), "patch").state(State::Proposed);
            entries::set(tx, run, Writer::Plugin, write)?;
            let change = Change {
                action: Action::Set,
                target: &path("a.rs"),
                base: Some("a\nb\nc\n"),
                after: "A\nb\nC\n",
            };
            proposals::put(tx, run, &proposed, &change)
        })
        .await
        .unwrap();
    let decide = |decision, hunks: &[&str]| {
        let (store, at) = (bench.store.clone(), at.clone());
        let hunks: Vec<String> = hunks.iter().map(|hunk| (*hunk).to_owned()).collect();
        async move {
            store
                .write(move |tx| {
                    let verdict = Verdict {
                        decision,
                        hunks: &hunks,
                        reason: Some("because"),
                        replaced: None,
                    };
                    proposals::decide(tx, run, &at, verdict)
                })
                .await
        }
    };
    assert!(
        decide(Decision::Accepted, &["h1"]).await.unwrap(),
        "h2 is open"
    );
    assert!(!decide(Decision::Rejected, &["h2"]).await.unwrap());
    let again = decide(Decision::Accepted, &["h2"]).await;
    assert!(matches!(again, Err(StoreError::NotProposed { .. })));
    let entry = bench
        .store
        .read(move |connection| entries::find(connection, run, &kept))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (entry.state, entry.outcome.clone()),
        (State::Resolved, Some(Outcome::Partial))
    );
    assert_eq!(
        json!(entry.attributes),
        json!({"reason": "because", "hunks": {"h1": "accepted", "h2": "rejected"}})
    );
}

#[tokio::test]
async fn a_run_without_a_live_driver_is_interrupted_and_its_proposals_stay() {
    let bench = bench().await;
    let run = bench.run;
    let dead = Holder {
        pid: 1,
        started: "then".to_owned(),
    };
    let alive = Arc::new(AtomicBool::new(true));
    let lives = |alive: &Arc<AtomicBool>| {
        let alive = Arc::clone(alive);
        move |_: &Holder| alive.load(Ordering::Relaxed)
    };
    let (holder, check) = (dead.clone(), lives(&alive));
    bench
        .store
        .write(move |tx| {
            loops::enqueue(tx, run, Mode::Act, "test", "p", &config())?;
            loops::claim(tx, run)?;
            runs::set_status(tx, run, RunStatus::Running, None)?;
            let proposed = Write::body(path("log://turn_1/set/a"), "").state(State::Proposed);
            entries::set(tx, run, Writer::Plugin, proposed)?;
            let channel = Write::body(path("sh://turn_1/x_1"), "out").state(State::Streaming);
            entries::set(tx, run, Writer::Plugin, channel)?;
            leases::acquire(tx, run, &holder, check)
        })
        .await
        .unwrap();
    let recover = |check| bench.store.write(move |tx| leases::recover(tx, check));
    assert_eq!(recover(lives(&alive)).await.unwrap(), []);
    let other = Holder {
        pid: 2,
        started: "now".to_owned(),
    };
    let check = lives(&alive);
    let busy = bench
        .store
        .write(move |tx| leases::acquire(tx, run, &other, check))
        .await;
    assert!(
        matches!(busy, Err(StoreError::Leased { pid: 1, .. })),
        "{busy:?}"
    );

    alive.store(false, Ordering::Relaxed);
    assert_eq!(recover(lives(&alive)).await.unwrap(), [run]);
    let (found, in_loop, mirror, channel, proposed) = bench
        .store
        .read(move |connection| {
            let state = |at: &str| {
                entries::find(connection, run, &path(at))
                    .map(|found| found.map(|e| (e.state, e.outcome)))
            };
            Ok((
                runs::by_id(connection, run)?,
                loops::newest(connection, run)?,
                state("run://first")?,
                state("sh://turn_1/x_1")?,
                state("log://turn_1/set/a")?,
            ))
        })
        .await
        .unwrap();
    let interrupted = Some((State::Cancelled, Some(Outcome::Interrupted)));
    assert_eq!(
        (found.status, found.outcome),
        (RunStatus::Aborted, Some(Outcome::Interrupted))
    );
    assert_eq!(in_loop.unwrap().status, RunStatus::Aborted);
    assert_eq!((mirror, channel), (interrupted.clone(), interrupted));
    assert_eq!(proposed, Some((State::Proposed, None)));
}

#[tokio::test]
async fn loops_are_claimed_in_order_and_one_at_a_time() {
    let bench = bench().await;
    let run = bench.run;
    let prompts = bench
        .store
        .write(move |tx| {
            for prompt in ["one", "two"] {
                loops::enqueue(tx, run, Mode::Ask, "test", prompt, &config())?;
            }
            let first = loops::claim(tx, run)?.unwrap();
            assert!(
                loops::claim(tx, run).is_err(),
                "two loops of a run were active"
            );
            loops::set_status(tx, first.id, RunStatus::Done, None)?;
            let second = loops::claim(tx, run)?.unwrap();
            loops::set_status(tx, second.id, RunStatus::Nothing, None)?;
            assert!(loops::claim(tx, run)?.is_none());
            Ok([first.prompt, second.prompt])
        })
        .await
        .unwrap();
    assert_eq!(prompts, ["one", "two"]);
}

#[tokio::test]
async fn every_status_of_a_run_can_be_stored_and_is_mirrored() {
    let bench = bench().await;
    let run = bench.run;
    for status in RunStatus::ALL {
        let mirrored = bench
            .store
            .write(move |tx| {
                runs::set_status(tx, run, status, None)?;
                Ok(entries::find(tx, run, &path("run://first"))?.unwrap().state)
            })
            .await
            .unwrap();
        assert_eq!(mirrored, status.state());
    }
}

#[tokio::test]
async fn an_alias_is_taken_once() {
    let bench = bench().await;
    let taken = bench
        .store
        .write(|tx| {
            let new = new_run(tx, "first");
            runs::create(tx, &new)
        })
        .await;
    assert!(matches!(taken, Err(StoreError::AliasTaken(alias)) if alias == "first"));
}

#[tokio::test]
async fn changes_are_told_after_they_are_stored() {
    let bench = bench().await;
    let mut changes = bench.store.changes();
    bench.known("known://a", "x").await;
    let change = changes.recv().await.unwrap();
    let expected = super::Change {
        run: bench.run,
        path: path("known://a"),
        kind: ChangeKind::Upsert,
    };
    assert_eq!(change, expected);
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused_by_name() {
    let bench = bench().await;
    let file = bench.store.file().to_owned();
    bench
        .store
        .call(|connection| Ok(connection.pragma_update(None, "user_version", 999)?))
        .await
        .unwrap();
    let refused = Store::open(&file).await.err().unwrap();
    assert!(
        matches!(&refused, StoreError::Newer(path) if *path == file),
        "{refused}"
    );
    drop(bench.folder);
}

#[tokio::test]
async fn a_new_database_can_be_opened_by_two_at_once_and_read_by_its_owner_only() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rummy.db");
    let opened = futures::future::join_all((0..4).map(|_| Store::open(&file))).await;
    for store in opened {
        store.unwrap();
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn the_migrations_are_valid() {
    MIGRATIONS.validate().unwrap();
}

#[tokio::test]
async fn an_entry_of_a_scheme_that_does_not_exist_cannot_be_stored() {
    let bench = bench().await;
    let stored = bench
        .store
        .write(|tx| {
            Ok(tx.execute(
                "INSERT INTO entries (scope, path, scheme, chars, created_at)
                 VALUES ('run:1', 'knwon://a', 'knwon', 0, 0)",
                [],
            )?)
        })
        .await;
    assert!(stored.is_err());
    let alias: RunAlias = "first".parse().unwrap();
    let run = bench
        .store
        .read(move |connection| runs::by_alias(connection, &alias))
        .await
        .unwrap();
    assert!(run.is_some(), "the store goes on");
}
