//! The time. Whatever is decided is decided by the brokers' clock: a machine's own can be off by a
//! year. Kafka answers no question with its time, so that only a record that a broker stamps tells it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How far this machine's clock may be off without a word.
pub const TOLERANCE: Duration = Duration::from_secs(2);

/// What is known of the brokers' time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BrokerTime {
    now_ms: i64,
    /// When it was at least.
    stamped_ms: Option<i64>,
    /// This machine's clock at that moment.
    local_ms: i64,
    /// Whether that moment is now, and not at some time in the past.
    is_exact: bool,
}

impl BrokerTime {
    /// A broker just stamped a record that was sent at this moment of the machine's clock: what is
    /// decided under a lock goes by its claim.
    pub fn stamped(at_ms: i64, sent: SystemTime) -> Self {
        let (sent, heard) = (milliseconds(sent), milliseconds(local()));
        Self {
            now_ms: at_ms,
            stamped_ms: Some(at_ms),
            // The clocks agree where it was stamped between the two.
            local_ms: at_ms.max(sent).min(heard.max(sent)),
            is_exact: true,
        }
    }

    /// For a reader, who writes nothing: this machine's clock, but never before the newest record.
    pub fn estimated(newest_ms: Option<i64>) -> Self {
        Self::estimate(newest_ms, milliseconds(local()))
    }

    /// What a snapshot says.
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

    /// The time, in ms since 1970.
    pub fn now_ms(self) -> i64 {
        self.now_ms
    }

    /// Whether a broker told it just now, to who could write.
    pub fn is_exact(self) -> bool {
        self.is_exact
    }

    /// Whether a moment is past.
    pub fn is_past(self, ms: i64) -> bool {
        ms <= self.now_ms
    }

    /// Whether a moment is past by this machine's clock alone: no broker has stamped a record since.
    pub fn is_past_here_alone(self, ms: i64) -> bool {
        self.is_past(ms) && self.stamped_ms.is_none_or(|stamped| stamped < ms)
    }

    /// How far this machine's clock is ahead of the brokers', or behind where it is negative, in ms.
    /// `None` where it is not known to be off: a reader sees only how far it is behind at least.
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

/// This machine's clock. It decides nothing about a cluster: see [`BrokerTime`].
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
        // An answer that was long in coming tells nothing of the clocks.
        let sent = local() - Duration::from_secs(60);
        assert_eq!(
            BrokerTime::stamped(here - 30_000, sent).local_is_off_by(),
            None
        );
    }

    /// Clippy refuses the standard library's clock; this keeps the way around it out of the rooms that
    /// decide.
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
                // How long ago the lock was renewed is measured by both of a machine's clocks.
                let measures = entry.path().ends_with("inventory/lock.rs");
                if entry.file_type().is_file() && !measures {
                    let text = std::fs::read_to_string(entry.path()).unwrap();
                    assert!(!text.contains("clock::local"), "{}", entry.path().display());
                }
            }
        }
    }
}
