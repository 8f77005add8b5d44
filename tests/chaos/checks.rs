//! What holds when the chaos is over, whatever happened in it: in the database, and in what was told.

use std::collections::BTreeMap;

use rusqlite::{Connection, Row};

use crate::model::{Noted, markers};
use crate::run::is_active;
use crate::user::User;

/// Queries that find what must not be, by what they would find.
const NEVER: &[(&str, &str)] = &[
    (
        "a damaged page",
        "SELECT integrity_check FROM pragma_integrity_check WHERE integrity_check <> 'ok'",
    ),
    (
        "a reference to nothing",
        "SELECT \"table\", rowid FROM pragma_foreign_key_check",
    ),
    (
        "a run without an end",
        "SELECT alias, status FROM runs WHERE status IN (100, 102, 202)",
    ),
    (
        "a loop without an end",
        "SELECT id, prompt, status FROM loops WHERE status IN (100, 102, 202)",
    ),
    ("a lease", "SELECT run_id, pid FROM leases"),
    (
        "an end without its time",
        "SELECT alias FROM runs WHERE finished_at IS NULL",
    ),
    (
        "a path that a run sees twice",
        "SELECT run_id, path FROM views GROUP BY run_id, path HAVING count(*) > 1",
    ),
    (
        "an open proposal of a loop that was not interrupted",
        "SELECT views.path, loops.id, loops.status, loops.outcome FROM views
         LEFT JOIN loops ON loops.id = loop_id
         WHERE state = 'proposed' AND loops.outcome IS NOT 'interrupted'",
    ),
    (
        "an open entry that is no proposal",
        "SELECT views.path, state FROM views
         LEFT JOIN proposals ON proposals.run_id = views.run_id AND proposals.path = views.path
         WHERE state = 'streaming' OR (state = 'proposed' AND proposals.path IS NULL)",
    ),
    (
        "a mirror that says something else than its run",
        "SELECT alias, status, state FROM runs
         LEFT JOIN views ON run_id = runs.id AND path = 'run://' || alias
         WHERE state IS NOT CASE status WHEN 200 THEN 'resolved' WHEN 204 THEN 'resolved'
                                        WHEN 499 THEN 'cancelled' ELSE 'failed' END",
    ),
    (
        "a run with another status than its last loop",
        // A prompt that was to join a loop and ended with it was none itself.
        "SELECT alias, runs.status, loops.status AS last FROM runs
         JOIN loops ON loops.run_id = runs.id AND loops.sequence = (
             SELECT max(sequence) FROM loops WHERE run_id = runs.id AND (
                 joins = 0 OR EXISTS (SELECT 1 FROM turns WHERE loop_id = loops.id)))
         WHERE runs.status <> loops.status AND NOT EXISTS (
             SELECT 1 FROM loops AS later WHERE later.run_id = runs.id
                 AND later.sequence > loops.sequence AND later.status = runs.status)",
    ),
    (
        "a turn of a loop of another run",
        "SELECT turns.id FROM turns JOIN loops ON loops.id = loop_id
         WHERE turns.run_id <> loops.run_id",
    ),
    (
        "a turn between those of another loop",
        "SELECT a.id FROM turns AS a JOIN turns AS b USING (run_id) JOIN turns AS c USING (run_id)
         WHERE a.loop_id = c.loop_id AND a.loop_id <> b.loop_id
             AND a.sequence < b.sequence AND b.sequence < c.sequence",
    ),
    (
        "a loop that began before one that was queued earlier had ended",
        "SELECT a.id, b.id FROM loops AS a JOIN loops AS b USING (run_id)
         JOIN turns AS s ON s.loop_id = a.id JOIN turns AS t ON t.loop_id = b.id
         WHERE a.sequence < b.sequence AND s.sequence > t.sequence",
    ),
    (
        "turns that were skipped",
        "SELECT alias FROM runs JOIN turns ON run_id = runs.id GROUP BY runs.id
         HAVING max(sequence) <> next_turn - 1 OR count(*) <> max(sequence) - min(sequence) + 1
             OR (parent_id IS NULL AND min(sequence) <> 1 AND alias GLOB 'w*')",
    ),
    (
        "a change that was not counted",
        "SELECT views.path FROM views JOIN runs ON runs.id = run_id WHERE changed > changes",
    ),
    (
        "a wrong count of characters",
        "SELECT path FROM entries WHERE content_id IS NULL AND chars <> length(body)",
    ),
    (
        "an entry that nobody sees",
        "SELECT path FROM entries WHERE id NOT IN (SELECT entry_id FROM views)",
    ),
    (
        "a text that nothing holds",
        "SELECT id FROM contents WHERE id NOT IN (
             SELECT content_id FROM entries WHERE content_id IS NOT NULL
             UNION SELECT base_id FROM contents WHERE base_id IS NOT NULL
             UNION SELECT base_id FROM proposals WHERE base_id IS NOT NULL
             UNION SELECT after_id FROM proposals WHERE after_id IS NOT NULL)",
    ),
];

/// The database is whole, and everything in it has come to its end.
pub fn database(database: &Connection) {
    for (what, sql) in NEVER {
        let found = rows(database, sql);
        assert!(found.is_empty(), "there is {what}: {found:#?}");
    }
}

