//! The topics of one environment as rows, and which of them are asked for. Pure.

mod filter;

use std::collections::BTreeMap;

pub use filter::{Filter, Label, Order};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::desired::{Desired, Topic};
use crate::live::{Live, LiveTopic, ReplicationFactor};
use crate::model::{Globs, TopicName};
use crate::plan::Plan;
use crate::plan::state::{TopicState, states};

/// One topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Row {
    /// Its name.
    pub topic: TopicName,
    /// How many partitions it has, or is to have where it is missing.
    pub partitions: u32,
    /// How many replicas its partitions have, or are to have.
    pub replication_factor: ReplicationFactor,
    /// How many configs are set on the topic, or declared where it is missing. `None` where they
    /// were not read.
    pub overrides: Option<usize>,
    /// The team or person that owns the topic, where a file sets it.
    pub owner: Option<String>,
    /// Its labels in the files.
    pub labels: BTreeMap<String, String>,
    /// How it stands.
    pub state: TopicState,
}

/// The topics of an environment and of its cluster, by name, with how they stand to each other.
/// `plan` says so, and must be made of the same files and the same cluster.
pub fn rows(desired: &Desired, live: &Live, plan: &Plan, only: &Globs) -> Vec<Row> {
    let row = |(topic, state): (&TopicName, TopicState)| {
        row(
            topic,
            state,
            desired.topics.get(topic),
            live.topics.get(topic),
        )
    };
    let states = states(desired, plan, only);
    states.into_iter().filter_map(row).collect()
}

/// A topic as it is, or where it is missing as it is to be.
fn row(
    topic: &TopicName,
    state: TopicState,
    wanted: Option<&Topic>,
    found: Option<&LiveTopic>,
) -> Option<Row> {
    let (partitions, replication_factor, overrides) = match (found, wanted) {
        (Some(found), _) => (
            found.partitions,
            found.replication_factor.clone(),
            found.config.as_ref().map(|config| config.len()),
        ),
        (None, Some(wanted)) => (
            wanted.partitions.value,
            ReplicationFactor::Same(wanted.replication_factor.value),
            Some(wanted.config.len()),
        ),
        (None, None) => return None,
    };
    Some(Row {
        topic: topic.clone(),
        partitions,
        replication_factor,
        overrides,
        owner: wanted.and_then(|wanted| wanted.owner.clone()),
        labels: wanted
            .map(|wanted| wanted.labels.clone())
            .unwrap_or_default(),
        state,
    })
}
