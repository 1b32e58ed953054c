//! Records of one partition: append, and read in order. Both go through the pump, like all other
//! calls. Reads use no consumer group: they need no right to one, and leave no trace.

use std::ffi::{c_char, c_int, c_void};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rdkafka_sys::bindings as sys;
use tokio::sync::oneshot;

use super::{Client, Event, MESSAGE_LENGTH, Message, Owned, c_string, lock, slice};
use crate::kafka::fault::Fault;
use crate::kafka::types::{Appended, Record};

/// Functions and structures of the bindings, with integers in place of enums.
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

/// librdkafka's `_PURGE_QUEUE`, `_PURGE_INFLIGHT` and `_FATAL`: the results of records of a client
/// that a fatal error has ended.
const ENDED: [c_int; 3] = [-152, -151, -150];

/// A topic handle of a client, to append or read. It keeps the client alive.
pub(in crate::kafka) struct Topic {
    object: Owned<sys::rd_kafka_topic_t>,
    /// The partition being read.
    reading: Option<i32>,
    client: Arc<Client>,
}

// SAFETY: librdkafka's topic handles may be used from any thread at any time; changes here need
// `&mut`.
unsafe impl Sync for Topic {}

impl Topic {
    /// Creates a topic handle.
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

    /// Returns the client.
    pub fn client(&self) -> &Arc<Client> {
        &self.client
    }

    /// Starts to read a partition; its records are passed to the client's listener.
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

    /// Appends a record; a record without a value is a tombstone. The receiver gets its position.
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
        // does not write to them); the opaque is a number that is never dereferenced.
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

    /// Returns the fatal error that ended the client, if the fault is only its consequence.
    pub fn cause(&self, fault: Fault) -> Fault {
        if !ENDED.contains(&fault.code) {
            return fault;
        }
        let mut message = Message::new();
        let client = &self.client;
        // SAFETY: the client is alive and writes no more than the buffer's size.
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
    /// Sends each record's result, with its position.
    pub(super) fn appended(&self) {
        // SAFETY: the event is alive; its contents are copied.
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
                    // The caller may have given up.
                    let _ = sender.send(result);
                }
            }
        }
    }

    /// Appends fetched records to `records`; returns whether the event is a fetch.
    pub(super) fn fetched(&self, records: &mut Vec<Record>) -> bool {
        // SAFETY: the event is alive; its contents are copied.
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

    /// Returns whether an error belongs to the partition being read, not to the client.
    pub(super) fn is_of_partition(&self) -> bool {
        // SAFETY: the event is alive; the returned object is owned and destroyed.
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

/// Returns the broker's append time; `None` if the timestamp is the producer's.
unsafe fn appended_ms(record: *const plain::Record) -> Option<i64> {
    let mut kind = 0;
    let timestamp = unsafe { plain::rd_kafka_message_timestamp(record, &mut kind) };
    (kind == LOG_APPEND_TIME && timestamp >= 0).then_some(timestamp)
}
