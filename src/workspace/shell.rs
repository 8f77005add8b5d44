//! Command lines of a shell, each below a *keeper*: this program under another argument, which starts
//! `sh -c LINE` and sees to it that nothing of it is left.
//!
//! The keeper leads a session of its own and waits for two things. When its standard input closes,
//! because somebody ends the command or because the process that started it is gone, however it went,
//! it ends all that came of the shell: SIGTERM, and SIGKILL after [`GRACE`]. When the shell exits, it
//! ends in the same way what the shell has left running, and exits with the shell's code (128 and the
//! signal's number where a signal ended it).
//!
//! **Invariant.** Nothing of a command outlives its keeper. On Linux the keeper adopts what its
//! descendants leave behind (`PR_SET_CHILD_SUBREAPER`), so that also a process with a session of its
//! own is found; elsewhere the process group of the shell is what is ended. Only a keeper that is
//! itself killed with SIGKILL leaves its command running.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitOptions, setsid, wait};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

/// What a keeper's command line begins with; the shell's line follows.
pub const KEEPER: &str = "keep-command";

/// How long what is asked to end may take.
const GRACE: Duration = Duration::from_millis(500);

/// How long a keeper may take to end all, beyond the grace.
const KEEPER_GRACE: Duration = Duration::from_secs(1);

/// How often it is looked at what still runs.
const LOOK: Duration = Duration::from_millis(10);

/// What no command is shown: this program's own variables, and what looks like the key of a model.
fn is_hidden(variable: &OsStr) -> bool {
    let name = variable.to_string_lossy();
    name.starts_with("RUMMY_") || name.ends_with("_API_KEY") || name.ends_with("_API_TOKEN")
}

/// A command that runs.
pub struct Running {
    keeper: Child,
    /// Closed, it ends the command.
    lifeline: Option<ChildStdin>,
}

/// What a command writes.
pub struct Pipes {
    pub stdout: ChildStdout,
    pub stderr: ChildStderr,
}

/// Starts a line in a folder, with nothing to read and the environment of this process, secrets left
/// out: what looks like one, and the variables that `secret` names.
pub fn start(folder: &Path, line: &str, secret: &[String]) -> io::Result<(Running, Pipes)> {
    let mut command = Command::new(this_program()?);
    command
        .args([KEEPER, "--", line])
        .current_dir(folder)
        .env("PWD", folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    for (variable, _) in std::env::vars_os().filter(|(variable, _)| is_hidden(variable)) {
        command.env_remove(variable);
    }
    for variable in secret {
        command.env_remove(variable);
    }
    let mut keeper = command.spawn()?;
    let missing = || io::Error::other("a pipe of the command is missing");
    let pipes = Pipes {
        stdout: keeper.stdout.take().ok_or_else(missing)?,
        stderr: keeper.stderr.take().ok_or_else(missing)?,
    };
    let lifeline = keeper.stdin.take();
    Ok((Running { keeper, lifeline }, pipes))
}

/// The file of this program, as it was when it was started, even if another version lies there now.
fn this_program() -> io::Result<PathBuf> {
    if cfg!(target_os = "linux") {
        return Ok(PathBuf::from("/proc/self/exe"));
    }
    std::env::current_exe()
}

impl Running {
    /// Waits until the command has ended by itself, and gives its exit code. May be dropped and called
    /// again.
    pub async fn exit_code(&mut self) -> io::Result<i32> {
        self.keeper.wait().await.map(code)
    }

    /// Ends the command and all that came of it.
    pub async fn end(mut self) {
        self.lifeline = None;
        let ended = tokio::time::timeout(GRACE + KEEPER_GRACE, self.keeper.wait()).await;
        if ended.is_err() {
            tracing::warn!("a command was not ended in time by its keeper, which is killed");
            if let Err(error) = self.keeper.kill().await {
                tracing::warn!(%error, "and could not be");
            }
        }
    }
}

/// A shell's way to tell how a process ended, in one number.
fn code(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    let by_signal = status.signal().map(|signal| 128 + signal);
    status.code().or(by_signal).unwrap_or(1)
}

/// Keeps a command: the whole life of a keeper.
#[expect(
    clippy::print_stderr,
    reason = "stderr is the command's; what keeps it from running belongs there"
)]
pub fn keep(line: &OsStr) -> ExitCode {
    // Fails only for one that leads its group already, as when a person starts it in a terminal.
    let _ = setsid();
    system::adopt_orphans();
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", "--"]).arg(line).stdin(Stdio::null());
    std::os::unix::process::CommandExt::process_group(&mut shell, 0);
    let shell = match shell.spawn() {
        Ok(child) => Pid::from_child(&child),
        Err(error) => {
            eprintln!("rummy-lsp: sh cannot be started: {error}");
            return ExitCode::from(127);
        }
    };
    let exited = first_of(shell);
    end_all(shell);
    exited.map_or(ExitCode::FAILURE, ExitCode::from)
}

