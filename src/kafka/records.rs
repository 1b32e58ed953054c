//! Records of one partition: read in order from an offset, and append.
//!
//! Each reader and each appender has its own client, so that none waits for another. Reads use no
//! consumer group: they commit nothing, and need only the right to read the topic.

use std::sync::Arc;
use std::time::Duration;
use std::vec;

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::client_events::ClientEvents;
use super::clients::{drop_aside, on_thread};
use super::cluster::Cluster;
use super::error::Error;
use super::fault::{CLOSED, Fault, FaultKind, TIMED_OUT, UNREADABLE};
use super::ffi::{Client, Notice, Role, Topic};
use super::settings;
use super::types::{Appended, Delivery, OffsetAt, OffsetFound, Record};
use crate::model::TopicName;
use crate::model::connection::Connection;

/// The extra time that an append waits after librdkafka's own timeout. librdkafka always reports
/// within its timeout, unless it is stuck.
const GRACE: Duration = Duration::from_secs(1);

/// The time until a partition's leader must know the partition: a new topic is visible elsewhere
/// before, and leadership moves when a broker goes down.
const SETTLING: Duration = Duration::from_secs(5);

/// The interval at which such a leader is polled.
const PAUSE: Duration = Duration::from_millis(100);

/// Maximum records in flight: below librdkafka's queue size.
const IN_FLIGHT: usize = 10_000;

/// Why records could not be read or appended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// The cluster returned an error, such as a missing authorization.
    #[error("{0}")]
    Refused(Fault),
    /// No response arrived, or no client could be created.
    #[error(transparent)]
    Failed(#[from] Error),
}

/// The common part of readers and appenders.
struct Side {
    connection: Arc<Connection>,
    client_events: Arc<ClientEvents>,
    topic: TopicName,
    timeout: Duration,
}

impl Side {
    fn new(cluster: &Cluster, topic: &TopicName, timeout: Duration) -> Self {
        Self {
            connection: Arc::clone(cluster.connection()),
            client_events: Arc::default(),
            topic: topic.clone(),
            timeout,
        }
    }

    fn open(
        &self,
        role: Role,
        properties: &[(String, String)],
        listen: Box<dyn Fn(Notice) + Send + Sync>,
    ) -> Result<Topic, Error> {
        let connection = Arc::clone(&self.connection);
        Client::new(connection, role, properties, listen)
            .and_then(|client| Topic::new(Arc::new(client), self.topic.as_str()))
            .map_err(|fault| Error::refused_settings(&fault))
    }

    fn timed_out(&self) -> Fault {
        let message = format!("no answer within {:?}", self.timeout);
        Fault::new(TIMED_OUT, message)
    }
}

/// An event of a reader's client.
enum ReaderEvent {
    Records(Vec<Record>),
    End,
    Fault(Fault),
}

/// Reads one partition in order. Only committed records are returned.
pub struct Reader {
    side: Side,
    told: mpsc::UnboundedReceiver<ReaderEvent>,
    /// Records that arrived together with the last one.
    came: vec::IntoIter<Record>,
    /// The offset after the last returned record.
    next: i64,
    /// The end offset when reading started.
    end: i64,
    /// `None` only during drop.
    topic: Option<Topic>,
}

impl Reader {
    /// Starts to read a partition from its first record.
    ///
    /// # Errors
    /// Returns an error if no broker returns the partition's offsets, for example for a missing
    /// authorization.
    pub async fn open(
        cluster: &Cluster,
        topic: &TopicName,
        partition: i32,
    ) -> Result<Self, RecordError> {
        let side = Side::new(cluster, topic, cluster.limits().timeout);
        let (sender, told) = mpsc::unbounded_channel();
        let client_events = Arc::clone(&side.client_events);
        let listen = move |notice: Notice| {
            let hear = match notice {
                Notice::Records(records) => ReaderEvent::Records(records),
                Notice::End => ReaderEvent::End,
                Notice::Partition(fault) => ReaderEvent::Fault(fault),
                other => return client_events.hear(other),
            };
            // The reader may have been dropped.
            let _ = sender.send(hear);
        };
        let properties = settings::reading(&side.connection, side.timeout, cluster.pace());
        // The client connects while the offsets are read.
        let mut reading = side.open(Role::Reads, &properties, Box::new(listen))?;
        // Numeric offsets: librdkafka would resolve "earliest" half a second later.
        let (first, end) = tokio::try_join!(
            offset(cluster, topic, partition, OffsetAt::Earliest),
            end(cluster, topic, partition),
        )?;
        reading
            .read(partition, first)
            .map_err(|fault| Error::refused_settings(&fault))?;
        Ok(Self {
            side,
            told,
            came: vec::IntoIter::default(),
            next: first,
            end,
            topic: Some(reading),
        })
    }

    /// Returns the offset after the last returned record.
    pub fn position(&self) -> i64 {
        self.next
    }

