//! What is read, exactly, and what is not; and where it comes from.

use std::collections::HashMap;
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::*;

#[test]
fn text_is_read_byte_for_byte() {
    for text in [
        "",
        "a\n",
        "a\r\nb\r\n",
        "\u{feff}a\n",
        "no line break",
        "\t \n\n",
        "日本\u{1f980}",
    ] {
        let workspace = Workspace::with([("a.txt", text)]);
        assert_eq!(read(&workspace.file("a.txt")).unwrap(), text);
    }
}

#[test]
fn what_is_not_text_is_refused_by_its_reason() {
    let workspace = Workspace::new();
    let limit = usize::try_from(MAX_TEXT).unwrap();
    workspace.put("binary", b"PNG\0\x01");
    workspace.put("latin1", b"caf\xe9");
    workspace.put("cut", &"é".as_bytes()[..1]);
    workspace.put("full", vec![b'a'; limit]);
    workspace.put("over", vec![b'a'; limit + 1]);
    workspace.put("late-nul", [vec![b'a'; 8 * 1024], vec![0]].concat());
    fs::create_dir(workspace.at("folder")).unwrap();
    let table = [
        ("binary", "Binary"),
        ("latin1", "NotUtf8"),
        ("cut", "NotUtf8"),
        ("over", "TooLarge"),
        ("folder", "NotAFile"),
        ("missing", "NotFound"),
        ("missing/deeper", "NotFound"),
        ("binary/below-a-file", "NotFound"),
    ];
    for (path, expected) in table {
        assert_eq!(variant(read(&workspace.file(path))), expected, "{path}");
    }
    let error = read(&workspace.file("over")).unwrap_err().to_string();
    assert_eq!(
        error,
        "over has 1048577 bytes; only files of up to 1048576 are read"
    );
    assert_eq!(read(&workspace.file("full")).unwrap().len(), limit);
    assert!(read(&workspace.file("late-nul")).is_ok());
}

/// Nobody writes to the FIFO: if it were opened as a file is, this test would not end.
#[test]
fn special_files_are_refused_without_being_opened() {
    let workspace = Workspace::new();
    workspace.fifo("fifo");
    let _socket = std::os::unix::net::UnixListener::bind(workspace.at("socket")).unwrap();
    workspace.link("inside-link", "fifo");
    for path in ["fifo", "socket", "inside-link"] {
        assert_eq!(variant(read(&workspace.file(path))), "NotAFile", "{path}");
    }
}

struct Open(HashMap<PathBuf, Arc<str>>);

impl Overlay for Open {
    fn open_text<'a>(&'a self, file: &'a Path) -> BoxFuture<'a, Option<OpenText>> {
        let text = self.0.get(file).cloned();
        std::future::ready(text.map(|text| OpenText { text, dirty: true })).boxed()
    }
}

#[tokio::test]
async fn an_open_document_comes_before_the_disk() {
    let workspace = Workspace::with([("a.txt", "disk"), ("b.txt", "disk")]);
    let unsaved = ["a.txt", "new.txt"].map(|path| (workspace.at(path), Arc::from("open")));
    let overlay = Open(HashMap::from(unsaved));
    for (path, expected) in [("a.txt", "open"), ("new.txt", "open"), ("b.txt", "disk")] {
        let text = current_text(&overlay, &workspace.file(path)).await;
        assert_eq!(text.unwrap(), expected, "{path}");
    }
    let missing = current_text(&overlay, &workspace.file("missing.txt")).await;
    assert_eq!(variant(missing), "NotFound");
}
