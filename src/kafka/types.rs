//! Types of requests and responses.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::fault::Fault;
pub use crate::live::AclOperation;
use crate::live::ConfigSource;
pub use crate::model::step::{Alter, AlterOp, NewTopic};
use crate::model::{ConfigKey, TopicName};

/// Whether a request changes the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Changes the cluster.
    Apply,
    /// The broker validates the request and changes nothing (`validate_only`). Each item is
    /// validated without the other items of the request.
    ValidateOnly,
}

/// The cluster's metadata, with all topics that are visible to this principal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metadata {
    /// The cluster id, if the cluster returns one.
    pub cluster_id: Option<String>,
    /// The brokers that are up, by id.
    pub brokers: Vec<Node>,
    /// The topics. Topics that the principal is not authorized to describe are missing.
    pub topics: BTreeMap<TopicName, TopicMetadata>,
    /// Topics that exist but with metadata that the broker could not return, and why.
    pub unreadable: BTreeMap<TopicName, Fault>,
}

/// A broker that is up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The broker id.
    pub id: i32,
    /// The advertised host.
    pub host: String,
    /// The advertised port.
    pub port: u16,
    /// The rack, if configured.
    pub rack: Option<String>,
}

/// A topic in the cluster's metadata.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TopicMetadata {
    /// The partitions, by number.
    pub partitions: Vec<Partition>,
}

/// A partition in the cluster's metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    /// The id of the leader, if there is one.
    pub leader: Option<i32>,
    /// The brokers that hold a replica, the preferred leader first.
    pub replicas: Vec<i32>,
    /// The replicas that are in sync.
    pub in_sync: Vec<i32>,
}

/// A topic as returned by `DescribeTopics`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicDescription {
    /// Kafka's topic id (KIP-516), in the form of Kafka's own tools; brokers before 2.8 have none.
    pub id: Option<String>,
    /// The number of partitions.
    pub partitions: u32,
    /// The operations that this principal is authorized to; `None` if they were not requested or
    /// the broker does not return them.
    pub operations: Option<BTreeSet<AclOperation>>,
}

/// A config of a topic or a broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigEntry {
    /// The config's key.
    pub key: ConfigKey,
    /// The value; `None` if it is null or sensitive.
    pub value: Option<String>,
    /// The source of the value.
    pub source: ConfigSource,
    /// Whether the broker withholds the value.
    pub sensitive: bool,
    /// Whether the config cannot be changed at run time.
    pub read_only: bool,
    /// All configs that can set the value, highest precedence first; the first is effective.
    pub synonyms: Vec<Synonym>,
}

/// All configs of a topic or a broker, in the broker's order.
///
/// Most topics inherit most of their configs, and a cluster has thousands of topics: entries that
/// are equal are shared within a response, as is the whole list if a topic's configs equal the
/// previous topic's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Configs(Arc<[Arc<ConfigEntry>]>);

impl Configs {
    /// Returns the config with this key.
    pub fn find(&self, key: &str) -> Option<&ConfigEntry> {
        self.iter().find(|entry| entry.key.as_str() == key)
    }

    /// Iterates over the configs.
    pub fn iter(&self) -> impl Iterator<Item = &ConfigEntry> + Clone {
        self.0.iter().map(Arc::as_ref)
    }

    /// Returns whether these are the same shared entries.
    pub(super) fn are(&self, entries: &[Arc<ConfigEntry>]) -> bool {
        let own = self.0.iter().map(Arc::as_ptr);
        own.eq(entries.iter().map(Arc::as_ptr))
    }

    /// Returns whether both are known to have the same configs set on the topic. `false` means
    /// unknown.
    pub fn holds_the_same(&self, other: &Configs) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.own().eq(other.own())
    }

    fn own(&self) -> impl Iterator<Item = *const ConfigEntry> {
        let own = self
            .0
            .iter()
            .filter(|entry| entry.source == ConfigSource::Topic);
        own.map(Arc::as_ptr)
    }

    /// Iterates over the entries that are not shared with `before` at the same positions.
    pub fn beside<'a>(
        &'a self,
        before: Option<&'a Configs>,
    ) -> impl Iterator<Item = &'a ConfigEntry> {
        let is_before = before.is_some_and(|before| Arc::ptr_eq(&self.0, &before.0));
        let before = before.map_or(&[][..], |before| &before.0);
        let same = move |at: usize, entry| before.get(at).is_some_and(|b| Arc::ptr_eq(b, entry));
        let own = if is_before { &[][..] } else { &self.0 };
        let own = own.iter().enumerate();
        own.filter(move |(at, entry)| !same(*at, entry))
            .map(|(_, entry)| entry.as_ref())
    }
}

