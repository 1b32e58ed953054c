//! The records of one partition: read in order from an offset on, and appended.
//!
//! Each reader and each appender is a client of its own, so that neither waits for anybody else.
//! Reading belongs to no consumer group: it commits nothing, and needs the right to read the topic
//! alone.

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

/// How much longer than librdkafka's own time-out an append is waited for. It comes within; this
/// holds should librdkafka itself be stuck.
const GRACE: Duration = Duration::from_secs(1);

/// How long the broker that leads a partition may take to know of it: a new topic shows elsewhere
/// before that, and the lead moves when a broker goes.
const SETTLING: Duration = Duration::from_secs(5);

/// How often such a broker is asked.
const PAUSE: Duration = Duration::from_millis(100);

/// Records under way at a time: below what librdkafka keeps.
const IN_FLIGHT: usize = 10_000;

/// Why records could not be read or appended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// The cluster answered with an error: a right is missing, say.
    #[error("{0}")]
    Refused(Fault),
    /// No answer came, or no client could be made.
    #[error(transparent)]
    Failed(#[from] Error),
}

/// What both kinds of clients share.
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

/// What a reader hears.
enum ReaderEvent {
    Records(Vec<Record>),
    End,
    Fault(Fault),
}

/// Reads one partition in order. Only committed records are seen.
pub struct Reader {
    side: Side,
    told: mpsc::UnboundedReceiver<ReaderEvent>,
    /// Records that came together with the last one.
    came: vec::IntoIter<Record>,
    /// The offset after the last record that was handed on.
    next: i64,
    /// Where the end was when the reading began.
    end: i64,
    /// `None` once it is being dropped.
    topic: Option<Topic>,
}

impl Reader {
    /// Begins to read a partition, from its first record on.
    ///
    /// # Errors
    /// No broker tells where the partition begins and ends: a right is missing, say.
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
            // Nobody listens any more where the reader was dropped.
            let _ = sender.send(hear);
        };
        let properties = settings::reading(&side.connection, side.timeout, cluster.pace());
        // It connects while the offsets are asked for.
        let mut reading = side.open(Role::Reads, &properties, Box::new(listen))?;
        // Numbers: librdkafka would ask for "the first" half a second later.
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

    /// The offset after the last record that was handed on.
    pub fn position(&self) -> i64 {
        self.next
    }

    /// Reads up to where the end was when the reading began.
    ///
    /// # Errors
    /// The records did not come in time, or a right is missing.
    pub async fn to_end(&mut self, mut each: impl FnMut(Record)) -> Result<(), RecordError> {
        let take = |record| {
            each(record);
            false
        };
        self.until(usize::MAX, take).await.map(drop)
    }

    /// Whether any of the first so many records is of a kind. Reading stops at the first one that is.
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

    /// Reads until a record is found, or the end was reached, or so many were read.
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

    /// Reads on until the record at an offset was read, which somebody is known to have appended.
    ///
    /// # Errors
    /// It did not come in time, or a right is missing.
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

    /// Waits for further records: until some came, or the time is over.
    ///
    /// # Errors
    /// A right is missing.
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

    /// Keeps records that came, and ends at what waiting does not cure.
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

    /// The next record, or none at the end. What may pass by itself is waited for; `last` keeps
    /// it, should the time be over first.
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

/// The offset after the last record of a partition, by now.
///
/// # Errors
/// No broker tells: a right is missing, say.
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

/// Whether waiting would not help.
fn is_final(fault: &Fault) -> bool {
    matches!(
        fault.kind(),
        FaultKind::NotAuthorised | FaultKind::Permanent
    )
}

/// Lets a client that appends once begin at once. librdkafka looks for a broker to ask for its
/// producer id when it hears of the cluster, the first time before it is connected to any, and then
/// half a second later; so it is connected, and told again.
async fn hasten(client: Arc<Client>, timeout: Duration) {
    if client.describe_cluster(timeout).await.is_ok() {
        // What fails here fails again where it matters.
        let _ = on_thread(move || client.own_metadata(timeout)).await;
    }
}

/// Appends records to one partition.
pub struct Appender {
    side: Side,
    partition: i32,
    /// `None` once it is being dropped.
    topic: Option<Topic>,
}

impl Appender {
    /// Begins to append to a partition. `timeout` holds for one append.
    ///
    /// # Errors
    /// No client can be made of the settings.
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

    /// Appends records in their order, and tells where each was put. `None` for a value removes
    /// the key.
    ///
    /// # Errors
    /// Why the first of those that were not appended was not; where no answer came, it may have
    /// been. Those after it may or may not be there.
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
