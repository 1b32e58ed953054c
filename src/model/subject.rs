//! The part of a topic that a change, a risk or a broker's response refers to.

use super::ConfigKey;

/// A part of a topic or of its inventory record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// The topic as a whole.
    Topic,
    /// The partition count.
    Partitions,
    /// The replication factor.
    ReplicationFactor,
    /// A config.
    Config(ConfigKey),
    /// The topic's record in the inventory.
    Record,
}
