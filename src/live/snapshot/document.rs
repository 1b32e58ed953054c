//! The live state as JSON, `topicsmith/live/1`: what `snapshot` writes and `--live` reads.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values::{Count, Distinct, MAX_PARTITIONS, MAX_REPLICAS, Named};
use crate::live::{
    AppliedRemoval, Broker, BrokerDefault, ConfigSource, Hold, Instance, Inventory, Live,
    LiveTopic, Owned, ReplicationFactor, Unknown, Unread, Usage,
};
use crate::model::config::SPECS;
use crate::model::document::document_format;
use crate::model::{BrokerTime, ConfigKey, TopicName};

document_format!(
    /// The format of a snapshot.
    LiveFormat = "topicsmith/live/1" of LiveDocument, several as "snapshots"
);

/// What one cluster holds.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "an object, as a snapshot is")]
// Holds, applied removals and instances require `inventory`.
#[schemars(extend("anyOf" = [
    {"required": ["inventory"], "properties": {"inventory": {"type": "object"}}},
    {"properties": {
        "holds": {"maxProperties": 0},
        "applied_removals": {"maxItems": 0},
        "instances": {"maxItems": 0},
    }},
]))]
pub struct LiveDocument {
    /// The format of this document.
    pub format: LiveFormat,
    /// The cluster's id, where it reports one.
    pub cluster_id: Option<String>,
    /// The release of Kafka, as far as the brokers report it.
    pub kafka_version: Option<String>,
    /// The brokers that are up.
    #[serde(default)]
    pub brokers: Vec<Broker>,
    /// What a topic without the key holds. A key that is left out has Kafka's own default.
    #[serde(default)]
    pub broker_defaults: Named<ConfigKey, BrokerDefault>,
    /// The topics.
    pub topics: Named<TopicName, LiveTopic>,
    /// The owned topics; absent where no inventory is in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inventory: Option<Named<TopicName, Owned>>,
    /// The topics that no apply touches for a while.
    #[serde(default, skip_serializing_if = "Named::is_empty")]
    pub holds: Named<TopicName, Hold>,
    /// The removals that have deleted their topic.
    #[serde(default, skip_serializing_if = "Distinct::is_empty")]
    pub applied_removals: Distinct<AppliedRemoval>,
    /// The instances of lifecycles.
    #[serde(default, skip_serializing_if = "Distinct::is_empty")]
    pub instances: Distinct<Instance>,
    /// When the cluster was read, in ms since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub now_ms: Option<i64>,
    /// What could not be read, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<Unknown>,
    /// Who uses the topics that were read before a delete.
    #[serde(default, skip_serializing_if = "Named::is_empty")]
    pub usage: Named<TopicName, Usage>,
}

/// A topic on the cluster.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "an object, as a topic is")]
pub struct LiveTopicDocument {
    /// Kafka's id of the topic (KIP-516), where the cluster reports one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// How many partitions it has.
    pub partitions: Count<MAX_PARTITIONS>,
    /// How many replicas its partitions have.
    pub replication_factor: ReplicationFactor,
    /// What is set on the topic itself; absent where nothing is, `null` where it was not read.
    #[serde(default = "nothing_set")]
    pub config: Option<Named<ConfigKey, String>>,
    /// What it would inherit for a key of `config` without it, where this is not the broker's default.
    #[serde(default, skip_serializing_if = "Named::is_empty")]
    pub inherited_defaults: Named<ConfigKey, BrokerDefault>,
}

fn nothing_set() -> Option<Named<ConfigKey, String>> {
    Some(Named::default())
}

/// The replication factor of a topic: a number, or the different numbers where partitions differ.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "expected a number, or a list of numbers where partitions differ"
)]
pub enum ReplicasDocument {
    /// All partitions have as many replicas.
    Same(#[schemars(range(min = 1, max = 32_767))] i64),
    /// The different numbers.
    Mixed(#[schemars(length(min = 1), inner(range(min = 1, max = 32_767)))] Vec<i64>),
}

/// A default: its value alone where it is set for all brokers.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "expected a string, or {\"value\", \"source\"} with source `broker`, `broker-default` or `kafka-default`"
)]
pub enum DefaultDocument {
    /// The value that is set for all brokers.
    OfBrokers(String),
    /// A value and its source.
    Other(OtherDefault),
}

/// A default and its source.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OtherDefault {
    /// The value.
    value: String,
    /// Where it is set.
    source: DefaultSource,
}

