//! Which entries a command means: patterns of paths, filters of bodies.
//!
//! The two are apart on purpose. A path is a glob or itself and never an expression of another
//! kind, so that no path can be mistaken for one; expressions are for bodies ([`filter`]).
//!
//! | file | holds |
//! |---|---|
//! | `glob` | globs as regular expressions |
//! | `filter` | which of its five kinds a filter of bodies is |
//! | `json_path` | JSONPath on a body that is JSON |
//! | `xml`, `xpath` | XPath on a body that is XML |
//! | `recent` | what was compiled lately |
//!
//! **Invariant**: to compile a pattern and to match it takes a time that is bounded by the length
//! of the pattern and linear in the length of what it is matched against.

mod filter;
mod glob;
mod json_path;
mod recent;
mod xml;
mod xpath;

use std::sync::Arc;

use regex::{Regex, RegexBuilder};
use thiserror::Error;

pub use filter::BodyFilter;
use recent::Recent;

/// The longest pattern, in bytes.
const MAX_LENGTH: usize = 4096;

/// The largest compiled expression, in bytes.
const MAX_COMPILED: usize = 1 << 20;

/// How many compiled patterns of either kind are kept.
const KEPT: usize = 64;

/// Why a pattern means nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PatternError {
    #[error("the pattern of {length} bytes is too long: the limit is {MAX_LENGTH}")]
    TooLong { length: usize },
    #[error("the pattern `{pattern}` does not compile: {reason}")]
    Invalid { pattern: String, reason: String },
}

impl PatternError {
    fn invalid(pattern: &str, reason: impl Into<String>) -> Self {
        Self::Invalid {
            pattern: pattern.to_owned(),
            reason: reason.into(),
        }
    }
}

/// A glob over whole paths, or one path. Cheap to clone.
///
/// `?` and `*` stay within a segment, but `*` directly behind `://` crosses segments; `**` always
/// does. `[…]` is a class, and matches itself as well, because folders are named so; `{a,b}` is a
/// choice, a backslash takes a sign literally. Everything else is itself: a leading `!`,
/// parentheses, braces without a comma.
#[derive(Debug, Clone)]
pub struct PathPattern {
    source: Arc<str>,
    /// How much of the source every match begins with.
    prefix: usize,
    /// `None` for a literal.
    regex: Option<Arc<Regex>>,
}

static PATHS: Recent<PathPattern> = Recent::new(KEPT);

impl PathPattern {
    pub fn parse(pattern: &str) -> Result<Self, PatternError> {
        check_length(pattern)?;
        let Some(prefix) = glob::first_sign(pattern) else {
            return Ok(Self::literal(pattern));
        };
        PATHS.get_or_make(pattern, || {
            let regex = compile(pattern, &glob::to_regex(pattern, glob::Kind::Path), "")?;
            Ok(Self {
                source: pattern.into(),
                prefix,
                regex: Some(Arc::new(regex)),
            })
        })
    }

    /// The path itself, whatever is in it: for a path that exists, and for destinations.
    pub fn literal(path: &str) -> Self {
        Self {
            source: path.into(),
            prefix: path.len(),
            regex: None,
        }
    }

    /// Whether the whole of `path` matches.
    pub fn matches(&self, path: &str) -> bool {
        match &self.regex {
            Some(regex) => regex.is_match(path),
            None => path == &*self.source,
        }
    }

    pub const fn is_literal(&self) -> bool {
        self.regex.is_none()
    }

    /// Whether there is no path that does not match.
    pub fn matches_everything(&self) -> bool {
        self.regex.is_some()
            && self.source.len() > 1
            && self.source.bytes().all(|sign| sign == b'*')
    }

    /// What every match begins with: `known://auth/` of `known://auth/**`.
    pub fn literal_prefix(&self) -> &str {
        &self.source[..self.prefix]
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.source
    }
}

fn check_length(pattern: &str) -> Result<(), PatternError> {
    let length = pattern.len();
    if length > MAX_LENGTH {
        return Err(PatternError::TooLong { length });
    }
    Ok(())
}

/// Compiles within the limit of size. `g`, `u` and `y` say nothing here: matches are not counted,
/// text is Unicode, and a filter has no position.
fn compile(pattern: &str, expression: &str, flags: &str) -> Result<Regex, PatternError> {
    RegexBuilder::new(expression)
        .case_insensitive(flags.contains('i'))
        .multi_line(flags.contains('m'))
        .dot_matches_new_line(flags.contains('s'))
        .size_limit(MAX_COMPILED)
        .dfa_size_limit(MAX_COMPILED)
        .build()
        .map_err(|error| PatternError::invalid(pattern, reason(&error)))
}

