//! The store: SQLite under the entry contract.
//!
//! One [`Store`] a process and file; the handle is cheap to clone and may be used from anywhere.
//! SQL runs on the store's own thread, a transaction at a time, so nothing here blocks an async
//! worker and no lock is held over an await. Callers hand in a closure over a [`Tx`] (or a connection
//! to read with: what it writes is rolled back) and compose the table groups' functions in it: what
//! one closure does is one transaction. Who only looks on, from another process, has a [`Reader`].
//!
//! **Invariants.** What a finished [`Store::write`] did survives `kill -9`. Every verb goes through
//! [`entries`], where the writer is checked, and is told to [`Store::changes`] after the commit; only
//! what makes or removes a whole run (`runs::fork`, `delete`, `forget`) tells no single change. SQL
//! stands nowhere else in the program.

pub mod constraints;
pub mod contents;
pub mod entries;
pub mod leases;
pub mod loops;
pub mod models;
pub mod projects;
pub mod proposals;
mod reader;
pub mod runners;
pub mod runs;
pub mod turns;

pub use reader::Reader;

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rusqlite::types::FromSql;
use rusqlite::{Connection, ErrorCode, Row, RowIndex, TransactionBehavior};
use rusqlite_migration::{M, Migrations};
use tokio::sync::broadcast;

use crate::dialect::PatternError;
use crate::entries::{EntryPath, LoopId, PathError, RunId, RunStatus, Scheme, UnknownWord, Writer};

/// How long a transaction waits for another process's before it gives up.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Kilobytes of pages that are kept in memory: about what a packet of a large run touches, whose
/// entries lie each on a page of its own.
const PAGE_CACHE: i64 = 16_000;

/// Changes that a slow listener may fall behind; one that misses some reads the store again.
const CHANGE_BACKLOG: usize = 1024;

static MIGRATIONS: LazyLock<Migrations<'static>> = LazyLock::new(|| {
    Migrations::new(vec![
        M::up(include_str!("../../migrations/001_initial.sql")),
        M::up(include_str!("../../migrations/002_runners.sql")),
        M::up(include_str!("../../migrations/003_trust.sql")),
    ])
});

