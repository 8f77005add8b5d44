//! How long to wait before a failed call is repeated: exponential back-off with jitter, or what
//! the server asked for in `Retry-After`. Whether to repeat is the gateway's to decide.

use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::BuildHasher as _;
use std::ops::RangeInclusive;
use std::time::{Duration, SystemTime};

use futures::FutureExt as _;
use futures::future::BoxFuture;

/// Waits. A parameter, so that tests need not.
pub type Pause = fn(Duration) -> BoxFuture<'static, ()>;

/// How often a call is repeated and how long the gateway waits in between.
#[derive(Clone, Copy)]
pub struct Retries {
    /// Attempts after the first one.
    pub more: u32,
    /// The wait before the first repetition; each later one is twice as long.
    pub first: Duration,
    /// No wait is longer than this, whatever a server asks for.
    pub cap: Duration,
    pub pause: Pause,
}

impl Default for Retries {
    fn default() -> Self {
        Self {
            more: 3,
            first: Duration::from_secs(1),
            cap: Duration::from_mins(1),
            pause: |wait| tokio::time::sleep(wait).boxed(),
        }
    }
}

impl fmt::Debug for Retries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retries")
            .field("more", &self.more)
            .field("first", &self.first)
            .field("cap", &self.cap)
            .finish_non_exhaustive()
    }
}

impl Retries {
    /// The wait before repetition `attempt` (1 for the first).
    ///
    /// What the server asked for is taken as it is. Our own back-off is stretched by up to a
    /// half, so that runs which failed together do not come back together.
    pub(super) fn wait(&self, attempt: u32, asked: Option<Duration>) -> Duration {
        let wait = asked.unwrap_or_else(|| {
            let base = self
                .first
                .saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1)));
            base.saturating_add(base.min(self.cap).mul_f64(chance() / 2.0))
        });
        wait.min(self.cap)
    }
}

/// A number in `0.0..=1.0`. The seed of a hash map is all the randomness that jitter needs, and
/// the standard library has it.
fn chance() -> f64 {
    let bits = RandomState::new().hash_one(());
    f64::from(u32::try_from(bits >> 32).unwrap_or(u32::MAX)) / f64::from(u32::MAX)
}

/// Reads a `Retry-After` header: seconds, or the HTTP date until which to wait. A date that has
/// passed means now. `None` where it is neither.
pub(super) fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let until = SystemTime::UNIX_EPOCH + Duration::from_secs(unix_seconds(value)?);
    Some(until.duration_since(now).unwrap_or(Duration::ZERO))
}

/// The Unix time of an HTTP date in the one form that servers may send:
/// `Sun, 06 Nov 1994 08:49:37 GMT`. `None` for any other form and for dates before 1970.
fn unix_seconds(date: &str) -> Option<u64> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    const DAYS_BEFORE: [u64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];

    let (_weekday, rest) = date.split_once(", ")?;
    let fields: Vec<&str> = rest.strip_suffix(" GMT")?.split([' ', ':']).collect();
    let [day, month, year, hour, minute, second] = fields[..] else {
        return None;
    };
    let month = MONTHS.iter().position(|name| *name == month)?;
    let year = number(year, 1970..=9999)?;

    let leap_days = |year: u64| year / 4 - year / 100 + year / 400;
    let leap_day = u64::from(month >= 2) * (leap_days(year) - leap_days(year - 1));
    let days = 365 * (year - 1970) + leap_days(year - 1) - leap_days(1969)
        + DAYS_BEFORE[month]
        + leap_day
        + number(day, 1..=31)?
        - 1;
    let hours = 24 * days + number(hour, 0..=23)?;
    Some(60 * (60 * hours + number(minute, 0..=59)?) + number(second, 0..=60)?)
}

fn number(field: &str, range: RangeInclusive<u64>) -> Option<u64> {
    match field.parse() {
        Ok(number) if range.contains(&number) => Some(number),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn back_off_doubles_stretches_by_at_most_a_half_and_is_capped() {
        let retries = Retries::default();
        for (attempt, base) in [(1, 1), (2, 2), (3, 4), (4, 8)] {
            let wait = retries.wait(attempt, None);
            assert!(
                seconds(base) <= wait && wait <= seconds(base).mul_f64(1.5),
                "attempt {attempt} waits {wait:?}"
            );
        }
        assert_eq!(retries.wait(40, None), seconds(60));
    }

    #[test]
    fn what_the_server_asks_for_is_taken_as_it_is_up_to_the_cap() {
        let retries = Retries::default();
        assert_eq!(retries.wait(1, Some(seconds(7))), seconds(7));
        assert_eq!(retries.wait(3, Some(Duration::ZERO)), Duration::ZERO);
        assert_eq!(retries.wait(1, Some(seconds(3600))), seconds(60));
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_and_nothing_else() {
        let now = SystemTime::UNIX_EPOCH + seconds(784_111_777);
        let seen = [
            "120",
            " 0 ",
            "Sun, 06 Nov 1994 08:50:07 GMT",
            "Sun, 06 Nov 1994 08:49:30 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "soon",
            "-1",
            "1.5",
            "",
        ]
        .map(|value| retry_after(value, now));
        assert_eq!(
            seen,
            [
                Some(seconds(120)),
                Some(seconds(0)),
                Some(seconds(30)),
                Some(seconds(0)),
                None,
                None,
                None,
                None,
                None
            ]
        );
    }

    #[test]
    fn dates_around_leap_days_are_counted_right() {
        // The right-hand sides are what `date -u -d DATE +%s` prints.
        for (date, unix) in [
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Tue, 29 Feb 2000 23:59:59 GMT", 951_868_799),
            ("Wed, 01 Mar 2000 00:00:00 GMT", 951_868_800),
            ("Sun, 31 Dec 2023 00:00:00 GMT", 1_703_980_800),
            ("Fri, 01 Mar 2024 00:00:00 GMT", 1_709_251_200),
            ("Mon, 01 Mar 2100 00:00:00 GMT", 4_107_542_400),
        ] {
            assert_eq!(unix_seconds(date), Some(unix), "{date}");
        }
    }
}
