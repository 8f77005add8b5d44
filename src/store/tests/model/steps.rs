//! The steps of a sequence: few paths, few words, so that they meet.

use std::fmt;

use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;

use crate::entries::{Attributes, Outcome, RunStatus, Scheme, State, Visibility, Writer};
use crate::store::runs::Changes;

/// Words that mean entries, and what they mean.
pub struct Given {
    pub text: &'static str,
    /// The path that they are, where there is an entry at it.
    pub path: Option<&'static str>,
    /// The scheme that they name.
    pub names: Option<&'static str>,
    /// What a folder takes over of a path stands behind this.
    pub below: &'static str,
    pub matches: fn(&str) -> bool,
}

impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

macro_rules! path {
    ($text:literal, $path:literal, $scheme:literal, $below:literal) => {
        Given {
            text: $text,
            path: Some($path),
            names: Some($scheme),
            below: $below,
            matches: |path| path == $path,
        }
    };
}

macro_rules! pattern {
    ($text:literal, $scheme:expr, $below:literal, $matches:expr) => {
        Given {
            text: $text,
            path: None,
            names: $scheme,
            below: $below,
            matches: $matches,
        }
    };
}

pub static GIVEN: &[Given] = &[
    path!("known://a", "known://a", "known", "known://"),
    path!("KNOWN://a", "known://a", "known", "known://"),
    path!("known://x/a", "known://x/a", "known", "known://x/"),
    path!("known://none", "known://none", "known", "known://"),
    path!("known://é 1", "known://é%201", "known", "known://"),
    path!("unknown://a", "unknown://a", "unknown", "unknown://"),
    path!("./src//a.rs", "src/a.rs", "file", "src/"),
    path!("prompt://1", "prompt://1", "prompt", "prompt://"),
    path!("system://1", "system://1", "system", "system://"),
    path!("run://r0", "run://r0", "run", "run://"),
    path!("run://r1", "run://r1", "run", "run://"),
    path!("run://r2", "run://r2", "run", "run://"),
    path!("run://r3", "run://r3", "run", "run://"),
    path!(
        "log://turn_1/set/src%2Fa.rs",
        "log://turn_1/set/src%2Fa.rs",
        "log",
        "log://turn_1/set/"
    ),
    // A path where there is such an entry, else a pattern.
    Given {
        text: "known://[ab]",
        path: Some("known://[ab]"),
        names: Some("known"),
        below: "known://",
        matches: |path| ["known://a", "known://b"].contains(&path),
    },
    pattern!("**", None, "", |_| true),
    pattern!("known://*", Some("known"), "known://", |path| path
        .starts_with("known://")),
    pattern!("known://x/*", Some("known"), "known://x/", |path| path
        .starts_with("known://x/")
        && !path["known://x/".len()..].contains('/')),
    pattern!("*://a", None, "", |path| {
        path.strip_suffix("://a")
            .is_some_and(|scheme| !scheme.is_empty() && !scheme.contains('/'))
    }),
    pattern!("known://é *", Some("known"), "known://", |path| path
        .starts_with("known://é%20")),
    pattern!("src/*.rs", Some("file"), "src/", |path| path
        .starts_with("src/")
        && path.strip_suffix(".rs").is_some()),
    pattern!("**/a*", None, "", |path| path
        .rsplit('/')
        .next()
        .unwrap()
        .starts_with('a')),
    pattern!("{known,prompt}://**", None, "", |path| path
        .starts_with("known://")
        || path.starts_with("prompt://")),
    pattern!("prompt://*", Some("prompt"), "prompt://", |path| path
        .starts_with("prompt://")),
    pattern!("log://**", Some("log"), "log://", |path| path
        .starts_with("log://")),
    pattern!("system://?", Some("system"), "system://", |path| path
        .starts_with("system://")),
    pattern!("run://*", Some("run"), "run://", |path| path
        .starts_with("run://")),
    pattern!("knwon://*", None, "", |_| false),
];

/// A filter of bodies, and what it admits.
pub struct Filter {
    pub text: &'static str,
    pub admits: fn(&str) -> bool,
}

pub static FILTERS: &[Filter] = &[
    Filter {
        text: "one",
        admits: |body| body.contains("one"),
    },
    Filter {
        text: "/^t/",
        admits: |body| body.starts_with('t'),
    },
    Filter {
        text: "*e",
        admits: |body| body.ends_with('e') || body.contains("*e"),
    },
];

