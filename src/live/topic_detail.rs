//! Details of one topic: partitions, consumer groups with their lag, and messages.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Unseen;

/// The details of one topic besides its settings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TopicDetail {
    /// The partitions, by number.
    pub partitions: Vec<PartitionState>,
    /// The consumer groups with members or committed offsets on the topic, by name.
    pub groups: Vec<GroupLag>,
    /// The highest timestamp of its records, in ms since 1970; `None` if the topic is empty or this
    /// is unknown.
    pub newest_record_ms: Option<i64>,
    /// What could not be read about consumer groups, and why.
    pub unseen_groups: Vec<Unseen>,
    /// What could not be read about messages, and why.
    pub unseen_messages: Vec<Unseen>,
}

/// How one partition is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PartitionState {
    /// Its number, from 0.
    #[serde(rename = "partition")]
    pub number: i32,
    /// The broker that leads it, if any does.
    pub leader: Option<i32>,
    /// The brokers that hold a replica, the preferred leader first.
    pub replicas: Vec<i32>,
    /// Those of them that are in sync.
    pub in_sync: Vec<i32>,
    /// Those of them that are not up.
    pub offline: Vec<i32>,
    /// The first offset that it holds, where it is known.
    pub first_offset: Option<i64>,
    /// The offset that its next record gets, where it is known.
    pub next_offset: Option<i64>,
}

/// A consumer group with its offsets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GroupLag {
    /// The group id.
    pub name: String,
    /// Kafka's name of the state, such as `Stable`; `None` if not available.
    pub state: Option<String>,
    /// The members that consume the topic.
    pub members: Vec<Member>,
    /// The committed offset by partition, which is the next offset to read; partitions without one
    /// are missing. `None` if not available.
    pub committed: Option<BTreeMap<i32, i64>>,
}

/// A member of a group.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Member {
    /// What it calls itself, `client.id`.
    pub client_id: String,
    /// The host that it connects from.
    pub host: String,
    /// The partitions of the topic that it reads.
    pub partitions: Vec<i32>,
}

impl PartitionState {
    /// Returns the maximum number of messages; compaction and transactions can reduce it.
    pub fn messages(&self) -> Option<u64> {
        let (first, next) = self.first_offset.zip(self.next_offset)?;
        Some(u64::try_from(next.saturating_sub(first)).unwrap_or_default())
    }

    /// Returns whether fewer replicas are in sync than assigned.
    pub fn is_under_replicated(&self) -> bool {
        self.in_sync.len() < self.replicas.len()
    }
}

impl TopicDetail {
    /// Returns the maximum number of messages in the topic; `None` if unknown for any partition.
    pub fn messages(&self) -> Option<u64> {
        self.partitions.iter().map(PartitionState::messages).sum()
    }

    /// Returns the number of messages of a partition that a group has not read; `None` if the group
    /// has no committed offset or the end offset is unknown.
    pub fn lag(&self, group: &GroupLag, partition: &PartitionState) -> Option<u64> {
        let committed = group.committed.as_ref()?.get(&partition.number)?;
        let next = partition.next_offset?;
        Some(u64::try_from(next.saturating_sub(*committed)).unwrap_or_default())
    }

    /// Returns the number of messages that a group has not read, over the partitions with a known
    /// lag; `None` if no lag is known.
    pub fn total_lag(&self, group: &GroupLag) -> Option<u64> {
        let lags = self.partitions.iter().filter_map(|p| self.lag(group, p));
        lags.reduce(u64::saturating_add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partition(number: i32, offsets: Option<(i64, i64)>) -> PartitionState {
        PartitionState {
            number,
            first_offset: offsets.map(|(first, _)| first),
            next_offset: offsets.map(|(_, next)| next),
            ..PartitionState::default()
        }
    }

    #[test]
    fn lag_is_what_comes_after_the_committed_offset() {
        let group = GroupLag {
            committed: Some([(0, 4), (1, 9), (2, 1)].into()),
            ..GroupLag::default()
        };
        let mut topic_detail = TopicDetail {
            partitions: vec![partition(0, Some((2, 10))), partition(1, Some((0, 5)))],
            ..TopicDetail::default()
        };
        let lag = |topic_detail: &TopicDetail, n: usize| {
            topic_detail.lag(&group, &topic_detail.partitions[n])
        };
        assert_eq!(lag(&topic_detail, 0), Some(6));
        // A recreated topic can have fewer messages than the group has read.
        assert_eq!(lag(&topic_detail, 1), Some(0));
        assert_eq!(topic_detail.total_lag(&group), Some(6));
        assert_eq!(topic_detail.messages(), Some(13));
        topic_detail.partitions.push(partition(2, None));
        topic_detail.partitions.push(partition(3, Some((0, 7))));
        assert_eq!((lag(&topic_detail, 2), lag(&topic_detail, 3)), (None, None));
        assert_eq!(topic_detail.total_lag(&group), Some(6));
        assert_eq!(topic_detail.messages(), None);
        assert_eq!(topic_detail.total_lag(&GroupLag::default()), None);
    }
}
