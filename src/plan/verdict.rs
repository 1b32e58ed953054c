//! What follows for one topic: listed, tombstoned or in no file; live or not; and whose.

use std::collections::BTreeMap;

use super::changes::{self, Update};
use super::inputs::{self, TopicInputs};
use super::ownership::{InventoryView, Ownership};
use super::{
    Action, Blocked, Change, ExternalChange, Options, Setting, UnknownConfigs, in_use, instances,
    owned_elsewhere, preflight, record, risks, unseen,
};
use crate::desired::{Desired, Removal, Topic};
use crate::live::{Live, LiveTopic, Owned, OwnerKey, UnseenTopic};
use crate::model::{OnRemove, Place, TopicName};

/// What follows for one topic.
#[derive(Debug, Default)]
pub(super) struct TopicPlan {
    /// What is done.
    pub(super) change: Option<Change>,
    /// What is held back.
    pub(super) blocked: Vec<Blocked>,
    /// Keys that are left alone.
    pub(super) unknown_configs: Option<UnknownConfigs>,
    /// Whether it is as the files say.
    pub(super) is_right: bool,
    /// Whether it cannot be compared, because not enough of it could be read.
    pub(super) is_not_visible: bool,
    /// Whether no file names it and nobody owns it.
    pub(super) is_unlisted: bool,
    /// Who else owns it, where no file names it.
    pub(super) theirs: Option<OwnerKey>,
}

impl From<Change> for TopicPlan {
    fn from(change: Change) -> Self {
        Self {
            change: Some(change),
            ..Self::default()
        }
    }
}

impl From<Blocked> for TopicPlan {
    fn from(blocked: Blocked) -> Self {
        Self {
            blocked: vec![blocked],
            ..Self::default()
        }
    }
}

/// Everything that decides.
pub(super) struct Table<'a> {
    desired: &'a Desired,
    live: &'a Live,
    options: &'a Options,
    inventory_view: Option<InventoryView<'a>>,
    instances: instances::InstanceTopics<'a>,
    unseen: BTreeMap<&'a TopicName, UnseenTopic<'a>>,
}

impl<'a> Table<'a> {
    pub(super) fn new(
        desired: &'a Desired,
        live: &'a Live,
        options: &'a Options,
        scope: Option<&str>,
    ) -> Self {
        let inventory_view = InventoryView::open(live, &desired.environment, scope);
        let instances = instances::wanted(desired, inventory_view.as_ref());
        Self {
            desired,
            live,
            options,
            inventory_view,
            instances,
            unseen: live.unseen_topics(),
        }
    }

