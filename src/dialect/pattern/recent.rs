//! What was compiled lately, so that a pattern that a run uses turn after turn is compiled once.
//!
//! **Invariant**: never more than `most` values are kept, whatever is asked for.

use std::sync::{Mutex, PoisonError};

/// The values that were last asked for, by name. They are few, so they are looked through.
#[derive(Debug)]
pub(super) struct Recent<T> {
    most: usize,
    /// The last one was asked for last.
    values: Mutex<Vec<(String, T)>>,
}

impl<T: Clone> Recent<T> {
    pub(super) const fn new(most: usize) -> Self {
        Self {
            most,
            values: Mutex::new(Vec::new()),
        }
    }

    /// The value of that name; made by `make` where it is not kept. Errors are not kept.
    pub(super) fn get_or_make<E>(
        &self,
        name: &str,
        make: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        if let Some(value) = self.take(name) {
            return Ok(value);
        }
        // Without the lock: to compile takes long, and two who make the same value do no harm.
        let value = make()?;
        self.keep(name, value.clone());
        Ok(value)
    }

    fn take(&self, name: &str) -> Option<T> {
        let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        let at = values.iter().rposition(|(kept, _)| kept == name)?;
        values[at..].rotate_left(1);
        values.last().map(|(_, value)| value.clone())
    }

    fn keep(&self, name: &str, value: T) {
        let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        values.retain(|(kept, _)| kept != name);
        if values.len() == self.most {
            values.remove(0);
        }
        values.push((name.to_owned(), value));
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn the_value_that_was_not_asked_for_the_longest_is_made_again() {
        let recent = Recent::new(2);
        let made = Cell::new(0);
        let mut ask = |name: &str| {
            let make = || {
                made.set(made.get() + 1);
                Ok::<_, ()>(name.to_owned())
            };
            assert_eq!(recent.get_or_make(name, make), Ok(name.to_owned()));
            made.get()
        };
        let counts = ["a", "b", "a", "c", "a", "b"].map(&mut ask);
        assert_eq!(counts, [1, 2, 2, 3, 3, 4]);
    }

    #[test]
    fn an_error_is_not_kept() {
        let recent = Recent::new(2);
        assert_eq!(recent.get_or_make("a", || Err::<u8, _>("no")), Err("no"));
        assert_eq!(recent.get_or_make("a", || Ok::<_, &str>(1)), Ok(1));
    }
}
