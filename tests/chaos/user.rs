//! The user of the chaos: one editor whose hands are guided by random numbers. Runs are started,
//! spoken into, forked, renamed, aborted and deleted whenever a message of the server comes in, and
//! what they propose is accepted or rejected.
//!
//! What the server says to all that is noted down for the checks at the end.

use std::collections::{BTreeMap, HashMap};

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::files::{FILES, anchor, file};
use crate::lsp::{Session, list};
use crate::model::{ENDLESS, PROPOSE};
use crate::numbers::Numbers;
use crate::run::{Asked, Run, Said, What, is_active};

/// Runs that are at work at a time, and prompts that a run gets at most.
const AT_ONCE: usize = 8;
const PROMPTS: usize = 4;

/// One random act in so many messages of the server.
const CALM: usize = 30;

/// What a request may be refused for: the run has changed its name, its state or its driver meanwhile.
const EXPECTED: [&str; 3] = ["not_found", "busy", "conflict"];

/// What the server sends beside runs, and nobody reads here.
const UNREAD: [&str; 10] = [
    // What is asked is dismissed, and decided like everything else that is proposed.
    "window/showMessageRequest",
    "stream/chunk",
    "stream/cancelled",
    "run/proposal",
    "textDocument/publishDiagnostics",
    "window/showMessage",
    "workspace/applyEdit",
    "workspace/codeLens/refresh",
    "workspace/diagnostic/refresh",
    "rummy/save",
];

/// The user at one editor.
pub struct User {
    pub session: Session,
    /// Which editor it is: its runs' names begin with it.
    window: usize,
    numbers: Numbers,
    pub runs: Vec<Run>,
    wanted: usize,
    asked: Vec<Asked>,
    said: HashMap<String, Said>,
    /// Statuses as they were told, by name, in order.
    pub told: Vec<(String, u16)>,
    /// Tokens of work-done progress that was begun and not ended.
    progress: Vec<Value>,
}

impl User {
    pub fn new(session: Session, window: usize, seed: u64, wanted: usize) -> Self {
        let mut session = session;
        session.ignore(&UNREAD);
        for n in 0..FILES / 2 {
            session.open(&file(n));
        }
        Self {
            session,
            window,
            numbers: Numbers::named(seed, &format!("user {window}")),
            runs: Vec::new(),
            wanted,
            asked: Vec::new(),
            said: HashMap::new(),
            told: Vec::new(),
            progress: Vec::new(),
        }
    }

    /// Starts the runs, does its worst to them, and decides what they propose until all have ended.
    pub fn go_wild(&mut self, database: &Connection) {
        loop {
            self.take_note();
            self.fill_up();
            self.act();
            self.decide();
            if self.is_over(database) {
                return self.hear_it_out();
            }
            self.session.hear("a run that ends");
        }
    }

    /// Waits until all has been told that has happened so far: what is told comes in its order.
    fn hear_it_out(&mut self) {
        let kept = (0..self.runs.len()).find(|run| self.exists(*run));
        let run = kept.expect("some run is not deleted");
        let name = format!("{}-last", self.name(run));
        let params = json!({"run": self.name(run), "name": name});
        self.ask(run, What::Rename(name.clone()), "rename", params);
        while !(self.asked.is_empty() && self.said.contains_key(&name)) {
            self.session.hear("the last words");
            self.take_note();
        }
    }

    /// Starts some runs that will not be at their end when the server is told to shut down.
    pub fn leave_some_at_work(&mut self) {
        for what in [ENDLESS, ENDLESS, PROPOSE] {
            let run = self.new_run();
            let marker = self.marker(run);
            let name = self.name(run);
            let params = json!({"run": name, "prompt": format!("[#{marker}] {what}")});
            self.ask(run, What::Prompt(marker), "act", params);
            if what == PROPOSE {
                self.session.wait_for_proposals(&name, 1);
            } else {
                self.session
                    .wait_for("run/text", |text| text["run"] == name.as_str());
            }
        }
        while !self.asked.is_empty() {
            self.session.hear("the last answers");
            self.take_note();
        }
    }

