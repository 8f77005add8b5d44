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
    /// Whether an old log row goes: they pile up in any run.
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
    let mut steps = steps(rows, occasion);
    let Some(first) = next_tier(&steps, over) else {
        return Vec::new();
    };
    steps.retain(|step| step.tier == first);
    let all: usize = steps.iter().map(Step::frees).sum();
    // Half of the old log at once: each time its beginning goes, all behind it is sent anew.
    let wanted = if first == Tier::OldLog {
        over.max(all / 2)
    } else {
        over
    };
    let mut freed = 0;
    let mut demoted = Vec::new();
    for step in steps {
        if freed >= wanted {
            break;
        }
        freed += step.frees();
        demoted.push(step.demotion());
    }
    demoted
}

/// What all tiers together may free, in characters.
pub fn freeable(rows: &[Row], occasion: Occasion<'_>) -> usize {
    let frees = |step: &Step<'_>| match step.row.scheme() {
        // Their summaries stay.
        Scheme::File | Scheme::Skill | Scheme::Prompt if step.to == Visibility::Summarized => {
            step.frees()
        }
        _ => step.row.chars + 1,
    };
    steps(rows, occasion).iter().map(frees).sum()
}

/// How one row is put away next.
struct Step<'r> {
    tier: Tier,
    to: Visibility,
    row: &'r Row,
}

impl Step<'_> {
    /// In characters.
    fn frees(&self) -> usize {
        match self.to {
            Visibility::Archived => self.row.chars + 1,
            Visibility::Visible | Visibility::Summarized => self.row.saves,
        }
    }

    fn demotion(&self) -> Demotion {
        Demotion {
            tier: self.tier,
            path: self.row.path.clone(),
            turn: self.row.turn,
            tokens: self.row.tokens,
            to: self.to,
        }
    }
}

/// All that may be put away, by tier, oldest first.
fn steps<'r>(rows: &'r [Row], occasion: Occasion<'_>) -> Vec<Step<'r>> {
    let latest = prompt::latest(rows).map(|row| &row.path);
    let mut steps: Vec<Step<'r>> = rows
        .iter()
        .filter_map(|row| {
            let (tier, to) = next(row, occasion, latest)?;
            Some(Step { tier, to, row })
        })
        .collect();
    steps.sort_by_key(|step| (step.tier, step.row.turn, step.row.view));
    steps
}

/// The first tier. Where the old log is not enough, what was just made visible goes before it: one
/// source that is too large by itself costs the run no memory of what it did.
fn next_tier(steps: &[Step<'_>], over: usize) -> Option<Tier> {
    let first = steps.first()?.tier;
    let of = |tier: Tier| steps.iter().filter(move |step| step.tier == tier);
    let old_log: usize = of(Tier::OldLog).map(Step::frees).sum();
    if first == Tier::OldLog && old_log < over && of(Tier::Promoted).next().is_some() {
        return Some(Tier::Promoted);
    }
    Some(first)
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
            shrinks.then_some((Tier::Prompt, Visibility::Summarized))
        }
        (Category::Logging, _) if Some(&row.path) == occasion.told => None,
        (Category::Prompt | Category::Logging, _) if !is_new(last) => archived(Tier::OldLog),
        (Category::Prompt | Category::Logging, _) if shrinks => summarized(Tier::NewLog),
        (Category::Unknown, _) if shrinks => summarized(Tier::Unknown),
        (Category::Data, Scheme::Known) if shrinks => summarized(Tier::Known),
        (Category::Data, Scheme::Skill) if shrinks => summarized(Tier::Skill),
        (Category::Data, _) if shrinks && is_new(last) => summarized(Tier::Promoted),
        (Category::Data, _) if shrinks => summarized(Tier::Source),
        // The listing of files is limited by itself, and a skill stays until the user takes it away.
        (Category::Data, Scheme::File | Scheme::Skill) | (Category::Audit, _) => None,
        _ => archived(Tier::Summary),
    }
}

/// What the model is told of what was put away, a line an entry, but for old log rows, which are
/// counted. As long as the ceiling allows: what tells of an overflow must not be one.
pub fn report(size: u64, ceiling: u64, demoted: &[Demotion]) -> String {
    /// Tokens of the ceiling for each line, and the most and the fewest lines.
    const SHARE: u64 = 1_000;
    const LINES: std::ops::RangeInclusive<u64> = 3..=20;
    let lines = (ceiling / SHARE).clamp(*LINES.start(), *LINES.end());
    let (tidied, shown): (Vec<&Demotion>, Vec<&Demotion>) =
        demoted.iter().partition(|one| one.is_tidying());
    let sum = |some: &[&Demotion]| some.iter().map(|one| one.tokens).sum::<u64>();
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    let mut text = vec![format!(
        "Token Budget overflow: the packet took {size} tokens, the ceiling is {ceiling}. {} promotion{} ({} tokens) demoted to fit.",
        shown.len(),
        plural(shown.len()),
        sum(&shown)
    )];
    if demoted.is_empty() {
        text.push("Nothing was put away: all of it together would not be enough.".to_owned());
        return text.join("\n");
    }
    text.push("Demoted:".to_owned());
    let listed = usize::try_from(lines).map_or(shown.len(), |lines| lines.min(shown.len()));
    let (listed, rest) = shown.split_at(listed);
    text.extend(listed.iter().map(|demotion| line(demotion)));
    if !rest.is_empty() {
        text.push(format!("- and {} more ({} tokens)", rest.len(), sum(rest)));
    }
    if !tidied.is_empty() {
        let count = tidied.len();
        text.push(format!("- {count} old log row{} archived", plural(count)));
    }
    text.join("\n")
}

