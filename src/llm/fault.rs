//! What a server means when it complains: the error object in its body, and the sorting into
//! "try again", "the key", "too long" and "no". Statuses and codes decide; a message is looked at
//! only for what no status says.

use std::time::Duration;

use serde_json::Value;

use super::{Failure, LlmError, Transient};

/// Longer messages are cut: some servers send a whole page.
const MESSAGE_CHARS: usize = 1000;

/// Statuses that errors without one (those inside a stream) would have had.
const STATUS_OF_CODE: &[(&str, u16)] = &[
    ("authentication_error", 401),
    ("invalid_api_key", 401),
    ("permission_error", 403),
    ("rate_limit_error", 429),
    ("rate_limit_exceeded", 429),
    ("server_error", 500),
    ("internal_server_error", 500),
    ("api_error", 500),
    ("overloaded_error", 503),
    ("timeout_error", 504),
    ("not_found_error", 404),
    ("billing_error", 402),
    ("request_too_large", 413),
];

/// Codes of a request that is longer than the model's context.
const TOO_LONG: &[&str] = &["context_length_exceeded", "exceed_context_size_error"];

/// What messages say of such a request where no code does, in lower case.
const TOO_LONG_WORDS: &[&str] = &[
    "context size",
    "context length",
    "context window",
    "context limit",
    "prompt is too long",
    "input is too long",
    "input token count exceeds",
    "maximum prompt length",
];

/// Codes that come with a status of "later" and mean "never": there is no money left.
const SPENT: &[&str] = &["insufficient_quota", "billing_error"];

/// An error as a server words it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Complaint {
    /// `None` where it stands inside an answer with status 200 and has no numeric code.
    pub(super) status: Option<u16>,
    /// `error.code` and `error.type`, where they are words.
    pub(super) codes: Vec<String>,
    /// As it came; it may quote the key.
    pub(super) message: String,
}

impl Complaint {
    /// The body of an answer whose status is an error.
    pub(super) fn of_body(status: u16, body: &str) -> Self {
        let worded = match serde_json::from_str(body) {
            Ok(object) => Self::of_object(&object),
            Err(_) => Self {
                status: None,
                codes: Vec::new(),
                message: body.to_owned(),
            },
        };
        Self {
            status: Some(status),
            ..worded
        }
    }

    /// An object that carries an error (`{"error": …}`) or is one (`{"message": …}`).
    pub(super) fn of_object(object: &Value) -> Self {
        let error = match object.get("error") {
            Some(error) if !error.is_null() => error,
            _ => object,
        };
        let word = |key| error.get(key).and_then(Value::as_str);
        let message = error
            .as_str()
            .or_else(|| word("message"))
            .map_or_else(|| error.to_string(), str::to_owned);
        // A gateway's own message may say no more than that somebody else has said something.
        let upstream = error.pointer("/metadata/raw").and_then(Value::as_str);
        let message = match upstream {
            Some(upstream) => format!("{message}: {upstream}"),
            None => message,
        };
        let codes: Vec<String> = ["code", "type"]
            .into_iter()
            .filter_map(word)
            .map(str::to_owned)
            .collect();
        Self {
            status: numeric_code(error).or_else(|| status_of(&codes)),
            codes,
            message,
        }
    }

    /// What it means for the call of the model `alias`, whose key comes from `origin`. The message
    /// must be fit to be seen.
    pub(super) fn failure(
        self,
        alias: &str,
        origin: &str,
        retry_after: Option<Duration>,
    ) -> Failure {
        let message = presentable(&self.message);
        if self.is_about_context() {
            return Failure::Final(LlmError::ContextExceeded { message });
        }
        match self.status {
            Some(status @ (401 | 403)) => Failure::Final(LlmError::Auth {
                alias: alias.to_owned(),
                origin: origin.to_owned(),
                status,
                message,
            }),
            status @ Some(408 | 429 | 500..) if !self.is_coded(SPENT) => {
                Failure::Transient(Transient {
                    status,
                    message,
                    retry_after,
                })
            }
            status => Failure::Final(LlmError::Refused {
                status: status.unwrap_or(200),
                message,
            }),
        }
    }

    /// A code says so, or a message does where no other reading is left: a 429 about tokens per
    /// minute speaks of limits too, and passes.
    fn is_about_context(&self) -> bool {
        let worded = || {
            let message = self.message.to_lowercase();
            TOO_LONG_WORDS.iter().any(|words| message.contains(words))
        };
        self.is_coded(TOO_LONG) || (matches!(self.status, None | Some(400 | 413)) && worded())
    }

