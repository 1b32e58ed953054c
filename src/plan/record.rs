//! What the inventory is to hold of a topic once a change is made, and what of that is news.

use std::collections::BTreeSet;

use super::{Blocked, Change, Setting, SettingAction, SettingChange, SettingValue};
use crate::desired::Topic;
use crate::live::{LiveTopic, Owned, OwnerKey, Stamp, is_another};
use crate::model::{ConfigKey, ConfigMap, OnRemove, Place};

/// All that a record of a topic holds, who and when excepted.
pub(super) fn of_topic(
    wanted: &Topic,
    found: Option<&LiveTopic>,
    us: &OwnerKey,
    commit: Option<&str>,
) -> Owned {
    let Topic {
        declared_at,
        description: _,
        owner,
        labels: _,
        partitions,
        replication_factor,
        config,
        unmanaged,
        on_remove,
        traffic: _,
    } = wanted;
    let managed = config
        .iter()
        .filter(|(key, _)| !unmanaged.config.contains(*key));
    Owned {
        whose: us.clone(),
        id: found.and_then(|found| found.id.clone()),
        on_remove: Some(*on_remove),
        owner: Some(owner.clone()),
        partitions: (!unmanaged.partitions).then_some(partitions.value),
        replication_factor: (!unmanaged.replication_factor).then_some(replication_factor.value),
        config: Some(
            managed
                .map(|(key, value)| (key.clone(), value.value.to_string()))
                .collect(),
        ),
        declared_at: Some(declared_at.file_line()),
        stamp: Stamp {
            commit: commit.map(str::to_owned),
            ..Stamp::default()
        },
    }
}

/// What is blocked is not applied: of it stays recorded what was.
pub(super) fn keep_what_is_not_applied(
    record: &mut Owned,
    before: Option<&Owned>,
    blocked: &[Blocked],
) {
    let mut keys: BTreeSet<&ConfigKey> = BTreeSet::new();
    for blocked in blocked {
        match &blocked.setting {
            Some(Setting::Partitions) => record.partitions = before.and_then(|b| b.partitions),
            Some(Setting::ReplicationFactor) => {
                record.replication_factor = before.and_then(|b| b.replication_factor);
            }
            Some(Setting::Config(key)) => drop(keys.insert(key)),
            _ => {}
        }
        keys.extend(&blocked.holds_back);
    }
    let before = before.and_then(|before| before.config.as_ref());
    for key in keys {
        let config = record.config.get_or_insert_default();
        match before.and_then(|before| before.get(key)) {
            Some(value) => drop(config.insert(key.clone(), value.clone())),
            None => drop(config.remove(key)),
        }
    }
}

/// Whether a record holds all that it is to hold of a topic to which nothing is done: there is no
/// [`news`] then.
pub(super) fn is_up_to_date(before: &Owned, wanted: &Topic, found: &LiveTopic) -> bool {
    let unmanaged = &wanted.unmanaged;
    let partitions = (!unmanaged.partitions).then_some(wanted.partitions.value);
    let factor = (!unmanaged.replication_factor).then_some(wanted.replication_factor.value);
    let configs = |before: &ConfigMap<String>| {
        let managed = |(key, _): &(&ConfigKey, _)| !unmanaged.config.contains(*key);
        let mut wanted = wanted.config.iter().filter(managed);
        let same = |(key, recorded): (&ConfigKey, &String)| {
            let next = wanted.next();
            next.is_some_and(|(next, value)| next == key && key.same(recorded, &value.value))
        };
        before.iter().all(same) && wanted.next().is_none()
    };
    !is_another(before.id.as_ref(), found.id.as_ref())
        && before
            .on_remove
            .is_none_or(|on_remove| on_remove == wanted.on_remove)
        && before
            .owner
            .as_ref()
            .is_none_or(|owner| *owner == wanted.owner)
        && (before.partitions.is_none() || before.partitions == partitions)
        && (before.replication_factor.is_none() || before.replication_factor == factor)
        && before.config.as_ref().is_none_or(configs)
}

