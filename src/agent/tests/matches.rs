//! What a `<set>` writes that names more than one entry, none, or no path at all.

use std::fmt::Write as _;

use super::bench::Bench;

const DONE: &str = "<update status=\"200\">done</update>";
const TWO: &str = "<set path=\"known://a\">one</set><set path=\"known://b\">two</set>";

/// What the run knows after one more answer, as `path: body`, and how its last `set` was logged.
async fn after(answer: &str) -> (Vec<String>, String) {
    let first = format!("{TWO}<update status=\"145\">noted</update>");
    let mut bench = Bench::new(&[], &[&first, answer, DONE]).await;
    bench.act("go").await;
    let mut known = Vec::new();
    for entry in bench.entries("known://**").await {
        known.push(format!("{}: {}", entry.path, entry.body));
    }
    let log = bench.log().await;
    let last = log
        .iter()
        .rfind(|line| line.starts_with("log://turn_2/set"));
    (known, last.unwrap().clone())
}

#[tokio::test]
async fn a_body_goes_to_all_that_a_pattern_or_a_filter_means_and_makes_no_entry() {
    let mut table = String::new();
    for set in [
        "<set path=\"known://*\">new</set>",
        "<set path=\"known://none*\">new</set>",
        "<set path=\"known://a\" filter=\"one\">new</set>",
        "<set path=\"known://a\" filter=\"two\">new</set>",
        "<set path=\"known://none\" filter=\"one\">new</set>",
        "<set path=\"known://c\td\">new</set>",
        "<set path=\"known://c&#10;d\">new</set>",
    ] {
        let (known, logged) = after(&format!("{set}{DONE}")).await;
        writeln!(table, "{set:?}\n  {}\n  {logged}", known.join(", ")).unwrap();
    }
    expect_test::expect![[r#"
        "<set path=\"known://*\">new</set>"
          known://a: new, known://b: new
          log://turn_2/set/known:%2F%2F*: written:
        "<set path=\"known://none*\">new</set>"
          known://a: one, known://b: two
          log://turn_2/set/known:%2F%2Fnone* failed not_found: not found: known://none*
        "<set path=\"known://a\" filter=\"one\">new</set>"
          known://a: new, known://b: two
          log://turn_2/set/known:%2F%2Fa: written:
        "<set path=\"known://a\" filter=\"two\">new</set>"
          known://a: one, known://b: two
          log://turn_2/set/known:%2F%2Fa failed not_found: not found: known://a
        "<set path=\"known://none\" filter=\"one\">new</set>"
          known://a: one, known://b: two
          log://turn_2/set/known:%2F%2Fnone failed not_found: not found: known://none
        "<set path=\"known://c\td\">new</set>"
          known://a: one, known://b: two
          log://turn_2/set/known:%2F%2Fc%09d failed validation: "known://c\td" contains a control character
        "<set path=\"known://c&#10;d\">new</set>"
          known://a: one, known://b: two
          log://turn_2/set/known:%2F%2Fc%0Ad failed validation: "known://c\nd" contains a control character
    "#]]
    .assert_eq(&table);
}
