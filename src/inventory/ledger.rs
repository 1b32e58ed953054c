//! The inventory as a whole: read to its end in one pass, and written to.

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use tracing::info;

use super::codec::{self, Entry, Fact, LockStep};
use super::error::{InventoryError, Right, Unreadable};
use super::lease::{Lease, TakenLock};
use super::topic::{open, shown, unread, unwritten};
use crate::kafka::{Appended, Appender, Cluster, Delivery, Record};
use crate::live::Inventory;
use crate::model::TopicName;

/// What stands in the inventory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contents {
    /// What is recorded, by all scopes and environments.
    pub inventory: Inventory,
    /// The locks that somebody holds, as far as the log tells: one that died is among them until
    /// `until_ms` is past by the reader's own estimate. By what is locked.
    pub locks: Vec<TakenLock>,
    /// The offset after the last record.
    pub end: i64,
    /// The time of the newest record, by the broker's clock, in ms since 1970: it is later now.
    pub newest_ms: Option<i64>,
}

/// Reads the inventory to its end; `None` where there is none yet.
///
/// # Errors
/// A right is missing, there is a record that cannot be read, or no answer came in time. Never is
/// that taken for an empty inventory.
pub async fn read(
    cluster: &Cluster,
    topic: &TopicName,
) -> Result<Option<Contents>, InventoryError> {
    let read = read_anyway(cluster, topic).await?;
    read.map(|read| refuse_unreadable(topic, read)).transpose()
}

/// No decision may rest on a part of the records.
pub(super) fn refuse_unreadable(
    topic: &TopicName,
    (contents, records): (Contents, Vec<Unreadable>),
) -> Result<Contents, InventoryError> {
    match records.is_empty() {
        true => Ok(contents),
        false => Err(InventoryError::Unreadable {
            topic: topic.clone(),
            records,
        }),
    }
}

/// The same for those who look at what cannot be read, or mend it: those records come beside the
/// others, by offset. No decision may rest on it.
///
/// # Errors
/// A right is missing, or no answer came in time.
pub async fn read_anyway(
    cluster: &Cluster,
    topic: &TopicName,
) -> Result<Option<(Contents, Vec<Unreadable>)>, InventoryError> {
    let started = Instant::now();
    let Some(mut reader) = open(cluster, topic, &[Right::Read]).await? else {
        return Ok(None);
    };
    let mut log = Log::default();
    let reading = reader.to_end(|record| log.take(record));
    reading.await.map_err(|error| unread(topic, error))?;
    let records = log.last.len();
    info!(records, took = ?started.elapsed(), "read the inventory");
    Ok(Some(log.contents(0, reader.position())))
}

/// The records in their order: the last of each key, and the locks.
#[derive(Default)]
pub(super) struct Log {
    /// By their keys, which they no longer have themselves.
    last: HashMap<Vec<u8>, Record>,
    without_key: Vec<Record>,
    leases: BTreeMap<String, Lease>,
    newest_ms: Option<i64>,
}

impl Log {
    pub fn take(&mut self, mut record: Record) {
        self.newest_ms = self.newest_ms.max(record.timestamp_ms);
        let Some(key) = record.key.take() else {
            self.without_key.push(record);
            return;
        };
        match codec::lock_step(&key, &record) {
            Some(LockStep::Claimed(claim)) => {
                let lease = self.leases.entry(claim.resource.clone()).or_default();
                lease.claimed(record.offset, &key, claim);
            }
            Some(LockStep::Released) => {
                let leases = self.leases.values_mut();
                leases.for_each(|lease| lease.released(record.offset, &key));
            }
            None => {}
        }
        if record.value.is_none() {
            self.last.remove(&key);
        } else {
            self.last.insert(key, record);
        }
    }

    /// The lock of a resource, where anybody ever had it.
    pub fn lease(&self, resource: &str) -> Option<&Lease> {
        self.leases.get(resource)
    }

