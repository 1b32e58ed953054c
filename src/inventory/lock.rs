//! The lock: a lease in the inventory itself, renewed while it is held.
//!
//! It separates two applies as far as both check it. Kafka's admin calls cannot be fenced: a
//! process that is suspended right after a check can still send one request when it resumes.

mod settle;

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use settle::Settling;

use super::codec::{self, InventoryRecord};
use super::concern::Asking;
use super::error::{InventoryError, Right};
use super::lease::{Holder, Lease, Term};
use super::ledger::{Contents, Log, Writer};
use super::topic::{open, unread, unwritten};
use crate::kafka::{Appender, Cluster, Delivery, OffsetAt, Reader};
use crate::model::text::escape;
use crate::model::{BrokerTime, TopicName, clock};

/// The interval at which the holder renews its lease.
const RENEWAL: Duration = Duration::from_secs(3);

/// The time limit of one claim for a nearby cluster: well within the lease, so that the next claim
/// also has time.
const CLAIM_TIMEOUT: Duration = Duration::from_secs(5);

/// The maximum age of the last renewal at which the holder continues without another.
const FRESH: Duration = Duration::from_millis(6_600);

/// The pause before a failed renewal is retried.
const PAUSE: Duration = Duration::from_millis(200);

/// The maximum time that a waiter reads before it checks the clock again.
const LOOK: Duration = Duration::from_millis(500);

/// The time that an ending process waits for its locks to be released.
const GIVING_BACK: Duration = Duration::from_secs(2);

/// The number of this process's claims that are not released.
static CLAIMS: LazyLock<watch::Sender<usize>> = LazyLock::new(|| watch::Sender::new(0));

/// Counts one claim in [`CLAIMS`].
struct Counted;

impl Counted {
    fn new() -> Self {
        CLAIMS.send_modify(|claims| *claims += 1);
        Self
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        CLAIMS.send_modify(|claims| *claims -= 1);
    }
}

/// Completes when all dropped locks are released, or after two seconds: the others expire.
pub async fn given_back() {
    let mut claims = CLAIMS.subscribe();
    let given_back = claims.wait_for(|claims| *claims == 0);
    // On a timeout, the locks expire.
    let _ = tokio::time::timeout(GIVING_BACK, given_back).await;
}

/// Why a lock was not acquired.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process holds it.
    #[error("{} (process {}) holds the lock", escape(&.0.by), .0.pid)]
    Held(Holder),
    /// The inventory could not be read or written.
    #[error("{0}")]
    Inventory(#[from] InventoryError),
}

/// Why a lock may no longer be held.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LockLost {
    /// Another process took it after it had expired, or it was broken with a command: then possibly
    /// no process holds it.
    #[error("the lock was lost{}", holder_of(.0.as_ref()))]
    Taken(Option<Holder>),
    /// Another process settles ownership and does not finish.
    #[error("{} (process {}) settles ownership, and does not end", escape(&.0.by), .0.pid)]
    Busy(Holder),
    /// It could not be renewed, so its state is unknown.
    #[error("the lock could not be renewed: {0}")]
    Unknown(#[from] InventoryError),
}

fn holder_of(holder: Option<&Holder>) -> String {
    let named = |holder: &Holder| format!(" to {} (process {})", escape(&holder.by), holder.pid);
    holder.map(named).unwrap_or_default()
}

/// A moment by both local clocks: one stops while the machine sleeps, the other can be set back.
#[derive(Debug, Clone, Copy)]
struct Moment(Instant, SystemTime);

impl Moment {
    fn now() -> Self {
        Self(Instant::now(), clock::local())
    }

    fn elapsed(self) -> Duration {
        // If the clock was set back, the other one counts.
        let by_clock = clock::local().duration_since(self.1).unwrap_or_default();
        self.0.elapsed().max(by_clock)
    }
}

/// A held lock. Dropped without a release, it is released in the background; [`given_back`] waits
/// for that.
pub struct Lock {
    held: Arc<LeaseState>,
    now: BrokerTime,
    renewals: JoinHandle<()>,
}

struct LeaseState {
    side: tokio::sync::Mutex<Side>,
    /// The time of the last confirmed renewal.
    confirmed: Mutex<Moment>,
    /// Why the lock is lost; never reset.
    lost: Mutex<Option<LockLost>>,
    /// The offset of the record that started the term.
    began: i64,
    /// The offset of the record that ended the previous term, if any.
    ended: Option<i64>,
    /// The time for which a renewal is retried before the next change.
    patience: Duration,
}

