//! What a body must hold. A filter says by its look which kind it is; what looks like an
//! expression and is none is refused by name, because to search for it as a text would find
//! nothing and say nothing.
//!
//! | it looks like | it is |
//! |---|---|
//! | `$.name`, `$..name`, `$[…]` | JSONPath |
//! | `//name`, `//*`, `//@name`, `//.` | XPath |
//! | `/expression/flags` | a regular expression, found anywhere |
//! | a text with `*` in it | itself, found anywhere, or a glob over the whole body |
//! | anything else | itself, found anywhere |

use std::sync::Arc;

use regex::Regex;

use super::json_path::JsonFilter;
use super::recent::Recent;
use super::xpath::XPath;
use super::{KEPT, PatternError, check_length, compile, glob};

/// A body longer than this, in bytes, is no JSON and no XML to a filter.
const MAX_PARSED: usize = 1 << 20;

/// What a body must hold. Cheap to clone.
///
/// A text is found with its case. `/expression/flags` is a regular expression with JavaScript's
/// flags. A JSONPath holds for a body that is JSON and in which it yields something, if only
/// `null`; an XPath for one that is XML. In a path, blanks stand only in brackets, quotes and
/// beside operators: `// TODO`, `//see below`, `$.ajax({` and `$HOME` are texts.
#[derive(Debug, Clone)]
pub struct BodyFilter(Arc<Kind>);

#[derive(Debug)]
enum Kind {
    Text(String),
    /// A text that is a glob as well.
    Glob {
        text: String,
        regex: Regex,
    },
    Expression(Regex),
    Json(JsonFilter),
    Xml(XPath),
}

static FILTERS: Recent<BodyFilter> = Recent::new(KEPT);

impl BodyFilter {
    pub fn parse(filter: &str) -> Result<Self, PatternError> {
        check_length(filter)?;
        let look = Look::of(filter);
        if matches!(look, Look::Text) {
            return Ok(Self(Arc::new(Kind::Text(filter.to_owned()))));
        }
        FILTERS.get_or_make(filter, || Ok(Self(Arc::new(look.compile(filter)?))))
    }

    pub fn matches(&self, body: &str) -> bool {
        match &*self.0 {
            Kind::Text(text) => body.contains(text),
            Kind::Glob { text, regex } => body.contains(text) || regex.is_match(body),
            Kind::Expression(regex) => regex.is_match(body),
            Kind::Json(path) => body.len() <= MAX_PARSED && path.matches(body),
            Kind::Xml(path) => body.len() <= MAX_PARSED && path.matches(body),
        }
    }

