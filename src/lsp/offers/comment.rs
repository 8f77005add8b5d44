//! The comments that ask for a run: where they stand in a text, and what they ask for.
//!
//! `AI: …` and `AI! …` let the model act, `AI? …` asks it. The marker begins a comment; what follows
//! it is the prompt. `ai!` and `ai?` do as well, as users of other tools type them; `ai:` does not, for
//! it is more often a key that was commented out. A marker at a comment's end, which aider takes too,
//! is not one here: there it ends sentences about AI.
//!
//! Comments that follow one another on lines of their own and look alike are one prompt, up to the next
//! marker; so a `// AI:` leaves the `///` below it alone. One behind code ends with its line. Only the
//! lines around the place that is asked about are read.

use std::borrow::Cow;
use std::ops::{Range, RangeInclusive};

use ropey::Rope;

use super::syntax::{Opening, Syntax, behind};
use crate::entries::Mode;

/// How far a comment may stand from a selection's ends to be its prompt, in lines.
const NEAR: usize = 100;

/// Lines of a comment, and of the code that it speaks of.
const LONGEST: usize = 200;

/// Characters of a line that are read; minified files have lines of megabytes.
const WIDEST: usize = 2_000;

/// Signs that only decorate: those of `///`, `/**`, `;;;`, `#!`.
const DECORATION: &[char] = &['/', '!', '*', '#', ';', '%', '-', '='];

/// A comment that asks for a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    pub mode: Mode,
    pub prompt: String,
    /// Its lines, counted from 0.
    pub lines: Range<usize>,
}

impl Comment {
    /// The comment that a line belongs to.
    pub fn at(text: &Rope, syntax: &Syntax, line: usize) -> Option<Self> {
        (line.saturating_sub(LONGEST)..=line)
            .rev()
            .find_map(|first| Self::opening_on(text, syntax, first))
            .filter(|comment| comment.lines.contains(&line))
    }

    /// The comment nearest to these lines, by where it begins: one among them, else around them; of
    /// two as near the upper one, since comments stand above their code.
    pub fn nearest(text: &Rope, syntax: &Syntax, lines: RangeInclusive<usize>) -> Option<Self> {
        let (first, last) = lines.into_inner();
        let among = first..=last.min(first + NEAR);
        let around = (1..=NEAR).flat_map(|away| [first.checked_sub(away), Some(last + away)]);
        among
            .chain(around.flatten())
            .find_map(|line| Self::opening_on(text, syntax, line))
    }

    /// The lines of the comment and of the code below it: up to the first blank line behind which the
    /// text is not indented deeper than the comment's line.
    pub fn with_code_below(&self, text: &Rope) -> Range<usize> {
        let depth = line_of(text, self.lines.start).map_or(0, |line| indent(&line));
        let mut end = self.lines.end;
        for below in self.lines.end..self.lines.start + LONGEST {
            let Some(line) = line_of(text, below) else {
                break;
            };
            if line.trim().is_empty() {
                continue;
            }
            let is_behind_a_gap = below > end;
            if is_behind_a_gap && indent(&line) <= depth {
                break;
            }
            end = below + 1;
        }
        self.lines.start..end
    }

    fn opening_on(text: &Rope, syntax: &Syntax, line: usize) -> Option<Self> {
        let content = line_of(text, line)?;
        syntax
            .openings(&content)
            .into_iter()
            .find_map(|opening| match opening.closer {
                Some(closer) => Self::block(text, line, opening, closer),
                None => Self::run_of_lines(text, line, opening),
            })
    }

    /// A comment that ends with its line, and those below it.
    fn run_of_lines(text: &Rope, line: usize, opening: Opening<'_>) -> Option<Self> {
        let (signs, first) = undecorated(opening.rest);
        let (mode, first) = marked(first)?;
        let mut prompt = vec![first.to_owned()];
        for below in line + 1..line + LONGEST {
            let Some(content) = line_of(text, below).filter(|_| opening.leads) else {
                break;
            };
            match behind(opening.opener, content.trim_start()).map(undecorated) {
                Some((alike, more)) if alike == signs && marked(more).is_none() => {
                    prompt.push(more.to_owned());
                }
                _ => break,
            }
        }
        Self::asking(mode, &prompt.join("\n"), line..line + prompt.len())
    }

