//! A line as tokens, and the merge of two changes of it: what the file has other than the search
//! half stays as the file has it, unless it is what the replacement changes.

use std::ops::Range;

use similar::{Algorithm, DiffOp, capture_diff_slices};

/// Longer lines are not merged; their replacement is taken as it is.
const MAX_TOKENS: usize = 400;

/// What became of a line of the search half in the file and in the replacement at once.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Merged {
    Line(String),
    /// A word stands in the file for another word that the replacement keeps, so that another line
    /// is meant or another version of it; or both changed the same spot.
    Conflict,
}

/// Merges a line, as the file has it and as the replacement wants it. `searched` is what both come
/// from.
pub(super) fn merge(searched: &str, found: &str, wanted: &str) -> Merged {
    let [base, ours, theirs] = [searched, found, wanted].map(split);
    if base.len().max(ours.len()).max(theirs.len()) > MAX_TOKENS {
        return Merged::Conflict;
    }
    let merge = Merge {
        in_file: changes(&base, &ours),
        meant: changes(&base, &theirs),
        base,
        ours,
        theirs,
    };
    merge.line().map_or(Merged::Conflict, Merged::Line)
}

/// Whether `found` differs from `searched` in more than words that are added or taken away.
pub(super) fn has_other_word(searched: &str, found: &str) -> bool {
    merge(searched, found, searched) == Merged::Conflict
}

/// Tokens of the base and what they became.
struct Change {
    old: Range<usize>,
    new: Range<usize>,
}

fn changes(base: &[&str], other: &[&str]) -> Vec<Change> {
    capture_diff_slices(Algorithm::Myers, base, other)
        .iter()
        .filter(|operation| !matches!(operation, DiffOp::Equal { .. }))
        .map(|operation| Change {
            old: operation.old_range(),
            new: operation.new_range(),
        })
        .collect()
}

struct Merge<'t> {
    base: Vec<&'t str>,
    ours: Vec<&'t str>,
    theirs: Vec<&'t str>,
    in_file: Vec<Change>,
    meant: Vec<Change>,
}

impl Merge<'_> {
    fn line(&self) -> Option<String> {
        let mut line = String::new();
        let mut next = 0;
        let mut rest = self.in_file.iter().peekable();
        for change in &self.meant {
            let mut write = |line: &mut String, ours: &Change| {
                line.push_str(&self.base[next..ours.old.start].concat());
                next = ours.old.end;
                self.keep(line, ours)
            };
            while let Some(ours) = rest.next_if(|ours| ours.old.end <= change.old.start) {
                let touches = ours.old.is_empty() && ours.old.end == change.old.start;
                if !touches || self.stands_apart(ours, change)? {
                    write(&mut line, ours)?;
                }
            }
            line.push_str(&self.base[next..change.old.start].concat());
            line.push_str(&self.theirs[change.new.clone()].concat());
            next = change.old.end;
            while let Some(ours) = rest.next_if(|ours| ours.old.start < change.old.end) {
                // What the replacement changes, it changes as a whole.
                let covers = change.old.start <= ours.old.start && ours.old.end <= change.old.end;
                covers.then_some(())?;
            }
            while let Some(ours) =
                rest.next_if(|ours| ours.old.is_empty() && ours.old.start == change.old.end)
            {
                if self.stands_apart(ours, change)? {
                    self.keep(&mut line, ours)?;
                }
            }
        }
        for ours in rest {
            line.push_str(&self.base[next..ours.old.start].concat());
            self.keep(&mut line, ours)?;
            next = ours.old.end;
        }
        line.push_str(&self.base[next..].concat());
        Some(line)
    }

    /// Writes what the file has, unless it is one word for another, or says the opposite.
    fn keep(&self, line: &mut String, ours: &Change) -> Option<()> {
        let (old, new) = (&self.base[ours.old.clone()], &self.ours[ours.new.clone()]);
        let has_word = |tokens: &[&str]| tokens.iter().any(|token| is_word(token));
        if has_word(old) && has_word(new) {
            return None;
        }
        if turns_meaning(old, new) || turns_meaning(new, old) {
            return None;
        }
        line.push_str(&new.concat());
        Some(())
    }

    /// Whether what the file has more, beside a change of the replacement, is to be kept: not if
    /// the replacement has it too. `None` if it may be part of what is changed.
    fn stands_apart(&self, ours: &Change, meant: &Change) -> Option<bool> {
        let more = self.ours[ours.new.clone()].concat();
        let wanted = self.theirs[meant.new.clone()].concat();
        let is_behind = ours.old.start >= meant.old.end;
        if (is_behind && wanted.ends_with(&more)) || (!is_behind && wanted.starts_with(&more)) {
            return Some(false);
        }
        let is_apart = if is_behind {
            more.starts_with(char::is_whitespace) || more == ";" || more == ","
        } else {
            more.ends_with(char::is_whitespace)
        };
        (is_apart && !meant.old.is_empty()).then_some(true)
    }
}

