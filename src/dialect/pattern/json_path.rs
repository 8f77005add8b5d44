//! JSONPath as a filter: whether a body is JSON and a path yields anything in it.
//!
//! The paths themselves are `serde_json_path`'s (RFC 9535, without `match` and `search`, whose
//! expressions would be compiled anew for every value). It carries a path out without a limit, so
//! the work is estimated first and a path that would take too much of it yields nothing.

use serde_json::Value;
use serde_json_path::{JsonPath, ParseError};

/// How deep brackets and parentheses may be nested: the parser tries them several ways each.
const MAX_NESTED: usize = 6;

/// Steps that may be made for each byte of the body.
const STEPS_A_BYTE: usize = 256;

/// Steps that may be made at all; they bound the memory too.
const MAX_STEPS: usize = 1 << 22;

#[derive(Debug)]
pub(super) struct JsonFilter {
    path: JsonPath,
    shape: Shape,
}

/// What of a path makes it take more than one step a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shape {
    /// `..`
    descents: u32,
    /// `$` within a filter
    roots: u32,
    /// In how many ways lists of selectors (`[0,0]`) can reach the same value.
    ways: usize,
}

impl JsonFilter {
    pub(super) fn parse(path: &str) -> Result<Self, String> {
        let shape = Shape::of(path)?;
        match JsonPath::parse(path) {
            Ok(path) => Ok(Self { path, shape }),
            Err(error) => Err(reason(path, &error)),
        }
    }

    /// Whether `body` is JSON and the path yields at least one value in it.
    pub(super) fn matches(&self, body: &str) -> bool {
        let Ok(value) = serde_json::from_str::<Value>(body) else {
            return false;
        };
        let limit = body.len().saturating_mul(STEPS_A_BYTE).min(MAX_STEPS);
        self.shape.steps(&value) <= limit && !self.path.query(&value).is_empty()
    }
}

/// Where a path is none, and why if the parser knows.
fn reason(path: &str, error: &ParseError) -> String {
    let place = match path.get(error.position()..) {
        None | Some("") => "at its end".to_owned(),
        Some(rest) => format!("at `{rest}`"),
    };
    match error.message().rsplit(", ").next() {
        None | Some("parser error") => format!("it is no JSONPath {place}"),
        Some(why) => format!("it is no JSONPath {place}: {why}"),
    }
}

impl Shape {
    fn of(path: &str) -> Result<Self, String> {
        let mut shape = Self {
            descents: 0,
            roots: 0,
            ways: 1,
        };
        let mut quote = None;
        let mut escaped = false;
        let mut selectors = 1_usize;
        let mut nested = 0_usize;
        let mut before = ' ';
        for sign in path.chars() {
            match (quote, sign) {
                (Some(open), _) => {
                    if sign == open && !escaped {
                        quote = None;
                    }
                    escaped = sign == '\\' && !escaped;
                    continue;
                }
                (None, '\'' | '"') => quote = Some(sign),
                (None, '.') if before == '.' => shape.descents += 1,
                (None, '$') => shape.roots += 1,
                (None, ',') => selectors += 1,
                (None, '[' | '(') => nested += 1,
                (None, ']' | ')') => {
                    nested = nested.saturating_sub(1);
                    shape.ways = shape.ways.saturating_mul(selectors);
                    selectors = 1;
                }
                _ => {}
            }
            if nested > MAX_NESTED {
                return Err(format!("it is nested more than {MAX_NESTED} deep"));
            }
            before = sign;
        }
        shape.roots = shape.roots.saturating_sub(1); // the first begins the path
        Ok(shape)
    }

    /// How many steps the path may take in `value`, at most: each `..` behind the first reaches a
    /// value once for every value around it, each `$` in a filter begins anew.
    fn steps(self, value: &Value) -> usize {
        let (values, depth) = measure(value);
        values
            .saturating_mul(depth.saturating_pow(self.descents.saturating_sub(1)))
            .saturating_mul(values.saturating_pow(self.roots))
            .saturating_mul(self.ways)
    }
}

/// How many values there are in a value, itself included, and how deep they are nested. The depth
/// is bounded by what `serde_json` reads.
fn measure(value: &Value) -> (usize, usize) {
    let mut values = 1;
    let mut depth = 0;
    let mut also = |(more, deep): (usize, usize)| {
        values += more;
        depth = depth.max(deep);
    };
    match value {
        Value::Array(items) => items.iter().for_each(|item| also(measure(item))),
        Value::Object(fields) => fields.values().for_each(|field| also(measure(field))),
        _ => {}
    }
    (values, depth + 1)
}
