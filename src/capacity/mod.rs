//! Estimates the disk usage of an environment's topics from their declared traffic. Pure.
//!
//! The model, for each topic with `traffic`:
//!
//! - A day adds `messages_per_day` × `average_size`, divided by the compression ratio on disk.
//! - Data is kept for `retention.ms`, or up to `retention.bytes` per partition, whichever is less;
//!   with remote storage, `local.retention.*` determines how much of it stays on the brokers.
//! - Kafka deletes whole segments: each partition has up to one additional segment. A segment ends
//!   at `segment.bytes`, or after `segment.ms`.
//! - Each replica holds all of that.
//!
//! Messages are assumed to be evenly distributed over partitions, and partitions over brokers.
//! Indexes, and temporary copies of the log cleaner, are not counted.

mod need;

use std::collections::BTreeMap;

pub use need::{Bound, Need, ValueOrigin};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::desired::Desired;
use crate::live::Live;
use crate::model::{Globs, TopicName};

/// The assumptions of an estimate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Assumptions {
    /// The compression ratio: size of messages to size on disk; 1 or more.
    pub compression: f64,
    /// The time since the topics started to fill, in ms; `None`: the steady state.
    pub after_ms: Option<u64>,
    /// The number of brokers that share the load, if known.
    pub brokers: Option<u32>,
    /// The disk size per broker in bytes, if given.
    pub disk: Option<u64>,
}

/// The disk usage of one environment.
#[derive(Debug, Clone)]
pub struct Capacity {
    /// The environment's name.
    pub environment: String,
    /// The assumptions of the estimate.
    pub assumptions: Assumptions,
    /// The topics with declared traffic, by name.
    pub topics: Vec<Need>,
    /// The topics without declared traffic, by name.
    pub uncounted: Vec<TopicName>,
}

/// Several topics together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Sum {
    /// How many.
    pub topics: usize,
    /// How many of them have no bound, and are not in `on_disk`.
    pub unbounded: usize,
    /// What a day brings in bytes, before compression and replication.
    pub per_day: u64,
    /// What they take on all brokers together, in bytes.
    pub on_disk: u64,
}

/// Whether the topics fit on the brokers' disks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fit {
    /// The average usage per broker, in bytes.
    pub per_broker: u64,
    /// The disk size per broker, in bytes.
    pub disk: u64,
    /// Whether the usage is within the size.
    pub fits: bool,
}

impl Sum {
    fn of<'a>(needs: impl Iterator<Item = &'a Need>) -> Self {
        let mut sum = Sum::default();
        for need in needs {
            sum.topics += 1;
            sum.unbounded += usize::from(need.on_disk().is_none());
            sum.per_day = sum.per_day.saturating_add(need.per_day);
            sum.on_disk = sum
                .on_disk
                .saturating_add(need.on_disk().unwrap_or_default());
        }
        sum
    }
}

impl Capacity {
    /// Returns the total of all topics.
    pub fn total(&self) -> Sum {
        Sum::of(self.topics.iter())
    }

    /// Returns the totals by owner; `None` for topics without an owner.
    pub fn by_owner(&self) -> BTreeMap<Option<&str>, Sum> {
        let mut owners: BTreeMap<Option<&str>, Vec<&Need>> = BTreeMap::new();
        for need in &self.topics {
            owners.entry(need.owner.as_deref()).or_default().push(need);
        }
        let sum = |(owner, needs): (_, Vec<&Need>)| (owner, Sum::of(needs.into_iter()));
        owners.into_iter().map(sum).collect()
    }

    /// Returns the average usage per broker in bytes, if the number of brokers is known.
    pub fn per_broker(&self) -> Option<u64> {
        let brokers = self.assumptions.brokers?;
        Some(self.total().on_disk.div_ceil(u64::from(brokers).max(1)))
    }

    /// Returns whether the topics fit, if the disk size is known.
    pub fn fit(&self) -> Option<Fit> {
        let (per_broker, disk) = (self.per_broker()?, self.assumptions.disk?);
        Some(Fit {
            per_broker,
            disk,
            fits: per_broker <= disk,
        })
    }
}

/// Estimates the disk usage of an environment's topics. Undeclared settings have the broker's
/// default, or Kafka's own without a cluster.
pub fn reckon(
    desired: &Desired,
    live: Option<&Live>,
    only: &Globs,
    assumptions: Assumptions,
) -> Capacity {
    let asked = |name: &TopicName| only.is_empty() || only.matches(name.as_str());
    let (mut topics, mut uncounted) = (Vec::new(), Vec::new());
    for (name, topic) in desired.topics.iter().filter(|(name, _)| asked(name)) {
        match &topic.traffic {
            Some(traffic) => topics.push(need::of(name, topic, traffic, live, assumptions)),
            None => uncounted.push(name.clone()),
        }
    }
    Capacity {
        environment: desired.environment.name.to_string(),
        assumptions,
        topics,
        uncounted,
    }
}