/// What of a record changes besides what a change does to the topic itself.
pub(super) fn news(
    before: &Owned,
    after: &Owned,
    wanted: &Topic,
    change: &Change,
) -> Vec<SettingChange> {
    let entry = &wanted.declared_at;
    let id = is_another(before.id.as_ref(), after.id.as_ref())
        .then(|| differs(Setting::Id, text(&before.id), text(&after.id), entry));
    let on_remove = before.on_remove.map(|from| {
        let word = |on_remove: OnRemove| on_remove.as_str().into();
        let to = after.on_remove.map(word);
        differs(Setting::OnRemove, Some(word(from)), to, entry)
    });
    let owner = before.owner.as_ref().map(|from| {
        let to = after.owner.as_ref().and_then(text);
        differs(Setting::Owner, text(from), to, entry)
    });
    let partitions = before.partitions;
    let partitions = partitions.filter(|_| change.setting(&Setting::Partitions).is_none());
    let partitions = partitions.map(|from| {
        let place = &wanted.partitions.place;
        let to = after.partitions.map(SettingValue::from);
        differs(Setting::Partitions, Some(from.into()), to, place)
    });
    let factor = before.replication_factor.map(|from| {
        let place = &wanted.replication_factor.place;
        let to = after.replication_factor.map(SettingValue::from);
        differs(Setting::ReplicationFactor, Some(from.into()), to, place)
    });
    let touched: BTreeSet<&ConfigKey> = change
        .on_topic()
        .filter_map(SettingChange::config_key)
        .collect();
    let config = configs(before, after)
        .into_iter()
        .filter(|(key, ..)| !touched.contains(*key));
    let config = config.map(|(key, from, to)| {
        let place = wanted.config.get(key).map_or(entry, |value| &value.place);
        let value = |value: &String| value.as_str().into();
        let setting = Setting::Config(key.clone());
        differs(setting, from.map(value), to.map(value), place)
    });
    let fields = [id, on_remove, owner, partitions, factor];
    fields
        .into_iter()
        .flatten()
        .chain(config)
        .flatten()
        .collect()
}

fn text(value: &Option<String>) -> Option<SettingValue> {
    value.as_deref().map(SettingValue::from)
}

fn differs(
    setting: Setting,
    from: Option<SettingValue>,
    to: Option<SettingValue>,
    place: &Place,
) -> Option<SettingChange> {
    (from != to).then(|| in_inventory(setting, from, to, Some(place)))
}

/// A change of what the inventory alone holds.
pub(super) fn in_inventory(
    setting: Setting,
    from: Option<SettingValue>,
    to: Option<SettingValue>,
    place: Option<&Place>,
) -> SettingChange {
    SettingChange {
        setting,
        action: to.map_or(SettingAction::Remove, SettingAction::Set),
        from,
        from_source: None,
        inventory_only: true,
        drifted: false,
        declared_at: place.cloned(),
        risks: Vec::new(),
    }
}

/// A key with what is recorded for it, and what is to be.
type Recorded<'a> = (&'a ConfigKey, Option<&'a String>, Option<&'a String>);

/// The configs of which something else is to be recorded, by key.
fn configs<'a>(before: &'a Owned, after: &'a Owned) -> Vec<Recorded<'a>> {
    let Some(before) = &before.config else {
        return Vec::new();
    };
    static NOTHING: ConfigMap<String> = ConfigMap::new();
    let after = after.config.as_ref().unwrap_or(&NOTHING);
    let recorded = before
        .iter()
        .map(|(key, from)| (key, Some(from), after.get(key)));
    let new = after.iter().filter(|(key, _)| !before.contains_key(*key));
    let new = new.map(|(key, to)| (key, None, Some(to)));
    let differ = |(key, from, to): &Recorded| match (from, to) {
        (Some(from), Some(to)) => !key.same(from, to),
        _ => true,
    };
    let mut news: Vec<Recorded> = recorded.chain(new).filter(differ).collect();
    news.sort_by_key(|(key, ..)| *key);
    news
}

