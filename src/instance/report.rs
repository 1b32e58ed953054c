//! What became of instances, as plain data.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::apply::{self, Kind};
use crate::inventory::{Holder, InventoryError, Lost};
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
    pub entries: Vec<Entry>,
    /// Whether it was told to stop.
    pub interrupted: bool,
}

/// What became of one instance.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Which.
    pub id: InstanceId,
    /// How it is recorded now, or was last.
    pub instance: Option<Instance>,
    /// How it stands.
    pub state: State,
    /// Who is at work on it, where it is busy.
    pub busy: Option<Holder>,
    /// What became of its topics, of those that something was done to.
    pub topics: Vec<apply::Entry>,
    /// Its topics that stay, each with the reason.
    pub stays: BTreeMap<TopicName, Why>,
    /// What went wrong besides.
    pub trouble: Option<Trouble>,
}

/// How an instance stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum State {
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
pub enum Why {
    /// Somebody uses it, or that cannot be seen.
    InUse(Usage),
    /// Somebody asked that it is not touched.
    Held(Hold),
    /// Nothing proves that the instance made it: why.
    Unproven(String),
    /// It can be no instance's, whatever is recorded: why. It is no longer recorded.
    Forbidden(&'static str),
    /// Another topic of the instance has to stay.
    Another,
    /// It is not the topic that the instance made. It is no longer recorded.
    MadeAgain,
    /// A scope owns it. It is no longer recorded.
    Owned,
}

impl Trouble {
    /// What follows from a record that could not be written: nothing was, or it may have been.
    pub(super) fn of_record(error: InventoryError) -> Result<Self, InventoryError> {
        match error {
            InventoryError::Unanswered(_) => Ok(Trouble::Unrecorded(error)),
            error => Err(error),
        }
    }
}

impl Why {
    /// Whether it holds for now only, so that the instance stays with it.
    pub(super) fn passes(&self) -> bool {
        match self {
            Why::InUse(_) | Why::Held(_) | Why::Unproven(_) | Why::Another => true,
            Why::Forbidden(_) | Why::MadeAgain | Why::Owned => false,
        }
    }
}

/// What went wrong besides what became of the topics.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Trouble {
    /// It could not be recorded.
    #[error("not recorded: {0}")]
    Unrecorded(InventoryError),
    /// Somebody else may be at work on the instance.
    #[error("stopped: {0}")]
    Lost(#[from] Lost),
    /// The topics' ids could not be read.
    #[error("the ids of its topics are not recorded: {0}")]
    NoIds(kafka::Error),
    /// No broker told the id of one of them.
    #[error("the id of {0} is not recorded: {1}")]
    NoId(TopicName, Fault),
}

/// How it ended as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Everything is as wanted, or stays for a reason that passes.
    Done,
    /// Something changed, or may have, and something else is not as wanted.
    Partial,
    /// Nothing changed, and something failed.
    Failed,
    /// It was told to stop.
    Interrupted,
}

impl Entry {
    /// An instance about whose topics nothing was done.
    pub(super) fn new(id: InstanceId, instance: Option<Instance>, state: State) -> Self {
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

    fn any(&self, kinds: &[Kind]) -> bool {
        self.topics
            .iter()
            .any(|topic| kinds.contains(&topic.kind()))
    }

    /// Whether something is not as wanted, though nothing has to stay.
    pub fn failed(&self) -> bool {
        let failed = [
            Kind::Failed,
            Kind::Skipped,
            Kind::NotEffective,
            Kind::Unknown,
        ];
        self.trouble.is_some() || self.any(&failed)
    }

    /// Whether anything on the cluster was changed, or may have been.
    pub fn changed(&self) -> bool {
        let recorded = matches!(
            self.state,
            State::Started | State::UpAgain | State::Ended | State::Deleted
        );
        recorded
            || self.trouble.is_some()
            || self.any(&[Kind::Applied, Kind::NotEffective, Kind::Unknown])
    }
}

impl Report {
    /// How it ended as a whole.
    pub fn verdict(&self) -> Verdict {
        let failed = self.entries.iter().any(Entry::failed);
        let changed = self.entries.iter().any(Entry::changed);
        match (failed, changed) {
            _ if self.interrupted => Verdict::Interrupted,
            (false, _) => Verdict::Done,
            (true, true) => Verdict::Partial,
            (true, false) => Verdict::Failed,
        }
    }
}
