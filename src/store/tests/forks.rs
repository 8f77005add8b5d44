//! What a fork shares with its parent, and what neither can do to the other.

use serde_json::json;

use super::bench::{all, bench, enqueue, new_run, path};
use crate::entries::{Entry, Mode, Outcome, RunId, Scheme, State, TurnNumber, Visibility, Writer};
use crate::store::entries::{self, Access, Query, Write};
use crate::store::{StoreError, Tx, runs};

/// The paths and bodies of a run, but for its mirror.
fn bodies(tx: &Tx<'_>, run: RunId) -> Result<Vec<String>, StoreError> {
    let mut rows = entries::list(tx, run, &Query::default())?;
    rows.retain(|entry| entry.scheme() != Scheme::Run);
    let shown = |entry: &Entry| {
        let (path, body, state) = (&entry.path, &entry.body, entry.state);
        format!(
            "{path} {body} {} {state} {}",
            json!(entry.attributes),
            entry.visibility
        )
    };
    Ok(rows.iter().map(shown).collect())
}

fn fork(tx: &mut Tx<'_>, parent: RunId, alias: &str) -> Result<RunId, StoreError> {
    let new = new_run(tx, alias);
    runs::fork(tx, parent, &new)
}

/// A way to change an entry.
type Change = fn(&mut Tx<'_>, RunId) -> Result<(), StoreError>;

#[tokio::test]
async fn nothing_that_is_done_in_one_run_is_seen_in_another() {
    let changes: [(&str, Change); 8] = [
        ("body", |tx, run| {
            entries::set(
                tx,
                run,
                Writer::Model,
                Write::body(path("known://a"), "new"),
            )
        }),
        ("append", |tx, run| {
            let mut write = Write::body(path("known://a"), "more");
            write.append = true;
            entries::set(tx, run, Writer::Model, write)
        }),
        ("attributes", |tx, run| {
            let attributes = json!({"b": 1}).as_object().unwrap().clone();
            let write = Write::to(path("known://a")).attributes(attributes);
            entries::set(tx, run, Writer::Model, write)
        }),
        ("state", |tx, run| {
            let write = Write::to(path("known://a")).ended(State::Failed, Some(Outcome::Conflict));
            entries::set(tx, run, Writer::Model, write)
        }),
        ("pattern", |tx, run| {
            let write = |entry: &Entry| Ok(Write::body(entry.path.clone(), "all"));
            let query = all("known://**", None);
            entries::set_all(tx, run, Writer::Model, &query, Access::Content, write).map(drop)
        }),
        ("get", |tx, run| {
            let query = all("**", None);
            entries::show(tx, run, Writer::Model, &query, Visibility::Archived, None).map(drop)
        }),
        ("rm", |tx, run| {
            entries::rm(tx, run, Writer::Model, &all("**", None)).map(drop)
        }),
        ("mv", |tx, run| {
            let (from, to) = (all("known://*", None), path("known://x/"));
            entries::mv(tx, run, Writer::Model, &from, &to, None).map(drop)
        }),
    ];
    for (name, change) in changes {
        let bench = bench().await;
        let parent = bench.run;
        bench
            .store
            .write(move |tx| {
                let attributes = json!({"a": 1}).as_object().unwrap().clone();
                for at in ["known://a", "known://b"] {
                    let write = Write::body(path(at), "old").attributes(attributes.clone());
                    entries::set(tx, parent, Writer::Model, write)?;
                }
                let child = fork(tx, parent, "child")?;
                let grandchild = fork(tx, child, "grandchild")?;
                let family = [parent, child, grandchild];
                for one in family {
                    let others = family.iter().filter(|run| **run != one);
                    let others: Vec<RunId> = others.copied().collect();
                    let look = |tx: &Tx<'_>| -> Result<Vec<_>, StoreError> {
                        others.iter().map(|run| bodies(tx, *run)).collect()
                    };
                    let before = look(tx)?;
                    let own = bodies(tx, one)?;
                    change(tx, one)?;
                    assert_eq!(look(tx)?, before, "{name}");
                    assert_ne!(bodies(tx, one)?, own, "{name}");
                }
                Ok(())
            })
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_fork_has_one_row_a_path_and_shares_the_texts_until_one_writes() {
    let bench = bench().await;
    let parent = bench.run;
    bench.known("known://a", "old").await;
    let counts = bench
        .store
        .write(move |tx| {
            let child = fork(tx, parent, "child")?;
            let count = |tx: &Tx<'_>, table: &str| -> Result<i64, StoreError> {
                let sql = format!("SELECT count(*) FROM {table} WHERE path = 'known://a'");
                Ok(tx.query_row(&sql, [], |row| row.get(0))?)
            };
            let mut counts = vec![(count(tx, "entries")?, count(tx, "views")?)];
            for run in [child, parent, child] {
                entries::set(
                    tx,
                    run,
                    Writer::Model,
                    Write::body(path("known://a"), "new"),
                )?;
                counts.push((count(tx, "entries")?, count(tx, "views")?));
            }
            Ok(counts)
        })
        .await
        .unwrap();
    assert_eq!(counts, [(1, 2), (2, 2), (2, 2), (2, 2)]);
}

#[tokio::test]
async fn a_fork_reads_its_entries_in_the_order_of_its_parent() {
    let bench = bench().await;
    let parent = bench.run;
    for at in ["unknown://c", "unknown://a", "unknown://b"] {
        bench.known(at, "").await;
    }
    let order = bench
        .store
        .write(move |tx| {
            // What was changed last is not last.
            let query = all("unknown://*", None);
            entries::show(tx, parent, Writer::Model, &query, Visibility::Visible, None)?;
            let child = fork(tx, parent, "child")?;
            let mut packet = entries::in_packet(tx, child, None)?.changed;
            packet.sort_by_key(|entry| entry.view);
            Ok(packet
                .iter()
                .map(|entry| entry.path.to_string())
                .collect::<Vec<_>>())
        })
        .await
        .unwrap();
    assert_eq!(order, ["unknown://c", "unknown://a", "unknown://b"]);
}

#[tokio::test]
async fn a_fork_leaves_what_is_open_the_mirror_and_the_audit_behind_and_goes_on_counting() {
    let bench = bench().await;
    let parent = bench.run;
    let (left, turn, again) = bench
        .store
        .write(move |tx| {
            let in_loop = enqueue(tx, parent, Mode::Act, "p")?;
            let turn = runs::take_turn(tx, parent)?;
            entries::audit(
                tx,
                parent,
                Scheme::System,
                (turn, in_loop),
                "packet".to_owned(),
                None,
            )?;
            let log = Write::body(path("log://turn_1/set/a"), "done").at(turn, in_loop);
            entries::set(tx, parent, Writer::Plugin, log)?;
            let proposed = Write::body(path("log://turn_1/set/b"), "").state(State::Proposed);
            entries::set(tx, parent, Writer::Plugin, proposed)?;
            let streams = Write::body(path("sh://turn_1/ls_1"), "a").state(State::Streaming);
            entries::set(tx, parent, Writer::Plugin, streams)?;
            let child = fork(tx, parent, "child")?;
            let rows = entries::list(tx, child, &Query::default())?;
            let shown = |entry: &Entry| format!("{} {:?}", entry.path, entry.in_loop);
            let left: Vec<String> = rows.iter().map(shown).collect();
            let again = entries::log(tx, child, Write::body(path("log://turn_1/set/a"), ""))?;
            Ok((left, runs::take_turn(tx, child)?, again))
        })
        .await
        .unwrap();
    assert_eq!(left, ["log://turn_1/set/a None", "run://child None"]);
    assert_eq!(turn, TurnNumber(2));
    assert_eq!(again.as_str(), "log://turn_1/set/a_2");
}
