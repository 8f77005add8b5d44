//! Where the program's own log goes: to stderr what is a warning (`RUMMY_LOG` sets another filter),
//! to a log file and to connected clients what is information too. Never to stdout.

use std::fs::{self, File, OpenOptions};
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use directories::ProjectDirs;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, fmt};

use crate::lsp::log::ClientLog;

const FILTER: &str = "RUMMY_LOG";

/// A log file over this size is put aside when the program starts.
const LIMIT: u64 = 10 * 1024 * 1024;

/// Sets the log up for the whole process; a server also keeps a log file.
pub fn init(serves: bool) {
    let on_stderr = EnvFilter::try_from_env(FILTER).unwrap_or_else(|_| EnvFilter::new("warn"));
    // Without a file the log still goes to stderr and the clients.
    let file = match log_file().filter(|_| serves).as_deref().map(open) {
        Some(Ok(file)) => Some(file),
        Some(Err(_)) | None => None,
    };
    let to_file = file.map(|file| {
        fmt::layer()
            .with_ansi(false)
            .with_writer(Mutex::new(file))
            .with_filter(LevelFilter::INFO)
    });
    tracing_subscriber::registry()
        .with(
            fmt::layer()
                .with_ansi(io::stderr().is_terminal())
                .with_writer(io::stderr)
                .with_filter(on_stderr),
        )
        .with(to_file)
        .with(ClientLog.with_filter(LevelFilter::INFO))
        .init();
}

/// `rummy.log` in the platform's folder for such files; none for a user without a home.
fn log_file() -> Option<PathBuf> {
    let folders = ProjectDirs::from("", "", "rummy")?;
    let folder = folders
        .state_dir()
        .unwrap_or_else(|| folders.data_local_dir());
    Some(folder.join("rummy.log"))
}

fn open(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    put_aside(path)?;
    OpenOptions::new().create(true).append(true).open(path)
}

fn put_aside(path: &Path) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(found) if found.len() > LIMIT => fs::rename(path, path.with_extension("log.old")),
        _ => Ok(()),
    }
}
