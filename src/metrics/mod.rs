//! What a run found out, in numbers for a monitoring system. Pure; what the numbers are called is
//! for the render room.

use std::collections::BTreeMap;

use crate::apply::{Count, Report};
use crate::desired::Desired;
use crate::live::Live;
use crate::model::{Globs, TopicName};
use crate::plan::{self, Plan, Summary};

/// What was found out about one environment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figures {
    /// Topics that the files list.
    pub topics: usize,
    /// Partitions that they are to have together.
    pub partitions: u64,
    /// Topics that were changed on the cluster since they were applied.
    pub drifted: usize,
    /// Topics of which the files say something that was not applied yet.
    pub pending: usize,
    /// What a plan counts, and what it could not compare.
    pub plan: Summary,
    /// What became of the changes; `None` where nothing was to be applied.
    pub applied: Option<Count>,
}

/// How a run over one environment ended.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Run {
    /// Whether it did its work.
    pub success: bool,
    /// How long it took.
    pub seconds: f64,
    /// What it found out, as far as it came.
    pub figures: Option<Figures>,
}

/// The runs of one command, by environment; `None` where not even that was known.
pub type Runs = BTreeMap<Option<String>, Run>;

impl Figures {
    /// What a plan and the drift in it come to. `plan` must be made of the same files and the same
    /// cluster.
    pub fn of(plan: &Plan, desired: &Desired, live: &Live, only: &Globs) -> Self {
        let drift = plan::drift(plan, desired, live);
        let asked = |name: &TopicName| only.is_empty() || only.matches(name.as_str());
        let topics = desired.topics.iter().filter(|(name, _)| asked(name));
        let partitions = topics
            .clone()
            .map(|(_, topic)| u64::from(topic.partitions.value));
        Self {
            topics: topics.clone().count(),
            partitions: partitions.sum(),
            drifted: drift.drifted(),
            pending: drift.pending(),
            plan: plan.summary(),
            applied: None,
        }
    }

    /// With what became of the plan.
    pub fn with(self, report: &Report) -> Self {
        Self {
            applied: Some(report.count()),
            ..self
        }
    }
}
