//! What `doctor` found out about a cluster, as plain data: the state of its brokers, and what this
//! principal may do. What could not be asked stands in its place with the reason.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::AclOperation;
use crate::model::TopicName;

/// What was found out about one cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkup {
    /// The cluster's id, where it gives one.
    pub cluster_id: Option<String>,
    /// The release of Kafka, the oldest where brokers differ.
    pub kafka_version: Option<String>,
    /// Who this client is to the brokers, where that is known and no secret.
    pub principal: Option<String>,
    /// The servers that the connection begins with and that no broker gives as its address.
    pub servers: Vec<Server>,
    /// The brokers that the cluster names, by id.
    pub brokers: Vec<Broker>,
    /// The partitions of all topics that this principal sees.
    pub partitions: Partitions,
    /// How long the controller took to look at a dry-run create.
    pub controller: Available<Duration>,
    /// What the principal may do with the cluster as a whole; `None` where the brokers do not say.
    pub cluster_rights: Available<Option<BTreeSet<AclOperation>>>,
    /// How the topics of the files stand to this principal.
    pub topics: Available<BTreeMap<TopicName, TopicAccess>>,
    /// Whether a topic of the files may be created, asked of those that are there too.
    pub creating: Available<BTreeMap<TopicName, Available<()>>>,
    /// Whether all consumer groups are seen.
    pub groups: Available<Groups>,
    /// Where ownership is recorded; `None` where that is turned off.
    pub inventory: Option<Available<Inventory>>,
    /// This machine's clock when it was compared, in ms since 1970.
    pub now_ms: i64,
    /// The newest time that a broker is known to have stamped a record with, and the topic.
    pub stamped: Available<Option<(TopicName, i64)>>,
}

/// An answer, or why there is none.
pub type Available<T> = Result<T, Unavailable>;

/// Why something is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unavailable {
    /// The reason, in words.
    pub why: String,
    /// What to do now, where that is known.
    pub help: Option<String>,
    /// What kind of reason it is.
    pub kind: Reason,
}

/// Kinds of reasons that matter to somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// A right is missing.
    Denied,
    /// A quota holds the question back.
    Throttled,
    /// No answer came.
    Silence,
    /// The brokers refuse for another reason.
    Refused,
}

/// A server that the connection begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// `host:port`.
    pub address: String,
    /// How long its answer took.
    pub answered: Available<Duration>,
}

/// A broker, asked by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broker {
    /// Its id.
    pub id: i32,
    /// Its rack, where it has one.
    pub rack: Option<String>,
    /// Where it says that it is to be found, `host:port`.
    pub address: String,
    /// What it told.
    pub answered: Available<BrokerAnswer>,
}

/// What a broker told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokerAnswer {
    /// How long it took, connecting and logging in included.
    pub took: Duration,
    /// The release of Kafka that it runs, as far as it lets on.
    pub release: Option<String>,
    /// Up to which version it knows each API, by the API's key.
    pub apis: BTreeMap<i16, i16>,
    /// Its settings, those that have a value.
    pub settings: Available<BTreeMap<String, String>>,
}

/// The partitions of all topics that this principal sees.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Partitions {
    /// How many topics.
    pub topics: usize,
    /// How many partitions.
    pub all: usize,
    /// Those without a leader, by topic.
    pub offline: BTreeMap<TopicName, usize>,
    /// Those with a leader and not all replicas in sync, by topic.
    pub under_replicated: BTreeMap<TopicName, usize>,
    /// Brokers that hold replicas and are not up, each with how many.
    pub absent: BTreeMap<i32, usize>,
}

/// How a topic stands to the principal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TopicAccess {
    /// It is there, and this may be done with it; `None` where the brokers do not say.
    There(Option<BTreeSet<AclOperation>>),
    /// It is not there.
    Missing,
    /// Whether it is there may not be seen.
    Hidden,
    /// It was not told.
    Unavailable(Unavailable),
}

/// Whether all consumer groups are seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Groups {
    /// They are.
    Seen,
    /// There has never been one, so that asking would make Kafka create the topic that it keeps
    /// them in.
    NeverAny,
}

/// The topic in which ownership is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inventory {
    /// It is not there yet.
    Missing,
    /// It is there.
    There {
        /// How many partitions it has.
        partitions: usize,
        /// How many replicas its partitions have at least.
        replicas: usize,
        /// What it holds of Kafka's configs, defaults included.
        configs: Available<BTreeMap<String, String>>,
        /// What is recorded in it.
        contents: Available<Contents>,
    },
}

/// What is recorded in the inventory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contents {
    /// How many topics are owned, by whomever.
    pub owned: usize,
    /// How many topics are held.
    pub held: usize,
    /// How many instances of lifecycles there are.
    pub instances: usize,
    /// The time of the newest record, in ms since 1970.
    pub newest_ms: Option<i64>,
    /// Records that cannot be read, each with its offset and the reason.
    pub unreadable: Vec<String>,
    /// The locks that somebody holds, as far as the log tells.
    pub locks: Vec<Lock>,
}

/// A lock that somebody holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    /// What is locked, `apply/SCOPE/ENVIRONMENT`.
    pub resource: String,
    /// The user, and the machine.
    pub by: String,
    /// The process there.
    pub pid: u32,
    /// Since when, by the broker's clock, in ms since 1970.
    pub since_ms: i64,
    /// Until when, unless it is renewed.
    pub until_ms: i64,
}