    /// The text that a body must contain, case and all, if that is all that the filter asks.
    pub fn as_literal(&self) -> Option<&str> {
        match &*self.0 {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// What a filter looks like.
enum Look<'f> {
    Text,
    Glob,
    Expression { expression: &'f str, flags: &'f str },
    Json,
    Xml,
}

impl<'f> Look<'f> {
    fn of(filter: &'f str) -> Self {
        if is_json_path(filter) {
            Self::Json
        } else if is_xpath(filter) {
            Self::Xml
        } else if let Some((expression, flags)) = expression(filter) {
            Self::Expression { expression, flags }
        } else if filter.contains('*') {
            Self::Glob
        } else {
            Self::Text
        }
    }

    fn compile(&self, filter: &str) -> Result<Kind, PatternError> {
        let invalid = |reason: String| {
            let advice = "; to find it as a text, write it as `/…/` with its signs escaped";
            PatternError::invalid(filter, reason + advice)
        };
        Ok(match self {
            Self::Text => Kind::Text(filter.to_owned()),
            Self::Glob => Kind::Glob {
                text: filter.to_owned(),
                regex: compile(filter, &glob::to_regex(filter, glob::Kind::Body), "s")?,
            },
            Self::Expression { expression, flags } => {
                Kind::Expression(compile(filter, expression, flags)?)
            }
            Self::Json => Kind::Json(JsonFilter::parse(filter).map_err(invalid)?),
            Self::Xml => Kind::Xml(XPath::parse(filter).map_err(invalid)?),
        })
    }
}

/// Takes `/expression/flags` apart. The flags are those of JavaScript, which models know best.
fn expression(filter: &str) -> Option<(&str, &str)> {
    let (expression, flags) = filter.strip_prefix('/')?.rsplit_once('/')?;
    let known = flags.chars().all(|flag| "gimsuy".contains(flag));
    (known && !expression.is_empty()).then_some((expression, flags))
}

/// `$[`, `$..`, or `$.` and a name, with no sign outside of brackets that no path has there.
fn is_json_path(filter: &str) -> bool {
    let Some(rest) = filter.strip_prefix('$') else {
        return false;
    };
    let starts = match rest.strip_prefix('.') {
        Some(name) => name.starts_with(|sign: char| {
            sign.is_alphabetic() || matches!(sign, '_' | '*' | '@' | '.' | '[')
        }),
        None => rest.starts_with('['),
    };
    starts
        && outside_of_brackets(rest).all(|(_, sign)| {
            sign.is_alphanumeric() || matches!(sign, '.' | '*' | '_' | '-' | '@' | '[' | ']')
        })
}

/// `//` and the start of a step, where every blank outside of brackets stands beside an operator
/// and the end is none of `/flags`.
fn is_xpath(filter: &str) -> bool {
    let Some(rest) = filter.strip_prefix("//") else {
        return false;
    };
    let starts = rest
        .starts_with(|sign: char| sign.is_alphabetic() || matches!(sign, '_' | '*' | '@' | '.'));
    starts && !rest.ends_with('/') && {
        let mut blanks = outside_of_brackets(rest).filter(|(_, sign)| sign.is_whitespace());
        blanks.all(|(at, _)| is_beside_operator(rest[..at].trim_end(), rest[at..].trim_start()))
    }
}

fn is_beside_operator(before: &str, after: &str) -> bool {
    let is_sign = |sign: char| "|=<>!+-*,([/".contains(sign);
    let is_word = |word: &str| matches!(word, "and" | "or" | "div" | "mod");
    before.ends_with(is_sign)
        || after.starts_with(is_sign)
        || before
            .rsplit(char::is_whitespace)
            .next()
            .is_some_and(is_word)
        || after.split(char::is_whitespace).next().is_some_and(is_word)
        || after.is_empty()
}

/// The signs of a path that stand in no brackets, parentheses or quotes, and where. The brackets
/// themselves belong to what is outside. A quote behind a letter is an apostrophe.
fn outside_of_brackets(path: &str) -> impl Iterator<Item = (usize, char)> {
    let mut depth = 0_usize;
    let mut quote = None;
    let mut before = ' ';
    path.char_indices().filter(move |(_, sign)| {
        let was_outside = depth == 0;
        let behind_letter = std::mem::replace(&mut before, *sign).is_alphanumeric();
        match (quote, *sign) {
            (Some(open), sign) => {
                if open == sign {
                    quote = None;
                }
                return false;
            }
            (None, '[' | '(') => depth += 1,
            (None, ']' | ')') => depth = depth.saturating_sub(1),
            (None, '\'' | '"') if !behind_letter => quote = Some(*sign),
            _ => {}
        }
        was_outside || depth == 0
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matches(filter: &str, body: &str) -> bool {
        BodyFilter::parse(filter).unwrap().matches(body)
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
            ("/foo|b[ar]{2}/", "a bar", true),
            ("/$.+/", "$.a", false),
            ("/usr/bin", "in /usr/bin there", true),
            ("//foo/", "a /foo b", true),
            (r"\d+", "12", false),
            (r"\d+", r"\d+", true),
            ("", "anything", true),
        ] {
            assert_eq!(matches(filter, body), expected, "{filter}");
        }
    }

    #[test]
    fn a_json_path_holds_for_json_that_has_what_it_names() {
        let body = r#"{"a": {"b": [1, {"c": null}]}, "items": [], "x y": 2, "n": [{"p": 9}]}"#;
        for (filter, expected) in [
            ("$.a", true),
            ("$.b", false),
            ("$.a.b", true),
            ("$.a.b[0]", true),
            ("$.a.b[-1]", true),
            ("$.a.b[2]", false),
            ("$.a.b[*]", true),
            ("$.a.b[1].c", true),
            ("$..c", true),
            ("$..d", false),
            ("$..*", true),
            ("$.*", true),
            ("$.items[*]", false),
            ("$['x y']", true),
            ("$[\"x y\"]", true),
            ("$['a','z'].b", true),
            ("$.n[?@.p > 8]", true),
            ("$.n[?@.p > 9]", false),
            ("$..[?@.c == null]", true),
            ("$.n[?length(@) == 1]", true),
        ] {
            assert_eq!(matches(filter, body), expected, "{filter}");
        }
        for body in ["", "plain $.a", "{'a': 1}", "{\"a\": 1} x", "<a/>"] {
            assert!(!matches("$.a", body), "{body}");
        }
        assert!(matches("$[0]", "[null]"));
    }

    #[test]
    fn an_xpath_holds_for_xml_that_has_what_it_names() {
        for (filter, body, expected) in [
            ("//b", "<a><b/></a>", true),
            ("//c", "<a><b/></a>", false),
            ("//b/i", "<b><i/></b>", true),
            ("//b[@id='1 2']", "<b id='1 2'/>", true),
            ("//b | //c", "<c/>", true),
            ("//b and //c", "<c/>", false),
            ("//b = 'x y'", "<b>x y</b>", true),
            ("//b", "b", false),
            ("//b", "{\"b\": 1}", false),
        ] {
            assert_eq!(matches(filter, body), expected, "{filter}");
        }
    }

    #[test]
    fn what_only_begins_like_a_path_is_a_text() {
        for text in [
            "$",
            "$HOME",
            "$5.00",
            "$.5",
            "$ .a",
            "$.ajax({",
            "$.a b",
            "$.fn.x = y",
            "${a}",
            "//",
            "// TODO",
            "//see below",
            "//see a and b",
            "//see 'a b' there",
            "//don't do that",
            "$.don't",
            "//!",
            "//1",
            "/path/to/std::vector.html",
            "/a",
            "std::vec",
            "{id}",
        ] {
            let filter = BodyFilter::parse(text).unwrap();
            assert_eq!(filter.as_literal(), Some(text));
            assert!(filter.matches(&["x ", text, " y"].concat()) && !filter.matches("x"));
        }
        for other in ["/a/", "a*", "$.a", "//a"] {
            assert_eq!(BodyFilter::parse(other).unwrap().as_literal(), None);
        }
    }

    #[test]
    fn an_invalid_filter_is_refused_by_name() {
        let advice = "; to find it as a text, write it as `/…/` with its signs escaped";
        for (filter, reason, advice) in [
            ("/(a/", "unclosed group", ""),
            ("//std::vector", "there is no axis `std`", advice),
            (
                "$..",
                "it is no JSONPath at its end: must start with lowercase alpha or '_'",
                advice,
            ),
            ("//a[", "a name is missing at the end", advice),
            ("$.a[", "it is no JSONPath at `[`", advice),
            (
                "$[?match(@.a, 'b')]",
                "it is no JSONPath at `match(@.a, 'b')]`: function name 'match' is not defined",
                advice,
            ),
            (
                "$[?((((((@.a))))))]",
                "it is nested more than 6 deep",
                advice,
            ),
        ] {
            let error = BodyFilter::parse(filter).unwrap_err().to_string();
            let expected = format!("the pattern `{filter}` does not compile: {reason}{advice}");
            assert_eq!(error, expected);
        }
        assert!(BodyFilter::parse("/(a{1000}){1000}/").is_err());
    }

    #[test]
    fn a_filter_answers_the_same_however_often_it_is_asked() {
        let filter = BodyFilter::parse("/a/g").unwrap();
        assert!((0..4).all(|_| filter.matches("a")));
    }

    #[test]
    fn beyond_a_size_a_body_is_no_json_and_no_xml() {
        let blanks = " ".repeat(MAX_PARSED);
        assert!(!matches("$[0]", &["[1]", &blanks].concat()));
        assert!(!matches("//a", &["<a/>", &blanks].concat()));
    }

    /// Each would take hours or all memory, and nobody would wait for this test.
    #[test]
    fn a_json_path_that_takes_too_many_steps_yields_nothing() {
        let deep = [
            "[".repeat(120),
            "1,".repeat(1 << 16),
            "1".to_owned(),
            "]".repeat(120),
        ]
        .concat();
        for filter in [
            "$..*..*..*..*..*..*",
            "$..[?@..[?@..[?@..a]]]",
            "$..[?$..[?$..a]]",
            &["$", &"[0,0,0,0]".repeat(100)].concat(),
        ] {
            assert!(!matches(filter, &deep), "{filter}");
        }
        assert!(matches("$..*", &deep));
    }

    #[test]
    fn hostile_filters_are_compiled_or_refused_at_once() {
        for (open, inner, close) in [
            ("$[?", "@", "]"),
            ("$[?count(", "@", ")>1]"),
            ("(", "a", ")"),
            ("[a", "", "]"),
            ("-", "1", ""),
            ("a|", "a", ""),
            ("../", "a", ""),
            ("..a", "", ""),
            ("!", "@.a", ""),
            ("'", "", ""),
            ("@[?(", "@", ")]"),
            ("count(", "@.*", ")"),
            ("not(", "a", ")"),
        ] {
            for start in ["$", "$[?", "$..", "//a[", "//"] {
                for depth in [5, 900 / open.len()] {
                    let text = [start, &open.repeat(depth), inner, &close.repeat(depth)].concat();
                    if let Ok(filter) = BodyFilter::parse(&text) {
                        filter.matches("[[1]]");
                        filter.matches("<a><a/></a>");
                    }
                }
            }
        }
    }

    proptest! {
        #[test]
        fn every_text_is_a_filter_or_refused(
            filter in r"(\$[.\[]|//)?[a-c.*@\[\]()'/|=0-9 :?$-]{0,24}",
            body in r#"[a-c<>/'"=\[\]{}:, 0-9]{0,24}"#,
        ) {
            if let Ok(filter) = BodyFilter::parse(&filter) {
                for body in [&body, "{\"a\": [1, {\"b\": 2}]}", "<a><b c='1'>x</b></a>"] {
                    prop_assert_eq!(filter.matches(body), filter.clone().matches(body));
                }
            }
        }
    }
}