/// What a reviewer must see of the record of a topic that becomes owned: that its removal from the
/// files will delete it, and from whom it is taken.
pub(super) fn first(after: &Owned, was: Option<&OwnerKey>, wanted: &Topic) -> Vec<SettingChange> {
    let change = |setting, from, to| differs(setting, from, to, &wanted.declared_at);
    let armed = after
        .on_remove
        .filter(|on_remove| *on_remove == OnRemove::Delete)
        .map(|on_remove| on_remove.as_str().into());
    let taken = was.into_iter().flat_map(|was| {
        let us = &after.whose;
        let (environment, ours) = (text(&was.environment), text(&us.environment));
        [
            change(Setting::Scope, text(&was.scope), text(&us.scope)),
            change(Setting::Environment, environment, ours),
        ]
    });
    taken
        .flatten()
        .chain(change(Setting::OnRemove, None, armed))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Action;
    use crate::testing::{found, topic};

    /// Both ways to ask whether there is something to record give one answer.
    #[test]
    fn what_is_up_to_date_has_no_news() {
        let config = [("cleanup.policy", "compact,delete"), ("retention.ms", "1")];
        let mut wanted = topic(3, 2, &config);
        wanted.owner = Some("media".to_owned());
        let mut live = found(3, 2, &config);
        live.id = Some("id".to_owned());
        let recorded = of_topic(&wanted, Some(&live), &OwnerKey::default(), None);
        let same = |wanted: &Topic, before: &Owned| {
            let after = of_topic(wanted, Some(&live), &OwnerKey::default(), None);
            let nothing = Change::new("a".into(), Action::UpdateInventory);
            let none = news(before, &after, wanted, &nothing).is_empty();
            assert_eq!(is_up_to_date(before, wanted, &live), none, "{before:?}");
            none
        };
        assert!(same(&wanted, &recorded));
        // What is not known, and what means the same, is no news.
        let config = |config: &[(&str, &str)]| {
            let pairs = config.iter();
            Some(pairs.map(|(k, v)| ((*k).into(), (*v).to_owned())).collect())
        };
        let as_good: [fn(&mut Owned); 7] = [
            |r| r.id = None,
            |r| r.on_remove = None,
            |r| r.owner = None,
            |r| r.partitions = None,
            |r| r.replication_factor = None,
            |r| r.config = None,
            |r| r.declared_at = None,
        ];
        for change in as_good {
            let mut before = recorded.clone();
            change(&mut before);
            assert!(same(&wanted, &before));
        }
        let mut before = recorded.clone();
        before.config = config(&[
            ("cleanup.policy", "delete, compact"),
            ("retention.ms", "01"),
        ]);
        assert!(same(&wanted, &before));
        // All else is.
        let other: [fn(&mut Owned); 6] = [
            |r| r.id = Some("another".to_owned()),
            |r| r.on_remove = Some(OnRemove::Delete),
            |r| r.owner = Some(None),
            |r| r.partitions = Some(4),
            |r| r.replication_factor = Some(3),
            |r| r.config = Some(ConfigMap::new()),
        ];
        for change in other {
            let mut before = recorded.clone();
            change(&mut before);
            assert!(!same(&wanted, &before));
        }
        let other: [&[(&str, &str)]; 3] = [
            &[("cleanup.policy", "delete"), ("retention.ms", "1")],
            &[("cleanup.policy", "compact,delete"), ("segment.ms", "1")],
            &[
                ("cleanup.policy", "compact,delete"),
                ("retention.ms", "1"),
                ("segment.ms", "1"),
            ],
        ];
        for other in other {
            let mut before = recorded.clone();
            before.config = config(other);
            assert!(!same(&wanted, &before));
        }
        // What is left to others is not to be recorded.
        wanted.unmanaged.partitions = true;
        assert!(!same(&wanted, &recorded));
        wanted.unmanaged = crate::desired::Unmanaged {
            config: ["retention.ms".into()].into(),
            ..Default::default()
        };
        assert!(!same(&wanted, &recorded));
    }
}
