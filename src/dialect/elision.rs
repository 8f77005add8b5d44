//! Lines that stand for text the model left out: `…`, `// rest unchanged`,
//! `# ... existing code ...`. Written into a file they would delete what they stand for.

use std::collections::HashSet;

use super::fence::Fences;

/// Signs that begin or end a comment, or stand around one.
const COMMENT_SIGNS: [char; 14] = [
    '/', '*', '#', '-', ';', '<', '>', '!', '%', '{', '}', '(', ')', '[',
];

/// What is left out, where a comment names it.
const PARTS: [&str; 30] = [
    "body",
    "class",
    "classes",
    "code",
    "component",
    "components",
    "config",
    "content",
    "contents",
    "document",
    "file",
    "function",
    "functions",
    "implementation",
    "imports",
    "logic",
    "markup",
    "method",
    "methods",
    "module",
    "page",
    "program",
    "routes",
    "rules",
    "script",
    "section",
    "styles",
    "template",
    "tests",
    "text",
];

/// The same, where the comment need not say more to mean that it is left out.
const CODE: [&str; 3] = ["code", "implementation", "markup"];

/// What says that a part was there before.
const EARLIER: [&str; 6] = [
    "existing",
    "other",
    "previous",
    "remaining",
    "original",
    "all other",
];

/// What says that a part is as it was.
const KEPT: [&str; 22] = [
    "unchanged",
    "is unchanged",
    "are unchanged",
    "remains unchanged",
    "remain unchanged",
    "stays unchanged",
    "stay unchanged",
    "remains the same",
    "remain the same",
    "stays the same",
    "stay the same",
    "is the same",
    "are the same",
    "remains as is",
    "stays as is",
    "as is",
    "as before",
    "same as before",
    "goes here",
    "here unchanged",
    "is here unchanged",
    "continues",
];

/// What says that a part was not written.
const OMITTED: [&str; 4] = ["omitted", "elided", "left out", "not shown"];

/// What a whole comment says that stands for text.
const PHRASES: [&str; 7] = [
    "unchanged code",
    "same code as before",
    "same code as above",
    "everything else unchanged",
    "everything else stays the same",
    "everything else remains the same",
    "everything else is unchanged",
];

/// The same where dots stand beside it; without them it comments on what follows.
const LOOSE_PHRASES: [&str; 5] = [
    "unchanged",
    "no changes",
    "no changes here",
    "same as before",
    "same as above",
];

/// What begins or ends a comment whose dots tell it from a heading.
const DOTTED_PHRASES: [&str; 8] = [
    "rest unchanged",
    "remains unchanged",
    "rest of",
    "unchanged code",
    "same as before",
    "existing code",
    "existing content",
    "existing text",
];

/// Words that a sentence goes on with.
const JOINTS: [&str; 14] = [
    "and",
    "as",
    "because",
    "but",
    "except",
    "for",
    "if",
    "or",
    "otherwise",
    "so",
    "then",
    "unless",
    "which",
    "with",
];

/// Most words behind dots that say what those stand for.
const LONGEST_GAP: usize = 8;

/// The longest line, in characters, that is read as nothing but a stand-in.
const LONGEST: usize = 80;

/// The first line of `text` that stands for text left out and that `previous` does not hold. In
/// Markdown a heading is no comment, and what a fence shows is an example.
pub(super) fn elided_line<'t>(text: &'t str, previous: &str, is_markdown: bool) -> Option<&'t str> {
    let outside = if is_markdown {
        outside_of_fences(text)
    } else {
        vec![text]
    };
    let is_heading = |line: &&str| is_markdown && line.starts_with('#');
    let mut stand_ins = outside
        .into_iter()
        .flat_map(elisions)
        .filter(|line| !is_heading(line))
        .peekable();
    stand_ins.peek()?;
    let kept: HashSet<&str> = elisions(previous).collect();
    stand_ins.find(|line| !kept.contains(line))
}

fn elisions(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| is_elision(line))
}

/// The parts of a text that stand in no closed fence.
fn outside_of_fences(text: &str) -> Vec<&str> {
    let fences = Fences::of(text);
    let mut parts = Vec::new();
    let mut start = 0;
    let mut index = 0;
    while let Some(fence) = fences.get(index) {
        index += 1;
        if let (Some(closer), Some(closing)) = (fence.closed_by, fences.closing(index - 1)) {
            parts.push(&text[start..fence.span.start]);
            start = closing.span.end;
            index = closer + 1;
        }
    }
    parts.push(&text[start..]);
    parts
}

