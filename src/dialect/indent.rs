//! Carries the indentation of a file over to lines written with another one.
//!
//! What is known are pairs: a line as the search half indents it, and as the file does. A
//! replacement line that is indented like a search line gets what the file has there; a deeper one
//! gets the rest of its indentation translated level by level. Where the pairs contradict each
//! other, nothing is known.

/// Pairs of different depth that are looked at; real code has fewer.
const MAX_PAIRS: usize = 32;

/// The blanks that `line` begins with.
pub(super) fn indent_of(line: &str) -> &str {
    let inner = line.trim_start_matches([' ', '\t']);
    &line[..line.len() - inner.len()]
}

/// What a file indents one level with: a tab where its first indented line has one, else the
/// smallest indentation of two blanks or more.
pub(super) fn level_of<'t>(lines: impl Iterator<Item = &'t str>) -> &'t str {
    let mut smallest = "";
    for line in lines.filter(|line| !line.trim().is_empty()) {
        let indent = indent_of(line);
        if smallest.is_empty() && indent.starts_with('\t') {
            return &indent[..1];
        }
        if indent.len() > 1 && (smallest.is_empty() || indent.len() < smallest.len()) {
            smallest = indent;
        }
    }
    smallest
}

/// What is known of two indentations that belong together.
pub(super) struct Shift<'t> {
    /// Indentations that belong together, one pair a search indentation; `None` where the file has
    /// several for it.
    pairs: Vec<(&'t str, Option<&'t str>)>,
    /// One level in the search half and in the file.
    from: String,
    to: String,
    /// Whether every pair can be had from every other, level by level.
    regular: bool,
}

impl<'t> Shift<'t> {
    /// `lines` are to be indented anew. `matched` holds indentations, that of the search half
    /// first; `level` is what the file indents one level with.
    pub(super) fn of(lines: &[&str], matched: &[(&'t str, &'t str)], level: &str) -> Self {
        let mut pairs: Vec<(&str, Option<&str>)> = Vec::new();
        for (searched, found) in matched {
            let room = pairs.len() < MAX_PAIRS;
            let known = pairs.iter_mut().find(|(known, _)| known == searched);
            match known {
                Some((_, known)) => *known = known.filter(|known| known == found),
                None if room => pairs.push((searched, Some(found))),
                None => {}
            }
        }
        let sure: Vec<(&str, &str)> = pairs
            .iter()
            .filter_map(|(searched, found)| Some((*searched, (*found)?)))
            .collect();
        let (from, to) = seen_step(&sure)
            .or_else(|| told_step(&sure))
            .or_else(|| guessed_step(lines, &sure, level))
            .unwrap_or((String::new(), String::new()));
        let mut shift = Self {
            pairs,
            from,
            to,
            regular: true,
        };
        shift.regular = shift.is_regular(&sure);
        shift
    }

    fn is_regular(&self, pairs: &[(&str, &str)]) -> bool {
        pairs.iter().all(|(outer, outer_found)| {
            pairs.iter().all(|(inner, inner_found)| {
                inner.strip_prefix(outer).is_none_or(|deeper| {
                    inner_found.strip_prefix(outer_found) == Some(self.translate(deeper).as_str())
                })
            })
        })
    }

    /// What the file has for an indentation of the replacement; `None` if nothing tells.
    pub(super) fn indent(&self, indent: &str) -> Option<String> {
        let inner = self
            .pairs
            .iter()
            .filter(|(searched, _)| indent.starts_with(searched))
            .max_by_key(|(searched, _)| searched.len());
        if let Some((searched, found)) = inner {
            let deeper = self.translate(&indent[searched.len()..]);
            let is_known = deeper.is_empty() || self.regular;
            return is_known.then(|| Some([(*found)?, &deeper].concat()))?;
        }
        let (searched, found) = self
            .pairs
            .iter()
            .filter(|(searched, _)| searched.starts_with(indent))
            .min_by_key(|(searched, _)| searched.len())?;
        let surplus = self.translate(&searched[indent.len()..]);
        let kept = found.filter(|_| self.regular)?.strip_suffix(&surplus)?;
        Some(kept.to_owned())
    }

