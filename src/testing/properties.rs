//! Properties for any configuration and any cluster: an apply of the plan leaves only blocked
//! changes, changes nothing that is not managed, and does not depend on the order of the inputs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use jsonschema::Validator;
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};

use crate::desired::{Desired, Topic, Unmanaged};
use crate::live::{
    AppliedRemoval, BrokerDefault, ConfigSource, Hold, Inventory, Live, LiveTopic, Owned, OwnerKey,
    ReplicationFactor, Stamp, Unknown, Unread,
    snapshot::{self, LiveDocument},
};
use crate::model::config::is_throttle;
use crate::model::document;
use crate::model::schema::of_environments;
use crate::model::{ConfigKey, ConfigMap, Globs, OnRemove, TopicName};
use crate::plan::{Action, Change, Options, Plan, PlanDocument, Setting, make};
use crate::render::{self, Style};
use crate::testing::{desired, live, removal, saved, topic};

/// Keys with valid values; some values of a key are equal.
pub const CONFIGS: [(&str, &[&str]); 12] = [
    (
        "cleanup.policy",
        &["delete", "compact", "compact,delete", "delete, compact", ""],
    ),
    ("compression.type", &["producer", "zstd", "lz4"]),
    ("confluent.tier", &["on", "off"]),
    ("leader.replication.throttled.replicas", &["*", "0:1"]),
    ("max.message.bytes", &["1048588", "2097152"]),
    ("message.timestamp.type", &["CreateTime", "LogAppendTime"]),
    ("min.cleanable.dirty.ratio", &["0.5", "0.50", "0.9"]),
    ("min.insync.replicas", &["1", "2", "3"]),
    ("remote.storage.enable", &["true", "TRUE", "false"]),
    ("retention.bytes", &["-1", "1000", "2000"]),
    (
        "retention.ms",
        &["-1", "604800000", "0604800000", "86400000"],
    ),
    ("vendor.key", &["1", "2"]),
];
const NAMES: [&str; 5] = ["a", "a.b", "a_b", "b", "c-1"];
const SOURCES: [ConfigSource; 3] = [
    ConfigSource::Broker,
    ConfigSource::BrokerDefault,
    ConfigSource::KafkaDefault,
];

fn any_config() -> impl Strategy<Value = BTreeMap<&'static str, &'static str>> {
    let entry = (select(&CONFIGS[..]), any::<Index>());
    let entry = entry.prop_map(|((key, values), index)| (key, *index.get(values)));
    vec(entry, 0..6).prop_map(|entries| entries.into_iter().collect())
}

fn any_topic() -> impl Strategy<Value = Topic> {
    let keys = CONFIGS.map(|(key, _)| ConfigKey::from(key)).to_vec();
    let unmanaged = (any::<bool>(), any::<bool>(), subsequence(keys, 0..3));
    let on_remove = select(&[OnRemove::Retain, OnRemove::Delete][..]);
    let unmanaged = weighted(0.3, unmanaged);
    (1..6u32, 1..4u32, any_config(), unmanaged, on_remove).prop_map(
        |(partitions, factor, mut config, unmanaged, on_remove)| {
            // Configurations that `validate` rejects are never planned.
            if config
                .get("min.insync.replicas")
                .is_some_and(|min| min.parse::<u32>().unwrap() > factor)
            {
                config.remove("min.insync.replicas");
            }
            let config: Vec<_> = config.into_iter().collect();
            let mut topic = topic(partitions, factor, &config);
            topic.on_remove = on_remove;
            if let Some((partitions, replication_factor, keys)) = unmanaged {
                topic.unmanaged = Unmanaged {
                    partitions,
                    replication_factor,
                    config: keys.into_iter().collect(),
                };
            }
            topic
        },
    )
}

fn any_desired() -> impl Strategy<Value = Desired> {
    let listed = btree_map(select(&NAMES[..]), any_topic(), 0..5);
    let removed = btree_set(select(&NAMES[..]), 0..3);
    let ignore = subsequence(vec!["confluent.*", "retention.*"], 0..2);
    (listed, removed, any::<bool>(), ignore).prop_map(|(listed, removed, pin, ignore)| {
        let mut desired = desired([]);
        desired.environment.pin = pin;
        desired.environment.ignore_configs = Globs::new(&ignore).unwrap();
        for name in removed
            .into_iter()
            .filter(|name| !listed.contains_key(name))
        {
            desired.removed.insert(name.into(), removal());
        }
        let listed = listed.into_iter().map(|(name, topic)| (name.into(), topic));
        desired.topics = listed.collect();
        desired
    })
}

