//! What the schema itself holds, whoever writes past the types: its CHECKs, its keys, its cascades;
//! and the tables beside the entries.

use super::bench::{Bench, bench, enqueue, new_run, path};
use crate::entries::{Mode, Scheme, State, TurnNumber, Writer};
use crate::store::entries::{self, Write};
use crate::store::{Store, StoreError, Tx, constraints, models, projects, runs, turns};

/// A run with a loop, a turn and one entry, all numbered 1.
async fn one_of_each() -> Bench {
    let bench = bench().await;
    let run = bench.run;
    bench
        .store
        .write(move |tx| {
            let in_loop = enqueue(tx, run, Mode::Act, "p")?;
            turns::begin(tx, run, in_loop)?;
            let write = Write::body(path("known://a"), "").at(TurnNumber(1), in_loop);
            entries::set(tx, run, Writer::Plugin, write)
        })
        .await
        .unwrap();
    bench
}

/// Which of some statements the store refuses. Nothing of them stays.
async fn refused(bench: &Bench, statements: Vec<String>) -> Vec<String> {
    let mut refused = Vec::new();
    for sql in statements {
        let shown = sql.clone();
        let tried = bench.store.write(move |tx| {
            tx.execute_batch(&sql)?;
            // Undoes what was possible.
            Err::<(), _>(StoreError::Closed)
        });
        match tried.await {
            Err(StoreError::Closed) => {}
            Err(StoreError::Sqlite(error)) => {
                let code = error.sqlite_error_code();
                assert_eq!(
                    code,
                    Some(rusqlite::ErrorCode::ConstraintViolation),
                    "{shown}"
                );
                refused.push(shown);
            }
            other => panic!("{shown}: {other:?}"),
        }
    }
    refused
}

#[tokio::test]
async fn the_schema_refuses_what_the_types_do_not_know() {
    let bench = one_of_each().await;
    let path = |length| {
        let path = "é".repeat(length);
        format!("UPDATE entries SET scheme = 'file', path = '{path}'")
    };
    let at = |path: &str, scheme: &str| {
        format!("UPDATE entries SET path = '{path}', scheme = '{scheme}'")
    };
    let scheme = |set: &str| format!("UPDATE schemes SET {set}");
    let run = |set: &str| format!("UPDATE runs SET {set}");
    let in_loop = |set: &str| format!("UPDATE loops SET {set}");
    let view = |set: &str| format!("UPDATE views SET {set} WHERE path = 'known://a'");
    let entry = |set: &str| format!("UPDATE entries SET {set} WHERE path = 'known://a'");
    let second_loop = |sequence: i64, status: u16| {
        format!(
            "UPDATE loops SET status = 102;
             INSERT INTO loops (run_id, sequence, mode, model, prompt, config, status, created_at)
             VALUES (1, {sequence}, 'ask', 'm', 'p', '{{}}', {status}, 0)"
        )
    };
    let constraint =
        |word: &str| format!("INSERT INTO constraints VALUES (1, '*.rs', 0, '{word}')");
    let kept = vec![
        path(2048),
        at("src/a.rs", "file"),
        at("known://src/a.rs", "known"),
        at("known://http://x", "known"),
        at("known:/a", "file"),
        entry(r#"attributes = '{"a": 1}'"#),
        run("temperature = NULL"),
        run("temperature = 0"),
        run("temperature = 2"),
        run("context_limit = NULL"),
        run("context_limit = 1024"),
        in_loop("mode = 'ask'"),
        second_loop(2, 100),
        view("state = 'proposed', settled = NULL"),
        constraint("active"),
        constraint("readonly"),
        constraint("ignore"),
    ];
    assert_eq!(refused(&bench, kept).await, [""; 0]);
    let mut broken = vec![
        path(2049),
        path(0),
        entry("attributes = 'x'"),
        entry("attributes = NULL"),
        entry("scheme = 'knwon'"),
        at("knwon://a", "knwon"),
        at("known://a", "unknown"),
        at("known://a", "file"),
        at("a", "known"),
        at("://a", "file"),
        scheme("category = 'date'"),
        scheme("scope = 'loop'"),
        scheme("writers = 'model'"),
        scheme("shown = 2"),
        entry("body = 'x', content_id = 1"),
        entry("chars = -1"),
        view("turn = 0"),
        view("path = 'run://first'"),
        view("state = 'proposed', settled = 1"),
        view("state = 'resolved', settled = NULL"),
        view("entry_id = 99"),
        run("temperature = -0.1"),
        run("temperature = 2.1"),
        run("context_limit = 1023"),
        run("status = 101"),
        run("status = 404"),
        run("next_turn = 0"),
        in_loop("mode = 'do'"),
        in_loop("sequence = 0"),
        in_loop("phase = 6"),
        in_loop("status = 404"),
        in_loop("config = 'x'"),
        second_loop(1, 100),
        second_loop(2, 102),
        second_loop(2, 202),
        constraint("hidden"),
        "INSERT INTO constraints VALUES (1, 'a', 2, 'active')".to_owned(),
        format!("{0}; {0}", constraint("active")),
        "INSERT INTO turns (run_id, loop_id, sequence, created_at) VALUES (1, 1, 1, 0)".to_owned(),
        "UPDATE turns SET sequence = 0".to_owned(),
        "INSERT INTO models VALUES ('m', 'p/m', 0, 0)".to_owned(),
        "INSERT INTO calibrations VALUES ('p/m', 0)".to_owned(),
    ];
    broken.extend(["done", "RESOLVED", ""].map(|word| view(&format!("state = '{word}'"))));
    broken.extend(
        [
            "full", "summary", "index", "archive", "promoted", "demoted", "",
        ]
        .map(|word| view(&format!("visibility = '{word}'"))),
    );
    assert_eq!(refused(&bench, broken.clone()).await, broken);
}

fn count(tx: &Tx<'_>, table: &str) -> Result<i64, StoreError> {
    Ok(
        tx.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| {
            row.get(0)
        })?,
    )
}

