//! Turns: one row a model call, with the figures that the provider reported.

use rusqlite::{Connection, Row, params};

use super::{StoreError, Tx, mapped, now_ms, runs};
use crate::entries::{LoopId, RunId, TurnNumber};

/// What one or several turns used. None where the provider said nothing; never an invented zero.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Figures {
    /// Tokens that count against a run's cap: as reported, and estimated where nothing was.
    pub counted: u64,
    /// Tokens of the packet, by the provider's report, else by the estimate.
    pub context: Option<u64>,
    pub prompt: Option<u64>,
    pub cached: Option<u64>,
    pub completion: Option<u64>,
    pub reasoning: Option<u64>,
    pub total: Option<u64>,
    /// In the provider's currency unit, US dollars for all that report one.
    pub cost: Option<f64>,
}

impl Figures {
    /// The sums with another turn's figures added; `context` becomes that turn's.
    #[must_use]
    pub fn with(self, turn: &Self) -> Self {
        let sum = |a: Option<u64>, b: Option<u64>| match (a, b) {
            (Some(a), Some(b)) => Some(a.saturating_add(b)),
            (known, None) | (None, known) => known,
        };
        Self {
            counted: self.counted.saturating_add(turn.counted),
            context: turn.context.or(self.context),
            prompt: sum(self.prompt, turn.prompt),
            cached: sum(self.cached, turn.cached),
            completion: sum(self.completion, turn.completion),
            reasoning: sum(self.reasoning, turn.reasoning),
            total: sum(self.total, turn.total),
            cost: match (self.cost, turn.cost) {
                (Some(a), Some(b)) => Some(a + b),
                (known, None) | (None, known) => known,
            },
        }
    }
}

/// A turn as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    pub number: TurnNumber,
    pub in_loop: LoopId,
    /// Whether the model's answer came and was kept.
    pub answered: bool,
    pub figures: Figures,
    pub created_at: i64,
}

/// Takes the run's next turn number and opens its row.
pub fn begin(tx: &Tx<'_>, run: RunId, in_loop: LoopId) -> Result<TurnNumber, StoreError> {
    let turn = runs::take_turn(tx, run)?;
    tx.prepare_cached(
        "INSERT INTO turns (run_id, loop_id, sequence, created_at) VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute(params![run.0, in_loop.0, turn.0, now_ms()])?;
    Ok(turn)
}

/// Notes that the model answered in this turn, and what that took.
pub fn answered(
    tx: &Tx<'_>,
    run: RunId,
    turn: TurnNumber,
    figures: &Figures,
) -> Result<(), StoreError> {
    let signed = |tokens: Option<u64>| tokens.map(u64::cast_signed);
    tx.prepare_cached(
        "UPDATE turns SET answered = 1, context_tokens = ?3, prompt_tokens = ?4,
             cached_tokens = ?5, completion_tokens = ?6, reasoning_tokens = ?7,
             total_tokens = ?8, cost = ?9, counted_tokens = ?10
         WHERE run_id = ?1 AND sequence = ?2",
    )?
    .execute(params![
        run.0,
        turn.0,
        signed(figures.context),
        signed(figures.prompt),
        signed(figures.cached),
        signed(figures.completion),
        signed(figures.reasoning),
        signed(figures.total),
        figures.cost,
        figures.counted.cast_signed(),
    ])?;
    Ok(())
}

/// The turns that a run has taken itself, in their order. Those that it was forked behind are its
/// parent's.
pub fn list(connection: &Connection, run: RunId) -> Result<Vec<Turn>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS}, sequence, loop_id, answered, created_at
         FROM turns WHERE run_id = ?1 ORDER BY sequence"
    ))?;
    let rows = statement.query_map([run.0], |row| {
        Ok(Turn {
            number: mapped(row, "sequence", TurnNumber)?,
            in_loop: mapped(row, "loop_id", LoopId)?,
            answered: row.get("answered")?,
            figures: read_figures(row)?,
            created_at: row.get("created_at")?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// How many calls of the run the model has answered.
pub fn count_answered(connection: &Connection, run: RunId) -> Result<u64, StoreError> {
    Ok(connection
        .prepare_cached("SELECT count(*) FROM turns WHERE run_id = ?1 AND answered = 1")?
        .query_row([run.0], |row| row.get::<_, i64>(0))?
        .cast_unsigned())
}

/// The run's figures so far; `context` is the newest turn's, all else are sums.
pub fn totals(connection: &Connection, run: RunId) -> Result<Figures, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT (SELECT context_tokens FROM turns WHERE run_id = ?1 AND answered = 1
                     ORDER BY sequence DESC LIMIT 1),
                 sum(prompt_tokens), sum(cached_tokens), sum(completion_tokens),
                 sum(reasoning_tokens), sum(total_tokens), sum(cost),
                 coalesce(sum(counted_tokens), 0)
             FROM turns WHERE run_id = ?1",
        )?
        .query_row([run.0], read_figures)?)
}

/// The columns that [`read_figures`] reads.
const COLUMNS: &str = "context_tokens, prompt_tokens, cached_tokens, completion_tokens,
    reasoning_tokens, total_tokens, cost, counted_tokens";

fn read_figures(row: &Row<'_>) -> rusqlite::Result<Figures> {
    let tokens = |column: usize| -> rusqlite::Result<Option<u64>> {
        let tokens: Option<i64> = row.get(column)?;
        Ok(tokens.map(i64::cast_unsigned))
    };
    Ok(Figures {
        counted: row.get::<_, i64>(7)?.cast_unsigned(),
        context: tokens(0)?,
        prompt: tokens(1)?,
        cached: tokens(2)?,
        completion: tokens(3)?,
        reasoning: tokens(4)?,
        total: tokens(5)?,
        cost: row.get(6)?,
    })
}
