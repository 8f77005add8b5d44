//! What ends a loop while it waits for the user.

use super::bench::Bench;
use crate::entries::{Mode, Outcome, RunStatus};

#[tokio::test]
async fn a_failure_while_the_run_waits_for_the_user_ends_it_as_failed() {
    let answer = "<set path=\"a.txt\">x</set><update status=\"200\">done</update>";
    let mut bench = Bench::new(&[], &[answer]).await;
    bench.start(bench.prompt(Mode::Act, "go")).await.unwrap();
    bench.proposed().await;
    let broken = bench.store().write(|tx| {
        tx.execute(
            "UPDATE entries SET attributes = '5' WHERE path LIKE 'log://%'",
            [],
        )?;
        Ok(())
    });
    broken.await.unwrap();
    assert_eq!(bench.end().await, (RunStatus::Failed, Some(Outcome::Error)));
}
