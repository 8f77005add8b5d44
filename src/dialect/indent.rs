//! Carries the indentation of a file over to lines written with another one.
//!
//! What is known are pairs: a line as the search half indents it, and as the file does. A
//! replacement line that is indented like a search line gets what the file has there; a deeper one
//! gets the rest of its indentation translated level by level.

/// Pairs of different depth that are looked at; real code has fewer.
const MAX_PAIRS: usize = 32;

/// Rewrites the indentation of `lines`. `pairs` holds matched lines, search half first; `level`
/// is what the file indents one level with.
pub(super) fn reindent(lines: &[&str], pairs: &[(&str, &str)], level: &str) -> Vec<String> {
    let shift = Shift::of(lines, pairs, level);
    lines.iter().map(|line| shift.line(line)).collect()
}

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

struct Shift<'t> {
    /// Indentations that belong together, one pair a search indentation.
    pairs: Vec<(&'t str, &'t str)>,
    /// One level in the search half and in the file.
    from: String,
    to: String,
}

impl<'t> Shift<'t> {
    fn of(lines: &[&'t str], matched: &[(&'t str, &'t str)], level: &str) -> Self {
        let mut pairs: Vec<(&str, &str)> = Vec::new();
        for (searched, found) in matched {
            let (searched, found) = (indent_of(searched), indent_of(found));
            if pairs.len() < MAX_PAIRS && pairs.iter().all(|(known, _)| *known != searched) {
                pairs.push((searched, found));
            }
        }
        let (from, to) = seen_step(&pairs)
            .or_else(|| told_step(&pairs))
            .or_else(|| guessed_step(lines, &pairs, level))
            .unwrap_or((String::new(), String::new()));
        Self { pairs, from, to }
    }

    fn line(&self, line: &str) -> String {
        let indent = indent_of(line);
        let inner = &line[indent.len()..];
        if inner.is_empty() {
            return line.to_owned();
        }
        self.indent(indent) + inner
    }

    fn indent(&self, indent: &str) -> String {
        let inner = self
            .pairs
            .iter()
            .filter(|(searched, _)| indent.starts_with(searched))
            .max_by_key(|(searched, _)| searched.len());
        if let Some((searched, found)) = inner {
            return [*found, &self.translate(&indent[searched.len()..])].concat();
        }
        let outer = self
            .pairs
            .iter()
            .filter(|(searched, _)| searched.starts_with(indent))
            .min_by_key(|(searched, _)| searched.len());
        if let Some((searched, found)) = outer {
            let surplus = self.translate(&searched[indent.len()..]);
            let kept = found.len().saturating_sub(surplus.len());
            return found[..kept].to_owned();
        }
        // Neither deeper nor shallower: tabs where the search half has blanks, or the reverse.
        self.pairs
            .first()
            .map_or(indent, |(_, found)| found)
            .to_owned()
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
            let written = reindent(replacement, pairs, level);
            assert_eq!(written, expected, "{replacement:?}");
        }
    }
}
