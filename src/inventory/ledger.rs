//! Reads the whole inventory in one pass, and writes to it.

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use tracing::info;

use super::check::MAX_VALUE;
use super::codec::{self, Fact, InventoryRecord, LockStep};
use super::concern::{Asking, Concerns};
use super::error::{InventoryError, Right, Unreadable};
use super::lease::{Lease, TakenLock};
use super::topic::{open, shown, unread, unwritten};
use crate::kafka::{Appended, Appender, Cluster, Delivery, Reader, Record};
use crate::live::Inventory;
use crate::model::TopicName;

/// The contents of the inventory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contents {
    /// The readable records, over all scopes and environments.
    pub inventory: Inventory,
    /// The held locks by resource, as far as the log shows: a crashed holder is included until
    /// `until_ms` has passed by the reader's own estimate.
    pub locks: Vec<TakenLock>,
    /// The offset after the last record.
    pub end: i64,
    /// The timestamp of the newest record, by the broker's clock, in ms since 1970: a lower bound
    /// of the current time.
    pub newest_ms: Option<i64>,
    /// The records that this version cannot read, by offset.
    pub unreadable: Vec<Unreadable>,
    /// Whether it is empty and not yet marked as an inventory; the next lock marks it.
    pub is_blank: bool,
}

impl Contents {
    /// Rejects the contents if unreadable records concern the reader.
    ///
    /// # Errors
    /// Returns the records that concern the reader.
    pub fn check(&self, topic: &TopicName, asking: &Asking<'_>) -> Result<(), InventoryError> {
        let concerns =
            |record: &&Unreadable| asking.is_concerned(&record.concerns, &self.inventory);
        let records: Vec<Unreadable> = self.unreadable.iter().filter(concerns).cloned().collect();
        match records.is_empty() {
            true => Ok(()),
            false => Err(InventoryError::Unreadable {
                topic: topic.clone(),
                records,
            }),
        }
    }
}

/// Reads the inventory to its end; `None` if it does not exist yet.
///
/// # Errors
/// Returns an error if an authorization is missing, an unreadable record concerns the reader, or no
/// response arrives in time. None of these is treated as an empty inventory.
pub async fn read(
    cluster: &Cluster,
    topic: &TopicName,
    asking: &Asking<'_>,
) -> Result<Option<Contents>, InventoryError> {
    let read = read_anyway(cluster, topic).await?;
    if let Some(contents) = &read {
        contents.check(topic, asking)?;
    }
    Ok(read)
}

/// Reads the inventory including unreadable records, to display or repair it. Decisions must not
/// depend on it.
///
/// # Errors
/// Returns an error if an authorization is missing or no response arrives in time.
pub async fn read_anyway(
    cluster: &Cluster,
    topic: &TopicName,
) -> Result<Option<Contents>, InventoryError> {
    let started = Instant::now();
    let Some(mut reader) = open(cluster, topic, &[Right::Read]).await? else {
        return Ok(None);
    };
    let mut log = Log::default();
    let reading = reader.read_to_end(|record| log.take(record));
    reading.await.map_err(|error| unread(topic, error))?;
    let records = log.last.len();
    info!(records, took = ?started.elapsed(), "read the inventory");
    log.contents(topic, reader.position()).map(Some)
}

/// The number of records that are checked for the marker, which is an inventory's first record.
const FIRST: usize = 1_000;

/// Returns whether any of a topic's first records is this tool's. Only partition 0 is read: an
/// inventory has no other.
///
/// # Errors
/// Returns an error if an authorization is missing or no response arrives in time.
pub(super) async fn is_one(cluster: &Cluster, topic: &TopicName) -> Result<bool, InventoryError> {
    let reading = Reader::open(cluster, topic, 0).await;
    let mut reader = reading.map_err(|error| unread(topic, error))?;
    let is_ours = |record: &Record| {
        let key = record.key.as_deref().unwrap_or_default();
        let value = record.value.as_deref().unwrap_or_default();
        codec::decode(key, value, record.appended_ms).is_ok()
    };
    let found = reader.any_of_first(FIRST, is_ours).await;
    found.map_err(|error| unread(topic, error))
}

/// Maximum records to keep before the first record of this tool: the topic may be someone else's.
const MAX_FOREIGN: usize = 10_000;