/// What the store can refuse, and what can go wrong under it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("{path} does not exist in this run")]
    NotFound { path: String },
    #[error("no run is called \"{0}\"")]
    NoRun(String),
    #[error("no model is called \"{0}\"")]
    NoModel(String),
    #[error("{writer} may not write {path}: entries of scheme {scheme} are written by {allowed}", allowed = scheme.writers().iter().map(|w| w.as_str()).collect::<Vec<_>>().join(", "))]
    Forbidden {
        path: String,
        scheme: Scheme,
        writer: Writer,
    },
    #[error(
        "{path} mirrors a run and changes with it: change the run itself, with ask, act, config, rename, abort or deleteRun"
    )]
    Mirror { path: String },
    #[error(
        "{count} entries cannot go to the one path {to}: end it with a slash to put them below it"
    )]
    NoFolder { count: usize, to: String },
    #[error("a run called \"{0}\" exists already; choose another name")]
    AliasTaken(String),
    #[error("another process (pid {pid}) drives the run \"{alias}\"")]
    Leased { alias: String, pid: u32 },
    #[error("the run \"{0}\" is active; abort it first")]
    Active(String),
    #[error(
        "the run \"{alias}\" is at {from} and cannot go to {to}: from there it goes to {allowed}",
        from = from.code(), to = to.code(),
        allowed = from.followers().iter().map(|s| s.code().to_string()).collect::<Vec<_>>().join(", ")
    )]
    Transition {
        alias: String,
        from: RunStatus,
        to: RunStatus,
    },
    #[error("the loop is no longer active: its run was interrupted or taken over")]
    Displaced,
    #[error("{path} is no longer open: it is {state}")]
    NotProposed { path: String, state: String },
    #[error("a set needs a body, a state, a visibility or attributes; {path} was given none")]
    NothingToSet { path: String },
    #[error("{0}: no body was given to append")]
    NothingToAppend(String),
    #[error(
        "{0} was written by a newer rummy-lsp: update this one, or name another file with RUMMY_DB_PATH"
    )]
    Newer(PathBuf),
    #[error(
        "{0} was written by an older rummy-lsp: start the server once, which brings it up to date"
    )]
    Older(PathBuf),
    #[error(
        "there is no database {0}: it comes with the first start of the server, at the place that RUMMY_DB_PATH or the key `database` names"
    )]
    Missing(PathBuf),
    #[error("{0} is no database of this rummy-lsp; name another file with RUMMY_DB_PATH")]
    Foreign(PathBuf),
    #[error("cannot use the folder of the database {path}: {source}")]
    Folder {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("the store was closed")]
    Closed,
    #[error("the stored {what} cannot be read: {why}")]
    Corrupt { what: &'static str, why: String },
    #[error(transparent)]
    Path(#[from] PathError),
    #[error(transparent)]
    Pattern(#[from] PatternError),
    #[error("migrating the database: {0}")]
    Migration(#[from] rusqlite_migration::Error),
    #[error("the database: {0}")]
    Sqlite(#[from] rusqlite::Error),
}

impl StoreError {
    /// Whether another connection stood in the way.
    fn is_busy(&self) -> bool {
        let code = match self {
            Self::Sqlite(error)
            | Self::Migration(rusqlite_migration::Error::RusqliteError { err: error, .. }) => {
                error.sqlite_error_code()
            }
            _ => None,
        };
        matches!(
            code,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
        )
    }
}

impl From<UnknownWord> for StoreError {
    fn from(word: UnknownWord) -> Self {
        Self::Corrupt {
            what: word.kind,
            why: word.to_string(),
        }
    }
}

/// Something in what a run sees has changed: told after the commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub run: RunId,
    pub path: EntryPath,
    pub kind: ChangeKind,
}

/// What kind of change it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    Upsert,
    Append,
    /// State or outcome alone.
    Resolve,
    Visibility,
    Attributes,
    Remove,
}

/// A transaction that is being written.
pub struct Tx<'c> {
    sql: rusqlite::Transaction<'c>,
    changes: Vec<Change>,
}

impl Tx<'_> {
    fn changed(&mut self, run: RunId, path: &EntryPath, kind: ChangeKind) {
        self.changes.push(Change {
            run,
            path: path.clone(),
            kind,
        });
    }
}

impl Deref for Tx<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.sql
    }
}

/// The handle. Clones share one connection and one thread.
#[derive(Clone)]
pub struct Store {
    connection: tokio_rusqlite::Connection,
    changes: broadcast::Sender<Change>,
    file: PathBuf,
    /// The loop that has to be active for a write.
    within: Option<LoopId>,
}

impl Store {
    /// Opens the file, creating it (mode 0600) and its folder where they are missing, and brings
    /// its schema up to date.
    pub async fn open(file: &Path) -> Result<Self, StoreError> {
        create_private(file).map_err(|source| StoreError::Folder {
            path: file.to_owned(),
            source,
        })?;
        let connection = tokio_rusqlite::Connection::open(file).await?;
        let store = Self {
            connection,
            changes: broadcast::Sender::new(CHANGE_BACKLOG),
            file: file.to_owned(),
            within: None,
        };
        let file = file.to_owned();
        store
            .call(move |connection| patiently(|| make_ready(connection, &file)))
            .await?;
        Ok(store)
    }

    /// The same store for the driver of a loop. Its writes are refused as [`StoreError::Displaced`]
    /// once the loop is no longer active: then somebody has interrupted the run, or another process
    /// has taken it over.
    #[must_use]
    pub fn within(&self, in_loop: LoopId) -> Self {
        Self {
            within: Some(in_loop),
            ..self.clone()
        }
    }

    /// The database's file.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Follows the changes that this process makes. Those of other processes are not told: a
    /// follower that needs them looks at the store from time to time.
    pub fn changes(&self) -> broadcast::Receiver<Change> {
        self.changes.subscribe()
    }

