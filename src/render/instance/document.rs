//! Instances of lifecycles as JSON: `topicsmith/instance/1` and `topicsmith/instances/1`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Stage;
use super::text::reason;
use crate::instance::{InstanceId, InstanceOutcome, InstanceState, Report, StayReason};
use crate::inventory::Holder;
use crate::live::{Instance, Stamp};
use crate::model::document::document_format;
use crate::model::{BrokerTime, TopicName};
use crate::render::report::document::OutcomeDocument;

document_format!(
    /// The format of what became of instances.
    InstanceFormat = "topicsmith/instance/1" of InstanceDocument
);
document_format!(
    /// The format of a list of instances.
    InstancesFormat = "topicsmith/instances/1" of InstancesDocument, several as "lists"
);

/// What became of instances.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct InstanceDocument {
    /// The format of this document.
    pub format: InstanceFormat,
    /// The command: `up`, `down` or `sweep`.
    pub command: String,
    /// The ownership scope.
    pub scope: String,
    /// The environment's name.
    pub environment: String,
    /// Whether nothing was to be changed.
    pub dry_run: bool,
    /// Whether the command was told to stop.
    pub interrupted: bool,
    /// The instances that the command is about.
    pub instances: Vec<InstanceOutcomeDocument>,
}

/// What became of one instance.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct InstanceOutcomeDocument {
    /// Its lifecycle, `[lifecycles.NAME]`.
    pub lifecycle: String,
    /// What tells it from the others of its lifecycle.
    pub parameters: BTreeMap<String, String>,
    /// What became of it.
    pub state: InstanceState,
    /// When it was started, by the broker's clock, in ms since 1970.
    pub started_ms: Option<i64>,
    /// When it was ended.
    pub ended_ms: Option<i64>,
    /// From when on its topics can be deleted.
    pub delete_at_ms: Option<i64>,
    /// Its topics, each with its id; `null` where that is not known.
    pub topics: Option<BTreeMap<TopicName, Option<String>>>,
    /// What became of its topics, of those that were to change.
    pub changes: Vec<OutcomeDocument>,
    /// Its topics that stay, and why.
    pub stays: Vec<StayDocument>,
    /// Who else is at work on it.
    pub busy: Option<Holder>,
    /// What else went wrong.
    pub trouble: Option<String>,
}

/// A topic of an instance that stays.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct StayDocument {
    /// The topic.
    pub topic: TopicName,
    /// The kind of reason.
    pub code: StayCode,
    /// The reason.
    pub reason: String,
}

/// Kinds of reasons for which a topic stays.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StayCode {
    /// It is in use, or that cannot be read.
    TopicInUse,
    /// A hold keeps it.
    Held,
    /// Nothing proves that the instance made it.
    Unproven,
    /// It cannot be an instance's, whatever is recorded.
    Forbidden,
    /// Another topic of the instance stays.
    AnotherStays,
    /// It was deleted, and created again by others.
    Recreated,
    /// A scope owns it.
    OwnedElsewhere,
}

/// The instances of one environment.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct InstancesDocument {
    /// The format of this document.
    pub format: InstancesFormat,
    /// The environment's name.
    pub environment: String,
    /// The time by the broker's clock, in ms since 1970.
    pub now_ms: i64,
    /// The instances, by scope, lifecycle and parameters.
    pub instances: Vec<ListedInstanceDocument>,
}

/// One instance.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ListedInstanceDocument {
    /// Its ownership scope.
    pub scope: Option<String>,
    /// Its lifecycle, `[lifecycles.NAME]`.
    pub lifecycle: String,
    /// What tells it from the others of its lifecycle.
    pub parameters: BTreeMap<String, String>,
    /// How it stands.
    pub state: Stage,
    /// When it was started, by the broker's clock, in ms since 1970.
    pub started_ms: i64,
    /// How long ago that is.
    pub age_ms: i64,
    /// When it was ended.
    pub ended_ms: Option<i64>,
    /// How long after its end its topics are deleted.
    pub delete_after_ms: u64,
    /// The age at which it ends by itself.
    pub max_age_ms: Option<u64>,
    /// From when on its topics can be deleted.
    pub delete_at_ms: Option<i64>,
    /// Its topics, each with its id; `null` where that is not known.
    pub topics: BTreeMap<TopicName, Option<String>>,
    /// Who wrote its record: the user, and the machine.
    pub by: Option<String>,
    /// The commit that it was started from.
    pub commit: Option<String>,
}

