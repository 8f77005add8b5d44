//! The Neovim plugin in a real Neovim, with the built server and a scripted model.
//!
//! A test prepares a workspace and the model's answers, and lets a scenario of `tests/nvim` run in
//! a headless Neovim. The scenario is the user: it types, runs commands, and looks at buffers and
//! files. What the model was sent is looked at here.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a helper that fails, fails the test"
)]

#[path = "nvim/desk.rs"]
mod desk;
#[path = "support/model_server.rs"]
mod model_server;
#[path = "support/player.rs"]
mod player;
#[allow(dead_code, reason = "each test crate uses its own part of this")]
#[path = "support/lsp/sandbox.rs"]
mod sandbox;
#[allow(dead_code, reason = "each test crate uses its own part of this")]
#[path = "support/lsp/script.rs"]
mod script;

use std::fs;
use std::path::Path;
use std::process::Command;

use desk::{Desk, GREET, Readme, SERVER, neovim, write};
use model_server::Reply;
use player::Player;
use script::{edit, set, update};

#[test]
fn an_accepted_edit_joins_unsaved_changes_and_is_an_undo_step_of_its_own() {
    let desk = Desk::new(vec![
        r#"<get path="greet.lua"/>"#.to_owned() + &update(145, "Reading it"),
        polite(),
    ]);
    desk.play("accept");
    desk.model_saw(1, "-- mine\nlocal function greet(name)");
}

#[test]
fn a_rejection_reaches_the_model_with_its_reason() {
    let desk = Desk::new(vec![polite(), update(204, "Left it alone")]);
    desk.play("reject");
    desk.model_saw(1, "not like that");
}

#[test]
fn an_accepted_new_file_is_on_the_disk() {
    let create = set("leave/bye.lua", "print(\"bye\")\n") + &update(200, "Wrote it");
    Desk::new(vec![create]).play("new_file");
}

#[test]
fn a_document_without_unsaved_changes_is_saved_with_the_accepted_edit() {
    Desk::new(vec![polite()]).play("clean_document");
}

#[test]
fn a_conflict_changes_nothing_and_ends_with_the_change_that_made_it() {
    Desk::new(vec![polite()]).play("conflict");
}

#[test]
fn a_hunk_moves_with_the_text_and_is_accepted_there() {
    Desk::new(vec![polite()]).play("move");
}

#[test]
fn the_second_hunk_lands_where_the_first_has_moved_it() {
    let both = edit(
        "greet.lua",
        "local function greet(name)\n",
        "--- Greets.\n--- Politely.\nlocal function greet(name)\n",
    ) + &edit("greet.lua", "end\n", "end\ngreet(\"you\")\n");
    Desk::new(vec![both + &update(200, "It says so")]).play("two_hunks");
}

#[test]
fn a_change_is_drawn_in_the_text_as_the_windows_need_it() {
    let wide = "世界".repeat(10);
    let new = set(
        "wide.txt",
        &format!("a new first line\nfirst\ngrößer\t世界\nthird\nfifth\n{wide}\n\n"),
    );
    let desk = Desk::new(vec![new + &update(200, "It is polite")]);
    desk.sandbox
        .write("wide.txt", "first\nkleiner\t世界\nthird\nfourth\nfifth\n");
    desk.play("inline");
}

#[test]
fn what_is_drawn_moves_with_the_text_and_is_not_drawn_again() {
    Desk::new(vec![polite()]).play("typing");
}

#[test]
fn the_keys_go_from_change_to_change_and_from_file_to_file() {
    let desk = Desk::new(vec![
        around() + &other() + &update(200, "It says so"),
        update(204, "Left it alone"),
    ]);
    desk.sandbox.write("other.lua", "return 1\n");
    desk.play("motion");
    desk.model_saw(1, "all wrong");
}

#[test]
fn the_changes_of_a_selection_are_accepted_and_the_files_rest_rejected() {
    let desk = Desk::new(vec![thorough(), update(200, "As you like")]);
    desk.play("keys");
}

#[test]
fn what_is_pending_is_listed_and_decided_in_the_quickfix_window() {
    let create = set("bye.lua", "print(\"bye\")\n");
    let desk = Desk::new(vec![
        around() + &other() + &create + &update(200, "Reworked it"),
        update(200, "As you like"),
    ]);
    desk.sandbox.write("other.lua", "return 1\n");
    desk.play("review");
    desk.model_saw(1, "no comments");
}

#[test]
fn a_proposal_is_accepted_change_by_change_beside_its_file() {
    Desk::new(vec![thorough()]).play("diff");
}

#[test]
fn a_proposal_is_accepted_as_the_user_edited_it() {
    Desk::new(vec![polite()]).play("edit");
}

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
    desk.play("commands");
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
    desk.play("asked");
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
    desk.play("runs");
    desk.model_saw(1, "and who?");
    desk.model_saw(2, "or else?");
    desk.model_saw(3, "really?");
}

#[test]
fn what_was_accepted_is_taken_back_by_the_change_and_as_a_whole() {
    let desk = Desk::new(vec![around() + &other() + &update(200, "It says so")]);
    desk.sandbox.write("other.lua", "return 1\n");
    desk.play("undone");
}

