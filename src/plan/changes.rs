//! What is done to a topic that is made, changed or deleted, ownership aside.

use super::{
    Action, Blocked, Change, Options, Setting, SettingAction, SettingChange, UnknownConfigs,
    blocked, preflight, risks,
};
use crate::desired::{Environment, Topic};
use crate::diff::{self, ConfigDiff, Difference};
use crate::live::{Defaults, Live, LiveTopic, Usage};
use crate::model::{Place, TopicName};

/// A topic that is made.
pub(super) fn create(name: &TopicName, topic: &Topic) -> Change {
    let (partitions, factor) = (&topic.partitions, &topic.replication_factor);
    let set = |setting, to, place| SettingChange::set(setting, None, to, Some(place));
    let counts = [
        set(
            Setting::Partitions,
            partitions.value.into(),
            &partitions.place,
        ),
        set(
            Setting::ReplicationFactor,
            factor.value.into(),
            &factor.place,
        ),
    ];
    let config = topic.config.iter().map(|(key, value)| {
        let to = (&*value.value).into();
        set(Setting::Config(key.clone()), to, &value.place)
    });
    Change {
        declared_at: Some(topic.declared_at.clone()),
        settings: counts.into_iter().chain(config).collect(),
        ..Change::new(name.clone(), Action::Create)
    }
}

/// A topic that is deleted.
pub(super) fn delete(
    name: &TopicName,
    place: Option<&Place>,
    found: &LiveTopic,
    usage: Option<&Usage>,
) -> Change {
    let gone = |setting, from| SettingChange {
        setting,
        action: SettingAction::Remove,
        from: Some(from),
        from_source: None,
        inventory_only: false,
        drifted: false,
        declared_at: None,
        risks: Vec::new(),
    };
    Change {
        id: found.id.clone(),
        declared_at: place.cloned(),
        settings: vec![
            gone(Setting::Partitions, found.partitions.into()),
            gone(
                Setting::ReplicationFactor,
                (&found.replication_factor).into(),
            ),
        ],
        risks: risks::of_delete(),
        usage: usage.cloned(),
        ..Change::new(name.clone(), Action::Delete)
    }
}

/// What follows for a topic that is listed and live.
pub(super) struct Update {
    /// What changes; without any part where nothing does.
    pub(super) change: Change,
    /// What is held back.
    pub(super) blocked: Vec<Blocked>,
    /// Keys that are left alone.
    pub(super) unknown_configs: Option<UnknownConfigs>,
}

/// What is between a topic and its entry.
pub(super) fn update(
    name: &TopicName,
    topic: &Topic,
    found: &LiveTopic,
    environment: &Environment,
    (live, options): (&Live, &Options),
) -> Update {
    let defaults: &Defaults = &live.broker_defaults;
    let diff = diff::topic(topic, found, defaults, &environment.ignore_configs);
    let differ = diff.config.iter().flatten();
    let config = differ
        .filter(|diff| environment.pin || !matches!(diff.kind, Difference::NotHeld(_)))
        .map(config_change);
    let (partitions, fewer) = match blocked::partitions(name, found, &diff) {
        Ok(change) => (change, None),
        Err(fewer) => (None, Some(*fewer)),
    };
    let mut settings: Vec<SettingChange> = partitions.into_iter().chain(config).collect();
    let mut factor = blocked::replication_factor(name, found, &diff);
    let too_few = blocked::min_insync_replicas(name, topic, found, &mut settings, &mut factor);
    let refused = preflight::of_update(name, topic, (live, options), &mut settings);
    risks::of_update(found, defaults, &mut settings);
    let unknown_configs = (!diff.unknown_keys.is_empty()).then(|| UnknownConfigs {
        topic: name.clone(),
        keys: diff.unknown_keys.into_iter().cloned().collect(),
    });
    let held_back = fewer.into_iter().chain(factor).chain(too_few);
    let held_back = held_back.chain(refused);
    Update {
        change: Change {
            id: found.id.clone(),
            declared_at: Some(topic.declared_at.clone()),
            settings,
            ..Change::new(name.clone(), Action::Update)
        },
        blocked: held_back.collect(),
        unknown_configs,
    }
}

fn config_change(diff: &ConfigDiff) -> SettingChange {
    let (action, wanted) = match &diff.kind {
        Difference::Value(wanted) => {
            let to = (&*wanted.value).into();
            (SettingAction::Set(to), Some(wanted))
        }
        Difference::NotHeld(wanted) => {
            let to = (&*wanted.value).into();
            (SettingAction::Pin(to), Some(wanted))
        }
        Difference::Undeclared(behind) => {
            let default = behind.as_ref().map(|behind| behind.to_default());
            (SettingAction::Reset(default), None)
        }
    };
    SettingChange {
        setting: Setting::Config(diff.key.clone()),
        action,
        from: diff.live.map(|live| live.value.into()),
        from_source: diff.live.map(|live| live.source),
        inventory_only: false,
        drifted: false,
        declared_at: wanted.map(|wanted| wanted.place.clone()),
        risks: Vec::new(),
    }
}
