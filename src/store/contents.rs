//! Texts that are kept once however often they occur: packets, answers, the texts of proposals.
//!
//! **Invariant.** A text reads back byte for byte. A difference ends on the boundaries of characters,
//! and leads in at most [`MAX_LINKS`] steps to a text that is kept whole.

use std::io::{self, Read as _, Write as _};
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};
use zstd::stream::read::Decoder;
use zstd::stream::write::Encoder;

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
    let packed = pack(text.as_bytes(), &[])?;
    tx.prepare_cached("INSERT INTO contents (hash, zstd) VALUES (?1, ?2)")?
        .execute(params![hash.as_slice(), packed])?;
    Ok(ContentId(tx.last_insert_rowid()))
}

/// A text that was kept, with what the next one of its series needs to be kept as a difference.
#[derive(Debug, Clone)]
pub struct Kept {
    id: ContentId,
    text: Arc<String>,
    /// How many differences lead back to a text that is kept whole.
    links: u32,
}

/// As many differences as are put together to read one text.
const MAX_LINKS: u32 = 32;

impl Kept {
    pub const fn id(&self) -> ContentId {
        self.id
    }
}

/// Stores a text of a series in which each is much like the one before, such as the packets of a run:
/// only what differs is stored, and that as it differs from what stood there, so that a piece which has
/// only moved costs next to nothing.
pub fn keep(tx: &Tx<'_>, text: Arc<String>, before: Option<&Kept>) -> Result<Kept, StoreError> {
    let Some(before) = before.filter(|before| before.links < MAX_LINKS) else {
        return whole(tx, text);
    };
    if before.text == text {
        return Ok(before.clone());
    }
    let (head, tail) = shared(&before.text, &text);
    let between = |text: &'_ str| text.as_bytes()[head..text.len() - tail].to_vec();
    let difference = pack(&between(&text), &between(&before.text))?;
    if difference.len() * WORTHWHILE > text.len() {
        return whole(tx, text);
    }
    tx.prepare_cached("INSERT INTO contents (base_id, head, tail, zstd) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![
            before.id.0,
            length(head)?,
            length(tail)?,
            difference
        ])?;
    Ok(Kept {
        id: ContentId(tx.last_insert_rowid()),
        text,
        links: before.links + 1,
    })
}

/// A difference is this many times smaller than its text; a whole text packs to about a fifth.
const WORTHWHILE: usize = 8;

fn whole(tx: &Tx<'_>, text: Arc<String>) -> Result<Kept, StoreError> {
    let id = intern(tx, &text)?;
    Ok(Kept { id, text, links: 0 })
}

/// The text, exactly as it was stored.
pub fn read(connection: &Connection, id: ContentId) -> Result<String, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT base_id, head, tail, zstd FROM contents WHERE id = ?1")?;
    let mut differences = Vec::new();
    let mut at = id.0;
    loop {
        let (base, head, tail, packed): (Option<i64>, u32, u32, Vec<u8>) = statement
            .query_row([at], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            })?;
        let Some(base) = base else {
            let text = differences
                .iter()
                .rev()
                .try_fold(unpack(&packed, &[])?, |before, difference| {
                    joined(&before, difference)
                })?;
            return String::from_utf8(text).map_err(|error| corrupt(&error));
        };
        differences.push((head as usize, tail as usize, packed));
        at = base;
    }
}

/// A text from its predecessor and its difference: the ends that they share, and what stands between.
fn joined(
    before: &[u8],
    (head, tail, packed): &(usize, usize, Vec<u8>),
) -> Result<Vec<u8>, StoreError> {
    let end = before.len().checked_sub(*tail);
    let Some(replaced) = end.and_then(|end| before.get(*head..end)) else {
        return Err(StoreError::Corrupt {
            what: "content",
            why: "a difference does not fit what it is a difference to".to_owned(),
        });
    };
    let between = unpack(packed, replaced)?;
    Ok([&before[..*head], &between, &before[before.len() - tail..]].concat())
}

/// How many bytes two texts share at their beginning and, behind that, at their end.
fn shared(before: &str, after: &str) -> (usize, usize) {
    let (old, new) = (before.as_bytes(), after.as_bytes());
    let strides = old.chunks_exact(STRIDE).zip(new.chunks_exact(STRIDE));
    let strode = STRIDE * same(strides);
    let head = strode + same(old[strode..].iter().zip(&new[strode..]));
    let head = after.floor_char_boundary(head);
    let (old, new) = (&old[head..], &new[head..]);
    let strides = old.rchunks_exact(STRIDE).zip(new.rchunks_exact(STRIDE));
    let strode = STRIDE * same(strides);
    let (old, new) = (&old[..old.len() - strode], &new[..new.len() - strode]);
    let tail = strode + same(old.iter().rev().zip(new.iter().rev()));
    let from = after.ceil_char_boundary(after.len() - tail);
    (head, after.len() - from)
}