/// The sources that a default can have: all but the topic itself.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum DefaultSource {
    Broker,
    BrokerDefault,
    KafkaDefault,
}

impl From<&Live> for LiveDocument {
    fn from(live: &Live) -> Self {
        let Live {
            cluster_id,
            kafka_version,
            brokers,
            broker_defaults,
            topics,
            inventory,
            now,
            unknown,
            usage,
            preflight_errors: _,
        } = live.clone();
        let is_in_use = inventory.is_some();
        let Inventory {
            topics: owned,
            holds,
            applied_removals,
            instances,
        } = inventory.unwrap_or_default();
        Self {
            format: LiveFormat,
            cluster_id,
            kafka_version,
            brokers,
            broker_defaults: broker_defaults.into_iter().collect(),
            topics: topics.into_iter().collect(),
            inventory: is_in_use.then(|| owned.into_iter().collect()),
            holds: holds.into_iter().collect(),
            applied_removals: Distinct(applied_removals),
            instances: Distinct(instances),
            now_ms: now.map(BrokerTime::now_ms),
            unknown,
            usage: usage.into_iter().collect(),
        }
    }
}

impl TryFrom<LiveDocument> for Live {
    type Error = String;

    fn try_from(document: LiveDocument) -> Result<Self, String> {
        let LiveDocument {
            format: LiveFormat,
            cluster_id,
            kafka_version,
            brokers,
            broker_defaults,
            topics,
            inventory,
            holds,
            applied_removals,
            instances,
            now_ms,
            unknown,
            usage,
        } = document;
        let others = [
            ("holds", holds.is_empty()),
            ("applied_removals", applied_removals.is_empty()),
            ("instances", instances.is_empty()),
        ];
        let inventory = match (inventory, others.iter().find(|(_, is_empty)| !is_empty)) {
            (None, Some((field, _))) => return Err(format!("`{field}` needs `inventory`")),
            (None, None) => None,
            (Some(topics), _) => Some(Inventory {
                topics: topics.collect(),
                holds: holds.collect(),
                applied_removals: applied_removals.0,
                instances: instances.0,
            }),
        };
        let mut live = Live {
            cluster_id,
            kafka_version,
            brokers,
            broker_defaults: broker_defaults.collect(),
            topics: topics.collect(),
            inventory,
            now: now_ms.map(BrokerTime::recorded),
            unknown,
            usage: usage.collect(),
            preflight_errors: BTreeMap::new(),
        };
        complete_defaults(&mut live);
        Ok(live)
    }
}

/// Completes the broker defaults with Kafka's built-in defaults, unless the snapshot records that
/// they could not be read.
fn complete_defaults(live: &mut Live) {
    let mut unknown = live.unknown.iter();
    if unknown.any(|one| one.what == Unread::BrokerDefaults) {
        return;
    }
    for spec in SPECS {
        let built_in = || BrokerDefault {
            value: spec.default.to_owned(),
            source: ConfigSource::KafkaDefault,
        };
        let key = ConfigKey::from(spec.name);
        live.broker_defaults.entry(key).or_insert_with(built_in);
    }
}

impl From<LiveTopic> for LiveTopicDocument {
    fn from(topic: LiveTopic) -> Self {
        let LiveTopic {
            id,
            partitions,
            replication_factor,
            config,
            behind,
        } = topic;
        Self {
            id,
            partitions: Count(partitions),
            replication_factor,
            config: config.map(Named::from_iter),
            inherited_defaults: behind.into_iter().collect(),
        }
    }
}

impl From<LiveTopicDocument> for LiveTopic {
    fn from(document: LiveTopicDocument) -> Self {
        let LiveTopicDocument {
            id,
            partitions,
            replication_factor,
            config,
            inherited_defaults,
        } = document;
        Self {
            id,
            partitions: partitions.0,
            replication_factor,
            config: config.map(Named::collect),
            behind: inherited_defaults.collect(),
        }
    }
}

impl From<ReplicationFactor> for ReplicasDocument {
    fn from(factor: ReplicationFactor) -> Self {
        match factor {
            ReplicationFactor::Same(count) => ReplicasDocument::Same(count.into()),
            ReplicationFactor::Mixed(counts) => {
                ReplicasDocument::Mixed(counts.into_iter().map(i64::from).collect())
            }
        }
    }
}

impl TryFrom<ReplicasDocument> for ReplicationFactor {
    type Error = String;

