//! How far away a cluster is, as its answers show: bounds on attempts follow it, so that nothing is
//! given up that only takes its time.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Round trips that a first answer on a fresh client can take: two connections, each with TCP, TLS,
/// versions and a login, the brokers' addresses between them, and the request itself.
const FRESH_CLIENT: u32 = 16;

/// A round trip that is worth more than what a second client gains.
const FAR: Duration = Duration::from_millis(100);

/// The shortest time in which anything was answered: a round trip takes no longer.
#[derive(Debug, Default)]
pub(super) struct Pace(Mutex<Option<Duration>>);

impl Pace {
    /// Takes in how long an answer took.
    pub fn saw(&self, took: Duration) {
        let mut shortest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *shortest = Some(shortest.map_or(took, |shortest| shortest.min(took)));
    }

    /// How long a round trip takes at most; nothing is known before the first answer.
    pub fn round_trip(&self) -> Duration {
        let shortest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shortest.unwrap_or_default()
    }

    /// A bound for an attempt, on a fresh client perhaps, that is fixed for a cluster nearby.
    pub fn bound(&self, nearby: Duration) -> Duration {
        nearby.max(for_fresh_client(self.round_trip()))
    }

    /// Whether it takes longer to connect once more than to wait for the answers before.
    pub fn is_far(&self) -> bool {
        self.round_trip() > FAR
    }
}

/// How long a first answer can take where a round trip takes so long.
pub(super) fn for_fresh_client(round_trip: Duration) -> Duration {
    round_trip.saturating_mul(FRESH_CLIENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_follow_the_shortest_answer() {
        let (pace, nearby) = (Pace::default(), Duration::from_secs(3));
        assert_eq!(pace.bound(nearby), nearby);
        // A controller that was gone for a while says nothing of the way to it.
        pace.saw(Duration::from_secs(9));
        assert_eq!(pace.bound(nearby), Duration::from_secs(144));
        pace.saw(Duration::from_secs(1));
        pace.saw(Duration::from_secs(5));
        assert_eq!(pace.bound(nearby), Duration::from_secs(16));
        assert!(pace.is_far());
        pace.saw(Duration::from_millis(2));
        assert_eq!((pace.bound(nearby), pace.is_far()), (nearby, false));
    }
}
