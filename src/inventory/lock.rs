//! The lock: a lease in the inventory itself, kept up while it is held.
//!
//! It keeps two applies apart as far as both look. Nothing can fence Kafka's admin calls: a process
//! that is stopped right after it looked can still send one request when it goes on.

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

/// How often the holder renews its lease.
const RENEWAL: Duration = Duration::from_secs(3);

/// How long one claim may take to be written where the cluster is nearby: well within the lease, so
/// that the next one has its time too.
const CLAIM_TIMEOUT: Duration = Duration::from_secs(5);

/// How old the last renewal may be for the holder to go on without another.
const FRESH: Duration = Duration::from_millis(6_600);

/// How long to wait before a renewal that failed is tried again.
const PAUSE: Duration = Duration::from_millis(200);

/// How long a waiter waits at most before it looks at the clock again.
const LOOK: Duration = Duration::from_millis(500);

/// How long a process that ends waits until its locks are given back.
const GIVING_BACK: Duration = Duration::from_secs(2);

/// How many claims of this process are not given back.
static CLAIMS: LazyLock<watch::Sender<usize>> = LazyLock::new(|| watch::Sender::new(0));

/// One of them.
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

/// Returns once every lock that was dropped is given back, or after two seconds: the others run out by
/// themselves.
pub async fn given_back() {
    let mut claims = CLAIMS.subscribe();
    let given_back = claims.wait_for(|claims| *claims == 0);
    // Too late is as good as it gets.
    let _ = tokio::time::timeout(GIVING_BACK, given_back).await;
}

/// Why a lock was not had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Somebody else holds it.
    #[error("{} (process {}) holds the lock", escape(&.0.by), .0.pid)]
    Held(Holder),
    /// The inventory could not be read or written.
    #[error("{0}")]
    Inventory(#[from] InventoryError),
}

/// Why a lock that was held may not be any more.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LockLost {
    /// Somebody else took it after it had run out, or it was broken by hand: then nobody may hold
    /// it.
    #[error("the lock was lost{}", holder_of(.0.as_ref()))]
    Taken(Option<Holder>),
    /// Somebody else settles who owns which topic, and does not end.
    #[error("{} (process {}) settles ownership, and does not end", escape(&.0.by), .0.pid)]
    Busy(Holder),
    /// It could not be renewed, so that nobody knows.
    #[error("the lock could not be renewed: {0}")]
    Unknown(#[from] InventoryError),
}

fn holder_of(holder: Option<&Holder>) -> String {
    let named = |holder: &Holder| format!(" to {} (process {})", escape(&holder.by), holder.pid);
    holder.map(named).unwrap_or_default()
}

/// A moment by both of this machine's clocks: one of them stands still while the machine sleeps, the
/// other can be set back.
#[derive(Debug, Clone, Copy)]
struct Moment(Instant, SystemTime);

impl Moment {
    fn now() -> Self {
        Self(Instant::now(), clock::local())
    }

    fn elapsed(self) -> Duration {
        // A clock that was set back tells nothing; the other one does.
        let by_clock = clock::local().duration_since(self.1).unwrap_or_default();
        self.0.elapsed().max(by_clock)
    }
}

/// A lock that is held. Dropped without a release, it is given back in the background:
/// [`given_back`] waits for that.
pub struct Lock {
    held: Arc<LeaseState>,
    now: BrokerTime,
    renewals: JoinHandle<()>,
}

struct LeaseState {
    side: tokio::sync::Mutex<Side>,
    /// Since when the lease is confirmed.
    confirmed: Mutex<Moment>,
    /// Why it is lost; once it is, it stays so.
    lost: Mutex<Option<LockLost>>,
    /// The record that began the term.
    began: i64,
    /// The record that ended the term before, if there was any.
    ended: Option<i64>,
    /// How long a renewal is tried before the next change.
    patience: Duration,
}

/// One who claims a lock.
struct Side {
    topic: TopicName,
    resource: String,
    id: String,
    key: Vec<u8>,
    me: Holder,
    reader: Reader,
    appender: Arc<Appender>,
    /// All that stands in the inventory: nobody has to read it again.
    log: Log,
    /// Where the last claim stands.
    claimed: i64,
    /// Whether there may be a claim that was not given back.
    may_claim: bool,
    counted: Option<Counted>,
}

/// A point in time, as the log tells it.
#[derive(Debug, Clone, Copy)]
pub struct Mark {
    /// The offset after the last record at that time.
    end: i64,
}

/// Marks this point in time; `None` where there is no inventory, or no broker tells now.
pub async fn mark(cluster: &Cluster, topic: &TopicName) -> Option<Mark> {
    let partition = (topic.clone(), 0);
    let mut ends = cluster
        .offsets(std::slice::from_ref(&partition), OffsetAt::Latest)
        .await
        .ok()?;
    let end = ends.remove(&partition)?.ok()?.offset;
    Some(Mark { end })
}

/// Takes the lock of a resource: `apply/SCOPE/ENVIRONMENT`. Where somebody holds it, waits until
/// `timeout` is over; `waiting` hears who does, again when that changes.
///
/// # Errors
/// Somebody else still holds it, or the inventory cannot be read or written. It has to be there.
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
    // Nothing is written to a topic that is no inventory.
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

