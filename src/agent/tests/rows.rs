//! The lines of the packet, whole.

use expect_test::expect;

use super::bench::Bench;
use crate::entries::{EntryPath, Mode, RunStatus, Visibility, Writer};
use crate::store::entries::{self, Query, Write};

const DONE: &str = "<update status=\"200\">done</update>";
const ON: &str = "<update status=\"145\">on</update>";

/// The text between two tags of a message, without the budget's and the phase's own words.
fn section<'t>(text: &'t str, name: &str) -> &'t str {
    let (_, behind) = text.split_once(&format!("<{name}>\n")).unwrap();
    behind.split_once(&format!("\n</{name}>")).unwrap().0
}

#[tokio::test]
async fn each_kind_of_entry_stands_in_its_section_in_its_own_form() {
    let long = "s".repeat(100);
    let answer = format!(
        "<get path=\"a.txt\"/><set path=\"known://t/fact\" summary='it &quot;is&quot; {long}' tags=\"x,y\">A fact.</set>\
         <set path=\"known://t/put-away\" visibility=\"summarized\">Another.</set>\
         <set path=\"unknown://t/q\">Why?</set><rm path=\"known://none\"/>{ON}"
    );
    let mut bench = Bench::new(
        &[("a.txt", "text\n"), ("ünread.txt", "éé\n")],
        &[&answer, DONE],
    )
    .await;
    assert_eq!(bench.act("go").await, (RunStatus::Done, None));
    let (system, user) = (bench.system_message(2).await, bench.user_message(2).await);
    expect![[r#"
        <known path="known://t/fact" turn="1" tags="x,y" summary="it &quot;is&quot; ssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss" visibility="visible" tokens="4">A fact.</known>
        <known path="known://t/put-away" turn="1" visibility="summarized" tokens="4">Another.</known>"#]]
    .assert_eq(section(&system, "context"));
    expect![[r#"
        <file path="ünread.txt" language="plaintext" visibility="summarized" tokens="3"/>
        <file path="a.txt" turn="1" language="plaintext" visibility="visible" tokens="3">
        text

        </file>"#]]
    .assert_eq(section(&user, "sources"));
    expect![[r#"
        <get path="log://turn_1/get/a.txt" target="a.txt" status="200" tokens="13">
        visible:
        a.txt (3 tokens)
        </get>
        <set path="log://turn_1/set/known:%2F%2Ft%2Ffact" target="known://t/fact" status="200" tokens="9">written, 4 tokens</set>
        <set path="log://turn_1/set/known:%2F%2Ft%2Fput-away" target="known://t/put-away" status="200" tokens="9">written, 4 tokens</set>
        <set path="log://turn_1/set/unknown:%2F%2Ft%2Fq" target="unknown://t/q" status="200" tokens="9">written, 2 tokens</set>
        <rm path="log://turn_1/rm/known:%2F%2Fnone" target="known://none" status="404" outcome="not_found" tokens="12">not found: known://none</rm>
        <update path="log://turn_1/update/on" status="145" tokens="1">on</update>"#]]
    .assert_eq(section(&user, "log"));
    expect![[
        r#"<unknown path="unknown://t/q" turn="1" visibility="visible" tokens="2">Why?</unknown>"#
    ]]
    .assert_eq(section(&user, "unknowns"));
    let prompt = "<prompt mode=\"act\" path=\"prompt://1\" commands=\"think,get,set,env,sh,rm,cp,mv,ask_user,update\" tokens=\"1\">go</prompt>";
    assert!(user.ends_with(prompt), "{user}");
}

#[tokio::test]
async fn without_entries_there_are_no_sections_for_them() {
    let mut bench = Bench::new(&[], &[DONE]).await;
    bench.act("go").await;
    let (system, user) = (bench.system_message(1).await, bench.user_message(1).await);
    for section in ["<context>\n", "<log>\n", "<sources>\n", "<unknowns>\n"] {
        assert!(
            !system.contains(section) && !user.contains(section),
            "{section}"
        );
    }
    assert!(user.starts_with("<instructions>\nPhase: define."), "{user}");
}

#[tokio::test]
async fn the_log_is_one_block_over_all_loops_and_earlier_prompts_stand_in_it() {
    let mut bench = Bench::new(&[], &[DONE, DONE]).await;
    bench.act("first").await;
    bench.act("second").await;
    let user = bench.user_message(2).await;
    expect![[r#"
        <prompt path="prompt://1" status="200" tokens="3">first</prompt>
        <update path="log://turn_1/update/done" status="200" tokens="2">done</update>"#]]
    .assert_eq(section(&user, "log"));
    assert_eq!(user.matches("<log>").count(), 1);
    assert!(user.ends_with(">second</prompt>"), "{user}");
}

#[tokio::test]
async fn the_persona_stands_under_a_heading_behind_the_commands_and_the_fixed_texts_stay_the_same()
{
    let mut bench = Bench::new(&[], &[DONE, DONE]).await;
    bench.act("plain").await;
    let mut start = bench.prompt(Mode::Act, "in character");
    start.changes.persona = Some(Some("Speak like a pirate.\n".to_owned()));
    bench.start(start).await.unwrap();
    bench.end().await;
    let plain = bench.system_message(1).await;
    let expected = format!("{plain}\n\n# Persona\nSpeak like a pirate.");
    assert_eq!(bench.system_message(2).await, expected);
}

#[tokio::test]
async fn a_visible_file_that_ceases_to_be_a_text_is_not_shown_as_it_was() {
    let lines = [
        serde_json::json!({"answer": format!("<get path=\"a.txt\"/>{ON}")}),
        serde_json::json!({"answer": DONE}),
        serde_json::json!({"answer": DONE}),
    ];
    let mut bench = Bench::scripted(&[("a.txt", "the old text\n")], &lines).await;
    bench.act("go").await;
    assert!(bench.packet(2).await.contains("the old text"));
    std::fs::write(bench.root.join("a.txt"), b"\0\x01\x02binary").unwrap();
    bench.act("again").await;
    assert!(!bench.packet(3).await.contains("the old text"));
}

#[tokio::test]
async fn what_the_user_changes_between_two_loops_is_what_the_next_one_sees() {
    let answer = format!(
        "<set path=\"known://t/kept\">Kept.</set><set path=\"known://t/changed\">Old.</set>\
         <set path=\"known://t/removed\">Gone.</set><set path=\"known://t/away\">Away.</set>{DONE}"
    );
    let mut bench = Bench::new(&[], &[&answer, DONE, DONE]).await;
    bench.act("go").await;
    // From the second loop on the rows are told with the tokens that were measured in the first.
    bench.act("on").await;
    let run = bench.run().await.id;
    bench
        .store()
        .write(move |tx| {
            let path = |name: &str| EntryPath::parse(&format!("known://t/{name}")).unwrap();
            let set = |tx: &mut _, write| entries::set(tx, run, Writer::Client, write);
            set(tx, Write::body(path("changed"), "New."))?;
            set(tx, Write::to(path("away")).visibility(Visibility::Archived))?;
            set(tx, Write::body(path("added"), "Added."))?;
            let removed = Query::named(tx, run, "known://t/removed", None)?;
            entries::rm(tx, run, Writer::Client, &removed)
        })
        .await
        .unwrap();
    bench.act("again").await;
    expect![[r#"
        <known path="known://t/kept" turn="1" visibility="visible" tokens="3">Kept.</known>
        <known path="known://t/changed" turn="1" visibility="visible" tokens="2">New.</known>
        <known path="known://t/added" visibility="summarized" tokens="3">Added.</known>"#]]
    .assert_eq(section(&bench.system_message(3).await, "context"));
}