impl From<Vec<Arc<ConfigEntry>>> for Configs {
    fn from(entries: Vec<Arc<ConfigEntry>>) -> Self {
        Self(entries.into())
    }
}

impl FromIterator<ConfigEntry> for Configs {
    fn from_iter<I: IntoIterator<Item = ConfigEntry>>(entries: I) -> Self {
        Self(entries.into_iter().map(Arc::new).collect())
    }
}

/// A config that sets the value of another config, unless one with higher precedence is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Synonym {
    /// The key of the topic config or broker config, such as `log.retention.hours`.
    pub name: String,
    /// The value, in its own unit.
    pub value: Option<String>,
    /// The source of the value.
    pub source: ConfigSource,
}

impl From<i32> for AclOperation {
    fn from(number: i32) -> Self {
        match number {
            3 => AclOperation::Read,
            4 => AclOperation::Write,
            5 => AclOperation::Create,
            6 => AclOperation::Delete,
            7 => AclOperation::Alter,
            8 => AclOperation::Describe,
            10 => AclOperation::DescribeConfigs,
            11 => AclOperation::AlterConfigs,
            other => AclOperation::Other(other),
        }
    }
}

/// Converts Kafka's number of a config source:
/// `org.apache.kafka.common.requests.DescribeConfigsResponse`. Values from a broker's file and
/// dynamic values of one broker both map to [`ConfigSource::Broker`].
pub(super) fn source(number: i32) -> ConfigSource {
    match number {
        1 => ConfigSource::Topic,
        3 => ConfigSource::BrokerDefault,
        5 => ConfigSource::KafkaDefault,
        _ => ConfigSource::Broker,
    }
}

/// Converts librdkafka's standard base64 to the URL-safe form of Kafka's tools. A broker without
/// topic ids returns zeros.
pub(super) fn topic_id(base64: &str) -> Option<String> {
    let id = base64.replace('+', "-").replace('/', "_");
    id.contains(|c| c != 'A').then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topic_ids_are_written_as_kafkas_tools_do() {
        assert_eq!(
            topic_id("4L6g3nShT+eMCtK//X86sw").as_deref(),
            Some("4L6g3nShT-eMCtK__X86sw")
        );
        assert_eq!(topic_id("AAAAAAAAAAAAAAAAAAAAAA"), None);
        assert_eq!(topic_id(""), None);
    }
}

/// A described consumer group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GroupDescription {
    /// Kafka's name of the state, `Stable`; empty if the broker does not return it.
    pub state: String,
    /// The members.
    pub members: Vec<GroupMember>,
}

/// A member of a consumer group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GroupMember {
    /// The member's `client.id`.
    pub client_id: String,
    /// The host from which it connects.
    pub host: String,
    /// The assigned partitions; `None` during a rebalance.
    pub assigned: Option<BTreeSet<(TopicName, i32)>>,
}

/// The committed offsets of a group, by partition.
pub type Committed = BTreeMap<(TopicName, i32), i64>;

/// The requested offset of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OffsetAt {
    /// The first offset.
    Earliest,
    /// The end offset, which the next record gets.
    Latest,
    /// The offset of the record with the highest timestamp. Supported by Kafka 3.0 and newer
    /// (KIP-734); emulated by a search with older brokers.
    MaxTimestamp,
    /// The offset of the first record that is not older than this time, in ms since 1970.
    Since(i64),
}

/// An offset of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OffsetFound {
    /// The offset; negative if there is no such record.
    pub offset: i64,
    /// The record's timestamp, if requested and present; negative otherwise.
    pub timestamp: i64,
}

/// A record of a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The offset.
    pub offset: i64,
    /// The append time in ms since 1970; `None` if the timestamp is the producer's
    /// (`message.timestamp.type` was `CreateTime`).
    pub appended_ms: Option<i64>,
    /// The key, if present.
    pub key: Option<Vec<u8>>,
    /// The value; `None` in a tombstone.
    pub value: Option<Vec<u8>>,
}

/// How often a record can be appended when responses are lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// Exactly once (`enable.idempotence`).
    Once,
    /// At least once: for records that can be repeated without effect.
    AtLeastOnce,
}

/// The position of an appended record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// The offset.
    pub offset: i64,
    /// The append time in ms since 1970; `None` if the timestamp is the producer's.
    pub appended_ms: Option<i64>,
}
