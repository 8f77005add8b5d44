//! `rummy:` URIs: `rummy:/RUN` is a run's transcript, `rummy:/RUN/ENTRY-PATH` an entry,
//! `rummy:/RUN?diff=PROPOSAL-PATH` the text that a proposal would make.
//!
//! Paths stand percent-encoded in them. Editors decode and encode names in their own ways, and some
//! hand out what they show, so a path is understood in each spelling: see [`Spelled::paths`].

use std::fmt::Write as _;

use crate::entries::{AliasError, EntryPath, PathError, RunAlias, Scheme};

/// The scheme of these URIs.
pub const SCHEME: &str = "rummy";

/// What is written before the path of a proposal.
const DIFF: &str = "diff=";

/// What a `rummy:` URI names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    pub run: RunAlias,
    pub what: What,
}

/// What of a run is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    Transcript,
    Entry(Spelled),
    /// The text that a proposal would make.
    Proposed(Spelled),
}

/// A path as it stands in a URI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spelled(String);

/// Why a text is no name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    #[error(
        "{0:?} is none of this server's documents; those are rummy:/RUN, rummy:/RUN/ENTRY-PATH and \
         rummy:/RUN?diff=PROPOSAL-PATH"
    )]
    Foreign(String),
    #[error("{0:?} names no run; a run's transcript is rummy:/RUN")]
    NoRun(String),
    #[error("{uri:?}: {error}")]
    Run { uri: String, error: AliasError },
    #[error("{0:?} has a question behind the run's name that is not ?diff=PROPOSAL-PATH")]
    Question(String),
}

/// Whether a URI has our scheme.
pub fn is_ours(uri: &str) -> bool {
    behind_scheme(uri).is_some()
}

fn behind_scheme(uri: &str) -> Option<&str> {
    let (scheme, rest) = uri.split_once(':')?;
    scheme.eq_ignore_ascii_case(SCHEME).then_some(rest)
}

impl Name {
    /// Reads a URI as an editor hands it over.
    pub fn parse(uri: &str) -> Result<Self, NameError> {
        let foreign = || NameError::Foreign(uri.to_owned());
        let rest = behind_scheme(uri).ok_or_else(foreign)?;
        // `rummy:///RUN`: an empty host, as some editors write it.
        let rest = rest.strip_prefix("//").unwrap_or(rest);
        let rest = rest.strip_prefix('/').ok_or_else(foreign)?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (run, rest) = rest.split_at(end);
        if run.is_empty() {
            return Err(NameError::NoRun(uri.to_owned()));
        }
        let run = decoded(run).parse().map_err(|error| NameError::Run {
            uri: uri.to_owned(),
            error,
        })?;
        let what = match rest.split_at_checked(1) {
            Some(("/", path)) if !path.is_empty() => What::Entry(Spelled(path.to_owned())),
            Some(("?", question)) => {
                let path = proposal(question).ok_or_else(|| NameError::Question(uri.to_owned()))?;
                What::Proposed(Spelled(path.to_owned()))
            }
            _ => What::Transcript,
        };
        Ok(Self { run, what })
    }
}

/// The path in `diff=PATH`; some editors encode the sign between the two.
fn proposal(question: &str) -> Option<&str> {
    let name = DIFF.trim_end_matches('=');
    let (given, rest) = question.split_at_checked(name.len())?;
    let is_sign = |encoded: &str| encoded.eq_ignore_ascii_case("%3d");
    let path = match rest.split_at_checked(3) {
        Some((sign, path)) if is_sign(sign) => path,
        _ => rest.strip_prefix('=')?,
    };
    (given == name && !path.is_empty()).then_some(path)
}

impl Spelled {
    /// The entry paths that it can mean, the likeliest first: percent-encoded as it should be; as it
    /// stands, which is how a path looks that was decoded once too often; and of a log entry also with
    /// the slashes of its target, which such a decoding lays bare.
    pub fn paths(&self) -> Result<Vec<EntryPath>, PathError> {
        let decoded = decoded(&self.0);
        let readings = [EntryPath::parse(&decoded), EntryPath::parse(&self.0)];
        let mut paths: Vec<EntryPath> = Vec::new();
        let mut error = None;
        for reading in readings {
            match reading {
                Ok(path) => paths.push(path),
                Err(why) => error = error.or(Some(why)),
            }
        }
        paths.extend(with_target_in_one(&decoded));
        match error {
            Some(error) if paths.is_empty() => Err(error),
            _ => Ok(paths),
        }
    }

    /// The path as a person reads it.
    pub fn shown(&self) -> String {
        decoded(&self.0)
    }
}