/// Waits until the shell exits, and gives its code; none where standard input closed first.
fn first_of(shell: Pid) -> Option<u8> {
    let (say, heard) = mpsc::channel();
    let says_closed = say.clone();
    std::thread::spawn(move || {
        // However it ends: whoever held the other end holds it no more.
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        let _ = says_closed.send(None);
    });
    std::thread::spawn(move || {
        // What was adopted is collected here too, until there is nothing left to wait for.
        while let Ok(Some((pid, status))) = wait(WaitOptions::empty()) {
            if pid == shell {
                let by_signal = || status.terminating_signal().map(|signal| 128 + signal);
                let code = status.exit_status().or_else(by_signal).unwrap_or(1);
                // The other end is gone once one of the two has come.
                let _ = say.send(Some(u8::try_from(code).unwrap_or(1)));
            }
        }
    });
    heard.recv().unwrap_or(None)
}

/// Ends all that came of the shell, gently at first.
fn end_all(shell: Pid) {
    let begun = Instant::now();
    system::signal_all(shell, Signal::TERM);
    while system::any_runs(shell) && begun.elapsed() < GRACE {
        std::thread::sleep(LOOK);
    }
    while system::any_runs(shell) && begun.elapsed() < GRACE + KEEPER_GRACE {
        system::signal_all(shell, Signal::KILL);
        std::thread::sleep(LOOK);
    }
}

#[cfg(target_os = "linux")]
mod system {
    //! All descendants of this process, from `/proc`.

    use std::collections::{HashMap, HashSet};
    use std::fs;

    use rustix::process::{Pid, Signal, getpid, kill_process, set_child_subreaper};

    pub(super) fn adopt_orphans() {
        // Known since Linux 3.4; without it only what stays below the shell is found.
        let _ = set_child_subreaper(Some(getpid()));
    }

    pub(super) fn signal_all(_: Pid, signal: Signal) {
        for pid in descendants() {
            // Gone meanwhile, or another user's: nothing more can be done about it.
            let _ = kill_process(pid, signal);
        }
    }

    pub(super) fn any_runs(_: Pid) -> bool {
        !descendants().is_empty()
    }

    fn descendants() -> Vec<Pid> {
        let Ok(listed) = fs::read_dir("/proc") else {
            return Vec::new();
        };
        let names = listed.flatten().map(|entry| entry.file_name());
        // Whatever else is there is no process.
        let numbers = names.filter_map(|name| name.to_str().map(str::parse::<i32>));
        let pids = numbers.flatten();
        let parents: HashMap<i32, i32> = pids.filter_map(|pid| Some((pid, parent(pid)?))).collect();
        let mut below = HashSet::from([getpid().as_raw_nonzero().get()]);
        loop {
            let found: Vec<i32> = parents
                .iter()
                .filter(|(pid, parent)| below.contains(parent) && !below.contains(pid))
                .map(|(pid, _)| *pid)
                .collect();
            if found.is_empty() {
                break;
            }
            below.extend(found);
        }
        below.remove(&getpid().as_raw_nonzero().get());
        below.into_iter().filter_map(Pid::from_raw).collect()
    }

    /// The parent of a process that runs; none of one that only waits to be collected.
    fn parent(pid: i32) -> Option<i32> {
        let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else {
            return None;
        };
        // The program's name, in parentheses, may hold blanks and parentheses itself.
        let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
        let state = fields.next()?;
        let Ok(parent) = fields.next()?.parse() else {
            return None;
        };
        (!matches!(state, "Z" | "X" | "x")).then_some(parent)
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    //! The process group of the shell.

    use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};

    pub(super) fn adopt_orphans() {}

    pub(super) fn signal_all(shell: Pid, signal: Signal) {
        let _ = kill_process_group(shell, signal);
    }

    pub(super) fn any_runs(shell: Pid) -> bool {
        test_kill_process_group(shell).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_see_no_key_and_none_of_this_programs_variables() {
        let hidden = |name: &str| is_hidden(OsStr::new(name));
        for name in [
            "RUMMY_TOKEN",
            "RUMMY_DB_PATH",
            "OPENAI_API_KEY",
            "X_API_TOKEN",
        ] {
            assert!(hidden(name), "{name}");
        }
        for name in ["PATH", "HOME", "API_KEY_FILE", "CARGO_HOME"] {
            assert!(!hidden(name), "{name}");
        }
    }
}
