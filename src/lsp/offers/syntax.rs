//! How languages write comments: the table, and where comments open on a line. No parser: a line is
//! read by itself, with as much of strings as keeps most of what only looks like a comment out.

use std::path::Path;

/// How a language writes comments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Syntax {
    /// Openers of comments that end with their line. One that ends in a letter is a word: a blank
    /// follows it, and its case does not matter.
    lines: &'static [&'static str],
    /// Openers and closers.
    blocks: &'static [(&'static str, &'static str)],
    /// As `lines`, for openers that mean something else behind code.
    leading_lines: &'static [&'static str],
    leading_blocks: &'static [(&'static str, &'static str)],
    /// What strings are written in, as far as they can be told by their quotes.
    quotes: &'static str,
}

/// Where a comment opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opening<'l> {
    pub opener: &'static str,
    /// None: the comment ends with its line.
    pub closer: Option<&'static str>,
    /// The rest of the line behind the opener.
    pub rest: &'l str,
    /// Whether nothing but blanks stands before it.
    pub leads: bool,
}

/// Behind these, and behind a blank, a comment may open. So `http://`, `\%` and `$#` open none.
const BEFORE: &str = ";,()[]{}>";

const NONE: Syntax = Syntax {
    lines: &[],
    blocks: &[],
    leading_lines: &[],
    leading_blocks: &[],
    quotes: "\"",
};

const ANY_QUOTE: &str = "\"'`";
const SLASH_STAR: (&str, &str) = ("/*", "*/");
const PAREN_STAR: (&str, &str) = ("(*", "*)");
const MARKUP: (&str, &str) = ("<!--", "-->");

const SLASHES: Syntax = Syntax {
    lines: &["//"],
    blocks: &[SLASH_STAR],
    quotes: ANY_QUOTE,
    ..NONE
};
const HASH: Syntax = Syntax {
    lines: &["#"],
    quotes: ANY_QUOTE,
    ..NONE
};
const DASHES: Syntax = Syntax {
    lines: &["--"],
    ..NONE
};

/// For texts of a language that is not in the table.
const UNKNOWN: Syntax = Syntax {
    lines: &["//", "#", "--", ";", "%"],
    blocks: &[SLASH_STAR, MARKUP],
    quotes: ANY_QUOTE,
    ..NONE
};

