//! Errors of reading and writing the inventory.

use std::fmt;

use super::check::Invalid;
use super::codec;
use super::concern::Concerns;
use crate::kafka::{self, AclOperation, Fault, FaultKind, RecordError};
use crate::model::TopicName;
use crate::model::text::{count, cut, escape};

/// Why the inventory could not be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InventoryError {
    /// The cluster did not respond.
    #[error("the inventory: {0}")]
    Unanswered(#[from] kafka::Error),
    /// An authorization is missing. Without the right to describe a topic, a missing topic cannot
    /// be distinguished from an existing one.
    #[error("no right to {} the inventory, topic {}", right.verb(), escape(topic.as_str()))]
    NoRight {
        /// The inventory topic.
        topic: TopicName,
        /// The missing right.
        right: Right,
    },
    /// The topic exists, but is not an inventory.
    #[error("topic {} cannot be the inventory: {why}", escape(topic.as_str()))]
    NotAnInventory {
        /// The inventory topic.
        topic: TopicName,
        /// The reason.
        why: String,
    },
    /// The topic does not exist, or no longer exists.
    #[error("the inventory, topic {}, is not there", escape(topic.as_str()))]
    Missing {
        /// The inventory topic.
        topic: TopicName,
    },
    /// This version cannot read some records.
    #[error("{}", unreadable(topic, records))]
    Unreadable {
        /// The inventory topic.
        topic: TopicName,
        /// The records, by offset.
        records: Vec<Unreadable>,
    },
    /// The record could not be read back and was not written.
    #[error("cannot write to the inventory, topic {}: {why}", escape(topic.as_str()))]
    Unwritable {
        /// The inventory topic.
        topic: TopicName,
        /// The invalid field.
        why: Invalid,
    },
    /// The cluster rejected the request.
    #[error("cannot {} the inventory, topic {}: {fault}", right.verb(), escape(topic.as_str()))]
    Refused {
        /// The inventory topic.
        topic: TopicName,
        /// The right that the request needs.
        right: Right,
        /// The broker's error.
        fault: Fault,
    },
}

/// A right on the inventory topic that an ACL must allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// Allows to see that it exists.
    Describe,
    /// Allows to see that it is compacted.
    DescribeConfigs,
    /// Allows to read it.
    Read,
    /// Allows to write to it.
    Write,
    /// Allows to create it.
    Create,
}

/// A record that this version cannot read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// The offset, in partition 0.
    pub offset: i64,
    /// The raw key. Without a key, no other record can delete it.
    pub key: Option<Vec<u8>>,
    /// The readers that it blocks.
    pub concerns: Concerns,
    /// The time of writing, in ms since 1970.
    pub at_ms: Option<i64>,
    /// The reason.
    pub why: String,
}

impl Unreadable {
    /// Returns the key if this tool could have written it; other keys may contain anyone's data.
    pub fn shown_key(&self) -> Option<&str> {
        codec::shown(self.key.as_deref()?)
    }
}

impl Right {
    /// Returns the ACL operation.
    pub(super) fn operation(self) -> AclOperation {
        match self {
            Right::Describe => AclOperation::Describe,
            Right::DescribeConfigs => AclOperation::DescribeConfigs,
            Right::Read => AclOperation::Read,
            Right::Write => AclOperation::Write,
            Right::Create => AclOperation::Create,
        }
    }

    fn verb(self) -> &'static str {
        match self {
            Right::Describe => "see",
            Right::DescribeConfigs => "read the configs of",
            Right::Read => "read",
            Right::Write => "write",
            Right::Create => "create",
        }
    }
}

/// Formats as Kafka's operation name, which `kafka-acls.sh --operation` accepts.
impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "partition 0, offset {}: ", self.offset)?;
        match self.shown_key() {
            Some(key) => write!(f, "key `{}`: ", cut(&escape(key), MOST))?,
            None if self.key.is_none() => {}
            None => f.write_str("a key that topicsmith does not write: ")?,
        }
        f.write_str(&cut(&escape(&self.why), MOST))
    }
}

/// Maximum characters of a key or a reason in a message.
const MOST: usize = 300;

/// Maximum unreadable records in a message.
const SHOWN: usize = 5;

fn unreadable(topic: &TopicName, records: &[Unreadable]) -> String {
    let shown: Vec<String> = records.iter().take(SHOWN).map(|r| r.to_string()).collect();
    let more = match records.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    format!(
        "{} in the inventory, topic {}, cannot be read: {}{more}",
        count(records.len(), "record"),
        escape(topic.as_str()),
        shown.join("; ")
    )
}

impl InventoryError {
    /// Returns how to fix the error.
    pub fn help(&self) -> Option<String> {
        match self {
            InventoryError::Unanswered(error) => error.help(),
            InventoryError::NoRight { topic, right } => Some(format!(
                "allow {right} on topic {} (an ACL), or do without ownership: enabled = false in [inventory]",
                escape(topic.as_str())
            )),
            InventoryError::NotAnInventory { .. } => Some(
                "name another topic with [inventory] topic = \"…\" in the environment's file: it is \
                 created as it has to be. If this topic is the inventory after all, put it right with \
                 kafka-configs.sh"
                    .to_owned(),
            ),
            InventoryError::Missing { .. } => {
                Some("the first apply creates it; one that was deleted takes all ownership with it".to_owned())
            }
            InventoryError::Unreadable { .. } => Some(
                "a newer version of topicsmith may have written it: then use that one. \
                 `topicsmith inventory list` shows what is there, `topicsmith inventory forget \
                 --offset N` removes a record"
                    .to_owned(),
            ),
            InventoryError::Refused { topic, fault, .. } if fault.is_decompression() => {
                let topic = escape(topic.as_str());
                Some(format!(
                    "read it with a larger receive.message.max.bytes in --client-config FILE, and \
                     remove its large records with `topicsmith inventory forget --offset N`; \
                     compression.type = uncompressed on topic {topic} keeps further ones out"
                ))
            }
            InventoryError::Unwritable { .. } | InventoryError::Refused { .. } => None,
        }
    }

    /// Converts a fault on the topic.
    pub(super) fn of_fault(topic: &TopicName, right: Right, fault: Fault) -> Self {
        let topic = topic.clone();
        match fault.kind() {
            FaultKind::NotAuthorised => InventoryError::NoRight { topic, right },
            FaultKind::Missing => InventoryError::Missing { topic },
            _ => InventoryError::Refused {
                topic,
                right,
                fault,
            },
        }
    }

    pub(super) fn of_records(topic: &TopicName, right: Right, error: RecordError) -> Self {
        match error {
            RecordError::Refused(fault) => Self::of_fault(topic, right, fault),
            RecordError::Failed(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_named_by_its_place_and_shown_safely() {
        let record = |offset| Unreadable {
            offset,
            key: Some(b"topic/\x1b[31m".to_vec()),
            concerns: Concerns::Nobody,
            at_ms: None,
            why: "its format is `\u{202e}`".to_owned(),
        };
        let error = |records| InventoryError::Unreadable {
            topic: "_topicsmith".into(),
            records,
        };
        assert_eq!(
            error(vec![record(7)]).to_string(),
            "1 record in the inventory, topic _topicsmith, cannot be read: partition 0, offset 7: \
             key `topic/\\u{1b}[31m`: its format is `\\u{202e}`"
        );
        let many = error((0..9).map(record).collect()).to_string();
        assert!(
            many.starts_with("9 records in") && many.ends_with("; and 4 more"),
            "{many}"
        );
    }
}
