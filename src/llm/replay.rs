//! `replay/FILE`: a scripted model, for demonstrations, tests and recordings. No network.
//!
//! FILE is a path, absolute or relative to the working directory of the process. It holds JSON
//! Lines: one answer a line, blank lines aside.
//!
//! ```json
//! {"answer": "I look first. <get path=\"src/app.rs\"/>", "reasoning": "Where is it?"}
//! {"error": {"status": 429, "message": "slow down"}}
//! {"answer": "<update status=\"200\">done</update>", "usage": {"prompt": 900, "completion": 12}}
//! {"match": "another prompt", "answer": "for whenever that text is asked about"}
//! {"answer": "to every call after these", "repeat": true}
//! ```
//!
//! | key | meaning |
//! |---|---|
//! | `answer` | the text of the answer |
//! | `error` | instead of `answer`: `{"status", "message"}`, taken for what a server would have sent |
//! | `reasoning` | streamed before the answer |
//! | `match` | this line answers every call whose user message contains this text |
//! | `usage` | `{"prompt", "cached", "completion", "reasoning", "total", "cost"}`, all optional |
//! | `delayMs` | the wait before the answer begins |
//! | `chunk`, `chunkDelayMs` | characters in a streamed piece (all at once if absent), and the wait before each piece but the first |
//! | `contextLength` | on the first line: the context of the model, in tokens; 200,000 where it is not said |
//! | `repeat` | on the last line without `match`: it answers every later call too |
//!
//! Which line answers: the first whose `match` occurs in the user message, wherever it stands.
//! Else the lines without `match`, in order: the first of them the first call of a run, the
//! second the second. The place follows from how many calls of the run were answered, not from
//! memory, so a run goes on where it was after a restart; a call that a `match` answered counts
//! among them, and the ordered line of its number is passed over.
//!
//! An `error` line stands before the answer that follows it and takes no number. It fails one
//! attempt and is then spent for the life of the process: the gateway's next attempt, or the
//! next call, meets the line after it. With `repeat` it is never spent.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use tokio::time::sleep;

use super::fault::Complaint;
use super::script::{Line, Outcome, Reply, Script, pieces};
use super::{Answer, Failure, Finish, LlmError, ModelSpec, Progress, Provider, Request, Sink};

/// The context of a script that does not say it, in tokens.
const CONTEXT: u64 = 200_000;

#[derive(Default)]
pub(super) struct Replay {
    /// The `error` lines that have failed an attempt already: file and line number.
    spent: Mutex<HashSet<(PathBuf, usize)>>,
}

impl Replay {
    async fn attempt(
        &self,
        request: &Request<'_>,
        progress: &mut Sink<'_>,
    ) -> Result<Answer, Failure> {
        let model = request.model;
        let file = file_of(model)?;
        let script = read(file).await?;
        let line = script
            .line(request.call, request.user, |line| self.spend(file, line))
            .map_err(LlmError::from)?;
        pause(line.delay).await;
        match &line.outcome {
            Outcome::Error { status, message } => {
                let complaint = Complaint::of_body(*status, message);
                Err(complaint.failure(&model.alias, "the script", None))
            }
            Outcome::Answer(reply) => Ok(play(reply, progress).await),
        }
    }

    async fn ask_for_context(model: &ModelSpec) -> Result<Option<u64>, Failure> {
        let script = read(file_of(model)?).await?;
        Ok(Some(script.context_length().unwrap_or(CONTEXT)))
    }

    /// Whether an `error` line was unspent. From now on it is spent.
    fn spend(&self, file: &Path, line: &Line) -> bool {
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        spent.insert((file.to_owned(), line.number))
    }
}

impl Provider for Replay {
    fn prefix(&self) -> &'static str {
        "replay"
    }

    fn check(&self, model: &ModelSpec) -> Result<(), LlmError> {
        let file = file_of(model)?;
        Script::parse(file, std::fs::read_to_string(file))?;
        Ok(())
    }

    fn complete<'a>(
        &'a self,
        request: &'a Request<'a>,
        progress: &'a mut Sink<'_>,
    ) -> BoxFuture<'a, Result<Answer, Failure>> {
        self.attempt(request, progress).boxed()
    }

    fn context_length<'a>(
        &'a self,
        model: &'a ModelSpec,
    ) -> BoxFuture<'a, Result<Option<u64>, Failure>> {
        Self::ask_for_context(model).boxed()
    }
}

async fn read(file: &Path) -> Result<Script, LlmError> {
    Ok(Script::parse(file, tokio::fs::read_to_string(file).await)?)
}

fn file_of(model: &ModelSpec) -> Result<&Path, LlmError> {
    match model.name() {
        "" => Err(LlmError::NoModel {
            actual: model.actual.clone(),
            expected: "replay/FILE".to_owned(),
        }),
        file => Ok(Path::new(file)),
    }
}

async fn play(reply: &Reply, progress: &mut Sink<'_>) -> Answer {
    let reasoning = pieces(&reply.reasoning, reply.chunk).map(Progress::Reasoning);
    let text = pieces(&reply.text, reply.chunk).map(Progress::Answer);
    for (index, piece) in reasoning.chain(text).enumerate() {
        if index > 0 {
            pause(reply.chunk_delay).await;
        }
        progress(piece);
    }
    Answer {
        calls: Vec::new(),
        text: reply.text.clone(),
        reasoning: reply.reasoning.clone(),
        model: None,
        usage: reply.usage,
        finish: Finish::Stop,
    }
}