/// Paths that are written to, as they are stored.
const PATHS: &[&str] = &[
    "known://a",
    "known://b",
    "known://x/a",
    "known://x/b",
    "known://[ab]",
    "known://é%201",
    "unknown://a",
    "skill://s",
    "src/a.rs",
    "src/b.rs",
    "prompt://1",
    "sh://turn_1/ls_1",
    "log://turn_1/set/src%2Fa.rs",
    "run://r0",
    "run://r1",
    "system://1",
];

const TARGETS: &[&str] = &[
    "known://a",
    "known://b",
    "known://x/",
    "known://x/x/",
    "unknown://x/",
    "src/a.rs",
    "prompt://1",
    "log://turn_1/set/src%2Fa.rs",
    "run://r1",
];

pub const ALIASES: &[&str] = &["r0", "r1", "r2", "r3"];

/// What a write names.
#[derive(Debug, Clone, Default)]
pub struct Patch {
    pub body: Option<String>,
    pub append: bool,
    pub attributes: Option<Attributes>,
    pub ended: Option<(State, Option<Outcome>)>,
    pub visibility: Option<Visibility>,
    pub turn: Option<u32>,
    /// Whether the run's loop is named.
    pub in_loop: bool,
}

#[derive(Debug, Clone, Copy)]
pub struct Shown {
    pub visibility: Visibility,
    pub turn: Option<u32>,
}

/// Conditions of a list.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    pub scheme: Option<Scheme>,
    pub state: Option<State>,
    pub visibility: Option<Visibility>,
    pub limit: Option<u32>,
    pub offset: u32,
}

/// Which of the runs is meant: counted round those that there are.
pub type Which = usize;

