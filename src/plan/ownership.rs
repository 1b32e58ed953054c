//! Whose a topic is, by what the inventory holds.

use std::collections::BTreeMap;

use crate::desired::Environment;
use crate::live::{
    AppliedRemoval, Hold, Instance, Inventory, Live, LiveTopic, Owned, OwnerKey, is_another,
};
use crate::model::{BrokerTime, TopicName};

/// The inventory as one scope and environment reads it.
#[derive(Debug)]
pub struct InventoryView<'a> {
    inventory: &'a Inventory,
    instances: BTreeMap<&'a TopicName, &'a Instance>,
    applied_removals: BTreeMap<&'a TopicName, &'a AppliedRemoval>,
    now: Option<BrokerTime>,
    us: OwnerKey,
}

/// Whose a topic is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ownership<'a> {
    /// Nobody's, as far as is recorded. Where another scope or environment owned a topic of that name
    /// that was deleted and made again since, it says whose that was.
    Unowned(Option<&'a OwnerKey>),
    /// This scope's and environment's own: the very topic that was applied, or none that is live.
    Owned(&'a Owned),
    /// Nobody's, for it was deleted and made again since it was this scope's and environment's.
    Recreated(&'a Owned),
    /// Another scope's or environment's.
    OwnedElsewhere(&'a OwnerKey),
    /// An instance's of a lifecycle.
    OfInstance(&'a Instance),
}

impl<'a> Ownership<'a> {
    /// What is recorded of a topic that is, or was, this scope's and environment's.
    pub(super) fn owned(self) -> Option<&'a Owned> {
        match self {
            Ownership::Owned(owned) | Ownership::Recreated(owned) => Some(owned),
            Ownership::Unowned(_) | Ownership::OwnedElsewhere(_) | Ownership::OfInstance(_) => None,
        }
    }
}

impl<'a> InventoryView<'a> {
    /// Opens the inventory for whom the files speak; `None` where it is not in use.
    pub fn open(
        live: &'a Live,
        environment: &Environment,
        scope: Option<&str>,
    ) -> Option<InventoryView<'a>> {
        let inventory = live.inventory.as_ref();
        let inventory = inventory.filter(|_| environment.inventory.enabled)?;
        let ours = |whose: &OwnerKey| whose.is(scope, &environment.name);
        let applied_removals = inventory
            .applied_removals
            .iter()
            .filter(|applied_removals| ours(&applied_removals.whose));
        Some(Self {
            inventory,
            instances: inventory.instance_topics(),
            applied_removals: applied_removals
                .map(|applied_removals| (&applied_removals.topic, applied_removals))
                .collect(),
            now: live.now,
            us: OwnerKey {
                scope: scope.map(str::to_owned),
                environment: Some(environment.name.to_string()),
            },
        })
    }

    /// Whose what is recorded now is.
    pub fn us(&self) -> &OwnerKey {
        &self.us
    }

    /// Whose a topic is, which is live as it was found or not at all.
    pub fn ownership(&self, name: &TopicName, found: Option<&LiveTopic>) -> Ownership<'a> {
        self.standing_of(name, found, self.inventory.topics.get(name))
    }

    /// The same where it is known what is recorded of the topic.
    pub(super) fn standing_of(
        &self,
        name: &TopicName,
        found: Option<&LiveTopic>,
        owned: Option<&'a Owned>,
    ) -> Ownership<'a> {
        if let Some(instance) = self.instances.get(name) {
            return Ownership::OfInstance(instance);
        }
        let Some(owned) = owned else {
            return Ownership::Unowned(None);
        };
        let remade = found.is_some_and(|found| is_another(owned.id.as_ref(), found.id.as_ref()));
        match (self.is_ours(&owned.whose), remade) {
            (true, false) => Ownership::Owned(owned),
            (true, true) => Ownership::Recreated(owned),
            (false, false) => Ownership::OwnedElsewhere(&owned.whose),
            (false, true) => Ownership::Unowned(Some(&owned.whose)),
        }
    }

    /// What is recorded of each topic, whoever owns it.
    pub(super) fn recorded(&self) -> &'a BTreeMap<TopicName, Owned> {
        &self.inventory.topics
    }

    /// Everything that is recorded for this scope and environment under a topic's name.
    pub(super) fn names(&self) -> impl Iterator<Item = &'a TopicName> {
        let owned = self.inventory.topics.iter();
        let owned = owned.filter(|(_, owned)| self.is_ours(&owned.whose));
        let holds = self.inventory.holds.keys();
        let holds = holds.filter(|name| self.hold(name).is_some());
        let applied_removals = self.applied_removals.keys().copied();
        owned
            .map(|(name, _)| name)
            .chain(holds)
            .chain(applied_removals)
    }

    /// The hold on a topic that is in force. Where it is not known how late it is, every one is.
    pub fn hold(&self, name: &TopicName) -> Option<&'a Hold> {
        let hold = self.inventory.holds.get(name)?;
        let ended = self.now.is_some_and(|now| now.is_past(hold.until_ms));
        (self.is_ours(&hold.whose) && !ended).then_some(hold)
    }

    /// The note that a tombstone has done its work.
    pub(super) fn applied_removal(&self, name: &TopicName) -> Option<&'a AppliedRemoval> {
        self.applied_removals.get(name).copied()
    }

    /// Whether the tombstone of a live topic was for one before it. Where that cannot be told, it
    /// was: what may have been made later is not deleted.
    pub(super) fn is_removal_applied(&self, name: &TopicName, found: &LiveTopic) -> bool {
        let applied_removals = self.applied_removal(name);
        applied_removals.is_some_and(|applied_removals| {
            applied_removals.id.is_none() || applied_removals.id != found.id
        })
    }

    /// The instances of this scope and environment that run.
    pub fn running(&self) -> impl Iterator<Item = &'a Instance> {
        let instances = self.inventory.instances.iter();
        instances.filter(|instance| instance.ended_ms.is_none() && self.is_ours(&instance.whose))
    }

    /// Whether a record is of this scope and environment.
    pub(super) fn is_ours(&self, whose: &OwnerKey) -> bool {
        let environment = self.us.environment.as_deref().unwrap_or_default();
        whose.is(self.us.scope.as_deref(), environment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{environment, found, live};

    fn whose(scope: Option<&str>, environment: Option<&str>) -> OwnerKey {
        OwnerKey {
            scope: scope.map(str::to_owned),
            environment: environment.map(str::to_owned),
        }
    }

    fn owned(whose: OwnerKey, id: Option<&str>) -> Owned {
        Owned {
            whose,
            id: id.map(str::to_owned),
            ..Owned::default()
        }
    }

    fn with_id(id: Option<&str>) -> LiveTopic {
        LiveTopic {
            id: id.map(str::to_owned),
            ..found(1, 1, &[])
        }
    }

    #[test]
    fn a_topic_is_owned_as_long_as_it_is_the_same() {
        let ours = || whose(Some("media"), Some("prod"));
        let ownership = |record: Option<Owned>, id: Option<&str>| {
            let mut live = live([]);
            let topics = record.map(|record| ("a".into(), record));
            live.inventory = Some(Inventory {
                topics: topics.into_iter().collect(),
                ..Inventory::default()
            });
            let environment = environment();
            let inventory_view = InventoryView::open(&live, &environment, Some("media")).unwrap();
            match inventory_view.ownership(&"a".into(), Some(&with_id(id))) {
                Ownership::Unowned(None) => "nobody's",
                Ownership::Unowned(Some(_)) => "nobody's by now",
                Ownership::Owned(_) => "ours",
                Ownership::Recreated(_) => "was ours",
                Ownership::OwnedElsewhere(_) => "theirs",
                Ownership::OfInstance(_) => "an instance's",
            }
        };
        assert_eq!(ownership(None, Some("1")), "nobody's");
        for (recorded, is, said) in [
            (Some("1"), Some("1"), "ours"),
            (Some("1"), None, "ours"),
            (None, Some("1"), "ours"),
            (Some("1"), Some("2"), "was ours"),
        ] {
            assert_eq!(ownership(Some(owned(ours(), recorded)), is), said);
        }
        for others in [whose(Some("shop"), Some("prod")), whose(None, Some("dev"))] {
            let record = |id| Some(owned(others.clone(), id));
            assert_eq!(ownership(record(None), Some("2")), "theirs");
            assert_eq!(ownership(record(Some("1")), Some("2")), "nobody's by now");
        }
    }

    #[test]
    fn a_tombstone_is_spent_unless_the_topic_is_surely_the_one_that_it_was_for() {
        for (recorded, is, applied_removals) in [
            (Some("1"), Some("1"), false),
            (Some("1"), Some("2"), true),
            (Some("1"), None, true),
            (None, Some("1"), true),
            (None, None, true),
        ] {
            let mut live = live([]);
            let note = AppliedRemoval {
                whose: whose(None, None),
                topic: "a".into(),
                id: recorded.map(str::to_owned),
                stamp: crate::live::Stamp::default(),
            };
            live.inventory = Some(Inventory {
                applied_removals: vec![note],
                ..Inventory::default()
            });
            let environment = environment();
            let inventory_view = InventoryView::open(&live, &environment, None).unwrap();
            assert_eq!(
                inventory_view.is_removal_applied(&"a".into(), &with_id(is)),
                applied_removals
            );
        }
    }

    #[test]
    fn a_hold_is_in_force_until_it_ends_and_where_nobody_knows_how_late_it_is() {
        for (now_ms, held) in [(None, true), (Some(9), true), (Some(10), false)] {
            let mut live = live([]);
            let hold = Hold {
                until_ms: 10,
                ..Hold::default()
            };
            live.inventory = Some(Inventory {
                holds: [("a".into(), hold)].into(),
                ..Inventory::default()
            });
            live.now = now_ms.map(BrokerTime::recorded);
            let environment = environment();
            let inventory_view = InventoryView::open(&live, &environment, None).unwrap();
            assert_eq!(inventory_view.hold(&"a".into()).is_some(), held);
        }
    }

    #[test]
    fn what_is_turned_off_is_not_read() {
        let mut live = live([]);
        let mut environment = environment();
        assert!(InventoryView::open(&live, &environment, None).is_none());
        live.inventory = Some(Inventory::default());
        assert!(InventoryView::open(&live, &environment, None).is_some());
        environment.inventory.enabled = false;
        assert!(InventoryView::open(&live, &environment, None).is_none());
    }
}
