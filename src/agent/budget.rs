//! Making a packet fit: what is put away, and in which order, when it takes more than it may.

use crate::entries::{Category, EntryPath, Scheme, TurnNumber, Visibility};
use crate::plugins::{Row, prompt};

/// An entry that is put away, what its body takes, and how visible it stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Demotion {
    pub path: EntryPath,
    pub turn: Option<TurnNumber>,
    pub tokens: u64,
    pub to: Visibility,
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
        .map(|(_, to, row)| Demotion {
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