/// Names in lower case, and the syntax that goes with them. A name is an editor's word for the
/// language (VS Code's, Vim's, Emacs'), a file's extension, or a whole file name. Where two languages
/// share an extension the commoner one has it.
const LANGUAGES: &[(&str, Syntax)] = &[
    (
        "c h cpp c++ cc cxx hpp hh hxx ino objective-c objc objective-cpp objcpp m mm cuda \
         cuda-cpp cu cuh java javascript js mjs cjs javascriptreact jsx typescript ts mts cts \
         typescriptreact tsx go kotlin kt kts groovy gradle jenkinsfile dart csharp cs c# zig \
         proto proto3 solidity sol glsl hlsl wgsl scss sass less stylus styl json jsonc json5 \
         haxe hx vala apex actionscript as odin pkl bicep prisma typst typ cue gleam pug jade \
         qml",
        SLASHES,
    ),
    (
        "rust rs swift scala sc sbt verilog v vh systemverilog sv svh",
        SLASHES.quotes("\""),
    ),
    ("css", SLASHES.lines(&[])),
    ("d", SLASHES.blocks(&[SLASH_STAR, ("/+", "+/")])),
    (
        "php phtml terraform tf tfvars hcl nix jsonnet libsonnet thrift dot graphviz",
        SLASHES.lines(&["//", "#"]),
    ),
    (
        "shellscript sh bash zsh ksh csh tcsh fish yaml yml toml r make makefile gnumakefile \
         mk dockerfile containerfile awk tcl elixir ex exs crystal cr gdscript gd just \
         justfile starlark bazel bzl build puppet conf cfg nginx gitignore ignore gitcommit \
         git-commit git-rebase dotenv env meson ninja robot gnuplot raku po org",
        HASH,
    ),
    (
        "python py pyi pyw mojo graphql gql",
        HASH.leading_blocks(&[("\"\"\"", "\"\"\""), ("'''", "'''")]),
    ),
    (
        "ruby rb rake gemspec ru gemfile rakefile vagrantfile podfile",
        HASH.leading_blocks(&[("=begin", "=end")]),
    ),
    (
        "perl pl pm t",
        HASH.leading_blocks(&[("=begin", "=cut"), ("=pod", "=cut")]),
    ),
    ("julia jl", HASH.blocks(&[("#=", "=#")]).quotes("\"")),
    ("nim nims nimble", HASH.blocks(&[("#[", "]#")]).quotes("\"")),
    ("powershell ps1 psm1 psd1", HASH.blocks(&[("<#", "#>")])),
    ("cmake cmakelists.txt", HASH.blocks(&[("#[[", "]]")])),
    ("coffeescript coffee", HASH.blocks(&[("###", "###")])),
    ("properties jproperties", HASH.leading_lines(&["!"])),
    (
        "ini dosini editorconfig gitconfig systemd service inf reg",
        HASH.lines(&[";", "#"]),
    ),
    (
        "sql mysql pgsql plsql psql sqlite",
        NONE.lines(&["--", "#"])
            .blocks(&[SLASH_STAR])
            .quotes(ANY_QUOTE),
    ),
    (
        "haskell hs lhs elm purescript purs idris idr agda dhall",
        DASHES.blocks(&[("{-", "-}")]),
    ),
    (
        "lua luau",
        DASHES
            .blocks(&[("--[[", "]]"), ("--[=[", "]=]")])
            .quotes("\"'"),
    ),
    ("ada adb ads vhdl vhd eiffel", DASHES.blocks(&[SLASH_STAR])),
    ("lean lean4", DASHES.blocks(&[("/-", "-/")])),
    (
        "applescript scpt",
        DASHES.lines(&["--", "#"]).blocks(&[PAREN_STAR]),
    ),
    (
        "lisp commonlisp cl lsp emacs-lisp elisp el scheme scm ss racket rkt clojure clj cljs \
         cljc edn fennel fnl wat",
        NONE.lines(&[";"]).blocks(&[("#|", "|#")]),
    ),
    (
        "asm nasm masm gas s llvm ll autohotkey ahk",
        NONE.lines(&[";", "#", "//", "@"]).blocks(&[SLASH_STAR]),
    ),
    (
        "tex latex plaintex bibtex bib sty cls",
        NONE.lines(&["%"])
            .leading_blocks(&[("\\begin{comment}", "\\end{comment}")])
            .quotes(""),
    ),
    ("erlang erl hrl", NONE.lines(&["%"]).quotes("\"'")),
    (
        "matlab octave",
        NONE.lines(&["%", "#"]).leading_blocks(&[("%{", "%}")]),
    ),
    (
        "prolog",
        NONE.lines(&["%"]).blocks(&[SLASH_STAR]).quotes("\"'"),
    ),
    (
        "vb vbnet vbs vba bas visual-basic",
        NONE.lines(&["'"]).leading_lines(&["rem"]),
    ),
    ("vim vimrc", NONE.leading_lines(&["\"", "#"])),
    (
        "fortran fortranfreeform fortran-modern f90 f95 f03 f08",
        NONE.lines(&["!"]).quotes("\"'"),
    ),
    (
        "fortranfixedform fortran_fixed-form f for f77",
        NONE.lines(&["!"]).leading_lines(&["*", "c"]).quotes("\"'"),
    ),
    (
        "cobol cob cbl cpy",
        NONE.lines(&["*>"]).leading_lines(&["*"]).quotes("\"'"),
    ),
    (
        "bat dosbatch cmd",
        NONE.leading_lines(&["rem", "@rem", "::"]),
    ),
    ("m4 ac", NONE.lines(&["dnl", "#"])),
    ("ocaml ml mli sml coq", NONE.blocks(&[PAREN_STAR])),
    (
        "fsharp fs fsi fsx",
        NONE.lines(&["//"]).blocks(&[PAREN_STAR]),
    ),
    (
        "pascal objectpascal delphi pas pp dpr lpr",
        NONE.lines(&["//"])
            .blocks(&[("{", "}"), PAREN_STAR])
            .quotes("'"),
    ),
    ("sas stata do", SLASHES.leading_lines(&["*"])),
    (
        "abap",
        NONE.lines(&["\""]).leading_lines(&["*"]).quotes("'`"),
    ),
    (
        "xml svg xsl xslt xsd xaml plist markdown md",
        NONE.blocks(&[MARKUP]).quotes(""),
    ),
    (
        "html htm xhtml vue svelte astro mdx",
        NONE.lines(&["//"]).blocks(&[MARKUP, SLASH_STAR]).quotes(""),
    ),
    (
        "jinja jinja-html jinja2 j2 django-html htmldjango twig njk",
        NONE.blocks(&[("{#", "#}"), MARKUP]).quotes(""),
    ),
    (
        "erb eruby jsp aspx heex eelixir eex phoenix-heex",
        NONE.blocks(&[("<%--", "--%>"), ("<%!--", "--%>"), ("<%#", "%>"), MARKUP])
            .quotes(""),
    ),
    (
        "handlebars hbs mustache",
        NONE.blocks(&[("{{!--", "--}}"), ("{{!", "}}"), MARKUP])
            .quotes(""),
    ),
    ("blade", NONE.blocks(&[("{{--", "--}}"), MARKUP]).quotes("")),
    (
        "razor aspnetcorerazor cshtml",
        NONE.lines(&["//"])
            .blocks(&[("@*", "*@"), MARKUP, SLASH_STAR]),
    ),
];