/// A claimer of a lock.
struct Side {
    topic: TopicName,
    resource: String,
    id: String,
    key: Vec<u8>,
    me: Holder,
    reader: Reader,
    appender: Arc<Appender>,
    /// The whole inventory, so that callers need not read it again.
    log: Log,
    /// The offset of the last claim.
    claimed: i64,
    /// Whether an unreleased claim may exist.
    may_claim: bool,
    counted: Option<Counted>,
}

/// A point in the log.
#[derive(Debug, Clone, Copy)]
pub struct Mark {
    /// The end offset at that point.
    end: i64,
}

/// Marks the current end of the log; `None` if there is no inventory or no broker returns the
/// offset.
pub async fn mark(cluster: &Cluster, topic: &TopicName) -> Option<Mark> {
    let partition = (topic.clone(), 0);
    let mut ends = cluster
        .offsets(std::slice::from_ref(&partition), OffsetAt::Latest)
        .await
        .ok()?;
    let end = ends.remove(&partition)?.ok()?.offset;
    Some(Mark { end })
}

/// Acquires the lock of a resource: `apply/SCOPE/ENVIRONMENT`. Waits up to `timeout` while another
/// process holds it; `waiting` receives the holder, again after each change.
///
/// # Errors
/// Returns an error if another process still holds it, or if the inventory cannot be read or
/// written. The inventory must exist.
pub async fn lock(
    cluster: &Cluster,
    topic: &TopicName,
    resource: &str,
    holder: Holder,
    timeout: Duration,
    mut waiting: impl FnMut(&Holder),
) -> Result<Lock, LockError> {
    let deadline = Instant::now() + timeout;
    let mut side = Side::open(cluster, topic, resource, holder).await?;
    // A topic that is not an inventory is never written to.
    side.read_to_end().await?;
    let mut told: Option<Holder> = None;
    loop {
        let before = Moment::now();
        side.claim().await?;
        let Some((other, left)) = side.other() else {
            return Ok(Lock::new(side, before, cluster.limits().timeout));
        };
        if told.as_ref() != Some(&other) {
            waiting(&other);
            told = Some(other.clone());
        }
        let left = left.min(deadline.saturating_duration_since(Instant::now()));
        if !side.wait(left).await? && Instant::now() >= deadline {
            side.give_up().await;
            return Err(LockError::Held(other));
        }
    }
}

/// Ends a lock that is held, or was when the last record was written; returns its holder.
///
/// # Errors
/// Returns an error if the inventory cannot be read or written.
pub async fn break_lock(
    cluster: &Cluster,
    topic: &TopicName,
    resource: &str,
) -> Result<Option<Holder>, InventoryError> {
    let mut side = Side::open(cluster, topic, resource, Holder::default()).await?;
    side.read_to_end().await?;
    let Some(term) = side.term() else {
        return Ok(None);
    };
    let (key, holder) = (term.key.clone(), term.holder.clone());
    side.append_release(&key).await?;
    Ok(Some(holder))
}

impl Lock {
    fn new(side: Side, confirmed: Moment, patience: Duration) -> Self {
        let now = side.lease().map_or(0, Lease::now_ms);
        let now = BrokerTime::stamped(now, confirmed.1);
        let held = Arc::new(LeaseState {
            began: side.began().unwrap_or_default(),
            ended: side.lease().and_then(Lease::ended),
            side: tokio::sync::Mutex::new(side),
            confirmed: Mutex::new(confirmed),
            lost: Mutex::default(),
            patience,
        });
        let of_task = Arc::clone(&held);
        let renewals = tokio::spawn(async move {
            loop {
                tokio::time::sleep(RENEWAL).await;
                // Callers of `check` notice a failure by the age of the lease.
                if let Err(LockLost::Taken(_)) = of_task.renew().await {
                    return;
                }
            }
        });
        Self {
            held,
            now,
            renewals,
        }
    }

    /// Returns the broker's clock at acquisition.
    pub fn now(&self) -> BrokerTime {
        self.now
    }

    /// Returns whether no other process has held the lock since then, so that reads since then are
    /// current.
    pub fn was_free_since(&self, then: Mark) -> bool {
        self.held.ended.is_none_or(|ended| ended < then.end)
    }

