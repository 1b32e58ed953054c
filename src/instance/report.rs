//! What became of instances, as plain data.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::apply::{self, OutcomeKind};
use crate::inventory::{Holder, InventoryError, LockLost};
use crate::kafka::{self, Fault};
use crate::live::{Hold, Instance, Usage};
use crate::model::TopicName;

use super::InstanceId;

/// What was asked for, and what became of each instance.
#[derive(Debug, Clone)]
pub struct Report {
    /// `up`, `down` or `sweep`.
    pub command: &'static str,
    /// Whose the instances are.
    pub scope: String,
    /// The environment.
    pub environment: String,
    /// Whether nothing was to be changed.
    pub dry_run: bool,
    /// The instances that something was done about, or was to be.
    pub entries: Vec<InstanceOutcome>,
    /// Whether it was told to stop.
    pub interrupted: bool,
}

/// What became of one instance.
#[derive(Debug, Clone)]
pub struct InstanceOutcome {
    /// Which.
    pub id: InstanceId,
    /// How it is recorded now, or was last.
    pub instance: Option<Instance>,
    /// How it stands.
    pub state: InstanceState,
    /// Who is at work on it, where it is busy.
    pub busy: Option<Holder>,
    /// What became of its topics, of those that something was done to.
    pub topics: Vec<apply::ReportEntry>,
    /// Its topics that stay, each with the reason.
    pub stays: BTreeMap<TopicName, StayReason>,
    /// What went wrong besides.
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

/// Why a topic of an instance that is over stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StayReason {
    /// Somebody uses it, or that cannot be seen.
    InUse(Usage),
    /// Somebody asked that it is not touched.
    Held(Hold),
    /// Nothing proves that the instance made it: why.
    Unproven(String),
    /// It can be no instance's, whatever is recorded: why. It is no longer recorded.
    Forbidden(String),
    /// Another topic of the instance has to stay.
    Another,
    /// It is not the topic that the instance made. It is no longer recorded.
    MadeAgain,
    /// A scope owns it. It is no longer recorded.
    Owned,
}

impl InstanceFailure {
    /// What follows from a record that could not be written: nothing was, or it may have been.
    pub(super) fn of_record(error: InventoryError) -> Result<Self, InventoryError> {
        match error {
            InventoryError::Unanswered(_) => Ok(InstanceFailure::Unrecorded(error)),
            error => Err(error),
        }
    }
}

impl StayReason {
    /// Whether it holds for now only, so that the instance stays with it.
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

/// What went wrong besides what became of the topics.
#[derive(Debug, Clone, thiserror::Error)]
pub enum InstanceFailure {
    /// It could not be recorded.
    #[error("not recorded: {0}")]
    Unrecorded(InventoryError),
    /// Somebody else may be at work on the instance.
    #[error("stopped: {0}")]
    LockLost(#[from] LockLost),
    /// The topics' ids could not be read.
    #[error("the ids of its topics are not recorded: {0}")]
    NoIds(kafka::Error),
    /// No broker told the id of one of them.
    #[error("the id of {0} is not recorded: {1}")]
    NoId(TopicName, Fault),
}

/// How it ended as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunResult {
    /// Everything is as wanted, or stays for a reason that passes.
    Done,
    /// Something changed, or may have, and something else is not as wanted.
    Partial,
    /// Nothing changed, and something failed.
    Failed,
    /// It was told to stop.
    Interrupted,
}

impl InstanceOutcome {
    /// An instance about whose topics nothing was done.
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

    /// Whether something is not as wanted, though nothing has to stay.
    pub fn failed(&self) -> bool {
        let failed = [
            OutcomeKind::Failed,
            OutcomeKind::Skipped,
            OutcomeKind::NotEffective,
            OutcomeKind::Unknown,
        ];
        self.trouble.is_some() || self.any(&failed)
    }

    /// Whether anything on the cluster was changed, or may have been.
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
    /// How it ended as a whole.
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
