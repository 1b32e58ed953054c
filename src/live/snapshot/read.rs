//! The shape of a snapshot as it is read: objects and their fields.

use std::collections::BTreeMap;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny};

use super::values::{Count, Distinct, Named};
use crate::live::{
    Broker, BrokerDefault, Hold, Instance, Inventory, Live, LiveTopic, Owned, ReplicationFactor,
    Source, Spent, Unknown, Unread, Usage,
};
use crate::model::config::SPECS;
use crate::model::{ConfigKey, TopicName};

/// Kafka's own limits: a partition count is an `int32`, a replication factor an `int16`.
pub(super) const MAX_PARTITIONS: u32 = i32::MAX as u32;
pub(super) const MAX_REPLICAS: u32 = i16::MAX as u32;

/// The file as a whole.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object, as a snapshot is")]
struct File {
    #[serde(rename = "format")]
    _format: IgnoredAny,
    cluster_id: Option<String>,
    kafka_version: Option<String>,
    #[serde(default)]
    brokers: Vec<FileBroker>,
    #[serde(default)]
    broker_defaults: Named<ConfigKey, BrokerDefault>,
    topics: Named<TopicName, LiveTopic>,
    inventory: Option<Named<TopicName, Owned>>,
    #[serde(default)]
    holds: Named<TopicName, Hold>,
    #[serde(default)]
    spent: Distinct<Spent>,
    #[serde(default)]
    instances: Distinct<Instance>,
    now_ms: Option<i64>,
    #[serde(default)]
    unknown: Vec<Unknown>,
    /// What the in-use check saw.
    #[serde(default)]
    usage: Named<TopicName, Usage>,
}

/// A snapshot that says what it must.
pub(super) struct Snapshot(pub Live);

impl<'de> Deserialize<'de> for Snapshot {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let file = File::deserialize(deserializer)?;
        let others = [
            ("holds", file.holds.is_empty()),
            ("spent", file.spent.0.is_empty()),
            ("instances", file.instances.0.is_empty()),
        ];
        let recorded = others.iter().find(|(_, is_empty)| !is_empty);
        let inventory = match (file.inventory, recorded) {
            (None, Some((field, _))) => {
                let message = format!("`{field}` without `inventory`, where all that is stands");
                return Err(D::Error::custom(message));
            }
            (None, None) => None,
            (Some(topics), _) => Some(Inventory {
                topics: topics.collect(),
                holds: file.holds.collect(),
                spent: file.spent.0,
                instances: file.instances.0,
            }),
        };
        let mut live = Live {
            cluster_id: file.cluster_id,
            kafka_version: file.kafka_version,
            brokers: file.brokers.into_iter().map(Broker::from).collect(),
            broker_defaults: file.broker_defaults.collect(),
            topics: file.topics.collect(),
            inventory,
            now_ms: file.now_ms,
            unknown: file.unknown,
            usage: file.usage.collect(),
            objections: BTreeMap::new(),
        };
        complete_defaults(&mut live);
        Ok(Self(live))
    }
}

/// What a snapshot leaves out of the brokers' defaults is as Kafka ships it, unless it says that
/// they could not be read.
fn complete_defaults(live: &mut Live) {
    let mut unknown = live.unknown.iter();
    if unknown.any(|one| one.what == Unread::BrokerDefaults) {
        return;
    }
    for spec in SPECS {
        let built_in = || BrokerDefault {
            value: spec.default.to_owned(),
            source: Source::KafkaDefault,
        };
        let key = ConfigKey::from(spec.name);
        live.broker_defaults.entry(key).or_insert_with(built_in);
    }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields, expecting = "a broker: {\"id\", \"rack\"}")]
struct FileBroker {
    id: i32,
    rack: Option<String>,
}

impl From<FileBroker> for Broker {
    fn from(FileBroker { id, rack }: FileBroker) -> Self {
        Self { id, rack }
    }
}

#[derive(serde::Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "what is unknown: {\"what\", \"topic\", \"why\"}"
)]
struct FileUnknown {
    what: What,
    topic: Option<String>,
    why: String,
}

/// The parts of [`Unread`] as a snapshot writes them.
#[derive(Clone, Copy, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum What {
    TopicExistence,
    Topic,
    TopicConfigs,
    TopicId,
    BrokerDefaults,
}

impl<'de> Deserialize<'de> for Unknown {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let FileUnknown { what, topic, why } = FileUnknown::deserialize(deserializer)?;
        let of_topic: fn(TopicName) -> Unread = match (what, &topic) {
            (What::BrokerDefaults, None) => {
                let what = Unread::BrokerDefaults;
                return Ok(Self { what, why });
            }
            (What::BrokerDefaults, Some(_)) => {
                return Err(D::Error::custom("`broker-defaults` has no `topic`"));
            }
            (What::TopicExistence, _) => Unread::TopicExistence,
            (What::Topic, _) => Unread::Topic,
            (What::TopicConfigs, _) => Unread::TopicConfigs,
            (What::TopicId, _) => Unread::TopicId,
        };
        let topic = topic.ok_or_else(|| D::Error::missing_field("topic"))?;
        Ok(Self {
            what: of_topic(TopicName::new(topic)),
            why,
        })
    }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object, as a topic is")]
struct FileTopic {
    id: Option<String>,
    partitions: Count<MAX_PARTITIONS>,
    replication_factor: ReplicationFactor,
    /// Absent where nothing is set, `null` where it was not read.
    #[serde(default = "nothing_set")]
    config: Option<Named<ConfigKey, String>>,
    #[serde(default)]
    behind: Named<ConfigKey, BrokerDefault>,
}

fn nothing_set() -> Option<Named<ConfigKey, String>> {
    Some(Named::default())
}

impl<'de> Deserialize<'de> for LiveTopic {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let topic = FileTopic::deserialize(deserializer)?;
        Ok(Self {
            id: topic.id,
            partitions: topic.partitions.0,
            replication_factor: topic.replication_factor,
            config: topic.config.map(Named::collect),
            behind: topic.behind.collect(),
        })
    }
}
