//! Every way out of the folder that we could think of.

use std::os::unix::ffi::OsStrExt as _;
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

#[test]
fn every_spelling_of_a_path_gives_one_key() {
    let workspace = Workspace::with([("src/app.rs", "")]);
    workspace.link("alias", "src");
    let absolute = workspace.at("src/app.rs");
    let spellings = [
        "src/app.rs",
        "./src//app.rs",
        "src/./app.rs",
        "src/app.rs/",
        "x/../src/app.rs",
        "src/../src/app.rs",
        "alias/../src/app.rs", // worked out on the text, not through the link
        absolute.to_str().unwrap(),
    ];
    for spelling in spellings {
        let file = workspace.file(spelling);
        assert_eq!(file.as_str(), "src/app.rs", "{spelling}");
        assert_eq!(file.absolute(), absolute, "{spelling}");
        assert_eq!(file, workspace.file("src/app.rs"));
    }
}

#[test]
fn paths_that_leave_the_folder_are_refused() {
    let workspace = Workspace::with([("src/app.rs", "")]);
    let beside = format!("{}-beside/a.rs", workspace.root.path().display());
    let climbing = format!("{}/../outside/secret.txt", workspace.root.path().display());
    let table = [
        ("..", "Parent"),
        ("../outside/secret.txt", "Parent"),
        ("src/../../outside/secret.txt", "Parent"),
        ("../inside/src/app.rs", "Parent"),
        (&climbing, "Parent"),
        ("/etc/passwd", "Absolute"),
        ("//etc/passwd", "Absolute"),
        (&beside, "Absolute"),
        ("", "Folder"),
        (".", "Folder"),
        ("src/..", "Folder"),
        (workspace.root.path().to_str().unwrap(), "Folder"),
        ("src/app.rs\0.txt", "Nul"),
    ];
    for (path, expected) in table {
        assert_eq!(variant(workspace.root.file(path)), expected, "{path}");
    }
}

#[test]
fn names_that_only_look_dangerous_are_files() {
    let workspace = Workspace::new();
    for path in [
        "...",
        "..a/b",
        "a..",
        "~/x",
        "$HOME",
        "a\\..\\b",
        ".gitignore",
        "git",
        ".github/x",
        "%2e%2e/a",
        "C:/x",
    ] {
        assert_eq!(workspace.file(path).as_str(), path);
    }
}

#[test]
fn git_data_is_refused_in_every_case_at_every_depth_and_through_links() {
    let workspace = Workspace::with([(".git/config", ""), ("sub/.git/hooks/x", "")]);
    workspace.link("door", ".git");
    workspace.link("config", ".git/config");
    workspace.link("hook", "sub/.git/hooks/new");
    let paths = [
        ".git",
        ".git/config",
        ".GIT/config",
        ".Git/hooks/pre-commit",
        "./.git",
        ".g\u{200c}it/config",
        "sub/.git/hooks/x",
        "a/../.git/config",
        "door/config",
        "config",
        "hook",
    ];
    for path in paths {
        assert_eq!(variant(workspace.root.file(path)), "Git", "{path}");
    }
}

#[test]
fn links_that_lead_outside_are_refused_whatever_their_form() {
    let workspace = Workspace::with([("src/app.rs", "")]);
    workspace.link("absolute", workspace.outside.join("secret.txt"));
    workspace.link("relative", "../outside/secret.txt");
    workspace.link("src/folder", "../../outside");
    workspace.link("missing", "../outside/not-there");
    workspace.link("second", "relative");
    workspace.link("self", "self");
    workspace.link("up", "..");
    let table = [
        ("absolute", "Link"),
        ("relative", "Link"),
        ("src/folder", "Link"),
        ("src/folder/secret.txt", "Link"),
        ("src/folder/new/deep.txt", "Link"),
        ("missing", "Link"), // to write it would create a file outside
        ("second", "Link"),
        ("up/outside/secret.txt", "Link"),
        ("self", "Unreadable"),
        ("self/a", "Unreadable"),
        (&"n".repeat(300), "Unreadable"),
    ];
    for (path, expected) in table {
        assert_eq!(variant(workspace.root.file(path)), expected, "{path}");
    }
}

