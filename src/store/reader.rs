//! The store as it is looked at from outside, while a server may be at work on it.
//!
//! **Invariant.** The database is not written to: none is created where there is none, no schema is
//! migrated, no run is recovered. SQLite itself may leave its empty `-wal` and its `-shm` beside it.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use rusqlite::{Connection, ErrorCode, OpenFlags};
use rusqlite_migration::{Error as MigrationError, SchemaVersion};
use tokio::sync::broadcast;

use super::{BUSY_TIMEOUT, MIGRATIONS, Store, StoreError, refuse_foreign};

/// A handle that only reads. Clones share one connection and one thread.
#[derive(Clone)]
pub struct Reader(Store);

impl Reader {
    /// Opens a file that is there and whose schema is this program's.
    pub async fn open(file: &Path) -> Result<Self, StoreError> {
        match fs::metadata(file) {
            Ok(found) if found.is_dir() => return Err(StoreError::Foreign(file.to_owned())),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(StoreError::Missing(file.to_owned()));
            }
            // Whatever else is wrong SQLite says better.
            Ok(_) | Err(_) => {}
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let store = Store {
            connection: tokio_rusqlite::Connection::open_with_flags(file, flags).await?,
            changes: broadcast::Sender::new(1),
            file: file.to_owned(),
            within: None,
        };
        let file = file.to_owned();
        store
            .call(move |connection| {
                connection.busy_timeout(BUSY_TIMEOUT)?;
                check(connection, &file)
            })
            .await?;
        Ok(Self(store))
    }

    /// The database's file.
    pub fn file(&self) -> &Path {
        self.0.file()
    }

    /// Reads in one snapshot of the store.
    pub async fn read<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.0.read(job).await
    }
}

/// Refuses a file whose schema is another program's or another version's.
fn check(connection: &Connection, file: &Path) -> Result<(), StoreError> {
    let version = version_of(connection, file)?;
    refuse_foreign(connection, file)?;
    match version {
        SchemaVersion::NoneSet => Err(StoreError::Foreign(file.to_owned())),
        SchemaVersion::Outside(_) => Err(StoreError::Newer(file.to_owned())),
        SchemaVersion::Inside(_) if MIGRATIONS.pending_migrations(connection)? > 0 => {
            Err(StoreError::Older(file.to_owned()))
        }
        SchemaVersion::Inside(_) => Ok(()),
    }
}

fn version_of(connection: &Connection, file: &Path) -> Result<SchemaVersion, StoreError> {
    match MIGRATIONS.current_version(connection) {
        Ok(version) => Ok(version),
        Err(MigrationError::RusqliteError { err, .. })
            if err.sqlite_error_code() == Some(ErrorCode::NotADatabase) =>
        {
            Err(StoreError::Foreign(file.to_owned()))
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Tx, configure, migrate, projects};

    /// A store's file with a schema's number in it, and what a reader says to it.
    async fn opened(version: Option<u32>) -> String {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rummy.db");
        let mut connection = Connection::open(&file).unwrap();
        configure(&connection).unwrap();
        migrate(&mut connection, &file).unwrap();
        if let Some(version) = version {
            connection
                .pragma_update(None, "user_version", version)
                .unwrap();
        }
        drop(connection);
        told(&file).await
    }

    async fn told(file: &Path) -> String {
        let before = bytes(file);
        let told = match Reader::open(file).await {
            Ok(_) => "opened".to_owned(),
            Err(error) => error.to_string().replace(file.to_str().unwrap(), "FILE"),
        };
        assert!(bytes(file) == before, "the file has changed: {told}");
        told
    }

    fn bytes(file: &Path) -> Option<Vec<u8>> {
        file.exists().then(|| fs::read(file).unwrap())
    }

    #[tokio::test]
    async fn a_reader_opens_what_is_its_own_and_refuses_the_rest_by_name() {
        assert_eq!(opened(None).await, "opened");
        assert_eq!(
            opened(Some(1000)).await,
            "FILE was written by a newer rummy-lsp: update this one, or name another file with RUMMY_DB_PATH"
        );
        assert_eq!(
            opened(Some(0)).await,
            "FILE is no database of this rummy-lsp; name another file with RUMMY_DB_PATH"
        );
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(
            Reader::open(folder.path()).await,
            Err(StoreError::Foreign(_))
        ));
        let file = folder.path().join("x");
        let missing = told(&file).await;
        assert!(
            missing.starts_with("there is no database FILE"),
            "{missing}"
        );
        fs::write(
            &file,
            "a letter to a friend, of more than a hundred bytes ".repeat(20),
        )
        .unwrap();
        assert_eq!(
            told(&file).await,
            "FILE is no database of this rummy-lsp; name another file with RUMMY_DB_PATH"
        );
    }

    #[tokio::test]
    async fn a_reader_reads_while_a_store_writes_and_cannot_write_itself() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rummy.db");
        let store = Store::open(&file).await.unwrap();
        let reader = Reader::open(&file).await.unwrap();
        let add = |name: &'static str| {
            let store = store.clone();
            async move {
                let job = move |tx: &mut Tx<'_>| projects::ensure(tx, name, name);
                store.write(job).await.unwrap();
            }
        };
        let mut seen = Vec::new();
        for name in ["file:///a", "file:///b"] {
            add(name).await;
            let known = reader.read(projects::list).await.unwrap();
            seen.push(known.len());
        }
        assert_eq!(seen, [1, 2]);
        let refused = reader.0.write(|tx| {
            tx.execute("DELETE FROM projects", [])?;
            Ok(())
        });
        let refused = refused.await.unwrap_err().to_string();
        assert!(refused.contains("readonly"), "{refused}");
    }
}
