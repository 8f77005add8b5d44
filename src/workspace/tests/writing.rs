//! What is on the disk after a change, and after one that was refused.

use std::os::unix::fs::MetadataExt as _;

use super::*;

#[test]
fn what_is_written_is_read_back_whole_and_nothing_else_is_left() {
    let workspace = Workspace::new();
    let file = workspace.file("src/deep/new.txt");
    for text in ["first\n", "", "\u{feff}second\r\n"] {
        write(&file, text).unwrap();
        assert_eq!(read(&file).unwrap(), text);
    }
    assert_eq!(workspace.names(), ["src", "src/deep", "src/deep/new.txt"]);
}

#[test]
fn permissions_of_a_replaced_file_are_kept() {
    let workspace = Workspace::new();
    for mode in [0o755, 0o600, 0o444, 0o664] {
        workspace.put("a.sh", "old");
        fs::set_permissions(workspace.at("a.sh"), fs::Permissions::from_mode(mode)).unwrap();
        write(&workspace.file("a.sh"), "new").unwrap();
        assert_eq!(workspace.mode("a.sh"), mode, "{mode:o}");
        assert_eq!(workspace.text("a.sh"), "new");
        fs::remove_file(workspace.at("a.sh")).unwrap();
    }
}

#[test]
fn the_owner_of_a_replaced_file_is_kept_where_we_may() {
    if !rustix::process::geteuid().is_root() {
        return; // only root can make a file of another owner
    }
    let workspace = Workspace::with([("a.txt", "old")]);
    std::os::unix::fs::chown(workspace.at("a.txt"), Some(12345), Some(12346)).unwrap();
    write(&workspace.file("a.txt"), "new").unwrap();
    let owner = fs::metadata(workspace.at("a.txt")).unwrap();
    assert_eq!((owner.uid(), owner.gid()), (12345, 12346));
}

#[test]
fn a_new_file_has_the_permissions_that_any_program_gives_it() {
    let workspace = Workspace::with([("by-std.txt", "")]);
    write(&workspace.file("written.txt"), "").unwrap();
    create(&workspace.file("created.txt"), "").unwrap();
    for path in ["written.txt", "created.txt"] {
        assert_eq!(workspace.mode(path), workspace.mode("by-std.txt"), "{path}");
    }
}

#[test]
fn create_never_replaces_anything() {
    let workspace = Workspace::with([("a.txt", "old")]);
    fs::create_dir(workspace.at("folder")).unwrap();
    workspace.link("dangling", "not-there");
    for path in ["a.txt", "folder", "dangling"] {
        let refused = create(&workspace.file(path), "new");
        assert_eq!(variant(refused), "AlreadyExists", "{path}");
    }
    create(&workspace.file("x/y/b.txt"), "new").unwrap();
    assert_eq!(workspace.text("a.txt"), "old");
    assert_eq!(workspace.text("x/y/b.txt"), "new");
    assert_eq!(
        workspace.names(),
        ["a.txt", "dangling", "folder", "x", "x/y", "x/y/b.txt"]
    );
}

#[test]
fn of_two_that_create_one_file_at_once_one_is_told_so() {
    let workspace = Workspace::new();
    for round in 0..50 {
        let file = workspace.file(&format!("{round}.txt"));
        let texts = ["one", "two"];
        let made = std::thread::scope(|scope| {
            let threads = texts.map(|text| (text, scope.spawn(|| create(&file, text).is_ok())));
            threads.map(|(text, thread)| (text, thread.join().unwrap()))
        });
        let winners: Vec<_> = made.iter().filter(|(_, made)| *made).collect();
        assert_eq!(winners.len(), 1);
        assert_eq!(workspace.text(file.as_str()), winners[0].0);
    }
    assert_eq!(workspace.names().len(), 50);
}

#[test]
fn a_reader_sees_the_old_text_or_the_new_one() {
    let workspace = Workspace::new();
    let file = workspace.file("a.txt");
    let texts = ["a".repeat(200_000), "b".repeat(300_000)];
    write(&file, &texts[0]).unwrap();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| (0..20).for_each(|n| write(&file, &texts[n % 2]).unwrap()));
        while !writer.is_finished() {
            assert!(texts.contains(&read(&file).unwrap()));
        }
    });
}

#[test]
fn what_is_no_file_is_not_written_removed_or_renamed() {
    let workspace = Workspace::with([("folder/a.txt", "a")]);
    workspace.fifo("fifo");
    for path in ["folder", "fifo"] {
        let file = workspace.file(path);
        assert_eq!(variant(write(&file, "new")), "NotAFile", "{path}");
        assert_eq!(variant(remove(&file)), "NotAFile", "{path}");
        assert_eq!(
            variant(rename(&file, &workspace.file("b"))),
            "NotAFile",
            "{path}"
        );
    }
    let below = workspace.file("folder/a.txt/b.txt");
    assert_eq!(variant(write(&below, "new")), "NotAFolder");
    assert_eq!(variant(create(&below, "new")), "NotAFolder");
    assert_eq!(workspace.names(), ["fifo", "folder", "folder/a.txt"]);
}

#[test]
fn remove_takes_the_file_and_of_a_link_the_link() {
    let workspace = Workspace::with([("src/a.txt", "a"), ("b.txt", "b")]);
    workspace.link("link", "b.txt");
    remove(&workspace.file("src/a.txt")).unwrap();
    remove(&workspace.file("link")).unwrap();
    assert_eq!(workspace.names(), ["b.txt", "src"]);
    for path in ["src/a.txt", "missing/a.txt"] {
        assert_eq!(variant(remove(&workspace.file(path))), "NotFound", "{path}");
    }
}

#[test]
fn rename_makes_folders_and_takes_free_names_only() {
    let workspace = Workspace::with([("a.txt", "a"), ("b.txt", "b")]);
    let [a, b, c] = ["a.txt", "b.txt", "x/y/c.txt"].map(|path| workspace.file(path));
    assert_eq!(variant(rename(&a, &b)), "AlreadyExists");
    assert_eq!(variant(rename(&a, &a)), "AlreadyExists");
    assert_eq!(variant(rename(&c, &workspace.file("d.txt"))), "NotFound");
    rename(&a, &c).unwrap();
    assert_eq!(workspace.names(), ["b.txt", "x", "x/y", "x/y/c.txt"]);
    assert_eq!(
        (workspace.text("b.txt"), workspace.text("x/y/c.txt")),
        ("b".into(), "a".into())
    );
}