/// Whether code that has some tokens where other code has `instead` says another thing: an operator
/// for something else, one alone, a negation.
fn turns_meaning(tokens: &[&str], instead: &[&str]) -> bool {
    let is_operator = |token: &&str| token.contains(|sign| "<>=!&|+-*/%^~".contains(sign));
    let has_operator = tokens.iter().any(is_operator);
    let has_word = tokens.iter().any(|token| is_word(token));
    tokens.contains(&"not") || (has_operator && (!instead.is_empty() || !has_word))
}

fn is_word(token: &str) -> bool {
    token.starts_with(is_word_sign)
}

pub(super) fn is_word_sign(sign: char) -> bool {
    sign.is_alphanumeric() || sign == '_'
}

/// Words, runs of blanks, and single signs.
fn split(line: &str) -> Vec<&str> {
    let kind = |sign: char| match sign {
        _ if is_word_sign(sign) => 1,
        _ if sign.is_whitespace() => 2,
        _ => 0,
    };
    let mut tokens = Vec::new();
    let mut start = 0;
    let mut last = 0;
    for (at, sign) in line.char_indices() {
        let now = kind(sign);
        if at > start && (now == 0 || now != last) {
            tokens.push(&line[start..at]);
            start = at;
        }
        last = now;
    }
    if start < line.len() {
        tokens.push(&line[start..]);
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line of the search half, of the file and of the replacement, and the line after.
    #[test]
    fn what_the_replacement_does_not_change_stays_as_the_file_has_it() {
        for (searched, found, wanted, expected) in [
            ("a(b);", "a(b) + 1;", "c(b);", Some("c(b) + 1;")),
            ("a && b", "a || b", "a && b && c", None),
            ("a <= b {", "a >= b {", "a < b {", None),
            ("if f(x) {", "if !f(x) {", "if g(x) {", None),
            ("assert f(x)", "assert not f(x)", "assert g(x)", None),
            ("f(frist)", "f(first)", "f(first, x)", Some("f(first, x)")),
            (
                "say(“hi”)",
                "say(\"hi\")",
                "say(“bye”)",
                Some("say(\"bye\")"),
            ),
            ("x = 30", "x = 60", "x = 45", Some("x = 45")),
            ("fn f()", "pub fn f()", "fn g()", Some("pub fn g()")),
            ("get_user(a)", "set_user(a)", "get_user(b)", None),
            ("case 3: a", "case 4: a", "case 3: b", None),
            ("a", "a;", "b", Some("b;")),
            ("a", "a;", "b;", Some("b;")),
            ("x = 30", "x = 30.5", "x = 45", None),
            ("f(a)", "f(a, b)", "f(a, c)", None),
            ("f(a)", "f(a, b)", "f(a, b)", Some("f(a, b)")),
            ("f(a)", "g(a)", "f(a)", None),
            (
                "fn f()",
                "async fn f()",
                "async fn f(x)",
                Some("async fn f(x)"),
            ),
        ] {
            let expected = expected.map_or(Merged::Conflict, |line| Merged::Line(line.to_owned()));
            assert_eq!(merge(searched, found, wanted), expected, "{searched}");
        }
    }
}
