//! What a model may have meant by halves that are nowhere in the file: they were copied from a
//! listing with its line numbers, or escaped as for HTML or for a regular expression.

use super::apply::MatchKind;
use super::lines::number;
use super::locate::without_blank_ends;

/// Both halves as they may have been meant.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Variant {
    pub search: Vec<String>,
    /// `None`: nothing tells what the replacement is then.
    pub replacement: Option<Vec<String>>,
}

/// The readings worth a look, and how a match by them is called.
pub(super) fn variants(search: &[&str], replacement: &[&str]) -> Vec<(MatchKind, Variant)> {
    let mut found = Vec::new();
    if let Some(variant) = unnumbered(search, replacement) {
        found.push((MatchKind::Unnumbered, variant));
    }
    for escapes in [HTML, EXPRESSION] {
        if let Some(variant) = unescaped(search, replacement, &escapes) {
            found.push((MatchKind::Unescaped, variant));
        }
    }
    found
}

/// A line of a listing: `  12 | text`, `12: text`, `12⇥text`, `12→text`.
fn numbered(line: &str) -> Option<(usize, &str)> {
    let line = line.trim_start();
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, rest) = line.split_at(digits);
    let number = number(digits)?;
    let text = match rest.trim_start_matches(' ').chars().next()? {
        '|' | '│' | ':' => {
            let (_, behind) = rest.split_once(['|', '│', ':'])?;
            behind.strip_prefix(' ').unwrap_or(behind)
        }
        '→' | '\t' => rest.split_once(['→', '\t'])?.1,
        _ => return None,
    };
    Some((number, text))
}

/// Every line of the search half has a number, one more than the line before. In the replacement
/// either all have one, or none but those that were copied along.
fn unnumbered(search: &[&str], replacement: &[&str]) -> Option<Variant> {
    let search = without_blank_ends(search);
    let mut lines = Vec::with_capacity(search.len());
    let mut next = None;
    for line in search {
        let (number, text) = numbered(line)?;
        if next.is_some_and(|next| next != number) {
            return None;
        }
        next = number.checked_add(1);
        lines.push(text.to_owned());
    }
    let texts = || replacement.iter().filter(|line| !line.trim().is_empty());
    let all = texts().all(|line| numbered(line).is_some());
    let only_copied = texts().all(|line| numbered(line).is_none() || search.contains(line));
    let strip = |line: &&str| numbered(line).map_or(*line, |(_, text)| text).to_owned();
    Some(Variant {
        search: lines,
        replacement: (all || only_copied).then(|| replacement.iter().map(strip).collect()),
    })
}

/// A way to escape: what is written, and what it stands for.
struct Escapes {
    pairs: &'static [(&'static str, &'static str)],
}

const HTML: Escapes = Escapes {
    pairs: &[
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&apos;", "'"),
        ("&amp;", "&"),
    ],
};

const EXPRESSION: Escapes = Escapes {
    pairs: &[
        ("\\[", "["),
        ("\\]", "]"),
        ("\\(", "("),
        ("\\)", ")"),
        ("\\{", "{"),
        ("\\}", "}"),
        ("\\.", "."),
        ("\\*", "*"),
        ("\\+", "+"),
        ("\\?", "?"),
        ("\\^", "^"),
        ("\\$", "$"),
        ("\\|", "|"),
        ("\\/", "/"),
        ("\\\"", "\""),
        ("\\'", "'"),
        ("\\\\", "\\"),
    ],
};

impl Escapes {
    /// The text without escapes, and the signs among those of `pairs` that it held escaped and
    /// plain.
    fn undo(&self, text: &str) -> Undone {
        let mut undone = Undone::default();
        let mut rest = text;
        while let Some(sign) = rest.chars().next() {
            let escape = self
                .pairs
                .iter()
                .position(|(written, _)| rest.starts_with(written));
            if let Some(index) = escape {
                let (written, meant) = self.pairs[index];
                undone.text.push_str(meant);
                undone.escaped |= 1 << index;
                rest = &rest[written.len()..];
            } else {
                for (index, (_, meant)) in self.pairs.iter().enumerate() {
                    undone.plain |= u32::from(rest.starts_with(meant)) << index;
                }
                undone.text.push(sign);
                rest = &rest[sign.len_utf8()..];
            }
        }
        undone
    }
}

#[derive(Default)]
struct Undone {
    text: String,
    /// A bit for each of the pairs.
    escaped: u32,
    plain: u32,
}

/// The replacement is escaped like the search half if it holds none of the signs plain that the
/// search half holds only escaped; it is not escaped if it holds no escape; else nothing tells.
fn unescaped(search: &[&str], replacement: &[&str], escapes: &Escapes) -> Option<Variant> {
    let old = escapes.undo(&search.join("\n"));
    if old.escaped == 0 {
        return None;
    }
    let written = replacement.join("\n");
    let new = escapes.undo(&written);
    let meant = if new.escaped == 0 {
        Some(written)
    } else if new.plain & old.escaped & !old.plain == 0 {
        Some(new.text)
    } else {
        None
    };
    let lines = |text: &str| text.split('\n').map(str::to_owned).collect();
    Some(Variant {
        search: lines(&old.text),
        replacement: meant.map(|text| {
            if replacement.is_empty() {
                Vec::new()
            } else {
                lines(&text)
            }
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<&str> {
        text.lines().collect()
    }

    #[test]
    fn numbers_and_escapes_are_taken_off_both_halves_or_off_none() {
        for (search, replacement, expected) in [
            (
                "12 | a\n13 |   b",
                "12 | a\n13 |   c",
                Some(("a\n  b", Some("a\n  c"))),
            ),
            ("7: a", "b", Some(("a", Some("b")))),
            ("7\ta\n8\t\tb", "7\ta\nc", Some(("a\n\tb", Some("a\nc")))),
            ("7 | a", "7 | a\n9 | b\nc", Some(("a", None))),
            ("7 | a\n9 | b", "c", None),
            ("a &lt; b", "a &lt;= b", Some(("a < b", Some("a <= b")))),
            ("a &lt; b", "a <= b", Some(("a < b", Some("a <= b")))),
            ("a &lt; b", "a < b &lt;", Some(("a < b", None))),
            ("f\\(x\\)", "g\\(x\\)", Some(("f(x)", Some("g(x)")))),
            ("f\\(x\\)", "g(x)", Some(("f(x)", Some("g(x)")))),
            ("f\\(x\\)", "g(\"\\(\")", Some(("f(x)", None))),
            ("a b", "c", None),
        ] {
            let found = variants(&lines(search), &lines(replacement));
            let found = found.first().map(|(_, variant)| {
                let replacement = variant.replacement.as_ref();
                (
                    variant.search.join("\n"),
                    replacement.map(|lines| lines.join("\n")),
                )
            });
            let expected = expected
                .map(|(search, replacement)| (search.to_owned(), replacement.map(str::to_owned)));
            assert_eq!(found, expected, "{search:?} {replacement:?}");
        }
    }
}
