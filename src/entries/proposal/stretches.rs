//! The lines that two texts share, as the patience diff of [`similar`] finds them, in a fraction of its
//! time: lines are numbered once, and between neighbours that are both unique there is nothing to do.

use std::collections::HashMap;
use std::convert::Infallible;

use similar::DiffOp;
use similar::algorithms::{Capture, Compact, DiffHook, NoFinishHook, Replace, myers};

/// Lines that two texts share: the first one's number in the old text and in the new one, and how many.
pub(super) type Stretch = (usize, usize, usize);

/// The stretches of lines that two texts share, in their order.
pub(super) fn stretches<'t>(
    old: impl Iterator<Item = &'t str>,
    new: impl Iterator<Item = &'t str>,
) -> Vec<Stretch> {
    let mut numbers: HashMap<&str, usize> = HashMap::with_capacity(old.size_hint().0);
    let mut number = |line| {
        let next = numbers.len();
        *numbers.entry(line).or_insert(next)
    };
    let old: Vec<usize> = old.map(&mut number).collect();
    let new: Vec<usize> = new.map(&mut number).collect();
    let mut found = Compact::new(Replace::new(Capture::new()), &old[..], &new[..]);
    let Ok(()) = patience(&mut found, &old, &new, numbers.len());
    let ops = found.into_inner().into_inner().into_ops();
    ops.into_iter().filter_map(equal).collect()
}

const fn equal(op: DiffOp) -> Option<Stretch> {
    match op {
        DiffOp::Equal {
            old_index,
            new_index,
            len,
        } => Some((old_index, new_index, len)),
        _ => None,
    }
}

/// Bram Cohen's patience diff: the lines that are unique in either text are compared first, and then
/// what lies between those that were found in both. `kinds` is how many different lines there are.
fn patience(
    found: &mut impl DiffHook<Error = Infallible>,
    old: &[usize],
    new: &[usize],
    kinds: usize,
) -> Result<(), Infallible> {
    let (old_unique, new_unique) = (unique(old, kinds), unique(new, kinds));
    let (mut at, mut new_at) = (0, 0);
    for (first, new_first, count) in anchors(old, &old_unique, new, &new_unique)? {
        for step in 0..count {
            let (anchor, new_anchor) = (old_unique[first + step], new_unique[new_first + step]);
            let (start, new_start) = (at, new_at);
            while at < anchor && new_at < new_anchor && old[at] == new[new_at] {
                (at, new_at) = (at + 1, new_at + 1);
            }
            if at > start {
                found.equal(start, new_start, at - start)?;
            }
            if at < anchor || new_at < new_anchor {
                let mut gap = NoFinishHook::new(&mut *found);
                myers::diff(&mut gap, old, at..anchor, new, new_at..new_anchor)?;
            }
            (at, new_at) = (anchor, new_anchor);
        }
    }
    myers::diff(found, old, at..old.len(), new, new_at..new.len())
}

/// Where the lines stand that occur once.
fn unique(lines: &[usize], kinds: usize) -> Vec<usize> {
    let mut counts = vec![0_usize; kinds];
    for line in lines {
        counts[*line] += 1;
    }
    let is_unique = |at: &usize| counts[lines[*at]] == 1;
    (0..lines.len()).filter(is_unique).collect()
}

/// The stretches that two rows of unique lines share.
fn anchors(
    old: &[usize],
    old_unique: &[usize],
    new: &[usize],
    new_unique: &[usize],
) -> Result<Vec<Stretch>, Infallible> {
    let of = |lines: &[usize], at: &[usize]| at.iter().map(|at| lines[*at]).collect();
    let (old, new): (Vec<usize>, Vec<usize>) = (of(old, old_unique), of(new, new_unique));
    let mut shared = Replace::new(Shared(Vec::new()));
    myers::diff(&mut shared, &old, 0..old.len(), &new, 0..new.len())?;
    Ok(shared.into_inner().0)
}

/// Notes what is equal, and nothing else.
struct Shared(Vec<Stretch>);

impl DiffHook for Shared {
    type Error = Infallible;

    fn equal(&mut self, old: usize, new: usize, count: usize) -> Result<(), Infallible> {
        self.0.push((old, new, count));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use similar::{Algorithm, capture_diff_slices};

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn what_two_texts_share_is_what_the_library_finds(
            old in prop::collection::vec("[a-h]\n", 0..24),
            new in prop::option::of(prop::collection::vec("[a-i]\n", 0..24)),
            changes in prop::collection::vec((any::<usize>(), prop::option::of("[a-i]\n")), 0..4),
        ) {
            // Another text altogether, or the old one with a few changes.
            let mut new = new.unwrap_or_else(|| old.clone());
            for (at, line) in changes {
                let at = at % (new.len() + 1);
                match line {
                    Some(line) => new.insert(at, line),
                    None if at < new.len() => drop(new.remove(at)),
                    None => {}
                }
            }
            let theirs = capture_diff_slices(Algorithm::Patience, &old, &new);
            let theirs: Vec<Stretch> = theirs.into_iter().filter_map(equal).collect();
            let ours = stretches(old.iter().map(String::as_str), new.iter().map(String::as_str));
            prop_assert_eq!(ours, theirs);
        }
    }
}
