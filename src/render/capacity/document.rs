//! Disk as JSON, `topicsmith/capacity/1`. Sizes are bytes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::capacity::{Assumptions, Bound, Capacity, Need, Sum, ValueOrigin};
use crate::model::TopicName;
use crate::model::document::document_format;

document_format!(
    /// The format of an estimate.
    CapacityFormat = "topicsmith/capacity/1" of CapacityDocument, several as "capacities"
);

/// The disk that the topics of one environment need.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct CapacityDocument {
    /// The format of this document.
    pub format: CapacityFormat,
    /// The environment's name.
    pub environment: String,
    /// How many times smaller than its messages a topic is on disk.
    pub compression: f64,
    /// How long the topics have been filling up, in ms; `null`: until none grows any more.
    pub after_ms: Option<u64>,
    /// How many brokers share the load, where that is known.
    pub brokers: Option<u32>,
    /// The disk of each broker, where it was given.
    pub disk_per_broker: Option<u64>,
    /// The topics with traffic, by name.
    pub topics: Vec<NeedDocument>,
    /// The same together, by owner.
    pub owners: Vec<OwnerDocument>,
    /// The topics without traffic, by name.
    pub not_counted: Vec<TopicName>,
    /// All topics together.
    pub total: Sum,
    /// What each broker holds on average, where the number of brokers is known.
    pub per_broker: Option<u64>,
    /// Whether that fits on its disk, where the disk was given.
    pub fits: Option<bool>,
}

/// The disk that one topic needs.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct NeedDocument {
    /// The topic.
    pub topic: TopicName,
    /// Who is responsible for it.
    pub owner: Option<String>,
    /// How many partitions it has.
    pub partitions: u32,
    /// How many replicas each partition has.
    pub replication_factor: u32,
    /// How many messages a day brings.
    pub messages_per_day: u64,
    /// What a day brings, before compression and replication.
    pub per_day: u64,
    /// What ends the topic's growth.
    pub bound: BoundDocument,
    /// What it holds within its retention, compressed, before replication; `null` where nothing
    /// bounds it.
    pub held: Option<u64>,
    /// What segments that are not deleted yet add to that, over all partitions.
    pub segments: u64,
    /// What it takes on all brokers together; `null` where nothing bounds it.
    pub on_disk: Option<u64>,
    /// Whether it can take less: compaction removes messages that have a newer one of their key.
    pub at_most: bool,
    /// How many messages `held` is.
    pub messages: Option<u64>,
    /// How many messages it holds now; `null` where that was not read.
    pub messages_now: Option<u64>,
    /// Why that could not be read.
    pub messages_unseen: Option<String>,
}

/// What ends the growth of a topic.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct BoundDocument {
    /// The kind of bound.
    pub by: BoundKind,
    /// Its ms, or its bytes in each partition.
    pub value: Option<u64>,
    /// Where that comes from.
    pub from: Option<ValueOrigin>,
}

/// Kinds of bounds.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BoundKind {
    /// The retention time, in ms.
    RetentionMs,
    /// The retention size, in bytes in each partition.
    RetentionBytes,
    /// The time that the topics have been filling up, in ms.
    After,
    /// None: the retention is unlimited.
    Unlimited,
    /// The number of keys: the topic is only compacted.
    Keys,
}

/// The topics of one owner together.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct OwnerDocument {
    /// The owner; `null` for topics without one.
    pub owner: Option<String>,
    /// Their disk.
    #[serde(flatten)]
    pub sum: Sum,
}

impl From<&Capacity> for CapacityDocument {
    fn from(capacity: &Capacity) -> Self {
        let Capacity {
            environment,
            assumptions,
            topics,
            uncounted,
        } = capacity;
        let Assumptions {
            compression,
            after_ms,
            brokers,
            disk,
        } = assumptions;
        let owner = |(owner, sum): (Option<&str>, Sum)| OwnerDocument {
            owner: owner.map(str::to_owned),
            sum,
        };
        Self {
            format: CapacityFormat,
            environment: environment.clone(),
            compression: *compression,
            after_ms: *after_ms,
            brokers: *brokers,
            disk_per_broker: *disk,
            topics: topics.iter().map(NeedDocument::from).collect(),
            owners: capacity.by_owner().into_iter().map(owner).collect(),
            not_counted: uncounted.clone(),
            total: capacity.total(),
            per_broker: capacity.per_broker(),
            fits: capacity.fit().map(|fit| fit.fits),
        }
    }
}

impl From<&Need> for NeedDocument {
    fn from(need: &Need) -> Self {
        let Need {
            topic,
            owner,
            partitions,
            replication_factor,
            messages_per_day,
            per_day,
            bound,
            held,
            messages,
            segments,
            is_compacted,
            now,
        } = need;
        let (messages_now, messages_unseen) = match now {
            Some(Ok(messages)) => (Some(*messages), None),
            Some(Err(why)) => (None, Some(why.clone())),
            None => (None, None),
        };
        Self {
            topic: topic.clone(),
            owner: owner.clone(),
            partitions: *partitions,
            replication_factor: *replication_factor,
            messages_per_day: *messages_per_day,
            per_day: *per_day,
            bound: bound.into(),
            held: *held,
            segments: *segments,
            on_disk: need.on_disk(),
            at_most: *is_compacted,
            messages: *messages,
            messages_now,
            messages_unseen,
        }
    }
}

impl From<&Bound> for BoundDocument {
    fn from(bound: &Bound) -> Self {
        let (by, value, from) = match *bound {
            Bound::Time(ms, origin) => (BoundKind::RetentionMs, Some(ms), Some(origin)),
            Bound::Size(bytes, origin) => (BoundKind::RetentionBytes, Some(bytes), Some(origin)),
            Bound::After(ms) => (BoundKind::After, Some(ms), None),
            Bound::Unlimited => (BoundKind::Unlimited, None, None),
            Bound::Keys => (BoundKind::Keys, None, None),
        };
        Self { by, value, from }
    }
}
