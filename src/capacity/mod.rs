//! How much disk the topics of an environment take, from what the files say they carry. Pure.
//!
//! The model, for each topic with `traffic`:
//!
//! - A day brings `messages_per_day` × `average_size`, divided by the compression ratio on disk.
//! - It is kept for `retention.ms`, or up to `retention.bytes` in each partition, whichever is less;
//!   where data goes to remote storage, `local.retention.*` says how much of it stays on the brokers.
//! - Kafka deletes whole segments: each partition holds up to one segment more. A segment ends at
//!   `segment.bytes`, or after `segment.ms`.
//! - All of that is held by each replica.
//!
//! Messages are taken to be spread evenly over partitions, and partitions over brokers. Indexes, and
//! what the log cleaner keeps twice for a while, are not counted.

mod need;

use std::collections::BTreeMap;

pub use need::{Bound, Need, ValueOrigin};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::desired::Desired;
use crate::live::Live;
use crate::model::{Globs, TopicName};

/// What is taken for granted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Assumptions {
    /// How many times smaller than its messages a topic is on disk; 1 or more.
    pub compression: f64,
    /// How long the topics have been filling up, in ms; `None`: until nothing grows any more.
    pub after_ms: Option<u64>,
    /// How many brokers share the load, where that is known.
    pub brokers: Option<u32>,
    /// The disk of each broker in bytes, where it was said.
    pub disk: Option<u64>,
}

/// The disk that one environment needs.
#[derive(Debug, Clone)]
pub struct Capacity {
    /// The environment.
    pub environment: String,
    /// What was taken for granted.
    pub assumptions: Assumptions,
    /// The topics whose traffic is known, by name.
    pub topics: Vec<Need>,
    /// The topics whose traffic no file says, by name.
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
    /// What each broker holds on average, in bytes.
    pub per_broker: u64,
    /// Its disk in bytes.
    pub disk: u64,
    /// Whether the one is within the other.
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
    /// Everything together.
    pub fn total(&self) -> Sum {
        Sum::of(self.topics.iter())
    }

    /// Together by owner; `None` for topics of which no file says who answers for them.
    pub fn by_owner(&self) -> BTreeMap<Option<&str>, Sum> {
        let mut owners: BTreeMap<Option<&str>, Vec<&Need>> = BTreeMap::new();
        for need in &self.topics {
            owners.entry(need.owner.as_deref()).or_default().push(need);
        }
        let sum = |(owner, needs): (_, Vec<&Need>)| (owner, Sum::of(needs.into_iter()));
        owners.into_iter().map(sum).collect()
    }

    /// What each broker holds on average, in bytes, where it is known how many there are.
    pub fn per_broker(&self) -> Option<u64> {
        let brokers = self.assumptions.brokers?;
        Some(self.total().on_disk.div_ceil(u64::from(brokers).max(1)))
    }

    /// Whether it fits, where there is a disk to fit on.
    pub fn fit(&self) -> Option<Fit> {
        let (per_broker, disk) = (self.per_broker()?, self.assumptions.disk?);
        Some(Fit {
            per_broker,
            disk,
            fits: per_broker <= disk,
        })
    }
}

/// Reckons what the topics of an environment need. Where no file says a setting, the broker's
/// default counts, and without a cluster Kafka's own.
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