/// `- PATH (turn T, K tokens)`, and that it is archived where it is not just a summary.
fn line(demotion: &Demotion) -> String {
    const PATH: usize = 100;
    let path = demotion.path.as_str();
    let path = match path.char_indices().nth(PATH) {
        Some((end, _)) => format!("{}…", &path[..end]),
        None => path.to_owned(),
    };
    let turn = demotion
        .turn
        .map_or_else(String::new, |turn| format!("turn {turn}, "));
    let archived = match demotion.to {
        Visibility::Archived => ", archived",
        Visibility::Visible | Visibility::Summarized => "",
    };
    format!("- {path} ({turn}{} tokens{archived})", demotion.tokens)
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
            summarized: new.rs
            archived: prompt://1 log://turn_1/get/x log://turn_3/update/x
            summarized: older.rs old.rs
            summarized: log://turn_4/get/big
            summarized: prompt://3 prompt://4
            summarized: known://a
            summarized: skill://s
            summarized: unknown://q
            archived: known://a known://short known://summary unknown://q log://turn_4/get/big log://turn_4/update/y"]]
        .assert_eq(&tiers(RUN, usize::MAX));
    }

    #[test]
    fn a_tier_goes_oldest_first_and_only_as_far_as_it_must() {
        let sources = "
            b.rs visible 2 150 100
            a.rs visible 1 150 100
            c.rs visible 3 150 100";
        for (over, expected) in [
            (1, "a.rs"),
            (100, "a.rs"),
            (101, "a.rs b.rs"),
            (201, "a.rs b.rs c.rs"),
        ] {
            let tiers = tiers(sources, over);
            let first = tiers.lines().next().unwrap();
            assert_eq!(first, format!("summarized: {expected}"), "{over}");
        }
    }

    #[test]
    fn of_the_old_log_half_goes_at_least() {
        let logs: Vec<String> = (0..10)
            .map(|n| format!("log://turn_1/get/{n} visible 1 99 0"))
            .collect();
        let tiers = tiers(&logs.join("\n"), 1);
        assert_eq!(tiers.lines().next().unwrap().split(' ').count(), 1 + 5);
    }

    #[test]
    fn one_large_source_goes_before_an_old_log_that_would_not_be_enough() {
        let run = "
            log://turn_1/get/a visible 1 99 0
            big.txt visible 4 9000 8900";
        expect![[r"
            archived: log://turn_1/get/a
            summarized: big.txt"]]
        .assert_eq(&tiers(run, 100));
        expect![[r"
            summarized: big.txt
            archived: log://turn_1/get/a"]]
        .assert_eq(&tiers(run, 101));
    }

    #[test]
    fn what_may_be_freed_is_what_all_tiers_free() {
        let told = EntryPath::parse("log://turn_5/error/overflow").unwrap();
        let occasion = Occasion {
            turn: TurnNumber(5),
            began: TurnNumber(3),
            told: Some(&told),
        };
        let rows = rows(RUN);
        let mut left = rows.clone();
        let mut freed = 0;
        loop {
            let tier = demotions(&left, occasion, usize::MAX);
            if tier.is_empty() {
                break;
            }
            for one in tier {
                let at = left.iter().position(|row| row.path == one.path).unwrap();
                if one.to == Visibility::Archived {
                    freed += left.remove(at).chars + 1;
                } else {
                    freed += left[at].saves;
                    left[at].chars -= left[at].saves;
                    left[at].visibility = one.to;
                    left[at].saves = 0;
                }
            }
        }
        assert_eq!(freeable(&rows, occasion), freed);
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
        expect![[r"
            Token Budget overflow: the packet took 120 tokens, the ceiling is 100. 0 promotions (0 tokens) demoted to fit.
            Nothing was put away: all of it together would not be enough."]]
        .assert_eq(&report(120, 100, &[]));
        expect![[r"
            Token Budget overflow: the packet took 120 tokens, the ceiling is 100. 1 promotion (7 tokens) demoted to fit.
            Demoted:
            - known://1 (turn 4, 7 tokens)"]]
        .assert_eq(&report(120, 100, &[one(1, Some(4))]));
        let archived = |n, tier| Demotion {
            tier,
            to: Visibility::Archived,
            ..one(n, None)
        };
        let mixed = [
            archived(1, Tier::OldLog),
            archived(2, Tier::OldLog),
            archived(3, Tier::Summary),
        ];
        expect![[r"
            Token Budget overflow: the packet took 120 tokens, the ceiling is 100. 1 promotion (7 tokens) demoted to fit.
            Demoted:
            - known://3 (7 tokens, archived)
            - 2 old log rows archived"]]
        .assert_eq(&report(120, 100, &mixed));
        let many: Vec<Demotion> = (0..700).map(|at| one(at, None)).collect();
        for (ceiling, rest) in [
            (900, "697 more (4879"),
            (8_000, "692 more (4844"),
            (200_000, "680 more (4760"),
        ] {
            let told = report(1, ceiling, &many);
            assert!(
                told.contains("700 promotions (4900 tokens) demoted"),
                "{told}"
            );
            assert!(told.ends_with(&format!("\n- and {rest} tokens)")), "{told}");
        }
    }
}
