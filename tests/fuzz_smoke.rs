//! The checks of the fuzz targets on the stable toolchain: on every seed, and on seeds that were
//! cut and put together anew by a generator of fixed numbers. `tests/fuzz/README.md` says how the
//! real fuzzer is run.

#![allow(clippy::unwrap_used, reason = "a helper that fails, fails the test")]

#[path = "fuzz/checks.rs"]
mod checks;

use std::fs;
use std::path::Path;

use rummy_lsp::dialect;

/// Inputs a target, beside the seeds.
fn inputs() -> usize {
    if std::env::var_os("RUMMY_SLOW").is_some() {
        200_000
    } else {
        2_000
    }
}

/// Longest input in bytes.
const MAX_INPUT: usize = 8 << 10;

#[test]
fn any_answer_is_scanned() {
    run("scanner", checks::scanner);
}

#[test]
fn any_body_is_edits_or_a_text_or_refused() {
    run("edits", checks::edits);
}

#[test]
fn any_edits_on_any_file_are_applied_or_refused() {
    run("apply", checks::apply_edits);
}

#[test]
fn any_pattern_matches_or_is_refused() {
    run("patterns", checks::patterns);
}

fn run(target: &str, check: fn(&str)) {
    let seeds = seeds(target);
    assert!(seeds.len() > 5, "{target} has no seeds");
    let mut numbers = Numbers(0x5eed);
    let mixed = (0..inputs()).map(|_| numbers.mixture(&seeds));
    for input in seeds.iter().cloned().chain(mixed) {
        let passes = std::panic::catch_unwind(|| check(&input)).is_ok();
        assert!(passes, "the check of {target} fails for {input:?}");
    }
}

fn seeds(target: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fuzz/corpus")
        .join(target);
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    let read = |path| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
    files.iter().map(read).collect()
}

/// A generator of numbers that are the same every time (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let number = (mixed ^ (mixed >> 31)) % (below.max(1) as u64);
        usize::try_from(number).unwrap()
    }

    /// Pieces of seeds one after the other, some of them several times.
    fn mixture(&mut self, seeds: &[String]) -> String {
        let mut text = seeds[self.next(seeds.len())].clone();
        for _ in 0..=self.next(4) {
            let other: &str = &seeds[self.next(seeds.len())];
            let (from, to) = (self.place(other), self.place(other));
            let piece = other[from.min(to)..from.max(to)].repeat(1 + self.next(3));
            let (from, to) = (self.place(&text), self.place(&text));
            // Half of the time in between, else instead of what stands there.
            let end = if self.next(2) == 0 {
                from
            } else {
                from.max(to)
            };
            text.replace_range(from..end, &piece);
            text.truncate(boundary(&text, MAX_INPUT.min(text.len())));
        }
        text
    }

    fn place(&mut self, text: &str) -> usize {
        boundary(text, self.next(text.len() + 1))
    }
}

/// The place between two characters at `at` or before it.
fn boundary(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
