//! Determines the holder of a lock from the log alone: claims and releases in order, by the
//! broker's clock. Pure.
//!
//! A claim makes its writer the holder if there is none, or if the holder's lease expired before
//! it; the holder's own claims renew the lease; a release ends it. All other claims have no effect.
//! All readers of the log up to the same record determine the same holder.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The duration of a claim's lease, by the broker's clock.
pub const TTL: Duration = Duration::from_secs(10);

/// Who holds a lock, or wants it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Holder {
    /// The user, and the machine: `anna@ci-7`.
    pub by: String,
    /// The process there.
    pub pid: u32,
    /// The commit that it applies.
    pub commit: Option<String>,
    /// Since when it holds the lock, by the broker's clock, in ms since 1970. Of one that only
    /// wants it, it means nothing.
    pub since_ms: i64,
}

/// A lock that somebody holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TakenLock {
    /// What is locked.
    pub resource: String,
    /// By whom.
    #[serde(flatten)]
    pub holder: Holder,
    /// Until when, unless it is renewed, by the broker's clock, in ms since 1970.
    pub until_ms: i64,
}

/// A claim in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Claim {
    pub resource: String,
    /// The unique id of the claimer.
    pub id: String,
    /// The append time, in ms since 1970.
    pub at_ms: i64,
    pub ttl_ms: u64,
    pub holder: Holder,
}

/// The state of one lock, up to some record.
#[derive(Debug, Clone, Default)]
pub(super) struct Lease {
    term: Option<Term>,
    /// The offset of the record that ended the previous term.
    ended: Option<i64>,
    /// The latest broker time seen; another broker's clock may be behind.
    now_ms: i64,
}

/// The time during which one holder has the lock without a gap.
#[derive(Debug, Clone)]
pub(super) struct Term {
    /// The key of the holder's claims.
    pub key: Vec<u8>,
    /// The offset of the record that started the term. It distinguishes this term from an earlier
    /// one of the same holder.
    pub began: i64,
    pub holder: Holder,
    pub until_ms: i64,
}

impl Lease {
    /// Applies the claim at this offset.
    pub fn claimed(&mut self, offset: i64, key: &[u8], claim: Claim) {
        self.now_ms = self.now_ms.max(claim.at_ms);
        let (now_ms, until_ms) = (
            self.now_ms,
            self.now_ms.saturating_add_unsigned(claim.ttl_ms),
        );
        match &mut self.term {
            // It may have expired, but was not taken.
            Some(term) if term.key == key => term.until_ms = until_ms,
            Some(term) if now_ms < term.until_ms => {}
            before => {
                // It expired before, at an unknown time.
                if before.is_some() {
                    self.ended = Some(offset);
                }
                self.term = Some(Term {
                    key: key.to_vec(),
                    began: offset,
                    holder: Holder {
                        since_ms: now_ms,
                        ..claim.holder
                    },
                    until_ms,
                });
            }
        }
    }

    /// Applies the release at this offset.
    pub fn released(&mut self, offset: i64, key: &[u8]) {
        if self.term.as_ref().is_some_and(|term| term.key == key) {
            self.term = None;
            self.ended = Some(offset);
        }
    }

    /// Returns the offset of the record that ended another holder's previous term: that holder may
    /// have made changes until then.
    pub fn ended(&self) -> Option<i64> {
        self.ended
    }

    /// Returns the current term, as far as the log shows: its lease may have expired since.
    pub fn term(&self) -> Option<&Term> {
        self.term.as_ref()
    }

    /// Returns the minimum remaining time of the lease, from the latest claim.
    pub fn left(&self) -> Duration {
        let until_ms = self.term.as_ref().map_or(0, |term| term.until_ms);
        let left_ms = until_ms.saturating_sub(self.now_ms);
        Duration::from_millis(u64::try_from(left_ms).unwrap_or_default())
    }

