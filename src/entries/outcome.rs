//! Why an entry, a loop or a run ended as it did. Each outcome has one code; the code never comes
//! from digits that happen to stand in its text.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

/// The reason behind a state. Its text form is what the store keeps and the model reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Not allowed: by the user, by the mode, by the scheme's writers.
    Permission,
    /// The file is under a `readonly` constraint.
    Readonly,
    NotFound,
    Conflict,
    /// Too large by its own measure, in tokens.
    Overflow {
        tokens: u64,
    },
    /// The command or its parameters make no sense.
    Validation,
    /// The run goes round in a circle.
    Cycle,
    /// Ended by the user.
    Aborted,
    /// Cut off: the process ended while it ran.
    Interrupted,
    /// A command's exit code other than 0.
    Exit(i32),
    /// Some hunks of a proposal were accepted and some rejected.
    Partial,
    /// The client could not carry it out.
    Error,
    /// Anything else, in words.
    Reason(String),
}

impl Outcome {
    /// The status that the outcome stands for.
    pub const fn code(&self) -> u16 {
        match self {
            Self::Partial => 200,
            Self::Permission | Self::Readonly => 403,
            Self::NotFound => 404,
            Self::Conflict => 409,
            Self::Overflow { .. } => 413,
            Self::Validation => 422,
            Self::Cycle => 429,
            Self::Aborted | Self::Interrupted => 499,
            Self::Exit(_) | Self::Error | Self::Reason(_) => 500,
        }
    }

    const WORDS: [(&'static str, Self); 10] = [
        ("permission", Self::Permission),
        ("readonly", Self::Readonly),
        ("not_found", Self::NotFound),
        ("conflict", Self::Conflict),
        ("validation", Self::Validation),
        ("cycle", Self::Cycle),
        ("aborted", Self::Aborted),
        ("interrupted", Self::Interrupted),
        ("partial", Self::Partial),
        ("error", Self::Error),
    ];
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Overflow { tokens } => write!(f, "overflow:{tokens}"),
            Self::Exit(code) => write!(f, "exit:{code}"),
            Self::Reason(text) => f.write_str(text),
            word => Self::WORDS
                .iter()
                .find(|(_, outcome)| outcome == word)
                .map_or(Ok(()), |(name, _)| f.write_str(name)),
        }
    }
}

impl FromStr for Outcome {
    type Err = Infallible;

    /// Text that is none of the known words is a reason in words.
    fn from_str(text: &str) -> Result<Self, Infallible> {
        if let Some((_, outcome)) = Self::WORDS.iter().find(|(name, _)| *name == text) {
            return Ok(outcome.clone());
        }
        let number = |prefix: &str| text.strip_prefix(prefix).map(str::parse::<i64>);
        if let Some(Ok(tokens)) = number("overflow:")
            && let Ok(tokens) = u64::try_from(tokens)
        {
            return Ok(Self::Overflow { tokens });
        }
        if let Some(Ok(code)) = number("exit:")
            && let Ok(code) = i32::try_from(code)
        {
            return Ok(Self::Exit(code));
        }
        Ok(Self::Reason(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_reads_back_as_itself() {
        let mut all: Vec<Outcome> = Outcome::WORDS.iter().map(|(_, o)| o.clone()).collect();
        all.extend([
            Outcome::Overflow { tokens: 1234 },
            Outcome::Exit(127),
            Outcome::Exit(-9),
            Outcome::Reason("the disk is full (error 500)".to_owned()),
        ]);
        for outcome in all {
            assert_eq!(outcome.to_string().parse(), Ok(outcome));
        }
    }

    #[test]
    fn a_code_never_comes_from_the_digits_in_an_outcome() {
        assert_eq!(Outcome::Exit(127).code(), 500);
        assert_eq!(Outcome::Overflow { tokens: 1234 }.code(), 413);
        assert_eq!(Outcome::Reason("404 things".to_owned()).code(), 500);
    }
}