    /// A comment with an end of its own. One that is not closed is none; of one that asks for nothing
    /// only the first words are read.
    fn block(text: &Rope, line: usize, opening: Opening<'_>, closer: &str) -> Option<Self> {
        let mut mode = None;
        let mut prompt = Vec::new();
        let mut rest = Cow::Borrowed(opening.rest);
        for below in line + 1..=line + LONGEST {
            let end = rest.find(closer);
            let mut inside = rest[..end.unwrap_or(rest.len())].trim();
            if prompt.is_empty() {
                (_, inside) = undecorated(inside);
            } else if opening.opener.ends_with('*') {
                inside = inside.trim_start_matches('*').trim();
            }
            if mode.is_none() && !inside.is_empty() {
                let (asked, first) = marked(inside)?;
                mode = Some(asked);
                inside = first;
            }
            prompt.push(inside.to_owned());
            if end.is_some() {
                return Self::asking(mode?, &prompt.join("\n"), line..line + prompt.len());
            }
            rest = Cow::Owned(line_of(text, below)?);
        }
        None
    }

    fn asking(mode: Mode, prompt: &str, lines: Range<usize>) -> Option<Self> {
        let prompt = prompt.trim().to_owned();
        (!prompt.is_empty()).then_some(Self {
            mode,
            prompt,
            lines,
        })
    }
}

/// What a comment's marker asks for, and the text behind it. Code that was commented out, such as
/// `AI::new()` or `AI?.run()`, has no marker: a blank or a word follows one.
fn marked(comment: &str) -> Option<(Mode, &str)> {
    let (word, rest) = comment.split_at_checked(2)?;
    let (mode, any_case) = match rest.chars().next()? {
        ':' => (Mode::Act, false),
        '!' => (Mode::Act, true),
        '?' => (Mode::Ask, true),
        _ => return None,
    };
    let is_marker = word == "AI" || (any_case && word.eq_ignore_ascii_case("AI"));
    let prompt = &rest[1..];
    let follows = |next: char| next.is_whitespace() || next.is_alphanumeric();
    let fits = prompt.is_empty() || prompt.starts_with(follows);
    (is_marker && fits).then_some((mode, prompt.trim()))
}

/// The signs that a comment is decorated with, and its text.
fn undecorated(comment: &str) -> (&str, &str) {
    let text = comment.trim_start_matches(DECORATION);
    let (signs, text) = comment.split_at(comment.len() - text.len());
    (signs, text.trim())
}

fn indent(line: &str) -> usize {
    line.chars().take_while(|c| c.is_whitespace()).count()
}

