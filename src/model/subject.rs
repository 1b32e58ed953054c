//! What of a topic a change, a risk or an answer of the broker is about.

use super::ConfigKey;

/// A part of a topic, or of what happens to it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// The topic as a whole.
    Topic,
    /// Its partition count.
    Partitions,
    /// Its replication factor.
    ReplicationFactor,
    /// One config.
    Config(ConfigKey),
    /// What the inventory holds of it.
    Record,
}