#[test]
fn two_workspaces_have_a_server_each() {
    let desk = Desk::new(vec![polite(), polite()]);
    let elsewhere = desk.sandbox.workspace().with_file_name("elsewhere");
    for (file, text) in [
        ("greet.lua", GREET),
        (".git/HEAD", "ref: refs/heads/main\n"),
    ] {
        write(&elsewhere.join(file), text);
    }
    desk.play("workspaces");
}

#[test]
fn what_is_pending_comes_back_with_a_server_that_is_started_anew() {
    Desk::new(vec![polite()]).play("restart");
}

#[test]
fn a_file_that_a_command_changes_is_read_again_unless_it_has_changes() {
    let sign = "<sh>echo '-- signed' >>greet.lua; echo signed >>mine.txt</sh>\n";
    let desk = Desk::new(vec![
        sign.to_owned() + &update(145, "Signing"),
        update(200, "Signed both"),
    ]);
    desk.sandbox.write("mine.txt", "mine\n");
    desk.play("reload");
}

#[test]
fn leaving_the_editor_ends_the_run_and_its_call() {
    let answer = "A long answer, of which only the beginning comes.";
    let desk = Desk::with_replies(vec![Reply::text(answer).gate_after(3)]);
    desk.play("quit");
    desk.model.wait_for_hang_ups(1);
}

#[test]
fn the_view_of_a_run_follows_what_the_model_writes() {
    let thinks = "I think about it. ".repeat(8) + &update(145, "Thought");
    let desk = Desk::with_replies(vec![
        Reply::text(thinks).gate_after(3),
        Reply::text(polite()),
    ]);
    desk.play_with("log", |desk| desk.model.release());
    desk.model_saw(1, "be brief");
}

#[test]
fn entries_are_read_and_written_as_buffers() {
    let plan = set("known://größe und plan", "One thing\nAnother\n");
    Desk::new(vec![plan + &update(200, "Nothing much")]).play("entries");
}

#[test]
fn the_screens_look_as_they_did() {
    let desk = Desk::new(vec![thorough(), update(200, "As you like")]);
    desk.sandbox.write("other.lua", "return 1\n");
    desk.play("screens");
}

#[test]
fn the_readme_leads_from_an_empty_home_to_an_accepted_change() {
    let desk = Desk::new(vec![]);
    let readme = Readme::of_neovim();
    let home = desk.sandbox.home();
    let bare = |command: &mut Command| {
        command
            .env_clear()
            .env("HOME", &home)
            .env("LC_ALL", "C.UTF-8")
            .env("PATH", format!("{}:/usr/bin:/bin", desk.path.display()))
            .current_dir(desk.sandbox.workspace());
    };

    let mut shell = Command::new("sh");
    bare(shell.arg("-c").arg(readme.block("sh", "hello.jsonl")));
    assert!(shell.status().expect("there is a shell").success());
    let root = env!("CARGO_MANIFEST_DIR");
    let init = readme
        .block("lua", "runtimepath")
        .replace("/path/to/rummy-lsp", root);
    write(&home.join(".config/nvim/init.lua"), &init);

    let scripts = Path::new(root).join("tests/nvim");
    let mut command = Command::new(neovim());
    command
        .arg("--headless")
        .arg("-S")
        .arg(scripts.join("harness.lua"));
    bare(&mut command);
    command
        .env("RUMMY_TEST_SCENARIO", scripts.join("readme.lua"))
        .env("RUMMY_TEST_STARTS", readme.block("vim", "act"))
        .env("RUMMY_TEST_ACCEPTS", readme.block("vim", "accept"));
    let ended = Player::start(command).wait();
    desk.check("readme", &ended);
}

#[test]
fn other_ends_of_lines_are_no_part_of_them() {
    let dos = edit("dos.txt", "two\n", "zwei\n") + &edit("dos.txt", "three\n", "three\nvier\n");
    let open = edit("open.txt", "two\n", "two\nthree\n");
    let desk = Desk::new(vec![
        dos + &update(200, "Changed it"),
        open + &update(200, "Added it"),
    ]);
    desk.sandbox.write("dos.txt", "one\r\ntwo\r\nthree\r\n");
    desk.sandbox.write("open.txt", "one\ntwo");
    desk.play("endings");
}

#[test]
fn what_came_with_0_11_is_not_needed() {
    Desk::new(vec![update(200, "It greets"), polite()]).play("older");
}

#[test]
fn what_is_added_above_the_first_line_is_seen_with_it() {
    let long: String = (1..=99).map(|line| format!("line {line}\n")).collect();
    let first = edit("long.txt", "line 1\n", "a new first line\nline 1\n");
    let desk = Desk::new(vec![first + &update(200, "Added it")]);
    desk.sandbox.write("long.txt", &long);
    desk.play("scrolled");
}

#[test]
fn the_health_check_says_what_is_there_and_what_is_missing() {
    Desk::new(vec![polite()]).play("health");
}

