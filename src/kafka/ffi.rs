//! Safe wrapper of librdkafka's admin API: the crate's only `unsafe`.
//!
//! - Error codes are plain integers. The generated bindings define them as a Rust enum, in which a
//!   code that the enum does not list would be undefined behaviour; so every function that returns
//!   a code is declared again here.
//! - Every C object is owned and freed on every path ([`Owned`], [`Event`]); the contents of an
//!   event are copied before it is freed.
//! - One thread per client, the pump, polls librdkafka's main queue. It receives responses, errors
//!   and logs; a response is matched to its request by the request's number.
#![allow(unsafe_code)]

mod certificates;
mod configs;
mod records;
mod rights;
mod tokens;
mod usage;

use std::collections::HashMap;
use std::ffi::{CStr, CString, c_char, c_int};
use std::io::{self, Write as _};
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rdkafka_sys::bindings as sys;
use tokio::sync::oneshot;

pub(super) use certificates::REASON as CERTIFICATE_REASON;
pub(super) use records::Topic;
pub(super) use usage::{GroupNames, GroupOffsetsObject, PartitionList};

use super::fault::Fault;
use super::types::{
    self, AclOperation, Appended, Configs, Metadata, Node, Partition, Record, TopicDescription,
    TopicMetadata,
};
use crate::model::TopicName;
use crate::model::connection::{Connection, Token};

/// The maximum sleep of the pump; dropping the client wakes it.
const POLL_MS: c_int = 500;

/// Maximum records that are passed on together: the reader wakes once for all of them, and
/// processes them while more arrive.
const RECORDS: usize = 500;

/// librdkafka's size of buffers for messages.
const MESSAGE_LENGTH: usize = 512;
/// The maximum length of a librdkafka log line, in bytes; longer lines are truncated.
const LONGEST_LINE: usize = 2047;

/// Functions and structures of the bindings, with integers in place of error enums.
mod raw {
    use std::ffi::{c_char, c_int, c_void};

    use rdkafka_sys::bindings as sys;

    unsafe extern "C" {
        pub fn _exit(code: c_int) -> !;
        pub fn rd_kafka_err2name(code: c_int) -> *const c_char;
        pub fn rd_kafka_event_error(event: *mut sys::rd_kafka_event_t) -> c_int;
        pub fn rd_kafka_error_code(error: *const sys::rd_kafka_error_t) -> c_int;
        pub fn rd_kafka_topic_result_error(result: *const sys::rd_kafka_topic_result_t) -> c_int;
        pub fn rd_kafka_ConfigResource_error(r: *const sys::rd_kafka_ConfigResource_t) -> c_int;
        pub fn rd_kafka_ConfigResource_set_config(
            resource: *mut sys::rd_kafka_ConfigResource_t,
            name: *const c_char,
            value: *const c_char,
        ) -> c_int;
        pub fn rd_kafka_ConfigEntry_source(entry: *const sys::rd_kafka_ConfigEntry_t) -> c_int;
        pub fn rd_kafka_conf_set(
            conf: *mut sys::rd_kafka_conf_t,
            name: *const c_char,
            value: *const c_char,
            message: *mut c_char,
            length: usize,
        ) -> c_int;
        pub fn rd_kafka_set_log_queue(
            client: *mut sys::rd_kafka_t,
            queue: *mut sys::rd_kafka_queue_t,
        ) -> c_int;
        pub fn rd_kafka_NewTopic_set_config(
            topic: *mut sys::rd_kafka_NewTopic_t,
            key: *const c_char,
            value: *const c_char,
        ) -> c_int;
        pub fn rd_kafka_AdminOptions_set_request_timeout(
            options: *mut sys::rd_kafka_AdminOptions_t,
            timeout_ms: c_int,
            message: *mut c_char,
            length: usize,
        ) -> c_int;
        pub fn rd_kafka_AdminOptions_set_operation_timeout(
            options: *mut sys::rd_kafka_AdminOptions_t,
            timeout_ms: c_int,
            message: *mut c_char,
            length: usize,
        ) -> c_int;
        pub fn rd_kafka_AdminOptions_set_broker(
            options: *mut sys::rd_kafka_AdminOptions_t,
            id: i32,
            message: *mut c_char,
            length: usize,
        ) -> c_int;
        pub fn rd_kafka_AdminOptions_set_validate_only(
            options: *mut sys::rd_kafka_AdminOptions_t,
            on: c_int,
            message: *mut c_char,
            length: usize,
        ) -> c_int;
        pub fn rd_kafka_oauthbearer_set_token(
            client: *mut sys::rd_kafka_t,
            token: *const c_char,
            expires_ms: i64,
            principal: *const c_char,
            extensions: *mut *const c_char,
            extension_count: usize,
            message: *mut c_char,
            length: usize,
        ) -> c_int;
        pub fn rd_kafka_oauthbearer_set_token_failure(
            client: *mut sys::rd_kafka_t,
            why: *const c_char,
        ) -> c_int;
        pub fn rd_kafka_metadata(
            client: *mut sys::rd_kafka_t,
            all_topics: c_int,
            only: *mut c_void,
            metadata: *mut *const Metadata,
            timeout_ms: c_int,
        ) -> c_int;
        pub fn rd_kafka_metadata_destroy(metadata: *const Metadata);
    }

    #[repr(C)]
    pub struct Metadata {
        pub broker_count: c_int,
        pub brokers: *const Broker,
        pub topic_count: c_int,
        pub topics: *const Topic,
        pub origin_id: i32,
        pub origin_name: *const c_char,
    }