impl From<&Report> for InstanceDocument {
    fn from(report: &Report) -> Self {
        let Report {
            command,
            scope,
            environment,
            dry_run,
            entries,
            interrupted,
        } = report;
        Self {
            format: InstanceFormat,
            command: (*command).to_owned(),
            scope: scope.clone(),
            environment: environment.clone(),
            dry_run: *dry_run,
            interrupted: *interrupted,
            instances: entries.iter().map(InstanceOutcomeDocument::from).collect(),
        }
    }
}

impl From<&InstanceOutcome> for InstanceOutcomeDocument {
    fn from(entry: &InstanceOutcome) -> Self {
        let InstanceOutcome {
            id: InstanceId {
                lifecycle,
                parameters,
            },
            instance,
            state,
            busy,
            topics,
            stays,
            trouble,
        } = entry;
        let instance = instance.as_ref();
        Self {
            lifecycle: lifecycle.clone(),
            parameters: parameters.clone(),
            state: *state,
            started_ms: instance.map(|instance| instance.started_ms),
            ended_ms: instance.and_then(|instance| instance.ended_ms),
            delete_at_ms: instance.and_then(Instance::over_at_ms),
            topics: instance.map(|instance| instance.topics.clone()),
            changes: topics.iter().map(OutcomeDocument::from).collect(),
            stays: stays.iter().map(StayDocument::from).collect(),
            busy: busy.clone(),
            trouble: trouble.as_ref().map(ToString::to_string),
        }
    }
}

impl From<(&TopicName, &StayReason)> for StayDocument {
    fn from((topic, why): (&TopicName, &StayReason)) -> Self {
        Self {
            topic: topic.clone(),
            code: match why {
                StayReason::InUse(_) => StayCode::TopicInUse,
                StayReason::Held(_) => StayCode::Held,
                StayReason::Unproven(_) => StayCode::Unproven,
                StayReason::Forbidden(_) => StayCode::Forbidden,
                StayReason::Another => StayCode::AnotherStays,
                StayReason::MadeAgain => StayCode::Recreated,
                StayReason::Owned => StayCode::OwnedElsewhere,
            },
            reason: reason(topic, why),
        }
    }
}

impl InstancesDocument {
    /// The document of an environment's instances at a time.
    pub fn new(environment: &str, instances: &[Instance], now: BrokerTime) -> Self {
        let listed = |instance: &Instance| ListedInstanceDocument::new(instance, now);
        Self {
            format: InstancesFormat,
            environment: environment.to_owned(),
            now_ms: now.now_ms(),
            instances: instances.iter().map(listed).collect(),
        }
    }
}

impl ListedInstanceDocument {
    fn new(instance: &Instance, now: BrokerTime) -> Self {
        let Instance {
            whose,
            lifecycle,
            parameters,
            topics,
            started_ms,
            ended_ms,
            delete_after_ms,
            max_age_ms,
            stamp:
                Stamp {
                    commit,
                    by,
                    at_ms: _,
                },
        } = instance;
        Self {
            scope: whose.scope.clone(),
            lifecycle: lifecycle.clone(),
            parameters: parameters.clone(),
            state: Stage::of(instance, now),
            started_ms: *started_ms,
            age_ms: now.now_ms().saturating_sub(*started_ms),
            ended_ms: *ended_ms,
            delete_after_ms: *delete_after_ms,
            max_age_ms: *max_age_ms,
            delete_at_ms: instance.over_at_ms(),
            topics: topics.clone(),
            by: by.clone(),
            commit: commit.clone(),
        }
    }
}