pub fn any_default() -> impl Strategy<Value = (ConfigKey, BrokerDefault)> {
    (select(&CONFIGS[..]), any::<Index>(), select(&SOURCES[..])).prop_map(
        |((key, values), index, source)| {
            let value = (*index.get(values)).to_owned();
            (key.into(), BrokerDefault { value, source })
        },
    )
}

pub fn any_live_topic() -> impl Strategy<Value = LiveTopic> {
    let config = weighted(0.9, any_config());
    let behind = vec(any_default(), 0..2);
    (1..6u32, vec(1..4u32, 1..3), config, behind, any_id()).prop_map(
        |(partitions, replicas, config, behind, id)| {
            let own = |(key, value): (&str, &str)| (ConfigKey::from(key), value.to_owned());
            LiveTopic {
                id,
                partitions,
                replication_factor: ReplicationFactor::of(replicas),
                config: config.map(|config| config.into_iter().map(own).collect()),
                behind: behind.into_iter().collect(),
            }
        },
    )
}

fn any_id() -> impl Strategy<Value = Option<String>> {
    weighted(0.7, select(&["1", "2"][..])).prop_map(|id| id.map(str::to_owned))
}

fn any_whose() -> impl Strategy<Value = OwnerKey> {
    let scope = weighted(0.2, Just("other".to_owned()));
    scope.prop_map(|scope| OwnerKey {
        scope,
        environment: None,
    })
}

fn any_owned() -> impl Strategy<Value = Owned> {
    let on_remove = weighted(0.9, select(&[OnRemove::Retain, OnRemove::Delete][..]));
    let owner = weighted(0.5, weighted(0.5, Just("ann".to_owned())));
    let counts = (weighted(0.8, 1..6u32), weighted(0.8, 1..4u32));
    let config = weighted(0.8, any_config());
    (any_whose(), any_id(), on_remove, owner, counts, config).prop_map(
        |(whose, id, on_remove, owner, (partitions, replication_factor), config)| {
            let own = |(key, value): (&str, &str)| (ConfigKey::from(key), value.to_owned());
            Owned {
                whose,
                id,
                on_remove,
                owner,
                partitions,
                replication_factor,
                config: config.map(|config| config.into_iter().map(own).collect()),
                ..Owned::default()
            }
        },
    )
}

fn any_inventory() -> impl Strategy<Value = Inventory> {
    let topics = btree_map(select(&NAMES[..]), any_owned(), 0..5);
    let held = btree_set(select(&NAMES[..]), 0..2);
    let applied_removals = btree_map(select(&NAMES[..]), any_id(), 0..2);
    (topics, held, applied_removals).prop_map(|(topics, held, applied_removals)| Inventory {
        topics: topics
            .into_iter()
            .map(|(name, owned)| (name.into(), owned))
            .collect(),
        holds: held
            .into_iter()
            .map(|name| (name.into(), Hold::default()))
            .collect(),
        applied_removals: applied_removals
            .into_iter()
            .map(|(topic, id)| AppliedRemoval {
                whose: OwnerKey::default(),
                topic: topic.into(),
                id,
                stamp: Stamp::default(),
            })
            .collect(),
        instances: Vec::new(),
    })
}

fn any_live() -> impl Strategy<Value = Live> {
    let topics = btree_map(select(&NAMES[..]), any_live_topic(), 0..5);
    let inventory = weighted(0.8, any_inventory());
    (topics, vec(any_default(), 0..12), inventory).prop_map(|(topics, defaults, inventory)| {
        let mut live = live([]);
        live.inventory = inventory;
        live.broker_defaults = defaults.into_iter().collect();
        // Missing defaults are then unknown, not Kafka's own.
        live.unknown.push(Unknown {
            what: Unread::BrokerDefaults,
            why: "Cluster authorization failed.".to_owned(),
        });
        let topics = topics.into_iter().map(|(name, topic)| (name.into(), topic));
        live.topics = topics.collect();
        live
    })
}