/// Whether a trimmed line is nothing but a stand-in. What documents code shows examples, and stands
/// for none.
fn is_elision(line: &str) -> bool {
    if ["///", "//!", "* "]
        .iter()
        .any(|sign| line.starts_with(sign))
    {
        return false;
    }
    let said =
        line.trim_matches(|sign: char| COMMENT_SIGNS.contains(&sign) || matches!(sign, ']' | ' '));
    if said == "…" {
        return true;
    }
    let commented = begins_comment(line);
    // A line of three dots is Python; in a comment or in brackets it is a gap.
    if said.len() >= 3 && said.bytes().all(|sign| sign == b'.') {
        return commented || line.starts_with(['[', '{', '<']);
    }
    if said.chars().count() > LONGEST {
        return false;
    }
    let gap = ["...", "…"].iter().find_map(|dots| said.strip_prefix(dots));
    if commented && gap.is_some_and(is_gap) {
        return true;
    }
    if !commented && gap.is_none() {
        return false;
    }
    let words =
        said.trim_matches(|sign: char| matches!(sign, '.' | '…' | '(' | ')' | '[' | ']' | ' '));
    let words = words.to_lowercase();
    let words = words.strip_prefix("the ").unwrap_or(&words);
    let dotted = |phrase: &str| words.starts_with(phrase) || words.ends_with(phrase);
    if gap.is_some() && DOTTED_PHRASES.iter().any(|phrase| dotted(phrase)) {
        return true;
    }
    let trails_off = ["...", "…"].iter().any(|dots| said.ends_with(dots));
    let is_loose = gap.is_some() || trails_off;
    commented
        && (is_loose && LOOSE_PHRASES.contains(&words)
            || says_so(words) && !line.starts_with("##")
            || trails_off && names_others(words)
            || is_bare(line, words))
}

/// Whether what follows the dots that begin a comment says what they stand for. A sentence that goes
/// on behind them does not.
fn is_gap(rest: &str) -> bool {
    let words = rest.trim();
    let first = words.split([' ', ',']).next().unwrap_or("");
    rest.starts_with([' ', '(', '['])
        && !JOINTS.contains(&first)
        && (rest.ends_with("..")
            || rest.ends_with(['…', ')', ']'])
            || words.split(' ').count() <= LONGEST_GAP)
}

/// Whether a line is a comment in some language, and no value between brackets.
fn begins_comment(line: &str) -> bool {
    let inner = line.trim_start_matches(['{', '(', '[']);
    let signs = ["//", "/*", "#", "<!--", "-- ", "--[", ";", "%"];
    line.starts_with("(*") || signs.iter().any(|sign| inner.starts_with(sign))
}

/// Whether a comment says that something is left out, and nothing else.
fn says_so(words: &str) -> bool {
    if PHRASES.contains(&words) {
        return true;
    }
    let words = words
        .strip_suffix(" for brevity")
        .or_else(|| words.strip_suffix(" here"))
        .unwrap_or(words);
    if let Some(rest) = behind_word(words, "rest") {
        let rest = match rest.strip_prefix(" of ") {
            Some(rest) => behind_part(rest),
            None => rest,
        };
        let rest = rest.trim_start();
        return rest.is_empty() && words != "rest" || is_kept(rest) || is_omitted(rest);
    }
    let behind = EARLIER.iter().find_map(|word| behind_word(words, word));
    if let Some(rest) = behind {
        let other = behind_part(rest);
        let names_part = other.len() < rest.len() || words.starts_with("remaining");
        return names_part && (is_kept(other.trim_start()) || is_omitted(other.trim_start()));
    }
    let rest = behind_part(words);
    rest.len() < words.len() && is_omitted(rest)
}

fn is_kept(words: &str) -> bool {
    KEPT.contains(&words)
}

fn is_omitted(words: &str) -> bool {
    let words = ["is ", "are ", "was ", "were "]
        .iter()
        .find_map(|verb| words.strip_prefix(verb))
        .unwrap_or(words);
    OMITTED.contains(&words)
}

/// What stands behind the word that `text` begins with.
fn behind_word<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    let rest = text.strip_prefix(word)?;
    (rest.is_empty() || rest.starts_with(' ')).then_some(rest)
}

/// `// Other functions...`
fn names_others(words: &str) -> bool {
    let behind = EARLIER.iter().find_map(|word| behind_word(words, word));
    behind.is_some_and(|rest| rest.len() > behind_part(rest).len() && behind_part(rest).is_empty())
}

/// `// existing code`, `// remaining code here`. A line of Markdown that begins so is a heading.
fn is_bare(line: &str, words: &str) -> bool {
    let is_heading = line.starts_with("##")
        || line
            .trim_start_matches(['#', ' '])
            .starts_with(char::is_uppercase)
            && line.starts_with('#');
    let words = words.strip_suffix(" here").unwrap_or(words);
    let Some((first, second)) = words.split_once(' ') else {
        return false;
    };
    !is_heading && matches!(first, "existing" | "previous" | "remaining") && CODE.contains(&second)
}

