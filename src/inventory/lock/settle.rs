//! Settles ownership under a lock that all scopes share, held for a moment: the inventory is read,
//! and new ownership is written, without concurrent writes. A later process sees the earlier one's
//! records before it changes anything.

use std::time::{Duration, Instant};

use tokio::sync::MutexGuard;

use super::{LOOK, Lock, LockLost, Moment, Side};
use crate::inventory::codec::{self, InventoryRecord};
use crate::inventory::concern::Asking;
use crate::inventory::error::InventoryError;
use crate::inventory::lease::{Lease, TTL, Term};
use crate::inventory::ledger::{Contents, Writer, encode};

/// The shared resource.
const RESOURCE: &str = "ownership";

/// The time to wait for one holder: a crashed holder loses the lock within this time.
const PATIENCE: Duration = Duration::from_secs(15);

/// The maximum time until the write: within the lease.
const IN_TIME: Duration = Duration::from_secs(8);

/// Ownership being settled: no other scope can write ownership. Dropped without a write, the lock
/// expires within seconds.
pub struct Settling<'a> {
    lock: &'a Lock,
    side: MutexGuard<'a, Side>,
    key: Vec<u8>,
    since: Moment,
    contents: Contents,
}

impl Lock {
    /// Starts to settle ownership.
    ///
    /// # Errors
    /// Returns an error if the inventory could not be read or written, an unreadable record
    /// concerns the reader, or another process does not finish.
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

/// The wait for another holder. Nothing is written meanwhile: all other waiters would have to read
/// each claim.
#[derive(Debug, Clone, Copy)]
struct Wait {
    /// The offset of the record that started the holder's term.
    began: i64,
    /// The start of the wait.
    since: Instant,
    /// The expiry of the holder's lease, by the local clock.
    until: Instant,
}

impl Wait {
    fn is_over(self) -> bool {
        Instant::now() >= self.until
    }
}

impl Settling<'_> {
    /// Returns the whole inventory.
    pub fn contents(&self) -> &Contents {
        &self.contents
    }

    /// Writes records and finishes. Returns the broker's timestamp of the first record.
    ///
    /// # Errors
    /// Returns an error if the records may not be written, or if another process may have written
    /// ownership meanwhile.
    pub async fn record(self, entries: &[InventoryRecord]) -> Result<Option<i64>, LockLost> {
        let mut records = encode(&self.side.topic, entries)?;
        records.push((self.key.clone(), None));
        let appended = self.side.appender.append(&records).await;
        let appended = appended.map_err(|error| super::unwritten(&self.side.topic, error))?;
        self.check_time()?;
        Ok(appended.first().and_then(|first| first.appended_ms))
    }

    /// Writes records and releases the lock itself with them; no writes can follow.
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

    /// Finishes without writing. If this fails, the lock expires.
    pub async fn end(self) {
        let _ = self.side.append_release(&self.key).await;
    }

    /// Another claim takes effect only after this one's lease.
    fn check_time(&self) -> Result<(), LockLost> {
        debug_assert!(IN_TIME < TTL);
        match self.since.elapsed() < IN_TIME {
            true => Ok(()),
            false => Err(LockLost::Taken(None)),
        }
    }
}

impl Side {
    /// Returns the process that settles ownership, as far as the log shows.
    fn settling(&self) -> Option<&Term> {
        self.log.lease(RESOURCE)?.term()
    }

    async fn claim_for_a_moment(&mut self) -> Result<(), InventoryError> {
        let claim = codec::encode_claim(RESOURCE, &self.id, &self.me);
        let offset = self.append(&[claim]).await?;
        self.read_up_to(offset).await
    }
}