    fn translate(&self, mut blanks: &str) -> String {
        let mut translated = String::new();
        while !self.from.is_empty()
            && let Some(rest) = blanks.strip_prefix(self.from.as_str())
        {
            translated.push_str(&self.to);
            blanks = rest;
        }
        translated + blanks
    }
}

/// One level, where two pairs show it.
fn seen_step(pairs: &[(&str, &str)]) -> Option<(String, String)> {
    let mut best: Option<(&str, &str)> = None;
    for (outer, outer_found) in pairs {
        for (inner, inner_found) in pairs {
            if let Some(from) = inner.strip_prefix(outer)
                && let Some(to) = inner_found.strip_prefix(outer_found)
                && !from.is_empty()
                && !to.is_empty()
                && best.is_none_or(|(known, _)| from.len() < known.len())
            {
                best = Some((from, to));
            }
        }
    }
    best.map(|(from, to)| (from.to_owned(), to.to_owned()))
}

/// One level, where a pair sets tabs against blanks and the widths divide.
fn told_step(pairs: &[(&str, &str)]) -> Option<(String, String)> {
    pairs.iter().find_map(|(searched, found)| {
        let width = |blanks: &str, tabs: &str| {
            let mixed = blanks.contains('\t') || tabs.contains(' ');
            let divides = !tabs.is_empty() && blanks.len().is_multiple_of(tabs.len());
            (!mixed && divides && !blanks.is_empty()).then(|| blanks.len() / tabs.len())
        };
        if let Some(width) = width(searched, found) {
            return Some((" ".repeat(width), "\t".to_owned()));
        }
        width(found, searched).map(|width| ("\t".to_owned(), " ".repeat(width)))
    })
}

/// One level, where only the replacement shows how it indents and only the file how it does.
fn guessed_step(lines: &[&str], pairs: &[(&str, &str)], level: &str) -> Option<(String, String)> {
    let step = lines
        .iter()
        .filter(|line| !line.trim().is_empty())
        .flat_map(|line| {
            pairs
                .iter()
                .map(|(base, _)| indent_of(line).strip_prefix(base))
        })
        .flatten()
        .filter(|step| !step.is_empty())
        .min_by_key(|step| step.len())?;
    let from = if step.starts_with('\t') { "\t" } else { step };
    let differs = from.contains('\t') != level.contains('\t');
    (differs && !level.is_empty()).then(|| (from.to_owned(), level.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_indentation_of_the_file_is_carried_over() {
        for (replacement, pairs, level, expected) in [
            // deeper by a constant
            (
                &["b", "  c"][..],
                &[("a", "    a")][..],
                "    ",
                &["    b", "      c"][..],
            ),
            // blanks to tabs, the step seen in two pairs
            (
                &["if x {", "    y", "        z", "}"],
                &[("if x {", "\tif x {"), ("    y", "\t\ty")],
                "\t",
                &["\tif x {", "\t\ty", "\t\t\tz", "\t}"],
            ),
            // blanks to tabs, the step told by one pair
            (
                &["    a", "        b"],
                &[("    a", "\ta")],
                "\t",
                &["\ta", "\t\tb"],
            ),
            // the step guessed from the file
            (&["a", "  b"], &[("a", "\ta")], "\t", &["\ta", "\t\tb"]),
            (&["a", "\tb"], &[("a", "  a")], "  ", &["  a", "    b"]),
            // shallower than anything searched for
            (
                &["a", "    b"],
                &[("    b", "        b")],
                "    ",
                &["    a", "        b"],
            ),
            // blank lines stay as they are
            (&["a", "", "b"], &[("a", "  a")], "  ", &["  a", "", "  b"]),
            // two columns to four
            (
                &["a", "  b", "    c"],
                &[("a", "a"), ("  b", "    b")],
                "    ",
                &["a", "    b", "        c"],
            ),
        ] {
            let indents: Vec<(&str, &str)> = pairs
                .iter()
                .map(|(searched, found)| (indent_of(searched), indent_of(found)))
                .collect();
            let shift = Shift::of(replacement, &indents, level);
            let line = |line: &&str| match line.trim() {
                "" => String::new(),
                inner => shift.indent(indent_of(line)).unwrap() + inner,
            };
            let written: Vec<String> = replacement.iter().map(line).collect();
            assert_eq!(written, expected, "{replacement:?}");
        }
    }
}