/// What stands behind the part that `text` names; all of it where it names none.
fn behind_part(text: &str) -> &str {
    let inner = text.trim_start();
    let inner = ["the ", "this ", "your "]
        .iter()
        .find_map(|article| inner.strip_prefix(article))
        .unwrap_or(inner);
    let (word, rest) = inner.split_once(' ').unwrap_or((inner, ""));
    if PARTS.contains(&word) { rest } else { text }
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
            ("...existing,", false),
            ("...rest", false),
            ("{unchanged}", false),
            ("unchanged,", false),
            ("{/* rest of the page */}", true),
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
            ("// rest of the code remains the same", true),
            ("// [rest of code remains the same]", true),
            ("// previous code remains the same", true),
            ("// remaining code unchanged", true),
            ("// existing code here", true),
            ("// existing code", true),
            ("# existing code", true),
            ("/* rest of implementation */", true),
            ("// Other functions...", true),
            ("// ... other functions", true),
            ("// code omitted for brevity", true),
            ("// rest of the methods omitted for brevity", true),
            ("// imports omitted", true),
            ("// Same as above", false),
            ("// ....", true),
            ("# ... existing code ...", true),
            ("<!-- rest of the page -->", true),
            ("-- rest unchanged", true),
            ("// The rest of the file is unchanged.", true),
            ("// Other methods remain unchanged", true),
            ("// Everything else stays the same", true),
            ("// unchanged", false),
            ("# Existing content", false),
            ("// other functions", false),
            ("// rest of the arguments", false),
            ("// the rest", false),
            ("// existing code paths are kept", false),
            ("// The remaining code is unreachable", false),
            ("// Remaining budget", false),
            ("// previous version", false),
            ("// same as above, but inverted", false),
            ("// omitted fields default to zero", false),
            ("// unchanged since version 2", false),
            ("// code below is generated", false),
            ("// content is text here", false),
            ("/// Tests the code of the parser.", false),
            ("///     // ...", false),
            ("//!     // ...", false),
            ("// ... but only if anything is left", false),
            ("# ... so lets return and let the parser handle it", false),
            ("...(await new Walker(this, {", false),
            ("...(is_on && {", false),
            ("...  Specifier(\"==1.2.3\"))", false),
            ("[...]", true),
            ("// ... your existing component code here ...", true),
            ("# rest of the imports are lazy", false),
        ] {
            assert_eq!(elided_line(line, "", false).is_some(), expected, "{line}");
        }
    }

    #[test]
    fn a_sentence_about_what_is_left_out_is_a_comment() {
        for (line, expected) in [
            ("# Existing files are skipped", false),
            ("// Other entries are skipped.", false),
            ("// The rest of the line is skipped", false),
            ("// remaining bytes are truncated", false),
            ("-- Existing rows are skipped", false),
            ("# text truncated", false),
            ("# tests skipped", false),
            ("## Tests skipped", false),
            ("// Restart skipped", false),
            ("## REST API omitted", false),
            ("## Tests omitted", false),
            ("# No changes", false),
            ("// ... no changes ...", true),
            ("// unchanged ...", true),
            ("* ...", false),
            ("* ... rest of the file", false),
            ("// previous content", false),
            ("// existing content", false),
            ("# existing logic", false),
            ("/// ... existing code ...", false),
            ("/// …", false),
            ("// The original is unchanged", false),
            ("// rest unchanged", true),
            ("// the rest is omitted", true),
            ("// existing code is omitted", true),
        ] {
            assert_eq!(elided_line(line, "", false).is_some(), expected, "{line}");
        }
    }

    #[test]
    fn markdown_shows_stand_ins_in_its_fences() {
        let elided = |text| elided_line(text, "", true);
        for (text, expected) in [
            ("# ... existing code ...", None),
            ("```js\n// ... existing code ...\n```\n", None),
            (
                "```js\n// ... existing code ...\n",
                Some("// ... existing code ..."),
            ),
            (
                "```\nx\n```\n<!-- rest of the page -->",
                Some("<!-- rest of the page -->"),
            ),
            ("...\n… \n", Some("…")),
        ] {
            assert_eq!(elided(text), expected, "{text}");
        }
    }

    #[test]
    fn a_stand_in_that_the_file_holds_is_text() {
        assert_eq!(elided_line("a\n  # ...\n", "x\n# ...\n", false), None);
        assert_eq!(elided_line("a\n  # ...\n", "x\n", false), Some("# ..."));
    }
}
