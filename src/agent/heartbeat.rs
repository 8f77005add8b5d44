//! The heartbeat of a process that drives runs: its leases are renewed, a loop whose run was taken
//! over meanwhile is ended, and what processes that are gone have left is interrupted.
//!
//! None of it is what keeps a run from being driven twice: that is checked in each write, by
//! [`crate::store::Store::within`]. It is how everybody notices in time.

use std::sync::Weak;
use std::time::Duration;

use tokio::time::MissedTickBehavior;

use crate::plugins::stream;
use crate::store::runs::{self, Run};
use crate::store::{StoreError, Tx, leases, loops, runners};

use super::events::Subject;
use super::supervisor::{Shared, lives};

/// How often a process says that it still drives its runs.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// Looks after the leases for as long as somebody holds the supervisor: this process's and those of
/// processes that are gone.
pub(super) async fn beat(shared: Weak<Shared>) {
    let mut tick = tokio::time::interval(HEARTBEAT);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let Some(shared) = shared.upgrade() else {
            return;
        };
        let results = [
            drop_displaced(&shared).await,
            renew(&shared).await,
            bury(&shared).await,
            bury_commands(&shared).await,
        ];
        for error in results.into_iter().filter_map(Result::err) {
            tracing::warn!(%error, "the leases could not be looked after");
        }
    }
}

/// Renews the leases of this process.
async fn renew(shared: &Shared) -> Result<(), StoreError> {
    if !shared.drives_any() {
        return Ok(());
    }
    let holder = shared.holder.clone();
    shared
        .store
        .write(move |tx| leases::heartbeat(tx, &holder))
        .await
}

/// Ends the loops of this process that somebody else has ended in the store: another process
/// took their run over while this one stood still.
async fn drop_displaced(shared: &Shared) -> Result<(), StoreError> {
    let running = shared.running();
    if running.is_empty() {
        return Ok(());
    }
    shared
        .store
        .read(move |connection| {
            for (in_loop, abort) in running {
                if !loops::is_active(connection, in_loop)? {
                    abort.cancel();
                }
            }
            Ok(())
        })
        .await
}

/// Interrupts the runs whose process has gone, so that nobody waits for it.
async fn bury(shared: &Shared) -> Result<(), StoreError> {
    let orphans = shared
        .store
        .read(|connection| leases::orphans(connection, lives))
        .await?;
    if orphans.is_empty() {
        return Ok(());
    }
    let interrupted = |tx: &mut Tx<'_>| {
        let orphans = leases::orphans(tx, lives)?;
        let interrupted = orphans.into_iter().map(|run| {
            leases::interrupt(tx, run)?;
            runs::by_id(tx, run)
        });
        interrupted.collect::<Result<Vec<Run>, StoreError>>()
    };
    for run in shared.store.write(interrupted).await? {
        shared.events.tell_changed(&Subject::of(run));
    }
    Ok(())
}

/// Interrupts the commands whose process has gone, so that no loop waits for them.
async fn bury_commands(shared: &Shared) -> Result<(), StoreError> {
    let orphans = shared
        .store
        .read(|connection| runners::orphans(connection, lives))
        .await?;
    if orphans.is_empty() {
        return Ok(());
    }
    let buried = |tx: &mut Tx<'_>| {
        let runs = stream::bury(tx, lives)?.into_iter();
        runs.map(|run| runs::by_id(tx, run)).collect()
    };
    let runs: Vec<Run> = shared.store.write(buried).await?;
    for run in runs {
        shared.events.tell_changed(&Subject::of(run));
    }
    Ok(())
}