/// Every prompt that was taken on stands in its run once, as a loop or in the prompt of a turn that it
/// joined; no prompt does that was refused.
pub fn prompts(database: &Connection, user: &User) {
    for run in user.runs.iter().filter(|run| !run.deleted) {
        let Some(name) = run.names.last() else {
            continue;
        };
        let mut found: BTreeMap<String, usize> = BTreeMap::new();
        for prompt in own_prompts(database, name) {
            for marker in markers(&prompt) {
                *found.entry(marker.to_owned()).or_default() += 1;
            }
        }
        let expected = run.taken.iter().map(|marker| (marker.clone(), 1)).collect();
        assert_eq!(
            found, expected,
            "the prompts of {name}, refused {:?}",
            run.refused
        );
    }
}

/// The prompts of a run's loops, and those that joined one.
fn own_prompts(database: &Connection, run: &str) -> Vec<String> {
    let sql = "SELECT prompt FROM loops JOIN runs ON runs.id = run_id WHERE alias = ?1
         UNION ALL
         SELECT replace(body, loops.prompt, '') FROM views
         JOIN runs ON runs.id = views.run_id JOIN entries ON entries.id = entry_id
         JOIN loops ON loops.id = views.loop_id
         WHERE alias = ?1 AND views.path GLOB 'prompt://*'";
    let mut statement = database.prepare(sql).expect("the query is well-formed");
    let prompts = statement.query_map([run], |row| row.get(0));
    let prompts = prompts.expect("prompts can be read");
    prompts
        .map(|prompt| prompt.expect("a prompt is a text"))
        .collect()
}

/// No prompt was begun in two turns: it would have been claimed twice.
pub fn claims(noted: &Noted) {
    let twice: Vec<_> = noted
        .begun
        .iter()
        .filter(|(_, paths)| paths.len() > 1)
        .collect();
    assert!(twice.is_empty(), "prompts that were begun twice: {twice:?}");
}

/// What was told of each run ends with the status that it has, and tells one end for each of its loops
/// that began.
pub fn states(database: &Connection, user: &User) {
    for (run, told) in user.statuses() {
        let run = &user.runs[run];
        let name = run.names.last().expect("it was told of");
        if run.deleted {
            // It may have gone before all was told of it.
            continue;
        }
        let last = told.last().copied();
        let (status, begun, all) = loops_of(database, name);
        assert_eq!(last, Some(status), "{name} was told of with {told:?}");
        let is_end = |pair: &&[u16]| is_active(pair[0]) && !is_active(pair[1]);
        let ends = told.windows(2).filter(is_end).count();
        let ends = u32::try_from(ends).expect("few loops have run");
        assert!(
            (begun..=all).contains(&ends),
            "{name} had {all} loops, {begun} with turns, and was told of with {told:?}"
        );
    }
}

/// A run's status, its loops that took turns, and all its loops.
fn loops_of(database: &Connection, run: &str) -> (u16, u32, u32) {
    let sql = "SELECT runs.status, count(DISTINCT turns.loop_id), count(DISTINCT loops.id)
         FROM runs JOIN loops ON loops.run_id = runs.id LEFT JOIN turns ON turns.loop_id = loops.id
         WHERE alias = ?1 GROUP BY runs.id";
    let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let found = database.query_row(sql, [run], read);
    found.unwrap_or_else(|error| panic!("{run}: {error}"))
}

/// How many runs ended with each status.
pub fn endings(database: &Connection) -> BTreeMap<u16, u32> {
    let mut statement = database
        .prepare("SELECT status, count(*) FROM runs GROUP BY status")
        .expect("the query is well-formed");
    let counts = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    let counts = counts.expect("runs can be counted");
    counts
        .map(|count| count.expect("a count is a number"))
        .collect()
}

/// The processes that still have this database in their environment.
#[cfg(target_os = "linux")]
pub fn processes_on(database: &std::path::Path) -> Vec<String> {
    let wanted = format!("RUMMY_DB_PATH={}", database.display());
    let processes = std::fs::read_dir("/proc").expect("Linux has it");
    let has_it = |process: &std::path::Path| match std::fs::read(process.join("environ")) {
        Ok(variables) => variables
            .split(|byte| *byte == 0)
            .any(|v| v == wanted.as_bytes()),
        // It has ended, or is somebody else's.
        Err(_) => false,
    };
    let paths = processes.map(|entry| entry.expect("it can be listed").path());
    paths
        .filter(|path| has_it(path))
        .map(|path| path.display().to_string())
        .collect()
}

fn rows(database: &Connection, sql: &str) -> Vec<Vec<String>> {
    let mut statement = database.prepare(sql).expect("the query is well-formed");
    let columns = statement.column_count();
    let rows = statement.query_map([], |row| {
        let cells = (0..columns).map(|column| row.get(column).map(shown));
        cells.collect::<rusqlite::Result<Vec<String>>>()
    });
    let rows = rows.expect("the query can be run");
    rows.map(|row| row.expect("a row can be read")).collect()
}

fn shown(value: rusqlite::types::Value) -> String {
    match value {
        rusqlite::types::Value::Integer(number) => number.to_string(),
        rusqlite::types::Value::Text(text) => text,
        other => format!("{other:?}"),
    }
}
