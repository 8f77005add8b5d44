//! Ways out of the workspace, tried by a model: each is refused by name and reaches nothing.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::json;

use crate::fixture::failed;
use crate::lsp::script::{set, update};
use crate::lsp::{Sandbox, Session};
use crate::model_server::{ModelServer, Reply};

/// A model that first writes what the prompt tells it to, and then leaves it.
fn obedient() -> ModelServer {
    ModelServer::inventing(|asked| {
        let (_, told) = asked
            .rsplit_once("write to «")
            .expect("the prompt names a path");
        let (path, _) = told.split_once('»').expect("the path ends");
        let path = path.replace("&amp;", "&").replace("&lt;", "<");
        let again = asked.contains("out of the workspace\n") || asked.contains("failed");
        if again {
            return Reply::text(update(200, "Left it"));
        }
        Reply::text(set(&path, "out of the workspace\n") + &update(200, "Wrote it"))
    })
}

/// Everything below a folder, with what it holds.
fn contents(folder: &Path) -> Vec<(String, Option<String>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        let kind = entry.file_type().expect("a kind");
        if kind.is_dir() {
            found.extend(contents(&path));
        } else {
            // To read a FIFO would wait for its writer.
            let text = kind
                .is_file()
                .then(|| fs::read_to_string(&path).expect("a text"));
            found.push((path.display().to_string(), text));
        }
    }
    found.sort();
    found
}

#[test]
fn no_path_that_a_model_writes_leads_out_of_the_workspace() {
    let outside = tempfile::tempdir().expect("a folder");
    fs::write(outside.path().join("secret.txt"), "secret\n").expect("a file");
    let secret = outside.path().join("secret.txt");
    let sandbox = Sandbox::new(&[("src/app.rs", "app\n"), (".git/config", "[core]\n")]);
    let link = |from: &Path, to: &str| {
        let to = sandbox.path(to);
        fs::create_dir_all(to.parent().expect("a folder")).expect("a folder");
        symlink(from, to).expect("a link");
    };
    link(&secret, "link.txt");
    link(outside.path(), "folder");
    link(Path::new("folder"), "second");
    link(Path::new("../.."), "src/up");
    link(Path::new("loop-b"), "loop-a");
    link(Path::new("loop-a"), "loop-b");
    link(&outside.path().join("not-yet.txt"), "dangling.txt");
    link(Path::new(".git"), "git");
    link(Path::new("/dev"), "dev");
    fs::hard_link(sandbox.path("src/app.rs"), sandbox.path("src/hard.rs")).expect("a hard link");
    rustix::fs::mkfifoat(rustix::fs::CWD, sandbox.path("fifo"), 0o600.into()).expect("a FIFO");
    fs::write(sandbox.path(".env"), "KEY=1\n").expect("a file");
    let absolute = secret.display().to_string();
    let ways = [
        "../out.txt",
        "src/../../out.txt",
        "./../out.txt",
        "src/./.././../out.txt",
        "//etc/rummy-out.txt",
        "/etc/rummy-out.txt",
        absolute.as_str(),
        "file:///etc/rummy-out.txt",
        "file://../out.txt",
        "~/../../etc/out.txt/../../../out.txt",
        "link.txt",
        "folder/secret.txt",
        "folder/new.txt",
        "second/new.txt",
        "src/up/out.txt",
        "loop-a",
        "loop-a/out.txt",
        "dangling.txt",
        ".git/config",
        ".GIT/config",
        ".git/hooks/post-commit",
        "src/.git/config",
        ".g\u{200c}it/config",
        "git/hooks/post-commit",
        "dev/shm/rummy-out.txt",
        "fifo",
        "src",
        ".",
        "src/app.rs/out.txt",
        ".env",
        "src/id_rsa",
        "certs/server.pem",
    ];
    let before = contents(outside.path());
    let server = obedient();
    let sandbox = std::rc::Rc::new(sandbox);
    let mut session = Session::builder()
        .sandbox(&sandbox)
        .model_at(&server.url())
        .start();
    let inside = contents(&sandbox.workspace());
    for (at, way) in ways.iter().enumerate() {
        let run = format!("way{at}");
        session.act(&run, &format!("write to «{way}»"));
        session.wait_for("run/state", |state| {
            assert!(
                state["status"] != 202 || state["run"] != run.as_str(),
                "{way:?} is proposed"
            );
            state["run"] == run.as_str() && state["status"] == 200
        });
        let entries = session.entries(&run);
        let refused = entries.iter().any(|entry| {
            entry["path"]
                .as_str()
                .is_some_and(|path| path.contains("/set"))
                && entry["state"] == "failed"
        });
        assert!(refused, "{way:?} was not refused: {entries:?}");
    }
    assert_eq!(contents(outside.path()), before);
    assert_eq!(contents(&sandbox.workspace()), inside);
    session.ignore(&["run/proposal"]);
}

#[test]
fn a_folder_that_becomes_a_link_after_the_check_lets_nothing_out() {
    let outside = tempfile::tempdir().expect("a folder");
    let server = ModelServer::start(vec![Reply::text(
        set("src/new.txt", "out\n") + &update(200, "Wrote it"),
    )]);
    let mut session = Session::builder()
        .file("src/app.rs", "app\n")
        .model_at(&server.url())
        .start();
    session.act("fix", "write it");
    let path = session.wait_for_proposals("fix", 1)[0]["path"].clone();
    fs::remove_file(session.sandbox.path("src/app.rs")).expect("a file");
    fs::remove_dir(session.sandbox.path("src")).expect("a folder");
    symlink(outside.path(), session.sandbox.path("src")).expect("a link");
    let answer = session.accept("fix", &path).expect("it is no error");
    let reason = failed(&answer, &path);
    assert!(reason.contains("outside the workspace"), "{reason}");
    assert_eq!(contents(outside.path()), []);
    session.ask("rummy/abort", json!({"run": "fix"}));
    session.ignore(&["run/proposal", "run/state", "window/showMessage"]);
}