/// Computes the contents from records in log order.
///
/// # Errors
/// Returns an error if they are not the records of an inventory.
#[cfg(any(test, feature = "internals"))]
pub fn replay(
    topic: &TopicName,
    records: impl IntoIterator<Item = Record>,
) -> Result<Contents, InventoryError> {
    let mut log = Log::default();
    let mut end = 0;
    for record in records {
        end = record.offset.saturating_add(1);
        log.take(record);
    }
    log.contents(topic, end)
}

/// The log: the last record of each key, and the locks.
#[derive(Default)]
pub(super) struct Log {
    /// Records by key; the key is moved out of the record.
    last: HashMap<Vec<u8>, Record>,
    without_key: Vec<Record>,
    leases: BTreeMap<String, Lease>,
    is_marked: bool,
    /// Whether a key was seen that this tool could have written.
    is_known: bool,
    /// Whether too many other records came first; then not all were kept.
    is_foreign: bool,
    newest_ms: Option<i64>,
}

impl Log {
    pub fn take(&mut self, mut record: Record) {
        self.newest_ms = self.newest_ms.max(record.appended_ms);
        if let Some(value) = &mut record.value {
            // Longer values are unreadable and not kept.
            value.truncate(MAX_VALUE + 1);
        }
        let Some(key) = record.key.take() else {
            record.value = None;
            self.without_key.push(record);
            return;
        };
        self.is_known |= codec::shown(&key).is_some();
        if !self.is_known && self.last.len() >= MAX_FOREIGN {
            self.is_foreign = true;
            return;
        }
        if codec::is_marker(&key) {
            let value = record.value.as_deref().unwrap_or_default();
            self.is_marked = codec::decode(&key, value, record.appended_ms).is_ok();
        }
        match codec::lock_step(&key, &record) {
            Some(LockStep::Claimed(claim)) => {
                let lease = self.leases.entry(claim.resource.clone()).or_default();
                lease.claimed(record.offset, &key, claim);
            }
            Some(LockStep::Released(resource)) => {
                if let Some(lease) = self.leases.get_mut(&resource) {
                    lease.released(record.offset, &key);
                }
            }
            None => {}
        }
        if record.value.is_none() {
            self.last.remove(&key);
        } else {
            self.last.insert(key, record);
        }
    }

    /// Returns the lock of a resource, if it was ever claimed.
    pub fn lease(&self, resource: &str) -> Option<&Lease> {
        self.leases.get(resource)
    }

    /// Returns whether the topic lacks a marker. An unreadable marker counts: a newer version may have
    /// written it, and it must not be overwritten.
    pub fn needs_mark(&self) -> bool {
        !self.is_marked && !self.last.contains_key(codec::MARKER.as_bytes())
    }

    /// Checks that these are the records of an inventory: it is marked, or contains a record that
    /// this tool wrote before markers existed. An empty topic passes.
    ///
    /// # Errors
    /// Returns an error if the records are not this tool's.
    pub fn check(&self, topic: &TopicName) -> Result<(), InventoryError> {
        let is_ours = |(key, record): (&Vec<u8>, &Record)| {
            let value = record.value.as_deref().unwrap_or_default();
            codec::decode(key, value, record.appended_ms).is_ok()
        };
        let is_empty = self.last.is_empty() && self.without_key.is_empty();
        if self.is_marked || is_empty || (!self.is_foreign && self.last.iter().any(is_ours)) {
            return Ok(());
        }
        Err(InventoryError::NotAnInventory {
            topic: topic.clone(),
            why: "it holds records, and none of them is topicsmith's".to_owned(),
        })
    }

