//! What each verb does to an entry: bodies, attributes, states, visibilities, and what is told.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::bench::{Bench, all, bench, enqueue, path};
use crate::dialect::BodyFilter;
use crate::entries::{
    Attributes, Entry, EntryPath, LoopId, Mode, Outcome, Scheme, State, TurnNumber, Visibility,
    Writer,
};
use crate::store::entries::{self, Access, Query, Write};
use crate::store::{ChangeKind, StoreError, Tx};

fn keys(value: Value) -> Attributes {
    match value {
        Value::Object(attributes) => attributes,
        other => panic!("{other} is no object"),
    }
}

fn appended(body: &str) -> Write {
    let mut write = Write::body(path("known://a"), body);
    write.append = true;
    write
}

/// An entry as one line.
fn line(entry: &Entry) -> String {
    let outcome = entry.outcome.as_ref().map(Outcome::to_string);
    let turn = entry.turn.map(|turn| turn.0);
    let in_loop = entry.in_loop.map(|in_loop| in_loop.0);
    format!(
        "{:?} {} {} {outcome:?} {} {turn:?} {in_loop:?}",
        entry.body,
        json!(entry.attributes),
        entry.state,
        entry.visibility,
    )
}

impl Bench {
    async fn entry(&self, at: &str) -> Option<Entry> {
        let (run, at) = (self.run, path(at));
        self.store
            .read(move |connection| entries::find(connection, run, &at))
            .await
            .unwrap()
    }

    /// Does something to the run as the model.
    async fn act<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Tx<'_>, crate::entries::RunId) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let run = self.run;
        self.store.write(move |tx| job(tx, run)).await
    }
}

