//! The table that is printed, and what in it is over its limit.

use std::fmt::Write as _;
use std::time::Duration;

#[derive(Default)]
pub struct Table {
    pub text: String,
    /// What is over its limit: the row, and its figure.
    pub failures: Vec<(String, String)>,
}

/// What a figure may be.
#[derive(Clone, Copy)]
pub enum Limit {
    AtMost(f64),
    AtLeast(f64),
    None,
}

impl Limit {
    fn holds(self, figure: f64) -> bool {
        match self {
            Self::AtMost(limit) => figure <= limit,
            Self::AtLeast(limit) => figure >= limit,
            Self::None => true,
        }
    }
}

impl Table {
    /// A figure with its unit.
    pub fn row(&mut self, what: &str, figure: f64, unit: &str, limit: Limit) {
        let shown = format!("{figure:.2} {unit}");
        writeln!(self.text, "{what:<64} {shown:>14}").unwrap();
        if !limit.holds(figure) {
            self.failures.push((what.to_owned(), shown));
        }
    }

    pub fn time(&mut self, what: &str, time: Duration, limit: Limit) {
        self.row(what, milliseconds(time), "ms", limit);
    }

    pub fn bytes(&mut self, what: &str, bytes: u64) {
        self.row(what, to_f64(bytes) / 1e6, "MB", Limit::None);
    }

    /// How much of one figure another is.
    pub fn ratio(&mut self, what: &str, ratio: f64, limit: Limit) {
        self.row(what, ratio, "×", limit);
    }

    pub fn note(&mut self, text: &str) {
        writeln!(self.text, "  {text}").unwrap();
    }
}

pub fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// The middle of some figures.
pub fn median<T: Copy + PartialOrd>(figures: &[T]) -> T {
    let mut sorted = figures.to_vec();
    sorted.sort_by(|a, b| a.partial_cmp(b).unwrap());
    sorted[sorted.len() / 2]
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
pub fn to_f64(number: u64) -> f64 {
    number as f64
}