    #[repr(C)]
    pub struct Broker {
        pub id: i32,
        pub host: *const c_char,
        pub port: c_int,
    }

    #[repr(C)]
    pub struct Topic {
        pub name: *const c_char,
        pub partition_count: c_int,
        pub partitions: *const Partition,
        pub error: c_int,
    }

    #[repr(C)]
    pub struct Partition {
        pub id: i32,
        pub error: c_int,
        pub leader: i32,
        pub replica_count: c_int,
        pub replicas: *const i32,
        pub in_sync_count: c_int,
        pub in_sync: *const i32,
    }
}

/// Returns librdkafka's name of an error code. Safe for any code: an unlisted one is `ERR_123?`.
pub(super) fn code_name(code: i32) -> String {
    // SAFETY: takes any integer and returns a static string.
    unsafe { text(raw::rd_kafka_err2name(code)) }
}

/// Copies a C string; a null pointer is the empty string.
unsafe fn text(string: *const c_char) -> String {
    unsafe { optional_text(string) }.unwrap_or_default()
}

/// Copies a C string; a null pointer is `None`.
unsafe fn optional_text(string: *const c_char) -> Option<String> {
    if string.is_null() {
        return None;
    }
    let string = unsafe { CStr::from_ptr(string) };
    Some(string.to_string_lossy().into_owned())
}

/// Returns a C array as a slice, valid as long as its owner.
unsafe fn slice<'a, T>(first: *const T, length: usize) -> &'a [T] {
    if first.is_null() || length == 0 {
        return &[];
    }
    unsafe { std::slice::from_raw_parts(first, length) }
}

/// Returns a C array with a signed length as a slice.
unsafe fn counted<'a, T>(first: *const T, length: c_int) -> &'a [T] {
    unsafe { slice(first, usize::try_from(length).unwrap_or_default()) }
}

/// Returns the array from a getter of the form `f(object, &mut count)`.
unsafe fn listed<'a, O, T>(
    object: *const O,
    get: unsafe extern "C" fn(*const O, *mut usize) -> *mut *const T,
) -> &'a [*const T] {
    if object.is_null() {
        return &[];
    }
    let mut count = 0;
    let first = unsafe { get(object, &mut count) };
    unsafe { slice(first, count) }
}

fn c_string(text: &str) -> Result<CString, Fault> {
    CString::new(text).map_err(|_| Fault::invalid(format!("{text:?} holds a NUL character")))
}