    /// Takes in what the server has said since the last look.
    pub fn take_note(&mut self) {
        for state in self.session.take("run/state") {
            let status = state["status"].as_u64().expect("a status is a number");
            let status = u16::try_from(status).expect("a status is small");
            let name = state["run"].as_str().expect("a run has a name").to_owned();
            self.said.entry(name.clone()).or_default().status = Some(status);
            self.told.push((name, status));
        }
        for told in self.session.take("run/proposal") {
            let paths = list(&told["proposals"]).iter();
            let paths = paths.filter_map(|proposal| proposal["path"].as_str());
            let name = told["run"].as_str().expect("a run has a name").to_owned();
            let paths = paths.map(str::to_owned).collect();
            self.said.entry(name).or_default().pending = Some(paths);
        }
        for progress in self.session.take("$/progress") {
            let token = progress["token"].clone();
            match progress["value"]["kind"].as_str() {
                Some("begin") => self.progress.push(token),
                Some("end") => self.progress.retain(|open| *open != token),
                _ => {}
            }
        }
        self.take_answers();
    }

    fn take_answers(&mut self) {
        let mut waiting = Vec::new();
        for Asked { id, run, what } in std::mem::take(&mut self.asked) {
            let Some(answer) = self.session.taken_answer(id) else {
                waiting.push(Asked { id, run, what });
                continue;
            };
            let about = &mut self.runs[run];
            about.asked -= 1;
            about.in_motion &= !what.moves_it();
            match answer {
                Ok(result) => about.take(what, &result),
                Err(error) => {
                    let kind = error["data"]["kind"].as_str().unwrap_or("none");
                    assert!(EXPECTED.contains(&kind), "a request was refused: {error}");
                    if let What::Prompt(marker) = what {
                        about.refused.push(marker);
                    }
                }
            }
        }
        self.asked = waiting;
    }

    /// Whether every run has been started and has ended, and no prompt waits.
    fn is_over(&self, database: &Connection) -> bool {
        let told = self.runs.len() >= self.wanted
            && self.asked.is_empty()
            && self.progress.is_empty()
            && !(0..self.runs.len()).any(|run| self.is_active(run));
        told && !has_work(database, self.window)
    }

    /// Starts runs until enough of them are at work.
    fn fill_up(&mut self) {
        while self.runs.len() < self.wanted && self.at_work() < AT_ONCE {
            let run = self.new_run();
            let marker = self.marker(run);
            let mut params = json!({"run": self.name(run), "prompt": prompt(&marker)});
            match self.numbers.below(12) {
                0 => params["review"] = json!("each"),
                1 | 2 => params["autoAccept"] = json!("edits"),
                3 => params["noProposals"] = json!(true),
                4 => params["contextLimit"] = json!(self.numbers.pick(&[1024, 2500, 6000])),
                5 => params["files"] = json!([self.session.uri(&file(1))]),
                6 => params["noRepo"] = json!(true),
                _ => {}
            }
            let mode = self.mode();
            self.ask(run, What::Prompt(marker), mode, params);
        }
    }

    /// Does something now and then.
    fn act(&mut self) {
        if self.numbers.below(CALM) > 0 {
            return;
        }
        match self.numbers.below(12) {
            0 | 1 => self.touch_one(Self::is_active, Self::abort),
            2 | 3 => self.touch_one(Self::is_active, Self::inject),
            4 => self.touch_one(Self::is_active, Self::queue),
            5 => self.touch_one(Self::exists, Self::queue),
            6 => self.touch_one(Self::exists, Self::fork),
            7 => self.touch_one(Self::is_still, Self::rename),
            8 => self.touch_one(Self::is_still, Self::delete),
            9 => self.touch_one(Self::exists, Self::look_at),
            10 => self.type_something(),
            _ => self.disturb_another_window(),
        }
    }