#[test]
fn options_are_checked_and_switch_off_what_they_name() {
    Desk::new(vec![polite()]).play("options");
}

#[test]
fn an_edit_that_typing_overtakes_changes_nothing() {
    Desk::new(vec![polite()]).play("overtaken");
}

#[test]
fn an_edit_that_neovim_skips_and_calls_applied_is_not_accepted() {
    Desk::new(vec![polite()]).play("skipped");
}

#[test]
fn a_renamed_file_takes_its_unsaved_changes_with_it() {
    let renames = "<mv path=\"greet.lua\">hello.lua</mv>\n".to_owned();
    Desk::new(vec![
        renames + &update(200, "Renamed it"),
        polite_in("hello.lua"),
    ])
    .play("rename");
}

#[test]
fn an_open_file_is_deleted_only_as_it_was_proposed() {
    let removes = "<rm path=\"greet.lua\"/>\n".to_owned();
    Desk::new(vec![removes + &update(200, "Removed it")]).play("delete");
}

#[test]
fn undo_puts_an_accepted_edit_back_and_leaves_what_was_typed_since() {
    Desk::new(vec![polite()]).play("undo");
}

#[test]
fn a_hover_shows_the_hunk_as_a_diff() {
    Desk::new(vec![polite()]).play("hover");
}

#[test]
fn a_proposal_outlives_the_editor() {
    let desk = Desk::new(vec![polite()]);
    desk.play("leave");
    desk.play("return");
}

#[test]
fn abort_ends_the_run_and_the_call_of_the_model() {
    let answer = "A long answer, of which only the beginning comes.";
    let desk = Desk::with_replies(vec![Reply::text(answer).gate_after(3)]);
    desk.play("abort");
    desk.model.wait_for_hang_ups(1);
}

#[test]
fn a_visual_range_is_the_selection() {
    let desk = Desk::new(vec![update(200, "It greets")]);
    desk.play("selection");
    desk.model_saw(
        0,
        "what is this?\n\n\
         Selected in greet.lua, lines 2 to 2:\n  print(\"hi \" .. name) -- größer",
    );
}

#[test]
fn the_prompt_of_a_code_action_on_a_selection_is_asked_for() {
    let desk = Desk::new(vec![update(200, "Everyone"), update(200, "It greets")]);
    desk.play("actions");
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
    desk.play("open_files");
    desk.model_saw(1, "-- mine\nlocal function greet(name)");
}

#[test]
fn setup_starts_the_server_for_its_files_with_its_options() {
    Desk::new(vec![]).play("setup");
}

#[test]
fn an_enabled_configuration_shares_its_server_with_the_commands() {
    Desk::new(vec![update(200, "It greets")]).play("enable");
}

#[test]
fn code_actions_are_all_it_takes() {
    Desk::new(vec![polite()]).play("plain");
}

#[test]
fn a_comment_starts_a_run_without_the_plugin() {
    let desk = Desk::new(vec![polite()]);
    desk.play("comment");
    desk.model_saw(
        0,
        "be polite\nto everyone\n\n\
         Selected in greet.lua, lines 1 to 5:\n-- AI: be polite\n-- to everyone\n",
    );
}

#[test]
fn a_question_of_the_models_is_answered_without_the_plugin() {
    let asks = "<ask_user question=\"For whom?\">friends; strangers</ask_user>\n";
    let desk = Desk::new(vec![
        asks.to_owned() + &update(145, "Asked"),
        update(200, "Good day is"),
    ]);
    desk.play("question");
    desk.model_saw(
        1,
        "status=\"200\" question=\"For whom?\" tokens=\"5\">strangers<",
    );
}

#[test]
fn a_missing_server_is_explained() {
    let mut desk = Desk::new(vec![]);
    desk.in_another_checkout();
    desk.play("missing");
}

#[test]
fn a_server_that_was_built_beside_the_plugin_is_found() {
    let mut desk = Desk::new(vec![update(200, "It greets")]);
    let checkout = desk.in_another_checkout();
    let release = checkout.join("target/release");
    fs::create_dir_all(&release).expect("a folder can be made");
    std::os::unix::fs::symlink(SERVER, release.join("rummy-lsp")).expect("a link can be made");
    desk.play("built");
}

fn polite() -> String {
    polite_in("greet.lua")
}

fn polite_in(file: &str) -> String {
    let (old, new) = (
        "  print(\"hi \" .. name)\n",
        "  print(\"Good day, \" .. name)\n",
    );
    edit(file, old, new) + &update(200, "Made it polite")
}

/// Adds a line at the top of `greet.lua`, and one at its end.
fn around() -> String {
    let first = "local function greet(name)\n";
    edit("greet.lua", first, &format!("--- Greets.\n{first}"))
        + &edit("greet.lua", "end\n", "end\ngreet(\"you\")\n")
}

/// Changes `other.lua`, which has to be there.
fn other() -> String {
    edit("other.lua", "return 1\n", "return 2\n")
}

/// Three changes of `greet.lua`.
fn thorough() -> String {
    around() + &polite()
}