/// Applies a plan to a live state.
fn apply_to(mut live: Live, plan: &Plan) -> Live {
    for change in &plan.changes {
        if change.action == Action::Delete {
            assert!(live.topics.remove(&change.topic).is_some());
        }
        if let Some(inventory) = &mut live.inventory {
            record(inventory, change);
        }
        if !matches!(
            change.action,
            Action::Create | Action::Update | Action::Adopt
        ) {
            continue;
        }
        let created = change.action == Action::Create;
        assert_eq!(created, !live.topics.contains_key(&change.topic));
        let topic = live
            .topics
            .entry(change.topic.clone())
            .or_insert_with(|| LiveTopic {
                config: Some(ConfigMap::new()),
                ..LiveTopic::default()
            });
        for change in change.on_topic() {
            let number = || change.to().unwrap().number().unwrap();
            match &change.setting {
                Setting::Partitions => {
                    assert!(created || number() > topic.partitions);
                    topic.partitions = number();
                }
                Setting::ReplicationFactor => {
                    assert!(created);
                    topic.replication_factor = ReplicationFactor::Same(number());
                }
                Setting::Config(key) => {
                    let config = topic.config.as_mut().unwrap();
                    match change.to() {
                        Some(to) => config.insert(key.clone(), to.to_string()),
                        None => config.remove(key),
                    };
                }
                other => panic!("{other} is no setting of a topic"),
            }
        }
    }
    live
}

/// Writes the record of a change that was made.
fn record(inventory: &mut Inventory, change: &Change) {
    match &change.to_record {
        Some(record) => {
            inventory
                .topics
                .insert(change.topic.clone(), (**record).clone());
        }
        None if change.recorded.is_some() => {
            assert!(inventory.topics.remove(&change.topic).is_some());
        }
        None => {}
    }
    let mut inventory_only = change.inventory_only();
    if inventory_only.any(|record| record.setting == Setting::Removal) {
        inventory
            .applied_removals
            .retain(|applied_removals| applied_removals.topic != change.topic);
    }
}

/// Returns whether this key of this topic may be changed.
fn may_touch(desired: &Desired, topic: &Topic, key: &ConfigKey) -> bool {
    let ignored = desired.environment.ignore_configs.matches(key.as_str());
    let left = ignored || is_throttle(key.as_str()) || key.spec().is_none();
    !topic.unmanaged.config.contains(key) && (topic.config.contains_key(key) || !left)
}

/// Returns whether a missing entry or a removal deletes a topic.
fn goes(desired: &Desired, before: &Live, name: &TopicName, id: &Option<String>) -> bool {
    let Some(inventory) = &before.inventory else {
        return desired.removed.contains_key(name);
    };
    let owned = inventory.topics.get(name);
    let same = |recorded: &Option<String>| recorded.is_none() || id.is_none() || recorded == id;
    let owned = owned.filter(|owned| same(&owned.id));
    let applied_removals = inventory
        .applied_removals
        .iter()
        .find(|applied_removals| applied_removals.topic == *name);
    let is_removal_applied = applied_removals.is_some_and(|applied_removals| {
        applied_removals.id.is_none() || applied_removals.id != *id
    });
    let theirs = owned.is_some_and(|owned| owned.whose.scope.is_some());
    let armed = owned.is_some_and(|owned| {
        let is_proven = owned.id.is_some() || id.is_none();
        owned.on_remove == Some(OnRemove::Delete) && is_proven
    });
    let wanted = match desired.removed.contains_key(name) {
        true => !is_removal_applied,
        false => armed,
    };
    wanted && !theirs && !inventory.holds.contains_key(name)
}

fn untouched(desired: &Desired, before: &Live, after: &Live) {
    for (name, found) in &before.topics {
        let Some(wanted) = desired.topics.get(name) else {
            let goes = goes(desired, before, name, &found.id);
            assert_eq!(after.topics.get(name), (!goes).then_some(found));
            continue;
        };
        let now = &after.topics[name];
        assert_eq!(now.replication_factor, found.replication_factor);
        assert!(!wanted.unmanaged.partitions || now.partitions == found.partitions);
        let others = |topic: &LiveTopic| -> Option<ConfigMap<String>> {
            let mut config = topic.config.clone()?;
            config.retain(|key, _| !may_touch(desired, wanted, key));
            Some(config)
        };
        assert_eq!(others(now), others(found));
    }
    let (Some(before), Some(after)) = (&before.inventory, &after.inventory) else {
        return;
    };
    // Held topics and topics of other owners are kept; recreated topics are not.
    for (name, owned) in &before.topics {
        let kept =
            before.holds.contains_key(name) || owned.whose.scope.is_some() && owned.id.is_none();
        assert!(!kept || after.topics.get(name) == Some(owned));
    }
}

