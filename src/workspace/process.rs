//! Whether a process that left its name somewhere is still the one that is running.
//!
//! A process number alone does not say so, since numbers are given out again; with the time at
//! which the process started it does. Starting and ending processes is not done here.

use std::io;

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

/// Why the start of a process cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    #[error("process {pid} is not running")]
    Gone { pid: u32 },
    #[error("the start time of process {pid} cannot be read: {source}")]
    Io { pid: u32, source: io::Error },
    #[error("the start time of process {pid} is not where the system should report it: {report:?}")]
    Report { pid: u32, report: String },
}

/// One process, told apart from every other that has had its number since the machine started.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct ProcessIdentity {
    pub pid: u32,
    /// When it started, in the system's own notation; only to be compared.
    pub started: String,
}

impl ProcessIdentity {
    /// This process.
    pub fn current() -> Result<Self, ProcessError> {
        Self::of(std::process::id())
    }

    /// The process that has the number `pid` now.
    pub fn of(pid: u32) -> Result<Self, ProcessError> {
        let started = system::started(pid)?;
        Ok(Self { pid, started })
    }

    /// Whether this very process runs. Where the system does not tell its start, having the number
    /// counts as running: to take over the work of a live process is the worse mistake.
    pub fn is_alive(&self) -> bool {
        match Self::of(self.pid) {
            Ok(now) => now == *self,
            Err(ProcessError::Gone { .. }) => false,
            Err(ProcessError::Io { .. } | ProcessError::Report { .. }) => has_number(self.pid),
        }
    }
}

/// Whether any process with this number runs. One that has ended and waits for its parent to
/// notice does not.
pub fn pid_is_alive(pid: u32) -> bool {
    match system::started(pid) {
        Ok(_) => true,
        Err(ProcessError::Gone { .. }) => false,
        Err(ProcessError::Io { .. } | ProcessError::Report { .. }) => has_number(pid),
    }
}

fn has_number(pid: u32) -> bool {
    let Some(pid) = i32::try_from(pid).map_or(None, Pid::from_raw) else {
        return false;
    };
    // A process of another user may not be signalled, which shows that it is there.
    !matches!(test_kill_process(pid), Err(Errno::SRCH))
}

#[cfg(target_os = "linux")]
mod system {
    //! From `/proc/PID/stat`: clock ticks between the start of the machine and of the process.

    use std::fs;
    use std::io;

    use super::{ProcessError, has_number};

    pub(super) fn started(pid: u32) -> Result<String, ProcessError> {
        match fs::read_to_string(format!("/proc/{pid}/stat")) {
            Ok(stat) => parse(pid, &stat),
            Err(error) if error.kind() == io::ErrorKind::NotFound && !has_number(pid) => {
                Err(ProcessError::Gone { pid })
            }
            Err(source) => Err(ProcessError::Io { pid, source }),
        }
    }

    /// The second field, the program's name in parentheses, may itself hold blanks and
    /// parentheses: the fields are counted from the last one that closes.
    pub(super) fn parse(pid: u32, stat: &str) -> Result<String, ProcessError> {
        let report = || ProcessError::Report {
            pid,
            report: stat.to_owned(),
        };
        let (_, after_name) = stat.rsplit_once(')').ok_or_else(report)?;
        let mut fields = after_name.split_ascii_whitespace(); // from field 3 on
        match fields.next().ok_or_else(report)? {
            "Z" | "X" | "x" => Err(ProcessError::Gone { pid }),
            _ => fields.nth(18).map(str::to_owned).ok_or_else(report), // field 22
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    //! From `ps`: the state, then the date and time, to the second.

    use std::process::Command;

    use super::ProcessError;

    pub(super) fn started(pid: u32) -> Result<String, ProcessError> {
        let output = Command::new("ps")
            .args(["-o", "state=,lstart=", "-p", &pid.to_string()])
            .env("LC_ALL", "C")
            .output()
            .map_err(|source| ProcessError::Io { pid, source })?;
        let report = String::from_utf8_lossy(&output.stdout);
        match report.trim().split_once(char::is_whitespace) {
            None => Err(ProcessError::Gone { pid }),
            Some((state, _)) if state.starts_with('Z') => Err(ProcessError::Gone { pid }),
            Some((_, started)) => Ok(started.trim().to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command, Stdio};

    use super::*;

    /// A process that lives until its standard input is closed.
    fn waiting_process() -> Child {
        Command::new("cat")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    }

    #[test]
    fn this_process_is_alive_and_the_same_each_time() {
        let current = ProcessIdentity::current().unwrap();
        assert_eq!(current.pid, std::process::id());
        assert_eq!(current, ProcessIdentity::current().unwrap());
        assert!(current.is_alive());
        assert!(pid_is_alive(current.pid));
    }

    #[test]
    fn a_process_is_dead_once_it_was_killed_even_before_its_parent_noticed() {
        let mut child = waiting_process();
        let identity = ProcessIdentity::of(child.id()).unwrap();
        assert!(identity.is_alive());
        child.kill().unwrap();
        // Wait without collecting it, so that it stays behind as a zombie.
        let pid = Pid::from_child(&child);
        let options =
            rustix::process::WaitIdOptions::EXITED | rustix::process::WaitIdOptions::NOWAIT;
        rustix::process::waitid(rustix::process::WaitId::Pid(pid), options).unwrap();
        assert!(!identity.is_alive());
        assert!(!pid_is_alive(identity.pid));
        child.wait().unwrap();
        assert!(!identity.is_alive());
        assert!(!pid_is_alive(identity.pid));
    }

    #[test]
    fn another_process_with_the_same_number_is_not_the_same() {
        let current = ProcessIdentity::current().unwrap();
        let earlier = ProcessIdentity {
            started: "1".to_owned(),
            ..current
        };
        assert!(!earlier.is_alive());
    }

    #[test]
    fn numbers_that_no_process_can_have_are_dead() {
        for pid in [0, u32::MAX, i32::MAX.cast_unsigned()] {
            assert!(!pid_is_alive(pid), "{pid}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_start_is_field_22_whatever_the_program_is_called() {
        let rest = "4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 START 23 24";
        for name in ["(cat)", "(a b)", "(a) R 1 (b))", "()"] {
            let stat = format!("7 {name} S {rest}");
            assert_eq!(system::parse(7, &stat).unwrap(), "START", "{name}");
        }
        let zombie = format!("7 (cat) Z {rest}");
        let gone = system::parse(7, &zombie);
        assert!(matches!(gone, Err(ProcessError::Gone { pid: 7 })));
        for broken in ["", "7 (cat", "7 (cat)", "7 (cat) S 4 5"] {
            let report = system::parse(7, broken);
            assert!(
                matches!(report, Err(ProcessError::Report { .. })),
                "{broken}"
            );
        }
    }
}
