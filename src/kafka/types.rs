//! What is asked of a cluster, and what it answers.

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
    /// It does.
    Apply,
    /// The broker checks it and changes nothing (`validate_only`). It does not see the other
    /// items of the same request.
    ValidateOnly,
}

/// What a cluster says of itself and of all topics that this principal may see.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metadata {
    /// The cluster's id, where it gives one.
    pub cluster_id: Option<String>,
    /// The brokers that are up, by id.
    pub brokers: Vec<Node>,
    /// The topics. One without the right to describe it is not among them, nor named anywhere.
    pub topics: BTreeMap<TopicName, TopicMetadata>,
    /// Topics that exist but whose partitions the broker could not tell, and why.
    pub unreadable: BTreeMap<TopicName, Fault>,
}

/// A broker that is up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its id.
    pub id: i32,
    /// The host that it advertises.
    pub host: String,
    /// The port that it advertises.
    pub port: u16,
    /// Its rack, where it has one.
    pub rack: Option<String>,
}

/// A topic as metadata shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TopicMetadata {
    /// Its partitions, by number.
    pub partitions: Vec<Partition>,
}

/// A partition as metadata shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    /// The broker that leads it, if any does.
    pub leader: Option<i32>,
    /// The brokers that hold a replica, the preferred leader first.
    pub replicas: Vec<i32>,
    /// Those of them that are in sync.
    pub in_sync: Vec<i32>,
}

/// A topic as `DescribeTopics` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicDescription {
    /// Kafka's topic id (KIP-516), as Kafka's own tools write it; brokers before 2.8 have none.
    pub id: Option<String>,
    /// How many partitions it has.
    pub partitions: u32,
    /// What this principal may do with it; `None` where that was not asked, or the broker does not
    /// say.
    pub operations: Option<BTreeSet<AclOperation>>,
}

/// One config of a topic or a broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigEntry {
    /// Its key.
    pub key: ConfigKey,
    /// Its value; `None` where it is null or sensitive.
    pub value: Option<String>,
    /// Where the value comes from.
    pub source: ConfigSource,
    /// Whether the broker keeps the value to itself.
    pub sensitive: bool,
    /// Whether it can be changed at run time.
    pub read_only: bool,
    /// Every setting that could give the value, strongest first; the first is the one that counts.
    pub synonyms: Vec<Synonym>,
}

/// All configs of a topic or a broker, in the order in which the broker tells them.
///
/// Most topics hold most of their configs not themselves, and a cluster has thousands of topics:
/// what is the same for all of them is kept once for each answer, and so is all of it where one topic
/// has what the one before has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Configs(Arc<[Arc<ConfigEntry>]>);

impl Configs {
    /// The config with this key.
    pub fn find(&self, key: &str) -> Option<&ConfigEntry> {
        self.iter().find(|entry| entry.key.as_str() == key)
    }

    /// The configs one by one.
    pub fn iter(&self) -> impl Iterator<Item = &ConfigEntry> + Clone {
        self.0.iter().map(Arc::as_ref)
    }

    /// Whether these are the very ones.
    pub(super) fn are(&self, entries: &[Arc<ConfigEntry>]) -> bool {
        let own = self.0.iter().map(Arc::as_ptr);
        own.eq(entries.iter().map(Arc::as_ptr))
    }

    /// Whether both hold the very same themselves. `false` says nothing.
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

    /// Those that are not the very ones that `before` has in the same places.
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

/// A setting that gives a config its value, if no stronger one does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Synonym {
    /// The setting: the topic's own key, or a broker's, `log.retention.hours`.
    pub name: String,
    /// Its value, in its own unit.
    pub value: Option<String>,
    /// Where it is set.
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

/// Whose value it is, by Kafka's number: `org.apache.kafka.common.requests.DescribeConfigsResponse`.
/// What a file sets on a broker and what was set on it at run time are both that broker's.
pub(super) fn source(number: i32) -> ConfigSource {
    match number {
        1 => ConfigSource::Topic,
        3 => ConfigSource::BrokerDefault,
        5 => ConfigSource::KafkaDefault,
        _ => ConfigSource::Broker,
    }
}

/// librdkafka writes ids in plain base64, Kafka's tools in its URL-safe form. A broker without
/// topic ids gives zeros.
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

/// A consumer group as it is described.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GroupDescription {
    /// Its state by Kafka's name, `Stable`; empty where the broker does not say.
    pub state: String,
    /// Its members.
    pub members: Vec<GroupMember>,
}

/// A member of a consumer group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GroupMember {
    /// What it calls itself, `client.id`.
    pub client_id: String,
    /// The host that it connects from.
    pub host: String,
    /// The partitions that it is assigned; `None` while that is not settled.
    pub assigned: Option<BTreeSet<(TopicName, i32)>>,
}

/// The offsets that a group has committed, by partition.
pub type Committed = BTreeMap<(TopicName, i32), i64>;

/// Which offset of a partition is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OffsetAt {
    /// The first that it holds.
    Earliest,
    /// The one that its next record gets.
    Latest,
    /// The one of the record with the highest timestamp. Kafka 3.0 and newer know it (KIP-734);
    /// with older brokers it is searched for.
    MaxTimestamp,
    /// The first of a record that is no older than this, in ms since 1970.
    Since(i64),
}

/// An offset of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OffsetFound {
    /// The offset; below zero where there is no such record.
    pub offset: i64,
    /// The record's timestamp, where one was asked for and there is one; else below zero.
    pub timestamp: i64,
}

/// A record of a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its offset.
    pub offset: i64,
    /// When the broker appended it, in ms since 1970; `None` where its timestamp is its writer's
    /// (`message.timestamp.type` was `CreateTime`).
    pub appended_ms: Option<i64>,
    /// Its key, where it has one.
    pub key: Option<Vec<u8>>,
    /// Its value; `None` in a record that removes its key.
    pub value: Option<Vec<u8>>,
}

/// How often a record may come to stand in its partition when answers are lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// Once (`enable.idempotence`).
    Once,
    /// Perhaps twice: for records that say the same when they are repeated.
    AtLeastOnce,
}

/// Where a record was appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// Its offset.
    pub offset: i64,
    /// When the broker appended it, in ms since 1970; `None` where its timestamp is its writer's.
    pub appended_ms: Option<i64>,
}