    /// Returns the inventory as read for the lock, up to its last renewal.
    ///
    /// # Errors
    /// Returns an error if unreadable records concern the reader.
    pub async fn contents(&self, asking: &Asking<'_>) -> Result<Contents, InventoryError> {
        let side = self.held.side.lock().await;
        let contents = side.contents()?;
        contents.check(&side.topic, asking)?;
        Ok(contents)
    }

    /// Checks that the lock is still held; to be called before each batch of changes. Cheap shortly
    /// after a renewal; otherwise renews the lease first.
    ///
    /// # Errors
    /// Returns an error if the lock is lost or its state is unknown: the caller must stop.
    pub async fn check(&self) -> Result<(), LockLost> {
        if let Some(lost) = self.held.lost() {
            return Err(lost);
        }
        if self.held.is_fresh() {
            return Ok(());
        }
        // A broker that is down may come back, and meanwhile no other process can take the lock.
        let deadline = Instant::now() + self.held.patience;
        loop {
            match self.held.renew().await {
                Err(LockLost::Unknown(InventoryError::Unanswered(_)))
                    if Instant::now() < deadline =>
                {
                    tokio::time::sleep(PAUSE).await;
                }
                answer => return answer,
            }
        }
    }

    /// Writes records and releases the lock directly after them in the log, so that the next holder
    /// has read them. The lock is held until then, and also if this fails.
    ///
    /// # Errors
    /// As for [`Writer::write`].
    pub async fn release_behind(
        &self,
        writer: &Writer,
        entries: &[InventoryRecord],
    ) -> Result<(), InventoryError> {
        let key = self.held.side.lock().await.key.clone();
        let given_back = writer.write_before(entries, &[(key, None)]).await?;
        self.was_given_back(&mut *self.held.side.lock().await, given_back);
        Ok(())
    }

    /// Handles the release at this offset, unless a concurrent renewal was appended after it: then
    /// the lock is held again.
    fn was_given_back(&self, side: &mut Side, offset: i64) {
        self.renewals.abort();
        side.may_claim = side.claimed >= offset;
    }

    /// Releases the lock, so that the next process can continue at once.
    ///
    /// # Errors
    /// Returns an error if the release failed; the lock then expires.
    pub async fn release(self) -> Result<(), InventoryError> {
        self.renewals.abort();
        let mut side = self.held.side.lock().await;
        match side.may_claim {
            true => side.release().await,
            false => Ok(()),
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.renewals.abort();
    }
}

impl LeaseState {
    fn lost(&self) -> Option<LockLost> {
        self.lost
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn confirmed(&self) -> std::sync::MutexGuard<'_, Moment> {
        self.confirmed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn is_fresh(&self) -> bool {
        self.confirmed().elapsed() < FRESH
    }

    /// Claims again, and checks that the term is still the same.
    async fn renew(&self) -> Result<(), LockLost> {
        let mut side = self.side.lock().await;
        if let Some(lost) = self.lost() {
            return Err(lost);
        }
        let before = Moment::now();
        side.claim().await?;
        if side.began() == Some(self.began) {
            *self.confirmed() = before;
            return Ok(());
        }
        let lost = LockLost::Taken(side.other().map(|(holder, _)| holder));
        *self.lost.lock().unwrap_or_else(PoisonError::into_inner) = Some(lost.clone());
        // The last claim may have made this process the holder again, or a waiter.
        side.give_up().await;
        Err(lost)
    }
}

impl Side {
    async fn open(
        cluster: &Cluster,
        topic: &TopicName,
        resource: &str,
        me: Holder,
    ) -> Result<Self, InventoryError> {
        // A duplicate claim renews the lease twice.
        let timeout = cluster.bound(CLAIM_TIMEOUT);
        let appender = Appender::open(cluster, topic, 0, timeout, Delivery::AtLeastOnce)?;
        let appender = Arc::new(appender);
        let Some(reader) = open(cluster, topic, &[Right::Read, Right::Write]).await? else {
            return Err(InventoryError::Missing {
                topic: topic.clone(),
            });
        };
        let id = unique();
        Ok(Self {
            key: codec::lock_key(resource, &id),
            topic: topic.clone(),
            resource: resource.to_owned(),
            id,
            me,
            reader,
            appender,
            log: Log::default(),
            claimed: -1,
            may_claim: false,
            counted: Some(Counted::new()),
        })
    }

