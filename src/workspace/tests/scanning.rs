//! What the list holds and what it leaves out.

use super::*;

fn paths(workspace: &Workspace, rules: &Rules) -> Vec<String> {
    let files = scan(&workspace.root, rules).unwrap();
    files.into_iter().map(|file| file.path).collect()
}

fn rule(pattern: &str, constraint: Constraint) -> Rules {
    Rules::new([(Target::Glob(pattern.to_owned()), constraint)]).unwrap()
}

#[test]
fn ignore_files_are_honoured_without_a_repository() {
    let workspace = Workspace::with([
        (".gitignore", "/target/\n*.log\n!keep.log\n"),
        (".ignore", "generated.rs\n"),
        ("a.log", ""),
        ("keep.log", ""),
        ("src/generated.rs", ""),
        ("src/main.rs", ""),
        ("src/.gitignore", "local.rs"),
        ("src/local.rs", ""),
        ("target/debug/out", ""),
    ]);
    let expected = [
        ".gitignore",
        ".ignore",
        "keep.log",
        "src/.gitignore",
        "src/main.rs",
    ];
    assert_eq!(paths(&workspace, &Rules::default()), expected);
}

#[test]
fn hidden_files_are_listed_and_version_control_is_not() {
    let workspace = Workspace::with([
        (".git/config", ""),
        (".github/ci.yml", ""),
        (".hg/store", ""),
        (".rustfmt.toml", ""),
        ("sub/.git", "gitdir: ../.git/modules/sub"),
        ("sub/a.rs", ""),
        (".rummy-1-0.tmp", "left over from a killed process"),
    ]);
    let expected = [".github/ci.yml", ".rustfmt.toml", "sub/a.rs"];
    assert_eq!(paths(&workspace, &Rules::default()), expected);
}

#[test]
fn each_file_is_described_without_being_opened() {
    let workspace = Workspace::with([("src/app.rs", "fn main() {}"), ("logo.PNG", "")]);
    workspace.put(
        "big.txt",
        vec![b'a'; usize::try_from(MAX_TEXT).unwrap() + 1],
    );
    workspace.put("data", b"\0");
    workspace.link("link.rs", "src/app.rs");
    workspace.link("out", &workspace.outside);
    workspace.fifo("pipe");
    let files = scan(&workspace.root, &Rules::default()).unwrap();
    let found: Vec<_> = files
        .iter()
        .map(|file| (file.path.as_str(), file.kind, file.language))
        .collect();
    let expected = [
        ("big.txt", FileKind::TooLarge, Some("plaintext")),
        ("data", FileKind::Text, None), // only reading would show it
        ("link.rs", FileKind::Symlink, Some("rust")),
        ("logo.PNG", FileKind::Binary, None),
        ("out", FileKind::Symlink, None),
        ("pipe", FileKind::Special, None),
        ("src/app.rs", FileKind::Text, Some("rust")),
    ];
    assert_eq!(found, expected);
    assert_eq!(files[6].size, 12);
}

#[test]
fn rules_hide_what_they_ignore_and_nothing_else() {
    let workspace = Workspace::with([
        (".env", ""),
        ("docs/a.md", ""),
        ("src/a.rs", ""),
        ("vendor/x/b.rs", ""),
        ("vendor/c.rs", ""),
    ]);
    let listed = |pattern, constraint| paths(&workspace, &rule(pattern, constraint));
    let all = ["docs/a.md", "src/a.rs", "vendor/c.rs", "vendor/x/b.rs"];
    assert_eq!(paths(&workspace, &Rules::default()), all);
    assert_eq!(listed("**", Constraint::Readonly), all);
    assert_eq!(listed("vendor", Constraint::Ignore), all[..2]);
    assert_eq!(listed("vendor/**", Constraint::Ignore), all[..2]);
    assert_eq!(
        listed("vendor/*", Constraint::Ignore),
        [all[0], all[1], all[3]]
    );
    assert_eq!(listed("**/*.rs", Constraint::Ignore), all[..1]);
    assert_eq!(listed(".env", Constraint::Active)[0], ".env");
}

#[test]
fn a_file_that_a_rule_wants_is_listed_once_even_if_it_is_ignored_by_git() {
    let workspace = Workspace::with([
        (".gitignore", "dist\n.env\n"),
        (".env", ""),
        ("a.rs", ""),
        ("dist/app.js", ""),
    ]);
    let wants = [
        ".env",
        "dist/app.js",
        "a.rs",
        "dist",
        "missing.rs",
        "../outside/secret.txt",
    ];
    let rules =
        Rules::new(wants.map(|path| (Target::Path(path.to_owned()), Constraint::Active))).unwrap();
    assert_eq!(
        paths(&workspace, &rules),
        [".env", ".gitignore", "a.rs", "dist/app.js"]
    );
}

#[test]
fn rules_of_the_folders_above_count_in_a_repository_only() {
    let workspace = Workspace::with([(".gitignore", "*.log"), ("app/a.log", ""), ("app/a.rs", "")]);
    let app = Root::open(&workspace.at("app")).unwrap();
    let listed = || -> Vec<_> {
        let files = scan(&app, &Rules::default()).unwrap();
        files.into_iter().map(|file| file.path).collect()
    };
    assert_eq!(listed(), ["a.log", "a.rs"]);
    fs::create_dir(workspace.at(".git")).unwrap();
    assert_eq!(listed(), ["a.rs"]);
    workspace.put(".gitignore", "*"); // a repository of dot files
    assert_eq!(listed(), ["a.log", "a.rs"]);
}

#[test]
fn an_unreadable_folder_is_named_and_ends_nothing() {
    if rustix::process::geteuid().is_root() {
        return; // root reads every folder
    }
    let workspace = Workspace::with([("a.rs", ""), ("closed/b.rs", ""), ("z.rs", "")]);
    let closed = workspace.at("closed");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    let files = scan(&workspace.root, &Rules::default()).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o755)).unwrap();
    let found: Vec<_> = files
        .iter()
        .map(|file| (file.path.as_str(), file.kind))
        .collect();
    let expected = [
        ("a.rs", FileKind::Text),
        ("closed", FileKind::Unreadable),
        ("z.rs", FileKind::Text),
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_folder_that_went_away_is_an_error() {
    let workspace = Workspace::new();
    fs::remove_dir(workspace.root.path()).unwrap();
    assert_eq!(variant(scan(&workspace.root, &Rules::default())), "Folder");
}

#[test]
fn a_tree_of_2000_files_is_listed_whole_and_in_order() {
    let workspace = Workspace::new();
    let mut expected = Vec::new();
    for folder in 0..50 {
        for file in 0..40 {
            // A name with `-` sorts before one with `/`, as whole paths do.
            let path = match file % 2 {
                0 => format!("d{folder}/f{file}.rs"),
                _ => format!("d{folder}-{file}.rs"),
            };
            workspace.put(&path, "");
            expected.push(path);
        }
    }
    expected.sort();
    assert_eq!(paths(&workspace, &Rules::default()), expected);
}
