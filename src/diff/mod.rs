//! The differences between declared and live topics. Pure facts, without decisions.

mod config;
mod since;

pub use since::{Since, of_config, of_number};

use std::sync::Arc;

use crate::desired::Topic;
use crate::live::{Defaults, Effective, LiveTopic, ReplicationFactor};
use crate::model::{ConfigKey, Globs, Sourced};

/// The differences of one topic from its entry. `unmanaged` settings are not compared.
#[derive(Debug, Clone, PartialEq)]
pub struct TopicDiff<'a> {
    /// The declared partition count, if the topic has another.
    pub partitions: Option<&'a Sourced<u32>>,
    /// The declared replication factor, if any partition has another.
    pub replication_factor: Option<&'a Sourced<u32>>,
    /// The configs that differ, by key. `None` where the topic's configs were not read.
    pub config: Option<Vec<ConfigDiff<'a>>>,
    /// Undeclared keys on the topic that Kafka 4.3 does not have.
    pub unknown_keys: Vec<&'a ConfigKey>,
}

/// The difference of one config.
#[derive(Debug, Clone, PartialEq)]
pub struct ConfigDiff<'a> {
    /// The config's key.
    pub key: &'a ConfigKey,
    /// The live value; `None` if neither the topic nor a known default has one.
    pub live: Option<Effective<'a>>,
    /// The kind of difference.
    pub kind: Difference<'a>,
}

