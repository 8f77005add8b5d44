//! Entry paths: `known://plan`, `log://turn_3/set/src%2Fapp.rs`, or a bare file path.
//!
//! A path is normalised once, when it is parsed; the form that results is the one that is stored,
//! shown and matched, so it stays readable: `https://x.com:80/p?q=1` is kept as it is.

use std::fmt;
use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::{Scheme, TurnNumber, UnknownWord};

/// The longest target, in characters, that a log path spells out; a longer one is cut and hashed.
pub const TARGET_LIMIT: usize = 150;

/// A normalised entry path of at most [`EntryPath::LIMIT`] characters.
///
/// - `scheme://rest`: the scheme in lower case; the rest percent-decoded once, then encoded only
///   where it must be (control characters, blanks, quotes, angle brackets, `%`; in `log://` also a
///   slash inside the target). Decoding and encoding again changes nothing.
/// - a bare path is a file, relative to the workspace root, `/`-separated, without `.` and `..`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntryPath {
    text: String,
    scheme: Scheme,
}

/// Why a text cannot be an entry path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    #[error("an entry path must not be empty")]
    Empty,
    #[error("an entry path has at most {limit} characters; this one has {length}", limit = EntryPath::LIMIT)]
    TooLong { length: usize },
    #[error(transparent)]
    Scheme(#[from] UnknownWord),
    #[error("\"{0}\" has nothing after its scheme")]
    Bare(String),
    #[error("\"{0}\" contains a control character")]
    Control(String),
    #[error("\"{0}\" leaves the workspace")]
    Outside(String),
}

impl EntryPath {
    /// The longest path, in characters.
    pub const LIMIT: usize = 2048;

