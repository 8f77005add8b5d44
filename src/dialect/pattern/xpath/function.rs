//! The functions of XPath's core library.

use std::ops::RangeInclusive;

use super::Expr;
use super::evaluate::{Context, Evaluation, Exhausted, Value, boolean, count, local};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Boolean,
    Ceiling,
    Concat,
    Contains,
    Count,
    False,
    Floor,
    Last,
    LocalName,
    Name,
    NormalizeSpace,
    Not,
    Number,
    Position,
    Round,
    StartsWith,
    String,
    StringLength,
    Substring,
    SubstringAfter,
    SubstringBefore,
    Sum,
    Translate,
    True,
}

impl Function {
    pub(super) fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "boolean" => Self::Boolean,
            "ceiling" => Self::Ceiling,
            "concat" => Self::Concat,
            "contains" => Self::Contains,
            "count" => Self::Count,
            "false" => Self::False,
            "floor" => Self::Floor,
            "last" => Self::Last,
            "local-name" => Self::LocalName,
            "name" => Self::Name,
            "normalize-space" => Self::NormalizeSpace,
            "not" => Self::Not,
            "number" => Self::Number,
            "position" => Self::Position,
            "round" => Self::Round,
            "starts-with" => Self::StartsWith,
            "string" => Self::String,
            "string-length" => Self::StringLength,
            "substring" => Self::Substring,
            "substring-after" => Self::SubstringAfter,
            "substring-before" => Self::SubstringBefore,
            "sum" => Self::Sum,
            "translate" => Self::Translate,
            "true" => Self::True,
            _ => return None,
        })
    }

    /// How many arguments it takes.
    pub(super) const fn arguments(self) -> RangeInclusive<usize> {
        match self {
            Self::False | Self::Last | Self::Position | Self::True => 0..=0,
            Self::LocalName
            | Self::Name
            | Self::NormalizeSpace
            | Self::Number
            | Self::String
            | Self::StringLength => 0..=1,
            Self::Boolean
            | Self::Ceiling
            | Self::Count
            | Self::Floor
            | Self::Not
            | Self::Round
            | Self::Sum => 1..=1,
            Self::Contains | Self::StartsWith | Self::SubstringAfter | Self::SubstringBefore => {
                2..=2
            }
            Self::Substring => 2..=3,
            Self::Translate => 3..=3,
            Self::Concat => 2..=usize::MAX,
        }
    }
}

impl Evaluation<'_> {
    pub(super) fn call(
        &mut self,
        function: Function,
        arguments: &[Expr],
        at: Context,
    ) -> Result<Value, Exhausted> {
        let mut values = Vec::with_capacity(arguments.len().max(1));
        for argument in arguments {
            values.push(self.value(argument, at)?);
        }
        if values.is_empty() {
            values.push(Value::Nodes(vec![at.node])); // what is asked where nothing is named
        }
        let first = &values[0];
        Ok(match function {
            Function::True => Value::Boolean(true),
            Function::False => Value::Boolean(false),
            Function::Position => Value::Number(count(at.position)),
            Function::Last => Value::Number(count(at.size)),
            Function::Not => Value::Boolean(!boolean(first)),
            Function::Boolean => Value::Boolean(boolean(first)),
            Function::Number => Value::Number(self.number(first)?),
            Function::Ceiling => Value::Number(self.number(first)?.ceil()),
            Function::Floor => Value::Number(self.number(first)?.floor()),
            Function::Round => Value::Number(round(self.number(first)?)),
            Function::Count => Value::Number(count(nodes(first).len())),
            Function::Sum => self.sum(nodes(first))?,
            Function::Name => Value::Text(self.name(nodes(first)).to_owned()),
            Function::LocalName => Value::Text(local(self.name(nodes(first))).to_owned()),
            _ => return self.call_on_texts(function, &values),
        })
    }

    fn sum(&mut self, nodes: &[usize]) -> Result<Value, Exhausted> {
        let mut sum = 0.0;
        for node in nodes {
            let text = Value::Text(self.text_of(*node)?);
            sum += self.number(&text)?;
        }
        Ok(Value::Number(sum))
    }

    /// The functions that take texts for what they are given.
    fn call_on_texts(&mut self, function: Function, values: &[Value]) -> Result<Value, Exhausted> {
        if function == Function::Substring {
            return self.substring(values);
        }
        let mut texts = Vec::with_capacity(values.len());
        for value in values {
            texts.push(self.text(value)?);
        }
        self.pay(texts.iter().map(String::len).sum())?;
        let first = &texts[0];
        let second = texts.get(1).map_or("", String::as_str);
        Ok(match function {
            Function::Contains => Value::Boolean(first.contains(second)),
            Function::StartsWith => Value::Boolean(first.starts_with(second)),
            Function::StringLength => Value::Number(count(first.chars().count())),
            Function::Concat => Value::Text(texts.concat()),
            Function::NormalizeSpace => {
                Value::Text(first.split_whitespace().collect::<Vec<_>>().join(" "))
            }
            Function::SubstringBefore => {
                let found = first.split_once(second);
                Value::Text(found.map_or("", |(before, _)| before).to_owned())
            }
            Function::SubstringAfter => {
                let found = first.split_once(second);
                Value::Text(found.map_or("", |(_, after)| after).to_owned())
            }
            Function::Translate => {
                self.pay(first.len().saturating_mul(second.len()))?;
                let to: Vec<char> = texts.get(2).map_or("", String::as_str).chars().collect();
                Value::Text(translate(first, second, &to))
            }
            _ => Value::Text(texts.swap_remove(0)), // `string`
        })
    }

    /// The characters from a position, counted from 1, and where a length is given only so many.
    fn substring(&mut self, values: &[Value]) -> Result<Value, Exhausted> {
        let text = self.text(&values[0])?;
        let from = round(self.number(&values[1])?);
        let to = match values.get(2) {
            Some(length) => from + round(self.number(length)?),
            None => f64::INFINITY,
        };
        let is_within = |index: usize| count(index + 1) >= from && count(index + 1) < to;
        let kept = text.chars().enumerate().filter(|(at, _)| is_within(*at));
        Ok(Value::Text(kept.map(|(_, sign)| sign).collect()))
    }
}

fn nodes(value: &Value) -> &[usize] {
    match value {
        Value::Nodes(nodes) => nodes,
        _ => &[],
    }
}

/// To the nearest whole number, a half upwards.
fn round(number: f64) -> f64 {
    (number + 0.5).floor()
}

/// Puts the characters of `to` in the place of those of `from`; those that have none go.
fn translate(text: &str, from: &str, to: &[char]) -> String {
    text.chars()
        .filter_map(|sign| match from.chars().position(|other| other == sign) {
            Some(at) => to.get(at).copied(),
            None => Some(sign),
        })
        .collect()
}
