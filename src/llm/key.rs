//! From a configured key to a secret that goes into one header and nowhere else. Secrets live in
//! [`SecretString`], which does not print; texts that come back from a server go through
//! [`scrub`], because some servers quote the key they refuse.

use std::collections::HashMap;
use std::fmt;
use std::process::Stdio;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use tokio::process::Command;
use tokio::time::timeout;

/// How long a key command may take: long enough for a person to unlock a keychain.
const COMMAND_LIMIT: Duration = Duration::from_mins(1);

/// Where the key of a model comes from.
#[derive(Clone)]
pub enum Key {
    /// The provider's usual environment variable; a server may well want none.
    Default,
    /// The environment variable of this name.
    Env(String),
    /// The first line that this shell command prints.
    Command(String),
    Given(SecretString),
}

/// A command line may hold a secret too, so neither is printed.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("Default"),
            Self::Env(variable) => f.debug_tuple("Env").field(variable).finish(),
            Self::Command(_) => f.write_str("Command([REDACTED])"),
            Self::Given(_) => f.write_str("Given([REDACTED])"),
        }
    }
}

impl Key {
    /// Where it comes from, for people; `usual` is the variable that [`Key::Default`] stands for.
    pub(super) fn origin(&self, usual: &str) -> String {
        match self {
            Self::Default => format!("the environment variable `{usual}`"),
            Self::Env(variable) => format!("the environment variable `{variable}`"),
            Self::Command(_) => "its key command".to_owned(),
            Self::Given(_) => "the editor's settings".to_owned(),
        }
    }
}

/// Why there is no key where one was configured.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("the environment variable `{variable}` is not set, or empty")]
    Unset { variable: String },
    #[error("the server wants one; set the environment variable `{variable}`")]
    Wanted { variable: &'static str },
    #[error("its key command did not start: {reason}")]
    NotStarted { reason: String },
    #[error("its key command failed ({status})")]
    Failed { status: String },
    #[error("its key command printed nothing within {} s", COMMAND_LIMIT.as_secs())]
    Slow,
    #[error("the key is empty")]
    Empty,
    #[error("the key has characters other than printable ASCII, which no header can carry")]
    Unprintable,
}

/// Reads an environment variable; a parameter, so that tests need not change the process.
pub(super) type Variables = fn(&str) -> Option<String>;

/// The process's own environment. A variable that is empty counts as unset.
pub(super) fn environment(name: &str) -> Option<String> {
    match std::env::var(name) {
        Ok(value) if !value.trim().is_empty() => Some(value),
        _ => None,
    }
}

/// Finds keys, and remembers what key commands printed: a command that asks a person to unlock
/// something must not run once a call.
pub(super) struct Keys {
    variables: Variables,
    printed: Mutex<HashMap<String, SecretString>>,
}

impl Keys {
    pub(super) fn new(variables: Variables) -> Self {
        Self {
            variables,
            printed: Mutex::default(),
        }
    }

    pub(super) fn variable(&self, name: &str) -> Option<String> {
        (self.variables)(name)
    }

    /// The secret behind `key`; `usual` is the variable that [`Key::Default`] stands for.
    /// `None` only where that one is not set.
    pub(super) async fn find(
        &self,
        key: &Key,
        usual: &str,
    ) -> Result<Option<SecretString>, KeyError> {
        let secret = match key {
            Key::Default => match self.variable(usual) {
                Some(secret) => usable(&secret)?,
                None => return Ok(None),
            },
            Key::Env(variable) => {
                let value = self.variable(variable).ok_or_else(|| KeyError::Unset {
                    variable: variable.clone(),
                })?;
                usable(&value)?
            }
            Key::Command(command) => self.printed_by(command).await?,
            Key::Given(secret) => usable(secret.expose_secret())?,
        };
        Ok(Some(secret))
    }

    /// Makes the next call ask anew, after a server refused what was remembered. What another call has
    /// asked for since then stays.
    pub(super) fn forget(&self, key: &Key, refused: &SecretString) {
        if let Key::Command(command) = key {
            let is_other =
                |printed: &SecretString| printed.expose_secret() != refused.expose_secret();
            self.printed()
                .retain(|known, printed| known != command || is_other(printed));
        }
    }

    async fn printed_by(&self, command: &str) -> Result<SecretString, KeyError> {
        let known = self.printed().get(command).cloned();
        if let Some(secret) = known {
            return Ok(secret);
        }
        let secret = run(command).await?;
        self.printed().insert(command.to_owned(), secret.clone());
        Ok(secret)
    }

