//! A replay script: its lines, how they are read and which of them answers a call. The format
//! is described in `replay`.

use std::io;
use std::num::{NonZeroU64, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use super::Usage;

/// What is wrong with a script.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScriptError {
    #[error("the replay script `{}` cannot be read: {reason}", file.display())]
    Unreadable { file: PathBuf, reason: String },
    #[error("the replay script `{}`, line {line}: {reason}", file.display())]
    BadLine {
        file: PathBuf,
        /// 1 for the first.
        line: usize,
        reason: String,
    },
    #[error(
        "the replay script `{}` has {answers} answers in order, none for call number {}, and no \
         `match` fits; give its last line `\"repeat\": true`, or add a line",
        file.display(), call + 1
    )]
    Exhausted {
        file: PathBuf,
        answers: u64,
        /// As in the request: 0 for the first.
        call: u64,
    },
}

/// A script that holds to the format.
#[derive(Debug)]
pub(super) struct Script {
    file: PathBuf,
    lines: Vec<Line>,
}

#[derive(Debug, PartialEq)]
pub(super) struct Line {
    /// In the file: 1 for the first.
    pub(super) number: usize,
    pub(super) delay: Duration,
    pub(super) outcome: Outcome,
    place: Place,
    context_length: Option<NonZeroU64>,
}

/// When a line answers.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    /// In its turn.
    InOrder,
    /// In its turn and ever after.
    Repeating,
    /// When this text occurs in the user message.
    Matching(String),
}

#[derive(Debug, PartialEq)]
pub(super) enum Outcome {
    Answer(Reply),
    Error { status: u16, message: String },
}

#[derive(Debug, PartialEq)]
pub(super) struct Reply {
    pub(super) text: String,
    pub(super) reasoning: String,
    pub(super) usage: Usage,
    pub(super) chunk: Option<NonZeroUsize>,
    pub(super) chunk_delay: Duration,
}

impl Script {
    /// Reads what was found in `file`.
    pub(super) fn parse(file: &Path, text: io::Result<String>) -> Result<Self, ScriptError> {
        let text = text.map_err(|error| ScriptError::Unreadable {
            file: file.to_owned(),
            reason: error.to_string(),
        })?;
        let bad = |line, reason| ScriptError::BadLine {
            file: file.to_owned(),
            line,
            reason,
        };
        let mut lines = Vec::new();
        for (number, json) in (1..).zip(text.lines()) {
            if !json.trim().is_empty() {
                lines.push(Line::parse(number, json).map_err(|reason| bad(number, reason))?);
            }
        }
        let ordered = lines.iter().filter(|line| !line.is_matching());
        let mut from_repeating = ordered.skip_while(|line| line.place != Place::Repeating);
        if let (Some(line), Some(_later)) = (from_repeating.next(), from_repeating.next()) {
            let reason = "`repeat` belongs on the last line without `match`".to_owned();
            return Err(bad(line.number, reason));
        }
        let mut later = lines.iter().skip(1);
        if let Some(line) = later.find(|line| line.context_length.is_some()) {
            let reason = "`contextLength` belongs on the first line".to_owned();
            return Err(bad(line.number, reason));
        }
        Ok(Self {
            file: file.to_owned(),
            lines,
        })
    }

    /// What the script says of its model's context, in tokens.
    pub(super) fn context_length(&self) -> Option<u64> {
        let said = self.lines.first()?.context_length?;
        Some(said.get())
    }

    /// The line that answers call number `call` with this user message.
    ///
    /// `spend` is told of each `error` line whose turn it is, and says whether it was unspent.
    pub(super) fn line(
        &self,
        call: u64,
        user: &str,
        mut spend: impl FnMut(&Line) -> bool,
    ) -> Result<&Line, ScriptError> {
        let mut answers_now = |line: &Line| match line.outcome {
            Outcome::Answer(_) => true,
            Outcome::Error { .. } => line.place == Place::Repeating || spend(line),
        };
        let matching = self
            .lines
            .iter()
            .filter(|line| line.matches(user))
            .find(|line| answers_now(line));
        if let Some(line) = matching {
            return Ok(line);
        }
        let mut answers = 0;
        for line in self.lines.iter().filter(|line| !line.is_matching()) {
            let its_turn = answers == call || line.place == Place::Repeating;
            if its_turn && answers_now(line) {
                return Ok(line);
            }
            answers += u64::from(matches!(line.outcome, Outcome::Answer(_)));
        }
        Err(ScriptError::Exhausted {
            file: self.file.clone(),
            answers,
            call,
        })
    }
}

