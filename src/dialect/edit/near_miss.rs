//! Blocks whose markers are dressed as no block has them: without their words, quoted, commented out,
//! escaped, with other signs. What was meant is not read out of them; they are only kept from being
//! written into a file.

use std::borrow::Cow;

use super::super::envelope;
use super::EditError;
use super::blocks::is_prose;
use super::target::Target;

/// What a line may be of a block, however it is dressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Opener,
    Divider,
    Closer,
}

/// The refusal of a body in which an opener, a divider and a closer stand in this order, or a divider
/// and a closer begin and end it. A document that shows such blocks is left alone.
pub(super) fn find(target: Target<'_>, lines: &[&str]) -> Option<EditError> {
    if target.is_markdown() {
        return None;
    }
    let parts = lines
        .iter()
        .enumerate()
        .filter_map(|(index, line)| Some((index, part(line)?)));
    let mut wanted = Part::Opener;
    let mut first = None;
    for (index, part) in parts {
        match (wanted, part) {
            (_, Part::Opener) => {
                first = Some(index);
                wanted = Part::Divider;
            }
            (Part::Divider, Part::Divider) => wanted = Part::Closer,
            (Part::Closer, Part::Closer) => return Some(stray(lines, first?)),
            _ => {}
        }
    }
    let is_text = |line: &&str| !line.trim().is_empty();
    let begins = lines.iter().position(is_text)?;
    let ends = lines.iter().rposition(is_text)?;
    let around = (part(lines[begins]), part(lines[ends]));
    (around == (Some(Part::Divider), Some(Part::Closer))).then(|| stray(lines, begins))
}

/// How the sections of a patch envelope begin.
const SECTIONS: [&str; 3] = ["*** Update File: ", "*** Add File: ", "*** Delete File: "];

/// The refusal of a patch envelope without its first line, or behind what introduces it.
pub(super) fn of_envelope(target: Target<'_>, lines: &[&str]) -> Option<EditError> {
    if target.is_markdown() {
        return None;
    }
    let index = lines.iter().position(|line| !is_introduction(line))?;
    let line = lines[index].trim();
    let begins = envelope::begins(line) || SECTIONS.iter().any(|start| line.starts_with(start));
    begins.then(|| EditError::Unexpected {
        line: index + 1,
        text: line.to_owned(),
        expected: "a patch begins with a line `*** Begin Patch` and ends with `*** End Patch`",
    })
}

/// Whether a line may stand before an edit: a sentence, the mark of a fence, or nothing.
fn is_introduction(line: &str) -> bool {
    let text = line.trim();
    text.is_empty() || text.starts_with("```") || text.starts_with("~~~") || is_prose(text)
}