/// Ends a lock that somebody holds, or held when the last record was written; tells whose.
///
/// # Errors
/// The inventory cannot be read or written.
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
                // What went wrong is seen by who asks: the lease gets older.
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

    /// The broker's clock when the lock was had.
    pub fn now(&self) -> BrokerTime {
        self.now
    }

    /// Whether nobody else has held it since then, so that what was read since is what it is now.
    pub fn was_free_since(&self, then: Mark) -> bool {
        self.held.ended.is_none_or(|ended| ended < then.end)
    }

    /// What the inventory held when the lock was had, and until it was last renewed: it was read for
    /// the lock.
    ///
    /// # Errors
    /// There are records that cannot be read and concern the reader.
    pub async fn contents(&self, asking: &Asking<'_>) -> Result<Contents, InventoryError> {
        let side = self.held.side.lock().await;
        let contents = side.contents()?;
        contents.check(&side.topic, asking)?;
        Ok(contents)
    }

    /// Whether the lock is still ours, to be asked before each batch of changes. Cheap while it was
    /// renewed a short time ago; else it is renewed first.
    ///
    /// # Errors
    /// It is lost, or nobody knows: whoever holds it must stop.
    pub async fn check(&self) -> Result<(), LockLost> {
        if let Some(lost) = self.held.lost() {
            return Err(lost);
        }
        if self.held.is_fresh() {
            return Ok(());
        }
        // A broker that is away for a while comes back, and nobody took the lock without it.
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

    /// Records entries, and gives the lock back with them: right behind them in the log, so that
    /// whoever takes it next has read them. It is ours until then, and where that fails.
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

    /// The record at this offset gave it back, unless a renewal that was under way came behind it:
    /// then it is ours again.
    fn was_given_back(&self, side: &mut Side, offset: i64) {
        self.renewals.abort();
        side.may_claim = side.claimed >= offset;
    }

    /// Gives the lock back, so that the next may go on at once.
    ///
    /// # Errors
    /// It could not be: it runs out by itself.
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

    /// Claims again, and looks whether it is still the same term.
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
        // The claim that told us so may have made us the holder anew, or wait.
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
        // A claim that stands there twice renews the lease twice.
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

    /// Reads all that there is.
    async fn read_to_end(&mut self) -> Result<(), InventoryError> {
        let Self { reader, log, .. } = self;
        let read = reader.to_end(|record| log.take(record)).await;
        read.map_err(|error| unread(&self.topic, error))?;
        self.log.check(&self.topic)
    }

    /// Writes a claim, and reads up to it.
    async fn claim(&mut self) -> Result<(), InventoryError> {
        let claim = codec::encode_claim(&self.resource, &self.id, &self.me);
        // An inventory that was made before there were marks gets its own.
        let mark = self.log.needs_mark().then(codec::encode_marker);
        let records: Vec<codec::Pair> = mark.into_iter().chain([claim]).collect();
        self.may_claim = true;
        self.claimed = self.append(&records).await?;
        self.read_up_to(self.claimed).await
    }

    /// Appends records, and tells the offset of the last one.
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

    /// Reads on until the lock changes hands or is renewed, or until the time is over; whether it
    /// is free.
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

    /// Reads what comes next, or returns once the time is over.
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

    /// The record that began our term, if it is ours.
    fn began(&self) -> Option<i64> {
        let term = self.term().filter(|term| term.key == self.key);
        term.map(|term| term.began)
    }

    /// Who else holds it, and for how long at least.
    fn other(&self) -> Option<(Holder, Duration)> {
        let lease = self.lease()?;
        let term = lease.term().filter(|term| term.key != self.key)?;
        Some((term.holder.clone(), lease.left()))
    }

    /// Takes the own claim back. It is tried once.
    async fn release(&mut self) -> Result<(), InventoryError> {
        let released = self.append_release(&self.key).await;
        self.may_claim = false;
        released
    }

    async fn append_release(&self, key: &[u8]) -> Result<(), InventoryError> {
        self.append(&[(key.to_vec(), None)]).await.map(drop)
    }

    /// Takes the own claim back. If that fails, it means nothing once its time is over.
    async fn give_up(&mut self) {
        let _ = self.release().await;
    }
}

/// However whoever claimed has ended: an error on the way, a signal, a panic.
impl Drop for Side {
    fn drop(&mut self) {
        let runtime = Handle::try_current().ok().filter(|_| self.may_claim);
        let Some(runtime) = runtime else { return };
        let (appender, key) = (Arc::clone(&self.appender), std::mem::take(&mut self.key));
        let counted = self.counted.take();
        runtime.spawn(async move {
            // If that fails, it means nothing once its time is over.
            let _ = appender.append(&[(key, None)]).await;
            drop(counted);
        });
    }
}

/// A name that no other claim has: the standard library's hashers are seeded at random.
fn unique() -> String {
    let seeds = [(); 2].map(|()| RandomState::new().build_hasher().finish());
    format!("{:016x}{:08x}", seeds[0], seeds[1] >> 32)
}