#[tokio::test]
async fn a_project_goes_with_all_that_is_its_own() {
    let bench = one_of_each().await;
    let left = bench
        .store
        .write(|tx| {
            let project = projects::ensure(tx, "file:///p", "/p")?;
            constraints::put(tx, project, ("*.rs", false), "active")?;
            tx.execute("DELETE FROM projects", [])?;
            ["runs", "loops", "turns", "views", "constraints"]
                .into_iter()
                .map(|table| count(tx, table))
                .collect::<Result<Vec<_>, _>>()
        })
        .await
        .unwrap();
    assert_eq!(left, [0; 5]);
}

#[tokio::test]
async fn a_child_outlives_its_parent_and_an_entry_its_loop() {
    let bench = one_of_each().await;
    let run = bench.run;
    let (parent, loops) = bench
        .store
        .write(move |tx| {
            let new = new_run(tx, "child");
            let child = runs::fork(tx, run, &new)?;
            tx.execute("DELETE FROM loops", [])?;
            let entry = entries::find(tx, run, &path("known://a"))?.unwrap();
            tx.execute("DELETE FROM runs WHERE id = ?1", [run.0])?;
            Ok((runs::by_id(tx, child)?.parent, entry.in_loop))
        })
        .await
        .unwrap();
    assert_eq!((parent, loops), (None, None));
}

