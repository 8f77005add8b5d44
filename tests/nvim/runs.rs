//! Runs: started, followed, answered, ended; what they know.

use super::answers::polite;
use super::desk::{Desk, write};
use super::model_server::Reply;
use super::script::{set, update};

#[test]
fn commands_are_asked_about_when_the_user_is_free() {
    let run = |line: &str| format!("<sh>{line}</sh>\n");
    let desk = Desk::new(vec![
        run("echo one") + &update(145, "One"),
        run("echo two") + &update(145, "Two"),
        run("echo three") + &update(145, "Three"),
        run("echo three") + &update(145, "Three again"),
        run("echo four") + &update(145, "Four"),
        update(200, "Checked it"),
    ]);
    desk.play("runs/commands");
    desk.model_saw(2, "echo 2");
    desk.model_saw(5, "not that");
}

#[test]
fn questions_are_answered_by_choosing_by_writing_and_later() {
    let asks = |question: &str, options: &str| {
        format!("<ask_user question=\"{question}\">{options}</ask_user>\n") + &update(145, "Asked")
    };
    let desk = Desk::new(vec![
        asks("For whom?", "friends; strangers"),
        asks("For whom else?", "cats; dogs"),
        asks("How?", ""),
        update(200, "Good day is"),
    ]);
    desk.play("runs/asked");
    desk.model_saw(1, ">strangers<");
    desk.model_saw(2, ">the whole world<");
    desk.model_saw(3, ">loudly<");
}

#[test]
fn runs_are_gone_on_with_forked_renamed_configured_and_deleted() {
    let mut desk = Desk::new(vec![
        update(200, "It greets"),
        update(200, "Everyone"),
        update(200, "Nobody"),
        update(200, "Yes"),
    ]);
    desk.variables
        .push(("RUMMY_MODEL_other", "openai/another".to_owned()));
    desk.variables
        .push(("RUMMY_CONTEXT_other", "200000".to_owned()));
    let home = desk.sandbox.home().join("rummy");
    for (file, text) in [
        ("personas/gruff.md", "Be gruff."),
        ("skills/greeting.md", "Say hello."),
    ] {
        write(&home.join(file), text);
    }
    desk.play("runs/runs");
    desk.model_saw(1, "and who?");
    desk.model_saw(2, "or else?");
    desk.model_saw(3, "really?");
}

#[test]
fn a_file_that_a_command_changes_is_read_again_unless_it_has_changes() {
    signing().play("runs/reload");
}

#[test]
fn commands_run_even_where_the_configuration_has_other_editors_run_them() {
    let desk = signing();
    let home = desk.sandbox.home().join("rummy");
    write(
        &home.join("config.toml"),
        "[commands]\nexecutor = \"client\"\n",
    );
    desk.play("runs/reload");
}

/// A desk at which a command changes two files.
fn signing() -> Desk {
    let sign = "<sh>echo '-- signed' >>greet.lua; echo signed >>mine.txt</sh>\n";
    let desk = Desk::new(vec![
        sign.to_owned() + &update(145, "Signing"),
        update(200, "Signed both"),
    ]);
    desk.sandbox.write("mine.txt", "mine\n");
    desk
}

#[test]
fn what_a_workspace_brings_is_used_when_the_user_says_so() {
    let desk = Desk::new(vec![update(200, "Nothing much")]);
    desk.sandbox.write(".rummy/skills/tidy.md", "Tidy up.\n");
    desk.play("runs/trust");
}

#[test]
fn leaving_the_editor_ends_the_run_and_its_call() {
    let answer = "A long answer, of which only the beginning comes.";
    let desk = Desk::with_replies(vec![Reply::text(answer).gate_after(3)]);
    desk.play("runs/quit");
    desk.model.wait_for_hang_ups(1);
}

#[test]
fn the_view_of_a_run_follows_what_the_model_writes() {
    let thinks = "I think about it. ".repeat(8) + &update(145, "Thought");
    let desk = Desk::with_replies(vec![
        Reply::text(thinks).gate_after(3),
        Reply::text(polite()),
    ]);
    desk.play_with("runs/log", |desk| desk.model.release());
    desk.model_saw(1, "be brief");
}

#[test]
fn entries_are_read_and_written_as_buffers() {
    let plan = set("known://größe und plan", "One thing\nAnother\n");
    Desk::new(vec![plan + &update(200, "Nothing much")]).play("runs/entries");
}

#[test]
fn abort_ends_the_run_and_the_call_of_the_model() {
    let answer = "A long answer, of which only the beginning comes.";
    let desk = Desk::with_replies(vec![Reply::text(answer).gate_after(3)]);
    desk.play("runs/abort");
    desk.model.wait_for_hang_ups(1);
}

#[test]
fn a_visual_range_is_the_selection() {
    let desk = Desk::new(vec![update(200, "It greets")]);
    desk.play("runs/selection");
    desk.model_saw(
        0,
        "what is this?\n\n\
         Selected in greet.lua, lines 2 to 2:\n  print(\"hi \" .. name) -- größer",
    );
}

#[test]
fn the_prompt_of_a_code_action_on_a_selection_is_asked_for() {
    let desk = Desk::new(vec![update(200, "Everyone"), update(200, "It greets")]);
    desk.play("runs/actions");
    desk.model_saw(
        1,
        "what is this?\n\n\
         Selected in greet.lua, lines 2 to 3:\n  print(\"hi \" .. name)\nend",
    );
}

#[test]
fn files_that_are_open_elsewhere_are_known_to_the_server() {
    let desk = Desk::new(vec![
        r#"<get path="greet.lua"/>"#.to_owned() + &update(145, "Reading it"),
        polite(),
    ]);
    desk.play("runs/open_files");
    desk.model_saw(1, "-- mine\nlocal function greet(name)");
}

#[test]
fn a_command_that_runs_is_watched_and_cut_off() {
    let waits = "<sh>echo begun; sleep 100</sh>\n";
    let desk = Desk::new(vec![
        waits.to_owned() + &update(145, "Waiting"),
        update(200, "Waited"),
    ]);
    desk.play("runs/cut_off");
    desk.model_saw(1, "the user has cut it off");
}
