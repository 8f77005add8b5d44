//! Making a packet fit: what is put away, and in which order, when it takes more than it may.

use crate::entries::{Category, EntryPath, Scheme, TurnNumber, Visibility};
use crate::plugins::{Row, prompt};

/// An entry that is put away, what its body takes, and how visible it stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Demotion {
    tier: Tier,
    pub path: EntryPath,
    pub turn: Option<TurnNumber>,
    pub tokens: u64,
    pub to: Visibility,
}

impl Demotion {
    /// Whether only old log rows go, which pile up in any run.
    pub fn is_tidying(&self) -> bool {
        self.tier == Tier::OldLog
    }
}

/// The packet that must fit, as far as that decides what is new in it.
#[derive(Debug, Clone, Copy)]
pub struct Occasion<'a> {
    /// The turn whose packet it is.
    pub turn: TurnNumber,
    /// The loop's first turn: prompts from there on are its own.
    pub began: TurnNumber,
    /// The log entry that tells of these demotions.
    pub told: Option<&'a EntryPath>,
}

/// What is put away together, in the order in which it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Tier {
    /// The log and the prompts from before the last turn.
    OldLog,
    /// What the last turn made visible.
    Promoted,
    /// Every other source.
    Source,
    /// What the last turn wrote into the log.
    NewLog,
    /// What the user asks, which stays readable in its beginning.
    Prompt,
    Known,
    Skill,
    Unknown,
    /// What is a summary already.
    Summary,
}

/// The entries of the first tier that has any, oldest first, cut off where `over` characters are
/// freed. Empty when all is put away that may be.
pub fn demotions(rows: &[Row], occasion: Occasion<'_>, over: usize) -> Vec<Demotion> {
    let latest = prompt::latest(rows).map(|row| &row.path);
    let mut steps: Vec<(Tier, Visibility, &Row)> = rows
        .iter()
        .filter_map(|row| {
            let (tier, to) = next(row, occasion, latest)?;
            Some((tier, to, row))
        })
        .collect();
    steps.sort_by_key(|(tier, _, row)| (*tier, row.turn, row.view));
    let Some(first) = steps.first().map(|(tier, ..)| *tier) else {
        return Vec::new();
    };
    let mut freed = 0;
    steps
        .into_iter()
        .take_while(|(tier, to, row)| {
            let wanted = *tier == first && freed < over;
            freed += frees(row, *to);
            wanted
        })
        .map(|(tier, to, row)| Demotion {
            tier,
            path: row.path.clone(),
            turn: row.turn,
            tokens: row.tokens,
            to,
        })
        .collect()
}

/// How a row would be put away next, if that frees anything.
fn next(
    row: &Row,
    occasion: Occasion<'_>,
    latest_prompt: Option<&EntryPath>,
) -> Option<(Tier, Visibility)> {
    let is_new = |since: u32| row.turn.is_some_and(|turn| turn.0 >= since);
    let last = occasion.turn.0.saturating_sub(1);
    let shrinks = row.visibility == Visibility::Visible && row.saves > 0;
    let summarized = |tier| Some((tier, Visibility::Summarized));
    let archived = |tier| Some((tier, Visibility::Archived));
    match (row.scheme().category(), row.scheme()) {
        (Category::Prompt, _) if Some(&row.path) == latest_prompt || is_new(occasion.began.0) => {
            shrinks
                .then_some(())
                .and_then(|()| summarized(Tier::Prompt))
        }
        (Category::Logging, _) if Some(&row.path) == occasion.told => None,
        (Category::Prompt | Category::Logging, _) if !is_new(last) => archived(Tier::OldLog),
        (Category::Prompt | Category::Logging, _) if shrinks => summarized(Tier::NewLog),
        (Category::Unknown, _) if shrinks => summarized(Tier::Unknown),
        (Category::Data, Scheme::Known) if shrinks => summarized(Tier::Known),
        (Category::Data, Scheme::Skill) if shrinks => summarized(Tier::Skill),
        (Category::Data, _) if shrinks && is_new(last) => summarized(Tier::Promoted),
        (Category::Data, _) if shrinks => summarized(Tier::Source),
        // The listing of files is limited by itself.
        (Category::Data, Scheme::File) | (Category::Audit, _) => None,
        _ => archived(Tier::Summary),
    }
}

/// What putting a row away frees, in characters.
fn frees(row: &Row, to: Visibility) -> usize {
    match to {
        Visibility::Archived => row.chars + 1,
        Visibility::Visible | Visibility::Summarized => row.saves,
    }
}

/// How many demotions are told one by one.
const LISTED: usize = 50;