fn milliseconds(duration: Duration) -> c_int {
    // librdkafka's maximum is one hour.
    c_int::try_from(duration.as_millis().clamp(1, 3_600_000)).unwrap_or(3_600_000)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A buffer for a message of librdkafka.
struct Message([c_char; MESSAGE_LENGTH]);

impl Message {
    fn new() -> Self {
        Self([0; MESSAGE_LENGTH])
    }

    fn pointer(&mut self) -> *mut c_char {
        self.0.as_mut_ptr()
    }

    fn read(&self) -> String {
        // SAFETY: the buffer was zeroed, and librdkafka terminates messages with a zero.
        unsafe { text(self.0.as_ptr()) }
    }
}

/// A C object that is freed on drop.
pub(super) struct Owned<T> {
    object: *mut T,
    free: unsafe extern "C" fn(*mut T),
}

// SAFETY: librdkafka's objects are not bound to a thread, and only their owner uses them.
unsafe impl<T> Send for Owned<T> {}

impl<T> Owned<T> {
    /// Takes ownership of an object that a C function created; null means failure.
    unsafe fn take(
        object: *mut T,
        free: unsafe extern "C" fn(*mut T),
        why: impl FnOnce() -> String,
    ) -> Result<Self, Fault> {
        if object.is_null() {
            return Err(Fault::invalid(why()));
        }
        Ok(Self { object, free })
    }
}

impl<T> Drop for Owned<T> {
    fn drop(&mut self) {
        // SAFETY: `take` received the object with its free function, and the object is freed only
        // here.
        unsafe { (self.free)(self.object) }
    }
}

/// Takes ownership of an error that a C function returned; null means no error.
unsafe fn returned(error: *mut sys::rd_kafka_error_t) -> Result<(), Fault> {
    if error.is_null() {
        return Ok(());
    }
    let fault = unsafe {
        Fault::new(
            raw::rd_kafka_error_code(error),
            text(sys::rd_kafka_error_string(error)),
        )
    };
    unsafe { sys::rd_kafka_error_destroy(error) };
    Err(fault)
}

pub(super) type NewTopicObject = Owned<sys::rd_kafka_NewTopic_t>;
pub(super) type NewPartitionsObject = Owned<sys::rd_kafka_NewPartitions_t>;
pub(super) type DeleteTopicObject = Owned<sys::rd_kafka_DeleteTopic_t>;
pub(super) type ResourceObject = Owned<sys::rd_kafka_ConfigResource_t>;
pub(super) type TopicNames = Owned<sys::rd_kafka_TopicCollection_t>;

impl NewTopicObject {
    /// Creates the request item of a new topic.
    pub fn new(name: &str, partitions: i32, replication_factor: i32) -> Result<Self, Fault> {
        let name = c_string(name)?;
        let mut message = Message::new();
        // SAFETY: the strings live through the call, which copies them.
        unsafe {
            let object = sys::rd_kafka_NewTopic_new(
                name.as_ptr(),
                partitions,
                replication_factor,
                message.pointer(),
                MESSAGE_LENGTH,
            );
            Owned::take(object, sys::rd_kafka_NewTopic_destroy, || message.read())
        }
    }

    /// Sets a config of the topic.
    pub fn set_config(&mut self, key: &str, value: &str) -> Result<(), Fault> {
        let (c_key, value) = (c_string(key)?, c_string(value)?);
        // SAFETY: the strings live through the call, which copies them.
        match unsafe {
            raw::rd_kafka_NewTopic_set_config(self.object, c_key.as_ptr(), value.as_ptr())
        } {
            0 => Ok(()),
            code => Err(Fault::new(code, format!("the config {key:?}"))),
        }
    }
}

impl NewPartitionsObject {
    /// Creates the request item that increases a topic to `total` partitions.
    pub fn new(name: &str, total: u32) -> Result<Self, Fault> {
        let name = c_string(name)?;
        let mut message = Message::new();
        // SAFETY: the strings live through the call, which copies them.
        unsafe {
            let object = sys::rd_kafka_NewPartitions_new(
                name.as_ptr(),
                total as usize,
                message.pointer(),
                MESSAGE_LENGTH,
            );
            Owned::take(object, sys::rd_kafka_NewPartitions_destroy, || {
                message.read()
            })
        }
    }
}

impl DeleteTopicObject {
    /// Creates the request item of a topic to delete.
    pub fn new(name: &str) -> Result<Self, Fault> {
        let c_name = c_string(name)?;
        // SAFETY: the string lives through the call, which copies it.
        unsafe {
            let object = sys::rd_kafka_DeleteTopic_new(c_name.as_ptr());
            Owned::take(object, sys::rd_kafka_DeleteTopic_destroy, || {
                format!("{name:?} is no topic name")
            })
        }
    }
}

impl ResourceObject {
    /// Creates the resource of a topic, to describe or change its configs.
    pub fn topic(name: &str) -> Result<Self, Fault> {
        Self::new(sys::rd_kafka_ResourceType_t::RD_KAFKA_RESOURCE_TOPIC, name)
    }

    /// Creates the resource of a broker, to describe its configs.
    pub fn broker(id: i32) -> Result<Self, Fault> {
        let kind = sys::rd_kafka_ResourceType_t::RD_KAFKA_RESOURCE_BROKER;
        Self::new(kind, &id.to_string())
    }

    fn new(kind: sys::rd_kafka_ResourceType_t, name: &str) -> Result<Self, Fault> {
        let c_name = c_string(name)?;
        // SAFETY: the string lives through the call, which copies it.
        unsafe {
            let object = sys::rd_kafka_ConfigResource_new(kind, c_name.as_ptr());
            Owned::take(object, sys::rd_kafka_ConfigResource_destroy, || {
                format!("{name:?} is no resource")
            })
        }
    }

    /// Restricts the response to the configs named by calls of this function.
    pub fn ask_for(&mut self, key: &str) -> Result<(), Fault> {
        let name = c_string(key)?;
        // SAFETY: the strings live through the call, which copies them. Described configs have no
        // value.
        let code = unsafe {
            raw::rd_kafka_ConfigResource_set_config(self.object, name.as_ptr(), c"".as_ptr())
        };
        match code {
            0 => Ok(()),
            code => Err(Fault::new(code, format!("{key:?} is no name of a config"))),
        }
    }

    /// Adds a change: a value to set, or `None` to remove the key.
    pub fn alter(&mut self, key: &str, value: Option<&str>) -> Result<(), Fault> {
        use sys::rd_kafka_AlterConfigOpType_t as Op;
        let key = c_string(key)?;
        let value = value.map(c_string).transpose()?;
        let (op, value) = match &value {
            Some(value) => (Op::RD_KAFKA_ALTER_CONFIG_OP_TYPE_SET, value.as_ptr()),
            None => (Op::RD_KAFKA_ALTER_CONFIG_OP_TYPE_DELETE, ptr::null()),
        };
        // SAFETY: the strings live through the call, which copies them.
        unsafe {
            returned(sys::rd_kafka_ConfigResource_add_incremental_config(
                self.object,
                key.as_ptr(),
                op,
                value,
            ))
        }
    }
}

impl TopicNames {
    /// Creates the list of topics to describe.
    pub fn new(names: &[TopicName]) -> Result<Self, Fault> {
        let names: Vec<CString> = names
            .iter()
            .map(|name| c_string(name.as_str()))
            .collect::<Result<_, _>>()?;
        let mut pointers: Vec<*const c_char> = names.iter().map(|name| name.as_ptr()).collect();
        // SAFETY: the strings live through the call, which copies them.
        unsafe {
            let object =
                sys::rd_kafka_TopicCollection_of_topic_names(pointers.as_mut_ptr(), pointers.len());
            Owned::take(object, sys::rd_kafka_TopicCollection_destroy, || {
                "no topic names".to_owned()
            })
        }
    }
}

/// A request, with its objects.
pub(super) enum Call {
    CreateTopics(Vec<NewTopicObject>),
    CreatePartitions(Vec<NewPartitionsObject>),
    DeleteTopics(Vec<DeleteTopicObject>),
    AlterConfigs(Vec<ResourceObject>),
    DescribeConfigs(Vec<ResourceObject>),
    DescribeTopics(TopicNames),
    DescribeCluster,
    ListGroups,
    DescribeGroups(GroupNames),
    GroupOffsets(GroupOffsetsObject),
    ListOffsets(PartitionList),
}

impl Call {
    fn operation(&self) -> sys::rd_kafka_admin_op_t {
        use sys::rd_kafka_admin_op_t as Op;
        match self {
            Call::CreateTopics(_) => Op::RD_KAFKA_ADMIN_OP_CREATETOPICS,
            Call::CreatePartitions(_) => Op::RD_KAFKA_ADMIN_OP_CREATEPARTITIONS,
            Call::DeleteTopics(_) => Op::RD_KAFKA_ADMIN_OP_DELETETOPICS,
            Call::AlterConfigs(_) => Op::RD_KAFKA_ADMIN_OP_INCREMENTALALTERCONFIGS,
            Call::DescribeConfigs(_) => Op::RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS,
            Call::DescribeTopics(_) => Op::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS,
            Call::DescribeCluster => Op::RD_KAFKA_ADMIN_OP_DESCRIBECLUSTER,
            Call::ListGroups => Op::RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPS,
            Call::DescribeGroups(_) => Op::RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS,
            Call::GroupOffsets(_) => Op::RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS,
            Call::ListOffsets(_) => Op::RD_KAFKA_ADMIN_OP_LISTOFFSETS,
        }
    }

    /// Returns whether the request has a broker-side timeout; librdkafka rejects this option for
    /// other requests.
    fn has_operation_timeout(&self) -> bool {
        matches!(
            self,
            Call::CreateTopics(_) | Call::CreatePartitions(_) | Call::DeleteTopics(_)
        )
    }

    /// Passes the request to librdkafka, which copies the objects.
    unsafe fn send(&self, handle: Handle, options: &Owned<sys::rd_kafka_AdminOptions_t>) {
        fn pointers<T>(objects: &[Owned<T>]) -> Vec<*mut T> {
            objects.iter().map(|owned| owned.object).collect()
        }
        macro_rules! send {
            ($objects:expr, $function:ident) => {{
                let mut list = pointers($objects);
                sys::$function(
                    handle.client,
                    list.as_mut_ptr(),
                    list.len(),
                    options.object,
                    handle.queue,
                )
            }};
        }
        unsafe {
            match self {
                Call::CreateTopics(topics) => send!(topics, rd_kafka_CreateTopics),
                Call::CreatePartitions(topics) => send!(topics, rd_kafka_CreatePartitions),
                Call::DeleteTopics(topics) => send!(topics, rd_kafka_DeleteTopics),
                Call::AlterConfigs(topics) => send!(topics, rd_kafka_IncrementalAlterConfigs),
                Call::DescribeConfigs(list) => send!(list, rd_kafka_DescribeConfigs),
                Call::DescribeTopics(names) => sys::rd_kafka_DescribeTopics(
                    handle.client,
                    names.object,
                    options.object,
                    handle.queue,
                ),
                Call::DescribeCluster => {
                    sys::rd_kafka_DescribeCluster(handle.client, options.object, handle.queue);
                }
                Call::ListGroups => {
                    sys::rd_kafka_ListConsumerGroups(handle.client, options.object, handle.queue);
                }
                Call::DescribeGroups(groups) => groups.send(handle, options),
                Call::GroupOffsets(group) => {
                    send!(
                        std::slice::from_ref(group),
                        rd_kafka_ListConsumerGroupOffsets
                    );
                }
                Call::ListOffsets(partitions) => sys::rd_kafka_ListOffsets(
                    handle.client,
                    partitions.object,
                    options.object,
                    handle.queue,
                ),
            }
        }
    }
}

/// The options of a request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Options {
    /// The time limit for the response.
    pub timeout: Duration,
    /// Whether the broker only validates. Supported by creates, partitions and configs.
    pub validate_only: bool,
    /// Whether the response includes authorized operations. Supported by topic descriptions.
    pub operations: bool,
    /// The broker to send to; by default, librdkafka selects one. librdkafka waits for a broker
    /// that is down.
    pub broker: Option<i32>,
}

