//! Which of several matches an edit means, from what it says of its place. A number is only a
//! hint: models count badly, and the lines of a hunk decide where it belongs. So a number settles
//! a tie only where it is right or nearly so, and nothing else is near.

use super::indent::indent_of;
use super::locate::Spot;

/// A match this many lines off is near.
const NEAR: usize = 8;

/// Every other match is more than this many times as far off.
const CLEARER: usize = 4;

/// What an edit says of its place.
#[derive(Debug, Default, Clone)]
pub(super) struct Narrow<'e> {
    /// Where the first line should be, 0-based, and how far off the hunk before this one was.
    pub line: Option<(usize, isize)>,
    /// Lines that stand before the place.
    pub under: &'e [String],
    /// Whether the place is the end of the text.
    pub at_end: bool,
}

impl Narrow<'_> {
    pub(super) const fn says_nothing(&self) -> bool {
        self.line.is_none() && self.under.is_empty() && !self.at_end
    }

    /// The one of `places`, which are several, that is meant.
    pub(super) fn choose(&self, places: &[Spot], file: &[&str]) -> Option<usize> {
        if self.at_end {
            let end = file
                .iter()
                .rposition(|line| !line.trim().is_empty())
                .map_or(0, |last| last + 1);
            return only(places, |spot| spot.lines.end >= end);
        }
        if !self.under.is_empty()
            && let Some((start, end)) = self.scope(file)
        {
            return only(places, |spot| {
                spot.lines.start >= start && spot.lines.end <= end
            });
        }
        let (line, drift) = self.line?;
        let nearest = nearest(places, line)?;
        let drifted = line.saturating_add_signed(drift);
        (drift == 0 || self::nearest(places, drifted) == Some(nearest)).then_some(nearest)
    }

    /// The lines that belong to the last of the lines in `under`: those behind it, up to one that
    /// is indented no deeper and is more than a bracket. Each of the lines must be unique behind
    /// the one before it.
    fn scope(&self, file: &[&str]) -> Option<(usize, usize)> {
        let (mut start, mut end) = (0, file.len());
        for header in self.under {
            let header = header.trim();
            let is_header = |line: &&str| line.trim().starts_with(header);
            let at = start + file[start..end].iter().position(is_header)?;
            if file[at + 1..end]
                .iter()
                .copied()
                .any(|line| is_header(&line))
            {
                return None;
            }
            let depth = indent_of(file[at]).len();
            let is_next = |line: &&str| {
                line.trim_start()
                    .starts_with(|sign: char| !"{}()[]".contains(sign))
                    && indent_of(line).len() <= depth
            };
            start = at;
            let next = file[at + 1..end].iter().position(is_next);
            end = next.map_or(end, |next| at + 1 + next);
        }
        Some((start, end))
    }
}

fn only(places: &[Spot], fits: impl Fn(&Spot) -> bool) -> Option<usize> {
    let mut fitting = (0..places.len()).filter(|index| fits(&places[*index]));
    let first = fitting.next()?;
    fitting.next().is_none().then_some(first)
}

/// The match near to `line` that no other is nearly as near to.
fn nearest(places: &[Spot], line: usize) -> Option<usize> {
    let distance = |index: &usize| places[*index].lines.start.abs_diff(line);
    let best = (0..places.len()).min_by_key(distance)?;
    let off = distance(&best);
    let is_alone = (0..places.len())
        .filter(|index| *index != best)
        .all(|index| distance(&index) > CLEARER * off);
    (off <= NEAR && is_alone).then_some(best)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_settles_a_tie_only_where_it_is_right_or_nearly_so() {
        for (starts, line, drift, expected) in [
            (&[3, 9][..], 9, 0, Some(1)),
            (&[3, 9], 8, 0, Some(1)),
            (&[3, 9], 7, 0, None),
            (&[3, 9], 6, 0, None),
            (&[3, 90], 9, 0, Some(0)),
            (&[3, 90], 30, 0, None),
            // The hunk before was six lines off: the number says one, its error the other.
            (&[3, 9], 3, 6, None),
            (&[3, 90], 3, 1, Some(0)),
        ] {
            let places: Vec<Spot> = starts
                .iter()
                .map(|start| Spot {
                    lines: *start..start + 1,
                    within: None,
                })
                .collect();
            let narrow = Narrow {
                line: Some((line, drift)),
                ..Narrow::default()
            };
            assert_eq!(narrow.choose(&places, &[]), expected, "{starts:?} {line}");
        }
    }
}
