//! Servers: found, set up, one for each workspace, started anew; and Neovim without the plugin.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::answers::polite;
use super::desk::{Desk, GREET, Readme, SERVER, neovim, write};
use super::player::Player;
use super::script::{edit, update};

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
    desk.play("servers/workspaces");
}

#[test]
fn what_is_pending_comes_back_with_a_server_that_is_started_anew() {
    Desk::new(vec![polite()]).play("servers/restart");
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
        .env("RUMMY_TEST_SCENARIO", scripts.join("servers/readme.lua"))
        .env("RUMMY_TEST_STARTS", readme.block("vim", "act"))
        .env("RUMMY_TEST_ACCEPTS", readme.block("vim", "accept"));
    let ended = Player::start(command).wait();
    desk.check("readme", &ended);
}

#[test]
fn what_came_with_0_11_is_not_needed() {
    Desk::new(vec![update(200, "It greets"), polite()]).play("servers/older");
}

#[test]
fn the_health_check_says_what_is_there_and_what_is_missing() {
    Desk::new(vec![polite()]).play("servers/health");
}

#[test]
fn options_are_checked_and_switch_off_what_they_name() {
    Desk::new(vec![polite()]).play("servers/options");
}

#[test]
fn setup_starts_the_server_for_its_files_with_its_options() {
    Desk::new(vec![]).play("servers/setup");
}

#[test]
fn an_enabled_configuration_shares_its_server_with_the_commands() {
    Desk::new(vec![update(200, "It greets")]).play("servers/enable");
}

#[test]
fn code_actions_are_all_it_takes() {
    Desk::new(vec![polite()]).play("servers/plain");
}

#[test]
fn a_comment_starts_a_run_without_the_plugin() {
    let desk = Desk::new(vec![polite()]);
    desk.play("servers/comment");
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
    desk.play("servers/question");
    desk.model_saw(
        1,
        "status=\"200\" question=\"For whom?\" tokens=\"5\">strangers<",
    );
}

#[test]
fn a_missing_server_is_explained() {
    let mut desk = Desk::new(vec![]);
    desk.in_another_checkout();
    desk.play("servers/missing");
}

#[test]
fn a_server_that_was_built_beside_the_plugin_is_found() {
    let mut desk = Desk::new(vec![update(200, "It greets")]);
    let checkout = desk.in_another_checkout();
    let release = checkout.join("target/release");
    fs::create_dir_all(&release).expect("a folder can be made");
    std::os::unix::fs::symlink(SERVER, release.join("rummy-lsp")).expect("a link can be made");
    desk.play("servers/built");
}

#[test]
fn two_editors_share_a_run_and_only_its_own_is_asked() {
    let asks = "<ask_user question=\"For whom?\">friends; strangers</ask_user>\n";
    let desk = Desk::new(vec![
        edit(
            "greet.lua",
            "  print(\"hi \" .. name)\n",
            "  print(\"Good day, \" .. name)\n",
        ) + &update(145, "Made it polite"),
        asks.to_owned() + &update(145, "Asked"),
        update(200, "Good day is"),
    ]);
    desk.play("servers/editors");
    desk.model_saw(2, ">strangers<");
}