impl Line {
    fn parse(number: usize, json: &str) -> Result<Self, String> {
        let fields: Fields = serde_json::from_str(json).map_err(|error| located(&error))?;
        let place = match (fields.matching, fields.repeat) {
            (Some(_), true) => return Err("a line with `match` repeats anyway".to_owned()),
            (Some(text), false) => Place::Matching(text),
            (None, true) => Place::Repeating,
            (None, false) => Place::InOrder,
        };
        let outcome = match (fields.answer, fields.error) {
            (Some(text), None) => Outcome::Answer(Reply {
                text,
                reasoning: fields.reasoning,
                usage: fields.usage,
                chunk: fields.chunk,
                chunk_delay: Duration::from_millis(fields.chunk_delay_ms),
            }),
            (None, Some(Refusal { status, message })) if (400..600).contains(&status) => {
                Outcome::Error { status, message }
            }
            (None, Some(Refusal { status, .. })) => {
                return Err(format!(
                    "`error.status` is {status}; a status from 400 to 599 is an error"
                ));
            }
            _ => return Err("a line has either `answer` or `error`".to_owned()),
        };
        Ok(Self {
            number,
            delay: Duration::from_millis(fields.delay_ms),
            outcome,
            place,
            context_length: fields.context_length,
        })
    }

    fn is_matching(&self) -> bool {
        matches!(self.place, Place::Matching(_))
    }

    fn matches(&self, user: &str) -> bool {
        matches!(&self.place, Place::Matching(text) if user.contains(text))
    }
}

/// A line as it is written.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Fields {
    answer: Option<String>,
    error: Option<Refusal>,
    #[serde(rename = "match")]
    matching: Option<String>,
    #[serde(default)]
    reasoning: String,
    #[serde(default)]
    usage: Usage,
    #[serde(default)]
    delay_ms: u64,
    chunk: Option<NonZeroUsize>,
    #[serde(default)]
    chunk_delay_ms: u64,
    #[serde(default)]
    repeat: bool,
    context_length: Option<NonZeroU64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refusal {
    status: u16,
    #[serde(default)]
    message: String,
}

/// The JSON parser counts lines too: of the one that it was given.
fn located(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let reason = message.split(" at line ").next().unwrap_or(&message);
    format!("{reason} (column {})", error.column())
}

/// `text` in pieces of `chunk` characters, or in one; none where it is empty.
pub(super) fn pieces(text: &str, chunk: Option<NonZeroUsize>) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let end = chunk
            .and_then(|chunk| rest.char_indices().nth(chunk.get()))
            .map_or(rest.len(), |(end, _)| end);
        let (piece, after) = rest.split_at(end);
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_breaks_the_format_is_named_with_its_number_and_why() {
        let table = [
            ("{", "EOF while parsing an object (column 1)"),
            (r#"{"anser": "typo"}"#, "unknown field `anser`"),
            (
                r#"{"answer": "both", "error": {"status": 400}}"#,
                "a line has either `answer` or `error`",
            ),
            ("{}", "a line has either `answer` or `error`"),
            (
                r#"{"error": {"status": 200}}"#,
                "`error.status` is 200; a status from 400 to 599 is an error",
            ),
            (r#"{"answer": "a", "chunk": 0}"#, "invalid value"),
            (
                r#"{"answer": "a", "contextLength": 8000}"#,
                "`contextLength` belongs on the first line",
            ),
            (
                r#"{"answer": "a", "match": "b", "repeat": true}"#,
                "a line with `match` repeats anyway",
            ),
            (
                "{\"answer\": \"a\", \"repeat\": true}\n{\"answer\": \"never\"}",
                "`repeat` belongs on the last line without `match`",
            ),
        ];
        for (line, reason) in table {
            let text = format!("{{\"answer\": \"good\"}}\n\n{line}\n");
            let error = Script::parse(Path::new("s.jsonl"), Ok(text)).unwrap_err();
            let expected = format!("the replay script `s.jsonl`, line 3: {reason}");
            assert!(error.to_string().starts_with(&expected), "{error}");
        }
    }

    #[test]
    fn pieces_are_counted_in_characters_and_lose_nothing() {
        let cut = |text, chunk| pieces(text, NonZeroUsize::new(chunk)).collect::<Vec<_>>();
        assert_eq!(cut("größer", 3), ["grö", "ßer"]);
        assert_eq!(cut("größe", 3), ["grö", "ße"]);
        assert_eq!(cut("größe", 0), ["größe"]);
        assert_eq!(cut("", 3), Vec::<&str>::new());
    }
}
