//! The inventory: what the tool stores on the cluster itself. It holds the owner of each topic and
//! its last applied state, holds, applied removals and lifecycle instances.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::snapshot::records::{AppliedRemovalFields, HoldFields, InstanceFields, OwnedFields};
use crate::model::{ConfigMap, OnRemove, TopicName};

/// The whole inventory of a cluster, over all scopes and environments.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inventory {
    /// The owned topics.
    pub topics: BTreeMap<TopicName, Owned>,
    /// The topics on hold.
    pub holds: BTreeMap<TopicName, Hold>,
    /// The applied removals, by topic, scope and environment.
    pub applied_removals: Vec<AppliedRemoval>,
    /// The lifecycle instances, by scope, environment, lifecycle and parameters.
    pub instances: Vec<Instance>,
}

/// The owner of a record. Each topic on a cluster belongs to at most one scope and environment.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OwnerKey {
    /// The scope; `None` stands for the reader's.
    pub scope: Option<String>,
    /// The environment; `None` stands for the reader's.
    pub environment: Option<String>,
}

/// Who wrote a record, and when.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stamp {
    /// The commit of the configuration.
    pub commit: Option<String>,
    /// The writer's user and host.
    pub by: Option<String>,
    /// The time of writing, by the broker's clock, in ms since 1970.
    pub at_ms: Option<i64>,
}

/// A topic that is owned, as it was last applied. What is `None` is not known, and is compared with
/// nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "OwnedFields", into = "OwnedFields")]
pub struct Owned {
    /// The owner.
    pub whose: OwnerKey,
    /// The id of the topic that was applied.
    pub id: Option<String>,
    /// What happens when the topic is removed from the configuration.
    pub on_remove: Option<OnRemove>,
    /// The key `owner`; `Some(None)` if no file sets it.
    pub owner: Option<Option<String>>,
    /// The partitions last applied; also `None` if they were unmanaged.
    pub partitions: Option<u32>,
    /// The replication factor last applied; also `None` if it was unmanaged.
    pub replication_factor: Option<u32>,
    /// The declared configs last applied.
    pub config: Option<ConfigMap<String>>,
    /// The place of the declaration, `topics/a.toml:3`.
    pub declared_at: Option<String>,
    /// The last apply.
    pub stamp: Stamp,
}

/// A topic that keeps what was done to it by hand until the hold ends.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "HoldFields", into = "HoldFields")]
pub struct Hold {
    /// The owner of the applies that the hold blocks.
    pub whose: OwnerKey,
    /// The end of the hold, by the broker's clock, in ms since 1970.
    pub until_ms: i64,
    /// The reason for the hold.
    pub reason: String,
    /// The writer of the hold.
    pub stamp: Stamp,
}

/// A tombstone that has done its work. Written before the delete, with the id of what is deleted,
/// so that no interruption can lose it: a live topic with another id was made later, and is safe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "AppliedRemovalFields", into = "AppliedRemovalFields")]
pub struct AppliedRemoval {
    /// The owner of the removal.
    pub whose: OwnerKey,
    /// The topic's name.
    pub topic: TopicName,
    /// The id of the topic that was removed; `None` if the cluster returns none.
    pub id: Option<String>,
    /// The apply that deleted the topic.
    pub stamp: Stamp,
}

/// One instance of a lifecycle.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "InstanceFields", into = "InstanceFields")]
pub struct Instance {
    /// The owner of the instance.
    pub whose: OwnerKey,
    /// The lifecycle, `[lifecycles.NAME]`.
    pub lifecycle: String,
    /// The parameters, unique among the instances of the lifecycle.
    pub parameters: BTreeMap<String, String>,
    /// The topics, each with its id if the cluster returns one. Topics are recorded before they are
    /// created, without ids.
    pub topics: BTreeMap<TopicName, Option<String>>,
    /// The start, by the broker's clock, in ms since 1970.
    pub started_ms: i64,
    /// The end, if it has ended, in ms since 1970.
    pub ended_ms: Option<i64>,
    /// The time from the end to the deletion of its topics, in ms.
    pub delete_after_ms: u64,
    /// The maximum age, in ms.
    pub max_age_ms: Option<u64>,
    /// The last writer.
    pub stamp: Stamp,
}

impl Instance {
    /// Returns when the instance's topics become eligible for deletion, in ms since 1970, if known.
    pub fn over_at_ms(&self) -> Option<i64> {
        let after = |from: i64, ms: u64| from.saturating_add_unsigned(ms);
        let ended = self.ended_ms.map(|at| after(at, self.delete_after_ms));
        let aged = self.max_age_ms.map(|age| after(self.started_ms, age));
        ended.into_iter().chain(aged).min()
    }
}

impl OwnerKey {
    /// Returns whether a record belongs to this scope and environment.
    pub fn is(&self, scope: Option<&str>, environment: &str) -> bool {
        let same = |recorded: &Option<String>, asking: Option<&str>| {
            recorded.as_deref().is_none_or(|own| asking == Some(own))
        };
        same(&self.scope, scope) && same(&self.environment, Some(environment))
    }
}

impl Inventory {
    /// Returns the topics of all instances, with their instances.
    pub fn instance_topics(&self) -> BTreeMap<&TopicName, &Instance> {
        let mut topics = BTreeMap::new();
        for instance in &self.instances {
            topics.extend(instance.topics.keys().map(|topic| (topic, instance)));
        }
        topics
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_of_the_one_who_asks_where_it_does_not_say() {
        let whose = |scope: Option<&str>, environment: Option<&str>| OwnerKey {
            scope: scope.map(str::to_owned),
            environment: environment.map(str::to_owned),
        };
        assert!(whose(None, None).is(None, "prod"));
        assert!(whose(None, None).is(Some("media"), "prod"));
        assert!(whose(Some("media"), Some("prod")).is(Some("media"), "prod"));
        assert!(!whose(Some("shop"), None).is(Some("media"), "prod"));
        assert!(!whose(Some("media"), Some("dev")).is(Some("media"), "prod"));
        assert!(!whose(Some("media"), None).is(None, "prod"));
    }

    #[test]
    fn an_instance_is_over_by_its_end_or_its_age_whichever_comes_first() {
        let mut instance = Instance {
            started_ms: 1_000,
            delete_after_ms: 60,
            ..Instance::default()
        };
        assert_eq!(instance.over_at_ms(), None);
        instance.max_age_ms = Some(500);
        assert_eq!(instance.over_at_ms(), Some(1_500));
        instance.ended_ms = Some(1_200);
        assert_eq!(instance.over_at_ms(), Some(1_260));
        instance.ended_ms = Some(1_490);
        assert_eq!(instance.over_at_ms(), Some(1_500));
    }
}
