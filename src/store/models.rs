//! Model aliases that were added by a client, and what was measured of each model.

use rusqlite::{Connection, OptionalExtension, params};

use super::{StoreError, Tx, now_ms};

/// A stored alias.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    pub alias: String,
    /// `PROVIDER/NAME`.
    pub actual: String,
    /// In tokens; none where nobody has said.
    pub context_length: Option<u64>,
}

/// Adds an alias or replaces what it stands for. No context length keeps the stored one.
pub fn put(
    tx: &Tx<'_>,
    alias: &str,
    actual: &str,
    context_length: Option<u64>,
) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO models (alias, actual, context_length, created_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (alias) DO UPDATE SET actual = excluded.actual,
             context_length = coalesce(excluded.context_length, context_length)",
    )?
    .execute(params![
        alias,
        actual,
        context_length.map(u64::cast_signed),
        now_ms()
    ])?;
    Ok(())
}

/// Removes an alias.
pub fn remove(tx: &Tx<'_>, alias: &str) -> Result<(), StoreError> {
    let removed = tx.execute("DELETE FROM models WHERE alias = ?1", [alias])?;
    if removed == 0 {
        return Err(StoreError::NoModel(alias.to_owned()));
    }
    Ok(())
}

/// All stored aliases, by alias.
pub fn list(connection: &Connection) -> Result<Vec<Model>, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT alias, actual, context_length FROM models ORDER BY alias")?;
    let rows = statement.query_map([], |row| {
        Ok(Model {
            alias: row.get("alias")?,
            actual: row.get("actual")?,
            context_length: row
                .get::<_, Option<i64>>("context_length")?
                .map(i64::cast_unsigned),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The measured characters a token of a model, by its full name.
pub fn divisor(connection: &Connection, actual: &str) -> Result<Option<f64>, StoreError> {
    Ok(connection
        .prepare_cached("SELECT divisor FROM calibrations WHERE actual = ?1")?
        .query_row([actual], |row| row.get(0))
        .optional()?)
}

/// Keeps what a provider's report says of a model's characters a token.
pub fn calibrate(tx: &Tx<'_>, actual: &str, divisor: f64) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO calibrations (actual, divisor) VALUES (?1, ?2)
         ON CONFLICT (actual) DO UPDATE SET divisor = excluded.divisor",
    )?
    .execute(params![actual, divisor])?;
    Ok(())
}
