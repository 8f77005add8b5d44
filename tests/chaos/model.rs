//! The model of the chaos: what it answers follows from the seed, the prompt and how often it was asked
//! for that prompt, so it is the same however the runs happen to be interleaved.
//!
//! It takes note of the turns in which prompts are put to it: a prompt that is begun twice was claimed
//! twice.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde_json::json;

use crate::files::{ANCHORS, FILES, anchor, file};
use crate::lsp::script::{edit, set, update};
use crate::model_server::Reply;
use crate::numbers::Numbers;

/// What makes the model go on without end, and what makes it propose a change in its first turn.
pub const ENDLESS: &str = "take all the time you want";
pub const PROPOSE: &str = "propose something";

/// Characters in a streamed piece: few events for most answers, some for all.
const PIECE: usize = 60;

/// What a slow model pauses before each piece.
const PAUSE: Duration = Duration::from_millis(15);

/// What was seen of the prompts, shared with the test.
#[derive(Clone, Default)]
pub struct Notes(Arc<Mutex<Noted>>);

#[derive(Default)]
pub struct Noted {
    /// By marker: the paths of the prompts in which it was the newest.
    pub begun: BTreeMap<String, BTreeSet<String>>,
    /// How often each kind of answer was given.
    pub kinds: BTreeMap<Kind, usize>,
    calls: BTreeMap<String, usize>,
}

impl Notes {
    pub fn lock(&self) -> MutexGuard<'_, Noted> {
        self.0.lock().expect("the model did not panic")
    }
}

/// The kinds of answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Good,
    Final,
    Slow,
    Malformed,
    Empty,
    TooLong,
    UnknownTool,
    RateLimit,
    Broken,
    ServerError,
    ContextExceeded,
    Refused,
}

/// Each kind as many times as its share of a hundred.
const SHARES: [(Kind, usize); 12] = [
    (Kind::Good, 33),
    (Kind::Final, 27),
    (Kind::Slow, 9),
    (Kind::Malformed, 9),
    (Kind::Empty, 3),
    (Kind::TooLong, 3),
    (Kind::UnknownTool, 4),
    (Kind::RateLimit, 4),
    (Kind::Broken, 3),
    (Kind::ServerError, 2),
    (Kind::ContextExceeded, 2),
    (Kind::Refused, 1),
];

pub fn all_kinds() -> BTreeSet<Kind> {
    SHARES.iter().map(|(kind, _)| *kind).collect()
}

/// The reply to a packet's user message.
pub fn reply(seed: u64, notes: &Notes, user: &str) -> Reply {
    let prompt = newest_prompt(user);
    let markers = markers(prompt);
    let mut noted = notes.lock();
    for marker in &markers {
        let begun = noted.begun.entry((*marker).to_owned()).or_default();
        begun.insert(path_of(prompt).to_owned());
    }
    let newest = markers.last().copied().unwrap_or("none").to_owned();
    let call = noted.calls.entry(newest.clone()).or_default();
    *call += 1;
    let numbers = Numbers::named(seed, &format!("{newest} {call}"));
    let mut mind = Mind {
        numbers,
        phase: phase_of(user),
        about: newest,
    };
    if prompt.contains(ENDLESS) {
        let text = set("known://endless", &"and so on\n".repeat(10_000));
        return Reply::text(text).in_pieces_of(PIECE).slow(PAUSE);
    }
    if prompt.contains(PROPOSE) {
        return Reply::text(mind.change() + &update(200, "Proposed it"));
    }
    let kind = mind.kind();
    *noted.kinds.entry(kind).or_default() += 1;
    drop(noted);
    mind.reply(kind).in_pieces_of(PIECE)
}

/// The element of the newest prompt, which ends the packet.
fn newest_prompt(user: &str) -> &str {
    &user[user.rfind("<prompt ").unwrap_or(0)..]
}

/// The names of the prompts in a text: they stand between `[#` and `]`.
pub fn markers(text: &str) -> Vec<&str> {
    let ends = text.split("[#").skip(1);
    ends.filter_map(|rest| Some(rest.split_once(']')?.0))
        .collect()
}

fn path_of(prompt: &str) -> &str {
    let rest = prompt.split_once("path=\"").map_or("", |(_, rest)| rest);
    rest.split('"').next().unwrap_or("")
}

fn phase_of(user: &str) -> u16 {
    let said = user.rsplit_once("Phase: ").map_or("", |(_, rest)| rest);
    match said.split(['.', ' ']).next() {
        Some("discover") => 5,
        Some("deploy") => 8,
        _ => 4,
    }
}

/// What goes into one answer.
struct Mind {
    numbers: Numbers,
    phase: u16,
    about: String,
}

impl Mind {
    fn kind(&mut self) -> Kind {
        let mut rest = self.numbers.below(100);
        for (kind, share) in SHARES {
            match rest.checked_sub(share) {
                Some(left) => rest = left,
                None => return kind,
            }
        }
        Kind::Good
    }

