//! Builders for unit tests: minimal topics, environments and clusters; and properties of all of
//! them.

pub mod properties;

use std::collections::{BTreeMap, BTreeSet};

use crate::desired::{
    Defaults, Desired, Environment, Guards, Inventory, Removal, Topic, Unmanaged,
};
use crate::live::{BrokerDefault, ConfigSource, Live, LiveTopic, ReplicationFactor};
use crate::model::{Globs, Layer, OnRemove, Place, Sourced, document};
use crate::plan::{Approval, Plan, PlanDocument};

/// Returns what a plan approves after it is saved and read again.
pub fn saved(plan: &Plan) -> Approval {
    let text = document::json(&PlanDocument::from(plan)).to_string();
    text.parse()
        .unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Returns the place of a line in `topics/a.toml`.
pub fn line(line: u32) -> Place {
    Place {
        file: "topics/a.toml".into(),
        line,
        column: 1,
        length: 1,
    }
}

/// Returns a value that the topic's own table sets in this line.
pub fn at<T>(number: u32, value: T) -> Sourced<T> {
    Sourced {
        value,
        place: line(number),
        layer: Layer::Topic,
    }
}

/// Returns a topic with its entry in line 1, partitions in line 2, replication factor in line 3,
/// configs in line 4.
pub fn topic(partitions: u32, replication_factor: u32, config: &[(&str, &str)]) -> Topic {
    let config = config
        .iter()
        .map(|(key, value)| ((*key).into(), at(4, (*value).into())));
    Topic {
        declared_at: line(1),
        description: None,
        owner: None,
        labels: BTreeMap::new(),
        partitions: at(2, partitions),
        replication_factor: at(3, replication_factor),
        config: config.collect(),
        unmanaged: Unmanaged::default(),
        on_remove: OnRemove::Retain,
        traffic: None,
    }
}

/// Returns `prod`, without special settings.
pub fn environment() -> Environment {
    Environment {
        name: "prod".into(),
        description: None,
        groups: Vec::new(),
        cluster_id: None,
        ignore_topics: Globs::default(),
        ignore_configs: Globs::default(),
        pin: true,
        guards: Guards {
            max_destructive: at(9, 10),
            gate: BTreeSet::new(),
            allow: BTreeSet::new(),
            fail_on_unlisted: false,
        },
        inventory: Inventory {
            enabled: true,
            topic: "_topicsmith".into(),
            scope: None,
        },
        scopes: BTreeMap::new(),
    }
}

/// Returns a desired state with these topics in `prod`.
pub fn desired<const N: usize>(topics: [(&str, Topic); N]) -> Desired {
    Desired {
        environment: environment(),
        topics: topics.map(|(name, topic)| (name.into(), topic)).into(),
        removed: BTreeMap::new(),
        lifecycles: BTreeMap::new(),
        defaults: Defaults::default(),
    }
}

/// Returns a removal in line 40.
pub fn removal() -> Removal {
    Removal {
        declared_at: line(40),
        reason: None,
    }
}

/// Returns a live topic.
pub fn found(partitions: u32, replicas: u32, config: &[(&str, &str)]) -> LiveTopic {
    let config = config
        .iter()
        .map(|(key, value)| ((*key).into(), (*value).to_owned()));
    LiveTopic {
        id: None,
        partitions,
        replication_factor: ReplicationFactor::Same(replicas),
        config: Some(config.collect()),
        behind: BTreeMap::new(),
    }
}

/// Returns a built-in default of Kafka.
pub fn kafka_default(value: &str) -> BrokerDefault {
    BrokerDefault {
        value: value.to_owned(),
        source: ConfigSource::KafkaDefault,
    }
}

/// Returns a cluster of three brokers with Kafka's own defaults.
pub fn live<const N: usize>(topics: [(&str, LiveTopic); N]) -> Live {
    let specs = crate::model::config::SPECS.iter();
    Live {
        cluster_id: Some("c1".to_owned()),
        kafka_version: Some("4.3".to_owned()),
        brokers: (1..=3)
            .map(|id| crate::live::Broker { id, rack: None })
            .collect(),
        broker_defaults: specs
            .map(|s| (s.name.into(), kafka_default(s.default)))
            .collect(),
        topics: topics.map(|(name, topic)| (name.into(), topic)).into(),
        inventory: None,
        now: None,
        unknown: Vec::new(),
        usage: BTreeMap::new(),
        preflight_errors: BTreeMap::new(),
    }
}
