//! What the cluster holds, as plain data. It comes from a cluster (the observe room) or from a
//! snapshot file; whoever reads it cannot tell which. This room knows neither Kafka's client nor
//! what is wanted.

pub mod checkup;
mod effective;
mod inventory;
mod operation;
mod preflight_error;
pub mod snapshot;
mod topic_detail;
mod unknown;
mod usage;

use std::collections::BTreeMap;

pub use effective::{Defaults, Effective, effective, inherited_default};
pub use inventory::{AppliedRemoval, Hold, Instance, Inventory, Owned, OwnerKey, Stamp};
pub use operation::AclOperation;
pub use preflight_error::{PreflightError, PreflightErrorKind};
pub use topic_detail::{GroupLag, Member, PartitionState, TopicDetail};
pub use unknown::{Unknown, Unread, UnseenTopic};
pub use usage::{GroupUse, Unseen, Usage};

use snapshot::document::{DefaultDocument, LiveDocument, LiveTopicDocument, ReplicasDocument};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{BrokerTime, ConfigKey, ConfigMap, SettingValue, TopicName};

/// The state of one cluster, as far as it was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "LiveDocument")]
pub struct Live {
    /// The cluster's id, where it gives one.
    pub cluster_id: Option<String>,
    /// The release of Kafka, `4.3`, as far as the brokers let on.
    pub kafka_version: Option<String>,
    /// The brokers that are up, by id.
    pub brokers: Vec<Broker>,
    /// What a topic without the key holds.
    pub broker_defaults: BTreeMap<ConfigKey, BrokerDefault>,
    /// The topics, those that the environment ignores and Kafka's internal ones left out.
    pub topics: BTreeMap<TopicName, LiveTopic>,
    /// Who owns which topic, and what else is recorded. `None` where the inventory is not in use.
    pub inventory: Option<Inventory>,
    /// When it was read: what is held is held at that moment. `None` where that is not known.
    pub now: Option<BrokerTime>,
    /// What could not be read, and why.
    pub unknown: Vec<Unknown>,
    /// Who uses the topics that were looked at before a delete.
    pub usage: BTreeMap<TopicName, Usage>,
    /// What the cluster has against changes that it was asked about beforehand. No snapshot holds
    /// it.
    pub preflight_errors: BTreeMap<TopicName, Vec<PreflightError>>,
}

/// A broker that is up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a broker: {\"id\", \"rack\"}")]
pub struct Broker {
    /// Its id.
    pub id: i32,
    /// Its rack, where it has one.
    pub rack: Option<String>,
}

/// What brokers give to a topic that does not hold a key itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "DefaultDocument", into = "DefaultDocument")]
pub struct BrokerDefault {
    /// The value.
    pub value: String,
    /// Whose value it is.
    pub source: ConfigSource,
}

/// Where a value that a topic has comes from, strongest first.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum ConfigSource {
    /// Set on the topic itself.
    Topic,
    /// Set on one broker, dynamically or in its file.
    Broker,
    /// Set as the default for all brokers.
    BrokerDefault,
    /// Built into Kafka.
    KafkaDefault,
}

/// A topic on the cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "LiveTopicDocument", into = "LiveTopicDocument")]
pub struct LiveTopic {
    /// Kafka's topic id (KIP-516), where the cluster gives one and it was asked for.
    pub id: Option<String>,
    /// How many partitions it has.
    pub partitions: u32,
    /// How many replicas its partitions have: one number, or the different ones, ascending.
    pub replication_factor: ReplicationFactor,
    /// What is set on the topic itself. `None` where it was not read: nobody declares the topic,
    /// or its configs may not be read.
    pub config: Option<ConfigMap<String>>,
    /// What the topic would hold for a key of `config` if that were reset, where this differs from
    /// or is better known than [`Live::broker_defaults`].
    pub behind: BTreeMap<ConfigKey, BrokerDefault>,
}

/// How many replicas the partitions of a topic have. During a reassignment, or after one by hand,
/// they can differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "ReplicasDocument", into = "ReplicasDocument")]
pub enum ReplicationFactor {
    /// All partitions have as many.
    Same(u32),
    /// The different numbers, ascending.
    Mixed(Vec<u32>),
}

impl Default for ReplicationFactor {
    fn default() -> Self {
        ReplicationFactor::Same(1)
    }
}

impl ReplicationFactor {
    /// From the number of replicas of each partition.
    pub fn of(replicas: impl IntoIterator<Item = u32>) -> Self {
        let mut counts: Vec<u32> = replicas.into_iter().collect();
        counts.sort_unstable();
        counts.dedup();
        match counts.as_slice() {
            [] => ReplicationFactor::Same(0),
            [one] => ReplicationFactor::Same(*one),
            _ => ReplicationFactor::Mixed(counts),
        }
    }

    /// The smallest number of replicas that any partition has.
    pub fn least(&self) -> u32 {
        match self {
            ReplicationFactor::Same(count) => *count,
            ReplicationFactor::Mixed(counts) => counts.first().copied().unwrap_or_default(),
        }
    }
}

/// Whether two ids are of different topics, as far as they are known.
pub fn is_another(recorded: Option<&String>, now: Option<&String>) -> bool {
    matches!((recorded, now), (Some(recorded), Some(now)) if recorded != now)
}

impl From<&ReplicationFactor> for SettingValue {
    fn from(factor: &ReplicationFactor) -> Self {
        match factor {
            ReplicationFactor::Same(count) => SettingValue::Number(*count),
            ReplicationFactor::Mixed(counts) => SettingValue::Numbers(counts.clone()),
        }
    }
}

impl std::fmt::Display for ReplicationFactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ReplicationFactor::Same(count) => write!(f, "{count}"),
            ReplicationFactor::Mixed(counts) => {
                let texts: Vec<String> = counts.iter().map(u32::to_string).collect();
                f.write_str(&texts.join(" or "))
            }
        }
    }
}

impl Live {
    /// What the topic would hold for a key that is not set on it.
    pub fn default_for(&self, topic: &TopicName, key: &ConfigKey) -> Option<&BrokerDefault> {
        self.topics
            .get(topic)
            .and_then(|t| t.behind.get(key))
            .or_else(|| self.broker_defaults.get(key))
    }
}
