//! Which entries a command means: patterns of paths, filters of bodies.
//!
//! The two are apart on purpose. A path is a glob or itself and never an expression of another
//! kind, so that no path can be mistaken for one; expressions are for bodies. Both compile to
//! regular expressions that match in linear time and are refused beyond a size.

use regex::{Regex, RegexBuilder};
use thiserror::Error;

use super::glob;

/// The longest pattern, in bytes.
const MAX_LENGTH: usize = 4096;

/// The largest compiled expression, in bytes.
const MAX_COMPILED: usize = 1 << 20;

/// Why a pattern means nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PatternError {
    #[error("the pattern of {length} bytes is too long: the limit is {MAX_LENGTH}")]
    TooLong { length: usize },
    #[error("the pattern `{pattern}` does not compile: {reason}")]
    Invalid { pattern: String, reason: String },
}

/// A glob over whole paths, or one path.
///
/// `?` and `*` stay within a segment, but `*` directly behind `://` crosses segments; `**` always
/// does. `[…]` is a class, `{a,b}` a choice, a backslash takes a sign literally. Everything else
/// is itself: a leading `!`, parentheses, braces without a comma.
#[derive(Debug, Clone)]
pub struct PathPattern {
    source: String,
    /// How much of the source every match begins with.
    prefix: usize,
    /// `None` for a literal.
    regex: Option<Regex>,
}

impl PathPattern {
    pub fn parse(pattern: &str) -> Result<Self, PatternError> {
        check_length(pattern)?;
        let Some(prefix) = glob::first_sign(pattern) else {
            return Ok(Self::literal(pattern));
        };
        let regex = compile(pattern, &glob::to_regex(pattern, glob::Kind::Path), "")?;
        Ok(Self {
            source: pattern.to_owned(),
            prefix,
            regex: Some(regex),
        })
    }

    /// The path itself, whatever is in it: for a path that exists, and for destinations.
    pub fn literal(path: &str) -> Self {
        Self {
            source: path.to_owned(),
            prefix: path.len(),
            regex: None,
        }
    }

    /// Whether the whole of `path` matches.
    pub fn matches(&self, path: &str) -> bool {
        match &self.regex {
            Some(regex) => regex.is_match(path),
            None => path == self.source,
        }
    }

    pub const fn is_literal(&self) -> bool {
        self.regex.is_none()
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

/// What a body must hold.
///
/// `/expression/flags` is a regular expression, found anywhere. Anything else is a text to be
/// found in the body, case and all; if it holds a `*` it is a glob over the whole body as well.
#[derive(Debug, Clone)]
pub struct BodyFilter {
    text: Option<String>,
    regex: Option<Regex>,
}

impl BodyFilter {
    pub fn parse(filter: &str) -> Result<Self, PatternError> {
        check_length(filter)?;
        if let Some((expression, flags)) = expression(filter) {
            return Ok(Self {
                text: None,
                regex: Some(compile(filter, expression, flags)?),
            });
        }
        let regex = if filter.contains('*') {
            Some(compile(
                filter,
                &glob::to_regex(filter, glob::Kind::Body),
                "s",
            )?)
        } else {
            None
        };
        Ok(Self {
            text: Some(filter.to_owned()),
            regex,
        })
    }

    /// The text that decides alone, where the filter is nothing else.
    pub fn as_literal(&self) -> Option<&str> {
        self.text.as_deref().filter(|_| self.regex.is_none())
    }

    pub fn matches(&self, body: &str) -> bool {
        self.text.as_ref().is_some_and(|text| body.contains(text))
            || self
                .regex
                .as_ref()
                .is_some_and(|regex| regex.is_match(body))
    }
}

/// Takes `/expression/flags` apart. The flags are those of JavaScript, which models know best.
fn expression(filter: &str) -> Option<(&str, &str)> {
    let (expression, flags) = filter.strip_prefix('/')?.rsplit_once('/')?;
    let known = flags.chars().all(|flag| "gimsuy".contains(flag));
    (known && !expression.is_empty()).then_some((expression, flags))
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
        .map_err(|error| PatternError::Invalid {
            pattern: pattern.to_owned(),
            reason: reason(&error),
        })
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
            "s/e/x",
            "s/a/b.js",
            "!a.js",
            "/path/to/std::vector.html",
            r"\d+",
            "$.a",
            "x{id}",
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
    fn a_filter_is_a_text_a_glob_or_an_expression() {
        for (filter, body, expected) in [
            ("auth", "the auth flow", true),
            ("auth", "the Auth flow", false),
            ("What?", "What? Yes.", true),
            ("auth*", "auth\nand more/of it", true),
            ("auth*", "the auth flow", false),
            ("*.js", "index.js", true),
            ("a * b", "c = a * b;", true),
            ("/a+b/", "xxaab", true),
            ("/^B$/im", "a\nb\nc", true),
            ("/a.b/", "a\nb", false),
            ("/a.b/s", "a\nb", true),
            ("/a/gy", "ba", true),
            ("/usr/bin", "in /usr/bin there", true),
            (r"\d+", "12", false),
            ("", "anything", true),
        ] {
            assert_eq!(
                BodyFilter::parse(filter).unwrap().matches(body),
                expected,
                "{filter}"
            );
        }
    }

    #[test]
    fn a_filter_answers_the_same_however_often_it_is_asked() {
        let filter = BodyFilter::parse("/a/g").unwrap();
        assert!((0..4).all(|_| filter.matches("a")));
    }

    #[test]
    fn a_pattern_beyond_its_limits_is_refused_by_name() {
        let error = BodyFilter::parse("/(a/").unwrap_err();
        assert_eq!(
            error.to_string(),
            "the pattern `/(a/` does not compile: unclosed group"
        );
        assert!(BodyFilter::parse("/(a{1000}){1000}/").is_err());
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