#[tokio::test]
async fn each_write_changes_what_it_names() {
    let start = || {
        let mut write = Write::body(path("known://a"), "one")
            .attributes(keys(json!({"s": "s", "t": {"u": 1, "v": 2}})))
            .ended(State::Failed, Some(Outcome::Exit(1)))
            .visibility(Visibility::Archived);
        write.turn = Some(TurnNumber(7));
        write.in_loop = Some(LoopId(1));
        write
    };
    let to = || Write::to(path("known://a"));
    let body = |text: &str| Write::body(path("known://a"), text);
    let with = |value| keys(value);
    let mut in_turn = body("two");
    in_turn.turn = Some(TurnNumber(9));
    let mut in_loop = body("two");
    in_loop.in_loop = Some(LoopId(2));
    let writes = [
        ("start", start()),
        ("body", body("two")),
        ("empty body", body("")),
        ("body, turn", in_turn),
        ("body, loop", in_loop),
        ("body, state", body("two").state(State::Resolved)),
        (
            "body, attributes",
            body("two").attributes(with(json!({"n": 1, "z": null}))),
        ),
        (
            "body, no attributes",
            body("two").attributes(Attributes::new()),
        ),
        ("append", appended("two")),
        (
            "append, attributes",
            appended("two").attributes(with(json!({"s": null, "n": 1}))),
        ),
        (
            "attributes",
            to().attributes(with(json!({"s": null, "n": 1}))),
        ),
        (
            "nested attributes",
            to().attributes(with(json!({"t": {"u": null, "w": 3}}))),
        ),
        ("state", to().state(State::Streaming)),
        (
            "state, outcome",
            to().ended(State::Cancelled, Some(Outcome::Aborted)),
        ),
        ("visible", to().visibility(Visibility::Visible)),
        ("summarized", to().visibility(Visibility::Summarized)),
        ("archived", to().visibility(Visibility::Archived)),
    ];
    let mut table = String::new();
    for (name, write) in writes {
        let bench = bench().await;
        for prompt in ["first", "second"] {
            let queued = bench.act(|tx, run| enqueue(tx, run, Mode::Act, prompt));
            queued.await.unwrap();
        }
        bench.set(Writer::Plugin, start()).await.unwrap();
        bench.set(Writer::Plugin, write).await.unwrap();
        let entry = bench.entry("known://a").await.unwrap();
        writeln!(table, "{name}: {}", line(&entry)).unwrap();
    }
    expect_test::expect![[r#"
        start: "one" {"s":"s","t":{"u":1,"v":2}} failed Some("exit:1") archived Some(7) Some(1)
        body: "two" {"s":"s","t":{"u":1,"v":2}} failed Some("exit:1") archived Some(7) Some(1)
        empty body: "" {"s":"s","t":{"u":1,"v":2}} failed Some("exit:1") archived Some(7) Some(1)
        body, turn: "two" {"s":"s","t":{"u":1,"v":2}} failed Some("exit:1") archived Some(9) Some(1)
        body, loop: "two" {"s":"s","t":{"u":1,"v":2}} failed Some("exit:1") archived Some(7) Some(2)
        body, state: "two" {"s":"s","t":{"u":1,"v":2}} resolved None archived Some(7) Some(1)
        body, attributes: "two" {"n":1} failed Some("exit:1") archived Some(7) Some(1)
        body, no attributes: "two" {} failed Some("exit:1") archived Some(7) Some(1)
        append: "onetwo" {"s":"s","t":{"u":1,"v":2}} failed Some("exit:1") archived Some(7) Some(1)
        append, attributes: "onetwo" {"t":{"u":1,"v":2},"n":1} failed Some("exit:1") archived Some(7) Some(1)
        attributes: "one" {"t":{"u":1,"v":2},"n":1} failed Some("exit:1") archived Some(7) Some(1)
        nested attributes: "one" {"s":"s","t":{"v":2,"w":3}} failed Some("exit:1") archived Some(7) Some(1)
        state: "one" {"s":"s","t":{"u":1,"v":2}} streaming None archived Some(7) Some(1)
        state, outcome: "one" {"s":"s","t":{"u":1,"v":2}} cancelled Some("aborted") archived Some(7) Some(1)
        visible: "one" {"s":"s","t":{"u":1,"v":2}} failed Some("exit:1") visible Some(7) Some(1)
        summarized: "one" {"s":"s","t":{"u":1,"v":2}} failed Some("exit:1") summarized Some(7) Some(1)
        archived: "one" {"s":"s","t":{"u":1,"v":2}} failed Some("exit:1") archived Some(7) Some(1)
    "#]].assert_eq(&table);
}

#[tokio::test]
async fn a_new_entry_is_resolved_and_shown_as_its_scheme_says() {
    let bench = bench().await;
    let mut table = String::new();
    for at in [
        "known://a",
        "unknown://a",
        "skill://a",
        "src/a.rs",
        "prompt://1",
        "log://turn_1/get/a",
        "sh://turn_1/a_1",
        "https://x.org/",
        "system://1",
    ] {
        let writer = path(at).scheme().writers()[0];
        bench.set(writer, Write::body(path(at), "")).await.unwrap();
        let entry = bench.entry(at).await.unwrap();
        writeln!(table, "{at}: {}", line(&entry)).unwrap();
    }
    expect_test::expect![[r#"
        known://a: "" {} resolved None summarized None None
        unknown://a: "" {} resolved None visible None None
        skill://a: "" {} resolved None visible None None
        src/a.rs: "" {} resolved None summarized None None
        prompt://1: "" {} resolved None visible None None
        log://turn_1/get/a: "" {} resolved None visible None None
        sh://turn_1/a_1: "" {} resolved None summarized None None
        https://x.org/: "" {} resolved None summarized None None
        system://1: "" {} resolved None archived None None
    "#]]
    .assert_eq(&table);
}

#[tokio::test]
async fn chunks_are_appended_in_order_and_the_stream_goes_on() {
    let bench = bench().await;
    let streaming = Write::body(path("known://a"), "").state(State::Streaming);
    bench.set(Writer::Plugin, streaming).await.unwrap();
    for chunk in ["one\n", "", "two"] {
        bench.set(Writer::Plugin, appended(chunk)).await.unwrap();
    }
    let entry = bench.entry("known://a").await.unwrap();
    assert_eq!(
        (entry.body.as_str(), entry.state),
        ("one\ntwo", State::Streaming)
    );
    let mut nothing = appended("");
    nothing.body = None;
    let refused = bench.set(Writer::Plugin, nothing).await;
    assert!(matches!(refused, Err(StoreError::NothingToAppend(at)) if at == "known://a"));
}

#[tokio::test]
async fn a_change_is_told_by_its_kind_and_a_refused_one_is_not() {
    let bench = bench().await;
    let mut changes = bench.store.changes();
    let to = || Write::to(path("known://a"));
    let body = || Write::body(path("known://a"), "x");
    for (write, expected) in [
        (body(), ChangeKind::Upsert),
        (body().state(State::Failed), ChangeKind::Upsert),
        (appended("y"), ChangeKind::Append),
        (to().state(State::Resolved), ChangeKind::Resolve),
        (to().visibility(Visibility::Visible), ChangeKind::Visibility),
        (to().attributes(Attributes::new()), ChangeKind::Attributes),
    ] {
        bench.set(Writer::Model, write.clone()).await.unwrap();
        assert_eq!(changes.recv().await.unwrap().kind, expected, "{write:?}");
    }
    let query = Query::exactly(&path("known://a"));
    bench
        .act(move |tx, run| entries::rm(tx, run, Writer::Model, &query))
        .await
        .unwrap();
    assert_eq!(changes.recv().await.unwrap().kind, ChangeKind::Remove);
    bench.set(Writer::System, body()).await.unwrap_err();
    let undone = bench.act(|tx, run| {
        entries::set(tx, run, Writer::Model, Write::body(path("known://b"), ""))?;
        Err::<(), _>(StoreError::Closed)
    });
    undone.await.unwrap_err();
    assert!(changes.try_recv().is_err());
}

/// A run with some entries, and what is there after something was done to all that `given` means.
async fn after(
    given: &'static str,
    filter: Option<&'static str>,
    verb: &'static str,
) -> Vec<String> {
    let bench = bench().await;
    for (at, body) in [
        ("known://a", "cookies"),
        ("known://b", "tokens"),
        ("known://a*", "cookies and tokens"),
        ("src/a.rs", "fn cookies"),
        ("src/b.rs", "fn b"),
    ] {
        bench
            .set(Writer::Plugin, Write::body(path(at), body))
            .await
            .unwrap();
    }
    let done = bench.act(move |tx, run| {
        let filter = filter.map(BodyFilter::parse).transpose()?;
        let query = Query::named(tx, run, given, filter)?;
        match verb {
            "set" => {
                let write = |entry: &Entry| Ok(Write::body(entry.path.clone(), "new"));
                entries::set_all(tx, run, Writer::Model, &query, Access::Content, write)?
            }
            "rm" => entries::rm(tx, run, Writer::Model, &query)?,
            shown => {
                let shown: Visibility = shown.parse().unwrap();
                entries::show(tx, run, Writer::Model, &query, shown, None)?
            }
        };
        Ok(())
    });
    done.await.unwrap();
    bench.list(Query::default()).await
}

#[tokio::test]
async fn what_is_not_meant_is_not_touched() {
    let mut table = String::new();
    for (given, filter, verb) in [
        ("known://*", None, "set"),
        ("known://*", Some("tokens"), "set"),
        ("known://a*", None, "set"),
        ("**", Some("/^cook/"), "set"),
        ("**/*.rs", None, "visible"),
        ("known://a", None, "visible"),
        ("**", Some("cookies"), "visible"),
        ("known://*", None, "archived"),
        ("src/*", None, "rm"),
        ("known://*", Some("tokens"), "rm"),
        ("known://none", None, "rm"),
        ("**", None, "rm"),
    ] {
        let filter_shown = filter.map_or(String::new(), |filter| format!(" {filter}"));
        writeln!(table, "{verb} {given}{filter_shown}").unwrap();
        for entry in after(given, filter, verb).await {
            writeln!(table, "    {entry}").unwrap();
        }
    }
    expect_test::expect![[r"
        set known://*
            known://a summarized new
            known://a* summarized new
            known://b summarized new
            src/a.rs summarized fn cookies
            src/b.rs summarized fn b
        set known://* tokens
            known://a summarized cookies
            known://a* summarized new
            known://b summarized new
            src/a.rs summarized fn cookies
            src/b.rs summarized fn b
        set known://a*
            known://a summarized cookies
            known://a* summarized new
            known://b summarized tokens
            src/a.rs summarized fn cookies
            src/b.rs summarized fn b
        set ** /^cook/
            known://a summarized new
            known://a* summarized new
            known://b summarized tokens
            src/a.rs summarized fn cookies
            src/b.rs summarized fn b
        visible **/*.rs
            known://a summarized cookies
            known://a* summarized cookies and tokens
            known://b summarized tokens
            src/a.rs visible fn cookies
            src/b.rs visible fn b
        visible known://a
            known://a visible cookies
            known://a* summarized cookies and tokens
            known://b summarized tokens
            src/a.rs summarized fn cookies
            src/b.rs summarized fn b
        visible ** cookies
            known://a visible cookies
            known://a* visible cookies and tokens
            known://b summarized tokens
            src/a.rs visible fn cookies
            src/b.rs summarized fn b
        archived known://*
            known://a archived cookies
            known://a* archived cookies and tokens
            known://b archived tokens
            src/a.rs summarized fn cookies
            src/b.rs summarized fn b
        rm src/*
            known://a summarized cookies
            known://a* summarized cookies and tokens
            known://b summarized tokens
        rm known://* tokens
            known://a summarized cookies
            src/a.rs summarized fn cookies
            src/b.rs summarized fn b
        rm known://none
            known://a summarized cookies
            known://a* summarized cookies and tokens
            known://b summarized tokens
            src/a.rs summarized fn cookies
            src/b.rs summarized fn b
        rm **
    "]]
    .assert_eq(&table);
}

#[tokio::test]
async fn what_is_written_again_after_it_was_removed_is_new() {
    let bench = bench().await;
    let first = Write::body(path("known://a"), "x")
        .attributes(keys(json!({"summary": "s"})))
        .ended(State::Failed, Some(Outcome::Conflict))
        .visibility(Visibility::Archived);
    bench.set(Writer::Plugin, first).await.unwrap();
    let query = Query::exactly(&path("known://a"));
    bench
        .act(move |tx, run| entries::rm(tx, run, Writer::Model, &query))
        .await
        .unwrap();
    bench.known("known://a", "y").await;
    let entry = bench.entry("known://a").await.unwrap();
    assert_eq!(line(&entry), r#""y" {} resolved None summarized None None"#);
}

#[tokio::test]
async fn an_entry_is_found_however_its_path_is_spelled() {
    let bench = bench().await;
    for at in [
        "https://x.com:80/p?q=1#a",
        "known://my notes",
        "app/[slug]/page (1).tsx",
    ] {
        bench
            .set(Writer::Plugin, Write::body(path(at), ""))
            .await
            .unwrap();
    }
    for (given, expected) in [
        ("https://x.com:80/p?q=1#a", 1),
        ("HTTPS://x.com:80/p?q=1#a", 1),
        ("https://x.com:80/p?q=*", 1),
        ("https://**", 1),
        ("known://my notes", 1),
        ("known://my%20notes", 1),
        ("Known://my *", 1),
        ("./app//[slug]/page (1).tsx", 1),
        ("app/[slug]/page (2).tsx", 0),
        // A class is also itself.
        ("app/[slug]/*", 1),
        ("app/*/*.tsx", 1),
    ] {
        let run = bench.run;
        let found = bench
            .store
            .read(move |connection| {
                let query = Query::named(connection, run, given, None)?;
                entries::list(connection, run, &query)
            })
            .await
            .unwrap();
        assert_eq!(found.len(), expected, "{given}");
    }
}

#[tokio::test]
async fn a_copy_takes_everything_along_and_what_is_not_there_is_named() {
    let bench = bench().await;
    let mut write = Write::body(path("known://a/x"), "body")
        .attributes(keys(json!({"summary": "s"})))
        .ended(State::Failed, Some(Outcome::Conflict))
        .visibility(Visibility::Visible);
    let queued = bench.act(|tx, run| enqueue(tx, run, Mode::Act, "p"));
    write = write.at(TurnNumber(3), queued.await.unwrap());
    bench.set(Writer::Plugin, write).await.unwrap();
    bench.known("known://a/y", "other").await;
    let go = |verb: entries::Transfer, from: &'static str, to: &'static str| {
        bench.act(move |tx, run| {
            let from = Query::named(tx, run, from, None)?;
            let paths = verb(tx, run, Writer::Model, &from, &path(to), None)?;
            Ok(paths.iter().map(EntryPath::to_string).collect::<Vec<_>>())
        })
    };
    let whole = r#""body" {"summary":"s"} failed Some("conflict") visible Some(3) Some(1)"#;
    assert_eq!(
        go(entries::cp, "known://a/x", "known://b").await.unwrap(),
        ["known://b"]
    );
    for at in ["known://a/x", "known://b"] {
        assert_eq!(line(&bench.entry(at).await.unwrap()), whole, "{at}");
    }
    assert_eq!(
        go(entries::mv, "known://b", "known://c").await.unwrap(),
        ["known://c"]
    );
    assert_eq!(line(&bench.entry("known://c").await.unwrap()), whole);
    assert!(bench.entry("known://b").await.is_none());
    assert_eq!(
        go(entries::mv, "known://a/*", "known://d/").await.unwrap(),
        ["known://d/x", "known://d/y"]
    );
    let many = go(entries::cp, "known://d/*", "known://e").await;
    assert!(
        matches!(many, Err(StoreError::NoFolder { count: 2, .. })),
        "{many:?}"
    );
    for verb in [entries::cp as entries::Transfer, entries::mv] {
        for from in ["known://none", "known://none/*"] {
            let none = go(verb, from, "known://f").await.unwrap_err();
            assert_eq!(
                none.to_string(),
                format!("{from} does not exist in this run")
            );
        }
    }
    assert!(bench.entry("known://f").await.is_none());
}

#[tokio::test]
async fn what_is_moved_to_where_others_are_moved_from_is_not_lost() {
    let bench = bench().await;
    for (at, body) in [
        ("known://b", "outer"),
        ("known://x/b", "inner"),
        ("known://x/c", "c"),
    ] {
        bench.known(at, body).await;
    }
    let moved = bench.act(|tx, run| {
        let from = all("known://**", None);
        entries::mv(tx, run, Writer::Model, &from, &path("known://x/"), None)
    });
    moved.await.unwrap();
    assert_eq!(
        bench.list(Query::default()).await,
        [
            "known://x/b summarized outer",
            "known://x/x/b summarized inner",
            "known://x/x/c summarized c"
        ]
    );
}

#[tokio::test]
async fn a_thousand_rows_of_one_name_have_a_thousand_paths() {
    let bench = bench().await;
    let distinct = bench
        .act(|tx, run| {
            let base = EntryPath::log(TurnNumber(1), "set", "a");
            let mut paths = std::collections::BTreeSet::new();
            for _ in 0..1_000 {
                paths.insert(entries::log(tx, run, Write::body(base.clone(), ""))?);
            }
            assert!(paths.contains(&base.numbered(1_000)));
            Ok(paths.len())
        })
        .await
        .unwrap();
    assert_eq!(distinct, 1_000);
}

#[tokio::test]
async fn an_ordinal_is_never_that_of_an_entry_that_is_there() {
    let bench = bench().await;
    let paths = bench
        .act(|tx, run| {
            let log = |tx: &mut Tx<'_>, target: &str| {
                let base = EntryPath::log(TurnNumber(1), "set", target);
                Ok::<_, StoreError>(entries::log(tx, run, Write::body(base, ""))?.to_string())
            };
            let mut paths = Vec::new();
            for target in ["a_2", "a", "a", "a"] {
                paths.push(log(tx, target)?);
            }
            let gone = path("log://turn_1/set/a");
            entries::rm(tx, run, Writer::Plugin, &Query::exactly(&gone))?;
            paths.push(log(tx, "a")?);
            Ok(paths)
        })
        .await
        .unwrap();
    assert_eq!(
        paths,
        ["a_2", "a", "a_3", "a_4", "a"].map(|target| format!("log://turn_1/set/{target}"))
    );
}

#[tokio::test]
async fn an_audit_row_that_is_filtered_by_its_body_is_read_uncompressed() {
    let bench = bench().await;
    bench
        .act(|tx, run| {
            let in_loop = super::bench::enqueue(tx, run, crate::entries::Mode::Ask, "p")?;
            let at = (TurnNumber(1), in_loop);
            entries::audit(tx, run, Scheme::System, at, "the packet".to_owned(), None)
        })
        .await
        .unwrap();
    for (filter, expected) in [("packet", 1), ("/^the/", 1), ("none", 0)] {
        assert_eq!(
            bench.list(all("system://*", Some(filter))).await.len(),
            expected,
            "{filter}"
        );
    }
}

impl Bench {
    /// How many pages a write puts into the write-ahead log.
    async fn pages(&self, write: Write) -> u64 {
        /// What precedes the log and each of its pages, and the page: the format of SQLite.
        const HEADERS: (u64, u64) = (32, 24);
        const PAGE: u64 = 4096;
        self.store.flush().await.unwrap();
        self.set(Writer::Model, write).await.unwrap();
        let mut log = self.store.file().as_os_str().to_owned();
        log.push("-wal");
        (std::fs::metadata(log).unwrap().len() - HEADERS.0) / (HEADERS.1 + PAGE)
    }
}

#[tokio::test]
async fn a_write_does_not_touch_the_indexes_of_what_stays_the_same() {
    let bench = bench().await;
    bench.known("known://a", "one").await;
    let to = |change: fn(Write) -> Write| change(Write::to(path("known://a")));
    for (write, expected) in [
        // The entry, the view, its place among the changes, the run.
        (Write::body(path("known://a"), "two"), 4),
        (to(|write| write.state(State::Resolved)), 3),
        // Also its place among those of a visibility, and the view's among those of its entry.
        (to(|write| write.visibility(Visibility::Archived)), 5),
    ] {
        let written = format!("{write:?}");
        assert_eq!(bench.pages(write).await, expected, "{written}");
    }
}