/// `log://turn_3/set/src%2Fapp.rs` of `log://turn_3/set/src/app.rs`.
fn with_target_in_one(path: &str) -> Option<EntryPath> {
    let rest = path
        .strip_prefix(Scheme::Log.as_str())?
        .strip_prefix("://")?;
    let (turn, rest) = rest.split_once('/')?;
    let (action, target) = rest.split_once('/')?;
    let target = target.replace('%', "%25").replace('/', "%2F");
    #[expect(
        clippy::disallowed_methods,
        reason = "what is no path is no reading of this one"
    )]
    EntryPath::parse(&format!("{}://{turn}/{action}/{target}", Scheme::Log)).ok()
}

/// The URI of a run's transcript.
pub fn of_run(run: &RunAlias) -> String {
    format!("{SCHEME}:/{run}")
}

/// The URI of an entry.
pub fn of_entry(run: &RunAlias, path: &EntryPath) -> String {
    format!("{SCHEME}:/{run}/{}", encoded(path.as_str()))
}

/// The URI of the text that a proposal would make.
pub fn of_proposed(run: &RunAlias, path: &EntryPath) -> String {
    format!("{SCHEME}:/{run}?{DIFF}{}", encoded(path.as_str()))
}

/// A `rummy:` URI with what no URI can hold encoded: editors hand over names as they show them.
pub fn legal(uri: &str) -> String {
    let bytes = uri.as_bytes();
    let mut legal = String::with_capacity(uri.len());
    let mut in_fragment = false;
    for (at, byte) in bytes.iter().enumerate() {
        let is_escape = || {
            let digits = bytes.get(at + 1..at + 3);
            digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
        };
        let keeps = match byte {
            b'%' => is_escape(),
            b'#' => !std::mem::replace(&mut in_fragment, true),
            byte => is_plain(*byte) || b"!$&'()*+,;=@?".contains(byte),
        };
        put(&mut legal, *byte, keeps);
    }
    legal
}

/// Percent-encodes what would end a URI's path or query or part it.
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        put(&mut encoded, byte, is_plain(byte));
    }
    encoded
}

/// What stands for itself in a path and in a query.
const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'/' | b':')
}

fn put(text: &mut String, byte: u8, as_it_is: bool) {
    if as_it_is {
        text.push(char::from(byte));
    } else {
        // Writing to a String cannot fail.
        let _ = write!(text, "%{byte:02X}");
    }
}