    /// Why a topic cannot be compared with what it should be.
    pub(super) fn unseen(&self, name: &TopicName) -> Option<UnseenTopic<'a>> {
        self.unseen.get(name).copied()
    }

    /// The inventory, where it is in use.
    pub(super) fn inventory_view(&self) -> Option<&InventoryView<'a>> {
        self.inventory_view.as_ref()
    }

    /// What instances should have.
    pub(super) fn instances(&self) -> &instances::InstanceTopics<'a> {
        &self.instances
    }

    /// The topics that are looked at and that anything can follow for, by name.
    pub(super) fn topics(&self) -> impl Iterator<Item = TopicInputs<'a>> {
        let (desired, live) = (self.desired, self.live);
        inputs::names(desired, live, self.inventory_view())
            .into_iter()
            .filter(|name| self.options.wants(name))
            .map(inputs::lookup(desired, live, self.inventory_view()))
    }

    /// What follows for one of them.
    pub(super) fn verdict(&self, inputs: &TopicInputs<'a>) -> TopicPlan {
        if let Some(unseen) = self.unseen_of(inputs) {
            return self.not_visible(inputs, unseen);
        }
        let mut verdict = match (inputs.topic, inputs.removal) {
            (Some(topic), _) => self.listed(inputs, topic),
            (None, Some(removal)) => self.removed(inputs, removal),
            (None, None) => self.in_no_file(inputs),
        };
        self.forget_applied_removal(inputs, &mut verdict);
        verdict
    }

    /// Why a topic cannot be compared. Its configs matter only where they should be something.
    fn unseen_of(&self, inputs: &TopicInputs<'a>) -> Option<UnseenTopic<'a>> {
        let unseen = self.unseen(inputs.name);
        let is_others = matches!(
            inputs.ownership,
            Some(Ownership::OwnedElsewhere(_) | Ownership::OfInstance(_))
        );
        let is_listed = inputs.topic.is_some() && !is_others;
        let is_compared = || is_listed || self.is_of_instance(inputs);
        match (unseen, inputs.found) {
            (Some(UnseenTopic::ConfigsHidden(_)), _) => unseen.filter(|_| is_compared()),
            (Some(_), _) => unseen,
            (None, Some(found)) if found.config.is_none() && is_compared() => {
                Some(UnseenTopic::ConfigsHidden(unseen::NOT_READ))
            }
            (None, _) => None,
        }
    }

    /// Whether the topic should be as a running instance's lifecycle declares it.
    fn is_of_instance(&self, inputs: &TopicInputs<'a>) -> bool {
        matches!(inputs.ownership, Some(Ownership::OfInstance(_)))
            && self.instances.topic(inputs.name, inputs.found).is_some()
    }

    /// What the files ask for, or did, of a topic that cannot be compared.
    fn not_visible(&self, inputs: &TopicInputs<'a>, unseen: UnseenTopic<'_>) -> TopicPlan {
        let name = inputs.name;
        let listed = inputs.topic.map(|t| &t.declared_at);
        let removed = inputs.removal.map(|t| &t.declared_at);
        let place = listed.or(removed);
        let ours =
            matches!(inputs.ownership, Some(Ownership::Owned(_))) || self.is_of_instance(inputs);
        // A removal that was applied deletes nothing any more.
        let is_applied = |inventory_view: &InventoryView| {
            inputs.topic.is_none() && inventory_view.applied_removal(name).is_some()
        };
        let is_declared = place.is_some() && !self.inventory_view.as_ref().is_some_and(is_applied);
        match is_declared || ours {
            true => TopicPlan {
                is_not_visible: true,
                blocked: unseen::blocked(name, unseen, place, self.options)
                    .into_iter()
                    .collect(),
                ..TopicPlan::default()
            },
            false => TopicPlan::default(),
        }
    }

    /// A tombstone that has left the files may do its work again once it comes back.
    fn forget_applied_removal(&self, inputs: &TopicInputs<'a>, verdict: &mut TopicPlan) {
        let name = inputs.name;
        let applied_removal = self
            .inventory_view
            .as_ref()
            .and_then(|inventory_view| inventory_view.applied_removal(name));
        if applied_removal.is_none() || inputs.removal.is_some() {
            return;
        }
        let recorded = || inputs.ownership.and_then(Ownership::owned).cloned();
        let listed = inputs.topic;
        let change = verdict.change.get_or_insert_with(|| Change {
            recorded: recorded().map(Box::new),
            to_record: recorded().map(Box::new),
            declared_at: listed.map(|listed| listed.declared_at.clone()),
            ..Change::new(name.clone(), Action::UpdateInventory)
        });
        let applied_removal = Some("spent".into());
        let removal = record::in_inventory(Setting::Removal, applied_removal, None, None);
        change.settings.push(removal);
        verdict.is_right = false;
    }

    fn listed(&self, inputs: &TopicInputs<'a>, topic: &Topic) -> TopicPlan {
        let (name, place) = (inputs.name, &topic.declared_at);
        match (inputs.found, inputs.ownership) {
            (_, Some(Ownership::OfInstance(instance))) => {
                owned_elsewhere::by_instance(name, instance, place).into()
            }
            (_, Some(Ownership::OwnedElsewhere(whose))) => self.theirs(name, whose, place),
            (None, ownership) => self.missing(name, topic, ownership),
            (Some(found), ownership) => self.live(name, topic, found, ownership),
        }
    }

    fn theirs(&self, name: &TopicName, whose: &OwnerKey, place: &Place) -> TopicPlan {
        owned_elsewhere::by_scope(
            name,
            whose,
            self.inventory_view.as_ref().map(InventoryView::us),
            place,
        )
        .into()
    }

    /// A listed topic that is not there.
    fn missing(&self, name: &TopicName, topic: &Topic, ownership: Option<Ownership>) -> TopicPlan {
        if let Some(blocked) = preflight::of_create(name, topic, self.live, self.options) {
            return blocked.into();
        }
        let mut change = changes::create(name, topic);
        change
            .risks
            .extend(risks::of_create(topic, &self.live.broker_defaults));
        if let Some(inventory_view) = &self.inventory_view {
            let after = self.record_of(topic, None, inventory_view);
            match ownership {
                Some(Ownership::Owned(owned)) => {
                    change.external_change = Some(ExternalChange::Deleted);
                    change.recorded = Some(Box::new(owned.clone()));
                    change.drifted = true;
                    let news = record::news(owned, &after, topic, &change).into_iter();
                    let seen = news.filter(|change| change.setting == Setting::OnRemove);
                    change.settings.extend(seen);
                }
                _ => change.settings.extend(record::first(&after, None, topic)),
            }
            change.to_record = Some(Box::new(after));
        }
        change.into()
    }

    /// A listed topic that is there, and not another's.
    fn live(
        &self,
        name: &TopicName,
        topic: &Topic,
        found: &LiveTopic,
        ownership: Option<Ownership>,
    ) -> TopicPlan {
        let environment = &self.desired.environment;
        let inputs = (self.live, self.options);
        let Update {
            mut change,
            blocked,
            unknown_configs,
        } = changes::update(name, topic, found, environment, inputs);
        let alters = !change.settings.is_empty();
        if let Some(Ownership::Owned(owned)) = ownership
            && !alters
            && blocked.is_empty()
            && record::is_up_to_date(owned, topic, found)
        {
            return TopicPlan {
                is_right: true,
                unknown_configs,
                ..TopicPlan::default()
            };
        }
        if let (Some(inventory_view), Some(ownership)) = (&self.inventory_view, ownership) {
            self.account(
                &mut change,
                topic,
                found,
                &blocked,
                (inventory_view, ownership),
            );
        }
        change.action = match (alters, change.adopt) {
            (true, _) => Action::Update,
            (false, true) => Action::Adopt,
            (false, false) => Action::UpdateInventory,
        };
        let changes = change.adopt || !change.settings.is_empty();
        if changes {
            change.recorded = ownership.and_then(Ownership::owned).cloned().map(Box::new);
        }
        TopicPlan {
            is_right: !changes && blocked.is_empty(),
            change: changes.then_some(change),
            blocked,
            unknown_configs,
            ..TopicPlan::default()
        }
    }

    /// What the change of a live topic means for the inventory.
    fn account(
        &self,
        change: &mut Change,
        topic: &Topic,
        found: &LiveTopic,
        blocked: &[Blocked],
        (inventory_view, ownership): (&InventoryView, Ownership),
    ) {
        let mut after = self.record_of(topic, Some(found), inventory_view);
        let before = ownership.owned();
        record::keep_what_is_not_applied(&mut after, before, blocked);
        match ownership {
            Ownership::Unowned(was) => change.settings.extend(record::first(&after, was, topic)),
            _ => {
                let news = before.map(|before| record::news(before, &after, topic, change));
                change.settings.extend(news.unwrap_or_default());
            }
        }
        change.adopt = !matches!(ownership, Ownership::Owned(_));
        if change.adopt {
            risks::of_adopt(&mut change.settings);
            let defaults = &self.live.broker_defaults;
            change
                .risks
                .extend(risks::of_state(found, defaults, &change.settings));
        }
        if let Ownership::Recreated(_) = ownership {
            change.external_change = Some(ExternalChange::Recreated);
        }
        if let Some(before) = before {
            super::drift::mark(before, &mut change.settings);
        }
        change.to_record = Some(Box::new(after));
    }

    fn record_of(
        &self,
        topic: &Topic,
        found: Option<&LiveTopic>,
        inventory_view: &InventoryView,
    ) -> Owned {
        let commit = self.options.commit.as_deref();
        record::of_topic(topic, found, inventory_view.us(), commit)
    }

    fn removed(&self, inputs: &TopicInputs<'a>, removal: &Removal) -> TopicPlan {
        let (name, ownership) = (inputs.name, inputs.ownership);
        let place = &removal.declared_at;
        let Some(found) = inputs.found else {
            // A tombstone of a topic that is not there has done its work.
            return match ownership {
                Some(Ownership::Owned(owned)) => {
                    forgotten(name, owned, ExternalChange::Deleted, place)
                }
                _ => TopicPlan::default(),
            };
        };
        let applied_removal = self
            .inventory_view
            .as_ref()
            .is_some_and(|inventory_view| inventory_view.is_removal_applied(name, found));
        match ownership {
            Some(Ownership::OfInstance(instance)) => {
                owned_elsewhere::by_instance(name, instance, place).into()
            }
            Some(Ownership::OwnedElsewhere(whose)) => self.theirs(name, whose, place),
            Some(Ownership::Recreated(owned)) if applied_removal => {
                forgotten(name, owned, ExternalChange::Recreated, place)
            }
            _ if applied_removal => TopicPlan::default(),
            Some(Ownership::Owned(owned) | Ownership::Recreated(owned)) => {
                self.delete(name, Some(place), found, Some(owned))
            }
            Some(Ownership::Unowned(_)) | None => self.delete(name, Some(place), found, None),
        }
    }

    fn delete(
        &self,
        name: &TopicName,
        place: Option<&Place>,
        found: &LiveTopic,
        recorded: Option<&Owned>,
    ) -> TopicPlan {
        let usage = self.live.usage.get(name);
        let is_another =
            |owned: &&Owned| crate::live::is_another(owned.id.as_ref(), found.id.as_ref());
        let blocked = preflight::of_delete(name, place, self.live, self.options)
            .or_else(|| in_use::of_delete(name, place, usage, &self.options.allow));
        match blocked {
            Some(blocked) => blocked.into(),
            None => Change {
                recorded: recorded.cloned().map(Box::new),
                external_change: recorded
                    .filter(is_another)
                    .map(|_| ExternalChange::Recreated),
                ..changes::delete(name, place, found, usage)
            }
            .into(),
        }
    }

    fn in_no_file(&self, inputs: &TopicInputs<'a>) -> TopicPlan {
        let name = inputs.name;
        match (inputs.ownership, inputs.found) {
            (Some(Ownership::Owned(owned)), Some(found)) => match owned.on_remove {
                Some(OnRemove::Delete) if owned.id.is_none() && found.id.is_some() => {
                    owned_elsewhere::unproven(name, self.environment()).into()
                }
                Some(OnRemove::Delete) => self.delete(name, None, found, Some(owned)),
                // What is not known is not deleted.
                Some(OnRemove::Retain) | None => release(name, owned, Some(found), None),
            },
            (Some(Ownership::Owned(owned)), None) => {
                release(name, owned, None, Some(ExternalChange::Deleted))
            }
            (Some(Ownership::Recreated(owned)), found) => match owned.on_remove {
                Some(OnRemove::Delete) => {
                    owned_elsewhere::recreated(name, self.environment()).into()
                }
                Some(OnRemove::Retain) | None => TopicPlan {
                    is_unlisted: true,
                    ..release(name, owned, found, Some(ExternalChange::Recreated))
                },
            },
            (Some(Ownership::OwnedElsewhere(whose)), Some(_)) => TopicPlan {
                theirs: Some(whose.clone()),
                ..TopicPlan::default()
            },
            (Some(Ownership::OfInstance(_)), found) => self.of_instance(name, found),
            (Some(Ownership::Unowned(_)) | None, Some(_)) => TopicPlan {
                is_unlisted: true,
                ..TopicPlan::default()
            },
            (_, None) => TopicPlan::default(),
        }
    }

    /// A topic that its instance's lifecycle speaks of. It is changed like a listed one, and never
    /// made.
    fn of_instance(&self, name: &TopicName, found: Option<&LiveTopic>) -> TopicPlan {
        let (Some(topic), Some(found)) = (self.instances.topic(name, found), found) else {
            return TopicPlan::default();
        };
        self.live(name, topic, found, None)
    }

    fn environment(&self) -> &str {
        &self.desired.environment.name
    }
}

/// A topic that is left to whoever wants it.
fn release(
    name: &TopicName,
    owned: &Owned,
    found: Option<&LiveTopic>,
    external_change: Option<ExternalChange>,
) -> TopicPlan {
    Change {
        id: found.and_then(|found| found.id.clone()),
        recorded: Some(Box::new(owned.clone())),
        external_change,
        ..Change::new(name.clone(), Action::Release)
    }
    .into()
}

/// A tombstone's topic that is not there any more, and still recorded.
fn forgotten(
    name: &TopicName,
    owned: &Owned,
    external_change: ExternalChange,
    place: &Place,
) -> TopicPlan {
    Change {
        declared_at: Some(place.clone()),
        recorded: Some(Box::new(owned.clone())),
        external_change: Some(external_change),
        settings: vec![record::in_inventory(
            Setting::Record,
            Some("owned".into()),
            None,
            Some(place),
        )],
        ..Change::new(name.clone(), Action::UpdateInventory)
    }
    .into()
}