    /// Reads a path as a model or a client writes it.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        let path = match split_scheme(text) {
            Some((scheme, rest)) => {
                let scheme = scheme.to_ascii_lowercase().parse::<Scheme>()?;
                if scheme == Scheme::File {
                    return Self::file(rest);
                }
                if rest.is_empty() {
                    return Err(PathError::Bare(text.to_owned()));
                }
                refuse_control(text)?;
                Self::assembled(scheme, &normalise(scheme, rest))
            }
            None => Self::file(text)?,
        };
        path.checked()
    }

    /// A path as it was stored: in its normal form, which is not made again.
    pub(crate) fn stored(text: String) -> Result<Self, UnknownWord> {
        let scheme = match split_scheme(&text) {
            Some((scheme, _)) => scheme.parse()?,
            None => Scheme::File,
        };
        Ok(Self { text, scheme })
    }

    /// A pattern of paths in the form in which paths are stored: the scheme in lower case and one that
    /// exists, blanks and quotes encoded, no `./` in front.
    pub fn normal_pattern(text: &str) -> Result<String, PathError> {
        let plain = |scheme: &str| scheme.chars().all(|c| c.is_ascii_alphanumeric());
        match split_scheme(text).filter(|(scheme, _)| plain(scheme)) {
            Some((scheme, rest)) => match scheme.to_ascii_lowercase().parse::<Scheme>()? {
                Scheme::File => Ok(rest.to_owned()),
                // A `%` is left alone: it begins an escape that is stored as it stands, or none.
                scheme => Ok(format!(
                    "{scheme}://{}",
                    encode(rest, |c| needs_escape(c) && c != '%')
                )),
            },
            None => Ok(text.strip_prefix("./").unwrap_or(text).to_owned()),
        }
    }

    /// The path of a file, relative to the workspace root. Only the text is looked at.
    pub fn file(text: &str) -> Result<Self, PathError> {
        if text.is_empty() {
            return Err(PathError::Empty);
        }
        refuse_control(text)?;
        let mut kept: Vec<&str> = Vec::new();
        if text.starts_with('/') {
            return Err(PathError::Outside(text.to_owned()));
        }
        for segment in text.split('/') {
            match segment {
                "" | "." => {}
                ".." => {
                    kept.pop()
                        .ok_or_else(|| PathError::Outside(text.to_owned()))?;
                }
                name => kept.push(name),
            }
        }
        let path = Self {
            text: kept.join("/"),
            scheme: Scheme::File,
        };
        path.checked()
    }

    /// `log://turn_N/ACTION/TARGET`, the target as one segment, cut and hashed if it is long.
    pub fn log(turn: TurnNumber, action: &str, target: &str) -> Self {
        let target = encode(&shortened(target), in_target);
        let separator = if target.is_empty() { "" } else { "/" };
        Self::assembled(
            Scheme::Log,
            &format!("turn_{turn}/{action}{separator}{target}"),
        )
    }

    /// `prompt://N`, `system://N` and the like: the entry of a scheme that belongs to a turn.
    pub fn of_turn(scheme: Scheme, turn: TurnNumber) -> Self {
        Self::assembled(scheme, &turn.to_string())
    }

    /// The entry that mirrors a run.
    pub fn run(alias: &super::RunAlias) -> Self {
        Self::assembled(Scheme::Run, alias.as_str())
    }

    /// The same path with an ordinal behind it: how the store tells two log entries apart that
    /// would share one path.
    #[must_use]
    pub fn numbered(&self, ordinal: u32) -> Self {
        Self {
            text: format!("{}_{ordinal}", self.text),
            scheme: self.scheme,
        }
    }

    /// A channel of the output of the command that this log path records: `sh://turn_N/TARGET_1` of
    /// `log://turn_N/sh/TARGET`. None where it is no log path of a shell command.
    pub fn channel(&self, channel: u32) -> Option<Self> {
        let scheme = self.command_scheme()?;
        let (turn, rest) = self.rest().split_once('/')?;
        let (_, target) = rest.split_once('/')?;
        let rest = format!("{turn}/{target}_{channel}");
        Some(Self::assembled(scheme, &normalise(scheme, &rest)))
    }

    /// The scheme of the channels of the command that this log path records.
    pub fn command_scheme(&self) -> Option<Scheme> {
        match self.action()?.parse() {
            Ok(scheme @ (Scheme::Sh | Scheme::Env)) => Some(scheme),
            _ => None,
        }
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// What follows `scheme://`; the whole path of a file.
    pub fn rest(&self) -> &str {
        split_scheme(&self.text).map_or(&self.text, |(_, rest)| rest)
    }

    /// The action segment of a log path: `set` in `log://turn_3/set/…`.
    pub fn action(&self) -> Option<&str> {
        (self.scheme == Scheme::Log)
            .then(|| self.rest().split('/').nth(1))
            .flatten()
    }

    fn assembled(scheme: Scheme, rest: &str) -> Self {
        Self {
            text: format!("{scheme}://{rest}"),
            scheme,
        }
    }

    fn checked(self) -> Result<Self, PathError> {
        let length = self.text.chars().count();
        match length {
            0 => Err(PathError::Empty),
            length if length > Self::LIMIT => Err(PathError::TooLong { length }),
            _ => Ok(self),
        }
    }
}

