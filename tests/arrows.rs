//! The arrows between the crate's modules point down only. Sources are read as text, tests among
//! them, so a use counts wherever it stands: in a `use`, in a path, in a macro.

#![allow(
    clippy::expect_used,
    reason = "a helper that cannot do its work fails the test"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;

/// Each module, from the top, and the modules that it may use. `lib.rs` and `main.rs` stand above
/// them all.
const ARROWS: [(&str, &[&str]); 10] = [
    (
        "cli",
        &[
            "lsp",
            "agent",
            "plugins",
            "store",
            "config",
            "dialect",
            "entries",
            "llm",
            "workspace",
        ],
    ),
    (
        "lsp",
        &[
            "agent",
            "plugins",
            "store",
            "config",
            "dialect",
            "entries",
            "llm",
            "workspace",
        ],
    ),
    (
        "agent",
        &[
            "plugins",
            "store",
            "config",
            "dialect",
            "entries",
            "llm",
            "workspace",
        ],
    ),
    (
        "plugins",
        &["store", "config", "dialect", "entries", "llm", "workspace"],
    ),
    ("store", &["dialect", "entries"]),
    ("config", &["entries", "llm"]),
    ("dialect", &[]),
    ("entries", &[]),
    ("llm", &[]),
    ("workspace", &[]),
];

#[test]
fn no_module_uses_one_that_it_may_not_use() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = sources(&root.join("src"));
    assert!(
        files.len() > ARROWS.len(),
        "only {} sources were found",
        files.len()
    );
    let mut wrong = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).expect("a source can be read");
        let name = file.strip_prefix(root).expect("it lies in the project");
        wrong.extend(wrong_uses(name, &text));
    }
    assert!(
        wrong.is_empty(),
        "arrows that point up:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn a_planted_upward_arrow_is_found_wherever_it_stands() {
    let planted = r##"
//! Not a use: crate::agent, see [`crate::lsp`].
use crate::entries::Entry;
use crate::agent::Supervisor;
use crate::{
    dialect::{self, scan},
    lsp::{self, types},
};
const TEXT: &str = "crate::agent"; // crate::agent
const RAW: &str = r#"" crate::agent "#;
fn f<'a>(quote: char) -> bool { quote == '"' && super::super::config::ok() && super::leases::ok() }
pub(crate) fn g() -> $crate::plugins::Tool { self::agent::x() }
#[cfg(test)]
mod tests {
    use super::super::mod_rs_is_our_own;
    use super::super::super::workspace;
}
use crate::*;
"##;
    assert_eq!(
        wrong_uses(Path::new("src/store/runs.rs"), planted),
        [
            "src/store/runs.rs:4: store may not use agent",
            "src/store/runs.rs:7: store may not use lsp",
            "src/store/runs.rs:11: store may not use config",
            "src/store/runs.rs:12: store may not use plugins",
            "src/store/runs.rs:16: store may not use workspace",
            "src/store/runs.rs:18: store may not use *",
        ]
    );
    assert_eq!(
        wrong_uses(Path::new("src/entries/mod.rs"), "use super::config;"),
        ["src/entries/mod.rs:1: entries may not use config"]
    );
    assert_eq!(
        wrong_uses(Path::new("src/extra.rs"), ""),
        ["src/extra.rs:1: extra has no place among the arrows"]
    );
}