    /// Runs `job` in one transaction. An error from it undoes all that it did.
    pub async fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (sender, within) = (self.changes.clone(), self.within);
        self.call(move |connection| {
            let sql = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let mut tx = Tx {
                sql,
                changes: Vec::new(),
            };
            if let Some(in_loop) = within
                && !loops::is_active(&tx, in_loop)?
            {
                return Err(StoreError::Displaced);
            }
            let result = job(&mut tx)?;
            let changes = std::mem::take(&mut tx.changes);
            tx.sql.commit()?;
            for change in changes {
                // Nobody listens: nobody has to be told.
                let _ = sender.send(change);
            }
            Ok(result)
        })
        .await
    }

    /// Reads in one snapshot of the store.
    pub async fn read<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.call(move |connection| {
            let snapshot = connection.transaction()?;
            job(&snapshot)
        })
        .await
    }

    /// SQLite's counter of the commits of other connections, other processes' among them.
    pub async fn data_version(&self) -> Result<i64, StoreError> {
        self.call(|connection| {
            Ok(connection.query_row("PRAGMA data_version", [], |row| row.get(0))?)
        })
        .await
    }

    /// Empties the write-ahead log into the file. Everything acknowledged is safe without it; a
    /// file that was left tidy is only easier to copy.
    pub async fn flush(&self) -> Result<(), StoreError> {
        self.call(|connection| {
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
            Ok(())
        })
        .await
    }

    async fn call<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.connection
            .call(job)
            .await
            .map_err(|error| match error {
                tokio_rusqlite::Error::Error(error) => error,
                _ => StoreError::Closed,
            })
    }
}

/// Creates the database's folder and an empty file that only its owner can read.
fn create_private(file: &Path) -> std::io::Result<()> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file).map(drop)
}

fn make_ready(connection: &mut Connection, file: &Path) -> Result<(), StoreError> {
    configure(connection)?;
    refuse_foreign(connection, file)?;
    migrate(connection, file)?;
    seed_schemes(connection)
}

/// Tries again while another process makes the same file ready. SQLite's own patience
/// ([`BUSY_TIMEOUT`]) does not cover the change to a write-ahead log, nor a transaction that began by
/// reading what another one has written since.
fn patiently(mut work: impl FnMut() -> Result<(), StoreError>) -> Result<(), StoreError> {
    let begun = Instant::now();
    loop {
        match work() {
            Err(error) if error.is_busy() && begun.elapsed() < BUSY_TIMEOUT => {
                std::thread::sleep(Duration::from_millis(5));
            }
            done => return done,
        }
    }
}

fn configure(connection: &Connection) -> Result<(), StoreError> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // Negative: kilobytes, not pages.
    connection.pragma_update(None, "cache_size", -PAGE_CACHE)?;
    connection.set_prepared_statement_cache_capacity(128);
    Ok(())
}

/// What the file's header says whose it is: "rum2". Another one than that of the first builds, whose
/// tables are not these.
const APPLICATION_ID: i64 = 0x7275_6d32;

/// Refuses a file that was made by another program, or by ours before it had a first version.
fn refuse_foreign(connection: &Connection, file: &Path) -> Result<(), StoreError> {
    let number = |name: &str| -> Result<i64, rusqlite::Error> {
        connection.pragma_query_value(None, name, |row| row.get(0))
    };
    if number("user_version")? > 0 && number("application_id")? != APPLICATION_ID {
        return Err(StoreError::Foreign(file.to_owned()));
    }
    Ok(())
}

fn migrate(connection: &mut Connection, file: &Path) -> Result<(), StoreError> {
    use rusqlite_migration::{Error, MigrationDefinitionError};
    match MIGRATIONS.to_latest(connection) {
        Ok(()) => Ok(()),
        Err(Error::MigrationDefinition(MigrationDefinitionError::DatabaseTooFarAhead)) => {
            Err(StoreError::Newer(file.to_owned()))
        }
        Err(error) => {
            // Another process may have migrated the same new file a moment before.
            if MIGRATIONS.pending_migrations(connection)? == 0 {
                return Ok(());
            }
            Err(error.into())
        }
    }
}

