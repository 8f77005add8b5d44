//! The store as one would write it without a database: a map a run, copied whole at a fork. It knows
//! nothing of the code that it judges but the types of what is stored, and is slow on purpose.

use std::collections::BTreeMap;

use serde_json::Value;

use super::steps::{FILTERS, Filter, GIVEN, Given, Patch, Shown};
use crate::entries::{Attributes, Outcome, RunStatus, State, Visibility, Writer};

/// An entry of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub body: String,
    pub attributes: Attributes,
    pub state: State,
    pub outcome: Option<Outcome>,
    pub visibility: Visibility,
    pub turn: Option<u32>,
    /// Whether it was written in the run's loop.
    pub in_loop: bool,
    /// Where it stands among the entries that the run has come to see.
    pub arrived: usize,
    /// The number of the change that touched it last, and of the one with which it ceased to be
    /// proposed.
    pub changed: i64,
    pub settled: Option<i64>,
}

#[derive(Debug, Clone)]
pub struct Run {
    pub alias: String,
    pub parent: Option<String>,
    pub status: RunStatus,
    pub next_turn: u32,
    pub settings: Settings,
    pub rows: BTreeMap<String, Row>,
    pub changes: i64,
    pub removals: i64,
    pub retractions: i64,
    arrivals: usize,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settings {
    pub temperature: Option<f64>,
    pub persona: Option<String>,
}

/// Why a step is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum No {
    NotFound,
    Forbidden,
    Mirror,
    NothingToSet,
    NothingToAppend,
    SeveralToOne,
    AliasTaken,
    Active,
    Transition,
    BadPath,
    /// No step should fail in another way.
    Otherwise(String),
}