    fn reply(&mut self, kind: Kind) -> Reply {
        match kind {
            Kind::Good => self.told(Self::good),
            Kind::Final => self.told(Self::last),
            Kind::Slow => self.told(Self::good).slow(PAUSE),
            Kind::Malformed => self.told(Self::malformed),
            Kind::Empty => Reply::text(self.numbers.pick(&["", " \n", "Let me think about it."])),
            Kind::TooLong => self.too_long(),
            Kind::UnknownTool => self.told(Self::unknown_tool),
            Kind::RateLimit => {
                let wait = self.numbers.pick(&["0", "0", "0", "1"]);
                Reply::text("slow down").status(429).retry_after(wait)
            }
            Kind::Broken => {
                let pieces = self.numbers.below(4);
                self.told(Self::good).cut_after(pieces)
            }
            Kind::ServerError => Reply::text("out of order").status(500).retry_after("0"),
            Kind::ContextExceeded => {
                let code = "context_length_exceeded";
                Reply::text("too long").status(400).code(code)
            }
            Kind::Refused => Reply::text("no such model").status(400),
        }
    }

    /// A text, sometimes thought about before, sometimes with a report of what it took.
    fn told(&mut self, say: fn(&mut Self) -> String) -> Reply {
        let reply = Reply::text(say(self));
        let reply = match self.numbers.below(4) {
            0 => reply.reasoning("What is there to be done?"),
            _ => reply,
        };
        match self.numbers.below(3) {
            0 => reply.usage(json!(null)),
            1 => reply.usage(json!({"prompt_tokens": 1500, "completion_tokens": 90})),
            _ => reply,
        }
    }

    fn good(&mut self) -> String {
        let mut text = String::new();
        for _ in 0..self.numbers.below(4) {
            text += &self.command();
        }
        let next = match self.phase {
            4 => self.numbers.pick(&[145, 144]),
            5 => self.numbers.pick(&[158, 155, 154]),
            _ => self.numbers.pick(&[188, 185]),
        };
        text + &update(next, "Went on")
    }

    fn last(&mut self) -> String {
        let mut text = String::new();
        for _ in 0..self.numbers.below(3) {
            text += &self.command();
        }
        let status = self.numbers.pick(&[200, 200, 200, 200, 204, 422, 500]);
        text + &update(status, "Done with it")
    }

    fn command(&mut self) -> String {
        let n = self.numbers.below(6);
        match self.numbers.below(13) {
            11 => "<sh>echo one; echo two >&2; exit 3</sh>\n".to_owned(),
            12 => "<env>pwd</env>\n".to_owned(),
            0 | 1 => set(&format!("known://topic/{n}"), "This is how it is.\n"),
            2 => set(&format!("unknown://topic/{n}"), "How is it?\n"),
            3 => format!("<rm path=\"unknown://topic/{n}\"/>\n"),
            4 => format!("<get path=\"{}\"/>\n", file(n)),
            5 => "<get path=\"src/**\" preview/>\n".to_owned(),
            6 => format!("<set path=\"{}\" visibility=\"summarized\"/>\n", file(n)),
            7 => format!("<mv path=\"known://topic/{n}\">known://moved/{n}</mv>\n"),
            _ => self.change(),
        }
    }

    /// A change of a file that is there, or a new file.
    fn change(&mut self) -> String {
        let (n, at) = (self.numbers.below(FILES), self.numbers.below(ANCHORS));
        let line = format!("written for {}\n", self.about);
        match self.numbers.below(6) {
            0 => set(&format!("new/{}.txt", self.about), &line),
            _ => edit(&file(n), &anchor(n, at), &(anchor(n, at) + &line)),
        }
    }

    fn malformed(&mut self) -> String {
        let done = update(200, "Done");
        match self.numbers.below(9) {
            0 => "<set path=\"known://open\">never closed".to_owned(),
            1 => format!("<set path=\"known://a\">text</get>\n{done}"),
            2 => format!("```xml\n{}{done}```\n", self.change()),
            3 => "{\"name\": \"get\", \"arguments\": {\"path\": \"src/part0.txt\"}}".to_owned(),
            4 => "<update status=\"900\">What is this?</update>".to_owned(),
            5 => self.command(),
            6 => format!("<set>nowhere</set>\n{done}"),
            7 => format!("<get path=\"known://nothing/there\"/>\n{done}"),
            _ => edit(&file(0), "no such line anywhere\n", "new\n") + &done,
        }
    }

    fn too_long(&mut self) -> Reply {
        let text = match self.numbers.below(3) {
            0 => "<get path=\"known://topic/*\"/>\n".repeat(150) + &update(145, "Looked"),
            1 => set("known://long", &"on and on ".repeat(900)) + &update(145, "Wrote"),
            _ => "<set path=\"known://cut\">".to_owned() + &"on and on ".repeat(900),
        };
        Reply::text(text).finish(Some("length"))
    }

    fn unknown_tool(&mut self) -> String {
        let call = self.numbers.pick(&[
            "<teleport path=\"src\"/>\n",
            "<launch what=\"everything\"/>\n",
            "<tool_call>{\"name\": \"browse\", \"arguments\": {}}</tool_call>\n",
        ]);
        call.to_owned() + &self.good()
    }
}
