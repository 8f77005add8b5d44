//! Which command lines run without asking, and which never do. Patterns are over the whole line; `*` is
//! any text and `?` any one character, and nothing else in them is special.
//!
//! **Allow errs on asking.** What a shell may take as the end of one command and the beginning of
//! another, as a redirection, a substitution or a comment has to stand in the pattern itself: neither
//! `*` nor `?` matches it.
//!
//! **Deny errs on refusing.** A pattern is looked for at every word of the line and of each command in
//! it, with and without quotes and backslashes, whatever stands before: `rm *` denies `sudo rm x`,
//! `cd a && rm x`, `sh -c 'rm x'`, `/bin/rm x`; and `git rm x` too. What a shell only computes when it
//! runs (`$X`, an alias, a script's text) cannot be told, and is asked about like any line.

use regex::Regex;

use crate::config::Commands;

/// What the lists say of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ruling<'c> {
    /// By this pattern.
    Denied(&'c str),
    Allowed,
    /// The user is asked.
    Asked,
}

/// Looks a line up. Deny beats allow.
pub fn ruling<'c>(commands: &'c Commands, line: &str) -> Ruling<'c> {
    if let Some(pattern) = commands.deny.iter().find(|pattern| denies(pattern, line)) {
        return Ruling::Denied(pattern);
    }
    if commands.allow.iter().any(|pattern| allows(pattern, line)) {
        return Ruling::Allowed;
    }
    Ruling::Asked
}

/// What a wild card of an allowed pattern may stand for: neither a control character other than the tab
/// nor what begins something else in a shell.
const HARMLESS: &str = r"[^;&|<>$(`#\x00-\x08\x0a-\x1f\x7f]";

/// What separates the commands of a line, as far as a denied one is looked for.
const SEPARATORS: &[char] = &[';', '&', '|', '<', '>', '(', ')', '{', '}', '`', '\n', '\r'];

fn allows(pattern: &str, line: &str) -> bool {
    let pattern = expression(pattern.trim(), HARMLESS, |c| regex::escape(&c.to_string()));
    // One that is too large for the engine allows nothing.
    Regex::new(&format!(r"\A{pattern}\z")).is_ok_and(|pattern| pattern.is_match(line))
}

fn denies(pattern: &str, line: &str) -> bool {
    let pattern = pattern.split_whitespace().collect::<Vec<_>>().join(" ");
    let pattern = expression(&pattern, r"[\s\S]", |c| match c {
        ' ' => r"\s+".to_owned(),
        c => regex::escape(&c.to_string()),
    });
    // A blank before a closing `*` may be missing with what follows it: `rm *` is `rm`, too.
    let pattern = match pattern.strip_suffix(r"\s+[\s\S]*") {
        Some(command) => format!(r"{command}(?:\s[\s\S]*)?"),
        None => pattern,
    };
    let Ok(pattern) = Regex::new(&format!(r"(?:\A|[\s/]){pattern}\s*\z")) else {
        // One that is too large for the engine denies everything, so that its author notices.
        return true;
    };
    let bare: String = line.chars().filter(|c| !"'\"\\".contains(*c)).collect();
    [line, &bare].iter().any(|text| {
        let mut parts = text.split(SEPARATORS);
        pattern.is_match(text) || parts.any(|part| pattern.is_match(part))
    })
}