async fn pause(wait: Duration) {
    if !wait.is_zero() {
        sleep(wait).await;
    }
}

#[cfg(test)]
mod tests {
    use futures::future::ready;
    use serde_json::json;

    use super::*;
    use crate::llm::{Key, Models, Retries, ScriptError, Usage};

    /// A gateway to scripts that repeats calls without waiting in between, and one script.
    struct Stage {
        models: Models,
        model: ModelSpec,
        _dir: tempfile::TempDir,
    }

    impl Stage {
        fn with(script: &str) -> Self {
            let dir = tempfile::tempdir().unwrap();
            let file = dir.path().join("script.jsonl");
            std::fs::write(&file, script).unwrap();
            let retries = Retries {
                pause: |_wait| ready(()).boxed(),
                ..Retries::default()
            };
            Self {
                models: Models::of(vec![Box::new(Replay::default())], retries),
                model: ModelSpec {
                    alias: "demo".to_owned(),
                    actual: format!("replay/{}", file.display()),
                    context_length: None,
                    base_url: None,
                    api_key: Key::Default,
                    temperature: None,
                },
                _dir: dir,
            }
        }

        /// The answer to a call, and the pieces it came in.
        async fn call(&self, call: u64, user: &str) -> (Result<Answer, LlmError>, Vec<String>) {
            let request = Request {
                model: &self.model,
                system: "",
                user,
                stable: 0,
                context_size: 100_000,
                temperature: None,
                call,
            };
            let mut pieces = Vec::new();
            let mut progress = |progress: Progress<'_>| match progress {
                Progress::Answer(piece) | Progress::Reasoning(piece) => {
                    pieces.push(piece.to_owned());
                }
                Progress::Retrying { .. } => pieces.push("again".to_owned()),
            };
            let answer = self.models.complete(&request, &mut progress).await;
            (answer, pieces)
        }

        async fn texts(&self, calls: &[(u64, &str)]) -> Vec<String> {
            let mut texts = Vec::new();
            for (call, user) in calls {
                texts.push(match self.call(*call, user).await.0 {
                    Ok(answer) => answer.text,
                    Err(error) => error.to_string(),
                });
            }
            texts
        }
    }

    #[tokio::test]
    async fn the_number_of_the_call_decides_whatever_was_called_before() {
        let stage = Stage::with(
            r#"
            {"answer": "first"}
            {"match": "weather", "answer": "rain"}

            {"answer": "second"}
            {"answer": "rest", "repeat": true}
            {"match": "weather", "answer": "never"}
            "#,
        );
        let calls = [
            (1, ""),
            (0, ""),
            (0, "the weather?"),
            (2, ""),
            (9, ""),
            (1, ""),
        ];
        assert_eq!(
            stage.texts(&calls).await,
            ["second", "first", "rain", "rest", "rest", "second"]
        );
    }

    #[tokio::test]
    async fn a_scripted_error_is_sorted_as_a_servers_and_spent_by_one_attempt() {
        let stage = Stage::with(
            r#"
            {"error": {"status": 503, "message": "busy"}}
            {"error": {"status": 429}}
            {"answer": "after two retries"}
            {"error": {"status": 400, "message": "over the context size"}}
            {"answer": "once it is shorter"}
            {"error": {"status": 500}, "repeat": true}
            "#,
        );
        assert_eq!(
            stage.texts(&[(0, ""), (1, ""), (1, ""), (2, "")]).await,
            [
                "after two retries",
                "the request is longer than the model's context: over the context size",
                "once it is shorter",
                "no answer after 4 attempts (status 500): the server gave no reason",
            ]
        );
    }

    #[tokio::test]
    async fn a_script_at_its_end_says_how_much_it_has() {
        let stage = Stage::with("{\"answer\": \"a\"}\n{\"answer\": \"b\", \"match\": \"x\"}\n");
        let error = stage.call(1, "").await.0.unwrap_err();
        let LlmError::Script(ScriptError::Exhausted { answers, call, .. }) = error else {
            panic!("{error:?}");
        };
        assert_eq!((answers, call), (1, 1));
    }

    #[tokio::test]
    async fn an_answer_streams_in_the_pieces_it_asks_for() {
        let line = json!({
            "answer": "zwölf!",
            "reasoning": "hm",
            "chunk": 4,
            "usage": {"prompt": 3, "completion_tokens": 2},
            "delayMs": 1,
            "chunkDelayMs": 1,
        });
        let (answer, pieces) = Stage::with(&line.to_string()).call(0, "").await;
        assert_eq!(pieces, ["hm", "zwöl", "f!"]);
        assert_eq!(
            answer,
            Ok(Answer {
                calls: Vec::new(),
                text: "zwölf!".to_owned(),
                reasoning: "hm".to_owned(),
                model: None,
                usage: Usage {
                    prompt: Some(3),
                    completion: Some(2),
                    ..Usage::default()
                },
                finish: Finish::Stop,
            })
        );
    }
}