#[tokio::test]
async fn every_reference_has_an_index_to_be_followed_backwards() {
    let bench = bench().await;
    let without = bench
        .store
        .read(|connection| {
            let mut statement = connection.prepare(
                "SELECT tables.name || '.' || refs.\"from\"
                 FROM pragma_table_list AS tables, pragma_foreign_key_list(tables.name) AS refs
                 WHERE refs.\"table\" <> 'schemes' AND NOT EXISTS (
                     SELECT 1 FROM pragma_table_info(tables.name) AS columns
                     WHERE columns.name = refs.\"from\" AND columns.pk = 1)
                 AND NOT EXISTS (
                     SELECT 1 FROM pragma_index_list(tables.name) AS indexes,
                         pragma_index_info(indexes.name) AS columns
                     WHERE columns.seqno = 0 AND columns.name = refs.\"from\")",
            )?;
            let names = statement.query_map([], |row| row.get(0))?;
            Ok(names.collect::<Result<Vec<String>, _>>()?)
        })
        .await
        .unwrap();
    assert_eq!(without, [""; 0]);
}

#[tokio::test]
async fn the_table_of_schemes_says_what_the_types_say_whatever_an_older_version_wrote() {
    let bench = bench().await;
    let written = bench
        .store
        .write(|tx| {
            Ok(tx.execute(
                "UPDATE schemes SET category = 'data', shown = 1, writers = '[]'",
                [],
            )?)
        })
        .await
        .unwrap();
    assert_eq!(written, Scheme::ALL.len());
    let again = Store::open(bench.store.file()).await.unwrap();
    let rows: Vec<(String, String, String, bool)> = again
        .read(|connection| {
            let sql = "SELECT name, category, writers, shown FROM schemes";
            let mut statement = connection.prepare(sql)?;
            let rows = statement.query_map([], |row| row.try_into())?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
        .unwrap();
    for (name, category, writers, shown) in rows {
        let scheme: Scheme = name.parse().unwrap();
        assert_eq!(category, scheme.category().as_str(), "{scheme}");
        assert_eq!(writers, serde_json::json!(scheme.writers()).to_string());
        assert_eq!(shown, scheme.shown_to_model(), "{scheme}");
    }
}

#[tokio::test]
async fn what_is_put_twice_is_there_once_and_keeps_what_the_second_does_not_say() {
    let bench = bench().await;
    let (projects, models, constraints) = bench
        .store
        .write(|tx| {
            let first = projects::ensure(tx, "file:///p", "/p")?;
            let again = projects::ensure(tx, "file:///p", "/q")?;
            assert_eq!(first, again);
            let project = projects::find(tx, first)?.unwrap();
            models::put(tx, "b", "p/one", Some(4096))?;
            models::put(tx, "b", "p/two", None)?;
            models::put(tx, "a", "p/three", None)?;
            for (pattern, is_path, word) in [
                ("b", false, "ignore"),
                ("b", true, "active"),
                ("a", false, "readonly"),
            ] {
                constraints::put(tx, first, (pattern, is_path), word)?;
            }
            constraints::remove(tx, first, "none")?;
            Ok((
                project.root,
                models::list(tx)?,
                constraints::list(tx, first)?,
            ))
        })
        .await
        .unwrap();
    let model = |alias: &str, actual: &str, context_length| models::Model {
        alias: alias.to_owned(),
        actual: actual.to_owned(),
        context_length,
    };
    assert_eq!(projects, "/q");
    assert_eq!(
        models,
        [model("a", "p/three", None), model("b", "p/two", Some(4096))]
    );
    let row = |pattern: &str, is_path, word: &str| (pattern.to_owned(), is_path, word.to_owned());
    assert_eq!(
        constraints,
        [row("a", false, "readonly"), row("b", true, "active")]
    );
    let none = bench.store.write(|tx| models::remove(tx, "none")).await;
    assert!(matches!(none, Err(StoreError::NoModel(name)) if name == "none"));
}

#[tokio::test]
async fn turns_are_numbered_from_one_and_their_figures_are_not_invented() {
    let bench = bench().await;
    let run = bench.run;
    let (taken, silent, told) = bench
        .store
        .write(move |tx| {
            let in_loop = enqueue(tx, run, Mode::Ask, "p")?;
            let taken = [0; 3].map(|_| turns::begin(tx, run, in_loop).unwrap().0);
            turns::answered(tx, run, TurnNumber(1), &turns::Figures::default())?;
            let silent = turns::totals(tx, run)?;
            let figures = turns::Figures {
                context: Some(5),
                prompt: Some(2),
                cost: Some(0.5),
                ..turns::Figures::default()
            };
            for turn in [2, 3] {
                turns::answered(tx, run, TurnNumber(turn), &figures)?;
            }
            Ok((taken, silent, turns::totals(tx, run)?))
        })
        .await
        .unwrap();
    assert_eq!(taken, [1, 2, 3]);
    assert_eq!(silent, turns::Figures::default());
    let expected = turns::Figures {
        context: Some(5),
        prompt: Some(4),
        cost: Some(1.0),
        ..turns::Figures::default()
    };
    assert_eq!(told, expected);
}

#[tokio::test]
async fn a_body_is_kept_once_an_entry_and_goes_with_the_last_view_of_it() {
    let bench = bench().await;
    let run = bench.run;
    let counted = bench
        .store
        .write(move |tx| {
            let set = |tx: &mut Tx<'_>, body: &str| {
                entries::set(
                    tx,
                    run,
                    Writer::Plugin,
                    Write::body(path("known://a"), body),
                )
            };
            let rows = |tx: &Tx<'_>| -> Result<i64, StoreError> {
                let sql = "SELECT count(*) FROM entries WHERE path = 'known://a'";
                Ok(tx.query_row(sql, [], |row| row.get(0))?)
            };
            let query = entries::Query::exactly(&path("known://a"));
            set(tx, "one")?;
            set(tx, "two")?;
            let written = rows(tx)?;
            let new = new_run(tx, "child");
            let child = runs::fork(tx, run, &new)?;
            let forked = rows(tx)?;
            entries::rm(tx, run, Writer::Plugin, &query)?;
            let half = rows(tx)?;
            set(tx, "three")?;
            let again = rows(tx)?;
            entries::rm(tx, child, Writer::Plugin, &query)?;
            entries::rm(tx, run, Writer::Plugin, &query)?;
            Ok([written, forked, half, again, rows(tx)?])
        })
        .await
        .unwrap();
    assert_eq!(counted, [1, 1, 1, 2, 0]);
}

#[tokio::test]
async fn the_entries_in_a_state_are_those_alone() {
    let bench = bench().await;
    for (at, state) in [
        ("known://a", State::Proposed),
        ("known://b", State::Resolved),
        ("known://c", State::Proposed),
    ] {
        let write = Write::body(path(at), "").state(state);
        bench.set(Writer::Plugin, write).await.unwrap();
    }
    let proposed = || bench.list(entries::Query::in_state(State::Proposed));
    assert_eq!(
        proposed().await,
        ["known://a summarized ", "known://c summarized "]
    );
    let resolved = Write::to(path("known://a")).state(State::Resolved);
    bench.set(Writer::Plugin, resolved).await.unwrap();
    assert_eq!(proposed().await, ["known://c summarized "]);
}