/// A pattern as a regular expression in which `wild` stands for one character.
fn expression(pattern: &str, wild: &str, literal: impl Fn(char) -> String) -> String {
    pattern
        .chars()
        .map(|c| match c {
            '*' => format!("{wild}*"),
            '?' => wild.to_owned(),
            c => literal(c),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ruled(allow: &[&str], deny: &[&str], line: &str) -> String {
        let list = |patterns: &[&str]| patterns.iter().map(|p| (*p).to_owned()).collect();
        let commands = Commands {
            allow: list(allow),
            deny: list(deny),
            ..Commands::default()
        };
        match ruling(&commands, line) {
            Ruling::Denied(pattern) => format!("denied by {pattern}"),
            Ruling::Allowed => "allowed".to_owned(),
            Ruling::Asked => "asked".to_owned(),
        }
    }

    #[test]
    fn an_allowed_pattern_is_over_the_whole_line() {
        for (pattern, line, expected) in [
            ("cargo test", "cargo test", true),
            ("cargo test", "cargo test --lib", false),
            ("cargo test*", "cargo test --lib a::b", true),
            ("cargo test *", "cargo test", false),
            ("cargo test", " cargo test", false),
            (" cargo test ", "cargo test", true),
            ("cargo test", "sudo cargo test", false),
            ("cargo ?est", "cargo test", true),
            ("cargo ?est", "cargo est", false),
            ("*", "ls -l /tmp", true),
            ("ls *", "ls a/b/c.txt", true),
            ("ls [ab]", "ls a", false),
            ("ls [ab]", "ls [ab]", true),
            ("ls {a,b}", "ls a", false),
            ("ls *", "ls ~", true),
            ("ls *", "ls {a,b}", true),
            ("ls *", "ls 'a b' \"c\" d\\ e", true),
            ("ls *", "ls\ta", false),
            ("ls*", "ls\ta", true),
            ("LS", "ls", false),
            ("", "ls", false),
        ] {
            assert_eq!(allows(pattern, line), expected, "{pattern:?} {line:?}");
        }
    }

    #[test]
    fn what_begins_something_else_in_a_shell_is_allowed_only_where_the_pattern_has_it() {
        for line in [
            "git log ; rm -rf x",
            "git log; rm -rf x",
            "git log & rm -rf x",
            "git log && rm -rf x",
            "git log || rm -rf x",
            "git log | sh",
            "git log > x",
            "git log >> x",
            "git log 2>&1",
            "git log < x",
            "git log $X",
            "git log ${X}",
            "git log $(rm x)",
            "git log <(rm x)",
            "git log (x)",
            "git log `rm x`",
            "git log \"$(rm x)\"",
            "git log\nrm x",
            "git log \\\n rm x",
            "git log\rrm x",
            "git log \u{b} x",
            "git log # x",
            "git log \\; x",
            "git log ';'",
        ] {
            assert_eq!(ruled(&["git log*"], &[], line), "asked", "{line:?}");
        }
        for (pattern, line, expected) in [
            ("cd * && ls", "cd a && ls", "allowed"),
            ("cd * && ls", "cd a && rm && ls", "asked"),
            ("cd * && ls", "cd a; rm x && ls", "asked"),
            ("* | head*", "git log | head -3", "allowed"),
            ("* | head*", "git log | sh | head -3", "asked"),
            ("rm * --dry-run", "rm -rf / # --dry-run", "asked"),
            ("echo $HOME", "echo $HOME", "allowed"),
            ("echo ?HOME", "echo $HOME", "asked"),
            ("a\nb", "a\nb", "allowed"),
        ] {
            assert_eq!(ruled(&[pattern], &[], line), expected, "{pattern} {line:?}");
        }
    }

    #[test]
    fn a_denied_command_is_found_wherever_it_may_begin() {
        for line in [
            "rm x",
            "rm",
            "rm  -rf   x",
            " rm x",
            "rm\tx",
            "rm\nx",
            "ls; rm x",
            "ls;rm x",
            "ls && rm x",
            "ls&&rm x",
            "ls || rm x",
            "ls | rm x",
            "ls & rm x",
            "ls\nrm x",
            "rm x; ls",
            "rm x && ls",
            "rm x > y",
            "(rm x)",
            "{ rm x; }",
            "echo $(rm x)",
            "echo `rm x`",
            "sudo rm x",
            "A=b rm x",
            "env -i rm x",
            "command rm x",
            "if true; then rm x; fi",
            "find . -exec rm x",
            "xargs rm",
            "/bin/rm x",
            "../rm x",
            "\\rm x",
            "'rm' x",
            "\"rm\" x",
            "r''m x",
            "sh -c 'rm x'",
            "sh -c \"ls; rm x\"",
            "git rm x",
        ] {
            let found = ruled(&["*"], &["rm *"], line);
            assert_eq!(found, "denied by rm *", "{line:?}");
        }
        for line in ["rmdir x", "ls rm-it", "alarm x", "echo farm x", "rm$X y"] {
            assert_ne!(ruled(&["*"], &["rm *"], line), "denied by rm *", "{line:?}");
        }
    }

    #[test]
    fn a_denied_pattern_may_itself_be_of_several_commands_or_exact() {
        for (pattern, line, expected) in [
            ("curl * | sh", "curl x | sh", true),
            ("curl * | sh", "cd a && curl x  |  sh", true),
            ("curl * | sh", "curl x | shuf", false),
            ("git push", "git push", true),
            ("git push", "git  push ", true),
            ("git push", "git push --force", false),
            ("git push*", "git push --force", true),
            ("git push *--force*", "git push origin --force x", true),
            ("*secret*", "cat a/secret.txt", true),
            ("rm -rf /", "rm -rf / && ls", true),
            ("rm -rf /", "rm -rf /tmp", false),
        ] {
            assert_eq!(denies(pattern, line), expected, "{pattern:?} {line:?}");
        }
    }
}