    /// Returns the broker's clock at the latest claim.
    pub fn now_ms(&self) -> i64 {
        self.now_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The log of a lock: claimer and time; `None` is a release. Each has its own offset.
    type Log = &'static [(&'static str, Option<i64>)];

    fn replay(log: Log) -> Lease {
        let mut lease = Lease::default();
        for (offset, (who, at_ms)) in log.iter().enumerate() {
            let offset = i64::try_from(offset).unwrap();
            match at_ms {
                None => lease.released(offset, who.as_bytes()),
                Some(at_ms) => lease.claimed(
                    offset,
                    who.as_bytes(),
                    Claim {
                        resource: "r".to_owned(),
                        id: (*who).to_owned(),
                        at_ms: *at_ms,
                        ttl_ms: 10,
                        holder: Holder::default(),
                    },
                ),
            }
        }
        lease
    }

    /// Returns the holder, the offset of its first claim, and the expiry.
    fn holder(log: Log) -> Option<(String, i64, i64)> {
        let lease = replay(log);
        let term = lease.term()?;
        let key = String::from_utf8(term.key.clone()).unwrap();
        Some((key, term.began, term.until_ms))
    }

    fn is(key: &str, began: i64, until_ms: i64) -> Option<(String, i64, i64)> {
        Some((key.to_owned(), began, until_ms))
    }

    #[test]
    fn the_first_one_has_it_until_its_lease_runs_out() {
        assert_eq!(holder(&[]), None);
        assert_eq!(holder(&[("a", Some(0)), ("b", Some(9))]), is("a", 0, 10));
        assert_eq!(holder(&[("a", Some(0)), ("b", Some(10))]), is("b", 1, 20));
    }

    #[test]
    fn a_renewal_holds_off_the_others() {
        let log: Log = &[("a", Some(0)), ("a", Some(8)), ("b", Some(17))];
        assert_eq!(holder(log), is("a", 0, 18));
        let log: Log = &[("a", Some(0)), ("a", Some(30)), ("b", Some(31))];
        assert_eq!(holder(log), is("a", 0, 40), "late, but nobody was faster");
    }

    #[test]
    fn a_release_lets_the_next_go_on_at_once() {
        assert_eq!(holder(&[("a", Some(0)), ("a", None)]), None);
        let log: Log = &[("a", Some(0)), ("b", Some(1)), ("a", None), ("b", Some(2))];
        assert_eq!(holder(log), is("b", 3, 12));
        let log: Log = &[("a", Some(0)), ("b", Some(1)), ("b", None)];
        assert_eq!(holder(log), is("a", 0, 10), "b gave up waiting");
    }

    #[test]
    fn one_that_lost_it_and_got_it_again_is_in_another_term() {
        let log: Log = &[
            ("a", Some(0)),
            ("b", Some(10)),
            ("b", None),
            ("a", Some(12)),
        ];
        assert_eq!(holder(log), is("a", 3, 22));
        let broken: Log = &[("a", Some(0)), ("a", None), ("a", Some(3))];
        assert_eq!(holder(broken), is("a", 2, 13));
    }

    #[test]
    fn it_is_known_when_the_term_before_ended() {
        let ended = |log: Log| replay(log).ended();
        assert_eq!(ended(&[]), None);
        assert_eq!(ended(&[("a", Some(0)), ("b", Some(1)), ("b", None)]), None);
        let released: Log = &[("a", Some(0)), ("a", None), ("b", Some(1)), ("b", Some(2))];
        assert_eq!(ended(released), Some(1));
        let ran_out: Log = &[("a", Some(0)), ("a", Some(5)), ("b", Some(30))];
        assert_eq!(ended(ran_out), Some(2), "not before somebody took it");
    }

    #[test]
    fn a_clock_that_goes_back_frees_nothing_early() {
        let log: Log = &[("a", Some(100)), ("a", Some(50)), ("b", Some(60))];
        assert_eq!(holder(log), is("a", 0, 110));
        assert_eq!(replay(log).now_ms(), 100);
    }

    #[test]
    fn what_compaction_leaves_of_old_claims_changes_nothing_now() {
        // Compaction keeps the last of a's renewals, and the only claim of b, which was killed
        // while waiting.
        let compacted: Log = &[
            ("b", Some(50)),
            ("a", Some(100)),
            ("a", None),
            ("c", Some(5_000)),
        ];
        assert_eq!(holder(compacted), is("c", 3, 5_010));
        let tombstone_gone: Log = &[("b", Some(50)), ("a", Some(55)), ("c", Some(5_000))];
        assert_eq!(holder(tombstone_gone), is("c", 2, 5_010));
    }
}
