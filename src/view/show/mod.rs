//! One topic in one environment: what the files say and which layer says it, what is live and who
//! gives it, and how the two stand to each other. Pure: facts are put together here, and have no
//! words yet.

mod topic;

pub use topic::{Asked, topic};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::desired::{SettingStack, Written};
use crate::live::{ConfigSource, Hold, LiveTopic, Owned, OwnerKey, TopicDetail};
use crate::model::{ConfigKey, Place, TopicName};
use crate::plan::state::TopicState;
use crate::plan::{Blocked, Cluster};

/// One topic in one environment.
#[derive(Debug, Clone)]
pub struct TopicView {
    /// The environment.
    pub environment: String,
    /// The topic.
    pub topic: TopicName,
    /// The cluster; `None` where none was looked at.
    pub cluster: Option<Cluster>,
    /// What the files make of its name.
    pub listing: Listing,
    /// How it stands; `None` where no cluster was read, or neither side knows it.
    pub state: Option<TopicState>,
    /// What its entry says besides settings.
    pub facts: Vec<Written>,
    /// What layers say, each beside what is live.
    pub settings: Vec<SettingView>,
    /// The topic as it is on the cluster, where it is there.
    pub found: Option<LiveTopic>,
    /// What is set on the topic and declared by no layer, by key.
    pub undeclared: Vec<Undeclared>,
    /// What an apply would not do.
    pub blocked: Vec<Blocked>,
    /// Why it is not known whether the topic is there, or what it is like.
    pub hidden: Option<String>,
    /// Its partitions, readers and messages, where it was looked at so closely.
    pub topic_detail: Option<TopicDetail>,
    /// How many replicas of a partition must be in sync for a write that asks for all, as far as
    /// that is known.
    pub min_in_sync: Option<usize>,
    /// Whether Kafka removes messages of which there are newer ones with the same key.
    pub is_compacted: bool,
    /// Whose it is; `None` where no inventory was looked at.
    pub ownership: Option<OwnershipView>,
}

/// What the files make of a topic's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listing {
    /// They list it.
    Listed(Place),
    /// They list it, for other environments.
    Elsewhere(Place),
    /// They have a removal of it.
    Removal(Place),
    /// They do not name it.
    No,
}

/// One setting on both sides.
#[derive(Debug, Clone)]
pub struct SettingView {
    /// The setting with the values of all layers. Where none declares one, `value` is this tool's own.
    pub stack: SettingStack,
    /// The value in force; `None` where nothing is declared after all.
    pub value: Option<String>,
    /// What is live, as far as it is known.
    pub live: Option<LiveValue>,
    /// How the two stand to each other; `None` where there is nothing to compare: it is no setting of
    /// a live topic, or was not read.
    pub against: Option<Comparison>,
}

/// A value that is live.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LiveValue {
    /// The value.
    pub value: String,
    /// Who gives it, where it is a config.
    pub source: Option<ConfigSource>,
}

/// How a declared value stands to the live one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Comparison {
    /// They are the same.
    Same,
    /// They are the same, but the topic does not hold it: a broker gives it.
    NotHeld,
    /// They differ.
    Differs,
    /// It is left to others, whether they differ or not.
    Unmanaged,
}

/// Something that the topic holds and no layer declares.
#[derive(Debug, Clone)]
pub struct Undeclared {
    /// Its key.
    pub key: ConfigKey,
    /// Its value.
    pub value: String,
    /// What the topic would have without it, as far as that is known.
    pub behind: Option<LiveValue>,
    /// What becomes of it.
    pub effect: UndeclaredEffect,
}

/// What an apply does with what no layer declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum UndeclaredEffect {
    /// It goes back to what is behind it.
    Reset,
    /// Nothing: Kafka 4.3 does not know the key.
    UnknownKey,
    /// Nothing: the environment ignores the key.
    Ignored,
    /// Nothing: the entry leaves it to others.
    Unmanaged,
    /// Nothing: it holds back a replication that is under way.
    Throttle,
    /// Nothing: no file lists the topic.
    NotListed,
}

/// Whose a topic is, and what is recorded of it.
#[derive(Debug, Clone)]
pub struct OwnershipView {
    /// Whose it is.
    pub by: OwnedBy,
    /// What is recorded under its name.
    pub record: Option<Owned>,
    /// The hold that keeps applies off it.
    pub hold: Option<Hold>,
}

/// Whose a topic is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OwnedBy {
    /// Nobody's.
    Nobody,
    /// This scope's and environment's.
    Us,
    /// Nobody's: the one that was owned, by us or by whom it says, was deleted and made again.
    Remade(Option<OwnerKey>),
    /// Another scope's or environment's.
    Others(OwnerKey),
    /// An instance's of a lifecycle: `instance video-task task_id=abc`.
    Instance(String),
}

impl TopicView {
    /// Whether anybody knows a topic of this name here: the files, the cluster or the inventory.
    pub fn is_known(&self) -> bool {
        let recorded = self
            .ownership
            .as_ref()
            .is_some_and(|ownership| ownership.record.is_some() || ownership.hold.is_some());
        let listed = self.listing != Listing::No;
        listed || recorded || self.found.is_some() || self.hidden.is_some()
    }
}