    async fn read_to_end(&mut self) -> Result<(), InventoryError> {
        let Self { reader, log, .. } = self;
        let read = reader.read_to_end(|record| log.take(record)).await;
        read.map_err(|error| unread(&self.topic, error))?;
        self.log.check(&self.topic)
    }

    /// Writes a claim, and reads up to it.
    async fn claim(&mut self) -> Result<(), InventoryError> {
        let claim = codec::encode_claim(&self.resource, &self.id, &self.me);
        // An inventory from before markers existed gets its marker.
        let mark = self.log.needs_mark().then(codec::encode_marker);
        let records: Vec<codec::Pair> = mark.into_iter().chain([claim]).collect();
        self.may_claim = true;
        self.claimed = self.append(&records).await?;
        self.read_up_to(self.claimed).await
    }

    /// Appends records, and returns the offset of the last one.
    async fn append(&self, records: &[codec::Pair]) -> Result<i64, InventoryError> {
        let appended = self.appender.append(records).await;
        let appended = appended.map_err(|error| unwritten(&self.topic, error))?;
        Ok(appended.last().map_or(-1, |appended| appended.offset))
    }

    async fn read_up_to(&mut self, offset: i64) -> Result<(), InventoryError> {
        let Self { reader, log, .. } = self;
        let read = reader.up_to(offset, |record| log.take(record)).await;
        read.map_err(|error| unread(&self.topic, error))
    }

    /// Reads until the lock changes hands or is renewed, or until the time is over; returns whether
    /// it is free.
    async fn wait(&mut self, most: Duration) -> Result<bool, InventoryError> {
        let deadline = Instant::now() + most;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(false);
            }
            self.read_on(left.min(LOOK)).await?;
            if self.term().is_none() {
                return Ok(true);
            }
        }
    }

    /// Reads further records, or returns when the time is over.
    async fn read_on(&mut self, most: Duration) -> Result<(), InventoryError> {
        let Self { reader, log, .. } = self;
        let read = reader.more(most, |record| log.take(record)).await;
        read.map_err(|error| unread(&self.topic, error))
    }

    fn contents(&self) -> Result<Contents, InventoryError> {
        self.log.contents(&self.topic, self.reader.position())
    }

    fn lease(&self) -> Option<&Lease> {
        self.log.lease(&self.resource)
    }

    fn term(&self) -> Option<&Term> {
        self.lease()?.term()
    }

    /// Returns the offset of the record that started this claimer's term, if it holds the lock.
    fn began(&self) -> Option<i64> {
        let term = self.term().filter(|term| term.key == self.key);
        term.map(|term| term.began)
    }

    /// Returns another holder, and the minimum time for which it holds the lock.
    fn other(&self) -> Option<(Holder, Duration)> {
        let lease = self.lease()?;
        let term = lease.term().filter(|term| term.key != self.key)?;
        Some((term.holder.clone(), lease.left()))
    }

    /// Releases its own claim, in one attempt.
    async fn release(&mut self) -> Result<(), InventoryError> {
        let released = self.append_release(&self.key).await;
        self.may_claim = false;
        released
    }

    async fn append_release(&self, key: &[u8]) -> Result<(), InventoryError> {
        self.append(&[(key.to_vec(), None)]).await.map(drop)
    }

    /// Releases its own claim. If this fails, the claim expires.
    async fn give_up(&mut self) {
        let _ = self.release().await;
    }
}

/// Releases the claim however the claimer ended: an early error, a signal, a panic.
impl Drop for Side {
    fn drop(&mut self) {
        let runtime = Handle::try_current().ok().filter(|_| self.may_claim);
        let Some(runtime) = runtime else { return };
        let (appender, key) = (Arc::clone(&self.appender), std::mem::take(&mut self.key));
        let counted = self.counted.take();
        runtime.spawn(async move {
            // If this fails, the claim expires.
            let _ = appender.append(&[(key, None)]).await;
            drop(counted);
        });
    }
}

/// Returns a unique id: the standard library's hashers are randomly seeded.
fn unique() -> String {
    let seeds = [(); 2].map(|()| RandomState::new().build_hasher().finish());
    format!("{:016x}{:08x}", seeds[0], seeds[1] >> 32)
}
