//! What the tool recorded on the cluster itself: who owns which topic and how it was last applied,
//! what is held, which tombstones are spent, which instances of lifecycles there are.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::snapshot::records::{AppliedRemovalFields, HoldFields, InstanceFields, OwnedFields};
use crate::model::{ConfigMap, OnRemove, TopicName};

/// Everything that is recorded on a cluster, by all scopes and environments.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inventory {
    /// The topics that somebody owns.
    pub topics: BTreeMap<TopicName, Owned>,
    /// The topics that no apply touches for a while.
    pub holds: BTreeMap<TopicName, Hold>,
    /// The tombstones that have done their work, by topic, scope and environment.
    pub applied_removals: Vec<AppliedRemoval>,
    /// The instances of lifecycles, by scope, environment, lifecycle and parameters.
    pub instances: Vec<Instance>,
}

/// Whose a record is. Topics on one cluster belong to one scope and environment each.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OwnerKey {
    /// The scope; `None` means the one that is asking.
    pub scope: Option<String>,
    /// The environment; `None` means the one that is asking.
    pub environment: Option<String>,
}

/// Who wrote a record, and when.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stamp {
    /// The commit that the files were of.
    pub commit: Option<String>,
    /// Who: the user, and the machine.
    pub by: Option<String>,
    /// When, by the broker's clock, in ms since 1970.
    pub at_ms: Option<i64>,
}

/// A topic that is owned, as it was last applied. What is `None` is not known, and is compared with
/// nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "OwnedFields", into = "OwnedFields")]
pub struct Owned {
    /// Who owns it.
    pub whose: OwnerKey,
    /// The id of the topic that was applied.
    pub id: Option<String>,
    /// What happens once the topic leaves the files.
    pub on_remove: Option<OnRemove>,
    /// The owner; `Some(None)` where no file sets it.
    pub owner: Option<Option<String>>,
    /// The partitions last applied; `None` also where they were left to others.
    pub partitions: Option<u32>,
    /// The replication factor last applied; `None` also where it was left to others.
    pub replication_factor: Option<u32>,
    /// The declared configs last applied.
    pub config: Option<ConfigMap<String>>,
    /// Where it was declared, `topics/a.toml:3`.
    pub declared_at: Option<String>,
    /// Who applied it last.
    pub stamp: Stamp,
}

/// A topic that keeps what was done to it by hand until the hold ends.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "HoldFields", into = "HoldFields")]
pub struct Hold {
    /// Whose applies it keeps off.
    pub whose: OwnerKey,
    /// When it ends, by the broker's clock, in ms since 1970.
    pub until_ms: i64,
    /// Why.
    pub reason: String,
    /// Who asked for it.
    pub stamp: Stamp,
}

/// A tombstone that has done its work. Written before the delete, with the id of what is deleted,
/// so that no interruption can lose it: a live topic with another id was made later, and is safe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "AppliedRemovalFields", into = "AppliedRemovalFields")]
pub struct AppliedRemoval {
    /// Whose tombstone.
    pub whose: OwnerKey,
    /// The topic's name.
    pub topic: TopicName,
    /// The id of the topic that it was for; `None` where the cluster gives none.
    pub id: Option<String>,
    /// Who deleted it.
    pub stamp: Stamp,
}

/// One instance of a lifecycle.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "InstanceFields", into = "InstanceFields")]
pub struct Instance {
    /// Whose.
    pub whose: OwnerKey,
    /// The lifecycle, `[lifecycles.NAME]`.
    pub lifecycle: String,
    /// What tells it from the other instances.
    pub parameters: BTreeMap<String, String>,
    /// Its topics, each with its id where the cluster gives one. The topics are recorded before
    /// they are made, without ids.
    pub topics: BTreeMap<TopicName, Option<String>>,
    /// When it was started, by the broker's clock, in ms since 1970.
    pub started_ms: i64,
    /// When it was ended, where it was.
    pub ended_ms: Option<i64>,
    /// How long after its end its topics are deleted.
    pub delete_after_ms: u64,
    /// The age at which it ends by itself.
    pub max_age_ms: Option<u64>,
    /// Who wrote this last.
    pub stamp: Stamp,
}

impl Instance {
    /// When its topics are to be deleted, as far as that is known.
    pub fn over_at_ms(&self) -> Option<i64> {
        let after = |from: i64, ms: u64| from.saturating_add_unsigned(ms);
        let ended = self.ended_ms.map(|at| after(at, self.delete_after_ms));
        let aged = self.max_age_ms.map(|age| after(self.started_ms, age));
        ended.into_iter().chain(aged).min()
    }
}

impl OwnerKey {
    /// Whether a record is of this scope and environment.
    pub fn is(&self, scope: Option<&str>, environment: &str) -> bool {
        let same = |recorded: &Option<String>, asking: Option<&str>| {
            recorded.as_deref().is_none_or(|own| asking == Some(own))
        };
        same(&self.scope, scope) && same(&self.environment, Some(environment))
    }
}

impl Inventory {
    /// The topics that belong to instances.
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
