//! How much of a packet is the same bytes as the packet of the turn before, from its beginning on: what
//! a provider has in its cache. The run is a fixed one, `tests/fixtures/packets`.

use std::collections::BTreeMap;

use rummy_lsp::entries::{Scheme, TurnNumber};
use rummy_lsp::store::entries::{self, Query};
use rummy_lsp::store::{Store, runs};
use serde_json::{Value, json};

use crate::place::{Place, notification};
use crate::table::{Limit, Table, median, to_f64};

const SCRIPT: &str = include_str!("../../tests/fixtures/packets/run.jsonl");

/// The share of a packet that is to be a prefix of the one before, in the middle, in percent.
const SHARED: Limit = Limit::AtLeast(60.0);

pub async fn shared(table: &mut Table) {
    let packets = packets().await;
    let (mut whole, mut system, mut sizes) = (Vec::new(), Vec::new(), Vec::new());
    let mut breaks: BTreeMap<&str, usize> = BTreeMap::new();
    for pair in packets.windows(2) {
        let (before, after) = (&pair[0], &pair[1]);
        let shared = same(&before.sent(), &after.sent());
        whole.push(percent(shared, after.sent().len()));
        system.push(percent(
            same(&before.system, &after.system),
            after.system.len(),
        ));
        sizes.push(after.sent().len() as u64);
        *breaks.entry(after.place(shared)).or_default() += 1;
    }
    let turns = packets.len();
    let what = format!("a packet's prefix that was sent before, median of {turns} turns");
    table.row(&what, median(&whole), "%", SHARED);
    table.row(
        "of the system message alone",
        median(&system),
        "%",
        Limit::None,
    );
    table.row(
        "the packet itself, median",
        to_f64(median(&sizes)) / 1e3,
        "kB",
        Limit::None,
    );
    let mut breaks: Vec<_> = breaks.into_iter().collect();
    breaks.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let breaks = breaks
        .iter()
        .map(|(place, count)| format!("{place} {count}"));
    table.note(&format!(
        "broken first in: {}",
        breaks.collect::<Vec<_>>().join(", ")
    ));
}

/// What a model was sent in a turn.
struct Packet {
    system: String,
    user: String,
}

/// The packets of the fixture's run, turn by turn.
async fn packets() -> Vec<Packet> {
    let place = Place::new(SCRIPT);
    let mut client = place.open().await;
    let prompt = "Let every part rotate by one more than it does, and say so in its head.";
    let params = json!({"prompt": prompt, "run": "bench", "model": "wide", "autoAccept": "edits"});
    let _: Value = client.call("rummy/act", params).await.unwrap();
    loop {
        let (method, params) = notification(&mut client).await;
        match params["status"].as_u64() {
            _ if method != "run/state" => {}
            Some(100 | 102 | 202) => {}
            Some(200) => break,
            _ => panic!("the run ended otherwise: {params}"),
        }
    }
    client.stop().await.unwrap();
    let store = Store::open(&place.database()).await.unwrap();
    store
        .read(|connection| {
            let alias = "bench".parse().unwrap();
            let run = runs::by_alias(connection, &alias)?.unwrap().id;
            let texts = |scheme| {
                let found = entries::list(connection, run, &Query::of_scheme(scheme))?;
                let by_turn = found
                    .into_iter()
                    .map(|entry| (entry.turn.unwrap(), entry.body));
                Ok::<BTreeMap<TurnNumber, String>, rummy_lsp::store::StoreError>(by_turn.collect())
            };
            let (system, user) = (texts(Scheme::System)?, texts(Scheme::User)?);
            let messages = system.into_values().zip(user.into_values());
            Ok(messages
                .map(|(system, user)| Packet { system, user })
                .collect())
        })
        .await
        .unwrap()
}

impl Packet {
    /// Both messages in the order in which they are sent.
    fn sent(&self) -> String {
        format!("{}{}", self.system, self.user)
    }

    /// The section that a byte lies in.
    fn place(&self, at: usize) -> &'static str {
        let Some(at) = at.checked_sub(self.system.len()) else {
            let begin = begins(&self.system, "context");
            return if begin.is_none_or(|begin| at < begin) {
                "head"
            } else {
                "context"
            };
        };
        let sections = [
            "log",
            "sources",
            "unknowns",
            "instructions",
            "budget",
            "prompt",
        ];
        let begun = |section: &&str| begins(&self.user, section).is_some_and(|begin| begin <= at);
        sections.into_iter().rev().find(begun).unwrap_or("end")
    }
}

/// Where the last section of this name begins: at the beginning of a line.
fn begins(message: &str, section: &str) -> Option<usize> {
    let tag = format!("<{section}");
    let is_section = |(at, _): &(usize, &str)| {
        let (before, behind) = (&message[..*at], &message[at + tag.len()..]);
        (before.is_empty() || before.ends_with('\n')) && behind.starts_with(['>', ' '])
    };
    message
        .rmatch_indices(&tag)
        .find(is_section)
        .map(|(at, _)| at)
}

fn same(before: &str, after: &str) -> usize {
    let same = before
        .bytes()
        .zip(after.bytes())
        .take_while(|(a, b)| a == b);
    after.floor_char_boundary(same.count())
}

fn percent(part: usize, whole: usize) -> f64 {
    to_f64(part as u64) * 100.0 / to_f64(whole as u64)
}
