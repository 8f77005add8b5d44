//! The verbs, and the file under them.

use serde_json::json;

use super::bench::{all, bench, enqueue, path};
use crate::entries::{
    Attributes, EntryPath, Mode, Outcome, RunAlias, RunStatus, Scheme, State, TurnNumber,
    Visibility, Writer,
};
use crate::store::entries::{self, Query, Write};
use crate::store::{ChangeKind, MIGRATIONS, Store, StoreError, runs};

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
    let (from, to) = (Query::exactly(&path("known://a")), path("prompt://2"));
    let copied = bench
        .store
        .write(move |tx| entries::cp(tx, run, Writer::Model, &from, &to, None))
        .await;
    assert!(matches!(copied, Err(StoreError::Forbidden { .. })));
    let (from, to) = (Query::exactly(&path("prompt://1")), path("known://b"));
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
    let (from, to) = (Query::exactly(&path("known://a")), path("known://b"));
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
                .map(|n| entries::log(tx, run, Write::body(base.clone(), &n.to_string())))
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
            let in_loop = enqueue(tx, run, Mode::Act, "p")?;
            for turn in [1, 2] {
                let at = (TurnNumber(turn), in_loop);
                entries::audit(tx, run, Scheme::System, at, kept.as_str().to_owned(), None)?;
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
async fn texts_of_a_series_are_kept_as_differences_and_read_back_exactly() {
    let bench = bench().await;
    let run = bench.run;
    let head = "instructions ü\n".repeat(400);
    // Grows at its end, then shrinks, then is another; the last is the one before once more.
    let mut texts: Vec<String> = (0..80)
        .map(|turn| head.clone() + &format!("log of turn {turn} 😀\n").repeat(turn % 50))
        .collect();
    texts.push("another".repeat(2000));
    texts.push("another".repeat(2000));
    let given = texts.clone();
    let (rows, bytes) = bench
        .store
        .write(move |tx| {
            let in_loop = enqueue(tx, run, Mode::Act, "p")?;
            let mut before = None;
            for (turn, text) in (1..).zip(given) {
                let at = (TurnNumber(turn), in_loop);
                let text = text.as_str().to_owned();
                before = Some(entries::audit(
                    tx,
                    run,
                    Scheme::User,
                    at,
                    text,
                    before.as_ref(),
                )?);
            }
            let rows: i64 = tx.query_row("SELECT count(*) FROM contents", [], |row| row.get(0))?;
            let bytes: i64 = tx.query_row("SELECT sum(length(zstd)) FROM contents", [], |row| {
                row.get(0)
            })?;
            Ok((rows, bytes))
        })
        .await
        .unwrap();
    assert_eq!(rows, 81, "the one that was kept twice is one row");
    assert!(bytes < 20_000, "{bytes} bytes for {} texts", texts.len());
    for (turn, text) in (1..).zip(&texts) {
        let kept = bench.body(run, &format!("user://{turn}")).await;
        assert_eq!(kept.as_ref(), Some(text), "user://{turn}");
    }
    // A run that goes takes its texts along, and no other's.
    let left = bench
        .store
        .write(move |tx| {
            runs::set_status(tx, run, RunStatus::Aborted, None)?;
            runs::delete(tx, run)?;
            Ok(tx.query_row("SELECT count(*) FROM contents", [], |row| {
                row.get::<_, i64>(0)
            })?)
        })
        .await
        .unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn changes_are_told_after_they_are_stored() {
    let bench = bench().await;
    let mut changes = bench.store.changes();
    bench.known("known://a", "x").await;
    let change = changes.recv().await.unwrap();
    let expected = crate::store::Change {
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
async fn a_new_database_can_be_opened_by_many_at_once() {
    for _ in 0..40 {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rummy.db");
        let opened = futures::future::join_all((0..8).map(|_| Store::open(&file))).await;
        for store in opened {
            store.unwrap();
        }
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_database_is_read_by_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rummy.db");
    Store::open(&file).await.unwrap();
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
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
                "INSERT INTO entries (path, scheme, chars, created_at)
                 VALUES ('knwon://a', 'knwon', 0, 0)",
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