impl Syntax {
    const fn lines(self, lines: &'static [&'static str]) -> Self {
        Self { lines, ..self }
    }

    const fn blocks(self, blocks: &'static [(&'static str, &'static str)]) -> Self {
        Self { blocks, ..self }
    }

    const fn leading_lines(self, leading_lines: &'static [&'static str]) -> Self {
        Self {
            leading_lines,
            ..self
        }
    }

    const fn leading_blocks(self, leading_blocks: &'static [(&'static str, &'static str)]) -> Self {
        Self {
            leading_blocks,
            ..self
        }
    }

    const fn quotes(self, quotes: &'static str) -> Self {
        Self { quotes, ..self }
    }

    /// The syntax of a document, by its language as the client names it, else by its file's name.
    pub fn of(language: &str, file: &Path) -> &'static Self {
        let names = [
            Some(language.to_lowercase()),
            lower(file.extension()),
            lower(file.file_name()),
        ];
        names
            .iter()
            .flatten()
            .find_map(|name| Self::named(name.trim_start_matches('.')))
            .unwrap_or(&UNKNOWN)
    }

    fn named(name: &str) -> Option<&'static Self> {
        LANGUAGES
            .iter()
            .find(|(names, _)| names.split(' ').any(|known| known == name))
            .map(|(_, syntax)| syntax)
    }

    /// The comments that open on a line, in order. A quote without its like on the line begins no
    /// string: it is an apostrophe, or the string goes on behind the line.
    pub fn openings<'l>(&self, line: &'l str) -> Vec<Opening<'l>> {
        let start = line.len() - line.trim_start().len();
        let mut found = Vec::new();
        let mut at = start;
        while let Some(character) = line[at..].chars().next() {
            let Some(opening) = self.opening(line, at, at == start) else {
                at += self.string(&line[at..]).unwrap_or(character.len_utf8());
                continue;
            };
            found.push(opening);
            let closed = opening
                .closer
                .and_then(|closer| Some(opening.rest.find(closer)? + closer.len()));
            match closed {
                Some(length) => at = line.len() - opening.rest.len() + length,
                None => break,
            }
        }
        found
    }

    fn opening<'l>(&self, line: &'l str, at: usize, leads: bool) -> Option<Opening<'l>> {
        let may_open = |before: char| before.is_whitespace() || BEFORE.contains(before);
        if !leads && !line[..at].ends_with(may_open) {
            return None;
        }
        let leading = if leads { *self } else { NONE };
        // A block's opener may begin with a line's.
        let blocks = leading.leading_blocks.iter().chain(self.blocks);
        let blocks = blocks.map(|(opener, closer)| (*opener, Some(*closer)));
        let lines = leading.leading_lines.iter().chain(self.lines);
        let lines = lines.map(|opener| (*opener, None));
        blocks.chain(lines).find_map(|(opener, closer)| {
            let rest = behind(opener, &line[at..])?;
            Some(Opening {
                opener,
                closer,
                rest,
                leads,
            })
        })
    }

    /// The length of the string that the text begins with.
    fn string(&self, text: &str) -> Option<usize> {
        let mut characters = text.char_indices();
        let (_, quote) = characters.next()?;
        if !self.quotes.contains(quote) {
            return None;
        }
        while let Some((at, character)) = characters.next() {
            if character == '\\' {
                characters.next();
            } else if character == quote {
                return Some(at + quote.len_utf8());
            }
        }
        None
    }
}

/// What stands behind a comment's opener, where the text begins with it.
pub fn behind<'t>(opener: &str, text: &'t str) -> Option<&'t str> {
    if !opener.ends_with(char::is_alphabetic) {
        return text.strip_prefix(opener);
    }
    let (word, rest) = text.split_at_checked(opener.len())?;
    let is_word = word.eq_ignore_ascii_case(opener);
    (is_word && !rest.starts_with(|next: char| !next.is_whitespace())).then_some(rest)
}

fn lower(name: Option<&std::ffi::OsStr>) -> Option<String> {
    Some(name?.to_string_lossy().to_lowercase())
}
