//! Records of one partition: appended, and read in order. Both go through the pump, as everything
//! else does. Reading takes no consumer group: it needs no right to one, and leaves no trace.

use std::ffi::{c_char, c_int, c_void};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rdkafka_sys::bindings as sys;
use tokio::sync::oneshot;

use super::{Client, Event, MESSAGE_LENGTH, Message, Owned, c_string, lock, slice};
use crate::kafka::fault::Fault;
use crate::kafka::types::{Appended, Record};

/// The same as in the bindings, with integers in place of enums.
mod plain {
    use super::{c_char, c_int, c_void, sys};

    #[repr(C)]
    pub struct Record {
        pub error: c_int,
        pub topic: *mut sys::rd_kafka_topic_t,
        pub partition: i32,
        pub value: *mut c_void,
        pub value_length: usize,
        pub key: *mut c_void,
        pub key_length: usize,
        pub offset: i64,
        pub private: *mut c_void,
    }

    unsafe extern "C" {
        pub fn rd_kafka_event_message_next(event: *mut sys::rd_kafka_event_t) -> *const Record;
        pub fn rd_kafka_message_timestamp(record: *const Record, kind: *mut c_int) -> i64;
        pub fn rd_kafka_message_produce_errstr(record: *const Record) -> *const c_char;
        pub fn rd_kafka_last_error() -> c_int;
        pub fn rd_kafka_fatal_error(
            client: *mut sys::rd_kafka_t,
            message: *mut c_char,
            length: usize,
        ) -> c_int;
    }
}

/// librdkafka's `_PARTITION_EOF`.
pub(super) const END: c_int = -191;

/// librdkafka's `_PURGE_QUEUE`, `_PURGE_INFLIGHT` and `_FATAL`: what becomes of the records of a
/// client that an error has ended.
const ENDED: [c_int; 3] = [-152, -151, -150];

/// A topic as a client appends to it or reads it. The client lives as long.
pub(in crate::kafka) struct Topic {
    object: Owned<sys::rd_kafka_topic_t>,
    /// The partition that is being read.
    reading: Option<i32>,
    client: Arc<Client>,
}

// SAFETY: librdkafka's topic handles may be used from any thread at any time; what changes here
// needs `&mut`.
unsafe impl Sync for Topic {}

impl Topic {
    /// A topic of a client.
    pub fn new(client: Arc<Client>, name: &str) -> Result<Self, Fault> {
        let c_name = c_string(name)?;
        // SAFETY: the client is alive, and the string lives through the call, which copies it.
        let object = unsafe {
            let object =
                sys::rd_kafka_topic_new(client.handle.client, c_name.as_ptr(), ptr::null_mut());
            Owned::take(object, sys::rd_kafka_topic_destroy, || {
                format!("{name:?} is no topic name")
            })?
        };
        Ok(Self {
            object,
            reading: None,
            client,
        })
    }

    /// The client.
    pub fn client(&self) -> &Arc<Client> {
        &self.client
    }

    /// Begins to read a partition: its records come to the client's listener.
    pub fn read(&mut self, partition: i32, from: i64) -> Result<(), Fault> {
        // SAFETY: topic and queue are alive; the queue is the one that the pump polls.
        let code = unsafe {
            let queue = self.client.handle.queue;
            match sys::rd_kafka_consume_start_queue(self.object.object, partition, from, queue) {
                0 => 0,
                _ => plain::rd_kafka_last_error(),
            }
        };
        if code != 0 {
            return Err(Fault::new(code, format!("partition {partition}")));
        }
        self.reading = Some(partition);
        Ok(())
    }

