//! `rummy-lsp parse`: what is understood of a model's answer, as JSON Lines, and with `--apply`
//! what its changes do to the files of a folder. For whoever wonders why a model is not understood.
//!
//! What is printed is said in [`report`], what is changed in [`apply`].

mod apply;
mod report;

use std::fs;
use std::io::{self, Read as _, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::dialect::scan;
use crate::workspace::{Root, RootError};

const OUTPUT: &str = "\
Prints one JSON object a line: first the commands in the order in which they were written, then
what was forgiven, then the text outside of the commands, if there is any.

  {\"command\": {\"name\": \"set\", \"path\": \"a.rs\", \"edits\": [{\"search\": \"old\", \"replace\": \"new\", \"kind\": \"search_replace\"}]}}
  {\"command\": {\"name\": \"get\", \"path\": \"known://*\", \"filter\": \"auth\", \"line\": 3}}
  {\"advisory\": {\"message\": \"…\", \"line\": 4, \"column\": 1}}
  {\"unparsed\": \"…\"}

The fields of a command are the attributes of its tag; what was not written is left out. A number or
status that is none is printed as the text that was written. A `set` has a `body`, which becomes the
whole text, or `edits`, where a search of null stands for the whole text, or an `error`: marks of an
edit that cannot be read. Without them only what is known about the entry is changed.

With --apply, a line follows for each set, rm, mv and cp on a file:

  {\"applied\": {\"path\": \"a.rs\", \"match\": \"similar\", \"score\": 0.94}}
  {\"refused\": {\"path\": \"b.rs\", \"reason\": \"…\", \"nearest\": [{\"line\": 7, \"text\": \"…\"}]}}

`match` is how the edits were found, the worst of them: inserted (where a line number says), exact,
within_line, expression (of a sed command), blank_insensitive, reindented, typographic (but for
quotes and dashes), unnumbered, unescaped, similar; or what was done: whole (the text was replaced),
created, removed, moved, copied. Each command is carried out whole or not at all, and the next one
sees what it left.
Commands on entries that are no files (known://…), those with `preview` and those that change no
file are passed over. Nothing outside of DIR is read or changed.

Exit code: 0; 1 if a change was refused; 2 if the command line is wrong or something cannot be read.";

/// Shows what is understood of a model's answer.
#[derive(Debug, clap::Args)]
#[command(after_long_help = OUTPUT, after_help = "See --help for what is printed.")]
pub struct Options {
    /// The answer; without it, or where it is `-`, standard input is read
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Carry out the changes to files in DIR
    #[arg(long, value_name = "DIR")]
    apply: Option<PathBuf>,
    /// Read at most N commands
    #[arg(long, value_name = "N", default_value_t = 99)]
    max_commands: usize,
}

#[derive(Debug, thiserror::Error)]
pub enum ParseError {
    #[error("{name} cannot be read: {source}")]
    Input { name: String, source: io::Error },
    #[error("{name} is not UTF-8 text")]
    NotUtf8 { name: String },
    #[error("--apply: {0}")]
    Folder(#[from] RootError),
    #[error("the output cannot be written: {0}")]
    Output(#[from] io::Error),
}

/// Exit code of a command line that could not be carried out; clap's own is the same.
pub const UNUSABLE: u8 = 2;

/// Prints what the answer holds; with `--apply`, changes the files too.
pub fn run(options: &Options, out: &mut dyn Write) -> Result<ExitCode, ParseError> {
    let root = options.apply.as_deref().map(Root::open).transpose()?;
    let answer = read(options.file.as_deref())?;
    let scan = scan(&answer, options.max_commands);
    for line in report::lines(&scan) {
        writeln!(out, "{line}")?;
    }
    let mut code = ExitCode::SUCCESS;
    if let Some(root) = root {
        for command in &scan.commands {
            let Some((path, outcome)) = apply::carry_out(&root, command) else {
                continue;
            };
            if outcome.is_err() {
                code = ExitCode::from(1);
            }
            writeln!(out, "{}", report::outcome(path, &outcome))?;
        }
    }
    out.flush()?;
    Ok(code)
}

fn read(file: Option<&Path>) -> Result<String, ParseError> {
    let (name, bytes) = match file {
        Some(path) if path != Path::new("-") => (path.display().to_string(), fs::read(path)),
        _ => {
            let mut bytes = Vec::new();
            let read = io::stdin().lock().read_to_end(&mut bytes);
            ("standard input".to_owned(), read.map(|_| bytes))
        }
    };
    match bytes.map(String::from_utf8) {
        Ok(Ok(text)) => Ok(text),
        Ok(Err(_)) => Err(ParseError::NotUtf8 { name }),
        Err(source) => Err(ParseError::Input { name, source }),
    }
}
