//! The constraints that users put on files, and the ones that hold by default.
//!
//! Every question "may this be shown, may this be changed" ends in [`Rules::constraint_of`].

use std::str::FromStr;

use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};

/// What holds for a file. Ordered: where several patterns match, the strictest holds.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Constraint {
    /// Shown with its text from the start.
    Active,
    /// Shown, and never changed.
    Readonly,
    /// Neither shown nor changed.
    Ignore,
}

/// Why a constraint was not taken.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    #[error(
        "{pattern:?} is not a path pattern ({source}); write a path or a glob such as `src/**/*.rs`"
    )]
    Pattern {
        pattern: String,
        source: globset::Error,
    },
    #[error("the constraints are too large to be compiled together ({source}); remove some")]
    TooMany { source: globset::Error },
    #[error("{word:?} is not a constraint; write active, readonly or ignore")]
    Constraint { word: String },
}

/// What a constraint is put on, relative to the workspace folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A file or folder by its very name, whatever is in it, and everything below a folder.
    Path(String),
    /// A glob, which matches whole paths: `*` and `?` stay within a segment, `**` does not. One that
    /// ends in `/` holds for everything below. It is also compared as it is written, like a path.
    Glob(String),
}

/// The constraints of a workspace, compiled. The default is none but those on secrets.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// The globs before the paths.
    patterns: Vec<Pattern>,
    /// Those of the patterns, in the same order.
    globs: GlobSet,
}

#[derive(Debug, Clone)]
struct Pattern {
    /// As it was written, without slashes at the end.
    text: String,
    constraint: Constraint,
    /// Whether the glob, where it matches a folder, also matches everything below.
    is_deep: bool,
}

impl Constraint {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Readonly => "readonly",
            Self::Ignore => "ignore",
        }
    }
}

impl FromStr for Constraint {
    type Err = RulesError;

    fn from_str(word: &str) -> Result<Self, RulesError> {
        match word {
            "active" => Ok(Self::Active),
            "readonly" => Ok(Self::Readonly),
            "ignore" => Ok(Self::Ignore),
            _ => Err(RulesError::Constraint { word: word.into() }),
        }
    }
}

impl Target {
    /// As it is stored: its text, and whether that is a path.
    pub fn stored(self) -> (String, bool) {
        match self {
            Self::Path(text) => (text, true),
            Self::Glob(text) => (text, false),
        }
    }
}

impl Rules {
    /// Compiles the constraints.
    pub fn new(
        constraints: impl IntoIterator<Item = (Target, Constraint)>,
    ) -> Result<Self, RulesError> {
        let (mut patterns, mut paths) = (Vec::new(), Vec::new());
        let mut globs = GlobSetBuilder::new();
        for (target, constraint) in constraints {
            match target {
                Target::Path(text) => paths.push(Pattern::new(&text, constraint)),
                Target::Glob(text) => {
                    globs.add(glob(&text)?);
                    patterns.push(Pattern::new(&text, constraint));
                }
            }
        }
        patterns.append(&mut paths);
        let globs = globs
            .build()
            .map_err(|source| RulesError::TooMany { source })?;
        Ok(Self { patterns, globs })
    }

    /// Compiles constraints as they are stored: a text, whether it is a path, and a constraint's word.
    pub fn parse(
        stored: impl IntoIterator<Item = (String, bool, String)>,
    ) -> Result<Self, RulesError> {
        let read = |(text, is_path, word): (String, bool, String)| {
            let target = if is_path {
                Target::Path(text)
            } else {
                Target::Glob(text)
            };
            word.parse().map(|constraint| (target, constraint))
        };
        let constraints = stored.into_iter().map(read);
        Self::new(constraints.collect::<Result<Vec<_>, _>>()?)
    }

    /// What holds for the file at `path`, a key of the workspace. The strictest pattern that
    /// matches decides, so that an `active` on one file does not open a folder that is `readonly`.
    /// A secret is ignored unless a pattern without wildcards is its very path.
    pub fn constraint_of(&self, path: &str) -> Option<Constraint> {
        if is_secret(path) && !self.patterns.iter().any(|pattern| pattern.text == path) {
            return Some(Constraint::Ignore);
        }
        self.matching(path).map(|pattern| pattern.constraint).max()
    }

    /// Whether everything below the folder at `path` is ignored, so that nobody need look there.
    pub(super) fn ignores_below(&self, path: &str) -> bool {
        self.matching(path).any(|pattern| {
            pattern.constraint == Constraint::Ignore && (pattern.is_deep || pattern.names(path))
        })
    }

