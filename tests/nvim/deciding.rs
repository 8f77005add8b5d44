//! What is proposed is accepted, rejected, edited and taken back, and what the user does meanwhile.

use super::answers::{around, other, polite, polite_in, thorough};
use super::desk::Desk;
use super::script::{edit, set, update};

#[test]
fn an_accepted_edit_joins_unsaved_changes_and_is_an_undo_step_of_its_own() {
    let desk = Desk::new(vec![
        r#"<get path="greet.lua"/>"#.to_owned() + &update(145, "Reading it"),
        polite(),
    ]);
    desk.play("deciding/accept");
    desk.model_saw(1, "-- mine\nlocal function greet(name)");
}

#[test]
fn a_rejection_reaches_the_model_with_its_reason() {
    let desk = Desk::new(vec![polite(), update(204, "Left it alone")]);
    desk.play("deciding/reject");
    desk.model_saw(1, "not like that");
}

#[test]
fn an_accepted_new_file_is_on_the_disk() {
    let create = set("leave/bye.lua", "print(\"bye\")\n") + &update(200, "Wrote it");
    Desk::new(vec![create]).play("deciding/new_file");
}

#[test]
fn a_document_without_unsaved_changes_is_saved_with_the_accepted_edit() {
    Desk::new(vec![polite()]).play("deciding/clean_document");
}

#[test]
fn a_conflict_changes_nothing_and_ends_with_the_change_that_made_it() {
    Desk::new(vec![polite()]).play("deciding/conflict");
}

#[test]
fn a_hunk_moves_with_the_text_and_is_accepted_there() {
    Desk::new(vec![polite()]).play("deciding/move");
}

#[test]
fn the_second_hunk_lands_where_the_first_has_moved_it() {
    let both = edit(
        "greet.lua",
        "local function greet(name)\n",
        "--- Greets.\n--- Politely.\nlocal function greet(name)\n",
    ) + &edit("greet.lua", "end\n", "end\ngreet(\"you\")\n");
    Desk::new(vec![both + &update(200, "It says so")]).play("deciding/two_hunks");
}

#[test]
fn the_changes_of_a_selection_are_accepted_and_the_files_rest_rejected() {
    let desk = Desk::new(vec![thorough(), update(200, "As you like")]);
    desk.play("deciding/keys");
}

#[test]
fn a_proposal_is_accepted_change_by_change_beside_its_file() {
    Desk::new(vec![thorough()]).play("deciding/diff");
}

#[test]
fn a_proposal_is_accepted_as_the_user_edited_it() {
    Desk::new(vec![polite()]).play("deciding/edit");
}

#[test]
fn what_was_accepted_is_taken_back_by_the_change_and_as_a_whole() {
    let desk = Desk::new(vec![around() + &other() + &update(200, "It says so")]);
    desk.sandbox.write("other.lua", "return 1\n");
    desk.play("deciding/undone");
}

#[test]
fn other_ends_of_lines_are_no_part_of_them() {
    let dos = edit("dos.txt", "two\n", "zwei\n") + &edit("dos.txt", "three\n", "three\nvier\n");
    let open = edit("open.txt", "two\n", "two\nthree\n");
    let desk = Desk::new(vec![
        dos + &update(200, "Changed it"),
        open + &update(200, "Added it"),
        edit("both.txt", "two\n", "zwei\n") + &update(200, "Changed it"),
    ]);
    desk.sandbox.write("dos.txt", "one\r\ntwo\r\nthree\r\n");
    desk.sandbox.write("open.txt", "one\ntwo");
    desk.sandbox.write("both.txt", "one\r\ntwo");
    desk.play("deciding/endings");
}

#[test]
fn an_edit_that_typing_overtakes_changes_nothing() {
    Desk::new(vec![polite()]).play("deciding/overtaken");
}

#[test]
fn an_edit_that_neovim_skips_and_calls_applied_is_not_accepted() {
    Desk::new(vec![polite()]).play("deciding/skipped");
}

#[test]
fn a_renamed_file_takes_its_unsaved_changes_with_it() {
    let renames = "<mv path=\"greet.lua\">hello.lua</mv>\n".to_owned();
    Desk::new(vec![
        renames + &update(200, "Renamed it"),
        polite_in("hello.lua"),
    ])
    .play("deciding/rename");
}

#[test]
fn an_open_file_is_deleted_only_as_it_was_proposed() {
    let removes = "<rm path=\"greet.lua\"/>\n".to_owned();
    Desk::new(vec![removes + &update(200, "Removed it")]).play("deciding/delete");
}

#[test]
fn undo_puts_an_accepted_edit_back_and_leaves_what_was_typed_since() {
    Desk::new(vec![polite()]).play("deciding/undo");
}

#[test]
fn a_proposal_outlives_the_editor() {
    let desk = Desk::new(vec![polite()]);
    desk.play("deciding/leave");
    desk.play("deciding/return");
}