    fn printed(&self) -> MutexGuard<'_, HashMap<String, SecretString>> {
        // A map is whole between two calls of its methods, whoever panicked meanwhile.
        self.printed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The first line of what `command` prints. Its stderr is dropped: it may quote the secret.
async fn run(command: &str) -> Result<SecretString, KeyError> {
    let output = Command::new("sh")
        .args(["-c", command])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = timeout(COMMAND_LIMIT, output)
        .await
        .map_err(|_elapsed| KeyError::Slow)?
        .map_err(|error| KeyError::NotStarted {
            reason: error.to_string(),
        })?;
    if !output.status.success() {
        return Err(KeyError::Failed {
            status: output.status.to_string(),
        });
    }
    let text = String::from_utf8(output.stdout).map_err(|_bytes| KeyError::Unprintable)?;
    usable(text.lines().next().unwrap_or(""))
}

fn usable(key: &str) -> Result<SecretString, KeyError> {
    let key = key.trim();
    if key.is_empty() {
        return Err(KeyError::Empty);
    }
    if !key.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return Err(KeyError::Unprintable);
    }
    Ok(SecretString::from(key))
}

/// Takes a key out of a text that somebody else wrote.
pub(super) fn scrub(text: &str, key: Option<&SecretString>) -> String {
    match key {
        Some(key) => text.replace(key.expose_secret(), "[key]"),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_variable(name: &str) -> Option<String> {
        (name == "ITS_KEY").then(|| "sk-secret\n".to_owned())
    }

    async fn found(key: Key) -> Result<Option<String>, KeyError> {
        let secret = Keys::new(one_variable).find(&key, "USUAL_KEY").await?;
        Ok(secret.map(|secret| secret.expose_secret().to_owned()))
    }

    #[tokio::test]
    async fn a_key_comes_from_a_variable_a_command_or_as_it_is() {
        let expected = Ok(Some("sk-secret".to_owned()));
        assert_eq!(found(Key::Env("ITS_KEY".into())).await, expected);
        assert_eq!(found(Key::Given("sk-secret".into())).await, expected);
        let command = Key::Command("printf 'sk-secret\\nsecond line'".into());
        assert_eq!(found(command).await, expected);
        let usual = Keys::new(one_variable).find(&Key::Default, "ITS_KEY").await;
        assert!(matches!(usual, Ok(Some(_))));
    }

    #[tokio::test]
    async fn only_the_usual_variable_may_be_missing() {
        assert_eq!(found(Key::Default).await, Ok(None));
        let variable = "NO_SUCH_KEY".to_owned();
        assert_eq!(
            found(Key::Env(variable.clone())).await,
            Err(KeyError::Unset { variable })
        );
        assert_eq!(found(Key::Given("  ".into())).await, Err(KeyError::Empty));
        assert_eq!(
            found(Key::Command("true".into())).await,
            Err(KeyError::Empty)
        );
        assert_eq!(
            found(Key::Given("sk\u{e9}".into())).await,
            Err(KeyError::Unprintable)
        );
    }

    #[tokio::test]
    async fn a_failed_key_command_is_told_without_its_output() {
        let error = found(Key::Command("echo sk-secret; exit 3".into()))
            .await
            .unwrap_err();
        assert_eq!(error.to_string(), "its key command failed (exit status: 3)");
    }

    #[tokio::test]
    async fn a_key_command_runs_once_until_its_key_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let runs = dir.path().join("runs");
        let key = Key::Command(format!("echo run >> '{0}'; echo sk-secret", runs.display()));
        let keys = Keys::new(one_variable);
        let count = || std::fs::read_to_string(&runs).unwrap().lines().count();

        keys.find(&key, "").await.unwrap();
        keys.find(&key, "").await.unwrap();
        assert_eq!(count(), 1);

        keys.forget(&key, &"another".into());
        keys.find(&key, "").await.unwrap();
        assert_eq!(count(), 1);

        keys.forget(&key, &"sk-secret".into());
        keys.find(&key, "").await.unwrap();
        assert_eq!(count(), 2);
    }

    #[test]
    fn neither_keys_nor_commands_are_printed() {
        let printed = format!(
            "{:?} {:?} {:?}",
            Key::Given("sk-secret".into()),
            Key::Command("echo sk-secret".into()),
            Key::Env("ITS_KEY".into()),
        );
        assert_eq!(
            printed,
            r#"Given([REDACTED]) Command([REDACTED]) Env("ITS_KEY")"#
        );
    }

    #[test]
    fn a_key_that_a_server_quotes_is_taken_out() {
        let key = SecretString::from("sk-secret");
        assert_eq!(
            scrub("bad key sk-secret (sk-secret)", Some(&key)),
            "bad key [key] ([key])"
        );
    }
}