    /// The paths that a constraint other than `ignore` gives as they are, wildcards or not: files
    /// that are wanted even where `.gitignore` leaves them out.
    pub(super) fn wanted(&self) -> impl Iterator<Item = &str> {
        self.patterns
            .iter()
            .filter(|pattern| pattern.constraint != Constraint::Ignore)
            .map(|pattern| pattern.text.as_str())
    }

    fn matching(&self, path: &str) -> impl Iterator<Item = &Pattern> {
        let by_glob = self.globs.matches(path).into_iter();
        let by_name = self
            .patterns
            .iter()
            .filter(move |pattern| pattern.names(path));
        by_name.chain(by_glob.filter_map(|at| self.patterns.get(at)))
    }
}

impl Pattern {
    fn new(text: &str, constraint: Constraint) -> Self {
        Self {
            text: text.trim_end_matches('/').to_owned(),
            constraint,
            is_deep: text.ends_with('/') || text.ends_with("**"),
        }
    }

    /// Whether the pattern, read literally, is the path or a folder above it.
    fn names(&self, path: &str) -> bool {
        path.strip_prefix(&self.text)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// Files that hold secrets by convention, told by their names in any folder and any case:
/// `.env`, `.env.*`, `*.pem`, `*.key`, `id_rsa*`, `id_ed25519*`, `.netrc`, `.npmrc`.
fn is_secret(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    matches!(name.as_str(), ".env" | ".netrc" | ".npmrc")
        || [".env.", "id_rsa", "id_ed25519"]
            .iter()
            .any(|start| name.starts_with(start))
        || [".pem", ".key"].iter().any(|end| name.ends_with(end))
}

fn glob(pattern: &str) -> Result<Glob, RulesError> {
    let everything_below = pattern.ends_with('/').then(|| format!("{pattern}**"));
    let whole = everything_below.as_deref().unwrap_or(pattern);
    GlobBuilder::new(whole)
        .literal_separator(true)
        .build()
        .map_err(|source| RulesError::Pattern {
            pattern: pattern.to_owned(),
            source,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules<const N: usize>(constraints: [(&str, Constraint); N]) -> Rules {
        let glob = |(text, constraint): (&str, _)| (Target::Glob(text.to_owned()), constraint);
        Rules::new(constraints.map(glob)).unwrap()
    }

    #[test]
    fn a_pattern_matches_whole_paths_and_a_name_what_is_below_it() {
        let table = [
            ("src/app.rs", "src/app.rs", true),
            ("src/app.rs", "src/app.rs.bak", false),
            ("app.rs", "src/app.rs", false),
            ("src", "src/a/b.rs", true),
            ("src/", "src/a/b.rs", true),
            ("src", "srcs/a.rs", false),
            ("*", "a.rs", true),
            ("*", "src/a.rs", false),
            ("**", "src/a.rs", true),
            ("*/b.rs", "src/b.rs", true),
            ("*/b.rs", "src/a/b.rs", false),
            ("src/**/*.rs", "src/a.rs", true),
            ("src/**/*.rs", "src/a/b/c.rs", true),
            ("**/gen/", "a/gen/b/c.rs", true),
            ("**/gen/", "gen.rs", false),
            ("{a,b}.rs", "b.rs", true),
            ("?.rs", "ab.rs", false),
            ("app/[slug]/page.tsx", "app/[slug]/page.tsx", true),
            ("app/[slug]/page.tsx", "app/s/page.tsx", true),
        ];
        for (pattern, path, expected) in table {
            let found = rules([(pattern, Constraint::Readonly)]).constraint_of(path);
            assert_eq!(found.is_some(), expected, "{pattern} on {path}");
        }
    }

    #[test]
    fn a_path_names_the_file_that_is_called_so_alone_whatever_is_in_it() {
        let table = [
            ("app/[slug]/page.tsx", "app/[slug]/page.tsx", true),
            ("app/[slug]/page.tsx", "app/s/page.tsx", false),
            ("app/[slug]", "app/[slug]/page.tsx", true),
            ("notes[draft.md", "notes[draft.md", true),
            ("{a,b", "{a,b", true),
            ("*", "a", false),
            ("**", "a", false),
            (".env*", ".env*", true),
        ];
        for (text, path, expected) in table {
            // One before a glob, one behind it.
            let constraints = [
                (Target::Path(text.to_owned()), Constraint::Active),
                (Target::Glob("none/*".to_owned()), Constraint::Readonly),
                (Target::Path("none".to_owned()), Constraint::Ignore),
            ];
            let rules = Rules::new(constraints).unwrap();
            let expected = expected.then_some(Constraint::Active);
            assert_eq!(rules.constraint_of(path), expected, "{text} on {path}");
            assert_eq!(rules.constraint_of("none/x"), Some(Constraint::Ignore));
        }
    }

    #[test]
    fn what_is_stored_is_read_as_what_it_was() {
        for target in [
            Target::Path("a[b".to_owned()),
            Target::Glob("a[bc]".to_owned()),
        ] {
            let (text, is_path) = target.clone().stored();
            let rules = Rules::parse([(text.clone(), is_path, "readonly".to_owned())]).unwrap();
            let expected = Rules::new([(target, Constraint::Readonly)]).unwrap();
            for path in [text.as_str(), "ab", "ac", "x"] {
                assert_eq!(
                    rules.constraint_of(path),
                    expected.constraint_of(path),
                    "{path}"
                );
            }
        }
    }

    #[test]
    fn the_strictest_of_several_patterns_holds_in_any_order() {
        use Constraint::{Active, Ignore, Readonly};
        let one = rules([
            ("src/**", Readonly),
            ("src/a.rs", Active),
            ("**/x.rs", Ignore),
        ]);
        let other = rules([
            ("**/x.rs", Ignore),
            ("src/a.rs", Active),
            ("src/**", Readonly),
        ]);
        for rules in [one, other] {
            assert_eq!(rules.constraint_of("src/a.rs"), Some(Readonly));
            assert_eq!(rules.constraint_of("src/x.rs"), Some(Ignore));
            assert_eq!(rules.constraint_of("a.rs"), None);
        }
    }

    #[test]
    fn a_secret_is_ignored_in_any_folder_and_case() {
        let secrets = [
            ".env",
            "api/.env.local",
            ".ENV",
            "tls/server.pem",
            "a.KEY",
            ".ssh/id_rsa",
            "id_rsa.pub",
            "id_ed25519_work",
            ".netrc",
            "web/.npmrc",
        ];
        for path in secrets {
            assert_eq!(
                Rules::default().constraint_of(path),
                Some(Constraint::Ignore),
                "{path}"
            );
        }
        for path in [
            ".envrc",
            "env",
            "src/key.rs",
            "keys",
            ".env/lib.py",
            "my_id_rsa",
        ] {
            assert_eq!(Rules::default().constraint_of(path), None, "{path}");
        }
    }

    #[test]
    fn only_its_own_path_shows_a_secret() {
        use Constraint::{Active, Ignore};
        for (pattern, expected) in [
            (".env", Active),
            ("**", Ignore),
            (".env*", Ignore),
            ("{.env,x}", Ignore),
        ] {
            let found = rules([(pattern, Active)]).constraint_of(".env");
            assert_eq!(found, Some(expected), "{pattern}");
        }
        assert_eq!(
            rules([("api", Active)]).constraint_of("api/.env"),
            Some(Ignore)
        );
    }

    #[test]
    fn a_folder_is_closed_only_if_all_below_it_is_ignored() {
        let table = [
            ("vendor", "vendor", true),
            ("vendor", "vendor/a", true),
            ("vendor/**", "vendor/a", true),
            ("vendor/", "vendor/a", true),
            ("vendor/*", "vendor/a", false), // vendor/a/b is not matched
            ("**/*.rs", "odd.rs", false),
        ];
        for (pattern, folder, expected) in table {
            let rules = rules([(pattern, Constraint::Ignore)]);
            assert_eq!(
                rules.ignores_below(folder),
                expected,
                "{pattern} on {folder}"
            );
        }
        assert!(!rules([("src", Constraint::Readonly)]).ignores_below("src"));
    }

    #[test]
    fn a_bad_pattern_or_word_is_named_in_the_error() {
        let error =
            Rules::new([(Target::Glob("src/[a".to_owned()), Constraint::Ignore)]).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with(r#""src/[a" is not a path pattern"#)
        );
        let error = "hidden".parse::<Constraint>().unwrap_err();
        assert_eq!(
            error.to_string(),
            r#""hidden" is not a constraint; write active, readonly or ignore"#
        );
    }

    #[test]
    fn a_constraint_reads_back_as_it_is_written() {
        for constraint in [Constraint::Active, Constraint::Readonly, Constraint::Ignore] {
            assert_eq!(
                constraint.as_str().parse::<Constraint>().unwrap(),
                constraint
            );
            let json = serde_json::to_value(constraint).unwrap();
            assert_eq!(json, constraint.as_str());
        }
    }
}
