//! Who may do what: every writer, every scheme, every verb and branch.

use std::fmt::Write as _;

use serde_json::json;

use super::bench::{Bench, all, bench, path};
use crate::entries::{EntryPath, Scheme, State, Visibility, Writer};
use crate::store::entries::{self, Access, Query, Write};
use crate::store::{StoreError, Tx};

/// A way to change an entry.
type Branch = (
    &'static str,
    fn(&mut Tx<'_>, crate::entries::RunId, Writer, &EntryPath) -> Result<(), StoreError>,
);

/// Every way to change what an entry says, or whether it is there.
const CONTENT: &[Branch] = &[
    ("body", |tx, run, writer, at| {
        entries::set(tx, run, writer, Write::body(at.clone(), "new"))
    }),
    ("new", |tx, run, writer, at| {
        entries::set(tx, run, writer, Write::body(beside(at), "new"))
    }),
    ("append", |tx, run, writer, at| {
        let mut write = Write::body(at.clone(), "more");
        write.append = true;
        entries::set(tx, run, writer, write)
    }),
    ("state", |tx, run, writer, at| {
        entries::set(tx, run, writer, Write::to(at.clone()).state(State::Failed))
    }),
    ("attributes", |tx, run, writer, at| {
        let attributes = json!({"a": 1}).as_object().unwrap().clone();
        entries::set(
            tx,
            run,
            writer,
            Write::to(at.clone()).attributes(attributes),
        )
    }),
    ("pattern", |tx, run, writer, at| {
        let query = Query::exactly(at);
        let write = |entry: &crate::entries::Entry| Ok(Write::body(entry.path.clone(), "new"));
        entries::set_all(tx, run, writer, &query, Access::Content, write).map(drop)
    }),
    ("rm", |tx, run, writer, at| {
        entries::rm(tx, run, writer, &Query::exactly(at)).map(drop)
    }),
    ("mv from", |tx, run, writer, at| {
        entries::mv(tx, run, writer, &Query::exactly(at), &beside(at), None).map(drop)
    }),
    ("mv onto", |tx, run, writer, at| {
        entries::mv(tx, run, writer, &Query::exactly(at), at, None).map(drop)
    }),
    ("cp to", |tx, run, writer, at| {
        entries::cp(tx, run, writer, &Query::exactly(at), &beside(at), None).map(drop)
    }),
];

/// Every way to show more or less of it.
const VISIBILITY: &[Branch] = &[
    ("visibility", |tx, run, writer, at| {
        let write = Write::to(at.clone()).visibility(Visibility::Archived);
        entries::set(tx, run, writer, write)
    }),
    ("get", |tx, run, writer, at| {
        let query = Query::exactly(at);
        entries::show(tx, run, writer, &query, Visibility::Visible, None).map(drop)
    }),
    ("pattern", |tx, run, writer, at| {
        let query = Query::exactly(at);
        let write = |entry: &crate::entries::Entry| {
            Ok(Write::to(entry.path.clone()).visibility(Visibility::Visible))
        };
        entries::set_all(tx, run, writer, &query, Access::Visibility, write).map(drop)
    }),
];

fn beside(at: &EntryPath) -> EntryPath {
    path(&format!("{at}2"))
}

fn of(scheme: Scheme) -> EntryPath {
    match scheme {
        Scheme::File => path("src/a.rs"),
        Scheme::Run => path("run://first"),
        scheme => path(&format!("{scheme}://1")),
    }
}

/// Puts an entry of a scheme there, whoever may write it. The run's mirror is there.
async fn placed(bench: &Bench, scheme: Scheme) -> EntryPath {
    let at = of(scheme);
    if scheme != Scheme::Run {
        let write = Write::body(at.clone(), "old");
        let writer = scheme.writers()[0];
        bench.set(writer, write).await.unwrap();
    }
    at
}

impl Bench {
    /// The writers that may do one thing, which must be those that may do every thing of its kind.
    async fn may(&self, scheme: Scheme, at: &EntryPath, branches: &[Branch]) -> Vec<&'static str> {
        let mut may = Vec::new();
        for writer in Writer::ALL {
            let mut answers = Vec::new();
            for (name, branch) in branches {
                let (run, writer, branch, at) = (self.run, *writer, *branch, at.clone());
                // Whatever was done is undone.
                let tried = self.store.write(move |tx| {
                    branch(tx, run, writer, &at)?;
                    Err::<(), _>(StoreError::Closed)
                });
                match tried.await.unwrap_err() {
                    StoreError::Closed => answers.push((name, true)),
                    StoreError::Forbidden { .. } if scheme != Scheme::Run => {
                        answers.push((name, false));
                    }
                    StoreError::Mirror { .. } if scheme == Scheme::Run => {
                        answers.push((name, false));
                    }
                    other => panic!("{writer} {name} {scheme}: {other}"),
                }
            }
            let (_, first) = answers[0];
            assert!(
                answers.iter().all(|(_, may)| *may == first),
                "{writer} on {scheme}: {answers:?}"
            );
            if first {
                may.push(writer.as_str());
            }
        }
        may
    }
}

