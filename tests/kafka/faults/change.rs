//! The kinds of change, each with the state of a topic before and after it.

use topicsmith::internals::kafka::NewTopic;

use crate::harness::proxy::Api;
use crate::harness::{Test, new_topic};

/// A kind of change: one for each request that writes and each phase of an apply on one broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    Create,
    /// Lowers `min.insync.replicas`, before all other configs.
    MinIsr,
    Partitions,
    /// Sets a config, changes a second one and resets a third.
    Configs,
    Delete,
}

/// A topic as described by Kafka's own tool.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Described {
    pub partitions: u32,
    /// `key=value`, without Kafka's own defaults.
    pub configs: Vec<String>,
}

impl Described {
    /// Returns whether the topic has this value, or none of its own.
    pub fn holds(&self, key: &str, value: Option<&str>) -> bool {
        let start = format!("{key}=");
        let held = self
            .configs
            .iter()
            .find_map(|config| config.strip_prefix(&start));
        held == value
    }
}

impl Change {
    pub const ALL: [Change; 5] = [
        Change::Create,
        Change::MinIsr,
        Change::Partitions,
        Change::Configs,
        Change::Delete,
    ];

    /// Returns the change's name in topic names.
    pub fn name(self) -> &'static str {
        match self {
            Change::Create => "create",
            Change::MinIsr => "min-isr",
            Change::Partitions => "partitions",
            Change::Configs => "configs",
            Change::Delete => "delete",
        }
    }

    /// Returns the request that makes the change.
    pub fn api(self) -> Api {
        match self {
            Change::Create => Api::CreateTopics,
            Change::MinIsr | Change::Configs => Api::AlterConfigs,
            Change::Partitions => Api::CreatePartitions,
            Change::Delete => Api::DeleteTopics,
        }
    }

    /// Returns the parts of the change, as named in reports.
    pub fn parts(self) -> &'static [&'static str] {
        match self {
            Change::Create | Change::Delete => &["topic"],
            Change::MinIsr => &["min.insync.replicas"],
            Change::Partitions => &["partitions"],
            Change::Configs => &["max.message.bytes", "retention.ms", "segment.bytes"],
        }
    }

    /// Returns the topic before the change.
    pub fn before(self, test: &Test, topic: &str) -> Option<NewTopic> {
        let configs: &[(&str, &str)] = match self {
            Change::Create => return None,
            Change::MinIsr => &[("min.insync.replicas", "2")],
            Change::Configs => &[("retention.ms", "3600000"), ("segment.bytes", "104857600")],
            Change::Partitions | Change::Delete => &[],
        };
        Some(new_topic(test.topic(topic), 1, configs))
    }

    /// Returns the declaration of the topic.
    pub fn declaration(self, topic: &str) -> String {
        match self {
            Change::Create => {
                format!("[topics.\"@{topic}\"]\npartitions = 3\nconfig.retention.ms = \"7d\"\n")
            }
            Change::MinIsr => format!("[topics.\"@{topic}\"]\nmin_insync_replicas = 1\n"),
            Change::Partitions => format!("[topics.\"@{topic}\"]\npartitions = 3\n"),
            Change::Configs => format!(
                "[topics.\"@{topic}\"]\nconfig.retention.ms = \"7d\"\nconfig.max.message.bytes = 2000000\n"
            ),
            Change::Delete => format!("[removed.\"@{topic}\"]\n"),
        }
    }

    /// Returns whether a part of the change, as named in reports, is as declared.
    pub fn is_so(self, part: &str, topic: Option<&Described>) -> bool {
        let Some(topic) = topic else {
            return self == Change::Delete;
        };
        match (self, part) {
            (Change::Create, "topic") => {
                topic.partitions == 3 && topic.holds("retention.ms", Some("604800000"))
            }
            (Change::Delete, "topic") => false,
            (Change::Partitions, "partitions") => topic.partitions == 3,
            (Change::MinIsr, "min.insync.replicas") => topic.holds(part, Some("1")),
            (Change::Configs, "retention.ms") => topic.holds(part, Some("604800000")),
            (Change::Configs, "max.message.bytes") => topic.holds(part, Some("2000000")),
            (Change::Configs, "segment.bytes") => topic.holds(part, None),
            _ => panic!("{self:?} has no part {part:?}"),
        }
    }
}