    /// Reads up to the end offset at the time when reading started.
    ///
    /// # Errors
    /// Returns an error if the records did not arrive in time or an authorization is missing.
    pub async fn read_to_end(&mut self, mut each: impl FnMut(Record)) -> Result<(), RecordError> {
        let take = |record| {
            each(record);
            false
        };
        self.until(usize::MAX, take).await.map(drop)
    }

    /// Returns whether any of the first `most` records matches; reading stops at the first match.
    ///
    /// # Errors
    /// As for [`Reader::to_end`].
    pub async fn any_of_first(
        &mut self,
        most: usize,
        is_one: impl Fn(&Record) -> bool,
    ) -> Result<bool, RecordError> {
        self.until(most, |record| is_one(&record)).await
    }

    /// Reads until a record matches, the end is reached, or `most` records were read.
    async fn until(
        &mut self,
        most: usize,
        mut is_found: impl FnMut(Record) -> bool,
    ) -> Result<bool, RecordError> {
        let deadline = Instant::now() + self.side.timeout;
        let mut last = None;
        for _ in 0..most {
            // Compaction may have taken the last ones.
            if self.next >= self.end {
                break;
            }
            match self.hear(deadline, &mut last).await? {
                Some(record) => {
                    if is_found(record) {
                        return Ok(true);
                    }
                }
                None => break,
            }
        }
        Ok(false)
    }

    /// Reads up to the record at `offset`, which is known to exist.
    ///
    /// # Errors
    /// Returns an error if the record did not arrive in time or an authorization is missing.
    pub async fn up_to(
        &mut self,
        offset: i64,
        mut each: impl FnMut(Record),
    ) -> Result<(), RecordError> {
        let deadline = Instant::now() + self.side.timeout;
        let mut last = None;
        while self.next <= offset {
            if let Some(record) = self.hear(deadline, &mut last).await? {
                each(record);
            }
        }
        Ok(())
    }

    /// Waits until further records arrive or the time is over.
    ///
    /// # Errors
    /// Returns an error if an authorization is missing.
    pub async fn more(
        &mut self,
        most: Duration,
        mut each: impl FnMut(Record),
    ) -> Result<(), RecordError> {
        let deadline = Instant::now() + most;
        while self.came.as_slice().is_empty() {
            match tokio::time::timeout_at(deadline, self.told.recv()).await {
                Ok(Some(told)) => self.take(told)?,
                Ok(None) | Err(_) => return Ok(()),
            }
        }
        loop {
            while let Some(record) = self.came.next() {
                each(self.passed(record));
            }
            match self.told.try_recv() {
                Ok(told) => self.take(told)?,
                Err(_) => return Ok(()),
            }
        }
    }

    /// Keeps received records, and returns faults that waiting cannot resolve.
    fn take(&mut self, told: ReaderEvent) -> Result<(), RecordError> {
        match told {
            ReaderEvent::Records(records) => self.came = records.into_iter(),
            ReaderEvent::Fault(fault) if is_final(&fault) => {
                return Err(RecordError::Refused(fault));
            }
            ReaderEvent::Fault(_) | ReaderEvent::End => {}
        }
        Ok(())
    }

    /// Returns the next record, or `None` at the end. Waits through transient faults; `last` keeps
    /// the last one in case the time is over first.
    async fn hear(
        &mut self,
        deadline: Instant,
        last: &mut Option<Fault>,
    ) -> Result<Option<Record>, RecordError> {
        loop {
            if let Some(record) = self.came.next() {
                return Ok(Some(self.passed(record)));
            }
            match tokio::time::timeout_at(deadline, self.told.recv()).await {
                Ok(Some(ReaderEvent::Records(records))) => self.came = records.into_iter(),
                Ok(Some(ReaderEvent::End)) => return Ok(None),
                Ok(Some(ReaderEvent::Fault(fault))) if is_final(&fault) => {
                    return Err(RecordError::Refused(fault));
                }
                Ok(Some(ReaderEvent::Fault(fault))) => *last = Some(fault),
                Ok(None) => return Err(self.failed(&closed())),
                Err(_) => {
                    let fault = last.take().unwrap_or_else(|| self.side.timed_out());
                    return Err(self.failed(&fault));
                }
            }
        }
    }

    fn passed(&mut self, record: Record) -> Record {
        self.next = record.offset + 1;
        record
    }

    fn failed(&self, fault: &Fault) -> RecordError {
        let side = &self.side;
        let what = format!("topic {}", side.topic);
        Error::call(
            &side.connection,
            &what,
            fault,
            &side.client_events,
            side.timeout,
        )
        .into()
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        drop_aside(self.topic.take());
    }
}

/// Returns the current end offset of a partition.
///
/// # Errors
/// Returns an error if no broker returns the offset, for example for a missing authorization.
pub async fn end(cluster: &Cluster, topic: &TopicName, partition: i32) -> Result<i64, RecordError> {
    offset(cluster, topic, partition, OffsetAt::Latest).await
}

