//! Writes that are killed at any moment: what was acknowledged is there; what was not is there
//! whole or not at all.

use std::collections::BTreeMap;
use std::rc::Rc;

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::lsp::script::update;
use crate::lsp::{Answer, RequestId, Sandbox, Session};
use crate::model_server::{ModelServer, Reply};

/// Kills in the normal tests and in the slow ones.
const KILLS: (u32, u32) = (50, 1000);

/// What is written to at a time: single entries, and groups that one verb changes together.
const ENTRIES: usize = 8;
const GROUPS: usize = 4;
const MEMBERS: usize = 5;

/// Answers that are awaited at most before a kill.
const AWAITED: usize = 60;

/// Characters of a body: from a word to several pages of the database.
const BODY: usize = 20_000;

#[test]
fn what_was_acknowledged_outlives_any_kill_and_no_verb_is_half_done() {
    let kills = match std::env::var_os("RUMMY_SLOW") {
        None => KILLS.0,
        Some(_) => KILLS.1,
    };
    let sandbox = Rc::new(Sandbox::new(&[]));
    let mut storm = Storm::begin(&sandbox);
    for kill in 0..kills {
        let session = Session::builder().sandbox(&sandbox).start();
        storm.check(&sandbox, kill);
        storm.write_until_killed(session);
    }
    let _last = Session::builder().sandbox(&sandbox).start();
    storm.check(&sandbox, kills);
    assert!(
        storm.undecided > 0,
        "no kill came while a write was under way"
    );
}

/// What an entry shows.
#[derive(Clone, Debug, PartialEq)]
struct Shown {
    body: String,
    attributes: Value,
    visibility: &'static str,
}

/// Entries that are written together; none where they are not there.
struct Target {
    /// A path, or the pattern of all paths.
    name: String,
    paths: Vec<String>,
    shows: Option<Shown>,
    /// What was asked and is not answered, and what they show after it.
    asked: Option<(RequestId, Option<Shown>)>,
}

struct Storm {
    targets: Vec<Target>,
    numbers: Numbers,
    /// Writes whose kill came before their answer, and those of them that had been carried out.
    undecided: usize,
    unheard: usize,
}

impl Storm {
    /// Makes the run, and the entries that groups are copies of.
    fn begin(sandbox: &Rc<Sandbox>) -> Self {
        let server = ModelServer::start(vec![Reply::text(update(200, "Ready"))]);
        let mut session = Session::builder()
            .sandbox(sandbox)
            .model_at(&server.url())
            .start();
        session.act("storm", "be there");
        session.wait_for_status("storm", 200);
        for member in 0..MEMBERS {
            let seed = Shown::seed();
            let write = json!({"run": "storm", "path": format!("known://seed/{member}"),
                               "body": seed.body, "attributes": seed.attributes});
            session.ask("rummy/set", write);
        }
        let entries = (0..ENTRIES).map(|n| {
            let path = format!("known://entry/{n}");
            Target::new(path.clone(), vec![path])
        });
        let groups = (0..GROUPS).map(|n| {
            let member = |m| format!("known://group{n}/{m}");
            Target::new(
                format!("known://group{n}/*"),
                (0..MEMBERS).map(member).collect(),
            )
        });
        let mut targets: Vec<Target> = entries.chain(groups).collect();
        let seeds = (0..MEMBERS).map(|m| format!("known://seed/{m}")).collect();
        targets.push(Target {
            shows: Some(Shown::seed()),
            ..Target::new("known://seed/*".to_owned(), seeds)
        });
        Self {
            targets,
            numbers: Numbers(20),
            undecided: 0,
            unheard: 0,
        }
    }

    /// Writes here and there, many writes at a time, and kills the server while it does.
    fn write_until_killed(&mut self, mut session: Session) {
        let mut awaited = self.numbers.below(AWAITED);
        loop {
            self.ask_all(&mut session);
            for target in 0..ENTRIES + GROUPS {
                if awaited == 0 {
                    return self.kill(session);
                }
                let target = &mut self.targets[target];
                if let Some((id, after)) = target.asked.take() {
                    acknowledged(&session.answer(id));
                    target.shows = after;
                    awaited -= 1;
                }
            }
        }
    }

    fn ask_all(&mut self, session: &mut Session) {
        for target in &mut self.targets[..ENTRIES + GROUPS] {
            if target.asked.is_none() {
                let (method, params, after) = target.step(&mut self.numbers);
                let id = session.send(&format!("rummy/{method}"), params);
                target.asked = Some((id, after));
            }
        }
    }

    fn kill(&mut self, mut session: Session) {
        session.kill();
        session.take_last_words();
        for target in &mut self.targets {
            if let Some((id, after)) = target.asked.take() {
                match session.taken_answer(id) {
                    Some(answer) => {
                        acknowledged(&answer);
                        target.shows = after;
                    }
                    // Kept, to be compared with what is there.
                    None => target.asked = Some((id, after)),
                }
            }
        }
        session.ignore(&["run/proposal"]);
    }