/// Percent-decodes once. A `%` that begins no escape stays, and so does a text that would not be UTF-8.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let digits = (*byte == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        let is_hex = |digits: &&str| digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        let escaped = digits
            .filter(is_hex)
            .map(|digits| u8::from_str_radix(digits, 16));
        if let Some(Ok(escaped)) = escaped {
            decoded.push(escaped);
            at += 3;
        } else {
            decoded.push(*byte);
            at += 1;
        }
    }
    String::from_utf8(decoded).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a URI names, as a line: the run, the kind, the paths that it can mean.
    fn read(uri: &str) -> String {
        let paths = |spelled: Spelled| match spelled.paths() {
            Ok(paths) => {
                let mut seen: Vec<String> = Vec::new();
                for path in paths {
                    if !seen.contains(&path.to_string()) {
                        seen.push(path.to_string());
                    }
                }
                seen.join(" | ")
            }
            Err(error) => format!("! {error}"),
        };
        match Name::parse(uri) {
            Ok(Name { run, what }) => match what {
                What::Transcript => format!("{run}: transcript"),
                What::Entry(path) => format!("{run}: entry {}", paths(path)),
                What::Proposed(path) => format!("{run}: diff {}", paths(path)),
            },
            Err(error) => format!("! {error}"),
        }
    }

    #[test]
    fn a_name_is_understood_in_the_spelling_of_each_editor() {
        let read = |uri: &str| format!("{uri}\n    {}", read(uri));
        expect_test::expect![[r"
            rummy:/fix
                fix: transcript
            rummy:/fix/
                fix: transcript
            RUMMY:///fix
                fix: transcript
            rummy:/fix#L3
                fix: transcript
            rummy:/fix/known://plan
                fix: entry known://plan
            rummy:/fix/known%3A//plan
                fix: entry known://plan | known%3A/plan
            rummy:/fix/known%3a%2f%2fplan
                fix: entry known://plan | known%3a%2f%2fplan
            rummy:/fix/known://a%20b
                fix: entry known://a%20b
            rummy:/fix/known://a b
                fix: entry known://a%20b
            rummy:/fix/known://%C3%BC
                fix: entry known://ü
            rummy:/fix/known://ü
                fix: entry known://ü
            rummy:/fix/my%20file%3F%23.rs
                fix: entry my file?#.rs | my%20file%3F%23.rs
            rummy:/fix/my file?#.rs
                fix: entry my file?#.rs
            rummy:/fix/https://x.com/p?q=1#a
                fix: entry https://x.com/p?q=1#a
            rummy:/fix/100%25.txt
                fix: entry 100%.txt | 100%25.txt
            rummy:/fix/100%.txt
                fix: entry 100%.txt
            rummy:/fix/log://turn_3/set/src%252Fapp.rs
                fix: entry log://turn_3/set/src%2Fapp.rs | log://turn_3/set/src%252Fapp.rs
            rummy:/fix/log://turn_3/set/src%2Fapp.rs
                fix: entry log://turn_3/set/src/app.rs | log://turn_3/set/src%2Fapp.rs
            rummy:/fix/log://turn_3/set/src/app.rs
                fix: entry log://turn_3/set/src/app.rs | log://turn_3/set/src%2Fapp.rs
            rummy:/fix?diff=log://turn_3/set/src%252Fapp.rs
                fix: diff log://turn_3/set/src%2Fapp.rs | log://turn_3/set/src%252Fapp.rs
            rummy:/fix?diff%3Dlog%3A%2F%2Fturn_3%2Fset%2Fsrc%252Fapp.rs
                fix: diff log://turn_3/set/src%2Fapp.rs | log%3A%2F%2Fturn_3%2Fset%2Fsrc%252Fapp.rs | log://turn_3/set/src%252Fapp.rs"]].assert_eq(
            &[
                "rummy:/fix",
                "rummy:/fix/",
                "RUMMY:///fix",
                "rummy:/fix#L3",
                "rummy:/fix/known://plan",
                "rummy:/fix/known%3A//plan",
                "rummy:/fix/known%3a%2f%2fplan",
                "rummy:/fix/known://a%20b",
                "rummy:/fix/known://a b",
                "rummy:/fix/known://%C3%BC",
                "rummy:/fix/known://ü",
                "rummy:/fix/my%20file%3F%23.rs",
                "rummy:/fix/my file?#.rs",
                "rummy:/fix/https://x.com/p?q=1#a",
                "rummy:/fix/100%25.txt",
                "rummy:/fix/100%.txt",
                "rummy:/fix/log://turn_3/set/src%252Fapp.rs",
                // What was decoded once too often.
                "rummy:/fix/log://turn_3/set/src%2Fapp.rs",
                "rummy:/fix/log://turn_3/set/src/app.rs",
                "rummy:/fix?diff=log://turn_3/set/src%252Fapp.rs",
                // As VS Code encodes a query.
                "rummy:/fix?diff%3Dlog%3A%2F%2Fturn_3%2Fset%2Fsrc%252Fapp.rs",
            ]
            .map(read)
            .join("\n"),
        );
    }

    #[test]
    fn what_is_no_name_is_refused_with_what_would_be_one() {
        expect_test::expect![[r#"
            ! "file:///a" is none of this server's documents; those are rummy:/RUN, rummy:/RUN/ENTRY-PATH and rummy:/RUN?diff=PROPOSAL-PATH
            ! "rummy:fix" is none of this server's documents; those are rummy:/RUN, rummy:/RUN/ENTRY-PATH and rummy:/RUN?diff=PROPOSAL-PATH
            ! "rummy:/" names no run; a run's transcript is rummy:/RUN
            ! "rummy:/?diff=x" names no run; a run's transcript is rummy:/RUN
            ! "rummy:/fix?log://x" has a question behind the run's name that is not ?diff=PROPOSAL-PATH
            ! "rummy:/fix?diff=" has a question behind the run's name that is not ?diff=PROPOSAL-PATH
            fix: entry ! unknown scheme "nonsense": expected one of file, known, unknown, skill, prompt, log, run, sh, env, http, https, mcp, system, user, assistant, reasoning, model
            fix: entry ! "../x" leaves the workspace"#]]
        .assert_eq(
            &[
                "file:///a",
                "rummy:fix",
                "rummy:/",
                "rummy:/?diff=x",
                "rummy:/fix?log://x",
                "rummy:/fix?diff=",
                "rummy:/fix/nonsense://x",
                "rummy:/fix/../x",
            ]
            .map(read)
            .join("\n"),
        );
    }

    proptest! {
        #[test]
        fn a_path_is_found_again_in_its_uri(text in "(known://|log://turn_1/set/|)[a-c%/?#:. \u{e9}&=+\"]{1,12}") {
            let run: RunAlias = "fix".parse().unwrap();
            let Ok(path) = EntryPath::parse(&text) else {
                return Ok(());
            };
            for uri in [of_entry(&run, &path), of_proposed(&run, &path)] {
                prop_assert_eq!(&legal(&uri), &uri);
                let name = Name::parse(&uri).unwrap();
                let (What::Entry(spelled) | What::Proposed(spelled)) = name.what else {
                    panic!("{uri} is a transcript");
                };
                prop_assert_eq!(&spelled.paths().unwrap()[0], &path);
            }
        }

        #[test]
        fn a_name_as_it_is_shown_becomes_a_uri_that_means_the_same(text in "[a-c%/?#: \u{e9}\"\\[\\]{}|^`]{1,12}") {
            let shown = format!("rummy:/fix/{text}");
            let uri = legal(&shown);
            prop_assert!(uri.parse::<crate::lsp::types::Uri>().is_ok(), "{}", uri);
            prop_assert_eq!(&legal(&uri), &uri);
        }
    }
}
