//! What is recorded of topics, holds, tombstones and instances, as JSON objects: one shape for the
//! snapshot and for the inventory. A field that is absent is not known.

use std::collections::BTreeMap;

use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value, json};

use super::read::{MAX_PARTITIONS, MAX_REPLICAS};
use super::values::{Count, Named};
use crate::live::{Hold, Instance, Owned, Spent, Stamp, Whose};
use crate::model::{ConfigKey, ConfigMap, OnRemove, TopicName};

#[derive(serde::Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "an object, as the record of a topic is"
)]
struct OwnedFields {
    scope: Option<String>,
    environment: Option<String>,
    id: Option<String>,
    #[serde(default, deserialize_with = "on_remove")]
    on_remove: Option<OnRemove>,
    /// `null` where the files do not say.
    #[serde(default, deserialize_with = "stated")]
    owner: Option<Option<String>>,
    partitions: Option<Count<MAX_PARTITIONS>>,
    replication_factor: Option<Count<MAX_REPLICAS>>,
    config: Option<Named<ConfigKey, String>>,
    declared_at: Option<String>,
    commit: Option<String>,
    by: Option<String>,
    at_ms: Option<i64>,
}

fn on_remove<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<OnRemove>, D::Error> {
    let word = Option::<String>::deserialize(deserializer)?;
    let read = |word: String| {
        let unknown = |()| D::Error::custom(format!("`{word}` is neither `retain` nor `delete`"));
        word.parse().map_err(unknown)
    };
    word.map(read).transpose()
}

fn stated<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl<'de> Deserialize<'de> for Owned {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fields = OwnedFields::deserialize(deserializer)?;
        Ok(Self {
            whose: Whose {
                scope: fields.scope,
                environment: fields.environment,
            },
            id: fields.id,
            on_remove: fields.on_remove,
            owner: fields.owner,
            partitions: fields.partitions.map(|count| count.0),
            replication_factor: fields.replication_factor.map(|count| count.0),
            config: fields.config.map(Named::collect),
            declared_at: fields.declared_at,
            stamp: Stamp {
                commit: fields.commit,
                by: fields.by,
                at_ms: fields.at_ms,
            },
        })
    }
}

/// A hold as it is read. Its end is said, or counted from when it was recorded.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object, as a hold is")]
pub struct HoldFields {
    scope: Option<String>,
    environment: Option<String>,
    until_ms: Option<i64>,
    for_ms: Option<u64>,
    reason: String,
    commit: Option<String>,
    by: Option<String>,
    /// When it was recorded.
    pub at_ms: Option<i64>,
}

impl TryFrom<HoldFields> for Hold {
    type Error = &'static str;

    fn try_from(fields: HoldFields) -> Result<Self, Self::Error> {
        let counted = fields.at_ms.zip(fields.for_ms);
        let counted = counted.map(|(at_ms, for_ms)| at_ms.saturating_add_unsigned(for_ms));
        let until_ms = fields.until_ms.or(counted);
        Ok(Self {
            whose: Whose {
                scope: fields.scope,
                environment: fields.environment,
            },
            until_ms: until_ms.ok_or("missing field `until_ms`")?,
            reason: fields.reason,
            stamp: Stamp {
                commit: fields.commit,
                by: fields.by,
                at_ms: fields.at_ms,
            },
        })
    }
}

impl<'de> Deserialize<'de> for Hold {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fields = HoldFields::deserialize(deserializer)?;
        Hold::try_from(fields).map_err(D::Error::custom)
    }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object, as a spent tombstone is")]
struct SpentFields {
    scope: Option<String>,
    environment: Option<String>,
    topic: TopicName,
    id: Option<String>,
    commit: Option<String>,
    by: Option<String>,
    at_ms: Option<i64>,
}

impl<'de> Deserialize<'de> for Spent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fields = SpentFields::deserialize(deserializer)?;
        Ok(Self {
            whose: Whose {
                scope: fields.scope,
                environment: fields.environment,
            },
            topic: fields.topic,
            id: fields.id,
            stamp: Stamp {
                commit: fields.commit,
                by: fields.by,
                at_ms: fields.at_ms,
            },
        })
    }
}

/// An instance as it is read. What does not say when it was, was when it was recorded.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object, as an instance is")]
pub struct InstanceFields {
    scope: Option<String>,
    environment: Option<String>,
    lifecycle: String,
    #[serde(default)]
    parameters: Named<String, String>,
    #[serde(default)]
    topics: Named<TopicName, Option<String>>,
    started_ms: Option<i64>,
    /// Whether it was ended, where `ended_ms` does not say when.
    #[serde(default)]
    ended: bool,
    ended_ms: Option<i64>,
    delete_after_ms: u64,
    max_age_ms: Option<u64>,
    commit: Option<String>,
    by: Option<String>,
    /// When it was recorded.
    pub at_ms: Option<i64>,
}

impl TryFrom<InstanceFields> for Instance {
    type Error = &'static str;