/// All `.rs` files under a folder, in a stable order.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder can be read");
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry can be read").path())
        .collect();
    paths.sort();
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// What a source under `src/` uses and may not use, a line each.
fn wrong_uses(file: &Path, text: &str) -> Vec<String> {
    let mut module = module_of(file);
    let Some(own) = module.first().cloned() else {
        return Vec::new();
    };
    let at = |line: usize, what: String| format!("{}:{line}: {own} {what}", file.display());
    let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == own) else {
        return vec![at(1, "has no place among the arrows".to_owned())];
    };
    let tokens = tokens(text);
    let mut wrong = Vec::new();
    // The depth of braces, and the depths at which inline modules begin.
    let (mut depth, mut inline) = (0, Vec::new());
    for (index, token) in tokens.iter().enumerate() {
        match token.text {
            "{" => depth += 1,
            "}" => {
                depth -= 1;
                if inline.last() == Some(&depth) {
                    inline.pop();
                    module.pop();
                }
            }
            "mod" if text_at(&tokens, index + 2) == "{" => {
                inline.push(depth);
                module.push(text_at(&tokens, index + 1).to_owned());
            }
            "crate" | "super" if index == 0 || text_at(&tokens, index - 1) != "::" => {
                for used in used_of_root(&tokens, index, module.len()) {
                    if used.text != own && !allowed.contains(&used.text) {
                        wrong.push(at(used.line, format!("may not use {}", used.text)));
                    }
                }
            }
            _ => {}
        }
    }
    wrong
}

/// The module that a file is, from the crate's root; empty for the root itself.
fn module_of(file: &Path) -> Vec<String> {
    let inside = file.strip_prefix("src").expect("it lies in src");
    let stem = inside.with_extension("");
    let mut module: Vec<String> = stem
        .iter()
        .map(|part| part.to_string_lossy().into_owned())
        .collect();
    let last = module.last().map(String::as_str);
    if last == Some("mod") || (module.len() == 1 && matches!(last, Some("lib" | "main"))) {
        module.pop();
    }
    module
}

/// The names that a path takes from the crate's root, where it begins at `index` in a module
/// `depth` levels deep; none where the path does not get as far up.
fn used_of_root<'s>(tokens: &[Token<'s>], index: usize, depth: usize) -> Vec<Token<'s>> {
    let mut at = index;
    let mut level = if tokens[at].text == "crate" {
        0
    } else {
        depth - 1
    };
    while level > 0 && text_at(tokens, at + 1) == "::" && text_at(tokens, at + 2) == "super" {
        at += 2;
        level -= 1;
    }
    if level > 0 || text_at(tokens, at + 1) != "::" {
        return Vec::new();
    }
    let first = &tokens[at + 2..];
    if first.first().is_none_or(|token| token.text != "{") {
        return first.first().copied().into_iter().collect();
    }
    let mut nested = 0;
    let mut names = Vec::new();
    for pair in first.windows(2) {
        match pair[0].text {
            "{" => nested += 1,
            "}" => nested -= 1,
            _ => {}
        }
        if nested == 0 {
            break;
        }
        if nested == 1 && matches!(pair[0].text, "{" | ",") && pair[1].text != "}" {
            names.push(pair[1]);
        }
    }
    names
}

/// A word, `::` or another sign.
#[derive(Clone, Copy)]
struct Token<'s> {
    text: &'s str,
    /// From 1.
    line: usize,
}

fn text_at<'s>(tokens: &[Token<'s>], index: usize) -> &'s str {
    tokens.get(index).map_or("", |token| token.text)
}

/// The tokens of a source, without comments, literals of text and lifetimes.
fn tokens(source: &str) -> Vec<Token<'_>> {
    static TOKEN: LazyLock<Regex> = LazyLock::new(|| {
        let pattern = r#"(?sx)
            //[^\n]* | /\*.*?\*/                                # comments
            | b?r"[^"]*" | b?r\#".*?"\# | b?r\#\#".*?"\#\#     # raw strings
            | [bc]?"(?:\\.|[^"\\])*"                           # strings
            | b?'(?:\\.[^']*|[^'\\])' | '\w+                   # characters, lifetimes
            | \w+ | :: | \S
        "#;
        Regex::new(pattern).expect("the pattern is well-formed")
    });
    let (mut line, mut counted) = (1, 0);
    let mut tokens = Vec::new();
    for found in TOKEN.find_iter(source) {
        line += source[counted..found.start()].matches('\n').count();
        counted = found.start();
        let text = found.as_str();
        let is_code =
            !text.starts_with("//") && !text.starts_with("/*") && !text.contains(['"', '\'']);
        if is_code {
            tokens.push(Token { text, line });
        }
    }
    tokens
}
