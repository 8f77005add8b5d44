//! What a user sees of what is proposed: in the text, in lists, on the screen.

use super::answers::{around, other, polite, thorough};
use super::desk::Desk;
use super::script::{edit, set, update};

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
    desk.play("shown/inline");
}

#[test]
fn what_is_drawn_moves_with_the_text_and_is_not_drawn_again() {
    Desk::new(vec![polite()]).play("shown/typing");
}

#[test]
fn the_keys_go_from_change_to_change_and_from_file_to_file() {
    let desk = Desk::new(vec![
        around() + &other() + &update(200, "It says so"),
        update(204, "Left it alone"),
    ]);
    desk.sandbox.write("other.lua", "return 1\n");
    desk.play("shown/motion");
    desk.model_saw(1, "all wrong");
}

#[test]
fn what_is_pending_is_listed_and_decided_in_the_quickfix_window() {
    let create = set("bye.lua", "print(\"bye\")\n");
    let desk = Desk::new(vec![
        around() + &other() + &create + &update(200, "Reworked it"),
        update(200, "As you like"),
    ]);
    desk.sandbox.write("other.lua", "return 1\n");
    desk.play("shown/review");
    desk.model_saw(1, "no comments");
}

#[test]
fn the_screens_look_as_they_did() {
    let desk = Desk::new(vec![thorough(), update(200, "As you like")]);
    desk.sandbox.write("other.lua", "return 1\n");
    desk.play("shown/screens");
}

#[test]
fn what_is_added_above_the_first_line_is_seen_with_it() {
    let lines: Vec<String> = (1..=99).map(|line| format!("line {line}\n")).collect();
    let first = edit("long.txt", "line 1\n", "a new first line\nline 1\n");
    let desk = Desk::new(vec![first + &update(200, "Added it")]);
    desk.sandbox.write("long.txt", &lines.concat());
    desk.play("shown/scrolled");
}

#[test]
fn a_hover_shows_the_hunk_as_a_diff() {
    Desk::new(vec![polite()]).play("shown/hover");
}

#[test]
fn a_long_change_is_shown_in_part() {
    let poem: Vec<String> = (1..=500).map(|line| format!("-- line {line}\n")).collect();
    let add = edit("greet.lua", "end\n", &format!("end\n{}", poem.concat()));
    let desk = Desk::new(vec![
        add + &update(200, "Added it"),
        update(204, "Left it alone"),
    ]);
    desk.play("shown/many");
    desk.model_saw(1, "too long");
}

#[test]
fn a_conflict_is_drawn_where_it_is_and_not_beside_it() {
    Desk::new(vec![around() + &update(200, "It says so")]).play("shown/partly");
}