/// The last line of the error says what is wrong; those before draw the expression, which the
/// model may never have seen.
fn reason(error: &regex::Error) -> String {
    let text = error.to_string();
    let line = text.lines().last().unwrap_or(&text);
    line.trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matches(pattern: &str, path: &str) -> bool {
        PathPattern::parse(pattern).unwrap().matches(path)
    }

    #[test]
    fn a_path_pattern_matches_whole_paths() {
        for (pattern, path, expected) in [
            ("*.js", "index.js", true),
            ("*.js", "readme.md", false),
            ("*.js", "src/index.js", false),
            ("????.ts", "main.ts", true),
            ("????.ts", "lib.ts", false),
            ("?.ts", "é.ts", true),
            ("src/**/*.ts", "src/a/b/c.ts", true),
            ("src/**/*.ts", "src/c.ts", true),
            ("src/**/*.ts", "lib/c.ts", false),
            ("src/**", "src/.env", true),
            ("src/**", "src", false),
            ("*", "app.js", true),
            ("*", "src/app.js", false),
            ("*", ".env", true),
            ("src/*", "src/.env", true),
            ("**/*.test.*", "src/a.test.ts", true),
            ("*.foo.*", "a.foo.b", true),
            ("src/[id]/*.js", "src/i/x.js", true),
            ("src/[id]/*.js", "src/[id]/x.js", true),
            ("src/[id]/*.js", "src/id/x.js", false),
            ("[!a]*", "[!a]b", true),
            ("edit://*", "edit://a/b", true),
            ("summary://1*", "summary://12", true),
            ("[abc]*.js", "big.js", true),
            ("[abc]*.js", "dig.js", false),
            ("[!a]?", "bc", true),
            ("[!a]?", "ac", false),
            ("[^a]?", "/c", false),
            ("*", "known://a", false),
            ("**", "known://a/b", true),
            ("known://*", "known://a/b/c", true),
            ("known://*.md", "known://a/b.md", true),
            ("known://a/*", "known://a/b", true),
            ("known://a/*", "known://a/b/c", false),
            ("known://a*", "known://a/b", false),
            ("log://turn_1/*", "log://turn_1/set/x", false),
            ("log://turn_1/**", "log://turn_1/set/x", true),
            ("file.*", "file.rs", true),
            ("index.?", "index.c", true),
            ("{a,b}*.js", "ax.js", true),
            ("{a,b}*.js", "cx.js", false),
            ("{a,b}*.js", "{a,b}x.js", false),
            ("src/{a,b/c}.rs", "src/b/c.rs", true),
            ("x{id}/*", "x{id}/f", true),
            ("x{id}/*", "xid/f", false),
            ("src/x (copy)/*", "src/x (copy)/f", true),
            ("c++/*", "c++/f", true),
            ("!*.js", "a.ts", false),
            ("!*.js", "!a.js", true),
            (r"a\*b*", "a*bc", true),
            (r"a\*b*", "axbc", false),
            ("[a*", "[ab", true),
        ] {
            assert_eq!(matches(pattern, path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn what_is_no_glob_is_itself() {
        for path in [
            "/etc/",
            "/usr/sm",
            "//book",
            "file+name.txt",
            ":AI[]",
            "s/e/x",
            "s/a/b.js",
            "!a.js",
            "/path/to/std::vector.html",
            r"\d+",
            "$.a",
            "x{id}",
            "a{1}b{2}.txt",
            "a[b",
            "c++",
            r"C:\dir",
            "",
            "(a|b)",
        ] {
            let pattern = PathPattern::parse(path).unwrap();
            assert!(pattern.is_literal() && pattern.matches(path), "{path}");
            assert!(!pattern.matches("src/e/x"), "{path}");
        }
        let slug = PathPattern::literal("app/[slug]/page.tsx");
        assert!(slug.matches("app/[slug]/page.tsx") && !slug.matches("app/s/page.tsx"));
    }

    #[test]
    fn the_literal_prefix_narrows_a_scan() {
        for (pattern, prefix) in [
            ("known://auth/**", "known://auth/"),
            ("src/a.rs", "src/a.rs"),
            ("**", ""),
            ("src/{a,b}.rs", "src/"),
            (r"a\*b*", "a"),
        ] {
            let parsed = PathPattern::parse(pattern).unwrap();
            assert_eq!(parsed.literal_prefix(), prefix, "{pattern}");
        }
    }

    #[test]
    fn a_clone_and_a_second_parse_match_the_same() {
        let pattern = PathPattern::parse("src/*.rs").unwrap();
        for same in [pattern.clone(), PathPattern::parse("src/*.rs").unwrap()] {
            assert_eq!(same.as_str(), "src/*.rs");
            assert!(same.matches("src/a.rs") && !same.matches("a.rs"));
        }
    }

    #[test]
    fn only_a_pattern_of_nothing_but_two_stars_matches_everything() {
        for (pattern, expected) in [("**", true), ("***", true), ("*", false), ("**/*", false)] {
            let parsed = PathPattern::parse(pattern).unwrap();
            assert_eq!(parsed.matches_everything(), expected, "{pattern}");
        }
        assert!(!PathPattern::literal("**").matches_everything());
    }

    #[test]
    fn a_pattern_beyond_its_limits_is_refused_by_name() {
        let error = PathPattern::parse(&["{a,".repeat(300), "}".repeat(300)].concat());
        assert!(matches!(error, Err(PatternError::Invalid { .. })));
        let long = "*".repeat(MAX_LENGTH + 1);
        let length = long.len();
        assert_eq!(
            PathPattern::parse(&long).unwrap_err(),
            PatternError::TooLong { length }
        );
    }

    proptest! {
        #[test]
        fn every_text_is_a_path_pattern_or_refused(
            pattern in r"[a-c/\\*?\[\]{},!^:é-]{0,24}",
            path in "[a-c/:é]{0,12}",
        ) {
            if let Ok(parsed) = PathPattern::parse(&pattern)
                && parsed.matches(&path)
            {
                prop_assert!(path.starts_with(parsed.literal_prefix()));
            }
        }

        #[test]
        fn a_pattern_without_signs_matches_itself_alone(
            path in "[a-z/.:()+$!]{1,20}",
            other in "[a-z/.:()+$!]{1,20}",
        ) {
            let pattern = PathPattern::parse(&path).unwrap();
            prop_assert!(pattern.matches(&path));
            prop_assert_eq!(pattern.matches(&other), path == other);
        }
    }
}