    /// Decides for runs that wait, at once or later: at the latest when nothing else goes on.
    fn decide(&mut self) {
        let is_busy = |run| self.is_active(run) && self.waits_for(run).is_empty();
        let must = self.asked.is_empty() && !(0..self.runs.len()).any(is_busy);
        for run in 0..self.runs.len() {
            let waits = self.runs[run].asked == 0 && !self.waits_for(run).is_empty();
            if waits && (must || self.numbers.percent(30)) {
                self.decide_one(run);
            }
        }
    }

    fn decide_one(&mut self, run: usize) {
        let name = self.name(run);
        let pending = self.waits_for(run);
        let path = pending[self.numbers.below(pending.len())].clone();
        let it = &mut self.runs[run];
        let all = json!({"run": name});
        let one = json!({"run": name, "path": path});
        let why = json!({"run": name, "reason": "not like this"});
        let choice = self.numbers.below(100);
        let (what, method, params) = match choice {
            _ if std::mem::take(&mut it.unacceptable) => (What::Other, "reject", all),
            0..50 => (What::Accept, "accept", all),
            50..65 => (What::Accept, "accept", one),
            65..85 => (What::Other, "reject", why),
            85..92 => (What::Other, "reject", one),
            _ => (What::Other, "abort", all),
        };
        self.ask(run, what, method, params);
    }

    fn abort(&mut self, run: usize) {
        let params = json!({"run": self.name(run)});
        self.ask(run, What::Other, "abort", params);
    }

    fn inject(&mut self, run: usize) {
        let params = json!({"mode": "act"});
        self.say(run, "inject", params);
    }

    fn queue(&mut self, run: usize) {
        let mode = self.mode();
        self.say(run, mode, json!({}));
    }

    fn say(&mut self, run: usize, method: &str, mut params: Value) {
        if self.runs[run].prompts >= PROMPTS {
            return;
        }
        let marker = self.marker(run);
        params["run"] = json!(self.name(run));
        params["prompt"] = json!(prompt(&marker));
        self.ask(run, What::Prompt(marker), method, params);
    }

    fn fork(&mut self, parent: usize) {
        if self.runs.len() >= self.wanted {
            return;
        }
        self.runs.push(Run::default());
        let child = self.runs.len() - 1;
        let marker = self.marker(child);
        let params = json!({"run": self.name(parent), "fork": true, "prompt": prompt(&marker)});
        self.ask(child, What::Prompt(marker), "act", params);
    }

    fn rename(&mut self, run: usize) {
        let name = format!("{}x", self.name(run));
        let params = json!({"run": self.name(run), "name": name});
        self.ask(run, What::Rename(name), "rename", params);
    }

    fn delete(&mut self, run: usize) {
        if self.numbers.percent(50) {
            let params = json!({"run": self.name(run)});
            self.ask(run, What::Delete, "deleteRun", params);
        }
    }

    fn look_at(&mut self, run: usize) {
        let params = json!({"run": self.name(run)});
        let method = self.numbers.pick(&["getRun", "getEntries"]);
        self.ask(run, What::Other, method, params);
    }

    /// Types a line into an open document, often where runs change it too, or closes or opens one.
    fn type_something(&mut self) {
        let n = self.numbers.below(FILES / 2);
        let text = self.session.text(&file(n));
        let at = match self.numbers.below(3) {
            0 => 0,
            _ => text.find(&anchor(n, self.numbers.below(4))).unwrap_or(0),
        };
        self.session.edit(&file(n), &(at..at), "typed\n");
    }

    /// Tries to end a run of another window, which another process drives.
    fn disturb_another_window(&mut self) {
        if self.runs.is_empty() {
            return;
        }
        let (window, run) = (self.window ^ 1, self.numbers.below(self.runs.len()));
        let params = json!({"run": name_of(window, run)});
        self.ask(run, What::Other, "abort", params);
    }