async fn offset(
    cluster: &Cluster,
    topic: &TopicName,
    partition: i32,
    at: OffsetAt,
) -> Result<i64, RecordError> {
    let asked = (topic.clone(), partition);
    let give_up = Instant::now() + SETTLING.min(cluster.limits().timeout);
    loop {
        let mut found = cluster.offsets(std::slice::from_ref(&asked), at).await?;
        let fault = match found.remove(&asked) {
            Some(Ok(OffsetFound {
                offset: end @ 0.., ..
            })) => return Ok(end),
            Some(Err(fault)) => fault,
            Some(Ok(OffsetFound { .. })) | None => {
                let message = "the answer has no offset of the partition".to_owned();
                Fault::new(UNREADABLE, message)
            }
        };
        let kind = fault.kind();
        let settles = kind.is_worth_another_try() || kind == FaultKind::Missing;
        if !settles || Instant::now() >= give_up {
            return Err(RecordError::Refused(fault));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn closed() -> Fault {
    Fault::new(CLOSED, "the client was closed".to_owned())
}

/// Returns whether waiting cannot resolve a fault.
fn is_final(fault: &Fault) -> bool {
    matches!(
        fault.kind(),
        FaultKind::NotAuthorised | FaultKind::Permanent
    )
}

/// Speeds up the first append of a client. librdkafka looks for a broker to request its producer id
/// from when it receives metadata, the first time before it is connected to any broker, and then
/// half a second later; so this connects first, then requests metadata again.
async fn hasten(client: Arc<Client>, timeout: Duration) {
    if client.describe_cluster(timeout).await.is_ok() {
        // An error here occurs again in the append itself.
        let _ = on_thread(move || client.own_metadata(timeout)).await;
    }
}

/// Appends records to one partition.
pub struct Appender {
    side: Side,
    partition: i32,
    /// `None` only during drop.
    topic: Option<Topic>,
}

impl Appender {
    /// Opens an appender for a partition. `timeout` applies to each append.
    ///
    /// # Errors
    /// Returns an error if no client can be created with the settings.
    pub fn open(
        cluster: &Cluster,
        topic: &TopicName,
        partition: i32,
        timeout: Duration,
        delivery: Delivery,
    ) -> Result<Self, Error> {
        let side = Side::new(cluster, topic, timeout);
        let client_events = Arc::clone(&side.client_events);
        let pace = cluster.pace();
        let properties = settings::appending(&side.connection, timeout, pace, delivery);
        let listen = Box::new(move |notice| client_events.hear(notice));
        let topic = side.open(Role::Asks, &properties, listen)?;
        if delivery == Delivery::Once {
            tokio::spawn(hasten(Arc::clone(topic.client()), cluster.bound(SETTLING)));
        }
        Ok(Self {
            side,
            partition,
            topic: Some(topic),
        })
    }

    /// Appends records in order and returns their positions. A value of `None` writes a tombstone.
    ///
    /// # Errors
    /// Returns the error of the first record that was not appended; without a response, it may have
    /// been appended. The records after it may or may not have been appended.
    pub async fn append(
        &self,
        records: &[(Vec<u8>, Option<Vec<u8>>)],
    ) -> Result<Vec<Appended>, RecordError> {
        let mut all = Vec::with_capacity(records.len());
        for batch in records.chunks(IN_FLIGHT) {
            let deadline = Instant::now() + self.side.timeout + GRACE;
            let mut receivers = Vec::with_capacity(batch.len());
            for (key, value) in batch {
                let receiver = match &self.topic {
                    Some(topic) => topic.append(self.partition, key, value.as_deref()),
                    None => Err(closed()),
                };
                receivers.push(receiver.map_err(|fault| self.failed(fault))?);
            }
            for receiver in receivers {
                let appended = match tokio::time::timeout_at(deadline, receiver).await {
                    Ok(Ok(answer)) => answer,
                    Ok(Err(_)) => Err(closed()),
                    Err(_) => Err(self.side.timed_out()),
                };
                all.push(appended.map_err(|fault| self.failed(fault))?);
            }
        }
        self.side.client_events.all_is_well();
        Ok(all)
    }

    fn failed(&self, fault: Fault) -> RecordError {
        let side = &self.side;
        let fault = match &self.topic {
            Some(topic) => topic.cause(fault),
            None => fault,
        };
        if fault.kind() != FaultKind::Unanswered {
            return RecordError::Refused(fault);
        }
        let what = format!("topic {}", side.topic);
        Error::writing(
            &side.connection,
            &what,
            &fault,
            &side.client_events,
            side.timeout,
        )
        .into()
    }
}

impl Drop for Appender {
    fn drop(&mut self) {
        drop_aside(self.topic.take());
    }
}
