//! The files of a chaos's workspace. Each has lines that stay as they are and that edits hold on to.

use crate::lsp::Builder;

pub const FILES: usize = 6;
pub const ANCHORS: usize = 8;

pub fn file(n: usize) -> String {
    format!("src/part{n}.txt")
}

/// A line of a file.
pub fn anchor(n: usize, at: usize) -> String {
    format!("line {at} of part {n}\n")
}

/// Puts the files into a session's workspace.
pub fn with_files(builder: Builder) -> Builder {
    (0..FILES).fold(builder, |builder, n| {
        let lines: String = (0..ANCHORS).map(|at| anchor(n, at)).collect();
        builder.file(&file(n), &lines)
    })
}