/// Writes the schemes as `entries::Scheme` has them, where the table says otherwise.
fn seed_schemes(connection: &mut Connection) -> Result<(), StoreError> {
    let stored: Vec<SchemeRow> = connection
        .prepare("SELECT name, category, scope, writers, shown FROM schemes")?
        .query_map([], |row| row.try_into())?
        .collect::<Result<_, _>>()?;
    let rows = Scheme::ALL.iter().copied().map(scheme_row);
    let wanted: Vec<SchemeRow> = rows.filter(|row| !stored.contains(row)).collect();
    // Nothing is written where nothing is new: another process may be at work.
    if wanted.is_empty() {
        return Ok(());
    }
    let sql = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for row in wanted {
        sql.execute(
            "INSERT INTO schemes (name, category, scope, writers, shown) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (name) DO UPDATE SET category = excluded.category, scope = excluded.scope,
                 writers = excluded.writers, shown = excluded.shown",
            row,
        )?;
    }
    Ok(sql.commit()?)
}

/// A row of the table `schemes`: name, category, scope, writers, shown.
type SchemeRow = (String, String, String, String, bool);

fn scheme_row(scheme: Scheme) -> SchemeRow {
    (
        scheme.to_string(),
        scheme.category().to_string(),
        scheme.scope().to_string(),
        serde_json::json!(scheme.writers()).to_string(),
        scheme.shown_to_model(),
    )
}

/// The time as the store keeps it: milliseconds since 1970.
pub fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    // A clock before 1970 is a clock that was never set; the order of rows does not depend on it.
    since.map_or(0, |elapsed| {
        i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX)
    })
}

/// A time as the store keeps it, as a clock on the wall shows it here: `2026-01-31 14:03:12`.
pub fn local_time(connection: &Connection, ms: i64) -> Result<String, StoreError> {
    Ok(connection
        .prepare_cached("SELECT datetime(?1 / 1000, 'unixepoch', 'localtime')")?
        .query_row([ms], |row| row.get(0))?)
}

/// Reads a column that holds one of a closed list of words, a path, an outcome.
fn parsed<T>(row: &Row<'_>, column: impl RowIndex + Copy) -> rusqlite::Result<T>
where
    T: std::str::FromStr,
    T::Err: std::error::Error + Send + Sync + 'static,
{
    let text = row.get_ref(column)?.as_str()?;
    text.parse().map_err(|error| unreadable(row, column, error))
}

fn parsed_optional<T>(row: &Row<'_>, column: impl RowIndex + Copy) -> rusqlite::Result<Option<T>>
where
    T: std::str::FromStr,
    T::Err: std::error::Error + Send + Sync + 'static,
{
    let text = row.get_ref(column)?.as_str_or_null()?;
    text.map(|text| text.parse().map_err(|error| unreadable(row, column, error)))
        .transpose()
}

fn json<T: serde::de::DeserializeOwned>(
    row: &Row<'_>,
    column: impl RowIndex + Copy,
) -> rusqlite::Result<T> {
    let text = row.get_ref(column)?.as_str()?;
    serde_json::from_str(text).map_err(|error| unreadable(row, column, error))
}

fn mapped<T: FromSql, U>(
    row: &Row<'_>,
    column: impl RowIndex,
    wrap: impl Fn(T) -> U,
) -> rusqlite::Result<U> {
    row.get(column).map(wrap)
}

fn unreadable(
    row: &Row<'_>,
    column: impl RowIndex + Copy,
    error: impl std::error::Error + Send + Sync + 'static,
) -> rusqlite::Error {
    // The column exists: it was just read.
    let index = column.idx(row.as_ref()).unwrap_or(0);
    rusqlite::Error::FromSqlConversionFailure(index, rusqlite::types::Type::Text, Box::new(error))
}

#[cfg(test)]
mod tests;
