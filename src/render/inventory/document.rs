//! What `inventory` prints as JSON: `topicsmith/inventory-list/1`, `hold/1`, `forget/1` and
//! `unlock/1`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Recorded;
use crate::inventory::{Holder, TakenLock, Unreadable};
use crate::live::{AppliedRemoval, Hold, Instance, Inventory, Owned};
use crate::model::TopicName;
use crate::model::document::document_format;

document_format!(
    /// The format of what an inventory holds.
    InventoryListFormat = "topicsmith/inventory-list/1" of InventoryListDocument, several as "inventories"
);
document_format!(
    /// The format of a hold that was set or ended.
    HoldFormat = "topicsmith/hold/1" of HoldDocument
);
document_format!(
    /// The format of records that were removed.
    ForgetFormat = "topicsmith/forget/1" of ForgetDocument
);
document_format!(
    /// The format of a lock that was taken away.
    UnlockFormat = "topicsmith/unlock/1" of UnlockDocument
);

/// What the inventory holds of one environment, or of all on its cluster.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct InventoryListDocument {
    /// The format of this document.
    pub format: InventoryListFormat,
    /// The environment's name.
    pub environment: String,
    /// The ownership scope, where one is set.
    pub scope: Option<String>,
    /// The inventory's topic.
    pub inventory: TopicName,
    /// Whether that topic exists.
    pub exists: bool,
    /// The owned topics, by name.
    pub topics: Vec<OfTopic<Owned>>,
    /// The holds, by topic.
    pub holds: Vec<OfTopic<Hold>>,
    /// The removals that have deleted their topic.
    pub applied_removals: Vec<AppliedRemoval>,
    /// The instances of lifecycles.
    pub instances: Vec<Instance>,
    /// The locks that are held.
    pub locks: Vec<TakenLock>,
    /// The records that cannot be read.
    pub unreadable: Vec<UnreadableDocument>,
}

/// A record and its topic.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct OfTopic<T> {
    /// The topic.
    pub topic: TopicName,
    /// The record.
    #[serde(flatten)]
    pub record: T,
}

/// A record that cannot be read.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct UnreadableDocument {
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// Its key, as far as it is text.
    pub key: Option<String>,
    /// When it was written, in ms since 1970.
    pub at_ms: Option<i64>,
    /// What is wrong with it.
    pub why: String,
}

/// A hold that was set or ended.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct HoldDocument {
    /// The format of this document.
    pub format: HoldFormat,
    /// The environment's name.
    pub environment: String,
    /// The topic.
    pub topic: TopicName,
    /// Whether the topic is held now.
    pub held: bool,
    /// Until when, by the broker's clock, in ms since 1970.
    pub until_ms: Option<i64>,
    /// Why.
    pub reason: Option<String>,
}

/// Records that were removed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ForgetDocument {
    /// The format of this document.
    pub format: ForgetFormat,
    /// The environment's name.
    pub environment: String,
    /// The topics that are unowned now.
    pub topics: Vec<TopicName>,
    /// The offset of the unreadable record that was removed.
    pub offset: Option<i64>,
}

/// A lock that was taken away.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct UnlockDocument {
    /// The format of this document.
    pub format: UnlockFormat,
    /// The environment's name.
    pub environment: String,
    /// Who held the lock; `null` where it was free.
    pub was_held_by: Option<Holder>,
}

impl From<&Recorded> for InventoryListDocument {
    fn from(recorded: &Recorded) -> Self {
        let Recorded {
            environment,
            scope,
            topic,
            exists,
            inventory,
            locks,
            unreadable,
        } = recorded;
        let Inventory {
            topics,
            holds,
            applied_removals,
            instances,
        } = inventory;
        Self {
            format: InventoryListFormat,
            environment: environment.clone(),
            scope: scope.clone(),
            inventory: topic.clone(),
            exists: *exists,
            topics: topics.iter().map(OfTopic::from).collect(),
            holds: holds.iter().map(OfTopic::from).collect(),
            applied_removals: applied_removals.clone(),
            instances: instances.clone(),
            locks: locks.clone(),
            unreadable: unreadable.iter().map(UnreadableDocument::from).collect(),
        }
    }
}

impl<T: Clone> From<(&TopicName, &T)> for OfTopic<T> {
    fn from((topic, record): (&TopicName, &T)) -> Self {
        Self {
            topic: topic.clone(),
            record: record.clone(),
        }
    }
}

impl From<&Unreadable> for UnreadableDocument {
    fn from(record: &Unreadable) -> Self {
        let Unreadable {
            offset,
            key: _,
            concerns: _,
            at_ms,
            why,
        } = record;
        Self {
            partition: 0,
            offset: *offset,
            key: record.shown_key().map(str::to_owned),
            at_ms: *at_ms,
            why: why.clone(),
        }
    }
}
