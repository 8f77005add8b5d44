//! The database, for the subcommands that only look at it.

use std::path::PathBuf;

use serde_json::Map;

use crate::config::{Layers, variables};
use crate::store::{Reader, StoreError};

#[derive(Debug, clap::Args)]
pub struct Database {
    /// The database to look at. Without it: `RUMMY_DB_PATH`, the key `database` of config.toml, or the
    /// platform's place for such files; what an editor's settings name is not known here
    #[arg(long = "database", value_name = "FILE")]
    file: Option<PathBuf>,
}

impl Database {
    /// Opens it for reading.
    pub async fn open(self) -> Result<Reader, StoreError> {
        let file = self.file.unwrap_or_else(configured);
        Reader::open(&file).await
    }
}

/// Where a server that was told nothing else keeps its database.
fn configured() -> PathBuf {
    let (config, complaints) = Layers::of_process(variables(), &Map::new()).resolve();
    for complaint in complaints {
        tracing::warn!("{complaint}");
    }
    config.database
}
