//! The results of a run as numbers for monitoring. Pure; the render module names the metrics.

use std::collections::BTreeMap;

use crate::apply::{Count, Report};
use crate::desired::Desired;
use crate::live::Live;
use crate::model::{Globs, TopicName};
use crate::plan::{self, Plan, Summary};

/// The numbers of one environment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figures {
    /// The number of listed topics.
    pub topics: usize,
    /// The total number of declared partitions.
    pub partitions: u64,
    /// The number of topics that were changed on the cluster after the last apply.
    pub drifted: usize,
    /// The number of topics with declared changes that are not applied yet.
    pub pending: usize,
    /// The plan's summary, including topics that could not be compared.
    pub plan: Summary,
    /// The outcomes of the changes; `None` without an apply.
    pub applied: Option<Count>,
}

/// The result of a run over one environment.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Run {
    /// Whether the run succeeded.
    pub success: bool,
    /// The duration in seconds.
    pub seconds: f64,
    /// The numbers, if the run got that far.
    pub figures: Option<Figures>,
}

/// The runs of one command, by environment; `None` if the environments could not be determined.
pub type Runs = BTreeMap<Option<String>, Run>;

impl Figures {
    /// Computes the numbers of a plan and its drift. `plan` must be of the same configuration and
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

    /// Adds the outcomes of an apply.
    pub fn with(self, report: &Report) -> Self {
        Self {
            applied: Some(report.count()),
            ..self
        }
    }
}