/// Texts are compared by so many bytes at a time, as long as they are the same.
const STRIDE: usize = 512;

fn same<T: PartialEq>(pairs: impl Iterator<Item = (T, T)>) -> usize {
    pairs.take_while(|(old, new)| old == new).count()
}

fn length(bytes: usize) -> Result<u32, StoreError> {
    u32::try_from(bytes).map_err(|error| corrupt(&error))
}

/// Packs a text; `near` is one that it has much in common with, or empty.
fn pack(text: &[u8], near: &[u8]) -> Result<Vec<u8>, StoreError> {
    let packed = || {
        let mut encoder = Encoder::with_ref_prefix(Vec::new(), LEVEL, near)?;
        encoder.window_log(window(text.len() + near.len()))?;
        encoder.write_all(text)?;
        encoder.finish()
    };
    packed().map_err(|error: io::Error| corrupt(&error))
}

/// Reads what was packed beside the same text.
fn unpack(packed: &[u8], near: &[u8]) -> Result<Vec<u8>, StoreError> {
    let unpacked = || {
        let mut text = Vec::new();
        Decoder::with_ref_prefix(packed, near)?.read_to_end(&mut text)?;
        Ok(text)
    };
    unpacked().map_err(|error: io::Error| corrupt(&error))
}

/// The window that reaches over so many bytes, as a power of two that every decoder takes.
fn window(bytes: usize) -> u32 {
    bytes.next_power_of_two().ilog2().clamp(17, 27)
}

/// Removes those of some texts that nothing holds any more, and what only they differed from.
pub fn release(tx: &Tx<'_>, texts: impl IntoIterator<Item = i64>) -> Result<(), StoreError> {
    let mut texts: Vec<i64> = texts.into_iter().collect();
    // The newest last, to be taken first: it may differ from an older one.
    texts.sort_unstable();
    let mut remove = tx.prepare_cached(
        "DELETE FROM contents WHERE id = ?1
             AND NOT EXISTS (SELECT 1 FROM entries WHERE content_id = ?1)
             AND NOT EXISTS (SELECT 1 FROM contents WHERE base_id = ?1)
             AND NOT EXISTS (SELECT 1 FROM proposals WHERE base_id = ?1)
             AND NOT EXISTS (SELECT 1 FROM proposals WHERE after_id = ?1)
         RETURNING base_id",
    )?;
    while let Some(text) = texts.pop() {
        let base = remove.query_row([text], |row| row.get::<_, Option<i64>>(0));
        texts.extend(base.optional()?.flatten());
    }
    Ok(())
}

/// Removes the texts that nothing holds: no entry, no proposal, no text that differs from them.
pub fn sweep(tx: &Tx<'_>) -> Result<(), StoreError> {
    tx.execute(
        "WITH RECURSIVE held (id) AS (
             SELECT content_id FROM entries WHERE content_id IS NOT NULL
             UNION SELECT base_id FROM proposals WHERE base_id IS NOT NULL
             UNION SELECT after_id FROM proposals WHERE after_id IS NOT NULL
             UNION SELECT contents.base_id FROM contents JOIN held ON contents.id = held.id
                 WHERE contents.base_id IS NOT NULL)
         DELETE FROM contents WHERE id NOT IN (SELECT id FROM held)",
        [],
    )?;
    Ok(())
}

fn corrupt(error: &dyn std::error::Error) -> StoreError {
    StoreError::Corrupt {
        what: "content",
        why: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_two_texts_share_and_what_lies_between_makes_the_later_one(
            before in "[aé😀\n]{0,12}",
            after in "[aé😀\n]{0,12}",
        ) {
            let (head, tail) = shared(&before, &after);
            let between = |text: &str| text.as_bytes()[head..text.len() - tail].to_vec();
            let packed = pack(&between(&after), &between(&before)).unwrap();
            let again = joined(before.as_bytes(), &(head, tail, packed)).unwrap();
            prop_assert_eq!(String::from_utf8(again).unwrap(), after);
        }
    }
}