#[tokio::test]
async fn what_a_writer_may_do_is_the_same_in_every_verb_and_branch() {
    let bench = bench().await;
    let mut table = String::new();
    for scheme in Scheme::ALL {
        let at = placed(&bench, *scheme).await;
        let writes = bench.may(*scheme, &at, CONTENT).await.join(" ");
        let shows = bench.may(*scheme, &at, VISIBILITY).await.join(" ");
        writeln!(table, "{:<9} {writes:<19} | {shows}", scheme.as_str()).unwrap();
    }
    expect_test::expect![[r"
        file      model plugin        | model plugin client
        known     model plugin client | model plugin client
        unknown   model plugin client | model plugin client
        skill     model plugin client | model plugin client
        prompt    plugin              | plugin client
        log       plugin system       | model plugin client system
        run       system              | plugin client system
        sh        plugin              | model plugin client
        env       plugin              | model plugin client
        http      plugin              | model plugin client
        https     plugin              | model plugin client
        mcp       plugin              | model plugin client
        system    system              | client system
        user      system              | client system
        assistant system              | client system
        reasoning system              | client system
        model     system              | client system
    "]]
    .assert_eq(&table);
}

#[tokio::test]
async fn a_refusal_names_the_path_the_writer_and_who_may() {
    let bench = bench().await;
    let mut texts = Vec::new();
    for (writer, at) in [
        (Writer::Client, "src/a.rs"),
        (Writer::Plugin, "system://1"),
        (Writer::Model, "prompt://1"),
        (Writer::Client, "run://first"),
    ] {
        let refused = bench.set(writer, Write::body(path(at), "x")).await;
        texts.push(refused.unwrap_err().to_string());
    }
    expect_test::expect![[r"
        client may not write src/a.rs: entries of scheme file are written by model, plugin
        plugin may not write system://1: entries of scheme system are written by system
        model may not write prompt://1: entries of scheme prompt are written by plugin
        run://first mirrors a run and changes with it: change the run itself, with ask, act, config, rename, abort or deleteRun"]].assert_eq(&texts.join("\n"));
}

#[tokio::test]
async fn a_pattern_that_names_a_closed_scheme_is_refused_and_one_over_several_passes_it_by() {
    let bench = bench().await;
    for scheme in Scheme::ALL {
        placed(&bench, *scheme).await;
    }
    for (pattern, verb, expected) in [
        ("prompt://*", "rm", None),
        ("prompt://1", "rm", None),
        ("prompt://1*", "get", None),
        ("log://**", "rm", None),
        ("run://*", "set", None),
        ("run://*", "get", None),
        ("system://*", "get", None),
        ("sh://*", "set", None),
        ("sh://*", "mv", None),
        ("**", "rm", Some("known://1 skill://1 src/a.rs unknown://1")),
        (
            "**",
            "set",
            Some("known://1 skill://1 src/a.rs unknown://1"),
        ),
        (
            "**",
            "get",
            Some(
                "env://1 http://1 https://1 known://1 log://1 mcp://1 sh://1 skill://1 src/a.rs \
                 unknown://1",
            ),
        ),
        ("{known,prompt}://**", "rm", Some("known://1")),
        ("*://1", "rm", Some("known://1 skill://1 unknown://1")),
        ("**", "mv", Some("known://1 skill://1 src/a.rs unknown://1")),
    ] {
        let run = bench.run;
        let done = bench.store.write(move |tx| {
            let (query, model) = (all(pattern, None), Writer::Model);
            let done = match verb {
                "rm" => entries::rm(tx, run, model, &query)?,
                "get" => entries::show(tx, run, model, &query, Visibility::Visible, None)?,
                "set" => entries::set_all(tx, run, model, &query, Access::Content, |entry| {
                    Ok(Write::body(entry.path.clone(), "new"))
                })?,
                _ => {
                    let before = entries::open_to(tx, run, model, &query, Access::Content)?;
                    let moved = entries::mv(tx, run, model, &query, &path("known://x/"), None)?;
                    assert_eq!(moved.len(), before.len());
                    before
                }
            };
            let paths: Vec<_> = done.iter().map(|entry| entry.path.to_string()).collect();
            // Undone; the paths are the message.
            Err::<(), _>(StoreError::NoRun(paths.join(" ")))
        });
        match (done.await.unwrap_err(), expected) {
            (StoreError::NoRun(paths), Some(expected)) => {
                assert_eq!(paths, expected, "{verb} {pattern}");
            }
            (StoreError::Forbidden { .. } | StoreError::Mirror { .. }, None) => {}
            (other, _) => panic!("{verb} {pattern}: {other}"),
        }
    }
}

#[tokio::test]
async fn a_scheme_that_does_not_exist_is_refused_by_name_in_patterns_too() {
    let bench = bench().await;
    let run = bench.run;
    for given in ["knwon://a", "knwon://*", "KNWON://**"] {
        let refused = bench
            .store
            .read(move |connection| Query::named(connection, run, given, None))
            .await;
        let text = refused.unwrap_err().to_string();
        assert!(
            text.starts_with("unknown scheme \"knwon\": expected one of file, known"),
            "{text}"
        );
    }
}
