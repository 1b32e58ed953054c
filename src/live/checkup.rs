//! What `doctor` reads from a cluster, as plain data: broker state and the principal's
//! authorization. A value that is not available is replaced by the reason.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::AclOperation;
use crate::model::TopicName;

/// The findings on one cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkup {
    /// The cluster id, if the cluster returns one.
    pub cluster_id: Option<String>,
    /// The Kafka release; the oldest if brokers differ.
    pub kafka_version: Option<String>,
    /// The client's principal, if it is known and not secret.
    pub principal: Option<String>,
    /// Bootstrap servers that no broker advertises as its address.
    pub servers: Vec<Server>,
    /// The brokers in the cluster's metadata, by id.
    pub brokers: Vec<Broker>,
    /// The partitions of all topics that are visible to this principal.
    pub partitions: Partitions,
    /// The time that the controller took to validate a dry-run create.
    pub controller: Available<Duration>,
    /// The principal's operations on the cluster; `None` if the brokers do not return them.
    pub cluster_rights: Available<Option<BTreeSet<AclOperation>>>,
    /// The principal's access to the topics of the configuration.
    pub topics: Available<BTreeMap<TopicName, TopicAccess>>,
    /// Whether each topic of the configuration may be created, including existing topics.
    pub creating: Available<BTreeMap<TopicName, Available<()>>>,
    /// Whether all consumer groups are visible.
    pub groups: Available<Groups>,
    /// The inventory; `None` if it is disabled.
    pub inventory: Option<Available<Inventory>>,
    /// The local clock at the comparison, in ms since 1970.
    pub now_ms: i64,
    /// The newest known timestamp from a broker, in ms since 1970, with its topic.
    pub stamped: Available<Option<(TopicName, i64)>>,
}

/// A value, or why it is not available.
pub type Available<T> = Result<T, Unavailable>;

/// Why a value is not available.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unavailable {
    /// The reason, in words.
    pub why: String,
    /// How to fix it, if known.
    pub help: Option<String>,
    /// The kind of reason.
    pub kind: Reason,
}

/// The kinds of reasons that callers handle differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// An authorization is missing.
    Denied,
    /// A quota throttles the request.
    Throttled,
    /// No response.
    Silence,
    /// The brokers reject the request for another reason.
    Refused,
}

/// A bootstrap server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// The address, `host:port`.
    pub address: String,
    /// The response time.
    pub answered: Available<Duration>,
}

/// A broker, with its own response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broker {
    /// The broker id.
    pub id: i32,
    /// The rack, if configured.
    pub rack: Option<String>,
    /// The advertised address, `host:port`.
    pub address: String,
    /// The broker's response.
    pub answered: Available<BrokerAnswer>,
}

/// The response of a broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokerAnswer {
    /// The response time, including connection and authentication.
    pub took: Duration,
    /// The Kafka release that the broker runs, as far as its API versions identify it.
    pub release: Option<String>,
    /// The maximum supported version of each API, by API key.
    pub apis: BTreeMap<i16, i16>,
    /// The broker's configs that have a value.
    pub settings: Available<BTreeMap<String, String>>,
}

/// The state of all partitions that are visible to this principal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Partitions {
    /// The number of topics.
    pub topics: usize,
    /// The number of partitions.
    pub all: usize,
    /// The number of partitions without a leader, by topic.
    pub offline: BTreeMap<TopicName, usize>,
    /// The number of partitions with a leader and with replicas out of sync, by topic.
    pub under_replicated: BTreeMap<TopicName, usize>,
    /// Brokers that hold replicas and are not up, each with its number of replicas.
    pub absent: BTreeMap<i32, usize>,
}

/// The principal's access to a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TopicAccess {
    /// The topic exists, with the authorized operations; `None` if the brokers do not return them.
    There(Option<BTreeSet<AclOperation>>),
    /// The topic does not exist.
    Missing,
    /// The principal is not authorized to see whether the topic exists.
    Hidden,
    /// Not available.
    Unavailable(Unavailable),
}

/// The visibility of consumer groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Groups {
    /// All consumer groups are visible.
    Seen,
    /// No consumer group has ever existed; listing them would make Kafka create the topic of their
    /// offsets.
    NeverAny,
}

/// The inventory topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inventory {
    /// The topic does not exist yet.
    Missing,
    /// The topic exists.
    There {
        /// The number of partitions.
        partitions: usize,
        /// The minimum number of replicas over its partitions.
        replicas: usize,
        /// The topic's configs, including defaults.
        configs: Available<BTreeMap<String, String>>,
        /// The inventory's contents.
        contents: Available<Contents>,
    },
}

/// A summary of the inventory's records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contents {
    /// The number of owned topics, over all scopes.
    pub owned: usize,
    /// The number of topics on hold.
    pub held: usize,
    /// The number of lifecycle instances.
    pub instances: usize,
    /// The timestamp of the newest record, in ms since 1970.
    pub newest_ms: Option<i64>,
    /// Records that cannot be read, each with its offset and the reason.
    pub unreadable: Vec<String>,
    /// The current locks, as far as the log shows them.
    pub locks: Vec<Lock>,
}

/// A held lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    /// The locked resource, `apply/SCOPE/ENVIRONMENT`.
    pub resource: String,
    /// The holder's user and host.
    pub by: String,
    /// The holder's process id.
    pub pid: u32,
    /// The time of acquisition, by the broker's clock, in ms since 1970.
    pub since_ms: i64,
    /// The expiry unless renewed, in ms since 1970.
    pub until_ms: i64,
}
