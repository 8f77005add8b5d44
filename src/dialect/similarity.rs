//! How alike two runs of lines are, for edits whose search half is nearly but not quite there.
//!
//! Every run of lines gets an upper bound first, from its bytes regardless of their order; only
//! runs that could pass are compared byte by byte, and the comparisons have a budget. When it runs
//! out nothing has been shown to be unique, so nothing matches.

use std::ops::Range;

use similar::{Algorithm, capture_diff_slices};

/// A match is at least this alike.
const ENOUGH: f64 = 0.9;

/// A match leads every other place by at least this.
const LEAD: f64 = 0.05;

/// What the comparison of two lines costs beside that of their bytes.
const COMPARISON: usize = 128;

/// Comparisons of bytes that are left for all searches of one body.
#[derive(Debug)]
pub(super) struct Budget(usize);

impl Default for Budget {
    fn default() -> Self {
        Self(16_000_000)
    }
}

impl Budget {
    fn spend(&mut self, comparisons: usize) -> Option<()> {
        let left = self.0.checked_sub(comparisons);
        self.0 = left.unwrap_or(0);
        left.map(|_| ())
    }
}

/// Places compared to find the nearest one, where none passes.
const NEAREST: usize = 8;

/// Below this, "nearest" says nothing.
const RELATED: f64 = 0.5;

/// A run of lines, 0-based, and how alike it is to the search half.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Alike {
    pub lines: Range<usize>,
    pub score: f64,
}

/// What the comparison of all places came to.
#[derive(Debug, PartialEq)]
pub(super) enum Closest {
    /// Alike enough, and clearly more than any other.
    Match(Alike),
    /// Not enough, or not clearly; worth showing.
    Near(Range<usize>),
    Nothing,
}

/// Compares `search`, trimmed lines, with every run of as many lines.
pub(super) fn closest(file: &[&str], search: &[&str], budget: &mut Budget) -> Closest {
    let mut bounds = bounds(file, search);
    bounds.sort_by(|one, other| other.best().total_cmp(&one.best()));
    let mut scorer = Scorer {
        file,
        search,
        budget,
    };
    let mut best: Option<Alike> = None;
    let mut second = 0.0_f64;
    for (count, bound) in bounds.into_iter().enumerate() {
        let matters = match &best {
            Some(best) if best.score >= ENOUGH => bound.best() > best.score - LEAD,
            _ => bound.best() >= ENOUGH,
        };
        if !matters && count >= NEAREST {
            break;
        }
        let Some(score) = scorer.score(&bound) else {
            return best.map_or(Closest::Nothing, |best| Closest::Near(best.lines));
        };
        if best.as_ref().is_none_or(|best| score > best.score) {
            second = best.map_or(0.0, |best| best.score);
            best = Some(Alike {
                lines: bound.start..bound.start + search.len(),
                score,
            });
        } else {
            second = second.max(score);
        }
    }
    match best {
        Some(best) if best.score >= ENOUGH && best.score - second >= LEAD => Closest::Match(best),
        Some(best) if best.score >= RELATED => Closest::Near(best.lines),
        _ => Closest::Nothing,
    }
}

/// What can be said of a run of lines without regard to order.
struct Bound {
    start: usize,
    /// Bytes that it has in common with the search half, in any order.
    common: usize,
    /// Bytes of both.
    total: usize,
}

impl Bound {
    /// The score if the order were the same.
    fn best(&self) -> f64 {
        ratio(self.common, self.total)
    }
}

/// The bounds of all runs as long as `search`, from a window that slides over the file.
fn bounds(file: &[&str], search: &[&str]) -> Vec<Bound> {
    let mut wanted = [0_usize; 256];
    for byte in search.iter().flat_map(|line| line.bytes()) {
        wanted[usize::from(byte)] += 1;
    }
    let mut held = [0_usize; 256];
    let mut common = 0;
    let mut total = search.iter().map(|line| line.len()).sum();
    let mut bounds = Vec::new();
    for (index, line) in file.iter().enumerate() {
        total += line.len();
        for byte in line.bytes().map(usize::from) {
            common += usize::from(held[byte] < wanted[byte]);
            held[byte] += 1;
        }
        let Some(start) = (index + 1).checked_sub(search.len()) else {
            continue;
        };
        bounds.push(Bound {
            start,
            common,
            total,
        });
        total -= file[start].len();
        for byte in file[start].bytes().map(usize::from) {
            held[byte] -= 1;
            common -= usize::from(held[byte] < wanted[byte]);
        }
    }
    bounds
}

/// Twice what two texts share over what they are, between 0 and 1.
#[expect(
    clippy::cast_precision_loss,
    reason = "texts are far shorter than 2^52 bytes"
)]
fn ratio(common: usize, total: usize) -> f64 {
    (2 * common) as f64 / total.max(1) as f64
}

struct Scorer<'t> {
    file: &'t [&'t str],
    search: &'t [&'t str],
    budget: &'t mut Budget,
}

impl Scorer<'_> {
    /// How alike a run is, line by line; `None` once the budget is spent.
    fn score(&mut self, bound: &Bound) -> Option<f64> {
        let mut common = 0;
        for (line, wanted) in self.file[bound.start..].iter().zip(self.search) {
            common += self.common(line.as_bytes(), wanted.as_bytes())?;
        }
        Some(ratio(common, bound.total))
    }

    /// The bytes that two lines have in common, in order.
    fn common(&mut self, left: &[u8], right: &[u8]) -> Option<usize> {
        if left == right {
            self.budget.spend(left.len() + 1)?;
            return Some(left.len());
        }
        self.budget.spend(left.len() * right.len() + COMPARISON)?;
        let operations = capture_diff_slices(Algorithm::Myers, left, right);
        let equal = operations.iter().filter_map(|operation| match operation {
            similar::DiffOp::Equal { len, .. } => Some(*len),
            _ => None,
        });
        Some(equal.sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_matches_where_it_is_alone() {
        let file = [
            "fn alpha(first: u32) -> u32 {",
            "first + 1",
            "}",
            "fn beta() {}",
        ];
        let search = ["fn alpha(frist: u32) -> u32 {", "first + 1"];
        let Closest::Match(found) = closest(&file, &search, &mut Budget::default()) else {
            panic!("no match");
        };
        assert_eq!(found.lines, 0..2);
        assert!(found.score > 0.9 && found.score < 1.0, "{}", found.score);
    }

    #[test]
    fn two_places_alike_match_nowhere() {
        let file = [
            "let total = count(a) + 1;",
            "x",
            "let total = count(b) + 1;",
        ];
        let search = ["let total = count(c) + 1;"];
        assert_eq!(
            closest(&file, &search, &mut Budget::default()),
            Closest::Near(0..1)
        );
    }

    #[test]
    fn something_else_is_not_near() {
        assert_eq!(
            closest(&["abc", "def"], &["0123456789"], &mut Budget::default()),
            Closest::Nothing
        );
        assert_eq!(
            closest(&["abc"], &["abc", "def"], &mut Budget::default()),
            Closest::Nothing
        );
    }
}
