//! What could not be read, as data: plans use it to determine what cannot be compared.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Live;
use super::snapshot::document::UnknownDocument;
use crate::model::TopicName;

/// Something that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "UnknownDocument", into = "UnknownDocument")]
#[schemars(with = "UnknownDocument")]
pub struct Unknown {
    /// What.
    pub what: Unread,
    /// Why, in the broker's words.
    pub why: String,
}

/// The parts of the live state that can be unreadable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unread {
    /// Whether a topic exists. Brokers return the same error for a missing topic and for a missing
    /// authorization to describe it.
    TopicExistence(TopicName),
    /// A topic that exists: the brokers return errors for it.
    Topic(TopicName),
    /// The configs of a topic: the principal is not authorized to describe them.
    TopicConfigs(TopicName),
    /// The id of a topic.
    TopicId(TopicName),
    /// The values that topics inherit from the brokers.
    BrokerDefaults,
    /// An inventory record that does not concern the reader.
    InventoryRecord,
}

/// Why a topic cannot be compared with its entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnseenTopic<'a> {
    /// It may exist or not: this principal is not authorized to describe it.
    Hidden(&'a str),
    /// It exists, and this principal is not authorized to describe its configs.
    ConfigsHidden(&'a str),
    /// It exists, and the brokers return errors for it.
    Unreadable(&'a str),
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unread::TopicExistence(topic) => write!(f, "whether topic {topic} exists"),
            Unread::Topic(topic) => write!(f, "topic {topic}"),
            Unread::TopicConfigs(topic) => write!(f, "configs of topic {topic}"),
            Unread::TopicId(topic) => write!(f, "id of topic {topic}"),
            Unread::BrokerDefaults => f.write_str("broker defaults"),
            Unread::InventoryRecord => f.write_str("a record of the inventory"),
        }
    }
}

impl Unknown {
    /// Returns the topic that cannot be compared with its entry, and the reason.
    pub fn unseen_topic(&self) -> Option<(&TopicName, UnseenTopic<'_>)> {
        let why = self.why.as_str();
        match &self.what {
            Unread::TopicExistence(topic) => Some((topic, UnseenTopic::Hidden(why))),
            Unread::TopicConfigs(topic) => Some((topic, UnseenTopic::ConfigsHidden(why))),
            Unread::Topic(topic) => Some((topic, UnseenTopic::Unreadable(why))),
            Unread::TopicId(_) | Unread::BrokerDefaults | Unread::InventoryRecord => None,
        }
    }
}

impl Live {
    /// Returns the topics that cannot be compared with their entries, by name.
    pub fn unseen_topics(&self) -> BTreeMap<&TopicName, UnseenTopic<'_>> {
        let unknown = self.unknown.iter();
        unknown.filter_map(Unknown::unseen_topic).collect()
    }
}
