//! What an apply writes of a topic, and whose it finds it to be.

use super::report::{Outcome, TopicOutcomes as Parts};
use crate::inventory::Asking;
use crate::live::{Inventory, Owned, OwnerKey, is_another};
use crate::model::TopicName;
use crate::plan::{self, Action, Change, Plan, Setting};

/// Who reads the inventory for a plan.
pub(super) fn asking<'a>(plan: &'a Plan, topics: &'a [TopicName]) -> Asking<'a> {
    Asking {
        scope: plan.scope.as_deref(),
        environment: &plan.environment,
        named: topics,
    }
}

/// Who else has a topic by now, in words. A record of a topic of that name that was there before this
/// one means nothing.
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

/// Whether nothing is left to record of a change: that of an adopt alone was before everything else.
pub(super) fn is_settled(change: &Change) -> bool {
    change.action == Action::Adopt
}

pub(super) fn whose(plan: &Plan) -> OwnerKey {
    OwnerKey {
        scope: plan.scope.clone(),
        environment: Some(plan.environment.clone()),
    }
}

/// Of a part that was not applied stays recorded what was.
pub(super) fn keep_what_is_not_applied(owned: &mut Owned, change: &Change, parts: Option<&Parts>) {
    let applied = |setting: &Setting| {
        let known = parts.and_then(|parts| parts.get(&Some(setting.clone())));
        match known {
            Some(outcome) => matches!(outcome, Outcome::Applied | Outcome::AlreadyApplied),
            // A create has parts for what deviates alone.
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
