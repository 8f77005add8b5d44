//! The texts that a user keeps for runs, in the rummy home and in the `.rummy` of folders that are trusted:
//! `skills/NAME.md` (or `skills/NAME/SKILL.md`) and `personas/NAME.md`. Of several with the same name the
//! first one counts.
//!
//! **Invariant.** A name is one path segment of letters, digits, dots, dashes and underscores that
//! begins with a letter or digit, so no name leaves its folder.

use std::io;
use std::path::{Path, PathBuf};

/// Larger texts are no skill and no persona. In bytes.
const LIMIT: u64 = 1 << 20;

/// The longest description, in characters.
const DESCRIPTION: usize = 200;

/// What is kept in a folder of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shelf {
    Skills,
    Personas,
}

/// A text of the library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    pub name: String,
    pub file: PathBuf,
    pub text: String,
}

/// Why a text is not to be had.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    #[error(
        "\"{0}\" is no name: write 1 to 64 letters, digits, dots, dashes or underscores, a letter or digit first"
    )]
    Name(String),
    #[error("there is no {kind} \"{name}\"; there are {}", if .known.is_empty() { "none".to_owned() } else { .known.join(", ") })]
    NotFound {
        kind: &'static str,
        name: String,
        known: Vec<String>,
    },
    #[error("{file} cannot be read: {source}")]
    Unreadable { file: PathBuf, source: io::Error },
    #[error("{file} is larger than {LIMIT} bytes")]
    TooLarge { file: PathBuf },
}

impl Shelf {
    const fn folder(self) -> &'static str {
        match self {
            Self::Skills => "skills",
            Self::Personas => "personas",
        }
    }

    const fn kind(self) -> &'static str {
        match self {
            Self::Skills => "skill",
            Self::Personas => "persona",
        }
    }

    /// The text of that name in the first of these places that has one.
    pub fn read(self, homes: &[PathBuf], name: &str) -> Result<Volume, LibraryError> {
        if !is_name(name) {
            return Err(LibraryError::Name(name.chars().take(80).collect()));
        }
        let files = |home: &PathBuf| {
            let folder = home.join(self.folder());
            [
                folder.join(format!("{name}.md")),
                folder.join(name).join("SKILL.md"),
            ]
        };
        let file = homes.iter().flat_map(files).find(|file| file.is_file());
        let Some(file) = file else {
            let known = self.names(homes)?;
            return Err(LibraryError::NotFound {
                kind: self.kind(),
                name: name.to_owned(),
                known,
            });
        };
        let unreadable = |source| LibraryError::Unreadable {
            file: file.clone(),
            source,
        };
        if std::fs::metadata(&file).map_err(unreadable)?.len() > LIMIT {
            return Err(LibraryError::TooLarge { file });
        }
        let text = std::fs::read_to_string(&file).map_err(unreadable)?;
        Ok(Volume {
            name: name.to_owned(),
            file,
            text,
        })
    }

    /// The names of all texts in these places, sorted. A folder that does not exist is empty.
    pub fn names(self, homes: &[PathBuf]) -> Result<Vec<String>, LibraryError> {
        let mut names = Vec::new();
        for home in homes {
            names.extend(self.names_in(home)?);
        }
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }

    fn names_in(self, home: &Path) -> Result<Vec<String>, LibraryError> {
        let folder = home.join(self.folder());
        let unreadable = |source| LibraryError::Unreadable {
            file: folder.clone(),
            source,
        };
        let listed = match std::fs::read_dir(&folder) {
            Ok(listed) => listed,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(unreadable(error)),
        };
        let mut names = Vec::new();
        for entry in listed {
            let path = entry.map_err(unreadable)?.path();
            let is_text = path.extension().is_some_and(|end| end == "md") && path.is_file();
            if is_text || path.join("SKILL.md").is_file() {
                let stem = if is_text {
                    path.file_stem()
                } else {
                    path.file_name()
                };
                names.extend(stem.and_then(|stem| stem.to_str()).map(str::to_owned));
            }
        }
        names.retain(|name| is_name(name));
        Ok(names)
    }
}

