//! What a cluster is asked to change of a topic: planned as data, sent by the kafka room.

use super::{ConfigKey, TopicName};

/// A topic to create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTopic {
    /// Its name.
    pub name: TopicName,
    /// How many partitions.
    pub partitions: u32,
    /// How many replicas of each partition.
    pub replication_factor: u32,
    /// What is set on the topic itself.
    pub config: Vec<(ConfigKey, String)>,
}

/// Changes of one topic's configs; what is not named stays as it is (KIP-339).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alter {
    /// The topic.
    pub topic: TopicName,
    /// The keys, each at most once.
    pub ops: Vec<(ConfigKey, AlterOp)>,
}

/// What happens to one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AlterOp {
    /// The topic holds this value.
    Set(String),
    /// The topic no longer holds the key: the broker's default counts.
    Delete,
}
