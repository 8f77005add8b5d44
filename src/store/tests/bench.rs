//! What the store's tests stand on.

use tempfile::TempDir;

use crate::dialect::{BodyFilter, PathPattern};
use crate::entries::{EntryPath, LoopId, Mode, RunId, Scheme, Writer};
use crate::store::entries::{self, Query, Write};
use crate::store::loops::{self, LoopConfig, NewLoop};
use crate::store::runs::{self, NewRun, Settings};
use crate::store::{Store, StoreError, Tx, projects};

pub struct Bench {
    pub store: Store,
    pub run: RunId,
    pub folder: TempDir,
}

pub async fn bench() -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("a/rummy.db"))
        .await
        .unwrap();
    let run = store
        .write(|tx| runs::create(tx, &new_run(tx, "first")))
        .await
        .unwrap();
    Bench { store, run, folder }
}

pub fn new_run(tx: &Tx<'_>, alias: &str) -> NewRun {
    NewRun {
        project: projects::ensure(tx, "file:///p", "/p").unwrap(),
        alias: alias.parse().unwrap(),
        model: "test".to_owned(),
        prompt: "do it".to_owned(),
        settings: Settings::default(),
    }
}

/// Queues a prompt.
pub fn enqueue(tx: &Tx<'_>, run: RunId, mode: Mode, prompt: &str) -> Result<LoopId, StoreError> {
    let new = NewLoop {
        mode,
        model: "test",
        prompt,
        config: &LoopConfig::default(),
        joins: false,
    };
    loops::enqueue(tx, run, &new)
}

pub fn path(text: &str) -> EntryPath {
    EntryPath::parse(text).unwrap()
}

pub fn all(pattern: &str, filter: Option<&str>) -> Query {
    let filter = filter.map(|text| BodyFilter::parse(text).unwrap());
    Query::matching(PathPattern::parse(pattern).unwrap(), filter)
}

impl Bench {
    pub async fn set(&self, writer: Writer, write: Write) -> Result<(), StoreError> {
        let run = self.run;
        self.store
            .write(move |tx| entries::set(tx, run, writer, write))
            .await
    }

    pub async fn known(&self, at: &str, body: &str) {
        self.set(Writer::Model, Write::body(path(at), body))
            .await
            .unwrap();
    }

    pub async fn body(&self, run: RunId, at: &str) -> Option<String> {
        let at = path(at);
        self.store
            .read(move |connection| entries::find(connection, run, &at))
            .await
            .unwrap()
            .map(|entry| entry.body)
    }

    pub async fn list(&self, query: Query) -> Vec<String> {
        let run = self.run;
        self.store
            .read(move |connection| entries::list(connection, run, &query))
            .await
            .unwrap()
            .into_iter()
            .filter(|entry| entry.scheme() != Scheme::Run)
            .map(|entry| format!("{} {} {}", entry.path, entry.visibility, entry.body))
            .collect()
    }
}