impl Options {
    fn object(
        self,
        handle: Handle,
        call: &Call,
    ) -> Result<Owned<sys::rd_kafka_AdminOptions_t>, Fault> {
        let mut message = Message::new();
        let (text, length) = (message.pointer(), MESSAGE_LENGTH);
        let timeout = milliseconds(self.timeout);
        // SAFETY: the client is alive while its handle is borrowed, and `message` outlives the
        // calls.
        let code = unsafe {
            let options = Owned::take(
                sys::rd_kafka_AdminOptions_new(handle.client, call.operation()),
                sys::rd_kafka_AdminOptions_destroy,
                || "the options of a request".to_owned(),
            )?;
            let object = options.object;
            let mut code =
                raw::rd_kafka_AdminOptions_set_request_timeout(object, timeout, text, length);
            if code == 0 && call.has_operation_timeout() {
                // A little less, so that the broker's own "timed out" response still arrives.
                let less = timeout - timeout / 10;
                code = raw::rd_kafka_AdminOptions_set_operation_timeout(object, less, text, length);
            }
            if code == 0 && self.validate_only {
                code = raw::rd_kafka_AdminOptions_set_validate_only(object, 1, text, length);
            }
            if let (0, Some(id)) = (code, self.broker) {
                code = raw::rd_kafka_AdminOptions_set_broker(object, id, text, length);
            }
            if self.operations {
                returned(sys::rd_kafka_AdminOptions_set_include_authorized_operations(object, 1))?;
            }
            if code == 0 {
                return Ok(options);
            }
            code
        };
        Err(Fault::new(code, message.read()))
    }
}

