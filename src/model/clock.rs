//! Time. All decisions use the brokers' clock, because a local clock can be off by a year. No Kafka
//! response contains the broker's time; only the timestamp of a record that a broker appended
//! reveals it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Maximum difference between the local clock and the brokers' that is not reported.
pub const TOLERANCE: Duration = Duration::from_secs(2);

/// An estimate of the brokers' current time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BrokerTime {
    now_ms: i64,
    /// The latest known broker timestamp, a lower bound of the brokers' time.
    stamped_ms: Option<i64>,
    /// The local clock when `stamped_ms` was observed.
    local_ms: i64,
    /// Whether a broker has just returned `stamped_ms`, as opposed to at an earlier time.
    is_exact: bool,
}

impl BrokerTime {
    /// Creates a time from a record that was sent at `sent` (local clock) and that a broker stamped
    /// with `at_ms`. Decisions under a lock use the timestamp of the lock's claim.
    pub fn stamped(at_ms: i64, sent: SystemTime) -> Self {
        let (sent, heard) = (milliseconds(sent), milliseconds(local()));
        Self {
            now_ms: at_ms,
            stamped_ms: Some(at_ms),
            // The clocks agree if the timestamp lies between sending and response.
            local_ms: at_ms.max(sent).min(heard.max(sent)),
            is_exact: true,
        }
    }

    /// Creates an estimate for a read-only run: the local clock, but not before the newest record.
    pub fn estimated(newest_ms: Option<i64>) -> Self {
        Self::estimate(newest_ms, milliseconds(local()))
    }

    /// Creates the time that a snapshot holds.
    pub fn recorded(now_ms: i64) -> Self {
        Self {
            now_ms,
            stamped_ms: Some(now_ms),
            local_ms: now_ms,
            is_exact: true,
        }
    }

    fn estimate(stamped_ms: Option<i64>, local_ms: i64) -> Self {
        Self {
            now_ms: stamped_ms.map_or(local_ms, |stamped| stamped.max(local_ms)),
            stamped_ms,
            local_ms,
            is_exact: false,
        }
    }

    /// Returns the time in ms since 1970.
    pub fn now_ms(self) -> i64 {
        self.now_ms
    }

    /// Returns whether a broker has just returned this time, which requires write access.
    pub fn is_exact(self) -> bool {
        self.is_exact
    }

    /// Returns whether a moment is in the past.
    pub fn is_past(self, ms: i64) -> bool {
        ms <= self.now_ms
    }

    /// Returns whether a moment is in the past only by the local clock: no broker has stamped a
    /// record since.
    pub fn is_past_here_alone(self, ms: i64) -> bool {
        self.is_past(ms) && self.stamped_ms.is_none_or(|stamped| stamped < ms)
    }

    /// Returns how far the local clock is ahead of the brokers' clock in ms, negative if behind.
    /// `None` if no difference is known: without write access, only a lower bound of a clock that
    /// is behind is known.
    pub fn local_is_off_by(self) -> Option<i64> {
        let tolerance = i64::try_from(TOLERANCE.as_millis()).unwrap_or(i64::MAX);
        let off = self.local_ms.saturating_sub(self.stamped_ms?);
        let is_off = match self.is_exact {
            true => off.saturating_abs() > tolerance,
            false => off < -tolerance,
        };
        is_off.then_some(off)
    }
}

/// Reads the local clock. Decisions about a cluster use [`BrokerTime`] instead.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place where this machine's clock is read"
)]
pub fn local() -> SystemTime {
    SystemTime::now()
}

fn milliseconds(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const HOUR: i64 = 3_600_000;

    #[test]
    fn a_reader_goes_by_the_later_of_its_clock_and_the_newest_record() {
        let ahead = BrokerTime::estimate(Some(HOUR), 9 * HOUR);
        assert_eq!(ahead.now_ms(), 9 * HOUR);
        assert!(ahead.is_past_here_alone(2 * HOUR) && !ahead.is_past_here_alone(HOUR));
        assert_eq!(ahead.local_is_off_by(), None, "perhaps nothing was written");
        let behind = BrokerTime::estimate(Some(HOUR), 0);
        assert_eq!(behind.now_ms(), HOUR);
        assert!(!behind.is_past_here_alone(HOUR));
        assert_eq!(behind.local_is_off_by(), Some(-HOUR));
        assert_eq!(BrokerTime::estimate(None, 0).local_is_off_by(), None);
    }

    #[test]
    fn who_writes_knows_the_brokers_time() {
        let (here, year) = (milliseconds(local()), 365 * 24 * HOUR);
        let stamped = |at_ms| BrokerTime::stamped(at_ms, local());
        assert!(
            stamped(here - year)
                .local_is_off_by()
                .is_some_and(|off| off > year - HOUR)
        );
        assert!(
            stamped(here + year)
                .local_is_off_by()
                .is_some_and(|off| off < HOUR - year)
        );
        assert_eq!(stamped(here).local_is_off_by(), None);
        // A slow response gives no information about the clocks.
        let sent = local() - Duration::from_secs(60);
        assert_eq!(
            BrokerTime::stamped(here - 30_000, sent).local_is_off_by(),
            None
        );
    }

    /// Clippy rejects the standard library's clock; this test keeps `clock::local` out of the
    /// modules that decide.
    #[test]
    fn no_room_that_decides_asks_this_machine() {
        let rooms = [
            "apply",
            "diff",
            "doctor",
            "instance",
            "inventory",
            "observe",
            "plan",
        ];
        for room in rooms {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(room);
            for entry in walkdir::WalkDir::new(folder) {
                let entry = entry.unwrap();
                // The lock measures the age of its renewal with both local clocks.
                let measures = entry.path().ends_with("inventory/lock.rs");
                if entry.file_type().is_file() && !measures {
                    let text = std::fs::read_to_string(entry.path()).unwrap();
                    assert!(!text.contains("clock::local"), "{}", entry.path().display());
                }
            }
        }
    }
}