impl Volume {
    /// What the text is about: the `description` of its front matter, else its first line.
    pub fn description(&self) -> String {
        let (front, rest) = self.parts();
        let stated = front
            .lines()
            .find_map(|line| line.strip_prefix("description:"))
            .map(|text| text.trim().trim_matches(['"', '\'']));
        let first = rest
            .lines()
            .map(|line| line.trim().trim_start_matches('#').trim())
            .find(|line| !line.is_empty());
        let line = stated.filter(|text| !text.is_empty()).or(first);
        line.unwrap_or("").chars().take(DESCRIPTION).collect()
    }

    /// The front matter, without its fences, and what follows it.
    fn parts(&self) -> (&str, &str) {
        let behind = |text: &'_ str| text.find('\n').map_or(text.len(), |end| end + 1);
        let is_fence = |line: &str| line.trim_end() == "---";
        if !self.text.lines().next().is_some_and(is_fence) {
            return ("", &self.text);
        }
        let start = behind(&self.text);
        let mut end = start;
        for line in self.text[start..].split_inclusive('\n') {
            if is_fence(line) {
                return (&self.text[start..end], &self.text[end + line.len()..]);
            }
            end += line.len();
        }
        ("", &self.text)
    }
}

fn is_name(name: &str) -> bool {
    name.len() <= 64
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home() -> tempfile::TempDir {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(home.path().join("skills/review")).unwrap();
        let files = [
            ("skills/git.md", "# Git\n\nCommit small.\n"),
            (
                "skills/review/SKILL.md",
                "---\r\nname: review\r\ndescription: \"How to review\"\r\n---\r\nRead twice.\r\n",
            ),
            ("skills/.hidden.md", "x"),
            ("secret.md", "a secret"),
        ];
        for (file, text) in files {
            std::fs::write(home.path().join(file), text).unwrap();
        }
        home
    }

    #[test]
    fn a_skill_is_a_file_or_a_folder_and_says_what_it_is_about() {
        let folder = home();
        let homes = [folder.path().to_owned()];
        let names = Shelf::Skills.names(&homes).unwrap();
        let described: Vec<(String, String)> = names
            .into_iter()
            .map(|name| {
                let volume = Shelf::Skills.read(&homes, &name).unwrap();
                (name, volume.description())
            })
            .collect();
        let expected = [("git", "Git"), ("review", "How to review")];
        assert_eq!(
            described,
            expected.map(|(name, about)| (name.to_owned(), about.to_owned()))
        );
        assert_eq!(Shelf::Personas.names(&homes).unwrap(), [""; 0]);
    }

    #[test]
    fn of_two_places_the_first_one_that_has_a_name_counts() {
        let (near, far) = (tempfile::tempdir().unwrap(), home());
        std::fs::create_dir(near.path().join("skills")).unwrap();
        for name in ["git", "own"] {
            let file = near.path().join(format!("skills/{name}.md"));
            std::fs::write(file, "of this folder\n").unwrap();
        }
        let homes = [near.path().to_owned(), far.path().to_owned()];
        assert_eq!(
            Shelf::Skills.names(&homes).unwrap(),
            ["git", "own", "review"]
        );
        let text = |name| Shelf::Skills.read(&homes, name).unwrap().text;
        assert_eq!(text("git"), "of this folder\n");
        assert!(text("review").ends_with("Read twice.\r\n"));
    }

    #[test]
    fn no_name_leaves_its_folder() {
        let folder = home();
        let homes = [folder.path().to_owned()];
        for name in [
            "../secret",
            "a/b",
            "",
            ".hidden",
            "git.md/../../secret",
            "a b",
            "é",
        ] {
            let refused = Shelf::Skills.read(&homes, name).unwrap_err();
            assert!(
                matches!(refused, LibraryError::Name(_)),
                "{name:?}: {refused}"
            );
        }
        assert_eq!(
            Shelf::Skills.read(&homes, "none").unwrap_err().to_string(),
            "there is no skill \"none\"; there are git, review"
        );
    }
}