/// An event of librdkafka outside of responses. The connection's secrets are redacted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Notice {
    /// An error, with librdkafka's code.
    Error(i32, String),
    /// A log line, with librdkafka's facility.
    Log(String, String),
    /// Records of the partition being read, in order.
    Records(Vec<Record>),
    /// The end of that partition was reached.
    End,
    /// An error of that partition.
    Partition(Fault),
    /// A token is being fetched.
    TokenAsked,
    /// The client has received a token.
    TokenGiven,
    /// No token is available, with the reason.
    NoToken(String),
}

/// librdkafka's client and its main queue. The pump destroys both after the [`Client`] is dropped.
#[derive(Clone, Copy)]
struct Handle {
    client: *mut sys::rd_kafka_t,
    queue: *mut sys::rd_kafka_queue_t,
}

// SAFETY: librdkafka's handles may be used from any thread at any time.
unsafe impl Send for Handle {}
// SAFETY: as above.
unsafe impl Sync for Handle {}

/// The handler of a response: it copies the response from the event and sends it on.
type Waiting = Box<dyn FnOnce(&Event<'_>) + Send>;

/// The receiver of an append's result.
type Sent = oneshot::Sender<Result<Appended, Fault>>;

/// The role of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Sends requests and appends records.
    Asks,
    /// Reads the records of a partition.
    Reads,
}

struct Shared {
    connection: Arc<Connection>,
    listen: Box<dyn Fn(Notice) + Send + Sync>,
    waiting: Mutex<HashMap<usize, Waiting>>,
    sent: Mutex<HashMap<usize, Sent>>,
    /// The tokens that the client received: secrets that arrive at run time.
    tokens: Mutex<Vec<Token>>,
    /// Whether the pump should end. The lock is held until the pump has been woken, so that the
    /// queue is not destroyed before.
    stop: Mutex<bool>,
}

impl Shared {
    fn remember(&self, token: &Token) {
        let mut tokens = lock(&self.tokens);
        if !tokens.contains(token) {
            tokens.push(token.clone());
        }
    }

    /// Returns the client's principal, if it is known and not secret.
    fn principal(&self) -> Option<String> {
        if self.connection.tokens.is_some() && self.connection.uses_tokens() {
            let tokens = lock(&self.tokens);
            return Some(format!("User:{}", tokens.last()?.subject.as_ref()?));
        }
        self.connection.principal()
    }

    /// Redacts the connection's secrets in a text from librdkafka or a broker.
    fn redact(&self, text: &str) -> String {
        let text = self.connection.redact(text);
        let hide = |text: String, token: &Token| match token.value.expose() {
            "" => text,
            token => text.replace(token, "***"),
        };
        lock(&self.tokens).iter().fold(text, hide)
    }
}

/// Removes `[thrd:NAME]: ` from a log line: the name is a server's, truncated to 63 bytes, so it
/// may end in a part of a secret that is too short to be recognized.
fn without_thread(line: &str) -> &str {
    const LONGEST: usize = "[thrd:]: ".len() + 63;
    let ends = line.match_indices("]: ").map(|(at, end)| at + end.len());
    let end = ends.take_while(|end| *end <= LONGEST).last();
    match end {
        Some(end) if line.starts_with("[thrd:") => &line[end..],
        _ => line,
    }
}

/// A librdkafka client with its pump.
pub(super) struct Client {
    handle: Handle,
    shared: Arc<Shared>,
    next: AtomicUsize,
}

impl Client {
    /// Creates a client, which starts to connect. Its events are passed to `listen`.
    pub fn new(
        connection: Arc<Connection>,
        role: Role,
        properties: &[(String, String)],
        listen: Box<dyn Fn(Notice) + Send + Sync>,
    ) -> Result<Self, Fault> {
        let refuse = |fault: Fault| Fault {
            message: connection.redact(&fault.message),
            ..fault
        };
        let handle = Handle::new(role, properties).map_err(refuse)?;
        let shared = Arc::new(Shared {
            connection,
            listen,
            waiting: Mutex::default(),
            sent: Mutex::default(),
            tokens: Mutex::default(),
            stop: Mutex::new(false),
        });
        let of_pump = Arc::clone(&shared);
        thread::Builder::new()
            .name("kafka".to_owned())
            .spawn(move || pump(handle, &of_pump))
            .map_err(|e| {
                handle.destroy();
                Fault::invalid(format!("no thread for the client: {e}"))
            })?;
        Ok(Self {
            handle,
            shared,
            next: AtomicUsize::new(1),
        })
    }

    /// Returns the client's principal, if it is known and not secret.
    pub fn principal(&self) -> Option<String> {
        self.shared.principal()
    }

    /// Sends a request. The receiver gets the result of `read` on the response, or the fault of the
    /// whole request; it is closed without a result if the client is dropped.
    pub fn submit<T: Send + 'static>(
        &self,
        call: Call,
        options: Options,
        read: fn(&Event<'_>) -> T,
    ) -> Result<oneshot::Receiver<Result<T, Fault>>, Fault> {
        let options = options.object(self.handle, &call)?;
        let (sender, receiver) = oneshot::channel();
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let waiting: Waiting = Box::new(move |event| {
            let answer = match event.fault() {
                Some(fault) => Err(fault),
                None => Ok(read(event)),
            };
            // The caller may have given up.
            let _ = sender.send(answer);
        });
        lock(&self.shared.waiting).insert(number, waiting);
        // SAFETY: the opaque is a number that is never dereferenced; the client is alive, and the
        // objects live through the call.
        unsafe {
            let opaque = ptr::without_provenance_mut(number);
            sys::rd_kafka_AdminOptions_set_opaque(options.object, opaque);
            call.send(self.handle, &options);
        }
        Ok(receiver)
    }