    /// Does something to one of the runs that fit, unless its name is about to change: a prompt to a
    /// name that is no more would start another run.
    fn touch_one(&mut self, fits: fn(&Self, usize) -> bool, act: fn(&mut Self, usize)) {
        let fitting: Vec<usize> = (0..self.runs.len())
            .filter(|run| self.exists(*run) && fits(self, *run))
            .collect();
        if !fitting.is_empty() {
            let run = self.numbers.pick(&fitting);
            act(self, run);
        }
    }

    fn exists(&self, run: usize) -> bool {
        let run = &self.runs[run];
        !run.names.is_empty() && !run.deleted && !run.in_motion
    }

    /// Nothing is being asked of it.
    fn is_still(&self, run: usize) -> bool {
        self.runs[run].asked == 0
    }

    /// Whether it is at work, as far as was told.
    fn is_active(&self, run: usize) -> bool {
        !self.runs[run].deleted && self.status(run).is_some_and(is_active)
    }

    fn at_work(&self) -> usize {
        let at_work = |run: &usize| self.is_active(*run) || !self.is_still(*run);
        (0..self.runs.len()).filter(at_work).count()
    }

    fn status(&self, run: usize) -> Option<u16> {
        self.last_word(run, |said| said.status)
    }

    /// The proposals that a run waits for.
    fn waits_for(&self, run: usize) -> Vec<String> {
        match self.status(run) {
            Some(202) => self.last_word(run, |said| said.pending.clone()),
            _ => None,
        }
        .unwrap_or_else(Vec::new)
    }

    /// What was said of a run under its newest name, or the one before as long as there is nothing.
    fn last_word<T>(&self, run: usize, word: impl Fn(&Said) -> Option<T>) -> Option<T> {
        let names = self.runs[run].names.iter().rev();
        names.filter_map(|name| self.said.get(name)).find_map(word)
    }

    fn ask(&mut self, run: usize, what: What, method: &str, params: Value) {
        let id = self.session.send(&format!("rummy/{method}"), params);
        self.runs[run].asked += 1;
        self.runs[run].in_motion |= what.moves_it();
        self.asked.push(Asked { id, run, what });
    }

    fn new_run(&mut self) -> usize {
        let run = self.runs.len();
        self.runs.push(Run {
            names: vec![name_of(self.window, run)],
            ..Run::default()
        });
        run
    }

    /// A name for the next prompt of a run, as the model sees it.
    fn marker(&mut self, run: usize) -> String {
        let prompts = &mut self.runs[run].prompts;
        *prompts += 1;
        format!("{}-{run}-{prompts}", self.window)
    }

    fn mode(&mut self) -> &'static str {
        self.numbers.pick(&["act", "act", "act", "ask"])
    }

    fn name(&self, run: usize) -> String {
        let newest = self.runs[run].names.last();
        newest.expect("only runs with a name are named").clone()
    }

    fn named(&self, name: &str) -> Option<usize> {
        let has_name = |run: &Run| run.names.iter().any(|known| known == name);
        self.runs.iter().position(has_name)
    }

    /// The statuses that were told of each run, in order.
    pub fn statuses(&self) -> BTreeMap<usize, Vec<u16>> {
        let mut statuses: BTreeMap<usize, Vec<u16>> = BTreeMap::new();
        for (name, status) in &self.told {
            let run = self.named(name).unwrap_or_else(|| panic!("who is {name}?"));
            statuses.entry(run).or_default().push(*status);
        }
        statuses
    }
}

fn prompt(marker: &str) -> String {
    format!("[#{marker}] Do as you like.")
}

fn name_of(window: usize, run: usize) -> String {
    format!("w{window}r{run}")
}

/// Whether a loop of a window's project runs or waits.
fn has_work(database: &Connection, window: usize) -> bool {
    let sql = "SELECT EXISTS (SELECT 1 FROM loops WHERE status IN (100, 102, 202)
                              AND instr(prompt, '[#' || ?1 || '-') > 0)";
    let found = database.query_row(sql, [window.to_string()], |row| row.get(0));
    found.expect("loops can be counted")
}
