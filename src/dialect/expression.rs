//! A sed command on a text.
//!
//! The old half is first looked for as it is, and as a regular expression only where the flags ask
//! for one or it is nowhere: code is full of signs that an expression reads otherwise. It matches
//! inside of lines. Without `g` it must match once in the whole text, not once a line as in sed.
//! The new half is literal; in an expression `&` is the match and `\1` … `\9` are its groups.
//! Parentheses group plain, or escaped where the plain reading matches nothing.
//!
//! `\n`, `\1` and `\&` behind a literal old half could be meant either way, and are refused.

use std::ops::Range;

use regex::{Captures, Regex, RegexBuilder};

use super::lines::Change;

/// A compiled expression takes this many bytes at most.
const MAX_SIZE: usize = 1 << 20;

/// The flags that ask for an expression.
const EXPRESSION_FLAGS: [char; 7] = ['i', 'I', 'm', 'M', 'E', 'r', 'x'];

/// Why a command was not carried out. Lines are 0-based.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NotDone {
    Nowhere,
    Several(Vec<usize>),
    /// What is wrong with the expression.
    Invalid(String),
    /// An escape of the new half that could be meant in two ways.
    Escape(String),
}

/// The lines that a command changes, and how many matches they hold.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Done {
    pub changes: Vec<Change>,
    pub count: usize,
    pub literal: bool,
}

/// A command, as an edit holds it.
pub(super) struct Command<'e> {
    pub old: &'e str,
    pub new: &'e str,
    pub flags: &'e str,
    pub all: bool,
}

impl Command<'_> {
    pub(super) fn run(&self, file: &[&str]) -> Result<Done, NotDone> {
        let asks = self.flags.contains(EXPRESSION_FLAGS);
        let holds = |line: &&str| line.len() >= self.old.len() && line.contains(self.old);
        if !asks && file.iter().any(holds) {
            if let Some(escape) = escape_in(self.new) {
                return Err(NotDone::Escape(escape));
            }
            let lines = file.iter().enumerate().filter(|(_, line)| holds(line));
            let matches = lines.flat_map(|(index, line)| {
                let found = line.match_indices(self.old);
                found.map(move |(at, found)| (index, at..at + found.len()))
            });
            let new = |_: &str, _: Range<usize>| self.new.to_owned();
            return self.replace(file, matches.collect(), new, true);
        }
        let mut not_done = NotDone::Nowhere;
        for pattern in [self.old.to_owned(), with_groups_swapped(self.old)] {
            match self.expression(&pattern) {
                Ok(expression) => {
                    let matches = matches(&expression, file);
                    if !matches.is_empty() {
                        let new = |line: &str, at: Range<usize>| self.expand(&expression, line, at);
                        return self.replace(file, matches, new, false);
                    }
                }
                Err(reason) => not_done = NotDone::Invalid(reason),
            }
        }
        Err(not_done)
    }

    fn expression(&self, pattern: &str) -> Result<Regex, String> {
        RegexBuilder::new(pattern)
            .case_insensitive(self.flags.contains(['i', 'I']))
            .size_limit(MAX_SIZE)
            .dfa_size_limit(MAX_SIZE)
            .build()
            .map_err(|error| {
                let text = error.to_string();
                text.lines().last().unwrap_or(&text).trim().to_owned()
            })
    }

    fn replace(
        &self,
        file: &[&str],
        matches: Vec<(usize, Range<usize>)>,
        new: impl Fn(&str, Range<usize>) -> String,
        literal: bool,
    ) -> Result<Done, NotDone> {
        if !self.all && matches.len() > 1 {
            let lines = matches.into_iter().map(|(line, _)| line);
            return Err(NotDone::Several(
                lines.take(super::locate::MAX_LISTED).collect(),
            ));
        }
        let mut changes: Vec<Change> = Vec::new();
        let count = matches.len();
        for same_line in matches.chunk_by(|one, other| one.0 == other.0) {
            let index = same_line[0].0;
            let line = file[index];
            let mut text = String::new();
            let mut next = 0;
            for (_, at) in same_line {
                text.push_str(&line[next..at.start]);
                text.push_str(&new(line, at.clone()));
                next = at.end;
            }
            text.push_str(&line[next..]);
            changes.push(Change {
                lines: index..index + 1,
                with: text.split('\n').map(str::to_owned).collect(),
            });
        }
        Ok(Done {
            changes,
            count,
            literal,
        })
    }

    /// The new half with its references filled in.
    fn expand(&self, expression: &Regex, line: &str, at: Range<usize>) -> String {
        let captures = expression.captures_at(line, at.start);
        let group = |number: usize| {
            let group = |captures: &Captures<'_>| {
                captures.get(number).map(|group| group.as_str().to_owned())
            };
            captures.as_ref().and_then(group).into_iter()
        };
        let mut text = String::new();
        let mut signs = self.new.chars();
        while let Some(sign) = signs.next() {
            match sign {
                '&' => text.extend(group(0)),
                '\\' => match signs.next() {
                    Some('n') => text.push('\n'),
                    Some('t') => text.push('\t'),
                    Some(digit @ '0'..='9') => {
                        text.extend(group(usize::from(digit as u8 - b'0')));
                    }
                    Some(other) => text.push(other),
                    None => text.push('\\'),
                },
                _ => text.push(sign),
            }
        }
        text
    }
}

fn matches(expression: &Regex, file: &[&str]) -> Vec<(usize, Range<usize>)> {
    let in_line = |(index, line): (usize, &&str)| {
        let found = expression.find_iter(line);
        let ranges: Vec<_> = found.map(|found| (index, found.range())).collect();
        ranges
    };
    file.iter().enumerate().flat_map(in_line).collect()
}

/// The first sign of a literal new half that sed would not write as it is: `&`, `\n`, `\t`, `\1`.
fn escape_in(new: &str) -> Option<String> {
    let mut signs = new.chars();
    while let Some(sign) = signs.next() {
        if sign == '&' {
            return Some("&".to_owned());
        }
        if sign == '\\' {
            let escaped = signs.next()?;
            if matches!(escaped, 'n' | 't' | '&' | '0'..='9') {
                return Some(format!("\\{escaped}"));
            }
        }
    }
    None
}

/// The pattern with escaped parentheses, braces, `+`, `?` and `|` as operators, and plain ones as
/// text.
fn with_groups_swapped(pattern: &str) -> String {
    const SWAPPED: [char; 7] = ['(', ')', '{', '}', '+', '?', '|'];
    let mut swapped = String::new();
    let mut signs = pattern.chars();
    while let Some(sign) = signs.next() {
        match sign {
            '\\' => match signs.next() {
                Some(escaped) if SWAPPED.contains(&escaped) => swapped.push(escaped),
                Some(escaped) => swapped.extend(['\\', escaped]),
                None => swapped.push('\\'),
            },
            sign if SWAPPED.contains(&sign) => swapped.extend(['\\', sign]),
            sign => swapped.push(sign),
        }
    }
    swapped
}