    /// Returns all topics and brokers. Blocks up to `timeout`.
    pub fn metadata(&self, timeout: Duration) -> Result<Metadata, Fault> {
        self.metadata_of(true, timeout)
    }

    /// Returns the brokers, and the topics that this client appends to or reads. Blocks up to
    /// `timeout`.
    pub fn own_metadata(&self, timeout: Duration) -> Result<Metadata, Fault> {
        self.metadata_of(false, timeout)
    }

    fn metadata_of(&self, all: bool, timeout: Duration) -> Result<Metadata, Fault> {
        let mut metadata = ptr::null();
        // SAFETY: the client is alive; the returned object is copied, then destroyed.
        unsafe {
            let code = raw::rd_kafka_metadata(
                self.handle.client,
                c_int::from(all),
                ptr::null_mut(),
                &mut metadata,
                milliseconds(timeout),
            );
            if code != 0 || metadata.is_null() {
                return Err(Fault::new(code, "reading the topics".to_owned()));
            }
            let copy = copy_metadata(metadata);
            raw::rd_kafka_metadata_destroy(metadata);
            Ok(copy)
        }
    }
}

/// The pump destroys the C client, so that dropping does not block.
impl Drop for Client {
    fn drop(&mut self) {
        let mut stop = lock(&self.shared.stop);
        *stop = true;
        // SAFETY: the pump destroys the queue only after reading `stop`, which is locked.
        unsafe { sys::rd_kafka_queue_yield(self.handle.queue) };
    }
}

/// Exits the process at once, without waiting for librdkafka's shutdown of dropped clients, which
/// have no open requests. An orderly exit would have to wait for all of them, including stuck ones,
/// because OpenSSL's cleanup must not run concurrently. Flushes stdout and stderr.
pub fn leave(code: u8) -> ! {
    // Write errors have been reported when printing.
    let _ = (io::stdout().flush(), io::stderr().flush());
    // SAFETY: it accepts any number and does not return.
    unsafe { raw::_exit(code.into()) }
}

impl Handle {
    fn new(role: Role, properties: &[(String, String)]) -> Result<Self, Fault> {
        let (kind, own_events) = match role {
            Role::Asks => (
                sys::rd_kafka_type_t::RD_KAFKA_PRODUCER,
                sys::RD_KAFKA_EVENT_DR,
            ),
            Role::Reads => (
                sys::rd_kafka_type_t::RD_KAFKA_CONSUMER,
                sys::RD_KAFKA_EVENT_FETCH,
            ),
        };
        let mut message = Message::new();
        // SAFETY: the configuration is freed unless ownership passes to the client; the strings
        // live through the calls, which copy them.
        unsafe {
            let configuration = Owned::take(
                sys::rd_kafka_conf_new(),
                sys::rd_kafka_conf_destroy,
                String::new,
            )?;
            for (name, value) in properties {
                let (name, value) = (c_string(name)?, c_string(value)?);
                let code = raw::rd_kafka_conf_set(
                    configuration.object,
                    name.as_ptr(),
                    value.as_ptr(),
                    message.pointer(),
                    MESSAGE_LENGTH,
                );
                if code != 0 {
                    return Err(Fault::invalid(message.read()));
                }
            }
            let events = sys::RD_KAFKA_EVENT_ERROR
                | sys::RD_KAFKA_EVENT_LOG
                | own_events
                | sys::RD_KAFKA_EVENT_OAUTHBEARER_TOKEN_REFRESH;
            sys::rd_kafka_conf_set_events(configuration.object, events);
            certificates::explain(&configuration);
            let client = sys::rd_kafka_new(
                kind,
                configuration.object,
                message.pointer(),
                MESSAGE_LENGTH,
            );
            if client.is_null() {
                return Err(Fault::invalid(message.read()));
            }
            // The client owns its configuration from here on.
            std::mem::forget(configuration);
            raw::rd_kafka_set_log_queue(client, ptr::null_mut());
            let queue = sys::rd_kafka_queue_get_main(client);
            Ok(Self { client, queue })
        }
    }

    fn destroy(self) {
        // SAFETY: the caller is the last owner of the handle.
        unsafe {
            sys::rd_kafka_queue_destroy(self.queue);
            sys::rd_kafka_destroy(self.client);
        }
    }
}

/// Polls the main queue until the client is dropped, then destroys the C client. It is destroyed on
/// this thread because that can take long, and dropping must not block.
fn pump(handle: Handle, shared: &Arc<Shared>) {
    let mut records = Vec::new();
    while !*lock(&shared.stop) {
        let pause = if records.is_empty() { POLL_MS } else { 0 };
        // SAFETY: the queue is alive until the end of this function.
        let event = unsafe { sys::rd_kafka_queue_poll(handle.queue, pause) };
        let event = (!event.is_null()).then(|| Event { event, shared });
        let more = event
            .as_ref()
            .is_some_and(|event| event.fetched(&mut records));
        if !records.is_empty() && (!more || records.len() >= RECORDS) {
            (shared.listen)(Notice::Records(std::mem::take(&mut records)));
        }
        if let Some(event) = event.filter(|_| !more) {
            event.deliver(handle);
        }
    }
    // Closes all pending receivers at once.
    lock(&shared.waiting).clear();
    lock(&shared.sent).clear();
    handle.destroy();
}

