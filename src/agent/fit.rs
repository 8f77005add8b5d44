//! From the entries to a packet that fits: rendered, measured, and put away in tiers until it does.

use crate::entries::{Outcome, Visibility, Writer};
use crate::plugins::telemetry::{Bucket, distribution};
use crate::plugins::{Assembly, Row, TurnContext, error};
use crate::store::StoreError;
use crate::store::entries::{self, Write};

use super::board::Board;
use super::budget::{self, Demotion};
use super::job::Job;
use super::packet::{self, Packet};
use super::turn::{TurnError, tools};

/// A packet that goes to the model.
pub struct Fitted {
    pub packet: Packet,
    /// What its entries take, by category.
    pub distribution: Vec<Bucket>,
}

/// What came of making a packet.
pub enum Fit {
    Fits(Fitted),
    /// It takes so many tokens with all put away that may be; the log says so.
    TooLarge {
        tokens: u64,
    },
}

/// Assembles the turn's packet.
pub async fn fit(job: &Job, cx: &TurnContext<'_>, board: &mut Board) -> Result<Fit, TurnError> {
    let mut demoted: Vec<Demotion> = Vec::new();
    let mut first_size = None;
    loop {
        board.refresh(cx.store, cx.run, job.divisor()).await?;
        let fitted = assemble(job, cx, board.rows());
        let Some(figures) = fitted.packet.figures.filter(|figures| figures.over() > 0) else {
            if let Some(size) = first_size {
                tell(job, cx, size, &demoted).await?;
                // The packet that is sent says what was put away.
                board.refresh(cx.store, cx.run, job.divisor()).await?;
                return Ok(Fit::Fits(assemble(job, cx, board.rows())));
            }
            return Ok(Fit::Fits(fitted));
        };
        let size = *first_size.get_or_insert(figures.usage);
        let tier = budget::demotions(board.rows(), cx.turn, figures.over());
        if tier.is_empty() {
            tell(job, cx, size, &demoted).await?;
            return Ok(Fit::TooLarge {
                tokens: figures.usage,
            });
        }
        put_away(cx, &tier).await?;
        demoted.extend(tier);
    }
}

fn assemble(job: &Job, cx: &TurnContext<'_>, rows: &[Row]) -> Fitted {
    let divisor = job.divisor();
    let tools = tools(job);
    let assembly = Assembly {
        rows,
        mode: job.in_loop.mode,
        phase: job.phase(),
        tools: &tools,
        persona: job.persona.as_deref(),
        divisor,
        map_tokens: job.settings.limits.map_tokens,
        budget: None,
        reverted: reverted(rows, cx),
    };
    let packet = packet::render(assembly, job.ceiling());
    let distribution = distribution(rows, packet.head_tokens, divisor);
    Fitted {
        packet,
        distribution,
    }
}

/// How many entries were put away in this turn or the one before, if any.
fn reverted(rows: &[Row], cx: &TurnContext<'_>) -> Option<u64> {
    rows.iter()
        .rev()
        .take_while(|row| row.turn.is_none_or(|turn| turn.0 + 1 >= cx.turn.0))
        .find_map(|row| row.demoted)
}

async fn put_away(cx: &TurnContext<'_>, tier: &[Demotion]) -> Result<(), StoreError> {
    let run = cx.run;
    let writes: Vec<Write> = tier
        .iter()
        .map(|demotion| Write::to(demotion.path.clone()).visibility(demotion.to))
        .collect();
    cx.store
        .write(move |tx| {
            for write in writes {
                // Each scheme's own writer may change what is shown of it.
                let scheme = write.path.scheme();
                let writer = if scheme.permits_visibility(Writer::Plugin) {
                    Writer::Plugin
                } else {
                    Writer::System
                };
                entries::set(tx, run, writer, write)?;
            }
            Ok(())
        })
        .await
}

async fn tell(
    job: &Job,
    cx: &TurnContext<'_>,
    size: u64,
    demoted: &[Demotion],
) -> Result<(), StoreError> {
    let ceiling = job.ceiling().unwrap_or(size);
    let message = budget::report(size, ceiling, demoted);
    let (run, turn, in_loop, count) = (cx.run, cx.turn, cx.in_loop.id, demoted.len());
    cx.store
        .write(move |tx| {
            let outcome = Outcome::Overflow { tokens: size };
            let path = error::record(tx, run, turn, in_loop, outcome, &message)?;
            let mut told = crate::entries::Attributes::new();
            told.insert("demotedCount".to_owned(), count.into());
            let write = Write::to(path)
                .attributes(told)
                .visibility(Visibility::Visible);
            entries::set(tx, run, Writer::Plugin, write)
        })
        .await
}