/// What the model is told of the demotions of a turn.
pub fn report(size: u64, ceiling: u64, demoted: &[Demotion]) -> String {
    let sum = |demoted: &[Demotion]| demoted.iter().map(|one| one.tokens).sum::<u64>();
    let plural = if demoted.len() == 1 { "" } else { "s" };
    let mut lines = vec![format!(
        "Token Budget overflow: the packet took {size} tokens, the ceiling is {ceiling}. {} promotion{plural} ({} tokens) demoted to fit.",
        demoted.len(),
        sum(demoted)
    )];
    if !demoted.is_empty() {
        lines.push("Demoted:".to_owned());
    }
    let (listed, rest) = demoted.split_at(demoted.len().min(LISTED));
    lines.extend(listed.iter().map(|demotion| {
        let turn = demotion
            .turn
            .map_or_else(String::new, |turn| format!("turn {turn}, "));
        format!("- {} ({turn}{} tokens)", demotion.path, demotion.tokens)
    }));
    if !rest.is_empty() {
        lines.push(format!("- and {} more ({} tokens)", rest.len(), sum(rest)));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::entries::ViewId;

    /// `PATH VISIBILITY TURN CHARS SAVES`, a row a line.
    fn rows(table: &str) -> Vec<Row> {
        let row = |(at, line): (usize, &str)| {
            let [path, visibility, turn, chars, saves] = line
                .split_whitespace()
                .collect::<Vec<_>>()
                .try_into()
                .unwrap();
            let path = EntryPath::parse(path).unwrap();
            Row {
                view: ViewId(i64::try_from(at).unwrap()),
                visibility: visibility.parse().unwrap(),
                turn: Some(TurnNumber(turn.parse().unwrap())),
                changed: 0,
                line: String::new(),
                chars: chars.parse().unwrap(),
                saves: saves.parse().unwrap(),
                tokens: 10,
                prompt: (path.scheme() == Scheme::Prompt).then(String::new),
                path,
            }
        };
        table.trim().lines().enumerate().map(row).collect()
    }

    /// Puts away what a packet of turn 5, of a loop that began in turn 3, can do without, a tier a
    /// line, until nothing is left to put away.
    fn tiers(table: &str, over: usize) -> String {
        let mut rows = rows(table);
        let told = EntryPath::parse("log://turn_5/error/overflow").unwrap();
        let occasion = Occasion {
            turn: TurnNumber(5),
            began: TurnNumber(3),
            told: Some(&told),
        };
        let mut lines = Vec::new();
        loop {
            let tier = demotions(&rows, occasion, over);
            if tier.is_empty() {
                return lines.join("\n");
            }
            let named: Vec<&str> = tier.iter().map(|one| one.path.as_str()).collect();
            lines.push(format!("{}: {}", tier[0].to, named.join(" ")));
            for one in tier {
                let at = rows.iter().position(|row| row.path == one.path).unwrap();
                rows[at].visibility = one.to;
                rows[at].saves = 0;
                if one.to == Visibility::Archived {
                    rows.remove(at);
                }
            }
        }
    }

    const RUN: &str = "
        known://a visible 1 600 50
        known://short visible 1 60 0
        known://summary summarized 1 60 0
        skill://s visible 1 900 800
        unknown://q visible 1 800 200
        old.rs visible 1 500 400
        older.rs visible 0 500 400
        listed.rs summarized 0 50 0
        new.rs visible 4 500 400
        prompt://1 visible 1 60 0
        log://turn_1/get/x visible 1 300 250
        prompt://3 visible 3 900 300
        log://turn_3/update/x visible 3 50 0
        prompt://4 visible 4 900 300
        log://turn_4/get/big visible 4 5000 4900
        log://turn_4/update/y visible 4 50 0
        log://turn_5/error/overflow visible 5 80 0";

    #[test]
    fn all_that_may_be_put_away_goes_in_tiers_and_what_may_not_stays() {
        expect![[r"
            archived: prompt://1 log://turn_1/get/x log://turn_3/update/x
            summarized: new.rs
            summarized: older.rs old.rs
            summarized: log://turn_4/get/big
            summarized: prompt://3 prompt://4
            summarized: known://a
            summarized: skill://s
            summarized: unknown://q
            archived: known://a known://short known://summary skill://s unknown://q log://turn_4/get/big log://turn_4/update/y"]]
        .assert_eq(&tiers(RUN, usize::MAX));
    }

    #[test]
    fn a_tier_goes_oldest_first_and_only_as_far_as_it_must() {
        let logs = "
            log://turn_2/get/b visible 2 99 0
            log://turn_1/get/a visible 1 99 0
            log://turn_3/get/c visible 3 99 0";
        for (over, expected) in [
            (1, "log://turn_1/get/a"),
            (100, "log://turn_1/get/a"),
            (101, "log://turn_1/get/a log://turn_2/get/b"),
            (
                201,
                "log://turn_1/get/a log://turn_2/get/b log://turn_3/get/c",
            ),
        ] {
            let tiers = tiers(logs, over);
            let first = tiers.lines().next().unwrap();
            assert_eq!(first, format!("archived: {expected}"), "{over}");
        }
    }

    #[test]
    fn what_was_put_away_is_told_with_its_sum_and_not_line_by_line_without_end() {
        let one = |at: u32, turn: Option<u32>| Demotion {
            tier: Tier::Known,
            path: EntryPath::parse(&format!("known://{at}")).unwrap(),
            turn: turn.map(TurnNumber),
            tokens: 7,
            to: Visibility::Summarized,
        };
        expect!["Token Budget overflow: the packet took 120 tokens, the ceiling is 100. 0 promotions (0 tokens) demoted to fit."]
            .assert_eq(&report(120, 100, &[]));
        expect![[r"
            Token Budget overflow: the packet took 120 tokens, the ceiling is 100. 1 promotion (7 tokens) demoted to fit.
            Demoted:
            - known://1 (turn 4, 7 tokens)"]]
        .assert_eq(&report(120, 100, &[one(1, Some(4))]));
        let many: Vec<Demotion> = (0..700).map(|at| one(at, None)).collect();
        let told = report(120, 100, &many);
        assert!(
            told.contains("700 promotions (4900 tokens) demoted"),
            "{told}"
        );
        assert!(told.contains("\n- known://0 (7 tokens)\n"), "{told}");
        assert!(told.ends_with("\n- and 650 more (4550 tokens)"), "{told}");
    }
}