    /// Compares the database with what was acknowledged.
    fn check(&mut self, sandbox: &Sandbox, kill: u32) {
        let database = Connection::open(sandbox.home().join("rummy.db")).expect("it opens");
        for (sql, expected) in [
            ("PRAGMA integrity_check", "ok"),
            ("SELECT count(*) FROM pragma_foreign_key_check", "0"),
            (
                "SELECT count(*) FROM entries WHERE id NOT IN (SELECT entry_id FROM views)",
                "0",
            ),
            (
                "SELECT count(*) FROM views JOIN runs ON runs.id = run_id WHERE changed > changes",
                "0",
            ),
        ] {
            let found: Value = database
                .query_row(sql, [], |row| row.get(0).map(scalar))
                .expect("the check can be made");
            assert_eq!(found, json!(expected), "kill {kill}: {sql}");
        }
        let mut found = entries(&database);
        for target in &mut self.targets {
            let mut shown: Vec<Option<Shown>> =
                target.paths.iter().map(|path| found.remove(path)).collect();
            let one = shown.pop().expect("a target has a path");
            for other in shown {
                assert_eq!(other, one, "kill {kill}: {} is half written", target.name);
            }
            let asked = target.asked.take();
            self.undecided += usize::from(asked.is_some());
            if one != target.shows {
                let after = asked.map(|(_, after)| after);
                assert_eq!(Some(&one), after.as_ref(), "kill {kill}: {}", target.name);
                target.shows = one;
                self.unheard += 1;
            }
        }
        assert_eq!(found, BTreeMap::new(), "kill {kill}: nobody wrote these");
    }
}

fn acknowledged(answer: &Answer) {
    match answer {
        Ok(done) => assert_eq!(done["ok"], true),
        Err(refused) => panic!("a write was refused: {refused}"),
    }
}

/// An answer of SQLite in words.
fn scalar(value: rusqlite::types::Value) -> Value {
    match value {
        rusqlite::types::Value::Integer(number) => json!(number.to_string()),
        rusqlite::types::Value::Text(text) => json!(text),
        other => panic!("{other:?} is no answer"),
    }
}

/// What the run knows, by path.
fn entries(database: &Connection) -> BTreeMap<String, Shown> {
    let sql = "SELECT views.path, body, attributes, visibility, length(body) = chars
         FROM views JOIN entries ON entries.id = entry_id
         WHERE views.path GLOB 'known://*' AND outcome IS NULL AND state = 'resolved'";
    let mut statement = database.prepare(sql).expect("there are entries");
    let rows = statement.query_map([], |row| {
        assert!(row.get::<_, bool>(4)?, "characters are counted");
        let attributes: String = row.get(2)?;
        let shown = Shown {
            body: row.get(1)?,
            attributes: serde_json::from_str(&attributes).expect("attributes are JSON"),
            visibility: match row.get::<_, String>(3)?.as_str() {
                "visible" => "visible",
                "summarized" => "summarized",
                _ => "archived",
            },
        };
        Ok((row.get(0)?, shown))
    });
    let rows = rows.expect("entries can be read");
    rows.map(|row| row.expect("an entry can be read")).collect()
}

impl Shown {
    /// What groups are copies of.
    fn seed() -> Self {
        Self {
            body: "a seed\n".repeat(3),
            attributes: json!({"of": "a seed"}),
            visibility: "summarized",
        }
    }
}

impl Target {
    fn new(name: String, paths: Vec<String>) -> Self {
        Self {
            name,
            paths,
            shows: None,
            asked: None,
        }
    }

    /// The next write: method, parameters, and what the target shows after it.
    fn step(&self, numbers: &mut Numbers) -> (&'static str, Value, Option<Shown>) {
        let is_group = self.paths.len() > 1;
        let Some(mut shown) = self.shows.clone() else {
            return if is_group {
                self.plant()
            } else {
                self.create(numbers)
            };
        };
        let mut params = json!({"run": "storm", "path": self.name, "pattern": is_group});
        match numbers.below(6) {
            0 => {
                shown.body = numbers.text();
                params["body"] = json!(shown.body);
            }
            1 | 2 => {
                let more = numbers.text();
                params["body"] = json!(more);
                params["append"] = json!(true);
                shown.body += &more;
            }
            3 => {
                let key = format!("key{}", numbers.below(3));
                let value = numbers.below(1000);
                params["attributes"] = json!({&key: value, "of": null});
                let attributes = shown.attributes.as_object_mut().expect("it is one");
                attributes.shift_remove("of");
                attributes.insert(key, json!(value));
            }
            4 => {
                shown.visibility = ["visible", "summarized", "archived"][numbers.below(3)];
                params["visibility"] = json!(shown.visibility);
            }
            _ => {
                let params = json!({"run": "storm", "path": self.name});
                return ("rm", params, None);
            }
        }
        ("set", params, Some(shown))
    }

    fn create(&self, numbers: &mut Numbers) -> (&'static str, Value, Option<Shown>) {
        let shown = Shown {
            body: numbers.text(),
            attributes: json!({"key0": "new"}),
            visibility: "summarized",
        };
        let params = json!({"run": "storm", "path": self.name, "body": shown.body,
                            "attributes": shown.attributes, "visibility": shown.visibility});
        ("set", params, Some(shown))
    }

    /// All members by one verb.
    fn plant(&self) -> (&'static str, Value, Option<Shown>) {
        let folder = self.name.trim_end_matches('*');
        let params = json!({"run": "storm", "from": "known://seed/*", "to": folder});
        ("cp", params, Some(Shown::seed()))
    }
}

/// Numbers that look random and are the same each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }

    /// A text of its own, mostly short.
    fn text(&mut self) -> String {
        let word = format!("w{} ", self.below(1_000_000));
        let limit = [20, 200, BODY][self.below(3)];
        word.repeat(1 + self.below(limit) / word.len())
    }
}