    /// What the records say, from an offset on.
    pub fn contents(&self, from: i64, end: i64) -> (Contents, Vec<Unreadable>) {
        let is_meant = |record: &&Record| record.offset >= from;
        let mut inventory = Inventory::default();
        let mut topics = Vec::with_capacity(self.last.len());
        let without_key = self.without_key.iter().filter(is_meant);
        let mut unreadable: Vec<Unreadable> = without_key.map(keyless).collect();
        for (key, record) in self.last.iter().filter(|(_, record)| is_meant(record)) {
            let value = record.value.as_deref().unwrap_or_default();
            match codec::decode(key, value, record.timestamp_ms) {
                Ok(Fact::Owned(topic, owned)) => topics.push((topic, *owned)),
                Ok(Fact::Hold(topic, hold)) => {
                    inventory.holds.insert(topic, hold);
                }
                Ok(Fact::Spent(spent)) => inventory.spent.push(spent),
                Ok(Fact::Instance(instance)) => inventory.instances.push(*instance),
                Ok(Fact::Claim(_)) => {}
                Err(why) => unreadable.push(Unreadable {
                    offset: record.offset,
                    key: Some(key.clone()),
                    at_ms: record.timestamp_ms,
                    why,
                }),
            }
        }
        // All at once: what comes one by one leaves half of a map's nodes empty.
        inventory.topics = topics.into_iter().collect();
        inventory
            .spent
            .sort_by(|a, b| (&a.topic, &a.whose).cmp(&(&b.topic, &b.whose)));
        inventory.instances.sort_by(|a, b| {
            let of_b = (&b.whose, &b.lifecycle, &b.parameters);
            (&a.whose, &a.lifecycle, &a.parameters).cmp(&of_b)
        });
        unreadable.sort_by_key(|record| record.offset);
        let locks = self.leases.iter().filter_map(taken).collect();
        let contents = Contents {
            inventory,
            locks,
            end,
            newest_ms: self.newest_ms,
        };
        (contents, unreadable)
    }
}

fn keyless(record: &Record) -> Unreadable {
    Unreadable {
        offset: record.offset,
        key: None,
        at_ms: record.timestamp_ms,
        why: "it has no key".to_owned(),
    }
}

fn taken((resource, lease): (&String, &Lease)) -> Option<TakenLock> {
    lease.term().map(|term| TakenLock {
        resource: resource.clone(),
        holder: term.holder.clone(),
        until_ms: term.until_ms,
    })
}

/// Writes to the inventory.
pub struct Writer {
    topic: TopicName,
    appender: Appender,
}

impl Writer {
    /// Begins to write to an inventory that is there, even if not all brokers know of it yet.
    ///
    /// # Errors
    /// The right to write is missing, or there is no inventory to write to after all.
    pub async fn open(cluster: &Cluster, topic: &TopicName) -> Result<Self, InventoryError> {
        // First of all: it takes a while until it can write.
        let writer = Self::begin(cluster, topic)?;
        shown(cluster, topic, &[Right::Write]).await?;
        Ok(writer)
    }

    /// The same for whoever holds a lock in it, and so has written to it.
    ///
    /// # Errors
    /// No client can be made.
    pub fn begin(cluster: &Cluster, topic: &TopicName) -> Result<Self, InventoryError> {
        let timeout = cluster.limits().timeout;
        let appender = Appender::open(cluster, topic, 0, timeout, Delivery::Once)?;
        Ok(Self {
            topic: topic.clone(),
            appender,
        })
    }

    /// The inventory's topic.
    pub fn topic(&self) -> &TopicName {
        &self.topic
    }

    /// Records all of it, in its order, acknowledged by all replicas that are in sync. Tells where
    /// each record was put, and when by the broker's clock.
    ///
    /// # Errors
    /// Why the first of those that were not recorded was not. Those after it may or may not be.
    pub async fn write(&self, entries: &[Entry]) -> Result<Vec<Appended>, InventoryError> {
        self.append(entries, None).await
    }

    /// The same, and a last record right behind them. Tells the offset of that one.
    ///
    /// # Errors
    /// The same; the last one may or may not be there, too.
    pub(super) async fn write_before(
        &self,
        entries: &[Entry],
        last: codec::Pair,
    ) -> Result<i64, InventoryError> {
        let appended = self.append(entries, Some(last)).await?;
        Ok(appended.last().map_or(-1, |last| last.offset))
    }

    async fn append(
        &self,
        entries: &[Entry],
        last: Option<codec::Pair>,
    ) -> Result<Vec<Appended>, InventoryError> {
        let records = entries.iter().map(Entry::encode).chain(last);
        let records: Vec<codec::Pair> = records.collect();
        let started = Instant::now();
        let appended = self.appender.append(&records).await;
        let appended = appended.map_err(|error| unwritten(&self.topic, error))?;
        info!(records = entries.len(), took = ?started.elapsed(), "recorded");
        Ok(appended)
    }
}