    fn try_from(fields: InstanceFields) -> Result<Self, Self::Error> {
        let started_ms = fields.started_ms.or(fields.at_ms);
        let ended_ms = match (fields.ended_ms, fields.ended) {
            (Some(ended_ms), _) => Some(ended_ms),
            (None, true) => Some(fields.at_ms.ok_or("missing field `ended_ms`")?),
            (None, false) => None,
        };
        Ok(Self {
            whose: Whose {
                scope: fields.scope,
                environment: fields.environment,
            },
            lifecycle: fields.lifecycle,
            parameters: fields.parameters.collect(),
            topics: fields.topics.collect(),
            started_ms: started_ms.ok_or("missing field `started_ms`")?,
            ended_ms,
            delete_after_ms: fields.delete_after_ms,
            max_age_ms: fields.max_age_ms,
            stamp: Stamp {
                commit: fields.commit,
                by: fields.by,
                at_ms: fields.at_ms,
            },
        })
    }
}

impl<'de> Deserialize<'de> for Instance {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fields = InstanceFields::deserialize(deserializer)?;
        Instance::try_from(fields).map_err(D::Error::custom)
    }
}

impl Serialize for Owned {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut record = serializer.serialize_map(None)?;
        write_owned(&mut record, self, self.stamp.at_ms)?;
        record.end()
    }
}

/// Writes what is recorded of a topic into its record; what is not known is absent.
///
/// # Errors
/// Those of the record.
pub fn write_owned<M: SerializeMap>(
    record: &mut M,
    owned: &Owned,
    at_ms: Option<i64>,
) -> Result<(), M::Error> {
    let Owned {
        whose: Whose { scope, environment },
        id,
        on_remove,
        owner,
        partitions,
        replication_factor,
        config,
        declared_at,
        stamp: Stamp {
            commit,
            by,
            at_ms: _,
        },
    } = owned;
    write(record, "scope", scope.as_ref())?;
    write(record, "environment", environment.as_ref())?;
    write(record, "id", id.as_ref())?;
    write(record, "on_remove", on_remove.map(OnRemove::as_str))?;
    write(record, "owner", owner.as_ref())?;
    write(record, "partitions", *partitions)?;
    write(record, "replication_factor", *replication_factor)?;
    write(record, "config", config.as_ref().map(Fields))?;
    write(record, "declared_at", declared_at.as_ref())?;
    write(record, "commit", commit.as_ref())?;
    write(record, "by", by.as_ref())?;
    write(record, "at_ms", at_ms)
}

fn write<M: SerializeMap>(
    record: &mut M,
    field: &str,
    value: Option<impl Serialize>,
) -> Result<(), M::Error> {
    value.map_or(Ok(()), |value| record.serialize_entry(field, &value))
}

/// Configs as the fields of an object.
pub(super) struct Fields<'a>(pub &'a ConfigMap<String>);

impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter())
    }
}

/// A hold.
pub fn hold_json(hold: &Hold) -> Map<String, Value> {
    let Hold {
        whose,
        until_ms,
        reason,
        stamp,
    } = hold;
    let mut json = whose_json(whose);
    put(&mut json, "until_ms", Some(until_ms));
    put(&mut json, "reason", Some(reason));
    put_stamp(&mut json, stamp);
    json
}

/// A spent tombstone.
pub fn spent_json(spent: &Spent) -> Map<String, Value> {
    let Spent {
        whose,
        topic,
        id,
        stamp,
    } = spent;
    let mut json = whose_json(whose);
    put(&mut json, "topic", Some(topic));
    put(&mut json, "id", id.as_ref());
    put_stamp(&mut json, stamp);
    json
}

/// An instance.
pub fn instance_json(instance: &Instance) -> Map<String, Value> {
    let Instance {
        whose,
        lifecycle,
        parameters,
        topics,
        started_ms,
        ended_ms,
        delete_after_ms,
        max_age_ms,
        stamp,
    } = instance;
    let topics: BTreeMap<&str, &Option<String>> = topics
        .iter()
        .map(|(name, id)| (name.as_str(), id))
        .collect();
    let mut json = whose_json(whose);
    put(&mut json, "lifecycle", Some(lifecycle));
    put(&mut json, "parameters", Some(parameters));
    put(&mut json, "topics", Some(topics));
    put(&mut json, "started_ms", Some(started_ms));
    put(&mut json, "ended_ms", *ended_ms);
    put(&mut json, "delete_after_ms", Some(delete_after_ms));
    put(&mut json, "max_age_ms", *max_age_ms);
    put_stamp(&mut json, stamp);
    json
}

fn whose_json(whose: &Whose) -> Map<String, Value> {
    let Whose { scope, environment } = whose;
    let mut json = Map::new();
    put(&mut json, "scope", scope.as_ref());
    put(&mut json, "environment", environment.as_ref());
    json
}

fn put_stamp(json: &mut Map<String, Value>, stamp: &Stamp) {
    let Stamp { commit, by, at_ms } = stamp;
    put(json, "commit", commit.as_ref());
    put(json, "by", by.as_ref());
    put(json, "at_ms", *at_ms);
}

/// What is not known is absent.
fn put(json: &mut Map<String, Value>, field: &str, value: Option<impl Serialize>) {
    if let Some(value) = value {
        json.insert(field.to_owned(), json!(value));
    }
}
