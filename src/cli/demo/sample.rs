//! The project that the demo works on, as texts in the binary: how the run finds it and what the
//! script makes of it. Nothing here knows of a server.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use ignore::WalkBuilder;

use crate::entries::proposal::text::unified_diff;

/// Texts by their path in the project, with `/` between the segments.
pub type Texts = BTreeMap<String, String>;

/// The job, in a user's words.
pub const PROMPT: &str = "Add the reading time in whole minutes to the report. \
                          Bring the README up to date and write a test.";

/// The file that is open in the editor, and what was typed there and not saved: a line, and the
/// line that it stands below.
pub const OPEN: &str = "textstat/report.py";
pub const TYPED: &str = "        (\"longest\", max(found, key=len, default=\"–\")),\n";
pub const TYPED_BELOW: &str = "        (\"distinct\", len(set(found))),\n";

macro_rules! texts {
    ($folder:literal: $($path:literal),+ $(,)?) => {
        [$(($path, include_str!(concat!($folder, "/", $path)))),+]
    };
}

/// As the run finds it.
const SAMPLE: [(&str, &str); 6] = texts!(
    "sample": "README.md", "gettysburg.txt", "test_words.py", "textstat/__main__.py",
    "textstat/report.py", "textstat/words.py",
);

/// What the script changes: the files as they must be in the end.
const CHANGED: [(&str, &str); 4] = texts!(
    "expected": "README.md", "test_reading.py", "textstat/reading.py", "textstat/report.py",
);

pub fn before() -> Texts {
    owned(&SAMPLE)
}

pub fn expected() -> Texts {
    let mut texts = before();
    texts.extend(owned(&CHANGED));
    texts
}

fn owned(texts: &[(&str, &str)]) -> Texts {
    texts
        .iter()
        .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
        .collect()
}

/// Writes the project into an empty folder.
pub fn write(folder: &Path) -> io::Result<()> {
    for (path, text) in SAMPLE {
        let file = folder.join(path);
        if let Some(parent) = file.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(file, text)?;
    }
    Ok(())
}

/// Every file below a folder.
pub fn read(folder: &Path) -> io::Result<Texts> {
    let mut texts = Texts::new();
    for entry in WalkBuilder::new(folder).standard_filters(false).build() {
        let entry = entry.map_err(io::Error::other)?;
        let inside = entry
            .path()
            .strip_prefix(folder)
            .map_err(io::Error::other)?;
        if entry.file_type().is_some_and(|kind| kind.is_file()) {
            let bytes = fs::read(entry.path())?;
            let text = String::from_utf8_lossy(&bytes).into_owned();
            texts.insert(inside.to_string_lossy().into_owned(), text);
        }
    }
    Ok(texts)
}

/// What differs between two states of the project: a path, and in which way, as a diff from the
/// first to the second.
pub fn differences(first: &Texts, second: &Texts) -> BTreeMap<String, String> {
    let paths = first.keys().chain(second.keys());
    paths
        .filter(|path| first.get(*path) != second.get(*path))
        .map(|path| {
            let old = first.get(path).map(String::as_str);
            let diff = match second.get(path) {
                Some(new) => unified_diff(path, old, new),
                None => format!("--- {path}\n+++ /dev/null\n"),
            };
            (path.clone(), diff)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_project_is_read_back_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path()).unwrap();
        assert_eq!(read(folder.path()).unwrap(), before());
    }

    #[test]
    fn the_unsaved_line_is_new_and_has_its_place() {
        let saved = &before()[OPEN];
        assert_eq!(saved.matches(TYPED_BELOW).count(), 1);
        assert!(!saved.contains(TYPED));
        assert!(expected()[OPEN].contains(&format!("{TYPED_BELOW}{TYPED}")));
    }

    #[test]
    fn missing_added_and_changed_files_are_differences_and_equal_ones_are_not() {
        let texts = |pairs: &[(&str, &str)]| owned(pairs);
        let first = texts(&[("a", "1\n"), ("b", "1\n"), ("c", "1\n")]);
        let second = texts(&[("a", "1\n"), ("b", "2\n"), ("d", "1\n")]);
        let expected = [
            ("b", "--- b\n+++ b\n@@ -1 +1 @@\n-1\n+2\n"),
            ("c", "--- c\n+++ /dev/null\n"),
            ("d", "--- /dev/null\n+++ d\n@@ -0,0 +1 @@\n+1\n"),
        ];
        assert_eq!(differences(&first, &second), texts(&expected));
    }
}
