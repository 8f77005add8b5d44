//! Lines that stand for text the model left out: `…`, `// rest unchanged`,
//! `# ... existing code ...`. Written into a file they would delete what they stand for.

use std::collections::HashSet;

/// Signs that begin or end a comment in the languages models write.
const COMMENT_SIGNS: [char; 9] = ['/', '*', '#', '-', ';', '<', '>', '!', '%'];

/// What a line says that stands for text, in a comment or between dots.
const PHRASES: [&str; 9] = [
    "rest unchanged",
    "rest is unchanged",
    "rest remains unchanged",
    "remains unchanged",
    "rest of the file",
    "rest of the code",
    "rest of file",
    "rest of code",
    "unchanged code",
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
    let said = line.trim_matches(|sign| COMMENT_SIGNS.contains(&sign) || sign == ' ');
    if said == "…" || said == "[…]" {
        return true;
    }
    // A line of three dots is Python; in a comment it is a gap.
    let commented = said.len() < line.len();
    if said == "..." {
        return commented;
    }
    let words =
        said.trim_matches(|sign: char| matches!(sign, '.' | '…' | '(' | ')' | '[' | ']' | ' '));
    let dotted = said.starts_with("...") || said.starts_with('…');
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| stands_for(words, phrase));
    words.chars().count() <= LONGEST
        && (((commented || dotted) && says(&PHRASES)) || (dotted && says(&DOTTED_PHRASES)))
}

/// Whether `words` begin or end with `phrase`, in any case.
fn stands_for(words: &str, phrase: &str) -> bool {
    let words = words.to_lowercase();
    words.starts_with(phrase) || words.ends_with(phrase)
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