    fn is_coded(&self, with: &[&str]) -> bool {
        self.codes.iter().any(|code| with.contains(&code.as_str()))
    }
}

/// Some servers and gateways put the status there.
fn numeric_code(error: &Value) -> Option<u16> {
    let status = match error.get("code")? {
        Value::String(digits) => digits.parse(),
        code => code.to_string().parse(),
    };
    match status {
        Ok(status @ 400..600) => Some(status),
        _ => None,
    }
}

fn status_of(codes: &[String]) -> Option<u16> {
    STATUS_OF_CODE
        .iter()
        .find(|(code, _)| codes.iter().any(|seen| seen == code))
        .map(|(_, status)| *status)
}

/// One line of reasonable length, never empty.
pub(super) fn presentable(message: &str) -> String {
    let mut line = message.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.is_empty() {
        return "the server gave no reason".to_owned();
    }
    if let Some((end, _)) = line.char_indices().nth(MESSAGE_CHARS) {
        line.truncate(end);
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a complaint comes to, in a word.
    fn sorted(complaint: Complaint) -> String {
        match complaint.failure("opus", "nowhere", None) {
            Failure::Transient(transient) => format!("again {:?}", transient.status),
            Failure::Final(LlmError::Auth { status, .. }) => format!("key {status}"),
            Failure::Final(LlmError::ContextExceeded { .. }) => "too long".to_owned(),
            Failure::Final(LlmError::Refused { status, .. }) => format!("no {status}"),
            Failure::Final(other) => format!("{other:?}"),
        }
    }

    #[test]
    fn complaints_are_sorted_by_status_then_code_then_message() {
        let too_long = r#"{"error": {"message": "m", "code": "context_length_exceeded"}}"#;
        let worded = r#"{"error": {"message": "This model's maximum Context Length is 4096."}}"#;
        let llama =
            r#"{"error": {"code": 400, "message": "it exceeds the available context size"}}"#;
        let per_minute = r#"{"error": {"message": "Limit of tokens per min; context window full",
            "type": "tokens", "code": "rate_limit_exceeded"}}"#;
        for (status, body, expected) in [
            (400, too_long, "too long"),
            (400, worded, "too long"),
            (413, worded, "too long"),
            (400, llama, "too long"),
            (429, per_minute, "again Some(429)"),
            (400, "prompt is too long: 9 tokens > 8 maximum", "too long"),
            (400, "Input is too long for requested model.", "too long"),
            (400, "The input token count exceeds the maximum", "too long"),
            (413, "Request Entity Too Large", "no 413"),
            (
                429,
                r#"{"error": {"code": "insufficient_quota"}}"#,
                "no 429",
            ),
            (402, "no credit", "no 402"),
            (400, "bad temperature", "no 400"),
            (404, r#"{"detail": "no such model"}"#, "no 404"),
            (302, "", "no 302"),
            (401, "", "key 401"),
            (403, "{}", "key 403"),
            (408, "", "again Some(408)"),
            (500, worded, "again Some(500)"),
            (503, "<html>", "again Some(503)"),
            (529, "", "again Some(529)"),
        ] {
            let seen = sorted(Complaint::of_body(status, body));
            assert_eq!(seen, expected, "{status} {body}");
        }
    }

    #[test]
    fn an_error_inside_an_answer_is_sorted_by_what_it_carries() {
        for (body, expected) in [
            (
                r#"{"error": {"code": 502, "message": "upstream"}}"#,
                "again Some(502)",
            ),
            (
                r#"{"error": {"type": "overloaded_error"}}"#,
                "again Some(503)",
            ),
            (
                r#"{"error": {"type": "server_error", "code": null}}"#,
                "again Some(500)",
            ),
            (r#"{"error": {"code": "invalid_api_key"}}"#, "key 401"),
            (r#"{"error": {"code": "502"}}"#, "again Some(502)"),
            (
                r#"{"object": "error", "message": "context length is 8", "code": 400}"#,
                "too long",
            ),
            (r#"{"error": "over the context window"}"#, "too long"),
            (r#"{"error": "no"}"#, "no 200"),
            (r#"{"error": {"code": 7}}"#, "no 200"),
        ] {
            let object = serde_json::from_str(body).unwrap();
            assert_eq!(sorted(Complaint::of_object(&object)), expected, "{body}");
        }
    }

    #[test]
    fn a_message_is_one_line_of_bounded_length_and_never_empty() {
        assert_eq!(presentable(" two\n  lines\t"), "two lines");
        assert_eq!(presentable(" \n"), "the server gave no reason");
        let page = "é".repeat(5000);
        assert_eq!(presentable(&page).chars().count(), MESSAGE_CHARS + 1);
    }
}
