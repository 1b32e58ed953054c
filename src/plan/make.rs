//! Makes the plan: what is listed, tombstoned or in no file, against what is live.

use std::collections::BTreeMap;

use super::{
    Action, Allow, Blocked, Change, Cluster, ConfigAction, ConfigChange, CountChange, LeftAlone,
    Plan, blocked, gates, notes, risks,
};
use crate::desired::{Desired, Environment, Tombstone, Topic};
use crate::diff::{self, ConfigDiff, Defaults, Difference};
use crate::live::{Live, LiveTopic};
use crate::model::{Globs, TopicName};

/// What the caller asks for besides the files and the cluster.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The topics that are looked at; none means all.
    pub only: Globs,
    /// The risks that are allowed.
    pub allow: Vec<Allow>,
    /// The commit that the files are of.
    pub commit: Option<String>,
    /// Whose topics the files speak of, stronger than what the environment says.
    pub scope: Option<String>,
}

impl Options {
    fn wants(&self, name: &TopicName) -> bool {
        self.only.is_empty() || self.only.matches(name.as_str())
    }
}

/// Plans what an apply would do. The same inputs give the same plan.
pub fn make(desired: &Desired, live: &Live, options: &Options) -> Plan {
    let environment = &desired.environment;
    let mut plan = Plan {
        environment: environment.name.to_string(),
        scope: options
            .scope
            .clone()
            .or_else(|| environment.inventory.scope.clone()),
        cluster: Cluster {
            id: live.cluster_id.clone(),
            brokers: live.brokers.len(),
            kafka_version: live.kafka_version.clone(),
        },
        commit: options.commit.clone(),
        changes: Vec::new(),
        blocked: Vec::new(),
        unlisted: Vec::new(),
        left_alone: Vec::new(),
        unchanged: 0,
        refused: Vec::new(),
        notes: Vec::new(),
    };
    let wanted = |name: &TopicName| options.wants(name);
    for (name, topic) in desired.topics.iter().filter(|(name, _)| wanted(name)) {
        match live.topics.get(name) {
            None => plan.changes.push(create(name, topic)),
            Some(found) => {
                let update = update(name, topic, found, &live.broker_defaults, environment);
                plan.take(update);
            }
        }
    }
    for (name, tombstone) in desired.removed.iter().filter(|(name, _)| wanted(name)) {
        // A tombstone of a topic that is not there has done its work.
        if let Some(found) = live.topics.get(name) {
            plan.changes.push(delete(name, tombstone, found));
        }
    }
    plan.changes.sort_by(|a, b| a.topic.cmp(&b.topic));
    plan.unlisted = unlisted(desired, &live.topics, wanted);
    plan.refused = gates::refusals(desired, live, &plan.changes, &options.allow);
    plan.notes = notes::of(desired, live, &plan, wanted);
    plan
}

/// The live topics that no file names.
fn unlisted(
    desired: &Desired,
    live: &BTreeMap<TopicName, LiveTopic>,
    wanted: impl Fn(&TopicName) -> bool,
) -> Vec<TopicName> {
    let named =
        |name: &TopicName| desired.topics.contains_key(name) || desired.removed.contains_key(name);
    live.keys()
        .filter(|name| wanted(name) && !named(name))
        .filter(|name| !desired.environment.passes_over(name))
        .cloned()
        .collect()
}

fn create(name: &TopicName, topic: &Topic) -> Change {
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
        topic: name.clone(),
        action: Action::Create,
        adopt: false,
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
        risks: Vec::new(),
    }
}

fn delete(name: &TopicName, tombstone: &Tombstone, found: &LiveTopic) -> Change {
    Change {
        topic: name.clone(),
        action: Action::Delete,
        adopt: false,
        declared_at: Some(tombstone.declared_at.clone()),
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
        config: Vec::new(),
        risks: risks::of_delete(),
    }
}

/// What follows for a topic that is listed and live.
struct Update {
    change: Option<Change>,
    blocked: Vec<Blocked>,
    left_alone: Option<LeftAlone>,
}

impl Plan {
    fn take(&mut self, update: Update) {
        match update.change {
            Some(change) => self.changes.push(change),
            None => self.unchanged += 1,
        }
        self.blocked.extend(update.blocked);
        self.left_alone.extend(update.left_alone);
    }
}

fn update(
    name: &TopicName,
    topic: &Topic,
    found: &LiveTopic,
    defaults: &Defaults,
    environment: &Environment,
) -> Update {
    let diff = diff::topic(topic, found, defaults, &environment.ignore_configs);
    let differ = diff.config.iter().flatten();
    let mut config: Vec<ConfigChange> = differ
        .filter(|diff| environment.pin || !matches!(diff.kind, Difference::NotHeld(_)))
        .map(config_change)
        .collect();
    let (partitions, fewer) = match blocked::partitions(name, found, &diff) {
        Ok(change) => (change, None),
        Err(fewer) => (None, Some(*fewer)),
    };
    let mut factor = blocked::replication_factor(name, found, &diff);
    let too_few = blocked::min_insync_replicas(name, topic, found, &mut config, &mut factor);
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
    let changes = partitions.is_some() || !config.is_empty();
    Update {
        change: changes.then(|| Change {
            topic: name.clone(),
            action: Action::Update,
            adopt: false,
            declared_at: Some(topic.declared_at.clone()),
            partitions,
            replication_factor: None,
            config,
            risks,
        }),
        blocked: fewer.into_iter().chain(factor).chain(too_few).collect(),
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
