//! Lines that stand for text the model left out: `…`, `// rest unchanged`,
//! `# ... existing code ...`. Written into a file they would delete what they stand for.

use std::collections::HashSet;

/// Signs that begin or end a comment, or stand around one.
const COMMENT_SIGNS: [char; 14] = [
    '/', '*', '#', '-', ';', '<', '>', '!', '%', '{', '}', '(', ')', '[',
];

/// What a whole comment says that stands for text.
const PHRASES: [&str; 13] = [
    "rest unchanged",
    "rest is unchanged",
    "rest remains unchanged",
    "remains unchanged",
    "rest of the file",
    "rest of the code",
    "rest of file",
    "rest of code",
    "unchanged code",
    "rest of the file stays the same",
    "rest of the file remains the same",
    "rest stays the same",
    "same as before",
];

/// The same, where only dots tell it from a heading.
const DOTTED_PHRASES: [&str; 3] = ["existing code", "existing content", "existing text"];

/// The longest line, in characters, that is read as nothing but a stand-in.
const LONGEST: usize = 80;

/// The first line of `text` that stands for text left out and that `previous` does not hold.
pub fn elided_line<'t>(text: &'t str, previous: &str) -> Option<&'t str> {
    let mut stand_ins = elisions(text).peekable();
    stand_ins.peek()?;
    let kept: HashSet<&str> = elisions(previous).collect();
    stand_ins.find(|line| !kept.contains(line))
}

fn elisions(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| is_elision(line))
}

/// Whether a trimmed line is nothing but a stand-in.
fn is_elision(line: &str) -> bool {
    let said =
        line.trim_matches(|sign: char| COMMENT_SIGNS.contains(&sign) || matches!(sign, ']' | ' '));
    if said == "…" {
        return true;
    }
    // A line of three dots is Python; in a comment it is a gap. A bullet begins no comment.
    let commented = said.len() < line.len() && !line.starts_with("- ") && !line.starts_with("* ");
    if said == "..." {
        return commented;
    }
    if said.chars().count() > LONGEST {
        return false;
    }
    let gap = ["...", "…"].iter().find_map(|dots| said.strip_prefix(dots));
    // Dots that begin a comment, and a blank behind them: nobody writes code so.
    if commented && gap.is_some_and(|rest| rest.starts_with([' ', '(', '['])) {
        return true;
    }
    let words =
        said.trim_matches(|sign: char| matches!(sign, '.' | '…' | '(' | ')' | '[' | ']' | ' '));
    let words = words.to_lowercase();
    let words = words.strip_prefix("the ").unwrap_or(&words);
    let ends = |phrases: &[&str]| {
        phrases
            .iter()
            .any(|phrase| words.starts_with(phrase) || words.ends_with(phrase))
    };
    (gap.is_some() && (ends(&PHRASES) || ends(&DOTTED_PHRASES))) || (commented && says_so(words))
}

/// Whether a comment is one of the phrases, or one and what follows from it.
fn says_so(words: &str) -> bool {
    PHRASES.iter().any(|phrase| {
        words.strip_prefix(phrase).is_some_and(|rest| {
            matches!(
                rest,
                "" | " unchanged" | " remains unchanged" | " is unchanged" | " here"
            )
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stand_in_is_told_from_code() {
        for (line, expected) in [
            ("…", true),
            ("  // …", true),
            ("# ...", true),
            ("// ... existing code ...", true),
            ("... existing code ...", true),
            ("/* rest unchanged */", true),
            ("<!-- ... rest of the file ... -->", true),
            ("// rest of the code remains unchanged", true),
            ("-- … existing code …", true),
            ("    ...", false),
            ("let rest = unchanged;", false),
            ("let a = [0; 3]; // …", false),
            ("existing code", false),
            ("## Existing content", false),
            ("f(...args)", false),
            ("{/* ... existing code ... */}", true),
            ("// ... (unchanged)", true),
            ("// ... rest of the component ...", true),
            ("# ... existing imports ...", true),
            ("/* ... existing styles ... */", true),
            ("[... rest of file unchanged ...]", true),
            ("// The rest of the file stays the same", true),
            ("// … unchanged …", true),
            ("(* ... *)", true),
            ("# Unchanged code paths are cached.", false),
            ("- Rest of the code review goes to Bob", false),
            ("// ...args are passed on", false),
            ("// the parser keeps what exists", false),
        ] {
            assert_eq!(elided_line(line, "").is_some(), expected, "{line}");
        }
    }

    #[test]
    fn a_stand_in_that_the_file_holds_is_text() {
        assert_eq!(elided_line("a\n  # ...\n", "x\n# ...\n"), None);
        assert_eq!(elided_line("a\n  # ...\n", "x\n"), Some("# ..."));
    }
}
