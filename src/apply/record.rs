//! The inventory records that an apply writes, and the owners that it finds.

use super::report::{Outcome, TopicOutcomes as Parts};
use crate::inventory::Asking;
use crate::live::{Inventory, Owned, OwnerKey, is_another};
use crate::model::TopicName;
use crate::plan::{self, Action, Change, Plan, Setting};

/// Returns the reader of the inventory for a plan.
pub(super) fn asking<'a>(plan: &'a Plan, topics: &'a [TopicName]) -> Asking<'a> {
    Asking {
        scope: plan.scope.as_deref(),
        environment: &plan.environment,
        named: topics,
    }
}

/// Returns the other owner of a topic, in words. A record of an earlier topic with the same name is
/// ignored.
pub(super) fn elsewhere(
    inventory: &Inventory,
    topic: &TopicName,
    id: Option<&String>,
    us: &OwnerKey,
) -> Option<String> {
    let is_this = |recorded: Option<&String>| !is_another(recorded, id);
    let mut instances = inventory.instances.iter();
    let of_instance = instances.find(|instance| {
        let recorded = instance.topics.get(topic);
        recorded.is_some_and(|recorded| is_this(recorded.as_ref()))
    });
    if let Some(instance) = of_instance {
        return Some(format!("the {}", plan::instance_words(instance)));
    }
    let owned = inventory.topics.get(topic)?;
    let others = owned.whose != *us && is_this(owned.id.as_ref());
    others.then(|| plan::owner(&owned.whose))
}

/// Returns whether nothing is left to record: a plain adopt is recorded before everything else.
pub(super) fn is_settled(change: &Change) -> bool {
    change.action == Action::Adopt
}

pub(super) fn whose(plan: &Plan) -> OwnerKey {
    OwnerKey {
        scope: plan.scope.clone(),
        environment: Some(plan.environment.clone()),
    }
}

/// Keeps the previously recorded values of parts that were not applied.
pub(super) fn keep_what_is_not_applied(owned: &mut Owned, change: &Change, parts: Option<&Parts>) {
    let applied = |setting: &Setting| {
        let known = parts.and_then(|parts| parts.get(&Some(setting.clone())));
        match known {
            Some(outcome) => matches!(outcome, Outcome::Applied | Outcome::AlreadyApplied),
            // A create only has parts for settings that differ.
            None => change.action == Action::Create,
        }
    };
    let before = change.recorded.as_ref();
    let configs = before.and_then(|before| before.config.as_ref());
    for setting in change.on_topic().map(|change| &change.setting) {
        if applied(setting) {
            continue;
        }
        match setting {
            Setting::Partitions => owned.partitions = before.and_then(|b| b.partitions),
            Setting::ReplicationFactor => {
                owned.replication_factor = before.and_then(|b| b.replication_factor);
            }
            Setting::Config(key) => {
                let held = owned.config.get_or_insert_default();
                match configs.and_then(|configs| configs.get(key)) {
                    Some(value) => drop(held.insert(key.clone(), value.clone())),
                    None => drop(held.remove(key)),
                }
            }
            _ => {}
        }
    }
}