/// An event of librdkafka's main queue.
pub(super) struct Event<'a> {
    event: *mut sys::rd_kafka_event_t,
    shared: &'a Arc<Shared>,
}

impl Drop for Event<'_> {
    fn drop(&mut self) {
        // SAFETY: the poll gave the event to us.
        unsafe { sys::rd_kafka_event_destroy(self.event) }
    }
}

/// An item of a response: its name and its result.
pub(super) type Item<T> = (String, Result<T, Fault>);

/// Defines functions that read the items of a response: the result in the event, the list in the
/// result, and each item in the list.
macro_rules! items {
    ($($(#[$doc:meta])* $name:ident: $result:ident, $list:ident, $item:ident;)+) => {$(
        $(#[$doc])*
        pub fn $name(&self) -> Vec<Item<items!(@item $item)>> {
            // SAFETY: the event is alive; a result of another kind is null and has no items.
            unsafe {
                let result = sys::$result(self.event);
                let items = listed(result, sys::$list).iter();
                items.map(|&item| self.$item(item)).collect()
            }
        }
    )+};
    (@item description) => { TopicDescription };
    (@item $other:ident) => { () };
}

impl Event<'_> {
    fn deliver(self, handle: Handle) {
        // SAFETY: the event is alive, and its opaque is the number that `submit` set.
        match unsafe { sys::rd_kafka_event_type(self.event) } {
            sys::RD_KAFKA_EVENT_ERROR => {
                if let Some(fault) = self.fault() {
                    (self.shared.listen)(match fault.code {
                        records::END => Notice::End,
                        _ if self.is_of_partition() => Notice::Partition(fault),
                        code => Notice::Error(code, fault.message),
                    });
                }
            }
            sys::RD_KAFKA_EVENT_DR => self.appended(),
            sys::RD_KAFKA_EVENT_LOG => self.logged(),
            sys::RD_KAFKA_EVENT_OAUTHBEARER_TOKEN_REFRESH => tokens::refresh(handle, self.shared),
            _ => {
                let number = unsafe { sys::rd_kafka_event_opaque(self.event) }.addr();
                let waiting = lock(&self.shared.waiting).remove(&number);
                if let Some(waiting) = waiting {
                    waiting(&self);
                }
            }
        }
    }

    fn logged(&self) {
        let (mut facility, mut line, mut level) = (ptr::null(), ptr::null(), 0);
        // SAFETY: the event is alive, and its contents are copied.
        let (facility, line) = unsafe {
            sys::rd_kafka_event_log(self.event, &mut facility, &mut line, &mut level);
            (text(facility), text(line))
        };
        // It may end in a part of a secret, which could not be recognized.
        let line = match line.len() >= LONGEST_LINE {
            true => "(a line that librdkafka cut off)".to_owned(),
            false => self.shared.redact(&line),
        };
        if let Some(log) = &self.shared.connection.log {
            log.hear(&format!("{facility}: {}", without_thread(&line)));
        }
        (self.shared.listen)(Notice::Log(facility, line));
    }

    /// Returns the fault of the whole request.
    fn fault(&self) -> Option<Fault> {
        // SAFETY: the event is alive, and its message is copied.
        unsafe {
            let code = raw::rd_kafka_event_error(self.event);
            let message = || text(sys::rd_kafka_event_error_string(self.event));
            self.check(code, message).err()
        }
    }

    /// Converts a code and a message to a result.
    fn check(&self, code: c_int, message: impl FnOnce() -> String) -> Result<(), Fault> {
        let message = match code {
            0 => return Ok(()),
            1.. => message(),
            _ => self.shared.redact(&message()),
        };
        let fault = Fault::new(code, message);
        Err(fault.of(self.shared.principal().as_deref()))
    }

    items! {
        /// Returns the items of a CreateTopics response.
        created: rd_kafka_event_CreateTopics_result, rd_kafka_CreateTopics_result_topics, topic;
        /// Returns the items of a CreatePartitions response.
        partitioned: rd_kafka_event_CreatePartitions_result, rd_kafka_CreatePartitions_result_topics, topic;
        /// Returns the items of a DeleteTopics response.
        deleted: rd_kafka_event_DeleteTopics_result, rd_kafka_DeleteTopics_result_topics, topic;
        /// Returns the items of an IncrementalAlterConfigs response.
        altered: rd_kafka_event_IncrementalAlterConfigs_result, rd_kafka_IncrementalAlterConfigs_result_resources, resource;
        /// Returns the items of a DescribeTopics response.
        descriptions: rd_kafka_event_DescribeTopics_result, rd_kafka_DescribeTopics_result_topics, description;
    }

    unsafe fn topic(&self, result: *const sys::rd_kafka_topic_result_t) -> Item<()> {
        unsafe {
            let name = text(sys::rd_kafka_topic_result_name(result));
            let code = raw::rd_kafka_topic_result_error(result);
            let message = || text(sys::rd_kafka_topic_result_error_string(result));
            (name, self.check(code, message))
        }
    }

    unsafe fn resource(&self, resource: *const sys::rd_kafka_ConfigResource_t) -> Item<()> {
        unsafe {
            let name = text(sys::rd_kafka_ConfigResource_name(resource));
            let code = raw::rd_kafka_ConfigResource_error(resource);
            let message = || text(sys::rd_kafka_ConfigResource_error_string(resource));
            (name, self.check(code, message))
        }
    }

    /// Returns the items of a DescribeConfigs response.
    pub fn configs(&self) -> Vec<Item<Configs>> {
        let mut entries = configs::Entries::default();
        // SAFETY: the event is alive; a result of another kind is null and has no items.
        unsafe {
            let result = sys::rd_kafka_event_DescribeConfigs_result(self.event);
            let resources = listed(result, sys::rd_kafka_DescribeConfigs_result_resources);
            let mut read = |&resource: &*const sys::rd_kafka_ConfigResource_t| {
                let (name, outcome) = self.resource(resource);
                let configs = listed(resource, sys::rd_kafka_ConfigResource_configs);
                (name, outcome.map(|()| entries.read(configs)))
            };
            resources.iter().map(&mut read).collect()
        }
    }

    unsafe fn description(
        &self,
        topic: *const sys::rd_kafka_TopicDescription_t,
    ) -> Item<TopicDescription> {
        unsafe {
            let name = text(sys::rd_kafka_TopicDescription_name(topic));
            let error = sys::rd_kafka_TopicDescription_error(topic);
            let message = || text(sys::rd_kafka_error_string(error));
            let outcome = self.check(raw::rd_kafka_error_code(error), message);
            (name, outcome.map(|()| describe(topic)))
        }
    }

    /// Returns the cluster id and the brokers.
    pub fn cluster(&self) -> (Option<String>, Vec<Node>) {
        // SAFETY: as above.
        unsafe {
            let result = sys::rd_kafka_event_DescribeCluster_result(self.event);
            if result.is_null() {
                return (None, Vec::new());
            }
            let id = optional_text(sys::rd_kafka_DescribeCluster_result_cluster_id(result));
            let nodes = listed(result, sys::rd_kafka_DescribeCluster_result_nodes)
                .iter()
                .map(|&node| Node {
                    id: sys::rd_kafka_Node_id(node),
                    host: text(sys::rd_kafka_Node_host(node)),
                    port: sys::rd_kafka_Node_port(node),
                    rack: optional_text(sys::rd_kafka_Node_rack(node)).filter(|r| !r.is_empty()),
                })
                .collect();
            (id.filter(|id| !id.is_empty()), nodes)
        }
    }
}

unsafe fn describe(topic: *const sys::rd_kafka_TopicDescription_t) -> TopicDescription {
    unsafe {
        let (mut partitions, mut count) = (0, 0);
        sys::rd_kafka_TopicDescription_partitions(topic, &mut partitions);
        let operations = sys::rd_kafka_TopicDescription_authorized_operations(topic, &mut count);
        // The bindings define another Rust enum here; Kafka may add operations.
        let operations: *const c_int = operations.cast();
        let operation = |&number: &c_int| AclOperation::from(number);
        let id = sys::rd_kafka_Uuid_base64str(sys::rd_kafka_TopicDescription_topic_id(topic));
        TopicDescription {
            id: types::topic_id(&text(id)),
            partitions: u32::try_from(partitions).unwrap_or(u32::MAX),
            operations: (!operations.is_null())
                .then(|| slice(operations, count).iter().map(operation).collect()),
        }
    }
}

unsafe fn copy_metadata(told: *const raw::Metadata) -> Metadata {
    let mut copy = Metadata::default();
    unsafe {
        let metadata = &*told;
        for broker in counted(metadata.brokers, metadata.broker_count) {
            copy.brokers.push(Node {
                id: broker.id,
                host: text(broker.host),
                port: u16::try_from(broker.port).unwrap_or_default(),
                rack: None,
            });
        }
        let topics = counted(metadata.topics, metadata.topic_count);
        for topic in topics {
            let name = TopicName::new(text(topic.name));
            if topic.error != 0 {
                copy.unreadable
                    .insert(name, Fault::new(topic.error, String::new()));
                continue;
            }
            let mut partitions: Vec<&raw::Partition> =
                counted(topic.partitions, topic.partition_count)
                    .iter()
                    .collect();
            partitions.sort_by_key(|partition| partition.id);
            let partitions = partitions.into_iter().map(|partition| Partition {
                leader: (partition.leader >= 0).then_some(partition.leader),
                replicas: counted(partition.replicas, partition.replica_count).to_vec(),
                in_sync: counted(partition.in_sync, partition.in_sync_count).to_vec(),
            });
            let read = TopicMetadata {
                partitions: partitions.collect(),
            };
            copy.topics.insert(name, read);
        }
    }
    copy.brokers.sort_by_key(|broker| broker.id);
    copy
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thread_of_a_line_is_not_shown() {
        let cut = format!("[thrd:{}]: a:1/1: Connected", "x".repeat(63));
        assert_eq!(without_thread(&cut), "a:1/1: Connected");
        assert_eq!(
            without_thread("[thrd:a]: b]: c"),
            "c",
            "a name may hold anything"
        );
        for whole in ["Connected]: x", "[thrd:ä"] {
            assert_eq!(without_thread(whole), whole);
        }
    }

    #[test]
    fn any_code_has_a_name() {
        assert_eq!(code_name(36), "TOPIC_ALREADY_EXISTS");
        assert_eq!(code_name(-185), "_TIMED_OUT");
        assert_eq!(code_name(31_999), "ERR_31999?");
        assert_eq!(code_name(-31_999), "ERR_-31999?");
    }

    #[test]
    fn a_nul_in_a_name_is_refused_and_not_cut_off() {
        let Err(fault) = DeleteTopicObject::new("a\0b") else {
            panic!("accepted");
        };
        assert!(fault.message.contains("NUL"), "{fault}");
    }
}
