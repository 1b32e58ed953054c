//! Whose a topic is gets settled under a lock that all scopes share, held for a moment: what is
//! recorded is read, and what becomes owned is written, with nobody else's in between. Whoever comes
//! second sees the record of the first, before it changes anything.

use std::time::{Duration, Instant};

use tokio::sync::MutexGuard;

use super::{LOOK, Lock, LockLost, Moment, Side};
use crate::inventory::codec::{self, InventoryRecord};
use crate::inventory::concern::Asking;
use crate::inventory::error::InventoryError;
use crate::inventory::lease::{Lease, TTL, Term};
use crate::inventory::ledger::{Contents, Writer, encode};

/// What is locked meanwhile.
const RESOURCE: &str = "ownership";

/// How long one holder is waited for: one that died in the middle loses it within this.
const PATIENCE: Duration = Duration::from_secs(15);

/// How long it may take to record: within the lease.
const IN_TIME: Duration = Duration::from_secs(8);

/// Ownership that is being settled: no other scope records any. Dropped without a record, it ends by
/// itself within seconds.
pub struct Settling<'a> {
    lock: &'a Lock,
    side: MutexGuard<'a, Side>,
    key: Vec<u8>,
    since: Moment,
    contents: Contents,
}

impl Lock {
    /// Begins to settle ownership.
    ///
    /// # Errors
    /// The inventory could not be read or written, a record that cannot be read concerns the reader,
    /// or somebody else does not end.
    pub async fn settle(&self, asking: &Asking<'_>) -> Result<Settling<'_>, LockLost> {
        self.check().await?;
        let mut wait: Option<Wait> = None;
        loop {
            let mut side = self.held.side.lock().await;
            let key = codec::lock_key(RESOURCE, &side.id);
            let since = Moment::now();
            let may_succeed = match (&wait, side.settling()) {
                (Some(wait), Some(term)) => wait.began == term.began && wait.is_over(),
                _ => true,
            };
            if may_succeed {
                side.claim_for_a_moment().await?;
            }
            let Some(term) = side.settling().filter(|term| term.key != key) else {
                let settling = Settling {
                    lock: self,
                    contents: side.contents()?,
                    side,
                    key,
                    since,
                };
                return match settling.contents.check(&settling.side.topic, asking) {
                    Ok(()) => Ok(settling),
                    Err(error) => {
                        settling.end().await;
                        Err(error.into())
                    }
                };
            };
            let same = wait.filter(|wait| wait.began == term.began);
            let next = match same {
                Some(wait) if !may_succeed => wait,
                _ => Wait {
                    began: term.began,
                    since: same.map_or(since.0, |wait| wait.since),
                    until: since.0 + side.log.lease(RESOURCE).map_or(TTL, Lease::left),
                },
            };
            if next.since.elapsed() >= PATIENCE {
                return Err(LockLost::Busy(term.holder.clone()));
            }
            wait = Some(next);
            let left = next.until.saturating_duration_since(Instant::now());
            side.read_on(left.min(LOOK)).await?;
        }
    }
}

/// Whose end is waited for. Meanwhile nothing is written: every claim would be read by all others who
/// wait.
#[derive(Debug, Clone, Copy)]
struct Wait {
    /// The record that began the term.
    began: i64,
    /// Since when it is waited for.
    since: Instant,
    /// When its lease runs out, by this machine's clock.
    until: Instant,
}

impl Wait {
    fn is_over(self) -> bool {
        Instant::now() >= self.until
    }
}

impl Settling<'_> {
    /// All that is recorded.
    pub fn contents(&self) -> &Contents {
        &self.contents
    }

    /// Records entries, and ends. Tells when the first of them was recorded, by the broker's clock.
    ///
    /// # Errors
    /// They may not be recorded, or somebody else may have recorded something meanwhile.
    pub async fn record(self, entries: &[InventoryRecord]) -> Result<Option<i64>, LockLost> {
        let mut records = encode(&self.side.topic, entries)?;
        records.push((self.key.clone(), None));
        let appended = self.side.appender.append(&records).await;
        let appended = appended.map_err(|error| super::unwritten(&self.side.topic, error))?;
        self.check_time()?;
        Ok(appended.first().and_then(|first| first.appended_ms))
    }

    /// Records entries, and gives back the lock itself with them: nothing follows.
    ///
    /// # Errors
    /// As for [`Settling::record`].
    pub async fn close(
        mut self,
        writer: &Writer,
        entries: &[InventoryRecord],
    ) -> Result<(), LockLost> {
        let last = [self.key.clone(), self.side.key.clone()].map(|key| (key, None));
        let given_back = writer.write_before(entries, &last).await?;
        self.lock.was_given_back(&mut self.side, given_back);
        self.check_time()
    }

    /// Ends without a record. Where that fails, it ends by itself.
    pub async fn end(self) {
        let _ = self.side.append_release(&self.key).await;
    }

    /// Another claim counts only once this one's time is over.
    fn check_time(&self) -> Result<(), LockLost> {
        debug_assert!(IN_TIME < TTL);
        match self.since.elapsed() < IN_TIME {
            true => Ok(()),
            false => Err(LockLost::Taken(None)),
        }
    }
}

impl Side {
    /// Who settles ownership, as far as the log tells.
    fn settling(&self) -> Option<&Term> {
        self.log.lease(RESOURCE)?.term()
    }

    async fn claim_for_a_moment(&mut self) -> Result<(), InventoryError> {
        let claim = codec::encode_claim(RESOURCE, &self.id, &self.me);
        let offset = self.append(&[claim]).await?;
        self.read_up_to(offset).await
    }
}