    /// Appends a record; no value makes it one that removes its key. The receiver gets where it
    /// was put.
    pub fn append(
        &self,
        partition: i32,
        key: &[u8],
        value: Option<&[u8]>,
    ) -> Result<oneshot::Receiver<Result<Appended, Fault>>, Fault> {
        let (sender, receiver) = oneshot::channel();
        let number = self.client.next.fetch_add(1, Ordering::Relaxed);
        lock(&self.client.shared.sent).insert(number, sender);
        // SAFETY: the topic is alive; key and value live through the call, which copies them (and
        // does not write to them); the opaque is a number that is never followed as a pointer.
        let code = unsafe {
            let refused = sys::rd_kafka_produce(
                self.object.object,
                partition,
                sys::RD_KAFKA_MSG_F_COPY,
                value.map_or(ptr::null_mut(), |value| value.as_ptr().cast_mut().cast()),
                value.map_or(0, <[u8]>::len),
                key.as_ptr().cast(),
                key.len(),
                ptr::without_provenance_mut(number),
            );
            match refused {
                0 => 0,
                _ => plain::rd_kafka_last_error(),
            }
        };
        if code == 0 {
            return Ok(receiver);
        }
        lock(&self.client.shared.sent).remove(&number);
        Err(self.cause(Fault::new(code, String::new())))
    }

    /// The error that ended the client for good, where a fault only says that there was one.
    pub fn cause(&self, fault: Fault) -> Fault {
        if !ENDED.contains(&fault.code) {
            return fault;
        }
        let mut message = Message::new();
        let client = &self.client;
        // SAFETY: the client is alive, and writes no more than the buffer takes.
        let code = unsafe {
            plain::rd_kafka_fatal_error(client.handle.client, message.pointer(), MESSAGE_LENGTH)
        };
        match code {
            0 => fault,
            code => Fault::new(code, client.shared.redact(&message.read())),
        }
    }
}

impl Drop for Topic {
    fn drop(&mut self) {
        if let Some(partition) = self.reading {
            // SAFETY: the topic is alive, and the partition is being read.
            unsafe { sys::rd_kafka_consume_stop(self.object.object, partition) };
        }
    }
}

impl Event<'_> {
    /// Tells each of the records whether it was appended, and where.
    pub(super) fn appended(&self) {
        // SAFETY: the event is alive; what it holds is copied.
        unsafe {
            loop {
                let record = plain::rd_kafka_event_message_next(self.event);
                if record.is_null() {
                    return;
                }
                let (code, number) = ((*record).error, (*record).private.addr());
                let words = || super::text(plain::rd_kafka_message_produce_errstr(record));
                let result = self.check(code, words).map(|()| Appended {
                    offset: (*record).offset,
                    appended_ms: appended_ms(record),
                });
                let sender = lock(&self.shared.sent).remove(&number);
                if let Some(sender) = sender {
                    // Nobody waits any more where the caller gave up.
                    let _ = sender.send(result);
                }
            }
        }
    }

    /// Adds the records that were read; whether it is such an event.
    pub(super) fn fetched(&self, records: &mut Vec<Record>) -> bool {
        // SAFETY: the event is alive; what it holds is copied.
        unsafe {
            if sys::rd_kafka_event_type(self.event) != sys::RD_KAFKA_EVENT_FETCH {
                return false;
            }
            loop {
                let record = plain::rd_kafka_event_message_next(self.event);
                if record.is_null() {
                    return true;
                }
                let bytes = |first: *mut c_void, length| {
                    (!first.is_null()).then(|| slice(first.cast::<u8>(), length).to_vec())
                };
                records.push(Record {
                    offset: (*record).offset,
                    appended_ms: appended_ms(record),
                    key: bytes((*record).key, (*record).key_length),
                    value: bytes((*record).value, (*record).value_length),
                });
            }
        }
    }

    /// Whether an error is of the partition that is being read, and not of the client.
    pub(super) fn is_of_partition(&self) -> bool {
        // SAFETY: the event is alive; what is returned is ours, and destroyed.
        unsafe {
            let partition = sys::rd_kafka_event_topic_partition(self.event);
            if !partition.is_null() {
                sys::rd_kafka_topic_partition_destroy(partition);
            }
            !partition.is_null()
        }
    }
}

/// `RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME`
const LOG_APPEND_TIME: c_int = 2;

/// When the broker appended a record; `None` where the timestamp is its writer's.
unsafe fn appended_ms(record: *const plain::Record) -> Option<i64> {
    let mut kind = 0;
    let timestamp = unsafe { plain::rd_kafka_message_timestamp(record, &mut kind) };
    (kind == LOG_APPEND_TIME && timestamp >= 0).then_some(timestamp)
}