/// The kind of a config's difference.
#[derive(Debug, Clone, PartialEq)]
pub enum Difference<'a> {
    /// The declared value differs from the live value.
    Value(&'a Sourced<Arc<str>>),
    /// The declared value equals the live value, but is inherited: it is not set on the topic.
    NotHeld(&'a Sourced<Arc<str>>),
    /// The config is set on the topic and undeclared. Contains the value that the topic would
    /// inherit.
    Undeclared(Option<Effective<'a>>),
}

/// Compares a topic with its entry. `ignore` matches undeclared config keys that are not reported.
pub fn topic<'a>(
    wanted: &'a Topic,
    found: &'a LiveTopic,
    defaults: &'a Defaults,
    ignore: &Globs,
) -> TopicDiff<'a> {
    let partitions = &wanted.partitions;
    let factor = &wanted.replication_factor;
    let other_count = partitions.value != found.partitions;
    let other_factor = found.replication_factor != ReplicationFactor::Same(factor.value);
    let (config, unknown_keys) = config::compare(wanted, found, defaults, ignore);
    TopicDiff {
        partitions: (other_count && !wanted.unmanaged.partitions).then_some(partitions),
        replication_factor: (other_factor && !wanted.unmanaged.replication_factor)
            .then_some(factor),
        config,
        unknown_keys,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{found, kafka_default, live, topic};

    /// Returns `key:kind` of every difference.
    fn differ(wanted: &Topic, found: &LiveTopic, ignore: &[&str]) -> String {
        let defaults = live([]).broker_defaults;
        let ignore = Globs::new(ignore).unwrap();
        let diff = super::topic(wanted, found, &defaults, &ignore);
        let mut facts = Vec::new();
        facts.extend(diff.partitions.map(|_| "partitions".to_owned()));
        facts.extend(
            diff.replication_factor
                .map(|_| "replication factor".to_owned()),
        );
        for diff in diff.config.iter().flatten() {
            let kind = match diff.kind {
                Difference::Value(_) => "value",
                Difference::NotHeld(_) => "not held",
                Difference::Undeclared(_) => "undeclared",
            };
            facts.push(format!("{}: {kind}", diff.key));
        }
        facts.extend(
            diff.unknown_keys
                .iter()
                .map(|key| format!("{key}: unknown")),
        );
        facts.join(", ")
    }

    #[test]
    fn configs_are_compared_by_meaning_and_by_who_holds_them() {
        let wanted = topic(
            3,
            3,
            &[
                ("cleanup.policy", "compact,delete"),
                ("retention.ms", "604800000"),
                ("segment.bytes", "1048576"),
            ],
        );
        let own = found(
            3,
            3,
            &[
                ("cleanup.policy", "delete, compact"),
                ("retention.ms", "604800000"),
                ("segment.bytes", "01048576"),
            ],
        );
        assert_eq!(differ(&wanted, &own, &[]), "");
        let other = found(3, 3, &[("cleanup.policy", "compact")]);
        assert_eq!(
            differ(&wanted, &other, &[]),
            "cleanup.policy: value, retention.ms: not held, segment.bytes: value"
        );
    }

    #[test]
    fn undeclared_keys() {
        let held = [
            ("confluent.tier", "1"),
            ("follower.replication.throttled.replicas", "*"),
            ("retention.ms", "1"),
            ("vendor.key", "1"),
        ];
        let mut wanted = topic(3, 3, &[]);
        let found = found(3, 3, &held);
        assert_eq!(
            differ(&wanted, &found, &["confluent.*"]),
            "retention.ms: undeclared, vendor.key: unknown"
        );
        assert_eq!(
            differ(&wanted, &found, &["confluent.*", "retention.*", "vendor.*"]),
            ""
        );
        let unmanaged = ["confluent.tier", "retention.ms", "vendor.key"];
        wanted.unmanaged.config = unmanaged.map(ConfigKey::from).into();
        assert_eq!(differ(&wanted, &found, &[]), "");
    }

    #[test]
    fn ignored_keys_and_throttles_are_compared_where_they_are_declared() {
        let throttle = "leader.replication.throttled.replicas";
        let wanted = topic(3, 3, &[("confluent.tier", "2"), (throttle, "*")]);
        let found = found(3, 3, &[("confluent.tier", "1")]);
        assert_eq!(
            differ(&wanted, &found, &["confluent.*"]),
            format!("confluent.tier: value, {throttle}: value")
        );
    }

    #[test]
    fn what_is_unmanaged_is_not_compared_though_it_is_declared() {
        let mut wanted = topic(6, 3, &[("retention.ms", "1")]);
        let found = found(3, 1, &[("retention.ms", "2")]);
        let all = "partitions, replication factor, retention.ms: value";
        assert_eq!(differ(&wanted, &found, &[]), all);
        wanted.unmanaged.partitions = true;
        wanted.unmanaged.replication_factor = true;
        wanted.unmanaged.config = ["retention.ms".into()].into();
        assert_eq!(differ(&wanted, &found, &[]), "");
    }

    #[test]
    fn partitions_with_different_replication_factors_differ_from_each_of_them() {
        let mut live = found(3, 1, &[]);
        live.replication_factor = ReplicationFactor::of([3, 1, 3]);
        assert_eq!(differ(&topic(3, 3, &[]), &live, &[]), "replication factor");
        assert_eq!(differ(&topic(3, 1, &[]), &live, &[]), "replication factor");
    }

    #[test]
    fn configs_that_were_not_read_do_not_differ() {
        let mut live = found(3, 3, &[]);
        live.config = None;
        let wanted = topic(4, 3, &[("retention.ms", "1")]);
        assert_eq!(differ(&wanted, &live, &[]), "partitions");
    }

    #[test]
    fn without_a_known_default_nobody_can_say_what_holds() {
        let wanted = topic(3, 3, &[("retention.ms", "604800000")]);
        let (live, nothing) = (found(3, 3, &[]), Defaults::new());
        let diff = super::topic(&wanted, &live, &nothing, &Globs::default());
        let [diff] = diff.config.as_deref().unwrap() else {
            panic!("{diff:?}")
        };
        assert_eq!(diff.live, None);
        assert!(matches!(diff.kind, Difference::Value(_)));
    }

    #[test]
    fn the_default_behind_a_topics_own_value_goes_before_the_brokers() {
        let mut live = found(3, 3, &[("retention.ms", "1")]);
        live.behind
            .insert("retention.ms".into(), kafka_default("2"));
        let mut defaults = Defaults::new();
        defaults.insert("retention.ms".into(), kafka_default("3"));
        let wanted = topic(3, 3, &[]);
        let diff = super::topic(&wanted, &live, &defaults, &Globs::default());
        let Difference::Undeclared(Some(behind)) = &diff.config.as_ref().unwrap()[0].kind else {
            panic!("{diff:?}")
        };
        assert_eq!(behind.value, "2");
    }
}