/// The refusal of a body that holds the tags of an old and a new text among other things. Only a
/// document or a text of tags does; tags of usual names begin an edit if nothing but prose stands
/// before them.
pub(super) fn of_pairs(target: Target<'_>, body: &str) -> Option<EditError> {
    const NAMES: [(&str, &str); 7] = [
        ("<old_text", "</new_text"),
        ("<old_str", "</new_str"),
        ("<oldtext>", "</newtext>"),
        ("<oldstr", "</newstr"),
        ("<search>", "</replace>"),
        ("<find>", "</replace>"),
        ("<old>", "</new>"),
    ];
    /// How many of them no other text has.
    const CLEAR: usize = 4;
    if target.is_markdown() || target.is_markup() || !body.contains('<') {
        return None;
    }
    let pair_of = |line: &str, names: &[(&str, &'static str)]| {
        let line = line.trim_start();
        let pair = names.iter().find(|(old, _)| {
            let head = line.as_bytes().get(..old.len());
            head.is_some_and(|head| head.eq_ignore_ascii_case(old.as_bytes()))
        });
        pair.map(|(_, new)| *new)
    };
    let mut lines = body.lines().enumerate();
    let clear = lines.find_map(|(index, line)| Some((index, pair_of(line, &NAMES[..CLEAR])?)));
    let (line, new) = clear.or_else(|| {
        let mut lines = body.lines().enumerate();
        let (index, line) = lines.find(|(_, line)| !is_introduction(line))?;
        Some((index, pair_of(line, &NAMES[CLEAR..])?))
    })?;
    body.to_ascii_lowercase().contains(new).then(|| EditError::Unexpected {
        line: line + 1,
        text: body.lines().nth(line).unwrap_or("").trim().to_owned(),
        expected: "write nothing but pairs of `<old_text>…</old_text><new_text>…</new_text>`, or \
                   SEARCH/REPLACE blocks; where the tags are text, write the whole text between a \
                   line `=========` and a line `>>>>>>>>> REPLACE`",
    })
}

fn stray(lines: &[&str], index: usize) -> EditError {
    EditError::StrayMarker {
        line: index + 1,
        marker: lines[index].trim().to_owned(),
    }
}

/// What a line is without what it is dressed in: quotes, comments, numbers, emphasis, entities.
fn part(line: &str) -> Option<Part> {
    const LONGEST: usize = 120;
    if line.len() > LONGEST {
        return None;
    }
    let plain = if line.contains('&') || !line.is_ascii() {
        let decoded = line.replace("&lt;", "<").replace("&gt;", ">");
        Cow::Owned(
            decoded
                .replace('＜', "<")
                .replace('＞', ">")
                .replace('＝', "="),
        )
    } else {
        Cow::Borrowed(line)
    };
    if !plain.contains(['<', '>', '=', '-', '+']) {
        return None;
    }
    let dressed = |sign: char| {
        sign.is_whitespace()
            || sign.is_ascii_digit()
            || matches!(sign, '#' | '*' | '`' | '\u{feff}')
    };
    let bare = plain.trim_matches(dressed);
    let bare = bare
        .strip_prefix("> ")
        .map_or(bare, |rest| rest.trim_matches(dressed));
    let sign = bare.chars().next()?;
    let length = bare.chars().take_while(|other| *other == sign).count();
    let behind = bare[length * sign.len_utf8()..].trim();
    // `---- Find ----` is a heading.
    if matches!(sign, '-' | '+') && behind.len() > 1 && behind.ends_with(sign) {
        return None;
    }
    let word = behind.trim_end_matches([':', sign]).trim();
    let says = |words: &[&str]| words.iter().any(|known| word.eq_ignore_ascii_case(known));
    let (searches, replaces) = (
        says(&["SEARCH", "FIND", "ORIGINAL", "OLD"]),
        says(&["REPLACE", "REPLACED", "UPDATED", "NEW"]),
    );
    match sign {
        '=' if length >= 2 && word.is_empty() => Some(Part::Divider),
        '<' | '>' | '-' | '+' if length >= 2 && searches => Some(Part::Opener),
        '<' | '>' | '-' | '+' if length >= 2 && replaces => Some(Part::Closer),
        '<' if length >= 4 && !word.contains(char::is_whitespace) => Some(Part::Opener),
        '>' if length >= 4 && !word.contains(char::is_whitespace) => Some(Part::Closer),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(body: &str) -> bool {
        let lines: Vec<&str> = body.lines().collect();
        find(Target::of(Some("a.py")), &lines).is_some()
    }

    #[test]
    fn markers_in_any_dress_are_kept_out_of_a_file() {
        for body in [
            "<<<<<<<\n    return x\n=======\n    return 1\n>>>>>>>",
            "=======\n    return 1\n>>>>>>>",
            "<<< search\na\n===\nb\n>>> replace",
            "--- SEARCH\na\n===\nb\n+++ REPLACE",
            ">>>>>>> SEARCH\na\n=======\nb\n<<<<<<< REPLACE",
            "<< SEARCH\na\n==\nb\n>> REPLACE",
            "<<<<<<<<<<<<< SEARCH\na\n=============\nb\n>>>>>>>>>>>>> REPLACE",
            "  <<<<<< HEAD\n  a\n  ======\n  b\n  >>>>>> branch",
            "&lt;&lt;&lt;&lt;&lt;&lt;&lt; SEARCH\na\n=======\nb\n&gt;&gt;&gt;&gt;&gt;&gt;&gt; REPLACE",
            "> <<<<<<< SEARCH\n> a\n> =======\n> b\n> >>>>>>> REPLACE",
            "# <<<<<<< SEARCH\na\n# =======\nb\n# >>>>>>> REPLACE",
            "1 <<<<<<< SEARCH\n2 a\n3 =======\n4 b\n5 >>>>>>> REPLACE",
            "**<<<<<<< SEARCH**\na\n**=======**\nb\n**>>>>>>> REPLACE**",
            "＜＜＜＜＜＜＜ SEARCH\na\n＝＝＝＝\nb\n＞＞＞＞＞＞＞ REPLACE",
        ] {
            assert!(found(body), "{body}");
        }
    }

    #[test]
    fn pairs_and_patches_among_other_text_are_kept_out_of_a_file() {
        let refused =
            |path: &str, body: &str| super::super::parse(Some(path), body, false).is_err();
        for body in [
            "Here it is:\n<old_text>\na\n</old_text>\n<new_text>\nb\n</new_text>",
            "<OLD_STRING>a</OLD_STRING>\n<NEW_STRING>b</NEW_STRING>\nDone.",
            "*** Update File: a.py\n@@\n-a\n+b\n*** End Patch",
            "--- a/b.py\n+++ b/b.py\n@@ -1 +1 @@\n-a\n+b",
            "diff --git a/a.py b/c.py\nrename from a.py\nrename to c.py\n--- a/a.py\n+++ b/c.py\n@@ -1 +1 @@\n-a\n+b",
        ] {
            assert!(refused("a.py", body), "{body}");
        }
        assert!(!refused(
            "a.py",
            "--- original\n+++ modified\n@@ -1 +1 @@\n-a\n+b"
        ));
        assert!(!refused(
            "src/a.py",
            "--- a/src/a.py\t2024\n+++ b/src/a.py\t2024\n@@ -1 +1 @@\n-a\n+b"
        ));
        assert!(!refused(
            "notes.md",
            "Write `<old_text>` and `</new_text>`.\n<old_text>"
        ));
    }

    #[test]
    fn pairs_and_patches_that_a_file_shows_are_text() {
        for (path, body) in [
            (
                "a.py",
                "def f():\n    \"\"\"Reads a patch:\n\n    *** Begin Patch\n    *** Update File: a.py\n    \
                 @@\n    -a\n    +b\n    *** End Patch\n    \"\"\"\n",
            ),
            (
                "a.js",
                "const fixture = `\n<find>a</find>\n<replace>b</replace>\n`;\n",
            ),
            (
                "a.yaml",
                "prompt: |\n  <old>\n  a\n  </old>\n  <new>b</new>\n",
            ),
            (
                "app.config",
                "Some words go here:\n<search>a</search>\n<replace>b</replace>\n",
            ),
        ] {
            let parsed = super::super::parse(Some(path), body, false);
            assert_eq!(parsed, Ok(None), "{body}");
        }
        for body in [
            "Here it is:\n<find>a</find>\n<replace>b</replace>\nDone so far.\nx = 1",
            "This is the patch:\n\n*** Begin Patch\n*** Update File: a.py\n@@\n-a\n+b\n*** End Patch",
        ] {
            let parsed = super::super::parse(Some("a.py"), body, false);
            assert!(parsed.is_err(), "{body}: {parsed:?}");
        }
    }

    #[test]
    fn code_and_documents_are_no_blocks() {
        for body in [
            "Title\n=====\n\n>>> print(1)\n1\n",
            "std::cout\n    << a\n    << endl;\n// ====\nx >> y;",
            "a = 1\n# ======\nb = 2\n",
            "--\nsig\n==\n++",
            "# ---- Find ----\nx\n# ==========\n# ---- Replace ----\ny",
            "template <class T>\n=\n>",
            "",
        ] {
            assert!(!found(body), "{body}");
        }
    }
}
