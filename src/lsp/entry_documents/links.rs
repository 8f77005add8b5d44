//! Entry paths in a text. A path is one where the run knows an entry of that name: what stands in a code
//! span or in quotes, in the head of a patch, or is a word.

use std::collections::HashSet;
use std::ops::Range;

use crate::entries::{EntryPath, RunAlias, Scheme};

/// An entry path in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub bytes: Range<usize>,
    pub path: EntryPath,
}

/// What precedes a file's name in a patch.
const PATCH_HEADS: [&str; 6] = [
    "--- ",
    "+++ ",
    "rename from ",
    "rename to ",
    "copy from ",
    "copy to ",
];

/// What stands around a path and is no part of it.
const AROUND: &[char] = &[
    '`', '"', '\'', '(', ')', '[', ']', '{', '}', '<', '>', ',', ';', '|', '*', '=',
];

/// What ends a sentence behind a path.
const BEHIND: &[char] = &['.', ',', ':', ';', '!', '?'];

/// The entry paths in a text, in their order, none inside another.
pub fn links(text: &str, known: &HashSet<String>) -> Vec<Link> {
    let mut finder = Finder {
        known,
        found: Vec::new(),
    };
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        finder.line(start, line.trim_end_matches(['\n', '\r']));
        start += line.len();
    }
    finder.found
}

/// The entry path at a byte, found by its line alone.
pub fn link_at(text: &str, byte: usize, known: &HashSet<String>) -> Option<Link> {
    let start = text[..byte].rfind('\n').map_or(0, |at| at + 1);
    let end = text[byte..].find('\n').map_or(text.len(), |at| byte + at);
    let mut links = links(&text[start..end], known).into_iter();
    let link = links.find(|link| (link.bytes.start..=link.bytes.end).contains(&(byte - start)))?;
    Some(Link {
        bytes: link.bytes.start + start..link.bytes.end + start,
        ..link
    })
}

struct Finder<'k> {
    known: &'k HashSet<String>,
    found: Vec<Link>,
}

impl Finder<'_> {
    fn line(&mut self, start: usize, line: &str) {
        let head = PATCH_HEADS.iter().find(|head| line.starts_with(**head));
        if let Some(head) = head
            && self.take(start + head.len(), &line[head.len()..])
        {
            return;
        }
        let mut at = 0;
        while let Some(mark) = line[at..].find(['`', '"', '\'']) {
            let open = at + mark;
            self.words(start + at, &line[at..open]);
            at = self.marked(start, line, open);
        }
        self.words(start + at, &line[at..]);
    }

    /// Looks at what the mark at `open` begins, and says where to go on.
    fn marked(&mut self, start: usize, line: &str, open: usize) -> usize {
        let rest = &line[open..];
        let mark = &rest[..1];
        let length = rest.len() - rest.trim_start_matches(mark).len();
        // A code span may begin with several marks; quotes are single.
        let opener = if mark == "`" { &rest[..length] } else { mark };
        let inside = open + opener.len();
        let Some(end) = line[inside..].find(opener) else {
            return inside;
        };
        let content = &line[inside..inside + end];
        let trimmed = content.trim();
        let lead = content.len() - content.trim_start().len();
        if self.take(start + inside + lead, trimmed) {
            inside + end + opener.len()
        } else {
            // The mark may have been an apostrophe: what is behind it is looked at by itself.
            inside
        }
    }

    fn words(&mut self, start: usize, text: &str) {
        let mut at = 0;
        for word in text.split_inclusive(char::is_whitespace) {
            self.word(start + at, word.trim_end());
            at += word.len();
        }
    }

    fn word(&mut self, start: usize, word: &str) {
        // Names without a sign of a path in them are words of a language first.
        if !word.contains(['/', '.', ':']) {
            return;
        }
        if self.take(start, word) {
            return;
        }
        let mut at = 0;
        for part in word.split_inclusive(AROUND) {
            let bare = part.trim_end_matches(AROUND);
            let bare_of_ends = bare.trim_end_matches(BEHIND);
            if bare.contains(['/', '.', ':']) && !self.take(start + at, bare) {
                self.take(start + at, bare_of_ends);
            }
            at += part.len();
        }
    }

    /// Takes a text that is the path of an entry.
    fn take(&mut self, start: usize, text: &str) -> bool {
        let Some(path) = self.entry(text) else {
            return false;
        };
        self.found.push(Link {
            bytes: start..start + text.len(),
            path,
        });
        true
    }

    fn entry(&self, text: &str) -> Option<EntryPath> {
        if text.is_empty() || text.len() > EntryPath::LIMIT {
            return None;
        }
        if !text.contains("://") && !self.known.contains(text) {
            return None;
        }
        #[expect(
            clippy::disallowed_methods,
            reason = "what is no path is no link either"
        )]
        let path = EntryPath::parse(text).ok()?;
        // A run is known to itself alone, and can be read all the same.
        let is_run = path.scheme() == Scheme::Run && path.rest().parse::<RunAlias>().is_ok();
        (is_run || self.known.contains(path.as_str())).then_some(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let known = [
            "src/app.rs",
            "my file.rs",
            "a",
            "it's.md",
            "app/[slug]/page.tsx",
            "known://plan",
            "known://a%20b",
            "log://turn_1/set/src%2Fapp.rs",
        ];
        let known = known.map(str::to_owned).into();
        let links = links(text, &known);
        for link in &links {
            let inside = link.bytes.start + 1;
            let at = link_at(text, inside, &known);
            assert_eq!(at.as_ref(), Some(link), "{text}");
        }
        let mut end = 0;
        links
            .into_iter()
            .map(|link| {
                assert!(link.bytes.start >= end, "{text}: {link:?} lies in another");
                end = link.bytes.end;
                format!("{} = {}", &text[link.bytes.clone()], link.path)
            })
            .collect()
    }

    #[test]
    fn a_path_is_found_where_it_stands_and_only_where_there_is_such_an_entry() {
        let same = |path: &str| format!("{path} = {path}");
        for (text, expected) in [
            ("é see src/app.rs, then", vec![same("src/app.rs")]),
            (
                "(src/app.rs). `src/app.rs`!",
                vec![same("src/app.rs"), same("src/app.rs")],
            ),
            ("src/app.rs:12: or ./src/other.rs", vec![]),
            ("a word and `a` span", vec![same("a")]),
            ("`` my file.rs `` and my file.rs", vec![same("my file.rs")]),
            (
                "--- my file.rs\n+++ my file.rs\n",
                vec![same("my file.rs"), same("my file.rs")],
            ),
            ("<set path=\"my file.rs\">", vec![same("my file.rs")]),
            ("<set path='known://plan'/>", vec![same("known://plan")]),
            ("don't touch src/app.rs", vec![same("src/app.rs")]),
            ("it's `it's.md`", vec![same("it's.md")]),
            ("app/[slug]/page.tsx", vec![same("app/[slug]/page.tsx")]),
            ("[x](known://plan)", vec![same("known://plan")]),
            ("known://other, known://plan.", vec![same("known://plan")]),
            (
                "\"known://a b\"",
                vec!["known://a b = known://a%20b".to_owned()],
            ),
            (
                "`log://turn_1/set/src%2Fapp.rs`",
                vec![same("log://turn_1/set/src%2Fapp.rs")],
            ),
            ("run://other and run://", vec![same("run://other")]),
            ("https://example.com/src/app.rs", vec![]),
            (
                "src/app.rs\r\nsrc/app.rs\r\n",
                vec![same("src/app.rs"), same("src/app.rs")],
            ),
        ] {
            assert_eq!(found(text), expected, "{text}");
        }
    }
}