/// Returns the same cluster from a snapshot in reverse order.
fn reversed(live: &Live) -> Live {
    fn reverse(value: serde_json::Value) -> serde_json::Value {
        match value {
            serde_json::Value::Object(map) => map
                .into_iter()
                .rev()
                .map(|(key, value)| (key, reverse(value)))
                .collect(),
            other => other,
        }
    }
    snapshot::parse(&reverse(document::json(&LiveDocument::from(live))).to_string()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn after_an_apply_nothing_is_left_but_what_is_blocked(
        desired in any_desired(),
        before in any_live(),
    ) {
        let options = Options::default();
        let first = make(&desired, &before, &options);
        let after = apply_to(before.clone(), &first);
        untouched(&desired, &before, &after);
        let second = make(&desired, &after, &options);
        prop_assert!(second.is_empty(), "{:?}", second.changes);
        prop_assert_eq!(&second.blocked, &first.blocked);
        prop_assert_eq!(&second.held, &first.held);
        prop_assert_eq!(&second.theirs, &first.theirs);
        let released = first.changes.iter().filter(|change| {
            change.action == Action::Release && change.external_change.is_none()
        });
        let mut unlisted = first.unlisted.clone();
        unlisted.extend(released.map(|change| change.topic.clone()));
        unlisted.sort();
        prop_assert_eq!(&second.unlisted, &unlisted);
        let blocked = second.blocked.iter().map(|blocked| &blocked.topic);
        let held = second.held.iter().filter(|held| held.change.is_some() || !held.blocked.is_empty());
        prop_assert_eq!(&second.not_visible, &first.not_visible);
        let not_right = blocked.chain(held.map(|held| &held.topic)).chain(&second.not_visible);
        let not_right: BTreeSet<_> = not_right.collect();
        let not_right = not_right.iter().filter(|name| desired.topics.contains_key(name.as_str()));
        prop_assert_eq!(second.unchanged, desired.topics.len() - not_right.count());
        prop_assert!(second.refused.is_empty());
    }

    #[test]
    fn a_plan_is_what_its_schema_says(desired in any_desired(), live in any_live()) {
        static SCHEMA: LazyLock<Validator> = LazyLock::new(|| {
            jsonschema::draft7::new(&of_environments::<PlanDocument>()).unwrap()
        });
        let document = document::json(&PlanDocument::from(&make(&desired, &live, &Options::default())));
        let wrong: Vec<String> = SCHEMA.iter_errors(&document).map(|e| e.to_string()).collect();
        prop_assert!(wrong.is_empty(), "{:?}\n{:#}", wrong, document);
    }

    /// A plan approves all of itself, including its risks; changes that are done drop out.
    #[test]
    fn a_saved_plan_approves_itself(desired in any_desired(), before in any_live(), part in 0..3usize) {
        let plan = make(&desired, &before, &Options::default());
        let mut done = plan.clone();
        done.changes.truncate(part);
        let now = apply_to(before, &done);
        let options = Options { approval: Some(saved(&plan)), ..Options::default() };
        let fresh = make(&desired, &now, &options);
        prop_assert!(fresh.refused.is_empty(), "{:?}", fresh.refused);
        prop_assert_eq!(&fresh.changes, &plan.changes[part.min(plan.changes.len())..]);
    }

    #[test]
    fn the_order_of_inputs_does_not_matter(desired in any_desired(), live in any_live()) {
        let allow = ["topic-deleted:a*", "retention-shortened"].map(|a| a.parse().unwrap());
        let mut options = Options { allow: allow.to_vec(), ..Options::default() };
        let plan = make(&desired, &live, &options);
        let mut other_desired = desired.clone();
        let topics: Vec<(TopicName, Topic)> = desired.topics.clone().into_iter().rev().collect();
        other_desired.topics = topics.into_iter().collect();
        options.allow.reverse();
        let other = make(&other_desired, &reversed(&live), &options);
        prop_assert_eq!(&plan, &other);
        let text = |plan| render::plan::text(plan, Style::default());
        prop_assert_eq!(text(&plan), text(&other));
        let json = |plan| document::json(&PlanDocument::from(plan)).to_string();
        prop_assert_eq!(json(&plan), json(&other));
    }
}
