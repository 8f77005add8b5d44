//! Files that are not open are the server's to write.

use serde_json::json;

use crate::fixture::{FILE, accepted, failed, fixing};
use crate::lsp::Session;
use crate::lsp::script::{APP, APP_FIXED, fix_app, set, update};
use crate::model_server::{ModelServer, Reply};

#[test]
fn a_file_that_is_not_open_is_written_by_the_server() {
    let server = fixing();
    let mut session = Session::builder()
        .file(FILE, APP)
        .model_at(&server.url())
        .start();
    session.act("fix", "raise the retries");
    let path = session.wait_for_proposals("fix", 1)[0]["path"].clone();
    assert_eq!(session.accept("fix", &path), Ok(accepted(&path)));
    assert_eq!(session.sandbox.read(FILE).as_deref(), Some(APP_FIXED));
    session.wait_for_status("fix", 200);
}

#[test]
fn a_file_that_changed_on_the_disk_meanwhile_keeps_what_changed() {
    let server = ModelServer::start(vec![
        Reply::text(fix_app()).when("first"),
        Reply::text(fix_app()).when("second"),
    ]);
    let mut session = Session::builder()
        .file(FILE, APP)
        .model_at(&server.url())
        .start();
    session.act("first", "the first");
    let path = session.wait_for_proposals("first", 1)[0]["path"].clone();
    session.sandbox.write(FILE, &format!("// mine\n{APP}"));
    assert_eq!(session.accept("first", &path), Ok(accepted(&path)));
    assert_eq!(
        session.sandbox.read(FILE),
        Some(format!("// mine\n{APP_FIXED}"))
    );
    session.wait_for_status("first", 200);

    session.sandbox.write(FILE, APP);
    session.act("second", "the second");
    let path = session.wait_for_proposals("second", 1)[0]["path"].clone();
    let mine = APP.replace("retries = 2", "retries = 3");
    session.sandbox.write(FILE, &mine);
    let answer = session.accept("second", &path).expect("it is no error");
    let reason = failed(&answer, &path);
    assert!(reason.starts_with("conflict"), "{reason}");
    assert_eq!(session.sandbox.read(FILE), Some(mine));
    session.ignore(&["window/showMessage"]);
}

#[test]
fn a_new_file_is_on_the_disk_with_its_folders_once_it_is_accepted() {
    let guide = "# Guide\n\nStart here.\n";
    let answer = set("docs/new/guide.md", guide) + &update(200, "Wrote a guide");
    let server = ModelServer::start(vec![Reply::text(answer)]);
    let mut session = Session::builder().model_at(&server.url()).start();
    session.act("write", "write a guide");
    let proposal = session.wait_for_proposals("write", 1).remove(0);
    assert_eq!(
        (&proposal["kind"], &proposal["target"]),
        (&json!("create"), &json!("docs/new/guide.md"))
    );
    assert_eq!(session.sandbox.read("docs/new/guide.md"), None);
    let path = proposal["path"].clone();
    assert_eq!(session.accept("write", &path), Ok(accepted(&path)));
    assert_eq!(
        session.sandbox.read("docs/new/guide.md").as_deref(),
        Some(guide)
    );
    session.wait_for_status("write", 200);
}

#[cfg(unix)]
#[test]
fn a_file_keeps_its_permissions() {
    use std::fs::{Permissions, metadata, set_permissions};
    use std::os::unix::fs::PermissionsExt as _;

    let server = fixing();
    let mut session = Session::builder()
        .file(FILE, APP)
        .model_at(&server.url())
        .start();
    let file = session.sandbox.path(FILE);
    set_permissions(&file, Permissions::from_mode(0o750)).expect("it is ours");
    session.act("fix", "raise the retries");
    let path = session.wait_for_proposals("fix", 1)[0]["path"].clone();
    assert_eq!(session.accept("fix", &path), Ok(accepted(&path)));
    let mode = metadata(&file).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o750);
    session.wait_for_status("fix", 200);
}