impl fmt::Display for EntryPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl serde::Serialize for EntryPath {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> serde::Deserialize<'de> for EntryPath {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// Refuses a control character as it stands; one that is percent-encoded is a path's own.
fn refuse_control(text: &str) -> Result<(), PathError> {
    if text.chars().any(char::is_control) {
        return Err(PathError::Control(text.escape_debug().to_string()));
    }
    Ok(())
}

/// The text before the first `://`, where there is any, and what follows.
fn split_scheme(text: &str) -> Option<(&str, &str)> {
    text.split_once("://")
        .filter(|(scheme, _)| !scheme.is_empty())
}

fn normalise(scheme: Scheme, rest: &str) -> String {
    let escaped = if scheme == Scheme::Log {
        in_target
    } else {
        needs_escape
    };
    let segments: Vec<String> = rest
        .split('/')
        .map(|segment| encode(&decode(segment), escaped))
        .collect();
    segments.join("/")
}

/// Percent-decodes; a `%` that begins no escape of valid UTF-8 stays as it is.
fn decode(segment: &str) -> String {
    let bytes = segment.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        match (bytes[at], segment.get(at + 1..at + 3)) {
            (b'%', Some(hex)) if u8::from_str_radix(hex, 16).is_ok() && !hex.starts_with('+') => {
                decoded.extend(u8::from_str_radix(hex, 16));
                at += 3;
            }
            (byte, _) => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8(decoded).unwrap_or_else(|_| segment.to_owned())
}

/// What a path cannot hold as it is.
fn needs_escape(c: char) -> bool {
    c.is_control() || c.is_whitespace() || matches!(c, '%' | '"' | '<' | '>')
}

/// What one segment of a log path cannot hold: it is a whole path itself.
fn in_target(c: char) -> bool {
    c == '/' || needs_escape(c)
}

fn encode(text: &str, escaped: fn(char) -> bool) -> String {
    let mut encoded = String::with_capacity(text.len());
    for c in text.chars() {
        if escaped(c) {
            for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                // Writing to a String cannot fail.
                let _ = write!(encoded, "%{byte:02X}");
            }
        } else {
            encoded.push(c);
        }
    }
    encoded
}

/// The target as a log path can hold it: at most [`TARGET_LIMIT`] characters, the end of a longer
/// one replaced by a hash of the whole. The full text stays in the entry's body.
fn shortened(target: &str) -> String {
    if target.chars().count() <= TARGET_LIMIT {
        return target.to_owned();
    }
    let hash = Sha256::digest(target.as_bytes());
    let head: String = target.chars().take(TARGET_LIMIT - 13).collect();
    let tail = hash
        .iter()
        .take(6)
        .fold(0_u64, |tail, byte| tail << 8 | u64::from(*byte));
    format!("{head}~{tail:012x}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stored(text: &str) -> String {
        EntryPath::parse(text).map_or_else(|error| format!("! {error}"), |path| path.text)
    }

    #[test]
    fn a_path_is_stored_in_one_readable_form() {
        let table = [
            ("KNOWN://A b", "known://A%20b"),
            ("known://a%20b", "known://a%20b"),
            ("known://a%2Fb", "known://a/b"),
            ("known://100%", "known://100%25"),
            ("known://ü", "known://ü"),
            ("https://x.com:80/p?q=1#a", "https://x.com:80/p?q=1#a"),
            (
                "log://turn_1/set/src%2Fapp.js",
                "log://turn_1/set/src%2Fapp.js",
            ),
            (
                "log://turn_1/set/known%3A%2F%2Fplan",
                "log://turn_1/set/known:%2F%2Fplan",
            ),
            ("./src//app.rs", "src/app.rs"),
            ("x/../a.rs", "a.rs"),
            ("app/[slug]/page (1).tsx", "app/[slug]/page (1).tsx"),
            ("file://a.rs", "a.rs"),
            ("", "! an entry path must not be empty"),
            ("../x", "! \"../x\" leaves the workspace"),
            ("/etc/passwd", "! \"/etc/passwd\" leaves the workspace"),
            ("known://", "! \"known://\" has nothing after its scheme"),
            ("a\nb", "! \"a\\nb\" contains a control character"),
            (
                "known://a\nb",
                "! \"known://a\\nb\" contains a control character",
            ),
            (
                "log://turn_1/set/a\u{7f}",
                "! \"log://turn_1/set/a\\u{7f}\" contains a control character",
            ),
            ("known://a%0Ab", "known://a%0Ab"),
            ("a%20b.rs", "a%20b.rs"),
            ("100%.md", "100%.md"),
            ("known://%ff", "known://%25ff"),
            ("known://%41%ff", "known://%2541%25ff"),
        ];
        for (given, expected) in table {
            assert_eq!(stored(given), expected, "for {given:?}");
        }
    }

    #[test]
    fn the_scheme_is_what_stands_before_the_first_colon_and_slashes() {
        for (text, expected) in [
            ("known://a", Scheme::Known),
            ("known://x://y", Scheme::Known),
            ("KNOWN://a", Scheme::Known),
            ("file://known/a", Scheme::File),
            ("src/a", Scheme::File),
            (r"C:\x", Scheme::File),
            ("k:v", Scheme::File),
            ("known:/a", Scheme::File),
            ("://a", Scheme::File),
        ] {
            assert_eq!(EntryPath::parse(text).unwrap().scheme(), expected, "{text}");
        }
    }

    #[test]
    fn a_scheme_that_does_not_exist_is_refused_by_name() {
        assert!(stored("knwon://plan").starts_with("! unknown scheme \"knwon\""));
    }

    #[test]
    fn a_pattern_is_compared_in_the_form_in_which_paths_are_stored() {
        let normal = |text: &str| {
            EntryPath::normal_pattern(text).unwrap_or_else(|error| format!("! {error}"))
        };
        let table = [
            ("KNOWN://my notes/*", "known://my%20notes/*"),
            ("known://100%25*", "known://100%25*"),
            ("https://x.com/p?q=*", "https://x.com/p?q=*"),
            ("./src/*.rs", "src/*.rs"),
            ("file://src/*.rs", "src/*.rs"),
            ("**", "**"),
            ("{known,unknown}://**", "{known,unknown}://**"),
        ];
        for (given, expected) in table {
            assert_eq!(normal(given), expected, "for {given:?}");
        }
        assert!(normal("knwon://*").starts_with("! unknown scheme \"knwon\""));
    }

    #[test]
    fn a_path_of_2048_characters_is_stored_and_one_of_2049_is_not() {
        let path = |length: usize| format!("known://{}", "x".repeat(length - 8));
        assert!(EntryPath::parse(&path(2048)).is_ok());
        assert_eq!(
            EntryPath::parse(&path(2049)),
            Err(PathError::TooLong { length: 2049 })
        );
    }

    #[test]
    fn a_log_path_spells_its_target_as_one_segment() {
        let path = EntryPath::log(TurnNumber(3), "set", "src/app.rs");
        assert_eq!(path.as_str(), "log://turn_3/set/src%2Fapp.rs");
        assert_eq!(path.action(), Some("set"));
        assert_eq!(path.numbered(2).as_str(), "log://turn_3/set/src%2Fapp.rs_2");
    }

    #[test]
    fn long_targets_that_differ_at_the_end_have_different_paths() {
        let long = |end: &str| {
            EntryPath::log(TurnNumber(1), "sh", &format!("{}{end}", "é\n".repeat(5000)))
        };
        assert_ne!(long("a"), long("b"));
        assert_eq!(EntryPath::parse(long("a").as_str()), Ok(long("a")));
    }

    proptest! {
        #[test]
        fn normalising_twice_changes_nothing(text in "\\PC{0,40}", scheme in "(known|log|https)") {
            if let Ok(path) = EntryPath::parse(&format!("{scheme}://{text}")) {
                prop_assert_eq!(EntryPath::parse(path.as_str()), Ok(path));
            }
        }

        #[test]
        fn escapes_that_are_none_change_nothing_the_second_time(
            text in "[%0-9a-f/ é]{0,40}",
            scheme in "(known|log|https)",
        ) {
            if let Ok(path) = EntryPath::parse(&format!("{scheme}://{text}")) {
                prop_assert_eq!(EntryPath::parse(path.as_str()), Ok(path));
            }
        }

        #[test]
        fn no_path_that_the_system_makes_breaks_its_limits(target in "\\PC{0,600}", turn in 1..u32::MAX) {
            let path = EntryPath::log(TurnNumber(turn), "ask_user", &target);
            prop_assert_eq!(EntryPath::parse(path.as_str()), Ok(path));
        }
    }

    #[test]
    fn a_channel_has_the_path_of_its_command_and_is_a_path_itself() {
        for (log, expected) in [
            ("log://turn_3/sh/ls", Some("sh://turn_3/ls_1")),
            (
                "log://turn_3/env/a%2Fb%20%25",
                Some("env://turn_3/a/b%20%25_1"),
            ),
            ("log://turn_3/sh/ls_2", Some("sh://turn_3/ls_2_1")),
            ("log://turn_3/sh", None),
            ("log://turn_3/set/ls", None),
            ("log://sh/ls", None),
            ("sh://turn_3/sh/ls", None),
        ] {
            let channel = EntryPath::parse(log).unwrap().channel(1);
            assert_eq!(channel.as_ref().map(EntryPath::as_str), expected, "{log}");
            if let Some(channel) = channel {
                assert_eq!(EntryPath::parse(channel.as_str()), Ok(channel));
            }
        }
    }
}
