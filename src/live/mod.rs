//! The live state of a cluster, as plain data. It comes from a cluster ([`crate::observe`]) or from
//! a snapshot file; readers cannot distinguish the two. This module depends neither on the Kafka
//! client nor on the configuration.

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
    /// The cluster id, if the cluster returns one.
    pub cluster_id: Option<String>,
    /// The Kafka release, such as `4.3`, as far as the brokers identify it.
    pub kafka_version: Option<String>,
    /// The brokers that are up, by id.
    pub brokers: Vec<Broker>,
    /// The values that topics inherit, by key.
    pub broker_defaults: BTreeMap<ConfigKey, BrokerDefault>,
    /// The topics, without ignored topics and Kafka's internal topics.
    pub topics: BTreeMap<TopicName, LiveTopic>,
    /// The inventory; `None` if it is disabled.
    pub inventory: Option<Inventory>,
    /// The time of reading, to which holds are compared; `None` if unknown.
    pub now: Option<BrokerTime>,
    /// What could not be read, and why.
    pub unknown: Vec<Unknown>,
    /// The usage of the topics that a plan would delete.
    pub usage: BTreeMap<TopicName, Usage>,
    /// The preflight errors of the planned changes. Snapshots do not contain them.
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
    /// The default value.
    pub value: String,
    /// The source of the value.
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
    /// Kafka's topic id (KIP-516), if the cluster returns one and it was requested.
    pub id: Option<String>,
    /// The number of partitions.
    pub partitions: u32,
    /// The number of replicas per partition, or the different numbers, ascending.
    pub replication_factor: ReplicationFactor,
    /// The configs set on the topic. `None` if they were not read: the topic is not declared, or
    /// the principal is not authorized to read its configs.
    pub config: Option<ConfigMap<String>>,
    /// The values that the topic would inherit for keys of `config` after a reset, if they differ
    /// from [`Live::broker_defaults`] or are known more precisely.
    pub behind: BTreeMap<ConfigKey, BrokerDefault>,
}

/// How many replicas the partitions of a topic have. During a reassignment, or after one by hand,
/// they can differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "ReplicasDocument", into = "ReplicasDocument")]
pub enum ReplicationFactor {
    /// All partitions have this number of replicas.
    Same(u32),
    /// The different numbers of replicas, ascending.
    Mixed(Vec<u32>),
}

impl Default for ReplicationFactor {
    fn default() -> Self {
        ReplicationFactor::Same(1)
    }
}

impl ReplicationFactor {
    /// Creates a replication factor from the number of replicas of each partition.
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

    /// Returns the minimum number of replicas over the partitions.
    pub fn least(&self) -> u32 {
        match self {
            ReplicationFactor::Same(count) => *count,
            ReplicationFactor::Mixed(counts) => counts.first().copied().unwrap_or_default(),
        }
    }
}

/// Returns whether both ids are known and differ.
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
    /// Returns the value that the topic would inherit for a key that is not set on it.
    pub fn default_for(&self, topic: &TopicName, key: &ConfigKey) -> Option<&BrokerDefault> {
        self.topics
            .get(topic)
            .and_then(|t| t.behind.get(key))
            .or_else(|| self.broker_defaults.get(key))
    }
}
