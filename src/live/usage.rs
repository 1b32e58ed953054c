//! The usage of a topic, read before its deletion.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is known of a topic's use.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "an object, as a topic's usage is")]
pub struct Usage {
    /// The consumer groups that have members or committed offsets on it, by name.
    #[serde(default)]
    pub groups: Vec<GroupUse>,
    /// The highest timestamp of its records, in ms since 1970; `None` where it holds none, or that
    /// could not be seen.
    pub newest_record_ms: Option<i64>,
    /// Whether it had a record of less than a day ago when it was looked at.
    #[serde(default)]
    pub recent: bool,
    /// How many messages it holds at most; compaction can leave fewer. `None` where not known.
    pub messages: Option<u64>,
    /// What could not be seen, and why.
    #[serde(default)]
    pub unseen: Vec<Unseen>,
}

/// A consumer group on a topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "a group: {\"name\", \"members\", \"committed\"}"
)]
pub struct GroupUse {
    /// Its name.
    pub name: String,
    /// How many of its members read the topic.
    #[serde(default)]
    pub members: u64,
    /// Whether it has committed offsets of it.
    #[serde(default)]
    pub committed: bool,
}

/// A part of a topic's use that could not be seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Unseen {
    /// What: `consumer groups`, `its newest record`.
    pub what: String,
    /// Why, in the broker's words.
    pub why: String,
}

impl Usage {
    /// Returns whether deleting the topic needs an explicit permission: it is in use, or its usage
    /// is not fully known.
    pub fn is_in_use(&self) -> bool {
        self.is_seen_in_use() || !self.unseen.is_empty()
    }

    /// Returns whether the topic is known to be in use: a group has members, or a record was
    /// written in the last day.
    pub fn is_seen_in_use(&self) -> bool {
        self.recent || self.groups.iter().any(|group| group.members > 0)
    }
}
