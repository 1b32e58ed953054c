//! The latency of a cluster, from its response times. Time limits of attempts grow with it, so that
//! slow but working requests are not aborted.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Maximum round trips until the first response on a new client: two connections, each with TCP,
/// TLS, versions and authentication, the brokers' addresses between them, and the request itself.
const FRESH_CLIENT: u32 = 16;

/// The round-trip time from which a second client costs more than it gains.
const FAR: Duration = Duration::from_millis(100);

/// The minimum response time, an upper bound of the round-trip time.
#[derive(Debug, Default)]
pub(super) struct Pace(Mutex<Option<Duration>>);

impl Pace {
    /// Records a response time.
    pub fn saw(&self, took: Duration) {
        let mut shortest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *shortest = Some(shortest.map_or(took, |shortest| shortest.min(took)));
    }

    /// Returns an upper bound of the round-trip time; zero before the first response.
    pub fn round_trip(&self) -> Duration {
        let shortest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shortest.unwrap_or_default()
    }

    /// Returns the time limit of an attempt, possibly on a new client, from its limit for a nearby
    /// cluster.
    pub fn bound(&self, nearby: Duration) -> Duration {
        nearby.max(for_fresh_client(self.round_trip()))
    }

    /// Returns whether another connection takes longer than waiting for earlier responses.
    pub fn is_far(&self) -> bool {
        self.round_trip() > FAR
    }
}

/// Returns the maximum time until the first response on a new client, for a round-trip time.
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
        // A controller that was down for a while gives no information about latency.
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