type Words = (&'static Given, Option<usize>);

#[derive(Debug, Clone)]
pub enum Step {
    Set(Which, Writer, &'static str, Patch),
    SetAll(Which, Writer, Words, Patch),
    Show(Which, Writer, Words, Shown),
    Rm(Which, Writer, Words),
    Transfer {
        moves: bool,
        run: Which,
        writer: Writer,
        from: Words,
        to: &'static str,
        visibility: Option<Visibility>,
    },
    Log(Which, &'static str, String),
    Audit(Which, Scheme, u32, String),
    List(Which, Words, Page),
    TakeTurn(Which),
    Fork(Which, &'static str),
    Rename(Which, &'static str),
    Configure(Which, Changes),
    Status(Which, RunStatus),
    Delete(Which),
}

fn words(list: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    select(list)
}

/// One path is written to again and again, so that what it holds is changed and not only made.
fn path() -> impl Strategy<Value = &'static str> {
    prop_oneof![1 => Just(PATHS[0]), 2 => words(PATHS)]
}

fn body() -> impl Strategy<Value = String> {
    words(&["", "one", "two", "one two", "*e", "été"]).prop_map(str::to_owned)
}

fn writer() -> impl Strategy<Value = Writer> {
    // The model writes most.
    prop_oneof![3 => Just(Writer::Model), 2 => Just(Writer::Plugin), 3 => select(Writer::ALL)]
}

fn attributes() -> impl Strategy<Value = Attributes> {
    let all = [
        json!({}),
        json!({"summary": "s"}),
        json!({"summary": null, "tags": "t"}),
        json!({"hunks": {"h1": 1}}),
        json!({"hunks": {"h1": null, "h2": 2}}),
    ];
    select(all.map(|value| value.as_object().unwrap().clone()).to_vec())
}

fn ended() -> impl Strategy<Value = (State, Option<Outcome>)> {
    let outcome = select(vec![Outcome::Conflict, Outcome::Exit(127)]);
    (select(State::ALL), option::of(outcome))
}

fn turn() -> impl Strategy<Value = Option<u32>> {
    option::of(1_u32..4)
}

fn patch() -> impl Strategy<Value = Patch> {
    let attributes = attributes().prop_map(|attributes| Patch {
        attributes: Some(attributes),
        ..Patch::default()
    });
    prop_oneof![3 => any_patch(), 1 => attributes]
}

fn any_patch() -> impl Strategy<Value = Patch> {
    (
        option::weighted(0.7, body()),
        prop::bool::weighted(0.3),
        option::weighted(0.3, attributes()),
        option::weighted(0.3, ended()),
        option::weighted(0.3, select(Visibility::ALL)),
        turn(),
        any::<bool>(),
    )
        .prop_map(
            |(body, append, attributes, ended, visibility, turn, in_loop)| Patch {
                body,
                append,
                attributes,
                ended,
                visibility,
                turn,
                in_loop,
            },
        )
}

fn meant() -> impl Strategy<Value = Words> {
    let filter = option::weighted(0.3, 0..FILTERS.len());
    let all = GIVEN.iter().position(|given| given.text == "**").unwrap();
    let given = prop_oneof![4 => 0..GIVEN.len(), 1 => Just(all)];
    (given.prop_map(|at| &GIVEN[at]), filter)
}

fn page() -> impl Strategy<Value = Page> {
    (
        option::weighted(0.2, select(Scheme::ALL)),
        option::weighted(0.2, select(State::ALL)),
        option::weighted(0.2, select(Visibility::ALL)),
        option::of(0_u32..4),
        0_u32..4,
    )
        .prop_map(|(scheme, state, visibility, limit, offset)| Page {
            scheme,
            state,
            visibility,
            limit,
            offset,
        })
}

fn changes() -> impl Strategy<Value = Changes> {
    let persona = option::of(words(&["p", "q"]).prop_map(str::to_owned));
    let temperature = option::of(Just(0.5));
    (option::of(temperature), option::of(persona)).prop_map(|(temperature, persona)| Changes {
        temperature,
        persona,
        ..Changes::default()
    })
}

pub fn step() -> impl Strategy<Value = Step> {
    let run = || 0_usize..ALIASES.len();
    let shown =
        (select(Visibility::ALL), turn()).prop_map(|(visibility, turn)| Shown { visibility, turn });
    let audit = select(vec![Scheme::System, Scheme::Assistant]);
    let transfer = (
        any::<bool>(),
        run(),
        writer(),
        meant(),
        words(TARGETS),
        option::of(select(Visibility::ALL)),
    );
    prop_oneof![
        12 => (run(), writer(), path(), patch()).prop_map(|(r, w, p, x)| Step::Set(r, w, p, x)),
        3 => (run(), writer(), meant(), patch()).prop_map(|(r, w, m, x)| Step::SetAll(r, w, m, x)),
        3 => (run(), writer(), meant(), shown).prop_map(|(r, w, m, s)| Step::Show(r, w, m, s)),
        2 => (run(), writer(), meant()).prop_map(|(r, w, m)| Step::Rm(r, w, m)),
        4 => transfer.prop_map(|(moves, run, writer, from, to, visibility)| Step::Transfer {
            moves, run, writer, from, to, visibility,
        }),
        2 => (run(), words(&["src/a.rs", "src/a.rs_2"]), body()).prop_map(|(r, t, b)| Step::Log(r, t, b)),
        1 => (run(), audit, 1_u32..3, body()).prop_map(|(r, s, t, b)| Step::Audit(r, s, t, b)),
        6 => (run(), meant(), page()).prop_map(|(r, m, p)| Step::List(r, m, p)),
        1 => run().prop_map(Step::TakeTurn),
        3 => (run(), words(ALIASES)).prop_map(|(r, a)| Step::Fork(r, a)),
        1 => (run(), words(ALIASES)).prop_map(|(r, a)| Step::Rename(r, a)),
        1 => (run(), changes()).prop_map(|(r, c)| Step::Configure(r, c)),
        2 => (run(), select(RunStatus::ALL.to_vec())).prop_map(|(r, s)| Step::Status(r, s)),
        1 => run().prop_map(Step::Delete),
    ]
}

impl Step {
    /// The run that it is about.
    pub const fn run(&self) -> usize {
        match self {
            Self::Transfer { run, .. }
            | Self::Set(run, ..)
            | Self::SetAll(run, ..)
            | Self::Show(run, ..)
            | Self::Rm(run, ..)
            | Self::Log(run, ..)
            | Self::Audit(run, ..)
            | Self::List(run, ..)
            | Self::TakeTurn(run)
            | Self::Fork(run, ..)
            | Self::Rename(run, ..)
            | Self::Configure(run, ..)
            | Self::Status(run, ..)
            | Self::Delete(run) => *run,
        }
    }
}