    fn try_from(document: ReplicasDocument) -> Result<Self, String> {
        let count = |number| Count::<MAX_REPLICAS>::try_from(number).map(|count| count.0);
        match document {
            ReplicasDocument::Same(number) => count(number).map(ReplicationFactor::Same),
            ReplicasDocument::Mixed(numbers) if numbers.is_empty() => {
                Err("a list of replication factors cannot be empty".to_owned())
            }
            ReplicasDocument::Mixed(numbers) => {
                let counts = numbers.into_iter().map(count);
                Ok(ReplicationFactor::of(
                    counts.collect::<Result<Vec<u32>, String>>()?,
                ))
            }
        }
    }
}

impl From<BrokerDefault> for DefaultDocument {
    fn from(BrokerDefault { value, source }: BrokerDefault) -> Self {
        let source = match source {
            ConfigSource::BrokerDefault | ConfigSource::Topic => {
                return DefaultDocument::OfBrokers(value);
            }
            ConfigSource::Broker => DefaultSource::Broker,
            ConfigSource::KafkaDefault => DefaultSource::KafkaDefault,
        };
        DefaultDocument::Other(OtherDefault { value, source })
    }
}

impl From<DefaultDocument> for BrokerDefault {
    fn from(document: DefaultDocument) -> Self {
        let (value, source) = match document {
            DefaultDocument::OfBrokers(value) => (value, ConfigSource::BrokerDefault),
            DefaultDocument::Other(OtherDefault { value, source }) => {
                let source = match source {
                    DefaultSource::Broker => ConfigSource::Broker,
                    DefaultSource::BrokerDefault => ConfigSource::BrokerDefault,
                    DefaultSource::KafkaDefault => ConfigSource::KafkaDefault,
                };
                (value, source)
            }
        };
        Self { value, source }
    }
}

#[cfg(test)]
mod tests;

/// Something that could not be read.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "what is unknown: {\"what\", \"topic\", \"why\"}"
)]
pub struct UnknownDocument {
    /// What could not be read.
    what: UnreadKind,
    /// The topic, of all but `broker-defaults`.
    #[serde(skip_serializing_if = "Option::is_none")]
    topic: Option<TopicName>,
    /// Why, in the broker's words.
    why: String,
}

/// The kinds of what could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum UnreadKind {
    /// Whether a topic exists.
    TopicExistence,
    /// A topic that exists.
    Topic,
    /// The configs of a topic.
    TopicConfigs,
    /// The id of a topic.
    TopicId,
    /// What a topic without a key holds.
    BrokerDefaults,
    /// A record of the inventory.
    InventoryRecord,
}

impl From<Unknown> for UnknownDocument {
    fn from(Unknown { what, why }: Unknown) -> Self {
        let (what, topic) = match what {
            Unread::TopicExistence(topic) => (UnreadKind::TopicExistence, Some(topic)),
            Unread::Topic(topic) => (UnreadKind::Topic, Some(topic)),
            Unread::TopicConfigs(topic) => (UnreadKind::TopicConfigs, Some(topic)),
            Unread::TopicId(topic) => (UnreadKind::TopicId, Some(topic)),
            Unread::BrokerDefaults => (UnreadKind::BrokerDefaults, None),
            Unread::InventoryRecord => (UnreadKind::InventoryRecord, None),
        };
        Self { what, topic, why }
    }
}

impl TryFrom<UnknownDocument> for Unknown {
    type Error = &'static str;

    fn try_from(document: UnknownDocument) -> Result<Self, &'static str> {
        let UnknownDocument { what, topic, why } = document;
        let of_topic: fn(TopicName) -> Unread = match what {
            UnreadKind::TopicExistence => Unread::TopicExistence,
            UnreadKind::Topic => Unread::Topic,
            UnreadKind::TopicConfigs => Unread::TopicConfigs,
            UnreadKind::TopicId => Unread::TopicId,
            UnreadKind::BrokerDefaults | UnreadKind::InventoryRecord if topic.is_some() => {
                return Err("what is no topic's has no `topic`");
            }
            UnreadKind::BrokerDefaults => {
                let what = Unread::BrokerDefaults;
                return Ok(Self { what, why });
            }
            UnreadKind::InventoryRecord => {
                let what = Unread::InventoryRecord;
                return Ok(Self { what, why });
            }
        };
        let what = of_topic(topic.ok_or("missing field `topic`")?);
        Ok(Self { what, why })
    }
}