/// A change that is told: the path, and the kind's name.
pub type Told = (String, &'static str);

pub fn scheme_of(path: &str) -> &str {
    path.split_once("://").map_or("file", |(scheme, _)| scheme)
}

fn is_audit(scheme: &str) -> bool {
    ["system", "user", "assistant", "reasoning", "model"].contains(&scheme)
}

/// Who may write what.
fn may_write(writer: Writer, scheme: &str) -> bool {
    match scheme {
        "known" | "unknown" | "skill" => writer != Writer::System,
        "file" => matches!(writer, Writer::Model | Writer::Plugin),
        "log" => matches!(writer, Writer::System | Writer::Plugin),
        "prompt" | "sh" => writer == Writer::Plugin,
        _ => writer == Writer::System,
    }
}

fn may_show(writer: Writer, scheme: &str) -> bool {
    match writer {
        Writer::Client => true,
        Writer::Model => !is_audit(scheme) && scheme != "run" && scheme != "prompt",
        Writer::Plugin => scheme == "run" || may_write(writer, scheme),
        Writer::System => may_write(writer, scheme),
    }
}

fn check(writer: Writer, scheme: &str, writes: bool) -> Result<(), No> {
    let may = if writes { may_write } else { may_show };
    match (may(writer, scheme), scheme) {
        (true, _) => Ok(()),
        (false, "run") => Err(No::Mirror),
        (false, _) => Err(No::Forbidden),
    }
}

fn default_visibility(scheme: &str) -> Visibility {
    match scheme {
        "skill" | "prompt" | "unknown" | "log" | "run" => Visibility::Visible,
        scheme if is_audit(scheme) => Visibility::Archived,
        _ => Visibility::Summarized,
    }
}

/// What is there with the changes made to it: null is nothing, an object changes what it names, and
/// all else stands for itself.
fn merge(there: Option<&Value>, change: &Value) -> Option<Value> {
    match (there, change) {
        (_, Value::Null) => None,
        (there, Value::Object(changes)) => {
            let mut keys = there
                .and_then(Value::as_object)
                .map_or_else(Attributes::new, Attributes::clone);
            for (key, change) in changes {
                let merged = merge(keys.get(key), change);
                keys.shift_remove(key);
                keys.extend(merged.map(|value| (key.clone(), value)));
            }
            Some(Value::Object(keys))
        }
        (_, other) => Some(other.clone()),
    }
}

impl Run {
    /// A run as it is made: its mirror is its first entry.
    pub fn new(alias: &str, settings: Settings) -> Self {
        let mut run = Self {
            alias: alias.to_owned(),
            parent: None,
            status: RunStatus::Queued,
            next_turn: 1,
            settings,
            rows: BTreeMap::new(),
            changes: 0,
            removals: 0,
            retractions: 0,
            arrivals: 0,
        };
        let mirror = Patch {
            body: Some("do it".to_owned()),
            attributes: Some(run.mirrored()),
            ended: Some((State::Proposed, None)),
            ..Patch::default()
        };
        run.write(&format!("run://{alias}"), &mirror);
        run
    }

    fn mirrored(&self) -> Attributes {
        let mirrored = serde_json::json!({
            "model": "test",
            "temperature": self.settings.temperature,
            "persona": self.settings.persona,
            "contextLimit": null,
        });
        mirrored.as_object().unwrap().clone()
    }

    pub fn fork(&mut self, alias: &str) -> Self {
        let mut child = Self::new(alias, self.settings.clone());
        child.parent = Some(self.alias.clone());
        child.next_turn = self.next_turn;
        child.changes += self.changes;
        let mut inherited: Vec<_> = self.rows.clone().into_iter().collect();
        inherited.sort_by_key(|(_, row)| row.arrived);
        for (path, mut row) in inherited {
            let scheme = scheme_of(&path);
            row.in_loop = false;
            let is_open = matches!(row.state, State::Proposed | State::Streaming);
            if !is_open && scheme != "run" && !is_audit(scheme) {
                child.arrivals += 1;
                row.arrived = child.arrivals;
                child.rows.insert(path, row);
            }
        }
        child
    }

    pub fn set(&mut self, writer: Writer, path: &str, patch: &Patch) -> Result<Vec<Told>, No> {
        let writes = patch.body.is_some() || patch.attributes.is_some() || patch.ended.is_some();
        check(writer, scheme_of(path), writes)?;
        if patch.append && patch.body.is_none() {
            return Err(No::NothingToAppend);
        }
        if !writes && patch.visibility.is_none() {
            return Err(No::NothingToSet);
        }
        if !self.rows.contains_key(path) && (patch.body.is_none() || patch.append) {
            return Err(No::NotFound);
        }
        Ok(vec![self.write(path, patch)])
    }

    fn write(&mut self, path: &str, patch: &Patch) -> Told {
        self.changes += 1;
        if !self.rows.contains_key(path) {
            self.arrivals += 1;
            let new = Row {
                body: String::new(),
                attributes: Attributes::new(),
                state: State::Resolved,
                outcome: None,
                visibility: default_visibility(scheme_of(path)),
                turn: None,
                in_loop: false,
                arrived: self.arrivals,
                changed: 0,
                settled: None,
            };
            self.rows.insert(path.to_owned(), new);
        }
        let row = self.rows.get_mut(path).unwrap();
        match (&patch.body, patch.append) {
            (Some(body), true) => row.body.push_str(body),
            (Some(body), false) => row.body.clone_from(body),
            (None, _) => {}
        }
        if let Some(attributes) = &patch.attributes {
            let there = Value::Object(row.attributes.clone());
            let replaces = patch.body.is_some() && !patch.append;
            let kept = (!replaces).then_some(&there);
            let merged = merge(kept, &Value::Object(attributes.clone()));
            row.attributes = merged.unwrap().as_object().unwrap().clone();
        }
        if let Some((state, outcome)) = &patch.ended {
            row.state = *state;
            row.outcome.clone_from(outcome);
        }
        row.visibility = patch.visibility.unwrap_or(row.visibility);
        row.turn = patch.turn.or(row.turn);
        row.in_loop |= patch.in_loop;
        row.changed = self.changes;
        if row.state == State::Proposed {
            row.settled = None;
        } else if row.settled.is_none() {
            row.settled = Some(self.changes);
        }
        let kind = match patch {
            Patch { append: true, .. } => "Append",
            Patch { body: Some(_), .. } => "Upsert",
            Patch { ended: Some(_), .. } => "Resolve",
            Patch {
                visibility: Some(_),
                ..
            } => "Visibility",
            _ => "Attributes",
        };
        (path.to_owned(), kind)
    }

    /// The paths that somebody's words mean, and the scheme that the words name.
    pub fn meant(
        &self,
        given: &Given,
        filter: Option<usize>,
    ) -> Result<(Vec<String>, Option<&'static str>), No> {
        if given.text.starts_with("knwon:") {
            return Err(No::BadPath);
        }
        let is_there = given.path.is_some_and(|path| self.rows.contains_key(path));
        let paths = self.rows.iter().filter(|(path, row)| {
            let is_meant = match given.path {
                Some(exact) if is_there => exact == *path,
                _ => (given.matches)(path),
            };
            is_meant && admits(filter, &row.body)
        });
        Ok((paths.map(|(path, _)| path.clone()).collect(), given.names))
    }

    /// Those of them that a writer may touch.
    fn open(
        &self,
        writer: Writer,
        given: &Given,
        filter: Option<usize>,
        writes: bool,
    ) -> Result<Vec<String>, No> {
        let (mut paths, named) = self.meant(given, filter)?;
        if let Some(scheme) = named {
            check(writer, scheme, writes)?;
        }
        paths.retain(|path| check(writer, scheme_of(path), writes).is_ok());
        Ok(paths)
    }

    pub fn set_all(
        &mut self,
        writer: Writer,
        given: &Given,
        filter: Option<usize>,
        patch: &Patch,
    ) -> Result<Vec<Told>, No> {
        let writes = patch.body.is_some() || patch.attributes.is_some() || patch.ended.is_some();
        let mut told = Vec::new();
        for path in self.open(writer, given, filter, writes)? {
            told.extend(self.set(writer, &path, patch)?);
        }
        Ok(told)
    }

    pub fn show(
        &mut self,
        writer: Writer,
        given: &Given,
        filter: Option<usize>,
        shown: Shown,
    ) -> Result<Vec<Told>, No> {
        let patch = Patch {
            visibility: Some(shown.visibility),
            turn: shown.turn,
            ..Patch::default()
        };
        let paths = self.open(writer, given, filter, false)?;
        Ok(paths.iter().map(|path| self.write(path, &patch)).collect())
    }

    pub fn rm(
        &mut self,
        writer: Writer,
        given: &Given,
        filter: Option<usize>,
    ) -> Result<Vec<Told>, No> {
        let paths = self.open(writer, given, filter, true)?;
        Ok(paths.iter().map(|path| self.remove(path)).collect())
    }

    fn remove(&mut self, path: &str) -> Told {
        self.rows.remove(path);
        self.removals += 1;
        if ["log", "prompt"].contains(&scheme_of(path)) {
            self.retractions += 1;
        }
        (path.to_owned(), "Remove")
    }

    /// All is read before anything is written. A source that is no destination goes with `mv`.
    pub fn transfer(
        &mut self,
        moves: bool,
        writer: Writer,
        from: (&Given, Option<usize>),
        to: &str,
        visibility: Option<Visibility>,
    ) -> Result<Vec<Told>, No> {
        // The words are read first, whoever writes them.
        self.meant(from.0, from.1)?;
        check(writer, scheme_of(to), true)?;
        // A copy shows what it is a copy of.
        let mut paths = self.open(writer, from.0, from.1, moves)?;
        if !moves && from.0.path.is_none() {
            paths.retain(|path| !is_audit(scheme_of(path)) && scheme_of(path) != "run");
        }
        if paths.is_empty() {
            return Err(No::NotFound);
        }
        if !to.ends_with('/') && paths.len() > 1 {
            return Err(No::SeveralToOne);
        }
        let target = |path: &str| match to.strip_suffix('/') {
            // Only a log spells a path as one segment.
            Some(folder) => {
                let below = path.strip_prefix(from.0.below).unwrap();
                format!("{folder}/{}", below.replace("%2F", "/"))
            }
            None => to.to_owned(),
        };
        let routes: Vec<(String, String, Row)> = paths
            .into_iter()
            .filter(|path| !moves || target(path) != *path)
            .map(|path| (target(&path), path.clone(), self.rows[&path].clone()))
            .collect();
        let mut told = Vec::new();
        for (target, _, row) in &routes {
            let copy = Patch {
                body: Some(row.body.clone()),
                append: false,
                attributes: Some(row.attributes.clone()),
                ended: Some(match row.state {
                    State::Proposed | State::Streaming => (State::Resolved, None),
                    ended => (ended, row.outcome.clone()),
                }),
                visibility: Some(visibility.unwrap_or(row.visibility)),
                turn: row.turn,
                in_loop: row.in_loop,
            };
            told.push(self.write(target, &copy));
        }
        for (_, source, _) in routes.iter().filter(|_| moves) {
            if !routes.iter().any(|(target, ..)| target == source) {
                told.push(self.remove(source));
            }
        }
        Ok(told)
    }

    pub fn rename(&mut self, alias: &str) -> Result<Vec<Told>, No> {
        if self.alias == alias {
            return Ok(Vec::new());
        }
        let (from, to) = (format!("run://{}", self.alias), format!("run://{alias}"));
        let given = GIVEN.iter().find(|given| given.text == from).unwrap();
        let told = self.transfer(true, Writer::System, (given, None), &to, None)?;
        self.alias = alias.to_owned();
        Ok(told)
    }

    pub fn configure(&mut self, settings: Settings) -> Result<Vec<Told>, No> {
        self.settings = settings;
        let patch = Patch {
            attributes: Some(self.mirrored()),
            ..Patch::default()
        };
        self.set(Writer::System, &format!("run://{}", self.alias), &patch)
    }

    pub fn set_status(&mut self, status: RunStatus) -> Result<Vec<Told>, No> {
        let (from, to) = (self.status.code(), status.code());
        let follows: &[u16] = match from {
            100 => &[102, 499, 500],
            102 => &[200, 202, 204, 413, 422, 499, 500],
            202 => &[102, 200, 499, 500],
            _ => &[100, 102, 499],
        };
        if from == to {
            return Ok(Vec::new());
        }
        if !follows.contains(&to) {
            return Err(No::Transition);
        }
        self.status = status;
        let state = match to {
            100 => State::Proposed,
            102 | 202 => State::Streaming,
            200 | 204 => State::Resolved,
            499 => State::Cancelled,
            _ => State::Failed,
        };
        let patch = Patch {
            ended: Some((state, None)),
            ..Patch::default()
        };
        self.set(Writer::System, &format!("run://{}", self.alias), &patch)
    }

    /// What the model may be shown, oldest first.
    pub fn packet(&self) -> Vec<String> {
        let mut shown: Vec<_> = self.rows.iter().collect();
        shown.retain(|(path, row)| {
            let scheme = scheme_of(path);
            row.visibility != Visibility::Archived && scheme != "run" && !is_audit(scheme)
        });
        shown.sort_by_key(|(_, row)| row.arrived);
        shown.into_iter().map(|(path, _)| path.clone()).collect()
    }

    /// Its logs and prompts in the order in which they settled.
    pub fn history(&self) -> Vec<String> {
        let mut settled: Vec<_> = self
            .rows
            .iter()
            .filter(|(path, _)| ["log", "prompt"].contains(&scheme_of(path)))
            .filter_map(|(path, row)| Some((row.settled?, row.arrived, path.clone())))
            .collect();
        settled.sort();
        settled.into_iter().map(|(_, _, path)| path).collect()
    }
}

fn admits(filter: Option<usize>, body: &str) -> bool {
    filter.is_none_or(|filter| {
        let Filter { admits, .. } = FILTERS[filter];
        admits(body)
    })
}