/// A line of the text, as far as it is read; none behind the last.
fn line_of(text: &Rope, line: usize) -> Option<String> {
    let line = text.get_line(line)?;
    Some(line.slice(..line.len_chars().min(WIDEST)).to_string())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;

    /// What the first line of a text asks for, where it asks.
    fn asked(language: &str, file: &str, text: &str) -> Option<(Mode, String)> {
        let syntax = Syntax::of(language, Path::new(file));
        let comment = Comment::at(&Rope::from_str(text), syntax, 0)?;
        Some((comment.mode, comment.prompt))
    }

    /// Languages, a line that asks for "go", and one that looks as if it did.
    const LINES: &[(&str, &str, &str)] = &[
        ("ada", "x := 1; -- AI: go", "x := \"-- AI: go\";"),
        ("asm", "\tmov eax, 1 ; AI: go", "msg db \"; AI: go\""),
        ("bat", "REM AI: go", "REMOVE AI: go"),
        ("bat", ":: AI: go", "echo :: AI: go"),
        (
            "c",
            "int x; /* AI: go */ int y;",
            "char *s = \"/* AI: go */\";",
        ),
        ("clojure", "(inc 'x) ;; AI: go", "(str \"; AI: go\")"),
        ("cmake", "#[[ AI: go ]]", "set(X \"# AI: go\")"),
        ("cobol", "      * AI: go", "           MULTIPLY A * AI: go"),
        ("coffeescript", "### AI: go ###", "a = '# AI: go'"),
        ("cpp", "//! AI: go", "auto s = \"// AI: go\";"),
        ("csharp", "/// AI: go", "var u = \"http://AI: go\";"),
        (
            "css",
            "/* AI: go */",
            "a { background: url(http://AI: go) }",
        ),
        ("d", "/+ AI: go +/", "auto s = `// AI: go`;"),
        ("dart", "f(); // AI: go", "var s = '// AI: go';"),
        ("dockerfile", "# AI: go", "RUN echo \"# AI: go\""),
        ("elixir", "x |> f() # AI: go", "\"#{AI: go}\""),
        ("elm", "{- AI: go -}", "s = \"-- AI: go\""),
        ("emacs-lisp", ";; AI: go", "(message \"; AI: go\")"),
        ("erb", "<%-- AI: go --%>", "<%= \"AI: go\" %>"),
        ("erlang", "%% AI: go", "io:format(\"% AI: go\")."),
        ("fortran", "x = 1 ! AI: go", "print *, '! AI: go'"),
        ("fortranfixedform", "C AI: go", "CALL AI: go"),
        ("fsharp", "(* AI: go *)", "let s = \"(* AI: go *)\""),
        ("go", "x := 1 // AI: go", "x := `// AI: go`"),
        ("groovy", "// AI: go", "def s = '// AI: go'"),
        ("handlebars", "{{!-- AI: go --}}", "{{AI: go}}"),
        ("haskell", "f' x' = x' -- AI: go", "s = \"-- AI: go\""),
        (
            "html",
            "<p>don't</p> <!-- AI: go -->",
            "<a href=http://AI: go>",
        ),
        ("ini", "; AI: go", "url = http;AI: go"),
        ("java", "/** AI: go */", "String s = \"// AI: go\";"),
        ("javascript", "// AI: go", "const s = `// AI: go`;"),
        ("javascriptreact", "{/* AI: go */}", "<p>'// AI: go'</p>"),
        ("jinja", "{# AI: go #}", "{{ AI: go }}"),
        ("jsonc", "\"a\": 1, // AI: go", "\"a\": \"// AI: go\""),
        ("julia", "y = x' #= AI: go =#", "s = \"#= AI: go =#\""),
        ("kotlin", "// AI: go", "val s = \"// AI: go\""),
        ("latex", "don't % AI: go", "50\\% AI: go"),
        ("less", "// AI: go", "@u: 'http://AI: go';"),
        ("lua", "--[[ AI: go ]]", "s = '-- AI: go'"),
        ("lua", "--- AI: go", "s = \"--[[ AI: go ]]\""),
        ("m4", "dnl AI: go", "dnlx AI: go"),
        ("makefile", "# AI: go", "\t@echo '# AI: go'"),
        ("markdown", "<!-- AI: go -->", "# AI: go"),
        ("matlab", "y = x'; % AI: go", "s = \"% AI: go\";"),
        ("nim", "#[ AI: go ]#", "echo \"# AI: go\""),
        ("nix", "# AI: go", "s = \"# AI: go\";"),
        ("objective-c", "// AI: go", "NSString *s = @\"// AI: go\";"),
        (
            "ocaml",
            "let x' = 1 (* AI: go *)",
            "let s = \"(* AI: go *)\"",
        ),
        ("pascal", "{ AI: go }", "s := '{ AI: go }';"),
        ("perl", "# AI: go", "print '# AI: go';"),
        ("php", "# AI: go", "$s = '// AI: go';"),
        ("powershell", "<# AI: go #>", "echo '# AI: go'"),
        ("prolog", "% AI: go", "x('% AI: go')."),
        ("properties", "! AI: go", "a = ! AI: go"),
        ("python", "x = 'a' # AI: go", "x = 'a # AI: go'"),
        ("python", "\"\"\" AI: go \"\"\"", "x = \"\"\"AI: go\"\"\""),
        ("r", "# AI: go", "x <- \"# AI: go\""),
        ("razor", "@* AI: go *@", "@AI: go"),
        ("ruby", "# AI: go", "s = '# AI: go'"),
        (
            "rust",
            "fn f<'a>(x: &'a str) {} // AI: go",
            "let s = \"// AI: go\";",
        ),
        ("scala", "val x = 'a // AI: go", "val s = \"// AI: go\""),
        ("scheme", "#| AI: go |#", "\"#| AI: go |#\""),
        ("scss", "// AI: go", "$u: \"http://AI: go\";"),
        ("shellscript", "echo $# # AI: go", "echo ${x#AI: go}"),
        ("solidity", "// AI: go", "string s = \"// AI: go\";"),
        ("sql", "SELECT 1 -- AI: go", "SELECT '-- AI: go'"),
        ("svelte", "<!-- AI: go -->", "<a href=\"http://AI: go\">"),
        ("swift", "/* AI: go */", "let s = \"/* AI: go */\""),
        ("tcl", "# AI: go", "puts \"# AI: go\""),
        ("terraform", "# AI: go", "x = \"# AI: go\""),
        ("toml", "a = 1 # AI: go", "a = \"# AI: go\""),
        ("typescript", "f(/* AI: go */)", "const s = '/* AI: go */';"),
        ("vb", "x = 1 ' AI: go", "s = \"' AI: go\""),
        ("vb", "Rem AI: go", "Remark AI: go"),
        ("verilog", "x = 4'b0; // AI: go", "s = \"// AI: go\";"),
        ("vhdl", "x <= '1'; -- AI: go", "s <= \"-- AI: go\";"),
        ("vim", "\" AI: go", "let s = \" AI: go\""),
        ("vue", "<!-- AI: go -->", "<p>AI: go</p>"),
        ("xml", "<!-- AI: go -->", "<a b=\"AI: go\"/>"),
        ("yaml", "a: 1 # AI: go", "a: b#AI: go"),
        ("zig", "// AI: go", "const s = \"// AI: go\";"),
    ];

    #[test]
    fn every_language_asks_in_its_own_comments() {
        let go = Some((Mode::Act, "go".to_owned()));
        for (language, asks, only_looks_so) in LINES {
            assert_eq!(asked(language, "", asks), go, "{language}: {asks}");
            let none = asked(language, "", only_looks_so);
            assert_eq!(none, None, "{language}: {only_looks_so}");
        }
    }

    #[test]
    fn a_language_is_known_by_its_file_where_the_client_does_not_say() {
        let table = [
            ("plaintext", "src/main.rs", "// AI: go", true),
            ("", "a.PY", "# AI: go", true),
            ("", "Makefile", "# AI: go", true),
            ("", "CMakeLists.txt", "#[[ AI: go ]]", true),
            ("", ".gitignore", "# AI: go", true),
            ("Python", "a.rs", "# AI: go", true),
            ("rust", "a.py", "# AI: go", false),
            // Nothing is known: the commonest comments are.
            ("", "notes", "# AI: go", true),
            ("plaintext", "notes.txt", "-- AI: go", true),
        ];
        for (language, file, text, asks) in table {
            let found = asked(language, file, text).is_some();
            assert_eq!(found, asks, "{language:?} {file}: {text}");
        }
    }

    #[test]
    fn a_marker_begins_its_comment() {
        let act = |prompt: &str| Some((Mode::Act, prompt.to_owned()));
        let ask = |prompt: &str| Some((Mode::Ask, prompt.to_owned()));
        let table = [
            ("// AI: go", act("go")),
            ("//AI:go", act("go")),
            ("// AI! go now!", act("go now!")),
            ("// AI? why 2?", ask("why 2?")),
            ("// ai! go", act("go")),
            ("// ai? why", ask("why")),
            ("/* one */ f(); // AI: go", act("go")),
            ("// aé", None),
            // A key, code, and prose.
            ("// ai: true", None),
            ("// AI::new()", None),
            ("// AI?.run()", None),
            ("// AI != null", None),
            ("// AIX: go", None),
            ("// see AI: go", None),
            ("// this was made by AI!", None),
            ("// AI", None),
            // Nothing is asked for.
            ("// AI:", None),
            ("/* AI? */", None),
            // Not closed.
            ("/* AI: go", None),
        ];
        for (text, expected) in table {
            assert_eq!(asked("c", "", text), expected, "{text}");
        }
    }

    #[test]
    fn a_prompt_ends_with_its_comment() {
        let table = [
            ("// AI: one\n// two\ncode", "one\ntwo", 2),
            ("  // AI: one\r\n\t//\r\n  // two\r\n", "one\n\ntwo", 3),
            ("// AI: one\n/// A thing's page.\ncode", "one", 1),
            ("/// AI: one\n/// two\n//////", "one\ntwo", 2),
            ("// AI:\n// one\n// AI? two\n", "one", 2),
            ("code(); // AI: one\n// two\n", "one", 1),
            ("/**\n * AI: one\n *\n * two\n */\ncode", "one\n\ntwo", 5),
            ("/* AI: one\n   two */ code(); // AI: three", "one\ntwo", 2),
            ("/* AI: one */ /* two */\n", "one", 1),
        ];
        for (text, prompt, lines) in table {
            let syntax = Syntax::of("c", Path::new(""));
            let comment = Comment::at(&Rope::from_str(text), syntax, 0);
            let expected = Comment {
                mode: Mode::Act,
                prompt: prompt.to_owned(),
                lines: 0..lines,
            };
            assert_eq!(comment, Some(expected), "{text:?}");
        }
    }

    #[test]
    fn every_line_of_a_comment_is_its_own_and_no_other() {
        let text = Rope::from_str("code();\n/*\n * AI: one\n */\ncode();\n// AI? two\n// more\n");
        let syntax = Syntax::of("c", Path::new(""));
        let prompts: Vec<Option<String>> = (0..8)
            .map(|line| Some(Comment::at(&text, syntax, line)?.prompt))
            .collect();
        let (one, two) = (Some("one".to_owned()), Some("two\nmore".to_owned()));
        let expected = [&None, &one, &one, &one, &None, &two, &two, &None];
        assert_eq!(prompts.iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn the_nearest_comment_is_among_the_lines_or_around_them() {
        let far = "code();\n".repeat(NEAR);
        let table = [
            ("// AI: a\ncode();\ncode();\n// AI: b\n", 1..=1, Some("a")),
            ("// AI: a\ncode();\ncode();\n// AI: b\n", 2..=2, Some("b")),
            ("// AI: a\ncode();\n// AI: b\n", 1..=1, Some("a")),
            ("// AI: a\ncode();\n// AI: b\n", 1..=2, Some("b")),
            ("code();\n", 0..=0, None),
            (&format!("// AI: a\n{far}"), NEAR..=NEAR, Some("a")),
            (&format!("// AI: a\n{far}"), NEAR + 1..=NEAR + 1, None),
        ];
        for (text, lines, prompt) in table {
            let syntax = Syntax::of("c", Path::new(""));
            let found = Comment::nearest(&Rope::from_str(text), syntax, lines.clone());
            let found = found.map(|comment| comment.prompt);
            assert_eq!(found.as_deref(), prompt, "{lines:?} of {text:?}");
        }
    }

    #[test]
    fn a_comment_speaks_of_the_block_below_it() {
        let table = [
            ("# AI: go\ndef f():\n    a\n\n    b\n\ndef g():\n", 5),
            ("# AI: go\n\ndef f():\n", 1),
            ("# AI: go\na\nb\n\nc\n", 3),
            ("    a # AI: go\n    b\n\n  c\n", 2),
            ("# AI: go", 1),
        ];
        for (text, end) in table {
            let text = Rope::from_str(text);
            let syntax = Syntax::of("python", Path::new(""));
            let comment = Comment::at(&text, syntax, 0).unwrap();
            assert_eq!(comment.with_code_below(&text), 0..end, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_comment_is_found_at_each_of_its_lines_and_lies_in_the_text(
            text in r#"(AI[:!?] ?| |\n|\r\n|a|é|😀|/\*+|\*/|//|#|"|'|--|\[\[|\]\]|\(\*|\*\)|\{|\}|=begin|rem|<!--|-->){0,40}"#,
            language in prop::sample::select(LINES).prop_map(|(language, ..)| language),
        ) {
            let syntax = Syntax::of(language, Path::new(""));
            let text = Rope::from_str(&text);
            for line in 0..text.len_lines() {
                let Some(comment) = Comment::at(&text, syntax, line) else {
                    continue;
                };
                prop_assert!(!comment.prompt.is_empty());
                prop_assert!(comment.lines.contains(&line));
                let with_code = comment.with_code_below(&text);
                prop_assert!(with_code.end >= comment.lines.end);
                prop_assert!(with_code.end <= text.len_lines());
                prop_assert_eq!(with_code.start, comment.lines.start);
                let nearest = Comment::nearest(&text, syntax, line..=line);
                prop_assert!(nearest.is_some());
            }
        }
    }
}
