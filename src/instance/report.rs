//! The outcomes of instance commands, as plain data.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::apply::{self, OutcomeKind};
use crate::inventory::{Holder, InventoryError, LockLost};
use crate::kafka::{self, Fault};
use crate::live::{Hold, Instance, Usage};
use crate::model::TopicName;

use super::InstanceId;

/// The request and the outcome of each instance.
#[derive(Debug, Clone)]
pub struct Report {
    /// `up`, `down` or `sweep`.
    pub command: &'static str,
    /// The scope that owns the instances.
    pub scope: String,
    /// The environment.
    pub environment: String,
    /// Whether this is a dry run.
    pub dry_run: bool,
    /// The instances that were or would be changed.
    pub entries: Vec<InstanceOutcome>,
    /// Whether the run was interrupted.
    pub interrupted: bool,
}

/// The outcome of one instance.
#[derive(Debug, Clone)]
pub struct InstanceOutcome {
    /// The instance's identity.
    pub id: InstanceId,
    /// The current or last record.
    pub instance: Option<Instance>,
    /// The resulting state.
    pub state: InstanceState,
    /// The holder of its lock, if busy.
    pub busy: Option<Holder>,
    /// The outcomes of its changed topics.
    pub topics: Vec<apply::ReportEntry>,
    /// The topics that are kept, each with the reason.
    pub stays: BTreeMap<TopicName, StayReason>,
    /// A failure besides those of its topics.
    pub trouble: Option<InstanceFailure>,
}

/// How an instance stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum InstanceState {
    /// It was started.
    Started,
    /// It had ended, and is up again.
    UpAgain,
    /// It is up, and was so before.
    Up,
    /// There is none.
    NotUp,
    /// It was ended.
    Ended,
    /// It had been ended before.
    Ending,
    /// It is over, and would be deleted.
    Expired,
    /// Its topics are gone, and so is its record.
    Deleted,
    /// It is over, and stays because a topic of it has to.
    Stays,
    /// Somebody is at work on it.
    Busy,
    /// Not all was done.
    Incomplete,
}

/// Why a topic of an expired instance is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StayReason {
    /// It is in use, or its use is unknown.
    InUse(Usage),
    /// It has a hold.
    Held(Hold),
    /// It is unproven that the instance created it, with the reason.
    Unproven(String),
    /// No instance may own it, whatever is recorded, with the reason. It is removed from the
    /// record.
    Forbidden(String),
    /// Another topic of the instance must be kept.
    Another,
    /// It is not the topic that the instance created. It is removed from the record.
    MadeAgain,
    /// A scope owns it. It is removed from the record.
    Owned,
}

impl InstanceFailure {
    /// Converts an error of writing a record: `Ok` if the record may have been written, `Err` if
    /// not.
    pub(super) fn of_record(error: InventoryError) -> Result<Self, InventoryError> {
        match error {
            InventoryError::Unanswered(_) => Ok(InstanceFailure::Unrecorded(error)),
            error => Err(error),
        }
    }
}

impl StayReason {
    /// Returns whether the reason is temporary, so that the instance is kept, too.
    pub(super) fn passes(&self) -> bool {
        match self {
            StayReason::InUse(_)
            | StayReason::Held(_)
            | StayReason::Unproven(_)
            | StayReason::Another => true,
            StayReason::Forbidden(_) | StayReason::MadeAgain | StayReason::Owned => false,
        }
    }
}

/// A failure besides those of topics.
#[derive(Debug, Clone, thiserror::Error)]
pub enum InstanceFailure {
    /// The record could not be written.
    #[error("not recorded: {0}")]
    Unrecorded(InventoryError),
    /// Another process may be working on the instance.
    #[error("stopped: {0}")]
    LockLost(#[from] LockLost),
    /// The topics' ids could not be read.
    #[error("the ids of its topics are not recorded: {0}")]
    NoIds(kafka::Error),
    /// No broker returned the id of one topic.
    #[error("the id of {0} is not recorded: {1}")]
    NoId(TopicName, Fault),
}

/// The result of the whole run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunResult {
    /// Everything is as requested, or kept for a temporary reason.
    Done,
    /// Something changed, or may have, and something else failed.
    Partial,
    /// Nothing changed, and something failed.
    Failed,
    /// The run was interrupted.
    Interrupted,
}

impl InstanceOutcome {
    /// Creates an outcome without changes to topics.
    pub(super) fn new(id: InstanceId, instance: Option<Instance>, state: InstanceState) -> Self {
        Self {
            id,
            instance,
            state,
            busy: None,
            topics: Vec::new(),
            stays: BTreeMap::new(),
            trouble: None,
        }
    }

    fn any(&self, kinds: &[OutcomeKind]) -> bool {
        self.topics
            .iter()
            .any(|topic| kinds.contains(&topic.kind()))
    }

    /// Returns whether something failed, not counting kept topics.
    pub fn failed(&self) -> bool {
        let failed = [
            OutcomeKind::Failed,
            OutcomeKind::Skipped,
            OutcomeKind::NotEffective,
            OutcomeKind::Unknown,
        ];
        self.trouble.is_some() || self.any(&failed)
    }

    /// Returns whether anything on the cluster changed, or may have.
    pub fn changed(&self) -> bool {
        let recorded = matches!(
            self.state,
            InstanceState::Started
                | InstanceState::UpAgain
                | InstanceState::Ended
                | InstanceState::Deleted
        );
        recorded
            || self.trouble.is_some()
            || self.any(&[
                OutcomeKind::Applied,
                OutcomeKind::NotEffective,
                OutcomeKind::Unknown,
            ])
    }
}

impl Report {
    /// Returns the result of the whole run.
    pub fn verdict(&self) -> RunResult {
        let failed = self.entries.iter().any(InstanceOutcome::failed);
        let changed = self.entries.iter().any(InstanceOutcome::changed);
        match (failed, changed) {
            _ if self.interrupted => RunResult::Interrupted,
            (false, _) => RunResult::Done,
            (true, true) => RunResult::Partial,
            (true, false) => RunResult::Failed,
        }
    }
}