    /// Computes the contents.
    ///
    /// # Errors
    /// Returns an error if these are not the records of an inventory.
    pub fn contents(&self, topic: &TopicName, end: i64) -> Result<Contents, InventoryError> {
        self.check(topic)?;
        let mut inventory = Inventory::default();
        let mut topics = Vec::with_capacity(self.last.len());
        let mut unreadable: Vec<Unreadable> = self.without_key.iter().map(keyless).collect();
        for (key, record) in &self.last {
            let value = record.value.as_deref().unwrap_or_default();
            match codec::decode(key, value, record.appended_ms) {
                Ok(Fact::Owned(topic, owned)) => topics.push((topic, *owned)),
                Ok(Fact::Hold(topic, hold)) => {
                    inventory.holds.insert(topic, hold);
                }
                Ok(Fact::AppliedRemoval(applied_removals)) => {
                    inventory.applied_removals.push(applied_removals)
                }
                Ok(Fact::Instance(instance)) => inventory.instances.push(*instance),
                Ok(Fact::Claim(_) | Fact::Marker) => {}
                Err(why) => unreadable.push(Unreadable {
                    offset: record.offset,
                    concerns: codec::concerns(key, value),
                    key: Some(key.clone()),
                    at_ms: record.appended_ms,
                    why,
                }),
            }
        }
        // Collected at once: single inserts leave the map's nodes half empty.
        inventory.topics = topics.into_iter().collect();
        inventory
            .applied_removals
            .sort_by(|a, b| (&a.topic, &a.whose).cmp(&(&b.topic, &b.whose)));
        inventory.instances.sort_by(|a, b| {
            let of_b = (&b.whose, &b.lifecycle, &b.parameters);
            (&a.whose, &a.lifecycle, &a.parameters).cmp(&of_b)
        });
        unreadable.sort_by_key(|record| record.offset);
        let locks = self.leases.iter().filter_map(taken).collect();
        Ok(Contents {
            inventory,
            locks,
            end,
            newest_ms: self.newest_ms,
            unreadable,
            is_blank: !self.is_marked && self.last.is_empty(),
        })
    }
}

fn keyless(record: &Record) -> Unreadable {
    Unreadable {
        offset: record.offset,
        key: None,
        concerns: Concerns::Everybody,
        at_ms: record.appended_ms,
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

/// Encodes records.
///
/// # Errors
/// Returns an error if one of them could not be read back.
pub(super) fn encode(
    topic: &TopicName,
    entries: &[InventoryRecord],
) -> Result<Vec<codec::Pair>, InventoryError> {
    let encode = |entry: &InventoryRecord| match entry.check() {
        Ok(()) => Ok(entry.encode()),
        Err(why) => Err(InventoryError::Unwritable {
            topic: topic.clone(),
            why,
        }),
    };
    entries.iter().map(encode).collect()
}

/// Writes to the inventory.
pub struct Writer {
    topic: TopicName,
    appender: Appender,
}

impl Writer {
    /// Opens an existing inventory for writing, even if not all brokers know it yet.
    ///
    /// # Errors
    /// Returns an error if the right to write is missing or the inventory does not exist.
    pub async fn open(cluster: &Cluster, topic: &TopicName) -> Result<Self, InventoryError> {
        // Started first, because connecting takes a while.
        let writer = Self::begin(cluster, topic)?;
        shown(cluster, topic, &[Right::Write]).await?;
        Ok(writer)
    }

    /// Opens the inventory for a caller that holds a lock in it, and so has written to it.
    ///
    /// # Errors
    /// Returns an error if no client can be created.
    pub fn begin(cluster: &Cluster, topic: &TopicName) -> Result<Self, InventoryError> {
        let timeout = cluster.limits().timeout;
        let appender = Appender::open(cluster, topic, 0, timeout, Delivery::Once)?;
        Ok(Self {
            topic: topic.clone(),
            appender,
        })
    }

    /// Writes records in order, acknowledged by all in-sync replicas. Returns the offset and broker
    /// timestamp of each.
    ///
    /// # Errors
    /// Returns the error of the first record that was not written. Records after it may or may not
    /// be written.
    pub async fn write(
        &self,
        entries: &[InventoryRecord],
    ) -> Result<Vec<Appended>, InventoryError> {
        self.append(entries, &[]).await
    }

    /// Writes records, then `last` directly after them. Returns the offset of the very last record.
    ///
    /// # Errors
    /// As for [`Self::write`]; records in `last` may or may not be written, too.
    pub(super) async fn write_before(
        &self,
        entries: &[InventoryRecord],
        last: &[codec::Pair],
    ) -> Result<i64, InventoryError> {
        let appended = self.append(entries, last).await?;
        Ok(appended.last().map_or(-1, |last| last.offset))
    }

    async fn append(
        &self,
        entries: &[InventoryRecord],
        last: &[codec::Pair],
    ) -> Result<Vec<Appended>, InventoryError> {
        let mut records = encode(&self.topic, entries)?;
        records.extend_from_slice(last);
        let started = Instant::now();
        let appended = self.appender.append(&records).await;
        let appended = appended.map_err(|error| unwritten(&self.topic, error))?;
        info!(records = entries.len(), took = ?started.elapsed(), "recorded");
        Ok(appended)
    }
}
