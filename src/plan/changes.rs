//! What is done to a topic that is made, changed or deleted, ownership aside.

use super::{
    Action, Blocked, Change, ConfigAction, ConfigChange, CountChange, LeftAlone, Options, blocked,
    objections, risks,
};
use crate::desired::{Environment, Topic};
use crate::diff::{self, ConfigDiff, Defaults, Difference};
use crate::live::{Live, LiveTopic, Usage};
use crate::model::{Place, TopicName};

/// A topic that is made.
pub(super) fn create(name: &TopicName, topic: &Topic) -> Change {
    let partitions = &topic.partitions;
    let factor = &topic.replication_factor;
    let config = topic.config.iter().map(|(key, value)| ConfigChange {
        key: key.clone(),
        action: ConfigAction::Set,
        from: None,
        from_source: None,
        to: Some(value.value.to_string()),
        to_default: None,
        declared_at: Some(value.place.clone()),
    });
    Change {
        declared_at: Some(topic.declared_at.clone()),
        partitions: Some(CountChange {
            from: None,
            to: Some(partitions.value),
            declared_at: Some(partitions.place.clone()),
        }),
        replication_factor: Some(CountChange {
            from: None,
            to: Some(factor.value),
            declared_at: Some(factor.place.clone()),
        }),
        config: config.collect(),
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
    Change {
        id: found.id.clone(),
        declared_at: place.cloned(),
        partitions: Some(CountChange {
            from: Some(found.partitions),
            to: None,
            declared_at: None,
        }),
        replication_factor: Some(CountChange {
            from: Some(found.replication_factor.clone()),
            to: None,
            declared_at: None,
        }),
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
    pub(super) left_alone: Option<LeftAlone>,
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
    let mut config: Vec<ConfigChange> = differ
        .filter(|diff| environment.pin || !matches!(diff.kind, Difference::NotHeld(_)))
        .map(config_change)
        .collect();
    let (mut partitions, fewer) = match blocked::partitions(name, found, &diff) {
        Ok(change) => (change, None),
        Err(fewer) => (None, Some(*fewer)),
    };
    let mut factor = blocked::replication_factor(name, found, &diff);
    let too_few = blocked::min_insync_replicas(name, topic, found, &mut config, &mut factor);
    let inputs = (live, options);
    let refused = objections::of_update(name, topic, inputs, &mut partitions, &mut config);
    let risks = risks::of_update(&risks::Update {
        wanted: topic,
        found,
        defaults,
        partitions: partitions.as_ref(),
        config: &config,
    });
    let left_alone = (!diff.unknown_keys.is_empty()).then(|| LeftAlone {
        topic: name.clone(),
        keys: diff.unknown_keys.into_iter().cloned().collect(),
    });
    let held_back = fewer.into_iter().chain(factor).chain(too_few);
    let held_back = held_back.chain(refused);
    Update {
        change: Change {
            id: found.id.clone(),
            declared_at: Some(topic.declared_at.clone()),
            partitions,
            config,
            risks,
            ..Change::new(name.clone(), Action::Update)
        },
        blocked: held_back.collect(),
        left_alone,
    }
}

fn config_change(diff: &ConfigDiff) -> ConfigChange {
    let (action, wanted, behind) = match &diff.kind {
        Difference::Value(wanted) => (ConfigAction::Set, Some(wanted), None),
        Difference::NotHeld(wanted) => (ConfigAction::Pin, Some(wanted), None),
        Difference::Undeclared(behind) => (ConfigAction::Reset, None, behind.as_ref()),
    };
    ConfigChange {
        key: diff.key.clone(),
        action,
        from: diff.live.map(|live| live.value.to_owned()),
        from_source: diff.live.map(|live| live.source),
        to: wanted.map(|wanted| wanted.value.to_string()),
        to_default: behind.map(|behind| behind.to_default()),
        declared_at: wanted.map(|wanted| wanted.place.clone()),
    }
}