#[test]
fn links_that_stay_inside_are_followed() {
    let workspace = Workspace::with([("src/app.rs", "text")]);
    workspace.link("file", "src/app.rs");
    workspace.link("folder", workspace.at("src"));
    workspace.link("here", ".");
    workspace.link("round", "../inside/src/app.rs");
    for path in [
        "file",
        "folder/app.rs",
        "here/src/app.rs",
        "round",
        "here/here/file",
        "up/../file",
    ] {
        let file = workspace.file(path);
        assert_eq!(read(&file).unwrap(), "text", "{path}");
        write(&file, "text").unwrap();
    }
    create(&workspace.file("here/new.rs"), "new").unwrap();
    assert_eq!(workspace.text("new.rs"), "new");
    assert!(
        workspace.at("file").is_symlink(),
        "the link itself was replaced"
    );
}

#[test]
fn protected_files_are_refused_by_name_by_link_and_by_inode() {
    let workspace = Workspace::with([("data/rummy.db", "db")]);
    workspace.link("link.db", "data/rummy.db");
    workspace.link("data/wal", "rummy.db-wal");
    fs::hard_link(workspace.at("data/rummy.db"), workspace.at("hard.db")).unwrap();
    let database = workspace.at("data/rummy.db");
    let root = workspace.root.clone().protect([
        database.clone(),
        database.with_file_name("rummy.db-wal"), // not there yet
        "data/rummy.db-shm".into(),              // from the folder
    ]);
    for path in [
        "data/rummy.db",
        "data/rummy.db-wal",
        "data/rummy.db-shm",
        "link.db",
        "data/wal",
        "hard.db",
        "x/../data/rummy.db",
    ] {
        assert_eq!(variant(root.file(path)), "Protected", "{path}");
    }
    assert!(root.file("data/rummy.db.txt").is_ok());
    let listed: Vec<_> = scan(&root, &Rules::default()).unwrap();
    assert!(listed.iter().all(|file| file.path != "data/rummy.db"));
}

#[test]
fn a_link_swapped_in_after_the_check_reaches_nothing_outside() {
    let workspace = Workspace::with([("a.txt", "a"), ("src/secret.txt", "mine"), ("b.txt", "b")]);
    let (file, nested) = (workspace.file("a.txt"), workspace.file("src/secret.txt"));
    let (new, target) = (
        workspace.file("src/folder/new.txt"),
        workspace.file("b.txt"),
    );

    fs::remove_file(workspace.at("a.txt")).unwrap();
    workspace.link("a.txt", workspace.outside.join("secret.txt"));
    fs::rename(workspace.at("src"), workspace.at("moved")).unwrap();
    workspace.link("src", &workspace.outside);

    for file in [&file, &nested, &new] {
        assert_eq!(variant(read(file)), "Outside");
        assert_eq!(variant(write(file, "overwritten")), "Outside");
        assert_eq!(variant(create(file, "overwritten")), "Outside");
        assert_eq!(variant(remove(file)), "Outside");
        assert_eq!(variant(rename(file, &target)), "Outside");
        assert_eq!(variant(rename(&target, file)), "Outside");
    }
    workspace.assert_outside_untouched();
    assert_eq!(workspace.text("b.txt"), "b");
}

