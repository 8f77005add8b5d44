//! Making a packet fit: what is put away, and in which order, when it takes more than it may.

use crate::entries::{Category, EntryPath, Scheme, TurnNumber, Visibility};
use crate::plugins::{Row, prompt};

/// An entry that is put away, what that frees, and how visible it stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Demotion {
    pub path: EntryPath,
    pub turn: Option<TurnNumber>,
    pub tokens: u64,
    pub to: Visibility,
}

/// Which rows a tier takes, and how visible they stay.
type Tier<'t> = (&'t dyn Fn(&Row) -> bool, Visibility);

/// The first tier that has something to put away, cut off where enough is freed. Empty when all is
/// put away that may be.
///
/// The tiers: logs older than the last turn, what the last turn made visible, other sources by age,
/// the prompt's body, knowledge last.
pub fn demotions(rows: &[Row], turn: TurnNumber, over: u64) -> Vec<Demotion> {
    let last = turn.0.saturating_sub(1);
    let latest_prompt = prompt::latest(rows).map(|row| row.path.clone());
    let tier = |wanted: &dyn Fn(&Row) -> bool, to: Visibility| -> Vec<Demotion> {
        let mut rows: Vec<&Row> = rows
            .iter()
            .filter(|row| row.visibility != to)
            .filter(|row| wanted(row) && sheds(row, to))
            .collect();
        rows.sort_by_key(|row| (row.turn, row.view));
        enough(rows, to, over)
    };
    let turn_of = |row: &Row| row.turn.map_or(0, |turn| turn.0);
    let is_source = |row: &Row| {
        row.scheme().category() == Category::Data
            && !matches!(row.scheme(), Scheme::Known | Scheme::Skill)
            && row.visibility == Visibility::Visible
    };
    let is_log = |row: &Row| {
        let old_prompt =
            row.scheme() == Scheme::Prompt && Some(&row.path) != latest_prompt.as_ref();
        row.scheme() == Scheme::Log || old_prompt
    };
    let tiers: [Tier<'_>; 5] = [
        (
            &|row| is_log(row) && turn_of(row) < last,
            Visibility::Archived,
        ),
        (
            &|row| is_source(row) && turn_of(row) >= last,
            Visibility::Summarized,
        ),
        (&is_source, Visibility::Summarized),
        (
            &|row| {
                Some(&row.path) == latest_prompt.as_ref() && row.visibility == Visibility::Visible
            },
            Visibility::Summarized,
        ),
        (
            &|row| row.scheme() == Scheme::Known && row.visibility == Visibility::Visible,
            Visibility::Summarized,
        ),
    ];
    tiers
        .into_iter()
        .map(|(wanted, to)| tier(wanted, to))
        .find(|tier| !tier.is_empty())
        .unwrap_or_else(Vec::new)
}

/// Whether putting a row away makes the packet smaller.
fn sheds(row: &Row, to: Visibility) -> bool {
    match to {
        Visibility::Archived => true,
        _ => row.shown > 0,
    }
}

fn enough(rows: Vec<&Row>, to: Visibility, over: u64) -> Vec<Demotion> {
    let mut freed = 0;
    let mut demoted = Vec::new();
    for row in rows {
        if freed > over {
            break;
        }
        freed += row.tokens.max(1);
        demoted.push(Demotion {
            path: row.path.clone(),
            turn: row.turn,
            tokens: row.tokens,
            to,
        });
    }
    demoted
}

/// What the model is told of the demotions of a turn.
pub fn report(size: u64, ceiling: u64, demoted: &[Demotion]) -> String {
    let tokens: u64 = demoted.iter().map(|demotion| demotion.tokens).sum();
    let plural = if demoted.len() == 1 { "" } else { "s" };
    let mut lines = vec![format!(
        "Token Budget overflow: the packet took {size} tokens, the ceiling is {ceiling}. {} promotion{plural} ({tokens} tokens) demoted to fit.",
        demoted.len()
    )];
    if !demoted.is_empty() {
        lines.push("Demoted:".to_owned());
    }
    lines.extend(demoted.iter().map(|demotion| {
        let turn = demotion
            .turn
            .map_or_else(String::new, |turn| format!("turn {turn}, "));
        format!("- {} ({turn}{} tokens)", demotion.path, demotion.tokens)
    }));
    lines.join("\n")
}
