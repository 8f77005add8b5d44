//! Texts that are kept once however often they occur: packets, answers, the texts of proposals.

use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

use super::{StoreError, Tx};

/// The row id of a stored text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentId(pub i64);

/// zstd's own default: packets shrink to about a fifth in well under a millisecond.
const LEVEL: i32 = 3;

/// Stores a text, or finds the row that holds it already.
pub fn intern(tx: &Tx<'_>, text: &str) -> Result<ContentId, StoreError> {
    let hash = Sha256::digest(text.as_bytes());
    let found: Option<i64> = tx
        .prepare_cached("SELECT id FROM contents WHERE hash = ?1")?
        .query_row([hash.as_slice()], |row| row.get(0))
        .optional()?;
    if let Some(id) = found {
        return Ok(ContentId(id));
    }
    let packed = zstd::encode_all(text.as_bytes(), LEVEL).map_err(|error| corrupt(&error))?;
    tx.prepare_cached("INSERT INTO contents (hash, zstd) VALUES (?1, ?2)")?
        .execute(params![hash.as_slice(), packed])?;
    Ok(ContentId(tx.last_insert_rowid()))
}

/// The text, exactly as it was stored.
pub fn read(connection: &Connection, id: ContentId) -> Result<String, StoreError> {
    let packed: Vec<u8> = connection
        .prepare_cached("SELECT zstd FROM contents WHERE id = ?1")?
        .query_row([id.0], |row| row.get(0))?;
    let bytes = zstd::decode_all(packed.as_slice()).map_err(|error| corrupt(&error))?;
    String::from_utf8(bytes).map_err(|error| corrupt(&error))
}

fn corrupt(error: &dyn std::error::Error) -> StoreError {
    StoreError::Corrupt {
        what: "content",
        why: error.to_string(),
    }
}