/// The race itself: a folder that is a link out of the workspace half of the time.
#[test]
fn a_folder_that_keeps_turning_into_a_link_lets_nothing_out() {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    let workspace = Workspace::with([("src/secret.txt", "mine")]);
    let file = workspace.file("src/secret.txt");
    let new = workspace.file("src/folder/new.txt");
    workspace.link("door", &workspace.outside);
    let [src, door] = ["src", "door"].map(|path| workspace.at(path));
    let swap = || renameat_with(CWD, &src, CWD, &door, RenameFlags::EXCHANGE).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let swapper = scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                swap();
            }
        });
        // Any of these may succeed or fail, depending on the moment; none may get out.
        let attempt = |round: usize| {
            if round.is_multiple_of(100) {
                let _ = (write(&file, "mine"), create(&new, "mine"), remove(&new));
            }
            read(&file).unwrap_or_else(|_| "mine".to_owned())
        };
        let escaped = (0..10_000).map(attempt).find(|text| text != "mine");
        done.store(true, Ordering::Relaxed);
        swapper.join().unwrap();
        assert_eq!(escaped, None);
    });
    workspace.assert_outside_untouched();
}

#[test]
fn a_link_to_git_swapped_in_after_the_check_changes_no_hook() {
    let workspace = Workspace::with([(".git/hooks/sample", ""), ("src/a.txt", "")]);
    let file = workspace.file("src/post-commit");
    fs::rename(workspace.at("src"), workspace.at("moved")).unwrap();
    workspace.link("src", ".git/hooks");
    assert_eq!(variant(write(&file, "#!/bin/sh")), "Outside");
    assert!(!workspace.at(".git/hooks/post-commit").exists());
}

#[test]
fn a_root_opened_through_a_link_knows_both_spellings() {
    let workspace = Workspace::with([("src/app.rs", "")]);
    let alias = workspace.outside.with_file_name("alias");
    symlink(workspace.root.path(), &alias).unwrap();
    let root = Root::open(&alias).unwrap();
    assert_eq!(root.path(), workspace.root.path());
    for folder in [alias.as_path(), root.path()] {
        let absolute = folder.join("src/app.rs");
        assert_eq!(root.relative(&absolute).as_deref(), Some("src/app.rs"));
        let file = root.file(absolute.to_str().unwrap()).unwrap();
        assert_eq!(file.absolute(), workspace.at("src/app.rs"));
    }
}

#[test]
fn relative_is_none_for_what_has_no_key() {
    let workspace = Workspace::new();
    let not_utf8 = std::ffi::OsStr::from_bytes(b"\xff");
    for path in [
        workspace.root.path().to_path_buf(),
        workspace.outside.join("secret.txt"),
        workspace.at("../outside/secret.txt"),
        workspace.at("a/.."),
        workspace.root.path().join(not_utf8),
        PathBuf::from("relative.rs"),
    ] {
        assert_eq!(workspace.root.relative(&path), None, "{}", path.display());
    }
    let inside = workspace.at("a/../b//c.rs");
    assert_eq!(workspace.root.relative(&inside).as_deref(), Some("b/c.rs"));
}

#[test]
fn a_root_is_an_existing_folder() {
    let workspace = Workspace::with([("a.txt", "")]);
    assert_eq!(variant(Root::open(&workspace.at("missing"))), "NotFound");
    assert_eq!(variant(Root::open(&workspace.at("a.txt"))), "NotAFolder");
    let error = Root::open(&workspace.at("a.txt/b")).unwrap_err();
    assert!(error.to_string().contains("a.txt/b"));
}

proptest::proptest! {
    /// Whatever is written as a path: its key is a fixed point and lies below the folder.
    #[test]
    fn a_key_normalises_to_itself_and_stays_inside(path in "[a./~\\\\ -]{0,24}") {
        let root = Root::open(&std::env::temp_dir()).unwrap();
        if let Ok(file) = root.file(&path) {
            let again = root.file(file.as_str()).unwrap();
            proptest::prop_assert_eq!(&again, &file);
            proptest::prop_assert!(file.as_str().split('/').all(|name| !["", ".", ".."].contains(&name)));
            let key = root.relative(file.absolute());
            proptest::prop_assert_eq!(key.as_deref(), Some(file.as_str()));
        }
    }
}
